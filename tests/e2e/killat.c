/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * LD_PRELOAD shim for tests: ends the program named keten at a chosen moment, as a power cut would
 * end it: by SIGKILL, with no chance to tidy up. Other programs that inherit it are left alone. It
 * must stand before libumockdev-preload.so, which calls the C library past everybody behind it.
 *
 *   KILLAT=MODE:N    before   in place of the Nth write to custody.jsonl
 *                    half     after half of that line
 *                    after    once that line is synced
 *                    sync     in place of the Nth fsync, syncfs or rename of anything
 *   KILLAT_CHILDREN  file that gets the pids of keten's children at that moment
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static enum { OFF, BEFORE, HALF, AFTER, SYNC } mode;
static long wanted, lines, syncs;
static int log_fd = -1;

__attribute__((constructor)) static void start(void)
{
	static const char *const names[] = {"", "before:", "half:", "after:", "sync:"};
	const char *e = getenv("KILLAT");

	if (e == NULL || strcmp(program_invocation_short_name, "keten") != 0)
		return;
	for (int i = 1; i <= SYNC; i++) {
		if (strncmp(e, names[i], strlen(names[i])) != 0)
			continue;
		mode = i;
		wanted = strtol(e + strlen(names[i]), NULL, 10);
	}
}

/* /proc/PID/stat: "PID (name) state PPID ..." */
static int is_child(const char *pid)
{
	char path[300], line[512], *p;
	FILE *f;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	if (fgets(line, sizeof(line), f) != NULL && (p = strrchr(line, ')')) != NULL)
		parent = (int)strtol(p + 3, NULL, 10);
	fclose(f);
	return parent == getpid();
}

static void end(void)
{
	const char *out = getenv("KILLAT_CHILDREN");
	FILE *f = out != NULL ? fopen(out, "w") : NULL;
	DIR *d = opendir("/proc");
	struct dirent *e;

	mode = OFF;
	while (d != NULL && f != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && is_child(e->d_name))
			fprintf(f, "%s\n", e->d_name);
	if (f != NULL)
		fclose(f);
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static void *next(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (p == NULL)
		abort();
	return p;
}

static void note_open(const char *path, int flags, int fd)
{
	const char *slash = strrchr(path, '/');

	if (mode != OFF && fd >= 0 && (flags & O_APPEND) != 0 &&
	    strcmp(slash != NULL ? slash + 1 : path, "custody.jsonl") == 0)
		log_fd = fd;
}

#define OPENAT(name)                                                                               \
	int name(int dir, const char *path, int flags, ...)                                        \
	{                                                                                          \
		int (*real)(int, const char *, int, ...) = next(#name);                            \
		mode_t perm;                                                                       \
		va_list ap;                                                                        \
		int fd;                                                                            \
                                                                                                   \
		va_start(ap, flags);                                                               \
		perm = va_arg(ap, mode_t);                                                         \
		va_end(ap);                                                                        \
		fd = real(dir, path, flags, perm);                                                 \
		note_open(path, flags, fd);                                                        \
		return fd;                                                                         \
	}
OPENAT(openat)
OPENAT(openat64)

/* Is this the write to end at? Half of the line is then in the file, if that is asked for. */
static void before_line(int fd, const void *p, size_t n)
{
	if (mode == OFF || fd != log_fd || ++lines != wanted)
		return;
	if (mode == HALF && pwrite(fd, p, n / 2, 0) < 0) /* O_APPEND: goes to the end */
		abort();
	if (mode == BEFORE || mode == HALF)
		end();
}

ssize_t write(int fd, const void *p, size_t n)
{
	ssize_t (*real)(int, const void *, size_t) = next("write");

	before_line(fd, p, n);
	return real(fd, p, n);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	ssize_t (*real)(int, const struct iovec *, int) = next("writev");

	before_line(fd, v[0].iov_base, v[0].iov_len);
	return real(fd, v, n);
}

static void before_sync(void)
{
	if (mode == SYNC && ++syncs == wanted)
		end();
}

int fsync(int fd)
{
	int (*real)(int) = next("fsync"), r;

	before_sync();
	r = real(fd);
	if (mode == AFTER && fd == log_fd && lines == wanted)
		end();
	return r;
}

int fdatasync(int fd)
{
	int (*real)(int) = next("fdatasync"), r;

	before_sync();
	r = real(fd);
	if (mode == AFTER && fd == log_fd && lines == wanted)
		end();
	return r;
}

int syncfs(int fd)
{
	int (*real)(int) = next("syncfs");

	before_sync();
	return real(fd);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	int (*real)(int, const char *, int, const char *) = next("renameat");

	before_sync();
	return real(from_dir, from, to_dir, to);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	int (*real)(int, const char *, int, const char *, unsigned) = next("renameat2");

	before_sync();
	return real(from_dir, from, to_dir, to, flags);
}
