/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/buf.h"
#include "core/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void grows_and_keeps_order(void **state)
{
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(kt_buf_put_le32(&b, i), 0);
	assert_int_equal(b.len, 400000);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(kt_get_le32(b.p + 4 * i), i);
	kt_buf_free(&b);
	assert_null(b.p);
	assert_int_equal(b.len, 0);
}

static void stops_at_its_limit(void **state)
{
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 10);
	assert_int_equal(kt_buf_put(&b, "0123456789", 10), 0);
	assert_string_equal(kt_buf_cstr(&b), "0123456789");
	assert_int_equal(kt_buf_putc(&b, 'x'), KT_E_LIMIT);
	assert_true(b.failed);
	assert_int_equal(b.len, 10);
	/* and stays failed, whatever would fit */
	assert_int_equal(kt_buf_put(&b, "", 0), KT_E_LIMIT);
	assert_null(kt_buf_cstr(&b));
	kt_buf_reset(&b);
	assert_int_equal(kt_buf_putc(&b, 'x'), 0);
	kt_buf_free(&b);
	/* lengths that overflow */
	kt_buf_init(&b, SIZE_MAX / 4);
	assert_int_equal(kt_buf_putc(&b, 'x'), 0);
	assert_int_equal(kt_buf_reserve(&b, SIZE_MAX), KT_E_LIMIT);
	kt_buf_free(&b);
}

/* Also where room is left that was allocated under a higher limit. */
static void a_lowered_limit_holds(void **state)
{
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	assert_int_equal(kt_buf_put(&b, "0123456789", 10), 0);
	assert_true(b.cap > 20);
	b.max = 12;
	assert_int_equal(kt_buf_putc(&b, 'a'), 0);
	assert_int_equal(kt_buf_puts(&b, "b"), 0);
	assert_int_equal(kt_buf_putc(&b, 'c'), KT_E_LIMIT);
	assert_true(b.failed);
	assert_int_equal(kt_buf_putc(&b, 'c'), KT_E_LIMIT);
	assert_int_equal(b.len, 12);
	kt_buf_reset(&b);
	assert_int_equal(kt_buf_put(&b, "0123456789ab", 12), 0);
	assert_string_equal(kt_buf_cstr(&b), "0123456789ab");
	kt_buf_free(&b);
}

/* Up to the last byte of what is allocated: the NUL of kt_buf_cstr() must still have a place. */
static void one_byte_stays_spare(void **state)
{
	struct kt_buf b;

	(void)state;
	for (size_t n = 250; n < 262; n++) {
		kt_buf_init(&b, 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(kt_buf_putc(&b, 'x'), 0);
		assert_true(b.len < b.cap);
		assert_int_equal(strlen(kt_buf_cstr(&b)), n);
		kt_buf_free(&b);
	}
}

static void prints(void **state)
{
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 300);
	assert_int_equal(kt_buf_printf(&b, "%s-%d", "a", 7), 0);
	assert_int_equal(kt_buf_puts(&b, "."), 0);
	assert_string_equal(kt_buf_cstr(&b), "a-7.");
	assert_int_equal(kt_buf_printf(&b, "%400d", 1), KT_E_LIMIT);
	assert_int_equal(b.len, 4);
	kt_buf_free(&b);
}

static void consumes_from_the_front(void **state)
{
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	kt_buf_puts(&b, "abcdef");
	kt_buf_consume(&b, 2);
	assert_string_equal(kt_buf_cstr(&b), "cdef");
	kt_buf_consume(&b, 0);
	assert_int_equal(b.len, 4);
	kt_buf_consume(&b, 4);
	assert_int_equal(b.len, 0);
	kt_buf_consume(&b, 1000);
	assert_int_equal(b.len, 0);
	kt_buf_free(&b);
}

static void numbers_have_one_order(void **state)
{
	static const uint8_t want[] = {1, 0x02, 0x01, 4, 3, 2, 1, 8, 7,	  6,  5,
				       4, 3,	2,    1, 2, 0, 0, 0, 'h', 'i'};
	struct kt_buf b;
	struct kt_rd r;
	size_t n;

	(void)state;
	kt_buf_init(&b, 0);
	kt_buf_put_u8(&b, 1);
	kt_buf_put_le16(&b, 0x0102);
	kt_buf_put_le32(&b, 0x01020304);
	kt_buf_put_le64(&b, 0x0102030405060708);
	kt_buf_put_blob(&b, "hi", 2);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.p, want, sizeof(want));
	kt_rd_init(&r, b.p, b.len);
	assert_int_equal(kt_rd_u8(&r), 1);
	assert_int_equal(kt_rd_le16(&r), 0x0102);
	assert_int_equal(kt_rd_le32(&r), 0x01020304);
	assert_true(kt_rd_le64(&r) == 0x0102030405060708);
	assert_memory_equal(kt_rd_blob(&r, 2, &n), "hi", 2);
	assert_int_equal(kt_rd_left(&r), 0);
	assert_false(r.failed);
	assert_int_equal(kt_get_be16(want), 0x0102);
	assert_int_equal(kt_get_be32(want + 3), 0x04030201);
	kt_buf_free(&b);
}

