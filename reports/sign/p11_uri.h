/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Private to keten-sign: the parts of a pkcs11: URI (RFC 7512) that name a token and an object. Text
 * in, text out; loads nothing.
 */
#ifndef KT_SIGN_P11_URI_H
#define KT_SIGN_P11_URI_H

#include <stddef.h>

struct kt_err;

#define KT_P11_TEXT 256

struct kt_p11_uri {
	char token[KT_P11_TEXT], serial[KT_P11_TEXT], object[KT_P11_TEXT], module[KT_P11_TEXT];
	unsigned char id[KT_P11_TEXT];
	size_t id_len; /* 0: none */
};

/*
 * 0 or KT_E_USAGE: malformed, a part that we don't know (it would be ignored, and another key used),
 * or one that holds a PIN.
 */
int kt_p11_uri_parse(const char *uri, struct kt_p11_uri *u, struct kt_err *err);
/* Decodes %XX in n bytes of s into out, terminated. Its length, or -1: malformed or too long. */
int kt_percent_decode(const char *s, size_t n, unsigned char *out, size_t cap);

#endif
