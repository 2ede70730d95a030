/* SPDX-License-Identifier: EUPL-1.2 */
#include "parsers/host/host.h"
#include "core/err.h"
#include "core/io.h"
#include "core/spawn.h"
#include "core/time.h"
#include "parsers/sdk/ctx.h"
#include "parsers/worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUT_PIPE_BYTES	(1 << 20)
#define SMALL_ARTIFACT	((uint64_t)1 << 20)
#define RUNS_A_PLACE	256u
#define EXIT_NO_SANDBOX 91

const char *kt_job_verdict_name(enum kt_job_verdict v)
{
	static const char *const names[] = {
		"ok",	 "parse-error", "policy-violation", "cpu-limit",  "wall-timeout",
		"crash", "no-sandbox",	"truncated-stream", "bad-stream", "worker-lost",
	};

	return (unsigned)v < sizeof(names) / sizeof(names[0]) ? names[v] : "unknown";
}

int kt_worker_start(struct kt_worker *w, struct kt_err *err)
{
	return kt_worker_start_as(w, "keten-worker", err);
}

int kt_worker_start_as(struct kt_worker *w, const char *program, struct kt_err *err)
{
	const char *const argv[] = {program, NULL};
	struct kt_spawn s;
	int sv[2];
	pid_t pid;

	memset(w, 0, sizeof(*w));
	w->ctl = w->out = w->reply = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "socketpair: %s", strerror(errno));
	kt_spawn_init(&s, program, argv);
	s.new_session = true;
	s.fds[2] = 2;
	s.fds[KT_WORKER_CTL] = sv[1];
	pid = kt_spawn_start(&s, err);
	close(sv[1]);
	if (pid < 0) {
		close(sv[0]);
		return (int)pid;
	}
	w->pid = pid;
	w->ctl = sv[0];
	w->program = program;
	return 0;
}

static void drop_job(struct kt_worker *w)
{
	kt_close_fd(&w->out);
	kt_close_fd(&w->reply);
	kt_frame_reader_free(&w->in);
	kt_buf_free(&w->pending);
	w->busy = false;
}

/* The worker leads its own session: its child dies with the group. */
static void kill_worker(struct kt_worker *w)
{
	if (w->pid > 0) {
		kill(-w->pid, SIGKILL);
		kill(w->pid, SIGKILL);
		kt_wait(w->pid);
	}
	w->pid = 0;
	kt_close_fd(&w->ctl);
}

/*
 * With a small artifact, engine and worker only ever wait for each other: on one processor the
 * hand-over costs about half of what it costs between two. A large one is better spread. Purely a
 * matter of speed, so failures do not matter; the choice is made anew now and then.
 */
static void place(struct kt_worker *w, bool together)
{
	static cpu_set_t all; /* what this process was given at its start */
	static bool known;
	cpu_set_t one;
	int cpu;

	if (together == w->together && (!together || ++w->runs % RUNS_A_PLACE != 0))
		return;
	if (!known && sched_getaffinity(0, sizeof(all), &all) != 0)
		return;
	known = true;
	sched_setaffinity(0, sizeof(all), &all);
	cpu = sched_getcpu();
	CPU_ZERO(&one);
	if (together && cpu >= 0)
		CPU_SET((size_t)cpu, &one);
	w->together = together && cpu >= 0;
	sched_setaffinity(w->pid, sizeof(all), w->together ? &one : &all);
	if (w->together)
		sched_setaffinity(0, sizeof(one), &one);
}

void kt_worker_stop(struct kt_worker *w)
{
	bool busy = w->busy;

	place(w, false);
	drop_job(w);
	if (busy) {
		kill_worker(w);
	} else if (w->pid > 0) {
		kt_close_fd(&w->ctl); /* end of the control stream: it exits by itself */
		kt_wait(w->pid);
		w->pid = 0;
	}
	kt_close_fd(&w->ctl);
}

/*
 * Rolling back a -journal takes private pages, and the index of a -wal lies in memory: eight bytes
 * for a page of at least 512.
 */
static unsigned memory_of(const struct kt_job *job)
{
	uint64_t wal_mib = job->has_wal ? (job->wal_size >> 26) + 1 : 0;

	return job->as_mib + (job->has_journal ? KT_CTX_JOURNAL_MIB : 0) +
	       (unsigned)(wal_mib < 64 ? wal_mib : 64);
}

