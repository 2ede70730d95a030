/* SPDX-License-Identifier: EUPL-1.2 */
/* report.json (the record), its views (drawn by a sandboxed worker), run.json (what varies). */
#include "cli/steps.h"
#include "core/io.h"
#include "core/recstore.h"
#include "core/spawn.h"
#include "core/time.h"
#include "parsers/host/host.h"
#include "reports/model/report.h"
#include "reports/model/statement.h"
#include "reports/render/export.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define VIEW_MAX    ((uint64_t)1 << 30)
#define EXPORTS_MAX ((uint64_t)16 << 30)

int kt_programs_json(struct kt_jw *w, struct kt_err *err)
{
	static const char *const programs[] = {"keten",	       "keten-device", "keten-sign",
					       "keten-verify", "keten-worker", "keten-render"};
	int r = 0;

	kt_jw_key(w, "programs");
	kt_jw_obj(w);
	for (size_t i = 0; r == 0 && i < sizeof(programs) / sizeof(programs[0]); i++) {
		char path[PATH_MAX], sha[KT_SHA256_HEX];

		r = kt_program_path(programs[i], path, sizeof(path), err);
		if (r == 0)
			r = kt_path_sha256(AT_FDCWD, path, sha, err);
		kt_jw_kstr(w, programs[i], r == 0 ? sha : NULL);
	}
	kt_jw_obj_end(w);
	return r;
}

int kt_path_sha256(int dirfd, const char *name, char sha[KT_SHA256_HEX], struct kt_err *err)
{
	KT_AUTO_FD fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return KT_FAIL(err, KT_E_STORAGE, "%.100s: %s", name, strerror(errno));
	return kt_sha256_fd(fd, sha, err);
}

static int read_all(const struct kt_acq *q, const char *name, size_t max, struct kt_buf *b,
		    struct kt_err *err)
{
	KT_AUTO_FD fd = kt_case_read_open(q->c.fd, q->c.view, name, err);

	return fd < 0 ? fd : kt_fd_read(fd, max, b, err);
}

/* Who sealed the acquisition: the case says so, whoever makes the report and with whatever options. */
static int sealed_by(const struct kt_acq *q, struct kt_signer *s, struct kt_err *err)
{
	struct kt_buf seal, p7s;
	int r;

	kt_buf_init(&seal, 0);
	kt_buf_init(&p7s, 0);
	r = read_all(q, "seal.json", (size_t)16 << 20, &seal, err);
	if (r == 0)
		r = read_all(q, "seal.json.p7s", (size_t)1 << 20, &p7s, err);
	if (r == 0)
		r = kt_cms_verify(p7s.p, p7s.len, seal.p, seal.len, q->a->trust, kt_time_now(), s,
				  err);
	kt_buf_free(&seal);
	kt_buf_free(&p7s);
	return r < 0 ? KT_TRACE(err, r, "the seal of this case can't be read") : 0;
}

int kt_report_json(struct kt_acq *q, int dir, int fd, struct kt_err *err)
{
	struct kt_signer operator_cert;
	struct kt_report_in in = {
		.case_fd = q->c.fd,
		.view = q->c.view,
		.mandate = q->a->mandate,
		.authoriser = &q->a->authoriser,
		.operator_cert = &operator_cert,
		.plan = &q->plan,
		.plugins = kt_plugins,
		.nplugins = kt_plugins_n,
	};
	struct kt_statement statement = {0};
	struct kt_recstore store;
	char path[4200];
	int r = sealed_by(q, &operator_cert, err);

	if (r == 0)
		r = kt_records_path(q, path, sizeof(path), err);
	if (r == 0)
		r = kt_recstore_open(path, &store, err);
	if (r < 0)
		return r;
	in.store = &store;
	r = kt_statement_of_case(q, dir, &statement, err);
	if (r < 0)
		goto out;
	in.statement = r == 1 ? &statement : NULL;
	r = kt_report_write(&in, fd, err);
out:
	kt_statement_free(&statement);
	kt_recstore_close(&store, NULL);
	return r;
}

/* name.tmp, made with outcome r, gets its name; what failed is not left lying there. */
static int give_name(int dir, const char *name, int r, struct kt_err *err)
{
	char tmp[64];

	snprintf(tmp, sizeof(tmp), "%s.tmp", name);
	if (r == 0 && renameat(dir, tmp, dir, name) < 0)
		r = KT_FAIL(err, KT_E_STORAGE, "%s: %s", name, strerror(errno));
	if (r < 0)
		unlinkat(dir, tmp, 0);
	return r;
}

