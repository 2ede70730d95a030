/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/device/serve.h"

#include "core/devproto.h"
#include "core/err.h"
#include "core/request.h"
#include "extractor/android/adb.h"
#include "extractor/android/keys.h"
#include "extractor/android/shell.h"
#include "extractor/android/sync_list.h"
#include "extractor/android/transport.h"
#include "extractor/device/iphone.h"
#include "extractor/device/phone.h"
#include "extractor/device/session.h"
#include "extractor/device/source.h"

#include <string.h>
#include <sys/stat.h>

#define GATHER_MS 2

/* One request being served. */
struct job {
	struct kt_session *s;
	struct kt_phone *p;
	struct kt_source *src;
	struct kt_iphone_dev *ios;
	struct kt_session_frame f;
	struct kt_rd rd;
	struct kt_session_result res;
	char text[KT_SESSION_TEXT_MAX];
};

/* A blob as text; false when it is too long or holds a NUL. */
static bool read_text(struct kt_rd *rd, char *out, size_t size)
{
	size_t n = 0;
	const uint8_t *p = kt_rd_blob(rd, size - 1, &n);

	if (p == NULL || memchr(p, '\0', n) != NULL)
		return false;
	memcpy(out, p, n);
	out[n] = '\0';
	return true;
}

static int do_plan(struct job *j, struct kt_err *err)
{
	uint16_t id[KT_REQ_COUNT];
	uint16_t n = kt_rd_le16(&j->rd);

	if (j->rd.failed || n > KT_REQ_COUNT)
		return kt_session_malformed(err);
	for (uint16_t i = 0; i < n; i++)
		id[i] = kt_rd_le16(&j->rd);
	if (!kt_rd_done(&j->rd))
		return kt_session_malformed(err);
	return kt_allow_set_plan(&j->p->allow, id, n, err);
}

static int do_enum(struct job *j, struct kt_err *err)
{
	int r;

	if (!kt_rd_done(&j->rd))
		return kt_session_malformed(err);
	r = kt_iphone_dev_enum(j->ios, j->res.tag, err);
	return r < 0 ? r : kt_phone_enum(j->p, j->res.tag, err);
}

static int do_probe(struct job *j, struct kt_err *err)
{
	char serial[KT_USB_TEXT];

	if (!read_text(&j->rd, serial, sizeof(serial)) || !kt_rd_done(&j->rd))
		return kt_session_malformed(err);
	return kt_phone_probe(j->p, j->res.tag, serial, err);
}

static int do_connect(struct job *j, struct kt_err *err)
{
	char serial[KT_USB_TEXT], comment[KT_KEY_COMMENT + 1];
	uint32_t wait_s;

	if (!read_text(&j->rd, serial, sizeof(serial)) ||
	    !read_text(&j->rd, comment, sizeof(comment)))
		return kt_session_malformed(err);
	wait_s = kt_rd_le32(&j->rd);
	if (!kt_rd_done(&j->rd))
		return kt_session_malformed(err);
	return kt_phone_connect(j->p, j->res.tag, serial, comment, wait_s, err);
}

static int do_shell(struct job *j, struct kt_err *err)
{
	unsigned id = kt_rd_le16(&j->rd);
	const struct kt_request *q = kt_request_get(id);
	struct kt_session_feed out, errout;
	struct kt_adb_stream *stream;
	struct kt_shell sh = {.out = &out.feed, .errout = &errout.feed};
	int r;

	if (!kt_rd_done(&j->rd))
		return kt_session_malformed(err);
	r = kt_allow_command(&j->p->allow, id, err);
	if (r < 0 || q == NULL)
		return r;
	kt_session_feed_init(&out, j->s, KT_DEV_OUT, j->res.tag);
	kt_session_feed_init(&errout, j->s, KT_DEV_ERROUT, j->res.tag);
	sh.max_out = q->max_bytes;
	sh.deadline = kt_mono_ms() + (int64_t)q->wall_s * 1000;
	r = kt_allow_open_command(&j->p->allow, j->p->adb, id, &stream, err);
	if (r < 0)
		return r;
	r = kt_shell_run(j->p->adb, &stream, &sh, err);
	j->res.bytes = sh.out_bytes;
	j->res.status = sh.status;
	if (sh.exited && !sh.truncated && r == 0)
		j->res.flags |= KT_DEV_F_COMPLETE;
	if (sh.truncated)
		j->res.flags |= KT_DEV_F_TRUNCATED;
	return r;
}

