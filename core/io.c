/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/io.h"
#include "core/buf.h"
#include "core/err.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

void kt_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void kt_close_file(FILE **f)
{
	if (*f != NULL)
		fclose(*f);
	*f = NULL;
}

int kt_errno_code(int e)
{
	return e == ENOENT ? KT_E_ABSENT : KT_E_STORAGE;
}

int kt_write_full(int fd, const void *p, size_t n, struct kt_err *err)
{
	return kt_write2_full(fd, p, n, NULL, 0, err);
}

int kt_write2_full(int fd, const void *a, size_t an, const void *b, size_t bn, struct kt_err *err)
{
	struct iovec v[2] = {{(void *)(uintptr_t)a, an}, {(void *)(uintptr_t)b, bn}};
	int i = 0;

	while (i < 2) {
		ssize_t w;

		if (v[i].iov_len == 0) {
			i++;
			continue;
		}
		w = writev(fd, v + i, 2 - i);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return KT_FAIL(err, KT_E_STORAGE, "write: %s", strerror(errno));
		for (; i < 2 && w > 0; i++) {
			size_t k = (size_t)w < v[i].iov_len ? (size_t)w : v[i].iov_len;
			v[i].iov_base = (uint8_t *)v[i].iov_base + k;
			v[i].iov_len -= k;
			w -= (ssize_t)k;
			if (v[i].iov_len > 0)
				break;
		}
	}
	return 0;
}

int kt_read_full(int fd, void *p, size_t n, size_t *got, struct kt_err *err)
{
	size_t done = 0;

	*got = 0;
	while (done < n) {
		ssize_t r = read(fd, (uint8_t *)p + done, n - done);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return KT_FAIL(err, KT_E_STORAGE, "read: %s", strerror(errno));
		if (r == 0)
			break;
		done += (size_t)r;
	}
	*got = done;
	return 0;
}

int kt_pread_full(int fd, void *p, size_t n, uint64_t off, size_t *got, struct kt_err *err)
{
	size_t done = 0;

	*got = 0;
	while (done < n) {
		ssize_t r = pread(fd, (uint8_t *)p + done, n - done, (off_t)(off + done));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return KT_FAIL(err, KT_E_STORAGE, "pread: %s", strerror(errno));
		if (r == 0)
			break;
		done += (size_t)r;
	}
	*got = done;
	return 0;
}

static int read_all(int fd, size_t max, struct kt_buf *b, struct kt_err *err)
{
	for (;;) {
		size_t room, got;
		int r = kt_buf_reserve(b, 65536);

		if (r < 0)
			return KT_FAIL(err, r, "file does not fit in memory");
		room = b->cap - b->len - 1;
		r = kt_read_full(fd, b->p + b->len, room, &got, err);
		if (r < 0)
			return r;
		b->len += got;
		if (b->len > max)
			return KT_FAIL(err, KT_E_LIMIT, "file is longer than %zu bytes", max);
		if (got < room)
			return 0;
	}
}

int kt_file_read(int dirfd, const char *name, size_t max, struct kt_buf *b, struct kt_err *err)
{
	/* a pipe or device where a file belongs was put there, and could be waited for; <(...) is meant */
	bool file = strncmp(name, "/dev/", 5) != 0 && strncmp(name, "/proc/", 6) != 0;
	KT_AUTO_FD fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | (file ? O_NONBLOCK : 0));
	struct stat st;
	int r;

	if (fd < 0)
		return KT_FAIL(err, kt_errno_code(errno), "%s: %s", name, strerror(errno));
	if (file && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
		return KT_FAIL(err, KT_E_STORAGE, "%s is no regular file", name);
	b->max = max + 65536 + 1;
	r = read_all(fd, max, b, err);
	return r < 0 ? KT_TRACE(err, r, "%s", name) : 0;
}

int kt_fd_read(int fd, size_t max, struct kt_buf *b, struct kt_err *err)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return KT_FAIL(err, KT_E_STORAGE, "a file can't be read: %s", strerror(errno));
	b->max = max + 65536 + 1;
	return read_all(fd, max, b, err);
}

int kt_path_read(const char *path, size_t max, struct kt_buf *b, struct kt_err *err)
{
	return kt_file_read(AT_FDCWD, path, max, b, err);
}

int kt_sync_fd(int fd, struct kt_err *err)
{
	if (fsync(fd) < 0)
		return KT_FAIL(err, KT_E_STORAGE, "fsync: %s", strerror(errno));
	return 0;
}

