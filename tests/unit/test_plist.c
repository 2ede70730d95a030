/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Property lists that are good, written by libplist and by hand. libplist is the second opinion here;
 * no program of ours reads evidence with it. The hostile ones: test_plist_hostile.c.
 */
#include "core/err.h"
#include "parsers/sdk/ctx.h"
#include "parsers/sdk/plist.h"
#include "tests/unit/plist_make.h"

#include <plist/plist.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct kt_plist *must(const void *p, size_t n)
{
	struct kt_plist *pl;

	assert_int_equal(parse(p, n, &pl), 0);
	return pl;
}

/* -- good lists ------------------------------------------------------------------------------- */

static uint64_t next(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static const char *const words[] = {"a",
				    "Zone",
				    "\xc3\xa9t\xc3\xa9",
				    "\xe6\x97\xa5\xe6\x9c\xac",
				    "\xf0\x9f\x98\x80 x",
				    "<&>\"'",
				    " two words ",
				    "x.y/z[0]"};

/* Some list, made by libplist; doubles with few digits, so that its XML loses none. */
static plist_t some_list(uint64_t *s, unsigned depth)
{
	unsigned n = (unsigned)(next(s) % 8);
	const char *w = words[next(s) % 8];
	plist_t c;

	switch (next(s) % (depth < 5 ? 8 : 6)) {
	case 0:
		return plist_new_bool((uint8_t)(next(s) % 2));
	case 1:
		return plist_new_uint(next(s) >> (1 + next(s) % 63));
	case 2:
		return plist_new_real((double)(int64_t)(next(s) >> 44) / 64 - 4096);
	case 3:
		return plist_new_date((int32_t)(next(s) % 1000000000), 0);
	case 4:
		return plist_new_data(w, strlen(w));
	case 5:
		return plist_new_string(w);
	case 6:
		c = plist_new_array();
		while (n-- > 0)
			plist_array_append_item(c, some_list(s, depth + 1));
		return c;
	default:
		c = plist_new_dict();
		for (unsigned i = 0; i < n; i++)
			plist_dict_set_item(c, words[i], some_list(s, depth + 1));
		return c;
	}
}

/* The same in both; a test's recursion on a test's own list. */
static void same(struct kt_pl n, plist_t p)
{
	struct kt_pl_iter it;
	struct kt_pl v;
	struct kt_str s;
	const uint8_t *bytes;
	uint64_t len, u;
	int64_t i, t;
	int32_t sec, usec;
	uint8_t flag;
	double d;
	size_t k;
	bool b;

	switch (plist_get_node_type(p)) {
	case PLIST_BOOLEAN:
		plist_get_bool_val(p, &flag);
		assert_true(kt_pl_type(n) == KT_PL_BOOL && kt_pl_bool(n, &b) && b == (flag != 0));
		assert_false(kt_pl_int(n, &i));
		break;
	case PLIST_UINT:
		plist_get_uint_val(p, &u);
		assert_true(kt_pl_type(n) == KT_PL_INT && kt_pl_int(n, &i) && i == (int64_t)u);
		assert_false(kt_pl_bool(n, &b));
		break;
	case PLIST_REAL:
		plist_get_real_val(p, &d);
		assert_true(kt_pl_type(n) == KT_PL_REAL && kt_pl_scaled(n, 9, &i));
		assert_true(i == (int64_t)(d * 64) * 15625000);
		break;
	case PLIST_DATE:
		plist_get_date_val(p, &sec, &usec);
		assert_true(kt_pl_type(n) == KT_PL_DATE && kt_pl_date(n, &t));
		assert_true(t == ((int64_t)sec + 978307200) * KT_US_PER_S);
		break;
	case PLIST_DATA:
		assert_true(kt_pl_data(n, &bytes, &k));
		assert_int_equal(plist_data_val_compare(p, bytes, k), 0);
		assert_false(kt_pl_text(n, &s));
		break;
	case PLIST_STRING:
		assert_true(kt_pl_text(n, &s));
		assert_true(kt_str_is(s, plist_get_string_ptr(p, &len)));
		break;
	case PLIST_ARRAY:
		assert_int_equal(kt_pl_type(n), KT_PL_ARRAY);
		assert_int_equal(kt_pl_count(n), plist_array_get_size(p));
		for (uint32_t j = 0; j < kt_pl_count(n); j++)
			same(kt_pl_at(n, j), plist_array_get_item(p, j));
		assert_null(kt_pl_at(n, kt_pl_count(n)).node);
		break;
	default:
		assert_int_equal(kt_pl_type(n), KT_PL_DICT);
		assert_int_equal(kt_pl_count(n), plist_dict_get_size(p));
		kt_pl_iter_init(&it, n);
		for (k = 0; kt_pl_iter_next(&it, &s, &v); k++) {
			assert_true(kt_str_is(s, words[k])); /* in the order of the file */
			same(v, plist_dict_get_item(p, words[k]));
			assert_ptr_equal(kt_pl_get(n, words[k]).node, v.node);
		}
		kt_pl_iter_end(&it);
		assert_false(kt_pl_iter_next(&it, &s, &v));
	}
}

static void as_libplist_wrote_it(void **state)
{
	uint64_t seed = 4711;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		plist_t p = plist_new_array();
		char *text = NULL;
		uint32_t n;
		struct kt_plist *pl;

		for (int k = 0; k < 5; k++)
			plist_array_append_item(p, some_list(&seed, 0));
		plist_to_bin(p, &text, &n);
		pl = must(text, n);
		same(kt_plist_root(pl), p);
		kt_plist_free(&pl);
		free(text);
		plist_to_xml(p, &text, &n);
		pl = must(text, n);
		same(kt_plist_root(pl), p);
		kt_plist_free(&pl);
		free(text);
		plist_free(p);
	}
}

