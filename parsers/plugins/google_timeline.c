/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * google-timeline: the location history that Google Maps exports on the phone itself, in its
 * Android form (an object with semanticSegments, rawSignals, userLocationProfile) and its iOS form
 * (a bare array of segments). Page with sources: docs/formats/google-timeline.md.
 *
 * What an element is, and what becomes of it:
 *   a point of a timelinePath       position, inferred
 *   a visit, an activity            visit, movement; inferred
 *   an entry of rawSignals          position: a measured position; everything else is skipped
 *   a segment of another kind       skipped: timeline-memory, empty-path, unknown-segment-kind
 *   an entry of userLocationProfile skipped: it has no time
 *   another member of the document  skipped: unknown-section
 * An element that the file ends in is not counted; the parse then ends with KT_E_FORMAT.
 *
 * The order of keys is arbitrary, so a segment's few short texts are kept until it closes. A path
 * that comes before its segment's start time is passed over and read again from the same bytes:
 * nothing that grows with the input is ever held.
 */
#include "parsers/plugins/google_timeline_read.h"

#include <string.h>

/* The texts of a segment; those of a visit and of an activity wait for its end. */
enum { START, END, START_OFFSET, SPAN_TEXTS };
enum { V_LEVEL = SPAN_TEXTS, V_PROB, V_PLACE, V_PLACE_PROB, V_ID, V_LABEL, VISIT_TEXTS };
enum { A_FROM = VISIT_TEXTS, A_TO, A_PROB, A_DISTANCE, A_TYPE, A_TYPE_PROB, SEGMENT_TEXTS };
/* Of a path point and of a raw position. */
enum { P_POINT, P_TIME, P_MINUTES, POINT_TEXTS };
enum { R_POINT, R_TIME, R_ACCURACY, R_ALTITUDE, R_SPEED, R_SOURCE, RAW_TEXTS };

struct segment {
	uint64_t off;
	bool visit, activity, other; /* other: a path, a memory, something malformed */
	struct kt_tl_range path;     /* waits for the start */
	struct kt_tl_text tx[SEGMENT_TEXTS];
};

/* Android wraps a place's coordinates into an object, iOS does not. rawSignals say LatLng. */
#define LAT_LNG(slot)                                                                              \
	{                                                                                          \
		{"latLng", slot, NULL}, {"LatLng", slot, NULL},                                    \
		{                                                                                  \
			NULL, KT_TL_NO_SLOT, NULL                                                  \
		}                                                                                  \
	}
static const struct kt_tl_rule point_lat_lng[] = LAT_LNG(P_POINT),
			       visit_lat_lng[] = LAT_LNG(V_PLACE), from_lat_lng[] = LAT_LNG(A_FROM),
			       to_lat_lng[] = LAT_LNG(A_TO);

static const struct kt_tl_rule point_rules[] = {
	{"point", P_POINT, point_lat_lng},
	{"time", P_TIME, NULL},
	{"durationMinutesOffsetFromStartTime", P_MINUTES, NULL}, /* iOS, instead of time */
	{NULL, KT_TL_NO_SLOT, NULL},
};

static const struct kt_tl_rule visit_candidate_rules[] = {
	{"placeLocation", V_PLACE, visit_lat_lng}, {"placeId", V_ID, NULL},
	{"placeID", V_ID, NULL} /* iOS */,	   {"semanticType", V_LABEL, NULL},
	{"probability", V_PLACE_PROB, NULL},	   {NULL, KT_TL_NO_SLOT, NULL},
};

static const struct kt_tl_rule visit_rules[] = {
	{"topCandidate", KT_TL_NO_SLOT, visit_candidate_rules},
	{"probability", V_PROB, NULL},
	{"hierarchyLevel", V_LEVEL, NULL},
	{NULL, KT_TL_NO_SLOT, NULL},
};

static const struct kt_tl_rule activity_candidate_rules[] = {
	{"type", A_TYPE, NULL},
	{"probability", A_TYPE_PROB, NULL},
	{NULL, KT_TL_NO_SLOT, NULL},
};

