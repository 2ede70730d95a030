/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/device/source.h"

#include "core/devproto.h"
#include "core/err.h"
#include "extractor/device/session.h"
#include "extractor/image/image.h"

#include <openssl/crypto.h>
#include <string.h>

void kt_source_init(struct kt_source *src, struct kt_session *s, int fd, const bool *may)
{
	src->s = s;
	src->fd = fd;
	src->may = may;
	src->im = NULL;
	src->secret_len = 0;
	src->has_secret = false;
	memset(&src->opener, 0, sizeof(src->opener));
	kt_buf_init(&src->detail, 0);
}

static void forget(struct kt_source *src)
{
	OPENSSL_cleanse(src->secret, sizeof(src->secret));
	src->secret_len = 0;
	src->has_secret = false;
}

void kt_source_free(struct kt_source *src)
{
	kt_image_close(&src->im);
	kt_backup_opener_close(&src->opener);
	forget(src);
	kt_buf_free(&src->detail);
}

static void put_text(struct kt_session *s, const char *text)
{
	kt_buf_put_blob(&s->reply, text, strlen(text));
}

static int send_source(struct kt_source *src, uint32_t tag, struct kt_err *err)
{
	static const char no_landlock[] = "; this system has no Landlock: keten-device could open "
					  "files outside the source, and is kept from it by its "
					  "own code alone";
	size_t start = kt_session_put(src->s, KT_DEV_SOURCER, tag);

	kt_buf_put_u8(&src->s->reply, (uint8_t)kt_image_layout(src->im));
	kt_buf_put_le64(&src->s->reply, kt_image_size(src->im));
	put_text(src->s, kt_image_identifier(src->im));
	kt_buf_reset(&src->detail);
	kt_buf_puts(&src->detail, kt_image_detail(src->im));
	if (!src->facts.landlock)
		kt_buf_puts(&src->detail, no_landlock + (src->detail.len > 0 ? 0 : 2));
	kt_buf_put_blob(&src->s->reply, src->detail.p, src->detail.len);
	return kt_session_put_end(src->s, start, err);
}

int kt_source_secret(struct kt_source *src, struct kt_rd *rd, struct kt_err *err)
{
	size_t n = 0;
	const uint8_t *p = kt_rd_blob(rd, KT_SECRET_MAX, &n);

	if (p == NULL || !kt_rd_done(rd))
		return kt_session_malformed(err);
	if (src->im != NULL)
		return KT_FAIL(err, KT_E_USAGE, "the source is open already");
	forget(src);
	memcpy(src->secret, p, n);
	src->secret_len = n;
	src->has_secret = true;
	/* the frame itself must not outlive its use */
	OPENSSL_cleanse((void *)(uintptr_t)p, n);
	return 0;
}

static int unlock(void *arg, const void *p, size_t n, const struct kt_backup_key **key,
		  struct kt_err *err)
{
	struct kt_source *src = arg;
	int r;

	*key = NULL;
	r = kt_backup_opener_open(&src->opener, p, n, src->secret, src->secret_len, err);
	if (r == 0)
		*key = &src->opener.key;
	return r;
}

int kt_source_open(struct kt_source *src, struct kt_rd *rd, struct kt_session_result *res,
		   struct kt_err *err)
{
	bool encrypted = false;
	struct kt_img_opt o = {.fd = src->fd,
			       .form = kt_rd_u8(rd),
			       .may = src->may,
			       .name = src->facts.name,
			       .facts = src->facts.text,
			       .watch = {.check = kt_session_watch, .ctx = src->s},
			       .encrypted = &encrypted};
	int r;

	if (!kt_rd_done(rd))
		return kt_session_malformed(err);
	if (src->im != NULL)
		return KT_FAIL(err, KT_E_USAGE, "the source is open already");
	if (o.form != KT_FORM_CARRIER)
		o.facts = NULL;
	if (src->has_secret) {
		o.unlock = unlock;
		o.unlock_arg = src;
	}
	r = kt_image_open(&o, &src->im, err);
	forget(src);
	if (encrypted)
		res->flags |= KT_DEV_F_ENCRYPTED;
	if (r == 0)
		r = send_source(src, res->tag, err);
	if (r == 0)
		res->flags |= KT_DEV_F_COMPLETE;
	return r;
}

int kt_source_put_member(struct kt_session *s, uint32_t tag, const struct kt_img_member *m,
			 struct kt_err *err)
{
	struct kt_buf *b = &s->reply;
	size_t start = kt_session_put(s, KT_DEV_MEMBER, tag);

	kt_buf_put_u8(b, m->flags);
	kt_buf_put_le16(b, m->n);
	for (uint16_t i = 0; i < m->n; i++)
		kt_buf_put_le16(b, m->id[i]);
	kt_buf_put_le32(b, m->mode);
	kt_buf_put_le64(b, m->size);
	kt_buf_put_le64(b, (uint64_t)m->mtime);
	kt_buf_put_blob(b, m->path, m->path_len);
	put_text(s, m->note);
	return kt_session_put_end(s, start, err);
}

