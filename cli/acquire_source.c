/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One pass over a source: keten-device names each member that the plan wants, every item that wants
 * it takes its part, and the rest goes by. All items are open at once; their outcomes are known at
 * the end. A pass that was cut off starts again, and what the index lists is not read twice.
 */
#include "cli/pass.h"
#include "core/request.h"
#include "core/time.h"
#include "core/tr.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MEMBERS_MAX 4000000u
#define RESTARTS    2 /* of a keten-device that ends on its own */

/* -- the log ---------------------------------------------------------------------------------- */

int kt_pass_log_opened(struct kt_acq *q, const struct kt_source *s, struct kt_err *err)
{
	struct kt_jw *w = &q->log.w;

	kt_custody_begin(&q->log);
	kt_jw_kbytes(w, "detail", s->detail, q->c.sealed ? 0 : strlen(s->detail));
	kt_jw_kstr(w, "form", kt_form_name(s->form));
	kt_jw_kstr(w, "identifier", s->identifier);
	kt_jw_kstr(w, "identity", s->identity);
	kt_jw_kstr(w, "layout", kt_layout_name(s->layout));
	kt_jw_kbytes(w, "name", s->name, strlen(s->name));
	kt_jw_kuint(w, "size", s->size);
	return kt_custody_end(&q->log, "source.opened", err);
}

/* Whether its clock was right when it was written is not known here. */
static int log_no_clock(struct kt_acq *q, struct kt_err *err)
{
	char t[KT_TIME_TEXT];
	struct kt_jw *w = &q->log.w;

	kt_custody_begin(&q->log);
	kt_jw_kstr(w, "device", "");
	kt_time_text(kt_time_now(), t);
	kt_jw_kstr(w, "host_after", t);
	kt_jw_kstr(w, "host_before", t);
	kt_jw_kstr(w, "reason", "no phone");
	kt_jw_kstr(w, "result", "not-read");
	kt_jw_kstr(w, "when", "start");
	return kt_custody_end(&q->log, "clock.check", err);
}

int kt_pass_log_read(const struct kt_pass *p, struct kt_err *err)
{
	struct kt_custody *log = &p->q->log;
	const char *text = p->cut || p->no_backup ? p->cut_text : p->text;

	kt_custody_begin(log);
	kt_jw_kuint(&log->w, "bytes", p->bytes);
	kt_jw_kuint(&log->w, "members", p->seen);
	kt_jw_kuint(&log->w, "names_refused", p->refused);
	kt_jw_kstr(&log->w, "result",
		   p->cut	  ? "cut"
		   : p->no_backup ? "no-backup"
		   : p->gaps	  ? "gaps"
				  : "whole");
	kt_jw_kstr(&log->w, "sha256", p->sha256);
	kt_jw_kbytes(&log->w, "text", text, p->q->c.sealed ? 0 : strlen(text));
	kt_jw_kuint(&log->w, "unreadable", p->unreadable);
	return kt_custody_end(log, "source.read", err);
}

static int log_closed(struct kt_acq *q, const char *reason, const char *text, struct kt_err *err)
{
	kt_custody_begin(&q->log);
	kt_jw_kstr(&q->log.w, "reason", reason);
	kt_jw_kbytes(&q->log.w, "text", text, strlen(text));
	return kt_custody_end(&q->log, "source.closed", err);
}

/* -- one member: whole ------------------------------------------------------------------------ */

static int on_whole(void *arg, const struct kt_dev_event *ev, struct kt_err *err)
{
	struct kt_pass *p = arg;
	int r = 0;

	if (ev->type != KT_DEV_OUT)
		return 0;
	kt_progress_data(&p->q->prog, ev->n);
	for (size_t i = 0; r == 0 && i < p->q->plan.n; i++) {
		struct kt_run *t = &p->run[i];

		if (!t->taking)
			continue;
		if (ev->n > p->max - t->sink.bytes)
			return KT_FAIL(err, KT_E_INTERNAL,
				       "keten-device gave more than was asked for");
		r = kt_sink_write(&t->sink, ev->p, ev->n, err);
	}
	return r;
}

