/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/spawn.h"
#include "core/err.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

void kt_process_harden(void)
{
	struct rlimit none = {0, 0};
	int fd;

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	setlocale(LC_NUMERIC, "C");
	setenv("OPENSSL_CONF", "/dev/null", 1);
	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

void kt_close_from(int first)
{
	long max;

	if (syscall(SYS_close_range, (unsigned)first, ~0u, 0) == 0)
		return;
	max = sysconf(_SC_OPEN_MAX);
	if (max < 0 || max > 65536)
		max = 65536;
	for (int fd = first; fd < max; fd++)
		close(fd);
}

int kt_program_path(const char *name, char *out, size_t n, struct kt_err *err)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (len <= 0)
		return KT_FAIL(err, KT_E_INTERNAL, "can't find our own folder");
	self[len] = '\0';
	slash = strrchr(self, '/');
	if (slash == NULL)
		return KT_FAIL(err, KT_E_INTERNAL, "can't find our own folder");
	*slash = '\0';
	if ((size_t)snprintf(out, n, "%s/%s", self, name) >= n)
		return KT_FAIL(err, KT_E_INTERNAL, "path of %s is too long", name);
	if (access(out, X_OK) != 0)
		return KT_FAIL(err, KT_E_INTERNAL, "%s is not installed beside this program", name);
	return 0;
}

void kt_spawn_init(struct kt_spawn *s, const char *program, const char *const *argv)
{
	memset(s, 0, sizeof(*s));
	s->program = program;
	s->argv = argv;
	for (int i = 0; i < KT_SPAWN_FDS; i++)
		s->fds[i] = -1;
}

/* In the child: moves the named descriptors to their numbers; all others are closed. */
static void child_fds(const struct kt_spawn *s)
{
	int high[KT_SPAWN_FDS];

	/* first out of the way, so that no dup2() hits a source that is still needed */
	for (int i = 0; i < KT_SPAWN_FDS; i++) {
		high[i] = s->fds[i] >= 0 ? fcntl(s->fds[i], F_DUPFD, 64) : -1;
		if (s->fds[i] >= 0 && high[i] < 0)
			_exit(126);
	}
	for (int i = 0; i < KT_SPAWN_FDS; i++) {
		if (high[i] >= 0) {
			if (dup2(high[i], i) < 0)
				_exit(126);
		} else if (i <= 2 && !s->keep_tty) {
			int null = open("/dev/null", O_RDWR);
			if (null < 0 || (null != i && dup2(null, i) < 0))
				_exit(126);
			if (null != i)
				close(null);
		} else if (i > 2) {
			close(i);
		}
	}
	kt_close_from(KT_SPAWN_FDS);
}

pid_t kt_spawn_start(const struct kt_spawn *s, struct kt_err *err)
{
	static char *const no_env[] = {NULL};
	char path[PATH_MAX];
	pid_t parent = getpid(), pid;
	int r = kt_program_path(s->program, path, sizeof(path), err);

	if (r < 0)
		return r;
	pid = fork();
	if (pid < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(126);
	if (s->new_session)
		setsid();
	child_fds(s);
	execve(path, (char *const *)(uintptr_t)s->argv, s->keep_env ? environ : no_env);
	_exit(127);
}

int kt_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}
