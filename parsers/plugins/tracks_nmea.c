/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * NMEA 0183, as GPS loggers write it: an element is a sentence. RMC, GGA and GLL give positions, RMC
 * and ZDA dates; other sentences are counted as not-read. Degrees and minutes stand in one number
 * (ddmm.mmmm). A position sentence without a date of its own gets that of the RMC or ZDA with the same
 * time of day, else that of the last one up to an hour before it; else none: no date is guessed. Two-digit years below 80 are 20xx.
 */
#include "parsers/plugins/tracks.h"
#include "parsers/sdk/units.h"

#include <stdio.h>

#define FIELDS_MAX 24u
#define NO_TOD	   INT64_C(-1)
#define DATE_HOLDS (INT64_C(3600) * KT_US_PER_S) /* behind the sentence that gave the date */

struct sentence {
	uint64_t off, len;
	unsigned n;
	struct kt_str f[FIELDS_MAX]; /* f[0]: "GPRMC" */
};

#define WAIT_MAX 4u /* sentences of one moment, before the one with its date */

struct nmea {
	struct track_out *o;
	struct {
		struct track_point pt;
		int64_t tod;
	} wait[WAIT_MAX];
	unsigned nwait;
	struct track_text last_lat, last_lon; /* of the last position, to see repetitions */
	int64_t last_tod;
	bool has_date;
	int64_t date_us, date_tod; /* midnight of the last date, and the time of day it came with */
	bool no_sum_noted;
};

/* -- sentences -------------------------------------------------------------------------------- */

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

/*
 * Finds "$xxYYY,...*hh" in a line. 1: a sentence; 0: none; -1: the check sum is wrong; 2: a sentence
 * without one.
 */
static int split(struct kt_str line, struct sentence *s)
{
	const char *dollar = line.len > 0 ? memchr(line.p, '$', line.len) : NULL;
	uint8_t sum = 0;
	int r = 2;
	size_t n, from = 0;

	if (dollar == NULL)
		return 0;
	s->off += (uint64_t)(dollar - line.p);
	line = kt_str_from(line, (size_t)(dollar - line.p) + 1);
	for (n = 0; n < line.len && line.p[n] != '*'; n++)
		sum ^= (uint8_t)line.p[n];
	if (n + 2 < line.len) {
		int a = hex(line.p[n + 1]), b = hex(line.p[n + 2]);

		r = a >= 0 && b >= 0 && a * 16 + b == sum ? 1 : -1;
	}
	s->len = n + 1 + (n + 2 < line.len ? 3 : 0);
	s->n = 0;
	for (size_t i = 0; i <= n && s->n < FIELDS_MAX; i++) {
		if (i < n && line.p[i] != ',')
			continue;
		s->f[s->n++] = kt_str_upto(kt_str_from(line, from), i - from);
		from = i + 1;
	}
	while (s->n < FIELDS_MAX)
		s->f[s->n++] = kt_str_upto(line, 0);
	return s->f[0].len >= 5 ? r : 0;
}

static bool is(const struct sentence *s, const char *kind)
{
	return kt_str_is(kt_str_from(s->f[0], s->f[0].len - 3), kind);
}

/* -- values ----------------------------------------------------------------------------------- */

static int64_t digits(const char *p, size_t n)
{
	int64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	return v;
}

/* "hhmmss.ss" as microseconds of the day, or NO_TOD. */
static int64_t time_of_day(struct kt_str s)
{
	int64_t h, m, us;

	if (s.len < 6)
		return NO_TOD;
	h = digits(s.p, 2);
	m = digits(s.p + 2, 2);
	if (h < 0 || h > 23 || m < 0 || m > 59 || kt_parse_scaled(s.p + 4, s.len - 4, 6, &us) < 0 ||
	    us < 0 || us >= 60 * KT_US_PER_S)
		return NO_TOD;
	return (h * 60 + m) * 60 * KT_US_PER_S + us;
}

static bool midnight(int64_t d, int64_t m, int64_t y, int64_t *us)
{
	return d > 0 && m > 0 && y > 0 &&
	       kt_time_from_civil((int)y, (int)m, (int)d, 0, 0, 0, us) == 0;
}

/* "ddmm.mmmm" and a hemisphere as decimal degrees in text. False: not of that form. */
static bool degrees(struct kt_str v, struct kt_str side, unsigned width, const char *sides,
		    struct track_text *out)
{
	int64_t d, min, e7;

