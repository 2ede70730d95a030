/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Tokens: which certificates may state a time, and what a token's time does to a package whose signer's
 * certificate has expired or was revoked since. What authorities do on the wire is in tests/e2e.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/tsp.h"
#include "tests/unit/package_world.h"

#define SIGNING "critical,digitalSignature"
#define STAMPS	"critical,timeStamping"

static struct pki_cert root, tsa;
static long stamp_at; /* seconds from now */
static struct kt_verify_result res;

static int make_all(void **state)
{
	(void)state;
	kt_crypto_init(NULL);
	root = pki_make(&(struct pki_spec){.name = "Time CA", .ca = true, .from_s = -90 * PKI_DAY},
			NULL);
	tsa = pki_make(&(struct pki_spec){.name = "Authority",
					  .usage = SIGNING,
					  .eku = STAMPS,
					  .from_s = -80 * PKI_DAY},
		       &root);
	return 0;
}

static int drop_all(void **state)
{
	(void)state;
	pki_free(&root);
	pki_free(&tsa);
	return 0;
}

/* A token by this certificate, judged with the anchor of the time CA. */
static int judge(const struct pki_cert *by, long gen_s, bool other, struct kt_token *t)
{
	struct kt_trust *trust = NULL;
	char dir[64], path[96];
	unsigned char *der;
	size_t n;
	int r;

	pki_dir(dir);
	pki_write_pem(dir, "ca.pem", root.x);
	assert_int_equal(kt_trust_load(dir, &trust, NULL), 0);
	der = pki_token(by, "content", 7, gen_s, &n);
	r = kt_token_verify(der, n, other ? "another" : "content", 7, trust, t, NULL);
	free(der);
	kt_trust_free(&trust);
	snprintf(path, sizeof(path), "%s/ca.pem", dir);
	unlink(path);
	rmdir(dir);
	return r;
}