/* Every read at every length: too little gives zero, and zero for ever after. */
static void reading_ends_at_the_end(void **state)
{
	(void)state;
	for (size_t len = 0; len < 12; len++) {
		/* exact, so that a sanitizer sees one byte too many */
		size_t n = len > 0 ? len : 1;
		uint8_t *p = malloc(n);

		assert_non_null(p);
		memset(p, 0xff, n);
		for (int what = 0; what < 6; what++) {
			struct kt_rd r;
			size_t need[] = {1, 2, 4, 8, 3, 4};
			bool fits;

			kt_rd_init(&r, p, len);
			if (what == 0)
				fits = kt_rd_u8(&r) != 0;
			else if (what == 1)
				fits = kt_rd_le16(&r) != 0;
			else if (what == 2)
				fits = kt_rd_le32(&r) != 0;
			else if (what == 3)
				fits = kt_rd_le64(&r) != 0;
			else if (what == 4)
				fits = kt_rd_bytes(&r, 3) != NULL;
			else
				fits = kt_rd_blob(&r, SIZE_MAX, &n) != NULL;
			if (what == 5)
				assert_false(fits); /* says 4 GiB */
			else
				assert_int_equal(fits, len >= need[what]);
			assert_int_equal(r.failed, !fits);
			if (!fits) {
				assert_int_equal(kt_rd_left(&r), 0);
				assert_int_equal(kt_rd_u8(&r), 0);
				assert_null(kt_rd_bytes(&r, 0));
			}
		}
		free(p);
	}
}

static void blobs_have_a_limit(void **state)
{
	static const uint8_t b[] = {3, 0, 0, 0, 'a', 'b', 'c'};
	struct kt_rd r;
	size_t n = 9;

	(void)state;
	kt_rd_init(&r, b, sizeof(b));
	assert_null(kt_rd_blob(&r, 2, &n));
	assert_int_equal(n, 0);
	assert_true(r.failed);
	kt_rd_init(&r, b, sizeof(b) - 1);
	assert_null(kt_rd_blob(&r, 100, &n));
	assert_true(r.failed);
	kt_rd_init(&r, b, sizeof(b));
	assert_non_null(kt_rd_blob(&r, 3, &n));
	assert_int_equal(n, 3);
	kt_rd_init(&r, b, sizeof(b));
	assert_null(kt_rd_bytes(&r, SIZE_MAX));
	assert_true(r.failed);
}

static void errors_keep_cause_and_context(void **state)
{
	struct kt_err err = {0};
	char story[2000], tiny[8];

	(void)state;
	assert_string_equal(kt_err_text(NULL), "");
	assert_string_equal(kt_err_text(&err), "");
	assert_int_equal(KT_FAIL(NULL, KT_E_LIMIT, "x"), KT_E_LIMIT);
	for (int i = 0; i < 20; i++)
		assert_int_equal(KT_FAIL(&err, KT_E_FORMAT, "layer %d", i), KT_E_FORMAT);
	assert_int_equal(err.n, KT_ERR_FRAMES);
	assert_string_equal(err.frame[0].text, "layer 0");
	assert_string_equal(kt_err_text(&err), "layer 19");
	assert_ptr_equal(kt_err_story(&err, story, sizeof(story)), story);
	assert_memory_equal(story, "layer 19: layer 6: ", 19);
	kt_err_story(&err, tiny, sizeof(tiny));
	assert_string_equal(tiny, "layer 1");
	kt_err_clear(&err);
	assert_string_equal(kt_err_story(&err, story, sizeof(story)), "");
	assert_string_equal(kt_code_name(KT_E_STORAGE), "storage");
	assert_string_equal(kt_code_name(KT_OK), "ok");
	assert_string_equal(kt_code_name(-99), "internal");
	assert_string_equal(kt_code_name(5), "internal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_keeps_order),
		cmocka_unit_test(stops_at_its_limit),
		cmocka_unit_test(a_lowered_limit_holds),
		cmocka_unit_test(one_byte_stays_spare),
		cmocka_unit_test(prints),
		cmocka_unit_test(consumes_from_the_front),
		cmocka_unit_test(numbers_have_one_order),
		cmocka_unit_test(reading_ends_at_the_end),
		cmocka_unit_test(blobs_have_a_limit),
		cmocka_unit_test(errors_keep_cause_and_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
