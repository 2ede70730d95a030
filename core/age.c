/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/age_i.h"
#include "core/err.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEALED	   (KT_AGE_CHUNK + KT_AGE_TAG)
#define NONCE	   16
#define HEADER_MAX ((size_t)16 << 10) /* of files of others: some fifty recipients */
#define STANZA	   "-> X25519 "

struct kt_age_stream {
	kt_age_out_fn out;
	void *arg;
	void *ctx; /* EVP_CIPHER_CTX with the payload's key, owned; NULL: the header is not read yet */
	uint64_t counter;
	bool dead; /* something failed: nothing further is given out */
	uint8_t secret[KT_AGE_KEY], file_key[KT_AGE_FILE_KEY];
	bool have_nonce;
	size_t have;
	uint8_t in[SEALED + 1], outbuf[SEALED];
};

uint64_t kt_age_size(uint64_t plain)
{
	uint64_t chunks = plain == 0 ? 1 : (plain - 1) / KT_AGE_CHUNK + 1;

	return KT_AGE_HEADER + NONCE + plain + chunks * KT_AGE_TAG;
}

bool kt_age_size_ok(uint64_t size)
{
	uint64_t rest;

	if (size < KT_AGE_HEADER + NONCE + KT_AGE_TAG)
		return false;
	size -= KT_AGE_HEADER + NONCE;
	rest = size % SEALED;
	return size == KT_AGE_TAG || rest == 0 || rest > KT_AGE_TAG;
}

/* Every length is fixed: magic, share, wrapped key, MAC. */
bool kt_age_header_ok(const uint8_t *p, size_t n)
{
	static const char magic[] = KT_AGE_MAGIC STANZA, mac[] = "--- ";
	const size_t share = sizeof(magic) - 1, body = share + KT_AGE_B64 + 1;
	const size_t tail = body + KT_AGE_B64 + 1, sum = tail + sizeof(mac) - 1;
	const char *s = (const char *)p;
	uint8_t b[KT_AGE_KEY];

	return n >= KT_AGE_HEADER && memcmp(s, magic, share) == 0 &&
	       kt_age_unb64(s + share, KT_AGE_B64, b) && s[body - 1] == '\n' &&
	       kt_age_unb64(s + body, KT_AGE_B64, b) && s[tail - 1] == '\n' &&
	       memcmp(s + tail, mac, sizeof(mac) - 1) == 0 &&
	       kt_age_unb64(s + sum, KT_AGE_B64, b) && s[sum + KT_AGE_B64] == '\n' &&
	       sum + KT_AGE_B64 + 1 == KT_AGE_HEADER;
}

static void stream_free(struct kt_age_stream **s)
{
	if (*s == NULL)
		return;
	EVP_CIPHER_CTX_free((*s)->ctx);
	OPENSSL_cleanse(*s, sizeof(**s));
	free(*s);
	*s = NULL;
}

static struct kt_age_stream *stream_new(kt_age_out_fn out, void *arg)
{
	struct kt_age_stream *s = malloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	/* the buffers stay as they are: a small file would pay for clearing them */
	memset(s, 0, offsetof(struct kt_age_stream, in));
	s->out = out;
	s->arg = arg;
	return s;
}

/* The nonce of a chunk: 11 bytes of counter, one that marks the last. */
static void chunk_nonce(const struct kt_age_stream *s, bool last, uint8_t nonce[12])
{
	memset(nonce, 0, 12);
	for (unsigned i = 0; i < 8; i++)
		nonce[10 - i] = (uint8_t)(s->counter >> 8 * i);
	nonce[11] = last;
}

static int fail(struct kt_age_stream *s, int code, const char *what, struct kt_err *err)
{
	s->dead = true;
	return KT_FAIL(err, code, "%s", what);
}

/* -- encrypting ------------------------------------------------------------------------------- */

