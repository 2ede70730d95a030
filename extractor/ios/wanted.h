/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Which files of a backup stream the plan wants, decided when their names arrive: by the file's ID,
 * which is SHA-1("domain-path") and known beforehand, and by the path on the phone, which ends
 * with the path in the domain. Rows with a wildcard have no ID: their path alone decides, until
 * the backup's manifest confirms it.
 */
#ifndef KT_IOS_WANTED_H
#define KT_IOS_WANTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "extractor/image/match.h"

struct kt_err;

#define KT_WANTED_PATH 256u

struct kt_wanted_id {
	uint8_t id[20];
	uint16_t request;
	char path[KT_WANTED_PATH]; /* in its domain */
};

struct kt_wanted {
	struct kt_img_rules rules; /* of the plan, for a backup */
	struct kt_wanted_id *ids;  /* owned, sorted */
	size_t n;
	size_t patterns; /* rules with a wildcard */
};

enum kt_wanted_how {
	KT_WANTED_NO = 0,
	KT_WANTED_ID,	   /* ID and path agree */
	KT_WANTED_PATTERN, /* the path agrees with a row that has a wildcard */
	KT_WANTED_ODD,	   /* the ID is wanted, but the path is another: not taken */
};

/* KT_E_INTERNAL, KT_E_NOMEM. */
int kt_wanted_make(struct kt_wanted *w, const bool *may, struct kt_err *err);
void kt_wanted_free(struct kt_wanted *w);
/* *which: the row of an ID that fits, else NULL. */
enum kt_wanted_how kt_wanted_match(const struct kt_wanted *w, const uint8_t id[20],
				   const uint8_t *path, size_t n, struct kt_img_hit *hit,
				   const struct kt_wanted_id **which);

#endif
