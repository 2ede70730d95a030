/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Private to keten-sign: a key and its certificates, from a PEM file or a card, behind one face.
 * Knows nothing of what is signed.
 */
#ifndef KT_SIGN_KEY_H
#define KT_SIGN_KEY_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/hash.h"
#include "reports/sign/sign.h"

struct kt_p11;

struct kt_key {
	X509 *cert;
	STACK_OF(X509) *more; /* further certificates of the chain */
	EVP_PKEY *pkey;	      /* PEM: the private key; card: none */
	struct kt_p11 *card;  /* or NULL */
};

/* secret false: the certificates alone, nothing is asked for. Close in every case. */
int kt_key_open(const struct kt_sign_key *where, bool secret, struct kt_key *k, struct kt_err *err);
void kt_key_close(struct kt_key *k);

/* May a signature be made with it now? 0 or KT_E_REFUSED with what to do. */
int kt_key_check(const struct kt_key *k, struct kt_err *err);
/* Does its certificate ask for RSA-PSS? */
bool kt_key_is_pss(const struct kt_key *k);
/* Signature of a SHA-256 digest as CMS holds it: ECDSA in DER, RSA PKCS#1 or PSS (salt 32). */
int kt_key_sign(struct kt_key *k, const uint8_t digest[KT_SHA256_LEN], bool pss, struct kt_buf *sig,
		struct kt_err *err);
/*
 * A private key for OpenSSL's CMS_decrypt(); a card's key works through the card, for as long as k is
 * open. The caller frees it.
 */
int kt_key_private(struct kt_key *k, EVP_PKEY **pkey, struct kt_err *err);

/* "what: OpenSSL's reason", and empties its error queue. */
int kt_sign_ssl_fail(struct kt_err *err, int code, const char *what);

#endif
