/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What Keten's reading of SQLite rows in the sandbox is measured against: the same table and columns
 * through plain SQLite, with its own file system, in a process without any limits. Also makes the
 * database.
 *
 * usage: bench-sqlite-rows make FILE ROWS     a table of invented points, about 80 bytes a row
 *        bench-sqlite-rows read FILE          prints the number of rows
 */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(sqlite3 *db, const char *what)
{
	fprintf(stderr, "%s: %s\n", what, sqlite3_errmsg(db));
	sqlite3_close(db);
	return 1;
}

static int make(const char *path, long rows)
{
	static const uint8_t blob[32] = {1};
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;
	char name[24];

	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db,
			 "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF; BEGIN;"
			 "CREATE TABLE points(id INTEGER PRIMARY KEY, lat REAL, lon REAL,"
			 " ts INTEGER, name TEXT, data BLOB)",
			 NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "INSERT INTO points VALUES(?,?,?,?,?,?)", -1, &st, NULL) !=
		    SQLITE_OK)
		return fail(db, path);
	for (long i = 0; i < rows; i++) {
		int n = snprintf(name, sizeof(name), "point %ld", i);

		sqlite3_bind_int64(st, 1, i + 1);
		sqlite3_bind_double(st, 2, 52.0 + (double)(i % 1000000) * 1e-6);
		sqlite3_bind_double(st, 3, 5.0 + (double)(i % 999983) * 1e-6);
		sqlite3_bind_int64(st, 4, 1700000000 + i);
		sqlite3_bind_text(st, 5, name, n, SQLITE_STATIC);
		sqlite3_bind_blob(st, 6, blob, (int)(i % 32), SQLITE_STATIC);
		if (sqlite3_step(st) != SQLITE_DONE)
			return fail(db, path);
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return fail(db, path);
	return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}

static int read_all(const char *path)
{
	volatile uint64_t sum = 0; /* what was read must not be thrown away unread */
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;
	uint64_t rows = 0;
	int rc;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
		    SQLITE_OK ||
	    sqlite3_prepare_v2(db, "SELECT rowid, lat, lon, ts, name, data FROM points", -1, &st,
			       NULL) != SQLITE_OK)
		return fail(db, path);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		sum += (uint64_t)sqlite3_column_double(st, 1);
		sum += (uint64_t)sqlite3_column_double(st, 2);
		sum += (uint64_t)sqlite3_column_int64(st, 3);
		sum += sqlite3_column_text(st, 4) != NULL;
		sum += (uint64_t)sqlite3_column_bytes(st, 4);
		sum += sqlite3_column_blob(st, 5) != NULL;
		sum += (uint64_t)sqlite3_column_bytes(st, 5);
		rows++;
	}
	sqlite3_finalize(st);
	if (rc != SQLITE_DONE)
		return fail(db, path);
	sqlite3_close(db);
	printf("%llu\n", (unsigned long long)rows);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "make") == 0)
		return make(argv[2], strtol(argv[3], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "read") == 0)
		return read_all(argv[2]);
	fprintf(stderr, "usage: bench-sqlite-rows make FILE ROWS | read FILE\n");
	return 2;
}
