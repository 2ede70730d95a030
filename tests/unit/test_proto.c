/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/err.h"
#include "parsers/sdk/proto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

/* One field and the end, or the code. */
static int one(const uint8_t *p, size_t n, struct kt_pb_field *f)
{
	uint8_t *exact = malloc(n > 0 ? n : 1); /* so that a sanitizer sees a byte too many */
	struct kt_err err = {0};
	struct kt_pb_field second;
	struct kt_pb pb;
	int r;

	if (n > 0)
		memcpy(exact, p, n);
	kt_pb_init(&pb, exact, n);
	r = kt_pb_next(&pb, f, &err);
	if (r > 0 && f->p != NULL)
		f->p = p + (f->p - exact);
	if (r > 0 && kt_pb_next(&pb, &second, &err) != 0)
		r = 2;
	free(exact);
	return r;
}

/* The examples of https://protobuf.dev/programming-guides/encoding/ */
static void fields(void **state)
{
	struct kt_pb_field f;

	(void)state;
	assert_int_equal(one(BYTES(0x08, 0x96, 0x01), &f), 1);
	assert_true(f.number == 1 && f.wire == KT_PB_VARINT && f.v == 150 && f.off == 0);
	assert_int_equal(one(BYTES(0x12, 0x07, 't', 'e', 's', 't', 'i', 'n', 'g'), &f), 1);
	assert_true(f.number == 2 && f.wire == KT_PB_LEN && f.n == 7);
	assert_memory_equal(f.p, "testing", 7);
	assert_int_equal(
		one(BYTES(0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), &f),
		1);
	assert_true((int64_t)f.v == -2);
	assert_int_equal(one(BYTES(0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f), &f), 1);
	assert_true(f.wire == KT_PB_I64 && kt_pb_double(&f) == 1.5);
	assert_int_equal(one(BYTES(0x0d, 0, 0, 0xc0, 0xbf), &f), 1);
	assert_true(f.wire == KT_PB_I32 && kt_pb_float(&f) == -1.5 && f.v == 0xbfc00000);
	assert_int_equal(one(BYTES(0xfa, 0xff, 0xff, 0xff, 0x0f, 0x00), &f), 1);
	assert_true(f.number == (1u << 29) - 1 && f.wire == KT_PB_LEN && f.n == 0);
	/* a number written longer than needed */
	assert_int_equal(one(BYTES(0x88, 0x00, 0x85, 0x80, 0x00), &f), 1);
	assert_true(f.number == 1 && f.v == 5);
	assert_int_equal(one(NULL, 0, &f), 0);
}

static void damaged(void **state)
{
	static const struct {
		uint8_t p[12];
		size_t n;
	} t[] = {
		{{0x80}, 1},	   /* no end of the tag */
		{{0x08}, 1},	   /* no value */
		{{0x08, 0x80}, 2}, /* no end of the value */
		{{0x00, 0x00}, 2}, /* field 0 */
		{{0x0b, 0x0c}, 2}, /* a group */
		{{0x0c}, 1},	   /* its end */
		{{0x0e, 0}, 2},	   /* kinds 6 and 7 */
		{{0x0f, 0}, 2},
		{{0x12, 0x02, 'a'}, 3}, /* shorter than it says */
		{{0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 11},
		{{0x09, 1, 2, 3, 4, 5, 6, 7}, 8},
		{{0x0d, 1, 2, 3}, 4},
		{{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02},
		 11}, /* 65 bits */
		{{0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 12},
		{{0x80, 0x80, 0x80, 0x80, 0x10, 0x01}, 6}, /* a number above 2^29 - 1 */
	};
	struct kt_pb_field f;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (one(t[i].p, t[i].n, &f) != KT_E_FORMAT)
			fail_msg("row %zu is taken", i);
}

static void finding(void **state)
{
	/* 3 {1 {4: 7}}, 3 {1 {4: 8, 5: 1}, 1: 9}, 3: 6, 1: 2 */
	static const uint8_t m[] = {0x1a, 0x04, 0x0a, 0x02, 0x20, 0x07, 0x1a, 0x08, 0x0a, 0x04,
				    0x20, 0x08, 0x28, 0x01, 0x08, 0x09, 0x18, 0x06, 0x08, 0x02};
	static const uint32_t p314[] = {3, 1, 4, 0}, p315[] = {3, 1, 5, 0}, p31[] = {3, 1, 0},
			      p3[] = {3, 0}, p316[] = {3, 1, 6, 0}, p3141[] = {3, 1, 4, 1, 0},
			      none[] = {0};
	static const uint32_t deep[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0};
	uint8_t damaged_inside[sizeof(m)];
	struct kt_pb_field f;

	(void)state;
	assert_true(kt_pb_find(m, sizeof(m), p314, &f) && f.v == 8 && f.off == 10);
	assert_true(kt_pb_find(m, sizeof(m), p315, &f) && f.v == 1);
	assert_true(kt_pb_find(m, sizeof(m), p31, &f) && f.wire == KT_PB_VARINT && f.v == 9);
	assert_true(kt_pb_find(m, sizeof(m), p3, &f) && f.wire == KT_PB_VARINT && f.v == 6);
	assert_false(kt_pb_find(m, sizeof(m), p316, &f));
	assert_false(kt_pb_find(m, sizeof(m), p3141, &f));
	assert_false(kt_pb_find(m, sizeof(m), none, &f));
	assert_false(kt_pb_find(m, sizeof(m), deep, &f));
	assert_true(kt_pb_find(m, sizeof(m), deep + 16, &f) && f.v == 2);
	/* what only the first of two messages holds is not lost: 3 {1 {4: 7}}, 3 {1 {}} */
	assert_true(kt_pb_find(BYTES(0x1a, 0x04, 0x0a, 0x02, 0x20, 0x07, 0x1a, 0x02, 0x0a, 0x00),
			       p314, &f) &&
		    f.v == 7);
	memcpy(damaged_inside, m, sizeof(m));
	damaged_inside[12] = 0x2b; /* a group beside what is looked for */
	assert_false(kt_pb_find(damaged_inside, sizeof(m), p314, &f));
	assert_true(kt_pb_find(damaged_inside, sizeof(m), p3, &f));
	for (size_t n = 1; n < sizeof(m); n++) {
		uint8_t *cut = malloc(n);

		memcpy(cut, m, n);
		kt_pb_find(cut, n, p314, &f);
		free(cut);
	}
}

static void zigzag(void **state)
{
	(void)state;
	assert_true(kt_pb_zigzag(0) == 0);
	assert_true(kt_pb_zigzag(1) == -1);
	assert_true(kt_pb_zigzag(2) == 1);
	assert_true(kt_pb_zigzag(0xfffffffe) == 0x7fffffff);
	assert_true(kt_pb_zigzag(UINT64_MAX) == INT64_MIN);
	assert_true(kt_pb_zigzag(UINT64_MAX - 1) == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(damaged),
		cmocka_unit_test(finding),
		cmocka_unit_test(zigzag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
