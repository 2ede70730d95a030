/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Ranges, not files: the parser in its sandbox decides which bytes of a file are read, the engine
 * decides how many, and only those are stored. Several workers run at once so that their requests
 * reach the phone in batches. Ranges stay in memory until the file's end is known: a file whose
 * records all lie outside the mandate's period leaves no byte behind.
 */
#include "cli/acquire.h"
#include "cli/limits.h"
#include "parsers/host/host.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Files read at once: a command on the phone costs more than a worker here. */
#define SLOTS	   KT_DEV_BATCH
#define RANGES_MAX 4096u

enum phase { IDLE, RUNNING, STATING, DONE };

struct slot {
	struct kt_worker w;
	enum phase phase;
	size_t at; /* index in todo */
	struct kt_buf data;
	struct kt_index_range r[RANGES_MAX]; /* sorted by off, disjoint */
	size_t nr;
	uint8_t method; /* highest method used */
	/* the worker's request and the part of it that is asked of the phone */
	uint64_t want_off, part_off;
	uint32_t want_len, part_len, tag;
	bool waiting, got_part;
	/* verdict */
	bool any_record, any_kept, changed, stat_failed;
	bool dated;  /* a record with a time inside the period was seen */
	bool capped; /* the byte limit kept the parser from reading on */
	char withheld[32];
	int fail_code;
	char fail_text[160];
};

struct pool {
	struct kt_acq *q;
	const struct kt_plan_item *it;
	struct kt_index *ix;
	const struct kt_entry *todo;
	size_t n, next, next_final;
	struct kt_tally *t;
	struct slot *slots;
	size_t nslots;
	bool lost;
};

static void fail_slot(struct slot *s, int code, const char *text)
{
	if (s->fail_code != 0)
		return;
	s->fail_code = code;
	snprintf(s->fail_text, sizeof(s->fail_text), "%s", text);
}

/* -- ranges that are there already ------------------------------------------------------------ */

/* The range that holds byte off, or NULL; *next gets the start of the next range behind off. */
static const struct kt_index_range *find(const struct slot *s, uint64_t off, uint64_t *next)
{
	*next = UINT64_MAX;
	for (size_t i = 0; i < s->nr; i++) {
		if (off >= s->r[i].off && off - s->r[i].off < s->r[i].len)
			return &s->r[i];
		if (s->r[i].off > off) {
			*next = s->r[i].off;
			return NULL;
		}
	}
	return NULL;
}

static void answer(struct slot *s)
{
	static uint8_t buf[KT_DEV_RANGE_MAX];
	uint32_t done = 0;
	uint64_t next;

	while (done < s->want_len) {
		const struct kt_index_range *h = find(s, s->want_off + done, &next);
		uint32_t skip = (uint32_t)(s->want_off + done - h->off), k = h->len - skip;

		if (k > s->want_len - done)
			k = s->want_len - done;
		memcpy(buf + done, s->data.p + h->pos + skip, k);
		done += k;
	}
	s->waiting = false;
	kt_worker_reply(&s->w, 0, buf, done);
}

static void refuse(struct slot *s, int code)
{
	s->waiting = false;
	kt_worker_reply(&s->w, code, NULL, 0);
}

/* Asks the phone for the first part of the worker's request that is missing, or answers it. */
static void step(struct pool *p, struct slot *s)
{
	const struct kt_entry *e = &p->todo[s->at];
	uint64_t at = s->want_off, end = s->want_off + s->want_len, next;
	struct kt_buf *out = &p->q->dev.out;
	size_t start;

	for (;;) {
		const struct kt_index_range *h = at < end ? find(s, at, &next) : NULL;

		if (h == NULL)
			break;
		at = h->off + h->len;
	}
	if (at >= end) {
		answer(s);
		return;
	}
	s->part_off = at;
	s->part_len = (uint32_t)((next < end ? next : end) - at);
	if (s->data.len + s->part_len > p->it->max_bytes || s->nr >= RANGES_MAX) {
		s->capped = true;
		refuse(s, KT_E_LIMIT);
		return;
	}
	s->got_part = false;
	start = kt_dev_begin(&p->q->dev, KT_DEV_RANGE, &s->tag);
	kt_buf_put_le16(out, (uint16_t)p->it->want->request);
	kt_buf_put_le64(out, e->size);
	kt_buf_put_le64(out, s->part_off);
	kt_buf_put_le32(out, s->part_len);
	kt_buf_put_blob(out, e->path, e->len);
	kt_frame_end(out, start);
}

