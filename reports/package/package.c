/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/package/package.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/io.h"
#include "reports/package/package_i.h"
#include "reports/verify/verify.h"

#define PIECE ((size_t)1 << 20)

/* -- single files ----------------------------------------------------------------------------- */

static int progress(struct kt_pkg_work *w, uint64_t n, struct kt_err *err)
{
	w->done += n;
	if (w->out->progress != NULL &&
	    w->out->progress(w->out->arg, w->done, w->pkg->stated_bytes) != 0)
		return KT_FAIL(err, KT_E_CANCELLED, "packing was cancelled");
	return 0;
}

/* Keeps what is known of a written entry; an object must be what the index states. */
int kt_pkg_settle(struct kt_pkg_work *w, struct kt_pkg_file *f, const struct kt_zipw_done *d,
		  struct kt_err *err)
{
	if (f->stated && memcmp(f->sha256, d->sha256, KT_SHA256_LEN) != 0)
		return KT_FAIL(err, KT_E_INVALID, "%s: object changed since acquisition", f->name);
	memcpy(f->sha256, d->sha256, KT_SHA256_LEN);
	if (f->sha512 != NULL)
		memcpy(f->sha512, d->sha512, KT_SHA512_LEN);
	f->off = d->off;
	f->size = d->size;
	f->crc = d->crc;
	f->written = true;
	if (kt_pkg_is_payload(f->kind)) {
		w->octets += f->size;
		w->files++;
	}
	return 0;
}

static int copy_long(struct kt_pkg_work *w, struct kt_pkg_file *f, int fd, size_t have,
		     struct kt_zipw_done *d, struct kt_err *err)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return KT_FAIL(err, KT_E_STORAGE, "%s: %s", f->path, strerror(errno));
	r = kt_zipw_begin(&w->zip, f->name, (uint64_t)st.st_size, f->sha512 != NULL, err);
	while (r == 0 && have > 0) {
		r = kt_zipw_write(&w->zip, w->buf, have, err);
		if (r == 0)
			r = progress(w, have, err);
		if (r == 0)
			r = kt_read_full(fd, w->buf, PIECE, &have, err);
	}
	return r < 0 ? r : kt_zipw_end(&w->zip, d, err);
}

