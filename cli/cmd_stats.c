/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten stats: how many were read, released, and what came of it. No names, no numbers of cases, and no
 * count so small that it could point at somebody.
 */
#include "cli/found.h"
#include "core/json.h"

#include <stdio.h>
#include <string.h>

#define SMALL	   5 /* counts from 1 to 4 are not told */
#define REPORT_MAX ((size_t)1 << 30)

enum count { READ, RELEASED, FITS, DOES_NOT_FIT, NOTHING, FAILED, DESTROYED, REFUSED, COUNTS };

static const struct {
	const char *key, *text;
} names[COUNTS] = {
	{"read", "read"},
	{"released", "released (or reported at once)"},
	{"fits", "with a statement that fits what was found"},
	{"does_not_fit", "with a statement that does not fit what was found"},
	{"nothing_usable", "no usable finding"},
	{"failed", "nothing could be read"},
	{"destroyed", "destroyed"},
	{"refused", "refused or stopped, nothing kept"},
};

struct stats {
	uint64_t n[COUNTS];
	/* of the report at hand */
	bool nothing, fits, does_not_fit;
};

/* A report in memory, and how far it was read. */
struct text {
	struct kt_buf b;
	size_t at;
};

static int on_bytes(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct text *t = arg;
	size_t left = t->b.len - t->at;

	(void)err;
	*got = n < left ? n : left;
	if (*got > 0)
		memcpy(p, t->b.p + t->at, *got);
	t->at += *got;
	return 0;
}

/* result.code */
static int read_result(struct stats *s, struct kt_json *j, struct kt_err *err)
{
	int tok;

	while ((tok = kt_json_next(j, err)) == KT_JSON_KEY) {
		bool code = strcmp(j->str, "code") == 0;

		tok = kt_json_next(j, err);
		if (code && tok == KT_JSON_STRING)
			s->nothing = strcmp(j->str, "no-usable-finding") == 0;
		else if (tok == KT_JSON_OBJ || tok == KT_JSON_ARR)
			tok = kt_json_skip(j, tok, err);
		if (tok < 0)
			return tok;
	}
	return tok < 0 ? tok : 0;
}

/* statement.claims[].findings[]: words that stand nowhere else in it as elements of a list so named */
static int read_statement(struct stats *s, struct kt_json *j, struct kt_err *err)
{
	bool findings = false;
	unsigned depth = 1;

	while (depth > 0) {
		int tok = kt_json_next(j, err);

		if (tok < 0)
			return tok;
		if (tok == KT_JSON_KEY)
			findings = strcmp(j->str, "findings") == 0;
		else if (tok == KT_JSON_STRING && findings) {
			s->fits |= strcmp(j->str, "fits") == 0;
			s->does_not_fit |= strcmp(j->str, "does-not-fit") == 0;
		}
		depth += tok == KT_JSON_OBJ || tok == KT_JSON_ARR;
		depth -= tok == KT_JSON_OBJ_END || tok == KT_JSON_ARR_END;
		if (tok == KT_JSON_ARR_END)
			findings = false;
	}
	return 0;
}

static int read_report(struct stats *s, const struct kt_found_one *p, struct kt_err *err)
{
	static struct kt_json j;
	struct text t = {.at = 0};
	int tok, r;

	s->nothing = s->fits = s->does_not_fit = false;
	kt_buf_init(&t.b, REPORT_MAX + 65536);
	r = kt_judged_read(&p->j, KT_PKG_REPORT, REPORT_MAX, &t.b, err);
	if (r < 0)
		goto out;
	kt_json_init(&j, (struct kt_json_src){on_bytes, &t, 0}, 4096);
	tok = kt_json_next(&j, err);
	while (tok >= 0 && (tok = kt_json_next(&j, err)) == KT_JSON_KEY) {
		bool result = strcmp(j.str, "result") == 0;
		bool statement = strcmp(j.str, "statement") == 0;

		tok = kt_json_next(&j, err);
		if (tok == KT_JSON_OBJ && (result || statement))
			tok = result ? read_result(s, &j, err) : read_statement(s, &j, err);
		else if (tok == KT_JSON_OBJ || tok == KT_JSON_ARR)
			tok = kt_json_skip(&j, tok, err);
	}
	r = tok < 0 ? tok : 0;
	kt_json_free(&j);
out:
	if (t.b.p != NULL)
		explicit_bzero(t.b.p, t.b.cap);
	kt_buf_free(&t.b);
	return r;
}

