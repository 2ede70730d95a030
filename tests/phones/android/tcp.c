/* SPDX-License-Identifier: EUPL-1.2 */
#include "tcp.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* 1: len bytes are in the buffer, 0: timeout, -1: the other side left. */
static int fill(struct sim_tcp *t, size_t len, int timeout_ms)
{
	while (t->have < len) {
		struct pollfd pfd = {.fd = t->fd, .events = POLLIN};
		ssize_t n;
		int r = poll(&pfd, 1, timeout_ms);

		if (r == 0)
			return 0;
		if (r < 0 && errno == EINTR)
			continue;
		n = recv(t->fd, t->buf + t->have, len - t->have, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		t->have += (size_t)n;
		t->link.received += (uint64_t)n;
	}
	return 1;
}

static enum sim_link_result tcp_recv(struct sim_link *l, struct sim_msg *m, int timeout_ms)
{
	struct sim_tcp *t = (struct sim_tcp *)l;
	int r;

	if (t->cut)
		return SIM_LINK_GONE;
	r = fill(t, SIM_HEADER, timeout_ms);
	if (r <= 0)
		return r ? SIM_LINK_GONE : SIM_LINK_TIMEOUT;
	m->cmd = sim_get_le32(t->buf);
	m->arg0 = sim_get_le32(t->buf + 4);
	m->arg1 = sim_get_le32(t->buf + 8);
	m->len = sim_get_le32(t->buf + 12);
	m->check = sim_get_le32(t->buf + 16);
	m->data = t->buf + SIM_HEADER;
	if (sim_get_le32(t->buf + 20) != ~m->cmd || m->len > SIM_PAYLOAD_MAX) {
		l->error = "bad header";
		return SIM_LINK_BAD;
	}
	r = fill(t, SIM_HEADER + m->len, timeout_ms);
	if (r <= 0)
		return r ? SIM_LINK_GONE : SIM_LINK_TIMEOUT;
	t->have = 0;
	return SIM_LINK_MSG;
}

static int send_all(int fd, const uint8_t *p, size_t len)
{
	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int tcp_send(struct sim_link *l, const uint8_t *head, size_t head_len, const uint8_t *data,
		    size_t len)
{
	struct sim_tcp *t = (struct sim_tcp *)l;

	if (send_all(t->fd, head, head_len) < 0 || send_all(t->fd, data, len) < 0) {
		t->cut = true;
		return -1;
	}
	return 0;
}

static void tcp_flush(struct sim_link *l)
{
	(void)l;
}

static void tcp_unplug(struct sim_link *l)
{
	struct sim_tcp *t = (struct sim_tcp *)l;

	t->cut = true;
}

int sim_tcp_init(struct sim_tcp *t, int fd)
{
	memset(t, 0, sizeof(*t));
	t->fd = fd;
	t->buf = malloc(SIM_HEADER + SIM_PAYLOAD_MAX);
	t->link = (struct sim_link){
		.recv = tcp_recv, .send = tcp_send, .flush = tcp_flush, .unplug = tcp_unplug};
	return t->buf ? 0 : -1;
}

void sim_tcp_free(struct sim_tcp *t)
{
	close(t->fd);
	free(t->buf);
	t->buf = NULL;
}
