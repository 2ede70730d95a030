/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * google-takeout: the location history of a Google Takeout export. This file tells its files apart
 * and reads Records.json, the raw positions: an object with `locations`, one element per point. The
 * others are in google_takeout_semantic.c. Page: docs/formats/google-takeout.md.
 *
 * A point becomes a position, measured; what it lacks or has malformed leaves the record without
 * that value. No coordinates at all: skipped (no-position). Another kind of element or member of
 * the document: malformed-element, unknown-section. An element that the file ends in is not
 * counted; the parse then ends with KT_E_FORMAT.
 *
 * Files of gigabytes are the rule here, so a point's values are taken as they pass: numbers at
 * once, texts into a few short buffers. Nothing grows with the input.
 */
#include "parsers/plugins/google_takeout.h"
#include "parsers/sdk/units.h"

#include <string.h>

#define Y2001_US	(INT64_C(978307200) * KT_US_PER_S)
#define ACCURACY_MAX_MM INT64_C(100000000000) /* what a record can hold */
#define TEXT_MAX	64u

/* A short text as written; a longer one is left out. */
struct text {
	uint32_t len;
	char p[TEXT_MAX];
};

struct number {
	bool there, good;
	int64_t v;
};

enum numbers { N_ACCURACY, N_ALTITUDE, N_VERTICAL, N_VELOCITY, N_HEADING, NUMBERS };
enum texts { T_LAT, T_LON, T_TIME, T_TIME_MS, T_SOURCE, T_ACTIVITY, T_CONFIDENCE, T_DEVICE, TEXTS };

struct point {
	struct number number[NUMBERS]; /* thousandths */
	struct text text[TEXTS];
};

enum why { NO_POSITION, MALFORMED, SECTION, WHYS };
static const char *const why_names[WHYS] = {"no-position", "malformed-element", "unknown-section"};

struct skipped {
	uint64_t n, off, len;
	char path[40];
};

struct takeout {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_json *j;
	bool stop; /* kt_emit() said to end */
	uint64_t elements;
	struct skipped skip[WHYS];
	struct kt_takeout_more *more; /* the other files of an export */
	char path[40];		      /* of the element at hand */
	size_t path_len;
	struct point pt;
};

/* What becomes of a member of a point: a number, a text, or something of its own. */
enum kind { K_NUMBER, K_TEXT, K_ACTIVITY };
struct member {
	const char *key;
	uint8_t len, kind, slot;
};
#define MEMBER(key, kind, slot)                                                                    \
	{                                                                                          \
		key, sizeof(key) - 1, kind, slot                                                   \
	}

static const struct member point_members[] = {
	MEMBER("latitudeE7", K_TEXT, T_LAT),
	MEMBER("longitudeE7", K_TEXT, T_LON),
	MEMBER("timestamp", K_TEXT, T_TIME),
	MEMBER("accuracy", K_NUMBER, N_ACCURACY),
	MEMBER("source", K_TEXT, T_SOURCE),
	MEMBER("activity", K_ACTIVITY, 0),
	MEMBER("altitude", K_NUMBER, N_ALTITUDE),
	MEMBER("verticalAccuracy", K_NUMBER, N_VERTICAL),
	MEMBER("velocity", K_NUMBER, N_VELOCITY),
	MEMBER("heading", K_NUMBER, N_HEADING),
	MEMBER("timestampMs", K_TEXT, T_TIME_MS),
	MEMBER("deviceTag", K_TEXT, T_DEVICE),
	{NULL, 0, 0, 0},
};

static const struct member guess_members[] = {
	MEMBER("type", K_TEXT, T_ACTIVITY),
	MEMBER("confidence", K_TEXT, T_CONFIDENCE),
	{NULL, 0, 0, 0},
};

static const struct member *find(const struct member *m, const struct kt_json *j)
{
	while (m->key != NULL && (m->len != j->str_len || memcmp(m->key, j->str, m->len) != 0))
		m++;
	return m;
}

