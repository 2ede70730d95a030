/* SPDX-License-Identifier: EUPL-1.2 */
#include "pipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A block of the host or a transfer of the phone. */
struct sim_transfer {
	struct sim_transfer *next;
	size_t pos, len;
	uint8_t data[];
};

static struct sim_transfer *transfer_new(const uint8_t *data, size_t len)
{
	struct sim_transfer *t = malloc(sizeof(*t) + len);

	if (!t)
		return NULL;
	*t = (struct sim_transfer){.len = len};
	memcpy(t->data, data, len);
	return t;
}

static void push(struct sim_transfer **head, struct sim_transfer **tail, struct sim_transfer *t)
{
	if (*tail)
		(*tail)->next = t;
	else
		*head = t;
	*tail = t;
}

static struct sim_transfer *pop(struct sim_transfer **head, struct sim_transfer **tail)
{
	struct sim_transfer *t = *head;

	if (t) {
		*head = t->next;
		if (!*head)
			*tail = NULL;
	}
	return t;
}

static void drop_all(struct sim_transfer **head, struct sim_transfer **tail)
{
	struct sim_transfer *t;

	while ((t = pop(head, tail)) != NULL)
		free(t);
}

static void after_usec(struct timespec *ts, uint64_t usec)
{
	clock_gettime(CLOCK_MONOTONIC, ts);
	ts->tv_sec += (time_t)(usec / 1000000);
	ts->tv_nsec += (long)(usec % 1000000) * 1000;
	if (ts->tv_nsec >= 1000000000) {
		ts->tv_nsec -= 1000000000;
		ts->tv_sec++;
	}
}

/* The next block of the host, or NULL with the reason. *deadline NULL: waits for ever. */
static struct sim_transfer *next_block(struct sim_pipe *p, const struct timespec *deadline,
				       enum sim_link_result *why)
{
	struct sim_transfer *t = NULL;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		*why = SIM_LINK_STOP;
		if (p->stop)
			break;
		*why = SIM_LINK_GONE;
		if (!p->plugged || !p->claimed || p->claims != p->claims_seen)
			break;
		t = pop(&p->out_head, &p->out_tail);
		if (t)
			break;
		*why = SIM_LINK_TIMEOUT;
		if (!deadline)
			pthread_cond_wait(&p->phone_wakes, &p->lock);
		else if (pthread_cond_timedwait(&p->phone_wakes, &p->lock, deadline) == ETIMEDOUT)
			break;
	}
	pthread_mutex_unlock(&p->lock);
	return t;
}

static enum sim_link_result add_block(struct sim_pipe *p, const struct sim_transfer *t,
				      struct sim_msg *m)
{
	p->link.received += t->len;
	if (p->msg_len < SIM_HEADER && t->len != SIM_HEADER) {
		p->link.error = "USB transfer of unexpected length where a header should be";
		return SIM_LINK_BAD;
	}
	if (p->msg_len < SIM_HEADER) {
		m->len = sim_get_le32(t->data + 12);
		if (sim_get_le32(t->data + 20) != ~sim_get_le32(t->data) ||
		    m->len > SIM_PAYLOAD_MAX) {
			p->link.error = "bad header";
			return SIM_LINK_BAD;
		}
	} else if (t->len > SIM_HEADER + sim_get_le32(p->msg + 12) - p->msg_len) {
		p->link.error = "too many bytes while waiting for payload";
		return SIM_LINK_BAD;
	}
	memcpy(p->msg + p->msg_len, t->data, t->len);
	p->msg_len += t->len;
	m->cmd = sim_get_le32(p->msg);
	m->arg0 = sim_get_le32(p->msg + 4);
	m->arg1 = sim_get_le32(p->msg + 8);
	m->len = sim_get_le32(p->msg + 12);
	m->check = sim_get_le32(p->msg + 16);
	m->data = p->msg + SIM_HEADER;
	if (p->msg_len < SIM_HEADER + m->len)
		return SIM_LINK_TIMEOUT;
	p->msg_len = 0;
	return SIM_LINK_MSG;
}

