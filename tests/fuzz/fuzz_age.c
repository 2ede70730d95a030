/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * An age file for a key that everybody knows, so that a header can be made that opens: what comes out of a
 * file that was changed never counts as whole. The first byte chooses the size of the pieces in which it
 * arrives, and whether the rest is the file itself, or what is changed in a good one.
 */
#include <stdlib.h>
#include <string.h>

#include "core/age.h"
#include "core/buf.h"
#include "core/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const uint8_t secret[KT_AGE_KEY] = {1, 2, 3, 4};

static int into(void *arg, const void *p, size_t n, struct kt_err *err)
{
	(void)err;
	kt_buf_put(arg, p, n);
	return 0;
}

static int open_it(const uint8_t *p, size_t n, size_t piece, struct kt_buf *out)
{
	struct kt_age_dec d = {0};
	struct kt_err err = {0};
	int r = kt_age_dec_begin(&d, secret, into, out, &err);

	for (size_t i = 0; r == 0 && i < n; i += piece)
		r = kt_age_dec_write(&d, p + i, n - i < piece ? n - i : piece, &err);
	if (r == 0)
		r = kt_age_dec_end(&d, &err);
	kt_age_dec_free(&d);
	return r;
}

/* A file of two chunks; the same for all inputs of a run. */
static const struct kt_buf *good_file(void)
{
	static struct kt_buf b;
	static uint8_t plain[KT_AGE_CHUNK + 100];
	uint8_t recipient[KT_AGE_KEY];
	struct kt_age_enc e = {0};
	struct kt_err err = {0};

	if (b.len > 0)
		return &b;
	kt_buf_init(&b, 0);
	if (kt_age_public(secret, recipient, &err) < 0 ||
	    kt_age_enc_begin(&e, recipient, into, &b, &err) < 0 ||
	    kt_age_enc_write(&e, plain, sizeof(plain), &err) < 0 || kt_age_enc_end(&e, &err) < 0)
		abort();
	kt_age_enc_free(&e);
	return &b;
}

static void change(struct kt_buf *b, const uint8_t *p, size_t n)
{
	for (; n >= 4; p += 4, n -= 4) {
		size_t at = ((size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2]) % b->len;

		b->p[at] ^= p[3];
	}
	if (n == 1 && p[0] < b->len)
		b->len -= p[0];
	if (n == 2)
		kt_buf_put(b, p, n);
}

static void keys(const uint8_t *p, size_t n)
{
	uint8_t key[KT_AGE_KEY];
	char again[KT_AGE_IDENTITY];
	struct kt_err err = {0};

	if (kt_age_recipient_parse((const char *)p, n, key, &err) == 0 &&
	    (n + 1 != KT_AGE_RECIPIENT || kt_age_recipient_text(key, again) == NULL))
		abort();
	if (kt_age_identity_parse((const char *)p, n, key, &err) == 0 &&
	    (n + 1 != KT_AGE_IDENTITY || kt_age_identity_text(key, again) == NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct kt_buf out, file;
	int r;

	if (n == 0)
		return 0;
	keys(data + 1, n - 1);
	kt_buf_init(&out, 0);
	kt_buf_init(&file, 0);
	if (data[0] % 2 == 0) {
		r = open_it(data + 1, n - 1, 1u + data[0], &out);
		if (r == 0 && kt_age_size(out.len) != n - 1 &&
		    kt_age_header_ok(data + 1, KT_AGE_HEADER))
			abort();
		if (n > KT_AGE_HEADER)
			kt_age_header_ok(data + 1, KT_AGE_HEADER);
	} else {
		kt_buf_put(&file, good_file()->p, good_file()->len);
		change(&file, data + 1, n - 1);
		r = open_it(file.p, file.len, 4096u * data[0] + 1, &out);
		if ((r == 0) !=
		    (file.len == good_file()->len && memcmp(file.p, good_file()->p, file.len) == 0))
			abort();
	}
	kt_buf_free(&out);
	kt_buf_free(&file);
	return 0;
}
