/* SPDX-License-Identifier: EUPL-1.2 */
/* Who signed what, under which authority, and when that is said to have been. */
#include <string.h>
#include <strings.h>

#include "core/err.h"
#include "core/request.h"
#include "core/time.h"
#include "core/tr.h"
#include "reports/verify/check.h"

#define P7S_MAX	  ((size_t)1 << 20)
#define TAGS_MAX  ((size_t)4 << 20)
#define SLACK_US  (INT64_C(300) * KT_US_PER_S)	 /* between clocks of one station */
#define FUTURE_US (INT64_C(86400) * KT_US_PER_S) /* between stations */

/*
 * Is the signature over these bytes right? A finding of check id otherwise. *right false: s holds
 * nothing to rely on.
 */
static int check_cms(struct kt_vf *c, enum kt_verify_id id, const char *sig_name,
		     const struct kt_buf *content, struct kt_buf *der, struct kt_signer *s,
		     bool *right)
{
	struct kt_err err = {0};
	bool found = false;
	int r;

	*right = false;
	r = kt_vf_load(c, id, sig_name, P7S_MAX, der, &found);
	if (r < 0 || !found)
		return r;
	r = kt_cms_verify(der->p, der->len, content->p, content->len, c->trust, c->now_us, s, &err);
	if (kt_vf_is_ours(r)) {
		*c->err = err;
		return r;
	}
	if (r < 0) {
		kt_vf_fail(c, id, "%s: %s", sig_name, kt_err_text(&err));
		return 0;
	}
	*right = true;
	return 0;
}

/* A time at which a certificate has to hold, and how it is called. */
struct moment {
	int64_t us; /* as somebody claims */
	const char *when;
	int64_t stamped_us; /* as a time-stamp shows it was used by; 0: none does */
	bool exact; /* made at once: that time replaces the claimed one, and today's counts no more */
};

static bool holds_at(struct kt_vf *c, const struct kt_buf *der, const struct kt_buf *content,
		     int64_t us, struct kt_signer *s)
{
	if (kt_cms_verify(der->p, der->len, content->p, content->len, c->trust, us, s, NULL) < 0)
		return false;
	kt_vf_revocation(c, s);
	return s->chain_ok;
}

/* Does the signer's certificate lead to an anchor, when it was used and, without a token, now? */
static void check_chain(struct kt_vf *c, enum kt_verify_id id, const struct kt_buf *der,
			const struct kt_buf *content, const struct kt_signer *now_s,
			const struct moment *m)
{
	bool stamped = m->stamped_us != 0;
	struct kt_signer s;
	char t[KT_TIME_TEXT];

	if (!now_s->may_sign)
		kt_vf_fail(c, id, "the certificate of %s is not for signing", now_s->subject);
	if (c->trust == NULL) {
		kt_vf_unsure(c, id,
			     "no trust anchors were given: whether %s is who they say cannot be "
			     "judged",
			     now_s->subject);
		return;
	}
	if (m->us == 0) {
		kt_vf_unsure(c, id, "it is not known at what time the certificate has to hold");
		return;
	}
	if (!(stamped && m->exact) && !holds_at(c, der, content, m->us, &s)) {
		kt_vf_fail(c, id, "the certificate of %s does not hold %s (%s): %s", now_s->subject,
			   m->when, kt_time_text(m->us, t), s.chain_text);
		return;
	}
	if (stamped && !holds_at(c, der, content, m->stamped_us, &s)) {
		if (m->exact)
			kt_vf_fail(c, id,
				   "the certificate of %s does not hold at the time-stamp (%s): %s",
				   now_s->subject, kt_time_text(m->stamped_us, t), s.chain_text);
		else
			kt_vf_unsure(c, id,
				     "the certificate of %s held %s, but not at the time-stamp "
				     "(%s): %s",
				     now_s->subject, m->when, kt_time_text(m->stamped_us, t),
				     s.chain_text);
	} else if (!stamped && !now_s->chain_ok) {
		kt_vf_unsure(c, id,
			     "the certificate of %s held %s, but does not hold today (%s), and no "
			     "time-stamp shows that it was used before",
			     now_s->subject, m->when, now_s->chain_text);
	}
}

