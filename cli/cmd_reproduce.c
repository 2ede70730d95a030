/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten verify --reproduce: opens the sealed bytes of an acquisition again, parses them, and compares
 * the report and its views with those of its release byte for byte.
 */
#include "cli/release.h"
#include "cli/vouch.h"
#include "core/io.h"
#include "core/json.h"
#include "core/spawn.h"
#include "parsers/host/host.h"
#include "reports/model/statement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE ((size_t)64 << 10)

struct again {
	struct kt_judged judged[2]; /* acquisition and release */
	struct kt_release r;
	int fd;		/* of the release */
	struct stat st; /* of that, before it was read */
	struct kt_zip zip;
	bool zip_open;
	char dir[4096]; /* for the log of this opening; "" when there is none */
	char why[200];	/* why it can't be told */
	bool other_render;
	char differs[64]; /* the first file that is not the same, "" when none is */
	uint64_t at;	  /* byte in it */
	struct compared {
		uint64_t at; /* bytes that are the same so far */
		bool done;
	} * seen; /* one for each file of the release */
	struct kt_buf statement;
};

/* Acquisition and release, each by itself and as a chain. */
static int judge(struct again *x, const struct kt_opts *o, struct kt_err *err)
{
	enum kt_verdict worst = KT_VERDICT_UNDETERMINED;
	struct kt_trust *trust = NULL;
	int e = kt_trust_of(o, &trust, err);

	kt_trust_free(&trust); /* without anchors there is nothing to ask */
	if (e == 0)
		e = kt_verify_judge(o, o->args, 2, x->judged, &worst, err);

	for (size_t i = 0; i < 2; i++)
		if (x->judged[i].verdict == KT_VERDICT_INVALID ||
		    (x->judged[i].verdict == KT_VERDICT_UNDETERMINED && worst == KT_VERDICT_VALID))
			worst = x->judged[i].verdict;
	if (e == 0 && worst == KT_VERDICT_INVALID)
		e = KT_FAIL(err, KT_E_INVALID,
			    "the packages do not hold together (keten verify says why)");
	else if (e == 0 && worst != KT_VERDICT_VALID)
		e = KT_FAIL(err, KT_E_UNDETERMINED,
			    "not-verified: whether the packages hold together can't be determined "
			    "(keten verify says why); nothing was opened");
	return e;
}

static int load_release(struct again *x, struct kt_err *err)
{
	const struct kt_judged *j = &x->judged[1];
	int e;

	if (j->type != KT_PT_RELEASE || j->nconcerns != 1 ||
	    strcmp(j->concerns[0], x->r.res.sha256) != 0)
		return KT_FAIL(err, KT_E_USAGE, "the second package is not a release of the first");
	x->fd = kt_judged_open(j, O_RDONLY, &x->st, err);
	if (x->fd < 0)
		return x->fd;
	e = kt_zip_read_open(x->fd, &x->zip, NULL, NULL, err);
	x->zip_open = e == 0;
	return e;
}

/* Other parsers may rightly say something else. */
static int compare_render(struct again *x, const struct kt_jv *programs, struct kt_err *err)
{
	const char *said = kt_jv_str(programs, "keten-render");
	char path[4200], sha[KT_SHA256_HEX] = "";
	int r = kt_program_path("keten-render", path, sizeof(path), err);

	if (r == 0)
		r = kt_path_sha256(AT_FDCWD, path, sha, err);
	x->other_render = r == 0 && (said == NULL || strcmp(said, sha) != 0);
	return r;
}

static int compare_plugins(struct again *x, struct kt_err *err)
{
	struct kt_jdoc *doc = NULL;
	const struct kt_jv *list;
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = kt_judged_read(&x->judged[1], KT_PKG_BUILD, (size_t)1 << 20, &b, err);
	if (r == 0)
		r = kt_jdoc_parse(b.p, b.len, &doc, err);
	list = r == 0 ? kt_jv_get(kt_jdoc_root(doc), "plugins") : NULL;
	for (size_t i = 0; r == 0 && i < kt_plugins_n; i++)
		if (kt_jv_int(list, kt_plugins[i].id, -1) != (int64_t)kt_plugins[i].version &&
		    x->why[0] == '\0')
			snprintf(x->why, sizeof(x->why),
				 "the release was made with another version of the parser %s",
				 kt_plugins[i].id);
	if (r == 0)
		r = compare_render(x, kt_jv_get(kt_jdoc_root(doc), "programs"), err);
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}

