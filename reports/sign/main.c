/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten-sign: one act per start, then gone. What it works on comes from stdin and goes to stdout; a
 * passphrase or PIN never stands in argv or the environment.
 */
#include "reports/sign/sign.h"
#include "reports/sign/stamp.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/io.h"
#include "core/spawn.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONTENT_MAX   ((size_t)64 << 20)
#define ENVELOPE_MAX  ((size_t)1 << 20)
#define PINENTRY_FILE "/etc/keten/pinentry"
#define CHUNK	      ((size_t)1 << 20)

enum {
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3,
	EXIT_DEVICE = 4,
	EXIT_INVALID = 5,
	EXIT_UNDETERMINED = 6,
	EXIT_STORAGE = 7,
	EXIT_INTERNAL = 8
};

static const char usage[] =
	"usage: keten-sign sign --key KEY [--pades] [--pss] < content > signature.p7s\n"
	"       keten-sign digest --key KEY < 32-byte digest > signature\n"
	"       keten-sign cert --key KEY\n"
	"       keten-sign decrypt --key KEY < envelope > plaintext\n"
	"       keten-sign stamp --tsa URL... --tsa-trust DIR [--deadline S] [--digest]\n"
	"                  < content > token\n"
	"       keten-sign open --key KEY    (started by keten release, on a socket)\n"
	"       keten-sign envelope < certificates.pem > recipient-and-envelope\n"
	"\n"
	"KEY is a PEM file (a private key, its certificate, then further certificates of the\n"
	"chain), or a card: pkcs11:token=NAME;id=%01?module-path=/usr/lib/.../module.so\n"
	"\n"
	"sign     a detached CAdES signature (CMS, DER, SHA-256) over up to 64 MiB from stdin\n"
	"digest   the bare signature of a SHA-256 digest, as XML signatures hold it\n"
	"cert     the certificate; asks for nothing\n"
	"decrypt  opens a CMS envelope (AuthEnvelopedData) made for the key's certificate\n"
	"stamp    an RFC 3161 token over content from the first authority that gives one; DIR\n"
	"         holds the CA certificates whose time is believed; needs no key. --digest: "
	"content is a SHA-256\n"
	"envelope makes the key of a case and closes it into one: first the age recipient,\n"
	"         on a line, then the envelope; needs no key\n"
	"\n"
	"--pin-fd N       passphrase or PIN from descriptor N (also: --passphrase-fd)\n"
	"--pinentry FILE  a program that asks for it; default: on the terminal\n"
	"--cert FILE      the certificate, for a card that holds none\n"
	"--pss            RSA-PSS with an ordinary RSA key\n"
	"--pades          no signing time among the attributes, as a signed PDF wants it\n";

struct request {
	const char *act;
	struct kt_stamp stamp;
	struct kt_sign_key key;
	struct kt_sign_how how;
};

static int exit_status(int code)
{
	switch (code) {
	case 0:
		return 0;
	case KT_E_USAGE:
	case KT_E_LIMIT:
		return EXIT_USAGE;
	case KT_E_REFUSED:
		return EXIT_REFUSED;
	case KT_E_DEVICE:
		return EXIT_DEVICE;
	case KT_E_INVALID:
		return EXIT_INVALID;
	case KT_E_UNDETERMINED:
		return EXIT_UNDETERMINED;
	case KT_E_STORAGE:
		return EXIT_STORAGE;
	default:
		return EXIT_INTERNAL;
	}
}

static int read_content(struct kt_buf *b, struct kt_err *err)
{
	size_t got = 0;
	int r;

	do {
		if (kt_buf_reserve(b, CHUNK) < 0)
			return KT_FAIL(err, KT_E_NOMEM, "no memory for the content");
		r = kt_read_full(STDIN_FILENO, b->p + b->len, CHUNK, &got, err);
		if (r < 0)
			return r;
		b->len += got;
		if (b->len > CONTENT_MAX)
			return KT_FAIL(err, KT_E_LIMIT, "the content is longer than 64 MiB");
	} while (got == CHUNK);
	if (b->len == 0)
		return KT_FAIL(err, KT_E_USAGE, "there is nothing on standard input");
	return 0;
}

static int act(const struct request *q, struct kt_err *err)
{
	struct kt_buf in, out;
	int r = 0;

	kt_buf_init(&in, CONTENT_MAX + 2 * CHUNK);
	kt_buf_init(&out, 0);
	if (strcmp(q->act, "open") == 0)
		return kt_sign_open(&q->key, STDIN_FILENO, err);
	if (strcmp(q->act, "cert") != 0)
		r = read_content(&in, err);
	if (r < 0)
		goto out;
	if (strcmp(q->act, "cert") == 0)
		r = kt_sign_cert(&q->key, &out, err);
	else if (strcmp(q->act, "sign") == 0)
		r = kt_sign_content(&q->key, &q->how, in.p, in.len, &out, err);
	else if (strcmp(q->act, "digest") == 0)
		r = kt_sign_digest(&q->key, in.p, in.len, &out, err);
	else if (strcmp(q->act, "stamp") == 0)
		r = kt_stamp(&q->stamp, in.p, in.len, &out, err);
	else if (strcmp(q->act, "envelope") == 0)
		r = kt_sign_envelope(in.p, in.len, &out, err);
	else if (in.len > ENVELOPE_MAX)
		r = KT_FAIL(err, KT_E_LIMIT, "the envelope is longer than 1 MiB");
	else
		r = kt_sign_decrypt(&q->key, in.p, in.len, &out, err);
	if (r == 0)
		r = kt_write_full(STDOUT_FILENO, out.p, out.len, err);
out:
	if (out.p != NULL)
		OPENSSL_cleanse(out.p, out.cap);
	kt_buf_free(&in);
	kt_buf_free(&out);
	return r;
}

