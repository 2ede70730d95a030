/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten-worker with hostile parsers instead of the real ones: same library, same sandbox. Each
 * sends three good records and then does what a subverted parser might do. One that gets away with
 * it says so in a note "escaped"; tests/sandbox/drive.c knows how each has to end. This program is
 * never installed.
 */
#include "core/frame.h"
#include "core/io.h"
#include "parsers/sdk/ctx.h"
#include "parsers/worker/sandbox.h"
#include "parsers/worker/worker.h"
#include "tests/tools/sql_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

/* The driver writes these pids into the artifact: no call in the sandbox gives them away. */
struct target {
	pid_t engine, zygote;
};

static struct target target(struct kt_ctx *ctx)
{
	uint8_t b[16] = {0};

	kt_in_exact(ctx, 0, b, sizeof(b), NULL);
	return (struct target){(pid_t)kt_get_le64(b), (pid_t)kt_get_le64(b + 8)};
}

static void good_record(struct kt_record *r, int i)
{
	kt_rec_init(r, KT_REC_POSITION, KT_BASIS_MEASURED);
	r->time_kind = KT_TIME_UTC;
	r->t_us = (INT64_C(1717245296) + i) * KT_US_PER_S;
	kt_set_position(r, 525200000 + i, 134050000);
	r->loc.kind = KT_LOC_BYTES;
	r->loc.off = (uint64_t)i;
	r->loc.len = 1;
}

static int three_records(struct kt_ctx *ctx, struct kt_err *err)
{
	kt_seen(ctx, 3);
	for (int i = 0; i < 3; i++) {
		struct kt_record r;
		int c;

		good_record(&r, i);
		c = kt_emit(ctx, &r, err);
		if (c < 0)
			return c;
	}
	return kt_ctx_flush(ctx, err);
}

static int escaped(struct kt_ctx *ctx, const char *how)
{
	kt_note(ctx, "escaped", how, NULL);
	kt_ctx_flush(ctx, NULL);
	return 0;
}

static void put_raw(const void *p, size_t n)
{
	kt_write_full(KT_WFD_OUT, p, n, NULL);
}

static void put_frame(uint8_t type, const struct kt_buf *b)
{
	kt_frame_write(KT_WFD_OUT, type, b->p, b->len, NULL);
}

static void put_end(uint64_t seen, uint64_t emitted, uint64_t skipped, int32_t code)
{
	struct kt_buf b;

	kt_buf_init(&b, 0);
	kt_buf_put_le64(&b, seen);
	kt_buf_put_le64(&b, emitted);
	kt_buf_put_le64(&b, skipped);
	kt_buf_put_le32(&b, (uint32_t)code);
	kt_buf_put_blob(&b, "", 0);
	put_frame(KT_WF_END, &b);
	kt_buf_free(&b);
}

/* An attack's inside: what stands between the braces runs after the three records. */
#define ATTACK(ident)                                                                              \
	static int do_##ident(struct kt_ctx *ctx, struct kt_err *err);                             \
	static int parse_##ident(struct kt_ctx *ctx, struct kt_err *err)                           \
	{                                                                                          \
		int c = three_records(ctx, err);                                                   \
                                                                                                   \
		return c < 0 ? c : do_##ident(ctx, err);                                           \
	}                                                                                          \
	static int do_##ident(struct kt_ctx *ctx, struct kt_err *err)

/* A call that must not come back. */
#define NEVER(ident, what)                                                                         \
	ATTACK(ident)                                                                              \
	{                                                                                          \
		struct target to = target(ctx);                                                    \
                                                                                                   \
		(void)to;                                                                          \
		(void)err;                                                                         \
		what;                                                                              \
		return escaped(ctx, #ident);                                                       \
	}

ATTACK(good)
{
	(void)ctx;
	(void)err;
	return 0;
}

/* -- files, programs, processes, network ------------------------------------------------------ */

NEVER(open_passwd, open("/etc/passwd", O_RDONLY))
NEVER(create_file, open("created-by-attack", O_WRONLY | O_CREAT, 0600))
NEVER(parent_mem, open("/proc/self/../1/mem", O_RDWR))
NEVER(socket_inet, socket(AF_INET, SOCK_STREAM, 0))
NEVER(socket_unix, socket(AF_UNIX, SOCK_STREAM, 0))
NEVER(exec_shell, execl("/bin/sh", "sh", "-c", "touch created-by-attack", (char *)NULL))
NEVER(fork_bomb, while (fork() >= 0))
NEVER(clone3_call, syscall(SYS_clone3, NULL, 0))
NEVER(new_namespace, unshare(CLONE_NEWUSER))
NEVER(ptrace_parent, ptrace(PTRACE_ATTACH, to.engine, NULL, NULL))
NEVER(kill_parent, kill(to.engine, SIGKILL))
NEVER(kill_zygote, kill(to.zygote, SIGKILL))
NEVER(kill_group, kill(0, SIGKILL))
NEVER(abort_parent, syscall(SYS_tgkill, to.engine, to.engine, SIGABRT))
NEVER(abort_zygote, syscall(SYS_tgkill, to.zygote, to.zygote, SIGABRT))
NEVER(io_uring, syscall(SYS_io_uring_setup, 1, NULL))
NEVER(sleep_long, nanosleep(&(struct timespec){3600, 0}, NULL))
NEVER(raise_limit, setrlimit(RLIMIT_CPU, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}))
NEVER(no_pdeathsig, prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0))
NEVER(catch_signal, signal(SIGXCPU, SIG_IGN))
NEVER(send_control, send(KT_WFD_ARTIFACT, "X", 1, 0))
NEVER(dup_out, (void)!dup(KT_WFD_OUT))

