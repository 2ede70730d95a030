/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/verify/chain.h"

#include <stdarg.h>
#include <string.h>

#include "core/json.h"
#include "core/time.h"

#define SLACK_US (INT64_C(86400) * KT_US_PER_S) /* between stations */

struct judge {
	const struct kt_chain_link *v;
	size_t n;
	struct kt_chain_result *r;
};

void kt_chain_take(const struct kt_verify_result *res, struct kt_chain_link *link)
{
	memset(link, 0, sizeof(*link));
	link->verdict = res->verdict;
	link->type = res->type;
	link->sealed = res->sealed;
	memcpy(link->name, res->package, sizeof(link->name));
	memcpy(link->sha256, res->sha256, sizeof(link->sha256));
	memcpy(link->envelope_sha256, res->envelope_sha256, sizeof(link->envelope_sha256));
	memcpy(link->case_id, res->case_id, sizeof(link->case_id));
	memcpy(link->mandate_id, res->mandate_id, sizeof(link->mandate_id));
	memcpy(link->mandate_sha256, res->mandate_sha256, sizeof(link->mandate_sha256));
	memcpy(link->concerns, res->concerns, sizeof(link->concerns));
	link->nconcerns = res->nconcerns;
	link->log_lines = res->log_lines;
	memcpy(link->stop, res->stop, sizeof(link->stop));
	link->nstops = res->nstops;
	link->more_stops = res->more_stops;
	link->made_us = res->made_us;
	link->unreleased_us = res->unreleased_us;
}

