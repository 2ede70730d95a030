/* SPDX-License-Identifier: EUPL-1.2 */
/* The index: each segment against seal and log, each line against its object and the mandate. */
#include <string.h>

#include "core/err.h"
#include "core/request.h"
#include "reports/verify/check.h"

#define LINE_MAX_BYTES ((size_t)1 << 20) /* as core/index.c writes them at most */

struct walk {
	struct kt_vf *c;
	size_t segment; /* from 1 */
	const char *file;
	const struct kt_scope *scope; /* of this segment's plugin; NULL: none, or not known */
	bool whole, ranges;	      /* take */
	bool head, ended;
	uint64_t objects, bytes;
	char last[16]; /* object named last */
	char outcome[16];
	char item[KT_VF_ITEM];
	bool details; /* of the line at hand */
	int r;	      /* trouble of ours */
};

static bool same_text(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

/* "<scope id>/<request>" for the plugin's own row of the mandate */
static void check_scope(struct walk *w, const char *item, const char *plugin, const char *request)
{
	const struct kt_mandate *m = w->c->mandate;
	size_t n;

	if (m == NULL)
		return;
	w->scope = kt_mandate_scope(m, plugin);
	if (w->scope == NULL) {
		kt_vf_fail(w->c, KT_V_SCOPE, "%s: the mandate does not name %s", item, plugin);
		return;
	}
	n = strlen(w->scope->id);
	if (strncmp(item, w->scope->id, n) != 0 || item[n] != '/' ||
	    strcmp(item + n + 1, request) != 0)
		kt_vf_fail(w->c, KT_V_SCOPE, "%s: is not what the mandate's row %s allows", item,
			   w->scope->id);
}

static void take_head(struct walk *w, const struct kt_jv *o)
{
	const char *item = kt_jv_str(o, "item"), *plugin = kt_jv_str(o, "plugin");
	const char *request = kt_jv_str(o, "request"), *take = kt_jv_str(o, "take");

	if (!same_text(kt_jv_str(o, "format"), "keten-index-1") || item == NULL || plugin == NULL ||
	    request == NULL || take == NULL || strlen(item) >= sizeof(w->item) ||
	    kt_jv_int(o, "segment", 0) != (int64_t)w->segment) {
		kt_vf_fail(w->c, KT_V_INDEX, "%s: its first line is malformed", w->file);
		return;
	}
	w->head = true;
	memcpy(w->item, item, strlen(item) + 1);
	w->ranges = strcmp(take, "ranges") == 0;
	w->whole = strcmp(take, "whole") == 0 || strcmp(take, "group") == 0;
	if (!w->ranges && !w->whole && strcmp(take, "output") != 0)
		kt_vf_fail(w->c, KT_V_SCOPE, "%s: a way to take it that is not known", item);
	check_scope(w, item, plugin, request);
}

static bool known(const char *s, const char *const *list)
{
	for (; s != NULL && *list != NULL; list++)
		if (strcmp(s, *list) == 0)
			return true;
	return false;
}

/* [offset on the phone, length, offset in the object], sorted, disjoint, nothing in between */
static bool ranges_ok(const struct kt_jv *list, int64_t fs_size, int64_t bytes)
{
	int64_t end = 0, pos = 0;

	if (list == NULL || list->type != KT_JV_ARR)
		return false;
	for (const struct kt_jv *r = list->child; r != NULL; r = r->next) {
		const struct kt_jv *off = r->child, *len = off != NULL ? off->next : NULL;
		const struct kt_jv *at = len != NULL ? len->next : NULL;
		int64_t stop;

		if (r->type != KT_JV_ARR || r->count != 3 || at == NULL || len == NULL ||
		    off == NULL || off->type != KT_JV_INT || len->type != KT_JV_INT ||
		    at->type != KT_JV_INT)
			return false;
		if (off->i < end || len->i < 1 || at->i != pos ||
		    __builtin_add_overflow(off->i, len->i, &stop) || stop > fs_size)
			return false;
		end = stop;
		pos += len->i; /* <= end: no overflow */
	}
	return pos == bytes;
}

/* What came encrypted and was decrypted on the way: both or neither, and a size that can be. */
static bool cipher_ok(const struct walk *w, const struct kt_jv *o, int64_t bytes)
{
	const struct kt_jv *size = kt_jv_get(o, "cipher_bytes"),
			   *sha = kt_jv_get(o, "cipher_sha256");
	const char *hex = kt_jv_str(o, "cipher_sha256");

	if (size == NULL && sha == NULL)
		return true;
	return strcmp(w->c->log_form, kt_form_name(KT_FORM_PHONE)) == 0 && w->whole &&
	       hex != NULL && strlen(hex) == KT_SHA256_HEX - 1 &&
	       strspn(hex, "0123456789abcdef") == KT_SHA256_HEX - 1 && size != NULL &&
	       size->type == KT_JV_INT && size->i % 16 == 0 && size->i >= bytes &&
	       size->i - bytes <= 16;
}

/* What a stored object's line says of itself. */
static void check_line(struct walk *w, const struct kt_jv *o, const char *object, int64_t bytes)
{
	static const char *const outcomes[] = {"acquired", "partial",  "failed", "refused",
					       "absent",   "withheld", NULL};
	static const char *const by_phone[] = {"sync", "dd", "recv", "shell", NULL};
	static const char *const empty[] = {"none", "sync", "recv", NULL};
	static const char *const by_source[] = {"read", NULL};
	static const char *const empty_there[] = {"none", NULL};
	bool source = w->c->log_form[0] != '\0';
	const char *const *methods = source ? by_source : by_phone;
	const char *const *none = source ? empty_there : empty;
	int64_t fs_size = kt_jv_int(o, "fs_size", -1);

	if (!known(kt_jv_str(o, "outcome"), outcomes))
		kt_vf_fail(w->c, KT_V_INDEX, "%s: %s has no known outcome", w->file, object);
	/* nothing was read of an empty file, and so in no way */
	if (!known(kt_jv_str(o, "method"), bytes == 0 ? none : methods))
		kt_vf_fail(w->c, KT_V_INDEX, "%s: %s was read in no known way", w->file, object);
	if (!cipher_ok(w, o, bytes))
		kt_vf_fail(w->c, KT_V_INDEX, "%s: what %s was decrypted from does not fit it",
			   w->file, object);
	if ((w->whole || w->ranges) && (kt_jv_str(o, "path_hex") == NULL || fs_size < 0))
		kt_vf_fail(w->c, KT_V_INDEX, "%s: %s has no origin on the phone", w->file, object);
	if (w->ranges && !ranges_ok(kt_jv_get(o, "ranges"), fs_size, bytes))
		kt_vf_fail(w->c, KT_V_INDEX, "%s: the ranges of %s do not fit its file and bytes",
			   w->file, object);
	if (w->ranges && w->scope != NULL && w->scope->max_object_bytes > 0 &&
	    bytes > w->scope->max_object_bytes)
		kt_vf_fail(w->c, KT_V_SCOPE, "%s: %s holds more bytes than the mandate allows",
			   w->item, object);
}

/* What is sealed shows its kind and its size alone. */
static int check_sealed(struct walk *w, const struct kt_zip_entry *e, const char *object)
{
	if (w->ranges && w->scope != NULL && w->scope->max_object_bytes > 0 &&
	    e->size > kt_age_size((uint64_t)w->scope->max_object_bytes) && !w->details)
		kt_vf_fail(w->c, KT_V_SCOPE, "%s: %s holds more bytes than the mandate allows",
			   w->item, object);
	return kt_vf_sealed_object(w->c, e);
}

static void take_object(struct walk *w, const struct kt_jv *o)
{
	const char *object = kt_jv_str(o, "object"), *sha = kt_jv_str(o, "sha256");
	char name[sizeof(KT_PKG_OBJECT_DIR) + sizeof(w->last)], hex[KT_SHA256_HEX];
	int64_t bytes = kt_jv_int(o, "bytes", -1);
	struct kt_zip_entry *e;

	if (object == NULL && sha == NULL)
		return; /* listed, nothing stored */
	if (object == NULL || sha == NULL || strlen(object) >= sizeof(w->last) || bytes < 0) {
		kt_vf_fail(w->c, KT_V_INDEX, "%s: a line of an object is malformed", w->file);
		return;
	}
	w->objects++;
	w->bytes += (uint64_t)bytes;
	snprintf(name, sizeof(name), "%s%s", KT_PKG_OBJECT_DIR, object);
	e = kt_zip_find(&w->c->zip, name);
	if (e == NULL || e->kind != KT_PKG_P_OBJECT) {
		kt_vf_fail(w->c, KT_V_OBJECTS, "%s names %s, which is not there", w->file, object);
		return;
	}
	if (e->used)
		kt_vf_fail(w->c, KT_V_OBJECTS, "%s: %s is named twice in the index", w->file,
			   object);
	e->used = true;
	kt_hex(e->sha256, sizeof(e->sha256), hex);
	if (e->unreadable || strcmp(sha, hex) != 0 || (uint64_t)bytes != e->size)
		kt_vf_fail(w->c, KT_V_OBJECTS,
			   "%s is not what was taken: the index states other "
			   "bytes",
			   object);
	if (!w->c->res->sealed)
		check_line(w, o, object, bytes);
	else if (w->r == 0)
		w->r = check_sealed(w, e, object);
}

static void take_end(struct walk *w, const struct kt_jv *o)
{
	const char *outcome = kt_jv_str(o, "outcome");

	w->ended = true;
	snprintf(w->outcome, sizeof(w->outcome), "%s", outcome != NULL ? outcome : "");
	if (kt_jv_int(o, "objects", -1) != (int64_t)w->objects)
		kt_vf_fail(w->c, KT_V_INDEX, "%s: its end counts other objects than it has",
			   w->file);
}

static void take_line(struct walk *w, const struct kt_jv *o)
{
	const char *kind = kt_jv_str(o, "kind");
	bool sealed = w->c->res->sealed;

	w->details = same_text(kind, "details");
	if (w->ended)
		kt_vf_fail(w->c, KT_V_INDEX, "%s: goes on behind its end", w->file);
	else if (!w->head)
		take_head(w, o);
	else if (same_text(kind, "object") || (sealed && w->details))
		take_object(w, o);
	else if (same_text(kind, "end"))
		take_end(w, o);
	else if (sealed || (!same_text(kind, "withheld") && !same_text(kind, "unmatched")))
		kt_vf_fail(w->c, KT_V_INDEX, "%s: a line of no known kind", w->file);
	if (sealed)
		kt_vf_sealed_line(w->c, w->file, o);
}

/* The segment as a whole, against log and seal. */
static void judge_segment(struct walk *w, const char *sha)
{
	struct kt_vf *c = w->c;
	struct kt_vf_segment *g = &c->seg[w->segment - 1];

	g->indexed = true;
	if (!w->head || !w->ended)
		kt_vf_fail(c, KT_V_INDEX, "%s: is not complete", w->file);
	if (!g->logged)
		kt_vf_fail(c, KT_V_INDEX, "%s: the custody log does not know it", w->file);
	else if (strcmp(g->sha256, sha) != 0)
		kt_vf_fail(c, KT_V_INDEX, "%s: is not the one that the custody log names", w->file);
	else if (strcmp(g->item, w->item) != 0 || strcmp(g->outcome, w->outcome) != 0 ||
		 g->objects != (int64_t)w->objects || g->bytes != (int64_t)w->bytes)
		kt_vf_fail(c, KT_V_INDEX, "%s: item, outcome or counts differ from the log",
			   w->file);
	if (!g->sealed)
		kt_vf_fail(c, KT_V_INDEX, "%s: the seal does not name it", w->file);
}

static int read_lines(struct walk *w, struct kt_zip_lines *l, struct kt_err *err)
{
	const char *line;
	size_t n;
	int r;

	while ((r = kt_zip_line(l, &line, &n, err)) > 0) {
		struct kt_jdoc *doc = NULL;

		r = kt_jdoc_parse(line, n, &doc, err);
		if (r < 0)
			return r;
		take_line(w, kt_jdoc_root(doc));
		kt_jdoc_free(&doc);
		if (w->r < 0) {
			*err = *w->c->err;
			return w->r;
		}
	}
	return r;
}

static int read_segment(struct kt_vf *c, const struct kt_zip_entry *e, size_t segment)
{
	struct walk w = {.c = c, .segment = segment, .file = kt_zip_entry_name(&c->zip, e)};
	uint8_t md[KT_SHA256_LEN];
	char sha[KT_SHA256_HEX];
	struct kt_zip_lines l;
	struct kt_err err = {0};
	int r;

	w.file += sizeof(KT_PKG_INDEX_DIR) - 1;
	r = kt_zip_lines_open(&l, &c->zip, e, LINE_MAX_BYTES, c->err);
	if (r < 0)
		goto out;
	r = read_lines(&w, &l, &err);
	if (kt_vf_is_ours(r)) {
		*c->err = err;
		goto out;
	}
	if (r < 0) {
		kt_vf_fail(c, KT_V_INDEX, "%s: %s", w.file, kt_err_text(&err));
		r = 0;
		goto out;
	}
	r = kt_hash_final(&l.hash, md);
	if (r == 0 && memcmp(md, e->sha256, sizeof(md)) != 0)
		r = KT_FAIL(c->err, KT_E_STORAGE, "%s changes while it is read", w.file);
	if (r == 0)
		judge_segment(&w, kt_hex(md, sizeof(md), sha));
out:
	kt_zip_lines_close(&l);
	return r;
}

static void find_unnamed(struct kt_vf *c)
{
	uint64_t objects = 0, bytes = 0;

	for (size_t i = 0; i < c->zip.n; i++) {
		const struct kt_zip_entry *e = &c->zip.e[i];

		if (e->kind != KT_PKG_P_OBJECT)
			continue;
		objects++;
		bytes += e->size;
		if (!e->used)
			kt_vf_fail(c, KT_V_OBJECTS, "%s is in the package, but no index names it",
				   kt_zip_entry_name(&c->zip, e));
	}
	if (c->have_log && ((int64_t)objects != c->log_objects || (int64_t)bytes != c->log_bytes))
		kt_vf_fail(c, KT_V_OBJECTS, "the custody log counts other objects or bytes");
}

int kt_vf_index(struct kt_vf *c)
{
	char name[sizeof(KT_PKG_INDEX_DIR) + 16];
	size_t have = 0, segments = 0;
	int r = 0;

	if (!c->res->applies[KT_V_INDEX])
		return 0;
	for (size_t i = 0; i < c->zip.n; i++)
		have += c->zip.e[i].kind == KT_PKG_P_INDEX;
	while (segments < KT_VF_SEGMENTS && r == 0) {
		const struct kt_zip_entry *e;

		snprintf(name, sizeof(name), KT_PKG_INDEX_DIR "i%04zu.jsonl", segments + 1);
		e = kt_zip_find(&c->zip, name);
		if (e == NULL)
			break;
		r = read_segment(c, e, ++segments);
	}
	if (r < 0)
		return r;
	if (segments != have)
		kt_vf_fail(c, KT_V_INDEX, "index segments are not numbered 1, 2, 3 ...");
	for (size_t i = 0; i < KT_VF_SEGMENTS; i++)
		if ((c->seg[i].logged || c->seg[i].sealed) && !c->seg[i].indexed)
			kt_vf_fail(c, KT_V_INDEX, "log or seal name segment %zu, which is missing",
				   i + 1);
	find_unnamed(c);
	if (c->have_log)
		kt_vf_done(c, KT_V_INDEX);
	kt_vf_done(c, KT_V_OBJECTS);
	if (c->mandate != NULL && c->mandate->two_stage && !c->res->sealed)
		kt_vf_fail(
			c, KT_V_SCOPE,
			"the mandate asks for release in two stages, but the bytes stand readable "
			"in this package");
	if (c->mandate != NULL)
		kt_vf_done(c, KT_V_SCOPE);
	return 0;
}