int kt_sync_parent(int dirfd, const char *name, struct kt_err *err)
{
	char folder[PATH_MAX];
	size_t n = strlen(name);
	KT_AUTO_FD fd = -1;

	while (n > 1 && name[n - 1] == '/')
		n--; /* "out/" lies where "out" does */
	while (n > 0 && name[n - 1] != '/')
		n--;
	if (n == 0 && dirfd != AT_FDCWD)
		return kt_sync_fd(dirfd, err);
	if (n >= sizeof(folder))
		return KT_FAIL(err, KT_E_STORAGE, "%.60s...: the path is too long", name);
	snprintf(folder, sizeof(folder), "%.*s", n > 0 ? (int)n : 1, n > 0 ? name : ".");
	if (faccessat(dirfd, folder, R_OK, AT_EACCESS) < 0 && errno == EACCES)
		return KT_FAIL(err, KT_E_REFUSED, "%.100s may not be read", folder);
	fd = openat(dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return KT_FAIL(err, KT_E_STORAGE, "%.100s can't be synced: %s", folder,
			       strerror(errno));
	return kt_sync_fd(fd, err);
}

/*
 * For file systems without renameat2()'s flag (NFS, FUSE): a second name never replaces either; where
 * there are none of those (FAT), a look must do.
 */
static int rename_by_link(int dirfd, const char *from, const char *to)
{
	if (linkat(dirfd, from, dirfd, to, 0) == 0) {
		unlinkat(dirfd, from, 0); /* it has its name, whatever becomes of the other */
		return 0;
	}
	if (errno != EPERM && errno != EOPNOTSUPP)
		return -1;
	if (faccessat(dirfd, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(dirfd, from, dirfd, to);
}

int kt_rename_new(int dirfd, const char *from, const char *to, struct kt_err *err)
{
	int r = renameat2(dirfd, from, dirfd, to, RENAME_NOREPLACE);

	if (r < 0 && (errno == EINVAL || errno == ENOSYS))
		r = rename_by_link(dirfd, from, to);
	if (r == 0)
		return 0;
	return KT_FAIL(err, errno == EEXIST ? KT_E_USAGE : KT_E_STORAGE, "%s: %s", to,
		       errno == EEXIST ? "exists already" : strerror(errno));
}

static int write_file(int dirfd, const char *name, bool replace, const void *p, size_t n,
		      mode_t mode, struct kt_err *err)
{
	char tmp[PATH_MAX];
	KT_AUTO_FD fd = -1;
	int r;

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.tmp", name) >= sizeof(tmp))
		return KT_FAIL(err, KT_E_USAGE, "file name is too long");
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return KT_FAIL(err, KT_E_STORAGE, "%s: %s", tmp, strerror(errno));
	r = kt_write_full(fd, p, n, err);
	if (r == 0)
		r = kt_sync_fd(fd, err);
	if (r == 0 && !replace)
		r = kt_rename_new(dirfd, tmp, name, err);
	else if (r == 0 && renameat(dirfd, tmp, dirfd, name) < 0)
		r = KT_FAIL(err, KT_E_STORAGE, "rename to %s: %s", name, strerror(errno));
	if (r < 0) {
		unlinkat(dirfd, tmp, 0);
		return r;
	}
	r = kt_sync_parent(dirfd, name, err);
	return r == KT_E_REFUSED ? KT_E_STORAGE : r;
}

int kt_file_write(int dirfd, const char *name, const void *p, size_t n, mode_t mode,
		  struct kt_err *err)
{
	return write_file(dirfd, name, true, p, n, mode, err);
}

int kt_file_write_new(int dirfd, const char *name, const void *p, size_t n, mode_t mode,
		      struct kt_err *err)
{
	return write_file(dirfd, name, false, p, n, mode, err);
}

int kt_dir_open(int dirfd, const char *name, bool create, struct kt_err *err)
{
	int fd, r = 0;

	if (create && mkdirat(dirfd, name, 0700) < 0 && errno != EEXIST)
		return KT_FAIL(err, KT_E_STORAGE, "mkdir %s: %s", name, strerror(errno));
	/* below a folder of ours a link can only lead away from it */
	fd = openat(dirfd, name,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | (dirfd == AT_FDCWD ? 0 : O_NOFOLLOW));
	if (fd < 0)
		return KT_FAIL(err, kt_errno_code(errno), "%s: %s", name, strerror(errno));
	/* also when it is there: whoever made it may have been cut off before this */
	if (create)
		r = kt_sync_parent(dirfd, name, NULL);
	if (r == 0 || r == KT_E_REFUSED)
		return fd;
	close(fd);
	return KT_FAIL(err, r, "%s: what it lies in can't be synced", name);
}

int kt_share(int dirfd, int fd, mode_t mode, struct kt_err *err)
{
	const mode_t want = S_ISGID | (mode & S_IRWXG);
	struct stat st;
	bool shared;

	if (fstat(dirfd, &st) < 0)
		return KT_FAIL(err, KT_E_STORAGE, "fstat: %s", strerror(errno));
	shared = (st.st_mode & want) == want ||
		 fgetxattr(dirfd, "system.posix_acl_default", NULL, 0) > 0;
	if (!shared || (fstat(fd, &st) == 0 && (st.st_mode & 0777) == mode))
		return 0;
	if (fchmod(fd, mode) < 0)
		return KT_FAIL(err, KT_E_STORAGE, "it can't be shared: %s", strerror(errno));
	return kt_sync_fd(fd, err);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

void kt_tree_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void kt_dir_remove_files(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	if (d == NULL) {
		kt_close_fd(&fd);
		return;
	}
	while ((e = readdir(d)) != NULL)
		unlinkat(fd, e->d_name, 0);
	closedir(d);
	unlinkat(dirfd, name, AT_REMOVEDIR);
}
