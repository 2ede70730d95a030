/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/ios/wire.h"

#include "core/err.h"
#include "core/io.h"
#include "extractor/ios/pair.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define TICK_MS	   50
#define READ_AHEAD ((size_t)64 << 10)

int kt_wire_open(struct kt_wire *w, int fd, struct kt_img_watch watch, struct kt_err *err)
{
	int flags = fcntl(fd, F_GETFL);

	memset(w, 0, sizeof(*w));
	w->fd = fd;
	w->watch = watch;
	w->buf = malloc(KT_WIRE_BUFFER);
	if (w->buf != NULL && flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
		return 0;
	kt_wire_close(w);
	return KT_FAIL(err, KT_E_NOMEM, "no memory for a connection");
}

void kt_wire_close(struct kt_wire *w)
{
	/* all zero: it was never opened */
	if (w->buf == NULL && w->ssl == NULL && w->fd == 0)
		w->fd = -1;
	SSL_free(w->ssl);
	free(w->buf);
	kt_close_fd(&w->fd);
	memset(w, 0, sizeof(*w));
	w->fd = -1;
	ERR_clear_error();
}

/* Waits for the socket. 0: try again. */
static int wait_for(struct kt_wire *w, short events, int64_t deadline, struct kt_err *err)
{
	struct pollfd p = {.fd = w->fd, .events = events};

	for (;;) {
		int64_t left = deadline - kt_wire_now();
		int r;

		if (w->watch.check != NULL && (r = w->watch.check(w->watch.ctx)) < 0)
			return KT_FAIL(err, r, "cancelled");
		if (left <= 0)
			return KT_FAIL(err, KT_E_TIMEOUT, "the phone says nothing");
		r = poll(&p, 1, left < TICK_MS ? (int)left : TICK_MS);
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return KT_FAIL(err, KT_E_INTERNAL, "poll: %s", strerror(errno));
	}
}

static int gone(struct kt_err *err)
{
	ERR_clear_error();
	return KT_FAIL(err, KT_E_DEVICE, "the phone closed the connection");
}

/*
 * What a call that gave r (<= 0) wants: POLLIN or POLLOUT, or 0: the connection is at its end.
 */
static short wants(struct kt_wire *w, int r)
{
	int e = errno;

	if (w->ssl == NULL)
		return r < 0 && (e == EAGAIN || e == EINTR) ? POLLIN | POLLOUT : 0;
	switch (SSL_get_error(w->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		return POLLIN;
	case SSL_ERROR_WANT_WRITE:
		return POLLOUT;
	default:
		return 0;
	}
}

static int receive(struct kt_wire *w)
{
	size_t room = KT_WIRE_BUFFER - w->end;

	if (w->ssl != NULL)
		return SSL_read(w->ssl, w->buf + w->end, (int)room);
	return (int)recv(w->fd, w->buf + w->end, room, 0);
}

/* One try. 1: bytes came, 0: *events says what to wait for, or a code. */
static int try_fill(struct kt_wire *w, short *events, struct kt_err *err)
{
	int n;

	if (w->fd < 0)
		return gone(err);
	if (w->at == w->end) {
		w->at = w->end = 0;
	} else if (w->end == KT_WIRE_BUFFER) {
		memmove(w->buf, w->buf + w->at, w->end - w->at);
		w->end -= w->at;
		w->at = 0;
	}
	if (w->end == KT_WIRE_BUFFER)
		return 1;
	ERR_clear_error();
	n = receive(w);
	if (n > 0) {
		w->end += (size_t)n;
		w->received += (uint64_t)n;
		return 1;
	}
	*events = wants(w, n);
	if (w->ssl == NULL && *events != 0)
		*events = POLLIN;
	return *events != 0 ? 0 : gone(err);
}

int kt_wire_fill(struct kt_wire *w, int64_t deadline, struct kt_err *err)
{
	short events = 0;
	int r = w->watch.check != NULL ? w->watch.check(w->watch.ctx) : 0;

	if (r < 0)
		return KT_FAIL(err, r, "cancelled");
	while ((r = try_fill(w, &events, err)) == 0) {
		r = wait_for(w, events, deadline, err);
		if (r < 0)
			return r;
	}
	return r == 1 ? 0 : r;
}

int kt_wire_look(struct kt_wire *w, struct kt_err *err)
{
	short events = 0;

	return w->at < w->end ? 1 : try_fill(w, &events, err);
}

int kt_wire_read(struct kt_wire *w, void *p, size_t n, int64_t deadline, struct kt_err *err)
{
	uint8_t *out = p;

	while (n > 0) {
		size_t k = w->end - w->at;
		int r = 0;

		if (k == 0)
			r = kt_wire_fill(w, deadline, err);
		if (r < 0)
			return r;
		k = w->end - w->at < n ? w->end - w->at : n;
		memcpy(out, w->buf + w->at, k);
		w->at += k;
		out += k;
		n -= k;
	}
	return 0;
}

int kt_wire_send(struct kt_wire *w, const void *p, size_t n, int64_t deadline, struct kt_err *err)
{
	const uint8_t *in = p;

	while (n > 0) {
		size_t part = n < READ_AHEAD ? n : READ_AHEAD;
		short events;
		int k, r;

		if (w->fd < 0)
			return gone(err);
		ERR_clear_error();
		k = w->ssl != NULL ? SSL_write(w->ssl, in, (int)part)
				   : (int)send(w->fd, in, part, MSG_NOSIGNAL);
		if (k > 0) {
			in += k;
			n -= (size_t)k;
			continue;
		}
		events = wants(w, k);
		if (events == 0)
			return gone(err);
		r = wait_for(w, w->ssl != NULL ? events : POLLOUT, deadline, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* -- TLS -------------------------------------------------------------------------------------- */

/*
 * Phones of ten years speak with certificates that were signed with SHA-1 and carry no names:
 * neither protocol version nor signature is what this rests on, but the paired key.
 */
static SSL_CTX *context(const struct kt_pair *pair)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL)
		return NULL;
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF |
					 SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* records that carry no data come back to us one by one: deadline and parent are looked at */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL); /* see check_peer() */
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_read_buffer_len(ctx, READ_AHEAD);
	if (SSL_CTX_use_certificate(ctx, pair->root_cert) == 1 &&
	    SSL_CTX_use_PrivateKey(ctx, pair->root_key) == 1)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

static int check_peer(SSL *ssl, const struct kt_pair *pair, struct kt_err *err)
{
	X509 *peer = SSL_get1_peer_certificate(ssl);
	bool same = peer != NULL &&
		    EVP_PKEY_eq(X509_get0_pubkey(peer), X509_get0_pubkey(pair->device_cert)) == 1;

	X509_free(peer);
	if (same)
		return 0;
	return KT_FAIL(err, KT_E_REFUSED,
		       "impostor: the phone does not hold the key that was paired");
}

int kt_wire_tls(struct kt_wire *w, const struct kt_pair *pair, int64_t deadline, struct kt_err *err)
{
	SSL_CTX *ctx = context(pair);
	SSL *ssl = ctx != NULL ? SSL_new(ctx) : NULL;
	int r = 0;

	SSL_CTX_free(ctx);
	if (ssl == NULL || SSL_set_fd(ssl, w->fd) != 1) {
		SSL_free(ssl);
		ERR_clear_error();
		return KT_FAIL(err, KT_E_INTERNAL, "the certificates of the pairing are of no use");
	}
	/* bytes of the plain phase have no business in front of a handshake */
	w->at = w->end = 0;
	w->ssl = ssl;
	while (r == 0) {
		short events;
		int k;

		ERR_clear_error();
		k = SSL_connect(ssl);
		if (k == 1)
			return check_peer(ssl, pair, err);
		events = wants(w, k);
		ERR_clear_error();
		r = events != 0
			    ? wait_for(w, events, deadline, err)
			    : KT_FAIL(err, KT_E_DEVICE, "the phone breaks off the TLS handshake");
	}
	return r;
}
