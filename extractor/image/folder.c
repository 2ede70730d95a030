/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A folder tree, walked in the order of the names' bytes. Every step is one openat() of one name
 * without following a link, so that no name leads out; folders in which nothing wanted can lie are
 * not opened at all.
 */
#include "core/err.h"
#include "core/io.h"
#include "extractor/image/image_i.h"
#include "extractor/image/plist.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEVELS	   64u
#define DIR_NAMES  ((size_t)512 << 20) /* bytes of the names in one folder */
#define META_MAX   ((size_t)256 << 10)
#define BUNDLE_MAX 256u

struct level {
	int fd;
	struct kt_buf names; /* NUL-terminated, in the order of the folder */
	uint32_t *at;	     /* offsets into names, sorted */
	uint32_t n, i;
	size_t path_len; /* of the folder itself */
};

struct folder {
	struct level level[LEVELS];
	unsigned depth; /* levels in use */
	dev_t dev;
	char path[KT_DEV_PATH_MAX + 2 + NAME_MAX];
	int fd; /* of the current object; -1 */
	struct timespec mtime;
	/* the app's folder that was asked for last */
	char container[KT_DEV_PATH_MAX + 1];
	char bundle[BUNDLE_MAX];
	bool bundle_known;
};

/* -- one folder ------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b, void *names)
{
	const char *base = names;

	return strcmp(base + *(const uint32_t *)a, base + *(const uint32_t *)b);
}

static int read_names(struct level *l, DIR *d, struct kt_err *err)
{
	const struct dirent *e;
	uint32_t n = 0;

	while (errno = 0, (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (n == KT_IMG_MEMBERS_MAX ||
		    kt_buf_put(&l->names, e->d_name, strlen(e->d_name) + 1) < 0)
			return KT_FAIL(err, KT_E_LIMIT, "a folder holds too many names");
		n++;
	}
	if (errno != 0)
		return KT_FAIL(err, KT_E_STORAGE, "readdir: %s", strerror(errno));
	l->at = calloc((size_t)n + 1, sizeof(*l->at));
	if (l->at == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the names of a folder");
	for (size_t i = 0; i < l->names.len; i += strlen((const char *)l->names.p + i) + 1)
		l->at[l->n++] = (uint32_t)i;
	if (l->n > 0)
		qsort_r(l->at, l->n, sizeof(*l->at), compare_names, l->names.p);
	return 0;
}

static void leave(struct folder *f)
{
	struct level *l = &f->level[--f->depth];

	kt_close_fd(&l->fd);
	kt_buf_free(&l->names);
	free(l->at);
	l->at = NULL;
}

/* Takes over fd as the next level; f->path is its path. */
static int enter(struct folder *f, int fd, size_t path_len, struct kt_err *err)
{
	struct level *l = &f->level[f->depth++];
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	int r;

	memset(l, 0, sizeof(*l));
	l->fd = fd;
	l->path_len = path_len;
	kt_buf_init(&l->names, DIR_NAMES);
	if (d == NULL) {
		if (copy >= 0)
			close(copy);
		return KT_FAIL(err, KT_E_STORAGE, "fdopendir: %s", strerror(errno));
	}
	r = read_names(l, d, err);
	closedir(d);
	return r;
}

/* -- objects ---------------------------------------------------------------------------------- */

int kt_img_open_plain(int dirfd, const char *name, int flags)
{
	int fd;

	flags |= O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	fd = openat(dirfd, name, flags | O_NOATIME);
	return fd < 0 && errno == EPERM ? openat(dirfd, name, flags) : fd;
}

static int push_folder(struct kt_image *im, struct level *l, const char *name, size_t path_len,
		       const struct stat *st, struct kt_err *err)
{
	struct folder *f = im->state;
	int fd;

	if (!kt_img_may_descend(&im->rules, (const uint8_t *)f->path, path_len))
		return 0;
	if (st->st_dev != f->dev) {
		im->no[KT_NO_MOUNT]++;
		return 0;
	}
	if (f->depth == LEVELS) {
		im->no[KT_NO_DEEP]++;
		return 0;
	}
	fd = kt_img_open_plain(l->fd, name, O_DIRECTORY);
	if (fd < 0) {
		im->no[KT_NO_FOLDER]++;
		return 0;
	}
	return enter(f, fd, path_len, err);
}

/* Opens the current object; it must still be what was looked at. */
static void open_object(struct kt_image *im, int dirfd, const char *name, const struct stat *seen)
{
	struct folder *f = im->state;
	struct stat st;

	f->fd = kt_img_open_plain(dirfd, name, 0);
	if (f->fd < 0) {
		kt_img_unreadable(im, "can't be opened: %s", strerror(errno));
		return;
	}
	if (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_ino != seen->st_ino ||
	    st.st_dev != seen->st_dev) {
		kt_close_fd(&f->fd);
		kt_img_unreadable(im, "changed while it was opened");
		return;
	}
	im->m.size = (uint64_t)st.st_size;
	f->mtime = st.st_mtim;
}