static const struct kt_tl_rule activity_rules[] = {
	{"start", A_FROM, from_lat_lng},
	{"end", A_TO, to_lat_lng},
	{"distanceMeters", A_DISTANCE, NULL},
	{"probability", A_PROB, NULL},
	{"topCandidate", KT_TL_NO_SLOT, activity_candidate_rules},
	{NULL, KT_TL_NO_SLOT, NULL},
};

static const struct kt_tl_rule raw_rules[] = {
	{"LatLng", R_POINT, NULL},
	{"latLng", R_POINT, NULL},
	{"timestamp", R_TIME, NULL},
	{"accuracyMeters", R_ACCURACY, NULL},
	{"altitudeMeters", R_ALTITUDE, NULL},
	{"speedMetersPerSecond", R_SPEED, NULL},
	{"source", R_SOURCE, NULL},
	{NULL, KT_TL_NO_SLOT, NULL},
};

static void set_raw(struct kt_tl *t, const struct kt_tl_text *a, const struct kt_tl_text *b,
		    const struct kt_tl_text *c, const struct kt_tl_text *d)
{
	t->raw.n = 0;
	kt_tl_join(&t->raw, " | ", a);
	kt_tl_join(&t->raw, " | ", b);
	if (c != NULL)
		kt_tl_join(&t->raw, " | ", c);
	if (d != NULL)
		kt_tl_join(&t->raw, " | ", d);
}

/* Two figures of the source, each with what it speaks of: "visit 0.98, place 0.63". */
static void add_probability(struct kt_tl_line *l, const char *what, const struct kt_tl_text *x)
{
	if (x->state != KT_TL_SET || x->len == 0)
		return;
	if (l->n > 0)
		kt_tl_puts(l, ", ");
	kt_tl_puts(l, what);
	kt_tl_join(l, "", x);
}

/* -- path points ------------------------------------------------------------------------------ */

static int path_point(struct kt_tl *t, const struct segment *s)
{
	uint64_t off = t->j->tok_off;
	struct kt_tl_text tx[POINT_TEXTS];
	const struct kt_tl_text *start = NULL;
	struct kt_record rec;
	int64_t minutes;
	int r;

	kt_tl_clear(tx, POINT_TEXTS);
	r = kt_tl_object(t, point_rules, tx);
	if (r < 0)
		return r;
	if (tx[P_POINT].state == KT_TL_NONE)
		return kt_tl_skip(t, KT_TL_S_NO_POSITION, off);
	kt_rec_init(&rec, KT_REC_POSITION, KT_BASIS_INFERRED);
	kt_tl_set_point(&rec, &tx[P_POINT]);
	if (tx[P_TIME].state != KT_TL_NONE) {
		kt_tl_set_time(&rec, &tx[P_TIME], 0, NULL);
	} else if (tx[P_MINUTES].state == KT_TL_SET) {
		start = &s->tx[START];
		if (kt_json_int(tx[P_MINUTES].p, tx[P_MINUTES].len, &minutes))
			kt_tl_set_time(&rec, start, minutes, NULL);
	}
	set_raw(t, &tx[P_POINT], &tx[P_TIME], &tx[P_MINUTES], start);
	return kt_tl_emit(t, &rec, off, t->j->tok_end);
}

/* Behind the opening bracket of a timelinePath. */
static int path_points(struct kt_tl *t, const struct segment *s)
{
	size_t base = t->path.n, len;
	uint64_t off = t->j->tok_off, i = 0;
	int r = 0, tok;

	kt_tl_puts(&t->path, ".timelinePath");
	len = t->path.n;
	while (r >= 0 && (tok = kt_json_next(t->j, t->err)) != KT_JSON_ARR_END) {
		if (tok < 0)
			return tok;
		t->path.n = len;
		kt_tl_index(&t->path, i++);
		r = tok == KT_JSON_OBJ ? path_point(t, s)
				       : kt_tl_skip_value(t, KT_TL_S_MALFORMED, tok);
	}
	t->path.n = base;
	return r < 0 || i > 0 ? r : kt_tl_skip(t, KT_TL_S_EMPTY_PATH, off);
}

static int path_again(struct kt_tl *t, int tok, const void *arg)
{
	(void)tok; /* an array, as it was the first time */
	return path_points(t, arg);
}

