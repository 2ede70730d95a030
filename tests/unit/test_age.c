/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * age: keys as text, streams of many lengths in odd pieces, files that another program made, and
 * files that were cut, changed or made for somebody else. tests/e2e/test-age.sh holds it against
 * Debian's age.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/age.h"
#include "core/age_i.h"
#include "core/buf.h"
#include "core/err.h"

/* Made with age 1.1.1 and a key of age-keygen. */
static const char identity[] =
	"AGE-SECRET-KEY-1E7XAE6VCDMNZFQSUC6G2AS92DUEAZK80CMTYG0PNXN7RWPA7F50QLU8CNX";
static const char recipient[] = "age17r5ep929t2rdf5pkx08fthkk558tkzh7s7j9dgzy73rng4hsqphqera60a";
static const char text[] = "Position 52.0907000,5.1214000 at 2024-05-03T10:00:00Z\n";
static const char file_text[] =
	"YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSA3eWMySno4enNBMjh3WXFUWWdwYURmcEp5UG8zTEYzNzlL"
	"aGVhREpIaVFVCmJCTWx5M0ZiTUg1V1hqZGlKL0dSSTBXQWVUQ1pNUC9hSkV2L3J5bnU4dDgKLS0tIC9ERWw1OXlt"
	"UVRKMDhvN2o0QU5hVDMwbkRFZW1BVzJ1bTJRTzNydEhTNzAKv6Fu6lWb3gSn8omgGz5rMF0D2S4rfhHLRjtLctLW"
	"WP+6231Q35QNd8TC5Qf4MT6Lp/obvvvH8AYNpwJgLGIcL2tNS5QLOK/ZSJBr55f1pObiTxhcx7s=";
static const char file_empty[] =
	"YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBlQm5NY25QNnNMTGRCdmliYWVNRm8zbXErRThzNHd2dld4"
	"blAyUlBHN1QwCjVLT1NnS0JlSW05SEVQVmtyODRPdTZuck9qY1dLaHpkT3N3cyt1TUt4cG8KLS0tIGY1WjBFTHZ6"
	"NHRzRTBCVXZwMWMzSHI1ZWcwbzNSZ1FSM2ZSOVFuOFpxTTQKCLVIXM5le26qRbvbF6bKFwFkz2aCuQ1Gke4lv1EO"
	"hQU=";

static int collect(void *arg, const void *p, size_t n, struct kt_err *err)
{
	(void)err;
	return kt_buf_put(arg, p, n);
}

static void unb64(const char *in, struct kt_buf *out)
{
	int n, pad = 0;

	kt_buf_init(out, 0);
	assert_int_equal(kt_buf_reserve(out, strlen(in)), 0);
	n = EVP_DecodeBlock(out->p, (const unsigned char *)in, (int)strlen(in));
	assert_true(n > 0);
	while (in[strlen(in) - 1 - (size_t)pad] == '=')
		pad++;
	out->len = (size_t)(n - pad);
}

/* Opens n bytes in pieces of this size; out is emptied first. */
static int open_pieces(const uint8_t *secret, const uint8_t *p, size_t n, size_t piece,
		       struct kt_buf *out)
{
	struct kt_age_dec d = {NULL};
	int r = kt_age_dec_begin(&d, secret, collect, out, NULL);

	kt_buf_reset(out);
	for (size_t at = 0; r == 0 && at < n; at += piece)
		r = kt_age_dec_write(&d, p + at, n - at < piece ? n - at : piece, NULL);
	if (r == 0)
		r = kt_age_dec_end(&d, NULL);
	kt_age_dec_free(&d);
	return r;
}

static void make(const uint8_t *to, const uint8_t *p, size_t n, size_t piece, struct kt_buf *out)
{
	struct kt_age_enc e;

	kt_buf_reset(out);
	assert_int_equal(kt_age_enc_begin(&e, to, collect, out, NULL), 0);
	for (size_t at = 0; at < n; at += piece)
		assert_int_equal(
			kt_age_enc_write(&e, p + at, n - at < piece ? n - at : piece, NULL), 0);
	assert_int_equal(kt_age_enc_end(&e, NULL), 0);
	assert_int_equal(kt_age_enc_end(&e, NULL), KT_E_INTERNAL);
	kt_age_enc_free(&e);
}