static void on_idle(void *arg)
{
	kt_progress_data(&((struct kt_pass *)arg)->q->prog, 0);
}

/* The objects of the member at hand are given up; the last number first, so that it is free again. */
static void drop_sinks(struct kt_pass *p)
{
	for (size_t i = p->q->plan.n; i-- > 0;)
		if (p->run[i].taking)
			kt_sink_drop(&p->q->c, &p->run[i].sink);
}

static int open_sinks(struct kt_pass *p, struct kt_err *err)
{
	int r = 0;

	p->max = UINT64_MAX;
	for (size_t i = 0; i < p->q->plan.n; i++)
		p->run[i].sink.fd = -1;
	for (size_t i = 0; r == 0 && i < p->q->plan.n; i++) {
		if (!p->run[i].taking)
			continue;
		if (p->q->plan.item[i].max_bytes < p->max)
			p->max = p->q->plan.item[i].max_bytes;
		r = kt_sink_open(&p->q->c, &p->run[i].sink, err);
	}
	return r;
}

static int end_sink(struct kt_pass *p, struct kt_run *t, const char *outcome, const char *reason,
		    struct kt_err *err)
{
	struct kt_index_entry line = {
		.outcome = outcome,
		.reason = reason,
		.method = kt_method_name(t->sink.bytes > 0 ? KT_METHOD_READ : KT_METHOD_NONE),
		.path = p->e.path,
		.path_len = p->e.len,
		.fs_size = p->e.size,
		.fs_mtime = p->e.mtime,
		.object = t->sink.object,
		.bytes = t->sink.bytes,
	};
	char sha[KT_SHA256_HEX];
	int r = kt_sink_close(&t->sink, sha, err);

	line.sha256 = sha;
	line.stored = t->sink.stored;
	line.stored_sha = t->sink.stored_sha;
	return r < 0 ? r : kt_index_add(&t->ix, &line, err);
}

/* The same bytes for every item that wants them: a source may be readable only once. */
static int take_whole(struct kt_pass *p, struct kt_err *err)
{
	struct kt_dev_result res = {0};
	uint64_t got = 0;
	uint32_t tag;
	size_t at;
	bool whole;
	int r = open_sinks(p, err);

	if (r == 0) {
		at = kt_dev_begin(&p->q->dev, KT_DEV_WHOLE, &tag);
		kt_buf_put_le64(&p->q->dev.out, p->max);
		kt_frame_end(&p->q->dev.out, at);
		r = kt_dev_call(&p->q->dev, tag, on_whole, p, on_idle, &res, err);
	}
	if (r == 0 && p->q->dev.lost)
		r = KT_FAIL(err, KT_E_DEVICE, "the source was lost in the middle of a file");
	if (r < 0) {
		drop_sinks(p);
		return r;
	}
	for (size_t i = 0; i < p->q->plan.n; i++)
		if (p->run[i].taking)
			got = p->run[i].sink.bytes;
	whole = res.code == 0 && (res.flags & KT_DEV_F_COMPLETE) != 0 &&
		(res.flags & KT_DEV_F_CHANGED) == 0;
	if (!whole && got == 0)
		drop_sinks(p);
	for (size_t i = 0; r == 0 && i < p->q->plan.n; i++) {
		struct kt_run *t = &p->run[i];

		if (!t->taking)
			continue;
		t->pending = false;
		if (whole) {
			t->t.acquired++;
			r = end_sink(p, t, "acquired", p->note, err);
		} else if (got > 0) {
			t->t.partial++;
			r = end_sink(p, t, "partial",
				     res.text[0] != '\0' ? res.text : "the file is not complete",
				     err);
		} else {
			t->t.failed++;
			r = kt_index_lost_file(&t->ix, &p->e, "failed", res.text, err);
		}
	}
	return r;
}

/* -- one member: ranges ----------------------------------------------------------------------- */

