/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/android/keys.h"

#include "core/buf.h"
#include "core/devproto.h"
#include "core/err.h"
#include "core/io.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MAX	8192
#define KEY_ACCEPTED	KT_DEV_KEY_NAME ".ok"
#define MODULUS_BYTES	(KT_KEY_BITS / 8)
#define DIGEST_INFO_LEN 15

/* DER of DigestInfo with SHA-1, up to the 20 bytes of the digest. */
static const uint8_t digest_info[DIGEST_INFO_LEN] = {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e,
						     0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14};

struct kt_key {
	EVP_PKEY *pair;
	int dirfd; /* borrowed */
	bool is_new, accepted;
	uint8_t pub[KT_KEY_STRUCT];
	char fingerprint[KT_KEY_FINGERPRINT];
};

/* -1/n mod 2^32 for odd n: Newton doubles the right bits with each step. */
static uint32_t neg_inverse(uint32_t n)
{
	uint32_t x = n; /* right for 3 bits */

	for (int i = 0; i < 4; i++)
		x *= 2 - n * x;
	return 0u - x;
}

/* Android's form: u32 words, u32 n0inv, n, R^2 mod n, u32 exponent; all little-endian. */
static int encode_public(struct kt_key *k, struct kt_err *err)
{
	BIGNUM *n = NULL, *e = NULL, *rr = BN_new();
	BN_CTX *ctx = BN_CTX_new();
	uint8_t *p = k->pub;
	int r = KT_E_INTERNAL;

	if (rr == NULL || ctx == NULL ||
	    EVP_PKEY_get_bn_param(k->pair, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
	    EVP_PKEY_get_bn_param(k->pair, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
		goto out;
	if (BN_num_bits(n) != KT_KEY_BITS || BN_num_bits(e) > 32) {
		r = KT_E_INVALID;
		goto out;
	}
	if (BN_set_bit(rr, 2 * KT_KEY_BITS) != 1 || BN_mod(rr, rr, n, ctx) != 1)
		goto out;
	kt_put_le32(p, MODULUS_BYTES / 4);
	if (BN_bn2lebinpad(n, p + 8, MODULUS_BYTES) < 0 ||
	    BN_bn2lebinpad(rr, p + 8 + MODULUS_BYTES, MODULUS_BYTES) < 0)
		goto out;
	kt_put_le32(p + 4, neg_inverse(kt_get_le32(p + 8)));
	kt_put_le32(p + 8 + 2 * MODULUS_BYTES, (uint32_t)BN_get_word(e));
	r = 0;
out:
	BN_free(n);
	BN_free(e);
	BN_free(rr);
	BN_CTX_free(ctx);
	if (r < 0)
		return KT_FAIL(err, r, "the key is not RSA-2048, or can't be written for Android");
	return 0;
}

static int make_fingerprint(struct kt_key *k, struct kt_err *err)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	/* MD5 because the phone's screen shows MD5: it is compared by eye, nothing rests on it */
	if (EVP_Digest(k->pub, sizeof(k->pub), md, &len, EVP_md5(), NULL) != 1 || len != 16)
		return KT_FAIL(err, KT_E_INTERNAL, "MD5 for the fingerprint is not available");
	for (size_t i = 0; i < 16; i++) {
		k->fingerprint[3 * i] = hex[md[i] >> 4];
		k->fingerprint[3 * i + 1] = hex[md[i] & 15];
		k->fingerprint[3 * i + 2] = i < 15 ? ':' : '\0';
	}
	return 0;
}

static int load(struct kt_key *k, struct kt_err *err)
{
	KT_AUTO_FD fd = openat(k->dirfd, KT_DEV_KEY_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[KEY_FILE_MAX];
	struct stat st;
	size_t n = 0;
	BIO *bio;
	int r;

	if (fd < 0)
		return KT_FAIL(err, kt_errno_code(errno), "%s: %s", KT_DEV_KEY_NAME,
			       strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
		return KT_FAIL(err, KT_E_INVALID, "%s is not a private file", KT_DEV_KEY_NAME);
	r = kt_read_full(fd, text, sizeof(text), &n, err);
	if (r < 0)
		return r;
	/* a crash between making the file and filling it: no phone has seen that key */
	if (n == 0 && unlinkat(k->dirfd, KT_DEV_KEY_NAME, 0) == 0)
		return KT_FAIL(err, KT_E_ABSENT, "%s was empty", KT_DEV_KEY_NAME);
	bio = BIO_new_mem_buf(text, (int)n);
	if (bio != NULL)
		k->pair = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	OPENSSL_cleanse(text, sizeof(text));
	if (k->pair == NULL || EVP_PKEY_is_a(k->pair, "RSA") != 1)
		return KT_FAIL(err, KT_E_INVALID, "%s holds no RSA key", KT_DEV_KEY_NAME);
	k->accepted = faccessat(k->dirfd, KEY_ACCEPTED, F_OK, 0) == 0;
	return 0;
}

static int store(struct kt_key *k, const void *p, size_t n, struct kt_err *err)
{
	KT_AUTO_FD fd = openat(k->dirfd, KT_DEV_KEY_NAME,
			       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return KT_FAIL(err, KT_E_STORAGE, "%s: %s", KT_DEV_KEY_NAME, strerror(errno));
	r = kt_write_full(fd, p, n, err);
	if (r == 0)
		r = kt_sync_fd(fd, err);
	if (r == 0)
		r = kt_sync_fd(k->dirfd, err);
	if (r < 0)
		unlinkat(k->dirfd, KT_DEV_KEY_NAME, 0);
	return r;
}

static int generate(struct kt_key *k, struct kt_err *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *text = NULL;
	long n;
	int r = KT_E_INTERNAL;

	k->pair = EVP_RSA_gen(KT_KEY_BITS);
	if (bio == NULL || k->pair == NULL ||
	    PEM_write_bio_PrivateKey(bio, k->pair, NULL, NULL, 0, NULL, NULL) != 1) {
		KT_FAIL(err, r, "no key could be made");
		goto out;
	}
	n = BIO_get_mem_data(bio, &text);
	r = store(k, text, (size_t)n, err);
	if (r == 0)
		unlinkat(k->dirfd, KEY_ACCEPTED, 0);
	OPENSSL_cleanse(text, (size_t)n);
	k->is_new = true;
out:
	BIO_free(bio);
	return r;
}

int kt_key_open(int dirfd, bool create, struct kt_key **out, struct kt_err *err)
{
	struct kt_key *k = calloc(1, sizeof(*k));
	struct kt_err absent = {0};
	int r;

	*out = NULL;
	if (k == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a key");
	k->dirfd = dirfd;
	r = load(k, create ? &absent : err);
	if (r == KT_E_ABSENT && create)
		r = generate(k, err);
	else if (r < 0 && create)
		KT_FAIL(err, r, "%s", kt_err_text(&absent));
	if (r == 0)
		r = encode_public(k, err);
	if (r == 0)
		r = make_fingerprint(k, err);
	if (r < 0) {
		kt_key_free(&k);
		return r;
	}
	*out = k;
	return 0;
}

void kt_key_free(struct kt_key **k)
{
	if (*k != NULL) {
		EVP_PKEY_free((*k)->pair);
		OPENSSL_cleanse(*k, sizeof(**k));
		free(*k);
	}
	*k = NULL;
}

bool kt_key_is_new(const struct kt_key *k)
{
	return k->is_new;
}

bool kt_key_was_accepted(const struct kt_key *k)
{
	return k->accepted;
}

int kt_key_set_accepted(struct kt_key *k, struct kt_err *err)
{
	KT_AUTO_FD fd = -1;

	k->is_new = false;
	if (k->accepted)
		return 0;
	fd = openat(k->dirfd, KEY_ACCEPTED, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return KT_FAIL(err, KT_E_STORAGE, "%s: %s", KEY_ACCEPTED, strerror(errno));
	k->accepted = true;
	return 0;
}

const char *kt_key_fingerprint(const struct kt_key *k)
{
	return k->fingerprint;
}

const uint8_t *kt_key_public(const struct kt_key *k)
{
	return k->pub;
}

int kt_key_public_text(const struct kt_key *k, const char *comment, struct kt_buf *out,
		       struct kt_err *err)
{
	unsigned char text[(KT_KEY_STRUCT + 2) / 3 * 4 + 1];
	size_t n = strlen(comment);

	if (n == 0 || n > KT_KEY_COMMENT)
		return KT_FAIL(err, KT_E_USAGE, "a key comment has 1 to %d bytes", KT_KEY_COMMENT);
	for (size_t i = 0; i < n; i++)
		if (comment[i] <= 0x20 || comment[i] > 0x7e)
			return KT_FAIL(err, KT_E_USAGE, "a key comment is printable, no spaces");
	EVP_EncodeBlock(text, k->pub, KT_KEY_STRUCT);
	kt_buf_puts(out, (const char *)text);
	kt_buf_putc(out, ' ');
	kt_buf_puts(out, comment);
	if (kt_buf_put_u8(out, 0) < 0)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the public key");
	return 0;
}

int kt_key_sign(const struct kt_key *k, const uint8_t token[20], uint8_t sig[KT_KEY_SIGNATURE],
		struct kt_err *err)
{
	uint8_t in[DIGEST_INFO_LEN + 20];
	size_t len = KT_KEY_SIGNATURE;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->pair, NULL);
	bool ok;

	/* DigestInfo by hand: a policy that forbids SHA-1 signatures is about digests of data,
	 * and nothing is digested here */
	memcpy(in, digest_info, DIGEST_INFO_LEN);
	memcpy(in + DIGEST_INFO_LEN, token, 20);
	ok = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	     EVP_PKEY_sign(ctx, sig, &len, in, sizeof(in)) == 1 && len == KT_KEY_SIGNATURE;
	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		return KT_FAIL(err, KT_E_INTERNAL, "the token could not be signed");
	return 0;
}