static void test_keys(void **state)
{
	uint8_t secret[KT_AGE_KEY], pub[KT_AGE_KEY], again[KT_AGE_KEY];
	char a[KT_AGE_RECIPIENT], b[KT_AGE_IDENTITY];

	(void)state;
	assert_int_equal(kt_age_identity_parse(identity, strlen(identity), secret, NULL), 0);
	assert_int_equal(kt_age_public(secret, pub, NULL), 0);
	assert_string_equal(kt_age_recipient_text(pub, a), recipient);
	assert_string_equal(kt_age_identity_text(secret, b), identity);
	assert_int_equal(kt_age_recipient_parse(recipient, strlen(recipient), again, NULL), 0);
	assert_memory_equal(again, pub, sizeof(pub));
	for (size_t i = 0; i < strlen(recipient); i++) { /* every character counts */
		char bad[sizeof(recipient)];

		memcpy(bad, recipient, sizeof(bad));
		bad[i] = bad[i] == 'q' ? 'p' : 'q';
		assert_int_equal(kt_age_recipient_parse(bad, strlen(bad), again, NULL),
				 KT_E_FORMAT);
	}
	for (size_t i = 0; i < strlen(identity); i++) {
		char bad[sizeof(identity)];

		memcpy(bad, identity, sizeof(bad));
		bad[i] = bad[i] == 'Q' ? 'P' : 'Q';
		assert_int_equal(kt_age_identity_parse(bad, strlen(bad), again, NULL), KT_E_FORMAT);
	}
	assert_int_equal(kt_age_identity_parse(identity, 10, again, NULL), KT_E_FORMAT);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(kt_age_keygen(secret, pub, NULL), 0);
		kt_age_identity_text(secret, b);
		assert_int_equal(strlen(b), KT_AGE_IDENTITY - 1);
		assert_int_equal(kt_age_identity_parse(b, strlen(b), again, NULL), 0);
		assert_memory_equal(again, secret, sizeof(again));
		kt_age_recipient_text(pub, a);
		assert_int_equal(kt_age_recipient_parse(a, strlen(a), again, NULL), 0);
		assert_memory_equal(again, pub, sizeof(again));
	}
}

static void test_vectors(void **state)
{
	uint8_t secret[KT_AGE_KEY];
	struct kt_buf file, out;

	(void)state;
	kt_buf_init(&out, 0);
	assert_int_equal(kt_age_identity_parse(identity, strlen(identity), secret, NULL), 0);
	unb64(file_text, &file);
	assert_true(kt_age_header_ok(file.p, file.len));
	assert_int_equal(file.len, kt_age_size(strlen(text)));
	for (size_t piece = 1; piece <= file.len; piece++) {
		assert_int_equal(open_pieces(secret, file.p, file.len, piece, &out), 0);
		assert_int_equal(out.len, strlen(text));
		assert_memory_equal(out.p, text, out.len);
	}
	/* every bit of it counts, and every byte is needed */
	for (size_t i = 0; i < file.len; i++) {
		file.p[i] ^= 1;
		assert_true(open_pieces(secret, file.p, file.len, file.len, &out) < 0);
		assert_int_equal(out.len, 0);
		file.p[i] ^= 1;
		assert_true(open_pieces(secret, file.p, i, i + 1, &out) < 0);
		assert_int_equal(out.len, 0);
	}
	kt_buf_put(&file, "x", 1);
	assert_int_equal(open_pieces(secret, file.p, file.len, file.len, &out), KT_E_INVALID);
	secret[5] ^= 1;
	assert_int_equal(open_pieces(secret, file.p, file.len - 1, file.len, &out), KT_E_REFUSED);
	secret[5] ^= 1;
	kt_buf_free(&file);
	unb64(file_empty, &file);
	assert_int_equal(open_pieces(secret, file.p, file.len, 7, &out), 0);
	assert_int_equal(out.len, 0);
	assert_int_equal(file.len, kt_age_size(0));
	kt_buf_free(&file);
	kt_buf_free(&out);
}

static void test_lengths(void **state)
{
	static const size_t lengths[] = {0,	 1,	 65535,	 65536,	  65537,
					 131071, 131072, 131073, 1000000, 5000000};
	static const size_t pieces[] = {1000, 65536, 65537, 1 << 20};
	uint8_t secret[KT_AGE_KEY], pub[KT_AGE_KEY], *p = malloc(5000000);
	struct kt_buf file, out;

	(void)state;
	kt_buf_init(&file, 0);
	kt_buf_init(&out, 0);
	assert_int_equal(kt_age_keygen(secret, pub, NULL), 0);
	for (size_t i = 0; i < 5000000; i++)
		p[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			make(pub, p, lengths[i], pieces[k], &file);
			assert_int_equal(file.len, kt_age_size(lengths[i]));
			assert_true(kt_age_size_ok(file.len));
			assert_true(kt_age_header_ok(file.p, file.len));
			assert_int_equal(
				open_pieces(secret, file.p, file.len, pieces[(k + 1) % 4], &out),
				0);
			assert_int_equal(out.len, lengths[i]);
			assert_memory_equal(out.p, p, out.len);
		}
	assert_false(kt_age_size_ok(kt_age_size(65536) + 16)); /* an empty last chunk */
	assert_false(kt_age_size_ok(kt_age_size(0) - 1));
	free(p);
	kt_buf_free(&file);
	kt_buf_free(&out);
}

