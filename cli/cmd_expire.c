/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten expire: destroys the envelopes of what may no longer be kept, and what the mandate wants
 * erased with them; a signed package says so. A package that names a hold is left alone.
 */
#include "cli/expire_i.h"
#include "cli/steps.h"
#include "cli/vouch.h"
#include "core/io.h"
#include "core/json.h"
#include "core/time.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPORT_MAX ((size_t)1 << 30)

static int read_mandate(struct kt_fate *f, struct kt_err *err)
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

static void decide(struct kt_fate *f)
{
	const struct kt_mandate *m = f->mandate;
	int64_t unreleased = f->p->j.made_us + m->unreleased_days * KT_US_PER_DAY;
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

/* A file of a package in memory, and how far it was read. */
struct text {
	struct kt_buf b;
	size_t at;
};

static int on_bytes(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct text *t = arg;

	(void)err;
	*got = n < t->b.len - t->at ? n : t->b.len - t->at;
	if (*got > 0)
		memcpy(p, t->b.p + t->at, *got);
	t->at += *got;
	return 0;
}

/* Practice stays practice: what is said of its end says so too. A release says it in its report. */
static int read_simulated(const struct kt_found_one *p, bool *simulated, struct kt_err *err)
{
	static struct kt_json j;
	struct text t = {.at = 0};
	int r, tok;

	kt_buf_init(&t.b, REPORT_MAX + 65536);
	r = kt_judged_read(&p->j, p->j.type == KT_PT_ACQUISITION ? KT_PKG_CASE : KT_PKG_REPORT,
			   REPORT_MAX, &t.b, err);
	if (r == 0) {
		kt_json_init(&j, (struct kt_json_src){on_bytes, &t, 0}, 4096);
		tok = kt_json_next(&j, err);
		while (tok >= 0 && (tok = kt_json_next(&j, err)) == KT_JSON_KEY) {
			bool own = strcmp(j.str, "simulated") == 0;

			tok = kt_json_next(&j, err);
			*simulated |= own && tok == KT_JSON_TRUE;
			if (tok == KT_JSON_OBJ || tok == KT_JSON_ARR)
				tok = kt_json_skip(&j, tok, err);
		}
		r = tok < 0 ? tok : 0;
		kt_json_free(&j);
	}
	if (t.b.p != NULL)
		explicit_bzero(t.b.p, t.b.cap);
	kt_buf_free(&t.b);
	return r;
}

/* What became of the folder of the case. */
static const char *folder_word(const struct kt_fate *f)
{
	if (f->nfolders == 0)
		return "not-named";
	return f->mandate->erase_package ? "emptied" : "locked";
}

/* erase: the package goes, not only its key. */
static const char *kept_text(const struct kt_fate *f, bool erase)
{
	if (erase)
		return "";
	return f->nfolders > 0 ? "the sealed package, which nobody can open" : "the sealed package";
}

static int write_deletion(const struct kt_opts *o, const struct kt_found *all, struct kt_fate *f,
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
		kt_jw_bytes(&w, kt_base_name(f->target[i]), strlen(kt_base_name(f->target[i])));
	for (unsigned i = 0; i < f->nreports; i++)
		kt_jw_bytes(&w, kt_base_name(f->report[i]->path),
			    strlen(kt_base_name(f->report[i]->path)));
	for (unsigned i = 0; erase && i < f->ncopies; i++)
		kt_jw_bytes(&w, kt_base_name(f->copy[i]->path),
			    strlen(kt_base_name(f->copy[i]->path)));
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
static int write_comment(const struct kt_opts *o, const struct kt_found *all, struct kt_fate *f,
			 struct kt_err *err)
{
	static const char held[] =
		"The applicant withdraws. Taken down when the package was complete already; it is "
		"not destroyed, because it is on hold.\n";
	static const char open[] =
		"The applicant withdraws. Taken down when the package was complete already; it is "
		"not destroyed, because it stands open and its mandate asks for the key alone.\n";
	const char *text = f->end == KT_END_HELD ? held : open;

	return kt_act_comment(o, all->trust, &f->p->j,
			      "What the applicant said, as it was taken down", text, strlen(text),
			      f->record, err);
}

/*
 * The package that says so first: what can't be signed for is not destroyed. Then the key, from then on
 * nothing can be opened, and what else is to go; each step is found done or undone when the command runs again.
 */
static int carry_out(const struct kt_opts *o, const struct kt_found *all, struct kt_fate *f,
		     struct kt_err *err)
{
	bool erase = f->mandate->erase_package, report = f->p->j.type == KT_PT_RELEASE;
	int r = 0;

	f->end = !f->p->j.sealed && !report && !erase ? KT_END_OPEN : KT_END_GONE;
	if (f->end == KT_END_OPEN)
		return 0;
	r = kt_fate_ready(f, erase || report, err);
	if (r == 0 && (!f->deleted || (f->nfolders > 0 && !f->with_folder)))
		r = write_deletion(o, all, f, erase || report, err);
	for (unsigned i = 0; r == 0 && i < f->ntargets; i++)
		r = kt_wipe_envelope(f->target[i], err);
	for (unsigned i = 0; r == 0 && i < f->nreports; i++)
		r = kt_wipe_judged(f->report[i], err);
	for (unsigned i = 0; r == 0 && erase && i < f->nfolders; i++)
		r = kt_fate_empty_folder(f->folder[i], err);
	for (unsigned i = 0; r == 0 && (erase || report) && i < f->ncopies; i++)
		r = kt_wipe_judged(f->copy[i], err);
	return r;
}

static void say_gone(const struct kt_opts *o, const struct kt_fate *f)
{
	bool erase = f->mandate->erase_package;

	kt_put_visible(stdout, f->p->path);
	printf(": destroyed (%s): %u envelope%s, %u package%s with a report%s\n", f->rule,
	       f->ntargets, f->ntargets == 1 ? "" : "s", f->nreports, f->nreports == 1 ? "" : "s",
	       !erase		  ? (f->p->j.type == KT_PT_RELEASE ? ", and the package" : "")
	       : f->nfolders == 0 ? ", and the package"
				  : ", the package, and what lay in the case");
	if (f->record[0] != '\0')
		printf("  deletion %s/%s\n", o->out_dir, f->record);
	printf("  not reached: backups, and files in folders that were not named%s\n",
	       f->copies > 0 ? "; copies that were handed out, as the deletion lists them" : "");
}

static void say(const struct kt_opts *o, const struct kt_fate *f)
{
	char t[KT_TIME_TEXT];

	if (f->end == KT_END_GONE) {
		say_gone(o, f);
		return;
	}
	kt_put_visible(stdout, f->p->path);
	switch (f->end) {
	case KT_END_HELD:
		printf(": on hold until %s\n", kt_time_text(f->hold_us, t));
		break;
	case KT_END_KEPT:
		printf(": kept until %s (%s)\n", kt_time_text(f->until_us, t), f->rule);
		break;
	case KT_END_BEFORE:
		puts(": its envelope was destroyed before");
		if (f->record[0] != '\0')
			printf("  deletion %s/%s\n", o->out_dir, f->record);
		return;
	case KT_END_OPEN:
		puts(": expired, but it stands open and its mandate asks for the key alone; "
		     "nothing is destroyed");
		break;
	case KT_END_GONE:
		break;
	}
	if (f->record[0] != '\0' && !f->deleted) /* else it is the deletion of another copy */
		printf("  that they withdrew is recorded: %s/%s\n", o->out_dir, f->record);
}

/* The same as a member of the list for programs. */
static void put(const struct kt_fate *f, struct kt_jw *w)
{
	static const char *const words[] = {
#define X(id, word) word,
		KT_ENDS(X)
#undef X
	};
	char t[KT_TIME_TEXT];

	kt_jw_obj(w);
	kt_jw_kstr(w, "end", words[f->end]);
	kt_jw_kbytes(w, "package", f->p->path, strlen(f->p->path));
	if (f->record[0] != '\0')
		kt_jw_kstr(w, "record", f->record);
	kt_jw_kstr(w, "rule", f->rule);
	if (f->end == KT_END_HELD || f->end == KT_END_KEPT)
		kt_jw_kstr(w, "until",
			   kt_time_text(f->end == KT_END_HELD ? f->hold_us : f->until_us, t));
	kt_jw_obj_end(w);
}

static bool is_withdrawn(const struct kt_opts *o)
{
	return o->reason != NULL && strcmp(o->reason, "withdrawn") == 0;
}

static int one(const struct kt_opts *o, const struct kt_found *all, const struct kt_found_one *p,
	       struct kt_jw *w, struct kt_err *err)
{
	static struct kt_fate f;
	int64_t now = kt_time_now();
	int r;

	memset(&f, 0, sizeof(f));
	f.p = p;
	kt_buf_init(&f.not_reached, 0);
	r = read_mandate(&f, err);
	if (r < 0)
		goto out;
	r = kt_fate_look(&f, o, all, err);
	if (r < 0)
		goto out;
	decide(&f);
	if (o->reason != NULL)
		snprintf(f.rule, sizeof(f.rule), "%s before its time", o->reason);
	if (f.hold_us > now)
		f.end = KT_END_HELD;
	else if (now < f.until_us && o->reason == NULL)
		f.end = KT_END_KEPT;
	else if (f.too_many)
		r = KT_FAIL(err, KT_E_LIMIT, "%.100s: too many packages are about it", p->path);
	else if (f.deleted && f.ntargets == 0 && f.nreports == 0 && !f.mandate->erase_package)
		f.end = KT_END_BEFORE;
	else
		r = carry_out(o, all, &f, err);
	if (r == 0 && is_withdrawn(o) && (f.end == KT_END_HELD || f.end == KT_END_OPEN))
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
		if (!all->v[i].is_case && kt_fate_concerns(p, &all->v[i]))
			return false;
	/* the same file by a further path: dealt with under the first */
	for (const struct kt_found_one *q = all->v; q < p; q++)
		if (!q->is_case && !q->aside && q->valid && strcmp(q->j.sha256, p->j.sha256) == 0)
			return false;
	return p->j.type == KT_PT_ACQUISITION || p->j.type == KT_PT_RELEASE;
}

/* A hold that was damaged, or whose signer does not hold any more, may be one all the same: somebody has to look. */
static int check_holds(const struct kt_found *all, struct kt_err *err)
{
	static const char end[] = "-hold" KT_PKG_SUFFIX;

	for (size_t i = 0; i < all->n; i++) {
		const struct kt_found_one *p = &all->v[i];
		size_t n = strlen(p->path), k = sizeof(end) - 1;

		if (!p->is_case && p->j.verdict == KT_VERDICT_INVALID &&
		    (p->j.type == KT_PT_HOLD || (n > k && strcmp(p->path + n - k, end) == 0)))
			return KT_FAIL(
				err, KT_E_INVALID,
				"%.100s calls itself a hold and does not hold (keten verify says "
				"why); get "
				"it again, or put it apart and say why; nothing was destroyed",
				p->path);
	}
	return 0;
}

static int expire(const struct kt_opts *o, const struct kt_found *all, struct kt_err *err)
{
	struct kt_err unsaid = {0};
	struct kt_buf b;
	struct kt_jw w;
	int r = check_signer(o, all, err), said = 0;

	if (r == 0)
		r = check_holds(all, err);
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
	KT_AUTO_FD out = -1;
	int r;

	if (o->nargs == 0 || o->operator_key == NULL || o->out_dir == NULL ||
	    (o->reason != NULL && strcmp(o->reason, "ordered") != 0 &&
	     strcmp(o->reason, "withdrawn") != 0))
		return kt_usage_exit();
	out = kt_out_open(o->out_dir, &err);
	if (out < 0)
		return kt_fail_exit(out, &err);
	/* two runs would each sign for the same end: the second waits, and then finds what the first made */
	if (flock(out, LOCK_EX) < 0)
		return kt_fail_exit(KT_FAIL(&err, errno == EINTR ? KT_E_CANCELLED : KT_E_STORAGE,
					    "--out %.100s: %s; nothing was destroyed", o->out_dir,
					    strerror(errno)),
				    &err);
	r = kt_found_load(o, &all, &err);
	if (r == 0)
		r = kt_found_beside(o, &all, &err);
	if (r == 0)
		r = expire(o, &all, &err);
	kt_found_free(&all);
	return r == KT_E_PARTIAL ? KT_EXIT_PARTIAL : r < 0 ? kt_fail_exit(r, &err) : KT_EXIT_OK;
}
