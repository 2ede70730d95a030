/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/verify/zip_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "core/err.h"
#include "core/io.h"
#include "core/tr.h"
#include "reports/verify/zip_format.h"

#define CHUNK ((size_t)256 << 10)

__attribute__((format(printf, 2, 3))) static void defect(struct kt_zip *z, const char *fmt, ...)
{
	char text[320];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	z->defects++;
	if (z->defect != NULL)
		z->defect(z->arg, text);
}

/* A defect after which nothing more can be read. */
static int stop(struct kt_zip *z, struct kt_err *err, const char *text)
{
	defect(z, "%s", text);
	return KT_FAIL(err, KT_E_FORMAT, "%s", text);
}

/* -- end records ------------------------------------------------------------------------------ */

static int read_tail(struct kt_zip *z, uint64_t *entries, struct kt_err *err)
{
	uint8_t tail[KT_ZIP_TAIL_MAX], want[KT_ZIP_TAIL_MAX];
	size_t len = z->file_size < sizeof(tail) ? (size_t)z->file_size : sizeof(tail);
	size_t got, n;
	const uint8_t *end;
	bool wide;
	int r;

	if (len < KT_ZIP_END)
		return stop(z, err, "the file is too short to be a ZIP container");
	r = kt_pread_full(z->fd, tail, len, z->file_size - len, &got, err);
	if (r < 0)
		return r;
	end = tail + len - KT_ZIP_END;
	if (got != len || kt_get_le32(end) != KT_ZIP_SIG_END)
		return stop(z, err,
			    "the file does not end with a ZIP end record: it is cut, has bytes "
			    "behind its end, carries a comment, or is no ZIP container");
	*entries = kt_get_le16(end + 10);
	z->cd_size = kt_get_le32(end + 12);
	z->cd_off = kt_get_le32(end + 16);
	wide = *entries == KT_ZIP_MAX16 || z->cd_size == KT_ZIP_MAX32 || z->cd_off == KT_ZIP_MAX32;
	if (wide) {
		if (len < KT_ZIP_TAIL_MAX || kt_get_le32(tail) != KT_ZIP_SIG_END64)
			return stop(z, err, "the ZIP64 end record is missing");
		*entries = kt_get_le64(tail + 32);
		z->cd_size = kt_get_le64(tail + 40);
		z->cd_off = kt_get_le64(tail + 48);
	}
	if (z->cd_off > z->file_size || z->cd_size > z->file_size)
		return stop(z, err, "the ZIP end record points outside the file");
	n = kt_zip_put_tail(*entries, z->cd_off, z->cd_size, want);
	if (z->cd_off + z->cd_size + n != z->file_size)
		return stop(z, err,
			    "the parts of the ZIP container do not add up to the file: there are "
			    "bytes in front, between or behind them, or some are missing");
	if (n != (wide ? KT_ZIP_TAIL_MAX : KT_ZIP_END) || memcmp(tail + len - n, want, n) != 0)
		defect(z, "the ZIP end record has values that a package's never has");
	return 0;
}

/* -- one entry -------------------------------------------------------------------------------- */

/* Says what makes a header differ from the one form that is allowed. p: from "version needed". */
static void name_difference(struct kt_zip *z, const uint8_t *p, const char *where, const char *name)
{
	unsigned flags = kt_get_le16(p + 2);

	if (flags & 1)
		defect(z, "%s: %s says that it is encrypted", name, where);
	else if (flags & 8)
		defect(z, "%s: %s says that sizes follow the content (data descriptor)", name,
		       where);
	else if (kt_get_le16(p + 4) != 0)
		defect(z, "%s: %s says that it is compressed", name, where);
	else if (kt_get_le32(p + 14) != kt_get_le32(p + 18))
		defect(z, "%s: %s states two different sizes", name, where);
	else
		defect(z, "%s: %s has values or extra bytes that a package's never has", name,
		       where);
}

/* Fills size and offset from the ZIP64 field where the short ones are at their maximum. */
static bool read_extra(const uint8_t *p, size_t n, uint64_t *size, uint64_t *off)
{
	struct kt_rd rd;

	if (*size != KT_ZIP_MAX32 && *off != KT_ZIP_MAX32)
		return true;
	kt_rd_init(&rd, p, n);
	if (kt_rd_le16(&rd) != 1 || kt_rd_le16(&rd) != n - 4)
		return false;
	if (*size == KT_ZIP_MAX32) {
		*size = kt_rd_le64(&rd);
		if (kt_rd_le64(&rd) != *size)
			return false;
	}
	if (*off == KT_ZIP_MAX32)
		*off = kt_rd_le64(&rd);
	return !rd.failed;
}

