/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * An iPhone's backup folder as Finder, iTunes or libimobiledevice leave it: Manifest.db lists each
 * object by domain and path, and its bytes lie in a file named by SHA-1("domain-path"), in a folder
 * of its first two digits (or, older, directly). The folder may hold the backup itself or a single
 * subfolder that does.
 */
#include "extractor/image/backup.h"

#include "core/err.h"
#include "core/io.h"
#include "extractor/image/backup_i.h"
#include "extractor/image/plist.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_DB "Manifest.db"
#define OVERLAY_MAX ((uint64_t)256 << 20)
#define FLAG_FILE   1
#define FLAG_LINK   4
#define DB_MAX	    ((uint64_t)8 << 30)

static EVP_MD *sha1;

int kt_image_warm(struct kt_err *err)
{
	int r = kt_hash_warm(err);

	if (r == 0)
		r = kt_sqldb_warm(err);
	if (sha1 == NULL)
		sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	if (r == 0 && sha1 == NULL)
		r = KT_FAIL(err, KT_E_INTERNAL, "no SHA-1");
	return r;
}

/* -- files of the folder ---------------------------------------------------------------------- */

static int fd_read_at(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err)
{
	const struct kt_backup_file *f = arg;

	return kt_pread_full(f->fd, p, n, off, got, err);
}

int kt_backup_file_open(int dirfd, const char *name, struct kt_backup_file *f, struct kt_err *err)
{
	struct stat st;

	memset(f, 0, sizeof(*f));
	f->fd = kt_img_open_plain(dirfd, name, 0);
	if (f->fd < 0)
		return KT_FAIL(err, errno == ENOENT ? KT_E_ABSENT : KT_E_STORAGE,
			       "%s can't be opened: %s", name, strerror(errno));
	if (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		kt_close_fd(&f->fd);
		return KT_FAIL(err, KT_E_STORAGE, "%s is no regular file", name);
	}
	f->size = (uint64_t)st.st_size;
	f->mtime_s = st.st_mtim.tv_sec;
	f->mtime_ns = st.st_mtim.tv_nsec;
	f->raw = (struct kt_rdat){.read_at = fd_read_at, .arg = f, .size = f->size};
	f->plain = f->raw;
	return 0;
}

void kt_backup_file_close(struct kt_image *im, struct kt_backup_file *f)
{
	if (f->keyed && im->o.key != NULL)
		im->o.key->close(im->o.key->arg, &f->plain);
	if (f->fd >= 0)
		kt_close_fd(&f->fd);
	memset(f, 0, sizeof(*f));
	f->fd = -1;
}

int kt_backup_slurp(int dirfd, const char *name, size_t max, struct kt_buf *b, struct kt_err *err)
{
	struct kt_backup_file f;
	size_t got = 0;
	int r = kt_backup_file_open(dirfd, name, &f, err);

	if (r < 0)
		return r;
	if (f.size > max)
		r = KT_FAIL(err, KT_E_LIMIT, "%s has more than %zu bytes", name, max);
	if (r == 0)
		r = kt_buf_reserve(b, (size_t)f.size);
	if (r == 0)
		r = kt_pread_full(f.fd, b->p + b->len, (size_t)f.size, 0, &got, err);
	if (r == 0)
		b->len += got;
	kt_close_fd(&f.fd);
	return r;
}

int kt_backup_id(const char *domain, const void *path, size_t n, char id[KT_BACKUP_ID + 1],
		 struct kt_err *err)
{
	uint8_t d[20];
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool ok = c != NULL && EVP_DigestInit_ex2(c, sha1, NULL) == 1 &&
		  EVP_DigestUpdate(c, domain, strlen(domain)) == 1 &&
		  EVP_DigestUpdate(c, "-", 1) == 1 && EVP_DigestUpdate(c, path, n) == 1 &&
		  EVP_DigestFinal_ex(c, d, NULL) == 1;

	EVP_MD_CTX_free(c);
	if (!ok)
		return KT_FAIL(err, KT_E_INTERNAL, "SHA-1 failed");
	kt_hex(d, sizeof(d), id);
	return 0;
}

/* -- the manifest ----------------------------------------------------------------------------- */

static int db_read(void *arg, enum kt_sqlfile which, uint64_t off, void *p, size_t n, size_t *got,
		   struct kt_err *err)
{
	struct kt_backup *b = arg;
	const struct kt_rdat *src = &b->db_file[which].plain;

