/* SPDX-License-Identifier: EUPL-1.2 */
/* The page as a whole: members of report.json in their order, each with its section. */
#include "reports/render/html.h"
#include "reports/render/html_i.h"
#include "core/err.h"
#include "core/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLUSH_AT ((size_t)64 << 10)
#define HELD_MAX ((size_t)64 << 20)
#define STR_MAX	 ((size_t)512 << 10) /* longest text; beyond it is cut by the reader */

/* Base64 of a digest, for the policy that names the style sheet. */
static void base64(const uint8_t *p, size_t n, char *out)
{
	static const char abc[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;

		v |= i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0;
		v |= i + 2 < n ? p[i + 2] : 0;
		*out++ = abc[v >> 18];
		*out++ = abc[v >> 12 & 63];
		*out++ = i + 1 < n ? abc[v >> 6 & 63] : '=';
		*out++ = i + 2 < n ? abc[v & 63] : '=';
	}
	*out = '\0';
}

const char *html_style_hash(const char *css, char out[64])
{
	uint8_t md[KT_SHA256_LEN] = {0};

	out[0] = '\0';
	if (kt_sha256(css, strlen(css), md, NULL) == 0)
		base64(md, sizeof(md), out);
	return out;
}

static int page_begin(struct html *h)
{
	uint8_t md[KT_SHA256_LEN] = {0};
	char b64[48];
	struct kt_buf css;
	int c;

	kt_buf_init(&css, 0);
	put_css(&css, h->lang);
	c = css.failed ? KT_FAIL(h->err, KT_E_NOMEM, "page: no memory")
		       : kt_sha256(css.p, css.len, md, h->err);
	if (c < 0) {
		kt_buf_free(&css);
		return c;
	}
	base64(md, sizeof(md), b64);
	put(h, "<!DOCTYPE html>\n<html lang=\"%t\">\n<head>\n", kt_lang_code(h->lang));
	put_raw(h, "<meta charset=\"utf-8\">\n"
		   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		   "style-src 'sha256-");
	put_raw(h, b64);
	put_raw(h, "'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
		   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		   "<meta name=\"color-scheme\" content=\"light dark\">\n"
		   "<meta name=\"referrer\" content=\"no-referrer\">\n<style>");
	kt_buf_put(h->o, css.p, css.len);
	put_raw(h, "</style>\n");
	kt_buf_free(&css);
	return 0;
}

static int page_end(struct html *h)
{
	put(h, "</main>\n<footer><p>{End of the report. This page is a view of report.json, "
	       "which is the record.}</p></footer>\n</body>\n</html>\n");
	return 0;
}

static int flush(struct html *h, bool force)
{
	int c = 0;

	if (h->out.failed || h->later.failed || h->held.failed)
		return KT_FAIL(h->err, KT_E_NOMEM, "page: no memory");
	if (h->out.len > 0 && (force || h->out.len >= FLUSH_AT)) {
		c = h->put(h->arg, h->out.p, h->out.len, h->err);
		kt_buf_reset(&h->out);
	}
	return c < 0 ? c : 0;
}

/* -- members ---------------------------------------------------------------------------------- */

static int plugins_elem(struct html *h)
{
	const char *id = flat_get(h->f, "id"), *title = flat_get(h->f, "title");

	if (h->nplugins >= PLUGINS_MAX || id == NULL || title == NULL)
		return 0;
	snprintf(h->plugin[h->nplugins].id, sizeof(h->plugin[0].id), "%s", id);
	snprintf(h->plugin[h->nplugins].title, sizeof(h->plugin[0].title), "%s", title);
	h->nplugins++;
	return 0;
}

/* -- what the page has in another order than the document -------------------------------------- */

/* What has to be noted first comes before the limits. */
static void hold_limits(struct html *h)
{
	h->o = h->base = &h->held;
	limits_begin(h);
}

static void release_held(struct html *h)
{
	h->o = h->base = &h->out;
	kt_buf_put(&h->out, h->held.p, h->held.len);
	h->out.failed |= h->held.failed;
	kt_buf_reset(&h->held);
}

