/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/recstore.h"
#include "core/err.h"
#include "core/record.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum stmt { ARTIFACT, RECORD, RECORDS, SKIP, WITHHELD, NOTE, STMT_COUNT };

#define COLUMNS 4 /* of a record */
#define ROW	"(?,?,?,?)"
#define ROWS_4	ROW "," ROW "," ROW "," ROW

_Static_assert(KT_RECSTORE_BATCH == 16, "as many rows as RECORDS has");
_Static_assert(STMT_COUNT <= sizeof(((struct kt_recstore *)0)->stmt) / sizeof(void *),
	       "every statement has its place");

static const char *const inserts[STMT_COUNT] = {
	[ARTIFACT] = "INSERT INTO artifact VALUES(?,?,?,?,?,?,?,?,?,?)",
	[RECORD] = "INSERT INTO record VALUES" ROW,
	[RECORDS] = "INSERT INTO record VALUES" ROWS_4 "," ROWS_4 "," ROWS_4 "," ROWS_4,
	[SKIP] = "INSERT INTO skip VALUES(?,?,?,?,?,?)",
	[WITHHELD] = "INSERT INTO withheld VALUES(?,?,?)",
	[NOTE] = "INSERT INTO note VALUES(?,?,?)",
};

/*
 * A derived file: no sync, and a journal in memory that is there for the savepoints alone. Records
 * have no key but their rowid: they are appended in their order, and a search for the place of each
 * would cost as much as all the rest.
 */
static const char setup[] =
	"PRAGMA page_size=16384; PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;"
	"PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY;"
	"BEGIN EXCLUSIVE;"
	"CREATE TABLE artifact(object TEXT PRIMARY KEY, item TEXT, plugin TEXT, version INT,"
	" code TEXT, error TEXT, seen INT, emitted INT, skipped INT, withheld INT) WITHOUT ROWID;"
	"CREATE TABLE record(object TEXT, n INT, t_us INT, json TEXT);"
	"CREATE TABLE skip(object TEXT, reason TEXT, n INT, first_off INT, first_len INT,"
	" first_path TEXT);"
	"CREATE TABLE withheld(object TEXT, reason TEXT, n INT);"
	"CREATE TABLE note(object TEXT, code TEXT, text TEXT);";

static int db_fail(const struct kt_recstore *s, struct kt_err *err, const char *what)
{
	return KT_FAIL(err, KT_E_STORAGE, "records.sqlite: %s: %.100s", what,
		       s->db == NULL ? "no memory" : sqlite3_errmsg(s->db));
}

static int run(struct kt_recstore *s, const char *sql, const char *what, struct kt_err *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_fail(s, err, what);
}

void kt_recstore_abandon(struct kt_recstore *s)
{
	for (unsigned i = 0; i < STMT_COUNT; i++)
		sqlite3_finalize(s->stmt[i]);
	sqlite3_close(s->db); /* rolls back what is open */
	kt_buf_free(&s->texts);
	memset(s, 0, sizeof(*s));
}

static int open_db(const char *path, int flags, struct kt_recstore *s, struct kt_err *err)
{
	/* one thread in every program of ours: SQLite's own locks are not needed */
	flags |= SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;
	kt_buf_init(&s->texts, 0);
	if (sqlite3_open_v2(path, &s->db, flags,
			    strcmp(path, KT_RECSTORE_MEMORY) == 0 ? "memdb" : NULL) != SQLITE_OK)
		return db_fail(s, err, "cannot be opened");
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	return 0;
}

int kt_recstore_hold(struct kt_recstore *s, struct kt_err *err)
{
	int r;

	memset(s, 0, sizeof(*s));
	r = open_db(KT_RECSTORE_MEMORY, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, s, err);
	if (r < 0)
		kt_recstore_abandon(s);
	return r;
}

int kt_recstore_create(const char *path, struct kt_recstore *s, struct kt_err *err)
{
	int fd, r;

	memset(s, 0, sizeof(*s));
	if (strcmp(path, KT_RECSTORE_MEMORY) != 0) {
		if (unlink(path) < 0 && errno != ENOENT)
			return KT_FAIL(err, KT_E_STORAGE, "old records.sqlite: %s",
				       strerror(errno));
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			return KT_FAIL(err, KT_E_STORAGE, "records.sqlite: %s", strerror(errno));
		close(fd);
	}
	r = open_db(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, s, err);
	if (r == 0)
		r = run(s, setup, "cannot be set up", err);
	for (unsigned i = 0; r == 0 && i < STMT_COUNT; i++)
		if (sqlite3_prepare_v3(s->db, inserts[i], -1, SQLITE_PREPARE_PERSISTENT,
				       (sqlite3_stmt **)&s->stmt[i], NULL) != SQLITE_OK)
			r = db_fail(s, err, "prepare");
	if (r < 0)
		kt_recstore_abandon(s);
	else
		s->writing = true;
	return r;
}

