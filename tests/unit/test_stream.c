/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "parsers/host/stream.h"
#include "parsers/sdk/ctx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t types[] = {KT_WF_HELLO, KT_WF_RECORD, KT_WF_SKIP, KT_WF_NOTE,
				KT_WF_RANGE, KT_WF_OUTPUT, KT_WF_END};

static void hello(struct kt_buf *b)
{
	kt_buf_reset(b);
	kt_buf_put_le32(b, KT_WF_PROTO);
	kt_buf_put_le32(b, 63);
}

static void record(struct kt_buf *b)
{
	struct kt_record r;

	kt_buf_reset(b);
	kt_rec_init(&r, KT_REC_POSITION, KT_BASIS_MEASURED);
	r.loc.kind = KT_LOC_BYTES;
	kt_set_position(&r, 1, 2);
	assert_int_equal(kt_rec_encode(&r, b, NULL), 0);
}

static void put_skip(struct kt_buf *b, uint64_t n, const char *reason, uint8_t kind)
{
	kt_buf_reset(b);
	kt_buf_put_le64(b, n);
	kt_buf_put_blob(b, reason, strlen(reason));
	kt_buf_put_u8(b, kind);
	kt_buf_put_le64(b, 10);
	kt_buf_put_le64(b, 20);
	kt_buf_put_blob(b, "$.x", 3);
}

static void note(struct kt_buf *b, const char *code)
{
	kt_buf_reset(b);
	kt_buf_put_blob(b, code, strlen(code));
	kt_buf_put_blob(b, "text", 4);
}

static void range(struct kt_buf *b, uint64_t off, uint32_t len)
{
	kt_buf_reset(b);
	kt_buf_put_le64(b, off);
	kt_buf_put_le32(b, len);
}

static void end(struct kt_buf *b, uint64_t seen, uint64_t emitted, uint64_t skipped, int32_t code)
{
	kt_buf_reset(b);
	kt_buf_put_le64(b, seen);
	kt_buf_put_le64(b, emitted);
	kt_buf_put_le64(b, skipped);
	kt_buf_put_le32(b, (uint32_t)code);
	kt_buf_put_blob(b, "", 0);
}

static void frame_of(struct kt_buf *b, uint8_t type)
{
	switch (type) {
	case KT_WF_HELLO:
		hello(b);
		break;
	case KT_WF_RECORD:
		record(b);
		break;
	case KT_WF_SKIP:
		put_skip(b, 2, "not-a-position", KT_LOC_JSON);
		break;
	case KT_WF_NOTE:
		note(b, "some-code");
		break;
	case KT_WF_RANGE:
		range(b, 0, 100);
		break;
	case KT_WF_OUTPUT:
		kt_buf_reset(b);
		kt_buf_puts(b, "bytes");
		break;
	default:
		end(b, 0, 0, 0, 0);
	}
}

static struct kt_event ev;

static int send(struct kt_stream *s, uint8_t type, const struct kt_buf *b)
{
	return kt_stream_frame(s, type, b->p, b->len, &ev, NULL);
}

static void ready(struct kt_stream *s, struct kt_buf *b)
{
	kt_stream_init(s, false);
	s->may_range = s->may_output = true;
	s->max_output = 100;
	hello(b);
	assert_int_equal(send(s, KT_WF_HELLO, b), 0);
}

/* Every frame in every phase. */
static void every_frame_in_every_phase(void **state)
{
	struct kt_stream s;
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(types); i++) {
		/* before hello */
		kt_stream_init(&s, false);
		s.may_range = s.may_output = true;
		s.max_output = 100;
		frame_of(&b, types[i]);
		assert_int_equal(send(&s, types[i], &b), types[i] == KT_WF_HELLO ? 0 : KT_E_FORMAT);
		/* after hello */
		ready(&s, &b);
		frame_of(&b, types[i]);
		assert_int_equal(send(&s, types[i], &b), types[i] == KT_WF_HELLO ? KT_E_FORMAT : 0);
		/* after end */
		ready(&s, &b);
		end(&b, 0, 0, 0, 0);
		assert_int_equal(send(&s, KT_WF_END, &b), 0);
		frame_of(&b, types[i]);
		assert_int_equal(send(&s, types[i], &b), KT_E_FORMAT);
		/* in process there is no hello */
		kt_stream_init(&s, true);
		frame_of(&b, types[i]);
		assert_int_equal(send(&s, types[i], &b), types[i] == KT_WF_HELLO    ? KT_E_FORMAT
							 : types[i] == KT_WF_RANGE  ? KT_E_FORMAT
							 : types[i] == KT_WF_OUTPUT ? KT_E_FORMAT
										    : 0);
	}
	for (unsigned t = 0; t < 256; t++) {
		if (memchr(types, (int)t, sizeof(types)) != NULL)
			continue;
		ready(&s, &b);
		assert_int_equal(send(&s, (uint8_t)t, &b), KT_E_FORMAT);
	}
	kt_buf_free(&b);
}

