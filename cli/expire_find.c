/* SPDX-License-Identifier: EUPL-1.2 */
/* What was found about an acquisition: reports, copies, envelopes, and what holds, copies and deletions say. */
#include "cli/expire_i.h"
#include "cli/steps.h"
#include "core/io.h"
#include "core/json.h"
#include "core/time.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *kt_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/*
 * What speaks against destroying, and what can't be reached, counts until it is shown to be false: what it
 * keeps would be gone for good. A deletion has to be known.
 */
static bool counts(const struct kt_found_one *act)
{
	return act->valid ||
	       (act->j.type != KT_PT_DELETION && act->j.verdict == KT_VERDICT_UNDETERMINED);
}

bool kt_fate_concerns(const struct kt_found_one *act, const struct kt_found_one *p)
{
	for (unsigned i = 0; counts(act) && i < act->j.nconcerns; i++)
		if (strcmp(act->j.concerns[i], p->j.sha256) == 0)
			return true;
	return false;
}

/* It, or a report that was made of it. */
static bool about(const struct kt_fate *f, const struct kt_found_one *act)
{
	bool yes = kt_fate_concerns(act, f->p);

	for (unsigned i = 0; i < f->nreports; i++)
		yes |= kt_fate_concerns(act, f->report[i]);
	for (unsigned i = 0; i < f->nbeside; i++)
		yes |= kt_fate_concerns(act, f->beside[i]);
	return yes;
}

/*
 * The packages of one case hold the same, and one key opens them: a hold of one of them, of a report that was
 * made of it, or of what it was made of, keeps all, also where that one was not named.
 */
static bool keeps(const struct kt_fate *f, const struct kt_found_one *act)
{
	return act->j.type == KT_PT_HOLD && counts(act) && act->j.case_id[0] != '\0' &&
	       strcmp(act->j.case_id, f->p->j.case_id) == 0;
}

