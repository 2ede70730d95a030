/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten comment, erratum, disclose: acts about packages that exist. Each makes a package of its own
 * beside them; none changes what it concerns.
 */
#include "cli/steps.h"
#include "cli/verify_run.h"
#include "cli/vouch.h"
#include "core/io.h"
#include "core/json.h"
#include "parsers/host/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)1 << 20)
#define WORD_MAX 300 /* bytes of --to, --purpose */

/* trust: whom this is judged by; free it in any case. */
static int check_opts(const struct kt_opts *o, int packages, struct kt_trust **trust,
		      struct kt_err *err)
{
	int r = kt_need(o->operator_key, "your key with --operator FILE", err);

	if (r == 0)
		r = kt_need(o->out_dir, "the folder for the package with --out DIR", err);
	if (r == 0 && (o->nargs < 1 || (packages > 0 && o->nargs > packages)))
		r = KT_FAIL(err, KT_E_USAGE,
			    packages == 1 ? "name one package" : "name the packages");
	return r == 0 ? kt_trust_of(o, trust, err) : r;
}

/* UTF-8 without control characters but line breaks and tabs; else as its writer wrote it. */
static bool is_text(const struct kt_buf *b)
{
	for (size_t i = 0; i < b->len;) {
		uint32_t cp;
		unsigned n = kt_utf8_next(b->p + i, b->len - i, &cp);

		if (n == 0 || cp == 0x7f || (cp < 0x20 && cp != '\n' && cp != '\t' && cp != '\r'))
			return false;
		i += n;
	}
	return b->len > 0;
}

static int read_text(const struct kt_opts *o, struct kt_buf *b, struct kt_err *err)
{
	int r = kt_need(o->text, "the file with the text with --text FILE", err);

	if (r == 0)
		r = kt_path_read(o->text, TEXT_MAX, b, err);
	if (r == 0 && !is_text(b))
		r = KT_FAIL(err, KT_E_USAGE,
			    "%.100s is empty, or no plain text in UTF-8; save it as one", o->text);
	return r;
}

static int finish(const struct kt_opts *o, const struct kt_trust *trust, struct kt_package *pkg,
		  const struct kt_act *act, struct kt_err *err)
{
	char name[KT_PKG_NAME_MAX + 1];
	int r = kt_act_make(o->out_dir, o->operator_key, trust, pkg, act, name, err);

	if (r == 0)
		printf("package  %s/%s\n", o->out_dir, name);
	return r;
}

/* -- comment ---------------------------------------------------------------------------------- */

int kt_cmd_comment(const struct kt_opts *o)
{
	char name[KT_PKG_NAME_MAX + 1];
	struct kt_judged f;
	struct kt_err err = {0};
	struct kt_buf text;
	struct kt_trust *trust = NULL;
	int r = check_opts(o, 1, &trust, &err);

	kt_buf_init(&text, 0);
	if (r == 0)
		r = read_text(o, &text, &err);
	if (r == 0)
		r = kt_verify_holds(o, o->args[0], &f, &err);
	if (r == 0)
		r = kt_act_comment(o, trust, &f, "The applicant's own words", text.p, text.len,
				   name, &err);
	if (r == 0)
		printf("package  %s/%s\n", o->out_dir, name);
	kt_buf_free(&text);
	kt_trust_free(&trust);
	return r == 0 ? KT_EXIT_OK : kt_fail_exit(r, &err);
}

/* -- erratum ---------------------------------------------------------------------------------- */

/* The version of a plugin that made this package, from its tool/build.json. */
static int used_version(const struct kt_judged *p, const char *plugin, int64_t *version,
			struct kt_err *err)
{
	struct kt_jdoc *doc = NULL;
	struct kt_buf b;
	int r;

	*version = 0;
	kt_buf_init(&b, 0);
	r = kt_judged_read(p, KT_PKG_BUILD, TEXT_MAX, &b, err);
	if (r == 0)
		r = kt_jdoc_parse(b.p, b.len, &doc, err);
	if (r == 0)
		*version = kt_jv_int(kt_jv_get(kt_jdoc_root(doc), "plugins"), plugin, 0);
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}

