/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SIM_ANDROID_AUTH_H
#define SIM_ANDROID_AUTH_H

/*
 * The keys that a phone trusts, and the check of a signature over its token. A key is the
 * "base64 comment" text of the protocol; its 524 bytes are checked for consistency.
 */

#include <stddef.h>
#include <stdint.h>

#define SIM_TOKEN	20
#define SIM_FINGERPRINT 48 /* MD5 as colon hex, with NUL */
#define SIM_KEYS_MAX	16

struct sim_key {
	void *pkey; /* EVP_PKEY */
	char fingerprint[SIM_FINGERPRINT];
};

struct sim_keys {
	struct sim_key key[SIM_KEYS_MAX];
	size_t n;
};

/* NULL if text (len bytes, NUL not needed) is a well-formed key, else what is wrong with it. */
const char *sim_key_read(const uint8_t *text, size_t len, struct sim_key *key);
void sim_key_free(struct sim_key *key);

/* Takes key over. A full ring drops its oldest key. */
void sim_keys_add(struct sim_keys *keys, struct sim_key *key);
void sim_keys_clear(struct sim_keys *keys);
int sim_keys_load(struct sim_keys *keys, const char *path);

/* The fingerprint of the key that made this signature, or NULL. */
const char *sim_keys_verify(const struct sim_keys *keys, const uint8_t token[SIM_TOKEN],
			    const uint8_t *sig, size_t len);

#endif
