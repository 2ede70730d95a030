/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/limits.h"
#include "core/mandate.h"
#include "core/time.h"

#include <string.h>

#define HOUR_US (INT64_C(3600) * KT_US_PER_S)

/* State of the phone itself at acquisition has no date of its own and needs none. */
static bool is_state(const struct kt_record *r)
{
	return r->type == KT_REC_PROPERTY || r->type == KT_REC_SETTING || r->type == KT_REC_USER;
}

const char *kt_limit_withhold(const struct kt_scope *s, const struct kt_record *r)
{
	int64_t first = r->t_us, last = r->has_end ? r->t_end_us : r->t_us;
	bool starts_in, ends_in;

	if (r->time_kind == KT_TIME_NONE)
		return is_state(r) || s->undated ? NULL : "undated";
	if (r->time_kind == KT_TIME_LOCAL) {
		/* local = UTC + offset, and offsets in use lie between -12 h and +14 h */
		int64_t early = first - 14 * HOUR_US, late = last + 12 * HOUR_US;

		if (late < s->from_us || early >= s->to_us)
			return "outside-period";
		return early < s->from_us || late >= s->to_us ? "zone-unknown-at-border" : NULL;
	}
	starts_in = first >= s->from_us && first < s->to_us;
	ends_in = last >= s->from_us && last < s->to_us;
	if (starts_in && ends_in)
		return NULL;
	if (!starts_in && !ends_in && (last < s->from_us || first >= s->to_us))
		return "outside-period";
	return "straddles-period";
}

static bool allows(const struct kt_scope *s, int group)
{
	return group == KT_G_SOURCE || (group >= 0 && (s->fields & 1u << group) != 0);
}

static unsigned limit_attrs(const struct kt_scope *s, struct kt_record *r)
{
	unsigned kept = 0, all = r->nattrs;

	for (unsigned i = 0; i < all; i++)
		if (allows(s, kt_field_group(r->attr[i].field)))
			r->attr[kept++] = r->attr[i];
	r->nattrs = kept;
	return all - kept;
}

/* Centre of the grid cell of `step` that v lies in; toward minus infinity for negative values. */
static int64_t snap(int64_t v, int64_t step)
{
	int64_t cell = v >= 0 ? v / step : -((-v + step - 1) / step);

	return cell * step + step / 2;
}

/*
 * How much wider a degree of longitude must be cut than one of latitude, at least; 0: at the poles
 * all of them are close together. lat_e7 is the edge of the cell that is nearer to a pole: every
 * position in a cell gets the same factor, or the factor would say where in it it lay.
 */
static int64_t lon_factor(int64_t lat_e7)
{
	int64_t deg = lat_e7 / 10000000;

	return deg < 60 ? 2 : deg < 80 ? 6 : deg < 89 ? 60 : 0;
}

static void blur_pair(int64_t *lat, int64_t *lon, int64_t precision_m)
{
	/* one metre of latitude is 89.8 E7 units; rounded up, so never finer than asked */
	int64_t step = precision_m * 90, factor;

	*lat = snap(*lat, step);
	factor = lon_factor((*lat < 0 ? -*lat : *lat) + step / 2);
	*lon = factor > 0 ? snap(*lon, step * factor) : 0;
	if (*lat > KT_E7_LAT_MAX)
		*lat = KT_E7_LAT_MAX;
	if (*lat < -KT_E7_LAT_MAX)
		*lat = -KT_E7_LAT_MAX;
	if (*lon > KT_E7_LON_MAX)
		*lon = KT_E7_LON_MAX;
	if (*lon < -KT_E7_LON_MAX)
		*lon = -KT_E7_LON_MAX;
}

static void blur(const struct kt_scope *s, struct kt_record *r)
{
	int64_t lat, lon;
	struct kt_attr *elat = NULL, *elon = NULL;

	if (r->pos_state == KT_POS_OK) {
		/* how far the centre of a cell can lie from a point in it, rounded up */
		int64_t reach = s->max_precision_m * 1000 * (lon_factor(r->lat_e7) < 60 ? 2 : 6);

		lat = r->lat_e7;
		lon = r->lon_e7;
		blur_pair(&lat, &lon, s->max_precision_m);
		r->lat_e7 = (int32_t)lat;
		r->lon_e7 = (int32_t)lon;
		if (!r->has_accuracy || r->accuracy_mm < reach) {
			r->has_accuracy = true;
			r->accuracy_mm = reach;
		}
	}
	for (unsigned i = 0; i < r->nattrs; i++) {
		if (r->attr[i].field == KT_F_END_LAT_E7)
			elat = &r->attr[i];
		if (r->attr[i].field == KT_F_END_LON_E7)
			elon = &r->attr[i];
	}
	if (elat != NULL && elon != NULL)
		blur_pair(&elat->i, &elon->i, s->max_precision_m);
	memset(&r->raw, 0, sizeof(r->raw)); /* it has the full precision */
}

unsigned kt_limit_apply(const struct kt_scope *s, struct kt_record *r)
{
	unsigned out = limit_attrs(s, r);
	bool whole = is_state(r) ? allows(s, KT_G_DEVICE)
				 : allows(s, KT_G_TIME) && allows(s, KT_G_POSITION);

	if (!allows(s, KT_G_TIME) && r->time_kind != KT_TIME_NONE) {
		r->time_kind = KT_TIME_NONE;
		r->t_us = r->t_end_us = 0;
		r->has_end = false;
		out++;
	}
	if (!allows(s, KT_G_POSITION) && r->pos_state != KT_POS_NONE) {
		r->pos_state = KT_POS_NONE;
		r->lat_e7 = r->lon_e7 = 0;
		memset(&r->pos_reason, 0, sizeof(r->pos_reason));
		out++;
	}
	if (!allows(s, KT_G_ACCURACY) && r->has_accuracy) {
		r->has_accuracy = false;
		r->accuracy_mm = 0;
		out++;
	}
	if (!whole && r->raw.len > 0) {
		memset(&r->raw, 0, sizeof(r->raw));
		out++;
	}
	if (s->max_precision_m > 0)
		blur(s, r);
	return out;
}
