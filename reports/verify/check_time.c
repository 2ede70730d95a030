/* SPDX-License-Identifier: EUPL-1.2 */
/* Time-stamps: what outside clocks say of the opening and of the signatures. */
#include <string.h>

#include "core/err.h"
#include "core/time.h"
#include "reports/verify/check.h"

static void keep(const struct kt_token *t, struct kt_verify_token *out)
{
	out->gen_us = t->gen_us;
	out->accuracy_us = t->accuracy_us;
	memcpy(out->tsa, t->tsa.subject, sizeof(out->tsa));
	memcpy(out->policy, t->policy, sizeof(out->policy));
	memcpy(out->serial, t->serial, sizeof(out->serial));
	memcpy(out->cert_sha256, t->tsa.cert_sha256, sizeof(out->cert_sha256));
}

/* Of a token that holds: is its authority believed? */
static enum kt_verify_stamp believe(struct kt_vf *c, enum kt_verify_id id, const char *name,
				    const struct kt_token *t)
{
	if (kt_trust_tsa(c->trust) == NULL) {
		kt_vf_unsure(c, id,
			     "no anchors of time-stamp authorities were given: whether %s is to be "
			     "believed cannot be judged",
			     t->tsa.subject);
		return KT_VT_UNKNOWN;
	}
	if (t->tsa.chain_ok)
		return KT_VT_BELIEVED;
	kt_vf_fail(c, id, "%s: %s is not among those whose time is believed: %s", name,
		   t->tsa.subject, t->tsa.chain_text);
	return KT_VT_BAD;
}

void kt_vf_token(struct kt_vf *c, enum kt_verify_id id, const char *name, const struct kt_buf *der,
		 const struct kt_buf *content, struct kt_token *t, struct kt_verify_token *out,
		 int64_t *us)
{
	const struct kt_trust *tsa = kt_trust_tsa(c->trust);
	struct kt_err err = {0};
	int r = kt_token_verify(der->p, der->len, content->p, content->len, tsa, t, &err);

	out->state = KT_VT_BAD;
	if (r < 0) {
		kt_vf_fail(c, id, "%s: %s", name, kt_err_text(&err));
		return;
	}
	keep(t, out);
	out->state = believe(c, id, name, t);
	if (out->state == KT_VT_BELIEVED)
		*us = t->gen_us;
}

/* Loads a token that may be absent. */
static int load(struct kt_vf *c, enum kt_verify_id id, const char *name, struct kt_buf *der,
		bool *found)
{
	*found = false;
	if (kt_zip_find(&c->zip, name) == NULL)
		return 0;
	return kt_vf_load(c, id, name, KT_TSP_MAX, der, found);
}

/* The first line with its newline: what the session began with, its nonce in it. */
static struct kt_buf first_line(const struct kt_buf *log)
{
	const uint8_t *nl = log->len == 0 ? NULL : memchr(log->p, '\n', log->len);
	struct kt_buf line = *log;

	line.len = nl == NULL ? 0 : (size_t)(nl - log->p) + 1;
	return line;
}

int kt_vf_tokens(struct kt_vf *c)
{
	struct kt_verify_result *res = c->res;
	struct kt_buf der, line = first_line(&c->custody_raw);
	bool found = false;
	int r;

	kt_buf_init(&der, 0);
	r = load(c, KT_V_OPEN_TIME, KT_PKG_OPEN_TOKEN, &der, &found);
	if (r == 0 && found)
		kt_vf_token(c, KT_V_OPEN_TIME, KT_PKG_OPEN_TOKEN, &der, &line, &c->open_token,
			    &res->open_token, &c->open_us);
	if (r == 0)
		r = load(c, KT_V_SEAL_TIME, KT_PKG_SIGNATURE, &c->p7s_raw, &found);
	kt_buf_reset(&der);
	if (r == 0)
		r = load(c, KT_V_SEAL_TIME, KT_PKG_TOKEN, &der, &found);
	if (r == 0 && found)
		kt_vf_token(c, KT_V_SEAL_TIME, KT_PKG_TOKEN, &der, &c->p7s_raw, &c->seal_token,
			    &res->seal_token, &c->seal_us);
	res->anchored = c->seal_us != 0;
	kt_buf_free(&der);
	return r;
}

