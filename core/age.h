/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The age v1 file format (age-encryption.org/v1) with X25519 recipients, over OpenSSL's EVP: an
 * encryptor and a decryptor that stream in constant memory, and the text forms of the keys. What
 * is written here opens with any age program, and the other way round. Secrets are cleansed when
 * they are no longer needed. Anyone may use it; identities (secrets) belong to keten-sign and to a
 * release alone.
 */
#ifndef KT_CORE_AGE_H
#define KT_CORE_AGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_err;

#define KT_AGE_KEY	 32
#define KT_AGE_RECIPIENT 63 /* "age1..." and NUL */
#define KT_AGE_IDENTITY	 75 /* "AGE-SECRET-KEY-1..." and NUL */
#define KT_AGE_CHUNK	 ((size_t)65536)
#define KT_AGE_HEADER	 168 /* bytes of a header for one X25519 recipient */
#define KT_AGE_MAGIC	 "age-encryption.org/v1\n"

/* -- keys ------------------------------------------------------------------------------------- */

/* A new pair. 0 or KT_E_INTERNAL. Cleanse secret when it is done with. */
int kt_age_keygen(uint8_t secret[KT_AGE_KEY], uint8_t recipient[KT_AGE_KEY], struct kt_err *err);
/* The recipient that belongs to a secret. 0 or KT_E_INTERNAL. */
int kt_age_public(const uint8_t secret[KT_AGE_KEY], uint8_t recipient[KT_AGE_KEY],
		  struct kt_err *err);
const char *kt_age_recipient_text(const uint8_t recipient[KT_AGE_KEY], char out[KT_AGE_RECIPIENT]);
const char *kt_age_identity_text(const uint8_t secret[KT_AGE_KEY], char out[KT_AGE_IDENTITY]);
/* Text of exactly n bytes. 0 or KT_E_FORMAT. */
int kt_age_recipient_parse(const char *p, size_t n, uint8_t out[KT_AGE_KEY], struct kt_err *err);
int kt_age_identity_parse(const char *p, size_t n, uint8_t out[KT_AGE_KEY], struct kt_err *err);

/* Bytes of the file that so many bytes of plaintext make. */
uint64_t kt_age_size(uint64_t plain);
/* Can a file for one recipient be of this size? */
bool kt_age_size_ok(uint64_t size);
/* Are these the first bytes of a file for exactly one X25519 recipient? n: KT_AGE_HEADER. */
bool kt_age_header_ok(const uint8_t *p, size_t n);

/* -- streams ---------------------------------------------------------------------------------- */

/* Takes what comes out. 0 or a code, which is passed on. */
typedef int (*kt_age_out_fn)(void *arg, const void *p, size_t n, struct kt_err *err);

struct kt_age_stream; /* about 128 KiB */

struct kt_age_enc {
	struct kt_age_stream *s; /* owned; NULL: not begun, or ended */
	void *arg;		 /* out's; its owner may move, and then says so here */
};

/* Writes the header. 0, KT_E_NOMEM, KT_E_INTERNAL, or what out returns. Free in every case. */
int kt_age_enc_begin(struct kt_age_enc *e, const uint8_t recipient[KT_AGE_KEY], kt_age_out_fn out,
		     void *arg, struct kt_err *err);
int kt_age_enc_write(struct kt_age_enc *e, const void *p, size_t n, struct kt_err *err);
/* The last chunk; without it the file counts as cut off. */
int kt_age_enc_end(struct kt_age_enc *e, struct kt_err *err);
void kt_age_enc_free(struct kt_age_enc *e);

struct kt_age_dec {
	struct kt_age_stream *s; /* owned */
};

/*
 * Gives out only what was authenticated, chunk by chunk; but only kt_age_dec_end() says that the
 * file was whole: what was given out before counts as nothing when it fails. KT_E_INVALID: changed,
 * cut off, or goes on behind its end; KT_E_REFUSED: not for this identity; KT_E_FORMAT: no age
 * file that this can read.
 */
int kt_age_dec_begin(struct kt_age_dec *d, const uint8_t secret[KT_AGE_KEY], kt_age_out_fn out,
		     void *arg, struct kt_err *err);
int kt_age_dec_write(struct kt_age_dec *d, const void *p, size_t n, struct kt_err *err);
int kt_age_dec_end(struct kt_age_dec *d, struct kt_err *err);
void kt_age_dec_free(struct kt_age_dec *d);

/* Fetches what OpenSSL loads on first use, before a sandbox closes. */
int kt_age_warm(struct kt_err *err);

#endif
