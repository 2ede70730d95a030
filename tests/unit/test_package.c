/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Making and judging whole packages, on synthetic cases (tests/tools/synth.h). KETEN_TEST_ZIP64=1
 * adds one of more than 4 GiB. The many ways to manipulate a package are in tests/e2e/tamper.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <sys/mman.h>

#include "reports/verify/zip_read.h"
#include "tests/unit/package_world.h"

static unsigned count_files(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

static int open_package(const struct world *w, const char *name)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", w->out, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static struct kt_verify_result res;

static void test_valid(void **state)
{
	char name[KT_PKG_NAME_MAX + 1];
	struct kt_err err = {0};
	struct world w;
	int fd;

	(void)state;
	make_world(&w, 0, false);
	assert_int_equal(synth_case(&w.s, 1, &err), 0);
	assert_int_equal(synth_package(&w.s, 1, w.trust, name, &res, &err), 0);
	assert_string_equal(name, "KETEN-TEST-1-1.asice");
	assert_int_equal(res.verdict, KT_VERDICT_VALID);
	assert_int_equal(count_files(w.out), 1);
	fd = open_package(&w, name);
	assert_int_equal(kt_verify_package(fd, name, NULL, &res, &err), 0);
	assert_int_equal(res.verdict, KT_VERDICT_UNDETERMINED);
	assert_int_equal(res.check[KT_V_OPERATOR].state, KT_VS_UNDETERMINED);
	assert_int_equal(res.objects, 5);
	close(fd);
	/* a package is never written over */
	assert_int_equal(synth_package(&w.s, 1, w.trust, name, &res, NULL), KT_E_USAGE);
	assert_int_equal(count_files(w.out), 1);
	end_world(&w);
}

/* One bit, anywhere in the file: never valid, never undetermined. */
static void test_every_byte(void **state)
{
	char name[KT_PKG_NAME_MAX + 1];
	static uint8_t data[1 << 20];
	struct world w;
	size_t n;
	int fd, copy = memfd_create("copy", MFD_CLOEXEC);

	(void)state;
	make_world(&w, 0, false);
	assert_int_equal(synth_case(&w.s, 1, NULL), 0);
	assert_int_equal(synth_package(&w.s, 1, w.trust, name, &res, NULL), 0);
	fd = open_package(&w, name);
	assert_int_equal(kt_read_full(fd, data, sizeof(data), &n, NULL), 0);
	assert_true(n < sizeof(data));
	assert_int_equal(kt_write_full(copy, data, n, NULL), 0);
	for (size_t i = 0; i < n; i += 29) {
		uint8_t x = data[i] ^ 0x04;

		assert_int_equal(pwrite(copy, &x, 1, (off_t)i), 1);
		assert_int_equal(kt_verify_package(copy, "x", w.trust, &res, NULL), 0);
		if (res.verdict != KT_VERDICT_INVALID)
			fail_msg("byte %zu of %zu: %s", i, n, kt_verdict_name(res.verdict));
		assert_int_equal(pwrite(copy, &data[i], 1, (off_t)i), 1);
	}
	assert_int_equal(kt_verify_package(copy, "x", w.trust, &res, NULL), 0);
	assert_int_equal(res.verdict, KT_VERDICT_VALID);
	for (size_t i = 0; i < n; i += 501) {
		assert_int_equal(ftruncate(copy, (off_t)(n - 1 - i)), 0);
		assert_int_equal(kt_verify_package(copy, "x", w.trust, &res, NULL), 0);
		assert_int_equal(res.verdict, KT_VERDICT_INVALID);
	}
	close(fd);
	close(copy);
	end_world(&w);
}

static void change(const struct world *w, const char *file)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", w->cases, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "#", 1, 10), 1);
	close(fd);
}

/* What was changed on disk before packing is found, and nothing is left behind. */
static void test_changed_case(void **state)
{
	static const char *const files[] = {"objects/o000002",	 "report/report.json",
					    "seal.json",	 "mandate.json",
					    "index/i0002.jsonl", "custody.jsonl"};
	char name[KT_PKG_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct kt_err err = {0};
		struct world w;

		make_world(&w, 0, false);
		assert_int_equal(synth_case(&w.s, 1, NULL), 0);
		change(&w, files[i]);
		assert_int_equal(synth_package(&w.s, 1, w.trust, name, NULL, &err), KT_E_INVALID);
		if (i == 0)
			assert_non_null(strstr(err.frame[0].text, "changed since acquisition"));
		assert_int_equal(count_files(w.out), 0);
		end_world(&w);
	}
}

