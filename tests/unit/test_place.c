/* SPDX-License-Identifier: EUPL-1.2 */
/* A package's place in a folder: held by one process, given up by a dead one, never written over. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/io.h"
#include "reports/package/place.h"

static char top[64];
static int dir = -1;

static int make_top(void **state)
{
	(void)state;
	snprintf(top, sizeof(top), "/tmp/keten-place-XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	dir = kt_dir_open(AT_FDCWD, top, false, NULL);
	return dir < 0 ? -1 : 0;
}

static int drop_top(void **state)
{
	(void)state;
	kt_close_fd(&dir);
	kt_dir_remove_files(AT_FDCWD, top);
	return 0;
}

/* A file of somebody else: never one that was there. */
static void put(const char *name, const char *text)
{
	KT_AUTO_FD fd = -1;

	unlinkat(dir, name, 0);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(kt_write_full(fd, text, strlen(text), NULL), 0);
}

static bool holds(const char *name, const char *text)
{
	struct kt_buf b;
	bool same;

	kt_buf_init(&b, 0);
	same = kt_file_read(dir, name, 4096, &b, NULL) == 0 && strcmp(kt_buf_cstr(&b), text) == 0;
	kt_buf_free(&b);
	return same;
}

static bool there(const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int take(uint64_t from, const char *envelope, struct kt_place *p)
{
	return kt_place_take(dir, "M-1", KT_PT_ACQUISITION, from, envelope,
			     envelope != NULL ? strlen(envelope) : 0, p, NULL);
}

static void writes(const struct kt_place *p, const char *text)
{
	assert_int_equal(kt_write_full(p->fd, text, strlen(text), NULL), 0);
}

static void a_place_is_published(void **state)
{
	struct kt_place p, q;

	(void)state;
	assert_int_equal(take(1, NULL, &p), 0);
	assert_string_equal(p.name, "KETEN-M-1-1.asice");
	assert_int_equal(take(1, NULL, &q), 0); /* while the first is held */
	assert_int_equal(q.number, 2);
	writes(&p, "one");
	assert_false(there(p.name));
	assert_int_equal(kt_place_publish(&p, NULL), 0);
	kt_place_leave(&p);
	kt_place_leave(&q);
	assert_true(holds("KETEN-M-1-1.asice", "one"));
	assert_false(there("KETEN-M-1-1.asice.tmp") || there("KETEN-M-1-2.asice.tmp"));
	assert_int_equal(take(1, NULL, &p), 0);
	assert_int_equal(p.number, 2);
	kt_place_leave(&p);
	kt_place_leave(&p); /* twice does no harm */
	assert_int_equal(kt_place_take(dir, "a/b", KT_PT_COPY, 1, NULL, 0, &p, NULL), KT_E_USAGE);
	kt_place_leave(&p);
}

static void nothing_is_written_over(void **state)
{
	struct kt_place p;

	(void)state;
	assert_int_equal(take(1, NULL, &p), 0);
	writes(&p, "ours");
	put(p.name, "theirs"); /* by somebody who takes no places */
	assert_int_equal(kt_place_publish(&p, NULL), KT_E_USAGE);
	kt_place_leave(&p);
	assert_true(holds("KETEN-M-1-1.asice", "theirs"));
	assert_false(there("KETEN-M-1-1.asice.tmp"));
	assert_int_equal(take(1, NULL, &p), 0);
	put("KETEN-M-1-2.asice.tmp", "theirs"); /* in place of ours */
	assert_int_equal(kt_place_publish(&p, NULL), KT_E_STORAGE);
	kt_place_leave(&p);
	assert_false(there("KETEN-M-1-2.asice"));
	assert_true(holds("KETEN-M-1-2.asice.tmp", "theirs"));
}

/* A's package was moved away and its envelope stayed: B's must not take its place. */
static void envelopes_stay(void **state)
{
	struct kt_place p;

	(void)state;
	put("KETEN-M-1-1.release.p7m", "of A");
	assert_int_equal(take(1, "of B", &p), 0);
	assert_int_equal(p.number, 2);
	assert_int_equal(kt_place_put_envelope(&p, "of B", 4, NULL), 0);
	assert_true(holds("KETEN-M-1-2.release.p7m", "of B"));
	kt_place_leave(&p); /* no package came of it */
	assert_false(there("KETEN-M-1-2.release.p7m"));
	assert_true(holds("KETEN-M-1-1.release.p7m", "of A"));
	assert_int_equal(take(1, "of A", &p), 0);
	assert_int_equal(p.number, 1);
	assert_int_equal(kt_place_put_envelope(&p, "of A", 4, NULL), 0);
	kt_place_leave(&p); /* it was there before */
	assert_true(there("KETEN-M-1-1.release.p7m"));
	assert_int_equal(take(1, NULL, &p), 0);
	assert_int_equal(p.number, 2);
	kt_place_leave(&p);
	/* put there while the place is held: not replaced either */
	assert_int_equal(take(2, "of B", &p), 0);
	put("KETEN-M-1-2.release.p7m", "of C");
	assert_int_equal(kt_place_put_envelope(&p, "of B", 4, NULL), KT_E_USAGE);
	kt_place_leave(&p);
	assert_true(holds("KETEN-M-1-2.release.p7m", "of C"));
}

/* What an attempt left that was cut off under a number that its log has used. */
static void leftovers_go(void **state)
{
	struct kt_place p;

	(void)state;
	put("KETEN-M-1-1.asice", "whole");
	put("KETEN-M-1-1.release.p7m", "of A");
	put("KETEN-M-1-2.asice.tmp", "half");
	put("KETEN-M-1-2.release.p7m", "of A");
	put("KETEN-M-1-3.asice.tmp", "half");
	put("KETEN-M-1-3.release.p7m", "of C");
	put("KETEN-M-1-4.release.p7m", "of A"); /* its package was moved away */
	assert_int_equal(take(5, "of A", &p), 0);
	assert_int_equal(p.number, 5);
	kt_place_leave(&p);
	assert_false(there("KETEN-M-1-2.asice.tmp") || there("KETEN-M-1-2.release.p7m"));
	assert_true(there("KETEN-M-1-1.asice") && there("KETEN-M-1-1.release.p7m"));
	assert_true(there("KETEN-M-1-3.asice.tmp") && there("KETEN-M-1-3.release.p7m"));
	assert_true(there("KETEN-M-1-4.release.p7m"));
}

/* A link that a crash left between two names of one file: emptying it would empty the package. */
static void a_second_name_is_let_be(void **state)
{
	struct kt_place p;

	(void)state;
	put("KETEN-M-1-1.asice", "whole");
	assert_int_equal(linkat(dir, "KETEN-M-1-1.asice", dir, "KETEN-M-1-1.asice.tmp", 0), 0);
	assert_int_equal(renameat(dir, "KETEN-M-1-1.asice", dir, "elsewhere"), 0);
	assert_int_equal(take(1, NULL, &p), 0);
	assert_int_equal(p.number, 1);
	writes(&p, "new");
	assert_int_equal(kt_place_publish(&p, NULL), 0);
	kt_place_leave(&p);
	assert_true(holds("elsewhere", "whole") && holds("KETEN-M-1-1.asice", "new"));
}

#define PROCESSES 6
#define TIMES	  60

/* Takes, writes slowly, and publishes, gives up, or ends as a crash would. Exit status: published. */
static int worker(unsigned me)
{
	struct kt_place p;
	unsigned done = 0;
	char text[64];

	for (unsigned i = 0; i < TIMES; i++) {
		if (take(1, NULL, &p) < 0)
			return 255;
		snprintf(text, sizeof(text), "%u-%u-whole", me, i);
		for (const char *c = text; *c != '\0'; c++)
			if (kt_write_full(p.fd, c, 1, NULL) < 0)
				return 255;
		if (i % 5 == me % 5) {
			kt_close_fd(&p.fd); /* dead: the lock is gone, the file stays */
			continue;
		}
		if (i % 7 != 3) {
			if (kt_place_publish(&p, NULL) < 0)
				return 255;
			done++;
		}
		kt_place_leave(&p);
	}
	return (int)done;
}

static unsigned look(bool *whole)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(copy);
	const struct dirent *e;
	unsigned n = 0;

	*whole = true;
	while ((e = readdir(d)) != NULL) {
		struct kt_buf b;
		const char *dot = strrchr(e->d_name, '.');

		if (e->d_name[0] == '.')
			continue;
		n++;
		kt_buf_init(&b, 0);
		*whole &= strcmp(dot, ".asice") == 0 &&
			  kt_file_read(dir, e->d_name, 100, &b, NULL) == 0 &&
			  strstr(kt_buf_cstr(&b), "-whole") != NULL && b.len < 20;
		kt_buf_free(&b);
	}
	closedir(d);
	return n;
}

