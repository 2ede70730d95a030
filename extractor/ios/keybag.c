/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/ios/keybag.h"
#include "core/err.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define CLASSES_MAX   32u
#define SALT_MAX      64u
#define ROUNDS_MAX    100000000u
#define WRAP_PASSCODE 2u

struct class_key {
	uint32_t number, wrap;
	bool has_key, open;
	uint8_t wrapped[KT_KEYBAG_WRAPPED];
	uint8_t key[KT_KEYBAG_KEY];
};

struct kt_keybag {
	uint8_t salt[SALT_MAX], dpsl[SALT_MAX];
	size_t salt_len, dpsl_len;
	uint32_t iter, dpic;
	bool open;
	size_t n;
	struct class_key class_[CLASSES_MAX];
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* -- reading ---------------------------------------------------------------------------------- */

static int take_salt(uint8_t *out, size_t *len, const uint8_t *p, size_t n, struct kt_err *err)
{
	if (n == 0 || n > SALT_MAX)
		return KT_FAIL(err, KT_E_FORMAT, "key bag: a salt of %zu bytes", n);
	memcpy(out, p, n);
	*len = n;
	return 0;
}

static int take_u32(uint32_t *out, const uint8_t *p, size_t n, struct kt_err *err)
{
	if (n != 4)
		return KT_FAIL(err, KT_E_FORMAT, "key bag: a number of %zu bytes", n);
	*out = be32(p);
	return 0;
}

static int header_tag(struct kt_keybag *kb, const uint8_t *tag, const uint8_t *p, size_t n,
		      struct kt_err *err)
{
	if (memcmp(tag, "SALT", 4) == 0)
		return take_salt(kb->salt, &kb->salt_len, p, n, err);
	if (memcmp(tag, "DPSL", 4) == 0)
		return take_salt(kb->dpsl, &kb->dpsl_len, p, n, err);
	if (memcmp(tag, "ITER", 4) == 0)
		return take_u32(&kb->iter, p, n, err);
	if (memcmp(tag, "DPIC", 4) == 0)
		return take_u32(&kb->dpic, p, n, err);
	return 0;
}

static int class_tag(struct class_key *c, const uint8_t *tag, const uint8_t *p, size_t n,
		     struct kt_err *err)
{
	if (memcmp(tag, "CLAS", 4) == 0)
		return take_u32(&c->number, p, n, err);
	if (memcmp(tag, "WRAP", 4) == 0)
		return take_u32(&c->wrap, p, n, err);
	/* keys of another length belong to classes that no file of a backup uses */
	if (memcmp(tag, "WPKY", 4) == 0 && n == KT_KEYBAG_WRAPPED) {
		memcpy(c->wrapped, p, n);
		c->has_key = true;
	}
	return 0;
}

static int read_tags(struct kt_keybag *kb, const uint8_t *p, size_t n, struct kt_err *err)
{
	size_t at = 0;
	unsigned uuids = 0;
	int r = 0;

	while (r == 0 && n - at >= 8) {
		const uint8_t *tag = p + at;
		uint32_t len = be32(p + at + 4);

		at += 8;
		if (len > n - at)
			return KT_FAIL(err, KT_E_FORMAT, "key bag: a tag is longer than the rest");
		if (memcmp(tag, "UUID", 4) == 0 && ++uuids > 1) {
			if (kb->n == CLASSES_MAX)
				return KT_FAIL(err, KT_E_FORMAT, "key bag: too many classes");
			kb->n++;
		}
		r = kb->n > 0 ? class_tag(&kb->class_[kb->n - 1], tag, p + at, len, err)
			      : header_tag(kb, tag, p + at, len, err);
		at += len;
	}
	return r;
}

int kt_keybag_parse(const void *p, size_t n, struct kt_keybag **out, struct kt_err *err)
{
	struct kt_keybag *kb;
	int r;

	*out = NULL;
	if (n > KT_KEYBAG_MAX)
		return KT_FAIL(err, KT_E_LIMIT, "key bag: %zu bytes", n);
	kb = calloc(1, sizeof(*kb));
	if (kb == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the key bag");
	r = read_tags(kb, p, n, err);
	if (r == 0 && (kb->salt_len == 0 || kb->iter == 0 || kb->n == 0))
		r = KT_FAIL(err, KT_E_FORMAT, "key bag: salt, rounds or classes are missing");
	if (r == 0 && (kb->iter > ROUNDS_MAX || kb->dpic > ROUNDS_MAX))
		r = KT_FAIL(err, KT_E_LIMIT, "key bag: more rounds than any phone uses");
	if (r < 0) {
		kt_keybag_free(&kb);
		return r;
	}
	*out = kb;
	return 0;
}

void kt_keybag_free(struct kt_keybag **kb)
{
	if (*kb != NULL) {
		OPENSSL_cleanse(*kb, sizeof(**kb));
		free(*kb);
	}
	*kb = NULL;
}

bool kt_keybag_is_open(const struct kt_keybag *kb)
{
	return kb->open;
}

uint32_t kt_keybag_rounds(const struct kt_keybag *kb)
{
	/* each is at most ROUNDS_MAX */
	return kb->iter + (kb->dpsl_len > 0 ? kb->dpic : 0);
}

/* -- keys ------------------------------------------------------------------------------------- */

int kt_keywrap_open(const uint8_t kek[KT_KEYBAG_KEY], const uint8_t wrapped[KT_KEYBAG_WRAPPED],
		    uint8_t key[KT_KEYBAG_KEY], struct kt_err *err)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t out[KT_KEYBAG_WRAPPED + 8];
	int len = 0, r = 0;

	if (ctx == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a cipher");
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_DecryptInit_ex(ctx, EVP_aes_256_wrap(), NULL, kek, NULL) != 1)
		r = KT_FAIL(err, KT_E_INTERNAL, "key wrap is not to be had");
	else if (EVP_DecryptUpdate(ctx, out, &len, wrapped, KT_KEYBAG_WRAPPED) != 1 ||
		 len != KT_KEYBAG_KEY)
		r = KT_FAIL(err, KT_E_FORMAT, "a wrapped key does not open");
	else
		memcpy(key, out, KT_KEYBAG_KEY);
	OPENSSL_cleanse(out, sizeof(out));
	EVP_CIPHER_CTX_free(ctx);
	return r;
}

static int derive(const struct kt_keybag *kb, const void *password, size_t n, uint8_t *k2,
		  struct kt_err *err)
{
	uint8_t k1[KT_KEYBAG_KEY];
	const char *pass = password;
	int len = (int)n, ok = 1;

