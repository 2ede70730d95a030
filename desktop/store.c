/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/store.h"

#include <string.h>
#include <zlib.h>

#define BLOCK 65536
#define LEVEL 3 /* 6 saves a quarter more and takes twice as long */

struct block {
	guint8 *p;
	guint32 packed, n;
};

struct kd_store {
	GArray *blocks; /* struct block; all but the last hold BLOCK bytes */
	guint8 *open;	/* the one that is being filled */
	gsize used;
};

static void block_clear(gpointer data)
{
	g_free(((struct block *)data)->p);
}

struct kd_store *kd_store_new(void)
{
	struct kd_store *s = g_new0(struct kd_store, 1);

	s->blocks = g_array_new(FALSE, FALSE, sizeof(struct block));
	g_array_set_clear_func(s->blocks, block_clear);
	s->open = g_malloc(BLOCK);
	return s;
}

void kd_store_free(struct kd_store *s)
{
	if (s == NULL)
		return;
	g_array_unref(s->blocks);
	g_free(s->open);
	g_free(s);
}

static bool put_away(struct kd_store *s)
{
	uLongf n = compressBound(BLOCK);
	guint8 *packed = g_malloc(n);
	struct block b;

	if (compress2(packed, &n, s->open, s->used, LEVEL) != Z_OK) {
		g_free(packed);
		return false;
	}
	b.p = g_memdup2(packed, n);
	b.packed = (guint32)n;
	b.n = (guint32)s->used;
	g_free(packed);
	g_array_append_val(s->blocks, b);
	s->used = 0;
	return true;
}

bool kd_store_add(struct kd_store *s, const void *p, gsize n)
{
	const guint8 *from = p;

	while (n > 0) {
		gsize k = MIN(n, BLOCK - s->used);

		memcpy(s->open + s->used, from, k);
		s->used += k;
		from += k;
		n -= k;
		if (s->used == BLOCK && !put_away(s))
			return false;
	}
	return true;
}

bool kd_store_end(struct kd_store *s)
{
	bool good = s->used == 0 || put_away(s);

	g_clear_pointer(&s->open, g_free);
	return good;
}

static const struct block *unpack(const struct kd_store *s, struct kd_reader *r, guint64 at)
{
	const struct block *b;
	uLongf n = BLOCK;

	if (at >= s->blocks->len)
		return NULL;
	b = &g_array_index(s->blocks, struct block, at);
	if (r->at == at + 1)
		return b;
	if (r->block == NULL)
		r->block = g_malloc(BLOCK);
	r->at = 0;
	if (uncompress(r->block, &n, b->p, b->packed) != Z_OK || n != b->n)
		return NULL;
	r->at = (guint)at + 1;
	return b;
}

const char *kd_store_read(const struct kd_store *s, struct kd_reader *r, guint64 off, gsize len)
{
	const struct block *b = unpack(s, r, off / BLOCK);
	gsize from = off % BLOCK;

	if (b == NULL || from > b->n)
		return NULL;
	if (len <= b->n - from)
		return (const char *)r->block + from;
	if (r->out == NULL)
		r->out = g_byte_array_new();
	g_byte_array_set_size(r->out, 0);
	while (len > 0) {
		gsize k;

		b = unpack(s, r, off / BLOCK);
		from = off % BLOCK;
		if (b == NULL || from >= b->n)
			return NULL;
		k = MIN(len, b->n - from);
		g_byte_array_append(r->out, r->block + from, (guint)k);
		off += k;
		len -= k;
	}
	return (const char *)r->out->data;
}

void kd_reader_clear(struct kd_reader *r)
{
	g_clear_pointer(&r->block, g_free);
	if (r->out != NULL)
		g_byte_array_unref(r->out);
	r->out = NULL;
	r->at = 0;
}
