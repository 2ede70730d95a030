/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/device/phone.h"

#include "core/devproto.h"
#include "core/err.h"
#include "extractor/android/adb.h"
#include "extractor/android/connect.h"
#include "extractor/android/keys.h"
#include "extractor/android/transport.h"
#include "extractor/device/session.h"

#include <string.h>

#define TICK_MS 1000

/* A CONNECT or PROBE under way. */
struct attempt {
	struct kt_phone *p;
	uint32_t tag;
	const char *serial, *comment;
	int64_t deadline;
	bool probe;
	int last_state;
	unsigned last_left;
	int64_t none_since; /* 0: a phone was there at the last look */
};

void kt_phone_init(struct kt_phone *p, struct kt_session *s, int case_fd)
{
	memset(p, 0, sizeof(*p));
	p->s = s;
	p->case_fd = case_fd;
}

void kt_phone_disconnect(struct kt_phone *p)
{
	if (p->adb == NULL)
		return;
	kt_sync_close(&p->sync);
	kt_range_free(&p->range);
	kt_adb_free(&p->adb);
}

void kt_phone_free(struct kt_phone *p)
{
	kt_phone_disconnect(p);
	kt_key_free(&p->key);
	kt_usb_free(&p->usb);
}

static int need_usb(struct kt_phone *p, struct kt_err *err)
{
	return p->usb != NULL ? 0 : kt_usb_new(&p->usb, err);
}

static void put_text(struct kt_session *s, const char *text)
{
	kt_buf_put_blob(&s->reply, text, strlen(text));
}

int kt_phone_enum(struct kt_phone *p, uint32_t tag, struct kt_err *err)
{
	struct kt_usb_phone v[KT_USB_PHONES];
	size_t n = 0;
	int r = need_usb(p, err);

	if (r == 0)
		r = kt_usb_list(p->usb, v, KT_USB_PHONES, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		size_t start = kt_session_put(p->s, KT_DEV_DEVICE, tag);

		kt_buf_put_u8(&p->s->reply, v[i].state);
		kt_buf_put_le16(&p->s->reply, v[i].bus);
		kt_buf_put_le16(&p->s->reply, v[i].address);
		put_text(p->s, v[i].serial);
		put_text(p->s, v[i].manufacturer);
		put_text(p->s, v[i].product);
		put_text(p->s, v[i].detail);
		r = kt_session_put_end(p->s, start, err);
	}
	return r;
}

static int send_state(struct attempt *t, int state, unsigned left, const char *detail)
{
	struct kt_session *s = t->p->s;
	const struct kt_key *k = t->p->key;
	size_t start = kt_session_put(s, KT_DEV_STATE, t->tag);

	kt_buf_put_u8(&s->reply, (uint8_t)state);
	kt_buf_put_le32(&s->reply, left);
	put_text(s, k != NULL ? kt_key_fingerprint(k) : "");
	put_text(s, detail);
	kt_session_put_end(s, start, NULL);
	t->last_state = state;
	t->last_left = left;
	return kt_session_flush(s, NULL);
}

/* The hello's reports, each sent; a parent that is gone is noticed by the watch. */
static void on_state(void *ctx, int state, unsigned left, const char *detail)
{
	send_state(ctx, state, left, detail);
}

/* Reports on a change and when another second has passed. */
static void report(struct attempt *t, int state, const char *detail)
{
	int64_t ms = t->deadline - kt_mono_ms();
	unsigned left = ms > 0 ? (unsigned)((ms + TICK_MS - 1) / TICK_MS) : 0;

	if (state != t->last_state || left != t->last_left)
		send_state(t, state, left, detail);
}

/* Opens the phone; the transport listens to the parent. */
static int open_phone(struct attempt *t, struct kt_transport **out, struct kt_err *err)
{
	struct kt_phone *p = t->p;
	int r = need_usb(p, err);

	*out = NULL;
	if (r < 0)
		return r;
	r = kt_usb_open(p->usb, t->serial, out, &p->info, err);
	if (r == 0)
		(*out)->watch = (struct kt_watch){.check = kt_session_watch, .ctx = p->s};
	return r;
}

/* Without udev no news of plugs come: now and then the bus is read from scratch. */
static void rescan(struct attempt *t)
{
	int64_t now = kt_mono_ms();

	if (t->p->info.state != KT_STATE_NONE) {
		t->none_since = 0;
	} else if (t->none_since == 0) {
		t->none_since = now;
	} else if (now - t->none_since >= KT_PHONE_RESCAN_MS) {
		kt_usb_free(&t->p->usb);
		t->none_since = now;
	}
}

/* Tries until the phone is open or the time is over. */
static int wait_for_phone(struct attempt *t, struct kt_transport **out, struct kt_err *err)
{
	for (;;) {
		struct kt_err why = {0};
		int r = open_phone(t, out, &why);

		if (r == 0)
			return 0;
		if (r != KT_E_DEVICE)
			return KT_FAIL(err, r, "%s", kt_err_text(&why));
		report(t, t->p->info.state, kt_err_text(&why));
		if (kt_mono_ms() >= t->deadline)
			return KT_FAIL(err, KT_E_TIMEOUT, "%s", kt_err_text(&why));
		rescan(t);
		if (kt_session_sleep(t->p->s, KT_PHONE_POLL_MS) < 0)
			return KT_FAIL(err, KT_E_CANCELLED, "cancelled");
	}
}

