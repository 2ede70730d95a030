/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What an artifact is, told by its first bytes: for plugins that read more than one kind of file. A
 * plugin sees no name.
 */
#ifndef KT_PARSERS_PLUGINS_KIND_H
#define KT_PARSERS_PLUGINS_KIND_H

#include "parsers/sdk/keten_parser.h"

#include <string.h>

enum kt_kind {
	KT_KIND_EMPTY = 1,
	KT_KIND_SQLITE,
	KT_KIND_PLIST, /* binary, or XML with its document type */
	KT_KIND_XML,
	KT_KIND_OTHER, /* text, JSON, anything */
};

/* enum kt_kind, or the negative code of kt_in_read(). */
static inline int kt_kind(struct kt_ctx *ctx, struct kt_err *err)
{
	char head[256];
	size_t n;
	int r = kt_in_read(ctx, 0, head, sizeof(head), &n, err);

	if (r < 0)
		return r;
	if (n == 0)
		return KT_KIND_EMPTY;
	if (n >= 16 && memcmp(head, "SQLite format 3", 16) == 0)
		return KT_KIND_SQLITE;
	if ((n >= 8 && memcmp(head, "bplist00", 8) == 0) || memmem(head, n, "<plist", 6) != NULL ||
	    memmem(head, n, "<!DOCTYPE plist", 15) != NULL)
		return KT_KIND_PLIST;
	return n >= 5 && memcmp(head, "<?xml", 5) == 0 ? KT_KIND_XML : KT_KIND_OTHER;
}

#endif
