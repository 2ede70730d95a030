/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/siblings.h"
#include "core/err.h"
#include "core/index.h"
#include "core/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Endings as the index writes paths exactly: in hex digits. By enum kt_sib_kind. */
static const char *const endings[] = {"2d77616c", "2d6a6f75726e616c", "2d73686d"};

#define KINDS (sizeof(endings) / sizeof(endings[0]))

/* The kind of an exact path, and how many digits of it name the database; -1: no sibling. */
static int kind_of(const char *hex, size_t *stem)
{
	size_t n = strlen(hex);

	for (size_t i = 0; i < KINDS; i++) {
		size_t e = strlen(endings[i]);

		if (n > e && strcmp(hex + n - e, endings[i]) == 0) {
			*stem = n - e;
			return (int)i;
		}
	}
	return -1;
}

bool kt_siblings_is_one(const struct kt_jv *line)
{
	const char *hex = kt_jv_str(line, "path_hex");
	size_t stem;

	return hex != NULL && kind_of(hex, &stem) >= 0;
}

static int order(const void *a, const void *b)
{
	const struct kt_sib *x = a, *y = b;
	int c = memcmp(x->stem, y->stem, sizeof(x->stem));

	if (c != 0)
		return c;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	c = (int)strlen(x->object) - (int)strlen(y->object);
	return c != 0 ? c : strcmp(x->object, y->object);
}

static int on_line(void *arg, unsigned segment, const struct kt_jv *line, struct kt_err *err)
{
	const char *hex = kt_jv_str(line, "path_hex"), *object = kt_jv_str(line, "object");
	const char *outcome = kt_jv_str(line, "outcome");
	struct kt_siblings *s = arg;
	struct kt_sib *sib;
	size_t stem;
	int kind;

	(void)segment;
	if (object == NULL || hex == NULL || (kind = kind_of(hex, &stem)) < 0)
		return 0;
	if (s->n == s->cap) {
		size_t cap = s->cap > 0 ? s->cap * 2 : 16;
		void *p = realloc(s->v, cap * sizeof(*s->v));

		if (p == NULL)
			return KT_FAIL(err, KT_E_NOMEM, "no memory for the index");
		s->v = p;
		s->cap = cap;
	}
	sib = &s->v[s->n];
	memset(sib, 0, sizeof(*sib));
	sib->kind = (enum kt_sib_kind)kind;
	sib->partial = outcome == NULL || strcmp(outcome, "acquired") != 0;
	sib->bytes = (uint64_t)kt_jv_int(line, "bytes", 0);
	if ((size_t)snprintf(sib->object, sizeof(sib->object), "%s", object) >=
		    sizeof(sib->object) ||
	    object[0] != 'o' || strspn(object + 1, "0123456789") + 1 != strlen(object))
		return KT_FAIL(err, KT_E_INVALID, "index: an object has a name that is not ours");
	s->n++;
	return kt_sha256(hex, stem, sib->stem, err);
}

int kt_siblings_load(struct kt_siblings *s, const struct kt_case *c, unsigned segment,
		     struct kt_err *err)
{
	bool complete;
	int r;

	memset(s, 0, sizeof(*s));
	r = kt_index_read_case(c, segment, &complete, on_line, s, err);
	if (r == 0 && s->n > 1)
		qsort(s->v, s->n, sizeof(*s->v), order);
	return r;
}

void kt_siblings_free(struct kt_siblings *s)
{
	free(s->v);
	memset(s, 0, sizeof(*s));
}

struct kt_sib *kt_siblings_claim(struct kt_siblings *s, const struct kt_jv *line,
				 enum kt_sib_kind kind, struct kt_err *err)
{
	const char *hex = kt_jv_str(line, "path_hex"), *object = kt_jv_str(line, "object");
	struct kt_sib key = {.kind = kind};
	size_t low = 0, high = s->n;

	if (s->n == 0 || hex == NULL || object == NULL ||
	    kt_sha256(hex, strlen(hex), key.stem, err) < 0)
		return NULL;
	while (low < high) { /* the first that is not below the key: its object name is empty */
		size_t mid = low + (high - low) / 2;

		if (order(&s->v[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == s->n || s->v[low].kind != kind ||
	    memcmp(s->v[low].stem, key.stem, sizeof(key.stem)) != 0 || s->v[low].main[0] != '\0')
		return NULL;
	snprintf(s->v[low].main, sizeof(s->v[low].main), "%s", object);
	return &s->v[low];
}
