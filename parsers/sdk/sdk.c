/* SPDX-License-Identifier: EUPL-1.2 */
/* What plugins call: input, output, counting, memory. See keten_parser.h. */
#include "core/frame.h"
#include "parsers/sdk/ctx.h"

#include <stdlib.h>
#include <string.h>

#define FLUSH_AT    ((size_t)64 << 10)
#define ARENA_CHUNK ((size_t)64 << 10)
#define ARENA_MAX   ((uint64_t)16 << 20)

void kt_ctx_init(struct kt_ctx *ctx, const struct kt_ctx_ops *ops, uint64_t size)
{
	memset(ctx, 0, sizeof(*ctx));
	ctx->ops = *ops;
	ctx->size = size;
	for (int i = 0; i < KT_SIBLINGS; i++)
		ctx->sibling_size[i] = KT_SIBLING_NONE;
	ctx->max_records = 20 * 1000 * 1000;
	ctx->max_arena = ARENA_MAX;
	kt_buf_init(&ctx->out, KT_FRAME_MAX + 2 * FLUSH_AT);
}

static void arena_free(struct kt_ctx *ctx)
{
	uint8_t *c = ctx->arena;

	while (c != NULL) {
		uint8_t *next;
		memcpy(&next, c, sizeof(next));
		free(c);
		c = next;
	}
	ctx->arena = NULL;
	ctx->arena_used = ctx->arena_cap = ctx->arena_total = 0;
}

struct kt_ctx_end {
	void (*fn)(void *arg);
	void *arg;
	struct kt_ctx_end *next;
};

int kt_ctx_at_end(struct kt_ctx *ctx, void (*fn)(void *arg), void *arg, struct kt_err *err)
{
	struct kt_ctx_end *e = kt_alloc(ctx, sizeof(*e));

	if (e == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	*e = (struct kt_ctx_end){fn, arg, ctx->ends};
	ctx->ends = e;
	return 0;
}

static void run_ends(struct kt_ctx *ctx)
{
	for (struct kt_ctx_end *e = ctx->ends; e != NULL; e = e->next)
		e->fn(e->arg);
	ctx->ends = NULL;
}

void kt_ctx_free(struct kt_ctx *ctx)
{
	run_ends(ctx);
	kt_buf_free(&ctx->out);
	arena_free(ctx);
}

int kt_ctx_flush(struct kt_ctx *ctx, struct kt_err *err)
{
	int r;

	if (ctx->out.failed)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for frames");
	if (ctx->out.len == 0)
		return 0;
	r = ctx->ops.frames(ctx->ops.arg, ctx->out.p, ctx->out.len, err);
	kt_buf_reset(&ctx->out);
	return r;
}

static int frame_done(struct kt_ctx *ctx, size_t start, struct kt_err *err)
{
	kt_frame_end(&ctx->out, start);
	ctx->sent += ctx->out.len - start;
	return ctx->out.len >= FLUSH_AT || ctx->out.failed ? kt_ctx_flush(ctx, err) : 0;
}

int kt_ctx_run(struct kt_ctx *ctx, const struct kt_parser *p, struct kt_err *err)
{
	struct kt_err own = {0};
	char story[400];
	int code = p->parse(ctx, &own);
	size_t start;

	run_ends(ctx);
	arena_free(ctx);
	start = kt_frame_begin(&ctx->out, KT_WF_END);
	kt_buf_put_le64(&ctx->out, ctx->seen);
	kt_buf_put_le64(&ctx->out, ctx->emitted);
	kt_buf_put_le64(&ctx->out, ctx->skipped);
	kt_buf_put_le32(&ctx->out, (uint32_t)code);
	kt_err_story(&own, story, sizeof(story));
	kt_buf_put_blob(&ctx->out, story, strlen(story));
	kt_frame_end(&ctx->out, start);
	return kt_ctx_flush(ctx, err);
}

uint64_t kt_in_size(const struct kt_ctx *ctx)
{
	return ctx->size;
}

int kt_in_read(struct kt_ctx *ctx, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err)
{
	*got = 0;
	if (off >= ctx->size || n == 0)
		return 0;
	if (n > ctx->size - off)
		n = (size_t)(ctx->size - off);
	return ctx->ops.read(ctx->ops.arg, off, p, n, got, err);
}

int kt_in_exact(struct kt_ctx *ctx, uint64_t off, void *p, size_t n, struct kt_err *err)
{
	size_t got;
	int r = kt_in_read(ctx, off, p, n, &got, err);

	if (r < 0)
		return r;
	return got == n ? 0 : KT_FAIL(err, KT_E_FORMAT, "ends early");
}

static int json_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct kt_lines *at = arg; /* only ctx and off are used: see kt_in_json() */
	int r = kt_in_read(at->ctx, at->off, p, n, got, err);

	at->off += *got;
	return r;
}

