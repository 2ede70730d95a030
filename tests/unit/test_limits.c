/* SPDX-License-Identifier: EUPL-1.2 */
/* cli/ is in no library, so its one file that decides by itself is compiled in here. */
#include "cli/limits.c" /* NOLINT(bugprone-suspicious-include) */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define FROM   (INT64_C(1714521600) * KT_US_PER_S) /* 2024-05-01 */
#define TO     (INT64_C(1717200000) * KT_US_PER_S) /* 2024-06-01 */
#define MINUTE (60 * KT_US_PER_S)

static struct kt_scope scope(void)
{
	struct kt_scope s = {.from_us = FROM, .to_us = TO, .fields = (1u << KT_G_COUNT) - 1};

	return s;
}

static const char *at(uint8_t kind, int64_t t)
{
	struct kt_record r = {.type = KT_REC_POSITION, .time_kind = kind, .t_us = t};
	struct kt_scope s = scope();

	return kt_limit_withhold(&s, &r);
}

static const char *span(int64_t a, int64_t b)
{
	struct kt_record r = {.type = KT_REC_VISIT,
			      .time_kind = KT_TIME_UTC,
			      .t_us = a,
			      .t_end_us = b,
			      .has_end = true};
	struct kt_scope s = scope();

	return kt_limit_withhold(&s, &r);
}

static void the_period_is_half_open(void **state)
{
	(void)state;
	assert_null(at(KT_TIME_UTC, FROM));
	assert_null(at(KT_TIME_UTC, TO - 1));
	assert_string_equal(at(KT_TIME_UTC, FROM - 1), "outside-period");
	assert_string_equal(at(KT_TIME_UTC, TO), "outside-period");
	assert_null(at(KT_TIME_BOOT, FROM));
	assert_string_equal(at(KT_TIME_BOOT, TO), "outside-period");
	assert_string_equal(at(KT_TIME_UTC, KT_TIME_MIN), "outside-period");
	assert_string_equal(at(KT_TIME_UTC, KT_TIME_MAX), "outside-period");
}

static void spans_lie_inside_or_not(void **state)
{
	(void)state;
	assert_null(span(FROM, TO - 1));
	assert_null(span(FROM, FROM));
	assert_string_equal(span(FROM, TO), "straddles-period");
	assert_string_equal(span(FROM - 1, FROM), "straddles-period");
	assert_string_equal(span(FROM - 1, TO + 1), "straddles-period");
	assert_string_equal(span(FROM - 10, FROM - 1), "outside-period");
	assert_string_equal(span(TO, TO + 10), "outside-period");
	/* an end before its start: never shown unless both lie inside */
	assert_null(span(FROM + 10, FROM));
	assert_non_null(span(TO + 10, FROM - 10));
	assert_non_null(span(FROM + 10, FROM - 10));
}

/* A wall time without zone lies between 14 h before and 12 h after itself in UTC. */
static void local_times_near_the_border_are_withheld(void **state)
{
	const int64_t h = HOUR_US;

	(void)state;
	assert_null(at(KT_TIME_LOCAL, FROM + 14 * h));
	assert_string_equal(at(KT_TIME_LOCAL, FROM + 14 * h - 1), "zone-unknown-at-border");
	assert_string_equal(at(KT_TIME_LOCAL, FROM), "zone-unknown-at-border");
	assert_string_equal(at(KT_TIME_LOCAL, FROM - 12 * h), "zone-unknown-at-border");
	assert_string_equal(at(KT_TIME_LOCAL, FROM - 12 * h - 1), "outside-period");
	assert_null(at(KT_TIME_LOCAL, TO - 12 * h - 1));
	assert_string_equal(at(KT_TIME_LOCAL, TO - 12 * h), "zone-unknown-at-border");
	assert_string_equal(at(KT_TIME_LOCAL, TO + 14 * h - 1), "zone-unknown-at-border");
	assert_string_equal(at(KT_TIME_LOCAL, TO + 14 * h), "outside-period");
	/* whatever zone in use it was written in, a shown one lies inside */
	for (int64_t t = FROM - 20 * h; t < FROM + 20 * h; t += 7 * MINUTE)
		for (int off = -12 * 60; off <= 14 * 60; off += 15)
			if (at(KT_TIME_LOCAL, t) == NULL)
				assert_true(t - off * MINUTE >= FROM && t - off * MINUTE < TO);
}

static void undated_only_when_allowed(void **state)
{
	struct kt_scope s = scope();
	struct kt_record r = {.type = KT_REC_MEDIA};

	(void)state;
	assert_string_equal(kt_limit_withhold(&s, &r), "undated");
	s.undated = true;
	assert_null(kt_limit_withhold(&s, &r));
	s.undated = false;
	r.type = KT_REC_PROPERTY;
	assert_null(kt_limit_withhold(&s, &r));
	r.type = KT_REC_USER;
	assert_null(kt_limit_withhold(&s, &r));
	r.type = KT_REC_NETWORK;
	assert_string_equal(kt_limit_withhold(&s, &r), "undated");
	/* a dated property is held to the period all the same */
	r.type = KT_REC_SETTING;
	r.time_kind = KT_TIME_UTC;
	r.t_us = TO;
	assert_string_equal(kt_limit_withhold(&s, &r), "outside-period");
}

