/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Binary property lists ("bplist00"): a trailer of 32 bytes, a table of offsets, objects that name
 * one another by their number in the table. Format: the comment in Apple's published CFBinaryPList.c.
 *
 * Objects are read from the root on, each once, with a stack of our own that is as deep as the list
 * may be nested. On the way back each object learns its height and how many nodes a walk through it
 * meets; so a cycle, a list too deep, and a small file that unfolds to billions of nodes each end
 * here, before anybody walks.
 */
#include "core/json.h"
#include "parsers/sdk/plist_tree.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC_LEN   8u
#define TRAILER_LEN 32u

enum state { UNSEEN = 0, OPEN, DONE };

struct object {
	uint8_t state;	 /* enum state */
	uint8_t height;	 /* containers on the longest way down */
	uint32_t weight; /* nodes that a walk meets, itself included */
};

struct frame {
	uint32_t object;
	uint32_t next; /* reference to look at */
	size_t refs;   /* where they lie in the file */
	uint32_t nrefs;
};

struct bin {
	struct kt_plist *pl;
	struct kt_err *err;
	const uint8_t *p;
	size_t table; /* where the offset table begins, and objects end */
	unsigned offset_size, ref_size;
	uint32_t count, root;
	struct kt_node *node;  /* count of them, owned by the tree */
	struct object *object; /* count of them */
	uint64_t total_refs;
	unsigned depth;
	struct frame stack[KT_PLIST_MAX_DEPTH];
};

