/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/err.h"
#include "core/json.h"
#include "tests/unit/unescape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A source that gives at most step bytes at a time, and fails with fail_code after fail_at. */
struct source {
	const char *p;
	size_t n, at, step, fail_at;
	int fail_code;
};

static int give(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct source *s = arg;

	if (s->fail_code != 0 && s->at >= s->fail_at)
		return KT_FAIL(err, s->fail_code, "the source broke");
	if (n > s->step)
		n = s->step;
	if (n > s->n - s->at)
		n = s->n - s->at;
	memcpy(p, s->p + s->at, n);
	s->at += n;
	*got = n;
	return 0;
}

/* Reads to the end; the last return value, the number of tokens in *tokens. */
static int read_all(const char *p, size_t n, size_t step, size_t str_max, unsigned *tokens)
{
	struct source s = {.p = p, .n = n, .step = step};
	struct kt_json_src src = {give, &s, 0};
	struct kt_json *j = malloc(sizeof(*j));
	struct kt_err err = {0};
	int tok;

	*tokens = 0;
	kt_json_init(j, src, str_max);
	while ((tok = kt_json_next(j, &err)) > 0)
		++*tokens;
	if (tok < 0)
		assert_true(err.n > 0);
	kt_json_free(j);
	free(j);
	return tok;
}

static const char *const good[] = {
	"0",
	"-0",
	"1",
	"-1.5e+10",
	"1E5",
	"0.0001",
	"1e-7",
	"\"\"",
	"true",
	"false",
	"null",
	" [ ] ",
	"{}",
	"[[[]]]",
	"{\"a\":1,\"a\":2}",
	"[1,2,3]",
	"{\"a\":{\"b\":[true,null]}}",
	"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
	"\"\\u0000\"",
	"\"\\uD83D\\uDE00\"",
	"\"\\uD800\\uDC00\"",
	"\"\\udbff\\udfff\"",
	"\"\\uFFFE\"",
	"\"\x7f\"",
	"\"\xc2\x80\"",
	"\"\xdf\xbf\"",
	"\"\xe0\xa0\x80\"",
	"\"\xed\x9f\xbf\"",
	"\"\xee\x80\x80\"",
	"\"\xf0\x90\x80\x80\"",
	"\"\xf4\x8f\xbf\xbf\"",
	"\xef\xbb\xbf{\"a\":1}",
	"\t\r\n 1 \t\r\n",
	"[1\n,\t2\r]",
	"12345678901234567890123456789012345678901234567890",
};

static const char *const bad[] = {
	"",
	" ",
	"+1",
	"01",
	"-01",
	"-",
	"1.",
	".5",
	"1.e3",
	"1e",
	"1e+",
	"0x10",
	"1 2",
	"NaN",
	"Infinity",
	"-Infinity",
	"tru",
	"truee",
	"TRUE",
	"nul",
	"'a'",
	"\"",
	"\"a",
	"\"\\",
	"\"\\x41\"",
	"\"\\u12\"",
	"\"\\u123g\"",
	"\"\\uD800\"",
	"\"\\uD800\\n\"",
	"\"\\uD800\\u0041\"",
	"\"\\uDC00\"",
	"\"\\uD800\\uD800\"",
	"\"\x01\"",
	"\"\n\"",
	"\"\t\"",
	"\"\x80\"",
	"\"\xc0\x80\"",
	"\"\xc1\xbf\"",
	"\"\xc3\"",
	"\"\xc3(\"",
	"\"\xe0\x80\x80\"",
	"\"\xe0\x9f\xbf\"",
	"\"\xed\xa0\x80\"",
	"\"\xed\xbf\xbf\"",
	"\"\xf0\x80\x80\x80\"",
	"\"\xf0\x8f\xbf\xbf\"",
	"\"\xf4\x90\x80\x80\"",
	"\"\xf5\x80\x80\x80\"",
	"\"\xff\"",
	"[",
	"]",
	"[1",
	"[1,",
	"[1,]",
	"[,1]",
	"[1 2]",
	"[1}",
	"{",
	"}",
	"{\"a\"",
	"{\"a\":",
	"{\"a\":1",
	"{\"a\":1,",
	"{\"a\":1,}",
	"{\"a\" 1}",
	"{a:1}",
	"{1:1}",
	"{\"a\":1]",
	"{\"a\":1 \"b\":2}",
	"{,}",
	"[]]",
	"{}{}",
	"1,",
	"// c\n1",
	"/* c */1",
	"\xef\xbb",
	"\xef\xbb\xbf",
	"\xef\xbb\xbf\xef\xbb\xbf"
	"1",
	" \xef\xbb\xbf"
	"1",
	"\xfe\xff\x00"
	"1",
	"[1,\v2]",
	"\xc2\xa0"
	"1",
};

