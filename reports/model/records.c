/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The records of a case, read with cursors. Sorting is done over keys alone (time, object,
 * number); each record's text is then fetched by its rowid, so that what SQLite may have to spill
 * while sorting stays small.
 */
#include "reports/model/report_i.h"
#include "core/err.h"
#include "core/recstore.h"
#include "reports/model/model.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define BY_OBJECT "length(object), object"

static int prepare(struct rep *r, const char *sql, sqlite3_stmt **st)
{
	if (sqlite3_prepare_v2(r->in->store->db, sql, -1, st, NULL) != SQLITE_OK)
		return KT_FAIL(r->err, KT_E_INVALID, "records: %.100s",
			       sqlite3_errmsg(r->in->store->db));
	return 0;
}

/* 1: a row, 0: done. */
static int step(struct rep *r, sqlite3_stmt *st)
{
	int c = sqlite3_step(st);

	if (c == SQLITE_ROW)
		return 1;
	if (c == SQLITE_DONE)
		return 0;
	return KT_FAIL(r->err, c == SQLITE_NOMEM ? KT_E_NOMEM : KT_E_INVALID, "records: %.100s",
		       sqlite3_errmsg(r->in->store->db));
}

static const char *text(sqlite3_stmt *st, int col)
{
	const char *s = (const char *)sqlite3_column_text(st, col);

	return s != NULL ? s : "";
}

static uint64_t number(sqlite3_stmt *st, int col)
{
	sqlite3_int64 v = sqlite3_column_int64(st, col);

	return v > 0 ? (uint64_t)v : 0;
}

/* Text that came through a worker: written in the visible form. */
static void kvisible(struct kt_jw *w, const char *key, const char *s)
{
	kt_jw_kbytes(w, key, s, strlen(s));
}

/* -- totals ----------------------------------------------------------------------------------- */

static struct item *item_of(struct rep *r, const char *id)
{
	for (size_t i = 0; i < r->in->plan->n; i++)
		if (strcmp(r->in->plan->item[i].id, id) == 0)
			return &r->items[i];
	KT_FAIL(r->err, KT_E_INVALID, "records name item %.64s, the plan does not", id);
	return NULL;
}

static void add_group(struct rep *r, struct item *it, sqlite3_stmt *st)
{
	const char *type = text(st, 1), *basis = text(st, 2), *kind = text(st, 3);
	uint64_t n = number(st, 5);

	r->observations += n;
	it->observations += n;
	if (strcmp(type, kt_rec_type_name(KT_REC_PLACE)) == 0) {
		r->places_named += n;
		it->named += n;
	} else if (strcmp(text(st, 4), "ok") == 0) {
		r->with_position += n;
		it->with_position += n;
	}
	if (strcmp(kind, "none") != 0)
		r->with_time += n;
	if (strcmp(kind, "local") == 0)
		r->local_time += n;
	for (unsigned i = 1; i < KT_REC_TYPE_END; i++)
		if (strcmp(kt_rec_type_name(i), type) == 0) {
			r->by_type[i] += n;
			if (i == KT_REC_PROPERTY || i == KT_REC_SETTING || i == KT_REC_USER)
				it->about_itself += n;
		}
	for (unsigned i = 1; i < KT_BASIS_END; i++)
		if (strcmp(kt_basis_name(i), basis) == 0)
			r->by_basis[i] += n;
}

static void add_artifacts(struct item *it, sqlite3_stmt *st)
{
	uint64_t n = number(st, 2);

	if (strcmp(text(st, 1), "sibling") == 0)
		return; /* a -wal or -journal: read with its database, which is counted */
	if (strcmp(text(st, 1), "other-kind") == 0) {
		it->other_kind += n; /* handed over, and another reader's */
		return;
	}
	it->artifacts += n;
	if (strcmp(text(st, 1), "ok") != 0)
		it->failed_artifacts += n;
	it->seen += number(st, 3);
	it->skipped += number(st, 4);
	it->withheld_records += number(st, 5);
}

int rep_totals(struct rep *r)
{
	sqlite3_stmt *st = NULL;
	struct item *it;
	int c = prepare(r,
			"SELECT item, code, count(*), sum(seen), sum(skipped), sum(withheld) "
			"FROM artifact GROUP BY item, code",
			&st);

	while (c == 0 && (c = step(r, st)) == 1) {
		it = item_of(r, text(st, 0));
		c = it == NULL ? KT_E_INVALID : 0;
		if (it != NULL)
			add_artifacts(it, st);
	}
	sqlite3_finalize(st);
	st = NULL;
	if (c == 0)
		c = prepare(r,
			    "SELECT a.item, json_extract(r.json, '$.type'), "
			    "json_extract(r.json, '$.basis'), json_extract(r.json, '$.t_kind'), "
			    "json_extract(r.json, '$.position'), count(*) "
			    "FROM record r LEFT JOIN artifact a ON a.object = r.object "
			    "GROUP BY 1, 2, 3, 4, 5",
			    &st);
	while (c == 0 && (c = step(r, st)) == 1) {
		it = item_of(r, text(st, 0));
		c = it == NULL ? KT_E_INVALID : 0;
		if (it != NULL)
			add_group(r, it, st);
	}
	sqlite3_finalize(st);
	return c;
}

