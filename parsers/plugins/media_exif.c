/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * media-exif: where and when a picture says it was taken: JPEG, HEIF (HEIC, AVIF), PNG, WebP, and
 * TIFF with what is built on it (DNG). Page: docs/formats/media-exif.md.
 *
 * An element is one picture file. It becomes one record, or is skipped:
 *   kind-not-understood  none of these kinds (the parse then ends with KT_E_FORMAT)
 *   no-exif            a sound picture without EXIF: it says nothing
 *   jpeg-damaged, heif-damaged, png-damaged, webp-damaged
 *                      the chain of its parts breaks, or the file ends, before EXIF was found
 *   too-many-segments, too-many-boxes
 *                      EXIF was not among the first parts of the file
 *   exif-outside-file, exif-in-pieces, exif-elsewhere
 *                      HEIF: the item stands where the file has ended, is scattered, or in another file
 *   exif-damaged       there is EXIF, but no header or first directory in it
 *
 * JPEG's markers after ITU-T T.81 annex B, the APP1 segment after EXIF 2.32 section 4.7. Of a segment
 * other than EXIF at most its first 6 bytes are read; nothing is read behind the start of a scan.
 */
#include "parsers/plugins/media_exif.h"

#include <string.h>

#define STEPS_MAX 64u /* markers and runs of fill bytes that are walked */
#define APP1_HEAD 10u /* marker, length, "Exif" NUL and a pad byte */
#define SEG_PEEK  10u /* as much of any segment; a scan's header is never shorter than this */
/* The first read: SOI and, in what cameras write, EXIF's own head; or SOI, JFIF and a marker. */
#define FIRST_READ (2u + APP1_HEAD + KT_EXIF_HEAD)

struct window {
	uint64_t off;
	size_t len;
	uint8_t p[FIRST_READ];
};

/* Bytes at off, from the window or by a read of n; *have says how many there are, up to n. */
static int look(struct kt_ctx *ctx, struct window *w, uint64_t off, size_t n, const uint8_t **p,
		size_t *have, struct kt_err *err)
{
	if (off < w->off || off - w->off > w->len || n > w->len - (size_t)(off - w->off)) {
		int r = kt_in_read(ctx, off, w->p, n, &w->len, err);
		if (r < 0)
			return r;
		w->off = off;
	}
	*p = w->p + (off - w->off);
	*have = w->len - (size_t)(off - w->off) < n ? w->len - (size_t)(off - w->off) : n;
	return 0;
}

/* How much to read at the next marker: where it is known to be an APP1, EXIF's own head too. */
static size_t peek_size(const struct window *w, uint64_t off)
{
	if (off >= w->off && off - w->off + 2 <= w->len && w->p[off - w->off] == 0xff &&
	    w->p[off - w->off + 1] == 0xe1)
		return APP1_HEAD + KT_EXIF_HEAD;
	return SEG_PEEK;
}

/* What the bytes at a marker mean. */
enum step { STEP_ON, STEP_EXIF, STEP_END, STEP_DAMAGED };

/* *n: bytes to the next marker. */
static enum step judge(const uint8_t *p, size_t have, size_t *n)
{
	if (have < 2 || p[0] != 0xff || p[1] == 0x00)
		return STEP_DAMAGED;
	*n = 1;
	if (p[1] == 0xff) { /* fill bytes may precede any marker */
		while (*n + 1 < have && p[*n] == 0xff && p[*n + 1] == 0xff)
			++*n;
		return STEP_ON;
	}
	if (p[1] == 0xda || p[1] == 0xd9)
		return STEP_END;
	*n = 2;
	if (p[1] == 0x01 || (p[1] >= 0xd0 && p[1] <= 0xd8))
		return STEP_ON; /* these stand alone */
	if (have < 4 || kt_get_be16(p + 2) < 2)
		return STEP_DAMAGED;
	*n = (size_t)2 + kt_get_be16(p + 2);
	if (p[1] == 0xe1 && *n >= APP1_HEAD && have >= APP1_HEAD && memcmp(p + 4, "Exif", 5) == 0)
		return STEP_EXIF;
	return STEP_ON;
}

