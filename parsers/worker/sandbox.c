/* SPDX-License-Identifier: EUPL-1.2 */
#include "parsers/worker/sandbox.h"
#include "core/err.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock by numbers: Debian 12's headers stop at ABI 2 and libc has no wrappers. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self  446
#endif
#define LANDLOCK_VERSION_FLAG 1u

struct landlock_attr {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

/* Access bits and attribute size that each ABI knows (kernel documentation, userspace-api/landlock). */
static int landlock_nothing(void)
{
	struct landlock_attr attr = {0, 0, 0};
	size_t size = sizeof(attr.fs);
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION_FLAG);
	int fd, r;

	if (abi < 1)
		return -1;
	attr.fs = (UINT64_C(1) << 13) - 1;
	if (abi >= 2)
		attr.fs |= UINT64_C(1) << 13; /* refer */
	if (abi >= 3)
		attr.fs |= UINT64_C(1) << 14; /* truncate */
	if (abi >= 5)
		attr.fs |= UINT64_C(1) << 15; /* device ioctl */
	if (abi >= 4) {
		attr.net = 3; /* bind, connect over TCP */
		size = 2 * sizeof(uint64_t);
	}
	if (abi >= 6) {
		attr.scoped = 3; /* abstract sockets, signals */
		size = sizeof(attr);
	}
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (fd < 0)
		return -1;
	r = (int)syscall(SYS_landlock_restrict_self, fd, 0);
	close(fd);
	return r;
}

static struct sock_filter code[2048];
static struct sock_fprog program;

/* Stands in the compiled filter where the child's own pid belongs; no pid is that large. */
#define OWN_PID 0x5a17c0deu

/* The filter is compiled once, before any child: each child writes its pid into its own copy. */
static int own_pid(void)
{
	unsigned found = 0;

	for (unsigned short i = 0; i < program.len; i++) {
		if (code[i].code != (BPF_JMP | BPF_JEQ | BPF_K) || code[i].k != OWN_PID)
			continue;
		code[i].k = (uint32_t)getpid();
		found++;
	}
	return found > 0 ? 0 : -1;
}

/* Rules with a condition on one argument. */
static int allow_fd(scmp_filter_ctx f, int call, int fd)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd));
}

static int add_rules(scmp_filter_ctx f)
{
	static const int plain[] = {
		SCMP_SYS(brk),
		SCMP_SYS(munmap),
		SCMP_SYS(mremap),
		SCMP_SYS(madvise),
		SCMP_SYS(futex),
		SCMP_SYS(close),
		SCMP_SYS(getrandom),
		SCMP_SYS(exit),
		SCMP_SYS(exit_group),
		SCMP_SYS(fstat),
		SCMP_SYS(clock_gettime),
		SCMP_SYS(restart_syscall),
		/* abort(), assert and the stack protector: without these every assertion would
		 * look like an attack */
		SCMP_SYS(rt_sigprocmask),
		SCMP_SYS(rt_sigreturn),
		SCMP_SYS(gettid),
		SCMP_SYS(getpid),
	};
	static const int read_fds[] = {KT_WFD_ARTIFACT, KT_WFD_REPLY};
	static const int pread_fds[] = {KT_WFD_ARTIFACT, KT_WFD_WAL, KT_WFD_JOURNAL};
	static const int write_fds[] = {2, KT_WFD_OUT};
	int r = 0;

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, plain[i], 0);
	for (size_t i = 0; i < sizeof(read_fds) / sizeof(read_fds[0]); i++)
		r |= allow_fd(f, SCMP_SYS(read), read_fds[i]);
	for (size_t i = 0; i < sizeof(pread_fds) / sizeof(pread_fds[0]); i++)
		r |= allow_fd(f, SCMP_SYS(pread64), pread_fds[i]);
	for (size_t i = 0; i < sizeof(write_fds) / sizeof(write_fds[0]); i++) {
		r |= allow_fd(f, SCMP_SYS(write), write_fds[i]);
		r |= allow_fd(f, SCMP_SYS(writev), write_fds[i]);
	}
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
			      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
			      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* only a signal to oneself, and only SIGABRT: own_pid() puts the pid in */
	r |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 3, SCMP_A0(SCMP_CMP_EQ, OWN_PID),
			      SCMP_A1(SCMP_CMP_EQ, OWN_PID), SCMP_A2(SCMP_CMP_EQ, SIGABRT));
	return r;
}

