/* SPDX-License-Identifier: EUPL-1.2 */
/* The test starts itself: kt_spawn looks beside the running program, and that is where it lies. */
#include "core/err.h"
#include "core/io.h"
#include "core/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define REPORT_FD 5

/* -- what the started program says ------------------------------------------------------------ */

static bool is_null(int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat("/dev/null", &b) == 0 && a.st_rdev == b.st_rdev &&
	       S_ISCHR(a.st_mode);
}

/* "open:0n 1n 2n 5 env:0 leader:1 death:9 args:..." into REPORT_FD; n: it is /dev/null. */
static int report(int argc, char **argv)
{
	int death = 0, vars = 0;

	dprintf(REPORT_FD, "open:");
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			dprintf(REPORT_FD, "%d%s ", fd, is_null(fd) ? "n" : "");
	while (environ[vars] != NULL)
		vars++;
	prctl(PR_GET_PDEATHSIG, &death, 0, 0, 0);
	dprintf(REPORT_FD, "env:%d leader:%d death:%d args:", vars > 0, getsid(0) == getpid(),
		death);
	for (int i = 1; i < argc; i++)
		dprintf(REPORT_FD, "%s,", argv[i]);
	return 7;
}

/* Prints a letter into descriptors 3 and 4. */
static int letters(void)
{
	return write(3, "3", 1) == 1 && write(4, "4", 1) == 1 ? 0 : 1;
}

/* Starts a program that sleeps, says its pid and waits. */
static void parent_of_sleeper(void)
{
	static const char *const argv[] = {"test_spawn", "sleep", NULL};
	struct kt_spawn s;
	pid_t pid;

	kt_spawn_init(&s, "test_spawn", argv);
	pid = kt_spawn_start(&s, NULL);
	dprintf(REPORT_FD, "%d\n", (int)pid);
	for (;;)
		pause();
}

static int child_main(int argc, char **argv)
{
	if (strcmp(argv[1], "letters") == 0)
		return letters();
	if (strcmp(argv[1], "seven") == 0)
		return fcntl(7, F_GETFD) >= 0 ? 7 : 1;
	if (strcmp(argv[1], "sleep") == 0)
		for (;;)
			pause();
	if (strcmp(argv[1], "parent") == 0)
		parent_of_sleeper();
	return report(argc, argv);
}

/* -- tests ------------------------------------------------------------------------------------ */

