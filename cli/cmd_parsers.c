/* SPDX-License-Identifier: EUPL-1.2 */
/* keten parsers: what is understood; --try runs one on a file that a person holds. */
#include "cli/keten.h"
#include "core/hash.h"
#include "core/io.h"
#include "core/json.h"
#include "core/request.h"
#include "parsers/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WIDTH 79u

/*
 * Prints text from column col on, broken between words at WIDTH; further lines are indented. A
 * '|' in a list of choices comes out as a comma.
 */
static void put_wrapped(const char *text, size_t col, size_t indent, bool choices)
{
	const char *ends = choices ? "| " : " ";
	bool first = true;

	while (*text != '\0') {
		size_t n = strcspn(text, ends);
		bool more = text[n] == '|';
		size_t need = n + (more ? 1 : 0) + (first ? 0 : 1);

		if (!first && col + need > WIDTH) {
			printf("\n%*s", (int)indent, "");
			col = indent;
		} else if (!first) {
			putchar(' ');
		}
		printf("%.*s%s", (int)n, text, more ? "," : "");
		col += need;
		text += n + (text[n] != '\0');
		first = false;
	}
	putchar('\n');
}

static const char *take_words(enum kt_take t)
{
	return t == KT_TAKE_OUTPUT  ? "the answer"
	       : t == KT_TAKE_WHOLE ? "whole files"
	       : t == KT_TAKE_GROUP ? "a whole database, with its -wal and -journal"
				    : "byte ranges with the metadata alone";
}

static const char *reach_word(const struct kt_request *q)
{
	if (q->forms == KT_FORM_IMAGE)
		return ", and nothing else";
	return q->reach == KT_REACH_ENCRYPTED ? "; of backups, only encrypted ones hold it" : "";
}

static void print_want(const struct kt_want *want)
{
	const struct kt_request *q = kt_request_get(want->request);
	bool place = q->domain != NULL && *q->domain != '\0';
	const char *before = "";

	printf("\n  %s\n    from  ", q->name);
	for (unsigned f = KT_FORM_PHONE; f <= KT_FORM_CARRIER; f <<= 1) {
		if ((q->forms & f) == 0)
			continue;
		printf("%s%s", before, kt_form_name(f));
		before = ", ";
	}
	printf("%s\n    what  ", reach_word(q));
	if (q->kind == KT_REQ_KIND_VALUES && q->source != NULL)
		printf("single values of %s%s%s:", q->source, place ? ", " : "",
		       place ? q->domain : "");
	else if (place)
		printf("%s, in %s:", take_words(want->take), q->domain);
	else
		printf("%s%s", take_words(want->take),
		       q->kind == KT_REQ_KIND_SHELL	  ? " to"
		       : q->kind == KT_REQ_KIND_HANDED	  ? " of"
		       : q->kind == KT_REQ_KIND_DROIDFILE ? ":"
							  : " below");
	printf("\n%*s", 10, "");
	put_wrapped(q->text, 10, 10, q->kind != KT_REQ_KIND_SHELL);
	if (*want->globs != '\0') {
		printf("    names ");
		put_wrapped(want->globs, 10, 10, true);
	}
}

static void print_plugin(const struct kt_plugin_info *p)
{
	printf("%s: %s\n  version %u; %s\n  reads     ", p->id, p->title, p->version, p->status);
	put_wrapped(kt_plugin_reads(p->id), 12, 12, false);
	printf("  if absent: ");
	put_wrapped(p->absence, 13, 4, false);
	for (size_t i = 0; i < kt_wants_n; i++)
		if (strcmp(kt_wants[i].plugin, p->id) == 0)
			print_want(&kt_wants[i]);
}

/* How a plugin can have something from a form: '-' not, 'e' in an encrypted backup alone, 'x'. */
static char reach_mark(const struct kt_plugin_info *p, unsigned form)
{
	char mark = '-';

	for (size_t i = 0; i < kt_wants_n; i++) {
		const struct kt_request *q = kt_request_get(kt_wants[i].request);
		bool backup = form == KT_FORM_BACKUP ||
			      (form == KT_FORM_PHONE && q->kind == KT_REQ_KIND_IOSFILE);

		if (strcmp(kt_wants[i].plugin, p->id) != 0 || (q->forms & form) == 0)
			continue;
		if (!backup || q->reach != KT_REACH_ENCRYPTED)
			return 'x';
		mark = 'e';
	}
	return mark;
}

