/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Inside of the backup service: backup.c leads through the messages, upload.c sends the files.
 * Calls return 0, or -1 when the connection is of no more use.
 */
#ifndef SIM_IPHONE_BACKUP_H
#define SIM_IPHONE_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include <plist/plist.h>

#include "content.h"

struct sim;
struct sim_conn;

/* What is remembered of an uploaded file, for the host's listings. */
struct sim_sent_file {
	uint8_t id[SIM_ID_BYTES];
	uint32_t size; /* of what was sent, cut to 32 bits */
};

struct sim_backup {
	struct sim_conn *c;
	struct sim *s;
	char udid[64];	   /* as the phone names itself in paths */
	uint64_t uploaded; /* files */
	uint64_t done_bytes;
	struct sim_sent_file *sent;
	uint64_t n_sent;
	bool made_dir[2][256]; /* Snapshot/xx, xx */
	uint8_t *buf;	       /* of SIM_BUF_BYTES */
};

#define SIM_BUF_BYTES ((size_t)256 << 10)

/* A message of the phone, an array whose first item is its name. Adds nothing, sends nothing. */
plist_t sim_message(const char *name);
/* Sends it and waits for the host's status; *value (may be NULL) gets the answer's fourth part. */
int sim_ask(struct sim_backup *b, plist_t message, int64_t *status, plist_t *value);
/* The same, and the status must be 0 (or -7, "exists"). */
int sim_ask_ok(struct sim_backup *b, plist_t message);
/* Makes the host create a directory below the backup's. */
int sim_make_dir(struct sim_backup *b, const char *path);
/* The last word: ErrorCode and its text, then Disconnect. */
int sim_finish(struct sim_backup *b, int code, const char *text);

/* All files of the content, in several messages. */
int sim_upload_files(struct sim_backup *b);
/* One plist, as a file of the host with this name below the UDID. */
int sim_upload_plist(struct sim_backup *b, plist_t node, const char *name);
int sim_upload_manifest(struct sim_backup *b);
/* What the phone says of a file that it will not send. */
bool sim_unreadable(const struct sim *s, const struct sim_item *item);

#endif
