/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A small writer of binary property lists: objects go out in the order in which they get their
 * numbers, references are one byte, offsets two.
 */
#include "mbfile.h"

#include <string.h>

#include "mbfile.h"

#define OBJECTS_MAX 96
#define PAIRS_MAX   16

struct writer {
	uint8_t *out;
	size_t len;
	uint16_t at[OBJECTS_MAX];
	unsigned n;
	int full;
};

struct pairs {
	uint8_t key[PAIRS_MAX], value[PAIRS_MAX];
	unsigned n;
};

static void put(struct writer *w, const void *p, size_t n)
{
	if (w->len + n > SIM_MBFILE_MAX) {
		w->full = 1;
		return;
	}
	memcpy(w->out + w->len, p, n);
	w->len += n;
}

static void put8(struct writer *w, unsigned v)
{
	uint8_t b = (uint8_t)v;

	put(w, &b, 1);
}

static void put_be(struct writer *w, uint64_t v, int bytes)
{
	while (bytes--)
		put8(w, (unsigned)(v >> (8 * bytes)) & 255);
}

static uint8_t begin(struct writer *w)
{
	if (w->n == OBJECTS_MAX) {
		w->full = 1;
		return 0;
	}
	w->at[w->n] = (uint16_t)w->len;
	return (uint8_t)w->n++;
}

/* A type with its count: in the low bits, or as a number that follows. */
static void put_count(struct writer *w, unsigned type, size_t n)
{
	if (n < 15) {
		put8(w, type | (unsigned)n);
		return;
	}
	put8(w, type | 15);
	put8(w, 0x11);
	put_be(w, n, 2);
}

static uint8_t number(struct writer *w, uint64_t v)
{
	int power = v < 1U << 8 ? 0 : v < 1U << 16 ? 1 : v < 1ULL << 32 ? 2 : 3;
	uint8_t ref = begin(w);

	put8(w, 0x10U | (unsigned)power);
	put_be(w, v, 1 << power);
	return ref;
}

static uint8_t uid(struct writer *w, unsigned v)
{
	uint8_t ref = begin(w);

	put8(w, 0x80);
	put8(w, v);
	return ref;
}

static uint8_t data(struct writer *w, const uint8_t *p, size_t n)
{
	uint8_t ref = begin(w);

	put_count(w, 0x40, n);
	put(w, p, n);
	return ref;
}

/* One code point of UTF-8; a byte that is no part of it stands for itself. */
static unsigned long code_point(const uint8_t **p)
{
	const uint8_t *s = *p;
	int more = *s < 0xc2 ? 0 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : *s < 0xf5 ? 3 : 0;
	unsigned long c = more ? *s & (0x3fU >> more) : *s;

	for (int i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			*p = s + 1;
			return *s;
		}
		c = c << 6 | (s[i] & 0x3f);
	}
	*p = s + 1 + more;
	return c;
}

static uint8_t text(struct writer *w, const char *s)
{
	size_t n = strlen(s), units = 0;
	const uint8_t *p;
	uint8_t ref;
	int ascii = 1;

	for (size_t i = 0; i < n; i++)
		ascii &= (s[i] & 0x80) == 0;
	ref = begin(w);
	if (ascii) {
		put_count(w, 0x50, n);
		put(w, s, n);
		return ref;
	}
	for (p = (const uint8_t *)s; *p;)
		units += code_point(&p) > 0xffff ? 2 : 1;
	put_count(w, 0x60, units);
	for (p = (const uint8_t *)s; *p;) {
		unsigned long c = code_point(&p);

		if (c > 0xffff) {
			put_be(w, 0xd800 + ((c - 0x10000) >> 10), 2);
			put_be(w, 0xdc00 + ((c - 0x10000) & 0x3ff), 2);
		} else {
			put_be(w, c, 2);
		}
	}
	return ref;
}

static void pair(struct pairs *p, uint8_t key, uint8_t value)
{
	p->key[p->n] = key;
	p->value[p->n++] = value;
}

static void set(struct writer *w, struct pairs *p, const char *key, uint64_t value)
{
	uint8_t k = text(w, key);

	pair(p, k, number(w, value));
}

static void refer(struct writer *w, struct pairs *p, const char *key, unsigned object)
{
	uint8_t k = text(w, key);

	pair(p, k, uid(w, object));
}

