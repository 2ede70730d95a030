/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * From EXIF values to a record. Field meanings after EXIF 2.32 (CIPA DC-008) sections 4.6.5 and
 * 4.6.6; what is taken, refused or only noted is decided in docs/formats/media-exif.md. Integers
 * only: a rational is a fraction until it is rounded, half away from zero, into our unit.
 */
#include "parsers/sdk/exif.h"

#include <stdio.h>
#include <string.h>

#define Y2001_US	(INT64_C(978307200) * KT_US_PER_S) /* no phone's clock before this is right */
#define ACCURACY_MAX_MM INT64_C(100000000000)		   /* as kt_rec_check() */

typedef __int128 i128;

/* den > 0 for every fraction that rational() accepts. */
struct fraction {
	int64_t num, den;
};

/* Texts of the record that are not in the artifact's bytes as they are. */
struct texts {
	char raw[KT_REC_STR_MAX];
	char gps_time[KT_TIME_TEXT];
};

struct moment {
	bool set;
	int64_t us; /* UTC, or wall time */
};

static bool readable(const struct kt_exif *x, enum kt_exif_tag t)
{
	return x->val[t].state == KT_XS_OK || x->val[t].state == KT_XS_CUT;
}

/* Text without its NUL, whatever follows that, and trailing spaces. Empty when it is no text. */
static struct kt_str text_of(const struct kt_exif *x, enum kt_exif_tag t)
{
	const struct kt_exif_val *v = &x->val[t];
	struct kt_str s = {"", 0};
	const uint8_t *nul;
	size_t n;

	if (!readable(x, t) || v->len == 0 ||
	    (v->type != KT_XTYPE_ASCII && v->type != KT_XTYPE_BYTE &&
	     v->type != KT_XTYPE_UNDEFINED && v->type != KT_XTYPE_UTF8))
		return s;
	nul = memchr(v->p, '\0', v->len);
	n = nul != NULL ? (size_t)(nul - v->p) : v->len;
	while (n > 0 && v->p[n - 1] == ' ')
		n--;
	s.p = (const char *)v->p;
	s.len = (uint32_t)n;
	return s;
}

static bool is_rationals(const struct kt_exif *x, enum kt_exif_tag t, uint32_t count)
{
	const struct kt_exif_val *v = &x->val[t];

	return v->state == KT_XS_OK && v->count == count &&
	       (v->type == KT_XTYPE_RATIONAL || v->type == KT_XTYPE_SRATIONAL);
}

/* The two numbers as written. The value must be is_rationals() with more than i of them. */
static struct fraction written(const struct kt_exif *x, enum kt_exif_tag t, unsigned i)
{
	const struct kt_exif_val *v = &x->val[t];
	uint32_t num = kt_exif_u32(x, v->p + (size_t)8 * i);
	uint32_t den = kt_exif_u32(x, v->p + (size_t)8 * i + 4);
	struct fraction f = {num, den};

	if (v->type == KT_XTYPE_SRATIONAL) {
		f.num = (int32_t)num;
		f.den = (int32_t)den;
	}
	return f;
}

/* The same with a positive denominator; false when that is zero. */
static bool rational(const struct kt_exif *x, enum kt_exif_tag t, unsigned i, struct fraction *f)
{
	*f = written(x, t, i);
	if (f->den < 0) {
		f->num = -f->num;
		f->den = -f->den;
	}
	return f->den != 0;
}

/* num / den, rounded half away from zero; den > 0. */
static int64_t divide(i128 num, i128 den)
{
	i128 q = (num < 0 ? -num : num) / den, r = (num < 0 ? -num : num) % den;

	if (r >= den - r)
		q++;
	return (int64_t)(num < 0 ? -q : q);
}

static int unusable(struct kt_ctx *ctx, const char *what, struct kt_err *err)
{
	return kt_note(ctx, "value-unusable", what, err);
}

/* -- position --------------------------------------------------------------------------------- */

/*
 * Degrees, minutes, seconds to E7; all three not negative, minutes and seconds at most 60. Exact:
 * whole degrees first, so that the rest times 1e7 stays below 2^128. Only denominators whose
 * product passes 2^102 lose bits, some seventy binary digits behind the last that counts.
 */