static struct kt_ctx ctx;

static int new_ctx(void **state)
{
	struct kt_ctx_ops ops = {0};

	(void)state;
	kt_ctx_init(&ctx, &ops, 0);
	return 0;
}

static int free_ctx(void **state)
{
	(void)state;
	kt_ctx_free(&ctx);
	return 0;
}

static void raw_is(struct kt_pl n, const char *want)
{
	struct kt_str s = kt_pl_raw(&ctx, n);

	if (!kt_str_is(s, want))
		fail_msg("%.*s instead of %s", (int)s.len, s.p, want);
}

/* Every kind of object in its binary form, as the comment in CFBinaryPList.c lists them. */
static void binary_forms(void **state)
{
	static struct bin b;
	struct kt_plist *pl;
	struct kt_pl root;
	struct kt_str s;
	int64_t v;
	bool flag;
	struct kt_pl n;

	(void)state;
	start(&b);
	OBJECT(&b, 0xaf, 0x10, 21, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
	       19, 20, 21);
	OBJECT(&b, 0x00);						  /* [0] null */
	OBJECT(&b, 0x08);						  /* [1] */
	OBJECT(&b, 0x09);						  /* [2] */
	OBJECT(&b, 0x10, 0xff);						  /* [3] */
	OBJECT(&b, 0x11, 0xff, 0xfe);					  /* [4] */
	OBJECT(&b, 0x12, 0xff, 0xff, 0xff, 0xfd);			  /* [5] */
	OBJECT(&b, 0x13, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc); /* [6] */
	OBJECT(&b, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
	OBJECT(&b, 0x14, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	       0xff, 0xff, 0xff, 0xfb);					  /* [8] */
	OBJECT(&b, 0x22, 0xc0, 0x20, 0, 0);				  /* [9] -2.5 */
	OBJECT(&b, 0x23, 0x40, 0x4a, 0x2f, 0x62, 0xb6, 0xae, 0x7d, 0x56); /* [10] 52.3702 */
	OBJECT(&b, 0x33, 0x41, 0xc4, 0xdc, 0x93, 0x80, 0, 0, 0);	  /* [11] 700000000 */
	OBJECT(&b, 0x33, 0xc1, 0xae, 0x91, 0xc8, 0, 0, 0, 0);		  /* [12] */
	OBJECT(&b, 0x43, 0x00, 0xff, 0x10);				  /* [13] */
	OBJECT(&b, 0x52, 'h', 'i');					  /* [14] */
	OBJECT(&b, 0x64, 0x00, 0xe9, 0xd8, 0x3d, 0xde, 0x00, 0xd8,
	       0x3d);				  /* [15] half a pair last */
	OBJECT(&b, 0x81, 0x01, 0x02);		  /* [16] */
	OBJECT(&b, 0xa0);			  /* [17] */
	OBJECT(&b, 0xd2, 15, 15, 4, 5);		  /* [18] the same key twice */
	OBJECT(&b, 0x5f, 0x11, 0x00, 0x01, 'x');  /* [19] a length of two bytes */
	OBJECT(&b, 0x62, 0xd8, 0x3d, 0xe0, 0x00); /* [20] half a pair first */
	finish(&b, 1, 0);
	pl = must(b.p, b.n);
	root = kt_plist_root(pl);
	assert_int_equal(kt_pl_count(root), 21);
	assert_int_equal(kt_pl_type(kt_pl_at(root, 0)), KT_PL_NONE);
	assert_true(kt_pl_bool(kt_pl_at(root, 1), &flag) && !flag);
	assert_true(kt_pl_bool(kt_pl_at(root, 2), &flag) && flag);
	assert_true(kt_pl_int(kt_pl_at(root, 3), &v) && v == 255);
	assert_true(kt_pl_int(kt_pl_at(root, 4), &v) && v == 65534);
	assert_true(kt_pl_int(kt_pl_at(root, 5), &v) && v == 4294967293);
	assert_true(kt_pl_int(kt_pl_at(root, 6), &v) && v == -4);
	assert_false(kt_pl_int(kt_pl_at(root, 7), &v));
	assert_false(kt_pl_scaled(kt_pl_at(root, 7), 0, &v));
	raw_is(kt_pl_at(root, 7), "0000000000000000ffffffffffffffff");
	assert_true(kt_pl_int(kt_pl_at(root, 8), &v) && v == -5);
	raw_is(kt_pl_at(root, 8), "-5");
	assert_true(kt_pl_scaled(kt_pl_at(root, 9), 3, &v) && v == -2500);
	raw_is(kt_pl_at(root, 9), "-2.5");
	assert_true(kt_pl_scaled(kt_pl_at(root, 10), 7, &v) && v == 523702000);
	raw_is(kt_pl_at(root, 10), "52.3702");
	assert_true(kt_pl_date(kt_pl_at(root, 11), &v) && v == INT64_C(1678307200000000));
	raw_is(kt_pl_at(root, 11), "2023-03-08T20:26:40Z");
	raw_is(kt_pl_at(root, 12), "1992-11-16T00:00:00Z");
	raw_is(kt_pl_at(root, 13), "00ff10");
	assert_true(kt_pl_text(kt_pl_at(root, 14), &s) && kt_str_is(s, "hi"));
	assert_true(kt_pl_text(kt_pl_at(root, 15), &s));
	assert_true(kt_str_is(s, "\xc3\xa9\xf0\x9f\x98\x80\xed\xa0\xbd"));
	assert_int_equal(kt_pl_type(kt_pl_at(root, 16)), KT_PL_UID);
	raw_is(kt_pl_at(root, 16), "258");
	assert_int_equal(kt_pl_type(kt_pl_at(root, 17)), KT_PL_ARRAY);
	assert_int_equal(kt_pl_count(kt_pl_at(root, 17)), 0);
	n = kt_pl_at(root, 18);
	assert_int_equal(kt_pl_count(n), 2);
	assert_true(kt_pl_int(kt_pl_get(n, "hi"), &v) && v == 255); /* the first; both are there */
	assert_true(kt_pl_text(kt_pl_at(root, 19), &s) && kt_str_is(s, "x"));
	/* nothing is there where nothing is */
	assert_true(kt_pl_text(kt_pl_at(root, 20), &s) && kt_str_is(s, "\xed\xa0\xbd\xee\x80\x80"));
	assert_null(kt_pl_at(root, 21).node);
	assert_null(kt_pl_get(root, "hi").node);
	assert_null(kt_pl_path(n, "hi/x").node);
	assert_int_equal(kt_pl_count(kt_pl_at(root, 21)), 0);
	assert_false(kt_pl_scaled(kt_pl_at(root, 13), 0, &v) ||
		     kt_pl_scaled(kt_pl_at(root, 11), 0, &v));
	raw_is(n, "");
	raw_is(kt_pl_at(root, 21), "");
	kt_plist_free(&pl);
	kt_plist_free(&pl);
	assert_null(kt_plist_root(pl).node);
}

static void xml_forms(void **state)
{
	static const char doc[] =
		PL("<dict>\n\t<key>i</key><integer> -17 </integer>\n"
		   "<key>h</key><integer>0xFf</integer>\n"
		   "<key>min</key><integer>-9223372036854775808</integer>\n"
		   "<key>big</key><integer>18446744073709551615</integer>\n"
		   "<key>r</key><real>52.37021234567</real><key>n</key><real>nan</real>"
		   "<key>d</key><date>2024-05-06T07:08:09Z</date>"
		   "<key>l</key><date>2024-05-06T07:08:09</date>"
		   "<key>s</key><string> a &amp; <![CDATA[<b>]]> \n</string>"
		   "<key>e</key><string/><key/><true/><key>f</key><false></false>"
		   "<key>x</key><data>\n\tAP8Q\n\tAA==\n</data><key>x0</key><data/>"
		   "<key>sub</key><dict><key>CF$UID</key><integer>5</integer></dict>"
		   "<key>arr</key><array><dict/><array/><string>12.5</string></array>"
		   "</dict>");
	struct kt_plist *pl = must(doc, sizeof(doc) - 1);
	struct kt_pl root = kt_plist_root(pl), arr;
	const uint8_t *p;
	struct kt_str s;
	size_t len;
	int64_t v;
	bool b;

	(void)state;
	assert_true(kt_pl_int(kt_pl_get(root, "i"), &v) && v == -17);
	assert_true(kt_pl_scaled(kt_pl_get(root, "i"), 2, &v) && v == -1700);
	assert_true(kt_pl_int(kt_pl_get(root, "h"), &v) && v == 255);
	assert_true(kt_pl_int(kt_pl_get(root, "min"), &v) && v == INT64_MIN);
	assert_false(kt_pl_scaled(kt_pl_get(root, "min"), 1, &v));
	raw_is(kt_pl_get(root, "min"), "-9223372036854775808");
	assert_false(kt_pl_int(kt_pl_get(root, "big"), &v));
	assert_int_equal(kt_pl_type(kt_pl_get(root, "big")), KT_PL_INT);
	raw_is(kt_pl_get(root, "big"), "18446744073709551615");
	assert_true(kt_pl_scaled(kt_pl_get(root, "r"), 7, &v) && v == 523702123);
	raw_is(kt_pl_get(root, "r"), "52.37021234567");
	assert_false(kt_pl_scaled(kt_pl_get(root, "n"), 7, &v));
	assert_true(kt_pl_date(kt_pl_get(root, "d"), &v) && v == INT64_C(1714979289000000));
	raw_is(kt_pl_get(root, "d"), "2024-05-06T07:08:09Z");
	assert_false(kt_pl_date(kt_pl_get(root, "l"), &v));
	assert_true(kt_pl_text(kt_pl_get(root, "s"), &s) && kt_str_is(s, " a & <b> \n"));
	assert_true(kt_pl_text(kt_pl_get(root, "e"), &s) && s.len == 0);
	assert_true(kt_pl_bool(kt_pl_get(root, ""), &b) && b);
	assert_true(kt_pl_bool(kt_pl_get(root, "f"), &b) && !b);
	assert_true(kt_pl_data(kt_pl_get(root, "x"), &p, &len) && len == 4);
	assert_memory_equal(p, "\x00\xff\x10\x00", 4);
	assert_true(kt_pl_data(kt_pl_get(root, "x0"), &p, &len) && len == 0);
	assert_int_equal(kt_pl_type(kt_pl_get(root, "sub")), KT_PL_UID);
	arr = kt_pl_path(root, "arr");
	assert_int_equal(kt_pl_count(arr), 3);
	assert_true(kt_pl_scaled(kt_pl_at(arr, 2), 1, &v) && v == 125);
	assert_int_equal(kt_pl_count(kt_pl_at(arr, 0)), 0);
	kt_plist_free(&pl);
	/* without <plist>, and a scalar alone */
	pl = must("<dict><key>a</key><dict><key>b</key><true/></dict></dict>",
		  strlen("<dict><key>a</key><dict><key>b</key><true/></dict></dict>"));
	assert_true(kt_pl_bool(kt_pl_path(kt_plist_root(pl), "a/b"), &b) && b);
	kt_plist_free(&pl);
	pl = must("\xef\xbb\xbf  <string>x</string>", 23);
	assert_int_equal(kt_pl_type(kt_plist_root(pl)), KT_PL_TEXT);
	kt_plist_free(&pl);
}

/* -- archives and paths ----------------------------------------------------------------------- */

#define UID(n) "<dict><key>CF$UID</key><integer>" #n "</integer></dict>"

static void archives(void **state)
{
	static const char doc[] =
		PL("<dict><key>$archiver</key><string>NSKeyedArchiver</string>"
		   "<key>$objects</key><array><string>$null</string>"
		   "<dict><key>name</key>" UID(2) "<key>none</key>" UID(0) "<key>when</key>" UID(3) "<key>list</key>" UID(4) "<key>map</key>" UID(6) "<key>far</key>" UID(99) "<key>self</key>" UID(
			   1) "<key>number</key><integer>7</integer>"
			      "<key>data</key>" UID(9) "<key>hop</key>" UID(
				      10) "</dict>"		  /* 1 */
					  "<string>Park</string>" /* 2 */
					  "<dict><key>NS.time</key><real>700000000.25</real></dict>" /* 3 */
					  "<dict><key>NS.objects</key><array>" UID(2) UID(5) UID(
						  0) "</array></dict>" /* 4 */
						     "<dict><key>NS.string</key><string>wrapped</"
						     "string></dict>" /* 5 */
						     "<dict><key>NS.keys</key><array>" UID(7) UID(
							     5) "</array>"
								"<key>NS.objects</key><array>" UID(
									8)
									UID(3) "</array></dict>" /* 6 */
									       "<string>first</"
									       "string>" /* 7 */
									       "<real>5.5</real>" /* 8 */
									       "<dict><key>NS.data<"
									       "/key><data>AQI=</"
									       "data></dict>" /* 9 */
		   UID(2) /* 10 */
		   "</array><key>$top</key><dict><key>root</key>" UID(1) "<key>other</key>" UID(
			   4) "</dict></dict>");
	struct kt_plist *pl = must(doc, sizeof(doc) - 1);
	struct kt_pl a = kt_plist_root(pl), root = kt_archive_root(a, NULL), list, map;
	struct kt_str s;
	int64_t v;

	(void)state;
	assert_int_equal(kt_pl_type(root), KT_PL_DICT);
	assert_true(kt_pl_text(kt_archive_get(a, root, "name"), &s) && kt_str_is(s, "Park"));
	assert_null(kt_archive_get(a, root, "none").node);
	assert_null(kt_archive_get(a, root, "far").node);
	assert_null(kt_archive_get(a, root, "hop").node);
	assert_null(kt_archive_get(a, root, "nothing").node);
	assert_ptr_equal(kt_archive_get(a, root, "self").node, root.node);
	assert_true(kt_pl_int(kt_archive_get(a, root, "number"), &v) && v == 7);
	raw_is(kt_archive_get(a, root, "data"), "0102");
	assert_true(kt_archive_date(a, kt_archive_get(a, root, "when"), &v));
	assert_true(v == INT64_C(1678307200250000));
	list = kt_archive_get(a, root, "list");
	assert_int_equal(kt_archive_count(a, list), 3);
	assert_true(kt_pl_text(kt_archive_at(a, list, 0), &s) && kt_str_is(s, "Park"));
	assert_true(kt_pl_text(kt_archive_at(a, list, 1), &s) && kt_str_is(s, "wrapped"));
	assert_null(kt_archive_at(a, list, 2).node);
	assert_null(kt_archive_at(a, list, 3).node);
	assert_ptr_equal(kt_archive_root(a, "other").node, list.node);
	assert_null(kt_archive_root(a, "third").node);
	map = kt_archive_get(a, root, "map");
	assert_true(kt_pl_scaled(kt_archive_value(a, map, "first"), 1, &v) && v == 55);
	assert_true(kt_archive_date(a, kt_archive_value(a, map, "wrapped"), &v));
	assert_null(kt_archive_value(a, map, "second").node);
	assert_null(kt_archive_value(a, list, "first").node);
	assert_int_equal(kt_archive_count(a, kt_archive_get(a, root, "name")), 0);
	assert_false(kt_archive_date(a, root, &v));
	kt_plist_free(&pl);
}

static void path_is(const struct kt_keypath *k, const char *want)
{
	struct kt_locator l = kt_keypath_locator(k);

	assert_int_equal(l.kind, KT_LOC_KEY);
	if (!kt_str_is(l.path, want))
		fail_msg("%.*s instead of %s", (int)l.path.len, l.path.p, want);
}

static void key_paths(void **state)
{
	struct kt_keypath k;
	size_t a, b;

	(void)state;
	kt_keypath_init(&k);
	path_is(&k, "$");
	a = kt_keypath_key(&k, kt_str_c("List_of-1"));
	b = kt_keypath_index(&k, 4294967295);
	kt_keypath_key(&k, kt_str_c("wifi.ssid \"x\\"));
	path_is(&k, "$.List_of-1[4294967295][\"wifi.ssid \\\"x\\\\\"]");
	kt_keypath_cut(&k, b);
	kt_keypath_index(&k, 0);
	path_is(&k, "$.List_of-1[0]");
	kt_keypath_key(&k, kt_str_c(""));
	path_is(&k, "$.List_of-1[0][\"\"]");
	kt_keypath_cut(&k, a);
	path_is(&k, "$");
	for (int i = 0; i < 100; i++)
		kt_keypath_key(&k, kt_str_c("0123456789"));
	assert_int_equal(kt_keypath_locator(&k).path.len, KT_REC_STR_MAX);
	kt_keypath_cut(&k, 5000);
	assert_int_equal(k.len, KT_REC_STR_MAX);
	kt_keypath_cut(&k, 0);
	assert_int_equal(k.len, KT_REC_STR_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_libplist_wrote_it),
		cmocka_unit_test(binary_forms),
		cmocka_unit_test(xml_forms),
		cmocka_unit_test(archives),
		cmocka_unit_test(key_paths),
	};

	return cmocka_run_group_tests(tests, new_ctx, free_ctx);
}
