/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Places with a known territory, judged by the map: lines "lat lon code name" with tabs from standard input.
 * Prints a count of verdicts, and every place that the map puts "in" another territory.
 *
 * usage: geo-places [--time N] < places.tsv      --time: N rounds over all, look-ups per CPU second
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/err.h"
#include "reports/geo/geo.h"

struct place {
	int32_t lat_e7, lon_e7;
	char code[24];
	char name[80];
};

static int32_t e7(const char *s)
{
	long long v = 0;
	int decimals = -1;
	const char *p = *s == '-' ? s + 1 : s;

	for (; *p != '\0'; p++) {
		if (*p == '.') {
			decimals = 0;
		} else if (decimals < 7) {
			v = v * 10 + (*p - '0');
			decimals += decimals >= 0;
		}
	}
	for (int i = decimals < 0 ? 0 : decimals; i < 7; i++)
		v *= 10;
	return (int32_t)(*s == '-' ? -v : v);
}

static size_t read_places(struct place **out)
{
	size_t n = 0, cap = 0;
	char line[1024];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		char *lat, *lon, *code, *name, *next = line;

		if (*line == '#')
			continue;
		line[strcspn(line, "\n")] = '\0';
		lat = strsep(&next, "\t");
		lon = strsep(&next, "\t");
		code = strsep(&next, "\t");
		name = strsep(&next, "\t");
		if (code == NULL)
			continue;
		if (n == cap) {
			cap = cap > 0 ? cap * 2 : 4096;
			*out = reallocarray(*out, cap, sizeof(**out));
			if (*out == NULL)
				exit(1);
		}
		(*out)[n].lat_e7 = e7(lat);
		(*out)[n].lon_e7 = e7(lon);
		snprintf((*out)[n].code, sizeof((*out)[n].code), "%s", code);
		snprintf((*out)[n++].name, sizeof((*out)[0].name), "%s", name != NULL ? name : "");
	}
	return n;
}

static int judge(const struct kt_geo *g, const struct place *p, size_t n)
{
	size_t count[6] = {0}, same = 0, other = 0;

	for (size_t i = 0; i < n; i++) {
		struct kt_geo_where w;
		const char *code;

		kt_geo_find(g, p[i].lat_e7, p[i].lon_e7, 0, &w);
		count[w.verdict]++;
		if (w.verdict != KT_GEO_IN)
			continue;
		code = kt_geo_territory(g, w.t[0])->code;
		if (strcmp(code, p[i].code) == 0) {
			same++;
		} else {
			other++;
			printf("other\t%s\t%s\t%d\t%d\t%s\n", p[i].code, code, p[i].lat_e7,
			       p[i].lon_e7, p[i].name);
		}
	}
	printf("places %zu\n", n);
	for (unsigned v = KT_GEO_IN; v <= KT_GEO_CONTESTED; v++)
		printf("%s %zu\n", kt_geo_verdict_name(v), count[v]);
	printf("in, same territory %zu\nin, other territory %zu\n", same, other);
	return 0;
}

static int measure(const struct kt_geo *g, const struct place *p, size_t n, int rounds)
{
	size_t sum = 0;
	clock_t from = clock();
	double s;

	for (int k = 0; k < rounds; k++)
		for (size_t i = 0; i < n; i++) {
			struct kt_geo_where w;

			kt_geo_find(g, p[i].lat_e7, p[i].lon_e7, 0, &w);
			sum += w.verdict;
		}
	s = (double)(clock() - from) / CLOCKS_PER_SEC;
	printf("%zu look-ups, %.2f s CPU, %.0f a second (%zu)\n", n * (size_t)rounds, s,
	       (double)n * rounds / s, sum);
	return 0;
}

int main(int argc, char **argv)
{
	struct kt_err err = {0};
	struct place *p = NULL;
	struct kt_geo *g;
	size_t n = read_places(&p);

	if (kt_geo_world(&g, &err) < 0) {
		fprintf(stderr, "%s\n", kt_err_text(&err));
		return 1;
	}
	if (argc == 3 && strcmp(argv[1], "--time") == 0)
		return measure(g, p, n, atoi(argv[2]));
	return judge(g, p, n);
}
