/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/device.h"
#include "cli/keten.h"
#include "core/cbc.h"
#include "core/hash.h"
#include "core/io.h"
#include "core/plan.h"
#include "core/request.h"
#include "core/spawn.h"
#include "core/time.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPLY_PIPE_BYTES (1 << 20)
/* so long may it take to leave an iPhone as it was found (extractor/ios/connect.c), and longer */
#define STOP_GRACE_NS	INT64_C(15000000000)
#define CANCEL_GRACE_NS INT64_C(10000000000)
#define TEXT_MAX_BYTES	4096u

static void put_plan(struct kt_dev *d, const struct kt_plan *plan)
{
	bool in[KT_REQ_COUNT] = {false};
	uint16_t n = 0;
	size_t start = kt_frame_begin(&d->out, KT_DEV_PLAN);

	for (size_t i = 0; plan != NULL && i < plan->n; i++)
		if (plan->item[i].want->request < KT_REQ_COUNT)
			in[plan->item[i].want->request] = true;
	for (unsigned i = 0; i < KT_REQ_COUNT; i++)
		n = (uint16_t)(n + in[i]);
	kt_buf_put_le16(&d->out, n);
	for (unsigned i = 0; i < KT_REQ_COUNT; i++)
		if (in[i])
			kt_buf_put_le16(&d->out, (uint16_t)i);
	kt_frame_end(&d->out, start);
}

static int start(struct kt_dev *d, int case_fd, int source_fd, const struct kt_plan *plan,
		 struct kt_err *err)
{
	static const char *const argv[] = {"keten-device", NULL};
	struct kt_spawn s;
	int in[2], out[2];
	pid_t pid;

	memset(d, 0, sizeof(*d));
	d->from = d->to = -1;
	if (pipe2(in, O_CLOEXEC) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "pipe: %s", strerror(errno));
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		close(in[1]);
		return KT_FAIL(err, KT_E_INTERNAL, "pipe: %s", strerror(errno));
	}
	kt_spawn_init(&s, "keten-device", argv);
	s.keep_env = true;    /* libusb's environment is its own business */
	s.new_session = true; /* Ctrl-C is for keten, which then ends the session in order */
	/* no stderr: what it has to say travels in frames, where it can be checked */
	s.fds[KT_DEV_FD_IN] = in[0];
	s.fds[KT_DEV_FD_OUT] = out[1];
	s.fds[KT_DEV_FD_CASE] = case_fd;
	s.fds[KT_DEV_FD_SOURCE] = source_fd;
	pid = kt_spawn_start(&s, err);
	close(in[0]);
	close(out[1]);
	if (pid < 0) {
		close(in[1]);
		close(out[0]);
		return (int)pid;
	}
	d->pid = pid;
	d->from = out[0];
	d->to = in[1];
	(void)fcntl(d->from, F_SETPIPE_SZ, REPLY_PIPE_BYTES);
	fcntl(d->from, F_SETFL, O_NONBLOCK);
	fcntl(d->to, F_SETFL, O_NONBLOCK);
	kt_frame_reader_init(&d->in, d->from, KT_FRAME_MAX);
	kt_buf_init(&d->out, (size_t)4 << 20);
	put_plan(d, plan);
	return 0;
}

int kt_dev_start(struct kt_dev *d, int case_fd, const struct kt_plan *plan, struct kt_err *err)
{
	return start(d, case_fd, -1, plan, err);
}

int kt_dev_start_source(struct kt_dev *d, int source_fd, const struct kt_plan *plan,
			struct kt_err *err)
{
	return start(d, -1, source_fd, plan, err);
}

void kt_dev_stop(struct kt_dev *d)
{
	int64_t until = kt_time_mono_ns() + STOP_GRACE_NS;
	int status;

	if (d->pid > 0) {
		kt_buf_reset(&d->out);
		kt_frame_put(&d->out, KT_DEV_BYE, "", 0);
		while (kt_time_mono_ns() < until && waitpid(d->pid, &status, WNOHANG) == 0) {
			struct pollfd p[KT_DEV_POLLFDS];

			poll(p, kt_dev_pollfds(d, p), 50);
			if (kt_dev_pump(d, NULL, NULL, NULL) < 0)
				break;
		}
		if (waitpid(d->pid, &status, WNOHANG) == 0) {
			kill(d->pid, SIGKILL);
			kt_wait(d->pid);
		}
	}
	d->pid = 0;
	kt_close_fd(&d->from);
	kt_close_fd(&d->to);
	kt_frame_reader_free(&d->in);
	kt_buf_free(&d->out);
}

