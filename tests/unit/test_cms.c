/* SPDX-License-Identifier: EUPL-1.2 */
#include "tests/unit/pki.h"

#include "core/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SIGN_USAGE "critical,digitalSignature,nonRepudiation"

static const char content[] = "{\"format\":\"keten-mandate-1\"}\r\n\n";
static struct pki_cert ca, other_ca, sub, auth, plain, rsa;
static char dir[64];
static struct kt_trust *trust;

static int make_all(void **state)
{
	struct kt_err err = {0};

	(void)state;
	kt_crypto_init(NULL);
	ca = pki_make(&(struct pki_spec){.name = "Test CA",
					 .usage = "critical,keyCertSign",
					 .ca = true,
					 .from_s = -30 * PKI_DAY},
		      NULL);
	other_ca = pki_make(&(struct pki_spec){.name = "Other CA", .ca = true}, NULL);
	sub = pki_make(&(struct pki_spec){.name = "Sub CA", .ca = true}, &ca);
	auth = pki_make(
		&(struct pki_spec){.name = "Authoriser", .usage = SIGN_USAGE, .authoriser = true},
		&ca);
	plain = pki_make(&(struct pki_spec){.name = "Operator", .usage = SIGN_USAGE}, &ca);
	rsa = pki_make(&(struct pki_spec){.name = "RSA", .usage = SIGN_USAGE, .rsa_bits = 2048},
		       &ca);
	pki_dir(dir);
	pki_write_pem(dir, "ca.pem", ca.x);
	pki_write(dir, "README.txt", "no certificate", 14);
	return kt_trust_load(dir, &trust, &err);
}

static int drop_all(void **state)
{
	char cmd[128];

	(void)state;
	kt_trust_free(&trust);
	pki_free(&ca);
	pki_free(&other_ca);
	pki_free(&sub);
	pki_free(&auth);
	pki_free(&plain);
	pki_free(&rsa);
	snprintf(cmd, sizeof(cmd), "%s/ca.pem", dir);
	unlink(cmd);
	snprintf(cmd, sizeof(cmd), "%s/README.txt", dir);
	unlink(cmd);
	rmdir(dir);
	return 0;
}

/* Signs the content and verifies it at at_us (0: now). */
static int check(const struct pki_cert *c, X509 *extra, unsigned flags, const EVP_MD *md, bool pss,
		 int64_t at_us, struct kt_signer *s)
{
	struct kt_err err = {0};
	size_t n;
	unsigned char *der = pki_sign(c, extra, content, sizeof(content), flags, md, pss, &n);
	int r = kt_cms_verify(der, n, content, sizeof(content), trust,
			      at_us != 0 ? at_us : kt_time_now(), s, &err);

	free(der);
	return r;
}

static void accepts_what_openssl_makes(void **state)
{
	struct kt_signer s;

	(void)state;
	assert_int_equal(check(&auth, NULL, CMS_CADES, EVP_sha256(), false, 0, &s), 0);
	assert_true(s.chain_ok && s.authoriser && s.may_sign && s.has_cades);
	assert_string_equal(s.subject, "CN=Authoriser");
	assert_string_equal(s.digest, "SHA256");
	assert_true(llabs(s.signing_time_us - kt_time_now()) < 60 * KT_US_PER_S);
	assert_true(s.not_before_us < s.not_after_us);
	assert_int_equal(check(&auth, NULL, 0, EVP_sha256(), false, 0, &s), 0);
	assert_true(s.chain_ok && !s.has_cades);
	assert_int_equal(check(&rsa, NULL, CMS_CADES, EVP_sha512(), false, 0, &s), 0);
	assert_true(s.chain_ok && !s.authoriser);
	assert_string_equal(s.digest, "SHA512");
	assert_int_equal(check(&rsa, NULL, CMS_CADES, EVP_sha256(), true, 0, &s), 0);
	assert_true(s.chain_ok);
}

static void refuses_other_bytes(void **state)
{
	struct kt_err err = {0};
	struct kt_signer s;
	char changed[sizeof(content)];
	size_t n;
	unsigned char *der =
		pki_sign(&auth, NULL, content, sizeof(content), CMS_CADES, EVP_sha256(), false, &n);

	(void)state;
	for (size_t i = 0; i < sizeof(content); i++) {
		memcpy(changed, content, sizeof(content));
		changed[i] ^= 1;
		assert_int_equal(kt_cms_verify(der, n, changed, sizeof(content), trust,
					       kt_time_now(), &s, &err),
				 KT_E_INVALID);
	}
	assert_int_equal(
		kt_cms_verify(der, n, content, sizeof(content) - 1, trust, kt_time_now(), &s, &err),
		KT_E_INVALID);
	assert_int_equal(kt_cms_verify(der, n, NULL, 0, trust, kt_time_now(), &s, &err),
			 KT_E_INVALID);
	free(der);
}

