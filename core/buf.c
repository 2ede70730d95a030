/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/buf.h"
#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void kt_buf_init(struct kt_buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max > 0 ? max : KT_BUF_MAX_DEFAULT;
}

void kt_buf_free(struct kt_buf *b)
{
	size_t max = b->max;

	free(b->p);
	kt_buf_init(b, max);
}

void kt_buf_reset(struct kt_buf *b)
{
	b->len = 0;
	b->failed = b->no_memory = false;
}

void kt_buf_consume(struct kt_buf *b, size_t n)
{
	if (n >= b->len) {
		b->len = 0;
		return;
	}
	memmove(b->p, b->p + n, b->len - n);
	b->len -= n;
}

int kt_buf_reserve(struct kt_buf *b, size_t n)
{
	size_t max = b->max > 0 ? b->max : KT_BUF_MAX_DEFAULT;
	size_t want, cap;
	uint8_t *p;

	if (b->failed)
		return b->no_memory ? KT_E_NOMEM : KT_E_LIMIT;
	/* one spare byte for kt_buf_cstr() */
	if (__builtin_add_overflow(b->len, n, &want) || want > max) {
		b->failed = true;
		return KT_E_LIMIT;
	}
	if (want + 1 <= b->cap)
		return 0;
	cap = b->cap > 0 ? b->cap : 256;
	while (cap < want + 1)
		cap *= 2;
	p = realloc(b->p, cap);
	if (p == NULL) {
		b->failed = b->no_memory = true;
		return KT_E_NOMEM;
	}
	b->p = p;
	b->cap = cap;
	return 0;
}

int kt_buf_put_more(struct kt_buf *b, const void *p, size_t n)
{
	int r = kt_buf_reserve(b, n);

	if (r < 0)
		return r;
	if (n > 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	return 0;
}

int kt_buf_printf(struct kt_buf *b, const char *fmt, ...)
{
	char small[64]; /* most of what is printed fits, and need not be printed twice */
	va_list ap;
	int n, r;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return KT_E_INTERNAL;
	}
	if ((size_t)n < sizeof(small))
		return kt_buf_put(b, small, (size_t)n);
	r = kt_buf_reserve(b, (size_t)n + 1);
	if (r < 0)
		return r;
	va_start(ap, fmt);
	vsnprintf((char *)b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

int kt_buf_put_u8(struct kt_buf *b, uint8_t v)
{
	return kt_buf_put(b, &v, 1);
}

int kt_buf_put_le16(struct kt_buf *b, uint16_t v)
{
	uint8_t t[2];

	kt_put_le16(t, v);
	return kt_buf_put(b, t, sizeof(t));
}

int kt_buf_put_le32(struct kt_buf *b, uint32_t v)
{
	uint8_t t[4];

	kt_put_le32(t, v);
	return kt_buf_put(b, t, sizeof(t));
}

int kt_buf_put_le64(struct kt_buf *b, uint64_t v)
{
	uint8_t t[8];

	kt_put_le64(t, v);
	return kt_buf_put(b, t, sizeof(t));
}

int kt_buf_put_blob(struct kt_buf *b, const void *p, size_t n)
{
	if (n > UINT32_MAX) {
		b->failed = true;
		return KT_E_LIMIT;
	}
	kt_buf_put_le32(b, (uint32_t)n);
	return kt_buf_put(b, p, n);
}

const char *kt_buf_cstr(struct kt_buf *b)
{
	if (kt_buf_reserve(b, 0) < 0)
		return NULL;
	b->p[b->len] = '\0';
	return (const char *)b->p;
}

void kt_rd_init(struct kt_rd *r, const void *p, size_t len)
{
	r->p = p;
	r->len = len;
	r->off = 0;
	r->failed = false;
}

size_t kt_rd_left(const struct kt_rd *r)
{
	return r->failed ? 0 : r->len - r->off;
}

bool kt_rd_done(const struct kt_rd *r)
{
	return !r->failed && kt_rd_left(r) == 0;
}

const uint8_t *kt_rd_bytes(struct kt_rd *r, size_t n)
{
	const uint8_t *p;

	if (r->failed || n > r->len - r->off) {
		r->failed = true;
		return NULL;
	}
	p = r->p + r->off;
	r->off += n;
	return p;
}

uint8_t kt_rd_u8(struct kt_rd *r)
{
	const uint8_t *p = kt_rd_bytes(r, 1);

	return p == NULL ? 0 : *p;
}

uint16_t kt_rd_le16(struct kt_rd *r)
{
	const uint8_t *p = kt_rd_bytes(r, 2);

	return p == NULL ? 0 : kt_get_le16(p);
}

uint32_t kt_rd_le32(struct kt_rd *r)
{
	const uint8_t *p = kt_rd_bytes(r, 4);

	return p == NULL ? 0 : kt_get_le32(p);
}

uint64_t kt_rd_le64(struct kt_rd *r)
{
	const uint8_t *p = kt_rd_bytes(r, 8);

	return p == NULL ? 0 : kt_get_le64(p);
}

const uint8_t *kt_rd_blob(struct kt_rd *r, size_t max, size_t *n)
{
	uint32_t len = kt_rd_le32(r);

	*n = 0;
	if (r->failed || len > max) {
		r->failed = true;
		return NULL;
	}
	*n = len;
	return kt_rd_bytes(r, len);
}
