/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The stream in which the other forms travel from the sandbox to the engine: taken apart whatever
 * the cuts, refused when it is none; names of files; marks of a redaction.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "reports/render/export.h"
#include "reports/render/redact.h"

static struct kt_buf got[3];

static int take(void *arg, unsigned file, const void *p, size_t n, struct kt_err *err)
{
	(void)arg;
	if (file >= 3)
		return KT_FAIL(err, KT_E_FORMAT, "no such file");
	return kt_buf_put(&got[file], p, n);
}

static void chunk(struct kt_buf *b, unsigned file, const char *text)
{
	uint8_t head[6];

	kt_export_head(head, file, strlen(text));
	kt_buf_put(b, head, sizeof(head));
	kt_buf_puts(b, text);
}

static void test_cuts(void **state)
{
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	chunk(&b, 0, "one,");
	chunk(&b, 2, "<a>");
	chunk(&b, 0, "two");
	chunk(&b, 1, "x");
	for (size_t step = 1; step <= b.len; step++) {
		struct kt_export_reader r = {.put = take};

		for (size_t i = 0; i < 3; i++)
			kt_buf_init(&got[i], 0);
		for (size_t at = 0; at < b.len; at += step)
			assert_int_equal(kt_export_feed(&r, b.p + at,
							step < b.len - at ? step : b.len - at,
							NULL),
					 0);
		assert_string_equal(kt_buf_cstr(&got[0]), "one,two");
		assert_string_equal(kt_buf_cstr(&got[1]), "x");
		assert_string_equal(kt_buf_cstr(&got[2]), "<a>");
		for (size_t i = 0; i < 3; i++)
			kt_buf_free(&got[i]);
	}
	kt_buf_free(&b);
}

static void test_hostile(void **state)
{
	static const uint8_t empty[6] = {0}, large[6] = {0, 0, 1, 0, 2, 0},
			     other[7] = {3, 0, 1, 0, 0, 0, 'x'};
	struct kt_export_reader r = {.put = take};

	(void)state;
	assert_int_equal(kt_export_feed(&r, empty, sizeof(empty), NULL), KT_E_FORMAT);
	memset(&r, 0, sizeof(r));
	r.put = take;
	assert_int_equal(kt_export_feed(&r, large, sizeof(large), NULL), KT_E_FORMAT);
	memset(&r, 0, sizeof(r));
	r.put = take;
	assert_int_equal(kt_export_feed(&r, other, sizeof(other), NULL), KT_E_FORMAT);
}

static void test_names(void **state)
{
	char name[KT_EXPORT_NAME];

	(void)state;
	assert_string_equal(kt_export_name(KT_EXPORT_CSV, name), "observations.csv");
	assert_string_equal(kt_export_name(KT_EXPORT_PAGES, name), "observations-0001.html");
	assert_string_equal(kt_export_name(KT_EXPORT_PAGES + KT_EXPORT_PAGES_MAX - 1, name),
			    "observations-0400.html");
	assert_null(kt_export_name(KT_EXPORT_PAGES + KT_EXPORT_PAGES_MAX, name));
	assert_null(kt_export_name(UINT16_MAX, name));
	assert_int_equal(kt_export_pages(5000), 0);
	assert_int_equal(kt_export_pages(5001), 2);
	assert_int_equal(kt_export_pages(UINT64_MAX - KT_EXPORT_PAGE_ROWS), KT_EXPORT_PAGES_MAX);
}

static void test_marks(void **state)
{
	static const char *const bad[] = {
		"",	   "o",		 "o1",	    "o000001#",	   "o000001#x",
		"x000001", "o000001#1 ", "O000001", "o0000000001", "o000001#1#2"};

	(void)state;
	assert_true(kt_redact_id_ok("o000001"));
	assert_true(kt_redact_id_ok("o000001#12"));
	assert_false(kt_redact_id_ok(NULL));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(kt_redact_id_ok(bad[i]));
	assert_true(kt_redact_category_ok("third-person"));
	assert_false(kt_redact_category_ok("embarrassing"));
	assert_false(kt_redact_category_ok(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
