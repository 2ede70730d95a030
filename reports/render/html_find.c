/* SPDX-License-Identifier: EUPL-1.2 */
/* Where the sources place the phone: map, time line, totals, stays, places, agreement, conflicts. */
#include "reports/render/html_i.h"
#include "core/vocab.h"
#include "reports/render/html_map.h"
#include "core/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_STAYS  500u
#define SHOWN_PLACES 100u
#define SHOWN_PAIRS  100u

/* What the drawings need, gathered while the lists are read. */
struct findings {
	struct kt_geo *geo;
	struct map_place *place;
	size_t nplaces;
	struct line_stay *stay;
	size_t nstays;
	char *row[LINE_ROWS]; /* names, escaped */
	char key[LINE_ROWS][128];
	size_t nrows;
};

int find_begin(struct html *h)
{
	struct findings *f = calloc(1, sizeof(*f));

	h->find = f;
	if (f == NULL)
		return KT_FAIL(h->err, KT_E_NOMEM, "page: no memory");
	f->place = calloc(MAP_PLACES, sizeof(*f->place));
	f->stay = calloc(LINE_STAYS, sizeof(*f->stay));
	if (f->place == NULL || f->stay == NULL)
		return KT_FAIL(h->err, KT_E_NOMEM, "page: no memory");
	return 0;
}

/* The map, when something needs it for the first time. NULL: no memory, which the page's end tells. */
static struct kt_geo *map_of(const struct html *h)
{
	struct findings *f = h->find;

	if (f->geo == NULL && kt_geo_outlines(&f->geo, h->err) < 0)
		h->o->failed = true;
	return f->geo;
}

void find_free(struct html *h)
{
	struct findings *f = h->find;

	if (f == NULL)
		return;
	kt_geo_free(&f->geo);
	for (size_t i = 0; i < f->nrows; i++)
		free(f->row[i]);
	free(f->place);
	free(f->stay);
	free(f);
	h->find = NULL;
}

/* -- where ------------------------------------------------------------------------------------ */

const char *territory_name(const struct html *h, const char *code)
{
	const struct findings *f = h->find;
	int t = f != NULL && code != NULL && map_of(h) != NULL ? kt_geo_find_code(f->geo, code)
							       : -1;
	const struct kt_geo_territory *x;

	if (t < 0)
		return code;
	x = kt_geo_territory(f->geo, (unsigned)t);
	return h->lang == KT_LANG_NL && x->name_nl[0] != '\0' ? x->name_nl : x->name_en;
}

static void put_names(struct html *h, const char *path)
{
	for (unsigned i = 0; flat_at(h->f, path, i) != NULL; i++) {
		if (i > 0)
			put(h, flat_at(h->f, path, i + 1) != NULL ? ", " : " {and} ");
		put(h, "<bdi>%t</bdi>", territory_name(h, flat_at(h->f, path, i)));
	}
}

void put_area(struct html *h, const char *path)
{
	char key[128];
	const char *v;

	snprintf(key, sizeof(key), "%s.verdict", path);
	v = flat_get(h->f, key);
	snprintf(key, sizeof(key), "%s.territories", path);
	if (v == NULL) {
		put_raw(h, "\xe2\x80\x93");
	} else if (strcmp(v, "in") == 0) {
		put_names(h, key);
	} else if (strcmp(v, "border") == 0) {
		put(h, "{near the border of} ");
		put_names(h, key);
		put(h, "; {not determined}");
	} else if (strcmp(v, "contested") == 0) {
		put_names(h, key);
		put(h, " {(status contested: attributed to no state, counted neither for nor "
		       "against)}");
	} else if (strcmp(v, "none") == 0) {
		put(h, "{at sea or outside the map}");
	} else if (strcmp(v, "too-coarse") == 0) {
		put(h, "{too coarse to be placed}");
	} else {
		put(h, "%w", v);
	}
}

