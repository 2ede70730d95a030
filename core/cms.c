/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * CMS verification on OpenSSL 3. The chain is built here and not by CMS_verify(), so that a right
 * signature under an unknown anchor is told apart from a wrong signature.
 */
#include "core/cms.h"
#include "core/buf.h"
#include "core/cms_i.h"
#include "core/err.h"
#include "core/io.h"
#include "core/json.h"
#include "core/time.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CMS_MAX	      ((size_t)1 << 20) /* DER bytes of one signature */
#define CMS_CERTS_MAX 16		/* certificates inside it */
#define CHAIN_MAX     8			/* intermediates */
#define SEC_LEVEL     2			/* 112 bits: RSA from 2048, no MD5 or SHA-1 in a chain */

int kt_crypto_init(struct kt_err *err)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return KT_FAIL(err, KT_E_INTERNAL, "OpenSSL does not start");
	return 0;
}

int kt_cms_ssl_fail(struct kt_err *err, int code, const char *what)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return KT_FAIL(err, code, "%s%s%.80s", what, why == NULL ? "" : ": ",
		       why == NULL ? "" : why);
}

/* -- facts of a certificate ------------------------------------------------------------------- */

int64_t kt_asn1_time_us(const ASN1_TIME *t)
{
	struct tm tm;
	int64_t us = 0;

	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1 ||
	    kt_time_from_civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			       tm.tm_sec, &us) < 0)
		return 0;
	return us;
}

