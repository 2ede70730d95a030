/* SPDX-License-Identifier: EUPL-1.2 */
/* Records become observations of the model, one each, in the order of the document. */
#include "reports/model/model.h"
#include "core/err.h"
#include "core/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMO	   8192u /* look-ups kept: phones stand still most of the time */
#define WHERE_HASH 65536u
#define WHERE_MAX  60000u

struct near_memo {
	struct {
		int32_t lat, lon;
		uint32_t accuracy_m;
		uint16_t where;
		bool there;
	} row[MEMO];
};

int model_room(struct rep *r, void **p, size_t n, size_t *cap, size_t elem)
{
	size_t more = *cap > 0 ? *cap * 2 : 256;
	void *q;

	if (n < *cap)
		return 0;
	q = reallocarray(*p, more, elem);
	if (q == NULL)
		return KT_FAIL(r->err, KT_E_NOMEM, "report: no memory");
	*p = q;
	*cap = more;
	return 0;
}

/* -- where ------------------------------------------------------------------------------------ */

static uint32_t mix(uint32_t h, uint32_t v)
{
	return (h ^ v) * 16777619u;
}

/* Number of a set of territories; sets that occur are kept once. */
static int intern(struct rep *r, struct model *m, const struct kt_geo_where *w, uint16_t *out)
{
	uint32_t h = mix(2166136261u, w->verdict);
	int c;

	for (unsigned i = 0; i < w->n; i++)
		h = mix(h, w->t[i]);
	for (h %= WHERE_HASH; m->where_hash[h] != 0; h = (h + 1) % WHERE_HASH)
		if (memcmp(&m->where[m->where_hash[h] - 1], w, sizeof(*w)) == 0) {
			*out = (uint16_t)(m->where_hash[h] - 1);
			return 0;
		}
	if (m->nwhere == WHERE_MAX)
		return KT_FAIL(r->err, KT_E_LIMIT, "report: too many sets of territories");
	c = model_room(r, (void **)&m->where, m->nwhere, &m->cwhere, sizeof(*m->where));
	if (c < 0)
		return c;
	m->where[m->nwhere++] = *w;
	m->where_hash[h] = (uint16_t)m->nwhere;
	*out = (uint16_t)(m->nwhere - 1);
	for (unsigned i = 0; i < w->n; i++)
		m->seen[w->t[i]] = true;
	return 0;
}

static int locate(struct rep *r, struct model *m, struct ob *o)
{
	uint32_t h = mix(mix(mix(2166136261u, (uint32_t)o->lat), (uint32_t)o->lon), o->accuracy_m);
	struct kt_geo_where w;
	int c;

	h = (h ^ h >> 15) % MEMO;
	if (m->memo->row[h].there && m->memo->row[h].lat == o->lat &&
	    m->memo->row[h].lon == o->lon && m->memo->row[h].accuracy_m == o->accuracy_m) {
		o->where = m->memo->row[h].where;
		return 0;
	}
	kt_geo_find(m->geo, o->lat, o->lon, (int64_t)o->accuracy_m * 1000, &w);
	c = intern(r, m, &w, &o->where);
	m->memo->row[h].lat = o->lat;
	m->memo->row[h].lon = o->lon;
	m->memo->row[h].accuracy_m = o->accuracy_m;
	m->memo->row[h].where = o->where;
	m->memo->row[h].there = c == 0;
	return c;
}

/* -- one record ------------------------------------------------------------------------------- */

static uint8_t kind_of(const struct view *v)
{
	return slice_is(&v->v[S_T_KIND], "utc")	    ? KT_TIME_UTC
	       : slice_is(&v->v[S_T_KIND], "local") ? KT_TIME_LOCAL
	       : slice_is(&v->v[S_T_KIND], "boot")  ? KT_TIME_BOOT
						    : KT_TIME_NONE;
}

static uint8_t basis_of(const struct view *v)
{
	for (unsigned b = 1; b < KT_BASIS_END; b++)
		if (slice_is(&v->v[S_BASIS], kt_basis_name(b)))
			return (uint8_t)b;
	return 0;
}