static void run_report(struct kt_spawn *s, char out[1024])
{
	int p[2], status;
	size_t got;
	pid_t pid;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	s->fds[REPORT_FD] = p[1];
	pid = kt_spawn_start(s, NULL);
	assert_true(pid > 0);
	close(p[1]);
	memset(out, 0, 1024);
	assert_int_equal(kt_read_full(p[0], out, 1023, &got, NULL), 0);
	close(p[0]);
	status = kt_wait(pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void nothing_but_what_is_named(void **state)
{
	static const char *const argv[] = {"test_spawn", "report", "an arg", "", NULL};
	static const char *const only_seven[] = {"test_spawn", "seven", NULL};
	struct kt_spawn s;
	char out[1024];

	(void)state;
	/* open, inheritable, low and high */
	for (int fd = 20; fd < 30; fd++)
		assert_int_equal(dup2(0, fd), fd);
	assert_int_equal(dup2(0, 900), 900);
	kt_spawn_init(&s, "test_spawn", argv);
	run_report(&s, out);
	assert_string_equal(out, "open:0n 1n 2n 5 env:0 leader:0 death:9 args:report,an arg,,");
	s.keep_env = s.new_session = true;
	s.fds[2] = s.fds[7] = 20;
	run_report(&s, out);
	assert_non_null(strstr(out, " 5 7"));
	assert_non_null(strstr(out, "env:1 leader:1"));
	/* one high number alone, its source and all the lower ones free to be taken */
	kt_spawn_init(&s, "test_spawn", only_seven);
	s.fds[7] = 20;
	assert_int_equal(WEXITSTATUS(kt_wait(kt_spawn_start(&s, NULL))), 7);
	for (int fd = 20; fd < 30; fd++)
		close(fd);
	close(900);
}

/* The sources are the very numbers that others have to become. */
static void descriptors_can_change_places(void **state)
{
	static const char *const argv[] = {"test_spawn", "letters", NULL};
	int three[2], four[2], keep3, keep4;
	struct kt_spawn s;
	char c = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(three, O_CLOEXEC), 0);
	assert_int_equal(pipe2(four, O_CLOEXEC), 0);
	keep3 = fcntl(3, F_DUPFD_CLOEXEC, 50);
	keep4 = fcntl(4, F_DUPFD_CLOEXEC, 50);
	for (int i = 0; i < 2; i++) {
		three[i] = fcntl(three[i], F_DUPFD_CLOEXEC, 60);
		four[i] = fcntl(four[i], F_DUPFD_CLOEXEC, 60);
	}
	assert_int_equal(dup3(four[1], 3, O_CLOEXEC), 3);
	assert_int_equal(dup3(three[1], 4, O_CLOEXEC), 4);
	kt_spawn_init(&s, "test_spawn", argv);
	s.fds[3] = 4;
	s.fds[4] = 3;
	pid = kt_spawn_start(&s, NULL);
	assert_true(pid > 0);
	assert_int_equal(kt_wait(pid), 0);
	assert_int_equal(read(three[0], &c, 1), 1);
	assert_int_equal(c, '3');
	assert_int_equal(read(four[0], &c, 1), 1);
	assert_int_equal(c, '4');
	dup2(keep3, 3);
	dup2(keep4, 4);
}

static bool is_dead(pid_t pid)
{
	char path[64], text[512] = "";
	const char *behind;
	size_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	kt_read_full(fd, text, sizeof(text) - 1, &got, NULL);
	close(fd);
	behind = strrchr(text, ')');
	return behind == NULL || behind[2] == 'Z' || behind[2] == 'X';
}

static void children_die_with_their_parent(void **state)
{
	static const char *const argv[] = {"test_spawn", "parent", NULL};
	char out[32] = "";
	struct kt_spawn s;
	pid_t pid, sleeper;
	int p[2], tries;

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	kt_spawn_init(&s, "test_spawn", argv);
	s.fds[REPORT_FD] = p[1];
	pid = kt_spawn_start(&s, NULL);
	assert_true(pid > 0);
	close(p[1]);
	assert_true(read(p[0], out, sizeof(out) - 1) > 0);
	close(p[0]);
	sleeper = (pid_t)atoi(out);
	assert_true(sleeper > 1);
	assert_false(is_dead(sleeper));
	kill(pid, SIGKILL);
	kt_wait(pid);
	for (tries = 0; tries < 60000 && !is_dead(sleeper); tries++)
		usleep(1000);
	assert_true(is_dead(sleeper));
}

static void only_programs_beside_us(void **state)
{
	static const char *const argv[] = {"x", NULL};
	struct kt_err err = {0};
	char path[PATH_MAX];
	struct kt_spawn s;

	(void)state;
	kt_spawn_init(&s, "no-such-program", argv);
	assert_int_equal(kt_spawn_start(&s, &err), KT_E_INTERNAL);
	assert_non_null(strstr(kt_err_text(&err), "not installed"));
	assert_int_equal(kt_program_path("test_spawn", path, sizeof(path), NULL), 0);
	assert_int_equal(path[0], '/');
	assert_int_equal(kt_program_path("test_spawn", path, 10, NULL), KT_E_INTERNAL);
	/* PATH plays no part */
	setenv("PATH", "/bin:/usr/bin", 1);
	kt_spawn_init(&s, "sh", argv);
	assert_int_equal(kt_spawn_start(&s, NULL), KT_E_INTERNAL);
}

/* In a child of ours: hardening can't be taken back. */
static void hardening_holds(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		struct rlimit l;
		int bad = 0;

		setenv("OPENSSL_CONF", "/etc/passwd", 1);
		close(0);
		close(2);
		umask(022);
		kt_process_harden();
		bad |= getrlimit(RLIMIT_CORE, &l) != 0 || l.rlim_max != 0 ? 1 : 0;
		bad |= prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 ? 2 : 0;
		bad |= prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ? 4 : 0;
		bad |= !is_null(0) || !is_null(2) ? 8 : 0;
		bad |= strcmp(getenv("OPENSSL_CONF"), "/dev/null") != 0 ? 16 : 0;
		bad |= signal(SIGPIPE, SIG_DFL) != SIG_IGN ? 32 : 0;
		bad |= strcmp(setlocale(LC_NUMERIC, NULL), "C") != 0 ? 64 : 0;
		bad |= umask(0) != 077 ? 128 : 0;
		_exit(bad);
	}
	status = kt_wait(pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void closes_from(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		dup2(0, 300);
		dup2(0, 10);
		dup2(0, 9);
		kt_close_from(10);
		_exit(fcntl(9, F_GETFD) < 0 || fcntl(10, F_GETFD) >= 0 || fcntl(300, F_GETFD) >= 0);
	}
	status = kt_wait(pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(kt_wait(pid), -1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_but_what_is_named),
		cmocka_unit_test(descriptors_can_change_places),
		cmocka_unit_test(children_die_with_their_parent),
		cmocka_unit_test(only_programs_beside_us),
		cmocka_unit_test(hardening_holds),
		cmocka_unit_test(closes_from),
	};

	if (argc > 1)
		return child_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
