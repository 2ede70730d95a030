/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Writes the container of a package (reports/verify/zip_format.h) into a seekable descriptor, and
 * hashes what goes into it on the way. One entry at a time; constant memory. Used by package.c.
 */
#ifndef KT_PACKAGE_ZIP_WRITE_H
#define KT_PACKAGE_ZIP_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hash.h"
#include "reports/verify/zip_format.h"

struct kt_err;

/* What is known of an entry once it is written. */
struct kt_zipw_done {
	uint64_t off, size;
	uint32_t crc;
	uint8_t sha256[KT_SHA256_LEN], sha512[KT_SHA512_LEN];
};

struct kt_zipw {
	int fd; /* borrowed */
	uint64_t off, cd_off;
	uint64_t entries;
	uint16_t time, date;
	struct kt_hash sha256, sha512;
	bool want512; /* for the entry at hand */
	struct kt_zip_record rec;
	uint64_t got; /* bytes of the entry at hand */
};

/* All entries get the same time. Free in every case. 0, KT_E_NOMEM. */
int kt_zipw_init(struct kt_zipw *w, int fd, int64_t time_us, struct kt_err *err);
void kt_zipw_free(struct kt_zipw *w);

/* A whole entry from memory, in one write. name is borrowed for the call. 0 or KT_E_STORAGE. */
int kt_zipw_put(struct kt_zipw *w, const char *name, const void *p, size_t n, bool want512,
		struct kt_zipw_done *done, struct kt_err *err);

/*
 * An entry in pieces: begin with the exact size, write, end. name is borrowed until end. end gives
 * KT_E_STORAGE when the pieces are not of that size together.
 */
int kt_zipw_begin(struct kt_zipw *w, const char *name, uint64_t size, bool want512,
		  struct kt_err *err);
int kt_zipw_write(struct kt_zipw *w, const void *p, size_t n, struct kt_err *err);
int kt_zipw_end(struct kt_zipw *w, struct kt_zipw_done *done, struct kt_err *err);

/*
 * The central directory: one call per entry in the order written, then the tail. The records are
 * gathered in b, which is written out and emptied when it is large, and at the tail.
 */
struct kt_buf;
int kt_zipw_central(struct kt_zipw *w, const char *name, const struct kt_zipw_done *e,
		    struct kt_buf *b, struct kt_err *err);
int kt_zipw_tail(struct kt_zipw *w, struct kt_buf *b, struct kt_err *err);

#endif
