/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/package/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/io.h"

#define ROUNDS	      1000 /* of others who take the same place */
#define ENVELOPE_MAX  ((size_t)1 << 20)
#define ENVELOPE_END  ".release.p7m"
#define TMP_NAME      (KT_PKG_NAME_MAX + 8)
#define ENVELOPE_NAME sizeof(((struct kt_place *)0)->envelope)

/* What the caller holds of the case, to know its envelope by. */
struct own {
	const void *envelope;
	size_t n;
};

static void tmp_name(const char *name, char tmp[TMP_NAME])
{
	snprintf(tmp, TMP_NAME, "%s.tmp", name);
}

static void envelope_name(const char *name, char out[ENVELOPE_NAME])
{
	size_t stem = strlen(name) - strlen(KT_PKG_SUFFIX);

	snprintf(out, ENVELOPE_NAME, "%.*s" ENVELOPE_END, (int)stem, name);
}

static bool exists(int dir_fd, const char *name)
{
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Does the name still stand for the open file? Somebody may have renamed or deleted it meanwhile. */
static bool stands_for(int dir_fd, const char *name, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(dir_fd, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static bool is_own_envelope(int dir_fd, const char *name, const struct own *own)
{
	struct kt_buf b;
	bool same;

	if (own->envelope == NULL)
		return false;
	kt_buf_init(&b, 0);
	same = kt_file_read(dir_fd, name, ENVELOPE_MAX, &b, NULL) == 0 && b.len == own->n &&
	       memcmp(b.p, own->envelope, own->n) == 0;
	kt_buf_free(&b);
	return same;
}

/* Acquisitions alone have envelopes. */
static bool is_free(const struct kt_place *p, enum kt_pkg_type type, const struct own *own)
{
	char envelope[ENVELOPE_NAME];

	if (exists(p->dir_fd, p->name))
		return false;
	if (type != KT_PT_ACQUISITION)
		return true;
	envelope_name(p->name, envelope);
	return !exists(p->dir_fd, envelope) || is_own_envelope(p->dir_fd, envelope, own);
}

/*
 * Takes away an unfinished file that nobody holds: nobody but who has it locked, and has then seen that
 * its name is still there, may unlink it. True when it is gone.
 */
static bool sweep(int dir_fd, const char *tmp)
{
	KT_AUTO_FD fd = openat(dir_fd, tmp, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return errno == ENOENT;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	return !stands_for(dir_fd, tmp, fd) || unlinkat(dir_fd, tmp, 0) == 0;
}

/*
 * What an attempt left that was cut off: it had this number and never published it. Beside another
 * case's envelope it stays, as that case's own proof that the envelope may go.
 */
static void sweep_number(const struct kt_place *p, const struct own *own)
{
	char tmp[TMP_NAME], envelope[ENVELOPE_NAME], half[ENVELOPE_NAME + 8];
	bool has_own;

	tmp_name(p->name, tmp);
	envelope_name(p->name, envelope);
	has_own = is_own_envelope(p->dir_fd, envelope, own);
	if (!exists(p->dir_fd, tmp) || (!has_own && exists(p->dir_fd, envelope)) ||
	    !sweep(p->dir_fd, tmp))
		return;
	snprintf(half, sizeof(half), "%s.tmp", envelope);
	unlinkat(p->dir_fd, half, 0);
	if (has_own && !exists(p->dir_fd, p->name))
		unlinkat(p->dir_fd, envelope, 0);
}

/* 1: the number is ours; 0: it is another's, or was in the way; a code. */
static int try_number(struct kt_place *p, enum kt_pkg_type type, const struct own *own,
		      struct kt_err *err)
{
	char tmp[TMP_NAME];

	tmp_name(p->name, tmp);
	p->fd = openat(p->dir_fd, tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (p->fd < 0 && errno != EEXIST)
		return KT_FAIL(err, KT_E_STORAGE, "%s: %s", tmp, strerror(errno));
	if (p->fd < 0)
		return 0;
	/* a file system without locks: that it was made exclusively must do */
	if ((flock(p->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
	    stands_for(p->dir_fd, tmp, p->fd)) {
		if (is_free(p, type, own))
			return 1;
		unlinkat(p->dir_fd, tmp, 0); /* published since we looked */
	}
	kt_close_fd(&p->fd);
	return 0;
}

int kt_place_take(int dir_fd, const char *mandate_id, enum kt_pkg_type type, uint64_t from,
		  const void *envelope, size_t envelope_len, struct kt_place *p, struct kt_err *err)
{
	const struct own own = {envelope, envelope_len};
	char tmp[TMP_NAME];
	unsigned rounds = 0;
	int r = 0;

	*p = KT_PLACE_NONE;
	p->dir_fd = dir_fd;
	for (p->number = 1; r == 0; p->number++) {
		if (kt_pkg_file_name(mandate_id, p->number, type, p->name) < 0)
			return KT_FAIL(err, KT_E_USAGE, "the mandate's id makes no file name");
		if (p->number < from) {
			sweep_number(p, &own);
			continue;
		}
		tmp_name(p->name, tmp);
		while (r == 0 && is_free(p, type, &own)) {
			r = try_number(p, type, &own, err);
			if (r == 0 && !sweep(dir_fd, tmp))
				break; /* somebody holds it */
			if (r == 0 && ++rounds > ROUNDS)
				r = KT_FAIL(err, KT_E_STORAGE, "%s can't be had", p->name);
		}
		if (r != 0)
			break;
	}
	return r < 0 ? r : 0;
}

int kt_place_put_envelope(struct kt_place *p, const void *envelope, size_t n, struct kt_err *err)
{
	const struct own own = {envelope, n};
	KT_AUTO_FD fd = -1;
	int r;

	envelope_name(p->name, p->envelope);
	if (!is_own_envelope(p->dir_fd, p->envelope, &own)) {
		r = kt_file_write_new(p->dir_fd, p->envelope, envelope, n, 0600, err);
		if (r < 0)
			return r;
		p->envelope_made = true;
	}
	fd = openat(p->dir_fd, p->envelope, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? KT_FAIL(err, KT_E_STORAGE, "%s: %s", p->envelope, strerror(errno))
		      : kt_share(p->dir_fd, fd, 0640, err);
}

int kt_place_publish(struct kt_place *p, struct kt_err *err)
{
	char tmp[TMP_NAME];
	int r = kt_share(p->dir_fd, p->fd, 0640, err);

	tmp_name(p->name, tmp);
	if (r == 0 && !stands_for(p->dir_fd, tmp, p->fd))
		r = KT_FAIL(err, KT_E_STORAGE, "%s: somebody else has touched this file", tmp);
	if (r == 0)
		r = kt_rename_new(p->dir_fd, tmp, p->name, err);
	if (r < 0)
		return r;
	r = kt_sync_fd(p->dir_fd, err);
	if (r < 0)
		unlinkat(p->dir_fd, p->name, 0);
	p->published = r == 0;
	return r;
}

void kt_place_leave(struct kt_place *p)
{
	char tmp[TMP_NAME];

	if (p->fd >= 0 && !p->published) {
		tmp_name(p->name, tmp);
		if (p->envelope_made)
			unlinkat(p->dir_fd, p->envelope, 0);
		if (stands_for(p->dir_fd, tmp, p->fd))
			unlinkat(p->dir_fd, tmp, 0);
	}
	kt_close_fd(&p->fd);
}
