/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/engine.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/err.h"
#include "core/spawn.h"
#include "desktop/ui.h"

#define LINE_MAX_BYTES ((gsize)64 << 10)  /* a longer line of progress is passed over */
#define OUT_MAX_BYTES  ((gsize)256 << 20) /* a result: a report is one */
#define JSON_MAX_BYTES ((gsize)16 << 20)  /* one that is looked into here */

struct kd_engine {
	GSubprocess *proc;
	GInputStream *out, *err; /* borrowed from proc */
	GByteArray *out_bytes, *line;
	bool line_too_long, out_too_long, dropped;
	unsigned open; /* streams not at their end, and the process */
	char *error, *word;
	kd_engine_line on_line;
	kd_engine_end on_end;
	gpointer data;
	kd_engine_take take; /* NULL: what comes is kept in out_bytes */
	GDestroyNotify discard;
	gpointer taken;
	guint8 out_piece[65536], err_piece[4096];
};

const char *kd_engine_path(void)
{
	static char path[PATH_MAX];

	if (path[0] == '\0' && kt_program_path("keten", path, sizeof(path), NULL) < 0)
		g_strlcpy(path, "keten", sizeof(path));
	return path;
}

static void engine_free(struct kd_engine *e)
{
	g_clear_object(&e->proc);
	g_byte_array_unref(e->out_bytes);
	g_byte_array_unref(e->line);
	g_free(e->error);
	g_free(e->word);
	g_free(e);
}

static void finish(struct kd_engine *e)
{
	struct kd_engine_result res = {
		.status = -1, .error = "", .word = "", .out = "", .taken = e->taken};
	struct kt_jdoc *doc = NULL;
	char *said;

	if (e->dropped) {
		if (e->taken != NULL)
			e->discard(e->taken);
		engine_free(e);
		return;
	}
	if (e->proc != NULL && g_subprocess_get_if_exited(e->proc))
		res.status = g_subprocess_get_exit_status(e->proc);
	if (e->out_too_long) { /* what is not whole is no result */
		res.status = -1;
		g_free(e->error);
		e->error = g_strdup(_("It is too large for this window; the command keten can do "
				      "it."));
		g_byte_array_set_size(e->out_bytes, 0);
	}
	if (e->error != NULL)
		res.error = e->error;
	said = kd_said(res.error);
	res.said = said;
	if (e->word != NULL)
		res.word = e->word;
	res.out_len = e->out_bytes->len;
	g_byte_array_append(e->out_bytes, (const guint8 *)"", 1);
	res.out = (const char *)e->out_bytes->data;
	if (res.out_len > 0 && res.out_len <= JSON_MAX_BYTES && res.out[0] == '{' &&
	    kt_jdoc_parse(res.out, res.out_len, &doc, NULL) == 0)
		res.json = kt_jdoc_root(doc);
	e->on_end(&res, e->data);
	g_free(said);
	kt_jdoc_free(&doc);
	engine_free(e);
}

static void one_less(struct kd_engine *e)
{
	if (--e->open == 0)
		finish(e);
}

static void take_line(struct kd_engine *e)
{
	struct kt_jdoc *doc = NULL;
	const struct kt_jv *root;
	const char *schema;

	if (e->dropped || e->line->len == 0)
		return;
	if (kt_jdoc_parse(e->line->data, e->line->len, &doc, NULL) < 0) {
		/* words for people, before progress begins: usage, a missing library */
		g_free(e->error);
		e->error = g_utf8_make_valid((const char *)e->line->data, (gssize)e->line->len);
		return;
	}
	root = kt_jdoc_root(doc);
	schema = kt_jv_str(root, "schema");
	if (schema != NULL && strcmp(schema, "keten-error-1") == 0) {
		const char *message = kt_jv_str(root, "message");
		/* a program that keten started says in a line of its own what is wrong with a key */
		char *both = e->error != NULL && message != NULL
				     ? g_strdup_printf("%s\n%s", e->error, message)
				     : g_strdup(message);

		g_free(e->error);
		g_free(e->word);
		e->error = both;
		e->word = g_strdup(kt_jv_str(root, "error"));
	} else if (e->on_line != NULL) {
		e->on_line(root, e->data);
	}
	kt_jdoc_free(&doc);
}

static void take_err(struct kd_engine *e, const guint8 *p, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		if (p[i] != '\n') {
			if (e->line->len < LINE_MAX_BYTES)
				g_byte_array_append(e->line, &p[i], 1);
			else
				e->line_too_long = true;
			continue;
		}
		if (!e->line_too_long)
			take_line(e);
		e->line_too_long = false;
		g_byte_array_set_size(e->line, 0);
	}
}

static void on_err(GObject *source, GAsyncResult *r, gpointer data)
{
	struct kd_engine *e = data;
	gssize n = g_input_stream_read_finish(G_INPUT_STREAM(source), r, NULL);

	if (n <= 0) {
		take_line(e);
		g_byte_array_set_size(e->line, 0);
		one_less(e);
		return;
	}
	take_err(e, e->err_piece, (gsize)n);
	g_input_stream_read_async(e->err, e->err_piece, sizeof(e->err_piece), G_PRIORITY_DEFAULT,
				  NULL, on_err, e);
}

