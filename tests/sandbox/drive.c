/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Runs the attacks of attacks.def through the product's own host code and says whether each ended
 * as it has to. kt_worker_start() starts the keten-worker that lies beside this program, so a copy
 * of it beside the attack worker tests the sandbox, and one beside the real worker tests that.
 *
 * usage: drive MODE DIR     DIR: an empty folder to work in
 *   attacks        every attack; the next job on the same host must work
 *   one IDENT      a single attack
 *   real           the real worker parses a file and reports its layers
 *   refuses        each mandatory layer made to fail in turn: nothing may be read
 *   spin           starts a job that never ends, prints both pids and waits to be killed
 *   idle           the same with a worker that waits for work
 *   device         keten-device, with a hostile library in it (LD_PRELOAD in $PRELOAD)
 *   verify FILE    keten-verify, held up while it prints: is its filter loaded?
 * Environment: RESTRICT=1 makes namespaces, Landlock, clone3 and close_range fail as in a narrow
 * container; RUN_UID=N drops to that user first.
 */
#include "core/err.h"
#include "core/frame.h"
#include "core/io.h"
#include "core/spawn.h"
#include "core/time.h"
#include "parsers/host/host.h"
#include "parsers/worker/sandbox.h"
#include "parsers/worker/worker.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARTIFACT_BYTES 4096

struct expect {
	const char *ident;
	enum kt_job_verdict verdict;
	const char *text;
};

static const struct expect expects[] = {
#define EXPECT(ident, verdict, text) {#ident, KT_JE_##verdict, text},
#include "tests/sandbox/attacks.def"
};

static unsigned passed, failed;

static bool check(bool ok, const char *what, const char *detail)
{
	printf("%s %s%s%s\n", ok ? "ok   " : "FAIL ", what, detail[0] != '\0' ? ": " : "", detail);
	if (ok)
		passed++;
	else
		failed++;
	return ok;
}

/* -- one job ---------------------------------------------------------------------------------- */

struct seen {
	struct kt_worker *w;
	unsigned records;
	bool escaped, silent; /* silent: no range request is answered */
};

static int on_event(void *arg, const struct kt_event *ev, struct kt_err *err)
{
	static const uint8_t zeros[256 << 10];
	struct seen *s = arg;

	(void)err;
	if (ev->kind == KT_EV_RECORD)
		s->records++;
	if (ev->kind == KT_EV_NOTE && ev->code_str.len == 7 &&
	    memcmp(ev->code_str.p, "escaped", 7) == 0) {
		s->escaped = true;
		printf("      escaped: %.*s\n", (int)ev->text.len, ev->text.p);
	}
	if (ev->kind == KT_EV_RANGE && !s->silent)
		kt_worker_reply(s->w, 0, zeros, ev->len);
	return 0;
}