void kt_pass_ask_part(void *arg, struct kt_ranged *f, uint64_t off, uint32_t len)
{
	struct kt_pass *p = arg;
	size_t at = kt_dev_begin(&p->q->dev, KT_DEV_PART, &f->tag);

	kt_buf_put_le64(&p->q->dev.out, off);
	kt_buf_put_le32(&p->q->dev.out, len);
	kt_frame_end(&p->q->dev.out, at);
}

static int on_part(void *arg, const struct kt_dev_event *ev, struct kt_err *err)
{
	struct kt_pass *p = arg;

	(void)err;
	if (ev->tag == 0 || ev->tag != p->ranged.tag)
		return 0;
	if (ev->type == KT_DEV_RDATA) {
		kt_progress_data(&p->q->prog, ev->n);
		kt_ranged_data(&p->ranged, ev);
	} else if (ev->type == KT_DEV_RESULT) {
		kt_ranged_result(&p->ranged, ev);
	}
	return 0;
}

static int turn(struct kt_pass *p, struct kt_err *err)
{
	struct pollfd fds[KT_DEV_POLLFDS + 3];
	nfds_t n = kt_dev_pollfds(&p->q->dev, fds);
	int r;

	n += (nfds_t)kt_worker_pollfds(&p->ranged.w, fds + n);
	if (poll(fds, n, 200) < 0 && errno != EINTR)
		return KT_FAIL(err, KT_E_INTERNAL, "poll: %s", strerror(errno));
	kt_progress_data(&p->q->prog, 0);
	r = kt_dev_pump(&p->q->dev, on_part, p, err);
	if (r < 0)
		return r;
	if (p->q->dev.lost)
		return KT_FAIL(err, KT_E_DEVICE, "the source was lost while reading metadata");
	return kt_ranged_pump(&p->ranged, err);
}

static int take_ranges(struct kt_pass *p, size_t i, struct kt_err *err)
{
	struct kt_run *t = &p->run[i];
	int r = kt_ranged_begin(&p->ranged, &p->q->plan.item[i], &p->e, err);

	while (r == 0)
		r = kt_stop_asked ? KT_FAIL(err, KT_E_CANCELLED, "stopped by the operator")
				  : turn(p, err);
	return r < 0 ? r : kt_ranged_end(&p->ranged, &p->q->c, &t->ix, &t->t, err);
}

/* -- one member: who wants it ----------------------------------------------------------------- */

static bool ends_with(const char *p, size_t n, const char *end)
{
	size_t k = strlen(end);

	return n > k && memcmp(p + n - k, end, k) == 0;
}

/* An SQLite file is wanted with its siblings, so they go by its name. */
static size_t group_name(const char *p, size_t n)
{
	return ends_with(p, n, "-wal") ? n - 4 : ends_with(p, n, "-journal") ? n - 8 : n;
}

static bool name_fits(const struct kt_pass *p, const struct kt_want *want)
{
	const char *base = memrchr(p->e.path, '/', p->e.len);
	size_t n;

	base = base == NULL ? p->e.path : base + 1;
	n = p->e.len - (size_t)(base - p->e.path);
	/* the path itself is what was asked for */
	if (want->globs[0] == '\0')
		return true;
	if (want->take == KT_TAKE_GROUP)
		n = group_name(base, n);
	return kt_glob_match(want->globs, base, n) != 0;
}

static bool asked_by(const struct kt_pass *p, const struct kt_want *want)
{
	for (unsigned k = 0; k < p->nrequests; k++)
		if (p->request[k] == want->request)
			return true;
	return false;
}

/* A member that is named and can't be read. */
static int note_unreadable(struct kt_pass *p, struct kt_run *t, struct kt_err *err)
{
	bool missing = (p->flags & KT_DEV_M_MISSING) != 0;

	if (missing)
		t->t.absent++;
	else
		t->t.failed++;
	if (t->missing[0] == '\0')
		snprintf(t->missing, sizeof(t->missing), "%s", p->note);
	return kt_index_lost_file(&t->ix, &p->e, missing ? "absent" : "failed", p->note, err);
}

