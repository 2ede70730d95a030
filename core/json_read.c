/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The streaming reader of core/json.h: RFC 8259 to the letter, one pass, constant memory.
 *
 * Every rule stands here once, in functions that take byte after byte through peek(), wherever the
 * source's pieces end. In front of strings, numbers and white space stands a quick look at the
 * bytes in the buffer (quick_*): it takes the token when that is plain and lies whole in the
 * buffer, and otherwise nothing at all, so that the careful function starts where it started.
 */
#include "core/err.h"
#include "core/json.h"

#include <string.h>

/* Kept out of the functions that run for every token, so that these stay small. */
#define SLOW __attribute__((noinline, cold))

#define NUMBER_MAX   64
#define NUMBER_QUICK sizeof(((struct kt_json *)0)->number)

enum expect {
	EX_START,	/* nothing was read: a byte order mark, or a value */
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
	memset(j->buf, 0, KT_JSON_PAD);
	kt_buf_init(&j->str_buf, (str_max > NUMBER_MAX ? str_max : NUMBER_MAX) + 16);
	j->str_max = str_max;
	j->lenient = false;
	j->depth = 0;
	j->expect = EX_START;
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
	r = j->src.read(j->src.arg, j->buf, KT_JSON_BUF, &got, err);
	memset(j->buf + (r < 0 ? 0 : got), 0, KT_JSON_PAD); /* stops every quick look */
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

static SLOW int bad(struct kt_json *j, const char *what, struct kt_err *err)
{
	return KT_FAIL(err, KT_E_FORMAT, "JSON: %s at byte %llu", what,
		       (unsigned long long)here(j));
}

static int ended(struct kt_json *j, int c, struct kt_err *err)
{
	return c == AT_END ? bad(j, "ends early", err) : c;
}

/* -- quick looks ------------------------------------------------------------------------------ */

/*
 * Sixteen bytes at a time, in the compiler's own vectors: each comparison gives 0xff or 0 a byte.
 * Behind the last byte stand KT_JSON_PAD zeros, which are part of nothing: so no look runs over
 * the end, and one that stops there was not quick.
 */
typedef int8_t vec __attribute__((vector_size(16)));
_Static_assert(KT_JSON_PAD >= sizeof(vec) && KT_JSON_PAD > NUMBER_QUICK, "looks stay inside");

static inline vec load(const uint8_t *p)
{
	vec v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* How many bytes of eight stand before the first one that is set; not all are clear. */
static inline unsigned before_set(uint64_t w)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return (unsigned)__builtin_ctzll(w) / 8;
}

/* The same of sixteen; 16: none is set. */
static inline unsigned first_set(vec m)
{
	typedef uint64_t halves __attribute__((vector_size(16)));
	halves w = (halves)m;

	if (w[0] != 0)
		return before_set(w[0]);
	return w[1] != 0 ? 8 + before_set(w[1]) : 16;
}

/* Moves over white space in the buffer; the byte it stops at (the pad's zero at the end). */
static inline uint8_t quick_space(struct kt_json *j)
{
	const uint8_t *p = j->buf + j->pos;

	if (*p == ' ') /* mostly the one behind a colon */
		p++;
	while (*p <= ' ') {
		vec v = load(p);
		unsigned n = first_set((v != ' ') & (v != '\n') & (v != '\r') & (v != '\t'));

		p += n;
		if (n < sizeof(v))
			break;
	}
	j->pos = (size_t)(p - j->buf);
	return *p;
}

/*
 * From behind the opening quote to the closing one: NULL when there is an escape, a byte that may
 * not be there, or none of these before the end of the buffer or of what is kept.
 */
static inline uint8_t *quick_text(uint8_t *p, const uint8_t *end, size_t max)
{
	const uint8_t *start = p;

	for (;;) {
		vec v = load(p);
		/* as signed numbers, all bytes above ASCII lie below the control characters */
		unsigned n = first_set((v < ' ') | (v == '"') | (v == '\\'));
		uint32_t cp;

		p += n;
		if ((size_t)(p - start) > max)
			return NULL;
		if (n == sizeof(v))
			continue;
		if (*p == '"')
			return p;
		if (*p < 0x80)
			return NULL;
		n = kt_utf8_next(p, (size_t)(end - p), &cp);
		if (n == 0)
			return NULL;
		p += n;
	}
}

/* A string as it stands in the buffer; the closing quote becomes the NUL behind it. */
static inline bool quick_string(struct kt_json *j)
{
	uint8_t *start = j->buf + j->pos + 1;
	uint8_t *close = quick_text(start, j->buf + j->end, j->str_max);

	if (close == NULL)
		return false;
	*close = '\0';
	j->str = (const char *)start;
	j->str_len = (size_t)(close - start);
	j->str_cut = false;
	j->pos = (size_t)(close + 1 - j->buf);
	return true;
}

static bool digit(int c)
{
	return c >= '0' && c <= '9';
}

/* A short number without exponent that does not touch the end of the buffer. */
static inline bool quick_number(struct kt_json *j)
{
	const uint8_t *start = j->buf + j->pos, *p = start + (*start == '-'), *first = p;
	size_t n;

	while (digit(*p))
		p++;
	if (p == first || (*first == '0' && p - first > 1))
		return false;
	if (*p == '.') {
		first = ++p;
		while (digit(*p))
			p++;
		if (p == first)
			return false;
	}
	n = (size_t)(p - start);
	if (n >= NUMBER_QUICK || *p == 'e' || *p == 'E' || p == j->buf + j->end)
		return false;
	memcpy(j->number, start, NUMBER_QUICK); /* of a constant length: two moves */
	j->number[n] = '\0';
	j->str = j->number;
	j->str_len = n;
	j->str_cut = false;
	j->pos += n;
	return true;
}

/* -- byte after byte -------------------------------------------------------------------------- */

static SLOW int slow_space(struct kt_json *j, struct kt_err *err)
{
	int r;

	do {
		r = peek(j, err);
		if (r < 0)
			return r;
		r = quick_space(j);
	} while (j->pos == j->end);
	return r;
}

/* The next byte that is no white space, not taken; else like peek(). */
static inline int skip_space(struct kt_json *j, struct kt_err *err)
{
	uint8_t c = quick_space(j);

	return j->pos < j->end ? c : slow_space(j, err);
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
	return keep(j, out, kt_utf8_put(out, v), err);
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

static SLOW int slow_string(struct kt_json *j, struct kt_err *err)
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

static SLOW int slow_number(struct kt_json *j, struct kt_err *err)
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

static inline int string(struct kt_json *j, struct kt_err *err)
{
	return quick_string(j) ? 0 : slow_string(j, err);
}

static inline int number(struct kt_json *j, struct kt_err *err)
{
	return quick_number(j) ? 0 : slow_number(j, err);
}

static SLOW int word(struct kt_json *j, const char *w, struct kt_err *err)
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

/* Moves a token's text out of the source's buffer. */
static SLOW int own_text(struct kt_json *j, struct kt_err *err)
{
	if (j->str == (const char *)j->str_buf.p)
		return 0;
	kt_buf_reset(&j->str_buf);
	kt_buf_put(&j->str_buf, j->str, j->str_len);
	j->str = kt_buf_cstr(&j->str_buf);
	return j->str == NULL ? KT_FAIL(err, KT_E_NOMEM, "JSON: no memory for a string") : 0;
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
	r = quick_space(j);
	if (j->pos == j->end) {
		/* the next piece of the source is about to take the place of the text */
		r = own_text(j, err);
		if (r == 0)
			r = skip_space(j, err);
	}
	if (r < 0)
		return ended(j, r, err);
	if (r != ':')
		return bad(j, "colon expected", err);
	j->pos++;
	j->expect = EX_COLON_DONE;
	j->tok_end = end;
	return KT_JSON_KEY;
}

static SLOW int start_of_text(struct kt_json *j, struct kt_err *err)
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

	if (j->expect == EX_START) {
		c = start_of_text(j, err);
		if (c < 0)
			return c;
		j->expect = EX_VALUE;
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
