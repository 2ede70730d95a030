/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * uber: what the ride app Uber keeps on a phone. In database.db an element is one row of place (an
 * address that the app knows) or of hits (it was looked up or chosen): places, not positions. In
 * ur_message.db an element is one message that waits to be sent to Uber; one that carries the phone's
 * own position gives a measured position. Of a message nothing else is read. Page:
 * docs/formats/uber.md.
 */
#include "parsers/plugins/google_timeline_read.h"
#include "parsers/plugins/raw_text.h"
#include "parsers/plugins/tally.h"
#include "parsers/sdk/sql.h"
#include "parsers/sdk/units.h"

enum why { NO_PLACE, NO_POSITION, BAD_MESSAGE, TOO_LONG, WHYS };
static const char *const why_names[WHYS] = {"no-place", "no-position", "message-not-understood",
					    "message-too-long"};

#define MESSAGE_MAX ((size_t)4 << 20)

enum { M_LAT, M_LON, M_GPS_TIME, M_TIME, M_ACCURACY, M_SPEED, M_ALTITUDE, M_COURSE, M_CITY, TEXTS };

struct uber {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_sql *db;
	struct kt_tally skip[WHYS];
	struct kt_json json;
	struct kt_tl t;
	struct kt_tl_text tx[TEXTS];
};

static void add(struct kt_record *r, enum kt_field f, struct kt_str s)
{
	if (s.p != NULL && s.len > 0)
		kt_rec_str(r, f, s.p, s.len);
}

/* -- database.db ------------------------------------------------------------------------------ */

enum { P_LAT = 1, P_LON, P_TITLE, P_SUBTITLE, P_TAG, P_TIME };

static void set_place(struct kt_record *r, const struct kt_rows *p, struct kt_raw *raw)
{
	int64_t lat, lon;

	if (kt_rows_scaled(p, P_LAT, 7, &lat) && kt_rows_scaled(p, P_LON, 7, &lon))
		kt_set_position(r, lat, lon);
	else if (!kt_rows_null(p, P_LAT) || !kt_rows_null(p, P_LON))
		kt_set_unusable(r, "not-a-number");
	add(r, KT_F_PLACE_NAME, kt_rows_raw(p, P_TITLE));
	add(r, KT_F_ADDRESS, kt_rows_raw(p, P_SUBTITLE));
	add(r, KT_F_PLACE_LABEL, kt_rows_raw(p, P_TAG));
	kt_raw_add(raw, "", kt_rows_raw(p, P_LAT));
	kt_raw_add(raw, ", ", kt_rows_raw(p, P_LON));
}

static bool nothing(const struct kt_record *r)
{
	return r->pos_state == KT_POS_NONE && kt_rec_attr(r, KT_F_PLACE_NAME) == NULL &&
	       kt_rec_attr(r, KT_F_ADDRESS) == NULL;
}

static void set_ms(struct kt_record *r, const struct kt_rows *rows, int column, const char *meaning)
{
	int64_t us;

	if (!kt_rows_time(rows, column, KT_EPOCH_UNIX_MS, &us) || us == 0)
		return;
	kt_set_utc(r, us);
	kt_rec_str(r, KT_F_TIME_MEANING, meaning, strlen(meaning));
}

static const char *or_null(struct uber *u, const char *name)
{
	return kt_sql_has(u->db, "place", name) ? name : "NULL";
}

/* Places with the columns of P_*, all of them or one; coordinates moved to other columns once. */
static int open_places(struct uber *u, struct kt_rows *rows, const char *tail)
{
	const char *sql;
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 1024);
	kt_buf_printf(&b, "SELECT rowid,coalesce(%s,%s),coalesce(%s,%s),%s,%s,%s,%s FROM place %s",
		      or_null(u, "latitude"), or_null(u, "latitude_v2"), or_null(u, "longitude"),
		      or_null(u, "longitude_v2"), or_null(u, "title_segment"),
		      or_null(u, "subtitle_segment"), or_null(u, "tag"), or_null(u, "timestamp_ms"),
		      tail);
	sql = kt_buf_cstr(&b);
	r = sql == NULL ? KT_FAIL(u->err, KT_E_NOMEM, "no memory for a query")
			: kt_sql_query(u->db, rows, sql, u->err);
	kt_buf_free(&b);
	return r;
}

static int places(struct uber *u)
{
	struct kt_rows rows;
	int r = open_places(u, &rows, "ORDER BY rowid");

	if (r < 0)
		return r;
	while ((r = kt_rows_next(&rows, u->err)) == 1) {
		struct kt_raw raw = {.len = 0};
		struct kt_record rec;

		kt_seen(u->ctx, 1);
		kt_rec_init(&rec, KT_REC_PLACE, KT_BASIS_STATED);
		set_place(&rec, &rows, &raw);
		set_ms(&rec, &rows, P_TIME, "last-used");
		kt_rec_str(&rec, KT_F_ORIGIN, "known-place", 11);
		kt_raw_add(&raw, " | ", kt_rows_raw(&rows, P_TIME));
		rec.raw = kt_raw_str(&raw);
		rec.loc = kt_rows_locator(&rows, "place", 0);
		r = nothing(&rec) ? kt_tally_add(&u->skip[NO_PLACE], &rec.loc)
				  : kt_emit(u->ctx, &rec, u->err);
		if (r < 0)
			break;
	}
	kt_rows_end(&rows);
	return r;
}

