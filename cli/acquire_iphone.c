/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * An iPhone on the cable. It is read like a source, member by member: single values, media files by
 * ranges, then its backup, which it sends whole and of which only the allowed files are kept. When
 * the backup is not to be had, the rest stands; when the phone is lost, the backup starts over.
 */
#include "cli/pass.h"
#include "cli/secret.h"
#include "core/request.h"
#include "core/time.h"
#include "core/tr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define RECONNECTS	3 /* after a loss */
#define RESTARTS	2 /* of a keten-device that ends on its own */
#define PASSCODE_WAIT_S 200
#define LOOK_AGAIN_US	500000

/* -- states ----------------------------------------------------------------------------------- */

/* Has somebody to do something on the phone, within a time? */
static bool waits(unsigned state)
{
	return state == KT_STATE_TRUST || state == KT_STATE_LOCKED || state == KT_STATE_PASSCODE;
}

void kt_iphone_state(struct kt_acq *q, const struct kt_dev_event *ev)
{
	struct kt_progress *pr = &q->prog;
	char detail[60];

	/* what the backup has brought so far is progress, although nothing of it is kept */
	if (ev->state == KT_STATE_RECEIVING) {
		kt_keep_text(detail, sizeof(detail), ev->text.p, ev->text.n);
		snprintf(pr->item, sizeof(pr->item), "backup passing by: %.50s; kept", detail);
		pr->last_data_ns = kt_time_mono_ns();
	}
	kt_progress_state(pr, kt_state_name(ev->state), kt_state_remedy(ev->state), "",
			  waits(ev->state) ? (int)ev->seconds : -1);
}

static bool of_backup(const struct kt_request *rq)
{
	return rq->kind == KT_REQ_KIND_IOSFILE ||
	       (rq->kind == KT_REQ_KIND_VALUES && strcmp(rq->source, "lockdown") != 0);
}

/* How many items that are not done need the backup. */
static size_t backup_items(const struct kt_acq *q)
{
	size_t n = 0;

	for (size_t i = 0; i < q->plan.n; i++)
		n += !q->state.item_done[i] &&
		     of_backup(kt_request_get(q->plan.item[i].want->request));
	return n;
}

/* -- connecting ------------------------------------------------------------------------------- */

struct connect {
	struct kt_acq *q;
	struct kt_source *phone;
	bool told;
	char identifier[128];
	/*
	 * The phone's time is read right before it is sent, perhaps with a state in between: so after
	 * the look before the last one. 0: it was not read.
	 */
	int64_t clock_us, before_us, after_us, look_us[2];
};

/* "clock=1717245296.123456; ..." at the start of the detail: microseconds, or 0. */
static int64_t read_clock(const char *p, size_t n)
{
	static const char key[] = "clock=";
	int64_t us = 0;
	size_t i = sizeof(key) - 1, digits = 0, frac = 0;

	if (n < i || memcmp(p, key, i) != 0)
		return 0;
	for (; i < n && p[i] >= '0' && p[i] <= '9' && digits < 11; i++, digits++)
		us = us * 10 + (p[i] - '0');
	if (digits == 0 || i >= n || p[i] != '.')
		return 0;
	for (i++; i < n && p[i] >= '0' && p[i] <= '9' && frac < 6; i++, frac++)
		us = us * 10 + (p[i] - '0');
	return frac == 6 && i < n && p[i] == ';' ? us : 0;
}

static int on_connect(void *arg, const struct kt_dev_event *ev, struct kt_err *err)
{
	struct connect *c = arg;

	(void)err;
	if (ev->type == KT_DEV_STATE)
		kt_iphone_state(c->q, ev);
	if (ev->type != KT_DEV_SOURCER || c->told)
		return 0;
	c->told = ev->layout == KT_LAYOUT_IPHONE;
	c->after_us = kt_time_now();
	c->clock_us = read_clock(ev->text.p, ev->text.n);
	c->phone->layout = ev->layout;
	snprintf(c->identifier, sizeof(c->identifier), "%.*s", (int)ev->serial.n, ev->serial.p);
	kt_keep_text(c->phone->detail, sizeof(c->phone->detail), ev->text.p, ev->text.n);
	return 0;
}

static void on_look(void *arg)
{
	struct connect *c = arg;

	if (!c->told)
		c->before_us = c->look_us[0];
	c->look_us[0] = c->look_us[1];
	c->look_us[1] = kt_time_now();
	kt_progress_data(&c->q->prog, 0);
}

