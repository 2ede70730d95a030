/* SPDX-License-Identifier: EUPL-1.2 */
/* Sealed objects to records: each through its plugin in the sandbox, then the mandate's limits. */
#include "cli/limits.h"
#include "cli/siblings.h"
#include "cli/steps.h"
#include "core/io.h"
#include "core/recstore.h"
#include "core/request.h"
#include "parsers/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REASONS 8

struct parse {
	struct kt_acq *q;
	struct kt_recstore store;
	struct kt_worker worker;
	const struct kt_plan_item *it;
	struct kt_range *ranges; /* KT_JOB_RANGES_MAX would do; grown as needed */
	uint32_t cap;
	struct kt_siblings sib; /* of the item, when it takes databases */
	int64_t sealed_us;	/* when the acquisition was sealed */
	/* of the artifact under way: */
	const char *object;
	uint64_t n, withheld;
	struct {
		char reason[32];
		uint64_t n;
	} why[REASONS];
	struct kt_buf json;
	/* totals */
	uint64_t records, withheld_all, failures, artifacts;
};

static void count_reason(struct parse *p, const char *reason)
{
	p->withheld++;
	for (int i = 0; i < REASONS; i++) {
		if (p->why[i].n > 0 && strcmp(p->why[i].reason, reason) != 0)
			continue;
		snprintf(p->why[i].reason, sizeof(p->why[i].reason), "%s", reason);
		p->why[i].n++;
		return;
	}
}

static int on_record(struct parse *p, const struct kt_event *ev, struct kt_err *err)
{
	const char *why = kt_limit_withhold(p->it->scope, &ev->rec);
	int64_t t = ev->rec.t_us;
	struct kt_record rec;
	struct kt_jw w;
	bool timed;

	p->n++;
	if (why != NULL) {
		count_reason(p, why);
		return 0;
	}
	kt_rec_copy(&rec, &ev->rec);
	kt_rec_flag_late(&rec, p->sealed_us);
	kt_limit_apply(p->it->scope, &rec);
	timed = rec.time_kind != KT_TIME_NONE;
	kt_buf_reset(&p->json);
	kt_jw_init(&w, &p->json);
	kt_jw_obj(&w);
	kt_rec_json(&rec, &w);
	kt_jw_obj_end(&w);
	if (p->json.failed)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a record");
	p->records++;
	return kt_recstore_record(&p->store, p->object, p->n, timed ? &t : NULL,
				  (const char *)p->json.p, p->json.len, err);
}

static int on_event(void *arg, const struct kt_event *ev, struct kt_err *err)
{
	struct parse *p = arg;
	char word[80];

	switch (ev->kind) {
	case KT_EV_RECORD:
		return on_record(p, ev, err);
	case KT_EV_SKIP:
		snprintf(word, sizeof(word), "%.*s", (int)ev->code_str.len, ev->code_str.p);
		return kt_recstore_skip(&p->store, p->object, word, ev->n,
					ev->loc.kind != 0 ? &ev->loc : NULL, err);
	case KT_EV_NOTE:
		snprintf(word, sizeof(word), "%.*s", (int)ev->code_str.len, ev->code_str.p);
		return kt_recstore_note(&p->store, p->object, word, ev->text.p, ev->text.len, err);
	default:
		return 0;
	}
}

