/* SPDX-License-Identifier: EUPL-1.2 */
/* SQLite artifacts: opening, and what tables there are. Rows are in sql_rows.c. See sql.h. */
#include "parsers/sdk/sql_i.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough for the journal of one transaction; the engine adds it to the job's memory. */
#define OVERLAY_MAX ((uint64_t)KT_CTX_JOURNAL_MIB << 20)

#define COLUMN_VIRTUAL                                                                             \
	2 /* hidden in table_xinfo: computed when read, by an expression of the evidence */

/* -- opening ---------------------------------------------------------------------------------- */

static int read_file(void *arg, enum kt_sqlfile which, uint64_t off, void *p, size_t n, size_t *got,
		     struct kt_err *err)
{
	struct kt_ctx *ctx = arg;

	*got = 0;
	if (which == KT_SQLFILE_MAIN)
		return kt_in_read(ctx, off, p, n, got, err);
	if (ctx->ops.sibling == NULL)
		return KT_FAIL(err, KT_E_INTERNAL, "siblings can't be read here");
	return ctx->ops.sibling(ctx->ops.arg,
				which == KT_SQLFILE_WAL ? KT_SIBLING_WAL : KT_SIBLING_JOURNAL, off,
				p, n, got, err);
}

/* What a reader of the records must know about how the database came to be seen like this. */
static int tell(struct kt_ctx *ctx, const struct kt_sqldb *db, struct kt_err *err)
{
	const struct {
		bool is;
		const char *code, *text;
	} notes[] = {
		{db->wal_mode_without_wal, "wal-not-there",
		 "The database is in WAL mode and no -wal file came with it. If there was one, "
		 "rows "
		 "in it are missing here, and rows shown may be older than it."},
		{db->wal_unused, "wal-not-used",
		 "The -wal file holds no complete transaction that belongs to its own header: "
		 "nothing of it was read."},
		{db->wal_other, "wal-of-another-database",
		 "The -wal file has another page size than the database: it was left out."},
		{db->view == KT_SQLVIEW_ROLLED_BACK, "journal-rolled-back",
		 "The -journal file held a transaction that had not come to its end; it was rolled "
		 "back, in memory alone, as SQLite would."},
		{db->journal_unused, "journal-not-used",
		 "The -journal file begins as one to be rolled back, but changed nothing: it is "
		 "empty or damaged, or names a further journal that is not there."},
		{db->damaged, "database-damaged", db->damage},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(notes) / sizeof(notes[0]); i++)
		if (notes[i].is)
			r = kt_note(ctx, notes[i].code, notes[i].text, err);
	return r;
}

int kt_sql_open(struct kt_ctx *ctx, struct kt_sql **db, struct kt_err *err)
{
	struct kt_sqlsrc src = {.read = read_file,
				.arg = ctx,
				.size = {ctx->size, ctx->sibling_size[KT_SIBLING_WAL],
					 ctx->sibling_size[KT_SIBLING_JOURNAL]}};
	struct kt_sql *s = calloc(1, sizeof(*s));
	int r;

	*db = NULL;
	if (s == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a database");
	s->ctx = ctx;
	r = kt_sqldb_open(&src, OVERLAY_MAX, &s->db, err);
	if (r == 0)
		r = tell(ctx, &s->db, err);
	if (r < 0) {
		kt_sqldb_close(&s->db);
		free(s);
		return r;
	}
	ctx->view = kt_sqlview_name(s->db.view);
	*db = s;
	return 0;
}

void kt_sql_close(struct kt_sql **db)
{
	struct kt_sql *s = *db;

	*db = NULL;
	if (s == NULL)
		return;
	s->ctx->view = NULL;
	kt_sqldb_close(&s->db);
	free(s);
}

/* -- tables and columns ----------------------------------------------------------------------- */

static char *keep(struct kt_sql *db, const char *s, size_t n)
{
	char *p = kt_alloc(db->ctx, n + 1);

	if (p != NULL) {
		memcpy(p, s, n);
		p[n] = '\0';
	}
	return p;
}

sqlite3_stmt *kt_sql_prepare(struct kt_sql *db, const char *fmt, const char *name)
{
	char *sql = sqlite3_mprintf(fmt, name);
	sqlite3_stmt *st = NULL;

	if (sql != NULL && sqlite3_prepare_v2(db->db.db, sql, -1, &st, NULL) != SQLITE_OK)
		st = NULL;
	sqlite3_free(sql);
	return st;
}

static bool prepares(struct kt_sql *db, const char *fmt, const char *name)
{
	sqlite3_stmt *st = kt_sql_prepare(db, fmt, name);

	sqlite3_finalize(st);
	return st != NULL;
}

const struct kt_sql_column *kt_sql_column_of(const struct kt_sql_table *t, const char *name,
					     size_t len)
{
	for (const struct kt_sql_column *c = t->columns; c != NULL; c = c->next)
		if (strlen(c->name) == len && sqlite3_strnicmp(c->name, name, (int)len) == 0)
			return c;
	return NULL;
}

/* Columns as the schema gives them, without those that it would have to compute. */
static int load_columns(struct kt_sql *db, struct kt_sql_table *t)
{
	sqlite3_stmt *st = kt_sql_prepare(db, "PRAGMA main.table_xinfo(\"%w\")", t->name);
	struct kt_sql_column **tail = &t->columns;
	int r = st != NULL ? 0 : -1;

	while (r == 0 && sqlite3_step(st) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 1);
		struct kt_sql_column *c = kt_alloc(db->ctx, sizeof(*c));

		if (c == NULL || name == NULL) {
			r = -1;
			break;
		}
		c->next = NULL;
		c->name = keep(db, name, strlen(name));
		c->pk = sqlite3_column_int(st, 5);
		c->is_virtual = sqlite3_column_int(st, 6) == COLUMN_VIRTUAL;
		if (c->name == NULL) {
			r = -1;
			break;
		}
		*tail = c;
		tail = &c->next;
	}
	sqlite3_finalize(st);
	return r;
}