static int64_t degrees_e7(const struct fraction f[3])
{
	i128 den = (i128)f[0].den * f[1].den * f[2].den * 3600;
	i128 num = (i128)f[0].num * f[1].den * f[2].den * 3600 +
		   (i128)f[1].num * f[0].den * f[2].den * 60 + (i128)f[2].num * f[0].den * f[1].den;
	int64_t whole = (int64_t)(num / den);

	num %= den;
	while (den >> 102 != 0) {
		num >>= 1;
		den >>= 1;
	}
	return whole * 10000000 + divide(num * 10000000, den);
}

/* One coordinate: NULL and its absolute value in E7, or the reason why it can't be used. */
static const char *coordinate(const struct kt_exif *x, enum kt_exif_tag t, int64_t *e7)
{
	struct fraction f[3];

	if (x->val[t].state == KT_XS_OUTSIDE)
		return "value-outside-exif";
	if (!is_rationals(x, t, 3))
		return "malformed-position";
	for (unsigned i = 0; i < 3; i++)
		if (!rational(x, t, i, &f[i]))
			return "zero-denominator";
	for (unsigned i = 0; i < 3; i++)
		if (f[i].num < 0)
			return "negative-coordinate";
	/* 60 itself is a rounded 59.99...; more is no sexagesimal number */
	if (f[1].num > 60 * f[1].den || f[2].num > 60 * f[2].den)
		return "out-of-range";
	*e7 = degrees_e7(f);
	return NULL;
}

/* The sign by the hemisphere letter: NULL, or the reason. */
static const char *hemisphere(const struct kt_exif *x, enum kt_exif_tag t, const char *plus,
			      const char *minus, int *sign)
{
	struct kt_str s = text_of(x, t);

	if (s.len == 0)
		return "hemisphere-missing";
	if (s.len != 1 || (strchr(plus, s.p[0]) == NULL && strchr(minus, s.p[0]) == NULL))
		return "hemisphere-invalid";
	*sign = strchr(plus, s.p[0]) != NULL ? 1 : -1;
	return NULL;
}

static void position(const struct kt_exif *x, struct kt_record *r)
{
	bool lat = x->val[KT_XT_LAT].state != KT_XS_ABSENT;
	bool lon = x->val[KT_XT_LON].state != KT_XS_ABSENT;
	uint8_t gps = x->dir[KT_XD_GPS].state;
	int64_t lat_e7 = 0, lon_e7 = 0;
	int ns = 1, ew = 1;
	const char *why = NULL;

	if (!lat && !lon) {
		if (gps != KT_XS_ABSENT && gps != KT_XS_OK)
			kt_set_unusable(r, "gps-directory-damaged");
		return;
	}
	if (!lat || !lon) {
		kt_set_unusable(r, "incomplete-position");
		return;
	}
	for (unsigned t = KT_XT_LAT_REF; t <= KT_XT_LON; t++)
		if (x->val[t].duplicate)
			why = "duplicate-position";
	if (why == NULL)
		why = hemisphere(x, KT_XT_LAT_REF, "Nn", "Ss", &ns);
	if (why == NULL)
		why = hemisphere(x, KT_XT_LON_REF, "Ee", "Ww", &ew);
	if (why == NULL)
		why = coordinate(x, KT_XT_LAT, &lat_e7);
	if (why == NULL)
		why = coordinate(x, KT_XT_LON, &lon_e7);
	if (why != NULL)
		kt_set_unusable(r, why);
	else
		kt_set_position(r, ns * lat_e7, ew * lon_e7);
}

/* One coordinate as written: "N 52/1 5/1 1234/100". */
static size_t raw_coordinate(const struct kt_exif *x, enum kt_exif_tag ref, enum kt_exif_tag t,
			     char *out, size_t size)
{
	const struct kt_exif_val *v = &x->val[t];
	struct kt_str s = text_of(x, ref);
	size_t n = s.len < 8 ? s.len : 8;

	memcpy(out, n > 0 ? s.p : "?", n > 0 ? n : 1);
	n = n > 0 ? n : 1;
	if (v->state == KT_XS_ABSENT)
		return n + (size_t)snprintf(out + n, size - n, " absent");
	if (!is_rationals(x, t, 3))
		return n + (size_t)snprintf(out + n, size - n, " type %u count %u",
					    (unsigned)v->type, (unsigned)v->count);
	for (unsigned i = 0; i < 3; i++) {
		struct fraction f = written(x, t, i);
		n += (size_t)snprintf(out + n, size - n, " %lld/%lld", (long long)f.num,
				      (long long)f.den);
	}
	return n;
}

