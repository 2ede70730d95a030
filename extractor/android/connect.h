/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The hello between station and phone: CNXN, AUTH with the case's key, the question on the
 * phone's screen. It asks that question at most once per connection and knows only to wait then;
 * what the waiting looks like is the caller's.
 */
#ifndef KT_ANDROID_CONNECT_H
#define KT_ANDROID_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

struct kt_adb;
struct kt_err;
struct kt_key;

#define KT_CONNECT_PROBE_MS 3000 /* a phone that does not answer a probe by then is offline */

struct kt_connect {
	const struct kt_key
		*key;	     /* borrowed; NULL: none, then any phone that asks is unauthorised */
	const char *comment; /* goes with the public key; unused by a probe */
	bool probe;	     /* never send the public key */
	int64_t deadline;    /* for the whole hello, tap included */
	/* Called on each change and each second of waiting; may be NULL. */
	void (*on_state)(void *ctx, int state, unsigned seconds_left, const char *detail);
	void *ctx;
	/* results */
	int state;	     /* enum kt_dev_state: where it ended */
	bool used_key;	     /* the phone let us in after an AUTH of ours */
	bool used_signature; /* and that was the signature: it knew the key */
};

/*
 * 0 when connected to a phone in normal mode that has shell v2 (state AUTHORISED). KT_E_DEVICE
 * with c->state: OFFLINE, WRONG_MODE, UNSUPPORTED, UNAUTHORISED or REVOKED (probe), NONE (the
 * phone left); KT_E_TIMEOUT when nobody tapped; KT_E_CANCELLED.
 */
int kt_connect(struct kt_adb *a, struct kt_connect *c, struct kt_err *err);

#endif
