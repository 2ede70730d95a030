/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/model/statement.h"
#include "core/err.h"
#include "core/json.h"
#include "core/record.h"
#include "core/time.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX  2000u
#define HALF_TURN INT64_C(1800000000)

/* What is wrong, with the way to it: "claims[2].place: ...". */
struct at {
	struct kt_err *err;
	char where[64];
};

static int bad(const struct at *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int bad(const struct at *a, const char *fmt, ...)
{
	char text[120];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return KT_FAIL(a->err, KT_E_FORMAT, "statement: %s%s%s", a->where,
		       a->where[0] != '\0' ? ": " : "", text);
}

/* Nothing may stand there that the form does not know. */
static int only(const struct at *a, const struct kt_jv *v, const char *const *known)
{
	if (v == NULL || v->type != KT_JV_OBJ)
		return bad(a, "is missing or no object");
	for (const struct kt_jv *m = v->child; m != NULL; m = m->next) {
		size_t i = 0;

		while (known[i] != NULL && strcmp(known[i], m->key) != 0)
			i++;
		if (known[i] == NULL)
			return bad(a, "\"%.40s\" is not known here; remove it", m->key);
	}
	return 0;
}

static int text(const struct at *a, const struct kt_jv *v, const char *key, const char **out)
{
	const char *s = kt_jv_str(v, key);

	*out = s;
	if (s == NULL || *s == '\0')
		return bad(a, "\"%s\" is missing or no text", key);
	if (strlen(s) > TEXT_MAX)
		return bad(a, "\"%s\" is longer than %u bytes", key, TEXT_MAX);
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' && *s != '\n' && *s != '\t')
			return bad(a, "\"%s\" holds a control character", key);
	return 0;
}

static int optional(const struct at *a, const struct kt_jv *v, const char *key, const char **out)
{
	*out = NULL;
	return kt_jv_get(v, key) == NULL ? 0 : text(a, v, key, out);
}

static int whole(const struct at *a, const struct kt_jv *v, const char *key, int64_t dflt,
		 int64_t least, int64_t most, int64_t *out)
{
	const struct kt_jv *m = kt_jv_get(v, key);

	*out = dflt;
	if (m == NULL && dflt >= least)
		return 0;
	if (m == NULL || m->type != KT_JV_INT || m->i < least || m->i > most)
		return bad(a, "\"%s\" must be a whole number from %lld to %lld", key,
			   (long long)least, (long long)most);
	*out = m->i;
	return 0;
}

/* "15.3229": sign, digits, a point and one to seven decimals; no rounding anywhere. */
static int degrees(const struct at *a, const struct kt_jv *v, const char *key, int64_t most,
		   int32_t *out)
{
	const char *s = kt_jv_str(v, key), *p = s;
	int64_t e7 = 0;
	int before = 0, after = 0;

	if (s == NULL)
		return bad(a, "\"%s\" must be a text such as \"15.3229\"", key);
	if (*p == '-')
		p++;
	for (; *p >= '0' && *p <= '9' && before < 4; p++, before++)
		e7 = e7 * 10 + (*p - '0');
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9' && after < 8; p++, after++)
			e7 = e7 * 10 + (*p - '0');
	if (*p != '\0' || before == 0 || before > 3 || after == 0 || after > 7)
		return bad(a,
			   "\"%s\" must be degrees with a point and at most seven decimals, such "
			   "as \"15.3229\"",
			   key);
	for (; after < 7; after++)
		e7 *= 10;
	if (e7 > most)
		return bad(a, "\"%s\" is beyond %lld degrees", key, (long long)(most / 10000000));
	*out = (int32_t)(*s == '-' ? -e7 : e7);
	return 0;
}

/* A time with a zone, or a date, which is a day in UTC; a day that ends something is included. */
static int moment(const struct at *a, const struct kt_jv *v, const char *key, bool end, int64_t *us,
		  const char **given)
{
	const char *s = kt_jv_str(v, key);
	char midnight[40];

	*given = s;
	if (s == NULL)
		return bad(a, "\"%s\" is missing", key);
	if (strlen(s) == 10) {
		snprintf(midnight, sizeof(midnight), "%.10sT00:00:00Z", s);
		if (kt_time_parse(midnight, strlen(midnight), true, us, NULL, NULL) == 0) {
			*us += end ? KT_US_PER_DAY : 0;
			return 0;
		}
	}
	if (kt_time_parse(s, strlen(s), true, us, NULL, NULL) < 0)
		return bad(a,
			   "\"%s\" must be a date (2024-05-31) or a time with its zone "
			   "(2024-05-31T12:00:00+02:00)",
			   key);
	return 0;
}

static int choice(const struct at *a, const struct kt_jv *v, const char *key,
		  const char *const *words, uint8_t *out)
{
	const char *s = kt_jv_str(v, key);

	for (uint8_t i = 0; s != NULL && words[i] != NULL; i++)
		if (strcmp(s, words[i]) == 0) {
			*out = (uint8_t)(i + 1);
			return 0;
		}
	return bad(a, "\"%s\" must be %s, %s or %s", key, words[0], words[1], words[2]);
}

/* -- places ----------------------------------------------------------------------------------- */

static int corners(const struct at *a, const struct kt_jv *list, struct kt_claim *c)
{
	static const char *const known[] = {"lat", "lon", NULL};
	int64_t least = INT64_MAX, most = INT64_MIN;
	int r;

	if (list == NULL || list->type != KT_JV_ARR || list->count < 3 ||
	    list->count > KT_CORNERS_MAX)
		return bad(a, "\"corners\" must hold 3 to %u corners", KT_CORNERS_MAX);
	for (const struct kt_jv *v = list->child; v != NULL; v = v->next) {
		struct kt_geo_point *p = &c->corner[c->ncorners];
		int32_t lon = 0;

		r = only(a, v, known);
		if (r == 0)
			r = degrees(a, v, "lat", KT_E7_LAT_MAX, &p->lat_e7);
		if (r == 0)
			r = degrees(a, v, "lon", HALF_TURN, &lon);
		if (r < 0)
			return r;
		p->lon_e7 = lon;
		/* the short way from the corner before: an area may lie across the antimeridian */
		if (c->ncorners > 0) {
			int64_t d = p->lon_e7 - p[-1].lon_e7;

			while (d > HALF_TURN || d < -HALF_TURN) {
				p->lon_e7 += d > 0 ? -2 * HALF_TURN : 2 * HALF_TURN;
				d = p->lon_e7 - p[-1].lon_e7;
			}
		}
		least = p->lon_e7 < least ? p->lon_e7 : least;
		most = p->lon_e7 > most ? p->lon_e7 : most;
		c->ncorners++;
	}
	return most - least < HALF_TURN ? 0 : bad(a, "\"corners\" span 180 degrees or more");
}

static int place(const struct at *up, const struct kt_jv *v, struct kt_claim *c)
{
	static const char *const kinds[] = {"country", "area", "point", NULL};
	static const char *const known[3][6] = {
		{"kind", "code", NULL},
		{"kind", "name", "corners", NULL},
		{"kind", "name", "lat", "lon", "radius_m", NULL},
	};
	struct at a = *up;
	int r;

	snprintf(a.where, sizeof(a.where), "%.40s.place", up->where);
	r = choice(&a, v, "kind", kinds, &c->place);
	if (r == 0)
		r = only(&a, v, known[c->place - 1]);
	if (r < 0)
		return r;
	if (c->place == KT_CLAIM_COUNTRY)
		return text(&a, v, "code", &c->code);
	r = text(&a, v, "name", &c->name);
	if (r == 0 && c->place == KT_CLAIM_AREA)
		return corners(&a, kt_jv_get(v, "corners"), c);
	if (r == 0)
		r = degrees(&a, v, "lat", KT_E7_LAT_MAX, &c->lat_e7);
	if (r == 0)
		r = degrees(&a, v, "lon", HALF_TURN, &c->lon_e7);
	return r < 0 ? r : whole(&a, v, "radius_m", -1, 1, 1000000, &c->radius_m);
}

/* -- claims ----------------------------------------------------------------------------------- */

static int claim_id(const struct at *a, const struct kt_jv *v, const struct kt_statement *s,
		    struct kt_claim *c)
{
	static const char abc[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	int r = text(a, v, "id", &c->id);

	if (r < 0)
		return r;
	if (strlen(c->id) > 32 || strspn(c->id, abc) != strlen(c->id))
		return bad(a, "\"id\" must be 1 to 32 of a-z 0-9 -");
	for (size_t i = 0; i < s->nclaims; i++)
		if (strcmp(s->claim[i].id, c->id) == 0)
			return bad(a, "\"id\" %s stands twice", c->id);
	return 0;
}

static int period(const struct at *up, const struct kt_jv *v, struct kt_claim *c)
{
	static const char *const known[] = {"from", "to", NULL};
	struct at a = *up;
	int r;

	snprintf(a.where, sizeof(a.where), "%.40s.period", up->where);
	r = only(&a, v, known);
	if (r == 0)
		r = moment(&a, v, "from", false, &c->from_us, &c->from_given);
	if (r == 0)
		r = moment(&a, v, "to", true, &c->to_us, &c->to_given);
	if (r == 0 && c->to_us <= c->from_us)
		r = bad(&a, "\"to\" must lie behind \"from\"");
	return r;
}

static int uncertainty(const struct at *up, const struct kt_jv *v, struct kt_claim *c)
{
	static const char *const known[] = {"days", "metres", NULL};
	struct at a = *up;
	int r;

	if (v == NULL)
		return 0;
	snprintf(a.where, sizeof(a.where), "%.40s.uncertainty", up->where);
	r = only(&a, v, known);
	if (r == 0)
		r = whole(&a, v, "days", 0, 0, 3650, &c->days);
	return r < 0 ? r : whole(&a, v, "metres", 0, 0, 1000000, &c->metres);
}

static int read_claim(const struct at *a, const struct kt_jv *v, struct kt_statement *s)
{
	static const char *const known[] = {"id",    "text",	    "kind", "period",
					    "place", "uncertainty", NULL};
	static const char *const kinds[] = {"stayed", "visited", "not-there", NULL};
	struct kt_claim *c = &s->claim[s->nclaims];
	int r = only(a, v, known);

	if (r == 0)
		r = claim_id(a, v, s, c);
	if (r == 0)
		r = text(a, v, "text", &c->text);
	if (r == 0)
		r = choice(a, v, "kind", kinds, &c->kind);
	if (r == 0)
		r = period(a, kt_jv_get(v, "period"), c);
	if (r == 0)
		r = place(a, kt_jv_get(v, "place"), c);
	if (r == 0)
		r = uncertainty(a, kt_jv_get(v, "uncertainty"), c);
	s->nclaims += r == 0;
	return r;
}

static int read_all(struct at *a, struct kt_statement *s)
{
	static const char *const known[] = {"format", "given_at", "language", "interpreter",
					    "source", "claims",	  NULL};
	const struct kt_jv *root = kt_jdoc_root(s->doc), *list;
	const char *format = kt_jv_str(root, "format");
	int64_t us;
	int r = only(a, root, known);

	if (r == 0 && (format == NULL || strcmp(format, KT_STATEMENT_FORMAT) != 0))
		r = bad(a, "\"format\" must be \"" KT_STATEMENT_FORMAT "\"");
	if (r == 0)
		r = text(a, root, "given_at", &s->given_at);
	if (r == 0 && kt_time_parse(s->given_at, strlen(s->given_at), true, &us, NULL, NULL) < 0)
		r = bad(a, "\"given_at\" must be a time with its zone "
			   "(2026-11-20T10:00:00+01:00)");
	if (r == 0)
		r = text(a, root, "language", &s->language);
	if (r == 0)
		r = optional(a, root, "interpreter", &s->interpreter);
	if (r == 0)
		r = text(a, root, "source", &s->source);
	list = kt_jv_get(root, "claims");
	if (r < 0)
		return r;
	if (list == NULL || list->type != KT_JV_ARR || list->count == 0 ||
	    list->count > KT_CLAIMS_MAX)
		return bad(a, "\"claims\" must hold 1 to %u claims", KT_CLAIMS_MAX);
	s->claim = calloc(list->count, sizeof(*s->claim));
	if (s->claim == NULL)
		return KT_FAIL(a->err, KT_E_NOMEM, "statement: no memory");
	for (const struct kt_jv *v = list->child; r == 0 && v != NULL; v = v->next) {
		snprintf(a->where, sizeof(a->where), "claims[%zu]", s->nclaims);
		r = read_claim(a, v, s);
	}
	return r;
}

/* A code that the map does not have could never fit: better said now. */
static int check_codes(struct at *a, const struct kt_statement *s)
{
	struct kt_geo *g = NULL;
	int r = kt_geo_world(&g, a->err);

	for (size_t i = 0; r == 0 && i < s->nclaims; i++) {
		if (s->claim[i].place != KT_CLAIM_COUNTRY ||
		    kt_geo_find_code(g, s->claim[i].code) >= 0)
			continue;
		snprintf(a->where, sizeof(a->where), "claims[%zu].place", i);
		r = bad(a,
			"\"%.20s\" is no code of the map; use the two letters of ISO 3166, or an "
			"id "
			"of data/geo/contested.json",
			s->claim[i].code);
	}
	kt_geo_free(&g);
	return r;
}

int kt_statement_parse(const void *p, size_t n, struct kt_statement *s, struct kt_err *err)
{
	struct at a = {.err = err};
	int r;

	memset(s, 0, sizeof(*s));
	if (n > KT_STATEMENT_MAX)
		return KT_FAIL(err, KT_E_FORMAT, "statement: longer than 256 KiB");
	r = kt_sha256_hex(p, n, s->sha256, err);
	if (r == 0)
		r = kt_jdoc_parse(p, n, &s->doc, err);
	if (r < 0)
		return KT_TRACE(err, r, "statement");
	r = read_all(&a, s);
	return r < 0 ? r : check_codes(&a, s);
}

void kt_statement_free(struct kt_statement *s)
{
	kt_jdoc_free(&s->doc);
	free(s->claim);
	memset(s, 0, sizeof(*s));
}
