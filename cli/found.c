/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/found.h"
#include "cli/vouch.h"
#include "core/io.h"
#include "core/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 4
#define FOUND_MAX 100000u

static struct kt_found_one *add(struct kt_found *f, const char *path, struct kt_err *err)
{
	struct kt_found_one *p;

	if (f->n == f->cap) {
		size_t cap = f->cap > 0 ? f->cap * 2 : 16;
		void *m = f->n < FOUND_MAX ? reallocarray(f->v, cap, sizeof(*f->v)) : NULL;

		if (m == NULL) {
			KT_FAIL(err, KT_E_NOMEM, "too many packages");
			return NULL;
		}
		f->v = m;
		f->cap = cap;
	}
	p = &f->v[f->n];
	memset(p, 0, sizeof(*p));
	p->path = strdup(path);
	if (p->path == NULL) {
		KT_FAIL(err, KT_E_NOMEM, "no memory");
		return NULL;
	}
	f->n++;
	return p;
}

static int add_package(struct kt_found *f, const struct kt_opts *o, const char *path,
		       struct kt_err *err)
{
	struct kt_found_one *p = add(f, path, err);
	const char *one;
	int r;

	if (p == NULL)
		return KT_E_NOMEM;
	one = p->path;
	r = kt_verify_judge(o, &one, 1, &p->j, NULL, err);
	p->valid = r == 0 && p->j.verdict == KT_VERDICT_VALID;
	if (r == 0 && !p->valid)
		f->invalid++;
	return r;
}

/* A case folder keeps an envelope too, or what was taken as it is. */
static int add_case(struct kt_found *f, int dir, const char *path, struct kt_err *err)
{
	char full[4200];
	struct kt_jdoc *doc = NULL;
	struct kt_found_one *p;
	struct kt_buf b;
	int r;

	if ((size_t)snprintf(full, sizeof(full), "%s/release.p7m", path) >= sizeof(full))
		return 0;
	kt_buf_init(&b, 0);
	r = kt_file_read(dir, "case.json", 65536, &b, err);
	if (r == 0)
		r = kt_jdoc_parse(b.p, b.len, &doc, err);
	if (r < 0)
		r = KT_TRACE(err, kt_of_evidence(r), "%.100s holds no case that can be read", path);
	if (r == 0 && kt_jv_str(kt_jdoc_root(doc), "case_id") != NULL) {
		p = add(f, full, err);
		if (p != NULL)
			p->nfolder = strlen(path);
		r = p == NULL ? KT_E_NOMEM : 0;
		if (p != NULL) {
			p->is_case = true;
			snprintf(p->case_id, sizeof(p->case_id), "%s",
				 kt_jv_str(kt_jdoc_root(doc), "case_id"));
		}
	}
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}

static bool is_package(const char *name)
{
	size_t n = strlen(name), k = strlen(KT_PKG_SUFFIX);

	return n > k && name[0] != '.' && strcmp(name + n - k, KT_PKG_SUFFIX) == 0;
}

/* Is it that act, by its name, under the mandate of a package that was named? Any mandate's, if it is a hold. */
static bool may_speak(const struct kt_found *f, size_t named, const char *name, enum kt_pkg_type t)
{
	char end[64];
	size_t n = strlen(name);
	int k = snprintf(end, sizeof(end), "-%s" KT_PKG_SUFFIX, kt_pkg_type_word(t));

	if (!is_package(name) || n <= (size_t)k || strcmp(name + n - (size_t)k, end) != 0)
		return false;
	if (t == KT_PT_HOLD)
		return true;
	for (size_t i = 0; i < named; i++) {
		char begin[KT_PKG_NAME_MAX + 1];
		int b = snprintf(begin, sizeof(begin), "KETEN-%s-", f->v[i].j.mandate_id);

		if (!f->v[i].is_case && f->v[i].j.mandate_id[0] != '\0' && b < (int)sizeof(begin) &&
		    strncmp(name, begin, (size_t)b) == 0)
			return true;
	}
	return false;
}

static int walk(struct kt_found *f, const struct kt_opts *o, int at, const char *name,
		const char *path, int depth, struct kt_err *err);

static int walk_folder(struct kt_found *f, const struct kt_opts *o, int fd, const char *path,
		       int depth, struct kt_err *err)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	int r;

	if (d == NULL) {
		close(fd);
		return KT_FAIL(err, KT_E_STORAGE, "%.100s: %s", path, strerror(errno));
	}
	r = faccessat(dirfd(d), "case.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0
		    ? add_case(f, dirfd(d), path, err)
		    : 0;
	while (r == 0 && (e = readdir(d)) != NULL) {
		char full[4200];
		struct stat st;

		if (e->d_name[0] == '.' ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    (size_t)snprintf(full, sizeof(full), "%s/%s", path, e->d_name) >= sizeof(full))
			continue;
		/* nothing is done through a link, but a hold is heard */
		if (S_ISLNK(st.st_mode) && may_speak(f, 0, e->d_name, KT_PT_HOLD) &&
		    fstatat(dirfd(d), e->d_name, &st, 0) == 0 && S_ISREG(st.st_mode)) {
			r = add_package(f, o, full, err);
			if (r == 0)
				f->v[f->n - 1].aside = true;
			continue;
		}
		if (!S_ISDIR(st.st_mode) && !(S_ISREG(st.st_mode) && is_package(e->d_name)))
			continue;
		if (!S_ISDIR(st.st_mode) || depth < DEPTH_MAX)
			r = walk(f, o, dirfd(d), e->d_name, full, depth + 1, err);
	}
	closedir(d);
	return r;
}

