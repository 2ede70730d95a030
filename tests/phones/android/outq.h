/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SIM_ANDROID_OUTQ_H
#define SIM_ANDROID_OUTQ_H

/*
 * What a service still has to say: a queue of memory blocks and file ranges, cut into the
 * packets of the shell or sync protocol as it is drained. The result is a plain byte stream;
 * its packets may lie across two messages, as on a phone.
 */

#include <stddef.h>
#include <stdint.h>

#define SIM_CHUNK 65536 /* largest piece of one packet, as adbd does it */

enum sim_framing {
	SIM_FRAME_NONE,	 /* bytes as they are */
	SIM_FRAME_SHELL, /* u8 id, u32 length */
	SIM_FRAME_DATA,	 /* sync: "DATA", u32 length */
};

struct sim_segment;

struct sim_outq {
	struct sim_segment *head, *tail;
	size_t stage_pos, stage_len;
	uint8_t stage[SIM_CHUNK + 8];
};

void sim_outq_clear(struct sim_outq *q);
int sim_outq_empty(const struct sim_outq *q);

/* Copies len bytes. id is the shell packet id. 0 or -1 (no memory). */
int sim_outq_mem(struct sim_outq *q, enum sim_framing framing, uint8_t id, const void *data,
		 size_t len);

/* len bytes of fd from offset, or up to its end if that comes first. Takes fd over. */
int sim_outq_file(struct sim_outq *q, enum sim_framing framing, uint8_t id, int fd, uint64_t offset,
		  uint64_t len);

/* Moves up to cap bytes into buf and returns their number. */
size_t sim_outq_drain(struct sim_outq *q, uint8_t *buf, size_t cap);

#endif
