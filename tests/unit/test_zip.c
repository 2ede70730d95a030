/* SPDX-License-Identifier: EUPL-1.2 */
/* The container: what the writer makes, the reader takes, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/io.h"
#include "core/time.h"
#include "reports/package/zip_write.h"
#include "reports/verify/zip_read.h"

static int mem_file(const void *p, size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(kt_write_full(fd, p, n, NULL), 0);
	return fd;
}

/* Three files, one of them in pieces and longer than the reader's window. */
static int make(void)
{
	static const char *const names[] = {"mimetype", "data/case.json", "report/report.json"};
	static uint8_t big[300000];
	struct kt_zipw_done d[3];
	struct kt_zipw w;
	struct kt_buf b;
	int fd = memfd_create("zip", MFD_CLOEXEC);

	assert_true(fd >= 0);
	kt_buf_init(&b, 0);
	memset(big, 'x', sizeof(big));
	assert_int_equal(kt_zipw_init(&w, fd, INT64_C(1795323600) * KT_US_PER_S, NULL), 0);
	assert_int_equal(kt_zipw_put(&w, names[0], "text", 4, false, &d[0], NULL), 0);
	assert_int_equal(kt_zipw_put(&w, names[1], "", 0, false, &d[1], NULL), 0);
	assert_int_equal(kt_zipw_begin(&w, names[2], sizeof(big) + 1, true, NULL), 0);
	assert_int_equal(kt_zipw_write(&w, big, sizeof(big), NULL), 0);
	assert_int_equal(kt_zipw_write(&w, "y", 1, NULL), 0);
	assert_int_equal(kt_zipw_end(&w, &d[2], NULL), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(kt_zipw_central(&w, names[i], &d[i], &b, NULL), 0);
	assert_int_equal(kt_zipw_tail(&w, &b, NULL), 0);
	kt_zipw_free(&w);
	kt_buf_free(&b);
	return fd;
}

/* Opens bytes; the number of defects, or a negative code. */
static int defects_of(int fd)
{
	struct kt_zip z;
	int r = kt_zip_read_open(fd, &z, NULL, NULL, NULL);
	int n = (int)z.defects;

	kt_zip_read_close(&z);
	return r < 0 ? r : n;
}

static void test_round_trip(void **state)
{
	struct kt_zip z;
	struct kt_buf b;
	int fd = make();

	(void)state;
	kt_buf_init(&b, 0);
	assert_int_equal(kt_zip_read_open(fd, &z, NULL, NULL, NULL), 0);
	assert_int_equal(z.defects, 0);
	assert_int_equal(z.n, 3);
	assert_string_equal(kt_zip_entry_name(&z, &z.e[0]), "mimetype");
	assert_int_equal(kt_zip_load(&z, kt_zip_find(&z, "mimetype"), 100, &b, NULL), 0);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.p, "text", 4);
	assert_int_equal(kt_zip_find(&z, "report/report.json")->size, 300001);
	assert_int_equal(kt_zip_load(&z, kt_zip_find(&z, "report/report.json"), 300000, &b, NULL),
			 KT_E_LIMIT);
	assert_null(kt_zip_find(&z, "report"));
	kt_buf_free(&b);
	kt_zip_read_close(&z);
	close(fd);
}

/* Every bit of every header counts: no change goes unnoticed by the structure alone. */
static void test_every_header_byte(void **state)
{
	struct kt_zip z;
	int fd = make();
	uint64_t at = 0;

	(void)state;
	assert_int_equal(kt_zip_read_open(fd, &z, NULL, NULL, NULL), 0);
	for (size_t i = 0; i <= z.n; i++) {
		uint64_t end = i < z.n ? z.e[i].data : z.file_size;

		for (; at < end; at++) {
			uint8_t c, x;

			assert_int_equal(pread(fd, &c, 1, (off_t)at), 1);
			x = c ^ 0x10;
			assert_int_equal(pwrite(fd, &x, 1, (off_t)at), 1);
			assert_int_not_equal(defects_of(fd), 0);
			assert_int_equal(pwrite(fd, &c, 1, (off_t)at), 1);
		}
		if (i < z.n)
			at += z.e[i].size;
	}
	assert_int_equal(defects_of(fd), 0);
	kt_zip_read_close(&z);
	close(fd);
}

