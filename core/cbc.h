/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * AES-256-CBC as iPhone backups use it: zero IV, no padding that is looked at; the plaintext is cut
 * to the size that the backup's manifest states. Decryption alone: as a stream, and at any place.
 */
#ifndef KT_CORE_CBC_H
#define KT_CORE_CBC_H

#include <stddef.h>
#include <stdint.h>

struct kt_err;

#define KT_CBC_KEY   32u
#define KT_CBC_BLOCK 16u

struct kt_cbc {
	void *ctx;     /* EVP_CIPHER_CTX, owned */
	uint64_t left; /* plaintext bytes still to come */
};

/* size: bytes of plaintext; UINT64_MAX: all of it, padding included. 0 or KT_E_INTERNAL/KT_E_NOMEM. */
int kt_cbc_init(struct kt_cbc *c, const uint8_t key[KT_CBC_KEY], uint64_t size, struct kt_err *err);
/* Decrypts n bytes into out (room for n + KT_CBC_BLOCK); *got bytes came out. 0 or KT_E_INTERNAL. */
int kt_cbc_update(struct kt_cbc *c, const void *p, size_t n, void *out, size_t *got,
		  struct kt_err *err);
/*
 * The end: 0; KT_E_FORMAT when the ciphertext was no whole number of blocks or shorter than the
 * size stated.
 */
int kt_cbc_end(struct kt_cbc *c, struct kt_err *err);
void kt_cbc_free(struct kt_cbc *c);

/*
 * Whole blocks at a block boundary: prev is the ciphertext block before them (NULL at the start of
 * the file); n a multiple of KT_CBC_BLOCK. in and out may be the same.
 */
int kt_cbc_blocks(const uint8_t key[KT_CBC_KEY], const uint8_t *prev, const void *in, size_t n,
		  void *out, struct kt_err *err);

#endif
