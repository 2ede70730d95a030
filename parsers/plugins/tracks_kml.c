/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * KML 2.2 and 2.3 (OGC 12-007r2) with Google's gx extensions: points of Placemarks and of gx:Track.
 * Longitude comes first. In a gx:Track the nth time belongs to the nth position; the two lists can
 * differ in length. A Placemark's time may stand behind its shape, so shapes wait for its end.
 *
 *   gx:coord with its when            POSITION, measured
 *   Point with a TimeStamp            POSITION, measured
 *   Point with a TimeSpan             VISIT, the source's own conclusion
 *   line with a TimeSpan              its first point: MOVEMENT, the same; the others as below
 *   line or Point without a time      PLACE: somebody drew it, or nothing tells who measured it
 *   Polygon                           skipped (area-not-read)
 *
 * Names of placemarks and their addresses are read; descriptions and extended data never.
 */
#include "parsers/plugins/tracks.h"
#include "parsers/sdk/units.h"
#include "parsers/sdk/xml.h"

#define LINE_MAX   ((size_t)4 << 20)  /* bytes of one list of coordinates */
#define SHAPES_MAX ((size_t)8 << 20)  /* of one placemark */
#define WAIT_MAX   ((size_t)32 << 20) /* times or positions that wait for their partner */

enum shape { SHAPE_POINT = 0, SHAPE_LINE, SHAPE_AREA };

/* A list of coordinates that waits for the end of its placemark; its text stands behind it. */
struct waiting_shape {
	uint64_t off, len;
	uint32_t text;
	uint8_t kind, cut;
};

struct waiting_time {
	uint64_t off, len;
	struct track_text text;
};

struct waiting_coord {
	uint64_t off, len;
	struct track_text lat, lon, alt;
};

struct kml {
	struct track_out *o;
	unsigned mark_depth; /* Placemark; 0: none is open */
	struct track_name name, address;
	struct track_text at, begin, end; /* TimeStamp, TimeSpan */
	enum shape shape;
	struct kt_buf shapes;
	unsigned track_depth; /* gx:Track */
	unsigned segment;
	struct kt_buf times, coords; /* waiting ones */
	size_t times_used, coords_used;
	struct track_point pt;
};

/* -- coordinates ------------------------------------------------------------------------------ */

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The next word of s, which is shortened; words end at blanks. */
static struct kt_str word(struct kt_str *s)
{
	struct kt_str w;
	size_t n = 0;

	while (s->len > 0 && blank(s->p[0]))
		*s = kt_str_from(*s, 1);
	while (n < s->len && !blank(s->p[n]))
		n++;
	w = kt_str_upto(*s, n);
	*s = kt_str_from(*s, n);
	return w;
}

static struct kt_str until_comma(struct kt_str *s)
{
	const char *comma = s->len > 0 ? memchr(s->p, ',', s->len) : NULL;
	size_t n = comma != NULL ? (size_t)(comma - s->p) : s->len;
	struct kt_str w = kt_str_upto(*s, n);

	*s = kt_str_from(*s, comma != NULL ? n + 1 : n);
	return w;
}

/* "lon,lat[,alt]" into the point. */
static void tuple(struct track_point *p, struct kt_str s)
{
	kt_track_set(&p->v[TV_LON], until_comma(&s));
	kt_track_set(&p->v[TV_LAT], until_comma(&s));
	kt_track_set(&p->v[TV_ALTITUDE], until_comma(&s));
}

static void start(struct kml *k, enum track_kind kind, uint64_t off, uint64_t len)
{
	kt_track_clear(&k->pt);
	k->pt.kind = kind;
	k->pt.off = off;
	k->pt.len = len;
}

/* -- gx:Track --------------------------------------------------------------------------------- */

static int emit_coord(struct kml *k, const struct waiting_coord *c, const struct track_text *time)
{
	start(k, TRACK_RECORDED, c->off, c->len);
	k->pt.v[TV_LAT] = c->lat;
	k->pt.v[TV_LON] = c->lon;
	k->pt.v[TV_ALTITUDE] = c->alt;
	if (time != NULL)
		k->pt.v[TV_TIME] = *time;
	k->pt.track = k->name;
	k->pt.segment = k->segment;
	return kt_track_emit(k->o, &k->pt);
}

