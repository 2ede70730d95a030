/* SPDX-License-Identifier: EUPL-1.2 */
/* What follows from the observations, in the order of the document. */
#include "reports/model/model.h"
#include "core/time.h"

#include <stdio.h>
#include <string.h>

static const char map_note[] =
	"Borders on this map come from a simplified public-domain data set and show, roughly, who "
	"administers an area in practice. They are drawn for orientation only, may be off by some "
	"kilometres, and take no position on any claim. A place is said to lie in a territory only "
	"when no other one lies within the accuracy of the record and 5 kilometres.";
static const char contested_note[] =
	"Places in areas whose status is contested are listed under the area's name. They are "
	"attributed to no state and count neither for nor against a statement.";

/* -- pieces ----------------------------------------------------------------------------------- */

void put_where(struct rep *r, const char *key, unsigned where)
{
	const struct model *m = r->model;
	const struct kt_geo_where *w = &m->where[where];

	kt_jw_key(&r->w, key);
	kt_jw_obj(&r->w);
	kt_jw_kstr(&r->w, "verdict", kt_geo_verdict_name(w->verdict));
	kt_jw_key(&r->w, "territories");
	kt_jw_arr(&r->w);
	for (unsigned i = 0; i < w->n; i++)
		kt_jw_str(&r->w, kt_geo_territory(m->geo, w->t[i])->code);
	kt_jw_arr_end(&r->w);
	kt_jw_obj_end(&r->w);
}

void put_ob_id(struct rep *r, const char *key, uint32_t ob)
{
	const struct ob *o = &r->model->ob[ob];
	char id[40];

	snprintf(id, sizeof(id), "o%06u#%u", o->object, o->n);
	if (key != NULL)
		kt_jw_kstr(&r->w, key, id);
	else
		kt_jw_str(&r->w, id);
}

void put_us(struct rep *r, const char *key, int64_t us, bool there)
{
	char t[KT_TIME_TEXT];

	if (us < KT_TIME_MIN || us > KT_TIME_MAX)
		there = false;
	kt_jw_kstr(&r->w, key, there ? kt_time_text(us, t) : NULL);
}

static void put_coordinate(struct rep *r, const char *key, int32_t e7)
{
	kt_jw_key(&r->w, key);
	kt_jw_fixed(&r->w, e7, 7);
}

static bool counts(const struct model *m, unsigned where)
{
	return m->where[where].verdict == KT_GEO_IN;
}

static void put_codes(struct rep *r, const char *key, char *codes)
{
	struct kt_jw *w = &r->w;
	char *next = codes;

	kt_jw_key(w, key);
	kt_jw_arr(w);
	for (const char *code; (code = strsep(&next, " ")) != NULL;)
		kt_jw_str(w, code);
	kt_jw_arr_end(w);
}

/* Digits of a card's number: 89, then the calling code of who issued it. */
static bool issuer(const struct view *v, char codes[KT_GEO_CODES])
{
	const struct slice *name = &v->v[S_NAME], *value = &v->v[S_VALUE];
	char digits[8] = "";

	if (value->p == NULL || value->n < 10 || memcmp(value->p, "89", 2) != 0 ||
	    (!slice_has(name, "iccid") && !slice_is(name, "sim-card")))
		return false;
	memcpy(digits, value->p + 2, 7);
	return strspn(digits, "0123456789") == 7 && kt_geo_calling(digits, codes);
}

/* What a code names: a network or the issuer of a card, never where the phone was. */
static void put_named(struct rep *r, const char *json, size_t n)
{
	char codes[KT_GEO_CODES], mcc[4] = "";
	struct view v;

	view_read(&v, json, n);
	if (v.v[S_MCC].p != NULL && v.v[S_MCC].n == 3) {
		memcpy(mcc, v.v[S_MCC].p, 3);
		if (kt_geo_mcc(mcc, codes))
			put_codes(r, "network_of", codes);
	}
	if (issuer(&v, codes))
		put_codes(r, "issued_in", codes);
}

