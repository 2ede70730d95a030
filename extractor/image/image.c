/* SPDX-License-Identifier: EUPL-1.2 */
/* What a source is, and what all layouts do alike: counting, judging names, reading in order. */
#include "extractor/image/image.h"

#include "core/err.h"
#include "core/io.h"
#include "core/unzip.h"
#include "extractor/image/image_i.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define CHUNK	((size_t)KT_DEV_CHUNK)
#define WATCHED 256u /* steps between two looks at the watch */

static const char *const no_text[KT_NO_COUNT] = {
	[KT_NO_DOTDOT] = "with \"..\" in their name",
	[KT_NO_ABSOLUTE] = "with an absolute name",
	[KT_NO_NUL] = "with a NUL in their name",
	[KT_NO_LONG] = "with a name that is too long",
	[KT_NO_EMPTY] = "without a name",
	[KT_NO_LINK] = "links, not followed",
	[KT_NO_SPECIAL] = "devices, pipes or sockets",
	[KT_NO_MOUNT] = "folders on another file system",
	[KT_NO_DEEP] = "folders that lie too deep",
	[KT_NO_LONG_FOLDER] = "folders with a path that is too long",
	[KT_NO_FOLDER] = "folders that can't be opened",
};

/* -- the current object ----------------------------------------------------------------------- */

int kt_img_watched(struct kt_image *im, struct kt_err *err)
{
	int r = im->o.watch.check != NULL ? im->o.watch.check(im->o.watch.ctx) : 0;

	return r < 0 ? KT_FAIL(err, r, "stopped") : 0;
}

int kt_img_pulse(struct kt_image *im, struct kt_err *err)
{
	return ++im->steps % WATCHED == 0 ? kt_img_watched(im, err) : 0;
}

int kt_img_begin_member(struct kt_image *im, const void *path, size_t n, struct kt_err *err)
{
	memset(&im->m, 0, sizeof(im->m));
	kt_buf_reset(&im->path);
	if (kt_buf_put(&im->path, path, n) < 0)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a name");
	im->m.path = im->path.p;
	im->m.path_len = n;
	return 0;
}

void kt_img_note(struct kt_image *im, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(im->m.note, sizeof(im->m.note), fmt, ap);
	va_end(ap);
}

void kt_img_unreadable(struct kt_image *im, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(im->m.note, sizeof(im->m.note), fmt, ap);
	va_end(ap);
	if ((im->m.flags & KT_DEV_M_UNREADABLE) == 0)
		im->unreadable++;
	im->m.flags |= KT_DEV_M_UNREADABLE;
}