#ifdef __x86_64__
NEVER(x32_call, syscall(0x40000000 | 39))
NEVER(int_80, __asm__ volatile("int $0x80" : : "a"(20) : "memory"))
#endif

/* -- memory ----------------------------------------------------------------------------------- */

NEVER(map_exec,
      mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))

ATTACK(protect_exec)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)err;
	mprotect(p, 4096, PROT_READ | PROT_EXEC);
	return escaped(ctx, "protect_exec");
}

ATTACK(memory_bomb)
{
	(void)ctx;
	for (;;) {
		char *p = malloc(1 << 20);

		if (p == NULL)
			return KT_FAIL(err, KT_E_NOMEM, "no more");
		memset(p, 1, 1 << 20);
	}
}

static int recurse(volatile char *up, int depth)
{
	volatile char frame[4096];

	frame[0] = up[0];
	return depth == INT32_MAX ? frame[0] : recurse(frame, depth + 1) + frame[0];
}

ATTACK(recursion)
{
	volatile char start[1] = {0};

	(void)ctx;
	(void)err;
	return recurse(start, 0);
}

ATTACK(null_write)
{
	volatile char *volatile p = NULL;

	(void)err;
	*p = 1; /* cppcheck-suppress nullPointer */
	return escaped(ctx, "null_write");
}

ATTACK(call_abort)
{
	(void)ctx;
	(void)err;
	abort();
}

/* -- evidence --------------------------------------------------------------------------------- */

NEVER(write_evidence, (void)!write(KT_WFD_ARTIFACT, "x", 1))
NEVER(pwrite_evidence, (void)!pwrite(KT_WFD_ARTIFACT, "x", 1, 0))
NEVER(cut_evidence, (void)!ftruncate(KT_WFD_ARTIFACT, 0))

ATTACK(map_evidence)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, KT_WFD_ARTIFACT, 0);

	(void)err;
	if (p == MAP_FAILED)
		return 0;
	p[0] = 'x';
	return escaped(ctx, "map_evidence");
}

/* -- files beside a database: the driver gives the evidence once more as -wal, and no -journal ------ */

ATTACK(sibling_good)
{
	uint8_t a[64], b[64];
	size_t got = 0;

	if (ctx->sibling_size[KT_SIBLING_WAL] != ctx->size ||
	    ctx->sibling_size[KT_SIBLING_JOURNAL] != KT_SIBLING_NONE ||
	    kt_in_exact(ctx, 100, a, sizeof(a), err) < 0 ||
	    ctx->ops.sibling(ctx->ops.arg, KT_SIBLING_WAL, 100, b, sizeof(b), &got, err) < 0 ||
	    got != sizeof(b) || memcmp(a, b, sizeof(b)) != 0)
		return KT_FAIL(err, KT_E_INTERNAL, "the -wal is not what was given");
	/* behind its end, and of one that is not there: nothing */
	if (ctx->ops.sibling(ctx->ops.arg, KT_SIBLING_WAL, ctx->size, b, 1, &got, err) < 0 ||
	    got != 0 ||
	    ctx->ops.sibling(ctx->ops.arg, KT_SIBLING_JOURNAL, 0, b, 1, &got, err) < 0 || got != 0)
		return KT_FAIL(err, KT_E_INTERNAL, "bytes that are not there");
	return 0;
}

NEVER(sibling_write, (void)!pwrite(KT_WFD_WAL, "x", 1, 0))
NEVER(sibling_cut, (void)!ftruncate(KT_WFD_WAL, 0))
NEVER(sibling_read, (void)!read(KT_WFD_WAL, &to, 1))

ATTACK(sibling_map)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, KT_WFD_WAL, 0);

	(void)err;
	if (p == MAP_FAILED)
		return 0;
	p[0] = 'x';
	return escaped(ctx, "sibling_map");
}