	return src->read_at(src->arg, off, p, n, got, err);
}

/* Manifest.db as plain bytes, its companions beside it. */
static int open_db_files(struct kt_image *im, struct kt_sqlsrc *src, struct kt_err *err)
{
	static const char *const names[KT_SQLFILES] = {MANIFEST_DB, MANIFEST_DB "-wal",
						       MANIFEST_DB "-journal"};
	struct kt_backup *b = im->state;

	for (int i = 0; i < KT_SQLFILES; i++) {
		struct kt_backup_file *f = &b->db_file[i];
		int r = kt_backup_file_open(b->dirfd, names[i], f, i == 0 ? err : NULL);

		src->size[i] = KT_SQLFILE_NONE;
		if (r == KT_E_ABSENT && i > 0)
			continue;
		if (r < 0)
			return r;
		if (f->size > DB_MAX)
			return KT_FAIL(err, KT_E_LIMIT, "manifest-db: larger than 8 GiB");
		if (b->encrypted && i == 0) {
			r = im->o.key->manifest(im->o.key->arg, &f->raw, &f->plain, err);
			if (r < 0)
				return r;
			f->keyed = true;
		}
		src->size[i] = f->plain.size;
	}
	return 0;
}

static int prepare(struct kt_backup *b, const char *sql, sqlite3_stmt **s, struct kt_err *err)
{
	if (sqlite3_prepare_v2(b->db.db, sql, -1, s, NULL) == SQLITE_OK)
		return 0;
	return KT_FAIL(err, KT_E_FORMAT, "manifest-db: %.100s", sqlite3_errmsg(b->db.db));
}

/* The domains of the plan, each once. */
static void gather_domains(struct kt_image *im)
{
	struct kt_backup *b = im->state;

	for (size_t i = 0; i < im->rules.n; i++) {
		const char *d = im->rules.rule[i].domain;
		unsigned k = 0;

		while (d != NULL && k < b->ndomain && strcmp(b->domain[k], d) != 0)
			k++;
		if (d != NULL && k == b->ndomain && k < KT_BACKUP_DOMAINS)
			b->domain[b->ndomain++] = d;
	}
}

static int prepare_rows(struct kt_image *im, struct kt_err *err)
{
	struct kt_backup *b = im->state;
	struct kt_buf sql;
	int r;

	gather_domains(im);
	kt_buf_init(&sql, 0);
	kt_buf_puts(&sql,
		    "SELECT fileID, domain, relativePath, flags FROM Files WHERE domain IN (");
	for (unsigned i = 0; i < b->ndomain; i++)
		kt_buf_puts(&sql, i > 0 ? ",?" : "?");
	kt_buf_puts(&sql, ") ORDER BY domain, relativePath");
	r = kt_buf_cstr(&sql) != NULL ? prepare(b, (const char *)sql.p, &b->rows, err)
				      : KT_FAIL(err, KT_E_NOMEM, "no memory for a query");
	kt_buf_free(&sql);
	for (unsigned i = 0; r == 0 && i < b->ndomain; i++)
		sqlite3_bind_text(b->rows, (int)i + 1, b->domain[i], -1, SQLITE_STATIC);
	if (r == 0)
		r = prepare(b, "SELECT file FROM Files WHERE fileID = ?1 AND flags = ?2",
			    &b->record, err);
	return r;
}

static int open_manifest(struct kt_image *im, struct kt_err *err)
{
	struct kt_backup *b = im->state;
	struct kt_sqlsrc src = {.read = db_read, .arg = b};
	struct kt_err why = {0};
	struct stat st;
	int r = open_db_files(im, &src, &why);

	if (r == KT_E_ABSENT && fstatat(b->dirfd, "Manifest.mbdb", &st, AT_SYMLINK_NOFOLLOW) == 0)
		return KT_FAIL(err, KT_E_FORMAT,
			       "manifest-mbdb: backups from before iOS 10 are not read");
	if (r < 0)
		return KT_FAIL(err, r, "manifest-db: %s", kt_err_text(&why));
	r = kt_sqldb_open(&src, OVERLAY_MAX, &b->db, &why);
	if (r < 0)
		return KT_FAIL(err, r, "manifest-db: %s", kt_err_text(&why));
	return prepare_rows(im, err);
}

