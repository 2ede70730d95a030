/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * waze: places that the navigation app Waze keeps in user.db: searched, chosen as a destination,
 * saved. An element is one row of PLACES, RECENTS, FAVORITES, SHARED_PLACES or EVENTS_PLACES. A place
 * that was looked up is no position of the phone. Coordinates are microdegrees, times seconds since
 * 1970. Page: docs/formats/waze.md.
 */
#include "parsers/plugins/raw_text.h"
#include "parsers/plugins/tally.h"
#include "parsers/sdk/sql.h"
#include "parsers/sdk/units.h"

enum why { NO_PLACE, WHYS };
static const char *const why_names[WHYS] = {"no-place"};

struct waze {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_sql *db;
	struct kt_rows places; /* of one place by its id */
	bool has_places;
	struct kt_tally skip[WHYS];
};

/* What a table is about, and what its main time means. */
struct table {
	const char *name, *time, *meaning, *origin;
	const char *const *types; /* words for the column type, or NULL ... */
	bool labels;		  /* ... of the place, not of how it came here */
};

/* Numbers as the app writes them; -1 and what is not listed have no word. */
static const char *const recent_types[] = {"recent-searched",	   "recent-advertised",
					   "recent-picked-on-map", "recent-shared",
					   "recent-navigated",	   NULL};
static const char *const favorite_types[] = {"custom", "home", "work", "event", "saved", NULL};

static const struct table tables[] = {
	{"RECENTS", "access_time", "last-used", "recent", recent_types, false},
	{"FAVORITES", "access_time|modified_time|created_time", "last-used", "favorite",
	 favorite_types, true},
	{"SHARED_PLACES", "share_time|access_time|created_time|modified_time", "shared",
	 "shared-place", NULL, false},
	{"EVENTS_PLACES", "start_time|created_time|access_time", "planned", "planned-drive", NULL,
	 false},
};

/* The columns of PLACES, in this order in every query. */
enum { P_NAME = 1, P_LAT, P_LON, P_STREET, P_HOUSE, P_CITY, P_STATE, P_COUNTRY, P_CREATED };
static const char *const place_columns[] = {"name", "latitude", "longitude", "street",	    "house",
					    "city", "state",	"country",   "created_time"};
#define PLACE_COLUMNS 9u

static void set_place(struct kt_record *r, const struct kt_rows *p, struct kt_raw *address)
{
	static const int parts[] = {P_HOUSE, P_CITY, P_STATE, P_COUNTRY};
	int64_t lat, lon;

	if (kt_rows_int(p, P_LAT, &lat) && kt_rows_int(p, P_LON, &lon))
		kt_set_position_e6(r, lat, lon);
	else if (!kt_rows_null(p, P_LAT) || !kt_rows_null(p, P_LON))
		kt_set_unusable(r, "malformed-position");
	kt_raw_add(address, "", kt_rows_raw(p, P_STREET));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		kt_raw_add(address, i == 0 ? " " : ", ", kt_rows_raw(p, parts[i]));
	kt_rec_str(r, KT_F_ADDRESS, address->p, address->len);
}

/* Zero stands for "never". */
static bool when(const struct kt_rows *rows, int column, int64_t *us)
{
	return kt_rows_time(rows, column, KT_EPOCH_UNIX_S, us) && *us != 0;
}

static void add_raw(struct kt_raw *raw, struct kt_str name, const struct kt_rows *p,
		    struct kt_str time)
{
	kt_raw_add(raw, "", name);
	if (p != NULL) {
		kt_raw_add(raw, " | ", kt_rows_raw(p, P_LAT));
		kt_raw_add(raw, ", ", kt_rows_raw(p, P_LON));
	}
	kt_raw_add(raw, " | ", time);
}

static void add_name(struct kt_record *r, struct kt_str name)
{
	if (name.p != NULL && name.len > 0)
		kt_rec_str(r, KT_F_PLACE_NAME, name.p, name.len);
}

/* -- PLACES ----------------------------------------------------------------------------------- */

static int all_places(struct waze *w)
{
	struct kt_rows rows;
	int r = kt_sql_select(w->db, &rows, "PLACES", place_columns, PLACE_COLUMNS, NULL, w->err);

	if (r < 0)
		return r;
	while ((r = kt_rows_next(&rows, w->err)) == 1) {
		struct kt_raw address = {.len = 0}, raw = {.len = 0};
		struct kt_record rec;
		int64_t us;

		kt_seen(w->ctx, 1);
		kt_rec_init(&rec, KT_REC_PLACE, KT_BASIS_STATED);
		set_place(&rec, &rows, &address);
		if (when(&rows, P_CREATED, &us)) {
			kt_set_utc(&rec, us);
			kt_rec_str(&rec, KT_F_TIME_MEANING, "first-kept", 10);
		}
		add_name(&rec, kt_rows_raw(&rows, P_NAME));
		kt_rec_str(&rec, KT_F_ORIGIN, "known-place", 11);
		add_raw(&raw, kt_rows_raw(&rows, P_NAME), &rows, kt_rows_raw(&rows, P_CREATED));
		rec.raw = kt_raw_str(&raw);
		rec.loc = kt_rows_locator(&rows, "PLACES", 0);
		r = rec.pos_state == KT_POS_NONE && address.len == 0 &&
				    kt_rec_attr(&rec, KT_F_PLACE_NAME) == NULL
			    ? kt_tally_add(&w->skip[NO_PLACE], &rec.loc)
			    : kt_emit(w->ctx, &rec, w->err);
		if (r < 0)
			break;
	}
	kt_rows_end(&rows);
	return r;
}

