/* SPDX-License-Identifier: EUPL-1.2 */
/* The verifier on arbitrary bytes: it must come to a verdict, and never to "valid". */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/err.h"
#include "core/io.h"
#include "reports/verify/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct kt_verify_result res;
	static FILE *null;
	static int fd = -1;
	struct kt_err err = {0};

	if (fd < 0) {
		fd = memfd_create("package", MFD_CLOEXEC);
		null = fopen("/dev/null", "we");
	}
	if (fd < 0 || null == NULL || ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
	    kt_write_full(fd, data, n, &err) < 0)
		abort();
	if (kt_verify_package(fd, "fuzz", NULL, &res, &err) < 0)
		abort();
	if (res.verdict == KT_VERDICT_VALID) /* without trust anchors nothing is */
		abort();
	kt_verify_print(&res, (n & 1) != 0, null);
	return 0;
}
