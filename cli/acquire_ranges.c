/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Byte ranges of a phone's files. Several parsers run at once, so that their requests reach the
 * phone in batches; each file's own life is in ranged.c.
 */
#include "cli/ranged.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* Files read at once: a command on the phone costs more than a worker here. */
#define SLOTS KT_DEV_BATCH

enum phase { IDLE, RUNNING, STATING, DONE };

struct slot {
	struct kt_ranged f;
	enum phase phase;
	size_t at; /* index in todo */
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

static void ask_range(void *arg, struct kt_ranged *f, uint64_t off, uint32_t len)
{
	struct pool *p = arg;
	struct kt_buf *out = &p->q->dev.out;
	size_t start = kt_dev_begin(&p->q->dev, KT_DEV_RANGE, &f->tag);

	kt_buf_put_le16(out, (uint16_t)p->it->want->request);
	kt_buf_put_le64(out, f->e->size);
	kt_buf_put_le64(out, off);
	kt_buf_put_le32(out, len);
	kt_buf_put_blob(out, f->e->path, f->e->len);
	kt_frame_end(out, start);
}

/* The parser has ended: was the file the same all the while? */
static void ask_stat(struct pool *p, struct slot *s)
{
	const struct kt_entry *e = &p->todo[s->at];
	struct kt_buf *out = &p->q->dev.out;
	size_t start = kt_dev_begin(&p->q->dev, KT_DEV_STAT, &s->f.tag);

	kt_buf_put_le16(out, (uint16_t)p->it->want->request);
	kt_buf_put_blob(out, e->path, e->len);
	kt_frame_end(out, start);
	s->phase = STATING;
}

static int on_device(void *arg, const struct kt_dev_event *ev, struct kt_err *err)
{
	struct pool *p = arg;
	struct slot *s = NULL;

	(void)err;
	for (size_t i = 0; i < p->nslots; i++)
		if (ev->tag != 0 && p->slots[i].f.tag == ev->tag)
			s = &p->slots[i];
	if (ev->type == KT_DEV_RESULT && (ev->flags & KT_DEV_F_LOST) != 0)
		p->lost = true;
	if (s == NULL || p->lost)
		return 0;
	if (ev->type == KT_DEV_RDATA) {
		kt_progress_data(&p->q->prog, ev->n);
		kt_ranged_data(&s->f, ev);
	} else if (ev->type == KT_DEV_STATR) {
		const struct kt_entry *e = &p->todo[s->at];

		s->f.changed = ev->errno_ != 0 || ev->size != e->size || ev->mtime != e->mtime;
	} else if (ev->type == KT_DEV_RESULT && s->phase == STATING) {
		s->f.tag = 0;
		s->f.stat_failed |= ev->code < 0;
		s->phase = DONE;
	} else if (ev->type == KT_DEV_RESULT) {
		kt_ranged_result(&s->f, ev);
	}
	return 0;
}

static int begin(struct pool *p, struct slot *s, struct kt_err *err)
{
	s->at = p->next++;
	s->phase = RUNNING;
	return kt_ranged_begin(&s->f, p->it, &p->todo[s->at], err);
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
			r = kt_ranged_end(&s->f, &p->q->c, p->ix, p->t, err);
			if (r < 0)
				return r;
			p->q->prog.files++;
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
		int r;

		if (s->phase != RUNNING)
			continue;
		r = kt_ranged_pump(&s->f, err);
		if (r < 0)
			return r;
		if (r > 0)
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
			n += (nfds_t)kt_worker_pollfds(&p->slots[i].f.w, fds + n);
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
		r = kt_ranged_init(&p.slots[p.nslots].f, ask_range, &p, err);
		if (r < 0)
			break;
	}
	while (r == 0 && p.next_final < n)
		r = kt_stop_asked ? KT_FAIL(err, KT_E_CANCELLED, "stopped by the operator")
				  : turn(&p, err);
	for (size_t i = 0; i < p.nslots; i++)
		kt_ranged_free(&p.slots[i].f);
	free(p.slots);
	return r;
}
