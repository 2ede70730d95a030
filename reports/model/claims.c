/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The statement beside the observations. Each claim gets what fits, what does not, what is not decided and
 * what a silence can mean, all in one form and at one rank. No sum, share or conclusion is made of them.
 */
#include "reports/model/model.h"
#include "core/mandate.h"
#include "core/time.h"
#include "reports/model/statement.h"

#include <string.h>

#define IDS_MAX 20u

enum side { FITS = 0, DOES_NOT_FIT, UNDECIDED, SIDES };
enum reason {
	R_BORDER = 0,
	R_CONTESTED,
	R_NOWHERE,
	R_COARSE,
	R_LOCAL,
	R_EDGE_PERIOD,
	R_EDGE_PLACE,
	R_PART_OF,
	R_ELSEWHERE,
	REASONS
};
static const char *const reason_names[REASONS] = {
	"border",	  "contested",	   "none",    "too-coarse", "local-time",
	"edge-of-period", "edge-of-place", "part-of", "elsewhere",
};

struct group {
	uint64_t n, days, sources, why[REASONS];
	int64_t first, last, last_day;
	uint32_t id[IDS_MAX];
	unsigned nids;
};

struct judged {
	struct group side[SIDES];
	uint64_t observed, per_source[SOURCES_MAX];
	int64_t last_day, seen, gap; /* seen: the end of what was observed so far */
};

/* -- inside, outside, not decided --------------------------------------------------------------- */

/* Territories that are a part of a state and have a code of their own. */
static const char *const parts[][2] = {
	{"FR", "GF GP MQ RE YT PM BL MF NC PF WF TF"},
	{"NL", "BQ AW CW SX"},
	{"NO", "SJ BV"},
	{"DK", "GL FO"},
	{"FI", "AX"},
	{"GB", "JE GG IM GI FK GS IO PN SH BM KY MS TC VG AI sovereign-bases"},
	{"US", "PR GU VI AS MP UM guantanamo"},
	{"CN", "HK MO"},
	{"AU", "CX CC NF HM"},
	{"NZ", "TK CK NU"},
	{"CU", "guantanamo"},
	{"CY", "sovereign-bases"},
};

static bool part_of(const char *whole, const char *part)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *at = strcmp(parts[i][0], whole) == 0 ? strstr(parts[i][1], part) : NULL;
		size_t n = strlen(part);

		if (at != NULL && (at == parts[i][1] || at[-1] == ' ') &&
		    (at[n] == ' ' || at[n] == '\0'))
			return true;
	}
	return false;
}

/* 1 inside, -1 outside, 0 not decided, with the reason. */
static int in_country(const struct model *m, const struct kt_claim *c, const struct ob *o,
		      enum reason *why)
{
	const struct kt_geo_where *w = &m->where[o->where];
	const char *code;

	switch (w->verdict) {
	case KT_GEO_BORDER:
		*why = R_BORDER;
		return 0;
	case KT_GEO_COARSE:
		*why = R_COARSE;
		return 0;
	case KT_GEO_IN:
		break;
	default:
		*why = R_NOWHERE;
		return 0;
	}
	code = kt_geo_territory(m->geo, w->t[0])->code;
	if (strcmp(code, c->code) == 0)
		return 1;
	*why = R_PART_OF;
	return part_of(c->code, code) || part_of(code, c->code) ? 0 : -1;
}

static int in_area(const struct kt_claim *c, const struct ob *o, enum reason *why)
{
	bool edge, inside = kt_geo_in_area(c->corner, c->ncorners, o->lat, o->lon,
					   ((int64_t)o->accuracy_m + c->metres) * 1000 + 1, &edge);

	*why = R_EDGE_PLACE;
	return edge ? 0 : inside ? 1 : -1;
}

static int in_point(const struct kt_claim *c, const struct ob *o, enum reason *why)
{
	int64_t mm = kt_geo_distance_mm(c->lat_e7, c->lon_e7, o->lat, o->lon);
	int64_t own = (int64_t)o->accuracy_m * 1000, radius = c->radius_m * 1000;

	*why = R_EDGE_PLACE;
	if (mm + own <= radius)
		return 1;
	return mm - own > radius + c->metres * 1000 ? -1 : 0;
}