void kt_img_remark(struct kt_image *im, const char *fmt, ...)
{
	va_list ap;

	if (im->remark[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(im->remark, sizeof(im->remark), fmt, ap);
	va_end(ap);
}

/* -1: a name that may be matched, else why not. Names are never used to open anything by path. */
static int judge_name(const uint8_t *p, size_t n)
{
	if (n == 0)
		return KT_NO_EMPTY;
	if (n > KT_DEV_PATH_MAX)
		return KT_NO_LONG;
	if (memchr(p, '\0', n) != NULL)
		return KT_NO_NUL;
	if (p[0] == '/')
		return KT_NO_ABSOLUTE;
	for (size_t i = 0; i < n;) {
		const uint8_t *end = memchr(p + i, '/', n - i);
		size_t k = end != NULL ? (size_t)(end - (p + i)) : n - i;

		if (k == 2 && p[i] == '.' && p[i + 1] == '.')
			return KT_NO_DOTDOT;
		i += k + 1;
	}
	return -1;
}

int kt_img_count(struct kt_image *im, const void *path, size_t n, struct kt_err *err)
{
	int no = judge_name(path, n);

	if (++im->seen > KT_IMG_MEMBERS_MAX)
		return KT_FAIL(err, KT_E_LIMIT, "the source holds more than %u objects",
			       KT_IMG_MEMBERS_MAX);
	if (no >= 0)
		im->no[no]++;
	return no < 0 ? 1 : 0;
}

int kt_img_offer(struct kt_image *im, const void *path, size_t n, struct kt_err *err)
{
	struct kt_img_hit hit;
	int r = kt_img_count(im, path, n, err);

	if (r != 1 || !kt_img_match(&im->rules, path, n, &hit))
		return r < 0 ? r : 0;
	r = kt_img_begin_member(im, path, n, err);
	if (r < 0)
		return r;
	memcpy(im->m.id, hit.id, sizeof(hit.id));
	im->m.n = hit.n;
	if (hit.path_only) {
		im->m.flags |= KT_DEV_M_PATH_ONLY;
		kt_img_note(im, "the app's folder is known by its path alone");
	}
	return 1;
}

uint8_t *kt_img_chunk_buf(struct kt_image *im, struct kt_err *err)
{
	if (im->chunk == NULL)
		im->chunk = malloc(CHUNK);
	if (im->chunk == NULL)
		KT_FAIL(err, KT_E_NOMEM, "no memory for a piece of a file");
	return im->chunk;
}

int kt_img_load(struct kt_image *im, struct kt_err *err)
{
	uint64_t at = 0;

	if (im->m.size > KT_IMG_BUFFER)
		return KT_FAIL(err, KT_E_LIMIT, "too large to be read at random");
	/* one byte more: an empty file is loaded too */
	im->mem = malloc((size_t)im->m.size + 1);
	if (im->mem == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a file of %llu bytes",
			       (unsigned long long)im->m.size);
	for (;;) {
		const uint8_t *p;
		size_t n;
		int r = im->ops->chunk(im, &p, &n, err);

		if (r == 0 && n > im->m.size - at)
			r = KT_FAIL(err, KT_E_FORMAT, "longer than announced");
		if (r == 0 && n == 0 && at != im->m.size)
			r = KT_FAIL(err, KT_E_PARTIAL, "shorter than announced");
		if (r < 0) {
			free(im->mem);
			im->mem = NULL;
			return r;
		}
		if (n == 0)
			return 0;
		memcpy(im->mem + at, p, n);
		at += n;
	}
}

/* -- the source file -------------------------------------------------------------------------- */

int kt_img_at_read(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct kt_image *im = arg;
	int r = kt_pread_full(im->o.fd, p, n, off, got, err);

	im->bytes += *got;
	return r;
}

int kt_img_seq_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct kt_image *im = arg;
	int r = kt_img_watched(im, err);

	*got = 0;
	if (r == 0)
		r = kt_pread_full(im->o.fd, p, n, im->hashed, got, err);
	if (r < 0)
		return r;
	im->hashed += *got;
	im->bytes += *got;
	return kt_hash_update(&im->hash, p, *got);
}

int kt_img_hash_rest(struct kt_image *im, struct kt_err *err)
{
	uint8_t *p = kt_img_chunk_buf(im, err);
	size_t got = 1;
	int r = p != NULL ? 0 : KT_E_NOMEM;

	while (r == 0 && got > 0)
		r = kt_img_seq_read(im, p, CHUNK, &got, err);
	return r;
}

/* -- what it is ------------------------------------------------------------------------------- */

enum kind { KIND_OTHER, KIND_ZIP, KIND_TAR, KIND_TARGZ };

struct head {
	int fd;
	uint64_t off;
};

static int head_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct head *h = arg;
	int r = kt_pread_full(h->fd, p, n, h->off, got, err);

	h->off += *got;
	return r;
}

static int gz_read(void *g, void *p, size_t n, size_t *got, struct kt_err *err)
{
	return kt_gunzip_read(g, p, n, got, err);
}

/* Does a tar archive begin here? */
static bool is_tar(const struct kt_rdseq *src)
{
	struct kt_untar *t = NULL;
	struct kt_tar_member m;
	bool yes = kt_untar_open(src, &t, NULL) == 0 && kt_untar_next(t, &m, NULL) == 1;

	kt_untar_close(&t);
	return yes;
}

static enum kind sniff(int fd)
{
	struct head h = {.fd = fd};
	struct kt_rdseq src = {.read = head_read, .arg = &h};
	struct kt_gunzip *g = NULL;
	struct kt_rdseq inner = {.read = gz_read};
	enum kind k = KIND_OTHER;
	uint8_t b[4] = {0};
	size_t got = 0;

