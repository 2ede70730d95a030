/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to core: what signatures and time-stamp tokens are judged with, in OpenSSL's types. */
#ifndef KT_CORE_CMS_I_H
#define KT_CORE_CMS_I_H

#include <openssl/cms.h>
#include <openssl/x509.h>

#include "core/cms.h"

#define KT_CERT_FILE_MAX ((size_t)1 << 20)

struct kt_trust {
	X509_STORE *anchors;
	STACK_OF(X509) *pinned;	  /* authorisers without the policy */
	STACK_OF(X509_CRL) *crls; /* of all the CAs, of time-stamp authorities too */
	size_t count;		  /* anchors */
	struct kt_trust *tsa;	  /* whom a time is believed; NULL: nobody */
};

/* "what: OpenSSL's reason", and empties its error queue. */
int kt_cms_ssl_fail(struct kt_err *err, int code, const char *what);
int64_t kt_asn1_time_us(const ASN1_TIME *t);
/* Copies text cut at a UTF-8 boundary. */
void kt_copy_cut(char *out, size_t cap, const char *p, size_t n);
/* ECDSA on a named NIST curve, or RSA from 2048 bits. */
bool kt_cms_key_is_accepted(const EVP_PKEY *key);
int kt_cms_cert_facts(X509 *x, STACK_OF(X509) *helpers, const struct kt_trust *trust, int64_t at_us,
		      struct kt_signer *s, struct kt_err *err);
int kt_cms_check_cades(const CMS_SignerInfo *si, X509 *signer, STACK_OF(X509) *certs,
		       bool *has_cades, struct kt_err *err);
int kt_cms_check_algs(CMS_SignerInfo *si, struct kt_signer *s, struct kt_err *err);
X509 *kt_cms_find_cert(const STACK_OF(X509) *certs, CMS_SignerInfo *si);
/* Fills s->revocation for a chain that holds, from the lists of trust. */
void kt_revocation_facts(const STACK_OF(X509) *chain, const struct kt_trust *trust, int64_t at_us,
			 struct kt_signer *s);

#endif
