/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What core/ does when memory or the disk gives out, at every single place: the calls below are
 * wrapped by the linker (tests/rules.mk) and made to fail one after the other, while a case is
 * opened, filled, indexed, logged and read back. Whatever fails: an error comes out, nothing
 * passes for done, no descriptor leaks, and the case can be taken up again.
 */
#include "core/custody.h"
#include "core/index.h"
#include "core/io.h"
#include "core/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cmocka.h>

#include "tests/unit/case_dir.h"

/* -- the faults ------------------------------------------------------------------------------- */

enum op { NONE, MEMORY, WRITE, SYNC, OPEN, RENAME, CUT, READ, UNLINK };
enum how {
	ONCE,  /* this call alone */
	STUCK, /* this call and all of its kind after it */
	HALF,  /* a write that takes half, and no more after it: the disk is full */
	SHORT, /* every write takes one byte: no fault at all */
};

static struct {
	enum op op;
	enum how how;
	long at; /* which call of its kind, from 1 */
	int error;
	long seen;
	bool hit;
} fault;

static void arm(enum op op, enum how how, long at, int error)
{
	fault.op = op;
	fault.how = how;
	fault.at = at;
	fault.error = error;
	fault.seen = 0;
	fault.hit = false;
}

static bool strikes(enum op op)
{
	if (fault.op != op)
		return false;
	fault.seen++;
	if (fault.seen == fault.at || (fault.how != ONCE && fault.seen > fault.at)) {
		fault.hit = true;
		errno = fault.error;
		return true;
	}
	return false;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t k, size_t n);
void *__real_realloc(void *p, size_t n);
ssize_t __real_writev(int fd, const struct iovec *v, int n);
int __real_fsync(int fd);
int __real_syncfs(int fd);
int __real_openat(int dir, const char *name, int flags, ...);
int __real_renameat(int d, const char *a, int e, const char *b);
int __real_renameat2(int d, const char *a, int e, const char *b, unsigned flags);
int __real_linkat(int d, const char *a, int e, const char *b, int flags);
int __real_ftruncate(int fd, off_t n);
ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __real_pread(int fd, void *p, size_t n, off_t off);
int __real_unlinkat(int dir, const char *name, int flags);

void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n)
{
	return strikes(MEMORY) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t k, size_t n);
void *__wrap_calloc(size_t k, size_t n)
{
	return strikes(MEMORY) ? NULL : __real_calloc(k, n);
}

void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n)
{
	return strikes(MEMORY) ? NULL : __real_realloc(p, n);
}

ssize_t __wrap_writev(int fd, const struct iovec *v, int n);
ssize_t __wrap_writev(int fd, const struct iovec *v, int n)
{
	struct iovec part = v[0];

	if (!strikes(WRITE))
		return __real_writev(fd, v, n);
	if (fault.how == SHORT)
		part.iov_len = 1;
	else if (fault.how == HALF && fault.seen == fault.at)
		part.iov_len = (part.iov_len + 1) / 2;
	else
		return -1;
	return __real_writev(fd, &part, 1);
}

static ino_t synced[64]; /* what was synced, since it was emptied */
static size_t nsynced;

int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	struct stat st;

	if (nsynced < sizeof(synced) / sizeof(synced[0]) && fstat(fd, &st) == 0)
		synced[nsynced++] = st.st_ino;
	return strikes(SYNC) ? -1 : __real_fsync(fd);
}

int __wrap_syncfs(int fd);
int __wrap_syncfs(int fd)
{
	return strikes(SYNC) ? -1 : __real_syncfs(fd);
}

