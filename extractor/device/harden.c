/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/device/harden.h"

#include "core/err.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
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

/* Local and netlink sockets alone: udev's news and the USB test bed come that way. */
static int forbid_network(scmp_filter_ctx f)
{
	int r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
				 SCMP_A0(SCMP_CMP_GT, AF_NETLINK));

	for (unsigned d = 0; r == 0 && d < AF_NETLINK; d++)
		if (d != AF_UNIX)
			r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
					     SCMP_A0(SCMP_CMP_EQ, d));
	return r;
}

static int load_filter(struct kt_err *err)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int r;

	if (f == NULL)
		return KT_FAIL(err, KT_E_INTERNAL, "seccomp: no memory");
	r = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = forbid_calls(f);
	if (r == 0)
		r = forbid_fork(f);
	if (r == 0)
		r = forbid_network(f);
	if (r == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	if (r < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "seccomp: %s", strerror(-r));
	return 0;
}

int kt_harden(struct kt_err *err)
{
	struct rlimit none = {0, 0};
	pid_t parent = getppid();

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "prctl: %s", strerror(errno));
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return KT_FAIL(err, KT_E_INTERNAL, "signal: %s", strerror(errno));
	/* the parent may have ended before it was tied to us */
	if (getppid() != parent)
		return KT_FAIL(err, KT_E_INTERNAL, "the parent is gone");
	return load_filter(err);
}