static int check_complete(struct kt_recstore *s, struct kt_err *err)
{
	sqlite3_stmt *q = NULL;
	int version = -1;

	if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &q, NULL) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW)
		version = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	if (version != KT_RECSTORE_VERSION)
		return KT_FAIL(err, KT_E_FORMAT,
			       "records.sqlite is not complete; run the parsing again");
	return 0;
}

int kt_recstore_open(const char *path, struct kt_recstore *s, struct kt_err *err)
{
	int r;

	memset(s, 0, sizeof(*s));
	if (strcmp(path, KT_RECSTORE_MEMORY) != 0 && access(path, F_OK) < 0 && errno == ENOENT)
		return KT_FAIL(err, KT_E_ABSENT, "there is no records.sqlite");
	r = open_db(path, SQLITE_OPEN_READONLY, s, err);
	if (r == 0)
		r = check_complete(s, err);
	if (r < 0)
		kt_recstore_abandon(s);
	return r;
}

int kt_recstore_close(struct kt_recstore *s, struct kt_err *err)
{
	char sql[64];
	int r = 0;

	if (s->db != NULL && s->writing) {
		if (s->in_artifact)
			r = kt_recstore_rollback(s, err);
		/* SQLite itself may have ended the transaction, on a full disk for instance */
		if (r == 0 && sqlite3_get_autocommit(s->db) != 0)
			r = KT_FAIL(err, KT_E_STORAGE, "records.sqlite: the records were lost");
		snprintf(sql, sizeof(sql), "PRAGMA user_version=%d; COMMIT", KT_RECSTORE_VERSION);
		if (r == 0)
			r = run(s, sql, "commit", err);
	}
	kt_recstore_abandon(s);
	return r;
}

/* -- one artifact ----------------------------------------------------------------------------- */

static int insert_waiting(struct kt_recstore *s, struct kt_err *err);

static void drop_waiting(struct kt_recstore *s)
{
	s->waiting = 0;
	kt_buf_reset(&s->texts);
}

int kt_recstore_begin(struct kt_recstore *s, struct kt_err *err)
{
	int r;

	if (!s->writing || s->in_artifact || sqlite3_get_autocommit(s->db) != 0)
		return KT_FAIL(err, KT_E_USAGE, "records.sqlite: begin at the wrong moment");
	r = run(s, "SAVEPOINT artifact", "begin", err);
	s->in_artifact = r == 0;
	s->object[0] = '\0';
	return r;
}

int kt_recstore_commit(struct kt_recstore *s, struct kt_err *err)
{
	int r;

	if (!s->in_artifact)
		return KT_FAIL(err, KT_E_USAGE, "records.sqlite: commit without begin");
	r = insert_waiting(s, err);
	if (r < 0)
		return r;
	s->in_artifact = false;
	return run(s, "RELEASE artifact", "commit", err);
}

int kt_recstore_rollback(struct kt_recstore *s, struct kt_err *err)
{
	if (!s->in_artifact)
		return KT_FAIL(err, KT_E_USAGE, "records.sqlite: rollback without begin");
	drop_waiting(s);
	s->in_artifact = false;
	return run(s, "ROLLBACK TO artifact; RELEASE artifact", "rollback", err);
}

/* -- rows ------------------------------------------------------------------------------------- */

/* The statement of a row, ready to be bound; NULL outside of begin. */
static sqlite3_stmt *row(struct kt_recstore *s, enum stmt which, struct kt_err *err)
{
	if (!s->in_artifact) {
		KT_FAIL(err, KT_E_USAGE, "records.sqlite: a row without begin");
		return NULL;
	}
	return s->stmt[which];
}