/* Each frame cut at each byte, and with one byte more. OUTPUT alone has no fixed length. */
static void lengths_are_exact(void **state)
{
	struct kt_stream s;
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(types); i++) {
		size_t len;

		if (types[i] == KT_WF_OUTPUT)
			continue;
		frame_of(&b, types[i]);
		len = b.len;
		for (size_t n = 0; n <= len + 1; n++) {
			int want = n == len ? 0 : KT_E_FORMAT;

			if (types[i] == KT_WF_HELLO)
				kt_stream_init(&s, false);
			else
				ready(&s, &b);
			frame_of(&b, types[i]);
			kt_buf_putc(&b, 0);
			assert_int_equal(kt_stream_frame(&s, types[i], b.p, n, &ev, NULL), want);
		}
	}
	kt_buf_free(&b);
}

static void counts_must_agree(void **state)
{
	static const struct {
		uint64_t seen, emitted, skipped;
		int32_t code;
		int want;
	} t[] = {
		{4, 2, 2, 0, 0},
		{4, 3, 2, 0, KT_E_FORMAT},
		{4, 1, 2, 0, KT_E_FORMAT},
		{4, 2, 1, 0, KT_E_FORMAT},
		{4, 2, 3, 0, KT_E_FORMAT},
		{5, 2, 2, 0, KT_E_FORMAT},
		{3, 2, 2, 0, KT_E_FORMAT},
		/* the sum is right, the parts are not */
		{3, 2, 1, 0, KT_E_FORMAT},
		{4, 3, 1, 0, KT_E_FORMAT},
		/* a parser that failed has not met everything, but what it sent must still agree */
		{9, 2, 2, KT_E_FORMAT, 0},
		{9, 3, 2, KT_E_FORMAT, KT_E_FORMAT},
		{4, 2, 2, 1, KT_E_FORMAT},
		{4, 2, 2, KT_E_PARTIAL, 0},
		{4, 2, 2, KT_E_PARTIAL - 1, KT_E_FORMAT},
		{4, 2, 2, INT32_MIN, KT_E_FORMAT},
		{1, UINT64_MAX, 2, 0, KT_E_FORMAT},
	};
	struct kt_stream s;
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		ready(&s, &b);
		record(&b);
		assert_int_equal(send(&s, KT_WF_RECORD, &b), 0);
		assert_int_equal(send(&s, KT_WF_RECORD, &b), 0);
		put_skip(&b, 2, "other", 0);
		assert_int_equal(send(&s, KT_WF_SKIP, &b), 0);
		end(&b, t[i].seen, t[i].emitted, t[i].skipped, t[i].code);
		assert_int_equal(send(&s, KT_WF_END, &b), t[i].want);
		assert_int_equal(s.ended, t[i].want == 0);
	}
	kt_buf_free(&b);
}

static void words_are_words(void **state)
{
	static const char *const bad[] = {
		"",
		"A",
		"a b",
		"a_b",
		"<b>",
		"a\n",
		"\xc3\xa9",
		"a.b",
		"\x1b[2J",
		"a234567890123456789012345678901234567890123456789012345678901234"
		"x"};
	struct kt_stream s;
	struct kt_record r;
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ready(&s, &b);
		put_skip(&b, 1, bad[i], 0);
		assert_int_equal(send(&s, KT_WF_SKIP, &b), KT_E_FORMAT);
		ready(&s, &b);
		note(&b, bad[i]);
		assert_int_equal(send(&s, KT_WF_NOTE, &b), KT_E_FORMAT);
		if (bad[i][0] == '\0')
			continue;
		ready(&s, &b);
		kt_rec_init(&r, KT_REC_MEDIA, KT_BASIS_MEASURED);
		r.loc.kind = KT_LOC_BYTES;
		kt_set_unusable(&r, bad[i]);
		kt_buf_reset(&b);
		if (kt_rec_encode(&r, &b, NULL) == 0)
			assert_int_equal(send(&s, KT_WF_RECORD, &b), KT_E_FORMAT);
	}
	kt_buf_free(&b);
}

