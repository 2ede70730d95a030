/* SPDX-License-Identifier: EUPL-1.2 */
/* Packages that record an act: made, judged, and refused when they say other than they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/mman.h>

#include "reports/package/act.h"
#include "reports/verify/zip_read.h"
#include "tests/unit/package_world.h"

static struct kt_verify_result res;

/* Makes an act about a package with this hash. mandate: its own bytes go along. */
static int make_act(const struct world *w, enum kt_pkg_type type, bool mandate, const char *detail,
		    char name[KT_PKG_NAME_MAX + 1], struct kt_err *err)
{
	static const char build[] = "{}\n",
			  text[] = "The dates are those of a journey to see family.\n";
	struct kt_act act = {.type = type, .mandate_id = "TEST-1", .detail = detail};
	struct kt_place place;
	struct kt_package_out out = {.place = &place,
				     .sealed_us = kt_time_now(),
				     .sign = synth_sign,
				     .digest = synth_digest,
				     .arg = (void *)(uintptr_t)&w->s,
				     .trust = w->trust};
	struct kt_package *pkg = NULL;
	struct kt_buf m, p7s;
	char sha[KT_SHA256_HEX], other[KT_SHA256_HEX];
	int dir, r;

	kt_buf_init(&m, 0);
	kt_buf_init(&p7s, 0);
	dir = kt_dir_open(AT_FDCWD, w->out, false, err);
	assert_true(dir >= 0);
	assert_int_equal(synth_read_pki(&w->s, "mandate.json", &m, err), 0);
	assert_int_equal(synth_read_pki(&w->s, "mandate.json.p7s", &p7s, err), 0);
	kt_sha256_hex(m.p, m.len, sha, NULL);
	kt_sha256_hex("x", 1, other, NULL);
	if (mandate)
		act.mandate_sha256 = sha;
	assert_int_equal(kt_act_concern(&act, "KETEN-TEST-1-1.asice", sha, err), 0);
	assert_int_equal(kt_act_concern(&act, "", other, err), 0);
	assert_int_equal(kt_act_concern(&act, "", sha, err), 0);
	assert_int_equal(act.nconcerns, 2);
	assert_int_equal(kt_act_place(dir, &act, &place, err), 0);
	snprintf(name, sizeof(place.name), "%s", place.name);
	r = kt_act_begin(&act, dir, &pkg, err);
	if (r == 0)
		r = kt_package_add_bytes(pkg, KT_PKG_BUILD, build, sizeof(build) - 1, err);
	if (r == 0)
		r = kt_act_attach(pkg, "comment.txt", "The applicant's comment", text,
				  sizeof(text) - 1, err);
	if (r == 0 && mandate)
		r = kt_package_add_bytes(pkg, KT_PKG_MANDATE, m.p, m.len, err);
	if (r == 0 && mandate)
		r = kt_package_add_bytes(pkg, KT_PKG_MANDATE_SIG, p7s.p, p7s.len, err);
	if (r == 0)
		r = kt_act_write(pkg, &act, &out, &res, err);
	kt_place_leave(&place);
	kt_package_free(&pkg);
	kt_close_fd(&dir);
	kt_buf_free(&m);
	kt_buf_free(&p7s);
	return r;
}

static void test_good(void **state)
{
	char name[KT_PKG_NAME_MAX + 1], text[4096] = "";
	struct kt_err err = {0};
	struct world w;
	FILE *out;

	(void)state;
	make_world(&w, 0, false);
	assert_int_equal(make_act(&w, KT_PT_COMMENT, true, "{\"by\":\"applicant\"}", name, &err),
			 0);
	assert_string_equal(name, "KETEN-TEST-1-1-comment.asice");
	assert_int_equal(res.verdict, KT_VERDICT_VALID);
	assert_int_equal(res.type, KT_PT_COMMENT);
	assert_int_equal(res.nconcerns, 2);
	assert_string_equal(res.mandate_id, "TEST-1");
	assert_true(strcmp(res.concerns[0], res.concerns[1]) < 0);
	assert_int_equal(res.check[KT_V_MANDATE].state, KT_VS_OK);
	out = fmemopen(text, sizeof(text), "w");
	kt_verify_print(&res, false, out);
	fclose(out);
	assert_non_null(strstr(text, "type: comment\nconcerns: "));
	assert_null(strstr(text, "seal:"));
	/* without the mandate, the next number */
	assert_int_equal(make_act(&w, KT_PT_COMMENT, false, NULL, name, &err), 0);
	assert_string_equal(name, "KETEN-TEST-1-2-comment.asice");
	assert_int_equal(res.verdict, KT_VERDICT_VALID);
	assert_false(res.applies[KT_V_MANDATE]);
	end_world(&w);
}