void kt_vf_revocation(struct kt_vf *c, const struct kt_signer *s)
{
	if (s->revocation == KT_REVOKED)
		kt_vf_fail(c, KT_V_REVOCATION, "the certificate of %s: %s", s->subject,
			   s->chain_text);
	if (s->revocation == KT_REVOCATION_OPEN)
		kt_vf_unsure(
			c, KT_V_REVOCATION,
			"no list that was given says whether the certificate of %s was revoked "
			"at that time",
			s->subject);
}

static void apart(struct kt_vf *c, enum kt_verify_id id, const struct kt_token *t,
		  enum kt_verify_stamp state)
{
	const struct kt_verify_result *res = c->res;
	const struct kt_signer *others[] = {res->have_operator ? &res->operator_cert : NULL,
					    res->have_authoriser ? &res->authoriser_cert : NULL};
	struct kt_err err = {0};

	if (state == KT_VT_NONE || state == KT_VT_BAD)
		return;
	kt_vf_revocation(c, &t->tsa);
	for (size_t i = 0; i < 2; i++)
		if (others[i] != NULL && kt_token_apart(t, others[i], &err) < 0)
			kt_vf_fail(c, id, "%s", kt_err_text(&err));
}

/* One concerned package: data/attachments/<its SHA-256>.tst has to be a token over that hash. */
static int check_later(struct kt_vf *c, const char *sha_hex)
{
	const struct kt_trust *tsa = kt_trust_tsa(c->trust);
	char name[sizeof(KT_PKG_ATTACH_DIR) + KT_SHA256_HEX + 8];
	struct kt_verify_token *out = &c->res->later_token;
	uint8_t sha[KT_SHA256_LEN];
	struct kt_err err = {0};
	struct kt_token t;
	struct kt_buf der;
	bool found = false;
	int r;

	if (!kt_unhex(sha_hex, sha, sizeof(sha)))
		return 0; /* named by the check of the act */
	snprintf(name, sizeof(name), KT_PKG_ATTACH_DIR "%s.tst", sha_hex);
	kt_buf_init(&der, 0);
	r = kt_vf_load(c, KT_V_SEAL_TIME, name, KT_TSP_MAX, &der, &found);
	if (r == 0 && found) {
		enum kt_verify_stamp state = KT_VT_BAD;

		if (kt_token_verify_digest(der.p, der.len, sha, tsa, &t, &err) < 0)
			kt_vf_fail(c, KT_V_SEAL_TIME, "%s: %s", name, kt_err_text(&err));
		else
			state = believe(c, KT_V_SEAL_TIME, name, &t);
		if (c->res->later_token.state == KT_VT_NONE || state == KT_VT_BAD) {
			out->state = state;
			keep(&t, out);
		}
		apart(c, KT_V_SEAL_TIME, &t, state);
	}
	kt_buf_free(&der);
	return r;
}

int kt_vf_roles(struct kt_vf *c)
{
	const struct kt_verify_result *res = c->res;
	int r = 0;

	apart(c, KT_V_OPEN_TIME, &c->open_token, res->open_token.state);
	apart(c, KT_V_SEAL_TIME, &c->seal_token, res->seal_token.state);
	apart(c, KT_V_SEAL_TIME, &c->xades_token, res->xades_token.state);
	for (unsigned i = 0; res->type == KT_PT_TIMESTAMP && i < res->nconcerns && r == 0; i++)
		r = check_later(c, res->concerns[i]);
	kt_vf_done(c, KT_V_OPEN_TIME);
	kt_vf_done(c, KT_V_SEAL_TIME);
	kt_vf_done(c, KT_V_REVOCATION);
	return r;
}
