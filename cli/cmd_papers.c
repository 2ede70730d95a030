/* SPDX-License-Identifier: EUPL-1.2 */
/* keten information, keten receipt: what a person is told before, and what they leave with. */
#include "cli/steps.h"
#include "cli/subject.h"
#include "cli/verify_run.h"
#include "core/io.h"
#include "core/json.h"
#include "reports/papers/receipt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LANG_DEFAULT "en"

/* To --html FILE, or to the terminal. */
static int put_out(const struct kt_opts *o, const struct kt_buf *b, struct kt_err *err)
{
	if (o->html == NULL) {
		fwrite(b->p, 1, b->len, stdout);
		return 0;
	}
	return kt_file_write(AT_FDCWD, o->html, b->p, b->len, 0600, err);
}

static int put_language(void *arg, const struct kt_words *w)
{
	struct kt_jw *j = arg;
	const char *name = kt_words_get(w, "name");

	kt_jw_obj(j);
	kt_jw_kstr(j, "direction", kt_words_rtl(w) ? "rtl" : "ltr");
	kt_jw_kbytes(j, "name", name, strlen(name));
	kt_jw_kbool(j, "reviewed", kt_words_reviewed(w));
	kt_jw_kstr(j, "tag", kt_words_get(w, "language"));
	kt_jw_obj_end(j);
	return 0;
}

static int list_languages(const struct kt_opts *o)
{
	struct kt_err err = {0};
	struct kt_buf b;
	struct kt_jw w;
	int r;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_key(&w, "languages");
	kt_jw_arr(&w);
	kt_words_each(o->information, put_language, &w);
	kt_jw_arr_end(&w);
	kt_jw_kstr(&w, "schema", "keten-languages-1");
	kt_jw_obj_end(&w);
	r = kt_print_json(&b, &err);
	return r < 0 ? kt_fail_exit(r, &err) : KT_EXIT_OK;
}

int kt_cmd_information(const struct kt_opts *o)
{
	struct kt_authority a = {0};
	struct kt_words *w = NULL;
	struct kt_err err = {0};
	struct kt_buf b;
	int r;

	if (o->json && o->mandate == NULL)
		return list_languages(o);
	r = o->mandate != NULL ? kt_authority_load(o, false, true, 0, &a, &err)
			       : KT_FAIL(&err, KT_E_USAGE, "name the mandate with --mandate");

	kt_buf_init(&b, 0);
	if (r == 0 && a.mandate != NULL)
		r = kt_words_load(o->information,
				  o->lang != NULL ? o->lang : a.mandate->subject_language, &w,
				  &err);
	if (r == 0 && o->html != NULL)
		r = kt_sheet_html(a.mandate, w, kt_source_name, &b, &err);
	else if (r == 0)
		r = kt_sheet_text(a.mandate, w, kt_source_name, &b, &err);
	if (r == 0)
		r = put_out(o, &b, &err);
	kt_buf_free(&b);
	kt_words_free(&w);
	kt_authority_free(&a);
	return r == 0 ? KT_EXIT_OK : kt_fail_exit(r, &err);
}

/* -- keten receipt ---------------------------------------------------------------------------- */

static bool is_end(const struct kt_judged *f)
{
	return f->type == KT_PT_REFUSAL || f->type == KT_PT_WITHDRAWAL || f->type == KT_PT_DELETION;
}

/* Of a package: only one that holds, as far as it can be judged. */
static int from_package(const struct kt_opts *o, const char *path, struct kt_judged *f,
			struct kt_buf *json, struct kt_err *err)
{
	int r = kt_verify_holds(o, path, f, err);

	if (r == 0)
		r = kt_judged_read(f, is_end(f) ? KT_PKG_ACT : KT_PKG_RECEIPT, (size_t)1 << 20,
				   json, err);
	if (r == KT_E_ABSENT)
		KT_FAIL(err, r,
			"this %s has no receipt; name the package of the reading, or its case",
			kt_pkg_type_word(f->type));
	return r;
}

static const char *text(const struct kt_jv *o, const char *key)
{
	const char *s = kt_jv_str(o, key);

	return s != NULL ? s : "";
}

/* A deletion brings no mandate along: it names the one that has to be given. */
static int mandate_of(const struct kt_opts *o, const struct kt_judged *f, struct kt_buf *b,
		      struct kt_err *err)
{
	char sha256[KT_SHA256_HEX];
	int r;

	if (f->type != KT_PT_DELETION)
		return kt_judged_read(f, KT_PKG_MANDATE, KT_MANDATE_MAX_BYTES, b, err);
	if (o->mandate == NULL)
		return KT_FAIL(err, KT_E_USAGE,
			       "a deletion does not hold its mandate; name it with --mandate FILE "
			       "(the folder of the case keeps it)");
	r = kt_file_read(AT_FDCWD, o->mandate, KT_MANDATE_MAX_BYTES, b, err);
	if (r == 0)
		r = kt_sha256_hex(b->p, b->len, sha256, err);
	if (r == 0 && strcmp(sha256, f->mandate_sha256) != 0)
		r = KT_FAIL(err, KT_E_USAGE,
			    "%.100s is not the mandate that %.60s names; take mandate.json of the "
			    "folder of its case",
			    o->mandate, f->package);
	return r;
}