static void test_truncated(void **state)
{
	int fd = make();
	off_t n = lseek(fd, 0, SEEK_END);

	(void)state;
	while (n-- > 300200)
		if (ftruncate(fd, n) == 0)
			assert_int_equal(defects_of(fd), KT_E_FORMAT);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(defects_of(fd), KT_E_FORMAT);
	close(fd);
}

/* One file of 5 GB that is all hole, and entries behind it: sizes and offsets beyond 32 bits. */
static void test_zip64(void **state)
{
	const uint64_t size = UINT64_C(5) << 30;
	struct kt_zip_record rec[2] = {{"data/objects/o000001", 20, 0, size, 7, 0, 33},
				       {"mimetype", 8, 0, 2, 0, 0, 33}};
	uint8_t p[KT_ZIP_RECORD_MAX], tail[KT_ZIP_TAIL_MAX];
	int fd = memfd_create("zip64", MFD_CLOEXEC);
	struct kt_zip z;
	uint64_t cd;
	size_t n;

	(void)state;
	n = kt_zip_put_local(&rec[0], p);
	assert_int_equal(n, 30 + 20 + 20);
	assert_int_equal(kt_get_le16(p + 4), 45);
	assert_int_equal(kt_get_le32(p + 18), 0xffffffff);
	assert_int_equal(kt_write_full(fd, p, n, NULL), 0);
	rec[1].off = n + size;
	assert_true(lseek(fd, (off_t)rec[1].off, SEEK_SET) > 0);
	n = kt_zip_put_local(&rec[1], p);
	assert_int_equal(n, 38);
	assert_int_equal(kt_write2_full(fd, p, n, "hi", 2, NULL), 0);
	cd = rec[1].off + n + 2;
	n = kt_zip_put_central(&rec[0], p);
	assert_int_equal(n, 46 + 20 + 20);
	assert_int_equal(kt_write_full(fd, p, n, NULL), 0);
	assert_int_equal(kt_zip_put_central(&rec[1], p), 46 + 8 + 12);
	assert_int_equal(kt_write_full(fd, p, 46 + 8 + 12, NULL), 0);
	n = kt_zip_put_tail(2, cd, 86 + 66, tail);
	assert_int_equal(n, 98);
	assert_int_equal(kt_write_full(fd, tail, n, NULL), 0);
	assert_int_equal(kt_zip_read_open(fd, &z, NULL, NULL, NULL), 0);
	assert_int_equal(z.defects, 0);
	assert_int_equal(z.e[0].size, size);
	assert_int_equal(z.e[1].off, rec[1].off);
	kt_zip_read_close(&z);
	close(fd);
}