static int hit(struct uber *u, struct kt_rows *hits, struct kt_rows *place)
{
	struct kt_raw raw = {.len = 0};
	struct kt_record rec;
	int64_t id;
	int r;

	kt_seen(u->ctx, 1);
	kt_rec_init(&rec, KT_REC_PLACE, KT_BASIS_STATED);
	rec.loc = kt_rows_locator(hits, "hits", 0);
	if (kt_rows_int(hits, 2, &id)) {
		r = kt_rows_bind_int(place, 1, id, u->err);
		r = r < 0 ? r : kt_rows_next(place, u->err);
		if (r < 0)
			return r;
		if (r == 1)
			set_place(&rec, place, &raw);
	}
	if (nothing(&rec))
		return kt_tally_add(&u->skip[NO_PLACE], &rec.loc);
	set_ms(&rec, hits, 1, "looked-up");
	kt_rec_str(&rec, KT_F_ORIGIN, "looked-up-place", 15);
	kt_raw_add(&raw, " | ", kt_rows_raw(hits, 1));
	rec.raw = kt_raw_str(&raw);
	return kt_emit(u->ctx, &rec, u->err);
}

static int hits(struct uber *u)
{
	static const char *const columns[] = {"timestamp_ms", "fk_place_row_id"};
	struct kt_rows rows, place;
	int r = open_places(u, &place, "WHERE _id=?1");

	if (r < 0)
		return r;
	r = kt_sql_select(u->db, &rows, "hits", columns, 2, NULL, u->err);
	if (r >= 0) {
		while ((r = kt_rows_next(&rows, u->err)) == 1) {
			r = hit(u, &rows, &place);
			if (r < 0)
				break;
		}
		kt_rows_end(&rows);
	}
	kt_rows_end(&place);
	return r;
}

/* -- ur_message.db ---------------------------------------------------------------------------- */

#define NO KT_TL_NO_SLOT
#define FIN                                                                                        \
	{                                                                                          \
		NULL, NO, NULL                                                                     \
	}

static const struct kt_tl_rule location_rules[] = {{"latitude", M_LAT, NULL},
						   {"longitude", M_LON, NULL},
						   {"gps_time_ms", M_GPS_TIME, NULL},
						   {"horizontal_accuracy", M_ACCURACY, NULL},
						   {"speed", M_SPEED, NULL},
						   {"altitude", M_ALTITUDE, NULL},
						   {"course", M_COURSE, NULL},
						   {"city", M_CITY, NULL},
						   FIN};
static const struct kt_tl_rule meta_rules[] = {
	{"location", NO, location_rules}, {"time_ms", M_TIME, NULL}, FIN};
/* iOS wraps a message, Android names its parts differently. */
static const struct kt_tl_rule wrapped_rules[] = {{"meta", NO, meta_rules}, FIN};
static const struct kt_tl_rule android_rules[] = {{"prod_meta", NO, meta_rules}, FIN};
static const struct kt_tl_rule message_rules[] = {{"jsonConformingObject", NO, wrapped_rules},
						  {"contextual_data", NO, android_rules},
						  {"meta", NO, meta_rules},
						  FIN};

struct bytes {
	const uint8_t *p;
	size_t n;
};

static int bytes_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct bytes *b = arg;

	(void)err;
	*got = n < b->n ? n : b->n;
	memcpy(p, b->p, *got);
	b->p += *got;
	b->n -= *got;
	return 0;
}

/* The few values of a message. 0, or negative: it is no JSON object. */
static int read_message(struct uber *u, struct bytes b)
{
	struct kt_json_src src = {bytes_read, &b, 0};
	int r;

	kt_tl_clear(u->tx, TEXTS);
	kt_json_init(&u->json, src, KT_REC_STR_MAX);
	u->json.lenient = true;
	r = kt_json_next(&u->json, u->err);
	r = r == KT_JSON_OBJ ? kt_tl_object(&u->t, message_rules, u->tx)
			     : KT_FAIL(u->err, KT_E_FORMAT, "no message");
	kt_json_free(&u->json);
	return r;
}

static struct kt_str text(const struct kt_tl_text *x)
{
	return (struct kt_str){x->p, x->state == KT_TL_SET ? x->len : 0};
}

