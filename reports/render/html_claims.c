/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The statement, claim by claim. What fits, what does not and what is not determined stand beside
 * one another in the same form, whichever there is more of; there is no sum over claims.
 */
#include "reports/render/html_i.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *get(const struct html *h, unsigned claim, const char *member)
{
	char key[160];

	snprintf(key, sizeof(key), "claims.%u.%s", claim, member);
	return flat_get(h->f, key);
}

static const char *path(unsigned claim, const char *member, char *out, size_t n)
{
	snprintf(out, n, "claims.%u.%s", claim, member);
	return out;
}

static const char *const kind_of_claim[][2] = {
	{"stayed", N_("was there the whole period")},
	{"visited", N_("was there at some time in the period")},
	{"not-there", N_("was not there in the period")},
};

static const char *claim_kind(const char *s)
{
	for (size_t i = 0; s != NULL && i < sizeof(kind_of_claim) / sizeof(kind_of_claim[0]); i++)
		if (strcmp(kind_of_claim[i][0], s) == 0)
			return kind_of_claim[i][1];
	return s;
}

static void put_claim_place(struct html *h, unsigned i)
{
	const char *kind = get(h, i, "place.kind"), *name = get(h, i, "place.name");

	if (kind == NULL)
		return;
	if (strcmp(kind, "country") == 0) {
		put(h, "<bdi>%t</bdi>", territory_name(h, get(h, i, "place.code")));
		return;
	}
	put(h, "%p", name);
	if (strcmp(kind, "point") == 0) {
		put(h, "<small><code dir=\"ltr\">%t, %t</code>, {within} ", get(h, i, "place.lat"),
		    get(h, i, "place.lon"));
		put_metres(h, get(h, i, "place.radius_m"));
		put_raw(h, "</small>");
	} else {
		put(h, "<small>{an area that was drawn}</small>");
	}
}

static void put_period_end(struct html *h, const char *s)
{
	if (s != NULL && strlen(s) == 10)
		put(h, "<bdi dir=\"ltr\">%t</bdi>", s);
	else
		put(h, "%u", s);
}

/* Which of the four; both at once when sources differ. */
static const char *finding_of(const struct html *h, unsigned i)
{
	char p[64];
	bool fits = false, not = false;

	path(i, "findings", p, sizeof(p));
	for (unsigned k = 0; flat_at(h->f, p, k) != NULL; k++) {
		fits |= strcmp(flat_at(h->f, p, k), "fits") == 0;
		not |= strcmp(flat_at(h->f, p, k), "does-not-fit") == 0;
	}
	if (fits && not )
		return N_(
			"Sources differ: some observations fit this claim, others do not fit it.");
	if (fits)
		return N_("Fits: observations fit this claim, and none was found that does not fit "
			  "it.");
	if (not )
		return N_("Does not fit: observations do not fit this claim, and none was found "
			  "that fits it.");
	return N_("No data: no observation counts for or against this claim.");
}

static void put_ids(struct html *h, const char *list)
{
	for (unsigned k = 0; flat_at(h->f, list, k) != NULL; k++) {
		put_raw(h, k > 0 ? " " : "<small>");
		put(h, "%c", flat_at(h->f, list, k));
		if (flat_at(h->f, list, k + 1) == NULL)
			put_raw(h, "</small>");
	}
}

static void put_side(struct html *h, unsigned i, const char *side)
{
	char key[96], p[128];
	const char *n;

	snprintf(key, sizeof(key), "%s.observations", side);
	n = get(h, i, key);
	put(h, "<td>{observations: %n}", n);
	snprintf(key, sizeof(key), "%s.days", side);
	put(h, "<br>{days: %n}", get(h, i, key));
	snprintf(key, sizeof(key), "%s.first", side);
	if (get(h, i, key) != NULL) {
		put(h, "<br>{from %u}", get(h, i, key));
		snprintf(key, sizeof(key), "%s.last", side);
		put(h, "<br>{to %u}", get(h, i, key));
	}
	snprintf(key, sizeof(key), "%s.sources", side);
	if (flat_at(h->f, path(i, key, p, sizeof(p)), 0) != NULL) {
		put_raw(h, "<br>");
		put_source_list(h, p);
	}
	snprintf(key, sizeof(key), "%s.why", side);
	if (flat_has(h->f, path(i, key, p, sizeof(p)), 0)) {
		put_raw(h, "<br>");
		put_whys(h, p);
	}
	snprintf(key, sizeof(key), "%s.ids", side);
	put_ids(h, path(i, key, p, sizeof(p)));
	put_raw(h, "</td>");
}