static int timeline_path(struct kt_tl *t, struct segment *s, int tok)
{
	int r;

	s->other = true;
	if (tok != KT_JSON_ARR)
		return kt_tl_skip_value(t, KT_TL_S_MALFORMED, tok);
	t->recognised = true;
	if (s->tx[START].state == KT_TL_SET || s->path.end != 0)
		return path_points(t, s);
	s->path.off = t->j->tok_off;
	r = kt_json_skip(t->j, tok, t->err);
	s->path.end = t->j->tok_end;
	return r;
}

/* -- segments --------------------------------------------------------------------------------- */

static int emit_visit(struct kt_tl *t, const struct segment *s, uint64_t end)
{
	const struct kt_tl_text *tx = s->tx;
	struct kt_tl_line probability = {.n = 0};
	struct kt_record rec;
	int64_t level;

	if (tx[V_PLACE].state == KT_TL_NONE && tx[V_ID].state != KT_TL_SET)
		return kt_tl_skip(t, KT_TL_S_NO_POSITION, s->off);
	kt_rec_init(&rec, KT_REC_VISIT, KT_BASIS_INFERRED);
	kt_tl_set_point(&rec, &tx[V_PLACE]);
	kt_tl_set_time(&rec, &tx[START], 0, &tx[START_OFFSET]);
	kt_tl_set_end(&rec, &tx[END]);
	kt_tl_add_text(&rec, KT_F_PLACE_ID, &tx[V_ID]);
	kt_tl_add_text(&rec, KT_F_PLACE_LABEL, &tx[V_LABEL]);
	add_probability(&probability, "visit ", &tx[V_PROB]);
	add_probability(&probability, "place ", &tx[V_PLACE_PROB]);
	kt_rec_str(&rec, KT_F_PROBABILITY, probability.p, probability.n);
	if (tx[V_LEVEL].state == KT_TL_SET && kt_json_int(tx[V_LEVEL].p, tx[V_LEVEL].len, &level)) {
		kt_rec_int(&rec, KT_F_HIERARCHY_LEVEL, level);
		if (level > 0) /* a place inside the place of level 0, for the same time */
			rec.flags |= KT_FLAG_DUPLICATE;
	}
	set_raw(t, &tx[V_PLACE], &tx[START], &tx[END], &tx[START_OFFSET]);
	return kt_tl_emit(t, &rec, s->off, end);
}

static int emit_activity(struct kt_tl *t, const struct segment *s, uint64_t end)
{
	const struct kt_tl_text *tx = s->tx;
	struct kt_tl_line probability = {.n = 0};
	struct kt_record rec;
	int64_t lat, lon;

	if (tx[A_FROM].state == KT_TL_NONE && tx[A_TO].state == KT_TL_NONE)
		return kt_tl_skip(t, KT_TL_S_NO_POSITION, s->off);
	kt_rec_init(&rec, KT_REC_MOVEMENT, KT_BASIS_INFERRED);
	kt_tl_set_point(&rec, &tx[A_FROM]);
	kt_tl_set_time(&rec, &tx[START], 0, &tx[START_OFFSET]);
	kt_tl_set_end(&rec, &tx[END]);
	if (kt_tl_lat_lng(&tx[A_TO], &lat, &lon) == 0 && lat >= -KT_E7_LAT_MAX &&
	    lat <= KT_E7_LAT_MAX && lon >= -KT_E7_LON_MAX && lon <= KT_E7_LON_MAX) {
		kt_rec_int(&rec, KT_F_END_LAT_E7, lat);
		kt_rec_int(&rec, KT_F_END_LON_E7, lon);
	}
	kt_tl_add_text(&rec, KT_F_ACTIVITY, &tx[A_TYPE]);
	add_probability(&probability, "activity ", &tx[A_PROB]);
	add_probability(&probability, "type ", &tx[A_TYPE_PROB]);
	kt_rec_str(&rec, KT_F_PROBABILITY, probability.p, probability.n);
	kt_tl_add_milli(&rec, KT_F_DISTANCE_MM, &tx[A_DISTANCE], 0);
	set_raw(t, &tx[A_FROM], &tx[A_TO], &tx[START], &tx[END]);
	return kt_tl_emit(t, &rec, s->off, end);
}

