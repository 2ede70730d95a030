/* SPDX-License-Identifier: EUPL-1.2 */
/* tar and gzip as streams, as they should be and as they should not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/archive.h"

#define BIG 3000000u

static uint8_t big[BIG];

static int setup(void **state)
{
	(void)state;
	fill_noise(big, sizeof(big), 3);
	return 0;
}

static struct kt_untar *open_tar(const struct kt_buf *b, struct mem *m, size_t step)
{
	struct kt_rdseq src = {.read = mem_next, .arg = m};
	struct kt_untar *t;

	*m = (struct mem){.p = b->p, .n = b->len, .step = step};
	assert_int_equal(kt_untar_open(&src, &t, NULL), 0);
	return t;
}

/* The code at the end of the archive, and its text; members are read as a whole. */
static int walk(const struct kt_buf *b, unsigned *members, struct kt_err *err)
{
	struct kt_tar_member m;
	struct mem mem;
	struct kt_untar *t = open_tar(b, &mem, 0);
	int r;

	*members = 0;
	while ((r = kt_untar_next(t, &m, err)) == 1) {
		const uint8_t *p;
		size_t n = 1;

		++*members;
		while (r == 1 && n > 0)
			if (kt_untar_chunk(t, 10000, &p, &n, err) < 0)
				break;
	}
	/* what failed once stays failed */
	if (r < 0 && r != KT_E_CANCELLED)
		assert_true(kt_untar_next(t, &m, NULL) < 0);
	if (r == 0 && kt_untar_end_missing(t))
		r = 100;
	kt_untar_close(&t);
	assert_null(t);
	return r;
}

static void refuses(const struct kt_buf *b, int code, const char *word)
{
	struct kt_err err = {0};
	unsigned n;

	assert_int_equal(walk(b, &n, &err), code);
	if (strstr(kt_err_text(&err), word) == NULL)
		fail_msg("\"%s\" has no \"%s\"", kt_err_text(&err), word);
}

/* The one member of an archive. */
static struct kt_tar_member only(const struct kt_buf *b, char *name, size_t size)
{
	struct kt_tar_member m, none;
	struct mem mem;
	struct kt_untar *t = open_tar(b, &mem, 0);

	assert_int_equal(kt_untar_next(t, &m, NULL), 1);
	assert_true(m.name_len < size);
	memcpy(name, m.name, m.name_len);
	name[m.name_len] = '\0';
	assert_int_equal(kt_untar_next(t, &none, NULL), 0);
	assert_false(kt_untar_end_missing(t));
	kt_untar_close(&t);
	return m;
}

/* -- right ones ------------------------------------------------------------------------------- */

static void make_usual(struct kt_buf *b)
{
	uint8_t *h;

	kt_buf_init(b, 0);
	tar_head(b, "folder/", '5', 0, TAR_USTAR);
	tar_file(b, "folder/small", "hello", 5);
	tar_file(b, "folder/big", big, sizeof(big));
	tar_file(b, "empty", "", 0);
	tar_head(b, "old", '\0', 3, TAR_V7);
	tar_data(b, "old", 3);
	/* a hard link that states the size of what it points to */
	tar_head(b, "link", '1', 5000, TAR_GNU);
	tar_head(b, "symbolic", '2', 0, TAR_GNU);
	tar_head(b, "device", '3', 0, TAR_GNU);
	h = tar_head(b, "sparse", 'S', 512, TAR_GNU);
	h[482] = 1;
	memcpy(h + 483, "00000040000", 12);
	tar_sum(h);
	kt_buf_put(b, big, 512);
	b->p[b->len - 512 + 504] = 1;
	kt_buf_put(b, big, 512);
	b->p[b->len - 512 + 504] = 0;
	kt_buf_put(b, big, 512);
	tar_file(b, "last", "end", 3);
	tar_end(b);
}

