/* SPDX-License-Identifier: EUPL-1.2 */
#include "outq.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire.h"

struct sim_segment {
	struct sim_segment *next;
	enum sim_framing framing;
	uint8_t id;
	int fd; /* -1: memory */
	uint64_t offset, left;
	uint8_t mem[];
};

static void drop_head(struct sim_outq *q)
{
	struct sim_segment *s = q->head;

	q->head = s->next;
	if (!q->head)
		q->tail = NULL;
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

void sim_outq_clear(struct sim_outq *q)
{
	while (q->head)
		drop_head(q);
	q->stage_pos = q->stage_len = 0;
}

int sim_outq_empty(const struct sim_outq *q)
{
	return !q->head && q->stage_pos == q->stage_len;
}

static struct sim_segment *append(struct sim_outq *q, enum sim_framing framing, uint8_t id,
				  size_t bytes)
{
	struct sim_segment *s = malloc(sizeof(*s) + bytes);

	if (!s)
		return NULL;
	*s = (struct sim_segment){.framing = framing, .id = id, .fd = -1};
	if (q->tail)
		q->tail->next = s;
	else
		q->head = s;
	q->tail = s;
	return s;
}

int sim_outq_mem(struct sim_outq *q, enum sim_framing framing, uint8_t id, const void *data,
		 size_t len)
{
	struct sim_segment *s = append(q, framing, id, len);

	if (!s)
		return -1;
	if (len)
		memcpy(s->mem, data, len);
	s->left = len;
	return 0;
}

int sim_outq_file(struct sim_outq *q, enum sim_framing framing, uint8_t id, int fd, uint64_t offset,
		  uint64_t len)
{
	struct sim_segment *s = append(q, framing, id, 0);

	if (!s) {
		close(fd);
		return -1;
	}
	s->fd = fd;
	s->offset = offset;
	s->left = len;
	return 0;
}

/* Puts the next piece of the head segment, with its packet header, into the stage. */
static void refill(struct sim_outq *q)
{
	struct sim_segment *s = q->head;
	size_t head = s->framing == SIM_FRAME_SHELL ? 5 : s->framing == SIM_FRAME_DATA ? 8 : 0;
	size_t want = s->left < SIM_CHUNK ? (size_t)s->left : SIM_CHUNK;
	ssize_t got = (ssize_t)want;

	if (s->fd < 0)
		memcpy(q->stage + head, s->mem + s->offset, want);
	else if (want)
		got = pread(s->fd, q->stage + head, want, (off_t)s->offset);
	q->stage_pos = q->stage_len = 0;
	if (got <= 0) {
		drop_head(q);
		return;
	}
	if (s->framing == SIM_FRAME_SHELL) {
		q->stage[0] = s->id;
		sim_put_le32(q->stage + 1, (uint32_t)got);
	} else if (s->framing == SIM_FRAME_DATA) {
		memcpy(q->stage, "DATA", 4);
		sim_put_le32(q->stage + 4, (uint32_t)got);
	}
	q->stage_len = head + (size_t)got;
	s->offset += (uint64_t)got;
	s->left -= (uint64_t)got;
	if (!s->left)
		drop_head(q);
}

size_t sim_outq_drain(struct sim_outq *q, uint8_t *buf, size_t cap)
{
	size_t done = 0;

	while (done < cap) {
		size_t n = q->stage_len - q->stage_pos;

		if (!n) {
			if (!q->head)
				break;
			refill(q);
			continue;
		}
		if (n > cap - done)
			n = cap - done;
		memcpy(buf + done, q->stage + q->stage_pos, n);
		q->stage_pos += n;
		done += n;
	}
	return done;
}
