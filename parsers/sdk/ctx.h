/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The inside of struct kt_ctx: how the worker (or a test, or a fuzzer, in process) puts a plugin
 * on an input and collects its frames. Plugins never include this.
 */
#ifndef KT_PARSERS_SDK_CTX_H
#define KT_PARSERS_SDK_CTX_H

#include "parsers/sdk/keten_parser.h"

/* Frame types, worker -> keten; bytes in docs/formats/worker-frames.md. */
enum kt_wf {
	KT_WF_HELLO = 'H',  /* u32 protocol, u32 sandbox layers that hold */
	KT_WF_RECORD = 'R', /* kt_rec_encode() */
	KT_WF_SKIP = 'S',   /* u64 n, blob reason, u8 locator kind, u64 off, u64 len, blob path */
	KT_WF_NOTE = 'N',   /* blob code, blob text */
	KT_WF_RANGE =
		'Q', /* u64 offset, u32 length: acquisition only; answered on the reply pipe */
	KT_WF_OUTPUT = 'O', /* bytes of a rendered document; renderers only */
	KT_WF_END = 'E',    /* u64 seen, u64 emitted, u64 skipped, i32 code, blob error text */
};

#define KT_WF_PROTO 2u

/* Files that belong to an SQLite database, beside it. */
enum kt_sibling { KT_SIBLING_WAL = 0, KT_SIBLING_JOURNAL, KT_SIBLINGS };

#define KT_SIBLING_NONE	   UINT64_MAX /* size of one that is not there */
#define KT_CTX_JOURNAL_MIB 64u	      /* memory that rolling back a -journal may take */

/*
 * Payload bytes that the engine takes of an artifact of this many bytes: no honest element grows more
 * than a few times over, and a full disk would end the case. The SDK stops KT_CTX_OUT_SPARE before it,
 * in good order: what was sent is kept, and there is room for requests and for END.
 */
#define KT_CTX_OUT_BASE	 ((uint64_t)64 << 20)
#define KT_CTX_OUT_TIMES 16u
#define KT_CTX_OUT_SPARE ((uint64_t)2 << 20)
static inline uint64_t kt_ctx_out_max(uint64_t bytes)
{
	return bytes < UINT64_MAX / 64 ? KT_CTX_OUT_BASE + KT_CTX_OUT_TIMES * bytes : UINT64_MAX;
}

struct kt_ctx_ops {
	/* Like kt_in_read(). */
	int (*read)(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err);
	/* Takes complete frames (any number, kt_frame layout). 0 or a negative code. */
	int (*frames)(void *arg, const void *p, size_t n, struct kt_err *err);
	void *arg;
	/* Like read, of a sibling; NULL where there are none. */
	int (*sibling)(void *arg, enum kt_sibling which, uint64_t off, void *p, size_t n,
		       size_t *got, struct kt_err *err);
};

#define KT_CTX_SHORTS 64u
#define KT_CTX_SHORT  48u

struct kt_ctx {
	struct kt_ctx_ops ops;
	uint64_t size;
	uint64_t sibling_size[KT_SIBLINGS]; /* KT_SIBLING_NONE until somebody says otherwise */
	const char *view;     /* of the database that is open: goes into every record; or NULL */
	uint64_t max_records; /* emit + skip frames allowed */
	uint64_t seen, emitted, skipped, frames;
	uint64_t sent; /* bytes of these frames */
	struct kt_buf out;
	uint8_t *arena; /* chunks, linked through their first bytes */
	size_t arena_used, arena_cap, arena_total;
	uint64_t max_arena;
	/* short texts (times, numbers), reused in turn: more than two records can hold */
	char shorts[KT_CTX_SHORTS][KT_CTX_SHORT];
	unsigned shorts_at;
	struct kt_ctx_end *ends;
};

/* Has fn(arg) called when parse() has returned (for what a plugin never frees itself). 0 or KT_E_NOMEM. */
int kt_ctx_at_end(struct kt_ctx *ctx, void (*fn)(void *arg), void *arg, struct kt_err *err);

/* Room for a short text; stays as it is until KT_CTX_SHORTS more were asked for. */
static inline char *kt_ctx_short(struct kt_ctx *ctx)
{
	return ctx->shorts[ctx->shorts_at++ % KT_CTX_SHORTS];
}

/* Sets up a context; free with kt_ctx_free(). */
void kt_ctx_init(struct kt_ctx *ctx, const struct kt_ctx_ops *ops, uint64_t size);
void kt_ctx_free(struct kt_ctx *ctx);

/*
 * Runs a parser and sends END with its counts and its code; flushes. 0 when END went out (whatever
 * parse() returned: that is in END), negative when the frames could not be sent.
 */
int kt_ctx_run(struct kt_ctx *ctx, const struct kt_parser *p, struct kt_err *err);

/* Bytes of a rendered document (reports/render). */
int kt_output(struct kt_ctx *ctx, const void *p, size_t n, struct kt_err *err);
int kt_ctx_flush(struct kt_ctx *ctx, struct kt_err *err);

#endif
