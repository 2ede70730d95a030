/* SPDX-License-Identifier: EUPL-1.2 */
/* SQLite artifacts: statements, rows and their values. See sql.h. */
#include "parsers/sdk/sql_i.h"
#include "parsers/sdk/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* -- statements ------------------------------------------------------------------------------- */

static void put_name(struct kt_buf *b, const char *name)
{
	kt_buf_putc(b, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"')
			kt_buf_putc(b, '"');
		kt_buf_putc(b, *name);
	}
	kt_buf_putc(b, '"');
}

/*
 * The primary key's values as SQL literals, separated by commas: what names a row of a table
 * WITHOUT ROWID. Long values are cut; the path of a locator would be.
 */
static void put_key(struct kt_buf *b, const struct kt_sql_table *t)
{
	const struct kt_sql_column *c;
	int place = 1;

	do {
		for (c = t->columns; c != NULL && c->pk != place; c = c->next)
			;
		if (c == NULL)
			break;
		kt_buf_puts(b, place > 1 ? "||','||" : "");
		kt_buf_puts(b, "quote(iif(typeof(");
		put_name(b, c->name);
		kt_buf_puts(b, ")IN('text','blob'),substr(");
		put_name(b, c->name);
		kt_buf_puts(b, ",1,48),");
		put_name(b, c->name);
		kt_buf_puts(b, "))");
	} while (++place <= 8);
	if (place == 1)
		kt_buf_puts(b, "NULL");
}

static int note_once(struct kt_sql *db, const char *code, const char *text, struct kt_err *err)
{
	struct kt_sql_noted *n;
	size_t len = strlen(text) + 1;

	for (n = db->noted; n != NULL; n = n->next)
		if (strcmp(n->text, text) == 0)
			return 0;
	n = kt_alloc(db->ctx, sizeof(*n) + len);
	if (n == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for notes");
	n->text = (char *)(n + 1);
	memcpy(n->text, text, len);
	n->next = db->noted;
	db->noted = n;
	return kt_note(db->ctx, code, text, err);
}

/* A column of which none of the names is stored reads as NULL, and that is said once. */
static int put_column(struct kt_sql *db, const struct kt_sql_table *t, const char *names,
		      struct kt_buf *b, struct kt_err *err)
{
	const struct kt_sql_column *c = kt_sql_first_of(t, names);
	char text[KT_REC_STR_MAX];

	if (c != NULL) {
		put_name(b, c->name);
		return 0;
	}
	kt_buf_puts(b, "NULL");
	snprintf(text, sizeof(text), "%s.%s", t->name, names);
	return note_once(db, "column-missing", text, err);
}

static int start(struct kt_sql *db, struct kt_rows *rows, const char *sql, int n,
		 struct kt_err *err)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v3(db->db.db, sql, n, SQLITE_PREPARE_NO_VTAB, &st, NULL);

	if (rc != SQLITE_OK)
		return kt_sqldb_fail(&db->db, rc, err);
	rows->stmt = st;
	return 0;
}

int kt_sql_select(struct kt_sql *db, struct kt_rows *rows, const char *table,
		  const char *const *columns, unsigned n, const char *tail, struct kt_err *err)
{
	const struct kt_sql_table *t = kt_sql_table_of(db, table, strlen(table));
	struct kt_buf b;
	int r = 0;

	memset(rows, 0, sizeof(*rows));
	rows->db = db;
	if (t == NULL)
		return KT_FAIL(err, KT_E_FORMAT, "no table %s", table);
	kt_buf_init(&b, 0);
	kt_buf_puts(&b, "SELECT ");
	if (t->rowid != NULL)
		kt_buf_puts(&b, t->rowid);
	else if (t->hidden_rowid)
		kt_buf_puts(&b, "NULL");
	else
		put_key(&b, t);
	for (unsigned i = 0; r == 0 && i < n; i++) {
		kt_buf_puts(&b, ", ");
		r = put_column(db, t, columns[i], &b, err);
	}
	kt_buf_puts(&b, " FROM main.");
	put_name(&b, t->name);
	/* a scan reads the table itself, in its own order; only a lookup may trust an index */
	if (tail == NULL || strchr(tail, '?') == NULL)
		kt_buf_puts(&b, " NOT INDEXED");
	kt_buf_printf(&b, " %s", tail != NULL ? tail : "");
	if (r == 0 && b.failed)
		r = KT_FAIL(err, KT_E_NOMEM, "no memory for a query");
	if (r == 0)
		r = start(db, rows, (const char *)b.p, (int)b.len, err);
	kt_buf_free(&b);
	return r;
}

int kt_sql_query(struct kt_sql *db, struct kt_rows *rows, const char *sql, struct kt_err *err)
{
	memset(rows, 0, sizeof(*rows));
	rows->db = db;
	return start(db, rows, sql, -1, err);
}

static int bound(struct kt_rows *rows, int rc, struct kt_err *err)
{
	rows->done = false;
	return rc == SQLITE_OK ? 0 : KT_FAIL(err, KT_E_INTERNAL, "query: parameter not bound");
}

int kt_rows_bind_int(struct kt_rows *rows, int i, int64_t v, struct kt_err *err)
{
	sqlite3_reset(rows->stmt);
	return bound(rows, sqlite3_bind_int64(rows->stmt, i, v), err);
}

int kt_rows_bind_text(struct kt_rows *rows, int i, struct kt_str s, struct kt_err *err)
{
	sqlite3_reset(rows->stmt);
	return bound(rows, sqlite3_bind_text(rows->stmt, i, s.p, (int)s.len, SQLITE_TRANSIENT),
		     err);
}