static bool contested_claim(const struct model *m, const struct kt_claim *c)
{
	int t = c->place == KT_CLAIM_COUNTRY ? kt_geo_find_code(m->geo, c->code) : -1;

	return t >= 0 && kt_geo_territory(m->geo, (unsigned)t)->contested;
}

static int inside(const struct model *m, const struct kt_claim *c, const struct ob *o,
		  enum reason *why)
{
	if (m->where[o->where].verdict == KT_GEO_CONTESTED || contested_claim(m, c)) {
		*why = R_CONTESTED;
		return 0;
	}
	return c->place == KT_CLAIM_COUNTRY ? in_country(m, c, o, why)
	       : c->place == KT_CLAIM_AREA  ? in_area(c, o, why)
					    : in_point(c, o, why);
}

/* -- sorting the observations --------------------------------------------------------------------- */

static void add(struct group *g, const struct ob *o, uint32_t i)
{
	g->n++;
	g->sources |= UINT64_C(1) << o->source;
	if (g->nids < IDS_MAX)
		g->id[g->nids++] = i;
	if (o->kind == KT_TIME_LOCAL)
		return;
	g->first = o->t < g->first ? o->t : g->first;
	g->last = o->t > g->last ? o->t : g->last;
	g->days += days_more(&(struct ob){.t = o->t, .t_end = o->t}, &g->last_day);
}

/* From the earliest to the latest instant that an observation can mean. */
static void extent(const struct model *m, const struct ob *o, int64_t *from, int64_t *to)
{
	*from = o->t;
	*to = o->t_end;
	if (o->kind == KT_TIME_LOCAL) { /* zones reach from UTC-12 to UTC+14 */
		*from -= 14 * HOURS_US;
		*to += 12 * HOURS_US;
	} else if (o->shifted) { /* whether the clock was off then is not known */
		*from = m->shift_us < 0 ? o->t + m->shift_us : o->t;
		*to = m->shift_us > 0 ? o->t_end + m->shift_us : o->t_end;
	}
}

static void sort_one(const struct model *m, const struct kt_claim *c, struct judged *j, uint32_t i)
{
	const struct ob *o = &m->ob[i];
	const int64_t edge = c->days * KT_US_PER_DAY;
	enum reason why = R_ELSEWHERE;
	enum side side = UNDECIDED;
	int64_t from, to;
	int in;

	extent(m, o, &from, &to);
	if (to < c->from_us - edge || from >= c->to_us + edge)
		return;
	if (from < c->from_us + edge || to >= c->to_us - edge) {
		why = o->kind == KT_TIME_LOCAL ? R_LOCAL : R_EDGE_PERIOD;
	} else {
		in = inside(m, c, o, &why);
		if (in > 0)
			side = c->kind == KT_CLAIM_NOT_THERE ? DOES_NOT_FIT : FITS;
		else if (in < 0 && c->kind == KT_CLAIM_VISITED)
			why = R_ELSEWHERE;
		else if (in < 0)
			side = c->kind == KT_CLAIM_NOT_THERE ? FITS : DOES_NOT_FIT;
	}
	add(&j->side[side], o, i);
	if (side == UNDECIDED)
		j->side[side].why[why]++;
}

/* How much of the period itself was observed at all, wherever. */
static void cover(const struct kt_claim *c, struct judged *j, const struct ob *o)
{
	struct ob cut = *o;

	if (o->t_end < c->from_us || o->t >= c->to_us)
		return;
	cut.t = cut.t < c->from_us ? c->from_us : cut.t;
	cut.t_end = cut.t_end >= c->to_us ? c->to_us - 1 : cut.t_end;
	j->per_source[o->source]++;
	j->observed += days_more(&cut, &j->last_day);
	if (cut.t - j->seen > j->gap)
		j->gap = cut.t - j->seen;
	j->seen = cut.t_end > j->seen ? cut.t_end : j->seen;
}

