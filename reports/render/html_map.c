/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/render/html_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Drawing units: 1000 across; coordinates in tenths of a unit, whole numbers throughout. */
#define WIDTH	   10000
#define LABELS_MAX 24u
#define EDGE	   200 /* what is drawn beyond the frame, so that cut edges don't show */

struct view {
	int64_t lon0, lat1;	/* west and north edge, E7 */
	int64_t span_x, span_y; /* E7 */
	int64_t height;		/* tenths of a unit */
};

struct box {
	int64_t x1, y1, x2, y2;
};

struct canvas {
	struct kt_buf *b;
	const struct kt_geo *g;
	struct view v;
	struct box taken[LABELS_MAX * 2 + 64];
	size_t ntaken;
	struct kt_geo_point *pt; /* owned: a ring being clipped */
	struct kt_geo_point *out;
	size_t cap;
};

static void put_coord(struct kt_buf *b, int64_t v)
{
	kt_buf_printf(b, "%s%lld", v < 0 ? "-" : "", (long long)(llabs(v) / 10));
	if (v % 10 != 0)
		kt_buf_printf(b, ".%lld", (long long)(llabs(v) % 10));
}

static int64_t map_x(const struct view *v, int64_t lon)
{
	return (lon - v->lon0) * WIDTH / v->span_x;
}

static int64_t map_y(const struct view *v, int64_t lat)
{
	return (v->lat1 - lat) * v->height / v->span_y;
}

/* Cosine of a latitude in thousandths: good enough for the shape of a map. */
static int64_t cos_mille(int64_t lat_e7)
{
	static const int16_t table[] = {1000, 996, 985, 966, 940, 906, 866, 819, 766, 707,
					643,  574, 500, 423, 342, 259, 174, 87,	 60};
	int64_t a = llabs(lat_e7) / 50000000;

	return table[a > 18 ? 18 : a];
}

/* -- frame ------------------------------------------------------------------------------------ */

/* The window that holds all places, with some room, no smaller than about 150 km. */
static void choose_view(struct view *v, struct map_place *p, size_t n)
{
	int64_t x1 = INT64_MAX, x2 = INT64_MIN, y1 = INT64_MAX, y2 = INT64_MIN, mid, cosine, want;
	bool wrap = false;

	for (size_t i = 0; i < n; i++) {
		x1 = p[i].lon_e7 < x1 ? p[i].lon_e7 : x1;
		x2 = p[i].lon_e7 > x2 ? p[i].lon_e7 : x2;
		y1 = p[i].lat_e7 < y1 ? p[i].lat_e7 : y1;
		y2 = p[i].lat_e7 > y2 ? p[i].lat_e7 : y2;
	}
	if (x2 - x1 >
	    INT64_C(1800000000)) { /* on both sides of the antimeridian: count on beyond 180 */
		wrap = true;
		x1 = INT64_MAX;
		x2 = INT64_MIN;
		for (size_t i = 0; i < n; i++) {
			int64_t x =
				p[i].lon_e7 < 0 ? p[i].lon_e7 + INT64_C(3600000000) : p[i].lon_e7;

			x1 = x < x1 ? x : x1;
			x2 = x > x2 ? x : x2;
		}
	}
	(void)wrap;
	mid = (y1 + y2) / 2;
	cosine = cos_mille(mid);
	v->span_y = (y2 - y1) * 13 / 10 + 4000000;
	v->span_x = (x2 - x1) * 13 / 10 + 4000000;
	if (v->span_y < 15000000)
		v->span_y = 15000000;
	if (v->span_x < INT64_C(15000000) * 1000 / cosine)
		v->span_x = INT64_C(15000000) * 1000 / cosine;
	/* between 16:11 and 16:6 */
	want = v->span_x * cosine / 1000;
	if (v->span_y * 16 > want * 11)
		v->span_x = v->span_y * 16 / 11 * 1000 / cosine;
	else if (v->span_y * 16 < want * 6)
		v->span_y = want * 6 / 16;
	if (v->span_x > INT64_C(3600000000))
		v->span_x = INT64_C(3600000000);
	v->lon0 = (x1 + x2) / 2 - v->span_x / 2;
	v->lat1 = mid + v->span_y / 2;
	v->height = WIDTH * v->span_y / (v->span_x * cosine / 1000);
}

