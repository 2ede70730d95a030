/* SPDX-License-Identifier: EUPL-1.2 */
/* The receipt for a person, from its record. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/time.h"
#include "reports/papers/paper.h"
#include "reports/papers/receipt.h"

struct view {
	struct kt_paper p;
	const struct kt_jv *root;
	kt_source_name_fn name;
};

static const char *text(const struct kt_jv *o, const char *key)
{
	const char *s = kt_jv_str(o, key);

	return s != NULL ? s : "";
}

/* A word of the language for a word of ours, such as outcome "absent". */
static const char *said(const struct view *v, const char *prefix, const char *name)
{
	return kt_words_of(v->p.words, prefix, name, name);
}

/* "2026-11-22T10:00:00Z" as "2026-11-22 10:00 UTC"; a date stays one. */
static const char *time_text(const char *s, char out[32])
{
	if (strlen(s) >= 16 && s[10] == 'T')
		snprintf(out, 32, "%.10s %.5s UTC", s, s + 11);
	else
		snprintf(out, 32, "%.31s", s);
	return out;
}

/* First and last day of a half-open period. */
static void period_text(const struct kt_jv *item, char out[64])
{
	const char *from = text(item, "from"), *to = text(item, "to");
	char last[KT_TIME_TEXT];
	int64_t us;

	out[0] = '\0';
	if (*from != '\0' && kt_time_parse(to, strlen(to), true, &us, NULL, NULL) == 0)
		snprintf(out, 64, "%.10s \xe2\x80\x93 %.10s", from, kt_time_text(us - 1, last));
}

/* How several items of one source ended, together. */
static const char *together(const char *a, const char *b)
{
	static const char *const order[] = {"absent", "acquired", "refused", "failed", "pending"};
	bool some = strcmp(a, "acquired") == 0 || strcmp(b, "acquired") == 0;
	size_t i = 0, k = 0, n = sizeof(order) / sizeof(order[0]);

	while (i < n && strcmp(order[i], a) != 0)
		i++;
	while (k < n && strcmp(order[k], b) != 0)
		k++;
	if (i == n || k == n || (some && (i > 1 || k > 1)))
		return "partial";
	return order[i > k ? i : k];
}

/* What a sealed case stores of an item that gave nothing is the reason, and no file of the person. */
static bool took(const char *outcome)
{
	return strcmp(outcome, "absent") != 0 && strcmp(outcome, "refused") != 0 &&
	       strcmp(outcome, "failed") != 0;
}

/* One row for each source: the items that it consists of are the program's, not the person's. */
static void put_source(struct view *v, const struct kt_jv *first)
{
	const char *source = text(first, "source"), *outcome = text(first, "outcome");
	char files[24], bytes[24], period[64];
	int64_t nfiles = 0, nbytes = 0;
	struct kt_buf amount;
	const char *cell[4];

	for (const struct kt_jv *it = first; it != NULL; it = it->next) {
		if (strcmp(text(it, "source"), source) != 0)
			continue;
		if (took(text(it, "outcome"))) {
			nfiles += kt_jv_int(it, "objects", 0);
			nbytes += kt_jv_int(it, "bytes", 0);
		}
		if (it != first)
			outcome = together(outcome, text(it, "outcome"));
	}
	snprintf(files, sizeof(files), "%lld", (long long)nfiles);
	snprintf(bytes, sizeof(bytes), "%lld", (long long)nbytes);
	period_text(first, period);
	kt_buf_init(&amount, 0);
	kt_words_put(v->p.words, "receipt.files",
		     (struct kt_words_fill[]){{"0", files}, {"1", bytes}, {NULL, NULL}}, &amount);
	cell[0] = v->name(v->p.words, source);
	cell[1] = said(v, "outcome", outcome);
	cell[2] = kt_buf_cstr(&amount);
	cell[3] = period;
	if (cell[2] == NULL)
		v->p.out->failed = true;
	else
		kt_paper_cells(&v->p, cell, 4);
	kt_buf_free(&amount);
}

static void put_items(struct view *v)
{
	static const char *const head[] = {"receipt.item", "receipt.outcome", "receipt.amount",
					   "receipt.period"};
	const struct kt_jv *list = kt_jv_get(v->root, "items");

	if (list == NULL || list->type != KT_JV_ARR || list->count == 0) {
		kt_paper_para(&v->p, "receipt.nothing", NULL);
		return;
	}
	kt_paper_table(&v->p, head, 4);
	for (const struct kt_jv *it = list->child; it != NULL; it = it->next) {
		const struct kt_jv *before = list->child;

		while (before != it && strcmp(text(before, "source"), text(it, "source")) != 0)
			before = before->next;
		if (before == it)
			put_source(v, it);
	}
	kt_paper_table_end(&v->p);
}

static void put_authority(struct view *v)
{
	const struct kt_jv *a = kt_jv_get(v->root, "authority");

	kt_paper_authority(&v->p,
			   &(struct kt_paper_authority){text(a, "issuer"), text(a, "legal_text"),
							text(a, "legal_code"), text(a, "purpose"),
							text(a, "mode"), text(a, "mandate_id")});
}

