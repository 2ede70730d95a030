/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * tar as a stream: ustar (POSIX.1-1988), pax (POSIX.1-2001), the GNU forms of long names, large
 * numbers and sparse files, and what came before them. One buffer of a megabyte; members that
 * nobody reads are passed over in it without a copy. A header whose checksum is wrong ends it:
 * nothing behind can be trusted to be where it seems.
 */
#include "core/unzip.h"

#include "core/buf.h"
#include "core/err.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK	       512u
#define BUF	       ((size_t)1 << 20)
#define NAME_MAX_BYTES 65536u
#define PAX_MAX	       ((size_t)1 << 20)
#define META_MAX       64u /* headers about the next member in a row */

/* Offsets of fields in a header. */
#define H_MODE	   100u
#define H_SIZE	   124u
#define H_MTIME	   136u
#define H_SUM	   148u
#define H_TYPE	   156u
#define H_MAGIC	   257u
#define H_PREFIX   345u
#define H_EXTENDED 482u /* old GNU sparse: more blocks of the map follow */
#define H_REAL	   483u /* old GNU sparse: size of the file */
#define X_EXTENDED 504u /* the same in a block of the map */

struct kt_untar {
	struct kt_rdseq src;
	uint8_t *buf;
	size_t pos, len;
	uint64_t base; /* offset of buf[0] in the stream */
	bool eof, ended, end_missing, failed;
	uint64_t left; /* data of this member not yet read */
	uint64_t pad;  /* zeros behind it, to the next block */
	bool readable;
	struct kt_buf name; /* of the member at hand */
	struct kt_buf meta; /* a long name or pax records being read */
	/* said about the next member: */
	bool has_name, has_size, has_mtime, sparse, sparse_name;
	uint64_t next_size, real_size;
	int64_t next_mtime;
};

int kt_untar_open(const struct kt_rdseq *src, struct kt_untar **out, struct kt_err *err)
{
	struct kt_untar *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (t == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for tar");
	t->buf = malloc(BUF);
	if (t->buf == NULL) {
		free(t);
		return KT_FAIL(err, KT_E_NOMEM, "no memory for tar");
	}
	t->src = *src;
	kt_buf_init(&t->name, NAME_MAX_BYTES + BLOCK);
	kt_buf_init(&t->meta, PAX_MAX + BLOCK);
	*out = t;
	return 0;
}

void kt_untar_close(struct kt_untar **t)
{
	if (*t == NULL)
		return;
	kt_buf_free(&(*t)->name);
	kt_buf_free(&(*t)->meta);
	free((*t)->buf);
	free(*t);
	*t = NULL;
}

bool kt_untar_end_missing(const struct kt_untar *t)
{
	return t->end_missing;
}

/* -- the buffer ------------------------------------------------------------------------------- */

static uint64_t offset(const struct kt_untar *t)
{
	return t->base + t->pos;
}

/* At least n bytes (n <= BLOCK) from pos on, fewer only at the end of the source. */
static int need(struct kt_untar *t, size_t n, struct kt_err *err)
{
	while (t->len - t->pos < n && !t->eof) {
		size_t got = 0;
		int r;

		if (t->pos > 0) {
			memmove(t->buf, t->buf + t->pos, t->len - t->pos);
			t->base += t->pos;
			t->len -= t->pos;
			t->pos = 0;
		}
		r = t->src.read(t->src.arg, t->buf + t->len, BUF - t->len, &got, err);
		if (r < 0)
			return r;
		t->eof = got == 0;
		t->len += got;
	}
	return 0;
}

/*
 * Passes over *n bytes, counting them down: after a source that was stopped for a moment, it goes on
 * where it was. KT_E_FORMAT when the source ends before.
 */
static int pass(struct kt_untar *t, uint64_t *n, struct kt_err *err)
{
	while (*n > 0) {
		size_t k;
		int r = need(t, 1, err);

		if (r < 0)
			return r;
		k = t->len - t->pos;
		if (k == 0)
			return KT_FAIL(err, KT_E_FORMAT, "tar: the archive ends inside a member");
		if (k > *n)
			k = (size_t)*n;
		t->pos += k;
		*n -= k;
	}
	return 0;
}

/* -- fields ----------------------------------------------------------------------------------- */

/* Octal digits between blanks, or GNU's base-256. False when it is neither or does not fit. */
static bool number(const uint8_t *p, size_t n, uint64_t *v)
{
	size_t i = 0;

	*v = 0;
	if (p[0] & 0x80) {
		/* 0xff begins a negative one */
		if (p[0] != 0x80)
			return false;
		for (i = 1; i < n; i++) {
			if (*v >> 56 != 0)
				return false;
			*v = *v << 8 | p[i];
		}
		return true;
	}
	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++) {
		if (*v >> 61 != 0)
			return false;
		*v = *v << 3 | (uint64_t)(p[i] - '0');
	}
	for (; i < n; i++)
		if (p[i] != ' ' && p[i] != '\0')
			return false;
	return true;
}

