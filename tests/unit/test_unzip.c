/* SPDX-License-Identifier: EUPL-1.2 */
/* ZIP archives, as they should be and as they should not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/archive.h"

#define BIG 300000u

static uint8_t big[BIG], flat[BIG];

static int setup(void **state)
{
	(void)state;
	fill_noise(big, sizeof(big), 7);
	memset(flat, 'a', sizeof(flat));
	return 0;
}

static int open_zip(const struct zb *z, struct mem *m, struct kt_unzip **out, struct kt_err *err)
{
	struct kt_rdat src = {.read_at = mem_at, .arg = m, .size = z->out.len};

	*m = (struct mem){.p = z->out.p, .n = z->out.len};
	return kt_unzip_open(&src, 1000, 10000, out, err);
}

/* Opens; the code and a word of the text. */
static void refuses(const struct zb *z, int code, const char *word)
{
	struct kt_err err = {0};
	struct kt_unzip *u;
	struct mem m;

	assert_int_equal(open_zip(z, &m, &u, &err), code);
	assert_null(u);
	if (strstr(kt_err_text(&err), word) == NULL)
		fail_msg("\"%s\" has no \"%s\"", kt_err_text(&err), word);
}

/* Reads member i as a whole, in steps; the code. */
static int read_member(struct kt_unzip *u, uint32_t i, size_t step, struct kt_buf *out,
		       struct kt_err *err)
{
	struct kt_unzip_stream *s;
	size_t got = 1;
	int r = kt_unzip_start(u, i, &s, err);

	kt_buf_reset(out);
	while (r == 0 && got > 0) {
		assert_int_equal(kt_buf_reserve(out, step), 0);
		r = kt_unzip_read(s, out->p + out->len, step, &got, err);
		out->len += got;
	}
	kt_unzip_stop(&s);
	return r;
}

/* Member 0 can't be read; the archive itself opens. */
static void spoils(const struct zb *z, int code, const char *word)
{
	struct kt_err err = {0};
	struct kt_unzip *u;
	struct kt_buf out;
	struct mem m;

	kt_buf_init(&out, 0);
	assert_int_equal(open_zip(z, &m, &u, &err), 0);
	assert_int_equal(read_member(u, 0, 1000, &out, &err), code);
	if (strstr(kt_err_text(&err), word) == NULL)
		fail_msg("\"%s\" has no \"%s\"", kt_err_text(&err), word);
	kt_unzip_close(&u);
	kt_buf_free(&out);
}

static void add_usual(struct zb *z)
{
	zb_add(z, "folder/", "", 0, &(struct zopt){.mode = 040755});
	zb_add(z, "folder/stored", big, sizeof(big), NULL);
	zb_add(z, "folder/packed", big, sizeof(big),
	       &(struct zopt){.method = 8, .mtime = 1700000000});
	zb_add(z, "flat", flat, sizeof(flat), &(struct zopt){.method = 8});
	zb_add(z, "empty", "", 0, NULL);
	zb_add(z, "empty packed", "", 0, &(struct zopt){.method = 8});
	zb_add(z, "later", big, 5000, &(struct zopt){.method = 8, .later = true});
	zb_add(z, "wide", big, 5000, &(struct zopt){.method = 8, .wide = true});
	zb_add(z, "link", "target", 6, &(struct zopt){.mode = 0120777});
}

static void is_usual(struct kt_unzip *u, size_t step)
{
	static const struct {
		const void *p;
		size_t n;
	} want[] = {{"", 0}, {big, BIG},  {big, BIG},  {flat, BIG},  {"", 0},
		    {"", 0}, {big, 5000}, {big, 5000}, {"target", 6}};
	struct kt_buf out;

	kt_buf_init(&out, 0);
	assert_int_equal(kt_unzip_count(u), 9);
	for (uint32_t i = 0; i < 9; i++) {
		struct kt_err err = {0};

		assert_int_equal(read_member(u, i, step, &out, &err), 0);
		assert_int_equal(out.len, want[i].n);
		assert_int_equal(kt_unzip_member(u, i)->size, want[i].n);
		assert_memory_equal(out.p, want[i].p, want[i].n);
	}
	kt_buf_free(&out);
}

