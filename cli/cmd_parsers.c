/* SPDX-License-Identifier: EUPL-1.2 */
/* keten parsers: what is understood; --try runs one on a file that a person holds. */
#include "cli/keten.h"
#include "core/json.h"
#include "core/request.h"
#include "parsers/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *take_words(enum kt_take t)
{
	return t == KT_TAKE_OUTPUT  ? "output of"
	       : t == KT_TAKE_WHOLE ? "whole files in"
				    : "byte ranges in";
}

static void print_plugin(const struct kt_plugin_info *p)
{
	printf("%s (version %u, %s)\n  %s\n", p->id, p->version, p->status, p->title);
	for (size_t i = 0; i < kt_wants_n; i++)
		if (strcmp(kt_wants[i].plugin, p->id) == 0)
			printf("  wants: %s %s %s\n", take_words(kt_wants[i].take),
			       kt_request_get(kt_wants[i].request)->text, kt_wants[i].globs);
	printf("  absence: %s\n", p->absence);
}

static void plugin_json(const struct kt_plugin_info *p, struct kt_jw *w)
{
	kt_jw_obj(w);
	kt_jw_kstr(w, "id", p->id);
	kt_jw_kuint(w, "version", p->version);
	kt_jw_kstr(w, "title", p->title);
	kt_jw_kstr(w, "status", p->status);
	kt_jw_kstr(w, "absence", p->absence);
	kt_jw_key(w, "wants");
	kt_jw_arr(w);
	for (size_t i = 0; i < kt_wants_n; i++) {
		if (strcmp(kt_wants[i].plugin, p->id) != 0)
			continue;
		kt_jw_obj(w);
		kt_jw_kstr(w, "request", kt_request_get(kt_wants[i].request)->name);
		kt_jw_kstr(w, "text", kt_request_get(kt_wants[i].request)->text);
		kt_jw_kstr(w, "globs", kt_wants[i].globs);
		kt_jw_kuint(w, "max_bytes", kt_wants[i].max_bytes);
		kt_jw_obj_end(w);
	}
	kt_jw_arr_end(w);
	kt_jw_obj_end(w);
}

static void list(const struct kt_opts *o, const struct kt_plugin_info *only)
{
	struct kt_buf b;
	struct kt_jw w;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "schema", "keten-parsers-1");
	kt_jw_key(&w, "parsers");
	kt_jw_arr(&w);
	for (size_t i = 0; i < kt_plugins_n; i++) {
		if (only != NULL && only != &kt_plugins[i])
			continue;
		if (o->json)
			plugin_json(&kt_plugins[i], &w);
		else
			print_plugin(&kt_plugins[i]);
	}
	kt_jw_arr_end(&w);
	kt_jw_obj_end(&w);
	if (o->json)
		printf("%.*s\n", (int)b.len, (const char *)b.p);
	kt_buf_free(&b);
}

static int on_event(void *arg, const struct kt_event *ev, struct kt_err *err)
{
	struct kt_buf *b = arg;

	kt_buf_reset(b);
	kt_event_json(ev, b);
	if (b->failed)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	if (b->len > 0 && (fwrite(b->p, 1, b->len, stdout) != b->len || putchar('\n') == EOF))
		return errno == EPIPE ? KT_E_CANCELLED
				      : KT_FAIL(err, KT_E_STORAGE, "output: %s", strerror(errno));
	return 0;
}

static void print_end(const struct kt_job_end *end)
{
	struct kt_buf b;
	struct kt_jw w;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "type", "end");
	kt_jw_kuint(&w, "seen", end->seen);
	kt_jw_kuint(&w, "emitted", end->emitted);
	kt_jw_kuint(&w, "skipped", end->skipped);
	kt_jw_kstr(&w, "code",
		   end->verdict == KT_JE_OK || end->verdict == KT_JE_PARSE_ERROR
			   ? kt_code_name(end->code)
			   : kt_job_verdict_name(end->verdict));
	if (end->text[0] != '\0')
		kt_jw_kbytes(&w, "error", end->text, strlen(end->text));
	kt_jw_obj_end(&w);
	printf("%.*s\n", (int)b.len, (const char *)b.p);
	kt_buf_free(&b);
}

static void print_name(const char *path)
{
	struct kt_buf b;
	struct kt_jw w;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "type", "file");
	kt_jw_kbytes(&w, "name", path, strlen(path));
	kt_jw_obj_end(&w);
	printf("%.*s\n", (int)b.len, (const char *)b.p);
	kt_buf_free(&b);
}

/* 0; 1: not all of it was understood; a code when the file can't be tried at all. */
static int try_one(struct kt_worker *w, const struct kt_plugin_info *p, const char *path,
		   struct kt_buf *b, struct kt_err *err)
{
	struct kt_job job = {.id = p->id,
			     .as_mib = p->as_mib,
			     .cpu_s = p->cpu_s,
			     .wall_s = p->wall_s,
			     .cap = UINT64_MAX};
	struct kt_job_end end;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r;

	if (fd < 0)
		return KT_FAIL(err, KT_E_USAGE, "%.100s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return KT_FAIL(err, KT_E_USAGE, "%.100s is no regular file", path);
	}
	job.fd = fd;
	job.size = (uint64_t)st.st_size;
	r = kt_worker_run(w, &job, on_event, b, &end, err);
	close(fd);
	if (r < 0)
		return r;
	if (end.verdict == KT_JE_NO_SANDBOX)
		return KT_FAIL(err, KT_E_REFUSED, "no-sandbox: %s", end.text);
	print_end(&end);
	return end.verdict == KT_JE_OK ? 0 : 1;
}

static int try_files(const struct kt_opts *o, const struct kt_plugin_info *p)
{
	struct kt_err err = {0};
	struct kt_worker w;
	struct kt_buf b;
	bool partial = false;
	int r = kt_worker_start(&w, &err);

	if (r < 0)
		return kt_fail_exit(r, &err);
	kt_buf_init(&b, 0);
	for (int i = 1; r >= 0 && i < o->nargs; i++) {
		if (o->nargs > 2)
			print_name(o->args[i]);
		r = try_one(&w, p, o->args[i], &b, &err);
		partial |= r > 0;
	}
	kt_worker_stop(&w);
	kt_buf_free(&b);
	if (r == KT_E_CANCELLED && err.n == 0)
		return KT_EXIT_OK; /* whoever reads has seen enough */
	if (r < 0)
		return kt_fail_exit(r, &err);
	return partial ? KT_EXIT_PARTIAL : KT_EXIT_OK;
}

int kt_cmd_parsers(const struct kt_opts *o)
{
	const struct kt_plugin_info *p = NULL;

	if (o->nargs > 0) {
		p = kt_plugin_find(o->args[0]);
		if (p == NULL) {
			fprintf(stderr,
				"keten: there is no parser \"%s\"; keten parsers lists them\n",
				o->args[0]);
			return KT_EXIT_USAGE;
		}
	}
	if (!o->try_file) {
		list(o, p);
		return KT_EXIT_OK;
	}
	if (p == NULL || o->nargs < 2) {
		fprintf(stderr, "usage: keten parsers ID --try FILE...\n");
		return KT_EXIT_USAGE;
	}
	return try_files(o, p);
}