/* -- time ------------------------------------------------------------------------------------- */

static void spin(void)
{
	for (volatile uint64_t i = 0;; i++)
		;
}

static void sleep_for_ever(void)
{
	int word = 0;

	for (;;)
		syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

ATTACK(busy_loop)
{
	(void)ctx;
	(void)err;
	spin();
	return 0;
}

ATTACK(blocked_cpu)
{
	sigset_t all;

	(void)ctx;
	(void)err;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	spin();
	return 0;
}

ATTACK(futex_wait)
{
	(void)ctx;
	(void)err;
	sleep_for_ever();
	return 0;
}

/* END is sent, the pipe closed, but the process does not end. */
ATTACK(linger)
{
	(void)ctx;
	(void)err;
	put_end(3, 3, 0, 0);
	close(KT_WFD_OUT);
	sleep_for_ever();
	return 0;
}

/* -- the stream ------------------------------------------------------------------------------- */

ATTACK(endless_records)
{
	static char text[KT_REC_STR_MAX];
	struct kt_record r;

	memset(text, 'x', sizeof(text));
	good_record(&r, 0);
	r.raw.p = text;
	r.raw.len = sizeof(text);
	for (;;) {
		int c;

		kt_seen(ctx, 1);
		c = kt_emit(ctx, &r, err);
		if (c < 0)
			return c;
	}
}

ATTACK(endless_notes)
{
	for (;;) {
		int c = kt_note(ctx, "again", "and again and again and again", err);

		if (c < 0)
			return c;
	}
}

ATTACK(frame_4gib)
{
	static const uint8_t head[KT_FRAME_HEAD] = {0xff, 0xff, 0xff, 0xff, KT_WF_RECORD};

	(void)ctx;
	(void)err;
	put_raw(head, sizeof(head));
	sleep_for_ever();
	return 0;
}

ATTACK(frame_unknown)
{
	(void)ctx;
	(void)err;
	kt_frame_write(KT_WFD_OUT, 'Z', "x", 1, NULL);
	sleep_for_ever();
	return 0;
}

ATTACK(frame_after_end)
{
	(void)ctx;
	(void)err;
	put_end(3, 3, 0, 0);
	kt_frame_write(KT_WFD_OUT, KT_WF_NOTE, "", 0, NULL);
	_exit(0);
}

static const uint8_t half[] = {60, 0, 0, 0, KT_WF_RECORD, 1, 1, 1, 1};

ATTACK(half_frame)
{
	(void)ctx;
	(void)err;
	put_raw(half, sizeof(half));
	_exit(0);
}

/* The stream is over and bad, and the process stays: the engine must not wait for it. */
ATTACK(half_frame_linger)
{
	(void)ctx;
	(void)err;
	put_raw(half, sizeof(half));
	close(KT_WFD_OUT);
	sleep_for_ever();
	return 0;
}

ATTACK(no_end)
{
	(void)ctx;
	(void)err;
	_exit(0);
}

/* Looks like a worker that found no sandbox, which would end the whole step. */
ATTACK(fake_no_sandbox)
{
	(void)ctx;
	(void)err;
	_exit(91);
}

ATTACK(end_wrong_count)
{
	(void)ctx;
	(void)err;
	put_end(4, 4, 0, 0);
	_exit(0);
}

ATTACK(end_unaccounted)
{
	(void)ctx;
	(void)err;
	put_end(5, 3, 0, 0);
	_exit(0);
}

ATTACK(end_bad_code)
{
	(void)ctx;
	(void)err;
	put_end(3, 3, 0, 7);
	_exit(0);
}

ATTACK(end_then_status)
{
	(void)ctx;
	(void)err;
	put_end(3, 3, 0, 0);
	_exit(5);
}

ATTACK(end_then_forbidden)
{
	(void)err;
	put_end(3, 3, 0, 0);
	open("/etc/passwd", O_RDONLY);
	return escaped(ctx, "end_then_forbidden");
}

/* A record that no honest SDK would encode: one byte of it is changed behind the check. */
static int forge(size_t at, uint64_t v, size_t n)
{
	struct kt_record r;
	struct kt_buf b;

	good_record(&r, 0);
	kt_buf_init(&b, 0);
	kt_rec_encode(&r, &b, NULL);
	for (size_t i = 0; i < n; i++)
		b.p[at + i] = (uint8_t)(v >> 8 * i);
	put_frame(KT_WF_RECORD, &b);
	put_end(4, 4, 0, 0);
	_exit(0);
}

#define FORGE(ident, at, v, n)                                                                     \
	ATTACK(ident)                                                                              \
	{                                                                                          \
		(void)ctx;                                                                         \
		(void)err;                                                                         \
		return forge(at, v, n);                                                            \
	}
FORGE(forge_latitude, 26, 900000001, 4)
FORGE(forge_longitude, 30, 0x7ff00000u, 4)
FORGE(forge_time, 10, UINT64_MAX >> 1, 8)
FORGE(forge_type, 0, 200, 1)
FORGE(forge_flags, 6, UINT32_MAX, 4)
FORGE(forge_path_length, 58, 0xffff, 2)

ATTACK(attribute_twice)
{
	struct kt_record r;
	struct kt_buf b;

	(void)ctx;
	(void)err;
	good_record(&r, 0);
	kt_buf_init(&b, 0);
	kt_rec_encode(&r, &b, NULL);
	b.p[b.len - 1] = 2; /* number of attributes */
	for (int i = 0; i < 2; i++) {
		kt_buf_put_le16(&b, KT_F_END_LAT_E7);
		kt_buf_put_le64(&b, 1);
	}
	put_frame(KT_WF_RECORD, &b);
	put_end(4, 4, 0, 0);
	_exit(0);
}

ATTACK(second_hello)
{
	static const uint8_t hello[8] = {KT_WF_PROTO};

	(void)ctx;
	(void)err;
	kt_frame_write(KT_WFD_OUT, KT_WF_HELLO, hello, sizeof(hello), NULL);
	put_end(3, 3, 0, 0);
	_exit(0);
}

ATTACK(output_from_parser)
{
	(void)ctx;
	(void)err;
	kt_frame_write(KT_WFD_OUT, KT_WF_OUTPUT, "<script>", 8, NULL);
	put_end(3, 3, 0, 0);
	_exit(0);
}

ATTACK(range_while_parsing)
{
	static const uint8_t ask[12] = {0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0};

	(void)ctx;
	(void)err;
	kt_frame_write(KT_WFD_OUT, KT_WF_RANGE, ask, sizeof(ask), NULL);
	sleep_for_ever();
	return 0;
}

ATTACK(odd_reason)
{
	return kt_skip(ctx, "<b>not a word</b>", 1, NULL, err);
}

/* -- what is in reach ------------------------------------------------------------------------- */

ATTACK(see_fds)
{
	struct stat st;

	(void)err;
	for (int fd = 0; fd < 4096; fd++)
		/* libc's fstat() is another call, and not a permitted one */
		if (syscall(SYS_fstat, fd, &st) == 0 && fd > KT_WFD_OUT)
			return escaped(ctx, "a descriptor of the engine is open");
	return 0;
}

ATTACK(see_env)
{
	(void)err;
	return environ != NULL && environ[0] != NULL ? escaped(ctx, "see_env") : 0;
}

ATTACK(read_reply)
{
	char c;

	(void)err;
	return read(KT_WFD_REPLY, &c, 1) >= 0 ? escaped(ctx, "read_reply") : 0;
}

/* stderr of the engine is a terminal, or what the desktop reads as progress. */
ATTACK(forge_stderr)
{
	static const char line[] = "\033]0;owned\007{\"step\":\"verified\"}\n";

	(void)ctx;
	(void)err;
	(void)!write(2, line, sizeof(line) - 1);
	return 0;
}

/* -- while acquiring -------------------------------------------------------------------------- */

static void ask(uint32_t n)
{
	uint8_t q[12] = {0};

	kt_put_le32(q + 8, n);
	kt_frame_write(KT_WFD_OUT, KT_WF_RANGE, q, sizeof(q), NULL);
}

/* Reads as it should. */
ATTACK(remote_good)
{
	uint8_t b[64];

	return kt_in_exact(ctx, 0, b, sizeof(b), err);
}

ATTACK(remote_ask_twice)
{
	(void)ctx;
	(void)err;
	ask(16);
	ask(16);
	sleep_for_ever();
	return 0;
}

/* Asks on and on, and never reads an answer. */
ATTACK(remote_deaf)
{
	(void)ctx;
	(void)err;
	for (;;) {
		ask(256u << 10);
		for (volatile int i = 0; i < 200000; i++)
			;
	}
	return 0;
}

ATTACK(remote_huge)
{
	(void)ctx;
	(void)err;
	ask(UINT32_MAX);
	sleep_for_ever();
	return 0;
}

#define ROW(ident) static const struct kt_parser p_##ident = {#ident, parse_##ident};
#include "tests/sandbox/attacks.def"

int main(void)
{
	static const struct kt_worker_entry table[] = {
#define ROW(ident) {&p_##ident},
#include "tests/sandbox/attacks.def"
		{&sql_dump},
		{&sql_scan},
	};

	return kt_worker_main(table, sizeof(table) / sizeof(table[0]));
}
