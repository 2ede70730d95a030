/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Archives as hostile input: ZIP (with ZIP64) by its central directory, tar as a stream, gzip. Each
 * reads through callbacks, holds a bounded amount of memory, and names what contradicts itself.
 * Used inside sandboxed processes alone (a worker, keten-device): never in keten itself.
 */
#ifndef KT_CORE_UNZIP_H
#define KT_CORE_UNZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_err;

/* Random access: *got short only at the end. */
struct kt_rdat {
	int (*read_at)(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err);
	void *arg;
	uint64_t size;
};

/* Sequential: *got 0 at the end. Same shape as struct kt_json_src's read. */
struct kt_rdseq {
	int (*read)(void *arg, void *p, size_t n, size_t *got, struct kt_err *err);
	void *arg;
};

/* -- zip -------------------------------------------------------------------------------------- */

struct kt_unzip; /* owned directory */

struct kt_unzip_member {
	const uint8_t *name; /* as written, borrowed */
	uint16_t name_len, method;
	uint64_t packed, size, local_off;
	uint32_t crc, mode; /* mode: st_mode when written on Unix, else 0 */
	int64_t mtime;	    /* UTC when an extended time stamp says so, else 0 */
	bool encrypted, is_dir;
	bool repeated; /* an earlier entry has the same name */
};

/*
 * Reads the whole central directory: at most max_members names and max_names bytes of them. Entries
 * that overlap, lie outside the file, or whose end record isn't the last thing in the file are
 * KT_E_FORMAT. */
int kt_unzip_open(const struct kt_rdat *src, uint32_t max_members, size_t max_names,
		  struct kt_unzip **z, struct kt_err *err);
void kt_unzip_close(struct kt_unzip **z);
uint32_t kt_unzip_count(const struct kt_unzip *z);
const struct kt_unzip_member *kt_unzip_member(const struct kt_unzip *z, uint32_t i);

struct kt_unzip_stream; /* one open member */

/*
 * Opens member i: methods 0 and 8 alone; the local header must agree with the directory. Random
 * reads go forward cheaply; a step back starts the member again (rewinds counts such restarts).
 */
int kt_unzip_start(struct kt_unzip *z, uint32_t i, struct kt_unzip_stream **s, struct kt_err *err);
/* Next bytes; at the end size and CRC-32 are checked (KT_E_FORMAT). Ratio above 1,100: KT_E_LIMIT. */
int kt_unzip_read(struct kt_unzip_stream *s, void *p, size_t n, size_t *got, struct kt_err *err);
/* Bytes at off of the unpacked member. Stored members cost one read. */
int kt_unzip_read_at(struct kt_unzip_stream *s, uint64_t off, void *p, size_t n, size_t *got,
		     struct kt_err *err);
/* For the tests: how often kt_unzip_read_at() had to begin anew, which its answers don't show. */
uint32_t kt_unzip_rewinds(const struct kt_unzip_stream *s);
void kt_unzip_stop(struct kt_unzip_stream **s);

/* -- gzip ------------------------------------------------------------------------------------- */

struct kt_gunzip;
/* Reads one or several gzip members in a row as one stream; CRC and length are checked. */
int kt_gunzip_open(const struct kt_rdseq *src, struct kt_gunzip **g, struct kt_err *err);
int kt_gunzip_read(struct kt_gunzip *g, void *p, size_t n, size_t *got, struct kt_err *err);
void kt_gunzip_close(struct kt_gunzip **g);

/* -- tar -------------------------------------------------------------------------------------- */

struct kt_untar; /* ustar, GNU long names, pax headers; sparse members are named, not unpacked */

enum kt_tar_type { KT_TAR_FILE = 1, KT_TAR_DIR, KT_TAR_LINK, KT_TAR_OTHER, KT_TAR_SPARSE };

struct kt_tar_member {
	const uint8_t *name; /* as written, borrowed until the next member */
	size_t name_len;
	enum kt_tar_type type;
	uint64_t size, data_off; /* data_off: in the unpacked stream */
	uint32_t mode;
	int64_t mtime;
};

int kt_untar_open(const struct kt_rdseq *src, struct kt_untar **t, struct kt_err *err);
/* 1: a member, 0: end (end_missing says whether the two zero blocks were missing), or a code. */
int kt_untar_next(struct kt_untar *t, struct kt_tar_member *m, struct kt_err *err);
/* Data of the current member, in order. What is not read is skipped by the next kt_untar_next(). */
int kt_untar_read(struct kt_untar *t, void *p, size_t n, size_t *got, struct kt_err *err);
/* The same without a copy: up to max bytes, borrowed until the next call; *n 0 at the member's end. */
int kt_untar_chunk(struct kt_untar *t, size_t max, const uint8_t **p, size_t *n,
		   struct kt_err *err);
bool kt_untar_end_missing(const struct kt_untar *t);
/*
 * After the end: reads the source to its own end. *junk: bytes that are not zero were there, which
 * may be a second archive that most programs do not show. 0 or the source's code.
 */
int kt_untar_drain(struct kt_untar *t, bool *junk, struct kt_err *err);
void kt_untar_close(struct kt_untar **t);

#endif