/* No flipped bit and no cut may crash; where one is accepted it may not have changed the signer. */
static void survives_mutation(void **state)
{
	struct kt_signer good, s;
	struct kt_err err;
	size_t n;
	unsigned char *der =
		pki_sign(&auth, NULL, content, sizeof(content), CMS_CADES, EVP_sha256(), false, &n);
	unsigned char *bad = malloc(n + 1);
	int64_t now = kt_time_now();

	(void)state;
	assert_non_null(bad);
	assert_int_equal(kt_cms_verify(der, n, content, sizeof(content), trust, now, &good, NULL),
			 0);
	for (size_t i = 0; i < n; i++) {
		memcpy(bad, der, n);
		bad[i] ^= (unsigned char)(1u << (i % 8));
		kt_err_clear(&err);
		if (kt_cms_verify(bad, n, content, sizeof(content), trust, now, &s, &err) == 0)
			assert_memory_equal(s.key_sha256, good.key_sha256, sizeof(s.key_sha256));
		kt_err_clear(&err);
		assert_int_equal(
			kt_cms_verify(der, i, content, sizeof(content), trust, now, &s, &err),
			KT_E_INVALID);
	}
	memcpy(bad, der, n);
	bad[n] = 0;
	assert_int_equal(kt_cms_verify(bad, n + 1, content, sizeof(content), trust, now, &s, &err),
			 KT_E_INVALID);
	free(bad);
	free(der);
}

static void refuses_weak_and_odd(void **state)
{
	struct pki_cert weak = pki_make(&(struct pki_spec){.name = "Weak", .rsa_bits = 1024}, &ca);
	struct pki_cert odd =
		pki_make(&(struct pki_spec){.name = "Odd", .curve = "secp256k1"}, &ca);
	struct kt_signer s;

	(void)state;
	assert_int_equal(check(&auth, NULL, 0, EVP_sha1(), false, 0, &s), KT_E_INVALID);
	assert_string_equal(s.digest, "SHA1");
	assert_int_equal(check(&rsa, NULL, 0, EVP_md5(), false, 0, &s), KT_E_INVALID);
	assert_int_equal(check(&weak, NULL, 0, EVP_sha256(), false, 0, &s), KT_E_INVALID);
	assert_int_equal(check(&odd, NULL, 0, EVP_sha256(), false, 0, &s), KT_E_INVALID);
	assert_int_equal(check(&auth, NULL, CMS_NOATTR, EVP_sha256(), false, 0, &s), KT_E_INVALID);
	assert_int_equal(check(&auth, NULL, CMS_NOCERTS, EVP_sha256(), false, 0, &s), KT_E_INVALID);
	pki_free(&weak);
	pki_free(&odd);
}

static unsigned char *der_of(CMS_ContentInfo *cms, size_t *n)
{
	unsigned char *der = NULL;
	int len = i2d_CMS_ContentInfo(cms, &der);

	pki_must(len > 0, "DER");
	*n = (size_t)len;
	CMS_ContentInfo_free(cms);
	return der;
}

static void refuses_two_signers_and_enclosed_content(void **state)
{
	const unsigned part = CMS_BINARY | CMS_DETACHED | CMS_PARTIAL;
	struct kt_err err = {0};
	struct kt_signer s;
	BIO *in = BIO_new_mem_buf(content, sizeof(content));
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, part);
	unsigned char *der;
	size_t n;

	(void)state;
	CMS_add1_signer(cms, auth.x, auth.key, EVP_sha256(), part);
	CMS_add1_signer(cms, rsa.x, rsa.key, EVP_sha256(), part);
	assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY | CMS_DETACHED), 1);
	der = der_of(cms, &n);
	assert_int_equal(
		kt_cms_verify(der, n, content, sizeof(content), trust, kt_time_now(), &s, &err),
		KT_E_INVALID);
	OPENSSL_free(der);
	BIO_free(in);
	in = BIO_new_mem_buf(content, sizeof(content));
	der = der_of(CMS_sign(auth.x, auth.key, NULL, in, CMS_BINARY), &n);
	assert_int_equal(
		kt_cms_verify(der, n, content, sizeof(content), trust, kt_time_now(), &s, &err),
		KT_E_INVALID);
	OPENSSL_free(der);
	BIO_free(in);
}