static int build_job(const struct kt_job *job, struct kt_buf *b)
{
	size_t idlen = strlen(job->id);

	kt_buf_put_u8(b, 'J');
	kt_buf_put_u8(b, job->remote	       ? KT_JOB_REMOTE
			 : job->ranges != NULL ? KT_JOB_RANGES
					       : KT_JOB_FILE);
	kt_buf_put_u8(b, (uint8_t)idlen);
	kt_buf_put(b, job->id, idlen);
	kt_buf_put_le32(b, memory_of(job));
	kt_buf_put_le32(b, job->cpu_s);
	kt_buf_put_le64(b, job->size);
	kt_buf_put_le64(b, job->cap);
	kt_buf_put_le64(b, job->has_wal ? job->wal_size : KT_SIBLING_NONE);
	kt_buf_put_le64(b, job->has_journal ? job->journal_size : KT_SIBLING_NONE);
	kt_buf_put_le32(b, job->nranges);
	for (uint32_t i = 0; i < job->nranges; i++) {
		kt_buf_put_le64(b, job->ranges[i].off);
		kt_buf_put_le32(b, job->ranges[i].len);
		kt_buf_put_le64(b, job->ranges[i].pos);
	}
	return b->failed ? KT_E_LIMIT : 0;
}

/* The worker does not listen: most likely it refused to run without its sandbox. */
static int no_taker(struct kt_worker *w, int e, struct kt_err *err)
{
	int status = 0;

	if (e == EPIPE || e == ECONNRESET) {
		status = kt_wait(w->pid);
		w->pid = 0;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_SANDBOX)
		return KT_FAIL(err, KT_E_INTERNAL, "no-sandbox: the sandbox can't be set up here");
	return KT_FAIL(err, KT_E_INTERNAL, "worker does not take a job: %s", strerror(e));
}

static int send_job(struct kt_worker *w, const struct kt_buf *b, const int *fds, int n,
		    struct kt_err *err)
{
	union {
		char b[CMSG_SPACE(KT_JOB_FDS * sizeof(int))];
		struct cmsghdr align;
	} ctl;
	size_t bytes = (size_t)n * sizeof(int);
	struct iovec io = {b->p, b->len};
	struct msghdr m = {.msg_iov = &io,
			   .msg_iovlen = 1,
			   .msg_control = ctl.b,
			   .msg_controllen = CMSG_SPACE(bytes)};
	struct cmsghdr *c;

	memset(&ctl, 0, sizeof(ctl));
	c = CMSG_FIRSTHDR(&m);
	if (c == NULL)
		return KT_FAIL(err, KT_E_INTERNAL, "no room for descriptors");
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(bytes);
	memcpy(CMSG_DATA(c), fds, bytes);
	if (sendmsg(w->ctl, &m, MSG_NOSIGNAL) < 0)
		return no_taker(w, errno, err);
	return 0;
}

int kt_worker_submit(struct kt_worker *w, const struct kt_job *job, struct kt_err *err)
{
	struct kt_buf b;
	int out[2] = {-1, -1}, in[2] = {-1, -1}, fds[KT_JOB_FDS], n = 2, r;
	uint64_t bytes = job->size + (job->has_wal ? job->wal_size : 0);

	if (w->busy || job->nranges > KT_JOB_RANGES_MAX ||
	    (job->nranges > 0 && job->ranges == NULL) || strlen(job->id) > 60)
		return KT_FAIL(err, KT_E_INTERNAL, "worker: impossible job");
	kt_buf_init(&b, KT_JOB_MSG_MAX);
	r = build_job(job, &b);
	if (r == 0 && (pipe2(out, O_CLOEXEC) < 0 || (job->remote && pipe2(in, O_CLOEXEC) < 0)))
		r = KT_FAIL(err, KT_E_INTERNAL, "pipe: %s", strerror(errno));
	fds[0] = out[1];
	fds[1] = job->remote ? in[0] : job->fd;
	if (job->has_wal)
		fds[n++] = job->wal_fd;
	if (job->has_journal)
		fds[n++] = job->journal_fd;
	if (r == 0)
		r = send_job(w, &b, fds, n, err);
	kt_buf_free(&b);
	kt_close_fd(&out[1]);
	kt_close_fd(&in[0]);
	if (r < 0) {
		kt_close_fd(&out[0]);
		kt_close_fd(&in[1]);
		return r;
	}
	if (!job->remote)
		(void)fcntl(out[0], F_SETPIPE_SZ, OUT_PIPE_BYTES);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	if (in[1] >= 0)
		fcntl(in[1], F_SETFL, O_NONBLOCK);
	w->out = out[0];
	w->reply = in[1];
	kt_frame_reader_init(&w->in, w->out, KT_FRAME_MAX);
	kt_buf_init(&w->pending, (size_t)4 << 20);
	kt_stream_init(&w->stream, false);
	w->stream.may_range = job->remote;
	w->stream.may_output = job->max_output > 0;
	w->stream.max_output = job->max_output;
	if (job->max_records > 0)
		w->stream.max_records = job->max_records;
	if (job->max_output == 0)
		w->stream.max_bytes = kt_ctx_out_max(bytes);
	w->deadline_ns = kt_time_mono_ns() + (int64_t)job->wall_s * INT64_C(1000000000);
	w->busy = true;
	w->saw_eof = w->asked = w->bad = false;
	memset(&w->end, 0, sizeof(w->end));
	return 0;
}

