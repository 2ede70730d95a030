/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/android/stream.h"

#include "core/err.h"
#include "extractor/android/transport.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct stream {
	struct kt_transport base;
	int fd;
	uint8_t head[KT_ADB_HEAD]; /* a header that has not come whole yet */
	size_t have;
};

/* Waits for events on the socket. 0 ready, else the reason why not. */
static int wait_for(struct stream *s, short events, int64_t deadline, bool may_cancel,
		    struct kt_err *err)
{
	for (;;) {
		struct pollfd p = {.fd = s->fd, .events = events};
		int64_t left = deadline - kt_mono_ms();
		int n;

		if (may_cancel && kt_transport_watch(&s->base) != 0)
			return KT_FAIL(err, KT_E_CANCELLED, "cancelled");
		if (left > KT_TRANSPORT_TICK_MS)
			left = KT_TRANSPORT_TICK_MS;
		n = poll(&p, 1, left > 0 ? (int)left : 0);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return KT_FAIL(err, KT_E_DEVICE, "poll: %s", strerror(errno));
		if (n == 0 && kt_mono_ms() >= deadline)
			return KT_FAIL(err, KT_E_TIMEOUT, "no answer in time");
	}
}

static int send_all(struct stream *s, const uint8_t *p, size_t n, int64_t deadline,
		    struct kt_err *err)
{
	while (n > 0) {
		ssize_t w;
		int r = wait_for(s, POLLOUT, deadline, false, err);

		if (r < 0)
			return r;
		w = send(s->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (w < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (w < 0)
			return KT_FAIL(err, KT_E_DEVICE, "send: %s", strerror(errno));
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

static int recv_all(struct stream *s, uint8_t *p, size_t n, size_t *have, int64_t deadline,
		    bool may_cancel, struct kt_err *err)
{
	while (*have < n) {
		ssize_t k;
		int r = wait_for(s, POLLIN, deadline, may_cancel, err);

		if (r < 0)
			return r;
		k = recv(s->fd, p + *have, n - *have, MSG_DONTWAIT);
		if (k < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (k <= 0)
			return KT_FAIL(err, KT_E_DEVICE, "the phone is gone");
		*have += (size_t)k;
	}
	return 0;
}

static int stream_send(struct kt_transport *t, const uint8_t *head, const void *body, size_t n,
		       int64_t deadline, struct kt_err *err)
{
	struct stream *s = (struct stream *)t;
	int r = send_all(s, head, KT_ADB_HEAD, deadline, err);

	return r < 0 ? r : send_all(s, body, n, deadline, err);
}

static int stream_recv_head(struct kt_transport *t, uint8_t *head, int64_t deadline,
			    struct kt_err *err)
{
	struct stream *s = (struct stream *)t;
	int r = recv_all(s, s->head, KT_ADB_HEAD, &s->have, deadline, true, err);

	if (r < 0)
		return r;
	memcpy(head, s->head, KT_ADB_HEAD);
	s->have = 0;
	return 0;
}

static int stream_recv_body(struct kt_transport *t, void *p, size_t n, int64_t deadline,
			    struct kt_err *err)
{
	size_t have = 0;

	return recv_all((struct stream *)t, p, n, &have, deadline, false, err);
}

static void stream_close(struct kt_transport *t)
{
	struct stream *s = (struct stream *)t;

	close(s->fd);
	free(s);
}

static const struct kt_transport_ops stream_ops = {
	.send = stream_send,
	.recv_head = stream_recv_head,
	.recv_body = stream_recv_body,
	.close = stream_close,
};

int kt_stream_open(int fd, struct kt_transport **out, struct kt_err *err)
{
	struct stream *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL) {
		close(fd);
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a stream");
	}
	s->base.ops = &stream_ops;
	s->fd = fd;
	*out = &s->base;
	return 0;
}