/* Does its mandate name that source? */
static int is_concerned(const struct kt_judged *p, const char *plugin, bool *yes,
			struct kt_err *err)
{
	struct kt_mandate *m = NULL;
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = kt_judged_read(p, KT_PKG_MANDATE, KT_MANDATE_MAX_BYTES, &b, err);
	if (r == 0)
		r = kt_mandate_parse(b.p, b.len, &m, err);
	*yes = r == 0 && kt_mandate_scope(m, plugin) != NULL;
	kt_mandate_free(&m);
	kt_buf_free(&b);
	return r;
}

static unsigned present_version(const char *plugin)
{
	for (size_t i = 0; i < kt_plugins_n; i++)
		if (strcmp(kt_plugins[i].id, plugin) == 0)
			return kt_plugins[i].version;
	return 0;
}

static int erratum_detail(const char *plugin, int64_t version, struct kt_buf *b, struct kt_err *err)
{
	struct kt_jw w;

	kt_jw_init(&w, b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "attachment", "erratum.txt");
	kt_jw_kstr(&w, "plugin", plugin);
	kt_jw_kuint(&w, "present_version", present_version(plugin));
	kt_jw_kint(&w, "version", version);
	kt_jw_obj_end(&w);
	return kt_buf_cstr(b) != NULL ? 0 : KT_FAIL(err, KT_E_NOMEM, "no memory");
}

static int one_erratum(const struct kt_opts *o, const struct kt_trust *trust, const char *path,
		       const struct kt_buf *text, struct kt_err *err)
{
	struct kt_judged f;
	struct kt_package *pkg = NULL;
	struct kt_act act = {.type = KT_PT_ERRATUM};
	struct kt_buf detail;
	int64_t version = 0;
	bool concerned = false;
	int r = kt_verify_holds(o, path, &f, err);

	kt_buf_init(&detail, 0);
	if (r == 0)
		r = is_concerned(&f, o->plugin, &concerned, err);
	if (r == 0)
		r = used_version(&f, o->plugin, &version, err);
	if (r == 0 && (!concerned || version == 0))
		r = KT_FAIL(err, KT_E_REFUSED, "not-concerned: %.100s was made without %.40s", path,
			    o->plugin);
	if (r == 0)
		r = erratum_detail(o->plugin, version, &detail, err);
	act.detail = (const char *)detail.p;
	if (r == 0)
		r = kt_act_about(&act, &f, err);
	if (r == 0)
		r = kt_act_begin(&act, AT_FDCWD, &pkg, err);
	if (r == 0)
		r = kt_act_attach(pkg, "erratum.txt", "What is wrong, and what follows", text->p,
				  text->len, err);
	if (r == 0)
		r = finish(o, trust, pkg, &act, err);
	kt_package_free(&pkg);
	kt_buf_free(&detail);
	return r;
}

int kt_cmd_erratum(const struct kt_opts *o)
{
	struct kt_err err = {0};
	struct kt_buf text;
	struct kt_trust *trust = NULL;
	int r = check_opts(o, 0, &trust, &err);

	kt_buf_init(&text, 0);
	if (r == 0)
		r = kt_need(o->plugin, "the plugin with --plugin ID (keten parsers lists them)",
			    &err);
	if (r == 0 && present_version(o->plugin) == 0)
		r = KT_FAIL(&err, KT_E_USAGE, "there is no plugin \"%.40s\"; see keten parsers",
			    o->plugin);
	if (r == 0)
		r = read_text(o, &text, &err);
	for (int i = 0; r == 0 && i < o->nargs; i++)
		r = one_erratum(o, trust, o->args[i], &text, &err);
	kt_buf_free(&text);
	kt_trust_free(&trust);
	return r == 0 ? KT_EXIT_OK : kt_fail_exit(r, &err);
}

/* -- disclose --------------------------------------------------------------------------------- */

#define COPIES_MAX KT_PKG_CONCERNS

/* What goes out together: the package, and the acts about it that lie beside it. */
struct bundle {
	char path[COPIES_MAX][4096];
	char name[COPIES_MAX][KT_PKG_NAME_MAX + 1];
	char sha256[COPIES_MAX][KT_SHA256_HEX];
	unsigned n;
};

