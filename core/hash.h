/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * SHA-256 and SHA-512 through OpenSSL's EVP, fetched once. Anyone may use it; call kt_hash_warm()
 * before a sandbox closes.
 */
#ifndef KT_CORE_HASH_H
#define KT_CORE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_err;

enum kt_hash_alg { KT_SHA256 = 0, KT_SHA512, KT_HASH_COUNT };

#define KT_SHA256_LEN 32
#define KT_SHA512_LEN 64
#define KT_SHA256_HEX 65 /* with NUL */
#define KT_SHA512_HEX 129

struct kt_hash {
	void *md; /* EVP_MD_CTX, owned */
	enum kt_hash_alg alg;
};

int kt_hash_warm(struct kt_err *err);
/* 0 or KT_E_NOMEM/KT_E_INTERNAL. Reusable after kt_hash_final() by another init. */
int kt_hash_init(struct kt_hash *h, enum kt_hash_alg alg, struct kt_err *err);
void kt_hash_free(struct kt_hash *h);
int kt_hash_update(struct kt_hash *h, const void *p, size_t n);
/* Writes 32 or 64 bytes and starts over with the same algorithm. */
int kt_hash_final(struct kt_hash *h, uint8_t *out);

/* One-shot. */
int kt_sha256(const void *p, size_t n, uint8_t out[KT_SHA256_LEN], struct kt_err *err);
/* Lower-case hex with NUL; out holds 2n+1. */
const char *kt_hex(const uint8_t *p, size_t n, char *out);
/* The other way: exactly 2n lower-case digits and a NUL into n bytes; false for anything else. */
bool kt_unhex(const char *hex, uint8_t *out, size_t n);
/* All bytes of an open file, from its start, in constant memory. 0, KT_E_STORAGE, KT_E_NOMEM. */
int kt_sha256_fd(int fd, char out[KT_SHA256_HEX], struct kt_err *err);
/* One-shot to hex. */
int kt_sha256_hex(const void *p, size_t n, char out[KT_SHA256_HEX], struct kt_err *err);

#endif