static int parse_fd(const char *s, int *fd)
{
	char *end;
	long v = strtol(s, &end, 10);

	if (*s == '\0' || *end != '\0' || v < 3 || v > 1023)
		return KT_E_USAGE;
	*fd = (int)v;
	return 0;
}

static bool is_act(const char *s)
{
	static const char *const acts[] = {"sign",  "digest",	"cert", "decrypt",
					   "stamp", "envelope", "open"};

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strcmp(s, acts[i]) == 0)
			return true;
	return false;
}

static int parse_stamp(struct request *q, const char *name, const char *value, bool *taken,
		       struct kt_err *err)
{
	char *end;
	unsigned long s;

	*taken = true;
	if (strcmp(name, "--tsa-trust") == 0) {
		q->stamp.trust = value;
	} else if (strcmp(name, "--tsa") == 0) {
		if (q->stamp.n == KT_STAMP_URLS)
			return KT_FAIL(err, KT_E_USAGE, "at most %d authorities", KT_STAMP_URLS);
		q->stamp.url[q->stamp.n++] = value;
	} else if (strcmp(name, "--deadline") == 0) {
		s = strtoul(value, &end, 10);
		if (*value == '\0' || *end != '\0' || s < 1 || s > 600)
			return KT_FAIL(err, KT_E_USAGE, "--deadline takes seconds from 1 to 600");
		q->stamp.deadline_s = (unsigned)s;
	} else {
		*taken = false;
	}
	return 0;
}

static int parse_valued(struct request *q, const char *name, const char *value, struct kt_err *err)
{
	bool taken;
	int r;

	if (value == NULL)
		return KT_FAIL(err, KT_E_USAGE, "%.60s needs a value, or is unknown", name);
	r = parse_stamp(q, name, value, &taken, err);
	if (r < 0 || taken)
		return r;
	if (strcmp(name, "--key") == 0)
		q->key.path = value;
	else if (strcmp(name, "--cert") == 0)
		q->key.cert = value;
	else if (strcmp(name, "--pinentry") == 0)
		q->key.pinentry = value;
	else if (strcmp(name, "--pin-fd") != 0 && strcmp(name, "--passphrase-fd") != 0)
		return KT_FAIL(err, KT_E_USAGE, "unknown option %.60s", name);
	else if (parse_fd(value, &q->key.passphrase_fd) < 0)
		return KT_FAIL(err, KT_E_USAGE, "%s takes 3 to 1023", name);
	return 0;
}

/* The station's own way to ask, when the caller names none. */
static void default_pinentry(struct request *q)
{
	static char path[4096];
	struct kt_buf b;

	kt_buf_init(&b, 0);
	if (q->key.passphrase_fd < 0 && q->key.pinentry == NULL &&
	    kt_path_read(PINENTRY_FILE, sizeof(path) - 1, &b, NULL) == 0 && b.len > 0 &&
	    b.p[0] == '/') {
		snprintf(path, sizeof(path), "%.*s", (int)b.len, (const char *)b.p);
		path[strcspn(path, "\n")] = '\0';
		q->key.pinentry = path;
	}
	kt_buf_free(&b);
}

static int parse(int argc, char **argv, struct request *q, struct kt_err *err)
{
	if (argc < 2 || !is_act(argv[1]))
		return KT_FAIL(
			err, KT_E_USAGE,
			"the act is sign, digest, cert, decrypt, stamp, envelope or open; see "
			"keten-sign --help");
	q->act = argv[1];
	for (int i = 2; i < argc; i++) {
		int r = 0;

		if (strcmp(argv[i], "--pss") == 0)
			q->how.pss = true;
		else if (strcmp(argv[i], "--pades") == 0)
			q->how.no_signing_time = true;
		else if (strcmp(argv[i], "--digest") == 0)
			q->stamp.digest = true;
		else {
			r = parse_valued(q, argv[i], i + 1 < argc ? argv[i + 1] : NULL, err);
			i++;
		}
		if (r < 0)
			return r;
	}
	if (q->key.path == NULL && strcmp(q->act, "stamp") != 0 && strcmp(q->act, "envelope") != 0)
		return KT_FAIL(err, KT_E_USAGE, "--key FILE is missing");
	return 0;
}

int main(int argc, char **argv)
{
	struct request q = {.act = "", .stamp = {.deadline_s = 20}, .key = {.passphrase_fd = -1}};
	char story[1024];
	struct kt_err err;
	int r;

	kt_process_harden();
	kt_err_clear(&err);
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	r = parse(argc, argv, &q, &err);
	if (r == 0) {
		default_pinentry(&q);
		r = act(&q, &err);
	}
	if (r < 0)
		fprintf(stderr, "keten-sign: %s\n", kt_err_story(&err, story, sizeof(story)));
	return exit_status(r);
}
