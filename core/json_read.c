/* SPDX-License-Identifier: EUPL-1.2 */
/* The streaming reader of core/json.h: RFC 8259 to the letter, one pass, constant memory. */
#include "core/err.h"
#include "core/json.h"

#include <string.h>

#define NUMBER_MAX 64

enum expect {
	EX_VALUE,	/* a value must come */
	EX_FIRST_VALUE, /* a value or ] */
	EX_FIRST_KEY,	/* a key or } */
	EX_KEY,		/* a key must come */
	EX_COLON_DONE,	/* behind key and colon: a value */
	EX_NEXT,	/* , or the closing bracket */
	EX_DONE,	/* only white space may follow */
};

void kt_json_init(struct kt_json *j, struct kt_json_src src, size_t str_max)
{
	j->src = src;
	j->pos = j->end = 0;
	j->base = src.off;
	j->src_eof = false;
	kt_buf_init(&j->str_buf, (str_max > NUMBER_MAX ? str_max : NUMBER_MAX) + 16);
	j->str_max = str_max;
	j->lenient = false;
	j->depth = 0;
	j->expect = EX_VALUE;
	j->str = "";
	j->str_len = 0;
	j->str_cut = false;
	j->tok_off = j->tok_end = src.off;
}

void kt_json_free(struct kt_json *j)
{
	kt_buf_free(&j->str_buf);
}

static uint64_t here(const struct kt_json *j)
{
	return j->base + j->pos;
}

/* Makes at least one byte available: 1, 0 at the end of the source, negative. */
static int refill(struct kt_json *j, struct kt_err *err)
{
	size_t got = 0;
	int r;

	if (j->pos < j->end)
		return 1;
	if (j->src_eof)
		return 0;
	j->base += j->end;
	j->pos = j->end = 0;
	r = j->src.read(j->src.arg, j->buf, sizeof(j->buf), &got, err);
	if (r < 0)
		return r;
	if (got == 0) {
		j->src_eof = true;
		return 0;
	}
	j->end = got;
	return 1;
}

/* The next byte without taking it: 0..255, -256 at the end, other negatives are codes. */
#define AT_END (-256)
static int peek(struct kt_json *j, struct kt_err *err)
{
	int r;

	if (j->pos < j->end)
		return j->buf[j->pos];
	r = refill(j, err);
	if (r < 0)
		return r;
	return r == 0 ? AT_END : j->buf[j->pos];
}

static int bad(struct kt_json *j, const char *what, struct kt_err *err)
{
	return KT_FAIL(err, KT_E_FORMAT, "JSON: %s at byte %llu", what,
		       (unsigned long long)here(j));
}

static int ended(struct kt_json *j, int c, struct kt_err *err)
{
	return c == AT_END ? bad(j, "ends early", err) : c;
}

static int skip_space(struct kt_json *j, struct kt_err *err)
{
	for (;;) {
		while (j->pos < j->end) {
			uint8_t c = j->buf[j->pos];
			if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
				return c;
			j->pos++;
		}
		int r = peek(j, err);
		if (r < 0)
			return r;
	}
}

/* Appends to the token's text, cutting at str_max. */
static int keep(struct kt_json *j, const void *p, size_t n, struct kt_err *err)
{
	size_t room = j->str_max - j->str_buf.len;

	if (j->str_cut || n == 0)
		return 0;
	if (n > room) {
		/* a run of ASCII can be cut anywhere, a sequence above it nowhere */
		j->str_cut = true;
		n = *(const uint8_t *)p < 0x80 ? room : 0;
	}
	if (kt_buf_put(&j->str_buf, p, n) < 0)
		return KT_FAIL(err, KT_E_NOMEM, "JSON: no memory for a string");
	return 0;
}

