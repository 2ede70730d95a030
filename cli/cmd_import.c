/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten import: the main job from a backup, an image, a carrier or a file. What kind it is follows
 * from names alone or from --form; its content is for keten-device and the parsers.
 */
#include "cli/steps.h"
#include "core/io.h"
#include "core/request.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHOICES                                                                                    \
	"  --form backup   a folder that Finder, iTunes or idevicebackup2 made of an iPhone\n"     \
	"  --form image    a file system that was copied: folder, zip, tar, tar.gz\n"              \
	"  --form carrier  a mounted SD card or stick\n"                                           \
	"  --form file     what was handed over: Timeline.json, or an export as zip\n"

/* The source's access time is nobody's business; who doesn't own it can't leave that alone. */
static int open_quietly(int dir, const char *name, int flags)
{
	int fd;

	flags |= O_RDONLY | O_CLOEXEC | O_NONBLOCK;
	fd = openat(dir, name, flags | O_NOATIME);
	return fd < 0 && errno == EPERM ? openat(dir, name, flags) : fd;
}

static bool is_backup(int dir)
{
	return faccessat(dir, "Manifest.plist", F_OK, 0) == 0 ||
	       faccessat(dir, "Manifest.db", F_OK, 0) == 0;
}

/*
 * How many folders in dir are backups; of the first one the name. Programs keep one folder per
 * iPhone side by side.
 */
static unsigned find_backups(int dir, char *name, size_t cap)
{
	int copy = open_quietly(dir, ".", O_DIRECTORY);
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *e;
	unsigned n = 0;

	if (d == NULL) {
		kt_close_fd(&copy);
		return 0;
	}
	while ((e = readdir(d)) != NULL) {
		KT_AUTO_FD sub = -1;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		sub = open_quietly(dir, e->d_name, O_DIRECTORY | O_NOFOLLOW);
		if (sub >= 0 && is_backup(sub) && n++ == 0)
			snprintf(name, cap, "%s", e->d_name);
	}
	closedir(d);
	return n;
}