/*
 * Walks to a JPEG's first EXIF segment: NULL and its block's place, or a reason for skipping in
 * *why. What the window holds of the block is handed on.
 */
static int find_jpeg(struct kt_ctx *ctx, struct window *w, struct media_place *at, const char **why,
		     struct kt_err *err)
{
	uint64_t off = 2;
	const uint8_t *p;
	size_t have, n;

	for (unsigned i = 0; i < STEPS_MAX; i++) {
		int r = look(ctx, w, off, peek_size(w, off), &p, &have, err);

		if (r < 0)
			return r;
		switch (judge(p, have, &n)) {
		case STEP_ON:
			off += n;
			break;
		case STEP_EXIF:
			*why = NULL;
			at->base = off + APP1_HEAD;
			at->len = n - APP1_HEAD;
			if (at->base - w->off < w->len) {
				at->head.off = at->base;
				at->head.len = w->len - (size_t)(at->base - w->off);
				at->head.p = w->p + (at->base - w->off);
			}
			return 0;
		case STEP_END:
			*why = "no-exif";
			return 0;
		case STEP_DAMAGED:
			*why = "jpeg-damaged";
			return 0;
		}
	}
	*why = "too-many-segments";
	return 0;
}

/* A file that is a TIFF block as a whole: TIFF itself, DNG and most raw pictures. */
static int find_tiff(struct kt_ctx *ctx, struct window *w, struct media_place *at, const char **why)
{
	*why = NULL;
	at->base = 0;
	at->len = kt_in_size(ctx);
	at->head.off = 0;
	at->head.len = w->len;
	at->head.p = w->p;
	return 0;
}

/* By its first bytes, whatever its name says. */
static int find_exif(struct kt_ctx *ctx, struct window *w, struct media_place *at, const char **why,
		     struct kt_err *err)
{
	const uint8_t *p;
	size_t n;
	int r = look(ctx, w, 0, FIRST_READ, &p, &n, err);

	if (r < 0)
		return r;
	if (n >= 3 && memcmp(p, "\xff\xd8\xff", 3) == 0)
		return find_jpeg(ctx, w, at, why, err);
	if (n >= 12 && memcmp(p + 4, "ftyp", 4) == 0)
		return kt_media_find_heif(ctx, p, n, at, why, err);
	if (n >= 16 && memcmp(p, "\x89PNG\r\n\x1a\n", 8) == 0)
		return kt_media_find_png(ctx, at, why, err);
	if (n >= 12 && memcmp(p, "RIFF", 4) == 0 && memcmp(p + 8, "WEBP", 4) == 0)
		return kt_media_find_webp(ctx, at, why, err);
	if (n >= 8 && (memcmp(p, "II*\0", 4) == 0 || memcmp(p, "MM\0*", 4) == 0))
		return find_tiff(ctx, w, at, why);
	*why = "kind-not-understood";
	return 0;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct window w = {.len = 0};
	struct media_place at = {.len = 0};
	struct kt_exif x;
	struct kt_record rec;
	const char *why = NULL;
	int r;

	kt_seen(ctx, 1);
	r = find_exif(ctx, &w, &at, &why, err);
	if (r < 0)
		return r;
	if (why != NULL) {
		r = kt_skip(ctx, why, 1, NULL, err);
		if (r == 0 && strcmp(why, "kind-not-understood") == 0)
			r = KT_FAIL(err, KT_E_FORMAT,
				    "this is no picture of a kind that is understood");
		return r;
	}
	r = kt_exif_read(ctx, at.base, at.len, at.head.len > 0 ? &at.head : NULL, &x, err);
	if (r < 0)
		return r;
	if (r == 0) {
		struct kt_locator loc = {.kind = KT_LOC_BYTES, .off = at.base, .len = at.len};
		return kt_skip(ctx, "exif-damaged", 1, &loc, err);
	}
	r = kt_exif_record(ctx, &x, &rec, err);
	return r < 0 ? r : kt_emit(ctx, &rec, err);
}

const struct kt_parser kt_parser_media_exif = {.id = "media-exif", .parse = parse};
