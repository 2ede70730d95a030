/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The quick looks of core/json_read.c against its byte-after-byte rules. A source that gives one
 * byte at a time leaves nothing to look at quickly, so what the reader says then is the measure:
 * in any other pieces it must say the same, token for token, offset for offset, error for error.
 */
#include "core/err.h"
#include "core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Pieces: `first` bytes, then `step` bytes at a time. */
struct source {
	const char *p;
	size_t n, at, first, step;
};

static int give(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct source *s = arg;
	size_t piece = s->at < s->first ? s->first - s->at : s->step;

	(void)err;
	if (n > piece)
		n = piece;
	if (n > s->n - s->at)
		n = s->n - s->at;
	memcpy(p, s->p + s->at, n);
	s->at += n;
	*got = n;
	return 0;
}

struct way {
	size_t first, step, str_max;
	bool lenient, skip; /* skip: pass over every second array and object */
};

/* Everything that a caller can see, as text. */
static void trace(struct kt_json *j, const char *p, size_t n, const struct way *way,
		  struct kt_buf *out)
{
	struct source s = {.p = p, .n = n, .first = way->first, .step = way->step};
	struct kt_json_src src = {give, &s, 100};
	struct kt_err err = {0};
	unsigned opened = 0;
	int tok;

	kt_buf_reset(out);
	kt_json_init(j, src, way->str_max);
	j->lenient = way->lenient;
	do {
		tok = kt_json_next(j, &err);
		kt_buf_printf(out, "%d %llu-%llu d%u", tok, (unsigned long long)j->tok_off,
			      (unsigned long long)j->tok_end, j->depth);
		if (tok == KT_JSON_KEY || tok == KT_JSON_STRING || tok == KT_JSON_NUMBER) {
			assert_int_equal(j->str[j->str_len], '\0');
			kt_buf_printf(out, " %d '", j->str_cut);
			kt_buf_put(out, j->str, j->str_len);
		}
		if (way->skip && (tok == KT_JSON_ARR || tok == KT_JSON_OBJ) && ++opened % 2 == 0) {
			tok = kt_json_skip(j, tok, &err);
			kt_buf_printf(out, " skipped %d", tok);
			tok = tok < 0 ? tok : 1;
		}
		kt_buf_putc(out, '\n');
	} while (tok > 0);
	kt_buf_puts(out, kt_err_text(&err));
	kt_json_free(j);
	assert_false(out->failed);
}

static struct kt_json *reader;
static struct kt_buf want, have;

static int set_up(void **state)
{
	(void)state;
	reader = malloc(sizeof(*reader));
	kt_buf_init(&want, 0);
	kt_buf_init(&have, 0);
	return reader == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	free(reader);
	kt_buf_free(&want);
	kt_buf_free(&have);
	return 0;
}

static void same(const char *p, size_t n, const struct way *way)
{
	trace(reader, p, n, way, &have);
	if (have.len != want.len || memcmp(have.p, want.p, want.len) != 0)
		fail_msg("first %zu, step %zu, keeping %zu, lenient %d, skip "
			 "%d:\n%.*s\ngives\n%.*s\n"
			 "instead of\n%.*s",
			 way->first, way->step, way->str_max, way->lenient, way->skip, (int)n, p,
			 (int)have.len, (const char *)have.p, (int)want.len, (const char *)want.p);
}

/* One document, whole, cut in two at every place, and in even pieces. */
static void compare(const char *p, size_t n)
{
	static const size_t maxes[] = {0, 1, 5, 15, 16, 17, 40, 512};

	for (size_t m = 0; m < sizeof(maxes) / sizeof(maxes[0]); m++)
		for (unsigned k = 0; k < 4; k++) {
			struct way way = {0, 1, maxes[m], k % 2 != 0, k / 2 != 0};

			trace(reader, p, n, &way, &want);
			way.step = SIZE_MAX;
			for (way.first = 0; way.first <= n; way.first++)
				same(p, n, &way);
			way.first = 0;
			for (way.step = 2; way.step < 40 && way.step < n; way.step += 3)
				same(p, n, &way);
		}
}