/* -- counting --------------------------------------------------------------------------------- */

static void set_path(struct takeout *t, uint64_t i)
{
	static const char head[] = "$.locations[";
	char b[24];
	size_t at = sizeof(b);

	b[--at] = ']';
	do {
		b[--at] = (char)('0' + i % 10);
		i /= 10;
	} while (i > 0);
	memcpy(t->path, head, sizeof(head) - 1);
	memcpy(t->path + sizeof(head) - 1, b + at, sizeof(b) - at);
	t->path_len = sizeof(head) - 1 + sizeof(b) - at;
}

/* Counts the element that began at off and has just ended as skipped. */
static int skipped(struct takeout *t, enum why why, uint64_t off)
{
	struct skipped *s = &t->skip[why];

	t->elements++;
	if (s->n++ == 0) {
		s->off = off;
		s->len = t->j->tok_end - off;
		memcpy(s->path, t->path, t->path_len);
		s->path[t->path_len] = '\0';
	}
	return 0;
}

static int skip_value(struct takeout *t, enum why why, int tok)
{
	uint64_t off = t->j->tok_off;
	int r = kt_json_skip(t->j, tok, t->err);

	return r < 0 ? r : skipped(t, why, off);
}

static int flush_skips(struct takeout *t)
{
	int r = 0;

	for (unsigned i = 0; i < WHYS && r >= 0; i++) {
		const struct skipped *s = &t->skip[i];
		struct kt_locator l = {KT_LOC_JSON, kt_str_c(s->path), s->off, s->len};

		kt_seen(t->ctx, s->n);
		r = kt_skip(t->ctx, why_names[i], s->n, &l, t->err);
	}
	return r;
}

/* -- reading ---------------------------------------------------------------------------------- */

static void take_text(const struct kt_json *j, struct text *x)
{
	if (j->str_len > TEXT_MAX || j->str_cut)
		return;
	memcpy(x->p, j->str, j->str_len);
	x->len = (uint32_t)j->str_len;
}

static void take_number(const struct kt_json *j, struct number *n)
{
	n->there = true;
	n->good = kt_parse_scaled(j->str, j->str_len, 3, &n->v) == 0;
}

/* {type, confidence}: the first of a list is the likeliest. */
static int guess(struct takeout *t, struct point *pt)
{
	for (;;) {
		const struct member *m;
		int tok = kt_json_next(t->j, t->err);

		if (tok != KT_JSON_KEY)
			return tok < 0 ? tok : 0;
		m = find(guess_members, t->j);
		tok = kt_json_next(t->j, t->err);
		if (tok < 0)
			return tok;
		if (m->key != NULL && (tok == KT_JSON_STRING || tok == KT_JSON_NUMBER)) {
			take_text(t->j, &pt->text[m->slot]);
		} else {
			tok = kt_json_skip(t->j, tok, t->err);
			if (tok < 0)
				return tok;
		}
	}
}

/* Behind the opening bracket: reads the first object with read(), passes over the others. */
static int first_of(struct takeout *t, struct point *pt,
		    int (*read)(struct takeout *t, struct point *pt))
{
	bool first = true;
	int tok, r;

	while ((tok = kt_json_next(t->j, t->err)) != KT_JSON_ARR_END) {
		if (tok < 0)
			return tok;
		r = first && tok == KT_JSON_OBJ ? read(t, pt) : kt_json_skip(t->j, tok, t->err);
		first = false;
		if (r < 0)
			return r;
	}
	return 0;
}

/* {activity: [guess, ...], timestamp} */
static int activity(struct takeout *t, struct point *pt)
{
	static const struct member names[] = {MEMBER("activity", K_ACTIVITY, 0), {NULL, 0, 0, 0}};

	for (;;) {
		bool list;
		int tok = kt_json_next(t->j, t->err);

		if (tok != KT_JSON_KEY)
			return tok < 0 ? tok : 0;
		list = find(names, t->j)->key != NULL;
		tok = kt_json_next(t->j, t->err);
		if (tok < 0)
			return tok;
		tok = list && tok == KT_JSON_ARR ? first_of(t, pt, guess)
						 : kt_json_skip(t->j, tok, t->err);
		if (tok < 0)
			return tok;
	}
}