/* signing-certificate-v2 that names another certificate with the same key, issuer and serial. */
static void cades_names_the_certificate(void **state)
{
	struct kt_err err = {0};
	struct kt_signer s;
	struct pki_cert twin = auth;
	unsigned char *der;
	CMS_ContentInfo *cms;
	size_t n, m;
	const unsigned char *p;

	(void)state;
	der = pki_sign(&auth, NULL, content, sizeof(content), CMS_CADES | CMS_NOCERTS, EVP_sha256(),
		       false, &n);
	p = der;
	cms = d2i_CMS_ContentInfo(NULL, &p, (long)n);
	assert_non_null(cms);
	twin.x = X509_dup(auth.x);
	X509_gmtime_adj(X509_getm_notAfter(twin.x), 100 * PKI_DAY);
	X509_sign(twin.x, ca.key, EVP_sha256());
	CMS_add1_cert(cms, twin.x);
	free(der);
	der = der_of(cms, &m);
	assert_int_equal(
		kt_cms_verify(der, m, content, sizeof(content), trust, kt_time_now(), &s, &err),
		KT_E_INVALID);
	assert_non_null(strstr(kt_err_text(&err), "another certificate"));
	OPENSSL_free(der);
	X509_free(twin.x);
}

static void chain_is_a_fact_of_its_own(void **state)
{
	struct pki_cert leaf =
		pki_make(&(struct pki_spec){.name = "Leaf", .usage = SIGN_USAGE}, &sub);
	struct pki_cert alien =
		pki_make(&(struct pki_spec){.name = "Alien", .authoriser = true}, &other_ca);
	struct pki_cert old = pki_make(
		&(struct pki_spec){.name = "Old", .from_s = -20 * PKI_DAY, .to_s = -10 * PKI_DAY},
		&ca);
	struct pki_cert sha1 = pki_make(&(struct pki_spec){.name = "Sha1", .md = EVP_sha1()}, &ca);
	struct pki_cert fake = pki_make(&(struct pki_spec){.name = "Fake"}, &auth);
	struct pki_cert enc =
		pki_make(&(struct pki_spec){.name = "E", .usage = "keyEncipherment"}, &ca);
	int64_t day = PKI_DAY * KT_US_PER_S;
	struct kt_signer s;

	(void)state;
	assert_int_equal(check(&leaf, NULL, 0, EVP_sha256(), false, 0, &s), 0);
	assert_false(s.chain_ok);
	assert_int_equal(check(&leaf, sub.x, 0, EVP_sha256(), false, 0, &s), 0);
	assert_true(s.chain_ok);
	assert_int_equal(check(&alien, other_ca.x, 0, EVP_sha256(), false, 0, &s), 0);
	assert_true(s.authoriser && !s.chain_ok && s.chain_text[0] != '\0');
	assert_int_equal(check(&old, NULL, 0, EVP_sha256(), false, 0, &s), 0);
	assert_false(s.chain_ok);
	assert_int_equal(check(&old, NULL, 0, EVP_sha256(), false, kt_time_now() - 15 * day, &s),
			 0);
	assert_true(s.chain_ok);
	assert_int_equal(check(&old, NULL, 0, EVP_sha256(), false, kt_time_now() - 25 * day, &s),
			 0);
	assert_false(s.chain_ok);
	assert_int_equal(check(&sha1, NULL, 0, EVP_sha256(), false, 0, &s), 0);
	assert_false(s.chain_ok);
	assert_int_equal(check(&fake, auth.x, 0, EVP_sha256(), false, 0, &s), 0);
	assert_false(s.chain_ok); /* issued by a certificate that is no CA */
	assert_int_equal(check(&enc, NULL, 0, EVP_sha256(), false, 0, &s), 0);
	assert_true(s.chain_ok && !s.may_sign);
	pki_free(&leaf);
	pki_free(&alien);
	pki_free(&old);
	pki_free(&sha1);
	pki_free(&fake);
	pki_free(&enc);
}

static void without_trust_the_reason_is_given(void **state)
{
	struct kt_err err = {0};
	struct kt_signer s;
	size_t n;
	unsigned char *der =
		pki_sign(&auth, NULL, content, sizeof(content), 0, EVP_sha256(), false, &n);

	(void)state;
	assert_int_equal(
		kt_cms_verify(der, n, content, sizeof(content), NULL, kt_time_now(), &s, &err), 0);
	assert_false(s.chain_ok);
	assert_string_equal(s.chain_text, "no trust anchor was given");
	free(der);
}

