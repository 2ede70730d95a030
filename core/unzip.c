/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ZIP by its central directory (PKWARE APPNOTE 6.3.x: sections 4.3 to 4.5). The directory is read
 * in windows and must fill the place between the last member and the end record exactly; members
 * may not overlap, so that no archive of a few kilobytes claims the same packed bytes many times.
 */
#include "core/unzip_i.h"

#include "core/buf.h"
#include "core/err.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#define SIG_CENTRAL 0x02014b50u
#define SIG_END	    0x06054b50u
#define SIG_END64   0x06064b50u
#define SIG_LOC64   0x07064b50u

#define CENTRAL 46u
#define END	22u
#define END64	56u
#define LOC64	20u

#define MAX16  0xffffu
#define TAIL   (END + (size_t)MAX16)
#define WINDOW ((size_t)256 << 10)

#define FLAG_ENCRYPTED 1u
#define FLAG_HIDDEN    (64u | 8192u) /* strong encryption, masked directory */

int kt_unzip_exact(const struct kt_rdat *src, uint64_t off, void *p, size_t n, struct kt_err *err)
{
	size_t got = 0;
	int r;

	if (off > src->size || n > src->size - off)
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: a part lies outside the file");
	r = src->read_at(src->arg, off, p, n, &got, err);
	if (r < 0)
		return r;
	return got == n ? 0 : KT_FAIL(err, KT_E_FORMAT, "ZIP: the file ends early");
}

/* -- end records ------------------------------------------------------------------------------ */

/* Position in p of the one end record whose comment ends with the file; n when there is none. */
static size_t find_end(const uint8_t *p, size_t n, unsigned *found)
{
	size_t at = n;

	*found = 0;
	for (size_t i = 0; n >= END && i <= n - END; i++) {
		if (p[i] != 'P' || kt_get_le32(p + i) != SIG_END ||
		    kt_get_le16(p + i + 20) != n - END - i)
			continue;
		at = i;
		++*found;
	}
	return at;
}

/* Takes over the ZIP64 end record; *end becomes where it begins. */
static int read_end64(struct kt_unzip *z, uint64_t loc, uint64_t *end, struct kt_err *err)
{
	uint8_t l[LOC64] = {0}, e[END64] = {0};
	uint64_t at;
	int r = kt_unzip_exact(&z->src, loc, l, LOC64, err);

	if (r < 0)
		return r;
	if (kt_get_le32(l) != SIG_LOC64)
		return KT_E_ABSENT;
	at = kt_get_le64(l + 8);
	if (kt_get_le32(l + 4) != 0 || kt_get_le32(l + 16) > 1 || loc < END64 || at > loc - END64)
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: the ZIP64 locator contradicts the file");
	r = kt_unzip_exact(&z->src, at, e, END64, err);
	if (r < 0)
		return r;
	if (kt_get_le32(e) != SIG_END64 || kt_get_le64(e + 4) != loc - at - 12)
		return KT_FAIL(err, KT_E_FORMAT,
			       "ZIP: the ZIP64 end record is not where it should be");
	if (kt_get_le32(e + 16) != 0 || kt_get_le32(e + 20) != 0 ||
	    kt_get_le64(e + 24) != kt_get_le64(e + 32))
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: one part of several");
	z->entries = kt_get_le64(e + 32);
	z->cd_size = kt_get_le64(e + 40);
	z->cd_off = kt_get_le64(e + 48);
	*end = at;
	return 0;
}

/* Whether a value of the short record says the same as the long one, or refers to it. */
static bool same16(uint16_t s, uint64_t v)
{
	return s == MAX16 || s == v;
}

static bool same32(uint32_t s, uint64_t v)
{
	return s == KT_UNZIP_MAX32 || s == v;
}

static int read_end_at(struct kt_unzip *z, const uint8_t *e, uint64_t at, struct kt_err *err)
{
	uint64_t end = at, sum;
	int r = KT_E_ABSENT;

	z->entries = kt_get_le16(e + 10);
	z->cd_size = kt_get_le32(e + 12);
	z->cd_off = kt_get_le32(e + 16);
	if (at >= LOC64)
		r = read_end64(z, at - LOC64, &end, err);
	if (r < 0 && r != KT_E_ABSENT)
		return r;
	if (r == KT_E_ABSENT && (kt_get_le16(e + 4) != 0 || kt_get_le16(e + 6) != 0 ||
				 kt_get_le16(e + 8) != z->entries))
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: one part of several");
	if (!same16(kt_get_le16(e + 10), z->entries) || !same32(kt_get_le32(e + 12), z->cd_size) ||
	    !same32(kt_get_le32(e + 16), z->cd_off))
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: the two end records contradict each other");
	if (__builtin_add_overflow(z->cd_off, z->cd_size, &sum) || sum != end)
		return KT_FAIL(err, KT_E_FORMAT,
			       "ZIP: the directory does not end where the end record begins: bytes "
			       "in front or between, or the file is cut");
	if (z->entries > z->cd_size / CENTRAL)
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: more members than its directory can hold");
	return 0;
}

