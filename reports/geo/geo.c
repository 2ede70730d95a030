/* SPDX-License-Identifier: EUPL-1.2 */
/* The map: read from its file (data/geo/README.md), searched, and handed out for drawing. */
#include "reports/geo/geo_i.h"
#include "core/buf.h"
#include "core/err.h"
#include "reports/geo/data.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC	  "KTGEO-1\n"
#define E7_UNIT	  INT64_C(1000) /* points are kept in 1/10000 degree */
#define TURN	  INT64_C(3600000000)
#define LON_LIMIT INT64_C(5400000000) /* unwrapped rings end before 540 degrees */

/* -- reading ---------------------------------------------------------------------------------- */

static uint64_t varint(struct kt_rd *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint8_t b = kt_rd_u8(r);

		v |= (uint64_t)(b & 127) << shift;
		if ((b & 128) == 0)
			return v;
	}
	r->failed = true;
	return 0;
}

static int64_t zigzag(struct kt_rd *r)
{
	uint64_t v = varint(r);

	return (v & 1) != 0 ? -(int64_t)(v / 2) - 1 : (int64_t)(v / 2);
}

static void text(struct kt_rd *r, char *out, size_t cap)
{
	size_t n = kt_rd_u8(r);
	const uint8_t *p = kt_rd_bytes(r, n);

	if (p == NULL || n >= cap) {
		r->failed = true;
		return;
	}
	memcpy(out, p, n);
	out[n] = '\0';
}

/* Room for one more element; the arrays double. */
static void *grow(void **p, size_t n, size_t *cap, size_t size)
{
	if (n == *cap) {
		size_t more = *cap > 0 ? *cap * 2 : 1024;
		void *q = reallocarray(*p, more, size);

		if (q == NULL)
			return NULL;
		*p = q;
		*cap = more;
	}
	return (char *)*p + n * size;
}

static void box_clear(struct kt_geo_box *b)
{
	*b = (struct kt_geo_box){INT64_MAX, INT64_MIN, INT32_MAX, INT32_MIN};
}

static void box_add(struct kt_geo_box *b, const struct kt_geo_point *p)
{
	b->x1 = p->lon_e7 < b->x1 ? p->lon_e7 : b->x1;
	b->x2 = p->lon_e7 > b->x2 ? p->lon_e7 : b->x2;
	b->y1 = p->lat_e7 < b->y1 ? p->lat_e7 : b->y1;
	b->y2 = p->lat_e7 > b->y2 ? p->lat_e7 : b->y2;
}

static void box_join(struct kt_geo_box *b, const struct kt_geo_box *o)
{
	box_add(b, &(struct kt_geo_point){o->y1, o->x1});
	box_add(b, &(struct kt_geo_point){o->y2, o->x2});
}

static int add_point(struct kt_geo *g, int64_t lon, int64_t lat)
{
	struct kt_geo_point *p = grow((void **)&g->pt, g->npt, &g->cpt, sizeof(*p));

	if (p == NULL)
		return KT_E_NOMEM;
	*p = (struct kt_geo_point){(int32_t)lat, lon};
	g->npt++;
	return 0;
}

/* Boxes over the pieces of a ring; points where pieces meet belong to both. */
static int cut_ring(struct kt_geo *g, struct kt_geo_ring *ring, struct kt_geo_box *all)
{
	ring->piece = (uint32_t)g->npiece;
	for (uint32_t i = 0; i < ring->n; i += KT_GEO_PIECE) {
		struct kt_geo_box *b = grow((void **)&g->piece, g->npiece, &g->cpiece, sizeof(*b));

		if (b == NULL)
			return KT_E_NOMEM;
		box_clear(b);
		for (uint32_t k = i; k <= i + KT_GEO_PIECE && k <= ring->n; k++)
			box_add(b, &g->pt[ring->first + k]);
		box_join(all, b);
		g->npiece++;
	}
	ring->npieces = (uint32_t)g->npiece - ring->piece;
	return 0;
}

static int read_ring(struct kt_geo *g, struct kt_rd *r, struct kt_geo_box *all)
{
	struct kt_geo_ring *ring = grow((void **)&g->ring, g->nring, &g->cring, sizeof(*ring));
	uint64_t n = varint(r);
	int64_t lon = 0, lat = 0;
	int c = 0;

	if (ring == NULL)
		return KT_E_NOMEM;
	if (r->failed || n < 3 || n > kt_rd_left(r) / 2)
		return KT_E_FORMAT;
	*ring = (struct kt_geo_ring){.first = (uint32_t)g->npt, .n = (uint32_t)n};
	for (uint64_t i = 0; c == 0 && i < n; i++) {
		lon += zigzag(r) * E7_UNIT;
		lat += zigzag(r) * E7_UNIT;
		if (r->failed || lat > 900000000 || lat < -900000000 || lon > LON_LIMIT ||
		    lon < -LON_LIMIT)
			return KT_E_FORMAT;
		c = add_point(g, lon, lat);
	}
	if (c == 0)
		c = add_point(g, g->pt[ring->first].lon_e7, g->pt[ring->first].lat_e7);
	if (c == 0)
		c = cut_ring(g, ring, all);
	g->nring++;
	return c;
}

