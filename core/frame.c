/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/frame.h"
#include "core/err.h"
#include "core/io.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define READ_STEP ((size_t)64 << 10)

void kt_frame_reader_init(struct kt_frame_reader *r, int fd, size_t max)
{
	memset(r, 0, sizeof(*r));
	r->fd = fd;
	r->max = max;
	kt_buf_init(&r->in, max + KT_FRAME_HEAD + 2 * READ_STEP);
}

void kt_frame_reader_free(struct kt_frame_reader *r)
{
	kt_buf_free(&r->in);
}

static void drop_used(struct kt_frame_reader *r)
{
	if (r->used > 0) {
		kt_buf_consume(&r->in, r->used);
		r->used = 0;
	}
}

int kt_frame_fill(struct kt_frame_reader *r, struct kt_err *err)
{
	size_t want = READ_STEP;
	ssize_t n;

	drop_used(r);
	/* A known large frame is read in one go rather than in steps. */
	if (r->in.len >= KT_FRAME_HEAD) {
		size_t need = (size_t)kt_get_le32(r->in.p) + KT_FRAME_HEAD;
		if (need <= r->max + KT_FRAME_HEAD && need > r->in.len + want)
			want = need - r->in.len;
	}
	if (kt_buf_reserve(&r->in, want) < 0)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a frame of %zu bytes", want);
	do {
		n = read(r->fd, r->in.p + r->in.len, want);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return 0;
		return KT_FAIL(err, KT_E_STORAGE, "reading frames: %s", strerror(errno));
	}
	if (n == 0) {
		r->eof = true;
		return KT_E_ABSENT;
	}
	r->in.len += (size_t)n;
	r->bytes += (uint64_t)n;
	return 1;
}

int kt_frame_next(struct kt_frame_reader *r, struct kt_frame *f, struct kt_err *err)
{
	const uint8_t *p = r->in.p + r->used;
	size_t have = r->in.len - r->used;
	uint32_t len;

	if (have < KT_FRAME_HEAD)
		return 0;
	len = kt_get_le32(p);
	if (len > r->max)
		return KT_FAIL(err, KT_E_LIMIT, "frame of %u bytes exceeds the limit of %zu",
			       (unsigned)len, r->max);
	if (have - KT_FRAME_HEAD < len)
		return 0;
	f->type = p[4];
	f->p = p + KT_FRAME_HEAD;
	f->len = len;
	r->used += KT_FRAME_HEAD + (size_t)len;
	r->frames++;
	return 1;
}

int kt_frame_get(struct kt_frame_reader *r, struct kt_frame *f, struct kt_err *err)
{
	for (;;) {
		int n = kt_frame_next(r, f, err);
		if (n != 0)
			return n < 0 ? n : 0;
		n = kt_frame_fill(r, err);
		if (n == KT_E_ABSENT && r->in.len > r->used)
			return KT_FAIL(err, KT_E_FORMAT, "stream ended inside a frame");
		if (n < 0)
			return n;
	}
}

int kt_frame_put(struct kt_buf *b, uint8_t type, const void *p, size_t n)
{
	if (n > KT_FRAME_MAX) {
		b->failed = true;
		return KT_E_LIMIT;
	}
	kt_buf_put_le32(b, (uint32_t)n);
	kt_buf_put_u8(b, type);
	return kt_buf_put(b, p, n);
}

size_t kt_frame_begin(struct kt_buf *b, uint8_t type)
{
	size_t start = b->len;

	kt_buf_put_le32(b, 0);
	kt_buf_put_u8(b, type);
	return start;
}

void kt_frame_end(struct kt_buf *b, size_t start)
{
	if (b->failed)
		return;
	kt_put_le32(b->p + start, (uint32_t)(b->len - start - KT_FRAME_HEAD));
}

int kt_frame_write(int fd, uint8_t type, const void *p, size_t n, struct kt_err *err)
{
	uint8_t head[KT_FRAME_HEAD];

	if (n > KT_FRAME_MAX)
		return KT_FAIL(err, KT_E_LIMIT, "frame of %zu bytes is too long to send", n);
	kt_put_le32(head, (uint32_t)n);
	head[4] = type;
	return kt_write2_full(fd, head, sizeof(head), p, n, err);
}
