/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/device/iphone.h"

#include "core/devproto.h"
#include "core/err.h"
#include "extractor/device/harden.h"
#include "extractor/device/session.h"
#include "extractor/device/source.h"
#include "extractor/ios/mux.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define WAIT_MAX 3600u /* seconds that one may be asked to wait */

void kt_iphone_dev_init(struct kt_iphone_dev *d, struct kt_session *s, int case_fd, const bool *may)
{
	memset(d, 0, sizeof(*d));
	d->s = s;
	d->case_fd = case_fd;
	d->may = may;
}

void kt_iphone_dev_free(struct kt_iphone_dev *d)
{
	kt_iphone_close(&d->ip, NULL);
	kt_iphone_forget(d->udid, d->may, &d->kept);
	d->open = false;
}

static void put_text(struct kt_session *s, const char *text)
{
	kt_buf_put_blob(&s->reply, text, strlen(text));
}

/* Whether the computer was paired with it; a phone is not asked for a list. */
static uint8_t known_state(const char *udid)
{
	struct kt_buf b;
	int r;

	kt_buf_init(&b, KT_PAIR_MAX + 1);
	r = kt_mux_pair_record(udid, &b, NULL);
	if (b.p != NULL)
		OPENSSL_cleanse(b.p, b.len);
	kt_buf_free(&b);
	return r == 0 ? KT_STATE_AUTHORISED : KT_STATE_TRUST;
}

int kt_iphone_dev_enum(struct kt_iphone_dev *d, uint32_t tag, struct kt_err *err)
{
	struct kt_mux_phone v[KT_MUX_PHONES];
	size_t n = 0;
	int r = 0;

	if (kt_mux_list(v, &n, NULL) < 0)
		return 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		size_t start = kt_session_put(d->s, KT_DEV_DEVICE, tag);

		kt_buf_put_u8(&d->s->reply, known_state(v[i].udid));
		kt_buf_put_le16(&d->s->reply, 0);
		kt_buf_put_le16(&d->s->reply, (uint16_t)v[i].handle);
		put_text(d->s, v[i].udid);
		put_text(d->s, "Apple");
		put_text(d->s, "iPhone");
		put_text(d->s, "");
		r = kt_session_put_end(d->s, start, err);
	}
	return r;
}

/* A state for the screen; a parent that is gone is noticed by the watch. */
static void report(void *arg, int state, unsigned left, const char *detail)
{
	struct kt_iphone_dev *d = arg;
	size_t start = kt_session_put(d->s, KT_DEV_STATE, d->tag);

	kt_buf_put_u8(&d->s->reply, (uint8_t)state);
	kt_buf_put_le32(&d->s->reply, left);
	put_text(d->s, "");
	put_text(d->s, detail);
	kt_session_put_end(d->s, start, NULL);
	kt_session_flush(d->s, NULL);
}

static int confine(struct kt_iphone_dev *d, struct kt_err *err)
{
	bool loopback = false;
	int r = d->confined ? 0 : kt_mux_address(&loopback, err);

	if (r < 0 || d->confined)
		return r;
	r = kt_iphone_warm(err);
	if (r == 0)
		r = kt_harden_iphone(d->case_fd, loopback, &d->landlock, err);
	d->confined = r == 0;
	return r;
}

static int send_source(struct kt_iphone_dev *d, struct kt_err *err)
{
	const char *more = d->landlock ? "" : "; this system has no Landlock";
	size_t start = kt_session_put(d->s, KT_DEV_SOURCER, d->tag);

	kt_buf_put_u8(&d->s->reply, KT_LAYOUT_IPHONE);
	kt_buf_put_le64(&d->s->reply, 0);
	put_text(d->s, d->ip.udid);
	kt_buf_put_le32(&d->s->reply, (uint32_t)(strlen(d->ip.detail) + strlen(more)));
	kt_buf_puts(&d->s->reply, d->ip.detail);
	kt_buf_puts(&d->s->reply, more);
	return kt_session_put_end(d->s, start, err);
}

static bool is_udid(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'z') ||
		      (p[i] >= 'A' && p[i] <= 'Z') || p[i] == '-'))
			return false;
	return n > 0 && n < KT_MUX_UDID;
}

