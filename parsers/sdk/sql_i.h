/* SPDX-License-Identifier: EUPL-1.2 */
/* Between sql.c and sql_rows.c. Plugins never include this. */
#ifndef KT_PARSERS_SDK_SQL_I_H
#define KT_PARSERS_SDK_SQL_I_H

#include <sqlite3.h>

#include "core/sqlvfs.h"
#include "parsers/sdk/ctx.h"
#include "parsers/sdk/sql.h"

struct kt_sql_column {
	struct kt_sql_column *next;
	char *name;
	int pk;		 /* place in the primary key, from 1; 0: not in it */
	bool is_virtual; /* computed when read: treated as not there */
};

struct kt_sql_table {
	struct kt_sql_table *next;
	char *name;
	bool is; /* an ordinary table */
	struct kt_sql_column *columns;
	const char *rowid; /* a name that reads it; NULL: WITHOUT ROWID, or hidden_rowid */
	bool hidden_rowid; /* ordinary columns stand on all its names */
};

/* What was noted already. */
struct kt_sql_noted {
	struct kt_sql_noted *next;
	char *text;
};

struct kt_sql {
	struct kt_ctx *ctx;
	struct kt_sqldb db;
	/* all of these lie in the memory of ctx */
	struct kt_sql_table *tables;
	struct kt_sql_noted *noted;
};

/* fmt takes one name (%w). NULL when it does not prepare. */
sqlite3_stmt *kt_sql_prepare(struct kt_sql *db, const char *fmt, const char *name);
/* NULL when there is no such ordinary table. */
struct kt_sql_table *kt_sql_table_of(struct kt_sql *db, const char *name, size_t len);
const struct kt_sql_column *kt_sql_column_of(const struct kt_sql_table *t, const char *name,
					     size_t len);
/* The first of '|'-separated names that is stored, or NULL. */
const struct kt_sql_column *kt_sql_first_of(const struct kt_sql_table *t, const char *names);

#endif
