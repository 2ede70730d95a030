/* SPDX-License-Identifier: EUPL-1.2 */
#include "parsers/host/stream.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/json.h"
#include "parsers/sdk/ctx.h"

#include <string.h>

#define WORD_MAX  64u
#define RANGE_MAX (256u << 10)

void kt_stream_init(struct kt_stream *s, bool in_process)
{
	memset(s, 0, sizeof(*s));
	s->need_hello = !in_process;
	s->max_records = 20 * 1000 * 1000;
}

/* Reasons and codes are words of ours: lower case, digits, hyphens. Anything else is hostile. */
static bool is_word(const struct kt_str *s)
{
	if (s->len == 0 || s->len > WORD_MAX)
		return false;
	for (uint32_t i = 0; i < s->len; i++) {
		char c = s->p[i];
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-')
			return false;
	}
	return true;
}

static struct kt_str get_blob(struct kt_rd *rd, size_t max)
{
	struct kt_str s = {"", 0};
	size_t n;
	const uint8_t *p = kt_rd_blob(rd, max, &n);

	if (p != NULL) {
		s.p = (const char *)p;
		s.len = (uint32_t)n;
	}
	return s;
}

static int on_hello(struct kt_stream *s, struct kt_rd *rd, struct kt_event *ev, struct kt_err *err)
{
	uint32_t proto = kt_rd_le32(rd);

	ev->kind = KT_EV_HELLO;
	ev->layers = s->layers = kt_rd_le32(rd);
	if (s->hello || !s->need_hello)
		return KT_FAIL(err, KT_E_FORMAT, "worker: second hello");
	if (proto != KT_WF_PROTO)
		return KT_FAIL(err, KT_E_FORMAT, "worker: speaks protocol %u", (unsigned)proto);
	s->hello = true;
	return 0;
}

static int on_record(struct kt_stream *s, struct kt_rd *rd, struct kt_event *ev, struct kt_err *err)
{
	int r = kt_rec_decode(&ev->rec, rd->p, rd->len, err);

	rd->off = rd->len;
	ev->kind = KT_EV_RECORD;
	ev->frame.p = (const char *)rd->p;
	ev->frame.len = (uint32_t)rd->len;
	if (r < 0)
		return KT_TRACE(err, KT_E_FORMAT, "worker: record %llu",
				(unsigned long long)s->records);
	if (ev->rec.pos_reason.len > 0 && !is_word(&ev->rec.pos_reason))
		return KT_FAIL(err, KT_E_FORMAT, "worker: odd reason in a record");
	if (++s->records > s->max_records)
		return KT_FAIL(err, KT_E_LIMIT, "worker: record quota used up");
	return 0;
}

static int on_skip(struct kt_stream *s, struct kt_rd *rd, struct kt_event *ev, struct kt_err *err)
{
	ev->kind = KT_EV_SKIP;
	ev->n = kt_rd_le64(rd);
	ev->code_str = get_blob(rd, WORD_MAX);
	ev->loc.kind = kt_rd_u8(rd);
	ev->loc.off = kt_rd_le64(rd);
	ev->loc.len = kt_rd_le64(rd);
	ev->loc.path = get_blob(rd, KT_REC_STR_MAX);
	if (!is_word(&ev->code_str) || ev->loc.kind >= KT_LOC_END || ev->n == 0 ||
	    ev->n > INT64_MAX)
		return KT_FAIL(err, KT_E_FORMAT, "worker: malformed skip");
	if (__builtin_add_overflow(s->skipped, ev->n, &s->skipped))
		return KT_FAIL(err, KT_E_FORMAT, "worker: skip count overflows");
	if (++s->notes > s->max_records)
		return KT_FAIL(err, KT_E_LIMIT, "worker: skip quota used up");
	return 0;
}

static int on_note(struct kt_stream *s, struct kt_rd *rd, struct kt_event *ev, struct kt_err *err)
{
	ev->kind = KT_EV_NOTE;
	ev->code_str = get_blob(rd, WORD_MAX);
	ev->text = get_blob(rd, KT_REC_STR_MAX);
	if (!is_word(&ev->code_str))
		return KT_FAIL(err, KT_E_FORMAT, "worker: malformed note");
	if (++s->notes > s->max_records)
		return KT_FAIL(err, KT_E_LIMIT, "worker: note quota used up");
	return 0;
}

static int on_range(struct kt_stream *s, struct kt_rd *rd, struct kt_event *ev, struct kt_err *err)
{
	ev->kind = KT_EV_RANGE;
	ev->off = kt_rd_le64(rd);
	ev->len = kt_rd_le32(rd);
	if (!s->may_range)
		return KT_FAIL(err, KT_E_FORMAT, "worker: asks for ranges while parsing");
	if (ev->len == 0 || ev->len > RANGE_MAX || ev->off > (uint64_t)1 << 50)
		return KT_FAIL(err, KT_E_FORMAT, "worker: impossible range");
	if (++s->ranges > 100000)
		return KT_FAIL(err, KT_E_LIMIT, "worker: range quota used up");
	return 0;
}