void put_use(struct rep *r, size_t i, const char *json, size_t n)
{
	const struct model *m = r->model;
	const struct ob *o = &m->ob[i];
	struct kt_jw *w = &r->w;

	kt_jw_key(w, "use");
	kt_jw_obj(w);
	kt_jw_kstr(w, "as",
		   o->why == WHY_POSITION ? "position"
		   : o->has_position	  ? "not-position"
					  : "no-position");
	kt_jw_kstr(w, "why", why_name(o->why));
	kt_jw_kstr(w, "source", m->source[o->source].name);
	if (o->shifted && o->kind != KT_TIME_LOCAL) {
		put_us(r, "t", o->t, true);
		kt_jw_kint(w, "shift_ms", -m->shift_us / 1000);
	} else if (o->shifted) {
		kt_jw_kint(w, "shift_ms", -m->shift_us / 1000);
	}
	if (o->has_position)
		put_where(r, "where", o->where);
	if (o->place != NO_NUMBER && m->place[o->place].number != 0)
		kt_jw_kuint(w, "place", m->place[o->place].number);
	if (o->stay != NO_NUMBER)
		kt_jw_kuint(w, "stay", m->stay[o->stay].number);
	if (o->copy)
		kt_jw_kbool(w, "copy", true);
	if (o->why == WHY_STATEMENT)
		put_named(r, json, n);
	kt_jw_obj_end(w);
}

/* -- geography -------------------------------------------------------------------------------- */

static void put_territories(struct rep *r)
{
	const struct model *m = r->model;
	struct kt_jw *w = &r->w;

	kt_jw_key(w, "territories");
	kt_jw_arr(w);
	for (unsigned i = 0; i < kt_geo_count(m->geo); i++) {
		const struct kt_geo_territory *t = kt_geo_territory(m->geo, i);

		if (!m->seen[i])
			continue;
		rep_elem(r);
		kt_jw_obj(w);
		kt_jw_kstr(w, "code", t->code);
		kt_jw_kstr(w, "name_en", t->name_en);
		kt_jw_kstr(w, "name_nl", t->name_nl);
		kt_jw_kbool(w, "contested", t->contested);
		kt_jw_obj_end(w);
	}
	kt_jw_arr_end(w);
}

static void write_geography(struct rep *r)
{
	const struct model *m = r->model;
	struct kt_jw *w = &r->w;

	rep_member(r, "geography");
	kt_jw_obj(w);
	kt_jw_kstr(w, "map", KT_GEO_MAP);
	kt_jw_kstr(w, "map_sha256", kt_geo_sha256(m->geo));
	kt_jw_kstr(w, "contested_version", kt_geo_contested_version(m->geo));
	kt_jw_kint(w, "margin_m", KT_GEO_MARGIN_M);
	kt_jw_kint(w, "max_accuracy_m", KT_GEO_MAX_ACCURACY_M);
	kt_jw_kstr(w, "note", map_note);
	kt_jw_kstr(w, "contested_note", contested_note);
	put_territories(r);
	kt_jw_obj_end(w);
}

/* -- totals, stays, places -------------------------------------------------------------------- */

static int write_totals(struct rep *r)
{
	const struct model *m = r->model;
	struct kt_jw *w = &r->w;
	int c = 0;

	rep_member(r, "totals");
	kt_jw_arr(w);
	for (size_t i = 0; c == 0 && i < m->ntotals; i++) {
		const struct total *t = &m->total[i];

		rep_elem(r);
		kt_jw_obj(w);
		put_where(r, "where", t->where);
		kt_jw_kbool(w, "counts", counts(m, t->where));
		kt_jw_kuint(w, "observations", t->observations);
		kt_jw_kuint(w, "days", t->days);
		put_us(r, "first", t->first, t->days > 0);
		put_us(r, "last", t->last, t->days > 0);
		kt_jw_obj_end(w);
		c = rep_flush(r, false);
	}
	kt_jw_arr_end(w);
	return c;
}

static int put_more(struct rep *r, size_t n)
{
	if (n == 0)
		return 0;
	rep_elem(r);
	kt_jw_obj(&r->w);
	kt_jw_kuint(&r->w, "not_listed", n);
	kt_jw_obj_end(&r->w);
	return rep_flush(r, false);
}

static void put_stay(struct rep *r, const struct stay *s)
{
	const struct model *m = r->model;
	struct kt_jw *w = &r->w;

	rep_elem(r);
	kt_jw_obj(w);
	kt_jw_kuint(w, "n", s->number);
	kt_jw_key(w, "sources"); /* one: each stay is one source's */
	kt_jw_arr(w);
	kt_jw_str(w, m->source[s->source].name);
	kt_jw_arr_end(w);
	put_where(r, "where", s->where);
	kt_jw_kbool(w, "counts", counts(m, s->where));
	put_us(r, "from", s->from, true);
	put_us(r, "to", s->to, true);
	kt_jw_kuint(w, "observations", s->observations);
	kt_jw_kuint(w, "not_determined", s->undetermined);
	kt_jw_kuint(w, "days", s->days);
	kt_jw_kint(w, "longest_gap_s", s->gap / KT_US_PER_S);
	kt_jw_key(w, "basis");
	kt_jw_obj(w);
	kt_jw_kuint(w, "measured", s->measured);
	kt_jw_kuint(w, "inferred", s->inferred);
	kt_jw_kuint(w, "other", s->other);
	kt_jw_obj_end(w);
	put_ob_id(r, "first", s->first);
	put_ob_id(r, "last", s->last);
	kt_jw_obj_end(w);
}