/* What item i does with the member: nothing, a line, its ranges now, or `taking` for later. */
static int offer(struct kt_pass *p, size_t i, struct kt_err *err)
{
	const struct kt_plan_item *it = &p->q->plan.item[i];
	struct kt_run *t = &p->run[i];
	int r;

	t->taking = t->pending = false;
	if (!t->open || !asked_by(p, it->want))
		return 0;
	if (S_ISLNK(p->mode)) {
		t->links++;
		return 0;
	}
	if (((p->mode & S_IFMT) != 0 && !S_ISREG(p->mode)) || !name_fits(p, it->want)) {
		t->unmatched++;
		return 0;
	}
	if (kt_done_has(&t->done, &p->e))
		return 0;
	t->t.wanted++;
	t->pending = true;
	if ((p->flags & KT_DEV_M_UNREADABLE) != 0) {
		r = note_unreadable(p, t, err);
	} else if (it->want->take == KT_TAKE_RANGES) {
		r = take_ranges(p, i, err);
	} else if ((p->flags & KT_DEV_M_PROVISIONAL) == 0 && p->e.size > it->max_bytes) {
		t->t.refused++;
		r = kt_index_lost_file(&t->ix, &p->e, "refused",
				       "larger than the limit of this item", err);
	} else {
		t->taking = true;
		return 0;
	}
	t->pending = r < 0;
	return r;
}

static int member(struct kt_pass *p, struct kt_err *err)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->q->plan.n; i++) {
		r = offer(p, i, err);
		any |= p->run[i].taking;
	}
	if (r == 0 && any)
		r = (p->flags & KT_DEV_M_PROVISIONAL) != 0 ? kt_prov_take(p, err)
							   : take_whole(p, err);
	p->q->prog.files++;
	return r;
}

/* -- the pass --------------------------------------------------------------------------------- */

void kt_keep_text(char *to, size_t cap, const char *p, size_t n)
{
	snprintf(to, cap, "%.*s", (int)n, p);
	for (; *to != '\0'; to++)
		if (*to < 0x20 || *to > 0x7e)
			*to = '?';
}

static void take_summary(struct kt_pass *p, const struct kt_dev_event *ev)
{
	p->summed = true;
	p->seen = ev->seen;
	p->bytes = ev->bytes;
	p->refused = ev->refused;
	p->unreadable = ev->unreadable;
	p->sha256[0] = '\0';
	if (ev->sha256 != NULL)
		kt_hex(ev->sha256, KT_SHA256_LEN, p->sha256);
	kt_keep_text(p->text, sizeof(p->text), ev->text.p, ev->text.n);
}

static int on_next(void *arg, const struct kt_dev_event *ev, struct kt_err *err)
{
	struct kt_pass *p = arg;

	if (ev->type == KT_DEV_STATE)
		kt_iphone_state(p->q, ev);
	if (ev->type == KT_DEV_CONFIRM)
		return kt_prov_confirm(p, ev, err);
	if (ev->type == KT_DEV_SUMMARY)
		take_summary(p, ev);
	if (ev->type != KT_DEV_MEMBER)
		return 0;
	p->at_member = true;
	p->number++;
	memcpy(p->path, ev->path.p, ev->path.n); /* its length was checked when it was decoded */
	p->e = (struct kt_entry){p->path, (uint32_t)ev->path.n, ev->size, ev->mtime};
	p->nrequests = ev->nrequests;
	memcpy(p->request, ev->request, sizeof(p->request));
	p->mode = ev->mode;
	p->flags = ev->member_flags;
	kt_keep_text(p->note, sizeof(p->note), ev->text.p, ev->text.n);
	return 0;
}

static void cut(struct kt_pass *p, const char *text)
{
	if (!p->cut)
		kt_keep_text(p->cut_text, sizeof(p->cut_text), text, strlen(text));
	p->cut = true;
}

