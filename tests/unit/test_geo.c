/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The map: borders, coasts, contested areas, the antimeridian and the poles; search by boxes against a search
 * without them; distances on the globe; a damaged file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "reports/geo/data.h"
#include "reports/geo/geo.h"

static struct kt_geo *world;

static int open_world(void **state)
{
	struct kt_err err = {0};

	(void)state;
	return kt_geo_world(&world, &err);
}

static int close_world(void **state)
{
	(void)state;
	kt_geo_free(&world);
	return 0;
}

static int32_t e7(double degrees)
{
	return (int32_t)(degrees * 1e7);
}

/* "in NL", "border BE NL", "none" */
static const char *where(double lat, double lon, int64_t accuracy_m)
{
	static char out[256];
	struct kt_geo_where w;
	size_t n;

	kt_geo_find(world, e7(lat), e7(lon), accuracy_m * 1000, &w);
	n = (size_t)snprintf(out, sizeof(out), "%s", kt_geo_verdict_name(w.verdict));
	for (unsigned i = 0; i < w.n; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, " %s",
				      kt_geo_territory(world, w.t[i])->code);
	return out;
}

static void test_verdicts(void **state)
{
	(void)state;
	assert_string_equal(where(52.37, 4.90, 0), "in NL");
	assert_string_equal(where(15.32, 38.93, 0), "in ER");
	assert_string_equal(where(51.445, 4.93, 0), "border BE NL"); /* Baarle */
	assert_string_equal(where(43.735, 7.42, 0), "border FR MC");
	assert_string_equal(where(41.9027, 12.4541, 0), "border IT VA");
	assert_string_equal(where(52.8, 3.0, 0), "none");
	assert_string_equal(where(52.11, 4.23, 0), "in NL"); /* some km off the coast */
	/* the record's own accuracy widens the margin */
	assert_string_equal(where(51.6, 4.77, 10), "in NL");
	assert_string_equal(where(51.6, 4.77, 20000), "border BE NL");
	assert_string_equal(where(52.37, 4.90, 200000), "border BE DE GB NL");
	assert_string_equal(where(52.37, 4.90, 200001), "too-coarse");
	assert_string_equal(where(4.93, -52.33, 0), "in GF");
	assert_string_equal(where(12.15, -68.27, 0), "in BQ");
	assert_string_equal(where(36.1489, 29.5936, 0), "border GR TR");
}

static void test_contested(void **state)
{
	(void)state;
	assert_string_equal(where(44.95, 34.10, 0), "contested x-crimea");
	assert_string_equal(where(48.00, 37.80, 0), "contested x-east-ukraine");
	assert_string_equal(where(27.15, -13.20, 0), "contested x-western-sahara");
	assert_string_equal(where(33.0, 35.78, 0), "contested x-golan");
	assert_string_equal(where(31.90, 35.20, 0), "contested x-palestinian-territories");
	assert_string_equal(where(31.78, 35.235, 0), "contested x-palestinian-territories");
	assert_string_equal(where(31.50, 34.45, 0), "contested x-palestinian-territories");
	assert_string_equal(where(42.66, 21.17, 0), "contested x-kosovo");
	assert_string_equal(where(35.19, 33.36, 0), "contested x-northern-cyprus");
	assert_string_equal(where(43.00, 41.02, 0), "contested x-abkhazia");
	assert_string_equal(where(42.23, 43.97, 0), "contested x-south-ossetia");
	assert_string_equal(where(46.84, 29.63, 0), "contested x-transnistria");
	assert_string_equal(where(39.82, 46.75, 0), "contested x-nagorno-karabakh");
	assert_string_equal(where(34.08, 74.80, 0), "contested x-kashmir");
	assert_string_equal(where(9.60, 28.43, 0), "contested x-abyei");
	assert_string_equal(where(22.22, 36.64, 0), "contested x-halaib");
	assert_string_equal(where(9.56, 44.06, 0), "contested x-somaliland");
	assert_string_equal(where(25.03, 121.56, 0), "contested x-taiwan");
	/* close enough for the margin: the area's name alone, no state */
	assert_string_equal(where(42.88, 20.86, 15000), "contested x-kosovo");
}