/* Old writers summed bytes with their sign. */
static bool sum_is_right(const uint8_t *h)
{
	uint64_t want;
	uint32_t plain = 0;
	int32_t with_sign = 0;

	for (size_t i = 0; i < BLOCK; i++) {
		uint8_t c = i >= H_SUM && i < H_SUM + 8 ? ' ' : h[i];

		plain += c;
		with_sign += (int8_t)c;
	}
	if (!number(h + H_SUM, 8, &want))
		return false;
	return want == plain || (with_sign >= 0 && want == (uint32_t)with_sign);
}

static bool is_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static size_t text_len(const uint8_t *p, size_t n)
{
	const uint8_t *end = memchr(p, '\0', n);

	return end != NULL ? (size_t)(end - p) : n;
}

/* Name out of the header itself; ustar puts the front of a long one elsewhere. */
static void header_name(struct kt_untar *t, const uint8_t *h)
{
	kt_buf_reset(&t->name);
	if (memcmp(h + H_MAGIC, "ustar\0", 6) == 0 && h[H_PREFIX] != '\0') {
		kt_buf_put(&t->name, h + H_PREFIX, text_len(h + H_PREFIX, 155));
		kt_buf_putc(&t->name, '/');
	}
	kt_buf_put(&t->name, h, text_len(h, 100));
}

/* -- headers about the next member ------------------------------------------------------------ */

/* The data of such a header, with its padding, into t->meta. */
static int take_meta(struct kt_untar *t, uint64_t size, size_t max, struct kt_err *err)
{
	uint64_t left = size;

	kt_buf_reset(&t->meta);
	if (size > max)
		return KT_FAIL(err, KT_E_LIMIT, "tar: a name or header record of %llu bytes",
			       (unsigned long long)size);
	while (left > 0) {
		int r = need(t, 1, err);
		size_t k = t->len - t->pos;

		if (r < 0)
			return r;
		if (k == 0)
			return KT_FAIL(err, KT_E_FORMAT, "tar: the archive ends inside a header");
		if (k > left)
			k = (size_t)left;
		if (kt_buf_put(&t->meta, t->buf + t->pos, k) < 0)
			return KT_FAIL(err, KT_E_NOMEM, "no memory for tar");
		t->pos += k;
		left -= k;
	}
	left = (BLOCK - size % BLOCK) % BLOCK;
	return pass(t, &left, err);
}

/* Decimal digits only, at least one. */
static bool decimal(const uint8_t *p, size_t n, uint64_t *v)
{
	*v = 0;
	for (size_t i = 0; i < n; i++)
		if (p[i] < '0' || p[i] > '9' || __builtin_mul_overflow(*v, 10u, v) ||
		    __builtin_add_overflow(*v, (uint64_t)(p[i] - '0'), v))
			return false;
	return n > 0;
}

static bool key_is(const uint8_t *p, size_t n, const char *key)
{
	return n == strlen(key) && memcmp(p, key, n) == 0;
}

