/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten-sign open: the identity of a case stays in here while its objects are opened. They come and
 * go as descriptors; nothing is written but into the one that is handed over.
 */
#include "reports/sign/sign.h"
#include "core/buf.h"
#include "core/cms.h"
#include "core/err.h"
#include "core/io.h"
#include "core/openproto.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 20)

struct target {
	int fd;
	uint64_t bytes;
	struct kt_hash hash;
};

static int put(void *arg, const void *p, size_t n, struct kt_err *err)
{
	struct target *t = arg;
	int r = kt_hash_update(&t->hash, p, n);

	t->bytes += n;
	return r < 0 ? r : kt_write_full(t->fd, p, n, err);
}

static int open_object(const uint8_t secret[KT_AGE_KEY], int in, int out,
		       const struct kt_open_request *q, struct kt_open_reply *reply,
		       struct kt_err *err)
{
	static uint8_t buf[PIECE];
	struct target t = {.fd = out};
	struct kt_age_dec d = {NULL};
	uint64_t at = 0;
	size_t got;
	int r = kt_hash_init(&t.hash, KT_SHA256, err);

	if (r == 0)
		r = kt_age_dec_begin(&d, secret, put, &t, err);
	while (r == 0 && at < q->len) {
		size_t n = q->len - at < PIECE ? (size_t)(q->len - at) : PIECE;

		r = kt_pread_full(in, buf, n, q->off + at, &got, err);
		if (r == 0 && got != n)
			r = KT_FAIL(err, KT_E_STORAGE, "the package shrank while it was read");
		if (r == 0)
			r = kt_age_dec_write(&d, buf, n, err);
		at += n;
	}
	if (r == 0)
		r = kt_age_dec_end(&d, err);
	if (r == 0)
		r = kt_hash_final(&t.hash, reply->sha256);
	reply->bytes = t.bytes;
	kt_age_dec_free(&d);
	kt_hash_free(&t.hash);
	return r;
}

static int answer(int sock, struct kt_open_reply *reply, int code, const struct kt_err *err)
{
	reply->code = code;
	if (code < 0)
		snprintf(reply->text, sizeof(reply->text), "%s", kt_err_text(err));
	return send(sock, reply, sizeof(*reply), MSG_NOSIGNAL) == (ssize_t)sizeof(*reply)
		       ? 0
		       : KT_E_STORAGE;
}

/* One request with its two descriptors. 1; 0 at the end; a code. */
static int receive(int sock, struct kt_open_request *q, int fds[2], struct kt_err *err)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} ctl;
	struct iovec iov = {q, sizeof(*q)};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = ctl.room,
			   .msg_controllen = sizeof(ctl.room)};
	struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	c = n == (ssize_t)sizeof(*q) ? CMSG_FIRSTHDR(&m) : NULL;
	if (c == NULL || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(2 * sizeof(int)))
		return KT_FAIL(err, KT_E_USAGE, "a request is malformed");
	memcpy(fds, CMSG_DATA(c), 2 * sizeof(int));
	return 1;
}

static int serve(int sock, const uint8_t secret[KT_AGE_KEY], struct kt_err *err)
{
	int r;

	for (;;) {
		struct kt_open_request q = {0, 0};
		struct kt_open_reply reply = {0};
		struct kt_err own = {0};
		int fds[2] = {-1, -1};

		r = receive(sock, &q, fds, err);
		if (r <= 0)
			return r;
		r = open_object(secret, fds[0], fds[1], &q, &reply, &own);
		close(fds[0]);
		close(fds[1]);
		if (answer(sock, &reply, r, &own) < 0)
			return 0; /* nobody wants it any more */
	}
}

/* The identity is the first line of what the envelope holds. */
static int read_identity(const struct kt_buf *plain, uint8_t secret[KT_AGE_KEY], struct kt_err *err)
{
	const char *p = (const char *)plain->p;
	const char *nl = plain->len > 0 ? memchr(p, '\n', plain->len) : NULL;

	if (nl == NULL || kt_age_identity_parse(p, (size_t)(nl - p), secret, NULL) < 0)
		return KT_FAIL(err, KT_E_INVALID, "the envelope holds no key of a case");
	return 0;
}

int kt_sign_open(const struct kt_sign_key *key, int sock, struct kt_err *err)
{
	static uint8_t envelope[KT_OPEN_ENVELOPE_MAX];
	uint8_t secret[KT_AGE_KEY] = {0};
	struct kt_open_reply reply = {0};
	struct kt_buf plain;
	struct kt_err own = {0};
	ssize_t n;
	int r = kt_crypto_init(err);

	if (r < 0)
		return r;
	do
		n = recv(sock, envelope, sizeof(envelope), 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return KT_FAIL(err, KT_E_USAGE, "open is started by keten release");
	kt_buf_init(&plain, 0);
	r = kt_sign_decrypt(key, envelope, (size_t)n, &plain, &own);
	if (r == 0)
		r = read_identity(&plain, secret, &own);
	if (r == 0)
		r = kt_age_public(secret, reply.recipient, &own);
	if (plain.p != NULL)
		OPENSSL_cleanse(plain.p, plain.cap);
	kt_buf_free(&plain);
	if (answer(sock, &reply, r, &own) < 0)
		r = r < 0 ? r : KT_E_STORAGE;
	if (r == 0)
		r = serve(sock, secret, err);
	else
		*err = own;
	OPENSSL_cleanse(secret, sizeof(secret));
	return r;
}
