/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/android/connect.h"

#include "core/devproto.h"
#include "core/err.h"
#include "extractor/android/adb.h"
#include "extractor/android/keys.h"
#include "extractor/android/transport.h"

#include <string.h>

#define HELLO	      "host::features=shell_v2,stat_v2,ls_v2"
#define STRAY_PACKETS 256 /* of an earlier session, or tokens after a refusal, per second */
#define TICK_MS	      1000

struct hello {
	struct kt_adb *a;
	struct kt_connect *c;
	bool signed_once, asked;
	int64_t answer_by; /* for the phone's next word; unused once asked */
};

static void report(struct hello *h, int state, const char *detail)
{
	int64_t left = h->c->deadline - kt_mono_ms();

	h->c->state = state;
	if (h->c->on_state != NULL)
		h->c->on_state(h->c->ctx, state, left > 0 ? (unsigned)((left + 999) / 1000) : 0,
			       detail);
}

static int fail_in(struct hello *h, int state, struct kt_err *err, const char *text)
{
	h->c->state = state;
	return KT_FAIL(err, KT_E_DEVICE, "%s", text);
}

static int on_connected(struct hello *h, const struct kt_adb_packet *pkt, struct kt_err *err)
{
	static const char *const other[] = {"recovery", "sideload", "rescue", "bootloader"};
	int r = kt_adb_set_peer(h->a, pkt, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (kt_adb_banner_is(h->a, other[i]))
			return fail_in(h, KT_STATE_WRONG_MODE, err,
				       "the phone is in recovery or bootloader mode");
	if (!kt_adb_banner_is(h->a, "device"))
		return fail_in(h, KT_STATE_UNSUPPORTED, err, "the phone does not say what it is");
	if ((h->a->features & KT_ADB_F_SHELL_V2) == 0)
		return fail_in(h, KT_STATE_UNSUPPORTED, err, "the phone has no shell protocol v2");
	h->c->state = KT_STATE_AUTHORISED;
	h->c->used_key = h->signed_once || h->asked;
	h->c->used_signature = h->signed_once && !h->asked;
	return 1;
}

static int send_signature(struct hello *h, const uint8_t *token, struct kt_err *err)
{
	uint8_t sig[KT_KEY_SIGNATURE];
	int r = kt_key_sign(h->c->key, token, sig, err);

	if (r < 0)
		return r;
	h->signed_once = true;
	h->answer_by = kt_mono_ms() + KT_ADB_CONNECT_MS;
	return kt_adb_send(h->a, KT_ADB_AUTH, KT_ADB_AUTH_SIGNATURE, 0, sig, sizeof(sig), err);
}

static int send_public_key(struct hello *h, struct kt_err *err)
{
	struct kt_buf text;
	int r;

	kt_buf_init(&text, KT_ADB_PAYLOAD_MIN);
	r = kt_key_public_text(h->c->key, h->c->comment, &text, err);
	if (r == 0)
		r = kt_adb_send(h->a, KT_ADB_AUTH, KT_ADB_AUTH_RSAPUBLICKEY, 0, text.p, text.len,
				err);
	kt_buf_free(&text);
	if (r < 0)
		return r;
	h->asked = true;
	report(h, KT_STATE_WAITING_TAP, "");
	return 0;
}

static int on_token(struct hello *h, const struct kt_adb_packet *pkt, struct kt_err *err)
{
	const struct kt_key *k = h->c->key;

	if (pkt->arg0 != KT_ADB_AUTH_TOKEN || pkt->len != KT_ADB_TOKEN)
		return fail_in(h, KT_STATE_UNSUPPORTED, err, "the phone asks for an unknown proof");
	if (k != NULL && !kt_key_is_new(k) && !h->signed_once)
		return send_signature(h, pkt->p, err);
	/* A token after the question is a refusal: asking again would only pester. */
	if (h->asked)
		return 0;
	if (k != NULL && kt_key_was_accepted(k) && h->signed_once)
		report(h, KT_STATE_REVOKED, "the phone no longer knows this case's key");
	if (h->c->probe && h->c->state == KT_STATE_REVOKED)
		return fail_in(h, KT_STATE_REVOKED, err, "the phone no longer knows the key");
	if (h->c->probe || k == NULL)
		return fail_in(h, KT_STATE_UNAUTHORISED, err, "the phone will ask its holder");
	return send_public_key(h, err);
}

/* 1 connected, 0 go on, negative: over. */
static int on_packet(struct hello *h, const struct kt_adb_packet *pkt, struct kt_err *err)
{
	switch (pkt->cmd) {
	case KT_ADB_CNXN:
		return on_connected(h, pkt, err);
	case KT_ADB_AUTH:
		return on_token(h, pkt, err);
	case KT_ADB_STLS:
		return fail_in(h, KT_STATE_UNSUPPORTED, err, "the phone asks for TLS");
	default:
		return 0; /* left over from another session */
	}
}

static int hello_loop(struct hello *h, struct kt_err *err)
{
	int64_t tick = kt_mono_ms() + TICK_MS;
	unsigned stray = 0;

	for (;;) {
		struct kt_err why = {0};
		struct kt_adb_packet pkt;
		int64_t until = h->asked ? h->c->deadline : h->answer_by;
		int r = kt_adb_recv(h->a, &pkt, tick < until ? tick : until, &why);

		if (r == 0) {
			r = on_packet(h, &pkt, err);
			if (r != 0)
				return r < 0 ? r : 0;
			if (++stray > STRAY_PACKETS)
				return fail_in(h, KT_STATE_OFFLINE, err,
					       "the phone talks without end");
		} else if (r != KT_E_TIMEOUT) {
			if (r == KT_E_DEVICE)
				h->c->state = KT_STATE_NONE;
			return KT_FAIL(err, r, "%s", kt_err_text(&why));
		}
		if (kt_mono_ms() >= until && h->asked)
			return KT_FAIL(err, KT_E_TIMEOUT, "nobody allowed it on the phone in time");
		if (kt_mono_ms() >= until)
			return fail_in(h, KT_STATE_OFFLINE, err, "the phone does not answer");
		if (kt_mono_ms() < tick)
			continue;
		tick += TICK_MS;
		stray = 0;
		if (h->asked)
			report(h, KT_STATE_WAITING_TAP, "");
	}
}

int kt_connect(struct kt_adb *a, struct kt_connect *c, struct kt_err *err)
{
	struct hello h = {.a = a, .c = c};
	int r;

	c->state = KT_STATE_CONNECTING;
	c->used_key = c->used_signature = false;
	h.answer_by = kt_mono_ms() + (c->probe ? KT_CONNECT_PROBE_MS : KT_ADB_CONNECT_MS);
	r = kt_adb_send(a, KT_ADB_CNXN, KT_ADB_VERSION, KT_ADB_PAYLOAD_MAX, HELLO, sizeof(HELLO),
			err);
	if (r < 0) {
		c->state = KT_STATE_OFFLINE;
		return r == KT_E_TIMEOUT ? KT_E_DEVICE : r;
	}
	return hello_loop(&h, err);
}