int kt_backup_record(struct kt_backup *b, const char *id, int flags, const uint8_t **p, size_t *n,
		     struct kt_err *err)
{
	int rc;

	*p = NULL;
	*n = 0;
	sqlite3_reset(b->record);
	sqlite3_bind_text(b->record, 1, id, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int(b->record, 2, flags);
	rc = sqlite3_step(b->record);
	if (rc == SQLITE_ROW && sqlite3_column_type(b->record, 0) == SQLITE_BLOB) {
		*p = sqlite3_column_blob(b->record, 0);
		*n = (size_t)sqlite3_column_bytes(b->record, 0);
	}
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		return 0;
	return KT_FAIL(err, KT_E_FORMAT, "manifest-db: %.100s", sqlite3_errmsg(b->db.db));
}

/* -- objects ---------------------------------------------------------------------------------- */

static bool is_id(const char *p, size_t n)
{
	return n == KT_BACKUP_ID && strspn(p, "0123456789abcdef") == KT_BACKUP_ID;
}

/* "ab/abcd...", or "abcd..." in the old flat form. */
static int open_by_id(struct kt_backup *b, const char *id, struct kt_err *err)
{
	const char sub[3] = {id[0], id[1], '\0'};
	KT_AUTO_FD dir = kt_img_open_plain(b->dirfd, sub, O_DIRECTORY);
	int r = dir >= 0 ? kt_backup_file_open(dir, id, &b->file, err) : KT_E_ABSENT;

	return r == KT_E_ABSENT ? kt_backup_file_open(b->dirfd, id, &b->file, err) : r;
}

static void open_object(struct kt_image *im, const char *id, const struct kt_mbfile *rec,
			const uint8_t *record, size_t n)
{
	struct kt_backup *b = im->state;
	struct kt_err why = {0};
	int r = open_by_id(b, id, &why);

	if (r == KT_E_ABSENT) {
		im->m.flags |= KT_DEV_M_MISSING;
		kt_img_unreadable(im, "listed in Manifest.db, not in the folder");
		return;
	}
	if (r == 0 && b->encrypted) {
		r = im->o.key->file(im->o.key->arg, record, n, &b->file.raw, &b->file.plain, &why);
		b->file.keyed = r == 0;
	}
	if (r < 0) {
		kt_img_unreadable(im, "%.140s", kt_err_text(&why));
		return;
	}
	im->m.size = b->file.plain.size;
	if (rec->has_size && rec->size != im->m.size)
		kt_img_note(im, "Manifest.db says %llu bytes", (unsigned long long)rec->size);
}

/* The row at hand, which the plan wants. */
static int take_row(struct kt_image *im, const char *domain, const uint8_t *path, size_t n,
		    int flags, struct kt_err *err)
{
	struct kt_backup *b = im->state;
	const char *have = (const char *)sqlite3_column_text(b->rows, 0);
	size_t have_len = (size_t)sqlite3_column_bytes(b->rows, 0), len = 0;
	struct kt_mbfile rec = {0};
	char id[KT_BACKUP_ID + 1];
	const uint8_t *record = NULL;
	int r = kt_backup_id(domain, path, n, id, err);

	if (r == 0)
		r = kt_backup_record(b, id, flags, &record, &len, err);
	if (r < 0)
		return r;
	kt_mbfile_read(record, len, &rec);
	im->m.size = rec.size;
	im->m.mtime = rec.mtime;
	im->m.mode = rec.has_mode ? rec.mode : S_IFREG;
	if (flags == FLAG_LINK)
		kt_img_unreadable(im, "a symbolic link in the backup, not followed");
	else if (have == NULL || !is_id(have, have_len) || memcmp(have, id, KT_BACKUP_ID) != 0)
		kt_img_unreadable(im, "its fileID is not that of its domain and path");
	else
		open_object(im, id, &rec, record, len);
	return 1;
}

/* One row of Files. 1: the plan wants it. */
static int visit_row(struct kt_image *im, struct kt_err *err)
{
	struct kt_backup *b = im->state;
	const char *domain = (const char *)sqlite3_column_text(b->rows, 1);
	const uint8_t *path = sqlite3_column_text(b->rows, 2);
	size_t n = (size_t)sqlite3_column_bytes(b->rows, 2);
	int flags = sqlite3_column_int(b->rows, 3), r;
	struct kt_img_hit hit;
	char name[KT_DEV_PATH_MAX + 256];

	if (domain == NULL || path == NULL || (flags != FLAG_FILE && flags != FLAG_LINK))
		return 0;
	r = kt_img_count(im, path, n, err);
	if (r != 1)
		return r;
	if (flags == FLAG_LINK)
		im->no[KT_NO_LINK]++;
	if (!kt_img_match_backup(&im->rules, domain, path, n, &hit))
		return 0;
	/* a domain that matched is one of ours, so it is short */
	r = snprintf(name, sizeof(name), "%s/%.*s", domain, (int)n, (const char *)path);
	r = kt_img_begin_member(im, name, r > 0 ? (size_t)r : 0, err);
	if (r < 0)
		return r;
	memcpy(im->m.id, hit.id, sizeof(hit.id));
	im->m.n = hit.n;
	return take_row(im, domain, path, n, flags, err);
}

static int backup_next(struct kt_image *im, struct kt_err *err)
{
	struct kt_backup *b = im->state;
	int r, rc;

	kt_backup_file_close(im, &b->file);
	r = kt_backup_next_values(im, err);
	while (r == 0) {
		r = kt_img_pulse(im, err);
		if (r < 0)
			return r;
		rc = sqlite3_step(b->rows);
		if (rc == SQLITE_DONE)
			return 0;
		if (rc != SQLITE_ROW)
			return KT_FAIL(err, KT_E_FORMAT, "manifest-db: %.100s",
				       sqlite3_errmsg(b->db.db));
		r = visit_row(im, err);
	}
	return r;
}

static int backup_read(struct kt_image *im, uint64_t off, void *p, size_t n, size_t *got,
		       struct kt_err *err)
{
	struct kt_backup *b = im->state;
	const struct kt_rdat *src = &b->file.plain;
	int r;

