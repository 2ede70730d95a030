/* SPDX-License-Identifier: EUPL-1.2 */
/* keten verify and keten log. */
#include "cli/verify_run.h"
#include "core/custody.h"
#include "core/io.h"
#include "core/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/*
 * The package is hostile input: the separate, sandboxed program judges it, with the same words and
 * the same exit status.
 */
int kt_cmd_verify(const struct kt_opts *o)
{
	if (o->reproduce)
		return kt_cmd_reproduce(o);
	return o->nargs > 0 ? kt_verify_through(o) : kt_usage_exit();
}

int kt_cmd_show(const struct kt_opts *o)
{
	return o->nargs == 2 ? kt_show_through(o) : kt_usage_exit();
}

/* A log may hold any text that a phone or a person gave. */
static void print_text(const char *before, const char *text, int width)
{
	struct kt_buf b;

	kt_buf_init(&b, 0);
	kt_text_escape(&b, text, strlen(text));
	printf("%s%-*s", before, width, kt_buf_cstr(&b) != NULL ? (const char *)b.p : "?");
	kt_buf_free(&b);
}

static int print_line(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		      struct kt_err *err)
{
	(void)arg;
	(void)err;
	printf("%5llu", (unsigned long long)seq);
	print_text("  ", kt_jv_str(line, "utc"), 26);
	print_text(" ", event, 20);
	for (const struct kt_jv *d = kt_jv_get(line, "detail")->child; d != NULL; d = d->next) {
		if (strlen(d->key) > 7 && strcmp(d->key + strlen(d->key) - 7, "_sha256") == 0)
			continue;
		if (strcmp(d->key, "nonce") == 0 ||
		    (d->type != KT_JV_INT && (d->type != KT_JV_STR || d->len == 0)))
			continue;
		print_text(" ", d->key, 0);
		if (d->type == KT_JV_INT)
			printf("=%lld", (long long)d->i);
		else
			print_text("=", d->str, 0);
	}
	putchar('\n');
	return 0;
}

int kt_cmd_log(const struct kt_opts *o)
{
	char head[KT_SHA256_HEX] = "";
	KT_AUTO_FD fd = -1;
	struct kt_err err = {0};
	struct kt_buf b;
	uint64_t lines = 0;
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
	r = kt_of_evidence(r);
	if (r == 0 && o->json)
		fwrite(b.p, 1, b.len, stdout);
	else if (r == 0)
		printf("chain holds: %llu lines, head %s\n", (unsigned long long)lines, head);
	kt_buf_free(&b);
	return r == 0 ? KT_EXIT_OK : kt_fail_exit(r, &err);
}