/* The same as a text, for a drawing. */
static char *where_text(struct html *h, const char *path)
{
	struct kt_buf *o = h->o, b;
	char *s = NULL, *w;
	bool in = false;

	kt_buf_init(&b, 65536);
	h->o = &b;
	put_area(h, path);
	h->o = o;
	if (!b.failed && kt_buf_cstr(&b) != NULL)
		s = strdup(kt_buf_cstr(&b));
	kt_buf_free(&b);
	/* without its markup */
	w = s;
	for (const char *r = s; r != NULL && *r != '\0'; r++) {
		in = *r == '<' || (in && *r != '>');
		if (!in && *r != '>')
			*w++ = *r;
	}
	if (w != NULL)
		*w = '\0';
	return s;
}

static void where_key(const struct html *h, const char *path, char *out, size_t n)
{
	char key[64];

	snprintf(key, sizeof(key), "%s.verdict", path);
	snprintf(out, n, "%s", flat_get(h->f, key) != NULL ? flat_get(h->f, key) : "");
	snprintf(key, sizeof(key), "%s.territories", path);
	for (unsigned i = 0; flat_at(h->f, key, i) != NULL; i++) {
		size_t len = strlen(out);

		snprintf(out + len, n - len, " %s", flat_at(h->f, key, i));
	}
}

/* -- names of sources ------------------------------------------------------------------------- */

void put_source(struct html *h, const char *s)
{
	const char *group = kt_word(KT_VOCAB_SOURCES, s);

	put(h, "%T", group != s ? group : title_of(h, s));
}

void put_source_list(struct html *h, const char *path)
{
	if (flat_at(h->f, path, 0) == NULL)
		put_raw(h, "\xe2\x80\x93");
	for (unsigned i = 0; flat_at(h->f, path, i) != NULL; i++) {
		put_raw(h, i > 0 ? ", " : "");
		put_source(h, flat_at(h->f, path, i));
	}
}

/* A whole number of seconds, metres or the like, with its unit. */
void put_seconds(struct html *h, const char *s)
{
	char n[24];
	unsigned long long v;

	if (s == NULL) {
		put_raw(h, "\xe2\x80\x93");
		return;
	}
	v = strtoull(s, NULL, 10);
	snprintf(n, sizeof(n), "%llu",
		 v >= 172800 ? v / 86400
		 : v >= 7200 ? v / 3600
		 : v >= 120  ? v / 60
			     : v);
	put(h,
	    v >= 172800 ? "{%n days}"
	    : v >= 7200 ? "{%n hours}"
	    : v >= 120	? "{%n minutes}"
			: "{%n seconds}",
	    n);
}

void put_metres(struct html *h, const char *s)
{
	char n[24];
	unsigned long long v;

	if (s == NULL) {
		put_raw(h, "\xe2\x80\x93");
		return;
	}
	v = strtoull(s, NULL, 10);
	snprintf(n, sizeof(n), "%llu", v >= 10000 ? (v + 500) / 1000 : v);
	put(h, v >= 10000 ? "%n km" : "%n m", n);
}

/* -- clock, geography ------------------------------------------------------------------------- */

int sec_clock(struct html *h)
{
	const char *offset = flat_get(h->f, "offset_ms"), *checked = flat_get(h->f, "checked");
	const char *shifted = flat_get(h->f, "applied_ms");
	char n[40];

	if (checked == NULL)
		return 0;
	put(h, "<section aria-labelledby=\"clock\">\n<h2 id=\"clock\">{The clock of the "
	       "phone}</h2>\n<dl "
	       "class=\"facts\">\n<div><dt>{Compared with the clock of the station}</dt><dd>");
	put(h, strcmp(checked, "twice") == 0  ? "{at the start and at the end}"
	       : strcmp(checked, "once") == 0 ? "{once}"
					      : "{not compared}");
	put_raw(h, "</dd></div>\n");
	if (offset != NULL)
		put(h, "<div><dt>{Phone minus station}</dt><dd>{%d seconds}</dd></div>\n",
		    milli(offset, n, sizeof(n)));
	if (shifted != NULL && strcmp(shifted, "0") != 0) {
		put(h, "<div><dt>{Taken off times that this clock gave}</dt><dd>{%d seconds}",
		    milli(shifted, n, sizeof(n)));
		put(h,
		    "<small>{observations shifted: %n; the time as recorded is shown beside "
		    "each}</small></dd></div>\n",
		    flat_get(h->f, "observations"));
	}
	put(h, "<div><dt>{Rule}</dt><dd>%T</dd></div>\n", flat_get(h->f, "rule"));
	if (flat_get(h->f, "against_satellites.least_s") != NULL) {
		put(h, "<div><dt>{Camera minus satellites}</dt><dd>{%d to %d seconds}",
		    flat_get(h->f, "against_satellites.least_s"),
		    flat_get(h->f, "against_satellites.most_s"));
		put(h, "<small>{in %n pictures that hold both times}</small></dd></div>\n",
		    flat_get(h->f, "against_satellites.observations"));
	}
	put_raw(h, "</dl>\n</section>\n");
	return 0;
}