static int pax_name(struct kt_untar *t, const uint8_t *p, size_t n, struct kt_err *err)
{
	if (n > NAME_MAX_BYTES)
		return KT_FAIL(err, KT_E_LIMIT, "tar: a name of %zu bytes", n);
	kt_buf_reset(&t->name);
	kt_buf_put(&t->name, p, n);
	t->has_name = true;
	return 0;
}

/* Seconds with an optional fraction, which is dropped towards the past. */
static bool pax_time(const uint8_t *p, size_t n, int64_t *v)
{
	bool neg = n > 0 && p[0] == '-';
	size_t from = neg ? 1 : 0, k = from;
	uint64_t s;

	while (k < n && p[k] != '.')
		k++;
	if (!decimal(p + from, k - from, &s) || s > INT64_MAX - 1)
		return false;
	*v = neg ? -(int64_t)s : (int64_t)s;
	return true;
}

/* One record "key=value" of a pax header; what the plan does not need is not looked at. */
static int pax_record(struct kt_untar *t, const uint8_t *p, size_t n, struct kt_err *err)
{
	const uint8_t *eq = memchr(p, '=', n), *v;
	size_t klen, vlen;

	if (eq == NULL)
		return KT_FAIL(err, KT_E_FORMAT, "tar: a pax record without a value");
	klen = (size_t)(eq - p);
	v = eq + 1;
	vlen = n - klen - 1;
	if (key_is(p, klen, "GNU.sparse.name"))
		t->sparse = t->sparse_name = true;
	else if (key_is(p, klen, "path") && t->sparse_name)
		return 0; /* a name made up for programs that don't know sparse files */
	if (key_is(p, klen, "GNU.sparse.name") || key_is(p, klen, "path"))
		return pax_name(t, v, vlen, err);
	if (key_is(p, klen, "size")) {
		if (!decimal(v, vlen, &t->next_size))
			return KT_FAIL(err, KT_E_FORMAT, "tar: a pax size that is no number");
		t->has_size = true;
	} else if (key_is(p, klen, "mtime")) {
		t->has_mtime = pax_time(v, vlen, &t->next_mtime);
	} else if (klen > 11 && memcmp(p, "GNU.sparse.", 11) == 0) {
		t->sparse = true;
		if (key_is(p, klen, "GNU.sparse.realsize") || key_is(p, klen, "GNU.sparse.size"))
			if (!decimal(v, vlen, &t->real_size))
				return KT_FAIL(err, KT_E_FORMAT,
					       "tar: a pax size that is no number");
	}
	return 0;
}

/* "<length> <key>=<value>\n", the length being that of all of it. */
static int read_pax(struct kt_untar *t, struct kt_err *err)
{
	const uint8_t *p = t->meta.p;
	size_t left = t->meta.len;

	while (left > 0) {
		const uint8_t *blank = memchr(p, ' ', left < 20 ? left : 20);
		size_t digits = blank != NULL ? (size_t)(blank - p) : 0;
		uint64_t len;
		int r;

		/* some writers fill up with zeros */
		if (is_zero(p, left))
			return 0;
		if (!decimal(p, digits, &len) || len > left || len < digits + 2 ||
		    p[len - 1] != '\n')
			return KT_FAIL(err, KT_E_FORMAT, "tar: a pax record has a wrong length");
		r = pax_record(t, p + digits + 1, (size_t)len - digits - 2, err);
		if (r < 0)
			return r;
		p += len;
		left -= (size_t)len;
	}
	return 0;
}

static int take_long_name(struct kt_untar *t, uint64_t size, struct kt_err *err)
{
	int r = take_meta(t, size, NAME_MAX_BYTES, err);

	if (r < 0)
		return r;
	kt_buf_reset(&t->name);
	kt_buf_put(&t->name, t->meta.p, text_len(t->meta.p, t->meta.len));
	t->has_name = true;
	return 0;
}