static int write_json(struct kt_acq *q, int dir, struct kt_err *err)
{
	int fd = openat(dir, "report.json.tmp", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r = fd < 0 ? KT_FAIL(err, KT_E_STORAGE, "report.json: %s", strerror(errno))
		       : kt_report_json(q, dir, fd, err);

	if (r == 0)
		r = kt_sync_fd(fd, err);
	kt_close_fd(&fd);
	return give_name(dir, "report.json", r, err);
}

static int on_output(void *arg, const struct kt_event *ev, struct kt_err *err)
{
	if (ev->kind != KT_EV_OUTPUT)
		return 0;
	return kt_write_full(*(int *)arg, ev->bytes.p, ev->bytes.len, err);
}

/* The views, each drawn from report.json alone by a sandboxed worker. */
static const struct view {
	const char *job, *file;
} views[] = {
	{"html-en", "report.html"},
	{"html-nl", "report.nl.html"},
	{"pdf-en", "report.pdf"},
	{"pdf-nl", "report.nl.pdf"},
};

static struct kt_job view_job(const char *id, int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);

	return (struct kt_job){.id = id,
			       .as_mib = 256,
			       .cpu_s = 120,
			       .wall_s = 300,
			       .cap = UINT64_MAX,
			       .max_output = VIEW_MAX,
			       .size = size < 0 ? 0 : (uint64_t)size,
			       .fd = fd};
}

