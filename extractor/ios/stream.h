/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The backup service: the phone sends all that a full backup holds, Keten keeps what the plan wants
 * and lets the rest run through one buffer. The phone asks about a folder that does not exist; the
 * answers come from memory. Nothing is written but Manifest.db (extractor/ios/spill.h).
 */
#ifndef KT_IOS_STREAM_H
#define KT_IOS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "extractor/ios/lockdown.h"
#include "extractor/ios/names.h"
#include "extractor/ios/spill.h"
#include "extractor/ios/wanted.h"

struct kt_err;

#define KT_STREAM_IDLE_MS    60000  /* silence inside a file */
#define KT_STREAM_MESSAGE_MS 180000 /* silence between messages: the phone may be at work */
#define KT_STREAM_MESSAGE    ((size_t)16 << 20) /* larger ones are not kept but looked through */
#define KT_STREAM_NAME	     4096u

/* What is told while the phone makes one wait. left: seconds, 0 when it does not matter. */
typedef void (*kt_stream_report_fn)(void *arg, int state, unsigned left, const char *detail);

struct kt_stream_opt {
	struct kt_ios_link *link;	/* borrowed */
	const struct kt_wanted *wanted; /* borrowed */
	int case_fd;			/* for the temporary file */
	uint32_t passcode_wait_s;
	uint64_t free_bytes; /* what is told to the phone */
	kt_stream_report_fn report;
	void *arg;
};

enum kt_stream_kind { KT_STREAM_DRAIN = 0, KT_STREAM_MEMBER, KT_STREAM_PLIST, KT_STREAM_DB };

/* The file that comes in. */
struct kt_stream_file {
	bool open, ended, failed;
	enum kt_stream_kind kind;
	enum kt_wanted_how how;
	struct kt_img_hit hit;
	const struct kt_wanted_id *which; /* how is KT_WANTED_ID */
	bool is_id, in_snapshot, twice;
	int special; /* index of a name that is no ID; -1: none */
	uint8_t id[KT_NAMES_ID];
	uint8_t path[KT_STREAM_NAME]; /* as the phone names it */
	size_t path_len;
	uint64_t size;	       /* bytes so far */
	char why[160];	       /* failed: the phone's words */
	uint32_t block, empty; /* bytes of the block still to come; blocks that had none */
	uint8_t code;
	uint8_t sha1[20]; /* MEMBER, ended: of the bytes as they came */
};

#define KT_STREAM_SPECIALS 8

struct kt_stream {
	struct kt_stream_opt o;
	struct kt_wire w, notify;
	bool has_notify;
	char error[64]; /* the phone's word against starting the service */
	enum { KT_STREAM_MESSAGES = 0, KT_STREAM_FILES, KT_STREAM_OVER } phase;
	struct kt_names names;
	uint64_t special_size[2][KT_STREAM_SPECIALS];
	bool special_here[2][KT_STREAM_SPECIALS];
	struct kt_stream_file f;
	void *md;	     /* SHA-1 of f */
	struct kt_buf msg;   /* the message at hand */
	uint8_t *scan;	     /* for messages that are too large to keep */
	struct kt_buf plist; /* Manifest.plist */
	bool has_plist;
	struct kt_spill spill;
	bool has_db;
	int db_code; /* why not */
	char db_why[160];
	uint8_t db_sha[KT_SHA256_LEN];
	struct kt_rdat db;
	/* passcode dialog */
	bool asking, was_asked;
	unsigned dialogs, notes;
	int64_t asked_at, begun_at, told_at;
	/* the end */
	int64_t end_code; /* of the phone */
	char end_text[160];
	/* counts */
	uint64_t messages, repeats, files, bytes, refused, unreadable, odd, unknown, unknown_moves,
		left_in_snapshot;
};

/* Starts the service and asks for a full backup. st is the caller's, to be closed in any case. */
int kt_stream_open(struct kt_stream *st, const struct kt_stream_opt *o, struct kt_err *err);
void kt_stream_close(struct kt_stream *st);
/*
 * Goes on to the next file that the plan wants; what is left of the one before is dropped. 1: st->f
 * is it (f.failed: the phone could not read it), 0: the phone said the end (end_code, end_text);
 * KT_E_DEVICE, KT_E_TIMEOUT, KT_E_FORMAT, KT_E_LIMIT, KT_E_CANCELLED.
 */
int kt_stream_next(struct kt_stream *st, struct kt_err *err);
/*
 * Next bytes of the current file, borrowed until the next call; *n 0 at its end. KT_E_PARTIAL: the
 * phone could not read on; f.size and f.sha1 are right after the end.
 */
int kt_stream_data(struct kt_stream *st, const uint8_t **p, size_t *n, struct kt_err *err);

#endif
