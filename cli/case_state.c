/* SPDX-License-Identifier: EUPL-1.2 */
/* What the custody log of a case says has happened. */
#include "cli/acquire.h"
#include "core/io.h"
#include "core/time.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct scan {
	const struct kt_plan *plan;
	struct kt_case_state *st;
};

static void item_event(struct scan *s, const struct kt_custody_item *it)
{
	for (size_t i = 0; it->outcome != NULL && i < s->plan->n; i++) {
		if (strcmp(s->plan->item[i].id, it->id) != 0)
			continue;
		s->st->item_done[i] = true;
		s->st->item_partial[i] =
			strcmp(it->outcome, "acquired") != 0 && strcmp(it->outcome, "absent") != 0;
	}
}

static void source_opened(struct kt_case_state *st, const struct kt_jv *d)
{
	const char *layout = kt_jv_str(d, "layout"), *id = kt_jv_str(d, "identifier");

	snprintf(st->source_layout, sizeof(st->source_layout), "%s", layout != NULL ? layout : "");
	snprintf(st->source_identifier, sizeof(st->source_identifier), "%s", id != NULL ? id : "");
	st->source_size = kt_jv_int(d, "size", 0);
}

static int on_line(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		   struct kt_err *err)
{
	struct scan *s = arg;
	const struct kt_jv *d = kt_jv_get(line, "detail");
	const char *plan_sha = kt_jv_str(d, "plan_sha256");
	const char *operator_sha = kt_jv_str(d, "operator_cert_sha256");
	struct kt_custody_item item;

	(void)seq;
	(void)err;
	if (strcmp(event, "session.open") == 0) {
		s->st->opened = true;
		snprintf(s->st->plan_sha256, sizeof(s->st->plan_sha256), "%s",
			 plan_sha != NULL ? plan_sha : "");
		snprintf(s->st->operator_sha256, sizeof(s->st->operator_sha256), "%s",
			 operator_sha != NULL ? operator_sha : "");
	} else if (strcmp(event, "source.opened") == 0) {
		source_opened(s->st, d);
	} else if (strcmp(event, "source.read") == 0) {
		const char *sha = kt_jv_str(d, "sha256");

		if (sha != NULL && *sha != '\0')
			snprintf(s->st->source_sha256, sizeof(s->st->source_sha256), "%s", sha);
	} else if (strcmp(event, "device.identified") == 0) {
		s->st->connected = true;
	} else if (kt_custody_item(event, line, &item)) {
		item_event(s, &item);
	} else if (strcmp(event, "acquisition.sealed") == 0) {
		const char *utc = kt_jv_str(line, "utc");

		s->st->acquisition_sealed = true;
		if (utc == NULL ||
		    kt_time_parse(utc, strlen(utc), true, &s->st->sealed_us, NULL, NULL) < 0)
			s->st->sealed_us = 0;
	} else if (strcmp(event, "parse.done") == 0) {
		s->st->parsed = true;
	} else if (strcmp(event, "report.made") == 0) {
		s->st->reported = true;
	} else if (strcmp(event, "subject.position") == 0) {
		s->st->position = true;
	} else if (strcmp(event, "session.closed") == 0) {
		s->st->closed = true;
		kt_jv_copy(d, "reason", s->st->closed_reason, sizeof(s->st->closed_reason));
	} else if (strcmp(event, "withdrawal.asked") == 0) {
		if (!s->st->withdrawn) {
			s->st->withdrawn_files = kt_jv_int(d, "files", -1);
			s->st->withdrawn_bytes = kt_jv_int(d, "bytes", -1);
		}
		s->st->withdrawn = true;
	} else if (strcmp(event, "receipt.issued") == 0) {
		s->st->receipt = true;
	} else if (strcmp(event, "release.prepared") == 0) {
		s->st->release_prepared = true;
	} else if (strcmp(event, "statement.added") == 0) {
		const char *sha = kt_jv_str(d, "statement_sha256");

		snprintf(s->st->statement_sha256, sizeof(s->st->statement_sha256), "%s",
			 sha != NULL ? sha : "");
	} else if (strcmp(event, "package.sealing") == 0) {
		int64_t number = kt_jv_int(d, "number", 0);

		s->st->packages++;
		/* not their count: beside another case's packages numbers are left out */
		if (number > 0 && (uint64_t)number > s->st->last_number)
			s->st->last_number = (uint64_t)number;
	} else if (strcmp(event, "package.dropped") == 0) {
		s->st->dropped++;
	}
	return 0;
}

int kt_case_state_read(const struct kt_case *c, const struct kt_plan *plan,
		       struct kt_case_state *st, struct kt_err *err)
{
	struct scan s = {plan, st};
	char head[KT_SHA256_HEX];
	struct kt_buf b;
	KT_AUTO_FD fd = -1;
	uint64_t lines;
	int r;

	memset(st, 0, sizeof(*st));
	kt_buf_init(&b, 0);
	fd = kt_case_read_open(c->fd, c->view, "custody.jsonl", err);
	r = fd < 0 ? fd : kt_fd_read(fd, (size_t)64 << 20, &b, err);
	if (r == 0)
		r = kt_custody_check(b.p, b.len, head, &lines, on_line, &s, err);
	kt_buf_free(&b);
	return r == KT_E_ABSENT ? 0 : kt_of_evidence(r);
}

bool kt_case_exists(const char *dir)
{
	char path[4200];

	return (size_t)snprintf(path, sizeof(path), "%s/case.json", dir) < sizeof(path) &&
	       access(path, F_OK) == 0;
}

int kt_case_not_closed(const struct kt_acq *q, struct kt_err *err)
{
	if (!q->state.closed && q->state.withdrawn)
		return KT_FAIL(err, KT_E_REFUSED,
			       "withdrawal-asked: the person withdrew, and that was cut off; keten "
			       "withdraw --case DIR completes it, and nothing more is read into "
			       "this case");
	if (!q->state.closed)
		return 0;
	return KT_FAIL(
		err, KT_E_REFUSED,
		"case-closed: this case was closed by a refusal or a withdrawal, and nothing "
		"more is read into it; a new one needs a new folder");
}

int kt_case_same_operator(const struct kt_acq *q, struct kt_err *err)
{
	char sha[KT_SHA256_HEX];

	if (!q->state.opened || !q->a->has_operator)
		return 0;
	kt_hex(q->a->operator_cert.cert_sha256, KT_SHA256_LEN, sha);
	if (strcmp(sha, q->state.operator_sha256) == 0)
		return 0;
	return KT_FAIL(err, KT_E_REFUSED,
		       "case-of-another-operator: this case was opened with another operator's "
		       "certificate; use that one, or a new case folder");
}
