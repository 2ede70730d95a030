/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * CMS around a signature that is made elsewhere: OpenSSL builds the structure, the attributes are
 * put in and hashed here, and whoever holds the key (a file, a card) signs their hash. PAdES forbids
 * the signing time that CMS_final() of OpenSSL 3.0 can't leave out; a card can't sign any other way.
 */
#include "reports/sign/sign.h"
#include "core/buf.h"
#include "core/cms.h"
#include "core/cms_parts.h"
#include "core/err.h"
#include "core/time.h"
#include "reports/sign/key.h"
#include "reports/sign/p11.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUILD_FLAGS (CMS_BINARY | CMS_DETACHED | CMS_NOSMIMECAP | CMS_PARTIAL | CMS_NOATTR)
#define ATTRS_MAX   8

/* -- attributes --------------------------------------------------------------------------------- */

static bool add_signing_cert(CMS_SignerInfo *si, X509 *cert)
{
	ESS_SIGNING_CERT_V2 *sc = OSSL_ESS_signing_cert_v2_new_init(EVP_sha256(), cert, NULL, 1);
	unsigned char *der = NULL;
	int len = sc == NULL ? -1 : i2d_ESS_SIGNING_CERT_V2(sc, &der);
	bool ok = len > 0 && CMS_signed_add1_attr_by_NID(si, NID_id_smime_aa_signingCertificateV2,
							 V_ASN1_SEQUENCE, der, len) == 1;

	OPENSSL_free(der);
	ESS_SIGNING_CERT_V2_free(sc);
	return ok;
}

static bool add_time(CMS_SignerInfo *si)
{
	ASN1_TIME *t = ASN1_TIME_set(NULL, time(NULL));
	bool ok = t != NULL &&
		  CMS_signed_add1_attr_by_NID(si, NID_pkcs9_signingTime, t->type, t, -1) == 1;

	ASN1_TIME_free(t);
	return ok;
}

static bool add_attributes(CMS_SignerInfo *si, X509 *cert, const uint8_t *digest, bool with_time)
{
	return CMS_signed_add1_attr_by_NID(si, NID_pkcs9_contentType, V_ASN1_OBJECT,
					   OBJ_nid2obj(NID_pkcs7_data), -1) == 1 &&
	       CMS_signed_add1_attr_by_NID(si, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING, digest,
					   KT_SHA256_LEN) == 1 &&
	       (!with_time || add_time(si)) && add_signing_cert(si, cert);
}

struct der {
	unsigned char *p;
	int n;
};

static int by_bytes(const void *a, const void *b)
{
	const struct der *x = a, *y = b;
	int n = x->n < y->n ? x->n : y->n, c = memcmp(x->p, y->p, (size_t)n);

	return c != 0 ? c : x->n - y->n;
}

/* What is signed: the attributes as a SET OF in DER, which orders them by their bytes. */
static int attributes_digest(const CMS_SignerInfo *si, uint8_t out[KT_SHA256_LEN],
			     struct kt_err *err)
{
	struct der d[ATTRS_MAX] = {{NULL, 0}};
	int n = CMS_signed_get_attr_count(si), total = 0, r = KT_E_INTERNAL;
	struct kt_buf b;
	unsigned char *p;

	kt_buf_init(&b, 0);
	if (n < 1 || n > ATTRS_MAX)
		return r;
	for (int i = 0; i < n; i++) {
		d[i].n = i2d_X509_ATTRIBUTE(CMS_signed_get_attr(si, i), &d[i].p);
		if (d[i].n <= 0)
			goto out;
		total += d[i].n;
	}
	qsort(d, (size_t)n, sizeof(d[0]), by_bytes);
	if (kt_buf_reserve(&b, (size_t)ASN1_object_size(1, total, V_ASN1_SET)) < 0)
		goto out;
	p = b.p;
	ASN1_put_object(&p, 1, total, V_ASN1_SET, V_ASN1_UNIVERSAL);
	b.len = (size_t)(p - b.p);
	for (int i = 0; i < n; i++)
		kt_buf_put(&b, d[i].p, (size_t)d[i].n);
	r = b.failed ? KT_E_NOMEM : kt_sha256(b.p, b.len, out, err);
out:
	for (int i = 0; i < n; i++)
		OPENSSL_free(d[i].p);
	kt_buf_free(&b);
	return r;
}

/* -- structure ---------------------------------------------------------------------------------- */

/* id-RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes. */
static bool set_pss(X509_ALGOR *alg)
{
	static const unsigned char params[] = {
		0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
		0x04, 0x02, 0x01, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48,
		0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
		0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x20};
	ASN1_STRING *s = ASN1_STRING_new();

	if (s != NULL && ASN1_STRING_set(s, params, sizeof(params)) == 1 &&
	    X509_ALGOR_set0(alg, OBJ_nid2obj(NID_rsassaPss), V_ASN1_SEQUENCE, s) == 1)
		return true;
	ASN1_STRING_free(s);
	return false;
}

