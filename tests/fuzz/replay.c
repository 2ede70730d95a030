/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A plain main for all fuzz targets: runs each file named through one of them, so that corpus and
 * regressions are replayed in every check without a fuzzer. The build gives every target a name of its
 * own (KT_FUZZ_TARGETS: X(fuzz_a) X(fuzz_b) ...).
 *
 * usage: replay TARGET FILE...     without arguments: the names of the targets
 */
#include "core/buf.h"
#include "core/err.h"
#include "core/io.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define X(name) int name(const uint8_t *p, size_t n);
KT_FUZZ_TARGETS
#undef X

static const struct {
	const char *name;
	int (*run)(const uint8_t *p, size_t n);
} targets[] = {
#define X(name) {#name, name},
	KT_FUZZ_TARGETS
#undef X
};
#define TARGETS (sizeof(targets) / sizeof(targets[0]))

static int replay(int (*run)(const uint8_t *p, size_t n), const char *path)
{
	struct kt_err err = {0};
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = kt_path_read(path, (size_t)64 << 20, &b, &err);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", path, kt_err_text(&err));
	else
		run(b.p != NULL ? b.p : (const uint8_t *)"", b.len);
	kt_buf_free(&b);
	return r;
}

int main(int argc, char **argv)
{
	size_t t = 0;

	if (argc == 1) {
		for (; t < TARGETS; t++)
			puts(targets[t].name);
		return 0;
	}
	while (t < TARGETS && strcmp(targets[t].name, argv[1]) != 0)
		t++;
	if (t == TARGETS) {
		fprintf(stderr, "no fuzz target %s\n", argv[1]);
		return 2;
	}
	for (int i = 2; i < argc; i++)
		if (replay(targets[t].run, argv[i]) < 0)
			return 2;
	printf("replayed %d inputs\n", argc - 2);
	return 0;
}