static void judge(const struct model *m, const struct kt_claim *c, struct judged *j)
{
	memset(j, 0, sizeof(*j));
	j->last_day = INT64_MIN;
	j->seen = c->from_us;
	for (int s = 0; s < SIDES; s++) {
		j->side[s].first = INT64_MAX;
		j->side[s].last = j->side[s].last_day = INT64_MIN;
	}
	for (size_t i = 0; i < m->ntimed; i++) {
		sort_one(m, c, j, m->by_time[i]);
		cover(c, j, &m->ob[m->by_time[i]]);
	}
	for (size_t i = 0; i < m->nobs; i++)
		if (m->ob[i].why == WHY_POSITION && m->ob[i].kind == KT_TIME_LOCAL)
			sort_one(m, c, j, (uint32_t)i);
	if (c->to_us - j->seen > j->gap)
		j->gap = c->to_us - j->seen;
}

/* -- writing -------------------------------------------------------------------------------------- */

static void put_group(struct rep *r, const char *key, const struct group *g, bool with_why)
{
	const struct model *m = r->model;
	struct kt_jw *w = &r->w;

	kt_jw_key(w, key);
	kt_jw_obj(w);
	kt_jw_kuint(w, "observations", g->n);
	kt_jw_kuint(w, "days", g->days);
	put_us(r, "first", g->first, g->days > 0);
	put_us(r, "last", g->last, g->days > 0);
	kt_jw_key(w, "sources");
	kt_jw_arr(w);
	for (unsigned i = 0; i < m->nsources; i++)
		if ((g->sources >> i & 1) != 0)
			kt_jw_str(w, m->source[i].name);
	kt_jw_arr_end(w);
	kt_jw_key(w, "ids");
	kt_jw_arr(w);
	for (unsigned i = 0; i < g->nids; i++)
		put_ob_id(r, NULL, g->id[i]);
	kt_jw_arr_end(w);
	if (with_why) {
		kt_jw_key(w, "why");
		kt_jw_arr(w);
		for (unsigned i = 0; i < REASONS; i++) {
			if (g->why[i] == 0)
				continue;
			kt_jw_obj(w);
			kt_jw_kstr(w, "why", reason_names[i]);
			kt_jw_kuint(w, "count", g->why[i]);
			kt_jw_obj_end(w);
		}
		kt_jw_arr_end(w);
	}
	kt_jw_obj_end(w);
}

static void put_place(struct rep *r, const struct kt_claim *c)
{
	static const char *const kinds[] = {"", "country", "area", "point"};
	const struct model *m = r->model;
	struct kt_jw *w = &r->w;
	int t;

	kt_jw_key(w, "place");
	kt_jw_obj(w);
	kt_jw_kstr(w, "kind", kinds[c->place]);
	if (c->place == KT_CLAIM_COUNTRY) {
		t = kt_geo_find_code(m->geo, c->code);
		kt_jw_kstr(w, "code", c->code);
		kt_jw_kstr(w, "name_en",
			   t < 0 ? NULL : kt_geo_territory(m->geo, (unsigned)t)->name_en);
		kt_jw_kstr(w, "name_nl",
			   t < 0 ? NULL : kt_geo_territory(m->geo, (unsigned)t)->name_nl);
	} else {
		kt_jw_key(w, "name");
		kt_jw_bytes(w, c->name, strlen(c->name));
	}
	if (c->place == KT_CLAIM_POINT) {
		kt_jw_key(w, "lat");
		kt_jw_fixed(w, c->lat_e7, 7);
		kt_jw_key(w, "lon");
		kt_jw_fixed(w, c->lon_e7, 7);
		kt_jw_kint(w, "radius_m", c->radius_m);
	}
	if (c->place == KT_CLAIM_AREA) {
		kt_jw_key(w, "corners");
		kt_jw_arr(w);
		for (size_t i = 0; i < c->ncorners; i++) {
			kt_jw_obj(w);
			kt_jw_key(w, "lat");
			kt_jw_fixed(w, c->corner[i].lat_e7, 7);
			kt_jw_key(w, "lon");
			kt_jw_fixed(w, c->corner[i].lon_e7, 7);
			kt_jw_obj_end(w);
		}
		kt_jw_arr_end(w);
	}
	kt_jw_obj_end(w);
}

