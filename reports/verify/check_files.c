/* SPDX-License-Identifier: EUPL-1.2 */
/* The content of every file, once, and the lists that name it. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/io.h"
#include "reports/verify/check.h"
#include "reports/verify/zip_format.h"

#define PIECE	  ((size_t)1 << 20)
#define LINE_MAX_ (KT_SHA512_HEX + 1 + KT_PKG_NAME_MAX)

/* -- hashing ---------------------------------------------------------------------------------- */

struct pass {
	struct kt_hash file, entry, entry512;
	uint8_t *buf;
	bool whole; /* the file's own hash goes along */
};

static int hash_range(struct kt_vf *c, struct pass *p, uint64_t off, uint64_t len, bool in_entry,
		      bool in_tag, uint32_t *crc)
{
	while (len > 0) {
		size_t want = len < PIECE ? (size_t)len : PIECE, got;
		int r = kt_pread_full(c->zip.fd, p->buf, want, off, &got, c->err);

		if (r == 0 && got != want)
			r = KT_FAIL(c->err, KT_E_STORAGE, "the file shrank while it was read");
		if (r == 0 && (p->whole || !in_entry))
			r = kt_hash_update(&p->file, p->buf, got);
		if (r == 0 && in_entry) {
			r = kt_hash_update(&p->entry, p->buf, got);
			*crc = kt_crc32(*crc, p->buf, got);
		}
		if (r == 0 && in_tag)
			r = kt_hash_update(&p->entry512, p->buf, got);
		if (r < 0)
			return r;
		off += got;
		len -= got;
	}
	return 0;
}

static int hash_entry(struct kt_vf *c, struct pass *p, struct kt_zip_entry *e)
{
	bool tag = e->kind == KT_PKG_TAG;
	uint32_t crc = 0;
	int r;

	if (e->unreadable)
		return 0;
	r = hash_range(c, p, e->data, e->size, true, tag, &crc);
	if (r == 0)
		r = kt_hash_final(&p->entry, e->sha256);
	if (r == 0 && tag) {
		e->tag = (uint16_t)c->ntags++;
		r = kt_hash_final(&p->entry512, c->sha512[e->tag]);
	}
	if (r == 0 && crc != e->crc)
		kt_vf_fail(c, KT_V_HASHES, "%s: the container's own checksum does not match",
			   kt_zip_entry_name(&c->zip, e));
	if (r == 0 && kt_pkg_is_payload(e->kind)) {
		c->payload_octets += e->size;
		c->payload_files++;
		c->res->objects += e->kind == KT_PKG_P_OBJECT;
	}
	return r;
}

static int hash_pass(struct kt_vf *c, struct pass *p)
{
	uint64_t at = 0;
	uint8_t md[KT_SHA256_LEN];
	int r = 0;

	for (size_t i = 0; i < c->zip.n && r == 0; i++) {
		struct kt_zip_entry *e = &c->zip.e[i];

		if (p->whole)
			r = hash_range(c, p, at, e->data - at, false, false, NULL);
		if (r == 0)
			r = hash_entry(c, p, e);
		at = e->data + e->size;
	}
	if (!p->whole)
		at = 0;
	if (r == 0)
		r = hash_range(c, p, at, c->zip.file_size - at, false, false, NULL);
	if (r == 0)
		r = kt_hash_final(&p->file, md);
	if (r == 0)
		kt_hex(md, sizeof(md), c->res->sha256);
	return r;
}