static void many_at_once(void **state)
{
	pid_t pid[PROCESSES];
	unsigned published = 0;
	struct kt_place p;
	bool whole;
	int status;

	(void)state;
	for (unsigned i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(worker(i));
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 255);
		published += (unsigned)WEXITSTATUS(status);
	}
	assert_true(published > PROCESSES * TIMES / 2);
	assert_int_equal(take(PROCESSES * TIMES + 1, NULL, &p), 0); /* sweeps */
	kt_place_leave(&p);
	assert_int_equal(look(&whole), published);
	assert_true(whole);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, 0), 0);
	return st.st_mode & 07777;
}

/* For its owner alone, but in a folder that was set up to be shared. */
static void shared_folders(void **state)
{
	static const struct {
		mode_t folder, file;
	} cases[] = {{0700, 0600},  {0755, 0600},  {0770, 0600},
		     {02770, 0640}, {02750, 0640}, {02700, 0600}};
	struct kt_place p;

	(void)state;
	umask(077);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(fchmod(dir, cases[i].folder), 0);
		assert_int_equal(take(1, "e", &p), 0);
		assert_int_equal(p.number, i + 1);
		assert_int_equal(kt_place_put_envelope(&p, "e", 1, NULL), 0);
		assert_int_equal(kt_place_publish(&p, NULL), 0);
		kt_place_leave(&p);
		assert_int_equal(mode_of(p.name), cases[i].file);
		assert_int_equal(mode_of(p.envelope), cases[i].file);
	}
}