int sec_geography(struct html *h)
{
	put_raw(h, h->opts->paper ? "<hr>\n" : "");
	put(h, "<section aria-labelledby=\"where\">\n<h2 id=\"where\">{Where the sources place the "
	       "phone}</h2>\n");
	if (flat_get(h->f, "map") == NULL)
		return 0;
	snprintf(h->geo_note, sizeof(h->geo_note), "%s",
		 flat_get(h->f, "note") != NULL ? flat_get(h->f, "note") : "");
	snprintf(h->contested_note, sizeof(h->contested_note), "%s",
		 flat_get(h->f, "contested_note") != NULL ? flat_get(h->f, "contested_note") : "");
	snprintf(h->map_name, sizeof(h->map_name), "%s", flat_get(h->f, "map"));
	snprintf(h->map_sha256, sizeof(h->map_sha256), "%s",
		 flat_get(h->f, "map_sha256") != NULL ? flat_get(h->f, "map_sha256") : "");
	return 0;
}

/* -- totals ----------------------------------------------------------------------------------- */

void totals_begin(struct html *h)
{
	h->o = &h->later;
	kt_buf_reset(&h->later);
	put(h, "<h3>{Days with observations, by territory}</h3>\n<p>{Only observations that lie in "
	       "one territory alone "
	       "are counted for it. Those near a border, at sea or in an area whose status is "
	       "contested stand in rows "
	       "of their own.}</p>\n<table class=\"totals\">\n<caption>{Days and "
	       "observations}</caption>\n<thead><tr><th "
	       "scope=\"col\">{Where}</th><th scope=\"col\" class=\"num\">{Days}</th><th "
	       "scope=\"col\" "
	       "class=\"num\">{Observations}</th><th scope=\"col\">{First}</th><th "
	       "scope=\"col\">{Last}</th></tr></thead>\n<tbody>\n");
}

int totals_elem(struct html *h)
{
	struct findings *f = h->find;

	h->rows++;
	put_raw(h, "<tr><th scope=\"row\">");
	put_area(h, "where");
	put(h,
	    "</th><td class=\"num\">%n</td><td class=\"num\">%n</td><td>%u</td><td>%u</td></tr>\n",
	    flat_get(h->f, "days"), flat_get(h->f, "observations"), flat_get(h->f, "first"),
	    flat_get(h->f, "last"));
	if (f->nrows < LINE_ROWS) {
		where_key(h, "where", f->key[f->nrows], sizeof(f->key[0]));
		f->row[f->nrows] = where_text(h, "where");
		if (f->row[f->nrows] == NULL)
			return KT_FAIL(h->err, KT_E_NOMEM, "page: no memory");
		f->nrows++;
	}
	return 0;
}

void totals_end(struct html *h)
{
	if (h->rows > 0)
		put_raw(h, "</tbody>\n</table>\n");
	else
		kt_buf_reset(&h->later);
}

/* -- stays ------------------------------------------------------------------------------------ */

void stays_begin(struct html *h)
{
	put(h, "<h3>{Stays}</h3>\n");
}

