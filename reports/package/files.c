/* SPDX-License-Identifier: EUPL-1.2 */
/* Which files a package gets: by hand, or as the case folder has them. */
#include "reports/package/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/index.h"
#include "core/io.h"
#include "core/json.h"

#define VIEWS_MAX 512u

int kt_package_new(int case_fd, struct kt_package **pkg, struct kt_err *err)
{
	*pkg = calloc(1, sizeof(**pkg));
	if (*pkg == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	(*pkg)->case_fd = case_fd;
	(*pkg)->type = KT_PT_ACQUISITION;
	return 0;
}

void kt_package_free(struct kt_package **pkg)
{
	if (pkg == NULL || *pkg == NULL)
		return;
	for (size_t i = 0; i < (*pkg)->n; i++) {
		struct kt_pkg_file *f = &(*pkg)->file[i];

		free(f->name);
		free(f->path);
		free(f->title);
		free(f->bytes);
		free(f->sha512);
	}
	free((*pkg)->file);
	free((*pkg)->concerns);
	free(*pkg);
	*pkg = NULL;
}

static bool grow(struct kt_package *pkg)
{
	size_t cap = pkg->cap == 0 ? 64 : pkg->cap * 2;
	struct kt_pkg_file *p;

	if (pkg->n < pkg->cap)
		return true;
	p = reallocarray(pkg->file, cap, sizeof(*p));
	if (p == NULL)
		return false;
	pkg->file = p;
	pkg->cap = cap;
	return true;
}

struct kt_pkg_file *kt_pkg_file_add(struct kt_package *pkg, const char *name, struct kt_err *err)
{
	struct kt_pkg_file *f;

	if (!kt_pkg_name_ok(name, strlen(name)) || kt_pkg_kind(name) == KT_PKG_UNKNOWN) {
		KT_FAIL(err, KT_E_USAGE, "%s has no place in a package", name);
		return NULL;
	}
	if (pkg->n >= KT_PKG_MAX_ENTRIES || !grow(pkg)) {
		KT_FAIL(err, KT_E_NOMEM, "too many files for one package");
		return NULL;
	}
	f = &pkg->file[pkg->n];
	memset(f, 0, sizeof(*f));
	f->kind = (uint8_t)kt_pkg_kind(name);
	f->name = strdup(name);
	if (f->name != NULL && f->kind == KT_PKG_TAG)
		f->sha512 = calloc(1, KT_SHA512_LEN);
	if (f->name == NULL || (f->kind == KT_PKG_TAG && f->sha512 == NULL)) {
		free(f->name);
		KT_FAIL(err, KT_E_NOMEM, "no memory");
		return NULL;
	}
	pkg->n++;
	return f;
}

int kt_package_add_file(struct kt_package *pkg, const char *name, const char *path,
			struct kt_err *err)
{
	struct kt_pkg_file *f = kt_pkg_file_add(pkg, name, err);

	if (f == NULL)
		return KT_E_USAGE;
	f->path = strdup(path);
	return f->path == NULL ? KT_FAIL(err, KT_E_NOMEM, "no memory") : 0;
}

int kt_package_add_bytes(struct kt_package *pkg, const char *name, const void *p, size_t n,
			 struct kt_err *err)
{
	struct kt_pkg_file *f = kt_pkg_file_add(pkg, name, err);

	if (f == NULL)
		return KT_E_USAGE;
	f->bytes = malloc(n + 1);
	if (f->bytes == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	if (n > 0)
		memcpy(f->bytes, p, n);
	f->nbytes = n;
	return 0;
}

/* -- from a case folder ----------------------------------------------------------------------- */

static bool take_id(char *out, size_t cap, const char *s)
{
	if (s == NULL || s[0] == '\0' || strlen(s) >= cap)
		return false;
	memcpy(out, s, strlen(s) + 1);
	return true;
}

static int read_ids(struct kt_package *pkg, struct kt_err *err)
{
	struct kt_jdoc *doc = NULL;
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = kt_file_read(pkg->case_fd, "case.json", 65536, &b, err);
	if (r == 0)
		r = kt_jdoc_parse(b.p, b.len, &doc, err);
	if (r == 0) {
		const struct kt_jv *o = kt_jdoc_root(doc);

		if (!take_id(pkg->case_id, sizeof(pkg->case_id), kt_jv_str(o, "case_id")) ||
		    !take_id(pkg->mandate_id, sizeof(pkg->mandate_id), kt_jv_str(o, "mandate_id")))
			r = KT_FAIL(err, KT_E_INVALID, "case.json does not name case and mandate");
		pkg->sealed = kt_jv_str(o, "release") != NULL;
	}
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}

static int on_index_line(void *arg, unsigned segment, const struct kt_jv *line, struct kt_err *err)
{
	struct kt_package *pkg = arg;
	const char *kind = kt_jv_str(line, "kind"), *object = kt_jv_str(line, "object");
	char name[64], path[64];
	int r;

	if (kind == NULL || object == NULL ||
	    (strcmp(kind, "object") != 0 && strcmp(kind, "details") != 0))
		return 0;
	snprintf(name, sizeof(name), KT_PKG_OBJECT_DIR "%.20s", object);
	snprintf(path, sizeof(path), "objects/%.20s", object);
	r = kt_package_add_file(pkg, name, path, err);
	if (r < 0)
		return r;
	if (!kt_unhex(kt_jv_str(line, "sha256"), pkg->file[pkg->n - 1].sha256, KT_SHA256_LEN))
		return KT_FAIL(err, KT_E_INVALID, "index segment %u: %s has no hash", segment,
			       object);
	pkg->file[pkg->n - 1].stated = true;
	pkg->stated_bytes += (uint64_t)kt_jv_int(line, "bytes", 0);
	return 0;
}

static int add_index(struct kt_package *pkg, struct kt_err *err)
{
	KT_AUTO_FD fd = kt_dir_open(pkg->case_fd, "index", false, err);
	char name[40], path[40];

	if (fd < 0)
		return fd;
	for (unsigned i = 1; i < 10000; i++) {
		struct kt_err local = {0};
		bool complete = false;
		int r = kt_index_read(fd, i, &complete, on_index_line, pkg, &local);

		if (r == KT_E_ABSENT)
			return 0;
		if (r == 0 && !complete)
			r = KT_FAIL(&local, KT_E_INVALID, "index segment %u is not complete", i);
		if (r < 0) {
			if (err != NULL)
				*err = local;
			return r;
		}
		snprintf(name, sizeof(name), KT_PKG_INDEX_DIR "i%04u.jsonl", i);
		snprintf(path, sizeof(path), "index/i%04u.jsonl", i);
		r = kt_package_add_file(pkg, name, path, err);
		if (r < 0)
			return r;
	}
	return KT_FAIL(err, KT_E_LIMIT, "too many index segments");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* NULL with errno 0 at the end, with another one when the folder can't be read on. */
static const struct dirent *next_entry(DIR *d)
{
	errno = 0;
	return readdir(d);
}

/* Whatever stands finished in a folder of the case beside the files that every package has. */
static int add_folder(struct kt_package *pkg, const char *folder, struct kt_err *err)
{
	char *names[VIEWS_MAX], path[2 * 256];
	size_t n = 0;
	int fd = kt_dir_open(pkg->case_fd, folder, false, err), r = 0;
	const struct dirent *e;
	DIR *d;

	if (fd < 0)
		return fd;
	d = fdopendir(fd);
	if (d == NULL) {
		close(fd);
		return KT_FAIL(err, KT_E_STORAGE, "%s: %s", folder, strerror(errno));
	}
	while (r == 0 && (e = next_entry(d)) != NULL) {
		size_t len = strlen(e->d_name);

		if (e->d_name[0] == '.' || (len > 4 && strcmp(e->d_name + len - 4, ".tmp") == 0))
			continue;
		snprintf(path, sizeof(path), "%.200s/%s", folder, e->d_name);
		if (strcmp(path, KT_PKG_REPORT) == 0 || strcmp(path, KT_PKG_REPORT_HTML) == 0 ||
		    strcmp(path, KT_PKG_RUN) == 0)
			continue;
		names[n] = n < VIEWS_MAX - 1 ? strdup(path) : NULL;
		if (names[n] == NULL)
			r = KT_FAIL(err, KT_E_LIMIT, "too many files in %s/", folder);
		else
			n++;
	}
	if (r == 0 && errno != 0)
		r = KT_FAIL(err, KT_E_STORAGE, "%s: %s", folder, strerror(errno));
	closedir(d);
	qsort(names, n, sizeof(names[0]), by_name);
	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			r = kt_package_add_file(pkg, names[i], names[i], err);
		free(names[i]);
	}
	return r;
}

int kt_package_add_report(struct kt_package *pkg, struct kt_err *err)
{
	int r = kt_package_add_file(pkg, KT_PKG_REPORT, KT_PKG_REPORT, err);

	if (r == 0)
		r = kt_package_add_file(pkg, KT_PKG_REPORT_HTML, KT_PKG_REPORT_HTML, err);
	return r < 0 ? r : add_folder(pkg, "report", err);
}

int kt_package_add_papers(struct kt_package *pkg, struct kt_err *err)
{
	struct kt_err own = {0};
	int r = add_folder(pkg, "subject", &own);

	if (r == KT_E_ABSENT)
		return 0; /* nothing was shown */
	if (r < 0 && err != NULL)
		*err = own;
	return r;
}

int kt_package_add_case(struct kt_package *pkg, struct kt_err *err)
{
	static const char *const files[][2] = {
		{KT_PKG_CASE, "case.json"},
		{KT_PKG_MANDATE, "mandate.json"},
		{KT_PKG_MANDATE_SIG, "mandate.json.p7s"},
		{KT_PKG_CUSTODY, "custody.jsonl"},
		{KT_PKG_SEAL, "seal.json"},
		{KT_PKG_SEAL_SIG, "seal.json.p7s"},
		{KT_PKG_RELEASE, "release.json"},
	};
	int r = read_ids(pkg, err);

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && r == 0; i++)
		if (kt_pkg_allows(files[i][0], KT_PT_ACQUISITION, pkg->sealed))
			r = kt_package_add_file(pkg, files[i][0], files[i][1], err);
	if (r == 0 && faccessat(pkg->case_fd, "open.tst", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		r = kt_package_add_file(pkg, KT_PKG_OPEN_TOKEN, "open.tst", err);
	if (r == 0 && !pkg->sealed)
		r = kt_package_add_file(pkg, KT_PKG_RUN, KT_PKG_RUN, err);
	if (r == 0 && !pkg->sealed)
		r = kt_package_add_report(pkg, err);
	if (r == 0 && faccessat(pkg->case_fd, "mandate.json.second.p7s", F_OK, 0) == 0)
		r = kt_package_add_file(pkg, KT_PKG_SECOND_SIG, "mandate.json.second.p7s", err);
	/* papers for the person; a case of an older version has none */
	if (r == 0)
		r = kt_package_add_papers(pkg, err);
	return r < 0 ? r : add_index(pkg, err);
}
