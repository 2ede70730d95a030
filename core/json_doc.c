/* SPDX-License-Identifier: EUPL-1.2 */
/* The small document tree of core/json.h, built from the streaming reader. */
#include "core/err.h"
#include "core/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOC_MAX	  ((size_t)16 << 20)
#define DOC_DEPTH 16
#define CHUNK	  ((size_t)16 << 10)

struct chunk {
	struct chunk *next;
	size_t used, cap;
	_Alignas(16) uint8_t mem[];
};

struct kt_jdoc {
	struct chunk *chunks;
	struct kt_jv *root;
};

struct mem_src {
	const uint8_t *p;
	size_t n, off;
};

static int mem_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct mem_src *m = arg;

	(void)err;
	if (n > m->n - m->off)
		n = m->n - m->off;
	memcpy(p, m->p + m->off, n);
	m->off += n;
	*got = n;
	return 0;
}

static void *doc_alloc(struct kt_jdoc *d, size_t n)
{
	struct chunk *c = d->chunks;
	void *p;

	n = (n + 15) & ~(size_t)15;
	if (c == NULL || c->cap - c->used < n) {
		size_t cap = n > CHUNK ? n : CHUNK;
		c = malloc(sizeof(*c) + cap);
		if (c == NULL)
			return NULL;
		c->next = d->chunks;
		c->used = 0;
		c->cap = cap;
		d->chunks = c;
	}
	p = c->mem + c->used;
	c->used += n;
	return p;
}

/* Copies the reader's text. */
static int doc_text(struct kt_jdoc *d, const struct kt_json *j, const char **out,
		    struct kt_err *err)
{
	char *p;

	*out = NULL;
	if (j->str_cut)
		return KT_FAIL(err, KT_E_FORMAT, "JSON: a string is too long");
	if (memchr(j->str, '\0', j->str_len) != NULL)
		return KT_FAIL(err, KT_E_FORMAT, "JSON: a string holds a NUL character");
	p = doc_alloc(d, j->str_len + 1);
	if (p == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "JSON: no memory");
	memcpy(p, j->str, j->str_len);
	p[j->str_len] = '\0';
	*out = p;
	return 0;
}

static int fill_scalar(struct kt_jdoc *d, struct kt_json *j, int tok, struct kt_jv *v,
		       struct kt_err *err)
{
	switch (tok) {
	case KT_JSON_STRING:
		v->type = KT_JV_STR;
		v->len = j->str_len;
		return doc_text(d, j, &v->str, err);
	case KT_JSON_NUMBER:
		v->type = KT_JV_INT;
		if (!kt_json_int(j->str, j->str_len, &v->i))
			return KT_FAIL(err, KT_E_FORMAT, "JSON: %.40s is not a whole number",
				       j->str);
		return 0;
	case KT_JSON_TRUE:
	case KT_JSON_FALSE:
		v->type = KT_JV_BOOL;
		v->i = tok == KT_JSON_TRUE;
		return 0;
	default:
		v->type = KT_JV_NULL;
		return 0;
	}
}

static int check_new_key(const struct kt_jv *obj, const char *key, struct kt_err *err)
{
	for (const struct kt_jv *c = obj->child; c != NULL; c = c->next)
		if (c->key != NULL && strcmp(c->key, key) == 0)
			return KT_FAIL(err, KT_E_FORMAT, "JSON: key \"%.60s\" stands twice", key);
	return 0;
}