/* user::rwx, user:1234:r--, group::---, mask::r--, other::--- as the kernel keeps it. */
static void lists_of_access(void **state)
{
	static const unsigned char acl[] = {2,	 0,   0,   0,	1,   0,	   7,  0,   255, 255, 255,
					    255, 2,   0,   4,	0,   0xd2, 4,  0,   0,	 4,   0,
					    0,	 0,   255, 255, 255, 255,  16, 0,   4,	 0,   255,
					    255, 255, 255, 32,	0,   0,	   0,  255, 255, 255, 255};
	unsigned char got[64] = {0};
	struct kt_place p;
	ssize_t n;
	int fd;

	(void)state;
	if (fsetxattr(dir, "system.posix_acl_default", acl, sizeof(acl), 0) < 0) {
		print_message("             no lists of access on this file system\n");
		skip();
	}
	assert_int_equal(take(1, NULL, &p), 0);
	assert_int_equal(kt_place_publish(&p, NULL), 0);
	kt_place_leave(&p);
	fd = openat(dir, p.name, O_RDONLY | O_CLOEXEC);
	n = fgetxattr(fd, "system.posix_acl_access", got, sizeof(got));
	close(fd);
	assert_int_equal(n, sizeof(acl));
	assert_memory_equal(got + 12, acl + 12, 8); /* who was named */
	assert_memory_equal(got + 28, acl + 28, 8); /* and no mask that takes it away again */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_top, drop_top)
	const struct CMUnitTest tests[] = {
		T(a_place_is_published), T(nothing_is_written_over), T(envelopes_stay),
		T(leftovers_go),	 T(a_second_name_is_let_be), T(many_at_once),
		T(shared_folders),	 T(lists_of_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
