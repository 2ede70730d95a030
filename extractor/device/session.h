/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The parent's side of keten-device: requests are read into a short queue while other work is
 * under way (that is how a cancel is heard), replies are put together and written with back
 * pressure. It knows frames, not phones.
 */
#ifndef KT_DEVICE_SESSION_H
#define KT_DEVICE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/buf.h"
#include "core/devproto.h"
#include "core/frame.h"
#include "extractor/android/feed.h"

struct kt_err;

#define KT_SESSION_QUEUE     128		/* requests that wait; more breaks the protocol */
#define KT_SESSION_FRAME_MAX 4096		/* bytes of one request */
#define KT_SESSION_OUT_STEP  ((size_t)64 << 10) /* small replies are written in such steps */
#define KT_SESSION_LOOK_MS   20	 /* how often the parent is listened to during work */
#define KT_SESSION_TEXT_MAX  512 /* bytes of a RESULT's text */

struct kt_session_frame {
	uint8_t type;
	bool cancelled;
	uint32_t len;
	uint8_t *p; /* owned */
};

struct kt_session {
	int in, out;
	struct kt_frame_reader rd;
	struct kt_session_frame queue[KT_SESSION_QUEUE];
	size_t first, count;
	struct kt_buf reply;		/* small frames not written yet */
	uint32_t current[KT_DEV_BATCH]; /* tags of what is under way */
	bool dropped[KT_DEV_BATCH];	/* ... and which of them were cancelled by tag */
	size_t n_current;
	bool cancel;   /* what is under way is to stop */
	bool eof;      /* the parent is gone */
	bool bad_peer; /* the parent broke the protocol */
	int64_t next_look;
};

void kt_session_init(struct kt_session *s, int in, int out);
void kt_session_free(struct kt_session *s);

/*
 * Waits for the next request; *f is the caller's (kt_session_frame_free). 1 got one, 0 the parent
 * closed, KT_E_USAGE it broke the protocol.
 */
int kt_session_next(struct kt_session *s, struct kt_session_frame *f, struct kt_err *err);
/*
 * Takes a request of this type that is there already, past others only when all of those are RANGE
 * or STAT: these do not depend on one another, and so can be served in groups.
 */
bool kt_session_take(struct kt_session *s, uint8_t type, struct kt_session_frame *f);
void kt_session_frame_free(struct kt_session_frame *f);

/* Notes that one more request (of at most KT_DEV_BATCH) is under way: a cancel can name it. */
void kt_session_begin(struct kt_session *s, uint32_t tag);
/* Nothing is under way any more. */
void kt_session_end(struct kt_session *s);

/* For kt_watch: listens to the parent now and then. 0 or KT_E_CANCELLED. */
int kt_session_watch(void *session);
/* Waits, listening. 0 or KT_E_CANCELLED. */
int kt_session_sleep(struct kt_session *s, int ms);

/* Replies. Errors are KT_E_STORAGE: the parent is gone. */
struct kt_session_result {
	uint32_t tag;
	int code, status; /* status -1: none */
	uint64_t bytes;
	uint32_t flags;
	const char *text;
};

int kt_session_result(struct kt_session *s, const struct kt_session_result *r, struct kt_err *err);
/* Puts a frame with the tag at its start; the caller adds the rest and ends it. */
size_t kt_session_put(struct kt_session *s, uint8_t type, uint32_t tag);
int kt_session_put_end(struct kt_session *s, size_t start, struct kt_err *err);
/* Writes out what was put. */
int kt_session_flush(struct kt_session *s, struct kt_err *err);

#define KT_SESSION_PIECES 32

/* Data frames of one kind, written straight from where the bytes lie. */
struct kt_session_feed {
	struct kt_feed feed; /* hand this to who has the data */
	struct kt_session *s;
	uint8_t type;
	uint32_t tag;
	struct iovec piece[1 + KT_SESSION_PIECES];
	size_t n, bytes;
};

void kt_session_feed_init(struct kt_session_feed *f, struct kt_session *s, uint8_t type,
			  uint32_t tag);

/* KT_E_USAGE for a request whose fields are wrong: nothing after it can be trusted. */
int kt_session_malformed(struct kt_err *err);

#endif
