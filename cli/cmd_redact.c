/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten redact: a copy of a report without the rows that a reviewer has marked, as a package of its
 * own that names the full one. keten-verify judges and opens the package, keten-render leaves the
 * rows out and draws the views; nothing of the report is interpreted here.
 */
#include "cli/steps.h"
#include "cli/verify_run.h"
#include "cli/vouch.h"
#include "core/io.h"
#include "core/json.h"
#include "reports/render/redact.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARKS_MAX    ((size_t)16 << 20)
#define REVIEWER_MAX 200u

struct redaction {
	struct kt_judged full; /* the package that it is a copy of */
	int dir;	       /* a folder of ours below --out, removed at the end */
	char dir_path[4096];
	char reviewer[REVIEWER_MAX + 1];
	struct kt_buf order;
	unsigned marks;
};

/* -- the full package ------------------------------------------------------------------------- */

static int create(const struct redaction *x, const char *name, struct kt_err *err)
{
	int fd = openat(x->dir, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	return fd < 0 ? KT_FAIL(err, KT_E_STORAGE, "%s: %s", name, strerror(errno)) : fd;
}

/* A file of the package into the folder of ours. */
static int extract(struct redaction *x, const char *member, const char *to, struct kt_err *err)
{
	KT_AUTO_FD fd = create(x, to, err);

	return fd < 0 ? fd : kt_judged_show(&x->full, member, fd, err);
}

/* A report stands in an acquisition that was never sealed, and in a release. */
static int open_package(struct redaction *x, const struct kt_opts *o, struct kt_err *err)
{
	const struct kt_judged *j = &x->full;
	int r = kt_verify_holds(o, o->args[0], &x->full, err);

	if (r == 0 && j->type == KT_PT_ACQUISITION && j->sealed)
		r = KT_FAIL(err, KT_E_USAGE,
			    "%.90s is sealed, and holds no report; name its release", j->path);
	else if (r == 0 && j->type != KT_PT_ACQUISITION && j->type != KT_PT_RELEASE)
		r = KT_FAIL(err, KT_E_USAGE,
			    "%.90s is no acquisition and no release; name the one that holds the "
			    "full report",
			    j->path);
	if (r == 0)
		r = extract(x, KT_PKG_REPORT, "full.json", err);
	if (r == 0)
		r = extract(x, KT_PKG_MANDATE, "mandate.json", err);
	if (r == 0)
		r = extract(x, KT_PKG_MANDATE_SIG, "mandate.json.p7s", err);
	return r;
}

/* -- marks ------------------------------------------------------------------------------------ */

static int bad_marks(const char *what, struct kt_err *err)
{
	return KT_FAIL(err, KT_E_USAGE, "--marks: %s (docs/formats/marks.md)", what);
}

static int put_marks(struct redaction *x, const struct kt_jv *list, struct kt_jw *w,
		     struct kt_err *err)
{
	kt_jw_key(w, "marks");
	kt_jw_arr(w);
	for (const struct kt_jv *v = list->child; v != NULL; v = v->next) {
		const char *id = kt_jv_str(v, "id"), *category = kt_jv_str(v, "category");

		if (v->type != KT_JV_OBJ || v->count != 2 || !kt_redact_id_ok(id))
			return bad_marks(
				"a mark needs an id such as o000017#3 or o000017, and a category",
				err);
		if (!kt_redact_category_ok(category))
			return bad_marks("a category is not one of the list", err);
		kt_jw_obj(w);
		kt_jw_kstr(w, "id", id);
		kt_jw_kstr(w, "category", category);
		kt_jw_obj_end(w);
		x->marks++;
	}
	kt_jw_arr_end(w);
	return 0;
}

static int read_marks(struct redaction *x, const char *path, struct kt_err *err)
{
	char report[KT_SHA256_HEX];
	struct kt_jdoc *doc = NULL;
	const struct kt_jv *root, *list;
	struct kt_buf b;
	struct kt_jw w;
	int r = kt_path_sha256(x->dir, "full.json", report, err);

	kt_buf_init(&b, 0);
	if (r == 0)
		r = kt_path_read(path, MARKS_MAX, &b, err);
	if (r == 0)
		r = kt_jdoc_parse(b.p, b.len, &doc, err);
	root = r == 0 ? kt_jdoc_root(doc) : NULL;
	list = kt_jv_get(root, "marks");
	if (r == 0 && (kt_jv_str(root, "format") == NULL ||
		       strcmp(kt_jv_str(root, "format"), "keten-marks-1") != 0))
		r = bad_marks("the format is not keten-marks-1", err);
	else if (r == 0 && (kt_jv_str(root, "package_sha256") == NULL ||
			    strcmp(kt_jv_str(root, "package_sha256"), x->full.sha256) != 0))
		r = bad_marks("they are for another package", err);
	else if (r == 0 && !kt_jv_copy(root, "reviewer", x->reviewer, sizeof(x->reviewer)))
		r = bad_marks("no reviewer is named", err);
	else if (r == 0 &&
		 (list == NULL || list->type != KT_JV_ARR || list->count == 0 || root->count != 4))
		r = bad_marks("there are no marks, or further members", err);
	if (r == 0) {
		kt_jw_init(&w, &x->order);
		kt_jw_obj(&w);
		kt_jw_kstr(&w, "package", x->full.package);
		kt_jw_kstr(&w, "package_sha256", x->full.sha256);
		kt_jw_kstr(&w, "report_sha256", report);
		kt_jw_kbytes(&w, "reviewer", x->reviewer, strlen(x->reviewer));
		r = put_marks(x, list, &w, err);
		kt_jw_obj_end(&w);
	}
	if (r == 0 && x->order.failed)
		r = KT_FAIL(err, KT_E_NOMEM, "no memory");
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}

/* -- the copy --------------------------------------------------------------------------------- */

/* What keten-render reads: length of the order, order, report. */
static int write_input(struct redaction *x, struct kt_err *err)
{
	KT_AUTO_FD out = create(x, "input", err);
	KT_AUTO_FD in = openat(x->dir, "full.json", O_RDONLY | O_CLOEXEC);
	static uint8_t piece[65536];
	uint8_t head[8];
	uint64_t off = 0;
	size_t got = 1;
	int r = out < 0	 ? out
		: in < 0 ? KT_FAIL(err, KT_E_STORAGE, "report.json: %s", strerror(errno))
			 : 0;

	kt_put_le64(head, x->order.len);
	if (r == 0)
		r = kt_write_full(out, head, sizeof(head), err);
	if (r == 0)
		r = kt_write_full(out, x->order.p, x->order.len, err);
	while (r == 0 && got > 0) {
		r = kt_pread_full(in, piece, sizeof(piece), off, &got, err);
		if (r == 0)
			r = kt_write_full(out, piece, got, err);
		off += got;
	}
	return r;
}

/* Files of the copy, from the folder of ours. */
static int add_files(struct kt_package *pkg, struct kt_err *err)
{
	int r = kt_package_add_file(pkg, KT_PKG_MANDATE, "mandate.json", err);

	if (r == 0)
		r = kt_package_add_file(pkg, KT_PKG_MANDATE_SIG, "mandate.json.p7s", err);
	if (r == 0)
		r = kt_package_add_report(pkg, err);
	return r;
}

static int write_package(struct redaction *x, const struct kt_opts *o, const struct kt_trust *trust,
			 char name[KT_PKG_NAME_MAX + 1], struct kt_err *err)
{
	struct kt_act act = {.type = KT_PT_REDACTION};
	struct kt_package *pkg = NULL;
	struct kt_buf detail;
	struct kt_jw w;
	int r;

	kt_buf_init(&detail, 0);
	kt_jw_init(&w, &detail);
	kt_jw_obj(&w);
	kt_jw_kbytes(&w, "by", x->reviewer, strlen(x->reviewer));
	kt_jw_kuint(&w, "marks", x->marks);
	kt_jw_obj_end(&w);
	act.detail = kt_buf_cstr(&detail);
	r = act.detail == NULL ? KT_FAIL(err, KT_E_NOMEM, "no memory")
			       : kt_act_about(&act, &x->full, err);
	if (r == 0)
		r = kt_act_begin(&act, x->dir, &pkg, err);
	if (r == 0)
		r = add_files(pkg, err);
	if (r == 0)
		r = kt_act_make(o->out_dir, o->operator_key, trust, pkg, &act, name, err);
	kt_package_free(&pkg);
	kt_buf_free(&detail);
	return r;
}

static int make(struct redaction *x, const struct kt_opts *o, const struct kt_trust *trust,
		char name[KT_PKG_NAME_MAX + 1], struct kt_err *err)
{
	KT_AUTO_FD report = -1;
	int r = open_package(x, o, err);

	if (r == 0 && (r = read_marks(x, o->marks, err)) < 0)
		KT_TRACE(err, r, "--marks %.80s", o->marks);
	if (r == 0)
		r = write_input(x, err);
	if (r < 0)
		return r;
	report = kt_dir_open(x->dir, "report", true, err);
	if (report < 0)
		return report;
	r = kt_redact_report(x->dir, "input", report, err);
	if (r == 0)
		r = kt_report_views(report, err);
	return r < 0 ? r : write_package(x, o, trust, name, err);
}

/* The folder of ours and what lies in it. */
static void remove_work(struct redaction *x)
{
	static const char *const names[] = {"full.json", "mandate.json", "mandate.json.p7s",
					    "input"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(x->dir, names[i], 0);
	kt_dir_remove_files(x->dir, "report");
	kt_close_fd(&x->dir);
	rmdir(x->dir_path);
}

/* What a run that was cut off left: the full report, where copies without some of it are to lie. */
static void sweep(int out, const char *out_dir)
{
	int copy = openat(out, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		struct redaction old = {.dir = -1};

		if (strncmp(e->d_name, "redact.", 7) != 0 || strlen(e->d_name) != 13)
			continue;
		snprintf(old.dir_path, sizeof(old.dir_path), "%.3800s/%s", out_dir, e->d_name);
		old.dir = openat(out, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (old.dir >= 0 && flock(old.dir, LOCK_EX | LOCK_NB) == 0)
			remove_work(&old);
		kt_close_fd(&old.dir);
	}
	if (d != NULL)
		closedir(d);
}

int kt_cmd_redact(const struct kt_opts *o)
{
	struct redaction x = {.dir = -1};
	char name[KT_PKG_NAME_MAX + 1] = "";
	struct kt_trust *trust = NULL;
	struct kt_err err = {0};
	KT_AUTO_FD out = -1;
	int r;

	if (o->nargs != 1 || o->marks == NULL || o->out_dir == NULL || o->operator_key == NULL)
		return kt_usage_exit();
	kt_buf_init(&x.order, MARKS_MAX * 2);
	out = kt_out_open(o->out_dir, &err);
	if (out < 0)
		return kt_fail_exit(out, &err);
	sweep(out, o->out_dir);
	snprintf(x.dir_path, sizeof(x.dir_path), "%s/redact.XXXXXX", o->out_dir);
	if (mkdtemp(x.dir_path) == NULL)
		return kt_fail_exit(
			KT_FAIL(&err, KT_E_STORAGE, "%.100s: %s", o->out_dir, strerror(errno)),
			&err);
	x.dir = kt_dir_open(AT_FDCWD, x.dir_path, false, &err);
	r = x.dir < 0 ? x.dir
	    : flock(x.dir, LOCK_EX | LOCK_NB) < 0
		    ? KT_FAIL(&err, KT_E_STORAGE, "%.100s: %s", x.dir_path, strerror(errno))
		    : kt_trust_of(o, &trust, &err);
	if (r == 0)
		r = make(&x, o, trust, name, &err);
	remove_work(&x);
	kt_trust_free(&trust);
	kt_buf_free(&x.order);
	if (r < 0)
		return kt_fail_exit(r, &err);
	printf("redacted %s/%s\nof       %s\n%u marks; the copy says by category what was left "
	       "out\n",
	       o->out_dir, name, x.full.sha256, x.marks);
	return KT_EXIT_OK;
}
