/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * GeoJSON (RFC 7946) as track recorders and map programs export it: longitude comes first. An
 * element is a position of a geometry. A feature's properties may stand behind its geometry, so its
 * positions wait for its end. With a time they were recorded:
 *   a Point whose properties hold a time (time, timestamp, datetime, date, when, recorded_at, tst)
 *   a line whose properties hold a list of times, one for each position (coordTimes, times, also in
 *   coordinateProperties); several lines a list of such lists
 * Everything else is a place that somebody drew. Of the properties only those named here are read.
 */
#include "parsers/plugins/tracks.h"
#include "parsers/sdk/units.h"

#include <limits.h>

#define WAIT_MAX   ((size_t)32 << 20)
#define NESTED_MAX 5u /* levels of a geometry's coordinates */

struct waiting {
	uint64_t off, len;
	struct track_text lon, lat, alt;
	bool line, area;
	unsigned part;
};

struct dated {
	struct track_text t;
	unsigned part; /* the line that it belongs to; ANY_PART: the lists are not divided */
};
#define ANY_PART UINT_MAX

struct geo {
	struct track_out *o;
	struct kt_json *j;
	struct track_point props;      /* values of the feature's properties */
	struct track_point pt;	       /* the point at hand */
	struct track_text number_time; /* a time that is a number */
	struct kt_buf coords, times;   /* of struct waiting, struct dated */
	unsigned part;
};

static int next(struct geo *g)
{
	return kt_json_next(g->j, g->o->err);
}

static struct kt_str token(const struct geo *g)
{
	return (struct kt_str){g->j->str, (uint32_t)g->j->str_len};
}

static bool scalar(int tok)
{
	return tok == KT_JSON_STRING || tok == KT_JSON_NUMBER;
}

/* -- coordinates ------------------------------------------------------------------------------ */

static int put(struct geo *g, struct kt_buf *b, const void *p, size_t n)
{
	int r = kt_buf_put(b, p, n);

	return r < 0 ? KT_FAIL(g->o->err, r, "GeoJSON: a feature is too long") : 0;
}

/* Behind the '[' of a position that stands at off; its first token is tok. */
static int position(struct geo *g, uint64_t off, int tok)
{
	struct waiting w = {.off = off, .part = g->part};
	unsigned i = 0;

	for (; tok != KT_JSON_ARR_END; tok = next(g), i++) {
		if (tok < 0)
			return tok;
		if (tok != KT_JSON_NUMBER) {
			tok = kt_json_skip(g->j, tok, g->o->err);
			if (tok < 0)
				return tok;
			continue;
		}
		if (i < 3)
			kt_track_set(i == 0 ? &w.lon : i == 1 ? &w.lat : &w.alt, token(g));
	}
	w.len = g->j->tok_end - off;
	return put(g, &g->coords, &w, sizeof(w));
}

/* The value of "coordinates": a position, or lists of them, lists of lists ... */
static int coordinates(struct geo *g, int tok)
{
	unsigned depth = 0;
	uint64_t off = 0;
	int r = 0;

	if (tok != KT_JSON_ARR)
		return kt_json_skip(g->j, tok, g->o->err);
	do {
		if (tok == KT_JSON_ARR) {
			off = g->j->tok_off;
			if (++depth > NESTED_MAX)
				return KT_FAIL(g->o->err, KT_E_FORMAT,
					       "GeoJSON: coordinates nested too deep");
			tok = next(g);
			if (tok == KT_JSON_NUMBER || tok == KT_JSON_NULL) {
				r = position(g, off, tok);
				depth--;
				tok = r < 0 ? r : depth > 0 ? next(g) : KT_JSON_ARR_END;
			}
		} else if (tok == KT_JSON_ARR_END) {
			g->part++;
			if (--depth > 0)
				tok = next(g);
		} else if (tok >= 0) {
			r = kt_json_skip(g->j, tok, g->o->err);
			tok = r < 0 ? r : next(g);
		}
	} while (tok >= 0 && depth > 0);
	return tok < 0 ? tok : 0;
}

/* Marks the positions that came with one geometry, once its type is known. */
static void mark(struct geo *g, size_t from, struct kt_str type)
{
	bool area = kt_str_is(type, "Polygon") || kt_str_is(type, "MultiPolygon");
	bool line = kt_str_is(type, "LineString") || kt_str_is(type, "MultiLineString");

	for (size_t i = from; i + sizeof(struct waiting) <= g->coords.len;
	     i += sizeof(struct waiting)) {
		struct waiting *w = (struct waiting *)(void *)(g->coords.p + i);

		w->area = area;
		w->line = line;
	}
}