/* -- the phone about itself ------------------------------------------------------------------- */

int rep_statements(struct rep *r, const char *type, unsigned max,
		   int (*fn)(struct rep *r, const struct kt_jv *rec, const char *object))
{
	char head[48];
	sqlite3_stmt *st = NULL;
	int c = prepare(r,
			"SELECT object, json FROM record WHERE substr(json, 1, length(?1)) = ?1 "
			"ORDER BY " BY_OBJECT ", n LIMIT ?2",
			&st);

	if (c < 0)
		return c;
	/* a record's first member is its type (kt_rec_json()): no need to parse a million */
	snprintf(head, sizeof(head), "{\"type\":\"%s\",", type);
	sqlite3_bind_text(st, 1, head, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, max);
	while (c == 0 && (c = step(r, st)) == 1) {
		const char *json = text(st, 1);
		struct kt_jdoc *doc = NULL;

		c = kt_jdoc_parse(json, strlen(json), &doc, r->err);
		if (c == 0)
			c = fn(r, kt_jdoc_root(doc), text(st, 0));
		kt_jdoc_free(&doc);
	}
	sqlite3_finalize(st);
	return c;
}

/* -- containers taken whole ------------------------------------------------------------------- */

static void put_container(struct rep *r, sqlite3_stmt *st, const struct kt_jv *line, unsigned item)
{
	struct kt_jw *w = &r->w;

	rep_elem(r);
	kt_jw_obj(w);
	kt_jw_kstr(w, "object", text(st, 0));
	kt_jw_kstr(w, "item", r->in->plan->item[item].id);
	rep_copy(r, line, "path");
	kvisible(w, "reason", text(st, 1));
	kt_jw_kuint(w, "withheld", number(st, 2));
	kt_jw_obj_end(w);
}

/* Objects that hold records outside the mandate's limits: taken whole, those records withheld. */
int rep_containers(struct rep *r)
{
	sqlite3_stmt *st = NULL;
	int c;

	rep_member(r, "containers");
	kt_jw_arr(&r->w);
	c = prepare(r,
		    "SELECT object, reason, sum(n) FROM withheld GROUP BY object, reason "
		    "ORDER BY " BY_OBJECT ", reason",
		    &st);
	while (c == 0 && (c = step(r, st)) == 1) {
		const struct kt_jv *line;
		unsigned item;

		c = rep_object(r, text(st, 0), &line, &item);
		if (c < 0)
			break;
		if (r->in->plan->item[item].want->take != KT_TAKE_RANGES)
			put_container(r, st, line, item);
		c = rep_flush(r, false);
	}
	sqlite3_finalize(st);
	kt_jw_arr_end(&r->w);
	return c < 0 ? c : rep_flush(r, false);
}

/* -- observations ----------------------------------------------------------------------------- */

static int put_observation(struct rep *r, size_t i, sqlite3_stmt *st)
{
	const char *object = text(st, 0), *json = text(st, 2);
	size_t len = (size_t)sqlite3_column_bytes(st, 2);
	const struct kt_jv *line;
	struct kt_jw *w = &r->w;
	unsigned item;
	char id[48];
	int c = rep_object(r, object, &line, &item);

	if (c < 0)
		return c;
	if (len < 2 || json[0] != '{' || json[len - 1] != '}')
		return KT_FAIL(r->err, KT_E_INVALID, "records: a record of %.16s is no object",
			       object);
	snprintf(id, sizeof(id), "%.16s#%llu", object, (unsigned long long)number(st, 1));
	rep_elem(r);
	kt_jw_obj(w);
	kt_jw_kstr(w, "id", id);
	kt_jw_kstr(w, "object", object);
	rep_copy(r, line, "sha256");
	rep_copy(r, line, "path");
	kt_jw_kstr(w, "item", r->in->plan->item[item].id);
	kt_jw_kstr(w, "plugin", r->in->plan->item[item].plugin->id);
	put_use(r, i, json, len);
	kt_jw_key(w, "record");
	kt_buf_put(&r->out, json, len); /* as stored: kt_rec_json() wrote it */
	w->after_key = false;
	kt_jw_obj_end(w);
	return rep_flush(r, false);
}

