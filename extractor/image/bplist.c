/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Binary property lists ("bplist00"): 8 bytes of mark, objects, a table of their offsets, and a
 * trailer of 32 bytes that says where it is (layout after the public sources of CoreFoundation's
 * CFBinaryPList). Every offset and count is checked where it is used; nothing recurses.
 */
#include "core/buf.h"
#include "extractor/image/plist.h"

#include <string.h>

#define MARK	"bplist00"
#define TRAILER 32u
#define DEPTH	64u

static uint64_t big(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

bool kt_bpl_open(struct kt_bpl *b, const void *data, size_t n)
{
	const uint8_t *p = data, *t;
	uint64_t table, end;

	memset(b, 0, sizeof(*b));
	if (n < strlen(MARK) + TRAILER || memcmp(p, MARK, strlen(MARK)) != 0)
		return false;
	t = p + n - TRAILER;
	b->p = p;
	b->n = n - TRAILER;
	b->off_size = t[6];
	b->ref_size = t[7];
	b->count = big(t + 8, 8);
	b->root = big(t + 16, 8);
	table = big(t + 24, 8);
	if (b->off_size < 1 || b->off_size > 8 || b->ref_size < 1 || b->ref_size > 8 ||
	    b->count == 0 || b->root >= b->count || table > b->n)
		return false;
	if (__builtin_mul_overflow(b->count, (uint64_t)b->off_size, &end) || end > b->n - table)
		return false;
	b->table = (size_t)table;
	return true;
}

/* Bytes of content that an object's count stands for; false when that can't be. */
static bool content_size(const struct kt_bpl *b, const struct kt_bpl_obj *o, uint64_t *size)
{
	switch (o->kind) {
	case KT_BPL_DATA:
	case KT_BPL_ASCII:
		*size = o->len;
		return true;
	case KT_BPL_UTF16:
		return !__builtin_mul_overflow(o->len, (uint64_t)2, size);
	case KT_BPL_ARRAY:
	case KT_BPL_SET:
		return !__builtin_mul_overflow(o->len, (uint64_t)b->ref_size, size);
	case KT_BPL_DICT:
		return !__builtin_mul_overflow(o->len, (uint64_t)b->ref_size * 2, size);
	default:
		return false;
	}
}

/* A count of 15 means: an integer object follows and holds it. */
static bool read_count(const struct kt_bpl *b, struct kt_bpl_obj *o)
{
	unsigned k;

	o->len = o->mark;
	if (o->mark != 0xf)
		return true;
	if (o->at >= b->table || b->p[o->at] >> 4 != KT_BPL_INT || (b->p[o->at] & 0xf) > 3)
		return false;
	k = 1u << (b->p[o->at] & 0xf);
	o->at++;
	if (k > b->table - o->at)
		return false;
	o->len = big(b->p + o->at, k);
	o->at += k;
	return true;
}

bool kt_bpl_get(const struct kt_bpl *b, uint64_t index, struct kt_bpl_obj *o)
{
	uint64_t off, size;

	memset(o, 0, sizeof(*o));
	if (index >= b->count)
		return false;
	off = big(b->p + b->table + (size_t)index * b->off_size, b->off_size);
	if (off < strlen(MARK) || off >= b->table)
		return false;
	o->kind = b->p[off] >> 4;
	o->mark = b->p[off] & 0xf;
	o->at = (size_t)off + 1;
	switch (o->kind) {
	case KT_BPL_NULL:
		return true;
	case KT_BPL_INT:
	case KT_BPL_REAL:
	case KT_BPL_DATE:
		if (o->mark > 4)
			return false;
		o->len = UINT64_C(1) << o->mark;
		return o->len <= b->table - o->at;
	case KT_BPL_UID:
		o->len = (uint64_t)o->mark + 1;
		return o->len <= 8 && o->len <= b->table - o->at;
	default:
		return read_count(b, o) && content_size(b, o, &size) && size <= b->table - o->at;
	}
}

bool kt_bpl_ref(const struct kt_bpl *b, const struct kt_bpl_obj *o, uint64_t i, uint64_t *index)
{
	if (i >= o->len ||
	    (o->kind != KT_BPL_ARRAY && o->kind != KT_BPL_SET && o->kind != KT_BPL_DICT))
		return false;
	*index = big(b->p + o->at + (size_t)i * b->ref_size, b->ref_size);
	return true;
}

static bool value_ref(const struct kt_bpl *b, const struct kt_bpl_obj *dict, uint64_t i,
		      uint64_t *index)
{
	*index = big(b->p + dict->at + (size_t)(dict->len + i) * b->ref_size, b->ref_size);
	return true;
}

bool kt_bpl_value(const struct kt_bpl *b, const struct kt_bpl_obj *dict, uint64_t i,
		  struct kt_bpl_obj *value)
{
	uint64_t index;

	return dict->kind == KT_BPL_DICT && i < dict->len && value_ref(b, dict, i, &index) &&
	       kt_bpl_get(b, index, value);
}

bool kt_bpl_find(const struct kt_bpl *b, const struct kt_bpl_obj *dict, const char *key,
		 struct kt_bpl_obj *value)
{
	size_t n = strlen(key);

	memset(value, 0, sizeof(*value));
	if (dict->kind != KT_BPL_DICT)
		return false;
	for (uint64_t i = 0; i < dict->len; i++) {
		struct kt_bpl_obj k;
		uint64_t index;

		if (!kt_bpl_ref(b, dict, i, &index) || !kt_bpl_get(b, index, &k))
			return false;
		if (k.kind == KT_BPL_ASCII && k.len == n && memcmp(b->p + k.at, key, n) == 0)
			return value_ref(b, dict, i, &index) && kt_bpl_get(b, index, value);
	}
	return false;
}

bool kt_bpl_int(const struct kt_bpl *b, const struct kt_bpl_obj *o, int64_t *v)
{
	if (o->kind != KT_BPL_INT || o->len > 8)
		return false;
	*v = (int64_t)big(b->p + o->at, (unsigned)o->len);
	return true;
}

bool kt_bpl_uid(const struct kt_bpl *b, const struct kt_bpl_obj *o, uint64_t *v)
{
	if (o->kind != KT_BPL_UID)
		return false;
	*v = big(b->p + o->at, (unsigned)o->len);
	return true;
}

bool kt_bpl_is_tame(const struct kt_bpl *b, unsigned depth, uint32_t visits)
{
	struct {
		struct kt_bpl_obj o;
		uint64_t next, end; /* references: a dictionary has two for each member */
	} stack[DEPTH];
	unsigned n = 0;
	uint64_t index = b->root, bytes = 0;

	if (depth > DEPTH)
		depth = DEPTH;
	for (;;) {
		struct kt_bpl_obj o;

		if (visits-- == 0 || !kt_bpl_get(b, index, &o))
			return false;
		/* a shared object is copied wherever it is named; what is no container has bytes */
		if (o.kind < KT_BPL_ARRAY)
			bytes += o.kind == KT_BPL_UTF16 ? 2 * o.len : o.len;
		if (bytes > KT_PLIST_COPIED)
			return false;
		if (o.kind == KT_BPL_ARRAY || o.kind == KT_BPL_SET || o.kind == KT_BPL_DICT) {
			if (n == depth)
				return false;
			stack[n].o = o;
			stack[n].next = 0;
			stack[n].end = o.kind == KT_BPL_DICT ? 2 * o.len : o.len;
			n++;
		}
		while (n > 0 && stack[n - 1].next == stack[n - 1].end)
			n--;
		if (n == 0)
			return true;
		index = big(b->p + stack[n - 1].o.at + (size_t)stack[n - 1].next++ * b->ref_size,
			    b->ref_size);
	}
}

/* -- a backup's record of one file ------------------------------------------------------------ */

/* The object that a UID names. */
static bool follow(const struct kt_bpl *b, const struct kt_bpl_obj *objects,
		   const struct kt_bpl_obj *uid, struct kt_bpl_obj *o)
{
	uint64_t i, index;

	return kt_bpl_uid(b, uid, &i) && kt_bpl_ref(b, objects, i, &index) &&
	       kt_bpl_get(b, index, o);
}

static bool get_int(const struct kt_bpl *b, const struct kt_bpl_obj *dict, const char *key,
		    int64_t *v)
{
	struct kt_bpl_obj o;

	return kt_bpl_find(b, dict, key, &o) && kt_bpl_int(b, &o, v);
}

/* EncryptionKey: data of 4 bytes (the class once more) and the wrapped key, mostly boxed as NS.data. */
static void read_key(const struct kt_bpl *b, const struct kt_bpl_obj *objects,
		     const struct kt_bpl_obj *file, struct kt_mbfile *f)
{
	struct kt_bpl_obj uid, box, data;
	int64_t v;

	if (!get_int(b, file, "ProtectionClass", &v) || v < 0 || v > UINT32_MAX ||
	    !kt_bpl_find(b, file, "EncryptionKey", &uid) || !follow(b, objects, &uid, &box))
		return;
	data = box;
	if (box.kind == KT_BPL_DICT && !kt_bpl_find(b, &box, "NS.data", &data))
		return;
	if (data.kind == KT_BPL_UID && !follow(b, objects, &data, &data))
		return;
	if (data.kind != KT_BPL_DATA || data.len != 4 + sizeof(f->wrapped_key))
		return;
	f->has_key = true;
	f->protection_class = (uint32_t)v;
	memcpy(f->wrapped_key, b->p + data.at + 4, sizeof(f->wrapped_key));
}

/* Digest: data, plain or boxed. */
static void read_digest(const struct kt_bpl *b, const struct kt_bpl_obj *objects,
			const struct kt_bpl_obj *file, struct kt_mbfile *f)
{
	struct kt_bpl_obj data, box;

	if (!kt_bpl_find(b, file, "Digest", &data) ||
	    (data.kind == KT_BPL_UID && !follow(b, objects, &data, &data)))
		return;
	box = data;
	if (box.kind == KT_BPL_DICT && !kt_bpl_find(b, &box, "NS.data", &data))
		return;
	if (data.kind == KT_BPL_UID && !follow(b, objects, &data, &data))
		return;
	f->has_digest = data.kind == KT_BPL_DATA && data.len == sizeof(f->digest);
	if (f->has_digest)
		memcpy(f->digest, b->p + data.at, sizeof(f->digest));
}

bool kt_mbfile_read(const void *p, size_t n, struct kt_mbfile *f)
{
	struct kt_bpl b;
	struct kt_bpl_obj root, top, objects, uid, file, text;
	int64_t v;

	memset(f, 0, sizeof(*f));
	if (!kt_bpl_open(&b, p, n) || !kt_bpl_get(&b, b.root, &root) ||
	    !kt_bpl_find(&b, &root, "$top", &top) || !kt_bpl_find(&b, &top, "root", &uid) ||
	    !kt_bpl_find(&b, &root, "$objects", &objects) || objects.kind != KT_BPL_ARRAY ||
	    !follow(&b, &objects, &uid, &file) || file.kind != KT_BPL_DICT)
		return false;
	f->has_size = get_int(&b, &file, "Size", &v) && v >= 0;
	f->size = f->has_size ? (uint64_t)v : 0;
	f->has_mtime = get_int(&b, &file, "LastModified", &f->mtime);
	f->has_mode = get_int(&b, &file, "Mode", &v) && v >= 0 && v <= 0xffff;
	f->mode = f->has_mode ? (uint32_t)v : 0;
	read_key(&b, &objects, &file, f);
	read_digest(&b, &objects, &file, f);
	if (kt_bpl_find(&b, &file, "Target", &uid) && follow(&b, &objects, &uid, &text) &&
	    text.kind == KT_BPL_ASCII && text.len < sizeof(f->target) &&
	    memchr(b.p + text.at, '\0', (size_t)text.len) == NULL) {
		memcpy(f->target, b.p + text.at, (size_t)text.len);
		f->target[text.len] = '\0';
	}
	return true;
}
