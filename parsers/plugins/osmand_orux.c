/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * osmand-orux: what two map programs for Android write into the shared storage: OsmAnd its recorded
 * tracks as GPX files, OruxMaps all its tracks and points of interest into one SQLite file. Page:
 * docs/formats/osmand-orux.md.
 *
 * Elements: GPX points as in the plugin tracks; rows of trackpoints and pois. A track point with a
 * time is a POSITION, measured; without one, and every point of interest, a PLACE, stated. Skipped:
 *   no-position   a row without latitude or longitude
 */
#include "parsers/plugins/raw_text.h"
#include "parsers/plugins/tracks.h"
#include "parsers/sdk/sql.h"
#include "parsers/sdk/units.h"

enum { COL_ID = 0, COL_LAT, COL_LON, COL_ALT, COL_TIME, COL_SEGMENT, COL_NAME };

static const char *const skip_names[] = {"no-position"};

struct orux {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_tally skip[1];
};

/* Columns that must be there to ask for a track's name beside each of its points. */
static bool can_join(struct kt_sql *db)
{
	static const char *const need[][2] = {
		{"trackpoints", "_id"},
		{"trackpoints", "trkptlat"},
		{"trackpoints", "trkptlon"},
		{"trackpoints", "trkptalt"},
		{"trackpoints", "trkpttime"},
		{"trackpoints", "trkptseg"},
		{"segments", "_id"},
		{"segments", "segtrack"},
		{"tracks", "_id"},
		{"tracks", "trackname"},
	};

	for (size_t i = 0; i < sizeof(need) / sizeof(need[0]); i++)
		if (!kt_sql_has(db, need[i][0], need[i][1]))
			return false;
	return true;
}

static int emit_row(struct orux *o, struct kt_rows *rows, const char *table, bool mark)
{
	struct kt_locator loc = kt_rows_locator(rows, table, COL_ID);
	struct kt_record r;
	struct kt_str name;
	int64_t lat, lon, v, us;
	bool timed, a = kt_rows_scaled(rows, COL_LAT, 7, &lat);
	bool b = kt_rows_scaled(rows, COL_LON, 7, &lon);
	const char *origin;
	struct kt_raw raw = {.len = 0};

	kt_seen(o->ctx, 1);
	if (kt_rows_null(rows, COL_LAT) || kt_rows_null(rows, COL_LON))
		return kt_tally_add(&o->skip[0], &loc);
	timed = kt_rows_time(rows, COL_TIME, KT_EPOCH_UNIX_MS, &us) && us != 0;
	kt_rec_init(&r, timed && !mark ? KT_REC_POSITION : KT_REC_PLACE,
		    timed && !mark ? KT_BASIS_MEASURED : KT_BASIS_STATED);
	r.loc = loc;
	if (a && b)
		kt_set_position(&r, lat, lon);
	else
		kt_set_unusable(&r, "not-a-number");
	if (timed)
		kt_set_utc(&r, us);
	if (timed && mark)
		kt_rec_str(&r, KT_F_TIME_MEANING, "mark-set", 8);
	if (kt_rows_scaled(rows, COL_ALT, 3, &v))
		kt_rec_int(&r, KT_F_ALTITUDE_MM, v);
	if (!mark && kt_rows_int(rows, COL_SEGMENT, &v))
		kt_rec_int(&r, KT_F_TRACK_SEGMENT, v);
	if (kt_rows_text(rows, COL_NAME, &name))
		kt_rec_str(&r, mark ? KT_F_PLACE_NAME : KT_F_TRACK_NAME, name.p,
			   name.len < TRACK_NAME ? name.len : TRACK_NAME);
	origin = mark ? "waypoint" : timed ? "recorded" : "track-without-times";
	kt_rec_str(&r, KT_F_ORIGIN, origin, strlen(origin));
	kt_raw_add(&raw, ", ", kt_rows_raw(rows, COL_LAT));
	kt_raw_add(&raw, ", ", kt_rows_raw(rows, COL_LON));
	kt_raw_add(&raw, " | ", kt_rows_raw(rows, COL_TIME));
	r.raw = kt_raw_str(&raw);
	return kt_emit(o->ctx, &r, o->err);
}

