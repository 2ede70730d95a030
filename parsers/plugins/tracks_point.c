/* SPDX-License-Identifier: EUPL-1.2 */
/* Points of track files as records. See tracks.h. */
#include "parsers/plugins/tracks.h"
#include "parsers/plugins/raw_text.h"
#include "parsers/sdk/units.h"

#define ACCURACY_MAX_MM INT64_C(100000000000) /* what a record can hold */

static const char *const skip_names[TRACK_SKIPS] = {
	[TRACK_NO_POSITION] = "no-position",	 [TRACK_NO_FIX] = "no-fix",
	[TRACK_BAD_CHECKSUM] = "checksum-wrong", [TRACK_NOT_READ] = "not-read",
	[TRACK_AREA] = "area-not-read",		 [TRACK_TIME_ALONE] = "time-without-position",
	[TRACK_TOO_LONG] = "line-too-long",	 [TRACK_MALFORMED] = "malformed-element",
};

static const char *const origins[] = {
	[TRACK_MEASURED] = "recorded",
	[TRACK_RECORDED] = "recorded",
	[TRACK_UNTIMED] = "track-without-times",
	[TRACK_ROUTE] = "planned-route",
	[TRACK_WAYPOINT] = "waypoint",
	[TRACK_LINE] = "line-without-times",
	[TRACK_MARK] = "placemark",
};

void kt_track_clear(struct track_point *p)
{
	for (unsigned i = 0; i < TV_COUNT; i++)
		p->v[i].len = 0;
	p->kind = TRACK_RECORDED;
	p->off = p->len = 0;
	p->name.len = p->track.len = 0;
	p->segment = 0;
	p->has_t = false;
	p->t_us = 0;
	p->flags = 0;
}

void kt_track_set(struct track_text *t, struct kt_str s)
{
	t->len = 0;
	if (s.len > TRACK_TEXT || s.len == 0)
		return;
	memcpy(t->p, s.p, s.len);
	t->len = s.len;
}

void kt_track_name(struct track_name *t, struct kt_str s)
{
	t->len = s.len < TRACK_NAME ? s.len : TRACK_NAME;
	if (t->len > 0)
		memcpy(t->p, s.p, t->len);
	while (s.len > t->len && t->len > 0 && ((uint8_t)s.p[t->len] & 0xc0) == 0x80)
		t->len--; /* never half a character */
}

struct kt_str kt_track_str(const struct track_text *t)
{
	return (struct kt_str){t->p, t->len};
}

static struct kt_locator locator(const struct track_out *o, uint64_t off, uint64_t len)
{
	struct kt_locator l = {.kind = KT_LOC_BYTES, .off = off, .len = len};

	if (o->member.len > 0) {
		l.kind = KT_LOC_MEMBER;
		l.path = o->member;
	}
	return l;
}

int kt_track_skip(struct track_out *o, enum track_skip why, uint64_t off, uint64_t len)
{
	struct kt_locator l = locator(o, off, len);

	kt_seen(o->ctx, 1);
	return kt_tally_add(&o->skip[why], &l);
}

int kt_track_record(struct track_out *o, struct kt_record *r, uint64_t off, uint64_t len)
{
	int c;

	r->loc = locator(o, off, len);
	kt_seen(o->ctx, 1);
	c = kt_emit(o->ctx, r, o->err);
	o->stop |= c < 0;
	return c;
}

int kt_track_note(struct track_out *o, const char *code, const char *text)
{
	int c = kt_note(o->ctx, code, text, o->err);

	o->stop |= c < 0;
	return c;
}

int kt_track_bad_time(struct track_out *o)
{
	if (o->time_noted)
		return 0;
	o->time_noted = true;
	return kt_track_note(o, "time-unusable",
			     "a time that can't be read: such points are shown without one");
}

int kt_track_end(struct track_out *o, int r)
{
	int c;

	if (o->stop || (r < 0 && r != KT_E_FORMAT))
		return r;
	c = kt_tally_flush(o->ctx, o->skip, skip_names, TRACK_SKIPS, o->err);
	return c < 0 ? c : r;
}

/* -- values ----------------------------------------------------------------------------------- */

static bool scaled(const struct track_text *t, int64_t *v)
{
	return t->len > 0 && kt_parse_scaled(t->p, t->len, 3, v) == 0;
}

static void text(struct kt_record *r, enum kt_field f, const struct track_text *t)
{
	kt_rec_str(r, f, t->p, t->len);
}

/* 0: a time was set; 1: there is none; 2: there is one that can't be read. */
static int set_time(const struct track_point *p, struct kt_record *r)
{
	enum kt_time_kind kind;
	int offset = 0;
	int64_t us;

	if (p->has_t) {
		kt_set_utc(r, p->t_us);
		return 0;
	}
	if (p->v[TV_TIME].len == 0)
		return 1;
	if (!kt_iso_time(kt_track_str(&p->v[TV_TIME]), &us, &kind, &offset))
		return 2;
	if (kind == KT_TIME_UTC) {
		kt_set_utc(r, us);
		if (offset != 0)
			kt_rec_int(r, KT_F_LOCAL_OFFSET_MIN, offset);
	} else {
		kt_set_local(r, us);
	}
	return 0;
}