int kt_iphone_dev_open(struct kt_iphone_dev *d, struct kt_rd *rd, struct kt_session_result *res,
		       struct kt_err *err)
{
	uint32_t trust = kt_rd_le32(rd), passcode = kt_rd_le32(rd);
	struct kt_iphone_opt o = {.udid = d->udid,
				  .pair = &d->kept,
				  .may = d->may,
				  .case_fd = d->case_fd,
				  .watch = {.check = kt_session_watch, .ctx = d->s},
				  .report = report,
				  .arg = d};
	size_t n = 0;
	const uint8_t *p = kt_rd_blob(rd, KT_MUX_UDID - 1, &n);
	int r;

	if (!kt_rd_done(rd))
		return kt_session_malformed(err);
	if (p == NULL || !is_udid(p, n))
		return KT_FAIL(err, KT_E_USAGE, "an iPhone is named by its UDID");
	if (d->udid[0] != '\0' && (strlen(d->udid) != n || memcmp(d->udid, p, n) != 0))
		return KT_FAIL(err, KT_E_USAGE, "another iPhone was asked for before");
	if (d->case_fd < 0)
		return KT_FAIL(err, KT_E_USAGE, "an iPhone needs a case folder");
	memcpy(d->udid, p, n);
	/* again, after it was lost: its holder need not be asked for trust a second time */
	if (d->ip.udid[0] != '\0')
		kt_iphone_close(&d->ip, &d->kept);
	d->open = d->ended = false;
	o.trust_wait_s = trust < WAIT_MAX ? trust : WAIT_MAX;
	o.passcode_wait_s = passcode < WAIT_MAX ? passcode : WAIT_MAX;
	d->tag = res->tag;
	r = confine(d, err);
	if (r == 0)
		r = kt_iphone_open(&d->ip, &o, err);
	if (r == 0)
		r = send_source(d, err);
	if (r < 0) {
		/* a trust that was ours is taken back now, unless the phone may be there again soon */
		bool later = r == KT_E_ABSENT || r == KT_E_DEVICE || r == KT_E_TIMEOUT;

		kt_iphone_close(&d->ip, later ? &d->kept : NULL);
		return r;
	}
	d->open = true;
	res->flags |= KT_DEV_F_COMPLETE;
	if (d->ip.will_encrypt)
		res->flags |= KT_DEV_F_ENCRYPTED;
	return 0;
}

static int needs_open(const struct kt_iphone_dev *d, struct kt_err *err)
{
	return d->open ? 0 : KT_FAIL(err, KT_E_USAGE, "no iPhone is open");
}

/* -- the end ---------------------------------------------------------------------------------- */

static int send_confirms(struct kt_iphone_dev *d, struct kt_err *err)
{
	struct kt_buf *b = &d->s->reply;
	struct kt_confirm c;
	uint32_t number;
	int r = 0;

	for (size_t i = 0; r == 0 && kt_iphone_confirm(&d->ip, i, &number, &c); i++) {
		size_t start = kt_session_put(d->s, KT_DEV_CONFIRM, d->tag);

		kt_buf_put_le32(b, number);
		kt_buf_put_u8(b, c.verdict);
		kt_buf_put_u8(b, c.has_key ? 1 : 0);
		kt_buf_put(b, c.key, sizeof(c.key));
		kt_buf_put_le64(b, c.size);
		kt_buf_put_le64(b, (uint64_t)c.mtime);
		put_text(d->s, c.path);
		put_text(d->s, c.note);
		r = kt_session_put_end(d->s, start, err);
		OPENSSL_cleanse(c.key, sizeof(c.key));
	}
	return r;
}

static int send_end(struct kt_iphone_dev *d, struct kt_session_result *res, struct kt_err *err)
{
	int r = d->ended ? 0 : send_confirms(d, err);

	d->ended = true;
	if (r == 0)
		r = kt_source_put_summary(d->s, res, kt_iphone_summary(&d->ip),
					  kt_iphone_summary_text(&d->ip), err);
	if (d->ip.lost)
		res->flags |= KT_DEV_F_LOST;
	return r;
}

/* -- requests --------------------------------------------------------------------------------- */

