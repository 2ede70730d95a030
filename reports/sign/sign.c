/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/sign/sign.h"
#include "core/buf.h"
#include "core/cms.h"
#include "core/err.h"
#include "core/io.h"
#include "core/time.h"

#include <fcntl.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define KEY_FILE_MAX ((size_t)60 << 10) /* fits the first reservation, so no copy is left behind */

#define SIGN_FLAGS (CMS_BINARY | CMS_DETACHED | CMS_CADES | CMS_NOSMIMECAP | CMS_PARTIAL)

struct pass {
	const struct kt_sign_key *key;
	const char *why; /* set when there is no passphrase to be had */
};

static int ssl_fail(struct kt_err *err, int code, const char *what)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return KT_FAIL(err, code, "%s%s%s", what, why == NULL ? "" : ": ", why == NULL ? "" : why);
}

/* -- key file --------------------------------------------------------------------------------- */

static int ask_on_terminal(struct pass *p, char *buf, int size)
{
	char prompt[200];
	const char *slash = strrchr(p->key->path, '/');
	KT_AUTO_FD tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	/* without a terminal OpenSSL would read from stdin, where the content is */
	if (tty < 0) {
		p->why = "the key needs a passphrase and there is no terminal; use --passphrase-fd";
		return -1;
	}
	snprintf(prompt, sizeof(prompt),
		 "Passphrase for %.100s: ", slash == NULL ? p->key->path : slash + 1);
	if (EVP_read_pw_string_min(buf, 0, size, prompt, 0) != 0) {
		p->why = "no passphrase was given";
		return -1;
	}
	return (int)strlen(buf);
}

static int read_from_fd(struct pass *p, char *buf, int size)
{
	size_t got = 0;

	if (kt_read_full(p->key->passphrase_fd, buf, (size_t)size, &got, NULL) < 0) {
		p->why = "the passphrase can't be read from --passphrase-fd";
		return -1;
	}
	for (size_t i = 0; i < got; i++)
		if (buf[i] == '\n' || buf[i] == '\r')
			got = i;
	return (int)got;
}

/* pem_password_cb; its buffer belongs to OpenSSL, which cleanses it. */
static int get_passphrase(char *buf, int size, int writing, void *arg)
{
	struct pass *p = arg;

	if (writing != 0 || size <= 0)
		return -1;
	return p->key->passphrase_fd >= 0 ? read_from_fd(p, buf, size)
					  : ask_on_terminal(p, buf, size);
}

/* *b is to be given to forget(). */
static int read_key_file(const struct kt_sign_key *key, struct kt_buf *b, struct kt_err *err)
{
	int r;

	kt_buf_init(b, 0);
	r = kt_path_read(key->path, KEY_FILE_MAX, b, err);
	return r < 0 ? KT_TRACE(err, KT_E_USAGE, "the key file can't be read") : 0;
}

static void forget(struct kt_buf *b)
{
	if (b->p != NULL)
		OPENSSL_cleanse(b->p, b->cap);
	kt_buf_free(b);
}

static int load_key(const struct kt_sign_key *key, const struct kt_buf *b, EVP_PKEY **pkey,
		    struct kt_err *err)
{
	struct pass pass = {key, NULL};
	BIO *bio = BIO_new_mem_buf(b->p, (int)b->len);

	*pkey = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, get_passphrase, &pass);
	BIO_free(bio);
	if (*pkey != NULL)
		return 0;
	if (pass.why != NULL) {
		ERR_clear_error();
		return KT_FAIL(err, KT_E_USAGE, "%s", pass.why);
	}
	return ssl_fail(err, KT_E_USAGE,
			"no private key can be read from the file (wrong passphrase?)");
}

/* The first certificate is the signer's, the others go to *more. The caller frees both. */
static int load_certs(const struct kt_buf *b, X509 **cert, STACK_OF(X509) **more,
		      struct kt_err *err)
{
	BIO *bio = BIO_new_mem_buf(b->p, (int)b->len);
	X509 *x;