static void names_show_nothing_hidden(void **state)
{
	/* a right-to-left override, a comma, a letter beyond ASCII */
	struct pki_cert c = pki_make(&(struct pki_spec){.name = "Zo\xc3\xab, \xe2\x80\xae"
								"drs"},
				     &ca);
	char pem[4096];
	size_t n = pki_pem(c.x, pem, sizeof(pem));
	struct kt_err err = {0};
	struct kt_signer s;

	(void)state;
	assert_int_equal(kt_cert_facts(pem, n, trust, kt_time_now(), &s, &err), 0);
	assert_string_equal(s.subject, "CN=Zo\xc3\xab\\, \\u{202e}drs");
	assert_true(s.may_sign && s.chain_ok);
	assert_int_equal(kt_cert_facts("nothing", 7, trust, kt_time_now(), &s, &err), KT_E_FORMAT);
	pki_free(&c);
}

static void same_key_gives_the_same_hash(void **state)
{
	struct pki_cert c =
		pki_make(&(struct pki_spec){.name = "Second", .same_key = plain.key}, &ca);
	char pem[4096];
	struct kt_signer a, b;

	(void)state;
	assert_int_equal(kt_cert_facts(pem, pki_pem(plain.x, pem, sizeof(pem)), NULL, 0, &a, NULL),
			 0);
	assert_int_equal(kt_cert_facts(pem, pki_pem(c.x, pem, sizeof(pem)), NULL, 0, &b, NULL), 0);
	assert_memory_equal(a.key_sha256, b.key_sha256, sizeof(a.key_sha256));
	assert_memory_not_equal(a.cert_sha256, b.cert_sha256, sizeof(a.cert_sha256));
	pki_free(&c);
}

static void trust_folder_rules(void **state)
{
	char d[64], sub_dir[80], path[96];
	struct kt_err err = {0};
	struct kt_trust *t;
	struct kt_signer s;
	char pem[4096];
	size_t n = pki_pem(plain.x, pem, sizeof(pem));
	unsigned char *der = NULL;
	int len = i2d_X509(ca.x, &der);

	(void)state;
	pki_dir(d);
	assert_int_equal(kt_trust_load("/nonexistent/trust", &t, &err), KT_E_ABSENT);
	assert_null(t);
	assert_int_equal(kt_trust_load(d, &t, &err), KT_E_ABSENT);
	pki_write(d, "a.crt", der, (size_t)len);
	pki_write_pem(d, "b.pem", other_ca.x);
	OPENSSL_free(der);
	snprintf(sub_dir, sizeof(sub_dir), "%s/authorisers", d);
	assert_int_equal(mkdir(sub_dir, 0700), 0);
	pki_write_pem(sub_dir, "p.pem", plain.x);
	assert_int_equal(kt_trust_load(d, &t, &err), 0);
	assert_int_equal(kt_trust_count(t), 2);
	assert_int_equal(kt_cert_facts(pem, n, t, kt_time_now(), &s, &err), 0);
	assert_true(s.chain_ok && s.authoriser); /* pinned */
	kt_trust_free(&t);
	assert_int_equal(kt_cert_facts(pem, n, trust, kt_time_now(), &s, &err), 0);
	assert_true(s.chain_ok && !s.authoriser);
	pki_write(d, "c.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 60);
	assert_int_equal(kt_trust_load(d, &t, &err), KT_E_FORMAT);
	pki_write(d, "c.pem", "empty", 5);
	assert_int_equal(kt_trust_load(d, &t, &err), KT_E_FORMAT);
	snprintf(path, sizeof(path), "%s/p.pem", sub_dir);
	unlink(path);
	rmdir(sub_dir);
	for (const char *f = "abc"; *f != '\0'; f++) {
		snprintf(path, sizeof(path), "%s/%c.%s", d, *f, *f == 'a' ? "crt" : "pem");
		unlink(path);
	}
	assert_int_equal(rmdir(d), 0);
	kt_trust_free(NULL);
	assert_int_equal(kt_trust_count(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_what_openssl_makes),
		cmocka_unit_test(refuses_other_bytes),
		cmocka_unit_test(survives_mutation),
		cmocka_unit_test(refuses_weak_and_odd),
		cmocka_unit_test(refuses_two_signers_and_enclosed_content),
		cmocka_unit_test(cades_names_the_certificate),
		cmocka_unit_test(chain_is_a_fact_of_its_own),
		cmocka_unit_test(without_trust_the_reason_is_given),
		cmocka_unit_test(names_show_nothing_hidden),
		cmocka_unit_test(same_key_gives_the_same_hash),
		cmocka_unit_test(trust_folder_rules),
	};

	return cmocka_run_group_tests(tests, make_all, drop_all);
}