static int send_entry(void *ctx, const struct kt_sync_stat *st, const uint8_t *path, size_t n,
		      struct kt_err *err)
{
	struct job *j = ctx;
	size_t start = kt_session_put(j->s, KT_DEV_ENTRY, j->res.tag);

	kt_buf_put_le32(&j->s->reply, st->error);
	kt_buf_put_le32(&j->s->reply, st->mode);
	kt_buf_put_le64(&j->s->reply, st->size);
	kt_buf_put_le64(&j->s->reply, (uint64_t)st->mtime);
	kt_buf_put_blob(&j->s->reply, path, n);
	return kt_session_put_end(j->s, start, err);
}

static int do_list(struct job *j, struct kt_err *err)
{
	struct kt_listing l = {.entry = send_entry, .ctx = j};
	int r;

	l.root = kt_rd_le16(&j->rd);
	l.max_entries = kt_rd_le32(&j->rd);
	l.max_depth = kt_rd_le32(&j->rd);
	if (!kt_rd_done(&j->rd))
		return kt_session_malformed(err);
	r = kt_sync_list(&j->p->sync, &l, err);
	j->res.flags |= l.flags;
	j->res.bytes = l.count;
	if (r == 0 && l.silent > 0)
		KT_FAIL(err, 0, "%u folders listed nothing, possibly refused", l.silent);
	if (r == 0 && l.skipped > 0)
		KT_FAIL(err, 0, "%u entries with impossible names were left out", l.skipped);
	return r;
}

static int send_stat(struct job *j, uint8_t when, const struct kt_sync_stat *st, struct kt_err *err)
{
	size_t start = kt_session_put(j->s, KT_DEV_STATR, j->res.tag);

	kt_buf_put_u8(&j->s->reply, when);
	kt_buf_put_le32(&j->s->reply, st->error);
	kt_buf_put_le32(&j->s->reply, st->mode);
	kt_buf_put_le64(&j->s->reply, st->size);
	kt_buf_put_le64(&j->s->reply, (uint64_t)st->mtime);
	return kt_session_put_end(j->s, start, err);
}

static int judge_stat(const struct kt_sync_stat *st, struct kt_err *err)
{
	if (st->error == 0)
		return 0;
	return KT_FAIL(err, kt_sync_errno_code(st->error), "the phone says: %s",
		       st->error < 134 ? strerrordesc_np((int)st->error) : "unknown error");
}

/* lstat, sent on; what the phone says against it is the code. */
static int stat_and_send(struct job *j, unsigned root, const uint8_t *path, size_t n,
			 struct kt_sync_stat *st, struct kt_err *err)
{
	int r = kt_sync_stat(&j->p->sync, root, path, n, st, err);

	if (r == 0)
		r = send_stat(j, 0, st, err);
	return r == 0 ? judge_stat(st, err) : r;
}

static int do_fetch(struct job *j, struct kt_err *err)
{
	unsigned root = kt_rd_le16(&j->rd);
	uint64_t max = kt_rd_le64(&j->rd);
	bool wide = (j->p->adb->features & KT_ADB_F_STAT_V2) != 0;
	struct kt_sync_stat before, after;
	struct kt_session_feed out;
	uint32_t flags = 0;
	size_t n = 0;
	const uint8_t *path = kt_rd_blob(&j->rd, KT_DEV_PATH_MAX, &n);
	int r;

	if (!kt_rd_done(&j->rd))
		return kt_session_malformed(err);
	r = stat_and_send(j, root, path, n, &before, err);
	if (r < 0)
		return r;
	if (!S_ISREG(before.mode))
		return KT_FAIL(err, KT_E_REFUSED, "not a regular file");
	if (before.size > max) {
		j->res.flags |= KT_DEV_F_TRUNCATED;
		return KT_FAIL(err, KT_E_LIMIT, "the file is longer than allowed");
	}
	kt_session_feed_init(&out, j->s, KT_DEV_OUT, j->res.tag);
	r = kt_sync_recv(&j->p->sync, root, path, n, max, &out.feed, &j->res.bytes, &after, err);
	if (r == KT_E_LIMIT)
		j->res.flags |= KT_DEV_F_TRUNCATED;
	if (r < 0)
		return r;
	r = send_stat(j, 1, &after, err);
	if (r == 0)
		r = kt_sync_judge(&before, &after, j->res.bytes, wide, &flags, err);
	j->res.flags |= flags;
	return r;
}

