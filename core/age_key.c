/* SPDX-License-Identifier: EUPL-1.2 */
/* Keys of age: the curve, the key derivation, and the text forms (Bech32, BIP 173). */
#include "core/age_i.h"
#include "core/err.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static const char charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

#define HRP_RECIPIENT "age"
#define HRP_IDENTITY  "age-secret-key-"
#define WORDS	      52 /* groups of five bits in 32 bytes */
#define CHECKSUM      6

static uint32_t polymod(uint32_t chk, uint8_t v)
{
	static const uint32_t gen[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = chk >> 25;

	chk = (chk & 0x1ffffff) << 5 ^ v;
	for (unsigned i = 0; i < 5; i++)
		if ((top >> i & 1) != 0)
			chk ^= gen[i];
	return chk;
}

static uint32_t hrp_sum(const char *hrp)
{
	uint32_t chk = 1;

	for (const char *c = hrp; *c != '\0'; c++)
		chk = polymod(chk, (uint8_t)((uint8_t)*c >> 5));
	chk = polymod(chk, 0);
	for (const char *c = hrp; *c != '\0'; c++)
		chk = polymod(chk, (uint8_t)*c & 31);
	return chk;
}

static void bech32_put(const char *hrp, const uint8_t key[KT_AGE_KEY], char *out)
{
	uint32_t chk = hrp_sum(hrp), acc = 0;
	unsigned bits = 0;
	char *o = out;

	for (const char *c = hrp; *c != '\0'; c++)
		*o++ = *c;
	*o++ = '1';
	for (size_t i = 0; i < KT_AGE_KEY; i++) {
		acc = (acc << 8 | key[i]) & 0xfff;
		for (bits += 8; bits >= 5; bits -= 5) {
			uint8_t v = (uint8_t)(acc >> (bits - 5) & 31);

			chk = polymod(chk, v);
			*o++ = charset[v];
		}
	}
	/* 256 bits are 51 groups and one bit */
	acc = acc << (5 - bits) & 31;
	chk = polymod(chk, (uint8_t)acc);
	*o++ = charset[acc];
	for (unsigned i = 0; i < CHECKSUM; i++)
		chk = polymod(chk, 0);
	chk ^= 1;
	for (unsigned i = 0; i < CHECKSUM; i++)
		*o++ = charset[chk >> 5 * (5 - i) & 31];
	*o = '\0';
}

/* Lower case alone; the caller has seen to it. */
static bool bech32_get(const char *hrp, const char *p, size_t n, uint8_t key[KT_AGE_KEY])
{
	size_t h = strlen(hrp), at = 0;
	uint32_t chk = hrp_sum(hrp), acc = 0;
	unsigned bits = 0;

	if (n != h + 1 + WORDS + CHECKSUM || memcmp(p, hrp, h) != 0 || p[h] != '1')
		return false;
	for (size_t i = 0; i < WORDS + CHECKSUM; i++) {
		const char *c = p[h + 1 + i] != '\0' ? strchr(charset, p[h + 1 + i]) : NULL;

		if (c == NULL)
			return false;
		chk = polymod(chk, (uint8_t)(c - charset));
		if (i >= WORDS)
			continue;
		acc = (acc << 5 | (uint32_t)(c - charset)) & 0xfff;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			key[at++] = (uint8_t)(acc >> bits);
		}
	}
	/* what is left over of the last group is zero */
	return chk == 1 && at == KT_AGE_KEY && (acc & ((1U << bits) - 1)) == 0;
}

const char *kt_age_recipient_text(const uint8_t recipient[KT_AGE_KEY], char out[KT_AGE_RECIPIENT])
{
	bech32_put(HRP_RECIPIENT, recipient, out);
	return out;
}

