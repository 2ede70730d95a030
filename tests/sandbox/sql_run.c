/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Runs sql-dump (tests/tools/sql_dump.h) in the real sandbox on databases, each with the -wal and
 * -journal that lie beside it, and prints a line for each:
 *   NAME TAB verdict TAB code TAB seen TAB emitted TAB skipped TAB notes or - TAB text
 *
 * usage: sql-run PARSER FILE...
 */
#include "core/err.h"
#include "core/io.h"
#include "parsers/host/host.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int on_event(void *arg, const struct kt_event *ev, struct kt_err *err)
{
	char *notes = arg;
	size_t n = strlen(notes);

	(void)err;
	if (ev->kind == KT_EV_NOTE && n < 400)
		snprintf(notes + n, 512 - n, "%s%.*s", n > 0 ? "," : "", (int)ev->code_str.len,
			 ev->code_str.p);
	return 0;
}

static bool open_at(const char *path, const char *ending, int *fd, uint64_t *size)
{
	char name[4096];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, ending);
	*fd = open(name, O_RDONLY | O_CLOEXEC);
	if (*fd < 0 || fstat(*fd, &st) < 0)
		return false;
	*size = (uint64_t)st.st_size;
	return true;
}

static int one(struct kt_worker *w, const char *parser, const char *path)
{
	struct kt_job job = {
		.id = parser, .as_mib = 96, .cpu_s = 20, .wall_s = 60, .cap = UINT64_MAX};
	const char *base = strrchr(path, '/');
	struct kt_err err = {0};
	struct kt_job_end end;
	char notes[512] = "";
	int r;

	if (!open_at(path, "", &job.fd, &job.size)) {
		perror(path);
		return -1;
	}
	job.has_wal = open_at(path, "-wal", &job.wal_fd, &job.wal_size);
	job.has_journal = open_at(path, "-journal", &job.journal_fd, &job.journal_size);
	r = kt_worker_run(w, &job, on_event, notes, &end, &err);
	kt_close_fd(&job.fd);
	kt_close_fd(&job.wal_fd);
	kt_close_fd(&job.journal_fd);
	if (r < 0) {
		fprintf(stderr, "%s: host: %s\n", path, kt_err_text(&err));
		return r;
	}
	for (char *p = end.text; *p != '\0'; p++)
		if (*p < ' ')
			*p = '?';
	printf("%s\t%s\t%s\t%llu\t%llu\t%llu\t%s\t%s\n", base != NULL ? base + 1 : path,
	       kt_job_verdict_name(end.verdict), kt_code_name(end.code),
	       (unsigned long long)end.seen, (unsigned long long)end.emitted,
	       (unsigned long long)end.skipped, notes[0] != '\0' ? notes : "-", end.text);
	return 0;
}

int main(int argc, char **argv)
{
	struct kt_err err = {0};
	struct kt_worker w;
	int r;

	if (argc < 3)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	r = kt_worker_start(&w, &err);
	for (int i = 2; r == 0 && i < argc; i++)
		r = one(&w, argv[1], argv[i]);
	kt_worker_stop(&w);
	return r < 0 ? 1 : 0;
}