/* Cut between chunks, where only the mark of the last one tells; and chunks in another order. */
static void test_chunks(void **state)
{
	const size_t head = KT_AGE_HEADER + 16, sealed = KT_AGE_CHUNK + 16;
	uint8_t secret[KT_AGE_KEY], pub[KT_AGE_KEY], *p = calloc(1, 4 * KT_AGE_CHUNK), *swap;
	struct kt_buf file, out;

	(void)state;
	kt_buf_init(&file, 0);
	kt_buf_init(&out, 0);
	assert_int_equal(kt_age_keygen(secret, pub, NULL), 0);
	make(pub, p, 3 * KT_AGE_CHUNK + 100, 1 << 20, &file);
	for (size_t n = 0; n <= 3; n++) {
		assert_int_equal(open_pieces(secret, file.p, head + n * sealed, 1 << 20, &out),
				 KT_E_INVALID);
		/* only what was authenticated came out */
		assert_int_equal(out.len, n > 0 ? (n - 1) * KT_AGE_CHUNK : 0);
	}
	swap = malloc(sealed);
	memcpy(swap, file.p + head, sealed);
	memmove(file.p + head, file.p + head + sealed, sealed);
	memcpy(file.p + head + sealed, swap, sealed);
	assert_int_equal(open_pieces(secret, file.p, file.len, 1 << 20, &out), KT_E_INVALID);
	assert_int_equal(out.len, 0);
	free(swap);
	free(p);
	kt_buf_free(&file);
	kt_buf_free(&out);
}

/* Headers of others: stanzas of other kinds are passed over, malformed ones refused. */
static void test_headers(void **state)
{
	static const char *const bad[] = {
		"",
		"age-encryption.org/v2\n",
		"age-encryption.org/v1\n---\n",
		"age-encryption.org/v1\nX\n",
		"age-encryption.org/v1\n-> X25519 abc\nabc\n--- x\n",
		"age-encryption.org/v1\n-> grease\n\n--- "
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		"-----BEGIN AGE ENCRYPTED FILE-----\n",
	};
	uint8_t secret[KT_AGE_KEY];
	struct kt_buf long_one, out;

	(void)state;
	kt_buf_init(&out, 0);
	kt_buf_init(&long_one, 0);
	assert_int_equal(kt_age_identity_parse(identity, strlen(identity), secret, NULL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(open_pieces(secret, (const uint8_t *)bad[i], strlen(bad[i]), 3, &out) <
			    0);
	kt_buf_puts(&long_one, KT_AGE_MAGIC);
	while (long_one.len < 40000)
		kt_buf_puts(&long_one, "-> grease\n\n");
	assert_int_equal(open_pieces(secret, long_one.p, long_one.len, 1000, &out), KT_E_FORMAT);
	kt_buf_free(&long_one);
	kt_buf_free(&out);
}

/* A right header that ends just before the limit, so that no room is left for the nonce: refused, not waited for. */
static void test_long_header(void **state)
{
	uint8_t secret[KT_AGE_KEY], pub[KT_AGE_KEY], key[KT_AGE_KEY], mac[KT_AGE_KEY];
	const uint8_t zero[12] = {0}, file_key[KT_AGE_FILE_KEY] = {7};
	const size_t limit = (size_t)16 << 10, tail = 5 + KT_AGE_B64;
	uint8_t share[KT_AGE_KEY], mine[KT_AGE_KEY], wrapped[KT_AGE_KEY];
	char a[KT_AGE_B64 + 1], b[KT_AGE_B64 + 1];
	struct kt_buf file, out;
	void *ctx;

	(void)state;
	kt_buf_init(&out, 0);
	kt_buf_init(&file, 0);
	assert_int_equal(kt_age_keygen(secret, pub, NULL), 0);
	assert_int_equal(kt_age_keygen(mine, share, NULL), 0);
	assert_int_equal(kt_age_wrap_key(mine, pub, share, pub, key), 0);
	ctx = kt_age_ctx(key, true);
	assert_int_equal(kt_age_seal(ctx, zero, file_key, sizeof(file_key), wrapped), 0);
	EVP_CIPHER_CTX_free(ctx);
	kt_age_b64(share, a);
	kt_age_b64(wrapped, b);
	kt_buf_printf(&file, KT_AGE_MAGIC "-> X25519 %s\n%s\n", a, b);
	while (file.len + tail + 11 < limit - 20)
		kt_buf_puts(&file, "-> grease\n\n");
	kt_buf_puts(&file, "-> g");
	while (file.len + 2 + tail < limit - 4)
		kt_buf_puts(&file, "g");
	kt_buf_puts(&file, "\n\n---");
	assert_int_equal(kt_age_hkdf(file_key, sizeof(file_key), NULL, 0, "header", key), 0);
	assert_int_equal(kt_age_hmac(key, file.p, file.len, mac), 0);
	kt_age_b64(mac, a);
	kt_buf_printf(&file, " %s\n", a);
	assert_true(file.len < limit && file.len > limit - 16);
	kt_buf_put(&file, share, sizeof(share));
	assert_int_equal(open_pieces(secret, file.p, file.len, file.len, &out), KT_E_FORMAT);
	kt_buf_free(&file);
	kt_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),	cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_lengths), cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_headers), cmocka_unit_test(test_long_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