static int finish(struct job *j, int code, const struct kt_err *why, struct kt_err *err)
{
	j->res.code = code;
	if (j->p->adb != NULL && kt_adb_is_broken(j->p->adb)) {
		if (code != KT_E_CANCELLED)
			j->res.code = KT_E_DEVICE;
		j->res.flags |= KT_DEV_F_LOST;
		kt_phone_disconnect(j->p);
	}
	kt_err_story(why, j->text, sizeof(j->text));
	j->res.text = j->text;
	return kt_session_result(j->s, &j->res, err);
}

/* Range requests: as many as wait in the queue are served together. */
struct ranges {
	struct kt_session *s;
	struct kt_phone *p;
	struct kt_session_frame f[KT_DEV_BATCH];
	struct kt_range_req q[KT_DEV_BATCH];
	uint32_t tag[KT_DEV_BATCH];
	size_t n;
};

static bool parse_range(const struct kt_session_frame *f, uint32_t *tag, struct kt_range_req *q)
{
	struct kt_rd rd;

	kt_rd_init(&rd, f->p, f->len);
	*tag = kt_rd_le32(&rd);
	q->root = kt_rd_le16(&rd);
	q->size = kt_rd_le64(&rd);
	q->off = kt_rd_le64(&rd);
	q->len = kt_rd_le32(&rd);
	q->path = kt_rd_blob(&rd, KT_DEV_PATH_MAX, &q->path_len);
	return kt_rd_done(&rd);
}

static int send_range(void *ctx, size_t i, int code, enum kt_dev_method method, const uint8_t *p,
		      size_t n, const struct kt_err *why, struct kt_err *err)
{
	struct ranges *g = ctx;
	struct kt_session_result res = {.tag = g->tag[i], .code = code, .status = -1, .bytes = n};
	char text[KT_SESSION_TEXT_MAX] = "";
	size_t start;
	int r = 0;

	if (g->s->dropped[i])
		res.code = KT_E_CANCELLED;
	if (code != 0 && kt_adb_is_broken(g->p->adb)) {
		res.code = code == KT_E_CANCELLED ? code : KT_E_DEVICE;
		res.flags |= KT_DEV_F_LOST;
	}
	if (res.code == 0 || res.code == KT_E_PARTIAL) {
		start = kt_session_put(g->s, KT_DEV_RDATA, res.tag);
		kt_buf_put_u8(&g->s->reply, (uint8_t)method);
		kt_buf_put(&g->s->reply, p, n);
		r = kt_session_put_end(g->s, start, err);
	} else {
		res.bytes = 0;
	}
	if (r < 0)
		return r;
	if (res.code == 0)
		res.flags |= KT_DEV_F_COMPLETE;
	else if (why != NULL)
		kt_err_story(why, text, sizeof(text));
	res.text = text;
	return kt_session_result(g->s, &res, err);
}

static int refuse(struct kt_session *s, uint32_t tag, const char *text)
{
	struct kt_session_result res = {.tag = tag, .code = KT_E_USAGE, .status = -1, .text = text};

	kt_session_result(s, &res, NULL);
	kt_session_flush(s, NULL);
	return KT_E_USAGE;
}

