/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/render/redact.h"
#include "reports/render/html_i.h"
#include "core/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STR_MAX	 ((size_t)512 << 10)
#define RAW_MAX	 ((size_t)64 << 20)
#define FLUSH_AT ((size_t)64 << 10)

static const char *const categories[] = {"third-person", "private-life", "minor",	"health",
					 "legal-advice", "security",	 "not-relevant"};
#define CATEGORIES (sizeof(categories) / sizeof(categories[0]))

bool kt_redact_category_ok(const char *word)
{
	for (size_t i = 0; word != NULL && i < CATEGORIES; i++)
		if (strcmp(word, categories[i]) == 0)
			return true;
	return false;
}

bool kt_redact_id_ok(const char *id)
{
	size_t n;

	if (id == NULL || *id++ != 'o')
		return false;
	n = strspn(id, "0123456789");
	if (n < 6 || n > 9)
		return false;
	if (id[n] == '\0')
		return true;
	return id[n] == '#' && id[n + 1] != '\0' &&
	       strspn(id + n + 1, "0123456789") == strlen(id + n + 1);
}

struct mark {
	const char *id;
	unsigned category;
	uint64_t observations;
	bool object, met;
};

struct redact {
	struct kt_json *j;
	struct flat *f;
	struct kt_err *err;
	struct kt_json_src src;
	struct kt_buf raw; /* bytes from base on */
	uint64_t base;
	int (*put)(void *arg, const void *p, size_t n, struct kt_err *err);
	void *arg;
	struct kt_buf out;
	struct kt_jdoc *order;
	struct mark *mark; /* ascending by id */
	size_t nmarks;
	bool write; /* second pass */
	uint64_t places, pairs;
};

/* -- the order -------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct mark *)a)->id, ((const struct mark *)b)->id);
}

static int read_order(struct redact *r, const void *p, size_t n)
{
	const struct kt_jv *list;
	int c = kt_jdoc_parse(p, n, &r->order, r->err);

	if (c < 0)
		return c;
	list = kt_jv_get(kt_jdoc_root(r->order), "marks");
	if (list == NULL || list->type != KT_JV_ARR || list->count == 0 ||
	    list->count > KT_REDACT_MARKS)
		return KT_FAIL(r->err, KT_E_FORMAT, "redaction: no marks");
	r->mark = calloc(list->count, sizeof(*r->mark));
	if (r->mark == NULL)
		return KT_FAIL(r->err, KT_E_NOMEM, "no memory");
	for (const struct kt_jv *v = list->child; v != NULL; v = v->next) {
		struct mark *m = &r->mark[r->nmarks];
		const char *category = kt_jv_str(v, "category");

		m->id = kt_jv_str(v, "id");
		if (!kt_redact_id_ok(m->id) || !kt_redact_category_ok(category))
			return KT_FAIL(r->err, KT_E_FORMAT, "redaction: malformed mark");
		m->object = strchr(m->id, '#') == NULL;
		while (strcmp(categories[m->category], category) != 0)
			m->category++;
		r->nmarks++;
	}
	qsort(r->mark, r->nmarks, sizeof(*r->mark), by_id);
	return 0;
}

static struct mark *find(struct redact *r, const char *id)
{
	struct mark key = {.id = id};

	return r->nmarks == 0 ? NULL : bsearch(&key, r->mark, r->nmarks, sizeof(key), by_id);
}

/* The mark that an observation's id falls under: its own, or that of its object. */
static struct mark *marked(struct redact *r, const char *id)
{
	char object[16];
	struct mark *m;
	size_t n;

	if (id == NULL)
		return NULL;
	m = find(r, id);
	n = strcspn(id, "#");
	if (m != NULL || n >= sizeof(object))
		return m;
	memcpy(object, id, n);
	object[n] = '\0';
	return find(r, object);
}

/* -- bytes ------------------------------------------------------------------------------------ */

static int tee(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct redact *r = arg;
	int c = r->src.read(r->src.arg, p, n, got, err);

	if (c == 0 && kt_buf_put(&r->raw, p, *got) < 0)
		return KT_FAIL(err, KT_E_LIMIT, "redaction: an element is too large");
	return c;
}

static int put_bytes(struct redact *r, const void *p, size_t n)
{
	int c = 0;

	if (!r->write)
		return 0;
	kt_buf_put(&r->out, p, n);
	if (r->out.failed)
		return KT_FAIL(r->err, KT_E_NOMEM, "no memory");
	if (r->out.len >= FLUSH_AT) {
		c = r->put(r->arg, r->out.p, r->out.len, r->err);
		kt_buf_reset(&r->out);
	}
	return c;
}

