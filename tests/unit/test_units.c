/* SPDX-License-Identifier: EUPL-1.2 */
/* Units against an independent reckoning: glibc's exact decimal text of a double, and known instants. */
#include "core/err.h"
#include "parsers/sdk/ctx.h"
#include "parsers/sdk/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t next(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static double from_bits(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* A double of any size, but mostly of a size that sources use. */
static double some_double(uint64_t *s)
{
	uint64_t r = next(s);

	if (r % 8 == 0)
		return from_bits(next(s));
	/* 2^-30 ... 2^63, any mantissa, or one with few bits: ties */
	return from_bits((r & UINT64_C(1) << 63) | (1023 - 30 + (r >> 8) % 94) << 52 |
			 ((next(s) & ((UINT64_C(1) << 52) - 1)) << (r % 3 == 0 ? 40 : 0) &
			  ((UINT64_C(1) << 52) - 1)));
}

/* The same by text: all digits, then rounding by hand. False when it does not fit. */
static bool scaled_by_text(double d, unsigned scale, int64_t *v)
{
	static char t[1500];
	const char *p = t;
	__extension__ unsigned __int128 m = 0;
	bool neg = false;
	unsigned left = scale;

	snprintf(t, sizeof(t), "%.1100f", d);
	if (*p == '-') {
		neg = true;
		p++;
	}
	if (strlen(p) > 1140 || *p < '0' || *p > '9')
		return false;
	for (; *p != '.'; p++)
		m = m * 10 + (unsigned)(*p - '0');
	for (p++; left > 0; left--, p++)
		m = m * 10 + (unsigned)(*p - '0');
	if (*p >= '5')
		m++;
	if (m > INT64_MAX)
		return false;
	*v = neg ? -(int64_t)m : (int64_t)m;
	return true;
}

static void doubles_scaled(void **state)
{
	uint64_t seed = 0x9e3779b97f4a7c15;
	int64_t a, b;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		double d = some_double(&seed);
		unsigned scale = (unsigned)(next(&seed) % 10);
		bool fits = d == d && d < 1e19 && d > -1e19 && scaled_by_text(d, scale, &b);

		if (kt_double_scaled(d, scale, &a) != fits || (fits && a != b))
			fail_msg("%.17g at scale %u", d, scale);
	}
	assert_true(kt_double_scaled(-0.0, 9, &a) && a == 0);
	assert_true(kt_double_scaled(0.5, 0, &a) && a == 1);
	assert_true(kt_double_scaled(-0.5, 0, &a) && a == -1);
	assert_true(kt_double_scaled(1.5, 0, &a) && a == 2);
	assert_true(kt_double_scaled(52.3702157, 7, &a) && a == 523702157);
	assert_true(kt_double_scaled(from_bits(1), 9, &a) && a == 0);
	assert_true(kt_double_scaled(9223372036854774784.0, 0, &a) && a == 9223372036854774784);
	assert_false(kt_double_scaled(9223372036854775808.0, 0, &a));
	assert_false(kt_double_scaled(9223372036.854775808, 9, &a) && a == INT64_MIN);
	assert_false(kt_double_scaled(1e300, 0, &a));
	assert_false(kt_double_scaled(from_bits(UINT64_C(0x7ff0000000000000)), 0, &a));
	assert_false(kt_double_scaled(from_bits(UINT64_C(0x7ff8000000000000)), 0, &a));
	assert_false(kt_double_scaled(1.0, 10, &a));
}

static unsigned digits_of(const char *t)
{
	unsigned n = 0;

	for (; *t != '\0'; t++)
		if (*t >= '0' && *t <= '9' && (n > 0 || *t != '0'))
			n++;
	return n;
}

