/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/err.h"
#include "core/record.h"
#include "core/recstore.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], path[96];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/kt-test-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/records.sqlite", dir);
	return 0;
}

static int drop_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static int64_t ask(struct kt_recstore *s, const char *sql)
{
	sqlite3_stmt *q = NULL;
	int64_t v;

	assert_int_equal(sqlite3_prepare_v2(s->db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	v = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return v;
}

static void put_artifact(struct kt_recstore *s, const char *object, unsigned records)
{
	const struct kt_artifact_row row = {
		object, "photos/dcim", "media-exif", "ok", NULL, 1, 10, records, 2, 3};
	struct kt_locator loc = {
		.kind = KT_LOC_JSON, .path = {"$.a\0[1]\xff", 8}, .off = 7, .len = 9};

	for (unsigned i = 0; i < records; i++) {
		int64_t t = (int64_t)i * 1000;
		assert_int_equal(kt_recstore_record(s, object, i + 1, i % 2 == 0 ? &t : NULL,
						    "{\"a\":1}", 7, NULL),
				 0);
	}
	assert_int_equal(kt_recstore_skip(s, object, "bad-time", 2, &loc, NULL), 0);
	assert_int_equal(kt_recstore_skip(s, object, "other", 1, NULL, NULL), 0);
	assert_int_equal(kt_recstore_withheld(s, object, "outside-period", 3, NULL), 0);
	assert_int_equal(kt_recstore_note(s, object, "cut", "text", 4, NULL), 0);
	assert_int_equal(kt_recstore_artifact(s, &row, NULL), 0);
}

static void keeps_what_was_committed(void **state)
{
	struct kt_recstore s;
	struct stat st;

	(void)state;
	assert_int_equal(kt_recstore_create(path, &s, NULL), 0);
	assert_int_equal(kt_recstore_begin(&s, NULL), 0);
	put_artifact(&s, "o000001", 100);
	assert_int_equal(kt_recstore_commit(&s, NULL), 0);
	assert_int_equal(kt_recstore_begin(&s, NULL), 0);
	put_artifact(&s, "o000002", 50);
	assert_int_equal(kt_recstore_rollback(&s, NULL), 0);
	assert_int_equal(kt_recstore_begin(&s, NULL), 0);
	put_artifact(&s, "o000003", 7);
	assert_int_equal(kt_recstore_commit(&s, NULL), 0);
	assert_int_equal(kt_recstore_close(&s, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	assert_int_equal(kt_recstore_open(path, &s, NULL), 0);
	assert_int_equal(ask(&s, "SELECT count(*) FROM record"), 107);
	assert_int_equal(ask(&s, "SELECT count(*) FROM record WHERE t_us IS NULL"), 53);
	assert_int_equal(ask(&s, "SELECT count(*) FROM record WHERE json='{\"a\":1}'"), 107);
	assert_int_equal(ask(&s, "SELECT count(*) FROM artifact WHERE object='o000002'"), 0);
	assert_int_equal(ask(&s, "SELECT emitted FROM artifact WHERE object='o000003'"), 7);
	assert_int_equal(ask(&s, "SELECT length(CAST(first_path AS BLOB)) FROM skip"
				 " WHERE reason='bad-time'"),
			 8);
	assert_int_equal(ask(&s, "SELECT sum(n) FROM withheld"), 6);
	assert_int_equal(kt_recstore_begin(&s, NULL), KT_E_USAGE); /* a reader can't write */
	assert_int_equal(sqlite3_exec(s.db, "DELETE FROM record", NULL, NULL, NULL),
			 SQLITE_READONLY);
	assert_int_equal(kt_recstore_close(&s, NULL), 0);
}

static void an_open_artifact_does_not_count(void **state)
{
	struct kt_recstore s;

	(void)state;
	assert_int_equal(kt_recstore_create(path, &s, NULL), 0); /* replaces the old one */
	assert_int_equal(kt_recstore_begin(&s, NULL), 0);
	put_artifact(&s, "o000001", 5);
	assert_int_equal(kt_recstore_close(&s, NULL), 0);
	assert_int_equal(kt_recstore_open(path, &s, NULL), 0);
	assert_int_equal(ask(&s, "SELECT count(*) FROM record"), 0);
	assert_int_equal(kt_recstore_close(&s, NULL), 0);
}

static void an_unfinished_store_is_refused(void **state)
{
	struct kt_err err = {0};
	struct kt_recstore s;
	FILE *f;

	(void)state;
	assert_int_equal(kt_recstore_create(path, &s, NULL), 0);
	assert_int_equal(kt_recstore_begin(&s, NULL), 0);
	put_artifact(&s, "o000001", 5);
	assert_int_equal(kt_recstore_commit(&s, NULL), 0);
	kt_recstore_abandon(&s);
	assert_int_equal(kt_recstore_open(path, &s, &err), KT_E_FORMAT);
	assert_null(s.db);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("this is no database, but it is long enough to be looked at as one", f);
	fclose(f);
	assert_int_equal(kt_recstore_open(path, &s, &err), KT_E_FORMAT);
	unlink(path);
	assert_int_equal(kt_recstore_open(path, &s, &err), KT_E_ABSENT);
	assert_int_equal(kt_recstore_create("/nonexistent/x.sqlite", &s, &err), KT_E_STORAGE);
}

static void rows_have_their_moment(void **state)
{
	struct kt_err err = {0};
	struct kt_recstore s;

	(void)state;
	assert_int_equal(kt_recstore_create(path, &s, NULL), 0);
	assert_int_equal(kt_recstore_record(&s, "o1", 0, NULL, "{}", 2, &err), KT_E_USAGE);
	assert_int_equal(kt_recstore_commit(&s, &err), KT_E_USAGE);
	assert_int_equal(kt_recstore_rollback(&s, &err), KT_E_USAGE);
	assert_int_equal(kt_recstore_begin(&s, NULL), 0);
	assert_int_equal(kt_recstore_begin(&s, &err), KT_E_USAGE);
	assert_int_equal(kt_recstore_record(&s, "o1", 0, NULL, "{}", 2, NULL), 0);
	assert_int_equal(kt_recstore_record(&s, "o1", 0, NULL, "{}", 2, &err), KT_E_USAGE);
	assert_int_equal(kt_recstore_record(&s, "o1", 7, NULL, "{}", 2, &err), 0);
	assert_int_equal(kt_recstore_record(&s, "o1", 6, NULL, "{}", 2, &err), KT_E_USAGE);
	assert_int_equal(kt_recstore_record(&s, "o2", 8, NULL, "{}", 2, &err), KT_E_USAGE);
	assert_int_equal(kt_recstore_rollback(&s, NULL), 0);
	assert_int_equal(kt_recstore_begin(&s, NULL), 0);
	assert_int_equal(kt_recstore_record(&s, "o1", 0, NULL, "{}", 2, NULL), 0);
	assert_int_equal(kt_recstore_commit(&s, NULL), 0);
	assert_int_equal(kt_recstore_close(&s, NULL), 0);
}

/* Whatever is left waiting at the end of an artifact, each record lands with its own values. */
static void batches_lose_nothing(void **state)
{
	struct kt_recstore s;
	char object[16], text[64], sql[256];

	(void)state;
	assert_int_equal(kt_recstore_create(path, &s, NULL), 0);
	for (unsigned records = 0; records <= 2 * KT_RECSTORE_BATCH + 1; records++) {
		const struct kt_artifact_row row = {.object = object, .code = "ok"};

		snprintf(object, sizeof(object), "o%u", records + 1);
		assert_int_equal(kt_recstore_begin(&s, NULL), 0);
		for (unsigned i = 1; i <= records; i++) {
			int64_t t = -5 - (int64_t)i;

			snprintf(text, sizeof(text), "%u of %s%*s", i, object, (int)(i % 7), "");
			assert_int_equal(kt_recstore_record(&s, object, 3 * i,
							    i % 3 == 0 ? NULL : &t, text,
							    strlen(text), NULL),
					 0);
			memset(text, '#', sizeof(text)); /* the store has its own copy */
		}
		assert_int_equal(kt_recstore_artifact(&s, &row, NULL), 0);
		assert_int_equal(kt_recstore_commit(&s, NULL), 0);
		snprintf(sql, sizeof(sql),
			 "SELECT count(*) FROM record WHERE object='%s' AND n%%3=0"
			 " AND rtrim(json)=(n/3)||' of %s' AND "
			 "length(json)=length(rtrim(json))+n/3%%7"
			 " AND t_us IS iif(n/3%%3=0, NULL, -5-n/3)",
			 object, object);
		assert_int_equal(ask(&s, sql), records);
	}
	/* the same object again is refused as a whole */
	assert_int_equal(kt_recstore_begin(&s, NULL), 0);
	assert_int_equal(kt_recstore_record(&s, "o1", 1, NULL, "{}", 2, NULL), 0);
	assert_int_equal(kt_recstore_artifact(&s, &(struct kt_artifact_row){.object = "o1"}, NULL),
			 KT_E_STORAGE);
	assert_int_equal(kt_recstore_rollback(&s, NULL), 0);
	assert_int_equal(ask(&s, "SELECT count(*) FROM record WHERE object='o1'"), 0);
	/* rowids follow the order in which records came */
	assert_int_equal(ask(&s, "SELECT count(*) FROM record a JOIN record b ON b.rowid=a.rowid+1"
				 " WHERE a.object=b.object AND a.n>=b.n"),
			 0);
	assert_int_equal(kt_recstore_close(&s, NULL), 0);
}

/* A disk that fills up: rows or the end must fail, never a store that looks complete. */
static void a_full_disk_shows(void **state)
{
	char big[4096];
	struct kt_err err = {0};
	struct kt_recstore s;
	int r = 0;

	(void)state;
	memset(big, ' ', sizeof(big));
	assert_int_equal(kt_recstore_create(path, &s, NULL), 0);
	assert_int_equal(sqlite3_exec(s.db, "PRAGMA max_page_count=40", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(kt_recstore_begin(&s, NULL), 0);
	for (unsigned i = 1; r == 0 && i < 1000; i++)
		r = kt_recstore_record(&s, "o1", i, NULL, big, sizeof(big), &err);
	assert_int_equal(r, KT_E_STORAGE);
	if (kt_recstore_close(&s, &err) == 0) {
		assert_int_equal(kt_recstore_open(path, &s, NULL), 0);
		assert_int_equal(ask(&s, "SELECT count(*) FROM record"), 0);
		assert_int_equal(kt_recstore_close(&s, NULL), 0);
	} else {
		assert_int_equal(kt_recstore_open(path, &s, NULL), KT_E_FORMAT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_was_committed),
		cmocka_unit_test(an_open_artifact_does_not_count),
		cmocka_unit_test(an_unfinished_store_is_refused),
		cmocka_unit_test(rows_have_their_moment),
		cmocka_unit_test(batches_lose_nothing),
		cmocka_unit_test(a_full_disk_shows),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