static int json_no_memory(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	(void)arg;
	(void)p;
	(void)n;
	*got = 0;
	return KT_FAIL(err, KT_E_NOMEM, "no memory for reading JSON");
}

struct kt_json_src kt_in_json(struct kt_ctx *ctx, uint64_t off)
{
	struct kt_json_src src = {json_read, NULL, off};
	struct kt_lines *at = kt_alloc(ctx, sizeof(*at));

	if (at != NULL) {
		memset(at, 0, sizeof(*at));
		at->ctx = ctx;
		at->off = off;
	} else {
		src.read = json_no_memory;
	}
	src.arg = at;
	return src;
}

void kt_lines_init(struct kt_lines *l, struct kt_ctx *ctx)
{
	memset(l, 0, sizeof(*l));
	l->ctx = ctx;
	kt_buf_init(&l->buf, 2 * (size_t)KT_LINE_MAX + 16);
}

void kt_lines_free(struct kt_lines *l)
{
	kt_buf_free(&l->buf);
}

static int lines_fill(struct kt_lines *l, struct kt_err *err)
{
	size_t got;
	int r;

	kt_buf_consume(&l->buf, l->used);
	l->used = 0;
	if (kt_buf_reserve(&l->buf, KT_LINE_MAX) < 0)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for lines");
	r = kt_in_read(l->ctx, l->off, l->buf.p + l->buf.len, KT_LINE_MAX, &got, err);
	if (r < 0)
		return r;
	l->buf.len += got;
	l->off += got;
	l->eof = got == 0;
	return 0;
}

int kt_lines_next(struct kt_lines *l, struct kt_str *s, bool *cut, struct kt_err *err)
{
	size_t left, n;
	const uint8_t *nl;
	int r;

	for (;;) {
		left = l->buf.len - l->used;
		nl = left > 0 ? memchr(l->buf.p + l->used, '\n', left) : NULL;
		if (nl != NULL || left >= KT_LINE_MAX || l->eof)
			break;
		r = lines_fill(l, err);
		if (r < 0)
			return r;
	}
	if (left == 0)
		return 0;
	n = nl != NULL		 ? (size_t)(nl - (l->buf.p + l->used))
	    : left < KT_LINE_MAX ? left
				 : KT_LINE_MAX;
	*cut = nl == NULL && !l->eof;
	s->p = (const char *)l->buf.p + l->used;
	s->len = (uint32_t)n;
	l->line_no++;
	l->line_off = l->off - left;
	l->used += n + (nl != NULL ? 1 : 0);
	if (s->len > 0 && nl != NULL && s->p[s->len - 1] == '\r')
		s->len--;
	return 1;
}

void kt_seen(struct kt_ctx *ctx, uint64_t n)
{
	ctx->seen += n;
}

static int count_frame(struct kt_ctx *ctx, struct kt_err *err)
{
	uint64_t bytes = ctx->size;

	if (++ctx->frames > ctx->max_records)
		return KT_FAIL(err, KT_E_LIMIT, "more than %llu records",
			       (unsigned long long)ctx->max_records);
	if (ctx->sibling_size[KT_SIBLING_WAL] != KT_SIBLING_NONE)
		bytes += ctx->sibling_size[KT_SIBLING_WAL];
	if (ctx->sent > kt_ctx_out_max(bytes) - KT_CTX_OUT_SPARE)
		return KT_FAIL(err, KT_E_LIMIT,
			       "far more to report than a file of this size holds");
	return 0;
}

