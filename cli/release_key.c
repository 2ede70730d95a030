/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The key of a case that waits for its release: keten-sign makes it and closes it into an envelope
 * for the mandate's recipients; this station keeps the public half (docs/formats/release.md).
 */
#include "cli/steps.h"
#include "cli/vouch.h"
#include "core/io.h"
#include "core/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CERTS_MAX    ((size_t)1 << 20)
#define ENVELOPE_MAX ((size_t)256 << 10)

/* Certificates that the mandate names, as PEM, each once. */
struct found {
	const struct kt_mandate *m;
	bool have[KT_SCOPE_MAX];
	size_t n;
	struct kt_buf pem;
};

static int keep_if_named(struct found *f, X509 *x, struct kt_err *err)
{
	unsigned char md[KT_SHA256_LEN];
	unsigned len = 0;
	char hex[KT_SHA256_HEX], *p = NULL;
	BIO *bio;
	long n;
	int r = 0;

	if (X509_digest(x, EVP_sha256(), md, &len) != 1)
		return KT_FAIL(err, KT_E_INTERNAL, "a certificate can't be hashed");
	kt_hex(md, sizeof(md), hex);
	for (size_t i = 0; i < f->m->nrecipients; i++) {
		if (f->have[i] || strcmp(f->m->recipients[i], hex) != 0)
			continue;
		f->have[i] = true;
		f->n++;
		bio = BIO_new(BIO_s_mem());
		if (bio == NULL || PEM_write_bio_X509(bio, x) != 1)
			r = KT_FAIL(err, KT_E_NOMEM, "no memory for a certificate");
		n = r == 0 ? BIO_get_mem_data(bio, &p) : 0;
		if (r == 0)
			r = kt_buf_put(&f->pem, p, (size_t)n);
		BIO_free(bio);
	}
	return r;
}

/* All certificates of a PEM file; keys in it are passed over. */
static int read_certs(struct found *f, const void *p, size_t n, struct kt_err *err)
{
	BIO *bio = BIO_new_mem_buf(p, (int)n);
	X509 *x;
	int r = bio == NULL ? KT_FAIL(err, KT_E_NOMEM, "no memory") : 0;

	while (r == 0 && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		r = keep_if_named(f, x, err);
		X509_free(x);
	}
	BIO_free(bio);
	return r;
}

static int read_file(struct found *f, int dir, const char *name, struct kt_err *err)
{
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = kt_file_read(dir, name, CERTS_MAX, &b, err);
	if (r == 0)
		r = read_certs(f, b.p, b.len, err);
	if (b.p != NULL)
		explicit_bzero(b.p, b.cap); /* such files hold keys too */
	kt_buf_free(&b);
	return r;
}

static bool is_cert_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && (strcmp(dot, ".pem") == 0 || strcmp(dot, ".crt") == 0);
}

static int read_folder(struct found *f, const char *path, struct kt_err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;

	if (d == NULL) {
		kt_close_fd(&fd);
		return KT_FAIL(err, kt_errno_code(errno), "%.100s: %s", path, strerror(errno));
	}
	while (r == 0 && (e = readdir(d)) != NULL)
		if (is_cert_name(e->d_name))
			r = read_file(f, dirfd(d), e->d_name, err);
	closedir(d);
	return r;
}

static int read_place(struct found *f, const char *path, struct kt_err *err)
{
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return KT_FAIL(err, KT_E_USAGE, "--releaser %.100s: %s", path, strerror(errno));
	r = S_ISDIR(st.st_mode) ? read_folder(f, path, err) : read_file(f, AT_FDCWD, path, err);
	return r < 0 ? KT_TRACE(err, r, "releasers' certificates can't be read") : 0;
}

/* Looks where the command says, then in the trust folder. */
static int find_certs(const struct kt_opts *o, struct found *f, struct kt_err *err)
{
	char path[4200];
	const char *trust = kt_trust_dir(o);
	int r = 0;

	kt_buf_init(&f->pem, CERTS_MAX);
	for (unsigned i = 0; r == 0 && i < o->nreleasers; i++)
		r = read_place(f, o->releasers[i], err);
	if (r == 0 && (size_t)snprintf(path, sizeof(path), "%s/releasers", trust) < sizeof(path) &&
	    access(path, F_OK) == 0)
		r = read_folder(f, path, err);
	for (size_t i = 0; r == 0 && i < f->m->nrecipients; i++)
		if (!f->have[i])
			r = KT_FAIL(
				err, KT_E_REFUSED,
				"release-recipient-missing: the certificate %.16s... of the "
				"mandate's recipients is not here; name it with --releaser FILE",
				f->m->recipients[i]);
	return r;
}

int kt_release_check(const struct kt_opts *o, const struct kt_authority *a, struct kt_err *err)
{
	struct found f = {.m = a->mandate};
	int r;

	if (!a->mandate->two_stage)
		return 0;
	if (a->mandate->nrecipients == 0)
		return KT_FAIL(err, KT_E_REFUSED,
			       "no-release-recipient: the mandate asks for release in two stages "
			       "and names nobody in release.recipients; nothing was read");
	if (a->mandate->nreleasers == 0)
		return KT_FAIL(err, KT_E_REFUSED,
			       "no-releaser: the mandate asks for release in two stages and names "
			       "nobody in release.releasers; nothing was read");
	r = find_certs(o, &f, err);
	kt_buf_free(&f.pem);
	if (r == 0 && a->mandate->nrecipients < 2)
		kt_warn(o, "only one person can open what is sealed now. If that card is lost, so "
			   "is the evidence. Ask for a mandate with a second recipient; never copy "
			   "a key.");
	return r;
}

