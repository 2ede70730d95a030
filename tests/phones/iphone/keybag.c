/* SPDX-License-Identifier: EUPL-1.2 */
#include "keybag.h"

#include <stdio.h>
#include <string.h>

#include "config.h"

static void sha256(const void *p, size_t n, uint8_t out[32])
{
	EVP_Digest(p, n, out, NULL, EVP_sha256(), NULL);
}

void sim_derive(uint8_t *out, size_t n, const char *seed, const char *label)
{
	char text[256];
	uint8_t block[32];

	for (unsigned i = 0; n; i++) {
		size_t part = n < sizeof(block) ? n : sizeof(block);

		snprintf(text, sizeof(text), "%s/%s/%u", seed, label, i);
		sha256(text, strlen(text), block);
		memcpy(out, block, part);
		out += part;
		n -= part;
	}
}

static int wrap(const uint8_t kek[SIM_KEY_BYTES], const uint8_t key[SIM_KEY_BYTES],
		uint8_t out[SIM_WRAPPED_BYTES])
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n = 0, ok = 0;

	if (c) {
		EVP_CIPHER_CTX_set_flags(c, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
		ok = EVP_EncryptInit_ex(c, EVP_aes_256_wrap(), NULL, kek, NULL) &&
		     EVP_EncryptUpdate(c, out, &n, key, SIM_KEY_BYTES) && n == SIM_WRAPPED_BYTES;
	}
	EVP_CIPHER_CTX_free(c);
	return ok ? 0 : -1;
}

static void put(struct sim_keybag *k, const char *tag, const void *p, size_t n)
{
	uint8_t *to = k->bag + k->bag_len;

	memcpy(to, tag, 4);
	to[4] = to[5] = to[6] = 0;
	to[7] = (uint8_t)n;
	memcpy(to + 8, p, n);
	k->bag_len += 8 + n;
}

static void put_number(struct sim_keybag *k, const char *tag, uint64_t v)
{
	uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	put(k, tag, b, 4);
}

static void put_derived(struct sim_keybag *k, const char *tag, size_t n, const char *seed,
			const char *label)
{
	uint8_t bytes[64];

	sim_derive(bytes, n, seed, label);
	put(k, tag, bytes, n);
}

static int put_classes(struct sim_keybag *k, const char *seed, const uint8_t kek[SIM_KEY_BYTES])
{
	for (unsigned cls = 1; cls < SIM_CLASSES; cls++) {
		uint8_t wrapped[SIM_WRAPPED_BYTES];
		char label[32];

		snprintf(label, sizeof(label), "class-%u", cls);
		sim_derive(k->class_key[cls], SIM_KEY_BYTES, seed, label);
		if (wrap(kek, k->class_key[cls], wrapped) < 0)
			return -1;
		snprintf(label, sizeof(label), "class-%u-uuid", cls);
		put_derived(k, "UUID", 16, seed, label);
		put_number(k, "CLAS", cls);
		put_number(k, "WRAP", 2);
		put_number(k, "KTYP", 0);
		put(k, "WPKY", wrapped, sizeof(wrapped));
	}
	return 0;
}

int sim_keybag_make(struct sim_keybag *k, const struct sim_config *cfg, const char *udid)
{
	uint8_t salt[20], dpsl[20], k1[SIM_KEY_BYTES], k2[SIM_KEY_BYTES];
	char seed[160];

	memset(k, 0, sizeof(*k));
	if (!cfg->password)
		return 0;
	snprintf(seed, sizeof(seed), "%.80s/%.63s", cfg->seed, udid);
	k->encrypted = true;
	sim_derive(k->root, sizeof(k->root), seed, "files");
	sim_derive(k->manifest_key, sizeof(k->manifest_key), seed, "manifest");
	sim_derive(salt, sizeof(salt), seed, "salt");
	sim_derive(dpsl, sizeof(dpsl), seed, "dpsl");
	if (!PKCS5_PBKDF2_HMAC(cfg->password, (int)strlen(cfg->password), dpsl, sizeof(dpsl),
			       (int)cfg->dpic, EVP_sha256(), sizeof(k1), k1) ||
	    !PKCS5_PBKDF2_HMAC((const char *)k1, sizeof(k1), salt, sizeof(salt), (int)cfg->iter,
			       EVP_sha1(), sizeof(k2), k2))
		return -1;
	put_number(k, "VERS", 5);
	put_number(k, "TYPE", 1);
	put_derived(k, "UUID", 16, seed, "bag-uuid");
	put_derived(k, "HMCK", 40, seed, "bag-hmck");
	put_number(k, "WRAP", 0);
	put(k, "SALT", salt, sizeof(salt));
	put_number(k, "ITER", cfg->iter);
	put_number(k, "DPWT", 1);
	put_number(k, "DPIC", cfg->dpic);
	put(k, "DPSL", dpsl, sizeof(dpsl));
	return put_classes(k, seed, k2);
}

void sim_file_key(const struct sim_keybag *k, const uint8_t *id, uint8_t key[SIM_KEY_BYTES])
{
	uint8_t both[SIM_KEY_BYTES + 20];

	memcpy(both, k->root, SIM_KEY_BYTES);
	memcpy(both + SIM_KEY_BYTES, id, 20);
	sha256(both, sizeof(both), key);
}

void sim_wrapped_key(const struct sim_keybag *k, unsigned cls, const uint8_t key[SIM_KEY_BYTES],
		     uint8_t out[4 + SIM_WRAPPED_BYTES])
{
	memset(out, 0, 4 + SIM_WRAPPED_BYTES);
	out[0] = (uint8_t)cls;
	wrap(k->class_key[cls], key, out + 4);
}

EVP_CIPHER_CTX *sim_cipher(const uint8_t key[SIM_KEY_BYTES], bool padding)
{
	static const uint8_t iv[16];
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	if (!c || !EVP_EncryptInit_ex(c, EVP_aes_256_cbc(), NULL, key, iv)) {
		EVP_CIPHER_CTX_free(c);
		return NULL;
	}
	EVP_CIPHER_CTX_set_padding(c, padding);
	return c;
}