	if (kt_pread_full(fd, b, sizeof(b), 0, &got, NULL) < 0 || got < sizeof(b))
		return KIND_OTHER;
	if (b[0] == 'P' && b[1] == 'K' &&
	    ((b[2] == 3 && b[3] == 4) || (b[2] == 5 && b[3] == 6) || (b[2] == 6 && b[3] == 6)))
		return KIND_ZIP;
	if (b[0] != 0x1f || b[1] != 0x8b)
		return is_tar(&src) ? KIND_TAR : KIND_OTHER;
	if (kt_gunzip_open(&src, &g, NULL) == 0) {
		inner.arg = g;
		k = is_tar(&inner) ? KIND_TARGZ : KIND_OTHER;
	}
	kt_gunzip_close(&g);
	return k;
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), k = strlen(end);

	return n >= k && strcasecmp(name + n - k, end) == 0;
}

/*
 * A handed-over archive is opened only when its name says that it is just that: a KMZ or a wallet
 * pass is a ZIP file too, but one thing. Without a name its content decides.
 */
static enum kind handed_kind(const char *name, enum kind k)
{
	if (name[0] == '\0')
		return k;
	if (k == KIND_ZIP && !ends_with(name, ".zip"))
		return KIND_OTHER;
	if (k == KIND_TAR && !ends_with(name, ".tar"))
		return KIND_OTHER;
	if (k == KIND_TARGZ && !ends_with(name, ".tar.gz") && !ends_with(name, ".tgz"))
		return KIND_OTHER;
	return k;
}

