/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The case folder (docs/formats/case.md) and its write-only sink: acquired bytes go in, hashed as
 * they pass, under names of ours; nothing here reads them back. A case that waits for its release
 * (docs/formats/release.md) is sealed: the sink encrypts on the way, and what is on the disk can't
 * be read by whoever writes it. One process at a time holds the case (lock).
 */
#ifndef KT_CORE_CASESTORE_H
#define KT_CORE_CASESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/age.h"
#include "core/hash.h"

struct kt_buf;
struct kt_err;

#define KT_CASE_ID 33 /* 32 hex digits and NUL */
#define KT_OBJECT  16 /* "o000001" */

/*
 * Where a case is read from when it does not lie open in its folder: a release gives what it has
 * opened in memory. name: "seal.json", "index/i0001.jsonl", "objects/o000001". A descriptor that
 * the caller closes, or a code.
 */
struct kt_case_view {
	int (*open)(void *arg, const char *name, struct kt_err *err);
	void *arg;
};

struct kt_case {
	int fd, objects_fd, index_fd, lock_fd; /* owned */
	char id[KT_CASE_ID];
	char mandate_id[72], mandate_sha256[KT_SHA256_HEX], device[128], device_kind[16];
	char form[16];		 /* what is read: a word of kt_form_name() */
	int64_t created_us;	 /* when the case was opened first */
	bool simulated, created; /* created: by this very call */
	uint64_t next_object;	 /* number of the next new object */
	unsigned unnamed, held;	 /* held objects without a name now; with one, so far */
	bool sealed;		 /* objects are age files for this recipient: */
	bool has_recipient;
	uint8_t recipient[KT_AGE_KEY];
	uint8_t resume_key[KT_SHA256_LEN]; /* sealed: see kt_case_resume_id() */
	bool has_resume_key;
	const struct kt_case_view *view; /* borrowed; NULL: the folder */
};

struct kt_case_new {
	const char *mandate_id, *mandate_sha256, *device, *device_kind;
	const void *mandate, *p7s; /* bytes to keep beside it */
	size_t mandate_len, p7s_len;
	bool simulated;
	const char *form;   /* NULL: "phone" */
	const char *source; /* own name of what is read instead of a phone, without its folder */
	bool sealed;
};

/*
 * Opens the case folder and takes its lock; with make != NULL an empty or missing folder becomes a
 * new case. 0; KT_E_ABSENT: no case there (and make is NULL); KT_E_USAGE: the folder holds
 * something else; KT_E_REFUSED: another process works on it; KT_E_STORAGE.
 */
int kt_case_open(const char *path, const struct kt_case_new *make, struct kt_case *c,
		 struct kt_err *err);
void kt_case_close(struct kt_case *c);

/* From now on objects of a sealed case are closed for this recipient. */
void kt_case_seal_to(struct kt_case *c, const uint8_t recipient[KT_AGE_KEY]);
/*
 * A sealed case must know what it has without reading it: 17 bytes for a path (with size and time
 * where a source has a name twice) of a segment, under a key that lies in the case folder until the
 * acquisition is sealed. The last one hides the outcome. 0 or KT_E_INTERNAL.
 */
#define KT_RESUME_ID 17
int kt_case_resume_id(const struct kt_case *c, unsigned segment, const void *path, size_t n,
		      uint64_t size, int64_t mtime, const char *outcome, uint8_t id[KT_RESUME_ID],
		      struct kt_err *err);
/* The outcome that an id was made with; "failed" when it is none of ours. */
const char *kt_case_resume_outcome(const struct kt_case *c, const uint8_t id[KT_RESUME_ID]);
/* Takes the key away: the ids are random numbers to everybody then. 0 or KT_E_STORAGE. */
int kt_case_forget_resume(struct kt_case *c, struct kt_err *err);

/* Writes objects/<name>; hashed as it arrives, and encrypted in a sealed case. */
struct kt_sink {
	int fd; /* owned; -1 when closed */
	struct kt_hash hash;
	uint64_t bytes;
	uint8_t tail[32]; /* the last bytes that were written */
	/* of the file, once closed or finished; in a case that is not sealed as bytes and sha */
	uint64_t stored;
	char stored_sha[KT_SHA256_HEX];
	bool sealed;
	struct kt_age_enc enc;
	struct kt_hash stored_hash;
	char object[KT_OBJECT];
	bool holds;	      /* made by kt_sink_hold(), not kept yet */
	char held[KT_OBJECT]; /* its name until then; "": it has none */
};

/* A new object under the next number. 0 or KT_E_STORAGE. */
int kt_sink_open(struct kt_case *c, struct kt_sink *s, struct kt_err *err);
int kt_sink_write(struct kt_sink *s, const void *p, size_t n, struct kt_err *err);
/* Closes it; sha gets the hash of what was written, s->stored_sha that of the file. Not yet on disk: see kt_case_sync(). */
int kt_sink_close(struct kt_sink *s, char sha[KT_SHA256_HEX], struct kt_err *err);
/* Gives up: the object is deleted and its number is free again. */
void kt_sink_drop(struct kt_case *c, struct kt_sink *s);

/*
 * An object of which it is not known yet whether it may be kept: it has no name, so that it is gone
 * with this process whatever ends it, until kt_sink_keep() makes it the next object. Where the disk
 * knows no files without a name, and for the many beyond the first 512, it is "p000001" and so on,
 * and kt_case_drop_unlisted() deletes it after a crash. 0 or KT_E_STORAGE. kt_sink_drop() gives up.
 */
int kt_sink_hold(struct kt_case *c, struct kt_sink *s, struct kt_err *err);
/* All is written; sha gets its hash. The object is still held. */
int kt_sink_finish(struct kt_sink *s, char sha[KT_SHA256_HEX], struct kt_err *err);
/*
 * Reads a finished held object again, for what must be done before it can be kept (decryption).
 * A descriptor that the caller closes, or KT_E_STORAGE; KT_E_INTERNAL in a sealed case.
 */
int kt_sink_reread(struct kt_case *c, const struct kt_sink *s, struct kt_err *err);
/* A finished held object becomes the next object; s->object is its name. */
int kt_sink_keep(struct kt_case *c, struct kt_sink *s, struct kt_err *err);

/* Opens one of its files for reading. A descriptor, KT_E_ABSENT, KT_E_STORAGE, or what view says. */
int kt_case_read_open(int case_fd, const struct kt_case_view *view, const char *name,
		      struct kt_err *err);

/* Everything written so far reaches the disk (syncfs). A failure is final for the case. */
int kt_case_sync(struct kt_case *c, struct kt_err *err);

/*
 * After a crash: deletes objects that no index line names (listed: sorted names, n of them) and
 * those that were held, and sets next_object. *dropped gets the count.
 */
int kt_case_drop_unlisted(struct kt_case *c, char (*listed)[KT_OBJECT], size_t n, uint64_t *dropped,
			  struct kt_err *err);

#endif