/* Was nothing of it read? The log has an outcome for every item. */
static int nothing_read(const struct kt_found_one *p, bool *none, struct kt_err *err)
{
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = kt_judged_read(&p->j, KT_PKG_CUSTODY, KT_PKG_MAX_SMALL, &b, err);
	*none = r == 0 && kt_buf_cstr(&b) != NULL &&
		strstr((const char *)b.p, "\"event\":\"item.acquired\"") == NULL &&
		strstr((const char *)b.p, "\"event\":\"item.partial\"") == NULL;
	kt_buf_free(&b);
	return r;
}

/* Of several releases of one acquisition, and of several packages of one case, the first counts. */
static bool counted(const struct kt_found *all, size_t at)
{
	const struct kt_found_one *p = &all->v[at];

	for (size_t i = 0; i < at; i++)
		if (all->v[i].valid && all->v[i].j.type == p->j.type &&
		    strcmp(all->v[i].j.case_id, p->j.case_id) == 0)
			return true;
	return false;
}

static int count_one(struct stats *s, const struct kt_found *all, size_t at, struct kt_err *err)
{
	const struct kt_found_one *p = &all->v[at];
	bool report =
		p->j.type == KT_PT_RELEASE || (p->j.type == KT_PT_ACQUISITION && !p->j.sealed);
	bool none = false;
	int r = 0;

	if (p->is_case || !p->valid || counted(all, at))
		return 0;
	if (p->j.type == KT_PT_ACQUISITION) {
		r = nothing_read(p, &none, err);
		s->n[READ]++;
		s->n[FAILED] += none;
	}
	s->n[DESTROYED] += p->j.type == KT_PT_DELETION;
	s->n[REFUSED] += p->j.type == KT_PT_REFUSAL || p->j.type == KT_PT_WITHDRAWAL;
	if (r < 0 || !report)
		return r;
	s->n[RELEASED]++;
	r = read_report(s, p, err);
	s->n[FITS] += s->fits;
	s->n[DOES_NOT_FIT] += s->does_not_fit;
	s->n[NOTHING] += s->nothing;
	return r;
}

/*
 * A small count is not told, and neither is another one from which it could be worked out: when just one of
 * them is small, the next larger one is left out too.
 */
static void hide(const struct stats *s, bool hidden[COUNTS])
{
	unsigned small = 0, next = COUNTS;

	for (unsigned i = 0; i < COUNTS; i++) {
		hidden[i] = s->n[i] > 0 && s->n[i] < SMALL;
		small += hidden[i];
		if (s->n[i] >= SMALL && (next == COUNTS || s->n[i] < s->n[next]))
			next = i;
	}
	if (small == 1 && next < COUNTS)
		hidden[next] = true;
}

static int print_stats(const struct kt_opts *o, const struct stats *s, uint64_t invalid,
		       struct kt_err *err)
{
	bool hidden[COUNTS];
	struct kt_buf b;
	struct kt_jw w;

	hide(s, hidden);
	if (!o->json) {
		for (unsigned i = 0; i < COUNTS; i++) {
			if (hidden[i])
				printf("%10s  %s\n", s->n[i] < SMALL ? "under 5" : "not told",
				       names[i].text);
			else
				printf("%10llu  %s\n", (unsigned long long)s->n[i], names[i].text);
		}
		if (invalid > 0)
			printf("Packages that are not valid were not counted.\n");
		return 0;
	}
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	for (unsigned i = 0; i < COUNTS; i++) {
		kt_jw_key(&w, names[i].key);
		if (hidden[i])
			kt_jw_null(&w);
		else
			kt_jw_uint(&w, s->n[i]);
	}
	kt_jw_kbool(&w, "invalid_left_out", invalid > 0);
	kt_jw_kstr(&w, "schema", "keten-stats-1");
	kt_jw_kuint(&w, "told_from", SMALL);
	kt_jw_obj_end(&w);
	return kt_print_json(&b, err);
}

int kt_cmd_stats(const struct kt_opts *o)
{
	struct stats s = {{0}, false, false, false};
	struct kt_found all;
	struct kt_err err = {0};
	int r;

	if (o->nargs == 0)
		return kt_usage_exit();
	r = kt_found_load(o, &all, &err);
	for (size_t i = 0; r == 0 && i < all.n; i++)
		r = count_one(&s, &all, i, &err);
	if (r == 0)
		r = print_stats(o, &s, all.invalid, &err);
	kt_found_free(&all);
	return r < 0 ? kt_fail_exit(r, &err) : KT_EXIT_OK;
}