static int make_artifact(const struct kt_worker *w)
{
	uint8_t b[ARTIFACT_BYTES];
	int fd = open("artifact", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	memset(b, 'e', sizeof(b));
	kt_put_le64(b, (uint64_t)getpid());
	kt_put_le64(b + 8, (uint64_t)w->pid);
	if (fd < 0 || kt_write_full(fd, b, sizeof(b), NULL) < 0)
		return -1;
	close(fd);
	return open("artifact", O_RDONLY | O_CLOEXEC);
}

/* What is in the folder besides the artifact: an attack must not have made anything. */
static bool is_clean(const char *ident, const struct kt_worker *w)
{
	uint8_t b[ARTIFACT_BYTES] = {0};
	int fd = open("artifact", O_RDONLY | O_CLOEXEC);
	size_t got = 0;
	bool same;

	kt_read_full(fd, b, sizeof(b), &got, NULL);
	close(fd);
	same = got == sizeof(b) && kt_get_le64(b) == (uint64_t)getpid();
	for (size_t i = 16; i < sizeof(b); i++)
		same = same && b[i] == 'e';
	(void)w;
	if (access("created-by-attack", F_OK) == 0 || !same) {
		printf("      %s left something behind\n", ident);
		return false;
	}
	return true;
}

static int run_job(struct kt_worker *w, const char *id, struct seen *s, struct kt_job_end *end)
{
	struct kt_err err = {0};
	struct kt_job job = {.id = id,
			     .as_mib = 64,
			     .cpu_s = 1,
			     .wall_s = 60,
			     .size = ARTIFACT_BYTES,
			     .cap = UINT64_MAX,
			     .remote = strncmp(id, "remote_", 7) == 0};
	char story[400];
	int r;

	/* limits that an attack is meant to meet must not meet each other */
	if (strcmp(id, "busy_loop") == 0 || strcmp(id, "blocked_cpu") == 0)
		job.wall_s = 60; /* a second of CPU can take long on a busy machine */
	if (strcmp(id, "futex_wait") == 0 || strstr(id, "linger") != NULL)
		job.wall_s = 3;
	if (strncmp(id, "endless", 7) == 0 || strcmp(id, "remote_deaf") == 0)
		job.cpu_s = job.wall_s = 20;
	*s = (struct seen){.w = w, .silent = strcmp(id, "remote_ask_twice") == 0};
	memset(end, 0, sizeof(*end));
	job.fd = job.remote ? -1 : make_artifact(w);
	if (strncmp(id, "sibling_", 8) == 0) {
		job.has_wal = true;
		job.wal_size = ARTIFACT_BYTES;
		job.wal_fd = open("artifact", O_RDONLY | O_CLOEXEC);
	}
	r = kt_worker_run(w, &job, on_event, s, end, &err);
	if (job.fd >= 0)
		close(job.fd);
	if (job.has_wal)
		close(job.wal_fd);
	if (r < 0)
		printf("      %s: host failed: %s\n", id, kt_err_story(&err, story, sizeof(story)));
	return r;
}

static bool one_attack(struct kt_worker *w, const struct expect *e)
{
	int64_t start = kt_time_mono_ns();
	struct kt_job_end end, again;
	struct seen s, s2;
	char detail[400];
	bool ok = run_job(w, e->ident, &s, &end) == 0;
	long ms = (long)((kt_time_mono_ns() - start) / 1000000);
	bool next = ok && run_job(w, "good", &s2, &again) == 0 && again.verdict == KT_JE_OK &&
		    s2.records == 3;

	snprintf(detail, sizeof(detail), "%s (%s), %u records, layers 0x%x, %ld ms%s",
		 kt_job_verdict_name(end.verdict), end.text, s.records, (unsigned)end.layers, ms,
		 next ? "" : ", and the next job does not work");
	ok = ok && next && end.verdict == e->verdict && strstr(end.text, e->text) != NULL &&
	     !s.escaped && s.records >= 3 &&
	     (end.layers & KT_LAYERS_MANDATORY) == KT_LAYERS_MANDATORY && is_clean(e->ident, w);
	return check(ok, e->ident, detail);
}

static int start_worker(struct kt_worker *w)
{
	struct kt_err err = {0};
	char story[400];

	if (kt_worker_start(w, &err) == 0)
		return 0;
	printf("FAIL  worker: %s\n", kt_err_story(&err, story, sizeof(story)));
	failed++;
	return -1;
}

/* Descriptors of the engine without close-on-exec, as a library might leave them. */
static void leave_fds_open(void)
{
	for (int fd = 100; fd < 108; fd++)
		if (dup2(0, fd) < 0)
			perror("dup2");
}

/* stderr into a file while attacks run: it must stay empty. */
static int watch_stderr(void)
{
	int kept = fcntl(2, F_DUPFD_CLOEXEC, 200);
	int fd = open("stderr", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || dup2(fd, 2) < 0)
		return -1;
	close(fd);
	return kept;
}

static void check_stderr(int kept)
{
	struct stat st;

	if (fstat(2, &st) != 0)
		st.st_size = -1;
	dup2(kept, 2);
	check(st.st_size == 0, "no attack reached stderr", "");
}

static void attacks(const char *only)
{
	struct kt_worker w;
	int kept = watch_stderr();

	leave_fds_open();
	if (start_worker(&w) < 0)
		return;
	for (size_t i = 0; i < sizeof(expects) / sizeof(expects[0]); i++)
		if (only == NULL || strcmp(only, expects[i].ident) == 0)
			one_attack(&w, &expects[i]);
	kt_worker_stop(&w);
	check_stderr(kept);
}

/* -- the real worker -------------------------------------------------------------------------- */

static int skip_event(void *arg, const struct kt_event *ev, struct kt_err *err)
{
	(void)ev;
	(void)err;
	(*(unsigned *)arg)++;
	return 0;
}

/* A job of the real worker on the artifact; r of the host, *end, *events. */
static int real_job(struct kt_worker *w, struct kt_job_end *end, unsigned *events,
		    struct kt_err *err)
{
	static const char line[] = "[ro.product.model]: [Tester]\n";
	struct kt_job job = {.id = "android-device",
			     .as_mib = 64,
			     .cpu_s = 2,
			     .wall_s = 60,
			     .size = sizeof(line) - 1,
			     .cap = UINT64_MAX};
	int fd = open("getprop", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), r;

	*events = 0;
	memset(end, 0, sizeof(*end));
	kt_write_full(fd, line, sizeof(line) - 1, NULL);
	job.fd = fd;
	r = kt_worker_run(w, &job, skip_event, events, end, err);
	close(fd);
	return r;
}

static void real(void)
{
	struct kt_err err = {0};
	struct kt_job_end end;
	struct kt_worker w;
	char detail[300];
	unsigned events;

	if (start_worker(&w) < 0)
		return;
	if (real_job(&w, &end, &events, &err) < 0)
		end.verdict = KT_JE_LOST;
	snprintf(detail, sizeof(detail), "%s, %u events, layers 0x%x",
		 kt_job_verdict_name(end.verdict), events, (unsigned)end.layers);
	check(end.verdict == KT_JE_OK && events > 0 &&
		      (end.layers & KT_LAYERS_MANDATORY) == KT_LAYERS_MANDATORY,
	      "the real worker parses in its sandbox", detail);
	if (getenv("RESTRICT") != NULL)
		check((end.layers & ~KT_LAYERS_MANDATORY) == 0,
		      "what this place lacks is not claimed", "");
	kt_worker_stop(&w);
}

/* -- layers that fail ------------------------------------------------------------------------- */

static int deny(scmp_filter_ctx f, int e, const char *call)
{
	int nr = seccomp_syscall_resolve_name(call);

	return nr == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(f, SCMP_ACT_ERRNO((uint16_t)e), nr, 0);
}

static int restrict_here(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int r = 0;

	seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, 1);
	r |= deny(f, EPERM, "unshare");
	r |= deny(f, ENOSYS, "clone3");
	r |= deny(f, ENOSYS, "close_range");
	r |= deny(f, ENOSYS, "landlock_create_ruleset");
	r |= deny(f, ENOSYS, "landlock_restrict_self");
	r |= seccomp_load(f);
	seccomp_release(f);
	return r;
}

