/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The files that an earlier run of the same case has dealt with, as the index segment of an item
 * tells: they are not read again, and their outcomes count. The index of a sealed case has no
 * paths; it is asked by the ids that stand for them.
 */
#ifndef KT_CLI_DONE_H
#define KT_CLI_DONE_H

#include "cli/acquire.h"

struct kt_done {
	uint8_t (*sha)[KT_SHA256_LEN]; /* owned; sorted once loaded */
	size_t n, cap;
	bool by_state; /* the same name with another size or time is another file */
	const struct kt_case *c;
	unsigned segment;
};

/*
 * Reads segment. by_state: a source can hold a name twice, and what was taken of it is told by
 * size and time; false: the path alone counts (a phone's file is not read twice because it grew).
 * t gets the outcomes of the lines added. 0, KT_E_INVALID, KT_E_NOMEM, KT_E_STORAGE. Free with
 * kt_done_free(), also after an error.
 */
int kt_done_load(struct kt_done *d, const struct kt_case *c, unsigned segment, bool by_state,
		 struct kt_tally *t, struct kt_err *err);
bool kt_done_has(const struct kt_done *d, const struct kt_entry *e);
void kt_done_free(struct kt_done *d);

#endif
