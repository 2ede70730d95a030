/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Bytes with bounds: a growing buffer with a hard maximum (struct kt_buf) and a reading cursor
 * that can't run past its end (struct kt_rd). Anyone may use them. No raw cursor belongs in a
 * parser: read through these.
 */
#ifndef KT_CORE_BUF_H
#define KT_CORE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct kt_err;

#define KT_BUF_MAX_DEFAULT ((size_t)64 << 20)

struct kt_buf {
	uint8_t *p; /* owned */
	size_t len, cap;
	size_t max;	/* hard limit; 0 (no init): KT_BUF_MAX_DEFAULT */
	bool failed;	/* an append did not fit or memory ran out: contents are not to be used */
	bool no_memory; /* why: true when memory ran out */
};

/* max 0: KT_BUF_MAX_DEFAULT. */
void kt_buf_init(struct kt_buf *b, size_t max);
void kt_buf_free(struct kt_buf *b);
void kt_buf_reset(struct kt_buf *b); /* keeps the memory */
/* Drops the first n bytes (n <= len). */
void kt_buf_consume(struct kt_buf *b, size_t n);
/* Makes room for n more bytes. 0, KT_E_LIMIT or KT_E_NOMEM; failure also sets b->failed. */
int kt_buf_reserve(struct kt_buf *b, size_t n);

/*
 * Appends. Errors are remembered in b->failed, so that a run of appends needs one check at the
 * end; each also returns 0, KT_E_LIMIT or KT_E_NOMEM.
 */
static inline int kt_buf_put(struct kt_buf *b, const void *p, size_t n);
static inline int kt_buf_puts(struct kt_buf *b, const char *s);
static inline int kt_buf_putc(struct kt_buf *b, char c);
int kt_buf_printf(struct kt_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int kt_buf_put_u8(struct kt_buf *b, uint8_t v);
int kt_buf_put_le16(struct kt_buf *b, uint16_t v);
int kt_buf_put_le32(struct kt_buf *b, uint32_t v);
int kt_buf_put_le64(struct kt_buf *b, uint64_t v);
/* u32 length, then the bytes. */
int kt_buf_put_blob(struct kt_buf *b, const void *p, size_t n);
/* Terminates with a NUL that does not count in len and returns the text; NULL when failed. */
const char *kt_buf_cstr(struct kt_buf *b);

/* kt_buf_put() when there is no room yet. */
int kt_buf_put_more(struct kt_buf *b, const void *p, size_t n);

/* Reports and records are written in pieces of a few bytes: here, so that each costs no call. */
static inline int kt_buf_put(struct kt_buf *b, const void *p, size_t n)
{
	/* one byte stays spare for kt_buf_cstr() */
	if (b->failed || n >= b->cap - b->len || b->len + n > b->max)
		return kt_buf_put_more(b, p, n);
	if (n > 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	return 0;
}

static inline int kt_buf_puts(struct kt_buf *b, const char *s)
{
	return kt_buf_put(b, s, strlen(s));
}

static inline int kt_buf_putc(struct kt_buf *b, char c)
{
	return kt_buf_put(b, &c, 1);
}

struct kt_rd {
	const uint8_t *p; /* borrowed */
	size_t len, off;
	bool failed; /* a read went past the end; all later reads give zero */
};

void kt_rd_init(struct kt_rd *r, const void *p, size_t len);
size_t kt_rd_left(const struct kt_rd *r);
uint8_t kt_rd_u8(struct kt_rd *r);
uint16_t kt_rd_le16(struct kt_rd *r);
uint32_t kt_rd_le32(struct kt_rd *r);
uint64_t kt_rd_le64(struct kt_rd *r);
/* Nothing failed and nothing is left: the message had exactly what was read of it. */
bool kt_rd_done(const struct kt_rd *r);
/* Borrowed pointer to n bytes, or NULL (and failed). */
const uint8_t *kt_rd_bytes(struct kt_rd *r, size_t n);
/* u32 length + bytes, length at most max; *n gets the length. Borrowed, NULL when failed. */
const uint8_t *kt_rd_blob(struct kt_rd *r, size_t max, size_t *n);

static inline uint16_t kt_get_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t kt_get_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t kt_get_le64(const uint8_t *p)
{
	return (uint64_t)kt_get_le32(p) | (uint64_t)kt_get_le32(p + 4) << 32;
}

static inline uint16_t kt_get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t kt_get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline void kt_put_le32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static inline void kt_put_le16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void kt_put_le64(uint8_t *p, uint64_t v)
{
	kt_put_le32(p, (uint32_t)v);
	kt_put_le32(p + 4, (uint32_t)(v >> 32));
}

#endif
