/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/android/sync.h"

#include "core/buf.h"
#include "core/devproto.h"
#include "core/err.h"
#include "extractor/android/adb.h"
#include "extractor/android/allow.h"
#include "extractor/android/feed.h"
#include "extractor/android/transport.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REQUEST_HEAD  8
#define STAT1_BYTES   16
#define STAT2_BYTES   72
#define STAT_MS	      60000
#define RECV_BASE_MS  60000
#define RECV_BYTES_MS 64 /* slowest pace that is waited for: bytes per millisecond */

void kt_sync_init(struct kt_sync *y, struct kt_adb *a, const struct kt_allow *allow)
{
	memset(y, 0, sizeof(*y));
	y->a = a;
	y->allow = allow;
}

void kt_sync_close(struct kt_sync *y)
{
	if (y->s != NULL)
		kt_adb_stream_close(y->a, &y->s);
	y->pos = 0;
	y->feed = NULL;
}

int kt_sync_errno_code(uint32_t error)
{
	if (error == 0)
		return 0;
	return error == ENOENT || error == ENOTDIR ? KT_E_ABSENT : KT_E_REFUSED;
}

int kt_sync_settle(struct kt_sync *y, struct kt_err *err)
{
	int r = 0;

	if (!y->s->unacked || y->pos < y->s->len)
		return 0;
	if (y->feed != NULL)
		r = y->feed->flush(y->feed->ctx, err);
	y->pos = 0;
	return r < 0 ? r : kt_adb_ack(y->a, y->s, err);
}

/* Makes at least one byte of the answer available. */
static int more(struct kt_sync *y, struct kt_err *err)
{
	while (!y->s->unacked || y->pos >= y->s->len) {
		enum kt_adb_event ev = KT_ADB_EV_CLOSED;
		int r = kt_sync_settle(y, err);

		if (r == 0)
			r = kt_adb_wait(y->a, y->s, kt_deadline_min(y->deadline, KT_ADB_IDLE_MS),
					&ev, err);
		if (r < 0)
			return r;
		if (ev == KT_ADB_EV_CLOSED)
			return KT_FAIL(err, KT_E_PARTIAL, "the phone closed its file service");
	}
	return 0;
}

int kt_sync_read(struct kt_sync *y, void *p, size_t n, struct kt_err *err)
{
	uint8_t *out = p;

	while (n > 0) {
		size_t k;
		int r = more(y, err);

		if (r < 0)
			return r;
		k = y->s->len - y->pos;
		if (k > n)
			k = n;
		memcpy(out, y->s->data + y->pos, k);
		y->pos += k;
		out += k;
		n -= k;
	}
	return 0;
}

/* Hands n bytes of the answer to the feed, where they lie. */
static int pass(struct kt_sync *y, size_t n, uint64_t *bytes, struct kt_err *err)
{
	while (n > 0) {
		size_t k;
		int r = more(y, err);

		if (r < 0)
			return r;
		k = y->s->len - y->pos;
		if (k > n)
			k = n;
		r = y->feed->data(y->feed->ctx, y->s->data + y->pos, k, err);
		if (r < 0)
			return r;
		y->pos += k;
		*bytes += k;
		n -= k;
	}
	return 0;
}

/* Opens the service when it is not open, and waits until the last request was taken. */
static int get_ready(struct kt_sync *y, struct kt_err *err)
{
	if (y->s != NULL && y->s->state != KT_ADB_OPENED)
		kt_sync_close(y);
	if (y->s == NULL) {
		y->pos = 0;
		return kt_allow_open_sync(y->allow, y->a, &y->s, err);
	}
	while (y->s->in_flight) {
		enum kt_adb_event ev = KT_ADB_EV_CLOSED;
		int r = kt_adb_wait(y->a, y->s, kt_mono_ms() + KT_ADB_IDLE_MS, &ev, err);

		if (r < 0)
			return r;
		if (ev != KT_ADB_EV_READY)
			return KT_FAIL(err, KT_E_FORMAT, "the file service speaks out of turn");
	}
	return 0;
}

static void put_request(struct kt_buf *b, const char *id, const void *path, size_t n)
{
	kt_buf_put(b, id, 4);
	kt_buf_put_blob(b, path, n);
}

int kt_sync_request(struct kt_sync *y, const char *id, unsigned root, const void *path, size_t n,
		    struct kt_err *err)
{
	struct kt_buf b;
	int r = kt_allow_path(y->allow, root, path, n, err);