static int cancelled_in_queue(struct kt_session *s, uint32_t tag, struct kt_err *err)
{
	struct kt_session_result res = {
		.tag = tag, .code = KT_E_CANCELLED, .status = -1, .text = "cancelled"};

	return kt_session_result(s, &res, err);
}

/*
 * The next range request. One command on the phone costs far more than a millisecond here, so the
 * other parsers, which got their answers at the same moment, are given that long to ask again.
 */
static bool next_range(struct ranges *g, struct kt_session_frame *f)
{
	if (g->n >= KT_DEV_BATCH)
		return false;
	if (kt_session_take(g->s, KT_DEV_RANGE, f))
		return true;
	return kt_session_sleep(g->s, GATHER_MS) == 0 && kt_session_take(g->s, KT_DEV_RANGE, f);
}

/* Takes over first. Requests that were cancelled while they waited are answered here. */
static int collect_ranges(struct ranges *g, struct kt_session_frame *first, struct kt_err *err)
{
	bool got = true;

	g->f[0] = *first;
	memset(first, 0, sizeof(*first));
	while (got) {
		struct kt_session_frame *f = &g->f[g->n];
		int r = 0;

		if (!parse_range(f, &g->tag[g->n], &g->q[g->n])) {
			kt_session_frame_free(f);
			return kt_session_malformed(err);
		}
		if (f->cancelled) {
			r = cancelled_in_queue(g->s, g->tag[g->n], err);
			kt_session_frame_free(f);
		} else {
			kt_session_begin(g->s, g->tag[g->n]);
			g->n++;
		}
		if (r < 0)
			return r;
		got = next_range(g, &g->f[g->n]);
	}
	return 0;
}

static int serve_ranges(struct kt_session *s, struct kt_phone *p, struct kt_session_frame *first)
{
	struct ranges g = {.s = s, .p = p};
	struct kt_err err = {0};
	int r = collect_ranges(&g, first, &err);

	if (r == KT_E_USAGE)
		refuse(s, 0, "malformed request");
	if (r == 0)
		r = kt_range_run(&p->range, g.q, g.n, send_range, &g, &err);
	kt_session_end(s);
	for (size_t i = 0; i < g.n; i++)
		kt_session_frame_free(&g.f[i]);
	if (kt_adb_is_broken(p->adb))
		kt_phone_disconnect(p);
	if (r == 0)
		r = kt_session_flush(s, &err);
	return r;
}

/* The RESULT of one STAT of a group. */
static int finish_stat(struct kt_session *s, struct kt_phone *p, uint32_t tag,
		       const struct kt_sync_ask *a, const struct kt_err *why)
{
	struct job j = {.s = s, .p = p, .res = {.tag = tag, .status = -1}};
	struct kt_err none = {0}, err = {0};
	int code = a->code;

	if (code == 0)
		code = send_stat(&j, 0, &a->st, &err);
	if (code == 0)
		code = judge_stat(&a->st, &none);
	if (code == 0)
		j.res.flags |= KT_DEV_F_COMPLETE;
	return finish(&j, code, a->code < 0 ? why : &none, &err);
}

static bool parse_stat(const struct kt_session_frame *f, uint32_t *tag, struct kt_sync_ask *a)
{
	struct kt_rd rd;

	memset(a, 0, sizeof(*a));
	kt_rd_init(&rd, f->p, f->len);
	*tag = kt_rd_le32(&rd);
	a->root = kt_rd_le16(&rd);
	a->path = kt_rd_blob(&rd, KT_DEV_PATH_MAX, &a->n);
	return kt_rd_done(&rd);
}

