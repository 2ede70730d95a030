/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Running a plugin in process on bytes in memory, for fuzz targets and golden cases. Aborts when
 * an invariant of the SDK does not hold: that is the finding.
 */
#ifndef KT_TESTS_FUZZ_FUZZ_H
#define KT_TESTS_FUZZ_FUZZ_H

#include "parsers/sdk/ctx.h"

/*
 * Returns the END code. Checks: every frame decodes, every record passes kt_rec_check(), counts in
 * END equal the frames sent, and seen == emitted + skipped whenever the code is 0.
 */
int kt_fuzz_parse(const struct kt_parser *p, const uint8_t *data, size_t n);

/* The -wal and -journal of a database; p NULL: not there. */
struct kt_fuzz_sibling {
	const uint8_t *p;
	size_t n;
};

/* The same with siblings. */
int kt_fuzz_parse_group(const struct kt_parser *p, const uint8_t *data, size_t n,
			const struct kt_fuzz_sibling sib[KT_SIBLINGS]);

/* The same, printing JSON Lines as `keten parsers ID --try` does, to stdout. */
int kt_try_parse(const struct kt_parser *p, const uint8_t *data, size_t n,
		 const struct kt_fuzz_sibling sib[KT_SIBLINGS]);

#endif