static int walk(struct kt_found *f, const struct kt_opts *o, int at, const char *name,
		const char *path, int depth, struct kt_err *err)
{
	int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		kt_close_fd(&fd);
		return KT_FAIL(err, KT_E_USAGE, "%.100s: %s", path, strerror(errno));
	}
	if (S_ISDIR(st.st_mode))
		return walk_folder(f, o, fd, path, depth, err);
	close(fd);
	return add_package(f, o, path, err);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct kt_found_one *)a)->path,
		      ((const struct kt_found_one *)b)->path);
}

/* Is this file, by whatever path, one that was found already? */
static bool is_known(const struct kt_found *f, int dir, const char *name)
{
	struct stat st, known;

	if (fstatat(dir, name, &st, 0) < 0 || !S_ISREG(st.st_mode))
		return true;
	for (size_t i = 0; i < f->n; i++) {
		const char *slash = strrchr(f->v[i].path, '/');

		if (!f->v[i].is_case &&
		    strcmp(slash != NULL ? slash + 1 : f->v[i].path, name) == 0 &&
		    stat(f->v[i].path, &known) == 0 && known.st_dev == st.st_dev &&
		    known.st_ino == st.st_ino)
			return true;
	}
	return false;
}

static int look_in(struct kt_found *f, const struct kt_opts *o, size_t named, const char *path,
		   struct kt_err *err)
{
	static const enum kt_pkg_type types[] = {KT_PT_HOLD,	 KT_PT_DELETION, KT_PT_COPY,
						 KT_PT_TRANSFER, KT_PT_RELEASE,	 KT_PT_REDACTION};
	DIR *d = opendir(path);
	struct dirent *e;
	int r = 0;

	if (d == NULL) /* a folder for acts is made when there is one */
		return errno == ENOENT
			       ? 0
			       : KT_FAIL(err, KT_E_STORAGE, "%.100s: %s", path, strerror(errno));
	while (r == 0 && (e = readdir(d)) != NULL) {
		char full[4200];
		bool wanted = false;

		for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
			wanted |= may_speak(f, named, e->d_name, types[t]);
		if (!wanted || is_known(f, dirfd(d), e->d_name) ||
		    (size_t)snprintf(full, sizeof(full), "%s/%s", path, e->d_name) >= sizeof(full))
			continue;
		r = add_package(f, o, full, err);
		if (r == 0)
			f->v[f->n - 1].aside = true;
	}
	closedir(d);
	return r;
}

int kt_found_beside(const struct kt_opts *o, struct kt_found *f, struct kt_err *err)
{
	char last[4200] = "", folder[4200];
	size_t named = f->n;
	struct stat st;
	int r = o->out_dir != NULL ? look_in(f, o, named, o->out_dir, err) : 0;

	/* a folder that was named has been gone through already */
	for (int i = 0; r == 0 && i < o->nargs; i++) {
		const char *slash = strrchr(o->args[i], '/');
		int n = slash == NULL	      ? snprintf(folder, sizeof(folder), ".")
			: slash == o->args[i] ? snprintf(folder, sizeof(folder), "/")
					      : snprintf(folder, sizeof(folder), "%.*s",
							 (int)(slash - o->args[i]), o->args[i]);

		if (n >= (int)sizeof(folder) || strcmp(folder, last) == 0 ||
		    stat(o->args[i], &st) < 0 || S_ISDIR(st.st_mode))
			continue;
		snprintf(last, sizeof(last), "%s", folder);
		r = look_in(f, o, named, folder, err);
	}
	if (f->n > named)
		qsort(f->v, f->n, sizeof(*f->v), by_path);
	return r;
}

int kt_found_load(const struct kt_opts *o, struct kt_found *f, struct kt_err *err)
{
	int r;

	memset(f, 0, sizeof(*f));
	r = kt_trust_of(o, &f->trust, err);
	for (int i = 0; r == 0 && i < o->nargs; i++)
		r = walk(f, o, AT_FDCWD, o->args[i], o->args[i], 0, err);
	if (f->n > 1)
		qsort(f->v, f->n, sizeof(*f->v), by_path);
	return r;
}

void kt_found_free(struct kt_found *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].path);
	free(f->v);
	f->v = NULL;
	f->n = 0;
	kt_trust_free(&f->trust);
}
