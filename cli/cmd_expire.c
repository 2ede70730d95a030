/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten expire: destroys the envelopes of what may no longer be kept, and what the mandate wants
 * erased with them; a signed package says so. A package that names a hold is left alone.
 */
#include "cli/found.h"
#include "cli/steps.h"
#include "cli/vouch.h"
#include "core/io.h"
#include "core/json.h"
#include "core/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_US	    (INT64_C(86400) * KT_US_PER_S)
#define TEXT_MAX    200
#define DESTROY_MAX 64

/* What came of it, and its word for programs. */
#define ENDS(X)                                                                                    \
	X(HELD, "on-hold")                                                                         \
	X(KEPT, "kept")                                                                            \
	X(BEFORE, "destroyed-before")                                                              \
	X(OPEN, "left-open") /* it stands open, and its mandate asks for the key alone */          \
	X(GONE, "destroyed")

enum end {
#define X(id, word) END_##id,
	ENDS(X)
#undef X
};

/* What is to be done with one acquisition. */
struct fate {
	const struct kt_found_one *p;
	enum end end;
	char record[KT_PKG_NAME_MAX + 1]; /* the deletion (also one of before), a comment, or "" */
	struct kt_mandate *mandate;
	int64_t until_us, hold_us;
	bool released, deleted;
	const char *reason;
	char rule[TEXT_MAX];
	char target[DESTROY_MAX][4200]; /* envelopes */
	unsigned ntargets;
	const struct kt_found_one *report[DESTROY_MAX]; /* packages that hold a report of it */
	unsigned nreports;
	const struct kt_found_one
		*beside[DESTROY_MAX]; /* the same, which nobody named: they stay */
	unsigned nbeside;
	const struct kt_found_one *folder[DESTROY_MAX]; /* cases */
	unsigned nfolders;
	bool too_many;
	struct kt_buf not_reached; /* JSON list */
	unsigned copies;
};

static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* A hold counts until it is shown to be false: what it keeps would be gone for good. */
static bool counts(const struct kt_found_one *act)
{
	return act->valid ||
	       (act->j.type == KT_PT_HOLD && act->j.verdict == KT_VERDICT_UNDETERMINED);
}

static bool concerns(const struct kt_found_one *act, const struct kt_found_one *p)
{
	for (unsigned i = 0; counts(act) && i < act->j.nconcerns; i++)
		if (strcmp(act->j.concerns[i], p->j.sha256) == 0)
			return true;
	return false;
}

/* It, or a report that was made of it. */
static bool about(const struct fate *f, const struct kt_found_one *act)
{
	bool yes = concerns(act, f->p);

	for (unsigned i = 0; i < f->nreports; i++)
		yes |= concerns(act, f->report[i]);
	for (unsigned i = 0; i < f->nbeside; i++)
		yes |= concerns(act, f->beside[i]);
	return yes;
}

/* Releases first, then the redactions of them. */
static void find_reports(struct fate *f, const struct kt_found *all)
{
	static const enum kt_pkg_type types[] = {KT_PT_RELEASE, KT_PT_REDACTION};

	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
		for (size_t i = 0; i < all->n; i++) {
			const struct kt_found_one *act = &all->v[i];

			if (act->is_case || act->j.type != types[t] || !about(f, act))
				continue;
			if (act->aside && f->nbeside < DESTROY_MAX)
				f->beside[f->nbeside++] = act;
			else if (!act->aside && f->nreports < DESTROY_MAX)
				f->report[f->nreports++] = act;
			else
				f->too_many = true;
		}
}

/* A text of the act's detail, "" when there is none. What can't be read may be a hold: it stops us. */
static int act_detail(const struct kt_found_one *act, const char *key, char *out, size_t cap,
		      struct kt_err *err)
{
	struct kt_jdoc *doc = NULL;
	struct kt_buf b;
	const char *s;
	int r;

	kt_buf_init(&b, 0);
	r = kt_judged_read(&act->j, KT_PKG_ACT, (size_t)1 << 20, &b, err);
	if (r == 0)
		r = kt_jdoc_parse(b.p, b.len, &doc, err);
	s = r == 0 ? kt_jv_str(kt_jv_get(kt_jdoc_root(doc), "detail"), key) : NULL;
	snprintf(out, cap, "%s", s != NULL ? s : "");
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r < 0 ? KT_TRACE(err, r, "%.100s is about it, and can't be read", act->path) : 0;
}

