/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Fetching EXIF values with few, exact reads. Layout after TIFF 6.0 (1992) section 2 and EXIF 2.32
 * (CIPA DC-008) section 4.6: an 8-byte header, then directories (IFDs) of u16 count, 12-byte
 * entries {u16 tag, u16 type, u32 count, u32 value or offset} and a u32 offset of the next one.
 * That last offset is never read: the second directory describes the thumbnail.
 */
#include "parsers/sdk/exif.h"

#include <string.h>

#define ENTRY 12u

/*
 * Two wanted ranges become one read when at most this many bytes lie between them, and none of
 * those belongs to a text or opaque value (maker note, comment) of a directory read so far. It
 * bridges the resolution rationals that most cameras put between Model and DateTime.
 */
#define GAP_MAX 32u

static const struct want {
	uint8_t dir; /* enum kt_exif_dir */
	uint16_t tag;
} wants[KT_XT_COUNT] = {
	[KT_XT_MAKE] = {KT_XD_IFD0, 0x010f},	     [KT_XT_MODEL] = {KT_XD_IFD0, 0x0110},
	[KT_XT_SOFTWARE] = {KT_XD_IFD0, 0x0131},     [KT_XT_MODIFIED] = {KT_XD_IFD0, 0x0132},
	[KT_XT_EXIF_IFD] = {KT_XD_IFD0, 0x8769},     [KT_XT_GPS_IFD] = {KT_XD_IFD0, 0x8825},
	[KT_XT_TAKEN] = {KT_XD_EXIF, 0x9003},	     [KT_XT_CREATED] = {KT_XD_EXIF, 0x9004},
	[KT_XT_TAKEN_OFFSET] = {KT_XD_EXIF, 0x9011}, [KT_XT_CREATED_OFFSET] = {KT_XD_EXIF, 0x9012},
	[KT_XT_LAT_REF] = {KT_XD_GPS, 0x01},	     [KT_XT_LAT] = {KT_XD_GPS, 0x02},
	[KT_XT_LON_REF] = {KT_XD_GPS, 0x03},	     [KT_XT_LON] = {KT_XD_GPS, 0x04},
	[KT_XT_ALT_REF] = {KT_XD_GPS, 0x05},	     [KT_XT_ALT] = {KT_XD_GPS, 0x06},
	[KT_XT_GPS_TIME] = {KT_XD_GPS, 0x07},	     [KT_XT_GPS_STATUS] = {KT_XD_GPS, 0x09},
	[KT_XT_SPEED_REF] = {KT_XD_GPS, 0x0c},	     [KT_XT_SPEED] = {KT_XD_GPS, 0x0d},
	[KT_XT_DIRECTION_REF] = {KT_XD_GPS, 0x10},   [KT_XT_DIRECTION] = {KT_XD_GPS, 0x11},
	[KT_XT_DATUM] = {KT_XD_GPS, 0x12},	     [KT_XT_GPS_DATE] = {KT_XD_GPS, 0x1d},
	[KT_XT_ACCURACY] = {KT_XD_GPS, 0x1f},
};

struct span {
	uint64_t off; /* in the block */
	uint32_t len;
};

#define SPANS (KT_XT_COUNT + KT_XD_COUNT)

static bool in_block(const struct kt_exif *x, uint64_t off, uint64_t n)
{
	return off <= x->len && n <= x->len - off;
}

/* Bytes of the block that were read, or NULL. */
static const uint8_t *at(const struct kt_exif *x, uint64_t off, uint64_t n)
{
	uint64_t abs = x->base + off;

	for (unsigned i = 0; i < x->npieces; i++) {
		const struct kt_exif_piece *c = &x->piece[i];
		if (abs >= c->off && abs - c->off <= c->len && n <= c->len - (abs - c->off))
			return c->p + (abs - c->off);
	}
	return NULL;
}

static uint32_t type_size(uint16_t type)
{
	static const uint8_t size[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};

	if (type == KT_XTYPE_UTF8)
		return 1;
	return type < sizeof(size) ? size[type] : 0;
}

