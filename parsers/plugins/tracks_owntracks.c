/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * OwnTracks Recorder's .rec files: one line for each message, "time TAB kind TAB JSON". An element is
 * a line. A message of type location is a recorded point; one of type waypoint a place that its
 * holder set. Other messages (cards with names, configurations) are counted as not-read.
 * Values: lat, lon degrees, tst seconds since 1970, acc and vac metres, alt metres, vel km/h, cog
 * degrees, tid the two letters of the tracked device, desc the name of a waypoint.
 */
#include "parsers/plugins/tracks.h"
#include "parsers/sdk/units.h"

#include <stdio.h>

struct owntracks {
	struct track_out *o;
	struct kt_json j;
	struct track_point pt;
	struct track_text type, tst, speed_kmh;
};

struct memory {
	const char *p;
	size_t n;
};

static int memory_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct memory *m = arg;

	(void)err;
	*got = n < m->n ? n : m->n;
	memcpy(p, m->p, *got);
	m->p += *got;
	m->n -= *got;
	return 0;
}

static int member(struct owntracks *t, struct kt_err *err)
{
	static const struct {
		const char *key;
		enum track_value value;
	} names[] = {{"lat", TV_LAT},	   {"lon", TV_LON},	 {"acc", TV_ACCURACY},
		     {"vac", TV_VERTICAL}, {"alt", TV_ALTITUDE}, {"cog", TV_COURSE},
		     {"tid", TV_DEVICE}};
	struct kt_str key = {t->j.str, (uint32_t)t->j.str_len}, s;
	struct track_text *to = kt_str_is(key, "_type") ? &t->type
				: kt_str_is(key, "tst") ? &t->tst
				: kt_str_is(key, "vel") ? &t->speed_kmh
							: NULL;
	bool name = kt_str_is(key, "desc");
	int tok;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (kt_str_is(key, names[i].key))
			to = &t->pt.v[names[i].value];
	tok = kt_json_next(&t->j, err);
	if (tok < 0)
		return tok;
	if ((to == NULL && !name) || (tok != KT_JSON_STRING && tok != KT_JSON_NUMBER))
		return kt_json_skip(&t->j, tok, err);
	s = (struct kt_str){t->j.str, (uint32_t)t->j.str_len};
	if (name)
		kt_track_name(&t->pt.name, s);
	else
		kt_track_set(to, s);
	return 0;
}

/* The JSON of one line. 0, or negative when it is none. */
static int message(struct owntracks *t, struct kt_str json)
{
	struct memory m = {json.p, json.len};
	struct kt_json_src src = {memory_read, &m, 0};
	struct kt_err own = {0}; /* a bad line is counted, and ends nothing */
	int r, tok;

	kt_track_clear(&t->pt);
	t->type.len = t->tst.len = t->speed_kmh.len = 0;
	kt_json_init(&t->j, src, KT_REC_STR_MAX);
	t->j.lenient = true;
	tok = kt_json_next(&t->j, &own);
	r = tok == KT_JSON_OBJ ? 0 : KT_E_FORMAT;
	while (r == 0 && (tok = kt_json_next(&t->j, &own)) == KT_JSON_KEY)
		r = member(t, &own);
	if (r == 0 && tok < 0)
		r = tok;
	kt_json_free(&t->j);
	return r;
}

static void times_and_speed(struct owntracks *t)
{
	int64_t v;

	if (t->tst.len > 0 && kt_parse_scaled(t->tst.p, t->tst.len, 3, &v) == 0 &&
	    kt_epoch_us(KT_EPOCH_UNIX_S, v, 3, &v)) {
		t->pt.has_t = true;
		t->pt.t_us = v;
		t->pt.v[TV_TIME] = t->tst;
	}
	if (t->speed_kmh.len > 0 && kt_parse_scaled(t->speed_kmh.p, t->speed_kmh.len, 3, &v) == 0 &&
	    v >= 0 && v < INT64_C(1000000000)) {
		v = (v * 10 + 18) / 36;
		t->pt.v[TV_SPEED].len =
			(uint32_t)snprintf(t->pt.v[TV_SPEED].p, TRACK_TEXT, "%lld.%03lld",
					   (long long)(v / 1000), (long long)(v % 1000));
	}
}

static int line(struct owntracks *t, struct kt_str s, uint64_t off)
{
	const char *brace = s.len > 0 ? memchr(s.p, '{', s.len) : NULL;
	struct kt_str json;

	if (brace == NULL)
		return kt_track_skip(t->o, TRACK_NOT_READ, off, s.len);
	json = kt_str_from(s, (size_t)(brace - s.p));
	if (message(t, json) < 0)
		return kt_track_skip(t->o, TRACK_MALFORMED, off, s.len);
	if (kt_str_is(kt_track_str(&t->type), "waypoint"))
		t->pt.kind = TRACK_WAYPOINT;
	else if (kt_str_is(kt_track_str(&t->type), "location"))
		t->pt.kind = TRACK_MEASURED;
	else
		return kt_track_skip(t->o, TRACK_NOT_READ, off, s.len);
	times_and_speed(t);
	t->pt.off = off + (uint64_t)(brace - s.p);
	t->pt.len = json.len;
	t->o->known = true;
	return kt_track_emit(t->o, &t->pt);
}

int kt_track_owntracks(struct track_out *o)
{
	struct owntracks *t = kt_alloc(o->ctx, sizeof(*t));
	struct kt_lines lines;
	struct kt_str s;
	bool cut;
	int r, c = 0;

	if (t == NULL)
		return KT_FAIL(o->err, KT_E_NOMEM, "no memory for OwnTracks");
	memset(t, 0, sizeof(*t));
	t->o = o;
	kt_lines_init(&lines, o->ctx);
	while (c == 0 && (r = kt_lines_next(&lines, &s, &cut, o->err)) > 0)
		if (kt_str_trim(s).len > 0)
			c = line(t, s, lines.line_off);
	kt_lines_free(&lines);
	return c < 0 ? c : r;
}
