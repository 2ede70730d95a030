/* SPDX-License-Identifier: EUPL-1.2 */
/* Units, epochs and markers, exactly and in integers. See units.h. */
#include "parsers/sdk/units.h"
#include "parsers/sdk/ctx.h"

#include <string.h>

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

#define SCALE_MAX      9u
#define COCOA_START_US (INT64_C(978307200) * KT_US_PER_S) /* 2001-01-01T00:00:00Z */
#define ACCURACY_MAX   INT64_C(100000000000)		  /* mm, as kt_rec_check() allows */

static const uint32_t powers[SCALE_MAX + 1] = {1,      10,	100,	  1000,	     10000,
					       100000, 1000000, 10000000, 100000000, 1000000000};

/* n / d rounded half away from zero, d > 0. */
static i128 div_round(i128 n, i128 d)
{
	i128 half = d / 2;

	return n < 0 ? -((-n + half) / d) : (n + half) / d;
}

/* -- times ------------------------------------------------------------------------------------ */

struct epoch {
	int64_t start_s;  /* since 1970 */
	int64_t per_unit; /* microseconds */
};

/* 1904: ISO/IEC 14496-12; 1989-12-31: FIT SDK; 1601: Windows FILETIME's start, used by WebKit. */
static const struct epoch epochs[] = {
	[KT_EPOCH_UNIX_S] = {0, 1000000},
	[KT_EPOCH_UNIX_MS] = {0, 1000},
	[KT_EPOCH_UNIX_US] = {0, 1},
	[KT_EPOCH_COCOA_S] = {978307200, 1000000},
	[KT_EPOCH_1904_S] = {-2082844800, 1000000},
	[KT_EPOCH_FIT_S] = {631065600, 1000000},
	[KT_EPOCH_WEBKIT_US] = {INT64_C(-11644473600), 1},
};

bool kt_epoch_us(enum kt_epoch e, int64_t v, unsigned scale, int64_t *t_us)
{
	i128 t;

	if ((unsigned)e == 0 || (unsigned)e >= sizeof(epochs) / sizeof(epochs[0]) ||
	    scale > SCALE_MAX)
		return false;
	t = div_round((i128)v * epochs[e].per_unit, powers[scale]) +
	    (i128)epochs[e].start_s * KT_US_PER_S;
	if (t < KT_TIME_MIN || t > KT_TIME_MAX)
		return false;
	*t_us = (int64_t)t;
	return true;
}

static bool in_years(int64_t t_us)
{
	return t_us >= KT_TIME_MIN && t_us <= KT_TIME_MAX;
}

static void set_time(struct kt_record *r, enum kt_time_kind kind, int64_t t_us)
{
	if (t_us <= COCOA_START_US || !in_years(t_us))
		r->flags |= KT_FLAG_IMPLAUSIBLE_TIME;
	if (!in_years(t_us))
		return;
	r->time_kind = (uint8_t)kind;
	r->t_us = t_us;
}

void kt_set_utc(struct kt_record *r, int64_t t_us)
{
	set_time(r, KT_TIME_UTC, t_us);
}

void kt_set_local(struct kt_record *r, int64_t t_us)
{
	set_time(r, KT_TIME_LOCAL, t_us);
}

void kt_set_end(struct kt_record *r, int64_t t_us)
{
	if (t_us <= COCOA_START_US || !in_years(t_us) ||
	    (r->time_kind != KT_TIME_NONE && t_us < r->t_us))
		r->flags |= KT_FLAG_IMPLAUSIBLE_TIME;
	if (!in_years(t_us) || r->time_kind == KT_TIME_NONE)
		return;
	r->has_end = true;
	r->t_end_us = t_us;
}

int kt_rec_time(struct kt_ctx *ctx, struct kt_record *r, enum kt_field f, int64_t t_us,
		struct kt_err *err)
{
	char *text = kt_ctx_short(ctx);

	(void)err;
	if (t_us <= COCOA_START_US || !in_years(t_us))
		r->flags |= KT_FLAG_IMPLAUSIBLE_TIME;
	if (!in_years(t_us))
		return 0;
	kt_time_text(t_us, text);
	kt_rec_str(r, f, text, strlen(text));
	return 0;
}

/* The zone behind a time, in the form that kt_time_parse() takes. False: something else. */
static bool put_zone(struct kt_str z, char *out, size_t *n)
{
	size_t digits;

	if (z.len == 0)
		return true;
	if (z.len == 1 && (z.p[0] == 'Z' || z.p[0] == 'z')) {
		out[(*n)++] = 'Z';
		return true;
	}
	if (z.p[0] != '+' && z.p[0] != '-')
		return false;
	out[(*n)++] = z.p[0];
	z = kt_str_from(z, 1);
	digits = kt_str_digits(z);
	if (!((digits == 2 && (z.len == 2 || (z.len == 5 && z.p[2] == ':'))) ||
	      (digits == 4 && z.len == 4)))
		return false;
	memcpy(out + *n, z.p, 2);
	out[*n + 2] = ':';
	out[*n + 3] = out[*n + 4] = '0';
	if (z.len > 2)
		memcpy(out + *n + 3, z.p + z.len - 2, 2);
	*n += 5;
	return true;
}

