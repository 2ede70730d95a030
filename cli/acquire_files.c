/* SPDX-License-Identifier: EUPL-1.2 */
/* Files below a root: listing, choosing, reading whole. */
#include "cli/acquire.h"
#include "cli/done.h"
#include "core/tr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LIST_MAX_ENTRIES 200000u
#define LIST_MAX_DEPTH	 12u
#define LIST_MAX_BYTES	 ((size_t)64 << 20)

/* -- listing ---------------------------------------------------------------------------------- */

struct listing {
	struct kt_acq *q;
	const struct kt_plan_item *it;
	struct kt_entry *e;
	size_t n, cap, path_bytes;
	uint64_t unmatched, links;
};

static void listing_free(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->e[i].path);
	free(l->e);
}

static int add_entry(struct listing *l, const struct kt_dev_event *ev, struct kt_err *err)
{
	struct kt_entry *e;

	if (l->n == l->cap) {
		size_t cap = l->cap > 0 ? l->cap * 2 : 256;
		void *p = realloc(l->e, cap * sizeof(*l->e));

		if (p == NULL)
			return KT_FAIL(err, KT_E_NOMEM, "no memory for a listing");
		l->e = p;
		l->cap = cap;
	}
	l->path_bytes += ev->path.n;
	if (l->path_bytes > LIST_MAX_BYTES || l->n >= LIST_MAX_ENTRIES ||
	    ev->path.n > KT_DEV_PATH_MAX)
		return KT_FAIL(err, KT_E_LIMIT, "the listing is too large");
	e = &l->e[l->n];
	e->path = malloc(ev->path.n);
	if (e->path == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a listing");
	memcpy(e->path, ev->path.p, ev->path.n);
	e->len = (uint32_t)ev->path.n;
	e->size = ev->size;
	e->mtime = ev->mtime;
	l->n++;
	return 0;
}

static int on_entry(void *arg, const struct kt_dev_event *ev, struct kt_err *err)
{
	struct listing *l = arg;
	const char *base;

	if (ev->type != KT_DEV_ENTRY || ev->path.n == 0 || S_ISDIR(ev->mode))
		return 0;
	if (S_ISLNK(ev->mode)) {
		l->links++;
		return 0;
	}
	base = memrchr(ev->path.p, '/', ev->path.n);
	base = base == NULL ? ev->path.p : base + 1;
	if (!S_ISREG(ev->mode) ||
	    !kt_glob_match(l->it->want->globs, base, ev->path.n - (size_t)(base - ev->path.p))) {
		l->unmatched++;
		return 0;
	}
	return add_entry(l, ev, err);
}

static int list_root(struct kt_acq *q, const struct kt_plan_item *it, struct listing *l,
		     struct kt_dev_result *res, struct kt_err *err)
{
	uint32_t tag;
	size_t start = kt_dev_begin(&q->dev, KT_DEV_LIST, &tag);
	int r;

	kt_buf_put_le16(&q->dev.out, (uint16_t)it->want->request);
	kt_buf_put_le32(&q->dev.out, LIST_MAX_ENTRIES);
	kt_buf_put_le32(&q->dev.out, LIST_MAX_DEPTH);
	kt_frame_end(&q->dev.out, start);
	r = kt_dev_call(&q->dev, tag, on_entry, l, NULL, res, err);
	if (r == 0 && q->dev.lost)
		r = KT_FAIL(err, KT_E_DEVICE, "the phone was lost while listing");
	return r;
}

/* -- whole files ------------------------------------------------------------------------------ */

const char *kt_method_name(unsigned method)
{
	static const char *const names[] = {"none", "sync", "dd", "recv", "shell", "read"};

	return method < sizeof(names) / sizeof(names[0]) ? names[method] : "none";
}

int kt_index_lost_file(struct kt_index *ix, const struct kt_entry *e, const char *outcome,
		       const char *reason, struct kt_err *err)
{
	struct kt_index_entry line = {
		.outcome = outcome,
		.reason = reason,
		.path = e->path,
		.path_len = e->len,
		.fs_size = e->size,
		.fs_mtime = e->mtime,
	};

	return kt_index_add(ix, &line, err);
}

struct fetch {
	struct kt_acq *q;
	struct kt_sink *sink;
	uint64_t max;
};

static int on_fetch(void *arg, const struct kt_dev_event *ev, struct kt_err *err)
{
	struct fetch *f = arg;

	if (ev->type != KT_DEV_OUT)
		return 0;
	/* keten-device keeps to the limit by itself; what parses a phone's answers may be subverted */
	if (ev->n > f->max - f->sink->bytes)
		return KT_FAIL(err, KT_E_INTERNAL, "keten-device gave more than was asked for");
	kt_progress_data(&f->q->prog, ev->n);
	return kt_sink_write(f->sink, ev->p, ev->n, err);
}

static void on_idle(void *arg)
{
	kt_progress_data(&((struct fetch *)arg)->q->prog, 0);
}

/* Not read, or not completely and nothing worth keeping: says which. */
static int give_up_file(struct kt_index *ix, const struct kt_entry *e,
			const struct kt_dev_result *res, struct kt_tally *t, struct kt_err *err)
{
	bool refused = res->code == KT_E_REFUSED || res->code == KT_E_ABSENT;

	if (refused)
		t->refused++;
	else
		t->failed++;
	return kt_index_lost_file(ix, e, refused ? "refused" : "failed", res->text, err);
}

static int fetch_one(struct kt_acq *q, const struct kt_plan_item *it, struct kt_index *ix,
		     const struct kt_entry *e, struct kt_tally *t, struct kt_err *err)
{
	struct kt_sink sink;
	struct fetch f = {q, &sink, it->max_bytes};
	struct kt_index_entry line = {.method = kt_method_name(KT_METHOD_SYNC),
				      .path = e->path,
				      .path_len = e->len,
				      .fs_size = e->size,
				      .fs_mtime = e->mtime};
	struct kt_dev_result res;
	char sha[KT_SHA256_HEX];
	uint32_t tag;
	size_t start;
	bool whole;
	int r = kt_sink_open(&q->c, &sink, err);

	if (r < 0)
		return r;
	start = kt_dev_begin(&q->dev, KT_DEV_FETCH, &tag);
	kt_buf_put_le16(&q->dev.out, (uint16_t)it->want->request);
	kt_buf_put_le64(&q->dev.out, it->max_bytes);
	kt_buf_put_blob(&q->dev.out, e->path, e->len);
	kt_frame_end(&q->dev.out, start);
	r = kt_dev_call(&q->dev, tag, on_fetch, &f, on_idle, &res, err);
	if (r == 0 && q->dev.lost)
		r = KT_FAIL(err, KT_E_DEVICE, "the phone was lost in the middle of a file");
	whole = r == 0 && res.code == 0 && (res.flags & KT_DEV_F_COMPLETE) != 0;
	if (r < 0 || (!whole && sink.bytes == 0)) {
		kt_sink_drop(&q->c, &sink);
		return r < 0 ? r : give_up_file(ix, e, &res, t, err);
	}
	line.outcome = whole ? "acquired" : "partial";
	line.reason = whole ? "" : res.text[0] != '\0' ? res.text : "the phone's figures disagree";
	if (whole)
		t->acquired++;
	else
		t->partial++;
	line.object = sink.object;
	line.bytes = sink.bytes;
	line.sha256 = sha;
	r = kt_sink_close(&sink, sha, err);
	line.stored = sink.stored;
	line.stored_sha = sink.stored_sha;
	return r < 0 ? r : kt_index_add(ix, &line, err);
}

static int take_whole(struct kt_acq *q, const struct kt_plan_item *it, struct kt_index *ix,
		      const struct kt_entry *todo, size_t n, struct kt_tally *t, struct kt_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (todo[i].size > it->max_bytes) {
			t->refused++;
			r = kt_index_lost_file(ix, &todo[i], "refused",
					       "larger than the limit of this item", err);
		} else {
			r = fetch_one(q, it, ix, &todo[i], t, err);
		}
		q->prog.files++;
	}
	return r;
}

