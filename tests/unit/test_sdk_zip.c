/* SPDX-License-Identifier: EUPL-1.2 */
/* What a plugin sees of archives: KMZ, exports, .gz. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsers/sdk/ctx.h"
#include "parsers/sdk/zip.h"
#include "tests/unit/archive.h"

static int drop_frames(void *arg, const void *p, size_t n, struct kt_err *err)
{
	(void)arg;
	(void)p;
	(void)n;
	(void)err;
	return 0;
}

/* What the plugins below found. */
static int found;
static char text[64];

static void read_src(struct kt_json_src *src, struct kt_err *err)
{
	size_t n = 0, got = 1;

	while (found == 0 && got > 0) {
		found = src->read(src->arg, text + n, 3, &got, err);
		n += got;
	}
	text[n] = '\0';
}

static int parse_zip(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_json_src src;
	struct kt_zip *z;

	found = kt_zip_open(ctx, &z, err);
	for (uint32_t i = 0; found == 0 && i < kt_zip_count(z); i++) {
		if (!kt_str_is(kt_zip_name(z, i), "doc.kml"))
			continue;
		assert_int_equal(kt_zip_size(z, i), 6);
		found = kt_zip_src(z, i, &src, err);
		read_src(&src, err);
	}
	if (found == 0) {
		assert_int_equal(kt_zip_size(z, 99), 0);
		assert_int_equal(kt_zip_name(z, 99).len, 0);
		assert_int_equal(kt_zip_src(z, 99, &src, NULL), KT_E_USAGE);
	}
	kt_zip_close(&z);
	return found;
}

/* Leaves its source open: that is closed with the context. */
static int parse_gzip(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_json_src src;

	found = kt_gzip_src(ctx, &src, err);
	read_src(&src, err);
	return found;
}

static void run(int (*parse)(struct kt_ctx *, struct kt_err *), const struct kt_buf *b)
{
	struct mem m = {.p = b->p, .n = b->len};
	struct kt_ctx_ops ops = {.read = mem_at, .frames = drop_frames, .arg = &m};
	const struct kt_parser p = {.id = "test", .parse = parse};
	struct kt_ctx ctx;

	found = 0;
	text[0] = '\0';
	kt_ctx_init(&ctx, &ops, b->len);
	assert_int_equal(kt_ctx_run(&ctx, &p, NULL), 0);
	kt_ctx_free(&ctx);
}

static void reads_a_kmz(void **state)
{
	struct zb z;

	(void)state;
	zb_init(&z);
	zb_add(&z, "files/a.png", "x", 1, NULL);
	zb_add(&z, "doc.kml", "<kml/>", 6, &(struct zopt){.method = 8});
	zb_end(&z, false, "");
	run(parse_zip, &z.out);
	assert_int_equal(found, 0);
	assert_string_equal(text, "<kml/>");
	z.out.len--;
	run(parse_zip, &z.out);
	assert_int_equal(found, KT_E_FORMAT);
	zb_free(&z);
	/* damaged inside: known at the member's end */
	zb_init(&z);
	zb_add(&z, "doc.kml", "<kml/>", 6, &(struct zopt){.crc_xor = 1});
	zb_end(&z, false, "");
	run(parse_zip, &z.out);
	assert_int_equal(found, KT_E_FORMAT);
	zb_free(&z);
}

static void reads_gzip(void **state)
{
	static const uint8_t head[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
	uint8_t packed[64];
	size_t n = deflate_raw("<gpx/>", 6, packed, sizeof(packed));
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	kt_buf_put(&b, head, sizeof(head));
	kt_buf_put(&b, packed, n);
	kt_buf_put_le32(&b, (uint32_t)crc32_z(0, (const Bytef *)"<gpx/>", 6));
	kt_buf_put_le32(&b, 6);
	run(parse_gzip, &b);
	assert_int_equal(found, 0);
	assert_string_equal(text, "<gpx/>");
	b.len--;
	run(parse_gzip, &b);
	assert_int_equal(found, KT_E_FORMAT);
	b.len = 1;
	run(parse_gzip, &b);
	assert_int_equal(found, KT_E_FORMAT);
	kt_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_kmz),
		cmocka_unit_test(reads_gzip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