static void is_usual(struct kt_untar *t)
{
	static const struct {
		const char *name;
		enum kt_tar_type type;
		uint64_t size;
	} want[] = {{"folder/", KT_TAR_DIR, 0},	       {"folder/small", KT_TAR_FILE, 5},
		    {"folder/big", KT_TAR_FILE, BIG},  {"empty", KT_TAR_FILE, 0},
		    {"old", KT_TAR_FILE, 3},	       {"link", KT_TAR_LINK, 0},
		    {"symbolic", KT_TAR_LINK, 0},      {"device", KT_TAR_OTHER, 0},
		    {"sparse", KT_TAR_SPARSE, 040000}, {"last", KT_TAR_FILE, 3}};
	struct kt_tar_member m;
	int r;

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		while ((r = kt_untar_next(t, &m, NULL)) == KT_E_CANCELLED)
			;
		assert_int_equal(r, 1);
		assert_int_equal(m.name_len, strlen(want[i].name));
		assert_memory_equal(m.name, want[i].name, m.name_len);
		assert_int_equal(m.type, want[i].type);
		assert_int_equal(m.size, want[i].size);
		assert_int_equal(m.mtime, 1700000000);
		assert_int_equal(m.mode, 0644);
	}
	while ((r = kt_untar_next(t, &m, NULL)) == KT_E_CANCELLED)
		;
	assert_int_equal(r, 0);
	assert_int_equal(kt_untar_next(t, &m, NULL), 0);
	assert_false(kt_untar_end_missing(t));
}

static void reads_what_is_right(void **state)
{
	static const size_t steps[] = {0, 100, 511, 513, 1u << 20};
	struct kt_buf b;

	(void)state;
	make_usual(&b);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct mem m;
		struct kt_untar *t = open_tar(&b, &m, steps[i]);

		is_usual(t);
		kt_untar_close(&t);
	}
	kt_buf_free(&b);
}

/* A source that is stopped now and then goes on where it was. */
static void goes_on_after_a_stop(void **state)
{
	struct kt_buf b;
	struct mem m;
	struct kt_untar *t;

	(void)state;
	kt_buf_init(&b, 0);
	tar_file(&b, "folder/big", big, sizeof(big));
	tar_file(&b, "last", "end", 3);
	tar_end(&b);
	t = open_tar(&b, &m, 4096);
	for (int i = 0; i < 2; i++) {
		struct kt_tar_member k;
		int r;

		m.stop = i == 0 ? 0 : 5;
		while ((r = kt_untar_next(t, &k, NULL)) == KT_E_CANCELLED)
			assert_int_equal(i, 1);
		assert_int_equal(r, 1);
		assert_memory_equal(k.name, i == 0 ? "folder/big" : "last", k.name_len);
		m.stop = 0;
	}
	kt_untar_close(&t);
	kt_buf_free(&b);
}