static int note_copy(struct fate *f, struct kt_jw *w, const struct kt_found_one *act,
		     struct kt_err *err)
{
	char to[TEXT_MAX], text[2 * TEXT_MAX], t[KT_TIME_TEXT];
	int r = act_detail(act, "to", to, sizeof(to), err);

	if (r < 0 || to[0] == '\0')
		return r;
	snprintf(text, sizeof(text), "what %s got on %.10s (%s)", to,
		 kt_time_text(act->j.made_us, t), act->j.package);
	kt_jw_str(w, text);
	f->copies++;
	return 0;
}

static int note_hold(struct fate *f, const struct kt_found_one *act, struct kt_err *err)
{
	char text[TEXT_MAX];
	int64_t us = 0;
	int r = act_detail(act, "until", text, sizeof(text), err);

	if (r == 0 && kt_time_parse(text, strlen(text), true, &us, NULL, NULL) < 0)
		r = KT_FAIL(err, KT_E_INVALID, "%.100s names no day that its hold ends with",
			    act->path);
	if (r == 0 && us > f->hold_us)
		f->hold_us = us;
	return r;
}

/* A report of it that nobody named stays. */
static void note_report(struct kt_jw *w, const struct kt_found_one *act)
{
	char text[2 * TEXT_MAX];

	snprintf(text, sizeof(text), "a report of it that lies beside and was not named (%s)",
		 act->j.package);
	kt_jw_str(w, text);
}

/* A deletion that was cut off before its end is gone on with; where it was written is o->out_dir, or it was named. */
static void note_deletion(struct fate *f, const struct kt_opts *o, const struct kt_found_one *act)
{
	size_t n = strlen(o->out_dir);

	f->deleted = true;
	if (strncmp(act->path, o->out_dir, n) == 0 && act->path[n] == '/')
		snprintf(f->record, sizeof(f->record), "%s", base(act->path));
}

/* What the other packages say about it. */
static int look_around(struct fate *f, const struct kt_opts *o, const struct kt_found *all,
		       struct kt_err *err)
{
	struct kt_jw w;
	int r = 0;

	kt_jw_init(&w, &f->not_reached);
	kt_jw_arr(&w);
	kt_jw_str(&w, "backups of this station, and files in folders that were not named");
	for (size_t i = 0; r == 0 && i < all->n; i++) {
		const struct kt_found_one *act = &all->v[i];

		if (act->is_case || !about(f, act))
			continue;
		f->released |= act->j.type == KT_PT_RELEASE;
		if (act->j.type == KT_PT_DELETION)
			note_deletion(f, o, act);
		else if (act->j.type == KT_PT_COPY || act->j.type == KT_PT_TRANSFER)
			r = note_copy(f, &w, act, err);
		else if (act->j.type == KT_PT_HOLD)
			r = note_hold(f, act, err);
	}
	for (unsigned i = 0; i < f->nbeside; i++)
		note_report(&w, f->beside[i]);
	kt_jw_arr_end(&w);
	return r;
}

static int read_mandate(struct fate *f, struct kt_err *err)
{
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = kt_judged_read(&f->p->j, KT_PKG_MANDATE, KT_MANDATE_MAX_BYTES, &b, err);
	if (r == 0)
		r = kt_mandate_parse(b.p, b.len, &f->mandate, err);
	kt_buf_free(&b);
	return r;
}

static void decide(struct fate *f)
{
	const struct kt_mandate *m = f->mandate;
	int64_t unreleased = f->p->j.made_us + m->unreleased_days * DAY_US;
	char t[KT_TIME_TEXT];

	if (f->p->j.sealed && !f->released && unreleased < m->released_until_us) {
		f->until_us = unreleased;
		f->reason = "expired-unreleased";
		snprintf(f->rule, sizeof(f->rule), "unreleased_days %lld",
			 (long long)m->unreleased_days);
	} else {
		f->until_us = m->released_until_us;
		f->reason = "expired-released";
		snprintf(f->rule, sizeof(f->rule), "released_until %s",
			 kt_time_text(m->released_until_us, t));
	}
}