static int fill_signer(CMS_SignerInfo *si, struct kt_key *k, const struct kt_sign_how *how,
		       const uint8_t *digest, struct kt_err *err)
{
	bool pss = kt_key_is_pss(k) ||
		   (how->pss && EVP_PKEY_is_a(X509_get0_pubkey(k->cert), "RSA") == 1);
	uint8_t attrs[KT_SHA256_LEN];
	X509_ALGOR *alg = NULL;
	struct kt_buf sig;
	int r;

	CMS_SignerInfo_get0_algs(si, NULL, NULL, NULL, &alg);
	if (!add_attributes(si, k->cert, digest, !how->no_signing_time) || (pss && !set_pss(alg)))
		return kt_sign_ssl_fail(err, KT_E_INTERNAL, "signed attributes");
	r = attributes_digest(si, attrs, err);
	if (r < 0)
		return r;
	kt_buf_init(&sig, 0);
	r = kt_key_sign(k, attrs, pss, &sig, err);
	if (r == 0 && ASN1_STRING_set(CMS_SignerInfo_get0_signature(si), sig.p, (int)sig.len) != 1)
		r = kt_sign_ssl_fail(err, KT_E_NOMEM, "signature");
	kt_buf_free(&sig);
	return r;
}

static int make_cms(struct kt_key *k, const struct kt_sign_how *how, const void *content, size_t n,
		    struct kt_buf *der, struct kt_err *err)
{
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, k->more, NULL, BUILD_FLAGS);
	CMS_SignerInfo *si = NULL;
	uint8_t digest[KT_SHA256_LEN];
	unsigned char *out = NULL;
	int len, r = kt_sha256(content, n, digest, err);

	/* the public key stands in for the private one, which is not needed to build this */
	if (r == 0 && cms != NULL)
		si = CMS_add1_signer(cms, k->cert, X509_get0_pubkey(k->cert), EVP_sha256(),
				     BUILD_FLAGS);
	if (r == 0)
		r = si == NULL ? kt_sign_ssl_fail(err, KT_E_INTERNAL, "signing failed")
			       : fill_signer(si, k, how, digest, err);
	if (r == 0) {
		len = i2d_CMS_ContentInfo(cms, &out);
		r = len <= 0 ? kt_sign_ssl_fail(err, KT_E_INTERNAL, "signing failed")
			     : kt_buf_put(der, out, (size_t)len);
	}
	OPENSSL_free(out);
	CMS_ContentInfo_free(cms);
	return r;
}

int kt_sign_content(const struct kt_sign_key *key, const struct kt_sign_how *how,
		    const void *content, size_t n, struct kt_buf *der, struct kt_err *err)
{
	size_t start = der->len;
	struct kt_signer s;
	struct kt_key k;
	int r = n > INT_MAX ? KT_E_LIMIT : kt_crypto_init(err);

	if (r < 0)
		return r;
	r = kt_key_open(key, true, &k, err);
	if (r == 0)
		r = kt_key_check(&k, err);
	if (r == 0)
		r = make_cms(&k, how, content, n, der, err);
	kt_key_close(&k);
	/* a faulty computation can give a key away: nothing leaves that does not verify */
	if (r == 0 && kt_cms_verify(der->p + start, der->len - start, content, n, NULL,
				    kt_time_now(), &s, err) < 0)
		r = KT_TRACE(err, KT_E_INTERNAL,
			     "the signature made here does not verify; do key and certificate "
			     "belong together?");
	return r;
}

/* -- bare signature ----------------------------------------------------------------------------- */

/* XML signatures hold r and s side by side, each as long as the curve's order. */
static int xml_form(const EVP_PKEY *pub, const struct kt_buf *der, struct kt_buf *sig)
{
	const unsigned char *p = der->p;
	ECDSA_SIG *s;
	int half = (EVP_PKEY_get_bits(pub) + 7) / 8, r = KT_E_INTERNAL;
	unsigned char out[2 * 66];

	if (EVP_PKEY_is_a(pub, "EC") != 1)
		return kt_buf_put(sig, der->p, der->len);
	s = d2i_ECDSA_SIG(NULL, &p, (long)der->len);
	if (s != NULL && half <= 66 && BN_bn2binpad(ECDSA_SIG_get0_r(s), out, half) == half &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(s), out + half, half) == half)
		r = kt_buf_put(sig, out, 2 * (size_t)half);
	ECDSA_SIG_free(s);
	return r;
}

static int check_raw(X509 *cert, const uint8_t *digest, const void *sig, size_t n,
		     struct kt_err *err)
{
	unsigned char *der = NULL;
	int len = i2d_X509(cert, &der), r = KT_E_INTERNAL;

	if (len > 0)
		r = kt_cert_verify_raw(der, (size_t)len, digest, sig, n, err);
	OPENSSL_free(der);
	return r < 0 ? KT_TRACE(err, KT_E_INTERNAL, "the signature made here does not verify") : 0;
}

int kt_sign_digest(const struct kt_sign_key *key, const void *digest, size_t n, struct kt_buf *sig,
		   struct kt_err *err)
{
	size_t start = sig->len;
	struct kt_buf der;
	struct kt_key k;
	int r = kt_crypto_init(err);