static int check_local(struct kt_zip *z, struct kt_zip_entry *e, const struct kt_zip_record *rec,
		       struct kt_err *err)
{
	uint8_t want[KT_ZIP_RECORD_MAX], have[KT_ZIP_RECORD_MAX];
	size_t n = kt_zip_put_local(rec, want), got;
	int r;

	e->unreadable = true;
	if (rec->off > z->cd_off || n > z->cd_off - rec->off ||
	    rec->size > z->cd_off - rec->off - n) {
		defect(z, "%s: lies outside the container", rec->name);
		return 0;
	}
	e->data = rec->off + n;
	r = kt_pread_full(z->fd, have, n, rec->off, &got, err);
	if (r < 0)
		return r;
	if (got != n || kt_get_le32(have) != KT_ZIP_SIG_LOCAL) {
		defect(z, "%s: there is no file where the central directory says", rec->name);
		return 0;
	}
	if (memcmp(have, want, n) != 0) {
		defect(z, "%s: its own header differs from the central directory", rec->name);
		return 0;
	}
	e->unreadable = false;
	return 0;
}

/* Judges one central record (head, name, extra all in p) and appends its entry. */
static int take_record(struct kt_zip *z, const uint8_t *p, size_t name_len, size_t extra,
		       struct kt_err *err)
{
	struct kt_zip_entry *e = &z->e[z->n];
	struct kt_zip_record rec = {.name_len = name_len,
				    .time = kt_get_le16(p + 12),
				    .date = kt_get_le16(p + 14),
				    .crc = kt_get_le32(p + 16),
				    .size = kt_get_le32(p + 24),
				    .off = kt_get_le32(p + 42)};
	uint8_t want[KT_ZIP_RECORD_MAX];
	char name[KT_PKG_NAME_MAX + 1];
	size_t n;
	int r;

	memcpy(name, p + KT_ZIP_CENTRAL, name_len);
	name[name_len] = '\0';
	rec.name = name;
	if (!kt_pkg_name_ok(name, name_len))
		defect(z, "%s: not a name that a package may hold", name);
	if (!read_extra(p + KT_ZIP_CENTRAL + name_len, extra, &rec.size, &rec.off))
		defect(z, "%s: its ZIP64 sizes cannot be read", name);
	memset(e, 0, sizeof(*e));
	e->name = (uint32_t)z->names.len;
	if (kt_buf_put(&z->names, name, name_len + 1) < 0)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for names");
	e->off = rec.off;
	e->size = rec.size;
	e->crc = rec.crc;
	e->kind = (uint8_t)kt_pkg_kind(name);
	z->n++;
	r = check_local(z, e, &rec, err);
	if (r < 0)
		return r;
	n = kt_zip_put_central(&rec, want);
	if (n != KT_ZIP_CENTRAL + name_len + extra || memcmp(p, want, n) != 0) {
		name_difference(z, p + 6, N_("the central directory"), name);
		e->unreadable = true;
	}
	return 0;
}

/* -- the central directory -------------------------------------------------------------------- */

struct window {
	uint8_t *p;
	size_t pos, len;
	uint64_t next, end; /* of the file, not yet read */
};

/* Makes n bytes available at w->p + w->pos. 1, 0 when the directory ends before, or an error. */
static int window_need(struct kt_zip *z, struct window *w, size_t n, struct kt_err *err)
{
	size_t got;
	int r;

	if (w->len - w->pos >= n)
		return 1;
	memmove(w->p, w->p + w->pos, w->len - w->pos);
	w->len -= w->pos;
	w->pos = 0;
	while (w->len < n && w->next < w->end) {
		size_t room = CHUNK - w->len;

		if (room > w->end - w->next)
			room = (size_t)(w->end - w->next);
		r = kt_pread_full(z->fd, w->p + w->len, room, w->next, &got, err);
		if (r < 0)
			return r;
		if (got == 0)
			break;
		w->len += got;
		w->next += got;
	}
	return w->len >= n;
}

static int read_directory(struct kt_zip *z, uint64_t entries, struct window *w, struct kt_err *err)
{
	for (uint64_t i = 0; i < entries; i++) {
		size_t name_len, extra;
		const uint8_t *p;
		int r = window_need(z, w, KT_ZIP_CENTRAL, err);

		if (r < 0)
			return r;
		p = w->p + w->pos;
		if (r == 0 || kt_get_le32(p) != KT_ZIP_SIG_CENTRAL)
			return stop(z, err, "the central directory is broken");
		name_len = kt_get_le16(p + 28);
		extra = kt_get_le16(p + 30);
		if (name_len == 0 || name_len > KT_PKG_NAME_MAX || extra > KT_ZIP_EXTRA_MAX ||
		    kt_get_le16(p + 32) != 0)
			return stop(z, err,
				    "the central directory holds a name, a comment or extra bytes "
				    "longer than a package's may be");
		r = window_need(z, w, KT_ZIP_CENTRAL + name_len + extra, err);
		if (r < 0)
			return r;
		if (r == 0)
			return stop(z, err, "the central directory is cut short");
		r = take_record(z, w->p + w->pos, name_len, extra, err);
		if (r < 0)
			return r;
		w->pos += KT_ZIP_CENTRAL + name_len + extra;
	}
	if (w->next - (w->len - w->pos) != w->end)
		defect(z, "the central directory holds more than its entries");
	return 0;
}