static void set_position(struct ob *o, const struct view *v)
{
	int64_t lat, lon, accuracy;

	if (!slice_is(&v->v[S_POSITION], "ok") || !slice_fixed(&v->v[S_LAT], 7, &lat) ||
	    !slice_fixed(&v->v[S_LON], 7, &lon))
		return;
	o->has_position = true;
	o->lat = (int32_t)lat;
	o->lon = (int32_t)lon;
	if (slice_fixed(&v->v[S_ACCURACY], 3, &accuracy) && accuracy > 0) {
		accuracy = (accuracy + 999) / 1000;
		o->accuracy_m = accuracy < UINT32_MAX ? (uint32_t)accuracy : UINT32_MAX;
	}
}

/* The satellites' own time is not the phone's; a boot time and others of its clock are. */
static void set_time(struct model *m, struct ob *o, const struct view *v, int64_t t_us,
		     const struct source *s)
{
	const struct slice *end = &v->v[S_T_END];
	int64_t us;

	o->t = o->t_end = t_us;
	if (end->p != NULL && o->kind != KT_TIME_LOCAL &&
	    kt_time_parse(end->p, end->n, true, &us, NULL, NULL) == 0 && us > t_us)
		o->t_end = us;
	if (m->shift_us != 0 && s->phone_clock && v->v[S_GPS_TIME].p == NULL &&
	    o->kind != KT_TIME_NONE) {
		o->t -= m->shift_us;
		o->t_end -= m->shift_us;
		o->shifted = true;
	}
}

static void note_satellites(struct model *m, const struct view *v)
{
	int64_t d;

	/* another camera's clock is not the phone's */
	if (phone_is_camera(&m->phone, &v->v[S_MAKE], &v->v[S_MODEL]) != 1 ||
	    !slice_fixed(&v->v[S_DIFFERENCE], 0, &d))
		return;
	m->sat_least = m->sat_n == 0 || d < m->sat_least ? d : m->sat_least;
	m->sat_most = m->sat_n == 0 || d > m->sat_most ? d : m->sat_most;
	m->sat_n++;
}

/* As stored; cut, it could end in half an escape or letter. */
static void keep(char out[64], const struct slice *s)
{
	if (s->p == NULL)
		out[0] = '\0';
	else if (s->n >= 64)
		snprintf(out, 64, "(longer than 63 bytes)");
	else
		snprintf(out, 64, "%.*s", (int)s->n, s->p);
}

static void note_picture(struct model *m, const struct ob *o, const struct view *v)
{
	const struct slice *make = &v->v[S_MAKE], *model = &v->v[S_MODEL];
	struct camera c = {.same = phone_is_camera(&m->phone, make, model)};
	size_t i = 0;

	if (o->has_position)
		m->picture_why[o->why]++;
	if (make->p == NULL && model->p == NULL)
		return;
	keep(c.make, make);
	keep(c.model, model);
	while (i < m->ncameras &&
	       (strcmp(m->camera[i].make, c.make) != 0 || strcmp(m->camera[i].model, c.model) != 0))
		i++;
	if (i == CAMERAS_MAX) {
		m->more_cameras++;
		return;
	}
	if (i == m->ncameras)
		m->camera[m->ncameras++] = c;
	m->camera[i].pictures++;
	m->camera[i].with_position += o->has_position;
}

static int add(struct rep *r, const struct record_row *row)
{
	struct model *m = r->model;
	const struct kt_jv *line = NULL;
	struct ob o = {.place = NO_NUMBER, .stay = NO_NUMBER};
	struct ob_input in = {.timed = row->timed, .t_us = row->t_us};
	struct source *s;
	struct view v;
	unsigned item;
	int c = rep_object(r, row->object, &line, &item);

	if (c == 0)
		c = model_room(r, (void **)&m->ob, m->nobs, &m->cobs, sizeof(*m->ob));
	if (c == 0)
		c = model_room(r, (void **)&m->rowid, m->nobs, &m->crows, sizeof(*m->rowid));
	if (c == 0 && row->timed)
		c = rep_links_add(r, row->object, row->n, row->t_us, row->json, &o.copy);
	if (c < 0)
		return c;
	if (row->n > UINT32_MAX || m->nobs == NO_NUMBER)
		return KT_FAIL(r->err, KT_E_LIMIT, "report: too many observations");
	view_read(&v, row->json, row->len);
	o.object = (uint32_t)strtoul(row->object + 1, NULL, 10);
	o.n = (uint32_t)row->n;
	o.source = (uint8_t)source_of(m, r->in->plan->item[item].plugin->id);
	s = &m->source[o.source];
	o.basis = basis_of(&v);
	o.kind = kind_of(&v);
	set_position(&o, &v);
	set_time(m, &o, &v, in.t_us, s);
	in.v = &v;
	in.path = kt_jv_str(line, "path");
	in.source = s;
	o.why = (uint8_t)use_decide(m, &in);
	m->why[o.why]++;
	if (s->camera) {
		note_picture(m, &o, &v);
		note_satellites(m, &v);
	}
	if (o.has_position)
		c = locate(r, m, &o);
	if (o.why == WHY_POSITION) {
		s->used++;
		m->shifted += o.shifted;
	}
	m->rowid[m->nobs] = row->rowid;
	m->ob[m->nobs++] = o;
	return c;
}

