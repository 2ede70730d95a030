/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * sink_copy CASEDIR FILE [RECIPIENT]: copies a file into a new case through the product's write-only
 * sink, as acquisition does with bytes of the phone: hashed as they pass, and sealed when an age
 * recipient is named. Prints the hash.
 */
#include "core/casestore.h"
#include "core/err.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (64u << 10) /* of the phone's file service */

static int copy(struct kt_case *c, int fd, struct kt_err *err)
{
	static char buf[CHUNK];
	char sha[KT_SHA256_HEX];
	struct kt_sink s;
	ssize_t n = 0;
	int r = kt_sink_open(c, &s, err);

	if (r < 0)
		return r;
	while (r == 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		r = kt_sink_write(&s, buf, (size_t)n, err);
	if (r == 0 && n < 0)
		r = KT_FAIL(err, KT_E_STORAGE, "the file can't be read");
	if (r == 0)
		r = kt_sink_close(&s, sha, err);
	else
		kt_sink_drop(c, &s);
	if (r == 0)
		puts(sha);
	return r;
}

int main(int argc, char **argv)
{
	struct kt_case_new make = {.mandate_id = "BENCH",
				   .mandate_sha256 = "0",
				   .device = "BENCH",
				   .device_kind = "android",
				   .mandate = "",
				   .p7s = "",
				   .simulated = true};
	struct kt_err err = {0};
	struct kt_case c;
	uint8_t key[KT_AGE_KEY];
	int fd, r;

	make.sealed = argc == 4;
	if (argc != 3 &&
	    (argc != 4 || kt_age_recipient_parse(argv[3], strlen(argv[3]), key, &err) < 0)) {
		fprintf(stderr, "usage: sink_copy CASEDIR FILE [RECIPIENT]\n");
		return 2;
	}
	fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? KT_FAIL(&err, KT_E_USAGE, "%s can't be opened", argv[2])
		   : kt_case_open(argv[1], &make, &c, &err);
	if (r == 0) {
		if (make.sealed)
			kt_case_seal_to(&c, key);
		r = copy(&c, fd, &err);
		kt_case_close(&c);
	}
	if (r < 0)
		fprintf(stderr, "sink_copy: %s\n", kt_err_text(&err));
	if (fd >= 0)
		close(fd);
	return r < 0;
}
