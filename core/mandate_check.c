/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The mandate against its signature and the moment: who signed, who operates, which phone, when.
 * Signature first, so that no other refusal speaks about bytes that nobody vouched for.
 */
#include "core/mandate.h"
#include "core/err.h"
#include "core/time.h"

#include <string.h>

#define REFUSE(err, name, ...) KT_FAIL((err), KT_E_REFUSED, name ": " __VA_ARGS__)

static int check_signature(const struct kt_mandate *m, const void *p, size_t n, const void *p7s,
			   size_t p7s_len, const struct kt_trust *trust, int64_t now,
			   struct kt_signer *s, struct kt_err *err)
{
	uint8_t sha[KT_SHA256_LEN];
	struct kt_err why;
	int r = kt_sha256(p, n, sha, err);

	if (r < 0)
		return r;
	if (memcmp(sha, m->sha256, sizeof(sha)) != 0)
		return KT_FAIL(err, KT_E_INTERNAL, "these are not the bytes that were parsed");
	if (p7s == NULL || p7s_len == 0)
		return REFUSE(err, "signature-missing",
			      "there is no signature; put mandate.json.p7s beside the mandate");
	kt_err_clear(&why);
	r = kt_cms_verify(p7s, p7s_len, p, n, trust, now, s, &why);
	if (r == KT_E_INVALID)
		return REFUSE(err, "signature-invalid", "%.80s; ask the authoriser to sign again",
			      why.n > 0 ? why.frame[0].text : "it does not hold");
	if (r < 0)
		return KT_FAIL(err, r, "%s", kt_err_text(&why));
	return 0;
}

static bool same_person(const struct kt_signer *a, const struct kt_signer *b)
{
	return memcmp(a->key_sha256, b->key_sha256, KT_SHA256_LEN) == 0 ||
	       memcmp(a->cert_sha256, b->cert_sha256, KT_SHA256_LEN) == 0;
}

static int check_signer(const struct kt_signer *s, const struct kt_mandate_use *use,
			struct kt_err *err)
{
	if (use->trust != NULL && !s->chain_ok)
		return REFUSE(err, "signer-not-trusted",
			      "the authoriser's certificate leads to no trusted one: %.50s",
			      s->chain_text);
	if (use->operator_cert != NULL && same_person(s, use->operator_cert))
		return REFUSE(
			err, "signer-is-operator",
			"the mandate is signed with the operator's own key; another person must "
			"authorise");
	if (!s->may_sign)
		return REFUSE(err, "signer-key-usage",
			      "the signer's certificate is not for signing; use one that is");
	if (!s->authoriser)
		return REFUSE(
			err, "signer-not-authoriser",
			"the signer's certificate is not an authoriser's; let an authoriser sign");
	return 0;
}

static int check_operator(const struct kt_mandate_use *use, struct kt_err *err)
{
	const struct kt_signer *o = use->operator_cert;

	if (o == NULL)
		return 0;
	if (use->trust != NULL && !o->chain_ok)
		return REFUSE(err, "operator-not-trusted",
			      "the operator's certificate leads to no trusted one: %.50s",
			      o->chain_text);
	if (!o->may_sign)
		return REFUSE(err, "operator-key-usage",
			      "the operator's certificate is not for signing; use one that is");
	if (o->authoriser)
		return REFUSE(
			err, "operator-is-authoriser",
			"the operator's certificate is an authoriser's; operate with another one");
	return 0;
}

static int check_moment(const struct kt_mandate *m, const struct kt_mandate_use *use, int64_t now,
			struct kt_err *err)
{
	char t[KT_TIME_TEXT];

	if (now < m->not_before_us)
		return REFUSE(err, "not-yet-valid", "the mandate holds from %s on; wait until then",
			      kt_time_text(m->not_before_us, t));
	if (now >= m->not_after_us)
		return REFUSE(err, "expired", "the mandate ended at %s; ask for a new one",
			      kt_time_text(m->not_after_us, t));
	if (use->sessions_used >= m->max_sessions)
		return REFUSE(err, "sessions-used-up",
			      "all %lld sessions of this mandate are used up; ask for a new one",
			      (long long)m->max_sessions);
	return 0;
}

static int check_device(const struct kt_mandate *m, const struct kt_mandate_use *use,
			struct kt_err *err)
{
	if (use->device_kind != NULL && strcmp(use->device_kind, m->device_kind) != 0)
		return REFUSE(err, "wrong-device", "the mandate is for %s, this phone is %s",
			      m->device_kind, use->device_kind);
	if (use->device_identifier != NULL && m->device_identifier != NULL &&
	    strcmp(use->device_identifier, m->device_identifier) != 0)
		return REFUSE(err, "wrong-device",
			      "the mandate names another phone (%.48s); connect that one",
			      m->device_identifier);
	return 0;
}

