/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/verify_run.h"
#include "core/io.h"
#include "core/json.h"
#include "core/spawn.h"
#include "core/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_MAX ((size_t)4 << 20)
#define PIECE	 ((size_t)64 << 10)
#define WORDS	 16 /* options, and what belongs to them */

/* -- running it ------------------------------------------------------------------------------- */

/* What it is asked. */
struct question {
	const struct kt_opts *o; /* anchors and lists, when it is to judge */
	bool json;		 /* in words for programs */
	const char *member;	 /* to be shown; NULL: it is to judge */
	const char *offset, *length, *judged;
	const char *const *path;
	size_t n;
};

static void add(const char **argv, size_t *n, const char *option, const char *value)
{
	if (value == NULL)
		return;
	argv[(*n)++] = option;
	argv[(*n)++] = value;
}

/* Owned by the caller; NULL without memory. */
static const char **words_for(const struct question *q)
{
	const char **argv = calloc(q->n + WORDS, sizeof(*argv));
	size_t n = 0;

	if (argv == NULL)
		return NULL;
	argv[n++] = "keten-verify";
	if (q->json)
		argv[n++] = "--json";
	if (q->o != NULL) {
		/* the default is its own: it may be missing, and then nobody named it */
		add(argv, &n, "--trust", q->o->trust);
		add(argv, &n, "--tsa-trust", q->o->tsa_trust);
		add(argv, &n, "--crl", q->o->crl);
	}
	add(argv, &n, "--show", q->member);
	add(argv, &n, "--offset", q->offset);
	add(argv, &n, "--length", q->length);
	add(argv, &n, "--judged", q->judged);
	argv[n++] = "--";
	for (size_t i = 0; i < q->n; i++)
		argv[n++] = q->path[i];
	return argv;
}

/* out: where its words go; -1: to our own terminal. A process, or a code. */
static pid_t start(const struct question *q, int out, struct kt_err *err)
{
	const char **argv = words_for(q);
	struct kt_spawn s;
	pid_t pid;

	if (argv == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	kt_spawn_init(&s, "keten-verify", argv);
	if (out < 0)
		s.keep_tty = true;
	s.fds[1] = out;
	s.fds[2] = STDERR_FILENO;
	fflush(stdout);
	pid = kt_spawn_start(&s, err);
	free(argv);
	return pid;
}

/* Its exit status; KT_EXIT_INTERNAL for a violent end. */
static int end(pid_t pid)
{
	int status = kt_wait(pid);

	return WIFEXITED(status) ? WEXITSTATUS(status) : KT_EXIT_INTERNAL;
}

/* What an exit status means to a command that asked; 0 when there is an answer. */
static int code_of(const struct question *q, int status, struct kt_err *err)
{
	switch (status) {
	case KT_EXIT_OK:
		return 0;
	case KT_EXIT_INVALID:
		return q->member == NULL
			       ? 0
			       : KT_FAIL(err, KT_E_INVALID, "%.40s of %.90s can't be used",
					 q->member, q->path[0]);
	case KT_EXIT_UNDETERMINED:
		if (q->member == NULL)
			return 0;
		break;
	case KT_EXIT_USAGE:
		return q->member != NULL
			       ? KT_FAIL(err, KT_E_ABSENT, "there is no %.40s in %.90s", q->member,
					 q->path[0])
			       : KT_FAIL(err, KT_E_USAGE,
					 "a name or an option is wrong (see the line above)");
	case KT_EXIT_STORAGE:
		return KT_FAIL(err, KT_E_STORAGE, "%.100s can't be read (see the line above)",
			       q->path[0]);
	default:
		break;
	}
	return KT_FAIL(err, KT_E_INTERNAL, "keten-verify failed, with status %d", status);
}

/* All that comes out of a pipe, up to a limit. */
static int gather(int fd, size_t max, struct kt_buf *out, struct kt_err *err)
{
	size_t got = 1, have = 0;

	for (;;) {
		int r = kt_buf_reserve(out, PIECE);

		if (r < 0)
			return KT_FAIL(err, r, "no room for what keten-verify says");
		r = kt_read_full(fd, out->p + out->len, PIECE, &got, err);
		if (r < 0 || got == 0)
			return r;
		out->len += got;
		have += got;
		if (have > max)
			return KT_FAIL(err, KT_E_LIMIT, "more than %zu bytes", max);
	}
}

/* Its words into a buffer; *status gets its exit status. */
static int ask(const struct question *q, size_t max, struct kt_buf *out, int *status,
	       struct kt_err *err)
{
	int p[2], r;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "no pipe");
	pid = start(q, p[1], err);
	close(p[1]);
	r = pid < 0 ? (int)pid : gather(p[0], max, out, err);
	close(p[0]); /* a writer that goes on ends by that */
	if (pid > 0)
		*status = end(pid);
	return r;
}

