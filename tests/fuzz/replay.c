/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A plain main for fuzz targets: runs each file named, so that corpus and regressions are replayed
 * in every check without a fuzzer.
 */
#include "core/buf.h"
#include "core/err.h"
#include "core/io.h"

#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct kt_err err = {0};
		struct kt_buf b;

		kt_buf_init(&b, 0);
		if (kt_path_read(argv[i], (size_t)64 << 20, &b, &err) < 0) {
			fprintf(stderr, "%s: %s\n", argv[i], kt_err_text(&err));
			kt_buf_free(&b);
			return 2;
		}
		LLVMFuzzerTestOneInput(b.p != NULL ? b.p : (const uint8_t *)"", b.len);
		kt_buf_free(&b);
	}
	printf("replayed %d inputs\n", argc - 1);
	return 0;
}