/* Do the entries follow one another from the first byte to the directory? */
static void check_gaps(struct kt_zip *z)
{
	uint64_t at = 0;

	for (size_t i = 0; z->e != NULL && i < z->n; i++) {
		const struct kt_zip_entry *e = &z->e[i];

		if (e->off != at) {
			defect(z,
			       "%s: does not follow the entry before it: there is a gap or an "
			       "overlap",
			       kt_zip_entry_name(z, e));
			return;
		}
		if (e->unreadable)
			return; /* named already; where it ends is not known */
		at = e->data + e->size;
	}
	if (at != z->cd_off)
		defect(z, "there are bytes between the last file and the central directory");
}

typedef int (*compare_fn)(const char *a, const char *b);

static const char *sorted_name(const struct kt_zip *z, size_t i)
{
	return kt_zip_entry_name(z, &z->e[z->sorted[i]]);
}

/* Lets the row at i sink until the heap of n rows holds below it. */
static void sift(struct kt_zip *z, size_t i, size_t n, compare_fn cmp)
{
	for (;;) {
		size_t child = 2 * i + 1;
		uint32_t t = z->sorted[i];

		if (child >= n)
			return;
		if (child + 1 < n && cmp(sorted_name(z, child), sorted_name(z, child + 1)) < 0)
			child++;
		if (cmp(sorted_name(z, i), sorted_name(z, child)) >= 0)
			return;
		z->sorted[i] = z->sorted[child];
		z->sorted[child] = t;
		i = child;
	}
}

/*
 * Heap sort, since the C library's qsort() asks the system how much memory there is, which the
 * sandbox of keten-verify doesn't allow; and no hostile order makes it slow.
 */
static void sort_by(struct kt_zip *z, compare_fn cmp)
{
	for (size_t i = z->n / 2; i > 0; i--)
		sift(z, i - 1, z->n, cmp);
	for (size_t n = z->n; n > 1; n--) {
		uint32_t t = z->sorted[0];

		z->sorted[0] = z->sorted[n - 1];
		z->sorted[n - 1] = t;
		sift(z, 0, n - 1, cmp);
	}
}

