/* SPDX-License-Identifier: EUPL-1.2 */
/* Connection, clock and the outputs of constant commands. */
#include "cli/acquire.h"
#include "core/request.h"
#include "core/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int on_connect(void *arg, const struct kt_dev_event *ev, struct kt_err *err)
{
	struct kt_acq *q = arg;

	if (ev->type == KT_DEV_STATE) {
		char fp[64] = "";

		/* the one moment when two people compare it */
		if (ev->state == KT_STATE_WAITING_TAP)
			snprintf(fp, sizeof(fp), "%.*s", (int)ev->fingerprint.n, ev->fingerprint.p);
		kt_progress_state(&q->prog, kt_state_name(ev->state), kt_state_remedy(ev->state),
				  fp, (int)ev->seconds);
	} else if (ev->type == KT_DEV_IDENT) {
		snprintf(q->serial, sizeof(q->serial), "%.*s", (int)ev->serial.n, ev->serial.p);
		snprintf(q->fingerprint, sizeof(q->fingerprint), "%.*s", (int)ev->fingerprint.n,
			 ev->fingerprint.p);
		q->adb_version = ev->adb_version;
		q->max_payload = ev->max_payload;
		q->ident = true;
		return kt_sha256_hex(ev->banner.p, ev->banner.n, q->banner_sha256, err);
	}
	return 0;
}

static int log_identified(struct kt_acq *q, struct kt_err *err)
{
	struct kt_jw *w = &q->log.w;

	kt_custody_begin(&q->log);
	kt_jw_kuint(w, "adb_version", q->adb_version);
	/* it names the model: few enough to try them all */
	kt_jw_kstr(w, "banner_sha256", q->c.sealed ? "" : q->banner_sha256);
	kt_jw_kbytes(w, "key_fingerprint", q->fingerprint, strlen(q->fingerprint));
	kt_jw_kuint(w, "max_payload", q->max_payload);
	kt_jw_kbytes(w, "serial", q->serial, strlen(q->serial));
	return kt_custody_end(&q->log, "device.identified", err);
}

void kt_acq_log_attempt(struct kt_acq *q, const char *rule, const char *text)
{
	struct kt_err ignored = {0};

	snprintf(q->attempt, sizeof(q->attempt), "%s", rule);
	kt_custody_begin(&q->log);
	kt_jw_kstr(&q->log.w, "rule", rule);
	kt_jw_kbytes(&q->log.w, "text", text, strlen(text));
	kt_custody_end(&q->log, "attempt.refused", &ignored);
}

static int ask_connect(struct kt_acq *q, struct kt_dev_result *res, struct kt_err *err)
{
	uint32_t tag;
	size_t start = kt_dev_begin(&q->dev, KT_DEV_CONNECT, &tag);
	int r;

	kt_buf_put_blob(&q->dev.out, q->o->device, strlen(q->o->device));
	kt_buf_put_blob(&q->dev.out, q->a->mandate->mandate_id, strlen(q->a->mandate->mandate_id));
	kt_buf_put_le32(&q->dev.out, q->o->wait_s);
	kt_frame_end(&q->dev.out, start);
	q->ident = false;
	q->dev.lost = false;
	r = kt_dev_call(&q->dev, tag, on_connect, q, NULL, res, err);
	/* before CONNECT, what still waited for the lost phone was answered as lost: that is over */
	if (r == 0 && res->code == 0)
		q->dev.lost = false;
	return r;
}

