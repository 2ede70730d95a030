/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/device/session.h"

#include "core/err.h"
#include "extractor/android/transport.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define DATA_HEAD (KT_FRAME_HEAD + 4)

static int feed_data(void *ctx, const uint8_t *p, size_t n, struct kt_err *err);
static int feed_flush(void *ctx, struct kt_err *err);

void kt_session_init(struct kt_session *s, int in, int out)
{
	memset(s, 0, sizeof(*s));
	s->in = in;
	s->out = out;
	kt_frame_reader_init(&s->rd, in, KT_SESSION_FRAME_MAX);
	kt_buf_init(&s->reply, 0);
}

void kt_session_frame_free(struct kt_session_frame *f)
{
	free(f->p);
	memset(f, 0, sizeof(*f));
}

void kt_session_free(struct kt_session *s)
{
	for (size_t i = 0; i < KT_SESSION_QUEUE; i++)
		kt_session_frame_free(&s->queue[i]);
	kt_frame_reader_free(&s->rd);
	kt_buf_free(&s->reply);
}

static struct kt_session_frame *queued(struct kt_session *s, size_t i)
{
	return &s->queue[(s->first + i) % KT_SESSION_QUEUE];
}

/* A cancel by tag reaches what is under way and what still waits; tag 0 only the former. */
static void on_cancel(struct kt_session *s, const struct kt_frame *f)
{
	uint32_t tag;

	if (f->len != 4) {
		s->bad_peer = true;
		return;
	}
	tag = kt_get_le32(f->p);
	for (size_t i = 0; i < s->n_current; i++)
		if (tag == 0 || tag == s->current[i])
			s->dropped[i] = true;
	if (s->n_current > 0 && tag == 0)
		s->cancel = true;
	for (size_t i = 0; tag != 0 && i < s->count; i++) {
		struct kt_session_frame *q = queued(s, i);

		if (q->len >= 4 && kt_get_le32(q->p) == tag)
			q->cancelled = true;
	}
}

static void enqueue(struct kt_session *s, const struct kt_frame *f)
{
	struct kt_session_frame *q = queued(s, s->count);
	uint8_t *p;

	if (s->count == KT_SESSION_QUEUE) {
		s->bad_peer = true;
		return;
	}
	p = malloc(f->len + 1);
	if (p == NULL) {
		s->bad_peer = true;
		return;
	}
	if (f->len > 0)
		memcpy(p, f->p, f->len);
	*q = (struct kt_session_frame){.type = f->type, .len = (uint32_t)f->len, .p = p};
	s->count++;
}

/* Reads what is there within ms milliseconds (-1: as long as it takes). */
static void listen_to(struct kt_session *s, int ms)
{
	struct pollfd p = {.fd = s->in, .events = POLLIN};
	struct kt_frame f;
	int n;

	if (s->eof || s->bad_peer)
		return;
	if (poll(&p, 1, ms) <= 0)
		return;
	if (kt_frame_fill(&s->rd, NULL) < 0) {
		s->eof = true;
		return;
	}
	while ((n = kt_frame_next(&s->rd, &f, NULL)) > 0) {
		if (f.type == KT_DEV_CANCEL)
			on_cancel(s, &f);
		else
			enqueue(s, &f);
	}
	if (n < 0)
		s->bad_peer = true;
}

int kt_session_next(struct kt_session *s, struct kt_session_frame *f, struct kt_err *err)
{
	memset(f, 0, sizeof(*f));
	while (s->count == 0 && !s->eof && !s->bad_peer)
		listen_to(s, -1);
	if (s->eof)
		return 0;
	if (s->count == 0)
		return KT_FAIL(err, KT_E_USAGE, "the parent's frames make no sense");
	*f = *queued(s, 0);
	memset(queued(s, 0), 0, sizeof(*f));
	s->first = (s->first + 1) % KT_SESSION_QUEUE;
	s->count--;
	return 1;
}

bool kt_session_take(struct kt_session *s, uint8_t type, struct kt_session_frame *f)
{
	size_t i = 0;

	listen_to(s, 0);
	while (i < s->count && !s->eof && queued(s, i)->type != type) {
		if (queued(s, i)->type != KT_DEV_RANGE && queued(s, i)->type != KT_DEV_STAT)
			return false;
		i++;
	}
	if (i >= s->count || s->eof)
		return false;
	*f = *queued(s, i);
	for (; i > 0; i--)
		*queued(s, i) = *queued(s, i - 1);
	memset(queued(s, 0), 0, sizeof(*f));
	s->first = (s->first + 1) % KT_SESSION_QUEUE;
	s->count--;
	return true;
}

void kt_session_begin(struct kt_session *s, uint32_t tag)
{
	if (s->n_current == KT_DEV_BATCH)
		return;
	s->current[s->n_current] = tag;
	s->dropped[s->n_current] = false;
	s->n_current++;
}

void kt_session_end(struct kt_session *s)
{
	s->n_current = 0;
	s->cancel = false;
}

