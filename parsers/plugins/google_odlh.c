/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * google-odlh: the database in which Google keeps the Timeline on the phone (odlh-storage.db), out of
 * a file-system image, on iOS perhaps out of a backup. A row holds one segment as a protocol buffer.
 * An element is one segment, or of a path each point. All of it is Google's conclusion (inferred);
 * what stands in the table of edited segments is user-edited. Page: docs/formats/google-odlh.md.
 *
 * Fields by number: 1 and 2 start and end, 4 deleted, 3.1 visit, 3.2 activity, 3.3 path. A coordinate is
 * 1e-7 degrees, as sfixed32 on Android, on iOS also seen as an unsigned varint that lost its sign.
 */
#include "parsers/plugins/raw_text.h"
#include "parsers/plugins/tally.h"
#include "parsers/sdk/proto.h"
#include "parsers/sdk/sql.h"
#include "parsers/sdk/units.h"

enum segment_type { VISIT = 1, ACTIVITY = 2, PATH = 3, MEMORY = 4, SUMMARY = 5 };

enum why { NO_POSITION, EMPTY_PATH, UNPAIRED, IS_MEMORY, IS_SUMMARY, TYPE, BLOB, WHYS };
static const char *const why_names[WHYS] = {
	"no-position",	  "empty-path",		  "unpaired-point",	    "trip-or-note",
	"period-summary", "unknown-segment-type", "segment-not-understood",
};

struct odlh {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_tally skip[WHYS];
	bool edited; /* the table at hand */
};

struct segment {
	const uint8_t *p;
	size_t n;
	bool has_start, has_end, shown, final, deleted;
	int64_t start_us, end_us, type, level;
	struct kt_str id, start, end; /* as stored */
	struct kt_locator loc;
};

/* -- the message ------------------------------------------------------------------------------ */

/* As stored; a sign that an unsigned varint lost is restored, and flagged, by kt_set_position_e7(). */
static bool coordinate(const struct kt_pb_field *f, int64_t *v)
{
	if (f->wire == KT_PB_I32)
		*v = (int32_t)f->v;
	else if (f->wire == KT_PB_VARINT)
		*v = (int64_t)f->v; /* a negative int32 is sign-extended to 64 bits */
	return f->wire == KT_PB_I32 || f->wire == KT_PB_VARINT;
}

/* {1: latitude, 2: longitude} at a path. 1, 0: not there, -1: there but of another kind. */
static int point_at(const struct segment *s, const uint32_t *path, int64_t *lat, int64_t *lon)
{
	static const uint32_t one[] = {1, 0}, two[] = {2, 0};
	struct kt_pb_field at, a, b;

	if (!kt_pb_find(s->p, s->n, path, &at))
		return 0;
	if (at.wire != KT_PB_LEN || !kt_pb_find(at.p, at.n, one, &a) ||
	    !kt_pb_find(at.p, at.n, two, &b))
		return -1;
	return coordinate(&a, lat) && coordinate(&b, lon) ? 1 : -1;
}

static bool number_at(const struct segment *s, const uint32_t *path, uint64_t *v)
{
	struct kt_pb_field f;

	if (!kt_pb_find(s->p, s->n, path, &f) || f.wire != KT_PB_VARINT)
		return false;
	*v = f.v;
	return true;
}

/* A float of the message in thousandths. */
static bool milli_at(const struct segment *s, const uint32_t *path, int64_t *v)
{
	struct kt_pb_field f;

	return kt_pb_find(s->p, s->n, path, &f) && f.wire == KT_PB_I32 &&
	       kt_double_scaled(kt_pb_float(&f), 3, v);
}

/* Are all fields of the message readable? Its inner ones are looked at when they are needed. */
static bool readable(const struct segment *s)
{
	struct kt_err own = {0};
	struct kt_pb_field f;
	struct kt_pb pb;
	int r;

	kt_pb_init(&pb, s->p, s->n);
	while ((r = kt_pb_next(&pb, &f, &own)) == 1)
		;
	return r == 0;
}

/* -- records ---------------------------------------------------------------------------------- */

static void put_number(struct kt_raw *t, const char *what, int64_t v, bool thousandths)
{
	struct kt_buf b;

	kt_buf_init(&b, 64);
	if (thousandths)
		kt_buf_printf(&b, "%s%lld.%03lld", what, (long long)(v / 1000),
			      (long long)(v % 1000));
	else
		kt_buf_printf(&b, "%s%lld", what, (long long)v);
	kt_raw_add(t, ", ", (struct kt_str){(const char *)b.p, (uint32_t)b.len});
	kt_buf_free(&b);
}