int kt_acq_connect(struct kt_acq *q, struct kt_err *err)
{
	struct kt_dev_result res;
	int r = 0;

	if (q->dev_running && q->dev.gone) {
		kt_dev_stop(&q->dev);
		q->dev_running = false;
	}
	if (!q->dev_running) {
		r = kt_dev_start(&q->dev, q->c.fd, &q->plan, err);
		if (r < 0)
			return r;
		q->dev_running = true;
	}
	kt_custody_begin(&q->log);
	kt_jw_kbytes(&q->log.w, "serial", q->o->device, strlen(q->o->device));
	r = kt_custody_end(&q->log, "device.connect", err);
	if (r < 0)
		return r;
	kt_progress_step(&q->prog, "connect", q->o->device);
	r = ask_connect(q, &res, err);
	if (r < 0)
		return r;
	if (res.code < 0 || !q->ident) {
		kt_acq_log_attempt(q, q->prog.state[0] != '\0' ? q->prog.state : "no-answer",
				   res.text);
		return KT_FAIL(err,
			       res.code == KT_E_CANCELLED || res.code == KT_E_STORAGE ? res.code
										      : KT_E_DEVICE,
			       "phone %.40s: %.100s", q->o->device,
			       res.text[0] != '\0' ? res.text : "no connection");
	}
	if (strcmp(q->serial, q->o->device) != 0) {
		kt_acq_log_attempt(q, "wrong-device", q->serial);
		return KT_FAIL(err, KT_E_REFUSED, "wrong-device: this is not the phone %.60s",
			       q->o->device);
	}
	kt_progress_state(&q->prog, kt_state_name(KT_STATE_AUTHORISED),
			  kt_state_remedy(KT_STATE_AUTHORISED), "", -1);
	return log_identified(q, err);
}

/* -- constant commands ------------------------------------------------------------------------ */

struct output {
	struct kt_acq *q;
	struct kt_sink *sink; /* NULL: text is kept instead */
	uint64_t max;	      /* bytes for the sink */
	char text[256];
	size_t text_len;
	char errtext[512];
	size_t errlen;
};

static void append(char *to, size_t cap, size_t *len, const uint8_t *p, size_t n)
{
	if (n > cap - *len)
		n = cap - *len;
	memcpy(to + *len, p, n);
	*len += n;
}

static int on_output(void *arg, const struct kt_dev_event *ev, struct kt_err *err)
{
	struct output *o = arg;

	if (ev->type == KT_DEV_ERROUT)
		append(o->errtext, sizeof(o->errtext), &o->errlen, ev->p, ev->n);
	if (ev->type != KT_DEV_OUT)
		return 0;
	kt_progress_data(&o->q->prog, ev->n);
	if (o->sink != NULL && ev->n > o->max - o->sink->bytes)
		return KT_FAIL(err, KT_E_INTERNAL, "keten-device gave more than was asked for");
	if (o->sink != NULL)
		return kt_sink_write(o->sink, ev->p, ev->n, err);
	append(o->text, sizeof(o->text) - 1, &o->text_len, ev->p, ev->n);
	return 0;
}

static void on_idle(void *arg)
{
	kt_progress_data(&((struct output *)arg)->q->prog, 0);
}

static int shell(struct kt_acq *q, unsigned request, struct output *o, struct kt_dev_result *res,
		 struct kt_err *err)
{
	uint32_t tag;
	size_t start = kt_dev_begin(&q->dev, KT_DEV_SHELL, &tag);

	kt_buf_put_le16(&q->dev.out, (uint16_t)request);
	kt_frame_end(&q->dev.out, start);
	return kt_dev_call(&q->dev, tag, on_output, o, on_idle, res, err);
}

/* "1717245296.123456789\n12345.67 8910.11\n": microseconds of the clock, milliseconds of uptime. */
static bool parse_clock(const char *text, int64_t *us, int64_t *up_ms)
{
	char *end;
	long long s = strtoll(text, &end, 10), up, frac = 0;
	int digits = 0;

	if (end == text || s <= 0 || s > 253402300799LL)
		return false;
	if (*end == '.')
		for (end++; *end >= '0' && *end <= '9'; end++)
			if (digits++ < 6)
				frac = frac * 10 + (*end - '0');
	for (; digits > 0 && digits < 6; digits++)
		frac *= 10;
	*us = s * KT_US_PER_S + frac;
	if (*end != '\n')
		return false;
	up = strtoll(end + 1, &end, 10);
	*up_ms = up * 1000;
	if (*end == '.' && end[1] >= '0' && end[1] <= '9')
		*up_ms += (end[1] - '0') * 100;
	return up >= 0;
}