static int geometry(struct geo *g, int tok, bool many_allowed);

/* The list of a GeometryCollection; collections in collections are passed over. */
static int geometries(struct geo *g, int tok)
{
	if (tok != KT_JSON_ARR)
		return kt_json_skip(g->j, tok, g->o->err);
	while ((tok = next(g)) != KT_JSON_ARR_END) {
		int r = tok < 0 ? tok : geometry(g, tok, false);

		if (r < 0)
			return r;
	}
	return 0;
}

static int geometry(struct geo *g, int tok, bool many_allowed)
{
	struct track_text type = {.len = 0};
	size_t from = g->coords.len;
	bool many = false;

	if (tok != KT_JSON_OBJ)
		return kt_json_skip(g->j, tok, g->o->err);
	while ((tok = next(g)) == KT_JSON_KEY) {
		struct kt_str key = token(g);
		bool is_type = kt_str_is(key, "type"), coords = kt_str_is(key, "coordinates");
		bool list = many_allowed && kt_str_is(key, "geometries");

		tok = next(g);
		if (tok < 0)
			return tok;
		many |= list;
		if (is_type && tok == KT_JSON_STRING)
			kt_track_set(&type, token(g));
		else
			tok = coords ? coordinates(g, tok)
			      : list ? geometries(g, tok)
				     : kt_json_skip(g->j, tok, g->o->err);
		if (tok < 0)
			return tok;
	}
	if (!many)
		mark(g, from, kt_track_str(&type));
	return tok < 0 ? tok : 0;
}

/* -- properties ------------------------------------------------------------------------------- */

/* One time of a list, or what stands in its place. */
static int one_time(struct geo *g, int tok, unsigned part)
{
	struct dated d = {.t = {.len = 0}, .part = part};
	int r = 0;

	if (scalar(tok))
		kt_track_set(&d.t, token(g));
	else
		r = kt_json_skip(g->j, tok, g->o->err);
	return r < 0 ? r : put(g, &g->times, &d, sizeof(d));
}

/* A list of times; of a MultiLineString a list of lists, one for each line. */
static int time_list(struct geo *g, int tok)
{
	unsigned part = 0;
	int r = 0;

	if (tok != KT_JSON_ARR)
		return kt_json_skip(g->j, tok, g->o->err);
	while (r == 0 && (tok = next(g)) != KT_JSON_ARR_END) {
		if (tok != KT_JSON_ARR) {
			r = tok < 0 ? tok : one_time(g, tok, ANY_PART);
			continue;
		}
		while (r == 0 && (tok = next(g)) != KT_JSON_ARR_END)
			r = tok < 0 ? tok : one_time(g, tok, part);
		part++;
	}
	return r;
}

/* {"times": [...], ...}: values of the positions, gathered in one property. */
static int of_positions(struct geo *g, int tok)
{
	if (tok != KT_JSON_OBJ)
		return kt_json_skip(g->j, tok, g->o->err);
	while ((tok = next(g)) == KT_JSON_KEY) {
		bool times = kt_str_is(token(g), "times");
		int r = next(g);

		if (r >= 0)
			r = times ? time_list(g, r) : kt_json_skip(g->j, r, g->o->err);
		if (r < 0)
			return r;
	}
	return tok < 0 ? tok : 0;
}

