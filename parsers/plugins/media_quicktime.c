/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * media-quicktime: when, where and with what a film says it was taken: QuickTime (MOV), MP4, M4V,
 * 3GP. Page: docs/formats/media-quicktime.md.
 *
 * An element is one film file. It becomes one record (POSITION, or MEDIA without a usable position),
 * or is skipped:
 *   kind-not-understood      it does not begin as a film (the parse then ends with KT_E_FORMAT)
 *   no-metadata              a sound film that says neither time, place nor camera
 *   no-movie-header          the file ends without one, as after a recording that broke off
 *   compressed-movie-header  an old QuickTime form that is not read
 *   film-damaged             the chain of boxes breaks before the movie header
 *   too-many-boxes           the movie header is not among the first 512 boxes
 *
 * The header's time is UTC by the standard, but some cameras write their local time there; nothing in
 * the file tells which. So a creation date that carries its own offset is preferred, both are given,
 * and time_meaning says which one is the record's time.
 */
#include "parsers/plugins/media_quicktime.h"
#include "parsers/sdk/units.h"

#include <stdio.h>
#include <string.h>

/* Texts made here that a record borrows. */
struct texts {
	char header_time[KT_TIME_TEXT];
	char raw[160];
};

/* -- time ------------------------------------------------------------------------------------- */

static bool header_time(uint64_t since_1904, int64_t *us)
{
	return since_1904 != 0 && since_1904 <= INT64_MAX &&
	       kt_epoch_us(KT_EPOCH_1904_S, (int64_t)since_1904, 0, us);
}

static void set_meaning(struct kt_record *r, const char *what)
{
	kt_rec_str(r, KT_F_TIME_MEANING, what, strlen(what));
}

static int times(const struct movie *m, struct kt_record *r, struct texts *txt, struct kt_err *err)
{
	const struct kt_str created = m->text[MT_CREATED].s;
	bool movie, track, text;
	int64_t head_us = 0, text_us = 0;
	enum kt_time_kind kind = KT_TIME_NONE;
	int offset = 0, c = 0;

	movie = header_time(m->created, &head_us);
	track = !movie && header_time(m->track_created, &head_us);
	text = created.len > 0 && kt_iso_time(created, &text_us, &kind, &offset);
	kt_rec_str(r, KT_F_TAKEN_LOCAL, created.p, created.len);
	if (movie || track) {
		kt_time_text(head_us, txt->header_time);
		kt_rec_str(r, KT_F_HEADER_TIME, txt->header_time, strlen(txt->header_time));
	}
	if (text && kind == KT_TIME_UTC) {
		kt_set_utc(r, text_us);
		kt_rec_int(r, KT_F_LOCAL_OFFSET_MIN, offset);
		set_meaning(r, "creation-date");
	} else if (movie || track) {
		kt_set_utc(r, head_us);
		set_meaning(r, movie ? "movie-header-utc-by-standard"
				     : "track-header-utc-by-standard");
	} else if (text) {
		kt_set_local(r, text_us);
		set_meaning(r, "creation-date-without-zone");
	}
	if (created.len > 0 && !text)
		c = kt_note(m->ctx, "time-unusable", "creation date", err);
	if (c == 0 && ((m->created != 0 && !movie) || (m->track_created != 0 && !movie && !track)))
		c = kt_note(m->ctx, "time-unusable", "creation time of the header", err);
	return c;
}

static void duration(const struct movie *m, struct kt_record *r)
{
	uint64_t ms;

	if (m->duration == 0 || m->timescale == 0 ||
	    __builtin_mul_overflow(m->duration, (uint64_t)1000, &ms))
		return;
	ms /= m->timescale;
	if (ms <= INT64_MAX)
		kt_rec_int(r, KT_F_DURATION_MS, (int64_t)ms);
}

/* -- place ------------------------------------------------------------------------------------ */

/* v / 65536 * mul, rounded half away from zero. */
static int64_t fixed16(int32_t v, int64_t mul)
{
	int64_t a = (int64_t)(v < 0 ? -(int64_t)v : v) * mul;

	a = (a + 32768) / 65536;
	return v < 0 ? -a : a;
}

