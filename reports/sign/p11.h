/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Private to keten-sign: a card or token through its PKCS#11 module, loaded at run time. One session
 * for one act; the PIN is forgotten at once.
 */
#ifndef KT_SIGN_P11_H
#define KT_SIGN_P11_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "reports/sign/sign.h"

struct kt_buf;
struct kt_err;
struct kt_p11;

/* The module that a URI without module-path means: one line with an absolute path. */
#define KT_P11_MODULE_FILE "/etc/keten/pkcs11-module"

bool kt_p11_is_uri(const char *path);
/*
 * Finds token and certificate. secret: logs in and finds the private key too. cert NULL: read from
 * the token, else its public key is what the key must fit. *found gets the certificate (owned by the
 * caller), more gets CA certificates of the token. 0; KT_E_USAGE with what is wrong; free always.
 */
int kt_p11_open(const struct kt_sign_key *where, bool secret, X509 *cert, struct kt_p11 **card,
		X509 **found, STACK_OF(X509) *more, struct kt_err *err);
void kt_p11_close(struct kt_p11 **card);

/* Of a SHA-256 digest: ECDSA as r||s, or RSA PKCS#1 or PSS. pub: the certificate's key. */
int kt_p11_sign(struct kt_p11 *card, const EVP_PKEY *pub, const uint8_t *digest, bool pss,
		struct kt_buf *sig, struct kt_err *err);
/* A key whose private operation runs on the card. The caller frees it before the card is closed. */
int kt_p11_private(struct kt_p11 *card, EVP_PKEY *pub, EVP_PKEY **pkey, struct kt_err *err);
/* The card's own reason why that failed, as an error; 0 when it had none. */
int kt_p11_why(const struct kt_p11 *card, struct kt_err *err);

#endif