static int properties(struct geo *g, int tok)
{
	static const struct {
		const char *key;
		enum track_value value;
	} names[] = {
		{"time", TV_TIME},
		{"timestamp", TV_TIME},
		{"datetime", TV_TIME},
		{"date", TV_TIME},
		{"when", TV_TIME},
		{"recorded_at", TV_TIME},
		{"tst", TV_TIME},
		{"altitude", TV_ALTITUDE},
		{"ele", TV_ALTITUDE},
		{"speed", TV_SPEED},
		{"velocity", TV_SPEED},
		{"bearing", TV_COURSE},
		{"course", TV_COURSE},
		{"heading", TV_COURSE},
		{"accuracy", TV_ACCURACY},
		{"horizontal_accuracy", TV_ACCURACY},
		{"vertical_accuracy", TV_VERTICAL},
		{"provider", TV_PROVIDER},
		{"device_id", TV_DEVICE},
		{"tracker_id", TV_DEVICE},
	};

	if (tok != KT_JSON_OBJ)
		return kt_json_skip(g->j, tok, g->o->err);
	while ((tok = next(g)) == KT_JSON_KEY) {
		struct kt_str key = token(g);
		bool times = kt_str_is(key, "coordTimes") || kt_str_is(key, "times");
		bool name = kt_str_is(key, "name"), of = kt_str_is(key, "coordinateProperties");
		unsigned i = 0;

		while (i < sizeof(names) / sizeof(names[0]) && !kt_str_is(key, names[i].key))
			i++;
		tok = next(g);
		if (tok < 0)
			return tok;
		if (times || of) {
			tok = times ? time_list(g, tok) : of_positions(g, tok);
		} else if (name && tok == KT_JSON_STRING) {
			kt_track_name(&g->props.name, token(g));
		} else if (i < sizeof(names) / sizeof(names[0]) && scalar(tok)) {
			if (names[i].value == TV_TIME && tok == KT_JSON_NUMBER)
				kt_track_set(&g->number_time, token(g));
			else if (g->props.v[names[i].value].len == 0)
				kt_track_set(&g->props.v[names[i].value], token(g));
		} else {
			tok = kt_json_skip(g->j, tok, g->o->err);
		}
		if (tok < 0)
			return tok;
	}
	return tok < 0 ? tok : 0;
}

/* -- a feature -------------------------------------------------------------------------------- */

/*
 * A time that is a number counts seconds or milliseconds since 1970; which one shows in its size, as
 * no count of seconds reaches a thousandth of the same moment's milliseconds before the year 5138.
 */
static bool number_time(struct track_point *p, const struct track_text *t)
{
	int64_t v, us;

	if (t->len == 0 || kt_parse_scaled(t->p, t->len, 3, &v) < 0 || v < 0)
		return false;
	if (!(v >= INT64_C(100000000000) * 1000 ? kt_epoch_us(KT_EPOCH_UNIX_MS, v, 3, &us)
						: kt_epoch_us(KT_EPOCH_UNIX_S, v, 3, &us)))
		return false;
	p->has_t = true;
	p->t_us = us;
	kt_track_set(&p->v[TV_TIME], kt_track_str(t));
	return true;
}

static int emit(struct geo *g, const struct waiting *w, const struct track_text *own_time)
{
	struct track_point *p = &g->pt;

	if (w->area)
		return kt_track_skip(g->o, TRACK_AREA, w->off, w->len);
	*p = g->props;
	p->off = w->off;
	p->len = w->len;
	p->v[TV_LAT] = w->lat;
	p->v[TV_LON] = w->lon;
	if (w->alt.len > 0)
		p->v[TV_ALTITUDE] = w->alt;
	if (w->line) {
		p->segment = w->part + 1;
		p->track = p->name;
		p->name.len = 0;
	}
	p->kind = w->line ? TRACK_LINE : TRACK_MARK;
	if (own_time != NULL && own_time->len > 0) {
		p->kind = TRACK_RECORDED;
		p->v[TV_TIME] = *own_time;
		if (kt_str_digits(kt_track_str(own_time)) == own_time->len)
			number_time(p, own_time);
	} else if (!w->line && (p->v[TV_TIME].len > 0 || number_time(p, &g->number_time))) {
		p->kind = TRACK_RECORDED;
	} else if (!w->line && g->number_time.len > 0) {
		int r = kt_track_bad_time(g->o);

		if (r < 0)
			return r;
		p->v[TV_TIME] = g->number_time; /* shown as written */
	}
	return kt_track_emit(g->o, p);
}

/*
 * The time of the ith position: the ith one; where times come in a list for each line, the one with the
 * same number in the list of its line. *at goes along. NULL: there is none.
 */
static const struct track_text *own_time(const struct geo *g, const struct waiting *w, size_t i,
					 size_t *at)
{
	const struct dated *d = (const void *)g->times.p;
	size_t n = g->times.len / sizeof(*d);

	if (n == 0)
		return NULL;
	if (d[0].part == ANY_PART)
		return i < n && d[i].part == ANY_PART ? &d[i].t : NULL;
	while (*at < n && d[*at].part < w->part)
		++*at;
	return *at < n && d[*at].part == w->part ? &d[(*at)++].t : NULL;
}

