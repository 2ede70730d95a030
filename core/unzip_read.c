/* SPDX-License-Identifier: EUPL-1.2 */
/* Members of a ZIP archive, in order and at random; see unzip.h. */
#include "core/unzip_i.h"

#include "core/buf.h"
#include "core/err.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define SIG_LOCAL  0x04034b50u
#define FLAG_LATER 8u /* sizes follow the data */
#define IN_BUF	   ((size_t)128 << 10)
#define RATIO	   1100u /* deflate itself can't do more than 1,032 to 1 */

struct kt_unzip_stream {
	const struct kt_unzip *z;
	const struct kt_unzip_member *m;
	uint64_t data;	  /* offset of the packed bytes */
	uint64_t in_done; /* packed bytes taken in */
	uint64_t out_done;
	uint32_t crc, rewinds;
	bool checked; /* size and CRC were right */
	bool started; /* zs is initialised */
	z_stream zs;
	uint8_t in[IN_BUF];
	uint8_t drop[IN_BUF];
};

/* The local header says the same as the directory; *data gets where the packed bytes begin. */
static int check_local(const struct kt_unzip *z, uint32_t i, uint64_t *data, struct kt_err *err)
{
	const struct kt_unzip_member *m = &z->m[i];
	uint8_t head[KT_UNZIP_LOCAL], *rest;
	uint64_t size, packed;
	size_t name_len, extra_len;
	bool later, same;
	int r = kt_unzip_exact(&z->src, m->local_off, head, KT_UNZIP_LOCAL, err);

	if (r < 0)
		return r;
	name_len = kt_get_le16(head + 26);
	extra_len = kt_get_le16(head + 28);
	if (kt_get_le32(head) != SIG_LOCAL || kt_get_le16(head + 8) != m->method ||
	    name_len != m->name_len)
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: member %u: its own header differs", i);
	*data = m->local_off + KT_UNZIP_LOCAL + name_len + extra_len;
	if (*data > z->limit[i] || m->packed > z->limit[i] - *data)
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: member %u reaches into what follows it", i);
	rest = malloc(name_len + extra_len + 1);
	if (rest == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a ZIP header");
	r = kt_unzip_exact(&z->src, m->local_off + KT_UNZIP_LOCAL, rest, name_len + extra_len, err);
	packed = kt_get_le32(head + 18);
	size = kt_get_le32(head + 22);
	later = (kt_get_le16(head + 6) & FLAG_LATER) != 0;
	same = r == 0 && memcmp(rest, m->name, name_len) == 0 &&
	       kt_unzip_widen(rest + name_len, extra_len, &size, &packed, NULL);
	/* sizes that are written behind the data are often zero here */
	if (same && !(later && size == 0 && packed == 0))
		same = size == m->size && packed == m->packed;
	if (same && !(later && kt_get_le32(head + 14) == 0))
		same = kt_get_le32(head + 14) == m->crc;
	free(rest);
	if (r == 0 && !same)
		r = KT_FAIL(err, KT_E_FORMAT, "ZIP: member %u: its own header differs", i);
	return r;
}

static int check_member(const struct kt_unzip *z, uint32_t i, struct kt_err *err)
{
	const struct kt_unzip_member *m = &z->m[i];

	if (m->encrypted)
		return KT_FAIL(err, KT_E_REFUSED, "ZIP: member %u is encrypted", i);
	if (m->method != 0 && m->method != 8)
		return KT_FAIL(err, KT_E_FORMAT,
			       "ZIP: member %u: compression method %u is not read", i, m->method);
	if (m->method == 0 && m->packed != m->size)
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: member %u: two sizes for stored bytes", i);
	if (m->method == 8 && m->size / RATIO > m->packed)
		return KT_FAIL(err, KT_E_LIMIT, "ZIP: member %u claims %llu bytes out of %llu", i,
			       (unsigned long long)m->size, (unsigned long long)m->packed);
	return 0;
}

int kt_unzip_start(struct kt_unzip *z, uint32_t i, struct kt_unzip_stream **out, struct kt_err *err)
{
	struct kt_unzip_stream *s;
	uint64_t data = 0;
	int r;

	*out = NULL;
	if (i >= z->n)
		return KT_FAIL(err, KT_E_USAGE, "ZIP: no member %u", i);
	r = check_member(z, i, err);
	if (r == 0)
		r = check_local(z, i, &data, err);
	if (r < 0)
		return r;
	s = malloc(sizeof(*s));
	if (s == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a ZIP member");
	/* the two buffers need no zeros */
	memset(s, 0, offsetof(struct kt_unzip_stream, in));
	s->z = z;
	s->m = &z->m[i];
	s->data = data;
	if (s->m->method == 8 && inflateInit2(&s->zs, -MAX_WBITS) != Z_OK) {
		free(s);
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a ZIP member");
	}
	s->started = s->m->method == 8;
	*out = s;
	return 0;
}

void kt_unzip_stop(struct kt_unzip_stream **s)
{
	if (*s == NULL)
		return;
	if ((*s)->started)
		inflateEnd(&(*s)->zs);
	free(*s);
	*s = NULL;
}

uint32_t kt_unzip_rewinds(const struct kt_unzip_stream *s)
{
	return s->rewinds;
}

static int read_stored(struct kt_unzip_stream *s, void *p, size_t n, size_t *got,
		       struct kt_err *err)
{
	uint64_t left = s->m->size - s->out_done;
	int r;

	if (n > left)
		n = (size_t)left;
	r = n > 0 ? kt_unzip_exact(&s->z->src, s->data + s->out_done, p, n, err) : 0;
	if (r == 0)
		*got = n;
	return r;
}

/* More packed bytes, when all were used. */
static int refill(struct kt_unzip_stream *s, struct kt_err *err)
{
	uint64_t left = s->m->packed - s->in_done;
	size_t n = left < IN_BUF ? (size_t)left : IN_BUF;
	int r;

	if (s->zs.avail_in > 0 || n == 0)
		return 0;
	r = kt_unzip_exact(&s->z->src, s->data + s->in_done, s->in, n, err);
	if (r < 0)
		return r;
	s->in_done += n;
	s->zs.next_in = s->in;
	s->zs.avail_in = (uInt)n;
	return 0;
}

/* The last bytes were given out: the end mark, and nothing else, must follow. */
static int find_stream_end(struct kt_unzip_stream *s, struct kt_err *err)
{
	uint8_t beyond;
	int k = Z_OK;

	s->zs.next_out = &beyond;
	s->zs.avail_out = 1;
	while (k == Z_OK && s->zs.avail_out == 1) {
		int r = refill(s, err);

		if (r < 0)
			return r;
		k = inflate(&s->zs, Z_NO_FLUSH);
	}
	if (k != Z_STREAM_END || s->zs.avail_out != 1)
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: a member is longer than its directory says");
	return 0;
}

static int read_deflated(struct kt_unzip_stream *s, void *p, size_t n, size_t *got,
			 struct kt_err *err)
{
	bool end = false;

	if (n > INT32_MAX)
		n = INT32_MAX;
	s->zs.next_out = p;
	s->zs.avail_out = (uInt)n;
	while (s->zs.avail_out > 0 && !end) {
		int r = refill(s, err), k;

		if (r < 0)
			return r;
		k = inflate(&s->zs, Z_NO_FLUSH);
		end = k == Z_STREAM_END;
		if (k == Z_MEM_ERROR)
			return KT_FAIL(err, KT_E_NOMEM, "no memory for a ZIP member");
		if (!end && k != Z_OK)
			return KT_FAIL(err, KT_E_FORMAT, "ZIP: packed data are damaged or cut");
	}
	*got = n - s->zs.avail_out;
	if (*got > s->m->size - s->out_done)
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: a member is longer than its directory says");
	/* all its bytes are out: the packed stream must end here too */
	if (!end && s->out_done + *got == s->m->size) {
		int r = find_stream_end(s, err);

		if (r < 0)
			return r;
		end = true;
	}
	if (end && (s->zs.avail_in > 0 || s->in_done != s->m->packed))
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: bytes behind the packed data of a member");
	if (end && s->out_done + *got != s->m->size)
		return KT_FAIL(err, KT_E_FORMAT,
			       "ZIP: a member is shorter than its directory says");
	return 0;
}

int kt_unzip_read(struct kt_unzip_stream *s, void *p, size_t n, size_t *got, struct kt_err *err)
{
	int r;

	*got = 0;
	if (s->checked || n == 0)
		return 0;
	r = s->started ? read_deflated(s, p, n, got, err) : read_stored(s, p, n, got, err);
	if (r < 0) {
		*got = 0;
		return r;
	}
	s->crc = (uint32_t)crc32_z(s->crc, p, *got);
	s->out_done += *got;
	if (s->out_done < s->m->size)
		return 0;
	if (s->crc != s->m->crc) {
		*got = 0;
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: the CRC-32 of a member is wrong");
	}
	s->checked = true;
	return 0;
}

/* Back to the first byte. */
static int rewind_stream(struct kt_unzip_stream *s, struct kt_err *err)
{
	if (inflateReset(&s->zs) != Z_OK)
		return KT_FAIL(err, KT_E_INTERNAL, "zlib can't start again");
	s->zs.avail_in = 0;
	s->in_done = s->out_done = 0;
	s->crc = 0;
	s->checked = false;
	s->rewinds++;
	return 0;
}

int kt_unzip_read_at(struct kt_unzip_stream *s, uint64_t off, void *p, size_t n, size_t *got,
		     struct kt_err *err)
{
	uint8_t *at = p;
	size_t k;
	int r = 0;

	*got = 0;
	if (off >= s->m->size)
		return 0;
	if (n > s->m->size - off)
		n = (size_t)(s->m->size - off);
	if (!s->started) {
		r = kt_unzip_exact(&s->z->src, s->data + off, p, n, err);
		*got = r == 0 ? n : 0;
		return r;
	}
	if (off < s->out_done)
		r = rewind_stream(s, err);
	while (r == 0 && s->out_done < off) {
		uint64_t gap = off - s->out_done;

		r = kt_unzip_read(s, s->drop, gap < IN_BUF ? (size_t)gap : IN_BUF, &k, err);
	}
	while (r == 0 && *got < n) {
		r = kt_unzip_read(s, at + *got, n - *got, &k, err);
		*got += k;
	}
	return r;
}
