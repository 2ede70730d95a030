/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Parts of a CMS signature for those who build around one: its certificates, its value, the
 * time-stamp token it carries; and bare signatures, as XML holds them. Structure alone: whether a
 * signature holds is core/cms.h.
 */
#ifndef KT_CORE_CMS_PARTS_H
#define KT_CORE_CMS_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/hash.h"

struct kt_err;

#define KT_CMS_CERTS 16

/* DER, one behind the other: the signer's first, then the others in the order of the structure. */
struct kt_cms_certs {
	struct kt_buf der; /* owned */
	size_t off[KT_CMS_CERTS], len[KT_CMS_CERTS];
	size_t n;
};

/* 0, KT_E_INVALID when it is no signature by one signer with its certificate inside. Free always. */
int kt_cms_certs(const void *p7s, size_t n, struct kt_cms_certs *c, struct kt_err *err);
void kt_cms_certs_free(struct kt_cms_certs *c);

/* Appends the bytes of the one signer's signature. 0 or KT_E_INVALID. */
int kt_cms_value(const void *p7s, size_t n, struct kt_buf *value, struct kt_err *err);
/* Appends the signature again, with the token (RFC 3161) as its unsigned attribute. */
int kt_cms_add_token(const void *p7s, size_t n, const void *token, size_t token_n,
		     struct kt_buf *out, struct kt_err *err);

/*
 * The URI of the XML signature algorithm for the key of a certificate in DER, with SHA-256; NULL
 * when there is none for it.
 */
const char *kt_cert_xml_alg(const void *der, size_t n);
/* Appends its IssuerSerial (RFC 5035) in DER. 0 or KT_E_INVALID. */
int kt_cert_issuer_serial(const void *der, size_t n, struct kt_buf *out, struct kt_err *err);
/*
 * Is this the signature of a SHA-256 digest by the key of a certificate, in the form that XML
 * signatures use (ECDSA: r and s, each of the curve's length)? 0 or KT_E_INVALID.
 */
int kt_cert_verify_raw(const void *der, size_t n, const uint8_t digest[KT_SHA256_LEN],
		       const void *sig, size_t sig_n, struct kt_err *err);

#endif
