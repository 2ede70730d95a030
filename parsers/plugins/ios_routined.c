/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ios-routined: significant locations (Cache.sqlite, Local.sqlite, Cloud-V2.sqlite of routined), which
 * only an image of a whole file system holds. Page: docs/formats/ios-routined.md.
 *
 * Elements are the rows of four tables, whichever of them a file has:
 *   ZRTCLLOCATIONMO                        one position each, measured
 *   ZRTLEARNEDLOCATIONOFINTERESTVISITMO    one visit each, the system's own conclusion
 *   ZRTLEARNEDLOCATIONOFINTERESTTRANSITIONMO  one movement each, without positions
 *   ZRTMAPITEMMO                           one named place each: the map's, not the phone's
 * Cloud-V2 is synchronised between the devices of an account; the file does not say which it is, so
 * visits and movements of every file may come from another device.
 */
#include "parsers/plugins/apple_rows.h"

struct routined {
	struct kt_ctx *ctx;
	struct kt_sql *db;
	struct kt_rows rows;
	bool any;
};

#define COL(x) ((int)(x) + 1)

/* -- positions -------------------------------------------------------------------------------- */

enum { L_TIME, L_LAT, L_LON, L_HACC, L_ALT, L_VACC, L_SPEED, L_COURSE };
static const char *const location_columns[] = {
	"ZTIMESTAMP", "ZLATITUDE",	   "ZLONGITUDE", "ZHORIZONTALACCURACY",
	"ZALTITUDE",  "ZVERTICALACCURACY", "ZSPEED",	 "ZCOURSE",
};

static int location(struct routined *p, struct kt_record *r, struct kt_err *err)
{
	const struct kt_rows *rows = &p->rows;
	int64_t v;

	kt_rec_init(r, KT_REC_POSITION, KT_BASIS_MEASURED);
	if (kt_rows_time(rows, COL(L_TIME), KT_EPOCH_COCOA_S, &v))
		kt_set_utc(r, v);
	kt_apple_position(r, rows, COL(L_LAT), COL(L_LON));
	if (r->pos_state == KT_POS_NONE)
		kt_set_unusable(r, "no-location-marker");
	kt_apple_accuracy(r, rows, COL(L_HACC));
	kt_apple_movement(r, rows, COL(L_ALT), COL(L_VACC), COL(L_SPEED), COL(L_COURSE));
	r->raw = kt_rows_raw(rows, COL(L_LAT));
	(void)err;
	return 0;
}

/* -- visits ----------------------------------------------------------------------------------- */

enum { V_ENTRY, V_EXIT, V_LAT, V_LON, V_ACC, V_ID };
static const char *const visit_columns[] = {
	"ZENTRYDATE",
	"ZEXITDATE",
	"ZLOCATIONLATITUDE",
	"ZLOCATIONLONGITUDE",
	"ZLOCATIONHORIZONTALUNCERTAINTY|ZLOCATIONHORIZONTALACCURACY",
	"ZIDENTIFIER",
};

/* Apple's distantPast and distantFuture, which stand for "not known" and "not ended". */
#define NEVER_BEFORE (INT64_C(-62135596800) * KT_US_PER_S)
#define NEVER_AFTER  (INT64_C(64092211200) * KT_US_PER_S)
#define A_DAY	     (INT64_C(86400) * KT_US_PER_S)

static bool when(const struct kt_rows *rows, int col, int64_t *t)
{
	return kt_rows_time(rows, col, KT_EPOCH_COCOA_S, t) && *t > NEVER_BEFORE + 3 * A_DAY &&
	       *t < NEVER_AFTER - A_DAY;
}

/* An end without a beginning is a time of its own: until when it lasted. */
static int set_span(struct routined *p, struct kt_record *r, int from, int to, struct kt_err *err)
{
	int64_t start, end;
	bool started = when(&p->rows, from, &start), ended = when(&p->rows, to, &end);

	if (started)
		kt_set_utc(r, start);
	if (started && ended)
		kt_set_end(r, end);
	return !started && ended ? kt_rec_time(p->ctx, r, KT_F_LAST_TIME, end, err) : 0;
}

