/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "core/mandate.h"
#include "core/plan.h"
#include "core/record.h"
#include "core/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct kt_plugin_info plugins[] = {
	{"dev", 1, "Device", "tried", "nothing", 64, 10, 20},
	{"pics", 2, "Pictures", "tried", "nothing", 64, 10, 20},
	{"track", 1, "Track", "tried", "nothing", 64, 10, 20},
};

static const struct kt_want wants[] = {
	{"dev", KT_REQ_GETPROP, KT_TAKE_OUTPUT, "", 65536},
	{"dev", KT_REQ_USERS, KT_TAKE_OUTPUT, "", 4096},
	{"pics", KT_REQ_DCIM, KT_TAKE_RANGES, "*.jpg|*.jpeg", 262144},
	{"pics", KT_REQ_PICTURES, KT_TAKE_RANGES, "*.jpg", 1000},
	{"track", KT_REQ_DOWNLOAD, KT_TAKE_WHOLE, "timeline*.json", 1 << 30},
};

static int match(const char *globs, const char *name)
{
	return kt_glob_match(globs, name, strlen(name));
}

static void globs(void **state)
{
	char many[4097];

	(void)state;
	assert_true(match("*.jpg|*.jpeg", "IMG_1.JPG"));
	assert_true(match("*.jpg|*.jpeg", "a.b.jpeg"));
	assert_true(match("*.JPG", ".jpg"));
	assert_false(match("*.jpg|*.jpeg", "IMG_1.jpg.png"));
	assert_false(match("*.jpg", "IMG_1xjpg"));
	assert_false(match("*.jpg", ""));
	assert_false(match("", "a"));
	assert_false(match("", ""));
	assert_true(match("a|", "A"));
	assert_false(match("|", "a"));
	assert_true(match("*", "anything"));
	assert_true(match("timeline*.json", "Timeline (2).json"));
	assert_true(match("timeline*.json", "timeline.json"));
	assert_false(match("timeline*.json", "my timeline.json"));
	assert_true(match("*ab*abc", "abababc"));
	assert_false(match("*ab*abc", "ababab"));
	assert_false(match("?.jpg", "a.jpg")); /* no wildcard but the star */
	assert_true(match("?.jpg", "?.jpg"));
	assert_false(match("\xc3\x89.jpg", "\xc3\xa9.jpg")); /* only ASCII is folded */
	assert_true(kt_glob_match("*.jpg", "\xff\0.jpg", 6));
	/* no exponential search */
	memset(many, 'a', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	assert_false(match("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", many));
}

static struct kt_mandate mandate(size_t n, ...)
{
	struct kt_mandate m;
	va_list ap;

	memset(&m, 0, sizeof(m));
	m.mandate_id = "M-1";
	m.device_kind = "android";
	m.device_forms = KT_FORM_PHONE;
	va_start(ap, n);
	for (size_t i = 0; i < n; i++) {
		m.scope[i].id = m.scope[i].source = va_arg(ap, const char *);
		m.scope[i].justification = "because";
		m.scope[i].fields = 1u << KT_G_TIME | 1u << KT_G_DEVICE;
		m.scope[i].to_us = 1000000;
	}
	va_end(ap);
	m.nscope = n;
	return m;
}

static struct kt_plan plan;

static int make_form(const struct kt_mandate *m, unsigned form, struct kt_err *err)
{
	kt_err_clear(err);
	return kt_plan_make(m, form, plugins, COUNT(plugins), wants, COUNT(wants), &plan, err);
}

static int make(const struct kt_mandate *m, struct kt_err *err)
{
	return make_form(m, KT_FORM_PHONE, err);
}

static void takes_the_intersection(void **state)
{
	struct kt_mandate m = mandate(2, "track", "dev");
	struct kt_err err;

	(void)state;
	assert_int_equal(make(&m, &err), 0);
	assert_int_equal(plan.n, 3);
	assert_string_equal(plan.item[0].id, "dev/getprop");
	assert_string_equal(plan.item[1].id, "dev/users");
	assert_string_equal(plan.item[2].id, "track/download");
	assert_ptr_equal(plan.item[2].scope, &m.scope[0]);
	assert_int_equal(plan.item[1].max_bytes, 4096);
	assert_int_equal(plan.nleft, 1);
	assert_string_equal(plan.left[0]->id, "pics");
}

static void the_cap_only_lowers(void **state)
{
	struct kt_mandate m = mandate(2, "pics", "track");
	struct kt_err err;

	(void)state;
	m.scope[0].max_object_bytes = 65536;
	m.scope[1].max_object_bytes = 65536;
	assert_int_equal(make(&m, &err), 0);
	assert_int_equal(plan.item[0].max_bytes, 65536);
	assert_int_equal(plan.item[1].max_bytes, 1000);
	assert_int_equal(plan.item[2].max_bytes, 1 << 30); /* whole files are not cut */
}

static void refuses(void **state)
{
	struct kt_mandate m = mandate(2, "dev", "mail");
	struct kt_want twice[] = {wants[0], wants[0]}, odd = {"dev", 9999, KT_TAKE_OUTPUT, "", 1};
	struct kt_err err;

	(void)state;
	assert_int_equal(make(&m, &err), KT_E_REFUSED);
	assert_non_null(strstr(kt_err_text(&err), "unknown-source: "));
	m = mandate(1, "dev");
	assert_int_equal(
		kt_plan_make(&m, KT_FORM_PHONE, plugins, COUNT(plugins), NULL, 0, &plan, &err),
		KT_E_REFUSED);
	assert_non_null(strstr(kt_err_text(&err), "nothing-to-take: "));
	assert_int_equal(
		kt_plan_make(&m, KT_FORM_PHONE, plugins, COUNT(plugins), twice, 2, &plan, &err),
		KT_E_INTERNAL);
	assert_int_equal(
		kt_plan_make(&m, KT_FORM_PHONE, plugins, COUNT(plugins), &odd, 1, &plan, &err),
		KT_E_INTERNAL);
	m.device_kind = "ios";
	assert_int_equal(make(&m, &err), KT_E_REFUSED);
	assert_non_null(strstr(kt_err_text(&err), "nothing-to-take: "));
}

/* -- forms ------------------------------------------------------------------------------------ */

/* One plugin that wants a request of each kind; what becomes of each want is a row below. */
static const struct kt_plugin_info all_kinds[] = {
	{"all", 1, "All kinds", "tried", "nothing", 64, 10, 20},
};
static const struct kt_want all_wants[] = {
	{"all", KT_REQ_GETPROP, KT_TAKE_OUTPUT, "", 1},
	{"all", KT_REQ_DOWNLOAD, KT_TAKE_WHOLE, "*.json", 1},
	{"all", KT_REQ_WIFI_STORE, KT_TAKE_WHOLE, "", 1},
	{"all", KT_REQ_IOS_DCIM, KT_TAKE_RANGES, "*.heic", 1},
	{"all", KT_REQ_PHOTOS_DB, KT_TAKE_GROUP, "", 1},
	{"all", KT_REQ_CALL_HISTORY, KT_TAKE_GROUP, "", 1},
	{"all", KT_REQ_ROUTINED_LOCAL, KT_TAKE_GROUP, "", 1},
	{"all", KT_REQ_LOCKDOWN, KT_TAKE_OUTPUT, "", 1},
	{"all", KT_REQ_BACKUP_INFO, KT_TAKE_OUTPUT, "", 1},
	{"all", KT_REQ_HANDED, KT_TAKE_WHOLE, "*.json", 1},
};

#define TAKEN  NULL
#define KIND   "other-kind-of-phone"
#define IMAGE  "image-only"
#define PHONE  "phone-only"
#define HANDED "handed-over-only"
#define FORM   "not-in-this-form"

static const struct {
	const char *kind;
	unsigned form;
	const char *reason[COUNT(all_wants)];
} reach[] = {
	{"android",
	 KT_FORM_PHONE,
	 {TAKEN, TAKEN, IMAGE, KIND, KIND, KIND, KIND, KIND, KIND, HANDED}},
	{"android",
	 KT_FORM_IMAGE,
	 {PHONE, TAKEN, TAKEN, KIND, KIND, KIND, KIND, KIND, KIND, HANDED}},
	{"android",
	 KT_FORM_CARRIER,
	 {PHONE, TAKEN, IMAGE, KIND, KIND, KIND, KIND, KIND, KIND, HANDED}},
	{"android", KT_FORM_FILE, {PHONE, FORM, IMAGE, KIND, KIND, KIND, KIND, KIND, KIND, TAKEN}},
	{"ios",
	 KT_FORM_PHONE,
	 {KIND, KIND, KIND, TAKEN, TAKEN, TAKEN, IMAGE, TAKEN, TAKEN, HANDED}},
	{"ios",
	 KT_FORM_BACKUP,
	 {KIND, KIND, KIND, TAKEN, TAKEN, TAKEN, IMAGE, PHONE, TAKEN, HANDED}},
	{"ios", KT_FORM_IMAGE, {KIND, KIND, KIND, TAKEN, TAKEN, TAKEN, TAKEN, PHONE, FORM, HANDED}},
	{"ios", KT_FORM_FILE, {KIND, KIND, KIND, FORM, FORM, FORM, IMAGE, PHONE, FORM, TAKEN}},
};

static void the_form_decides_what_can_be_there(void **state)
{
	struct kt_mandate m = mandate(1, "all");
	struct kt_err err = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(reach); i++) {
		size_t item = 0, out = 0;

		m.device_kind = reach[i].kind;
		m.device_forms = reach[i].form;
		assert_int_equal(kt_plan_make(&m, reach[i].form, all_kinds, 1, all_wants,
					      COUNT(all_wants), &plan, &err),
				 0);
		assert_int_equal(plan.form, reach[i].form);
		assert_int_equal(plan.n + plan.nunreachable, COUNT(all_wants));
		/* each want is in exactly one of the two lists, in the order of the table */
		for (size_t k = 0; k < COUNT(all_wants); k++) {
			if (reach[i].reason[k] == TAKEN) {
				assert_ptr_equal(plan.item[item++].want, &all_wants[k]);
				continue;
			}
			assert_ptr_equal(plan.unreachable[out].want, &all_wants[k]);
			assert_ptr_equal(plan.unreachable[out].plugin, &all_kinds[0]);
			assert_string_equal(plan.unreachable[out++].reason, reach[i].reason[k]);
		}
	}
}

