/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten-sign: one act per start, then gone. `sign` reads content on stdin and writes a signature on
 * stdout; `cert` writes the certificate. The passphrase never stands in argv or the environment.
 */
#include "reports/sign/sign.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/io.h"
#include "core/spawn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONTENT_MAX ((size_t)64 << 20)
#define CHUNK	    ((size_t)1 << 20)

enum { EXIT_USAGE = 2, EXIT_REFUSED = 3, EXIT_STORAGE = 7, EXIT_INTERNAL = 8 };

static const char usage[] =
	"usage: keten-sign sign --key FILE [--passphrase-fd N] < content > signature.p7s\n"
	"       keten-sign cert --key FILE\n"
	"\n"
	"FILE is PEM: a private key, its certificate, then further certificates of the chain.\n"
	"sign writes a detached CAdES signature (CMS, DER, SHA-256) over up to 64 MiB from stdin.\n"
	"A passphrase is asked on the terminal, or read from descriptor N.\n";

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
		return KT_FAIL(err, KT_E_USAGE, "there is nothing to sign on standard input");
	return 0;
}

static int act(const char *name, const struct kt_sign_key *key, struct kt_err *err)
{
	struct kt_buf in, out;
	int r;

	kt_buf_init(&in, CONTENT_MAX + 2 * CHUNK);
	kt_buf_init(&out, 0);
	if (strcmp(name, "cert") == 0) {
		r = kt_sign_cert(key, &out, err);
	} else {
		r = read_content(&in, err);
		if (r == 0)
			r = kt_sign_content(key, in.p, in.len, &out, err);
	}
	if (r == 0)
		r = kt_write_full(STDOUT_FILENO, out.p, out.len, err);
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

static int parse(int argc, char **argv, struct kt_sign_key *key, struct kt_err *err)
{
	if (argc < 2 || (strcmp(argv[1], "sign") != 0 && strcmp(argv[1], "cert") != 0))
		return KT_FAIL(err, KT_E_USAGE, "the act is sign or cert; see keten-sign --help");
	for (int i = 2; i < argc; i += 2) {
		if (i + 1 >= argc)
			return KT_FAIL(err, KT_E_USAGE, "%.60s needs a value", argv[i]);
		if (strcmp(argv[i], "--key") == 0)
			key->path = argv[i + 1];
		else if (strcmp(argv[i], "--passphrase-fd") != 0)
			return KT_FAIL(err, KT_E_USAGE, "unknown option %.60s", argv[i]);
		else if (parse_fd(argv[i + 1], &key->passphrase_fd) < 0)
			return KT_FAIL(err, KT_E_USAGE, "--passphrase-fd takes 3 to 1023");
	}
	if (key->path == NULL)
		return KT_FAIL(err, KT_E_USAGE, "--key FILE is missing");
	if (strncmp(key->path, "pkcs11:", 7) == 0)
		return KT_FAIL(err, KT_E_USAGE,
			       "cards come with a later version; use a PEM file with key and "
			       "certificate");
	return 0;
}

int main(int argc, char **argv)
{
	struct kt_sign_key key = {NULL, -1};
	char story[1024];
	struct kt_err err;
	int r;

	kt_process_harden();
	kt_err_clear(&err);
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	r = parse(argc, argv, &key, &err);
	if (r == 0)
		r = act(argv[1], &key, &err);
	if (r < 0)
		fprintf(stderr, "keten-sign: %s\n", kt_err_story(&err, story, sizeof(story)));
	return exit_status(r);
}
