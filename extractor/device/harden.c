/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/device/harden.h"

#include "core/err.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A process that reads a phone has no business with any of these. */
static const char *const forbidden[] = {
	/* other programs and processes */
	"execve",
	"execveat",
	"fork",
	"vfork",
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"pidfd_getfd",
	"kcmp",
	"process_madvise",
	/* the kernel itself */
	"kexec_load",
	"kexec_file_load",
	"init_module",
	"finit_module",
	"delete_module",
	"bpf",
	"perf_event_open",
	"userfaultfd",
	"io_uring_setup",
	"io_uring_enter",
	"io_uring_register",
	"reboot",
	"swapon",
	"swapoff",
	"acct",
	"syslog",
	"quotactl",
	"lookup_dcookie",
	/* the view of the system */
	"mount",
	"umount2",
	"pivot_root",
	"chroot",
	"setns",
	"unshare",
	"move_mount",
	"fsopen",
	"fsconfig",
	"fsmount",
	"fspick",
	"open_tree",
	"mount_setattr",
	"open_by_handle_at",
	"sethostname",
	"setdomainname",
	"clock_settime",
	"settimeofday",
	"adjtimex",
	"clock_adjtime",
	"personality",
	/* keys of others */
	"keyctl",
	"add_key",
	"request_key",
	/* becoming someone else */
	"setuid",
	"setgid",
	"setreuid",
	"setregid",
	"setresuid",
	"setresgid",
	"setgroups",
};

static int forbid_calls(scmp_filter_ctx f)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		int nr = seccomp_syscall_resolve_name(forbidden[i]);

		if (nr != __NR_SCMP_ERROR)
			r = seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, nr, 0);
		/* a call that this machine does not have can't be made either */
		if (r == -EDOM || r == -EINVAL)
			r = 0;
	}
	return r;
}

/* Threads yes (libusb starts one to hear of plugs), processes no. */
static int forbid_fork(scmp_filter_ctx f)
{
	int r = seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1,
				 SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));

	/* its flags lie in memory where no filter can look; libc then falls back to clone */
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return r;
}

/*
 * Local and netlink sockets alone: udev's news and the USB test bed come that way. loopback: usbmuxd
 * was named by a TCP port of this computer.
 */
static int forbid_network(scmp_filter_ctx f, bool loopback)
{
	int r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
				 SCMP_A0(SCMP_CMP_GT, AF_NETLINK));

	for (unsigned d = 0; r == 0 && d < AF_NETLINK; d++)
		if (d != AF_UNIX && !(loopback && (d == AF_INET || d == AF_INET6)))
			r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
					     SCMP_A0(SCMP_CMP_EQ, d));
	return r;
}

/* What the rules of a filter depend on. */
struct terms {
	int in, out; /* a source: the pipes */
	int case_fd; /* an iPhone: the case folder */
	bool loopback;
};

