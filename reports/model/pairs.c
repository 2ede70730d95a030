/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Neighbours in time: two sources at one place (agreement), and two places with too little time
 * between them (conflicts). Both are summed by the two sources; neither is resolved or weighed.
 */
#include "reports/model/model.h"
#include "core/time.h"

#include <stdlib.h>

#define AGREE_US     HOURS_US
#define AGREE_MM     INT64_C(1000000)
#define APART_MM     INT64_C(10000000) /* a conflict is at least this far apart */
#define APART_US     (24 * HOURS_US)
#define MM_PER_S     INT64_C(277778) /* 1000 km/h */
#define EPISODE_US   (24 * HOURS_US)
#define MM_PER_E7_UP 12 /* more than 11.13: an upper bound of a distance without a sine */

struct list {
	struct pairs **p;
	size_t *n, *cap;
	/* last element of each two sources; NO_NUMBER: none */
	uint32_t last[SOURCES_MAX][SOURCES_MAX];
};

static int64_t span(int32_t a, int32_t b)
{
	int64_t d = (int64_t)a - b;

	return d < 0 ? -d : d;
}

/* What a distance can be at most, cheaply. */
static int64_t at_most(const struct ob *a, const struct ob *b)
{
	int64_t lon = span(a->lon, b->lon);

	if (lon > 1800000000)
		lon = INT64_C(3600000000) - lon;
	return (span(a->lat, b->lat) + lon) * MM_PER_E7_UP;
}

static int put(struct rep *r, struct list *l, uint32_t a, uint32_t b, int64_t mm)
{
	const struct model *m = r->model;
	const struct ob *x = &m->ob[a], *y = &m->ob[b];
	unsigned lo = x->source < y->source ? x->source : y->source;
	unsigned hi = x->source < y->source ? y->source : x->source;
	uint32_t *last = &l->last[lo][hi];
	struct pairs *p = *last == NO_NUMBER ? NULL : &(*l->p)[*last];
	int c;

	if (p == NULL || y->t - p->to > EPISODE_US) {
		c = model_room(r, (void **)l->p, *l->n, l->cap, sizeof(**l->p));
		if (c < 0)
			return c;
		p = &(*l->p)[*l->n];
		*p = (struct pairs){.a = x->source,
				    .b = y->source,
				    .from = x->t,
				    .to = y->t,
				    .distance_mm = mm,
				    .first_a = a,
				    .first_b = b};
		p->apart_us = y->t > x->t_end ? y->t - x->t_end : 0;
		*last = (uint32_t)(*l->n)++;
	}
	p->n++;
	p->to = y->t > p->to ? y->t : p->to;
	p->largest_mm = mm > p->largest_mm ? mm : p->largest_mm;
	return 0;
}

/* a is the earlier one; a visit lasts until its end. */
static int compare(struct rep *r, struct list *agree, struct list *conflict, uint32_t ai,
		   uint32_t bi)
{
	const struct model *m = r->model;
	const struct ob *a = &m->ob[ai], *b = &m->ob[bi];
	int64_t apart = b->t > a->t_end ? b->t - a->t_end : 0;
	int64_t loose = ((int64_t)a->accuracy_m + b->accuracy_m) * 1000, mm, way;
	bool other = a->source != b->source;

	if (apart > APART_US)
		return 0;
	/* how far one could have come, and what is needed for a conflict */
	way = apart / KT_US_PER_S * MM_PER_S;
	way = (way > APART_MM ? way : APART_MM) + loose;
	if (at_most(a, b) <= way && !(other && apart <= AGREE_US))
		return 0;
	mm = kt_geo_distance_mm(a->lat, a->lon, b->lat, b->lon);
	if (other && apart <= AGREE_US && mm - loose <= AGREE_MM)
		return put(r, agree, ai, bi, mm);
	return mm > way ? put(r, conflict, ai, bi, mm) : 0;
}

static void list_begin(struct list *l, struct pairs **p, size_t *n, size_t *cap)
{
	l->p = p;
	l->n = n;
	l->cap = cap;
	for (unsigned i = 0; i < SOURCES_MAX; i++)
		for (unsigned k = 0; k < SOURCES_MAX; k++)
			l->last[i][k] = NO_NUMBER;
}

static int by_begin(const void *a, const void *b)
{
	const struct pairs *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->first_a != y->first_a)
		return x->first_a < y->first_a ? -1 : 1;
	return x->first_b < y->first_b ? -1 : x->first_b > y->first_b;
}

int model_pairs(struct rep *r, struct model *m)
{
	struct list agree, conflict;
	uint32_t last[SOURCES_MAX];
	int c = 0;

	list_begin(&agree, &m->agree_with, &m->nagree, &m->cagree);
	list_begin(&conflict, &m->conflict, &m->nconflict, &m->cconflict);
	for (unsigned i = 0; i < SOURCES_MAX; i++)
		last[i] = NO_NUMBER;
	for (size_t i = 0; c == 0 && i < m->ntimed; i++) {
		uint32_t at = m->by_time[i];

		if (m->ob[at].copy)
			continue; /* shows nothing of its own */
		for (unsigned s = 0; c == 0 && s < m->nsources; s++)
			if (last[s] != NO_NUMBER)
				c = compare(r, &agree, &conflict, last[s], at);
		last[m->ob[at].source] = at;
	}
	if (m->nagree > 1)
		qsort(m->agree_with, m->nagree, sizeof(*m->agree_with), by_begin);
	if (m->nconflict > 1)
		qsort(m->conflict, m->nconflict, sizeof(*m->conflict), by_begin);
	return c;
}
