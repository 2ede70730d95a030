/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A folder with a PKI, a mandate and a trust folder, in which a test makes packages of a synthetic
 * case (tests/tools/synth.h). Only tests include it.
 */
#ifndef KT_TESTS_UNIT_PACKAGE_WORLD_H
#define KT_TESTS_UNIT_PACKAGE_WORLD_H

#include <ftw.h>

#include "core/mandate.h"
#include "core/time.h"
#include "reports/package/package.h"
#include "reports/verify/verify.h"
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
	struct pki_cert ca; /* of operator and authoriser */
};

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static inline void write_key(const char *dir, const char *name, const struct pki_cert *c)
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

static inline void write_mandate(struct world *w, const struct pki_cert *by, bool two_stage)
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
static inline void make_world(struct world *w, long operator_s, bool two_stage)
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
	w->ca = ca;
	pki_free(&a);
	pki_free(&o);
}

static inline void end_world(struct world *w)
{
	kt_trust_free(&w->trust);
	pki_free(&w->ca);
	nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
