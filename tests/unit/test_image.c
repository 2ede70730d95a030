/* SPDX-License-Identifier: EUPL-1.2 */
/* Sources that are images, archives and single files: damaged, hostile and stopped ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/hash.h"
#include "core/io.h"
#include "core/request.h"
#include "extractor/image/image.h"
#include "tests/unit/archive.h"

#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool all_may[KT_REQ_COUNT];

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 1; i < KT_REQ_COUNT; i++)
		all_may[i] = true;
	return kt_image_warm(NULL);
}

#define IMG KT_FORM_IMAGE
#define BAK KT_FORM_BACKUP
#define CAR KT_FORM_CARRIER
#define FIL KT_FORM_FILE

/* -- sources ---------------------------------------------------------------------------------- */

struct src {
	int fd;
	struct kt_image *im;
	const struct kt_img_member *m;
	struct kt_err err;
};

static int open_bytes(struct src *s, const struct kt_buf *b, unsigned form, const char *name,
		      int (*check)(void *))
{
	struct kt_img_opt o = {
		.form = form, .may = all_may, .name = name, .watch = {.check = check}};

	memset(s, 0, sizeof(*s));
	s->fd = o.fd = memfd_create("source", MFD_CLOEXEC);
	assert_true(s->fd >= 0);
	assert_int_equal(kt_write_full(s->fd, b->p, b->len, NULL), 0);
	return kt_image_open(&o, &s->im, &s->err);
}

static void close_source(struct src *s)
{
	kt_image_close(&s->im);
	close(s->fd);
}

static int next(struct src *s)
{
	kt_err_clear(&s->err);
	return kt_image_next(s->im, &s->m, &s->err);
}

static bool is_path(const struct src *s, const char *path)
{
	return s->m->path_len == strlen(path) && memcmp(s->m->path, path, s->m->path_len) == 0;
}