/* Every type but those that need more can be made of these pieces. */
static void test_types(void **state)
{
	char name[KT_PKG_NAME_MAX + 1];
	struct world w;

	(void)state;
	make_world(&w, 0, false);
	for (unsigned t = KT_PT_ACQUISITION; t < KT_PT_COUNT; t++) {
		struct kt_err err = {0};
		int r = make_act(&w, t, false, "{}", name, &err);

		assert_int_equal(kt_pkg_type_find(kt_pkg_type_word(t)), t);
		if (t == KT_PT_ACQUISITION)
			assert_int_equal(r, KT_E_USAGE);
		else if (t == KT_PT_RELEASE)
			assert_int_equal(r, KT_E_INVALID); /* no report, no mandate, no log */
		else if (t == KT_PT_INTERRUPTION)
			assert_int_equal(r, KT_E_INVALID); /* no mandate, no log */
		else if (t == KT_PT_TIMESTAMP)
			assert_int_equal(r, KT_E_INVALID); /* no token */
		else
			assert_int_equal(r, 0);
	}
	assert_int_equal(kt_pkg_type_find("evidence"), KT_PT_UNKNOWN);
	end_world(&w);
}

/* One bit, anywhere in the file: never valid, never undetermined. */
static void test_every_byte(void **state)
{
	char name[KT_PKG_NAME_MAX + 1], path[512];
	static uint8_t data[1 << 16];
	struct world w;
	size_t n;
	int fd, copy = memfd_create("copy", MFD_CLOEXEC);

	(void)state;
	make_world(&w, 0, false);
	assert_int_equal(make_act(&w, KT_PT_TRANSFER, true, "{\"to\":\"court\"}", name, NULL), 0);
	snprintf(path, sizeof(path), "%s/%s", w.out, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(kt_read_full(fd, data, sizeof(data), &n, NULL), 0);
	assert_true(n < sizeof(data));
	assert_int_equal(kt_write_full(copy, data, n, NULL), 0);
	for (size_t i = 0; i < n; i += 13) {
		uint8_t x = data[i] ^ 0x04;

		assert_int_equal(pwrite(copy, &x, 1, (off_t)i), 1);
		assert_int_equal(kt_verify_package(copy, "x", w.trust, &res, NULL), 0);
		if (res.verdict != KT_VERDICT_INVALID)
			fail_msg("byte %zu of %zu: %s", i, n, kt_verdict_name(res.verdict));
		assert_int_equal(pwrite(copy, &data[i], 1, (off_t)i), 1);
	}
	close(copy);
	close(fd);
	end_world(&w);
}

/* What has no place in an act is refused when it is made. */
static void test_refused(void **state)
{
	static const char bad[] = "keys/release.json";
	struct kt_act act = {.type = KT_PT_COPY, .mandate_id = "TEST-1"};
	struct kt_place place;
	struct kt_package_out out = {.place = &place,
				     .sealed_us = kt_time_now(),
				     .sign = synth_sign,
				     .digest = synth_digest};
	char sha[KT_SHA256_HEX];
	struct kt_package *pkg;
	int dir;
	struct kt_err err = {0};
	struct world w;

	(void)state;
	make_world(&w, 0, false);
	out.arg = &w.s;
	out.trust = w.trust;
	dir = kt_dir_open(AT_FDCWD, w.out, false, NULL);
	assert_int_equal(kt_act_place(dir, &act, &place, NULL), 0);
	kt_sha256_hex("x", 1, sha, NULL);
	assert_int_equal(kt_act_concern(&act, "", "abc", NULL), KT_E_USAGE);
	assert_int_equal(kt_act_concern(&act, "", sha, NULL), 0);
	assert_int_equal(kt_act_begin(&act, dir, &pkg, NULL), 0);
	assert_int_equal(kt_act_attach(pkg, "../x", "", "x", 1, NULL), KT_E_USAGE);
	assert_int_equal(kt_act_attach(pkg, "a/b", "", "x", 1, NULL), KT_E_USAGE);
	assert_int_equal(kt_package_add_bytes(pkg, KT_PKG_BUILD, "{}\n", 3, NULL), 0);
	assert_int_equal(kt_package_add_bytes(pkg, bad, "x", 1, NULL), 0);
	assert_int_equal(kt_act_write(pkg, &act, &out, &res, &err), KT_E_INVALID);
	assert_non_null(
		strstr(res.check[KT_V_COMPLETE].text[0], "no place in a package of this type"));
	kt_place_leave(&place);
	kt_package_free(&pkg);
	kt_close_fd(&dir);
	end_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