/* A mandate says which forms may be read; another one is refused by name, whatever it would hold. */
static void a_form_must_be_allowed(void **state)
{
	static const unsigned every[] = {KT_FORM_PHONE, KT_FORM_BACKUP, KT_FORM_IMAGE, KT_FORM_FILE,
					 KT_FORM_CARRIER};
	struct kt_mandate m = mandate(1, "pics");
	struct kt_err err;

	(void)state;
	for (size_t i = 0; i < COUNT(every); i++) {
		char text[64];

		m.device_forms = 31u & ~every[i];
		assert_int_equal(make_form(&m, every[i], &err), KT_E_REFUSED);
		snprintf(text, sizeof(text),
			 "form-not-allowed: the mandate does not allow the form %s",
			 kt_form_name(every[i]));
		assert_ptr_equal(strstr(kt_err_text(&err), text), kt_err_text(&err));
		assert_int_equal(plan.n, 0);
	}
	/* allowed, but there is nothing to take in it */
	m.device_forms = KT_FORM_FILE | KT_FORM_CARRIER;
	assert_int_equal(make_form(&m, KT_FORM_FILE, &err), KT_E_REFUSED);
	assert_non_null(strstr(kt_err_text(&err), "nothing-to-take: "));
	assert_non_null(strstr(kt_err_text(&err), "from a file of kind android"));
	assert_int_equal(make_form(&m, KT_FORM_CARRIER, &err), 0);
	/* no form of ours, and two at once */
	m.device_forms = 0xff;
	assert_int_equal(make_form(&m, 0, &err), KT_E_REFUSED);
	assert_int_equal(make_form(&m, 32, &err), KT_E_REFUSED);
}