static enum sim_link_result pipe_recv(struct sim_link *l, struct sim_msg *m, int timeout_ms)
{
	struct sim_pipe *p = (struct sim_pipe *)l;
	enum sim_link_result r;
	struct timespec deadline;

	if (timeout_ms >= 0)
		after_usec(&deadline, (uint64_t)timeout_ms * 1000);
	do {
		struct sim_transfer *t = next_block(p, timeout_ms >= 0 ? &deadline : NULL, &r);

		if (!t)
			return r;
		/* An empty block is a zero-length packet that was not needed. */
		r = t->len ? add_block(p, t, m) : SIM_LINK_TIMEOUT;
		free(t);
	} while (r == SIM_LINK_TIMEOUT);
	return r;
}

static int pipe_send(struct sim_link *l, const uint8_t *head, size_t head_len, const uint8_t *data,
		     size_t len)
{
	struct sim_pipe *p = (struct sim_pipe *)l;
	struct sim_transfer *a = transfer_new(head, head_len);
	struct sim_transfer *b = len ? transfer_new(data, len) : NULL;

	if (!a || (len && !b)) {
		free(a);
		free(b);
		return -1;
	}
	pthread_mutex_lock(&p->lock);
	push(&p->in_head, &p->in_tail, a);
	if (b)
		push(&p->in_head, &p->in_tail, b);
	pthread_cond_broadcast(&p->host_wakes);
	pthread_mutex_unlock(&p->lock);
	return 0;
}

static void pipe_flush(struct sim_link *l)
{
	struct sim_pipe *p = (struct sim_pipe *)l;

	pthread_mutex_lock(&p->lock);
	drop_all(&p->in_head, &p->in_tail);
	pthread_mutex_unlock(&p->lock);
}

/* Waits a moment for the host to fetch what was sent, then the cable goes. */
static void pipe_unplug(struct sim_link *l)
{
	struct sim_pipe *p = (struct sim_pipe *)l;
	struct timespec deadline;

	after_usec(&deadline, 200000);
	pthread_mutex_lock(&p->lock);
	while (p->in_head && p->plugged && p->claimed && !p->stop)
		if (pthread_cond_timedwait(&p->phone_wakes, &p->lock, &deadline) == ETIMEDOUT)
			break;
	p->plugged = false;
	pthread_cond_broadcast(&p->host_wakes);
	pthread_mutex_unlock(&p->lock);
	p->on_unplug(p->user);
}

int sim_pipe_init(struct sim_pipe *p, size_t packet)
{
	pthread_condattr_t attr;

	memset(p, 0, sizeof(*p));
	p->packet = packet;
	p->msg = malloc(SIM_HEADER + SIM_PAYLOAD_MAX + SIM_USB_BLOCK);
	if (!p->msg)
		return -1;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->phone_wakes, &attr);
	pthread_cond_init(&p->host_wakes, &attr);
	pthread_condattr_destroy(&attr);
	p->link = (struct sim_link){
		.recv = pipe_recv, .send = pipe_send, .flush = pipe_flush, .unplug = pipe_unplug};
	return 0;
}

void sim_pipe_free(struct sim_pipe *p)
{
	drop_all(&p->in_head, &p->in_tail);
	drop_all(&p->out_head, &p->out_tail);
	free(p->msg);
	p->msg = NULL;
}

void sim_pipe_plug(struct sim_pipe *p, bool plugged)
{
	pthread_mutex_lock(&p->lock);
	p->plugged = plugged;
	p->claimed = false;
	if (plugged)
		p->generation++;
	p->block_len = 0;
	if (plugged) {
		drop_all(&p->in_head, &p->in_tail);
		drop_all(&p->out_head, &p->out_tail);
	}
	pthread_cond_broadcast(&p->phone_wakes);
	pthread_cond_broadcast(&p->host_wakes);
	pthread_mutex_unlock(&p->lock);
}