static int all_rows(struct orux *o, struct kt_rows *rows, const char *table, bool mark)
{
	int c = 0, r;

	while ((r = kt_rows_next(rows, o->err)) > 0) {
		c = emit_row(o, rows, table, mark);
		if (c < 0)
			break;
	}
	kt_rows_end(rows);
	return c < 0 ? c : r;
}

static int track_points(struct orux *o, struct kt_sql *db)
{
	static const char *const columns[] = {"trkptlat",  "trkptlon", "trkptalt",
					      "trkpttime", "trkptseg", "trackname"};
	struct kt_rows rows;
	int r;

	if (can_join(db))
		r = kt_sql_query(db, &rows,
				 "SELECT p._id, p.trkptlat, p.trkptlon, p.trkptalt, p.trkpttime, "
				 "p.trkptseg, t.trackname FROM trackpoints p "
				 "LEFT JOIN segments s ON s._id = p.trkptseg "
				 "LEFT JOIN tracks t ON t._id = s.segtrack ORDER BY p._id",
				 o->err);
	else
		r = kt_sql_select(db, &rows, "trackpoints", columns, 6, NULL, o->err);
	return r < 0 ? r : all_rows(o, &rows, "trackpoints", false);
}

static int marks(struct orux *o, struct kt_sql *db)
{
	static const char *const columns[] = {"poilat",	 "poilon", "poialt",
					      "poitime", "_id",	   "poiname"};
	struct kt_rows rows;
	int r = kt_sql_select(db, &rows, "pois", columns, 6, NULL, o->err);

	return r < 0 ? r : all_rows(o, &rows, "pois", true);
}

static int oruxmaps(struct kt_ctx *ctx, struct kt_err *err)
{
	struct orux *o = kt_alloc(ctx, sizeof(*o));
	struct kt_sql *db = NULL;
	bool tracks, pois;
	int r, r2;

	if (o == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(o, 0, sizeof(*o));
	o->ctx = ctx;
	o->err = err;
	r = kt_sql_open(ctx, &db, err);
	if (r < 0)
		return r;
	tracks = kt_sql_has(db, "trackpoints", NULL);
	pois = kt_sql_has(db, "pois", NULL);
	if (!tracks && !pois)
		r = KT_FAIL(err, KT_E_FORMAT, "not-this-kind: no database of OruxMaps");
	else if (!tracks || !pois)
		r = kt_note(ctx, "table-missing", tracks ? "pois" : "trackpoints", err);
	if (r == 0 && tracks)
		r = track_points(o, db);
	if (r == 0 && pois)
		r = marks(o, db);
	kt_sql_close(&db);
	if (r < 0 && r != KT_E_FORMAT)
		return r;
	r2 = kt_tally_flush(ctx, o->skip, skip_names, 1, err);
	return r2 < 0 ? r2 : r;
}

static int osmand(struct kt_ctx *ctx, struct kt_err *err)
{
	struct track_out *o = kt_alloc(ctx, sizeof(*o));

	if (o == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(o, 0, sizeof(*o));
	o->ctx = ctx;
	o->err = err;
	return kt_track_end(o, kt_track_gpx(o, kt_in_json(ctx, 0), GPX_NOT_HEALTH));
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	uint8_t head[16];
	size_t n;
	int r = kt_in_read(ctx, 0, head, sizeof(head), &n, err);

	if (r < 0)
		return r;
	if (n == sizeof(head) && memcmp(head, "SQLite format 3", 16) == 0)
		return oruxmaps(ctx, err);
	return osmand(ctx, err);
}

const struct kt_parser kt_parser_osmand_orux = {.id = "osmand-orux", .parse = parse};