static int ask_once(struct connect *c, struct kt_dev_result *res, struct kt_err *err)
{
	const struct kt_opts *o = c->q->o;
	struct kt_dev *d = &c->q->dev;
	uint32_t tag;
	size_t at = kt_dev_begin(d, KT_DEV_IOS, &tag);
	int r;

	kt_buf_put_le32(&d->out, o->wait_s);
	kt_buf_put_le32(&d->out, o->wait_set ? o->wait_s : PASSCODE_WAIT_S);
	kt_buf_put_blob(&d->out, o->device, strlen(o->device));
	kt_frame_end(&d->out, at);
	d->lost = false;
	c->told = false;
	c->look_us[0] = c->look_us[1] = kt_time_now();
	r = kt_dev_call(d, tag, on_connect, c, on_look, res, err);
	if (r == 0 && res->code == 0)
		d->lost = false;
	return r;
}

/* A phone that is not plugged in yet, or again, is waited for. */
static int ask_ios(struct connect *c, struct kt_dev_result *res, struct kt_err *err)
{
	struct kt_progress *pr = &c->q->prog;
	int64_t until = kt_time_mono_ns() + (int64_t)c->q->o->wait_s * INT64_C(1000000000), left;
	int r;

	for (;;) {
		r = ask_once(c, res, err);
		left = until - kt_time_mono_ns();
		if (r < 0 || res->code != KT_E_ABSENT || left <= 0)
			return r;
		if (kt_stop_asked)
			return KT_FAIL(err, KT_E_CANCELLED, "stopped by the operator");
		kt_progress_state(pr, kt_state_name(KT_STATE_NONE),
				  "No iPhone with this UDID is seen. Plug it in with a data cable "
				  "and unlock it.",
				  "", (int)(left / INT64_C(1000000000)));
		usleep(LOOK_AGAIN_US);
	}
}

static int log_connect(struct kt_acq *q, struct kt_err *err)
{
	kt_custody_begin(&q->log);
	kt_jw_kbytes(&q->log.w, "serial", q->o->device, strlen(q->o->device));
	return kt_custody_end(&q->log, "device.connect", err);
}

static int log_clock(const struct connect *c, struct kt_err *err)
{
	struct kt_custody *log = &c->q->log;
	int64_t middle = c->before_us + (c->after_us - c->before_us) / 2;
	bool good = c->clock_us > 0;
	char t[KT_TIME_TEXT];

	kt_custody_begin(log);
	kt_jw_kstr(&log->w, "device", good ? kt_time_text(c->clock_us, t) : "");
	kt_jw_kstr(&log->w, "host_after", kt_time_text(c->after_us, t));
	kt_jw_kstr(&log->w, "host_before", kt_time_text(c->before_us, t));
	if (good)
		kt_jw_kint(&log->w, "offset_ms", (c->clock_us - middle) / 1000);
	kt_jw_kstr(&log->w, "result", good ? "read" : "not-read");
	kt_jw_kstr(&log->w, "when", "start");
	return kt_custody_end(log, "clock.check", err);
}

static bool is_other_phone(const char *text)
{
	return strncmp(text, "wrong-device", 12) == 0;
}

/* Why it can't be read; the code decides the exit status. */
static int refused_phone(struct kt_acq *q, const struct kt_dev_result *res, struct kt_err *err)
{
	bool other = res->code == KT_E_REFUSED && is_other_phone(res->text);
	bool ours = res->code == KT_E_CANCELLED || res->code == KT_E_STORAGE ||
		    res->code == KT_E_NOMEM || res->code == KT_E_INTERNAL;

	kt_acq_log_attempt(q,
			   other		      ? "wrong-device"
			   : q->prog.state[0] != '\0' ? q->prog.state
						      : "no-answer",
			   res->text);
	return KT_FAIL(err,
		       other  ? KT_E_REFUSED
		       : ours ? res->code
			      : KT_E_DEVICE,
		       "iPhone %.40s: %.110s", q->o->device,
		       res->text[0] != '\0' ? res->text : "no connection");
}

static int start_device(struct kt_acq *q, struct kt_err *err)
{
	int r;

	if (q->dev_running && q->dev.gone) {
		kt_dev_stop(&q->dev);
		q->dev_running = false;
	}
	if (q->dev_running)
		return 0;
	r = kt_dev_start(&q->dev, q->c.fd, &q->plan, err);
	q->dev_running = r == 0;
	return r;
}