static void put_coverage(struct html *h, unsigned i)
{
	const char *mandate = get(h, i, "coverage.mandate"), *silence = get(h, i, "coverage.text");
	char p[96], one[128];

	put(h,
	    "<dl class=\"facts\">\n<div><dt>{How well the period is covered}</dt><dd>{%n of %n "
	    "days have an observation with a "
	    "position}",
	    get(h, i, "coverage.days_observed"), get(h, i, "coverage.days"));
	if (get(h, i, "coverage.longest_gap_s") != NULL) {
		put(h, "<br>{longest gap:} ");
		put_seconds(h, get(h, i, "coverage.longest_gap_s"));
	}
	if (mandate != NULL)
		put(h, strcmp(mandate, "whole") == 0 ? "<br>{the mandate allows the whole period}"
		       : strcmp(mandate, "part") == 0
			       ? "<br>{the mandate allows a part of the period}"
			       : "<br>{the mandate does not allow this period}");
	put_raw(h, "</dd></div>\n");
	if (silence != NULL)
		put(h, "<div><dt>{What silence can mean here}</dt><dd>%T</dd></div>\n", silence);
	path(i, "coverage.sources", p, sizeof(p));
	if (flat_has(h->f, p, 0))
		put(h, "<div><dt>{Sources}</dt><dd><ul>\n");
	for (unsigned k = 0; flat_has(h->f, p, k); k++) {
		put_raw(h, "<li>");
		put_source(h, flat_in(h->f, p, k, "source"));
		snprintf(one, sizeof(one), "%s.%u.by_itself", p, k);
		put(h, flat_true(h->f, one) ? "; {records by itself}"
					    : "; {records when somebody uses it}");
		put(h, "; {observations: %n}", flat_in(h->f, p, k, "observations"));
		put_raw(h, "</li>\n");
	}
	put_raw(h, flat_has(h->f, p, 0) ? "</ul></dd></div>\n</dl>\n" : "</dl>\n");
}

static void put_claim(struct html *h, unsigned i)
{
	put(h,
	    "<article class=\"claim\">\n<h3>{Claim} %c</h3>\n<dl class=\"facts\">\n<div><dt>{In "
	    "the words that were written down}</dt><dd>"
	    "%p</dd></div>\n<div><dt>{Taken to "
	    "mean}</dt><dd>%T</dd></div>\n<div><dt>{Place}</dt><dd>",
	    get(h, i, "id"), get(h, i, "text"), claim_kind(get(h, i, "kind")));
	put_claim_place(h, i);
	put(h, "</dd></div>\n<div><dt>{Period}</dt><dd>");
	put_period_end(h, get(h, i, "period.from"));
	put(h, " {to} ");
	put_period_end(h, get(h, i, "period.to"));
	put(h, "<small>{days of uncertainty at each end: %n}", get(h, i, "uncertainty.days"));
	if (get(h, i, "uncertainty.metres") != NULL &&
	    strcmp(get(h, i, "uncertainty.metres"), "0") != 0) {
		put(h, ", {and round the place by} ");
		put_metres(h, get(h, i, "uncertainty.metres"));
	}
	put(h, "</small></dd></div>\n</dl>\n<p class=\"finding\">%T</p>\n", finding_of(h, i));
	put(h, "<table class=\"claim\">\n<caption>{What stands beside this "
	       "claim}</caption>\n<thead><tr><th scope=\"col\">{Fits}</th><th "
	       "scope=\"col\">{Does not fit}</th><th scope=\"col\">{Not "
	       "determined}</th></tr></thead>\n<tbody>\n<tr>");
	put_side(h, i, "fits");
	put_side(h, i, "does_not_fit");
	put_side(h, i, "undecided");
	put_raw(h, "</tr>\n</tbody>\n</table>\n");
	put_coverage(h, i);
	put_raw(h, "</article>\n");
}

int sec_statement(struct html *h)
{
	if (!flat_has(h->f, "claims", 0)) {
		put(h, "<section aria-labelledby=\"statement\">\n<h2 id=\"statement\">{The "
		       "statement and the sources}</h2>\n"
		       "<p>{No statement was given to set beside the sources.}</p>\n</section>\n");
		return 0;
	}
	put(h,
	    "<section aria-labelledby=\"statement\">\n<h2 id=\"statement\">{The statement and the "
	    "sources}</h2>\n<p>{Fits, does not "
	    "fit and no data are results of the same rank. Each claim stands for itself; there is "
	    "no sum, no score and no "
	    "conclusion about the person.}</p>\n<dl "
	    "class=\"facts\">\n<div><dt>{Given}</dt><dd>%t</dd></div>\n",
	    flat_get(h->f, "given_at"));
	put(h,
	    "<div><dt>{Written down "
	    "in}</dt><dd><bdi>%t</bdi></dd></div>\n<div><dt>{Language}</dt><dd>%c",
	    flat_get(h->f, "source"), flat_get(h->f, "language"));
	if (flat_get(h->f, "interpreter") != NULL)
		put(h, "<small>{interpreter: %t}</small>", flat_get(h->f, "interpreter"));
	put(h, "</dd></div>\n<div><dt>{SHA-256 of the statement}</dt><dd>%c</dd></div>\n</dl>\n",
	    flat_get(h->f, "sha256"));
	for (unsigned i = 0; flat_has(h->f, "claims", i); i++)
		put_claim(h, i);
	put_raw(h, "</section>\n");
	return 0;
}