int kt_emit(struct kt_ctx *ctx, const struct kt_record *r, struct kt_err *err)
{
	size_t start = ctx->out.len;
	int c = count_frame(ctx, err);
	struct kt_record seen;

	if (c < 0)
		return c;
	/* a row of a database says through which of its files it was seen */
	if (ctx->view != NULL && kt_rec_attr(r, KT_F_SOURCE_VIEW) == NULL) {
		kt_rec_copy(&seen, r);
		kt_rec_str(&seen, KT_F_SOURCE_VIEW, ctx->view, strlen(ctx->view));
		r = &seen;
	}
	kt_frame_begin(&ctx->out, KT_WF_RECORD);
	c = kt_rec_encode(r, &ctx->out, err);
	if (c < 0) {
		ctx->out.len = start;
		return c;
	}
	ctx->emitted++;
	return frame_done(ctx, start, err);
}

int kt_skip(struct kt_ctx *ctx, const char *reason, uint64_t n, const struct kt_locator *loc,
	    struct kt_err *err)
{
	size_t start;
	int c;

	if (n == 0)
		return 0;
	c = count_frame(ctx, err);
	if (c < 0)
		return c;
	start = kt_frame_begin(&ctx->out, KT_WF_SKIP);
	kt_buf_put_le64(&ctx->out, n);
	kt_buf_put_blob(&ctx->out, reason, strlen(reason));
	kt_buf_put_u8(&ctx->out, loc != NULL ? loc->kind : 0);
	kt_buf_put_le64(&ctx->out, loc != NULL ? loc->off : 0);
	kt_buf_put_le64(&ctx->out, loc != NULL ? loc->len : 0);
	kt_buf_put_blob(&ctx->out, loc != NULL ? loc->path.p : "",
			loc == NULL			 ? 0
			: loc->path.len < KT_REC_STR_MAX ? loc->path.len
							 : KT_REC_STR_MAX);
	ctx->skipped += n;
	return frame_done(ctx, start, err);
}

int kt_note(struct kt_ctx *ctx, const char *code, const char *text, struct kt_err *err)
{
	size_t n = strlen(text), start;
	int c = count_frame(ctx, err);

	if (c < 0)
		return c;
	start = kt_frame_begin(&ctx->out, KT_WF_NOTE);
	kt_buf_put_blob(&ctx->out, code, strlen(code));
	kt_buf_put_blob(&ctx->out, text, n < KT_REC_STR_MAX ? n : KT_REC_STR_MAX);
	return frame_done(ctx, start, err);
}

int kt_output(struct kt_ctx *ctx, const void *p, size_t n, struct kt_err *err)
{
	const uint8_t *at = p;

	while (n > 0) {
		size_t k = n < FLUSH_AT ? n : FLUSH_AT;
		size_t start = kt_frame_begin(&ctx->out, KT_WF_OUTPUT);
		int r;

		kt_buf_put(&ctx->out, at, k);
		r = frame_done(ctx, start, err);
		if (r < 0)
			return r;
		at += k;
		n -= k;
	}
	return 0;
}

void *kt_alloc(struct kt_ctx *ctx, size_t n)
{
	void *p;

	if (n > ctx->max_arena)
		return NULL;
	n = (n + 15) & ~(size_t)15;
	if (ctx->arena == NULL || ctx->arena_cap - ctx->arena_used < n) {
		size_t cap = (n > ARENA_CHUNK ? n : ARENA_CHUNK) + 16;
		uint8_t *c;

		if (ctx->arena_total + cap > ctx->max_arena)
			return NULL;
		c = malloc(cap);
		if (c == NULL)
			return NULL;
		memcpy(c, &ctx->arena, sizeof(ctx->arena));
		ctx->arena = c;
		ctx->arena_used = 16;
		ctx->arena_cap = cap;
		ctx->arena_total += cap;
	}
	p = ctx->arena + ctx->arena_used;
	ctx->arena_used += n;
	return p;
}

