/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * SQLite artifacts good and hostile, and how reading each has to end, with sql_dump of sql_dump.h.
 * The unit test runs them in process, tests/e2e/test-sql.sh through the sandbox.
 */
#ifndef KT_TESTS_TOOLS_SQL_CASES_H
#define KT_TESTS_TOOLS_SQL_CASES_H

#include "tests/tools/sql_make.h"

#define ANY (-1)

struct sql_case {
	const char *name;
	void (*make)(struct sql_files *f);
	const char *code; /* of END; NULL: ok or format */
	int emitted;
	const char *notes; /* codes, comma-separated; NULL: any */
	const char *view;  /* NULL: any, or no record */
};

static void mk_plain(struct sql_files *f)
{
	sql_script(f, SQL_POINTS SQL_ROWS(0, 100));
}

/* -- -wal ------------------------------------------------------------------------------------- */

static void mk_wal(struct sql_files *f)
{
	sql_wal(f, SQL_POINTS SQL_ROWS(0, 100), SQL_ROWS(100, 300),
		"DELETE FROM points WHERE id<10");
}

static void mk_wal_absent(struct sql_files *f)
{
	mk_wal(f);
	f->has_wal = false;
}

static void mk_wal_empty(struct sql_files *f)
{
	mk_wal(f);
	kt_buf_reset(&f->wal);
}

/* Checksums over big-endian words, as a phone with such a processor would write them. */
static void mk_wal_big_endian(struct sql_files *f)
{
	mk_wal(f);
	sql_wal_sum(&f->wal, true, true);
}

/* The last transaction is not complete: only the one before it counts. */
static void mk_wal_cut(struct sql_files *f)
{
	mk_wal(f);
	f->wal.len -= 100;
}

static void mk_wal_only_head(struct sql_files *f)
{
	mk_wal(f);
	f->wal.len = 32;
}

static void mk_wal_half_head(struct sql_files *f)
{
	mk_wal(f);
	f->wal.len = 31;
}

/* A header that was started anew, over frames of the time before. */
static void mk_wal_other_salts(struct sql_files *f)
{
	mk_wal(f);
	f->wal.p[16] ^= 1;
	sql_wal_sum(&f->wal, false, false);
}

/* The same with sums that hold: frames of the time before are still none of it. */
static void mk_wal_old_frames(struct sql_files *f)
{
	mk_wal(f);
	f->wal.p[16] ^= 1;
	sql_wal_sum(&f->wal, false, true);
}

static void mk_wal_bad_sum(struct sql_files *f)
{
	mk_wal(f);
	f->wal.p[24] ^= 1;
}

static void mk_wal_bad_head(struct sql_files *f)
{
	mk_wal(f);
	f->wal.p[16] ^= 1;
}

static void mk_wal_bad_frame(struct sql_files *f)
{
	mk_wal(f);
	f->wal.p[32 + 24 + 7] ^= 1;
}

static void mk_wal_version(struct sql_files *f)
{
	mk_wal(f);
	f->wal.p[7] ^= 1;
	sql_wal_sum(&f->wal, false, true);
}

static void other_wal(struct sql_files *f, const char *before)
{
	struct sql_files other;

	sql_files_init(&other);
	sql_wal(&other, before, "INSERT INTO other VALUES(1,'x')", NULL);
	kt_buf_reset(&f->wal);
	kt_buf_put(&f->wal, other.wal.p, other.wal.len);
	sql_files_free(&other);
}

static void mk_wal_other_size(struct sql_files *f)
{
	mk_wal(f);
	other_wal(f, "PRAGMA page_size=1024; CREATE TABLE other(a,b);");
}

static void mk_wal_other_db(struct sql_files *f)
{
	mk_wal(f);
	other_wal(f, "CREATE TABLE other(a,b);");
}

/* A -wal beside a database that says it has none: SQLite reads it all the same. */
static void mk_wal_unasked(struct sql_files *f)
{
	mk_wal(f);
	f->main.p[18] = f->main.p[19] = 1;
}

/* -- -journal --------------------------------------------------------------------------------- */

#define SPILL "UPDATE points SET name='not committed'; DELETE FROM points WHERE id>1500;"

static void mk_hot(struct sql_files *f)
{
	sql_hot(f, SQL_POINTS SQL_ROWS(0, 2000), SPILL);
}

