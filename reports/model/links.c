/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Which observations agree so closely that they can be copies of one entry: the same picture in two
 * folders, a photo and its row in the photo library, one point in two exports. They are linked, never
 * merged or dropped, so that nobody takes two copies for two independent sources.
 *
 * Rule: both have a UTC instant and a usable position of the phone, come from different objects, lie at
 * most 2 s and 0.0001 degree apart. Observations arrive in order of time; those of the last 2 s are
 * kept, at most WINDOW of them.
 */
#include "reports/model/report_i.h"
#include "core/err.h"
#include "core/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW	  64u
#define LINKS_MAX 200000u /* listed; more are counted */
#define NEAR_US	  (2 * KT_US_PER_S)
#define NEAR_E7	  1000

struct seen {
	uint32_t object;
	uint64_t n;
	int64_t t_us;
	int32_t lat_e7, lon_e7;
};

struct links {
	struct seen window[WINDOW];
	unsigned n, next;
	struct pair {
		uint32_t a, b;
		uint64_t an, bn;
	} * pair;
	size_t npairs, cap;
	uint64_t more;
};

int rep_links_begin(struct rep *r)
{
	r->links = calloc(1, sizeof(*r->links));
	return r->links != NULL ? 0 : KT_FAIL(r->err, KT_E_NOMEM, "report: no memory");
}

void rep_links_free(struct rep *r)
{
	if (r->links != NULL)
		free(r->links->pair);
	free(r->links);
	r->links = NULL;
}

/* A coordinate as kt_rec_json() writes it: a sign, digits, a point, seven digits. */
static bool coordinate(const char *json, const char *key, int32_t *e7)
{
	const char *p = strstr(json, key);
	int64_t v = 0;
	bool neg;

	if (p == NULL)
		return false;
	p += strlen(key);
	neg = *p == '-';
	if (neg)
		p++;
	if (*p < '0' || *p > '9')
		return false; /* null */
	for (; (*p >= '0' && *p <= '9') || *p == '.'; p++)
		if (*p != '.')
			v = v * 10 + (*p - '0');
	if (v > KT_E7_LON_MAX)
		return false;
	*e7 = (int32_t)(neg ? -v : v);
	return true;
}

static int add_pair(struct rep *r, const struct seen *a, const struct seen *b)
{
	struct links *l = r->links;

	if (l->npairs == LINKS_MAX) {
		l->more++;
		return 0;
	}
	if (l->npairs == l->cap) {
		size_t cap = l->cap > 0 ? l->cap * 2 : 256;
		void *p = realloc(l->pair, cap * sizeof(*l->pair));

		if (p == NULL)
			return KT_FAIL(r->err, KT_E_NOMEM, "report: no memory");
		l->pair = p;
		l->cap = cap;
	}
	l->pair[l->npairs++] = (struct pair){a->object, b->object, a->n, b->n};
	return 0;
}

static bool near(int32_t a, int32_t b)
{
	int64_t d = (int64_t)a - b;

	return d <= NEAR_E7 && d >= -NEAR_E7;
}

int rep_links_add(struct rep *r, const char *object, uint64_t n, int64_t t_us, const char *json,
		  bool *copy)
{
	static const char place[] = "{\"type\":\"place\",";
	struct links *l = r->links;
	struct seen s = {.n = n, .t_us = t_us};
	int c = 0;

	*copy = false;
	/* the members that are looked at stand before any text from the phone */
	if (strncmp(json, place, sizeof(place) - 1) == 0 ||
	    strstr(json, "\"t_kind\":\"utc\"") == NULL ||
	    !coordinate(json, "\"lat\":", &s.lat_e7) || !coordinate(json, "\"lon\":", &s.lon_e7))
		return 0;
	s.object = (uint32_t)strtoul(object + 1, NULL, 10);
	for (unsigned i = 0; c == 0 && i < l->n; i++) {
		/* newest last, so that the pairs of one observation come in order of time */
		const struct seen *o = &l->window[(l->next + WINDOW - l->n + i) % WINDOW];

		if (o->object != s.object && t_us - o->t_us <= NEAR_US &&
		    near(o->lat_e7, s.lat_e7) && near(o->lon_e7, s.lon_e7)) {
			*copy = true;
			c = add_pair(r, o, &s);
		}
	}
	l->window[l->next] = s;
	l->next = (l->next + 1) % WINDOW;
	l->n += l->n < WINDOW;
	return c;
}

int rep_links(struct rep *r)
{
	const struct links *l = r->links;
	struct kt_jw *w = &r->w;
	char id[48];
	int c = 0;

	rep_member(r, "links");
	kt_jw_arr(w);
	for (size_t i = 0; c == 0 && i < l->npairs; i++) {
		rep_elem(r);
		kt_jw_obj(w);
		kt_jw_kstr(w, "kind", "same-time-and-place");
		snprintf(id, sizeof(id), "o%06u#%llu", l->pair[i].a,
			 (unsigned long long)l->pair[i].an);
		kt_jw_kstr(w, "a", id);
		snprintf(id, sizeof(id), "o%06u#%llu", l->pair[i].b,
			 (unsigned long long)l->pair[i].bn);
		kt_jw_kstr(w, "b", id);
		kt_jw_obj_end(w);
		c = rep_flush(r, false);
	}
	if (c == 0 && l->more > 0) {
		rep_elem(r);
		kt_jw_obj(w);
		kt_jw_kstr(w, "kind", "not-listed");
		kt_jw_kuint(w, "count", l->more);
		kt_jw_obj_end(w);
	}
	kt_jw_arr_end(w);
	return c < 0 ? c : rep_flush(r, false);
}
