/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/steps.h"
#include "core/hash.h"
#include "core/io.h"
#include "core/register.h"
#include "core/request.h"
#include "core/time.h"
#include "parsers/host/host.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define RECONNECTS 3

void kt_outcome_set(struct kt_outcome *out, const char *name, const char *fmt, ...)
{
	va_list ap;

	out->name = name;
	va_start(ap, fmt);
	vsnprintf(out->reason, sizeof(out->reason), fmt, ap);
	va_end(ap);
	/* it may quote keten-device, and goes into JSON: one odd byte would make a line unreadable */
	for (char *c = out->reason; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
}

/* -- opening ---------------------------------------------------------------------------------- */

int kt_plan_sha256(struct kt_acq *q, char out[KT_SHA256_HEX], struct kt_err *err)
{
	struct kt_buf b;
	struct kt_jw w;
	int r;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_plan_json(&q->plan, q->a->mandate, &w);
	r = b.failed ? KT_FAIL(err, KT_E_NOMEM, "no memory") : kt_sha256_hex(b.p, b.len, out, err);
	kt_buf_free(&b);
	return r;
}

static void nonce_text(char out[33])
{
	uint8_t n[16] = {0};

	if (getrandom(n, sizeof(n), 0) < 0)
		memset(n, 0, sizeof(n));
	kt_hex(n, sizeof(n), out);
}

static int log_open(struct kt_acq *q, const char *plan_sha, struct kt_err *err)
{
	char tool[KT_SHA256_HEX], cert[KT_SHA256_HEX], nonce[33];
	struct kt_jw *w = &q->log.w;
	int r = kt_path_sha256(AT_FDCWD, "/proc/self/exe", tool, err);

	if (r < 0)
		return r;
	nonce_text(nonce);
	kt_custody_begin(&q->log);
	kt_jw_kstr(w, "anchored", kt_stamp_wanted() ? "asked" : "no");
	kt_hex(q->a->authoriser.cert_sha256, KT_SHA256_LEN, cert);
	kt_jw_kstr(w, "authoriser_cert_sha256", cert);
	kt_jw_kstr(w, "case_id", q->c.id);
	kt_jw_kstr(w, "mandate_id", q->a->mandate->mandate_id);
	kt_jw_kstr(w, "mandate_sha256", q->a->sha256_hex);
	kt_jw_kstr(w, "nonce", nonce);
	kt_hex(q->a->operator_cert.cert_sha256, KT_SHA256_LEN, cert);
	kt_jw_kstr(w, "operator_cert_sha256", cert);
	kt_jw_kstr(w, "plan_sha256", plan_sha);
	kt_jw_kstr(w, "tool_sha256", tool);
	kt_jw_kstr(w, "tool_version", KT_VERSION);
	return kt_custody_end(&q->log, "session.open", err);
}

/* Names of all objects that index lines hold, gathered over all segments. */
struct names {
	char (*list)[KT_OBJECT];
	size_t n, cap;
};

static int gather(void *arg, unsigned segment, const struct kt_jv *line, struct kt_err *err)
{
	struct names *s = arg;
	const char *object = kt_jv_str(line, "object");

	(void)segment;
	if (object == NULL || strlen(object) >= KT_OBJECT)
		return 0;
	if (s->n == s->cap) {
		size_t cap = s->cap > 0 ? s->cap * 2 : 1024;
		void *p = realloc(s->list, cap * KT_OBJECT);

		if (p == NULL)
			return KT_FAIL(err, KT_E_NOMEM, "no memory for the index");
		s->list = p;
		s->cap = cap;
	}
	memset(s->list[s->n], 0, KT_OBJECT);
	memcpy(s->list[s->n++], object, strlen(object));
	return 0;
}

static int drop_unfinished(struct kt_acq *q, uint64_t *dropped, struct kt_err *err)
{
	struct names s = {NULL, 0, 0};
	bool complete;
	int r = 0;

	for (unsigned i = 1; r == 0 && i <= q->plan.n; i++) {
		r = kt_index_read(q->c.index_fd, i, &complete, gather, &s, err);
		if (r == KT_E_ABSENT && !q->state.item_done[i - 1])
			r = 0; /* not begun; later ones may be */
		else if (r == KT_E_ABSENT)
			r = KT_FAIL(
				err, KT_E_INVALID,
				"index-missing: the log says that %s has ended, and "
				"index/i%04u.jsonl is not there; put it back. Nothing was deleted",
				q->plan.item[i - 1].id, i);
	}
	if (r == 0)
		r = kt_case_drop_unlisted(&q->c, s.list, s.n, dropped, err);
	free(s.list);
	return r;
}

static int log_resume(struct kt_acq *q, int dropped_tail, struct kt_err *err)
{
	char tool[KT_SHA256_HEX], nonce[33];
	uint64_t dropped = 0;
	int r = kt_path_sha256(AT_FDCWD, "/proc/self/exe", tool, err);

	if (r == 0 && !q->state.acquisition_sealed)
		r = drop_unfinished(q, &dropped, err);
	if (r < 0)
		return r;
	nonce_text(nonce);
	kt_custody_begin(&q->log);
	kt_jw_kuint(&q->log.w, "dropped_objects", dropped);
	kt_jw_kint(&q->log.w, "dropped_tail", dropped_tail);
	kt_jw_kstr(&q->log.w, "nonce", nonce);
	kt_jw_kstr(&q->log.w, "tool_sha256", tool);
	kt_jw_kstr(&q->log.w, "tool_version", KT_VERSION);
	return kt_custody_end(&q->log, "session.resume", err);
}

/* Which phone the case is about. */
static const char *device_of(const struct kt_acq *q)
{
	if (q->src == NULL)
		return q->o->device;
	if (q->a->mandate->device_identifier != NULL)
		return q->a->mandate->device_identifier;
	return q->src->identifier[0] != '\0' ? q->src->identifier : "unknown";
}

static int open_case(struct kt_acq *q, struct kt_err *err)
{
	const struct kt_authority *a = q->a;
	struct kt_case_new make = {
		.mandate_id = a->mandate->mandate_id,
		.mandate_sha256 = a->sha256_hex,
		.device = device_of(q),
		.device_kind = a->mandate->device_kind,
		.form = kt_form_name(q->plan.form),
		.source = q->src != NULL ? q->src->name : NULL,
		.mandate = a->mandate_bytes.p,
		.mandate_len = a->mandate_bytes.len,
		.p7s = a->p7s.p,
		.p7s_len = a->p7s.len,
		.simulated = q->o->simulated,
		.sealed = a->mandate->two_stage,
	};
	int r = kt_case_open(q->o->case_dir, &make, &q->c, err);

	if (r < 0)
		return r;
	if (strcmp(q->c.mandate_sha256, a->sha256_hex) != 0)
		return KT_FAIL(err, KT_E_REFUSED,
			       "case-of-another-mandate: this case was opened under mandate %.64s; "
			       "name that one, or a new case folder",
			       q->c.mandate_id);
	if (strcmp(q->c.form, kt_form_name(q->plan.form)) != 0)
		return KT_FAIL(err, KT_E_REFUSED,
			       "case-of-another-form: in this case a %s is read; name a new case "
			       "folder for this %s",
			       q->c.form, kt_form_name(q->plan.form));
	if (q->src != NULL && q->src->layout == 0)
		return 0; /* it is opened later, and held against the log */
	if (strcmp(q->c.device, device_of(q)) != 0)
		return KT_FAIL(err, KT_E_REFUSED,
			       "case-of-another-device: this case is about the phone %.64s",
			       q->c.device);
	return 0;
}

int kt_acq_open(const struct kt_opts *o, struct kt_authority *a, struct kt_source *src,
		struct kt_acq *q, struct kt_err *err)
{
	bool resumes = src != NULL && kt_case_exists(o->case_dir);
	char plan_sha[KT_SHA256_HEX] = "";
	int dropped_tail = 0, r;

	memset(q, 0, sizeof(*q));
	q->o = o;
	q->a = a;
	q->src = src;
	q->log.fd = q->c.fd = q->c.objects_fd = q->c.index_fd = q->c.lock_fd = -1;
	kt_progress_init(&q->prog, o);
	r = kt_authority_plan(a, src != NULL ? src->form : KT_FORM_PHONE, &q->plan, err);
	if (r == 0)
		r = kt_plan_sha256(q, plan_sha, err);
	if (r == 0 && src != NULL && !resumes)
		r = kt_source_open(q, err);
	if (r == 0)
		r = open_case(q, err);
	if (r == 0)
		r = kt_custody_open(q->c.fd, &q->log, &dropped_tail, err);
	if (r == 0)
		r = kt_case_state_read(&q->c, &q->plan, &q->state, err);
	if (r < 0)
		return r;
	r = kt_case_same_operator(q, err);
	if (r == 0)
		r = kt_case_not_closed(q, err);
	if (r == 0 && resumes && !q->state.acquisition_sealed)
		r = kt_source_open(q, err);
	if (r < 0)
		return r;
	if (q->state.opened) {
		if (strcmp(q->state.plan_sha256, plan_sha) != 0)
			return KT_FAIL(
				err, KT_E_REFUSED,
				"plan-changed: this case was begun with another plan (another "
				"version of Keten?); use that version, or a new case folder");
		r = log_resume(q, dropped_tail, err);
		q->in_session = r == 0;
		if (r == 0)
			r = kt_release_prepare(q, err);
		return r < 0 ? r : kt_stamp_opening(q, err);
	}
	r = kt_register_use(a->mandate->mandate_id, a->sha256_hex, q->c.id,
			    a->mandate->max_sessions, err);
	if (r == 0)
		r = log_open(q, plan_sha, err);
	q->in_session = r == 0;
	if (r == 0)
		r = kt_release_prepare(q, err);
	return r < 0 ? r : kt_stamp_opening(q, err);
}

void kt_acq_close(struct kt_acq *q)
{
	if (q->dev_running)
		kt_dev_stop(&q->dev);
	q->dev_running = false;
	kt_custody_close(&q->log);
	kt_case_close(&q->c);
	kt_progress_end(&q->prog);
}

/* -- items ------------------------------------------------------------------------------------ */

static int log_item_start(struct kt_acq *q, const struct kt_plan_item *it, struct kt_err *err)
{
	kt_custody_begin(&q->log);
	kt_jw_kstr(&q->log.w, "item", it->id);
	kt_jw_kstr(&q->log.w, "plugin", it->plugin->id);
	kt_jw_kstr(&q->log.w, "request", kt_request_get(it->want->request)->name);
	kt_jw_kstr(&q->log.w, "take", kt_take_name(it->want->take));
	return kt_custody_end(&q->log, "item.start", err);
}

static int log_item_end(struct kt_acq *q, size_t i, const struct kt_outcome *out,
			const struct kt_index *ix, const char *sha, struct kt_err *err)
{
	char event[32];

	snprintf(event, sizeof(event), "item.%s", out->name);
	kt_custody_begin(&q->log);
	kt_jw_kuint(&q->log.w, "bytes", ix->bytes);
	kt_jw_kstr(&q->log.w, "item", q->plan.item[i].id);
	kt_jw_kuint(&q->log.w, "objects", ix->objects);
	/* a reason can quote the phone, and counts tell of it: both are in the sealed index then */
	kt_jw_kstr(&q->log.w, "reason", q->c.sealed ? "" : out->reason);
	kt_jw_kuint(&q->log.w, "segment", i + 1);
	kt_jw_kstr(&q->log.w, "segment_sha256", sha);
	if (!q->c.sealed)
		kt_jw_kuint(&q->log.w, "withheld", out->withheld);
	return kt_custody_end(&q->log, event, err);
}

/* err holds why, in the words of keten-device. */
static int log_lost(struct kt_acq *q, struct kt_err *err)
{
	const char *text = err->n > 0 ? err->frame[0].text : "";

	kt_custody_begin(&q->log);
	kt_jw_kstr(&q->log.w, "reason", q->dev.gone ? "process-ended" : "lost");
	/* it can name the file that was asked for */
	kt_jw_kbytes(&q->log.w, "text", text, q->c.sealed ? 0 : strlen(text));
	return kt_custody_end(&q->log, "device.disconnect", err);
}

static int take(struct kt_acq *q, const struct kt_plan_item *it, struct kt_index *ix,
		struct kt_outcome *out, struct kt_err *err)
{
	int r = 0;

	for (int tries = 0;; tries++) {
		if (q->dev.lost || !q->dev_running)
			r = kt_acq_connect(q, err);
		if (r == 0)
			r = it->want->take == KT_TAKE_OUTPUT ? kt_take_output(q, it, ix, out, err)
							     : kt_take_files(q, it, ix, out, err);
		if (r != KT_E_DEVICE || !q->dev.lost || tries >= RECONNECTS)
			return r;
		r = log_lost(q, err);
		if (r < 0)
			return r;
		kt_progress_say(&q->prog, "The phone is gone. Plug it in again; Keten goes on.");
		kt_err_clear(err);
	}
}

int kt_item_begin(struct kt_acq *q, size_t i, struct kt_index *ix, struct kt_outcome *out,
		  struct kt_err *err)
{
	const struct kt_plan_item *it = &q->plan.item[i];
	struct kt_index_head head = {
		.segment = (unsigned)i + 1,
		.item = it->id,
		.plugin = it->plugin->id,
		.plugin_version = it->plugin->version,
		.request = kt_request_get(it->want->request)->name,
		.take = kt_take_name(it->want->take),
	};
	int r = log_item_start(q, it, err);

	ix->fd = -1;
	if (r == 0)
		r = kt_index_open(&q->c, &head, ix, err);
	if (r == 0 && ix->complete) {
		/* ended before a crash could log it: only the log lacks the outcome */
		out->name = ix->outcome;
		out->withheld = ix->withheld;
		snprintf(out->reason, sizeof(out->reason), "%s", ix->reason);
	}
	return r;
}

/*
 * A line for the item, and the reason in one of its own when a terminal has no room for it. A reason can quote
 * a name or count files: in two stages it is for the releaser, and the desk hears how an item ended, not why.
 */
static void say_outcome(struct kt_acq *q, const char *id, const struct kt_index *ix,
			const struct kt_outcome *out)
{
	const char *reason = q->c.sealed && out->reason[0] != '\0'
				     ? "the reason is sealed with the case"
				     : out->reason;
	char what[48] = "";

	kt_progress_outcome(&q->prog, id, out->name, reason, ix->objects, ix->bytes);
	if (ix->objects > 0)
		snprintf(what, sizeof(what), "%llu object%s, %.1f kB",
			 (unsigned long long)ix->objects, ix->objects == 1 ? "" : "s",
			 (double)ix->bytes / 1e3);
	if (reason[0] == '\0' || q->prog.json)
		kt_progress_say(&q->prog, "  %-38s %-9s %s%s%s", id, out->name, what,
				reason[0] != '\0' ? ": " : "", reason);
	else
		kt_progress_say(&q->prog, "  %-38s %s%*s%s\n      %s", id, out->name,
				what[0] != '\0' ? 10 - (int)strlen(out->name) : 0, "", what,
				reason);
}

int kt_item_end(struct kt_acq *q, size_t i, struct kt_index *ix, const struct kt_outcome *out,
		struct kt_err *err)
{
	char sha[KT_SHA256_HEX];
	int r = kt_index_end(ix, out->name, out->reason, sha, err);

	if (r == 0)
		r = log_item_end(q, i, out, ix, sha, err);
	if (r < 0)
		return r;
	q->state.item_done[i] = true;
	q->state.item_partial[i] =
		strcmp(out->name, "acquired") != 0 && strcmp(out->name, "absent") != 0;
	say_outcome(q, q->plan.item[i].id, ix, out);
	return 0;
}

void kt_item_leave(struct kt_index *ix, int code)
{
	struct kt_err ignored = {0};

	if (code != KT_E_STORAGE)
		kt_index_sync(ix, &ignored);
	kt_index_close(ix);
}

static int one_item(struct kt_acq *q, size_t i, struct kt_err *err)
{
	struct kt_outcome out = {"failed", "", 0};
	struct kt_index ix = {.fd = -1};
	int r = kt_item_begin(q, i, &ix, &out, err);

	if (r < 0)
		return r;
	q->prog.item_no = (unsigned)i + 1;
	q->prog.items = (unsigned)q->plan.n;
	kt_progress_step(&q->prog, "acquire", q->plan.item[i].id);
	if (!ix.complete)
		r = take(q, &q->plan.item[i], &ix, &out, err);
	if (r < 0) {
		kt_item_leave(&ix, r);
		return r;
	}
	return kt_item_end(q, i, &ix, &out, err);
}

static void forget_key(struct kt_acq *q)
{
	unlinkat(q->c.fd, KT_DEV_KEY_NAME, 0);
	unlinkat(q->c.fd, KT_DEV_KEY_NAME ".ok", 0);
}

static bool all_items_done(const struct kt_acq *q)
{
	for (size_t i = 0; i < q->plan.n; i++)
		if (!q->state.item_done[i])
			return false;
	return true;
}

/* The phone's part: connect, clock, what is still open, clock, goodbye. */
static int with_phone(struct kt_acq *q, struct kt_err *err)
{
	int r = kt_acq_connect(q, err);

	if (r == 0)
		r = kt_acq_clock(q, "start", err);
	for (size_t i = 0; r == 0 && i < q->plan.n; i++)
		if (!q->state.item_done[i])
			r = one_item(q, i, err);
	if (r == 0 && q->dev.lost)
		r = kt_acq_connect(q, err);
	if (r == 0)
		r = kt_acq_clock(q, "end", err);
	if (q->dev_running) {
		struct kt_err ignored = {0};

		kt_dev_stop(&q->dev);
		q->dev_running = false;
		if (r != KT_E_STORAGE)
			kt_custody_event(&q->log, "device.disconnect", "reason",
					 r == 0 ? "done" : kt_code_name(r), &ignored);
	}
	return r;
}

static bool is_iphone(const struct kt_acq *q)
{
	return kt_platform_find(q->a->mandate->device_kind) == KT_PLATFORM_IOS;
}

int kt_acq_run(struct kt_acq *q, struct kt_err *err)
{
	int r;

	if (!q->state.acquisition_sealed) {
		if (!all_items_done(q)) {
			r = q->src != NULL ? kt_acq_source(q, err)
			    : is_iphone(q) ? kt_acq_iphone(q, err)
					   : with_phone(q, err);
			if (r < 0)
				return r;
		}
		forget_key(q);
		r = q->c.sealed ? kt_case_forget_resume(&q->c, err) : 0;
		if (r == 0)
			r = kt_acq_seal(q, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < q->plan.n; i++)
		q->partial |= q->state.item_partial[i];
	return 0;
}