/* -- fields ----------------------------------------------------------------------------------- */

static struct kt_record everything(void)
{
	struct kt_record r = {.type = KT_REC_MOVEMENT,
			      .basis = KT_BASIS_INFERRED,
			      .time_kind = KT_TIME_UTC,
			      .t_us = FROM,
			      .t_end_us = FROM + 1,
			      .has_end = true,
			      .pos_state = KT_POS_OK,
			      .lat_e7 = 525200000,
			      .lon_e7 = 134050000,
			      .has_accuracy = true,
			      .accuracy_mm = 5000};

	r.raw.p = "52.52,13.405 at noon";
	r.raw.len = 20;
	kt_rec_str(&r, KT_F_CAMERA_MAKE, "make", 4);
	kt_rec_str(&r, KT_F_GPS_TIME, "time", 4);
	kt_rec_int(&r, KT_F_SPEED_MM_S, 1);
	kt_rec_str(&r, KT_F_PLACE_LABEL, "HOME", 4);
	kt_rec_str(&r, KT_F_NETWORK_ID, "aa:bb", 5);
	kt_rec_int(&r, KT_F_END_LAT_E7, 525300001);
	kt_rec_int(&r, KT_F_END_LON_E7, 134000001);
	kt_rec_str(&r, KT_F_PROVIDER, "gps", 3);
	kt_rec_str(&r, KT_F_VALUE, "v", 1);
	return r;
}

/* For each set of groups: nothing of another group is left, in any member. */
static void only_allowed_groups_stay(void **state)
{
	(void)state;
	for (uint32_t fields = 0; fields < 1u << KT_G_COUNT; fields++) {
		struct kt_record r = everything();
		struct kt_scope s = scope();
		unsigned out, before = r.nattrs;

		s.fields = fields;
		out = kt_limit_apply(&s, &r);
		for (unsigned i = 0; i < r.nattrs; i++)
			assert_true((fields & 1u << kt_field_group(r.attr[i].field)) != 0);
		if ((fields & 1u << KT_G_TIME) == 0)
			assert_true(r.time_kind == KT_TIME_NONE && r.t_us == 0 && !r.has_end &&
				    r.t_end_us == 0);
		if ((fields & 1u << KT_G_POSITION) == 0)
			assert_true(r.pos_state == KT_POS_NONE && r.lat_e7 == 0 && r.lon_e7 == 0);
		if ((fields & 1u << KT_G_ACCURACY) == 0)
			assert_true(!r.has_accuracy && r.accuracy_mm == 0);
		if ((fields & 3u) != 3u)
			assert_int_equal(r.raw.len, 0);
		if (fields == (1u << KT_G_COUNT) - 1) {
			assert_int_equal(out, 0);
			assert_int_equal(r.nattrs, before);
		} else {
			assert_true(out > 0);
		}
	}
}

/* -- precision -------------------------------------------------------------------------------- */

static void blur_at(int64_t metres, int32_t lat, int32_t lon, struct kt_record *r)
{
	struct kt_scope s = scope();

	*r = everything();
	s.max_precision_m = metres;
	r->lat_e7 = lat;
	r->lon_e7 = lon;
	kt_limit_apply(&s, r);
	if (r->lat_e7 < -KT_E7_LAT_MAX || r->lat_e7 > KT_E7_LAT_MAX || r->lon_e7 < -KT_E7_LON_MAX ||
	    r->lon_e7 > KT_E7_LON_MAX)
		fail_msg("%d %d at %lld m: out of range", lat, lon, (long long)metres);
	assert_int_equal(r->raw.len, 0);
	assert_true(r->has_accuracy && r->accuracy_mm >= metres * 1000);
}

/*
 * Walks along a parallel and finds how far apart the outputs lie: never closer than asked. The
 * step is taken in the units of the output, so a grid line between two inputs is not missed.
 */
static void cells_along(int64_t metres, int32_t lat, int cos_10000)
{
	int64_t step = metres * 90 / 7 + 1, last = INT64_MIN, first_in_cell = 0;
	struct kt_record r;

	for (int64_t lon = -900000000; lon < 900000000; lon += step) {
		blur_at(metres, lat, (int32_t)lon, &r);
		if (r.lon_e7 == last)
			continue;
		/* whole cells only: width in metres = E7 width / 89.8 * cos */
		if (last != INT64_MIN && first_in_cell != 0) {
			int64_t width = (lon - first_in_cell + step) * cos_10000 / 10000 / 89;

			if (width < metres)
				fail_msg("at %d, %lld m: cells of %lld m", lat, (long long)metres,
					 (long long)width);
		}
		first_in_cell = last == INT64_MIN ? 0 : lon;
		last = r.lon_e7;
	}
}

