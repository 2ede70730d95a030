/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * META-INF/signatures001.xml: an XAdES signature over every file that META-INF/manifest.xml lists,
 * written in canonical form from the start. Its bytes follow from the files, from the certificates
 * and the claimed time of signatures/tagmanifest.p7s, and from two values, the signature and a
 * time-stamp token; so the writer writes it and the verifier makes it again and compares, and
 * neither parses XML. Shared by both; constant memory, whatever the number of files.
 */
#ifndef KT_VERIFY_XADES_H
#define KT_VERIFY_XADES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/cms_parts.h"

struct kt_err;

#define KT_XADES_SIG_MAX   2048u /* bytes of a signature */
#define KT_XADES_TOKEN_MAX ((size_t)256 << 10)

/* The i-th file that is signed, by name; false behind the last. Borrowed until the next call. */
typedef bool (*kt_xades_file_fn)(void *arg, size_t i, const char **name, const uint8_t **sha256);

struct kt_xades {
	const struct kt_cms_certs *certs; /* borrowed */
	int64_t time_us;		  /* the claimed time of signing */
	kt_xades_file_fn file;
	void *arg;
	/* by kt_xades_init(): */
	const char *alg;
	struct kt_buf issuer_serial;
	uint8_t cert_sha256[KT_SHA256_LEN], props_sha256[KT_SHA256_LEN];
	uint8_t info_sha256[KT_SHA256_LEN]; /* the digest that is signed */
};

/* Where text goes. 0, or a code that stops. */
typedef int (*kt_xades_out_fn)(void *arg, const void *p, size_t n);

/*
 * Reckons what is signed: x->info_sha256. certs, time_us, file and arg are set by the caller. 0;
 * KT_E_INVALID: no XML signature can be made with a key of that kind; KT_E_NOMEM. Free always.
 */
int kt_xades_init(struct kt_xades *x, struct kt_err *err);
void kt_xades_free(struct kt_xades *x);

/* What a time-stamp of the signature is over: ds:SignatureValue in canonical form, appended. */
int kt_xades_stamped(const void *sig, size_t n, struct kt_buf *out);

/* The document in pieces. The first ends where the signature's base64 begins ... */
int kt_xades_head(const struct kt_xades *x, kt_xades_out_fn out, void *arg);
int kt_xades_base64(const void *bytes, size_t n, kt_xades_out_fn out, void *arg);
/* ... the second goes on behind it; where there is a token, the third ends where its base64 begins ... */
int kt_xades_middle(const struct kt_xades *x, kt_xades_out_fn out, void *arg);
int kt_xades_token(kt_xades_out_fn out, void *arg);
/* ... and the last ends the document. */
int kt_xades_tail(bool token, kt_xades_out_fn out, void *arg);

#endif
