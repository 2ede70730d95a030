/* SPDX-License-Identifier: EUPL-1.2 */
/* A map of any bytes: read, searched at every corner of it, and handed out for drawing. */
#include <stdlib.h>

#include "core/err.h"
#include "reports/geo/geo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct corners {
	const struct kt_geo *g;
	unsigned left;
};

static int on_ring(void *arg, unsigned territory, bool hole, const struct kt_geo_point *p, size_t n)
{
	struct corners *c = arg;

	(void)hole;
	if (territory >= kt_geo_count(c->g) || n < 3)
		abort();
	for (size_t i = 0; i < n && c->left > 0; i++, c->left--) {
		struct kt_geo_where w;

		if (p[i].lon_e7 > 1800000000 || p[i].lon_e7 < -1800000000)
			continue;
		kt_geo_find(c->g, p[i].lat_e7, (int32_t)p[i].lon_e7, (int64_t)(i * 7) * 1000000,
			    &w);
		if (w.n > KT_GEO_CANDIDATES || kt_geo_verdict_name(w.verdict)[0] == '\0')
			abort();
		for (unsigned k = 0; k < w.n; k++)
			if (kt_geo_territory(c->g, w.t[k])->code[0] == '\0' &&
			    w.t[k] >= kt_geo_count(c->g))
				abort();
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct corners c = {NULL, 200};
	struct kt_geo *g = NULL;
	struct kt_err err = {0};

	if (kt_geo_open(data, n, &g, &err) == 0) {
		c.g = g;
		kt_geo_rings(g, on_ring, &c);
		kt_geo_find_code(g, "NL");
	}
	kt_geo_free(&g);
	return 0;
}
