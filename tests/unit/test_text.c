/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/err.h"
#include "core/json.h"
#include "tests/unit/unescape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void shown(const void *p, size_t n, const char *want)
{
	struct kt_buf b;

	kt_buf_init(&b, 0);
	kt_text_escape(&b, p, n);
	assert_string_equal(kt_buf_cstr(&b), want);
	kt_buf_free(&b);
}

static void makes_the_hidden_visible(void **state)
{
	(void)state;
	shown("plain", 5, "plain");
	shown("a\\b", 3, "a\\\\b");
	shown("\x00\x1f\x7f", 3, "\\u{0000}\\u{001f}\\u{007f}");
	shown("\x1b[31m", 5, "\\u{001b}[31m");
	shown("\xe2\x80\xae", 3, "\\u{202e}"); /* right-to-left override */
	shown("\xe2\x81\xa6", 3, "\\u{2066}"); /* isolate */
	shown("\xe2\x80\x8b", 3, "\\u{200b}"); /* zero width space */
	shown("\xe2\x80\xa8", 3, "\\u{2028}");
	shown("\xef\xbb\xbf", 3, "\\u{feff}");
	shown("\xc2\x85", 2, "\\u{0085}");
	shown("\xd8\x9c", 2, "\\u{061c}");
	shown("\xf3\xa0\x80\x81", 4, "\\u{e0001}"); /* tag character */
	shown("\xef\xbf\xbf", 3, "\\u{ffff}");
	shown("\xff\xfe", 2, "\\xff\\xfe");
	shown("\xc3", 1, "\\xc3");
	shown("\xed\xa0\x80", 3, "\\xed\\xa0\\x80"); /* a surrogate is no character */
	shown("\xc0\xaf", 2, "\\xc0\\xaf");
	shown("\xd7\xa9\xc3\xa9\xf0\x9f\x98\x80", 8, "\xd7\xa9\xc3\xa9\xf0\x9f\x98\x80");
}

static void round_trip(const uint8_t *p, size_t n)
{
	struct kt_buf b, back;

	kt_buf_init(&b, 0);
	kt_buf_init(&back, 0);
	kt_text_escape(&b, p, n);
	for (size_t i = 0; i < b.len; i++)
		assert_true(b.p[i] >= 0x20 && b.p[i] != 0x7f);
	assert_int_equal(text_unescape(&back, (const char *)b.p, b.len), 0);
	assert_int_equal(back.len, n);
	if (n > 0)
		assert_memory_equal(back.p, p, n);
	kt_buf_free(&b);
	kt_buf_free(&back);
}

static void every_byte_and_pair_comes_back(void **state)
{
	uint8_t all[256], two[2];

	(void)state;
	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	round_trip(all, sizeof(all));
	round_trip(all, 0);
	for (unsigned i = 0; i < 65536; i++) {
		two[0] = (uint8_t)(i >> 8);
		two[1] = (uint8_t)i;
		round_trip(two, 2);
	}
}

static void every_character_comes_back(void **state)
{
	struct kt_buf b;
	uint32_t cp;

	(void)state;
	kt_buf_init(&b, 0);
	for (uint32_t c = 0x80; c <= 0x10ffff; c += c < 0x3000 ? 1 : 37) {
		char text[16];
		uint8_t utf8[4];
		size_t n;

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		kt_buf_reset(&b);
		snprintf(text, sizeof(text), "\\u{%04x}", (unsigned)c);
		assert_int_equal(text_unescape(&b, text, strlen(text)), 0);
		n = kt_utf8_put(utf8, c);
		assert_int_equal(b.len, n);
		assert_memory_equal(b.p, utf8, n);
		assert_int_equal(kt_utf8_next(utf8, n, &cp), n);
		assert_int_equal(cp, c);
		/* and no shorter piece of it is taken */
		for (size_t k = 0; k < n; k++)
			assert_int_equal(kt_utf8_next(utf8, k, &cp), 0);
		round_trip(utf8, n);
	}
	kt_buf_free(&b);
}

