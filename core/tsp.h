/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Time-stamps (RFC 3161): the request, the reply, and what a token proves. Judged here and not by
 * OpenSSL's ts, which checks less; used by keten-sign, the engine and the verifier. No network.
 */
#ifndef KT_CORE_TSP_H
#define KT_CORE_TSP_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/cms.h"

struct kt_err;

#define KT_TSP_NONCE 16			 /* bytes */
#define KT_TSP_MAX   ((size_t)256 << 10) /* DER bytes of a reply or token */

struct kt_token {
	int64_t gen_us;		     /* the time it states */
	int64_t accuracy_us;	     /* as it claims; 0: not said */
	struct kt_signer tsa;	     /* who states it; its chain is judged at gen_us */
	char policy[64], serial[64]; /* policy as OID, serial in lower-case hex */
	uint8_t nonce[KT_TSP_NONCE];
	size_t nonce_n; /* 0: none, or one longer than ours */
};

/* A request for a SHA-256 digest, with certificates wanted, appended to der. 0 or KT_E_INTERNAL. */
int kt_tsp_request(const uint8_t digest[KT_SHA256_LEN], const uint8_t nonce[KT_TSP_NONCE],
		   struct kt_buf *der, struct kt_err *err);
/* Takes the token out of a reply, appended. 0; KT_E_REFUSED with the authority's words; KT_E_FORMAT. */
int kt_tsp_reply(const void *der, size_t n, struct kt_buf *token, struct kt_err *err);

/*
 * What a token says of content. tsa: the anchors for time, NULL: nobody is believed. 0: it is over
 * this content, rightly signed by a certificate that carries the critical extended key usage
 * timeStamping and no other and was valid at the stated time; look at t->tsa.chain_ok for whether
 * we believe it. KT_E_INVALID otherwise.
 */
int kt_token_verify(const void *der, size_t n, const void *content, size_t content_n,
		    const struct kt_trust *tsa, struct kt_token *t, struct kt_err *err);

/* The same of content that is known by its SHA-256 alone, such as a whole file. */
int kt_token_verify_digest(const void *der, size_t n, const uint8_t sha256[KT_SHA256_LEN],
			   const struct kt_trust *tsa, struct kt_token *t, struct kt_err *err);

/*
 * Roles apart: a token by somebody who also signs proves nothing. KT_E_INVALID when key, certificate
 * or name are those of the other, or the authority's certificate is an authoriser's.
 */
int kt_token_apart(const struct kt_token *t, const struct kt_signer *other, struct kt_err *err);

#endif