static void add_target(struct fate *f, const char *path)
{
	if (access(path, F_OK) < 0)
		return;
	if (f->ntargets == DESTROY_MAX)
		f->too_many = true;
	else
		snprintf(f->target[f->ntargets++], sizeof(f->target[0]), "%s", path);
}

/* Envelopes: beside the package, and in the case's folder. */
static void find_envelopes(struct fate *f, const struct kt_found *all)
{
	char path[4200];
	size_t n = strlen(f->p->path) - strlen(KT_PKG_SUFFIX);

	if ((size_t)snprintf(path, sizeof(path), "%.*s.release.p7m", (int)n, f->p->path) <
	    sizeof(path))
		add_target(f, path);
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].is_case && strcmp(all->v[i].case_id, f->p->j.case_id) == 0) {
			add_target(f, all->v[i].path);
			if (f->nfolders < DESTROY_MAX)
				f->folder[f->nfolders++] = &all->v[i];
			else
				f->too_many = true;
		}
}

/* Once over the bytes of an open file, then its name: what a disk keeps elsewhere can't be reached from here. */
static int wipe(int fd, const char *path, struct kt_err *err)
{
	static const uint8_t zeros[4096];
	struct stat st, named;
	int r = fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_SET) < 0 ? KT_E_STORAGE : 0;

	for (off_t at = 0; r == 0 && at < st.st_size; at += (off_t)sizeof(zeros))
		r = kt_write_full(fd, zeros,
				  st.st_size - at < (off_t)sizeof(zeros) ? (size_t)(st.st_size - at)
									 : sizeof(zeros),
				  err);
	if (r == 0)
		r = kt_sync_fd(fd, err);
	/* the name may have come to mean another file meanwhile: that one stays */
	if (r == 0 && (lstat(path, &named) < 0 || named.st_dev != st.st_dev ||
		       named.st_ino != st.st_ino || unlink(path) < 0))
		r = KT_E_STORAGE;
	return r < 0 ? KT_FAIL(err, r, "%.100s can't be destroyed: %s", path, strerror(errno)) : 0;
}

static int sync_folder_of(const char *path, struct kt_err *err)
{
	return kt_sync_parent(AT_FDCWD, path, err) < 0 ? KT_E_STORAGE : 0;
}

static int destroy(const char *path, struct kt_err *err)
{
	KT_AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	int r = fd < 0 ? KT_FAIL(err, KT_E_STORAGE, "%.100s can't be destroyed: %s", path,
				 strerror(errno))
		       : wipe(fd, path, err);

	return r == 0 ? sync_folder_of(path, err) : r;
}

/* A package: the one that was judged, and no other that took its place. */
static int destroy_judged(const struct kt_found_one *p, struct kt_err *err)
{
	KT_AUTO_FD fd = kt_judged_open(&p->j, O_RDWR | O_NOFOLLOW, NULL, err);
	int r = fd < 0 ? fd : wipe(fd, p->path, err);

	return r == 0 ? sync_folder_of(p->path, err) : r;
}

/* Practice stays practice: what is said of its end says so too. A release names no phone. */
static int read_simulated(const struct kt_found_one *p, bool *simulated, struct kt_err *err)
{
	struct kt_jdoc *doc = NULL;
	struct kt_buf b;
	int r;

	if (p->j.type != KT_PT_ACQUISITION)
		return 0;
	kt_buf_init(&b, 0);
	r = kt_judged_read(&p->j, KT_PKG_CASE, (size_t)1 << 20, &b, err);
	if (r == 0)
		r = kt_jdoc_parse(b.p, b.len, &doc, err);
	if (r == 0)
		*simulated = kt_jv_bool(kt_jdoc_root(doc), "simulated");
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}

/* What became of the folder of the case. */
static const char *folder_word(const struct fate *f)
{
	if (f->nfolders == 0)
		return "not-named";
	return f->mandate->erase_package ? "emptied" : "locked";
}

