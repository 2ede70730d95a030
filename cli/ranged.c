/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/ranged.h"
#include "cli/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(struct kt_ranged *f, int code, const char *text)
{
	if (f->fail_code != 0)
		return;
	f->fail_code = code;
	snprintf(f->fail_text, sizeof(f->fail_text), "%s", text);
}

int kt_ranged_init(struct kt_ranged *f, void (*ask)(void *, struct kt_ranged *, uint64_t, uint32_t),
		   void *arg, struct kt_err *err)
{
	f->running = false;
	f->ask = ask;
	f->arg = arg;
	kt_buf_init(&f->data, 0);
	return kt_worker_start(&f->w, err);
}

void kt_ranged_free(struct kt_ranged *f)
{
	kt_worker_stop(&f->w);
	if (f->data.p != NULL)
		explicit_bzero(f->data.p, f->data.cap);
	kt_buf_free(&f->data);
}

/* -- ranges that are there already ------------------------------------------------------------ */

/* The range that holds byte off, or NULL; *next gets the start of the next range behind off. */
static const struct kt_index_range *find(const struct kt_ranged *f, uint64_t off, uint64_t *next)
{
	*next = UINT64_MAX;
	for (size_t i = 0; i < f->nr; i++) {
		if (off >= f->r[i].off && off - f->r[i].off < f->r[i].len)
			return &f->r[i];
		if (f->r[i].off > off) {
			*next = f->r[i].off;
			return NULL;
		}
	}
	return NULL;
}

static void answer(struct kt_ranged *f)
{
	static uint8_t buf[KT_DEV_RANGE_MAX];
	uint32_t done = 0;
	uint64_t next;

	while (done < f->want_len) {
		const struct kt_index_range *h = find(f, f->want_off + done, &next);
		uint32_t skip = (uint32_t)(f->want_off + done - h->off), k = h->len - skip;

		if (k > f->want_len - done)
			k = f->want_len - done;
		memcpy(buf + done, f->data.p + h->pos + skip, k);
		done += k;
	}
	f->waiting = false;
	kt_worker_reply(&f->w, 0, buf, done);
}

static void refuse(struct kt_ranged *f, int code)
{
	f->waiting = false;
	kt_worker_reply(&f->w, code, NULL, 0);
}

/* Asks for the first part of the parser's request that is missing, or answers it. */
static void step(struct kt_ranged *f)
{
	uint64_t at = f->want_off, end = f->want_off + f->want_len, next;

	for (;;) {
		const struct kt_index_range *h = at < end ? find(f, at, &next) : NULL;

		if (h == NULL)
			break;
		at = h->off + h->len;
	}
	if (at >= end) {
		answer(f);
		return;
	}
	f->part_off = at;
	f->part_len = (uint32_t)((next < end ? next : end) - at);
	if (f->data.len + f->part_len > f->it->max_bytes || f->nr >= KT_RANGED_MAX) {
		f->capped = true;
		refuse(f, KT_E_LIMIT);
		return;
	}
	f->got_part = false;
	f->ask(f->arg, f, f->part_off, f->part_len);
}

/* -- events ----------------------------------------------------------------------------------- */

void kt_ranged_data(struct kt_ranged *f, const struct kt_dev_event *ev)
{
	size_t i = f->nr;

	if (!f->running)
		return;
	if (ev->n != f->part_len || f->got_part) {
		fail(f, KT_E_PARTIAL, "fewer bytes came than the file is said to have");
		return;
	}
	while (i > 0 && f->r[i - 1].off > f->part_off) {
		f->r[i] = f->r[i - 1];
		i--;
	}
	f->r[i] = (struct kt_index_range){f->part_off, f->part_len, f->data.len};
	f->nr++;
	if (ev->method > f->method)
		f->method = ev->method;
	if (kt_buf_put(&f->data, ev->p, ev->n) < 0)
		fail(f, KT_E_NOMEM, "no memory");
	f->got_part = true;
}

void kt_ranged_result(struct kt_ranged *f, const struct kt_dev_event *ev)
{
	char text[160];

	f->tag = 0;
	f->changed |= (ev->flags & KT_DEV_F_CHANGED) != 0;
	if (ev->code < 0 || !f->got_part) {
		snprintf(text, sizeof(text), "%.*s", (int)ev->text.n, ev->text.p);
		fail(f, ev->code < 0 ? ev->code : KT_E_PARTIAL, text);
	}
	if (f->fail_code != 0)
		refuse(f, f->fail_code);
	else
		step(f);
}

static int on_worker(void *arg, const struct kt_event *ev, struct kt_err *err)
{
	struct kt_ranged *f = arg;
	uint64_t size = f->e->size;

	(void)err;
	if (ev->kind == KT_EV_RECORD) {
		const char *why = kt_limit_withhold(f->it->scope, &ev->rec);

		f->any_record = true;
		if (why == NULL) {
			f->any_kept = true;
			f->dated |= ev->rec.time_kind != KT_TIME_NONE;
		} else {
			snprintf(f->withheld, sizeof(f->withheld), "%s", why);
		}
	}
	if (ev->kind != KT_EV_RANGE)
		return 0;
	f->waiting = true;
	f->want_off = ev->off;
	f->want_len = ev->off >= size		 ? 0
		      : ev->len > size - ev->off ? (uint32_t)(size - ev->off)
						 : ev->len;
	if (f->fail_code != 0)
		refuse(f, f->fail_code);
	else
		step(f);
	return 0;
}