static void raw_text(const struct kt_exif *x, struct kt_record *r, struct texts *txt)
{
	size_t n;

	if (x->val[KT_XT_LAT].state == KT_XS_ABSENT && x->val[KT_XT_LON].state == KT_XS_ABSENT) {
		r->raw = text_of(x, KT_XT_TAKEN);
		if (r->raw.len == 0)
			r->raw = text_of(x, KT_XT_CREATED);
		return;
	}
	n = raw_coordinate(x, KT_XT_LAT_REF, KT_XT_LAT, txt->raw, 128);
	memcpy(txt->raw + n, ", ", 2);
	n += 2;
	n += raw_coordinate(x, KT_XT_LON_REF, KT_XT_LON, txt->raw + n, 128);
	r->raw.p = txt->raw;
	r->raw.len = (uint32_t)n;
}

/* From the first to the last byte of the position's entries and values; else of a directory. */
static void locator(const struct kt_exif *x, struct kt_record *r)
{
	static const enum kt_exif_tag tags[] = {KT_XT_LAT_REF, KT_XT_LAT, KT_XT_LON_REF, KT_XT_LON};
	const struct kt_exif_table *dir = &x->dir[KT_XD_EXIF];
	uint64_t from = UINT64_MAX, to = 0;

	for (unsigned i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		const struct kt_exif_val *v = &x->val[tags[i]];
		uint64_t end = v->off + v->len;

		if (v->state == KT_XS_ABSENT)
			continue;
		from = v->entry < from ? v->entry : from;
		to = v->entry + 12 > to ? v->entry + 12 : to;
		if (!readable(x, tags[i]))
			continue;
		from = v->off < from ? v->off : from;
		to = end > to ? end : to;
	}
	if (to == 0) {
		if (dir->n == 0)
			dir = &x->dir[KT_XD_IFD0];
		from = dir->off;
		to = from + 2 + (uint64_t)12 * dir->n;
	}
	r->loc.kind = KT_LOC_BYTES;
	r->loc.off = from;
	r->loc.len = to - from;
}

/* -- what goes with a position ---------------------------------------------------------------- */

/* A single rational times mul/div into *v. 1, 0 when the value is absent, -1 when unusable. */
static int scaled(const struct kt_exif *x, enum kt_exif_tag t, int64_t mul, int64_t div, int64_t *v)
{
	struct fraction f;

	if (x->val[t].state == KT_XS_ABSENT)
		return 0;
	if (!is_rationals(x, t, 1) || !rational(x, t, 0, &f))
		return -1;
	*v = divide((i128)f.num * mul, (i128)f.den * div);
	return 1;
}

/*
 * The reference: 0 above, 1 below sea level; 2, 3 the same against the ellipsoid (EXIF 3.0). Some
 * writers put it as text. Without one it is 0, the standard's default. -1 when it is none of these.
 */
static int altitude_ref(const struct kt_exif *x)
{
	const struct kt_exif_val *v = &x->val[KT_XT_ALT_REF];
	unsigned n;

	if (v->state == KT_XS_ABSENT)
		return 0;
	if (v->state != KT_XS_OK || v->len == 0 ||
	    (v->type != KT_XTYPE_BYTE && v->type != KT_XTYPE_ASCII &&
	     v->type != KT_XTYPE_UNDEFINED))
		return -1;
	n = v->p[0] >= '0' ? v->p[0] - (unsigned)'0' : v->p[0];
	return n <= 3 ? (int)n : -1;
}

static int altitude(struct kt_ctx *ctx, const struct kt_exif *x, struct kt_record *r,
		    struct kt_err *err)
{
	int64_t mm = 0;
	int ref = altitude_ref(x), have = scaled(x, KT_XT_ALT, 1000, 1, &mm);
	bool below = ref == 1 || ref == 3;

	if (have == 0)
		return 0;
	if (have < 0 || ref < 0)
		return unusable(ctx, "GPSAltitude", err);
	if (below && mm < 0)
		return unusable(ctx, "GPSAltitude: negative, and marked as below sea level", err);
	kt_rec_int(r, KT_F_ALTITUDE_MM, below ? -mm : mm);
	return 0;
}

static int speed(struct kt_ctx *ctx, const struct kt_exif *x, struct kt_record *r,
		 struct kt_err *err)
{
	static const struct {
		char ref;
		int64_t mm_per_hour;
	} units[] = {{'K', 1000000}, {'M', 1609344}, {'N', 1852000}};
	struct kt_str ref = text_of(x, KT_XT_SPEED_REF);
	char unit = ref.len > 0 ? ref.p[0] : 'K'; /* the standard's default */
	int64_t v;
	int have = 0;

