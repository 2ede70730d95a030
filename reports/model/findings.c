/* SPDX-License-Identifier: EUPL-1.2 */
/* What follows from the observations, in the order of the document. */
#include "reports/model/report_i.h"

static int empty_list(struct rep *r, const char *key)
{
	rep_member(r, key);
	kt_jw_arr(&r->w);
	kt_jw_arr_end(&r->w);
	return rep_flush(r, false);
}

int rep_statement(struct rep *r)
{
	rep_member(r, "statement");
	kt_jw_null(&r->w);
	return 0;
}

int rep_clock(struct rep *r)
{
	struct kt_jw *w = &r->w;

	rep_member(r, "clock");
	kt_jw_obj(w);
	kt_jw_kstr(w, "offset_ms", NULL);
	kt_jw_kstr(w, "checked", "not");
	kt_jw_kint(w, "applied_ms", 0);
	kt_jw_kstr(w, "rule", "No time was shifted.");
	kt_jw_kuint(w, "observations", 0);
	kt_jw_key(w, "against_satellites");
	kt_jw_null(w);
	kt_jw_obj_end(w);
	return 0;
}

int rep_findings(struct rep *r)
{
	static const char *const lists[] = {"totals", "stays", "places", "agreement", "conflicts"};
	struct kt_jw *w = &r->w;

	rep_member(r, "geography");
	kt_jw_null(w);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		empty_list(r, lists[i]);
	rep_member(r, "photos");
	kt_jw_null(w);
	return rep_flush(r, false);
}