/* The release says so itself when one of its parsers was stopped by the clock. */
static int read_detail(struct again *x, struct kt_err *err)
{
	struct kt_jdoc *doc = NULL;
	const char *said;
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = kt_judged_read(&x->judged[1], KT_PKG_ACT, (size_t)1 << 20, &b, err);
	if (r == 0)
		r = kt_jdoc_parse(b.p, b.len, &doc, err);
	said = r == 0 ? kt_jv_str(kt_jv_get(kt_jdoc_root(doc), "detail"), "reproducible") : NULL;
	if (r == 0 && (said == NULL || strcmp(said, "yes") != 0))
		snprintf(x->why, sizeof(x->why), "at the release a parser hit its limit of time");
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}

static int open_log(struct again *x, struct kt_err *err)
{
	const char *tmp = getenv("TMPDIR");
	int tail, e;

	if (tmp == NULL || tmp[0] == '\0')
		tmp = "/tmp";
	if ((size_t)snprintf(x->dir, sizeof(x->dir), "%s/keten-XXXXXX", tmp) >= sizeof(x->dir)) {
		x->dir[0] = '\0';
		return KT_FAIL(err, KT_E_USAGE, "the path in TMPDIR is too long");
	}
	if (mkdtemp(x->dir) == NULL) {
		x->dir[0] = '\0';
		return KT_FAIL(err, KT_E_STORAGE, "no temporary folder in %.100s: %s", tmp,
			       strerror(errno));
	}
	x->r.work = kt_dir_open(AT_FDCWD, x->dir, false, err);
	if (x->r.work < 0)
		return x->r.work;
	x->r.q.c.fd = x->r.work;
	e = kt_custody_open(x->r.work, &x->r.q.log, &tail, err);
	x->r.q.log.actor = "releaser";
	return e == 0 ? kt_custody_event(&x->r.q.log, "envelope.opened", "purpose", "reproduce",
					 err)
		      : e;
}

static void note(struct again *x, const char *file, uint64_t at)
{
	snprintf(x->differs, sizeof(x->differs), "%s", file);
	x->at = at;
}

/* A view drawn again, in pieces. A PDF is signed behind its end, and its letters are this station's. */
static int on_page(void *arg, const char *file, const void *p, size_t n, struct kt_err *err)
{
	struct again *x = arg;
	const size_t len = strlen(file);
	bool pdf = len > 4 && strcmp(file + len - 4, ".pdf") == 0;
	char name[KT_PKG_NAME_MAX + 1];
	const struct kt_zip_entry *e;
	struct compared *c;
	const uint8_t *want = p;
	static uint8_t have[PIECE];

	snprintf(name, sizeof(name), KT_PKG_REPORT_DIR "%s", file);
	e = kt_zip_find(&x->zip, name);
	if (x->differs[0] != '\0' || e == NULL)
		return 0;
	c = &x->seen[e - x->zip.e];
	while (n > 0) {
		size_t got = 0, k = n < PIECE ? n : PIECE;
		int r = kt_zip_pread(&x->zip, e, c->at, have, k, &got, err);

		if (r < 0)
			return r;
		for (size_t i = 0; i < got; i++)
			if (have[i] != want[i]) {
				note(x, file, c->at + i);
				break;
			}
		if (x->differs[0] == '\0' && got < k)
			note(x, file, c->at + got);
		if (x->differs[0] != '\0')
			break;
		c->at += k;
		want += k;
		n -= k;
	}
	c->done |= p == NULL;
	if (p == NULL && !pdf && e->size != c->at)
		note(x, file, c->at);
	if (x->differs[0] != '\0' && x->why[0] == '\0' && (pdf || x->other_render))
		snprintf(x->why, sizeof(x->why),
			 pdf ? "other letters are installed here, or it was changed"
			     : "the release was made with another build of keten-render");
	return 0;
}

