/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Writes an invented Records.json, the raw location history of a Google Takeout export, for
 * benchmarks. The same arguments give the same bytes. Nobody's history: a random walk on the open
 * North Sea. Members, their order and the white space are those of real exports of 2022 and later;
 * about a third of the points hold what only a satellite fix has, about half an activity list.
 *
 * usage: bench-gen-records OUTFILE POINTS [--seed N]
 */
#include "core/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gen {
	FILE *f;
	uint64_t rng;
	int64_t t; /* microseconds */
	int64_t lat, lon;
};

static uint32_t rnd(struct gen *g, uint32_t below)
{
	g->rng ^= g->rng << 13;
	g->rng ^= g->rng >> 7;
	g->rng ^= g->rng << 17;
	return (uint32_t)(g->rng >> 32) % below;
}

/* With milliseconds as mostly, or without as at times. */
static void put_time(struct gen *g, const char *indent, int64_t t, const char *behind)
{
	char text[KT_TIME_TEXT];

	kt_time_local_text(t / KT_US_PER_S * KT_US_PER_S, text);
	fprintf(g->f, "%s\"timestamp\": \"%s", indent, text);
	if (t % KT_US_PER_S != 0)
		fprintf(g->f, ".%03d", (int)(t % KT_US_PER_S / 1000));
	fprintf(g->f, "Z\"%s", behind);
}

static void put_activities(struct gen *g)
{
	static const char *const types[] = {"STILL", "ON_FOOT", "WALKING", "IN_VEHICLE", "UNKNOWN"};
	uint32_t n = 1 + (rnd(g, 4) == 0), first = rnd(g, 5), sure = 40 + rnd(g, 60);

	fputs("    \"activity\": [{\n      \"activity\": [", g->f);
	for (uint32_t i = 0; i < n; i++)
		fprintf(g->f,
			"%s{\n        \"type\": \"%s\",\n        \"confidence\": %" PRIu32
			"\n      }",
			i == 0 ? "" : ", ", types[(first + i) % 5], i == 0 ? sure : 100 - sure);
	fputs("],\n", g->f);
	put_time(g, "      ", g->t - 1000 * (int64_t)rnd(g, 30000), "\n    }],\n");
}

static void put_point(struct gen *g)
{
	static const char *const sources[] = {"WIFI", "GPS", "CELL"};
	uint32_t source = rnd(g, 10) < 6 ? 0 : 1 + rnd(g, 2);

	g->t += (5 + (int64_t)rnd(g, 55)) * KT_US_PER_S;
	g->t = g->t / KT_US_PER_S * KT_US_PER_S +
	       (rnd(g, 10) == 0 ? 0 : 1000 * (int64_t)rnd(g, 1000));
	g->lat += (int64_t)rnd(g, 4001) - 2000;
	g->lon += (int64_t)rnd(g, 6001) - 3000;
	fprintf(g->f,
		"{\n    \"latitudeE7\": %" PRId64 ",\n    \"longitudeE7\": %" PRId64
		",\n    \"accuracy\": %" PRIu32 ",\n",
		g->lat, g->lon, source == 1 ? 3 + rnd(g, 20) : 10 + rnd(g, 1500));
	if (source == 1)
		fprintf(g->f,
			"    \"velocity\": %" PRIu32 ",\n    \"heading\": %" PRIu32
			",\n    \"altitude\": %d,\n    \"verticalAccuracy\": %" PRIu32 ",\n",
			rnd(g, 30), rnd(g, 360), (int)rnd(g, 60) - 5, 1 + rnd(g, 12));
	if (rnd(g, 2) == 0)
		put_activities(g);
	fprintf(g->f, "    \"source\": \"%s\",\n    \"deviceTag\": %d,\n", sources[source],
		rnd(g, 50) == 0 ? 1203456789 : -577680260);
	if (rnd(g, 3) == 0)
		fputs("    \"platformType\": \"ANDROID\",\n", g->f);
	put_time(g, "    ", g->t, "\n  }");
}

int main(int argc, char **argv)
{
	struct gen g = {.rng = 7, .t = INT64_C(1640995200) * KT_US_PER_S};
	uint64_t n;

	if ((argc != 3 && (argc != 5 || strcmp(argv[3], "--seed") != 0)) ||
	    (n = strtoull(argv[2], NULL, 10)) == 0) {
		fprintf(stderr, "usage: bench-gen-records OUTFILE POINTS [--seed N]\n");
		return 2;
	}
	if (argc == 5)
		g.rng = strtoull(argv[4], NULL, 10) * 2 + 1;
	g.lat = 560000000;
	g.lon = 40000000;
	g.f = fopen(argv[1], "we");
	if (g.f == NULL) {
		perror(argv[1]);
		return 1;
	}
	fputs("{\n  \"locations\": [", g.f);
	for (uint64_t i = 0; i < n; i++) {
		if (i > 0)
			fputs(", ", g.f);
		put_point(&g);
	}
	fputs("]\n}\n", g.f);
	if (fclose(g.f) != 0) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