static int put_text(struct redact *r, const char *s)
{
	return put_bytes(r, s, strlen(s));
}

/* The bytes [from, to) as they stand in the report; what lies before them is let go. */
static int put_slice(struct redact *r, uint64_t from, uint64_t to, bool keep)
{
	size_t at = (size_t)(from - r->base), n = (size_t)(to - from);
	int c = 0;

	if (from < r->base || at + n > r->raw.len)
		return KT_FAIL(r->err, KT_E_INTERNAL, "redaction: bytes were lost");
	if (keep)
		c = put_bytes(r, r->raw.p + at, n);
	memmove(r->raw.p, r->raw.p + at + n, r->raw.len - at - n);
	r->raw.len -= at + n;
	r->base = to;
	return c;
}

/* -- members ---------------------------------------------------------------------------------- */

enum kind { WHOLE, OBSERVATIONS, PLACES, PAIRS, OBJECTS };

static enum kind kind_of(const char *key)
{
	static const struct {
		const char *key;
		enum kind kind;
	} lists[] = {
		{"observations", OBSERVATIONS}, {"places", PLACES},	 {"agreement", PAIRS},
		{"conflicts", PAIRS},		{"links", PAIRS},	 {"objects", OBJECTS},
		{"parsing", OBJECTS},		{"containers", OBJECTS},
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strcmp(lists[i].key, key) == 0)
			return lists[i].kind;
	return WHOLE;
}

/* Whether the element in r->f is left out; counted in the first pass. */
static bool left_out(struct redact *r, enum kind kind)
{
	const char *id = flat_get(r->f, "id");
	struct mark *m;

	switch (kind) {
	case OBSERVATIONS:
		m = marked(r, id);
		if (m != NULL && !r->write) {
			m->met = true;
			m->observations++;
		}
		return m != NULL;
	case PLACES:
		m = marked(r, id);
		r->places += m != NULL && !r->write;
		return m != NULL;
	case PAIRS:
		m = marked(r, flat_get(r->f, "a"));
		if (m == NULL)
			m = marked(r, flat_get(r->f, "b"));
		r->pairs += m != NULL && !r->write;
		return m != NULL;
	case OBJECTS:
		id = flat_get(r->f, "object");
		m = id != NULL ? find(r, id) : NULL;
		if (m != NULL)
			m->met = true;
		return m != NULL;
	default:
		return false;
	}
}

static int list(struct redact *r, enum kind kind)
{
	bool first = true;
	int c = put_text(r, "[");

	while (c == 0) {
		int tok = kt_json_next(r->j, r->err);
		uint64_t from = r->j->tok_off;
		bool drop;

		if (tok < 0)
			return tok;
		if (tok == KT_JSON_ARR_END)
			break;
		c = flat_read(r->f, r->j, tok, r->err);
		if (c < 0)
			return c;
		drop = left_out(r, kind);
		if (!drop)
			c = put_text(r, first ? "\n" : ",\n");
		first &= drop;
		if (c == 0)
			c = put_slice(r, from, r->j->tok_end, !drop);
	}
	return c < 0 ? c : put_text(r, "]");
}

static int put_redaction(struct redact *r)
{
	const struct kt_jv *o = kt_jdoc_root(r->order);
	static const char *const texts[] = {"package", "package_sha256", "report_sha256",
					    "reviewer"};
	struct kt_jw w;
	struct kt_buf b;
	int c;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_buf_puts(&b, ",\n\"redaction\":");
	kt_jw_obj(&w);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *s = kt_jv_str(o, texts[i]);

		kt_jw_key(&w, texts[i]);
		kt_jw_bytes(&w, s != NULL ? s : "", s != NULL ? strlen(s) : 0);
	}
	kt_jw_key(&w, "left_out");
	kt_jw_arr(&w);
	for (unsigned k = 0; k < CATEGORIES; k++) {
		uint64_t observations = 0, objects = 0;

		for (size_t i = 0; i < r->nmarks; i++)
			if (r->mark[i].category == k) {
				observations += r->mark[i].observations;
				objects += r->mark[i].object;
			}
		if (observations + objects == 0)
			continue;
		kt_jw_obj(&w);
		kt_jw_kstr(&w, "category", categories[k]);
		kt_jw_kuint(&w, "observations", observations);
		kt_jw_kuint(&w, "objects", objects);
		kt_jw_obj_end(&w);
	}
	kt_jw_arr_end(&w);
	kt_jw_kuint(&w, "places", r->places);
	kt_jw_kuint(&w, "pairs", r->pairs);
	kt_jw_obj_end(&w);
	c = b.failed ? KT_FAIL(r->err, KT_E_NOMEM, "no memory") : put_bytes(r, b.p, b.len);
	kt_buf_free(&b);
	return c;
}