/* A visit or activity; a second one in the same segment can't be told from a mistake. */
static int segment_part(struct kt_tl *t, struct segment *s, int tok, bool *have,
			const struct kt_tl_rule *rules)
{
	if (tok != KT_JSON_OBJ || *have) {
		s->other = true;
		return kt_tl_skip_value(t, KT_TL_S_MALFORMED, tok);
	}
	*have = t->recognised = true;
	return kt_tl_object(t, rules, s->tx);
}

static int segment_member(struct kt_tl *t, struct segment *s, int which, int tok)
{
	switch (which) {
	case 0: /* the slots START, END, START_OFFSET */
	case 1:
	case 2:
		return kt_tl_take(t, tok, &s->tx[which]);
	case 3:
		return timeline_path(t, s, tok);
	case 4:
		return segment_part(t, s, tok, &s->visit, visit_rules);
	case 5:
		return segment_part(t, s, tok, &s->activity, activity_rules);
	case 6:
		s->other = t->recognised = true;
		return kt_tl_skip_value(t, KT_TL_S_MEMORY, tok);
	default:
		return kt_tl_pass(t, tok);
	}
}

static int segment(struct kt_tl *t, struct segment *s)
{
	static const char *const names[] = {
		"startTime",	  "endTime", "startTimeTimezoneUtcOffsetMinutes",
		"timelinePath",	  "visit",   "activity",
		"timelineMemory", NULL};
	uint64_t end;
	int tok, which, r;

	s->off = t->j->tok_off;
	s->visit = s->activity = s->other = false;
	s->path.end = 0;
	kt_tl_clear(s->tx, SEGMENT_TEXTS);
	while ((tok = kt_tl_member(t, names, &which)) > 0) {
		r = segment_member(t, s, which, tok);
		if (r < 0)
			return r;
	}
	if (tok < 0)
		return tok;
	end = t->j->tok_end;
	r = s->path.end != 0 ? kt_tl_again(t, &s->path, path_again, s) : 0;
	if (r == 0 && s->visit)
		r = emit_visit(t, s, end);
	if (r == 0 && s->activity)
		r = emit_activity(t, s, end);
	if (r == 0 && !s->visit && !s->activity && !s->other)
		r = kt_tl_skip(t, KT_TL_S_SEGMENT_KIND, s->off);
	return r;
}

/* -- raw signals ------------------------------------------------------------------------------ */

static int raw_position(struct kt_tl *t)
{
	uint64_t off = t->j->tok_off;
	struct kt_tl_text tx[RAW_TEXTS];
	struct kt_record rec;
	int r;

	kt_tl_clear(tx, RAW_TEXTS);
	r = kt_tl_object(t, raw_rules, tx);
	if (r < 0)
		return r;
	if (tx[R_POINT].state == KT_TL_NONE)
		return kt_tl_skip(t, KT_TL_S_NO_POSITION, off);
	kt_rec_init(&rec, KT_REC_POSITION, KT_BASIS_MEASURED);
	kt_tl_set_point(&rec, &tx[R_POINT]);
	kt_tl_set_time(&rec, &tx[R_TIME], 0, NULL);
	kt_tl_set_accuracy(&rec, &tx[R_ACCURACY]);
	kt_tl_add_text(&rec, KT_F_PROVIDER, &tx[R_SOURCE]);
	kt_tl_add_milli(&rec, KT_F_ALTITUDE_MM, &tx[R_ALTITUDE], INT64_MIN);
	kt_tl_add_milli(&rec, KT_F_SPEED_MM_S, &tx[R_SPEED], 0);
	set_raw(t, &tx[R_POINT], &tx[R_TIME], NULL, NULL);
	return kt_tl_emit(t, &rec, off, t->j->tok_end);
}

/* The scan is one element; its stations, other people's, are counted and not read. */
static int wifi_scan(struct kt_tl *t, int tok)
{
	uint64_t off = t->j->tok_off;
	unsigned depth = t->j->depth;

	if (tok != KT_JSON_OBJ)
		return kt_tl_skip_value(t, KT_TL_S_MALFORMED, tok);
	while (t->j->depth >= depth) {
		tok = kt_json_next(t->j, t->err);
		if (tok < 0)
			return tok;
		t->wifi_stations += tok == KT_JSON_OBJ && t->j->depth == depth + 2;
	}
	return kt_tl_skip(t, KT_TL_S_WIFI, off);
}

