/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/err.h"
#include "core/register.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char top[64], path[100];

static int make_top(void **state)
{
	(void)state;
	snprintf(top, sizeof(top), "/tmp/kt-test-XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/a/b/register.sqlite", top);
	return setenv("KETEN_REGISTER", path, 1);
}

static int drop_one(const char *p, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(p);
}

static int drop_top(void **state)
{
	(void)state;
	return nftw(top, drop_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int64_t sessions(const char *id)
{
	int64_t n = -1;

	assert_int_equal(kt_register_sessions(id, &n, NULL), 0);
	return n;
}

static void sessions_are_used_up(void **state)
{
	struct kt_err err = {0};

	(void)state;
	assert_int_equal(sessions("M-1"), 0);
	assert_int_equal(kt_register_use("M-1", "sha", "case-a", 2, NULL), 0);
	assert_int_equal(kt_register_use("M-1", "sha", "case-b", 2, NULL), 0);
	assert_int_equal(sessions("M-1"), 2);
	assert_int_equal(kt_register_use("M-1", "sha", "case-c", 2, &err), KT_E_REFUSED);
	assert_non_null(strstr(kt_err_text(&err), "sessions-used-up"));
	assert_int_equal(sessions("M-1"), 2);
	/* another mandate has its own */
	assert_int_equal(kt_register_use("M-2", "sha", "case-d", 1, NULL), 0);
	assert_int_equal(sessions("M-2"), 1);
	assert_int_equal(kt_register_use("M-3", "sha", "case-e", 0, NULL), KT_E_REFUSED);
}

/* Killed between the register and the log: the same case comes again and uses no second session. */
static void a_case_uses_one_session(void **state)
{
	(void)state;
	assert_int_equal(kt_register_use("M-1", "sha", "case-a", 1, NULL), 0);
	assert_int_equal(kt_register_use("M-1", "sha", "case-a", 1, NULL), 0);
	assert_int_equal(sessions("M-1"), 1);
	/* under another mandate it is no known case */
	assert_int_equal(kt_register_use("M-2", "sha", "case-a", 5, NULL), KT_E_STORAGE);
	assert_int_equal(sessions("M-2"), 0);
}

static void names_are_only_names(void **state)
{
	(void)state;
	assert_int_equal(kt_register_use("M'); DROP TABLE session;--", "s", "c'1", 1, NULL), 0);
	assert_int_equal(sessions("M'); DROP TABLE session;--"), 1);
	assert_int_equal(sessions("M"), 0);
}

/* Many desks' clicks at once: never more than the mandate allows. */
static void never_too_many_at_once(void **state)
{
	enum { PROCESSES = 12, ALLOWED = 5 };
	int used = 0, refused = 0;
	pid_t pids[PROCESSES];

	(void)state;
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			char id[32];

			snprintf(id, sizeof(id), "case-%d", i);
			_exit(-kt_register_use("M-1", "sha", id, ALLOWED, NULL));
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		used += WEXITSTATUS(status) == 0;
		refused += WEXITSTATUS(status) == -KT_E_REFUSED;
	}
	assert_int_equal(used, ALLOWED);
	assert_int_equal(refused, PROCESSES - ALLOWED);
	assert_int_equal(sessions("M-1"), ALLOWED);
}

static void a_register_that_cannot_be_used_stops_the_session(void **state)
{
	int64_t n;
	FILE *f;

	(void)state;
	setenv("KETEN_REGISTER", top, 1); /* a folder */
	assert_int_equal(kt_register_use("M", "s", "c", 1, NULL), KT_E_STORAGE);
	assert_int_equal(kt_register_sessions("M", &n, NULL), KT_E_STORAGE);
	snprintf(path, sizeof(path), "%s/noise", top);
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 5000; i++)
		fputs("this is no database ", f);
	fclose(f);
	setenv("KETEN_REGISTER", path, 1);
	assert_int_equal(kt_register_use("M", "s", "c", 1, NULL), KT_E_STORAGE);
}

static void without_a_name_it_lies_in_the_state_folder(void **state)
{
	char want[200];

	(void)state;
	if (access("/var/lib/keten", W_OK) == 0)
		skip(); /* this desk has a register of its own, which tests keep away from */
	unsetenv("KETEN_REGISTER");
	setenv("XDG_STATE_HOME", top, 1);
	assert_int_equal(kt_register_use("M", "s", "c", 1, NULL), 0);
	snprintf(want, sizeof(want), "%s/keten/register.sqlite", top);
	assert_int_equal(access(want, F_OK), 0);
	setenv("XDG_STATE_HOME", "relative", 1);
	setenv("HOME", top, 1);
	assert_int_equal(kt_register_use("M", "s", "c", 1, NULL), 0);
	snprintf(want, sizeof(want), "%s/.local/state/keten/register.sqlite", top);
	assert_int_equal(access(want, F_OK), 0);
	unsetenv("HOME");
	unsetenv("XDG_STATE_HOME");
	assert_int_equal(kt_register_use("M", "s", "c", 1, NULL), KT_E_STORAGE);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_top, drop_top)
	const struct CMUnitTest tests[] = {
		T(sessions_are_used_up),
		T(a_case_uses_one_session),
		T(names_are_only_names),
		T(never_too_many_at_once),
		T(a_register_that_cannot_be_used_stops_the_session),
		T(without_a_name_it_lies_in_the_state_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
