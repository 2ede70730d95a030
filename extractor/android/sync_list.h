/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A whole folder tree through the file service, breadth first, without recursion and within
 * limits; handed on sorted by the bytes of the path, so that two runs give the same listing.
 */
#ifndef KT_ANDROID_SYNC_LIST_H
#define KT_ANDROID_SYNC_LIST_H

#include <stddef.h>
#include <stdint.h>

struct kt_err;
struct kt_sync;
struct kt_sync_stat;

#define KT_LIST_ENTRIES_MAX (1u << 20) /* whatever the caller asks for */
#define KT_LIST_DEPTH_MAX   64u
#define KT_LIST_PATHS_MAX   ((size_t)64 << 20) /* bytes of all paths together */
#define KT_LIST_MS	    (30L * 60 * 1000)

struct kt_listing {
	unsigned root;
	uint32_t max_entries, max_depth; /* depth 1: what lies in the root itself */
	/* Called in order for each entry, after the whole tree was read. path is borrowed. */
	int (*entry)(void *ctx, const struct kt_sync_stat *st, const uint8_t *path, size_t n,
		     struct kt_err *err);
	void *ctx;
	/* results */
	uint32_t flags;	  /* KT_DEV_F_COMPLETE, TRUNCATED, LISTED_NONE, SKIPPED_NAME */
	uint32_t count;	  /* entries handed on */
	uint32_t silent;  /* folders that listed nothing, not even "." */
	uint32_t skipped; /* entries with impossible names */
};

/*
 * 0 when the tree was read (see flags); KT_E_PARTIAL when a limit cut it; KT_E_ABSENT when the
 * root is not there; KT_E_REFUSED when it may not be read, is no folder, or is not in the plan;
 * KT_E_DEVICE, KT_E_TIMEOUT, KT_E_CANCELLED, KT_E_FORMAT, KT_E_NOMEM. What was listed before a
 * failure is handed on, except when the feed itself failed.
 */
int kt_sync_list(struct kt_sync *y, struct kt_listing *l, struct kt_err *err);

#endif
