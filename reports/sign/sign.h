/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The acts of keten-sign, the only program that touches a private key, a card or the network.
 * Nothing else may link this.
 */
#ifndef KT_REPORTS_SIGN_SIGN_H
#define KT_REPORTS_SIGN_SIGN_H

#include <stdbool.h>
#include <stddef.h>

struct kt_buf;
struct kt_err;

/* Where a key is, and where its passphrase or PIN comes from. */
struct kt_sign_key {
	const char *path; /* PEM file (private key, its certificate first, then further ones), or a
			     pkcs11: URI */
	const char *cert; /* PEM file with the certificate, for a card that holds none; or NULL */
	const char *pinentry; /* program that asks for a PIN in a window of its own; or NULL */
	int passphrase_fd;    /* read passphrase or PIN from here; -1: ask on the terminal */
};

struct kt_sign_how {
	bool pss;	      /* RSA: PSS in place of PKCS#1; keys of that kind use it anyway */
	bool no_signing_time; /* PAdES: the claimed time stands in the PDF */
};

/*
 * Detached CAdES signature (DER) over content with SHA-256, appended to der. The result is verified
 * before it is given out. 0; KT_E_USAGE: no such key, no certificate, passphrase or PIN wrong or not
 * to be had; KT_E_REFUSED: key and certificate don't belong together, key usage or validity forbids
 * it; KT_E_INTERNAL.
 */
int kt_sign_content(const struct kt_sign_key *key, const struct kt_sign_how *how,
		    const void *content, size_t n, struct kt_buf *der, struct kt_err *err);

/*
 * The bare signature of a SHA-256 digest (n must be 32), as XML signatures want it: ECDSA as r and s
 * of the curve's length each, RSA as one number. Verified before it is given out. As above.
 */
int kt_sign_digest(const struct kt_sign_key *key, const void *digest, size_t n, struct kt_buf *sig,
		   struct kt_err *err);

/* The certificate as PEM, appended to pem. Asks for no passphrase and no PIN. As above. */
int kt_sign_cert(const struct kt_sign_key *key, struct kt_buf *pem, struct kt_err *err);

/*
 * Opens a CMS envelope (AuthEnvelopedData, DER) made for the key's certificate; plain gets its
 * content, all or nothing. The caller cleanses plain. 0; KT_E_REFUSED: it was made for others;
 * KT_E_INVALID: no such envelope, or it was changed; as above.
 */
int kt_sign_decrypt(const struct kt_sign_key *key, const void *envelope, size_t n,
		    struct kt_buf *plain, struct kt_err *err);

/*
 * Holds the identity of a case, from its envelope, and opens objects for keten on sock
 * (core/openproto.h) until that ends. 0, or a code: why the envelope could not be opened.
 */
int kt_sign_open(const struct kt_sign_key *key, int sock, struct kt_err *err);

/*
 * Makes an age identity and closes it into such an envelope for the certificates (PEM, 1 to 16);
 * appends the public recipient and a newline, then the envelope. The identity exists in here alone
 * and is cleansed. Needs no key. 0; KT_E_USAGE, KT_E_REFUSED: a certificate that can't be used;
 * KT_E_INTERNAL.
 */
int kt_sign_envelope(const void *certs_pem, size_t n, struct kt_buf *out, struct kt_err *err);

#endif