int kt_acq_clock(struct kt_acq *q, const char *when, struct kt_err *err)
{
	struct output o = {.q = q};
	struct kt_dev_result res;
	char t[KT_TIME_TEXT];
	int64_t before = kt_time_now(), after, device = 0, up_ms = 0;
	struct kt_jw *w = &q->log.w;
	bool good;
	int r = shell(q, KT_REQ_CLOCK, &o, &res, err);

	if (r < 0)
		return r;
	after = kt_time_now();
	o.text[o.text_len] = '\0';
	good = res.code == 0 && parse_clock(o.text, &device, &up_ms);
	kt_custody_begin(&q->log);
	kt_jw_kstr(w, "device", good ? kt_time_text(device, t) : "");
	kt_jw_kstr(w, "host_after", kt_time_text(after, t));
	kt_jw_kstr(w, "host_before", kt_time_text(before, t));
	if (good)
		kt_jw_kint(w, "offset_ms", (device - (before + (after - before) / 2)) / 1000);
	kt_jw_kstr(w, "result", good ? "read" : "not-read");
	kt_jw_kint(w, "uptime_ms", up_ms);
	kt_jw_kstr(w, "when", when);
	r = kt_custody_end(&q->log, "clock.check", err);
	if (r == 0 && q->dev.lost)
		return KT_FAIL(err, KT_E_DEVICE, "the phone is gone");
	return r;
}

static void judge_output(const struct kt_dev_result *res, const struct output *o, uint64_t bytes,
			 struct kt_outcome *out)
{
	if (res->code < 0 && res->code != KT_E_PARTIAL) {
		kt_outcome_set(out, res->code == KT_E_REFUSED ? "refused" : "failed", "%s",
			       res->text);
	} else if (res->flags & KT_DEV_F_TRUNCATED) {
		kt_outcome_set(out, "partial", "cut at the limit of %llu bytes",
			       (unsigned long long)bytes);
	} else if ((res->flags & KT_DEV_F_COMPLETE) == 0) {
		kt_outcome_set(out, bytes > 0 ? "partial" : "failed",
			       "the phone ended the answer early");
	} else if (bytes == 0) {
		bool denied = memmem(o->errtext, o->errlen, "ermission", 9) != NULL;

		kt_outcome_set(out, denied ? "refused" : "absent", "%s",
			       denied ? "the phone denies permission"
				      : "the phone answered with nothing");
	} else if (res->exit_status != 0) {
		kt_outcome_set(out, "partial", "the phone's command ended with status %d",
			       (int)res->exit_status);
	} else {
		kt_outcome_set(out, "acquired", "%s", "");
	}
}

int kt_take_output(struct kt_acq *q, const struct kt_plan_item *it, struct kt_index *ix,
		   struct kt_outcome *out, struct kt_err *err)
{
	struct kt_sink sink;
	struct output o = {
		.q = q, .sink = &sink, .max = kt_request_get(it->want->request)->max_bytes};
	struct kt_index_entry e = {.method = "shell"};
	struct kt_dev_result res;
	char sha[KT_SHA256_HEX];
	int r = kt_sink_open(&q->c, &sink, err);

	if (r < 0)
		return r;
	r = shell(q, it->want->request, &o, &res, err);
	if (r == 0 && q->dev.lost)
		r = KT_FAIL(err, KT_E_DEVICE, "the phone was lost while answering");
	if (r < 0) {
		kt_sink_drop(&q->c, &sink);
		return r;
	}
	judge_output(&res, &o, sink.bytes, out);
	e.outcome = out->name;
	e.reason = out->reason;
	e.stderr_text = o.errtext;
	e.stderr_len = o.errlen;
	if (sink.bytes == 0) {
		kt_sink_drop(&q->c, &sink);
		return kt_index_add(ix, &e, err);
	}
	e.bytes = sink.bytes;
	e.object = sink.object;
	e.sha256 = sha;
	r = kt_sink_close(&sink, sha, err);
	e.stored = sink.stored;
	e.stored_sha = sink.stored_sha;
	return r < 0 ? r : kt_index_add(ix, &e, err);
}