static int open_file(struct kt_image *im, const struct stat *st, struct kt_err *err)
{
	enum kind k = sniff(im->o.fd);
	int r;

	if (im->o.form == KT_FORM_FILE)
		k = handed_kind(im->o.name, k);
	else if (im->o.form != KT_FORM_IMAGE)
		return KT_FAIL(err, KT_E_FORMAT, "not-a-folder: this must be a folder");
	im->size = (uint64_t)st->st_size;
	im->mtime_s = st->st_mtim.tv_sec;
	im->mtime_ns = st->st_mtim.tv_nsec;
	(void)posix_fadvise(im->o.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	r = kt_hash_init(&im->hash, KT_SHA256, err);
	if (r < 0)
		return r;
	if (k == KIND_ZIP)
		return kt_img_zip_open(im, err);
	if (k != KIND_OTHER)
		return kt_img_tar_open(im, k == KIND_TARGZ, err);
	if (im->o.form == KT_FORM_FILE)
		return kt_img_single_open(im, err);
	return KT_FAIL(err, KT_E_FORMAT,
		       "no-image: neither a tar, tar.gz or ZIP archive nor a folder");
}

static int open_folder(struct kt_image *im, struct kt_err *err)
{
	struct stat st;

	if (im->o.form == KT_FORM_BACKUP)
		return kt_img_backup_open(im, err);
	if (im->o.form == KT_FORM_IMAGE &&
	    fstatat(im->o.fd, "Manifest.db", &st, AT_SYMLINK_NOFOLLOW) == 0)
		return KT_FAIL(err, KT_E_FORMAT,
			       "is-a-backup: this folder is an iPhone's backup, not an image");
	return kt_img_folder_open(im, err);
}

static int open_source(struct kt_image *im, struct kt_err *err)
{
	struct stat st;
	int r = kt_img_rules_make(&im->rules, im->o.form, im->o.may, err);

	if (r < 0)
		return r;
	if (fstat(im->o.fd, &st) < 0)
		return KT_FAIL(err, KT_E_STORAGE, "fstat: %s", strerror(errno));
	if (S_ISDIR(st.st_mode))
		return open_folder(im, err);
	if (S_ISREG(st.st_mode))
		return open_file(im, &st, err);
	return KT_FAIL(err, KT_E_FORMAT, "no-source: neither a folder nor a regular file");
}

int kt_image_open(const struct kt_img_opt *o, struct kt_image **out, struct kt_err *err)
{
	struct kt_image *im;
	int r;

	*out = NULL;
	if (o->form != KT_FORM_BACKUP && o->form != KT_FORM_IMAGE && o->form != KT_FORM_FILE &&
	    o->form != KT_FORM_CARRIER)
		return KT_FAIL(err, KT_E_USAGE, "form %u is not that of a source", o->form);
	im = calloc(1, sizeof(*im));
	if (im == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a source");
	im->o = *o;
	kt_buf_init(&im->path, 2 * (size_t)KT_DEV_PATH_MAX);
	if (o->facts != NULL)
		snprintf(im->detail, sizeof(im->detail), "%s", o->facts);
	r = open_source(im, err);
	if (r < 0)
		kt_image_close(&im);
	*out = im;
	return r;
}

void kt_image_close(struct kt_image **p)
{
	struct kt_image *im = *p;

	if (im == NULL)
		return;
	if (im->ops != NULL)
		im->ops->close(im);
	kt_buf_free(&im->path);
	kt_hash_free(&im->hash);
	free(im->chunk);
	free(im->mem);
	free(im);
	*p = NULL;
}

enum kt_dev_layout kt_image_layout(const struct kt_image *im)
{
	return im->layout;
}

uint64_t kt_image_size(const struct kt_image *im)
{
	return im->size;
}

const char *kt_image_identifier(const struct kt_image *im)
{
	return im->identifier;
}

const char *kt_image_detail(const struct kt_image *im)
{
	return im->detail;
}

/* -- one after another ------------------------------------------------------------------------ */

/* Size or time of the source file differ from those at the start. */
static bool source_changed(const struct kt_image *im)
{
	struct stat st;

	if (im->layout == KT_LAYOUT_FOLDER || im->layout == KT_LAYOUT_BACKUP)
		return false;
	return fstat(im->o.fd, &st) < 0 || (uint64_t)st.st_size != im->size ||
	       st.st_mtim.tv_sec != im->mtime_s || st.st_mtim.tv_nsec != im->mtime_ns;
}

static void say(struct kt_img_summary *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct kt_img_summary *s, const char *fmt, ...)
{
	size_t n = strlen(s->text);
	va_list ap;

	if (n > 0 && n + 2 < sizeof(s->text)) {
		memcpy(s->text + n, "; ", 3);
		n += 2;
	}
	va_start(ap, fmt);
	vsnprintf(s->text + n, sizeof(s->text) - n, fmt, ap);
	va_end(ap);
}

/* Reads the source file to its end and takes its digest. */
static int finish_file(struct kt_image *im, struct kt_err *err)
{
	struct kt_img_summary *s = &im->sum;
	int r = im->ops->finish != NULL ? im->ops->finish(im, err) : 0;

	if (r == 0 && im->layout != KT_LAYOUT_FOLDER && im->layout != KT_LAYOUT_BACKUP) {
		r = kt_img_hash_rest(im, err);
		if (r == 0)
			r = kt_hash_final(&im->hash, s->sha);
		s->has_sha = r == 0;
		s->changed = source_changed(im) || im->hashed != im->size;
	}
	return r;
}

static int finish(struct kt_image *im, struct kt_err *err)
{
	struct kt_img_summary *s = &im->sum;
	int r = finish_file(im, err);

	if (r == KT_E_CANCELLED) /* goes on with the next call */
		return r;
	im->finished = true;
	s->incomplete = im->cut || im->no[KT_NO_FOLDER] > 0 || im->no[KT_NO_DEEP] > 0 ||
			im->no[KT_NO_MOUNT] > 0 || im->no[KT_NO_LONG_FOLDER] > 0;
	if (s->changed)
		say(s, "the source changed while it was read");
	if (im->remark[0] != '\0')
		say(s, "%s", im->remark);
	for (size_t i = 0; i < KT_NO_COUNT; i++)
		if (im->no[i] > 0)
			say(s, "passed over: %llu %s", (unsigned long long)im->no[i], no_text[i]);
	return r;
}

/* One step of the layout. What ends the source early is kept until the end is told. */
static int step(struct kt_image *im, struct kt_err *err)
{
	int r = im->ended ? 0 : im->ops->next(im, err);

	if (r == 1 || r == KT_E_CANCELLED || r == KT_E_NOMEM)
		return r;
	im->ended = true;
	if (r < 0) {
		im->early = r;
		snprintf(im->why, sizeof(im->why), "%s",
			 err != NULL ? kt_err_text(err) : kt_code_name(r));
		kt_img_remark(im, "reading stopped early: %s", im->why);
	}
	return 0;
}

int kt_image_next(struct kt_image *im, const struct kt_img_member **m, struct kt_err *err)
{
	struct kt_err own = {0};
	int r;

	*m = NULL;
	im->have = false;
	free(im->mem);
	im->mem = NULL;
	im->pos = 0;
	r = step(im, &own);
	if (r == 0 && !im->finished) {
		kt_err_clear(&own);
		r = finish(im, &own);
		/* the first trouble is the one to tell */
		if (im->finished && im->early < 0)
			return KT_FAIL(err, im->early, "%s", im->why);
	}
	if (r < 0)
		return KT_FAIL(err, r, "%s", kt_err_text(&own));
	im->have = r == 1;
	*m = im->have ? &im->m : NULL;
	return r;
}

static int may_read(const struct kt_image *im, struct kt_err *err)
{
	if (!im->have)
		return KT_FAIL(err, KT_E_USAGE, "no object is at hand");
	if ((im->m.flags & KT_DEV_M_UNREADABLE) != 0)
		return KT_FAIL(err, KT_E_ABSENT, "%s", im->m.note);
	return 0;
}

int kt_image_begin(struct kt_image *im, struct kt_err *err)
{
	int r = may_read(im, err);

	im->pos = 0;
	if (r == 0 && im->mem == NULL && im->ops->begin != NULL)
		r = im->ops->begin(im, err);
	return r;
}

int kt_image_chunk(struct kt_image *im, const uint8_t **p, size_t *n, struct kt_err *err)
{
	int r = may_read(im, err);

	*n = 0;
	*p = NULL;
	if (r == 0)
		r = kt_img_watched(im, err);
	if (r < 0)
		return r;
	if (im->mem != NULL) {
		*p = im->mem + im->pos;
		*n = im->m.size - im->pos < CHUNK ? (size_t)(im->m.size - im->pos) : CHUNK;
	} else if (im->ops->chunk != NULL) {
		r = im->ops->chunk(im, p, n, err);
	} else {
		*p = kt_img_chunk_buf(im, err);
		r = *p == NULL ? KT_E_NOMEM : im->ops->read(im, im->pos, im->chunk, CHUNK, n, err);
	}
	if (r < 0)
		return r;
	if (*n > im->m.size - im->pos) /* it grew: what was announced counts */
		*n = (size_t)(im->m.size - im->pos);
	if (*n == 0 && im->pos < im->m.size)
		return KT_FAIL(err, KT_E_PARTIAL, "it ends after %llu of %llu bytes",
			       (unsigned long long)im->pos, (unsigned long long)im->m.size);
	im->pos += *n;
	return 0;
}

int kt_image_read(struct kt_image *im, uint64_t off, void *p, size_t n, size_t *got,
		  struct kt_err *err)
{
	int r = may_read(im, err);

	*got = 0;
	if (r < 0 || off >= im->m.size)
		return r;
	if (n > im->m.size - off)
		n = (size_t)(im->m.size - off);
	if (im->mem == NULL) {
		r = im->ops->read(im, off, p, n, got, err);
		/* the layout may have loaded it, to be read from memory from now on */
		if (r < 0 || im->mem == NULL)
			return r;
	}
	memcpy(p, im->mem + off, n);
	*got = n;
	return 0;
}

uint64_t kt_image_member_size(const struct kt_image *im)
{
	return im->have ? im->m.size : 0;
}

bool kt_image_member_changed(struct kt_image *im)
{
	return im->have && im->ops->changed != NULL && im->ops->changed(im);
}

void kt_image_summary(const struct kt_image *im, struct kt_img_summary *s)
{
	*s = im->sum;
	s->seen = im->seen;
	s->bytes = im->bytes;
	s->unreadable = im->unreadable;
	s->refused = 0;
	for (size_t i = 0; i < KT_NO_COUNT; i++)
		s->refused += im->no[i];
}
