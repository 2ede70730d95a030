/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ios-apple-maps: what was searched for and looked up in Apple Maps (MapsSync_0.0.1). Page:
 * docs/formats/ios-apple-maps.md.
 *
 * An element is one row of ZHISTORYITEM. Each becomes one record of type "place": a place on a map
 * that somebody looked at, never a position of the phone. The store is synchronised through iCloud,
 * so a row may come from another device of the same account. Routes are stored in a form of Apple's
 * own (ZROUTEREQUESTSTORAGE) that is not decoded; such rows say when, and where to if the row does.
 */
#include "parsers/plugins/apple_rows.h"

enum {
	H_ENT,
	H_CREATED,
	H_MODIFIED,
	H_QUERY,
	H_DISPLAY,
	H_LAT,
	H_LON,
	H_LAT1,
	H_LON1,
	H_ROUTE,
	H_UUID
};
static const char *const columns[] = {
	"Z_ENT",       "ZCREATETIME", "ZMODIFICATIONTIME", "ZQUERY",	  "ZLOCATIONDISPLAY",
	"ZLATITUDE",   "ZLONGITUDE",  "ZLATITUDE1",	   "ZLONGITUDE1", "ZROUTEREQUESTSTORAGE",
	"ZIDENTIFIER",
};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define COL(x)	  ((int)(x) + 1)

#define ENTITIES_MAX 64u
#define ENTITY_NAME  64u

/* Numbers of entities differ from version to version; their names do not. */
struct entity {
	int64_t number;
	char name[ENTITY_NAME];
	size_t len;
};

struct maps {
	struct kt_ctx *ctx;
	struct kt_sql *db;
	struct kt_rows rows;
	struct entity ent[ENTITIES_MAX];
	size_t nent;
	uint64_t routes;
};

static int read_entities(struct maps *m, struct kt_err *err)
{
	static const char *const cols[] = {"Z_ENT", "Z_NAME"};
	struct kt_rows rows = {0};
	int r;

	if (!kt_sql_has(m->db, "Z_PRIMARYKEY", "Z_NAME"))
		return kt_note(m->ctx, "table-missing",
			       "Z_PRIMARYKEY: the kinds of the rows are not known", err);
	r = kt_sql_select(m->db, &rows, "Z_PRIMARYKEY", cols, 2, NULL, err);
	while (r == 0 && m->nent < ENTITIES_MAX && (r = kt_rows_next(&rows, err)) == 1) {
		struct entity *e = &m->ent[m->nent];
		struct kt_str s;

		r = 0;
		if (!kt_rows_int(&rows, 1, &e->number) || !kt_rows_text(&rows, 2, &s))
			continue;
		e->len = s.len < ENTITY_NAME ? s.len : ENTITY_NAME;
		for (size_t i = 0; i < e->len; i++)
			e->name[i] = s.p[i];
		m->nent++;
	}
	kt_rows_end(&rows);
	return r < 0 ? r : 0;
}

static void set_place(struct maps *m, struct kt_record *r)
{
	static const int pairs[][2] = {{H_LAT, H_LON}, {H_LAT1, H_LON1}};

	for (size_t i = 0; i < 2; i++)
		if (kt_apple_position(r, &m->rows, COL(pairs[i][0]), COL(pairs[i][1])))
			return;
}

static int one_item(struct maps *m, struct kt_err *err)
{
	struct kt_record r;
	struct kt_str s;
	int64_t v;
	int c = 0;

	kt_seen(m->ctx, 1);
	kt_rec_init(&r, KT_REC_PLACE, KT_BASIS_STATED);
	if (kt_rows_time(&m->rows, COL(H_CREATED), KT_EPOCH_COCOA_S, &v)) {
		kt_set_utc(&r, v);
		kt_rec_str(&r, KT_F_TIME_MEANING, "looked-up", 9);
	}
	if (kt_rows_time(&m->rows, COL(H_MODIFIED), KT_EPOCH_COCOA_S, &v))
		c = kt_rec_time(m->ctx, &r, KT_F_MODIFIED_TIME, v, err);
	if (c < 0)
		return c;
	set_place(m, &r);
	if (kt_rows_text(&m->rows, COL(H_QUERY), &s)) {
		kt_rec_str(&r, KT_F_QUERY, s.p, s.len);
		r.raw = s;
	}
	if (kt_rows_text(&m->rows, COL(H_DISPLAY), &s))
		kt_rec_str(&r, KT_F_PLACE_NAME, s.p, s.len);
	if (kt_rows_int(&m->rows, COL(H_ENT), &v))
		for (size_t i = 0; i < m->nent; i++)
			if (m->ent[i].number == v)
				kt_rec_str(&r, KT_F_ORIGIN, m->ent[i].name, m->ent[i].len);
	if (!kt_rows_null(&m->rows, COL(H_ROUTE)))
		m->routes++;
	if (r.raw.len == 0)
		r.raw = kt_rows_raw(&m->rows, COL(H_CREATED));
	r.loc = kt_rows_locator(&m->rows, "ZHISTORYITEM", 0);
	return kt_emit(m->ctx, &r, err);
}

static int read_items(struct maps *m, struct kt_err *err)
{
	int r;

	if (!kt_sql_has(m->db, "ZHISTORYITEM", NULL))
		return KT_FAIL(err, KT_E_FORMAT, "not-this-kind: a database without ZHISTORYITEM");
	r = read_entities(m, err);
	if (r == 0)
		r = kt_sql_select(m->db, &m->rows, "ZHISTORYITEM", columns, N_COLUMNS, NULL, err);
	while (r == 0 && (r = kt_rows_next(&m->rows, err)) == 1)
		r = one_item(m, err);
	if (r == 0 && m->routes > 0)
		r = kt_note(m->ctx, "routes-not-decoded",
			    "Rows hold a requested route in a form that is not decoded.", err);
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct maps *m = kt_alloc(ctx, sizeof(*m));
	int r;

	if (m == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	*m = (struct maps){.ctx = ctx};
	r = kt_sql_open(ctx, &m->db, err);
	if (r < 0)
		return r;
	r = read_items(m, err);
	kt_rows_end(&m->rows);
	kt_sql_close(&m->db);
	return r;
}

const struct kt_parser kt_parser_ios_apple_maps = {.id = "ios-apple-maps", .parse = parse};