static void put_claim_text(struct rep *r, const char *key, const char *s)
{
	kt_jw_key(&r->w, key);
	if (s == NULL)
		kt_jw_null(&r->w);
	else
		kt_jw_bytes(&r->w, s, strlen(s));
}

static void put_sentence(struct rep *r, const struct judged *j)
{
	const struct group *fit = &j->side[FITS], *not = &j->side[DOES_NOT_FIT];
	const struct group *open = &j->side[UNDECIDED];
	struct kt_buf b;

	kt_buf_init(&b, 0);
	if (fit->n == 0 && not ->n == 0)
		kt_buf_puts(&b, "No data: no observation decides. This has the same rank as any "
				"other finding and speaks neither for nor against the claim.");
	if (fit->n > 0)
		kt_buf_printf(&b, "Fits: %llu observation%s on %llu day%s of UTC.",
			      (unsigned long long)fit->n, fit->n == 1 ? "" : "s",
			      (unsigned long long)fit->days, fit->days == 1 ? "" : "s");
	if (not ->n > 0)
		kt_buf_printf(&b, "%sDoes not fit: %llu observation%s on %llu day%s of UTC.",
			      fit->n > 0 ? " " : "", (unsigned long long)not ->n,
			      not ->n == 1 ? "" : "s", (unsigned long long)not ->days,
			      not ->days == 1 ? "" : "s");
	if (fit->n > 0 && not ->n > 0)
		kt_buf_puts(&b, " Sources differ, or the phone was in several places; both are "
				"shown and neither is weighed.");
	if (open->n > 0)
		kt_buf_printf(&b, " %llu observation%s not decided.", (unsigned long long)open->n,
			      open->n == 1 ? " is" : "s are");
	kt_jw_kstr(&r->w, "sentence", kt_buf_cstr(&b));
	kt_buf_free(&b);
}

/* How much of the period lies in what the mandate allows of any source with positions. */
static const char *in_mandate(const struct rep *r, const struct kt_claim *c)
{
	const struct kt_plan *plan = r->in->plan;
	bool part = false;

	for (size_t i = 0; i < plan->n; i++) {
		const struct kt_scope *s = plan->item[i].scope;

		if ((s->fields >> KT_G_POSITION & 1) == 0)
			continue;
		if (s->from_us <= c->from_us && s->to_us >= c->to_us)
			return "whole";
		part |= s->from_us < c->to_us && s->to_us > c->from_us;
	}
	return part ? "part" : "none";
}

enum silence { OUTSIDE_MANDATE, NOT_BY_ITSELF, AROUND, BESIDE };
static const struct {
	const char *code, *text;
} silences[] = {
	{"outside-mandate",
	 "The mandate does not allow records of this period. That there are none says nothing."},
	{"no-source-that-records-by-itself",
	 "No source that records by itself was found. The others hold something only when "
	 "somebody did something, so a silence says nothing."},
	{"source-recorded-around",
	 "A source that records by itself has records before and behind this period. A silence "
	 "within it means that nothing was recorded, or that it was removed; not where the phone "
	 "was."},
	{"source-recorded-before-or-after",
	 "A source that records by itself has records on one side of this period, or only within "
	 "it. It may not have been recording during all of it, so a silence says little."},
};

static enum silence silence(const struct model *m, const struct kt_claim *c, const char *mandate)
{
	enum silence s = NOT_BY_ITSELF;

	if (strcmp(mandate, "none") == 0)
		return OUTSIDE_MANDATE;
	for (unsigned i = 0; i < m->nsources; i++) {
		const struct source *k = &m->source[i];

		if (!k->by_itself || k->first > k->last)
			continue;
		if (k->first < c->from_us && k->last >= c->to_us)
			return AROUND;
		s = BESIDE;
	}
	return s;
}

