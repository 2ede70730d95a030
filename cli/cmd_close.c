/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten refuse, keten withdraw: what ends without evidence ends with a record all the same. A
 * withdrawal destroys what was taken; what stays are the mandate, the log and the papers.
 */
#include "cli/steps.h"
#include "cli/subject.h"
#include "core/io.h"
#include "core/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What was destroyed. */
struct gone {
	uint64_t files, bytes;
	bool only_counted; /* nothing is destroyed yet */
};

static const char *const reasons[] = {"person-objects", "not-allowed", "phone-not-readable",
				      "attempt-failed", "other",       NULL};

static bool is_reason(const char *s)
{
	for (size_t i = 0; reasons[i] != NULL; i++)
		if (strcmp(s, reasons[i]) == 0)
			return true;
	return false;
}

static void put_text(struct kt_jw *w, const char *key, const char *s)
{
	kt_jw_kbytes(w, key, s != NULL ? s : "", s != NULL ? strlen(s) : 0);
}

/* position: what is so when the options do not say. */
static void put_subject(const struct kt_opts *o, const char *position, struct kt_jw *w)
{
	put_text(w, "interpreter", o->interpreter);
	put_text(w, "note", o->note);
	kt_jw_kstr(w, "position", o->subject != NULL ? o->subject : position);
}

/* The act with mandate, log and papers of the case, said to people. */
static int make_of_case(struct kt_acq *q, enum kt_pkg_type type, const char *detail,
			const struct gone *g, struct kt_err *err)
{
	char name[KT_PKG_NAME_MAX + 1];
	int r = kt_act_of_case(q, type, detail, name, err);

	if (r == 0)
		r = kt_act_print(q->o, kt_pkg_type_word(type), name, g->files, g->bytes, err);
	return r;
}

static int log_closed(struct kt_acq *q, const char *reason, struct kt_err *err)
{
	return q->state.closed ? 0
			       : kt_custody_event(&q->log, "session.closed", "reason", reason, err);
}

/* -- refuse ----------------------------------------------------------------------------------- */