static struct waiting_time *next_time(struct kml *k)
{
	return k->times.len > k->times_used
		       ? (struct waiting_time *)(void *)(k->times.p + k->times_used)
		       : NULL;
}

static struct waiting_coord *next_coord(struct kml *k)
{
	return k->coords.len > k->coords_used
		       ? (struct waiting_coord *)(void *)(k->coords.p + k->coords_used)
		       : NULL;
}

static void drop_used(struct kt_buf *b, size_t *used)
{
	if (*used == b->len || *used >= 1 << 20) {
		kt_buf_consume(b, *used);
		*used = 0;
	}
}

static int put_waiting(struct kml *k, struct kt_buf *b, const void *p, size_t n)
{
	int r = kt_buf_put(b, p, n);

	if (r < 0)
		return KT_FAIL(k->o->err, r,
			       "KML: a track whose times and positions stand apart "
			       "is too long");
	return 0;
}

/* Times and positions that have met. */
static int pair(struct kml *k)
{
	struct waiting_time *t;
	struct waiting_coord *c;
	int r = 0;

	while (r == 0 && (t = next_time(k)) != NULL && (c = next_coord(k)) != NULL) {
		r = emit_coord(k, c, &t->text);
		k->times_used += sizeof(*t);
		k->coords_used += sizeof(*c);
	}
	drop_used(&k->times, &k->times_used);
	drop_used(&k->coords, &k->coords_used);
	return r;
}

static int track_when(struct kml *k, const struct kt_xml_event *ev)
{
	struct waiting_time t = {.off = ev->open_off, .len = ev->off - ev->open_off};
	int r;

	kt_track_set(&t.text, ev->text);
	r = put_waiting(k, &k->times, &t, sizeof(t));
	return r < 0 ? r : pair(k);
}

static int track_coord(struct kml *k, const struct kt_xml_event *ev)
{
	struct waiting_coord c = {.off = ev->open_off, .len = ev->off - ev->open_off};
	struct kt_str s = ev->text;
	int r;

	kt_track_set(&c.lon, word(&s));
	kt_track_set(&c.lat, word(&s));
	kt_track_set(&c.alt, word(&s));
	r = put_waiting(k, &k->coords, &c, sizeof(c));
	return r < 0 ? r : pair(k);
}

/* The end of a track: what has no partner. */
static int track_end(struct kml *k)
{
	struct waiting_coord *c;
	struct waiting_time *t;
	int r = 0;

	if (next_time(k) != NULL || next_coord(k) != NULL)
		r = kt_track_note(k->o, "times-and-positions-differ",
				  "a track holds more times than positions, or the reverse");
	while (r == 0 && (c = next_coord(k)) != NULL) {
		r = emit_coord(k, c, NULL);
		k->coords_used += sizeof(*c);
	}
	while (r == 0 && (t = next_time(k)) != NULL) {
		r = kt_track_skip(k->o, TRACK_TIME_ALONE, t->off, t->len);
		k->times_used += sizeof(*t);
	}
	kt_buf_reset(&k->times);
	kt_buf_reset(&k->coords);
	k->times_used = k->coords_used = 0;
	k->track_depth = 0;
	return r;
}

/* -- placemarks ------------------------------------------------------------------------------- */

static int keep_shape(struct kml *k, const struct kt_xml_event *ev)
{
	struct waiting_shape w = {.off = ev->open_off,
				  .len = ev->off - ev->open_off,
				  .text = ev->text.len,
				  .kind = (uint8_t)k->shape,
				  .cut = ev->text_cut};

	if (k->shape == SHAPE_AREA)
		return kt_track_skip(k->o, TRACK_AREA, w.off, w.len);
	if (w.cut || k->shapes.len + sizeof(w) + w.text > SHAPES_MAX)
		return kt_track_skip(k->o, TRACK_TOO_LONG, w.off, w.len);
	kt_buf_put(&k->shapes, &w, sizeof(w));
	kt_buf_put(&k->shapes, ev->text.p, ev->text.len);
	return k->shapes.failed ? KT_FAIL(k->o->err, KT_E_NOMEM, "no memory for KML") : 0;
}

