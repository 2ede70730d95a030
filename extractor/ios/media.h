/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The media files of the plan, one after another in the order of their names' bytes: each folder
 * of requests.def (MEDIA rows) and what lies below, without following a link.
 */
#ifndef KT_IOS_MEDIA_H
#define KT_IOS_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "extractor/ios/afc.h"

struct kt_err;

#define KT_MEDIA_LEVELS 12u
#define KT_MEDIA_FILES	1000000u
#define KT_MEDIA_NAMES	((size_t)16 << 20) /* bytes of the names of one folder */

struct kt_media_level {
	struct kt_buf names;
	uint32_t *at; /* offsets into names, sorted; owned */
	uint32_t n, i;
	size_t path_len; /* of the folder */
};

struct kt_media {
	struct kt_afc afc;
	const bool *may; /* borrowed */
	unsigned next;	 /* request ids up to this one are done */
	uint16_t id;	 /* of the folder at hand */
	struct kt_media_level level[KT_MEDIA_LEVELS];
	unsigned depth;
	char path[KT_DEV_PATH_MAX + 1]; /* "/DCIM/..." */
	struct kt_afc_info info;	/* of the file at hand */
	bool no_info;			/* the phone told nothing about it; why says what it said */
	char why[120];
	uint64_t handle; /* 0: not open */
	uint64_t pos;
	uint64_t seen, links, bad_names, deep, closed_folders;
};

/* Is any media folder planned? */
bool kt_media_is_wanted(const bool *may);
int kt_media_open(struct kt_media *m, struct kt_ios_link *link, const bool *may,
		  struct kt_err *err);
void kt_media_close(struct kt_media *m);
/* 1: m->path, m->info, m->id; 0: no more; codes that end the connection (kt_afc_is_over()). */
int kt_media_next(struct kt_media *m, struct kt_err *err);
/* Bytes of the file at hand; *got is short only at its end. */
int kt_media_read(struct kt_media *m, uint64_t off, void *p, size_t n, size_t *got,
		  struct kt_err *err);
/* Have size or time changed since it was listed? */
int kt_media_changed(struct kt_media *m, bool *changed, struct kt_err *err);

#endif