static void takes_have_names(void **state)
{
	(void)state;
	assert_string_equal(kt_take_name(KT_TAKE_OUTPUT), "output");
	assert_string_equal(kt_take_name(KT_TAKE_WHOLE), "whole");
	assert_string_equal(kt_take_name(KT_TAKE_RANGES), "ranges");
	assert_string_equal(kt_take_name(KT_TAKE_GROUP), "group");
	assert_string_equal(kt_take_name((enum kt_take)0), "");
	assert_string_equal(kt_take_name((enum kt_take)5), "");
}

/* Every object has its keys in ascending order; depth is that of our own JSON. */
static void assert_sorted(const struct kt_jv *v)
{
	for (const struct kt_jv *c = v->child; c != NULL; c = c->next) {
		if (v->type == KT_JV_OBJ && c->next != NULL)
			assert_true(strcmp(c->key, c->next->key) < 0);
		assert_sorted(c);
	}
}

static void prints_itself(void **state)
{
	struct kt_mandate m = mandate(1, "pics");
	const struct kt_jv *root, *item;
	struct kt_jdoc *doc;
	struct kt_buf a, b;
	struct kt_err err;
	struct kt_jw w;

	(void)state;
	m.scope[0].justification = "hidden \xe2\x80\xae sign";
	assert_int_equal(make(&m, &err), 0);
	kt_buf_init(&a, 0);
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &a);
	kt_plan_json(&plan, &m, &w);
	kt_jw_init(&w, &b);
	kt_plan_json(&plan, &m, &w);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.p, b.p, a.len);
	assert_int_equal(kt_jdoc_parse(a.p, a.len, &doc, &err), 0);
	root = kt_jdoc_root(doc);
	assert_sorted(root);
	assert_string_equal(kt_jv_str(root, "format"), "keten-plan-1");
	assert_int_equal(kt_jv_get(root, "items")->count, 2);
	assert_int_equal(kt_jv_get(root, "left_out")->count, 2);
	assert_string_equal(kt_jv_str(root, "form"), "phone");
	assert_int_equal(kt_jv_get(root, "unreachable")->count, 0);
	item = kt_jv_get(root, "items")->child;
	assert_string_equal(kt_jv_str(item, "take"), "ranges");
	assert_string_equal(kt_jv_str(kt_jv_get(item, "request"), "text"), "/sdcard/DCIM");
	item = kt_jv_get(item, "scope");
	assert_string_equal(kt_jv_str(item, "to"), "1970-01-01T00:00:01Z");
	assert_string_equal(kt_jv_str(item, "justification"), "hidden \\u{202e} sign");
	assert_string_equal(kt_jv_get(item, "fields")->child->next->str, "device");
	kt_jdoc_free(&doc);
	kt_buf_free(&a);
	kt_buf_free(&b);
}