/* 1: it was such a header and is used up; 0: it is a member's own. */
static int take_about_next(struct kt_untar *t, uint8_t type, uint64_t size, struct kt_err *err)
{
	int r;

	switch (type) {
	case 'L':
		r = take_long_name(t, size, err);
		break;
	case 'K': /* where a link points to: not followed, so not needed */
		r = take_meta(t, size, NAME_MAX_BYTES, err);
		break;
	case 'x':
	case 'X':
		r = take_meta(t, size, PAX_MAX, err);
		if (r == 0)
			r = read_pax(t, err);
		break;
	case 'g': /* for all members: nothing that we need can stand there */
		r = take_meta(t, size, PAX_MAX, err);
		break;
	default:
		return 0;
	}
	return r < 0 ? r : 1;
}

/* -- members ---------------------------------------------------------------------------------- */

static enum kt_tar_type type_of(const struct kt_untar *t, uint8_t type)
{
	switch (type) {
	case '\0':
	case '0':
	case '7':
		if (t->sparse)
			return KT_TAR_SPARSE;
		if (t->name.len > 0 && t->name.p[t->name.len - 1] == '/')
			return KT_TAR_DIR;
		return KT_TAR_FILE;
	case '1':
	case '2':
		return KT_TAR_LINK;
	case '5':
	case 'D':
		return KT_TAR_DIR;
	case 'S':
		return KT_TAR_SPARSE;
	default:
		return KT_TAR_OTHER;
	}
}

/* Old GNU sparse files: the map goes on in blocks of its own, in front of the data. */
static int pass_sparse_map(struct kt_untar *t, bool more, struct kt_err *err)
{
	while (more) {
		int r = need(t, BLOCK, err);

		if (r < 0)
			return r;
		if (t->len - t->pos < BLOCK)
			return KT_FAIL(err, KT_E_FORMAT, "tar: the archive ends inside a header");
		more = t->buf[t->pos + X_EXTENDED] != 0;
		t->pos += BLOCK;
	}
	return 0;
}

/* The next header. 1: in h, 0: the end. */
static int take_header(struct kt_untar *t, uint8_t h[BLOCK], struct kt_err *err)
{
	int r = need(t, BLOCK, err);
	size_t n = t->len - t->pos;

	if (r < 0)
		return r;
	if (n == 0) {
		t->ended = t->end_missing = true;
		return 0;
	}
	if (n < BLOCK)
		return KT_FAIL(err, KT_E_FORMAT, "tar: the archive ends inside a header");
	memcpy(h, t->buf + t->pos, BLOCK);
	t->pos += BLOCK;
	if (!is_zero(h, BLOCK)) {
		if (!sum_is_right(h))
			return KT_FAIL(err, KT_E_FORMAT,
				       "tar: no header, or a damaged one, at byte %llu",
				       (unsigned long long)(offset(t) - BLOCK));
		return 1;
	}
	t->ended = true;
	r = need(t, BLOCK, err);
	if (r < 0)
		return r;
	t->end_missing = t->len - t->pos < BLOCK || !is_zero(t->buf + t->pos, BLOCK);
	return 0;
}

static int fill_member(struct kt_untar *t, const uint8_t *h, uint64_t size, struct kt_tar_member *m,
		       struct kt_err *err)
{
	uint64_t mode, mtime;
	int r = 0;