static void put_coverage(struct rep *r, const struct kt_claim *c, const struct judged *j)
{
	const struct model *m = r->model;
	const char *mandate = in_mandate(r, c);
	enum silence s = silence(m, c, mandate);
	struct kt_jw *w = &r->w;

	kt_jw_key(w, "coverage");
	kt_jw_obj(w);
	kt_jw_kint(w, "days", day_of(c->to_us - 1) - day_of(c->from_us) + 1);
	kt_jw_kuint(w, "days_observed", j->observed);
	kt_jw_kint(w, "longest_gap_s", j->gap / KT_US_PER_S);
	kt_jw_kstr(w, "mandate", mandate);
	kt_jw_kstr(w, "silence", silences[s].code);
	kt_jw_kstr(w, "text", silences[s].text);
	kt_jw_key(w, "sources");
	kt_jw_arr(w);
	for (unsigned i = 0; i < m->nsources; i++) {
		const struct source *k = &m->source[i];

		if (k->first > k->last)
			continue;
		kt_jw_obj(w);
		kt_jw_kstr(w, "source", k->name);
		kt_jw_kbool(w, "by_itself", k->by_itself);
		kt_jw_kuint(w, "observations", j->per_source[i]);
		put_us(r, "first", k->first, true);
		put_us(r, "last", k->last, true);
		kt_jw_obj_end(w);
	}
	kt_jw_arr_end(w);
	kt_jw_obj_end(w);
}

static void put_claim(struct rep *r, const struct kt_claim *c)
{
	static const char *const kinds[] = {"", "stayed", "visited", "not-there"};
	struct kt_jw *w = &r->w;
	struct judged j;

	judge(r->model, c, &j);
	rep_elem(r);
	kt_jw_obj(w);
	kt_jw_kstr(w, "id", c->id);
	put_claim_text(r, "text", c->text);
	kt_jw_kstr(w, "kind", kinds[c->kind]);
	kt_jw_key(w, "period");
	kt_jw_obj(w);
	put_claim_text(r, "from", c->from_given);
	put_claim_text(r, "to", c->to_given);
	kt_jw_obj_end(w);
	put_place(r, c);
	kt_jw_key(w, "uncertainty");
	kt_jw_obj(w);
	kt_jw_kint(w, "days", c->days);
	kt_jw_kint(w, "metres", c->metres);
	kt_jw_obj_end(w);
	kt_jw_key(w, "findings");
	kt_jw_arr(w);
	if (j.side[FITS].n > 0)
		kt_jw_str(w, "fits");
	if (j.side[DOES_NOT_FIT].n > 0)
		kt_jw_str(w, "does-not-fit");
	if (j.side[FITS].n == 0 && j.side[DOES_NOT_FIT].n == 0)
		kt_jw_str(w, "no-data");
	kt_jw_arr_end(w);
	put_sentence(r, &j);
	put_group(r, "fits", &j.side[FITS], false);
	put_group(r, "does_not_fit", &j.side[DOES_NOT_FIT], false);
	put_group(r, "undecided", &j.side[UNDECIDED], true);
	put_coverage(r, c, &j);
	kt_jw_obj_end(w);
}

int rep_statement(struct rep *r)
{
	const struct kt_statement *s = r->in->statement;
	struct kt_jw *w = &r->w;
	int c = 0;

	rep_member(r, "statement");
	if (s == NULL) {
		kt_jw_null(w);
		return 0;
	}
	kt_jw_obj(w);
	kt_jw_kstr(w, "sha256", s->sha256);
	kt_jw_kstr(w, "given_at", s->given_at);
	put_claim_text(r, "language", s->language);
	put_claim_text(r, "interpreter", s->interpreter);
	put_claim_text(r, "source", s->source);
	kt_jw_key(w, "claims");
	kt_jw_arr(w);
	for (size_t i = 0; c == 0 && i < s->nclaims; i++) {
		put_claim(r, &s->claim[i]);
		c = rep_flush(r, false);
	}
	kt_jw_arr_end(w);
	kt_jw_obj_end(w);
	return c;
}
