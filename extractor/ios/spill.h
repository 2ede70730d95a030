/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Bytes that are too many for memory and must never be found on a disk: Manifest.db names every
 * file, app and photo of a phone. They go into a file without a name, encrypted under a key that
 * exists in this process alone, and are read back at any place. The file ends with the process.
 */
#ifndef KT_IOS_SPILL_H
#define KT_IOS_SPILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hash.h"
#include "core/unzip.h"

struct kt_err;

#define KT_SPILL_MAX ((uint64_t)8 << 30)

struct kt_spill {
	int fd;	   /* -1: none */
	void *ctx; /* cipher, holds the key */
	uint64_t size;
	struct kt_hash hash; /* of the plain bytes */
	uint8_t *out;	     /* encrypted, not written yet */
	size_t out_len;
	uint8_t *cache; /* one piece, decrypted */
	uint64_t cache_at;
	size_t cache_len;
};

/* A new one in a folder. KT_E_STORAGE, KT_E_NOMEM, KT_E_INTERNAL. */
int kt_spill_open(struct kt_spill *s, int dirfd, struct kt_err *err);
void kt_spill_close(struct kt_spill *s);
/* Appends. KT_E_STORAGE, KT_E_LIMIT. */
int kt_spill_put(struct kt_spill *s, const void *p, size_t n, struct kt_err *err);
/* No more comes: sha gets the digest of all bytes, *src reads them (borrows s). */
int kt_spill_end(struct kt_spill *s, uint8_t sha[KT_SHA256_LEN], struct kt_rdat *src,
		 struct kt_err *err);

#endif