static int read_end(struct kt_unzip *z, struct kt_err *err)
{
	size_t n = z->src.size < TAIL ? (size_t)z->src.size : TAIL, at;
	uint8_t *tail;
	unsigned found;
	int r;

	if (n < END)
		return KT_FAIL(err, KT_E_FORMAT, "no ZIP file: too short");
	tail = calloc(1, n);
	if (tail == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a ZIP directory");
	r = kt_unzip_exact(&z->src, z->src.size - n, tail, n, err);
	if (r == 0) {
		at = find_end(tail, n, &found);
		if (found == 0)
			r = KT_FAIL(err, KT_E_FORMAT,
				    "no ZIP file: it does not end with an end record");
		else if (found > 1)
			r = KT_FAIL(err, KT_E_FORMAT, "ZIP: two end records");
		else
			r = read_end_at(z, tail + at, z->src.size - n + at, err);
	}
	free(tail);
	return r;
}

/* -- the central directory -------------------------------------------------------------------- */

static int grow(struct kt_unzip *z, size_t name_len, struct kt_err *err)
{
	if (z->n == z->cap) {
		uint64_t cap = z->cap == 0 ? 64 : (uint64_t)z->cap + z->cap / 2;
		struct kt_unzip_member *m;

		if (cap > z->entries)
			cap = z->entries;
		m = realloc(z->m, (size_t)cap * sizeof(*m));
		if (m == NULL)
			return KT_FAIL(err, KT_E_NOMEM, "no memory for a ZIP directory");
		z->m = m;
		z->cap = (uint32_t)cap; /* entries are at most max_members */
	}
	if (z->names == NULL || z->names_cap - z->names_len < name_len) {
		size_t cap = z->names_cap + z->names_cap / 2 + name_len + 4096;
		uint8_t *p = realloc(z->names, cap);

		if (p == NULL)
			return KT_FAIL(err, KT_E_NOMEM, "no memory for a ZIP directory");
		z->names = p;
		z->names_cap = cap;
	}
	return 0;
}

/* A field of the extra area by its id; false when it is not there. */
static bool find_extra(const uint8_t *p, size_t n, uint16_t id, const uint8_t **body, size_t *len)
{
	while (n >= 4) {
		size_t k = kt_get_le16(p + 2);

		if (k > n - 4)
			return false;
		if (kt_get_le16(p) == id) {
			*body = p + 4;
			*len = k;
			return true;
		}
		p += 4 + k;
		n -= 4 + k;
	}
	return false;
}

bool kt_unzip_widen(const uint8_t *extra, size_t n, uint64_t *size, uint64_t *packed, uint64_t *off)
{
	uint64_t *v[] = {size, packed, off};
	const uint8_t *p = NULL;
	size_t len = 0;
	bool have = find_extra(extra, n, 1, &p, &len);

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		if (v[i] == NULL || *v[i] != KT_UNZIP_MAX32)
			continue;
		/* without the field the value means itself */
		if (!have)
			continue;
		if (len < 8)
			return false;
		*v[i] = kt_get_le64(p);
		p += 8;
		len -= 8;
	}
	return true;
}

static void take_attributes(struct kt_unzip_member *m, const uint8_t *p, const uint8_t *extra,
			    size_t n)
{
	unsigned host = kt_get_le16(p + 4) >> 8;
	uint32_t attr = kt_get_le32(p + 38);
	const uint8_t *body = NULL;
	size_t len = 0;

	m->mode = host == 3 || host == 19 ? attr >> 16 : 0;
	m->is_dir = (m->name_len > 0 && m->name[m->name_len - 1] == '/') || S_ISDIR(m->mode) ||
		    (m->mode == 0 && (attr & 16) != 0);
	m->mtime = 0;
	if (find_extra(extra, n, 0x5455, &body, &len) && len >= 5 && (body[0] & 1) != 0)
		m->mtime = (int32_t)kt_get_le32(body + 1);
}