static void gives_the_right_bytes(void **state)
{
	struct kt_tar_member m;
	struct kt_buf b, got;
	struct kt_untar *t;
	struct mem mem;
	uint8_t piece[1000];
	size_t n = 1;

	(void)state;
	make_usual(&b);
	kt_buf_init(&got, 0);
	t = open_tar(&b, &mem, 70000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(kt_untar_next(t, &m, NULL), 1);
	assert_int_equal(m.size, BIG);
	assert_memory_equal(b.p + m.data_off, big, 100);
	while (n > 0) {
		assert_int_equal(kt_untar_read(t, piece, sizeof(piece), &n, NULL), 0);
		kt_buf_put(&got, piece, n);
	}
	assert_int_equal(got.len, BIG);
	assert_memory_equal(got.p, big, BIG);
	kt_untar_close(&t);
	kt_buf_free(&b);
	kt_buf_free(&got);
}

static void reads_long_names(void **state)
{
	char text[300], name[300];
	struct kt_tar_member m;
	struct kt_buf b, pax;
	uint8_t *h;

	(void)state;
	memset(text, 'n', 299);
	text[299] = '\0';
	/* GNU */
	kt_buf_init(&b, 0);
	tar_head(&b, "././@LongLink", 'K', 300, TAR_GNU);
	tar_data(&b, text, 300);
	tar_head(&b, "././@LongLink", 'L', 300, TAR_GNU);
	tar_data(&b, text, 300);
	tar_file(&b, "short", "x", 1);
	tar_end(&b);
	m = only(&b, name, sizeof(name));
	assert_string_equal(name, text);
	kt_buf_reset(&b);
	/* pax, with size and time too */
	kt_buf_init(&pax, 0);
	pax_put(&pax, "path", text, 299);
	pax_put(&pax, "mtime", "1600000000.75", 13);
	pax_put(&pax, "size", "3", 1);
	pax_put(&pax, "comment", "a\0b", 3);
	tar_head(&b, "pax", 'x', pax.len, TAR_USTAR);
	tar_data(&b, pax.p, pax.len);
	tar_head(&b, "short", '0', 0, TAR_USTAR);
	tar_data(&b, "abc", 3);
	tar_end(&b);
	m = only(&b, name, sizeof(name));
	assert_string_equal(name, text);
	assert_int_equal(m.mtime, 1600000000);
	assert_int_equal(m.size, 3);
	kt_buf_reset(&b);
	/* ustar: the front stands elsewhere; GNU has other things there */
	for (int k = 0; k < 2; k++) {
		h = tar_head(&b, "name", '0', 0, k == 0 ? TAR_USTAR : TAR_GNU);
		memcpy(h + 345, "front/part", 10);
		tar_sum(h);
		tar_end(&b);
		only(&b, name, sizeof(name));
		assert_string_equal(name, k == 0 ? "front/part/name" : "name");
		kt_buf_reset(&b);
	}
	/* what is said about all members changes nothing */
	kt_buf_reset(&pax);
	pax_put(&pax, "path", "elsewhere", 9);
	tar_head(&b, "global", 'g', pax.len, TAR_USTAR);
	tar_data(&b, pax.p, pax.len);
	tar_file(&b, "short", "x", 1);
	tar_end(&b);
	only(&b, name, sizeof(name));
	assert_string_equal(name, "short");
	kt_buf_free(&b);
	kt_buf_free(&pax);
}

static void a_name_is_for_one_member_only(void **state)
{
	struct kt_tar_member m;
	struct kt_buf b, pax;
	struct kt_untar *t;
	struct mem mem;

	(void)state;
	kt_buf_init(&b, 0);
	kt_buf_init(&pax, 0);
	pax_put(&pax, "path", "first", 5);
	pax_put(&pax, "size", "1", 1);
	tar_head(&b, "pax", 'x', pax.len, TAR_USTAR);
	tar_data(&b, pax.p, pax.len);
	tar_head(&b, "a", '0', 0, TAR_USTAR);
	tar_data(&b, "x", 1);
	tar_file(&b, "second", "xy", 2);
	tar_end(&b);
	t = open_tar(&b, &mem, 0);
	assert_int_equal(kt_untar_next(t, &m, NULL), 1);
	assert_int_equal(m.size, 1);
	assert_int_equal(kt_untar_next(t, &m, NULL), 1);
	assert_int_equal(m.size, 2);
	assert_memory_equal(m.name, "second", 6);
	kt_untar_close(&t);
	kt_buf_free(&b);
	kt_buf_free(&pax);
}

static void reads_other_numbers(void **state)
{
	char name[100];
	struct kt_tar_member m;
	struct kt_buf b;
	uint8_t *h;

	(void)state;
	kt_buf_init(&b, 0);
	/* base-256 */
	h = tar_head(&b, "a", '0', 0, TAR_GNU);
	memset(h + 124, 0, 12);
	h[124] = 0x80;
	h[135] = 3;
	tar_sum(h);
	tar_data(&b, "abc", 3);
	tar_end(&b);
	m = only(&b, name, sizeof(name));
	assert_int_equal(m.size, 3);
	kt_buf_reset(&b);
	/* a checksum of signed bytes */
	h = tar_head(&b, "a", '0', 3, TAR_GNU);
	h[0] = 0xe9;
	tar_sum(h);
	{
		unsigned sum = (unsigned)strtoul((char *)h + 148, NULL, 8) - 256;

		snprintf((char *)h + 148, 8, "%06o", sum);
	}
	tar_data(&b, "abc", 3);
	tar_end(&b);
	m = only(&b, name, sizeof(name));
	assert_int_equal(m.size, 3);
	kt_buf_reset(&b);
	/* blanks around the digits */
	h = tar_head(&b, "a", '0', 3, TAR_V7);
	memcpy(h + 124, "        3   ", 12);
	tar_sum(h);
	tar_data(&b, "abc", 3);
	tar_end(&b);
	m = only(&b, name, sizeof(name));
	assert_int_equal(m.size, 3);
	kt_buf_free(&b);
}

static void names_sparse_files(void **state)
{
	char name[100];
	struct kt_tar_member m;
	struct kt_buf b, pax;
	struct kt_untar *t;
	struct mem mem;
	const uint8_t *p;
	size_t n;

	(void)state;
	kt_buf_init(&b, 0);
	kt_buf_init(&pax, 0);
	pax_put(&pax, "GNU.sparse.major", "1", 1);
	pax_put(&pax, "GNU.sparse.name", "real/name", 9);
	pax_put(&pax, "GNU.sparse.realsize", "1000000", 7);
	pax_put(&pax, "path", "GNUSparseFile.1/name", 20);
	tar_head(&b, "pax", 'x', pax.len, TAR_USTAR);
	tar_data(&b, pax.p, pax.len);
	tar_file(&b, "GNUSparseFile.1/name", big, 512);
	tar_end(&b);
	m = only(&b, name, sizeof(name));
	assert_int_equal(m.type, KT_TAR_SPARSE);
	assert_int_equal(m.size, 1000000);
	assert_string_equal(name, "real/name");
	t = open_tar(&b, &mem, 0);
	assert_int_equal(kt_untar_next(t, &m, NULL), 1);
	assert_int_equal(kt_untar_chunk(t, 100, &p, &n, NULL), KT_E_REFUSED);
	kt_untar_close(&t);
	kt_buf_free(&b);
	kt_buf_free(&pax);
}

static void tells_what_follows_the_end(void **state)
{
	struct kt_tar_member m;
	struct kt_buf b;
	unsigned n;

	(void)state;
	kt_buf_init(&b, 0);
	tar_file(&b, "a", "1", 1);
	assert_int_equal(walk(&b, &n, NULL), 100);
	assert_int_equal(n, 1);
	/* one block of zeros where there should be two */
	kt_buf_put(&b, big, 512);
	memset(b.p + b.len - 512, 0, 512);
	assert_int_equal(walk(&b, &n, NULL), 100);
	b.len -= 512;
	tar_end(&b);
	assert_int_equal(walk(&b, &n, NULL), 0);
	for (int k = 0; k < 2; k++) {
		struct mem mem;
		struct kt_untar *t;
		bool junk;

		if (k == 1)
			tar_file(&b, "hidden", "2", 1);
		tar_end(&b);
		t = open_tar(&b, &mem, 0);
		assert_int_equal(kt_untar_next(t, &m, NULL), 1);
		assert_int_equal(kt_untar_next(t, &m, NULL), 0);
		assert_int_equal(kt_untar_drain(t, &junk, NULL), 0);
		assert_int_equal(junk, k == 1);
		kt_untar_close(&t);
	}
	kt_buf_free(&b);
}

/* -- wrong ones ------------------------------------------------------------------------------- */

static void ends_at_every_prefix(void **state)
{
	struct kt_buf b, pax;
	size_t full, edge1, edge2;

	(void)state;
	kt_buf_init(&b, 0);
	kt_buf_init(&pax, 0);
	pax_put(&pax, "path", "long", 4);
	tar_file(&b, "a", big, 700);
	edge1 = b.len;
	tar_head(&b, "pax", 'x', pax.len, TAR_USTAR);
	tar_data(&b, pax.p, pax.len);
	tar_file(&b, "b", big, 10);
	edge2 = b.len;
	tar_end(&b);
	full = b.len;
	for (size_t n = 0; n <= full; n++) {
		struct kt_err err = {0};
		unsigned members;
		int r;

		b.len = n;
		r = walk(&b, &members, &err);
		if (n == full)
			assert_int_equal(r, 0);
		else if (n == 0 || n == edge1 || n == edge2 || n >= edge2 + 512)
			assert_int_equal(r, 100); /* cut at a border: no end mark */
		else
			assert_int_equal(r, KT_E_FORMAT);
		assert_true(members <= 2);
	}
	kt_buf_free(&b);
	kt_buf_free(&pax);
}

static void finds_every_bit_in_a_header(void **state)
{
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	tar_file(&b, "a", big, 10);
	tar_end(&b);
	for (size_t bit = 0; bit < 8 * 512; bit++) {
		struct kt_err err = {0};
		unsigned n;

		/* the checksum field's own blanks mean the same as NUL */
		b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (bit / 8 < 148 || bit / 8 >= 156)
			assert_int_equal(walk(&b, &n, &err), KT_E_FORMAT);
		else
			walk(&b, &n, &err);
		b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	kt_buf_free(&b);
}

static void put_pax(struct kt_buf *b, const char *text)
{
	kt_buf_reset(b);
	tar_head(b, "pax", 'x', strlen(text), TAR_USTAR);
	tar_data(b, text, strlen(text));
	tar_file(b, "a", "x", 1);
	tar_end(b);
}

static void refuses_wrong_pax(void **state)
{
	static const struct {
		const char *text, *word;
	} cases[] = {
		{"8 path=a\n", "length"},
		{"0 path=a\n", "length"},
		{"99999999999999999999 path=a\n", "length"},
		{"12 path=a\n", "length"},
		{"13 path=ab\n", "length"},
		{" 10 path=a\n", "length"},
		{"3 \n", "without"},
		{"abc", "length"},
		{"8 patha\n", "without"},
		{"10 size=x\n", "number"},
		{"29 size=18446744073709551616\n", "number"},
		{"28 size=9223372036854775808\n", "no file has"},
		{"33 GNU.sparse.realsize=12345678z\n", "number"},
	};
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_pax(&b, cases[i].text);
		refuses(&b, KT_E_FORMAT, cases[i].word);
	}
	kt_buf_free(&b);
}

static void refuses_wrong_numbers(void **state)
{
	static const char *const sizes[] = {"0000000000x", "-0000000001", "\377",
					    "\200\001\000\000\000\000\000\000\000\000\000",
					    "777 7"};
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *h = tar_head(&b, "a", '0', 0, TAR_GNU);

		memset(h + 124, 0, 12);
		memcpy(h + 124, sizes[i], i == 3 ? 11 : strlen(sizes[i]));
		tar_sum(h);
		tar_end(&b);
		refuses(&b, KT_E_FORMAT, "no number");
		kt_buf_reset(&b);
	}
	kt_buf_free(&b);
}