/* The whole header for one recipient, and the payload's context. */
static int make_header(struct kt_age_stream *s, const uint8_t recipient[KT_AGE_KEY],
		       char head[KT_AGE_HEADER + 1], uint8_t nonce[NONCE], struct kt_err *err)
{
	static const uint8_t zero[12];
	uint8_t secret[KT_AGE_KEY], share[KT_AGE_KEY], key[KT_AGE_KEY], wrapped[KT_AGE_KEY];
	char a[KT_AGE_B64 + 1], b[KT_AGE_B64 + 1], c[KT_AGE_B64 + 1];
	void *ctx = NULL;
	int r = kt_age_keygen(secret, share, err), n;

	if (r == 0 &&
	    (RAND_bytes(s->file_key, KT_AGE_FILE_KEY) != 1 || RAND_bytes(nonce, NONCE) != 1))
		r = KT_E_INTERNAL;
	if (r == 0)
		r = kt_age_wrap_key(secret, recipient, share, recipient, key);
	if (r == 0)
		ctx = kt_age_ctx(key, true);
	if (r == 0)
		r = ctx != NULL ? kt_age_seal(ctx, zero, s->file_key, KT_AGE_FILE_KEY, wrapped)
				: KT_E_INTERNAL;
	EVP_CIPHER_CTX_free(ctx);
	if (r == 0)
		r = kt_age_hkdf(s->file_key, KT_AGE_FILE_KEY, NULL, 0, "header", key);
	if (r == 0) {
		kt_age_b64(share, a);
		kt_age_b64(wrapped, b);
		n = snprintf(head, KT_AGE_HEADER + 1, KT_AGE_MAGIC STANZA "%s\n%s\n---", a, b);
		r = kt_age_hmac(key, head, (size_t)n, wrapped);
		kt_age_b64(wrapped, c);
		snprintf(head + n, KT_AGE_HEADER + 1 - (size_t)n, " %s\n", c);
	}
	if (r == 0)
		r = kt_age_hkdf(s->file_key, KT_AGE_FILE_KEY, nonce, NONCE, "payload", key);
	if (r == 0)
		s->ctx = kt_age_ctx(key, true);
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(s->file_key, sizeof(s->file_key));
	return r < 0 || s->ctx == NULL ? KT_FAIL(err, KT_E_INTERNAL, "sealing can't be begun") : 0;
}

int kt_age_enc_begin(struct kt_age_enc *e, const uint8_t recipient[KT_AGE_KEY], kt_age_out_fn out,
		     void *arg, struct kt_err *err)
{
	char head[KT_AGE_HEADER + 1];
	uint8_t nonce[NONCE], both[KT_AGE_HEADER + NONCE];
	int r;

	e->arg = arg;
	e->s = stream_new(out, arg);
	if (e->s == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for sealing");
	r = make_header(e->s, recipient, head, nonce, err);
	if (r == 0) {
		memcpy(both, head, KT_AGE_HEADER);
		memcpy(both + KT_AGE_HEADER, nonce, NONCE);
		r = out(arg, both, sizeof(both), err);
	}
	if (r < 0)
		stream_free(&e->s);
	return r;
}

static int enc_chunk(struct kt_age_stream *s, const uint8_t *p, size_t n, bool last,
		     struct kt_err *err)
{
	uint8_t nonce[12];
	int r;

	chunk_nonce(s, last, nonce);
	if (kt_age_seal(s->ctx, nonce, p, n, s->outbuf) < 0)
		return fail(s, KT_E_INTERNAL, "sealing failed", err);
	s->counter++;
	r = s->out(s->arg, s->outbuf, n + KT_AGE_TAG, err);
	s->dead |= r < 0;
	return r;
}

int kt_age_enc_write(struct kt_age_enc *e, const void *p, size_t n, struct kt_err *err)
{
	struct kt_age_stream *s = e->s;
	const uint8_t *b = p;
	int r = 0;

	if (s == NULL || s->dead)
		return KT_FAIL(err, KT_E_INTERNAL, "sealing has ended");
	s->arg = e->arg;
	/* a full chunk waits: it may be the last */
	while (r == 0 && n > 0) {
		size_t k;

		if (s->have == KT_AGE_CHUNK) {
			r = enc_chunk(s, s->in, KT_AGE_CHUNK, false, err);
			s->have = 0;
		}
		while (r == 0 && s->have == 0 && n > KT_AGE_CHUNK) {
			r = enc_chunk(s, b, KT_AGE_CHUNK, false, err);
			b += KT_AGE_CHUNK;
			n -= KT_AGE_CHUNK;
		}
		k = KT_AGE_CHUNK - s->have < n ? KT_AGE_CHUNK - s->have : n;
		memcpy(s->in + s->have, b, k);
		s->have += k;
		b += k;
		n -= k;
	}
	return r;
}

int kt_age_enc_end(struct kt_age_enc *e, struct kt_err *err)
{
	struct kt_age_stream *s = e->s;
	int r;

	if (s == NULL || s->dead) {
		r = KT_FAIL(err, KT_E_INTERNAL, "sealing has ended");
	} else {
		s->arg = e->arg;
		r = enc_chunk(s, s->in, s->have, true, err);
	}
	stream_free(&e->s);
	return r;
}

void kt_age_enc_free(struct kt_age_enc *e)
{
	stream_free(&e->s);
}

/* -- decrypting ------------------------------------------------------------------------------- */

int kt_age_dec_begin(struct kt_age_dec *d, const uint8_t secret[KT_AGE_KEY], kt_age_out_fn out,
		     void *arg, struct kt_err *err)
{
	d->s = stream_new(out, arg);
	if (d->s == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for opening");
	memcpy(d->s->secret, secret, KT_AGE_KEY);
	return 0;
}

/* A stanza for this identity gives the file key. */
static bool unwrap(struct kt_age_stream *s, const char *share_text, size_t n, const char *body,
		   size_t body_len)
{
	static const uint8_t zero[12];
	uint8_t share[KT_AGE_KEY], wrapped[KT_AGE_KEY], mine[KT_AGE_KEY], key[KT_AGE_KEY];
	void *ctx = NULL;
	bool good = kt_age_unb64(share_text, n, share) && kt_age_unb64(body, body_len, wrapped) &&
		    kt_age_public(s->secret, mine, NULL) == 0 &&
		    kt_age_wrap_key(s->secret, share, share, mine, key) == 0;

	if (good)
		ctx = kt_age_ctx(key, false);
	good = ctx != NULL && kt_age_open(ctx, zero, wrapped, KT_AGE_FILE_KEY, s->file_key) == 0;
	EVP_CIPHER_CTX_free(ctx);
	OPENSSL_cleanse(key, sizeof(key));
	return good;
}

/* One line of the header, without its newline; NULL when it is not complete. */
static const char *take_line(const char *p, const char *end, size_t *n)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));

	*n = nl == NULL ? 0 : (size_t)(nl - p);
	return nl == NULL ? NULL : nl + 1;
}