static bool is_text(uint16_t type)
{
	return type == KT_XTYPE_ASCII || type == KT_XTYPE_UTF8 || type == KT_XTYPE_BYTE ||
	       type == KT_XTYPE_UNDEFINED;
}

/* Do any of these bytes belong to a text or opaque value that is not wanted? */
static bool foreign(const struct kt_exif *x, uint64_t from, uint64_t to)
{
	for (unsigned d = 0; d < KT_XD_COUNT; d++) {
		for (uint32_t i = 0; i < x->dir[d].n; i++) {
			const uint8_t *e = x->dir[d].p + i * ENTRY;
			uint64_t n = kt_exif_u32(x, e + 4), off = kt_exif_u32(x, e + 8);

			if (n > 4 && is_text(kt_exif_u16(x, e + 2)) && off < to && off + n > from)
				return true;
		}
	}
	return false;
}

static int read_piece(struct kt_ctx *ctx, struct kt_exif *x, uint64_t off, uint64_t n,
		      struct kt_err *err)
{
	struct kt_exif_piece *c = &x->piece[x->npieces];
	uint8_t *p;
	int r;

	if (x->npieces >= KT_EXIF_PIECES)
		return KT_FAIL(err, KT_E_INTERNAL, "exif: more pieces than wanted values");
	p = kt_alloc(ctx, (size_t)n);
	if (p == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "exif: no memory for values");
	c->off = x->base + off;
	r = kt_in_read(ctx, c->off, p, (size_t)n, &c->len, err);
	if (r < 0)
		return r;
	c->p = p;
	x->npieces++;
	return 0;
}

/* Reads what is not there yet of n spans, all inside the block, with as few reads as allowed. */
static int fetch(struct kt_ctx *ctx, struct kt_exif *x, struct span *s, unsigned n,
		 struct kt_err *err)
{
	unsigned k = 0;