static void keeps_its_limits(void **state)
{
	struct kt_buf b;

	(void)state;
	kt_buf_init(&b, 0);
	tar_head(&b, "././@LongLink", 'L', 65537, TAR_GNU);
	tar_data(&b, big, 65537);
	tar_file(&b, "a", "x", 1);
	tar_end(&b);
	refuses(&b, KT_E_LIMIT, "65537");
	kt_buf_reset(&b);
	tar_head(&b, "pax", 'x', (1 << 20) + 1, TAR_USTAR);
	tar_data(&b, big, (1 << 20) + 1);
	tar_file(&b, "a", "x", 1);
	tar_end(&b);
	refuses(&b, KT_E_LIMIT, "1048577");
	kt_buf_reset(&b);
	for (int i = 0; i < 70; i++) {
		tar_head(&b, "././@LongLink", 'L', 2, TAR_GNU);
		tar_data(&b, "a", 2);
	}
	tar_file(&b, "a", "x", 1);
	tar_end(&b);
	refuses(&b, KT_E_LIMIT, "headers");
	kt_buf_reset(&b);
	tar_head(&b, "././@LongLink", 'L', 2, TAR_GNU);
	tar_data(&b, "a", 2);
	tar_end(&b);
	refuses(&b, KT_E_FORMAT, "behind a header");
	kt_buf_free(&b);
}

