/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/ios/manifest.h"

#include "core/err.h"
#include "extractor/image/plist.h"

#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OVERLAY_MAX ((uint64_t)64 << 20)
#define FLAG_FILE   1
#define BLOCK	    16u

static int db_read(void *arg, enum kt_sqlfile which, uint64_t off, void *p, size_t n, size_t *got,
		   struct kt_err *err)
{
	struct kt_manifest *m = arg;

	(void)which; /* MAIN: there is no other */
	return m->plain.read_at(m->plain.arg, off, p, n, got, err);
}

static int prepare(struct kt_manifest *m, const char *sql, sqlite3_stmt **s, struct kt_err *err)
{
	int rc = sqlite3_prepare_v2(m->b.db.db, sql, -1, s, NULL);

	return rc == SQLITE_OK ? 0 : kt_sqldb_fail(&m->b.db, rc, err);
}

int kt_manifest_open(struct kt_manifest *m, const struct kt_rdat *bytes,
		     const struct kt_backup_opener *opener, struct kt_err *err)
{
	struct kt_sqlsrc src = {.read = db_read, .arg = m};
	int r = 0;

	memset(m, 0, sizeof(*m));
	m->opener = opener;
	m->cipher = *bytes;
	m->plain = *bytes;
	if (opener != NULL) {
		r = opener->key.manifest(opener->key.arg, &m->cipher, &m->plain, err);
		m->keyed = r == 0;
	}
	if (r < 0)
		return r;
	src.size[KT_SQLFILE_MAIN] = m->plain.size;
	src.size[KT_SQLFILE_WAL] = src.size[KT_SQLFILE_JOURNAL] = KT_SQLFILE_NONE;
	r = kt_sqldb_open(&src, OVERLAY_MAX, &m->b.db, err);
	if (r == 0 && m->b.db.damaged)
		r = KT_FAIL(err, KT_E_FORMAT, "damaged: %.100s", m->b.db.damage);
	if (r == 0)
		r = prepare(m, "SELECT domain, relativePath, flags FROM Files WHERE fileID = ?1",
			    &m->row, err);
	if (r == 0)
		r = prepare(m, "SELECT file FROM Files WHERE fileID = ?1 AND flags = ?2",
			    &m->b.record, err);
	return r;
}

void kt_manifest_close(struct kt_manifest *m)
{
	sqlite3_finalize(m->row);
	sqlite3_finalize(m->b.record);
	if (m->b.db.vfs != NULL)
		kt_sqldb_close(&m->b.db);
	if (m->keyed)
		m->opener->key.close(m->opener->key.arg, &m->plain);
	memset(m, 0, sizeof(*m));
}

/* -- one member ------------------------------------------------------------------------------- */

static void say(struct kt_confirm *c, enum kt_dev_verdict v, const char *why)
{
	c->verdict = (uint8_t)v;
	snprintf(c->note, sizeof(c->note), "%s", why);
}

/* Are all requests that took the member answered by this row? */
static bool covers(const struct kt_img_hit *hit, const struct kt_provisional *p)
{
	for (uint16_t i = 0; i < p->n; i++) {
		uint16_t k = 0;

		while (k < hit->n && hit->id[k] != p->request[i])
			k++;
		if (k == hit->n)
			return false;
	}
	return true;
}

/* The row of an ID: its place. False: c says why not. */
static bool find_place(struct kt_manifest *m, const struct kt_wanted *w,
		       const struct kt_provisional *p, const char *id, struct kt_confirm *c)
{
	const char *domain;
	const uint8_t *path;
	struct kt_img_hit hit;
	char own[KT_BACKUP_ID + 1];
	size_t n;
	int rc;

	sqlite3_reset(m->row);
	sqlite3_bind_text(m->row, 1, id, -1, SQLITE_TRANSIENT);
	rc = sqlite3_step(m->row);
	if (rc == SQLITE_DONE) {
		say(c, KT_VERDICT_NOT_LISTED, "Manifest.db does not list it");
		return false;
	}
	if (rc != SQLITE_ROW) {
		say(c, KT_VERDICT_UNCONFIRMED, "Manifest.db can't be read here");
		return false;
	}
	domain = (const char *)sqlite3_column_text(m->row, 0);
	path = sqlite3_column_text(m->row, 1);
	n = (size_t)sqlite3_column_bytes(m->row, 1);
	if (domain == NULL || path == NULL || n > KT_DEV_PATH_MAX - 256 || strlen(domain) > 200 ||
	    sqlite3_column_int(m->row, 2) != FLAG_FILE ||
	    kt_backup_id(domain, path, n, own, NULL) < 0 || strcmp(own, id) != 0) {
		say(c, KT_VERDICT_CONTRADICTED,
		    "its ID is not that of the domain and path in Manifest.db");
		return false;
	}
	if (!kt_img_match_backup(&w->rules, domain, path, n, &hit) || !covers(&hit, p)) {
		say(c, KT_VERDICT_CONTRADICTED,
		    "Manifest.db gives it a domain and path that are not in the plan");
		return false;
	}
	snprintf(c->path, sizeof(c->path), "%s/%.*s", domain, (int)n, (const char *)path);
	return true;
}

