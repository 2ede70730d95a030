/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/subject.h"
#include "core/io.h"
#include "core/time.h"
#include "core/tr.h"
#include "parsers/host/host.h"
#include "reports/papers/receipt.h"

#include <stdio.h>
#include <string.h>

#define NAME_LEN 100 /* of an interpreter, in bytes */

bool kt_subject_is_position(const char *word)
{
	return strcmp(word, "agrees") == 0 || strcmp(word, "objects") == 0 ||
	       strcmp(word, "not-asked") == 0;
}

const char *kt_source_name(const struct kt_words *w, const char *source)
{
	int lang = kt_lang_find(kt_words_get(w, "language"));
	const char *title = source;

	for (size_t i = 0; i < kt_plugins_n; i++)
		if (strcmp(kt_plugins[i].id, source) == 0)
			title = kt_plugins[i].title;
	if (lang >= 0)
		title = kt_tr((enum kt_lang)lang, title);
	return kt_words_of(w, "source", source, title);
}

/* The second authoriser's signature beside the mandate, and who made it. */
static int load_second(const struct kt_opts *o, const struct kt_authority *a, struct kt_buf *der,
		       struct kt_signer *s, struct kt_err *err)
{
	char path[4200];
	int r = KT_E_ABSENT;

	if ((size_t)snprintf(path, sizeof(path), "%s.second.p7s", o->mandate) < sizeof(path))
		r = kt_path_read(path, (size_t)1 << 20, der, NULL);
	if (r < 0)
		return KT_FAIL(err, KT_E_REFUSED,
			       "second-authoriser-missing: the person objects; a second authoriser "
			       "has to sign the mandate too, as %.100s.second.p7s beside it",
			       strrchr(o->mandate, '/') != NULL ? strrchr(o->mandate, '/') + 1
								: o->mandate);
	r = kt_cms_verify(der->p, der->len, a->mandate_bytes.p, a->mandate_bytes.len, a->trust,
			  kt_time_now(), s, err);
	if (r < 0)
		return KT_FAIL(err, KT_E_REFUSED,
			       "second-authoriser-unfit: the second signature does not match this "
			       "mandate");
	if (!s->authoriser || !s->may_sign || !s->chain_ok || kt_signer_same(s, &a->authoriser) ||
	    (a->has_operator && kt_signer_same(s, &a->operator_cert)))
		return KT_FAIL(
			err, KT_E_REFUSED,
			"second-authoriser-unfit: %.100s is no authoriser that is trusted, or "
			"is the first one or the operator",
			s->subject);
	return 0;
}

static bool wants_second(const struct kt_opts *o, const struct kt_authority *a)
{
	return o->subject != NULL && strcmp(o->subject, "objects") == 0 &&
	       strcmp(a->mandate->objection, "second-authoriser") == 0;
}

static int check_second(const struct kt_opts *o, const struct kt_authority *a, struct kt_err *err)
{
	struct kt_signer s;
	struct kt_buf der;
	int r;

	if (!wants_second(o, a))
		return 0;
	kt_buf_init(&der, 0);
	r = load_second(o, a, &der, &s, err);
	kt_buf_free(&der);
	return r;
}

/* It goes into the case before the log names it. */
static int keep_second(struct kt_acq *q, char cert[KT_SHA256_HEX], struct kt_err *err)
{
	struct kt_signer s;
	struct kt_buf der;
	int r;

	cert[0] = '\0';
	if (!wants_second(q->o, q->a))
		return 0;
	kt_buf_init(&der, 0);
	r = load_second(q->o, q->a, &der, &s, err);
	if (r == 0)
		r = kt_file_write(q->c.fd, KT_SUBJECT_SECOND, der.p, der.len, 0600, err);
	if (r == 0)
		kt_hex(s.cert_sha256, KT_SHA256_LEN, cert);
	kt_buf_free(&der);
	return r;
}

int kt_subject_check(const struct kt_opts *o, const struct kt_authority *a, struct kt_err *err)
{
	if (o->interpreter != NULL && (strlen(o->interpreter) > NAME_LEN ||
				       !kt_text_is_plain(o->interpreter, strlen(o->interpreter))))
		return KT_FAIL(err, KT_E_USAGE,
			       "--interpreter takes a name of at most %d bytes on one line",
			       NAME_LEN);
	if (o->subject == NULL || strcmp(o->subject, "objects") != 0)
		return 0;
	if (strcmp(a->mandate->mode, "consent") == 0 || strcmp(a->mandate->objection, "stop") == 0)
		return KT_FAIL(err, KT_E_REFUSED,
			       "subject-objects: this mandate %s, and the person objects; nothing "
			       "was read. Record that with keten refuse",
			       strcmp(a->mandate->mode, "consent") == 0 ? "rests on consent"
									: "stops at an objection");
	return check_second(o, a, err);
}

/* -- what they were shown --------------------------------------------------------------------- */

static int make_dir(const struct kt_acq *q, struct kt_err *err)
{
	KT_AUTO_FD fd = kt_dir_open(q->c.fd, KT_SUBJECT_DIR, true, err);

	return fd < 0 ? fd : 0;
}