/* erase: the package goes, not only its key. */
static const char *kept_text(const struct fate *f, bool erase)
{
	if (erase)
		return "";
	return f->nfolders > 0 ? "the sealed package, which nobody can open" : "the sealed package";
}

static int write_deletion(const struct kt_opts *o, const struct kt_found *all, struct fate *f,
			  bool erase, struct kt_err *err)
{
	static struct kt_act act;
	struct kt_package *pkg = NULL;
	struct kt_buf b;
	struct kt_jw w;
	bool simulated = false;
	int r = read_simulated(f->p, &simulated, err);

	if (r < 0)
		return r;

	memset(&act, 0, sizeof(act));
	act.type = KT_PT_DELETION;
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_key(&w, "destroyed");
	kt_jw_arr(&w);
	for (unsigned i = 0; i < f->ntargets; i++)
		kt_jw_bytes(&w, base(f->target[i]), strlen(base(f->target[i])));
	for (unsigned i = 0; i < f->nreports; i++)
		kt_jw_bytes(&w, base(f->report[i]->path), strlen(base(f->report[i]->path)));
	if (erase)
		kt_jw_bytes(&w, base(f->p->path), strlen(base(f->p->path)));
	if (f->mandate->erase_package && f->nfolders > 0)
		kt_jw_str(&w, "what lay in the folder of the case");
	kt_jw_arr_end(&w);
	kt_jw_kstr(&w, "folder", folder_word(f));
	if (o->interpreter != NULL)
		kt_jw_kbytes(&w, "interpreter", o->interpreter, strlen(o->interpreter));
	kt_jw_kstr(&w, "kept", kept_text(f, erase));
	kt_jw_key(&w, "not_reached");
	kt_jw_raw(&w, (const char *)f->not_reached.p, f->not_reached.len);
	kt_jw_kstr(&w, "reason", o->reason != NULL ? o->reason : f->reason);
	kt_jw_kstr(&w, "rule", f->rule);
	if (simulated)
		kt_jw_kbool(&w, "simulated", true);
	kt_jw_obj_end(&w);
	act.detail = (const char *)kt_buf_cstr(&b);
	r = act.detail == NULL ? KT_FAIL(err, KT_E_NOMEM, "no memory") : 0;
	if (r == 0)
		r = kt_act_about(&act, &f->p->j, err);
	for (unsigned i = 0; r == 0 && i < f->nreports; i++)
		r = kt_act_concern(&act, f->report[i]->j.package, f->report[i]->j.sha256, err);
	if (r == 0)
		r = kt_act_begin(&act, AT_FDCWD, &pkg, err);
	if (r == 0)
		r = kt_act_make(o->out_dir, o->operator_key, all->trust, pkg, &act, f->record, err);
	kt_package_free(&pkg);
	kt_buf_free(&b);
	return r;
}

/* Nothing goes, but somebody withdrew: that they said so stands beside the package all the same. */
static int write_comment(const struct kt_opts *o, const struct kt_found *all, struct fate *f,
			 struct kt_err *err)
{
	static const char held[] =
		"The applicant withdraws. Taken down when the package was complete already; it is "
		"not destroyed, because it is on hold.\n";
	static const char open[] =
		"The applicant withdraws. Taken down when the package was complete already; it is "
		"not destroyed, because it stands open and its mandate asks for the key alone.\n";
	const char *text = f->end == END_HELD ? held : open;

	return kt_act_comment(o, all->trust, &f->p->j,
			      "What the applicant said, as it was taken down", text, strlen(text),
			      f->record, err);
}

/* What a case folder holds beside mandate, log and papers. */
static int empty_folder(const struct kt_found_one *at, struct kt_err *err)
{
	char path[4200];
	struct kt_case c;
	int r;

	snprintf(path, sizeof(path), "%.*s", (int)at->nfolder, at->path);
	r = kt_case_open(path, NULL, &c, err);
	if (r < 0)
		return r;
	r = kt_case_empty(c.fd, err);
	kt_case_close(&c);
	return r;
}

/*
 * The key first: from then on nothing can be opened, whatever stops us. Then the package that says
 * so, then what else is to go; each step is found done or undone when the command runs again.
 */
