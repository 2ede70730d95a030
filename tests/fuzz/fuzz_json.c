/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * libFuzzer target: the streaming JSON reader on any bytes, against a slow reader that stands here:
 * one pass over bytes in memory, one byte at a time, written from RFC 8259 and the contract in
 * core/json.h alone. Both must give the same tokens, texts and offsets, and must stop at the same
 * token; whatever the pieces in which the bytes come.
 *
 * Input: u8 way (bit 0 lenient; bits 1-3 longest text), u8 size of the first piece, u8 of the others
 * (0: all there is), then the document.
 */
#include "core/err.h"
#include "core/json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* -- the slow reader -------------------------------------------------------------------------- */

#define NUMBER_MAX 64

enum state { VALUE, FIRST_VALUE, FIRST_KEY, KEY, BEHIND, DONE };

struct slow {
	const uint8_t *p;
	size_t n, at, max;
	bool lenient;
	uint8_t stack[KT_JSON_DEPTH];
	unsigned depth;
	enum state state;
	/* of the last token */
	uint8_t *text; /* as long as the input */
	size_t len, from, to;
	bool cut;
};

#define BAD (-1)

static int at(const struct slow *s, size_t i)
{
	return s->at + i < s->n ? s->p[s->at + i] : -1;
}

static void space(struct slow *s)
{
	while (at(s, 0) == ' ' || at(s, 0) == '\n' || at(s, 0) == '\r' || at(s, 0) == '\t')
		s->at++;
}

/* One character of a text; what would run over the longest ends the keeping. */
static void keep(struct slow *s, const uint8_t *p, size_t n)
{
	if (s->cut || n > s->max - s->len) {
		s->cut = true;
		return;
	}
	memcpy(s->text + s->len, p, n);
	s->len += n;
}

static void keep_code(struct slow *s, uint32_t c)
{
	uint8_t b[4];

	if (c < 0x80) {
		b[0] = (uint8_t)c;
		keep(s, b, 1);
	} else if (c < 0x800) {
		b[0] = (uint8_t)(0xc0 + c / 64);
		b[1] = (uint8_t)(0x80 + c % 64);
		keep(s, b, 2);
	} else if (c < 0x10000) {
		b[0] = (uint8_t)(0xe0 + c / 4096);
		b[1] = (uint8_t)(0x80 + c / 64 % 64);
		b[2] = (uint8_t)(0x80 + c % 64);
		keep(s, b, 3);
	} else {
		b[0] = (uint8_t)(0xf0 + c / 262144);
		b[1] = (uint8_t)(0x80 + c / 4096 % 64);
		b[2] = (uint8_t)(0x80 + c / 64 % 64);
		b[3] = (uint8_t)(0x80 + c % 64);
		keep(s, b, 4);
	}
}

/* Four hex digits, or BAD. */
static long hex(struct slow *s)
{
	long v = 0;

	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		int c = at(s, 0) >= 'A' && at(s, 0) <= 'F' ? at(s, 0) + 32 : at(s, 0);
		const char *d = c > 0 ? strchr(digits, c) : NULL;

		if (d == NULL)
			return BAD;
		v = v * 16 + (d - digits);
		s->at++;
	}
	return v;
}

static int escape(struct slow *s)
{
	int c = at(s, 0);
	long v, low;

	s->at++;
	switch (c) {
	case '"':
	case '\\':
	case '/':
		keep_code(s, (uint32_t)c);
		return 0;
	case 'b':
		keep_code(s, 8);
		return 0;
	case 'f':
		keep_code(s, 12);
		return 0;
	case 'n':
		keep_code(s, 10);
		return 0;
	case 'r':
		keep_code(s, 13);
		return 0;
	case 't':
		keep_code(s, 9);
		return 0;
	case 'u':
		break;
	default:
		return BAD;
	}
	v = hex(s);
	if (v < 0 || (v >= 0xdc00 && v <= 0xdfff))
		return BAD;
	if (v >= 0xd800 && v <= 0xdbff) {
		if (at(s, 0) != '\\' || at(s, 1) != 'u')
			return BAD;
		s->at += 2;
		low = hex(s);
		if (low < 0xdc00 || low > 0xdfff)
			return BAD;
		v = 0x10000 + (v - 0xd800) * 1024 + (low - 0xdc00);
	}
	keep_code(s, (uint32_t)v);
	return 0;
}

