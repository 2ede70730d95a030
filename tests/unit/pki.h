/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A small PKI in memory for unit tests: certificates of any shape and signatures of any flavour,
 * made with OpenSSL directly. Every failure ends the test program.
 */
#ifndef KT_TESTS_UNIT_PKI_H
#define KT_TESTS_UNIT_PKI_H

#include "core/cms.h"
#include "core/err.h"
#include "core/io.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PKI_DAY 86400L

struct pki_cert {
	EVP_PKEY *key;
	X509 *x;
};

struct pki_spec {
	const char *name;
	const char *usage; /* NULL: no key usage extension */
	const char *eku;   /* extended key usage, NULL: none */
	bool ca, authoriser;
	long from_s, to_s;  /* relative to now; both 0: yesterday to ten years on */
	const EVP_MD *md;   /* NULL: SHA-256 */
	int rsa_bits;	    /* 0: EC */
	const char *curve;  /* NULL: P-256 */
	EVP_PKEY *same_key; /* use this key in place of a new one */
};

static inline void pki_must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "test PKI: %s\n", what);
		abort();
	}
}

static inline void pki_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
	CONF *conf = NCONF_new(NULL); /* certificatePolicies wants one, be it empty */
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509V3_set_nconf(&ctx, conf);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	pki_must(e != NULL && X509_add_ext(x, e, -1) == 1, value);
	X509_EXTENSION_free(e);
	NCONF_free(conf);
}

/* issuer NULL: self-signed. */
static inline struct pki_cert pki_make(const struct pki_spec *s, const struct pki_cert *issuer)
{
	static long serial = 1000;
	struct pki_cert c = {NULL, X509_new()};
	X509_NAME *name = X509_NAME_new();
	X509 *by;

	if (s->same_key != NULL) {
		EVP_PKEY_up_ref(s->same_key);
		c.key = s->same_key;
	} else if (s->rsa_bits > 0) {
		c.key = EVP_RSA_gen((unsigned)s->rsa_bits);
	} else {
		c.key = EVP_EC_gen(s->curve != NULL ? s->curve : "P-256");
	}
	pki_must(c.key != NULL && c.x != NULL && name != NULL, "key");
	by = issuer != NULL ? issuer->x : c.x;
	X509_set_version(c.x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c.x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(c.x), s->from_s != 0 ? s->from_s : -PKI_DAY);
	X509_gmtime_adj(X509_getm_notAfter(c.x), s->to_s != 0 ? s->to_s : 3650 * PKI_DAY);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)s->name, -1,
				   -1, 0);
	X509_set_subject_name(c.x, name);
	X509_NAME_free(name);
	X509_set_issuer_name(c.x, X509_get_subject_name(by));
	X509_set_pubkey(c.x, c.key);
	pki_ext(c.x, by, NID_basic_constraints, s->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (s->usage != NULL)
		pki_ext(c.x, by, NID_key_usage, s->usage);
	if (s->eku != NULL)
		pki_ext(c.x, by, NID_ext_key_usage, s->eku);
	if (s->authoriser)
		pki_ext(c.x, by, NID_certificate_policies, KT_OID_AUTHORISER);
	pki_must(X509_sign(c.x, issuer != NULL ? issuer->key : c.key,
			   s->md != NULL ? s->md : EVP_sha256()) > 0,
		 "certificate");
	return c;
}

static inline void pki_free(struct pki_cert *c)
{
	EVP_PKEY_free(c->key);
	X509_free(c->x);
}

/* Malloc'd DER of a detached signature. extra: a certificate to go along, or NULL. */
static inline unsigned char *pki_sign(const struct pki_cert *c, X509 *extra, const void *p,
				      size_t n, unsigned flags, const EVP_MD *md, bool pss,
				      size_t *len)
{
	unsigned all = flags | CMS_BINARY | CMS_DETACHED | CMS_PARTIAL;
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, all);
	BIO *in = BIO_new_mem_buf(p, (int)n);
	unsigned char *der = NULL, *copy;
	CMS_SignerInfo *si;
	int r;

	pki_must(cms != NULL && in != NULL, "CMS_sign");
	si = CMS_add1_signer(cms, c->x, c->key, md, pss ? all | CMS_KEY_PARAM : all);
	pki_must(si != NULL, "CMS_add1_signer");
	if (pss)
		pki_must(EVP_PKEY_CTX_set_rsa_padding(CMS_SignerInfo_get0_pkey_ctx(si),
						      RSA_PKCS1_PSS_PADDING) > 0,
			 "PSS");
	if (extra != NULL)
		CMS_add1_cert(cms, extra);
	pki_must(CMS_final(cms, in, NULL, all & ~(unsigned)CMS_PARTIAL) == 1, "CMS_final");
	r = i2d_CMS_ContentInfo(cms, &der);
	pki_must(r > 0, "DER");
	copy = malloc((size_t)r);
	pki_must(copy != NULL, "memory");
	memcpy(copy, der, (size_t)r);
	*len = (size_t)r;
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return copy;
}

/*
 * Malloc'd DER of a time-stamp token over content with SHA-256, stating a time gen_s from now, signed by
 * any certificate whatever: OpenSSL's own functions would refuse the wrong ones.
 */