static int write_view(struct kt_worker *w, int from, const char *input, int dir,
		      const struct view *v, struct kt_err *err)
{
	char tmp[64];
	struct kt_job job;
	struct kt_job_end end;
	int r;

	snprintf(tmp, sizeof(tmp), "%s.tmp", v->file);
	KT_AUTO_FD in = openat(from, input, O_RDONLY | O_CLOEXEC);
	KT_AUTO_FD out = openat(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (in < 0 || out < 0)
		return give_name(dir, v->file,
				 KT_FAIL(err, KT_E_STORAGE, "report: %s", strerror(errno)), err);
	job = view_job(v->job, in);
	r = kt_worker_run(w, &job, on_output, &out, &end, err);
	/* a row that was marked and is not there: the reviewer's to mend */
	if (r == 0 && end.verdict == KT_JE_PARSE_ERROR && end.code == KT_E_ABSENT)
		r = KT_FAIL(err, KT_E_ABSENT, "%s", end.text);
	if (r == 0 && end.verdict != KT_JE_OK)
		r = KT_FAIL(err, KT_E_INTERNAL, "%s could not be drawn: %s: %s", v->file,
			    kt_job_verdict_name(end.verdict), end.text);
	if (r == 0)
		r = kt_sync_fd(out, err);
	return give_name(dir, v->file, r, err);
}

/* -- the other forms: one job, many files ----------------------------------------------------- */

struct exports {
	struct kt_export_reader reader;
	int dir;
	int fd[KT_EXPORT_PAGES + 1]; /* the last: the page that is being written */
	unsigned page;
};

static int export_fd(struct exports *x, unsigned file, int **fd, struct kt_err *err)
{
	char name[KT_EXPORT_NAME], tmp[KT_EXPORT_NAME + 8];
	unsigned slot = file < KT_EXPORT_PAGES ? file : KT_EXPORT_PAGES;

	*fd = &x->fd[slot];
	if (slot == KT_EXPORT_PAGES && file != x->page) {
		int r = x->fd[slot] >= 0 ? kt_sync_fd(x->fd[slot], err) : 0;

		if (r < 0 || file < x->page)
			return r < 0 ? r : KT_FAIL(err, KT_E_FORMAT, "export: pages out of order");
		kt_close_fd(&x->fd[slot]);
		x->page = file;
	}
	if (x->fd[slot] >= 0)
		return 0;
	if (kt_export_name(file, name) == NULL)
		return KT_FAIL(err, KT_E_FORMAT, "export: file %u is none", file);
	snprintf(tmp, sizeof(tmp), "%s.tmp", name);
	x->fd[slot] = openat(x->dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return x->fd[slot] < 0 ? KT_FAIL(err, KT_E_STORAGE, "%s: %s", name, strerror(errno)) : 0;
}

static int export_put(void *arg, unsigned file, const void *p, size_t n, struct kt_err *err)
{
	int *fd, r = export_fd(arg, file, &fd, err);

	return r < 0 ? r : kt_write_full(*fd, p, n, err);
}

static int on_export(void *arg, const struct kt_event *ev, struct kt_err *err)
{
	struct exports *x = arg;

	if (ev->kind != KT_EV_OUTPUT)
		return 0;
	return kt_export_feed(&x->reader, ev->bytes.p, ev->bytes.len, err);
}

/* All at once get their names, when all are complete; pages of an earlier run go. */
static int export_names(struct exports *x, struct kt_err *err)
{
	char name[KT_EXPORT_NAME], tmp[KT_EXPORT_NAME + 8];

	for (unsigned i = 0; kt_export_name(i, name) != NULL; i++) {
		snprintf(tmp, sizeof(tmp), "%s.tmp", name);
		if (renameat(x->dir, tmp, x->dir, name) == 0)
			continue;
		if (errno != ENOENT || i < KT_EXPORT_PAGES)
			return KT_FAIL(err, KT_E_STORAGE, "%s: %s", name, strerror(errno));
		unlinkat(x->dir, name, 0);
	}
	return 0;
}

/* None of them is left unfinished. */
static void export_drop(const struct exports *x)
{
	char name[KT_EXPORT_NAME], tmp[KT_EXPORT_NAME + 8];

	for (unsigned i = 0; kt_export_name(i, name) != NULL; i++) {
		snprintf(tmp, sizeof(tmp), "%s.tmp", name);
		unlinkat(x->dir, tmp, 0);
	}
}

static struct kt_job exports_job(int fd)
{
	struct kt_job job = view_job("exports", fd);

	job.cpu_s = 300;
	job.wall_s = 900;
	job.max_output = EXPORTS_MAX;
	return job;
}

static int write_exports(struct kt_worker *w, int dir, struct kt_err *err)
{
	struct exports x = {.dir = dir};
	KT_AUTO_FD in = openat(dir, "report.json", O_RDONLY | O_CLOEXEC);
	struct kt_job job = exports_job(in);
	struct kt_job_end end;
	int r;

	if (in < 0)
		return KT_FAIL(err, KT_E_STORAGE, "report: %s", strerror(errno));
	x.reader.put = export_put;
	x.reader.arg = &x;
	for (size_t i = 0; i <= KT_EXPORT_PAGES; i++)
		x.fd[i] = -1;
	r = kt_worker_run(w, &job, on_export, &x, &end, err);
	if (r == 0 && end.verdict != KT_JE_OK)
		r = KT_FAIL(err, KT_E_INTERNAL, "the exports could not be made: %s: %s",
			    kt_job_verdict_name(end.verdict), end.text);
	for (size_t i = 0; i <= KT_EXPORT_PAGES; i++) {
		if (r == 0 && x.fd[i] >= 0)
			r = kt_sync_fd(x.fd[i], err);
		kt_close_fd(&x.fd[i]);
	}
	if (r == 0)
		r = export_names(&x, err);
	if (r < 0)
		export_drop(&x);
	return r;
}

/* -- drawn again, to be compared --------------------------------------------------------------- */

struct redrawn {
	kt_view_fn fn;
	void *arg;
	const char *file;
	struct kt_export_reader reader;
	unsigned files; /* of the other forms, so far */
};

static int on_redrawn(void *arg, const struct kt_event *ev, struct kt_err *err)
{
	struct redrawn *d = arg;

	return ev->kind == KT_EV_OUTPUT ? d->fn(d->arg, d->file, ev->bytes.p, ev->bytes.len, err)
					: 0;
}

static int on_form(void *arg, unsigned file, const void *p, size_t n, struct kt_err *err)
{
	struct redrawn *d = arg;
	char name[KT_EXPORT_NAME];

	if (kt_export_name(file, name) == NULL)
		return KT_FAIL(err, KT_E_FORMAT, "export: file %u is none", file);
	if (file >= d->files)
		d->files = file + 1;
	return d->fn(d->arg, name, p, n, err);
}

static int on_forms(void *arg, const struct kt_event *ev, struct kt_err *err)
{
	struct redrawn *d = arg;

	return ev->kind == KT_EV_OUTPUT
		       ? kt_export_feed(&d->reader, ev->bytes.p, ev->bytes.len, err)
		       : 0;
}

static int redraw(struct kt_worker *w, const struct kt_job *job, struct redrawn *d,
		  int (*on)(void *arg, const struct kt_event *ev, struct kt_err *err),
		  struct kt_err *err)
{
	struct kt_job_end end;
	int r = kt_worker_run(w, job, on, d, &end, err);

	return r == 0 && end.verdict != KT_JE_OK
		       ? KT_FAIL(err, KT_E_INTERNAL, "%s could not be drawn: %s: %s", d->file,
				 kt_job_verdict_name(end.verdict), end.text)
		       : r;
}

/* The other forms take turns: each ends when all do. */
static int redraw_forms(struct kt_worker *w, int json, struct redrawn *d, struct kt_err *err)
{
	struct kt_job job = exports_job(json);
	char name[KT_EXPORT_NAME];
	int r;

	d->file = job.id;
	d->reader.put = on_form;
	d->reader.arg = d;
	r = redraw(w, &job, d, on_forms, err);
	for (unsigned i = 0; r == 0 && i < d->files; i++)
		r = d->fn(d->arg, kt_export_name(i, name), NULL, 0, err);
	return r;
}

int kt_report_redraw(int json, kt_view_fn fn, void *arg, struct kt_err *err)
{
	struct redrawn d = {.fn = fn, .arg = arg};
	struct kt_worker w;
	int r = kt_worker_start_as(&w, "keten-render", err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < sizeof(views) / sizeof(views[0]); i++) {
		struct kt_job job = view_job(views[i].job, json);

		d.file = views[i].file;
		r = redraw(&w, &job, &d, on_redrawn, err);
		if (r == 0)
			r = fn(arg, d.file, NULL, 0, err);
	}
	if (r == 0)
		r = redraw_forms(&w, json, &d, err);
	kt_worker_stop(&w);
	return r;
}

int kt_report_views(int dir, struct kt_err *err)
{
	struct kt_worker w;
	int r = kt_worker_start_as(&w, "keten-render", err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]) && r == 0; i++)
		r = write_view(&w, dir, "report.json", dir, &views[i], err);
	if (r == 0)
		r = write_exports(&w, dir, err);
	kt_worker_stop(&w);
	return r;
}

