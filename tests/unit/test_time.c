/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/err.h"
#include "core/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void known_instants(void **state)
{
	static const struct {
		const char *text;
		int64_t s;
	} t[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1969-12-31T23:59:59Z", -1},
		{"2000-02-29T12:00:00Z", 951825600},
		{"2001-09-09T01:46:40Z", 1000000000},
		{"2024-02-29T23:59:59Z", 1709251199},
		{"2038-01-19T03:14:08Z", INT64_C(2147483648)},
		{"1900-03-01T00:00:00Z", INT64_C(-2203891200)},
		{"0001-01-01T00:00:00Z", INT64_C(-62135596800)},
		{"9999-12-31T23:59:59Z", INT64_C(253402300799)},
	};
	char out[KT_TIME_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int64_t us;
		bool zone;
		int off = 9;

		assert_int_equal(
			kt_time_parse(t[i].text, strlen(t[i].text), true, &us, &zone, &off), 0);
		assert_true(us == t[i].s * KT_US_PER_S);
		assert_true(zone && off == 0);
		assert_string_equal(kt_time_text(us, out), t[i].text);
	}
}

/* Every day of 800 years, against counting. */
static void every_day(void **state)
{
	static const int len[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t day = kt_days_from_civil(1600, 1, 1), us;
	char out[KT_TIME_TEXT], want[KT_TIME_TEXT];

	(void)state;
	for (int y = 1600; y < 2400; y++)
		for (int m = 1; m <= 12; m++) {
			int leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
			int n = len[m - 1] + (m == 2 && leap);

			for (int d = 1; d <= n; d++, day++) {
				assert_int_equal(kt_time_from_civil(y, m, d, 0, 0, 0, &us), 0);
				assert_true(us == day * 86400 * KT_US_PER_S);
				snprintf(want, sizeof(want), "%04u-%02u-%02uT00:00:00Z",
					 (unsigned)y % 10000, (unsigned)m % 100, (unsigned)d % 100);
				assert_string_equal(kt_time_text(us, out), want);
			}
			assert_int_equal(kt_time_from_civil(y, m, n + 1, 0, 0, 0, &us),
					 KT_E_FORMAT);
		}
}

static void parse_one(const char *text, int64_t want_us, int want_off)
{
	int64_t us;
	int off;

	assert_int_equal(kt_time_parse(text, strlen(text), true, &us, NULL, &off), 0);
	assert_true(us == want_us);
	assert_int_equal(off, want_off);
}

static void offsets_and_fractions(void **state)
{
	const int64_t base = INT64_C(1717245296) * KT_US_PER_S;

	(void)state;
	parse_one("2024-06-01T12:34:56Z", base, 0);
	parse_one("2024-06-01T14:34:56+02:00", base, 120);
	parse_one("2024-06-01T07:04:56-05:30", base, -330);
	parse_one("2024-06-02T06:34:56+18:00", base, 1080);
	parse_one("2024-06-01 12:34:56Z", base, 0);
	parse_one("2024-06-01T12:34:56.5Z", base + 500000, 0);
	parse_one("2024-06-01T12:34:56.000001Z", base + 1, 0);
	parse_one("2024-06-01T12:34:56.123456789+00:00", base + 123456, 0);
	parse_one("2024-06-01T12:34:56.9999999Z", base + 999999, 0);
}

static void without_a_zone(void **state)
{
	static const char text[] = "2024-06-01T12:34:56.25";
	char out[KT_TIME_TEXT];
	bool zone = true;
	int64_t us;

	(void)state;
	assert_int_equal(kt_time_parse(text, sizeof(text) - 1, true, &us, NULL, NULL), KT_E_FORMAT);
	assert_int_equal(kt_time_parse(text, sizeof(text) - 1, false, &us, &zone, NULL), 0);
	assert_false(zone);
	assert_string_equal(kt_time_local_text(us, out), "2024-06-01T12:34:56.250000");
}

static void refuses_what_is_no_time(void **state)
{
	static const char *const bad[] = {
		"",
		"2024",
		"2024-06-01",
		"2024-06-01T12:34",
		"2024-6-1T12:34:56Z",
		"2024/06/01T12:34:56Z",
		"2024-06-01t12:34:56Z",
		"2024-06-01T12:34:56z",
		"2024-06-01T12:34:56",
		"2024-06-01T12:34:56ZZ",
		"2024-06-01T12:34:56Z ",
		" 2024-06-01T12:34:56Z",
		"2024-06-01T12:34:56.Z",
		"2024-06-01T12:34:56.1234567890Z",
		"2024-06-01T12:34:56,5Z",
		"2024-06-01T24:00:00Z",
		"2024-06-01T23:60:00Z",
		"2024-06-01T23:59:60Z",
		"2024-00-01T00:00:00Z",
		"2024-13-01T00:00:00Z",
		"2024-06-00T00:00:00Z",
		"2024-06-31T00:00:00Z",
		"2023-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"0000-01-01T00:00:00Z",
		"-001-01-01T00:00:00Z",
		"+2024-01-01T00:00:00Z",
		"2024-06-01T12:34:56+2:00",
		"2024-06-01T12:34:56+0200",
		"2024-06-01T12:34:56+19:00",
		"2024-06-01T12:34:56+02:60",
		"2024-06-01T12:34:56+02:0",
		"2024-06-01T12:34:5xZ",
		"2024-06-01T-1:34:56Z",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t us;

		if (kt_time_parse(bad[i], strlen(bad[i]), true, &us, NULL, NULL) != KT_E_FORMAT)
			fail_msg("taken: %s", bad[i]);
	}
}

/* Bytes behind the given length must not be looked at. */
static void ends_where_it_is_told(void **state)
{
	static const char text[] = "2024-06-01T12:34:56+02:00";
	int64_t us;

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		char copy[32];

		memcpy(copy, text, n);
		memset(copy + n, '0', sizeof(copy) - n);
		assert_int_equal(kt_time_parse(copy, n, true, &us, NULL, NULL), KT_E_FORMAT);
	}
}

static void text_of_odd_values(void **state)
{
	char out[KT_TIME_TEXT];

	(void)state;
	assert_string_equal(kt_time_text(-1, out), "1969-12-31T23:59:59.999999Z");
	assert_string_equal(kt_time_text(1500000, out), "1970-01-01T00:00:01.500000Z");
	/* out of range: nothing sensible, but always terminated and inside the array */
	assert_true(strlen(kt_time_text(INT64_MAX, out)) < sizeof(out));
	assert_true(strlen(kt_time_text(INT64_MIN, out)) < sizeof(out));
}

static void clocks_run(void **state)
{
	int64_t a = kt_time_mono_ns();

	(void)state;
	assert_true(kt_time_mono_ns() >= a);
	assert_true(kt_time_now() > INT64_C(1700000000) * KT_US_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_instants),	   cmocka_unit_test(every_day),
		cmocka_unit_test(offsets_and_fractions),   cmocka_unit_test(without_a_zone),
		cmocka_unit_test(refuses_what_is_no_time), cmocka_unit_test(ends_where_it_is_told),
		cmocka_unit_test(text_of_odd_values),	   cmocka_unit_test(clocks_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