/* Makes a filter that answers with `otherwise` where no rule fits, and puts it in force. */
static int load_filter(uint32_t otherwise, int (*fill)(scmp_filter_ctx f, const struct terms *t),
		       const struct terms *t, struct kt_err *err)
{
	scmp_filter_ctx f = seccomp_init(otherwise);
	int r;

	if (f == NULL)
		return KT_FAIL(err, KT_E_INTERNAL, "seccomp: no memory");
	r = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = fill(f, t);
	if (r == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	if (r < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "seccomp: %s", strerror(-r));
	return 0;
}

static int forbid_for_phones(scmp_filter_ctx f, const struct terms *t)
{
	int r = forbid_calls(f);

	if (r == 0)
		r = forbid_fork(f);
	return r == 0 ? forbid_network(f, t->loopback) : r;
}

/* Files up to this size, memory up to that, no processes. */
static int limit_resources(rlim_t file_bytes, rlim_t memory_bytes, struct kt_err *err)
{
	const struct rlimit none = {0, 0}, file = {file_bytes, file_bytes},
			    memory = {memory_bytes, memory_bytes};

	if (setrlimit(RLIMIT_FSIZE, &file) < 0 || setrlimit(RLIMIT_NPROC, &none) < 0 ||
	    setrlimit(RLIMIT_AS, &memory) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "rlimit: %s", strerror(errno));
	return 0;
}

static int allow_calls(scmp_filter_ctx f, const int *calls, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
	return r;
}

/* Memory, but no code. */
static int allow_memory(scmp_filter_ctx f)
{
	int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	return r < 0 ? r
		     : seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
					SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static int drop_common(struct kt_err *err)
{
	struct rlimit none = {0, 0};
	pid_t parent = getppid();

	umask(077);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "prctl: %s", strerror(errno));
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return KT_FAIL(err, KT_E_INTERNAL, "signal: %s", strerror(errno));
	/* the parent may have ended before it was tied to us */
	if (getppid() != parent)
		return KT_FAIL(err, KT_E_INTERNAL, "the parent is gone");
	return 0;
}

int kt_harden(bool loopback, struct kt_err *err)
{
	const struct terms t = {.loopback = loopback};
	int r = drop_common(err);

	return r < 0 ? r : load_filter(SCMP_ACT_ALLOW, forbid_for_phones, &t, err);
}

/* -- reading a source ------------------------------------------------------------------------- */

#define SOURCE_MEMORY ((rlim_t)4 << 30)

/* Calls that are harmless whatever their arguments. */
static const int plain[] = {
	SCMP_SYS(pread64), /* every byte of the source */
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(getdents64),
	SCMP_SYS(lseek), /* folders */
	SCMP_SYS(fadvise64),
	SCMP_SYS(close),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll), /* the parent */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(sysinfo), /* libc's sort asks for the memory */
	SCMP_SYS(gettimeofday),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static int allow_on(scmp_filter_ctx f, int call, int fd)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd));
}

static int allow_for_source(scmp_filter_ctx f, const struct terms *t)
{
	/* __O_TMPFILE without its O_DIRECTORY */
	const scmp_datum_t writes = O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);
	static const int fcntls[] = {F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC};
	int r = allow_calls(f, plain, sizeof(plain) / sizeof(plain[0]));

	for (size_t i = 0; r == 0 && i < sizeof(fcntls) / sizeof(fcntls[0]); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				     SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)fcntls[i]));
	if (r == 0)
		r = allow_on(f, SCMP_SYS(read), t->in);
	if (r == 0)
		r = allow_on(f, SCMP_SYS(write), t->out);
	if (r == 0)
		r = allow_on(f, SCMP_SYS(writev), t->out);
	if (r == 0)
		r = allow_on(f, SCMP_SYS(write), STDERR_FILENO);
	/* for reading alone */
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, writes, 0));
	return r == 0 ? allow_memory(f) : r;
}

/* Landlock by numbers: Debian 12's headers stop at ABI 2 and libc has no wrappers. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule	    445
#define SYS_landlock_restrict_self  446
#endif
#define LANDLOCK_VERSION_FLAG 1u
#define LANDLOCK_BENEATH      1
#define LANDLOCK_WRITE_FILE   (UINT64_C(1) << 1)
#define LANDLOCK_READ_FILE    (UINT64_C(1) << 2)
#define LANDLOCK_READ_DIR     (UINT64_C(1) << 3)
#define LANDLOCK_REMOVE_FILE  (UINT64_C(1) << 5)
#define LANDLOCK_MAKE_REG     (UINT64_C(1) << 8)
#define LANDLOCK_FIRST	      ((UINT64_C(1) << 13) - 1) /* what ABI 1 knows */

struct landlock_beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

/* Nothing of the file system but this beneath fd. False: this kernel can't do that. */
static bool lock_to(int source, uint64_t allowed)
{
	struct landlock_beneath rule = {.allowed = allowed, .fd = source};
	uint64_t handled = LANDLOCK_FIRST;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION_FLAG);
	struct stat st;
	bool ok;
	int fd;

	if (abi < 1 || fstat(source, &st) < 0)
		return false;
	if (abi >= 2)
		handled |= UINT64_C(1) << 13; /* refer */
	if (abi >= 3)
		handled |= UINT64_C(1) << 14; /* truncate */
	if (abi >= 5)
		handled |= UINT64_C(1) << 15; /* device ioctl */
	fd = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
	if (fd < 0)
		return false;
	/* a single file is open already: nothing else needs to be */
	ok = !S_ISDIR(st.st_mode) ||
	     syscall(SYS_landlock_add_rule, fd, LANDLOCK_BENEATH, &rule, 0) == 0;
	ok = ok && syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	close(fd);
	return ok;
}