static int deny_prctl(scmp_filter_ctx f, unsigned option)
{
	return seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 1,
				SCMP_A0(SCMP_CMP_EQ, option));
}

static const char *const broken[] = {"no_new_privs", "dumpable",  "seccomp",
				     "rlimits",	     "pdeathsig", "environment"};

static int break_layer(const char *layer)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int r = 0;

	/* keep no_new_privs out of it, so that its own refusal can be tested */
	seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, geteuid() == 0 ? 0 : 1);
	if (strcmp(layer, "no_new_privs") == 0)
		r = deny_prctl(f, PR_SET_NO_NEW_PRIVS);
	else if (strcmp(layer, "dumpable") == 0)
		r = deny_prctl(f, PR_SET_DUMPABLE);
	else if (strcmp(layer, "seccomp") == 0)
		r = deny_prctl(f, PR_SET_SECCOMP);
	else if (strcmp(layer, "pdeathsig") == 0)
		r = deny_prctl(f, PR_SET_PDEATHSIG);
	else if (strcmp(layer, "rlimits") == 0)
		r = deny(f, EPERM, "prlimit64") | deny(f, EPERM, "setrlimit");
	r |= seccomp_load(f);
	seccomp_release(f);
	return r;
}

/* kt_worker_start() always gives an empty environment; here it is not. */
static int start_with_environment(struct kt_worker *w)
{
	static const char *const argv[] = {"keten-worker", NULL};
	struct kt_spawn s;
	int sv[2];

	memset(w, 0, sizeof(*w));
	w->program = argv[0]; /* it is started again once it has ended */
	w->out = w->reply = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return -1;
	setenv("LD_PRELOAD", "", 1);
	kt_spawn_init(&s, "keten-worker", argv);
	s.new_session = s.keep_env = true;
	s.fds[KT_WORKER_CTL] = sv[1];
	w->pid = kt_spawn_start(&s, NULL);
	w->ctl = sv[0];
	close(sv[1]);
	return w->pid > 0 ? 0 : -1;
}

