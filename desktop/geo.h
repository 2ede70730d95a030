/* SPDX-License-Identifier: EUPL-1.2 */
/* Outlines to draw, from data/geo/outlines.geo, which is built into the program. Drawing alone: nothing
 * is looked up here. */
#ifndef KD_DESKTOP_GEO_H
#define KD_DESKTOP_GEO_H

#include <glib.h>
#include <stdbool.h>

struct kd_ring {
	guint first, n;			 /* points in kd_geo.points */
	gint32 west, south, east, north; /* 1e-4 degree */
	bool contested, outer;		 /* outer: the first ring of a polygon */
};

struct kd_geo {
	GArray *points; /* pairs of gint32: longitude, latitude, in 1e-4 degree */
	GArray *rings;	/* struct kd_ring */
};

/* Read once; constant afterwards. An outline that can't be read leaves an empty map. */
const struct kd_geo *kd_geo_get(void);

#endif
