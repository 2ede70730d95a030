/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Writes an invented Google Maps Timeline export (Android form) for tests, demo and benchmarks.
 * The same arguments give the same bytes. Nobody's history: a random walk around two public
 * squares, with a train ride between them half way.
 *
 * usage: make-timeline OUTFILE COUNT [--from YYYY-MM-DD] [--days N] [--seed N] [--canary TEXT]
 *
 * COUNT path points, visits, activities and raw signals are spread over the N days from the date
 * given. With --canary, further elements lie before and behind those days and carry the text, and
 * so do members that no record may show (notes, labels, stations, unknown members): no page of a
 * report that is limited to these days may hold it.
 */
#include "core/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE	   (60 * KT_US_PER_S)
#define DAY	   (24 * 60 * MINUTE)
#define OFFSET_MIN 60 /* the walk stays in one zone */

struct gen {
	FILE *f;
	uint64_t rng;
	uint64_t left;	    /* elements still to write */
	int64_t t, end;	    /* now and the end of the days */
	int64_t from, step; /* start, time per element */
	int64_t lat, lon;   /* E7 */
	bool moved, any;    /* any: a comma is due */
	uint64_t segments;
	const char *canary;
};

static uint32_t rnd(struct gen *g, uint32_t below)
{
	g->rng ^= g->rng << 13;
	g->rng ^= g->rng >> 7;
	g->rng ^= g->rng << 17;
	return (uint32_t)(g->rng >> 32) % below;
}

static void walk(struct gen *g)
{
	g->lat += (int64_t)rnd(g, 4001) - 2000;
	g->lon += (int64_t)rnd(g, 6001) - 3000;
	if (!g->moved && g->t > g->from + (g->end - g->from) / 2) {
		g->moved = true;
		g->lat = 525200000;
		g->lon = 134050000;
	}
}

/* 2026-01-31T10:20:30.000+01:00 */
static void put_time(struct gen *g, int64_t t)
{
	char text[KT_TIME_TEXT];

	kt_time_local_text((t / KT_US_PER_S) * KT_US_PER_S + OFFSET_MIN * MINUTE, text);
	fprintf(g->f, "\"%s.000+01:00\"", text);
}

/* Both ways in which degrees are written; the sign is absent in some exports. */
static void put_lat_lng(struct gen *g)
{
	const char *sign = g->segments % 3 == 2 ? "" : "\xc2\xb0";

	fprintf(g->f, "\"%lld.%07lld%s, %lld.%07lld%s\"", (long long)(g->lat / 10000000),
		(long long)(g->lat % 10000000), sign, (long long)(g->lon / 10000000),
		(long long)(g->lon % 10000000), sign);
}

static void begin(struct gen *g)
{
	fprintf(g->f, "%s    {\n", g->any ? ",\n" : "");
	g->any = true;
	g->segments++;
}

static void put_span(struct gen *g, int64_t from, int64_t to, bool offsets)
{
	fprintf(g->f, "      \"startTime\": ");
	put_time(g, from);
	fprintf(g->f, ",\n      \"endTime\": ");
	put_time(g, to);
	fprintf(g->f, ",\n");
	if (offsets)
		fprintf(g->f,
			"      \"startTimeTimezoneUtcOffsetMinutes\": %d,\n"
			"      \"endTimeTimezoneUtcOffsetMinutes\": %d,\n",
			OFFSET_MIN, OFFSET_MIN);
}

static void put_path(struct gen *g, uint64_t points)
{
	begin(g);
	put_span(g, g->t, g->t + (int64_t)points * g->step, false);
	fprintf(g->f, "      \"timelinePath\": [\n");
	for (uint64_t i = 0; i < points; i++) {
		walk(g);
		fprintf(g->f, "        {\n          \"point\": ");
		put_lat_lng(g);
		fprintf(g->f, ",\n          \"time\": ");
		put_time(g, g->t);
		fprintf(g->f, "\n        }%s\n", i + 1 < points ? "," : "");
		g->t += g->step;
	}
	fprintf(g->f, "      ]\n    }");
}