static int ask_next(struct kt_pass *p, struct kt_dev_result *res, struct kt_err *err)
{
	uint32_t tag;
	size_t at = kt_dev_begin(&p->q->dev, KT_DEV_NEXT, &tag);

	kt_frame_end(&p->q->dev.out, at);
	p->at_member = false;
	return kt_dev_call(&p->q->dev, tag, on_next, p, on_idle, res, err);
}

/* 1: a member; 0: the end, or nothing further can be read (p->cut); a code. */
static int next(struct kt_pass *p, struct kt_err *err)
{
	struct kt_dev_result res;
	int r;

	for (;;) {
		r = ask_next(p, &res, err);
		if (r < 0)
			return r;
		if (res.code == 0 && p->at_member)
			return 1;
		p->at_member = false;
		if (!p->phone || (res.code == KT_E_ABSENT && p->summed))
			break;
		r = kt_iphone_no_member(p, &res, err);
		if (r <= 0)
			return r;
	}
	if (p->q->dev.lost || res.code == KT_E_DEVICE || res.code == KT_E_STORAGE)
		return KT_FAIL(err, KT_E_DEVICE, "the source is gone or can't be read: %.90s",
			       res.text);
	if (res.code == KT_E_ABSENT && p->summed) {
		if ((res.flags & KT_DEV_F_CHANGED) != 0)
			cut(p, "the source changed while it was being read");
		p->gaps = (res.flags & KT_DEV_F_TRUNCATED) != 0;
		return 0;
	}
	if (res.code == KT_E_FORMAT || res.code == KT_E_LIMIT || res.code == KT_E_PARTIAL ||
	    res.code == KT_E_INVALID) {
		cut(p, res.text);
		return 0;
	}
	return KT_FAIL(err, res.code < 0 && res.code != KT_E_ABSENT ? res.code : KT_E_INTERNAL,
		       "the source: %.100s", res.text[0] != '\0' ? res.text : "no end was told");
}

/* What earlier runs and passes have written counts; everything else is counted in this pass. */
int kt_pass_begin(struct kt_pass *p, struct kt_err *err)
{
	int r = 0;

	p->summed = p->cut = p->gaps = p->at_member = p->no_backup = false;
	p->number = 0;
	p->seen = p->bytes = p->refused = p->unreadable = 0;
	p->sha256[0] = p->text[0] = '\0';
	for (size_t i = 0; r == 0 && i < p->q->plan.n; i++) {
		struct kt_run *t = &p->run[i];

		if (!t->open)
			continue;
		memset(&t->t, 0, sizeof(t->t));
		t->unmatched = t->links = 0;
		kt_done_free(&t->done);
		r = kt_index_sync(&t->ix, err);
		if (r == 0)
			r = kt_done_load(&t->done, &p->q->c, t->ix.segment, !p->phone, &t->t, err);
	}
	return r;
}

int kt_pass_read(struct kt_pass *p, struct kt_err *err)
{
	int r = kt_pass_begin(p, err);

	if (r < 0)
		return r;
	kt_progress_step(&p->q->prog, p->phone ? "acquire" : "import", kt_form_name(p->src->form));
	while ((r = next(p, err)) > 0) {
		if (p->q->prog.files >= MEMBERS_MAX) {
			cut(p, "it holds more files of interest than this version goes through");
			return 0;
		}
		r = kt_stop_asked ? KT_FAIL(err, KT_E_CANCELLED, "stopped by the operator")
				  : member(p, err);
		if (r < 0)
			return r;
	}
	/* what was seen until the damage is told by the call after it */
	if (r == 0 && p->cut && !p->summed)
		r = next(p, err);
	return r < 0 ? r : 0;
}

int kt_pass_blame_member(struct kt_pass *p, struct kt_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && p->at_member && i < p->q->plan.n; i++)
		if (p->run[i].open && p->run[i].pending)
			r = kt_index_lost_file(
				&p->run[i].ix, &p->e, "failed",
				"the program that reads the source ended while reading this", err);
	return r;
}