/* What stands beside the report and is no view of it: the bytes that it was made from, and how. */
static bool is_source(const char *name)
{
	return strcmp(name, KT_PKG_REPORT) == 0 || strcmp(name, KT_PKG_RUN) == 0 ||
	       strcmp(name, KT_PKG_STATEMENT) == 0;
}

/* Every view of the release has to be one that this report gives. */
static int compare_views(struct again *x, int fd, struct kt_err *err)
{
	int r;

	x->seen = calloc(x->zip.n + 1, sizeof(*x->seen));
	if (x->seen == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	r = kt_report_redraw(fd, on_page, x, err);
	for (size_t i = 0; r == 0 && x->differs[0] == '\0' && i < x->zip.n; i++) {
		const char *name = kt_zip_entry_name(&x->zip, &x->zip.e[i]);

		if (strncmp(name, KT_PKG_REPORT_DIR, strlen(KT_PKG_REPORT_DIR)) == 0 &&
		    !x->seen[i].done && !is_source(name))
			note(x, name + strlen(KT_PKG_REPORT_DIR), 0);
	}
	free(x->seen);
	return r;
}

/* 0: the same; 1: not, *at says where. */
static int compare(struct again *x, int fd, uint64_t *at, struct kt_err *err)
{
	const struct kt_zip_entry *e = kt_zip_find(&x->zip, KT_PKG_REPORT);
	static uint8_t a[PIECE], b[PIECE];
	size_t n = 1, m = 0;

	*at = 0;
	if (e == NULL)
		return KT_FAIL(err, KT_E_INVALID, "the release has no report");
	while (n > 0) {
		int r = kt_zip_pread(&x->zip, e, *at, a, PIECE, &n, err);

		if (r == 0)
			r = kt_pread_full(fd, b, PIECE, *at, &m, err);
		if (r < 0)
			return r;
		for (size_t i = 0; i < n && i < m; i++)
			if (a[i] != b[i]) {
				*at += i;
				return 1;
			}
		*at += n < m ? n : m;
		if (n != m)
			return 1;
	}
	return 0;
}

/* An opening leaves its package too. */
static int record(struct again *x, const char *outcome, struct kt_err *err)
{
	static struct kt_act act;
	struct kt_package *pkg = NULL;
	char name[KT_PKG_NAME_MAX + 1];
	struct kt_buf b;
	struct kt_jw w;
	int e;

	if (x->r.o->out_dir == NULL)
		return 0;
	memset(&act, 0, sizeof(act));
	act.type = KT_PT_OPENING;
	act.mandate_id = x->r.a.mandate->mandate_id;
	act.mandate_sha256 = x->r.a.sha256_hex;
	act.case_id = x->r.q.c.id;
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "by", x->r.releaser.subject);
	kt_jw_kstr(&w, "outcome", outcome);
	kt_jw_kstr(&w, "purpose", "reproduce");
	kt_jw_obj_end(&w);
	act.detail = (const char *)kt_buf_cstr(&b);
	e = act.detail == NULL ? KT_FAIL(err, KT_E_NOMEM, "no memory") : 0;
	if (e == 0)
		e = kt_act_concern(&act, x->r.res.package, x->r.res.sha256, err);
	if (e == 0)
		e = kt_act_concern(&act, x->judged[1].package, x->judged[1].sha256, err);
	if (e == 0)
		e = kt_act_begin(&act, AT_FDCWD, &pkg, err);
	if (e == 0)
		e = kt_act_make(x->r.o->out_dir, x->r.o->releasers[0], x->r.a.trust, pkg, &act,
				name, err);
	kt_package_free(&pkg);
	kt_buf_free(&b);
	if (e == 0 && !x->r.o->json)
		printf("opening  %s/%s\n", x->r.o->out_dir, name);
	return e;
}

