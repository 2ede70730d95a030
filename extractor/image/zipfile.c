/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ZIP by its central directory: members in the order of the directory, read where they lie. The
 * file is hashed in a pass of its own at the end.
 */
#include "core/err.h"
#include "core/unzip.h"
#include "extractor/image/image_i.h"
#include "extractor/image/plist.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define META_MAX   ((uint64_t)256 << 10)
#define META_NAME  "/" KT_IMG_META_NAME
#define BUNDLE_MAX 256u

struct zipfile {
	struct kt_unzip *z;
	struct kt_unzip_stream *s; /* the current member, when it was begun */
	uint32_t i;		   /* the one after the current member */
	/* the app's folder that was asked for last */
	struct kt_buf container;
	char bundle[BUNDLE_MAX];
	bool bundle_known;
};

static void describe(struct kt_image *im, const struct kt_unzip_member *m)
{
	im->m.size = m->size;
	im->m.mtime = m->mtime;
	im->m.mode = m->mode != 0 ? m->mode : S_IFREG;
	if (m->repeated)
		im->m.flags |= KT_DEV_M_REPEATED;
	if (S_ISLNK(m->mode))
		kt_img_unreadable(im, "a symbolic link, not followed");
	else if (m->encrypted)
		kt_img_unreadable(im, "encrypted inside the archive");
	else if (m->method != 0 && m->method != 8)
		kt_img_unreadable(im, "packed by method %u, which is not read", m->method);
}

static int zip_next(struct kt_image *im, struct kt_err *err)
{
	struct zipfile *z = im->state;

	kt_unzip_stop(&z->s);
	while (z->i < kt_unzip_count(z->z)) {
		const struct kt_unzip_member *m;
		int r = kt_img_pulse(im, err);

		if (r < 0)
			return r;
		m = kt_unzip_member(z->z, z->i++);
		if (m->is_dir)
			continue;
		if (S_ISLNK(m->mode))
			im->no[KT_NO_LINK]++;
		if (S_ISBLK(m->mode) || S_ISCHR(m->mode) || S_ISSOCK(m->mode)) {
			im->no[KT_NO_SPECIAL]++;
			continue;
		}
		r = kt_img_offer(im, m->name, m->name_len, err);
		if (r == 1)
			describe(im, m);
		if (r != 0)
			return r;
	}
	return 0;
}

static int zip_begin(struct kt_image *im, struct kt_err *err)
{
	struct zipfile *z = im->state;

	kt_unzip_stop(&z->s);
	return kt_unzip_start(z->z, z->i - 1, &z->s, err);
}

static int zip_chunk(struct kt_image *im, const uint8_t **p, size_t *n, struct kt_err *err)
{
	struct zipfile *z = im->state;
	uint8_t *buf = kt_img_chunk_buf(im, err);

	*p = buf;
	return buf == NULL ? KT_E_NOMEM : kt_unzip_read(z->s, buf, KT_DEV_CHUNK, n, err);
}

static int zip_read(struct kt_image *im, uint64_t off, void *p, size_t n, size_t *got,
		    struct kt_err *err)
{
	struct zipfile *z = im->state;
	const struct kt_unzip_member *m = kt_unzip_member(z->z, z->i - 1);
	int r = z->s == NULL ? zip_begin(im, err) : 0;

	if (r == 0 && m->method != 0 && m->size <= KT_IMG_BUFFER) {
		r = zip_begin(im, err);
		return r < 0 ? r : kt_img_load(im, err);
	}
	return r < 0 ? r : kt_unzip_read_at(z->s, off, p, n, got, err);
}

/* -- apps' folders ---------------------------------------------------------------------------- */

/* Reads the list that names the app out of the archive. */
static void read_identifier(struct zipfile *z, uint32_t i)
{
	const struct kt_unzip_member *m = kt_unzip_member(z->z, i);
	struct kt_unzip_stream *s = NULL;
	uint8_t *p = m->size > 0 && m->size <= META_MAX ? malloc((size_t)m->size) : NULL;
	size_t n = 0, got = 1;
	int r = p != NULL ? kt_unzip_start(z->z, i, &s, NULL) : KT_E_LIMIT;

	while (r == 0 && got > 0) {
		r = kt_unzip_read(s, p + n, (size_t)m->size - n, &got, NULL);
		n += got;
	}
	if (r == 0)
		z->bundle_known = kt_plist_text(p, n, KT_IMG_META_KEY, z->bundle, BUNDLE_MAX);
	kt_unzip_stop(&s);
	free(p);
}

static void look_up(struct zipfile *z, const uint8_t *path, size_t n)
{
	const size_t k = strlen(META_NAME);

	z->bundle_known = false;
	kt_buf_reset(&z->container);
	kt_buf_put(&z->container, path, n);
	for (uint32_t i = 0; i < kt_unzip_count(z->z); i++) {
		const struct kt_unzip_member *m = kt_unzip_member(z->z, i);

		if (m->name_len == n + k && memcmp(m->name, path, n) == 0 &&
		    memcmp(m->name + n, META_NAME, k) == 0) {
			read_identifier(z, i);
			return;
		}
	}
}

static int whose_container(void *arg, const uint8_t *path, size_t n, const char *bundle)
{
	struct zipfile *z = arg;

	if (z->container.len != n || n == 0 || memcmp(z->container.p, path, n) != 0)
		look_up(z, path, n);
	if (!z->bundle_known)
		return -1;
	return strcmp(z->bundle, bundle) == 0;
}

static void zip_close(struct kt_image *im)
{
	struct zipfile *z = im->state;

	kt_buf_free(&z->container);
	kt_unzip_stop(&z->s);
	kt_unzip_close(&z->z);
	free(z);
}

static const struct kt_img_ops zip_ops = {.next = zip_next,
					  .begin = zip_begin,
					  .chunk = zip_chunk,
					  .read = zip_read,
					  .close = zip_close};

int kt_img_zip_open(struct kt_image *im, struct kt_err *err)
{
	struct kt_rdat src = {.read_at = kt_img_at_read, .arg = im, .size = im->size};
	struct zipfile *z = calloc(1, sizeof(*z));

	if (z == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for an archive");
	kt_buf_init(&z->container, KT_DEV_PATH_MAX);
	im->rules.container = whose_container;
	im->rules.arg = z;
	im->state = z;
	im->ops = &zip_ops;
	im->layout = KT_LAYOUT_ZIP;
	return kt_unzip_open(&src, KT_IMG_MEMBERS_MAX, KT_IMG_NAMES_MAX, &z->z, err);
}
