/* SPDX-License-Identifier: EUPL-1.2 */
/* The key of a case: made, put into an envelope for its releasers, and forgotten. */
#include "reports/sign/key.h"
#include "reports/sign/sign.h"
#include "core/age.h"
#include "core/buf.h"
#include "core/cms.h"
#include "core/err.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

#define RECIPIENTS_MAX 16
#define FLAGS	       (CMS_BINARY | CMS_PARTIAL)

static int load_certs(const void *pem, size_t n, STACK_OF(X509) **certs, struct kt_err *err)
{
	BIO *bio = n > INT_MAX ? NULL : BIO_new_mem_buf(pem, (int)n);
	X509 *x;

	*certs = sk_X509_new_null();
	while (bio != NULL && *certs != NULL &&
	       (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(*certs, x) <= 0)
			X509_free(x);
	BIO_free(bio);
	ERR_clear_error();
	if (*certs == NULL || sk_X509_num(*certs) < 1 || sk_X509_num(*certs) > RECIPIENTS_MAX)
		return KT_FAIL(
			err, KT_E_USAGE,
			"an envelope is made for 1 to %d certificates (PEM) on standard input",
			RECIPIENTS_MAX);
	return 0;
}

/* What the releasers' keys can't open must not be closed with them. */
static int check_cert(X509 *x, struct kt_err *err)
{
	const EVP_PKEY *k = X509_get0_pubkey(x);
	int type = k != NULL ? EVP_PKEY_get_base_id(k) : 0;

	if (X509_cmp_current_time(X509_get0_notAfter(x)) <= 0)
		return KT_FAIL(err, KT_E_REFUSED, "a releaser's certificate has expired");
	if (type != EVP_PKEY_EC && (type != EVP_PKEY_RSA || EVP_PKEY_get_bits(k) < 2048))
		return KT_FAIL(err, KT_E_REFUSED,
			       "a releaser's key is neither RSA (from 2048 bits) nor on a curve");
	return 0;
}

/* RSA by OAEP with SHA-256; EC by ECDH with SHA-256. */
static int add_recipient(CMS_ContentInfo *cms, X509 *x, struct kt_err *err)
{
	bool rsa = EVP_PKEY_get_base_id(X509_get0_pubkey(x)) == EVP_PKEY_RSA;
	CMS_RecipientInfo *ri = CMS_add1_recipient_cert(cms, x, CMS_KEY_PARAM);
	EVP_PKEY_CTX *ctx = ri != NULL ? CMS_RecipientInfo_get0_pkey_ctx(ri) : NULL;

	if (ctx == NULL ||
	    (rsa && (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) <= 0 ||
		     EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) <= 0 ||
		     EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) <= 0)) ||
	    (!rsa && EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()) <= 0))
		return kt_sign_ssl_fail(err, KT_E_INTERNAL,
					"no envelope can be made for a releaser's key");
	return 0;
}

static int make_envelope(STACK_OF(X509) *certs, const char *line, size_t n, struct kt_buf *der,
			 struct kt_err *err)
{
	BIO *in = BIO_new_mem_buf(line, (int)n);
	CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), FLAGS);
	unsigned char *out = NULL;
	int len, r = in == NULL || cms == NULL ? KT_E_INTERNAL : 0;

	for (int i = 0; r == 0 && i < sk_X509_num(certs); i++) {
		r = check_cert(sk_X509_value(certs, i), err);
		if (r == 0)
			r = add_recipient(cms, sk_X509_value(certs, i), err);
	}
	if (r == 0 && CMS_final(cms, in, NULL, CMS_BINARY) != 1)
		r = kt_sign_ssl_fail(err, KT_E_INTERNAL, "the envelope can't be closed");
	if (r == 0) {
		len = i2d_CMS_ContentInfo(cms, &out);
		r = len <= 0 ? kt_sign_ssl_fail(err, KT_E_INTERNAL, "the envelope can't be written")
			     : kt_buf_put(der, out, (size_t)len);
		OPENSSL_free(out);
	}
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return r;
}

int kt_sign_envelope(const void *certs_pem, size_t n, struct kt_buf *out, struct kt_err *err)
{
	uint8_t secret[KT_AGE_KEY], public[KT_AGE_KEY];
	char line[KT_AGE_IDENTITY + 1], text[KT_AGE_RECIPIENT];
	STACK_OF(X509) *certs = NULL;
	int r = kt_crypto_init(err);

	if (r == 0)
		r = load_certs(certs_pem, n, &certs, err);
	if (r == 0)
		r = kt_age_keygen(secret, public, err);
	if (r == 0) {
		kt_age_identity_text(secret, line);
		line[KT_AGE_IDENTITY - 1] = '\n';
		kt_buf_puts(out, kt_age_recipient_text(public, text));
		kt_buf_putc(out, '\n');
		r = make_envelope(certs, line, KT_AGE_IDENTITY, out, err);
	}
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(line, sizeof(line));
	sk_X509_pop_free(certs, X509_free);
	if (r == 0 && out->failed)
		r = KT_FAIL(err, KT_E_NOMEM, "no memory for the envelope");
	return r;
}