int rep_each_record(struct rep *r, int (*fn)(struct rep *r, const struct record_row *row))
{
	sqlite3_stmt *keys = NULL, *one = NULL;
	int c = prepare(r, "SELECT object, n, json, t_us FROM record WHERE rowid = ?1", &one);

	if (c == 0)
		c = prepare(r,
			    "SELECT rowid FROM record "
			    "ORDER BY t_us IS NULL, t_us, " BY_OBJECT ", n",
			    &keys);
	while (c == 0 && (c = step(r, keys)) == 1) {
		struct record_row row = {.rowid = sqlite3_column_int64(keys, 0)};

		sqlite3_bind_int64(one, 1, row.rowid);
		c = step(r, one);
		if (c == 1) {
			row.object = text(one, 0);
			row.n = number(one, 1);
			row.json = text(one, 2);
			row.len = (size_t)sqlite3_column_bytes(one, 2);
			row.timed = sqlite3_column_type(one, 3) != SQLITE_NULL;
			row.t_us = sqlite3_column_int64(one, 3);
			c = fn(r, &row);
		}
		sqlite3_reset(one);
	}
	sqlite3_finalize(keys);
	sqlite3_finalize(one);
	return c;
}

/* In the order in which the model read them. */
int rep_observations(struct rep *r)
{
	sqlite3_stmt *one = NULL;
	int c = prepare(r, "SELECT object, n, json FROM record WHERE rowid = ?1", &one);

	rep_member(r, "observations");
	kt_jw_arr(&r->w);
	for (size_t i = 0; c == 0 && i < r->model->nobs; i++) {
		sqlite3_bind_int64(one, 1, r->model->rowid[i]);
		c = step(r, one);
		if (c == 1)
			c = put_observation(r, i, one);
		sqlite3_reset(one);
	}
	sqlite3_finalize(one);
	kt_jw_arr_end(&r->w);
	return c < 0 ? c : rep_flush(r, false);
}

/* -- what was found and is not among the observations ----------------------------------------- */

/* Rows of (item, reason, count, text), whose item the plan knows. */
static int put_reasons(struct rep *r, const char *kind, const char *sql)
{
	struct kt_jw *w = &r->w;
	sqlite3_stmt *st = NULL;
	int c = prepare(r, sql, &st);

	while (c == 0 && (c = step(r, st)) == 1) {
		if (item_of(r, text(st, 0)) == NULL) {
			c = KT_E_INVALID;
			break;
		}
		rep_elem(r);
		kt_jw_obj(w);
		kt_jw_kstr(w, "kind", kind);
		kt_jw_kstr(w, "item", text(st, 0));
		kvisible(w, "reason", text(st, 1));
		kt_jw_kuint(w, "count", number(st, 2));
		kt_jw_key(w, "text");
		if (sqlite3_column_type(st, 3) == SQLITE_NULL)
			kt_jw_null(w);
		else
			kt_jw_bytes(w, text(st, 3), strlen(text(st, 3)));
		kt_jw_obj_end(w);
		c = rep_flush(r, false);
	}
	sqlite3_finalize(st);
	return c;
}

int rep_not_reported(struct rep *r)
{
	static const struct {
		const char *kind, *sql;
	} queries[] = {
		{"skipped", "SELECT a.item, s.reason, sum(s.n), NULL FROM skip s "
			    "LEFT JOIN artifact a ON a.object = s.object "
			    "GROUP BY 1, 2 ORDER BY min(length(s.object)), min(s.object), 2"},
		{"withheld", "SELECT a.item, s.reason, sum(s.n), NULL FROM withheld s "
			     "LEFT JOIN artifact a ON a.object = s.object "
			     "GROUP BY 1, 2 ORDER BY min(length(s.object)), min(s.object), 2"},
		{"result", "SELECT item, code, count(*), min(error) FROM artifact WHERE code NOT "
			   "IN ('ok', 'sibling', 'other-kind') "
			   "GROUP BY 1, 2 ORDER BY min(length(object)), min(object), 2"},
		{"note", "SELECT a.item, s.code, count(*), min(s.text) FROM note s "
			 "LEFT JOIN artifact a ON a.object = s.object "
			 "GROUP BY 1, 2 ORDER BY min(length(s.object)), min(s.object), 2"},
	};
	int c = 0;

	rep_member(r, "not_reported");
	kt_jw_arr(&r->w);
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]) && c == 0; i++)
		c = put_reasons(r, queries[i].kind, queries[i].sql);
	kt_jw_arr_end(&r->w);
	return c < 0 ? c : rep_flush(r, false);
}

