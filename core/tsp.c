/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/tsp.h"
#include "core/cms_i.h"
#include "core/err.h"
#include "core/json.h"
#include "core/time.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <string.h>

#define CERTS_MAX 16

/* -- request and reply -------------------------------------------------------------------------- */

static bool set_imprint(TS_REQ *req, const uint8_t *digest)
{
	TS_MSG_IMPRINT *mi = TS_MSG_IMPRINT_new();
	X509_ALGOR *alg = X509_ALGOR_new();
	bool ok = mi != NULL && alg != NULL &&
		  X509_ALGOR_set0(alg, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
		  TS_MSG_IMPRINT_set_algo(mi, alg) == 1 &&
		  TS_MSG_IMPRINT_set_msg(mi, (unsigned char *)(uintptr_t)digest, KT_SHA256_LEN) ==
			  1 &&
		  TS_REQ_set_msg_imprint(req, mi) == 1;

	X509_ALGOR_free(alg);
	TS_MSG_IMPRINT_free(mi);
	return ok;
}

static bool set_nonce(TS_REQ *req, const uint8_t *nonce)
{
	BIGNUM *bn = BN_bin2bn(nonce, KT_TSP_NONCE, NULL);
	ASN1_INTEGER *n = bn == NULL ? NULL : BN_to_ASN1_INTEGER(bn, NULL);
	bool ok = n != NULL && TS_REQ_set_nonce(req, n) == 1;

	ASN1_INTEGER_free(n);
	BN_free(bn);
	return ok;
}

int kt_tsp_request(const uint8_t digest[KT_SHA256_LEN], const uint8_t nonce[KT_TSP_NONCE],
		   struct kt_buf *der, struct kt_err *err)
{
	TS_REQ *req = TS_REQ_new();
	unsigned char *out = NULL;
	int len = -1, r = kt_crypto_init(err);

	if (r == 0 && req != NULL && TS_REQ_set_version(req, 1) == 1 && set_imprint(req, digest) &&
	    set_nonce(req, nonce) && TS_REQ_set_cert_req(req, 1) == 1)
		len = i2d_TS_REQ(req, &out);
	r = len > 0 ? kt_buf_put(der, out, (size_t)len)
		    : kt_cms_ssl_fail(err, KT_E_INTERNAL, "time-stamp request");
	OPENSSL_free(out);
	TS_REQ_free(req);
	return r;
}

/* The authority's own words, made harmless. */
static int refusal(const TS_STATUS_INFO *si, long status, struct kt_err *err)
{
	const STACK_OF(ASN1_UTF8STRING) *text = TS_STATUS_INFO_get0_text(si);
	struct kt_buf b;
	const char *words = NULL;
	int r;

	kt_buf_init(&b, 4096);
	if (sk_ASN1_UTF8STRING_num(text) > 0) {
		const ASN1_UTF8STRING *s = sk_ASN1_UTF8STRING_value(text, 0);

		kt_text_escape(&b, (const char *)ASN1_STRING_get0_data(s),
			       (size_t)ASN1_STRING_length(s));
		words = kt_buf_cstr(&b);
	}
	r = KT_FAIL(err, KT_E_REFUSED, "the authority refuses (status %ld)%s%.80s", status,
		    words != NULL ? ": " : "", words != NULL ? words : "");
	kt_buf_free(&b);
	return r;
}

int kt_tsp_reply(const void *der, size_t n, struct kt_buf *token, struct kt_err *err)
{
	const unsigned char *p = der;
	TS_RESP *resp;
	const ASN1_INTEGER *code;
	unsigned char *out = NULL;
	long status;
	int len = -1, r = kt_crypto_init(err);

	if (r < 0)
		return r;
	resp = n == 0 || n > KT_TSP_MAX ? NULL : d2i_TS_RESP(NULL, &p, (long)n);
	if (resp == NULL || p != (const unsigned char *)der + n) {
		TS_RESP_free(resp);
		return kt_cms_ssl_fail(err, KT_E_FORMAT, "the reply is no time-stamp reply");
	}
	code = TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(resp));
	status = ASN1_INTEGER_get(code);
	if (status != 0 && status != 1) {
		r = refusal(TS_RESP_get_status_info(resp), status, err);
	} else {
		if (TS_RESP_get_token(resp) != NULL)
			len = i2d_PKCS7(TS_RESP_get_token(resp), &out);
		r = len > 0 ? kt_buf_put(token, out, (size_t)len)
			    : kt_cms_ssl_fail(err, KT_E_FORMAT, "the reply holds no token");
	}
	OPENSSL_free(out);
	TS_RESP_free(resp);
	ERR_clear_error();
	return r;
}

/* -- token -------------------------------------------------------------------------------------- */

/* Critical, and timeStamping alone (RFC 3161, 2.3). */
static bool is_for_time(X509 *x)
{
	int crit = 0;
	EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(x, NID_ext_key_usage, &crit, NULL);
	bool ok = eku != NULL && crit == 1 && sk_ASN1_OBJECT_num(eku) == 1 &&
		  OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, 0)) == NID_time_stamp;

	EXTENDED_KEY_USAGE_free(eku);
	return ok;
}