static void open_stays(struct html *h)
{
	put(h, "<p>{A stay is a run of observations of one source that place the phone in one "
	       "territory. It ends "
	       "with an observation "
	       "elsewhere, or with 72 hours without one: silence is never filled.}</p>\n<table "
	       "class=\"stays\">\n"
	       "<caption>{Stays in order of time}</caption>\n<thead><tr><th "
	       "scope=\"col\">{No.}</th><th scope=\"col\">{Where}</th><th "
	       "scope=\"col\">{From}</th><th scope=\"col\">{Until}</th><th scope=\"col\" "
	       "class=\"num\">{Days}</th><th "
	       "scope=\"col\" class=\"num\">{Observations}</th><th scope=\"col\">{Longest "
	       "gap}</th><th "
	       "scope=\"col\">{Source}</th></tr></thead>\n<tbody>\n");
}

static void note_stay(struct html *h)
{
	struct findings *f = h->find;
	struct line_stay s;
	char key[128];

	if (f->nstays == LINE_STAYS || !line_minutes(flat_get(h->f, "from"), &s.from) ||
	    !line_minutes(flat_get(h->f, "to"), &s.to))
		return;
	where_key(h, "where", key, sizeof(key));
	for (size_t i = 0; i < f->nrows; i++)
		if (strcmp(f->key[i], key) == 0) {
			s.row = (uint8_t)i;
			f->stay[f->nstays++] = s;
			return;
		}
}

/* The last element of a long list says how many more there are. */
static bool not_listed(struct html *h)
{
	const char *n = flat_get(h->f, "not_listed");

	if (n != NULL)
		h->over += strtoull(n, NULL, 10);
	return n != NULL;
}

int stays_elem(struct html *h)
{
	const char *undecided = flat_get(h->f, "not_determined");
	const char *n = flat_get(h->f, "observations");

	if (not_listed(h))
		return 0;
	note_stay(h);
	if (h->rows >= SHOWN_STAYS) {
		h->over++;
		return 0;
	}
	if (h->rows++ == 0)
		open_stays(h);
	put(h, "<tr id=\"s%t\"><th scope=\"row\">%n</th><td>", flat_get(h->f, "n"),
	    flat_get(h->f, "n"));
	put_area(h, "where");
	put(h,
	    "</td><td>%u<small>%c</small></td><td>%u<small>%c</small></td><td "
	    "class=\"num\">%n</td><td class=\"num\">%n",
	    flat_get(h->f, "from"), flat_get(h->f, "first"), flat_get(h->f, "to"),
	    flat_get(h->f, "last"), flat_get(h->f, "days"), flat_get(h->f, "observations"));
	if (undecided != NULL && strcmp(undecided, "0") != 0)
		put(h, "<small>{not determined: %n}</small>", undecided);
	put_raw(h, "</td><td>");
	/* one observation has no gap */
	put_seconds(h, n != NULL && strcmp(n, "1") == 0 ? NULL : flat_get(h->f, "longest_gap_s"));
	put_raw(h, "</td><td>");
	put_source_list(h, "sources");
	put_raw(h, "</td></tr>\n");
	return 0;
}

static void put_more(struct html *h, const char *fmt)
{
	char n[24];

	if (h->over == 0)
		return;
	snprintf(n, sizeof(n), "%llu", (unsigned long long)h->over);
	put(h, fmt, n);
}

void stays_end(struct html *h)
{
	put(h,
	    h->rows > 0
		    ? "</tbody>\n</table>\n"
		    : "<p>{There is no stay: no run of observations lies in one territory.}</p>\n");
	put_more(h, "<p class=\"more\">{<strong>%n more</strong> stand in report.json.}</p>\n");
}

/* -- places ----------------------------------------------------------------------------------- */

void places_begin(struct html *h)
{
	put(h, "<h3>{Places}</h3>\n");
}

static int32_t e7(const char *s)
{
	bool neg = *s == '-';
	int64_t v = 0;
	int decimals = -1;

	for (s += neg; *s != '\0' && decimals < 7; s++)
		if (*s == '.') {
			decimals = 0;
		} else if (*s >= '0' && *s <= '9') {
			v = v * 10 + (*s - '0');
			decimals += decimals >= 0;
			if (v > INT64_C(20000000000))
				return 0;
		}
	for (decimals = decimals < 0 ? 0 : decimals; decimals < 7; decimals++)
		v *= 10;
	return (int32_t)(neg ? -v : v);
}