static int check_sources(const struct kt_mandate *m, const struct kt_mandate_use *use,
			 struct kt_err *err)
{
	for (size_t i = 0; use->sources != NULL && i < m->nscope; i++) {
		const char *const *s = use->sources;

		while (*s != NULL && strcmp(*s, m->scope[i].source) != 0)
			s++;
		if (*s == NULL)
			return REFUSE(err, "unknown-source",
				      "scope %s names the source %s, which this version can't read",
				      m->scope[i].id, m->scope[i].source);
	}
	return 0;
}

int kt_mandate_check(const struct kt_mandate *m, const void *p, size_t n, const void *p7s,
		     size_t p7s_len, const struct kt_mandate_use *use, struct kt_signer *signer,
		     struct kt_err *err)
{
	int64_t now = use->now_us != 0 ? use->now_us : kt_time_now();
	struct kt_signer s;
	int r;

	memset(&s, 0, sizeof(s));
	r = check_signature(m, p, n, p7s, p7s_len, use->trust, now, &s, err);
	if (signer != NULL)
		*signer = s;
	if (r == 0)
		r = check_signer(&s, use, err);
	if (r == 0)
		r = check_operator(use, err);
	if (r == 0)
		r = check_moment(m, use, now, err);
	if (r == 0)
		r = check_device(m, use, err);
	if (r == 0)
		r = check_sources(m, use, err);
	if (r == 0 && use->trust == NULL)
		r = KT_FAIL(
			err, KT_E_UNDETERMINED,
			"no-trust-anchor: nobody vouches for the signer; give the CA certificates");
	return r;
}

const char *kt_mandate_template(void)
{
	return "{\n"
	       "  \"format\": \"" KT_MANDATE_FORMAT "\",\n"
	       "  \"mandate_id\": \"<unique id, letters, digits, . and ->\",\n"
	       "  \"issuer\": \"<service and person that authorise>\",\n"
	       "  \"case_ref\": \"<pseudonymous case reference>\",\n"
	       "  \"purpose\": \"<identity, claim-examination or security>\",\n"
	       "  \"legal_basis\": {\n"
	       "    \"code\": \"<short code of the rule>\",\n"
	       "    \"text\": \"<the rule and what it allows>\"\n"
	       "  },\n"
	       "  \"mode\": \"<consent or order>\",\n"
	       "  \"necessity\": {\n"
	       "    \"question\": \"<what is to be found out>\",\n"
	       "    \"less_intrusive_means\": [\n"
	       "      {\n"
	       "        \"means\": \"<what was tried first>\",\n"
	       "        \"result\": \"<why it did not answer the question>\"\n"
	       "      }\n"
	       "    ],\n"
	       "    \"proportionality\": \"<why the reading is in proportion>\"\n"
	       "  },\n"
	       "  \"scope\": [\n"
	       "    {\n"
	       "      \"id\": \"<your name of this row, a-z 0-9 ->\",\n"
	       "      \"source\": \"<what may be read, see keten parsers>\",\n"
	       "      \"fields\": [\"time\", \"position\", \"accuracy\"],\n"
	       "      \"from\": \"<first day, such as 2026-01-31>\",\n"
	       "      \"to\": \"<day after the last, such as 2026-03-01>\",\n"
	       "      \"max_precision_m\": 0,\n"
	       "      \"undated\": \"withhold\",\n"
	       "      \"justification\": \"<why this source, these fields, this period>\"\n"
	       "    }\n"
	       "  ],\n"
	       "  \"exclusions\": [\"message-bodies\", \"contacts\", \"pixels\", \"health\", "
	       "\"cloud\"],\n"
	       "  \"device\": {\n"
	       "    \"kind\": \"android\",\n"
	       "    \"identifier\": \"<serial of the phone; remove the line when not known>\"\n"
	       "  },\n"
	       "  \"subject\": {\n"
	       "    \"minor\": false,\n"
	       "    \"language\": \"<language of the information, such as nl or ti-ER>\"\n"
	       "  },\n"
	       "  \"operator_role\": \"<who may operate>\",\n"
	       "  \"release\": {\n"
	       "    \"two_stage\": false\n"
	       "  },\n"
	       "  \"retention\": {\n"
	       "    \"unreleased_days\": 30,\n"
	       "    \"released_until\": \"<date until which released data is kept>\",\n"
	       "    \"on_expiry\": \"erase-key\"\n"
	       "  },\n"
	       "  \"not_before\": \"<such as 2026-11-22T09:00:00+01:00>\",\n"
	       "  \"not_after\": \"<at most 14 days later>\",\n"
	       "  \"max_sessions\": 1,\n"
	       "  \"issued_at\": \"<when it is signed>\"\n"
	       "}\n";
}