	if (r == 0 && n != KT_SHA256_LEN)
		r = KT_FAIL(err, KT_E_USAGE, "a SHA-256 digest of 32 bytes is wanted");
	if (r < 0)
		return r;
	kt_buf_init(&der, 0);
	r = kt_key_open(key, true, &k, err);
	if (r == 0)
		r = kt_key_check(&k, err);
	if (r == 0)
		r = kt_key_sign(&k, digest, kt_key_is_pss(&k), &der, err);
	if (r == 0)
		r = xml_form(X509_get0_pubkey(k.cert), &der, sig);
	if (r == 0)
		r = check_raw(k.cert, digest, sig->p + start, sig->len - start, err);
	kt_key_close(&k);
	kt_buf_free(&der);
	return r;
}

/* -- certificate, envelopes --------------------------------------------------------------------- */

int kt_sign_cert(const struct kt_sign_key *key, struct kt_buf *pem, struct kt_err *err)
{
	BIO *bio = NULL;
	struct kt_key k;
	char *p = NULL;
	long n;
	int r = kt_crypto_init(err);

	if (r < 0)
		return r;
	r = kt_key_open(key, false, &k, err);
	if (r == 0) {
		bio = BIO_new(BIO_s_mem());
		r = bio == NULL || PEM_write_bio_X509(bio, k.cert) != 1 ? KT_E_NOMEM : 0;
	}
	if (r == 0) {
		n = BIO_get_mem_data(bio, &p);
		r = kt_buf_put(pem, p, (size_t)n);
	}
	BIO_free(bio);
	kt_key_close(&k);
	return r;
}

/* Is one of its recipients this certificate? */
static bool is_recipient(CMS_ContentInfo *cms, X509 *cert)
{
	STACK_OF(CMS_RecipientInfo) *all = CMS_get0_RecipientInfos(cms);

	for (int i = 0; i < sk_CMS_RecipientInfo_num(all); i++) {
		CMS_RecipientInfo *ri = sk_CMS_RecipientInfo_value(all, i);
		STACK_OF(CMS_RecipientEncryptedKey) *keys;

		if (CMS_RecipientInfo_type(ri) == CMS_RECIPINFO_TRANS &&
		    CMS_RecipientInfo_ktri_cert_cmp(ri, cert) == 0)
			return true;
		if (CMS_RecipientInfo_type(ri) != CMS_RECIPINFO_AGREE)
			continue;
		keys = CMS_RecipientInfo_kari_get0_reks(ri);
		for (int j = 0; j < sk_CMS_RecipientEncryptedKey_num(keys); j++)
			if (CMS_RecipientEncryptedKey_cert_cmp(
				    sk_CMS_RecipientEncryptedKey_value(keys, j), cert) == 0)
				return true;
	}
	return false;
}

static int open_envelope(CMS_ContentInfo *cms, struct kt_key *k, struct kt_buf *plain,
			 struct kt_err *err)
{
	BIO *out = BIO_new(BIO_s_secmem());
	EVP_PKEY *pkey = NULL;
	char *p = NULL;
	long n;
	int r = out == NULL ? KT_E_NOMEM : kt_key_private(k, &pkey, err);

	ERR_clear_error(); /* a card's module may have left its own troubles there */
	if (r == 0 && CMS_decrypt(cms, pkey, k->cert, NULL, out, CMS_BINARY) != 1) {
		r = kt_p11_why(k->card, err);
		if (r == 0)
			r = kt_sign_ssl_fail(err, KT_E_INVALID,
					     "the envelope can't be opened: it was changed, or "
					     "this is not the key of the certificate");
	}
	if (r == 0) {
		n = BIO_get_mem_data(out, &p);
		r = kt_buf_put(plain, p, (size_t)n);
	}
	EVP_PKEY_free(pkey);
	BIO_free(out);
	return r;
}

int kt_sign_decrypt(const struct kt_sign_key *key, const void *envelope, size_t n,
		    struct kt_buf *plain, struct kt_err *err)
{
	const unsigned char *p = envelope;
	CMS_ContentInfo *cms = NULL;
	struct kt_key k;
	int r = kt_crypto_init(err);

	if (r < 0)
		return r;
	memset(&k, 0, sizeof(k));
	cms = d2i_CMS_ContentInfo(NULL, &p, (long)n);
	if (cms == NULL || p != (const unsigned char *)envelope + n)
		r = kt_sign_ssl_fail(err, KT_E_INVALID, "not a CMS structure in DER");
	else if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_id_smime_ct_authEnvelopedData)
		r = KT_FAIL(err, KT_E_INVALID,
			    "not an authenticated envelope (CMS AuthEnvelopedData)");
	if (r == 0)
		r = kt_key_open(key, false, &k, err);
	if (r == 0 && !is_recipient(cms, k.cert))
		r = KT_FAIL(err, KT_E_REFUSED,
			    "the envelope was made for others: this key's certificate is not among "
			    "its recipients");
	kt_key_close(&k);
	/* only now is a passphrase or PIN worth asking for */
	if (r == 0)
		r = kt_key_open(key, true, &k, err);
	if (r == 0)
		r = open_envelope(cms, &k, plain, err);
	kt_key_close(&k);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return r;
}
