/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/time.h"
#include "core/err.h"

#include <string.h>
#include <time.h>

int64_t kt_time_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * KT_US_PER_S + ts.tv_nsec / 1000;
}

int64_t kt_time_mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* Era arithmetic on a year that starts in March, so that the leap day comes last. */
int64_t kt_days_from_civil(int64_t y, unsigned m, unsigned d)
{
	int64_t era, doe;
	unsigned yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = (unsigned)(y - era * 400);
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	doe = (int64_t)yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

static void civil_from_days(int64_t z, int64_t *y, unsigned *m, unsigned *d)
{
	int64_t era;
	unsigned doe, yoe, doy, mp;

	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = (unsigned)(z - era * 146097);
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = (int64_t)yoe + era * 400 + (*m <= 2);
}

int kt_time_from_civil(int y, int mo, int d, int h, int mi, int s, int64_t *us)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	if (y < 1 || y > 9999 || mo < 1 || mo > 12 || d < 1 ||
	    d > days[mo - 1] + (mo == 2 && leap) || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 ||
	    s > 59)
		return KT_E_FORMAT;
	*us = (kt_days_from_civil(y, (unsigned)mo, (unsigned)d) * 86400 + h * 3600 + mi * 60 + s) *
	      KT_US_PER_S;
	return 0;
}

/* Exactly n digits; -1 otherwise. */
static int num(const char *p, const char *end, int n)
{
	int v = 0;

	if (end - p < n)
		return -1;
	for (int i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	return v;
}

static bool is_at(const char *p, const char *end, char c)
{
	return p < end && *p == c;
}

static const char *fraction(const char *p, const char *end, int64_t *us)
{
	int64_t unit = KT_US_PER_S / 10;
	const char *start = p;

	*us = 0;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		*us += (*p - '0') * unit;
		unit /= 10;
	}
	return p == start || p - start > 9 ? NULL : p;
}

int kt_time_parse(const char *p, size_t n, bool need_zone, int64_t *us, bool *has_zone,
		  int *offset_min)
{
	const char *end = p + n;
	int64_t t, frac = 0;
	int off = 0;
	bool zone = true;

	if (n < 19 || p[4] != '-' || p[7] != '-' || (p[10] != 'T' && p[10] != ' ') ||
	    p[13] != ':' || p[16] != ':')
		return KT_E_FORMAT;
	if (kt_time_from_civil(num(p, end, 4), num(p + 5, end, 2), num(p + 8, end, 2),
			       num(p + 11, end, 2), num(p + 14, end, 2), num(p + 17, end, 2),
			       &t) < 0)
		return KT_E_FORMAT;
	p += 19;
	if (is_at(p, end, '.')) {
		p = fraction(p + 1, end, &frac);
		if (p == NULL)
			return KT_E_FORMAT;
	}
	if (is_at(p, end, 'Z') && end - p == 1) {
		off = 0;
	} else if (end - p == 6 && (*p == '+' || *p == '-') && p[3] == ':') {
		int h = num(p + 1, end, 2), m = num(p + 4, end, 2);
		if (h < 0 || h > 18 || m < 0 || m > 59)
			return KT_E_FORMAT;
		off = (*p == '-' ? -1 : 1) * (h * 60 + m);
	} else if (p == end && !need_zone) {
		zone = false;
	} else {
		return KT_E_FORMAT;
	}
	*us = t + frac - (int64_t)off * 60 * KT_US_PER_S;
	if (has_zone != NULL)
		*has_zone = zone;
	if (offset_min != NULL)
		*offset_min = off;
	return 0;
}

/* Exactly n digits; a report writes some hundred thousand times, too many for snprintf. */
static void put_digits(char *out, unsigned n, unsigned v)
{
	for (; n > 0; v /= 10)
		out[--n] = (char)('0' + v % 10);
}

const char *kt_time_local_text(int64_t us, char out[KT_TIME_TEXT])
{
	int64_t s = us / KT_US_PER_S, frac = us % KT_US_PER_S, day, y;
	unsigned m, d;

	if (frac < 0) {
		frac += KT_US_PER_S;
		s--;
	}
	day = s / 86400;
	s %= 86400;
	if (s < 0) {
		s += 86400;
		day--;
	}
	civil_from_days(day, &y, &m, &d);
	if (y < 0 || y > 9999)
		y = y < 0 ? 0 : 9999;
	memcpy(out, "YYYY-MM-DDThh:mm:ss", 20);
	put_digits(out, 4, (unsigned)y);
	put_digits(out + 5, 2, m);
	put_digits(out + 8, 2, d);
	put_digits(out + 11, 2, (unsigned)(s / 3600));
	put_digits(out + 14, 2, (unsigned)(s / 60 % 60));
	put_digits(out + 17, 2, (unsigned)(s % 60));
	if (frac != 0) {
		out[19] = '.';
		put_digits(out + 20, 6, (unsigned)frac);
		out[26] = '\0';
	}
	return out;
}

const char *kt_time_text(int64_t us, char out[KT_TIME_TEXT])
{
	size_t n;

	kt_time_local_text(us, out);
	n = strlen(out);
	out[n] = 'Z';
	out[n + 1] = '\0';
	return out;
}