static int feature_end(struct geo *g)
{
	size_t n = g->coords.len / sizeof(struct waiting), at = 0, dated = 0;
	size_t ntimes = g->times.len / sizeof(struct dated);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		const struct waiting *w = (const void *)(g->coords.p + i * sizeof(struct waiting));
		const struct track_text *t = own_time(g, w, i, &at);

		dated += t != NULL;
		r = emit(g, w, t);
	}
	if (r == 0 && ntimes > 0 && (dated != n || dated != ntimes))
		r = kt_track_note(g->o, "times-and-positions-differ",
				  "a line holds more times than positions, or the reverse");
	return r;
}

static void feature_start(struct geo *g)
{
	kt_track_clear(&g->props);
	g->number_time.len = 0;
	g->part = 0;
	kt_buf_reset(&g->coords);
	kt_buf_reset(&g->times);
}

/* Behind the '{' of a feature, or of a geometry that stands alone. */
static int members(struct geo *g, bool *list);

static int feature_list(struct geo *g, int tok)
{
	if (tok != KT_JSON_ARR)
		return kt_json_skip(g->j, tok, g->o->err);
	while ((tok = next(g)) != KT_JSON_ARR_END) {
		uint64_t off = g->j->tok_off;
		int r;

		if (tok < 0)
			return tok;
		if (tok == KT_JSON_OBJ) {
			feature_start(g);
			r = members(g, NULL);
			if (r == 0 && g->coords.len == 0)
				r = kt_track_skip(g->o, TRACK_NO_POSITION, off,
						  g->j->tok_end - off);
			else if (r == 0)
				r = feature_end(g);
		} else {
			r = kt_json_skip(g->j, tok, g->o->err);
			if (r == 0)
				r = kt_track_skip(g->o, TRACK_MALFORMED, off, g->j->tok_end - off);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* list: of the document, which may hold features; NULL inside one. */
static int members(struct geo *g, bool *list)
{
	struct track_text kind = {.len = 0};
	bool bare = false;
	int tok, r;

	while ((tok = next(g)) == KT_JSON_KEY) {
		struct kt_str key = token(g);
		bool shape = kt_str_is(key, "geometry"), props = kt_str_is(key, "properties");
		bool type = kt_str_is(key, "type"), coords = kt_str_is(key, "coordinates");
		bool all =
			list != NULL && (kt_str_is(key, "features") || kt_str_is(key, "locations"));

		tok = next(g);
		if (tok < 0)
			return tok;
		if (all) {
			*list = true;
			r = feature_list(g, tok);
			feature_start(g);
		} else if (type && tok == KT_JSON_STRING) {
			kt_track_set(&kind, token(g));
			r = 0;
		} else {
			r = shape    ? geometry(g, tok, true)
			    : props  ? properties(g, tok)
			    : coords ? coordinates(g, tok)
				     : kt_json_skip(g->j, tok, g->o->err);
			bare |= coords;
		}
		if (r < 0)
			return r;
	}
	if (bare)
		mark(g, 0, kt_track_str(&kind));
	return tok < 0 ? tok : 0;
}

static int document(struct geo *g)
{
	uint64_t off;
	bool list = false;
	int r, tok = next(g);

	if (tok != KT_JSON_OBJ)
		return tok < 0 ? tok : KT_FAIL(g->o->err, KT_E_FORMAT, "not-this-kind: no GeoJSON");
	off = g->j->tok_off;
	g->o->known = true;
	feature_start(g);
	r = members(g, &list);
	if (r < 0)
		return r;
	if (g->coords.len > 0)
		r = feature_end(g);
	else if (!list)
		r = kt_track_skip(g->o, TRACK_NO_POSITION, off, g->j->tok_end - off);
	if (r == 0)
		r = next(g); /* nothing may follow */
	return r > 0 ? KT_FAIL(g->o->err, KT_E_FORMAT, "GeoJSON: something follows") : r;
}

int kt_track_geojson(struct track_out *o, struct kt_json_src src)
{
	struct geo *g = kt_alloc(o->ctx, sizeof(*g));
	struct kt_json *j = kt_alloc(o->ctx, sizeof(*j));
	int r;

	if (g == NULL || j == NULL)
		return KT_FAIL(o->err, KT_E_NOMEM, "no memory for GeoJSON");
	memset(g, 0, sizeof(*g));
	g->o = o;
	g->j = j;
	kt_buf_init(&g->coords, WAIT_MAX);
	kt_buf_init(&g->times, WAIT_MAX);
	kt_json_init(j, src, KT_REC_STR_MAX);
	j->lenient = true;
	r = document(g);
	kt_json_free(j);
	kt_buf_free(&g->coords);
	kt_buf_free(&g->times);
	return r;
}