static void test_who_may(void **state)
{
	static const struct {
		const char *usage, *eku;
		long from_s, to_s, gen_s;
		int r;
		bool chain;
	} cases[] = {
		{SIGNING, STAMPS, 0, 0, 0, 0, true},
		{NULL, STAMPS, 0, 0, 0, 0, true},
		{SIGNING, STAMPS, -9 * PKI_DAY, -2 * PKI_DAY, -3 * PKI_DAY, 0, true},
		{SIGNING, STAMPS, -9 * PKI_DAY, -2 * PKI_DAY, 0, KT_E_INVALID, false},
		{SIGNING, STAMPS, 0, 0, -2 * PKI_DAY, KT_E_INVALID, false},
		{SIGNING, "timeStamping", 0, 0, 0, KT_E_INVALID, false},
		{SIGNING, "critical,timeStamping,emailProtection", 0, 0, 0, KT_E_INVALID, false},
		{SIGNING, "critical,emailProtection", 0, 0, 0, KT_E_INVALID, false},
		{SIGNING, NULL, 0, 0, 0, KT_E_INVALID, false},
		{"critical,keyAgreement", STAMPS, 0, 0, 0, KT_E_INVALID, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pki_cert c = pki_make(&(struct pki_spec){.name = "Somebody",
								.usage = cases[i].usage,
								.eku = cases[i].eku,
								.from_s = cases[i].from_s,
								.to_s = cases[i].to_s},
					     &root);
		struct kt_token t;
		int r = judge(&c, cases[i].gen_s, false, &t);

		if (r != cases[i].r || (r == 0 && t.tsa.chain_ok != cases[i].chain))
			fail_msg("case %zu: %d", i, r);
		pki_free(&c);
	}
}

static void test_facts(void **state)
{
	struct kt_token t;
	struct kt_signer same;

	(void)state;
	assert_int_equal(judge(&tsa, -100, false, &t), 0);
	assert_true(t.gen_us < kt_time_now() - 99 * KT_US_PER_S);
	assert_string_equal(t.tsa.subject, "CN=Authority");
	assert_string_equal(t.policy, "1.2.3.4.1");
	assert_string_equal(t.serial, "07");
	assert_int_equal(judge(&tsa, 0, true, &t), KT_E_INVALID);
	assert_int_equal(judge(&tsa, 0, false, &t), 0);
	same = t.tsa;
	assert_int_equal(kt_token_apart(&t, &same, NULL), KT_E_INVALID);
	memset(&same, 0, sizeof(same));
	assert_int_equal(kt_token_apart(&t, &same, NULL), 0);
	memcpy(same.key_sha256, t.tsa.key_sha256, KT_SHA256_LEN);
	assert_int_equal(kt_token_apart(&t, &same, NULL), KT_E_INVALID);
}

/* -- packages ----------------------------------------------------------------------------------- */

static int stamp(void *arg, const void *content, size_t n, struct kt_buf *token, struct kt_err *err)
{
	size_t len;
	unsigned char *der = pki_token(&tsa, content, n, stamp_at, &len);
	int r = kt_buf_put(token, der, len);

	(void)arg;
	(void)err;
	free(der);
	return r;
}

static int make_stamped(struct world *w, long operator_s, char name[KT_PKG_NAME_MAX + 1])
{
	char dir[128];

	make_world(w, operator_s, false);
	snprintf(dir, sizeof(dir), "%s/tsa", w->trust_dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	pki_write_pem(dir, "tsa.pem", root.x);
	kt_trust_free(&w->trust);
	assert_int_equal(kt_trust_load(w->trust_dir, &w->trust, NULL), 0);
	w->s.stamp = stamp;
	assert_int_equal(synth_case(&w->s, 1, NULL), 0);
	return synth_package(&w->s, 1, w->trust, name, &res, NULL);
}

static void judge_package(const struct world *w, const char *name)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", w->out, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(kt_verify_package(fd, name, w->trust, &res, NULL), 0);
	close(fd);
}

static void test_expired_since(void **state)
{
	char name[KT_PKG_NAME_MAX + 1];
	struct world w;

	(void)state;
	stamp_at = 0;
	/* long enough for a slow disk to make and judge the package in */
	assert_int_equal(make_stamped(&w, 20, name), 0);
	assert_int_equal(res.verdict, KT_VERDICT_VALID);
	assert_true(res.anchored);
	assert_int_equal(res.xades_token.state, KT_VT_BELIEVED);
	sleep(21);
	judge_package(&w, name);
	assert_int_equal(res.verdict, KT_VERDICT_VALID);
	assert_int_equal(res.check[KT_V_OPERATOR].state, KT_VS_OK);
	end_world(&w);
	/* a token from after the end shows nothing but that it came too late */
	stamp_at = 5;
	assert_int_equal(make_stamped(&w, 3, name), KT_E_INVALID);
	assert_int_equal(res.check[KT_V_OPERATOR].state, KT_VS_FAILED);
	end_world(&w);
}

/* The operator's certificate is revoked, an hour before the token or after it. */
static void test_revoked(void **state)
{
	static const struct {
		long revoked_s;
		enum kt_verdict verdict;
	} cases[] = {{-3600, KT_VERDICT_INVALID}, {3600, KT_VERDICT_VALID}};
	char name[KT_PKG_NAME_MAX + 1];

	(void)state;
	stamp_at = 0;
	for (size_t i = 0; i < 2; i++) {
		struct pki_cert key = {NULL, NULL};
		struct world w;
		struct kt_buf b;
		BIO *pem;

		assert_int_equal(make_stamped(&w, 0, name), 0);
		kt_buf_init(&b, 0);
		assert_int_equal(synth_read_pki(&w.s, "operator.pem", &b, NULL), 0);
		pem = BIO_new_mem_buf(b.p, (int)b.len);
		key.x = PEM_read_bio_X509(pem, NULL, NULL, NULL);
		BIO_free(pem);
		kt_buf_free(&b);
		assert_non_null(key.x);
		pki_write_crl(w.trust_dir, "ca.crl", &w.ca, key.x, cases[i].revoked_s);
		pki_free(&key);
		kt_trust_free(&w.trust);
		assert_int_equal(kt_trust_load(w.trust_dir, &w.trust, NULL), 0);
		judge_package(&w, name);
		if (cases[i].verdict == KT_VERDICT_INVALID) {
			assert_int_equal(res.verdict, KT_VERDICT_INVALID);
			assert_int_equal(res.check[KT_V_OPERATOR].state, KT_VS_FAILED);
			assert_int_equal(res.check[KT_V_REVOCATION].state, KT_VS_FAILED);
			assert_non_null(strstr(res.check[KT_V_OPERATOR].text[0], "revoked"));
		} else {
			/* lists beside the anchors of signers are not asked about authorities */
			assert_int_equal(res.check[KT_V_OPERATOR].state, KT_VS_OK);
			assert_int_equal(res.check[KT_V_REVOCATION].state, KT_VS_OK);
			assert_int_equal(res.verdict, KT_VERDICT_VALID);
		}
		end_world(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_may),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_expired_since),
		cmocka_unit_test(test_revoked),
	};

	return cmocka_run_group_tests(tests, make_all, drop_all);
}