/* -- every artifact --------------------------------------------------------------------------- */

/* A cursor over rows that belong to objects, in the order of objects. */
struct cursor {
	sqlite3_stmt *st;
	int row; /* 1: it stands on a row */
};

static int advance(struct rep *r, struct cursor *c)
{
	c->row = step(r, c->st);
	return c->row < 0 ? c->row : 0;
}

static void put_skip(struct kt_jw *w, sqlite3_stmt *st)
{
	kvisible(w, "reason", text(st, 1));
	kt_jw_kuint(w, "count", number(st, 2));
	kt_jw_key(w, "first");
	kt_jw_obj(w);
	kvisible(w, "path", text(st, 5));
	kt_jw_kuint(w, "offset", number(st, 3));
	kt_jw_kuint(w, "length", number(st, 4));
	kt_jw_obj_end(w);
}

static void put_withheld(struct kt_jw *w, sqlite3_stmt *st)
{
	kvisible(w, "reason", text(st, 1));
	kt_jw_kuint(w, "count", number(st, 2));
}

static void put_note(struct kt_jw *w, sqlite3_stmt *st)
{
	kvisible(w, "code", text(st, 1));
	kvisible(w, "text", text(st, 2));
}

static const struct {
	const char *key, *sql;
	void (*put)(struct kt_jw *w, sqlite3_stmt *st);
} per_artifact[] = {
	{"skips",
	 "SELECT object, reason, n, first_off, first_len, first_path FROM skip "
	 "ORDER BY " BY_OBJECT ", reason, first_off",
	 put_skip},
	{"withheld_by", "SELECT object, reason, n FROM withheld ORDER BY " BY_OBJECT ", reason, n",
	 put_withheld},
	{"notes", "SELECT object, code, text FROM note ORDER BY " BY_OBJECT ", code, text",
	 put_note},
};
#define CURSORS (sizeof(per_artifact) / sizeof(per_artifact[0]))

static int put_artifact(struct rep *r, sqlite3_stmt *st, struct cursor *cur)
{
	const char *object = text(st, 0);
	struct kt_jw *w = &r->w;

	rep_elem(r);
	kt_jw_obj(w);
	kt_jw_kstr(w, "object", object);
	kt_jw_kstr(w, "item", text(st, 1));
	kt_jw_kstr(w, "plugin", text(st, 2));
	kt_jw_kuint(w, "version", number(st, 3));
	kvisible(w, "result", text(st, 4));
	kvisible(w, "error", text(st, 5));
	kt_jw_kuint(w, "seen", number(st, 6));
	kt_jw_kuint(w, "emitted", number(st, 7));
	kt_jw_kuint(w, "skipped", number(st, 8));
	kt_jw_kuint(w, "withheld", number(st, 9));
	for (size_t i = 0; i < CURSORS; i++) {
		kt_jw_key(w, per_artifact[i].key);
		kt_jw_arr(w);
		while (cur[i].row == 1 && strcmp(text(cur[i].st, 0), object) == 0) {
			int c;

			kt_jw_obj(w);
			per_artifact[i].put(w, cur[i].st);
			kt_jw_obj_end(w);
			c = advance(r, &cur[i]);
			if (c < 0)
				return c;
		}
		kt_jw_arr_end(w);
	}
	kt_jw_obj_end(w);
	return rep_flush(r, false);
}

int rep_parsing(struct rep *r)
{
	struct cursor cur[CURSORS] = {{0}};
	sqlite3_stmt *st = NULL;
	int c = 0;

	rep_member(r, "parsing");
	kt_jw_arr(&r->w);
	for (size_t i = 0; i < CURSORS && c == 0; i++) {
		c = prepare(r, per_artifact[i].sql, &cur[i].st);
		if (c == 0)
			c = advance(r, &cur[i]);
	}
	if (c == 0)
		c = prepare(r,
			    "SELECT object, item, plugin, version, code, error, seen, emitted, "
			    "skipped, withheld FROM artifact ORDER BY " BY_OBJECT,
			    &st);
	while (c == 0 && (c = step(r, st)) == 1)
		c = put_artifact(r, st, cur);
	for (size_t i = 0; i < CURSORS && c == 0; i++)
		if (cur[i].row == 1)
			c = KT_FAIL(r->err, KT_E_INVALID, "records: rows of an unknown artifact");
	sqlite3_finalize(st);
	for (size_t i = 0; i < CURSORS; i++)
		sqlite3_finalize(cur[i].st);
	kt_jw_arr_end(&r->w);
	return c < 0 ? c : rep_flush(r, false);
}
