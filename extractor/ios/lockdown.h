/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * lockdownd, the phone's doorman on port 62078: single values, pairing, sessions, services. Each
 * connection is used for one errand and closed; a session is TLS with the paired phone.
 */
#ifndef KT_IOS_LOCKDOWN_H
#define KT_IOS_LOCKDOWN_H

#include <plist/plist.h>
#include <stdbool.h>
#include <stdint.h>

#include "extractor/image/image.h"
#include "extractor/ios/allow.h"
#include "extractor/ios/mux.h"
#include "extractor/ios/pair.h"
#include "extractor/ios/wire.h"

struct kt_err;

#define KT_LOCKDOWN_PORT     62078
#define KT_LOCKDOWN_REPLY_MS 20000 /* how long one answer may take */

/* The phone and what there is to reach it. */
struct kt_ios_link {
	struct kt_mux_phone phone;
	struct kt_ios_allow allow;
	struct kt_pair pair;
	struct kt_img_watch watch;
	int64_t reply_ms; /* 0: KT_LOCKDOWN_REPLY_MS */
};

struct kt_lockdown {
	struct kt_ios_link *link; /* borrowed */
	struct kt_wire w;
	char session[80]; /* "": none */
	char error[64];	  /* what the phone gave as "Error" last, "" for none */
};

/* Connects and asks who is there. Close it in any case. KT_E_DEVICE, KT_E_FORMAT, KT_E_TIMEOUT. */
int kt_lockdown_open(struct kt_lockdown *l, struct kt_ios_link *link, struct kt_err *err);
/* Ends a session politely, if that is possible at once. Safe on one that is all zero. */
void kt_lockdown_close(struct kt_lockdown *l);
/*
 * A session with link->pair. KT_E_ABSENT: the phone does not know this pairing; KT_E_REFUSED
 * "impostor", or the phone's word (l->error).
 */
int kt_lockdown_session(struct kt_lockdown *l, struct kt_err *err);
/* *value is the caller's. KT_E_ABSENT: the phone has none, or doesn't say. */
int kt_lockdown_value(struct kt_lockdown *l, const char *domain, const char *key, plist_t *value,
		      struct kt_err *err);
/* A text value; "" when there is none. 0 or what makes the connection useless. */
int kt_lockdown_text(struct kt_lockdown *l, const char *domain, const char *key, char *out,
		     size_t size, struct kt_err *err);
/*
 * Asks for trust with link->pair. 0: given. KT_E_REFUSED with l->error: "PairingDialogResponsePending"
 * (ask again), "UserDeniedPairing", "PasswordProtected" ...
 */
int kt_lockdown_pair(struct kt_lockdown *l, struct kt_err *err);
/* Takes the trust back. Outside a session. */
int kt_lockdown_unpair(struct kt_lockdown *l, struct kt_err *err);

/*
 * Starts a service and connects to it, all in one. KT_E_REFUSED with the phone's word in error
 * (64 bytes; may be NULL).
 */
int kt_ios_service(struct kt_ios_link *link, const char *name, struct kt_wire *w, char *error,
		   struct kt_err *err);

#endif