static inline unsigned char *pki_token(const struct pki_cert *c, const void *p, size_t n,
				       long gen_s, size_t *len)
{
	unsigned all = CMS_BINARY | CMS_PARTIAL | CMS_CADES | CMS_NOSMIMECAP;
	TS_TST_INFO *info = TS_TST_INFO_new();
	TS_MSG_IMPRINT *mi = TS_MSG_IMPRINT_new();
	X509_ALGOR *alg = X509_ALGOR_new();
	ASN1_GENERALIZEDTIME *t = ASN1_GENERALIZEDTIME_adj(NULL, time(NULL), 0, gen_s);
	ASN1_OBJECT *policy = OBJ_txt2obj("1.2.3.4.1", 1);
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	unsigned char md[32], *body = NULL, *der = NULL, *copy;
	CMS_ContentInfo *cms;
	BIO *in;
	int r;

	EVP_Digest(p, n, md, NULL, EVP_sha256(), NULL);
	X509_ALGOR_set0(alg, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL);
	TS_MSG_IMPRINT_set_algo(mi, alg);
	TS_MSG_IMPRINT_set_msg(mi, md, sizeof(md));
	ASN1_INTEGER_set(serial, 7);
	TS_TST_INFO_set_version(info, 1);
	TS_TST_INFO_set_policy_id(info, policy);
	TS_TST_INFO_set_msg_imprint(info, mi);
	TS_TST_INFO_set_serial(info, serial);
	TS_TST_INFO_set_time(info, t);
	r = i2d_TS_TST_INFO(info, &body);
	pki_must(r > 0, "TSTInfo");
	in = BIO_new_mem_buf(body, r);
	cms = CMS_sign(NULL, NULL, NULL, NULL, all);
	pki_must(cms != NULL &&
			 CMS_set1_eContentType(cms, OBJ_nid2obj(NID_id_smime_ct_TSTInfo)) == 1 &&
			 CMS_add1_signer(cms, c->x, c->key, EVP_sha256(), all) != NULL &&
			 CMS_final(cms, in, NULL, all & ~(unsigned)CMS_PARTIAL) == 1,
		 "token");
	r = i2d_CMS_ContentInfo(cms, &der);
	pki_must(r > 0, "token");
	copy = malloc((size_t)r);
	pki_must(copy != NULL, "memory");
	memcpy(copy, der, (size_t)r);
	*len = (size_t)r;
	OPENSSL_free(der);
	OPENSSL_free(body);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	TS_TST_INFO_free(info);
	TS_MSG_IMPRINT_free(mi);
	X509_ALGOR_free(alg);
	ASN1_GENERALIZEDTIME_free(t);
	ASN1_OBJECT_free(policy);
	ASN1_INTEGER_free(serial);
	return copy;
}

/* PEM text of a certificate into out. */
static inline size_t pki_pem(X509 *x, char *out, size_t cap)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *p = NULL;
	long n;

	pki_must(b != NULL && PEM_write_bio_X509(b, x) == 1, "PEM");
	n = BIO_get_mem_data(b, &p);
	pki_must(n > 0 && (size_t)n < cap, "PEM size");
	memcpy(out, p, (size_t)n);
	out[n] = '\0';
	BIO_free(b);
	return (size_t)n;
}

static inline void pki_write(const char *dir, const char *name, const void *p, size_t n)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	pki_must(fd >= 0 && kt_file_write(fd, name, p, n, 0600, NULL) == 0, name);
	close(fd);
}

static inline void pki_write_pem(const char *dir, const char *name, X509 *x)
{
	char pem[8192];
	size_t n = pki_pem(x, pem, sizeof(pem));

	pki_write(dir, name, pem, n);
}

/* A revocation list of today, which revokes x as of revoked_s from now. */
static inline void pki_write_crl(const char *dir, const char *name, const struct pki_cert *by,
				 const X509 *x, long revoked_s)
{
	X509_CRL *crl = X509_CRL_new();
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_TIME *t = ASN1_TIME_new();
	unsigned char *der = NULL;
	int n;

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->x));
	X509_CRL_set1_lastUpdate(crl, X509_gmtime_adj(t, -PKI_DAY));
	X509_CRL_set1_nextUpdate(crl, X509_gmtime_adj(t, 7 * PKI_DAY));
	X509_REVOKED_set_serialNumber(r, (ASN1_INTEGER *)(uintptr_t)X509_get0_serialNumber(x));
	X509_REVOKED_set_revocationDate(r, X509_gmtime_adj(t, revoked_s));
	X509_CRL_add0_revoked(crl, r);
	pki_must(X509_CRL_sign(crl, by->key, EVP_sha256()) > 0, "CRL");
	n = i2d_X509_CRL(crl, &der);
	pki_must(n > 0, "CRL");
	pki_write(dir, name, der, (size_t)n);
	OPENSSL_free(der);
	ASN1_TIME_free(t);
	X509_CRL_free(crl);
}

/* A fresh folder; dir holds at least 64 bytes. */
static inline void pki_dir(char *dir)
{
	snprintf(dir, 64, "/tmp/kt-test-XXXXXX");
	pki_must(mkdtemp(dir) != NULL, "folder");
}

#endif
