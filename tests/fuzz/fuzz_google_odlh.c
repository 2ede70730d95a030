/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * libFuzzer target: values inside database rows that plugins decode themselves. The bytes become one
 * value of a sound database: behind a first byte of 0 ... 5 a segment of that type for google-odlh,
 * else a message for uber.
 */
#include "tests/fuzz/fuzz.h"

#include <sqlite3.h>
#include <stdlib.h>

extern const struct kt_parser kt_parser_google_odlh, kt_parser_uber;

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void must(int rc, int good)
{
	if (rc != good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	bool uber = n > 0 && p[0] > 5;
	const char *table =
		uber ? "CREATE TABLE message (auto_row_id INTEGER PRIMARY KEY, content)"
		     : "CREATE TABLE semantic_segment_table (segment_type, "
		       "start_timestamp_seconds, end_timestamp_seconds, semantic_segment)";
	const char *insert =
		uber ? "INSERT INTO message VALUES (1+0*?1,?2)"
		     : "INSERT INTO semantic_segment_table VALUES (?1,1714972089,1714975689,?2)";
	sqlite3_stmt *st;
	sqlite3_int64 size;
	unsigned char *bytes;
	sqlite3 *db;

	if (n == 0)
		return 0;
	must(sqlite3_open(":memory:", &db), SQLITE_OK);
	must(sqlite3_exec(db, table, NULL, NULL, NULL), SQLITE_OK);
	must(sqlite3_prepare_v2(db, insert, -1, &st, NULL), SQLITE_OK);
	must(sqlite3_bind_int(st, 1, p[0]), SQLITE_OK);
	must(sqlite3_bind_blob(st, 2, p + 1, (int)n - 1, SQLITE_STATIC), SQLITE_OK);
	must(sqlite3_step(st), SQLITE_DONE);
	sqlite3_finalize(st);
	bytes = sqlite3_serialize(db, "main", &size, 0);
	if (bytes == NULL)
		abort();
	kt_fuzz_parse(uber ? &kt_parser_uber : &kt_parser_google_odlh, bytes, (size_t)size);
	sqlite3_free(bytes);
	sqlite3_close(db);
	return 0;
}