int __wrap_openat(int dir, const char *name, int flags, ...);
int __wrap_openat(int dir, const char *name, int flags, ...)
{
	mode_t mode = 0;

	if ((flags & O_CREAT) != 0) {
		va_list ap;

		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return strikes(OPEN) ? -1 : __real_openat(dir, name, flags, mode);
}

/* The same under _FORTIFY_SOURCE. */
int __wrap___openat_2(int dir, const char *name, int flags);
int __wrap___openat_2(int dir, const char *name, int flags)
{
	return strikes(OPEN) ? -1 : __real_openat(dir, name, flags);
}

int __wrap_renameat(int d, const char *a, int e, const char *b);
int __wrap_renameat(int d, const char *a, int e, const char *b)
{
	return strikes(RENAME) ? -1 : __real_renameat(d, a, e, b);
}

/* What a file system has no word for. */
static bool no_flag, no_links;

int __wrap_renameat2(int d, const char *a, int e, const char *b, unsigned flags);
int __wrap_renameat2(int d, const char *a, int e, const char *b, unsigned flags)
{
	if (!no_flag)
		return __real_renameat2(d, a, e, b, flags);
	errno = EINVAL;
	return -1;
}

int __wrap_linkat(int d, const char *a, int e, const char *b, int flags);
int __wrap_linkat(int d, const char *a, int e, const char *b, int flags)
{
	if (!no_links)
		return __real_linkat(d, a, e, b, flags);
	errno = EPERM;
	return -1;
}

int __wrap_ftruncate(int fd, off_t n);
int __wrap_ftruncate(int fd, off_t n)
{
	return strikes(CUT) ? -1 : __real_ftruncate(fd, n);
}

ssize_t __wrap_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n)
{
	return strikes(READ) ? -1 : __real_read(fd, p, n);
}

ssize_t __wrap_pread(int fd, void *p, size_t n, off_t off);
ssize_t __wrap_pread(int fd, void *p, size_t n, off_t off)
{
	return strikes(READ) ? -1 : __real_pread(fd, p, n, off);
}

int __wrap_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags)
{
	return strikes(UNLINK) ? -1 : __real_unlinkat(dir, name, flags);
}

/* -- a case's life ---------------------------------------------------------------------------- */

static const struct kt_index_head head = {.segment = 1,
					  .item = "item",
					  .plugin = "p",
					  .request = "r",
					  .take = "whole",
					  .plugin_version = 1};

struct names {
	char list[8][KT_OBJECT], sha[8][KT_SHA256_HEX];
	size_t n;
};

static int gather(void *arg, unsigned segment, const struct kt_jv *line, struct kt_err *err)
{
	struct names *s = arg;
	const char *object = kt_jv_str(line, "object");

	(void)segment;
	(void)err;
	if (object != NULL && s->n < 8) {
		snprintf(s->list[s->n], KT_OBJECT, "%s", object);
		snprintf(s->sha[s->n++], KT_SHA256_HEX, "%s", kt_jv_str(line, "sha256"));
	}
	return 0;
}

static int names_of(struct kt_case *c, struct names *s, bool *complete)
{
	int r;

	memset(s, 0, sizeof(*s));
	r = kt_index_read(c->index_fd, 1, complete, gather, s, NULL);
	return r == KT_E_ABSENT ? 0 : r;
}

static int add_object(struct kt_case *c, struct kt_index *ix, const char *text)
{
	char sha[KT_SHA256_HEX];
	struct kt_index_entry e = {
		.outcome = "acquired", .method = "sync", .path = "/p", .path_len = 2};
	struct kt_sink s;
	int r = kt_sink_open(c, &s, NULL);

	if (r < 0)
		return r;
	r = kt_sink_write(&s, text, strlen(text), NULL);
	if (r < 0) {
		kt_sink_drop(c, &s);
		return r;
	}
	e.bytes = s.bytes;
	e.object = s.object;
	e.sha256 = sha;
	r = kt_sink_close(&s, sha, NULL);
	return r < 0 ? r : kt_index_add(ix, &e, NULL);
}