	if (kb->dpsl_len > 0 && kb->dpic > 0) {
		ok = PKCS5_PBKDF2_HMAC(password, (int)n, kb->dpsl, (int)kb->dpsl_len, (int)kb->dpic,
				       EVP_sha256(), sizeof(k1), k1);
		pass = (const char *)k1;
		len = (int)sizeof(k1);
	}
	ok = ok == 1 && PKCS5_PBKDF2_HMAC(pass, len, kb->salt, (int)kb->salt_len, (int)kb->iter,
					  EVP_sha1(), KT_KEYBAG_KEY, k2) == 1;
	OPENSSL_cleanse(k1, sizeof(k1));
	return ok ? 0 : KT_FAIL(err, KT_E_INTERNAL, "PBKDF2 failed");
}

int kt_keybag_unlock(struct kt_keybag *kb, const void *password, size_t n, struct kt_err *err)
{
	uint8_t k2[KT_KEYBAG_KEY];
	unsigned opened = 0, wrong = 0;
	int r;

	if (n > 1024)
		return KT_FAIL(err, KT_E_USAGE, "a backup password of %zu bytes", n);
	r = derive(kb, password, n, k2, err);
	for (size_t i = 0; r == 0 && i < kb->n; i++) {
		struct class_key *c = &kb->class_[i];

		if (!c->has_key || (c->wrap & WRAP_PASSCODE) == 0)
			continue;
		c->open = kt_keywrap_open(k2, c->wrapped, c->key, NULL) == 0;
		opened += c->open;
		wrong += !c->open;
	}
	OPENSSL_cleanse(k2, sizeof(k2));
	if (r < 0)
		return r;
	/* RFC 3394 has an integrity check: one key that opens is no chance hit */
	if (opened == 0)
		return KT_FAIL(err, KT_E_REFUSED,
			       "wrong-password: this is not the password of the backup; it can be "
			       "typed again");
	if (wrong > 0)
		return KT_FAIL(err, KT_E_FORMAT, "key bag: %u of its keys do not open", wrong);
	kb->open = true;
	return 0;
}

int kt_keybag_file_key(const struct kt_keybag *kb, uint32_t class_,
		       const uint8_t wrapped[KT_KEYBAG_WRAPPED], uint8_t key[KT_KEYBAG_KEY],
		       struct kt_err *err)
{
	if (!kb->open)
		return KT_FAIL(err, KT_E_USAGE, "the key bag is not open");
	for (size_t i = 0; i < kb->n; i++)
		if (kb->class_[i].open && kb->class_[i].number == class_)
			return kt_keywrap_open(kb->class_[i].key, wrapped, key, err);
	return KT_FAIL(err, KT_E_ABSENT, "the backup has no key for protection class %u", class_);
}

int kt_keybag_manifest_key(const struct kt_keybag *kb, const void *p, size_t n,
			   uint8_t key[KT_KEYBAG_KEY], struct kt_err *err)
{
	const uint8_t *b = p;

	if (n != 4 + KT_KEYBAG_WRAPPED)
		return KT_FAIL(err, KT_E_FORMAT, "ManifestKey has %zu bytes", n);
	return kt_keybag_file_key(kb,
				  (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
					  (uint32_t)b[3] << 24,
				  b + 4, key, err);
}