static int through(const struct question *q)
{
	struct kt_err err = {0};
	pid_t pid = start(q, -1, &err);

	return pid < 0 ? kt_fail_exit((int)pid, &err) : end(pid);
}

int kt_verify_through(const struct kt_opts *o)
{
	return through(&(struct question){
		.o = o, .json = o->json, .path = o->args, .n = (size_t)o->nargs});
}

int kt_show_through(const struct kt_opts *o)
{
	return through(&(struct question){.member = o->args[1],
					  .offset = o->offset,
					  .length = o->length,
					  .judged = o->judged,
					  .path = o->args,
					  .n = 1});
}

/* -- the verdict ------------------------------------------------------------------------------ */

static bool is_digest(const char *hex)
{
	uint8_t md[KT_SHA256_LEN];

	return kt_unhex(hex, md, sizeof(md));
}

static bool verdict_of(const struct kt_jv *o, enum kt_verdict *v)
{
	static const enum kt_verdict all[] = {KT_VERDICT_VALID, KT_VERDICT_INVALID,
					      KT_VERDICT_UNDETERMINED};
	const char *said = kt_jv_str(o, "result");

	for (size_t i = 0; said != NULL && i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(said, kt_verdict_name(all[i])) == 0) {
			*v = all[i];
			return true;
		}
	return false;
}

/* One line of its answer. false: it is not as this version says it. */
static bool take(const struct kt_jv *o, struct kt_judged *j)
{
	const struct kt_jv *v = kt_jv_get(o, "concerns"), *sealed = kt_jv_get(o, "sealed");
	const char *made = kt_jv_str(o, "made"), *type = kt_jv_str(o, "type");

	if (!verdict_of(o, &j->verdict) || type == NULL || v == NULL || v->type != KT_JV_ARR ||
	    v->count > KT_PKG_CONCERNS || sealed == NULL || sealed->type != KT_JV_BOOL ||
	    !kt_jv_copy(o, "reason", j->reason, sizeof(j->reason)) ||
	    !kt_jv_copy(o, "package", j->package, sizeof(j->package)) ||
	    !kt_jv_copy(o, "package_sha256", j->sha256, sizeof(j->sha256)) ||
	    !kt_jv_copy(o, "tags_sha256", j->tags_sha256, sizeof(j->tags_sha256)))
		return false;
	j->type = kt_pkg_type_find(type);
	j->sealed = sealed->i != 0;
	for (v = v->child; v != NULL; v = v->next)
		if (v->type == KT_JV_STR && is_digest(v->str))
			memcpy(j->concerns[j->nconcerns++], v->str, KT_SHA256_HEX);
	if (made != NULL)
		kt_time_parse(made, strlen(made), true, &j->made_us, NULL, NULL);
	/* what does not hold may say of itself what it likes: none of it is needed */
	return (kt_jv_copy(o, "case_id", j->case_id, sizeof(j->case_id)) &&
		kt_jv_copy(o, "mandate_id", j->mandate_id, sizeof(j->mandate_id)) &&
		kt_jv_copy(o, "mandate_sha256", j->mandate_sha256, sizeof(j->mandate_sha256)) &&
		is_digest(j->sha256) && is_digest(j->tags_sha256)) ||
	       j->verdict == KT_VERDICT_INVALID;
}

/* A line for each package, and one on how they fit together where there are several. */
static bool take_all(const struct kt_buf *said, size_t n, struct kt_judged *j,
		     enum kt_verdict *chain)
{
	const char *at = (const char *)said->p, *stop = at + said->len;
	size_t lines = 0;

	while (at < stop && lines <= n) {
		const char *nl = memchr(at, '\n', (size_t)(stop - at));
		struct kt_jdoc *doc = NULL;
		bool good;

		if (nl == NULL || kt_jdoc_parse(at, (size_t)(nl - at), &doc, NULL) < 0)
			return false;
		good = lines < n ? take(kt_jdoc_root(doc), &j[lines])
				 : n > 1 && verdict_of(kt_jdoc_root(doc), chain);
		kt_jdoc_free(&doc);
		if (!good)
			return false;
		lines++;
		at = nl + 1;
	}
	return at == stop && lines >= n;
}