static int raw_signal(struct kt_tl *t)
{
	static const char *const names[] = {"position", "wifiScan", "activityRecord", NULL};
	uint64_t off = t->j->tok_off;
	bool known = false;
	int tok, which, r;

	while ((tok = kt_tl_member(t, names, &which)) > 0) {
		if (which == 0 && tok == KT_JSON_OBJ)
			r = raw_position(t);
		else if (which == 1)
			r = wifi_scan(t, tok);
		else if (which >= 0)
			r = kt_tl_skip_value(
				t, which == 2 ? KT_TL_S_ACTIVITY_RECORD : KT_TL_S_MALFORMED, tok);
		else
			r = kt_tl_pass(t, tok);
		if (r < 0)
			return r;
		known |= which >= 0;
	}
	return tok < 0 || known ? tok : kt_tl_skip(t, KT_TL_S_SIGNAL_KIND, off);
}

/* -- the document ----------------------------------------------------------------------------- */

enum entry_kind { IS_SEGMENT, IS_SIGNAL, IS_PLACE, IS_TRIP };

/* Behind an opening bracket, with t->path naming the array. */
static int entries(struct kt_tl *t, enum entry_kind what, struct segment *s)
{
	static const enum kt_tl_skip_id why[] = {KT_TL_S_MALFORMED, KT_TL_S_MALFORMED,
						 KT_TL_S_PROFILE_PLACE, KT_TL_S_PROFILE_TRIP};
	size_t base = t->path.n;
	uint64_t i = 0;
	int r, tok;

	while ((tok = kt_json_next(t->j, t->err)) != KT_JSON_ARR_END) {
		if (tok < 0)
			return tok;
		t->path.n = base;
		kt_tl_index(&t->path, i++);
		if (what == IS_SEGMENT && tok == KT_JSON_OBJ)
			r = segment(t, s);
		else if (what == IS_SIGNAL && tok == KT_JSON_OBJ)
			r = raw_signal(t);
		else
			r = kt_tl_skip_value(t, why[what], tok);
		if (r < 0)
			return r;
		if (!t->recognised && t->j->tok_end > KT_TL_SNIFF_MAX)
			return kt_tl_not_known(t);
	}
	t->path.n = base;
	return 0;
}

static int profile(struct kt_tl *t, struct segment *s)
{
	static const char *const names[] = {"frequentPlaces", "frequentTrips", NULL};
	size_t base = t->path.n;
	int tok, which, r;

	while ((tok = kt_tl_member(t, names, &which)) > 0) {
		if (which < 0 || tok != KT_JSON_ARR) {
			r = kt_tl_skip_value(t, KT_TL_S_PROFILE_OTHER, tok);
		} else {
			kt_tl_puts(&t->path, which == 0 ? ".frequentPlaces" : ".frequentTrips");
			r = entries(t, which == 0 ? IS_PLACE : IS_TRIP, s);
		}
		if (r < 0)
			return r;
		t->path.n = base;
	}
	return tok;
}

static int section(struct kt_tl *t, struct segment *s, int which, int tok)
{
	t->path.n = 0;
	kt_tl_puts(&t->path, "$");
	if (which < 0 || tok != (which == 2 ? KT_JSON_OBJ : KT_JSON_ARR))
		return kt_tl_skip_value(t, KT_TL_S_SECTION, tok);
	t->recognised = true;
	if (which == 2) {
		kt_tl_puts(&t->path, ".userLocationProfile");
		return profile(t, s);
	}
	t->raw_signals |= which == 1;
	kt_tl_puts(&t->path, which == 0 ? ".semanticSegments" : ".rawSignals");
	return entries(t, which == 0 ? IS_SEGMENT : IS_SIGNAL, s);
}

