/* SPDX-License-Identifier: EUPL-1.2 */
/* The index of a case: read once for sums and places, and a second time for the list of objects. */
#include "reports/model/report_i.h"
#include "core/casestore.h"
#include "core/err.h"
#include "core/io.h"
#include "core/mandate.h"
#include "core/request.h"
#include "core/time.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_ ((size_t)4 << 20)
#define READ_SIZE ((size_t)64 << 10)

/* -- lines ------------------------------------------------------------------------------------ */

/* kt_index_read() tells no offsets, which the second look at an object needs. */
struct lines {
	int fd;
	struct kt_buf buf;
	size_t used;  /* bytes of buf already handed out */
	uint64_t off; /* of buf.p[used] in the file */
	uint64_t read;
	bool eof;
};

static void lines_init(struct lines *l, int fd)
{
	memset(l, 0, sizeof(*l));
	l->fd = fd;
	kt_buf_init(&l->buf, LINE_MAX_ + READ_SIZE);
}

/* 1: a line without its newline, borrowed until the next call; 0: the end; negative codes. */
static int lines_next(struct lines *l, const char **p, size_t *n, uint64_t *off, struct kt_err *err)
{
	kt_buf_consume(&l->buf, l->used);
	l->used = 0;
	for (;;) {
		const uint8_t *nl = l->buf.len > 0 ? memchr(l->buf.p, '\n', l->buf.len) : NULL;
		size_t got = 0;
		int c;

		if (nl != NULL) {
			*p = (const char *)l->buf.p;
			*n = (size_t)(nl - l->buf.p);
			*off = l->off;
			l->used = *n + 1;
			l->off += l->used;
			return 1;
		}
		if (l->eof)
			return 0; /* an unfinished last line is no line */
		if (l->buf.len > LINE_MAX_)
			return KT_FAIL(err, KT_E_LIMIT, "index: a line is too long");
		c = kt_buf_reserve(&l->buf, READ_SIZE);
		if (c < 0)
			return KT_FAIL(err, c, "index: no memory");
		c = kt_pread_full(l->fd, l->buf.p + l->buf.len, READ_SIZE, l->read, &got, err);
		if (c < 0)
			return c;
		l->eof = got < READ_SIZE;
		l->read += got;
		l->buf.len += got;
	}
}

/* -- counts ----------------------------------------------------------------------------------- */

static void tally_add(struct tally *t, const char *reason, uint64_t n)
{
	unsigned i = 0;

	if (strlen(reason) >= TALLY_REASON)
		reason = "other-reasons";
	while (i < t->n && strcmp(t->row[i].reason, reason) != 0)
		i++;
	if (i == TALLY_MAX)
		i = TALLY_MAX - 1; /* the last row holds the rest */
	if (i == t->n) {
		if (i == TALLY_MAX - 1)
			reason = "other-reasons";
		snprintf(t->row[i].reason, TALLY_REASON, "%s", reason);
		t->n++;
	}
	t->row[i].count += n;
}

static void put_tally(struct rep *r, const char *key, const struct tally *t)
{
	kt_jw_key(&r->w, key);
	kt_jw_arr(&r->w);
	for (unsigned i = 0; i < t->n; i++) {
		kt_jw_obj(&r->w);
		kt_jw_kstr(&r->w, "reason", t->row[i].reason);
		kt_jw_kuint(&r->w, "count", t->row[i].count);
		kt_jw_obj_end(&r->w);
	}
	kt_jw_arr_end(&r->w);
}

static int outcome_find(const char *name)
{
	for (int o = 0; name != NULL && o < OUT_COUNT; o++)
		if (strcmp(rep_outcome((enum outcome)o), name) == 0)
			return o;
	return -1;
}

static const char *const methods[METHODS] = {"sync", "dd", "recv", "shell", "read", "other"};

static unsigned method_find(const char *name)
{
	for (unsigned m = 0; name != NULL && m < METHODS; m++)
		if (strcmp(methods[m], name) == 0)
			return m;
	return METHODS - 1;
}