static bool is_archive(const char *name)
{
	static const char *const ends[] = {".zip", ".tar", ".tar.gz", ".tgz"};
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (n > strlen(ends[i]) && strcasecmp(name + n - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

/* A backup one folder further down takes the place of the folder that was named. */
static int descend(struct kt_source *s, struct kt_err *err)
{
	char name[256];
	unsigned n = find_backups(s->fd, name, sizeof(name));
	int sub;

	if (n == 0)
		return 0;
	if (n > 1)
		return KT_FAIL(err, KT_E_USAGE,
			       "--from: %u backups lie in this folder; name one of them", n);
	sub = open_quietly(s->fd, name, O_DIRECTORY | O_NOFOLLOW);
	if (sub < 0)
		return KT_FAIL(err, KT_E_USAGE, "--from: the backup in it: %s", strerror(errno));
	kt_close_fd(&s->fd);
	s->fd = sub;
	memcpy(s->name, name, sizeof(s->name));
	return 1;
}

static int choose_for_folder(struct kt_source *s, unsigned wanted, struct kt_err *err)
{
	bool backup = is_backup(s->fd);

	if (wanted == KT_FORM_FILE)
		return KT_FAIL(err, KT_E_USAGE, "--from is a folder; --form file takes one file");
	if (!backup && (wanted == 0 || wanted == KT_FORM_BACKUP)) {
		int r = descend(s, err);

		if (r < 0)
			return r;
		backup = r > 0;
	}
	if (wanted == KT_FORM_BACKUP && !backup)
		return KT_FAIL(
			err, KT_E_USAGE,
			"--from is no backup: neither Manifest.plist nor Manifest.db lies in it");
	if (wanted == 0 && !backup)
		return KT_FAIL(err, KT_E_USAGE, "what kind of folder is it? Say so with --form");
	s->form = wanted != 0 ? wanted : KT_FORM_BACKUP;
	return 0;
}

static int choose_for_file(struct kt_source *s, unsigned wanted, struct kt_err *err)
{
	if (wanted == KT_FORM_BACKUP || wanted == KT_FORM_CARRIER)
		return KT_FAIL(err, KT_E_USAGE, "--from is a file; --form %s takes a folder",
			       kt_form_name(wanted));
	if (wanted == 0 && is_archive(s->name))
		return KT_FAIL(err, KT_E_USAGE, "what kind of archive is it? Say so with --form");
	s->form = wanted != 0 ? wanted : KT_FORM_FILE;
	return 0;
}

/* The last part of its path, with links resolved: what the case may know of where it lay. */
static int own_name(const char *from, struct kt_source *s, struct kt_err *err)
{
	char path[PATH_MAX];
	const char *slash;

	if (realpath(from, path) == NULL)
		return KT_FAIL(err, KT_E_USAGE, "--from %.80s: %s", from, strerror(errno));
	slash = strrchr(path, '/');
	slash = slash != NULL && slash[1] != '\0' ? slash + 1 : path;
	if ((size_t)snprintf(s->name, sizeof(s->name), "%s", slash) >= sizeof(s->name))
		return KT_FAIL(err, KT_E_USAGE, "--from: the name is too long");
	return 0;
}

static int open_from(const struct kt_opts *o, struct kt_source *s, struct kt_err *err)
{
	struct stat st;
	int r = own_name(o->from, s, err);

	if (r < 0)
		return r;
	s->fd = open_quietly(AT_FDCWD, o->from, 0);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return KT_FAIL(err, errno == EIO || errno == ENODEV ? KT_E_DEVICE : KT_E_USAGE,
			       "--from %.80s: %s", o->from, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return choose_for_folder(s, o->form, err);
	if (S_ISREG(st.st_mode))
		return choose_for_file(s, o->form, err);
	return KT_FAIL(
		err, KT_E_USAGE,
		"--from is neither a folder nor a file; mount a carrier read-only and name the "
		"folder");
}

/* Is path, or the folder in which it would be made, inside the folder st? */
static bool lies_in(const char *path, const struct stat *st)
{
	char at[PATH_MAX];
	struct stat here, up;
	int fd;

	if ((size_t)snprintf(at, sizeof(at), "%s", path) >= sizeof(at))
		return true; /* can't be told: rather not */
	while ((fd = open(at, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) {
		char *slash = strrchr(at, '/');

		if (strcmp(at, "/") == 0 || strcmp(at, ".") == 0)
			return true;
		if (slash == NULL)
			snprintf(at, sizeof(at), ".");
		else
			slash[slash == at ? 1 : 0] = '\0';
	}
	for (;;) {
		int parent;
		bool inside = fstat(fd, &here) < 0 ||
			      (here.st_dev == st->st_dev && here.st_ino == st->st_ino);

		parent = inside ? -1 : openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		kt_close_fd(&fd);
		if (inside || parent < 0 || fstat(parent, &up) < 0) {
			kt_close_fd(&parent);
			return true;
		}
		fd = parent;
		if (up.st_dev == here.st_dev && up.st_ino == here.st_ino)
			break;
	}
	kt_close_fd(&fd);
	return false;
}

/* Nothing is ever written into what is read. */
static int check_apart(const struct kt_opts *o, const struct kt_source *s, struct kt_err *err)
{
	const char *const ours[] = {o->case_dir, o->out_dir};
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return KT_FAIL(err, KT_E_DEVICE, "--from: %s", strerror(errno));
	for (size_t i = 0; i < 2; i++)
		if (ours[i] != NULL && S_ISDIR(st.st_mode) && lies_in(ours[i], &st))
			return KT_FAIL(err, KT_E_USAGE,
				       "--case and --out must lie outside the folder that is read");
	return 0;
}

static int fail(int r, const struct kt_err *err, bool choices)
{
	int status = kt_fail_exit(r, err);

	if (choices)
		fputs(CHOICES, stderr);
	return status;
}

static int check_opts(const struct kt_opts *o, struct kt_err *err)
{
	if (o->device != NULL)
		return KT_FAIL(err, KT_E_USAGE,
			       "--device names a phone on the cable; a source says itself where it "
			       "comes from");
	if (o->form == KT_FORM_PHONE)
		return KT_FAIL(err, KT_E_USAGE, "a phone is read with keten run");
	if (o->case_dir == NULL)
		return KT_FAIL(err, KT_E_USAGE, "name a case folder with --case DIR");
	return 0;
}

int kt_cmd_import(const struct kt_opts *o)
{
	struct kt_source src = {.fd = -1};
	struct kt_err err = {0};
	int r, status;

	if (o->from == NULL) {
		KT_FAIL(&err, KT_E_USAGE, "name what is to be read with --from PATH");
		return kt_fail_exit(KT_E_USAGE, &err);
	}
	r = check_opts(o, &err);
	if (r == 0)
		r = open_from(o, &src, &err);
	if (r == 0)
		r = check_apart(o, &src, &err);
	status = r == 0 ? kt_run_case(o, &src, true)
			: fail(r, &err,
			       o->form == 0 && src.form == 0 && src.fd >= 0 && !o->progress_json);
	kt_close_fd(&src.fd);
	return status;
}