/* By the table of the standard, not by our own reader. */
static void writes_utf8(void **state)
{
	static const struct {
		uint32_t cp;
		const char *bytes;
	} known[] = {
		{0x24, "$"},
		{0x7f, "\x7f"},
		{0x80, "\xc2\x80"},
		{0x7ff, "\xdf\xbf"},
		{0x800, "\xe0\xa0\x80"},
		{0x20ac, "\xe2\x82\xac"},
		{0xffff, "\xef\xbf\xbf"},
		{0x10000, "\xf0\x90\x80\x80"},
		{0x10ffff, "\xf4\x8f\xbf\xbf"},
		{0xd800, "\xed\xa0\x80"}, /* half a pair: no UTF-8, and not to be lost */
	};
	uint8_t out[5];
	uint32_t cp;

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		memset(out, 0xaa, sizeof(out));
		assert_int_equal(kt_utf8_put(out, known[i].cp), strlen(known[i].bytes));
		assert_memory_equal(out, known[i].bytes, strlen(known[i].bytes));
		assert_int_equal(out[strlen(known[i].bytes)], 0xaa);
	}
	assert_int_equal(kt_utf8_next(out, 3, &cp), 0);
}

static void refuses_other_escapes(void **state)
{
	static const char *const bad[] = {"\\",		  "\\n",     "\\x",	  "\\x1",
					  "\\xGG",	  "\\xAB",   "\\u",	  "\\u{",
					  "\\u{}",	  "\\u{12",  "\\u{d800}", "\\u{110000}",
					  "\\u{1234567}", "\\u0041", "a\\"};
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (text_unescape(&b, bad[i], strlen(bad[i])) != KT_E_FORMAT)
			fail_msg("taken: %s", bad[i]);
	kt_buf_free(&b);
}

static void marked_up(const char *s, const char *want)
{
	struct kt_buf b;

	kt_buf_init(&b, 0);
	kt_text_markup(&b, s);
	assert_string_equal(kt_buf_cstr(&b), want);
	kt_buf_free(&b);
}

static void makes_text_of_pages(void **state)
{
	(void)state;
	marked_up("", "");
	marked_up("plain \\ text\nof two lines", "plain \\ text\nof two lines");
	marked_up("<b a=\"1\" c='2'>&amp;", "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
	marked_up("\xc3\xa9\xe2\x80\xae\x1b[31m\r", "\xc3\xa9\\u{202e}\\u{001b}[31m\\u{000d}");
	marked_up("\xff<\xef\xbf\xbe", "\\xff&lt;\\u{fffe}");
}

static void copies_members(void **state)
{
	static const char text[] = "{\"a\":\"four\",\"n\":4}";
	struct kt_jdoc *d = NULL;
	char out[5] = "old";

	(void)state;
	assert_int_equal(kt_jdoc_parse(text, sizeof(text) - 1, &d, NULL), 0);
	assert_false(kt_jv_copy(kt_jdoc_root(d), "b", out, sizeof(out)));
	assert_false(kt_jv_copy(kt_jdoc_root(d), "n", out, sizeof(out)));
	assert_false(kt_jv_copy(NULL, "a", out, sizeof(out)));
	assert_string_equal(out, "old");
	assert_true(kt_jv_copy(kt_jdoc_root(d), "a", out, sizeof(out)));
	assert_string_equal(out, "four");
	assert_false(kt_jv_copy(kt_jdoc_root(d), "a", out, 4));
	assert_string_equal(out, "fou");
	kt_jdoc_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_the_hidden_visible),
		cmocka_unit_test(every_byte_and_pair_comes_back),
		cmocka_unit_test(every_character_comes_back),
		cmocka_unit_test(writes_utf8),
		cmocka_unit_test(refuses_other_escapes),
		cmocka_unit_test(makes_text_of_pages),
		cmocka_unit_test(copies_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