static const char *const documents[] = {
	"",
	" ",
	"\xef\xbb\xbf [1]",
	"\xef\xbb",
	"0",
	"-0",
	"-",
	"00",
	"01",
	"1.",
	"1.5",
	"-1.5e+10",
	"1E5",
	"1e",
	"[12345678901234567890123]",
	"[123456789012345678901234]",
	"[1234567890123456789012345,1]",
	"[1234567890.123456789012,1.0000000000000000000001]",
	"[9999999999999999999999999999999999999999999999999999999999999999]",
	"[99999999999999999999999999999999999999999999999999999999999999999]",
	"[-1 , 2\t,\r\n3 ]",
	"[1.e5]",
	"[1..5]",
	"[--1]",
	"[1-1]",
	"[.5]",
	"[1,]",
	"[1}",
	"{\"a\":1}",
	"{\"a\"  :  1 , \"b\":[true,false,null],\"\":\"\"}",
	"{\"a\"\n\t \r\n                    :                        1}",
	"{\"a\" 1}",
	"{\"a\"}",
	"{\"a\":}",
	"{\"a\":1,}",
	"{,}",
	"[\"0123456789abcde\",\"0123456789abcdef\",\"0123456789abcdefg\"]",
	"[\"0123456789abcdef0123456789abcdef0123456789abcdef\"]",
	"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"]",
	"[\"0123456789abcd\\n\",\"x\\u0000y\"]",
	"[\"\\x\"]",
	"[\"\\ud83d\"]",
	"[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]",
	"[\"0123456789abcd\xc3\xa9\",\"0123456789abcde\xe2\x82\xac z\"]",
	"{\"52.5200000\xc2\xb0, 13.4000000\xc2\xb0\":\"52.5200000\xc2\xb0, 13.4000000\xc2\xb0\"}",
	"[\"\xc3\",\"\xe2\x82\",\"\xf0\x9f\x98\",\"\xff\xfe\"]",
	"[\"abc\xc3(def\",\"\xed\xa0\x80\",\"\xc0\x80\",\"\xf5\x80\x80\x80\"]",
	"[\"a\x7fz\"]",
	"[\"a\x1fz\"]",
	"[\"a\nz\"]",
	"[\"unfinished",
	"[1\x01]",
	"[1\v]",
	"[\x80]",
	"tru",
	"[true,falsE]",
	"{\"locations\": [{\n    \"latitudeE7\": 560001582,\n    \"source\": \"WIFI\"\n  }, {\n  "
	"}]\n}\n",
	"[[[[1],[]],{\"a\":{\"b\":[{}]}}],2] x",
};

static void whatever_the_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
		compare(documents[i], strlen(documents[i]));
}

/* NUL bytes look like the reader's own end marks. */
static void zeros_are_bytes(void **state)
{
	static const char a[] = "[\"a\0b\"]", b[] = "[1\0]", c[] = "\0", d[] = "{\"a\"\0:1}",
			  e[] = "[\"\\u0000\",\0]", f[] = "[12\0";

	(void)state;
	compare(a, sizeof(a) - 1);
	compare(b, sizeof(b) - 1);
	compare(c, sizeof(c) - 1);
	compare(d, sizeof(d) - 1);
	compare(e, sizeof(e) - 1);
	compare(f, sizeof(f) - 1);
}

static uint32_t rnd(uint32_t below)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 33) % below;
}

/* Documents with a few bytes changed, taken out or put in; and soups of what JSON is made of. */
static void damaged_documents(void **state)
{
	static const char soup[] = "{}[]\",:\\ \n0123456789.-+eEu\"\"aaé\x80\xff\x01tfn";
	size_t ndocs = sizeof(documents) / sizeof(documents[0]);
	char doc[200];

	(void)state;
	for (unsigned round = 0; round < 4000; round++) {
		const char *from = documents[rnd((uint32_t)ndocs)];
		size_t n = strlen(from);
		struct way way = {0, 1, rnd(2) == 0 ? 512 : rnd(30), rnd(2) == 0, rnd(2) == 0};

		memcpy(doc, from, n);
		if (n == 0 || round % 4 == 0)
			for (n = 0; n < 60; n++)
				doc[n] = soup[rnd(sizeof(soup) - 1)];
		for (unsigned k = rnd(3); k > 0; k--)
			doc[rnd((uint32_t)n)] = soup[rnd(sizeof(soup) - 1)];
		n -= rnd(4) == 0 ? rnd((uint32_t)n) : 0;
		trace(reader, doc, n, &way, &want);
		way.step = SIZE_MAX;
		for (way.first = 0; way.first <= n; way.first++)
			same(doc, n, &way);
	}
}

/* The reader's own buffer is a border too: every place of a document comes to lie on it. */
static void across_the_buffer(void **state)
{
	static const char doc[] = "[{\"key\" : \"text \xc3\xa9 \xf0\x9f\x98\x80 more than sixteen "
				  "bytes\", \"n\":-12.625,"
				  "\"w\":[true,false,null], \"e\\u00e9\": 1e5, "
				  "\"long\":12345678901234567890123456789}]";
	char *big = malloc(KT_JSON_BUF + 2 * sizeof(doc));

	(void)state;
	assert_non_null(big);
	for (size_t before = KT_JSON_BUF - sizeof(doc); before <= KT_JSON_BUF; before++) {
		size_t n = before + sizeof(doc) - 1;
		struct way way = {before, 1, 512, false, false};

		memset(big, ' ', before);
		memcpy(big + before, doc, sizeof(doc));
		trace(reader, big, n, &way, &want);
		way.first = SIZE_MAX;
		same(big, n, &way);
	}
	/* a string that is longer than the buffer, kept and cut */
	memset(big, 'x', KT_JSON_BUF + sizeof(doc));
	big[0] = '"';
	memcpy(big + KT_JSON_BUF + 5, "\xc3\xa9 end\"", 7);
	for (size_t max = 100; max <= 2 * KT_JSON_BUF; max += 2 * KT_JSON_BUF - 100) {
		struct way way = {0, 1, max, false, false};

		trace(reader, big, KT_JSON_BUF + 12, &way, &want);
		way.first = SIZE_MAX;
		same(big, KT_JSON_BUF + 12, &way);
	}
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_the_pieces),
		cmocka_unit_test(zeros_are_bytes),
		cmocka_unit_test(damaged_documents),
		cmocka_unit_test(across_the_buffer),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