/* -- land ------------------------------------------------------------------------------------- */

/* One pass of clipping against an edge: keep what has side >= 0. lon is x and lat_e7 y, in units. */
static size_t clip_edge(const struct kt_geo_point *in, size_t n, struct kt_geo_point *out, int edge,
			int64_t limit)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		const struct kt_geo_point *a = &in[i], *c = &in[(i + 1) % n];
		int64_t va = edge < 2 ? a->lon_e7 : a->lat_e7,
			vc = edge < 2 ? c->lon_e7 : c->lat_e7;
		bool ia = edge % 2 == 0 ? va >= limit : va <= limit;
		bool ic = edge % 2 == 0 ? vc >= limit : vc <= limit;

		if (ia)
			out[k++] = *a;
		if (ia != ic) {
			int64_t num = limit - va, den = vc - va;

			out[k].lon_e7 =
				edge < 2 ? limit : a->lon_e7 + (c->lon_e7 - a->lon_e7) * num / den;
			out[k++].lat_e7 =
				edge < 2 ? (int32_t)(a->lat_e7 +
						     (int64_t)(c->lat_e7 - a->lat_e7) * num / den)
					 : (int32_t)limit;
		}
	}
	return k;
}

static void put_ring(struct canvas *c, size_t n, const char *klass)
{
	const struct kt_geo_point *p = c->pt;
	int64_t lx = INT64_MIN / 2, ly = 0;
	size_t put = 0;

	if (n < 3)
		return;
	kt_buf_printf(c->b, "<path class=\"%s\" d=\"", klass);
	for (size_t i = 0; i < n; i++) {
		/* half a unit is below what anyone sees */
		if (put > 0 && i + 1 < n && llabs(p[i].lon_e7 - lx) < 8 &&
		    llabs(p[i].lat_e7 - ly) < 8)
			continue;
		lx = p[i].lon_e7;
		ly = p[i].lat_e7;
		kt_buf_putc(c->b, put == 0 ? 'M' : put == 1 ? 'L' : ' ');
		put_coord(c->b, lx);
		kt_buf_putc(c->b, ' ');
		put_coord(c->b, ly);
		put++;
	}
	kt_buf_puts(c->b, "Z\"/>\n");
}

/* Whether a ring within these bounds lies wholly beyond one edge of the window: nothing of it is kept. */
static bool beyond(const struct view *v, const struct kt_geo_point *low,
		   const struct kt_geo_point *high, int64_t turn, const int64_t limit[4])
{
	return map_x(v, high->lon_e7 + turn) < limit[0] ||
	       map_x(v, low->lon_e7 + turn) > limit[1] || map_y(v, low->lat_e7) < limit[2] ||
	       map_y(v, high->lat_e7) > limit[3];
}

static int on_ring(void *arg, unsigned territory, bool hole, const struct kt_geo_point *p, size_t n)
{
	struct canvas *c = arg;
	bool contested = kt_geo_territory(c->g, territory)->contested;

	const int64_t limit[] = {-EDGE, WIDTH + EDGE, -EDGE, c->v.height + EDGE};
	struct kt_geo_point low, high;

	if (hole || n < 3)
		return 0;
	low = high = p[0];
	for (size_t i = 1; i < n; i++) {
		low.lon_e7 = p[i].lon_e7 < low.lon_e7 ? p[i].lon_e7 : low.lon_e7;
		low.lat_e7 = p[i].lat_e7 < low.lat_e7 ? p[i].lat_e7 : low.lat_e7;
		high.lon_e7 = p[i].lon_e7 > high.lon_e7 ? p[i].lon_e7 : high.lon_e7;
		high.lat_e7 = p[i].lat_e7 > high.lat_e7 ? p[i].lat_e7 : high.lat_e7;
	}
	if (c->cap < 4 * n + 64) { /* each edge at most doubles what an outline crosses */
		size_t cap = 4 * n + 64;
		void *a = realloc(c->pt, cap * sizeof(*c->pt)), *b;

		if (a == NULL)
			return -1;
		c->pt = a;
		b = realloc(c->out, cap * sizeof(*c->out));
		if (b == NULL)
			return -1;
		c->out = b;
		c->cap = cap;
	}
	for (int64_t turn = -INT64_C(3600000000); turn <= INT64_C(3600000000);
	     turn += INT64_C(3600000000)) {
		size_t k = n;

		if (beyond(&c->v, &low, &high, turn, limit))
			continue;
		for (size_t i = 0; i < n; i++) {
			int64_t y = map_y(&c->v, p[i].lat_e7);

			c->pt[i].lon_e7 = map_x(&c->v, p[i].lon_e7 + turn);
			c->pt[i].lat_e7 = (int32_t)(y > 1000000	   ? 1000000
						    : y < -1000000 ? -1000000
								   : y);
		}
		for (int e = 0; e < 4 && k > 0 && 2 * k <= c->cap; e++) {
			struct kt_geo_point *t = c->pt;

			k = clip_edge(c->pt, k, c->out, e, limit[e]);
			c->pt = c->out;
			c->out = t;
		}
		put_ring(c, k, contested ? "contested" : "land");
	}
	return 0;
}

