/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * media-exif, HEIF part (HEIC, AVIF): where the Exif item of the picture stands. After ISO/IEC
 * 14496-12 section 8.11 (meta, iloc, iinf, pitm, iref, idat) and ISO/IEC 23008-12 annex A (the
 * item's first four bytes count what stands before its TIFF header).
 *
 * Boxes in the meta box are read together, because each read costs a request; idat lies in there
 * too, so up to META_READ bytes that a crafted file puts there are read with it.
 */
#include "parsers/plugins/media_exif.h"
#include "parsers/sdk/bmff.h"

#include <string.h>

#define TOP_MAX	   32u /* boxes of the file that are walked */
#define CHILD_MAX  64u /* boxes of meta */
#define META_READ  8192u
#define TABLE_MAX  65536u /* bytes of one table that did not fit into META_READ */
#define ITEMS_MAX  16u	  /* Exif items of one file */
#define EXIF_FIRST (4u + 6u + KT_EXIF_HEAD)

enum child { C_PITM, C_IINF, C_ILOC, C_IREF, C_IDAT, CHILDREN };

static const uint32_t child_types[CHILDREN] = {
	[C_PITM] = KT_BOX('p', 'i', 't', 'm'), [C_IINF] = KT_BOX('i', 'i', 'n', 'f'),
	[C_ILOC] = KT_BOX('i', 'l', 'o', 'c'), [C_IREF] = KT_BOX('i', 'r', 'e', 'f'),
	[C_IDAT] = KT_BOX('i', 'd', 'a', 't'),
};

struct heif {
	struct kt_ctx *ctx;
	struct kt_box meta;
	struct kt_box_win in; /* meta */
	bool there[CHILDREN];
	bool bad; /* the chain of boxes breaks */
	struct kt_box child[CHILDREN];
	uint32_t item[ITEMS_MAX];
	unsigned nitems;
};

/* Big-endian numbers one after the other; past the end: zeros, and failed is set. */
struct cursor {
	const uint8_t *p;
	size_t len, off;
	bool failed;
};

static uint64_t take(struct cursor *c, unsigned n)
{
	uint64_t v = 0;

	if (c->failed || n > c->len - c->off) {
		c->failed = true;
		return 0;
	}
	while (n-- > 0)
		v = v << 8 | c->p[c->off++];
	return v;
}

/* -- the meta box ----------------------------------------------------------------------------- */

static int find_meta(struct heif *h, uint64_t off, const char **why, struct kt_err *err)
{
	uint64_t size = kt_in_size(h->ctx);
	uint8_t p[KT_BOX_PEEK];
	size_t have;

	for (unsigned i = 0; i < TOP_MAX; i++) {
		int r = kt_box_read(h->ctx, off, size, p, KT_BOX_HEAD, &have, &h->meta, err);

		if (r < 0)
			return r;
		*why = r == KT_BOX_NONE ? "no-exif" : "heif-damaged";
		if (r != KT_BOX_OK)
			return 0;
		if (h->meta.type == KT_BOX('m', 'e', 't', 'a')) {
			*why = NULL;
			return 0;
		}
		off = h->meta.end;
	}
	*why = "too-many-boxes";
	return 0;
}

/* Where each table stands. */
static int find_children(struct heif *h, struct kt_err *err)
{
	uint64_t off = h->meta.body + 4; /* behind version and flags */
	struct kt_box b;

	for (unsigned i = 0; i < CHILD_MAX; i++) {
		int r = kt_box_at(h->ctx, &h->in, off, &b, err);

		if (r < 0)
			return r;
		h->bad |= r == KT_BOX_BAD;
		if (r != KT_BOX_OK)
			return 0;
		for (unsigned k = 0; k < CHILDREN; k++) {
			if (b.type != child_types[k] || h->there[k])
				continue;
			h->there[k] = true;
			h->child[k] = b;
		}
		off = b.end;
	}
	return 0;
}

/* A table's contents behind its version and flags; *version -1 when there is no such table. */
static int table(struct heif *h, enum child k, struct cursor *c, int *version, struct kt_err *err)
{
	int r;

	memset(c, 0, sizeof(*c));
	*version = -1;
	if (!h->there[k])
		return 0;
	r = kt_box_load(h->ctx, &h->in, &h->child[k], TABLE_MAX, &c->p, &c->len, err);
	if (r < 0 || c->len < 4)
		return r;
	*version = (int)take(c, 1);
	take(c, 3);
	return 0;
}

/* -- which item ------------------------------------------------------------------------------- */

/* Ids of the items of type Exif. */
static int list_items(struct heif *h, struct kt_err *err)
{
	struct cursor c;
	int version, r = table(h, C_IINF, &c, &version, err);
	size_t off;

	if (r < 0 || version < 0)
		return r;
	take(&c, version == 0 ? 2 : 4); /* how many: the box's end says it better */
	for (off = c.off; h->nitems < ITEMS_MAX;) {
		struct kt_box b;
		struct cursor e = {.p = c.p};
		uint32_t id;
		unsigned v;

		r = kt_box_next(c.p, c.len, 0, off, &b);
		if (r != KT_BOX_OK)
			break;
		off = (size_t)b.end;
		e.off = (size_t)b.body;
		e.len = (size_t)b.end;
		v = (unsigned)(take(&e, 4) >> 24);
		if (b.type != KT_BOX('i', 'n', 'f', 'e') || v < 2)
			continue;
		id = (uint32_t)take(&e, v == 2 ? 2 : 4);
		take(&e, 2); /* protection */
		if (take(&e, 4) == KT_BOX('E', 'x', 'i', 'f') && !e.failed)
			h->item[h->nitems++] = id;
	}
	h->bad |= r == KT_BOX_BAD;
	return 0;
}

/* Does this reference box ("cdsc": from describes to) lead from one of the items to the picture? */
static bool describes(const struct heif *h, struct cursor *c, unsigned width, uint32_t primary,
		      uint32_t *item)
{
	uint32_t from = (uint32_t)take(c, width), n = (uint32_t)take(c, 2);
	bool ours = false;

	for (unsigned i = 0; i < h->nitems; i++)
		ours |= h->item[i] == from;
	for (uint32_t i = 0; ours && i < n && !c->failed; i++) {
		if (take(c, width) == primary && !c->failed) {
			*item = from;
			return true;
		}
	}
	return false;
}

/* Of several Exif items the one that describes the file's main picture; else the first. */
static int choose_item(struct heif *h, uint32_t *item, struct kt_err *err)
{
	struct cursor c;
	int version, r;
	uint32_t primary;

	*item = h->item[0];
	if (h->nitems < 2)
		return 0;
	r = table(h, C_PITM, &c, &version, err);
	primary = (uint32_t)take(&c, version == 0 ? 2 : 4);
	if (r < 0 || version < 0 || c.failed)
		return r;
	r = table(h, C_IREF, &c, &version, err);
	if (r < 0)
		return r;
	for (size_t off = c.off; version >= 0;) {
		struct cursor e = {.p = c.p};
		struct kt_box b;

		if (kt_box_next(c.p, c.len, 0, off, &b) != KT_BOX_OK)
			break;
		off = (size_t)b.end;
		e.off = (size_t)b.body;
		e.len = (size_t)b.end;
		if (b.type == KT_BOX('c', 'd', 's', 'c') &&
		    describes(h, &e, version == 0 ? 2 : 4, primary, item))
			break;
	}
	return kt_note(
		h->ctx, "several-exif-items",
		"the file holds several; the one of its main picture is read, else the first", err);
}

/* -- where it stands -------------------------------------------------------------------------- */

struct iloc {
	int version;
	unsigned offset_size, length_size, base_size, index_size; /* bytes of a number */
	uint64_t count;
};

struct where {
	unsigned construction, reference;
	uint64_t off, len; /* the pieces, when they follow one another */
	unsigned extents;
	bool apart; /* they do not */
};

static bool iloc_head(struct cursor *c, int version, struct iloc *l)
{
	uint64_t sizes = take(c, 2);

	l->version = version;
	l->offset_size = (unsigned)(sizes >> 12);
	l->length_size = (unsigned)(sizes >> 8 & 15);
	l->base_size = (unsigned)(sizes >> 4 & 15);
	l->index_size = version > 0 ? (unsigned)(sizes & 15) : 0;
	l->count = take(c, version < 2 ? 2 : 4);
	return !c->failed && version <= 2 && l->offset_size <= 8 && l->length_size <= 8 &&
	       l->base_size <= 8 && l->index_size <= 8;
}

/* Reads one entry; false when the table ends in it, or a place makes no sense. */
static bool iloc_entry(struct cursor *c, const struct iloc *l, uint32_t *id, struct where *w)
{
	uint64_t base;
	bool sound = true;

	memset(w, 0, sizeof(*w));
	*id = (uint32_t)take(c, l->version < 2 ? 2 : 4);
	if (l->version > 0)
		w->construction = (unsigned)take(c, 2) & 15;
	w->reference = (unsigned)take(c, 2);
	base = take(c, l->base_size);
	w->extents = (unsigned)take(c, 2);
	for (unsigned i = 0; i < w->extents && !c->failed; i++) {
		uint64_t off, len;

		take(c, l->index_size);
		off = take(c, l->offset_size);
		len = take(c, l->length_size);
		sound &= !__builtin_add_overflow(base, off, &off);
		if (i == 0)
			w->off = off;
		else if (off - w->off != w->len)
			w->apart = true;
		sound &= !__builtin_add_overflow(w->len, len, &w->len);
		if (l->offset_size + l->length_size + l->index_size == 0)
			break; /* all alike, and as many as 65535 */
	}
	if (l->length_size == 0 || (w->extents == 1 && w->len == 0))
		w->len = UINT64_MAX; /* not given: all there is */
	return sound && !c->failed;
}

static int locate(struct heif *h, uint32_t item, struct where *w, const char **why,
		  struct kt_err *err)
{
	struct cursor c;
	struct iloc l;
	uint32_t id;
	int version, r = table(h, C_ILOC, &c, &version, err);

	if (r < 0)
		return r;
	*why = "heif-damaged";
	if (version < 0 || !iloc_head(&c, version, &l))
		return 0;
	for (uint64_t i = 0; i < l.count; i++) {
		if (!iloc_entry(&c, &l, &id, w))
			return 0;
		if (id != item)
			continue;
		*why = w->reference != 0 || w->construction > 1 ? "exif-elsewhere"
		       : w->apart				? "exif-in-pieces"
		       : w->extents == 0			? "heif-damaged"
								: NULL;
		return 0;
	}
	return 0;
}

/* From the item's place to that of its TIFF header. */
static int enter(struct heif *h, const struct where *w, struct media_place *at, const char **why,
		 struct kt_err *err)
{
	uint64_t from = w->off, limit = kt_in_size(h->ctx), skip, len;
	size_t n, got;
	int r;

	if (w->construction == 1) { /* counted in idat */
		from = 0;
		if (h->there[C_IDAT] &&
		    !__builtin_add_overflow(h->child[C_IDAT].body, w->off, &from))
			limit = h->child[C_IDAT].end;
		else
			limit = 0;
	}
	*why = "exif-outside-file";
	if (from >= limit)
		return 0;
	len = w->len < limit - from ? w->len : limit - from;
	n = len < EXIF_FIRST ? (size_t)len : EXIF_FIRST;
	r = kt_in_read(h->ctx, from, at->bytes, n, &got, err);
	if (r < 0)
		return r;
	*why = "exif-damaged";
	if (got < 4)
		return 0;
	skip = kt_get_be32(at->bytes);
	if (skip == 0 && got >= 10 && memcmp(at->bytes + 4, "Exif\0", 6) == 0)
		skip = 6; /* some writers put JPEG's mark there and do not count it */
	skip += 4;
	if (skip >= len)
		return 0;
	*why = NULL;
	at->base = from + skip;
	at->len = len - skip;
	if (skip < got) {
		at->head.off = at->base;
		at->head.len = got - (size_t)skip;
		at->head.p = at->bytes + skip;
	}
	return 0;
}

int kt_media_find_heif(struct kt_ctx *ctx, const uint8_t *p, size_t n, struct media_place *at,
		       const char **why, struct kt_err *err)
{
	struct heif *h = kt_alloc(ctx, sizeof(*h));
	struct where w = {.len = 0};
	struct kt_box ftyp;
	uint32_t item;
	int r;

	if (h == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "heif: no memory");
	memset(h, 0, sizeof(*h));
	h->ctx = ctx;
	*why = "heif-damaged";
	if (!kt_box_parse(p, n, 0, kt_in_size(ctx), &ftyp))
		return 0;
	r = find_meta(h, ftyp.end, why, err);
	if (r < 0 || *why != NULL)
		return r;
	r = kt_box_open(ctx, h->meta.body, h->meta.end, META_READ, &h->in, err);
	if (r == 0)
		r = find_children(h, err);
	if (r == 0)
		r = list_items(h, err);
	if (r < 0)
		return r;
	if (h->nitems == 0) {
		*why = h->bad || !h->there[C_IINF] ? "heif-damaged" : "no-exif";
		return 0;
	}
	r = choose_item(h, &item, err);
	if (r == 0)
		r = locate(h, item, &w, why, err);
	if (r < 0 || *why != NULL)
		return r;
	return enter(h, &w, at, why, err);
}