static int member(struct redact *r, bool first)
{
	char key[64], quoted[80];
	enum kind kind = kind_of(r->j->str);
	uint64_t from;
	int tok, c;

	if (r->j->str_len >= sizeof(key) || strcmp(r->j->str, "redaction") == 0)
		return KT_FAIL(r->err, KT_E_FORMAT,
			       "redaction: this copy is redacted already; take the full package");
	snprintf(key, sizeof(key), "%s", r->j->str);
	snprintf(quoted, sizeof(quoted), "%s\"%s\":", first ? "" : ",\n", key);
	c = put_text(r, quoted);
	tok = c < 0 ? c : kt_json_next(r->j, r->err);
	if (tok < 0)
		return tok;
	if (first && strcmp(key, "format") != 0)
		return KT_FAIL(r->err, KT_E_FORMAT, "redaction: not a keten-report-2");
	if (kind != WHOLE && tok == KT_JSON_ARR)
		return list(r, kind);
	from = r->j->tok_off;
	if (tok == KT_JSON_OBJ || tok == KT_JSON_ARR)
		c = kt_json_skip(r->j, tok, r->err);
	if (c == 0)
		c = put_slice(r, from, r->j->tok_end, true);
	if (c == 0 && strcmp(key, "simulated") == 0)
		c = put_redaction(r);
	return c;
}

static int pass(struct redact *r, struct kt_json_src src)
{
	struct kt_json_src through = {tee, r, 0};
	bool first = true;
	int tok, c;

	r->src = src;
	r->base = 0;
	kt_buf_reset(&r->raw);
	kt_json_init(r->j, through, STR_MAX);
	tok = kt_json_next(r->j, r->err);
	c = tok < 0		 ? tok
	    : tok != KT_JSON_OBJ ? KT_FAIL(r->err, KT_E_FORMAT, "redaction: no report")
				 : 0;
	if (c == 0)
		c = put_text(r, "{\n");
	while (c == 0 && (tok = kt_json_next(r->j, r->err)) == KT_JSON_KEY) {
		c = member(r, first);
		first = false;
	}
	if (c == 0)
		c = tok < 0 ? tok : kt_json_next(r->j, r->err);
	kt_json_free(r->j);
	return c < 0 ? c : put_text(r, "\n}\n");
}

static int check_marks(struct redact *r)
{
	for (size_t i = 0; i < r->nmarks; i++)
		if (!r->mark[i].met)
			return KT_FAIL(r->err, KT_E_ABSENT, "the report has no row %.30s",
				       r->mark[i].id);
	return 0;
}

int kt_redact(struct kt_json_src (*open)(void *arg), void *open_arg, const void *order, size_t n,
	      int (*put_fn)(void *arg, const void *p, size_t n, struct kt_err *err), void *arg,
	      struct kt_err *err)
{
	struct redact *r = calloc(1, sizeof(*r));
	int c = KT_E_NOMEM;

	if (r != NULL) {
		r->j = malloc(sizeof(*r->j));
		r->f = calloc(1, sizeof(*r->f));
	}
	if (r == NULL || r->j == NULL || r->f == NULL) {
		KT_FAIL(err, c, "no memory");
		goto out;
	}
	r->err = err;
	r->put = put_fn;
	r->arg = arg;
	kt_buf_init(&r->raw, RAW_MAX);
	kt_buf_init(&r->out, 0);
	kt_buf_init(&r->f->text, FLAT_TEXT);
	c = read_order(r, order, n);
	if (c == 0)
		c = pass(r, open(open_arg));
	if (c == 0)
		c = check_marks(r);
	r->write = true;
	if (c == 0)
		c = pass(r, open(open_arg));
	if (c == 0 && r->out.len > 0)
		c = put_fn(arg, r->out.p, r->out.len, err);
	kt_buf_free(&r->raw);
	kt_buf_free(&r->out);
	kt_buf_free(&r->f->text);
	kt_jdoc_free(&r->order);
	free(r->mark);
out:
	if (r != NULL) {
		free(r->j);
		free(r->f);
	}
	free(r);
	return c;
}