/* STAT requests: as many as wait in the queue are asked together. Takes over first. */
static int serve_stats(struct kt_session *s, struct kt_phone *p, struct kt_session_frame *first)
{
	struct kt_session_frame f[KT_DEV_BATCH];
	struct kt_sync_ask q[KT_DEV_BATCH];
	uint32_t tag[KT_DEV_BATCH];
	struct kt_err err = {0};
	size_t n = 0;
	int r = 0;

	f[0] = *first;
	memset(first, 0, sizeof(*first));
	do {
		if (!parse_stat(&f[n], &tag[n], &q[n]))
			r = refuse(s, 0, "malformed request");
		else if (f[n].cancelled)
			q[n].code = KT_E_CANCELLED;
		kt_session_begin(s, tag[n]);
		n++;
	} while (r == 0 && n < KT_DEV_BATCH && kt_session_take(s, KT_DEV_STAT, &f[n]));
	if (r == 0)
		kt_sync_stat_many(&p->sync, q, n, &err);
	kt_session_end(s);
	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			r = finish_stat(s, p, tag[i], &q[i], &err);
		kt_session_frame_free(&f[i]);
	}
	return r == 0 ? kt_session_flush(s, &err) : r;
}

static int do_open(struct job *j, struct kt_err *err)
{
	return kt_source_open(j->src, &j->rd, &j->res, err);
}

static int do_ios(struct job *j, struct kt_err *err)
{
	/* threads of the USB library would not be confined */
	kt_phone_disconnect(j->p);
	kt_usb_free(&j->p->usb);
	return kt_iphone_dev_open(j->ios, &j->rd, &j->res, err);
}

static int do_secret(struct job *j, struct kt_err *err)
{
	int r = j->src->fd >= 0 ? kt_source_secret(j->src, &j->rd, err)
				: kt_iphone_dev_secret(j->ios, &j->rd, err);

	if (r == 0)
		j->res.flags |= KT_DEV_F_COMPLETE;
	return r;
}

static int do_next(struct job *j, struct kt_err *err)
{
	return j->src->fd >= 0 ? kt_source_next(j->src, &j->rd, &j->res, err)
			       : kt_iphone_dev_next(j->ios, &j->rd, &j->res, err);
}

static int do_whole(struct job *j, struct kt_err *err)
{
	return j->src->fd >= 0 ? kt_source_whole(j->src, &j->rd, &j->res, err)
			       : kt_iphone_dev_whole(j->ios, &j->rd, &j->res, err);
}

static int do_part(struct job *j, struct kt_err *err)
{
	return j->src->fd >= 0 ? kt_source_part(j->src, &j->rd, &j->res, err)
			       : kt_iphone_dev_part(j->ios, &j->rd, &j->res, err);
}

enum needs { NEEDS_USB, NEEDS_PHONE, NEEDS_SOURCE, NEEDS_EITHER };

/* What is let through when. */
static const struct {
	uint8_t type;
	enum needs needs;
	int (*run)(struct job *j, struct kt_err *err);
} table[] = {
	{KT_DEV_ENUM, NEEDS_USB, do_enum},	  {KT_DEV_PROBE, NEEDS_USB, do_probe},
	{KT_DEV_CONNECT, NEEDS_USB, do_connect},  {KT_DEV_SHELL, NEEDS_PHONE, do_shell},
	{KT_DEV_LIST, NEEDS_PHONE, do_list},	  {KT_DEV_FETCH, NEEDS_PHONE, do_fetch},
	{KT_DEV_STAT, NEEDS_PHONE, NULL},	  {KT_DEV_RANGE, NEEDS_PHONE, NULL},
	{KT_DEV_OPEN, NEEDS_SOURCE, do_open},	  {KT_DEV_NEXT, NEEDS_EITHER, do_next},
	{KT_DEV_WHOLE, NEEDS_EITHER, do_whole},	  {KT_DEV_PART, NEEDS_EITHER, do_part},
	{KT_DEV_SECRET, NEEDS_EITHER, do_secret}, {KT_DEV_IOS, NEEDS_USB, do_ios},
};

static int answer_lost(struct kt_session *s, uint32_t tag)
{
	struct kt_session_result res = {.tag = tag,
					.code = KT_E_DEVICE,
					.status = -1,
					.flags = KT_DEV_F_LOST,
					.text = "the phone is gone"};
	int r = kt_session_result(s, &res, NULL);

	return r < 0 ? r : kt_session_flush(s, NULL);
}

