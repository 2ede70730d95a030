/* SPDX-License-Identifier: EUPL-1.2 */
/* A case folder of its own for each test of what works in one. Include after cmocka.h. */
#ifndef KT_TESTS_UNIT_CASE_DIR_H
#define KT_TESTS_UNIT_CASE_DIR_H

#include "core/casestore.h"
#include "core/err.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char top[64], case_path[80];

static const struct kt_case_new case_new = {
	.mandate_id = "M-1",
	.mandate_sha256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	.device = "SIM0001",
	.device_kind = "android",
	.mandate = "{}",
	.mandate_len = 2,
	.p7s = "sig",
	.p7s_len = 3,
	.simulated = true,
};

static int make_top(void **state)
{
	(void)state;
	snprintf(top, sizeof(top), "/tmp/kt-test-XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	snprintf(case_path, sizeof(case_path), "%s/case", top);
	return 0;
}

static int drop_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int drop_top(void **state)
{
	(void)state;
	return nftw(top, drop_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void put_object(struct kt_case *c, const void *p, size_t n, char name[KT_OBJECT],
			      char sha[KT_SHA256_HEX])
{
	struct kt_sink s;

	assert_int_equal(kt_sink_open(c, &s, NULL), 0);
	assert_int_equal(kt_sink_write(&s, p, n, NULL), 0);
	memcpy(name, s.object, KT_OBJECT);
	assert_int_equal(kt_sink_close(&s, sha, NULL), 0);
}

#endif