static int read_territory(struct kt_geo *g, struct kt_rd *r, unsigned t)
{
	struct kt_geo_territory *terr = &g->terr[t];
	uint32_t polys;
	int c = 0;

	text(r, terr->code, sizeof(terr->code));
	text(r, terr->name_en, sizeof(terr->name_en));
	text(r, terr->name_nl, sizeof(terr->name_nl));
	terr->contested = kt_rd_u8(r) == 1;
	polys = kt_rd_le32(r);
	g->terr_poly[t] = (uint32_t)g->npoly;
	box_clear(&g->terr_box[t]);
	for (uint32_t i = 0; c == 0 && !r->failed && i < polys; i++) {
		struct kt_geo_poly *p = grow((void **)&g->poly, g->npoly, &g->cpoly, sizeof(*p));
		uint64_t rings = varint(r);

		if (p == NULL)
			return KT_E_NOMEM;
		*p = (struct kt_geo_poly){.ring = (uint32_t)g->nring, .territory = (uint16_t)t};
		box_clear(&p->box);
		for (uint64_t k = 0; c == 0 && k < rings; k++)
			c = read_ring(g, r, &p->box);
		p->nrings = (uint32_t)g->nring - p->ring;
		if (c == 0 && p->nrings == 0)
			c = KT_E_FORMAT;
		if (c == 0)
			box_join(&g->terr_box[t], &p->box);
		g->npoly++;
	}
	return r->failed ? KT_E_FORMAT : c;
}

static int read_all(struct kt_geo *g, const void *p, size_t n)
{
	struct kt_rd r;
	const uint8_t *magic;
	int c = 0;

	kt_rd_init(&r, p, n);
	magic = kt_rd_bytes(&r, sizeof(MAGIC) - 1);
	if (magic == NULL || memcmp(magic, MAGIC, sizeof(MAGIC) - 1) != 0)
		return KT_E_FORMAT;
	text(&r, g->version, sizeof(g->version));
	g->nterr = kt_rd_le16(&r);
	g->terr = calloc(g->nterr + 1u, sizeof(*g->terr));
	g->terr_box = calloc(g->nterr + 1u, sizeof(*g->terr_box));
	g->terr_poly = calloc(g->nterr + 1u, sizeof(*g->terr_poly));
	if (g->terr == NULL || g->terr_box == NULL || g->terr_poly == NULL)
		return KT_E_NOMEM;
	for (unsigned t = 0; c == 0 && t < g->nterr; t++)
		c = read_territory(g, &r, t);
	g->terr_poly[g->nterr] = (uint32_t)g->npoly;
	return c < 0 ? c : kt_rd_done(&r) ? 0 : KT_E_FORMAT;
}

int kt_geo_open(const void *p, size_t n, struct kt_geo **out, struct kt_err *err)
{
	struct kt_geo *g = calloc(1, sizeof(*g));
	int c;

	*out = NULL;
	if (g == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "map: no memory");
	c = read_all(g, p, n);
	if (c == 0)
		c = kt_sha256_hex(p, n, g->sha256, err);
	if (c < 0) {
		kt_geo_free(&g);
		return KT_FAIL(err, c, "the map can't be read");
	}
	*out = g;
	return 0;
}

int kt_geo_world(struct kt_geo **g, struct kt_err *err)
{
	return kt_geo_open(kt_geo_world_bytes, kt_geo_world_size, g, err);
}

void kt_geo_free(struct kt_geo **p)
{
	struct kt_geo *g = *p;

	if (g == NULL)
		return;
	free(g->terr);
	free(g->terr_box);
	free(g->terr_poly);
	free(g->poly);
	free(g->ring);
	free(g->piece);
	free(g->pt);
	free(g);
	*p = NULL;
}

/* -- names ------------------------------------------------------------------------------------ */

unsigned kt_geo_count(const struct kt_geo *g)
{
	return g->nterr;
}

const struct kt_geo_territory *kt_geo_territory(const struct kt_geo *g, unsigned i)
{
	return &g->terr[i];
}

int kt_geo_find_code(const struct kt_geo *g, const char *code)
{
	for (unsigned i = 0; i < g->nterr; i++)
		if (strcmp(g->terr[i].code, code) == 0)
			return (int)i;
	return -1;
}

const char *kt_geo_contested_version(const struct kt_geo *g)
{
	return g->version;
}

