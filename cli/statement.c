/* SPDX-License-Identifier: EUPL-1.2 */
/* The statement of a case: taken in before the report is made, named in the log, never changed. */
#include "cli/steps.h"
#include "core/io.h"
#include "reports/model/statement.h"

#include <string.h>

static int log_statement(struct kt_acq *q, const struct kt_statement *s, struct kt_err *err)
{
	kt_custody_begin(&q->log);
	kt_jw_kuint(&q->log.w, "claims", s->nclaims);
	kt_jw_kstr(&q->log.w, "statement_sha256", s->sha256);
	return kt_custody_end(&q->log, "statement.added", err);
}

int kt_statement_check_file(const struct kt_opts *o, struct kt_err *err)
{
	struct kt_statement s = {0};
	struct kt_buf b;
	int r;

	if (o->statement == NULL)
		return 0;
	kt_buf_init(&b, 0);
	r = kt_path_read(o->statement, KT_STATEMENT_MAX, &b, err);
	if (r == 0)
		r = kt_statement_parse(b.p, b.len, &s, err);
	kt_statement_free(&s);
	kt_buf_free(&b);
	if (r < 0)
		KT_TRACE(err, r, "--statement %.80s", o->statement);
	return r;
}

int kt_statement_take(struct kt_acq *q, struct kt_err *err)
{
	struct kt_statement s = {0};
	struct kt_buf b;
	bool same;
	int r;

	if (q->o->statement == NULL)
		return 0;
	kt_buf_init(&b, 0);
	r = kt_path_read(q->o->statement, KT_STATEMENT_MAX, &b, err);
	if (r == 0)
		r = kt_statement_parse(b.p, b.len, &s, err);
	if (r < 0)
		goto out;
	same = strcmp(q->state.statement_sha256, s.sha256) == 0;
	if (!same && q->state.statement_sha256[0] != '\0')
		r = KT_FAIL(
			err, KT_E_REFUSED,
			"another-statement: this case holds another statement already; it can't "
			"be changed or replaced");
	else if (!same && q->state.reported)
		r = KT_FAIL(
			err, KT_E_REFUSED,
			"statement-after-report: the report of this case is made; a statement can "
			"only be given before that");
	if (r < 0 || same)
		goto out;
	r = kt_file_write(q->c.fd, KT_STATEMENT_FILE, b.p, b.len, 0600, err);
	if (r == 0)
		r = log_statement(q, &s, err);
	if (r == 0)
		memcpy(q->state.statement_sha256, s.sha256, sizeof(s.sha256));
out:
	kt_statement_free(&s);
	kt_buf_free(&b);
	return r;
}

int kt_statement_of_case(struct kt_acq *q, int report_dir, struct kt_statement *s,
			 struct kt_err *err)
{
	const struct kt_buf *b = q->statement;
	struct kt_buf file;
	int r = 0;

	memset(s, 0, sizeof(*s));
	if (q->state.statement_sha256[0] == '\0')
		return 0; /* what the log does not name is not read */
	kt_buf_init(&file, 0);
	if (b == NULL) {
		r = kt_file_read(q->c.fd, KT_STATEMENT_FILE, KT_STATEMENT_MAX, &file, err);
		b = &file;
	}
	if (r == 0)
		r = kt_statement_parse(b->p, b->len, s, err);
	if (r == 0 && strcmp(s->sha256, q->state.statement_sha256) != 0)
		r = KT_FAIL(err, KT_E_INVALID,
			    "statement.json is not the one that the log of this case names");
	if (r == 0 && b == &file)
		r = kt_file_write(report_dir, KT_STATEMENT_FILE, b->p, b->len, 0600, err);
	kt_buf_free(&file);
	return r < 0 ? r : 1;
}