/* Bytes that were taken, in objects of the case: then it is no refusal any more. */
static int holds_objects(const struct kt_acq *q, bool *yes, struct kt_err *err)
{
	int fd = openat(q->c.fd, "objects", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *e;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	*yes = false;
	if (d == NULL)
		return errno == ENOENT ? 0
				       : KT_FAIL(err, KT_E_STORAGE, "objects: %s", strerror(errno));
	while ((e = readdir(d)) != NULL)
		*yes |= e->d_name[0] != '.';
	closedir(d);
	return 0;
}

static int refuse_detail(const struct kt_opts *o, const char *reason, bool simulated,
			 struct kt_buf *b, struct kt_err *err)
{
	struct kt_jw w;

	kt_jw_init(&w, b);
	kt_jw_obj(&w);
	put_subject(o, strcmp(reason, "person-objects") == 0 ? "objects" : "not-asked", &w);
	kt_jw_kstr(&w, "reason", reason);
	if (simulated)
		kt_jw_kbool(&w, "simulated", true);
	kt_jw_obj_end(&w);
	return kt_buf_cstr(b) != NULL ? 0 : KT_FAIL(err, KT_E_NOMEM, "no memory");
}

/* A case was opened, and its attempts stand in its log. */
static int refuse_case(const struct kt_opts *o, const char *reason, struct kt_err *err)
{
	static struct kt_acq q;
	struct kt_authority a;
	struct kt_buf detail;
	bool objects = false;
	int r = kt_steps_reopen(o, "refuse", &a, &q, err);

	kt_buf_init(&detail, 0);
	/* with the same words it completes what was cut off; with others it would contradict its own log */
	if (r == 0 && q.state.closed && strcmp(q.state.closed_reason, reason) != 0)
		r = KT_FAIL(
			err, KT_E_REFUSED,
			"case-closed: this case was closed already (%.40s), and is not closed for "
			"another reason",
			q.state.closed_reason);
	if (r == 0)
		r = holds_objects(&q, &objects, err);
	if (r == 0 && (objects || q.state.acquisition_sealed))
		r = KT_FAIL(err, KT_E_REFUSED,
			    "data-was-read: this case holds data; if the person withdraws, use "
			    "keten withdraw, which destroys it");
	if (r == 0)
		r = log_closed(&q, reason, err);
	if (r == 0)
		r = refuse_detail(o, reason, q.c.simulated, &detail, err);
	if (r == 0)
		r = make_of_case(&q, KT_PT_REFUSAL, (const char *)detail.p, &(struct gone){0}, err);
	kt_buf_free(&detail);
	kt_acq_close(&q);
	kt_authority_free(&a);
	return r;
}

static int refuse_mandate(const struct kt_opts *o, const char *detail, struct kt_err *err)
{
	struct kt_authority a = {0};
	struct kt_package *pkg = NULL;
	struct kt_act act = {.type = KT_PT_REFUSAL, .detail = detail};
	char name[KT_PKG_NAME_MAX + 1];
	int r = kt_authority_load(o, false, true, 0, &a, err);

	if (r == 0) {
		act.mandate_id = a.mandate->mandate_id;
		act.mandate_sha256 = a.sha256_hex;
		r = kt_act_begin(&act, AT_FDCWD, &pkg, err);
	}
	if (r == 0)
		r = kt_package_add_bytes(pkg, KT_PKG_MANDATE, a.mandate_bytes.p,
					 a.mandate_bytes.len, err);
	if (r == 0)
		r = kt_package_add_bytes(pkg, KT_PKG_MANDATE_SIG, a.p7s.p, a.p7s.len, err);
	if (r == 0)
		r = kt_act_make(o->out_dir, o->operator_key, a.trust, pkg, &act, name, err);
	if (r == 0)
		r = kt_act_print(o, kt_pkg_type_word(KT_PT_REFUSAL), name, 0, 0, err);
	kt_package_free(&pkg);
	kt_authority_free(&a);
	return r;
}

int kt_cmd_refuse(const struct kt_opts *o)
{
	const char *reason = o->reason;
	struct kt_err err = {0};
	struct kt_buf detail;
	int r = kt_act_check_opts(o, &err);

	kt_buf_init(&detail, 0);
	if (reason == NULL)
		reason = o->subject != NULL && strcmp(o->subject, "objects") == 0 ? "person-objects"
										  : "";
	if (r == 0 && !is_reason(reason))
		r = KT_FAIL(&err, KT_E_USAGE,
			    "--reason is person-objects, not-allowed, phone-not-readable, "
			    "attempt-failed or other");
	if (r == 0 && o->case_dir == NULL && o->mandate == NULL)
		r = KT_FAIL(&err, KT_E_USAGE,
			    "name the case with --case DIR, or the mandate with --mandate FILE "
			    "when none was opened");
	if (r == 0 && o->case_dir != NULL) {
		r = refuse_case(o, reason, &err);
	} else if (r == 0) {
		r = refuse_detail(o, reason, o->simulated, &detail, &err);
		if (r == 0)
			r = refuse_mandate(o, (const char *)detail.p, &err);
	}
	kt_buf_free(&detail);
	return r == 0 ? KT_EXIT_OK : kt_fail_exit(r, &err);
}

/* -- withdraw --------------------------------------------------------------------------------- */

/* What stays when everything else goes. */
static bool stays(const char *name)
{
	static const char *const names[] = {"case.json",     "mandate.json", "mandate.json.p7s",
					    "custody.jsonl", "lock",	     KT_SUBJECT_SECOND,
					    KT_SUBJECT_DIR};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int destroy_dir(int dirfd, const char *name, struct gone *g, struct kt_err *err);

static int destroy(int dirfd, const char *name, struct gone *g, struct kt_err *err)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return KT_FAIL(err, KT_E_STORAGE, "%.100s: %s", name, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return destroy_dir(dirfd, name, g, err);
	if (!g->only_counted && unlinkat(dirfd, name, 0) < 0)
		return KT_FAIL(err, KT_E_STORAGE, "%.100s: %s", name, strerror(errno));
	g->files++;
	g->bytes += (uint64_t)st.st_size;
	return 0;
}

/* Everything in the folder, at most one folder deep below it; then it is synced. */
static int empty_dir(int fd, bool top, struct gone *g, struct kt_err *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0), r = 0;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *e;

	if (d == NULL) {
		kt_close_fd(&copy);
		return KT_FAIL(err, KT_E_STORAGE, "the case cannot be listed: %s", strerror(errno));
	}
	rewinddir(d); /* the copy stands where the last reader left it */
	while (r == 0 && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    (top && stays(e->d_name)))
			continue;
		r = destroy(fd, e->d_name, g, err);
	}
	closedir(d);
	return r == 0 && !g->only_counted ? kt_sync_fd(fd, err) : r;
}