static void has_digest(const struct src *s, const struct kt_buf *b)
{
	struct kt_img_summary sum;
	uint8_t want[KT_SHA256_LEN];

	kt_image_summary(s->im, &sum);
	assert_true(sum.has_sha);
	assert_int_equal(EVP_Digest(b->p, b->len, want, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(sum.sha, want, sizeof(want));
}

/* All bytes of the object at hand; the code. */
static int read_whole(struct src *s, struct kt_buf *out)
{
	int r = kt_image_begin(s->im, &s->err);

	kt_buf_reset(out);
	while (r == 0) {
		const uint8_t *p;
		size_t n;

		r = kt_image_chunk(s->im, &p, &n, &s->err);
		if (r < 0 || n == 0)
			break;
		kt_buf_put(out, p, n);
	}
	return r;
}

#define WAZE "data/data/com.waze/user.db"

static void refuses_names(void **state)
{
	char text[1200], nul[sizeof(WAZE) + 2] = WAZE "\0x";
	struct kt_img_summary sum;
	struct kt_buf b, pax;
	struct src s;

	(void)state;
	kt_buf_init(&b, 0);
	kt_buf_init(&pax, 0);
	tar_file(&b, "../" WAZE, "1", 1);
	tar_file(&b, "x/../" WAZE, "2", 1);
	tar_file(&b, "/" WAZE, "3", 1);
	memset(text, 'n', sizeof(text));
	pax_put(&pax, "path", text, sizeof(text));
	tar_head(&b, "pax", 'x', pax.len, TAR_USTAR);
	tar_data(&b, pax.p, pax.len);
	tar_file(&b, "x", "4", 1);
	kt_buf_reset(&pax);
	pax_put(&pax, "path", nul, sizeof(WAZE) + 1);
	tar_head(&b, "pax", 'x', pax.len, TAR_USTAR);
	tar_data(&b, pax.p, pax.len);
	tar_file(&b, "x", "5", 1);
	tar_file(&b, "", "6", 1);
	tar_file(&b, WAZE "..", "7", 1);
	tar_head(&b, WAZE, '2', 0, TAR_USTAR);
	tar_head(&b, WAZE, '6', 0, TAR_USTAR);
	tar_file(&b, WAZE, "8", 1);
	tar_end(&b);
	assert_int_equal(open_bytes(&s, &b, IMG, "", NULL), 0);
	assert_int_equal(next(&s), 1);
	assert_int_equal(s.m->flags, KT_DEV_M_UNREADABLE); /* the link */
	assert_true(S_ISLNK(s.m->mode));
	assert_int_equal(kt_image_begin(s.im, NULL), KT_E_ABSENT);
	assert_int_equal(next(&s), 1);
	assert_int_equal(s.m->flags, 0);
	assert_true(is_path(&s, WAZE));
	assert_int_equal(next(&s), 0);
	kt_image_summary(s.im, &sum);
	assert_int_equal(sum.refused, 8);
	assert_int_equal(sum.unreadable, 1);
	assert_non_null(strstr(sum.text, "2 with \"..\""));
	assert_non_null(strstr(sum.text, "1 with an absolute"));
	assert_non_null(strstr(sum.text, "1 with a NUL"));
	assert_non_null(strstr(sum.text, "1 with a name that is too long"));
	assert_non_null(strstr(sum.text, "1 without a name"));
	assert_non_null(strstr(sum.text, "1 links"));
	assert_non_null(strstr(sum.text, "1 devices"));
	has_digest(&s, &b);
	close_source(&s);
	kt_buf_free(&b);
	kt_buf_free(&pax);
}

/* A cut archive gives what came before, says so once, and is hashed to its end all the same. */
static void survives_cut_archives(void **state)
{
	static uint8_t noise[5000];
	struct kt_buf b, out;
	struct zb z;
	size_t full;
	unsigned ended = 0;

	(void)state;
	fill_noise(noise, sizeof(noise), 1);
	kt_buf_init(&b, 0);
	kt_buf_init(&out, 0);
	tar_file(&b, WAZE, noise, sizeof(noise));
	tar_file(&b, "x", noise, sizeof(noise));
	tar_file(&b, WAZE "-wal", noise, sizeof(noise));
	tar_end(&b);
	full = b.len;
	for (size_t n = 512; n < full; n += 211) {
		struct kt_img_summary sum;
		struct src s;
		int r;

		b.len = n;
		assert_int_equal(open_bytes(&s, &b, IMG, "", NULL), 0);
		while ((r = next(&s)) == 1)
			if (read_whole(&s, &out) == 0)
				assert_memory_equal(out.p, noise, sizeof(noise));
		kt_image_summary(s.im, &sum);
		assert_true(r == KT_E_FORMAT || (r == 0 && sum.incomplete) || n > full - 512);
		assert_true(r == 0 || sum.text[0] != '\0');
		ended += r == 0;
		has_digest(&s, &b);
		assert_int_equal(next(&s), 0);
		close_source(&s);
	}
	assert_true(ended < 10);
	kt_buf_free(&b);
	/* one damaged member of a ZIP, the others whole */
	zb_init(&z);
	zb_add(&z, WAZE, noise, sizeof(noise), &(struct zopt){.method = 8, .crc_xor = 1});
	zb_add(&z, WAZE "-wal", noise, sizeof(noise), &(struct zopt){.method = 8});
	zb_add(&z, WAZE "-wal", noise, 5, NULL);
	zb_end(&z, false, "");
	{
		uint8_t piece[10];
		size_t got;
		struct src s;

		assert_int_equal(open_bytes(&s, &z.out, IMG, "", NULL), 0);
		assert_int_equal(next(&s), 1);
		assert_int_equal(read_whole(&s, &out), KT_E_FORMAT);
		assert_int_equal(kt_image_read(s.im, 5, piece, 10, &got, NULL), KT_E_FORMAT);
		assert_int_equal(next(&s), 1);
		assert_int_equal(s.m->flags, 0);
		assert_int_equal(kt_image_read(s.im, 4995, piece, 10, &got, NULL), 0);
		assert_int_equal(got, 5);
		assert_memory_equal(piece, noise + 4995, 5);
		assert_int_equal(read_whole(&s, &out), 0);
		assert_memory_equal(out.p, noise, sizeof(noise));
		assert_int_equal(next(&s), 1);
		assert_int_equal(s.m->flags, KT_DEV_M_REPEATED);
		assert_int_equal(next(&s), 0);
		has_digest(&s, &z.out);
		close_source(&s);
	}
	zb_free(&z);
	kt_buf_free(&out);
}

static unsigned looks;

static int stop_now_and_then(void *ctx)
{
	(void)ctx;
	return ++looks % 3 == 0 ? KT_E_CANCELLED : 0;
}

/* Someone who stops a request may go on with the next one. */
static void goes_on_after_a_stop(void **state)
{
	static uint8_t noise[3 << 20];
	struct kt_img_summary sum;
	struct kt_buf b;
	struct zb z;
	struct src s;
	unsigned n, stops;
	int r;

	(void)state;
	fill_noise(noise, sizeof(noise), 1);
	kt_buf_init(&b, 0);
	for (int i = 0; i < 3; i++) {
		tar_file(&b, "x", noise, sizeof(noise));
		tar_file(&b, WAZE, noise, sizeof(noise));
	}
	tar_end(&b);
	/* and an archive with so many members that the watch is looked at between them */
	zb_init(&z);
	for (int i = 0; i < 3000; i++)
		zb_add(&z, i % 10 == 0 ? WAZE : "x", "", 0, NULL);
	zb_end(&z, false, "");
	for (size_t k = 0; k < 2; k++) {
		const struct kt_buf *from = k == 0 ? &b : &z.out;

		n = stops = 0;
		assert_int_equal(open_bytes(&s, from, IMG, "", stop_now_and_then), 0);
		while ((r = next(&s)) != 0) {
			assert_true(r == 1 || r == KT_E_CANCELLED);
			n += r == 1;
			stops += r == KT_E_CANCELLED;
		}
		assert_int_equal(n, k == 0 ? 3 : 300);
		assert_true(stops > 2);
		kt_image_summary(s.im, &sum);
		assert_int_equal(sum.seen, k == 0 ? 6 : 3000);
		has_digest(&s, from);
		close_source(&s);
	}
	kt_buf_free(&b);
	zb_free(&z);
}

static void gz_into(struct kt_buf *b, const struct kt_buf *from)
{
	uLong room = compressBound((uLong)from->len) + 100;
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
			 Z_OK);
	assert_int_equal(kt_buf_reserve(b, room), 0);
	z.next_in = from->p;
	z.avail_in = (uInt)from->len;
	z.next_out = b->p;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	b->len = room - z.avail_out;
	deflateEnd(&z);
}

/* In a tar.gz what fits into memory can be read anywhere, the rest forward only. */
static void reads_a_stream_at_random(void **state)
{
	const size_t large = ((size_t)32 << 20) + 5;
	uint8_t *data = calloc(1, large), p[100];
	struct kt_buf b, gz, out;
	struct src s;
	size_t got;

	(void)state;
	assert_non_null(data);
	fill_noise(data, 1000, 1);
	memcpy(data + large - 5, "end!!", 5);
	kt_buf_init(&b, (size_t)80 << 20);
	kt_buf_init(&gz, 0);
	kt_buf_init(&out, (size_t)80 << 20);
	tar_file(&b, WAZE, data, 1000);
	tar_file(&b, WAZE "-wal", data, large);
	tar_end(&b);
	gz_into(&gz, &b);
	assert_int_equal(open_bytes(&s, &gz, IMG, "", NULL), 0);
	assert_int_equal(kt_image_layout(s.im), KT_LAYOUT_TARGZ);
	assert_int_equal(next(&s), 1);
	assert_int_equal(kt_image_read(s.im, 900, p, 100, &got, NULL), 0);
	assert_memory_equal(p, data + 900, 100);
	assert_int_equal(kt_image_read(s.im, 0, p, 100, &got, NULL), 0);
	assert_memory_equal(p, data, 100);
	assert_int_equal(read_whole(&s, &out), 0);
	assert_int_equal(out.len, 1000);
	assert_int_equal(next(&s), 1);
	assert_int_equal(kt_image_read(s.im, 10, p, 100, &got, NULL), 0);
	assert_memory_equal(p, data + 10, 100);
	assert_int_equal(kt_image_read(s.im, large - 5, p, 100, &got, NULL), 0);
	assert_int_equal(got, 5);
	assert_memory_equal(p, "end!!", 5);
	assert_int_equal(kt_image_read(s.im, 10, p, 100, &got, NULL), KT_E_LIMIT);
	assert_int_equal(kt_image_begin(s.im, NULL), KT_E_LIMIT);
	assert_int_equal(next(&s), 0);
	has_digest(&s, &gz);
	close_source(&s);
	/* read in order without a step before, it is fine */
	assert_int_equal(open_bytes(&s, &gz, IMG, "", NULL), 0);
	assert_int_equal(next(&s), 1);
	assert_int_equal(next(&s), 1);
	assert_int_equal(read_whole(&s, &out), 0);
	assert_int_equal(out.len, large);
	assert_memory_equal(out.p, data, large);
	close_source(&s);
	kt_buf_free(&b);
	kt_buf_free(&gz);
	kt_buf_free(&out);
	free(data);
}

static void opens_what_was_handed_over(void **state)
{
	static const struct {
		unsigned form;
		const char *name;
		enum kt_dev_layout layout;
	} cases[] = {
		{FIL, "takeout-1.zip", KT_LAYOUT_ZIP},
		{FIL, "TAKEOUT.ZIP", KT_LAYOUT_ZIP},
		{FIL, "tour.kmz", KT_LAYOUT_FILE},
		{FIL, "pass.pkpass", KT_LAYOUT_FILE},
		{FIL, "", KT_LAYOUT_ZIP},
		{IMG, "image.bin", KT_LAYOUT_ZIP},
	};
	struct kt_buf text, out;
	struct src s;
	struct zb z;

	(void)state;
	zb_init(&z);
	zb_add(&z, "Takeout/Records.json", "{}", 2, NULL);
	zb_end(&z, false, "");
	kt_buf_init(&text, 0);
	kt_buf_init(&out, 0);
	kt_buf_puts(&text, "<gpx/>");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(open_bytes(&s, &z.out, cases[i].form, cases[i].name, NULL), 0);
		assert_int_equal(kt_image_layout(s.im), cases[i].layout);
		assert_int_equal(kt_image_size(s.im), z.out.len);
		if (cases[i].form == FIL) {
			assert_int_equal(next(&s), 1);
			assert_int_equal(s.m->id[0], KT_REQ_HANDED);
			if (cases[i].layout == KT_LAYOUT_FILE) {
				assert_true(is_path(&s, cases[i].name));
				assert_int_equal(read_whole(&s, &out), 0);
				assert_int_equal(out.len, z.out.len);
			}
		}
		assert_int_equal(next(&s), 0);
		has_digest(&s, &z.out);
		close_source(&s);
	}
	assert_int_equal(open_bytes(&s, &text, FIL, "a.gpx", NULL), 0);
	assert_int_equal(next(&s), 1);
	assert_int_equal(read_whole(&s, &out), 0);
	assert_int_equal(out.len, 6);
	assert_int_equal(next(&s), 0);
	has_digest(&s, &text);
	close_source(&s);
	/* neither an image nor a backup */
	assert_int_equal(open_bytes(&s, &text, IMG, "a.tar", NULL), KT_E_FORMAT);
	close(s.fd);
	assert_int_equal(open_bytes(&s, &z.out, BAK, "a.zip", NULL), KT_E_FORMAT);
	close(s.fd);
	assert_int_equal(open_bytes(&s, &text, KT_FORM_PHONE, "a", NULL), KT_E_USAGE);
	close(s.fd);
	kt_buf_free(&text);
	kt_buf_free(&out);
	zb_free(&z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_names),
		cmocka_unit_test(survives_cut_archives),
		cmocka_unit_test(goes_on_after_a_stop),
		cmocka_unit_test(reads_a_stream_at_random),
		cmocka_unit_test(opens_what_was_handed_over),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