	for (unsigned i = 0; i < n; i++) { /* drop what is there, sort the rest by offset */
		struct span cur = s[i];
		unsigned j = k;

		if (at(x, cur.off, cur.len) != NULL)
			continue;
		for (; j > 0 && s[j - 1].off > cur.off; j--)
			s[j] = s[j - 1];
		s[j] = cur;
		k++;
	}
	for (unsigned i = 0; i < k;) {
		uint64_t from = s[i].off, to = from + s[i].len;
		int r;

		for (i++; i < k; i++) {
			if (s[i].off > to && (s[i].off - to > GAP_MAX || foreign(x, to, s[i].off)))
				break;
			if (s[i].off + s[i].len > to)
				to = s[i].off + s[i].len;
		}
		r = read_piece(ctx, x, from, to - from, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Fills in one wanted value from its entry; where it lies apart, adds the span to read. */
static void take_entry(struct kt_exif *x, enum kt_exif_tag t, const uint8_t *e, uint64_t entry,
		       struct span *s, unsigned *n)
{
	struct kt_exif_val *v = &x->val[t];
	uint32_t size;
	uint64_t len, rel;

	if (v->state != KT_XS_ABSENT) {
		v->duplicate = true;
		return;
	}
	v->type = kt_exif_u16(x, e + 2);
	v->count = kt_exif_u32(x, e + 4);
	v->entry = entry;
	v->off = entry + 8;
	size = type_size(v->type);
	len = (uint64_t)size * v->count;
	v->state = KT_XS_OK;
	if (len > KT_EXIF_TEXT && is_text(v->type)) {
		v->state = KT_XS_CUT;
		len = KT_EXIF_TEXT;
	}
	if (size == 0 || len > KT_EXIF_TEXT) {
		v->state = KT_XS_BAD;
		return;
	}
	v->len = (size_t)len;
	if (len <= 4) {
		v->p = e + 8;
		return;
	}
	rel = kt_exif_u32(x, e + 8);
	if (!in_block(x, rel, len)) {
		v->state = KT_XS_OUTSIDE;
		v->len = 0;
		return;
	}
	v->off = x->base + rel;
	s[*n].off = rel;
	s[(*n)++].len = (uint32_t)len;
}

static void scan_dir(struct kt_exif *x, enum kt_exif_dir d, struct span *s, unsigned *n)
{
	const struct kt_exif_table *dir = &x->dir[d];

	for (uint32_t i = 0; i < dir->n; i++) {
		const uint8_t *e = dir->p + i * ENTRY;
		uint16_t tag = kt_exif_u16(x, e);

		for (unsigned t = 0; t < KT_XT_COUNT; t++)
			if (wants[t].dir == d && wants[t].tag == tag)
				take_entry(x, (enum kt_exif_tag)t, e, dir->off + 2 + i * ENTRY, s,
					   n);
	}
}

/* Do these bytes belong to the header or a directory's table? Then no value can stand there. */
static bool structure(const struct kt_exif *x, uint64_t off, uint64_t n)
{
	if (off < 8)
		return true;
	for (unsigned d = 0; d < KT_XD_COUNT; d++) {
		uint64_t from = x->dir[d].off - x->base,
			 to = from + 2 + (uint64_t)ENTRY * x->dir[d].n;

		if (x->dir[d].n > 0 && off < to && off + n > from)
			return true;
	}
	return false;
}

/* Points the values that lie apart to the bytes read. */
static void resolve(struct kt_exif *x)
{
	for (unsigned t = 0; t < KT_XT_COUNT; t++) {
		struct kt_exif_val *v = &x->val[t];

		if ((v->state != KT_XS_OK && v->state != KT_XS_CUT) || v->p != NULL)
			continue;
		v->p = at(x, v->off - x->base, v->len);
		if (v->p == NULL)
			v->state = KT_XS_OUTSIDE;
		else if (structure(x, v->off - x->base, v->len))
			v->state = KT_XS_BAD;
	}
}

/* A directory's place, and the span of its entry count. */
static void place_dir(struct kt_exif *x, enum kt_exif_dir d, uint64_t rel, struct span *s,
		      unsigned *n)
{
	x->dir[d].state = KT_XS_OUTSIDE;
	x->dir[d].off = x->base + rel;
	if (rel < 8 || !in_block(x, rel, 2))
		return;
	x->dir[d].state = KT_XS_OK;
	s[*n].off = rel;
	s[(*n)++].len = 2;
}

/* Follows the pointer in IFD0, if it is one. */
static void place_sub_dir(struct kt_exif *x, enum kt_exif_dir d, enum kt_exif_tag t, struct span *s,
			  unsigned *n)
{
	const struct kt_exif_val *v = &x->val[t];

	if (v->state == KT_XS_ABSENT || (v->state == KT_XS_OK && v->count == 0))
		return; /* a pointer of no elements points to nothing */
	if (v->state != KT_XS_OK || v->count != 1 ||
	    (v->type != KT_XTYPE_LONG && v->type != KT_XTYPE_IFD)) {
		x->dir[d].state = KT_XS_BAD;
		x->dir[d].off = v->entry;
		return;
	}
	place_dir(x, d, kt_exif_u32(x, v->p), s, n);
}

/* With its count read: how many entries there are to read, and their span. */
static void size_dir(struct kt_exif *x, enum kt_exif_dir d, struct span *s, unsigned *n)
{
	struct kt_exif_table *dir = &x->dir[d];
	uint64_t rel = dir->off - x->base, room;
	const uint8_t *p;

	if (dir->state != KT_XS_OK)
		return;
	p = at(x, rel, 2);
	if (p == NULL) {
		dir->state = KT_XS_OUTSIDE;
		return;
	}
	dir->n = kt_exif_u16(x, p);
	room = (x->len - rel - 2) / ENTRY;
	if (dir->n > KT_EXIF_ENTRIES) {
		dir->state = KT_XS_BAD;
		dir->n = 0;
	} else if (dir->n > room) {
		dir->state = KT_XS_CUT;
		dir->n = (uint32_t)room;
	}
	if (dir->n > 0) {
		s[*n].off = rel + 2;
		s[(*n)++].len = dir->n * ENTRY;
	}
}

static void find_dir(struct kt_exif *x, enum kt_exif_dir d, uint32_t n)
{
	struct kt_exif_table *dir = &x->dir[d];

	dir->p = n > 0 ? at(x, dir->off + 2 - x->base, (uint64_t)n * ENTRY) : NULL;
	dir->n = dir->p != NULL ? n : 0;
	if (n > 0 && dir->p == NULL)
		dir->state = KT_XS_OUTSIDE;
}

/* Reads the tables of the directories d0..d1, whose places are known and counts read. */
static int read_tables(struct kt_ctx *ctx, struct kt_exif *x, unsigned d0, unsigned d1,
		       struct kt_err *err)
{
	struct span s[SPANS];
	uint32_t n[KT_XD_COUNT];
	unsigned k = 0;
	int r;

	for (unsigned d = d0; d <= d1; d++) {
		size_dir(x, (enum kt_exif_dir)d, s, &k);
		n[d] = x->dir[d].n;
		x->dir[d].n = 0; /* until the table is there: fetch() looks into tables */
	}
	r = fetch(ctx, x, s, k, err);
	for (unsigned d = d0; d <= d1 && r == 0; d++)
		find_dir(x, (enum kt_exif_dir)d, n[d]);
	return r;
}

/* The header: byte order and the place of IFD0. 1, 0 or negative. */
static int read_head(struct kt_ctx *ctx, struct kt_exif *x, struct kt_err *err)
{
	struct span s[1] = {{0, KT_EXIF_HEAD}};
	unsigned n = 0;
	const uint8_t *p;
	int r;

	if (x->len < KT_EXIF_HEAD)
		return 0;
	r = fetch(ctx, x, s, 1, err);
	if (r < 0)
		return r;
	p = at(x, 0, KT_EXIF_HEAD);
	if (p == NULL)
		return 0;
	x->big_endian = p[0] == 'M';
	if ((p[0] != 'I' && p[0] != 'M') || p[1] != p[0] || kt_exif_u16(x, p + 2) != 42)
		return 0;
	place_dir(x, KT_XD_IFD0, kt_exif_u32(x, p + 4), s, &n);
	r = fetch(ctx, x, s, n, err);
	if (r < 0)
		return r;
	return x->dir[KT_XD_IFD0].state == KT_XS_OK;
}

int kt_exif_read(struct kt_ctx *ctx, uint64_t base, uint64_t len, const struct kt_exif_piece *head,
		 struct kt_exif *x, struct kt_err *err)
{
	struct span s[SPANS];
	unsigned n = 0;
	int r;

	memset(x, 0, sizeof(*x));
	if (base > kt_in_size(ctx))
		return 0;
	x->base = base;
	x->len = len < kt_in_size(ctx) - base ? len : kt_in_size(ctx) - base;
	if (head != NULL)
		x->piece[x->npieces++] = *head;
	r = read_head(ctx, x, err);
	if (r <= 0)
		return r;
	r = read_tables(ctx, x, KT_XD_IFD0, KT_XD_IFD0, err);
	if (r < 0)
		return r;
	if (x->dir[KT_XD_IFD0].n == 0)
		return 0;
	scan_dir(x, KT_XD_IFD0, s, &n);
	place_sub_dir(x, KT_XD_EXIF, KT_XT_EXIF_IFD, s, &n);
	place_sub_dir(x, KT_XD_GPS, KT_XT_GPS_IFD, s, &n);
	r = fetch(ctx, x, s, n, err); /* camera texts, and the counts of both directories */
	if (r < 0)
		return r;
	r = read_tables(ctx, x, KT_XD_EXIF, KT_XD_GPS, err);
	if (r < 0)
		return r;
	n = 0;
	scan_dir(x, KT_XD_EXIF, s, &n);
	scan_dir(x, KT_XD_GPS, s, &n);
	r = fetch(ctx, x, s, n, err);
	if (r < 0)
		return r;
	resolve(x);
	return 1;
}