/* A name of the folder at hand. 1: the plan wants it, 0: go on, or a code. */
static int visit(struct kt_image *im, struct level *l, const char *name, struct kt_err *err)
{
	struct folder *f = im->state;
	size_t n = strlen(name), len = l->path_len;
	struct stat st;
	int r;

	if (len > 0)
		f->path[len++] = '/';
	if (len + n > KT_DEV_PATH_MAX) {
		im->seen++;
		im->no[fstatat(l->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)
			       ? KT_NO_LONG_FOLDER
			       : KT_NO_LONG]++;
		return 0;
	}
	memcpy(f->path + len, name, n + 1);
	len += n;
	if (fstatat(l->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		im->no[KT_NO_FOLDER]++;
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return push_folder(im, l, name, len, &st, err);
	if (S_ISLNK(st.st_mode))
		im->no[KT_NO_LINK]++;
	else if (!S_ISREG(st.st_mode))
		im->no[KT_NO_SPECIAL]++;
	r = kt_img_offer(im, f->path, len, err);
	if (r != 1)
		return r;
	im->m.size = (uint64_t)st.st_size;
	im->m.mode = st.st_mode;
	im->m.mtime = st.st_mtim.tv_sec;
	if (S_ISLNK(st.st_mode))
		kt_img_unreadable(im, "a symbolic link, not followed");
	else if (!S_ISREG(st.st_mode))
		kt_img_unreadable(im, "no regular file");
	else
		open_object(im, l->fd, name, &st);
	return 1;
}

static int folder_next(struct kt_image *im, struct kt_err *err)
{
	struct folder *f = im->state;
	int r = 0;

	kt_close_fd(&f->fd);
	while (r == 0 && f->depth > 0) {
		struct level *l = &f->level[f->depth - 1];

		if (l->i == l->n) {
			leave(f);
			continue;
		}
		r = kt_img_pulse(im, err);
		if (r == 0)
			r = visit(im, l, (const char *)l->names.p + l->at[l->i++], err);
	}
	return r;
}

static int folder_read(struct kt_image *im, uint64_t off, void *p, size_t n, size_t *got,
		       struct kt_err *err)
{
	struct folder *f = im->state;
	int r = kt_pread_full(f->fd, p, n, off, got, err);

	im->bytes += *got;
	return r;
}

static bool folder_changed(struct kt_image *im)
{
	struct folder *f = im->state;
	struct stat st;

	return f->fd >= 0 &&
	       (fstat(f->fd, &st) < 0 || (uint64_t)st.st_size != im->m.size ||
		st.st_mtim.tv_sec != f->mtime.tv_sec || st.st_mtim.tv_nsec != f->mtime.tv_nsec);
}

static void folder_close(struct kt_image *im)
{
	struct folder *f = im->state;

	while (f->depth > 0)
		leave(f);
	kt_close_fd(&f->fd);
	free(f);
}

/* -- apps' folders ---------------------------------------------------------------------------- */

/*
 * Opens dir/<name> for a dir of one of the levels that are open: the deepest one whose path is it,
 * or the root for anything else.
 */
static int level_fd(const struct folder *f, const uint8_t *path, size_t n)
{
	for (unsigned i = f->depth; i > 0; i--)
		if (f->level[i - 1].path_len == n && memcmp(f->path, path, n) == 0)
			return f->level[i - 1].fd;
	return -1;
}

static void read_identifier(struct folder *f, int dirfd)
{
	struct kt_buf b;
	KT_AUTO_FD fd = kt_img_open_plain(dirfd, KT_IMG_META_NAME, 0);
	struct stat st;
	size_t got = 0;

	f->bundle_known = false;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (size_t)st.st_size > META_MAX)
		return;
	kt_buf_init(&b, META_MAX);
	if (kt_buf_reserve(&b, (size_t)st.st_size) == 0 &&
	    kt_pread_full(fd, b.p, (size_t)st.st_size, 0, &got, NULL) == 0)
		f->bundle_known =
			kt_plist_text(b.p, got, KT_IMG_META_KEY, f->bundle, sizeof(f->bundle));
	kt_buf_free(&b);
}

/* The file that iOS keeps in each app's folder names the app (observed in public images). */
static int whose_container(void *arg, const uint8_t *path, size_t n, const char *bundle)
{
	struct folder *f = arg;
	int dirfd = level_fd(f, path, n);

	if (dirfd < 0 || n >= sizeof(f->container))
		return -1;
	if (strlen(f->container) != n || memcmp(f->container, path, n) != 0) {
		memcpy(f->container, path, n);
		f->container[n] = '\0';
		read_identifier(f, dirfd);
	}
	if (!f->bundle_known)
		return -1;
	return strcmp(f->bundle, bundle) == 0;
}

static const struct kt_img_ops folder_ops = {
	.next = folder_next, .read = folder_read, .changed = folder_changed, .close = folder_close};

int kt_img_folder_open(struct kt_image *im, struct kt_err *err)
{
	struct folder *f = calloc(1, sizeof(*f));
	struct stat st;
	int fd;

	if (f == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a folder");
	f->fd = -1;
	im->state = f;
	im->ops = &folder_ops;
	im->layout = KT_LAYOUT_FOLDER;
	im->rules.container = whose_container;
	im->rules.arg = f;
	/* not dup(): the reading position of a folder belongs to its open file */
	fd = openat(im->o.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		kt_close_fd(&fd);
		return KT_FAIL(err, KT_E_STORAGE, "the folder can't be opened: %s",
			       strerror(errno));
	}
	f->dev = st.st_dev;
	return enter(f, fd, 0, err);
}