/* -- labels ----------------------------------------------------------------------------------- */

static bool is_free(const struct canvas *c, struct box q)
{
	if (q.x1 < 20 || q.y1 < 20 || q.x2 > WIDTH - 20 || q.y2 > c->v.height - 20)
		return false;
	for (size_t i = 0; i < c->ntaken; i++)
		if (q.x1 < c->taken[i].x2 && q.x2 > c->taken[i].x1 && q.y1 < c->taken[i].y2 &&
		    q.y2 > c->taken[i].y1)
			return false;
	return true;
}

static void take(struct canvas *c, struct box q)
{
	if (c->ntaken < sizeof(c->taken) / sizeof(c->taken[0]))
		c->taken[c->ntaken++] = q;
}

/* Puts a label beside (x, y) where nothing is yet; false when there is no such place. */
static bool put_label(struct canvas *c, int64_t x, int64_t y, const char *text, size_t chars,
		      const char *klass)
{
	static const int8_t at[][2] = {{1, 0},	{-1, 0},  {0, -1}, {0, 1},
				       {1, -1}, {-1, -1}, {1, 1},  {-1, 1}};
	int64_t w = 62 * (int64_t)chars + 20, h = 130;

	for (int64_t far = 1; far <= 3; far++)
		for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
			int64_t dx = at[i][0] * (90 * far) + (at[i][0] > 0   ? 0
							      : at[i][0] < 0 ? -w
									     : -w / 2);
			int64_t dy = at[i][1] * (120 * far);
			struct box q = {x + dx, y + dy - h / 2, x + dx + w, y + dy + h / 2};

			if (!is_free(c, q))
				continue;
			/* two numbers side by side shall not read as one */
			take(c, (struct box){q.x1 - 45, q.y1, q.x2 + 45, q.y2});
			if (far > 1) {
				kt_buf_puts(c->b, "<line class=\"lead\" x1=\"");
				put_coord(c->b, x);
				kt_buf_puts(c->b, "\" y1=\"");
				put_coord(c->b, y);
				kt_buf_puts(c->b, "\" x2=\"");
				put_coord(c->b, at[i][0] < 0   ? q.x2
						: at[i][0] > 0 ? q.x1
							       : (q.x1 + q.x2) / 2);
				kt_buf_puts(c->b, "\" y2=\"");
				put_coord(c->b, (q.y1 + q.y2) / 2);
				kt_buf_puts(c->b, "\"/>\n");
			}
			kt_buf_printf(c->b, "<text class=\"%s\" x=\"", klass);
			put_coord(c->b, q.x1 + 10);
			kt_buf_puts(c->b, "\" y=\"");
			put_coord(c->b, (q.y1 + q.y2) / 2 + 35);
			kt_buf_printf(c->b, "\">%s</text>\n", text);
			return true;
		}
	return false;
}

/* -- the map ---------------------------------------------------------------------------------- */