#define SCHEMA_TESTED "schema-tested, not device-tested"

static void print_table(void)
{
	printf("%-24s%-11s%s\n", "ID", "P B I F C", "WHAT");
	for (size_t i = 0; i < kt_plugins_n; i++) {
		const struct kt_plugin_info *p = &kt_plugins[i];

		printf("%-24s", p->id);
		for (unsigned f = KT_FORM_PHONE; f <= KT_FORM_CARRIER; f <<= 1)
			printf("%c ", reach_mark(p, f));
		putchar(strcmp(p->status, SCHEMA_TESTED) == 0 ? ' ' : '*');
		put_wrapped(p->title, 35, 35, false);
	}
	printf("\n%zu parsers. P phone, B backup of an iPhone, I image of a file system,\n"
	       "F file that is handed over, C memory card or stick; e: only an encrypted\n"
	       "backup holds it.\n"
	       "* tried on real files; all others " SCHEMA_TESTED ".\n"
	       "What one wants, which versions it reads, and what its absence does not\n"
	       "prove: keten parsers ID\n",
	       kt_plugins_n);
}

static void forms_json(const struct kt_request *q, struct kt_jw *w)
{
	static const char *const reach[] = {"any", "encrypted", "image"};

	kt_jw_key(w, "forms");
	kt_jw_arr(w);
	for (unsigned f = KT_FORM_PHONE; f <= KT_FORM_CARRIER; f <<= 1)
		if ((q->forms & f) != 0)
			kt_jw_str(w, kt_form_name(f));
	kt_jw_arr_end(w);
	kt_jw_kstr(w, "reach", q->forms == KT_FORM_IMAGE ? "image" : reach[q->reach]);
}

static void plugin_json(const struct kt_plugin_info *p, struct kt_jw *w)
{
	kt_jw_obj(w);
	kt_jw_kstr(w, "id", p->id);
	kt_jw_kuint(w, "version", p->version);
	kt_jw_kstr(w, "title", p->title);
	kt_jw_kstr(w, "status", p->status);
	kt_jw_kstr(w, "reads", kt_plugin_reads(p->id));
	kt_jw_kstr(w, "absence", p->absence);
	kt_jw_key(w, "wants");
	kt_jw_arr(w);
	for (size_t i = 0; i < kt_wants_n; i++) {
		if (strcmp(kt_wants[i].plugin, p->id) != 0)
			continue;
		kt_jw_obj(w);
		kt_jw_kstr(w, "request", kt_request_get(kt_wants[i].request)->name);
		kt_jw_kstr(w, "text", kt_request_get(kt_wants[i].request)->text);
		kt_jw_kstr(w, "globs", kt_wants[i].globs);
		kt_jw_kuint(w, "max_bytes", kt_wants[i].max_bytes);
		kt_jw_kstr(w, "take", kt_take_name(kt_wants[i].take));
		forms_json(kt_request_get(kt_wants[i].request), w);
		kt_jw_obj_end(w);
	}
	kt_jw_arr_end(w);
	kt_jw_obj_end(w);
}

static int list(const struct kt_opts *o, const struct kt_plugin_info *only, struct kt_err *err)
{
	struct kt_buf b;
	struct kt_jw w;

	if (only == NULL && !o->json) {
		print_table();
		return 0;
	}
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "schema", "keten-parsers-1");
	kt_jw_key(&w, "parsers");
	kt_jw_arr(&w);
	for (size_t i = 0; i < kt_plugins_n; i++) {
		if (only != NULL && only != &kt_plugins[i])
			continue;
		if (o->json)
			plugin_json(&kt_plugins[i], &w);
		else
			print_plugin(&kt_plugins[i]);
	}
	kt_jw_arr_end(&w);
	kt_jw_obj_end(&w);
	if (o->json)
		return kt_print_json(&b, err);
	kt_buf_free(&b);
	return 0;
}