static int fill(struct kt_case *c, struct kt_custody *log)
{
	char sha[KT_SHA256_HEX];
	struct kt_index ix;
	struct names s;
	bool complete;
	uint64_t dropped;
	int r = kt_custody_event(log, "session.resume", "k", "v", NULL);

	if (r == 0)
		r = names_of(c, &s, &complete);
	if (r == 0)
		r = kt_case_drop_unlisted(c, s.list, s.n, &dropped, NULL);
	if (r == 0)
		r = kt_index_open(c, &head, &ix, NULL);
	if (r < 0)
		return r;
	for (int i = 0; r == 0 && !ix.complete && i < 2; i++)
		r = add_object(c, &ix, i == 0 ? "first object" : "second object");
	if (r == 0 && !ix.complete)
		r = kt_index_count(&ix, "unmatched", "not-asked-for", 3, NULL);
	if (r < 0) {
		kt_index_close(&ix);
		return r;
	}
	r = kt_index_end(&ix, "acquired", "", sha, NULL);
	return r == 0 ? kt_custody_event(log, "item.acquired", "segment_sha256", sha, NULL) : r;
}

/* The whole of it; what a second run does as well as the first. */
static int life(void)
{
	struct kt_custody log;
	struct kt_case c;
	int r = kt_case_open(case_path, &case_new, &c, NULL), cut;

	if (r < 0)
		return r;
	r = kt_custody_open(c.fd, &log, &cut, NULL);
	if (r == 0) {
		r = fill(&c, &log);
		kt_custody_close(&log);
	}
	kt_case_close(&c);
	return r;
}

static unsigned open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* After a life without error: everything is there, whole, and the log says so. */
static void assert_complete(void)
{
	char head_sha[KT_SHA256_HEX];
	struct names s;
	struct kt_case c;
	uint64_t lines;
	struct kt_buf b;
	bool complete;

	assert_int_equal(kt_case_open(case_path, NULL, &c, NULL), 0);
	assert_int_equal(names_of(&c, &s, &complete), 0);
	assert_true(complete && s.n >= 2);
	for (size_t i = 0; i < s.n; i++) {
		char sha[KT_SHA256_HEX];

		kt_buf_init(&b, 0);
		assert_int_equal(kt_file_read(c.objects_fd, s.list[i], 1000, &b, NULL), 0);
		kt_sha256_hex(b.p, b.len, sha, NULL);
		assert_string_equal(sha, s.sha[i]);
		kt_buf_free(&b);
	}
	kt_buf_init(&b, 0);
	assert_int_equal(kt_file_read(c.fd, "custody.jsonl", 1 << 20, &b, NULL), 0);
	assert_int_equal(kt_custody_check(b.p, b.len, head_sha, &lines, NULL, NULL, NULL), 0);
	assert_non_null(memmem(b.p, b.len, "item.acquired", 13));
	kt_buf_free(&b);
	kt_case_close(&c);
}

static void empty_top(void)
{
	void *none = NULL;

	assert_int_equal(drop_top(&none), 0);
	assert_int_equal(mkdir(top, 0700), 0);
}

/*
 * The fault at the first, second, ... call of its kind, until there is none so late. tolerated: an
 * error that need not show (a read that tells only that something isn't there).
 */
static void at_every_call(enum op op, enum how how, int error, int want, const char *name)
{
	long n;

	for (n = 1; n < 5000; n++) {
		unsigned fds = open_fds();
		int r, again;

		arm(op, how, n, error);
		r = life();
		fault.op = NONE;
		if (!fault.hit) {
			assert_int_equal(r, 0);
			break;
		}
		if (want == 0 ? r != 0 : r == 0 || (r != want && r != KT_E_STORAGE))
			fail_msg("%s, call %ld: result %d", name, n, r);
		assert_int_equal(open_fds(), fds);
		again = life();
		if (again != 0)
			fail_msg("%s, call %ld: can't be taken up again: %d", name, n, again);
		assert_complete();
		empty_top();
	}
	assert_true(n > 1 && n < 5000);
	assert_complete();
	print_message("             %s: %ld places\n", name, n - 1);
}

static void memory_gives_out(void **state)
{
	(void)state;
	at_every_call(MEMORY, ONCE, ENOMEM, KT_E_NOMEM, "one allocation");
	empty_top();
	at_every_call(MEMORY, STUCK, ENOMEM, KT_E_NOMEM, "all allocations");
}