void sim_pipe_claim(struct sim_pipe *p, bool claimed)
{
	pthread_mutex_lock(&p->lock);
	p->claimed = claimed;
	if (claimed) {
		p->claims++;
		p->block_len = 0;
		drop_all(&p->out_head, &p->out_tail);
	}
	pthread_cond_broadcast(&p->phone_wakes);
	pthread_mutex_unlock(&p->lock);
}

void sim_pipe_stop(struct sim_pipe *p)
{
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->phone_wakes);
	pthread_cond_broadcast(&p->host_wakes);
	pthread_mutex_unlock(&p->lock);
}

bool sim_pipe_alive(struct sim_pipe *p, unsigned int generation)
{
	bool alive;

	pthread_mutex_lock(&p->lock);
	alive = p->plugged && p->generation == generation;
	pthread_mutex_unlock(&p->lock);
	return alive;
}

bool sim_pipe_wait_claim(struct sim_pipe *p)
{
	bool go;

	pthread_mutex_lock(&p->lock);
	while (!p->stop && !(p->plugged && p->claimed))
		pthread_cond_wait(&p->phone_wakes, &p->lock);
	p->claims_seen = p->claims;
	p->msg_len = 0;
	go = !p->stop;
	pthread_mutex_unlock(&p->lock);
	return go;
}

/* Completes the phone's current 16 KiB read. Lock held. */
static void complete_block(struct sim_pipe *p)
{
	struct sim_transfer *t = transfer_new(p->block, p->block_len);

	if (t)
		push(&p->out_head, &p->out_tail, t);
	p->block_len = 0;
}

void sim_pipe_host_out(struct sim_pipe *p, const uint8_t *data, size_t len, bool zlp)
{
	bool is_short = len % p->packet != 0 || !len || zlp;

	pthread_mutex_lock(&p->lock);
	while (len) {
		size_t n = SIM_USB_BLOCK - p->block_len;

		if (n > len)
			n = len;
		memcpy(p->block + p->block_len, data, n);
		p->block_len += n;
		data += n;
		len -= n;
		if (p->block_len == SIM_USB_BLOCK)
			complete_block(p);
	}
	if (is_short)
		complete_block(p);
	pthread_cond_broadcast(&p->phone_wakes);
	pthread_mutex_unlock(&p->lock);
}

size_t sim_pipe_host_in(struct sim_pipe *p, size_t room, bool *end, sim_pipe_sink *sink, void *user)
{
	struct sim_transfer *t;
	size_t n, done = 0;

	*end = false;
	pthread_mutex_lock(&p->lock);
	t = p->in_head;
	n = t ? t->len - t->pos : 0;
	if (n > room) {
		/* Whole packets only; one that does not fit is lost, and the transfer fails. */
		n = room - room % p->packet;
		if (!n) {
			n = t->len - t->pos;
			t->pos += p->packet < n ? p->packet : n;
			n = 0;
			done = SIM_PIPE_BABBLE;
		}
	} else if (n % p->packet) {
		*end = true;
	}
	if (n) {
		*end = *end || n == room;
		sink(user, t->data + t->pos, n);
		t->pos += n;
		done = n;
	}
	if (t && t->pos == t->len)
		free(pop(&p->in_head, &p->in_tail));
	if (!p->in_head)
		pthread_cond_broadcast(&p->phone_wakes);
	pthread_mutex_unlock(&p->lock);
	return done;
}

void sim_pipe_host_wait(struct sim_pipe *p, unsigned int usec)
{
	struct timespec deadline;

	after_usec(&deadline, usec);
	pthread_mutex_lock(&p->lock);
	while (!p->in_head && p->plugged && !p->stop)
		if (pthread_cond_timedwait(&p->host_wakes, &p->lock, &deadline) == ETIMEDOUT)
			break;
	pthread_mutex_unlock(&p->lock);
}