/* The ranges of an index line. KT_E_INVALID when they are not as documented. */
static int read_ranges(struct parse *p, const struct kt_jv *v, uint32_t *n, struct kt_err *err)
{
	const struct kt_jv *r;

	*n = 0;
	if (v->type != KT_JV_ARR || v->count > 4096)
		return KT_FAIL(err, KT_E_INVALID, "index: malformed ranges");
	if (v->count > p->cap || p->ranges == NULL) {
		void *m = realloc(p->ranges, (v->count + 1) * sizeof(*p->ranges));

		if (m == NULL)
			return KT_FAIL(err, KT_E_NOMEM, "no memory");
		p->ranges = m;
		p->cap = (uint32_t)v->count;
	}
	for (r = v->child; r != NULL; r = r->next) {
		const struct kt_jv *a = r->child;

		if (r->type != KT_JV_ARR || r->count != 3 || a->type != KT_JV_INT ||
		    a->next->type != KT_JV_INT || a->next->next->type != KT_JV_INT || a->i < 0 ||
		    a->next->i < 0 || a->next->i > UINT32_MAX || a->next->next->i < 0)
			return KT_FAIL(err, KT_E_INVALID, "index: malformed ranges");
		p->ranges[(*n)++] = (struct kt_range){(uint64_t)a->i, (uint64_t)a->next->next->i,
						      (uint32_t)a->next->i};
	}
	return 0;
}

/*
 * A file that a person hands over is shown to every reader whose names fit; those whose kind it is not
 * say so, and nothing went wrong.
 */
static bool other_kind(const struct parse *p, const struct kt_job_end *end)
{
	static const char mark[] = "not-this-kind";

	return p->it->want->request == KT_REQ_HANDED && end->verdict == KT_JE_PARSE_ERROR &&
	       end->code == KT_E_FORMAT && end->seen == 0 &&
	       strncmp(end->text, mark, sizeof(mark) - 1) == 0;
}

static int finish(struct parse *p, const struct kt_job_end *end, struct kt_err *err)
{
	struct kt_artifact_row row = {
		.object = p->object,
		.item = p->it->id,
		.plugin = p->it->plugin->id,
		.version = p->it->plugin->version,
		.code = other_kind(p, end)		    ? "other-kind"
			: end->verdict == KT_JE_PARSE_ERROR ? kt_code_name(end->code)
							    : kt_job_verdict_name(end->verdict),
		.error = end->text,
		.seen = end->seen,
		.emitted = end->emitted,
		.skipped = end->skipped,
		.withheld = p->withheld,
	};
	bool rejected = end->verdict == KT_JE_BAD_STREAM || end->verdict == KT_JE_TRUNCATED ||
			end->verdict == KT_JE_POLICY;
	int r;

	if (end->verdict == KT_JE_NO_SANDBOX)
		return KT_FAIL(err, KT_E_INTERNAL, "no-sandbox: %s", end->text);
	p->q->layers = end->layers;
	p->q->timed_out |= end->verdict == KT_JE_CPU || end->verdict == KT_JE_WALL;
	if (end->verdict != KT_JE_OK && end->verdict != KT_JE_PARSE_ERROR)
		p->failures++;
	if (rejected) {
		/* a stream that broke its rules is not believed at all */
		r = kt_recstore_rollback(&p->store, err);
		if (r == 0)
			r = kt_recstore_begin(&p->store, err);
		if (r < 0)
			return r;
		p->records -= p->n - p->withheld;
		row.seen = row.emitted = row.skipped = row.withheld = p->withheld = 0;
		memset(p->why, 0, sizeof(p->why));
	}
	r = kt_recstore_artifact(&p->store, &row, err);
	for (int i = 0; r == 0 && i < REASONS && p->why[i].n > 0; i++)
		r = kt_recstore_withheld(&p->store, p->object, p->why[i].reason, p->why[i].n, err);
	p->withheld_all += p->withheld;
	return r == 0 ? kt_recstore_commit(&p->store, err) : r;
}

static int open_object(const struct parse *p, const char *object, int *fd, struct kt_err *err)
{
	char name[48];

	snprintf(name, sizeof(name), "objects/%.32s", object);
	*fd = kt_case_read_open(p->q->c.fd, p->q->c.view, name, err);
	return *fd >= 0 ? 0 : KT_TRACE(err, KT_E_INVALID, "an object can't be read");
}

static int note_partial(struct parse *p, const struct kt_sib *s, struct kt_err *err)
{
	char text[120];

	if (s == NULL || !s->partial)
		return 0;
	snprintf(text, sizeof(text), "Only a part of the %s file (%s) was acquired.",
		 s->kind == KT_SIB_WAL ? "-wal" : "-journal", s->object);
	return kt_recstore_note(&p->store, p->object, "sibling-partial", text, strlen(text), err);
}