static int carry_out(const struct kt_opts *o, const struct kt_found *all, struct fate *f,
		     struct kt_err *err)
{
	bool erase = f->mandate->erase_package, report = f->p->j.type == KT_PT_RELEASE;
	int r = 0;

	f->end = !f->p->j.sealed && !report && !erase ? END_OPEN : END_GONE;
	if (f->end == END_OPEN)
		return 0;
	for (unsigned i = 0; r == 0 && i < f->ntargets; i++)
		r = destroy(f->target[i], err);
	if (r == 0 && !f->deleted)
		r = write_deletion(o, all, f, erase || report, err);
	for (unsigned i = 0; r == 0 && i < f->nreports; i++)
		r = destroy_judged(f->report[i], err);
	for (unsigned i = 0; r == 0 && erase && i < f->nfolders; i++)
		r = empty_folder(f->folder[i], err);
	if (r == 0 && (erase || report))
		r = destroy_judged(f->p, err);
	return r;
}

static void say_gone(const struct kt_opts *o, const struct fate *f)
{
	bool erase = f->mandate->erase_package;

	printf("%s: destroyed (%s): %u envelope%s, %u package%s with a report%s\n", f->p->path,
	       f->rule, f->ntargets, f->ntargets == 1 ? "" : "s", f->nreports,
	       f->nreports == 1 ? "" : "s",
	       !erase		  ? ""
	       : f->nfolders == 0 ? ", and the package"
				  : ", the package, and what lay in the case");
	if (f->record[0] != '\0')
		printf("  deletion %s/%s\n", o->out_dir, f->record);
	printf("  not reached: backups, and files in folders that were not named%s\n",
	       f->copies > 0 ? "; copies that were handed out, as the deletion lists them" : "");
}

static void say(const struct kt_opts *o, const struct fate *f)
{
	char t[KT_TIME_TEXT];

	switch (f->end) {
	case END_HELD:
		printf("%s: on hold until %s\n", f->p->path, kt_time_text(f->hold_us, t));
		break;
	case END_KEPT:
		printf("%s: kept until %s (%s)\n", f->p->path, kt_time_text(f->until_us, t),
		       f->rule);
		break;
	case END_BEFORE:
		printf("%s: its envelope was destroyed before\n", f->p->path);
		if (f->record[0] != '\0')
			printf("  deletion %s/%s\n", o->out_dir, f->record);
		return;
	case END_OPEN:
		printf("%s: expired, but it stands open and its mandate asks for the key alone; "
		       "nothing is destroyed\n",
		       f->p->path);
		break;
	case END_GONE:
		say_gone(o, f);
		return;
	}
	if (f->record[0] != '\0')
		printf("  that they withdrew is recorded: %s/%s\n", o->out_dir, f->record);
}

/* The same as a member of the list for programs. */
static void put(const struct fate *f, struct kt_jw *w)
{
	static const char *const words[] = {
#define X(id, word) word,
		ENDS(X)
#undef X
	};
	char t[KT_TIME_TEXT];

	kt_jw_obj(w);
	kt_jw_kstr(w, "end", words[f->end]);
	kt_jw_kbytes(w, "package", f->p->path, strlen(f->p->path));
	if (f->record[0] != '\0')
		kt_jw_kstr(w, "record", f->record);
	kt_jw_kstr(w, "rule", f->rule);
	if (f->end == END_HELD || f->end == END_KEPT)
		kt_jw_kstr(w, "until",
			   kt_time_text(f->end == END_HELD ? f->hold_us : f->until_us, t));
	kt_jw_obj_end(w);
}

static bool is_withdrawn(const struct kt_opts *o)
{
	return o->reason != NULL && strcmp(o->reason, "withdrawn") == 0;
}

static int one(const struct kt_opts *o, const struct kt_found *all, const struct kt_found_one *p,
	       struct kt_jw *w, struct kt_err *err)
{
	static struct fate f;
	int64_t now = kt_time_now();
	int r;