/* Passes until one comes to the end of what can be read. */
static int read_source(struct kt_pass *p, struct kt_err *err)
{
	struct kt_acq *q = p->q;
	int r;

	for (int deaths = 0;; deaths++) {
		r = kt_pass_read(p, err);
		if (r != KT_E_DEVICE || !q->dev.gone)
			return r;
		r = log_closed(q, "process-ended", kt_err_text(err), err);
		if (r == 0)
			r = kt_pass_blame_member(p, err);
		if (r < 0)
			return r;
		kt_err_clear(err);
		if (deaths >= RESTARTS)
			break;
		kt_progress_say(&q->prog, "keten-device has ended; the source is read again.");
		r = kt_source_open(q, err);
		if (r == 0)
			r = kt_pass_log_opened(q, q->src, err);
		if (r < 0)
			return r;
	}
	r = kt_pass_begin(p, err);
	cut(p, "the program that reads the source ended again and again");
	return r;
}

/* -- outcomes --------------------------------------------------------------------------------- */

/* Why nothing of the kind is there, in what was read. */
static const char *why_absent(const struct kt_source *s, const struct kt_request *rq)
{
	if (s->form == KT_FORM_BACKUP && rq->reach == KT_REACH_ENCRYPTED && !s->encrypted)
		return N_("encrypted-only: a backup without a password never holds it");
	if (s->form == KT_FORM_BACKUP)
		return N_("the backup lists no such file");
	if (s->form == KT_FORM_CARRIER)
		return N_("the carrier has no such folder at its top, or no file in it");
	if (s->form == KT_FORM_FILE)
		return N_("what was handed over holds no file");
	if (rq->kind == KT_REQ_KIND_ROOT || rq->kind == KT_REQ_KIND_MEDIA)
		return N_("the image holds no such folder, or no file in it");
	return N_("the image holds no such file");
}

static void judge(const struct kt_pass *p, size_t i, struct kt_outcome *out)
{
	const struct kt_run *t = &p->run[i];
	uint64_t bad = t->t.partial + t->t.refused + t->t.failed;
	bool any = t->t.acquired + t->t.partial > 0;

	out->withheld = t->t.withheld_period + t->t.withheld_undated + t->t.withheld_border;
	if (p->cut)
		kt_outcome_set(out, any ? "partial" : "failed",
			       N_("the source could not be read to its end: %s"), p->cut_text);
	else if (bad > 0)
		kt_outcome_set(out, any ? "partial" : "failed",
			       "%llu of %llu files not or not completely read%s%s",
			       (unsigned long long)bad, (unsigned long long)t->t.wanted,
			       t->missing[0] != '\0' ? ": " : "", t->missing);
	else if (p->gaps)
		kt_outcome_set(out, "partial", "parts of the source were not looked into: %s",
			       p->text);
	else if (t->t.absent > 0 && t->t.absent == t->t.wanted)
		kt_outcome_set(out, "absent", "%s", t->missing);
	else if (t->t.absent > 0)
		kt_outcome_set(out, "partial", "%llu of %llu files are listed, but not there: %s",
			       (unsigned long long)t->t.absent, (unsigned long long)t->t.wanted,
			       t->missing);
	else if (t->t.wanted == 0 && t->unmatched > 0)
		kt_outcome_set(out, "absent", N_("none of the kind asked for (other files: %llu)"),
			       (unsigned long long)t->unmatched);
	else if (t->t.wanted == 0)
		kt_outcome_set(
			out, "absent", "%s",
			why_absent(p->src, kt_request_get(p->q->plan.item[i].want->request)));
	else if (out->withheld == t->t.wanted)
		kt_outcome_set(out, "absent", N_("all %llu files lie outside the mandate's period"),
			       (unsigned long long)t->t.wanted);
	else
		kt_outcome_set(out, "acquired", "%s", "");
}