static int add(struct bundle *b, const char *path, const struct kt_judged *f, struct kt_err *err)
{
	if (b->n == COPIES_MAX || strlen(path) >= sizeof(b->path[0]))
		return KT_FAIL(err, KT_E_LIMIT, "more packages than one copy can name");
	snprintf(b->path[b->n], sizeof(b->path[0]), "%s", path);
	snprintf(b->name[b->n], sizeof(b->name[0]), "%s", f->package);
	snprintf(b->sha256[b->n], sizeof(b->sha256[0]), "%s", f->sha256);
	b->n++;
	return 0;
}

static bool is_about(const struct kt_judged *f, const struct kt_judged *of)
{
	/* it names no package: there was none yet */
	if (f->type == KT_PT_INTERRUPTION)
		return strcmp(f->case_id, of->case_id) == 0;
	/* releases, comments, errata and the like; who got a copy is the service's affair */
	if (f->type == KT_PT_COPY || f->type == KT_PT_TRANSFER)
		return false;
	for (unsigned i = 0; i < f->nconcerns; i++)
		if (strcmp(f->concerns[i], of->sha256) == 0)
			return true;
	return false;
}

/*
 * What speaks for and against goes along. Of a package that does not hold nobody can say what it is
 * about, so it is named and stops the copy, whatever case it calls its own.
 */
static int add_acts(const struct kt_opts *o, const char *path, const struct kt_judged *of,
		    struct bundle *b, struct kt_err *err)
{
	char dir[4096] = ".", other[4096];
	const char *slash = strrchr(path, '/');
	const struct dirent *e;
	DIR *d;
	int r = 0;

	if (slash != NULL)
		snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	d = opendir(dir);
	if (d == NULL)
		return KT_FAIL(err, KT_E_STORAGE, "%.150s: %s", dir, strerror(errno));
	while (r == 0 && (e = readdir(d)) != NULL) {
		struct kt_judged f;
		size_t n = strlen(e->d_name), end = strlen(KT_PKG_SUFFIX);

		if (e->d_name[0] == '.' || n <= end ||
		    strcmp(e->d_name + n - end, KT_PKG_SUFFIX) != 0 ||
		    snprintf(other, sizeof(other), "%s/%s", dir, e->d_name) >= (int)sizeof(other))
			continue;
		r = kt_verify_holds(o, other, &f, err);
		if (r == KT_E_INVALID)
			KT_TRACE(err, r,
				 "%.70s lies beside it, so it could be about it; get it again, or "
				 "put it apart and say why",
				 e->d_name);
		if (r == 0 && is_about(&f, of))
			r = add(b, other, &f, err);
	}
	closedir(d);
	return r;
}

static int copy_bytes(int from, int to, const char *want, struct kt_err *err)
{
	uint8_t *buf = malloc((size_t)1 << 20), md[KT_SHA256_LEN];
	struct kt_hash h = {0};
	char have[KT_SHA256_HEX];
	size_t got = 1;
	int r = buf == NULL ? KT_FAIL(err, KT_E_NOMEM, "no memory")
			    : kt_hash_init(&h, KT_SHA256, err);

	while (r == 0 && got > 0) {
		r = kt_read_full(from, buf, (size_t)1 << 20, &got, err);
		if (r == 0 && got > 0)
			r = kt_hash_update(&h, buf, got);
		if (r == 0 && got > 0)
			r = kt_write_full(to, buf, got, err);
	}
	if (r == 0)
		r = kt_hash_final(&h, md);
	if (r == 0)
		r = kt_sync_fd(to, err);
	if (r == 0 && strcmp(kt_hex(md, sizeof(md), have), want) != 0)
		r = KT_FAIL(err, KT_E_STORAGE, "the package changed while it was copied");
	kt_hash_free(&h);
	free(buf);
	return r;
}

