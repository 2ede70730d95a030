/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten-verify PACKAGE... [--trust DIR] [--json]: the reviewer's program. Opens what it needs,
 * shuts itself in, then judges. With --show it writes one file of one package instead. Exit status:
 * 0 valid, 5 invalid, 6 undetermined, 2 wrong usage (a name of nothing too), 7 it is there and can't be
 * read, 8 no sandbox or an internal error; of several packages the gravest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "reports/verify/sandbox.h"
#include "reports/verify/show.h"
#include "reports/verify/chain.h"
#include "reports/verify/verify.h"

#define EXIT_USAGE    2
#define EXIT_STORAGE  7
#define EXIT_INTERNAL 8

struct options {
	const char *trust;	     /* NULL: the default, which may be missing */
	const char *tsa_trust, *crl; /* NULL: what the trust folder holds */
	bool json;
	struct kt_show show;
	char **packages; /* borrowed from argv */
	int n;
};

static void usage(FILE *out)
{
	fprintf(out,
		"usage: keten-verify PACKAGE... [--trust DIR] [--tsa-trust DIR] [--crl DIR] "
		"[--json]\n"
		"       keten-verify PACKAGE --show NAME [--offset N] [--length N] [--judged HEX]\n"
		"Judges evidence packages. DIR holds the CA certificates that you trust\n"
		"(default %s), in tsa/ those whose time you believe, and revocation\n"
		"lists (*.crl); both can be named apart. Exit status: 0 valid, 5 invalid, 6 "
		"undetermined,\n2 wrong usage, 7 a package can't be read, 8 internal error.\n",
		KT_TRUST_DEFAULT);
}

static void say(const char *what, const struct kt_err *err)
{
	char story[512];

	fprintf(stderr, "keten-verify: %s: %s\n", what, kt_err_story(err, story, sizeof(story)));
}

static bool number(const char *s, uint64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoull(s, &end, 10);
	return s[0] >= '0' && s[0] <= '9' && *end == '\0' && errno == 0;
}

/* --show and what belongs to it; false: another option, or no good value. */
static bool show_option(const char *a, const char *value, struct kt_show *s)
{
	if (value == NULL)
		return false;
	if (strcmp(a, "--show") == 0) {
		s->member = value;
		return true;
	}
	if (strcmp(a, "--judged") == 0) {
		s->tags = value;
		return strlen(value) == KT_SHA256_HEX - 1 &&
		       strspn(value, "0123456789abcdef") == KT_SHA256_HEX - 1;
	}
	if (strcmp(a, "--offset") == 0)
		return number(value, &s->offset);
	return strcmp(a, "--length") == 0 && number(value, &s->length);
}

/* Sorts options out of argv; packages keep their order at its start. 0, or an exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
	bool only_names = false;

	o->packages = argv + 1;
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (only_names || a[0] != '-') {
			o->packages[o->n++] = argv[i];
		} else if (strcmp(a, "--") == 0) {
			only_names = true;
		} else if (strcmp(a, "--json") == 0) {
			o->json = true;
		} else if (strcmp(a, "--trust") == 0 && i + 1 < argc) {
			o->trust = argv[++i];
		} else if (strcmp(a, "--tsa-trust") == 0 && i + 1 < argc) {
			o->tsa_trust = argv[++i];
		} else if (strcmp(a, "--crl") == 0 && i + 1 < argc) {
			o->crl = argv[++i];
		} else if (show_option(a, argv[i + 1], &o->show)) {
			i++;
		} else {
			fprintf(stderr, "keten-verify: %s: unknown, or its value is missing\n", a);
			return EXIT_USAGE;
		}
	}
	if (o->show.member != NULL && o->n > 1) {
		fprintf(stderr, "keten-verify: --show takes one package\n");
		return EXIT_USAGE;
	}
	if (o->n > 0)
		return 0;
	usage(stderr);
	return EXIT_USAGE;
}

static int load_trust(const struct options *o, struct kt_trust **trust)
{
	struct kt_err err = {0};
	int r = kt_trust_load(o->trust != NULL ? o->trust : KT_TRUST_DEFAULT, trust, &err);

	if (r == 0 && o->tsa_trust != NULL)
		r = kt_trust_set_tsa(*trust, o->tsa_trust, &err);
	if (r == 0 && o->crl != NULL)
		r = kt_trust_add_lists(*trust, o->crl, &err);
	if (r == 0)
		return 0;
	if (*trust != NULL) {
		say("what was named beside the trust anchors", &err);
		return EXIT_USAGE;
	}
	/* without anchors nothing can be valid: that is a result, unless a named folder is not there */
	if (r == KT_E_ABSENT && (o->trust == NULL || access(o->trust, F_OK) == 0)) {
		if (o->trust != NULL)
			say("trust anchors", &err);
		return 0;
	}
	say("trust anchors", &err);
	return r == KT_E_STORAGE ? EXIT_STORAGE : EXIT_USAGE;
}