	if (r == 0)
		r = get_ready(y, err);
	if (r < 0)
		return r;
	kt_buf_init(&b, KT_ADB_PAYLOAD_MIN);
	put_request(&b, id, path, n);
	/* A download is followed by the lstat that proves it: one round trip for both. */
	if (memcmp(id, "RECV", 4) == 0)
		put_request(&b, y->a->features & KT_ADB_F_STAT_V2 ? "LST2" : "STAT", path, n);
	r = b.failed ? KT_FAIL(err, KT_E_NOMEM, "no memory for a request")
		     : kt_adb_write(y->a, y->s, b.p, b.len, err);
	kt_buf_free(&b);
	return r;
}

/* Reads the phone's own words for a refusal and makes them an error. */
static int read_fail(struct kt_sync *y, uint32_t len, bool after_data, struct kt_err *err)
{
	char text[KT_SYNC_TEXT_MAX + 1];
	size_t n = len < KT_SYNC_TEXT_MAX ? len : KT_SYNC_TEXT_MAX;
	int r;

	if (len > KT_SYNC_CHUNK_MAX)
		return KT_FAIL(err, KT_E_FORMAT, "error text of %u bytes", len);
	r = kt_sync_read(y, text, n, err);
	for (uint32_t i = (uint32_t)n; r == 0 && i < len; i++) {
		uint8_t drop;

		r = kt_sync_read(y, &drop, 1, err);
	}
	if (r < 0)
		return r;
	text[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			text[i] = '?';
	if (after_data)
		return KT_FAIL(err, KT_E_PARTIAL, "the phone stopped: %s", text);
	r = strstr(text, "No such file") != NULL ? KT_E_ABSENT : KT_E_REFUSED;
	return KT_FAIL(err, r, "the phone says: %s", text);
}

static int read_stat2(struct kt_sync *y, struct kt_sync_stat *st, struct kt_err *err)
{
	uint8_t p[STAT2_BYTES];
	int r = kt_sync_read(y, p + 4, sizeof(p) - 4, err);

	if (r < 0)
		return r;
	st->error = kt_get_le32(p + 4);
	st->mode = kt_get_le32(p + 24);
	st->size = kt_get_le64(p + 40);
	st->mtime = (int64_t)kt_get_le64(p + 56);
	return 0;
}

static int read_stat1(struct kt_sync *y, struct kt_sync_stat *st, struct kt_err *err)
{
	uint8_t p[STAT1_BYTES];
	int r = kt_sync_read(y, p + 4, sizeof(p) - 4, err);

	if (r < 0)
		return r;
	st->mode = kt_get_le32(p + 4);
	st->size = kt_get_le32(p + 8);
	st->mtime = kt_get_le32(p + 12);
	/* the old answer has no error: all zero stands for any */
	st->error = st->mode == 0 && st->size == 0 && st->mtime == 0 ? ENOENT : 0;
	return 0;
}

static int read_stat(struct kt_sync *y, struct kt_sync_stat *st, struct kt_err *err)
{
	uint8_t id[4];
	int r = kt_sync_read(y, id, sizeof(id), err);

	if (r < 0)
		return r;
	memset(st, 0, sizeof(*st));
	if (memcmp(id, "LST2", 4) == 0)
		r = read_stat2(y, st, err);
	else if (memcmp(id, "STAT", 4) == 0)
		r = read_stat1(y, st, err);
	else
		r = KT_FAIL(err, KT_E_FORMAT, "the file service answers with something else");
	return r < 0 ? r : kt_sync_settle(y, err);
}

int kt_sync_stat(struct kt_sync *y, unsigned root, const void *path, size_t n,
		 struct kt_sync_stat *st, struct kt_err *err)
{
	const char *id = y->a->features & KT_ADB_F_STAT_V2 ? "LST2" : "STAT";
	int r = kt_allow_path(y->allow, root, path, n, err);

	memset(st, 0, sizeof(*st));
	if (r < 0)
		return r;
	y->feed = NULL;
	y->deadline = kt_mono_ms() + STAT_MS;
	r = kt_sync_request(y, id, root, path, n, err);
	if (r == 0)
		r = read_stat(y, st, err);
	if (r < 0)
		kt_sync_close(y);
	return r;
}

/* Requests from q[*at] on, as many as one small payload holds; *at moves behind them. */
static int ask_some(struct kt_sync *y, struct kt_sync_ask *q, size_t count, size_t *at,
		    struct kt_err *err)
{
	const char *id = y->a->features & KT_ADB_F_STAT_V2 ? "LST2" : "STAT";
	struct kt_buf b;
	int r = get_ready(y, err);

	if (r < 0)
		return r;
	kt_buf_init(&b, KT_ADB_PAYLOAD_MIN);
	for (; *at < count && b.len + 8 + q[*at].n <= KT_ADB_PAYLOAD_MIN; ++*at) {
		if (q[*at].code == 0) /* else the caller has its reason already */
			q[*at].code =
				kt_allow_path(y->allow, q[*at].root, q[*at].path, q[*at].n, NULL);
		if (q[*at].code == 0)
			put_request(&b, id, q[*at].path, q[*at].n);
	}
	if (b.failed)
		r = KT_FAIL(err, KT_E_NOMEM, "no memory for a request");
	else if (b.len > 0)
		r = kt_adb_write(y->a, y->s, b.p, b.len, err);
	kt_buf_free(&b);
	return r;
}

int kt_sync_stat_many(struct kt_sync *y, struct kt_sync_ask *q, size_t count, struct kt_err *err)
{
	size_t done = 0, at = 0;
	int r = 0;

	y->feed = NULL;
	while (r == 0 && done < count) {
		y->deadline = kt_mono_ms() + STAT_MS;
		r = ask_some(y, q, count, &at, err);
		for (; r == 0 && done < at; done++)
			if (q[done].code == 0)
				r = read_stat(y, &q[done].st, err);
	}
	if (r < 0)
		kt_sync_close(y);
	for (; r < 0 && done < count; done++)
		if (done >= at || q[done].code == 0)
			q[done].code = r;
	return r;
}

/* DATA chunks up to DONE. *settled: the stream stands at the border after the answer. */
static int read_chunks(struct kt_sync *y, uint64_t max_bytes, uint64_t *bytes, bool *settled,
		       struct kt_err *err)
{
	for (;;) {
		uint8_t head[8];
		uint32_t n;
		int r = kt_sync_read(y, head, sizeof(head), err);

		if (r < 0)
			return r;
		n = kt_get_le32(head + 4);
		if (memcmp(head, "DONE", 4) == 0) {
			*settled = true;
			return 0;
		}
		if (memcmp(head, "FAIL", 4) == 0) {
			r = read_fail(y, n, *bytes > 0, err);
			*settled = r == KT_E_ABSENT || r == KT_E_REFUSED;
			return r;
		}
		if (memcmp(head, "DATA", 4) != 0 || n > KT_SYNC_CHUNK_MAX)
			return KT_FAIL(err, *bytes > 0 ? KT_E_PARTIAL : KT_E_FORMAT,
				       "malformed chunk of %u bytes", n);
		if (n > max_bytes - *bytes)
			return KT_FAIL(err, KT_E_LIMIT, "the file is longer than allowed");
		r = pass(y, n, bytes, err);
		if (r < 0)
			return r;
		y->deadline += n / RECV_BYTES_MS;
	}
}

int kt_sync_recv(struct kt_sync *y, unsigned root, const void *path, size_t n, uint64_t max_bytes,
		 const struct kt_feed *feed, uint64_t *bytes, struct kt_sync_stat *after,
		 struct kt_err *err)
{
	bool settled = false;
	int r = kt_allow_path(y->allow, root, path, n, err);
	int f;

	*bytes = 0;
	memset(after, 0, sizeof(*after));
	if (r < 0)
		return r;
	y->deadline = kt_mono_ms() + RECV_BASE_MS;
	r = kt_sync_request(y, "RECV", root, path, n, err);
	y->feed = feed;
	if (r == 0)
		r = read_chunks(y, max_bytes, bytes, &settled, err);
	f = feed->flush(feed->ctx, r < 0 ? NULL : err);
	y->feed = NULL;
	if (r == 0)
		r = f;
	/* after a refusal the lstat answer is still on its way: read it, or the stream is lost */
	if (settled && f == 0) {
		int k = read_stat(y, after, r < 0 ? NULL : err);

		settled = k == 0;
		if (r == 0)
			r = k;
	}
	if (!settled || f < 0)
		kt_sync_close(y);
	return r;
}

int kt_sync_judge(const struct kt_sync_stat *before, const struct kt_sync_stat *after,
		  uint64_t bytes, bool wide, uint32_t *flags, struct kt_err *err)
{
	uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;

	*flags = 0;
	if (after->error != 0 || before->size != after->size || before->mtime != after->mtime) {
		*flags = KT_DEV_F_CHANGED;
		return KT_FAIL(err, KT_E_PARTIAL, "the file changed while it was read");
	}
	if ((bytes & mask) != before->size)
		return KT_FAIL(err, KT_E_PARTIAL, "the phone gave %llu of %llu bytes",
			       (unsigned long long)bytes, (unsigned long long)before->size);
	*flags = KT_DEV_F_COMPLETE;
	return 0;
}
