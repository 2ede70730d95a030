/* SPDX-License-Identifier: EUPL-1.2 */
/* A report in memory that can be read again, and a buffer that takes a view of it. */
#ifndef KT_TESTS_FUZZ_REPORT_IN_H
#define KT_TESTS_FUZZ_REPORT_IN_H

#include <string.h>

#include "core/buf.h"
#include "core/json.h"

struct kt_fuzz_input {
	const uint8_t *p;
	size_t n, at;
};

static inline int kt_fuzz_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct kt_fuzz_input *in = arg;

	(void)err;
	*got = in->n - in->at < n ? in->n - in->at : n;
	memcpy(p, in->p + in->at, *got);
	in->at += *got;
	return 0;
}

static inline struct kt_json_src kt_fuzz_again(void *arg)
{
	((struct kt_fuzz_input *)arg)->at = 0;
	return (struct kt_json_src){.read = kt_fuzz_read, .arg = arg};
}

static inline int kt_fuzz_keep(void *arg, const void *p, size_t n, struct kt_err *err)
{
	(void)err;
	kt_buf_put(arg, p, n);
	return 0;
}

#endif