/* -- what was done with them ------------------------------------------------------------------ */

enum { U_PLACE = 1, U_NAME, U_TYPE, U_TIME, U_CREATED };

static int used(struct waze *w, const struct table *t, struct kt_rows *u)
{
	struct kt_raw address = {.len = 0}, raw = {.len = 0};
	struct kt_str name = kt_rows_raw(u, U_NAME);
	const char *origin = t->origin;
	struct kt_record rec;
	int64_t id, us, type;
	int found = 0, n = 0, rc = 0;

	kt_seen(w->ctx, 1);
	kt_rec_init(&rec, KT_REC_PLACE, KT_BASIS_STATED);
	rec.loc = kt_rows_locator(u, t->name, 0);
	if (w->has_places && kt_rows_int(u, U_PLACE, &id)) {
		found = kt_rows_bind_int(&w->places, 1, id, w->err);
		found = found < 0 ? found : kt_rows_next(&w->places, w->err);
		if (found < 0)
			return found;
	}
	if (found == 1) {
		set_place(&rec, &w->places, &address);
		if (name.len == 0)
			name = kt_rows_raw(&w->places, P_NAME);
	}
	if (rec.pos_state == KT_POS_NONE && address.len == 0 && name.len == 0)
		return kt_tally_add(&w->skip[NO_PLACE], &rec.loc);
	if (when(u, U_TIME, &us)) {
		kt_set_utc(&rec, us);
		kt_rec_str(&rec, KT_F_TIME_MEANING, t->meaning, strlen(t->meaning));
	}
	if (when(u, U_CREATED, &us))
		rc = kt_rec_time(w->ctx, &rec, KT_F_ADDED_TIME, us, w->err);
	while (t->types != NULL && t->types[n] != NULL)
		n++;
	if (t->types != NULL && kt_rows_int(u, U_TYPE, &type) && type >= 0 && type < n) {
		if (t->labels)
			kt_rec_str(&rec, KT_F_PLACE_LABEL, t->types[type], strlen(t->types[type]));
		else
			origin = t->types[type];
	}
	kt_rec_str(&rec, KT_F_ORIGIN, origin, strlen(origin));
	add_name(&rec, name);
	add_raw(&raw, name, found == 1 ? &w->places : NULL, kt_rows_raw(u, U_TIME));
	rec.raw = kt_raw_str(&raw);
	return rc < 0 ? rc : kt_emit(w->ctx, &rec, w->err);
}

static int used_table(struct waze *w, const struct table *t)
{
	const char *const columns[] = {"place_id|id", "name", "type", t->time, "created_time"};
	struct kt_rows rows;
	int r = kt_sql_select(w->db, &rows, t->name, columns, 5, NULL, w->err);

	if (r < 0)
		return r;
	while ((r = kt_rows_next(&rows, w->err)) == 1) {
		r = used(w, t, &rows);
		if (r < 0)
			break;
	}
	kt_rows_end(&rows);
	return r;
}

/* One place by its id; a column that is not there reads as NULL. */
static int open_places(struct waze *w)
{
	struct kt_buf sql;
	int r;

	if (!kt_sql_has(w->db, "PLACES", "id"))
		return kt_note(w->ctx, "table-missing",
			       "No table PLACES: the coordinates are not in this file.", w->err);
	kt_buf_init(&sql, 1024);
	kt_buf_puts(&sql, "SELECT id");
	for (unsigned i = 0; i < PLACE_COLUMNS; i++) {
		kt_buf_puts(&sql, ",");
		kt_buf_puts(&sql, kt_sql_has(w->db, "PLACES", place_columns[i]) ? place_columns[i]
										: "NULL");
	}
	kt_buf_puts(&sql, " FROM PLACES WHERE id=?1");
	r = kt_buf_cstr(&sql) == NULL ? KT_FAIL(w->err, KT_E_NOMEM, "no memory for a query")
				      : kt_sql_query(w->db, &w->places, kt_buf_cstr(&sql), w->err);
	kt_buf_free(&sql);
	w->has_places = r >= 0;
	return r;
}

static int database(struct waze *w)
{
	bool any = kt_sql_has(w->db, "PLACES", "latitude");
	int r;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		any |= kt_sql_has(w->db, tables[i].name, "place_id");
	if (!any)
		return KT_FAIL(w->err, KT_E_FORMAT, "not-this-kind: no tables of Waze");
	r = open_places(w);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && r >= 0; i++)
		if (kt_sql_has(w->db, tables[i].name, NULL))
			r = used_table(w, &tables[i]);
	if (w->has_places) {
		kt_rows_end(&w->places);
		if (r >= 0)
			r = all_places(w);
	}
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct waze *w = kt_alloc(ctx, sizeof(*w));
	int r, r2;

	if (w == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(w, 0, sizeof(*w));
	w->ctx = ctx;
	w->err = err;
	r = kt_sql_open(ctx, &w->db, err);
	if (r < 0)
		return r;
	r = database(w);
	kt_sql_close(&w->db);
	if (r < 0 && r != KT_E_FORMAT)
		return r;
	r2 = kt_tally_flush(ctx, w->skip, why_names, WHYS, err);
	return r2 < 0 ? r2 : r;
}

const struct kt_parser kt_parser_waze = {.id = "waze", .parse = parse};
