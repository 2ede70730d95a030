/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * calendar-places: where and when calendar entries say that something is planned. An element is one
 * entry that names a place. Of an entry nothing is read but its times, its zone and its place: no
 * title, no description, no guest, no calendar. A planned place is no position of the phone. Forms:
 * the answer of `content query` (Android), the tables Events (Android) and CalendarItem with Location
 * (iOS). Page: docs/formats/calendar-places.md.
 */
#include "parsers/plugins/content_rows.h"
#include "parsers/plugins/raw_text.h"
#include "parsers/plugins/tally.h"
#include "parsers/sdk/sql.h"
#include "parsers/sdk/units.h"

#include <string.h>

enum why { NO_PLACE, WHYS };
static const char *const why_names[WHYS] = {"no-place"};

struct calendar {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_tally skip[WHYS];
};

struct entry {
	bool has_start, has_end, all_day, floating, deleted, has_position, bad_position;
	int64_t start_us, end_us, lat_e7, lon_e7;
	struct kt_str zone, name, address; /* name: of the place */
	struct kt_str raw;
};

static bool some(struct kt_str s)
{
	return s.p != NULL && s.len > 0;
}

static int emit(struct calendar *c, const struct entry *e, struct kt_locator loc)
{
	struct kt_raw raw = {.len = 0};
	struct kt_record r;

	if (!some(e->name) && !some(e->address) && !e->has_position)
		return kt_tally_add(&c->skip[NO_PLACE], &loc);
	kt_rec_init(&r, KT_REC_PLACE, KT_BASIS_STATED);
	if (e->has_position)
		kt_set_position(&r, e->lat_e7, e->lon_e7);
	else if (e->bad_position)
		kt_set_unusable(&r, "not-a-number");
	/* a day, or an hour "wherever I am": no zone, so it is never shifted */
	if (e->has_start && (e->all_day || e->floating))
		kt_set_local(&r, e->start_us);
	else if (e->has_start)
		kt_set_utc(&r, e->start_us);
	if (e->has_end && e->has_start && e->end_us >= e->start_us)
		kt_set_end(&r, e->end_us);
	else if (e->has_end && e->has_start)
		r.flags |= KT_FLAG_IMPLAUSIBLE_TIME;
	if (some(e->zone))
		kt_rec_str(&r, KT_F_TIME_ZONE, e->zone.p, e->zone.len);
	kt_rec_str(&r, KT_F_TIME_MEANING, e->all_day ? "planned-day" : "planned",
		   e->all_day ? 11 : 7);
	if (some(e->name))
		kt_rec_str(&r, KT_F_PLACE_NAME, e->name.p, e->name.len);
	if (some(e->address))
		kt_rec_str(&r, KT_F_ADDRESS, e->address.p, e->address.len);
	kt_rec_str(&r, KT_F_ORIGIN, "calendar", 8);
	if (e->deleted)
		r.flags |= KT_FLAG_TRASHED;
	kt_raw_add(&raw, "", some(e->name) ? e->name : e->address);
	kt_raw_add(&raw, " | ", e->raw);
	r.raw = kt_raw_str(&raw);
	r.loc = loc;
	return kt_emit(c->ctx, &r, c->err);
}

/* -- Android, over the cable ------------------------------------------------------------------ */

enum { C_ID, C_START, C_END, C_ALL_DAY, C_ZONE, C_PLACE, C_DELETED };
static const char *const columns[] = {"_id",	       "dtstart",	"dtend",   "allDay",
				      "eventTimezone", "eventLocation", "deleted", NULL};

static bool millis(const struct kt_content_row *r, int column, int64_t *us)
{
	int64_t v;

	return kt_content_int(r, column, &v) && kt_epoch_us(KT_EPOCH_UNIX_MS, v, 0, us);
}

static int row(void *arg, struct kt_content_row *r, struct kt_err *err)
{
	struct calendar *c = arg;
	struct entry e = {
		.zone = r->value[C_ZONE], .address = r->value[C_PLACE], .raw = r->value[C_START]};
	int64_t v;

	(void)err;
	e.has_start = millis(r, C_START, &e.start_us);
	e.has_end = millis(r, C_END, &e.end_us);
	e.all_day = kt_content_int(r, C_ALL_DAY, &v) && v == 1;
	e.deleted = kt_content_int(r, C_DELETED, &v) && v == 1;
	return emit(c, &e, kt_line_locator(&r->at));
}

/* -- databases -------------------------------------------------------------------------------- */

static int android_events(struct calendar *c, struct kt_sql *db)
{
	static const char *const names[] = {"dtstart",	     "dtend",	      "allDay",
					    "eventTimezone", "eventLocation", "deleted"};
	struct kt_rows rows;
	int r = kt_sql_select(db, &rows, "Events", names, 6,
			      kt_sql_has(db, "Events", "eventLocation")
				      ? "WHERE eventLocation IS NOT NULL AND eventLocation<>''"
				      : NULL,
			      c->err);

	if (r < 0)
		return r;
	while ((r = kt_rows_next(&rows, c->err)) == 1) {
		struct entry e = {.raw = kt_rows_raw(&rows, 1)};
		int64_t v;

		kt_seen(c->ctx, 1);
		e.has_start = kt_rows_time(&rows, 1, KT_EPOCH_UNIX_MS, &e.start_us);
		e.has_end = kt_rows_time(&rows, 2, KT_EPOCH_UNIX_MS, &e.end_us);
		e.all_day = kt_rows_int(&rows, 3, &v) && v == 1;
		kt_rows_text(&rows, 4, &e.zone);
		kt_rows_text(&rows, 5, &e.address);
		e.deleted = kt_rows_int(&rows, 6, &v) && v == 1;
		r = emit(c, &e, kt_rows_locator(&rows, "Events", 0));
		if (r < 0)
			break;
	}
	kt_rows_end(&rows);
	return r;
}

