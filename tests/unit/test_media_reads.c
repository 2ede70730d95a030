/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What media plugins read is what leaves the phone. Here each is run on a small picture or film
 * whose pixels, sound or preview are marked, and no read may touch a mark, whatever the layout.
 */
#include "core/buf.h"
#include "parsers/sdk/ctx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

extern const struct kt_parser kt_parser_media_exif, kt_parser_media_quicktime;

#define PIXELS "PIXELS! PIXELS! PIXELS! PIXELS! PIXELS! PIXELS! PIXELS! PIXELS! "

struct seen {
	const struct kt_buf *file;
	unsigned reads;
	size_t bytes;
	bool touched;
	unsigned records;
};

static int on_read(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct seen *s = arg;

	(void)err;
	assert_true(off <= s->file->len && n <= s->file->len - off);
	memcpy(p, s->file->p + off, n);
	s->touched |= memmem(p, n, "PIXELS", 6) != NULL;
	s->reads++;
	s->bytes += n;
	*got = n;
	return 0;
}

static int on_frames(void *arg, const void *p, size_t n, struct kt_err *err)
{
	(void)arg;
	(void)p;
	(void)n;
	(void)err;
	return 0;
}

static struct seen run(const struct kt_parser *p, const struct kt_buf *file)
{
	struct seen s = {.file = file};
	struct kt_ctx_ops ops = {.read = on_read, .frames = on_frames, .arg = &s};
	struct kt_err err = {0};
	struct kt_ctx ctx;

	kt_ctx_init(&ctx, &ops, file->len);
	assert_int_equal(kt_ctx_run(&ctx, p, &err), 0);
	s.records = (unsigned)ctx.emitted;
	kt_ctx_free(&ctx);
	return s;
}

/* -- building --------------------------------------------------------------------------------- */

static void be32(struct kt_buf *b, uint32_t v)
{
	const uint8_t p[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
			      (uint8_t)v};

	kt_buf_put(b, p, 4);
}

static void box(struct kt_buf *b, const char *type, const void *p, size_t n)
{
	be32(b, (uint32_t)(n + 8));
	kt_buf_put(b, type, 4);
	kt_buf_put(b, p, n);
}

static void pixels(struct kt_buf *b, const char *type, unsigned n)
{
	be32(b, (uint32_t)(n * (sizeof(PIXELS) - 1) + 8));
	kt_buf_put(b, type, 4);
	while (n-- > 0)
		kt_buf_puts(b, PIXELS);
}

/* A TIFF block with a camera's make; behind it, pixels. */
static const uint8_t tiff[] = {'I', 'I', 42, 0, 8, 0,	0,   0,	  1, 0, 0x0f, 1, 2,
			       0,   4,	 0,  0, 0, 'V', 'B', '1', 0, 0, 0,    0, 0};

static void put_tiff(struct kt_buf *b)
{
	kt_buf_put(b, tiff, sizeof(tiff));
}

/* ftyp, meta (one item: Exif), mdat: pixels, the item, pixels. */
static void make_heic(struct kt_buf *b)
{
	static const uint8_t iinf[] = {0, 0, 0, 0, 0, 1, 0, 0, 0,   21,	 'i', 'n', 'f', 'e',
				       2, 0, 0, 0, 0, 1, 0, 0, 'E', 'x', 'i', 'f', 0};
	const uint32_t item = 20 + 12 + 35 + 30 + 8 + sizeof(PIXELS) - 1;

	box(b, "ftyp", "heic\0\0\0\0mif1", 12);
	be32(b, 12 + 35 + 30);
	kt_buf_puts(b, "meta");
	be32(b, 0);
	box(b, "iinf", iinf, sizeof(iinf));
	be32(b, 30);
	kt_buf_puts(b, "iloc");
	be32(b, 0);
	kt_buf_put(b, "\x44\0\0\1\0\1\0\0\0\1", 10);
	be32(b, item);
	be32(b, 4 + sizeof(tiff));
	pixels(b, "mdat", 1);
	be32(b, 0);
	put_tiff(b);
	pixels(b, "mdat", 50);
}

static void make_png(struct kt_buf *b, bool exif)
{
	kt_buf_put(b, "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", 16);
	kt_buf_put(b, "\0\0\0\1\0\0\0\1\x08\0\0\0\0____", 17);
	if (exif) {
		be32(b, sizeof(tiff));
		kt_buf_puts(b, "eXIf");
		put_tiff(b);
		kt_buf_puts(b, "____");
	}
	pixels(b, "IDAT", 3);
}

static void make_webp(struct kt_buf *b)
{
	kt_buf_put(b, "RIFF\0\0\0\0WEBPVP8 ", 16);
	kt_buf_put_le32(b, 3 * (sizeof(PIXELS) - 1));
	for (int i = 0; i < 3; i++)
		kt_buf_puts(b, PIXELS);
	kt_buf_puts(b, "EXIF");
	kt_buf_put_le32(b, sizeof(tiff));
	put_tiff(b);
}

/* moov with a track full of samples, a preview among the user data, and a place. */
static void make_moov(struct kt_buf *b)
{
	static const uint8_t place[] = "\0\x12\x15\xc7+52.3579+004.8686/";
	struct kt_buf in, udta, trak;
	uint8_t mvhd[100] = {0, 0, 0, 0, 0xd8, 0, 0, 1};

	kt_buf_init(&in, 0);
	kt_buf_init(&udta, 0);
	kt_buf_init(&trak, 0);
	box(&trak, "tkhd", mvhd, 84);
	pixels(&trak, "mdia", 20);
	pixels(&udta, "CNTH", 10);
	box(&udta, "\xa9xyz", place, sizeof(place) - 1);
	pixels(&udta, "thmb", 10);
	box(&in, "mvhd", mvhd, sizeof(mvhd));
	box(&in, "trak", trak.p, trak.len);
	box(&in, "udta", udta.p, udta.len);
	box(b, "moov", in.p, in.len);
	kt_buf_free(&in);
	kt_buf_free(&udta);
	kt_buf_free(&trak);
}

/* -- tests ------------------------------------------------------------------------------------ */

static void expect(const struct kt_parser *p, struct kt_buf *b, unsigned records, unsigned reads,
		   size_t bytes)
{
	struct seen s;

	assert_false(b->failed);
	s = run(p, b);
	kt_buf_free(b);
	assert_int_equal(s.records, records);
	assert_false(s.touched);
	assert_in_range(s.reads, 1, reads);
	assert_in_range(s.bytes, 1, bytes);
}

static void heic(void **state)
{
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	make_heic(&b);
	expect(&kt_parser_media_exif, &b, 1, 6, 200);
}

static void png(void **state)
{
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	make_png(&b, true);
	expect(&kt_parser_media_exif, &b, 1, 6, 100);
	kt_buf_init(&b, 0);
	make_png(&b, false);
	expect(&kt_parser_media_exif, &b, 0, 2, 30);
}

static void webp(void **state)
{
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	make_webp(&b);
	expect(&kt_parser_media_exif, &b, 1, 6, 100);
}

static void film(void **state)
{
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	box(&b, "ftyp", "qt  \0\0\0\0", 8);
	pixels(&b, "mdat", 200);
	make_moov(&b);
	expect(&kt_parser_media_quicktime, &b, 1, 12, 300);
	kt_buf_init(&b, 0);
	box(&b, "ftyp", "qt  \0\0\0\0", 8);
	make_moov(&b);
	pixels(&b, "mdat", 200);
	expect(&kt_parser_media_quicktime, &b, 1, 12, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heic),
		cmocka_unit_test(png),
		cmocka_unit_test(webp),
		cmocka_unit_test(film),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