static uint64_t count_of(const struct kt_jv *line, const char *key)
{
	int64_t v = kt_jv_int(line, key, 0);

	return v > 0 ? (uint64_t)v : 0;
}

/* -- reading ---------------------------------------------------------------------------------- */

/* "o000017" as 17; 0 when it is no object name. */
static uint32_t object_number(const char *name)
{
	uint64_t v = 0;
	size_t n = name != NULL ? strlen(name) : 0;

	if (n < 7 || n > 10 || name[0] != 'o')
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (name[i] < '0' || name[i] > '9')
			return 0;
		v = v * 10 + (uint64_t)(name[i] - '0');
	}
	return v <= UINT32_MAX ? (uint32_t)v : 0;
}

static int add_ref(struct rep *r, const struct objref *ref)
{
	/* of one segment; an import fills several at once */
	if (r->nobjs > 0 && r->objs[r->nobjs - 1].segment == ref->segment &&
	    r->objs[r->nobjs - 1].number >= ref->number)
		return KT_FAIL(r->err, KT_E_INVALID, "index: objects are out of order");
	if (r->nobjs == r->cap) {
		size_t cap = r->cap == 0 ? 256 : r->cap * 2;
		struct objref *p = reallocarray(r->objs, cap, sizeof(*p));
		if (p == NULL)
			return KT_FAIL(r->err, KT_E_NOMEM, "index: no memory");
		r->objs = p;
		r->cap = cap;
	}
	r->objs[r->nobjs++] = *ref;
	return 0;
}

static int count_object(struct rep *r, struct item *it, const struct kt_jv *line,
			struct objref *ref)
{
	const char *reason = kt_jv_str(line, "reason");
	int out = outcome_find(kt_jv_str(line, "outcome"));

	if (out < 0)
		return KT_FAIL(r->err, KT_E_INVALID, "index: unknown outcome of an object");
	it->by_outcome[out]++;
	it->phone_bytes += count_of(line, "fs_size");
	if (out != OUT_ACQUIRED)
		tally_add(&it->problems, reason != NULL && *reason != '\0' ? reason : "no-reason",
			  1);
	if (kt_jv_str(line, "object") == NULL)
		return 0; /* listed, nothing stored */
	ref->number = object_number(kt_jv_str(line, "object"));
	if (ref->number == 0)
		return KT_FAIL(r->err, KT_E_INVALID, "index: bad name of an object");
	it->objects++;
	it->bytes += count_of(line, "bytes");
	it->by_method[method_find(kt_jv_str(line, "method"))]++;
	return add_ref(r, ref);
}

static int count_line(struct rep *r, struct item *it, const struct kt_jv *line, struct objref *ref)
{
	const char *kind = kt_jv_str(line, "kind"), *reason = kt_jv_str(line, "reason");
	int out;

	if (kind == NULL || it->ended)
		return KT_FAIL(r->err, KT_E_INVALID, "index: a line that does not belong there");
	if (reason == NULL || *reason == '\0')
		reason = "no-reason";
	if (strcmp(kind, "object") == 0)
		return count_object(r, it, line, ref);
	if (strcmp(kind, "withheld") == 0)
		tally_add(&it->withheld, reason, count_of(line, "count"));
	else if (strcmp(kind, "unmatched") == 0)
		tally_add(&it->unmatched, reason, count_of(line, "count"));
	else if (strcmp(kind, "end") == 0) {
		out = outcome_find(kt_jv_str(line, "outcome"));
		if (out < 0 || out == OUT_WITHHELD)
			return KT_FAIL(r->err, KT_E_INVALID, "index: unknown outcome of an item");
		it->ended = true;
		it->outcome = (enum outcome)out;
		reason = kt_jv_str(line, "reason");
		snprintf(it->reason, sizeof(it->reason), "%s", reason != NULL ? reason : "");
	}
	return 0;
}