	out->len = 0;
	if (side.len != 1 || (side.p[0] != sides[0] && side.p[0] != sides[1]) ||
	    kt_str_digits(v) != width + 2)
		return false;
	d = digits(v.p, width);
	if (d < 0 || kt_parse_scaled(v.p + width, v.len - width, 9, &min) < 0 || min < 0 ||
	    min > INT64_C(60000000000))
		return false;
	e7 = d * 10000000 + (min + 3000) / 6000;
	out->len = (uint32_t)snprintf(out->p, sizeof(out->p), "%s%lld.%07lld",
				      side.p[0] == sides[1] ? "-" : "", (long long)(e7 / 10000000),
				      (long long)(e7 % 10000000));
	return true;
}

/* v * num / den with three decimals, as text. */
static void convert(struct track_text *out, struct kt_str v, int64_t num, int64_t den)
{
	int64_t x;

	out->len = 0;
	if (v.len == 0 || kt_parse_scaled(v.p, v.len, 3, &x) < 0 || x < 0 ||
	    __builtin_mul_overflow(x, num, &x))
		return;
	x = (x + den / 2) / den;
	out->len = (uint32_t)snprintf(out->p, sizeof(out->p), "%lld.%03lld", (long long)(x / 1000),
				      (long long)(x % 1000));
}

/* -- dates ------------------------------------------------------------------------------------ */

/* Those that wait get the date that is known: by the same time of day, or a later one. */
static int emit_waiting(struct nmea *m)
{
	unsigned n = m->nwait;
	int r = 0;

	m->nwait = 0;
	for (unsigned i = 0; i < n && r == 0; i++) {
		struct track_point *p = &m->wait[i].pt;
		int64_t tod = m->wait[i].tod;

		if (m->has_date && tod != NO_TOD && tod >= m->date_tod &&
		    tod - m->date_tod <= DATE_HOLDS) {
			p->has_t = true;
			p->t_us = m->date_us + tod;
		}
		r = kt_track_emit(m->o, p);
	}
	return r;
}

/* Where sentences of another moment wait, no date will come for them any more. */
static int moment(struct nmea *m, int64_t tod)
{
	if (m->nwait > 0 && (m->nwait == WAIT_MAX || tod == NO_TOD || m->wait[0].tod != tod))
		return emit_waiting(m);
	return 0;
}

static int set_date(struct nmea *m, int64_t us, int64_t tod)
{
	int r = moment(m, tod);

	m->has_date = true;
	m->date_us = us;
	m->date_tod = tod;
	return r == 0 ? emit_waiting(m) : r;
}

/* -- kinds of sentences ----------------------------------------------------------------------- */

/* Begins a position whose latitude is field `lat`. NULL: malformed. */
static struct track_point *begin(struct nmea *m, const struct sentence *s, unsigned lat,
				 unsigned time, int64_t tod)
{
	struct track_point *p = &m->wait[m->nwait].pt;
	const struct kt_str *f = s->f;

	kt_track_clear(p);
	p->kind = TRACK_MEASURED;
	p->off = s->off;
	p->len = s->len;
	if (!degrees(f[lat], f[lat + 1], 2, "NS", &p->v[TV_LAT]) ||
	    !degrees(f[lat + 2], f[lat + 3], 3, "EW", &p->v[TV_LON]))
		return NULL;
	if (tod != NO_TOD && tod == m->last_tod && p->v[TV_LAT].len == m->last_lat.len &&
	    p->v[TV_LON].len == m->last_lon.len &&
	    memcmp(p->v[TV_LAT].p, m->last_lat.p, m->last_lat.len) == 0 &&
	    memcmp(p->v[TV_LON].p, m->last_lon.p, m->last_lon.len) == 0)
		p->flags |= KT_FLAG_DUPLICATE;
	m->last_tod = m->wait[m->nwait].tod = tod;
	m->last_lat = p->v[TV_LAT];
	m->last_lon = p->v[TV_LON];
	p->v[TV_RAW].len = (uint32_t)snprintf(
		p->v[TV_RAW].p, TRACK_TEXT, "%.*s,%.*s,%.*s,%.*s | %.*s", (int)(f[lat].len % 16),
		f[lat].p, 1, f[lat + 1].p, (int)(f[lat + 2].len % 16), f[lat + 2].p, 1,
		f[lat + 3].p, (int)(f[time].len % 16), f[time].p);
	return p;
}

static int skip(struct nmea *m, enum track_skip why, const struct sentence *s)
{
	return kt_track_skip(m->o, why, s->off, s->len);
}

