/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/android/shell.h"

#include "core/buf.h"
#include "core/err.h"
#include "extractor/android/adb.h"
#include "extractor/android/feed.h"

#define PACKET_HEAD  5
#define STDIN_PACKET ((size_t)16 << 10)

enum packet_id {
	ID_STDIN = 0,
	ID_STDOUT = 1,
	ID_STDERR = 2,
	ID_EXIT = 3,
	ID_CLOSE_STDIN = 4,
};

struct run {
	struct kt_adb *a;
	struct kt_adb_stream *s;
	struct kt_shell *sh;
	struct kt_buf in; /* stdin as packets */
	size_t in_off;
	uint8_t head[PACKET_HEAD]; /* of the packet being read; may come in pieces */
	size_t have;
	uint32_t left; /* bytes of its body still to come */
};

static int pack_stdin(struct run *r, struct kt_err *err)
{
	size_t off = 0;

	while (off < r->sh->in_len) {
		size_t n = r->sh->in_len - off;

		if (n > STDIN_PACKET)
			n = STDIN_PACKET;
		kt_buf_put_u8(&r->in, ID_STDIN);
		kt_buf_put_blob(&r->in, r->sh->in + off, n);
		off += n;
	}
	kt_buf_put_u8(&r->in, ID_CLOSE_STDIN);
	if (kt_buf_put_le32(&r->in, 0) < 0)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the command's input");
	return 0;
}

/* Sends the next piece of stdin when nothing is in flight. */
static int push_stdin(struct run *r, struct kt_err *err)
{
	size_t n = r->in.len - r->in_off;
	int k;

	if (n == 0 || r->s->in_flight || r->s->state != KT_ADB_OPENED)
		return 0;
	if (n > r->a->max_payload)
		n = r->a->max_payload;
	k = kt_adb_write(r->a, r->s, r->in.p + r->in_off, n, err);
	r->in_off += n;
	return k;
}

static int take_stdout(struct run *r, const uint8_t *p, size_t n, struct kt_err *err)
{
	struct kt_shell *sh = r->sh;
	uint64_t room = sh->max_out - sh->out_bytes;
	int k;

	if (n > room) {
		sh->truncated = true;
		n = (size_t)room;
	}
	k = n > 0 ? sh->out->data(sh->out->ctx, p, n, err) : 0;
	sh->out_bytes += n;
	return k;
}

static int take_stderr(struct run *r, const uint8_t *p, size_t n, struct kt_err *err)
{
	struct kt_shell *sh = r->sh;
	uint64_t room = KT_SHELL_STDERR_MAX - sh->err_bytes;

	if (n > room) {
		sh->truncated = true;
		n = (size_t)room;
	}
	sh->err_bytes += n;
	if (sh->errout == NULL || n == 0)
		return 0;
	return sh->errout->data(sh->errout->ctx, p, n, err);
}

/* A piece of the body of the current packet. */
static int take_body(struct run *r, const uint8_t *p, size_t n, struct kt_err *err)
{
	switch (r->head[0]) {
	case ID_STDOUT:
		return take_stdout(r, p, n, err);
	case ID_STDERR:
		return take_stderr(r, p, n, err);
	case ID_EXIT:
		r->sh->exited = true;
		r->sh->status = p[0];
		return 0;
	default:
		return KT_FAIL(err, KT_E_FORMAT, "shell packet of unknown kind %u", r->head[0]);
	}
}

/* Takes one payload apart; packets may begin and end anywhere in it. */
static int take_payload(struct run *r, struct kt_err *err)
{
	const uint8_t *p = r->s->data;
	size_t n = r->s->len;

	while (n > 0 && !r->sh->exited) {
		size_t k;
		int e;

		if (r->have < PACKET_HEAD) {
			r->head[r->have++] = *p++;
			n--;
			if (r->have < PACKET_HEAD)
				continue;
			r->left = kt_get_le32(r->head + 1);
			if (r->head[0] == ID_EXIT && r->left != 1)
				return KT_FAIL(err, KT_E_FORMAT, "malformed exit packet");
		}
		k = r->left < n ? r->left : n;
		if (k > 0) {
			e = take_body(r, p, k, err);
			if (e < 0)
				return e;
		}
		p += k;
		n -= k;
		r->left -= (uint32_t)k;
		if (r->left == 0)
			r->have = 0;
	}
	return 0;
}

static int flush(struct run *r, struct kt_err *err)
{
	int k = r->sh->out->flush(r->sh->out->ctx, err);

	if (k == 0 && r->sh->errout != NULL)
		k = r->sh->errout->flush(r->sh->errout->ctx, err);
	return k;
}

static int on_data(struct run *r, struct kt_err *err)
{
	int k = take_payload(r, err);
	int f = flush(r, k < 0 ? NULL : err);

	if (k < 0 || f < 0)
		return k < 0 ? k : f;
	return kt_adb_ack(r->a, r->s, err);
}

static int run_loop(struct run *r, struct kt_err *err)
{
	for (;;) {
		enum kt_adb_event ev = KT_ADB_EV_CLOSED;
		int k = push_stdin(r, err);

		if (k == 0)
			k = kt_adb_wait(r->a, r->s, r->sh->deadline, &ev, err);
		if (k == 0 && ev == KT_ADB_EV_DATA)
			k = on_data(r, err);
		if (k < 0)
			return k;
		if (r->sh->out_bytes >= r->sh->max_out && r->sh->truncated)
			return KT_FAIL(err, KT_E_PARTIAL, "the answer is longer than allowed");
		if (r->sh->exited)
			break;
		if (ev == KT_ADB_EV_CLOSED)
			return KT_FAIL(err, KT_E_PARTIAL,
				       "the answer ended without an exit status");
	}
	if (r->sh->truncated)
		return KT_FAIL(err, KT_E_PARTIAL, "error output is longer than allowed");
	return 0;
}

int kt_shell_run(struct kt_adb *a, struct kt_adb_stream **s, struct kt_shell *sh,
		 struct kt_err *err)
{
	struct run r = {.a = a, .s = *s, .sh = sh};
	int k;

	sh->exited = sh->truncated = false;
	sh->status = -1;
	sh->out_bytes = sh->err_bytes = 0;
	kt_buf_init(&r.in, 0);
	k = pack_stdin(&r, err);
	if (k == 0)
		k = run_loop(&r, err);
	kt_buf_free(&r.in);
	kt_adb_stream_close(a, s);
	return k;
}