static void cells_are_never_smaller_than_asked(void **state)
{
	/* latitude, and its cosine * 10000 rounded up: from a table, as nothing here may float */
	static const struct {
		int32_t lat;
		int cos;
	} t[] = {{0, 10000},	     {1, 10000},	 {-1, 10000},	    {300000000, 8661},
		 {-300000000, 8661}, {590000000, 5151},	 {599990000, 5002}, {600010000, 5000},
		 {650000000, 4227},  {-700000000, 3421}, {799000000, 1754}, {801000000, 1720},
		 {849000000, 890},   {-884000000, 280},	 {889000000, 192}};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cells_along(1000, t[i].lat, t[i].cos);
		cells_along(25000, t[i].lat, t[i].cos);
	}
}

/* Along a meridian, across the equator and both signs. */
static void rows_are_never_smaller_than_asked(void **state)
{
	const int64_t metres = 1000, step = metres * 90;
	int32_t last = INT32_MIN;
	int64_t first = 0;
	struct kt_record r;

	(void)state;
	for (int64_t lat = -5 * step; lat <= 5 * step; lat += 100) {
		blur_at(metres, (int32_t)lat, 0, &r);
		assert_in_range(llabs(r.lat_e7 - lat), 0, step / 2);
		if (r.lat_e7 == last)
			continue;
		if (last != INT32_MIN && first != 0)
			assert_true(lat - first >= step - 100);
		first = last == INT32_MIN ? 0 : lat;
		last = r.lat_e7;
	}
}

/* Two positions in one row differ in the output by whole cells alone: the row says nothing more. */
static void a_cell_has_one_output(void **state)
{
	const int64_t metres = 20000, step = metres * 90;
	struct kt_record a, b;

	(void)state;
	/* the row that holds 60 degrees, where the width of cells changes */
	for (int64_t base = 590000000; base < 610000000; base += step / 3) {
		int64_t row = base / step * step;

		blur_at(metres, (int32_t)(row + 1), 123456789, &a);
		blur_at(metres, (int32_t)(row + step - 1), 123456789, &b);
		assert_int_equal(a.lat_e7, b.lat_e7);
		assert_int_equal(a.lon_e7, b.lon_e7);
	}
}

static void poles_and_the_date_line(void **state)
{
	static const int32_t lats[] = {KT_E7_LAT_MAX, -KT_E7_LAT_MAX, 899999999, 890000001};
	struct kt_record a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(lats) / sizeof(lats[0]); i++) {
		blur_at(1000, lats[i], -KT_E7_LON_MAX, &a);
		blur_at(1000, lats[i], 1234567, &b);
		/* a metre around the pole is many degrees: the longitude must say nothing */
		assert_int_equal(a.lon_e7, b.lon_e7);
	}
	for (int64_t m = 1; m < 30000000; m *= 3) {
		blur_at(m, 0, KT_E7_LON_MAX, &a);
		blur_at(m, 0, -KT_E7_LON_MAX, &a);
		blur_at(m, KT_E7_LAT_MAX, KT_E7_LON_MAX, &a);
		blur_at(m, -KT_E7_LAT_MAX, -KT_E7_LON_MAX, &a);
	}
}

static void ends_are_blurred_too(void **state)
{
	struct kt_record r;

	(void)state;
	blur_at(5000, 525200000, 134050000, &r);
	assert_int_not_equal(kt_rec_attr(&r, KT_F_END_LAT_E7)->i, 525300001);
	assert_int_not_equal(kt_rec_attr(&r, KT_F_END_LON_E7)->i, 134000001);
	assert_in_range(llabs(kt_rec_attr(&r, KT_F_END_LAT_E7)->i - 525300001), 1, 5000 * 90);
}

static void better_accuracy_is_not_claimed(void **state)
{
	struct kt_scope s = scope();
	struct kt_record r = everything();

	(void)state;
	s.max_precision_m = 100;
	r.accuracy_mm = 2000000;
	kt_limit_apply(&s, &r);
	assert_int_equal(r.accuracy_mm, 2000000);
	r = everything();
	s.max_precision_m = 0;
	kt_limit_apply(&s, &r);
	assert_int_equal(r.lat_e7, 525200000);
	assert_int_equal(r.accuracy_mm, 5000);
	assert_int_equal(r.raw.len, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_period_is_half_open),
		cmocka_unit_test(spans_lie_inside_or_not),
		cmocka_unit_test(local_times_near_the_border_are_withheld),
		cmocka_unit_test(undated_only_when_allowed),
		cmocka_unit_test(only_allowed_groups_stay),
		cmocka_unit_test(cells_are_never_smaller_than_asked),
		cmocka_unit_test(rows_are_never_smaller_than_asked),
		cmocka_unit_test(a_cell_has_one_output),
		cmocka_unit_test(poles_and_the_date_line),
		cmocka_unit_test(ends_are_blurred_too),
		cmocka_unit_test(better_accuracy_is_not_claimed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