static void note_place(struct html *h)
{
	struct findings *f = h->find;
	const char *lat = flat_get(h->f, "lat"), *lon = flat_get(h->f, "lon"),
		   *first = flat_get(h->f, "first");
	const char *v = flat_get(h->f, "where.verdict");
	struct map_place *p = &f->place[f->nplaces];

	if (lat == NULL || lon == NULL || f->nplaces == MAP_PLACES)
		return;
	p->lat_e7 = e7(lat);
	p->lon_e7 = e7(lon);
	p->n = (uint32_t)strtoul(flat_get(h->f, "n") != NULL ? flat_get(h->f, "n") : "0", NULL, 10);
	snprintf(p->first, sizeof(p->first), "%.23s", first != NULL ? first : "");
	p->territory = v != NULL && (strcmp(v, "in") == 0 || strcmp(v, "contested") == 0) &&
				       flat_at(h->f, "where.territories", 0) != NULL &&
				       map_of(h) != NULL
			       ? kt_geo_find_code(f->geo, flat_at(h->f, "where.territories", 0))
			       : -1;
	f->nplaces++;
}

int places_elem(struct html *h)
{
	if (not_listed(h))
		return 0;
	note_place(h);
	if (h->rows >= SHOWN_PLACES) {
		h->over++;
		return 0;
	}
	if (h->rows++ == 0)
		put(h, "<p>{Points about which observations lie, within 500 m of the first one. "
		       "The numbers are those of "
		       "the map.}</p>\n<table class=\"places\">\n<caption>{Places with their "
		       "observations}</caption>\n<thead><tr><th "
		       "scope=\"col\">{No.}</th><th scope=\"col\">{Latitude, longitude}</th><th "
		       "scope=\"col\">{Where}</th><th "
		       "scope=\"col\" class=\"num\">{Days}</th><th scope=\"col\" "
		       "class=\"num\">{Observations}</th><th "
		       "scope=\"col\">{First and last}</th><th "
		       "scope=\"col\">{Sources}</th></tr></thead>\n<tbody>\n");
	put(h,
	    "<tr id=\"p%t\"><th scope=\"row\">%n</th><td><code dir=\"ltr\">%t, "
	    "%t</code><small>%c</small></td><td>",
	    flat_get(h->f, "n"), flat_get(h->f, "n"), flat_get(h->f, "lat"), flat_get(h->f, "lon"),
	    flat_get(h->f, "id"));
	put_area(h, "where");
	put(h, "</td><td class=\"num\">%n</td><td class=\"num\">%n</td><td>%u<br>%u</td><td>",
	    flat_get(h->f, "days"), flat_get(h->f, "observations"), flat_get(h->f, "first"),
	    flat_get(h->f, "last"));
	put_source_list(h, "sources");
	put_raw(h, "</td></tr>\n");
	return 0;
}

static char *escaped(struct html *h, const char *text)
{
	struct kt_buf *o = h->o, b;
	char *s = NULL;

	kt_buf_init(&b, 65536);
	h->o = &b;
	put(h, "%T", text);
	h->o = o;
	if (!b.failed && kt_buf_cstr(&b) != NULL)
		s = strdup(kt_buf_cstr(&b));
	kt_buf_free(&b);
	return s;
}

/* A territory that no stay lies in has no row in the drawing. */
static void drop_empty_rows(struct findings *f)
{
	uint8_t to[LINE_ROWS] = {0};
	size_t kept = 0;

	for (size_t r = 0; r < f->nrows; r++) {
		bool any = false;

		for (size_t i = 0; i < f->nstays && !any; i++)
			any = f->stay[i].row == r;
		to[r] = (uint8_t)kept;
		if (any)
			f->row[kept++] = f->row[r];
		else
			free(f->row[r]);
	}
	f->nrows = kept;
	for (size_t i = 0; i < f->nstays; i++)
		f->stay[i].row = to[f->stay[i].row];
}