static void release_limits(struct html *h)
{
	attention_end(h);
	release_held(h);
}

/* Findings come before authority, session and what was taken. */
static int hold_authority(struct html *h)
{
	h->o = h->base = &h->held;
	return sec_authority(h);
}

static int geography_first(struct html *h)
{
	h->o = h->base = &h->out;
	return sec_geography(h);
}

static int photos_then_rest(struct html *h)
{
	int c = sec_photos(h);

	release_held(h);
	return c;
}

/*
 * The documented members in order. whole: the value is read flat, then handled; elem: the value is
 * an array whose elements are; neither: kept for the head of the page, or passed over.
 */
static const struct member {
	const char *key;
	int (*whole)(struct html *h);
	void (*begin)(struct html *h);
	int (*elem)(struct html *h);
	void (*end)(struct html *h);
} members[] = {
	{"format", NULL, NULL, NULL, NULL},
	{"case_id", NULL, NULL, NULL, NULL},
	{"case_ref", NULL, NULL, NULL, NULL},
	{"mandate_id", NULL, NULL, NULL, NULL},
	{"mandate_sha256", NULL, NULL, NULL, NULL},
	{"simulated", NULL, NULL, NULL, NULL},
	{"plugins", NULL, NULL, plugins_elem, NULL},
	{"limits", NULL, hold_limits, limits_elem, limits_end},
	{"attention", NULL, attention_begin, attention_elem, release_limits},
	{"result", sec_result, NULL, NULL, NULL},
	{"statement", sec_statement, NULL, NULL, NULL},
	{"authority", hold_authority, NULL, NULL, NULL},
	{"device", sec_device, NULL, NULL, NULL},
	{"session", sec_session, NULL, NULL, NULL},
	{"clock", sec_clock, NULL, NULL, NULL},
	{"taken", NULL, taken_begin, taken_elem, taken_end},
	{"containers", NULL, containers_begin, containers_elem, containers_end},
	{"not_taken", NULL, not_taken_begin, not_taken_elem, not_taken_end},
	{"geography", geography_first, NULL, NULL, NULL},
	{"totals", NULL, totals_begin, totals_elem, totals_end},
	{"stays", NULL, stays_begin, stays_elem, stays_end},
	{"places", NULL, places_begin, places_elem, places_end},
	{"agreement", NULL, agreement_begin, pair_elem, pair_end},
	{"conflicts", NULL, conflicts_begin, pair_elem, pair_end},
	{"photos", photos_then_rest, NULL, NULL, NULL},
	{"observations", NULL, obs_begin, obs_elem, obs_end},
	{"links", NULL, links_begin, links_elem, links_end},
	{"not_reported", NULL, not_reported_begin, not_reported_elem, not_reported_end},
	{"parsing", NULL, NULL, NULL, NULL},
	{"objects", NULL, objects_begin, objects_elem, objects_end},
};
#define MEMBERS (sizeof(members) / sizeof(members[0]))
#define HEAD	6u /* scalars that come first */

/* Elements beyond what the page shows are counted without being looked at. */
static bool beyond(const struct html *h, const struct member *m)
{
	if (m->elem == obs_elem)
		return h->rows >= h->opts->observations && h->statements >= h->opts->statements;
	return m->elem == objects_elem && h->rows >= h->opts->objects;
}

static int read_list(struct html *h, const struct member *m, int tok)
{
	int c = 0;

	if (tok != KT_JSON_ARR)
		return KT_FAIL(h->err, KT_E_FORMAT, "page: %s is no list", m->key);
	h->rows = h->statements = h->over = h->over_statements = 0;
	h->kind[0] = '\0';
	if (m->elem == attention_elem)
		h->o = h->base = &h->out;
	if (m->begin != NULL)
		m->begin(h);
	while (c == 0 && (tok = kt_json_next(h->j, h->err)) != KT_JSON_ARR_END) {
		if (tok < 0)
			return tok;
		if (beyond(h, m)) {
			h->over++;
			c = kt_json_skip(h->j, tok, h->err);
			continue;
		}
		c = flat_read(h->f, h->j, tok, h->err);
		if (c == 0)
			c = m->elem(h);
		if (c == 0)
			c = flush(h, false);
	}
	if (c == 0 && m->end != NULL)
		m->end(h);
	return c < 0 ? c : flush(h, false);
}