/* The transaction was growing the file: rolling back cuts it. */
static void mk_hot_grown(struct sql_files *f)
{
	sql_hot(f, SQL_POINTS SQL_ROWS(0, 500), SQL_ROWS(500, 4000));
}

static void mk_hot_absent(struct sql_files *f)
{
	mk_hot(f);
	f->has_journal = false;
}

static void mk_hot_cut(struct sql_files *f)
{
	mk_hot(f);
	f->journal.len /= 2;
}

/* What PRAGMA journal_mode=PERSIST leaves behind: used up. */
static void mk_journal_cold(struct sql_files *f)
{
	mk_plain(f);
	f->has_journal = true;
	for (int i = 0; i < 3000; i++)
		kt_buf_putc(&f->journal, i < 28 ? '\0' : 'x');
}

static void mk_journal_empty(struct sql_files *f)
{
	mk_plain(f);
	f->has_journal = true;
}

static void mk_journal_garbage(struct sql_files *f)
{
	mk_plain(f);
	f->has_journal = true;
	for (int i = 0; i < 3000; i++)
		kt_buf_putc(&f->journal, 'x');
}

static void mk_journal_other(struct sql_files *f)
{
	struct sql_files other;

	sql_files_init(&other);
	sql_hot(&other, "CREATE TABLE other(a,b); INSERT INTO other VALUES(1,zeroblob(90000));",
		"UPDATE other SET b=zeroblob(80000); INSERT INTO other VALUES(2,zeroblob(70000));");
	mk_plain(f);
	f->has_journal = true;
	kt_buf_put(&f->journal, other.journal.p, other.journal.len);
	sql_files_free(&other);
}

/* A journal that names a further one ("super-journal") which did not come along. */
static void mk_journal_super(struct sql_files *f)
{
	static const char name[] = "/data/gone-mj12345678";
	static const uint8_t magic[8] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
	uint8_t word[4];
	uint32_t sum = 0;

	mk_hot(f);
	sql_put_be32(word, 0x40000000u / 4096 + 1);
	kt_buf_put(&f->journal, word, 4);
	kt_buf_puts(&f->journal, name);
	sql_put_be32(word, (uint32_t)strlen(name));
	kt_buf_put(&f->journal, word, 4);
	for (size_t i = 0; i < strlen(name); i++)
		sum += (uint8_t)name[i];
	sql_put_be32(word, sum);
	kt_buf_put(&f->journal, word, 4);
	kt_buf_put(&f->journal, magic, 8);
}

/* -- no database ------------------------------------------------------------------------------ */

static void mk_empty(struct sql_files *f)
{
	(void)f;
}

static void mk_zeros(struct sql_files *f)
{
	f->extend = 8192;
}

static void mk_encrypted(struct sql_files *f)
{
	uint32_t x = 12345;

	for (int i = 0; i < 8192; i++) {
		x = x * 1103515245u + 12345u;
		kt_buf_put_u8(&f->main, (uint8_t)(x >> 16));
	}
}

static void mk_text(struct sql_files *f)
{
	kt_buf_puts(&f->main, "{\"this\": \"is no database\"}\n");
}

static void mk_header_alone(struct sql_files *f)
{
	mk_plain(f);
	f->main.len = 100;
}

/* -- header ----------------------------------------------------------------------------------- */