/* -- release.json ----------------------------------------------------------------------------- */

static int write_info(struct kt_acq *q, const char *recipient, const struct kt_buf *der,
		      struct kt_err *err)
{
	const struct kt_mandate *m = q->a->mandate;
	char sha[KT_SHA256_HEX];
	struct kt_buf b;
	struct kt_jw w;
	int r = kt_sha256_hex(der->p, der->len, sha, err);

	if (r < 0)
		return r;
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kuint(&w, "envelope_bytes", der->len);
	kt_jw_kstr(&w, "envelope_sha256", sha);
	kt_jw_kstr(&w, "format", "keten-release-1");
	kt_jw_kstr(&w, "recipient", recipient);
	kt_jw_key(&w, "recipients");
	kt_jw_arr(&w);
	for (size_t i = 0; i < m->nrecipients; i++)
		kt_jw_str(&w, m->recipients[i]);
	kt_jw_arr_end(&w);
	kt_jw_kstr(&w, "sealing", "age-encryption.org/v1");
	kt_jw_obj_end(&w);
	kt_buf_putc(&b, '\n');
	r = b.failed ? KT_FAIL(err, KT_E_NOMEM, "no memory")
		     : kt_file_write(q->c.fd, "release.json", b.p, b.len, 0600, err);
	kt_buf_free(&b);
	return r;
}

/* keten-sign answers with the recipient, on a line, and the envelope. */
static int split_answer(struct kt_buf *out, char recipient[KT_AGE_RECIPIENT], struct kt_err *err)
{
	uint8_t key[KT_AGE_KEY];
	const size_t n = KT_AGE_RECIPIENT - 1;

	if (out->len <= n + 1 || out->p[n] != '\n' ||
	    kt_age_recipient_parse((const char *)out->p, n, key, NULL) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "keten-sign made no envelope");
	memcpy(recipient, out->p, n);
	recipient[n] = '\0';
	memmove(out->p, out->p + n + 1, out->len - n - 1);
	out->len -= n + 1;
	return 0;
}

/* The envelope first: what is sealed later must be there to be opened. */
static int make_key(struct kt_acq *q, struct kt_err *err)
{
	struct found f = {.m = q->a->mandate};
	char recipient[KT_AGE_RECIPIENT];
	struct kt_buf out;
	int r = find_certs(q->o, &f, err);

	kt_buf_init(&out, ENVELOPE_MAX);
	if (r == 0)
		r = kt_sign_run("envelope", NULL, NULL, f.pem.p, f.pem.len, &out, err);
	if (r == 0)
		r = split_answer(&out, recipient, err);
	if (r == 0)
		r = kt_file_write(q->c.fd, "release.p7m", out.p, out.len, 0600, err);
	if (r == 0)
		r = write_info(q, recipient, &out, err);
	kt_buf_free(&out);
	kt_buf_free(&f.pem);
	return r;
}

static int load_info(struct kt_acq *q, char recipient[KT_AGE_RECIPIENT], char sha[KT_SHA256_HEX],
		     struct kt_err *err)
{
	struct kt_jdoc *doc = NULL;
	const char *text, *envelope;
	uint8_t key[KT_AGE_KEY];
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = kt_file_read(q->c.fd, "release.json", 65536, &b, err);
	if (r == 0)
		r = kt_jdoc_parse(b.p, b.len, &doc, err);
	text = r == 0 ? kt_jv_str(kt_jdoc_root(doc), "recipient") : NULL;
	envelope = r == 0 ? kt_jv_str(kt_jdoc_root(doc), "envelope_sha256") : NULL;
	if (r < 0)
		goto out;
	if (text == NULL || envelope == NULL || strlen(envelope) >= KT_SHA256_HEX ||
	    strlen(text) >= KT_AGE_RECIPIENT ||
	    kt_age_recipient_parse(text, strlen(text), key, NULL) < 0) {
		r = KT_FAIL(err, KT_E_INVALID, "release.json is not as this version writes it");
		goto out;
	}
	memcpy(recipient, text, strlen(text) + 1);
	memcpy(sha, envelope, strlen(envelope) + 1);
	kt_case_seal_to(&q->c, key);
out:
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}

int kt_release_prepare(struct kt_acq *q, struct kt_err *err)
{
	char recipient[KT_AGE_RECIPIENT], sha[KT_SHA256_HEX];
	int r = 0;

	if (!q->c.sealed)
		return 0;
	/* without the log's word for it nothing was sealed yet, and a new key does no harm */
	if (!q->state.release_prepared)
		r = make_key(q, err);
	if (r == 0)
		r = load_info(q, recipient, sha, err);
	if (r < 0 || q->state.release_prepared)
		return r;
	kt_custody_begin(&q->log);
	kt_jw_kstr(&q->log.w, "envelope_sha256", sha);
	kt_jw_kstr(&q->log.w, "recipient", recipient);
	kt_jw_kuint(&q->log.w, "recipients", q->a->mandate->nrecipients);
	r = kt_custody_end(&q->log, "release.prepared", err);
	q->state.release_prepared = r == 0;
	return r;
}

int kt_release_envelope(const struct kt_acq *q, struct kt_buf *envelope, struct kt_err *err)
{
	int r = kt_file_read(q->c.fd, "release.p7m", ENVELOPE_MAX, envelope, err);

	return r != KT_E_ABSENT
		       ? r
		       : KT_FAIL(err, KT_E_REFUSED,
				 "envelope-destroyed: the envelope of this case is gone, so nobody "
				 "can open what it took; no further package is made");
}
