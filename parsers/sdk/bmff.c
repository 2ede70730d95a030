/* SPDX-License-Identifier: EUPL-1.2 */
/* Box headers of ISO base media and QuickTime files. See bmff.h. */
#include "parsers/sdk/bmff.h"

bool kt_box_parse(const uint8_t *p, size_t have, uint64_t off, uint64_t limit, struct kt_box *b)
{
	uint64_t size, head = 8;

	if (have < 8 || off > limit)
		return false;
	size = kt_get_be32(p);
	b->type = kt_get_be32(p + 4);
	if (size == 1) {
		if (have < 16)
			return false;
		size = kt_get_be64(p + 8);
		head = 16;
	} else if (size == 0) { /* up to the end of what is around it */
		size = limit - off;
	}
	if (size < head)
		return false;
	b->cut = size > limit - off;
	b->off = off;
	b->body = off + head;
	b->end = b->cut ? limit : off + size;
	return b->body <= b->end;
}

int kt_box_read(struct kt_ctx *ctx, uint64_t off, uint64_t limit, uint8_t *p, size_t n,
		size_t *have, struct kt_box *b, struct kt_err *err)
{
	int r;

	*have = 0;
	if (off >= limit || limit - off < 8)
		return KT_BOX_NONE;
	r = kt_in_read(ctx, off, p, n < limit - off ? n : (size_t)(limit - off), have, err);
	if (r < 0)
		return r;
	if (*have == KT_BOX_HEAD && kt_get_be32(p) == 1) {
		size_t more;

		r = kt_in_read(ctx, off + KT_BOX_HEAD, p + KT_BOX_HEAD, KT_BOX_PEEK - KT_BOX_HEAD,
			       &more, err);
		if (r < 0)
			return r;
		*have += more;
	}
	return kt_box_parse(p, *have, off, limit, b) ? KT_BOX_OK : KT_BOX_BAD;
}

int kt_box_next(const uint8_t *p, size_t len, uint64_t base, uint64_t off, struct kt_box *b)
{
	size_t at;

	if (off < base || off - base >= len || len - (size_t)(off - base) < 8)
		return KT_BOX_NONE;
	at = (size_t)(off - base);
	return kt_box_parse(p + at, len - at, off, base + len, b) ? KT_BOX_OK : KT_BOX_BAD;
}

int kt_box_open(struct kt_ctx *ctx, uint64_t base, uint64_t end, size_t n, struct kt_box_win *w,
		struct kt_err *err)
{
	w->base = base;
	w->end = end;
	w->len = 0;
	w->p = NULL;
	if (n > end - base)
		n = (size_t)(end - base);
	if (n == 0)
		return 0;
	w->p = kt_alloc(ctx, n);
	if (w->p == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a box");
	return kt_in_read(ctx, base, w->p, n, &w->len, err);
}

int kt_box_at(struct kt_ctx *ctx, const struct kt_box_win *w, uint64_t off, struct kt_box *b,
	      struct kt_err *err)
{
	uint64_t in = off - w->base;
	uint8_t p[KT_BOX_PEEK];
	size_t have;

	if (off >= w->end || w->end - off < 8)
		return KT_BOX_NONE;
	if (in < w->len && (w->len - in >= KT_BOX_PEEK || w->base + w->len == w->end))
		return kt_box_parse(w->p + in, w->len - (size_t)in, off, w->end, b) ? KT_BOX_OK
										    : KT_BOX_BAD;
	return kt_box_read(ctx, off, w->end, p, KT_BOX_HEAD, &have, b, err);
}

int kt_box_load(struct kt_ctx *ctx, const struct kt_box_win *w, const struct kt_box *b, size_t max,
		const uint8_t **p, size_t *n, struct kt_err *err)
{
	uint64_t in = b->body - w->base, len = b->end - b->body;
	uint8_t *m;

	*n = len < max ? (size_t)len : max;
	*p = w->p;
	if (in <= w->len && *n <= w->len - in) {
		*p = *n > 0 ? w->p + in : NULL;
		return 0;
	}
	m = kt_alloc(ctx, *n);
	if (m == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a box");
	*p = m;
	return kt_in_read(ctx, b->body, m, *n, n, err);
}
