/* SPDX-License-Identifier: EUPL-1.2 */
/* Catalogues that are built in: found, plural, missing, and names of languages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