/* The -wal and -journal of a database go with it; a -shm holds nothing of its own. */
static int add_siblings(struct parse *p, const struct kt_jv *line, struct kt_job *job,
			struct kt_err *err)
{
	const struct kt_sib *wal = kt_siblings_claim(&p->sib, line, KT_SIB_WAL, err);
	const struct kt_sib *journal = kt_siblings_claim(&p->sib, line, KT_SIB_JOURNAL, err);
	int r = 0;

	kt_siblings_claim(&p->sib, line, KT_SIB_SHM, err);
	if (wal != NULL) {
		r = open_object(p, wal->object, &job->wal_fd, err);
		job->has_wal = r == 0;
		job->wal_size = wal->bytes;
	}
	if (r == 0 && journal != NULL) {
		r = open_object(p, journal->object, &job->journal_fd, err);
		job->has_journal = r == 0;
		job->journal_size = journal->bytes;
	}
	if (r == 0)
		r = note_partial(p, wal, err);
	return r == 0 ? note_partial(p, journal, err) : r;
}

/* Each sibling has its row, so that every object is accounted for. */
static int list_siblings(struct parse *p, struct kt_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->sib.n; i++) {
		const struct kt_sib *s = &p->sib.v[i];
		struct kt_artifact_row row = {
			.object = s->object,
			.item = p->it->id,
			.plugin = p->it->plugin->id,
			.version = p->it->plugin->version,
			.code = s->main[0] != '\0' ? "sibling" : "sibling-without-database",
		};
		char text[80];

		if (s->main[0] == '\0')
			snprintf(text, sizeof(text), "no object of this item has its name");
		else
			snprintf(text, sizeof(text), "%s %s",
				 s->kind == KT_SIB_SHM ? "never read; belongs to" : "read with",
				 s->main);
		row.error = text;
		p->failures += s->main[0] == '\0' && s->kind != KT_SIB_SHM;
		r = kt_recstore_begin(&p->store, err);
		if (r == 0)
			r = kt_recstore_artifact(&p->store, &row, err);
		if (r == 0)
			r = kt_recstore_commit(&p->store, err);
	}
	return r;
}

static int on_line(void *arg, unsigned segment, const struct kt_jv *line, struct kt_err *err)
{
	struct parse *p = arg;
	const struct kt_plugin_info *pi = p->it->plugin;
	const struct kt_jv *ranges = kt_jv_get(line, "ranges");
	struct kt_job job = {.id = pi->id,
			     .as_mib = pi->as_mib,
			     .cpu_s = pi->cpu_s,
			     .wall_s = pi->wall_s,
			     .cap = UINT64_MAX,
			     .fd = -1,
			     .wal_fd = -1,
			     .journal_fd = -1};
	struct kt_job_end end;
	uint32_t n = 0;
	int r = 0;

	(void)segment;
	p->object = kt_jv_str(line, "object");
	if (p->object == NULL || (p->sib.n > 0 && kt_siblings_is_one(line)))
		return 0;
	if (p->object[0] != 'o' || strspn(p->object + 1, "0123456789") + 1 != strlen(p->object))
		return KT_FAIL(err, KT_E_INVALID, "index: an object has a name that is not ours");
	job.size = (uint64_t)kt_jv_int(line, "bytes", 0);
	if (ranges != NULL) {
		r = read_ranges(p, ranges, &n, err);
		job.ranges = p->ranges;
		job.nranges = n;
		job.size = (uint64_t)kt_jv_int(line, "fs_size", 0);
		job.cap = p->it->max_bytes;
	}
	if (r == 0)
		r = open_object(p, p->object, &job.fd, err);
	if (r < 0)
		return r;
	p->n = p->withheld = 0;
	memset(p->why, 0, sizeof(p->why));
	r = kt_recstore_begin(&p->store, err);
	if (r == 0)
		r = add_siblings(p, line, &job, err);
	if (r == 0)
		r = kt_worker_run(&p->worker, &job, on_event, p, &end, err);
	if (r == 0)
		r = finish(p, &end, err);
	kt_close_fd(&job.fd);
	kt_close_fd(&job.wal_fd);
	kt_close_fd(&job.journal_fd);
	p->artifacts++;
	p->q->prog.files++;
	kt_progress_data(&p->q->prog, (uint64_t)kt_jv_int(line, "bytes", 0));
	return r;
}