int kt_vf_signature(struct kt_vf *c)
{
	struct kt_verify_result *res = c->res;
	struct kt_signer *s = &res->operator_cert;
	struct kt_buf der;
	bool found = false, right = false;
	int r;

	kt_buf_init(&der, 0);
	r = kt_vf_load(c, KT_V_SIGNATURE, KT_PKG_TAGS256, TAGS_MAX, &c->tags_raw, &found);
	if (r < 0 || !found)
		goto out;
	r = check_cms(c, KT_V_SIGNATURE, KT_PKG_SIGNATURE, &c->tags_raw, &der, s, &right);
	if (r < 0 || !right)
		goto out;
	res->have_operator = true;
	r = kt_sha256_hex(c->tags_raw.p, c->tags_raw.len, res->tags_sha256, c->err);
	if (r < 0)
		goto out;
	if (!s->has_cades)
		kt_vf_fail(c, KT_V_SIGNATURE, "%s: does not name its certificate (not CAdES)",
			   KT_PKG_SIGNATURE);
	kt_vf_done(c, KT_V_SIGNATURE);
	check_chain(c, KT_V_OPERATOR, &der, &c->tags_raw, s,
		    &(struct moment){s->signing_time_us,
				     N_("when the package is said to be signed"), c->seal_us,
				     true});
	kt_vf_done(c, KT_V_OPERATOR);
out:
	kt_buf_free(&der);
	return r;
}

static void check_authority(struct kt_vf *c)
{
	const struct kt_signer *a = &c->res->authoriser_cert, *o = &c->res->operator_cert;

	if (!c->res->have_authoriser)
		return;
	if (!a->authoriser && c->trust == NULL)
		kt_vf_unsure(
			c, KT_V_AUTHORITY,
			"the certificate of %s does not say that it is an authoriser's, and no "
			"list of authorisers was given",
			a->subject);
	else if (!a->authoriser)
		kt_vf_fail(c, KT_V_AUTHORITY, "%s is no authoriser", a->subject);
	if (!c->res->have_operator)
		return;
	if (memcmp(a->key_sha256, o->key_sha256, KT_SHA256_LEN) == 0 ||
	    memcmp(a->cert_sha256, o->cert_sha256, KT_SHA256_LEN) == 0 ||
	    strcmp(a->subject, o->subject) == 0)
		kt_vf_fail(c, KT_V_AUTHORITY, "the operator signed the mandate: %s", o->subject);
	if (o->authoriser)
		kt_vf_fail(c, KT_V_AUTHORITY, "the operator's certificate is an authoriser's: %s",
			   o->subject);
	kt_vf_done(c, KT_V_AUTHORITY);
}

/* Which phone a source says it comes from, and which one the case is about. */
static void check_origin(struct kt_vf *c)
{
	if (c->log_source_id[0] != '\0' && strcasecmp(c->log_source_id, c->device) != 0)
		kt_vf_fail(c, KT_V_MANDATE, "the source comes from the phone %s, not %s",
			   c->log_source_id, c->device);
	if (c->log_source_id[0] == '\0' && c->mandate->device_identifier == NULL &&
	    strcmp(c->device, "unknown") != 0)
		kt_vf_fail(c, KT_V_MANDATE,
			   "the case is about the phone %s, which neither mandate nor source name",
			   c->device);
}

/* What the mandate says, held against session and phone. */
static void check_terms(struct kt_vf *c)
{
	const struct kt_mandate *m = c->mandate;
	char a[KT_TIME_TEXT], b[KT_TIME_TEXT];

	if (c->session_us < m->not_before_us || c->session_us >= m->not_after_us)
		kt_vf_fail(c, KT_V_MANDATE,
			   "the session was opened at %s, outside the mandate's validity, which "
			   "ended at %s",
			   kt_time_text(c->session_us, a), kt_time_text(m->not_after_us, b));
	if (strcmp(m->mandate_id, c->log_mandate_id) != 0 ||
	    strcmp(m->mandate_id, c->case_mandate_id) != 0)
		kt_vf_fail(c, KT_V_MANDATE, "case or log name a mandate other than %s",
			   m->mandate_id);
	if (strcmp(m->device_kind, c->device_kind) != 0)
		kt_vf_fail(c, KT_V_MANDATE, "the mandate is for another kind of phone");
	if (m->device_identifier != NULL && strcmp(m->device_identifier, c->device) != 0)
		kt_vf_fail(c, KT_V_MANDATE, "the mandate is for the phone %s, the case for %s",
			   m->device_identifier, c->device);
	if (c->log_device[0] != '\0' && strcmp(c->log_device, c->device) != 0)
		kt_vf_fail(c, KT_V_MANDATE, "the phone that was read calls itself %s, not %s",
			   c->log_device, c->device);
	if (kt_form_find(c->form) != 0 && (m->device_forms & kt_form_find(c->form)) == 0)
		kt_vf_fail(c, KT_V_MANDATE, "the mandate does not allow to read a %s", c->form);
	if (c->log_form[0] != '\0')
		check_origin(c);
	kt_vf_done(c, KT_V_MANDATE);
}

