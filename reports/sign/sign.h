/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The acts of keten-sign, the only program that touches a private key. Nothing else may link this.
 */
#ifndef KT_REPORTS_SIGN_SIGN_H
#define KT_REPORTS_SIGN_SIGN_H

#include <stddef.h>

struct kt_buf;
struct kt_err;

struct kt_sign_key {
	const char *path;  /* PEM: private key, its certificate first, then further certificates */
	int passphrase_fd; /* read the passphrase from here; -1: ask on the terminal */
};

/*
 * Detached CAdES signature (DER) over content with SHA-256, appended to der. The result is verified
 * before it is given out. 0; KT_E_USAGE: no such file, no key or no certificate in it, passphrase
 * wrong or not to be had; KT_E_REFUSED: key and certificate don't belong together, key usage or
 * validity forbids it; KT_E_INTERNAL.
 */
int kt_sign_content(const struct kt_sign_key *key, const void *content, size_t n,
		    struct kt_buf *der, struct kt_err *err);

/* The first certificate of the file as PEM, appended to pem. The key is not decrypted. As above. */
int kt_sign_cert(const struct kt_sign_key *key, struct kt_buf *pem, struct kt_err *err);

#endif
