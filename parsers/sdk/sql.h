/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * SQLite artifacts, read through core/sqlvfs: the file is what was acquired, with its -wal and
 * -journal when they were acquired with it; nothing is ever written to it. Views, triggers,
 * virtual tables and extensions of the evidence are never run. Every record emitted while a
 * database is open carries the view that was read (source_view).
 */
#ifndef KT_PARSERS_SDK_SQL_H
#define KT_PARSERS_SDK_SQL_H

#include "parsers/sdk/keten_parser.h"

struct kt_sql;

struct kt_rows {
	struct kt_sql *db;
	void *stmt; /* sqlite3_stmt */
	char loc[160];
	bool done;
};

/*
 * Opens the artifact. Notes what a reader must know: a WAL-mode file without its -wal
 * ("wal-not-there"), a journal that was rolled back. 0; KT_E_FORMAT: no SQLite database, encrypted, or
 * damaged in its first page. *db is owned; kt_sql_close(NULL-able).
 */
int kt_sql_open(struct kt_ctx *ctx, struct kt_sql **db, struct kt_err *err);
void kt_sql_close(struct kt_sql **db);

/* Is there such an ordinary table, with this column (NULL: any)? Names of ours, ASCII. */
bool kt_sql_has(struct kt_sql *db, const char *table, const char *column);
/* The first of '|'-separated names that is a table (or a column of table); NULL when none is. */
const char *kt_sql_table(struct kt_sql *db, const char *names);
const char *kt_sql_column(struct kt_sql *db, const char *table, const char *names);
/* Rows in a table as the view shows them; -1 when it can't be counted. */
int64_t kt_sql_count(struct kt_sql *db, const char *table);

/*
 * SELECT of the columns given from one table, in rowid order (or the primary key's, WITHOUT ROWID).
 * Column 0 is the rowid; column i + 1 is columns[i], each a '|'-separated list of names of which the
 * first that exists is read; where none does, the column reads as NULL and one note
 * "column-missing" names it. tail: further constant SQL behind the table ("WHERE x=1"), or NULL.
 * 0, KT_E_FORMAT. Free with kt_rows_end().
 */
int kt_sql_select(struct kt_sql *db, struct kt_rows *rows, const char *table,
		  const char *const *columns, unsigned n, const char *tail, struct kt_err *err);
/* A constant SELECT of ours, for joins; by habit its first column is the rowid of the main table. */
int kt_sql_query(struct kt_sql *db, struct kt_rows *rows, const char *sql, struct kt_err *err);
/* Sets parameter i (from 1) of kt_sql_query() to an integer; starts the rows again. */
int kt_rows_bind_int(struct kt_rows *rows, int i, int64_t v, struct kt_err *err);
int kt_rows_bind_text(struct kt_rows *rows, int i, struct kt_str s, struct kt_err *err);
/* 1: a row, 0: end, negative: damaged (KT_E_FORMAT: the rows before stay) or a limit. */
int kt_rows_next(struct kt_rows *rows, struct kt_err *err);
void kt_rows_end(struct kt_rows *rows);

/*
 * Values of the row, col from 0. They can lie about their type: each getter says false when there is
 * no value of its kind (NULL, text where a number belongs, a fraction where an integer does).
 */
bool kt_rows_null(const struct kt_rows *rows, int col);
bool kt_rows_int(const struct kt_rows *rows, int col, int64_t *v);
/* INTEGER, REAL or decimal text, exactly times 10^scale. */
bool kt_rows_scaled(const struct kt_rows *rows, int col, unsigned scale, int64_t *v);
/* A time: INTEGER, REAL or decimal text in the epoch given (parsers/sdk/units.h). */
bool kt_rows_time(const struct kt_rows *rows, int col, int epoch, int64_t *t_us);
/* Text as UTF-8, borrowed until the next row; may hold NULs. Integers are no text here. */
bool kt_rows_text(const struct kt_rows *rows, int col, struct kt_str *s);
/* BLOB (or text as bytes), borrowed until the next row. */
bool kt_rows_blob(const struct kt_rows *rows, int col, const uint8_t **p, size_t *n);
/* Text of any value as SQLite would show it, for `raw`; borrowed until the next row. */
struct kt_str kt_rows_raw(const struct kt_rows *rows, int col);

/* KT_LOC_ROW "table/rowid" with the rowid from column col; borrowed from *rows until the next row. */
struct kt_locator kt_rows_locator(struct kt_rows *rows, const char *table, int col);

#endif