/* -- the item --------------------------------------------------------------------------------- */

static void judge_files(const struct listing *l, const struct kt_dev_result *res,
			const struct kt_tally *t, struct kt_outcome *out)
{
	uint64_t bad = t->partial + t->refused + t->failed;

	out->withheld = t->withheld_period + t->withheld_undated + t->withheld_border;
	if (res->code < 0 && res->code != KT_E_PARTIAL && t->wanted == 0)
		kt_outcome_set(out,
			       res->code == KT_E_ABSENT	   ? "absent"
			       : res->code == KT_E_REFUSED ? "refused"
							   : "failed",
			       "%s", res->text);
	else if (bad > 0)
		kt_outcome_set(out, t->acquired + t->partial > 0 ? "partial" : "failed",
			       N_("%llu of %llu files not or not completely read"),
			       (unsigned long long)bad, (unsigned long long)t->wanted);
	else if (res->code < 0 || (res->flags & KT_DEV_F_TRUNCATED) != 0)
		kt_outcome_set(out, "partial", "the listing is not complete: %s", res->text);
	else if ((res->flags & KT_DEV_F_LISTED_NONE) != 0)
		kt_outcome_set(out, "absent",
			       N_("the folder lists nothing: it is not there, empty, or the phone "
				  "refuses it without saying so"));
	else if (t->wanted == 0 && l->unmatched == 0)
		kt_outcome_set(out, "absent", N_("the folder holds no files"));
	else if (t->wanted == 0)
		kt_outcome_set(out, "absent", N_("none of the kind asked for (other files: %llu)"),
			       (unsigned long long)l->unmatched);
	else if (out->withheld == t->wanted)
		kt_outcome_set(out, "absent", N_("all %llu files lie outside the mandate's period"),
			       (unsigned long long)t->wanted);
	else
		kt_outcome_set(out, "acquired", "%s", "");
	if ((res->flags & KT_DEV_F_SKIPPED_NAME) != 0 && out->reason[0] == '\0')
		snprintf(out->reason, sizeof(out->reason),
			 "names that no file can have were left out of the listing");
}