int kt_redact_report(int from, const char *input, int dir, struct kt_err *err)
{
	static const struct view copy = {"redact", "report.json"};
	struct kt_worker w;
	int r = kt_worker_start_as(&w, "keten-render", err);

	if (r < 0)
		return r;
	r = write_view(&w, from, input, dir, &copy, err);
	kt_worker_stop(&w);
	return r;
}

static int write_run(int dir, uint32_t layers, struct kt_err *err)
{
	struct utsname u;
	char t[KT_TIME_TEXT];
	struct kt_buf b;
	struct kt_jw w;
	int r;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	w.pretty = true;
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "format", "keten-run-1");
	kt_jw_kstr(&w, "made", kt_time_text(kt_time_now(), t));
	kt_jw_kstr(&w, "version", KT_VERSION);
	kt_jw_kstr(&w, "kernel", uname(&u) == 0 ? u.release : "");
	kt_jw_kstr(&w, "openssl", OpenSSL_version(OPENSSL_VERSION));
	kt_jw_kstr(&w, "sqlite", sqlite3_libversion());
	kt_jw_kuint(&w, "sandbox_layers", layers);
	r = kt_programs_json(&w, err);
	kt_jw_obj_end(&w);
	kt_buf_putc(&b, '\n');
	if (r == 0)
		r = b.failed ? KT_FAIL(err, KT_E_NOMEM, "no memory")
			     : kt_file_write(dir, "run.json", b.p, b.len, 0600, err);
	kt_buf_free(&b);
	return r;
}

static int make_report(struct kt_acq *q, struct kt_err *err)
{
	char sha[KT_SHA256_HEX];
	KT_AUTO_FD dir = kt_dir_open(q->c.fd, "report", true, err);
	int r;

	if (dir < 0)
		return dir;
	kt_progress_step(&q->prog, "report", "");
	r = write_json(q, dir, err);
	if (r == 0)
		r = kt_report_views(dir, err);
	if (r == 0)
		r = write_run(dir, q->layers, err);
	if (r == 0)
		r = kt_sync_fd(dir, err);
	if (r == 0)
		r = kt_path_sha256(dir, "report.json", sha, err);
	if (r < 0)
		return r;
	return kt_custody_event(&q->log, "report.made", "report_sha256", sha, err);
}

int kt_step_report(struct kt_acq *q, struct kt_err *err)
{
	return kt_of_evidence(make_report(q, err));
}
