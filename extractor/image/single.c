/* SPDX-License-Identifier: EUPL-1.2 */
/* One file as it is: the object is the source. */
#include "core/err.h"
#include "core/io.h"
#include "extractor/image/image_i.h"

#include <string.h>
#include <sys/stat.h>

static int single_next(struct kt_image *im, struct kt_err *err)
{
	const char *name = im->o.name[0] != '\0' ? im->o.name : "file";
	int r;

	if (im->seen > 0)
		return 0;
	r = kt_img_offer(im, name, strlen(name), err);
	im->m.size = im->size;
	im->m.mode = S_IFREG;
	im->m.mtime = im->mtime_s;
	return r;
}

/* What is read in order from the start needs no second pass for the hash. */
static int single_read(struct kt_image *im, uint64_t off, void *p, size_t n, size_t *got,
		       struct kt_err *err)
{
	if (off == im->hashed)
		return kt_img_seq_read(im, p, n, got, err);
	return kt_img_at_read(im, off, p, n, got, err);
}

static bool single_changed(struct kt_image *im)
{
	struct stat st;

	return fstat(im->o.fd, &st) < 0 || (uint64_t)st.st_size != im->size ||
	       st.st_mtim.tv_sec != im->mtime_s || st.st_mtim.tv_nsec != im->mtime_ns;
}

static void single_close(struct kt_image *im)
{
	(void)im;
}

static const struct kt_img_ops single_ops = {
	.next = single_next, .read = single_read, .changed = single_changed, .close = single_close};

int kt_img_single_open(struct kt_image *im, struct kt_err *err)
{
	(void)err;
	im->ops = &single_ops;
	im->layout = KT_LAYOUT_FILE;
	return 0;
}
