/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * make-package PKI CASE OUT [--photos N] [--hole BYTES] [--number N]: a synthetic case folder and
 * its package (tests/tools/synth.h). Prints the package's path.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "tests/tools/synth.h"

int main(int argc, char **argv)
{
	struct synth s = {.photos = 4};
	uint64_t number = 1;
	char name[KT_PKG_NAME_MAX + 1], story[512];
	struct kt_err err = {0};
	int r;

	if (argc < 4 || argc % 2 != 0) {
		fprintf(stderr, "usage: make-package PKI CASE OUT [--photos N] [--hole BYTES] "
				"[--number N]\n");
		return 2;
	}
	s.pki = argv[1];
	s.case_dir = argv[2];
	s.out_dir = argv[3];
	for (int i = 4; i + 1 < argc; i += 2) {
		uint64_t v = strtoull(argv[i + 1], NULL, 10);

		if (strcmp(argv[i], "--photos") == 0)
			s.photos = (unsigned)v;
		else if (strcmp(argv[i], "--hole") == 0)
			s.hole = v;
		else if (strcmp(argv[i], "--number") == 0)
			number = v;
	}
	r = synth_case(&s, number, &err);
	if (r == 0)
		r = synth_package(&s, number, NULL, name, NULL, &err);
	if (r < 0) {
		fprintf(stderr, "make-package: %s\n", kt_err_story(&err, story, sizeof(story)));
		return 1;
	}
	printf("%s/%s\n", s.out_dir, name);
	return 0;
}