static int refuse_one(const char *layer)
{
	struct kt_err err = {0};
	struct kt_job_end end;
	struct kt_worker w;
	unsigned events = 0;
	char what[80], detail[300];
	int r;

	if (break_layer(layer) < 0) {
		printf("FAIL  can't break %s\n", layer);
		return 1;
	}
	r = strcmp(layer, "environment") == 0 ? start_with_environment(&w)
					      : kt_worker_start(&w, &err);
	if (r == 0)
		r = real_job(&w, &end, &events, &err);
	snprintf(what, sizeof(what), "without %s nothing is read", layer);
	snprintf(detail, sizeof(detail), "%s", r < 0 ? kt_err_text(&err) : end.text);
	return check(events == 0 &&
			     (r == KT_E_INTERNAL || (r == 0 && end.verdict == KT_JE_NO_SANDBOX)),
		     what, detail)
		       ? 0
		       : 1;
}

/* Each in a process of its own: a filter can't be taken off again. */
static void refuses(void)
{
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		pid_t pid;
		int status;

		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			int r = refuse_one(broken[i]);

			fflush(stdout);
			_exit(r);
		}
		status = kt_wait(pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			passed++;
		else
			failed++;
	}
}

/* -- death of the engine ---------------------------------------------------------------------- */

static pid_t child_of(pid_t parent)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	pid_t found = 0;

	while (d != NULL && found == 0 && (e = readdir(d)) != NULL) {
		char path[300], stat[512] = "", *behind;
		int fd, ppid = 0;
		size_t got = 0;

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		kt_read_full(fd, stat, sizeof(stat) - 1, &got, NULL);
		close(fd);
		behind = strrchr(stat, ')');
		if (behind != NULL && sscanf(behind + 1, " %*c %d", &ppid) == 1 && ppid == parent)
			found = atoi(e->d_name);
	}
	if (d != NULL)
		closedir(d);
	return found;
}

static int spin(bool busy)
{
	struct kt_job job = {.id = "busy_loop",
			     .as_mib = 64,
			     .cpu_s = 600,
			     .wall_s = 600,
			     .size = ARTIFACT_BYTES,
			     .cap = UINT64_MAX};
	struct kt_worker w;
	struct seen s = {.w = &w};

	if (start_worker(&w) < 0)
		return 1;
	job.fd = make_artifact(&w);
	if (busy && kt_worker_submit(&w, &job, NULL) < 0)
		return 1;
	while (busy && s.records < 3) {
		struct pollfd p[3];

		poll(p, (nfds_t)kt_worker_pollfds(&w, p), 100);
		if (kt_worker_pump(&w, on_event, &s, NULL) != 0)
			return 1;
	}
	printf("%d %d\n", (int)w.pid, busy ? (int)child_of(w.pid) : 0);
	fflush(stdout);
	for (;;)
		pause();
}

/* -- keten-device and keten-verify ------------------------------------------------------------ */

static void ask_listing(int fd)
{
	struct kt_buf b;
	size_t start;

	kt_buf_init(&b, 0);
	start = kt_frame_begin(&b, 'P');
	kt_buf_put_le16(&b, 0);
	kt_frame_end(&b, start);
	start = kt_frame_begin(&b, 'L');
	kt_buf_put_le32(&b, 1);
	kt_frame_end(&b, start);
	kt_write_full(fd, b.p, b.len, NULL);
	kt_buf_free(&b);
}