static int write_stays(struct rep *r)
{
	const struct model *m = r->model;
	int c = 0;

	rep_member(r, "stays");
	kt_jw_arr(&r->w);
	for (size_t i = 0; c == 0 && i < m->nstays && i < STAYS_SHOWN; i++) {
		put_stay(r, &m->stay[i]);
		c = rep_flush(r, false);
	}
	if (c == 0)
		c = put_more(r, m->nstays > STAYS_SHOWN ? m->nstays - STAYS_SHOWN : 0);
	kt_jw_arr_end(&r->w);
	return c;
}

static void put_place(struct rep *r, const struct place *p)
{
	const struct model *m = r->model;
	struct kt_jw *w = &r->w;

	rep_elem(r);
	kt_jw_obj(w);
	kt_jw_kuint(w, "n", p->number);
	put_coordinate(r, "lat", p->lat);
	put_coordinate(r, "lon", p->lon);
	kt_jw_kuint(w, "radius_m", p->radius_m);
	put_where(r, "where", p->where);
	kt_jw_kuint(w, "observations", p->observations);
	kt_jw_kuint(w, "days", p->days);
	put_us(r, "first", p->from, p->days > 0);
	put_us(r, "last", p->to, p->days > 0);
	kt_jw_key(w, "sources");
	kt_jw_arr(w);
	for (unsigned i = 0; i < m->nsources; i++)
		if ((p->sources >> i & 1) != 0)
			kt_jw_str(w, m->source[i].name);
	kt_jw_arr_end(w);
	put_ob_id(r, "id", p->first);
	kt_jw_obj_end(w);
}

static int write_places(struct rep *r)
{
	const struct model *m = r->model;
	size_t shown = 0;
	int c = 0;

	rep_member(r, "places");
	kt_jw_arr(&r->w);
	for (size_t i = 0; c == 0 && i < m->nplaces; i++) {
		if (m->place[i].number == 0)
			continue;
		shown++;
		put_place(r, &m->place[i]);
		c = rep_flush(r, false);
	}
	if (c == 0)
		c = put_more(r, m->nplaces - shown + m->no_place);
	kt_jw_arr_end(&r->w);
	return c;
}

/* -- agreement, conflicts --------------------------------------------------------------------- */

static void put_km(struct kt_buf *b, int64_t mm)
{
	if (mm < 10000000)
		kt_buf_printf(b, "%lld m", (long long)(mm / 1000));
	else
		kt_buf_printf(b, "%lld km", (long long)((mm + 500000) / 1000000));
}

static void put_text(struct rep *r, const struct pairs *p, bool conflict)
{
	const struct model *m = r->model;
	struct kt_buf b;

	kt_buf_init(&b, 0);
	if (conflict) {
		kt_buf_printf(&b, "%s and %s place the phone ", m->source[p->a].name,
			      p->a == p->b ? "the same source" : m->source[p->b].name);
		put_km(&b, p->distance_mm);
		kt_buf_printf(
			&b,
			" apart, with %lld seconds between. Both can't hold; nothing here says "
			"which of the two does.",
			(long long)(p->apart_us / KT_US_PER_S));
	} else {
		kt_buf_printf(&b,
			      "%s and %s, which do not depend on one another as far as is known, "
			      "place the phone within ",
			      m->source[p->a].name, m->source[p->b].name);
		put_km(&b, p->distance_mm);
		kt_buf_printf(&b, " and %lld seconds of one another.",
			      (long long)(p->apart_us / KT_US_PER_S));
	}
	kt_jw_kstr(&r->w, "text", kt_buf_cstr(&b));
	kt_buf_free(&b);
}