static void give_up(struct kt_worker *w, enum kt_job_verdict v, int code, const char *text)
{
	w->bad = true;
	w->end.verdict = v;
	w->end.code = code;
	snprintf(w->end.text, sizeof(w->end.text), "%s", text);
}

int kt_worker_reply(struct kt_worker *w, int code, const void *p, size_t n)
{
	size_t start = kt_frame_begin(&w->pending, 'D');

	w->asked = false;
	kt_buf_put_le32(&w->pending, (uint32_t)code);
	if (code == 0)
		kt_buf_put(&w->pending, p, n);
	kt_frame_end(&w->pending, start);
	if (!w->pending.failed)
		return 0;
	if (!w->bad)
		give_up(w, KT_JE_BAD_STREAM, KT_E_LIMIT, "worker: does not read its answers");
	return KT_E_LIMIT;
}

int kt_worker_pollfds(const struct kt_worker *w, struct pollfd *p)
{
	int n = 0;

	if (!w->busy)
		return 0;
	p[n++] = (struct pollfd){w->saw_eof ? w->ctl : w->out, POLLIN, 0};
	if (w->pending.len > 0)
		p[n++] = (struct pollfd){w->reply, POLLOUT, 0};
	return n;
}

static int take_event(struct kt_worker *w, const struct kt_event *ev, kt_event_fn fn, void *arg,
		      struct kt_err *err)
{
	if (ev->kind == KT_EV_HELLO) {
		w->end.layers = ev->layers;
		return 0;
	}
	if (ev->kind == KT_EV_END) {
		w->end.code = ev->code;
		w->end.seen = ev->n;
		w->end.emitted = ev->emitted;
		w->end.skipped = ev->skipped;
		snprintf(w->end.text, sizeof(w->end.text), "%.*s", (int)ev->text.len, ev->text.p);
		return 0;
	}
	return fn(arg, ev, err);
}