/* What a token has to be over: bytes, or a SHA-256 of them. */
struct over {
	const void *content;
	size_t n;
	const uint8_t *sha256; /* or NULL */
};

static int digest_of(const struct over *o, int nid, unsigned char *md, unsigned *len,
		     struct kt_err *err)
{
	EVP_MD *e;
	int ok;

	if (o->sha256 != NULL) {
		*len = nid == NID_sha256 ? KT_SHA256_LEN : 0;
		memcpy(md, o->sha256, KT_SHA256_LEN);
		return 0;
	}
	e = EVP_MD_fetch(NULL, OBJ_nid2sn(nid), NULL);
	ok = e != NULL && EVP_Digest(o->content, o->n, md, len, e, NULL) == 1;
	EVP_MD_free(e);
	return ok ? 0 : KT_FAIL(err, KT_E_INTERNAL, "hashing failed");
}

static int check_imprint(TS_TST_INFO *info, const struct over *o, struct kt_err *err)
{
	TS_MSG_IMPRINT *mi = TS_TST_INFO_get_msg_imprint(info);
	X509_ALGOR *alg = TS_MSG_IMPRINT_get_algo(mi);
	const ASN1_OCTET_STRING *have = TS_MSG_IMPRINT_get_msg(mi);
	int nid = OBJ_obj2nid(alg->algorithm);
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	int r;

	if (nid != NID_sha256 && nid != NID_sha384 && nid != NID_sha512)
		return KT_FAIL(err, KT_E_INVALID, "its digest is not accepted: SHA-256 or longer");
	r = digest_of(o, nid, md, &len, err);
	if (r < 0)
		return r;
	if ((unsigned)ASN1_STRING_length(have) != len ||
	    memcmp(ASN1_STRING_get0_data(have), md, len) != 0)
		return KT_FAIL(err, KT_E_INVALID, "it is over other bytes");
	return 0;
}

static void take_numbers(const TS_TST_INFO *info, struct kt_token *t)
{
	TS_ACCURACY *acc = TS_TST_INFO_get_accuracy((TS_TST_INFO *)(uintptr_t)info);
	const ASN1_INTEGER *sn = TS_TST_INFO_get_serial(info), *nonce = TS_TST_INFO_get_nonce(info);
	BIGNUM *bn = nonce == NULL ? NULL : ASN1_INTEGER_to_BN(nonce, NULL);
	size_t n = (size_t)ASN1_STRING_length(sn);

	OBJ_obj2txt(t->policy, sizeof(t->policy),
		    TS_TST_INFO_get_policy_id((TS_TST_INFO *)(uintptr_t)info), 1);
	kt_hex(ASN1_STRING_get0_data(sn), n > 31 ? 31 : n, t->serial);
	if (acc != NULL) {
		int64_t s = ASN1_INTEGER_get(TS_ACCURACY_get_seconds(acc));
		int64_t ms = ASN1_INTEGER_get(TS_ACCURACY_get_millis(acc));
		int64_t us = ASN1_INTEGER_get(TS_ACCURACY_get_micros(acc));

		/* an absent part reads as 0, an absurd one as -1 */
		if (s >= 0 && s < 86400 && ms >= 0 && us >= 0)
			t->accuracy_us = s * KT_US_PER_S + ms * 1000 + us;
	}
	if (bn != NULL && !BN_is_negative(bn) &&
	    BN_bn2binpad(bn, t->nonce, KT_TSP_NONCE) == KT_TSP_NONCE)
		t->nonce_n = KT_TSP_NONCE;
	BN_free(bn);
}

static int check_info(const ASN1_OCTET_STRING *econtent, const struct over *o, struct kt_token *t,
		      struct kt_err *err)
{
	const unsigned char *p = ASN1_STRING_get0_data(econtent), *start = p;
	TS_TST_INFO *info = d2i_TS_TST_INFO(NULL, &p, ASN1_STRING_length(econtent));
	int r;

	if (info == NULL || p != start + ASN1_STRING_length(econtent) ||
	    TS_TST_INFO_get_version(info) != 1) {
		TS_TST_INFO_free(info);
		return kt_cms_ssl_fail(err, KT_E_INVALID, "it holds no time-stamp");
	}
	take_numbers(info, t);
	t->gen_us = kt_asn1_time_us(TS_TST_INFO_get_time(info));
	r = t->gen_us > 0 ? check_imprint(info, o, err)
			  : KT_FAIL(err, KT_E_INVALID, "it states no time");
	TS_TST_INFO_free(info);
	return r;
}