/* -- order of time ---------------------------------------------------------------------------- */

struct timed {
	int64_t t;
	uint32_t i;
};

static int earlier(const void *a, const void *b)
{
	const struct timed *x = a, *y = b;

	if (x->t != y->t)
		return x->t < y->t ? -1 : 1;
	return x->i < y->i ? -1 : x->i > y->i;
}

/* Shifted times can change the order; equal ones stay in that of the document. */
static int order(struct rep *r, struct model *m)
{
	struct timed *all;
	size_t n = 0;

	for (size_t i = 0; i < m->nobs; i++)
		n += m->ob[i].why == WHY_POSITION && m->ob[i].kind != KT_TIME_LOCAL;
	all = calloc(n + 1, sizeof(*all));
	m->by_time = calloc(n + 1, sizeof(*m->by_time));
	if (all == NULL || m->by_time == NULL) {
		free(all);
		return KT_FAIL(r->err, KT_E_NOMEM, "report: no memory");
	}
	n = 0;
	for (size_t i = 0; i < m->nobs; i++)
		if (m->ob[i].why == WHY_POSITION && m->ob[i].kind != KT_TIME_LOCAL)
			all[n++] = (struct timed){m->ob[i].t, (uint32_t)i};
	qsort(all, n, sizeof(*all), earlier);
	for (size_t i = 0; i < n; i++) {
		const struct ob *o = &m->ob[all[i].i];
		struct source *s = &m->source[o->source];

		m->by_time[i] = all[i].i;
		s->first = o->t < s->first ? o->t : s->first;
		s->last = o->t_end > s->last ? o->t_end : s->last;
	}
	m->ntimed = n;
	free(all);
	return 0;
}

int model_make(struct rep *r)
{
	struct model *m = calloc(1, sizeof(*m));
	int c;

	r->model = m;
	if (m == NULL)
		return KT_FAIL(r->err, KT_E_NOMEM, "report: no memory");
	c = kt_geo_world(&m->geo, r->err);
	if (c < 0)
		return c;
	m->memo = calloc(1, sizeof(*m->memo));
	m->where_hash = calloc(WHERE_HASH, sizeof(*m->where_hash));
	m->seen = calloc(kt_geo_count(m->geo) + 1u, sizeof(*m->seen));
	if (m->memo == NULL || m->where_hash == NULL || m->seen == NULL)
		return KT_FAIL(r->err, KT_E_NOMEM, "report: no memory");
	c = phone_read(r, &m->phone);
	if (c == 0)
		c = model_clock(r, m);
	if (c == 0)
		c = rep_each_record(r, add);
	if (c == 0)
		c = order(r, m);
	if (c == 0)
		c = model_stays(r, m);
	if (c == 0)
		c = model_places(r, m);
	if (c == 0)
		c = model_totals(r, m);
	return c < 0 ? c : model_pairs(r, m);
}

void model_free(struct rep *r)
{
	struct model *m = r->model;

	if (m == NULL)
		return;
	kt_geo_free(&m->geo);
	free(m->memo);
	free(m->where_hash);
	free(m->where);
	free(m->seen);
	free(m->ob);
	free(m->rowid);
	free(m->by_time);
	free(m->stay);
	free(m->place);
	free(m->place_hash);
	free(m->agree_with);
	free(m->conflict);
	free(m->total);
	free(m);
	r->model = NULL;
}