static void test_crc_and_time(void **state)
{
	uint16_t t, d;

	(void)state;
	assert_int_equal(kt_crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(kt_crc32(kt_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
	assert_int_equal(kt_crc32(0, "", 0), 0);
	kt_zip_dos_time(INT64_C(1795323599) * KT_US_PER_S, &t, &d); /* 2026-11-22T04:59:59Z */
	assert_int_equal(d, 46 << 9 | 11 << 5 | 22);
	assert_int_equal(t, 4 << 11 | 59 << 5 | 29);
	kt_zip_dos_time(0, &t, &d);
	assert_int_equal(d, 33);
}

static void test_names(void **state)
{
	static const char *const good[] = {"mimetype", "a/b", "META-INF/manifest.xml", "_x", "A1"};
	static const char *const bad[] = {"",	  "/a",	 "a/",	     "a//b",   "..",   "a/../b",
					  "./a",  "a/.", "-rf",	     "a b",    "a\\b", "a:b",
					  "a\nb", "~a",	 "\xc3\xa4", ".hidden"};
	char name[KT_PKG_NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(kt_pkg_name_ok(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(kt_pkg_name_ok(bad[i], strlen(bad[i])));
	assert_false(kt_pkg_name_ok("a\0b", 3));
	memset(name, 'a', sizeof(name));
	assert_true(kt_pkg_name_ok(name, KT_PKG_NAME_MAX));
	assert_false(kt_pkg_name_ok(name, KT_PKG_NAME_MAX + 1));
}

static void test_kinds(void **state)
{
	(void)state;
	assert_int_equal(kt_pkg_kind("mimetype"), KT_PKG_OUTSIDE);
	assert_int_equal(kt_pkg_kind("bagit.txt"), KT_PKG_TAG);
	assert_int_equal(kt_pkg_kind("report/report.json"), KT_PKG_TAG);
	assert_int_equal(kt_pkg_kind("report/track.kml"), KT_PKG_TAG);
	assert_int_equal(kt_pkg_kind("report/a/b"), KT_PKG_UNKNOWN);
	assert_int_equal(kt_pkg_kind("data/case.json"), KT_PKG_PAYLOAD);
	assert_int_equal(kt_pkg_kind("data/index/i0001.jsonl"), KT_PKG_P_INDEX);
	assert_int_equal(kt_pkg_kind("data/index/i001.jsonl"), KT_PKG_UNKNOWN);
	assert_int_equal(kt_pkg_kind("data/objects/o000001"), KT_PKG_P_OBJECT);
	assert_int_equal(kt_pkg_kind("data/objects/o000001x"), KT_PKG_UNKNOWN);
	assert_int_equal(kt_pkg_kind("data/other"), KT_PKG_UNKNOWN);
	assert_int_equal(kt_pkg_kind("META-INF/signatures001.xml"), KT_PKG_OUTSIDE);
	assert_int_equal(kt_pkg_kind("META-INF/signatures002.xml"), KT_PKG_UNKNOWN);
	assert_int_equal(kt_pkg_kind("signatures/tagmanifest.p7s.tst"), KT_PKG_OUTSIDE);
	assert_int_equal(kt_pkg_kind("custody/open.tst"), KT_PKG_TAG);
}

static void test_lines(void **state)
{
	static const char text[] = "one\n\nthree\nno end";
	struct kt_zipw_done d;
	struct kt_zip_lines l;
	struct kt_zipw w;
	struct kt_buf b;
	struct kt_zip z;
	const char *line;
	size_t n;
	int fd = mem_file("", 0);

	(void)state;
	kt_buf_init(&b, 0);
	assert_int_equal(kt_zipw_init(&w, fd, 0, NULL), 0);
	assert_int_equal(kt_zipw_put(&w, "lines", text, sizeof(text) - 1, false, &d, NULL), 0);
	assert_int_equal(kt_zipw_central(&w, "lines", &d, &b, NULL), 0);
	assert_int_equal(kt_zipw_tail(&w, &b, NULL), 0);
	kt_zipw_free(&w);
	kt_buf_free(&b);
	assert_int_equal(kt_zip_read_open(fd, &z, NULL, NULL, NULL), 0);
	assert_int_equal(kt_zip_lines_open(&l, &z, &z.e[0], 100, NULL), 0);
	assert_int_equal(kt_zip_line(&l, &line, &n, NULL), 1);
	assert_int_equal(n, 3);
	assert_int_equal(kt_zip_line(&l, &line, &n, NULL), 1);
	assert_int_equal(n, 0);
	assert_int_equal(kt_zip_line(&l, &line, &n, NULL), 1);
	assert_memory_equal(line, "three", 5);
	assert_int_equal(kt_zip_line(&l, &line, &n, NULL), KT_E_FORMAT);
	kt_zip_lines_close(&l);
	assert_int_equal(kt_zip_lines_open(&l, &z, &z.e[0], 2, NULL), 0);
	assert_int_equal(kt_zip_line(&l, &line, &n, NULL), KT_E_LIMIT);
	kt_zip_lines_close(&l);
	kt_zip_read_close(&z);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_every_header_byte),
		cmocka_unit_test(test_truncated),    cmocka_unit_test(test_zip64),
		cmocka_unit_test(test_crc_and_time), cmocka_unit_test(test_names),
		cmocka_unit_test(test_kinds),	     cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
