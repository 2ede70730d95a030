/* SPDX-License-Identifier: EUPL-1.2 */
/* What the two halves of the ZIP reader share: unzip.c has the directory, unzip_read.c the members. */
#ifndef KT_CORE_UNZIP_I_H
#define KT_CORE_UNZIP_I_H

#include "core/unzip.h"

#define KT_UNZIP_LOCAL 30u /* bytes of a local header, without name and extra area */
#define KT_UNZIP_MAX32 0xffffffffu

struct kt_unzip {
	struct kt_rdat src;
	struct kt_unzip_member *m;
	uint64_t *limit; /* where the next member begins: nobody reads across it */
	uint8_t *names;
	size_t names_len, names_cap;
	uint32_t n, cap;
	uint64_t cd_off, cd_size, entries;
};

/* All n bytes at off, or KT_E_FORMAT. */
int kt_unzip_exact(const struct kt_rdat *src, uint64_t off, void *p, size_t n, struct kt_err *err);
/*
 * Replaces each value that is at its maximum by the one of the ZIP64 field in an extra area; NULL:
 * not asked for. False: the field is too short.
 */
bool kt_unzip_widen(const uint8_t *extra, size_t n, uint64_t *size, uint64_t *packed,
		    uint64_t *off);

#endif