	if (x->val[KT_XT_SPEED].state == KT_XS_ABSENT)
		return 0;
	for (unsigned i = 0; i < 3 && ref.len <= 1; i++)
		if (units[i].ref == unit)
			have = scaled(x, KT_XT_SPEED, units[i].mm_per_hour, 3600, &v);
	if (have <= 0 || v < 0)
		return unusable(ctx, "GPSSpeed", err);
	kt_rec_int(r, KT_F_SPEED_MM_S, v);
	return 0;
}

static int direction(struct kt_ctx *ctx, const struct kt_exif *x, struct kt_record *r,
		     struct kt_err *err)
{
	struct kt_str ref = text_of(x, KT_XT_DIRECTION_REF);
	int64_t mdeg = 0;
	int have = scaled(x, KT_XT_DIRECTION, 1000, 1, &mdeg);

	if (have == 0)
		return 0;
	if (have < 0 || mdeg < 0 || mdeg > 360000)
		return unusable(ctx, "GPSImgDirection", err);
	kt_rec_int(r, KT_F_HEADING_MDEG, mdeg);
	if (ref.len == 1 && ref.p[0] == 'T')
		ref = kt_str_c("true");
	else if (ref.len == 1 && ref.p[0] == 'M')
		ref = kt_str_c("magnetic");
	kt_rec_str(r, KT_F_HEADING_REF, ref.p, ref.len);
	return 0;
}

/* Metres; a zero says nothing, so it is no figure either. */
static void accuracy(const struct kt_exif *x, struct kt_record *r)
{
	int64_t mm = 0;
	int have = scaled(x, KT_XT_ACCURACY, 1000, 1, &mm);

	if (have == 0)
		return;
	if (have < 0 || mm <= 0 || mm > ACCURACY_MAX_MM) {
		r->flags |= KT_FLAG_BAD_ACCURACY;
		return;
	}
	r->has_accuracy = true;
	r->accuracy_mm = mm;
}

static int gps_extras(struct kt_ctx *ctx, const struct kt_exif *x, struct kt_record *r,
		      struct kt_err *err)
{
	struct kt_str datum = text_of(x, KT_XT_DATUM), status = text_of(x, KT_XT_GPS_STATUS);
	int c;

	accuracy(x, r);
	c = altitude(ctx, x, r, err);
	if (c == 0)
		c = speed(ctx, x, r, err);
	if (c == 0)
		c = direction(ctx, x, r, err);
	if (c == 0 && status.len > 0 && status.p[0] == 'V')
		c = kt_note(ctx, "gps-status-void",
			    "the camera marks the position as not being measured at that moment",
			    err);
	kt_rec_str(r, KT_F_MAP_DATUM, datum.p, datum.len);
	return c;
}

/* -- times ------------------------------------------------------------------------------------ */

