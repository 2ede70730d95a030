/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Detached CMS signatures and the trust behind them: what a signature proves, as facts, for the
 * mandate check and the verifier. Signing is not here (keten-sign alone signs).
 */
#ifndef KT_CORE_CMS_H
#define KT_CORE_CMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hash.h"

struct kt_err;
struct kt_trust; /* CA certificates and pinned authorisers; owns them */

/* Where a station keeps whom it trusts, unless a command names another folder. */
#define KT_TRUST_DEFAULT "/etc/keten/trust"

/* Certificate policy that marks an authoriser's certificate: an arc of ours under 2.25 (UUID). */
#define KT_OID_AUTHORISER "2.25.201674894613471264218302757137361034881.1"

/*
 * Starts OpenSSL without reading openssl.cnf or OPENSSL_CONF. Idempotent; every function here calls
 * it, but it only helps before OpenSSL's first use in the process: call it early in main(). 0 or
 * KT_E_INTERNAL.
 */
int kt_crypto_init(struct kt_err *err);

/*
 * Loads every *.pem / *.crt (PEM or DER) of a folder as trust anchors; certificates in its subfolder
 * "authorisers", when there is one, are pinned as authorisers without the policy (they still need a
 * chain to an anchor). Any certificate of the folder ends a chain, self-signed or not. 0, KT_E_ABSENT
 * when the folder does not exist or holds no certificate, KT_E_FORMAT for a broken file.
 * Free with kt_trust_free().
 */
int kt_trust_load(const char *dir, struct kt_trust **trust, struct kt_err *err);
void kt_trust_free(struct kt_trust **trust);
/*
 * Revocation lists (*.crl, PEM or DER) of that folder go along, and certificates in its subfolder
 * "tsa" are the anchors of time-stamp authorities, which are trusted for nothing else. set_tsa takes
 * those from another folder; add_lists takes further lists, for both. As kt_trust_load().
 */
int kt_trust_set_tsa(struct kt_trust *trust, const char *dir, struct kt_err *err);
int kt_trust_add_lists(struct kt_trust *trust, const char *dir, struct kt_err *err);
/* Whom a time is believed, or NULL. Borrowed. */
const struct kt_trust *kt_trust_tsa(const struct kt_trust *trust);
bool kt_trust_has_lists(const struct kt_trust *trust);
/* Number of anchors. */
size_t kt_trust_count(const struct kt_trust *trust);

#define KT_SIGNER_TEXT 160

enum kt_revocation {
	KT_REVOCATION_NONE = 0, /* no lists were given, or there is no chain */
	KT_REVOCATION_CLEAR, /* lists of every CA of the chain speak of that time, and are clear */
	KT_REVOCATION_OPEN,  /* lists were given, but none of its CA that speaks of that time */
	KT_REVOKED,	     /* at that time or before: chain_ok is false */
};

struct kt_signer {
	uint8_t cert_sha256[KT_SHA256_LEN];
	uint8_t key_sha256[KT_SHA256_LEN]; /* of SubjectPublicKeyInfo: "the same key" */
	char subject[KT_SIGNER_TEXT];	   /* one line, RFC 2253, escaped */
	char serial[64];		   /* lower-case hex */
	int64_t not_before_us, not_after_us;
	int64_t signing_time_us;	 /* attribute, claimed by the signer; 0 when absent */
	bool authoriser;		 /* policy OID or pinned */
	bool may_sign;			 /* key usage absent or digitalSignature/nonRepudiation */
	bool chain_ok;			 /* a chain to an anchor holds at the time asked for */
	char chain_text[KT_SIGNER_TEXT]; /* why not, when it does not */
	enum kt_revocation revocation;	 /* at the time asked for */
	bool has_cades;	 /* carries a signing-certificate-v2 attribute, and it names this one */
	char digest[16]; /* "SHA256" ... */
};

/*
 * May these two be one and the same, where the law wants two? By key, by certificate, or by name: whoever
 * has two certificates is still one person.
 */
bool kt_signer_same(const struct kt_signer *a, const struct kt_signer *b);

/*
 * Verifies a detached CMS signature (DER) with exactly one signer over content. trust may be NULL:
 * then chain_ok is false and chain_text says so. at_us: the time at which certificates must hold.
 * 0: the signature over exactly these bytes is cryptographically right (look at *s for the rest);
 * KT_E_INVALID: it is not, or the structure is malformed, has no or several signers, lacks the
 * signer's certificate or signed attributes, names another certificate in signing-certificate-v2,
 * or uses a digest that is no SHA-2 or a key other than ECDSA (NIST curves) and RSA from 2048 bits
 * (PKCS#1 or PSS). *s is filled as far as it could be read, zero otherwise. Never consults the network, OPENSSL_CONF or an S/MIME purpose.
 */
int kt_cms_verify(const void *der, size_t der_len, const void *content, size_t content_len,
		  const struct kt_trust *trust, int64_t at_us, struct kt_signer *s,
		  struct kt_err *err);

/*
 * Facts of a PEM certificate (the first in the text; further ones help to build its chain), judged
 * like above at at_us. Anything else in the text, such as a key, is passed over. 0 or KT_E_FORMAT.
 */
int kt_cert_facts(const void *pem, size_t n, const struct kt_trust *trust, int64_t at_us,
		  struct kt_signer *s, struct kt_err *err);

#endif
