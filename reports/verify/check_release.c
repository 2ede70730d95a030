/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A release: its own log, who did it, and whether a second person agreed where the mandate wants one
 * (docs/formats/release.md). What it found can't be judged without the releaser's key.
 */
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "reports/verify/check.h"

#define P7S_MAX	   ((size_t)1 << 20)
#define SECOND	   KT_PKG_ATTACH_DIR "second.json"
#define SECOND_SIG KT_PKG_ATTACH_DIR "second.json.p7s"

static bool same(const struct kt_jv *o, const char *key, const char *want)
{
	const char *s = kt_jv_str(o, key);

	return s != NULL && strcmp(s, want) == 0;
}

static void misplaced(struct kt_vf *c, uint64_t seq, const char *event, const char *why)
{
	kt_vf_fail(c, KT_V_ACT, "log line %llu: %s %s", (unsigned long long)seq, event, why);
}

/* Once, and before the report that it stands beside, as in an acquisition's log. */
static void on_statement(struct kt_vf *c, uint64_t seq, const char *event, const struct kt_jv *d)
{
	const char *sha = kt_jv_str(d, "statement_sha256");

	if (c->log_statement[0] != '\0')
		misplaced(c, seq, event, "stands a second time");
	if (c->log_report[0] != '\0')
		misplaced(c, seq, event, "comes behind the report");
	if (sha == NULL || strlen(sha) >= KT_SHA256_HEX)
		misplaced(c, seq, event, "names no statement");
	else
		memcpy(c->log_statement, sha, strlen(sha) + 1);
}

int kt_vf_release_line(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		       struct kt_err *err)
{
	struct kt_vf *c = arg;
	const struct kt_jv *d = kt_jv_get(line, "detail");
	bool opens = strcmp(event, "release.open") == 0;
	const char *sha = kt_jv_str(d, "report_sha256");

	(void)err;
	if ((seq == 1) != opens)
		misplaced(c, seq, event, "stands where it does not belong");
	if ((opens || strcmp(event, "release.resume") == 0) &&
	    (c->res->nconcerns != 1 || !same(d, "acquisition_sha256", c->res->concerns[0]) ||
	     !same(d, "envelope_sha256", c->res->envelope_sha256) ||
	     !same(d, "releaser_cert_sha256", c->act_releaser) ||
	     !same(d, "second_cert_sha256", c->act_second)))
		misplaced(c, seq, event,
			  "tells of another acquisition, envelope, releaser or second");
	if (strcmp(event, "envelope.opened") == 0)
		c->envelope_opened = true;
	if (strcmp(event, "item.opened") == 0 && !c->envelope_opened)
		misplaced(c, seq, event, "comes before the envelope was opened");
	if (strcmp(event, "statement.added") == 0)
		on_statement(c, seq, event, d);
	if (strcmp(event, "report.made") == 0 && sha != NULL && strlen(sha) < KT_SHA256_HEX)
		memcpy(c->log_report, sha, strlen(sha) + 1);
	c->log_ended = strcmp(event, "package.sealing") == 0 && same(d, "package", c->package);
	return 0;
}

void kt_vf_release_detail(struct kt_vf *c, const struct kt_jv *d)
{
	const char *envelope = kt_jv_str(d, "envelope_sha256");
	const char *releaser = kt_jv_str(d, "releaser_cert_sha256");
	const char *second = kt_jv_str(d, "second_cert_sha256");

	if (second == NULL || strlen(second) >= KT_SHA256_HEX)
		kt_vf_fail(c, KT_V_ACT, "the release does not say whether a second person agreed");
	else
		memcpy(c->act_second, second, strlen(second) + 1);
	if (c->res->nconcerns != 1 || envelope == NULL || strlen(envelope) >= KT_SHA256_HEX ||
	    releaser == NULL || strlen(releaser) >= KT_SHA256_HEX) {
		kt_vf_fail(c, KT_V_ACT,
			   "a release is of one acquisition, and names envelope and releaser");
		return;
	}
	memcpy(c->res->envelope_sha256, envelope, strlen(envelope) + 1);
	memcpy(c->act_releaser, releaser, strlen(releaser) + 1);
}

static bool is_releaser(const struct kt_vf *c, const struct kt_signer *s)
{
	char hex[KT_SHA256_HEX];

	kt_hex(s->cert_sha256, KT_SHA256_LEN, hex);
	for (size_t i = 0; i < c->mandate->nreleasers; i++)
		if (strcmp(hex, c->mandate->releasers[i]) == 0)
			return true;
	return false;
}

