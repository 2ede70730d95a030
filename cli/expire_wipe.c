/* SPDX-License-Identifier: EUPL-1.2 */
/* How what is to go goes: whether it can, and then its bytes and its name. */
#include "cli/expire_i.h"
#include "cli/steps.h"
#include "core/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The name of an open file goes; when it has come to mean another file meanwhile, that one stays. */
static int drop_name(int fd, const char *path)
{
	struct stat st, named;

	return fstat(fd, &st) < 0 || lstat(path, &named) < 0 || named.st_dev != st.st_dev ||
			       named.st_ino != st.st_ino || unlink(path) < 0
		       ? KT_E_STORAGE
		       : 0;
}

/*
 * Once over the bytes of an open file, and its name: what a disk keeps elsewhere can't be reached from here. A
 * package's name goes first: when half of it was overwritten, no later run would know that it has to go.
 */
static int wipe(int fd, const char *path, bool name_first, struct kt_err *err)
{
	static const uint8_t zeros[4096];
	struct stat st;
	int r = fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_SET) < 0 ? KT_E_STORAGE : 0;

	if (r == 0 && name_first)
		r = drop_name(fd, path);
	for (off_t at = 0; r == 0 && at < st.st_size; at += (off_t)sizeof(zeros))
		r = kt_write_full(fd, zeros,
				  st.st_size - at < (off_t)sizeof(zeros) ? (size_t)(st.st_size - at)
									 : sizeof(zeros),
				  err);
	if (r == 0)
		r = kt_sync_fd(fd, err);
	if (r == 0 && !name_first)
		r = drop_name(fd, path);
	return r < 0 ? KT_FAIL(err, r, "%.100s can't be destroyed: %s", path, strerror(errno)) : 0;
}

static int sync_folder_of(const char *path, struct kt_err *err)
{
	return kt_sync_parent(AT_FDCWD, path, err) < 0 ? KT_E_STORAGE : 0;
}

int kt_wipe_envelope(const char *path, struct kt_err *err)
{
	KT_AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	int r = fd < 0 ? KT_FAIL(err, KT_E_STORAGE, "%.100s can't be destroyed: %s", path,
				 strerror(errno))
		       : wipe(fd, path, false, err);

	return r == 0 ? sync_folder_of(path, err) : r;
}

/* A package: the one that was judged, and no other that took its place. */
int kt_wipe_judged(const struct kt_found_one *p, struct kt_err *err)
{
	KT_AUTO_FD fd = kt_judged_open(&p->j, O_RDWR | O_NOFOLLOW, NULL, err);
	int r = fd < 0 ? fd : wipe(fd, p->path, true, err);

	return r == 0 ? sync_folder_of(p->path, err) : r;
}

/* What a case folder holds beside mandate, log and papers. */
int kt_fate_empty_folder(const struct kt_found_one *at, struct kt_err *err)
{
	char path[4200];
	struct kt_case c;
	int r;

	snprintf(path, sizeof(path), "%.*s", (int)at->nfolder, at->path);
	r = kt_case_open(path, NULL, &c, err);
	if (r < 0)
		return r;
	r = kt_case_empty(c.fd, err);
	kt_case_close(&c);
	return r;
}

/* Can this file be written over and lose its name, and is that all that happens? */
static int can_go(const char *path, struct kt_err *err)
{
	KT_AUTO_FD fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	const char *why = NULL;
	char folder[4200];
	struct stat st;

	snprintf(folder, sizeof(folder), "%.*s", (int)(kt_base_name(path) - path), path);
	if (fd < 0 && errno == ELOOP)
		why = "it is a link, name the file itself";
	else if (fd < 0 || fstat(fd, &st) < 0 || access(folder[0] != '\0' ? folder : ".", W_OK) < 0)
		why = strerror(errno);
	else if (st.st_nlink > 1)
		why = "it has another name (a hard link), whose file would go with it; take one "
		      "away";
	if (why == NULL)
		return 0;
	return KT_FAIL(err, KT_E_STORAGE, "%.100s can't be destroyed: %s; nothing of it was", path,
		       why);
}

int kt_fate_ready(const struct kt_fate *f, bool package, struct kt_err *err)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < f->ntargets; i++)
		r = can_go(f->target[i], err);
	for (unsigned i = 0; r == 0 && i < f->nreports; i++)
		r = can_go(f->report[i]->path, err);
	for (unsigned i = 0; r == 0 && package && i < f->ncopies; i++)
		r = can_go(f->copy[i]->path, err);
	for (unsigned i = 0; r == 0 && f->mandate->erase_package && i < f->nfolders; i++) {
		char path[4200];
		struct kt_case c;

		snprintf(path, sizeof(path), "%.*s", (int)f->folder[i]->nfolder,
			 f->folder[i]->path);
		r = kt_case_open(path, NULL, &c, err);
		if (r == 0)
			kt_case_close(&c);
	}
	return r;
}