static void takes_what_the_standard_takes(void **state)
{
	static const size_t steps[] = {1, 2, 3, 7, 65536};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
			unsigned n;
			int r = read_all(good[i], strlen(good[i]), steps[s], 64, &n);

			if (r != 0)
				fail_msg("refused (%d), in steps of %zu: %s", r, steps[s], good[i]);
			assert_true(n > 0);
		}
}

static void refuses_the_rest(void **state)
{
	static const size_t steps[] = {1, 2, 65536};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
			unsigned n;
			int r = read_all(bad[i], strlen(bad[i]), steps[s], 64, &n);

			if (r != KT_E_FORMAT)
				fail_msg("taken (%d), in steps of %zu: %s", r, steps[s], bad[i]);
		}
}

static void refuses_every_truncation(void **state)
{
	static const char doc[] = "{\"k\\u00e9y\":[1.5e-3,true,null,\"\xc3\xa9\xf0\x9f\x98\x80\","
				  "{\"a\":\"\\ud83d\\ude00\"},false]}";
	unsigned n;

	(void)state;
	for (size_t i = 0; i < sizeof(doc) - 1; i++)
		assert_int_equal(read_all(doc, i, 5, 64, &n), KT_E_FORMAT);
	assert_int_equal(read_all(doc, sizeof(doc) - 1, 5, 64, &n), 0);
}

static void bounds_the_depth(void **state)
{
	char deep[2 * KT_JSON_DEPTH + 8];
	unsigned n;

	(void)state;
	memset(deep, '[', KT_JSON_DEPTH);
	memset(deep + KT_JSON_DEPTH, ']', KT_JSON_DEPTH);
	assert_int_equal(read_all(deep, 2 * KT_JSON_DEPTH, 3, 8, &n), 0);
	assert_int_equal(n, 2 * KT_JSON_DEPTH);
	memset(deep, '[', KT_JSON_DEPTH + 1);
	memset(deep + KT_JSON_DEPTH + 1, ']', KT_JSON_DEPTH + 1);
	assert_int_equal(read_all(deep, 2 * KT_JSON_DEPTH + 2, 3, 8, &n), KT_E_FORMAT);
}

/* Offsets count in the source, whatever the reader's buffer and the source's start. */
static void says_where_tokens_are(void **state)
{
	static const char doc[] = " {\"ab\" : [12, \"x\\n\"] , \"c\":null}";
	static const struct {
		int tok;
		const char *text;
	} want[] = {
		{KT_JSON_OBJ, "{"},	{KT_JSON_KEY, "\"ab\""},      {KT_JSON_ARR, "["},
		{KT_JSON_NUMBER, "12"}, {KT_JSON_STRING, "\"x\\n\""}, {KT_JSON_ARR_END, "]"},
		{KT_JSON_KEY, "\"c\""}, {KT_JSON_NULL, "null"},	      {KT_JSON_OBJ_END, "}"},
	};

	(void)state;
	for (size_t step = 1; step < 40; step++) {
		struct source s = {.p = doc, .n = sizeof(doc) - 1, .step = step};
		struct kt_json_src src = {give, &s, 1000};
		struct kt_json *j = malloc(sizeof(*j));

		kt_json_init(j, src, 100);
		for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
			assert_int_equal(kt_json_next(j, NULL), want[i].tok);
			assert_int_equal(j->tok_end - j->tok_off, strlen(want[i].text));
			assert_memory_equal(doc + (j->tok_off - 1000), want[i].text,
					    strlen(want[i].text));
		}
		assert_int_equal(kt_json_next(j, NULL), KT_JSON_END);
		kt_json_free(j);
		free(j);
	}
}