static void reads_what_is_right(void **state)
{
	const bool wide[] = {false, true};

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct kt_unzip *u;
		struct mem m;
		struct zb z;

		zb_init(&z);
		add_usual(&z);
		zb_end(&z, wide[k], k == 0 ? "" : "a comment");
		assert_int_equal(open_zip(&z, &m, &u, NULL), 0);
		is_usual(u, 1);
		is_usual(u, 777);
		is_usual(u, BIG + 1);
		assert_true(kt_unzip_member(u, 0)->is_dir);
		assert_false(kt_unzip_member(u, 1)->is_dir);
		assert_int_equal(kt_unzip_member(u, 2)->mtime, 1700000000);
		assert_int_equal(kt_unzip_member(u, 8)->mode, 0120777);
		assert_null(kt_unzip_member(u, 9));
		kt_unzip_close(&u);
		assert_null(u);
		zb_free(&z);
	}
}

static void reads_anywhere(void **state)
{
	static const uint64_t offs[] = {0, 299000, 5, 150000, 149999, 299999, 300000, 400000, 0};
	struct kt_unzip *u;
	struct kt_unzip_stream *s;
	struct zb z;
	struct mem m;

	(void)state;
	zb_init(&z);
	add_usual(&z);
	zb_end(&z, false, "");
	assert_int_equal(open_zip(&z, &m, &u, NULL), 0);
	for (uint32_t i = 1; i <= 2; i++) {
		assert_int_equal(kt_unzip_start(u, i, &s, NULL), 0);
		for (size_t k = 0; k < sizeof(offs) / sizeof(offs[0]); k++) {
			uint8_t p[3000];
			size_t got, want = offs[k] >= BIG	  ? 0
					   : BIG - offs[k] < 3000 ? (size_t)(BIG - offs[k])
								  : 3000;

			assert_int_equal(kt_unzip_read_at(s, offs[k], p, 3000, &got, NULL), 0);
			assert_int_equal(got, want);
			if (want > 0)
				assert_memory_equal(p, big + offs[k], want);
		}
		/* 5 behind 299000, 149999 behind 150000, 0 behind 299999 */
		assert_int_equal(kt_unzip_rewinds(s), i == 1 ? 0 : 3);
		kt_unzip_stop(&s);
	}
	kt_unzip_close(&u);
	zb_free(&z);
}

static void names_may_repeat_and_hold_anything(void **state)
{
	struct kt_unzip *u;
	struct zb z;
	struct mem m;

	(void)state;
	zb_init(&z);
	zb_add(&z, "a\0b", "1", 1, &(struct zopt){.name_len = 3});
	zb_add(&z, "same", "1", 1, NULL);
	zb_add(&z, "same", "2", 1, NULL);
	zb_add(&z, "a\0c", "1", 1, &(struct zopt){.name_len = 3});
	zb_add(&z, "../../same", "3", 1, NULL);
	zb_end(&z, false, "");
	assert_int_equal(open_zip(&z, &m, &u, NULL), 0);
	assert_int_equal(kt_unzip_member(u, 0)->name_len, 3);
	assert_memory_equal(kt_unzip_member(u, 0)->name, "a\0b", 3);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(kt_unzip_member(u, i)->repeated, i == 2);
	kt_unzip_close(&u);
	zb_free(&z);
}

/* Every prefix is refused: the end record is not the last thing. */
static void refuses_every_prefix(void **state)
{
	struct zb z;
	size_t full;

	(void)state;
	zb_init(&z);
	zb_add(&z, "a", big, 200, &(struct zopt){.method = 8});
	zb_add(&z, "b", big, 200, &(struct zopt){.wide = true});
	zb_end(&z, true, "");
	full = z.out.len;
	for (size_t n = 0; n < full; n++) {
		struct kt_unzip *u;
		struct mem m;

		z.out.len = n;
		assert_int_equal(open_zip(&z, &m, &u, NULL), KT_E_FORMAT);
	}
	zb_free(&z);
}