/* Copies text cut at a UTF-8 boundary. */
void kt_copy_cut(char *out, size_t cap, const char *p, size_t n)
{
	if (n >= cap) {
		n = cap - 1;
		while (n > 0 && ((unsigned char)p[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(out, p, n);
	out[n] = '\0';
}

/*
 * RFC 2253 in UTF-8. Its own backslashes stay, everything between them goes through
 * kt_text_escape(), so that no hidden character of a name reaches a screen.
 */
static void name_text(const X509_NAME *name, char *out, size_t cap)
{
	unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
	BIO *bio = BIO_new(BIO_s_mem());
	struct kt_buf b;
	char *p = NULL;
	long n;

	out[0] = '\0';
	kt_buf_init(&b, 0);
	if (bio == NULL || X509_NAME_print_ex(bio, name, 0, flags) < 0)
		goto out;
	n = BIO_get_mem_data(bio, &p);
	for (long i = 0, start = 0; i <= n; i++) {
		if (i < n && p[i] != '\\')
			continue;
		kt_text_escape(&b, p + start, (size_t)(i - start));
		if (i < n)
			kt_buf_putc(&b, '\\');
		start = i + 1;
	}
	if (kt_buf_cstr(&b) != NULL)
		kt_copy_cut(out, cap, (const char *)b.p, b.len);
out:
	kt_buf_free(&b);
	BIO_free(bio);
}

static bool has_policy(const X509 *x)
{
	CERTIFICATEPOLICIES *cp = X509_get_ext_d2i(x, NID_certificate_policies, NULL, NULL);
	ASN1_OBJECT *want = OBJ_txt2obj(KT_OID_AUTHORISER, 1);
	bool found = false;

	for (int i = 0; want != NULL && !found && i < sk_POLICYINFO_num(cp); i++)
		found = OBJ_cmp(sk_POLICYINFO_value(cp, i)->policyid, want) == 0;
	ASN1_OBJECT_free(want);
	CERTIFICATEPOLICIES_free(cp);
	return found;
}

static bool is_pinned(const struct kt_trust *trust, const X509 *x)
{
	if (trust == NULL)
		return false;
	for (int i = 0; i < sk_X509_num(trust->pinned); i++)
		if (X509_cmp(sk_X509_value(trust->pinned, i), x) == 0)
			return true;
	return false;
}

/* ECDSA on a named NIST curve, or RSA from 2048 bits. */
bool kt_cms_key_is_accepted(const EVP_PKEY *key)
{
	static const char *const curves[] = {"prime256v1", "secp384r1", "secp521r1"};
	char group[32];

	if (key == NULL)
		return false;
	if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS"))
		return EVP_PKEY_get_bits(key) >= 2048 && EVP_PKEY_get_bits(key) <= 16384;
	if (!EVP_PKEY_is_a(key, "EC") ||
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
		return false;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(group, curves[i]) == 0)
			return true;
	return false;
}

static void chain_facts(X509 *x, STACK_OF(X509) *helpers, const struct kt_trust *trust,
			int64_t at_us, struct kt_signer *s)
{
	X509_STORE_CTX *ctx;
	X509_VERIFY_PARAM *param;

	if (trust == NULL || trust->count == 0) {
		kt_copy_cut(s->chain_text, sizeof(s->chain_text), "no trust anchor was given", 25);
		return;
	}
	ctx = X509_STORE_CTX_new();
	if (ctx == NULL || X509_STORE_CTX_init(ctx, trust->anchors, x, helpers) != 1) {
		kt_copy_cut(s->chain_text, sizeof(s->chain_text), "no memory", 9);
		X509_STORE_CTX_free(ctx);
		return;
	}
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY);
	X509_VERIFY_PARAM_set_time(param, (time_t)(at_us / KT_US_PER_S));
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_depth(param, CHAIN_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, SEC_LEVEL);
	if (X509_verify_cert(ctx) == 1) {
		s->chain_ok = true;
		kt_revocation_facts(X509_STORE_CTX_get0_chain(ctx), trust, at_us, s);
	} else {
		const char *why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx));
		kt_copy_cut(s->chain_text, sizeof(s->chain_text), why, strlen(why));
	}
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
}

int kt_cms_cert_facts(X509 *x, STACK_OF(X509) *helpers, const struct kt_trust *trust, int64_t at_us,
		      struct kt_signer *s, struct kt_err *err)
{
	const uint32_t sign = KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION;
	const ASN1_INTEGER *sn = X509_get0_serialNumber(x);
	unsigned char *spki = NULL;
	size_t n = (size_t)ASN1_STRING_length(sn);
	int len, r;

	if (X509_digest(x, EVP_sha256(), s->cert_sha256, NULL) != 1)
		return kt_cms_ssl_fail(err, KT_E_FORMAT, "certificate");
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
	if (len <= 0)
		return kt_cms_ssl_fail(err, KT_E_FORMAT, "public key of the certificate");
	r = kt_sha256(spki, (size_t)len, s->key_sha256, err);
	OPENSSL_free(spki);
	if (r < 0)
		return r;
	name_text(X509_get_subject_name(x), s->subject, sizeof(s->subject));
	if (n > (sizeof(s->serial) - 1) / 2)
		n = (sizeof(s->serial) - 1) / 2;
	kt_hex(ASN1_STRING_get0_data(sn), n, s->serial);
	s->not_before_us = kt_asn1_time_us(X509_get0_notBefore(x));
	s->not_after_us = kt_asn1_time_us(X509_get0_notAfter(x));
	s->authoriser = has_policy(x) || is_pinned(trust, x);
	/* X509_get_key_usage() gives all bits when the extension is absent */
	s->may_sign = (X509_get_extension_flags(x) & EXFLAG_INVALID) == 0 &&
		      (X509_get_key_usage(x) & sign) != 0;
	chain_facts(x, helpers, trust, at_us, s);
	return 0;
}

int kt_cert_facts(const void *pem, size_t n, const struct kt_trust *trust, int64_t at_us,
		  struct kt_signer *s, struct kt_err *err)
{
	STACK_OF(X509) *helpers = NULL;
	X509 *x = NULL, *more;
	BIO *bio = NULL;
	int r = kt_crypto_init(err);

	memset(s, 0, sizeof(*s));
	if (r < 0)
		return r;
	if (n > KT_CERT_FILE_MAX)
		return KT_FAIL(err, KT_E_FORMAT, "certificate file is too long");
	r = KT_E_NOMEM;
	bio = BIO_new_mem_buf(pem, (int)n);
	helpers = sk_X509_new_null();
	if (bio == NULL || helpers == NULL)
		goto out;
	r = KT_E_FORMAT;
	x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (x == NULL)
		goto out;
	while (sk_X509_num(helpers) < CMS_CERTS_MAX &&
	       (more = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(helpers, more) <= 0)
			X509_free(more);
	r = kt_cms_key_is_accepted(X509_get0_pubkey(x))
		    ? kt_cms_cert_facts(x, helpers, trust, at_us, s, err)
		    : KT_E_FORMAT;
out:
	if (r < 0)
		kt_cms_ssl_fail(err, r, "no certificate with an accepted key can be read");
	ERR_clear_error();
	X509_free(x);
	sk_X509_pop_free(helpers, X509_free);
	BIO_free(bio);
	return r;
}

/* -- signature -------------------------------------------------------------------------------- */

/* The one value of a signed attribute; NULL when absent, *bad when it isn't one sequence. */
static const ASN1_STRING *one_attr(const CMS_SignerInfo *si, int nid, bool *bad)
{
	int at = CMS_signed_get_attr_by_NID(si, nid, -1);
	X509_ATTRIBUTE *a;
	const ASN1_STRING *v = NULL;

	if (at < 0)
		return NULL;
	a = CMS_signed_get_attr(si, at);
	if (CMS_signed_get_attr_by_NID(si, nid, at) < 0 && X509_ATTRIBUTE_count(a) == 1)
		v = X509_ATTRIBUTE_get0_data(a, 0, V_ASN1_SEQUENCE, NULL);
	if (v == NULL)
		*bad = true;
	return v;
}

/*
 * signing-certificate(-v2), RFC 5035: when present, the first entry must name the signer's
 * certificate and the others ones that came along. 0 or KT_E_INVALID.
 */
int kt_cms_check_cades(const CMS_SignerInfo *si, X509 *signer, STACK_OF(X509) *certs,
		       bool *has_cades, struct kt_err *err)
{
	bool bad = false;
	const ASN1_STRING *v1 = one_attr(si, NID_id_smime_aa_signingCertificate, &bad);
	const ASN1_STRING *v2 = one_attr(si, NID_id_smime_aa_signingCertificateV2, &bad);
	const unsigned char *p1 = v1 == NULL ? NULL : ASN1_STRING_get0_data(v1);
	const unsigned char *p2 = v2 == NULL ? NULL : ASN1_STRING_get0_data(v2);
	STACK_OF(X509) *chain;
	ESS_SIGNING_CERT *s1 = NULL;
	ESS_SIGNING_CERT_V2 *s2 = NULL;
	int ok = 0;

	if (bad)
		return KT_FAIL(err, KT_E_INVALID, "signing-certificate attribute is malformed");
	if (p1 != NULL)
		s1 = d2i_ESS_SIGNING_CERT(NULL, &p1, ASN1_STRING_length(v1));
	if (p2 != NULL)
		s2 = d2i_ESS_SIGNING_CERT_V2(NULL, &p2, ASN1_STRING_length(v2));
	chain = sk_X509_new_null();
	if (chain != NULL && (s1 != NULL) == (v1 != NULL) && (s2 != NULL) == (v2 != NULL) &&
	    X509_add_cert(chain, signer, X509_ADD_FLAG_DEFAULT) == 1 &&
	    X509_add_certs(chain, certs, X509_ADD_FLAG_NO_DUP) == 1)
		ok = s1 == NULL && s2 == NULL ? 1 : OSSL_ESS_check_signing_certs(s1, s2, chain, 0);
	*has_cades = ok == 1 && s2 != NULL;
	ESS_SIGNING_CERT_free(s1);
	ESS_SIGNING_CERT_V2_free(s2);
	sk_X509_free(chain); /* borrowed certificates */
	if (ok != 1)
		return kt_cms_ssl_fail(err, KT_E_INVALID,
				       "signing-certificate names another certificate");
	return 0;
}

/* SHA-2 only, and the signature algorithm, where it implies a digest, must imply the same. */
int kt_cms_check_algs(CMS_SignerInfo *si, struct kt_signer *s, struct kt_err *err)
{
	X509_ALGOR *dig = NULL, *sig = NULL;
	int nid, sig_md = NID_undef;
	const char *name;

	CMS_SignerInfo_get0_algs(si, NULL, NULL, &dig, &sig);
	nid = dig == NULL ? NID_undef : OBJ_obj2nid(dig->algorithm);
	name = OBJ_nid2sn(nid);
	kt_copy_cut(s->digest, sizeof(s->digest), name, strlen(name));
	if (nid != NID_sha256 && nid != NID_sha384 && nid != NID_sha512)
		return KT_FAIL(err, KT_E_INVALID, "digest %s is not accepted: SHA-256 or longer",
			       name);
	if (sig == NULL || (OBJ_find_sigid_algs(OBJ_obj2nid(sig->algorithm), &sig_md, NULL) == 1 &&
			    sig_md != NID_undef && sig_md != nid))
		return KT_FAIL(err, KT_E_INVALID, "signature and digest algorithms disagree");
	return 0;
}

/* Structure: signedData over external data with exactly one signer and signed attributes. */
static CMS_SignerInfo *the_signer(CMS_ContentInfo *cms, struct kt_err *err)
{
	STACK_OF(CMS_SignerInfo) *all;
	CMS_SignerInfo *si;

	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed ||
	    OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data ||
	    CMS_is_detached(cms) != 1) {
		KT_FAIL(err, KT_E_INVALID, "not a detached CMS signature over data");
		return NULL;
	}
	all = CMS_get0_SignerInfos(cms);
	if (sk_CMS_SignerInfo_num(all) != 1) {
		KT_FAIL(err, KT_E_INVALID, "%d signers, exactly one is wanted",
			all == NULL ? 0 : sk_CMS_SignerInfo_num(all));
		return NULL;
	}
	si = sk_CMS_SignerInfo_value(all, 0);
	if (CMS_signed_get_attr_count(si) < 1) {
		KT_FAIL(err, KT_E_INVALID, "the signature has no signed attributes");
		return NULL;
	}
	return si;
}

static int64_t signing_time(const CMS_SignerInfo *si)
{
	static const int types[] = {V_ASN1_UTCTIME, V_ASN1_GENERALIZEDTIME};
	const ASN1_TIME *t = NULL;

	for (size_t i = 0; i < 2 && t == NULL; i++)
		t = CMS_signed_get0_data_by_OBJ(si, OBJ_nid2obj(NID_pkcs9_signingTime), -3,
						types[i]);
	ERR_clear_error();
	return kt_asn1_time_us(t);
}

X509 *kt_cms_find_cert(const STACK_OF(X509) *certs, CMS_SignerInfo *si)
{
	for (int i = 0; i < sk_X509_num(certs); i++)
		if (CMS_SignerInfo_cert_cmp(si, sk_X509_value(certs, i)) == 0)
			return sk_X509_value(certs, i);
	return NULL;
}

static int verify_parsed(CMS_ContentInfo *cms, STACK_OF(X509) *certs, BIO *content,
			 const struct kt_trust *trust, int64_t at_us, struct kt_signer *s,
			 struct kt_err *err)
{
	CMS_SignerInfo *si = the_signer(cms, err);
	X509 *x;
	int r;

	if (si == NULL)
		return KT_E_INVALID;
	x = kt_cms_find_cert(certs, si);
	if (x == NULL || sk_X509_num(certs) > CMS_CERTS_MAX)
		return KT_FAIL(err, KT_E_INVALID,
			       x == NULL ? "the signer's certificate is not inside"
					 : "too many certificates inside");
	r = kt_cms_cert_facts(x, certs, trust, at_us, s, err);
	if (r < 0)
		return KT_TRACE(err, KT_E_INVALID, "the signer's certificate cannot be read");
	s->signing_time_us = signing_time(si);
	r = kt_cms_check_algs(si, s, err);
	if (r < 0)
		return r;
	if (!kt_cms_key_is_accepted(X509_get0_pubkey(x)))
		return KT_FAIL(err, KT_E_INVALID,
			       "the signer's key is of a kind or size not accepted");
	CMS_SignerInfo_set1_signer_cert(si, x);
	if (CMS_verify(cms, NULL, NULL, content, NULL, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) != 1)
		return kt_cms_ssl_fail(err, KT_E_INVALID,
				       "the signature does not match these bytes");
	return kt_cms_check_cades(si, x, certs, &s->has_cades, err);
}

/*
 * The content behind a filter that does nothing: given a bare memory BIO, CMS_verify() of OpenSSL
 * 3.0 makes a copy and loses it when the signature names a digest that can't be used.
 */
static BIO *content_bio(const void *p, size_t n)
{
	/* a zero-length buffer needs a pointer all the same */
	BIO *mem = BIO_new_mem_buf(n == 0 ? "" : p, (int)n);
	BIO *filter = mem == NULL ? NULL : BIO_new(BIO_f_null());

	if (filter == NULL) {
		BIO_free(mem);
		return NULL;
	}
	return BIO_push(filter, mem);
}

bool kt_signer_same(const struct kt_signer *a, const struct kt_signer *b)
{
	return memcmp(a->key_sha256, b->key_sha256, KT_SHA256_LEN) == 0 ||
	       memcmp(a->cert_sha256, b->cert_sha256, KT_SHA256_LEN) == 0 ||
	       strcmp(a->subject, b->subject) == 0;
}

int kt_cms_verify(const void *der, size_t der_len, const void *content, size_t content_len,
		  const struct kt_trust *trust, int64_t at_us, struct kt_signer *s,
		  struct kt_err *err)
{
	const unsigned char *p = der;
	STACK_OF(X509) *certs = NULL;
	CMS_ContentInfo *cms;
	BIO *bio;
	int r = kt_crypto_init(err);

	memset(s, 0, sizeof(*s));
	if (r < 0)
		return r;
	if (der_len == 0 || der_len > CMS_MAX || content_len > INT_MAX)
		return KT_FAIL(err, KT_E_INVALID, "signature is empty or too long");
	cms = d2i_CMS_ContentInfo(NULL, &p, (long)der_len);
	if (cms == NULL || p != (const unsigned char *)der + der_len) {
		CMS_ContentInfo_free(cms);
		return kt_cms_ssl_fail(err, KT_E_INVALID, "not a CMS structure in DER");
	}
	bio = content_bio(content, content_len);
	if (bio == NULL) {
		r = KT_FAIL(err, KT_E_NOMEM, "no memory");
	} else {
		certs = CMS_get1_certs(cms);
		r = verify_parsed(cms, certs, bio, trust, at_us, s, err);
	}
	ERR_clear_error();
	sk_X509_pop_free(certs, X509_free);
	BIO_free_all(bio);
	CMS_ContentInfo_free(cms);
	return r;
}