#define BIT(check) (UINT64_C(1) << (check))

/* An import: what log, case and mandate say of the source has to fit together. */
static void test_sources(void **state)
{
	static const struct {
		const char *form, *log_form, *identifier, *identity, *layout, *result, *device;
		bool unread;
		uint64_t failed; /* the checks that find it, as bits */
	} cases[] = {
		{"image", "image", "", "unknown", "tar", "whole", "unknown", false, 0},
		{"image", "image", "AB-12", "named-by-source", "tar", "whole", "ab-12", false, 0},
		{"phone", "image", "", "unknown", "tar", "whole", "unknown", false,
		 BIT(KT_V_EVENTS)},
		{"image", NULL, "", "unknown", "tar", "whole", NULL, false, BIT(KT_V_EVENTS)},
		{"file", "file", "", "unknown", "file", "whole", "unknown", false,
		 BIT(KT_V_MANDATE)},
		{"disk", "disk", "", "unknown", "tar", "whole", "unknown", false,
		 BIT(KT_V_OBJECTS) | BIT(KT_V_EVENTS)},
		{"image", "image", "", "same", "tar", "whole", "unknown", false, BIT(KT_V_EVENTS)},
		{"image", "image", "A", "unknown", "tar", "whole", "A", false, BIT(KT_V_EVENTS)},
		{"image", "image", "A", "same", "tar", "whole", "B", false, BIT(KT_V_MANDATE)},
		{"image", "image", "", "unknown", "tar", "whole", "A", false, BIT(KT_V_MANDATE)},
		{"image", "image", "", "unknown", "raw", "whole", "unknown", false,
		 BIT(KT_V_EVENTS)},
		{"image", "image", "", "unknown", "tar", "cut", "unknown", false, BIT(KT_V_EVENTS)},
		{"image", "image", "", "unknown", "tar", "good", "unknown", false,
		 BIT(KT_V_EVENTS)},
		{"image", "image", "", "unknown", "tar", "whole", "unknown", true,
		 BIT(KT_V_EVENTS)},
	};
	char name[KT_PKG_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool good = cases[i].failed == 0;
		struct kt_err err = {0};
		struct world w;
		int r;

		make_world(&w, 0, false);
		w.s.form = cases[i].form;
		w.s.log_form = cases[i].log_form;
		w.s.identifier = cases[i].identifier;
		w.s.identity = cases[i].identity;
		w.s.layout = cases[i].layout;
		w.s.result = cases[i].result;
		w.s.device = cases[i].device;
		w.s.unread = cases[i].unread;
		assert_int_equal(synth_case(&w.s, 1, &err), 0);
		r = synth_package(&w.s, 1, w.trust, name, &res, &err);
		if (r != (good ? 0 : KT_E_INVALID))
			fail_msg("case %zu: %d %s", i, r, kt_err_text(&err));
		for (int k = 0; k < KT_V_COUNT; k++)
			if ((res.check[k].state == KT_VS_FAILED) !=
			    ((cases[i].failed & BIT(k)) != 0))
				fail_msg("case %zu: check %s", i,
					 kt_verify_check_name((enum kt_verify_id)k));
		end_world(&w);
	}
}

/* When the person has withdrawn, or the case was closed, nothing is read, sealed or packed any more. */
static void test_closed(void **state)
{
	static const char *const closing[] = {"withdrawal.asked", "session.closed"};
	static const char *const follows[] = {"item.start", "acquisition.sealed",
					      "package.sealing"};
	char name[KT_PKG_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(closing) / sizeof(closing[0]); i++)
		for (size_t k = 0; k < sizeof(follows) / sizeof(follows[0]); k++) {
			struct world w;

			make_world(&w, 0, false);
			w.s.closing = closing[i];
			w.s.closed_before = follows[k];
			assert_int_equal(synth_case(&w.s, 1, NULL), 0);
			assert_int_equal(synth_package(&w.s, 1, w.trust, name, &res, NULL),
					 KT_E_INVALID);
			assert_int_equal(res.check[KT_V_EVENTS].state, KT_VS_FAILED);
			assert_non_null(strstr(res.check[KT_V_EVENTS].text[0], follows[k]));
			assert_int_equal(count_files(w.out), 0);
			end_world(&w);
		}
}