/* With any one bit turned over, what is read without an error is what was packed. */
static void survives_every_bit(void **state)
{
	struct kt_buf out;
	struct zb z;

	(void)state;
	kt_buf_init(&out, 0);
	zb_init(&z);
	zb_add(&z, "a", big, 60, &(struct zopt){.method = 8, .later = true});
	zb_add(&z, "b", big, 60, &(struct zopt){.wide = true, .mtime = 5});
	zb_end(&z, true, "c");
	for (size_t bit = 0; bit < z.out.len * 8; bit++) {
		struct kt_unzip *u;
		struct mem m;

		z.out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (open_zip(&z, &m, &u, NULL) == 0)
			for (uint32_t i = 0; i < kt_unzip_count(u); i++)
				if (read_member(u, i, 1000, &out, NULL) == 0 && out.len > 0) {
					assert_int_equal(out.len, 60);
					assert_memory_equal(out.p, big, 60);
				}
		kt_unzip_close(&u);
		z.out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	zb_free(&z);
	kt_buf_free(&out);
}

static void refuses_overlaps(void **state)
{
	struct zb z;

	(void)state;
	zb_init(&z);
	zb_add(&z, "a", big, 5000, NULL);
	zb_add(&z, "b", big, 5000, NULL);
	/* the second one claims the first one's bytes */
	kt_put_le32(z.cd.p + z.last_cd + 42, 0);
	zb_end(&z, false, "");
	refuses(&z, KT_E_FORMAT, "overlap");
	zb_free(&z);
	zb_init(&z);
	zb_add(&z, "a", big, 5000, NULL);
	kt_put_le32(z.cd.p + z.last_cd + 20, 5001);
	kt_put_le32(z.cd.p + z.last_cd + 24, 5001);
	zb_add(&z, "b", big, 5000, NULL);
	zb_end(&z, false, "");
	refuses(&z, KT_E_FORMAT, "overlap");
	zb_free(&z);
	/* not by the directory, but by the length of its own header */
	zb_init(&z);
	zb_add(&z, "a", big, 5000, NULL);
	z.out.p[28] = 1;
	zb_add(&z, "b", big, 5000, NULL);
	zb_end(&z, false, "");
	spoils(&z, KT_E_FORMAT, "reaches into");
	zb_free(&z);
}

/* Members that stand in another order than their names are fine. */
static void sorts_places(void **state)
{
	struct kt_unzip *u;
	struct kt_buf cd, out;
	struct zb z;
	struct mem m;
	char name[8];

	(void)state;
	kt_buf_init(&cd, 0);
	kt_buf_init(&out, 0);
	zb_init(&z);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "n%03u", i);
		zb_add(&z, name, &i, sizeof(i), NULL);
	}
	/* records of 50 bytes each: 7 i mod 200 goes through all of them */
	for (unsigned i = 0; i < 200; i++)
		kt_buf_put(&cd, z.cd.p + (size_t)(7 * i % 200) * 50, 50);
	memcpy(z.cd.p, cd.p, cd.len);
	zb_end(&z, false, "");
	assert_int_equal(open_zip(&z, &m, &u, NULL), 0);
	for (unsigned i = 0; i < 200; i++) {
		unsigned want = 7 * i % 200;

		assert_int_equal(read_member(u, i, 10, &out, NULL), 0);
		assert_memory_equal(out.p, &want, sizeof(want));
	}
	kt_unzip_close(&u);
	zb_free(&z);
	kt_buf_free(&cd);
	kt_buf_free(&out);
}

