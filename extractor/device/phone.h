/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One phone at a time, from "plugged in?" to "authorised", as keten-device sees it; and what
 * belongs to a connection. It reports states to the parent while it waits.
 */
#ifndef KT_DEVICE_PHONE_H
#define KT_DEVICE_PHONE_H

#include <stdbool.h>
#include <stdint.h>

#include "extractor/android/allow.h"
#include "extractor/android/range.h"
#include "extractor/android/sync.h"
#include "extractor/android/usb.h"

struct kt_adb;
struct kt_err;
struct kt_key;
struct kt_session;

#define KT_PHONE_POLL_MS   250	/* between two looks for a phone */
#define KT_PHONE_RESCAN_MS 2000 /* after which the bus is read anew rather than listened to */
#define KT_PHONE_WAIT_MAX  3600 /* seconds that a CONNECT may wait */

struct kt_phone {
	struct kt_session *s; /* borrowed */
	int case_fd;	      /* -1: none was given */
	struct kt_allow allow;
	struct kt_usb *usb;
	struct kt_key *key;
	struct kt_adb *adb; /* NULL: not connected */
	struct kt_sync sync;
	struct kt_range range;
	struct kt_usb_phone info;
	bool was_connected;
};

void kt_phone_init(struct kt_phone *p, struct kt_session *s, int case_fd);
void kt_phone_free(struct kt_phone *p);
/* Ends the connection, wipes what was remembered of its files. */
void kt_phone_disconnect(struct kt_phone *p);

/* Sends a DEVICE frame for each phone. 0, KT_E_DEVICE, KT_E_STORAGE. */
int kt_phone_enum(struct kt_phone *p, uint32_t tag, struct kt_err *err);
/*
 * Says hello and goodbye; the final STATE is sent. 0 whenever a state could be found, else
 * KT_E_USAGE, KT_E_CANCELLED, KT_E_STORAGE.
 */
int kt_phone_probe(struct kt_phone *p, uint32_t tag, const char *serial, struct kt_err *err);
/*
 * Waits for the phone, opens it, gets authorised, sends IDENT. wait_s is for all of it, from when the
 * case's key is there (made when it is new). 0, KT_E_TIMEOUT (no phone, no permission, busy, no tap: the
 * last STATE says which), KT_E_DEVICE (wrong mode, unsupported, offline), KT_E_REFUSED (more than one
 * phone fits), KT_E_USAGE, KT_E_CANCELLED, KT_E_STORAGE, KT_E_INVALID (key).
 */
int kt_phone_connect(struct kt_phone *p, uint32_t tag, const char *serial, const char *comment,
		     uint32_t wait_s, struct kt_err *err);

#endif