static int on_output(struct kt_stream *s, struct kt_rd *rd, struct kt_event *ev, struct kt_err *err)
{
	ev->kind = KT_EV_OUTPUT;
	ev->bytes.p = (const char *)rd->p;
	ev->bytes.len = (uint32_t)rd->len;
	rd->off = rd->len;
	if (!s->may_output)
		return KT_FAIL(err, KT_E_FORMAT, "worker: output from a parser");
	s->output += ev->bytes.len;
	if (s->output > s->max_output)
		return KT_FAIL(err, KT_E_LIMIT, "worker: output quota used up");
	return 0;
}

static int on_end(struct kt_stream *s, struct kt_rd *rd, struct kt_event *ev, struct kt_err *err)
{
	ev->kind = KT_EV_END;
	ev->n = kt_rd_le64(rd);
	ev->emitted = kt_rd_le64(rd);
	ev->skipped = kt_rd_le64(rd);
	ev->code = (int)(int32_t)kt_rd_le32(rd);
	ev->text = get_blob(rd, KT_REC_STR_MAX);
	if (ev->code > 0 || ev->code < KT_E_PARTIAL)
		return KT_FAIL(err, KT_E_FORMAT, "worker: unknown result");
	if (ev->emitted != s->records || ev->skipped != s->skipped)
		return KT_FAIL(err, KT_E_FORMAT, "worker: count mismatch: said %llu, sent %llu",
			       (unsigned long long)ev->emitted, (unsigned long long)s->records);
	if (ev->code == 0 && ev->n != ev->emitted + ev->skipped)
		return KT_FAIL(err, KT_E_FORMAT, "worker: met %llu elements, accounted for %llu",
			       (unsigned long long)ev->n,
			       (unsigned long long)(ev->emitted + ev->skipped));
	s->ended = true;
	return 0;
}

int kt_stream_frame(struct kt_stream *s, uint8_t type, const void *p, size_t n, struct kt_event *ev,
		    struct kt_err *err)
{
	static const struct {
		uint8_t type;
		int (*fn)(struct kt_stream *, struct kt_rd *, struct kt_event *, struct kt_err *);
	} table[] = {
		{KT_WF_HELLO, on_hello}, {KT_WF_RECORD, on_record}, {KT_WF_SKIP, on_skip},
		{KT_WF_NOTE, on_note},	 {KT_WF_RANGE, on_range},   {KT_WF_OUTPUT, on_output},
		{KT_WF_END, on_end},
	};
	struct kt_rd rd;

	memset(ev, 0, offsetof(struct kt_event, rec));
	kt_rd_init(&rd, p, n);
	if (s->ended)
		return KT_FAIL(err, KT_E_FORMAT, "worker: frame after END");
	if (s->need_hello && !s->hello && type != KT_WF_HELLO)
		return KT_FAIL(err, KT_E_FORMAT, "worker: frame before its hello");
	s->bytes += n;
	if (s->max_bytes > 0 && s->bytes > s->max_bytes)
		return KT_FAIL(err, KT_E_LIMIT, "worker: byte quota used up");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int r;

		if (table[i].type != type)
			continue;
		r = table[i].fn(s, &rd, ev, err);
		if (r == 0 && (rd.failed || kt_rd_left(&rd) > 0))
			r = KT_FAIL(err, KT_E_FORMAT, "worker: frame of wrong length");
		return r;
	}
	return KT_FAIL(err, KT_E_FORMAT, "worker: unknown frame type %u", type);
}

void kt_event_json(const struct kt_event *ev, struct kt_buf *b)
{
	struct kt_jw w;

	kt_jw_init(&w, b);
	switch (ev->kind) {
	case KT_EV_RECORD:
		kt_jw_obj(&w);
		kt_rec_json(&ev->rec, &w);
		break;
	case KT_EV_SKIP:
		kt_jw_obj(&w);
		kt_jw_kstr(&w, "type", "skip");
		kt_jw_kbytes(&w, "reason", ev->code_str.p, ev->code_str.len);
		kt_jw_kuint(&w, "count", ev->n);
		if (ev->loc.kind != 0) {
			kt_jw_kuint(&w, "offset", ev->loc.off);
			kt_jw_kuint(&w, "length", ev->loc.len);
			if (ev->loc.path.len > 0)
				kt_jw_kbytes(&w, "path", ev->loc.path.p, ev->loc.path.len);
		}
		break;
	case KT_EV_NOTE:
		kt_jw_obj(&w);
		kt_jw_kstr(&w, "type", "note");
		kt_jw_kbytes(&w, "code", ev->code_str.p, ev->code_str.len);
		kt_jw_kbytes(&w, "text", ev->text.p, ev->text.len);
		break;
	case KT_EV_END:
		kt_jw_obj(&w);
		kt_jw_kstr(&w, "type", "end");
		kt_jw_kuint(&w, "seen", ev->n);
		kt_jw_kuint(&w, "emitted", ev->emitted);
		kt_jw_kuint(&w, "skipped", ev->skipped);
		kt_jw_kstr(&w, "code", kt_code_name(ev->code));
		if (ev->text.len > 0)
			kt_jw_kbytes(&w, "error", ev->text.p, ev->text.len);
		break;
	default:
		return;
	}
	kt_jw_obj_end(&w);
}