static void refuses_wrong_ends(void **state)
{
	struct zb z;
	struct kt_buf b;

	(void)state;
	zb_init(&z);
	zb_add(&z, "a", "1", 1, NULL);
	zb_end(&z, false, "");
	kt_buf_putc(&z.out, 'x');
	refuses(&z, KT_E_FORMAT, "end record");
	zb_free(&z);
	/* bytes in front: every offset is wrong by one */
	zb_init(&z);
	kt_buf_init(&b, 0);
	zb_add(&z, "a", "1", 1, NULL);
	zb_end(&z, false, "");
	kt_buf_putc(&b, 'x');
	kt_buf_put(&b, z.out.p, z.out.len);
	kt_buf_reset(&z.out);
	kt_buf_put(&z.out, b.p, b.len);
	refuses(&z, KT_E_FORMAT, "does not end where");
	zb_free(&z);
	kt_buf_free(&b);
	/* a comment that is an end record itself */
	zb_init(&z);
	zb_add(&z, "a", "1", 1, NULL);
	zb_end(&z, false,
	       "PK\x05\x06"
	       "123456789012345678");
	memset(z.out.p + z.out.len - 18, 0, 18);
	refuses(&z, KT_E_FORMAT, "two end records");
	zb_free(&z);
	/* one of several disks */
	zb_init(&z);
	zb_add(&z, "a", "1", 1, NULL);
	zb_end(&z, false, "");
	z.out.p[z.out.len - 18] = 1;
	refuses(&z, KT_E_FORMAT, "several");
	zb_free(&z);
	/* more members than it has, fewer than it has */
	for (int k = 0; k < 2; k++) {
		zb_init(&z);
		zb_add(&z, "a", "1", 1, NULL);
		zb_add(&z, "b", "1", 1, NULL);
		z.n = k == 0 ? 3 : 1;
		zb_end(&z, false, "");
		refuses(&z, KT_E_FORMAT, k == 0 ? "more members" : "more than it counts");
		zb_free(&z);
	}
}

static void refuses_wrong_zip64(void **state)
{
	struct zb z;

	(void)state;
	for (int k = 0; k < 4; k++) {
		static const struct {
			size_t back; /* from the end of the file */
			const char *word;
		} spots[] = {{22 + 20 - 8, "locator"},	      /* where the long record is */
			     {22 + 20 + 56 - 4, "ZIP64 end"}, /* its own length */
			     {22 + 20 + 56 - 24, "several"},  /* entries on this disk */
			     {22 + 20 + 8, "does not end"}};  /* offset of the directory */

		zb_init(&z);
		zb_add(&z, "a", "1", 1, &(struct zopt){.wide = true});
		zb_end(&z, true, "");
		z.out.p[z.out.len - spots[k].back] ^= k == 0 ? 0x80 : 1;
		if (k == 0)
			z.out.p[z.out.len - spots[k].back + 7] = 0x7f;
		refuses(&z, KT_E_FORMAT, spots[k].word);
		zb_free(&z);
	}
	/* the long sizes are asked for, but the field is too short for them */
	zb_init(&z);
	zb_add(&z, "a", "1", 1, &(struct zopt){.wide = true});
	z.cd.p[z.last_cd + 46 + 1 + 2] = 8;
	zb_end(&z, false, "");
	refuses(&z, KT_E_FORMAT, "too short");
	zb_free(&z);
	/* short and long end record disagree */
	zb_init(&z);
	zb_add(&z, "a", "1", 1, NULL);
	zb_end(&z, true, "");
	kt_put_le32(z.out.p + z.out.len - 10, 3);
	refuses(&z, KT_E_FORMAT, "contradict");
	zb_free(&z);
}

static void refuses_members_outside(void **state)
{
	struct zb z;

	(void)state;
	zb_init(&z);
	zb_add(&z, "a", "1", 1, NULL);
	kt_put_le32(z.cd.p + z.last_cd + 20, 100);
	zb_end(&z, false, "");
	refuses(&z, KT_E_FORMAT, "outside");
	zb_free(&z);
	/* a sum that would wrap */
	zb_init(&z);
	zb_add(&z, "a", "1", 1, &(struct zopt){.wide = true});
	memset(z.cd.p + z.last_cd + 46 + 1 + 4 + 8, 0xff, 8);
	zb_end(&z, false, "");
	refuses(&z, KT_E_FORMAT, "outside");
	zb_free(&z);
}