static int document(struct kt_tl *t, struct segment *s)
{
	static const char *const names[] = {"semanticSegments", "rawSignals", "userLocationProfile",
					    NULL};
	int which, r, tok = kt_json_next(t->j, t->err);

	t->ios = tok == KT_JSON_ARR;
	if (t->ios) {
		kt_tl_puts(&t->path, "$");
		r = entries(t, IS_SEGMENT, s);
		if (r < 0)
			return r;
	} else if (tok == KT_JSON_OBJ) {
		while ((tok = kt_tl_member(t, names, &which)) > 0) {
			r = section(t, s, which, tok);
			if (r < 0)
				return r;
		}
	} else if (tok > 0) {
		return kt_tl_not_known(t);
	}
	if (tok >= 0)
		tok = kt_json_next(t->j, t->err); /* nothing may follow */
	if (tok < 0)
		return tok;
	if (!t->recognised && t->elements > 0)
		return kt_tl_not_known(t);
	t->recognised = true; /* {} and [] are exports of nothing */
	return 0;
}

/* -- what is said about the whole ------------------------------------------------------------- */

static int note_count(struct kt_tl *t, const char *code, const char *what, uint64_t n)
{
	struct kt_buf b;
	const char *s;
	int r;

	if (n == 0)
		return 0;
	kt_buf_init(&b, 128);
	kt_buf_printf(&b, "%s: %llu.", what, (unsigned long long)n);
	s = kt_buf_cstr(&b);
	r = kt_note(t->ctx, code, s != NULL ? s : what, t->err);
	kt_buf_free(&b);
	return r;
}

/* whole: the file was read to its end, so what is absent can be said. */
static int notes(struct kt_tl *t, bool whole)
{
	int r = 0;

	if (whole && t->elements == 0)
		return kt_note(t->ctx, "no-history-in-file",
			       "The file is valid but holds no element of a history.", t->err);
	if (whole && !t->ios && !t->raw_signals)
		r = kt_note(t->ctx, "raw-signals-absent",
			    "No rawSignals section: nothing in this file was measured.", t->err);
	if (r == 0)
		r = note_count(t, "wifi-scan-stations",
			       "Stations in Wi-Fi scans that were not reported", t->wifi_stations);
	if (r == 0)
		r = note_count(t, "text-too-long", "Texts above 256 bytes that were left out",
			       t->long_texts);
	return r;
}

/*
 * The file is no export: says so. But Google puts a short text where the history lies in an
 * encrypted backup; its exact words are not published, so "encrypted" at the start of a file that
 * is no JSON is what it is known by. That is a plain "nothing here", no error.
 */
static int not_an_export(struct kt_tl *t)
{
	char head[4097];
	size_t n;
	int r = kt_in_read(t->ctx, 0, head, sizeof(head) - 1, &n, t->err);

	if (r < 0)
		return r;
	head[n] = '\0';
	for (size_t i = 0; i < n; i++)
		head[i] = (char)(head[i] >= 'A' && head[i] <= 'Z' ? head[i] + 32 : head[i]);
	if (memchr("{[", head[strspn(head, " \t\r\n\xef\xbb\xbf")], 3) == NULL &&
	    memmem(head, n, "encrypted", 9) != NULL) {
		kt_err_clear(t->err);
		return kt_note(t->ctx, "no-history-in-file",
			       "A text says that the history is encrypted and kept elsewhere.",
			       t->err);
	}
	kt_err_clear(t->err);
	return kt_tl_not_known(t);
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_tl *t = kt_alloc(ctx, sizeof(*t));
	struct segment *s = kt_alloc(ctx, sizeof(*s));
	struct kt_json *j = kt_alloc(ctx, sizeof(*j));
	struct kt_json_src src = kt_in_json(ctx, 0);
	int r, r2;

	if (t == NULL || s == NULL || j == NULL || src.read == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(t, 0, sizeof(*t));
	t->ctx = ctx;
	t->err = err;
	t->j = j;
	kt_json_init(j, src, KT_REC_STR_MAX);
	j->lenient = true;
	r = document(t, s);
	kt_json_free(j);
	if (t->stop || (r < 0 && r != KT_E_FORMAT))
		return r;
	if (!t->recognised)
		return not_an_export(t);
	r2 = kt_tl_flush_skips(t);
	if (r2 == 0)
		r2 = notes(t, r == 0);
	return r2 < 0 ? r2 : r;
}

const struct kt_parser kt_parser_google_timeline = {.id = "google-timeline", .parse = parse};