/* Starts keten-device with a library that does what ATTACK says when it is first asked for USB. */
static void device_one(const char *attack, int want_signal, const char *want_text)
{
	static const char *const argv[] = {"keten-device", NULL};
	int sv[2], err_pipe[2], status;
	char text[4096] = "", detail[400];
	struct kt_spawn s;
	size_t got = 0;
	pid_t pid;

	setenv("LD_PRELOAD", getenv("PRELOAD"), 1);
	setenv("ATTACK", attack, 1);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0 ||
	    pipe2(err_pipe, O_CLOEXEC) < 0)
		return;
	kt_spawn_init(&s, "keten-device", argv);
	s.keep_env = s.new_session = true;
	s.fds[0] = s.fds[1] = sv[1];
	s.fds[2] = err_pipe[1];
	pid = kt_spawn_start(&s, NULL);
	close(sv[1]);
	close(err_pipe[1]);
	ask_listing(sv[0]);
	shutdown(sv[0], SHUT_WR);
	kt_read_full(err_pipe[0], text, sizeof(text) - 1, &got, NULL);
	status = kt_wait(pid);
	close(sv[0]);
	close(err_pipe[0]);
	unsetenv("LD_PRELOAD");
	text[strcspn(text, "\n")] = '\0';
	snprintf(detail, sizeof(detail), "%s%d, says \"%.200s\"",
		 WIFSIGNALED(status) ? "signal " : "status ",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), text);
	check((want_signal != 0 ? WIFSIGNALED(status) && WTERMSIG(status) == want_signal
				: WIFEXITED(status)) &&
		      strstr(text, want_text) != NULL && strstr(text, "escaped") == NULL,
	      attack, detail);
}

static void device(void)
{
	device_one("fork", SIGSYS, "trying");
	device_one("execve", SIGSYS, "trying");
	device_one("ptrace", SIGSYS, "trying");
	device_one("setuid", SIGSYS, "trying");
	device_one("inet", 0, "refused");
	device_one("inet6", 0, "refused");
	device_one("unix", 0, "as it should");
	device_one("netlink", 0, "as it should");
	device_one("thread", 0, "as it should");
}

static bool has_filter(pid_t pid)
{
	char path[64], text[4096] = "";
	size_t got = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	kt_read_full(fd, text, sizeof(text) - 1, &got, NULL);
	close(fd);
	return strstr(text, "\nSeccomp:\t2\n") != NULL &&
	       strstr(text, "\nNoNewPrivs:\t1\n") != NULL;
}

/* Its result goes into a pipe that is full, so that it can be looked at before it ends. */
static void verify(const char *file)
{
	const char *argv[] = {"keten-verify", file, NULL};
	int64_t until = kt_time_mono_ns() + INT64_C(5000000000);
	struct kt_spawn s;
	bool held = false;
	int p[2], status;
	char c = 'x';
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return;
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	while (write(p[1], &c, 1) == 1)
		;
	fcntl(p[1], F_SETFL, 0);
	kt_spawn_init(&s, "keten-verify", argv);
	s.fds[1] = p[1];
	pid = kt_spawn_start(&s, NULL);
	while (!held && kt_time_mono_ns() < until && waitpid(pid, &status, WNOHANG) == 0) {
		held = has_filter(pid);
		poll(NULL, 0, 5);
	}
	check(held, "keten-verify has its filter loaded while it judges", "");
	kill(pid, SIGKILL);
	kt_wait(pid);
	close(p[0]);
	close(p[1]);
}

/* --------------------------------------------------------------------------------------------- */

static int enter(const char *dir)
{
	const char *uid = getenv("RUN_UID");

	if (chdir(dir) < 0) {
		perror(dir);
		return -1;
	}
	if (uid != NULL && (setgroups(0, NULL) < 0 || setgid((gid_t)atoi(uid)) < 0 ||
			    setuid((uid_t)atoi(uid)) < 0)) {
		perror("RUN_UID");
		return -1;
	}
	if (getenv("RESTRICT") != NULL && restrict_here() < 0) {
		fputs("RESTRICT does not work here\n", stderr);
		return -1;
	}
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";
	char package[PATH_MAX] = "";

	/* before the folder changes */
	if (argc > 3 && strcmp(mode, "verify") == 0 && realpath(argv[3], package) == NULL)
		return 2;
	if (argc < 3 || enter(argv[2]) < 0)
		return 2;
	if (strcmp(mode, "attacks") == 0)
		attacks(NULL);
	else if (strcmp(mode, "one") == 0 && argc > 3)
		attacks(argv[3]);
	else if (strcmp(mode, "real") == 0)
		real();
	else if (strcmp(mode, "refuses") == 0)
		refuses();
	else if (strcmp(mode, "spin") == 0 || strcmp(mode, "idle") == 0)
		return spin(mode[0] == 's');
	else if (strcmp(mode, "device") == 0 && getenv("PRELOAD") != NULL)
		device();
	else if (strcmp(mode, "verify") == 0 && package[0] != '\0')
		verify(package);
	else
		return 2;
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0 || passed == 0;
}