int kt_vf_hash_all(struct kt_vf *c)
{
	/* without defects the entries follow one another, so one reading serves both hashes */
	struct pass p = {.whole = c->zip.defects == 0};
	size_t tags = 0;
	int r;

	for (size_t i = 0; i < c->zip.n; i++)
		tags += c->zip.e[i].kind == KT_PKG_TAG;
	if (tags > UINT16_MAX) {
		kt_vf_fail(c, KT_V_COMPLETE, "there are %zu tag files", tags);
		tags = UINT16_MAX;
		c->zip.n = 0;
	}
	c->res->files = c->zip.n;
	c->sha512 = calloc(tags + 1, sizeof(*c->sha512));
	p.buf = malloc(PIECE);
	r = c->sha512 == NULL || p.buf == NULL ? KT_FAIL(c->err, KT_E_NOMEM, "no memory") : 0;
	posix_fadvise(c->zip.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (r == 0)
		r = kt_hash_init(&p.file, KT_SHA256, c->err);
	if (r == 0)
		r = kt_hash_init(&p.entry, KT_SHA256, c->err);
	if (r == 0)
		r = kt_hash_init(&p.entry512, KT_SHA512, c->err);
	if (r == 0)
		r = hash_pass(c, &p);
	kt_hash_free(&p.file);
	kt_hash_free(&p.entry);
	kt_hash_free(&p.entry512);
	free(p.buf);
	return r;
}

/* -- the lists -------------------------------------------------------------------------------- */

struct list {
	const char *file;
	bool payload;  /* lists data/, or the tag files */
	size_t digest; /* bytes: 32 or 64 */
	char last[KT_PKG_NAME_MAX + 1];
};

static void compare(struct kt_vf *c, const struct list *l, struct kt_zip_entry *e, const char *hex)
{
	char have[KT_SHA512_HEX];

	if (e->unreadable) {
		kt_vf_fail(c, KT_V_HASHES, "%s cannot be read", kt_zip_entry_name(&c->zip, e));
		return;
	}
	kt_hex(l->digest == KT_SHA512_LEN ? c->sha512[e->tag] : e->sha256, l->digest, have);
	if (memcmp(have, hex, 2 * l->digest) != 0)
		kt_vf_fail(c, KT_V_HASHES, "%s was changed: its content is not what %s states",
			   kt_zip_entry_name(&c->zip, e), l->file);
}

/* One "<hex>  <name>" line. false: the list is not to be read further. */
static bool take_line(struct kt_vf *c, struct list *l, const char *line, size_t n)
{
	size_t hex = 2 * l->digest, name_len = n - hex - 2;
	char name[KT_PKG_NAME_MAX + 1];
	struct kt_zip_entry *e;

	if (n < hex + 3 || name_len > KT_PKG_NAME_MAX || line[hex] != ' ' || line[hex + 1] != ' ' ||
	    memchr(line, '\0', n) != NULL) {
		kt_vf_fail(c, KT_V_COMPLETE, "%s holds a malformed line", l->file);
		return false;
	}
	memcpy(name, line + hex + 2, name_len);
	name[name_len] = '\0';
	if (strcmp(name, l->last) <= 0) {
		kt_vf_fail(c, KT_V_COMPLETE, "%s is not in order at %s", l->file, name);
		return false;
	}
	memcpy(l->last, name, name_len + 1);
	e = kt_zip_find(&c->zip, name);
	if (e == NULL) {
		kt_vf_fail(c, KT_V_COMPLETE, "%s lists %s, which is not there", l->file, name);
	} else if (l->payload ? !kt_pkg_is_payload(e->kind) : e->kind != KT_PKG_TAG) {
		kt_vf_fail(c, KT_V_COMPLETE, "%s lists %s, which has no place in it", l->file,
			   name);
	} else {
		e->listed = true;
		compare(c, l, e, line);
	}
	return true;
}

static void find_unlisted(struct kt_vf *c, const struct list *l)
{
	for (size_t i = 0; i < c->zip.n; i++) {
		struct kt_zip_entry *e = &c->zip.e[i];

		if (l->payload ? !kt_pkg_is_payload(e->kind) : e->kind != KT_PKG_TAG)
			continue;
		if (!e->listed)
			kt_vf_fail(c, KT_V_COMPLETE, "%s is not listed in %s",
				   kt_zip_entry_name(&c->zip, e), l->file);
		e->listed = false; /* for the next list */
	}
}

/* A list is read line by line; reading trouble of the package's making becomes a finding. */
static int read_list(struct kt_vf *c, struct list *l)
{
	const struct kt_zip_entry *e = kt_zip_find(&c->zip, l->file);
	struct kt_err err = {0};
	struct kt_zip_lines lines;
	const char *line;
	bool go = true;
	size_t n;
	int r;

	if (e == NULL)
		return 0; /* named already as missing */
	r = kt_zip_lines_open(&lines, &c->zip, e, LINE_MAX_, c->err);
	if (r < 0)
		goto out;
	while (go && (r = kt_zip_line(&lines, &line, &n, &err)) > 0)
		go = take_line(c, l, line, n);
	if (kt_vf_is_ours(r)) {
		*c->err = err;
		goto out;
	}
	if (r < 0)
		kt_vf_fail(c, KT_V_COMPLETE, "%s: %s", l->file, kt_err_text(&err));
	find_unlisted(c, l);
	r = 0;
out:
	kt_zip_lines_close(&lines);
	return r;
}

int kt_vf_lists(struct kt_vf *c)
{
	struct list lists[] = {{KT_PKG_MANIFEST, true, KT_SHA256_LEN, ""},
			       {KT_PKG_TAGS256, false, KT_SHA256_LEN, ""},
			       {KT_PKG_TAGS512, false, KT_SHA512_LEN, ""}};
	struct kt_pkg_rule rule;
	int r = 0;

	for (size_t i = 0; kt_pkg_rule(i, c->res->type, c->res->sealed, &rule); i++)
		if (rule.must && kt_zip_find(&c->zip, rule.name) == NULL)
			kt_vf_fail(c, KT_V_COMPLETE, "%s is missing", rule.name);
	for (size_t i = 0; i < c->zip.n; i++) {
		const char *name = kt_zip_entry_name(&c->zip, &c->zip.e[i]);

		if (c->zip.e[i].kind == KT_PKG_UNKNOWN)
			kt_vf_fail(c, KT_V_COMPLETE, "%s has no place in a package", name);
		else if (!kt_pkg_allows(name, c->res->type, c->res->sealed))
			kt_vf_fail(c, KT_V_COMPLETE, "%s has no place in a package of this type",
				   name);
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && r == 0; i++)
		r = read_list(c, &lists[i]);
	if (r == 0) {
		kt_vf_done(c, KT_V_COMPLETE);
		kt_vf_done(c, KT_V_HASHES);
	}
	return r;
}

/* -- META-INF/manifest.xml -------------------------------------------------------------------- */

struct compare {
	const struct kt_zip_entry *e;
	uint64_t off;
	struct kt_buf have, want;
	bool same;
};

/* Compares what was generated so far once it is worth a read, or at the end. */
static int compare_flush(struct kt_vf *c, struct compare *x)
{
	size_t got;
	int r;

	if (x->want.failed || kt_buf_reserve(&x->have, x->want.len + 1) < 0)
		return KT_FAIL(c->err, KT_E_NOMEM, "no memory");
	r = kt_zip_pread(&c->zip, x->e, x->off, x->have.p, x->want.len, &got, c->err);
	if (r < 0)
		return r;
	if (got != x->want.len || memcmp(x->have.p, x->want.p, got) != 0)
		x->same = false;
	x->off += got;
	kt_buf_reset(&x->want);
	return 0;
}

int kt_vf_contents(struct kt_vf *c)
{
	struct compare x = {.e = kt_zip_find(&c->zip, KT_PKG_ODF), .same = true};
	int r = 0;

	if (x.e == NULL || x.e->unreadable) {
		kt_vf_fail(c, KT_V_CONTENTS, "%s is missing or cannot be read", KT_PKG_ODF);
		return 0;
	}
	kt_buf_init(&x.have, 0);
	kt_buf_init(&x.want, 0);
	kt_pkg_odf_head(&x.want);
	for (size_t i = 0; i < c->zip.n && r == 0 && x.same; i++) {
		const char *name = kt_zip_entry_name(&c->zip, &c->zip.e[c->zip.sorted[i]]);

		if (kt_pkg_odf_lists(name))
			kt_pkg_odf_line(&x.want, name);
		if (x.want.len > PIECE / 4)
			r = compare_flush(c, &x);
	}
	kt_pkg_odf_foot(&x.want);
	if (r == 0)
		r = compare_flush(c, &x);
	if (r == 0 && (!x.same || x.off != x.e->size))
		kt_vf_fail(c, KT_V_CONTENTS, "%s is not the list of these files", KT_PKG_ODF);
	if (r == 0)
		kt_vf_done(c, KT_V_CONTENTS);
	kt_buf_free(&x.have);
	kt_buf_free(&x.want);
	return r;
}