static void keep_part(struct slot *s, const struct kt_dev_event *ev)
{
	size_t i = s->nr;

	if (s->phase != RUNNING)
		return;
	if (ev->n != s->part_len || s->got_part) {
		fail_slot(s, KT_E_PARTIAL, "the phone gave fewer bytes than it announced");
		return;
	}
	while (i > 0 && s->r[i - 1].off > s->part_off) {
		s->r[i] = s->r[i - 1];
		i--;
	}
	s->r[i] = (struct kt_index_range){s->part_off, s->part_len, s->data.len};
	s->nr++;
	if (ev->method > s->method)
		s->method = ev->method;
	if (kt_buf_put(&s->data, ev->p, ev->n) < 0)
		fail_slot(s, KT_E_NOMEM, "no memory");
	s->got_part = true;
}

/* -- events ----------------------------------------------------------------------------------- */

static void on_result(struct pool *p, struct slot *s, const struct kt_dev_event *ev)
{
	char text[160];

	s->tag = 0;
	if (s->phase == STATING) {
		if (ev->code < 0)
			s->stat_failed = true;
		s->phase = DONE;
		return;
	}
	if (ev->code < 0 || !s->got_part) {
		snprintf(text, sizeof(text), "%.*s", (int)ev->text.n, ev->text.p);
		fail_slot(s, ev->code < 0 ? ev->code : KT_E_PARTIAL, text);
	}
	if (s->fail_code != 0)
		refuse(s, s->fail_code);
	else
		step(p, s);
}

static int on_device(void *arg, const struct kt_dev_event *ev, struct kt_err *err)
{
	struct pool *p = arg;
	struct slot *s = NULL;

	(void)err;
	for (size_t i = 0; i < p->nslots; i++)
		if (ev->tag != 0 && p->slots[i].tag == ev->tag)
			s = &p->slots[i];
	if (ev->type == KT_DEV_RESULT && (ev->flags & KT_DEV_F_LOST) != 0)
		p->lost = true;
	if (s == NULL || p->lost)
		return 0;
	if (ev->type == KT_DEV_RDATA) {
		kt_progress_data(&p->q->prog, ev->n);
		keep_part(s, ev);
	} else if (ev->type == KT_DEV_STATR) {
		const struct kt_entry *e = &p->todo[s->at];

		s->changed = ev->errno_ != 0 || ev->size != e->size || ev->mtime != e->mtime;
	} else if (ev->type == KT_DEV_RESULT) {
		on_result(p, s, ev);
	}
	return 0;
}

struct worker_arg {
	struct pool *p;
	struct slot *s;
};

static int on_worker(void *arg, const struct kt_event *ev, struct kt_err *err)
{
	struct worker_arg *a = arg;
	struct slot *s = a->s;
	const struct kt_entry *e = &a->p->todo[s->at];

	(void)err;
	if (ev->kind == KT_EV_RECORD) {
		const char *why = kt_limit_withhold(a->p->it->scope, &ev->rec);

		s->any_record = true;
		if (why == NULL) {
			s->any_kept = true;
			s->dated |= ev->rec.time_kind != KT_TIME_NONE;
		} else {
			snprintf(s->withheld, sizeof(s->withheld), "%s", why);
		}
	}
	if (ev->kind != KT_EV_RANGE)
		return 0;
	s->waiting = true;
	s->want_off = ev->off;
	s->want_len = ev->off >= e->size	    ? 0
		      : ev->len > e->size - ev->off ? (uint32_t)(e->size - ev->off)
						    : ev->len;
	if (s->fail_code != 0)
		refuse(s, s->fail_code);
	else
		step(a->p, s);
	return 0;
}

/* -- one file's life -------------------------------------------------------------------------- */