static void set_values(const struct track_point *p, struct kt_record *r)
{
	int64_t v;

	if (scaled(&p->v[TV_ALTITUDE], &v))
		kt_rec_int(r, KT_F_ALTITUDE_MM, v);
	if (scaled(&p->v[TV_VERTICAL], &v) && v >= 0)
		kt_rec_int(r, KT_F_VERTICAL_ACCURACY_MM, v);
	if (scaled(&p->v[TV_SPEED], &v) && v >= 0)
		kt_rec_int(r, KT_F_SPEED_MM_S, v);
	if (scaled(&p->v[TV_COURSE], &v) && v >= 0 && v <= 360000)
		kt_rec_int(r, KT_F_HEADING_MDEG, v);
	if (scaled(&p->v[TV_HDOP], &v) && v >= 0)
		kt_rec_int(r, KT_F_HDOP_MILLI, v);
	if (scaled(&p->v[TV_ACCURACY], &v) && v <= ACCURACY_MAX_MM)
		kt_set_accuracy_mm(r, v, true);
	else if (p->v[TV_ACCURACY].len > 0)
		r->flags |= KT_FLAG_BAD_ACCURACY;
	text(r, KT_F_PROVIDER, &p->v[TV_PROVIDER]);
	text(r, KT_F_ACTIVITY, &p->v[TV_ACTIVITY]);
	text(r, KT_F_SOURCE_DEVICE, &p->v[TV_DEVICE]);
	kt_rec_str(r, KT_F_PLACE_NAME, p->name.p, p->name.len);
	kt_rec_str(r, KT_F_TRACK_NAME, p->track.p, p->track.len);
	if (p->segment > 0)
		kt_rec_int(r, KT_F_TRACK_SEGMENT, p->segment);
}

int kt_track_emit(struct track_out *o, const struct track_point *p)
{
	enum track_kind kind = p->kind;
	struct kt_raw raw = {.len = 0};
	struct kt_record r;
	int time = 1, c = 0;

	if (p->v[TV_LAT].len == 0 || p->v[TV_LON].len == 0)
		return kt_track_skip(o, TRACK_NO_POSITION, p->off, p->len);
	kt_rec_init(&r, KT_REC_POSITION, KT_BASIS_MEASURED);
	if (kind == TRACK_MEASURED || kind == TRACK_RECORDED || kind == TRACK_WAYPOINT)
		time = set_time(p, &r);
	if (kind == TRACK_RECORDED && time != 0)
		kind = TRACK_UNTIMED;
	if (kind != TRACK_RECORDED && kind != TRACK_MEASURED) {
		r.type = KT_REC_PLACE;
		r.basis = KT_BASIS_STATED;
	}
	kt_set_position_text(&r, kt_track_str(&p->v[TV_LAT]), kt_track_str(&p->v[TV_LON]));
	set_values(p, &r);
	kt_rec_str(&r, KT_F_ORIGIN, origins[kind], strlen(origins[kind]));
	if (kind == TRACK_WAYPOINT && r.time_kind != KT_TIME_NONE)
		kt_rec_str(&r, KT_F_TIME_MEANING, "mark-set", 8);
	r.flags |= p->flags;
	kt_raw_add(&raw, "", kt_track_str(&p->v[TV_RAW]));
	if (raw.len == 0) {
		kt_raw_add(&raw, ", ", kt_track_str(&p->v[TV_LAT]));
		kt_raw_add(&raw, ", ", kt_track_str(&p->v[TV_LON]));
	}
	kt_raw_add(&raw, " | ", kt_track_str(&p->v[TV_TIME]));
	r.raw = kt_raw_str(&raw);
	if (time == 2)
		c = kt_track_bad_time(o);
	return c < 0 ? c : kt_track_record(o, &r, p->off, p->len);
}

int kt_track_created(struct track_out *o, struct kt_str time, struct kt_str creator, uint64_t off,
		     uint64_t len)
{
	struct track_point p = {.has_t = false};
	struct kt_record r;

	if (time.len == 0 && creator.len == 0)
		return 0;
	kt_rec_init(&r, KT_REC_EVENT, KT_BASIS_STATED);
	kt_track_set(&p.v[TV_TIME], time);
	set_time(&p, &r);
	kt_rec_str(&r, KT_F_SOURCE_DEVICE, creator.p, creator.len);
	kt_rec_str(&r, KT_F_TIME_MEANING, "file-written", 12);
	r.raw = kt_track_str(&p.v[TV_TIME]);
	return kt_track_record(o, &r, off, len);
}

/* -- reading ahead ---------------------------------------------------------------------------- */

static int peek_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct track_peek *at = arg;
	size_t left = at->n - at->pos;

	if (left == 0) {
		*got = 0;
		if (at->pending < 0)
			return KT_FAIL(err, at->pending, "the data break off");
		return at->src.read(at->src.arg, p, n, got, err);
	}
	*got = n < left ? n : left;
	memcpy(p, at->p + at->pos, *got);
	at->pos += *got;
	return 0;
}

int kt_track_peek(struct track_out *o, struct kt_json_src src, struct kt_json_src *all)
{
	struct track_peek *at = o->peek != NULL ? o->peek : kt_alloc(o->ctx, sizeof(*at));

	if (at == NULL)
		return KT_FAIL(o->err, KT_E_NOMEM, "no memory for a track file");
	o->peek = at;
	at->src = src;
	at->n = at->pos = 0;
	at->pending = 0;
	while (at->n < sizeof(at->p)) {
		size_t got, room = sizeof(at->p) - at->n;
		int r = src.read(src.arg, at->p + at->n, room < 4096 ? room : 4096, &got, o->err);

		if (r < 0 && r != KT_E_FORMAT)
			return r;
		at->pending = r;
		at->n += got;
		if (r < 0 || got == 0)
			break;
	}
	*all = (struct kt_json_src){peek_read, at, src.off};
	return 0;
}
