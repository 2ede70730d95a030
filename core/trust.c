/* SPDX-License-Identifier: EUPL-1.2 */
/* Whom we believe: anchors, pinned authorisers, revocation lists, time-stamp authorities. */
#include "core/buf.h"
#include "core/cms_i.h"
#include "core/err.h"
#include "core/io.h"
#include "core/time.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CRL_FILE_MAX ((size_t)64 << 20)

enum what { ANCHORS, PINNED, LISTS };

static bool has_suffix(const char *name, enum what what)
{
	const char *dot = strrchr(name, '.');

	if (name[0] == '.' || dot == NULL)
		return false;
	return what == LISTS ? strcasecmp(dot, ".crl") == 0
			     : strcasecmp(dot, ".pem") == 0 || strcasecmp(dot, ".crt") == 0;
}

/* Takes over x. */
static int add_cert(struct kt_trust *t, X509 *x, bool pin)
{
	if (pin)
		return sk_X509_push(t->pinned, x) > 0 ? 0 : KT_E_NOMEM;
	if (X509_STORE_add_cert(t->anchors, x) != 1) {
		X509_free(x);
		return KT_E_NOMEM;
	}
	X509_free(x);
	t->count++;
	return 0;
}

/* True when reading PEM stopped because there is no further block, not at a broken one. */
static bool pem_is_done(void)
{
	unsigned long e = ERR_peek_last_error();
	bool done = ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;

	ERR_clear_error();
	return done;
}

static int read_certs(const struct kt_buf *b, struct kt_trust *t, bool pin, const char *name,
		      struct kt_err *err)
{
	BIO *bio = BIO_new_mem_buf(b->p, (int)b->len);
	bool der = b->len > 0 && b->p[0] == 0x30, ok = true;
	int n = 0, r = 0;

	if (bio == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "%s: no memory", name);
	while (r == 0 && (!der || n == 0)) {
		X509 *x = der ? d2i_X509_bio(bio, NULL) : PEM_read_bio_X509(bio, NULL, NULL, NULL);

		if (x == NULL) {
			ok = pem_is_done();
			break;
		}
		r = add_cert(t, x, pin);
		n++;
	}
	BIO_free(bio);
	if (r < 0)
		return kt_cms_ssl_fail(err, r, "certificate store");
	if (!ok || n == 0)
		return KT_FAIL(err, KT_E_FORMAT, "%s: %s", name,
			       n == 0 ? "no certificate can be read from it"
				      : "a certificate is broken");
	return 0;
}

static int read_lists(const struct kt_buf *b, struct kt_trust *t, const char *name,
		      struct kt_err *err)
{
	BIO *bio = BIO_new_mem_buf(b->p, (int)b->len);
	bool der = b->len > 0 && b->p[0] == 0x30, ok = true;
	X509_CRL *x;
	int n = 0;

	while (bio != NULL && ok && (!der || n == 0)) {
		x = der ? d2i_X509_CRL_bio(bio, NULL)
			: PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
		if (x == NULL) {
			ok = pem_is_done();
			break;
		}
		ok = sk_X509_CRL_push(t->crls, x) > 0;
		n++;
	}
	BIO_free(bio);
	ERR_clear_error();
	return ok && n > 0 ? 0
			   : KT_FAIL(err, KT_E_FORMAT, "%s: no revocation list can be read", name);
}