static void on_out(GObject *source, GAsyncResult *r, gpointer data)
{
	struct kd_engine *e = data;
	gssize n = g_input_stream_read_finish(G_INPUT_STREAM(source), r, NULL);

	if (n <= 0) {
		one_less(e);
		return;
	}
	e->out_too_long |= e->out_bytes->len + (gsize)n > OUT_MAX_BYTES;
	if (!e->out_too_long)
		g_byte_array_append(e->out_bytes, e->out_piece, (guint)n);
	g_input_stream_read_async(e->out, e->out_piece, sizeof(e->out_piece), G_PRIORITY_DEFAULT,
				  NULL, on_out, e);
}

static void on_exit_status(GObject *source, GAsyncResult *r, gpointer data)
{
	g_subprocess_wait_finish(G_SUBPROCESS(source), r, NULL);
	one_less(data);
}

static gboolean fail_later(gpointer data)
{
	finish(data);
	return G_SOURCE_REMOVE;
}

/* Runs between fork and exec: a window that dies stops what it started, at a safe place. */
static void child_setup(gpointer data)
{
	(void)data;
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
}

static GSubprocessLauncher *launcher(int *secret_fd)
{
	GSubprocessLauncher *l = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE |
							   G_SUBPROCESS_FLAGS_STDERR_PIPE);
	int pipe_fd[2];

	g_subprocess_launcher_set_child_setup(l, child_setup, NULL, NULL);
	if (secret_fd != NULL && pipe2(pipe_fd, O_CLOEXEC) == 0) {
		g_subprocess_launcher_take_fd(l, pipe_fd[0], 3);
		*secret_fd = pipe_fd[1];
	}
	return l;
}

static void take_thread(GTask *task, gpointer source, gpointer data, GCancellable *c)
{
	struct kd_engine *e = data;

	(void)source;
	(void)c;
	e->taken = e->take(e->out);
	g_task_return_boolean(task, TRUE);
}

static void on_taken(GObject *source, GAsyncResult *r, gpointer data)
{
	(void)source;
	(void)r;
	one_less(data);
}

static void read_out(struct kd_engine *e)
{
	GTask *task;

	if (e->take == NULL) {
		g_input_stream_read_async(e->out, e->out_piece, sizeof(e->out_piece),
					  G_PRIORITY_DEFAULT, NULL, on_out, e);
		return;
	}
	task = g_task_new(NULL, NULL, on_taken, e);
	g_task_set_task_data(task, e, NULL);
	g_task_run_in_thread(task, take_thread);
	g_object_unref(task);
}

static void start(struct kd_engine *e, const char *const *args, int *secret_fd)
{
	GSubprocessLauncher *l = launcher(secret_fd);
	GPtrArray *argv = g_ptr_array_new();
	GError *error = NULL;

	g_ptr_array_add(argv, (gpointer)kd_engine_path());
	for (; *args != NULL; args++)
		g_ptr_array_add(argv, (gpointer)*args);
	g_ptr_array_add(argv, NULL);
	e->out_bytes = g_byte_array_new();
	e->line = g_byte_array_new();
	e->proc = g_subprocess_launcher_spawnv(l, (const gchar *const *)argv->pdata, &error);
	g_ptr_array_unref(argv);
	g_object_unref(l);
	if (e->proc == NULL) {
		e->error = g_strdup(error->message);
		g_clear_error(&error);
		g_idle_add(fail_later, e);
		return;
	}
	e->open = 3;
	e->out = g_subprocess_get_stdout_pipe(e->proc);
	e->err = g_subprocess_get_stderr_pipe(e->proc);
	read_out(e);
	g_input_stream_read_async(e->err, e->err_piece, sizeof(e->err_piece), G_PRIORITY_DEFAULT,
				  NULL, on_err, e);
	g_subprocess_wait_async(e->proc, NULL, on_exit_status, e);
}

struct kd_engine *kd_engine_start(const char *const *args, int *secret_fd, kd_engine_line line,
				  kd_engine_end end, gpointer data)
{
	struct kd_engine *e = g_new0(struct kd_engine, 1);

	e->on_line = line;
	e->on_end = end;
	e->data = data;
	start(e, args, secret_fd);
	return e;
}

struct kd_engine *kd_engine_start_taking(const char *const *args, kd_engine_take take,
					 GDestroyNotify discard, kd_engine_end end, gpointer data)
{
	struct kd_engine *e = g_new0(struct kd_engine, 1);

	e->take = take;
	e->discard = discard;
	e->on_end = end;
	e->data = data;
	start(e, args, NULL);
	return e;
}

void kd_engine_stop(struct kd_engine *e)
{
	if (e->proc != NULL)
		g_subprocess_send_signal(e->proc, SIGINT);
}

void kd_engine_kill(struct kd_engine *e)
{
	if (e->proc != NULL)
		g_subprocess_force_exit(e->proc);
}

void kd_engine_drop(struct kd_engine *e)
{
	if (e == NULL)
		return;
	e->dropped = true;
	kd_engine_stop(e);
}