/* Reads and checks what is there; a bad stream marks the job, the rest is then ignored. */
static int drain(struct kt_worker *w, kt_event_fn fn, void *arg, struct kt_err *err)
{
	struct kt_err own = {0};
	struct kt_frame f;
	int r = kt_frame_fill(&w->in, &own);

	if (r == KT_E_ABSENT) {
		w->saw_eof = true;
		if (!w->bad && w->in.in.len > w->in.used)
			give_up(w, KT_JE_TRUNCATED, KT_E_FORMAT, "stream ends inside a frame");
		return 0;
	}
	if (r < 0) {
		give_up(w, KT_JE_BAD_STREAM, r, kt_err_text(&own));
		return 0;
	}
	while (!w->bad) {
		struct kt_event ev;

		r = kt_frame_next(&w->in, &f, &own);
		if (r == 0)
			return 0;
		if (r > 0)
			r = kt_stream_frame(&w->stream, f.type, f.p, f.len, &ev, &own);
		if (r < 0) {
			give_up(w, KT_JE_BAD_STREAM, r, kt_err_text(&own));
			return 0;
		}
		if (ev.kind == KT_EV_RANGE && w->asked) {
			give_up(w, KT_JE_BAD_STREAM, KT_E_FORMAT,
				"worker: asks again before it was answered");
			return 0;
		}
		w->asked |= ev.kind == KT_EV_RANGE;
		r = take_event(w, &ev, fn, arg, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void flush_replies(struct kt_worker *w)
{
	ssize_t n;

	if (w->pending.len == 0 || w->reply < 0)
		return;
	n = write(w->reply, w->pending.p, w->pending.len);
	if (n > 0)
		kt_buf_consume(&w->pending, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		kt_buf_reset(&w->pending); /* the worker is gone; its end says why */
}

/* From the wait status of the child to a verdict. */
static void judge(struct kt_worker *w, int status)
{
	struct kt_job_end *e = &w->end;

	if (w->bad)
		return;
	if (WIFSIGNALED(status)) {
		e->signal = WTERMSIG(status);
		e->verdict = e->signal == SIGSYS    ? KT_JE_POLICY
			     : e->signal == SIGXCPU ? KT_JE_CPU
						    : KT_JE_CRASH;
		e->code = KT_E_FORMAT;
		snprintf(e->text, sizeof(e->text), "ended by signal %d", e->signal);
		return;
	}
	/* after its hello the sandbox held: then the status is the parser's own invention */
	if (WEXITSTATUS(status) == EXIT_NO_SANDBOX && !w->stream.hello) {
		give_up(w, KT_JE_NO_SANDBOX, KT_E_REFUSED, "the sandbox can't be set up here");
	} else if (WEXITSTATUS(status) != 0 || !w->stream.ended) {
		give_up(w, KT_JE_TRUNCATED, KT_E_FORMAT, "ended without END");
	} else {
		e->verdict = e->code == 0 ? KT_JE_OK : KT_JE_PARSE_ERROR;
	}
}

static int restart(struct kt_worker *w, struct kt_err *err)
{
	struct kt_job_end end = w->end;
	const char *program = w->program;
	void *owner = w->owner;
	int r;

	place(w, false);
	kill_worker(w);
	drop_job(w);
	r = kt_worker_start_as(w, program, err);
	w->end = end;
	w->owner = owner;
	return r < 0 ? r : 1;
}

/* After the stream's end: the child's wait status from the first process. 1 done, 0 not yet. */
static int finish(struct kt_worker *w, struct kt_err *err)
{
	uint8_t msg[5];
	ssize_t n = recv(w->ctl, msg, sizeof(msg), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n != sizeof(msg) || msg[0] != 'X') {
		int status = w->pid > 0 ? kt_wait(w->pid) : -1;

		w->pid = 0;
		if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_SANDBOX)
			give_up(w, KT_JE_NO_SANDBOX, KT_E_REFUSED,
				"the sandbox can't be set up here");
		else if (!w->bad)
			give_up(w, KT_JE_LOST, KT_E_INTERNAL, "the worker itself ended");
		return restart(w, err);
	}
	judge(w, (int)kt_get_le32(msg + 1));
	drop_job(w);
	return 1;
}

int kt_worker_pump(struct kt_worker *w, kt_event_fn fn, void *arg, struct kt_err *err)
{
	int r;

	if (!w->busy)
		return 0;
	if (kt_time_mono_ns() > w->deadline_ns) {
		/* a bad stream keeps its verdict, but no more time: its child may sleep for ever */
		if (!w->bad)
			give_up(w, KT_JE_WALL, KT_E_TIMEOUT, "took longer than its time limit");
		return restart(w, err);
	}
	flush_replies(w);
	if (!w->saw_eof) {
		r = drain(w, fn, arg, err);
		if (r < 0) {
			int again;

			give_up(w, KT_JE_BAD_STREAM, r, "stopped by the engine");
			again = restart(w, err);
			return again < 0 ? again : r;
		}
		if (w->bad && !w->saw_eof)
			return restart(w, err); /* it may still be running: end it */
	}
	return w->saw_eof ? finish(w, err) : 0;
}

int kt_worker_run(struct kt_worker *w, const struct kt_job *job, kt_event_fn fn, void *arg,
		  struct kt_job_end *end, struct kt_err *err)
{
	int r;

	place(w, job->size < SMALL_ARTIFACT || job->ranges != NULL);
	r = kt_worker_submit(w, job, err);

	while (r == 0) {
		struct pollfd p[3];
		int64_t left = (w->deadline_ns - kt_time_mono_ns()) / 1000000 + 1;
		int n = kt_worker_pollfds(w, p);

		if (left < 0)
			left = 0;
		if (poll(p, (nfds_t)n, left > 1000 ? 1000 : (int)left) < 0 && errno != EINTR)
			return KT_FAIL(err, KT_E_INTERNAL, "poll: %s", strerror(errno));
		r = kt_worker_pump(w, fn, arg, err);
	}
	if (r < 0)
		return r;
	*end = w->end;
	return 0;
}
