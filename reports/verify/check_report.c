/* SPDX-License-Identifier: EUPL-1.2 */
/* The report, as far as it has to fit the rest; its findings are not judged here. */
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "reports/verify/check.h"

#define STR_MAX 4096

struct source {
	const struct kt_zip *z;
	const struct kt_zip_entry *e;
	uint64_t off;
};

static int read_entry(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct source *s = arg;
	int r = kt_zip_pread(s->z, s->e, s->off, p, n, got, err);

	s->off += *got;
	return r;
}

static void compare(struct kt_vf *c, const struct kt_json *j, const char *want, const char *what,
		    bool *seen)
{
	if (*seen)
		kt_vf_fail(c, KT_V_REPORT, "the report names its %s twice", what);
	*seen = true;
	if (want[0] != '\0' &&
	    (j->str_len != strlen(want) || memcmp(j->str, want, j->str_len) != 0))
		kt_vf_fail(c, KT_V_REPORT, "the report was made for another %s", what);
}

/* The statement that the report was made with: the one of the log, whose file lies beside it. */
static int statement(struct kt_vf *c, struct kt_json *j, int tok, struct kt_err *err)
{
	bool named = false, hash;

	if (tok != KT_JSON_OBJ) {
		if (c->log_statement[0] != '\0')
			kt_vf_fail(c, KT_V_REPORT,
				   "the report leaves out the statement of the log");
		return tok == KT_JSON_ARR ? kt_json_skip(j, tok, err) : tok;
	}
	while (tok >= 0 && (tok = kt_json_next(j, err)) == KT_JSON_KEY) {
		hash = strcmp(j->str, "sha256") == 0;
		tok = kt_json_next(j, err);
		if (tok == KT_JSON_STRING && hash) {
			named = true;
			if (strcmp(j->str, c->log_statement) != 0)
				kt_vf_fail(
					c, KT_V_REPORT,
					"the report was made with another statement than the log "
					"names");
		} else if (tok == KT_JSON_OBJ || tok == KT_JSON_ARR) {
			tok = kt_json_skip(j, tok, err);
		}
	}
	if (tok >= 0 && !named)
		kt_vf_fail(c, KT_V_REPORT, "the report does not name its statement");
	return tok;
}

static void statement_file(struct kt_vf *c)
{
	const struct kt_zip_entry *e = kt_zip_find(&c->zip, KT_PKG_STATEMENT);
	char hex[KT_SHA256_HEX] = "";

	if (e != NULL)
		kt_hex(e->sha256, sizeof(e->sha256), hex);
	if (strcmp(hex, c->log_statement) != 0)
		kt_vf_fail(c, KT_V_REPORT, "%s is not the statement that the custody log names",
			   KT_PKG_STATEMENT);
}

/* Walks the members of the top object; the rest is only checked to be JSON. */
static int walk(struct kt_vf *c, struct kt_json *j, struct kt_err *err)
{
	bool mandate = false, case_id = false;
	int tok = kt_json_next(j, err);

	if (tok >= 0 && tok != KT_JSON_OBJ)
		return KT_FAIL(err, KT_E_FORMAT, "it is no JSON object");
	while (tok >= 0 && (tok = kt_json_next(j, err)) == KT_JSON_KEY) {
		bool is_mandate = strcmp(j->str, "mandate_sha256") == 0;
		bool is_case = strcmp(j->str, "case_id") == 0;
		bool is_statement = c->have_log && strcmp(j->str, "statement") == 0;

		tok = kt_json_next(j, err);
		if (tok == KT_JSON_STRING && is_mandate)
			compare(c, j, c->mandate_sha256, "mandate", &mandate);
		else if (tok == KT_JSON_STRING && is_case)
			compare(c, j, c->case_id, "case", &case_id);
		else if (tok >= 0 && is_statement)
			tok = statement(c, j, tok, err);
		else if (tok == KT_JSON_OBJ || tok == KT_JSON_ARR)
			tok = kt_json_skip(j, tok, err);
	}
	if (tok >= 0)
		tok = kt_json_next(j, err); /* END, or what should not follow */
	if (tok < 0)
		return tok;
	if (!mandate || !case_id)
		kt_vf_fail(c, KT_V_REPORT, "the report does not name its mandate and case");
	return 0;
}

int kt_vf_report(struct kt_vf *c)
{
	const struct kt_zip_entry *e = kt_zip_find(&c->zip, KT_PKG_REPORT);
	struct source s = {&c->zip, e, 0};
	struct kt_json_src src = {read_entry, &s, 0};
	struct kt_err err = {0};
	char hex[KT_SHA256_HEX];
	struct kt_json *j;
	int r;

	if (!c->res->applies[KT_V_REPORT])
		return 0;
	if (e == NULL || e->unreadable) {
		kt_vf_fail(c, KT_V_REPORT, "%s is missing or cannot be read", KT_PKG_REPORT);
		return 0;
	}
	j = malloc(sizeof(*j));
	if (j == NULL)
		return KT_FAIL(c->err, KT_E_NOMEM, "no memory");
	kt_json_init(j, src, STR_MAX);
	r = walk(c, j, &err);
	kt_json_free(j);
	free(j);
	if (kt_vf_is_ours(r)) {
		*c->err = err;
		return r;
	}
	if (r < 0)
		kt_vf_fail(c, KT_V_REPORT, "%s: %s", KT_PKG_REPORT, kt_err_text(&err));
	kt_hex(e->sha256, sizeof(e->sha256), hex);
	if (c->have_log && strcmp(hex, c->log_report) != 0)
		kt_vf_fail(c, KT_V_REPORT, "the report is not the one that the custody log names");
	if (c->have_log)
		statement_file(c);
	if (c->have_log && c->mandate_sha256[0] != '\0' && c->case_id[0] != '\0')
		kt_vf_done(c, KT_V_REPORT);
	return 0;
}
