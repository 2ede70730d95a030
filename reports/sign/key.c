/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/sign/key.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/io.h"
#include "reports/sign/p11.h"
#include "reports/sign/pin.h"

#define KEY_FILE_MAX ((size_t)60 << 10) /* fits the first reservation, so no copy is left behind */

struct pass {
	const struct kt_sign_key *where;
	const char *why; /* set when there is no passphrase to be had */
};

int kt_sign_ssl_fail(struct kt_err *err, int code, const char *what)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return KT_FAIL(err, code, "%s%s%s", what, why == NULL ? "" : ": ", why == NULL ? "" : why);
}

/* -- PEM ---------------------------------------------------------------------------------------- */

/* pem_password_cb; its buffer belongs to OpenSSL, which cleanses it. */
static int get_passphrase(char *buf, int size, int writing, void *arg)
{
	struct pass *p = arg;
	const char *slash = strrchr(p->where->path, '/');
	char prompt[200];

	if (writing != 0 || size <= 1)
		return -1;
	snprintf(prompt, sizeof(prompt),
		 "Passphrase for %.100s: ", slash == NULL ? p->where->path : slash + 1);
	return kt_pin_ask(p->where, prompt, buf, size, &p->why);
}

/* *b is to be given to forget(). */
static int read_pem(const char *path, struct kt_buf *b, struct kt_err *err)
{
	int r;

	kt_buf_init(b, 0);
	r = kt_path_read(path, KEY_FILE_MAX, b, err);
	return r < 0 ? KT_TRACE(err, KT_E_USAGE, "the key file can't be read") : 0;
}

static void forget(struct kt_buf *b)
{
	if (b->p != NULL)
		OPENSSL_cleanse(b->p, b->cap);
	kt_buf_free(b);
}

static int load_key(const struct kt_sign_key *where, const struct kt_buf *b, EVP_PKEY **pkey,
		    struct kt_err *err)
{
	struct pass pass = {where, NULL};
	BIO *bio = BIO_new_mem_buf(b->p, (int)b->len);

	*pkey = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, get_passphrase, &pass);
	BIO_free(bio);
	if (*pkey != NULL)
		return 0;
	if (pass.why != NULL) {
		ERR_clear_error();
		return KT_FAIL(err, KT_E_USAGE, "%s", pass.why);
	}
	return kt_sign_ssl_fail(err, KT_E_USAGE,
				"no private key can be read from the file (wrong passphrase?)");
}

/* The first certificate is the signer's, the others go to k->more. */
static int load_certs(const struct kt_buf *b, struct kt_key *k, struct kt_err *err)
{
	BIO *bio = BIO_new_mem_buf(b->p, (int)b->len);
	X509 *x;

	k->cert = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
	while (k->cert != NULL && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		/* one that stands twice goes in once: OpenSSL refuses to add it again */
		if (X509_cmp(x, k->cert) != 0)
			X509_add_cert(k->more, x, X509_ADD_FLAG_NO_DUP | X509_ADD_FLAG_UP_REF);
		X509_free(x);
	}
	BIO_free(bio);
	if (k->cert == NULL)
		return kt_sign_ssl_fail(err, KT_E_USAGE,
					"no certificate can be read from the key file");
	ERR_clear_error();
	return 0;
}

static int open_pem(const struct kt_sign_key *where, bool secret, struct kt_key *k,
		    struct kt_err *err)
{
	struct kt_buf file;
	int r = read_pem(where->path, &file, err);

	if (r == 0)
		r = load_certs(&file, k, err);
	if (r == 0 && secret)
		r = load_key(where, &file, &k->pkey, err);
	forget(&file);
	return r;
}

static int open_card(const struct kt_sign_key *where, bool secret, struct kt_key *k,
		     struct kt_err *err)
{
	struct kt_buf file;
	int r = 0;

	if (where->cert != NULL) {
		r = read_pem(where->cert, &file, err);
		if (r == 0)
			r = load_certs(&file, k, err);
		forget(&file);
		if (r < 0 || !secret)
			return r;
	}
	return kt_p11_open(where, secret, k->cert, &k->card, &k->cert, k->more, err);
}