static int point_member(struct takeout *t, struct point *pt, const struct member *m, int tok)
{
	bool text = tok == KT_JSON_NUMBER || tok == KT_JSON_STRING;

	if (m->key != NULL && m->kind == K_ACTIVITY && tok == KT_JSON_ARR)
		return first_of(t, pt, activity);
	if (m->key == NULL || !text || m->kind == K_ACTIVITY)
		return kt_json_skip(t->j, tok, t->err);
	if (m->kind == K_NUMBER)
		take_number(t->j, &pt->number[m->slot]);
	else
		take_text(t->j, &pt->text[m->slot]);
	return 0;
}

/* -- a point as a record ---------------------------------------------------------------------- */

static void set_position(struct kt_record *rec, const struct point *pt)
{
	const struct text *a = &pt->text[T_LAT], *b = &pt->text[T_LON];
	int64_t lat, lon;

	if (kt_json_int(a->p, a->len, &lat) && kt_json_int(b->p, b->len, &lon))
		kt_set_position_e7(rec, lat, lon);
	else
		kt_set_unusable(rec, "malformed-position");
}

static void set_time(struct kt_record *rec, const struct point *pt)
{
	const struct text *x = &pt->text[T_TIME], *ms = &pt->text[T_TIME_MS];
	bool has_zone = true;
	int64_t us;

	if (x->len > 0) {
		if (kt_time_parse(x->p, x->len, false, &us, &has_zone, NULL) < 0)
			return;
	} else if (!kt_json_int(ms->p, ms->len, &us) || __builtin_mul_overflow(us, 1000, &us)) {
		return;
	}
	if (us < KT_TIME_MIN || us > KT_TIME_MAX)
		return;
	rec->time_kind = has_zone ? KT_TIME_UTC : KT_TIME_LOCAL;
	rec->t_us = us;
	if (us < Y2001_US)
		rec->flags |= KT_FLAG_IMPLAUSIBLE_TIME;
}

static void set_accuracy(struct kt_record *rec, const struct number *n)
{
	if (n->good && n->v > 0 && n->v <= ACCURACY_MAX_MM) {
		rec->has_accuracy = true;
		rec->accuracy_mm = n->v;
	} else if (n->there) {
		rec->flags |= KT_FLAG_BAD_ACCURACY;
	}
}

static void join(struct kt_str *raw, char *out, const char *between, const struct text *x)
{
	if (x->len == 0)
		return;
	if (raw->len > 0)
		while (*between != '\0')
			out[raw->len++] = *between++;
	memcpy(out + raw->len, x->p, x->len);
	raw->len += x->len;
}