/* Nobody waits for what is under way: it was stopped as a whole, or each part of it by name. */
static bool is_unwanted(const struct kt_session *s)
{
	size_t i = 0;

	if (s->cancel || s->eof)
		return true;
	while (i < s->n_current && s->dropped[i])
		i++;
	return s->n_current > 0 && i == s->n_current;
}

int kt_session_watch(void *session)
{
	struct kt_session *s = session;
	int64_t now = kt_mono_ms();

	if (now >= s->next_look) {
		s->next_look = now + KT_SESSION_LOOK_MS;
		listen_to(s, 0);
	}
	return is_unwanted(s) ? KT_E_CANCELLED : 0;
}

int kt_session_sleep(struct kt_session *s, int ms)
{
	int64_t until = kt_mono_ms() + ms;

	while (!is_unwanted(s)) {
		int64_t left = until - kt_mono_ms();

		if (left <= 0)
			return 0;
		if (s->bad_peer)
			poll(NULL, 0, (int)left);
		else
			listen_to(s, (int)left);
	}
	return KT_E_CANCELLED;
}

/* Writes all pieces; they are used up. */
static int write_pieces(struct kt_session *s, struct iovec *v, size_t n, struct kt_err *err)
{
	while (n > 0) {
		ssize_t w;

		if (v->iov_len == 0) {
			v++;
			n--;
			continue;
		}
		w = writev(s->out, v, (int)n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0) {
			s->eof = true;
			return KT_FAIL(err, KT_E_STORAGE, "the parent is gone: %s",
				       strerror(errno));
		}
		for (size_t k = (size_t)w; k > 0 && n > 0;) {
			size_t take = k < v->iov_len ? k : v->iov_len;

			v->iov_base = (uint8_t *)v->iov_base + take;
			v->iov_len -= take;
			k -= take;
			if (v->iov_len > 0)
				break;
			v++;
			n--;
		}
	}
	return 0;
}

int kt_session_flush(struct kt_session *s, struct kt_err *err)
{
	struct iovec v = {.iov_base = s->reply.p, .iov_len = s->reply.len};
	int r;

	if (s->reply.failed)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a reply");
	r = write_pieces(s, &v, 1, err);
	kt_buf_reset(&s->reply);
	return r;
}

size_t kt_session_put(struct kt_session *s, uint8_t type, uint32_t tag)
{
	size_t start = kt_frame_begin(&s->reply, type);

	kt_buf_put_le32(&s->reply, tag);
	return start;
}

int kt_session_put_end(struct kt_session *s, size_t start, struct kt_err *err)
{
	kt_frame_end(&s->reply, start);
	if (s->reply.failed || s->reply.len >= KT_SESSION_OUT_STEP)
		return kt_session_flush(s, err);
	return 0;
}

int kt_session_result(struct kt_session *s, const struct kt_session_result *r, struct kt_err *err)
{
	size_t start = kt_session_put(s, KT_DEV_RESULT, r->tag);
	const char *text = r->text != NULL ? r->text : "";

	kt_buf_put_le32(&s->reply, (uint32_t)r->code);
	kt_buf_put_le32(&s->reply, (uint32_t)r->status);
	kt_buf_put_le64(&s->reply, r->bytes);
	kt_buf_put_le32(&s->reply, r->flags);
	kt_buf_put_blob(&s->reply, text, strnlen(text, KT_SESSION_TEXT_MAX));
	return kt_session_put_end(s, start, err);
}

void kt_session_feed_init(struct kt_session_feed *f, struct kt_session *s, uint8_t type,
			  uint32_t tag)
{
	memset(f, 0, sizeof(*f));
	f->feed = (struct kt_feed){.data = feed_data, .flush = feed_flush, .ctx = f};
	f->s = s;
	f->type = type;
	f->tag = tag;
}

static int feed_data(void *ctx, const uint8_t *p, size_t n, struct kt_err *err)
{
	struct kt_session_feed *f = ctx;

	if (f->n == KT_SESSION_PIECES || f->bytes + n > KT_DEV_CHUNK) {
		int r = feed_flush(f, err);

		if (r < 0)
			return r;
	}
	f->n++;
	f->piece[f->n].iov_base = (void *)(uintptr_t)p;
	f->piece[f->n].iov_len = n;
	f->bytes += n;
	return 0;
}

static int feed_flush(void *ctx, struct kt_err *err)
{
	struct kt_session_feed *f = ctx;
	uint8_t head[DATA_HEAD];
	int r;

	if (f->n == 0)
		return 0;
	r = kt_session_flush(f->s, err);
	if (r < 0)
		return r;
	kt_put_le32(head, (uint32_t)(f->bytes + 4));
	head[4] = f->type;
	kt_put_le32(head + KT_FRAME_HEAD, f->tag);
	f->piece[0].iov_base = head;
	f->piece[0].iov_len = sizeof(head);
	r = write_pieces(f->s, f->piece, f->n + 1, err);
	f->n = 0;
	f->bytes = 0;
	return r;
}

int kt_session_malformed(struct kt_err *err)
{
	return KT_FAIL(err, KT_E_USAGE, "malformed request");
}