static int copy_file(struct kt_pkg_work *w, struct kt_pkg_file *f, struct kt_err *err)
{
	KT_AUTO_FD fd = openat(w->pkg->case_fd, f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct kt_zipw_done d = {0};
	size_t have;
	int r;

	if (fd < 0)
		return KT_FAIL(err, kt_errno_code(errno), "%s: %s", f->path, strerror(errno));
	r = kt_read_full(fd, w->buf, PIECE, &have, err);
	if (r < 0)
		return r;
	if (have < PIECE) {
		r = kt_zipw_put(&w->zip, f->name, w->buf, have, f->sha512 != NULL, &d, err);
		if (r == 0)
			r = progress(w, have, err);
	} else {
		posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
		r = copy_long(w, f, fd, have, &d, err);
	}
	return r < 0 ? r : kt_pkg_settle(w, f, &d, err);
}

static int put_bytes(struct kt_pkg_work *w, struct kt_pkg_file *f, const void *p, size_t n,
		     struct kt_err *err)
{
	struct kt_zipw_done d = {0};
	int r = kt_zipw_put(&w->zip, f->name, p, n, f->sha512 != NULL, &d, err);

	return r < 0 ? r : kt_pkg_settle(w, f, &d, err);
}

/* A file that is made here. */
int kt_pkg_put_new(struct kt_pkg_work *w, const char *name, const void *p, size_t n,
		   struct kt_err *err)
{
	struct kt_pkg_file *f = kt_pkg_file_add(w->pkg, name, err);

	return f == NULL ? KT_E_USAGE : put_bytes(w, f, p, n, err);
}

/* -- lists ------------------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct kt_pkg_file *)a)->name, ((const struct kt_pkg_file *)b)->name);
}

void kt_pkg_sort(struct kt_package *pkg)
{
	qsort(pkg->file, pkg->n, sizeof(*pkg->file), by_name);
}

/* One piece of a list for one file, or nothing. */
typedef void (*line_fn)(struct kt_buf *b, const struct kt_pkg_file *f);

static void payload_line(struct kt_buf *b, const struct kt_pkg_file *f)
{
	char hex[KT_SHA256_HEX];

	if (kt_pkg_is_payload(f->kind))
		kt_buf_printf(b, "%s  %s\n", kt_hex(f->sha256, KT_SHA256_LEN, hex), f->name);
}

static void tag256_line(struct kt_buf *b, const struct kt_pkg_file *f)
{
	char hex[KT_SHA256_HEX];

	if (f->kind == KT_PKG_TAG)
		kt_buf_printf(b, "%s  %s\n", kt_hex(f->sha256, KT_SHA256_LEN, hex), f->name);
}

static void tag512_line(struct kt_buf *b, const struct kt_pkg_file *f)
{
	char hex[KT_SHA512_HEX];

	if (f->kind == KT_PKG_TAG)
		kt_buf_printf(b, "%s  %s\n", kt_hex(f->sha512, KT_SHA512_LEN, hex), f->name);
}

static void odf_line(struct kt_buf *b, const struct kt_pkg_file *f)
{
	if (kt_pkg_odf_lists(f->name))
		kt_pkg_odf_line(b, f->name);
}

/*
 * A list over all files, in the order of names, in two passes: its size first, then its bytes, so
 * that it never stands in memory. The list's own row is added last, hence not in it.
 */
static int put_list(struct kt_pkg_work *w, const char *name, line_fn fn, const char *head,
		    const char *foot, struct kt_err *err)
{
	uint64_t size = strlen(head) + strlen(foot);
	struct kt_pkg_file *f;
	struct kt_zipw_done d = {0};
	size_t n = w->pkg->n;
	int r;

	kt_pkg_sort(w->pkg);
	for (size_t i = 0; i < n; i++) {
		kt_buf_reset(&w->text);
		fn(&w->text, &w->pkg->file[i]);
		size += w->text.len;
	}
	kt_buf_reset(&w->text);
	f = kt_pkg_file_add(w->pkg, name, err);
	if (f == NULL)
		return KT_E_USAGE;
	r = kt_zipw_begin(&w->zip, f->name, size, f->sha512 != NULL, err);
	kt_buf_puts(&w->text, head);
	for (size_t i = 0; i < n && r == 0; i++) {
		fn(&w->text, &w->pkg->file[i]);
		if (w->text.len < PIECE / 4)
			continue;
		r = kt_zipw_write(&w->zip, w->text.p, w->text.len, err);
		kt_buf_reset(&w->text);
	}
	kt_buf_puts(&w->text, foot);
	if (r == 0 && w->text.failed)
		r = KT_FAIL(err, KT_E_NOMEM, "no memory for %s", name);
	if (r == 0)
		r = kt_zipw_write(&w->zip, w->text.p, w->text.len, err);
	if (r == 0)
		r = kt_zipw_end(&w->zip, &d, err);
	return r < 0 ? r : kt_pkg_settle(w, f, &d, err);
}

static int put_odf(struct kt_pkg_work *w, struct kt_err *err)
{
	struct kt_buf head, foot;
	int r;

	kt_buf_init(&head, 0);
	kt_buf_init(&foot, 0);
	kt_pkg_odf_head(&head);
	kt_pkg_odf_foot(&foot);
	r = kt_buf_cstr(&head) == NULL || kt_buf_cstr(&foot) == NULL
		    ? KT_FAIL(err, KT_E_NOMEM, "no memory")
		    : put_list(w, KT_PKG_ODF, odf_line, (const char *)head.p, (const char *)foot.p,
			       err);
	kt_buf_free(&head);
	kt_buf_free(&foot);
	return r;
}

/* The list again, as it went into the file: what is signed. */
static int put_signature(struct kt_pkg_work *w, struct kt_err *err)
{
	struct kt_buf list;
	int r;

	kt_buf_init(&list, 0);
	kt_pkg_sort(w->pkg);
	for (size_t i = 0; i < w->pkg->n; i++)
		tag256_line(&list, &w->pkg->file[i]);
	r = list.failed ? KT_FAIL(err, KT_E_NOMEM, "no memory")
			: kt_pkg_put_signature(w, &list, err);
	kt_buf_free(&list);
	return r;
}

/* -- the whole -------------------------------------------------------------------------------- */

static int put_given(struct kt_pkg_work *w, struct kt_err *err)
{
	size_t n = w->pkg->n;

	for (size_t i = 0; i < n; i++) {
		struct kt_pkg_file *f = &w->pkg->file[i];
		int r = f->written	  ? 0
			: f->path != NULL ? copy_file(w, f, err)
					  : put_bytes(w, f, f->bytes, f->nbytes, err);

		if (r < 0)
			return KT_TRACE(err, r, "%s can't be packed", f->name);
	}
	return 0;
}

static int put_bag(struct kt_pkg_work *w, struct kt_err *err)
{
	struct kt_pkg_info info = {
		.sealed_us = w->out->sealed_us,
		.package = w->name,
		.case_id = w->pkg->case_id,
		.mandate_id = w->pkg->mandate_id,
		.octets = w->octets,
		.files = w->files,
		.type = w->pkg->type,
		.concerns = (const char(*)[KT_SHA256_HEX])w->pkg->concerns,
		.nconcerns = w->pkg->nconcerns,
	};
	struct kt_buf b;
	int r = kt_pkg_put_new(w, KT_PKG_BAGIT, KT_PKG_BAGIT_TEXT, strlen(KT_PKG_BAGIT_TEXT), err);

	kt_buf_init(&b, 0);
	kt_pkg_baginfo(&info, &b);
	if (r == 0)
		r = b.failed ? KT_FAIL(err, KT_E_NOMEM, "no memory")
			     : kt_pkg_put_new(w, KT_PKG_BAGINFO, b.p, b.len, err);
	kt_buf_free(&b);
	return r;
}

static int by_offset(const void *a, const void *b)
{
	uint64_t x = ((const struct kt_pkg_file *)a)->off, y = ((const struct kt_pkg_file *)b)->off;

	return (x > y) - (x < y);
}

static int put_directory(struct kt_pkg_work *w, struct kt_err *err)
{
	int r = 0;

	kt_buf_reset(&w->text);
	qsort(w->pkg->file, w->pkg->n, sizeof(*w->pkg->file), by_offset);
	for (size_t i = 0; i < w->pkg->n && r == 0; i++) {
		const struct kt_pkg_file *f = &w->pkg->file[i];
		struct kt_zipw_done d = {.off = f->off, .size = f->size, .crc = f->crc};

		r = kt_zipw_central(&w->zip, f->name, &d, &w->text, err);
	}
	return r < 0 ? r : kt_zipw_tail(&w->zip, &w->text, err);
}

static int fill(struct kt_pkg_work *w, struct kt_err *err)
{
	static int (*const steps[])(struct kt_pkg_work *, struct kt_err *) = {put_given, put_bag};
	int r;

	kt_pkg_sort(w->pkg);
	r = kt_pkg_put_new(w, KT_PKG_MIMETYPE, KT_PKG_MIMETYPE_TEXT, strlen(KT_PKG_MIMETYPE_TEXT),
			   err);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && r == 0; i++)
		r = steps[i](w, err);
	if (r == 0)
		r = put_list(w, KT_PKG_MANIFEST, payload_line, "", "", err);
	if (r == 0)
		r = put_list(w, KT_PKG_TAGS256, tag256_line, "", "", err);
	if (r == 0)
		r = put_list(w, KT_PKG_TAGS512, tag512_line, "", "", err);
	if (r == 0)
		r = put_signature(w, err);
	if (r == 0)
		r = put_odf(w, err);
	if (r == 0)
		r = kt_pkg_put_xades(w, err);
	return r < 0 ? r : put_directory(w, err);
}

