/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The station's ADB key: one fresh RSA-2048 pair per case, in the case folder and nowhere else.
 * It signs the phone's tokens and shows its fingerprint; it never leaves this process.
 */
#ifndef KT_ANDROID_KEYS_H
#define KT_ANDROID_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_buf;
struct kt_err;
struct kt_key;

#define KT_KEY_BITS	   2048
#define KT_KEY_STRUCT	   524 /* bytes of the public key in Android's form */
#define KT_KEY_SIGNATURE   256
#define KT_KEY_FINGERPRINT 48 /* MD5 in hex with colons, and a NUL */
#define KT_KEY_COMMENT	   255

/*
 * The key of the case folder. create: make one when there is none (mode 0600, never replacing).
 * *out is the caller's. KT_E_ABSENT without create, KT_E_STORAGE, KT_E_INVALID (the file is not
 * ours or others may read it), KT_E_NOMEM.
 */
int kt_key_open(int dirfd, bool create, struct kt_key **out, struct kt_err *err);
/* Wipes and frees. NULL is fine. */
void kt_key_free(struct kt_key **k);

/* The pair was made by this call of the program and no phone has accepted it yet. */
bool kt_key_is_new(const struct kt_key *k);
/* A phone accepted it at some time (KT_DEV_KEY_NAME ".ok" lies beside it). */
bool kt_key_was_accepted(const struct kt_key *k);
/* Notes that a phone accepted it. 0 or KT_E_STORAGE. */
int kt_key_set_accepted(struct kt_key *k, struct kt_err *err);

/* "aa:bb:...", what the phone shows in its question. Valid as long as k. */
const char *kt_key_fingerprint(const struct kt_key *k);
/* The public key in Android's form. Valid as long as k. */
const uint8_t *kt_key_public(const struct kt_key *k);
/*
 * Appends the text that goes to the phone: base64, a space, the comment, a NUL. The comment must
 * be printable ASCII without spaces (KT_E_USAGE).
 */
int kt_key_public_text(const struct kt_key *k, const char *comment, struct kt_buf *out,
		       struct kt_err *err);
/* Signs a token: PKCS #1 v1.5 with the token itself in the place of a SHA-1 digest. */
int kt_key_sign(const struct kt_key *k, const uint8_t token[20], uint8_t sig[KT_KEY_SIGNATURE],
		struct kt_err *err);

#endif
