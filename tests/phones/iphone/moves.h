/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A move message, written as a binary property list by hand: libplist needs minutes for a dict of
 * a million entries. [ "DLMessageMoveItems", {from: to}, 0, progress ]
 */
#ifndef SIM_IPHONE_MOVES_H
#define SIM_IPHONE_MOVES_H

#include <stdint.h>

#include "core/buf.h"

struct sim_moves {
	struct kt_buf strings; /* objects: from, to, from, to, ... */
	struct kt_buf offsets; /* in strings, 32 bits each, little-endian */
	uint32_t n;	       /* pairs */
};

void sim_moves_init(struct sim_moves *m);
void sim_moves_free(struct sim_moves *m);
/* ASCII, at most 255 characters each. */
void sim_moves_add(struct sim_moves *m, const char *from, const char *to);
/* Writes the message into out (initialised by the caller) and empties m. 0 or -1. */
int sim_moves_encode(struct sim_moves *m, unsigned percent, struct kt_buf *out);

#endif