/* Reads the finished file from the disk again and lets the verifier judge it. */
static int check_self(struct kt_pkg_work *w, struct kt_verify_result *res, struct kt_err *err)
{
	int fd = w->out->place->fd;
	struct kt_verify_result *own = res == NULL ? malloc(sizeof(*own)) : res;
	int r;

	if (own == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* so that the disk is asked, not memory */
	r = kt_verify_package(fd, w->name, w->out->trust, own, err);
	if (r < 0 || own->verdict != KT_VERDICT_INVALID)
		goto out;
	for (unsigned i = 0; i < KT_V_COUNT; i++)
		if (own->check[i].state == KT_VS_FAILED) {
			r = KT_FAIL(err, KT_E_INVALID, "%s: %.120s", kt_verify_check_name(i),
				    own->check[i].text[0]);
			break;
		}
	KT_TRACE(err, r, "the finished package does not hold, so it was not kept");
out:
	if (res == NULL)
		free(own);
	return r;
}

static int write_file(struct kt_pkg_work *w, int fd, struct kt_err *err)
{
	int r = kt_zipw_init(&w->zip, fd, w->out->sealed_us, err);

	if (r == 0)
		r = fill(w, err);
	kt_zipw_free(&w->zip);
	return r < 0 ? r : kt_sync_fd(fd, err);
}

int kt_package_write(struct kt_package *pkg, const struct kt_package_out *out,
		     struct kt_verify_result *res, struct kt_err *err)
{
	struct kt_pkg_work *w = calloc(1, sizeof(*w));
	int r;

	if (w == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	w->pkg = pkg;
	w->out = out;
	kt_buf_init(&w->text, 0);
	kt_buf_init(&w->p7s, 0);
	w->buf = malloc(PIECE);
	r = w->buf == NULL ? KT_FAIL(err, KT_E_NOMEM, "no memory") : 0;
	snprintf(w->name, sizeof(w->name), "%s", out->place->name);
	if (r == 0)
		r = write_file(w, out->place->fd, err);
	if (r == 0)
		r = check_self(w, res, err);
	if (r == 0) /* the last moment at which it can be stopped */
		r = progress(w, 0, err);
	if (r == 0)
		r = kt_place_publish(out->place, err);
	kt_buf_free(&w->text);
	kt_buf_free(&w->p7s);
	free(w->buf);
	free(w);
	return r;
}
