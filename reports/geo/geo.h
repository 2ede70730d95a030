/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Where on the map a coordinate lies, offline: territories within (accuracy + margin), contested
 * areas before all others, distances on the globe, and what a mobile country code or calling code
 * stands for. Whole numbers throughout, so that every machine decides alike. Borders show roughly
 * who administers an area in practice; they take no position on any claim (data/geo/README.md).
 * The model decides with it, the views draw with it; it reads nothing but what is linked in.
 */
#ifndef KT_REPORTS_GEO_GEO_H
#define KT_REPORTS_GEO_GEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hash.h"

struct kt_err;
struct kt_geo;

#define KT_GEO_MAP	      "Natural Earth 4.1, 1:10 million, through world-atlas 2.0.2"
#define KT_GEO_MARGIN_M	      5000
#define KT_GEO_MAX_ACCURACY_M 200000
#define KT_GEO_CANDIDATES     8u

enum kt_geo_verdict {
	KT_GEO_IN = 1,	  /* one territory */
	KT_GEO_BORDER,	  /* several: not determined */
	KT_GEO_NOWHERE,	  /* at sea or outside the map */
	KT_GEO_CONTESTED, /* one or more contested areas; nothing else is named */
	KT_GEO_COARSE,	  /* the accuracy is above KT_GEO_MAX_ACCURACY_M */
};

struct kt_geo_where {
	uint8_t verdict;
	uint8_t n;		       /* at most KT_GEO_CANDIDATES, further ones are left out */
	uint16_t t[KT_GEO_CANDIDATES]; /* territories, ascending */
};

struct kt_geo_territory {
	char code[32]; /* ISO 3166 of two letters, a word of ours, or x-... */
	char name_en[80], name_nl[80];
	bool contested;
};

/* The map for look-up, and the coarser outlines for drawing. 0, KT_E_FORMAT or KT_E_NOMEM. */
int kt_geo_world(struct kt_geo **g, struct kt_err *err);
int kt_geo_outlines(struct kt_geo **g, struct kt_err *err);
/* The same from bytes, which are copied (tests). */
int kt_geo_open(const void *p, size_t n, struct kt_geo **g, struct kt_err *err);
void kt_geo_free(struct kt_geo **g);

unsigned kt_geo_count(const struct kt_geo *g);
const struct kt_geo_territory *kt_geo_territory(const struct kt_geo *g, unsigned i);
/* Number of a territory by its code; -1 when there is none. */
int kt_geo_find_code(const struct kt_geo *g, const char *code);
/* Version of the list of contested areas, and SHA-256 of the map's file. */
const char *kt_geo_contested_version(const struct kt_geo *g);
const char *kt_geo_sha256(const struct kt_geo *g);
const char *kt_geo_verdict_name(unsigned verdict);

/* accuracy_mm: the record's own radius, 0 when it has none. */
void kt_geo_find(const struct kt_geo *g, int32_t lat_e7, int32_t lon_e7, int64_t accuracy_mm,
		 struct kt_geo_where *where);

/* Shortest way on a sphere of radius 6371008.8 m, in millimetres; right within 0.6 % of the ellipsoid. */
int64_t kt_geo_distance_mm(int32_t lat1_e7, int32_t lon1_e7, int32_t lat2_e7, int32_t lon2_e7);

struct kt_geo_point {
	int32_t lat_e7;
	int64_t lon_e7; /* of rings across the antimeridian: beyond 180 degrees */
};

/*
 * A closed area given by its corners: whether the point lies inside, and whether its edge lies
 * within distance_mm of it. Corners are n >= 3, spanning less than 180 degrees.
 */
bool kt_geo_in_area(const struct kt_geo_point *corner, size_t n, int32_t lat_e7, int32_t lon_e7,
		    int64_t distance_mm, bool *near_edge);

/*
 * Rings for drawing: fn gets each ring of each polygon (hole: not the first of its polygon),
 * the last point not repeated. Non-zero from fn stops and is passed on.
 */
typedef int (*kt_geo_ring_fn)(void *arg, unsigned territory, bool hole,
			      const struct kt_geo_point *p, size_t n);
int kt_geo_rings(const struct kt_geo *g, kt_geo_ring_fn fn, void *arg);

/*
 * Territories that share a mobile country code, or the calling code with which these digits begin:
 * codes parted by blanks. They name an issuer or a network, never where somebody was. False: unknown.
 */
#define KT_GEO_CODES 128
bool kt_geo_mcc(const char *mcc, char out[KT_GEO_CODES]);
bool kt_geo_calling(const char *digits, char out[KT_GEO_CODES]);

#endif
