/* SPDX-License-Identifier: EUPL-1.2 */
#include "parsers/worker/worker.h"
#include "core/frame.h"
#include "core/hash.h"
#include "core/io.h"
#include "core/spawn.h"
#include "core/sqlvfs.h"
#include "parsers/worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NO_SANDBOX 91
#define EXIT_NO_OUTPUT	92
#define EXIT_BAD_JOB	93

struct range {
	uint64_t off, pos;
	uint32_t len;
};

struct job {
	uint8_t mode;
	char id[64];
	uint32_t as_mib, cpu_s, nranges;
	uint64_t size, cap;
	uint64_t sibling[KT_SIBLINGS]; /* sizes; KT_SIBLING_NONE: not there */
	uint64_t used;		       /* bytes read so far, counted against cap (RANGES, REMOTE) */
	struct range *ranges;
};

/* -- reading, in the child -------------------------------------------------------------------- */

static int read_file(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err)
{
	(void)arg;
	return kt_pread_full(KT_WFD_ARTIFACT, p, n, off, got, err);
}

/* The file was hashed whole: what lies behind the size that it had then is not read. */
static int read_sibling(void *arg, enum kt_sibling which, uint64_t off, void *p, size_t n,
			size_t *got, struct kt_err *err)
{
	const struct job *j = arg;

	*got = 0;
	if (j->sibling[which] == KT_SIBLING_NONE || off >= j->sibling[which])
		return 0;
	if (n > j->sibling[which] - off)
		n = (size_t)(j->sibling[which] - off);
	return kt_pread_full(which == KT_SIBLING_WAL ? KT_WFD_WAL : KT_WFD_JOURNAL, p, n, off, got,
			     err);
}

static int take_cap(struct job *j, size_t n, struct kt_err *err)
{
	if (n > j->cap - j->used)
		return KT_FAIL(err, KT_E_LIMIT, "byte cap of %llu is used up",
			       (unsigned long long)j->cap);
	j->used += n;
	return 0;
}

/* The same reads as while acquiring find the same bytes; anything else was not acquired. */
static int read_stored(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct job *j = arg;
	int r = take_cap(j, n, err);

	*got = 0;
	if (r < 0)
		return r;
	while (*got < n) {
		const struct range *hit = NULL;
		size_t k, done;

		for (uint32_t i = 0; i < j->nranges && hit == NULL; i++)
			if (off >= j->ranges[i].off && off - j->ranges[i].off < j->ranges[i].len)
				hit = &j->ranges[i];
		if (hit == NULL)
			return KT_FAIL(err, KT_E_ABSENT, "byte %llu was not acquired",
				       (unsigned long long)off);
		k = hit->len - (size_t)(off - hit->off);
		if (k > n - *got)
			k = n - *got;
		r = kt_pread_full(KT_WFD_ARTIFACT, (uint8_t *)p + *got, k,
				  hit->pos + (off - hit->off), &done, err);
		if (r < 0)
			return r;
		if (done < k)
			return KT_FAIL(err, KT_E_ABSENT, "stored object is short");
		*got += k;
		off += k;
	}
	return 0;
}

static struct kt_frame_reader reply;

static int read_remote(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct job *j = arg;
	uint8_t ask[KT_FRAME_HEAD + 12];
	struct kt_frame f;
	int r = take_cap(j, n, err);

	if (r < 0)
		return r;
	kt_put_le32(ask, 12);
	ask[4] = KT_WF_RANGE;
	kt_put_le64(ask + 5, off);
	kt_put_le32(ask + 13, (uint32_t)n);
	r = kt_write_full(KT_WFD_OUT, ask, sizeof(ask), err);
	if (r < 0)
		return r;
	r = kt_frame_get(&reply, &f, err);
	if (r < 0)
		return r == KT_E_ABSENT ? KT_FAIL(err, KT_E_DEVICE, "the phone is gone") : r;
	/* 'D' i32 code, bytes */
	if (f.type != 'D' || f.len < 4 || f.len - 4 > n)
		return KT_FAIL(err, KT_E_INTERNAL, "malformed range reply");
	r = (int)(int32_t)kt_get_le32(f.p);
	if (r < 0)
		return KT_FAIL(err, r, "range could not be read");
	memcpy(p, f.p + 4, f.len - 4);
	*got = f.len - 4;
	return 0;
}

