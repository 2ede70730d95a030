/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * tar and tar.gz in one pass: while members go by, each byte of the file is hashed once. In a tar
 * the current member can also be read at random from the file itself; in a tar.gz only what fits
 * into memory can, the rest goes forward.
 */
#include "core/err.h"
#include "core/io.h"
#include "core/unzip.h"
#include "extractor/image/image_i.h"

#include <stdlib.h>
#include <sys/stat.h>

#define UNPACKED_MAX ((uint64_t)4 << 40)

struct tarfile {
	struct kt_gunzip *gz; /* NULL: not compressed */
	struct kt_untar *tar;
	uint64_t unpacked;
	uint64_t data_off; /* of the current member, in the unpacked stream */
	uint64_t taken;	   /* bytes of it that went by */
	bool from_file;	   /* kt_image_chunk() reads the file instead of the stream */
	struct kt_image *im;
};

static int gz_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct tarfile *t = arg;
	int r = kt_gunzip_read(t->gz, p, n, got, err);

	t->unpacked += *got;
	if (r == 0 && t->unpacked > UNPACKED_MAX)
		return KT_FAIL(err, KT_E_LIMIT, "more than 4 TiB of unpacked data");
	return r;
}

static void describe(struct kt_image *im, const struct kt_tar_member *m)
{
	im->m.size = m->size;
	im->m.mtime = m->mtime;
	im->m.mode = m->mode | S_IFREG;
	if (m->type == KT_TAR_LINK) {
		im->m.mode = m->mode | S_IFLNK;
		kt_img_unreadable(im, "a link to another object, not followed");
	} else if (m->type == KT_TAR_SPARSE) {
		kt_img_unreadable(im, "stored as a sparse file, which is not unpacked");
	}
}

static int tar_next(struct kt_image *im, struct kt_err *err)
{
	struct tarfile *t = im->state;
	struct kt_tar_member m = {0};
	int r;

	for (;;) {
		r = kt_img_pulse(im, err);
		if (r == 0)
			r = kt_untar_next(t->tar, &m, err);
		if (r <= 0)
			break;
		if (m.type == KT_TAR_DIR)
			continue;
		if (m.type == KT_TAR_LINK)
			im->no[KT_NO_LINK]++;
		if (m.type == KT_TAR_OTHER) {
			im->no[KT_NO_SPECIAL]++;
			continue;
		}
		r = kt_img_offer(im, m.name, m.name_len, err);
		if (r == 0)
			continue;
		if (r == 1) {
			t->data_off = m.data_off;
			t->taken = 0;
			t->from_file = false;
			describe(im, &m);
		}
		return r;
	}
	if (r == 0 && kt_untar_end_missing(t->tar)) {
		im->cut = true;
		kt_img_remark(im, "the archive has no end mark: it may be cut");
	}
	return r;
}

static int tar_begin(struct kt_image *im, struct kt_err *err)
{
	struct tarfile *t = im->state;

	t->from_file = t->taken > 0;
	if (t->from_file && t->gz != NULL)
		return KT_FAIL(err, KT_E_LIMIT,
			       "a member of a tar.gz beyond 32 MiB can't be read a second time");
	return 0;
}

static int tar_read(struct kt_image *im, uint64_t off, void *p, size_t n, size_t *got,
		    struct kt_err *err)
{
	struct tarfile *t = im->state;

	/* untar has proved data_off; a sum that wraps lies behind the file's end */
	return kt_pread_full(im->o.fd, p, n, t->data_off + off, got, err);
}

static int tar_chunk(struct kt_image *im, const uint8_t **p, size_t *n, struct kt_err *err)
{
	struct tarfile *t = im->state;
	int r;

	if (t->from_file) {
		*p = kt_img_chunk_buf(im, err);
		return *p == NULL ? KT_E_NOMEM
				  : tar_read(im, im->pos, im->chunk, KT_DEV_CHUNK, n, err);
	}
	r = kt_untar_chunk(t->tar, KT_DEV_CHUNK, p, n, err);
	t->taken += *n;
	return r;
}

/* Forward only: passes over what lies before off. */
static int forward_read(struct kt_image *im, uint64_t off, uint8_t *p, size_t n, size_t *got,
			struct kt_err *err)
{
	struct tarfile *t = im->state;
	const uint8_t *from;
	size_t k;
	int r = 0;

	if (off < t->taken)
		return KT_FAIL(err, KT_E_LIMIT,
			       "a member of a tar.gz beyond 32 MiB can be read forward only");
	while (r == 0 && t->taken < off) {
		uint64_t gap = off - t->taken;

		r = kt_untar_chunk(t->tar, gap < KT_DEV_CHUNK ? (size_t)gap : KT_DEV_CHUNK, &from,
				   &k, err);
		if (r == 0 && k == 0)
			return 0;
		t->taken += k;
	}
	while (r == 0 && *got < n) {
		r = kt_untar_read(t->tar, p + *got, n - *got, &k, err);
		if (r == 0 && k == 0)
			break;
		t->taken += k;
		*got += k;
	}
	return r;
}

static int gz_read_at(struct kt_image *im, uint64_t off, void *p, size_t n, size_t *got,
		      struct kt_err *err)
{
	struct tarfile *t = im->state;

	if (im->m.size > KT_IMG_BUFFER || t->taken > 0)
		return forward_read(im, off, p, n, got, err);
	return kt_img_load(im, err);
}

static int tar_finish(struct kt_image *im, struct kt_err *err)
{
	struct tarfile *t = im->state;
	bool junk = false;
	int r = kt_untar_drain(t->tar, &junk, err);

	if (junk)
		kt_img_remark(im, "bytes that are not zero follow the archive's end");
	/* damaged packed data: the file itself is still hashed to its end */
	if (r == KT_E_FORMAT) {
		kt_img_remark(im, "%s", err != NULL ? kt_err_text(err) : "damaged");
		r = 0;
	}
	return r;
}

static void tar_close(struct kt_image *im)
{
	struct tarfile *t = im->state;

	kt_untar_close(&t->tar);
	kt_gunzip_close(&t->gz);
	free(t);
}

static const struct kt_img_ops tar_ops = {.next = tar_next,
					  .begin = tar_begin,
					  .chunk = tar_chunk,
					  .read = tar_read,
					  .finish = tar_finish,
					  .close = tar_close};

static const struct kt_img_ops targz_ops = {.next = tar_next,
					    .begin = tar_begin,
					    .chunk = tar_chunk,
					    .read = gz_read_at,
					    .finish = tar_finish,
					    .close = tar_close};

int kt_img_tar_open(struct kt_image *im, bool gz, struct kt_err *err)
{
	struct kt_rdseq file = {.read = kt_img_seq_read, .arg = im};
	struct tarfile *t = calloc(1, sizeof(*t));
	struct kt_rdseq unpacked = {.read = gz_read, .arg = t};
	int r = 0;

	if (t == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for an archive");
	t->im = im;
	im->state = t;
	im->ops = gz ? &targz_ops : &tar_ops;
	im->layout = gz ? KT_LAYOUT_TARGZ : KT_LAYOUT_TAR;
	if (gz)
		r = kt_gunzip_open(&file, &t->gz, err);
	if (r == 0)
		r = kt_untar_open(gz ? &unpacked : &file, &t->tar, err);
	return r;
}
