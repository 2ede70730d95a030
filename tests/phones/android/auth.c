/* SPDX-License-Identifier: EUPL-1.2 */
#include "auth.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "wire.h"

#define KEY_BYTES  524
#define KEY_BASE64 700 /* 524 bytes in base64 with padding */
#define MODULUS	   256

void sim_key_free(struct sim_key *key)
{
	EVP_PKEY_free(key->pkey);
	key->pkey = NULL;
}

static EVP_PKEY *make_pkey(const BIGNUM *n, const BIGNUM *e)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;

	if (bld && ctx && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e))
		params = OSSL_PARAM_BLD_to_param(bld);
	if (params && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* Checks the two precomputed values that every key carries: -1/n mod 2^32 and 2^4096 mod n. */
static const char *check_derived(const uint8_t *raw, const BIGNUM *n)
{
	uint32_t inverse = sim_get_le32(raw + 4), low = sim_get_le32(raw + 8);
	const char *wrong = NULL;
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *rr = BN_new(), *given = BN_lebin2bn(raw + 8 + MODULUS, MODULUS, NULL);

	if (inverse * low != UINT32_MAX)
		wrong = "n0inv is wrong";
	else if (!ctx || !rr || !given || !BN_set_bit(rr, 16 * MODULUS) || !BN_mod(rr, rr, n, ctx))
		wrong = "no memory";
	else if (BN_cmp(rr, given) != 0)
		wrong = "rr is wrong";
	BN_free(given);
	BN_free(rr);
	BN_CTX_free(ctx);
	return wrong;
}

static int fingerprint(const uint8_t *raw, char out[SIM_FINGERPRINT])
{
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (EVP_Digest(raw, KEY_BYTES, md, &n, EVP_md5(), NULL) != 1 || n != 16)
		return -1;
	for (unsigned int i = 0; i < n; i++)
		snprintf(out + (size_t)3 * i, SIM_FINGERPRINT - (size_t)3 * i,
			 i < 15 ? "%02X:" : "%02X", md[i]);
	return 0;
}

const char *sim_key_read(const uint8_t *text, size_t len, struct sim_key *key)
{
	uint8_t raw[KEY_BASE64];
	const char *wrong;
	BIGNUM *n, *e;

	memset(key, 0, sizeof(*key));
	if (len < KEY_BASE64 || (len > KEY_BASE64 && text[KEY_BASE64] != ' ' && text[KEY_BASE64]))
		return "base64 part is not 700 characters";
	/* 700 characters end with one padding sign, so OpenSSL reports 525 bytes. */
	if (EVP_DecodeBlock(raw, text, KEY_BASE64) != KEY_BYTES + 1 || text[KEY_BASE64 - 1] != '=')
		return "not base64 of 524 bytes";
	if (sim_get_le32(raw) != MODULUS / 4)
		return "word count is not 64";
	n = BN_lebin2bn(raw + 8, MODULUS, NULL);
	e = BN_lebin2bn(raw + 8 + 2 * MODULUS, 4, NULL);
	if (!n || !e)
		wrong = "no memory";
	else if (BN_num_bits(n) != 2048 || !BN_is_odd(n))
		wrong = "modulus is not 2048 bits";
	else
		wrong = check_derived(raw, n);
	if (!wrong && fingerprint(raw, key->fingerprint) < 0)
		wrong = "no MD5";
	if (!wrong) {
		key->pkey = make_pkey(n, e);
		if (!key->pkey)
			wrong = "not an RSA key";
	}
	BN_free(n);
	BN_free(e);
	return wrong;
}

void sim_keys_add(struct sim_keys *keys, struct sim_key *key)
{
	if (keys->n == SIM_KEYS_MAX) {
		sim_key_free(&keys->key[0]);
		memmove(&keys->key[0], &keys->key[1], sizeof(keys->key) - sizeof(keys->key[0]));
		keys->n--;
	}
	keys->key[keys->n++] = *key;
	key->pkey = NULL;
}

void sim_keys_clear(struct sim_keys *keys)
{
	while (keys->n)
		sim_key_free(&keys->key[--keys->n]);
}

int sim_keys_load(struct sim_keys *keys, const char *path)
{
	char line[1024];
	FILE *f = fopen(path, "re");
	int r = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		struct sim_key key;
		const char *wrong;

		line[strcspn(line, "\r\n")] = '\0';
		if (!*line)
			continue;
		wrong = sim_key_read((const uint8_t *)line, strlen(line), &key);
		if (wrong) {
			fprintf(stderr, "%s: %s\n", path, wrong);
			r = -1;
			break;
		}
		sim_keys_add(keys, &key);
	}
	fclose(f);
	return r;
}

const char *sim_keys_verify(const struct sim_keys *keys, const uint8_t token[SIM_TOKEN],
			    const uint8_t *sig, size_t len)
{
	for (size_t i = 0; i < keys->n; i++) {
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(keys->key[i].pkey, NULL);
		int ok = ctx && EVP_PKEY_verify_init(ctx) == 1 &&
			 EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
			 EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha1()) == 1 &&
			 EVP_PKEY_verify(ctx, sig, len, token, SIM_TOKEN) == 1;

		EVP_PKEY_CTX_free(ctx);
		if (ok)
			return keys->key[i].fingerprint;
	}
	return NULL;
}
