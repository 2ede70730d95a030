/* SPDX-License-Identifier: EUPL-1.2 */
/* The phone's clock: what the log says about it, and by how much its times are shifted. */
#include "reports/model/model.h"
#include "core/custody.h"
#include "core/err.h"
#include "core/time.h"

#include <string.h>

#define SHIFT_FROM_MS 60000 /* less is left alone: it changes no finding */
#define AGREE_MS      5000

struct checks {
	bool sealed, start, end;
	int64_t start_ms, end_ms;
};

static int on_line(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		   struct kt_err *err)
{
	struct checks *k = arg;
	const struct kt_jv *d = kt_jv_get(line, "detail"), *off = kt_jv_get(d, "offset_ms");
	const char *when = kt_jv_str(d, "when");

	(void)seq;
	(void)err;
	k->sealed |= strcmp(event, "acquisition.sealed") == 0;
	if (k->sealed || strcmp(event, "clock.check") != 0 || off == NULL ||
	    off->type != KT_JV_INT || when == NULL)
		return 0;
	if (strcmp(when, "end") == 0) {
		k->end = true;
		k->end_ms = off->i;
	} else if (!k->start) {
		k->start = true;
		k->start_ms = off->i;
	}
	return 0;
}

static int64_t size(int64_t v)
{
	return v < 0 ? -v : v;
}

int model_clock(struct rep *r, struct model *m)
{
	struct checks k = {0};
	char head[KT_SHA256_HEX];
	uint64_t lines;
	int c = kt_custody_check(r->custody.p, r->custody.len, head, &lines, on_line, &k, r->err);

	if (c < 0)
		return KT_TRACE(r->err, c, "report: custody log");
	m->has_offset = k.start || k.end;
	m->offset_ms = k.start ? k.start_ms : k.end_ms;
	m->checked_twice = k.start && k.end;
	m->agree = !m->checked_twice ||
		   (k.start_ms - k.end_ms <= AGREE_MS && k.end_ms - k.start_ms <= AGREE_MS);
	/* an offset beyond what a time can be shifted by is shown, not applied */
	if (m->has_offset && m->agree && size(m->offset_ms) >= SHIFT_FROM_MS &&
	    size(m->offset_ms) < INT64_C(1000) * 86400 * 36500)
		m->shift_us = m->offset_ms * 1000;
	return 0;
}

static const char *rule(const struct model *m)
{
	if (!m->has_offset)
		return "The phone's clock was not compared with another one. No time was shifted.";
	if (!m->agree)
		return "The two checks of the phone's clock differ by more than 5 seconds. No time "
		       "was shifted.";
	if (m->shift_us == 0)
		return "The phone's clock was within one minute of the station's. No time was "
		       "shifted.";
	return "The phone's clock was off by a minute or more when it was read. Times that it gave "
	       "are shifted by as much, and both are shown. Whether it was off by as much at the "
	       "time of a record is not known.";
}

int rep_clock(struct rep *r)
{
	const struct model *m = r->model;
	struct kt_jw *w = &r->w;

	rep_member(r, "clock");
	kt_jw_obj(w);
	kt_jw_key(w, "offset_ms");
	if (m->has_offset)
		kt_jw_int(w, m->offset_ms);
	else
		kt_jw_null(w);
	kt_jw_kstr(w, "checked", m->checked_twice ? "twice" : m->has_offset ? "once" : "not");
	kt_jw_kint(w, "applied_ms", m->shifted > 0 ? m->shift_us / 1000 : 0);
	kt_jw_kstr(w, "rule", rule(m));
	kt_jw_kuint(w, "observations", m->shifted);
	kt_jw_key(w, "against_satellites");
	if (m->sat_n == 0) {
		kt_jw_null(w);
	} else {
		kt_jw_obj(w);
		kt_jw_kuint(w, "observations", m->sat_n);
		kt_jw_kint(w, "least_s", m->sat_least);
		kt_jw_kint(w, "most_s", m->sat_most);
		kt_jw_obj_end(w);
	}
	kt_jw_obj_end(w);
	return rep_flush(r, false);
}
