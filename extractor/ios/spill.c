/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/ios/spill.h"

#include "core/err.h"
#include "core/io.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)64 << 10)
#define BLOCK 16u

/* The counter block of AES-256-CTR at a byte offset: nonce 0, since each key is used once. */
static void counter(uint64_t off, uint8_t iv[BLOCK])
{
	uint64_t block = off / BLOCK;

	memset(iv, 0, BLOCK);
	for (unsigned i = 0; i < 8; i++)
		iv[BLOCK - 1 - i] = (uint8_t)(block >> (8 * i));
}

static int make_key(struct kt_spill *s, struct kt_err *err)
{
	uint8_t key[32], iv[BLOCK] = {0};
	bool ok;

	s->ctx = EVP_CIPHER_CTX_new();
	ok = s->ctx != NULL && RAND_bytes(key, sizeof(key)) == 1 &&
	     EVP_EncryptInit_ex(s->ctx, EVP_aes_256_ctr(), NULL, key, iv) == 1;
	OPENSSL_cleanse(key, sizeof(key));
	return ok ? 0 : KT_FAIL(err, KT_E_INTERNAL, "no cipher for a temporary file");
}

/* A file without a name; on file systems that know none such, one whose name goes at once. */
static int make_file(int dirfd)
{
	char name[40];
	uint8_t r[8];
	int fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	if (RAND_bytes(r, sizeof(r)) != 1)
		return -1;
	snprintf(name, sizeof(name), ".spill-%02x%02x%02x%02x%02x%02x", r[0], r[1], r[2], r[3],
		 r[4], r[5]);
	fd = openat(dirfd, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		unlinkat(dirfd, name, 0);
	return fd;
}

int kt_spill_open(struct kt_spill *s, int dirfd, struct kt_err *err)
{
	int r;

	memset(s, 0, sizeof(*s));
	s->fd = make_file(dirfd);
	if (s->fd < 0)
		return KT_FAIL(err, KT_E_STORAGE, "no temporary file: %s", strerror(errno));
	s->out = malloc(PIECE);
	s->cache = malloc(PIECE);
	r = s->out != NULL && s->cache != NULL
		    ? make_key(s, err)
		    : KT_FAIL(err, KT_E_NOMEM, "no memory for a temporary file");
	if (r == 0)
		r = kt_hash_init(&s->hash, KT_SHA256, err);
	if (r < 0)
		kt_spill_close(s);
	return r;
}

void kt_spill_close(struct kt_spill *s)
{
	if (s->out == NULL && s->cache == NULL && s->ctx == NULL && s->fd == 0)
		s->fd = -1; /* all zero: never opened */
	EVP_CIPHER_CTX_free(s->ctx);
	kt_hash_free(&s->hash);
	free(s->out);
	if (s->cache != NULL)
		OPENSSL_cleanse(s->cache, PIECE);
	free(s->cache);
	kt_close_fd(&s->fd);
	memset(s, 0, sizeof(*s));
	s->fd = -1;
}

static int flush(struct kt_spill *s, struct kt_err *err)
{
	int r = kt_write_full(s->fd, s->out, s->out_len, err);

	s->out_len = 0;
	return r;
}

int kt_spill_put(struct kt_spill *s, const void *p, size_t n, struct kt_err *err)
{
	const uint8_t *in = p;

	if (n > KT_SPILL_MAX - s->size)
		return KT_FAIL(err, KT_E_LIMIT, "a file of more than 8 GiB");
	if (kt_hash_update(&s->hash, p, n) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "no digest");
	while (n > 0) {
		size_t k = PIECE - s->out_len < n ? PIECE - s->out_len : n;
		int len = 0, r = 0;

		if (EVP_EncryptUpdate(s->ctx, s->out + s->out_len, &len, in, (int)k) != 1 ||
		    (size_t)len != k)
			return KT_FAIL(err, KT_E_INTERNAL, "encryption failed");
		s->out_len += k;
		s->size += k;
		in += k;
		n -= k;
		if (s->out_len == PIECE)
			r = flush(s, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Makes the piece with this offset the cached one. */
static int load(struct kt_spill *s, uint64_t at, struct kt_err *err)
{
	uint8_t iv[BLOCK];
	size_t got = 0;
	int len = 0, r;

	s->cache_len = 0;
	r = kt_pread_full(s->fd, s->cache, PIECE, at, &got, err);
	if (r < 0)
		return r;
	counter(at, iv);
	if (EVP_EncryptInit_ex(s->ctx, NULL, NULL, NULL, iv) != 1 ||
	    EVP_EncryptUpdate(s->ctx, s->cache, &len, s->cache, (int)got) != 1 ||
	    (size_t)len != got)
		return KT_FAIL(err, KT_E_INTERNAL, "decryption failed");
	s->cache_at = at;
	s->cache_len = got;
	return 0;
}

static int read_at(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct kt_spill *s = arg;
	uint8_t *out = p;

	*got = 0;
	while (n > 0 && off < s->size) {
		size_t skip, k;
		int r = 0;

		if (s->cache_len == 0 || off < s->cache_at || off >= s->cache_at + s->cache_len)
			r = load(s, off - off % PIECE, err);
		if (r < 0)
			return r;
		skip = (size_t)(off - s->cache_at);
		if (skip >= s->cache_len)
			return KT_FAIL(err, KT_E_STORAGE, "a temporary file ends early");
		k = s->cache_len - skip < n ? s->cache_len - skip : n;
		memcpy(out, s->cache + skip, k);
		out += k;
		off += k;
		n -= k;
		*got += k;
	}
	return 0;
}

int kt_spill_end(struct kt_spill *s, uint8_t sha[KT_SHA256_LEN], struct kt_rdat *src,
		 struct kt_err *err)
{
	int r = s->out_len > 0 ? flush(s, err) : 0;

	if (r == 0 && kt_hash_final(&s->hash, sha) < 0)
		r = KT_FAIL(err, KT_E_INTERNAL, "no digest");
	*src = (struct kt_rdat){read_at, s, s->size};
	return r;
}