/* What the second person signed is about this release. */
static void check_statement(struct kt_vf *c, const struct kt_buf *b)
{
	struct kt_jdoc *doc = NULL;
	const struct kt_jv *o;

	if (kt_jdoc_parse(b->p, b->len, &doc, NULL) < 0) {
		kt_vf_fail(c, KT_V_AUTHORITY, "%s is no statement", SECOND);
		return;
	}
	o = kt_jdoc_root(doc);
	if (!same(o, "format", "keten-second-1") || c->res->nconcerns != 1 ||
	    !same(o, "acquisition_sha256", c->res->concerns[0]) ||
	    !same(o, "envelope_sha256", c->res->envelope_sha256) || !same(o, "case_id", c->case_id))
		kt_vf_fail(c, KT_V_AUTHORITY, "the second person agreed to another release");
	kt_jdoc_free(&doc);
}

static int check_second(struct kt_vf *c)
{
	const struct kt_signer *first = &c->res->operator_cert;
	struct kt_buf text, der;
	struct kt_signer s;
	struct kt_err err = {0};
	bool found = false, signed_too = false;
	int r;

	kt_buf_init(&text, 0);
	kt_buf_init(&der, 0);
	r = kt_vf_load(c, KT_V_AUTHORITY, SECOND, P7S_MAX, &text, &found);
	if (r == 0 && found)
		r = kt_vf_load(c, KT_V_AUTHORITY, SECOND_SIG, P7S_MAX, &der, &signed_too);
	if (r == 0 && signed_too) {
		r = kt_cms_verify(der.p, der.len, text.p, text.len, c->trust, c->now_us, &s, &err);
		if (kt_vf_is_ours(r)) {
			*c->err = err;
		} else if (r < 0) {
			kt_vf_fail(c, KT_V_AUTHORITY, "%s: %s", SECOND_SIG, kt_err_text(&err));
			r = 0;
		} else {
			char hex[KT_SHA256_HEX];

			check_statement(c, &text);
			kt_hex(s.cert_sha256, KT_SHA256_LEN, hex);
			if (strcmp(hex, c->act_second) != 0)
				kt_vf_fail(c, KT_V_AUTHORITY,
					   "the release names another second person than %s",
					   s.subject);
			if (!is_releaser(c, &s))
				kt_vf_fail(c, KT_V_AUTHORITY,
					   "the mandate does not name %s as a releaser", s.subject);
			if (memcmp(s.key_sha256, first->key_sha256, KT_SHA256_LEN) == 0 ||
			    strcmp(s.subject, first->subject) == 0)
				kt_vf_fail(c, KT_V_AUTHORITY, "the second person is the first: %s",
					   s.subject);
		}
	}
	kt_buf_free(&text);
	kt_buf_free(&der);
	return r;
}

int kt_vf_release(struct kt_vf *c)
{
	char hex[KT_SHA256_HEX];

	if (c->res->type != KT_PT_RELEASE)
		return 0;
	if (c->custody_raw.len > 0 && (!c->log_ended || c->log_report[0] == '\0'))
		kt_vf_fail(c, KT_V_ACT,
			   "the log of the release names no report, or does not end with this "
			   "package");
	c->have_log = true; /* the report is held against it */
	if (!c->res->have_operator || c->mandate == NULL)
		return 0;
	kt_hex(c->res->operator_cert.cert_sha256, KT_SHA256_LEN, hex);
	if (strcmp(hex, c->act_releaser) != 0)
		kt_vf_fail(c, KT_V_ACT, "it was signed by another than the releaser it names");
	if (!is_releaser(c, &c->res->operator_cert))
		kt_vf_fail(c, KT_V_AUTHORITY, "the mandate does not name %s as a releaser",
			   c->res->operator_cert.subject);
	if (!c->mandate->two_stage)
		kt_vf_fail(c, KT_V_MANDATE, "the mandate asks for no release");
	if (c->sealing_us >= c->mandate->released_until_us)
		kt_vf_fail(c, KT_V_AUTHORITY,
			   "it was made when the mandate let this data be kept no longer");
	return c->mandate->second || c->act_second[0] != '\0' ||
			       kt_zip_find(&c->zip, SECOND) != NULL
		       ? check_second(c)
		       : 0;
}
