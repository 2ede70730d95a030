/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The key bag of an encrypted iPhone backup (Manifest.plist, BackupKeyBag): class keys wrapped under
 * the holder's backup password. The password is given by its holder, used once and cleansed; it is
 * never guessed, stored or logged.
 *
 * Format, from published descriptions: tags of 4 bytes, big-endian lengths of 4 bytes, values. The
 * header has WRAP SALT ITER DPWT DPIC DPSL; the second UUID begins the list of classes with CLAS WRAP
 * KTYP WPKY. k1 = PBKDF2-HMAC-SHA256(password, DPSL, DPIC), k2 = PBKDF2-HMAC-SHA1(k1, SALT, ITER);
 * before iOS 10.2 only the second, on the password itself. Class keys with bit 2 of WRAP are wrapped
 * after RFC 3394 under k2.
 */
#ifndef KT_EXTRACTOR_IOS_KEYBAG_H
#define KT_EXTRACTOR_IOS_KEYBAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_err;
struct kt_keybag;

#define KT_KEYBAG_MAX	  65536u /* bytes of a key bag */
#define KT_KEYBAG_WRAPPED 40u	 /* a wrapped key */
#define KT_KEYBAG_KEY	  32u

/* 0 and *kb owned; KT_E_FORMAT; KT_E_LIMIT: more rounds than any phone uses (100 million). */
int kt_keybag_parse(const void *p, size_t n, struct kt_keybag **kb, struct kt_err *err);
/* Cleanses every key. */
void kt_keybag_free(struct kt_keybag **kb);
/*
 * Opens it; takes seconds (ten million rounds are usual). 0; KT_E_REFUSED "wrong-password": may be
 * tried again.
 */
int kt_keybag_unlock(struct kt_keybag *kb, const void *password, size_t n, struct kt_err *err);
bool kt_keybag_is_open(const struct kt_keybag *kb);
/* Rounds of both steps, for a word on the screen about how long it takes (2 million a second). */
uint32_t kt_keybag_rounds(const struct kt_keybag *kb);

/*
 * The key of a file: wrapped under its protection class. The Manifest's own key is 44 bytes: class
 * (little-endian), then wrapped. 0; KT_E_USAGE: not open; KT_E_ABSENT: no such class;
 * KT_E_FORMAT: it does not unwrap.
 */
int kt_keybag_file_key(const struct kt_keybag *kb, uint32_t class_,
		       const uint8_t wrapped[KT_KEYBAG_WRAPPED], uint8_t key[KT_KEYBAG_KEY],
		       struct kt_err *err);
int kt_keybag_manifest_key(const struct kt_keybag *kb, const void *p, size_t n,
			   uint8_t key[KT_KEYBAG_KEY], struct kt_err *err);

/* RFC 3394 unwrap of 40 bytes to 32 under a 32-byte key. 0, KT_E_FORMAT (integrity), KT_E_INTERNAL. */
int kt_keywrap_open(const uint8_t kek[KT_KEYBAG_KEY], const uint8_t wrapped[KT_KEYBAG_WRAPPED],
		    uint8_t key[KT_KEYBAG_KEY], struct kt_err *err);

#endif