static int begin(struct pool *p, struct slot *s, struct kt_err *err)
{
	const struct kt_plugin_info *pi = p->it->plugin;
	struct kt_job job = {
		.id = pi->id,
		.as_mib = pi->as_mib,
		.cpu_s = pi->cpu_s,
		.wall_s = pi->wall_s,
		.size = p->todo[p->next].size,
		.cap = p->it->max_bytes,
		.fd = -1,
		.remote = true,
	};

	s->at = p->next++;
	kt_buf_reset(&s->data);
	s->nr = 0;
	s->method = 0;
	s->tag = 0;
	s->waiting = s->any_record = s->any_kept = s->changed = s->stat_failed = false;
	s->dated = s->capped = false;
	s->withheld[0] = s->fail_text[0] = '\0';
	s->fail_code = 0;
	s->phase = RUNNING;
	return kt_worker_submit(&s->w, &job, err);
}

/* The worker has ended: was the file the same all the while? */
static void ask_stat(struct pool *p, struct slot *s)
{
	const struct kt_entry *e = &p->todo[s->at];
	struct kt_buf *out = &p->q->dev.out;
	size_t start = kt_dev_begin(&p->q->dev, KT_DEV_STAT, &s->tag);

	kt_buf_put_le16(out, (uint16_t)p->it->want->request);
	kt_buf_put_blob(out, e->path, e->len);
	kt_frame_end(out, start);
	s->phase = STATING;
}

/* Writes the ranges in the order of the file, and leaves neighbours joined in s->r. */
static int write_ranges(struct slot *s, struct kt_sink *sink, struct kt_err *err)
{
	uint64_t pos = 0;
	size_t out = 0;

	for (size_t i = 0; i < s->nr; i++) {
		struct kt_index_range r = s->r[i];
		int e = kt_sink_write(sink, s->data.p + r.pos, r.len, err);

		if (e < 0)
			return e;
		if (out > 0 && s->r[out - 1].off + s->r[out - 1].len == r.off)
			s->r[out - 1].len += r.len;
		else
			s->r[out++] = (struct kt_index_range){r.off, r.len, pos};
		pos += r.len;
	}
	s->nr = out;
	return 0;
}

/* Stores what was read. */
static int store(struct pool *p, struct slot *s, const char *outcome, const char *reason,
		 struct kt_err *err)
{
	const struct kt_entry *e = &p->todo[s->at];
	struct kt_index_entry line = {
		.outcome = outcome,
		.reason = reason,
		.method = kt_method_name(s->method),
		.bytes = s->data.len,
		.path = e->path,
		.path_len = e->len,
		.fs_size = e->size,
		.fs_mtime = e->mtime,
		.ranges = s->r,
	};
	struct kt_sink sink;
	char sha[KT_SHA256_HEX];
	int r = kt_sink_open(&p->q->c, &sink, err);

	if (r < 0)
		return r;
	r = write_ranges(s, &sink, err);
	if (r < 0) {
		kt_sink_drop(&p->q->c, &sink);
		return r;
	}
	r = kt_sink_close(&sink, sha, err);
	line.object = sink.object;
	line.sha256 = sha;
	line.nranges = s->nr;
	return r < 0 ? r : kt_index_add(p->ix, &line, err);
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

static int finalise(struct pool *p, struct slot *s, struct kt_err *err)
{
	const struct kt_entry *e = &p->todo[s->at];
	const struct kt_job_end *end = &s->w.end;
	char reason[220];

	p->q->prog.files++;
	if (s->fail_code != 0) {
		bool refused = s->fail_code == KT_E_REFUSED || s->fail_code == KT_E_ABSENT;

		if (refused)
			p->t->refused++;
		else
			p->t->failed++;
		return kt_index_lost_file(p->ix, e, refused ? "refused" : "failed", s->fail_text,
					  err);
	}
	if (end->verdict != KT_JE_OK && end->verdict != KT_JE_PARSE_ERROR) {
		p->t->failed++;
		snprintf(reason, sizeof(reason), "parser: %s: %s",
			 kt_job_verdict_name(end->verdict), end->text);
		return kt_index_lost_file(p->ix, e, "failed", reason, err);
	}
	if (s->any_record && !s->any_kept) {
		count_withheld(p->t, s->withheld);
		return 0;
	}
	if ((s->capped || end->code == KT_E_LIMIT) && !s->dated) {
		/* a time that was not reached is not "no time at all" */
		p->t->failed++;
		return kt_index_lost_file(p->ix, e, "failed",
					  "the byte limit was reached before a date was found; "
					  "nothing was kept",
					  err);
	}
	if (s->changed || s->stat_failed || end->code == KT_E_LIMIT) {
		p->t->partial++;
		return store(p, s, "partial",
			     end->code == KT_E_LIMIT ? "the byte limit of one file was reached"
			     : s->changed	     ? "the file changed while it was being read"
						     : "the file could not be looked at again",
			     err);
	}
	p->t->acquired++;
	return store(p, s, "acquired", "", err);
}

/* In the order of the listing, so that object numbers do not depend on who was faster. */
static int finalise_ready(struct pool *p, struct kt_err *err)
{
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < p->nslots; i++) {
			struct slot *s = &p->slots[i];
			int r;

			if (s->phase != DONE || s->at != p->next_final)
				continue;
			r = finalise(p, s, err);
			if (r < 0)
				return r;
			s->phase = IDLE;
			p->next_final++;
			more = true;
		}
	}
	return 0;
}

