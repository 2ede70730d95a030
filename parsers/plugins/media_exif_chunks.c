/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * media-exif, chunk part: where EXIF stands in PNG (eXIf, W3C PNG third edition section 11.3.3.4)
 * and in WebP (the EXIF chunk of RIFF, RFC 9649 section 2.7.1.5). In a PNG it is looked for before
 * the picture's own chunks alone: behind them it is rare, and there are hundreds of those.
 */
#include "parsers/plugins/media_exif.h"

#include <string.h>

#define CHUNKS_MAX 64u
#define HEAD	   8u
#define PEEK	   (6u + KT_EXIF_HEAD)

/* The block is [off, off + len); `got` bytes of it were read. */
static const char *place(struct media_place *at, uint64_t off, uint64_t len, size_t got)
{
	size_t skip = 0;

	if (got >= 6 && len >= 6 && memcmp(at->bytes, "Exif\0", 6) == 0)
		skip = 6; /* JPEG's mark does not belong here, but some writers put it */
	at->base = off + skip;
	at->len = len - skip;
	if (got > skip) {
		at->head.off = at->base;
		at->head.len = got - skip;
		at->head.p = at->bytes + skip;
	}
	return NULL;
}

int kt_media_find_png(struct kt_ctx *ctx, struct media_place *at, const char **why,
		      struct kt_err *err)
{
	uint64_t off = 8 + HEAD + 13 + 4; /* behind the mark and IHDR, which is always so long */
	size_t got;

	for (unsigned i = 0; i < CHUNKS_MAX; i++) {
		uint64_t len;
		int r = kt_in_read(ctx, off, at->bytes, HEAD, &got, err);

		if (r < 0)
			return r;
		*why = "png-damaged";
		if (got < HEAD)
			return 0;
		len = kt_get_be32(at->bytes);
		if (memcmp(at->bytes + 4, "eXIf", 4) == 0) {
			r = kt_in_read(ctx, off + HEAD, at->bytes, PEEK, &got, err);
			if (r < 0)
				return r;
			*why = place(at, off + HEAD, len, got);
			return 0;
		}
		*why = "no-exif";
		if (memcmp(at->bytes + 4, "IDAT", 4) == 0 || memcmp(at->bytes + 4, "IEND", 4) == 0)
			return 0;
		off += HEAD + len + 4; /* the sum behind it */
	}
	*why = "too-many-segments";
	return 0;
}

int kt_media_find_webp(struct kt_ctx *ctx, struct media_place *at, const char **why,
		       struct kt_err *err)
{
	uint64_t off = 12;
	size_t got;

	for (unsigned i = 0; i < CHUNKS_MAX; i++) {
		uint64_t len;
		int r;

		*why = off > kt_in_size(ctx) ? "webp-damaged" : "no-exif";
		if (off >= kt_in_size(ctx))
			return 0;
		r = kt_in_read(ctx, off, at->bytes, HEAD, &got, err);
		if (r < 0)
			return r;
		*why = "webp-damaged";
		if (got < HEAD)
			return 0;
		len = kt_get_le32(at->bytes + 4);
		if (memcmp(at->bytes, "EXIF", 4) == 0) {
			r = kt_in_read(ctx, off + HEAD, at->bytes, PEEK, &got, err);
			if (r < 0)
				return r;
			*why = place(at, off + HEAD, len, got);
			return 0;
		}
		off += HEAD + len + (len & 1);
	}
	*why = "too-many-segments";
	return 0;
}