/* Padding adds one to sixteen bytes; some writers leave it out. */
static bool size_fits(const struct kt_manifest *m, uint64_t plain, uint64_t came)
{
	uint64_t rounded;

	if (!m->keyed)
		return plain == came;
	if (plain > (uint64_t)INT64_MAX)
		return false;
	rounded = (plain + BLOCK - 1) / BLOCK * BLOCK;
	return came >= rounded && came <= rounded + BLOCK && came % BLOCK == 0;
}

static void judge_record(struct kt_manifest *m, const struct kt_provisional *p, const char *id,
			 struct kt_confirm *c)
{
	struct kt_mbfile rec;
	const uint8_t *record;
	size_t n;
	bool digest;

	if (kt_backup_record(&m->b, id, FLAG_FILE, &record, &n, NULL) < 0 || n == 0 ||
	    !kt_mbfile_read(record, n, &rec) || !rec.has_size) {
		say(c, KT_VERDICT_UNCONFIRMED, "Manifest.db states no size");
		return;
	}
	c->size = rec.size;
	c->mtime = rec.mtime;
	digest = rec.has_digest && !m->keyed;
	if (!size_fits(m, rec.size, p->size)) {
		say(c, KT_VERDICT_CONTRADICTED, "");
		snprintf(c->note, sizeof(c->note), "Manifest.db says %llu bytes, %llu came",
			 (unsigned long long)rec.size, (unsigned long long)p->size);
		return;
	}
	if (digest && memcmp(rec.digest, p->sha1, sizeof(p->sha1)) != 0) {
		say(c, KT_VERDICT_CONTRADICTED,
		    "its content is not that of the digest in Manifest.db");
		return;
	}
	if (p->twice && !digest) {
		say(c, KT_VERDICT_CONTRADICTED,
		    "it came more than once, and Manifest.db does not tell which is right");
		return;
	}
	if (m->keyed && kt_backup_opener_file_key(m->opener, &rec, c->key, NULL) < 0) {
		say(c, KT_VERDICT_UNCONFIRMED, "Manifest.db has no key that opens it");
		return;
	}
	c->has_key = m->keyed;
	say(c, KT_VERDICT_CONFIRMED,
	    digest ? "domain, path, size and digest agree with Manifest.db"
		   : "domain, path and size agree with Manifest.db; it gives no digest to compare");
}

void kt_manifest_confirm(struct kt_manifest *m, const struct kt_wanted *w,
			 const struct kt_provisional *p, struct kt_confirm *c)
{
	char id[KT_BACKUP_ID + 1];

	memset(c, 0, sizeof(*c));
	kt_hex(p->id, KT_NAMES_ID, id);
	if (!find_place(m, w, p, id, c))
		return;
	if (p->whole)
		judge_record(m, p, id, c);
	else
		say(c, KT_VERDICT_CONTRADICTED, "the phone did not send it to its end");
}

/* -- counts ----------------------------------------------------------------------------------- */

struct domain {
	char name[40];
	uint64_t files;
};

static int by_count(const void *a, const void *b)
{
	const struct domain *x = a, *y = b;

	if (x->files != y->files)
		return x->files < y->files ? 1 : -1;
	return strcmp(x->name, y->name);
}

/*
 * The family of a domain: "AppDomain" of "AppDomain-com.example.app". Which apps there are is
 * nobody's business here.
 */
static void family(const char *name, char out[40])
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

	if (n == 0 || n >= 40 || (name[n] != '\0' && name[n] != '-'))
		snprintf(out, 40, "others");
	else
		snprintf(out, 40, "%.*s", (int)n, name);
}

static void count_one(struct domain *d, size_t *n, const char *name)
{
	char text[40];
	size_t i = 0;

	family(name, text);
	while (i < *n && strcmp(d[i].name, text) != 0)
		i++;
	if (i == KT_MANIFEST_DOMAINS)
		return;
	if (i == *n) {
		memcpy(d[i].name, text, sizeof(text));
		(*n)++;
	}
	d[i].files++;
}

int kt_manifest_count(struct kt_manifest *m, struct kt_buf *out, struct kt_err *err)
{
	struct domain d[KT_MANIFEST_DOMAINS] = {0};
	sqlite3_stmt *s = NULL;
	size_t n = 0;
	int rc, r = prepare(m, "SELECT domain, flags FROM Files", &s, err);

	m->rows = m->files = 0;
	while (r == 0 && (rc = sqlite3_step(s)) != SQLITE_DONE) {
		const char *name;

		if (rc != SQLITE_ROW) {
			r = kt_sqldb_fail(&m->b.db, rc, err);
			break;
		}
		m->rows++;
		name = (const char *)sqlite3_column_text(s, 0);
		if (sqlite3_column_int(s, 1) != FLAG_FILE)
			continue;
		m->files++;
		count_one(d, &n, name != NULL ? name : "");
	}
	sqlite3_finalize(s);
	qsort(d, n, sizeof(*d), by_count);
	for (size_t i = 0; r == 0 && i < n; i++)
		kt_buf_printf(out, "%s%s %llu", i > 0 ? ", " : "", d[i].name,
			      (unsigned long long)d[i].files);
	return r;
}