int kt_iphone_dev_next(struct kt_iphone_dev *d, struct kt_rd *rd, struct kt_session_result *res,
		       struct kt_err *err)
{
	const struct kt_img_member *m = NULL;
	bool password = false, again = d->ended;
	int r, k;

	if (!kt_rd_done(rd))
		return kt_session_malformed(err);
	r = needs_open(d, err);
	if (r < 0)
		return r;
	d->tag = res->tag;
	if (!again)
		r = kt_iphone_next(&d->ip, &m, &password, err);
	if (r == 1) {
		res->flags |= KT_DEV_F_COMPLETE;
		return kt_source_put_member(d->s, res->tag, m, err);
	}
	if (password) {
		res->flags |= KT_DEV_F_ENCRYPTED;
		return r;
	}
	k = send_end(d, res, err);
	if (k < 0)
		return k;
	return r < 0 ? r : KT_FAIL(err, KT_E_ABSENT, "the end of the phone");
}

int kt_iphone_dev_whole(struct kt_iphone_dev *d, struct kt_rd *rd, struct kt_session_result *res,
			struct kt_err *err)
{
	uint64_t max = kt_rd_le64(rd);
	struct kt_session_feed out;
	const uint8_t *p;
	bool too_long;
	size_t n = 0;
	int r;

	if (!kt_rd_done(rd))
		return kt_session_malformed(err);
	r = needs_open(d, err);
	if (r < 0)
		return r;
	d->tag = res->tag;
	kt_session_feed_init(&out, d->s, KT_DEV_OUT, res->tag);
	/* a size that is known says it at once; in a backup only the bytes tell */
	too_long = d->ip.m.size != UINT64_MAX && d->ip.m.size > max;
	if (!too_long)
		r = kt_iphone_begin(&d->ip, err);
	while (r == 0 && !too_long) {
		r = kt_iphone_chunk(&d->ip, &p, &n, err);
		if (r < 0 || n == 0)
			break;
		too_long = n > max - res->bytes;
		if (too_long)
			break;
		/* the bytes are borrowed until the next piece is asked for */
		r = out.feed.data(out.feed.ctx, p, n, err);
		if (r == 0)
			r = out.feed.flush(out.feed.ctx, err);
		res->bytes += n;
	}
	if (too_long) {
		res->flags |= KT_DEV_F_TRUNCATED;
		return KT_FAIL(err, KT_E_LIMIT, "the file is longer than allowed");
	}
	if (r == 0)
		res->flags |= KT_DEV_F_COMPLETE;
	if (r == 0 && kt_iphone_changed(&d->ip)) {
		res->flags |= KT_DEV_F_CHANGED;
		r = KT_FAIL(err, KT_E_PARTIAL, "the file changed while it was read");
	}
	if (r == KT_E_DEVICE || r == KT_E_TIMEOUT)
		res->flags |= KT_DEV_F_LOST;
	return r;
}

int kt_iphone_dev_part(struct kt_iphone_dev *d, struct kt_rd *rd, struct kt_session_result *res,
		       struct kt_err *err)
{
	static uint8_t data[KT_DEV_RANGE_MAX];
	uint64_t off = kt_rd_le64(rd);
	uint32_t len = kt_rd_le32(rd);
	size_t got = 0;
	int r;

	if (!kt_rd_done(rd) || len > KT_DEV_RANGE_MAX)
		return kt_session_malformed(err);
	r = needs_open(d, err);
	if (r == 0)
		r = kt_iphone_read(&d->ip, off, data, len, &got, err);
	if (r == KT_E_DEVICE || r == KT_E_TIMEOUT)
		res->flags |= KT_DEV_F_LOST;
	if (r < 0)
		return r;
	return kt_source_put_part(d->s, res, data, got, err);
}

int kt_iphone_dev_secret(struct kt_iphone_dev *d, struct kt_rd *rd, struct kt_err *err)
{
	size_t n = 0;
	const uint8_t *p = kt_rd_blob(rd, KT_SECRET_MAX, &n);
	int r;

	if (p == NULL || !kt_rd_done(rd))
		return kt_session_malformed(err);
	r = needs_open(d, err);
	if (r == 0)
		r = kt_iphone_secret(&d->ip, p, n, err);
	/* the frame itself must not outlive its use */
	OPENSSL_cleanse((void *)(uintptr_t)p, n);
	return r;
}