/* How long a sequence its first byte announces; invalid first bytes count as the longest do. */
static size_t announced(int c)
{
	return c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
}

/* A valid sequence above ASCII (RFC 3629), as a table of ranges for its first two bytes. */
static bool valid(const struct slow *s)
{
	static const struct {
		int a, z, least, most;
	} ranges[] = {
		{0xc2, 0xdf, 0x80, 0xbf}, {0xe0, 0xe0, 0xa0, 0xbf}, {0xe1, 0xec, 0x80, 0xbf},
		{0xed, 0xed, 0x80, 0x9f}, {0xee, 0xef, 0x80, 0xbf}, {0xf0, 0xf0, 0x90, 0xbf},
		{0xf1, 0xf3, 0x80, 0xbf}, {0xf4, 0xf4, 0x80, 0x8f},
	};
	int c = at(s, 0);

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (c < ranges[i].a || c > ranges[i].z)
			continue;
		if (at(s, 1) < ranges[i].least || at(s, 1) > ranges[i].most)
			return false;
		for (size_t k = 2; k < announced(c); k++)
			if (at(s, k) < 0x80 || at(s, k) > 0xbf)
				return false;
		return true;
	}
	return false;
}

static int above_ascii(struct slow *s)
{
	size_t len = 1;

	if (!s->lenient && !valid(s))
		return BAD;
	/* kept as one piece: the first byte and what may continue it */
	while (len < announced(at(s, 0)) && at(s, len) >= 0x80 && at(s, len) <= 0xbf)
		len++;
	if (s->at + len == s->n && len < announced(at(s, 0)))
		return BAD; /* the end, in the middle of it */
	keep(s, s->p + s->at, len);
	s->at += len;
	return 0;
}

static int string(struct slow *s)
{
	if (at(s, 0) != '"')
		return BAD;
	s->at++;
	for (;;) {
		int c = at(s, 0), r = 0;

		if (c < 0x20)
			return BAD;
		if (c == '"') {
			s->at++;
			return 0;
		}
		if (c == '\\') {
			s->at++;
			r = escape(s);
		} else if (c >= 0x80) {
			r = above_ascii(s);
		} else {
			keep_code(s, (uint32_t)c);
			s->at++;
		}
		if (r < 0)
			return r;
	}
}

static size_t digits(struct slow *s)
{
	size_t n = 0;

	for (; at(s, 0) >= '0' && at(s, 0) <= '9'; s->at++)
		n++;
	return n;
}

static int number(struct slow *s)
{
	size_t start = s->at, len;

	if (at(s, 0) == '-')
		s->at++;
	if (at(s, 0) == '0') {
		s->at++;
		if (at(s, 0) >= '0' && at(s, 0) <= '9')
			return BAD;
	} else if (digits(s) == 0) {
		return BAD;
	}
	if (at(s, 0) == '.') {
		s->at++;
		if (digits(s) == 0)
			return BAD;
	}
	if (at(s, 0) == 'e' || at(s, 0) == 'E') {
		s->at++;
		if (at(s, 0) == '+' || at(s, 0) == '-')
			s->at++;
		if (digits(s) == 0)
			return BAD;
	}
	len = s->at - start;
	for (size_t i = 0; i < len; i++) {
		/* the reader writes every exponent with a small e */
		s->text[i] = s->p[start + i] == 'E' ? 'e' : s->p[start + i];
	}
	s->len = len;
	return 0;
}

static int word(struct slow *s, const char *w, int tok)
{
	size_t n = strlen(w);

	if (s->n - s->at < n || memcmp(s->p + s->at, w, n) != 0)
		return BAD;
	s->at += n;
	return tok;
}

static int value(struct slow *s)
{
	int c = at(s, 0), tok;

	if (c == '{' || c == '[') {
		if (s->depth == KT_JSON_DEPTH)
			return BAD;
		s->at++;
		s->stack[s->depth++] = (uint8_t)c;
		s->state = c == '{' ? FIRST_KEY : FIRST_VALUE;
		return c == '{' ? KT_JSON_OBJ : KT_JSON_ARR;
	}
	if (c == '"')
		tok = string(s) < 0 ? BAD : KT_JSON_STRING;
	else if (c == 't')
		tok = word(s, "true", KT_JSON_TRUE);
	else if (c == 'f')
		tok = word(s, "false", KT_JSON_FALSE);
	else if (c == 'n')
		tok = word(s, "null", KT_JSON_NULL);
	else
		tok = number(s) < 0 ? BAD : KT_JSON_NUMBER;
	s->state = s->depth == 0 ? DONE : BEHIND;
	return tok;
}