bool kt_iso_time(struct kt_str s, int64_t *t_us, enum kt_time_kind *kind, int *offset_min)
{
	char text[48];
	size_t n = 19, digits;
	bool zone;

	s = kt_str_trim(s);
	if (s.len < n)
		return false;
	memcpy(text, s.p, n);
	if (text[10] == 't')
		text[10] = 'T';
	s = kt_str_from(s, n);
	if (s.len > 0 && (s.p[0] == '.' || s.p[0] == ',')) {
		s = kt_str_from(s, 1);
		digits = kt_str_digits(s);
		if (digits == 0)
			return false;
		text[n++] = '.';
		memcpy(text + n, s.p, digits < 9 ? digits : 9);
		n += digits < 9 ? digits : 9;
		s = kt_str_from(s, digits);
	}
	if (s.len > 1 && s.p[0] == ' ')
		s = kt_str_from(s, 1);
	if (!put_zone(s, text, &n) || kt_time_parse(text, n, false, t_us, &zone, offset_min) < 0)
		return false;
	*kind = zone ? KT_TIME_UTC : KT_TIME_LOCAL;
	return true;
}

/* -- numbers ---------------------------------------------------------------------------------- */

/* d = (-1)^neg * m * 2^e; false for NaN and infinities. */
static bool take_apart(double d, bool *neg, uint64_t *m, int *e)
{
	uint64_t bits;
	unsigned ex;

	_Static_assert(sizeof(bits) == sizeof(d), "IEEE 754 binary64");
	memcpy(&bits, &d, sizeof(bits));
	ex = (unsigned)(bits >> 52) & 0x7ff;
	if (ex == 0x7ff)
		return false;
	*neg = bits >> 63 != 0;
	*m = (bits & ((UINT64_C(1) << 52) - 1)) | (ex != 0 ? UINT64_C(1) << 52 : 0);
	*e = (int)(ex != 0 ? ex : 1) - 1075;
	return true;
}

bool kt_double_scaled(double d, unsigned scale, int64_t *v)
{
	bool neg;
	uint64_t m;
	u128 p;
	int e;

	if (scale > SCALE_MAX || !take_apart(d, &neg, &m, &e))
		return false;
	p = (u128)m * powers[scale]; /* below 2^83 */
	if (p != 0 && e > 63)
		return false;
	if (e > 0 && p >> (127 - e) != 0)
		return false;
	if (e >= 0)
		p = p << (e > 63 ? 0 : e);
	else if (-e > 100)
		p = 0;
	else
		p = (p >> -e) + (p >> (-e - 1) & 1);
	if (p > INT64_MAX)
		return false;
	*v = neg ? -(int64_t)p : (int64_t)p;
	return true;
}

static char *put_hex(char *out, uint64_t v, unsigned digits)
{
	for (unsigned i = digits; i > 0; i--)
		*out++ = "0123456789abcdef"[v >> (4 * (i - 1)) & 15];
	return out;
}

