/* SPDX-License-Identifier: EUPL-1.2 */
/* The file system for databases of the evidence: what it shows, what it refuses, what it costs. */
#include "core/sqlvfs.h"
#include "core/hash.h"
#include "core/sqlvfs_i.h"
#include "tests/tools/sql_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((uint64_t)1 << 20)

static int read_files(void *arg, enum kt_sqlfile which, uint64_t off, void *p, size_t n,
		      size_t *got, struct kt_err *err)
{
	const struct sql_files *f = arg;
	const struct kt_buf *b[] = {&f->main, &f->wal, &f->journal};

	(void)err;
	assert_true(off <= b[which]->len && n <= b[which]->len - off);
	memcpy(p, b[which]->p + off, n);
	*got = n;
	return 0;
}

static struct kt_sqlsrc source(struct sql_files *f)
{
	struct kt_sqlsrc src = {.read = read_files, .arg = f};

	src.size[KT_SQLFILE_MAIN] = f->main.len;
	src.size[KT_SQLFILE_WAL] = f->has_wal ? f->wal.len : KT_SQLFILE_NONE;
	src.size[KT_SQLFILE_JOURNAL] = f->has_journal ? f->journal.len : KT_SQLFILE_NONE;
	return src;
}

static int open_files(struct sql_files *f, uint64_t overlay, struct kt_sqldb *db)
{
	struct kt_sqlsrc src = source(f);
	struct kt_err err = {0};

	return kt_sqldb_open(&src, overlay, db, &err);
}