/* The first six: scalars, gathered so that the page can open with them. */
struct head {
	char text[HEAD][256];
	bool simulated;
};

static int read_head(struct html *h, struct head *head, size_t i)
{
	int tok = kt_json_next(h->j, h->err), c;

	if (tok < 0)
		return tok;
	c = flat_read(h->f, h->j, tok, h->err);
	if (c < 0)
		return c;
	if (h->f->n != 1)
		return KT_FAIL(h->err, KT_E_FORMAT, "page: %s is no text", members[i].key);
	snprintf(head->text[i], sizeof(head->text[i]), "%s", (char *)h->f->text.p + h->f->e[0].val);
	if (i == 0 && strcmp(head->text[0], "keten-report-2") != 0)
		return KT_FAIL(h->err, KT_E_FORMAT, "page: not a keten-report-2");
	if (i == HEAD - 1)
		head->simulated = h->f->e[0].tok == KT_JSON_TRUE;
	return 0;
}

static void tell_head(struct html *h, const struct head *head)
{
	struct kt_html_head *out = h->opts->head;

	if (out == NULL)
		return;
	snprintf(out->case_id, sizeof(out->case_id), "%.79s", head->text[1]);
	snprintf(out->case_ref, sizeof(out->case_ref), "%.199s", head->text[2]);
}

static void write_head(struct html *h, const struct head *head)
{
	static const char *const nav[][2] = {
		{"limits", N_("What it can and cannot say")},
		{"short", N_("In short")},
		{"statement", N_("The statement and the sources")},
		{"where", N_("Where the sources place the phone")},
		{"authority", N_("Authority")},
		{"taken", N_("What was taken")},
		{"not-taken", N_("What was not taken")},
		{"observations", N_("Observations")},
		{"links", N_("Possible copies")},
		{"not-reported", N_("What is not reported")},
		{"check", N_("How to check")},
	};

	put(h, "<title>{Evidence report} %t", head->text[2]);
	put(h, head->simulated ? " {(simulated data)}" : "");
	put_raw(h, "</title>\n</head>\n<body>\n");
	put(h, "<a class=\"skip\" href=\"#main\">{Skip to the report}</a>\n<header>\n");
	if (head->simulated)
		put(h, "<p class=\"banner\">{<strong>Simulated data.</strong> This report was made "
		       "from a simulated phone or made-up files. It says nothing about any "
		       "person.}</p>\n");
	put(h, "<p class=\"brand\">Keten</p>\n<h1>{Evidence report}</h1>\n<p "
	       "class=\"lead\">{What was read, under which authority, what was not read, and every "
	       "observation with the place where it stands.}</p>\n<dl class=\"facts\">\n");
	put_dl(h, "Case reference", "%t", head->text[2]);
	put_dl(h, "Mandate", "%c", head->text[3]);
	put_dl(h, "Case", "%c", head->text[1]);
	put_dl(h, "SHA-256 of the mandate", "%c", head->text[4]);
	put(h, "</dl>\n<nav aria-label=\"{Contents}\"><ol>\n");
	for (size_t i = 0; i < sizeof(nav) / sizeof(nav[0]); i++)
		put(h, "<li><a href=\"#%t\">%T</a></li>\n", nav[i][0], nav[i][1]);
	put_raw(h, "</ol></nav>\n</header>\n<main id=\"main\">\n");
}