static int connect_phone(struct kt_acq *q, struct kt_source *phone, struct kt_err *err)
{
	struct connect c = {.q = q, .phone = phone};
	struct kt_dev_result res;
	int r = start_device(q, err);

	if (r == 0)
		r = log_connect(q, err);
	if (r < 0)
		return r;
	kt_progress_step(&q->prog, "connect", q->o->device);
	r = ask_ios(&c, &res, err);
	if (r == 0 && res.code == KT_E_USAGE) {
		/* this process is through with the phone that it had: another one begins anew */
		kt_dev_stop(&q->dev);
		q->dev_running = false;
		r = start_device(q, err);
		if (r == 0)
			r = ask_ios(&c, &res, err);
	}
	if (r < 0)
		return r;
	if (res.code < 0 || !c.told)
		return refused_phone(q, &res, err);
	if (strcasecmp(c.identifier, q->o->device) != 0) {
		kt_acq_log_attempt(q, "wrong-device", c.identifier);
		return KT_FAIL(err, KT_E_REFUSED, "wrong-device: this is not the phone %.60s",
			       q->o->device);
	}
	/* the case, the mandate and the log write it as it was asked for */
	snprintf(phone->identifier, sizeof(phone->identifier), "%s", q->o->device);
	phone->identity = q->a->mandate->device_identifier != NULL ? "same" : "named-by-source";
	phone->encrypted = (res.flags & KT_DEV_F_ENCRYPTED) != 0;
	r = kt_pass_log_opened(q, phone, err);
	return r < 0 ? r : log_clock(&c, err);
}

/* -- the backup's password -------------------------------------------------------------------- */

/*
 * Asks the holder until it is taken, or none is given: then nothing that is encrypted is kept, and
 * keten-device is told so with an empty one.
 */
static int give_password(struct kt_pass *p, struct kt_err *err)
{
	struct kt_secret s = {.n = 0};
	int r = 0;

	while (!p->no_password) {
		if (p->passwords < KT_SECRET_TRIES)
			r = kt_secret_ask(p->q, p->wrong_password, &s, err);
		if (p->passwords >= KT_SECRET_TRIES || r == KT_E_REFUSED) {
			p->no_password = true;
			s.n = 0;
			kt_progress_say(&p->q->prog, "No password: what the backup holds is not "
						     "taken. The rest is.");
			r = 0;
		}
		kt_err_clear(err);
		p->passwords++;
		if (r == 0)
			r = kt_secret_send(p->q, &s, err);
		kt_secret_forget(&s);
		p->wrong_password = r == KT_E_REFUSED;
		if (!p->wrong_password)
			break;
	}
	return p->no_password && r == KT_E_REFUSED ? 0 : r;
}

/* Once, before hours of a backup that could not be read. */
static int ask_early(struct kt_pass *p, struct kt_err *err)
{
	int r;

	if (!p->src->encrypted || p->passwords > 0 || backup_items(p->q) == 0)
		return 0;
	r = give_password(p, err);
	if (r == 0 && !p->no_password)
		kt_progress_say(
			&p->q->prog,
			"Whether it is the right one shows at the end of the backup. Its holder "
			"should stay within reach until then.");
	return r;
}

/* The phone is there, but nobody typed its code in time: its backup alone is not to be had. */
static bool no_code(const struct kt_dev_result *res)
{
	return res->code == KT_E_TIMEOUT && strncmp(res->text, "passcode-not-entered", 20) == 0;
}

int kt_iphone_no_member(struct kt_pass *p, const struct kt_dev_result *res, struct kt_err *err)
{
	const char *text = res->text[0] != '\0' ? res->text : "no reason was given";
	int r;

	if (res->code == KT_E_REFUSED && (res->flags & KT_DEV_F_ENCRYPTED) != 0) {
		if (p->no_password)
			return KT_FAIL(err, KT_E_INTERNAL,
				       "keten-device asks again for a password");
		p->wrong_password = strncmp(res->text, "wrong-password", 14) == 0;
		r = give_password(p, err);
		return r < 0 ? r : 1;
	}
	if ((p->q->dev.lost || res->code == KT_E_DEVICE) && !no_code(res))
		return KT_FAIL(err, res->code == KT_E_TIMEOUT ? KT_E_TIMEOUT : KT_E_DEVICE,
			       "the phone is gone: %.120s", text);
	if (res->code == KT_E_CANCELLED || res->code == KT_E_STORAGE || res->code == KT_E_NOMEM ||
	    res->code == KT_E_INTERNAL || res->code == KT_E_USAGE || res->code == 0)
		return KT_FAIL(err, res->code != 0 ? res->code : KT_E_INTERNAL, "the phone: %.120s",
			       text);
	if (res->code == KT_E_REFUSED && is_other_phone(res->text)) {
		kt_acq_log_attempt(p->q, "wrong-device", text);
		return KT_FAIL(err, KT_E_REFUSED, "%.150s", text);
	}
	p->no_backup = true;
	p->holder_refused = res->code == KT_E_REFUSED;
	kt_keep_text(p->cut_text, sizeof(p->cut_text), text, strlen(text));
	return 0;
}