static void the_disk_is_full(void **state)
{
	(void)state;
	at_every_call(WRITE, ONCE, ENOSPC, KT_E_STORAGE, "one write, ENOSPC");
	empty_top();
	at_every_call(WRITE, STUCK, ENOSPC, KT_E_STORAGE, "all writes, ENOSPC");
	empty_top();
	at_every_call(WRITE, HALF, ENOSPC, KT_E_STORAGE, "half a write, then ENOSPC");
	empty_top();
	at_every_call(WRITE, ONCE, EIO, KT_E_STORAGE, "one write, EIO");
}

static void the_disk_does_not_keep_it(void **state)
{
	(void)state;
	at_every_call(SYNC, ONCE, EIO, KT_E_STORAGE, "one fsync, EIO");
	empty_top();
	at_every_call(SYNC, STUCK, ENOSPC, KT_E_STORAGE, "all fsyncs, ENOSPC");
}

static void files_cannot_be_opened(void **state)
{
	(void)state;
	at_every_call(OPEN, ONCE, EMFILE, KT_E_USAGE, "one openat, EMFILE");
	empty_top();
	at_every_call(OPEN, ONCE, EACCES, KT_E_USAGE, "one openat, EACCES");
	empty_top();
	at_every_call(RENAME, ONCE, EIO, KT_E_STORAGE, "one rename");
}

static void files_cannot_be_read(void **state)
{
	(void)state;
	at_every_call(READ, ONCE, EIO, KT_E_STORAGE, "one read, EIO");
}

static void interruptions_change_nothing(void **state)
{
	(void)state;
	at_every_call(WRITE, ONCE, EINTR, 0, "one write, EINTR");
	empty_top();
	at_every_call(READ, ONCE, EINTR, 0, "one read, EINTR");
	empty_top();
	arm(WRITE, SHORT, 1, 0);
	assert_int_equal(life(), 0);
	assert_true(fault.hit);
	fault.op = NONE;
	assert_complete();
}

/* -- places of their own ---------------------------------------------------------------------- */

/* A log that failed once takes nothing more, even when the disk has room again. */
static void nothing_goes_behind_a_failed_line(void **state)
{
	static const enum op ops[] = {WRITE, SYNC};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct kt_custody log;
		struct kt_case c;
		struct stat a, b;
		int cut;

		assert_int_equal(kt_case_open(case_path, &case_new, &c, NULL), 0);
		assert_int_equal(kt_custody_open(c.fd, &log, &cut, NULL), 0);
		assert_int_equal(kt_custody_event(&log, "one", "k", "v", NULL), 0);
		arm(ops[i], HALF, 1, ENOSPC);
		assert_int_equal(kt_custody_event(&log, "two", "k", "v", NULL), KT_E_STORAGE);
		fault.op = NONE;
		assert_int_equal(fstat(log.fd, &a), 0);
		assert_int_equal(kt_custody_event(&log, "three", "k", "v", NULL), KT_E_STORAGE);
		assert_int_equal(fstat(log.fd, &b), 0);
		assert_int_equal(a.st_size, b.st_size);
		kt_custody_close(&log);
		assert_int_equal(kt_custody_open(c.fd, &log, &cut, NULL), 0);
		/* the unsynced line may have arrived: then it stands */
		assert_int_equal(cut, ops[i] == WRITE);
		assert_int_equal(log.seq, ops[i] == WRITE ? 1 : 2);
		assert_int_equal(kt_custody_event(&log, "four", "k", "v", NULL), 0);
		kt_custody_close(&log);
		kt_case_close(&c);
		empty_top();
	}
}

/* An end line that had no room must not leave a segment that passes for ended. */
static void an_end_line_is_there_or_not(void **state)
{
	(void)state;
	for (long n = 1; n < 40; n++) {
		char sha[KT_SHA256_HEX];
		struct kt_index ix;
		struct names s;
		struct kt_case c;
		bool complete;
		int r;

		assert_int_equal(kt_case_open(case_path, &case_new, &c, NULL), 0);
		assert_int_equal(kt_index_open(&c, &head, &ix, NULL), 0);
		arm(MEMORY, STUCK, n, ENOMEM);
		r = add_object(&c, &ix, "x");
		r = kt_index_end(&ix, "acquired", "", sha, NULL);
		fault.op = NONE;
		assert_int_equal(names_of(&c, &s, &complete), 0);
		assert_int_equal(complete, r == 0);
		kt_case_close(&c);
		empty_top();
	}
}

