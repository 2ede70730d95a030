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
#include <ftw.h>
#include <sys/mman.h>

#include "core/mandate.h"
#include "core/time.h"
#include "reports/package/package.h"
#include "reports/verify/verify.h"
#include "reports/verify/zip_read.h"
#include "tests/tools/synth.h"
#include "tests/unit/pki.h"

static const char mandate_text[] =
	"{\"format\":\"keten-mandate-1\",\"mandate_id\":\"TEST-1\",\"issuer\":\"Desk\",\"case_"
	"ref\":\"C\","
	"\"purpose\":\"identity\",\"legal_basis\":{\"code\":\"T\",\"text\":\"Test\"},\"mode\":"
	"\"consent\","
	"\"necessity\":{\"question\":\"Which way?\",\"less_intrusive_means\":[{\"means\":\"asked\","
	"\"result\":\"unclear\"}],\"proportionality\":\"little is read\"},\"scope\":["
	"{\"id\":\"dev\",\"source\":\"android-device\",%s},{\"id\":\"pics\",\"source\":\"media-"
	"exif\",%s},"
	"{\"id\":\"line\",\"source\":\"google-timeline\",%s}],\"exclusions\":[\"message-bodies\","
	"\"contacts\",\"pixels\",\"health\",\"cloud\"],\"device\":{\"kind\":\"android\",\"forms\":["
	"\"phone\",\"image\"]},"
	"\"subject\":{\"minor\":false,\"language\":\"en\"},\"operator_role\":\"officer\","
	"\"release\":{\"two_stage\":%s},\"retention\":{\"unreleased_days\":30,"
	"\"released_until\":\"%.10s\",\"on_expiry\":\"erase-package\"},\"not_before\":\"%.19sZ\","
	"\"not_after\":\"%.19sZ\",\"max_sessions\":1,\"issued_at\":\"%.19sZ\"}\n";
static const char row[] = "\"fields\":[\"time\",\"position\"],\"from\":\"2020-01-01\","
			  "\"to\":\"2026-01-01\",\"max_precision_m\":0,\"justification\":\"test\"";

struct world {
	char dir[64], pki[80], cases[80], out[80], trust_dir[96];
	struct kt_trust *trust;
	struct synth s;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static void write_key(const char *dir, const char *name, const struct pki_cert *c)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *p = NULL;
	long n;

	assert_int_equal(PEM_write_bio_PrivateKey(b, c->key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(PEM_write_bio_X509(b, c->x), 1);
	n = BIO_get_mem_data(b, &p);
	pki_write(dir, name, p, (size_t)n);
	BIO_free(b);
}

static void write_mandate(struct world *w, const struct pki_cert *by, bool two_stage)
{
	char text[4096], from[KT_TIME_TEXT], to[KT_TIME_TEXT], until[KT_TIME_TEXT];
	int64_t now = kt_time_now() / KT_US_PER_S * KT_US_PER_S;
	unsigned char *der;
	size_t len;
	int n;

	kt_time_text(now - 3600 * KT_US_PER_S, from);
	kt_time_text(now + 86400 * KT_US_PER_S, to);
	kt_time_text(now + 100 * INT64_C(86400) * KT_US_PER_S, until);
	n = snprintf(text, sizeof(text), mandate_text, row, row, row, two_stage ? "true" : "false",
		     until, from, to, from);
	assert_true(n > 0 && (size_t)n < sizeof(text));
	der = pki_sign(by, NULL, text, (size_t)n, CMS_CADES, EVP_sha256(), false, &len);
	pki_write(w->pki, "mandate.json", text, (size_t)n);
	pki_write(w->pki, "mandate.json.p7s", der, len);
	free(der);
}

/* operator_s: how long the operator's certificate holds from now on; 0: long */
static void make_world(struct world *w, long operator_s, bool two_stage)
{
	static const char usage[] = "critical,digitalSignature";
	struct pki_cert ca = pki_make(&(struct pki_spec){.name = "CA", .ca = true}, NULL);
	struct pki_cert a = pki_make(
		&(struct pki_spec){.name = "Authoriser", .authoriser = true, .usage = usage}, &ca);
	struct pki_cert o = pki_make(
		&(struct pki_spec){.name = "Operator", .usage = usage, .to_s = operator_s}, &ca);

	memset(w, 0, sizeof(*w));
	pki_dir(w->dir);
	snprintf(w->pki, sizeof(w->pki), "%.63s/pki", w->dir);
	snprintf(w->cases, sizeof(w->cases), "%.63s/case", w->dir);
	snprintf(w->out, sizeof(w->out), "%.63s/out", w->dir);
	snprintf(w->trust_dir, sizeof(w->trust_dir), "%.79s/trust", w->pki);
	assert_int_equal(mkdir(w->pki, 0700) | mkdir(w->out, 0700) | mkdir(w->trust_dir, 0700), 0);
	pki_write_pem(w->trust_dir, "ca.pem", ca.x);
	write_key(w->pki, "operator.pem", &o);
	write_key(w->pki, "authoriser.pem", &a);
	write_mandate(w, &a, two_stage);
	assert_int_equal(kt_trust_load(w->trust_dir, &w->trust, NULL), 0);
	w->s = (struct synth){.pki = w->pki, .case_dir = w->cases, .out_dir = w->out, .photos = 3};
	pki_free(&ca);
	pki_free(&a);
	pki_free(&o);
}

static void end_world(struct world *w)
{
	kt_trust_free(&w->trust);
	nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

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
	make_world(&w, 3, false);
	assert_int_equal(synth_case(&w.s, 1, NULL), 0);
	assert_int_equal(synth_package(&w.s, 1, w.trust, name, &res, NULL), 0);
	assert_int_equal(res.verdict, KT_VERDICT_VALID);
	sleep(4);
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
	assert_int_equal(kt_pkg_file_name("M-1", 12, name), 0);
	assert_string_equal(name, "KETEN-M-1-12.asice");
	assert_int_equal(kt_pkg_file_name("../M", 1, name), KT_E_USAGE);
	assert_int_equal(kt_pkg_file_name("M 1", 1, name), KT_E_USAGE);
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
		cmocka_unit_test(test_names_and_lists), cmocka_unit_test(test_valid),
		cmocka_unit_test(test_every_byte),	cmocka_unit_test(test_changed_case),
		cmocka_unit_test(test_sources),		cmocka_unit_test(test_two_stage),
		cmocka_unit_test(test_expired_since),	cmocka_unit_test(test_many),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
