/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/hash.h"
#include "core/err.h"
#include "core/io.h"

#include <openssl/evp.h>
#include <string.h>

static EVP_MD *fetched[KT_HASH_COUNT];

static const EVP_MD *get_md(enum kt_hash_alg alg)
{
	static const char *const names[KT_HASH_COUNT] = {"SHA256", "SHA512"};

	if (fetched[alg] == NULL)
		fetched[alg] = EVP_MD_fetch(NULL, names[alg], NULL);
	return fetched[alg];
}

int kt_hash_warm(struct kt_err *err)
{
	if (get_md(KT_SHA256) == NULL || get_md(KT_SHA512) == NULL)
		return KT_FAIL(err, KT_E_INTERNAL, "OpenSSL offers no SHA-2");
	return 0;
}

int kt_hash_init(struct kt_hash *h, enum kt_hash_alg alg, struct kt_err *err)
{
	h->md = EVP_MD_CTX_new();
	h->alg = alg;
	if (h->md == NULL || get_md(alg) == NULL ||
	    EVP_DigestInit_ex2(h->md, get_md(alg), NULL) != 1) {
		kt_hash_free(h);
		return KT_FAIL(err, KT_E_NOMEM, "no digest");
	}
	return 0;
}

void kt_hash_free(struct kt_hash *h)
{
	EVP_MD_CTX_free(h->md);
	h->md = NULL;
}

int kt_hash_update(struct kt_hash *h, const void *p, size_t n)
{
	return EVP_DigestUpdate(h->md, p, n) == 1 ? 0 : KT_E_INTERNAL;
}

int kt_hash_final(struct kt_hash *h, uint8_t *out)
{
	if (EVP_DigestFinal_ex(h->md, out, NULL) != 1 ||
	    EVP_DigestInit_ex2(h->md, get_md(h->alg), NULL) != 1)
		return KT_E_INTERNAL;
	return 0;
}

int kt_sha256(const void *p, size_t n, uint8_t out[KT_SHA256_LEN], struct kt_err *err)
{
	if (get_md(KT_SHA256) == NULL || EVP_Digest(p, n, out, NULL, get_md(KT_SHA256), NULL) != 1)
		return KT_FAIL(err, KT_E_INTERNAL, "SHA-256 failed");
	return 0;
}

const char *kt_hex(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * n] = '\0';
	return out;
}

int kt_sha256_hex(const void *p, size_t n, char out[KT_SHA256_HEX], struct kt_err *err)
{
	uint8_t d[KT_SHA256_LEN] = {0};
	int r = kt_sha256(p, n, d, err);

	if (r == 0)
		kt_hex(d, sizeof(d), out);
	return r;
}

int kt_sha256_fd(int fd, char out[KT_SHA256_HEX], struct kt_err *err)
{
	static uint8_t buf[65536];
	uint8_t d[KT_SHA256_LEN] = {0};
	struct kt_hash h;
	uint64_t off = 0;
	size_t got;
	int r = kt_hash_init(&h, KT_SHA256, err);

	while (r == 0) {
		r = kt_pread_full(fd, buf, sizeof(buf), off, &got, err);
		if (r < 0 || got == 0)
			break;
		r = kt_hash_update(&h, buf, got);
		off += got;
	}
	if (r == 0)
		r = kt_hash_final(&h, d);
	if (r == 0)
		kt_hex(d, sizeof(d), out);
	kt_hash_free(&h);
	return r;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool kt_unhex(const char *hex, uint8_t *out, size_t n)
{
	if (hex == NULL || strlen(hex) != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(16 * high + low);
	}
	return true;
}