static void skips_are_checked(void **state)
{
	struct kt_stream s;
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	ready(&s, &b);
	put_skip(&b, 0, "none", 0);
	assert_int_equal(send(&s, KT_WF_SKIP, &b), KT_E_FORMAT);
	ready(&s, &b);
	put_skip(&b, UINT64_MAX, "all", 0);
	assert_int_equal(send(&s, KT_WF_SKIP, &b), KT_E_FORMAT);
	ready(&s, &b);
	put_skip(&b, 1, "where", KT_LOC_END);
	assert_int_equal(send(&s, KT_WF_SKIP, &b), KT_E_FORMAT);
	ready(&s, &b);
	put_skip(&b, INT64_MAX, "many", KT_LOC_ROW);
	assert_int_equal(send(&s, KT_WF_SKIP, &b), 0);
	assert_int_equal(ev.kind, KT_EV_SKIP);
	assert_true(ev.n == INT64_MAX && ev.loc.off == 10 && ev.loc.len == 20);
	assert_int_equal(send(&s, KT_WF_SKIP, &b), 0);
	assert_int_equal(send(&s, KT_WF_SKIP, &b), KT_E_FORMAT); /* the sum overflows */
	kt_buf_free(&b);
}

static void quotas_hold(void **state)
{
	struct kt_stream s;
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	ready(&s, &b);
	s.max_records = 3;
	record(&b);
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(&s, KT_WF_RECORD, &b), 0);
	assert_int_equal(send(&s, KT_WF_RECORD, &b), KT_E_LIMIT);
	ready(&s, &b);
	s.max_records = 3;
	put_skip(&b, 1, "x", 0);
	assert_int_equal(send(&s, KT_WF_SKIP, &b), 0);
	note(&b, "y");
	assert_int_equal(send(&s, KT_WF_NOTE, &b), 0);
	assert_int_equal(send(&s, KT_WF_NOTE, &b), 0);
	assert_int_equal(send(&s, KT_WF_NOTE, &b), KT_E_LIMIT);
	put_skip(&b, 1, "x", 0);
	assert_int_equal(send(&s, KT_WF_SKIP, &b), KT_E_LIMIT);
	ready(&s, &b);
	s.max_output = 9;
	frame_of(&b, KT_WF_OUTPUT);
	assert_int_equal(send(&s, KT_WF_OUTPUT, &b), 0);
	assert_int_equal(send(&s, KT_WF_OUTPUT, &b), KT_E_LIMIT);
	ready(&s, &b);
	s.max_bytes = 8 + 250;
	record(&b);
	assert_true(b.len < 125);
	assert_int_equal(send(&s, KT_WF_RECORD, &b), 0);
	for (int i = 0; i < 4; i++)
		(void)send(&s, KT_WF_RECORD, &b);
	assert_int_equal(send(&s, KT_WF_RECORD, &b), KT_E_LIMIT);
	ready(&s, &b);
	range(&b, 0, 1);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(send(&s, KT_WF_RANGE, &b), 0);
	assert_int_equal(send(&s, KT_WF_RANGE, &b), KT_E_LIMIT);
	kt_buf_free(&b);
}

static void ranges_are_checked(void **state)
{
	struct kt_stream s;
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	ready(&s, &b);
	range(&b, 5, 256u << 10);
	assert_int_equal(send(&s, KT_WF_RANGE, &b), 0);
	assert_true(ev.off == 5 && ev.len == 256u << 10);
	range(&b, 5, 0);
	assert_int_equal(send(&s, KT_WF_RANGE, &b), KT_E_FORMAT);
	range(&b, 5, (256u << 10) + 1);
	assert_int_equal(send(&s, KT_WF_RANGE, &b), KT_E_FORMAT);
	range(&b, UINT64_MAX, 1);
	assert_int_equal(send(&s, KT_WF_RANGE, &b), KT_E_FORMAT);
	kt_buf_free(&b);
}

static void other_protocols_are_refused(void **state)
{
	struct kt_stream s;
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	kt_stream_init(&s, false);
	kt_buf_put_le32(&b, KT_WF_PROTO + 1);
	kt_buf_put_le32(&b, 63);
	assert_int_equal(send(&s, KT_WF_HELLO, &b), KT_E_FORMAT);
	assert_false(s.hello);
	kt_buf_free(&b);
}

/* Any bytes as any frame: refused or harmless. */
static void noise_is_survived(void **state)
{
	unsigned rnd = 7;
	struct kt_stream s;
	struct kt_buf b, out;
	uint8_t m[256];

	(void)state;
	kt_buf_init(&b, 0);
	kt_buf_init(&out, 0);
	for (int i = 0; i < 300000; i++) {
		uint8_t type = types[i % (int)sizeof(types)];

		ready(&s, &b);
		frame_of(&b, type);
		memcpy(m, b.p, b.len);
		for (int k = 0; k < 2; k++) {
			rnd = rnd * 1103515245 + 12345;
			m[(rnd >> 8) % b.len] = (uint8_t)(rnd >> 24);
		}
		if (kt_stream_frame(&s, type, m, b.len, &ev, NULL) == 0) {
			kt_buf_reset(&out);
			kt_event_json(&ev, &out);
			assert_false(out.failed);
		}
	}
	kt_buf_free(&b);
	kt_buf_free(&out);
}