const char *kt_age_identity_text(const uint8_t secret[KT_AGE_KEY], char out[KT_AGE_IDENTITY])
{
	bech32_put(HRP_IDENTITY, secret, out);
	for (char *c = out; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	return out;
}

int kt_age_recipient_parse(const char *p, size_t n, uint8_t out[KT_AGE_KEY], struct kt_err *err)
{
	return bech32_get(HRP_RECIPIENT, p, n, out)
		       ? 0
		       : KT_FAIL(err, KT_E_FORMAT, "that is no age recipient (age1...)");
}

int kt_age_identity_parse(const char *p, size_t n, uint8_t out[KT_AGE_KEY], struct kt_err *err)
{
	char low[KT_AGE_IDENTITY];
	bool good = n == KT_AGE_IDENTITY - 1;

	for (size_t i = 0; good && i < n; i++) {
		good = p[i] < 'a' || p[i] > 'z';
		low[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] - 'A' + 'a') : p[i];
	}
	good = good && bech32_get(HRP_IDENTITY, low, n, out);
	OPENSSL_cleanse(low, sizeof(low));
	return good ? 0
		    : KT_FAIL(err, KT_E_FORMAT, "that is no age identity (AGE-SECRET-KEY-1...)");
}

/* -- primitives ------------------------------------------------------------------------------- */

int kt_age_hmac(const uint8_t key[KT_AGE_KEY], const void *p, size_t n, uint8_t out[KT_AGE_KEY])
{
	return HMAC(EVP_sha256(), key, KT_AGE_KEY, p, n, out, NULL) != NULL ? 0 : KT_E_INTERNAL;
}

int kt_age_hkdf(const uint8_t *ikm, size_t n, const uint8_t *salt, size_t salt_len,
		const char *info, uint8_t out[KT_AGE_KEY])
{
	uint8_t prk[KT_AGE_KEY], text[64];
	size_t len = strlen(info);
	int r = KT_E_INTERNAL;

	if (len < sizeof(text) && HMAC(EVP_sha256(), salt_len > 0 ? salt : (const uint8_t *)"",
				       (int)salt_len, ikm, n, prk, NULL) != NULL) {
		for (size_t i = 0; i < len; i++)
			text[i] = (uint8_t)info[i];
		text[len] = 1;
		r = kt_age_hmac(prk, text, len + 1, out);
	}
	OPENSSL_cleanse(prk, sizeof(prk));
	return r;
}

int kt_age_public(const uint8_t secret[KT_AGE_KEY], uint8_t recipient[KT_AGE_KEY],
		  struct kt_err *err)
{
	EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, KT_AGE_KEY);
	size_t n = KT_AGE_KEY;
	int ok = k != NULL && EVP_PKEY_get_raw_public_key(k, recipient, &n) == 1 && n == KT_AGE_KEY;

	EVP_PKEY_free(k);
	return ok ? 0 : KT_FAIL(err, KT_E_INTERNAL, "X25519 can't be computed");
}

int kt_age_keygen(uint8_t secret[KT_AGE_KEY], uint8_t recipient[KT_AGE_KEY], struct kt_err *err)
{
	EVP_PKEY *k = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	size_t n = KT_AGE_KEY, m = KT_AGE_KEY;
	int ok = k != NULL && EVP_PKEY_get_raw_private_key(k, secret, &n) == 1 &&
		 EVP_PKEY_get_raw_public_key(k, recipient, &m) == 1;

	EVP_PKEY_free(k);
	return ok ? 0 : KT_FAIL(err, KT_E_INTERNAL, "no new key can be made");
}

