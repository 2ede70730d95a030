/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A reading that ends before its seal leaves a line in the log and a signed act: what was taken until
 * then, who ended it and why. The case stays as it is, and can be gone on with or withdrawn.
 */
#include "cli/steps.h"
#include "core/io.h"
#include "core/json.h"

#include <stdio.h>
#include <string.h>

static const char *const reasons[] = {"stopped",    "phone-not-there", "phone-refused",
				      "phone-lost", "refused",	       "storage",
				      "failed",	    "cut-off",	       NULL};

/* What the log and the index say of one item that was begun. */
struct item {
	bool begun;
	char outcome[16];
	int64_t objects, bytes;
};

struct tale {
	struct kt_acq *q;
	struct item item[KT_PLAN_MAX];
	bool connected;
	uint64_t attempt;
	int64_t objects, bytes;
};

static void on_item(struct tale *t, const struct kt_custody_item *said)
{
	const struct kt_plan *plan = &t->q->plan;

	for (size_t i = 0; i < plan->n; i++) {
		struct item *it = &t->item[i];

		if (strcmp(plan->item[i].id, said->id) != 0)
			continue;
		it->begun = true;
		if (said->outcome == NULL)
			continue;
		snprintf(it->outcome, sizeof(it->outcome), "%s", said->outcome);
		it->objects = said->objects;
		it->bytes = said->bytes;
	}
}

static int on_line(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		   struct kt_err *err)
{
	struct tale *t = arg;
	struct kt_custody_item item;

	(void)seq;
	(void)err;
	t->attempt += strcmp(event, "session.open") == 0 || strcmp(event, "session.resume") == 0;
	t->connected |=
		strcmp(event, "device.identified") == 0 || strcmp(event, "source.opened") == 0;
	if (kt_custody_item(event, line, &item))
		on_item(t, &item);
	return 0;
}

/* An object that an unfinished segment lists: it stays when the case is gone on with. */
static int on_object(void *arg, unsigned segment, const struct kt_jv *line, struct kt_err *err)
{
	struct item *it = arg;

	(void)segment;
	(void)err;
	if (kt_jv_str(line, "object") != NULL) {
		it->objects++;
		it->bytes += kt_jv_int(line, "bytes", 0);
	}
	return 0;
}

static int read_tale(struct kt_acq *q, struct tale *t, struct kt_err *err)
{
	char head[KT_SHA256_HEX];
	struct kt_buf b;
	uint64_t lines;
	bool complete;
	int r;

	memset(t, 0, sizeof(*t));
	t->q = q;
	kt_buf_init(&b, 0);
	r = kt_file_read(q->c.fd, "custody.jsonl", (size_t)64 << 20, &b, err);
	if (r == 0)
		r = kt_custody_check(b.p, b.len, head, &lines, on_line, t, err);
	kt_buf_free(&b);
	for (size_t i = 0; r == 0 && i < q->plan.n; i++) {
		struct item *it = &t->item[i];

		if (it->begun && it->outcome[0] == '\0') {
			snprintf(it->outcome, sizeof(it->outcome), "pending");
			r = kt_index_read(q->c.index_fd, (unsigned)i + 1, &complete, on_object, it,
					  err);
			r = r == KT_E_ABSENT ? 0 : r;
		}
		t->objects += it->objects;
		t->bytes += it->bytes;
	}
	return r;
}

/* -- why -------------------------------------------------------------------------------------- */

/* The phone is there, and somebody or something on it does not let Keten in. */
static bool is_no(const char *state)
{
	static const char *const states[] = {
		"waiting-for-tap",   "revoked", "not-authorised-yet", "trust-refused",
		"waiting-for-trust", "locked",	"unsupported",	      "wrong-mode"};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(state, states[i]) == 0)
			return true;
	return false;
}

static const char *reason_of(const struct tale *t, int code)
{
	switch (code) {
	case KT_E_CANCELLED:
		return "stopped";
	case KT_E_STORAGE:
		return "storage";
	case KT_E_REFUSED:
		return "refused";
	case KT_E_DEVICE:
	case KT_E_TIMEOUT:
		return is_no(t->q->attempt) ? "phone-refused"
		       : t->connected	    ? "phone-lost"
					    : "phone-not-there";
	default:
		return "failed";
	}
}

/* -- the act ---------------------------------------------------------------------------------- */

static int detail(const struct tale *t, const char *reason, const char *text, struct kt_buf *b,
		  struct kt_err *err)
{
	const struct kt_acq *q = t->q;
	const char *note = q->o->note != NULL ? q->o->note : "";
	struct kt_jw w;