size_t kt_dev_begin(struct kt_dev *d, enum kt_dev_req req, uint32_t *tag)
{
	size_t start = kt_frame_begin(&d->out, (uint8_t)req);

	*tag = ++d->tag;
	kt_buf_put_le32(&d->out, *tag);
	return start;
}

#define BLOB(rd, to) get_blob(rd, &(to).p, &(to).n)
static void get_blob(struct kt_rd *rd, const char **p, size_t *n)
{
	const uint8_t *b = kt_rd_blob(rd, TEXT_MAX_BYTES, n);

	*p = b == NULL ? "" : (const char *)b;
}

static void get_state(struct kt_rd *rd, struct kt_dev_event *ev)
{
	ev->state = kt_rd_u8(rd);
	ev->seconds = kt_rd_le32(rd);
	BLOB(rd, ev->fingerprint);
	BLOB(rd, ev->text);
}

static void get_device(struct kt_rd *rd, struct kt_dev_event *ev)
{
	ev->state = kt_rd_u8(rd);
	ev->bus = kt_rd_le16(rd);
	ev->address = kt_rd_le16(rd);
	BLOB(rd, ev->serial);
	BLOB(rd, ev->maker);
	BLOB(rd, ev->product);
	BLOB(rd, ev->text);
}

static void get_ident(struct kt_rd *rd, struct kt_dev_event *ev)
{
	ev->adb_version = kt_rd_le32(rd);
	ev->max_payload = kt_rd_le32(rd);
	BLOB(rd, ev->serial);
	BLOB(rd, ev->banner);
	BLOB(rd, ev->fingerprint);
	ev->key_new = kt_rd_u8(rd);
}

static void get_stat(struct kt_rd *rd, struct kt_dev_event *ev, bool entry)
{
	if (!entry)
		ev->which = kt_rd_u8(rd);
	ev->errno_ = kt_rd_le32(rd);
	ev->mode = kt_rd_le32(rd);
	ev->size = kt_rd_le64(rd);
	ev->mtime = (int64_t)kt_rd_le64(rd);
	if (entry)
		BLOB(rd, ev->path);
}

static void get_result(struct kt_rd *rd, struct kt_dev_event *ev)
{
	ev->code = (int32_t)kt_rd_le32(rd);
	ev->exit_status = (int32_t)kt_rd_le32(rd);
	ev->bytes = kt_rd_le64(rd);
	ev->flags = kt_rd_le32(rd);
	BLOB(rd, ev->text);
}

static void get_source(struct kt_rd *rd, struct kt_dev_event *ev)
{
	ev->layout = kt_rd_u8(rd);
	ev->size = kt_rd_le64(rd);
	BLOB(rd, ev->serial);
	BLOB(rd, ev->text);
	if (ev->layout == KT_LAYOUT_NONE || ev->layout >= KT_LAYOUT_COUNT || ev->size > INT64_MAX)
		rd->failed = true;
}

static void get_member(struct kt_rd *rd, struct kt_dev_event *ev)
{
	ev->member_flags = kt_rd_u8(rd);
	ev->nrequests = kt_rd_le16(rd);
	if (ev->nrequests == 0 || ev->nrequests > KT_DEV_MEMBER_IDS)
		rd->failed = true;
	for (unsigned i = 0; !rd->failed && i < ev->nrequests; i++)
		ev->request[i] = kt_rd_le16(rd);
	ev->mode = kt_rd_le32(rd);
	ev->size = kt_rd_le64(rd);
	ev->mtime = (int64_t)kt_rd_le64(rd);
	BLOB(rd, ev->path);
	BLOB(rd, ev->text);
	/* sizes and times go into JSON as signed numbers */
	if (ev->path.n == 0 || ev->path.n > KT_DEV_PATH_MAX)
		rd->failed = true;
	if ((ev->member_flags & KT_DEV_M_PROVISIONAL) != 0 && ev->size == UINT64_MAX)
		ev->size = 0; /* not known yet */
	else if (ev->size > INT64_MAX)
		rd->failed = true;
}

