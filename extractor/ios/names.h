/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a phone believes to lie in the backup folder: the names and true sizes of the files that it
 * sent, nothing of which touches a disk. About 45 bytes a file; looking one up costs the same
 * however many there are, and so does a folder's listing for each of its files.
 */
#ifndef KT_IOS_NAMES_H
#define KT_IOS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_err;

#define KT_NAMES_ID  20u	       /* SHA-1 of "domain-path" */
#define KT_NAMES_MAX UINT32_C(4000000) /* phones with 1.3 million files have been seen */

/* Where a file is, and what became of it. */
#define KT_NAME_SNAPSHOT 1u
#define KT_NAME_FINAL	 2u
#define KT_NAME_UNREAD	 4u /* the phone could not read it: no content, perhaps no move */
#define KT_NAME_TWICE	 8u /* it came more than once */

struct kt_names_part {
	uint8_t *e; /* owned; slots of an open hash table */
	uint32_t cap, n;
};

struct kt_names {
	struct kt_names_part part[256]; /* by the first byte: the folders of a backup */
	uint64_t seed;
	uint32_t n, in_snapshot; /* in_snapshot: without KT_NAME_UNREAD */
	bool made[2][256];	 /* folders that the phone made: in the snapshot, in place */
};

int kt_names_init(struct kt_names *t, struct kt_err *err);
void kt_names_free(struct kt_names *t);
/* A file arrived. flags: SNAPSHOT or FINAL, perhaps UNREAD. KT_E_LIMIT, KT_E_NOMEM. */
int kt_names_put(struct kt_names *t, const uint8_t id[KT_NAMES_ID], uint64_t size, uint8_t flags,
		 struct kt_err *err);
/* False: it never came. */
bool kt_names_get(const struct kt_names *t, const uint8_t id[KT_NAMES_ID], uint64_t *size,
		  uint8_t *flags);
/* Takes flags away and adds others. False: no such file where it should be. */
bool kt_names_move(struct kt_names *t, const uint8_t id[KT_NAMES_ID], uint8_t from, uint8_t to);
/* Each file of one folder that has one of flags. The callback's code stops it. */
int kt_names_each(const struct kt_names *t, uint8_t first, uint8_t flags,
		  int (*fn)(void *arg, const uint8_t id[KT_NAMES_ID], uint64_t size), void *arg);

#endif
