/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/package_facts.h"
#include "core/io.h"
#include "core/json.h"
#include "core/spawn.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_MAX ((size_t)4 << 20)

/* Runs keten-verify and gathers what it says; *status gets its exit status. */
static int ask(const char *const *argv, size_t max, struct kt_buf *out, int *status,
	       struct kt_err *err)
{
	struct kt_spawn s;
	int p[2], r = 0;
	size_t got = 1;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "no pipe");
	kt_spawn_init(&s, "keten-verify", argv);
	s.fds[1] = p[1];
	pid = kt_spawn_start(&s, err);
	close(p[1]);
	if (pid < 0) {
		close(p[0]);
		return (int)pid;
	}
	while (r == 0 && got > 0) {
		if (kt_buf_reserve(out, 65536) < 0)
			r = KT_FAIL(err, KT_E_NOMEM, "no memory");
		else if (out->len > max)
			r = KT_FAIL(err, KT_E_LIMIT, "more than %zu bytes", max);
		else
			r = kt_read_full(p[0], out->p + out->len, 65536, &got, err);
		out->len += r == 0 ? got : 0;
	}
	close(p[0]); /* a writer that goes on ends by that */
	*status = kt_wait(pid);
	*status = WIFEXITED(*status) ? WEXITSTATUS(*status) : KT_EXIT_INTERNAL;
	return r;
}

int kt_package_file(const char *path, const char *member, size_t max, struct kt_buf *b,
		    struct kt_err *err)
{
	const char *argv[] = {"keten-verify", "--show", member, "--", path, NULL};
	int status = 0, r = ask(argv, max, b, &status, err);

	if (r < 0)
		return KT_TRACE(err, r, "a file of the package");
	if (status == KT_EXIT_USAGE)
		return KT_FAIL(err, KT_E_ABSENT, "there is no %s in this package", member);
	return status == 0 ? 0 : KT_FAIL(err, KT_E_INVALID, "%s cannot be read", member);
}

static void keep(const struct kt_jv *o, const char *key, char *out, size_t cap)
{
	const char *s = kt_jv_str(o, key);

	out[0] = '\0';
	if (s != NULL && strlen(s) < cap)
		memcpy(out, s, strlen(s) + 1);
}

static int take_verdict(const struct kt_buf *said, struct kt_package_facts *f, struct kt_err *err)
{
	struct kt_jdoc *doc = NULL;
	const struct kt_jv *o, *v;
	char reason[200];
	int r = kt_jdoc_parse(said->p, said->len, &doc, err);

	if (r < 0)
		return KT_TRACE(err, KT_E_INTERNAL, "keten-verify gave no result");
	o = kt_jdoc_root(doc);
	keep(o, "result", f->result, sizeof(f->result));
	keep(o, "type", f->type, sizeof(f->type));
	keep(o, "package", f->package, sizeof(f->package));
	keep(o, "package_sha256", f->sha256, sizeof(f->sha256));
	keep(o, "reason", reason, sizeof(reason));
	v = kt_jv_get(o, "concerns");
	for (v = v != NULL && v->type == KT_JV_ARR ? v->child : NULL;
	     v != NULL && v->type == KT_JV_STR && f->nconcerns < KT_PKG_CONCERNS; v = v->next)
		snprintf(f->concerns[f->nconcerns++], KT_SHA256_HEX, "%s", v->str);
	if (strcmp(f->result, "valid") != 0 && strcmp(f->result, "undetermined") != 0)
		r = KT_FAIL(err, KT_E_INVALID, "this package does not hold: %s", reason);
	kt_jdoc_free(&doc);
	return r;
}

/* "Key: value" of bag-info.txt, which the verifier held against the rest. */
static void info_line(const char *info, const char *key, char *out, size_t cap)
{
	const char *p = strstr(info, key);
	size_t n;

	out[0] = '\0';
	if (p == NULL)
		return;
	p += strlen(key);
	n = strcspn(p, "\n");
	if (n < cap) {
		memcpy(out, p, n);
		out[n] = '\0';
	}
}

static int take_info(const char *path, struct kt_package_facts *f, struct kt_err *err)
{
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = kt_package_file(path, KT_PKG_BAGINFO, (size_t)64 << 10, &b, err);
	if (r == 0 && kt_buf_cstr(&b) != NULL) {
		info_line((const char *)b.p, "\nKeten-Case: ", f->case_id, sizeof(f->case_id));
		info_line((const char *)b.p, "\nKeten-Mandate: ", f->mandate_id,
			  sizeof(f->mandate_id));
	}
	if (strcmp(f->case_id, "none") == 0)
		f->case_id[0] = '\0';
	kt_buf_reset(&b);
	if (r == 0)
		r = kt_package_file(path, KT_PKG_MANDATE, KT_MANDATE_MAX_BYTES, &b, err);
	if (r == 0)
		r = kt_sha256_hex(b.p, b.len, f->mandate_sha256, err);
	if (r == KT_E_ABSENT)
		r = 0; /* an act need not bring its mandate along */
	kt_buf_free(&b);
	return r;
}

int kt_package_facts(const struct kt_opts *o, const char *path, struct kt_package_facts *f,
		     struct kt_err *err)
{
	const char *argv[] = {"keten-verify", "--json", "--trust", o->trust, "--", path, NULL};
	const char *plain[] = {"keten-verify", "--json", "--", path, NULL};
	struct kt_buf said;
	int status = 0, r;

	memset(f, 0, sizeof(*f));
	if (access(path, R_OK) < 0)
		return KT_FAIL(err, KT_E_ABSENT, "%.150s is not there, or cannot be read", path);
	kt_buf_init(&said, 0);
	r = ask(o->trust != NULL ? argv : plain, SAID_MAX, &said, &status, err);
	if (r == 0 && (status == KT_EXIT_USAGE || said.len == 0))
		r = KT_FAIL(err, KT_E_USAGE, "keten-verify could not judge it");
	if (r == 0)
		r = take_verdict(&said, f, err);
	kt_buf_free(&said);
	return r < 0 ? r : take_info(path, f, err);
}