	memset(&f, 0, sizeof(f));
	f.p = p;
	kt_buf_init(&f.not_reached, 0);
	r = read_mandate(&f, err);
	if (r < 0)
		goto out;
	find_reports(&f, all);
	r = look_around(&f, o, all, err);
	if (r < 0)
		goto out;
	decide(&f);
	if (o->reason != NULL)
		snprintf(f.rule, sizeof(f.rule), "%s before its time", o->reason);
	find_envelopes(&f, all);
	if (f.hold_us > now)
		f.end = END_HELD;
	else if (now < f.until_us && o->reason == NULL)
		f.end = END_KEPT;
	else if (f.too_many)
		r = KT_FAIL(err, KT_E_LIMIT, "%.100s: too many packages are about it", p->path);
	else if (f.deleted && f.ntargets == 0 && f.nreports == 0 && !f.mandate->erase_package)
		f.end = END_BEFORE;
	else
		r = carry_out(o, all, &f, err);
	if (r == 0 && is_withdrawn(o) && (f.end == END_HELD || f.end == END_OPEN))
		r = write_comment(o, all, &f, err);
	if (r == 0 && o->json)
		put(&f, w);
	else if (r == 0)
		say(o, &f);
out:
	kt_mandate_free(&f.mandate);
	kt_buf_free(&f.not_reached);
	return r;
}

/* What is destroyed has to be signed for: a key that nobody vouches for destroys nothing. */
static int check_signer(const struct kt_opts *o, const struct kt_found *all, struct kt_err *err)
{
	static struct kt_signer s;
	int r = kt_signer_facts(o->operator_key, all->trust, &s, err);

	if (r == 0 && !s.chain_ok)
		r = KT_FAIL(err, KT_E_REFUSED,
			    "not-trusted: the certificate of %.60s does not hold (%.60s); nothing "
			    "was destroyed",
			    s.subject, s.chain_text);
	return r;
}

/* An acquisition, or a release whose acquisition is not among what was named. */
static bool stands_first(const struct kt_found *all, const struct kt_found_one *p)
{
	if (p->is_case || p->aside || !p->valid)
		return false;
	for (size_t i = 0; p->j.type == KT_PT_RELEASE && i < all->n; i++)
		if (!all->v[i].is_case && concerns(p, &all->v[i]))
			return false;
	return p->j.type == KT_PT_ACQUISITION || p->j.type == KT_PT_RELEASE;
}

static int expire(const struct kt_opts *o, const struct kt_found *all, struct kt_err *err)
{
	struct kt_err unsaid = {0};
	struct kt_buf b;
	struct kt_jw w;
	int r = check_signer(o, all, err), said = 0;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kuint(&w, "not_valid", all->invalid);
	kt_jw_key(&w, "packages");
	kt_jw_arr(&w);
	for (size_t i = 0; r == 0 && i < all->n; i++)
		if (stands_first(all, &all->v[i]))
			r = one(o, all, &all->v[i], &w, err);
	kt_jw_arr_end(&w);
	kt_jw_kstr(&w, "schema", "keten-expire-1");
	kt_jw_obj_end(&w);
	/* also after a failure, which is told itself: what was destroyed before it */
	if (o->json)
		said = kt_print_json(&b, r == 0 ? err : &unsaid);
	else if (r == 0 && all->invalid > 0)
		printf("%llu package%s not valid and left alone (keten verify says why)\n",
		       (unsigned long long)all->invalid, all->invalid == 1 ? " is" : "s are");
	kt_buf_free(&b);
	if (r == 0)
		r = said;
	return r == 0 && all->invalid > 0 ? KT_E_PARTIAL : r;
}

int kt_cmd_expire(const struct kt_opts *o)
{
	struct kt_found all;
	struct kt_err err = {0};
	int r;

	if (o->nargs == 0 || o->operator_key == NULL || o->out_dir == NULL ||
	    (o->reason != NULL && strcmp(o->reason, "ordered") != 0 &&
	     strcmp(o->reason, "withdrawn") != 0))
		return kt_usage_exit();
	r = kt_found_load(o, &all, &err);
	if (r == 0)
		r = kt_found_beside(o, &all, &err);
	if (r == 0)
		r = expire(o, &all, &err);
	kt_found_free(&all);
	return r == KT_E_PARTIAL ? KT_EXIT_PARTIAL : r < 0 ? kt_fail_exit(r, &err) : KT_EXIT_OK;
}