/* Which item of the plan a segment's first line belongs to. */
static int segment_item(struct rep *r, const struct kt_jv *head, unsigned *item)
{
	const char *id = kt_jv_str(head, "item"), *format = kt_jv_str(head, "format");

	if (id == NULL || format == NULL || strcmp(format, "keten-index-1") != 0)
		return KT_FAIL(r->err, KT_E_INVALID, "index: bad first line");
	for (size_t i = 0; i < r->in->plan->n; i++)
		if (strcmp(r->in->plan->item[i].id, id) == 0) {
			*item = (unsigned)i;
			return 0;
		}
	return KT_FAIL(r->err, KT_E_INVALID, "index: item %.64s is not in the plan", id);
}

static int hash_segment(struct rep *r, int fd, char hex[KT_SHA256_HEX])
{
	uint8_t buf[8192], md[KT_SHA256_LEN];
	struct kt_hash h;
	uint64_t off = 0;
	size_t got = 0;
	int c = kt_hash_init(&h, KT_SHA256, r->err);

	if (c < 0)
		return c;
	do {
		c = kt_pread_full(fd, buf, sizeof(buf), off, &got, r->err);
		if (c == 0)
			c = kt_hash_update(&h, buf, got);
		off += got;
	} while (c == 0 && got > 0);
	if (c == 0)
		c = kt_hash_final(&h, md);
	kt_hash_free(&h);
	if (c == 0)
		kt_hex(md, sizeof(md), hex);
	return c;
}

static int read_segment(struct rep *r, unsigned segment)
{
	struct objref ref = {.segment = (uint16_t)segment};
	struct item *it = NULL;
	struct lines l;
	const char *p = NULL;
	size_t n = 0;
	unsigned item = 0;
	int c;

	lines_init(&l, r->seg_fd[segment]);
	while ((c = lines_next(&l, &p, &n, &ref.off, r->err)) == 1) {
		struct kt_jdoc *doc = NULL;

		ref.len = (uint32_t)n;
		c = kt_jdoc_parse(p, n, &doc, r->err);
		if (c == 0 && it == NULL) {
			c = segment_item(r, kt_jdoc_root(doc), &item);
			if (c == 0 && r->items[item].segment != 0)
				c = KT_FAIL(r->err, KT_E_INVALID, "index: an item stands twice");
			if (c == 0) {
				it = &r->items[item];
				it->segment = segment;
				ref.item = (uint16_t)item;
			}
		} else if (c == 0) {
			c = count_line(r, it, kt_jdoc_root(doc), &ref);
		}
		kt_jdoc_free(&doc);
		if (c < 0)
			break;
	}
	kt_buf_free(&l.buf);
	if (c == 0 && it != NULL)
		c = hash_segment(r, r->seg_fd[segment], it->sha256);
	return c < 0 ? KT_TRACE(r->err, c, "report: index segment %u", segment) : 0;
}