static int build(struct kt_jdoc *d, struct kt_json *j, struct kt_err *err)
{
	struct kt_jv *open[DOC_DEPTH] = {NULL}, *tail[DOC_DEPTH] = {NULL};
	const char *key = NULL;
	unsigned depth = 0;
	int r;

	for (;;) {
		int tok = kt_json_next(j, err);
		struct kt_jv *v;

		if (tok < 0)
			return tok;
		if (tok == KT_JSON_END)
			return 0;
		if (tok == KT_JSON_OBJ_END || tok == KT_JSON_ARR_END) {
			depth--;
			continue;
		}
		if (depth > 0 && open[depth - 1] == NULL)
			return KT_FAIL(err, KT_E_INTERNAL, "JSON: lost the parent");
		if (tok == KT_JSON_KEY && depth > 0) {
			r = doc_text(d, j, &key, err);
			if (r == 0 && key != NULL)
				r = check_new_key(open[depth - 1], key, err);
			if (r < 0)
				return r;
			continue;
		}
		v = doc_alloc(d, sizeof(*v));
		if (v == NULL)
			return KT_FAIL(err, KT_E_NOMEM, "JSON: no memory");
		memset(v, 0, sizeof(*v));
		if (depth > 0) {
			struct kt_jv *up = open[depth - 1];
			v->key = up->type == KT_JV_OBJ ? key : NULL;
			if (tail[depth - 1] == NULL)
				up->child = v;
			else
				tail[depth - 1]->next = v;
			tail[depth - 1] = v;
			up->count++;
		} else {
			d->root = v;
		}
		if (tok == KT_JSON_OBJ || tok == KT_JSON_ARR) {
			if (depth >= DOC_DEPTH)
				return KT_FAIL(err, KT_E_FORMAT, "JSON: nested too deeply");
			v->type = tok == KT_JSON_OBJ ? KT_JV_OBJ : KT_JV_ARR;
			open[depth] = v;
			tail[depth++] = NULL;
			continue;
		}
		r = fill_scalar(d, j, tok, v, err);
		if (r < 0)
			return r;
	}
}

int kt_jdoc_parse(const void *p, size_t n, struct kt_jdoc **doc, struct kt_err *err)
{
	struct mem_src m = {p, n, 0};
	struct kt_json_src src = {mem_read, &m, 0};
	struct kt_json *j;
	struct kt_jdoc *d;
	int r;

	*doc = NULL;
	if (n > DOC_MAX)
		return KT_FAIL(err, KT_E_FORMAT, "JSON: document is larger than 16 MiB");
	j = malloc(sizeof(*j));
	d = calloc(1, sizeof(*d));
	if (j == NULL || d == NULL) {
		free(j);
		free(d);
		return KT_FAIL(err, KT_E_NOMEM, "JSON: no memory");
	}
	kt_json_init(j, src, DOC_MAX);
	r = build(d, j, err);
	kt_json_free(j);
	free(j);
	if (r < 0) {
		kt_jdoc_free(&d);
		return r;
	}
	*doc = d;
	return 0;
}

void kt_jdoc_free(struct kt_jdoc **doc)
{
	struct chunk *c, *next;

	if (doc == NULL || *doc == NULL)
		return;
	for (c = (*doc)->chunks; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	free(*doc);
	*doc = NULL;
}

const struct kt_jv *kt_jdoc_root(const struct kt_jdoc *doc)
{
	return doc->root;
}

const struct kt_jv *kt_jv_get(const struct kt_jv *v, const char *key)
{
	if (v == NULL || v->type != KT_JV_OBJ)
		return NULL;
	for (const struct kt_jv *c = v->child; c != NULL; c = c->next)
		if (strcmp(c->key, key) == 0)
			return c;
	return NULL;
}

const char *kt_jv_str(const struct kt_jv *v, const char *key)
{
	const struct kt_jv *m = kt_jv_get(v, key);

	return m != NULL && m->type == KT_JV_STR ? m->str : NULL;
}

bool kt_jv_copy(const struct kt_jv *v, const char *key, char *out, size_t cap)
{
	const char *s = kt_jv_str(v, key);

	return s != NULL && (size_t)snprintf(out, cap, "%s", s) < cap;
}

bool kt_jv_bool(const struct kt_jv *v, const char *key)
{
	const struct kt_jv *m = kt_jv_get(v, key);

	return m != NULL && m->type == KT_JV_BOOL && m->i != 0;
}

int64_t kt_jv_int(const struct kt_jv *v, const char *key, int64_t dflt)
{
	const struct kt_jv *m = kt_jv_get(v, key);

	return m != NULL && m->type == KT_JV_INT ? m->i : dflt;
}