void kt_rec_init(struct kt_record *r, enum kt_rec_type type, enum kt_rec_basis basis)
{
	kt_rec_clear(r);
	r->type = (uint8_t)type;
	r->basis = (uint8_t)basis;
}

void kt_set_unusable(struct kt_record *r, const char *reason)
{
	r->pos_state = KT_POS_UNUSABLE;
	r->pos_reason = kt_str_c(reason);
	r->lat_e7 = r->lon_e7 = 0;
}

#define NEAR_NULL_E7 1000 /* 0.0001 degree, about 11 m */

void kt_set_position(struct kt_record *r, int64_t lat_e7, int64_t lon_e7)
{
	if (lat_e7 < -KT_E7_LAT_MAX || lat_e7 > KT_E7_LAT_MAX || lon_e7 < -KT_E7_LON_MAX ||
	    lon_e7 > KT_E7_LON_MAX) {
		kt_set_unusable(r, "out-of-range");
		return;
	}
	r->pos_state = KT_POS_OK;
	r->lat_e7 = (int32_t)lat_e7;
	r->lon_e7 = (int32_t)lon_e7;
	if (lat_e7 > -NEAR_NULL_E7 && lat_e7 < NEAR_NULL_E7 && lon_e7 > -NEAR_NULL_E7 &&
	    lon_e7 < NEAR_NULL_E7)
		r->flags |= KT_FLAG_NULL_ISLAND;
}

/* An exponent as written; beyond +-400 nothing of ours fits anyway. */
static int exponent(const char *p, size_t n, int *e)
{
	bool neg = false;
	size_t i = 0;

	if (n > 0 && (p[0] == '-' || p[0] == '+')) {
		neg = p[0] == '-';
		i = 1;
	}
	if (i == n || n - i > 3)
		return KT_E_FORMAT;
	*e = 0;
	for (; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return KT_E_FORMAT;
		*e = *e * 10 + (p[i] - '0');
	}
	if (neg)
		*e = -*e;
	return 0;
}

/*
 * Digits with at most one point into mant (as many as fit) and the power of ten behind it. A whole
 * digit that does not fit leaves a mant that times ten exceeds every int64_t.
 */
static int mantissa(const char *p, size_t n, uint64_t *mant, int *power, bool *any)
{
	bool point = false;

	*mant = 0;
	*power = 0;
	*any = false;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (p[i] < '0' || p[i] > '9')
			return KT_E_FORMAT;
		*any = true;
		if (*mant <= (UINT64_MAX - 9) / 10) {
			*mant = *mant * 10 + (uint64_t)(p[i] - '0');
			*power -= point;
		} else {
			*power += !point;
		}
	}
	return 0;
}

int kt_parse_scaled(const char *p, size_t n, unsigned scale, int64_t *v)
{
	bool neg = n > 0 && p[0] == '-', any;
	size_t start = n > 0 && (p[0] == '-' || p[0] == '+') ? 1 : 0, end = start;
	uint64_t m;
	int power, e = 0;

	while (end < n && p[end] != 'e' && p[end] != 'E')
		end++;
	if (mantissa(p + start, end - start, &m, &power, &any) < 0 || !any)
		return KT_E_FORMAT;
	if (end < n && exponent(p + end + 1, n - end - 1, &e) < 0)
		return KT_E_FORMAT;
	power += e + (int)scale;
	for (; power > 0 && m != 0; power--)
		if (__builtin_mul_overflow(m, (uint64_t)10, &m))
			return KT_E_FORMAT;
	for (; power < -1 && m != 0; power++)
		m /= 10;
	if (power == -1)
		m = m / 10 + (m % 10 >= 5);
	if (m > INT64_MAX)
		return KT_E_FORMAT;
	*v = neg ? -(int64_t)m : (int64_t)m;
	return 0;
}