static int64_t number(struct kt_sqldb *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int64_t v = -1;

	if (sqlite3_prepare_v2(db->db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return v;
}

static bool refused(struct kt_sqldb *db, const char *sql)
{
	return sqlite3_exec(db->db, sql, NULL, NULL, NULL) != SQLITE_OK;
}

#define TABLE "CREATE TABLE a(i INTEGER PRIMARY KEY, x);"
#define FILL(n)                                                                                    \
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<" #n ")"             \
	" INSERT INTO a SELECT i, 'before' FROM n;"

static void three_views_of_one_database(void **state)
{
	struct sql_files f;
	struct kt_sqldb db;

	(void)state;
	sql_files_init(&f);
	sql_wal(&f, TABLE FILL(100), "DELETE FROM a WHERE i>60", "UPDATE a SET x='after'");
	assert_int_equal(open_files(&f, MIB, &db), 0);
	assert_string_equal(kt_sqlview_name(db.view), "main+wal");
	assert_int_equal(number(&db, "SELECT count(*) FROM a WHERE x='after'"), 60);
	kt_sqldb_close(&db);

	f.has_wal = false;
	assert_int_equal(open_files(&f, MIB, &db), 0);
	assert_string_equal(kt_sqlview_name(db.view), "main");
	assert_true(db.wal_mode_without_wal);
	assert_int_equal(number(&db, "SELECT count(*) FROM a WHERE x='before'"), 100);
	kt_sqldb_close(&db);

	sql_hot(&f, TABLE FILL(3000), "UPDATE a SET x='not committed at all'");
	f.has_wal = false;
	assert_int_equal(open_files(&f, MIB, &db), 0);
	assert_string_equal(kt_sqlview_name(db.view), "rolled-back");
	assert_false(db.wal_mode_without_wal);
	assert_int_equal(number(&db, "SELECT count(*) FROM a WHERE x='before'"), 3000);
	kt_sqldb_close(&db);
	sql_files_free(&f);
}

/* Private pages: what they hold at least, and that less is refused. */
static void rolling_back_is_bounded(void **state)
{
	struct sql_files f;
	struct kt_sqldb db;
	uint64_t need = 0;

	(void)state;
	sql_files_init(&f);
	sql_hot(&f, TABLE FILL(3000), "UPDATE a SET x='not committed at all'");
	for (uint64_t max = 0; need == 0 && max < 2 * MIB; max += 8192) {
		int r = open_files(&f, max, &db);

		assert_true(r == 0 || r == KT_E_LIMIT);
		if (r == 0) {
			assert_int_equal(number(&db, "SELECT count(*) FROM a WHERE x='before'"),
					 3000);
			kt_sqldb_close(&db);
			need = max;
		} else {
			assert_null(db.db);
			assert_null(db.vfs);
		}
	}
	/* it is about the size of the journal, not of the file */
	assert_in_range(need, f.journal.len / 2, f.journal.len + 65536);
	sql_files_free(&f);
}

static void nothing_is_run_or_written(void **state)
{
	static const char *const bad[] = {
		"INSERT INTO a VALUES(99,1)",
		"UPDATE a SET x=1",
		"DELETE FROM a",
		"DROP TABLE a",
		"CREATE TABLE b(x)",
		"CREATE TEMP TABLE b(x)",
		"CREATE TEMP VIEW w AS SELECT 1",
		"BEGIN",
		"SAVEPOINT s",
		"VACUUM",
		"VACUUM INTO 'elsewhere'",
		"REINDEX",
		"ANALYZE",
		"ATTACH 'elsewhere' AS b",
		"DETACH main",
		"PRAGMA query_only=OFF",
		"PRAGMA writable_schema=ON",
		"PRAGMA journal_mode=DELETE",
		"PRAGMA wal_checkpoint",
		"PRAGMA integrity_check",
		"SELECT * FROM v",
		"SELECT * FROM pragma_table_info('a')",
		"SELECT * FROM json_each('[1]')",
		"SELECT * FROM sqlite_dbpage",
		"SELECT * FROM f",
		"SELECT load_extension('x')",
		"SELECT random()",
		"SELECT datetime('now')",
		"SELECT printf('%.*c',100000000,'x')",
		"SELECT replace(x,'b','c') FROM a",
		"SELECT group_concat(x) FROM a",
		"SELECT zeroblob(100)",
		"SELECT fts3_tokenizer('simple')",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n",
		"SELECT \"misspelt\" FROM a",
	};
	static const char *const good[] = {
		"SELECT * FROM a",
		"SELECT count(*), max(i), length(x), typeof(x) FROM a",
		"SELECT b.i FROM a JOIN a AS b ON b.i=a.i WHERE a.x LIKE 'be%' ORDER BY a.x DESC",
		"WITH n AS (SELECT i FROM a) SELECT * FROM n",
		"SELECT name FROM sqlite_master",
		"PRAGMA table_xinfo(a)",
	};
	uint8_t before[KT_SHA256_LEN], after[KT_SHA256_LEN];
	struct sql_files f;
	struct kt_sqldb db;

	(void)state;
	sql_files_init(&f);
	sql_script(&f, TABLE FILL(10) "CREATE VIEW v AS SELECT * FROM a;"
				      "CREATE VIRTUAL TABLE f USING fts5(x);");
	kt_sha256(f.main.p, f.main.len, before, NULL);
	assert_int_equal(open_files(&f, MIB, &db), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!refused(&db, bad[i]))
			fail_msg("not refused: %s", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (refused(&db, good[i]))
			fail_msg("refused: %s: %s", good[i], sqlite3_errmsg(db.db));
	assert_int_equal(number(&db, "SELECT count(*) FROM a"), 10);
	/* not merely refused: there is no code behind them */
	refused(&db, "SELECT * FROM json_each('[1]')");
	assert_non_null(strstr(sqlite3_errmsg(db.db), "no such table"));
	refused(&db, "SELECT * FROM f");
	assert_non_null(strstr(sqlite3_errmsg(db.db), "no such module"));
	kt_sqldb_close(&db);
	kt_sha256(f.main.p, f.main.len, after, NULL);
	assert_memory_equal(before, after, sizeof(before));
	sql_files_free(&f);
}

/* The same, of a damaged database: it is opened with less insistence, and with no more rights. */
static void damage_gives_no_rights(void **state)
{
	struct sql_files f;
	struct kt_sqldb db;

	(void)state;
	sql_files_init(&f);
	sql_script(&f, TABLE FILL(10) "CREATE VIEW v AS SELECT * FROM a;");
	sql_put_be32(f.main.p + 28, 1000);
	assert_int_equal(open_files(&f, MIB, &db), 0);
	assert_true(db.damaged);
	assert_true(db.damage[0] != '\0');
	assert_true(refused(&db, "UPDATE sqlite_master SET sql='x'"));
	assert_true(refused(&db, "DELETE FROM sqlite_master"));
	assert_true(refused(&db, "INSERT INTO a VALUES(99,1)"));
	assert_true(refused(&db, "SELECT * FROM v"));
	assert_true(refused(&db, "PRAGMA query_only=OFF"));
	assert_true(refused(&db, "SELECT * FROM sqlite_dbpage"));
	assert_int_equal(number(&db, "SELECT count(*) FROM a"), 10);
	kt_sqldb_close(&db);
	sql_files_free(&f);
}

/* A query that would never end is stopped, and says why; the next one on the same file, too. */
static void work_is_bounded(void **state)
{
	struct kt_err err = {0};
	struct sql_files f;
	struct kt_sqldb db;
	int rc;

	(void)state;
	sql_files_init(&f);
	sql_script(&f, TABLE FILL(1000));
	assert_int_equal(open_files(&f, MIB, &db), 0);
	rc = sqlite3_exec(db.db, "SELECT max(a.i+b.i+c.i+d.i) FROM a, a AS b, a AS c, a AS d", NULL,
			  NULL, NULL);
	assert_int_equal(rc, SQLITE_INTERRUPT);
	assert_int_equal(kt_sqldb_fail(&db, rc, &err), KT_E_LIMIT);
	assert_non_null(strstr(kt_err_text(&err), "more work"));
	kt_sqldb_close(&db);
	sql_files_free(&f);
}

/* Each has its own file system; none is left behind, and none becomes the default. */
static void many_at_once(void **state)
{
	sqlite3_vfs *standard = sqlite3_vfs_find(NULL);
	struct sql_files f[4];
	struct kt_sqldb db[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		sql_files_init(&f[i]);
		sql_wal(&f[i], TABLE FILL(50), "DELETE FROM a WHERE i>7", NULL);
		if (i % 2 != 0)
			f[i].has_wal = false;
		assert_int_equal(open_files(&f[i], MIB, &db[i]), 0);
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(number(&db[i], "SELECT count(*) FROM a"), i % 2 == 0 ? 7 : 50);
	for (int i = 0; i < 4; i++) {
		kt_sqldb_close(&db[i]);
		sql_files_free(&f[i]);
	}
	assert_ptr_equal(sqlite3_vfs_find(NULL), standard);
	for (const sqlite3_vfs *v = standard; v != NULL; v = v->pNext)
		assert_null(strstr(v->zName, "keten"));
}

static int no_read(void *arg, enum kt_sqlfile which, uint64_t off, void *p, size_t n, size_t *got,
		   struct kt_err *err)
{
	(void)arg;
	(void)which;
	(void)off;
	(void)p;
	(void)n;
	*got = 0;
	return KT_FAIL(err, KT_E_DEVICE, "the cable came off");
}

static void reading_fails(void **state)
{
	struct kt_sqlsrc src = {.read = no_read, .size = {8192, KT_SQLFILE_NONE, KT_SQLFILE_NONE}};
	struct kt_err err = {0};
	struct kt_sqldb db;
	char story[200];

	(void)state;
	assert_int_equal(kt_sqldb_open(&src, MIB, &db, &err), KT_E_DEVICE);
	assert_non_null(strstr(kt_err_story(&err, story, sizeof(story)), "the cable came off"));
	assert_null(db.db);
	kt_sqldb_close(&db); /* again: nothing to do */
}

/* The private pages by themselves: written, cut and grown again over a file that stays as it is. */
static void private_pages(void **state)
{
	struct sql_files f;
	struct kt_sqlvfs *v = calloc(1, sizeof(*v));
	uint8_t b[9000], *want;
	sqlite3_file *file = calloc(1, 256);
	sqlite3_int64 size;
	size_t full = 40000;

	(void)state;
	assert_true(v != NULL && file != NULL);
	sql_files_init(&f);
	for (size_t i = 0; i < full; i++)
		kt_buf_put_u8(&f.main, (uint8_t)(i * 7 + i / 256));
	want = malloc(full * 2);
	assert_non_null(want);
	memcpy(want, f.main.p, full);
	memset(want + full, 0, full);
	v->src = source(&f);
	v->pages.max = 16 * 8192;
	assert_int_equal(kt_sqlvfs_register(v, NULL), 0);
	assert_int_equal(v->base.xOpen(&v->base, "/etc/passwd", file, 0, NULL), SQLITE_CANTOPEN);
	assert_int_equal(v->base.xOpen(&v->base, NULL, file, 0, NULL), SQLITE_CANTOPEN);
	assert_int_equal(v->base.xOpen(&v->base, KT_SQLNAME, file, 0, NULL), SQLITE_OK);
	/* reading on and on is read ahead; whatever its sizes, the bytes are those of the file */
	for (size_t at = 0, n = 1; at + n < full; at += n, n = n * 5 % 4999 + 1) {
		assert_int_equal(file->pMethods->xRead(file, b, (int)n, (sqlite3_int64)at),
				 SQLITE_OK);
		assert_memory_equal(b, want + at, n);
		assert_int_equal(file->pMethods->xRead(file, b, 10, 5), SQLITE_OK);
		assert_memory_equal(b, want + 5, 10);
		assert_int_equal(file->pMethods->xRead(file, b, 1, (sqlite3_int64)at), SQLITE_OK);
		assert_int_equal(b[0], want[at]);
		v->ahead.next = at + n;
	}
	memset(b, 1, sizeof(b));
	assert_int_equal(file->pMethods->xRead(file, b, 100, (sqlite3_int64)full - 60),
			 SQLITE_IOERR_SHORT_READ);
	assert_memory_equal(b, want + full - 60, 100); /* zeros behind the end */

	memset(b, 0xee, sizeof(b));
	assert_int_equal(file->pMethods->xWrite(file, b, 9000, 5000), SQLITE_OK);
	memset(want + 5000, 0xee, 9000);
	assert_int_equal(file->pMethods->xTruncate(file, 12001), SQLITE_OK);
	memset(want + 12001, 0, full - 12001);
	assert_int_equal(file->pMethods->xFileSize(file, &size), SQLITE_OK);
	assert_int_equal(size, 12001);
	assert_int_equal(file->pMethods->xWrite(file, b, 10, 45000), SQLITE_OK);
	memset(want + 45000, 0xee, 10);
	assert_int_equal(file->pMethods->xFileSize(file, &size), SQLITE_OK);
	assert_int_equal(size, 45010);
	for (size_t at = 0; at < 45000; at += 8999) {
		size_t n = at + 9000 < 45010 ? 9000 : 45010 - at;

		assert_int_equal(file->pMethods->xRead(file, b, (int)n, (sqlite3_int64)at),
				 SQLITE_OK);
		assert_memory_equal(b, want + at, n);
	}
	v->sealed = true;
	assert_int_equal(file->pMethods->xWrite(file, b, 10, 0), SQLITE_READONLY);
	assert_int_equal(file->pMethods->xTruncate(file, 0), SQLITE_READONLY);
	kt_sqlvfs_free(v);
	free(file);
	free(want);
	sql_files_free(&f);
}

static void warm(void **state)
{
	(void)state;
	assert_int_equal(kt_sqldb_warm(NULL), 0);
	assert_int_equal(kt_sqldb_warm(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warm),
		cmocka_unit_test(private_pages),
		cmocka_unit_test(three_views_of_one_database),
		cmocka_unit_test(rolling_back_is_bounded),
		cmocka_unit_test(nothing_is_run_or_written),
		cmocka_unit_test(damage_gives_no_rights),
		cmocka_unit_test(work_is_bounded),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(reading_fails),
	};

	return cmocka_run_group_tests_name("sqlvfs", tests, NULL, NULL);
}
