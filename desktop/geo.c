/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/geo.h"

#include <gio/gio.h>
#include <string.h>

struct in {
	const guint8 *p, *end;
	bool bad;
};

static guint64 varint(struct in *in)
{
	guint64 v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (in->p >= in->end)
			break;
		v |= (guint64)(*in->p & 0x7f) << shift;
		if ((*in->p++ & 0x80) == 0)
			return v;
	}
	in->bad = true;
	return 0;
}

static gint32 zigzag(struct in *in)
{
	guint64 v = varint(in);

	return (gint32)((gint64)(v >> 1) ^ -(gint64)(v & 1));
}

static unsigned byte(struct in *in)
{
	if (in->p >= in->end) {
		in->bad = true;
		return 0;
	}
	return *in->p++;
}

static void text(struct in *in)
{
	unsigned n = byte(in);

	if (in->bad || (gsize)(in->end - in->p) < n)
		in->bad = true;
	else
		in->p += n;
}

static void read_ring(struct in *in, struct kd_geo *g, bool contested, bool outer)
{
	guint64 n = varint(in);
	struct kd_ring r = {.first = g->points->len / 2,
			    .n = (guint)n,
			    .west = G_MAXINT32,
			    .south = G_MAXINT32,
			    .east = G_MININT32,
			    .north = G_MININT32,
			    .contested = contested,
			    .outer = outer};
	gint32 at[2] = {0, 0};

	if (n > 1000000)
		in->bad = true;
	for (guint64 i = 0; i < n && !in->bad; i++) {
		at[0] += zigzag(in);
		at[1] += zigzag(in);
		if (at[1] > 900000 || at[1] < -900000)
			in->bad = true;
		g_array_append_vals(g->points, at, 2);
		r.west = MIN(r.west, at[0]);
		r.east = MAX(r.east, at[0]);
		r.south = MIN(r.south, at[1]);
		r.north = MAX(r.north, at[1]);
	}
	if (!in->bad)
		g_array_append_val(g->rings, r);
}

static void read_all(struct in *in, struct kd_geo *g)
{
	unsigned n;

	if (in->end - in->p < 8 || memcmp(in->p, "KTGEO-1\n", 8) != 0)
		return;
	in->p += 8;
	text(in);
	n = byte(in);
	n |= byte(in) << 8;
	while (n-- > 0 && !in->bad) {
		bool contested;
		unsigned polygons = 0;

		text(in);
		text(in);
		text(in);
		contested = byte(in) != 0;
		for (unsigned shift = 0; shift < 32; shift += 8)
			polygons |= byte(in) << shift;
		while (polygons-- > 0 && !in->bad) {
			guint64 rings = varint(in);

			for (guint64 i = 0; i < rings && !in->bad; i++)
				read_ring(in, g, contested, i == 0);
		}
	}
}

static void read_once(struct kd_geo *g)
{
	GBytes *bytes;
	struct in in;
	gsize n;

	g->points = g_array_new(FALSE, FALSE, sizeof(gint32));
	g->rings = g_array_new(FALSE, FALSE, sizeof(struct kd_ring));
	bytes = g_resources_lookup_data("/eu/keten/Keten/outlines.geo",
					G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
	if (bytes == NULL)
		return;
	in.p = g_bytes_get_data(bytes, &n);
	in.end = in.p + n;
	in.bad = false;
	read_all(&in, g);
	if (in.bad || in.p != in.end) /* half a map would be worse than none */
		g_array_set_size(g->rings, 0);
	g_bytes_unref(bytes);
}

const struct kd_geo *kd_geo_get(void)
{
	static struct kd_geo g;
	static gsize once;

	if (g_once_init_enter(&once)) {
		read_once(&g);
		g_once_init_leave(&once, 1);
	}
	return &g;
}