/* -- outcomes --------------------------------------------------------------------------------- */

/* Why nothing of the kind is there. */
static void set_absent(const struct kt_pass *p, const struct kt_request *rq, struct kt_outcome *out)
{
	if (rq->kind == KT_REQ_KIND_IOSFILE && rq->reach == KT_REACH_ENCRYPTED &&
	    !p->src->encrypted)
		kt_outcome_set(
			out, "absent",
			N_("encrypted-only: this phone's backups are not encrypted, and Keten "
			   "never sets a backup password"));
	else if (rq->kind == KT_REQ_KIND_IOSFILE)
		kt_outcome_set(out, "absent", N_("the phone's backup holds no such file"));
	else if (rq->kind == KT_REQ_KIND_VALUES && strcmp(rq->source, "info.plist") == 0)
		kt_outcome_set(out, "absent",
			       N_("a phone has no Info.plist: the computer that makes a backup "
				  "writes it"));
	else if (rq->kind == KT_REQ_KIND_MEDIA)
		kt_outcome_set(out, "absent", N_("the phone has no such folder, or no file in it"));
	else
		kt_outcome_set(out, "absent", N_("the phone gave none of these values"));
}

static void no_backup(const struct kt_pass *p, bool any, struct kt_outcome *out)
{
	if (any)
		kt_outcome_set(out, "partial", N_("the phone's backup did not come to its end: %s"),
			       p->cut_text);
	else
		kt_outcome_set(out, p->holder_refused || p->no_password ? "refused" : "failed",
			       N_("no backup of the phone was to be had: %s"), p->cut_text);
}

void kt_iphone_judge(const struct kt_pass *p, size_t i, struct kt_outcome *out)
{
	const struct kt_request *rq = kt_request_get(p->q->plan.item[i].want->request);
	const struct kt_run *t = &p->run[i];
	uint64_t bad = t->t.partial + t->t.refused + t->t.failed;
	bool any = t->t.acquired + t->t.partial > 0;

	out->withheld = t->t.withheld_period + t->t.withheld_undated + t->t.withheld_border;
	if (p->no_backup && of_backup(rq))
		no_backup(p, any, out);
	else if (bad > 0)
		kt_outcome_set(out,
			       any		     ? "partial"
			       : t->t.refused == bad ? "refused"
						     : "failed",
			       "%llu of %llu files not or not completely taken%s%s",
			       (unsigned long long)bad, (unsigned long long)t->t.wanted,
			       t->missing[0] != '\0' ? ": " : "", t->missing);
	else if (p->gaps && rq->kind == KT_REQ_KIND_MEDIA)
		kt_outcome_set(out, "partial", "not all of the folder could be looked into: %s",
			       p->text);
	else if (t->t.wanted == 0 && t->unmatched > 0)
		kt_outcome_set(out, "absent", N_("none of the kind asked for (other files: %llu)"),
			       (unsigned long long)t->unmatched);
	else if (t->t.wanted == 0)
		set_absent(p, rq, out);
	else if (out->withheld == t->t.wanted)
		kt_outcome_set(out, "absent", N_("all %llu files lie outside the mandate's period"),
			       (unsigned long long)t->t.wanted);
	else
		kt_outcome_set(out, "acquired", "%s", "");
}

/* -- the pass --------------------------------------------------------------------------------- */

static void say_estimate(struct kt_acq *q)
{
	size_t n = 0;

	for (size_t i = 0; i < q->plan.n; i++)
		n += !q->state.item_done[i] &&
		     kt_request_get(q->plan.item[i].want->request)->kind == KT_REQ_KIND_IOSFILE;
	if (n > 0)
		kt_progress_say(&q->prog,
				"A phone sends its whole backup; only %zu kind%s of files of it "
				"%s kept, the rest passes by and is stored nowhere. Count on an "
				"hour or more for a full phone.",
				n, n == 1 ? "" : "s", n == 1 ? "is" : "are");
}

