/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * THE place where something is sent to an iPhone. Every message is judged by what it is at the moment
 * it goes out, not by who made it: lockdown requests and values by name, services by list, reading
 * operations of the media service below the planned folders, Hello and Backup of the backup
 * service and the answers of the host. There is no other way to the wire.
 */
#ifndef KT_IOS_ALLOW_H
#define KT_IOS_ALLOW_H

#include <plist/plist.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_err;
struct kt_wire;

#define KT_IOS_SVC_MEDIA  "com.apple.afc"
#define KT_IOS_SVC_BACKUP "com.apple.mobilebackup2"
#define KT_IOS_SVC_NOTIFY "com.apple.mobile.notification_proxy"

#define KT_IOS_PRESENTED "com.apple.LocalAuthentication.ui.presented"
#define KT_IOS_DISMISSED "com.apple.LocalAuthentication.ui.dismissed"

enum kt_ios_peer { KT_IOS_LOCKDOWN = 1, KT_IOS_NOTIFY, KT_IOS_BACKUP };

/* Operations of the media service (the numbers are the protocol's). */
enum kt_afc_op {
	KT_AFC_STATUS = 1,
	KT_AFC_DATA = 2,
	KT_AFC_READ_DIR = 3,
	KT_AFC_FILE_INFO = 10,
	KT_AFC_OPEN = 13,
	KT_AFC_OPENED = 14,
	KT_AFC_READ = 15,
	KT_AFC_SEEK = 17,
	KT_AFC_CLOSE = 20,
};

#define KT_AFC_HEAD   40u
#define KT_AFC_MAGIC  "CFA6LPAA"
#define KT_AFC_RDONLY 1u

struct kt_ios_allow {
	const bool *may;     /* KT_REQ_COUNT: the plan, borrowed */
	const char *udid;    /* borrowed */
	const char *host_id; /* of the pairing in use, borrowed; NULL: none yet */
};

/* 0, or KT_E_REFUSED with the reason. */
int kt_ios_allow_message(const struct kt_ios_allow *a, enum kt_ios_peer peer, plist_t message,
			 struct kt_err *err);
int kt_ios_allow_afc(const struct kt_ios_allow *a, uint64_t op, const void *args, size_t n,
		     struct kt_err *err);

/*
 * Judges and sends a property list, with its length before it. message stays the caller's; NULL is
 * KT_E_NOMEM.
 */
int kt_ios_send(const struct kt_ios_allow *a, struct kt_wire *w, enum kt_ios_peer peer,
		plist_t message, int64_t deadline, struct kt_err *err);
/* Judges and sends a packet of the media service. */
int kt_ios_send_afc(const struct kt_ios_allow *a, struct kt_wire *w, uint64_t op, uint64_t number,
		    const void *args, size_t n, int64_t deadline, struct kt_err *err);
/*
 * Answers to the backup service's request for files, outside of messages: "no such file" for one
 * name; and the end of the list. No content is ever sent.
 */
int kt_ios_send_no_file(struct kt_wire *w, const void *name, size_t n, int64_t deadline,
			struct kt_err *err);
int kt_ios_send_no_more(struct kt_wire *w, int64_t deadline, struct kt_err *err);

#endif
