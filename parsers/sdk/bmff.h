/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Boxes of ISO base media files (ISO/IEC 14496-12 section 4.2) and of QuickTime, where they are
 * called atoms: u32 size, 4-byte type, for size 1 a u64 size, then the contents. For media plugins.
 * Each header is one read of the artifact, so that a picture's or film's contents stay unread.
 */
#ifndef KT_PARSERS_SDK_BMFF_H
#define KT_PARSERS_SDK_BMFF_H

#include "parsers/sdk/keten_parser.h"

#define KT_BOX_HEAD 8u	/* the shortest header, and all that is read of a box to step over it */
#define KT_BOX_PEEK 16u /* the longest header */
#define KT_BOX(a, b, c, d)                                                                         \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

struct kt_box {
	uint64_t off;  /* of the header, in the artifact */
	uint64_t body; /* of the contents */
	uint64_t end;  /* behind the contents; never behind the box around it */
	uint32_t type;
	bool cut; /* the box claims to go on behind the one around it, or behind the file */
};

/*
 * Understands a header of which `have` bytes stand at p, for a box at off inside one that ends at
 * limit. False: too few bytes, or a size below the header's own.
 */
bool kt_box_parse(const uint8_t *p, size_t have, uint64_t off, uint64_t limit, struct kt_box *b);

enum { KT_BOX_NONE = 0, KT_BOX_OK, KT_BOX_BAD };

/*
 * Reads n bytes (KT_BOX_HEAD or more) at off into p, which has room for KT_BOX_PEEK at least, and
 * understands the header in them; a long header takes a second read. KT_BOX_OK, *have says how many
 * bytes there are; KT_BOX_NONE: none fits between off and limit; KT_BOX_BAD: the
 * bytes there make no box; negative: as kt_in_read().
 */
int kt_box_read(struct kt_ctx *ctx, uint64_t off, uint64_t limit, uint8_t *p, size_t n,
		size_t *have, struct kt_box *b, struct kt_err *err);

/* Like kt_box_read() on bytes in memory: p holds the artifact's bytes from base to base + len. */
int kt_box_next(const uint8_t *p, size_t len, uint64_t base, uint64_t off, struct kt_box *b);

/* The contents of a box, of which the first len bytes are in memory (none: len 0). */
struct kt_box_win {
	uint64_t base, end;
	size_t len;
	uint8_t *p; /* lives until parse() returns */
};

/* Reads up to n bytes of the contents at once; n 0 reads nothing. 0 or negative. */
int kt_box_open(struct kt_ctx *ctx, uint64_t base, uint64_t end, size_t n, struct kt_box_win *w,
		struct kt_err *err);
/* The box at off inside w: its header from memory where that reaches, else by a read. As kt_box_read(). */
int kt_box_at(struct kt_ctx *ctx, const struct kt_box_win *w, uint64_t off, struct kt_box *b,
	      struct kt_err *err);
/* Contents of a box inside w, at most max bytes, from memory or by a read; lives as w->p does. */
int kt_box_load(struct kt_ctx *ctx, const struct kt_box_win *w, const struct kt_box *b, size_t max,
		const uint8_t **p, size_t *n, struct kt_err *err);

static inline uint64_t kt_get_be64(const uint8_t *p)
{
	return (uint64_t)kt_get_be32(p) << 32 | kt_get_be32(p + 4);
}

#endif