static void get_confirm(struct kt_rd *rd, struct kt_dev_event *ev)
{
	uint8_t has_key;

	ev->member = kt_rd_le32(rd);
	ev->verdict = kt_rd_u8(rd);
	has_key = kt_rd_u8(rd);
	ev->key = kt_rd_bytes(rd, KT_CBC_KEY);
	if (has_key == 0)
		ev->key = NULL;
	ev->size = kt_rd_le64(rd);
	ev->mtime = (int64_t)kt_rd_le64(rd);
	BLOB(rd, ev->path);
	BLOB(rd, ev->text);
	if (ev->verdict < KT_VERDICT_CONFIRMED || ev->verdict > KT_VERDICT_UNCONFIRMED ||
	    ev->path.n > KT_DEV_PATH_MAX ||
	    (ev->verdict == KT_VERDICT_CONFIRMED && ev->size > INT64_MAX))
		rd->failed = true;
}

static void get_summary(struct kt_rd *rd, struct kt_dev_event *ev)
{
	uint8_t has_sha;

	ev->seen = kt_rd_le64(rd);
	ev->bytes = kt_rd_le64(rd);
	ev->refused = kt_rd_le64(rd);
	ev->unreadable = kt_rd_le64(rd);
	has_sha = kt_rd_u8(rd);
	ev->sha256 = kt_rd_bytes(rd, KT_SHA256_LEN);
	if (has_sha == 0)
		ev->sha256 = NULL;
	BLOB(rd, ev->text);
}

static int decode(const struct kt_frame *f, struct kt_dev_event *ev, struct kt_err *err)
{
	struct kt_rd rd;

	memset(ev, 0, sizeof(*ev));
	kt_rd_init(&rd, f->p, f->len);
	ev->type = (enum kt_dev_reply)f->type;
	ev->tag = kt_rd_le32(&rd);
	switch (f->type) {
	case KT_DEV_HELLO:
		break;
	case KT_DEV_DEVICE:
		get_device(&rd, ev);
		break;
	case KT_DEV_STATE:
		get_state(&rd, ev);
		break;
	case KT_DEV_IDENT:
		get_ident(&rd, ev);
		break;
	case KT_DEV_RDATA:
		ev->method = kt_rd_u8(&rd);
		/* fall through */
	case KT_DEV_OUT:
	case KT_DEV_ERROUT:
		ev->n = kt_rd_left(&rd);
		ev->p = kt_rd_bytes(&rd, ev->n);
		break;
	case KT_DEV_ENTRY:
		get_stat(&rd, ev, true);
		break;
	case KT_DEV_STATR:
		get_stat(&rd, ev, false);
		break;
	case KT_DEV_SOURCER:
		get_source(&rd, ev);
		break;
	case KT_DEV_MEMBER:
		get_member(&rd, ev);
		break;
	case KT_DEV_CONFIRM:
		get_confirm(&rd, ev);
		break;
	case KT_DEV_SUMMARY:
		get_summary(&rd, ev);
		break;
	case KT_DEV_RESULT:
		get_result(&rd, ev);
		break;
	default:
		return KT_FAIL(err, KT_E_DEVICE, "keten-device sent an unknown frame");
	}
	if (rd.failed || kt_rd_left(&rd) > 0)
		return KT_FAIL(err, KT_E_DEVICE, "keten-device sent a malformed frame");
	return 0;
}

nfds_t kt_dev_pollfds(const struct kt_dev *d, struct pollfd *p)
{
	nfds_t n = 0;

	p[n++] = (struct pollfd){d->from, POLLIN, 0};
	if (d->out.len > 0)
		p[n++] = (struct pollfd){d->to, POLLOUT, 0};
	return n;
}