static int send_frames(void *arg, const void *p, size_t n, struct kt_err *err)
{
	(void)arg;
	return kt_write_full(KT_WFD_OUT, p, n, err);
}

/* -- the child -------------------------------------------------------------------------------- */

/* Where descriptor i of the message belongs in the child. */
static int place_of(const struct job *j, int i)
{
	if (i == 0)
		return KT_WFD_OUT;
	if (i == 1)
		return j->mode == KT_JOB_REMOTE ? KT_WFD_REPLY : KT_WFD_ARTIFACT;
	return i == 2 && j->sibling[KT_SIBLING_WAL] != KT_SIBLING_NONE ? KT_WFD_WAL
								       : KT_WFD_JOURNAL;
}

static void place_fds(const struct job *j, const int *fds, int n)
{
	int high[KT_JOB_FDS];

	/* above all fixed numbers first; what lies there now (the control socket) goes */
	for (int i = 0; i < n; i++) {
		high[i] = fcntl(fds[i], F_DUPFD, 32);
		if (high[i] < 0)
			_exit(EXIT_BAD_JOB);
	}
	for (int fd = KT_WFD_ARTIFACT; fd <= KT_WFD_REPLY; fd++)
		close(fd);
	for (int i = 0; i < n; i++)
		if (dup2(high[i], place_of(j, i)) < 0)
			_exit(EXIT_BAD_JOB);
	/* stderr is the engine's: its terminal, or the progress that the desktop reads */
	if (dup2(0, 2) < 0)
		_exit(EXIT_BAD_JOB);
	kt_close_from(KT_WFD_REPLY + 1);
}

static void run_child(const struct kt_parser *parser, struct job *j, const int *fds, int nfds,
		      pid_t parent, uint32_t layers)
{
	static int (*const readers[])(void *, uint64_t, void *, size_t, size_t *,
				      struct kt_err *) = {read_file, read_stored, read_remote};
	struct kt_ctx_ops ops = {readers[j->mode], send_frames, j, read_sibling};
	uint8_t hello[KT_FRAME_HEAD + 8];
	struct kt_err err = {0};
	struct kt_ctx ctx;

	place_fds(j, fds, nfds);
	kt_frame_reader_init(&reply, KT_WFD_REPLY, KT_FRAME_MAX);
	/* the signal is set again inside; here it makes the check of the parent's pid safe */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
		_exit(EXIT_NO_SANDBOX);
	if (kt_sandbox_enter(j->as_mib, j->cpu_s, &layers, &err) < 0 ||
	    (layers & KT_LAYERS_MANDATORY) != KT_LAYERS_MANDATORY)
		_exit(EXIT_NO_SANDBOX);
	kt_put_le32(hello, 8);
	hello[4] = KT_WF_HELLO;
	kt_put_le32(hello + 5, KT_WF_PROTO);
	kt_put_le32(hello + 9, layers);
	if (kt_write_full(KT_WFD_OUT, hello, sizeof(hello), &err) < 0)
		_exit(EXIT_NO_OUTPUT);
	kt_ctx_init(&ctx, &ops, j->size);
	memcpy(ctx.sibling_size, j->sibling, sizeof(ctx.sibling_size));
	if (kt_ctx_run(&ctx, parser, &err) < 0)
		_exit(EXIT_NO_OUTPUT);
	_exit(0);
}

/* -- the first process ------------------------------------------------------------------------ */

