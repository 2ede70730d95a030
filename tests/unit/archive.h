/* SPDX-License-Identifier: EUPL-1.2 */
/* Builds ZIP and tar archives for tests, right ones and wrong ones. */
#ifndef KT_TESTS_UNIT_ARCHIVE_H
#define KT_TESTS_UNIT_ARCHIVE_H

#include "core/buf.h"
#include "core/err.h"
#include "core/unzip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* -- sources in memory ------------------------------------------------------------------------ */

struct mem {
	const uint8_t *p;
	size_t n, at;
	size_t step;   /* most bytes of one sequential read; 0: all */
	unsigned stop; /* every so many sequential reads give KT_E_CANCELLED; 0: never */
	unsigned reads;
};

static inline int mem_at(void *arg, uint64_t off, void *p, size_t n, size_t *got,
			 struct kt_err *err)
{
	const struct mem *m = arg;

	(void)err;
	*got = 0;
	if (off > m->n)
		return KT_E_INTERNAL;
	*got = n < m->n - off ? n : (size_t)(m->n - off);
	memcpy(p, m->p + off, *got);
	return 0;
}

static inline int mem_next(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct mem *m = arg;

	(void)err;
	*got = 0;
	if (m->stop > 0 && ++m->reads % m->stop == 0)
		return KT_E_CANCELLED;
	if (m->step > 0 && n > m->step)
		n = m->step;
	*got = n < m->n - m->at ? n : m->n - m->at;
	if (*got > 0)
		memcpy(p, m->p + m->at, *got);
	m->at += *got;
	return 0;
}

/* Bytes that pack badly and can be told from one another. */
static inline void fill_noise(uint8_t *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		p[i] = (uint8_t)(seed >> 24);
	}
}

