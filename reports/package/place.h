/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A package's place in a folder: its number and name, held against every other process from the moment
 * they are chosen (the log names them before the package is made) until it stands there. What holds it is
 * the unfinished file <name>.tmp, made exclusively and locked; the kernel lets go of the lock however the
 * process ends. Folders are shared, also over a network: where a lock isn't seen by the other side, the
 * name at the end still never replaces one. Used by the engine and by reports/package.
 */
#ifndef KT_PACKAGE_PLACE_H
#define KT_PACKAGE_PLACE_H

#include "reports/verify/layout.h"

struct kt_err;

struct kt_place {
	int dir_fd; /* borrowed */
	int fd;	    /* owned: the unfinished file; -1: nothing is held */
	uint64_t number;
	char name[KT_PKG_NAME_MAX + 1];
	char envelope[KT_PKG_NAME_MAX + 16]; /* name of the one beside it; "": none was put */
	bool envelope_made, published;
};

/* A place that is none yet: what kt_place_leave() takes as well. */
#define KT_PLACE_NONE ((struct kt_place){.dir_fd = -1, .fd = -1})

/*
 * Takes the first free number from `from` on. Taken is one under which a package or an envelope stands,
 * or that another process holds; an envelope with exactly these bytes (NULL: there is none) is that of
 * the same case and was left by an attempt that was cut off. What such attempts left under lower numbers
 * goes. 0, KT_E_USAGE (the mandate's id makes no name), KT_E_STORAGE.
 */
int kt_place_take(int dir_fd, const char *mandate_id, enum kt_pkg_type type, uint64_t from,
		  const void *envelope, size_t envelope_len, struct kt_place *p,
		  struct kt_err *err);
/* Puts the envelope beside it, before the package: none without the key to it. 0 or a code. */
int kt_place_put_envelope(struct kt_place *p, const void *envelope, size_t n, struct kt_err *err);
/*
 * The unfinished file, on the disk, gets its name, and may be read by whom the folder is shared with. 0; KT_E_USAGE: that name exists; KT_E_STORAGE.
 */
int kt_place_publish(struct kt_place *p, struct kt_err *err);
/* Lets go; what was not published goes. After kt_place_take(), whatever came of it. */
void kt_place_leave(struct kt_place *p);

#endif