int kt_source_put_summary(struct kt_session *s, struct kt_session_result *res,
			  const struct kt_img_summary *sum, const char *text, struct kt_err *err)
{
	struct kt_buf *b = &s->reply;
	size_t start = kt_session_put(s, KT_DEV_SUMMARY, res->tag);

	kt_buf_put_le64(b, sum->seen);
	kt_buf_put_le64(b, sum->bytes);
	kt_buf_put_le64(b, sum->refused);
	kt_buf_put_le64(b, sum->unreadable);
	kt_buf_put_u8(b, sum->has_sha ? 1 : 0);
	kt_buf_put(b, sum->sha, sizeof(sum->sha));
	put_text(s, text);
	if (sum->changed)
		res->flags |= KT_DEV_F_CHANGED;
	if (sum->incomplete)
		res->flags |= KT_DEV_F_TRUNCATED;
	return kt_session_put_end(s, start, err);
}

static int send_summary(struct kt_source *src, struct kt_session_result *res, struct kt_err *err)
{
	struct kt_img_summary s;

	kt_image_summary(src->im, &s);
	return kt_source_put_summary(src->s, res, &s, s.text, err);
}

int kt_source_next(struct kt_source *src, struct kt_rd *rd, struct kt_session_result *res,
		   struct kt_err *err)
{
	const struct kt_img_member *m;
	int r, k;

	if (!kt_rd_done(rd))
		return kt_session_malformed(err);
	if (src->im == NULL)
		return KT_FAIL(err, KT_E_USAGE, "no source is open");
	r = kt_image_next(src->im, &m, err);
	if (r == 1) {
		res->flags |= KT_DEV_F_COMPLETE;
		return kt_source_put_member(src->s, res->tag, m, err);
	}
	if (r == KT_E_CANCELLED)
		return r;
	/* the end, or what can't be read on: what was seen until then is told in both cases */
	k = send_summary(src, res, err);
	if (k < 0)
		return k;
	return r < 0 ? r : KT_FAIL(err, KT_E_ABSENT, "the end of the source");
}

int kt_source_whole(struct kt_source *src, struct kt_rd *rd, struct kt_session_result *res,
		    struct kt_err *err)
{
	uint64_t max = kt_rd_le64(rd);
	struct kt_session_feed out;
	const uint8_t *p;
	size_t n = 0;
	int r;

	if (!kt_rd_done(rd))
		return kt_session_malformed(err);
	if (src->im == NULL)
		return KT_FAIL(err, KT_E_USAGE, "no source is open");
	if (kt_image_member_size(src->im) > max) {
		res->flags |= KT_DEV_F_TRUNCATED;
		return KT_FAIL(err, KT_E_LIMIT, "the file is longer than allowed");
	}
	kt_session_feed_init(&out, src->s, KT_DEV_OUT, res->tag);
	r = kt_image_begin(src->im, err);
	while (r == 0) {
		r = kt_image_chunk(src->im, &p, &n, err);
		if (r < 0 || n == 0)
			break;
		/* the bytes are borrowed until the next piece is asked for */
		r = out.feed.data(out.feed.ctx, p, n, err);
		if (r == 0)
			r = out.feed.flush(out.feed.ctx, err);
		res->bytes += n;
	}
	if (r == 0)
		res->flags |= KT_DEV_F_COMPLETE;
	if (r == 0 && kt_image_member_changed(src->im)) {
		res->flags |= KT_DEV_F_CHANGED;
		r = KT_FAIL(err, KT_E_PARTIAL, "the file changed while it was read");
	}
	return r;
}

int kt_source_put_part(struct kt_session *s, struct kt_session_result *res, const uint8_t *p,
		       size_t n, struct kt_err *err)
{
	size_t start = kt_session_put(s, KT_DEV_RDATA, res->tag);
	int r;

	kt_buf_put_u8(&s->reply, n > 0 ? KT_METHOD_READ : KT_METHOD_NONE);
	kt_buf_put(&s->reply, p, n);
	r = kt_session_put_end(s, start, err);
	res->bytes = n;
	if (r == 0)
		res->flags |= KT_DEV_F_COMPLETE;
	return r;
}

int kt_source_part(struct kt_source *src, struct kt_rd *rd, struct kt_session_result *res,
		   struct kt_err *err)
{
	static uint8_t data[KT_DEV_RANGE_MAX];
	uint64_t off = kt_rd_le64(rd);
	uint32_t len = kt_rd_le32(rd);
	size_t got = 0;
	int r;

	if (!kt_rd_done(rd) || len > KT_DEV_RANGE_MAX)
		return kt_session_malformed(err);
	if (src->im == NULL)
		return KT_FAIL(err, KT_E_USAGE, "no source is open");
	r = kt_image_read(src->im, off, data, len, &got, err);
	if (r < 0)
		return r;
	return kt_source_put_part(src->s, res, data, got, err);
}