static void a_damaged_disk_is_not_a_damaged_log(void **state)
{
	char sha[KT_SHA256_HEX];
	struct kt_custody log;
	struct kt_case c;
	uint64_t lines;
	struct kt_buf b;
	int cut, r;

	(void)state;
	assert_int_equal(life(), 0);
	assert_int_equal(kt_case_open(case_path, NULL, &c, NULL), 0);
	kt_buf_init(&b, 0);
	assert_int_equal(kt_file_read(c.fd, "custody.jsonl", 1 << 20, &b, NULL), 0);
	for (long n = 1;; n++) {
		arm(MEMORY, ONCE, n, ENOMEM);
		r = kt_custody_check(b.p, b.len, sha, &lines, NULL, NULL, NULL);
		fault.op = NONE;
		if (!fault.hit)
			break;
		assert_int_equal(r, KT_E_NOMEM);
	}
	assert_int_equal(r, 0);
	kt_buf_free(&b);
	for (long n = 1;; n++) {
		arm(READ, ONCE, n, EIO);
		r = kt_custody_open(c.fd, &log, &cut, NULL);
		fault.op = NONE;
		if (r == 0)
			kt_custody_close(&log);
		if (!fault.hit)
			break;
		assert_int_equal(r, KT_E_STORAGE);
	}
	/* half a line that can't be cut off */
	r = openat(c.fd, "custody.jsonl", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(kt_write_full(r, "{\"actor", 7, NULL), 0);
	close(r);
	arm(CUT, ONCE, 1, EIO);
	assert_int_equal(kt_custody_open(c.fd, &log, &cut, NULL), KT_E_STORAGE);
	fault.op = NONE;
	assert_int_equal(kt_custody_open(c.fd, &log, &cut, NULL), 0);
	assert_int_equal(cut, 1);
	kt_custody_close(&log);
	kt_case_close(&c);
}

/* Bytes that should be gone and are not: said, not counted as dropped. */
static void undeletable_objects_are_told(void **state)
{
	char sha[KT_SHA256_HEX], name[KT_OBJECT];
	uint64_t dropped;
	struct kt_case c;

	(void)state;
	assert_int_equal(kt_case_open(case_path, &case_new, &c, NULL), 0);
	put_object(&c, "x", 1, name, sha);
	arm(UNLINK, ONCE, 1, EROFS);
	assert_int_equal(kt_case_drop_unlisted(&c, NULL, 0, &dropped, NULL), KT_E_STORAGE);
	fault.op = NONE;
	assert_int_equal(dropped, 0);
	kt_case_close(&c);
}

/* Either the old bytes or the new ones, never something between. */
static void files_are_replaced_or_not(void **state)
{
	static const enum op ops[] = {WRITE, SYNC, OPEN, RENAME};

	(void)state;
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		int fd = kt_dir_open(AT_FDCWD, top, false, NULL), r;
		struct kt_buf b;

		assert_int_equal(kt_file_write(fd, "f", "old", 3, 0600, NULL), 0);
		arm(ops[i], HALF, 1, EIO);
		r = kt_file_write(fd, "f", "newer", 5, 0600, NULL);
		fault.op = NONE;
		assert_int_equal(r, KT_E_STORAGE);
		kt_buf_init(&b, 0);
		assert_int_equal(kt_file_read(fd, "f", 10, &b, NULL), 0);
		assert_string_equal(kt_buf_cstr(&b), "old");
		kt_buf_free(&b);
		assert_int_not_equal(faccessat(fd, "f.tmp", F_OK, 0), 0);
		kt_close_fd(&fd);
		empty_top();
	}
}

static bool was_synced(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	for (size_t i = 0; i < nsynced; i++)
		if (synced[i] == st.st_ino)
			return true;
	return false;
}