/* Means the same double, and no text with fewer digits does. */
static void doubles_as_text(void **state)
{
	uint64_t seed = 77;
	char t[KT_DOUBLE_TEXT], shorter[64];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		double d = some_double(&seed), back;
		unsigned n;

		if (d != d || d > 9e18 || d < -9e18 || (d < 1e-5 && d > -1e-5))
			continue;
		kt_double_text(d, t);
		back = strtod(t, NULL);
		assert_memory_equal(&back, &d, sizeof(d));
		n = digits_of(t);
		if (strchr(t, '.') == NULL || n < 2)
			continue;
		snprintf(shorter, sizeof(shorter), "%.*e", (int)n - 2, d);
		if (strtod(shorter, NULL) == d)
			fail_msg("%s, but %s is enough", t, shorter);
	}
	assert_string_equal(kt_double_text(52.3702, t), "52.3702");
	assert_string_equal(kt_double_text(-0.5, t), "-0.5");
	assert_string_equal(kt_double_text(0.1 + 0.2, t), "0.30000000000000004");
	assert_string_equal(kt_double_text(17, t), "17");
	/* in the middle between two: the even one, as elsewhere */
	assert_string_equal(kt_double_text(872243277603679.25, t), "872243277603679.2");
	assert_string_equal(kt_double_text(872243277603679.75, t), "872243277603679.8");
	assert_string_equal(kt_double_text(-0.0, t), "-0");
	assert_string_equal(kt_double_text(1e18, t), "1000000000000000000");
	assert_string_equal(kt_double_text(4503599627370495.5, t), "4503599627370495.5");
	assert_string_equal(kt_double_text(from_bits(1), t), "0x00000000000001p-1074");
	assert_string_equal(kt_double_text(1e19, t), "0x1158e460913d00p11");
	assert_string_equal(kt_double_text(from_bits(UINT64_C(0x7ff0000000000000)), t), "inf");
	assert_string_equal(kt_double_text(from_bits(UINT64_C(0xfff0000000000000)), t), "-inf");
	assert_string_equal(kt_double_text(from_bits(UINT64_C(0x7ff8000000000000)), t), "nan");
}

static void epochs(void **state)
{
	static const struct {
		enum kt_epoch e;
		int64_t v;
		unsigned scale;
		const char *text;
	} t[] = {
		{KT_EPOCH_UNIX_S, 0, 0, "1970-01-01T00:00:00Z"},
		{KT_EPOCH_UNIX_MS, 1700000000123, 0, "2023-11-14T22:13:20.123Z"},
		{KT_EPOCH_UNIX_US, -1, 0, "1969-12-31T23:59:59.999999Z"},
		{KT_EPOCH_COCOA_S, 0, 0, "2001-01-01T00:00:00Z"},
		{KT_EPOCH_COCOA_S, 7000000005, 1, "2023-03-08T20:26:40.5Z"},
		{KT_EPOCH_COCOA_S, INT64_C(700000000123456500), 9, "2023-03-08T20:26:40.123457Z"},
		{KT_EPOCH_COCOA_S, INT64_C(700000000123456499), 9, "2023-03-08T20:26:40.123456Z"},
		{KT_EPOCH_COCOA_S, -3155760000, 0, "1901-01-01T00:00:00Z"},
		{KT_EPOCH_1904_S, 0, 0, "1904-01-01T00:00:00Z"},
		{KT_EPOCH_1904_S, 2082844800, 0, "1970-01-01T00:00:00Z"},
		{KT_EPOCH_FIT_S, 0, 0, "1989-12-31T00:00:00Z"},
		{KT_EPOCH_FIT_S, 1000000000, 0, "2021-09-08T01:46:40Z"},
		{KT_EPOCH_WEBKIT_US, 0, 0, "1601-01-01T00:00:00Z"},
		{KT_EPOCH_WEBKIT_US, INT64_C(13300000000000001), 0, "2022-06-18T04:26:40.000001Z"},
	};
	int64_t a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(kt_time_parse(t[i].text, strlen(t[i].text), true, &b, NULL, NULL),
				 0);
		if (!kt_epoch_us(t[i].e, t[i].v, t[i].scale, &a) || a != b)
			fail_msg("row %zu: %lld instead of %lld", i, (long long)a, (long long)b);
	}
	assert_true(kt_epoch_us(KT_EPOCH_UNIX_S, 253402300799, 0, &a) && a == KT_TIME_MAX);
	assert_false(kt_epoch_us(KT_EPOCH_UNIX_S, 253402300800, 0, &a));
	assert_true(kt_epoch_us(KT_EPOCH_UNIX_S, -62135596800, 0, &a) && a == KT_TIME_MIN);
	assert_false(kt_epoch_us(KT_EPOCH_UNIX_S, -62135596801, 0, &a));
	assert_false(kt_epoch_us(KT_EPOCH_UNIX_S, INT64_MAX, 0, &a));
	assert_false(kt_epoch_us(KT_EPOCH_1904_S, INT64_MIN, 0, &a));
	assert_false(kt_epoch_us(KT_EPOCH_UNIX_S, 0, 10, &a));
	assert_false(kt_epoch_us((enum kt_epoch)0, 0, 0, &a));
	assert_false(kt_epoch_us((enum kt_epoch)8, 0, 0, &a));
}