/* Rings go on beyond 180 degrees; a ring round the pole is closed through it. */
static void test_seams(void **state)
{
	(void)state;
	assert_string_equal(where(66.0, 179.99, 0), "in RU");
	assert_string_equal(where(66.0, -179.99, 0), "in RU");
	assert_string_equal(where(66.0, -172.0, 0), "in RU");
	assert_string_equal(where(-16.8, 179.99, 0), "in FJ");
	assert_string_equal(where(-16.8, -179.95, 0), "in FJ");
	assert_string_equal(where(59.3, 18.07, 0), "in SE");
	assert_string_equal(where(-90.0, 0.0, 0), "in AQ");
	assert_string_equal(where(-89.9999999, 179.9999999, 0), "in AQ");
	assert_string_equal(where(-86.0, -180.0, 0), "in AQ");
	assert_string_equal(where(90.0, 0.0, 0), "none");
	assert_string_equal(where(0.0, 0.0, 0), "none");
	assert_string_equal(where(64.5, -172.5, 100000), "border RU US");
}

/* -- against a search that knows no boxes ------------------------------------------------------- */

struct slow {
	int32_t lat, lon;
	int64_t reach_mm;
	bool inside[400], is_near[400], poly;
	int last;
};

static int slow_ring(void *arg, unsigned t, bool hole, const struct kt_geo_point *p, size_t n)
{
	struct slow *s = arg;
	bool edge;

	if (!hole) {
		if (s->last >= 0)
			s->inside[s->last] |= s->poly;
		s->poly = false;
		s->last = (int)t;
	}
	s->poly ^= kt_geo_in_area(p, n, s->lat, s->lon, s->reach_mm, &edge);
	s->is_near[t] |= edge;
	return 0;
}

static void test_against_slow(void **state)
{
	uint32_t seed = 7;
	unsigned in = 0, border = 0;

	(void)state;
	for (int i = 0; i < 60; i++) {
		static struct slow s;
		struct kt_geo_where w;
		unsigned n = 0;

		memset(&s, 0, sizeof(s));
		s.last = -1;
		seed = seed * 1664525u + 1013904223u;
		s.lat = (int32_t)(seed >> 4) % 850000000;
		seed = seed * 1664525u + 1013904223u;
		s.lon = (int32_t)(seed >> 1) % 1800000000 * ((seed & 1) != 0 ? 1 : -1);
		s.lat = (seed & 2) != 0 ? s.lat : -s.lat;
		s.reach_mm = (i % 4) * INT64_C(40000000) + 5000000;
		kt_geo_find(world, s.lat, s.lon, s.reach_mm - 5000000, &w);
		kt_geo_rings(world, slow_ring, &s);
		s.inside[s.last] |= s.poly;
		if (w.verdict == KT_GEO_CONTESTED)
			continue;
		for (unsigned t = 0; t < kt_geo_count(world); t++) {
			if (!s.inside[t] && !s.is_near[t])
				continue;
			assert_true(n < w.n);
			assert_int_equal(w.t[n++], t);
		}
		assert_int_equal(n, w.n);
		in += w.verdict == KT_GEO_IN;
		border += w.verdict == KT_GEO_BORDER;
	}
	assert_true(in > 5 && border > 2); /* it compared something */
}

/* -- distances ---------------------------------------------------------------------------------- */

static void near_mm(int64_t got, int64_t want, int64_t tolerance)
{
	if (got < want - tolerance || got > want + tolerance)
		print_error("%lld, expected %lld\n", (long long)got, (long long)want);
	assert_true(got >= want - tolerance && got <= want + tolerance);
}

static void test_distance(void **state)
{
	(void)state;
	assert_int_equal(kt_geo_distance_mm(5, 5, 5, 5), 0);
	/* a degree of a great circle of radius 6371008.8 m is 111195080 mm */
	near_mm(kt_geo_distance_mm(0, 0, 10000000, 0), 111195080, 30);
	near_mm(kt_geo_distance_mm(0, 0, 0, 10000000), 111195080, 30);
	near_mm(kt_geo_distance_mm(0, 1799999999, 0, -1799999999), 22, 30);
	near_mm(kt_geo_distance_mm(0, 0, 0, 1800000000), INT64_C(20015114352), 200000);
	near_mm(kt_geo_distance_mm(900000000, 0, -900000000, 0), INT64_C(20015114352), 200000);
	/* Amsterdam and Asmara, by the haversine with floating point: 5091.86 km */
	near_mm(kt_geo_distance_mm(523700000, 49000000, 153200000, 389300000), INT64_C(5091856169),
		100);
	near_mm(kt_geo_distance_mm(523700000, 49000000, 523700100, 49000000), 1112, 30);
}