/* Older tables of places have no coordinates. */
static const char *places_query(struct kt_sql *db)
{
	return kt_sql_has(db, "Location", "latitude") && kt_sql_has(db, "Location", "longitude") &&
			       kt_sql_has(db, "Location", "address")
		       ? "SELECT ROWID,title,address,latitude,longitude FROM Location WHERE "
			 "ROWID=?1"
		       : "SELECT ROWID,title,NULL,NULL,NULL FROM Location WHERE ROWID=?1";
}

/* The place of an entry; its texts live in *places until the next one is asked for. */
static int ios_place(struct calendar *c, struct kt_rows *places, int64_t id, struct entry *e)
{
	int r = kt_rows_bind_int(places, 1, id, c->err);

	if (r >= 0)
		r = kt_rows_next(places, c->err);
	if (r <= 0)
		return r;
	kt_rows_text(places, 1, &e->name);
	kt_rows_text(places, 2, &e->address);
	e->has_position = kt_rows_scaled(places, 3, 7, &e->lat_e7) &&
			  kt_rows_scaled(places, 4, 7, &e->lon_e7);
	e->bad_position = !e->has_position && !kt_rows_null(places, 3) && !kt_rows_null(places, 4);
	return 0;
}

static int ios_items(struct calendar *c, struct kt_sql *db, struct kt_rows *places)
{
	static const char *const names[] = {"start_date", "end_date", "start_tz", "all_day",
					    "location_id"};
	struct kt_rows rows;
	int r = kt_sql_select(db, &rows, "CalendarItem", names, 5,
			      kt_sql_has(db, "CalendarItem", "location_id")
				      ? "WHERE location_id IS NOT NULL AND location_id<>0"
				      : NULL,
			      c->err);

	if (r < 0)
		return r;
	while ((r = kt_rows_next(&rows, c->err)) == 1) {
		struct entry e = {.raw = kt_rows_raw(&rows, 1)};
		int64_t v;

		kt_seen(c->ctx, 1);
		e.has_start = kt_rows_time(&rows, 1, KT_EPOCH_COCOA_S, &e.start_us);
		e.has_end = kt_rows_time(&rows, 2, KT_EPOCH_COCOA_S, &e.end_us);
		kt_rows_text(&rows, 3, &e.zone);
		e.all_day = kt_rows_int(&rows, 4, &v) && v == 1;
		e.floating = some(e.zone) && kt_str_is(e.zone, "_float");
		r = kt_rows_int(&rows, 5, &v) ? ios_place(c, places, v, &e) : 0;
		if (r >= 0)
			r = emit(c, &e, kt_rows_locator(&rows, "CalendarItem", 0));
		if (r < 0)
			break;
	}
	kt_rows_end(&rows);
	return r;
}

static int ios_calendar(struct calendar *c, struct kt_sql *db)
{
	struct kt_rows places;
	int r;

	if (!kt_sql_has(db, "Location", "title"))
		return kt_note(c->ctx, "table-missing",
			       "No table Location: the places of entries are not in this file.",
			       c->err);
	r = kt_sql_query(db, &places, places_query(db), c->err);
	if (r < 0)
		return r;
	r = ios_items(c, db, &places);
	kt_rows_end(&places);
	return r;
}

static int database(void *arg)
{
	struct calendar *c = arg;
	struct kt_sql *db;
	int r = kt_sql_open(c->ctx, &db, c->err);

	if (r < 0)
		return r;
	if (kt_sql_has(db, "CalendarItem", NULL))
		r = ios_calendar(c, db);
	else if (kt_sql_has(db, "Events", NULL))
		r = android_events(c, db);
	else
		r = KT_FAIL(c->err, KT_E_FORMAT, "not-this-kind: no table of calendar entries");
	kt_sql_close(&db);
	return r;
}

static int answer(void *arg)
{
	static const struct kt_content_form form = {columns};
	struct calendar *c = arg;

	return kt_content_read(c->ctx, &form, 1, row, c, c->err);
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct calendar *c = kt_alloc(ctx, sizeof(*c));
	int r, r2;

	if (c == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(c, 0, sizeof(*c));
	c->ctx = ctx;
	c->err = err;
	r = kt_content_or_database(ctx, answer, database, c, "calendar entries", err);
	if (r < 0 && r != KT_E_FORMAT)
		return r;
	r2 = kt_tally_flush(ctx, c->skip, why_names, WHYS, err);
	return r2 < 0 ? r2 : r;
}

const struct kt_parser kt_parser_calendar_places = {.id = "calendar-places", .parse = parse};
