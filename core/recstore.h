/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Records of one case in SQLite (records.sqlite): what parsing gave after the mandate's limits were
 * applied. A derived file: it can be deleted and made again from the sealed objects. One writer
 * (the engine's parse step), then readers (the report).
 *
 *   artifact(object TEXT PRIMARY KEY, item TEXT, plugin TEXT, version INT, code TEXT, error TEXT,
 *            seen INT, emitted INT, skipped INT, withheld INT)
 *   record(object TEXT, n INT, t_us INT NULL, json TEXT)
 *       (object, n) stands once: an object is one artifact, and its n only grow; in this order the
 *       rows lie, so a rowid finds one. json: one object as kt_rec_json() writes it, after the
 *       mandate's field and precision limits
 *   skip(object TEXT, reason TEXT, n INT, first_off INT, first_len INT, first_path TEXT)
 *   withheld(object TEXT, reason TEXT, n INT)
 *   note(object TEXT, code TEXT, text TEXT)
 *
 * Texts are stored as given (first_path, note.text and error came through a worker: hostile bytes);
 * who shows them makes them visible (kt_jw_bytes()).
 * PRAGMA user_version is KT_RECSTORE_VERSION only when the writer came to its end.
 */
#ifndef KT_CORE_RECSTORE_H
#define KT_CORE_RECSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

struct kt_err;
struct kt_locator;
struct sqlite3;

/*
 * A path that is none: a store in this process's memory, for what must not reach a disk. It lives
 * as long as some kt_recstore or kt_recstore_hold() has it open.
 */
#define KT_RECSTORE_MEMORY  "/keten-records"
#define KT_RECSTORE_VERSION 2
#define KT_RECSTORE_BATCH   16u

struct kt_recstore {
	struct sqlite3 *db; /* owned; readers use it directly */
	void *stmt[6];
	bool writing, in_artifact;
	/* records that wait to be inserted together: most of the cost is one per statement */
	struct {
		uint64_t n;
		int64_t t_us;
		bool timed;
		size_t at, len; /* in texts */
	} wait[KT_RECSTORE_BATCH];
	unsigned waiting;
	struct kt_buf texts;
	char object[32]; /* of the records of the artifact under way; "" before the first */
	uint64_t last_n;
};

struct kt_artifact_row {
	const char *object, *item, *plugin, *code, *error;
	unsigned version;
	uint64_t seen, emitted, skipped, withheld;
};

/*
 * Creates an empty store (an old one of this name is replaced) with one open transaction. Readable
 * by its owner alone. 0 or KT_E_STORAGE; *s needs no close then.
 */
int kt_recstore_create(const char *path, struct kt_recstore *s, struct kt_err *err);
/* Keeps KT_RECSTORE_MEMORY alive between its writer and its readers. 0 or KT_E_STORAGE; close it. */
int kt_recstore_hold(struct kt_recstore *s, struct kt_err *err);
/* Opens for reading. 0, KT_E_ABSENT, or KT_E_FORMAT when it is no complete store of this version. */
int kt_recstore_open(const char *path, struct kt_recstore *s, struct kt_err *err);
/*
 * Commits (writer; an artifact still open is rolled back) and closes. The store is closed whatever
 * is returned. 0 or KT_E_STORAGE: then it is not complete and must be made again.
 */
int kt_recstore_close(struct kt_recstore *s, struct kt_err *err);
/* Closes without committing: the store stays incomplete. For a writer that gives up. */
void kt_recstore_abandon(struct kt_recstore *s);

/*
 * One artifact's rows come or go together: begin, rows, then commit or rollback. A row outside of
 * begin is KT_E_USAGE; a full disk or an artifact that stands twice is KT_E_STORAGE. Records are
 * held back for a moment, so a full disk may show only at a later one or at the commit; after any
 * such failure the artifact can only be rolled back.
 */
int kt_recstore_begin(struct kt_recstore *s, struct kt_err *err);
int kt_recstore_commit(struct kt_recstore *s, struct kt_err *err);
int kt_recstore_rollback(struct kt_recstore *s, struct kt_err *err);

int kt_recstore_artifact(struct kt_recstore *s, const struct kt_artifact_row *row,
			 struct kt_err *err);
/*
 * All records of an artifact have one object, of at most 31 bytes, and growing numbers; anything
 * else is KT_E_USAGE. t_us: NULL pointer when the record has no instant. json is copied.
 */
int kt_recstore_record(struct kt_recstore *s, const char *object, uint64_t n, const int64_t *t_us,
		       const char *json, size_t json_len, struct kt_err *err);
int kt_recstore_skip(struct kt_recstore *s, const char *object, const char *reason, uint64_t n,
		     const struct kt_locator *first, struct kt_err *err);
int kt_recstore_withheld(struct kt_recstore *s, const char *object, const char *reason, uint64_t n,
			 struct kt_err *err);
int kt_recstore_note(struct kt_recstore *s, const char *object, const char *code, const char *text,
		     size_t text_len, struct kt_err *err);

#endif
