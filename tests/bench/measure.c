/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * measure [--peak] OUTFILE COMMAND...: runs the command and writes to OUTFILE what it cost, with all
 * children that were waited for: "wall user sys" in seconds. With --peak, a line "NAME KIB" follows
 * for each program of the tree: the highest resident size that was seen of one process of that
 * name, looked up every two milliseconds. Exit status: the command's.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAMES	 32
#define PIDS	 4096
#define LOOK_NS	 2000000L
#define NAME_LEN 16 /* the kernel's TASK_COMM_LEN */

struct peak {
	char name[NAME_LEN];
	unsigned long kib;
};

static struct peak peaks[NAMES];
static size_t npeaks;

static void note(const char *name, unsigned long kib)
{
	size_t i = 0;

	while (i < npeaks && strcmp(peaks[i].name, name) != 0)
		i++;
	if (i == NAMES)
		return;
	if (i == npeaks)
		snprintf(peaks[npeaks++].name, NAME_LEN, "%.15s", name);
	if (kib > peaks[i].kib)
		peaks[i].kib = kib;
}

/* Name, parent and peak of one process; false when it is gone. */
static bool look(long pid, char name[NAME_LEN], long *parent, unsigned long *kib)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	*kib = 0;
	*parent = 0;
	name[0] = '\0';
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "Name:\t", 6) == 0)
			sscanf(line + 6, "%15[^\n]", name);
		else if (strncmp(line, "PPid:\t", 6) == 0)
			*parent = strtol(line + 6, NULL, 10);
		else if (strncmp(line, "VmHWM:", 6) == 0)
			*kib = strtoul(line + 6, NULL, 10);
	}
	fclose(f);
	return true;
}

/* One round over all processes; a parent mostly has a lower number than its children. */
static void look_at_tree(long root)
{
	static long ours[PIDS];
	DIR *d = opendir("/proc");
	struct dirent *e;
	size_t n = 0;

	if (d == NULL)
		return;
	ours[n++] = root;
	while ((e = readdir(d)) != NULL) {
		long pid = strtol(e->d_name, NULL, 10), parent;
		char name[NAME_LEN];
		unsigned long kib;
		bool is_ours = pid == root;

		if (pid < root || !look(pid, name, &parent, &kib))
			continue;
		for (size_t i = 0; i < n && !is_ours; i++)
			is_ours = ours[i] == parent;
		if (!is_ours)
			continue;
		if (n < PIDS && pid != root)
			ours[n++] = pid;
		note(name, kib);
	}
	closedir(d);
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int wait_for(pid_t pid, bool peak)
{
	const struct timespec nap = {0, LOOK_NS};
	int status = 0;

	for (;;) {
		pid_t r = waitpid(pid, &status, peak ? WNOHANG : 0);

		if (r == pid)
			return status;
		if (r < 0 && errno != EINTR)
			return -1;
		if (r == 0) {
			look_at_tree(pid);
			nanosleep(&nap, NULL);
		}
	}
}

static int report(const char *path, double wall)
{
	struct rusage ru;
	FILE *f = fopen(path, "we");

	if (f == NULL || getrusage(RUSAGE_CHILDREN, &ru) < 0) {
		perror(path);
		return -1;
	}
	fprintf(f, "%.3f %.3f %.3f\n", wall, seconds(ru.ru_utime), seconds(ru.ru_stime));
	for (size_t i = 0; i < npeaks; i++)
		fprintf(f, "%s %lu\n", peaks[i].name, peaks[i].kib);
	return fclose(f);
}

int main(int argc, char **argv)
{
	bool peak = argc > 1 && strcmp(argv[1], "--peak") == 0;
	struct timespec a, b;
	int status;
	pid_t pid;

	argv += peak ? 2 : 1;
	argc -= peak ? 2 : 1;
	if (argc < 2) {
		fprintf(stderr, "usage: measure [--peak] OUTFILE COMMAND...\n");
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &a);
	pid = fork();
	if (pid == 0) {
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	status = pid > 0 ? wait_for(pid, peak) : -1;
	clock_gettime(CLOCK_MONOTONIC, &b);
	if (status == -1 || report(argv[0], (double)(b.tv_sec - a.tv_sec) +
						    (double)(b.tv_nsec - a.tv_nsec) / 1e9) < 0)
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