/* What an act that brings a mandate along says of it. */
static void check_act_terms(struct kt_vf *c)
{
	if (strcmp(c->mandate->mandate_id, c->act_mandate_id) != 0 ||
	    strcmp(c->mandate_sha256, c->act_mandate) != 0)
		kt_vf_fail(c, KT_V_MANDATE, "the act names another mandate than the one beside it");
	kt_vf_done(c, KT_V_MANDATE);
}

static int parse_mandate(struct kt_vf *c)
{
	struct kt_err err = {0};
	int r = kt_sha256_hex(c->mandate_raw.p, c->mandate_raw.len, c->mandate_sha256, c->err);

	if (r < 0)
		return r;
	r = kt_mandate_parse(c->mandate_raw.p, c->mandate_raw.len, &c->mandate, &err);
	if (kt_vf_is_ours(r)) {
		*c->err = err;
		return r;
	}
	if (r < 0)
		kt_vf_fail(c, KT_V_MANDATE, "%s", kt_err_text(&err));
	return 0;
}

/* Authority has to hold when it is used, at the session, and when it was given. */
static void check_authoriser(struct kt_vf *c, const struct kt_buf *der, const struct kt_signer *s)
{
	/* the first line of the log holds the mandate's hash */
	bool opened = c->open_us != 0;
	int64_t stamped = opened ? c->open_us : c->seal_us;

	if (c->res->type == KT_PT_ACQUISITION)
		check_chain(c, KT_V_AUTHORISER, der, &c->mandate_raw, s,
			    &(struct moment){c->session_us, N_("when the session was opened"),
					     stamped, opened});
	if (s->signing_time_us != 0 && c->trust != NULL)
		check_chain(c, KT_V_AUTHORISER, der, &c->mandate_raw, s,
			    &(struct moment){s->signing_time_us,
					     N_("when the mandate is said to be signed"), stamped,
					     false});
}

int kt_vf_mandate(struct kt_vf *c)
{
	struct kt_signer *s = &c->res->authoriser_cert;
	struct kt_buf der;
	bool found = false, right = false;
	int r;

	if (!c->res->applies[KT_V_MANDATE_SIG])
		return 0;
	kt_buf_init(&der, 0);
	r = kt_vf_load(c, KT_V_MANDATE_SIG, KT_PKG_MANDATE, KT_MANDATE_MAX_BYTES, &c->mandate_raw,
		       &found);
	if (r < 0 || !found)
		goto out;
	r = parse_mandate(c);
	if (r == 0)
		r = check_cms(c, KT_V_MANDATE_SIG, KT_PKG_MANDATE_SIG, &c->mandate_raw, &der, s,
			      &right);
	if (r < 0)
		goto out;
	if (right) {
		c->res->have_authoriser = true;
		kt_vf_done(c, KT_V_MANDATE_SIG);
		check_authoriser(c, &der, s);
		kt_vf_done(c, KT_V_AUTHORISER);
	}
	check_authority(c);
	if (c->mandate != NULL && c->have_log && c->case_id[0] != '\0' &&
	    c->res->type == KT_PT_ACQUISITION)
		check_terms(c);
	if (c->mandate != NULL && c->have_act)
		check_act_terms(c);
out:
	kt_buf_free(&der);
	return r;
}

int kt_vf_times(struct kt_vf *c)
{
	const struct {
		int64_t us;
		const char *what;
		bool optional;
	} order[] = {
		{c->mandate != NULL ? c->mandate->issued_at_us : 0, N_("the mandate's issue"),
		 false},
		{c->session_us, N_("the opening of the session"), false},
		{c->open_us, N_("the time-stamp of the opening"), true},
		{c->have_seal_cert ? c->seal_cert.signing_time_us : 0, N_("the seal's signature"),
		 false},
		{c->sealing_us, N_("the sealing of the package"), false},
		{c->res->have_operator ? c->res->operator_cert.signing_time_us : 0,
		 N_("the package's signature"), false},
		{c->seal_us, N_("the package's time-stamp"), true},
		{c->now_us + FUTURE_US, N_("this verification"), false},
	};
	const size_t n = sizeof(order) / sizeof(order[0]);
	size_t before = n;

	/*
	 * A clock that was set right during a session looks the same as one that was set wrong: out
	 * of order is a question for people and no failure.
	 */
	for (size_t i = 0; i < n; i++) {
		if (order[i].us == 0 && !order[i].optional && c->res->type == KT_PT_ACQUISITION)
			return 0; /* the reason is named elsewhere */
		if (order[i].us == 0)
			continue; /* an act has no session and no seal, and not always a mandate */
		if (before < n && order[before].us > order[i].us + SLACK_US)
			kt_vf_unsure(c, KT_V_TIMES, "%s is said to be later than %s",
				     order[before].what, order[i].what);
		before = i;
	}
	kt_vf_done(c, KT_V_TIMES);
	return 0;
}