/* What --try holds while it runs. */
struct
try {
	struct kt_worker worker;
	struct kt_buf line;
	bool count_only;	    /* no lines: a digest over all records of a file instead */
	struct kt_hash digest;	    /* count_only: of the file at hand */
	struct kt_buf hash_pending; /* of it, what is not yet hashed */
};

#define HASH_AT ((size_t)32 << 10)

static int flush_digest(struct try *t, struct kt_err *err)
{
	int r = t->hash_pending.failed
			? KT_E_NOMEM
			: kt_hash_update(&t->digest, t->hash_pending.p, t->hash_pending.len);

	kt_buf_reset(&t->hash_pending);
	return r < 0 ? KT_FAIL(err, r, "the records can't be hashed") : 0;
}

/* Length and bytes as the worker sent them; hashed in blocks, small pieces cost too much. */
static int count(struct try *t, const struct kt_event *ev, struct kt_err *err)
{
	if (ev->kind != KT_EV_RECORD)
		return 0;
	kt_buf_put_blob(&t->hash_pending, ev->frame.p, ev->frame.len);
	return t->hash_pending.len >= HASH_AT ? flush_digest(t, err) : 0;
}

static int on_event(void *arg, const struct kt_event *ev, struct kt_err *err)
{
	struct try *t = arg;
	struct kt_buf *b = &t->line;

	if (t->count_only)
		return count(t, ev, err);
	kt_buf_reset(b);
	kt_event_json(ev, b);
	kt_buf_putc(b, '\n');
	if (b->failed)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	if (b->len > 1 && fwrite(b->p, 1, b->len, stdout) != b->len)
		return errno == EPIPE ? KT_E_CANCELLED
				      : KT_FAIL(err, KT_E_STORAGE, "output: %s", strerror(errno));
	return 0;
}

/* sha256: of all records, or NULL. */
static int print_end(const struct kt_job_end *end, const char *sha256, struct kt_err *err)
{
	struct kt_buf b;
	struct kt_jw w;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "type", "end");
	kt_jw_kuint(&w, "seen", end->seen);
	kt_jw_kuint(&w, "emitted", end->emitted);
	kt_jw_kuint(&w, "skipped", end->skipped);
	kt_jw_kstr(&w, "code",
		   end->verdict == KT_JE_OK || end->verdict == KT_JE_PARSE_ERROR
			   ? kt_code_name(end->code)
			   : kt_job_verdict_name(end->verdict));
	if (sha256 != NULL)
		kt_jw_kstr(&w, "records_sha256", sha256);
	if (end->text[0] != '\0')
		kt_jw_kbytes(&w, "error", end->text, strlen(end->text));
	kt_jw_obj_end(&w);
	return kt_print_json(&b, err);
}

static int print_name(const char *path, struct kt_err *err)
{
	struct kt_buf b;
	struct kt_jw w;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "type", "file");
	kt_jw_kbytes(&w, "name", path, strlen(path));
	kt_jw_obj_end(&w);
	return kt_print_json(&b, err);
}

/* Runs the job and prints its end. Like try_one(). */
static int try_job(struct try *t, const struct kt_job *job, struct kt_err *err)
{
	char hex[KT_SHA256_HEX];
	uint8_t sum[KT_SHA256_LEN];
	struct kt_job_end end;
	int r = kt_worker_run(&t->worker, job, on_event, t, &end, err);

	if (r < 0)
		return r;
	if (end.verdict == KT_JE_NO_SANDBOX)
		return KT_FAIL(err, KT_E_INTERNAL, "no-sandbox: %s", end.text);
	if (t->count_only) {
		r = flush_digest(t, err);
		if (r == 0)
			r = kt_hash_final(&t->digest, sum); /* and starts over */
		if (r < 0)
			return r;
		kt_hex(sum, sizeof(sum), hex);
	}
	r = print_end(&end, t->count_only ? hex : NULL, err);
	return r < 0 ? r : end.verdict == KT_JE_OK ? 0 : 1;
}

/* A regular file for reading; KT_E_ABSENT when there is none of this name. */
static int open_file(const char *path, int *fd, uint64_t *size, struct kt_err *err)
{
	struct stat st;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0)
		return KT_FAIL(err, errno == ENOENT ? KT_E_ABSENT : KT_E_USAGE, "%.100s: %s", path,
			       strerror(errno));
	if (fstat(*fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		kt_close_fd(fd);
		return KT_FAIL(err, KT_E_USAGE, "%.100s is no regular file", path);
	}
	*size = (uint64_t)st.st_size;
	return 0;
}