static char *put_dec(char *out, uint64_t v)
{
	char t[20];
	unsigned n = 0;

	do {
		t[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	while (n > 0)
		*out++ = t[--n];
	return out;
}

/* q * 10^-decimals, without zeros at the end of the fraction; decimals <= 22. */
static char *put_decimal(char *out, uint64_t q, unsigned decimals)
{
	char t[40];
	unsigned n = 0, whole;

	while (decimals > 0 && q % 10 == 0) {
		q /= 10;
		decimals--;
	}
	do {
		t[n++] = (char)('0' + q % 10);
		q /= 10;
	} while (n <= decimals || q > 0);
	whole = n - decimals;
	while (n > 0) {
		if (whole-- == 0)
			*out++ = '.';
		*out++ = t[--n];
	}
	return out;
}

/*
 * The shortest decimal that lies nearer to m * 2^e than to any other double, for 2^52 <= m < 2^53 and
 * -69 <= e < 0. Everything is counted in units of 2^(e-1) * 10^-s, where s gives the value 17 digits in
 * front of the point: half the distance to the next double is then 10^s units, and nothing reaches
 * 2^127.
 */
static char *put_shortest(char *out, uint64_t m, int e)
{
	u128 ten_s = 1, value;
	uint64_t q = 0;
	unsigned s = 0;

	while (s < 22 && (m * ten_s) >> -e < UINT64_C(10000000000000000)) {
		ten_s *= 10;
		s++;
	}
	value = 2 * m * ten_s;
	/* from 17 digits down, as long as what remains still means this double */
	for (uint64_t t = 1; t <= UINT64_C(10000000000000000); t *= 10) {
		u128 unit = (u128)t << (1 - e);
		u128 near = value / unit, rest = value % unit;

		near = (near + (rest > unit / 2 || (rest == unit / 2 && near % 2 != 0))) * unit;

		if ((near > value ? near - value : value - near) >= ten_s)
			break;
		q = (uint64_t)(near >> (1 - e));
	}
	return put_decimal(out, q, s);
}

const char *kt_double_text(double d, char out[KT_DOUBLE_TEXT])
{
	char *at = out;
	bool neg;
	uint64_t m, odd;
	int64_t whole;
	int e, odd_e;

	if (!take_apart(d, &neg, &m, &e))
		return d != d ? "nan" : d > 0 ? "inf" : "-inf";
	if (neg)
		*at++ = '-';
	odd = m;
	odd_e = e;
	for (; odd != 0 && odd_e < 0 && odd % 2 == 0; odd /= 2)
		odd_e++;
	if (m == 0 || (odd_e >= 0 && kt_double_scaled(d, 0, &whole))) {
		at = put_dec(at, m == 0 ? 0 : odd << odd_e);
	} else if (odd_e < 0 && e >= -69) {
		at = put_shortest(at, m, e);
	} else {
		memcpy(at, "0x", 2);
		at = put_hex(at + 2, m, 14);
		*at++ = 'p';
		if (e < 0)
			*at++ = '-';
		at = put_dec(at, (uint64_t)(e < 0 ? -e : e));
	}
	*at = '\0';
	return out;
}

/* -- positions -------------------------------------------------------------------------------- */

#define WRAP INT64_C(4294967296) /* 2^32 */

/* Takes 2^32 off a value that is too large; whether it fits then is asked afterwards. */
static bool unwrap(int64_t *v, int64_t max)
{
	if (*v <= max)
		return false;
	*v -= WRAP;
	return true;
}

void kt_set_position_e7(struct kt_record *r, int64_t lat, int64_t lon)
{
	bool a = unwrap(&lat, KT_E7_LAT_MAX), b = unwrap(&lon, KT_E7_LON_MAX);

	kt_set_position(r, lat, lon);
	if ((a || b) && r->pos_state == KT_POS_OK)
		r->flags |= KT_FLAG_WRAPPED;
}

void kt_set_position_text(struct kt_record *r, struct kt_str lat, struct kt_str lon)
{
	int64_t a, b;

	lat = kt_str_trim(lat);
	lon = kt_str_trim(lon);
	if (kt_parse_scaled(lat.p, lat.len, 7, &a) < 0 ||
	    kt_parse_scaled(lon.p, lon.len, 7, &b) < 0)
		kt_set_unusable(r, "not-a-number");
	else
		kt_set_position(r, a, b);
}

void kt_set_position_apple(struct kt_record *r, int64_t lat_e7, int64_t lon_e7)
{
	if (lat_e7 == -KT_E7_LON_MAX || lon_e7 == -KT_E7_LON_MAX)
		kt_set_unusable(r, "no-location-marker");
	else
		kt_set_position(r, lat_e7, lon_e7);
}

void kt_set_position_e6(struct kt_record *r, int64_t lat, int64_t lon)
{
	if (__builtin_mul_overflow(lat, 10, &lat) || __builtin_mul_overflow(lon, 10, &lon))
		kt_set_unusable(r, "out-of-range");
	else
		kt_set_position(r, lat, lon);
}

void kt_set_position_semicircles(struct kt_record *r, int32_t lat, int32_t lon)
{
	const i128 half_turn = INT64_C(1) << 31;

	if (lat == INT32_MAX || lon == INT32_MAX)
		kt_set_unusable(r, "no-location-marker");
	else
		kt_set_position(r, (int64_t)div_round((i128)lat * KT_E7_LON_MAX, half_turn),
				(int64_t)div_round((i128)lon * KT_E7_LON_MAX, half_turn));
}

void kt_set_accuracy_mm(struct kt_record *r, int64_t mm, bool zero_is_none)
{
	if (mm == -1 || mm == -1000)
		return;
	if (mm < 0 || mm > ACCURACY_MAX || (mm == 0 && zero_is_none)) {
		r->flags |= KT_FLAG_BAD_ACCURACY;
		return;
	}
	r->has_accuracy = true;
	r->accuracy_mm = mm;
}

/* -- network addresses ------------------------------------------------------------------------ */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void kt_mac_int(uint64_t v, char out[18])
{
	for (unsigned i = 0; i < 6; i++) {
		out = put_hex(out, v >> (40 - 8 * i) & 0xff, 2);
		*out++ = i < 5 ? ':' : '\0';
	}
}

bool kt_mac_text(struct kt_str s, char out[18])
{
	uint64_t v = 0;
	uint32_t at = 0;

	for (unsigned i = 0; i < 6; i++) {
		unsigned octet = 0, digits = 0;

		if (s.len == 6) { /* the octets themselves: text is longer */
			v = v << 8 | (uint8_t)s.p[i];
			continue;
		}
		for (; at < s.len && digits < 2 && hex_digit(s.p[at]) >= 0; at++, digits++)
			octet = octet << 4 | (unsigned)hex_digit(s.p[at]);
		if (digits == 0 || (i < 5 && (at >= s.len || (s.p[at] != ':' && s.p[at] != '-'))))
			return false;
		at += i < 5;
		v = v << 8 | octet;
	}
	if (s.len != 6 && at != s.len)
		return false;
	kt_mac_int(v, out);
	return true;
}