/* Judges one record (head, name, extra, all in p) and appends its member. */
static int take_record(struct kt_unzip *z, const uint8_t *p, size_t max_names, struct kt_err *err)
{
	size_t name_len = kt_get_le16(p + 28), extra_len = kt_get_le16(p + 30);
	const uint8_t *extra = p + CENTRAL + name_len;
	unsigned flags = kt_get_le16(p + 8);
	struct kt_unzip_member *m;
	uint64_t end;
	int r;

	if (name_len > max_names - z->names_len)
		return KT_FAIL(err, KT_E_LIMIT, "ZIP: more than %zu bytes of names", max_names);
	r = grow(z, name_len, err);
	if (r < 0)
		return r;
	m = &z->m[z->n];
	memset(m, 0, sizeof(*m));
	/* the area of names still moves: see settle_names() */
	memcpy(z->names + z->names_len, p + CENTRAL, name_len);
	m->name = p + CENTRAL;
	m->name_len = (uint16_t)name_len;
	m->method = kt_get_le16(p + 10);
	m->crc = kt_get_le32(p + 16);
	m->packed = kt_get_le32(p + 20);
	m->size = kt_get_le32(p + 24);
	m->local_off = kt_get_le32(p + 42);
	m->encrypted = (flags & (FLAG_ENCRYPTED | FLAG_HIDDEN)) != 0;
	take_attributes(m, p, extra, extra_len);
	if (kt_get_le16(p + 34) != 0 && kt_get_le16(p + 34) != MAX16)
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: one part of several");
	if (!kt_unzip_widen(extra, extra_len, &m->size, &m->packed, &m->local_off))
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: member %u: its ZIP64 field is too short",
			       z->n);
	if (__builtin_add_overflow(m->local_off, KT_UNZIP_LOCAL + name_len, &end) ||
	    __builtin_add_overflow(end, m->packed, &end) || end > z->cd_off)
		return KT_FAIL(err, KT_E_FORMAT, "ZIP: member %u lies outside the file", z->n);
	z->names_len += name_len;
	z->n++;
	return 0;
}

static void settle_names(struct kt_unzip *z)
{
	size_t at = 0;

	for (uint32_t i = 0; i < z->n; i++) {
		z->m[i].name = z->names + at;
		at += z->m[i].name_len;
	}
}