static void place_loci(const struct movie *m, struct kt_record *r, struct texts *txt)
{
	const struct movie_loci *l = &m->loci;

	r->loc.off = l->off;
	r->loc.len = l->len;
	if (!l->sound) {
		kt_set_unusable(r, "malformed-position");
		return;
	}
	if (l->body.len > 0 && !kt_str_is(l->body, "earth"))
		kt_set_unusable(r, "not-on-earth");
	else
		kt_set_position(r, fixed16(l->lat, 10000000), fixed16(l->lon, 10000000));
	if (l->role != 0) { /* 1: a place that the film shows, 2: a fictional one */
		r->type = KT_REC_PLACE;
		r->basis = KT_BASIS_STATED;
	}
	if (r->pos_state == KT_POS_OK)
		kt_rec_int(r, KT_F_ALTITUDE_MM, fixed16(l->alt, 1000));
	kt_rec_str(r, KT_F_PLACE_NAME, l->name.p, l->name.len < 256 ? l->name.len : 256);
	snprintf(txt->raw, sizeof(txt->raw), "latitude %d/65536, longitude %d/65536, role %u",
		 (int)l->lat, (int)l->lon, (unsigned)l->role);
	r->raw = kt_str_c(txt->raw);
}

static void accuracy(const struct movie *m, struct kt_record *r)
{
	struct kt_str s = m->text[MT_ACCURACY].s;
	int64_t mm;

	if (s.len == 0)
		return;
	if (kt_parse_scaled(s.p, s.len, 3, &mm) < 0)
		r->flags |= KT_FLAG_BAD_ACCURACY;
	else
		kt_set_accuracy_mm(r, mm, true);
}

static int place(const struct movie *m, struct kt_record *r, struct texts *txt, struct kt_err *err)
{
	const struct movie_value *v = &m->text[MT_PLACE];

	r->loc.kind = KT_LOC_BYTES;
	r->loc.off = m->header_off;
	r->loc.len = m->header_len;
	r->raw = m->text[MT_CREATED].s;
	if (v->s.len > 0) {
		kt_movie_iso6709(r, v->s);
		r->loc.off = v->off;
		r->loc.len = v->len;
		r->raw = v->s;
		accuracy(m, r);
	} else if (m->loci.there) {
		place_loci(m, r, txt);
	}
	if (r->pos_state == KT_POS_OK && r->type == KT_REC_MEDIA)
		r->type = KT_REC_POSITION;
	if (m->places_differ || (v->s.len > 0 && m->loci.there))
		return kt_note(m->ctx, "several-positions",
			       "the film gives its place in more than one way; the first is used",
			       err);
	return 0;
}

/* -- the whole -------------------------------------------------------------------------------- */

static bool says_nothing(const struct movie *m)
{
	for (unsigned i = 0; i < MT_COUNT; i++)
		if (m->text[i].s.len > 0)
			return false;
	return m->created == 0 && m->track_created == 0 && !m->loci.there;
}

static int emit(const struct movie *m, struct kt_err *err)
{
	static const struct {
		enum movie_text text;
		enum kt_field field;
	} plain[] = {{MT_MAKE, KT_F_CAMERA_MAKE},
		     {MT_MODEL, KT_F_CAMERA_MODEL},
		     {MT_SOFTWARE, KT_F_SOFTWARE},
		     {MT_CONTENT_ID, KT_F_ITEM_ID}};
	struct texts txt;
	struct kt_record r;
	int c;

	kt_rec_init(&r, KT_REC_MEDIA, KT_BASIS_MEASURED);
	for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		kt_rec_str(&r, plain[i].field, m->text[plain[i].text].s.p,
			   m->text[plain[i].text].s.len);
	c = place(m, &r, &txt, err);
	if (c == 0)
		c = times(m, &r, &txt, err);
	duration(m, &r);
	return c < 0 ? c : kt_emit(m->ctx, &r, err);
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct movie *m = kt_alloc(ctx, sizeof(*m));
	const char *why = NULL;
	int r;

	if (m == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a film");
	memset(m, 0, sizeof(*m));
	m->ctx = ctx;
	kt_seen(ctx, 1);
	r = kt_movie_read(m, &why, err);
	if (r < 0)
		return r;
	if (why == NULL && says_nothing(m))
		why = "no-metadata";
	if (why == NULL)
		return emit(m, err);
	r = kt_skip(ctx, why, 1, NULL, err);
	if (r == 0 && strcmp(why, "kind-not-understood") == 0)
		r = KT_FAIL(err, KT_E_FORMAT, "this is no film of a kind that is understood");
	return r;
}

const struct kt_parser kt_parser_media_quicktime = {.id = "media-quicktime", .parse = parse};