static int emit(struct takeout *t, const struct point *pt, uint64_t off)
{
	static const struct {
		uint8_t from;
		enum kt_field to;
		int64_t least;
	} plain[] = {
		{N_ALTITUDE, KT_F_ALTITUDE_MM, INT64_MIN},
		{N_VERTICAL, KT_F_VERTICAL_ACCURACY_MM, 0},
		{N_VELOCITY, KT_F_SPEED_MM_S, 0},
		{N_HEADING, KT_F_HEADING_MDEG, 0},
	};
	char raw[4 * (TEXT_MAX + 4)], probability[TEXT_MAX + 16];
	const struct text *tx = pt->text;
	struct kt_str sure = {probability, 0};
	struct kt_record rec;
	int r;

	kt_rec_init(&rec, KT_REC_POSITION, KT_BASIS_MEASURED);
	set_position(&rec, pt);
	set_time(&rec, pt);
	set_accuracy(&rec, &pt->number[N_ACCURACY]);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (pt->number[plain[i].from].good && pt->number[plain[i].from].v >= plain[i].least)
			kt_rec_int(&rec, plain[i].to, pt->number[plain[i].from].v);
	kt_rec_str(&rec, KT_F_PROVIDER, tx[T_SOURCE].p, tx[T_SOURCE].len);
	kt_rec_str(&rec, KT_F_ACTIVITY, tx[T_ACTIVITY].p, tx[T_ACTIVITY].len);
	kt_rec_str(&rec, KT_F_SOURCE_DEVICE, tx[T_DEVICE].p, tx[T_DEVICE].len);
	if (tx[T_CONFIDENCE].len > 0) {
		sure.len = sizeof("activity ") - 1; /* no NUL: counted text */
		memcpy(probability, "activity ", sizeof("activity ") - 1);
		join(&sure, probability, "", &tx[T_CONFIDENCE]);
		kt_rec_str(&rec, KT_F_PROBABILITY, sure.p, sure.len);
	}
	rec.raw.p = raw;
	join(&rec.raw, raw, ", ", &tx[T_LAT]);
	join(&rec.raw, raw, ", ", &tx[T_LON]);
	join(&rec.raw, raw, " | ", &tx[T_TIME]);
	join(&rec.raw, raw, " | ", &tx[T_TIME_MS]);
	rec.loc = (struct kt_locator){
		KT_LOC_JSON, {t->path, (uint32_t)t->path_len}, off, t->j->tok_end - off};
	kt_seen(t->ctx, 1);
	t->elements++;
	r = kt_emit(t->ctx, &rec, t->err);
	t->stop = r < 0;
	return r;
}

static int point(struct takeout *t)
{
	uint64_t off = t->j->tok_off;
	struct point *pt = &t->pt;

	memset(pt->number, 0, sizeof(pt->number));
	for (unsigned i = 0; i < TEXTS; i++)
		pt->text[i].len = 0;
	for (;;) {
		const struct member *m;
		int r, tok = kt_json_next(t->j, t->err);

		if (tok < 0)
			return tok;
		if (tok != KT_JSON_KEY)
			break;
		m = find(point_members, t->j);
		tok = kt_json_next(t->j, t->err);
		r = tok < 0 ? tok : point_member(t, pt, m, tok);
		if (r < 0)
			return r;
	}
	if (pt->text[T_LAT].len == 0 && pt->text[T_LON].len == 0)
		return skipped(t, NO_POSITION, off);
	return emit(t, pt, off);
}

/* -- the document ----------------------------------------------------------------------------- */

static int locations(struct takeout *t)
{
	uint64_t i = 0;
	int tok, r;

	while ((tok = kt_json_next(t->j, t->err)) != KT_JSON_ARR_END) {
		if (tok < 0)
			return tok;
		set_path(t, i++);
		r = tok == KT_JSON_OBJ ? point(t) : skip_value(t, MALFORMED, tok);
		if (r < 0)
			return r;
	}
	return 0;
}

#define SNIFF_MAX 65536u /* what shows nothing known by then is something else */

static int not_known(struct takeout *t)
{
	return KT_FAIL(t->err, KT_E_FORMAT, "not-this-kind: no Google Takeout location history");
}

/* A value that is none of ours. In a file that may be something else it is not read to its end. */
static int other_section(struct takeout *t, int tok, bool known)
{
	unsigned depth = t->j->depth;
	uint64_t off = t->j->tok_off;

	if (known || (tok != KT_JSON_OBJ && tok != KT_JSON_ARR))
		return skip_value(t, SECTION, tok);
	while (t->j->depth >= depth) {
		tok = kt_json_next(t->j, t->err);
		if (tok < 0)
			return tok;
		if (t->j->tok_end > SNIFF_MAX)
			return not_known(t);
	}
	return skipped(t, SECTION, off);
}