/* -- gzip ------------------------------------------------------------------------------------- */

static void gz_put(struct kt_buf *b, const void *p, size_t n)
{
	z_stream z = {0};
	size_t room = n + n / 100 + 1000;

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
			 Z_OK);
	assert_int_equal(kt_buf_reserve(b, room), 0);
	z.next_in = (Bytef *)(uintptr_t)p;
	z.avail_in = (uInt)n;
	z.next_out = b->p + b->len;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	b->len += room - z.avail_out;
	deflateEnd(&z);
}

static int gz_get(const struct kt_buf *b, size_t step_in, size_t step_out, struct kt_buf *out,
		  struct kt_err *err)
{
	struct mem m = {.p = b->p, .n = b->len, .step = step_in};
	struct kt_rdseq src = {.read = mem_next, .arg = &m};
	struct kt_gunzip *g;
	size_t got = 1;
	int r;

	kt_buf_reset(out);
	assert_int_equal(kt_gunzip_open(&src, &g, NULL), 0);
	do {
		assert_int_equal(kt_buf_reserve(out, step_out), 0);
		r = kt_gunzip_read(g, out->p + out->len, step_out, &got, err);
		out->len += got;
	} while (r == 0 && got > 0);
	kt_gunzip_close(&g);
	assert_null(g);
	return r;
}