static int hex4(struct kt_json *j, uint32_t *v, struct kt_err *err)
{
	*v = 0;
	for (int i = 0; i < 4; i++) {
		int c = peek(j, err);
		uint32_t d;

		if (c < 0)
			return ended(j, c, err);
		if (c >= '0' && c <= '9')
			d = (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			d = (uint32_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			d = (uint32_t)(c - 'A' + 10);
		else
			return bad(j, "bad \\u escape", err);
		*v = *v << 4 | d;
		j->pos++;
	}
	return 0;
}

static size_t to_utf8(uint32_t c, uint8_t out[4])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

static int unicode_escape(struct kt_json *j, struct kt_err *err)
{
	uint8_t out[4];
	uint32_t v, low;
	int r = hex4(j, &v, err);

	if (r < 0)
		return r;
	if (v >= 0xdc00 && v <= 0xdfff)
		return bad(j, "lone surrogate", err);
	if (v >= 0xd800 && v <= 0xdbff) {
		for (int i = 0; i < 2; i++) {
			int c = peek(j, err);
			if (c < 0)
				return ended(j, c, err);
			if (c != "\\u"[i])
				return bad(j, "lone surrogate", err);
			j->pos++;
		}
		r = hex4(j, &low, err);
		if (r < 0)
			return r;
		if (low < 0xdc00 || low > 0xdfff)
			return bad(j, "lone surrogate", err);
		v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
	}
	return keep(j, out, to_utf8(v, out), err);
}

static int escape(struct kt_json *j, struct kt_err *err)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;
	int c = peek(j, err);

	if (c < 0)
		return ended(j, c, err);
	j->pos++;
	if (c == 'u')
		return unicode_escape(j, err);
	at = c == 0 ? NULL : strchr(from, c);
	if (at == NULL)
		return bad(j, "unknown escape", err);
	return keep(j, &to[at - from], 1, err);
}

/* A sequence above ASCII: checked, also across the edge of the buffer. */
static int multibyte(struct kt_json *j, struct kt_err *err)
{
	uint8_t seq[4];
	uint32_t cp;
	unsigned want = j->buf[j->pos] >= 0xf0 ? 4 : j->buf[j->pos] >= 0xe0 ? 3 : 2, n;

	for (n = 0; n < want; n++) {
		int c = peek(j, err);
		if (c < 0)
			return ended(j, c, err);
		if (n > 0 && (c & 0xc0) != 0x80)
			break; /* not part of it: looked at again as a byte of its own */
		seq[n] = (uint8_t)c;
		j->pos++;
	}
	if (!j->lenient && (n < want || kt_utf8_next(seq, want, &cp) != want))
		return bad(j, "invalid UTF-8", err);
	return keep(j, seq, n, err);
}

static int string(struct kt_json *j, struct kt_err *err)
{
	int r;

	kt_buf_reset(&j->str_buf);
	j->str_cut = false;
	j->pos++; /* the opening quote */
	for (;;) {
		size_t start = j->pos;

		while (j->pos < j->end) {
			uint8_t c = j->buf[j->pos];
			if (c < 0x20 || c == '"' || c == '\\' || c >= 0x80)
				break;
			j->pos++;
		}
		r = keep(j, j->buf + start, j->pos - start, err);
		if (r < 0)
			return r;
		r = peek(j, err);
		if (r < 0)
			return ended(j, r, err);
		if (r < 0x20)
			return bad(j, "control character in a string", err);
		if (r >= 0x80) {
			r = multibyte(j, err);
		} else if (r == '\\') {
			j->pos++;
			r = escape(j, err);
		} else if (r == '"') {
			j->pos++;
			break;
		} else {
			continue;
		}
		if (r < 0)
			return r;
	}
	j->str = kt_buf_cstr(&j->str_buf);
	j->str_len = j->str_buf.len;
	return j->str == NULL ? KT_FAIL(err, KT_E_NOMEM, "JSON: no memory for a string") : 0;
}

static bool digit(int c)
{
	return c >= '0' && c <= '9';
}

/* Takes digits into the token's text; at least one must be there. */
static int digits(struct kt_json *j, struct kt_err *err)
{
	int c = peek(j, err), n = 0;

	while (digit(c)) {
		char d = (char)c;
		if (j->str_buf.len >= NUMBER_MAX)
			return bad(j, "number is too long", err);
		kt_buf_putc(&j->str_buf, d);
		j->pos++;
		n++;
		c = peek(j, err);
	}
	if (c < 0 && c != AT_END)
		return c;
	return n == 0 ? bad(j, "digit expected", err) : c;
}

static int number(struct kt_json *j, struct kt_err *err)
{
	int c = peek(j, err);

	kt_buf_reset(&j->str_buf);
	j->str_cut = false;
	if (c == '-') {
		kt_buf_putc(&j->str_buf, '-');
		j->pos++;
		c = peek(j, err);
	}
	if (c == '0') {
		kt_buf_putc(&j->str_buf, '0');
		j->pos++;
		c = peek(j, err);
		if (digit(c))
			return bad(j, "leading zero", err);
	} else {
		c = digits(j, err);
	}
	if (c == '.') {
		kt_buf_putc(&j->str_buf, '.');
		j->pos++;
		c = digits(j, err);
	}
	if (c == 'e' || c == 'E') {
		kt_buf_putc(&j->str_buf, 'e');
		j->pos++;
		c = peek(j, err);
		if (c == '+' || c == '-') {
			kt_buf_putc(&j->str_buf, (char)c);
			j->pos++;
		}
		c = digits(j, err);
	}
	if (c < 0 && c != AT_END)
		return c;
	j->str = kt_buf_cstr(&j->str_buf);
	j->str_len = j->str_buf.len;
	return j->str == NULL ? KT_FAIL(err, KT_E_NOMEM, "JSON: no memory") : 0;
}

static int word(struct kt_json *j, const char *w, struct kt_err *err)
{
	for (; *w != '\0'; w++) {
		int c = peek(j, err);
		if (c < 0)
			return ended(j, c, err);
		if (c != *w)
			return bad(j, "unknown word", err);
		j->pos++;
	}
	return 0;
}

static int push(struct kt_json *j, uint8_t kind, struct kt_err *err)
{
	if (j->depth >= KT_JSON_DEPTH)
		return bad(j, "nested too deeply", err);
	j->stack[j->depth++] = kind;
	j->pos++;
	j->expect = kind == '{' ? EX_FIRST_KEY : EX_FIRST_VALUE;
	return kind == '{' ? KT_JSON_OBJ : KT_JSON_ARR;
}

static int value(struct kt_json *j, int c, struct kt_err *err)
{
	int tok, r;

	switch (c) {
	case '{':
	case '[':
		return push(j, (uint8_t)c, err);
	case '"':
		tok = KT_JSON_STRING;
		r = string(j, err);
		break;
	case 't':
		tok = KT_JSON_TRUE;
		r = word(j, "true", err);
		break;
	case 'f':
		tok = KT_JSON_FALSE;
		r = word(j, "false", err);
		break;
	case 'n':
		tok = KT_JSON_NULL;
		r = word(j, "null", err);
		break;
	default:
		if (c != '-' && !digit(c))
			return bad(j, "a value was expected", err);
		tok = KT_JSON_NUMBER;
		r = number(j, err);
	}
	if (r < 0)
		return r;
	j->expect = j->depth == 0 ? EX_DONE : EX_NEXT;
	return tok;
}

static int close_level(struct kt_json *j, int c, struct kt_err *err)
{
	bool obj = j->stack[j->depth - 1] == '{';

	if (c != (obj ? '}' : ']'))
		return bad(j, "comma or closing bracket expected", err);
	j->pos++;
	j->depth--;
	j->expect = j->depth == 0 ? EX_DONE : EX_NEXT;
	return obj ? KT_JSON_OBJ_END : KT_JSON_ARR_END;
}

static int key(struct kt_json *j, int c, struct kt_err *err)
{
	uint64_t end;
	int r;

	if (c != '"')
		return bad(j, "a key was expected", err);
	r = string(j, err);
	if (r < 0)
		return r;
	end = here(j);
	r = skip_space(j, err);
	if (r < 0)
		return ended(j, r, err);
	if (r != ':')
		return bad(j, "colon expected", err);
	j->pos++;
	j->expect = EX_COLON_DONE;
	j->tok_end = end;
	return KT_JSON_KEY;
}

static int start_of_text(struct kt_json *j, struct kt_err *err)
{
	static const uint8_t bom[3] = {0xef, 0xbb, 0xbf};
	int c = peek(j, err);

	if (c != bom[0])
		return c < 0 && c != AT_END ? c : 0;
	/* nothing else may start with this byte; the source may give the mark in pieces */
	for (size_t i = 0; i < sizeof(bom); i++) {
		c = peek(j, err);
		if (c < 0)
			return ended(j, c, err);
		if (c != bom[i])
			return bad(j, "a value was expected", err);
		j->pos++;
	}
	return 0;
}

int kt_json_next(struct kt_json *j, struct kt_err *err)
{
	int c, tok;

	if (j->base + j->pos == j->src.off && j->expect == EX_VALUE) {
		c = start_of_text(j, err);
		if (c < 0)
			return c;
	}
	c = skip_space(j, err);
	if (c == AT_END)
		return j->expect == EX_DONE ? KT_JSON_END : bad(j, "ends early", err);
	if (c < 0)
		return c;
	if (j->expect == EX_DONE)
		return bad(j, "text behind the document", err);
	if (j->expect == EX_NEXT) {
		if (c != ',') {
			j->tok_off = here(j);
			tok = close_level(j, c, err);
			j->tok_end = here(j);
			return tok;
		}
		j->pos++;
		j->expect = j->stack[j->depth - 1] == '{' ? EX_KEY : EX_VALUE;
		c = skip_space(j, err);
		if (c < 0)
			return ended(j, c, err);
	}
	j->tok_off = here(j);
	if ((j->expect == EX_FIRST_KEY && c == '}') || (j->expect == EX_FIRST_VALUE && c == ']')) {
		tok = close_level(j, c, err);
	} else if (j->expect == EX_FIRST_KEY || j->expect == EX_KEY) {
		return key(j, c, err);
	} else {
		tok = value(j, c, err);
	}
	j->tok_end = here(j);
	return tok;
}

int kt_json_skip(struct kt_json *j, int tok, struct kt_err *err)
{
	unsigned depth;

	if (tok == KT_JSON_KEY)
		tok = kt_json_next(j, err);
	if (tok != KT_JSON_OBJ && tok != KT_JSON_ARR)
		return tok < 0 ? tok : 0;
	depth = j->depth - 1;
	while (j->depth > depth) {
		tok = kt_json_next(j, err);
		if (tok < 0)
			return tok;
	}
	return 0;
}

bool kt_json_int(const char *p, size_t n, int64_t *v)
{
	bool neg = n > 0 && p[0] == '-';
	int64_t out = 0;

	if (n == (neg ? 1u : 0u))
		return false;
	for (size_t i = neg ? 1 : 0; i < n; i++) {
		if (!digit(p[i]) || __builtin_mul_overflow(out, 10, &out) ||
		    __builtin_sub_overflow(out, p[i] - '0', &out))
			return false;
	}
	if (!neg && __builtin_sub_overflow(0, out, &out))
		return false;
	*v = out;
	return true;
}