/* Tokens that lie across the edge of the 64 KiB buffer at every offset. */
static void crosses_its_buffer(void **state)
{
	static const char tail[] = "[\"\xf0\x9f\x98\x80 \\ud83d\\ude00\",-12.5e+3,false]";
	char *doc = malloc(KT_JSON_BUF + sizeof(tail) + 8);

	(void)state;
	for (size_t before = KT_JSON_BUF - sizeof(tail); before <= KT_JSON_BUF; before++) {
		struct source s = {.p = doc, .n = before + sizeof(tail) - 1, .step = SIZE_MAX};
		struct kt_json_src src = {give, &s, 0};
		struct kt_json *j = malloc(sizeof(*j));

		memset(doc, ' ', before);
		memcpy(doc + before, tail, sizeof(tail));
		kt_json_init(j, src, 100);
		assert_int_equal(kt_json_next(j, NULL), KT_JSON_ARR);
		assert_int_equal(kt_json_next(j, NULL), KT_JSON_STRING);
		assert_string_equal(j->str, "\xf0\x9f\x98\x80 \xf0\x9f\x98\x80");
		assert_int_equal(kt_json_next(j, NULL), KT_JSON_NUMBER);
		assert_string_equal(j->str, "-12.5e+3");
		assert_int_equal(kt_json_next(j, NULL), KT_JSON_FALSE);
		assert_int_equal(kt_json_next(j, NULL), KT_JSON_ARR_END);
		assert_int_equal(kt_json_next(j, NULL), KT_JSON_END);
		kt_json_free(j);
		free(j);
	}
	free(doc);
}

static void cut_text(const char *doc, size_t max, const char *want, bool cut)
{
	for (size_t step = 1; step < 12; step += 5) {
		struct source s = {.p = doc, .n = strlen(doc), .step = step};
		struct kt_json_src src = {give, &s, 0};
		struct kt_json *j = malloc(sizeof(*j));

		kt_json_init(j, src, max);
		assert_int_equal(kt_json_next(j, NULL), KT_JSON_ARR);
		assert_int_equal(kt_json_next(j, NULL), KT_JSON_STRING);
		assert_int_equal(j->str_cut, cut);
		assert_int_equal(j->str_len, strlen(want));
		assert_string_equal(j->str, want);
		/* and it goes on behind it */
		assert_int_equal(kt_json_next(j, NULL), KT_JSON_NUMBER);
		assert_string_equal(j->str, "7");
		assert_false(j->str_cut);
		kt_json_free(j);
		free(j);
	}
}

static void cuts_long_strings(void **state)
{
	(void)state;
	cut_text("[\"abcdefgh\",7]", 8, "abcdefgh", false);
	cut_text("[\"abcdefghi\",7]", 8, "abcdefgh", true);
	cut_text("[\"abcdefg\xc3\xa9\",7]", 8, "abcdefg", true);
	cut_text("[\"abcdef\xc3\xa9z\",7]", 8, "abcdef\xc3\xa9", true);
	cut_text("[\"abcdefg\\u00e9hhh\",7]", 8, "abcdefg", true);
}

/* A number longer than the longest string kept is still a number. */
static void numbers_have_their_own_limit(void **state)
{
	char n[80] = "";
	unsigned tokens;

	(void)state;
	memset(n, '9', 64);
	assert_int_equal(read_all(n, 64, 9, 4, &tokens), 0);
	memset(n, '9', 65);
	assert_int_equal(read_all(n, 65, 9, 4, &tokens), KT_E_FORMAT);
}

