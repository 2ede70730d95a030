/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to reports/geo: the map as it is searched. */
#ifndef KT_REPORTS_GEO_GEO_I_H
#define KT_REPORTS_GEO_GEO_I_H

#include "reports/geo/geo.h"

struct kt_geo_box {
	int64_t x1, x2; /* lon, E7; rings across the antimeridian go beyond 180 degrees */
	int32_t y1, y2; /* lat, E7 */
};

/* A ring is a closed chain of points, cut into pieces, each with its box. */
#define KT_GEO_PIECE 32u

struct kt_geo_ring {
	uint32_t first, n; /* points; the first one is repeated behind the last */
	uint32_t piece, npieces;
};

struct kt_geo_poly {
	struct kt_geo_box box;
	uint32_t ring, nrings; /* the outer one, then holes */
	uint16_t territory;
};

struct kt_geo {
	struct kt_geo_territory *terr;
	struct kt_geo_box *terr_box;
	uint32_t *terr_poly; /* nterr + 1: where the polygons of each begin */
	unsigned nterr;
	struct kt_geo_poly *poly;
	struct kt_geo_ring *ring;
	struct kt_geo_box *piece;
	struct kt_geo_point *pt;
	size_t npoly, nring, npiece, npt, cpoly, cring, cpiece, cpt;
	char version[32];
	char sha256[KT_SHA256_HEX];
};

/* Sine of a latitude or angle of 0..90 degrees (E7), as 2^30ths. */
int64_t kt_geo_sin(int64_t angle_e7);
int64_t kt_geo_cos(int64_t angle_e7);
/* One tenth of a millimetre per E7 is far below what a metre needs: lengths here are decimetres. */
int64_t kt_geo_cos_lat(int64_t lat_e7); /* of the latitude, 0 beyond the poles */

/* Window round a point: what lies outside it is farther than reach_dm. */
struct kt_geo_near {
	int64_t x, wx; /* lon and half width, E7 */
	int64_t y, wy; /* lat and half height, E7 */
	int64_t cos_30; /* of the latitude nearest to a pole: distances come out too small, never too large */
	int64_t reach_dm;
};
void kt_geo_near_set(struct kt_geo_near *w, int32_t lat_e7, int64_t lon_e7, int64_t reach_mm);
/* Whether the way from a to b comes within reach. */
bool kt_geo_near_line(const struct kt_geo_near *w, const struct kt_geo_point *a,
		      const struct kt_geo_point *b);
/* Whether a ray to the east from (x, y) crosses the way from a to b. */
bool kt_geo_crosses(int64_t x, int64_t y, const struct kt_geo_point *a,
		    const struct kt_geo_point *b);

#endif