static int close_level(struct slow *s)
{
	bool obj = s->stack[s->depth - 1] == '{';

	if (at(s, 0) != (obj ? '}' : ']'))
		return BAD;
	s->at++;
	s->depth--;
	s->state = s->depth == 0 ? DONE : BEHIND;
	return obj ? KT_JSON_OBJ_END : KT_JSON_ARR_END;
}

static int key(struct slow *s)
{
	if (string(s) < 0)
		return BAD;
	s->to = s->at;
	space(s);
	if (at(s, 0) != ':')
		return BAD;
	s->at++;
	s->state = VALUE;
	return KT_JSON_KEY;
}

static int next(struct slow *s)
{
	int tok;

	s->len = 0;
	s->cut = false;
	s->to = 0;
	space(s);
	if (s->state == DONE)
		return s->at == s->n ? KT_JSON_END : BAD;
	if (s->state == BEHIND && at(s, 0) == ',') {
		s->at++;
		s->state = s->stack[s->depth - 1] == '{' ? KEY : VALUE;
		space(s);
	}
	s->from = s->at;
	if (s->state == BEHIND || (s->state == FIRST_KEY && at(s, 0) == '}') ||
	    (s->state == FIRST_VALUE && at(s, 0) == ']'))
		tok = close_level(s);
	else if (s->state == KEY || s->state == FIRST_KEY)
		tok = key(s);
	else
		tok = value(s);
	if (s->to == 0)
		s->to = s->at;
	return tok;
}

/* -- both ------------------------------------------------------------------------------------- */

struct pieces {
	const uint8_t *p;
	size_t n, at, next, step;
};

static int give(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct pieces *s = arg;

	(void)err;
	if (s->next > 0 && n > s->next)
		n = s->next;
	if (n > s->n - s->at)
		n = s->n - s->at;
	s->next = s->step;
	if (n > 0) /* n 0: nothing is left, or nothing at all was there */
		memcpy(p, s->p + s->at, n);
	s->at += n;
	*got = n;
	return 0;
}

static void expect(bool good)
{
	if (!good)
		abort();
}

static void compare(struct slow *s, struct kt_json *j)
{
	int a, b;

	do {
		struct kt_err err = {0};

		a = next(s);
		b = kt_json_next(j, &err);
		/* longer numbers are a limit of the reader's own */
		if (a == KT_JSON_NUMBER && s->len > NUMBER_MAX)
			a = BAD;
		if (a < 0) {
			expect(b == KT_E_FORMAT && err.n > 0);
			return;
		}
		expect(a == b);
		if (a == KT_JSON_END)
			return;
		expect(j->tok_off == s->from + 1000 && j->tok_end == s->to + 1000);
		expect(j->depth == s->depth);
		if (a != KT_JSON_KEY && a != KT_JSON_STRING && a != KT_JSON_NUMBER)
			continue;
		expect(j->str_len == s->len && j->str_cut == s->cut);
		expect(memcmp(j->str, s->text, s->len) == 0 && j->str[s->len] == '\0');
	} while (a > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const size_t maxes[] = {0, 1, 7, 15, 16, 17, 64, 512};
	struct pieces pieces = {.step = 0};
	struct kt_json_src src = {give, &pieces, 1000};
	struct slow slow = {.state = VALUE};
	struct kt_json *j;

	if (n < 3)
		return 0;
	slow.max = maxes[p[0] / 2 % 8];
	slow.lenient = p[0] % 2 != 0;
	pieces.next = p[1];
	pieces.step = p[2];
	pieces.p = slow.p = p + 3;
	pieces.n = slow.n = n - 3;
	slow.text = malloc(n + 1);
	j = malloc(sizeof(*j));
	if (slow.text == NULL || j == NULL)
		abort();
	if (slow.n >= 3 && memcmp(slow.p, "\xef\xbb\xbf", 3) == 0)
		slow.at = 3;
	kt_json_init(j, src, slow.max);
	j->lenient = slow.lenient;
	compare(&slow, j);
	kt_json_free(j);
	free(j);
	free(slow.text);
	return 0;
}