	kt_jw_init(&w, b);
	kt_jw_obj(&w);
	kt_jw_kuint(&w, "attempt", t->attempt);
	kt_jw_kstr(&w, "by", q->a->operator_cert.subject);
	kt_jw_kint(&w, "bytes", t->bytes);
	kt_jw_kstr(&w, "custody_head", q->log.head);
	kt_jw_kuint(&w, "custody_lines", q->log.seq);
	kt_jw_kstr(&w, "device", q->c.device);
	kt_jw_kstr(&w, "device_kind", q->c.device_kind);
	kt_jw_kstr(&w, "form", q->c.form);
	kt_jw_key(&w, "items");
	kt_jw_arr(&w);
	for (size_t i = 0; i < q->plan.n; i++) {
		if (!t->item[i].begun)
			continue;
		kt_jw_obj(&w);
		kt_jw_kint(&w, "bytes", t->item[i].bytes);
		kt_jw_kstr(&w, "item", q->plan.item[i].id);
		kt_jw_kint(&w, "objects", t->item[i].objects);
		kt_jw_kstr(&w, "outcome", t->item[i].outcome);
		kt_jw_obj_end(&w);
	}
	kt_jw_arr_end(&w);
	kt_jw_kbytes(&w, "note", note, strlen(note));
	kt_jw_kint(&w, "objects", t->objects);
	kt_jw_kuint(&w, "planned", q->plan.n);
	kt_jw_kstr(&w, "reason", reason);
	kt_jw_kbool(&w, "simulated", q->c.simulated);
	kt_jw_kbytes(&w, "text", text, strlen(text));
	kt_jw_obj_end(&w);
	return kt_buf_cstr(b) != NULL ? 0 : KT_FAIL(err, KT_E_NOMEM, "no memory");
}

static int log_it(struct kt_acq *q, const char *reason, const char *text, struct kt_err *err)
{
	kt_custody_begin(&q->log);
	kt_jw_kstr(&q->log.w, "reason", reason);
	kt_jw_kbytes(&q->log.w, "text", text, strlen(text));
	return kt_custody_end(&q->log, "session.interrupted", err);
}

/* reason NULL: what code says. text may quote a phone, so a sealed case has none. */
static int leave(struct kt_acq *q, const char *reason, int code, const char *text,
		 char name[KT_PKG_NAME_MAX + 1], struct kt_err *err)
{
	static struct tale t; /* large, and one case a process */
	struct kt_buf b;
	int r = read_tale(q, &t, err);

	kt_buf_init(&b, 0);
	if (reason == NULL)
		reason = reason_of(&t, code);
	if (q->c.sealed)
		text = "";
	if (r == 0)
		r = log_it(q, reason, text, err);
	if (r == 0 && q->o->out_dir == NULL)
		r = KT_FAIL(err, KT_E_USAGE, "no folder for it was named with --out");
	if (r == 0)
		r = detail(&t, reason, text, &b, err);
	if (r == 0)
		r = kt_act_of_case(q, KT_PT_INTERRUPTION, (const char *)b.p, name, err);
	kt_buf_free(&b);
	return r;
}

void kt_interrupt_leave(struct kt_acq *q, int code, const struct kt_err *err,
			char name[KT_PKG_NAME_MAX + 1])
{
	struct kt_err own = {0};
	char why[600], story[600];
	int r;

	name[0] = '\0';
	if (!q->in_session || q->state.acquisition_sealed)
		return;
	r = leave(q, NULL, code, kt_err_story(err, why, sizeof(why)), name, &own);
	if (r == 0)
		kt_progress_say(&q->prog, "That it ended here is recorded and signed: %s/%s",
				q->o->out_dir, name);
	else
		kt_progress_say(&q->prog,
				"The record of this end is not signed: %s. keten interrupt --case "
				"%s --operator KEY --out DIR makes it; nothing is lost.",
				kt_err_story(&own, story, sizeof(story)), q->o->case_dir);
}

/* -- keten interrupt -------------------------------------------------------------------------- */

static int check_opts(const struct kt_opts *o, struct kt_err *err)
{
	const char *const *w = reasons;

	while (o->reason != NULL && *w != NULL && strcmp(*w, o->reason) != 0)
		w++;
	if (o->reason != NULL && *w == NULL)
		return KT_FAIL(err, KT_E_USAGE,
			       "--reason is stopped, phone-not-there, phone-refused, phone-lost, "
			       "refused, storage, failed or cut-off");
	return kt_act_check_opts(o, err);
}

/* For a reading whose program could not do it itself: it was killed, or the key was not at hand. */
int kt_cmd_interrupt(const struct kt_opts *o)
{
	static struct kt_acq q;
	struct kt_authority a = {0};
	struct kt_err err = {0};
	char name[KT_PKG_NAME_MAX + 1];
	int r = check_opts(o, &err);

	q.log.fd = q.c.fd = q.c.objects_fd = q.c.index_fd = q.c.lock_fd = -1;
	if (r == 0)
		r = kt_steps_reopen(o, "interrupt", &a, &q, &err);
	if (r == 0)
		r = kt_case_not_closed(&q, &err);
	if (r == 0 && (q.state.acquisition_sealed || !q.state.opened))
		r = KT_FAIL(&err, KT_E_REFUSED,
			    "nothing-to-record: the acquisition of this case is %s",
			    q.state.opened ? "complete and sealed" : "not begun");
	if (r == 0)
		r = leave(&q, o->reason != NULL ? o->reason : "cut-off", 0, "", name, &err);
	if (r == 0)
		r = kt_act_print(o, kt_pkg_type_word(KT_PT_INTERRUPTION), name, 0, 0, &err);
	kt_acq_close(&q);
	kt_authority_free(&a);
	return r == 0 ? KT_EXIT_OK : kt_fail_exit(r, &err);
}