static inline size_t deflate_raw(const void *p, size_t n, uint8_t *out, size_t size)
{
	z_stream z = {0};
	size_t k;

	if (deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	z.next_in = (Bytef *)(uintptr_t)p;
	z.avail_in = (uInt)n;
	z.next_out = out;
	z.avail_out = (uInt)size;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	k = size - z.avail_out;
	deflateEnd(&z);
	return k;
}

/* -- ZIP -------------------------------------------------------------------------------------- */

struct zb {
	struct kt_buf out, cd;
	unsigned n;
	size_t last_local, last_data, last_cd; /* of the last member: to be spoilt */
};

struct zopt {
	uint16_t method, flags;
	bool later; /* sizes only behind the data */
	bool wide;  /* ZIP64 fields */
	uint32_t mode;
	int32_t mtime;	 /* 0: no extended time stamp */
	const void *raw; /* these packed bytes instead of the right ones */
	size_t raw_len;
	uint64_t size; /* claimed; 0: the right one */
	uint32_t crc_xor;
	size_t name_len; /* 0: strlen */
};

static inline void zb_init(struct zb *z)
{
	memset(z, 0, sizeof(*z));
	kt_buf_init(&z->out, 0);
	kt_buf_init(&z->cd, 0);
}

static inline void zb_free(struct zb *z)
{
	kt_buf_free(&z->out);
	kt_buf_free(&z->cd);
}

static inline void zb_common(struct kt_buf *b, const struct zopt *o, uint32_t crc, uint64_t packed,
			     uint64_t size, size_t name_len, size_t extra)
{
	kt_buf_put_le16(b, 20);
	kt_buf_put_le16(b, (uint16_t)(o->flags | (o->later ? 8 : 0)));
	kt_buf_put_le16(b, o->method);
	kt_buf_put_le32(b, 0x21 << 16);
	kt_buf_put_le32(b, crc);
	kt_buf_put_le32(b, o->wide ? 0xffffffffu : (uint32_t)packed);
	kt_buf_put_le32(b, o->wide ? 0xffffffffu : (uint32_t)size);
	kt_buf_put_le16(b, (uint16_t)name_len);
	kt_buf_put_le16(b, (uint16_t)extra);
}

static inline void zb_wide(struct kt_buf *b, uint64_t size, uint64_t packed)
{
	kt_buf_put_le16(b, 1);
	kt_buf_put_le16(b, 16);
	kt_buf_put_le64(b, size);
	kt_buf_put_le64(b, packed);
}

static inline void zb_add(struct zb *z, const char *name, const void *p, size_t n,
			  const struct zopt *opt)
{
	static const struct zopt none;
	const struct zopt *o = opt != NULL ? opt : &none;
	size_t name_len = o->name_len > 0 ? o->name_len : strlen(name);
	size_t room = n + n / 100 + 1000, packed = n, off = z->out.len;
	uint8_t *tmp = malloc(room);
	const void *data = p;
	uint32_t crc = (uint32_t)crc32_z(0, p, n) ^ o->crc_xor;
	uint64_t size = o->size > 0 ? o->size : n;

	if (tmp == NULL)
		abort();
	if (o->method == 8) {
		packed = deflate_raw(p, n, tmp, room);
		data = tmp;
	}
	if (o->raw != NULL) {
		data = o->raw;
		packed = o->raw_len;
	}
	z->last_local = off;
	kt_buf_put_le32(&z->out, 0x04034b50);
	zb_common(&z->out, o, o->later ? 0 : crc, o->later ? 0 : packed, o->later ? 0 : size,
		  name_len, o->wide ? 20 : 0);
	kt_buf_put(&z->out, name, name_len);
	if (o->wide)
		zb_wide(&z->out, size, packed);
	z->last_data = z->out.len;
	kt_buf_put(&z->out, data, packed);
	if (o->later) {
		kt_buf_put_le32(&z->out, 0x08074b50);
		kt_buf_put_le32(&z->out, crc);
		kt_buf_put_le32(&z->out, (uint32_t)packed);
		kt_buf_put_le32(&z->out, (uint32_t)size);
	}
	z->last_cd = z->cd.len;
	kt_buf_put_le32(&z->cd, 0x02014b50);
	kt_buf_put_le16(&z->cd, 3 << 8 | 20);
	zb_common(&z->cd, o, crc, packed, size, name_len,
		  (o->wide ? 20u : 0) + (o->mtime != 0 ? 9u : 0));
	kt_buf_put(&z->cd, "\0\0\0\0\0", 6);
	kt_buf_put_le32(&z->cd, (o->mode != 0 ? o->mode : 0100644u) << 16);
	kt_buf_put_le32(&z->cd, (uint32_t)off);
	kt_buf_put(&z->cd, name, name_len);
	if (o->wide)
		zb_wide(&z->cd, size, packed);
	if (o->mtime != 0) {
		kt_buf_put_le16(&z->cd, 0x5455);
		kt_buf_put_le16(&z->cd, 5);
		kt_buf_put_u8(&z->cd, 1);
		kt_buf_put_le32(&z->cd, (uint32_t)o->mtime);
	}
	z->n++;
	free(tmp);
}

/* Directory and end record; wide: with the ZIP64 ones. */
static inline void zb_end(struct zb *z, bool wide, const char *comment)
{
	size_t off = z->out.len, size = z->cd.len, end;

	kt_buf_put(&z->out, z->cd.p, size);
	end = z->out.len;
	if (wide) {
		kt_buf_put_le32(&z->out, 0x06064b50);
		kt_buf_put_le64(&z->out, 44);
		kt_buf_put_le32(&z->out, 45 << 16 | 45);
		kt_buf_put_le64(&z->out, 0);
		kt_buf_put_le64(&z->out, z->n);
		kt_buf_put_le64(&z->out, z->n);
		kt_buf_put_le64(&z->out, size);
		kt_buf_put_le64(&z->out, off);
		kt_buf_put_le32(&z->out, 0x07064b50);
		kt_buf_put_le32(&z->out, 0);
		kt_buf_put_le64(&z->out, end);
		kt_buf_put_le32(&z->out, 1);
	}
	kt_buf_put_le32(&z->out, 0x06054b50);
	kt_buf_put_le32(&z->out, 0);
	kt_buf_put_le16(&z->out, wide ? 0xffff : (uint16_t)z->n);
	kt_buf_put_le16(&z->out, wide ? 0xffff : (uint16_t)z->n);
	kt_buf_put_le32(&z->out, wide ? 0xffffffffu : (uint32_t)size);
	kt_buf_put_le32(&z->out, wide ? 0xffffffffu : (uint32_t)off);
	kt_buf_put_le16(&z->out, (uint16_t)strlen(comment));
	kt_buf_puts(&z->out, comment);
}

/* -- tar -------------------------------------------------------------------------------------- */

enum tar_form { TAR_USTAR, TAR_GNU, TAR_V7 };

static inline void tar_sum(uint8_t *h)
{
	unsigned sum = 0;

	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += h[i];
	snprintf((char *)h + 148, 8, "%06o", sum);
	h[155] = ' ';
}

/* A header; its bytes may be changed by the caller, who then calls tar_sum(). */
static inline uint8_t *tar_head(struct kt_buf *b, const char *name, char type, uint64_t size,
				enum tar_form form)
{
	uint8_t *h;
	size_t n = strlen(name);

	if (kt_buf_reserve(b, 512) < 0)
		abort();
	h = b->p + b->len;
	memset(h, 0, 512);
	memcpy(h, name, n < 100 ? n : 100);
	memcpy(h + 100, "0000644", 7);
	snprintf((char *)h + 124, 12, "%011llo", (unsigned long long)size & 077777777777);
	snprintf((char *)h + 136, 12, "%011llo", 1700000000ull);
	h[156] = (uint8_t)type;
	if (form == TAR_USTAR)
		memcpy(h + 257, "ustar\00000", 8);
	if (form == TAR_GNU)
		memcpy(h + 257, "ustar  ", 8);
	tar_sum(h);
	b->len += 512;
	return h;
}

static inline void tar_data(struct kt_buf *b, const void *p, size_t n)
{
	static const uint8_t zero[512];

	kt_buf_put(b, p, n);
	kt_buf_put(b, zero, (512 - n % 512) % 512);
}

static inline void tar_file(struct kt_buf *b, const char *name, const void *p, size_t n)
{
	tar_head(b, name, '0', n, TAR_USTAR);
	tar_data(b, p, n);
}

static inline void tar_end(struct kt_buf *b)
{
	static const uint8_t zero[1024];

	kt_buf_put(b, zero, sizeof(zero));
}

/* One pax record with its length in front. */
static inline void pax_put(struct kt_buf *b, const char *key, const void *value, size_t n)
{
	size_t len = strlen(key) + n + 3;
	char text[24];
	int k;

	do {
		k = snprintf(text, sizeof(text), "%zu", len);
		if (strlen(key) + n + 3 + (size_t)k == len)
			break;
		len = strlen(key) + n + 3 + (size_t)k;
	} while (true);
	kt_buf_puts(b, text);
	kt_buf_putc(b, ' ');
	kt_buf_puts(b, key);
	kt_buf_putc(b, '=');
	kt_buf_put(b, value, n);
	kt_buf_putc(b, '\n');
}

#endif