int kt_age_wrap_key(const uint8_t mine[KT_AGE_KEY], const uint8_t theirs[KT_AGE_KEY],
		    const uint8_t share[KT_AGE_KEY], const uint8_t recipient[KT_AGE_KEY],
		    uint8_t out[KT_AGE_KEY])
{
	EVP_PKEY *a = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, mine, KT_AGE_KEY);
	EVP_PKEY *b = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, theirs, KT_AGE_KEY);
	EVP_PKEY_CTX *ctx = a != NULL ? EVP_PKEY_CTX_new(a, NULL) : NULL;
	uint8_t secret[KT_AGE_KEY], salt[2 * KT_AGE_KEY];
	size_t n = sizeof(secret);
	int r = KT_E_INTERNAL;

	/* OpenSSL refuses a share that would give zeros */
	if (ctx != NULL && b != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	    EVP_PKEY_derive_set_peer(ctx, b) == 1 && EVP_PKEY_derive(ctx, secret, &n) == 1 &&
	    n == sizeof(secret)) {
		memcpy(salt, share, KT_AGE_KEY);
		memcpy(salt + KT_AGE_KEY, recipient, KT_AGE_KEY);
		r = kt_age_hkdf(secret, n, salt, sizeof(salt), "age-encryption.org/v1/X25519", out);
	}
	OPENSSL_cleanse(secret, sizeof(secret));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
	return r;
}

static EVP_CIPHER *cipher; /* fetched once */

int kt_age_warm(struct kt_err *err)
{
	if (cipher == NULL)
		cipher = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
	return cipher != NULL ? 0 : KT_FAIL(err, KT_E_INTERNAL, "OpenSSL has no ChaCha20-Poly1305");
}

void *kt_age_ctx(const uint8_t key[KT_AGE_KEY], bool encrypt)
{
	EVP_CIPHER_CTX *ctx = kt_age_warm(NULL) == 0 ? EVP_CIPHER_CTX_new() : NULL;

	if (ctx != NULL && EVP_CipherInit_ex2(ctx, cipher, key, NULL, encrypt, NULL) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

int kt_age_seal(void *ctx, const uint8_t nonce[12], const uint8_t *p, size_t n, uint8_t *out)
{
	int len = 0, last = 0;

	if (EVP_EncryptInit_ex2(ctx, NULL, NULL, nonce, NULL) != 1 ||
	    (n > 0 && EVP_EncryptUpdate(ctx, out, &len, p, (int)n) != 1) ||
	    EVP_EncryptFinal_ex(ctx, out + len, &last) != 1 || (size_t)len + (size_t)last != n ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, KT_AGE_TAG, out + n) != 1)
		return KT_E_INTERNAL;
	return 0;
}

int kt_age_open(void *ctx, const uint8_t nonce[12], uint8_t *p, size_t n, uint8_t *out)
{
	int len = 0, last = 0;

	if (EVP_DecryptInit_ex2(ctx, NULL, NULL, nonce, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, KT_AGE_TAG, p + n) != 1 ||
	    (n > 0 && EVP_DecryptUpdate(ctx, out, &len, p, (int)n) != 1) ||
	    EVP_DecryptFinal_ex(ctx, out + len, &last) != 1 || (size_t)len + (size_t)last != n) {
		OPENSSL_cleanse(out, n);
		return KT_E_INVALID;
	}
	return 0;
}

/* -- base64 ----------------------------------------------------------------------------------- */

static const char b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void kt_age_b64(const uint8_t p[KT_AGE_KEY], char out[KT_AGE_B64 + 1])
{
	for (unsigned i = 0; i < KT_AGE_B64; i++) {
		unsigned bit = 6 * i, v = (unsigned)p[bit / 8] << 8;

		if (bit / 8 + 1 < KT_AGE_KEY)
			v |= p[bit / 8 + 1];
		out[i] = b64[v >> (10 - bit % 8) & 63];
	}
	out[KT_AGE_B64] = '\0';
}

bool kt_age_unb64(const char *p, size_t n, uint8_t out[KT_AGE_KEY])
{
	uint32_t acc = 0;
	unsigned bits = 0;
	size_t at = 0;

	if (n != KT_AGE_B64)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *c = p[i] != '\0' ? strchr(b64, p[i]) : NULL;

		if (c == NULL)
			return false;
		acc = (acc << 6 | (uint32_t)(c - b64)) & 0xfffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[at++] = (uint8_t)(acc >> bits);
		}
	}
	return at == KT_AGE_KEY && (acc & ((1U << bits) - 1)) == 0;
}
