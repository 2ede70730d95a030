/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Makes SQLite files for tests in a folder of its own and takes their bytes, as an acquisition
 * would find them: with a -wal that is not checkpointed, or in the middle of a transaction. Aborts
 * when something does not work: then the test is broken, not what it tests.
 */
#ifndef KT_TESTS_TOOLS_SQL_MAKE_H
#define KT_TESTS_TOOLS_SQL_MAKE_H

#include "core/buf.h"
#include "core/err.h"
#include "core/io.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A database as acquired. extend: the main file has this size, zeros behind its bytes. */
struct sql_files {
	struct kt_buf main, wal, journal;
	bool has_wal, has_journal;
	uint64_t extend;
};

#define SQL_MUST(x)                                                                                \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#define SQL_POINTS                                                                                 \
	"CREATE TABLE points(id INTEGER PRIMARY KEY, lat REAL, lon REAL, ts INTEGER, name TEXT,"   \
	" data BLOB);"
/* Rows FROM ... TO - 1 of it; harmless places on a line through a park. */
#define SQL_ROWS(from, to)                                                                         \
	"WITH RECURSIVE n(i) AS (SELECT " #from " UNION ALL SELECT i+1 FROM n WHERE i+1<" #to ")"  \
	" INSERT INTO points SELECT i, 52.0+i/1e6, 5.0+i/1e6, 1700000000+i, 'p'||i,"               \
	" zeroblob(i%40) FROM n;"

static char sql_dir[64], sql_path[80];

static inline void sql_files_init(struct sql_files *f)
{
	memset(f, 0, sizeof(*f));
	kt_buf_init(&f->main, 0);
	kt_buf_init(&f->wal, 0);
	kt_buf_init(&f->journal, 0);
}

static inline void sql_files_free(struct sql_files *f)
{
	kt_buf_free(&f->main);
	kt_buf_free(&f->wal);
	kt_buf_free(&f->journal);
}

static inline void sql_exec(sqlite3 *db, const char *sql)
{
	char *msg = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &msg) != SQLITE_OK)
		fprintf(stderr, "%s\n", msg != NULL ? msg : "?");
	SQL_MUST(msg == NULL);
}

static inline void sql_wipe(void)
{
	static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
	char name[96];

	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", sql_path, endings[i]);
		unlink(name);
	}
}

/* An empty database in a new folder; sql_end() takes both away. */
static inline sqlite3 *sql_begin(const char *sql)
{
	sqlite3 *db = NULL;

	snprintf(sql_dir, sizeof(sql_dir), "/tmp/kt-sql-XXXXXX");
	SQL_MUST(mkdtemp(sql_dir) != NULL);
	snprintf(sql_path, sizeof(sql_path), "%s/d", sql_dir);
	SQL_MUST(sqlite3_open(sql_path, &db) == SQLITE_OK);
	sql_exec(db, "PRAGMA synchronous=OFF");
	sql_exec(db, sql);
	return db;
}

static inline bool sql_slurp(const char *ending, struct kt_buf *b)
{
	char name[96];
	int r;

	snprintf(name, sizeof(name), "%s%s", sql_path, ending);
	kt_buf_reset(b);
	r = kt_path_read(name, (size_t)64 << 20, b, NULL);
	SQL_MUST(r == 0 || r == KT_E_ABSENT);
	return r == 0;
}

/* What lies there now, with the connection still open. */
static inline void sql_take(struct sql_files *f)
{
	SQL_MUST(sql_slurp("", &f->main));
	f->has_wal = sql_slurp("-wal", &f->wal);
	f->has_journal = sql_slurp("-journal", &f->journal);
}

static inline void sql_end(sqlite3 *db)
{
	SQL_MUST(sqlite3_close(db) == SQLITE_OK);
	sql_wipe();
	SQL_MUST(rmdir(sql_dir) == 0);
}

/* The usual: one script, closed before its bytes are taken. */
static inline void sql_script(struct sql_files *f, const char *sql)
{
	sqlite3 *db = sql_begin(sql);

	SQL_MUST(sqlite3_close(db) == SQLITE_OK);
	sql_take(f);
	sql_wipe();
	SQL_MUST(rmdir(sql_dir) == 0);
}

/* In WAL mode: before is in the main file, each further script is a transaction in the -wal. */
static inline void sql_wal(struct sql_files *f, const char *before, const char *first,
			   const char *second)
{
	sqlite3 *db = sql_begin(before);

	sql_exec(db, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0");
	sql_exec(db, first);
	if (second != NULL)
		sql_exec(db, second);
	sql_take(f);
	SQL_MUST(f->has_wal && f->wal.len > 32);
	sql_end(db);
}

/* In the middle of a transaction that has spilled into the main file. */
static inline void sql_hot(struct sql_files *f, const char *before, const char *open)
{
	sqlite3 *db = sql_begin(before);

	sql_exec(db, "PRAGMA cache_size=1; BEGIN");
	sql_exec(db, open);
	sql_take(f);
	SQL_MUST(f->has_journal && f->journal.len > 512);
	sql_end(db);
}

/* -- surgery ---------------------------------------------------------------------------------- */

static inline void sql_put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static inline void sql_wal_add(bool big, uint32_t s[2], const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		uint32_t a = big ? kt_get_be32(p + i) : kt_get_le32(p + i);
		uint32_t b = big ? kt_get_be32(p + i + 4) : kt_get_le32(p + i + 4);

		s[0] += a + s[1];
		s[1] += b + s[0];
	}
}

/* All checksums of a -wal anew, of the header and, when frames is set, of the frames. */
static inline void sql_wal_sum(struct kt_buf *w, bool big, bool frames)
{
	uint32_t page = kt_get_be32(w->p + 8), s[2] = {0, 0};

	w->p[3] = (uint8_t)(0x82 | big);
	sql_wal_add(big, s, w->p, 24);
	sql_put_be32(w->p + 24, s[0]);
	sql_put_be32(w->p + 28, s[1]);
	for (size_t off = 32; frames && off + 24 + page <= w->len; off += 24 + page) {
		sql_wal_add(big, s, w->p + off, 8);
		sql_wal_add(big, s, w->p + off + 24, page);
		sql_put_be32(w->p + off + 16, s[0]);
		sql_put_be32(w->p + off + 20, s[1]);
	}
}

#endif