static int64_t at(const char *text)
{
	int64_t t;

	assert_int_equal(kt_time_parse(text, strlen(text), true, &t, NULL, NULL), 0);
	return t;
}

static void times(void **state)
{
	struct kt_ctx_ops ops = {0};
	struct kt_err err = {0};
	struct kt_record r;
	struct kt_ctx ctx;

	(void)state;
	kt_ctx_init(&ctx, &ops, 0);
	kt_rec_init(&r, KT_REC_VISIT, KT_BASIS_MEASURED);
	kt_set_end(&r, at("2024-01-01T00:00:00Z"));
	assert_false(r.has_end);
	kt_set_utc(&r, at("2024-01-01T00:00:00Z"));
	kt_set_end(&r, at("2024-01-01T01:00:00Z"));
	assert_int_equal(r.time_kind, KT_TIME_UTC);
	assert_true(r.has_end && r.flags == 0);
	kt_set_end(&r, at("2023-01-01T01:00:00Z"));
	assert_true(r.has_end && r.flags == KT_FLAG_IMPLAUSIBLE_TIME);

	kt_rec_init(&r, KT_REC_EVENT, KT_BASIS_MEASURED);
	kt_set_utc(&r, at("2001-01-01T00:00:00Z"));
	assert_true(r.time_kind == KT_TIME_UTC && r.flags == KT_FLAG_IMPLAUSIBLE_TIME);
	kt_rec_init(&r, KT_REC_EVENT, KT_BASIS_MEASURED);
	kt_set_local(&r, at("2001-01-01T00:00:00.000001Z"));
	assert_true(r.time_kind == KT_TIME_LOCAL && r.flags == 0);
	kt_rec_init(&r, KT_REC_EVENT, KT_BASIS_MEASURED);
	kt_set_utc(&r, INT64_MAX);
	assert_true(r.time_kind == KT_TIME_NONE && r.flags == KT_FLAG_IMPLAUSIBLE_TIME);

	kt_rec_init(&r, KT_REC_EVENT, KT_BASIS_MEASURED);
	assert_int_equal(kt_rec_time(&ctx, &r, KT_F_ADDED_TIME, at("2024-05-06T07:08:09.5Z"), &err),
			 0);
	/* still there after as many as another record can have */
	for (unsigned i = 1; i < KT_CTX_SHORTS; i++) {
		struct kt_record other;

		kt_rec_init(&other, KT_REC_EVENT, KT_BASIS_MEASURED);
		kt_rec_time(&ctx, &other, KT_F_LAST_TIME, at("2020-01-01T00:00:00Z"), &err);
	}
	assert_int_equal(r.attr[0].s.len, strlen("2024-05-06T07:08:09.500000Z"));
	assert_memory_equal(r.attr[0].s.p, "2024-05-06T07:08:09.500000Z", r.attr[0].s.len);
	assert_int_equal(kt_rec_time(&ctx, &r, KT_F_LAST_TIME, INT64_MIN, &err), 0);
	assert_true(r.nattrs == 1 && r.flags == KT_FLAG_IMPLAUSIBLE_TIME);
	kt_ctx_free(&ctx);
}