/* -- the SDK's end of it ---------------------------------------------------------------------- */

struct run {
	struct kt_stream s;
	int code;
	unsigned frames;
};

static int take(void *arg, const void *p, size_t n, struct kt_err *err)
{
	const uint8_t *at = p;
	struct run *r = arg;

	while (n > 0) {
		uint32_t len = kt_get_le32(at);

		assert_true(n >= 5 && len <= n - 5);
		assert_int_equal(kt_stream_frame(&r->s, at[4], at + 5, len, &ev, err), 0);
		if (ev.kind == KT_EV_END)
			r->code = ev.code;
		r->frames++;
		at += 5 + len;
		n -= 5 + len;
	}
	return 0;
}

static int no_read(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err)
{
	(void)arg;
	(void)off;
	memset(p, 'l', n);
	*got = n;
	(void)err;
	return 0;
}

static int many(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_locator loc = {.kind = KT_LOC_BYTES, .off = 1, .len = 2};
	int c = 0;

	for (int i = 0; i < 5000 && c == 0; i++) {
		struct kt_record r;

		kt_rec_init(&r, KT_REC_PROPERTY, KT_BASIS_STATED);
		r.loc = loc;
		kt_rec_str(&r, KT_F_NAME, "name", 4);
		kt_seen(ctx, 2);
		c = kt_emit(ctx, &r, err);
		if (c == 0)
			c = kt_skip(ctx, "for-a-reason", 1, i % 2 ? &loc : NULL, err);
	}
	kt_note(ctx, "a-note", "of some length", NULL);
	return c;
}

static int fails(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_record r;

	kt_rec_init(&r, KT_REC_PROPERTY, KT_BASIS_STATED);
	kt_seen(ctx, 3);
	/* no locator: refused before it leaves, and no trace of it stays in the stream */
	assert_int_equal(kt_emit(ctx, &r, NULL), KT_E_FORMAT);
	return KT_FAIL(err, KT_E_FORMAT, "this is not what it should be");
}

static int greedy(struct kt_ctx *ctx, struct kt_err *err)
{
	size_t all = 0;

	(void)err;
	assert_null(kt_alloc(ctx, SIZE_MAX));
	assert_null(kt_alloc(ctx, SIZE_MAX - 8));
	for (;;) {
		uint8_t *p = kt_alloc(ctx, 1000);

		if (p == NULL)
			break;
		assert_int_equal((uintptr_t)p % 16, 0);
		memset(p, 1, 1000);
		all += 1000;
	}
	assert_in_range(all, 8 << 20, 16 << 20);
	return 0;
}

static int long_lines(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_lines l;
	struct kt_str s;
	size_t all = 0;
	bool cut;

	(void)err;
	kt_lines_init(&l, ctx);
	while (kt_lines_next(&l, &s, &cut, NULL) == 1) {
		assert_true(s.len <= KT_LINE_MAX);
		all += s.len;
	}
	assert_int_equal(all, kt_in_size(ctx));
	kt_lines_free(&l);
	return 0;
}

static int run_parser(int (*parse)(struct kt_ctx *, struct kt_err *), unsigned *frames)
{
	struct kt_parser p = {"test", parse};
	struct run r = {.code = 1};
	struct kt_ctx_ops ops = {.read = no_read, .frames = take, .arg = &r};
	struct kt_ctx ctx;

	kt_stream_init(&r.s, true);
	kt_ctx_init(&ctx, &ops, 200000);
	assert_int_equal(kt_ctx_run(&ctx, &p, NULL), 0);
	kt_ctx_free(&ctx);
	assert_true(r.s.ended);
	*frames = r.frames;
	return r.code;
}

static void the_sdk_keeps_the_rules(void **state)
{
	unsigned frames;

	(void)state;
	assert_int_equal(run_parser(many, &frames), 0);
	assert_int_equal(frames, 10002);
	assert_int_equal(run_parser(fails, &frames), KT_E_FORMAT);
	assert_int_equal(frames, 1);
	assert_int_equal(run_parser(greedy, &frames), 0);
	assert_int_equal(run_parser(long_lines, &frames), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_in_every_phase),
		cmocka_unit_test(lengths_are_exact),
		cmocka_unit_test(counts_must_agree),
		cmocka_unit_test(words_are_words),
		cmocka_unit_test(skips_are_checked),
		cmocka_unit_test(quotas_hold),
		cmocka_unit_test(ranges_are_checked),
		cmocka_unit_test(other_protocols_are_refused),
		cmocka_unit_test(noise_is_survived),
		cmocka_unit_test(the_sdk_keeps_the_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