static int flush(struct kt_dev *d, struct kt_err *err)
{
	ssize_t n;

	if (d->out.failed)
		return KT_FAIL(err, KT_E_INTERNAL, "too many requests under way");
	while (d->out.len > 0) {
		n = write(d->to, d->out.p, d->out.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : KT_E_DEVICE;
		kt_buf_consume(&d->out, (size_t)n);
	}
	return 0;
}

int kt_dev_pump(struct kt_dev *d, kt_dev_fn fn, void *arg, struct kt_err *err)
{
	int r = flush(d, err);
	struct kt_frame f;

	if (r < 0 && r != KT_E_DEVICE)
		return r;
	r = kt_frame_fill(&d->in, err);
	if (r == KT_E_ABSENT || r == KT_E_STORAGE) {
		d->gone = d->lost = true;
		return KT_FAIL(err, KT_E_DEVICE, "keten-device has ended unexpectedly");
	}
	if (r < 0)
		return r;
	for (;;) {
		struct kt_dev_event ev;

		r = kt_frame_next(&d->in, &f, err);
		if (r < 0)
			return KT_TRACE(err, KT_E_DEVICE, "keten-device sent a malformed frame");
		if (r == 0)
			return 0;
		r = decode(&f, &ev, err);
		if (r < 0)
			return r;
		if (ev.type == KT_DEV_HELLO) {
			if (d->hello || ev.tag != KT_DEV_PROTO)
				return KT_FAIL(err, KT_E_DEVICE,
					       "keten-device is of another version");
			d->hello = true;
			continue;
		}
		if (ev.type == KT_DEV_RESULT && (ev.flags & KT_DEV_F_LOST) != 0)
			d->lost = true;
		r = fn == NULL ? 0 : fn(arg, &ev, err);
		if (ev.key != NULL)
			OPENSSL_cleanse((void *)(uintptr_t)ev.key, KT_CBC_KEY);
		if (r != 0)
			return r;
	}
}

struct call {
	uint32_t tag;
	kt_dev_fn fn;
	void *arg;
	struct kt_dev_result *res;
	bool done;
};

static int on_event(void *arg, const struct kt_dev_event *ev, struct kt_err *err)
{
	struct call *c = arg;

	if (ev->type == KT_DEV_RESULT && ev->tag == c->tag) {
		c->res->code = ev->code;
		c->res->exit_status = ev->exit_status;
		c->res->bytes = ev->bytes;
		c->res->flags = ev->flags;
		snprintf(c->res->text, sizeof(c->res->text), "%.*s", (int)ev->text.n, ev->text.p);
		c->done = true;
		return 0;
	}
	/* what belongs to another request must not get into this one's object */
	return c->fn == NULL || ev->tag != c->tag ? 0 : c->fn(c->arg, ev, err);
}

int kt_dev_call(struct kt_dev *d, uint32_t tag, kt_dev_fn fn, void *arg, void (*idle)(void *),
		struct kt_dev_result *res, struct kt_err *err)
{
	struct call c = {tag, fn, arg, NULL, false};
	bool cancelled = false;
	int64_t until = INT64_MAX;
	int r = 0, failed = 0;

	memset(res, 0, sizeof(*res));
	c.res = res;
	while (!c.done) {
		struct pollfd p[KT_DEV_POLLFDS];

		if ((kt_stop_asked || failed != 0) && !cancelled) {
			size_t start = kt_frame_begin(&d->out, KT_DEV_CANCEL);
			kt_buf_put_le32(&d->out, tag);
			kt_frame_end(&d->out, start);
			cancelled = true;
			until = kt_time_mono_ns() + CANCEL_GRACE_NS;
			c.fn = NULL;
			continue;
		}
		if (kt_time_mono_ns() > until) {
			/* it does not answer even to this: its end shows as end of the stream */
			kill(d->pid, SIGKILL);
			until = INT64_MAX;
		}
		if (poll(p, kt_dev_pollfds(d, p), 200) < 0 && errno != EINTR)
			return KT_FAIL(err, KT_E_INTERNAL, "poll: %s", strerror(errno));
		if (idle != NULL)
			idle(arg);
		r = kt_dev_pump(d, on_event, &c, err);
		if (r < 0 && d->gone && failed == 0 && kt_stop_asked)
			return KT_FAIL(err, KT_E_CANCELLED, "stopped by the operator");
		if (r < 0 && d->gone)
			return failed != 0 ? failed : r;
		if (r < 0 && failed == 0)
			failed = r;
	}
	if (failed != 0)
		return failed;
	return cancelled ? KT_FAIL(err, KT_E_CANCELLED, "stopped by the operator") : 0;
}