static int read_member(struct html *h, struct head *head, size_t i)
{
	const struct member *m = &members[i];
	int tok, c;

	if (i < HEAD) {
		c = read_head(h, head, i);
		if (c == 0 && i == HEAD - 1) {
			tell_head(h, head);
			write_head(h, head);
		}
		return c;
	}
	tok = kt_json_next(h->j, h->err);
	if (tok < 0)
		return tok;
	if (m->elem != NULL)
		return read_list(h, m, tok);
	if (m->whole == NULL)
		return tok == KT_JSON_OBJ || tok == KT_JSON_ARR ? kt_json_skip(h->j, tok, h->err)
								: 0;
	c = flat_read(h->f, h->j, tok, h->err);
	return c < 0 ? c : m->whole(h);
}

/* The one member that a document need not have: it is a copy with rows left out. */
static int read_redaction(struct html *h)
{
	int c, tok = kt_json_next(h->j, h->err);

	if (tok < 0)
		return tok;
	c = flat_read(h->f, h->j, tok, h->err);
	return c < 0 ? c : sec_redaction(h);
}

static int read_all(struct html *h)
{
	struct head head = {0};
	size_t next = 0;
	int c, tok = kt_json_next(h->j, h->err);

	if (tok < 0)
		return tok;
	if (tok != KT_JSON_OBJ)
		return KT_FAIL(h->err, KT_E_FORMAT, "page: no report");
	c = page_begin(h);
	while (c == 0 && (tok = kt_json_next(h->j, h->err)) == KT_JSON_KEY) {
		if (next == HEAD && strcmp(h->j->str, "redaction") == 0) {
			c = read_redaction(h);
			continue;
		}
		if (next >= MEMBERS || strcmp(h->j->str, members[next].key) != 0)
			return KT_FAIL(h->err, KT_E_FORMAT, "page: member %.40s, expected %s",
				       h->j->str, next < MEMBERS ? members[next].key : "none");
		c = read_member(h, &head, next++);
		if (c == 0)
			c = flush(h, false);
	}
	if (c < 0 || tok < 0)
		return c < 0 ? c : tok;
	if (next < MEMBERS)
		return KT_FAIL(h->err, KT_E_FORMAT, "page: %s is missing", members[next].key);
	tok = kt_json_next(h->j, h->err);
	if (tok < 0)
		return tok;
	page_end(h);
	return flush(h, true);
}

void kt_html_opts_init(struct kt_html_opts *o, enum kt_lang lang)
{
	*o = (struct kt_html_opts){
		.lang = lang,
		.observations = KT_HTML_OBSERVATIONS,
		.statements = KT_HTML_STATEMENTS,
		.objects = KT_HTML_OBJECTS,
	};
}

int kt_render_html(struct kt_json_src src, const struct kt_html_opts *opts,
		   int (*put_fn)(void *arg, const void *p, size_t n, struct kt_err *err), void *arg,
		   struct kt_err *err)
{
	struct html *h = calloc(1, sizeof(*h));
	struct kt_json *j = malloc(sizeof(*j));
	struct flat *f = malloc(sizeof(*f));
	int c = KT_E_NOMEM;

	if (h == NULL || j == NULL || f == NULL) {
		KT_FAIL(err, c, "page: no memory");
		goto out;
	}
	h->opts = opts;
	h->lang = opts->lang;
	h->j = j;
	h->f = f;
	h->err = err;
	h->put = put_fn;
	h->arg = arg;
	h->o = h->base = &h->out;
	f->n = 0;
	kt_buf_init(&h->out, 0);
	kt_buf_init(&h->later, 0);
	kt_buf_init(&h->held, HELD_MAX);
	kt_buf_init(&f->text, FLAT_TEXT);
	kt_json_init(j, src, STR_MAX);
	c = find_begin(h);
	if (c == 0)
		c = read_all(h);
	find_free(h);
	kt_json_free(j);
	kt_buf_free(&f->text);
	kt_buf_free(&h->later);
	kt_buf_free(&h->held);
	kt_buf_free(&h->out);
out:
	free(h);
	free(j);
	free(f);
	return c;
}