/* Bound texts are borrowed until step() has run; NULL binds NULL. */
static void bind_text(sqlite3_stmt *q, int i, const char *p, size_t n)
{
	sqlite3_bind_text64(q, i, p, n, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_str(sqlite3_stmt *q, int i, const char *p)
{
	bind_text(q, i, p, p == NULL ? 0 : strlen(p));
}

/* Counts and offsets; SQLite has no unsigned 64 bits, and nothing of ours needs the top one. */
static void bind_count(sqlite3_stmt *q, int i, uint64_t v)
{
	sqlite3_bind_int64(q, i, v > INT64_MAX ? INT64_MAX : (sqlite3_int64)v);
}

static int step(struct kt_recstore *s, sqlite3_stmt *q, struct kt_err *err)
{
	int r = sqlite3_step(q) == SQLITE_DONE ? 0 : db_fail(s, err, "insert");

	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return r;
}

int kt_recstore_artifact(struct kt_recstore *s, const struct kt_artifact_row *a, struct kt_err *err)
{
	sqlite3_stmt *q = row(s, ARTIFACT, err);

	if (q == NULL)
		return KT_E_USAGE;
	bind_str(q, 1, a->object);
	bind_str(q, 2, a->item);
	bind_str(q, 3, a->plugin);
	sqlite3_bind_int64(q, 4, a->version);
	bind_str(q, 5, a->code);
	bind_str(q, 6, a->error);
	bind_count(q, 7, a->seen);
	bind_count(q, 8, a->emitted);
	bind_count(q, 9, a->skipped);
	bind_count(q, 10, a->withheld);
	return step(s, q, err);
}

/* Binds waiting record i as the row that begins at parameter `first`. */
static void bind_waiting(struct kt_recstore *s, unsigned i, sqlite3_stmt *q, int first)
{
	bind_str(q, first, s->object);
	bind_count(q, first + 1, s->wait[i].n);
	if (s->wait[i].timed) /* else it stays NULL: step() has cleared the last row's */
		sqlite3_bind_int64(q, first + 2, s->wait[i].t_us);
	bind_text(q, first + 3, (const char *)s->texts.p + s->wait[i].at, s->wait[i].len);
}

static int insert_waiting(struct kt_recstore *s, struct kt_err *err)
{
	sqlite3_stmt *all = s->stmt[RECORDS], *one = s->stmt[RECORD];
	int r = 0;

	if (s->waiting == KT_RECSTORE_BATCH) {
		for (unsigned i = 0; i < KT_RECSTORE_BATCH; i++)
			bind_waiting(s, i, all, (int)(i * COLUMNS) + 1);
		r = step(s, all, err);
	} else {
		for (unsigned i = 0; i < s->waiting && r == 0; i++) {
			bind_waiting(s, i, one, 1);
			r = step(s, one, err);
		}
	}
	drop_waiting(s);
	return r;
}

int kt_recstore_record(struct kt_recstore *s, const char *object, uint64_t n, const int64_t *t_us,
		       const char *json, size_t json_len, struct kt_err *err)
{
	if (row(s, RECORD, err) == NULL)
		return KT_E_USAGE;
	if (s->object[0] == '\0') {
		size_t len = strlen(object);

		if (len == 0 || len >= sizeof(s->object))
			return KT_FAIL(err, KT_E_USAGE, "records.sqlite: an object's name");
		memcpy(s->object, object, len + 1);
	} else if (n <= s->last_n || strcmp(s->object, object) != 0) {
		return KT_FAIL(err, KT_E_USAGE, "records.sqlite: a record out of its order");
	}
	s->last_n = n;
	s->wait[s->waiting].n = n;
	s->wait[s->waiting].timed = t_us != NULL;
	s->wait[s->waiting].t_us = t_us != NULL ? *t_us : 0;
	s->wait[s->waiting].at = s->texts.len;
	s->wait[s->waiting++].len = json_len;
	if (kt_buf_put(&s->texts, json, json_len) < 0)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for records");
	return s->waiting == KT_RECSTORE_BATCH ? insert_waiting(s, err) : 0;
}

int kt_recstore_skip(struct kt_recstore *s, const char *object, const char *reason, uint64_t n,
		     const struct kt_locator *first, struct kt_err *err)
{
	sqlite3_stmt *q = row(s, SKIP, err);

	if (q == NULL)
		return KT_E_USAGE;
	bind_str(q, 1, object);
	bind_str(q, 2, reason);
	bind_count(q, 3, n);
	if (first != NULL) {
		bind_count(q, 4, first->off);
		bind_count(q, 5, first->len);
		bind_text(q, 6, first->path.p, first->path.len);
	}
	return step(s, q, err);
}

int kt_recstore_withheld(struct kt_recstore *s, const char *object, const char *reason, uint64_t n,
			 struct kt_err *err)
{
	sqlite3_stmt *q = row(s, WITHHELD, err);

	if (q == NULL)
		return KT_E_USAGE;
	bind_str(q, 1, object);
	bind_str(q, 2, reason);
	bind_count(q, 3, n);
	return step(s, q, err);
}

int kt_recstore_note(struct kt_recstore *s, const char *object, const char *code, const char *text,
		     size_t text_len, struct kt_err *err)
{
	sqlite3_stmt *q = row(s, NOTE, err);

	if (q == NULL)
		return KT_E_USAGE;
	bind_str(q, 1, object);
	bind_str(q, 2, code);
	bind_text(q, 3, text, text_len);
	return step(s, q, err);
}