/* The exit status says the same as the words do. */
static bool agree(int status, const struct kt_judged *j, size_t n, enum kt_verdict chain)
{
	enum kt_verdict worst = chain;

	for (size_t i = 0; i < n; i++)
		if (j[i].verdict == KT_VERDICT_INVALID ||
		    (j[i].verdict == KT_VERDICT_UNDETERMINED && worst == KT_VERDICT_VALID))
			worst = j[i].verdict;
	return kt_verdict_status(worst) == status;
}

int kt_verify_judge(const struct kt_opts *o, const char *const *path, size_t n, struct kt_judged *j,
		    enum kt_verdict *chain, struct kt_err *err)
{
	const struct question q = {.o = o, .json = true, .path = path, .n = n};
	enum kt_verdict own = KT_VERDICT_VALID;
	struct kt_buf said;
	int status = 0, r;

	memset(j, 0, n * sizeof(*j));
	for (size_t i = 0; i < n; i++)
		j[i].path = path[i];
	kt_buf_init(&said, 0);
	r = ask(&q, SAID_MAX, &said, &status, err);
	if (r == 0)
		r = code_of(&q, status, err);
	if (r == 0 && (!take_all(&said, n, j, &own) || !agree(status, j, n, own)))
		r = KT_FAIL(err, KT_E_INTERNAL, "the answer of keten-verify can't be read");
	kt_buf_free(&said);
	if (chain != NULL)
		*chain = r == 0 ? own : KT_VERDICT_UNDETERMINED;
	return r;
}

int kt_verify_holds(const struct kt_opts *o, const char *path, struct kt_judged *j,
		    struct kt_err *err)
{
	int r = kt_verify_judge(o, &path, 1, j, NULL, err);

	if (r == 0 && j->verdict == KT_VERDICT_INVALID)
		r = KT_FAIL(err, KT_E_INVALID, "%.80s does not hold: %.60s", path, j->reason);
	return r;
}

/* -- what was judged -------------------------------------------------------------------------- */

static int question_of(const struct kt_judged *j, const char *member, struct question *q,
		       struct kt_err *err)
{
	*q = (struct question){
		.member = member, .judged = j->tags_sha256, .path = &j->path, .n = 1};
	return j->verdict != KT_VERDICT_INVALID && j->tags_sha256[0] != '\0'
		       ? 0
		       : KT_FAIL(err, KT_E_INVALID, "%.90s does not hold: none of it is used",
				 j->path);
}

int kt_judged_read(const struct kt_judged *j, const char *member, size_t max, struct kt_buf *b,
		   struct kt_err *err)
{
	struct question q;
	int status = 0, r = question_of(j, member, &q, err);

	if (r == 0)
		r = ask(&q, max, b, &status, err);
	return r < 0 ? KT_TRACE(err, r, "%.60s", member) : code_of(&q, status, err);
}

int kt_judged_show(const struct kt_judged *j, const char *member, int out, struct kt_err *err)
{
	struct question q;
	int r = question_of(j, member, &q, err);
	pid_t pid = r < 0 ? r : start(&q, out, err);

	return pid < 0 ? (int)pid : code_of(&q, end(pid), err);
}

static int not_what_was_judged(const struct kt_judged *j, struct kt_err *err)
{
	return KT_FAIL(err, KT_E_INVALID, "%.90s is not what was judged: the file changed since",
		       j->path);
}

int kt_judged_open(const struct kt_judged *j, int flags, struct stat *st, struct kt_err *err)
{
	int fd = open(j->path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), r = 0;
	char sha[KT_SHA256_HEX] = "";
	struct stat own;

	if (st == NULL)
		st = &own;
	if (fd < 0 || fstat(fd, st) < 0) {
		r = KT_FAIL(err, KT_E_STORAGE, "%.100s: %s", j->path, strerror(errno));
		kt_close_fd(&fd);
		return r;
	}
	if (S_ISREG(st->st_mode))
		r = kt_sha256_fd(fd, sha, err);
	if (r == 0 && strcmp(sha, j->sha256) != 0)
		r = not_what_was_judged(j, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

int kt_judged_unchanged(const struct kt_judged *j, int fd, const struct stat *st,
			struct kt_err *err)
{
	struct stat now;

	/* the time of the last change of any kind: nobody can set that one */
	return fstat(fd, &now) == 0 && now.st_size == st->st_size &&
			       now.st_ctim.tv_sec == st->st_ctim.tv_sec &&
			       now.st_ctim.tv_nsec == st->st_ctim.tv_nsec
		       ? 0
		       : not_what_was_judged(j, err);
}