	if (t->has_size)
		size = t->next_size;
	if (!t->has_name)
		header_name(t, h);
	if (t->name.failed)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for tar");
	memset(m, 0, sizeof(*m));
	m->type = type_of(t, h[H_TYPE]);
	/* a hard link may state a size, but has no data behind it */
	if (m->type == KT_TAR_LINK)
		size = 0;
	if (h[H_TYPE] == 'S') {
		if (!number(h + H_REAL, 12, &t->real_size))
			return KT_FAIL(err, KT_E_FORMAT, "tar: a size that is no number");
		r = pass_sparse_map(t, h[H_EXTENDED] != 0, err);
	}
	m->name = t->name.p;
	m->name_len = t->name.len;
	m->size = m->type == KT_TAR_SPARSE ? t->real_size : size;
	m->data_off = offset(t);
	m->mode = number(h + H_MODE, 8, &mode) ? (uint32_t)(mode & 07777) : 0;
	m->mtime = t->has_mtime						   ? t->next_mtime
		   : number(h + H_MTIME, 12, &mtime) && mtime <= INT64_MAX ? (int64_t)mtime
									   : 0;
	if (size > INT64_MAX)
		return KT_FAIL(err, KT_E_FORMAT, "tar: a size that no file has");
	t->left = size;
	t->pad = (BLOCK - size % BLOCK) % BLOCK;
	t->readable = m->type == KT_TAR_FILE;
	return r;
}

/* The member behind t->pos, with the headers about it. */
static int next_member(struct kt_untar *t, struct kt_tar_member *m, struct kt_err *err)
{
	uint8_t h[BLOCK] = {0};
	unsigned metas = 0;
	int r = 0;

	t->has_name = t->has_size = t->has_mtime = t->sparse = t->sparse_name = false;
	t->readable = false;
	t->real_size = 0;
	while (r == 0) {
		uint64_t size;

		r = take_header(t, h, err);
		if (r <= 0)
			break;
		if (!number(h + H_SIZE, 12, &size))
			return KT_FAIL(err, KT_E_FORMAT, "tar: a size that is no number");
		r = take_about_next(t, h[H_TYPE], size, err);
		if (r == 0) {
			r = fill_member(t, h, size, m, err);
			return r < 0 ? r : 1;
		}
		if (r > 0 && ++metas > META_MAX)
			return KT_FAIL(err, KT_E_LIMIT, "tar: %u headers for one member", metas);
		r = r < 0 ? r : 0;
	}
	if (r == 0 && metas > 0)
		r = KT_FAIL(err, KT_E_FORMAT, "tar: the archive ends behind a header");
	return r;
}

int kt_untar_next(struct kt_untar *t, struct kt_tar_member *m, struct kt_err *err)
{
	int r;

	if (t->failed)
		return KT_FAIL(err, KT_E_FORMAT, "tar: the archive can't be read on");
	if (t->ended)
		return 0;
	r = pass(t, &t->left, err);
	if (r == 0)
		r = pass(t, &t->pad, err);
	if (r == KT_E_CANCELLED)
		return r;
	if (r == 0)
		r = next_member(t, m, err);
	t->failed = r < 0;
	return r;
}

int kt_untar_chunk(struct kt_untar *t, size_t max, const uint8_t **p, size_t *n, struct kt_err *err)
{
	int r;

	*n = 0;
	*p = t->buf;
	if (t->left == 0 || max == 0)
		return 0;
	if (!t->readable)
		return KT_FAIL(err, KT_E_REFUSED, "tar: this member is not unpacked");
	r = need(t, 1, err);
	if (r < 0)
		return r;
	*n = t->len - t->pos;
	if (*n == 0)
		return KT_FAIL(err, KT_E_FORMAT, "tar: the archive ends inside a member");
	if (*n > max)
		*n = max;
	if (*n > t->left)
		*n = (size_t)t->left;
	*p = t->buf + t->pos;
	t->pos += *n;
	t->left -= *n;
	return 0;
}

int kt_untar_read(struct kt_untar *t, void *p, size_t n, size_t *got, struct kt_err *err)
{
	const uint8_t *from;
	int r = kt_untar_chunk(t, n, &from, got, err);

	if (r == 0 && *got > 0)
		memcpy(p, from, *got);
	return r;
}

int kt_untar_drain(struct kt_untar *t, bool *junk, struct kt_err *err)
{
	*junk = false;
	for (;;) {
		int r = need(t, 1, err);

		if (r < 0)
			return r;
		if (t->len == t->pos)
			return 0;
		if (!is_zero(t->buf + t->pos, t->len - t->pos))
			*junk = true;
		t->pos = t->len;
	}
}
