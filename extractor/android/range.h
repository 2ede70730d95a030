/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Byte ranges of files on the phone. Many at a time go through the one constant command, whose
 * operands travel on stdin; when the phone can't do that, a file is read from its start and what
 * was not asked for is dropped in memory. A reply holds exactly the range or says why not.
 */
#ifndef KT_ANDROID_RANGE_H
#define KT_ANDROID_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/devproto.h"

struct kt_adb;
struct kt_allow;
struct kt_err;

#define KT_RANGE_HEADS	    8 /* files whose beginning is kept */
#define KT_RANGE_HEAD_MAX   (256u << 10)
#define KT_RANGE_SUM_MAX    (4u << 20) /* bytes asked for in one command */
#define KT_RANGE_DD_MS	    60000      /* for one command */
#define KT_RANGE_DD_GIVE_UP 3	       /* failures in a row that the other way could serve */

struct kt_range_req {
	unsigned root;
	uint64_t size; /* of the file, as the listing said */
	uint64_t off;
	uint32_t len;	     /* at most KT_DEV_RANGE_MAX */
	const uint8_t *path; /* borrowed */
	size_t path_len;
};

/* The beginning of a file that had to be read to get at something behind it. */
struct kt_range_head {
	uint8_t path[KT_DEV_PATH_MAX];
	size_t path_len;
	uint64_t size;
	uint8_t *p; /* owned, KT_RANGE_HEAD_MAX bytes */
	size_t have;
};

struct kt_range {
	struct kt_adb *a;	      /* borrowed */
	const struct kt_allow *allow; /* borrowed */
	struct kt_buf out;	      /* what one command gave */
	struct kt_range_head head[KT_RANGE_HEADS];
	unsigned next_head;
	unsigned dd_failures;
	bool no_dd;
};

/*
 * Gets the answer to request i: code 0 and exactly the bytes, or a negative code with err saying
 * why (and, for KT_E_PARTIAL, what there was). p is borrowed for the call. A negative return ends
 * the run.
 */
typedef int kt_range_reply_fn(void *ctx, size_t i, int code, enum kt_dev_method method,
			      const uint8_t *p, size_t n, const struct kt_err *why,
			      struct kt_err *err);

void kt_range_init(struct kt_range *g, struct kt_adb *a, const struct kt_allow *allow);
/* Wipes what it remembers of files. */
void kt_range_free(struct kt_range *g);

/*
 * Serves n requests (at most KT_DEV_BATCH); reply is called exactly once for each unless it
 * fails. Returns 0, or the error of reply.
 */
int kt_range_run(struct kt_range *g, const struct kt_range_req *v, size_t n,
		 kt_range_reply_fn *reply, void *ctx, struct kt_err *err);

/* How many bytes the answer must have. */
uint32_t kt_range_expected(const struct kt_range_req *q);

#endif