static void keeps_other_bytes_when_lenient(void **state)
{
	static const char doc[] = "[\"a\xff\xc3z\xe2\x82\",7]";
	struct source s = {.p = doc, .n = sizeof(doc) - 1, .step = 1};
	struct kt_json_src src = {give, &s, 0};
	struct kt_json *j = malloc(sizeof(*j));

	(void)state;
	kt_json_init(j, src, 64);
	j->lenient = true;
	assert_int_equal(kt_json_next(j, NULL), KT_JSON_ARR);
	assert_int_equal(kt_json_next(j, NULL), KT_JSON_STRING);
	assert_string_equal(j->str, "a\xff\xc3z\xe2\x82");
	assert_int_equal(kt_json_next(j, NULL), KT_JSON_NUMBER);
	kt_json_free(j);
	free(j);
}

static void passes_on_the_sources_code(void **state)
{
	static const char doc[] = "{\"key\":[12.5,\"text \\u00e9\",true]}";

	(void)state;
	for (size_t at = 0; at < sizeof(doc) - 1; at++) {
		struct source s = {.p = doc,
				   .n = sizeof(doc) - 1,
				   .step = 1,
				   .fail_at = at,
				   .fail_code = KT_E_DEVICE};
		struct kt_json_src src = {give, &s, 0};
		struct kt_json *j = malloc(sizeof(*j));
		int tok;

		kt_json_init(j, src, 64);
		while ((tok = kt_json_next(j, NULL)) > 0)
			;
		assert_int_equal(tok, KT_E_DEVICE);
		kt_json_free(j);
		free(j);
	}
}

static void skips_values(void **state)
{
	static const char doc[] = "{\"a\":{\"b\":[1,{\"c\":[]}]},\"d\":[1],\"e\":5}";
	struct source s = {.p = doc, .n = sizeof(doc) - 1, .step = 3};
	struct kt_json_src src = {give, &s, 0};
	struct kt_json *j = malloc(sizeof(*j));
	int tok;

	(void)state;
	kt_json_init(j, src, 64);
	assert_int_equal(kt_json_next(j, NULL), KT_JSON_OBJ);
	tok = kt_json_next(j, NULL);
	assert_int_equal(kt_json_skip(j, tok, NULL), 0);
	assert_int_equal(kt_json_next(j, NULL), KT_JSON_KEY);
	assert_string_equal(j->str, "d");
	tok = kt_json_next(j, NULL);
	assert_int_equal(kt_json_skip(j, tok, NULL), 0);
	assert_int_equal(kt_json_next(j, NULL), KT_JSON_KEY);
	assert_string_equal(j->str, "e");
	assert_int_equal(kt_json_skip(j, KT_JSON_KEY, NULL), 0);
	assert_int_equal(kt_json_next(j, NULL), KT_JSON_OBJ_END);
	kt_json_free(j);
	free(j);
}

