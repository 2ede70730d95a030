/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Reads a package's container, treating it as hostile: only the one form that the writer makes
 * (zip_format.h) is free of defects. What can be read safely in spite of a defect is read, so that
 * the verifier can name more than the first one. Memory grows with the number of entries only,
 * under KT_PKG_MAX_ENTRIES.
 */
#ifndef KT_VERIFY_ZIP_READ_H
#define KT_VERIFY_ZIP_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/hash.h"
#include "reports/verify/layout.h"

struct kt_err;

struct kt_zip_entry {
	uint64_t off, data, size; /* offsets in the file of local header and content */
	uint32_t crc;
	uint32_t name;	 /* offset into names */
	uint16_t tag;	 /* tag files: position in the verifier's SHA-512 table */
	uint8_t kind;	 /* enum kt_pkg_kind */
	bool unreadable; /* compressed, encrypted or outside the file: content is not looked at */
	bool listed;	 /* in its manifest */
	bool used;	 /* objects: named by an index line */
	uint8_t sha256[KT_SHA256_LEN]; /* filled by the verifier */
};

struct kt_zip {
	int fd; /* borrowed */
	uint64_t file_size, cd_off, cd_size;
	size_t n;
	struct kt_zip_entry *e; /* in the order of the central directory */
	uint32_t *sorted;	/* positions in e, by name */
	struct kt_buf names;
	unsigned defects;
	void (*defect)(void *arg, const char *text); /* text may hold raw bytes of names */
	void *arg;
};

/*
 * Reads the structure. 0 (look at z->defects), KT_E_FORMAT when it is no container that can be
 * read on, KT_E_STORAGE, KT_E_NOMEM. defect, or NULL, is called for each defect found, also for the
 * one behind KT_E_FORMAT. Free with kt_zip_read_close() in every case; fd stays open.
 */
int kt_zip_read_open(int fd, struct kt_zip *z, void (*defect)(void *arg, const char *text),
		     void *arg, struct kt_err *err);
void kt_zip_read_close(struct kt_zip *z);

const char *kt_zip_entry_name(const struct kt_zip *z, const struct kt_zip_entry *e);
/* By exact name, or NULL. */
struct kt_zip_entry *kt_zip_find(const struct kt_zip *z, const char *name);

/* Reads up to n bytes of an entry's content at off. 0, KT_E_FORMAT (unreadable), KT_E_STORAGE. */
int kt_zip_pread(const struct kt_zip *z, const struct kt_zip_entry *e, uint64_t off, void *p,
		 size_t n, size_t *got, struct kt_err *err);
/* Appends the whole content. As above, and KT_E_LIMIT above max. */
int kt_zip_load(const struct kt_zip *z, const struct kt_zip_entry *e, size_t max, struct kt_buf *b,
		struct kt_err *err);

/* Lines of an entry, in constant memory. */
struct kt_zip_lines {
	const struct kt_zip *z;
	const struct kt_zip_entry *e;
	uint64_t off;
	struct kt_buf buf;
	size_t used, max;
	struct kt_hash hash; /* of everything read so far */
};

/* max: longest line. 0 or KT_E_NOMEM. Close in every case. */
int kt_zip_lines_open(struct kt_zip_lines *l, const struct kt_zip *z, const struct kt_zip_entry *e,
		      size_t max, struct kt_err *err);
void kt_zip_lines_close(struct kt_zip_lines *l);
/*
 * 1: *line (borrowed until the next call, without its newline, not terminated), 0: end,
 * KT_E_FORMAT: the last line has no newline, KT_E_LIMIT: a line is too long, KT_E_STORAGE.
 */
int kt_zip_line(struct kt_zip_lines *l, const char **line, size_t *n, struct kt_err *err);

#endif