/* $xxRMC,time,status,lat,N,lon,E,knots,course,ddmmyy,variation,E,mode */
static int rmc(struct nmea *m, const struct sentence *s)
{
	int64_t tod = time_of_day(s->f[1]), us, y;
	struct track_point *p;
	int r;

	y = s->f[9].len == 6 ? digits(s->f[9].p + 4, 2) : -1;
	if (y >= 0 && tod != NO_TOD &&
	    midnight(digits(s->f[9].p, 2), digits(s->f[9].p + 2, 2), y + (y < 80 ? 2000 : 1900),
		     &us))
		r = set_date(m, us, tod);
	else
		r = moment(m, tod);
	if (r < 0)
		return r;
	if (!kt_str_is(s->f[2], "A") || kt_str_is(s->f[12], "N"))
		return skip(m, TRACK_NO_FIX, s);
	p = begin(m, s, 3, 1, tod);
	if (p == NULL)
		return skip(m, TRACK_MALFORMED, s);
	convert(&p->v[TV_SPEED], s->f[7], 1852, 3600);
	kt_track_set(&p->v[TV_COURSE], s->f[8]);
	if (kt_str_is(s->f[12], "S"))
		p->flags |= KT_FLAG_MOCK;
	m->nwait++;
	return m->has_date && m->date_tod == tod ? emit_waiting(m) : 0;
}

/* $xxGGA,time,lat,N,lon,E,quality,satellites,hdop,altitude,M,... */
static int gga(struct nmea *m, const struct sentence *s)
{
	int64_t tod = time_of_day(s->f[1]);
	struct track_point *p;
	int r = moment(m, tod);

	if (r < 0)
		return r;
	if (s->f[6].len == 0 || kt_str_is(s->f[6], "0"))
		return skip(m, TRACK_NO_FIX, s);
	p = begin(m, s, 2, 1, tod);
	if (p == NULL)
		return skip(m, TRACK_MALFORMED, s);
	kt_track_set(&p->v[TV_HDOP], s->f[8]);
	if (kt_str_is(s->f[10], "M"))
		kt_track_set(&p->v[TV_ALTITUDE], s->f[9]);
	if (kt_str_is(s->f[6], "8"))
		p->flags |= KT_FLAG_MOCK;
	m->nwait++;
	return 0;
}

/* $xxGLL,lat,N,lon,E,time,status,mode */
static int gll(struct nmea *m, const struct sentence *s)
{
	int64_t tod = time_of_day(s->f[5]);
	int r = moment(m, tod);

	if (r < 0)
		return r;
	if (!kt_str_is(s->f[6], "A"))
		return skip(m, TRACK_NO_FIX, s);
	if (begin(m, s, 1, 5, tod) == NULL)
		return skip(m, TRACK_MALFORMED, s);
	m->nwait++;
	return 0;
}

/* $xxZDA,time,day,month,year: counted as not read, its date is used */
static int zda(struct nmea *m, const struct sentence *s)
{
	int64_t tod = time_of_day(s->f[1]), us;
	int r = 0;

	if (tod != NO_TOD && s->f[4].len == 4 &&
	    midnight(digits(s->f[2].p, s->f[2].len), digits(s->f[3].p, s->f[3].len),
		     digits(s->f[4].p, 4), &us))
		r = set_date(m, us, tod);
	return r < 0 ? r : skip(m, TRACK_NOT_READ, s);
}

static int sentence(struct nmea *m, struct sentence *s, int how)
{
	if (how < 0)
		return skip(m, TRACK_BAD_CHECKSUM, s);
	if (how == 2 && !m->no_sum_noted) {
		int r = kt_track_note(m->o, "checksum-missing",
				      "sentences without a check sum are read all the same");

		m->no_sum_noted = true;
		if (r < 0)
			return r;
	}
	m->o->known = true;
	if (is(s, "RMC"))
		return rmc(m, s);
	if (is(s, "GGA"))
		return gga(m, s);
	if (is(s, "GLL"))
		return gll(m, s);
	if (is(s, "ZDA"))
		return zda(m, s);
	return skip(m, TRACK_NOT_READ, s);
}

int kt_track_nmea(struct track_out *o)
{
	struct nmea *m = kt_alloc(o->ctx, sizeof(*m));
	struct kt_lines lines;
	struct kt_str line;
	bool cut;
	int r, c = 0;

	if (m == NULL)
		return KT_FAIL(o->err, KT_E_NOMEM, "no memory for NMEA");
	memset(m, 0, sizeof(*m));
	m->o = o;
	m->last_tod = NO_TOD;
	kt_lines_init(&lines, o->ctx);
	while (c == 0 && (r = kt_lines_next(&lines, &line, &cut, o->err)) > 0) {
		struct sentence s = {.off = lines.line_off, .len = line.len};
		int how = split(line, &s);

		if (how != 0)
			c = sentence(m, &s, how);
		else if (kt_str_trim(line).len > 0)
			c = kt_track_skip(o, TRACK_NOT_READ, s.off, s.len);
	}
	if (c == 0 && r == 0)
		c = emit_waiting(m);
	kt_lines_free(&lines);
	return c < 0 ? c : r;
}
