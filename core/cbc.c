/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/cbc.h"
#include "core/err.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

static const uint8_t zero_iv[KT_CBC_BLOCK];

static int start(EVP_CIPHER_CTX **ctx, const uint8_t *key, const uint8_t *iv, struct kt_err *err)
{
	*ctx = EVP_CIPHER_CTX_new();
	if (*ctx == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a cipher");
	if (EVP_DecryptInit_ex(*ctx, EVP_aes_256_cbc(), NULL, key, iv) != 1 ||
	    EVP_CIPHER_CTX_set_padding(*ctx, 0) != 1) {
		EVP_CIPHER_CTX_free(*ctx);
		*ctx = NULL;
		return KT_FAIL(err, KT_E_INTERNAL, "AES-256-CBC is not to be had");
	}
	return 0;
}

int kt_cbc_init(struct kt_cbc *c, const uint8_t key[KT_CBC_KEY], uint64_t size, struct kt_err *err)
{
	EVP_CIPHER_CTX *ctx;
	int r = start(&ctx, key, zero_iv, err);

	c->ctx = ctx;
	c->left = size;
	return r;
}

int kt_cbc_update(struct kt_cbc *c, const void *p, size_t n, void *out, size_t *got,
		  struct kt_err *err)
{
	int len = 0;

	*got = 0;
	if (n > INT_MAX - KT_CBC_BLOCK)
		return KT_FAIL(err, KT_E_INTERNAL, "too much to decrypt at once");
	if (EVP_DecryptUpdate(c->ctx, out, &len, p, (int)n) != 1 || len < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "decryption failed");
	*got = (uint64_t)len > c->left ? (size_t)c->left : (size_t)len;
	if (c->left != UINT64_MAX)
		c->left -= *got;
	return 0;
}

int kt_cbc_end(struct kt_cbc *c, struct kt_err *err)
{
	uint8_t rest[KT_CBC_BLOCK];
	int len = 0;

	/* without padding this fails exactly when part of a block is left over */
	if (EVP_DecryptFinal_ex(c->ctx, rest, &len) != 1)
		return KT_FAIL(err, KT_E_FORMAT, "the ciphertext is no whole number of blocks");
	if (c->left != UINT64_MAX && c->left > 0)
		return KT_FAIL(err, KT_E_FORMAT, "the ciphertext is shorter than the size stated");
	return 0;
}

void kt_cbc_free(struct kt_cbc *c)
{
	EVP_CIPHER_CTX_free(c->ctx);
	c->ctx = NULL;
}

int kt_cbc_blocks(const uint8_t key[KT_CBC_KEY], const uint8_t *prev, const void *in, size_t n,
		  void *out, struct kt_err *err)
{
	EVP_CIPHER_CTX *ctx;
	uint8_t iv[KT_CBC_BLOCK];
	int r, len = 0;

	if (n % KT_CBC_BLOCK != 0 || n > INT_MAX)
		return KT_FAIL(err, KT_E_INTERNAL, "not whole blocks");
	memcpy(iv, prev != NULL ? prev : zero_iv, sizeof(iv));
	r = start(&ctx, key, iv, err);
	if (r < 0)
		return r;
	if (EVP_DecryptUpdate(ctx, out, &len, in, (int)n) != 1 || (size_t)len != n)
		r = KT_FAIL(err, KT_E_INTERNAL, "decryption failed");
	EVP_CIPHER_CTX_free(ctx);
	return r;
}