static void gunzip_reads_members_in_a_row(void **state)
{
	static const uint8_t zero[700];
	struct kt_buf b, out;

	(void)state;
	kt_buf_init(&b, 0);
	kt_buf_init(&out, 0);
	gz_put(&b, big, 100000);
	gz_put(&b, "", 0);
	gz_put(&b, big + 100000, 1000);
	for (size_t k = 0; k < 2; k++) {
		assert_int_equal(gz_get(&b, 1, 100, &out, NULL), 0);
		assert_int_equal(out.len, 101000);
		assert_memory_equal(out.p, big, 101000);
		assert_int_equal(gz_get(&b, 0, 1 << 20, &out, NULL), 0);
		assert_int_equal(out.len, 101000);
		/* and with the padding of a tape */
		kt_buf_put(&b, zero, sizeof(zero));
	}
	kt_buf_free(&b);
	kt_buf_free(&out);
}

static void gunzip_refuses(const struct kt_buf *b, struct kt_buf *out, const char *word)
{
	struct kt_err err = {0};

	assert_int_equal(gz_get(b, 0, 1000, out, &err), KT_E_FORMAT);
	if (strstr(kt_err_text(&err), word) == NULL)
		fail_msg("\"%s\" has no \"%s\"", kt_err_text(&err), word);
}

static void gunzip_refuses_what_is_wrong(void **state)
{
	struct kt_buf b, out;
	size_t full;

	(void)state;
	kt_buf_init(&b, 0);
	kt_buf_init(&out, 0);
	gunzip_refuses(&b, &out, "no gzip");
	kt_buf_puts(&b, "text");
	gunzip_refuses(&b, &out, "no gzip");
	kt_buf_reset(&b);
	gz_put(&b, big, 300);
	full = b.len;
	for (b.len = 1; b.len < full; b.len++)
		gunzip_refuses(&b, &out, "early");
	b.p[full - 5] ^= 1; /* CRC-32 */
	gunzip_refuses(&b, &out, "damaged");
	b.p[full - 5] ^= 1;
	b.p[full - 1] ^= 1; /* length */
	gunzip_refuses(&b, &out, "damaged");
	b.p[full - 1] ^= 1;
	kt_buf_puts(&b, "more");
	gunzip_refuses(&b, &out, "follows");
	b.len = full;
	kt_buf_put(&b, "\0\0\x1f\x8b", 4);
	gunzip_refuses(&b, &out, "follows");
	kt_buf_free(&b);
	kt_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_right),
		cmocka_unit_test(goes_on_after_a_stop),
		cmocka_unit_test(gives_the_right_bytes),
		cmocka_unit_test(reads_long_names),
		cmocka_unit_test(a_name_is_for_one_member_only),
		cmocka_unit_test(reads_other_numbers),
		cmocka_unit_test(names_sparse_files),
		cmocka_unit_test(tells_what_follows_the_end),
		cmocka_unit_test(ends_at_every_prefix),
		cmocka_unit_test(finds_every_bit_in_a_header),
		cmocka_unit_test(refuses_wrong_pax),
		cmocka_unit_test(refuses_wrong_numbers),
		cmocka_unit_test(keeps_its_limits),
		cmocka_unit_test(gunzip_reads_members_in_a_row),
		cmocka_unit_test(gunzip_refuses_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