const char *kt_geo_sha256(const struct kt_geo *g)
{
	return g->sha256;
}

const char *kt_geo_verdict_name(unsigned verdict)
{
	static const char *const names[] = {"", "in", "border", "none", "contested", "too-coarse"};

	return verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : "";
}

/* -- searching -------------------------------------------------------------------------------- */

static bool outside(const struct kt_geo_box *b, const struct kt_geo_near *w)
{
	return b->x2 < w->x - w->wx || b->x1 > w->x + w->wx || b->y2 < w->y - w->wy ||
	       b->y1 > w->y + w->wy;
}

/* Adds whether the point lies inside the ring (by parity), and whether the ring comes near. */
static bool search_ring(const struct kt_geo *g, const struct kt_geo_ring *ring,
			const struct kt_geo_near *w, bool *inside)
{
	for (uint32_t i = 0; i < ring->npieces; i++) {
		const struct kt_geo_box *b = &g->piece[ring->piece + i];
		const struct kt_geo_point *p = &g->pt[ring->first + i * KT_GEO_PIECE];
		uint32_t n = ring->n - i * KT_GEO_PIECE;
		bool crossed = b->y1 <= w->y && b->y2 >= w->y && b->x2 >= w->x;

		n = n < KT_GEO_PIECE ? n : KT_GEO_PIECE;
		if (crossed && b->x1 > w->x) /* wholly to the east: only its ends matter */
			*inside ^= (p[0].lat_e7 <= w->y) != (p[n].lat_e7 <= w->y);
		else if (crossed)
			for (uint32_t k = 0; k < n; k++)
				*inside ^= kt_geo_crosses(w->x, w->y, &p[k], &p[k + 1]);
		if (outside(b, w))
			continue;
		for (uint32_t k = 0; k < n; k++)
			if (kt_geo_near_line(w, &p[k], &p[k + 1]))
				return true;
	}
	return false;
}

static bool within(const struct kt_geo *g, unsigned t, const struct kt_geo_near *w)
{
	for (uint32_t i = g->terr_poly[t]; i < g->terr_poly[t + 1]; i++) {
		const struct kt_geo_poly *p = &g->poly[i];
		bool inside = false;

		if (outside(&p->box, w))
			continue;
		for (uint32_t k = 0; k < p->nrings; k++)
			if (search_ring(g, &g->ring[p->ring + k], w, &inside))
				return true;
		if (inside)
			return true;
	}
	return false;
}

/* A contested area speaks for itself alone. */
static void settle(const struct kt_geo *g, struct kt_geo_where *where)
{
	uint8_t n = 0;

	for (uint8_t i = 0; i < where->n; i++)
		if (g->terr[where->t[i]].contested)
			where->t[n++] = where->t[i];
	if (n > 0) {
		where->n = n;
		where->verdict = KT_GEO_CONTESTED;
	} else {
		where->verdict = where->n == 0	 ? KT_GEO_NOWHERE
				 : where->n == 1 ? KT_GEO_IN
						 : KT_GEO_BORDER;
	}
}

void kt_geo_find(const struct kt_geo *g, int32_t lat, int32_t lon, int64_t accuracy_mm,
		 struct kt_geo_where *where)
{
	struct kt_geo_near w[3];

	memset(where, 0, sizeof(*where));
	where->verdict = KT_GEO_COARSE;
	if (accuracy_mm > INT64_C(1000) * KT_GEO_MAX_ACCURACY_M)
		return;
	for (int i = 0; i < 3; i++)
		kt_geo_near_set(&w[i], lat, lon + (i - 1) * TURN,
				(accuracy_mm > 0 ? accuracy_mm : 0) +
					KT_GEO_MARGIN_M * INT64_C(1000));
	for (unsigned t = 0; t < g->nterr; t++) {
		bool is_near = false;

		for (int i = 0; !is_near && i < 3; i++)
			is_near = !outside(&g->terr_box[t], &w[i]) && within(g, t, &w[i]);
		if (!is_near)
			continue;
		if (where->n < KT_GEO_CANDIDATES)
			where->t[where->n++] = (uint16_t)t;
		else if (g->terr[t].contested) /* never left out for want of room */
			where->t[KT_GEO_CANDIDATES - 1] = (uint16_t)t;
	}
	settle(g, where);
}

/* -- drawing ---------------------------------------------------------------------------------- */

int kt_geo_rings(const struct kt_geo *g, kt_geo_ring_fn fn, void *arg)
{
	for (size_t i = 0; i < g->npoly; i++)
		for (uint32_t k = 0; k < g->poly[i].nrings; k++) {
			const struct kt_geo_ring *ring = &g->ring[g->poly[i].ring + k];
			int c = fn(arg, g->poly[i].territory, k > 0, &g->pt[ring->first], ring->n);

			if (c != 0)
				return c;
		}
	return 0;
}