static int log_gone(struct kt_acq *q, const char *reason, const char *text, struct kt_err *err)
{
	kt_custody_begin(&q->log);
	kt_jw_kstr(&q->log.w, "reason", reason);
	kt_jw_kbytes(&q->log.w, "text", text, strlen(text));
	return kt_custody_end(&q->log, "device.disconnect", err);
}

/* After a loss: what the backup brought is dropped, and it starts over. */
static int connect_again(struct kt_pass *p, struct kt_source *phone, struct kt_err *err)
{
	bool died = p->q->dev.gone;
	int r;

	kt_prov_drop(p);
	r = log_gone(p->q, died ? "process-ended" : "lost", kt_err_text(err), err);
	if (r == 0 && died)
		r = kt_pass_blame_member(p, err);
	if (r < 0)
		return r;
	kt_err_clear(err);
	kt_progress_say(&p->q->prog, "%s",
			died ? "keten-device has ended; the phone is asked again."
			     : "The phone is gone. Plug it in again and unlock it; Keten goes on, "
			       "and the backup starts over.");
	return connect_phone(p->q, phone, err);
}

/* Passes until one comes to the end of what the phone gives. */
static int read_phone(struct kt_pass *p, struct kt_source *phone, struct kt_err *err)
{
	int losses = 0, deaths = 0, r;

	for (;;) {
		r = ask_early(p, err);
		if (r == 0)
			r = kt_pass_read(p, err);
		if (r != KT_E_DEVICE || (!p->q->dev.gone && !p->q->dev.lost))
			return r;
		if (p->q->dev.gone && ++deaths > RESTARTS)
			break;
		if (!p->q->dev.gone && ++losses > RECONNECTS)
			return r;
		r = connect_again(p, phone, err);
		if (r < 0)
			return r;
	}
	kt_prov_drop(p);
	r = kt_pass_blame_member(p, err);
	if (r == 0)
		r = kt_pass_begin(p, err);
	kt_err_clear(err);
	p->no_backup = true;
	snprintf(p->cut_text, sizeof(p->cut_text),
		 "the program that speaks with the phone ended again and again");
	return r;
}

static int take_all(struct kt_pass *p, struct kt_source *phone, struct kt_err *err)
{
	struct kt_acq *q = p->q;
	size_t todo;
	int r = kt_pass_begin_items(p, &todo, err);

	if (r < 0 || todo == 0)
		return r;
	say_estimate(q);
	r = kt_ranged_init(&p->ranged, kt_pass_ask_part, p, err);
	if (r == 0)
		r = read_phone(p, phone, err);
	if (r == 0)
		r = kt_prov_settle(p, err);
	if (r == 0)
		r = kt_pass_log_read(p, err);
	if (r < 0)
		return r;
	if (!p->no_backup && backup_items(q) > 0)
		kt_progress_say(&q->prog,
				"  The phone sent %.1f MB; the log says what was dropped.",
				(double)p->bytes / 1e6);
	if (p->no_backup && backup_items(q) > 0) {
		snprintf(q->note, sizeof(q->note), "without the phone's backup: %.150s",
			 p->cut_text);
		kt_progress_say(&q->prog, "Values and media files alone were taken, %s.", q->note);
		kt_progress_say(
			&q->prog,
			"To ask the phone for its backup again, begin a new case; that uses one "
			"more session of the mandate.");
	}
	return kt_pass_end_items(p, err);
}

int kt_acq_iphone(struct kt_acq *q, struct kt_err *err)
{
	struct kt_source phone = {.fd = -1, .form = KT_FORM_PHONE};
	struct kt_err ignored = {0};
	struct kt_pass *p;
	int r = kt_pass_new(q, &phone, &p, err);

	if (p == NULL)
		return r;
	p->phone = true;
	r = connect_phone(q, &phone, err);
	if (r == 0)
		r = take_all(p, &phone, err);
	kt_pass_free(&p, r);
	if (q->dev_running) {
		kt_dev_stop(&q->dev);
		q->dev_running = false;
		if (r != KT_E_STORAGE)
			log_gone(q, r == 0 ? "done" : kt_code_name(r),
				 r == 0 ? "" : kt_err_text(err), &ignored);
	}
	return r;
}
