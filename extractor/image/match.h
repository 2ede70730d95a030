/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Which request of the plan a path answers. An image may begin anywhere ("filesystem1/private/var/
 * mobile/...", "Dump/data/data/..."): up to six components may stand before the known part. A
 * backup names domain and path. The rules are those of core/requests.def; nothing else matches.
 */
#ifndef KT_IMAGE_MATCH_H
#define KT_IMAGE_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_err;

#define KT_IMG_PREFIX	  6u  /* components before the known part */
#define KT_IMG_PARTS	  16u /* components of a rule */
#define KT_IMG_RULES	  192u
#define KT_IMG_COMPONENTS 64u /* of a path: longer ones match nothing */

struct kt_img_part {
	const char *p; /* borrowed from requests.def or from tables of ours; '*' is a wildcard */
	uint16_t len;
};

struct kt_img_rule {
	uint16_t id;
	uint8_t n,
		container;  /* container: 1 + index of the part that is an app's folder; 0: none */
	bool tree;	    /* everything below; else exactly this file */
	bool siblings;	    /* ... and its -wal and -journal */
	bool top;	    /* no prefix */
	bool fold;	    /* ASCII case does not count */
	const char *bundle; /* identifier that the container must have */
	const char *domain; /* backups */
	struct kt_img_part part[KT_IMG_PARTS];
};

/*
 * Tells whether an app's folder (the first n bytes of path) belongs to bundle: 1 yes, 0 no, -1 not
 * known.
 */
typedef int (*kt_img_container_fn)(void *arg, const uint8_t *path, size_t n, const char *bundle);

struct kt_img_rules {
	struct kt_img_rule rule[KT_IMG_RULES];
	size_t n;
	bool all; /* every file answers ALL */
	uint16_t all_id;
	kt_img_container_fn container; /* NULL: never known */
	void *arg;
};

struct kt_img_hit {
	uint16_t id[16], n;
	bool path_only; /* at least one container was taken by its path alone */
};

/* Rules of a form (enum kt_form) for the planned requests. 0 or KT_E_INTERNAL (table too small). */
int kt_img_rules_make(struct kt_img_rules *r, unsigned form, const bool *may, struct kt_err *err);

/* A path of an image, carrier or export. False: nobody wants it. "." and empty parts don't count. */
bool kt_img_match(const struct kt_img_rules *r, const uint8_t *path, size_t n,
		  struct kt_img_hit *hit);
/* Could anything below this folder match? */
bool kt_img_may_descend(const struct kt_img_rules *r, const uint8_t *path, size_t n);
/* A row of a backup's manifest. */
bool kt_img_match_backup(const struct kt_img_rules *r, const char *domain, const uint8_t *path,
			 size_t n, struct kt_img_hit *hit);

#endif