/* The time of a placemark's point, when it has one. */
static int mark_time(struct kml *k)
{
	enum kt_time_kind kind;
	int64_t us;

	if (k->at.len == 0)
		return 0;
	k->pt.v[TV_TIME] = k->at;
	if (!kt_iso_time(kt_track_str(&k->at), &us, &kind, NULL))
		return kt_track_bad_time(k->o);
	k->pt.kind = TRACK_RECORDED;
	return 0;
}

/* A stay or a way, as the source concludes it: from-to, and where it ended. */
static int emit_span(struct kml *k, bool line, struct kt_str last)
{
	struct track_point end;
	struct kt_record r, e;
	enum kt_time_kind kind;
	int64_t us;
	int c;

	kt_rec_init(&r, line ? KT_REC_MOVEMENT : KT_REC_VISIT, KT_BASIS_INFERRED);
	kt_set_position_text(&r, kt_track_str(&k->pt.v[TV_LAT]), kt_track_str(&k->pt.v[TV_LON]));
	if (kt_iso_time(kt_track_str(&k->begin), &us, &kind, NULL)) {
		if (kind == KT_TIME_UTC)
			kt_set_utc(&r, us);
		else
			kt_set_local(&r, us);
	}
	if (r.time_kind == KT_TIME_UTC && kt_iso_time(kt_track_str(&k->end), &us, &kind, NULL) &&
	    kind == KT_TIME_UTC)
		kt_set_end(&r, us);
	if (line) {
		kt_track_clear(&end);
		tuple(&end, last);
		kt_rec_init(&e, KT_REC_PLACE, KT_BASIS_STATED);
		kt_set_position_text(&e, kt_track_str(&end.v[TV_LAT]),
				     kt_track_str(&end.v[TV_LON]));
		if (e.pos_state == KT_POS_OK) {
			kt_rec_int(&r, KT_F_END_LAT_E7, e.lat_e7);
			kt_rec_int(&r, KT_F_END_LON_E7, e.lon_e7);
		}
	}
	kt_rec_str(&r, KT_F_PLACE_NAME, k->name.p, k->name.len);
	kt_rec_str(&r, KT_F_ADDRESS, k->address.p, k->address.len);
	kt_rec_str(&r, KT_F_ORIGIN, "time-span", 9);
	r.raw = kt_track_str(&k->begin);
	c = r.time_kind == KT_TIME_NONE ? kt_track_bad_time(k->o) : 0;
	return c < 0 ? c : kt_track_record(k->o, &r, k->pt.off, k->pt.len);
}

static struct kt_str last_word(struct kt_str s)
{
	size_t n;

	while (s.len > 0 && blank(s.p[s.len - 1]))
		s.len--;
	for (n = s.len; n > 0 && !blank(s.p[n - 1]);)
		n--;
	return kt_str_from(s, n);
}

static int emit_shape(struct kml *k, const struct waiting_shape *w, struct kt_str s)
{
	bool line = w->kind == SHAPE_LINE, span = k->begin.len > 0;
	struct kt_str t, last = last_word(s);
	unsigned n = 0;
	int r = 0;

	while (r == 0 && (t = word(&s)).len > 0) {
		start(k, line ? TRACK_LINE : TRACK_MARK, w->off, w->len);
		tuple(&k->pt, t);
		if (k->pt.v[TV_LAT].len > 0 && span && n == 0) {
			r = emit_span(k, line, last);
		} else {
			r = line ? 0 : mark_time(k);
			if (r < 0)
				return r;
			if (line)
				k->pt.track = k->name;
			else
				k->pt.name = k->name;
			r = kt_track_emit(k->o, &k->pt);
		}
		n++;
	}
	if (r == 0 && n == 0)
		r = kt_track_skip(k->o, TRACK_NO_POSITION, w->off, w->len);
	return r;
}

static int mark_end(struct kml *k)
{
	size_t at = 0;
	int r = 0;

	while (r == 0 && k->shapes.len - at >= sizeof(struct waiting_shape)) {
		struct waiting_shape w;
		struct kt_str s;

		memcpy(&w, k->shapes.p + at, sizeof(w));
		at += sizeof(w);
		s.p = (const char *)k->shapes.p + at;
		s.len = w.text;
		at += w.text;
		r = emit_shape(k, &w, s);
	}
	kt_buf_reset(&k->shapes);
	k->mark_depth = 0;
	return r;
}

