/* SPDX-License-Identifier: EUPL-1.2 */
/* The information sheet: what somebody is told before anything is read. */
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "core/mandate.h"
#include "core/time.h"
#include "reports/papers/paper.h"
#include "reports/papers/receipt.h"

/* First and last day of all periods together; the end of a period is not part of it. */
static void days(const struct kt_mandate *m, char from[KT_TIME_TEXT], char to[KT_TIME_TEXT])
{
	int64_t a = INT64_MAX, b = 0;

	for (size_t i = 0; i < m->nscope; i++) {
		a = m->scope[i].from_us < a ? m->scope[i].from_us : a;
		b = m->scope[i].to_us > b ? m->scope[i].to_us : b;
	}
	kt_time_text(a, from);
	kt_time_text(b - 1, to);
	from[10] = to[10] = '\0'; /* the day alone */
}

/* The routes of workouts stand in the database of all that was measured. */
static bool takes_health(const struct kt_mandate *m)
{
	for (size_t i = 0; i < m->nscope; i++)
		if (strcmp(m->scope[i].source, "ios-health-routes") == 0)
			return true;
	return false;
}

static int put_sheet(const struct kt_mandate *m, struct kt_paper *p, kt_source_name_fn name,
		     struct kt_err *err)
{
	const struct kt_jv *ret = kt_jv_get(kt_jdoc_root(m->doc), "retention");
	const char *until = kt_jv_str(ret, "released_until");
	char from[KT_TIME_TEXT], to[KT_TIME_TEXT], unreleased[24], last[24];
	const struct kt_words_fill fill[] = {
		{"issuer", m->issuer},
		{"purpose", kt_words_of(p->words, "purpose", m->purpose, m->purpose)},
		{"basis", m->legal_text},
		{"question", m->question},
		{"from", from},
		{"to", to},
		{"days", unreleased},
		{"until", last},
		{"case", m->case_ref},
		{NULL, NULL}};

	days(m, from, to);
	snprintf(unreleased, sizeof(unreleased), "%lld",
		 (long long)kt_jv_int(ret, "unreleased_days", 0));
	snprintf(last, sizeof(last), "%.10s", until != NULL ? until : "");
	kt_paper_begin(p, "sheet.title", NULL);
	kt_paper_para(p, "sheet.intro", fill);
	kt_paper_heading(p, "sheet.why");
	kt_paper_para(p, "sheet.why.text", fill);
	kt_paper_heading(p, "sheet.read");
	kt_paper_para(p, "sheet.read.text", fill);
	for (size_t i = 0; i < m->nscope; i++)
		kt_paper_bullet(p, name(p->words, m->scope[i].source));
	kt_paper_bullets_end(p);
	kt_paper_heading(p, "sheet.not");
	kt_paper_para(p, takes_health(m) ? "sheet.not.health" : "sheet.not.text", fill);
	kt_paper_heading(p, "sheet.decide");
	kt_paper_para(
		p, strcmp(m->mode, "consent") == 0 ? "sheet.decide.consent" : "sheet.decide.order",
		fill);
	kt_paper_heading(p, "sheet.after");
	kt_paper_para(p, m->two_stage ? "sheet.after.two" : "sheet.after.one", fill);
	kt_paper_para(p, "sheet.after.text", fill);
	kt_paper_heading(p, "sheet.rights");
	kt_paper_para(p, "sheet.rights.text", fill);
	kt_paper_heading(p, "sheet.complain");
	kt_paper_para(p, "complain.text", fill);
	kt_paper_end(p);
	return p->out->failed ? KT_FAIL(err, KT_E_NOMEM, "no memory") : 0;
}

int kt_sheet_text(const struct kt_mandate *m, const struct kt_words *w, kt_source_name_fn name,
		  struct kt_buf *out, struct kt_err *err)
{
	struct kt_paper p = {.words = w, .out = out};

	return put_sheet(m, &p, name, err);
}

int kt_sheet_html(const struct kt_mandate *m, const struct kt_words *w, kt_source_name_fn name,
		  struct kt_buf *out, struct kt_err *err)
{
	struct kt_paper p = {.words = w, .out = out, .html = true};

	return put_sheet(m, &p, name, err);
}