int kt_rows_next(struct kt_rows *rows, struct kt_err *err)
{
	int rc;

	if (rows->stmt == NULL)
		return KT_FAIL(err, KT_E_INTERNAL, "rows of no query");
	if (rows->done)
		return 0;
	rc = sqlite3_step(rows->stmt);
	if (rc == SQLITE_ROW)
		return 1;
	rows->done = true;
	return rc == SQLITE_DONE && !kt_sqldb_faulty(&rows->db->db)
		       ? 0
		       : kt_sqldb_fail(&rows->db->db, rc, err);
}

void kt_rows_end(struct kt_rows *rows)
{
	sqlite3_finalize(rows->stmt);
	rows->stmt = NULL;
}

/* -- values ----------------------------------------------------------------------------------- */

/* One look-up for type and value; "unprotected" in SQLite's words, which means: one thread alone. */
static sqlite3_value *value_of(const struct kt_rows *rows, int col)
{
	return sqlite3_column_value(rows->stmt, col);
}

bool kt_rows_null(const struct kt_rows *rows, int col)
{
	return sqlite3_value_type(value_of(rows, col)) == SQLITE_NULL;
}

/* A double that is an integer; beyond 2^53 it can't hold every one, equal would not mean exact. */
static bool whole(double d, int64_t *v)
{
	return kt_double_scaled(d, 0, v) && *v <= INT64_C(1) << 53 && *v >= -(INT64_C(1) << 53) &&
	       (double)*v == d;
}

bool kt_rows_int(const struct kt_rows *rows, int col, int64_t *v)
{
	sqlite3_value *val = value_of(rows, col);

	switch (sqlite3_value_type(val)) {
	case SQLITE_INTEGER:
		*v = sqlite3_value_int64(val);
		return true;
	case SQLITE_FLOAT:
		return whole(sqlite3_value_double(val), v);
	default:
		return false;
	}
}

static bool text_of(sqlite3_value *val, struct kt_str *s)
{
	s->p = (const char *)sqlite3_value_text(val);
	s->len = (uint32_t)sqlite3_value_bytes(val);
	return s->p != NULL;
}

bool kt_rows_scaled(const struct kt_rows *rows, int col, unsigned scale, int64_t *v)
{
	sqlite3_value *val = value_of(rows, col);
	struct kt_str s;
	int64_t n;

	switch (sqlite3_value_type(val)) {
	case SQLITE_INTEGER:
		n = sqlite3_value_int64(val);
		for (; scale > 0; scale--)
			if (__builtin_mul_overflow(n, INT64_C(10), &n))
				return false;
		*v = n;
		return true;
	case SQLITE_FLOAT:
		return kt_double_scaled(sqlite3_value_double(val), scale, v);
	case SQLITE_TEXT:
		return text_of(val, &s) && kt_parse_scaled(s.p, s.len, scale, v) == 0;
	default:
		return false;
	}
}

bool kt_rows_time(const struct kt_rows *rows, int col, int epoch, int64_t *t_us)
{
	unsigned scale = epoch == KT_EPOCH_UNIX_US || epoch == KT_EPOCH_WEBKIT_US ? 0
			 : epoch == KT_EPOCH_UNIX_MS				  ? 3
										  : 6;
	int64_t v;

	return kt_rows_scaled(rows, col, scale, &v) &&
	       kt_epoch_us((enum kt_epoch)epoch, v, scale, t_us);
}

bool kt_rows_text(const struct kt_rows *rows, int col, struct kt_str *s)
{
	sqlite3_value *val = value_of(rows, col);

	return sqlite3_value_type(val) == SQLITE_TEXT && text_of(val, s);
}

bool kt_rows_blob(const struct kt_rows *rows, int col, const uint8_t **p, size_t *n)
{
	sqlite3_value *val = value_of(rows, col);
	int type = sqlite3_value_type(val);
	struct kt_str s;

	/* text is turned into UTF-8 first, so that a later kt_rows_text() moves nothing */
	if (type == SQLITE_TEXT) {
		if (!text_of(val, &s))
			return false;
		*p = (const uint8_t *)s.p;
		*n = s.len;
		return true;
	}
	if (type != SQLITE_BLOB)
		return false;
	*p = sqlite3_value_blob(val);
	*n = (size_t)sqlite3_value_bytes(val);
	if (*p == NULL) { /* SQLite's way to give an empty one */
		*p = (const uint8_t *)"";
		*n = 0;
	}
	return true;
}

struct kt_str kt_rows_raw(const struct kt_rows *rows, int col)
{
	struct kt_str s;

	if (!text_of(value_of(rows, col), &s))
		return (struct kt_str){"", 0};
	if (s.len > KT_REC_STR_MAX)
		s.len = KT_REC_STR_MAX;
	return s;
}

struct kt_locator kt_rows_locator(struct kt_rows *rows, const char *table, int col)
{
	struct kt_locator loc = {.kind = KT_LOC_ROW};
	sqlite3_value *val = value_of(rows, col);
	struct kt_str s;

	if (sqlite3_value_type(val) == SQLITE_INTEGER)
		snprintf(rows->loc, sizeof(rows->loc), "%s/%" PRId64, table,
			 (int64_t)sqlite3_value_int64(val));
	else if (kt_rows_text(rows, col, &s))
		snprintf(rows->loc, sizeof(rows->loc), "%s/%.*s", table, (int)s.len, s.p);
	else
		snprintf(rows->loc, sizeof(rows->loc), "%s/?", table);
	loc.path = kt_str_c(rows->loc);
	return loc;
}
