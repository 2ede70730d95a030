/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Frames between our own processes: u32 little-endian payload length, u8 type, payload. Used by
 * keten <-> keten-device and keten <-> keten-worker; both directions, pipes or socket pairs.
 * A reader treats its peer as hostile: the length is capped before anything is allocated.
 */
#ifndef KT_CORE_FRAME_H
#define KT_CORE_FRAME_H

#include <stdint.h>

#include "core/buf.h"

struct kt_err;

#define KT_FRAME_HEAD 5
#define KT_FRAME_MAX  ((size_t)2 << 20) /* payload bytes; a data frame carries at most 1 MiB */

struct kt_frame {
	uint8_t type;
	const uint8_t *p; /* borrowed: valid until the next call on the reader */
	size_t len;
};

/* Non-blocking or blocking reader over a descriptor that it does not own. */
struct kt_frame_reader {
	int fd;
	size_t max; /* payload limit */
	struct kt_buf in;
	size_t used; /* bytes of in already handed out */
	uint64_t frames, bytes;
	bool eof;
};

void kt_frame_reader_init(struct kt_frame_reader *r, int fd, size_t max);
void kt_frame_reader_free(struct kt_frame_reader *r);

/*
 * Reads once from the descriptor into the buffer. 1: got bytes, 0: would block, KT_E_ABSENT: end
 * of stream, KT_E_STORAGE: read error, KT_E_NOMEM.
 */
int kt_frame_fill(struct kt_frame_reader *r, struct kt_err *err);

/*
 * Takes the next complete frame out of the buffer. 1: *f filled, 0: none complete yet,
 * KT_E_LIMIT: the peer announced more than max.
 */
int kt_frame_next(struct kt_frame_reader *r, struct kt_frame *f, struct kt_err *err);

/*
 * Blocking convenience: fill until a frame is complete. 0, KT_E_ABSENT at a clean end,
 * KT_E_FORMAT at an end inside a frame, or what fill and next return.
 */
int kt_frame_get(struct kt_frame_reader *r, struct kt_frame *f, struct kt_err *err);

/* Appends one frame to b. */
int kt_frame_put(struct kt_buf *b, uint8_t type, const void *p, size_t n);

/* Opens a frame of yet unknown length in b; returns its start, to be given to kt_frame_end(). */
size_t kt_frame_begin(struct kt_buf *b, uint8_t type);
void kt_frame_end(struct kt_buf *b, size_t start);

/* Writes a whole frame to a blocking descriptor. 0 or KT_E_STORAGE (EPIPE included). */
int kt_frame_write(int fd, uint8_t type, const void *p, size_t n, struct kt_err *err);

#endif
