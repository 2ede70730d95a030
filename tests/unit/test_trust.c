/* SPDX-License-Identifier: EUPL-1.2 */
/* Revocation: what lists say of a time, and what follows when they say nothing. */
#include "tests/unit/pki.h"

#include "core/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char content[] = "content";
static struct pki_cert ca, other, who;
static char dir[64], lists[80];

static int make_all(void **state)
{
	(void)state;
	kt_crypto_init(NULL);
	ca = pki_make(&(struct pki_spec){.name = "Test CA", .ca = true, .from_s = -90 * PKI_DAY},
		      NULL);
	other = pki_make(&(struct pki_spec){.name = "Other CA", .ca = true}, NULL);
	who = pki_make(&(struct pki_spec){.name = "Operator",
					  .usage = "critical,digitalSignature",
					  .from_s = -80 * PKI_DAY},
		       &ca);
	pki_dir(dir);
	pki_write_pem(dir, "ca.pem", ca.x);
	snprintf(lists, sizeof(lists), "%s/lists", dir);
	mkdir(lists, 0700);
	return 0;
}

static int drop_all(void **state)
{
	char cmd[128];

	(void)state;
	snprintf(cmd, sizeof(cmd), "%s/ca.pem", dir);
	unlink(cmd);
	rmdir(lists);
	rmdir(dir);
	pki_free(&ca);
	pki_free(&other);
	pki_free(&who);
	return 0;
}

struct list {
	const struct pki_cert *by;
	long from_d, next_d;   /* days from now */
	long revoked_d;	       /* of the operator; 0: not in it */
	bool critical, forged; /* an extension that nobody knows; signed by another */
};

static void write_list(const struct list *l)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *t = ASN1_TIME_new();
	unsigned char *der = NULL;
	int n;

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(l->by->x));
	X509_gmtime_adj(t, l->from_d * PKI_DAY);
	X509_CRL_set1_lastUpdate(crl, t);
	X509_gmtime_adj(t, l->next_d * PKI_DAY);
	X509_CRL_set1_nextUpdate(crl, t);
	if (l->revoked_d != 0) {
		X509_REVOKED *r = X509_REVOKED_new();

		X509_gmtime_adj(t, l->revoked_d * PKI_DAY);
		X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(who.x));
		X509_REVOKED_set_revocationDate(r, t);
		X509_CRL_add0_revoked(crl, r);
	}
	if (l->critical) {
		ASN1_OCTET_STRING *o = ASN1_OCTET_STRING_new();
		X509_EXTENSION *e;

		ASN1_OCTET_STRING_set(o, (const unsigned char *)"\x05", 1);
		e = X509_EXTENSION_create_by_NID(NULL, NID_issuing_distribution_point, 1, o);
		X509_CRL_add_ext(crl, e, -1);
		X509_EXTENSION_free(e);
		ASN1_OCTET_STRING_free(o);
	}
	pki_must(X509_CRL_sign(crl, l->forged ? other.key : l->by->key, EVP_sha256()) > 0, "CRL");
	n = i2d_X509_CRL(crl, &der);
	pki_must(n > 0, "CRL");
	pki_write(lists, "list.crl", der, (size_t)n);
	OPENSSL_free(der);
	ASN1_TIME_free(t);
	X509_CRL_free(crl);
}

/* The operator's signature, judged at_d days from now with this list. */
static struct kt_signer judge(const struct list *l, long at_d)
{
	struct kt_trust *trust = NULL;
	struct kt_signer s;
	char path[128];
	size_t n;
	unsigned char *der =
		pki_sign(&who, NULL, content, sizeof(content), 0, EVP_sha256(), false, &n);

	assert_int_equal(kt_trust_load(dir, &trust, NULL), 0);
	if (l != NULL) {
		write_list(l);
		assert_int_equal(kt_trust_add_lists(trust, lists, NULL), 0);
	}
	assert_int_equal(kt_trust_has_lists(trust), l != NULL);
	assert_int_equal(kt_cms_verify(der, n, content, sizeof(content), trust,
				       kt_time_now() + at_d * PKI_DAY * KT_US_PER_S, &s, NULL),
			 0);
	free(der);
	kt_trust_free(&trust);
	snprintf(path, sizeof(path), "%s/list.crl", lists);
	unlink(path);
	return s;
}

static void expect(const struct list *l, long at_d, bool chain, enum kt_revocation want)
{
	struct kt_signer s = judge(l, at_d);

	assert_int_equal(s.chain_ok, chain);
	assert_int_equal(s.revocation, want);
	if (want == KT_REVOKED)
		assert_non_null(strstr(s.chain_text, "revoked at"));
}

static void judges_at_the_time_asked_for(void **state)
{
	(void)state;
	expect(NULL, 0, true, KT_REVOCATION_NONE);
	expect(&(struct list){&ca, -1, 6, 0, false, false}, 0, true, KT_REVOCATION_CLEAR);
	expect(&(struct list){&ca, -1, 6, -10, false, false}, 0, false, KT_REVOKED);
	/* before the revocation it was good, and a later list says so */
	expect(&(struct list){&ca, -1, 6, -10, false, false}, -20, true, KT_REVOCATION_CLEAR);
	expect(&(struct list){&ca, -1, 6, -10, false, false}, -9, false, KT_REVOKED);
}

static void a_list_that_ended_clears_nobody(void **state)
{
	(void)state;
	expect(&(struct list){&ca, -30, -20, 0, false, false}, 0, true, KT_REVOCATION_OPEN);
	/* what it revokes stays revoked */
	expect(&(struct list){&ca, -30, -20, -40, false, false}, 0, false, KT_REVOKED);
}

static void other_lists_say_nothing(void **state)
{
	(void)state;
	expect(&(struct list){&other, -1, 6, -10, false, false}, 0, true, KT_REVOCATION_OPEN);
	expect(&(struct list){&ca, -1, 6, -10, false, true}, 0, true, KT_REVOCATION_OPEN);
	expect(&(struct list){&ca, -1, 6, -10, true, false}, 0, true, KT_REVOCATION_OPEN);
}

static void broken_lists_are_errors(void **state)
{
	struct kt_trust *trust = NULL;
	char path[128];

	(void)state;
	assert_int_equal(kt_trust_load(dir, &trust, NULL), 0);
	assert_int_equal(kt_trust_add_lists(trust, lists, NULL), KT_E_ABSENT);
	assert_int_equal(kt_trust_add_lists(trust, "/nonexistent", NULL), KT_E_ABSENT);
	pki_write(lists, "list.crl", "no list", 7);
	assert_int_equal(kt_trust_add_lists(trust, lists, NULL), KT_E_FORMAT);
	snprintf(path, sizeof(path), "%s/list.crl", lists);
	unlink(path);
	assert_int_equal(kt_trust_set_tsa(trust, lists, NULL), KT_E_ABSENT);
	assert_null(kt_trust_tsa(trust));
	assert_int_equal(kt_trust_set_tsa(trust, dir, NULL), 0);
	assert_int_equal(kt_trust_count(kt_trust_tsa(trust)), 1);
	kt_trust_free(&trust);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_at_the_time_asked_for),
		cmocka_unit_test(a_list_that_ended_clears_nobody),
		cmocka_unit_test(other_lists_say_nothing),
		cmocka_unit_test(broken_lists_are_errors),
	};

	return cmocka_run_group_tests(tests, make_all, drop_all);
}
