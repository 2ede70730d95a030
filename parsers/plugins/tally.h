/* SPDX-License-Identifier: EUPL-1.2 */
/* Skips counted by reason and sent once, with the place of the first of each. */
#ifndef KT_PARSERS_PLUGINS_TALLY_H
#define KT_PARSERS_PLUGINS_TALLY_H

#include "parsers/sdk/keten_parser.h"

#include <string.h>

struct kt_tally {
	uint64_t n;
	struct kt_locator first;
	char path[160];
};

/* One more; its path is copied. Always 0, so that a caller can return it. */
static inline int kt_tally_add(struct kt_tally *t, const struct kt_locator *loc)
{
	if (t->n++ > 0)
		return 0;
	t->first = *loc;
	if (loc->path.len > sizeof(t->path))
		t->first.path.len = 0;
	else if (loc->path.len > 0)
		memcpy(t->path, loc->path.p, loc->path.len);
	t->first.path.p = t->path;
	return 0;
}

/* Sends them; the elements must have been counted as seen. 0 or kt_skip()'s code. */
static inline int kt_tally_flush(struct kt_ctx *ctx, const struct kt_tally *t,
				 const char *const *reasons, size_t n, struct kt_err *err)
{
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++)
		r = kt_skip(ctx, reasons[i], t[i].n, &t[i].first, err);
	return r;
}

#endif
