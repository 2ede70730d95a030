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

static int make(const struct kt_mandate *m, struct kt_err *err)
{
	kt_err_clear(err);
	return kt_plan_make(m, plugins, COUNT(plugins), wants, COUNT(wants), &plan, err);
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
	assert_int_equal(kt_plan_make(&m, plugins, COUNT(plugins), NULL, 0, &plan, &err),
			 KT_E_REFUSED);
	assert_non_null(strstr(kt_err_text(&err), "nothing-to-take: "));
	assert_int_equal(kt_plan_make(&m, plugins, COUNT(plugins), twice, 2, &plan, &err),
			 KT_E_INTERNAL);
	assert_int_equal(kt_plan_make(&m, plugins, COUNT(plugins), &odd, 1, &plan, &err),
			 KT_E_INTERNAL);
	m.device_kind = "ios";
	assert_int_equal(make(&m, &err), KT_E_REFUSED);
	assert_non_null(strstr(kt_err_text(&err), "nothing-to-take: "));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(globs),
		cmocka_unit_test(takes_the_intersection),
		cmocka_unit_test(the_cap_only_lowers),
		cmocka_unit_test(refuses),
		cmocka_unit_test(prints_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
