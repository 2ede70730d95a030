/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The case folder (docs/formats/case.md) and its write-only sink: acquired bytes go in, hashed as
 * they pass, under names of ours; nothing here reads them back. One process at a time holds the
 * case (lock).
 */
#ifndef KT_CORE_CASESTORE_H
#define KT_CORE_CASESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/hash.h"

struct kt_buf;
struct kt_err;

#define KT_CASE_ID 33 /* 32 hex digits and NUL */
#define KT_OBJECT  16 /* "o000001" */

struct kt_case {
	int fd, objects_fd, index_fd, lock_fd; /* owned */
	char id[KT_CASE_ID];
	char mandate_id[72], mandate_sha256[KT_SHA256_HEX], device[128], device_kind[16];
	int64_t created_us;	 /* when the case was opened first */
	bool simulated, created; /* created: by this very call */
	uint64_t next_object;	 /* number of the next new object */
};

struct kt_case_new {
	const char *mandate_id, *mandate_sha256, *device, *device_kind;
	const void *mandate, *p7s; /* bytes to keep beside it */
	size_t mandate_len, p7s_len;
	bool simulated;
};

/*
 * Opens the case folder and takes its lock; with make != NULL an empty or missing folder becomes a
 * new case. 0; KT_E_ABSENT: no case there (and make is NULL); KT_E_USAGE: the folder holds
 * something else; KT_E_REFUSED: another process works on it; KT_E_STORAGE.
 */
int kt_case_open(const char *path, const struct kt_case_new *make, struct kt_case *c,
		 struct kt_err *err);
void kt_case_close(struct kt_case *c);

/* Writes objects/<name>; hashed as it arrives. */
struct kt_sink {
	int fd; /* owned; -1 when closed */
	struct kt_hash hash;
	uint64_t bytes;
	char object[KT_OBJECT];
};

/* A new object under the next number. 0 or KT_E_STORAGE. */
int kt_sink_open(struct kt_case *c, struct kt_sink *s, struct kt_err *err);
int kt_sink_write(struct kt_sink *s, const void *p, size_t n, struct kt_err *err);
/* Closes it; sha gets the hash of what was written. Not yet on disk: see kt_case_sync(). */
int kt_sink_close(struct kt_sink *s, char sha[KT_SHA256_HEX], struct kt_err *err);
/* Gives up: the object is deleted and its number is free again. */
void kt_sink_drop(struct kt_case *c, struct kt_sink *s);

/* Everything written so far reaches the disk (syncfs). A failure is final for the case. */
int kt_case_sync(struct kt_case *c, struct kt_err *err);

/*
 * After a crash: deletes objects that no index line names (listed: sorted names, n of them) and
 * sets next_object. *dropped gets the count.
 */
int kt_case_drop_unlisted(struct kt_case *c, char (*listed)[KT_OBJECT], size_t n, uint64_t *dropped,
			  struct kt_err *err);

#endif