static uint8_t dict(struct writer *w, const struct pairs *p)
{
	uint8_t ref = begin(w);

	put_count(w, 0xd0, p->n);
	put(w, p->key, p->n);
	put(w, p->value, p->n);
	return ref;
}

static uint8_t array(struct writer *w, const uint8_t *refs, size_t n)
{
	uint8_t ref = begin(w);

	put_count(w, 0xa0, n);
	put(w, refs, n);
	return ref;
}

static uint8_t class_of(struct writer *w, const char *name, const char *const *bases, size_t n)
{
	struct pairs p = {.n = 0};
	uint8_t refs[4], k;

	k = text(w, "$classname");
	pair(&p, k, text(w, name));
	for (size_t i = 0; i < n; i++)
		refs[i] = text(w, bases[i]);
	k = text(w, "$classes");
	pair(&p, k, array(w, refs, n));
	return dict(w, &p);
}

/* The object "$objects"[1]; numbers of the objects it points to are agreed with the caller. */
static uint8_t mbfile(struct writer *w, const struct sim_mbfile *f, unsigned digest,
		      unsigned target, unsigned key)
{
	struct pairs p = {.n = 0};

	set(w, &p, "LastModified", f->mtime);
	set(w, &p, "Flags", 0);
	set(w, &p, "GroupID", 501);
	set(w, &p, "UserID", 501);
	set(w, &p, "LastStatusChange", f->ctime);
	set(w, &p, "Birth", f->btime);
	set(w, &p, "Mode", f->mode);
	set(w, &p, "Size", f->size);
	set(w, &p, "InodeNumber", f->inode);
	set(w, &p, "ProtectionClass", f->protection);
	refer(w, &p, "RelativePath", 2);
	refer(w, &p, "$class", 3);
	if (digest)
		refer(w, &p, "Digest", digest);
	if (target)
		refer(w, &p, "Target", target);
	if (key)
		refer(w, &p, "EncryptionKey", key);
	return dict(w, &p);
}

static uint8_t mutable_data(struct writer *w, const uint8_t *bytes, size_t n, unsigned cls)
{
	struct pairs p = {.n = 0};
	uint8_t k = text(w, "NS.data");

	pair(&p, k, data(w, bytes, n));
	refer(w, &p, "$class", cls);
	return dict(w, &p);
}

size_t sim_mbfile_encode(const struct sim_mbfile *f, uint8_t *out)
{
	static const char *const file_bases[] = {"MBFile", "NSObject"};
	static const char *const data_bases[] = {"NSMutableData", "NSData", "NSObject"};
	struct writer w = {.out = out};
	struct pairs top = {.n = 0}, all = {.n = 0};
	uint8_t objects[8], k, root;
	unsigned n = 4, digest = 0, target = 0, key = 0;
	size_t table;

	if (f->digest)
		digest = n++;
	if (f->target)
		target = n++;
	if (f->key) {
		key = n;
		n += 2;
	}
	put(&w, "bplist00", 8);
	objects[0] = text(&w, "$null");
	objects[1] = mbfile(&w, f, digest, target, key);
	objects[2] = text(&w, f->path);
	objects[3] = class_of(&w, "MBFile", file_bases, 2);
	if (digest)
		objects[digest] = data(&w, f->digest, 20);
	if (target)
		objects[target] = text(&w, f->target);
	if (key) {
		objects[key] = mutable_data(&w, f->key, 44, key + 1);
		objects[key + 1] = class_of(&w, "NSMutableData", data_bases, 3);
	}
	set(&w, &all, "$version", 100000);
	k = text(&w, "$archiver");
	pair(&all, k, text(&w, "NSKeyedArchiver"));
	refer(&w, &top, "root", 1);
	k = text(&w, "$top");
	pair(&all, k, dict(&w, &top));
	k = text(&w, "$objects");
	pair(&all, k, array(&w, objects, n));
	root = dict(&w, &all);
	table = w.len;
	for (unsigned i = 0; i < w.n; i++)
		put_be(&w, w.at[i], 2);
	put_be(&w, 0, 6);
	put8(&w, 2);
	put8(&w, 1);
	put_be(&w, w.n, 8);
	put_be(&w, root, 8);
	put_be(&w, table, 8);
	return w.full ? 0 : w.len;
}
