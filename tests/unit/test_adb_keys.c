/* SPDX-License-Identifier: EUPL-1.2 */
/* The case's key: its file, Android's form of it, the signature over a token. */
#include "tests/unit/adb_peer.h"

#include "extractor/android/keys.h"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <sys/stat.h>

struct folder {
	char path[64];
	int fd;
};

static int setup(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/keten-test-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = f;
	return f->fd < 0;
}

static int teardown(void **state)
{
	struct folder *f = *state;

	unlinkat(f->fd, "adb.key", 0);
	unlinkat(f->fd, "adb.key.ok", 0);
	rmdir(f->path);
	close(f->fd);
	free(f);
	return 0;
}

/* The pair as OpenSSL reads it from the file. */
static EVP_PKEY *read_pair(const struct folder *f)
{
	int fd = openat(f->fd, "adb.key", O_RDONLY | O_CLOEXEC);
	FILE *in = fdopen(fd, "r");
	EVP_PKEY *pair = PEM_read_PrivateKey(in, NULL, NULL, NULL);

	fclose(in);
	assert_non_null(pair);
	return pair;
}

static void test_created_once(void **state)
{
	struct folder *f = *state;
	struct kt_key *k, *again;
	struct stat st;

	assert_int_equal(kt_key_open(f->fd, false, &k, NULL), KT_E_ABSENT);
	assert_int_equal(kt_key_open(f->fd, true, &k, NULL), 0);
	assert_true(kt_key_is_new(k));
	assert_false(kt_key_was_accepted(k));
	assert_int_equal(fstatat(f->fd, "adb.key", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(kt_key_open(f->fd, true, &again, NULL), 0);
	assert_false(kt_key_is_new(again));
	assert_string_equal(kt_key_fingerprint(k), kt_key_fingerprint(again));
	assert_int_equal(kt_key_set_accepted(again, NULL), 0);
	kt_key_free(&again);
	assert_int_equal(kt_key_open(f->fd, false, &again, NULL), 0);
	assert_true(kt_key_was_accepted(again));
	kt_key_free(&again);
	kt_key_free(&k);
	kt_key_free(&k);
}

static void test_public_form(void **state)
{
	struct folder *f = *state;
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *n = NULL, *e = NULL, *inv = BN_new(), *rr = BN_new(), *two32 = BN_new(), *got;
	const uint8_t *p;
	struct kt_key *k;
	EVP_PKEY *pair;

	assert_int_equal(kt_key_open(f->fd, true, &k, NULL), 0);
	pair = read_pair(f);
	assert_int_equal(EVP_PKEY_get_bn_param(pair, "n", &n), 1);
	assert_int_equal(EVP_PKEY_get_bn_param(pair, "e", &e), 1);
	p = kt_key_public(k);
	assert_int_equal(kt_get_le32(p), 64);
	got = BN_lebin2bn(p + 8, 256, NULL);
	assert_int_equal(BN_cmp(got, n), 0);
	BN_free(got);
	/* n0inv = -1/n mod 2^32 */
	BN_set_bit(two32, 32);
	assert_non_null(BN_mod_inverse(inv, n, two32, ctx));
	BN_sub(inv, two32, inv);
	assert_int_equal(kt_get_le32(p + 4), BN_get_word(inv));
	/* R^2 mod n, R = 2^2048: another way than the code's */
	BN_set_bit(rr, 2048);
	BN_mod(rr, rr, n, ctx);
	BN_mod_sqr(rr, rr, n, ctx);
	got = BN_lebin2bn(p + 264, 256, NULL);
	assert_int_equal(BN_cmp(got, rr), 0);
	BN_free(got);
	assert_int_equal(kt_get_le32(p + 520), BN_get_word(e));
	BN_free(n);
	BN_free(e);
	BN_free(inv);
	BN_free(rr);
	BN_free(two32);
	BN_CTX_free(ctx);
	EVP_PKEY_free(pair);
	kt_key_free(&k);
}

static void test_text_and_fingerprint(void **state)
{
	struct folder *f = *state;
	uint8_t bin[KT_KEY_STRUCT + 3], md[16];
	char want[KT_KEY_FINGERPRINT + 1] = "";
	const char *space;
	struct kt_key *k;
	struct kt_buf b;

	assert_int_equal(kt_key_open(f->fd, true, &k, NULL), 0);
	kt_buf_init(&b, 0);
	assert_int_equal(kt_key_public_text(k, "KT-2026-1@keten", &b, NULL), 0);
	assert_int_equal(b.p[b.len - 1], 0);
	assert_true(b.len <= KT_ADB_PAYLOAD_MIN);
	space = strchr((char *)b.p, ' ');
	assert_non_null(space);
	assert_string_equal(space + 1, "KT-2026-1@keten");
	assert_int_equal(EVP_DecodeBlock(bin, b.p, (int)(space - (char *)b.p)), 525);
	assert_memory_equal(bin, kt_key_public(k), KT_KEY_STRUCT);
	assert_int_equal(EVP_Digest(bin, KT_KEY_STRUCT, md, NULL, EVP_md5(), NULL), 1);
	for (int i = 0; i < 16; i++)
		snprintf(want + 3 * i, sizeof(want) - 3 * (size_t)i, "%02x%s", md[i],
			 i < 15 ? ":" : "");
	assert_string_equal(kt_key_fingerprint(k), want);
	assert_int_equal(kt_key_public_text(k, "", &b, NULL), KT_E_USAGE);
	assert_int_equal(kt_key_public_text(k, "a b", &b, NULL), KT_E_USAGE);
	assert_int_equal(kt_key_public_text(k, "a\n", &b, NULL), KT_E_USAGE);
	kt_buf_free(&b);
	kt_key_free(&k);
}

static void test_signature(void **state)
{
	struct folder *f = *state;
	uint8_t token[20], sig[KT_KEY_SIGNATURE];
	EVP_PKEY_CTX *ctx;
	struct kt_key *k;
	EVP_PKEY *pair;

	for (size_t i = 0; i < sizeof(token); i++)
		token[i] = (uint8_t)(i * 11 + 3);
	assert_int_equal(kt_key_open(f->fd, true, &k, NULL), 0);
	assert_int_equal(kt_key_sign(k, token, sig, NULL), 0);
	pair = read_pair(f);
	/* the token is the digest: exactly this verification is what a phone does */
	ctx = EVP_PKEY_CTX_new(pair, NULL);
	assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha1()), 1);
	assert_int_equal(EVP_PKEY_verify(ctx, sig, sizeof(sig), token, sizeof(token)), 1);
	token[0] ^= 1;
	assert_int_not_equal(EVP_PKEY_verify(ctx, sig, sizeof(sig), token, sizeof(token)), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pair);
	kt_key_free(&k);
}

static void put_file(const struct folder *f, const char *text, mode_t mode)
{
	int fd = openat(f->fd, "adb.key", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	fchmod(fd, mode);
	close(fd);
}

static void test_bad_files(void **state)
{
	struct folder *f = *state;
	struct kt_key *k;

	put_file(f, "no key at all\n", 0600);
	assert_int_equal(kt_key_open(f->fd, true, &k, NULL), KT_E_INVALID);
	assert_null(k);
	put_file(f, "", 0600);
	assert_int_equal(kt_key_open(f->fd, true, &k, NULL), 0);
	kt_key_free(&k);
	assert_int_equal(fchmodat(f->fd, "adb.key", 0644, 0), 0);
	assert_int_equal(kt_key_open(f->fd, true, &k, NULL), KT_E_INVALID);
	unlinkat(f->fd, "adb.key", 0);
	assert_int_equal(symlinkat("/etc/hostname", f->fd, "adb.key"), 0);
	assert_int_not_equal(kt_key_open(f->fd, true, &k, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_created_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_public_form, setup, teardown),
		cmocka_unit_test_setup_teardown(test_text_and_fingerprint, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signature, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_files, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