static void put_drawings(struct html *h)
{
	struct findings *f = h->find;
	char *t1 = escaped(h, N_("Map of the places"));
	char *d1 = escaped(
		h, N_("Points are the places of the table below, with their numbers. The dashed "
		      "line joins them in the "
		      "order of their first observation; it is an order of time and no route."));
	char *t2 = escaped(h, N_("Stays along time"));
	char *d2 = escaped(h, N_("A bar is a stay. Where there is no bar, there is no observation "
				 "that places the phone; that says "
				 "nothing about where it was."));
	struct map_words map = {t1, d1, NULL, h->lang == KT_LANG_NL};
	struct map_words line = {t2, d2, NULL, h->lang == KT_LANG_NL};

	if (t1 != NULL && d1 != NULL && t2 != NULL && d2 != NULL) {
		if (f->nplaces > 0 && map_of(h) != NULL) {
			put_raw(h, "<figure>\n");
			map_draw(h->o, f->geo, f->place, f->nplaces, &map);
			put(h,
			    "<figcaption>{Points are the places of the table below, with their "
			    "numbers. The dashed line joins them in the "
			    "order of their first observation; it is an order of time and no "
			    "route.} %T %T <small>{Map:} <bdi>%t</bdi>; SHA-256 "
			    "%c</small></figcaption>\n</figure>\n",
			    h->geo_note, h->contested_note, h->map_name, h->map_sha256);
		}
		drop_empty_rows(f);
		if (f->nstays > 0) {
			put_raw(h, "<figure>\n");
			line_draw(h->o, (const char *const *)f->row, f->nrows, f->stay, f->nstays,
				  &line);
			put(h, "<figcaption>{A bar is a stay. Where there is no bar, there is no "
			       "observation that places the phone; that says "
			       "nothing about where it was.} {Times are in "
			       "UTC.}</figcaption>\n</figure>\n");
		}
	} else {
		h->o->failed = true;
	}
	free(t1);
	free(d1);
	free(t2);
	free(d2);
}

/* Drawings first, then the tables that were gathered behind them. */
void places_end(struct html *h)
{
	put(h, h->rows > 0 ? "</tbody>\n</table>\n"
			   : "<p>{No observation is used as a position of this phone.}</p>\n");
	put_more(h, "<p class=\"more\">{<strong>%n more</strong> stand in report.json.}</p>\n");
	h->o = h->base;
	put_drawings(h);
	kt_buf_put(h->o, h->later.p, h->later.len);
	kt_buf_reset(&h->later);
}

/* -- agreement and conflicts: the same form and weight ---------------------------------------- */

void agreement_begin(struct html *h)
{
	put(h, "<h3>{Independent sources that agree}</h3>\n<p>{Neighbours in time, from two "
	       "sources that do not depend on one "
	       "another, at most one hour and one kilometre apart beside their accuracies. "
	       "Possible copies are left out.}</p>\n");
}

void conflicts_begin(struct html *h)
{
	put(h, "<h3>{Sources that cannot both hold}</h3>\n<p>{Neighbours in time, from two "
	       "sources, at least ten kilometres apart "
	       "beside their accuracies, and too far for the time between (faster than 1000 km/h). "
	       "Nothing says which of "
	       "the two holds; it is shown and not resolved.}</p>\n");
}