int kt_pass_end_items(struct kt_pass *p, struct kt_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->q->plan.n; i++) {
		struct kt_outcome out = {"failed", "", 0};
		struct kt_run *t = &p->run[i];

		if (!t->open)
			continue;
		if (p->phone)
			kt_iphone_judge(p, i, &out);
		else
			judge(p, i, &out);
		r = kt_tally_lines(&t->ix, t->unmatched, t->links, &t->t, err);
		if (r == 0)
			r = kt_item_end(p->q, i, &t->ix, &out, err);
		t->open = r < 0;
	}
	return r;
}

int kt_pass_begin_items(struct kt_pass *p, size_t *todo, struct kt_err *err)
{
	int r = 0;

	*todo = 0;
	for (size_t i = 0; r == 0 && i < p->q->plan.n; i++) {
		struct kt_outcome out = {"failed", "", 0};
		struct kt_run *t = &p->run[i];

		if (p->q->state.item_done[i])
			continue;
		r = kt_item_begin(p->q, i, &t->ix, &out, err);
		if (r == 0 && t->ix.complete)
			r = kt_item_end(p->q, i, &t->ix, &out, err);
		else if (r == 0)
			t->open = true;
		*todo += t->open;
	}
	return r;
}

/* Two readings of one source give the same bytes, or it is not one source. */
static int check_sha(struct kt_pass *p, struct kt_err *err)
{
	struct kt_case_state *st = &p->q->state;

	if (p->sha256[0] == '\0')
		return 0;
	if (st->source_sha256[0] != '\0' && strcmp(st->source_sha256, p->sha256) != 0)
		return KT_FAIL(err, KT_E_REFUSED,
			       "another-source: the bytes of this source are not those that were "
			       "read before; begin a new case");
	memcpy(st->source_sha256, p->sha256, sizeof(st->source_sha256));
	return 0;
}

static int take_all(struct kt_pass *p, struct kt_err *err)
{
	size_t todo;
	int r = kt_pass_begin_items(p, &todo, err);

	if (r < 0 || todo == 0)
		return r;
	r = kt_ranged_init(&p->ranged, kt_pass_ask_part, p, err);
	if (r == 0)
		r = read_source(p, err);
	if (r == 0)
		r = check_sha(p, err);
	if (r == 0)
		r = kt_pass_log_read(p, err);
	if (r == 0 && p->text[0] != '\0' && !p->q->c.sealed)
		kt_progress_say(&p->q->prog, "  %s", p->text);
	return r == 0 ? kt_pass_end_items(p, err) : r;
}

int kt_pass_new(struct kt_acq *q, const struct kt_source *src, struct kt_pass **pass,
		struct kt_err *err)
{
	struct kt_pass *p = calloc(1, sizeof(*p));

	*pass = NULL;
	if (p != NULL)
		p->run = calloc(q->plan.n, sizeof(*p->run));
	if (p == NULL || p->run == NULL) {
		free(p);
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the items");
	}
	p->q = q;
	p->src = src;
	*pass = p;
	return 0;
}

void kt_pass_free(struct kt_pass **pass, int r)
{
	struct kt_pass *p = *pass;

	kt_prov_drop(p);
	for (size_t i = 0; i < p->q->plan.n; i++) {
		if (p->run[i].open)
			kt_item_leave(&p->run[i].ix, r);
		kt_done_free(&p->run[i].done);
	}
	if (p->ranged.ask != NULL)
		kt_ranged_free(&p->ranged);
	free(p->run);
	free(p);
	*pass = NULL;
}

int kt_acq_source(struct kt_acq *q, struct kt_err *err)
{
	struct kt_err ignored = {0};
	struct kt_pass *p;
	int r = kt_pass_new(q, q->src, &p, err);

	if (p == NULL)
		return r;
	r = kt_pass_log_opened(q, q->src, err);
	if (r == 0)
		r = log_no_clock(q, err);
	if (r == 0)
		r = take_all(p, err);
	kt_pass_free(&p, r);
	kt_dev_stop(&q->dev);
	q->dev_running = false;
	if (r != KT_E_STORAGE)
		log_closed(q, r == 0 ? "done" : kt_code_name(r), r == 0 ? "" : kt_err_text(err),
			   &ignored);
	return r;
}