static int by_first(const void *a, const void *b)
{
	const struct map_place *p = a, *q = b;
	int c = strcmp(p->first, q->first);

	return c != 0 ? c : p->n < q->n ? -1 : p->n > q->n;
}

static void place_xy(const struct canvas *c, const struct map_place *p, int64_t *x, int64_t *y)
{
	int64_t lon = p->lon_e7;

	if (lon < c->v.lon0)
		lon += INT64_C(3600000000);
	*x = map_x(&c->v, lon);
	*y = map_y(&c->v, p->lat_e7);
}

static void put_track(struct canvas *c, const struct map_place *p, size_t n)
{
	if (n < 2)
		return;
	kt_buf_puts(c->b, "<path class=\"track\" d=\"");
	for (size_t i = 0; i < n; i++) {
		int64_t x, y;

		place_xy(c, &p[i], &x, &y);
		kt_buf_putc(c->b, i == 0 ? 'M' : i == 1 ? 'L' : ' ');
		put_coord(c->b, x);
		kt_buf_putc(c->b, ' ');
		put_coord(c->b, y);
	}
	kt_buf_puts(c->b, "\"/>\n");
}

static void put_points(struct canvas *c, const struct map_place *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t x, y;

		place_xy(c, &p[i], &x, &y);
		kt_buf_puts(c->b, "<circle class=\"pt\" cx=\"");
		put_coord(c->b, x);
		kt_buf_puts(c->b, "\" cy=\"");
		put_coord(c->b, y);
		kt_buf_puts(c->b, "\" r=\"5\"/>\n");
		if (i < 64)
			take(c, (struct box){x - 60, y - 60, x + 60, y + 60});
	}
}

static void put_numbers(struct canvas *c, const struct map_place *p, size_t n)
{
	bool *named = calloc(kt_geo_count(c->g) + 1, sizeof(*named));
	size_t labels = 0;

	for (size_t i = 0; i < n && labels < LABELS_MAX; i++) {
		char text[16];
		int64_t x, y;

		place_xy(c, &p[i], &x, &y);
		snprintf(text, sizeof(text), "%u", p[i].n);
		labels += put_label(c, x, y, text, strlen(text), "num");
	}
	free(named);
}

static void put_names(struct canvas *c, const struct map_place *p, size_t n, bool dutch)
{
	for (size_t i = 0, done = 0; i < n && done < 12; i++) {
		const struct kt_geo_territory *t;
		bool again = p[i].territory < 0;
		const char *name;
		int64_t x, y;

		for (size_t k = 0; k < i && !again; k++)
			again = p[k].territory == p[i].territory;
		if (again)
			continue;
		t = kt_geo_territory(c->g, (unsigned)p[i].territory);
		name = dutch ? t->name_nl : t->name_en;
		place_xy(c, &p[i], &x, &y);
		if (strpbrk(name, "<>&\"'") == NULL)
			done += put_label(c, x, y, name, strlen(name), "soft");
	}
}

void map_draw(struct kt_buf *b, const struct kt_geo *g, struct map_place *p, size_t n,
	      const struct map_words *w)
{
	struct canvas c = {.b = b, .g = g};

	if (n == 0)
		return;
	qsort(p, n, sizeof(*p), by_first);
	choose_view(&c.v, p, n);
	kt_buf_puts(b, "<svg role=\"img\" class=\"map\" aria-labelledby=\"map-title map-desc\" "
		       "viewBox=\"0 0 1000 ");
	put_coord(b, c.v.height);
	kt_buf_printf(b, "\">\n<title id=\"map-title\">%s</title><desc id=\"map-desc\">%s</desc>\n",
		      w->title, w->desc);
	kt_buf_puts(b, "<rect class=\"sea\" x=\"0\" y=\"0\" width=\"1000\" height=\"");
	put_coord(b, c.v.height);
	kt_buf_puts(b, "\"/>\n");
	if (kt_geo_rings(g, on_ring, &c) != 0)
		b->failed = true;
	put_track(&c, p, n);
	put_points(&c, p, n);
	put_numbers(&c, p, n);
	put_names(&c, p, n, w->dutch);
	kt_buf_puts(b, "</svg>\n");
	free(c.pt);
	free(c.out);
}