int pair_elem(struct html *h)
{
	const char *most = flat_get(h->f, "largest_m");

	if (not_listed(h))
		return 0;
	if (h->rows >= SHOWN_PAIRS) {
		h->over++;
		return 0;
	}
	if (h->rows++ == 0)
		put(h, "<table class=\"pairs\">\n<caption>{Pairs of "
		       "sources}</caption>\n<thead><tr><th scope=\"col\">{Sources}</th><th "
		       "scope=\"col\" class=\"num\">{Pairs}</th><th scope=\"col\">{From and "
		       "until}</th><th scope=\"col\">{First pair}</th><th "
		       "scope=\"col\">{Apart}</th></tr></thead>\n<tbody>\n");
	put_raw(h, "<tr><th scope=\"row\">");
	put_source_list(h, "sources");
	put(h, "</th><td class=\"num\">%n</td><td>%u<br>%u</td><td>%c<br>%c</td><td>",
	    flat_get(h->f, "pairs"), flat_get(h->f, "from"), flat_get(h->f, "to"),
	    flat_get(h->f, "a"), flat_get(h->f, "b"));
	put_metres(h, flat_get(h->f, "distance_m"));
	put_raw(h, ", ");
	put_seconds(h, flat_get(h->f, "seconds"));
	if (most != NULL) {
		put(h, "<small>{at most} ");
		put_metres(h, most);
		put_raw(h, "</small>");
	}
	put_raw(h, "</td></tr>\n");
	return 0;
}

void pair_end(struct html *h)
{
	put(h, h->rows > 0 ? "</tbody>\n</table>\n" : "<p>{There are none.}</p>\n");
	put_more(h, "<p class=\"more\">{<strong>%n more</strong> stand in report.json.}</p>\n");
}

/* -- photos ----------------------------------------------------------------------------------- */

void put_whys(struct html *h, const char *path)
{
	for (unsigned i = 0; flat_has(h->f, path, i); i++) {
		put_raw(h, i > 0 ? "; " : "");
		put(h, "%n \xc3\x97 %T", flat_in(h->f, path, i, "count"),
		    kt_word(KT_VOCAB_WHYS, flat_in(h->f, path, i, "why")));
	}
}

/* What the phone calls itself: there can be more than one name. */
static void put_phone(struct html *h, const char *path)
{
	if (flat_at(h->f, path, 0) == NULL)
		put(h, "{not known}");
	for (unsigned i = 0; flat_at(h->f, path, i) != NULL; i++) {
		put_raw(h, i > 0 ? ", " : "");
		put(h, "%p", flat_at(h->f, path, i));
	}
}

int sec_photos(struct html *h)
{
	if (flat_has(h->f, "cameras", 0)) {
		put(h,
		    "<h3>{Cameras of the pictures}</h3>\n<p>{A picture that was made with another "
		    "camera, names none, or lies "
		    "where messages are stored is not used as a position of this phone.}</p>\n<dl "
		    "class=\"facts\">\n"
		    "<div><dt>{This phone states}</dt><dd>");
		put_phone(h, "phone.make");
		put_raw(h, "; ");
		put_phone(h, "phone.model");
		put_raw(h, "</dd></div>\n");
		if (flat_has(h->f, "why", 0)) {
			put(h, "<div><dt>{Pictures with a position}</dt><dd>");
			put_whys(h, "why");
			put_raw(h, "</dd></div>\n");
		}
		put(h, "</dl>\n<table "
		       "class=\"cameras\">\n<caption>{Cameras}</caption>\n<thead><tr><th "
		       "scope=\"col\">{Make and model}</th><th "
		       "scope=\"col\" class=\"num\">{Pictures}</th><th scope=\"col\" "
		       "class=\"num\">{of these with position}</th><th "
		       "scope=\"col\">{This phone's}</th></tr></thead>\n<tbody>\n");
		for (unsigned i = 0; flat_has(h->f, "cameras", i); i++) {
			const char *same = flat_in(h->f, "cameras", i, "same");

			put(h,
			    "<tr><th scope=\"row\">%p %p</th><td class=\"num\">%n</td><td "
			    "class=\"num\">%n</td><td>%T</td></tr>\n",
			    flat_in(h->f, "cameras", i, "make"),
			    flat_in(h->f, "cameras", i, "model"),
			    flat_in(h->f, "cameras", i, "pictures"),
			    flat_in(h->f, "cameras", i, "with_position"),
			    same != NULL && strcmp(same, "not-known") == 0 ? N_("not known")
									   : same);
		}
		put_raw(h, "</tbody>\n</table>\n");
	}
	put_raw(h, "</section>\n");
	return 0;
}
