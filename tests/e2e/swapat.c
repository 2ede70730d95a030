/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * LD_PRELOAD shim for tests: when the program named keten has waited for the Nth program that it started,
 * a file takes the place of another, as somebody would have it who writes to the same folder. Other
 * programs are left alone.
 *
 *   SWAPAT=N:MODE    rename   SWAP_WITH gets the name SWAP_FILE
 *                    write    the bytes of SWAP_WITH are written over those of SWAP_FILE
 *   SWAP_DONE        file that is made when it happened
 *   SHIFT_DAYS=N     keten's clock goes N days ahead
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static long wanted, waited, shift;
static int over;

__attribute__((constructor)) static void start(void)
{
	const char *at = getenv("SWAPAT"), *days = getenv("SHIFT_DAYS");

	if (strcmp(program_invocation_short_name, "keten") != 0)
		return;
	if (at != NULL) {
		wanted = strtol(at, NULL, 10);
		over = strstr(at, ":write") != NULL;
	}
	if (days != NULL)
		shift = strtol(days, NULL, 10) * 86400;
}

static void *next(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (p == NULL)
		abort();
	return p;
}

static void write_over(const char *from, const char *to)
{
	char buf[65536];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY);
	off_t at = 0;
	ssize_t n;

	if (in < 0 || out < 0)
		return; /* it has gone already */
	while ((n = read(in, buf, sizeof(buf))) > 0) {
		if (pwrite(out, buf, (size_t)n, at) != n)
			abort();
		at += n;
	}
	if (ftruncate(out, at) < 0)
		abort();
	close(in);
	close(out);
}

static void swap(void)
{
	const char *with = getenv("SWAP_WITH"), *file = getenv("SWAP_FILE");
	int fd;

	if (access(file, F_OK) < 0)
		return; /* what is gone is not replaced */
	if (over)
		write_over(with, file);
	else if (rename(with, file) < 0)
		abort();
	fd = open(getenv("SWAP_DONE"), O_WRONLY | O_CREAT, 0600);
	if (fd < 0)
		abort();
	close(fd);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	pid_t (*real)(pid_t, int *, int) = next("waitpid");
	pid_t r = real(pid, status, options);

	if (r > 0 && wanted > 0 && ++waited == wanted)
		swap();
	return r;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int (*real)(clockid_t, struct timespec *) = next("clock_gettime");
	int r = real(id, ts);

	if (r == 0 && id == CLOCK_REALTIME)
		ts->tv_sec += shift;
	return r;
}
