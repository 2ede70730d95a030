/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/hash.h"
#include "core/plan.h"
#include "core/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Ids are positions in the table: a row in the wrong place would ask for another thing. */
static void ids_and_rows_agree(void **state)
{
	(void)state;
	assert_null(kt_request_get(KT_REQ_NONE));
	assert_null(kt_request_get(KT_REQ_COUNT));
	assert_null(kt_request_get(UINT32_MAX));
	for (unsigned i = 1; i < KT_REQ_COUNT; i++) {
		const struct kt_request *q = kt_request_get(i);

		assert_non_null(q);
		assert_int_equal(q->id, i);
	}
	assert_string_equal(kt_request_get(KT_REQ_GETPROP)->name, "getprop");
	assert_string_equal(kt_request_get(KT_REQ_HANDED)->name, "handed");
}

/* Names travel in item ids, file lists and logs. */
static void names_are_plain_and_short(void **state)
{
	(void)state;
	for (unsigned i = 1; i < KT_REQ_COUNT; i++) {
		const char *n = kt_request_get(i)->name;

		assert_true(*n != '\0');
		assert_int_equal(strspn(n, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(n));
		/* a scope id has at most 32 bytes */
		assert_true(32 + 1 + strlen(n) < KT_ITEM_ID);
	}
}

static bool has(const struct kt_request *q, enum kt_form form)
{
	return (q->forms & form) != 0;
}

static void check_android(const struct kt_request *q)
{
	assert_int_equal(q->platform, KT_PLATFORM_ANDROID);
	assert_false(has(q, KT_FORM_BACKUP));
	assert_null(q->domain);
	if (q->kind == KT_REQ_KIND_SHELL) {
		assert_int_equal(q->forms, KT_FORM_PHONE);
		assert_true(q->max_bytes > 0 && q->wall_s > 0);
	}
	if (q->kind == KT_REQ_KIND_ROOT) {
		assert_int_equal(q->text[0], '/');
		assert_int_equal(q->forms, KT_FORM_PHONE | KT_FORM_IMAGE | KT_FORM_CARRIER);
	}
	if (q->kind == KT_REQ_KIND_DROIDFILE)
		assert_int_equal(q->forms, KT_FORM_IMAGE);
}

static void check_ios(const struct kt_request *q)
{
	assert_int_equal(q->platform, KT_PLATFORM_IOS);
	assert_false(has(q, KT_FORM_FILE) || has(q, KT_FORM_CARRIER));
	if (q->kind == KT_REQ_KIND_MEDIA)
		assert_int_equal(q->forms, KT_FORM_PHONE | KT_FORM_BACKUP | KT_FORM_IMAGE);
	if (q->kind == KT_REQ_KIND_IOSFILE) {
		assert_non_null(q->domain);
		assert_true(q->text[0] != '/');
		/* what no backup holds can't come out of one, and a phone gives only its backup */
		assert_int_equal(has(q, KT_FORM_PHONE), q->reach != KT_REACH_IMAGE);
		assert_int_equal(has(q, KT_FORM_BACKUP), q->reach != KT_REACH_IMAGE);
		assert_true(has(q, KT_FORM_IMAGE));
	}
	if (q->kind == KT_REQ_KIND_VALUES) {
		assert_non_null(q->source);
		assert_true(has(q, KT_FORM_PHONE));
		assert_int_equal(has(q, KT_FORM_BACKUP), strcmp(q->source, "lockdown") != 0);
		assert_false(has(q, KT_FORM_IMAGE));
		assert_true(q->max_bytes > 0);
	}
}

static void forms_follow_from_the_kind(void **state)
{
	unsigned of_kind[KT_REQ_KIND_HANDED + 1] = {0};

	(void)state;
	for (unsigned i = 1; i < KT_REQ_COUNT; i++) {
		const struct kt_request *q = kt_request_get(i);

		of_kind[q->kind]++;
		if (q->kind <= KT_REQ_KIND_DROIDFILE) {
			check_android(q);
		} else if (q->kind == KT_REQ_KIND_HANDED) {
			assert_int_equal(q->forms, KT_FORM_FILE);
			assert_int_equal(q->platform, KT_PLATFORM_ANDROID | KT_PLATFORM_IOS);
		} else {
			check_ios(q);
		}
	}
	for (unsigned k = KT_REQ_KIND_SHELL; k <= KT_REQ_KIND_HANDED; k++)
		assert_true(of_kind[k] > 0);
}

static void words_go_both_ways(void **state)
{
	static const char *const forms[] = {"phone", "backup", "image", "file", "carrier"};
	static const char *const kinds[] = {"",	     "command", "folder", "image-file",
					    "media", "file",	"values", "handed"};
	struct kt_request q = {.id = KT_REQ_NONE};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		assert_string_equal(kt_form_name(1u << i), forms[i]);
		assert_int_equal(kt_form_find(forms[i]), 1u << i);
	}
	assert_null(kt_form_name(0));
	assert_null(kt_form_name(3));
	assert_null(kt_form_name(32));
	assert_int_equal(kt_form_find(""), 0);
	assert_int_equal(kt_form_find("Phone"), 0);
	assert_int_equal(kt_platform_find("android"), KT_PLATFORM_ANDROID);
	assert_int_equal(kt_platform_find("ios"), KT_PLATFORM_IOS);
	assert_int_equal(kt_platform_find("iOS"), 0);
	assert_string_equal(kt_request_kind_name(NULL), "");
	for (unsigned k = 1; k < 8; k++) {
		q.kind = (enum kt_request_kind)k;
		assert_string_equal(kt_request_kind_name(&q), kinds[k]);
	}
	q.kind = (enum kt_request_kind)8;
	assert_string_equal(kt_request_kind_name(&q), "");
}

/* Well-known stores of what people wrote to one another must never appear in the table. */
static void nothing_forbidden_is_listed(void **state)
{
	static const char *const never[] = {"sms.db",	"mmssms",   "AddressBook", "chat.db",
					    "keychain", "WhatsApp", "msgstore",	   "NoteStore"};

	(void)state;
	for (unsigned i = 1; i < KT_REQ_COUNT; i++)
		for (size_t k = 0; k < sizeof(never) / sizeof(never[0]); k++)
			assert_null(strcasestr(kt_request_get(i)->text, never[k]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_and_rows_agree),
		cmocka_unit_test(names_are_plain_and_short),
		cmocka_unit_test(forms_follow_from_the_kind),
		cmocka_unit_test(words_go_both_ways),
		cmocka_unit_test(nothing_forbidden_is_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
