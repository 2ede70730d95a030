/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/verify/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"

/* Calls that are harmless whatever their arguments, each with who makes it. */
static const int plain[] = {
	SCMP_SYS(read),
	SCMP_SYS(pread64), /* packages */
	SCMP_SYS(lseek),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fadvise64),
	SCMP_SYS(close),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(brk), /* malloc */
	SCMP_SYS(madvise),
	SCMP_SYS(futex), /* locks of libcrypto */
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid), /* libcrypto's random pool */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static int add_rules(scmp_filter_ctx f)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]) && r == 0; i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, plain[i], 0);
	/* the result, to where it belongs */
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO && r == 0; fd++) {
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
				     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd));
		if (r == 0)
			r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(writev), 1,
					     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd));
	}
	/* memory, but no code */
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* stdio asks whether stdout is a terminal */
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				     SCMP_A1(SCMP_CMP_EQ, TCGETS));
	return r;
}

static int close_gates(struct kt_err *err)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = f == NULL ? -ENOMEM : add_rules(f);

	if (r == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	if (r < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "seccomp: %s", strerror(-r));
	return 0;
}

static int set_limits(struct kt_err *err)
{
	const struct rlimit zero = {0, 0};
	struct stat st;
	bool to_file = false;

	/* a result may be redirected into a file; FSIZE 0 would cut it off */
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
			to_file = true;
	if (setrlimit(RLIMIT_CORE, &zero) < 0 || (!to_file && setrlimit(RLIMIT_FSIZE, &zero) < 0) ||
	    setrlimit(RLIMIT_NOFILE, &zero) < 0 || setrlimit(RLIMIT_NPROC, &zero) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "rlimit: %s", strerror(errno));
	return 0;
}

int kt_verify_sandbox(struct kt_err *err)
{
	int r;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "prctl: %s", strerror(errno));
	r = set_limits(err);
	return r < 0 ? r : close_gates(err);
}