static void set_gps(struct uber *u, struct kt_record *r, struct kt_raw *raw)
{
	const struct kt_tl_text *tx = u->tx;
	const struct kt_tl_text *time =
		tx[M_GPS_TIME].state == KT_TL_SET ? &tx[M_GPS_TIME] : &tx[M_TIME];
	int64_t v, us;

	kt_set_position_text(r, text(&tx[M_LAT]), text(&tx[M_LON]));
	if (time->state == KT_TL_SET && kt_parse_scaled(time->p, time->len, 0, &v) == 0 && v > 0 &&
	    kt_epoch_us(KT_EPOCH_UNIX_MS, v, 0, &us)) {
		kt_set_utc(r, us);
		if (time == &tx[M_TIME]) /* no time of the fix: when the message was written */
			kt_rec_str(r, KT_F_TIME_MEANING, "message-written", 15);
	}
	kt_tl_set_accuracy(r, &tx[M_ACCURACY]);
	kt_tl_add_milli(r, KT_F_SPEED_MM_S, &tx[M_SPEED], 0);
	kt_tl_add_milli(r, KT_F_ALTITUDE_MM, &tx[M_ALTITUDE], INT64_MIN);
	kt_tl_add_milli(r, KT_F_HEADING_MDEG, &tx[M_COURSE], 0);
	kt_tl_add_text(r, KT_F_PLACE_NAME, &tx[M_CITY]);
	kt_rec_str(r, KT_F_ORIGIN, "ride-app-message", 16);
	kt_raw_add(raw, "", text(&tx[M_LAT]));
	kt_raw_add(raw, ", ", text(&tx[M_LON]));
	kt_raw_add(raw, " | ", text(time));
}

static int message(struct uber *u, struct kt_rows *rows)
{
	struct kt_locator loc = kt_rows_locator(rows, "message", 0);
	struct kt_raw raw = {.len = 0};
	struct bytes b = {NULL, 0};
	struct kt_record rec;
	struct kt_err own = {0};
	int r;

	kt_seen(u->ctx, 1);
	if (!kt_rows_blob(rows, 1, &b.p, &b.n))
		return kt_tally_add(&u->skip[BAD_MESSAGE], &loc);
	if (b.n > MESSAGE_MAX)
		return kt_tally_add(&u->skip[TOO_LONG], &loc);
	u->t.err = &own;
	r = read_message(u, b);
	u->t.err = u->err;
	if (r == KT_E_NOMEM)
		return KT_FAIL(u->err, r, "no memory for a message");
	if (r < 0) {
		kt_err_clear(u->err);
		return kt_tally_add(&u->skip[BAD_MESSAGE], &loc);
	}
	if (u->tx[M_LAT].state != KT_TL_SET || u->tx[M_LON].state != KT_TL_SET)
		return kt_tally_add(&u->skip[NO_POSITION], &loc);
	kt_rec_init(&rec, KT_REC_POSITION, KT_BASIS_MEASURED);
	set_gps(u, &rec, &raw);
	rec.raw = kt_raw_str(&raw);
	rec.loc = loc;
	return kt_emit(u->ctx, &rec, u->err);
}

static int messages(struct uber *u)
{
	static const char *const columns[] = {"content"};
	struct kt_rows rows;
	int r = kt_sql_select(u->db, &rows, "message", columns, 1, NULL, u->err);

	if (r < 0)
		return r;
	while ((r = kt_rows_next(&rows, u->err)) == 1) {
		r = message(u, &rows);
		if (r < 0)
			break;
	}
	kt_rows_end(&rows);
	return r;
}

static int database(struct uber *u)
{
	bool place = kt_sql_column(u->db, "place", "latitude|latitude_v2") != NULL;
	int r = 0;

	if (!place && !kt_sql_has(u->db, "message", "content"))
		return KT_FAIL(u->err, KT_E_FORMAT, "not-this-kind: no tables of Uber");
	if (place)
		r = places(u);
	if (r >= 0 && place && kt_sql_has(u->db, "hits", NULL) && kt_sql_has(u->db, "place", "_id"))
		r = hits(u);
	if (r >= 0 && kt_sql_has(u->db, "message", "content"))
		r = messages(u);
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct uber *u = kt_alloc(ctx, sizeof(*u));
	int r, r2;

	if (u == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(u, 0, sizeof(*u));
	u->ctx = ctx;
	u->err = err;
	u->t.ctx = ctx;
	u->t.err = err;
	u->t.j = &u->json;
	u->t.recognised = true;
	r = kt_sql_open(ctx, &u->db, err);
	if (r < 0)
		return r;
	r = database(u);
	kt_sql_close(&u->db);
	if (r < 0 && r != KT_E_FORMAT)
		return r;
	r2 = kt_tally_flush(ctx, u->skip, why_names, WHYS, err);
	return r2 < 0 ? r2 : r;
}

const struct kt_parser kt_parser_uber = {.id = "uber", .parse = parse};