/* The hello over an open transport. On success p->adb is set. */
static int say_hello(struct attempt *t, struct kt_transport *tr, struct kt_connect *c,
		     struct kt_err *err)
{
	struct kt_adb *a;
	int r = kt_adb_new(tr, &a, err);

	if (r < 0)
		return r;
	*c = (struct kt_connect){.key = t->p->key,
				 .comment = t->comment,
				 .probe = t->probe,
				 .deadline = t->deadline,
				 .on_state = on_state,
				 .ctx = t};
	report(t, KT_STATE_CONNECTING, "");
	r = kt_connect(a, c, err);
	if (r < 0) {
		kt_adb_free(&a);
		return r;
	}
	t->p->adb = a;
	return 0;
}

static int send_ident(struct attempt *t, bool was_new, struct kt_err *err)
{
	struct kt_phone *p = t->p;
	size_t start = kt_session_put(p->s, KT_DEV_IDENT, t->tag);

	kt_buf_put_le32(&p->s->reply, p->adb->version);
	kt_buf_put_le32(&p->s->reply, p->adb->max_payload);
	put_text(p->s, p->info.serial);
	kt_buf_put_blob(&p->s->reply, p->adb->banner.p, p->adb->banner.len);
	put_text(p->s, kt_key_fingerprint(p->key));
	kt_buf_put_u8(&p->s->reply, was_new ? 1 : 0);
	return kt_session_put_end(p->s, start, err);
}

static int on_authorised(struct attempt *t, const struct kt_connect *c, struct kt_err *err)
{
	struct kt_phone *p = t->p;
	bool was_new = kt_key_is_new(p->key);
	int r = 0;

	kt_sync_init(&p->sync, p->adb, &p->allow);
	kt_range_init(&p->range, p->adb, &p->allow);
	p->was_connected = true;
	if (c->used_key)
		r = kt_key_set_accepted(p->key, err);
	report(t, KT_STATE_AUTHORISED, "");
	return r < 0 ? r : send_ident(t, was_new, err);
}

/* Pulled out or mute during the hello: the holder may plug it in again. */
static bool may_heal(int state)
{
	return state == KT_STATE_NONE || state == KT_STATE_OFFLINE;
}

int kt_phone_connect(struct kt_phone *p, uint32_t tag, const char *serial, const char *comment,
		     uint32_t wait_s, struct kt_err *err)
{
	struct attempt t = {
		.p = p, .tag = tag, .serial = serial, .comment = comment, .last_state = -1};
	struct kt_connect c = {.state = KT_STATE_NONE};
	int r = 0;

	if (p->case_fd < 0)
		return KT_FAIL(err, KT_E_USAGE, "connecting needs a case folder for the key");
	if (wait_s > KT_PHONE_WAIT_MAX)
		wait_s = KT_PHONE_WAIT_MAX;
	kt_phone_disconnect(p);
	if (p->key == NULL)
		r = kt_key_open(p->case_fd, true, &p->key, err);
	/* a new key takes a busy station seconds, which are not the holder's */
	t.deadline = kt_mono_ms() + (int64_t)wait_s * 1000;
	while (r == 0) {
		struct kt_transport *tr;
		struct kt_err why = {0};

		r = wait_for_phone(&t, &tr, err);
		if (r < 0)
			break;
		r = say_hello(&t, tr, &c, &why);
		if (r == 0)
			return on_authorised(&t, &c, err);
		report(&t, c.state, kt_err_text(&why));
		if (r == KT_E_DEVICE && may_heal(c.state) && kt_mono_ms() < t.deadline) {
			r = kt_session_sleep(p->s, KT_PHONE_POLL_MS);
			if (r < 0)
				KT_FAIL(err, r, "cancelled");
			continue;
		}
		return KT_FAIL(err, r, "%s", kt_err_text(&why));
	}
	return r;
}

int kt_phone_probe(struct kt_phone *p, uint32_t tag, const char *serial, struct kt_err *err)
{
	struct attempt t = {.p = p,
			    .tag = tag,
			    .serial = serial,
			    .comment = "",
			    .probe = true,
			    .last_state = -1};
	struct kt_err why = {0};
	struct kt_transport *tr;
	struct kt_connect c = {.state = KT_STATE_NONE};
	int r;

	if (p->adb != NULL)
		return KT_FAIL(err, KT_E_USAGE, "a phone is connected already");
	t.deadline = kt_mono_ms() + KT_CONNECT_PROBE_MS;
	if (p->key == NULL && p->case_fd >= 0) {
		r = kt_key_open(p->case_fd, false, &p->key, &why);
		if (r < 0 && r != KT_E_ABSENT)
			return KT_FAIL(err, r, "%s", kt_err_text(&why));
		kt_err_clear(&why);
	}
	r = open_phone(&t, &tr, &why);
	if (r == 0)
		r = say_hello(&t, tr, &c, &why);
	else
		c.state = p->info.state;
	kt_adb_free(&p->adb);
	if (r != 0 && r != KT_E_DEVICE)
		return KT_FAIL(err, r, "%s", kt_err_text(&why));
	report(&t, c.state, kt_err_text(&why));
	return 0;
}
