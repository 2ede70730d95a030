/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Stays, places and totals. Stays are runs of one source, so that two sources that disagree do not cut
 * each other's runs to pieces: what they say together stands in totals, agreement and conflicts.
 */
#include "reports/model/model.h"
#include "core/err.h"
#include "core/time.h"

#include <stdlib.h>
#include <string.h>

#define SILENCE_US	 (72 * HOURS_US) /* ends a stay */
#define SPAN_MAX	 366		 /* days that one visit can count */
#define JOIN_MM		 INT64_C(500000) /* a position joins a place within this */
#define PLACE_ACCURACY_M 2000
#define CELL_E7		 INT64_C(60000) /* of latitude: 663 m, so that neighbours hold what is near */
#define PLACE_HASH	 (1u << 18)

int64_t day_of(int64_t us)
{
	int64_t d = us / KT_US_PER_DAY;

	return us % KT_US_PER_DAY < 0 ? d - 1 : d;
}

uint64_t days_more(const struct ob *o, int64_t *last)
{
	int64_t from = day_of(o->t), to = day_of(o->t_end);
	uint64_t n;

	if (to - from > SPAN_MAX)
		to = from + SPAN_MAX;
	if (from <= *last)
		from = *last + 1;
	if (to < from)
		return 0;
	n = (uint64_t)(to - from + 1);
	*last = to;
	return n;
}

/* -- stays ------------------------------------------------------------------------------------ */

static bool holds(const struct model *m, unsigned set, unsigned where)
{
	const struct kt_geo_where *s = &m->where[set], *w = &m->where[where];

	for (unsigned i = 0; i < s->n; i++)
		if (s->t[i] == w->t[0])
			return true;
	return false;
}

/* Whether an observation goes on with a run, and whether it says so itself. */
static bool goes_on(const struct model *m, const struct stay *s, const struct ob *o,
		    bool *determined)
{
	unsigned verdict = m->where[o->where].verdict;
	bool in_stay = m->where[s->where].verdict == KT_GEO_IN;

	*determined = o->where == s->where;
	if (o->t - s->seen > SILENCE_US)
		return false;
	if (*determined)
		return true;
	return in_stay && (verdict == KT_GEO_NOWHERE || verdict == KT_GEO_COARSE ||
			   (verdict == KT_GEO_BORDER && holds(m, o->where, s->where)));
}

static void stay_count(struct stay *s, const struct ob *o, uint32_t i)
{
	if (o->t - s->to > s->gap)
		s->gap = o->t - s->to;
	s->to = o->t_end > s->to ? o->t_end : s->to;
	s->observations++;
	s->measured += o->basis == KT_BASIS_MEASURED;
	s->inferred += o->basis == KT_BASIS_INFERRED;
	s->other += o->basis != KT_BASIS_MEASURED && o->basis != KT_BASIS_INFERRED;
	s->days += days_more(o, &s->last_day);
	s->last = i;
}

static int stay_new(struct rep *r, struct model *m, const struct ob *o, uint32_t i)
{
	struct stay *s;
	int c = model_room(r, (void **)&m->stay, m->nstays, &m->cstays, sizeof(*m->stay));

	if (c < 0)
		return c;
	s = &m->stay[m->nstays++];
	*s = (struct stay){.from = o->t,
			   .to = o->t,
			   .where = o->where,
			   .source = o->source,
			   .first = i,
			   .last_day = INT64_MIN};
	stay_count(s, o, i);
	return 0;
}