static void add_probability(struct kt_raw *t, const char *what, const struct segment *s,
			    const uint32_t *path)
{
	int64_t v;

	if (milli_at(s, path, &v) && v >= 0 && v <= 1000)
		put_number(t, what, v, true);
}

static void begin(const struct odlh *o, struct kt_record *r, enum kt_rec_type type,
		  const struct segment *s)
{
	const char *origin = o->edited	 ? "timeline-edit"
			     : !s->shown ? "timeline-hidden"
			     : !s->final ? "timeline-provisional"
					 : "timeline";

	kt_rec_init(r, type, o->edited ? KT_BASIS_USER_EDITED : KT_BASIS_INFERRED);
	kt_rec_str(r, KT_F_ORIGIN, origin, strlen(origin));
	if (s->id.p != NULL)
		kt_rec_str(r, KT_F_ITEM_ID, s->id.p, s->id.len);
	if (s->deleted)
		r->flags |= KT_FLAG_TRASHED;
	r->loc = s->loc;
}

static void set_span(struct kt_record *r, const struct segment *s)
{
	if (s->has_start)
		kt_set_utc(r, s->start_us);
	if (s->has_start && s->has_end && s->end_us >= s->start_us)
		kt_set_end(r, s->end_us);
	else if (s->has_start && s->has_end)
		r->flags |= KT_FLAG_IMPLAUSIBLE_TIME;
}

static void raw_span(struct kt_raw *raw, const struct segment *s)
{
	kt_raw_add(raw, " | ", s->start);
	kt_raw_add(raw, " | ", s->end);
}

/* Feature id: two 64-bit halves, as they are stored. */
static void add_place_id(struct kt_record *r, const struct segment *s, struct kt_buf *b)
{
	static const uint32_t high[] = {3, 1, 4, 1, 1, 0}, low[] = {3, 1, 4, 1, 2, 0};
	struct kt_pb_field h, l;

	if (!kt_pb_find(s->p, s->n, high, &h) || !kt_pb_find(s->p, s->n, low, &l) ||
	    h.wire != KT_PB_I64 || l.wire != KT_PB_I64)
		return;
	kt_buf_printf(b, "0x%016llx:0x%016llx", (unsigned long long)h.v, (unsigned long long)l.v);
	kt_rec_str(r, KT_F_PLACE_ID, (const char *)b->p, b->len);
}

/* SemanticType of the message. */
static const char *label(uint64_t v)
{
	static const char *const names[] = {"UNKNOWN",	       "HOME",		"WORK",
					    "INFERRED_HOME",   "INFERRED_WORK", "SEARCHED_ADDRESS",
					    "ALIASED_LOCATION"};

	return v < sizeof(names) / sizeof(names[0]) ? names[v] : NULL;
}

static int visit(struct odlh *o, const struct segment *s)
{
	static const uint32_t place[] = {3, 1, 4, 5, 0}, sure[] = {3, 1, 2, 0},
			      place_sure[] = {3, 1, 4, 3, 0}, semantic[] = {3, 1, 4, 2, 0};
	struct kt_raw raw = {.len = 0}, figures = {.len = 0};
	struct kt_record r;
	struct kt_buf id;
	int64_t lat, lon;
	uint64_t v;
	int rc, at = point_at(s, place, &lat, &lon);

	begin(o, &r, KT_REC_VISIT, s);
	kt_buf_init(&id, 64);
	add_place_id(&r, s, &id);
	if (at == 0 && kt_rec_attr(&r, KT_F_PLACE_ID) == NULL) {
		kt_buf_free(&id);
		return kt_tally_add(&o->skip[NO_POSITION], &s->loc);
	}
	if (at == 1) {
		kt_set_position_e7(&r, lat, lon);
		put_number(&raw, "", lat, false);
		put_number(&raw, "", lon, false);
	} else if (at < 0) {
		kt_set_unusable(&r, "malformed-position");
	}
	set_span(&r, s);
	if (number_at(s, semantic, &v) && label(v) != NULL)
		kt_rec_str(&r, KT_F_PLACE_LABEL, label(v), strlen(label(v)));
	add_probability(&figures, "visit ", s, sure);
	add_probability(&figures, "place ", s, place_sure);
	kt_rec_str(&r, KT_F_PROBABILITY, figures.p, figures.len);
	kt_rec_int(&r, KT_F_HIERARCHY_LEVEL, s->level);
	if (s->level > 0) /* a place inside the place of level 0, for the same time */
		r.flags |= KT_FLAG_DUPLICATE;
	raw_span(&raw, s);
	r.raw = kt_raw_str(&raw);
	rc = kt_emit(o->ctx, &r, o->err);
	kt_buf_free(&id);
	return rc;
}