/* Releases first, then the redactions of them. */
static void find_reports(struct kt_fate *f, const struct kt_found *all)
{
	static const enum kt_pkg_type types[] = {KT_PT_RELEASE, KT_PT_REDACTION};

	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
		for (size_t i = 0; i < all->n; i++) {
			const struct kt_found_one *act = &all->v[i];

			bool stays = act->aside || !act->valid;

			if (act->is_case || act->j.type != types[t] || !about(f, act))
				continue;
			if (stays && f->nbeside < KT_FATE_MAX)
				f->beside[f->nbeside++] = act;
			else if (!stays && f->nreports < KT_FATE_MAX)
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

static int note_copy(struct kt_fate *f, struct kt_jw *w, const struct kt_found_one *act,
		     struct kt_err *err)
{
	char to[KT_FATE_TEXT], text[3 * KT_FATE_TEXT], t[KT_TIME_TEXT];
	int r = act_detail(act, "to", to, sizeof(to), err);

	if (r < 0 || to[0] == '\0')
		return r;
	snprintf(text, sizeof(text), "what %s got on %.10s (%s)", to,
		 kt_time_text(act->j.made_us, t), act->j.package);
	kt_jw_bytes(w, text, strlen(text)); /* it can have been cut in a character */
	f->copies++;
	return 0;
}

static int note_hold(struct kt_fate *f, const struct kt_found_one *act, struct kt_err *err)
{
	char text[KT_FATE_TEXT];
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
	char text[2 * KT_FATE_TEXT];

	snprintf(text, sizeof(text), "a report of it that lies beside and %s (%s)",
		 act->aside ? "was not named" : "can't be judged", act->j.package);
	kt_jw_str(w, text);
}

/* A deletion that was cut off before its end is gone on with; where it was written is o->out_dir, or it was named. */
static int note_deletion(struct kt_fate *f, const struct kt_opts *o, const struct kt_found_one *act,
			 struct kt_err *err)
{
	size_t n = strlen(o->out_dir);
	char folder[KT_FATE_TEXT];
	int r = act_detail(act, "folder", folder, sizeof(folder), err);

	f->deleted = true;
	f->with_folder |= r == 0 && strcmp(folder, "not-named") != 0;
	if (strncmp(act->path, o->out_dir, n) == 0 && act->path[n] == '/')
		snprintf(f->record, sizeof(f->record), "%s", kt_base_name(act->path));
	return r;
}

/* What the other packages say about it. */
static int look_around(struct kt_fate *f, const struct kt_opts *o, const struct kt_found *all,
		       struct kt_err *err)
{
	struct kt_jw w;
	int r = 0;

	kt_jw_init(&w, &f->not_reached);
	kt_jw_arr(&w);
	kt_jw_str(&w, "backups of this station, and files in folders that were not named");
	for (size_t i = 0; r == 0 && i < all->n; i++) {
		const struct kt_found_one *act = &all->v[i];

		if (act->is_case || (!about(f, act) && !keeps(f, act)))
			continue;
		f->released |= act->j.type == KT_PT_RELEASE;
		/* one of a report alone says nothing of the package that it was made of */
		if (act->j.type == KT_PT_DELETION && kt_fate_concerns(act, f->p))
			r = note_deletion(f, o, act, err);
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

static void add_target(struct kt_fate *f, const char *path)
{
	if (access(path, F_OK) < 0)
		return;
	if (f->ntargets == KT_FATE_MAX)
		f->too_many = true;
	else
		snprintf(f->target[f->ntargets++], sizeof(f->target[0]), "%s", path);
}

/* The same file of evidence under several paths: one deletion tells of all. */
static void find_copies(struct kt_fate *f, const struct kt_found *all)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct kt_found_one *p = &all->v[i];
		struct stat st, other;
		bool known = p->is_case || p->aside || !p->valid ||
			     strcmp(p->j.sha256, f->p->j.sha256) != 0 || stat(p->path, &st) < 0;

		for (unsigned k = 0; !known && k < f->ncopies; k++)
			known = stat(f->copy[k]->path, &other) == 0 && st.st_dev == other.st_dev &&
				st.st_ino == other.st_ino &&
				strcmp(kt_base_name(p->path), kt_base_name(f->copy[k]->path)) == 0;
		if (!known && f->ncopies < KT_FATE_MAX)
			f->copy[f->ncopies++] = p;
		else if (!known)
			f->too_many = true;
	}
}

/* What the package says of its envelope: its SHA-256. */
static int read_envelope(const struct kt_fate *f, char sha256[KT_SHA256_HEX], struct kt_err *err)
{
	struct kt_jdoc *doc = NULL;
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = kt_judged_read(&f->p->j, KT_PKG_RELEASE, (size_t)1 << 20, &b, err);
	if (r == 0)
		r = kt_jdoc_parse(b.p, b.len, &doc, err);
	if (r == 0 && !kt_jv_copy(kt_jdoc_root(doc), "envelope_sha256", sha256, KT_SHA256_HEX))
		r = KT_FAIL(err, KT_E_INVALID, "%.100s names no envelope", f->p->path);
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}

/* What was cut off while it was written over: nobody's any more, and still to go. */
static bool is_zeros(int dir, const char *name)
{
	struct kt_buf b;
	bool yes;

	kt_buf_init(&b, 0);
	yes = kt_file_read(dir, name, (size_t)1 << 20, &b, NULL) == 0 && b.len > 0;
	for (size_t i = 0; yes && i < b.len; i++)
		yes = b.p[i] == 0;
	kt_buf_free(&b);
	return yes;
}

/* Envelopes in the folder of a package, whatever they are called now: no other's, and all of this one. */
static int find_beside(struct kt_fate *f, const char *package, const char *sha256,
		       struct kt_err *err)
{
	static const char end[] = ".p7m";
	char folder[4200], path[4200], have[KT_SHA256_HEX];
	const struct dirent *e;
	DIR *d;

	snprintf(folder, sizeof(folder), "%.*s", (int)(kt_base_name(package) - package), package);
	d = opendir(folder[0] != '\0' ? folder : ".");
	if (d == NULL)
		return KT_FAIL(err, KT_E_STORAGE, "%.100s: %s", folder, strerror(errno));
	while ((e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name), k = sizeof(end) - 1;
		struct stat st;

		if (n > k && strcmp(e->d_name + n - k, end) == 0 &&
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) &&
		    ((kt_path_sha256(dirfd(d), e->d_name, have, NULL) == 0 &&
		      strcmp(have, sha256) == 0) ||
		     is_zeros(dirfd(d), e->d_name)) &&
		    (size_t)snprintf(path, sizeof(path), "%s%s", folder, e->d_name) < sizeof(path))
			add_target(f, path);
	}
	closedir(d);
	return 0;
}

/* Envelopes: beside the package, and in the case's folder. */
static int find_envelopes(struct kt_fate *f, const struct kt_found *all, struct kt_err *err)
{
	char sha256[KT_SHA256_HEX] = "";
	int r = f->p->j.sealed ? read_envelope(f, sha256, err) : 0;

	for (unsigned i = 0; r == 0 && f->p->j.sealed && i < f->ncopies; i++) {
		bool seen = false;

		for (unsigned k = 0; k < i; k++)
			seen |= kt_base_name(f->copy[k]->path) - f->copy[k]->path ==
					kt_base_name(f->copy[i]->path) - f->copy[i]->path &&
				strncmp(f->copy[k]->path, f->copy[i]->path,
					(size_t)(kt_base_name(f->copy[i]->path) -
						 f->copy[i]->path)) == 0;
		if (!seen)
			r = find_beside(f, f->copy[i]->path, sha256, err);
	}
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].is_case && strcmp(all->v[i].case_id, f->p->j.case_id) == 0) {
			add_target(f, all->v[i].path);
			if (f->nfolders < KT_FATE_MAX)
				f->folder[f->nfolders++] = &all->v[i];
			else
				f->too_many = true;
		}
	return r;
}

int kt_fate_look(struct kt_fate *f, const struct kt_opts *o, const struct kt_found *all,
		 struct kt_err *err)
{
	int r;

	find_reports(f, all);
	r = look_around(f, o, all, err);
	find_copies(f, all);
	return r == 0 ? find_envelopes(f, all, err) : r;
}