static int section(struct takeout *t, bool *known)
{
	static const struct member names[] = {MEMBER("locations", 0, 0), {NULL, 0, 0, 0}};
	bool ours = find(names, t->j)->key != NULL;
	char key[TEXT_MAX];
	struct kt_str s = {key, (uint32_t)(t->j->str_len <= TEXT_MAX ? t->j->str_len : 0)};
	int r, tok;

	memcpy(key, t->j->str, s.len);
	tok = kt_json_next(t->j, t->err);
	if (tok < 0)
		return tok;
	t->path[0] = '$';
	t->path_len = 1;
	*known |= ours && tok == KT_JSON_ARR;
	if (ours && tok == KT_JSON_ARR)
		return locations(t);
	r = kt_takeout_more_member(t->more, s, tok);
	*known |= kt_takeout_more_known(t->more);
	return r != 0 ? r : other_section(t, tok, *known);
}

static int document(struct takeout *t, bool *known)
{
	int r, tok = kt_json_next(t->j, t->err);

	if (tok != KT_JSON_OBJ)
		return tok < 0 ? tok : not_known(t);
	while ((tok = kt_json_next(t->j, t->err)) == KT_JSON_KEY) {
		r = section(t, known);
		if (r < 0)
			return r;
	}
	return tok < 0 ? tok : kt_json_next(t->j, t->err); /* nothing may follow */
}

/*
 * Where the history lies in an encrypted backup, an export holds a short text that says so. Its exact
 * words are not published: "encrypted" at the start of a file that is no JSON is what it is known by.
 */
static int no_export(struct takeout *t)
{
	char head[4097];
	size_t n;
	int r = kt_in_read(t->ctx, 0, head, sizeof(head) - 1, &n, t->err);

	if (r < 0)
		return r;
	head[n] = '\0';
	for (size_t i = 0; i < n; i++)
		head[i] = (char)(head[i] >= 'A' && head[i] <= 'Z' ? head[i] + 32 : head[i]);
	kt_err_clear(t->err);
	if (memchr("{[", head[strspn(head, " \t\r\n\xef\xbb\xbf")], 3) != NULL ||
	    memmem(head, n, "encrypted", 9) == NULL ||
	    (memmem(head, n, "location", 8) == NULL && memmem(head, n, "timeline", 8) == NULL))
		return not_known(t);
	kt_seen(t->ctx, 1);
	r = kt_skip(t->ctx, "encrypted-backup", 1, NULL, t->err);
	return r < 0 ? r
		     : kt_note(t->ctx, "history-not-in-file",
			       "History exists but is not in this file: a text says that it is "
			       "encrypted and kept elsewhere.",
			       t->err);
}

static int finish(struct takeout *t, int r)
{
	int r2 = flush_skips(t);

	if (r2 >= 0)
		r2 = kt_takeout_more_end(t->more);
	if (r2 >= 0 && r == 0 && t->elements + kt_takeout_more_elements(t->more) == 0)
		r2 = kt_note(t->ctx, "no-history-in-file",
			     "The file is valid but holds no element of a history.", t->err);
	return r2 < 0 ? r2 : r;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct takeout *t = kt_alloc(ctx, sizeof(*t));
	struct kt_json *j = kt_alloc(ctx, sizeof(*j));
	struct kt_json_src src = kt_in_json(ctx, 0);
	bool known = false;
	int r;

	if (t == NULL || j == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(t, 0, sizeof(*t));
	t->ctx = ctx;
	t->err = err;
	t->j = j;
	t->more = kt_takeout_more_new(ctx, j, err);
	if (t->more == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	kt_json_init(j, src, KT_REC_STR_MAX);
	j->lenient = true;
	r = document(t, &known);
	kt_json_free(j);
	if (t->stop || kt_takeout_more_stop(t->more) || (r < 0 && r != KT_E_FORMAT))
		return r;
	return known ? finish(t, r) : no_export(t);
}

const struct kt_parser kt_parser_google_takeout = {.id = "google-takeout", .parse = parse};