static int destroy_dir(int dirfd, const char *name, struct gone *g, struct kt_err *err)
{
	KT_AUTO_FD fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 ? KT_FAIL(err, KT_E_STORAGE, "%.100s: %s", name, strerror(errno))
		       : empty_dir(fd, false, g, err);

	if (r == 0 && !g->only_counted && unlinkat(dirfd, name, AT_REMOVEDIR) < 0)
		r = KT_FAIL(err, KT_E_STORAGE, "%.100s: %s", name, strerror(errno));
	return r;
}

int kt_case_empty(int fd, struct kt_err *err)
{
	struct gone g = {0};

	return empty_dir(fd, true, &g, err);
}

static int log_asked(struct kt_acq *q, const struct gone *there, struct kt_err *err)
{
	kt_custody_begin(&q->log);
	kt_jw_kuint(&q->log.w, "bytes", there->bytes);
	kt_jw_kuint(&q->log.w, "files", there->files);
	put_subject(q->o, "objects", &q->log.w);
	return kt_custody_end(&q->log, "withdrawal.asked", err);
}

static int log_destroyed(struct kt_acq *q, const struct gone *g, struct kt_err *err)
{
	kt_custody_begin(&q->log);
	kt_jw_kuint(&q->log.w, "bytes", g->bytes);
	kt_jw_kuint(&q->log.w, "files", g->files);
	return kt_custody_end(&q->log, "data.destroyed", err);
}

static int withdraw_detail(const struct kt_acq *q, const struct gone *g, struct kt_buf *b,
			   struct kt_err *err)
{
	struct kt_jw w;

	kt_jw_init(&w, b);
	kt_jw_obj(&w);
	kt_jw_kuint(&w, "bytes", g->bytes);
	kt_jw_kstr(&w, "device", q->c.device);
	kt_jw_kstr(&w, "device_kind", q->c.device_kind);
	kt_jw_kuint(&w, "files", g->files);
	kt_jw_kstr(&w, "form", q->c.form);
	put_subject(q->o, "objects", &w);
	kt_jw_kbool(&w, "simulated", q->c.simulated);
	kt_jw_obj_end(&w);
	return kt_buf_cstr(b) != NULL ? 0 : KT_FAIL(err, KT_E_NOMEM, "no memory");
}

/*
 * Each part may be done already by a run that was cut off: what is gone is gone, and the log says
 * so as often as something went.
 */
static int withdraw(struct kt_acq *q, struct kt_err *err)
{
	struct kt_buf detail;
	struct gone g = {0}, all = {.only_counted = true};
	int r = empty_dir(q->c.fd, true, &all, err);

	if (r == 0)
		r = log_asked(q, &all, err);
	/* what an earlier run that was cut off has destroyed counts too */
	if (q->state.withdrawn && q->state.withdrawn_files >= 0) {
		all.files = (uint64_t)q->state.withdrawn_files;
		all.bytes = (uint64_t)q->state.withdrawn_bytes;
	}
	kt_buf_init(&detail, 0);
	if (r == 0)
		r = empty_dir(q->c.fd, true, &g, err);
	if (r == 0)
		r = log_destroyed(q, &g, err);
	if (r == 0)
		r = log_closed(q, "withdrawn", err);
	if (r == 0)
		r = withdraw_detail(q, &all, &detail, err);
	if (r == 0)
		r = make_of_case(q, KT_PT_WITHDRAWAL, (const char *)detail.p, &all, err);
	if (r == 0 && !q->o->json)
		printf("destroyed %llu files, %llu bytes\n", (unsigned long long)all.files,
		       (unsigned long long)all.bytes);
	kt_buf_free(&detail);
	return r;
}

int kt_cmd_withdraw(const struct kt_opts *o)
{
	static struct kt_acq q;
	struct kt_authority a = {0};
	struct kt_err err = {0};
	int r = kt_act_check_opts(o, &err);

	q.log.fd = q.c.fd = q.c.objects_fd = q.c.index_fd = q.c.lock_fd = -1;
	if (r == 0)
		r = kt_steps_reopen(o, "withdraw", &a, &q, &err);
	if (r == 0 && q.state.packages > q.state.dropped)
		r = KT_FAIL(&err, KT_E_REFUSED,
			    "already-packaged: a package of this case was made, or was being made "
			    "(then keten seal completes it); its deletion is ordered with keten "
			    "expire --reason withdrawn");
	if (r == 0)
		r = withdraw(&q, &err);
	kt_acq_close(&q);
	kt_authority_free(&a);
	return r == 0 ? KT_EXIT_OK : kt_fail_exit(r, &err);
}