static void reads_integers(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t v;
	} t[] = {
		{"0", true, 0},
		{"-0", true, 0},
		{"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN},
		{"9223372036854775808", false, 0},
		{"-9223372036854775809", false, 0},
		{"1.0", false, 0},
		{"1e2", false, 0},
		{"", false, 0},
		{"-", false, 0},
		{"99999999999999999999999", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int64_t v = 77;

		assert_int_equal(kt_json_int(t[i].text, strlen(t[i].text), &v), t[i].ok);
		assert_true(v == (t[i].ok ? t[i].v : 77));
	}
}

/* -- documents -------------------------------------------------------------------------------- */

static int doc_code(const char *text)
{
	struct kt_jdoc *d = NULL;
	struct kt_err err = {0};
	int r = kt_jdoc_parse(text, strlen(text), &d, &err);

	if (r < 0) {
		assert_null(d);
		assert_true(err.n > 0);
	}
	kt_jdoc_free(&d);
	return r;
}

static void documents_are_stricter(void **state)
{
	(void)state;
	assert_int_equal(doc_code("{\"a\":1,\"b\":{\"a\":2}}"), 0);
	assert_int_equal(doc_code("{\"a\":1,\"b\":2,\"a\":3}"), KT_E_FORMAT);
	assert_int_equal(doc_code("{\"\\u0061\":1,\"a\":3}"), KT_E_FORMAT);
	assert_int_equal(doc_code("{\"a\":[{\"x\":1},{\"x\":1}]}"), 0);
	assert_int_equal(doc_code("[1.0]"), KT_E_FORMAT);
	assert_int_equal(doc_code("[1e1]"), KT_E_FORMAT);
	assert_int_equal(doc_code("[9223372036854775808]"), KT_E_FORMAT);
	assert_int_equal(doc_code("[\"a\\u0000b\"]"), KT_E_FORMAT);
	assert_int_equal(doc_code("{\"a\\u0000b\":1}"), KT_E_FORMAT);
	assert_int_equal(doc_code("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"), 0);
	assert_int_equal(doc_code("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"), KT_E_FORMAT);
	assert_int_equal(doc_code("{} {}"), KT_E_FORMAT);
	assert_int_equal(doc_code(""), KT_E_FORMAT);
}

static void documents_have_a_size(void **state)
{
	size_t n = ((size_t)16 << 20) + 1;
	char *big = malloc(n);
	struct kt_jdoc *d;

	(void)state;
	memset(big, ' ', n);
	big[0] = '1';
	assert_int_equal(kt_jdoc_parse(big, n - 1, &d, NULL), 0);
	kt_jdoc_free(&d);
	assert_int_equal(kt_jdoc_parse(big, n, &d, NULL), KT_E_FORMAT);
	free(big);
}

static void documents_can_be_walked(void **state)
{
	static const char text[] = "{\"s\":\"t\\u00e9xt\",\"i\":-5,\"b\":true,\"n\":null,\"a\":[1,"
				   "\"2\",{}],\"o\":{\"k\":7}}";
	struct kt_jdoc *d = NULL;
	const struct kt_jv *root, *a;

	(void)state;
	assert_int_equal(kt_jdoc_parse(text, sizeof(text) - 1, &d, NULL), 0);
	root = kt_jdoc_root(d);
	assert_int_equal(root->count, 6);
	assert_string_equal(kt_jv_str(root, "s"), "t\xc3\xa9xt");
	assert_null(kt_jv_str(root, "i"));
	assert_int_equal(kt_jv_int(root, "i", 0), -5);
	assert_int_equal(kt_jv_int(root, "s", 42), 42);
	assert_int_equal(kt_jv_int(root, "absent", 43), 43);
	assert_int_equal(kt_jv_get(root, "b")->type, KT_JV_BOOL);
	assert_true(kt_jv_bool(root, "b"));
	assert_false(kt_jv_bool(root, "i"));
	assert_false(kt_jv_bool(root, "absent"));
	assert_int_equal(kt_jv_get(root, "n")->type, KT_JV_NULL);
	a = kt_jv_get(root, "a");
	assert_int_equal(a->count, 3);
	assert_int_equal(a->child->i, 1);
	assert_string_equal(a->child->next->str, "2");
	assert_int_equal(a->child->next->next->type, KT_JV_OBJ);
	assert_null(a->child->next->next->next);
	assert_int_equal(kt_jv_int(kt_jv_get(root, "o"), "k", 0), 7);
	assert_null(kt_jv_get(NULL, "x"));
	assert_null(kt_jv_get(a, "x"));
	kt_jdoc_free(&d);
	kt_jdoc_free(&d);
}

/* -- writer ----------------------------------------------------------------------------------- */

static void fixed(int64_t v, unsigned scale, const char *want)
{
	struct kt_buf b;
	struct kt_jw w;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_fixed(&w, v, scale);
	assert_string_equal(kt_buf_cstr(&b), want);
	kt_buf_free(&b);
}

static void writes_fixed_decimals(void **state)
{
	(void)state;
	fixed(525200000, 7, "52.5200000");
	fixed(-5000000, 7, "-0.5000000");
	fixed(-1, 7, "-0.0000001");
	fixed(0, 7, "0.0000000");
	fixed(-1800000000, 7, "-180.0000000");
	fixed(12, 0, "12");
	fixed(1500, 3, "1.500");
	fixed(INT64_MIN, 3, "-9223372036854775.808");
	fixed(INT64_MAX, 7, "922337203685.4775807");
}

static void writes_what_it_reads(void **state)
{
	static const char want[] =
		"{\"a\":[1,-2,true,false,null,\"q\\\"b\\\\\\n\\t\\u0001\\u007f\"],"
		"\"o\":{},\"e\":[],\"u\":18446744073709551615}";
	struct kt_jdoc *d;
	struct kt_buf b;
	struct kt_jw w;

	(void)state;
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_key(&w, "a");
	kt_jw_arr(&w);
	kt_jw_int(&w, 1);
	kt_jw_int(&w, -2);
	kt_jw_bool(&w, true);
	kt_jw_bool(&w, false);
	kt_jw_str(&w, NULL);
	kt_jw_str(&w, "q\"b\\\n\t\001\177");
	kt_jw_arr_end(&w);
	kt_jw_key(&w, "o");
	kt_jw_obj(&w);
	kt_jw_obj_end(&w);
	kt_jw_key(&w, "e");
	kt_jw_arr(&w);
	kt_jw_arr_end(&w);
	kt_jw_kuint(&w, "u", UINT64_MAX);
	kt_jw_obj_end(&w);
	assert_string_equal(kt_buf_cstr(&b), want);
	/* the last number is no int64: refused by documents, taken by the reader */
	assert_int_equal(kt_jdoc_parse(b.p, b.len, &d, NULL), KT_E_FORMAT);
	kt_buf_free(&b);
}

static void notices_wrong_nesting(void **state)
{
	struct kt_buf b;
	struct kt_jw w;

	(void)state;
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	for (int i = 0; i < KT_JW_DEPTH; i++)
		kt_jw_arr(&w);
	assert_false(b.failed);
	kt_jw_arr(&w);
	assert_true(b.failed);
	kt_buf_free(&b);
	kt_jw_init(&w, &b);
	kt_jw_obj_end(&w);
	assert_true(b.failed);
	kt_buf_free(&b);
}

static void pretty_is_the_same_document(void **state)
{
	struct kt_buf b;
	struct kt_jw w;

	(void)state;
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	w.pretty = true;
	kt_jw_obj(&w);
	kt_jw_kint(&w, "a", 1);
	kt_jw_key(&w, "b");
	kt_jw_arr(&w);
	kt_jw_arr_end(&w);
	kt_jw_obj_end(&w);
	assert_string_equal(kt_buf_cstr(&b), "{\n  \"a\": 1,\n  \"b\": []\n}");
	kt_buf_free(&b);
}

/* Any bytes at all become a string that any reader takes and that can be undone. */
/* What needs no escape is written straight; whether it does must be decided alike. */
static void plain_text_is_what_escapes_leave(void **state)
{
	uint8_t raw[40];
	uint32_t x = 1;

	(void)state;
	for (unsigned round = 0; round < 300000; round++) {
		size_t n = round % 9;
		struct kt_buf b;

		for (size_t i = 0; i < n; i++) {
			static const uint8_t some[] = "ab\\\"\x7f\x1f\xc2\xa0\xad\xe2\x80\x8b\xae"
						      "\xef\xbb\xbf\xf0\x9f\x98\x80\xff";

			x = x * 1664525 + 1013904223;
			raw[i] = some[(x >> 8) % (sizeof(some) - 1)];
		}
		kt_buf_init(&b, 0);
		kt_text_escape(&b, raw, n);
		assert_int_equal(kt_text_is_plain(raw, n),
				 b.len == n && (n == 0 || memcmp(b.p, raw, n) == 0));
		kt_buf_free(&b);
	}
	assert_true(kt_text_is_plain("52.5\xc2\xb0, \"13\"", 12));
	assert_false(kt_text_is_plain("a\xe2\x80\xae", 4));
}

static void numbers_have_all_their_digits(void **state)
{
	uint64_t ten = 1;

	(void)state;
	for (unsigned i = 0; i < 20; i++, ten *= 10)
		for (int d = -1; d <= 1; d++) {
			char text[32];
			struct kt_buf b;
			struct kt_jw w;

			kt_buf_init(&b, 0);
			kt_jw_init(&w, &b);
			kt_jw_uint(&w, ten + (uint64_t)d);
			snprintf(text, sizeof(text), "%llu",
				 (unsigned long long)(ten + (uint64_t)d));
			assert_string_equal(kt_buf_cstr(&b), text);
			kt_buf_free(&b);
		}
}

static void quoted_keys_are_keys(void **state)
{
	for (unsigned pretty = 0; pretty < 2; pretty++) {
		struct kt_buf a, b;
		struct kt_jw v, w;

		(void)state;
		kt_buf_init(&a, 0);
		kt_buf_init(&b, 0);
		kt_jw_init(&v, &a);
		kt_jw_init(&w, &b);
		v.pretty = w.pretty = pretty != 0;
		kt_jw_obj(&v);
		kt_jw_obj(&w);
		for (unsigned i = 0; i < 2; i++) {
			kt_jw_key(&v, "lat");
			kt_jw_int(&v, 7);
			KT_JW_KEY(&w, "lat");
			kt_jw_int(&w, 7);
		}
		kt_jw_obj_end(&v);
		kt_jw_obj_end(&w);
		assert_string_equal(kt_buf_cstr(&b), kt_buf_cstr(&a));
		kt_buf_free(&a);
		kt_buf_free(&b);
	}
}

static void any_bytes_make_valid_json(void **state)
{
	uint8_t raw[4];

	(void)state;
	for (unsigned v = 0; v < 1u << 16; v++) {
		struct kt_buf b, back;
		struct kt_jw w;
		struct kt_jdoc *d;
		const struct kt_jv *s;

		raw[0] = (uint8_t)v;
		raw[1] = (uint8_t)(v >> 8);
		raw[2] = (uint8_t)(v * 31);
		raw[3] = (uint8_t)(0x80 | v % 64);
		kt_buf_init(&b, 0);
		kt_buf_init(&back, 0);
		kt_jw_init(&w, &b);
		kt_jw_arr(&w);
		kt_jw_bytes(&w, raw, sizeof(raw));
		kt_jw_arr_end(&w);
		assert_int_equal(kt_jdoc_parse(b.p, b.len, &d, NULL), 0);
		s = kt_jdoc_root(d)->child;
		assert_int_equal(text_unescape(&back, s->str, s->len), 0);
		assert_int_equal(back.len, sizeof(raw));
		assert_memory_equal(back.p, raw, sizeof(raw));
		kt_jdoc_free(&d);
		kt_buf_free(&b);
		kt_buf_free(&back);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_the_standard_takes),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(bounds_the_depth),
		cmocka_unit_test(says_where_tokens_are),
		cmocka_unit_test(crosses_its_buffer),
		cmocka_unit_test(cuts_long_strings),
		cmocka_unit_test(numbers_have_their_own_limit),
		cmocka_unit_test(keeps_other_bytes_when_lenient),
		cmocka_unit_test(passes_on_the_sources_code),
		cmocka_unit_test(skips_values),
		cmocka_unit_test(reads_integers),
		cmocka_unit_test(documents_are_stricter),
		cmocka_unit_test(documents_have_a_size),
		cmocka_unit_test(documents_can_be_walked),
		cmocka_unit_test(writes_fixed_decimals),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(notices_wrong_nesting),
		cmocka_unit_test(pretty_is_the_same_document),
		cmocka_unit_test(any_bytes_make_valid_json),
		cmocka_unit_test(plain_text_is_what_escapes_leave),
		cmocka_unit_test(numbers_have_all_their_digits),
		cmocka_unit_test(quoted_keys_are_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