static int visit(struct routined *p, struct kt_record *r, struct kt_err *err)
{
	kt_rec_init(r, KT_REC_VISIT, KT_BASIS_INFERRED);
	kt_apple_position(r, &p->rows, COL(V_LAT), COL(V_LON));
	kt_apple_accuracy(r, &p->rows, COL(V_ACC));
	r->raw = kt_rows_raw(&p->rows, COL(V_LAT));
	return set_span(p, r, COL(V_ENTRY), COL(V_EXIT), err);
}

/* -- movements -------------------------------------------------------------------------------- */

enum { T_START, T_STOP, T_MOTION };
static const char *const transition_columns[] = {
	"ZSTARTDATE",
	"ZSTOPDATE",
	"ZPREDOMINANTMOTIONACTIVITYTYPE",
};

static int transition(struct routined *p, struct kt_record *r, struct kt_err *err)
{
	struct kt_str s = kt_rows_raw(&p->rows, COL(T_MOTION));

	kt_rec_init(r, KT_REC_MOVEMENT, KT_BASIS_INFERRED);
	/* a number of the system's own; what it means is not documented, so it is passed on as it is */
	kt_rec_str(r, KT_F_ACTIVITY, s.p, s.len);
	r->raw = kt_rows_raw(&p->rows, COL(T_START));
	return set_span(p, r, COL(T_START), COL(T_STOP), err);
}

/* -- places of the map ------------------------------------------------------------------------ */

enum { I_LAT, I_LON, I_ACC, I_NAME, I_CREATED };
static const char *const item_columns[] = {
	"ZLATITUDE", "ZLONGITUDE", "ZUNCERTAINTY", "ZNAME", "ZCREATIONDATE",
};

static int map_item(struct routined *p, struct kt_record *r, struct kt_err *err)
{
	struct kt_str s;
	int64_t v;

	kt_rec_init(r, KT_REC_PLACE, KT_BASIS_INFERRED);
	if (kt_rows_time(&p->rows, COL(I_CREATED), KT_EPOCH_COCOA_S, &v)) {
		kt_set_utc(r, v);
		kt_rec_str(r, KT_F_TIME_MEANING, "stored", 6);
	}
	kt_apple_position(r, &p->rows, COL(I_LAT), COL(I_LON));
	kt_apple_accuracy(r, &p->rows, COL(I_ACC));
	if (kt_rows_text(&p->rows, COL(I_NAME), &s)) {
		kt_rec_str(r, KT_F_PLACE_NAME, s.p, s.len);
		r->raw = s;
	}
	(void)err;
	return 0;
}

/* -- tables ----------------------------------------------------------------------------------- */

#define COLUMNS(a) a, sizeof(a) / sizeof((a)[0])

static const struct table {
	const char *name, *const *columns;
	unsigned n;
	int (*fill)(struct routined *p, struct kt_record *r, struct kt_err *err);
} tables[] = {
	{"ZRTCLLOCATIONMO", COLUMNS(location_columns), location},
	{"ZRTLEARNEDLOCATIONOFINTERESTVISITMO", COLUMNS(visit_columns), visit},
	{"ZRTLEARNEDLOCATIONOFINTERESTTRANSITIONMO", COLUMNS(transition_columns), transition},
	{"ZRTMAPITEMMO", COLUMNS(item_columns), map_item},
};

static int read_table(struct routined *p, const struct table *t, struct kt_err *err)
{
	int r;

	if (!kt_sql_has(p->db, t->name, NULL))
		return 0;
	p->any = true;
	r = kt_sql_select(p->db, &p->rows, t->name, t->columns, t->n, NULL, err);
	while (r == 0 && (r = kt_rows_next(&p->rows, err)) == 1) {
		struct kt_record rec;

		kt_seen(p->ctx, 1);
		r = t->fill(p, &rec, err);
		rec.loc = kt_rows_locator(&p->rows, t->name, 0);
		if (r == 0)
			r = kt_emit(p->ctx, &rec, err);
	}
	kt_rows_end(&p->rows);
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct routined p = {.ctx = ctx};
	int r = kt_sql_open(ctx, &p.db, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < sizeof(tables) / sizeof(tables[0]); i++)
		r = read_table(&p, &tables[i], err);
	if (r == 0 && !p.any)
		r = KT_FAIL(err, KT_E_FORMAT,
			    "not-this-kind: a database without routined's tables");
	kt_sql_close(&p.db);
	return r;
}

const struct kt_parser kt_parser_ios_routined = {.id = "ios-routined", .parse = parse};