static void test_area(void **state)
{
	const struct kt_geo_point box[] = {{500000000, 40000000},
					   {500000000, 60000000},
					   {520000000, 60000000},
					   {520000000, 40000000}};
	const struct kt_geo_point north[] = {{600000000, 90000000},
					     {600000000, 100000000},
					     {610000000, 100000000},
					     {610000000, 90000000}};
	const struct kt_geo_point across[] = {{-10000000, 1790000000},
					      {-10000000, 1810000000},
					      {10000000, 1810000000},
					      {10000000, 1790000000}};
	bool edge;

	(void)state;
	assert_true(kt_geo_in_area(box, 4, 510000000, 50000000, 1000000, &edge));
	assert_false(edge);
	assert_true(kt_geo_in_area(box, 4, 510000000, 59999000, 1000000, &edge));
	assert_true(edge);
	assert_false(kt_geo_in_area(box, 4, 510000000, 60001000, 1000000, &edge));
	assert_true(edge);
	assert_false(kt_geo_in_area(box, 4, 510000000, 61000000, 1000000, &edge));
	assert_false(edge);
	/* a degree of longitude is half as long at 60 degrees: 5 km are 0.0898 of it, and 0.0452 of latitude */
	assert_false(kt_geo_in_area(north, 4, 605000000, 100880000, 5000000, &edge));
	assert_true(edge);
	assert_false(kt_geo_in_area(north, 4, 605000000, 100930000, 5000000, &edge));
	assert_false(edge);
	assert_false(kt_geo_in_area(north, 4, 610448000, 95000000, 5000000, &edge));
	assert_true(edge);
	assert_false(kt_geo_in_area(north, 4, 610458000, 95000000, 5000000, &edge));
	assert_false(edge);
	assert_true(kt_geo_in_area(across, 4, 0, -1795000000, 1, NULL));
	assert_true(kt_geo_in_area(across, 4, 0, 1795000000, 1, NULL));
	assert_false(kt_geo_in_area(across, 4, 0, 0, 1, NULL));
}

static void test_codes(void **state)
{
	char out[KT_GEO_CODES];

	(void)state;
	assert_true(kt_geo_mcc("204", out));
	assert_string_equal(out, "NL");
	assert_true(kt_geo_mcc("425", out));
	assert_non_null(strstr(out, "IL"));
	assert_true(kt_geo_mcc("250", out));
	assert_null(strstr(out, "UG"));
	assert_false(kt_geo_mcc("000", out));
	assert_false(kt_geo_mcc("20", out));
	assert_true(kt_geo_calling("31612345678", out));
	assert_string_equal(out, "NL");
	assert_true(kt_geo_calling("7", out));
	assert_string_equal(out, "KZ RU");
	assert_true(kt_geo_calling("2911", out));
	assert_string_equal(out, "ER");
	assert_false(kt_geo_calling("", out));
	assert_false(kt_geo_calling("210", out));
}

static void test_outlines(void **state)
{
	struct kt_err err = {0};
	struct kt_geo *g;

	(void)state;
	assert_int_equal(kt_geo_outlines(&g, &err), 0);
	assert_true(kt_geo_count(g) > 230);
	assert_true(kt_geo_find_code(g, "NL") >= 0);
	assert_string_equal(kt_geo_territory(g, (unsigned)kt_geo_find_code(g, "NL"))->name_nl,
			    "Nederland");
	assert_int_equal(kt_geo_find_code(g, "XX"), -1);
	kt_geo_free(&g);
	kt_geo_free(&g);
}

/* A file that ends early, or says what can't be, is refused. */
static void test_damaged(void **state)
{
	size_t n = kt_geo_outlines_size;
	uint8_t *copy = malloc(n);
	struct kt_err err = {0};
	struct kt_geo *g;

	(void)state;
	assert_non_null(copy);
	memcpy(copy, kt_geo_outlines_bytes, n);
	for (size_t cut = 0; cut < n; cut += 1 + n / 97)
		assert_int_equal(kt_geo_open(copy, cut, &g, &err), KT_E_FORMAT);
	for (size_t at = 0; at < n; at += 1 + n / 211) {
		copy[at] ^= 0xff; /* may still be a map; must not crash */
		kt_geo_open(copy, n, &g, &err);
		kt_geo_free(&g);
		copy[at] ^= 0xff;
	}
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts), cmocka_unit_test(test_contested),
		cmocka_unit_test(test_seams),	 cmocka_unit_test(test_against_slow),
		cmocka_unit_test(test_distance), cmocka_unit_test(test_area),
		cmocka_unit_test(test_codes),	 cmocka_unit_test(test_outlines),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
