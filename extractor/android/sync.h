/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The phone's file service, reading half: LIST, STAT, RECV. There is no code here that can write,
 * and no path goes out that allow.c did not pass. Links are reported, never followed.
 */
#ifndef KT_ANDROID_SYNC_H
#define KT_ANDROID_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_adb;
struct kt_adb_stream;
struct kt_allow;
struct kt_err;
struct kt_feed;

#define KT_SYNC_CHUNK_MAX (64u << 10) /* bytes of one DATA chunk; more is a broken phone */
#define KT_SYNC_TEXT_MAX  128	      /* bytes kept of a phone's error text */

/* What lstat says on the phone. error: Linux errno, 0 when the rest is valid. */
struct kt_sync_stat {
	uint32_t error, mode;
	uint64_t size;
	int64_t mtime; /* seconds since 1970 */
};

struct kt_sync {
	struct kt_adb *a;	      /* borrowed */
	const struct kt_allow *allow; /* borrowed */
	struct kt_adb_stream *s;      /* NULL: opened when needed */
	size_t pos;		      /* bytes of s->data already used */
	const struct kt_feed *feed;   /* to be flushed before a payload is acknowledged */
	int64_t deadline;	      /* of the operation under way */
};

void kt_sync_init(struct kt_sync *y, struct kt_adb *a, const struct kt_allow *allow);
/* Closes the stream; the next call opens a fresh one. */
void kt_sync_close(struct kt_sync *y);

/*
 * lstat. 0 with st->error set as the phone says (old phones: ENOENT for whatever is wrong);
 * KT_E_REFUSED by the plan, KT_E_DEVICE, KT_E_TIMEOUT, KT_E_CANCELLED, KT_E_FORMAT.
 */
int kt_sync_stat(struct kt_sync *y, unsigned root, const void *path, size_t n,
		 struct kt_sync_stat *st, struct kt_err *err);

/* One of several files to be looked at: the answer, or a negative code, comes back in it. */
struct kt_sync_ask {
	unsigned root;
	const void *path; /* borrowed */
	size_t n;
	struct kt_sync_stat st;
	int code;
};

/*
 * lstat of count files with their requests in as few writes as fit: a round trip for many instead
 * of one for each. Files whose code is set already are left out. 0 with a code in every q[i]; a failure of the stream is returned, and stands in
 * the code of each file that has no answer.
 */
int kt_sync_stat_many(struct kt_sync *y, struct kt_sync_ask *q, size_t count, struct kt_err *err);

/*
 * Reads a file from its start into the feed, then its lstat into *after. *bytes counts what was
 * handed on, on failure too. More than max_bytes: KT_E_LIMIT. A refusal in the phone's words:
 * KT_E_ABSENT or KT_E_REFUSED, or KT_E_PARTIAL when it came after data. When the stream can't
 * go on after a failure it is closed.
 */
int kt_sync_recv(struct kt_sync *y, unsigned root, const void *path, size_t n, uint64_t max_bytes,
		 const struct kt_feed *feed, uint64_t *bytes, struct kt_sync_stat *after,
		 struct kt_err *err);

/*
 * The verdict on a whole file: 0 when sizes and times agree, KT_E_PARTIAL else; *flags gets
 * KT_DEV_F_COMPLETE or KT_DEV_F_CHANGED (core/devproto.h). Sizes are compared modulo 2^32 when
 * the phone has no 64-bit lstat.
 */
int kt_sync_judge(const struct kt_sync_stat *before, const struct kt_sync_stat *after,
		  uint64_t bytes, bool wide, uint32_t *flags, struct kt_err *err);

/* The code that an errno of the phone means for us. */
int kt_sync_errno_code(uint32_t error);

/* Sends one request (id is four letters). For sync_list.c; the path is checked here. */
int kt_sync_request(struct kt_sync *y, const char *id, unsigned root, const void *path, size_t n,
		    struct kt_err *err);
/* Reads exactly n bytes of the answer. For sync_list.c. */
int kt_sync_read(struct kt_sync *y, void *p, size_t n, struct kt_err *err);
/* Acknowledges a payload that was used up, so that the phone is not left waiting. */
int kt_sync_settle(struct kt_sync *y, struct kt_err *err);

#endif
