/* SPDX-License-Identifier: EUPL-1.2 */
/* keten verify and keten log. */
#include "cli/keten.h"
#include "core/custody.h"
#include "core/io.h"
#include "core/spawn.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs keten-verify with our own terminal; its exit status is ours. argv[0] is set here. */
static int run_verify(const char **argv)
{
	struct kt_spawn s;
	struct kt_err err = {0};
	int status;
	pid_t pid;

	argv[0] = "keten-verify";
	kt_spawn_init(&s, "keten-verify", argv);
	s.keep_tty = true;
	fflush(stdout);
	pid = kt_spawn_start(&s, &err);
	if (pid < 0)
		return kt_fail_exit((int)pid, &err);
	status = kt_wait(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : KT_EXIT_INTERNAL;
}

/*
 * The package is hostile input: the separate, sandboxed program judges it, with the same words and
 * the same exit status.
 */
int kt_cmd_verify(const struct kt_opts *o)
{
	const char **argv;
	struct kt_err err = {0};
	int n = 1, status;

	if (o->reproduce)
		return kt_cmd_reproduce(o);
	if (o->nargs == 0)
		return kt_usage_exit();
	argv = calloc((size_t)o->nargs + 9, sizeof(*argv));
	if (argv == NULL)
		return kt_fail_exit(KT_FAIL(&err, KT_E_NOMEM, "no memory"), &err);
	if (o->trust != NULL) {
		argv[n++] = "--trust";
		argv[n++] = o->trust;
	}
	if (o->tsa_trust != NULL) {
		argv[n++] = "--tsa-trust";
		argv[n++] = o->tsa_trust;
	}
	if (o->crl != NULL) {
		argv[n++] = "--crl";
		argv[n++] = o->crl;
	}
	if (o->json)
		argv[n++] = "--json";
	for (int i = 0; i < o->nargs; i++)
		argv[n++] = o->args[i];
	status = run_verify(argv);
	free(argv);
	return status;
}

int kt_cmd_show(const struct kt_opts *o)
{
	const char *argv[12] = {NULL};
	int n = 1;

	if (o->nargs != 2)
		return kt_usage_exit();
	argv[n++] = "--show";
	argv[n++] = o->args[1];
	if (o->offset != NULL) {
		argv[n++] = "--offset";
		argv[n++] = o->offset;
	}
	if (o->length != NULL) {
		argv[n++] = "--length";
		argv[n++] = o->length;
	}
	if (o->judged != NULL) {
		argv[n++] = "--judged";
		argv[n++] = o->judged;
	}
	argv[n++] = "--";
	argv[n++] = o->args[0];
	return run_verify(argv);
}

static int print_line(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		      struct kt_err *err)
{
	(void)arg;
	(void)err;
	printf("%5llu  %-26s %-20s", (unsigned long long)seq, kt_jv_str(line, "utc"), event);
	for (const struct kt_jv *d = kt_jv_get(line, "detail")->child; d != NULL; d = d->next) {
		if (strlen(d->key) > 7 && strcmp(d->key + strlen(d->key) - 7, "_sha256") == 0)
			continue;
		if (strcmp(d->key, "nonce") == 0)
			continue;
		if (d->type == KT_JV_INT)
			printf(" %s=%lld", d->key, (long long)d->i);
		else if (d->len > 0)
			printf(" %s=%s", d->key, d->str);
	}
	putchar('\n');
	return 0;
}

int kt_cmd_log(const struct kt_opts *o)
{
	char head[KT_SHA256_HEX];
	KT_AUTO_FD fd = -1;
	struct kt_err err = {0};
	struct kt_buf b;
	uint64_t lines;
	int r;

	if (o->case_dir == NULL)
		return kt_usage_exit();
	kt_buf_init(&b, 0);
	r = fd = kt_dir_open(AT_FDCWD, o->case_dir, false, &err);
	if (fd >= 0)
		r = kt_file_read(fd, "custody.jsonl", (size_t)64 << 20, &b, &err);
	if (r == KT_E_ABSENT)
		KT_TRACE(&err, r, "%.100s is no case folder", o->case_dir);
	if (r == 0)
		r = kt_custody_check(b.p, b.len, head, &lines, o->json ? NULL : print_line, NULL,
				     &err);
	if (r == KT_E_INVALID)
		KT_TRACE(&err, r, "do not rely on this case; keep it as it is");
	if (r == 0 && o->json)
		fwrite(b.p, 1, b.len, stdout);
	else if (r == 0)
		printf("chain holds: %llu lines, head %s\n", (unsigned long long)lines, head);
	kt_buf_free(&b);
	return r == 0 ? KT_EXIT_OK : kt_fail_exit(r, &err);
}