__attribute__((format(printf, 3, 4))) static void say(struct judge *j, enum kt_verify_state state,
						      const char *fmt, ...)
{
	struct kt_verify_check *k = &j->r->check;
	char text[2 * KT_VERIFY_TEXT];
	struct kt_buf b;
	va_list ap;

	if (state < k->state)
		return;
	if (state > k->state)
		k->n = k->more = 0; /* a failure replaces what was merely unclear */
	k->state = state;
	if (k->n >= KT_VERIFY_LINES) {
		k->more++;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	kt_buf_init(&b, 65536);
	kt_text_escape(&b, text, strlen(text));
	snprintf(k->text[k->n++], KT_VERIFY_TEXT, "%s",
		 kt_buf_cstr(&b) != NULL ? (const char *)b.p : "");
	kt_buf_free(&b);
}

static const struct kt_chain_link *find(const struct judge *j, const char *sha)
{
	for (size_t i = 0; i < j->n; i++)
		if (strcmp(j->v[i].sha256, sha) == 0)
			return &j->v[i];
	return NULL;
}

static bool concerns(const struct kt_chain_link *act, const struct kt_chain_link *what)
{
	for (unsigned i = 0; i < act->nconcerns; i++)
		if (strcmp(act->concerns[i], what->sha256) == 0)
			return true;
	return false;
}

/* What nobody releases in time is to be destroyed; a release in time lets later ones be made. */
static void judge_delay(struct judge *j, const struct kt_chain_link *act,
			const struct kt_chain_link *what)
{
	int64_t last = what->made_us + what->unreleased_us + SLACK_US;

	if (what->unreleased_us == 0 || act->made_us <= last)
		return;
	for (size_t i = 0; i < j->n; i++)
		if (j->v[i].type == KT_PT_RELEASE && j->v[i].verdict == KT_VERDICT_VALID &&
		    concerns(&j->v[i], what) && j->v[i].made_us <= last)
			return;
	say(j, KT_VS_UNDETERMINED,
	    "%s was made when %s was to be destroyed, and no release in time was given", act->name,
	    what->name);
}

/* A case has one mandate, and an act is done under it. A release is compared with its envelope, below. */
static void judge_mandate(struct judge *j, const struct kt_chain_link *act,
			  const struct kt_chain_link *what)
{
	if (strcmp(act->mandate_id, what->mandate_id) != 0)
		say(j, KT_VS_FAILED, "%s names another mandate than %s, which it names: %s",
		    act->name, what->name, act->mandate_id[0] != '\0' ? act->mandate_id : "none");
	else if (act->type != KT_PT_RELEASE &&
		 strcmp(act->mandate_sha256, what->mandate_sha256) != 0)
		say(j, KT_VS_FAILED, "%s names another text of the mandate than %s, which it names",
		    act->name, what->name);
}

/* An act and a package that it is about. */
static void judge_pair(struct judge *j, const struct kt_chain_link *act,
		       const struct kt_chain_link *what)
{
	if (act->made_us + SLACK_US < what->made_us)
		say(j, KT_VS_UNDETERMINED, "%s is said to be older than %s, which it names",
		    act->name, what->name);
	if (act->case_id[0] != '\0' && what->case_id[0] != '\0' &&
	    strcmp(act->case_id, what->case_id) != 0)
		say(j, KT_VS_FAILED, "%s is of another case than %s, which it names", act->name,
		    what->name);
	judge_mandate(j, act, what);
	if (act->type != KT_PT_RELEASE)
		return;
	judge_delay(j, act, what);
	if (what->type != KT_PT_ACQUISITION || !what->sealed)
		say(j, KT_VS_FAILED, "%s releases %s, which was not sealed", act->name, what->name);
	else if (strcmp(act->envelope_sha256, what->envelope_sha256) != 0 ||
		 strcmp(act->mandate_sha256, what->mandate_sha256) != 0)
		say(j, KT_VS_FAILED,
		    "%s names another mandate or envelope than %s was sealed under", act->name,
		    what->name);
}

/* Nothing can be opened once there is nothing to open it with. */
static void judge_deletion(struct judge *j, const struct kt_chain_link *deletion)
{
	static const enum kt_pkg_type reads[] = {KT_PT_RELEASE, KT_PT_OPENING, KT_PT_REDACTION};

	for (size_t i = 0; i < j->n; i++) {
		const struct kt_chain_link *act = &j->v[i];
		bool opens = false, both = false;

		for (size_t k = 0; k < sizeof(reads) / sizeof(reads[0]); k++)
			opens |= act->type == reads[k];
		for (size_t k = 0; k < j->n; k++)
			both |= concerns(act, &j->v[k]) && concerns(deletion, &j->v[k]);
		if (opens && both && act->made_us > deletion->made_us)
			say(j, KT_VS_FAILED, "%s is later than %s, which destroyed what it opened",
			    act->name, deletion->name);
	}
}

/*
 * The log that an interruption ends with goes on in what was made of the case later: a log without that
 * line was cut back to an earlier state, or is another one. Of two interruptions the longer log is later.
 */
static void judge_stop(struct judge *j, const struct kt_chain_link *stop)
{
	if (stop->nstops == 0 || stop->log_lines == 0)
		return;
	for (size_t i = 0; i < j->n; i++) {
		const struct kt_chain_link *later = &j->v[i];
		bool found = false;

		if (later == stop || later->log_lines == 0 ||
		    strcmp(later->case_id, stop->case_id) != 0 ||
		    (later->type == KT_PT_INTERRUPTION && later->log_lines < stop->log_lines))
			continue;
		if (later->type == KT_PT_INTERRUPTION && later->log_lines == stop->log_lines &&
		    strcmp(later->sha256, stop->sha256) == 0)
			continue; /* the same file */
		for (unsigned k = 0; k < later->nstops; k++)
			found |= strcmp(later->stop[k], stop->stop[stop->nstops - 1]) == 0;
		if (!found)
			say(j,
			    later->more_stops || stop->more_stops ? KT_VS_UNDETERMINED
								  : KT_VS_FAILED,
			    "the log of %s does not go on from where %s ended", later->name,
			    stop->name);
		else if (later->type == KT_PT_INTERRUPTION && later->log_lines == stop->log_lines)
			say(j, KT_VS_FAILED, "%s and %s are different records of one interruption",
			    stop->name, later->name);
	}
}

static void judge_one(struct judge *j, size_t at)
{
	const struct kt_chain_link *a = &j->v[at];

	if (a->verdict == KT_VERDICT_INVALID)
		say(j, KT_VS_FAILED, "%s does not hold by itself", a->name);
	else if (a->verdict == KT_VERDICT_UNDETERMINED)
		say(j, KT_VS_UNDETERMINED, "%s could not be judged by itself", a->name);
	for (size_t i = 0; i < at; i++) {
		if (a->sha256[0] != '\0' && strcmp(j->v[i].sha256, a->sha256) == 0)
			return; /* the same file, named twice */
		if (a->type == KT_PT_ACQUISITION && j->v[i].type == a->type &&
		    strcmp(j->v[i].name, a->name) == 0)
			say(j, KT_VS_FAILED, "two different packages call themselves %s", a->name);
	}
	for (unsigned i = 0; i < a->nconcerns; i++) {
		const struct kt_chain_link *what = find(j, a->concerns[i]);

		if (what != NULL)
			judge_pair(j, a, what);
		else
			say(j, KT_VS_UNDETERMINED,
			    "%s names a package that was not given: %.16s...", a->name,
			    a->concerns[i]);
	}
	if (a->type == KT_PT_DELETION)
		judge_deletion(j, a);
	if (a->type == KT_PT_INTERRUPTION)
		judge_stop(j, a);
}

void kt_chain_judge(const struct kt_chain_link *link, size_t n, struct kt_chain_result *out)
{
	static const enum kt_verdict verdicts[] = {
		[KT_VS_OK] = KT_VERDICT_VALID,
		[KT_VS_UNDETERMINED] = KT_VERDICT_UNDETERMINED,
		[KT_VS_FAILED] = KT_VERDICT_INVALID,
	};
	struct judge j = {link, n, out};

	memset(out, 0, sizeof(*out));
	out->check.state = KT_VS_OK;
	for (size_t i = 0; i < n; i++) {
		bool first = true;

		judge_one(&j, i);
		out->packages++;
		out->acts += link[i].type != KT_PT_ACQUISITION;
		for (size_t k = 0; k < i; k++)
			first &= strcmp(link[k].case_id, link[i].case_id) != 0;
		out->cases += first && link[i].case_id[0] != '\0';
	}
	out->verdict = verdicts[out->check.state];
}

void kt_chain_print(const struct kt_chain_result *r, bool json, FILE *out)
{
	const char *mark = r->check.state == KT_VS_FAILED ? "FAIL" : "??  ";
	struct kt_buf b;
	struct kt_jw w;

	if (!json) {
		fprintf(out, "\nchain: %u packages of %u case%s, %u of them acts\n", r->packages,
			r->cases, r->cases == 1 ? "" : "s", r->acts);
		for (unsigned i = 0; i < r->check.n; i++)
			fprintf(out, "%s  chain: %s\n", mark, r->check.text[i]);
		if (r->check.more > 0)
			fprintf(out, "%s  chain: and %u more of this kind\n", mark, r->check.more);
		if (r->check.state == KT_VS_OK)
			fputs("ok    chain: every act is about packages that are here, in order\n",
			      out);
		fprintf(out, "chain: %s\n", kt_verdict_name(r->verdict));
		return;
	}
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kuint(&w, "acts", r->acts);
	kt_jw_kuint(&w, "cases", r->cases);
	kt_jw_key(&w, "findings");
	kt_jw_arr(&w);
	for (unsigned i = 0; i < r->check.n; i++)
		kt_jw_str(&w, r->check.text[i]);
	kt_jw_arr_end(&w);
	kt_jw_kuint(&w, "findings_left_out", r->check.more);
	kt_jw_kuint(&w, "packages", r->packages);
	kt_jw_kstr(&w, "result", kt_verdict_name(r->verdict));
	kt_jw_kstr(&w, "schema", "keten-verify-chain-1");
	kt_jw_obj_end(&w);
	kt_buf_putc(&b, '\n');
	if (!b.failed)
		fwrite(b.p, 1, b.len, out);
	kt_buf_free(&b);
}