	*more = sk_X509_new_null();
	*cert = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
	while (*cert != NULL && *more != NULL &&
	       (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		/* one that stands twice goes in once: OpenSSL refuses to add it again */
		if (X509_cmp(x, *cert) != 0)
			X509_add_cert(*more, x, X509_ADD_FLAG_NO_DUP | X509_ADD_FLAG_UP_REF);
		X509_free(x);
	}
	BIO_free(bio);
	if (*cert == NULL || *more == NULL)
		return ssl_fail(err, KT_E_USAGE, "no certificate can be read from the key file");
	ERR_clear_error();
	return 0;
}

/* -- signing ---------------------------------------------------------------------------------- */

static int check_cert(X509 *cert, const EVP_PKEY *pkey, struct kt_err *err)
{
	const uint32_t sign = KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION;

	if (X509_check_private_key(cert, pkey) != 1)
		return ssl_fail(err, KT_E_REFUSED,
				"the key does not belong to the first certificate");
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0)
		return KT_FAIL(err, KT_E_REFUSED, "the certificate has expired; renew it");
	if (X509_cmp_current_time(X509_get0_notBefore(cert)) >= 0)
		return KT_FAIL(err, KT_E_REFUSED,
			       "the certificate is not valid yet; check the clock of this machine");
	if ((X509_get_key_usage(cert) & sign) == 0)
		return KT_FAIL(err, KT_E_REFUSED, "the certificate's key usage forbids signing");
	return 0;
}

static int make_cms(X509 *cert, EVP_PKEY *pkey, STACK_OF(X509) *more, const void *content, size_t n,
		    struct kt_buf *der, struct kt_err *err)
{
	BIO *in = BIO_new_mem_buf(n == 0 ? "" : content, (int)n);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, more, NULL, SIGN_FLAGS);
	unsigned char *out = NULL;
	int len, r = KT_E_INTERNAL;

	if (in == NULL || cms == NULL ||
	    CMS_add1_signer(cms, cert, pkey, EVP_sha256(), SIGN_FLAGS) == NULL ||
	    CMS_final(cms, in, NULL, SIGN_FLAGS & ~(unsigned)CMS_PARTIAL) != 1) {
		ssl_fail(err, r, "signing failed");
		goto out;
	}
	len = i2d_CMS_ContentInfo(cms, &out);
	if (len <= 0) {
		ssl_fail(err, r, "signing failed");
		goto out;
	}
	r = kt_buf_put(der, out, (size_t)len);
	OPENSSL_free(out);
out:
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return r;
}

int kt_sign_content(const struct kt_sign_key *key, const void *content, size_t n,
		    struct kt_buf *der, struct kt_err *err)
{
	struct kt_buf file;
	struct kt_signer s;
	EVP_PKEY *pkey = NULL;
	X509 *cert = NULL;
	STACK_OF(X509) *more = NULL;
	size_t start = der->len;
	int r = n > INT_MAX ? KT_E_LIMIT : kt_crypto_init(err);

	if (r < 0)
		return r;
	r = read_key_file(key, &file, err);
	if (r == 0)
		r = load_certs(&file, &cert, &more, err);
	if (r == 0)
		r = load_key(key, &file, &pkey, err);
	forget(&file);
	if (r == 0)
		r = check_cert(cert, pkey, err);
	if (r == 0)
		r = make_cms(cert, pkey, more, content, n, der, err);
	/* a faulty computation can give a key away: nothing leaves that does not verify */
	if (r == 0 && kt_cms_verify(der->p + start, der->len - start, content, n, NULL,
				    kt_time_now(), &s, err) < 0)
		r = KT_TRACE(err, KT_E_INTERNAL, "the signature made here does not verify");
	EVP_PKEY_free(pkey);
	X509_free(cert);
	sk_X509_pop_free(more, X509_free);
	return r;
}

int kt_sign_cert(const struct kt_sign_key *key, struct kt_buf *pem, struct kt_err *err)
{
	struct kt_buf file;
	X509 *cert = NULL;
	STACK_OF(X509) *more = NULL;
	BIO *bio = NULL;
	char *p = NULL;
	long n;
	int r = kt_crypto_init(err);

	if (r < 0)
		return r;
	r = read_key_file(key, &file, err);
	if (r == 0)
		r = load_certs(&file, &cert, &more, err);
	forget(&file);
	if (r == 0) {
		bio = BIO_new(BIO_s_mem());
		r = bio == NULL || PEM_write_bio_X509(bio, cert) != 1 ? KT_E_NOMEM : 0;
	}
	if (r == 0) {
		n = BIO_get_mem_data(bio, &p);
		r = kt_buf_put(pem, p, (size_t)n);
	}
	BIO_free(bio);
	X509_free(cert);
	sk_X509_pop_free(more, X509_free);
	return r;
}