static void iso_times(void **state)
{
	static const struct {
		const char *text, *utc;
		enum kt_time_kind kind;
		int offset;
	} t[] = {
		{"2024-05-06T07:08:09Z", "2024-05-06T07:08:09Z", KT_TIME_UTC, 0},
		{" 2024-05-06t07:08:09z ", "2024-05-06T07:08:09Z", KT_TIME_UTC, 0},
		{"2024-05-06 07:08:09", "2024-05-06T07:08:09Z", KT_TIME_LOCAL, 0},
		{"2024-05-06T07:08:09.25", "2024-05-06T07:08:09.25Z", KT_TIME_LOCAL, 0},
		{"2024-05-06T07:08:09,1234567891234Z", "2024-05-06T07:08:09.123456Z", KT_TIME_UTC,
		 0},
		{"2024-05-06T07:08:09+02:00", "2024-05-06T05:08:09Z", KT_TIME_UTC, 120},
		{"2024-05-06T07:08:09-0330", "2024-05-06T10:38:09Z", KT_TIME_UTC, -210},
		{"2024-05-06 07:08:09 +0545", "2024-05-06T01:23:09Z", KT_TIME_UTC, 345},
		{"2024-05-06T07:08:09.5+02", "2024-05-06T05:08:09.5Z", KT_TIME_UTC, 120},
	};
	static const char *const none[] = {
		"",
		"2024-05-06",
		"2024-05-06T07:08",
		"2024-05-06T07:08:09.Z",
		"2024-05-06T07:08:09+2",
		"2024-05-06T07:08:09+2:00",
		"2024-05-06T07:08:09+02:0",
		"2024-05-06T07:08:09+02000",
		"2024-05-06T07:08:09+0260",
		"2024-05-06T07:08:60Z",
		"2024-13-06T07:08:09Z",
		"2023-02-29T07:08:09Z",
		"2024-05-06T07:08:09ZZ",
		"2024-05-06T07:08:09 UTC",
		"2024-05-06T07:08:09  Z",
		"20240506T070809Z",
	};
	enum kt_time_kind kind;
	int64_t us;
	int offset;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (!kt_iso_time(kt_str_c(t[i].text), &us, &kind, &offset))
			fail_msg("%s is refused", t[i].text);
		assert_true(us == at(t[i].utc));
		assert_int_equal(kind, t[i].kind);
		assert_int_equal(offset, t[i].offset);
		assert_true(kt_iso_time(kt_str_c(t[i].text), &us, &kind, NULL));
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (kt_iso_time(kt_str_c(none[i]), &us, &kind, &offset))
			fail_msg("%s is taken for a time", none[i]);
}

#define POSITION(call, state_, lat, lon, reason, flag)                                             \
	do {                                                                                       \
		struct kt_record r;                                                                \
		kt_rec_init(&r, KT_REC_POSITION, KT_BASIS_MEASURED);                               \
		call;                                                                              \
		assert_int_equal(r.pos_state, state_);                                             \
		assert_int_equal(r.lat_e7, lat);                                                   \
		assert_int_equal(r.lon_e7, lon);                                                   \
		assert_int_equal(r.flags, flag);                                                   \
		assert_int_equal(r.pos_reason.len, strlen(reason));                                \
		assert_memory_equal(r.pos_reason.len > 0 ? r.pos_reason.p : "", reason,            \
				    strlen(reason));                                               \
	} while (0)

static void positions(void **state)
{
	(void)state;
	POSITION(kt_set_position_e7(&r, 520000000, 50000000), KT_POS_OK, 520000000, 50000000, "",
		 0);
	POSITION(kt_set_position_e7(&r, INT64_C(4294967296) - 330000000,
				    INT64_C(4294967296) - 700000000),
		 KT_POS_OK, -330000000, -700000000, "", KT_FLAG_WRAPPED);
	POSITION(kt_set_position_e7(&r, 520000000, INT64_C(2494967296)), KT_POS_OK, 520000000,
		 -1800000000, "", KT_FLAG_WRAPPED);
	POSITION(kt_set_position_e7(&r, 520000000, INT64_C(2494967295)), KT_POS_UNUSABLE, 0, 0,
		 "out-of-range", 0);
	POSITION(kt_set_position_e7(&r, 900000001, 0), KT_POS_UNUSABLE, 0, 0, "out-of-range", 0);
	POSITION(kt_set_position_e7(&r, INT64_MAX, INT64_MIN), KT_POS_UNUSABLE, 0, 0,
		 "out-of-range", 0);
	POSITION(kt_set_position_e7(&r, 0, 0), KT_POS_OK, 0, 0, "", KT_FLAG_NULL_ISLAND);

	POSITION(kt_set_position_text(&r, kt_str_c(" 52.00000005"), kt_str_c("-5.25 ")), KT_POS_OK,
		 520000001, -52500000, "", 0);
	POSITION(kt_set_position_text(&r, kt_str_c("52,1"), kt_str_c("5")), KT_POS_UNUSABLE, 0, 0,
		 "not-a-number", 0);
	POSITION(kt_set_position_text(&r, kt_str_c("52"), kt_str_c("")), KT_POS_UNUSABLE, 0, 0,
		 "not-a-number", 0);
	POSITION(kt_set_position_text(&r, kt_str_c("52"), kt_str_c("181")), KT_POS_UNUSABLE, 0, 0,
		 "out-of-range", 0);

	POSITION(kt_set_position_apple(&r, -1800000000, -1800000000), KT_POS_UNUSABLE, 0, 0,
		 "no-location-marker", 0);
	POSITION(kt_set_position_apple(&r, 100000000, -1800000000), KT_POS_UNUSABLE, 0, 0,
		 "no-location-marker", 0);
	POSITION(kt_set_position_apple(&r, 100000000, 1800000000), KT_POS_OK, 100000000, 1800000000,
		 "", 0);

	POSITION(kt_set_position_e6(&r, 52123456, -5000001), KT_POS_OK, 521234560, -50000010, "",
		 0);
	POSITION(kt_set_position_e6(&r, INT64_MAX, 0), KT_POS_UNUSABLE, 0, 0, "out-of-range", 0);

	/* 2^29 semicircles are 45 degrees */
	POSITION(kt_set_position_semicircles(&r, 1 << 29, -(1 << 28)), KT_POS_OK, 450000000,
		 -225000000, "", 0);
	/* 0.83819... of 10^-7 degree */
	POSITION(kt_set_position_semicircles(&r, 620758001, 1), KT_POS_OK, 520313346, 1, "", 0);
	POSITION(kt_set_position_semicircles(&r, -620758001, -1), KT_POS_OK, -520313346, -1, "", 0);
	POSITION(kt_set_position_semicircles(&r, INT32_MAX, 5), KT_POS_UNUSABLE, 0, 0,
		 "no-location-marker", 0);
	POSITION(kt_set_position_semicircles(&r, 0, INT32_MIN), KT_POS_OK, 0, -1800000000, "", 0);
	POSITION(kt_set_position_semicircles(&r, INT32_MIN, 0), KT_POS_UNUSABLE, 0, 0,
		 "out-of-range", 0);
}

