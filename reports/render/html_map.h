/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The two drawings of the page: a map of the places and the stays along time. Plain SVG of paths,
 * circles, rectangles and texts with classes, which the style sheet (page) and reports/pdf (paper)
 * dress; no script, no link, no image.
 */
#ifndef KT_REPORTS_RENDER_HTML_MAP_H
#define KT_REPORTS_RENDER_HTML_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "reports/geo/geo.h"

#define MAP_PLACES 5000u
#define LINE_ROWS  14u
#define LINE_STAYS 4000u

struct map_place {
	int32_t lat_e7, lon_e7;
	uint32_t n;
	uint64_t observations;
	char first[24];
	int territory; /* number of the one it lies in, -1 */
};

struct line_stay {
	uint8_t row;
	int64_t from, to; /* minutes */
};

struct map_words {
	const char *title, *desc, *north; /* escaped */
	bool dutch;
};

/* Draws the places in the order of their first observation; nothing without any. */
void map_draw(struct kt_buf *b, const struct kt_geo *g, struct map_place *p, size_t n,
	      const struct map_words *w);

/* row[]: names of the rows, escaped; stays in any order. Nothing without any. */
void line_draw(struct kt_buf *b, const char *const *row, size_t rows, const struct line_stay *s,
	       size_t n, const struct map_words *w);

/* Minutes of "2024-05-12T14:03..." since the year 1; false when it is none. */
bool line_minutes(const char *t, int64_t *out);

#endif
