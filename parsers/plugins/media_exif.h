/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Between the files of the media-exif plugin: where the TIFF block of EXIF stands in pictures that
 * are not JPEG. Each finder reads as little as it can: while acquiring, each read is a request to
 * the phone, and what was read is stored.
 */
#ifndef KT_PARSERS_PLUGINS_MEDIA_EXIF_H
#define KT_PARSERS_PLUGINS_MEDIA_EXIF_H

#include "parsers/sdk/exif.h"

struct media_place {
	uint64_t base, len;	   /* of the TIFF block, in the artifact */
	struct kt_exif_piece head; /* what was read of it already; len 0: nothing */
	uint8_t bytes[40];	   /* what head points to */
};

/*
 * Finds the block. p: the artifact's first n bytes. 0: *why is NULL and the place is set, or *why is
 * a reason for skipping; negative: as kt_in_read().
 */
int kt_media_find_heif(struct kt_ctx *ctx, const uint8_t *p, size_t n, struct media_place *at,
		       const char **why, struct kt_err *err);
int kt_media_find_png(struct kt_ctx *ctx, struct media_place *at, const char **why,
		      struct kt_err *err);
int kt_media_find_webp(struct kt_ctx *ctx, struct media_place *at, const char **why,
		       struct kt_err *err);

#endif
