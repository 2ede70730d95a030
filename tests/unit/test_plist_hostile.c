/* SPDX-License-Identifier: EUPL-1.2 */
/* Property lists that are damaged, or made to hurt: each ends in a named code. */
#include "core/err.h"
#include "parsers/sdk/plist.h"
#include "tests/unit/plist_make.h"

#include <plist/plist.h>

static int code_of(const void *p, size_t n)
{
	struct kt_plist *pl;
	int r = parse(p, n, &pl);

	kt_plist_free(&pl);
	return r;
}

static int xml_code(const char *text)
{
	return code_of(text, strlen(text));
}

static void xml_refused(void **state)
{
	static const char *const t[] = {
		"",
		"{ a = b; }",
		"<plist></plist>",
		"<plist><dict><key>a</key></dict></plist>",
		"<plist><dict><string>a</string></dict></plist>",
		"<plist><dict><key>a</key><key>b</key></dict></plist>",
		"<plist><array><key>a</key></array></plist>",
		"<plist><key>a</key></plist>",
		"<plist><true/><true/></plist>",
		"<plist><dict>text</dict></plist>",
		"<plist><array>text<true/></array></plist>",
		"<plist><string>a<b/></string></plist>",
		"<plist><array><real>1</real><unknown/></array></plist>",
		"<plist><plist><true/></plist></plist>",
		"<plist><true>x</true></plist>",
		"<plist><data>AP8</data></plist>x",
		"<plist><data>A</data></plist>",
		"<plist><data>AA=A</data></plist>",
		"<plist><data>AAA==</data></plist>",
		"<plist><data>AA===</data></plist>",
		"<plist><data>A*AA</data></plist>",
		"<plist><string>a</string>",
		"<!DOCTYPE plist [<!ENTITY a 'b'>]><plist><string>&a;</string></plist>",
		"<!DOCTYPE plist SYSTEM 'x'><plist><string>&a;</string></plist>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (xml_code(t[i]) != KT_E_FORMAT)
			fail_msg("%s gives %d", t[i], xml_code(t[i]));
	/* padding may be missing, as libplist and others leave it */
	assert_int_equal(xml_code("<plist><data>AP8</data></plist>"), 0);
}

static char *nested(unsigned levels, const char *open, const char *inside, const char *close)
{
	size_t o = strlen(open), c = strlen(close), i = strlen(inside);
	char *s = malloc(levels * (o + c) + i + 1), *at = s;

	for (unsigned k = 0; k < levels; k++, at += o)
		memcpy(at, open, o);
	memcpy(at, inside, i);
	at += i;
	for (unsigned k = 0; k < levels; k++, at += c)
		memcpy(at, close, c);
	*at = '\0';
	return s;
}

static void depth(void **state)
{
	static struct bin b;

	(void)state;
	for (unsigned levels = KT_PLIST_MAX_DEPTH; levels <= KT_PLIST_MAX_DEPTH + 1; levels++) {
		int want = levels == KT_PLIST_MAX_DEPTH ? 0 : KT_E_LIMIT;
		char *s = nested(levels, "<array>", "<true/>", "</array>"), *in_plist;

		assert_int_equal(xml_code(s), want);
		in_plist = nested(1, "<plist>", s, "</plist>");
		assert_int_equal(xml_code(in_plist), want);
		free(in_plist);
		free(s);
		s = nested(levels, "<dict><key>a</key>", "<true/>", "</dict>");
		assert_int_equal(xml_code(s), want);
		free(s);
		start(&b);
		for (unsigned i = 0; i < levels; i++)
			OBJECT(&b, 0xa1, (uint8_t)(i + 1));
		OBJECT(&b, 0x09);
		finish(&b, 1, 0);
		assert_int_equal(code_of(b.p, b.n), want);
	}
	/* a way that is too long, found behind one that is not: 0 -> 64 directly, then 0 -> 1 -> 2 ... */
	start(&b);
	OBJECT(&b, 0xa2, 40, 1);
	for (unsigned i = 1; i < 70; i++)
		OBJECT(&b, 0xa1, (uint8_t)(i + 1));
	OBJECT(&b, 0x09);
	finish(&b, 1, 0);
	assert_int_equal(code_of(b.p, b.n), KT_E_LIMIT);
	/* the long way leads through what was read before, on a short one: 0 -> 1 ..., 0 -> x -> 1 ... */
	for (unsigned chain = 62; chain <= 63; chain++) {
		start(&b);
		OBJECT(&b, 0xa2, 1, (uint8_t)(chain + 2));
		for (unsigned i = 1; i <= chain; i++)
			OBJECT(&b, 0xa1, (uint8_t)(i + 1));
		OBJECT(&b, 0x09);
		OBJECT(&b, 0xa1, 1);
		finish(&b, 1, 0);
		assert_int_equal(code_of(b.p, b.n), chain == 62 ? 0 : KT_E_LIMIT);
	}
}

static void cycles(void **state)
{
	static struct bin b;

	(void)state;
	start(&b);
	OBJECT(&b, 0xa1, 0);
	finish(&b, 1, 0);
	assert_int_equal(code_of(b.p, b.n), KT_E_FORMAT);
	start(&b);
	OBJECT(&b, 0xa3, 1, 1, 2);
	OBJECT(&b, 0x09);
	OBJECT(&b, 0xd1, 1, 3);
	OBJECT(&b, 0xa1, 2);
	finish(&b, 1, 0);
	assert_int_equal(code_of(b.p, b.n), KT_E_FORMAT);
	/* a dictionary that is its own key */
	start(&b);
	OBJECT(&b, 0xd1, 0, 1);
	OBJECT(&b, 0x09);
	finish(&b, 1, 0);
	assert_int_equal(code_of(b.p, b.n), KT_E_FORMAT);
	/* objects in one another that nobody reaches are no matter */
	start(&b);
	OBJECT(&b, 0x09);
	OBJECT(&b, 0xa1, 2);
	OBJECT(&b, 0xa1, 1);
	finish(&b, 1, 0);
	assert_int_equal(code_of(b.p, b.n), 0);
}

/* Each level names the next one twice: 2^levels nodes from a few bytes. */
static void unfolding(void **state)
{
	static struct bin b;

	(void)state;
	for (unsigned levels = 1; levels <= 63; levels++) {
		start(&b);
		for (unsigned i = 0; i < levels; i++)
			OBJECT(&b, 0xa2, (uint8_t)(i + 1), (uint8_t)(i + 1));
		OBJECT(&b, 0x51, 'x');
		finish(&b, 1, 0);
		/* 2^(levels+1) - 1 nodes, the limit is 4 million */
		assert_int_equal(code_of(b.p, b.n), levels <= 20 ? 0 : KT_E_LIMIT);
	}
	/* one wide one, named widely: 200 * 200 * 200 and 200 * 200 */
	for (unsigned levels = 2; levels <= 3; levels++) {
		start(&b);
		for (unsigned i = 0; i < levels; i++) {
			uint8_t wide[203] = {0xaf, 0x10, 200};

			memset(wide + 3, (int)(i + 1), 200);
			object(&b, wide, sizeof(wide));
		}
		OBJECT(&b, 0x51, 'x');
		finish(&b, 1, 0);
		assert_int_equal(code_of(b.p, b.n), levels == 2 ? 0 : KT_E_LIMIT);
	}
}

static void binary_refused(void **state)
{
	static const struct {
		uint8_t p[40];
		size_t n;
		int code;
	} t[] = {
		{{0x01}, 1, KT_E_FORMAT},
		{{0x0f}, 1, KT_E_FORMAT},
		{{0x15, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 10, KT_E_FORMAT},
		{{0x15, 1}, 40, KT_E_FORMAT},
		{{0x13, 1, 2, 3, 4, 5, 6, 7}, 8, KT_E_FORMAT},
		{{0x21, 1, 2}, 3, KT_E_FORMAT},
		{{0x23, 1, 2, 3, 4, 5, 6, 7}, 8, KT_E_FORMAT},
		{{0x32, 1, 2, 3, 4}, 5, KT_E_FORMAT},
		{{0x34, 1}, 2, KT_E_FORMAT},
		{{0x42, 1}, 2, KT_E_FORMAT},
		{{0x52, 'x'}, 2, KT_E_FORMAT},
		{{0x62, 0, 'x', 0}, 4, KT_E_FORMAT},
		{{0x5f}, 1, KT_E_FORMAT},
		{{0x5f, 0x09}, 2, KT_E_FORMAT},
		{{0x5f, 0x11, 0}, 3, KT_E_FORMAT},
		{{0x5f, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 'x'},
		 19,
		 KT_E_FORMAT},
		/* lengths whose double, or whose product with a size, wraps at 32 or 64 bits */
		{{0x6f, 0x12, 0x80, 0, 0, 0}, 6, KT_E_FORMAT},
		{{0x6f, 0x13, 0x80, 0, 0, 0, 0, 0, 0, 0}, 10, KT_E_FORMAT},
		{{0x4f, 0x13, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 10, KT_E_FORMAT},
		{{0xaf, 0x13, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 10, KT_E_FORMAT},
		{{0xaf, 0x12, 0xff, 0xff, 0xff, 0xff}, 6, KT_E_FORMAT},
		{{0xdf, 0x13, 0x80, 0, 0, 0, 0, 0, 0, 0, 0}, 11, KT_E_FORMAT},
		{{0xdf, 0x12, 0x80, 0, 0, 1, 0}, 7, KT_E_FORMAT},
		{{0xa1, 9}, 2, KT_E_FORMAT},
		{{0xa2, 0}, 2, KT_E_FORMAT},
		{{0xd1, 0}, 2, KT_E_FORMAT},
		{{0x70}, 1, KT_E_FORMAT},
		{{0x88, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 10, KT_E_FORMAT},
		{{0x87, 0x80, 2, 3, 4, 5, 6, 7, 8}, 9, KT_E_FORMAT},
		{{0x90}, 1, KT_E_FORMAT},
		{{0xb0}, 1, KT_E_FORMAT},
		{{0xc0}, 1, KT_E_FORMAT},
		{{0xe0}, 1, KT_E_FORMAT},
		{{0xf0}, 1, KT_E_FORMAT},
		{{0x87, 0x7f, 2, 3, 4, 5, 6, 7, 8}, 9, 0},
		{{0x40}, 1, 0},
		{{0x50}, 1, 0},
		{{0x60}, 1, 0},
		{{0xa0}, 1, 0},
		{{0xd0}, 1, 0},
	};
	static struct bin b;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		start(&b);
		object(&b, t[i].p, t[i].n);
		finish(&b, 1, 0);
		if (code_of(b.p, b.n) != t[i].code)
			fail_msg("row %zu gives %d", i, code_of(b.p, b.n));
	}
}

static void trailers(void **state)
{
	static const struct {
		size_t at; /* in the trailer */
		uint64_t v;
		unsigned size;
		int code;
	} t[] = {
		{6, 0, 1, KT_E_FORMAT},
		{6, 9, 1, KT_E_FORMAT},
		{6, 255, 1, KT_E_FORMAT},
		{6, 8, 1, KT_E_FORMAT},
		{7, 0, 1, KT_E_FORMAT},
		{7, 9, 1, KT_E_FORMAT},
		{8, 0, 8, KT_E_FORMAT},
		{8, 3, 8, KT_E_FORMAT},
		{8, UINT64_MAX, 8, KT_E_FORMAT},
		{8, UINT64_C(1) << 63, 8, KT_E_FORMAT},
		{8, (UINT64_C(1) << 32) + 2, 8, KT_E_FORMAT},
		{16, 2, 8, KT_E_FORMAT},
		{16, UINT64_MAX, 8, KT_E_FORMAT},
		{16, UINT64_C(1) << 32, 8, KT_E_FORMAT},
		{24, 0, 8, KT_E_FORMAT},
		{24, 8, 8, KT_E_FORMAT},
		{24, 12, 8, KT_E_FORMAT},
		{24, UINT64_MAX, 8, KT_E_FORMAT},
		{24, UINT64_C(1) << 32, 8, KT_E_FORMAT},
		{24, 1000, 8, KT_E_FORMAT},
		{16, 1, 8, 0},
		{8, 2, 8, 0},
		{0, UINT64_MAX, 5, 0}, /* not looked at */
	};
	static struct bin b;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		start(&b);
		OBJECT(&b, 0xa1, 1);
		OBJECT(&b, 0x09);
		finish(&b, 1, 0);
		b.n -= 32 - t[i].at;
		put_be(&b, t[i].v, t[i].size);
		b.n += 32 - t[i].at - t[i].size;
		if (code_of(b.p, b.n) != t[i].code)
			fail_msg("row %zu gives %d", i, code_of(b.p, b.n));
	}
	/* one step outside, where something lies that would pass for what is looked for */
	start(&b);
	OBJECT(&b, 0xa1, 1);
	OBJECT(&b, 0x09);
	finish(&b, 1, 2); /* the root is the object behind the last one */
	b.p[b.n - 31] = 10;
	assert_int_equal(code_of(b.p, b.n), KT_E_FORMAT);
	start(&b);
	OBJECT(&b, 0xa1, 1); /* refers to it */
	put_be(&b, 9, 1);
	finish(&b, 1, 0);
	b.p[b.n - 31] = 10;
	assert_int_equal(code_of(b.p, b.n), KT_E_FORMAT);
	start(&b);
	OBJECT(&b, 0x50);
	OBJECT(&b, 0xd1, 0); /* its second reference is in the table */
	finish(&b, 1, 1);
	assert_int_equal(code_of(b.p, b.n), KT_E_FORMAT);
	start(&b);
	OBJECT(&b, 0xa1, 1);
	OBJECT(&b, 0x09);
	put_be(&b, 8,
	       1); /* a table of one byte for two objects, the trailer begins with the other */
	put_be(&b, 0x0a0000, 3);
	put_be(&b, 0, 3);
	put_be(&b, 1, 1);
	put_be(&b, 1, 1);
	put_be(&b, 2, 8);
	put_be(&b, 0, 8);
	put_be(&b, 11, 8);
	assert_int_equal(code_of(b.p, b.n), KT_E_FORMAT);
	/* an offset that leads into the header, the table, out of the file */
	for (unsigned bad = 0; bad < 3; bad++) {
		start(&b);
		OBJECT(&b, 0xa1, 1);
		OBJECT(&b, 0x09);
		b.off[1] = bad == 0 ? 7 : bad == 1 ? b.n : 65535;
		finish(&b, 1, 0);
		assert_int_equal(code_of(b.p, b.n), KT_E_FORMAT);
	}
	/* more objects than we take, in a table that really is there */
	{
		size_t count = 4000001, n = 8 + 1 + count + 32;
		uint8_t *p = calloc(1, n);

		memcpy(p, "bplist00\x09", 9);
		memset(p + 9, 8, count);
		p[n - 26] = p[n - 25] = 1;
		for (unsigned i = 0; i < 8; i++)
			p[n - 24 + i] = (uint8_t)(count >> (56 - 8 * i));
		p[n - 1] = 9;
		assert_int_equal(code_of(p, n), KT_E_LIMIT);
		p[n - 17]--;
		assert_int_equal(code_of(p, n), 0);
		free(p);
	}
}

/* Every truncation and every changed byte of a small list of all kinds ends in a code, never worse. */
static void damaged_everywhere(void **state)
{
	static const char xml[] =
		PL("<dict><key>a</key><array><real>1.5</real><data>AP8Q</data>"
		   "<date>2024-05-06T07:08:09Z</date><string>&lt;x</string></array>"
		   "<key>CF$UID</key><integer>1</integer></dict>");
	plist_t p = NULL;
	char *bin = NULL;
	uint32_t n;
	uint8_t *copy;
	unsigned good = 0;

	(void)state;
	plist_from_xml(xml, sizeof(xml) - 1, &p);
	plist_to_bin(p, &bin, &n);
	copy = malloc(n);
	assert_int_equal(code_of(bin, n), 0);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(code_of(bin, i), KT_E_FORMAT);
	for (size_t i = 0; i + 10 < sizeof(xml) - 1; i++)
		assert_int_equal(code_of(xml, i), KT_E_FORMAT);
	for (uint32_t i = 0; i < n; i++)
		for (unsigned v = 0; v < 256; v++) {
			memcpy(copy, bin, n);
			copy[i] = (uint8_t)v;
			good += code_of(copy, n) == 0;
		}
	assert_true(good > 0);
	free(copy);
	free(bin);
	plist_free(p);
}

static void too_large(void **state)
{
	uint8_t *p = calloc(1, KT_PLIST_MAX_BYTES + 1);
	struct kt_plist *pl;
	struct kt_err err = {0};

	(void)state;
	assert_int_equal(kt_plist_parse(p, KT_PLIST_MAX_BYTES + 1, &pl, &err), KT_E_LIMIT);
	assert_null(pl);
	assert_int_equal(kt_plist_parse(p, KT_PLIST_MAX_BYTES, &pl, &err), KT_E_FORMAT);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xml_refused),
		cmocka_unit_test(depth),
		cmocka_unit_test(cycles),
		cmocka_unit_test(unfolding),
		cmocka_unit_test(binary_refused),
		cmocka_unit_test(trailers),
		cmocka_unit_test(damaged_everywhere),
		cmocka_unit_test(too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
