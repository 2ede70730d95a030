/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Key bags against public vectors (hashcat modes 14700 and 14800, password "hashcat"), damaged bags,
 * and backup decryption against OpenSSL's encryption.
 */
#include "core/cbc.h"
#include "core/err.h"
#include "extractor/ios/keybag.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t unhex(const char *s, uint8_t *out)
{
	size_t n = 0;

	for (; s[0] != '\0'; s += 2) {
		char b[3] = {s[0], s[1], '\0'};

		out[n++] = (uint8_t)strtoul(b, NULL, 16);
	}
	return n;
}

struct bag {
	uint8_t p[1024];
	size_t n;
};

static void tag(struct bag *b, const char *name, const void *p, size_t n)
{
	memcpy(b->p + b->n, name, 4);
	b->p[b->n + 4] = b->p[b->n + 5] = b->p[b->n + 6] = 0;
	b->p[b->n + 7] = (uint8_t)n;
	memcpy(b->p + b->n + 8, p, n);
	b->n += 8 + n;
}

static void number(struct bag *b, const char *name, uint32_t v)
{
	uint8_t p[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	tag(b, name, p, 4);
}

static void bytes(struct bag *b, const char *name, const char *hex)
{
	uint8_t p[64] = {0};
	size_t n = unhex(hex, p);

	tag(b, name, p, n);
}

static struct bag make(const char *wpky, uint32_t iter, const char *salt, uint32_t dpic,
		       const char *dpsl)
{
	struct bag b = {.n = 0};
	uint8_t uuid[16] = {1};

	number(&b, "VERS", 5);
	number(&b, "TYPE", 1);
	tag(&b, "UUID", uuid, 16);
	number(&b, "WRAP", 1);
	bytes(&b, "SALT", salt);
	number(&b, "ITER", iter);
	if (dpsl != NULL) {
		number(&b, "DPWT", 1);
		number(&b, "DPIC", dpic);
		bytes(&b, "DPSL", dpsl);
	}
	tag(&b, "UUID", uuid, 16);
	number(&b, "CLAS", 3);
	number(&b, "WRAP", 2);
	number(&b, "KTYP", 0);
	bytes(&b, "WPKY", wpky);
	return b;
}

#define SELF_TEST                                                                                  \
	make("17a3b858e79bc273be43a9f113b71efe7ec8e7e401396b350180b4592ef45db67ffef7b2d64329a5",   \
	     10000, "2721336781705041205314422175267631184867", 1000,                              \
	     "99fafc983e732998adb9fadc162a2e382143f115")

static void opens(struct bag b, const char *password)
{
	struct kt_keybag *kb;
	struct kt_err err = {0};
	uint8_t key[KT_KEYBAG_KEY];
	uint8_t wrapped[KT_KEYBAG_WRAPPED] = {0};

	assert_int_equal(kt_keybag_parse(b.p, b.n, &kb, &err), 0);
	assert_int_equal(kt_keybag_file_key(kb, 3, wrapped, key, &err), KT_E_USAGE);
	assert_int_equal(kt_keybag_unlock(kb, "hashcay", 7, &err), KT_E_REFUSED);
	assert_non_null(strstr(kt_err_text(&err), "wrong-password"));
	assert_false(kt_keybag_is_open(kb));
	assert_int_equal(kt_keybag_unlock(kb, password, strlen(password), &err), 0);
	assert_true(kt_keybag_is_open(kb));
	/* zeros are no wrapped key, and class 4 is not there */
	assert_int_equal(kt_keybag_file_key(kb, 3, wrapped, key, &err), KT_E_FORMAT);
	assert_int_equal(kt_keybag_file_key(kb, 4, wrapped, key, &err), KT_E_ABSENT);
	kt_keybag_free(&kb);
	assert_null(kb);
}

static void public_vectors(void **state)
{
	(void)state;
	opens(SELF_TEST, "hashcat");
	opens(make("ebd7f9b33293b2511f0a4139d5b213feff51476968863cef60ec38d720497b6ff39a0bb63fa9f84"
		   "e",
		   10000, "2202015774208421818002001652122401871832", 0, NULL),
	      "hashcat");
}

/* Ten million rounds, twice: eleven seconds, so only where KETEN_SLOW is set. */
static void slow_public_vector(void **state)
{
	(void)state;
	opens(make("8b715f516ff8e64442c478c2d9abb046fc6979ab079007d3dbcef3ddd84217f4c3db01362d88fa6"
		   "8",
		   10000, "2353363784073608264337337723324886300850", 10000000,
		   "425b4bb4e200b5fd4c66979c9caca31716052063"),
	      "hashcat");
}

static void damaged_bags(void **state)
{
	/* few rounds: this is about the bytes, and no password opens it */
	struct bag good = make("17a3b858e79bc273be43a9f113b71efe7ec8e7e401396b350180b4592ef45db6"
			       "7ffef7b2d64329a5",
			       10, "2721336781705041205314422175267631184867", 10,
			       "99fafc983e732998adb9fadc162a2e382143f115");
	struct kt_keybag *kb;
	struct kt_err err = {0};

	(void)state;
	/* cut anywhere: refused, or a bag whose class key is not there; never more than was given */
	for (size_t n = 0; n < good.n; n++) {
		uint8_t *p = malloc(n + 1);
		int r;

		assert_non_null(p);
		memcpy(p, good.p, n);
		r = kt_keybag_parse(p, n, &kb, &err);
		if (r == 0)
			assert_int_equal(kt_keybag_unlock(kb, "hashcat", 7, &err), KT_E_REFUSED);
		else
			assert_int_equal(r, KT_E_FORMAT);
		kt_keybag_free(&kb);
		free(p);
	}
	/* bits turned over: no crash */
	for (size_t i = 0; i < good.n * 8; i++) {
		struct bag b = good;

		b.p[i / 8] ^= (uint8_t)(1u << i % 8);
		/* more rounds than a test has time for */
		if (kt_keybag_parse(b.p, b.n, &kb, &err) == 0 && kt_keybag_rounds(kb) < 1000)
			kt_keybag_unlock(kb, "hashcat", 7, &err);
		kt_keybag_free(&kb);
	}
	assert_int_equal(kt_keybag_parse(good.p, KT_KEYBAG_MAX + 1, &kb, &err), KT_E_LIMIT);
	good = make("00", 100000001, "00", 1, "00");
	assert_int_equal(kt_keybag_parse(good.p, good.n, &kb, &err), KT_E_LIMIT);
}

/* -- decryption ------------------------------------------------------------------------------- */

#define PLAIN 1000u

static size_t encrypt(const uint8_t *key, const uint8_t *p, size_t n, uint8_t *out)
{
	static const uint8_t iv[16];
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int a = 0, b = 0;

	assert_int_equal(EVP_EncryptInit_ex(c, EVP_aes_256_cbc(), NULL, key, iv), 1);
	assert_int_equal(EVP_EncryptUpdate(c, out, &a, p, (int)n), 1);
	assert_int_equal(EVP_EncryptFinal_ex(c, out + a, &b), 1);
	EVP_CIPHER_CTX_free(c);
	return (size_t)(a + b);
}

static void streams_and_places(void **state)
{
	uint8_t key[32], plain[PLAIN], cipher[PLAIN + 16], out[PLAIN + 64];
	struct kt_err err = {0};
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 31 >> 2);
	n = encrypt(key, plain, PLAIN, cipher);
	assert_int_equal(n, 1008);
	for (size_t step = 1; step < 200; step += 13) {
		struct kt_cbc c;
		size_t at = 0, got;

		assert_int_equal(kt_cbc_init(&c, key, PLAIN, &err), 0);
		for (size_t i = 0; i < n; i += step) {
			size_t k = n - i < step ? n - i : step;

			assert_int_equal(kt_cbc_update(&c, cipher + i, k, out + at, &got, &err), 0);
			at += got;
		}
		assert_int_equal(kt_cbc_end(&c, &err), 0);
		kt_cbc_free(&c);
		assert_int_equal(at, PLAIN);
		assert_memory_equal(out, plain, PLAIN);
	}
	assert_int_equal(kt_cbc_blocks(key, cipher + 16, cipher + 32, 64, out, &err), 0);
	assert_memory_equal(out, plain + 32, 64);
	assert_int_equal(kt_cbc_blocks(key, NULL, cipher, 32, out, &err), 0);
	assert_memory_equal(out, plain, 32);
	assert_int_equal(kt_cbc_blocks(key, NULL, cipher, 33, out, &err), KT_E_INTERNAL);
}

static void short_ciphertext(void **state)
{
	uint8_t key[32] = {1}, cipher[64] = {2}, out[96];
	struct kt_err err = {0};
	struct kt_cbc c;
	size_t got;

	(void)state;
	assert_int_equal(kt_cbc_init(&c, key, 65, &err), 0);
	assert_int_equal(kt_cbc_update(&c, cipher, 64, out, &got, &err), 0);
	assert_int_equal(kt_cbc_end(&c, &err), KT_E_FORMAT);
	kt_cbc_free(&c);
	assert_int_equal(kt_cbc_init(&c, key, 10, &err), 0);
	assert_int_equal(kt_cbc_update(&c, cipher, 20, out, &got, &err), 0);
	assert_int_equal(got, 10);
	assert_int_equal(kt_cbc_end(&c, &err), KT_E_FORMAT);
	kt_cbc_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_vectors),
		cmocka_unit_test(damaged_bags),
		cmocka_unit_test(streams_and_places),
		cmocka_unit_test(short_ciphertext),
	};
	const struct CMUnitTest slow[] = {cmocka_unit_test(slow_public_vector)};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	return getenv("KETEN_SLOW") == NULL ? r : r | cmocka_run_group_tests(slow, NULL, NULL);
}