/* The -wal or -journal that lies beside a database. */
static int open_sibling(const char *path, const char *ending, bool *has, int *fd, uint64_t *size,
			struct kt_err *err)
{
	struct kt_err own = {0};
	char name[4096];
	int r = KT_E_ABSENT;

	if ((size_t)snprintf(name, sizeof(name), "%s%s", path, ending) < sizeof(name))
		r = open_file(name, fd, size, &own);
	*has = r == 0;
	if (r == 0 || r == KT_E_ABSENT)
		return 0;
	*err = own;
	return r;
}

/* 0; 1: not all of it was understood; a code when the file can't be tried at all. */
static int try_one(struct try *t, const struct kt_plugin_info *p, const char *path,
		   struct kt_err *err)
{
	struct kt_job job = {.id = p->id,
			     .as_mib = p->as_mib,
			     .cpu_s = p->cpu_s,
			     .wall_s = p->wall_s,
			     .cap = UINT64_MAX,
			     .wal_fd = -1,
			     .journal_fd = -1};
	int r = open_file(path, &job.fd, &job.size, err);

	if (r < 0)
		return r == KT_E_ABSENT ? KT_E_USAGE : r;
	r = open_sibling(path, "-wal", &job.has_wal, &job.wal_fd, &job.wal_size, err);
	if (r == 0)
		r = open_sibling(path, "-journal", &job.has_journal, &job.journal_fd,
				 &job.journal_size, err);
	if (r == 0)
		r = try_job(t, &job, err);
	kt_close_fd(&job.fd);
	kt_close_fd(&job.wal_fd);
	kt_close_fd(&job.journal_fd);
	return r;
}

static int try_files(const struct kt_opts *o, const struct kt_plugin_info *p)
{
	struct kt_err err = {0};
	struct try t = {.count_only = o->count_only};
	bool partial = false;
	int r = kt_worker_start(&t.worker, &err);

	if (r < 0)
		return kt_fail_exit(r, &err);
	kt_buf_init(&t.line, 0);
	kt_buf_init(&t.hash_pending, 0);
	if (t.count_only)
		r = kt_hash_init(&t.digest, KT_SHA256, &err);
	for (int i = 1; r >= 0 && i < o->nargs; i++) {
		if (o->nargs > 2)
			r = print_name(o->args[i], &err);
		if (r >= 0)
			r = try_one(&t, p, o->args[i], &err);
		partial |= r > 0;
	}
	kt_worker_stop(&t.worker);
	kt_hash_free(&t.digest);
	kt_buf_free(&t.hash_pending);
	kt_buf_free(&t.line);
	if (r == KT_E_CANCELLED && err.n == 0)
		return KT_EXIT_OK; /* whoever reads has seen enough */
	if (r < 0)
		return kt_fail_exit(r, &err);
	return partial ? KT_EXIT_PARTIAL : KT_EXIT_OK;
}

int kt_cmd_parsers(const struct kt_opts *o)
{
	const struct kt_plugin_info *p = NULL;
	struct kt_err err = {0};
	int r = 0;

	if (o->nargs > 0)
		p = kt_plugin_find(o->args[0]);
	if (o->nargs > 0 && p == NULL && o->try_file && access(o->args[0], F_OK) == 0)
		r = KT_FAIL(&err, KT_E_USAGE,
			    "name the parser before the file: keten parsers ID --try FILE; keten "
			    "parsers lists them");
	else if (o->nargs > 0 && p == NULL)
		r = KT_FAIL(&err, KT_E_USAGE,
			    "there is no parser \"%.60s\"; keten parsers lists them", o->args[0]);
	else if (!o->try_file && !o->count_only)
		return (r = list(o, p, &err)) < 0 ? kt_fail_exit(r, &err) : KT_EXIT_OK;
	if (r < 0)
		return kt_fail_exit(r, &err);
	if (!o->try_file || p == NULL || o->nargs < 2)
		return kt_usage_exit();
	return try_files(o, p);
}
