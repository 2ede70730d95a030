/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The keys of an encrypted backup: a key bag under the backup password, a key per protection class,
 * a key per file. All are derived from the seed, so that the same options give the same backup.
 * Facts: PBKDF2-SHA256 (DPIC rounds) then PBKDF2-SHA1 (ITER rounds); RFC 3394 wrapping; files
 * AES-256-CBC, zero IV, PKCS#7; Manifest.db the same without padding.
 */
#ifndef SIM_IPHONE_KEYBAG_H
#define SIM_IPHONE_KEYBAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

struct sim_config;

#define SIM_KEY_BYTES	   32
#define SIM_WRAPPED_BYTES  40
#define SIM_CLASSES	   12 /* 1 to 11 are used */
#define SIM_MANIFEST_CLASS 4

struct sim_keybag {
	bool encrypted;
	uint8_t root[SIM_KEY_BYTES];
	uint8_t class_key[SIM_CLASSES][SIM_KEY_BYTES];
	uint8_t manifest_key[SIM_KEY_BYTES];
	uint8_t bag[2048];
	size_t bag_len;
};

/* n bytes that depend on seed and label alone. */
void sim_derive(uint8_t *out, size_t n, const char *seed, const char *label);

/* Without a password: nothing but encrypted = false. 0 or -1. */
int sim_keybag_make(struct sim_keybag *k, const struct sim_config *cfg, const char *udid);
/* The key of a file, and its form in Manifest.db: class, little-endian, and the wrapped key. */
void sim_file_key(const struct sim_keybag *k, const uint8_t *id, uint8_t key[SIM_KEY_BYTES]);
void sim_wrapped_key(const struct sim_keybag *k, unsigned cls, const uint8_t key[SIM_KEY_BYTES],
		     uint8_t out[4 + SIM_WRAPPED_BYTES]);
/* A cipher to feed; NULL when OpenSSL fails. The caller's. */
EVP_CIPHER_CTX *sim_cipher(const uint8_t key[SIM_KEY_BYTES], bool padding);

#endif