static void accuracies(void **state)
{
	static const struct {
		int64_t mm;
		bool zero_is_none, has;
		uint32_t flags;
	} t[] = {
		{5000, false, true, 0},
		{0, false, true, 0},
		{0, true, false, KT_FLAG_BAD_ACCURACY},
		{-1, false, false, 0},
		{-1000, true, false, 0},
		{-2, false, false, KT_FLAG_BAD_ACCURACY},
		{INT64_MIN, false, false, KT_FLAG_BAD_ACCURACY},
		{INT64_C(100000000000), false, true, 0},
		{INT64_C(100000000001), false, false, KT_FLAG_BAD_ACCURACY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct kt_record r;

		kt_rec_init(&r, KT_REC_POSITION, KT_BASIS_MEASURED);
		kt_set_accuracy_mm(&r, t[i].mm, t[i].zero_is_none);
		assert_int_equal(r.has_accuracy, t[i].has);
		assert_int_equal(r.flags, t[i].flags);
		assert_true(!t[i].has || r.accuracy_mm == t[i].mm);
	}
}

static void addresses(void **state)
{
	static const char *const none[] = {
		"",
		":::::",
		"0:e1:6d:0:1",
		"0:e1:6d:0:1:2:3",
		"000:e1:6d:0:1:2",
		"0:e1:6d:0:1:2 ",
		"0:e1:6d:0:1:g",
		"00e16d000102",
		"0:e1:6d:0:1:",
		" 0:e1:6d:0:1:2",
	};
	struct kt_str raw = {"\x00\xe1\x6d\x00\x01\xff", 6};
	char out[18];

	(void)state;
	assert_true(kt_mac_text(kt_str_c("0:e1:6D:0:1:fF"), out));
	assert_string_equal(out, "00:e1:6d:00:01:ff");
	assert_true(kt_mac_text(kt_str_c("00-E1-6d-00-01-ff"), out));
	assert_string_equal(out, "00:e1:6d:00:01:ff");
	assert_true(kt_mac_text(raw, out));
	assert_string_equal(out, "00:e1:6d:00:01:ff");
	kt_mac_int(UINT64_C(0xff00e16d0001ff), out);
	assert_string_equal(out, "00:e1:6d:00:01:ff");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (kt_mac_text(kt_str_c(none[i]), out))
			fail_msg("\"%s\" is taken for an address", none[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_scaled), cmocka_unit_test(doubles_as_text),
		cmocka_unit_test(epochs),	  cmocka_unit_test(times),
		cmocka_unit_test(iso_times),	  cmocka_unit_test(positions),
		cmocka_unit_test(accuracies),	  cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
