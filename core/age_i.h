/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to core/age*.c: the primitives of age, on fixed sizes. */
#ifndef KT_CORE_AGE_I_H
#define KT_CORE_AGE_I_H

#include "core/age.h"

#define KT_AGE_FILE_KEY 16
#define KT_AGE_TAG	16
#define KT_AGE_B64	43 /* characters of 32 bytes in base64 without padding */

/* HKDF-SHA256 with 32 bytes out. */
int kt_age_hkdf(const uint8_t *ikm, size_t n, const uint8_t *salt, size_t salt_len,
		const char *info, uint8_t out[KT_AGE_KEY]);
int kt_age_hmac(const uint8_t key[KT_AGE_KEY], const void *p, size_t n, uint8_t out[KT_AGE_KEY]);
/* The key that wraps the file key: X25519(mine, theirs) and both public shares. */
int kt_age_wrap_key(const uint8_t mine[KT_AGE_KEY], const uint8_t theirs[KT_AGE_KEY],
		    const uint8_t share[KT_AGE_KEY], const uint8_t recipient[KT_AGE_KEY],
		    uint8_t out[KT_AGE_KEY]);
/* ChaCha20-Poly1305 on a context that has its key; n bytes and the tag. 0 or KT_E_INTERNAL. */
int kt_age_seal(void *ctx, const uint8_t nonce[12], const uint8_t *p, size_t n, uint8_t *out);
/* n bytes without the tag that follows them. 0 or KT_E_INVALID. */
int kt_age_open(void *ctx, const uint8_t nonce[12], uint8_t *p, size_t n, uint8_t *out);
/* A context for one direction; EVP_CIPHER_CTX, NULL when there is none. */
void *kt_age_ctx(const uint8_t key[KT_AGE_KEY], bool encrypt);

/* Base64 without padding, canonical. */
void kt_age_b64(const uint8_t p[KT_AGE_KEY], char out[KT_AGE_B64 + 1]);
bool kt_age_unb64(const char *p, size_t n, uint8_t out[KT_AGE_KEY]);

#endif