static void put_visit(struct gen *g, unsigned level, const char *extra)
{
	static const char *const types[] = {"INFERRED_HOME", "INFERRED_WORK", "UNKNOWN",
					    "SEARCHED_ADDRESS"};

	begin(g);
	put_span(g, g->t, g->t + g->step, true);
	fprintf(g->f,
		"      \"visit\": {\n        \"hierarchyLevel\": %u,\n"
		"        \"probability\": 0.%02u,\n        \"topCandidate\": {\n"
		"          \"placeId\": \"ChIJinvented%08x%s\",\n"
		"          \"semanticType\": \"%s\",\n          \"probability\": 0.%02u,\n"
		"          \"placeLocation\": {\n            \"latLng\": ",
		level, 50 + rnd(g, 50), rnd(g, UINT32_MAX), extra, types[rnd(g, 4)],
		20 + rnd(g, 80));
	put_lat_lng(g);
	fprintf(g->f, "\n          }\n        }\n      }\n    }");
	if (level == 0)
		g->t += g->step;
}

static void put_activity(struct gen *g)
{
	static const char *const types[] = {"WALKING", "IN_PASSENGER_VEHICLE", "IN_TRAIN",
					    "IN_BUS"};

	begin(g);
	put_span(g, g->t, g->t + g->step, true);
	fprintf(g->f, "      \"activity\": {\n        \"start\": {\n          \"latLng\": ");
	put_lat_lng(g);
	g->t += g->step;
	walk(g);
	fprintf(g->f, "\n        },\n        \"end\": {\n          \"latLng\": ");
	put_lat_lng(g);
	fprintf(g->f,
		"\n        },\n        \"distanceMeters\": %u.%u,\n"
		"        \"probability\": 0.%02u,\n        \"topCandidate\": {\n"
		"          \"type\": \"%s\",\n          \"probability\": 0.%02u\n        }\n"
		"      }\n    }",
		rnd(g, 20000), rnd(g, 10), 40 + rnd(g, 60), types[rnd(g, 4)], 30 + rnd(g, 70));
}

static void put_memory(struct gen *g, const char *note)
{
	begin(g);
	put_span(g, g->t, g->t + g->step, false);
	fprintf(g->f,
		"      \"timelineMemory\": {\n        \"note\": {\n          \"note\": \"%s\"\n"
		"        }\n      }\n    }",
		note);
}

static void put_position(struct gen *g)
{
	static const char *const sources[] = {"WIFI", "GPS", "CELL", "UNKNOWN"};

	walk(g);
	begin(g);
	fprintf(g->f, "      \"position\": {\n        \"LatLng\": ");
	put_lat_lng(g);
	fprintf(g->f,
		",\n        \"accuracyMeters\": %u,\n        \"altitudeMeters\": %u.%u,\n"
		"        \"source\": \"%s\",\n        \"timestamp\": ",
		3 + rnd(g, 100), 30 + rnd(g, 100), rnd(g, 10), sources[rnd(g, 4)]);
	put_time(g, g->t);
	fprintf(g->f, ",\n        \"speedMetersPerSecond\": %u.%u\n      }\n    }", rnd(g, 20),
		rnd(g, 10));
	g->t += g->step;
}

static void put_scan(struct gen *g)
{
	unsigned n = 1 + rnd(g, 6);

	begin(g);
	fprintf(g->f, "      \"wifiScan\": {\n        \"deliveryTime\": ");
	put_time(g, g->t);
	fprintf(g->f, ",\n        \"devicesRecords\": [");
	for (unsigned i = 0; i < n; i++)
		fprintf(g->f, "%s{\n          \"mac\": %u,\n          \"rawRssi\": -%u\n        }",
			i > 0 ? ", " : "", rnd(g, UINT32_MAX), 30 + rnd(g, 60));
	fprintf(g->f, "]");
	if (g->canary != NULL)
		fprintf(g->f, ",\n        \"ssid\": \"%s\"", g->canary);
	fprintf(g->f, "\n      }\n    }");
	g->t += g->step;
}

static void put_record(struct gen *g)
{
	begin(g);
	fprintf(g->f, "      \"activityRecord\": {\n        \"probableActivities\": [{\n"
		      "          \"type\": \"STILL\",\n          \"confidence\": 0.75\n"
		      "        }],\n        \"timestamp\": ");
	put_time(g, g->t);
	fprintf(g->f, "\n      }\n    }");
	g->t += g->step;
}

/* One segment, or two for a visit inside a visit; returns the elements written. */
static uint64_t put_segment(struct gen *g, uint64_t left)
{
	uint64_t points = 8 + rnd(g, 24);

	switch (rnd(g, 24)) {
	case 0:
		put_memory(g, g->canary != NULL ? g->canary : "An invented trip");
		return 1;
	case 1:
		put_visit(g, 1, "");
		return 1;
	case 2:
	case 3:
	case 4:
	case 5:
		put_visit(g, 0, "");
		return 1;
	case 6:
	case 7:
	case 8:
		put_activity(g);
		return 1;
	default:
		points = points < left ? points : left;
		put_path(g, points);
		return points;
	}
}