static void test_two_stage(void **state)
{
	char name[KT_PKG_NAME_MAX + 1];
	struct world w;

	(void)state;
	make_world(&w, 0, true);
	assert_int_equal(synth_case(&w.s, 1, NULL), 0);
	assert_int_equal(synth_package(&w.s, 1, w.trust, name, &res, NULL), KT_E_INVALID);
	assert_int_equal(res.check[KT_V_SCOPE].state, KT_VS_FAILED);
	end_world(&w);
}

/* A certificate that held when it signed and has expired since: not valid, not invalid. */
static void test_expired_since(void **state)
{
	char name[KT_PKG_NAME_MAX + 1];
	struct world w;
	int fd;

	(void)state;
	/* long enough for a slow disk to make and judge the package in */
	make_world(&w, 20, false);
	assert_int_equal(synth_case(&w.s, 1, NULL), 0);
	assert_int_equal(synth_package(&w.s, 1, w.trust, name, &res, NULL), 0);
	assert_int_equal(res.verdict, KT_VERDICT_VALID);
	sleep(21);
	fd = open_package(&w, name);
	assert_int_equal(kt_verify_package(fd, name, w.trust, &res, NULL), 0);
	assert_int_equal(res.verdict, KT_VERDICT_UNDETERMINED);
	assert_int_equal(res.check[KT_V_OPERATOR].state, KT_VS_UNDETERMINED);
	close(fd);
	end_world(&w);
}

static void test_many(void **state)
{
	char name[KT_PKG_NAME_MAX + 1];
	struct world w;

	(void)state;
	make_world(&w, 0, false);
	w.s.photos = 2000;
	assert_int_equal(synth_case(&w.s, 1, NULL), 0);
	assert_int_equal(synth_package(&w.s, 1, w.trust, name, &res, NULL), 0);
	assert_int_equal(res.objects, 2002);
	assert_int_equal(res.verdict, KT_VERDICT_VALID);
	end_world(&w);
}

static void test_large(void **state)
{
	char name[KT_PKG_NAME_MAX + 1];
	struct world w;

	(void)state;
	if (getenv("KETEN_TEST_ZIP64") == NULL)
		skip();
	make_world(&w, 0, false);
	w.s.hole = (UINT64_C(4) << 30) + 12345;
	assert_int_equal(synth_case(&w.s, 1, NULL), 0);
	assert_int_equal(synth_package(&w.s, 1, w.trust, name, &res, NULL), 0);
	assert_int_equal(res.verdict, KT_VERDICT_VALID);
	end_world(&w);
}

static void test_names_and_lists(void **state)
{
	char name[KT_PKG_NAME_MAX + 1];
	struct kt_package *p;

	(void)state;
	assert_int_equal(kt_pkg_file_name("M-1", 12, KT_PT_ACQUISITION, name), 0);
	assert_string_equal(name, "KETEN-M-1-12.asice");
	assert_int_equal(kt_pkg_file_name("../M", 1, KT_PT_ACQUISITION, name), KT_E_USAGE);
	assert_int_equal(kt_pkg_file_name("M 1", 1, KT_PT_ACQUISITION, name), KT_E_USAGE);
	assert_int_equal(kt_package_new(-1, &p, NULL), 0);
	assert_int_equal(kt_package_add_bytes(p, "elsewhere/x", "x", 1, NULL), KT_E_USAGE);
	assert_int_equal(kt_package_add_bytes(p, "report/../x", "x", 1, NULL), KT_E_USAGE);
	assert_int_equal(kt_package_add_bytes(p, "report/x.kml", "x", 1, NULL), 0);
	kt_package_free(&p);
	assert_null(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_lists),
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_changed_case),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_two_stage),
		cmocka_unit_test(test_expired_since),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
