/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Index segments (docs/formats/case.md): which object came from where on the phone, one segment
 * per plan item. Lines reach the disk in groups, after their objects have. Of a sealed case a line
 * says little more than that there is an object; the whole lines of a group are sealed too
 * (docs/formats/release.md).
 */
#ifndef KT_CORE_INDEX_H
#define KT_CORE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/casestore.h"
#include "core/hash.h"

struct kt_err;
struct kt_jv;

struct kt_index_range {
	uint64_t off; /* on the phone */
	uint32_t len;
	uint64_t pos; /* in the object */
};

/* One object line. Texts and bytes borrowed. stored_*: of the sink, for a sealed case. */
struct kt_index_entry {
	const char *object; /* NULL: nothing stored (refused, failed, absent file) */
	const char *outcome, *reason, *method;
	const char *sha256; /* NULL: it is only known when it is released; see file_key */
	uint64_t bytes;
	const char *stored_sha;
	uint64_t stored;
	const uint8_t
		*file_key; /* 32 bytes: what arrived is stored, to be decrypted with this key */
	/* of what arrived, when it was decrypted here; NULL: it was not */
	const char *cipher_sha256;
	uint64_t cipher_bytes;
	const void *path; /* NULL for OUTPUT */
	size_t path_len;
	uint64_t fs_size;
	int64_t fs_mtime;
	const struct kt_index_range *ranges;
	size_t nranges;
	const void *stderr_text;
	size_t stderr_len;
};

struct kt_index {
	struct kt_case *c; /* borrowed */
	int fd;		   /* owned */
	char name[16];
	unsigned segment;
	struct kt_buf pending; /* lines of objects that are not yet synced */
	uint64_t pending_lines, pending_bytes;
	uint64_t entries;	 /* so far, all lines */
	uint64_t objects, bytes; /* files in objects/, and their bytes */
	/* of a sealed case: what the lines leave out, on its way into an object of its own */
	struct kt_buf details;
	uint64_t details_lines, taken; /* taken: objects without those of details */
	/* lines that belong together wait for kt_index_sync(), however many */
	bool hold;
	/* opened with its end line in place: nothing may be added, kt_index_end() only hashes it */
	bool complete;
	char outcome[16], reason[160]; /* of that line */
	uint64_t withheld;	       /* sum of its withheld lines */
};

struct kt_index_head {
	unsigned segment; /* from 1 */
	const char *item, *plugin, *request, *take;
	unsigned plugin_version;
};

/*
 * Opens a segment for writing: new, or an unfinished one of an earlier run, whose damaged last
 * line is cut off and whose counters are restored. 0; KT_E_INVALID when what is there belongs to
 * another item; KT_E_STORAGE.
 */
int kt_index_open(struct kt_case *c, const struct kt_index_head *h, struct kt_index *ix,
		  struct kt_err *err);
void kt_index_close(struct kt_index *ix);
/* Adds a line; groups are synced by themselves (256 lines or 64 MiB of objects). */
int kt_index_add(struct kt_index *ix, const struct kt_index_entry *e, struct kt_err *err);
/* A counting line: kind "withheld" (with reason) or "unmatched". Nothing when n is 0. */
int kt_index_count(struct kt_index *ix, const char *kind, const char *reason, uint64_t n,
		   struct kt_err *err);
/* Objects to disk, then the lines. */
int kt_index_sync(struct kt_index *ix, struct kt_err *err);
/* End line, sync, close; sha gets the hash of the whole segment file. */
int kt_index_end(struct kt_index *ix, const char *outcome, const char *reason,
		 char sha[KT_SHA256_HEX], struct kt_err *err);

/* Called per line of a segment; line is borrowed. Non-zero stops. */
typedef int (*kt_index_fn)(void *arg, unsigned segment, const struct kt_jv *line,
			   struct kt_err *err);
/*
 * Reads one segment in constant memory. *complete: it has its end line. A half last line is
 * ignored (complete stays false). 0, KT_E_ABSENT when there is no such segment, KT_E_INVALID.
 */
int kt_index_read(int index_fd, unsigned segment, bool *complete, kt_index_fn fn, void *arg,
		  struct kt_err *err);
/* The same of a case that may be read through a view. */
int kt_index_read_case(const struct kt_case *c, unsigned segment, bool *complete, kt_index_fn fn,
		       void *arg, struct kt_err *err);

#endif