/* By beginning, then by source; sources have one beginning each at a time. */
static int by_begin(const void *a, const void *b)
{
	const struct stay *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

/* Observations point to the stays by their place after sorting. */
static int sort_stays(struct rep *r, struct model *m)
{
	uint32_t *to = calloc(m->nstays + 1, sizeof(*to));

	if (to == NULL)
		return KT_FAIL(r->err, KT_E_NOMEM, "report: no memory");
	for (size_t i = 0; i < m->nstays; i++)
		m->stay[i].number = (uint32_t)i;
	if (m->nstays > 1)
		qsort(m->stay, m->nstays, sizeof(*m->stay), by_begin);
	for (size_t i = 0; i < m->nstays; i++) {
		to[m->stay[i].number] = (uint32_t)i;
		m->stay[i].number = (uint32_t)i + 1;
	}
	for (size_t i = 0; i < m->ntimed; i++) {
		struct ob *o = &m->ob[m->by_time[i]];

		o->stay = to[o->stay];
	}
	free(to);
	return 0;
}

int model_stays(struct rep *r, struct model *m)
{
	size_t current[SOURCES_MAX];
	int c = 0;

	for (unsigned i = 0; i < SOURCES_MAX; i++)
		current[i] = SIZE_MAX;
	for (size_t i = 0; c == 0 && i < m->ntimed; i++) {
		struct ob *o = &m->ob[m->by_time[i]];
		size_t *cur = &current[o->source];
		struct stay *s = *cur == SIZE_MAX ? NULL : &m->stay[*cur];
		bool determined = false;

		if (s != NULL && goes_on(m, s, o, &determined)) {
			if (determined)
				stay_count(s, o, m->by_time[i]);
			else
				s->undetermined++;
		} else {
			c = stay_new(r, m, o, m->by_time[i]);
			if (c < 0)
				break;
			*cur = m->nstays - 1;
			s = &m->stay[*cur];
		}
		s->seen = o->t_end > s->seen || s->observations == 1 ? o->t_end : s->seen;
		o->stay = (uint32_t)*cur;
	}
	return c < 0 ? c : sort_stays(r, m);
}

/* -- places ----------------------------------------------------------------------------------- */

/* Cells get narrower with their longitude's degrees; a cell is at least 600 m wide everywhere. */
static int64_t cell_width(int64_t row)
{
	int64_t lat = row * CELL_E7, degrees = (lat < 0 ? -lat : lat) / 10000000;

	if (degrees >= 89)
		return INT64_C(3600000000);
	/* 1 / cos, in whole degrees of latitude and rounded up: a table would say no more */
	return CELL_E7 * (degrees < 30	 ? 2
			  : degrees < 60 ? 3
			  : degrees < 75 ? 5
			  : degrees < 85 ? 13
					 : 120);
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static uint32_t cell_hash(int64_t row, int64_t col)
{
	uint64_t h = (uint64_t)row * UINT64_C(0x9e3779b97f4a7c15) ^
		     (uint64_t)col * UINT64_C(0xc2b2ae3d27d4eb4f);

	return (uint32_t)(h >> 40) % PLACE_HASH;
}

/* The nearest place within reach, among those of this cell; ties go to the older one. */
static void search_cell(const struct model *m, const struct ob *o, int64_t row, int64_t col,
			uint32_t *best, int64_t *least)
{
	for (uint32_t i = m->place_hash[cell_hash(row, col)]; i != NO_NUMBER;
	     i = m->place[i].next) {
		const struct place *p = &m->place[i];
		int64_t d, dlat = (int64_t)p->lat - o->lat;

		if (dlat > CELL_E7 || dlat < -CELL_E7)
			continue;
		d = kt_geo_distance_mm(p->lat, p->lon, o->lat, o->lon);
		if (d < *least || (d == *least && i < *best)) {
			*least = d;
			*best = i;
		}
	}
}

static uint32_t search_places(const struct model *m, const struct ob *o, int64_t *mm)
{
	int64_t row = floor_div(o->lat, CELL_E7);
	uint32_t best = NO_NUMBER;

	*mm = JOIN_MM + 1;
	for (int64_t y = row - 1; y <= row + 1; y++) {
		int64_t width = cell_width(y), cols = INT64_C(3600000000) / width;
		int64_t col = floor_div((int64_t)o->lon + 1800000000, width);

		for (int64_t x = col - 1; x <= col + 1; x++)
			search_cell(m, o, y, (x % (cols + 1) + cols + 1) % (cols + 1), &best, mm);
		if (col >= cols - 1 || col <= 1) { /* the antimeridian: both ends */
			search_cell(m, o, y, 0, &best, mm);
			search_cell(m, o, y, cols, &best, mm);
			search_cell(m, o, y, cols - 1, &best, mm);
		}
	}
	return best;
}

static int place_new(struct rep *r, struct model *m, const struct ob *o, uint32_t i)
{
	int64_t row = floor_div(o->lat, CELL_E7);
	uint32_t *slot = &m->place_hash[cell_hash(
		row, floor_div((int64_t)o->lon + 1800000000, cell_width(row)))];
	int c = model_room(r, (void **)&m->place, m->nplaces, &m->cplaces, sizeof(*m->place));

	if (c < 0)
		return c;
	m->place[m->nplaces] = (struct place){.lat = o->lat,
					      .lon = o->lon,
					      .where = o->where,
					      .first = i,
					      .next = *slot,
					      .last_day = INT64_MIN,
					      .from = INT64_MAX,
					      .to = INT64_MIN};
	*slot = (uint32_t)m->nplaces++;
	return 0;
}

static void place_count(struct place *p, struct ob *o, int64_t mm)
{
	uint32_t metres = (uint32_t)((mm + 999) / 1000);

	p->radius_m = metres > p->radius_m ? metres : p->radius_m;
	p->observations++;
	p->sources |= UINT64_C(1) << o->source;
	if (o->kind == KT_TIME_LOCAL)
		return; /* no instant */
	p->from = o->t < p->from ? o->t : p->from;
	p->to = o->t_end > p->to ? o->t_end : p->to;
	p->days += days_more(o, &p->last_day);
}

static int join(struct rep *r, struct model *m, uint32_t i)
{
	struct ob *o = &m->ob[i];
	int64_t mm;
	uint32_t at;
	int c;

	if (o->accuracy_m > PLACE_ACCURACY_M)
		return 0; /* says too little of a point */
	at = search_places(m, o, &mm);
	if (at == NO_NUMBER) {
		if (m->nplaces == PLACES_MAX) {
			m->no_place++;
			return 0;
		}
		c = place_new(r, m, o, i);
		if (c < 0)
			return c;
		at = (uint32_t)m->nplaces - 1;
		mm = 0;
	}
	o->place = at;
	place_count(&m->place[at], o, mm);
	return 0;
}

static int by_weight(const void *a, const void *b, void *arg)
{
	const struct place *sorting = arg;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;

	if (sorting[i].observations != sorting[k].observations)
		return sorting[i].observations > sorting[k].observations ? -1 : 1;
	return i < k ? -1 : i > k;
}

/* The most visited ones are listed, in the order in which they were first seen. */
static int number_places(struct rep *r, struct model *m)
{
	uint32_t *by = calloc(m->nplaces + 1, sizeof(*by)), n = 0;

	if (by == NULL)
		return KT_FAIL(r->err, KT_E_NOMEM, "report: no memory");
	for (uint32_t i = 0; i < m->nplaces; i++)
		by[i] = i;
	qsort_r(by, m->nplaces, sizeof(*by), by_weight, m->place);
	for (size_t i = 0; i < m->nplaces && i < PLACES_SHOWN; i++)
		m->place[by[i]].number = 1;
	free(by);
	for (size_t i = 0; i < m->nplaces; i++)
		if (m->place[i].number != 0)
			m->place[i].number = ++n;
	return 0;
}

int model_places(struct rep *r, struct model *m)
{
	int c = 0;

	m->place_hash = malloc(PLACE_HASH * sizeof(*m->place_hash));
	if (m->place_hash == NULL)
		return KT_FAIL(r->err, KT_E_NOMEM, "report: no memory");
	memset(m->place_hash, 0xff, PLACE_HASH * sizeof(*m->place_hash));
	for (size_t i = 0; c == 0 && i < m->ntimed; i++)
		c = join(r, m, m->by_time[i]);
	for (size_t i = 0; c == 0 && i < m->nobs; i++)
		if (m->ob[i].why == WHY_POSITION && m->ob[i].kind == KT_TIME_LOCAL)
			c = join(r, m, (uint32_t)i);
	return c < 0 ? c : number_places(r, m);
}

/* -- totals ----------------------------------------------------------------------------------- */

static int by_where(const void *a, const void *b)
{
	const struct total *x = a, *y = b;

	if (x->days != y->days)
		return x->days > y->days ? -1 : 1;
	if (x->observations != y->observations)
		return x->observations > y->observations ? -1 : 1;
	return x->where < y->where ? -1 : x->where > y->where;
}

static void total_add(struct total *t, const struct ob *o)
{
	t->observations++;
	if (o->kind == KT_TIME_LOCAL)
		return;
	t->first = o->t < t->first ? o->t : t->first;
	t->last = o->t_end > t->last ? o->t_end : t->last;
	t->days += days_more(o, &t->last_day);
}

int model_totals(struct rep *r, struct model *m)
{
	struct total *all = calloc(m->nwhere + 1, sizeof(*all));

	if (all == NULL)
		return KT_FAIL(r->err, KT_E_NOMEM, "report: no memory");
	for (size_t i = 0; i < m->nwhere; i++)
		all[i] = (struct total){.where = (uint16_t)i,
					.first = INT64_MAX,
					.last = INT64_MIN,
					.last_day = INT64_MIN};
	for (size_t i = 0; i < m->ntimed; i++) {
		const struct ob *o = &m->ob[m->by_time[i]];

		total_add(&all[o->where], o);
	}
	for (size_t i = 0; i < m->nobs; i++)
		if (m->ob[i].why == WHY_POSITION && m->ob[i].kind == KT_TIME_LOCAL)
			total_add(&all[m->ob[i].where], &m->ob[i]);
	for (size_t i = 0; i < m->nwhere; i++)
		if (all[i].observations > 0)
			all[m->ntotals++] = all[i];
	qsort(all, m->ntotals, sizeof(*all), by_where);
	m->total = all;
	return 0;
}