static void refuses_members_that_lie(void **state)
{
	uint8_t packed[1000];
	size_t n = deflate_raw(flat, 5000, packed, sizeof(packed));
	struct zb z;
	const struct {
		const char *name;
		struct zopt o;
		int code;
		const char *word;
	} cases[] = {
		{"crc", {.crc_xor = 1}, KT_E_FORMAT, "CRC"},
		{"crc packed", {.method = 8, .crc_xor = 1}, KT_E_FORMAT, "CRC"},
		{"two sizes", {.size = 4999}, KT_E_FORMAT, "two sizes"},
		{"longer", {.method = 8, .size = 4999}, KT_E_FORMAT, "longer"},
		{"shorter", {.method = 8, .size = 5001}, KT_E_FORMAT, "shorter"},
		{"bomb", {.method = 8, .size = (uint64_t)1 << 31}, KT_E_LIMIT, "claims"},
		{"encrypted", {.flags = 1}, KT_E_REFUSED, "encrypted"},
		{"method", {.method = 12}, KT_E_FORMAT, "method 12"},
		{"cut", {.method = 8, .raw = packed, .raw_len = n - 3}, KT_E_FORMAT, "cut"},
		{"behind", {.method = 8, .raw = packed, .raw_len = n + 3}, KT_E_FORMAT, "behind"},
	};

	(void)state;
	memset(packed + n, 0, sizeof(packed) - n);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		zb_init(&z);
		zb_add(&z, cases[i].name, flat, 5000, &cases[i].o);
		zb_end(&z, false, "");
		spoils(&z, cases[i].code, cases[i].word);
		zb_free(&z);
	}
}

static void compares_the_two_headers(void **state)
{
	static const size_t spots[] = {0, 8, 14, 18, 22, 26, 30}; /* signature .. name */
	struct zb z;

	(void)state;
	for (size_t i = 0; i < sizeof(spots) / sizeof(spots[0]); i++) {
		zb_init(&z);
		zb_add(&z, "name", flat, 5000, NULL);
		z.out.p[spots[i]] ^= 4;
		zb_end(&z, false, "");
		spoils(&z, KT_E_FORMAT, "differs");
		zb_free(&z);
	}
}

static void keeps_its_limits(void **state)
{
	char name[512];
	struct zb z;

	(void)state;
	zb_init(&z);
	for (int i = 0; i < 1001; i++)
		zb_add(&z, "a", "", 0, NULL);
	zb_end(&z, false, "");
	refuses(&z, KT_E_LIMIT, "members");
	zb_free(&z);
	memset(name, 'n', sizeof(name));
	zb_init(&z);
	for (int i = 0; i < 20; i++)
		zb_add(&z, name, "", 0, &(struct zopt){.name_len = 512});
	zb_end(&z, false, "");
	refuses(&z, KT_E_LIMIT, "names");
	zb_free(&z);
}

static void an_empty_archive_is_one(void **state)
{
	struct kt_unzip *u;
	struct zb z;
	struct mem m;

	(void)state;
	zb_init(&z);
	zb_end(&z, false, "");
	assert_int_equal(open_zip(&z, &m, &u, NULL), 0);
	assert_int_equal(kt_unzip_count(u), 0);
	kt_unzip_close(&u);
	zb_free(&z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_right),
		cmocka_unit_test(reads_anywhere),
		cmocka_unit_test(names_may_repeat_and_hold_anything),
		cmocka_unit_test(refuses_every_prefix),
		cmocka_unit_test(survives_every_bit),
		cmocka_unit_test(refuses_overlaps),
		cmocka_unit_test(sorts_places),
		cmocka_unit_test(refuses_wrong_ends),
		cmocka_unit_test(refuses_wrong_zip64),
		cmocka_unit_test(refuses_members_outside),
		cmocka_unit_test(refuses_members_that_lie),
		cmocka_unit_test(compares_the_two_headers),
		cmocka_unit_test(keeps_its_limits),
		cmocka_unit_test(an_empty_archive_is_one),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