/* Leaves what is still to do; what an earlier run has done is in the index. */
static void leave_out_done(struct listing *l, const struct kt_done *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (kt_done_has(d, &l->e[i]))
			free(l->e[i].path);
		else
			l->e[kept++] = l->e[i];
	}
	l->n = kept;
}

int kt_tally_lines(struct kt_index *ix, uint64_t unmatched, uint64_t links,
		   const struct kt_tally *t, struct kt_err *err)
{
	int r = kt_index_count(ix, "unmatched", "not-asked-for", unmatched, err);

	if (r == 0)
		r = kt_index_count(ix, "unmatched", "symbolic-link", links, err);
	if (r == 0)
		r = kt_index_count(ix, "withheld", "outside-period", t->withheld_period, err);
	if (r == 0)
		r = kt_index_count(ix, "withheld", "undated", t->withheld_undated, err);
	if (r == 0)
		r = kt_index_count(ix, "withheld", "zone-unknown-at-border", t->withheld_border,
				   err);
	return r;
}

int kt_take_files(struct kt_acq *q, const struct kt_plan_item *it, struct kt_index *ix,
		  struct kt_outcome *out, struct kt_err *err)
{
	struct listing l = {.q = q, .it = it};
	struct kt_done d = {.by_state = false};
	struct kt_tally t = {0};
	struct kt_dev_result res = {0};
	int r = kt_index_sync(ix, err);

	if (r == 0)
		r = kt_done_load(&d, &q->c, ix->segment, false, &t, err);
	if (r == 0)
		r = list_root(q, it, &l, &res, err);
	if (r < 0)
		goto out;
	leave_out_done(&l, &d);
	q->prog.files = t.wanted;
	t.wanted += l.n;
	q->prog.files_total = t.wanted;
	if (l.n > 0)
		r = it->want->take == KT_TAKE_RANGES ? kt_take_ranges(q, it, ix, l.e, l.n, &t, err)
						     : take_whole(q, it, ix, l.e, l.n, &t, err);
	if (r == 0)
		r = kt_tally_lines(ix, l.unmatched, l.links, &t, err);
	if (r == 0)
		judge_files(&l, &res, &t, out);
out:
	kt_done_free(&d);
	listing_free(&l);
	return r;
}