/* n digits, or -1. */
static int digits(const char *p, unsigned n)
{
	int v = 0;

	for (unsigned i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	return v;
}

/* "2024:05:06"; some writers put '-' or '/'. */
static bool date_of(const char *p, int ymd[3])
{
	if ((p[4] != ':' && p[4] != '-' && p[4] != '/') || p[7] != p[4])
		return false;
	ymd[0] = digits(p, 4);
	ymd[1] = digits(p + 5, 2);
	ymd[2] = digits(p + 8, 2);
	return ymd[0] > 0 && ymd[1] > 0 && ymd[2] > 0;
}

#define WALL_LEN 19u /* "2024:05:06 07:08:09" */

static bool wall_time(struct kt_str s, int64_t *us)
{
	int ymd[3], h, m, sec;

	if (s.len != WALL_LEN || !date_of(s.p, ymd) || (s.p[10] != ' ' && s.p[10] != 'T') ||
	    s.p[13] != ':' || s.p[16] != ':')
		return false;
	h = digits(s.p + 11, 2);
	m = digits(s.p + 14, 2);
	sec = digits(s.p + 17, 2);
	return h >= 0 && m >= 0 && sec >= 0 &&
	       kt_time_from_civil(ymd[0], ymd[1], ymd[2], h, m, sec, us) == 0;
}

/* "+02:00", "-03:30", "Z". */
static bool zone_offset(struct kt_str s, int *min)
{
	int h, m;

	*min = 0;
	if (s.len == 1 && s.p[0] == 'Z')
		return true;
	if (s.len != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':')
		return false;
	h = digits(s.p + 1, 2);
	m = digits(s.p + 4, 2);
	if (h < 0 || m < 0 || m > 59 || h * 60 + m > 14 * 60)
		return false;
	*min = s.p[0] == '-' ? -(h * 60 + m) : h * 60 + m;
	return true;
}

/* GPSDateStamp and GPSTimeStamp, UTC by the standard. */
static bool gps_moment(const struct kt_exif *x, int64_t *us)
{
	struct kt_str date = text_of(x, KT_XT_GPS_DATE);
	struct fraction f[3];
	int64_t sec_us;
	int ymd[3];

	if (date.len != 10 || !date_of(date.p, ymd) || !is_rationals(x, KT_XT_GPS_TIME, 3))
		return false;
	for (unsigned i = 0; i < 3; i++)
		if (!rational(x, KT_XT_GPS_TIME, i, &f[i]) || f[i].num < 0)
			return false;
	if (f[0].num % f[0].den != 0 || f[1].num % f[1].den != 0 || f[0].num / f[0].den > 23 ||
	    f[1].num / f[1].den > 59 || f[2].num / f[2].den > 59)
		return false;
	sec_us = (int64_t)((i128)f[2].num * KT_US_PER_S / f[2].den);
	if (kt_time_from_civil(ymd[0], ymd[1], ymd[2], (int)(f[0].num / f[0].den),
			       (int)(f[1].num / f[1].den), 0, us) < 0)
		return false;
	*us += sec_us;
	return true;
}

static int gps_time(struct kt_ctx *ctx, const struct kt_exif *x, struct kt_record *r,
		    struct texts *txt, struct moment *gps, struct kt_err *err)
{
	bool date = x->val[KT_XT_GPS_DATE].state != KT_XS_ABSENT;
	bool time = x->val[KT_XT_GPS_TIME].state != KT_XS_ABSENT;

	if (!date && !time)
		return 0;
	if (date != time)
		return kt_note(ctx, "time-unusable",
			       date ? "GPSDateStamp without GPSTimeStamp"
				    : "GPSTimeStamp without GPSDateStamp",
			       err);
	gps->set = gps_moment(x, &gps->us);
	if (!gps->set)
		return kt_note(ctx, "time-unusable", "GPSDateStamp, GPSTimeStamp", err);
	kt_time_text(gps->us, txt->gps_time);
	kt_rec_str(r, KT_F_GPS_TIME, txt->gps_time, strlen(txt->gps_time));
	return 0;
}

/* A camera time and its offset: which of wall and utc it gives. */
static int camera_time(struct kt_ctx *ctx, const struct kt_exif *x, enum kt_exif_tag t,
		       enum kt_exif_tag offset, const char *name, struct moment *wall,
		       struct moment *utc, int *offset_min, struct kt_err *err)
{
	struct kt_str off = text_of(x, offset), s = text_of(x, t), tail = {"", 0};

	if (x->val[t].state == KT_XS_ABSENT)
		return 0;
	if (s.len > WALL_LEN) { /* some writers put the offset here: "2010:03:04 11:59:38+01:00" */
		tail.p = s.p + WALL_LEN;
		tail.len = s.len - WALL_LEN;
		s.len = WALL_LEN;
		if (!zone_offset(tail, offset_min))
			return kt_note(ctx, "time-unusable", name, err);
	}
	wall->set = wall_time(s, &wall->us);
	if (!wall->set)
		return kt_note(ctx, "time-unusable", name, err);
	if (x->val[offset].state == KT_XS_ABSENT && tail.len == 0)
		return 0;
	if (x->val[offset].state == KT_XS_ABSENT)
		off = tail;
	utc->set = zone_offset(off, offset_min);
	utc->us = wall->us - (int64_t)*offset_min * 60 * KT_US_PER_S;
	if (utc->us < KT_TIME_MIN || utc->us > KT_TIME_MAX)
		utc->set = false;
	return utc->set ? 0 : kt_note(ctx, "time-unusable", "time zone offset", err);
}

static void set_time(struct kt_record *r, enum kt_time_kind kind, int64_t us)
{
	r->time_kind = (uint8_t)kind;
	r->t_us = us;
	if (us < Y2001_US)
		r->flags |= KT_FLAG_IMPLAUSIBLE_TIME;
}

static int times(struct kt_ctx *ctx, const struct kt_exif *x, struct kt_record *r,
		 struct texts *txt, struct kt_err *err)
{
	struct kt_str taken = text_of(x, KT_XT_TAKEN), off = text_of(x, KT_XT_TAKEN_OFFSET);
	struct kt_str modified = text_of(x, KT_XT_MODIFIED);
	struct moment gps = {0}, wall = {0}, utc = {0};
	bool from_created;
	int offset = 0, c;

	c = camera_time(ctx, x, KT_XT_TAKEN, KT_XT_TAKEN_OFFSET, "DateTimeOriginal", &wall, &utc,
			&offset, err);
	from_created = !wall.set;
	if (c == 0 && from_created)
		c = camera_time(ctx, x, KT_XT_CREATED, KT_XT_CREATED_OFFSET, "DateTimeDigitized",
				&wall, &utc, &offset, err);
	from_created = from_created && wall.set;
	kt_rec_str(r, KT_F_TAKEN_LOCAL, taken.p, taken.len);
	kt_rec_str(r, KT_F_TAKEN_OFFSET, off.p, off.len);
	if (c == 0)
		c = gps_time(ctx, x, r, txt, &gps, err);
	kt_rec_str(r, KT_F_MODIFIED_LOCAL, modified.p, modified.len);
	if (utc.set)
		kt_rec_int(r, KT_F_LOCAL_OFFSET_MIN, offset);
	if (utc.set && gps.set)
		kt_rec_int(r, KT_F_TIME_DIFFERENCE_S, (utc.us - gps.us) / KT_US_PER_S);
	if (gps.set)
		set_time(r, KT_TIME_UTC, gps.us);
	else if (utc.set)
		set_time(r, KT_TIME_UTC, utc.us);
	else if (wall.set)
		set_time(r, KT_TIME_LOCAL, wall.us);
	if (c == 0 && from_created && !gps.set)
		c = kt_note(ctx, "time-from-digitized",
			    "DateTimeOriginal gives no time; DateTimeDigitized is used", err);
	return c;
}

/* -- the whole -------------------------------------------------------------------------------- */

/* Says what of the directories could not be read. */
static int damage(struct kt_ctx *ctx, const struct kt_exif *x, struct kt_err *err)
{
	static const char *const names[KT_XD_COUNT] = {"IFD0", "Exif directory", "GPS directory"};
	unsigned bad = 0, cut = 0, twice = 0;
	int c = 0;

	for (unsigned d = 0; d < KT_XD_COUNT && c == 0; d++)
		if (x->dir[d].state > KT_XS_OK)
			c = kt_note(ctx, "exif-damaged", names[d], err);
	for (unsigned t = 0; t < KT_XT_COUNT; t++) {
		bad += x->val[t].state == KT_XS_OUTSIDE || x->val[t].state == KT_XS_BAD;
		twice += x->val[t].duplicate;
		cut += x->val[t].state == KT_XS_CUT;
	}
	if (c == 0 && bad > 0)
		c = kt_note(ctx, "exif-damaged", "a value has an impossible place or size", err);
	if (c == 0 && cut > 0)
		c = kt_note(ctx, "text-cut", "a text is longer than 512 bytes", err);
	if (c == 0 && twice > 0)
		c = kt_note(ctx, "duplicate-tag", "a tag stands twice; the first is used", err);
	return c;
}

int kt_exif_record(struct kt_ctx *ctx, const struct kt_exif *x, struct kt_record *r,
		   struct kt_err *err)
{
	static const struct {
		enum kt_exif_tag tag;
		enum kt_field field;
	} camera[] = {{KT_XT_MAKE, KT_F_CAMERA_MAKE},
		      {KT_XT_MODEL, KT_F_CAMERA_MODEL},
		      {KT_XT_SOFTWARE, KT_F_SOFTWARE}};
	struct texts *txt = kt_alloc(ctx, sizeof(*txt));
	int c;

	if (txt == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "exif: no memory for texts");
	kt_rec_init(r, KT_REC_MEDIA, KT_BASIS_MEASURED);
	position(x, r);
	if (r->pos_state == KT_POS_OK)
		r->type = KT_REC_POSITION;
	locator(x, r);
	raw_text(x, r, txt);
	for (unsigned i = 0; i < sizeof(camera) / sizeof(camera[0]); i++) {
		struct kt_str s = text_of(x, camera[i].tag);
		kt_rec_str(r, camera[i].field, s.p, s.len);
	}
	c = damage(ctx, x, err);
	if (c == 0)
		c = times(ctx, x, r, txt, err);
	if (c == 0)
		c = gps_extras(ctx, x, r, err);
	return c;
}