static void put_subject(struct view *v)
{
	const struct kt_jv *s = kt_jv_get(v->root, "subject");
	const char *none = kt_words_get(v->p.words, "receipt.none");
	const char *interpreter = text(s, "interpreter"), *language = text(s, "language");

	/* by its name, where this is it */
	if (strcmp(language, kt_words_get(v->p.words, "language")) == 0)
		language = kt_words_get(v->p.words, "name");

	kt_paper_heading(&v->p, "receipt.you");
	kt_paper_row(&v->p, "receipt.position", said(v, "position", text(s, "position")), false);
	kt_paper_row(&v->p, "receipt.interpreter", *interpreter != '\0' ? interpreter : none,
		     false);
	kt_paper_row(&v->p, "receipt.language", *language != '\0' ? language : none, true);
}

static void put_retention(struct view *v)
{
	const struct kt_jv *r = kt_jv_get(v->root, "retention");
	char until[32], unreleased[32];
	const struct kt_words_fill fill[] = {
		{"until", time_text(text(r, "released_until"), until)},
		{"unreleased", time_text(text(r, "unreleased_until"), unreleased)},
		{NULL, NULL}};

	kt_paper_heading(&v->p, "receipt.delete");
	kt_paper_para(&v->p,
		      kt_jv_bool(r, "two_stage") && unreleased[0] != '\0' ? "receipt.delete.two"
									  : "receipt.delete.one",
		      fill);
	kt_paper_para(&v->p,
		      strcmp(text(r, "on_expiry"), "erase-key") == 0 ? "receipt.delete.key"
								     : "receipt.delete.package",
		      fill);
}

static int put_pin(struct view *v, struct kt_err *err)
{
	char lines[24];

	snprintf(lines, sizeof(lines), "%lld", (long long)kt_jv_int(v->root, "custody_lines", 0));
	kt_paper_heading(&v->p, "receipt.pin");
	kt_paper_para(&v->p, "receipt.pin.text",
		      (struct kt_words_fill[]){{"0", lines}, {NULL, NULL}});
	return kt_paper_pin(&v->p, text(v->root, "custody_head"), err);
}

static int put_receipt(struct view *v, struct kt_err *err)
{
	const struct kt_words_fill fill[] = {
		{"issuer", text(kt_jv_get(v->root, "authority"), "issuer")},
		{"case", text(v->root, "case_ref")},
		{NULL, NULL}};
	char t[32], device[256];
	int r;

	snprintf(device, sizeof(device), "%s: %.150s", said(v, "form", text(v->root, "form")),
		 text(v->root, "device"));
	kt_paper_begin(&v->p, "receipt.title",
		       kt_jv_bool(v->root, "simulated") ? "simulated" : NULL);
	kt_paper_para(&v->p, "receipt.lead", NULL);
	if (kt_jv_bool(v->root, "interim"))
		kt_paper_para(&v->p, "receipt.interim", NULL);
	kt_paper_row(&v->p, "receipt.case", text(v->root, "case_ref"), false);
	kt_paper_row(&v->p, "receipt.device", device, false);
	kt_paper_row(&v->p, "receipt.started", time_text(text(v->root, "opened"), t), true);
	kt_paper_row(&v->p, "receipt.issued", time_text(text(v->root, "issued"), t), true);
	kt_paper_heading(&v->p, "receipt.read");
	put_items(v);
	put_authority(v);
	put_subject(v);
	put_retention(v);
	kt_paper_heading(&v->p, "sheet.rights");
	kt_paper_para(&v->p, "sheet.rights.text", NULL);
	kt_paper_heading(&v->p, "receipt.complain");
	kt_paper_para(&v->p, "complain.text", fill);
	r = put_pin(v, err);
	kt_paper_blank(&v->p, "receipt.sign");
	kt_paper_blank(&v->p, "receipt.received");
	kt_paper_end(&v->p);
	return r;
}

static int view(const void *json, size_t n, struct view *v, struct kt_err *err)
{
	struct kt_jdoc *doc = NULL;
	int r = kt_jdoc_parse(json, n, &doc, err);

	if (r < 0)
		return KT_TRACE(err, KT_E_FORMAT, "the receipt's record cannot be read");
	v->root = kt_jdoc_root(doc);
	if (strcmp(text(v->root, "format"), "keten-receipt-1") != 0 ||
	    strlen(text(v->root, "custody_head")) != KT_SHA256_HEX - 1)
		r = KT_FAIL(err, KT_E_FORMAT, "this is no record of a receipt");
	if (r == 0)
		r = put_receipt(v, err);
	if (r == 0 && v->p.out->failed)
		r = KT_FAIL(err, KT_E_NOMEM, "no memory");
	kt_jdoc_free(&doc);
	return r;
}

int kt_receipt_text(const void *json, size_t n, const struct kt_words *w, kt_source_name_fn name,
		    struct kt_buf *out, struct kt_err *err)
{
	struct view v = {{.words = w, .out = out}, NULL, name};

	return view(json, n, &v, err);
}

int kt_receipt_html(const void *json, size_t n, const struct kt_words *w, kt_source_name_fn name,
		    struct kt_buf *out, struct kt_err *err)
{
	struct view v = {{.words = w, .out = out, .html = true}, NULL, name};

	return view(json, n, &v, err);
}