/* -- events ----------------------------------------------------------------------------------- */

static int on_open(struct kml *k, const struct kt_xml_event *ev)
{
	if (ev->depth == 1) {
		if (!kt_str_is(ev->name, "kml") && !kt_str_is(ev->name, "Document"))
			return KT_FAIL(k->o->err, KT_E_FORMAT, "not-this-kind: no KML file");
		k->o->known = true;
	} else if (kt_str_is(ev->name, "Placemark")) {
		k->mark_depth = ev->depth;
		k->name.len = k->address.len = 0;
		k->at.len = k->begin.len = k->end.len = 0;
		k->segment = 0;
	} else if (kt_str_is(ev->name, "Track")) {
		k->track_depth = ev->depth;
		k->segment++;
	} else if (kt_str_is(ev->name, "Point")) {
		k->shape = SHAPE_POINT;
	} else if (kt_str_is(ev->name, "LineString")) {
		k->shape = SHAPE_LINE;
	} else if (kt_str_is(ev->name, "LinearRing")) {
		k->shape = SHAPE_AREA;
	}
	return 0;
}

/* Direct children of a placemark, and the times two levels below it. */
static void mark_value(struct kml *k, const struct kt_xml_event *ev)
{
	unsigned below = ev->depth - k->mark_depth;

	if (below == 1 && kt_str_is(ev->name, "name"))
		kt_track_name(&k->name, ev->text);
	else if (below == 1 && kt_str_is(ev->name, "address"))
		kt_track_name(&k->address, ev->text);
	else if (below == 2 && kt_str_is(ev->name, "when"))
		kt_track_set(&k->at, ev->text);
	else if (below == 2 && kt_str_is(ev->name, "begin"))
		kt_track_set(&k->begin, ev->text);
	else if (below == 2 && kt_str_is(ev->name, "end"))
		kt_track_set(&k->end, ev->text);
}

static int on_close(struct kml *k, const struct kt_xml_event *ev)
{
	if (k->track_depth > 0) {
		if (ev->depth == k->track_depth)
			return track_end(k);
		if (ev->depth == k->track_depth + 1 && kt_str_is(ev->name, "when"))
			return track_when(k, ev);
		if (ev->depth == k->track_depth + 1 && kt_str_is(ev->name, "coord"))
			return track_coord(k, ev);
		return 0;
	}
	if (k->mark_depth == 0)
		return 0;
	if (ev->depth == k->mark_depth)
		return mark_end(k);
	if (kt_str_is(ev->name, "coordinates"))
		return keep_shape(k, ev);
	mark_value(k, ev);
	return 0;
}

static int run(struct kml *k, struct kt_json_src src)
{
	struct kt_err *err = k->o->err;
	struct kt_xml_event ev;
	struct kt_xml *x;
	int c, r = kt_xml_open(src, &x, err);

	if (r < 0)
		return r;
	c = kt_xml_set(x, KT_XML_DEPTH, LINE_MAX, false, err);
	while (c == 0 && (r = kt_xml_next(x, &ev, err)) > 0)
		c = ev.kind == KT_XML_OPEN ? on_open(k, &ev) : on_close(k, &ev);
	kt_xml_close(&x);
	if (c == 0 && r == KT_E_FORMAT) { /* cut: what has been read is reported */
		c = track_end(k);
		if (c == 0)
			c = mark_end(k);
	}
	return c < 0 ? c : r;
}

int kt_track_kml(struct track_out *o, struct kt_json_src src)
{
	struct kml *k = kt_alloc(o->ctx, sizeof(*k));
	int r;

	if (k == NULL)
		return KT_FAIL(o->err, KT_E_NOMEM, "no memory for KML");
	memset(k, 0, sizeof(*k));
	k->o = o;
	kt_buf_init(&k->shapes, SHAPES_MAX);
	kt_buf_init(&k->times, WAIT_MAX);
	kt_buf_init(&k->coords, WAIT_MAX);
	r = run(k, src);
	kt_buf_free(&k->shapes);
	kt_buf_free(&k->times);
	kt_buf_free(&k->coords);
	return r;
}