/*
 * Reads the header when all of it is there. 1 and its length; 0: more bytes are needed; KT_E_FORMAT,
 * KT_E_REFUSED, KT_E_INVALID.
 */
static int read_header(struct kt_age_stream *s, size_t *used, struct kt_err *err)
{
	const char *p = (const char *)s->in, *end = p + s->have, *line, *next, *body;
	const size_t magic = sizeof(KT_AGE_MAGIC) - 1;
	uint8_t key[KT_AGE_KEY], mac[KT_AGE_KEY], stated[KT_AGE_KEY];
	bool found = false, first = true;
	size_t n, m;

	if (memcmp(p, KT_AGE_MAGIC, s->have < magic ? s->have : magic) != 0)
		return fail(s, KT_E_FORMAT, "that is no age file", err);
	if (s->have < magic)
		return 0;
	for (line = p + magic; (next = take_line(line, end, &n)) != NULL; first = false) {
		if (n >= 3 && memcmp(line, "---", 3) == 0)
			break;
		if (n < 4 || memcmp(line, "-> ", 3) != 0)
			return fail(s, KT_E_FORMAT, "the header of the age file is malformed", err);
		/* the body: full lines of 64 characters, then a shorter one */
		body = next;
		do {
			const char *b = next;

			next = take_line(b, end, &m);
			if (next == NULL)
				return 0;
			if (m > 64)
				return fail(s, KT_E_FORMAT,
					    "the header of the age file is malformed", err);
		} while (m == 64);
		if (!found && n > sizeof(STANZA) - 1 &&
		    memcmp(line, STANZA, sizeof(STANZA) - 1) == 0)
			found = unwrap(s, line + sizeof(STANZA) - 1, n - (sizeof(STANZA) - 1), body,
				       (size_t)(next - 1 - body));
		line = next;
	}
	if (next == NULL)
		return 0;
	if (first || n != 4 + KT_AGE_B64 || line[3] != ' ' ||
	    !kt_age_unb64(line + 4, KT_AGE_B64, stated))
		return fail(s, KT_E_FORMAT, "the header of the age file is malformed", err);
	if (!found)
		return fail(s, KT_E_REFUSED, "this age file is not for this identity", err);
	if (kt_age_hkdf(s->file_key, KT_AGE_FILE_KEY, NULL, 0, "header", key) < 0 ||
	    kt_age_hmac(key, p, (size_t)(line + 3 - p), mac) < 0 ||
	    CRYPTO_memcmp(mac, stated, sizeof(mac)) != 0)
		return fail(s, KT_E_INVALID, "the header of the age file was changed", err);
	OPENSSL_cleanse(key, sizeof(key));
	*used = (size_t)(next - p);
	return 1;
}