static int compile_filter(struct kt_err *err)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int fd = -1, r = KT_E_REFUSED;
	ssize_t n;

	if (f == NULL)
		return KT_FAIL(err, KT_E_REFUSED, "sandbox: no seccomp");
	seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (add_rules(f) != 0) {
		KT_FAIL(err, KT_E_REFUSED, "sandbox: seccomp rule refused");
		goto out;
	}
	fd = memfd_create("filter", MFD_CLOEXEC);
	if (fd < 0 || seccomp_export_bpf(f, fd) != 0) {
		KT_FAIL(err, KT_E_REFUSED, "sandbox: can't compile the seccomp filter");
		goto out;
	}
	n = pread(fd, code, sizeof(code), 0);
	if (n <= 0 || (size_t)n % sizeof(code[0]) != 0 || (size_t)n == sizeof(code)) {
		KT_FAIL(err, KT_E_REFUSED, "sandbox: seccomp filter has an odd size");
		goto out;
	}
	program.len = (unsigned short)((size_t)n / sizeof(code[0]));
	program.filter = code;
	r = 0;
out:
	if (fd >= 0)
		close(fd);
	seccomp_release(f);
	return r;
}

static int by_byte(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

/*
 * The C library's sort asks the system how much memory there is, the first time that it sorts more
 * than 1024 bytes; shut in, that would be its end. So it asks now, and keeps the answer.
 */
static void let_sort_ask(void)
{
	char bytes[2048] = {0};

	qsort(bytes, sizeof(bytes), 1, by_byte);
}

int kt_sandbox_prepare(uint32_t *layers, struct kt_err *err)
{
	*layers = 0;
	let_sort_ask();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return KT_FAIL(err, KT_E_REFUSED, "sandbox: no_new_privs refused");
	*layers |= KT_LAYER_NO_NEW_PRIVS;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return KT_FAIL(err, KT_E_REFUSED, "sandbox: dumpable can't be cleared");
	*layers |= KT_LAYER_NOT_DUMPABLE;
	if (environ != NULL && environ[0] != NULL)
		return KT_FAIL(err, KT_E_REFUSED, "sandbox: the environment is not empty");
	*layers |= KT_LAYER_EMPTY_ENV;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) == 0)
		*layers |= KT_LAYER_NAMESPACES;
	if (landlock_nothing() == 0)
		*layers |= KT_LAYER_LANDLOCK;
	return compile_filter(err);
}

static int limit(int what, rlim_t soft, rlim_t hard)
{
	struct rlimit l = {soft, hard};

	return setrlimit((__rlimit_resource_t)what, &l);
}

int kt_sandbox_enter(unsigned as_mib, unsigned cpu_s, uint32_t *layers, struct kt_err *err)
{
	rlim_t as = (rlim_t)as_mib << 20;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return KT_FAIL(err, KT_E_REFUSED, "sandbox: no parent-death signal");
	*layers |= KT_LAYER_PDEATHSIG;
	if (limit(RLIMIT_AS, as, as) != 0 || limit(RLIMIT_CPU, cpu_s, cpu_s + 1) != 0 ||
	    limit(RLIMIT_FSIZE, 0, 0) != 0 || limit(RLIMIT_NOFILE, 0, 0) != 0 ||
	    limit(RLIMIT_NPROC, 0, 0) != 0 || limit(RLIMIT_CORE, 0, 0) != 0 ||
	    limit(RLIMIT_MEMLOCK, 0, 0) != 0)
		return KT_FAIL(err, KT_E_REFUSED, "sandbox: limits refused: %s", strerror(errno));
	*layers |= KT_LAYER_RLIMITS;
	if (own_pid() != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
		return KT_FAIL(err, KT_E_REFUSED, "sandbox: seccomp filter refused: %s",
			       strerror(errno));
	*layers |= KT_LAYER_SECCOMP;
	return 0;
}