static int conclude(struct again *x, uint64_t bytes, struct kt_err *err)
{
	bool same = x->differs[0] == '\0';
	const char *outcome = same		  ? "reproduced"
			      : x->why[0] != '\0' ? "undetermined"
						  : "different";
	uint64_t at = same ? bytes : x->at;
	int e = record(x, outcome, err);

	if (e < 0)
		return kt_fail_exit(e, err);
	if (x->r.o->json)
		printf("{\"at\":%llu,\"file\":\"%s\",\"result\":\"%s\",\"schema\":"
		       "\"keten-reproduce-1\",\"why\":\"%s\"}\n",
		       (unsigned long long)at, x->differs, outcome, same ? "" : x->why);
	else if (same)
		printf("reproduced: parsed again, report.json is the same, %llu bytes, and so are "
		       "its views\n",
		       (unsigned long long)at);
	else
		printf("%s: %s differs from byte %llu on%s%s\n", outcome, x->differs,
		       (unsigned long long)at, x->why[0] != '\0' ? ", and " : "", x->why);
	return same ? KT_EXIT_OK : x->why[0] != '\0' ? KT_EXIT_UNDETERMINED : KT_EXIT_INVALID;
}

/* What the report was made beside. It stays in memory: a kill must not leave it in a folder. */
static int load_statement(struct again *x, struct kt_err *err)
{
	const struct kt_zip_entry *e = kt_zip_find(&x->zip, KT_PKG_STATEMENT);
	int r;

	if (e == NULL)
		return 0;
	r = kt_zip_load(&x->zip, e, KT_STATEMENT_MAX, &x->statement, err);
	if (r == 0)
		r = kt_sha256_hex(x->statement.p, x->statement.len, x->r.q.state.statement_sha256,
				  err);
	x->r.q.statement = &x->statement;
	return r;
}

static int parse_again(struct again *x, int *fd, struct kt_err *err)
{
	int e = open_log(x, err);

	if (e == 0)
		e = load_statement(x, err);
	if (e == 0)
		e = kt_release_unseal(&x->r, err);
	if (e == 0)
		e = kt_step_parse(&x->r.q, err);
	if (e == KT_E_PARTIAL)
		e = 0;
	if (e == 0 && x->r.q.timed_out && x->why[0] == '\0')
		snprintf(x->why, sizeof(x->why), "a parser hit its limit of time now");
	*fd = e == 0 ? memfd_create("report", MFD_CLOEXEC) : -1;
	if (e == 0)
		e = *fd < 0 ? KT_FAIL(err, KT_E_NOMEM, "no memory for the report")
			    : kt_report_json(&x->r.q, x->r.work, *fd, err);
	return e;
}

int kt_cmd_reproduce(const struct kt_opts *o)
{
	static struct again x;
	struct kt_err err = {0};
	uint64_t at = 0;
	KT_AUTO_FD fd = -1;
	int e, status;

	x.fd = -1;
	kt_buf_init(&x.statement, 0);
	if (o->nargs != 2 || o->nreleasers != 1)
		return kt_usage_exit();
	e = judge(&x, o, &err);
	if (e < 0)
		return kt_fail_exit(e, &err);
	e = kt_release_load(&x.r, o, o->args[0], &x.judged[0], &err);
	if (e == 0)
		e = load_release(&x, &err);
	if (e == 0)
		e = read_detail(&x, &err);
	if (e == 0)
		e = compare_plugins(&x, &err);
	if (e == 0)
		e = parse_again(&x, &fd, &err);
	kt_progress_end(&x.r.q.prog);
	if (e == 0)
		e = compare(&x, fd, &at, &err);
	if (e == 1)
		note(&x, "report.json", at);
	else if (e == 0)
		e = compare_views(&x, fd, &err);
	e = kt_release_unchanged(&x.r, e, &err);
	if (e >= 0)
		e = kt_judged_unchanged(&x.judged[1], x.fd, &x.st, &err);
	status = e < 0 ? kt_fail_exit(e, &err) : conclude(&x, at, &err);
	if (x.zip_open)
		kt_zip_read_close(&x.zip);
	kt_close_fd(&x.fd);
	kt_buf_free(&x.statement);
	kt_release_close(&x.r);
	if (x.dir[0] != '\0')
		kt_tree_remove(x.dir);
	return status;
}