static int load_dir(int dfd, struct kt_trust *t, enum what what, struct kt_err *err)
{
	int r = 0, copy = openat(dfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *e;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (d == NULL) {
		kt_close_fd(&copy);
		return KT_FAIL(err, KT_E_STORAGE, "trust folder cannot be listed");
	}
	while (r == 0 && (e = readdir(d)) != NULL) {
		struct kt_buf b;

		if (!has_suffix(e->d_name, what))
			continue;
		kt_buf_init(&b, CRL_FILE_MAX + 1);
		r = kt_file_read(dfd, e->d_name, what == LISTS ? CRL_FILE_MAX : KT_CERT_FILE_MAX,
				 &b, err);
		if (r == 0)
			r = what == LISTS ? read_lists(&b, t, e->d_name, err)
					  : read_certs(&b, t, what == PINNED, e->d_name, err);
		kt_buf_free(&b);
	}
	closedir(d);
	return r;
}

static int load_sub(int dfd, const char *name, struct kt_trust *t, enum what what,
		    struct kt_err *err)
{
	KT_AUTO_FD sub = -1;

	if (faccessat(dfd, name, F_OK, 0) < 0)
		return 0;
	sub = kt_dir_open(dfd, name, false, err);
	return sub < 0 ? sub : load_dir(sub, t, what, err);
}

static int new_trust(struct kt_trust **trust, struct kt_err *err)
{
	struct kt_trust *t = *trust = calloc(1, sizeof(*t));

	if (t != NULL) {
		t->anchors = X509_STORE_new();
		t->pinned = sk_X509_new_null();
		t->crls = sk_X509_CRL_new_null();
	}
	return t == NULL || t->anchors == NULL || t->pinned == NULL || t->crls == NULL
		       ? KT_FAIL(err, KT_E_NOMEM, "no memory")
		       : 0;
}

static int load_tsa(int dfd, struct kt_trust *t, struct kt_err *err)
{
	int r;

	kt_trust_free(&t->tsa);
	r = new_trust(&t->tsa, err);
	if (r == 0)
		r = load_dir(dfd, t->tsa, ANCHORS, err);
	if (r == 0)
		r = load_dir(dfd, t->tsa, LISTS, err);
	if (r < 0 || t->tsa->count == 0)
		kt_trust_free(&t->tsa);
	return r;
}

int kt_trust_load(const char *dir, struct kt_trust **trust, struct kt_err *err)
{
	KT_AUTO_FD dfd = -1;
	KT_AUTO_FD tsa = -1;
	struct kt_trust *t = NULL;
	int r = kt_crypto_init(err);

	*trust = NULL;
	if (r < 0)
		return r;
	dfd = kt_dir_open(AT_FDCWD, dir, false, err);
	if (dfd < 0)
		return KT_TRACE(err, dfd, "trust folder");
	r = new_trust(&t, err);
	if (r == 0)
		r = load_dir(dfd, t, ANCHORS, err);
	if (r == 0)
		r = load_dir(dfd, t, LISTS, err);
	if (r == 0)
		r = load_sub(dfd, "authorisers", t, PINNED, err);
	if (r == 0 && faccessat(dfd, "tsa", F_OK, 0) == 0) {
		tsa = kt_dir_open(dfd, "tsa", false, err);
		r = tsa < 0 ? tsa : load_tsa(tsa, t, err);
	}
	if (r == 0 && t->count == 0)
		r = KT_FAIL(err, KT_E_ABSENT, "%s holds no certificate (*.pem, *.crt)", dir);
	if (r < 0) {
		kt_trust_free(&t);
		return r;
	}
	*trust = t;
	return 0;
}

int kt_trust_set_tsa(struct kt_trust *trust, const char *dir, struct kt_err *err)
{
	KT_AUTO_FD dfd = kt_dir_open(AT_FDCWD, dir, false, err);
	int r = dfd < 0 ? dfd : load_tsa(dfd, trust, err);

	if (r == 0 && trust->tsa == NULL)
		r = KT_FAIL(err, KT_E_ABSENT, "%s holds no certificate (*.pem, *.crt)", dir);
	return r < 0 ? KT_TRACE(err, r, "trust in time-stamp authorities") : 0;
}

int kt_trust_add_lists(struct kt_trust *trust, const char *dir, struct kt_err *err)
{
	KT_AUTO_FD dfd = kt_dir_open(AT_FDCWD, dir, false, err);
	int before = sk_X509_CRL_num(trust->crls);
	int r = dfd < 0 ? dfd : load_dir(dfd, trust, LISTS, err);

	if (r == 0 && trust->tsa != NULL)
		r = load_dir(dfd, trust->tsa, LISTS, err);
	if (r == 0 && sk_X509_CRL_num(trust->crls) == before)
		r = KT_FAIL(err, KT_E_ABSENT, "%s holds no revocation list (*.crl)", dir);
	return r < 0 ? KT_TRACE(err, r, "revocation lists") : 0;
}

void kt_trust_free(struct kt_trust **trust)
{
	if (trust == NULL || *trust == NULL)
		return;
	kt_trust_free(&(*trust)->tsa);
	X509_STORE_free((*trust)->anchors);
	sk_X509_pop_free((*trust)->pinned, X509_free);
	sk_X509_CRL_pop_free((*trust)->crls, X509_CRL_free);
	free(*trust);
	*trust = NULL;
}

size_t kt_trust_count(const struct kt_trust *trust)
{
	return trust == NULL ? 0 : trust->count;
}

const struct kt_trust *kt_trust_tsa(const struct kt_trust *trust)
{
	return trust == NULL ? NULL : trust->tsa;
}

bool kt_trust_has_lists(const struct kt_trust *trust)
{
	return trust != NULL && sk_X509_CRL_num(trust->crls) > 0;
}

/* -- revocation --------------------------------------------------------------------------------- */

/* Is it a whole list by this CA? One of a part of its certificates can't clear anybody. */
static bool is_by(X509_CRL *crl, X509 *ca)
{
	return X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(ca)) == 0 &&
	       X509_CRL_get_ext_by_critical(crl, 1, -1) < 0 &&
	       X509_CRL_verify(crl, X509_get0_pubkey(ca)) == 1;
}

/* Does it say how things stood at that time: made later, or still in force then? */
static bool covers(const X509_CRL *crl, int64_t at_us)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

	return kt_asn1_time_us(X509_CRL_get0_lastUpdate(crl)) >= at_us ||
	       (next != NULL && kt_asn1_time_us(next) >= at_us);
}

static void judge(X509 *x, X509 *ca, const struct kt_trust *trust, int64_t at_us,
		  struct kt_signer *s)
{
	char t[KT_TIME_TEXT];
	bool covered = false;

	for (int i = 0; i < sk_X509_CRL_num(trust->crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(trust->crls, i);
		X509_REVOKED *entry = NULL;
		int64_t when;

		if (!is_by(crl, ca))
			continue;
		if (X509_CRL_get0_by_cert(crl, &entry, x) == 1) {
			when = kt_asn1_time_us(X509_REVOKED_get0_revocationDate(entry));
			if (when <= at_us) {
				s->revocation = KT_REVOKED;
				s->chain_ok = false;
				snprintf(s->chain_text, sizeof(s->chain_text),
					 "it was revoked at %s", kt_time_text(when, t));
				return;
			}
		}
		covered = covered || covers(crl, at_us);
	}
	if (!covered && s->revocation != KT_REVOKED)
		s->revocation = KT_REVOCATION_OPEN;
}

void kt_revocation_facts(const STACK_OF(X509) *chain, const struct kt_trust *trust, int64_t at_us,
			 struct kt_signer *s)
{
	if (sk_X509_CRL_num(trust->crls) <= 0)
		return;
	s->revocation = KT_REVOCATION_CLEAR;
	for (int i = 0; i + 1 < sk_X509_num(chain); i++)
		judge(sk_X509_value(chain, i), sk_X509_value(chain, i + 1), trust, at_us, s);
	ERR_clear_error();
}