/* Runs one request that is legal now and sends its RESULT. */
static int run_job(struct job *j, int (*run)(struct job *, struct kt_err *))
{
	struct kt_err why = {0}, err = {0};
	int code, r;

	kt_session_begin(j->s, j->res.tag);
	code = run(j, &why);
	kt_session_end(j->s);
	r = finish(j, code, &why, &err);
	if (r == 0)
		r = kt_session_flush(j->s, &err);
	if (r == 0 && code == KT_E_USAGE)
		r = KT_E_USAGE;
	return r;
}

static int serve_one(struct kt_session *s, struct kt_phone *p, struct kt_source *src,
		     struct kt_iphone_dev *ios, struct kt_session_frame *f)
{
	struct job j = {.s = s, .p = p, .src = src, .ios = ios, .f = *f, .res = {.status = -1}};
	size_t i;

	kt_rd_init(&j.rd, f->p, f->len);
	if (f->type == KT_DEV_PLAN) {
		struct kt_err err = {0};

		return do_plan(&j, &err) < 0 ? refuse(s, 0, kt_err_text(&err)) : 0;
	}
	j.res.tag = kt_rd_le32(&j.rd);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].type == f->type)
			break;
	if (i == sizeof(table) / sizeof(table[0]))
		return refuse(s, 0, "unknown request");
	if (!p->allow.planned)
		return refuse(s, j.res.tag, "the plan comes first");
	/* one process reads either a phone or a source: it is confined accordingly */
	if (table[i].needs != NEEDS_EITHER && (table[i].needs == NEEDS_SOURCE) != (src->fd >= 0))
		return refuse(s, j.res.tag,
			      src->fd >= 0 ? "a source is read, no phone" : "no source was given");
	if (ios->confined && table[i].needs != NEEDS_EITHER && f->type != KT_DEV_IOS)
		return refuse(s, j.res.tag, "an iPhone is read, nothing else");
	if (table[i].needs == NEEDS_PHONE && p->adb == NULL)
		return p->was_connected ? answer_lost(s, j.res.tag)
					: refuse(s, j.res.tag, "no phone is connected");
	if (table[i].run == NULL)
		return f->type == KT_DEV_STAT ? serve_stats(s, p, f) : serve_ranges(s, p, f);
	if (f->cancelled) {
		int r = cancelled_in_queue(s, j.res.tag, NULL);

		return r < 0 ? r : kt_session_flush(s, NULL);
	}
	return run_job(&j, table[i].run);
}

static int say_hello(struct kt_session *s)
{
	uint8_t version[4];

	kt_put_le32(version, KT_DEV_PROTO);
	return kt_frame_write(s->out, KT_DEV_HELLO, version, sizeof(version), NULL);
}

static int loop(struct kt_session *s, struct kt_phone *p, struct kt_source *src,
		struct kt_iphone_dev *ios)
{
	int r = say_hello(s);

	while (r == 0) {
		struct kt_session_frame f;

		r = kt_session_next(s, &f, NULL);
		if (r == KT_E_USAGE)
			return refuse(s, 0, "the frames make no sense");
		if (r <= 0)
			return r;
		if (f.type == KT_DEV_BYE) {
			kt_session_frame_free(&f);
			return 0;
		}
		r = serve_one(s, p, src, ios, &f);
		kt_session_frame_free(&f);
	}
	return r;
}

int kt_serve(int in, int out, int case_fd, struct kt_source *src)
{
	static struct kt_session s;
	static struct kt_phone p;
	static struct kt_iphone_dev ios;
	int r;

	kt_session_init(&s, in, out);
	kt_phone_init(&p, &s, case_fd);
	kt_source_init(src, &s, src->fd, p.allow.may);
	kt_iphone_dev_init(&ios, &s, case_fd, p.allow.may);
	r = loop(&s, &p, src, &ios);
	kt_iphone_dev_free(&ios);
	kt_source_free(src);
	kt_phone_free(&p);
	kt_session_free(&s);
	if (r == KT_E_USAGE)
		return KT_SERVE_USAGE;
	/* a parent that is gone is no failure of ours */
	return r == 0 || r == KT_E_STORAGE ? KT_SERVE_OK : KT_SERVE_BUG;
}
