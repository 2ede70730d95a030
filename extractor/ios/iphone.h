/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * An iPhone on the cable as a source: single values, media files, then the wanted files out of a
 * full backup, one after another; at the end what the backup's manifest says of them. For
 * keten-device alone: all that comes is hostile.
 */
#ifndef KT_IOS_IPHONE_H
#define KT_IOS_IPHONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "extractor/image/image.h"
#include "extractor/ios/manifest.h"
#include "extractor/ios/media.h"
#include "extractor/ios/stream.h"

struct kt_err;
struct kt_request;

#define KT_IPHONE_PROVISIONAL 20000u /* members of the stream */

struct kt_iphone_opt {
	const char *udid; /* copied */
	const bool *may;  /* the plan, borrowed */
	uint32_t trust_wait_s, passcode_wait_s;
	int case_fd;
	struct kt_img_watch watch;
	struct kt_pair *pair;	    /* one that was kept, taken over when it is set; or NULL */
	kt_stream_report_fn report; /* states, for the screen */
	void *arg;
};

enum kt_iphone_phase {
	KT_IPHONE_VALUES = 0,
	KT_IPHONE_MEDIA,
	KT_IPHONE_STREAM,
	KT_IPHONE_MANIFEST,
	KT_IPHONE_AFTER, /* values out of the manifest */
	KT_IPHONE_END,
};

struct kt_iphone {
	struct kt_iphone_opt o;
	char udid[KT_MUX_UDID];
	struct kt_ios_link link;
	struct kt_wanted wanted;
	enum kt_iphone_phase phase;
	char detail[512];
	bool will_encrypt, is_encrypted;
	uint64_t free_bytes;
	/* the member at hand */
	struct kt_img_member m;
	struct kt_buf path, mem; /* mem: a list of values */
	uint8_t *chunk;
	uint64_t pos;
	enum { KT_IPHONE_NONE = 0, KT_IPHONE_IN_MEM, KT_IPHONE_IN_MEDIA, KT_IPHONE_IN_STREAM } at;
	uint32_t number;  /* of members so far */
	unsigned next_id; /* request ids up to this one are done, in VALUES and AFTER */
	bool media_open, stream_open, taken; /* taken: the stream member was begun */
	struct kt_media media;
	struct kt_stream stream;
	struct kt_buf provisional; /* struct kt_provisional */
	/* the manifest */
	uint8_t secret[1024];
	size_t secret_len;
	bool has_secret, no_secret, opener_open, manifest_open;
	struct kt_backup_opener opener;
	struct kt_manifest manifest;
	char unconfirmed[160]; /* why there is no manifest; "": there is */
	int end_code;	       /* what the end of all is told with */
	bool lost;
	char end_text[200];
	struct kt_buf summary; /* text, made once */
	struct kt_img_summary sum;
};

/* Needed once before a sandbox closes. 0 or KT_E_INTERNAL. */
int kt_iphone_warm(struct kt_err *err);
/*
 * Finds the phone, gets its trust, compares its names, opens a session. ip is zeroed first; close it in
 * any case. KT_E_ABSENT: not on the cable; KT_E_DEVICE (usbmuxd, lost), KT_E_TIMEOUT (not trusted,
 * locked: the last state says), KT_E_REFUSED (trust denied, wrong-device, impostor), KT_E_CANCELLED ...
 */
int kt_iphone_open(struct kt_iphone *ip, const struct kt_iphone_opt *o, struct kt_err *err);
/*
 * Ends everything and takes back a trust that was ours; with keep it is handed over instead, to be
 * used again or given to kt_iphone_forget().
 */
void kt_iphone_close(struct kt_iphone *ip, struct kt_pair *keep);
/* Takes back the trust of a pairing that was kept, if the phone can be reached. */
void kt_iphone_forget(const char *udid, const bool *may, struct kt_pair *kept);

/*
 * 1: *m is the next member; 0: the end (summary and confirmations are ready); KT_E_REFUSED with *password:
 * the holder's backup password is needed: kt_iphone_secret(), then again. Any other code is an
 * end, too, with summary and confirmations.
 */
int kt_iphone_next(struct kt_iphone *ip, const struct kt_img_member **m, bool *password,
		   struct kt_err *err);
/* All of the member at hand, from its first byte; once for members of the backup. */
int kt_iphone_begin(struct kt_iphone *ip, struct kt_err *err);
int kt_iphone_chunk(struct kt_iphone *ip, const uint8_t **p, size_t *n, struct kt_err *err);
/* Bytes at off; not for members of the backup (KT_E_LIMIT). */
int kt_iphone_read(struct kt_iphone *ip, uint64_t off, void *p, size_t n, size_t *got,
		   struct kt_err *err);
bool kt_iphone_changed(struct kt_iphone *ip);
/* n 0: the holder does not give it. KT_E_REFUSED "wrong-password" when that is known already. */
int kt_iphone_secret(struct kt_iphone *ip, const void *p, size_t n, struct kt_err *err);

/* After the end: what is known of provisional member i. False: there is none. */
bool kt_iphone_confirm(struct kt_iphone *ip, size_t i, uint32_t *number, struct kt_confirm *c);
const struct kt_img_summary *kt_iphone_summary(struct kt_iphone *ip);
/* Text of the summary: longer than kt_img_summary holds. */
const char *kt_iphone_summary_text(struct kt_iphone *ip);

/*
 * phone_values.c: the values of a row as one list, into ip->mem: what lockdown has of them; what
 * Manifest.plist or Manifest.db has (KT_E_ABSENT: it did not come). And the name that a list gets.
 */
int kt_iphone_values(struct kt_iphone *ip, const struct kt_request *q, struct kt_err *err);
int kt_iphone_after(struct kt_iphone *ip, const struct kt_request *q, struct kt_err *err);
void kt_iphone_value_path(const struct kt_request *q, char *out, size_t size);

/* connect.c: trust and names. */
int kt_iphone_connect(struct kt_iphone *ip, struct kt_err *err);
void kt_iphone_unpair(struct kt_ios_link *link, const char *udid);

#endif