/* By which of its three names the rowid can be had: an ordinary column may hide a name. */
static void find_rowid(struct kt_sql *db, struct kt_sql_table *t)
{
	static const char *const names[][2] = {
		{"rowid", "SELECT rowid FROM main.\"%w\" LIMIT 0"},
		{"_rowid_", "SELECT _rowid_ FROM main.\"%w\" LIMIT 0"},
		{"oid", "SELECT oid FROM main.\"%w\" LIMIT 0"},
	};

	t->hidden_rowid = true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && t->rowid == NULL; i++) {
		if (kt_sql_column_of(t, names[i][0], strlen(names[i][0])) != NULL)
			continue;
		t->hidden_rowid = false;
		if (prepares(db, names[i][1], t->name))
			t->rowid = names[i][0];
	}
}

struct kt_sql_table *kt_sql_table_of(struct kt_sql *db, const char *name, size_t len)
{
	struct kt_sql_table *t;

	for (t = db->tables; t != NULL; t = t->next)
		if (strlen(t->name) == len && sqlite3_strnicmp(t->name, name, (int)len) == 0)
			return t->is ? t : NULL;
	t = kt_alloc(db->ctx, sizeof(*t));
	if (t == NULL)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->name = keep(db, name, len);
	if (t->name == NULL)
		return NULL;
	/* false for views; a virtual table has no module here, so nothing of it can be prepared */
	t->is = sqlite3_table_column_metadata(db->db.db, "main", t->name, NULL, NULL, NULL, NULL,
					      NULL, NULL) == SQLITE_OK &&
		prepares(db, "SELECT 1 FROM main.\"%w\" NOT INDEXED LIMIT 0", t->name) &&
		load_columns(db, t) == 0;
	if (t->is)
		find_rowid(db, t);
	t->next = db->tables;
	db->tables = t;
	return t->is ? t : NULL;
}

bool kt_sql_has(struct kt_sql *db, const char *table, const char *column)
{
	const struct kt_sql_table *t = kt_sql_table_of(db, table, strlen(table));
	const struct kt_sql_column *c;

	if (t == NULL || column == NULL)
		return t != NULL;
	c = kt_sql_column_of(t, column, strlen(column));
	return c != NULL && !c->is_virtual;
}

const char *kt_sql_table(struct kt_sql *db, const char *names)
{
	while (names != NULL) {
		size_t n = strcspn(names, "|");
		const struct kt_sql_table *t = kt_sql_table_of(db, names, n);

		if (t != NULL)
			return t->name;
		names = names[n] == '|' ? names + n + 1 : NULL;
	}
	return NULL;
}

const struct kt_sql_column *kt_sql_first_of(const struct kt_sql_table *t, const char *names)
{
	while (names != NULL) {
		size_t n = strcspn(names, "|");
		const struct kt_sql_column *c = kt_sql_column_of(t, names, n);

		if (c != NULL && !c->is_virtual)
			return c;
		names = names[n] == '|' ? names + n + 1 : NULL;
	}
	return NULL;
}

const char *kt_sql_column(struct kt_sql *db, const char *table, const char *names)
{
	const struct kt_sql_table *t = kt_sql_table_of(db, table, strlen(table));
	const struct kt_sql_column *c = t != NULL ? kt_sql_first_of(t, names) : NULL;

	return c != NULL ? c->name : NULL;
}

int64_t kt_sql_count(struct kt_sql *db, const char *table)
{
	sqlite3_stmt *st;
	int64_t n = -1;

	if (kt_sql_table_of(db, table, strlen(table)) == NULL)
		return -1;
	/*
	 * An index would be counted instead of the table, and may say something else; and count(*) is
	 * a single instruction, which pages that point at one another would never let end.
	 */
	st = kt_sql_prepare(db, "SELECT count(1) FROM main.\"%w\" NOT INDEXED", table);
	if (st != NULL && sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}