static int sort_names(struct kt_zip *z, struct kt_err *err)
{
	z->sorted = malloc((z->n + 1) * sizeof(*z->sorted));
	if (z->sorted == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for %zu entries", z->n);
	for (size_t i = 0; i < z->n; i++)
		z->sorted[i] = (uint32_t)i;
	sort_by(z, strcasecmp);
	for (size_t i = 1; i < z->n; i++)
		if (strcasecmp(sorted_name(z, i - 1), sorted_name(z, i)) == 0)
			defect(z,
			       "%s: the name stands twice, or twice but for upper and lower case",
			       sorted_name(z, i));
	sort_by(z, strcmp);
	return 0;
}

static int read_structure(struct kt_zip *z, struct kt_err *err)
{
	struct window w = {0};
	uint64_t entries = 0;
	uint8_t first[4];
	size_t got;
	int r = kt_pread_full(z->fd, first, sizeof(first), 0, &got, err);

	if (r < 0)
		return r;
	if (got != sizeof(first) || kt_get_le32(first) != KT_ZIP_SIG_LOCAL)
		defect(z, "the first bytes are not those of a ZIP container (PK 3 4)");
	r = read_tail(z, &entries, err);
	if (r < 0)
		return r;
	if (entries > KT_PKG_MAX_ENTRIES || entries > z->cd_size / KT_ZIP_CENTRAL)
		return stop(z, err, "the number of entries is impossible or above the limit");
	w.next = z->cd_off;
	w.end = z->cd_off + z->cd_size;
	w.p = malloc(CHUNK);
	z->e = calloc((size_t)entries + 1, sizeof(*z->e));
	r = w.p == NULL || z->e == NULL ? KT_FAIL(err, KT_E_NOMEM, "no memory for the directory")
					: read_directory(z, entries, &w, err);
	free(w.p);
	if (r < 0)
		return r;
	check_gaps(z);
	return sort_names(z, err);
}

int kt_zip_read_open(int fd, struct kt_zip *z, void (*fn)(void *arg, const char *text), void *arg,
		     struct kt_err *err)
{
	struct stat st;

	memset(z, 0, sizeof(*z));
	z->fd = fd;
	z->defect = fn;
	z->arg = arg;
	kt_buf_init(&z->names, (size_t)KT_PKG_MAX_ENTRIES * (KT_PKG_NAME_MAX + 1));
	if (fstat(fd, &st) < 0)
		return KT_FAIL(err, KT_E_STORAGE, "stat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return stop(z, err, "it is not a regular file");
	z->file_size = (uint64_t)st.st_size;
	return read_structure(z, err);
}

void kt_zip_read_close(struct kt_zip *z)
{
	free(z->e);
	free(z->sorted);
	kt_buf_free(&z->names);
	z->e = NULL;
	z->sorted = NULL;
	z->n = 0;
}

/* -- content ---------------------------------------------------------------------------------- */

const char *kt_zip_entry_name(const struct kt_zip *z, const struct kt_zip_entry *e)
{
	return (const char *)z->names.p + e->name;
}

struct kt_zip_entry *kt_zip_find(const struct kt_zip *z, const char *name)
{
	size_t lo = 0, hi = z->sorted == NULL ? 0 : z->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		struct kt_zip_entry *e = &z->e[z->sorted[mid]];
		int c = strcmp(name, kt_zip_entry_name(z, e));

		if (c == 0)
			return e;
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

int kt_zip_pread(const struct kt_zip *z, const struct kt_zip_entry *e, uint64_t off, void *p,
		 size_t n, size_t *got, struct kt_err *err)
{
	int r;

	*got = 0;
	if (e->unreadable)
		return KT_FAIL(err, KT_E_FORMAT, "%s cannot be read", kt_zip_entry_name(z, e));
	if (off >= e->size)
		return 0;
	if (n > e->size - off)
		n = (size_t)(e->size - off);
	r = kt_pread_full(z->fd, p, n, e->data + off, got, err);
	if (r == 0 && *got != n)
		return KT_FAIL(err, KT_E_STORAGE, "the file shrank while it was read");
	return r;
}

int kt_zip_load(const struct kt_zip *z, const struct kt_zip_entry *e, size_t max, struct kt_buf *b,
		struct kt_err *err)
{
	size_t got;
	int r;

	if (e->size > max)
		return KT_FAIL(err, KT_E_LIMIT, "%s is larger than %zu bytes",
			       kt_zip_entry_name(z, e), max);
	b->max = b->len + max + 1;
	if (kt_buf_reserve(b, (size_t)e->size + 1) < 0)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for %s", kt_zip_entry_name(z, e));
	r = kt_zip_pread(z, e, 0, b->p + b->len, (size_t)e->size, &got, err);
	if (r == 0)
		b->len += got;
	return r;
}

int kt_zip_lines_open(struct kt_zip_lines *l, const struct kt_zip *z, const struct kt_zip_entry *e,
		      size_t max, struct kt_err *err)
{
	memset(l, 0, sizeof(*l));
	l->z = z;
	l->e = e;
	l->max = max;
	kt_buf_init(&l->buf, max + 2 * CHUNK);
	return kt_hash_init(&l->hash, KT_SHA256, err);
}

void kt_zip_lines_close(struct kt_zip_lines *l)
{
	kt_buf_free(&l->buf);
	kt_hash_free(&l->hash);
}

static int lines_fill(struct kt_zip_lines *l, size_t *got, struct kt_err *err)
{
	int r;

	kt_buf_consume(&l->buf, l->used);
	l->used = 0;
	if (kt_buf_reserve(&l->buf, CHUNK) < 0)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a line");
	r = kt_zip_pread(l->z, l->e, l->off, l->buf.p + l->buf.len, CHUNK, got, err);
	if (r < 0)
		return r;
	if (*got > 0 && kt_hash_update(&l->hash, l->buf.p + l->buf.len, *got) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "hashing failed");
	l->buf.len += *got;
	l->off += *got;
	return 0;
}

int kt_zip_line(struct kt_zip_lines *l, const char **line, size_t *n, struct kt_err *err)
{
	size_t from = 0;

	for (;;) {
		size_t have = l->buf.len - l->used, got = 0;
		const uint8_t *start = l->buf.len > 0 ? l->buf.p + l->used : NULL;
		const uint8_t *nl = start != NULL && have > from
					    ? memchr(start + from, '\n', have - from)
					    : NULL;
		int r;

		if (nl != NULL) {
			*line = (const char *)start;
			*n = (size_t)(nl - start);
			l->used += *n + 1;
			return *n > l->max ? KT_FAIL(err, KT_E_LIMIT, "a line is too long") : 1;
		}
		if (have > l->max)
			return KT_FAIL(err, KT_E_LIMIT, "a line is longer than %zu bytes", l->max);
		from = have;
		r = lines_fill(l, &got, err);
		if (r < 0)
			return r;
		if (got == 0)
			return have == 0 ? 0
					 : KT_FAIL(err, KT_E_FORMAT, "the last line has no end");
	}
}