static int parse_all(struct parse *p, struct kt_err *err)
{
	bool complete;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < p->q->plan.n; i++) {
		p->it = &p->q->plan.item[i];
		kt_progress_step(&p->q->prog, "parse", p->it->id);
		if (p->it->want->take == KT_TAKE_GROUP)
			r = kt_siblings_load(&p->sib, &p->q->c, i + 1, err);
		if (r == 0)
			r = kt_index_read_case(&p->q->c, i + 1, &complete, on_line, p, err);
		if (r == KT_E_ABSENT)
			r = KT_FAIL(err, KT_E_INVALID,
				    "index/i%04u.jsonl is gone from the case, which was sealed "
				    "with it; put the folder back as it was. A package of it "
				    "that was made holds it too",
				    i + 1);
		if (r == 0)
			r = list_siblings(p, err);
		kt_siblings_free(&p->sib);
		if (kt_stop_asked && r == 0)
			r = KT_FAIL(err, KT_E_CANCELLED, "stopped by the operator");
	}
	return r;
}

int kt_records_path(const struct kt_acq *q, char *out, size_t n, struct kt_err *err)
{
	if (q->c.view != NULL) { /* records of what was opened stay in memory */
		snprintf(out, n, "%s", KT_RECSTORE_MEMORY);
		return 0;
	}
	if ((size_t)snprintf(out, n, "%s/" KT_RECORDS, q->o->case_dir) >= n)
		return KT_FAIL(err, KT_E_USAGE, "the case's path is too long");
	return 0;
}

static int parse_case(struct kt_acq *q, struct kt_err *err)
{
	struct parse p = {.q = q};
	struct kt_case_state st = {0};
	char path[4200];
	int r;

	r = kt_records_path(q, path, sizeof(path), err);
	if (r == 0)
		r = kt_case_state_read(&q->c, &q->plan, &st, err);
	if (r == 0 && st.sealed_us == 0)
		r = KT_FAIL(err, KT_E_INVALID, "the log does not say when the case was sealed");
	p.sealed_us = r == 0 ? st.sealed_us : 0;
	if (r == 0)
		r = kt_recstore_create(path, &p.store, err);
	if (r < 0)
		return r;
	kt_buf_init(&p.json, 0);
	r = kt_worker_start(&p.worker, err);
	if (r == 0) {
		r = parse_all(&p, err);
		kt_worker_stop(&p.worker);
	}
	kt_buf_free(&p.json);
	free(p.ranges);
	if (r < 0) {
		kt_recstore_abandon(&p.store);
		return r;
	}
	r = kt_recstore_close(&p.store, err);
	if (r < 0)
		return r;
	kt_progress_say(&q->prog, "Parsed %llu artifacts: %llu records, %llu withheld.",
			(unsigned long long)p.artifacts, (unsigned long long)p.records,
			(unsigned long long)p.withheld_all);
	kt_custody_begin(&q->log);
	kt_jw_kuint(&q->log.w, "plugin_failures", p.failures);
	kt_jw_kuint(&q->log.w, "records", p.records);
	kt_jw_kuint(&q->log.w, "withheld", p.withheld_all);
	r = kt_custody_end(&q->log, "parse.done", err);
	return r == 0 && p.failures > 0 ? KT_E_PARTIAL : r;
}

int kt_step_parse(struct kt_acq *q, struct kt_err *err)
{
	return kt_of_evidence(parse_case(q, err));
}
