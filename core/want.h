/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a plugin declares: the contract between parsers (which declare), core/plan (which
 * intersects with the mandate) and the engine. Rows come from parsers/plugins.def.
 */
#ifndef KT_CORE_WANT_H
#define KT_CORE_WANT_H

#include <stddef.h>
#include <stdint.h>

enum kt_take {
	KT_TAKE_OUTPUT = 1, /* what a command or a list of values says */
	KT_TAKE_WHOLE,	    /* whole files */
	KT_TAKE_RANGES,	    /* only the bytes that the plugin reads */
	KT_TAKE_GROUP,	    /* an SQLite file with its -wal and -journal: whole, as one */
};

/* "output", "whole", "ranges", "group"; "" when unknown. */
const char *kt_take_name(enum kt_take take);

struct kt_want {
	const char *plugin; /* id */
	unsigned request;   /* enum kt_request_id */
	enum kt_take take;
	const char *globs;  /* '|'-separated, case-insensitive, on the file name; "" for OUTPUT */
	uint64_t max_bytes; /* per object */
};

struct kt_plugin_info {
	const char *id;
	unsigned version;
	const char *title, *status, *absence;
	unsigned as_mib, cpu_s, wall_s;
};

/*
 * Does a file name (bytes, without its folder) match one of the globs as a whole? '*' is the only
 * wildcard; ASCII case is folded. 1 or 0. Work is bounded by glob length times name length.
 */
int kt_glob_match(const char *globs, const void *name, size_t n);

#endif
