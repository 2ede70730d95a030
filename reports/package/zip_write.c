/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/package/zip_write.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/io.h"

int kt_zipw_init(struct kt_zipw *w, int fd, int64_t time_us, struct kt_err *err)
{
	int r;

	memset(w, 0, sizeof(*w));
	w->fd = fd;
	kt_zip_dos_time(time_us, &w->time, &w->date);
	r = kt_hash_init(&w->sha256, KT_SHA256, err);
	if (r == 0)
		r = kt_hash_init(&w->sha512, KT_SHA512, err);
	return r;
}

void kt_zipw_free(struct kt_zipw *w)
{
	kt_hash_free(&w->sha256);
	kt_hash_free(&w->sha512);
}

static int start(struct kt_zipw *w, const char *name, uint64_t size, bool want512,
		 struct kt_err *err)
{
	size_t n = strlen(name);

	if (!kt_pkg_name_ok(name, n))
		return KT_FAIL(err, KT_E_USAGE, "%s: no name for a package", name);
	w->rec = (struct kt_zip_record){.name = name,
					.name_len = n,
					.off = w->off,
					.size = size,
					.time = w->time,
					.date = w->date};
	w->want512 = want512;
	w->got = 0;
	return 0;
}

static int digest(struct kt_zipw *w, const void *p, size_t n, struct kt_err *err)
{
	w->rec.crc = kt_crc32(w->rec.crc, p, n);
	w->got += n;
	if (kt_hash_update(&w->sha256, p, n) < 0 ||
	    (w->want512 && kt_hash_update(&w->sha512, p, n) < 0))
		return KT_FAIL(err, KT_E_INTERNAL, "hashing failed");
	return 0;
}

static int finish(struct kt_zipw *w, struct kt_zipw_done *done, struct kt_err *err)
{
	done->off = w->rec.off;
	done->size = w->rec.size;
	done->crc = w->rec.crc;
	w->entries++;
	if (kt_hash_final(&w->sha256, done->sha256) < 0 ||
	    (w->want512 && kt_hash_final(&w->sha512, done->sha512) < 0))
		return KT_FAIL(err, KT_E_INTERNAL, "hashing failed");
	return 0;
}

int kt_zipw_put(struct kt_zipw *w, const char *name, const void *p, size_t n, bool want512,
		struct kt_zipw_done *done, struct kt_err *err)
{
	uint8_t head[KT_ZIP_RECORD_MAX];
	size_t len;
	int r = start(w, name, n, want512, err);

	if (r == 0)
		r = digest(w, p, n, err);
	if (r < 0)
		return r;
	len = kt_zip_put_local(&w->rec, head);
	r = kt_write2_full(w->fd, head, len, p, n, err);
	if (r < 0)
		return r;
	w->off += len + n;
	return finish(w, done, err);
}

int kt_zipw_begin(struct kt_zipw *w, const char *name, uint64_t size, bool want512,
		  struct kt_err *err)
{
	uint8_t head[KT_ZIP_RECORD_MAX];
	size_t len;
	int r = start(w, name, size, want512, err);

	if (r < 0)
		return r;
	len = kt_zip_put_local(&w->rec, head); /* checksum still 0: filled in at the end */
	w->off += len;
	return kt_write_full(w->fd, head, len, err);
}

int kt_zipw_write(struct kt_zipw *w, const void *p, size_t n, struct kt_err *err)
{
	int r = digest(w, p, n, err);

	if (r == 0)
		r = kt_write_full(w->fd, p, n, err);
	w->off += n;
	return r;
}

int kt_zipw_end(struct kt_zipw *w, struct kt_zipw_done *done, struct kt_err *err)
{
	uint8_t head[KT_ZIP_RECORD_MAX];
	size_t len, at = 0;

	if (w->got != w->rec.size)
		return KT_FAIL(err, KT_E_STORAGE, "%s changed its size while it was packed",
			       w->rec.name);
	len = kt_zip_put_local(&w->rec, head);
	while (at < len) {
		ssize_t k = pwrite(w->fd, head + at, len - at, (off_t)(w->rec.off + at));

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return KT_FAIL(err, KT_E_STORAGE, "write: %s", strerror(errno));
		at += (size_t)k;
	}
	return finish(w, done, err);
}

static int flush(struct kt_zipw *w, struct kt_buf *b, struct kt_err *err)
{
	int r;

	if (b->failed)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the central directory");
	r = kt_write_full(w->fd, b->p, b->len, err);
	w->off += b->len;
	kt_buf_reset(b);
	return r;
}

int kt_zipw_central(struct kt_zipw *w, const char *name, const struct kt_zipw_done *e,
		    struct kt_buf *b, struct kt_err *err)
{
	struct kt_zip_record rec = {name, strlen(name), e->off, e->size, e->crc, w->time, w->date};
	uint8_t p[KT_ZIP_RECORD_MAX];

	if (w->cd_off == 0)
		w->cd_off = w->off;
	kt_buf_put(b, p, kt_zip_put_central(&rec, p));
	return b->len < (size_t)1 << 18 ? 0 : flush(w, b, err);
}

int kt_zipw_tail(struct kt_zipw *w, struct kt_buf *b, struct kt_err *err)
{
	uint8_t tail[KT_ZIP_TAIL_MAX];
	int r = flush(w, b, err);

	if (r < 0)
		return r;
	return kt_write_full(w->fd, tail,
			     kt_zip_put_tail(w->entries, w->cd_off, w->off - w->cd_off, tail), err);
}