static int log_informed(struct kt_acq *q, const struct kt_words *w, const char *sha,
			struct kt_err *err)
{
	kt_custody_begin(&q->log);
	kt_jw_kstr(&q->log.w, "language", kt_words_get(w, "language"));
	kt_jw_kstr(&q->log.w, "reviewed", kt_words_reviewed(w) ? "yes" : "no");
	kt_jw_kstr(&q->log.w, "sheet_sha256", sha);
	return kt_custody_end(&q->log, "subject.informed", err);
}

static int keep_sheet(struct kt_acq *q, const struct kt_words *w, struct kt_err *err)
{
	char name[64], sha[KT_SHA256_HEX];
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = kt_sheet_text(q->a->mandate, w, kt_source_name, &b, err);
	if (r == 0)
		r = kt_sha256_hex(b.p, b.len, sha, err);
	if (r == 0)
		r = make_dir(q, err);
	snprintf(name, sizeof(name), KT_SUBJECT_DIR "/information.%.35s.txt",
		 kt_words_get(w, "language"));
	if (r == 0)
		r = kt_file_write(q->c.fd, name, b.p, b.len, 0600, err);
	if (r == 0)
		r = log_informed(q, w, sha, err);
	kt_buf_free(&b);
	return r;
}

static int inform(struct kt_acq *q, struct kt_err *err)
{
	const char *tag = q->o->lang != NULL ? q->o->lang : q->a->mandate->subject_language;
	struct kt_words *w = NULL;
	struct kt_err own = {0};
	int r = kt_words_load(q->o->information, tag, &w, &own);

	if (r == KT_E_ABSENT && q->o->lang == NULL) {
		/* the service may have handed out a sheet of its own; ours has no word to say */
		kt_progress_say(&q->prog,
				"There is no information sheet in the mandate's language (%.35s): "
				"no sheet is recorded. Add one with --information DIR.",
				tag);
		return 0;
	}
	if (r < 0) {
		if (err != NULL)
			*err = own;
		return r == KT_E_ABSENT ? KT_E_USAGE : r;
	}
	r = keep_sheet(q, w, err);
	kt_words_free(&w);
	return r;
}

int kt_subject_record(struct kt_acq *q, struct kt_err *err)
{
	const char *position = q->o->subject != NULL ? q->o->subject : "not-asked";
	char second[KT_SHA256_HEX] = "";
	bool said = q->o->subject != NULL || q->o->interpreter != NULL || q->o->lang != NULL;
	int r;

	if (q->state.acquisition_sealed || (q->state.position && !said))
		return 0;
	if (q->o->subject == NULL && strcmp(q->a->mandate->mode, "consent") == 0)
		kt_progress_say(
			&q->prog,
			"This mandate rests on consent, and --subject does not say that the "
			"person agrees: \"not asked\" is recorded.");
	r = inform(q, err);
	if (r == 0)
		r = keep_second(q, second, err);
	if (r < 0)
		return r;
	kt_custody_begin(&q->log);
	kt_jw_kstr(&q->log.w, "interpreter", q->o->interpreter != NULL ? q->o->interpreter : "");
	kt_jw_kstr(&q->log.w, "position", position);
	kt_jw_kstr(&q->log.w, "second_cert_sha256", second);
	r = kt_custody_end(&q->log, "subject.position", err);
	q->state.position = r == 0;
	return r;
}

/* -- the receipt ------------------------------------------------------------------------------ */

static int issue(struct kt_acq *q, bool interim, struct kt_buf *json, struct kt_err *err)
{
	struct kt_receipt_facts f = {.mandate = q->a->mandate,
				     .case_id = q->c.id,
				     .form = q->c.form,
				     .device = q->c.device,
				     .issued_us = kt_time_now(),
				     .simulated = q->c.simulated,
				     .interim = interim};
	char sha[KT_SHA256_HEX], head[KT_SHA256_HEX];
	struct kt_buf log;
	int r;

	snprintf(head, sizeof(head), "%s", q->log.head);
	kt_buf_init(&log, 0);
	r = kt_file_read(q->c.fd, "custody.jsonl", (size_t)64 << 20, &log, err);
	f.log = log.p;
	f.log_len = log.len;
	if (r == 0)
		r = kt_receipt_make(&f, json, err);
	kt_buf_free(&log);
	if (r == 0)
		r = kt_sha256_hex(json->p, json->len, sha, err);
	/* the interim one stays with the person; case and package keep the one of the end */
	if (r == 0 && !interim)
		r = make_dir(q, err);
	if (r == 0 && !interim)
		r = kt_file_write(q->c.fd, KT_SUBJECT_RECEIPT, json->p, json->len, 0600, err);
	if (r < 0)
		return r;
	kt_custody_begin(&q->log);
	kt_jw_kstr(&q->log.w, "head", head);
	kt_jw_kstr(&q->log.w, "receipt_sha256", sha);
	r = kt_custody_end(&q->log, interim ? "receipt.interim" : "receipt.issued", err);
	q->state.receipt = r == 0 && !interim;
	return r;
}

int kt_subject_receipt(struct kt_acq *q, struct kt_buf *json, struct kt_err *err)
{
	/* somebody holds the first one: it is the one that stays */
	if (q->state.receipt)
		return kt_file_read(q->c.fd, KT_SUBJECT_RECEIPT, (size_t)1 << 20, json, err);
	return issue(q, !q->state.acquisition_sealed, json, err);
}