static void put_pairs(struct rep *r, const struct pairs *p, size_t n, bool conflict)
{
	const struct model *m = r->model;
	struct kt_jw *w = &r->w;

	rep_elem(r);
	kt_jw_obj(w);
	kt_jw_kuint(w, "n", n);
	kt_jw_key(w, "sources");
	kt_jw_arr(w);
	kt_jw_str(w, m->source[p->a].name);
	kt_jw_str(w, m->source[p->b].name);
	kt_jw_arr_end(w);
	kt_jw_kuint(w, "pairs", p->n);
	put_us(r, "from", p->from, true);
	put_us(r, "to", p->to, true);
	put_ob_id(r, "a", p->first_a);
	put_ob_id(r, "b", p->first_b);
	kt_jw_kint(w, "distance_m", p->distance_mm / 1000);
	kt_jw_kint(w, "seconds", p->apart_us / KT_US_PER_S);
	kt_jw_kint(w, "largest_m", p->largest_mm / 1000);
	put_text(r, p, conflict);
	kt_jw_obj_end(w);
}

static int write_pairs(struct rep *r, const char *key, const struct pairs *p, size_t n,
		       bool conflict)
{
	int c = 0;

	rep_member(r, key);
	kt_jw_arr(&r->w);
	for (size_t i = 0; c == 0 && i < n && i < PAIRS_SHOWN; i++) {
		put_pairs(r, &p[i], i + 1, conflict);
		c = rep_flush(r, false);
	}
	if (c == 0)
		c = put_more(r, n > PAIRS_SHOWN ? n - PAIRS_SHOWN : 0);
	kt_jw_arr_end(&r->w);
	return c;
}

/* -- photos ----------------------------------------------------------------------------------- */

static void put_names(struct rep *r, const char *key, const char (*list)[64], unsigned n)
{
	kt_jw_key(&r->w, key);
	kt_jw_arr(&r->w);
	for (unsigned i = 0; i < n; i++)
		kt_jw_bytes(&r->w, list[i], strlen(list[i]));
	kt_jw_arr_end(&r->w);
}

/* Camera names stand as the record has them, where they were made visible already. */
static void put_stored(struct rep *r, const char *key, const char *text)
{
	kt_jw_key(&r->w, key);
	if (*text == '\0') {
		kt_jw_null(&r->w);
		return;
	}
	kt_buf_putc(&r->out, '"');
	kt_buf_puts(&r->out, text);
	kt_buf_putc(&r->out, '"');
	r->w.after_key = false;
}

static void write_photos(struct rep *r)
{
	const struct model *m = r->model;
	struct kt_jw *w = &r->w;

	rep_member(r, "photos");
	kt_jw_obj(w);
	kt_jw_key(w, "phone");
	kt_jw_obj(w);
	put_names(r, "make", m->phone.make, m->phone.nmake);
	put_names(r, "model", m->phone.model, m->phone.nmodel);
	kt_jw_obj_end(w);
	kt_jw_key(w, "cameras");
	kt_jw_arr(w);
	for (size_t i = 0; i < m->ncameras; i++) {
		const struct camera *k = &m->camera[i];

		rep_elem(r);
		kt_jw_obj(w);
		put_stored(r, "make", k->make);
		put_stored(r, "model", k->model);
		kt_jw_kuint(w, "pictures", k->pictures);
		kt_jw_kuint(w, "with_position", k->with_position);
		kt_jw_kstr(w, "same", k->same > 0 ? "yes" : k->same == 0 ? "no" : "not-known");
		kt_jw_obj_end(w);
	}
	kt_jw_arr_end(w);
	kt_jw_kuint(w, "pictures_of_further_cameras", m->more_cameras);
	kt_jw_key(w, "why");
	kt_jw_arr(w);
	for (unsigned i = 0; i < WHY_COUNT; i++) {
		if (m->picture_why[i] == 0)
			continue;
		kt_jw_obj(w);
		kt_jw_kstr(w, "why", why_name(i));
		kt_jw_kuint(w, "count", m->picture_why[i]);
		kt_jw_obj_end(w);
	}
	kt_jw_arr_end(w);
	kt_jw_obj_end(w);
}

int rep_findings(struct rep *r)
{
	const struct model *m = r->model;
	int c;

	write_geography(r);
	c = write_totals(r);
	if (c == 0)
		c = write_stays(r);
	if (c == 0)
		c = write_places(r);
	if (c == 0)
		c = write_pairs(r, "agreement", m->agree_with, m->nagree, false);
	if (c == 0)
		c = write_pairs(r, "conflicts", m->conflict, m->nconflict, true);
	if (c < 0)
		return c;
	write_photos(r);
	return rep_flush(r, false);
}
