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

#define KT_WF_PROTO 1u

struct kt_ctx_ops {
	/* Like kt_in_read(). */
	int (*read)(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err);
	/* Takes complete frames (any number, kt_frame layout). 0 or a negative code. */
	int (*frames)(void *arg, const void *p, size_t n, struct kt_err *err);
	void *arg;
};

struct kt_ctx {
	struct kt_ctx_ops ops;
	uint64_t size;
	uint64_t max_records; /* emit + skip frames allowed */
	uint64_t seen, emitted, skipped, frames;
	struct kt_buf out;
	uint8_t *arena; /* chunks, linked through their first bytes */
	size_t arena_used, arena_cap, arena_total;
	uint64_t max_arena;
};

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