static int parse_job(struct job *j, const uint8_t *p, size_t n)
{
	struct kt_rd rd;
	uint8_t idlen;
	const uint8_t *id;

	kt_rd_init(&rd, p, n);
	if (kt_rd_u8(&rd) != 'J')
		return -1;
	j->mode = kt_rd_u8(&rd);
	idlen = kt_rd_u8(&rd);
	id = kt_rd_bytes(&rd, idlen);
	j->as_mib = kt_rd_le32(&rd);
	j->cpu_s = kt_rd_le32(&rd);
	j->size = kt_rd_le64(&rd);
	j->cap = kt_rd_le64(&rd);
	for (int i = 0; i < KT_SIBLINGS; i++)
		j->sibling[i] = kt_rd_le64(&rd);
	j->nranges = kt_rd_le32(&rd);
	j->used = 0;
	if (rd.failed || id == NULL || idlen >= sizeof(j->id) || j->mode > KT_JOB_REMOTE ||
	    j->nranges > KT_JOB_RANGES_MAX)
		return -1;
	memcpy(j->id, id, idlen);
	j->id[idlen] = '\0';
	for (uint32_t i = 0; i < j->nranges; i++) {
		j->ranges[i].off = kt_rd_le64(&rd);
		j->ranges[i].len = kt_rd_le32(&rd);
		j->ranges[i].pos = kt_rd_le64(&rd);
	}
	return rd.failed || kt_rd_left(&rd) > 0 ? -1 : 0;
}

/* One control message with its descriptors; length, 0 at the end, -1. */
static ssize_t receive(uint8_t *buf, size_t n, int fds[KT_JOB_FDS], int *nfds)
{
	union {
		char b[CMSG_SPACE(KT_JOB_FDS * sizeof(int))];
		struct cmsghdr align;
	} ctl;
	struct iovec io = {buf, n};
	struct msghdr m = {.msg_iov = &io,
			   .msg_iovlen = 1,
			   .msg_control = ctl.b,
			   .msg_controllen = sizeof(ctl.b)};
	struct cmsghdr *c;
	ssize_t r;

	*nfds = 0;
	do {
		r = recvmsg(KT_WORKER_CTL, &m, MSG_CMSG_CLOEXEC);
	} while (r < 0 && errno == EINTR);
	for (c = CMSG_FIRSTHDR(&m); r > 0 && c != NULL; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		*nfds = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(c), (size_t)*nfds * sizeof(int));
	}
	return (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ? -1 : r;
}

static int fds_of(const struct job *j)
{
	int n = 2;

	for (int i = 0; i < KT_SIBLINGS; i++)
		n += j->sibling[i] != KT_SIBLING_NONE;
	return n;
}

static uint32_t serve(const struct kt_worker_entry *table, size_t n, struct job *j, const int *fds,
		      int nfds, uint32_t layers)
{
	const struct kt_parser *parser = NULL;
	pid_t self = getpid(), pid;

	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].parser->id, j->id) == 0)
			parser = table[i].parser;
	pid = parser != NULL && nfds == fds_of(j) ? fork() : -1;
	if (pid == 0)
		run_child(parser, j, fds, nfds, self, layers);
	/* in every case: as long as this end is open, the engine waits for more */
	for (int i = 0; i < nfds; i++)
		close(fds[i]);
	return pid < 0 ? EXIT_BAD_JOB << 8 : (uint32_t)kt_wait(pid);
}

int kt_worker_main(const struct kt_worker_entry *table, size_t n)
{
	static uint8_t msg[KT_JOB_MSG_MAX];
	static struct range ranges[KT_JOB_RANGES_MAX];
	struct job j = {.ranges = ranges};
	struct kt_err err = {0};
	uint32_t layers;

	/* What a sandboxed child will need later must be loaded now. */
	if (kt_hash_warm(&err) < 0 || kt_sqldb_warm(&err) < 0 ||
	    kt_sandbox_prepare(&layers, &err) < 0) {
		dprintf(2, "%s: %s\n", program_invocation_short_name, kt_err_text(&err));
		return EXIT_NO_SANDBOX;
	}
	/* tidied once here instead of in every child, where each touched page is a copy */
	malloc_trim(0);
	for (;;) {
		int fds[KT_JOB_FDS], nfds;
		uint8_t answer[5];
		ssize_t len = receive(msg, sizeof(msg), fds, &nfds);

		if (len == 0)
			return 0;
		if (len < 0 || parse_job(&j, msg, (size_t)len) < 0)
			return EXIT_BAD_JOB;
		answer[0] = 'X';
		kt_put_le32(answer + 1, serve(table, n, &j, fds, nfds, layers));
		if (send(KT_WORKER_CTL, answer, sizeof(answer), MSG_NOSIGNAL) != sizeof(answer))
			return EXIT_BAD_JOB;
	}
}