/* Elements outside the days: one of each kind that is reported. */
static void put_outside(struct gen *g, int64_t t, bool signal)
{
	int64_t now = g->t;

	if (g->canary == NULL)
		return;
	g->t = t;
	if (signal) {
		put_position(g);
	} else {
		put_visit(g, 0, g->canary);
		put_activity(g);
		put_path(g, 3);
	}
	g->t = now;
}

static void put_signal(struct gen *g)
{
	switch (rnd(g, 4)) {
	case 0:
		put_scan(g);
		break;
	case 1:
		put_record(g);
		break;
	default:
		put_position(g);
	}
}

static void put_profile(struct gen *g)
{
	const char *label = g->canary != NULL ? g->canary : "HOME";

	fprintf(g->f,
		"  \"userLocationProfile\": {\n    \"frequentPlaces\": [{\n"
		"      \"placeId\": \"ChIJinvented%08x\",\n      \"placeLocation\": ",
		rnd(g, UINT32_MAX));
	put_lat_lng(g);
	fprintf(g->f,
		",\n      \"label\": \"%s\"\n    }],\n    \"persona\": {\n"
		"      \"travelModeAffinities\": [{\n        \"mode\": \"WALKING\",\n"
		"        \"affinity\": 0.5\n      }]\n    }\n  }\n",
		label);
}

static void generate(struct gen *g)
{
	uint64_t signals = g->left / 8, n = g->left - signals;

	fprintf(g->f, "{\n  \"semanticSegments\": [\n");
	put_outside(g, g->from - 40 * DAY, false);
	while (n > 0)
		n -= put_segment(g, n);
	put_outside(g, g->end + 40 * DAY, false);
	fprintf(g->f, "\n  ],\n  \"rawSignals\": [\n");
	g->any = false;
	g->t = g->end - (int64_t)signals * g->step;
	put_outside(g, g->from - 40 * DAY, true);
	for (; signals > 0; signals--)
		put_signal(g);
	fprintf(g->f, "\n  ],\n");
	put_profile(g);
	fprintf(g->f, "}\n");
}

static int usage(void)
{
	fprintf(stderr, "usage: make-timeline OUTFILE COUNT [--from YYYY-MM-DD] [--days N] "
			"[--seed N] [--canary TEXT]\n");
	return 2;
}

static int options(struct gen *g, int argc, char **argv, int64_t *days)
{
	for (int i = 3; i + 1 < argc; i += 2) {
		int y, m, d;

		if (strcmp(argv[i], "--from") == 0) {
			if (sscanf(argv[i + 1], "%4d-%2d-%2d", &y, &m, &d) != 3 ||
			    kt_time_from_civil(y, m, d, 0, 0, 0, &g->from) < 0)
				return usage();
		} else if (strcmp(argv[i], "--days") == 0) {
			*days = strtoll(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--seed") == 0) {
			g->rng ^= strtoull(argv[i + 1], NULL, 10) * UINT64_C(0x9e3779b97f4a7c15);
		} else if (strcmp(argv[i], "--canary") == 0) {
			g->canary = argv[i + 1];
		} else {
			return usage();
		}
	}
	return argc >= 3 && argc % 2 == 1 && *days > 0 ? 0 : usage();
}

int main(int argc, char **argv)
{
	struct gen g = {.rng = UINT64_C(0x2545f4914f6cdd1d), .lat = 482082000, .lon = 163738000};
	int64_t days = 90;
	int bad;

	kt_time_from_civil(2026, 1, 1, 0, 0, 0, &g.from);
	if (options(&g, argc, argv, &days) != 0)
		return 2;
	g.left = strtoull(argv[2], NULL, 10);
	g.t = g.from;
	g.end = g.from + days * DAY;
	/* one second is kept back so that the last element still lies inside the days */
	g.step = g.left > 0 ? (days * DAY - KT_US_PER_S) / (int64_t)g.left : 0;
	g.f = fopen(argv[1], "w");
	if (g.f == NULL) {
		perror(argv[1]);
		return 1;
	}
	generate(&g);
	bad = ferror(g.f);
	if (fclose(g.f) != 0 || bad) {
		fprintf(stderr, "make-timeline: %s was not written\n", argv[1]);
		return 1;
	}
	return 0;
}