/* The gravest first: what is proven wrong, what went wrong here, what is not known. */
static int worse(int a, int b)
{
	static const int rank[] = {5, EXIT_INTERNAL, EXIT_STORAGE, 6};

	for (size_t i = 0; i < sizeof(rank) / sizeof(rank[0]); i++)
		if (a == rank[i] || b == rank[i])
			return rank[i];
	return 0;
}

static int verify_one(int fd, const char *name, const struct kt_trust *trust, bool json,
		      struct kt_verify_result *res)
{
	struct kt_err err = {0};
	int r;

	r = kt_verify_package(fd, name, trust, res, &err);
	kt_verify_print(res, json, stdout);
	if (r == 0)
		return kt_verdict_status(res->verdict);
	say("not judged", &err);
	return r == KT_E_STORAGE ? EXIT_STORAGE : EXIT_INTERNAL;
}

static int show_one(int fd, const struct kt_show *s)
{
	struct kt_err err = {0};
	int r = kt_verify_show(fd, s, stdout, &err);

	if (r == 0)
		return 0;
	say("not shown", &err);
	return r == KT_E_ABSENT	   ? EXIT_USAGE
	       : r == KT_E_STORAGE ? EXIT_STORAGE
	       : r == KT_E_NOMEM   ? EXIT_INTERNAL
				   : kt_verdict_status(KT_VERDICT_INVALID);
}

/* Packages that were given together, when acts are among them. */
static int judge_chain(const struct kt_chain_link *link, size_t n, bool json)
{
	struct kt_chain_result r = {0};

	kt_chain_judge(link, n, &r);
	if (r.acts == 0)
		return 0;
	kt_chain_print(&r, json, stdout);
	return kt_verdict_status(r.verdict);
}

static int run(const struct options *o, const struct kt_trust *trust, const int *fds)
{
	static struct kt_verify_result res;
	struct kt_chain_link *link = calloc((size_t)o->n + 1, sizeof(*link));
	struct kt_err err = {0};
	int status = 0;

	if (link == NULL)
		return EXIT_INTERNAL;
	if (kt_verify_warm(&err) < 0 || kt_verify_sandbox(&err) < 0) {
		say("refused to read without a sandbox", &err);
		free(link);
		return EXIT_INTERNAL;
	}
	if (o->show.member != NULL)
		status = show_one(fds[0], &o->show);
	for (int i = 0; o->show.member == NULL && i < o->n; i++) {
		if (i > 0 && !o->json)
			putchar('\n');
		status = worse(status, verify_one(fds[i], o->packages[i], trust, o->json, &res));
		kt_chain_take(&res, &link[i]);
	}
	if (o->show.member == NULL && o->n > 1)
		status = worse(status, judge_chain(link, (size_t)o->n, o->json));
	free(link);
	/* a result that did not arrive must not look like one */
	if (fflush(stdout) != 0 || ferror(stdout))
		return EXIT_STORAGE;
	return status;
}

/* The package at that path, before the sandbox closes. A descriptor, or the negative of an exit status. */
static int open_package(const char *path, bool judged)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), e = errno;
	struct stat st = {0};

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	if (fd >= 0) {
		e = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		close(fd);
	}
	fprintf(stderr, "keten-verify: %s: %s; name a package file\n", path,
		e == EINVAL ? "No plain file" : strerror(e));
	switch (e) {
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case EINVAL:
	case ELOOP:
	case ENAMETOOLONG:
		/* a wrong name says nothing about any package; but what was judged was there */
		return judged ? -EXIT_STORAGE : -EXIT_USAGE;
	default:
		return -EXIT_STORAGE;
	}
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct kt_trust *trust = NULL;
	int *fds, status;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	status = parse_options(argc, argv, &o);
	if (status == 0 && o.show.member == NULL)
		status = load_trust(&o, &trust);
	fds = calloc((size_t)o.n + 1, sizeof(*fds));
	if (fds == NULL)
		status = EXIT_INTERNAL;
	if (status != 0) {
		free(fds);
		return status;
	}
	for (int i = 0; i < o.n; i++) {
		fds[i] = open_package(o.packages[i], o.show.tags != NULL);
		if (fds[i] < 0) {
			status = -fds[i];
			free(fds);
			return status;
		}
	}
	status = run(&o, trust, fds);
	/* straight out: what runs at an ordinary exit is not made for a sandbox */
	fflush(stderr);
	_exit(status);
}