int kt_ranged_pump(struct kt_ranged *f, struct kt_err *err)
{
	int r = kt_worker_pump(&f->w, on_worker, f, err);

	if (r <= 0)
		return r;
	if (f->w.end.verdict == KT_JE_NO_SANDBOX)
		return KT_FAIL(err, KT_E_INTERNAL, "no-sandbox: %s", f->w.end.text);
	if (f->tag != 0) {
		/* it ended with a request under way (killed): let the reply pass */
		fail(f, KT_E_INTERNAL, "the parser ended in the middle of a request");
		f->tag = 0;
	}
	f->running = false;
	return 1;
}

/* -- one file's life -------------------------------------------------------------------------- */

int kt_ranged_begin(struct kt_ranged *f, const struct kt_plan_item *it, const struct kt_entry *e,
		    struct kt_err *err)
{
	const struct kt_plugin_info *pi = it->plugin;
	struct kt_job job = {
		.id = pi->id,
		.as_mib = pi->as_mib,
		.cpu_s = pi->cpu_s,
		.wall_s = pi->wall_s,
		.size = e->size,
		.cap = it->max_bytes,
		.fd = -1,
		.remote = true,
	};

	f->it = it;
	f->e = e;
	kt_buf_reset(&f->data);
	f->nr = 0;
	f->method = 0;
	f->tag = 0;
	f->waiting = f->any_record = f->any_kept = f->changed = f->stat_failed = false;
	f->dated = f->capped = false;
	f->withheld[0] = f->fail_text[0] = '\0';
	f->fail_code = 0;
	f->running = true;
	return kt_worker_submit(&f->w, &job, err);
}

/* Writes the ranges in the order of the file, and leaves neighbours joined in f->r. */
static int write_ranges(struct kt_ranged *f, struct kt_sink *sink, struct kt_err *err)
{
	uint64_t pos = 0;
	size_t out = 0;

	for (size_t i = 0; i < f->nr; i++) {
		struct kt_index_range r = f->r[i];
		int e = kt_sink_write(sink, f->data.p + r.pos, r.len, err);

		if (e < 0)
			return e;
		if (out > 0 && f->r[out - 1].off + f->r[out - 1].len == r.off)
			f->r[out - 1].len += r.len;
		else
			f->r[out++] = (struct kt_index_range){r.off, r.len, pos};
		pos += r.len;
	}
	f->nr = out;
	return 0;
}

/* Stores what was read. */
static int store(struct kt_ranged *f, struct kt_case *c, struct kt_index *ix, const char *outcome,
		 const char *reason, struct kt_err *err)
{
	struct kt_index_entry line = {
		.outcome = outcome,
		.reason = reason,
		.method = kt_method_name(f->method),
		.bytes = f->data.len,
		.path = f->e->path,
		.path_len = f->e->len,
		.fs_size = f->e->size,
		.fs_mtime = f->e->mtime,
		.ranges = f->r,
	};
	struct kt_sink sink;
	char sha[KT_SHA256_HEX];
	int r = kt_sink_open(c, &sink, err);

	if (r < 0)
		return r;
	r = write_ranges(f, &sink, err);
	if (r < 0) {
		kt_sink_drop(c, &sink);
		return r;
	}
	r = kt_sink_close(&sink, sha, err);
	line.object = sink.object;
	line.sha256 = sha;
	line.stored = sink.stored;
	line.stored_sha = sink.stored_sha;
	line.nranges = f->nr;
	return r < 0 ? r : kt_index_add(ix, &line, err);
}

static void count_withheld(struct kt_tally *t, const char *why)
{
	if (strcmp(why, "undated") == 0)
		t->withheld_undated++;
	else if (strcmp(why, "zone-unknown-at-border") == 0)
		t->withheld_border++;
	else
		t->withheld_period++;
}

int kt_ranged_end(struct kt_ranged *f, struct kt_case *c, struct kt_index *ix, struct kt_tally *t,
		  struct kt_err *err)
{
	const struct kt_job_end *end = &f->w.end;
	char reason[220];

	if (f->fail_code != 0) {
		bool refused = f->fail_code == KT_E_REFUSED || f->fail_code == KT_E_ABSENT;

		if (refused)
			t->refused++;
		else
			t->failed++;
		return kt_index_lost_file(ix, f->e, refused ? "refused" : "failed", f->fail_text,
					  err);
	}
	if (end->verdict != KT_JE_OK && end->verdict != KT_JE_PARSE_ERROR) {
		t->failed++;
		snprintf(reason, sizeof(reason), "parser: %s: %s",
			 kt_job_verdict_name(end->verdict), end->text);
		return kt_index_lost_file(ix, f->e, "failed", reason, err);
	}
	if (f->any_record && !f->any_kept) {
		count_withheld(t, f->withheld);
		return 0;
	}
	if ((f->capped || end->code == KT_E_LIMIT) && !f->dated) {
		/* a time that was not reached is not "no time at all" */
		t->failed++;
		return kt_index_lost_file(ix, f->e, "failed",
					  "the byte limit was reached before a date was found; "
					  "nothing was kept",
					  err);
	}
	if (f->changed || f->stat_failed || end->code == KT_E_LIMIT) {
		t->partial++;
		return store(f, c, ix, "partial",
			     end->code == KT_E_LIMIT ? "the byte limit of one file was reached"
			     : f->changed	     ? "the file changed while it was being read"
						     : "the file could not be looked at again",
			     err);
	}
	t->acquired++;
	return store(f, c, ix, "acquired", "", err);
}