int kt_harden_source(int in, int out, int source, bool *landlock, struct kt_err *err)
{
	const struct terms t = {.in = in, .out = out};
	int r = drop_common(err);

	if (r == 0)
		r = limit_resources(0, SOURCE_MEMORY, err);
	if (r < 0)
		return r;
	*landlock = lock_to(source, LANDLOCK_READ_FILE | LANDLOCK_READ_DIR);
	return load_filter(SCMP_ACT_KILL_PROCESS, allow_for_source, &t, err);
}

/* -- reading an iPhone ------------------------------------------------------------------------ */

#define IPHONE_MEMORY ((rlim_t)1 << 30)
#define IPHONE_FILE   ((rlim_t)9 << 30) /* Manifest.db, encrypted, without a name */
#define FAMILIES      64u

/* A call with these first arguments; any other is answered with EACCES. */
static int allow_first(scmp_filter_ctx f, int call, scmp_datum_t only)
{
	int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 1, SCMP_A0(SCMP_CMP_EQ, only));

	return r < 0 ? r
		     : seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), call, 1,
					SCMP_A0(SCMP_CMP_NE, only));
}

static int allow_sockets(scmp_filter_ctx f, bool loopback)
{
	int r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
				 SCMP_A0(SCMP_CMP_GE, FAMILIES));

	for (unsigned d = 0; r == 0 && d < FAMILIES; d++) {
		bool ok = d == AF_UNIX || (loopback && (d == AF_INET || d == AF_INET6));

		r = seccomp_rule_add(f, ok ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES),
				     SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, d));
	}
	return r;
}

static int allow_for_iphone(scmp_filter_ctx f, const struct terms *t)
{
	static const int more[] = {
		SCMP_SYS(read),	      SCMP_SYS(write),	     SCMP_SYS(writev),
		SCMP_SYS(connect),    SCMP_SYS(sendto),	     SCMP_SYS(recvfrom),
		SCMP_SYS(sendmsg),    SCMP_SYS(recvmsg),     SCMP_SYS(setsockopt),
		SCMP_SYS(getsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
		SCMP_SYS(shutdown),   SCMP_SYS(select),	     SCMP_SYS(pselect6),
		SCMP_SYS(fcntl),      SCMP_SYS(fstatfs),     SCMP_SYS(stat),
	};
	int r = allow_calls(f, plain, sizeof(plain) / sizeof(plain[0]));

	if (r == 0)
		r = allow_calls(f, more, sizeof(more) / sizeof(more[0]));
	if (r == 0)
		r = allow_sockets(f, t->loopback);
	/* the temporary file, and no other */
	if (r == 0)
		r = allow_first(f, SCMP_SYS(openat), (scmp_datum_t)t->case_fd);
	if (r == 0)
		r = allow_first(f, SCMP_SYS(unlinkat), (scmp_datum_t)t->case_fd);
	return r == 0 ? allow_memory(f) : r;
}

int kt_harden_iphone(int case_fd, bool loopback, bool *landlock, struct kt_err *err)
{
	const struct terms t = {.case_fd = case_fd, .loopback = loopback};
	int r = limit_resources(IPHONE_FILE, IPHONE_MEMORY, err);

	if (r < 0)
		return r;
	*landlock = lock_to(case_fd, LANDLOCK_READ_FILE | LANDLOCK_WRITE_FILE |
					     LANDLOCK_REMOVE_FILE | LANDLOCK_MAKE_REG);
	return load_filter(SCMP_ACT_KILL_PROCESS, allow_for_iphone, &t, err);
}