/* 1: the payload can begin; 0: more bytes are needed. */
static int begin_payload(struct kt_age_stream *s, struct kt_err *err)
{
	uint8_t key[KT_AGE_KEY];
	size_t used = 0;
	int r = read_header(s, &used, err);

	if (r <= 0)
		return r < 0		       ? r
		       : s->have >= HEADER_MAX ? fail(s, KT_E_FORMAT, "the header is too long", err)
					       : 0;
	if (s->have - used < NONCE)
		return s->have >= HEADER_MAX ? fail(s, KT_E_FORMAT, "the header is too long", err)
					     : 0; /* no room for the nonce would ever come */
	r = kt_age_hkdf(s->file_key, KT_AGE_FILE_KEY, s->in + used, NONCE, "payload", key);
	if (r == 0)
		s->ctx = kt_age_ctx(key, false);
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(s->secret, sizeof(s->secret));
	OPENSSL_cleanse(s->file_key, sizeof(s->file_key));
	if (s->ctx == NULL)
		return fail(s, KT_E_INTERNAL, "opening can't be begun", err);
	used += NONCE;
	s->have -= used;
	memmove(s->in, s->in + used, s->have);
	return 1;
}

static int dec_chunk(struct kt_age_stream *s, size_t n, bool last, struct kt_err *err)
{
	uint8_t nonce[12];
	int r;

	if (n < KT_AGE_TAG || (n == KT_AGE_TAG && s->counter > 0))
		return fail(s, KT_E_INVALID, "the age file was cut off", err);
	chunk_nonce(s, last, nonce);
	if (kt_age_open(s->ctx, nonce, s->in, n - KT_AGE_TAG, s->outbuf) < 0)
		return fail(s, KT_E_INVALID,
			    last ? "the age file was cut off or changed"
				 : "the age file was changed",
			    err);
	s->counter++;
	r = n > KT_AGE_TAG ? s->out(s->arg, s->outbuf, n - KT_AGE_TAG, err) : 0;
	s->dead |= r < 0;
	return r;
}

int kt_age_dec_write(struct kt_age_dec *d, const void *p, size_t n, struct kt_err *err)
{
	struct kt_age_stream *s = d->s;
	const uint8_t *b = p;
	int r = 0;

	if (s == NULL || s->dead)
		return KT_FAIL(err, KT_E_INTERNAL, "opening has ended");
	while (n > 0) {
		/* one byte more than a chunk says that it is not the last; a header comes in pieces */
		size_t room = (s->ctx == NULL ? HEADER_MAX : SEALED + 1) - s->have;
		size_t k = room < n ? room : n;

		memcpy(s->in + s->have, b, k);
		s->have += k;
		b += k;
		n -= k;
		if (s->ctx == NULL) {
			r = begin_payload(s, err);
			if (r < 0)
				return r;
		}
		if (s->ctx == NULL || s->have <= SEALED)
			continue;
		r = dec_chunk(s, SEALED, false, err);
		if (r < 0)
			return r;
		s->in[0] = s->in[SEALED];
		s->have = 1;
	}
	return 0;
}

int kt_age_dec_end(struct kt_age_dec *d, struct kt_err *err)
{
	struct kt_age_stream *s = d->s;
	int r;

	if (s == NULL || s->dead)
		return KT_FAIL(err, KT_E_INVALID, "the age file could not be opened to its end");
	r = s->ctx == NULL ? fail(s, KT_E_INVALID, "the age file was cut off in its header", err)
			   : dec_chunk(s, s->have, true, err);
	stream_free(&d->s);
	return r;
}

void kt_age_dec_free(struct kt_age_dec *d)
{
	stream_free(&d->s);
}