/* After a power cut a file is there under its name: the folder that holds it is synced, not another. */
static void names_reach_the_disk(void **state)
{
	char sub[128], path[160];
	struct kt_case c;
	int fd;

	(void)state;
	snprintf(sub, sizeof(sub), "%s/sub", top);
	fd = kt_dir_open(AT_FDCWD, top, false, NULL);
	nsynced = 0;
	kt_close_fd(&(int){kt_dir_open(fd, "sub", true, NULL)});
	assert_true(was_synced(top));
	nsynced = 0;
	assert_int_equal(kt_file_write(fd, "sub/f", "x", 1, 0600, NULL), 0);
	assert_true(was_synced(sub));
	nsynced = 0;
	snprintf(path, sizeof(path), "%s/g", sub);
	assert_int_equal(kt_file_write(AT_FDCWD, path, "x", 1, 0600, NULL), 0);
	assert_true(was_synced(sub));
	nsynced = 0;
	assert_int_equal(kt_file_write(fd, "h", "x", 1, 0600, NULL), 0);
	assert_true(was_synced(top));
	kt_close_fd(&fd);
	for (int again = 0; again < 2; again++) {
		nsynced = 0;
		assert_int_equal(kt_case_open(case_path, &case_new, &c, NULL), 0);
		assert_true(was_synced(top)); /* whoever made it may have been cut off before */
		kt_case_close(&c);
	}
	nsynced = 0;
	snprintf(path, sizeof(path), "%s//", sub);
	assert_int_equal(kt_sync_parent(AT_FDCWD, path, NULL), 0);
	assert_true(was_synced(top));
	nsynced = 0;
	assert_int_equal(kt_sync_parent(AT_FDCWD, "/tmp", NULL), 0);
	assert_true(was_synced("/"));
	nsynced = 0;
	assert_int_equal(kt_sync_parent(AT_FDCWD, "name", NULL), 0);
	assert_true(was_synced("."));
}

/* Over NFS and on FAT too: nothing is written over, and no second name stays. */
static void nothing_is_replaced_anywhere(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		int fd = kt_dir_open(AT_FDCWD, top, false, NULL);
		struct kt_buf b;

		no_flag = true;
		no_links = i == 1;
		assert_int_equal(kt_file_write_new(fd, "f", "first", 5, 0600, NULL), 0);
		assert_int_equal(kt_file_write_new(fd, "f", "second", 6, 0600, NULL), KT_E_USAGE);
		no_flag = no_links = false;
		kt_buf_init(&b, 0);
		assert_int_equal(kt_file_read(fd, "f", 10, &b, NULL), 0);
		assert_string_equal(kt_buf_cstr(&b), "first");
		kt_buf_free(&b);
		assert_int_not_equal(faccessat(fd, "f.tmp", F_OK, 0), 0);
		kt_close_fd(&fd);
		empty_top();
	}
}

static void documents_run_out_of_memory(void **state)
{
	static const char text[] = "{\"a\":[1,\"two\",{\"three\":true}],\"b\":\"x\"}";
	struct kt_jdoc *d;
	int r;

	(void)state;
	for (long n = 1;; n++) {
		arm(MEMORY, ONCE, n, ENOMEM);
		r = kt_jdoc_parse(text, sizeof(text) - 1, &d, NULL);
		fault.op = NONE;
		if (!fault.hit)
			break;
		assert_int_equal(r, KT_E_NOMEM);
		assert_null(d);
	}
	assert_int_equal(r, 0);
	kt_jdoc_free(&d);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_top, drop_top)
	const struct CMUnitTest tests[] = {
		T(memory_gives_out),
		T(the_disk_is_full),
		T(the_disk_does_not_keep_it),
		T(files_cannot_be_opened),
		T(files_cannot_be_read),
		T(interruptions_change_nothing),
		T(nothing_goes_behind_a_failed_line),
		T(an_end_line_is_there_or_not),
		T(a_damaged_disk_is_not_a_damaged_log),
		T(undeletable_objects_are_told),
		T(files_are_replaced_or_not),
		T(documents_run_out_of_memory),
		T(names_reach_the_disk),
		T(nothing_is_replaced_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