static int activity(struct odlh *o, const struct segment *s)
{
	static const uint32_t from[] = {3, 2, 1, 0}, to[] = {3, 2, 2, 0}, metres[] = {3, 2, 3, 0},
			      kind[] = {3, 2, 6, 1, 0}, kind_sure[] = {3, 2, 6, 2, 0};
	struct kt_raw raw = {.len = 0}, figures = {.len = 0}, type = {.len = 0};
	int64_t lat = 0, lon = 0, lat2 = 0, lon2 = 0, mm;
	int a = point_at(s, from, &lat, &lon), b = point_at(s, to, &lat2, &lon2);
	struct kt_record r, end;
	uint64_t v;

	if (a == 0 && b == 0)
		return kt_tally_add(&o->skip[NO_POSITION], &s->loc);
	begin(o, &r, KT_REC_MOVEMENT, s);
	if (a == 1) {
		kt_set_position_e7(&r, lat, lon);
		put_number(&raw, "", lat, false);
		put_number(&raw, "", lon, false);
	} else if (a < 0) {
		kt_set_unusable(&r, "malformed-position");
	}
	kt_rec_init(&end, KT_REC_MOVEMENT, KT_BASIS_INFERRED);
	if (b == 1)
		kt_set_position_e7(&end, lat2, lon2);
	if (end.pos_state == KT_POS_OK) {
		kt_rec_int(&r, KT_F_END_LAT_E7, end.lat_e7);
		kt_rec_int(&r, KT_F_END_LON_E7, end.lon_e7);
		r.flags |= end.flags;
		put_number(&raw, "to ", lat2, false);
		put_number(&raw, "", lon2, false);
	}
	set_span(&r, s);
	if (milli_at(s, metres, &mm) && mm >= 0)
		kt_rec_int(&r, KT_F_DISTANCE_MM, mm);
	if (number_at(s, kind, &v) && v <= 1000) { /* what the numbers mean is not published */
		put_number(&type, "activity-type ", (int64_t)v, false);
		kt_rec_str(&r, KT_F_ACTIVITY, type.p, type.len);
	}
	add_probability(&figures, "type ", s, kind_sure);
	kt_rec_str(&r, KT_F_PROBABILITY, figures.p, figures.len);
	raw_span(&raw, s);
	r.raw = kt_raw_str(&raw);
	return kt_emit(o->ctx, &r, o->err);
}

/* -- paths ------------------------------------------------------------------------------------ */

static bool packed(const struct segment *s, uint32_t number, struct kt_pb_field *f)
{
	const uint32_t path[] = {3, 3, number, 0};

	if (kt_pb_find(s->p, s->n, path, f) && f->wire == KT_PB_LEN)
		return true;
	f->n = 0;
	return false;
}

/* The next packed varint; false at the end. */
static bool next_varint(const uint8_t **p, const uint8_t *end, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
		uint8_t c = *(*p)++;

		*v |= (uint64_t)(c & 0x7f) << shift;
		if ((c & 0x80) == 0)
			return true;
	}
	*p = end;
	return false;
}

static int path_point(struct odlh *o, const struct segment *s, int32_t lat, int32_t lon,
		      const uint64_t *minutes)
{
	struct kt_raw raw = {.len = 0};
	struct kt_record r;
	int64_t us;

	kt_seen(o->ctx, 1);
	begin(o, &r, KT_REC_POSITION, s);
	kt_set_position(&r, lat, lon);
	put_number(&raw, "", lat, false);
	put_number(&raw, "", lon, false);
	kt_raw_add(&raw, " | ", s->start);
	if (minutes != NULL && s->has_start && *minutes <= 60 * 24 * 366 &&
	    !__builtin_add_overflow(s->start_us, (int64_t)*minutes * 60 * KT_US_PER_S, &us)) {
		kt_set_utc(&r, us);
		put_number(&raw, "+ minutes ", (int64_t)*minutes, false);
	} else { /* somewhere in the segment's time */
		set_span(&r, s);
		kt_rec_str(&r, KT_F_TIME_MEANING, "within-segment", 14);
	}
	r.raw = kt_raw_str(&raw);
	return kt_emit(o->ctx, &r, o->err);
}

static int path(struct odlh *o, const struct segment *s)
{
	struct kt_pb_field lat, lon, off;
	const uint8_t *p, *end;
	size_t n, m;
	int r = 0;

	packed(s, 4, &lat);
	packed(s, 5, &lon);
	p = packed(s, 6, &off) ? off.p : NULL;
	end = p != NULL ? p + off.n : NULL;
	n = lat.n / 4 < lon.n / 4 ? lat.n / 4 : lon.n / 4;
	m = lat.n / 4 > lon.n / 4 ? lat.n / 4 : lon.n / 4;
	if (m == 0) {
		kt_seen(o->ctx, 1);
		return kt_tally_add(&o->skip[EMPTY_PATH], &s->loc);
	}
	for (size_t i = 0; i < n && r >= 0; i++) {
		uint64_t minutes;
		bool has = p != NULL && next_varint(&p, end, &minutes);

		r = path_point(o, s, (int32_t)kt_get_le32(lat.p + 4 * i),
			       (int32_t)kt_get_le32(lon.p + 4 * i), has ? &minutes : NULL);
	}
	if (r >= 0 && m > n) {
		kt_seen(o->ctx, m - n);
		kt_tally_add(&o->skip[UNPAIRED], &s->loc);
		o->skip[UNPAIRED].n += m - n - 1;
	}
	return r;
}