/* Its holder withdrew after a package was made. */
static int late_facts(const struct kt_jv *detail, struct kt_receipt_end *e, struct kt_err *err)
{
	const struct kt_jv *left = kt_jv_get(detail, "not_reached");

	if (strcmp(text(detail, "reason"), "withdrawn") != 0)
		return KT_FAIL(err, KT_E_USAGE,
			       "nobody withdrew: the time of the data was over, or it was ordered; "
			       "keten show PACKAGE " KT_PKG_ACT " says what was destroyed");
	e->how = *text(detail, "kept") == '\0' ? KT_END_ERASED : KT_END_LOCKED;
	e->position = "objects";
	e->folder = text(detail, "folder");
	/* the first is of backups and other folders, each further one of a copy */
	e->copies = left != NULL && left->count > 1 ? (int64_t)left->count - 1 : 0;
	return 0;
}

/* Of the record of a refusal, a withdrawal or a deletion, which act is. */
static int end_paper(const struct kt_opts *o, const struct kt_judged *f, const struct kt_buf *act,
		     const struct kt_words *w, struct kt_buf *out, struct kt_err *err)
{
	struct kt_receipt_end e = {.package = f->package, .sha256 = f->sha256};
	struct kt_mandate *m = NULL;
	struct kt_jdoc *doc = NULL;
	const struct kt_jv *detail;
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = mandate_of(o, f, &b, err);
	if (r == 0)
		r = kt_mandate_parse(b.p, b.len, &m, err);
	if (r == 0)
		r = kt_jdoc_parse(act->p, act->len, &doc, err);
	if (r == 0 && strlen(text(kt_jdoc_root(doc), "made")) < 16)
		r = KT_FAIL(err, KT_E_FORMAT, "the record of the act names no time");
	if (r == 0) {
		detail = kt_jv_get(kt_jdoc_root(doc), "detail");
		e.mandate = m;
		e.simulated = kt_jv_bool(detail, "simulated");
		e.how = f->type == KT_PT_WITHDRAWAL ? KT_END_WITHDRAWN : KT_END_REFUSED;
		e.made = text(kt_jdoc_root(doc), "made");
		e.position = text(detail, "position");
		e.interpreter = text(detail, "interpreter");
		e.files = kt_jv_int(detail, "files", 0);
		e.bytes = kt_jv_int(detail, "bytes", 0);
		r = f->type == KT_PT_DELETION ? late_facts(detail, &e, err) : 0;
	}
	if (r == 0)
		r = kt_receipt_end(&e, w, o->html != NULL, out, err);
	kt_jdoc_free(&doc);
	kt_mandate_free(&m);
	kt_buf_free(&b);
	return r;
}

static int from_case(const struct kt_opts *o, const char *dir, struct kt_buf *json,
		     struct kt_err *err)
{
	static struct kt_acq q;
	struct kt_opts own = *o;
	struct kt_authority a;
	int r;

	own.case_dir = dir;
	r = kt_steps_reopen(&own, "receipt", &a, &q, err);
	if (r == 0)
		r = kt_case_not_closed(&q, err);
	if (r == 0)
		r = kt_subject_receipt(&q, json, err);
	kt_acq_close(&q);
	kt_authority_free(&a);
	return r;
}

/* The language of the information that the person was given, when there are words in it. */
static int words_for(const struct kt_opts *o, const struct kt_buf *json, struct kt_words **w,
		     struct kt_err *err)
{
	struct kt_jdoc *doc = NULL;
	const char *tag = o->lang;
	int r;

	if (tag == NULL && kt_jdoc_parse(json->p, json->len, &doc, NULL) == 0)
		tag = kt_jv_str(kt_jv_get(kt_jdoc_root(doc), "subject"), "language");
	if (tag == NULL || *tag == '\0')
		tag = LANG_DEFAULT;
	r = kt_words_load(o->information, tag, w, err);
	kt_jdoc_free(&doc);
	return r;
}

static int show_receipt(const struct kt_opts *o, const struct kt_judged *f,
			const struct kt_buf *json, struct kt_err *err)
{
	struct kt_words *w = NULL;
	struct kt_buf b;
	int r;

	if (o->json) {
		fwrite(json->p, 1, json->len, stdout);
		return 0;
	}
	kt_buf_init(&b, 0);
	r = words_for(o, json, &w, err);
	if (r == 0 && is_end(f))
		r = end_paper(o, f, json, w, &b, err);
	else if (r == 0)
		r = o->html != NULL
			    ? kt_receipt_html(json->p, json->len, w, kt_source_name, &b, err)
			    : kt_receipt_text(json->p, json->len, w, kt_source_name, &b, err);
	if (r == 0)
		r = put_out(o, &b, err);
	kt_buf_free(&b);
	kt_words_free(&w);
	return r;
}

int kt_cmd_receipt(const struct kt_opts *o)
{
	const char *path = o->nargs == 1 ? o->args[0] : o->case_dir;
	struct kt_judged f = {.type = KT_PT_UNKNOWN}; /* of a case: none */
	struct kt_err err = {0};
	struct kt_buf json;
	struct stat st;
	int r;

	kt_buf_init(&json, 0);
	if (path == NULL || o->nargs > 1)
		r = KT_FAIL(&err, KT_E_USAGE, "name one case folder or one package");
	else if (stat(path, &st) < 0)
		r = KT_FAIL(&err, KT_E_ABSENT, "%.150s: %s", path, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		r = from_case(o, path, &json, &err);
	else
		r = from_package(o, path, &f, &json, &err);
	if (r == 0)
		r = show_receipt(o, &f, &json, &err);
	kt_buf_free(&json);
	return r == 0 ? KT_EXIT_OK : kt_fail_exit(r, &err);
}
