/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/fuzz/fuzz.h"
#include "core/frame.h"
#include "parsers/host/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
	const uint8_t *p;
	size_t n;
	const struct kt_fuzz_sibling *sib;
	struct kt_stream stream;
	bool print;
	int end_code;
};

static int mem_read(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct run *r = arg;

	(void)err;
	if (off > r->n || n > r->n - off)
		abort(); /* the SDK must have cut it */
	memcpy(p, r->p + off, n);
	*got = n;
	return 0;
}

static int mem_sibling(void *arg, enum kt_sibling which, uint64_t off, void *p, size_t n,
		       size_t *got, struct kt_err *err)
{
	const struct kt_fuzz_sibling *s = &((struct run *)arg)->sib[which];

	(void)err;
	if (s->p == NULL || off > s->n || n > s->n - off)
		abort(); /* likewise */
	memcpy(p, s->p + off, n);
	*got = n;
	return 0;
}

static void print_event(struct run *r, const struct kt_event *ev)
{
	struct kt_buf line;

	kt_buf_init(&line, 0);
	kt_event_json(ev, &line);
	if (r->print && line.len > 0)
		printf("%.*s\n", (int)line.len, (const char *)line.p);
	kt_buf_free(&line);
}

static int take_frames(void *arg, const void *p, size_t n, struct kt_err *err)
{
	struct run *r = arg;
	const uint8_t *at = p;

	while (n > 0) {
		struct kt_event ev;
		uint32_t len;

		if (n < KT_FRAME_HEAD)
			abort();
		len = kt_get_le32(at);
		if (len > n - KT_FRAME_HEAD)
			abort();
		if (kt_stream_frame(&r->stream, at[4], at + KT_FRAME_HEAD, len, &ev, err) < 0)
			abort();
		print_event(r, &ev);
		if (ev.kind == KT_EV_END)
			r->end_code = ev.code;
		at += KT_FRAME_HEAD + len;
		n -= KT_FRAME_HEAD + len;
	}
	return 0;
}

static int run(const struct kt_parser *p, const uint8_t *data, size_t n,
	       const struct kt_fuzz_sibling *sib, bool print)
{
	struct run r = {.p = data, .n = n, .sib = sib, .print = print, .end_code = 1};
	struct kt_ctx_ops ops = {mem_read, take_frames, &r, mem_sibling};
	struct kt_ctx ctx;
	struct kt_err err = {0};

	kt_stream_init(&r.stream, true);
	kt_ctx_init(&ctx, &ops, n);
	for (int i = 0; sib != NULL && i < KT_SIBLINGS; i++)
		if (sib[i].p != NULL)
			ctx.sibling_size[i] = sib[i].n;
	if (kt_ctx_run(&ctx, p, &err) < 0)
		abort();
	kt_ctx_free(&ctx);
	if (!r.stream.ended || r.end_code > 0)
		abort();
	return r.end_code;
}

int kt_fuzz_parse(const struct kt_parser *p, const uint8_t *data, size_t n)
{
	return run(p, data, n, NULL, false);
}

int kt_fuzz_parse_group(const struct kt_parser *p, const uint8_t *data, size_t n,
			const struct kt_fuzz_sibling sib[KT_SIBLINGS])
{
	return run(p, data, n, sib, false);
}

int kt_try_parse(const struct kt_parser *p, const uint8_t *data, size_t n,
		 const struct kt_fuzz_sibling sib[KT_SIBLINGS])
{
	return run(p, data, n, sib, true);
}
