/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A look at a -wal before SQLite reads it: does it hold anything that recovery will take? Layout and
 * checksums as https://www.sqlite.org/fileformat2.html (section 4) gives them.
 */
#include "core/buf.h"
#include "core/sqlvfs_i.h"

#include <stdlib.h>
#include <string.h>

#define HEAD	   32u
#define FRAME_HEAD 24u
#define MAGIC	   0x377f0682u /* the lowest bit: checksums over big-endian words */
#define VERSION	   3007000u

struct chain {
	bool big; /* endian */
	uint32_t s0, s1;
};

static void add(struct chain *c, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 8 <= n; i += 8) {
		uint32_t a = c->big ? kt_get_be32(p + i) : kt_get_le32(p + i);
		uint32_t b = c->big ? kt_get_be32(p + i + 4) : kt_get_le32(p + i + 4);

		c->s0 += a + c->s1;
		c->s1 += b + c->s0;
	}
}

static bool holds(const struct chain *c, const uint8_t *sums)
{
	return c->s0 == kt_get_be32(sums) && c->s1 == kt_get_be32(sums + 4);
}

/* Goes along valid frames to the first that ends a transaction. */
static int find_commit(struct kt_sqlvfs *v, const uint8_t *head, struct chain *c, uint32_t page,
		       enum kt_sqlwal *wal)
{
	size_t frame = FRAME_HEAD + page, got;
	uint8_t *p = malloc(frame);
	int r = p != NULL ? 0 : KT_E_NOMEM;

	for (uint64_t off = HEAD; r == 0; off += frame) {
		r = kt_sqlvfs_raw(v, KT_SQLFILE_WAL, off, p, frame, &got);
		if (r < 0 || got < frame || memcmp(p + 8, head + 16, 8) != 0 || kt_get_be32(p) == 0)
			break;
		add(c, p, 8);
		add(c, p + FRAME_HEAD, page);
		if (!holds(c, p + 16))
			break;
		if (kt_get_be32(p + 4) != 0) { /* database size: a commit */
			*wal = KT_SQLWAL_USED;
			break;
		}
	}
	free(p);
	return r;
}

int kt_sqlwal_look(struct kt_sqlvfs *v, enum kt_sqlwal *wal, uint32_t *page_size)
{
	uint64_t size = v->src.size[KT_SQLFILE_WAL];
	uint8_t head[HEAD];
	struct chain c;
	uint32_t page;
	size_t got;
	int r;

	*page_size = 0;
	*wal = size == KT_SQLFILE_NONE ? KT_SQLWAL_NONE
	       : size == 0	       ? KT_SQLWAL_EMPTY
				       : KT_SQLWAL_UNUSED;
	if (*wal != KT_SQLWAL_UNUSED)
		return 0;
	r = kt_sqlvfs_raw(v, KT_SQLFILE_WAL, 0, head, HEAD, &got);
	if (r < 0 || got < HEAD || (kt_get_be32(head) & ~1u) != MAGIC ||
	    kt_get_be32(head + 4) != VERSION)
		return r;
	page = kt_get_be32(head + 8);
	if (page < 512 || page > 65536 || (page & (page - 1)) != 0)
		return 0;
	c = (struct chain){(kt_get_be32(head) & 1) != 0, 0, 0};
	add(&c, head, 24);
	if (!holds(&c, head + 24))
		return 0;
	*page_size = page;
	return find_commit(v, head, &c, page, wal);
}