static int read_directory(struct kt_unzip *z, size_t max_names, struct kt_err *err)
{
	uint8_t *win = calloc(1, WINDOW);
	uint64_t next = z->cd_off, end = z->cd_off + z->cd_size;
	size_t pos = 0, len = 0;
	int r = 0;

	if (win == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a ZIP directory");
	while (r == 0 && z->n < z->entries) {
		size_t need = CENTRAL;

		/* a whole record has at most 46 + 3 x 65,535 bytes: it fits */
		if (len - pos >= CENTRAL)
			need += (size_t)kt_get_le16(win + pos + 28) + kt_get_le16(win + pos + 30) +
				kt_get_le16(win + pos + 32);
		if (len - pos < need) {
			size_t k = WINDOW - (len - pos);

			memmove(win, win + pos, len - pos);
			len -= pos;
			pos = 0;
			if (k > end - next)
				k = (size_t)(end - next);
			if (k == 0) {
				r = KT_FAIL(err, KT_E_FORMAT, "ZIP: its directory ends early");
				break;
			}
			r = kt_unzip_exact(&z->src, next, win + len, k, err);
			len += k;
			next += k;
			continue;
		}
		if (kt_get_le32(win + pos) != SIG_CENTRAL) {
			r = KT_FAIL(err, KT_E_FORMAT, "ZIP: its directory holds something else");
			break;
		}
		r = take_record(z, win + pos, max_names, err);
		pos += need;
	}
	if (r == 0 && (pos != len || next != end))
		r = KT_FAIL(err, KT_E_FORMAT, "ZIP: its directory holds more than it counts");
	free(win);
	settle_names(z);
	return r;
}

/* -- overlaps --------------------------------------------------------------------------------- */

struct place {
	uint64_t off;
	uint32_t i;
};

/* Lets v[root] sink to where no child in v[0..n) lies further back in the file. */
static void sift(struct place *v, size_t root, size_t n)
{
	struct place moved = v[root];

	for (size_t child; (child = 2 * root + 1) < n; root = child) {
		if (child + 1 < n && v[child].off < v[child + 1].off)
			child++;
		if (v[child].off <= moved.off)
			break;
		v[root] = v[child];
	}
	v[root] = moved;
}

/* A heap sort: libc's own asks the system how much memory there is, which no sandbox allows. */
static void sort_places(struct place *v, size_t n)
{
	for (size_t i = n / 2; i > 0; i--)
		sift(v, i - 1, n);
	for (size_t i = n; i > 1; i--) {
		struct place last = v[i - 1];

		v[i - 1] = v[0];
		v[0] = last;
		sift(v, 0, i - 1);
	}
}

/* Where each member ends at the latest; two that share bytes are an error. */
static int find_limits(struct kt_unzip *z, struct kt_err *err)
{
	struct place *v = calloc((size_t)z->n + 1, sizeof(*v));
	bool sorted = true;
	int r = 0;

	z->limit = calloc((size_t)z->n + 1, sizeof(*z->limit));
	if (v == NULL || z->limit == NULL) {
		free(v);
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a ZIP directory");
	}
	for (uint32_t i = 0; i < z->n; i++) {
		v[i] = (struct place){z->m[i].local_off, i};
		if (i > 0 && v[i - 1].off > v[i].off)
			sorted = false;
	}
	if (!sorted)
		sort_places(v, z->n);
	for (uint32_t k = 0; r == 0 && k < z->n; k++) {
		const struct kt_unzip_member *m = &z->m[v[k].i];
		uint64_t limit = k + 1 < z->n ? v[k + 1].off : z->cd_off;

		/* take_record() has proved that this sum fits */
		if (m->local_off + KT_UNZIP_LOCAL + m->name_len + m->packed > limit)
			r = KT_FAIL(err, KT_E_FORMAT, "ZIP: members %u and the next one overlap",
				    v[k].i);
		z->limit[v[k].i] = limit;
	}
	free(v);
	return r;
}

/* -- repeated names --------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static uint64_t hash_name(uint64_t seed, const uint8_t *p, size_t n)
{
	uint64_t h = mix(seed, n);

	for (; n >= 8; n -= 8, p += 8)
		h = mix(h, kt_get_le64(p));
	for (; n > 0; n--)
		h = mix(h, *p++);
	return h;
}

static bool same_name(const struct kt_unzip_member *a, const struct kt_unzip_member *b)
{
	return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0;
}

/* A table with a seed of its own: names that collide on purpose can't be made beforehand. */
static int mark_repeated(struct kt_unzip *z, struct kt_err *err)
{
	uint64_t seed = 0;
	size_t size = 16;
	uint32_t *table;

	while (size < 2 * (size_t)z->n)
		size *= 2;
	table = calloc(size, sizeof(*table));
	if (table == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a ZIP directory");
	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
		free(table);
		return KT_FAIL(err, KT_E_INTERNAL, "no random numbers");
	}
	for (uint32_t i = 0; i < z->n; i++) {
		size_t k = (size_t)hash_name(seed, z->m[i].name, z->m[i].name_len) & (size - 1);

		while (table[k] != 0 && !same_name(&z->m[table[k] - 1], &z->m[i]))
			k = (k + 1) & (size - 1);
		z->m[i].repeated = table[k] != 0;
		if (table[k] == 0)
			table[k] = i + 1;
	}
	free(table);
	return 0;
}

/* -- public: the directory -------------------------------------------------------------------- */

int kt_unzip_open(const struct kt_rdat *src, uint32_t max_members, size_t max_names,
		  struct kt_unzip **out, struct kt_err *err)
{
	struct kt_unzip *z = calloc(1, sizeof(*z));
	int r;

	*out = NULL;
	if (z == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a ZIP directory");
	z->src = *src;
	r = read_end(z, err);
	if (r == 0 && z->entries > max_members)
		r = KT_FAIL(err, KT_E_LIMIT, "ZIP: more than %u members", max_members);
	if (r == 0)
		r = read_directory(z, max_names, err);
	if (r == 0)
		r = find_limits(z, err);
	if (r == 0)
		r = mark_repeated(z, err);
	if (r < 0)
		kt_unzip_close(&z);
	*out = z;
	return r;
}

void kt_unzip_close(struct kt_unzip **z)
{
	if (*z == NULL)
		return;
	free((*z)->m);
	free((*z)->limit);
	free((*z)->names);
	free(*z);
	*z = NULL;
}

uint32_t kt_unzip_count(const struct kt_unzip *z)
{
	return z->n;
}

const struct kt_unzip_member *kt_unzip_member(const struct kt_unzip *z, uint32_t i)
{
	return i < z->n ? &z->m[i] : NULL;
}