/* What can't be there is printed too, with its reason: it is part of what a person agrees to. */
static void prints_what_is_out_of_reach(void **state)
{
	struct kt_mandate m = mandate(1, "all");
	const struct kt_jv *root, *row;
	struct kt_jdoc *doc;
	struct kt_buf b;
	struct kt_err err = {0};
	struct kt_jw w;

	(void)state;
	m.device_kind = "ios";
	m.device_forms = KT_FORM_BACKUP;
	assert_int_equal(kt_plan_make(&m, KT_FORM_BACKUP, all_kinds, 1, all_wants, COUNT(all_wants),
				      &plan, &err),
			 0);
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_plan_json(&plan, &m, &w);
	assert_int_equal(kt_jdoc_parse(b.p, b.len, &doc, &err), 0);
	root = kt_jdoc_root(doc);
	assert_sorted(root);
	assert_string_equal(kt_jv_str(root, "form"), "backup");
	assert_int_equal(kt_jv_get(root, "items")->count, 4);
	row = kt_jv_get(root, "items")->child->next;
	assert_string_equal(kt_jv_str(row, "take"), "group");
	assert_string_equal(kt_jv_str(kt_jv_get(row, "request"), "domain"), "CameraRollDomain");
	assert_string_equal(kt_jv_str(kt_jv_get(row, "request"), "kind"), "file");
	assert_int_equal(kt_jv_get(root, "unreachable")->count, 6);
	row = kt_jv_get(root, "unreachable")->child->next->next->next;
	assert_string_equal(kt_jv_str(row, "plugin"), "all");
	assert_string_equal(kt_jv_str(row, "reason"), "image-only");
	assert_string_equal(kt_jv_str(row, "request"), "routined-local");
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(globs),
		cmocka_unit_test(takes_the_intersection),
		cmocka_unit_test(the_cap_only_lowers),
		cmocka_unit_test(refuses),
		cmocka_unit_test(the_form_decides_what_can_be_there),
		cmocka_unit_test(a_form_must_be_allowed),
		cmocka_unit_test(takes_have_names),
		cmocka_unit_test(prints_itself),
		cmocka_unit_test(prints_what_is_out_of_reach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