/* -- tables ----------------------------------------------------------------------------------- */

enum { C_ID = 1, C_TYPE, C_BLOB, C_START, C_END, C_LEVEL, C_SHOWN, C_FINAL };

static int segment(struct odlh *o, const struct segment *s)
{
	enum why why;

	if (s->type == PATH && s->p != NULL && readable(s))
		return path(o, s);
	kt_seen(o->ctx, 1);
	if (s->type == MEMORY || s->type == SUMMARY || s->type < VISIT || s->type > SUMMARY)
		why = s->type == MEMORY ? IS_MEMORY : s->type == SUMMARY ? IS_SUMMARY : TYPE;
	else if (s->p == NULL || !readable(s))
		why = BLOB;
	else
		return s->type == VISIT ? visit(o, s) : activity(o, s);
	return kt_tally_add(&o->skip[why], &s->loc);
}

static void read_row(struct kt_rows *rows, const char *table, bool edited, struct segment *s)
{
	static const uint32_t deleted[] = {4, 0};
	uint64_t gone;
	int64_t v;

	memset(s, 0, sizeof(*s));
	s->loc = kt_rows_locator(rows, table, 0);
	s->id = kt_rows_raw(rows, C_ID);
	s->start = kt_rows_raw(rows, C_START);
	s->end = kt_rows_raw(rows, C_END);
	if (!kt_rows_int(rows, C_TYPE, &s->type))
		s->type = 0;
	if (!kt_rows_blob(rows, C_BLOB, &s->p, &s->n))
		s->p = NULL;
	s->has_start = kt_rows_time(rows, C_START, KT_EPOCH_UNIX_S, &s->start_us);
	s->has_end = kt_rows_time(rows, C_END, KT_EPOCH_UNIX_S, &s->end_us);
	if (!kt_rows_int(rows, C_LEVEL, &s->level))
		s->level = 0;
	/* a table without these columns shows what it holds, and it is final */
	s->shown = edited || !kt_rows_int(rows, C_SHOWN, &v) || v != 0;
	s->final = edited || !kt_rows_int(rows, C_FINAL, &v) || v != 0;
	s->deleted = s->p != NULL && number_at(s, deleted, &gone) && gone != 0;
}

static int segments(struct odlh *o, struct kt_sql *db, const char *table, bool edited)
{
	static const char *const columns[] = {"segment_id",
					      "segment_type",
					      "semantic_segment",
					      "start_timestamp_seconds",
					      "end_timestamp_seconds",
					      "hierarchy_level",
					      "shown_in_timeline",
					      "is_finalized"};
	struct kt_rows rows;
	struct segment s;
	int r = kt_sql_select(db, &rows, table, columns, edited ? 6 : 8, NULL, o->err);

	if (r < 0)
		return r;
	o->edited = edited;
	while ((r = kt_rows_next(&rows, o->err)) == 1) {
		read_row(&rows, table, edited, &s);
		r = segment(o, &s);
		if (r < 0)
			break;
	}
	kt_rows_end(&rows);
	return r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct odlh *o = kt_alloc(ctx, sizeof(*o));
	struct kt_sql *db;
	int r, r2;

	if (o == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(o, 0, sizeof(*o));
	o->ctx = ctx;
	o->err = err;
	r = kt_sql_open(ctx, &db, err);
	if (r < 0)
		return r;
	if (kt_sql_has(db, "semantic_segment_table", "semantic_segment"))
		r = segments(o, db, "semantic_segment_table", false);
	else
		r = KT_FAIL(err, KT_E_FORMAT, "not-this-kind: no table of Timeline segments");
	if (r >= 0 && kt_sql_has(db, "edited_segment_table", "semantic_segment"))
		r = segments(o, db, "edited_segment_table", true);
	kt_sql_close(&db);
	if (r < 0 && r != KT_E_FORMAT)
		return r;
	r2 = kt_tally_flush(ctx, o->skip, why_names, WHYS, err);
	return r2 < 0 ? r2 : r;
}

const struct kt_parser kt_parser_google_odlh = {.id = "google-odlh", .parse = parse};
