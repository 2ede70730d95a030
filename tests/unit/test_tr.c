/* SPDX-License-Identifier: EUPL-1.2 */
/* Catalogues that are built in: found, plural, missing, and names of languages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

static void check_said(const char *text, const char *want)
{
	struct kt_buf b;

	kt_buf_init(&b, 0);
	if (!kt_tr_composed(KT_LANG_NL, text, &b))
		fail_msg("not said: %s", text);
	assert_string_equal(kt_buf_cstr(&b), want);
	kt_buf_free(&b);
}

static void check_not_said(const char *text)
{
	struct kt_buf b;

	kt_buf_init(&b, 0);
	assert_false(kt_tr_composed(KT_LANG_NL, text, &b));
	assert_int_equal(b.len, 0);
	kt_buf_free(&b);
}

/* Values that are texts of ours are said; a name before it is kept. */
static void test_nested(void **state)
{
	(void)state;
	check_said("the certificate of CN=A does not hold when the session was opened "
		   "(2026-01-02T03:04:05Z): certificate has expired",
		   "het certificaat van CN=A geldt niet op het moment waarop de sessie is geopend "
		   "(2026-01-02T03:04:05Z): het certificaat is verlopen");
	check_said("data/case.json: JSON: ends early at byte 12",
		   "data/case.json: JSON: eindigt voortijdig, bij byte 12");
	check_said("META-INF/a.p7s: it does not hold", "META-INF/a.p7s: zij geldt niet");
	check_said("log line 7: item.start stands a second time",
		   "logboekregel 7: item.start staat er een tweede keer");
	check_said("3 of 9 files not or not completely read: not a regular file",
		   "3 van 9 bestanden niet of niet volledig gelezen: geen gewoon bestand");
	check_said("3 of 9 files not or not completely read",
		   "3 van 9 bestanden niet of niet volledig gelezen");
	/* what no text of ours is stays as it is */
	check_said("the phone says: nonsense", "de telefoon zegt: nonsense");
}

/* Names and subjects are chosen by whoever made a package, and may read like texts of ours. */
static void test_hostile(void **state)
{
	char text[2048], want[2048], fill[1500];

	(void)state;
	/* the words of another pattern in a value */
	check_said("manifest-sha256.txt lists a is missing, which is not there",
		   "manifest-sha256.txt noemt a is missing, dat er niet is");
	check_said("x lists y, which is not there is missing",
		   "x lists y, which is not there ontbreekt");
	check_said("a lists b lists c, which is not there", "a noemt b lists c, dat er niet is");
	/* a whole text of ours as a value */
	check_said("the operator signed the mandate: the log has no session.open",
		   "de operator ondertekende de machtiging: the log has no session.open");
	check_said("mandate is missing", "mandate ontbreekt");
	check_said("the mandate does not name certificate has expired as a releaser",
		   "de machtiging noemt certificate has expired niet als vrijgever");
	/* conversions, of the source and of a translation */
	check_said("%s%n%2$t %1$s is missing", "%s%n%2$t %1$s ontbreekt");
	check_said("%99999999d is missing", "%99999999d ontbreekt");
	/* where a number stands, nothing else fits */
	check_not_said("a file hold a position; why it is not one of this phone stands with each.");
	check_not_said("it ends after many of 7 bytes");
	/* nothing, and more than a value of ours can be */
	check_said(" is missing", " ontbreekt");
	memset(fill, 'a', sizeof(fill) - 1);
	fill[sizeof(fill) - 1] = '\0';
	snprintf(text, sizeof(text), "the phone says: %s", fill);
	snprintf(want, sizeof(want), "de telefoon zegt: %s", fill);
	check_said(text, want);
	/* one text in another, again and again: said to a depth, then left */
	check_said("the phone says: the phone says: the phone says: the phone says: the phone "
		   "says: a",
		   "de telefoon zegt: de telefoon zegt: de telefoon zegt: de telefoon zegt: the "
		   "phone says: a");
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
		cmocka_unit_test(test_words),	 cmocka_unit_test(test_plural),
		cmocka_unit_test(test_composed), cmocka_unit_test(test_nested),
		cmocka_unit_test(test_hostile),	 cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