int kt_key_open(const struct kt_sign_key *where, bool secret, struct kt_key *k, struct kt_err *err)
{
	memset(k, 0, sizeof(*k));
	k->more = sk_X509_new_null();
	if (k->more == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	if (kt_p11_is_uri(where->path))
		return open_card(where, secret, k, err);
	return open_pem(where, secret, k, err);
}

void kt_key_close(struct kt_key *k)
{
	EVP_PKEY_free(k->pkey);
	X509_free(k->cert);
	sk_X509_pop_free(k->more, X509_free);
	kt_p11_close(&k->card);
	memset(k, 0, sizeof(*k));
}

/* -- use ---------------------------------------------------------------------------------------- */

int kt_key_check(const struct kt_key *k, struct kt_err *err)
{
	const uint32_t sign = KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION;

	if (k->pkey != NULL && X509_check_private_key(k->cert, k->pkey) != 1)
		return kt_sign_ssl_fail(err, KT_E_REFUSED,
					"the key does not belong to the first certificate");
	if (X509_cmp_current_time(X509_get0_notAfter(k->cert)) <= 0)
		return KT_FAIL(err, KT_E_REFUSED, "the certificate has expired; renew it");
	if (X509_cmp_current_time(X509_get0_notBefore(k->cert)) >= 0)
		return KT_FAIL(err, KT_E_REFUSED,
			       "the certificate is not valid yet; check the clock of this machine");
	if ((X509_get_key_usage(k->cert) & sign) == 0)
		return KT_FAIL(err, KT_E_REFUSED, "the certificate's key usage forbids signing");
	return 0;
}

bool kt_key_is_pss(const struct kt_key *k)
{
	return EVP_PKEY_is_a(X509_get0_pubkey(k->cert), "RSA-PSS") == 1;
}

/* r||s of the card as the DER that CMS and X.509 use. */
static int ecdsa_der(const uint8_t *rs, size_t n, struct kt_buf *sig)
{
	ECDSA_SIG *s = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(rs, (int)(n / 2), NULL);
	BIGNUM *v = BN_bin2bn(rs + n / 2, (int)(n / 2), NULL);
	unsigned char *der = NULL;
	int len = -1;

	if (s != NULL && r != NULL && v != NULL && ECDSA_SIG_set0(s, r, v) == 1) {
		r = v = NULL;
		len = i2d_ECDSA_SIG(s, &der);
	}
	if (len > 0)
		kt_buf_put(sig, der, (size_t)len);
	OPENSSL_free(der);
	BN_free(r);
	BN_free(v);
	ECDSA_SIG_free(s);
	return len > 0 && !sig->failed ? 0 : KT_E_INTERNAL;
}

static int sign_with_card(struct kt_key *k, const uint8_t *digest, bool pss, struct kt_buf *sig,
			  struct kt_err *err)
{
	const EVP_PKEY *pub = X509_get0_pubkey(k->cert);
	struct kt_buf raw;
	int r;

	if (!EVP_PKEY_is_a(pub, "EC"))
		return kt_p11_sign(k->card, pub, digest, pss, sig, err);
	kt_buf_init(&raw, 0);
	r = kt_p11_sign(k->card, pub, digest, false, &raw, err);
	if (r == 0 && (raw.len == 0 || raw.len % 2 != 0 || ecdsa_der(raw.p, raw.len, sig) < 0))
		r = KT_FAIL(err, KT_E_INTERNAL, "the card gives a signature that is none");
	kt_buf_free(&raw);
	return r;
}

static int set_padding(EVP_PKEY_CTX *ctx, bool pss)
{
	if (EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) <= 0)
		return -1;
	if (!pss)
		return 0;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
			       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, KT_SHA256_LEN) > 0
		       ? 0
		       : -1;
}

int kt_key_sign(struct kt_key *k, const uint8_t digest[KT_SHA256_LEN], bool pss, struct kt_buf *sig,
		struct kt_err *err)
{
	unsigned char out[2048];
	size_t n = sizeof(out);
	EVP_PKEY_CTX *ctx;
	int r = 0;

	if (k->card != NULL)
		return sign_with_card(k, digest, pss, sig, err);
	ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
	if (ctx == NULL || EVP_PKEY_sign_init(ctx) <= 0 || set_padding(ctx, pss) < 0 ||
	    EVP_PKEY_sign(ctx, out, &n, digest, KT_SHA256_LEN) <= 0)
		r = kt_sign_ssl_fail(err, KT_E_INTERNAL, "signing failed");
	EVP_PKEY_CTX_free(ctx);
	return r < 0 ? r : kt_buf_put(sig, out, n);
}

int kt_key_private(struct kt_key *k, EVP_PKEY **pkey, struct kt_err *err)
{
	*pkey = NULL;
	if (k->card != NULL)
		return kt_p11_private(k->card, X509_get0_pubkey(k->cert), pkey, err);
	EVP_PKEY_up_ref(k->pkey);
	*pkey = k->pkey;
	return 0;
}