static int pump_workers(struct pool *p, struct kt_err *err)
{
	for (size_t i = 0; i < p->nslots; i++) {
		struct slot *s = &p->slots[i];
		struct worker_arg a = {p, s};
		int r;

		if (s->phase != RUNNING)
			continue;
		r = kt_worker_pump(&s->w, on_worker, &a, err);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		if (s->w.end.verdict == KT_JE_NO_SANDBOX)
			return KT_FAIL(err, KT_E_REFUSED, "no-sandbox: %s", s->w.end.text);
		if (s->tag != 0) {
			/* it ended with a request under way (killed): let the reply pass */
			fail_slot(s, KT_E_INTERNAL, "the parser ended in the middle of a request");
			s->tag = 0;
		}
		ask_stat(p, s);
	}
	return 0;
}

static int turn(struct pool *p, struct kt_err *err)
{
	struct pollfd fds[KT_DEV_POLLFDS + 3 * SLOTS];
	nfds_t n;
	int r;

	for (size_t i = 0; i < p->nslots; i++)
		if (p->slots[i].phase == IDLE && p->next < p->n) {
			r = begin(p, &p->slots[i], err);
			if (r < 0)
				return r;
		}
	n = kt_dev_pollfds(&p->q->dev, fds);
	for (size_t i = 0; i < p->nslots; i++)
		if (p->slots[i].phase == RUNNING)
			n += (nfds_t)kt_worker_pollfds(&p->slots[i].w, fds + n);
	if (poll(fds, n, 200) < 0 && errno != EINTR)
		return KT_FAIL(err, KT_E_INTERNAL, "poll: %s", strerror(errno));
	kt_progress_data(&p->q->prog, 0);
	r = kt_dev_pump(&p->q->dev, on_device, p, err);
	if (r < 0)
		return r;
	if (p->lost)
		return KT_FAIL(err, KT_E_DEVICE, "the phone was lost while reading metadata");
	r = pump_workers(p, err);
	return r < 0 ? r : finalise_ready(p, err);
}

int kt_take_ranges(struct kt_acq *q, const struct kt_plan_item *it, struct kt_index *ix,
		   const struct kt_entry *todo, size_t n, struct kt_tally *tally,
		   struct kt_err *err)
{
	struct pool p = {.q = q, .it = it, .ix = ix, .todo = todo, .n = n, .t = tally};
	size_t slots = n < SLOTS ? n : SLOTS;
	int r = 0;

	p.slots = calloc(slots > 0 ? slots : 1, sizeof(*p.slots));
	if (p.slots == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	for (; r == 0 && p.nslots < slots; p.nslots++) {
		kt_buf_init(&p.slots[p.nslots].data, 0);
		r = kt_worker_start(&p.slots[p.nslots].w, err);
		if (r < 0)
			break;
	}
	while (r == 0 && p.next_final < n)
		r = kt_stop_asked ? KT_FAIL(err, KT_E_CANCELLED, "stopped by the operator")
				  : turn(&p, err);
	for (size_t i = 0; i < p.nslots; i++) {
		kt_worker_stop(&p.slots[i].w);
		if (p.slots[i].data.p != NULL)
			explicit_bzero(p.slots[i].data.p, p.slots[i].data.cap);
		kt_buf_free(&p.slots[i].data);
	}
	free(p.slots);
	return r;
}
