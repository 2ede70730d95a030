/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/android/range.h"

#include "core/err.h"
#include "extractor/android/adb.h"
#include "extractor/android/allow.h"
#include "extractor/android/feed.h"
#include "extractor/android/shell.h"
#include "extractor/android/sync.h"
#include "extractor/android/transport.h"

#include <stdlib.h>
#include <string.h>

struct run {
	struct kt_range *g;
	const struct kt_range_req *v;
	kt_range_reply_fn *reply;
	void *ctx;
};

void kt_range_init(struct kt_range *g, struct kt_adb *a, const struct kt_allow *allow)
{
	memset(g, 0, sizeof(*g));
	g->a = a;
	g->allow = allow;
	kt_buf_init(&g->out, KT_RANGE_SUM_MAX + KT_DEV_RANGE_MAX);
}

static void wipe_out(struct kt_range *g)
{
	if (g->out.p != NULL)
		explicit_bzero(g->out.p, g->out.len);
	kt_buf_reset(&g->out);
}

void kt_range_free(struct kt_range *g)
{
	for (size_t i = 0; i < KT_RANGE_HEADS; i++) {
		if (g->head[i].p != NULL)
			explicit_bzero(g->head[i].p, KT_RANGE_HEAD_MAX);
		free(g->head[i].p);
	}
	memset(g->head, 0, sizeof(g->head));
	wipe_out(g);
	kt_buf_free(&g->out);
}

uint32_t kt_range_expected(const struct kt_range_req *q)
{
	if (q->off >= q->size)
		return 0;
	return q->size - q->off < q->len ? (uint32_t)(q->size - q->off) : q->len;
}

/* A feed into the buffer of the run. */
static int keep_data(void *ctx, const uint8_t *p, size_t n, struct kt_err *err)
{
	struct kt_range *g = ctx;

	if (kt_buf_put(&g->out, p, n) < 0)
		return KT_FAIL(err, KT_E_LIMIT, "the phone gave more than was asked for");
	return 0;
}

static int keep_flush(void *ctx, struct kt_err *err)
{
	(void)ctx;
	(void)err;
	return 0;
}

static int put_operands(struct kt_buf *in, const struct kt_range_req *q)
{
	kt_buf_puts(in, "if=");
	kt_buf_put(in, q->path, q->path_len);
	kt_buf_put_u8(in, 0);
	kt_buf_printf(in, "skip=%llu", (unsigned long long)q->off);
	kt_buf_put_u8(in, 0);
	kt_buf_printf(in, "count=%u", kt_range_expected(q));
	return kt_buf_put_u8(in, 0);
}

/*
 * Runs the command for requests pick[0..n). 0 only when it exited with 0 and gave exactly the sum
 * of what was expected: since no single dd can give more than its count, each gave its whole.
 */
static int run_dd(struct run *r, const size_t *pick, size_t n, struct kt_err *err)
{
	struct kt_feed feed = {.data = keep_data, .flush = keep_flush, .ctx = r->g};
	struct kt_shell sh = {.deadline = kt_mono_ms() + KT_RANGE_DD_MS, .out = &feed};
	struct kt_adb_stream *s = NULL;
	struct kt_buf in;
	int k = 0;

	wipe_out(r->g);
	kt_buf_init(&in, 0);
	for (size_t i = 0; i < n; i++) {
		sh.max_out += kt_range_expected(&r->v[pick[i]]);
		k = put_operands(&in, &r->v[pick[i]]);
	}
	sh.in = in.p;
	sh.in_len = in.len;
	if (k < 0)
		k = KT_FAIL(err, k, "no memory for a range");
	else
		k = kt_allow_open_range(r->g->allow, r->g->a, &s, err);
	if (k == 0)
		k = kt_shell_run(r->g->a, &s, &sh, err);
	kt_buf_free(&in);
	if (k == 0 && (sh.status != 0 || sh.out_bytes != sh.max_out))
		k = KT_FAIL(err, KT_E_PARTIAL, "range command: status %d, %llu of %llu bytes",
			    sh.status, (unsigned long long)sh.out_bytes,
			    (unsigned long long)sh.max_out);
	return k;
}

static int answer(struct run *r, size_t i, int code, enum kt_dev_method m, const uint8_t *p,
		  size_t n, const struct kt_err *why, struct kt_err *err)
{
	return r->reply(r->ctx, i, code, m, p, n, why, err);
}