static uint64_t get_be(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static int damaged(const struct bin *b, uint32_t object, const char *what)
{
	return KT_FAIL(b->err, KT_E_FORMAT, "property list: object %u %s", object, what);
}

static int read_trailer(struct bin *b)
{
	const uint8_t *t = b->p + b->pl->len - TRAILER_LEN;
	uint64_t count = get_be(t + 8, 8), root = get_be(t + 16, 8), table = get_be(t + 24, 8);
	uint64_t room = b->pl->len - TRAILER_LEN;

	b->offset_size = t[6];
	b->ref_size = t[7];
	if (b->offset_size < 1 || b->offset_size > 8 || b->ref_size < 1 || b->ref_size > 8)
		return KT_FAIL(b->err, KT_E_FORMAT, "property list: odd sizes in the trailer");
	if (table <= MAGIC_LEN || table >= room || count == 0 ||
	    count > (room - table) / b->offset_size || root >= count)
		return KT_FAIL(b->err, KT_E_FORMAT,
			       "property list: the trailer points out of the file");
	if (count > KT_PLIST_MAX_NODES)
		return KT_FAIL(b->err, KT_E_LIMIT, "property list: %llu objects",
			       (unsigned long long)count);
	b->table = (size_t)table;
	b->count = (uint32_t)count;
	b->root = (uint32_t)root;
	return 0;
}

/* -- single objects --------------------------------------------------------------------------- */

/* Length behind a marker: the low half of the marker, or an integer object when that is 15. */
static int read_length(const struct bin *b, uint32_t object, size_t *at, uint64_t *n)
{
	unsigned low = b->p[*at] & 15u, size;

	(*at)++;
	*n = low;
	if (low != 15)
		return 0;
	if (*at >= b->table || b->p[*at] >> 4 != 1 || (b->p[*at] & 15) > 3)
		return damaged(b, object, "has no length");
	size = 1u << (b->p[*at] & 15);
	(*at)++;
	if (size > b->table - *at)
		return damaged(b, object, "ends early");
	*n = get_be(b->p + *at, size);
	*at += size;
	return 0;
}

/* One, two and four bytes are unsigned, eight and sixteen two's complement. */
static int read_int(struct bin *b, uint32_t object, size_t at)
{
	struct kt_node *node = &b->node[object];
	unsigned low = b->p[at] & 15u, size = 1u << low;
	uint64_t high = 0, v;

	at++;
	if (low > 4 || size > b->table - at)
		return damaged(b, object, "is no integer");
	node->type = KT_PL_INT;
	if (size == 16) {
		high = get_be(b->p + at, 8);
		v = get_be(b->p + at + 8, 8);
		if (high != (v >> 63 != 0 ? UINT64_MAX : 0)) {
			node->form = KT_NODE_WIDE;
			node->n = 16;
			node->u.bytes = (const char *)b->p + at;
			return 0;
		}
	} else {
		v = get_be(b->p + at, size);
	}
	node->u.i = (int64_t)v;
	return 0;
}

static int read_real(struct bin *b, uint32_t object, size_t at)
{
	struct kt_node *node = &b->node[object];
	uint8_t marker = b->p[at++];
	unsigned size = 1u << (marker & 15);
	uint64_t bits;
	uint32_t low;
	float single;

	if ((marker != 0x22 && marker != 0x23 && marker != 0x33) || size > b->table - at)
		return damaged(b, object, "is no number");
	bits = get_be(b->p + at, size);
	low = (uint32_t)bits;
	node->type = marker == 0x33 ? KT_PL_DATE : KT_PL_REAL;
	if (size == 4) {
		memcpy(&single, &low, sizeof(single));
		node->u.real = (double)single;
	} else {
		memcpy(&node->u.real, &bits, sizeof(bits));
	}
	return 0;
}

/* UTF-16, big-endian. Half a pair is kept as three bytes that are no UTF-8: shown, not hidden. */
static int read_utf16(struct bin *b, uint32_t object, const uint8_t *p, uint32_t units)
{
	struct kt_node *node = &b->node[object];
	char *out = kt_plist_alloc(b->pl, (size_t)units * 3 + 1);
	size_t n = 0;

	if (out == NULL)
		return KT_FAIL(b->err, KT_E_NOMEM, "property list: no memory");
	for (uint32_t i = 0; i < units; i++) {
		uint32_t c = kt_get_be16(p + (size_t)2 * i), d = 0;

		if (c >= 0xd800 && c < 0xdc00 && i + 1 < units)
			d = kt_get_be16(p + (size_t)2 * i + 2);
		if (d >= 0xdc00 && d < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (d - 0xdc00);
			i++;
		}
		n += kt_utf8_put((uint8_t *)out + n, c);
	}
	node->u.bytes = out;
	node->n = (uint32_t)n;
	return 0;
}

static int read_bytes(struct bin *b, uint32_t object, size_t at)
{
	struct kt_node *node = &b->node[object];
	unsigned kind = b->p[at] >> 4, width = kind == 6 ? 2 : 1;
	uint64_t n;
	int r = read_length(b, object, &at, &n);

	if (r < 0)
		return r;
	if (n > (b->table - at) / width)
		return damaged(b, object, "ends early");
	node->type = kind == 4 ? KT_PL_DATA : KT_PL_TEXT;
	if (kind == 6)
		return read_utf16(b, object, b->p + at, (uint32_t)n);
	node->u.bytes = (const char *)b->p + at;
	node->n = (uint32_t)n;
	return 0;
}

static int read_uid(struct bin *b, uint32_t object, size_t at)
{
	unsigned size = (b->p[at] & 15u) + 1;

	at++;
	if (size > b->table - at || size > 8 || (size == 8 && b->p[at] > 127))
		return damaged(b, object, "is no identifier");
	b->node[object].type = KT_PL_UID;
	b->node[object].u.i = (int64_t)get_be(b->p + at, size);
	return 0;
}

/* -- containers ------------------------------------------------------------------------------- */

static int open_container(struct bin *b, uint32_t object, size_t at)
{
	struct kt_node *node = &b->node[object];
	bool dict = b->p[at] >> 4 == 13;
	struct frame *f = &b->stack[b->depth];
	uint64_t n, refs;
	int r = read_length(b, object, &at, &n);

	if (r < 0)
		return r;
	if (n > (b->table - at) / b->ref_size / (dict ? 2 : 1))
		return damaged(b, object, "ends early");
	refs = dict ? 2 * n : n;
	b->total_refs += refs;
	if (b->total_refs > KT_PLIST_MAX_NODES)
		return KT_FAIL(b->err, KT_E_LIMIT, "property list: too many nodes");
	if (b->depth == KT_PLIST_MAX_DEPTH)
		return KT_FAIL(b->err, KT_E_LIMIT, "property list: nested too deep");
	node->type = dict ? KT_PL_DICT : KT_PL_ARRAY;
	node->n = (uint32_t)n;
	node->u.kid = kt_plist_alloc(b->pl, (size_t)refs * sizeof(struct kt_node *));
	if (node->u.kid == NULL)
		return KT_FAIL(b->err, KT_E_NOMEM, "property list: no memory");
	b->object[object].state = OPEN;
	b->object[object].height = 1;
	f->object = object;
	f->next = 0;
	f->refs = at;
	f->nrefs = (uint32_t)refs;
	b->depth++;
	return 0;
}

static int read_object(struct bin *b, uint32_t object)
{
	size_t entry = b->table + (size_t)object * b->offset_size;
	uint64_t at = get_be(b->p + entry, b->offset_size);
	struct kt_node *node = &b->node[object];

	if (at < MAGIC_LEN || at >= b->table)
		return damaged(b, object, "lies outside");
	b->object[object].state = DONE;
	b->object[object].weight = 1;
	switch (b->p[at] >> 4) {
	case 0:
		if (b->p[at] != 0 && b->p[at] != 8 && b->p[at] != 9)
			return damaged(b, object, "is of an unknown kind");
		node->type = b->p[at] == 0 ? KT_PL_NONE : KT_PL_BOOL;
		node->u.i = b->p[at] == 9;
		return 0;
	case 1:
		return read_int(b, object, (size_t)at);
	case 2:
	case 3:
		return read_real(b, object, (size_t)at);
	case 4:
	case 5:
	case 6:
		return read_bytes(b, object, (size_t)at);
	case 8:
		return read_uid(b, object, (size_t)at);
	case 10:
	case 13:
		return open_container(b, object, (size_t)at);
	default:
		return damaged(b, object, "is of an unknown kind");
	}
}

/* What a container learns from a member that is complete. */
static int count_member(struct bin *b, const struct frame *f, uint32_t member)
{
	struct object *in = &b->object[f->object], *o = &b->object[member];

	if (o->height >= in->height)
		in->height = (uint8_t)(o->height + 1);
	if (in->height > KT_PLIST_MAX_DEPTH)
		return KT_FAIL(b->err, KT_E_LIMIT, "property list: nested too deep");
	/* both are at most the limit: the sum fits */
	in->weight += o->weight;
	if (in->weight > KT_PLIST_MAX_NODES)
		return KT_FAIL(b->err, KT_E_LIMIT, "property list: unfolds to too many nodes");
	return 0;
}

static int read_all(struct bin *b)
{
	int r = read_object(b, b->root);

	while (r >= 0 && b->depth > 0) {
		struct frame *f = &b->stack[b->depth - 1];
		uint64_t member;

		if (f->next == f->nrefs) {
			b->object[f->object].state = DONE;
			b->depth--;
			continue;
		}
		member = get_be(b->p + f->refs + (size_t)f->next * b->ref_size, b->ref_size);
		if (member >= b->count)
			return damaged(b, f->object, "refers to none");
		if (b->object[member].state == OPEN)
			return damaged(b, f->object, "holds itself");
		if (b->object[member].state == UNSEEN) {
			/* counted when we come back to it, complete */
			r = read_object(b, (uint32_t)member);
			continue;
		}
		b->node[f->object].u.kid[f->next++] = &b->node[member];
		r = count_member(b, f, (uint32_t)member);
	}
	return r;
}

int kt_plist_read_binary(struct kt_plist *pl, struct kt_err *err)
{
	struct bin b = {.pl = pl, .err = err, .p = pl->file};
	int r;

	if (pl->len < MAGIC_LEN + TRAILER_LEN + 2)
		return KT_FAIL(err, KT_E_FORMAT, "property list: ends early");
	r = read_trailer(&b);
	if (r < 0)
		return r;
	b.object = calloc((size_t)b.count + 1, sizeof(b.object[0]));
	b.node = kt_plist_alloc(pl, b.count * sizeof(b.node[0]));
	if (b.object == NULL || b.node == NULL)
		r = KT_FAIL(err, KT_E_NOMEM, "property list: no memory");
	else
		r = read_all(&b);
	free(b.object);
	if (r >= 0)
		pl->root = b.node + b.root;
	return r;
}