static int by_number_of(const void *a, const void *b)
{
	const struct objref *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* Ascending over all segments, each number once. */
static int sort_refs(struct rep *r)
{
	if (r->nobjs > 0)
		qsort(r->objs, r->nobjs, sizeof(*r->objs), by_number_of);
	for (size_t i = 1; i < r->nobjs; i++)
		if (r->objs[i - 1].number == r->objs[i].number)
			return KT_FAIL(r->err, KT_E_INVALID, "index: an object is named twice");
	return 0;
}

int rep_index_read(struct rep *r)
{
	char name[32];
	int c;

	for (unsigned s = 1; s <= KT_PLAN_MAX; s++) {
		struct kt_err missing = {0};

		snprintf(name, sizeof(name), "index/i%04u.jsonl", s);
		r->seg_fd[s] = kt_case_read_open(r->in->case_fd, r->in->view, name, &missing);
		if (r->seg_fd[s] == KT_E_ABSENT) {
			r->seg_fd[s] = -1;
			continue;
		}
		if (r->seg_fd[s] < 0) {
			c = r->seg_fd[s];
			r->seg_fd[s] = -1;
			return KT_TRACE(r->err, c, "report: %s", kt_err_text(&missing));
		}
		c = read_segment(r, s);
		if (c < 0)
			return c;
	}
	for (size_t i = 0; i < r->in->plan->n; i++) {
		struct item *it = &r->items[i];

		if (it->ended)
			continue;
		it->outcome = it->objects > 0 ? OUT_PARTIAL : OUT_FAILED;
		snprintf(it->reason, sizeof(it->reason), "%s",
			 it->segment != 0 ? "not-finished" : "not-started");
	}
	return sort_refs(r);
}

void rep_index_close(struct rep *r)
{
	for (size_t i = 0; i <= KT_PLAN_MAX; i++)
		kt_close_fd(&r->seg_fd[i]);
	kt_jdoc_free(&r->last_doc);
	free(r->objs);
	r->objs = NULL;
}

static int by_number(const void *key, const void *elem)
{
	uint32_t n = *(const uint32_t *)key, m = ((const struct objref *)elem)->number;

	return n < m ? -1 : n > m;
}

static int object_line(struct rep *r, const struct objref *ref)
{
	char *p = malloc((size_t)ref->len + 1);
	size_t got = 0;
	int c;

	if (p == NULL)
		return KT_FAIL(r->err, KT_E_NOMEM, "report: no memory");
	kt_jdoc_free(&r->last_doc);
	r->last = NULL;
	c = kt_pread_full(r->seg_fd[ref->segment], p, ref->len, ref->off, &got, r->err);
	if (c == 0 && got != ref->len)
		c = KT_FAIL(r->err, KT_E_INVALID, "index: a line has gone");
	if (c == 0)
		c = kt_jdoc_parse(p, ref->len, &r->last_doc, r->err);
	if (c == 0)
		r->last = ref;
	free(p);
	return c;
}

int rep_object(struct rep *r, const char *name, const struct kt_jv **line, unsigned *item)
{
	uint32_t number = object_number(name);
	const struct objref *ref =
		r->nobjs == 0 ? NULL
			      : bsearch(&number, r->objs, r->nobjs, sizeof(*r->objs), by_number);
	int c;

	if (ref == NULL)
		return KT_FAIL(r->err, KT_E_INVALID, "records name %.16s, the index does not",
			       name != NULL ? name : "nothing");
	if (ref != r->last) {
		c = object_line(r, ref);
		if (c < 0)
			return c;
	}
	*line = kt_jdoc_root(r->last_doc);
	*item = ref->item;
	return 0;
}

/* -- taken ------------------------------------------------------------------------------------ */

static void put_limits(struct rep *r, const struct kt_plan_item *p)
{
	const struct kt_scope *s = p->scope;
	struct kt_jw *w = &r->w;
	char t[KT_TIME_TEXT];

	kt_jw_kstr(w, "scope", s->id);
	kt_jw_kstr(w, "justification", s->justification);
	kt_jw_key(w, "period");
	kt_jw_obj(w);
	kt_jw_kstr(w, "from", kt_time_text(s->from_us, t));
	kt_jw_kstr(w, "to", kt_time_text(s->to_us, t));
	kt_jw_obj_end(w);
	kt_jw_kbool(w, "undated", s->undated);
	kt_jw_key(w, "fields");
	kt_jw_arr(w);
	for (unsigned g = 0; g < KT_G_COUNT; g++)
		if ((s->fields & 1u << g) != 0)
			kt_jw_str(w, kt_group_name(g));
	kt_jw_arr_end(w);
	kt_jw_kint(w, "max_precision_m", s->max_precision_m);
	kt_jw_kuint(w, "max_object_bytes", p->max_bytes);
}

static void put_request(struct rep *r, const struct kt_want *want)
{
	const struct kt_request *q = kt_request_get(want->request);
	struct kt_jw *w = &r->w;

	kt_jw_key(w, "request");
	kt_jw_obj(w);
	kt_jw_kstr(w, "name", q != NULL ? q->name : NULL);
	kt_jw_kstr(w, "kind", kt_request_kind_name(q));
	kt_jw_kstr(w, "text", q != NULL ? q->text : NULL);
	kt_jw_kstr(w, "names", *want->globs != '\0' ? want->globs : NULL);
	kt_jw_obj_end(w);
	kt_jw_kstr(w, "take", kt_take_name(want->take));
}

static void put_sums(struct rep *r, const struct item *it)
{
	struct kt_jw *w = &r->w;

	kt_jw_kuint(w, "objects", it->objects);
	kt_jw_kuint(w, "bytes", it->bytes);
	kt_jw_kuint(w, "phone_bytes", it->phone_bytes);
	kt_jw_key(w, "objects_by_outcome");
	kt_jw_obj(w);
	for (unsigned o = 0; o < OUT_COUNT; o++)
		if (it->by_outcome[o] > 0)
			kt_jw_kuint(w, rep_outcome((enum outcome)o), it->by_outcome[o]);
	kt_jw_obj_end(w);
	put_tally(r, "problems", &it->problems);
	put_tally(r, "withheld", &it->withheld);
	put_tally(r, "unmatched", &it->unmatched);
	kt_jw_key(w, "methods");
	kt_jw_obj(w);
	for (unsigned m = 0; m < METHODS; m++)
		if (it->by_method[m] > 0)
			kt_jw_kuint(w, methods[m], it->by_method[m]);
	kt_jw_obj_end(w);
	kt_jw_kuint(w, "observations", it->observations);
	kt_jw_kuint(w, "with_position", it->with_position);
	if (it->segment != 0)
		kt_jw_kuint(w, "segment", it->segment);
	kt_jw_kstr(w, "segment_sha256", it->sha256[0] != '\0' ? it->sha256 : NULL);
}

int rep_taken(struct rep *r)
{
	const struct kt_plan *plan = r->in->plan;
	struct kt_jw *w = &r->w;

	rep_member(r, "taken");
	kt_jw_arr(w);
	for (size_t i = 0; i < plan->n; i++) {
		const struct kt_plan_item *p = &plan->item[i];
		int c;

		rep_elem(r);
		kt_jw_obj(w);
		kt_jw_kstr(w, "item", p->id);
		kt_jw_kstr(w, "title", p->plugin->title);
		kt_jw_kstr(w, "plugin", p->plugin->id);
		kt_jw_kuint(w, "version", p->plugin->version);
		kt_jw_kstr(w, "status", p->plugin->status);
		put_request(r, p->want);
		put_limits(r, p);
		kt_jw_kstr(w, "outcome", rep_outcome(r->items[i].outcome));
		kt_jw_kstr(w, "reason", r->items[i].reason);
		put_sums(r, &r->items[i]);
		kt_jw_obj_end(w);
		c = rep_flush(r, false);
		if (c < 0)
			return c;
	}
	kt_jw_arr_end(w);
	return rep_flush(r, false);
}

/* -- objects ---------------------------------------------------------------------------------- */

int rep_objects(struct rep *r)
{
	static const char *const keys[] = {
		"path",	    "path_hex", "bytes",   "sha256", "fs_size",
		"fs_mtime", "method",	"outcome", "reason",
	};
	struct kt_jw *w = &r->w;

	rep_member(r, "objects");
	kt_jw_arr(w);
	for (size_t i = 0; i < r->nobjs; i++) {
		const struct kt_jv *line, *ranges;
		int c = object_line(r, &r->objs[i]);

		if (c < 0)
			return c;
		line = kt_jdoc_root(r->last_doc);
		ranges = kt_jv_get(line, "ranges");
		rep_elem(r);
		kt_jw_obj(w);
		rep_copy(r, line, "object");
		kt_jw_kstr(w, "item", r->in->plan->item[r->objs[i].item].id);
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			rep_copy(r, line, keys[k]);
		kt_jw_kuint(w, "ranges", ranges != NULL ? ranges->count : 0);
		kt_jw_obj_end(w);
		c = rep_flush(r, false);
		if (c < 0)
			return c;
	}
	kt_jw_arr_end(w);
	return rep_flush(r, false);
}
