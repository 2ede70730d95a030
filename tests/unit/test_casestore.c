/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/buf.h"
#include "core/casestore.h"
#include "core/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/unit/case_dir.h"

static void put_file(const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", case_path, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void a_new_case_can_be_opened_again(void **state)
{
	char id[KT_CASE_ID];
	struct kt_case c;
	struct stat st;

	(void)state;
	assert_int_equal(kt_case_open(case_path, NULL, &c, NULL), KT_E_ABSENT);
	assert_int_equal(kt_case_open(case_path, &case_new, &c, NULL), 0);
	assert_true(c.created && c.simulated);
	assert_int_equal(strlen(c.id), 32);
	memcpy(id, c.id, sizeof(id));
	assert_int_equal(fstat(c.fd, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	kt_case_close(&c);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(kt_case_open(case_path, again ? &case_new : NULL, &c, NULL), 0);
		assert_false(c.created);
		assert_string_equal(c.id, id);
		assert_string_equal(c.device, "SIM0001");
		assert_string_equal(c.mandate_id, "M-1");
		assert_string_equal(c.mandate_sha256, case_new.mandate_sha256);
		assert_true(c.simulated && c.created_us > 0);
		kt_case_close(&c);
	}
}

/* In another process, as it would be. */
static int open_elsewhere(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct kt_case c;

		_exit(-kt_case_open(case_path, &case_new, &c, NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void one_process_at_a_time(void **state)
{
	struct kt_case c;

	(void)state;
	assert_int_equal(kt_case_open(case_path, &case_new, &c, NULL), 0);
	assert_int_equal(open_elsewhere(), KT_E_REFUSED);
	kt_case_close(&c);
	assert_int_equal(open_elsewhere(), 0);
}

static void other_peoples_folders_are_left_alone(void **state)
{
	struct kt_case c;
	char path[200];

	(void)state;
	assert_int_equal(mkdir(case_path, 0700), 0);
	put_file("holiday.jpg", "x");
	assert_int_equal(kt_case_open(case_path, &case_new, &c, NULL), KT_E_USAGE);
	snprintf(path, sizeof(path), "%s/case.json", case_path);
	assert_int_not_equal(access(path, F_OK), 0);
	snprintf(path, sizeof(path), "%s/lock", case_path);
	assert_int_not_equal(access(path, F_OK), 0);
}

/* Killed while the case was made: what lies there is ours, and no case yet. */
static void an_unfinished_beginning_is_begun_again(void **state)
{
	struct kt_case c;

	(void)state;
	assert_int_equal(mkdir(case_path, 0700), 0);
	put_file("lock", "");
	put_file("mandate.json", "{}");
	put_file("case.json.tmp", "{\"case_");
	assert_int_equal(kt_case_open(case_path, &case_new, &c, NULL), 0);
	assert_true(c.created);
	kt_case_close(&c);
}

static void a_damaged_case_is_no_case(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"{\"format\":\"keten-case-2\"}",
		"{\"case_id\":\"0123456789abcdef0123456789abcdef0\",\"created\":\"2026-01-01T00:00:"
		"00Z\","
		"\"device\":\"d\",\"device_kind\":\"android\",\"format\":\"keten-case-1\","
		"\"mandate_id\":\"m\",\"mandate_sha256\":\"s\",\"simulated\":false}",
		"{\"case_id\":\"0123456789abcdef0123456789abcdef\",\"created\":\"today\","
		"\"device\":\"d\",\"device_kind\":\"android\",\"format\":\"keten-case-1\","
		"\"mandate_id\":\"m\",\"mandate_sha256\":\"s\",\"simulated\":false}",
	};

	(void)state;
	assert_int_equal(mkdir(case_path, 0700), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kt_case c;
		int r;

		put_file("case.json", bad[i]);
		r = kt_case_open(case_path, &case_new, &c, NULL);
		if (r != KT_E_INVALID && r != KT_E_FORMAT)
			fail_msg("%d for %s", r, bad[i]);
		assert_int_equal(c.fd, -1);
	}
}

/* A case that someone prepared must not lead our files elsewhere. */
static void links_are_not_followed(void **state)
{
	char away[80], link[200];
	struct kt_case c;

	(void)state;
	snprintf(away, sizeof(away), "%s/away", top);
	assert_int_equal(mkdir(away, 0700), 0);
	assert_int_equal(mkdir(case_path, 0700), 0);
	snprintf(link, sizeof(link), "%s/objects", case_path);
	assert_int_equal(symlink(away, link), 0);
	assert_int_equal(kt_case_open(case_path, &case_new, &c, NULL), KT_E_STORAGE);
	unlink(link);
	snprintf(link, sizeof(link), "%s/away/file", top);
	assert_int_not_equal(access(link, F_OK), 0);
	put_file("x", "");
	snprintf(away, sizeof(away), "%s/case/f.tmp", top);
	assert_int_equal(symlink(link, away), 0);
	assert_int_equal(kt_case_open(case_path, NULL, &c, NULL), 0);
	assert_int_equal(kt_file_write(c.fd, "f", "x", 1, 0600, NULL), KT_E_STORAGE);
	assert_int_not_equal(access(link, F_OK), 0);
	kt_case_close(&c);
}

static void objects_are_hashed_as_they_come(void **state)
{
	static uint8_t data[300000];
	char sha[KT_SHA256_HEX], want[KT_SHA256_HEX];
	uint8_t d[KT_SHA256_LEN];
	struct kt_case c;
	struct kt_sink s;
	struct kt_buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 2654435761u >> 13);
	assert_int_equal(EVP_Digest(data, sizeof(data), d, NULL, EVP_sha256(), NULL), 1);
	kt_hex(d, sizeof(d), want);
	assert_int_equal(kt_case_open(case_path, &case_new, &c, NULL), 0);
	assert_int_equal(kt_sink_open(&c, &s, NULL), 0);
	assert_string_equal(s.object, "o000001");
	for (size_t at = 0, n = 1; at < sizeof(data); at += n, n = n * 3 % 70000 + 1) {
		if (n > sizeof(data) - at)
			n = sizeof(data) - at;
		assert_int_equal(kt_sink_write(&s, data + at, n, NULL), 0);
	}
	assert_int_equal(s.bytes, sizeof(data));
	assert_int_equal(kt_sink_close(&s, sha, NULL), 0);
	assert_string_equal(sha, want);
	kt_buf_init(&b, 0);
	assert_int_equal(kt_file_read(c.objects_fd, "o000001", 1 << 20, &b, NULL), 0);
	assert_int_equal(b.len, sizeof(data));
	assert_memory_equal(b.p, data, sizeof(data));
	kt_buf_free(&b);
	assert_int_equal(kt_case_sync(&c, NULL), 0);
	kt_case_close(&c);
}

static void dropped_objects_leave_nothing(void **state)
{
	char sha[KT_SHA256_HEX], name[KT_OBJECT];
	struct kt_case c;
	struct kt_sink s;

	(void)state;
	assert_int_equal(kt_case_open(case_path, &case_new, &c, NULL), 0);
	put_object(&c, "a", 1, name, sha);
	assert_int_equal(kt_sink_open(&c, &s, NULL), 0);
	assert_string_equal(s.object, "o000002");
	kt_sink_write(&s, "secret", 6, NULL);
	kt_sink_drop(&c, &s);
	kt_sink_drop(&c, &s);
	assert_int_not_equal(faccessat(c.objects_fd, "o000002", F_OK, 0), 0);
	put_object(&c, "b", 1, name, sha);
	assert_string_equal(name, "o000002");
	/* what is there is never written over */
	c.next_object = 1;
	assert_int_equal(kt_sink_open(&c, &s, NULL), KT_E_STORAGE);
	kt_case_close(&c);
}

static size_t count_objects(const struct kt_case *c)
{
	int copy = openat(c->objects_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(copy);
	size_t n = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void hold(struct kt_case *c, struct kt_sink *s, const char *text, char sha[KT_SHA256_HEX])
{
	assert_int_equal(kt_sink_hold(c, s, NULL), 0);
	assert_int_equal(kt_sink_write(s, text, strlen(text), NULL), 0);
	assert_int_equal(kt_sink_finish(s, sha, NULL), 0);
}

static void holds_have_no_name_until_kept(struct kt_case *c, size_t names)
{
	char sha[KT_SHA256_HEX], want[KT_SHA256_HEX], text[8];
	struct kt_sink a, b;
	uint64_t next = c->next_object;
	size_t before = count_objects(c);
	struct kt_buf got;
	int fd;

	hold(c, &a, "first", sha);
	hold(c, &b, "second", sha);
	assert_int_equal(kt_sha256_hex("second", 6, want, NULL), 0);
	assert_string_equal(sha, want);
	assert_int_equal(count_objects(c), before + names);
	assert_int_equal(c->next_object, next);
	fd = kt_sink_reread(c, &b, NULL);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 6);
	assert_memory_equal(text, "second", 6);
	close(fd);
	kt_sink_drop(c, &a);
	kt_sink_drop(c, &a);
	assert_int_equal(kt_sink_keep(c, &b, NULL), 0);
	assert_int_equal(c->next_object, next + 1);
	assert_int_equal(count_objects(c), before + 1);
	kt_buf_init(&got, 0);
	assert_int_equal(kt_file_read(c->objects_fd, b.object, 100, &got, NULL), 0);
	assert_int_equal(got.len, 6);
	kt_buf_free(&got);
	kt_sink_drop(c, &b); /* it is an object now */
	assert_int_equal(count_objects(c), before + 1);
}

static void held_objects_are_nothing_yet(void **state)
{
	char sha[KT_SHA256_HEX];
	struct kt_case c;
	struct kt_sink s;

	(void)state;
	assert_int_equal(kt_case_open(case_path, &case_new, &c, NULL), 0);
	holds_have_no_name_until_kept(&c, 0);
	assert_int_equal(c.unnamed, 0);
	c.unnamed = 512; /* as many as may go without a name */
	holds_have_no_name_until_kept(&c, 2);
	assert_int_equal(c.unnamed, 512);
	/* nothing that exists is written over */
	c.unnamed = 0;
	c.next_object = 1;
	hold(&c, &s, "x", sha);
	assert_int_equal(kt_sink_keep(&c, &s, NULL), KT_E_STORAGE);
	kt_sink_drop(&c, &s);
	kt_case_close(&c);
}

static void what_was_held_goes_after_a_crash(void **state)
{
	char listed[1][KT_OBJECT] = {"o000001"}, sha[KT_SHA256_HEX], name[KT_OBJECT];
	uint64_t dropped;
	struct kt_case c;
	struct kt_sink s;

	(void)state;
	assert_int_equal(kt_case_open(case_path, &case_new, &c, NULL), 0);
	put_object(&c, "x", 1, name, sha);
	c.unnamed = 512;
	hold(&c, &s, "never confirmed", sha);
	assert_int_equal(count_objects(&c), 2);
	assert_int_equal(kt_case_drop_unlisted(&c, listed, 1, &dropped, NULL), 0);
	assert_int_equal(dropped, 1);
	assert_int_equal(count_objects(&c), 1);
	kt_case_close(&c);
}

static void what_no_index_lists_goes(void **state)
{
	char listed[4][KT_OBJECT] = {"o000007", "o000002"}, sha[KT_SHA256_HEX], name[KT_OBJECT];
	uint64_t dropped;
	struct kt_case c;

	(void)state;
	assert_int_equal(kt_case_open(case_path, &case_new, &c, NULL), 0);
	for (int i = 1; i <= 9; i++)
		put_object(&c, "x", 1, name, sha);
	c.next_object = 1;
	assert_int_equal(kt_case_drop_unlisted(&c, listed, 2, &dropped, NULL), 0);
	assert_int_equal(dropped, 7);
	assert_int_equal(faccessat(c.objects_fd, "o000002", F_OK, 0), 0);
	assert_int_equal(faccessat(c.objects_fd, "o000007", F_OK, 0), 0);
	assert_int_not_equal(faccessat(c.objects_fd, "o000009", F_OK, 0), 0);
	put_object(&c, "y", 1, name, sha);
	assert_string_equal(name, "o000008");
	/* nothing listed at all */
	assert_int_equal(kt_case_drop_unlisted(&c, NULL, 0, &dropped, NULL), 0);
	assert_int_equal(dropped, 3);
	/* what can't be deleted must not pass for deleted */
	assert_int_equal(mkdirat(c.objects_fd, "o000050", 0700), 0);
	assert_int_equal(kt_case_drop_unlisted(&c, NULL, 0, &dropped, NULL), KT_E_STORAGE);
	kt_case_close(&c);
}

static void files_are_replaced_whole(void **state)
{
	struct kt_buf b;
	int fd;

	(void)state;
	fd = kt_dir_open(AT_FDCWD, top, false, NULL);
	assert_true(fd >= 0);
	assert_int_equal(kt_file_write(fd, "f", "first", 5, 0600, NULL), 0);
	assert_int_equal(kt_file_write(fd, "f", "second!", 7, 0600, NULL), 0);
	kt_buf_init(&b, 0);
	assert_int_equal(kt_file_read(fd, "f", 7, &b, NULL), 0);
	assert_string_equal(kt_buf_cstr(&b), "second!");
	kt_buf_free(&b);
	assert_int_equal(kt_file_read(fd, "f", 6, &b, NULL), KT_E_LIMIT);
	kt_buf_free(&b);
	assert_int_equal(kt_file_read(fd, "g", 6, &b, NULL), KT_E_ABSENT);
	assert_int_equal(kt_file_read(fd, ".", 6, &b, NULL), KT_E_STORAGE);
	kt_buf_free(&b);
	assert_int_not_equal(faccessat(fd, "f.tmp", F_OK, 0), 0);
	assert_int_equal(kt_file_write(fd, "no/such", "x", 1, 0600, NULL), KT_E_STORAGE);
	assert_int_equal(kt_dir_open(fd, "absent", false, NULL), KT_E_ABSENT);
	kt_close_fd(&fd);
}

static void nothing_is_replaced(void **state)
{
	struct kt_buf b;
	int fd = kt_dir_open(AT_FDCWD, top, false, NULL);

	(void)state;
	assert_int_equal(kt_file_write_new(fd, "f", "first", 5, 0600, NULL), 0);
	assert_int_equal(kt_file_write_new(fd, "f", "second", 6, 0600, NULL), KT_E_USAGE);
	assert_int_equal(kt_file_write_new(fd, "g", "other", 5, 0600, NULL), 0);
	assert_int_equal(kt_rename_new(fd, "g", "f", NULL), KT_E_USAGE);
	assert_int_equal(kt_rename_new(fd, "absent", "h", NULL), KT_E_STORAGE);
	assert_int_equal(kt_rename_new(fd, "g", "h", NULL), 0);
	kt_buf_init(&b, 0);
	assert_int_equal(kt_file_read(fd, "f", 9, &b, NULL), 0);
	assert_string_equal(kt_buf_cstr(&b), "first");
	kt_buf_free(&b);
	assert_int_not_equal(faccessat(fd, "f.tmp", F_OK, 0), 0);
	assert_int_not_equal(faccessat(fd, "g", F_OK, 0), 0);
	kt_close_fd(&fd);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_top, drop_top)
	const struct CMUnitTest tests[] = {
		T(a_new_case_can_be_opened_again),
		T(one_process_at_a_time),
		T(other_peoples_folders_are_left_alone),
		T(an_unfinished_beginning_is_begun_again),
		T(a_damaged_case_is_no_case),
		T(links_are_not_followed),
		T(objects_are_hashed_as_they_come),
		T(dropped_objects_leave_nothing),
		T(held_objects_are_nothing_yet),
		T(what_was_held_goes_after_a_crash),
		T(what_no_index_lists_goes),
		T(files_are_replaced_whole),
		T(nothing_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
