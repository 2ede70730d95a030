/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ios-health-routes: routes of workouts (healthdb_secure.sqlite), the positions alone. Page:
 * docs/formats/ios-health-routes.md. It has a mandate item of its own; no other table of the health
 * store is read but what names the device that recorded a route. No workout kind, duration, energy,
 * heart rate or any other measurement is ever selected.
 *
 * An element is one row of location_series_data; each becomes one position. A route recorded by a
 * watch is the watch's: basis "other-device".
 */
#include "parsers/plugins/apple_rows.h"

#include <string.h>

enum { P_SERIES, P_TIME, P_LAT, P_LON, P_ALT, P_SPEED, P_COURSE, P_HACC, P_VACC };
static const char *const columns[] = {
	"series_identifier", "timestamp", "latitude", "longitude",
	"altitude",	     "speed",	  "course",   "horizontal_accuracy",
	"vertical_accuracy",
};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define COL(x)	  ((int)(x) + 1)

#define DEVICE_MAX 64u

/* Which device recorded the series that is being read. */
struct routes {
	struct kt_ctx *ctx;
	struct kt_sql *db;
	struct kt_rows rows, origin;
	bool has_origin;
	int64_t series;
	bool any_series;
	char device[DEVICE_MAX], zone[DEVICE_MAX];
	uint32_t device_len, zone_len;
};

static uint32_t keep(char *out, const struct kt_rows *rows, int col)
{
	struct kt_str s;

	if (!kt_rows_text(rows, col, &s) || s.len > DEVICE_MAX)
		return 0;
	memcpy(out, s.p, s.len);
	return s.len;
}

static int find_origin(struct routes *p, int64_t series, struct kt_err *err)
{
	int r;

	if (p->any_series && p->series == series)
		return 0;
	p->any_series = true;
	p->series = series;
	p->device_len = p->zone_len = 0;
	if (!p->has_origin)
		return 0;
	r = kt_rows_bind_int(&p->origin, 1, series, err);
	if (r == 0)
		r = kt_rows_next(&p->origin, err);
	if (r == 1) {
		p->device_len = keep(p->device, &p->origin, 0);
		p->zone_len = keep(p->zone, &p->origin, 1);
	}
	return r < 0 ? r : 0;
}

static int one_point(struct routes *p, struct kt_err *err)
{
	struct kt_record r;
	int64_t v;
	int c = 0;

	kt_seen(p->ctx, 1);
	kt_rec_init(&r, KT_REC_POSITION, KT_BASIS_MEASURED);
	if (kt_rows_int(&p->rows, COL(P_SERIES), &v))
		c = find_origin(p, v, err);
	if (c < 0)
		return c;
	if (p->device_len > 0) {
		kt_rec_str(&r, KT_F_SOURCE_DEVICE, p->device, p->device_len);
		if (!kt_str_starts((struct kt_str){p->device, p->device_len}, "iPhone"))
			r.basis = KT_BASIS_OTHER_DEVICE;
	}
	if (p->zone_len > 0)
		kt_rec_str(&r, KT_F_TIME_ZONE, p->zone, p->zone_len);
	if (kt_rows_time(&p->rows, COL(P_TIME), KT_EPOCH_COCOA_S, &v))
		kt_set_utc(&r, v);
	if (!kt_apple_position(&r, &p->rows, COL(P_LAT), COL(P_LON)))
		kt_set_unusable(&r, "not-a-number");
	kt_apple_accuracy(&r, &p->rows, COL(P_HACC));
	kt_apple_movement(&r, &p->rows, COL(P_ALT), COL(P_VACC), COL(P_SPEED), COL(P_COURSE));
	r.raw = kt_rows_raw(&p->rows, COL(P_LAT));
	r.loc = kt_rows_locator(&p->rows, "location_series_data", 0);
	return kt_emit(p->ctx, &r, err);
}

/* Series -> object -> provenance: which device, and its zone. */
static int open_origin(struct routes *p, struct kt_err *err)
{
	if (!kt_sql_has(p->db, "data_series", "hfd_key") ||
	    !kt_sql_has(p->db, "objects", "provenance") ||
	    !kt_sql_has(p->db, "data_provenances", "origin_product_type") ||
	    !kt_sql_has(p->db, "data_provenances", "tz_name"))
		return kt_note(p->ctx, "origin-not-known",
			       "The tables that name the recording device are not there or have "
			       "another form: a route may be a watch's.",
			       err);
	p->has_origin = true;
	return kt_sql_query(p->db, &p->origin,
			    "SELECT v.origin_product_type, v.tz_name FROM data_series s "
			    "JOIN objects o ON o.data_id = s.data_id "
			    "JOIN data_provenances v ON v.ROWID = o.provenance "
			    "WHERE s.hfd_key = ?1 ORDER BY s.ROWID LIMIT 1",
			    err);
}

static int read_points(struct routes *p, struct kt_err *err)
{
	int r;

	if (!kt_sql_has(p->db, "location_series_data", "latitude"))
		return kt_sql_has(p->db, "samples", NULL) || kt_sql_has(p->db, "objects", NULL)
			       ? kt_note(p->ctx, "table-missing",
					 "location_series_data: this store keeps no routes", err)
			       : KT_FAIL(err, KT_E_FORMAT,
					 "not-this-kind: a database without location_series_data");
	r = open_origin(p, err);
	if (r == 0)
		r = kt_sql_select(p->db, &p->rows, "location_series_data", columns, N_COLUMNS, NULL,
				  err);
	while (r == 0 && (r = kt_rows_next(&p->rows, err)) == 1)
		r = one_point(p, err);
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct routes p = {.ctx = ctx};
	int r = kt_sql_open(ctx, &p.db, err);

	if (r < 0)
		return r;
	r = read_points(&p, err);
	kt_rows_end(&p.rows);
	kt_rows_end(&p.origin);
	kt_sql_close(&p.db);
	return r;
}

const struct kt_parser kt_parser_ios_health_routes = {.id = "ios-health-routes", .parse = parse};