/* The copy under a name that says it is not handed out yet. */
static int copy_one(int out, const struct bundle *b, unsigned i, struct kt_err *err)
{
	char tmp[KT_PKG_NAME_MAX + 8];
	KT_AUTO_FD from = open(b->path[i], O_RDONLY | O_CLOEXEC);
	KT_AUTO_FD to = -1;

	snprintf(tmp, sizeof(tmp), "%s.tmp", b->name[i]);
	if (from < 0)
		return KT_FAIL(err, KT_E_STORAGE, "%.150s: %s", b->path[i], strerror(errno));
	if (faccessat(out, b->name[i], F_OK, 0) == 0)
		return KT_FAIL(err, KT_E_USAGE, "%s lies in --out already; name an empty folder",
			       b->name[i]);
	to = openat(out, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (to < 0)
		return KT_FAIL(err, KT_E_STORAGE, "%s: %s", tmp, strerror(errno));
	if (kt_share(out, to, 0640, err) < 0)
		return KT_E_STORAGE;
	return copy_bytes(from, to, b->sha256[i], err);
}

static int hand_out(int out, const struct bundle *b, struct kt_err *err)
{
	for (unsigned i = 0; i < b->n; i++) {
		char tmp[KT_PKG_NAME_MAX + 8];
		int r;

		snprintf(tmp, sizeof(tmp), "%s.tmp", b->name[i]);
		r = kt_rename_new(out, tmp, b->name[i], err);

		if (r < 0)
			return r;
		printf("copy     %s\n", b->name[i]);
	}
	return kt_sync_fd(out, err);
}

static void take_back(int out, const struct bundle *b)
{
	for (unsigned i = 0; i < b->n; i++) {
		char tmp[KT_PKG_NAME_MAX + 8];

		snprintf(tmp, sizeof(tmp), "%s.tmp", b->name[i]);
		unlinkat(out, tmp, 0);
	}
}

static int copy_detail(const struct kt_opts *o, struct kt_buf *b, struct kt_err *err)
{
	struct kt_jw w;

	kt_jw_init(&w, b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "by", "keten disclose");
	kt_jw_kbytes(&w, "purpose", o->purpose, strlen(o->purpose));
	kt_jw_kbytes(&w, "to", o->to, strlen(o->to));
	kt_jw_obj_end(&w);
	return kt_buf_cstr(b) != NULL ? 0 : KT_FAIL(err, KT_E_NOMEM, "no memory");
}

/* First the copies, not yet named; then the record of it; then they get their names. */
static int disclose(const struct kt_opts *o, const struct kt_trust *trust,
		    const struct kt_judged *f, const struct bundle *b, struct kt_err *err)
{
	KT_AUTO_FD out = kt_out_open(o->out_dir, err);
	struct kt_package *pkg = NULL;
	struct kt_act act = {.type = KT_PT_COPY};
	struct kt_buf detail;
	int r = out < 0 ? out : 0;

	kt_buf_init(&detail, 0);
	for (unsigned i = 0; i < b->n && r == 0; i++)
		r = copy_one(out, b, i, err);
	if (r == 0)
		r = copy_detail(o, &detail, err);
	for (unsigned i = 1; i < b->n && r == 0; i++)
		r = kt_act_concern(&act, b->name[i], b->sha256[i], err);
	act.detail = (const char *)detail.p;
	if (r == 0)
		r = kt_act_about(&act, f, err);
	if (r == 0)
		r = kt_act_begin(&act, AT_FDCWD, &pkg, err);
	if (r == 0)
		r = finish(o, trust, pkg, &act, err);
	if (r == 0)
		r = hand_out(out, b, err);
	if (r < 0 && out >= 0)
		take_back(out, b);
	kt_package_free(&pkg);
	kt_buf_free(&detail);
	return r;
}

int kt_cmd_disclose(const struct kt_opts *own)
{
	struct kt_opts with = *own, *o = &with;
	static struct bundle bundle; /* large, and one copy a process */
	struct bundle *b = &bundle;
	struct kt_judged f;
	struct kt_err err = {0};
	struct kt_trust *trust = NULL;
	int r = check_opts(o, 1, &trust, &err);

	if (o->purpose == NULL)
		o->purpose = "disclosure to counsel";
	if (r == 0)
		r = kt_need(o->to, "who gets it with --to NAME", &err);
	if (r == 0 && (strlen(o->to) > WORD_MAX || strlen(o->purpose) > WORD_MAX))
		r = KT_FAIL(&err, KT_E_USAGE, "--to and --purpose take at most %d bytes", WORD_MAX);
	if (r == 0)
		r = kt_verify_holds(o, o->args[0], &f, &err);
	if (r == 0)
		r = add(b, o->args[0], &f, &err);
	if (r == 0)
		r = add_acts(o, o->args[0], &f, b, &err);
	if (r == 0)
		r = disclose(o, trust, &f, b, &err);
	kt_trust_free(&trust);
	return r == 0 ? KT_EXIT_OK : kt_fail_exit(r, &err);
}