/* Failures after which another way of reading makes no sense. */
static bool is_final(const struct run *r, int code)
{
	return code == KT_E_CANCELLED || code == KT_E_NOMEM || kt_adb_is_broken(r->g->a);
}

static struct kt_range_head *find_head(struct kt_range *g, const struct kt_range_req *q)
{
	for (size_t i = 0; i < KT_RANGE_HEADS; i++) {
		struct kt_range_head *h = &g->head[i];

		if (h->p != NULL && h->size == q->size && h->path_len == q->path_len &&
		    memcmp(h->path, q->path, q->path_len) == 0)
			return h;
	}
	return NULL;
}

/* An empty place for this file's beginning; the oldest gives way. NULL without memory. */
static struct kt_range_head *new_head(struct kt_range *g, const struct kt_range_req *q)
{
	struct kt_range_head *h = find_head(g, q);

	if (h == NULL) {
		h = &g->head[g->next_head];
		g->next_head = (g->next_head + 1) % KT_RANGE_HEADS;
	}
	if (h->p == NULL)
		h->p = malloc(KT_RANGE_HEAD_MAX);
	if (h->p == NULL)
		return NULL;
	explicit_bzero(h->p, KT_RANGE_HEAD_MAX);
	memcpy(h->path, q->path, q->path_len);
	h->path_len = q->path_len;
	h->size = q->size;
	h->have = 0;
	return h;
}

/* Reading from the start: where the bytes go. */
struct cut {
	struct kt_range *g;
	struct kt_range_head *head; /* may be NULL */
	uint64_t from, to, pos;
	bool whole; /* all that was asked for is there */
};

static int cut_data(void *ctx, const uint8_t *p, size_t n, struct kt_err *err)
{
	struct cut *c = ctx;
	uint64_t end = c->pos + n;
	int r = 0;

	/* what had to be read anyway may serve a neighbour; nothing is read for that */
	if (c->head != NULL && c->pos == c->head->have && c->pos < KT_RANGE_HEAD_MAX) {
		size_t k = KT_RANGE_HEAD_MAX - c->head->have;

		k = n < k ? n : k;
		memcpy(c->head->p + c->head->have, p, k);
		c->head->have += k;
	}
	if (end > c->from && c->pos < c->to) {
		uint64_t a = c->pos < c->from ? c->from - c->pos : 0;
		uint64_t b = end > c->to ? c->to - c->pos : n;

		r = keep_data(c->g, p + a, (size_t)(b - a), err);
	}
	c->pos = end;
	return r;
}

/* Stops the download, at the end of a packet, once the range is there. */
static int cut_flush(void *ctx, struct kt_err *err)
{
	struct cut *c = ctx;

	(void)err;
	if (c->pos < c->to)
		return 0;
	c->whole = true;
	return KT_E_LIMIT;
}

static int run_recv(struct run *r, const struct kt_range_req *q, struct kt_err *err)
{
	struct cut c = {.g = r->g, .from = q->off, .to = q->off + kt_range_expected(q)};
	struct kt_feed feed = {.data = cut_data, .flush = cut_flush, .ctx = &c};
	struct kt_err why = {0};
	struct kt_sync_stat after;
	struct kt_sync sync;
	uint64_t bytes;
	int k;

	wipe_out(r->g);
	c.head = new_head(r->g, q);
	kt_sync_init(&sync, r->g->a, r->g->allow);
	k = kt_sync_recv(&sync, q->root, q->path, q->path_len, UINT64_MAX, &feed, &bytes, &after,
			 &why);
	kt_sync_close(&sync);
	if (c.whole)
		return 0;
	if (k == 0 || k == KT_E_PARTIAL)
		return KT_FAIL(err, KT_E_PARTIAL, "the file ended after %llu bytes",
			       (unsigned long long)bytes);
	return KT_FAIL(err, k, "%s", kt_err_text(&why));
}

/* Serves a request out of the kept beginnings. */
static bool serve_head(struct run *r, size_t i, int *result, struct kt_err *err)
{
	const struct kt_range_req *q = &r->v[i];
	const struct kt_range_head *h = find_head(r->g, q);
	uint32_t n = kt_range_expected(q);

	if (h == NULL || q->off > h->have || h->have - q->off < n)
		return false;
	*result = answer(r, i, 0, KT_METHOD_RECV, h->p + q->off, n, NULL, err);
	return true;
}

