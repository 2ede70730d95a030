/* SPDX-License-Identifier: EUPL-1.2 */
/* Catalogues that are built in: found, plural, missing, and names of languages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/tr.h"

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(kt_tr(KT_LANG_NL, "Outcome"), "Uitkomst");
	assert_string_equal(kt_tr(KT_LANG_EN, "Outcome"), "Outcome");
	/* first and last of the table, and what is in none */
	assert_string_equal(kt_tr(KT_LANG_NL, "zone as written"), "zone zoals geschreven");
	assert_string_equal(kt_tr(KT_LANG_NL, "a text that nobody wrote"),
			    "a text that nobody wrote");
	assert_string_equal(kt_tr(KT_LANG_NL, ""), "");
	assert_null(kt_tr(KT_LANG_NL, NULL));
}

static void test_plural(void **state)
{
	(void)state;
	assert_string_equal(kt_trn(KT_LANG_NL, "byte", "bytes", 1), "byte");
	assert_string_equal(kt_trn(KT_LANG_NL, "byte", "bytes", 0), "bytes");
	assert_string_equal(kt_trn(KT_LANG_EN, "byte", "bytes", 2), "bytes");
	assert_string_equal(kt_trn(KT_LANG_NL, "nobody's", "nobodies", 2), "nobodies");
}

/* A sentence that was made of a pattern, with a value that looks like a pattern itself. */
static void test_composed(void **state)
{
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	assert_true(kt_tr_composed(
		KT_LANG_NL,
		"Single values and media files alone, without the phone's backup: it said "
		"%s. What a backup would hold is not known.",
		&b));
	assert_string_equal(
		kt_buf_cstr(&b),
		"Alleen losse waarden en mediabestanden, zonder de reservekopie van de "
		"telefoon: it said %s. Wat een reservekopie zou bevatten, is niet bekend.");
	kt_buf_reset(&b);
	assert_false(kt_tr_composed(KT_LANG_NL, "Single values and something else.", &b));
	assert_false(kt_tr_composed(KT_LANG_EN, "Single values.", &b));
	assert_int_equal(b.len, 0);
	kt_buf_free(&b);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(kt_lang_find("nl"), KT_LANG_NL);
	assert_int_equal(kt_lang_find("nl_NL.UTF-8"), KT_LANG_NL);
	assert_int_equal(kt_lang_find("en"), KT_LANG_EN);
	assert_int_equal(kt_lang_find("nld"), -1);
	assert_int_equal(kt_lang_find("C"), -1);
	assert_int_equal(kt_lang_find(NULL), -1);
	assert_string_equal(kt_lang_code(KT_LANG_NL), "nl");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_plural),
		cmocka_unit_test(test_composed),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
