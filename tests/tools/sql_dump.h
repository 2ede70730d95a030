/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Two parsers that are no plugins, for tests of SQLite artifacts: in process, in the sandbox, under
 * the fuzzer. sql_dump reads one table through every getter and says what it saw; sql_scan does as
 * little as a plugin can with each row, for measuring.
 */
#ifndef KT_TESTS_TOOLS_SQL_DUMP_H
#define KT_TESTS_TOOLS_SQL_DUMP_H

#include "parsers/sdk/keten_parser.h"
#include "parsers/sdk/sql.h"
#include "parsers/sdk/units.h"

#include <inttypes.h>
#include <stdio.h>

/* Table and columns that both look for. */
static const char *const sql_dump_columns[] = {"lat|latitude", "lon|longitude", "ts", "name",
					       "data"};

static int sql_dump_row(struct kt_ctx *ctx, struct kt_rows *rows, const char *table,
			struct kt_err *err)
{
	struct kt_record r;
	int64_t lat, lon, v;
	const uint8_t *p;
	struct kt_str s;
	size_t n;

	kt_seen(ctx, 1);
	kt_rec_init(&r, KT_REC_POSITION, KT_BASIS_MEASURED);
	r.loc = kt_rows_locator(rows, table, 0);
	if (kt_rows_null(rows, 1) && kt_rows_null(rows, 2))
		return kt_skip(ctx, "no-position", 1, &r.loc, err);
	if (kt_rows_scaled(rows, 1, 7, &lat) && kt_rows_scaled(rows, 2, 7, &lon))
		kt_set_position(&r, lat, lon);
	else
		kt_set_unusable(&r, "not-a-number");
	if (kt_rows_time(rows, 3, KT_EPOCH_UNIX_S, &v))
		kt_set_utc(&r, v);
	if (kt_rows_text(rows, 4, &s))
		kt_rec_str(&r, KT_F_NAME, s.p, s.len);
	if (kt_rows_int(rows, 4, &v))
		kt_rec_int(&r, KT_F_PHONE_USER, v);
	if (kt_rows_blob(rows, 5, &p, &n))
		kt_rec_int(&r, KT_F_CHANNEL, (int64_t)n);
	r.raw = kt_rows_raw(rows, 1);
	return kt_emit(ctx, &r, err);
}

static int sql_dump_rows(struct kt_ctx *ctx, struct kt_sql *db, const char *table,
			 struct kt_err *err)
{
	struct kt_rows rows;
	char text[40];
	int r;

	snprintf(text, sizeof(text), "%" PRId64, kt_sql_count(db, table));
	r = kt_note(ctx, "rows", text, err);
	if (r == 0)
		r = kt_sql_select(db, &rows, table, sql_dump_columns, 5, NULL, err);
	if (r < 0)
		return r;
	while ((r = kt_rows_next(&rows, err)) == 1) {
		r = sql_dump_row(ctx, &rows, table, err);
		if (r < 0)
			break;
	}
	kt_rows_end(&rows);
	return r;
}

static int sql_dump_parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_sql *db;
	const char *table;
	int r = kt_sql_open(ctx, &db, err);

	if (r < 0)
		return r;
	table = kt_sql_table(db, "points|t");
	r = table != NULL ? sql_dump_rows(ctx, db, table, err)
			  : KT_FAIL(err, KT_E_FORMAT, "not-this-kind: no table of points");
	kt_sql_close(&db);
	return r;
}

static int sql_scan_parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_rows rows;
	struct kt_sql *db;
	uint64_t seen = 0;
	int r = kt_sql_open(ctx, &db, err);

	if (r < 0)
		return r;
	r = kt_sql_select(db, &rows, "points", sql_dump_columns, 5, NULL, err);
	while (r == 0 && (r = kt_rows_next(&rows, err)) == 1) {
		const uint8_t *p;
		int64_t lat, lon, t;
		struct kt_str s;
		size_t n;

		seen++;
		kt_rows_scaled(&rows, 1, 7, &lat);
		kt_rows_scaled(&rows, 2, 7, &lon);
		kt_rows_int(&rows, 3, &t);
		kt_rows_text(&rows, 4, &s);
		kt_rows_blob(&rows, 5, &p, &n);
		r = 0;
	}
	kt_rows_end(&rows);
	kt_sql_close(&db);
	kt_seen(ctx, seen);
	return r < 0 ? r : kt_skip(ctx, "only-read", seen, NULL, err);
}

static const struct kt_parser sql_dump = {"sql-dump", sql_dump_parse};
static const struct kt_parser sql_scan __attribute__((unused)) = {"sql-scan", sql_scan_parse};

#endif