	if (off >= src->size)
		return 0;
	r = src->read_at(src->arg, off, p, n, got, err);
	im->bytes += *got;
	return r;
}

static bool backup_changed(struct kt_image *im)
{
	const struct kt_backup_file *f = &((struct kt_backup *)im->state)->file;
	struct stat st;

	return f->fd >= 0 && (fstat(f->fd, &st) < 0 || (uint64_t)st.st_size != f->size ||
			      st.st_mtim.tv_sec != f->mtime_s || st.st_mtim.tv_nsec != f->mtime_ns);
}

static void backup_close(struct kt_image *im)
{
	struct kt_backup *b = im->state;

	sqlite3_finalize(b->rows);
	sqlite3_finalize(b->record);
	if (b->db.vfs != NULL)
		kt_sqldb_close(&b->db);
	for (int i = 0; i < KT_SQLFILES; i++)
		kt_backup_file_close(im, &b->db_file[i]);
	kt_backup_file_close(im, &b->file);
	kt_buf_free(&b->manifest);
	kt_close_fd(&b->dirfd);
	free(b);
}

static const struct kt_img_ops backup_ops = {
	.next = backup_next, .read = backup_read, .changed = backup_changed, .close = backup_close};

/* -- opening ---------------------------------------------------------------------------------- */

static bool has(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static bool is_backup(int dirfd)
{
	return has(dirfd, MANIFEST_DB) || has(dirfd, "Manifest.mbdb");
}

/* The one subfolder that is a backup; name gets what it is called. */
static int find_subfolder(int dirfd, char *name, size_t size, struct kt_err *err)
{
	int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), found = -1;
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *e;
	unsigned n = 0;

	if (d == NULL) {
		kt_close_fd(&copy);
		return KT_FAIL(err, KT_E_STORAGE, "the folder can't be read: %s", strerror(errno));
	}
	while ((e = readdir(d)) != NULL) {
		int fd;

		if (e->d_name[0] == '.')
			continue;
		fd = openat(dirfd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && is_backup(fd) && ++n == 1) {
			found = fd;
			snprintf(name, size, "%s", e->d_name);
		} else {
			kt_close_fd(&fd);
		}
	}
	closedir(d);
	if (n == 1)
		return found;
	kt_close_fd(&found);
	if (n > 1)
		return KT_FAIL(err, KT_E_REFUSED,
			       "several-backups: %u backups lie in this folder; name one of them",
			       n);
	return KT_FAIL(err, KT_E_FORMAT, "no-backup: there is no Manifest.db in this folder");
}

static int find_folder(struct kt_image *im, char *name, size_t size, struct kt_err *err)
{
	struct kt_backup *b = im->state;

	snprintf(name, size, "%s", im->o.name);
	if (is_backup(im->o.fd))
		b->dirfd = openat(im->o.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	else
		b->dirfd = find_subfolder(im->o.fd, name, size, err);
	if (b->dirfd < -1)
		return b->dirfd;
	return b->dirfd >= 0 ? 0
			     : KT_FAIL(err, KT_E_STORAGE, "the folder can't be opened: %s",
				       strerror(errno));
}

/* The phone's own word for itself, else the host's, else the folder's name. */
static void identify(struct kt_image *im, const char *folder)
{
	struct kt_backup *b = im->state;
	struct kt_buf info;
	const struct kt_buf *m = &b->manifest;

	if (m->len > 0 && kt_plist_path_text(m->p, m->len, "Lockdown/UniqueDeviceID",
					     im->identifier, sizeof(im->identifier)))
		return;
	kt_buf_init(&info, KT_PLIST_BYTES);
	if (kt_backup_slurp(b->dirfd, "Info.plist", KT_PLIST_BYTES, &info, NULL) == 0 &&
	    info.len > 0 &&
	    kt_plist_path_text(info.p, info.len, "Unique Identifier", im->identifier,
			       sizeof(im->identifier)))
		snprintf(im->detail, sizeof(im->detail),
			 "the identifier is from Info.plist, which the computer wrote");
	else if (strlen(folder) >= 25 && strlen(folder) <= 40 &&
		 strspn(folder, "0123456789abcdefABCDEF-") == strlen(folder)) {
		snprintf(im->identifier, sizeof(im->identifier), "%.40s", folder);
		snprintf(im->detail, sizeof(im->detail),
			 "the identifier is the name of the folder");
	}
	kt_buf_free(&info);
}

static void add_detail(struct kt_image *im, const char *text)
{
	size_t n = strlen(im->detail);

	snprintf(im->detail + n, sizeof(im->detail) - n, "%s%s", n > 0 ? "; " : "", text);
}

static int read_manifest_plist(struct kt_image *im, struct kt_err *err)
{
	struct kt_backup *b = im->state;
	struct kt_err why = {0};
	int r = kt_backup_slurp(b->dirfd, "Manifest.plist", KT_PLIST_BYTES, &b->manifest, &why);

	if (r < 0 && r != KT_E_ABSENT)
		return KT_FAIL(err, r, "manifest-plist: %s", kt_err_text(&why));
	if (b->manifest.len == 0)
		add_detail(im, "there is no Manifest.plist");
	else if (!kt_plist_path_bool(b->manifest.p, b->manifest.len, "IsEncrypted", &b->encrypted))
		add_detail(im, "Manifest.plist does not say whether the backup is encrypted");
	if (b->encrypted && im->o.encrypted != NULL)
		*im->o.encrypted = true;
	if (b->encrypted && im->o.key == NULL && im->o.unlock != NULL)
		return im->o.unlock(im->o.unlock_arg, b->manifest.p, b->manifest.len, &im->o.key,
				    err);
	if (b->encrypted && im->o.key == NULL)
		return KT_FAIL(
			err, KT_E_REFUSED,
			"encrypted-backup: it opens with the holder's backup password alone");
	return 0;
}

int kt_img_backup_open(struct kt_image *im, struct kt_err *err)
{
	struct kt_backup *b = calloc(1, sizeof(*b));
	char folder[256];
	int r;

	if (b == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a backup");
	b->dirfd = b->file.fd = -1;
	for (int i = 0; i < KT_SQLFILES; i++)
		b->db_file[i].fd = -1;
	kt_buf_init(&b->manifest, KT_PLIST_BYTES);
	im->state = b;
	im->ops = &backup_ops;
	im->layout = KT_LAYOUT_BACKUP;
	r = kt_image_warm(err);
	if (r == 0)
		r = find_folder(im, folder, sizeof(folder), err);
	if (r < 0)
		return r;
	r = read_manifest_plist(im, err);
	if (r < 0)
		return r;
	identify(im, folder);
	return open_manifest(im, err);
}