static int check_tsa(X509 *x, struct kt_token *t, struct kt_err *err)
{
	if (!kt_cms_key_is_accepted(X509_get0_pubkey(x)))
		return KT_FAIL(err, KT_E_INVALID,
			       "the authority's key is of a kind or size not accepted");
	if (!is_for_time(x))
		return KT_FAIL(
			err, KT_E_INVALID,
			"the certificate of %.60s is not for time-stamps (extended key usage "
			"timeStamping, critical, alone)",
			t->tsa.subject);
	if (!t->tsa.may_sign)
		return KT_FAIL(err, KT_E_INVALID, "the certificate of %.60s is not for signing",
			       t->tsa.subject);
	if (t->gen_us < t->tsa.not_before_us || t->gen_us > t->tsa.not_after_us)
		return KT_FAIL(err, KT_E_INVALID,
			       "the certificate of %.60s was not valid at the time it states",
			       t->tsa.subject);
	return 0;
}

static int verify_parsed(CMS_ContentInfo *cms, STACK_OF(X509) *certs, const struct over *o,
			 const struct kt_trust *tsa, struct kt_token *t, struct kt_err *err)
{
	STACK_OF(CMS_SignerInfo) *all = CMS_get0_SignerInfos(cms);
	ASN1_OCTET_STRING **econtent = CMS_get0_content(cms);
	CMS_SignerInfo *si;
	X509 *x;
	bool v2 = false;
	int r;

	if (OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_id_smime_ct_TSTInfo ||
	    econtent == NULL || *econtent == NULL || sk_CMS_SignerInfo_num(all) != 1 ||
	    sk_X509_num(certs) > CERTS_MAX)
		return KT_FAIL(err, KT_E_INVALID, "it is no time-stamp by one signer");
	si = sk_CMS_SignerInfo_value(all, 0);
	x = kt_cms_find_cert(certs, si);
	if (x == NULL || CMS_signed_get_attr_count(si) < 1)
		return KT_FAIL(err, KT_E_INVALID, "the authority's certificate is not inside");
	r = check_info(*econtent, o, t, err);
	if (r == 0)
		r = kt_cms_cert_facts(x, certs, tsa, t->gen_us, &t->tsa, err);
	if (r == 0)
		r = kt_cms_check_algs(si, &t->tsa, err);
	if (r == 0)
		r = check_tsa(x, t, err);
	if (r < 0)
		return r;
	CMS_SignerInfo_set1_signer_cert(si, x);
	if (CMS_verify(cms, NULL, NULL, NULL, NULL, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) != 1)
		return kt_cms_ssl_fail(err, KT_E_INVALID, "its signature does not hold");
	/* the attribute is what binds the certificate; older authorities use its first version */
	if (CMS_signed_get_attr_by_NID(si, NID_id_smime_aa_signingCertificate, -1) < 0 &&
	    CMS_signed_get_attr_by_NID(si, NID_id_smime_aa_signingCertificateV2, -1) < 0)
		return KT_FAIL(err, KT_E_INVALID, "it does not name its certificate");
	return kt_cms_check_cades(si, x, certs, &v2, err);
}

static int verify(const void *der, size_t n, const struct over *o, const struct kt_trust *tsa,
		  struct kt_token *t, struct kt_err *err)
{
	const unsigned char *p = der;
	STACK_OF(X509) *certs;
	CMS_ContentInfo *cms;
	int r = kt_crypto_init(err);

	memset(t, 0, sizeof(*t));
	if (r < 0)
		return r;
	cms = n == 0 || n > KT_TSP_MAX ? NULL : d2i_CMS_ContentInfo(NULL, &p, (long)n);
	if (cms == NULL || p != (const unsigned char *)der + n ||
	    OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed) {
		CMS_ContentInfo_free(cms);
		return kt_cms_ssl_fail(err, KT_E_INVALID, "not a time-stamp token in DER");
	}
	certs = CMS_get1_certs(cms);
	r = verify_parsed(cms, certs, o, tsa, t, err);
	ERR_clear_error();
	sk_X509_pop_free(certs, X509_free);
	CMS_ContentInfo_free(cms);
	return r;
}

int kt_token_verify(const void *der, size_t n, const void *content, size_t content_n,
		    const struct kt_trust *tsa, struct kt_token *t, struct kt_err *err)
{
	return verify(der, n, &(struct over){content, content_n, NULL}, tsa, t, err);
}

int kt_token_verify_digest(const void *der, size_t n, const uint8_t sha256[KT_SHA256_LEN],
			   const struct kt_trust *tsa, struct kt_token *t, struct kt_err *err)
{
	return verify(der, n, &(struct over){NULL, 0, sha256}, tsa, t, err);
}

int kt_token_apart(const struct kt_token *t, const struct kt_signer *other, struct kt_err *err)
{
	if (kt_signer_same(&t->tsa, other))
		return KT_FAIL(err, KT_E_INVALID, "%.60s signs, so can't state the time too",
			       other->subject);
	if (t->tsa.authoriser)
		return KT_FAIL(err, KT_E_INVALID, "the certificate of %.60s is an authoriser's",
			       t->tsa.subject);
	return 0;
}
