/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * media-quicktime, place part: ISO 6709 annex H as films carry it:
 *   latitude longitude [altitude] [CRSname] /      +52.3692+004.8989+002.500CRSWGS_84/
 * Each coordinate has its sign; the number of digits before the point says whether it counts degrees
 * (2, 3), degrees and minutes (4, 5) or degrees, minutes and seconds (6, 7). Some writers leave out
 * leading zeros of plain degrees or the solidus; both are taken.
 */
#include "parsers/plugins/media_quicktime.h"

#include <string.h>

enum form { FORM_BAD = 0, FORM_DEGREES, FORM_MINUTES, FORM_SECONDS };

/* A sign, digits, and perhaps a point and digits. */
struct number {
	bool negative;
	struct kt_str all, whole; /* without the sign; the digits before the point */
};

static bool take_number(struct kt_str *s, struct number *n)
{
	size_t whole, len;

	if (s->len == 0 || (s->p[0] != '+' && s->p[0] != '-'))
		return false;
	n->negative = s->p[0] == '-';
	*s = kt_str_from(*s, 1);
	whole = len = kt_str_digits(*s);
	if (len < s->len && s->p[len] == '.') {
		len++;
		len += kt_str_digits(kt_str_from(*s, len));
	}
	n->whole = kt_str_upto(*s, whole);
	n->all = kt_str_upto(*s, len);
	*s = kt_str_from(*s, len);
	return whole > 0;
}

/* width: digits of whole degrees, 2 or 3. */
static enum form form_of(const struct number *n, unsigned width)
{
	if (n->whole.len <= width)
		return FORM_DEGREES;
	return n->whole.len == width + 2   ? FORM_MINUTES
	       : n->whole.len == width + 4 ? FORM_SECONDS
					   : FORM_BAD;
}

static int64_t small(const char *p, size_t n)
{
	int64_t v = 0;

	while (n-- > 0)
		v = v * 10 + (*p++ - '0');
	return v;
}

/* Exact, then rounded half away from zero to 1e-7 degree. False: minutes or seconds above 60. */
static bool degrees_e7(const struct number *n, enum form f, unsigned width, int64_t *e7)
{
	unsigned head = f == FORM_DEGREES ? 0 : f == FORM_MINUTES ? width : width + 2;
	int64_t rest, per = f == FORM_MINUTES ? 60 : 3600, minutes = 0;

	if (f == FORM_DEGREES) {
		if (kt_parse_scaled(n->all.p, n->all.len, 7, e7) < 0)
			return false;
	} else {
		/* 1e-9 of a minute or second: beyond that nothing reaches the seventh decimal */
		if (kt_parse_scaled(n->all.p + head, n->all.len - head, 9, &rest) < 0 ||
		    rest > INT64_C(60000000000))
			return false;
		if (f == FORM_SECONDS)
			minutes = small(n->all.p + width, 2);
		if (minutes > 60)
			return false;
		*e7 = (minutes * 60 * 1000000000 + rest + per * 50) / (per * 100) +
		      small(n->all.p, width) * 10000000;
	}
	if (n->negative)
		*e7 = -*e7;
	return true;
}

void kt_movie_iso6709(struct kt_record *r, struct kt_str s)
{
	struct number lat, lon, alt;
	int64_t lat_e7, lon_e7, mm;
	enum form f, g;
	bool have_alt = false;

	kt_set_unusable(r, "malformed-position");
	if (!take_number(&s, &lat) || !take_number(&s, &lon))
		return;
	f = form_of(&lat, 2);
	g = form_of(&lon, 3);
	if (f == FORM_BAD || f != g)
		return;
	if (s.len > 0 && (s.p[0] == '+' || s.p[0] == '-')) {
		have_alt = take_number(&s, &alt);
		if (!have_alt)
			return;
	}
	if (kt_str_starts(s, "CRS")) {
		const char *end = memchr(s.p, '/', s.len);
		size_t n = end != NULL ? (size_t)(end - s.p) : s.len;
		struct kt_str datum = kt_str_from(kt_str_upto(s, n), 3);

		kt_rec_str(r, KT_F_MAP_DATUM, datum.p, datum.len < 64 ? datum.len : 64);
		s = kt_str_from(s, n);
	}
	if (s.len > 1 || (s.len == 1 && s.p[0] != '/'))
		return;
	if (!degrees_e7(&lat, f, 2, &lat_e7) || !degrees_e7(&lon, g, 3, &lon_e7)) {
		kt_set_unusable(r, "out-of-range");
		return;
	}
	r->pos_reason = kt_str_c("");
	kt_set_position(r, lat_e7, lon_e7);
	if (have_alt && r->pos_state == KT_POS_OK &&
	    kt_parse_scaled(alt.all.p, alt.all.len, 3, &mm) == 0)
		kt_rec_int(r, KT_F_ALTITUDE_MM, alt.negative ? -mm : mm);
}
