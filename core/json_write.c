/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/json.h"

#include <string.h>

void kt_jw_init(struct kt_jw *w, struct kt_buf *out)
{
	memset(w, 0, sizeof(*w));
	w->out = out;
}

static void newline(struct kt_jw *w)
{
	kt_buf_putc(w->out, '\n');
	for (unsigned i = 0; i < w->depth; i++)
		kt_buf_puts(w->out, "  ");
}

/* Before a value or key: the comma, and the line break of the pretty form. */
static inline void lead(struct kt_jw *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	if (w->depth == 0)
		return;
	if (!w->first[w->depth - 1])
		kt_buf_putc(w->out, ',');
	w->first[w->depth - 1] = false;
	if (w->pretty)
		newline(w);
}

static void open_level(struct kt_jw *w, char c)
{
	lead(w);
	kt_buf_putc(w->out, c);
	if (w->depth >= KT_JW_DEPTH) {
		w->out->failed = true;
		return;
	}
	w->first[w->depth++] = true;
}

static void close_level(struct kt_jw *w, char c)
{
	bool empty;

	if (w->depth == 0) {
		w->out->failed = true;
		return;
	}
	empty = w->first[--w->depth];
	if (w->pretty && !empty)
		newline(w);
	kt_buf_putc(w->out, c);
}

void kt_jw_obj(struct kt_jw *w)
{
	open_level(w, '{');
}

void kt_jw_obj_end(struct kt_jw *w)
{
	close_level(w, '}');
}

void kt_jw_arr(struct kt_jw *w)
{
	open_level(w, '[');
}

void kt_jw_arr_end(struct kt_jw *w)
{
	close_level(w, ']');
}

/* What may stand in a string unescaped; bytes above ASCII are parts of UTF-8 sequences. */
static const bool as_is[256] = {
	[' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true, [0x80 ... 0xff] = true};

/* How many bytes come before the first one that needs an escape. */
static inline size_t plain_text(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && as_is[(unsigned char)p[i]])
		i++;
	return i;
}

static void put_quoted(struct kt_jw *w, const char *p, size_t n)
{
	struct kt_buf *b = w->out;
	size_t start = 0;

	if (plain_text(p, n) == n && kt_buf_reserve(b, n + 2) == 0) {
		uint8_t *o = b->p + b->len;

		o[0] = '"';
		if (n > 0)
			memcpy(o + 1, p, n);
		o[n + 1] = '"';
		b->len += n + 2;
		return;
	}
	kt_buf_putc(b, '"');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (as_is[c])
			continue;
		kt_buf_put(b, p + start, i - start);
		start = i + 1;
		if (c == '"' || c == '\\')
			kt_buf_printf(b, "\\%c", c);
		else if (c == '\n')
			kt_buf_puts(b, "\\n");
		else if (c == '\t')
			kt_buf_puts(b, "\\t");
		else
			kt_buf_printf(b, "\\u%04x", c);
	}
	kt_buf_put(b, p + start, n - start);
	kt_buf_putc(b, '"');
}

void kt_jw_strn(struct kt_jw *w, const char *p, size_t n)
{
	lead(w);
	put_quoted(w, p, n);
}

void kt_jw_str(struct kt_jw *w, const char *s)
{
	if (s == NULL)
		kt_jw_null(w);
	else
		kt_jw_strn(w, s, strlen(s));
}

void kt_jw_key(struct kt_jw *w, const char *key)
{
	lead(w);
	put_quoted(w, key, strlen(key));
	kt_buf_puts(w->out, w->pretty ? ": " : ":");
	w->after_key = true;
}

void kt_jw_bytes(struct kt_jw *w, const void *p, size_t n)
{
	struct kt_buf t;

	if (kt_text_is_plain(p, n)) {
		kt_jw_strn(w, p, n);
		return;
	}
	kt_buf_init(&t, 0);
	kt_text_escape(&t, p, n);
	if (t.failed)
		w->out->failed = true;
	else
		kt_jw_strn(w, (const char *)t.p, t.len);
	kt_buf_free(&t);
}

/* Decimal digits, with leading zeros up to width; numbers are most of what is written. */
static void put_uint(struct kt_buf *b, uint64_t v, unsigned width)
{
	char t[24]; /* 20 digits are the most there are */
	unsigned n = 0;

	/* two at a time: the divisions are what takes its time */
	for (; v >= 100; v /= 100) {
		unsigned two = (unsigned)(v % 100);

		t[sizeof(t) - ++n] = (char)('0' + two % 10);
		t[sizeof(t) - ++n] = (char)('0' + two / 10);
	}
	do {
		t[sizeof(t) - ++n] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	while (n < width && n < sizeof(t))
		t[sizeof(t) - ++n] = '0';
	kt_buf_put(b, t + (sizeof(t) - n), n);
}

static uint64_t magnitude(int64_t v)
{
	return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

void kt_jw_int(struct kt_jw *w, int64_t v)
{
	lead(w);
	if (v < 0)
		kt_buf_putc(w->out, '-');
	put_uint(w->out, magnitude(v), 0);
}

void kt_jw_uint(struct kt_jw *w, uint64_t v)
{
	lead(w);
	put_uint(w->out, v, 0);
}

void kt_jw_bool(struct kt_jw *w, bool v)
{
	lead(w);
	kt_buf_puts(w->out, v ? "true" : "false");
}

void kt_jw_null(struct kt_jw *w)
{
	lead(w);
	kt_buf_puts(w->out, "null");
}

void kt_jw_fixed(struct kt_jw *w, int64_t v, unsigned scale)
{
	uint64_t u = magnitude(v), unit = 1;

	for (unsigned i = 0; i < scale; i++)
		unit *= 10;
	lead(w);
	if (v < 0)
		kt_buf_putc(w->out, '-');
	put_uint(w->out, u / unit, 0);
	if (scale > 0) {
		kt_buf_putc(w->out, '.');
		put_uint(w->out, u % unit, scale);
	}
}

void kt_jw_kstr(struct kt_jw *w, const char *key, const char *s)
{
	kt_jw_key(w, key);
	kt_jw_str(w, s);
}

void kt_jw_quoted_key(struct kt_jw *w, const char *quoted, size_t n)
{
	lead(w);
	kt_buf_put(w->out, quoted, n);
	if (w->pretty)
		kt_buf_putc(w->out, ' ');
	w->after_key = true;
}

void kt_jw_kint(struct kt_jw *w, const char *key, int64_t v)
{
	kt_jw_key(w, key);
	kt_jw_int(w, v);
}

void kt_jw_kuint(struct kt_jw *w, const char *key, uint64_t v)
{
	kt_jw_key(w, key);
	kt_jw_uint(w, v);
}

void kt_jw_kbool(struct kt_jw *w, const char *key, bool v)
{
	kt_jw_key(w, key);
	kt_jw_bool(w, v);
}

void kt_jw_kbytes(struct kt_jw *w, const char *key, const void *p, size_t n)
{
	kt_jw_key(w, key);
	kt_jw_bytes(w, p, n);
}

void kt_jw_raw(struct kt_jw *w, const char *p, size_t n)
{
	lead(w);
	kt_buf_put(w->out, p, n);
}