static int serve_recv(struct run *r, size_t i, int *code, struct kt_err *err)
{
	struct kt_err why = {0};
	int result = 0;

	*code = 0;
	if (serve_head(r, i, &result, err))
		return result;
	*code = run_recv(r, &r->v[i], &why);
	return answer(r, i, *code, KT_METHOD_RECV, r->g->out.p, r->g->out.len, &why, err);
}

/* One request on its own, first the command, then the download. */
static int serve_one(struct run *r, size_t i, struct kt_err *err)
{
	struct kt_err why = {0};
	bool tried = !r->g->no_dd;
	int code = 0, k;

	if (tried) {
		code = run_dd(r, &i, 1, &why);
		if (code == 0)
			r->g->dd_failures = 0;
		if (code == 0 || is_final(r, code))
			return answer(r, i, code, KT_METHOD_DD, r->g->out.p,
				      code == 0 ? r->g->out.len : 0, &why, err);
	}
	k = serve_recv(r, i, &code, err);
	if (tried && code == 0 && ++r->g->dd_failures >= KT_RANGE_DD_GIVE_UP)
		r->g->no_dd = true;
	return k;
}

/* A batch in one command; when it is not exactly right, each request on its own. */
static int serve_batch(struct run *r, const size_t *pick, size_t n, struct kt_err *err)
{
	struct kt_err why = {0};
	size_t off = 0;
	int k = 0;

	if (n > 1 && !r->g->no_dd) {
		int code = run_dd(r, pick, n, &why);

		if (code == 0)
			r->g->dd_failures = 0;
		for (size_t i = 0; k == 0 && i < n && (code == 0 || is_final(r, code)); i++) {
			size_t len = code == 0 ? kt_range_expected(&r->v[pick[i]]) : 0;

			k = answer(r, pick[i], code, KT_METHOD_DD, r->g->out.p + off, len, &why,
				   err);
			off += len;
		}
		if (code == 0 || is_final(r, code))
			return k;
	}
	for (size_t i = 0; k == 0 && i < n; i++)
		k = serve_one(r, pick[i], err);
	return k;
}

static bool has_control(const struct kt_range_req *q)
{
	for (size_t i = 0; i < q->path_len; i++)
		if (q->path[i] < 0x20 || q->path[i] == 0x7f)
			return true;
	return false;
}

/* Answers what needs no phone. */
static bool serve_at_once(struct run *r, size_t i, int *result, struct kt_err *err)
{
	const struct kt_range_req *q = &r->v[i];
	struct kt_err why = {0};
	int code = kt_allow_path(r->g->allow, q->root, q->path, q->path_len, &why);

	if (code == 0 && q->len > KT_DEV_RANGE_MAX)
		code = KT_FAIL(&why, KT_E_LIMIT, "range of %u bytes is too long", q->len);
	if (code == 0 && kt_adb_is_broken(r->g->a))
		code = KT_FAIL(&why, KT_E_DEVICE, "the phone is gone");
	if (code == 0 && kt_range_expected(q) > 0)
		return serve_head(r, i, result, err);
	*result = answer(r, i, code, KT_METHOD_NONE, NULL, 0, &why, err);
	return true;
}

int kt_range_run(struct kt_range *g, const struct kt_range_req *v, size_t n,
		 kt_range_reply_fn *reply, void *ctx, struct kt_err *err)
{
	struct run r = {.g = g, .v = v, .reply = reply, .ctx = ctx};
	size_t pick[KT_DEV_BATCH], m = 0, sum = 0;
	int k = 0;

	for (size_t i = 0; k == 0 && i < n; i++) {
		uint32_t len = kt_range_expected(&v[i]);

		if (serve_at_once(&r, i, &k, err))
			continue;
		if (has_control(&v[i])) {
			k = serve_one(&r, i, err);
			continue;
		}
		if (m == KT_DEV_BATCH || sum + len > KT_RANGE_SUM_MAX) {
			k = serve_batch(&r, pick, m, err);
			m = sum = 0;
		}
		pick[m++] = i;
		sum += len;
	}
	if (k == 0)
		k = serve_batch(&r, pick, m, err);
	wipe_out(g);
	return k;
}