static void patch(struct sql_files *f, size_t at, uint32_t v, size_t n)
{
	mk_plain(f);
	for (size_t i = 0; i < n; i++)
		f->main.p[at + i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

#define PATCH(ident, at, v, n)                                                                     \
	static void mk_##ident(struct sql_files *f)                                                \
	{                                                                                          \
		patch(f, at, v, n);                                                                \
	}
PATCH(page_size_0, 16, 0, 2)
PATCH(page_size_1, 16, 1, 2)
PATCH(page_size_odd, 16, 4097, 2)
PATCH(page_size_256, 16, 256, 2)
PATCH(page_size_half, 16, 2048, 2)
PATCH(read_version, 19, 3, 1)
PATCH(reserved_255, 20, 255, 1)
PATCH(pages_max, 28, UINT32_MAX, 4)
PATCH(pages_0, 28, 0, 4)
PATCH(pages_1, 28, 1, 4)
PATCH(freelist_max, 36, UINT32_MAX, 4)
PATCH(schema_format, 44, 99, 4)
PATCH(schema_format_max, 44, UINT32_MAX, 4)
PATCH(vacuum_root, 52, UINT32_MAX, 4)
PATCH(encoding_9, 56, 9, 4)
PATCH(cells_max, 103, 0xffff, 2)
PATCH(cell_start, 105, 0xffff, 2)

/* -- what the schema can do ------------------------------------------------------------------- */

static void mk_triggers(struct sql_files *f)
{
	sql_script(f, SQL_POINTS SQL_ROWS(
			      0, 20) "CREATE TRIGGER a AFTER INSERT ON points BEGIN DELETE FROM "
				     "points; END; CREATE TRIGGER b BEFORE UPDATE ON points BEGIN "
				     "SELECT raise(ABORT,'x'); END;");
}

#define ENDLESS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n)"

static void mk_view_wanted(struct sql_files *f)
{
	sql_script(f, "CREATE VIEW points AS " ENDLESS
		      " SELECT i AS id, i AS lat, i AS lon, i AS ts, i AS name, i AS data FROM n;");
}

/* A view under the first name that is looked for, the table under the second. */
static void mk_view_first(struct sql_files *f)
{
	sql_script(f, SQL_POINTS SQL_ROWS(0, 20) "ALTER TABLE points RENAME TO t; CREATE VIEW "
						 "points AS SELECT * FROM t, t AS u, t AS v;");
}

static void mk_views_nested(struct sql_files *f)
{
	sqlite3 *db =
		sql_begin("CREATE TABLE base(lat,lon); CREATE VIEW v0 AS SELECT * FROM base;");
	char sql[120];

	for (int i = 1; i < 40; i++) {
		snprintf(sql, sizeof(sql), "CREATE VIEW v%d AS SELECT a.* FROM v%d a, v%d b", i,
			 i - 1, i - 1);
		sql_exec(db, sql);
	}
	sql_exec(db, "CREATE VIEW points AS SELECT a.* FROM v39 a, v39 b");
	sql_take(f);
	sql_end(db);
}

static void mk_vtab_wanted(struct sql_files *f)
{
	sql_script(f, "CREATE VIRTUAL TABLE points USING fts4(lat,lon,ts,name,data);"
		      "INSERT INTO points VALUES('52','5','1','x','y');");
}

static void mk_vtab_beside(struct sql_files *f)
{
	sql_script(f, SQL_POINTS SQL_ROWS(0, 20) "CREATE VIRTUAL TABLE r USING rtree(i,a,b,c,d);"
						 "CREATE VIRTUAL TABLE x USING fts5(name);");
}

#define SCHEMA_ROW(type, name, root, sql)                                                          \
	"PRAGMA writable_schema=ON; INSERT INTO sqlite_master VALUES('" type "','" name "','" name \
	"'," root ",'" sql "');"

static void mk_vtab_unknown(struct sql_files *f)
{
	sql_script(f, SQL_POINTS SQL_ROWS(0, 20)
			      SCHEMA_ROW("table", "w", "0",
					 "CREATE VIRTUAL TABLE w USING never_heard_of(a,b)"));
}

/* Syntax of a later SQLite in a view: the tables must stay readable. */
static void mk_view_future(struct sql_files *f)
{
	sql_script(f, SQL_POINTS SQL_ROWS(0, 20)
			      SCHEMA_ROW("view", "w", "0",
					 "CREATE VIEW w AS SELECT group_concat(name ORDER BY id) "
					 "FROM points"));
}

static void mk_schema_garbage(struct sql_files *f)
{
	sql_script(f, SQL_POINTS SQL_ROWS(0, 20)
			      SCHEMA_ROW("table", "w", "9999", "CREATE TABLE w(a,b)")
				      SCHEMA_ROW("sable", "v", "2", "CREATE SABLE"));
}

/* The table's root is the schema's own page. */
static void mk_root_1(struct sql_files *f)
{
	sql_script(f, SQL_POINTS SQL_ROWS(0, 20) "PRAGMA writable_schema=ON;"
						 "UPDATE sqlite_master SET rootpage=1;");
}

static void mk_root_far(struct sql_files *f)
{
	sql_script(f, SQL_POINTS SQL_ROWS(0, 20) "PRAGMA writable_schema=ON;"
						 "UPDATE sqlite_master SET rootpage=4000000000;");
}

static void mk_table_twice(struct sql_files *f)
{
	sql_script(f, SQL_POINTS SQL_ROWS(0, 20)
			      SCHEMA_ROW("table", "points", "2", "CREATE TABLE points(lat,lon)"));
}

/* Computed when read, by an expression of the evidence: not run. */
static void mk_generated(struct sql_files *f)
{
	sql_script(f, "PRAGMA page_size=512;"
		      "CREATE TABLE points(id INTEGER PRIMARY KEY, lat AS (length(hex(zeroblob(id*"
		      "1000000)))) VIRTUAL, lon REAL, ts INT, name TEXT, data BLOB);"
		      "INSERT INTO points(lon,ts) VALUES(5,1),(6,2);");
}

static void mk_generated_stored(struct sql_files *f)
{
	sql_script(f,
		   "CREATE TABLE points(id INTEGER PRIMARY KEY, a REAL, lat REAL AS (a+1) STORED,"
		   "lon REAL, ts INT, name TEXT, data BLOB);"
		   "INSERT INTO points(a,lon,ts) VALUES(51,5,1),(51,6,2);");
}

static void mk_expressions(struct sql_files *f)
{
	sql_script(f, "CREATE TABLE points(id INTEGER PRIMARY KEY, lat REAL CHECK(lat<>length("
		      "hex(zeroblob(10)))), lon REAL DEFAULT (abs(-5)), ts INT, name TEXT,"
		      "UNIQUE(name)); INSERT INTO points(lat,name) VALUES(52,'a'),(51,'b');"
		      "ALTER TABLE points ADD COLUMN data BLOB DEFAULT x'010203';"
		      "CREATE INDEX e ON points(length(name)+lat) WHERE lat>0;");
}

static void mk_without_rowid(struct sql_files *f)
{
	sql_script(f, "CREATE TABLE points(name TEXT, ts INT, lat REAL, lon REAL, data,"
		      "PRIMARY KEY(name DESC, ts)) WITHOUT ROWID;"
		      "INSERT INTO points VALUES('it''s',1,52,5,NULL),('b',2,52,5,NULL),"
		      "('b',1,52,5,x'00');");
}

static void mk_rowid_names(struct sql_files *f)
{
	sql_script(f, "CREATE TABLE points(rowid TEXT, lat, lon);"
		      "INSERT INTO points VALUES('no',52,5);");
}

static void mk_rowid_hidden(struct sql_files *f)
{
	sql_script(f, "CREATE TABLE points(rowid TEXT, _rowid_ BLOB, oid, lat, lon);"
		      "INSERT INTO points VALUES('no',x'00',1,52,5);");
}

static void mk_columns_2000(struct sql_files *f)
{
	struct kt_buf b;
	const char *sql;

	kt_buf_init(&b, 0);
	kt_buf_puts(&b, "CREATE TABLE points(lat, lon");
	for (int i = 0; i < 1998; i++)
		kt_buf_printf(&b, ", c%d", i);
	kt_buf_puts(&b, "); INSERT INTO points(lat,lon,c1997) VALUES(52,5,1)");
	sql = kt_buf_cstr(&b);
	sql_script(f, sql);
	kt_buf_free(&b);
}

static void mk_tables_2000(struct sql_files *f)
{
	sqlite3 *db = sql_begin("PRAGMA page_size=512;" SQL_POINTS SQL_ROWS(0, 20) "BEGIN;");
	char sql[80];

	for (int i = 0; i < 2000; i++) {
		snprintf(sql, sizeof(sql), "CREATE TABLE t%d(a, b)", i);
		sql_exec(db, sql);
	}
	sql_exec(db, "COMMIT");
	sql_take(f);
	sql_end(db);
}

/* An index that holds all that is asked for, is smaller than the table, and says: no rows. */
static void mk_index_lies(struct sql_files *f)
{
	uint8_t *page;

	sql_script(
		f,
		"PRAGMA page_size=4096;" SQL_POINTS SQL_ROWS(
			0, 20) "ALTER TABLE points ADD COLUMN a; ALTER TABLE points ADD COLUMN b;"
			       "ALTER TABLE points ADD COLUMN c; ALTER TABLE points ADD COLUMN d;"
			       "CREATE INDEX i ON points(lat,lon,ts,name,data);");
	page = f->main.p + 2 * 4096; /* schema, table, index */
	SQL_MUST(f->main.len == 3 * 4096 && page[0] == 10);
	page[3] = page[4] = 0;
}

/* -- values ----------------------------------------------------------------------------------- */

static void mk_utf16le(struct sql_files *f)
{
	sql_script(f, "PRAGMA encoding='UTF-16le';" SQL_POINTS
		      "INSERT INTO points VALUES(1,'52.25','5.5',1700000000,'Ærø','blob');");
}

static void mk_utf16be(struct sql_files *f)
{
	sql_script(f, "PRAGMA encoding='UTF-16be';" SQL_POINTS
		      "INSERT INTO points VALUES(1,'52.25','5.5',1700000000,'Ærø','blob');");
}

static void mk_values(struct sql_files *f)
{
	sql_script(f, "PRAGMA page_size=512;"
		      "CREATE TABLE points(id INTEGER PRIMARY KEY, lat, lon, ts, name, data);"
		      "INSERT INTO points(lat,lon,ts,name,data) VALUES"
		      "('52.5',' 5','x',7,8), (x'00',5,1,x'ff','t'), (NULL,NULL,NULL,NULL,NULL),"
		      "(52,5,1.5,'a'||char(0)||'b',''), (9e99,-9e99,9e99,1.5,1.5),"
		      "(9223372036854775807,-9223372036854775808,9223372036854775807,2.0,NULL),"
		      "('1e-3','+.5','1700000000.25','',x''), (NULL,5,-1,NULL,NULL);");
}

static void mk_rowids(struct sql_files *f)
{
	sql_script(f, SQL_POINTS "INSERT INTO points(id,lat,lon) VALUES(-9223372036854775808,52,5),"
				 "(9223372036854775807,52,5),(0,52,5);");
}

/* -- structure -------------------------------------------------------------------------------- */

#define LEVELS 4

/* Four levels of interior pages that all point at the same next one: 10^8 rows and more. */
static void mk_page_maze(struct sql_files *f)
{
	uint8_t page[4096], *root;
	uint32_t first, n;

	sql_script(f, "PRAGMA page_size=4096;" SQL_POINTS SQL_ROWS(0, 9000));
	root = f->main.p + 4096;
	SQL_MUST(root[0] == 5);
	n = (uint32_t)(f->main.len / 4096);
	memcpy(page, root, sizeof(page));
	first = kt_get_be32(page + kt_get_be16(page + 12)); /* a leaf */
	for (uint32_t level = 0; level <= LEVELS; level++) {
		uint32_t next = level == LEVELS ? first : n + level + 1;

		for (unsigned i = 0; i < kt_get_be16(page + 3); i++)
			sql_put_be32(page + kt_get_be16(page + 12 + 2 * i), next);
		sql_put_be32(page + 8, next);
		if (level == 0)
			memcpy(root, page, sizeof(page));
		else
			kt_buf_put(&f->main, page, sizeof(page));
		root = f->main.p + 4096;
	}
	sql_put_be32(f->main.p + 28, n + LEVELS);
}

/* A page that is its own child. */
static void mk_page_loop(struct sql_files *f)
{
	sql_script(f, "PRAGMA page_size=4096;" SQL_POINTS SQL_ROWS(0, 9000));
	sql_put_be32(f->main.p + 4096 + kt_get_be16(f->main.p + 4096 + 12), 2);
}

static void mk_cut_page(struct sql_files *f)
{
	sql_script(f, "PRAGMA page_size=1024;" SQL_POINTS SQL_ROWS(0, 1000));
	f->main.len -= 3 * 1024;
}

static void mk_sparse(struct sql_files *f)
{
	mk_plain(f);
	f->extend = UINT64_C(3) << 30;
}

static void mk_sparse_counted(struct sql_files *f)
{
	mk_plain(f);
	f->extend = UINT64_C(3) << 30;
	sql_put_be32(f->main.p + 28, (uint32_t)(f->extend / 4096));
}

static void mk_sparse_zeros(struct sql_files *f)
{
	f->extend = UINT64_C(3) << 30;
}

/* -- damage at random, the same for the same number ------------------------------------------- */

static uint32_t dice(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static void hurt(struct kt_buf *b, uint32_t *x)
{
	unsigned n = 1 + dice(x) % 12;

	if (b->len == 0)
		return;
	/* most of it where structure is: the first bytes of pages */
	while (n-- > 0) {
		size_t at = dice(x) % b->len;

		if (dice(x) % 2 == 0)
			at = at / 512 * 512 + at % 40;
		if (at < b->len)
			b->p[at] = dice(x) % 3 == 0 ? 0xff : (uint8_t)dice(x);
	}
	if (dice(x) % 10 == 0)
		b->len -= dice(x) % b->len;
}

static void mk_damaged(struct sql_files *f, unsigned i)
{
	uint32_t x = 20240501u + i * 2654435761u;
	bool hot = i % 3 == 2;

	if (hot)
		sql_hot(f, "PRAGMA page_size=512;" SQL_POINTS SQL_ROWS(0, 120), SPILL);
	else
		sql_wal(f, "PRAGMA page_size=512;" SQL_POINTS SQL_ROWS(0, 40), SQL_ROWS(40, 70),
			"DELETE FROM points WHERE id<5");
	if (i % 2 == 0)
		hurt(&f->main, &x);
	hurt(hot ? &f->journal : &f->wal, &x);
	/* some of it passes the checksums */
	if (!hot && i % 5 == 1 && f->wal.len > 32)
		sql_wal_sum(&f->wal, false, kt_get_be32(f->wal.p + 8) == 512);
}

static const struct sql_case sql_cases[] = {
	{"plain", mk_plain, "ok", 100, "rows", "main"},
	{"wal", mk_wal, "ok", 290, "rows", "main+wal"},
	{"wal-absent", mk_wal_absent, "ok", 100, "wal-not-there,rows", "main"},
	{"wal-empty", mk_wal_empty, "ok", 100, "rows", "main"},
	{"wal-big-endian", mk_wal_big_endian, "ok", 290, "rows", "main+wal"},
	{"wal-cut", mk_wal_cut, "ok", 300, "rows", "main+wal"},
	{"wal-only-head", mk_wal_only_head, "ok", 100, "wal-not-used,rows", "main"},
	{"wal-half-head", mk_wal_half_head, "ok", 100, "wal-not-used,rows", "main"},
	{"wal-other-salts", mk_wal_other_salts, "ok", 100, "wal-not-used,rows", "main"},
	{"wal-old-frames", mk_wal_old_frames, "ok", 100, "wal-not-used,rows", "main"},
	{"wal-bad-sum", mk_wal_bad_sum, "ok", 100, "wal-not-used,rows", "main"},
	{"wal-bad-head", mk_wal_bad_head, "ok", 100, "wal-not-used,rows", "main"},
	{"wal-bad-frame", mk_wal_bad_frame, "ok", 100, "wal-not-used,rows", "main"},
	{"wal-version", mk_wal_version, "ok", 100, "wal-not-used,rows", "main"},
	{"wal-other-size", mk_wal_other_size, "ok", 100, "wal-of-another-database,rows", "main"},
	{"wal-other-db", mk_wal_other_db, NULL, ANY, NULL, NULL},
	{"wal-unasked", mk_wal_unasked, "ok", 290, "rows", "main+wal"},
	{"hot", mk_hot, "ok", 2000, "journal-rolled-back,rows", "rolled-back"},
	{"hot-grown", mk_hot_grown, "ok", 500, "journal-rolled-back,rows", "rolled-back"},
	{"hot-absent", mk_hot_absent, NULL, ANY, NULL, "main"},
	{"hot-cut", mk_hot_cut, NULL, ANY, "journal-rolled-back,rows", "rolled-back"},
	{"journal-cold", mk_journal_cold, "ok", 100, "rows", "main"},
	{"journal-empty", mk_journal_empty, "ok", 100, "rows", "main"},
	{"journal-garbage", mk_journal_garbage, "ok", 100, "journal-not-used,rows", "main"},
	{"journal-other", mk_journal_other, NULL, ANY, NULL, NULL},
	{"journal-super", mk_journal_super, NULL, ANY, "journal-not-used,rows", "main"},
	{"empty", mk_empty, "format", 0, "", NULL},
	{"zeros", mk_zeros, "format", 0, "", NULL},
	{"encrypted", mk_encrypted, "format", 0, "", NULL},
	{"text", mk_text, "format", 0, "", NULL},
	{"header-alone", mk_header_alone, "format", 0, NULL, NULL},
	{"page-size-0", mk_page_size_0, "format", 0, NULL, NULL},
	{"page-size-1", mk_page_size_1, NULL, ANY, NULL, NULL},
	{"page-size-odd", mk_page_size_odd, "format", 0, NULL, NULL},
	{"page-size-256", mk_page_size_256, "format", 0, NULL, NULL},
	{"page-size-half", mk_page_size_half, NULL, ANY, NULL, NULL},
	{"read-version", mk_read_version, "format", 0, NULL, NULL},
	{"reserved-255", mk_reserved_255, NULL, ANY, NULL, NULL},
	{"pages-max", mk_pages_max, "ok", 100, "database-damaged,rows", "main"},
	{"pages-0", mk_pages_0, "ok", 100, "rows", "main"},
	{"pages-1", mk_pages_1, NULL, ANY, NULL, NULL},
	{"freelist-max", mk_freelist_max, "ok", 100, "rows", "main"},
	{"schema-format", mk_schema_format, "format", 0, NULL, NULL},
	{"schema-format-max", mk_schema_format_max, NULL, 0, NULL, NULL},
	{"vacuum-root", mk_vacuum_root, NULL, ANY, NULL, NULL},
	{"encoding-9", mk_encoding_9, NULL, ANY, NULL, NULL},
	{"cells-max", mk_cells_max, "format", 0, NULL, NULL},
	{"cell-start", mk_cell_start, NULL, ANY, NULL, NULL},
	{"triggers", mk_triggers, "ok", 20, "rows", "main"},
	{"view-wanted", mk_view_wanted, "format", 0, "", NULL},
	{"view-first", mk_view_first, "ok", 20, "rows", "main"},
	{"views-nested", mk_views_nested, "format", 0, "", NULL},
	{"vtab-wanted", mk_vtab_wanted, "format", 0, "", NULL},
	{"vtab-beside", mk_vtab_beside, "ok", 20, "rows", "main"},
	{"vtab-unknown", mk_vtab_unknown, "ok", 20, "rows", "main"},
	{"view-future", mk_view_future, "ok", 20, "database-damaged,rows", "main"},
	{"schema-garbage", mk_schema_garbage, "ok", 20, "database-damaged,rows", "main"},
	{"root-1", mk_root_1, NULL, ANY, NULL, NULL},
	{"root-far", mk_root_far, "format", 0, NULL, NULL},
	{"table-twice", mk_table_twice, "ok", 20, "database-damaged,rows", "main"},
	{"generated", mk_generated, "ok", 2, "rows,column-missing", "main"},
	{"generated-stored", mk_generated_stored, "ok", 2, "rows", "main"},
	{"expressions", mk_expressions, "ok", 2, "rows", "main"},
	{"without-rowid", mk_without_rowid, "ok", 3, "rows", "main"},
	{"rowid-names", mk_rowid_names, "ok", 1, NULL, "main"},
	{"rowid-hidden", mk_rowid_hidden, "ok", 1, NULL, "main"},
	{"columns-2000", mk_columns_2000, "ok", 1, NULL, "main"},
	{"tables-2000", mk_tables_2000, "ok", 20, "rows", "main"},
	{"index-lies", mk_index_lies, "ok", 20, "rows", "main"},
	{"utf16le", mk_utf16le, "ok", 1, "rows", "main"},
	{"utf16be", mk_utf16be, "ok", 1, "rows", "main"},
	{"values", mk_values, "ok", 7, "rows", "main"},
	{"rowids", mk_rowids, "ok", 3, "rows", "main"},
	{"page-maze", mk_page_maze, "limit", ANY, NULL, "main"},
	{"page-loop", mk_page_loop, NULL, ANY, NULL, "main"},
	{"cut-page", mk_cut_page, "format", ANY, "database-damaged,rows", "main"},
	{"sparse", mk_sparse, "ok", 100, "rows", "main"},
	{"sparse-counted", mk_sparse_counted, "ok", 100, "rows", "main"},
	{"sparse-zeros", mk_sparse_zeros, "format", 0, "", NULL},
};

#define SQL_CASES (sizeof(sql_cases) / sizeof(sql_cases[0]))

#endif
