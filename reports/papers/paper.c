/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/papers/paper.h"

#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "reports/papers/qr.h"

#define WIDTH 78u
#define LABEL 30u

static const char css[] =
	"@page{size:A4;margin:18mm}"
	"*{box-sizing:border-box}"
	"body{font:11.5pt/1.45 \"Noto Sans\",system-ui,sans-serif;color:#111;background:#fff;"
	"max-width:46rem;margin:2rem auto;padding:0 1.5rem}"
	"h1{font-size:1.6rem;margin:0 0 .75rem}"
	"h2{font-size:1.1rem;margin:1.4rem 0 .35rem;border-bottom:1px solid "
	"#999;padding-bottom:.1rem;"
	"break-after:avoid}"
	"p{margin:.35rem 0}"
	".note{border:2px solid #111;padding:.4rem .7rem;font-weight:600}"
	"dl{display:grid;grid-template-columns:minmax(9rem,13rem) 1fr;gap:.2rem 1rem;margin:.35rem "
	"0}"
	"dt{color:#444}dd{margin:0;overflow-wrap:anywhere}"
	"table{border-collapse:collapse;width:100%;margin:.35rem 0}"
	"th,td{text-align:start;vertical-align:top;padding:.25rem .7rem .25rem 0;"
	"border-bottom:1px solid #bbb}th{font-weight:600}"
	"tr{break-inside:avoid}ul{margin:.35rem 0;padding-inline-start:1.3rem}"
	".pin{display:flex;gap:1.2rem;align-items:center;break-inside:avoid;direction:ltr}"
	".qr{width:42mm;height:42mm;flex:none}"
	".hex{font:11pt/1.6 \"Noto Sans Mono\",monospace;overflow-wrap:anywhere}"
	".blank{margin-top:2.2rem;border-top:1px solid #111;padding-top:.15rem;width:75%;"
	"break-inside:avoid}"
	"@media (prefers-color-scheme:dark){@media screen{body{color:#e8eaed;background:#16191d}"
	"dt{color:#aab2bd}.note,.blank{border-color:#e8eaed}}}";

/* -- text as it is ---------------------------------------------------------------------------- */

static const char *word(const struct kt_paper *p, const char *key)
{
	return kt_words_get(p->words, key);
}

/* Characters, for columns: good enough for the languages that a terminal shows one beside another. */
static size_t columns(const char *s, size_t n)
{
	size_t c = 0;

	for (size_t i = 0; i < n; i++)
		c += ((unsigned char)s[i] & 0xc0) != 0x80;
	return c;
}

/* Words of s broken into lines; each but the first begins with indent spaces. */
static void wrap(struct kt_buf *b, const char *s, size_t at, size_t indent)
{
	bool first = true;

	while (*s != '\0') {
		size_t n, c;

		s += strspn(s, " \n\t\r");
		n = strcspn(s, " \n\t\r");
		c = columns(s, n);
		if (n == 0)
			break;
		if (!first && at + 1 + c > WIDTH) {
			kt_buf_printf(b, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			kt_buf_putc(b, ' ');
			at++;
		}
		if (kt_text_is_plain(s, n))
			kt_buf_put(b, s, n);
		else /* nothing that steers the terminal */
			kt_text_escape(b, s, n);
		at += c;
		s += n;
		first = false;
	}
	kt_buf_putc(b, '\n');
}

static void close_rows(struct kt_paper *p)
{
	if (p->rows && p->html)
		kt_buf_puts(p->out, "</dl>\n");
	p->rows = false;
}

/* -- the form --------------------------------------------------------------------------------- */

static void begin_page(struct kt_paper *p, const char *title)
{
	kt_buf_puts(p->out, "<!doctype html>\n<html lang=\"");
	kt_text_markup(p->out, word(p, "language"));
	kt_buf_printf(p->out, "\" dir=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n",
		      kt_words_rtl(p->words) ? "rtl" : "ltr");
	kt_buf_puts(p->out,
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	kt_text_markup(p->out, word(p, title));
	kt_buf_printf(p->out, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n", css);
}

static void put_note(struct kt_paper *p, const char *key)
{
	if (p->html) {
		kt_buf_puts(p->out, "<p class=\"note\">");
		kt_text_markup(p->out, word(p, key));
		kt_buf_puts(p->out, "</p>\n");
	} else {
		kt_buf_puts(p->out, "** ");
		wrap(p->out, word(p, key), 3, 3);
	}
}

void kt_paper_begin(struct kt_paper *p, const char *title, const char *note)
{
	p->rows = false;
	if (p->html)
		begin_page(p, title);
	if (!kt_words_reviewed(p->words))
		put_note(p, "draft");
	if (note != NULL)
		put_note(p, note);
	if (p->html) {
		kt_buf_puts(p->out, "<h1>");
		kt_text_markup(p->out, word(p, title));
		kt_buf_puts(p->out, "</h1>\n");
	} else {
		size_t n = columns(word(p, title), strlen(word(p, title)));

		kt_buf_printf(p->out, "\n%s\n", word(p, title));
		while (n-- > 0)
			kt_buf_putc(p->out, '=');
		kt_buf_puts(p->out, "\n\n");
	}
}

void kt_paper_end(struct kt_paper *p)
{
	close_rows(p);
	if (p->html)
		kt_buf_puts(p->out, "</main>\n</body>\n</html>\n");
}

void kt_paper_heading(struct kt_paper *p, const char *key)
{
	close_rows(p);
	if (!p->html) {
		kt_buf_printf(p->out, "\n%s\n", word(p, key));
		return;
	}
	kt_buf_puts(p->out, "<h2>");
	kt_text_markup(p->out, word(p, key));
	kt_buf_puts(p->out, "</h2>\n");
}

void kt_paper_para(struct kt_paper *p, const char *key, const struct kt_words_fill *fill)
{
	struct kt_buf b;

	close_rows(p);
	kt_buf_init(&b, 0);
	kt_words_put(p->words, key, fill, &b);
	if (kt_buf_cstr(&b) == NULL) {
		p->out->failed = true;
	} else if (p->html) {
		kt_buf_puts(p->out, "<p>");
		kt_text_markup(p->out, (const char *)b.p);
		kt_buf_puts(p->out, "</p>\n");
	} else {
		kt_buf_puts(p->out, "  ");
		wrap(p->out, (const char *)b.p, 2, 2);
	}
	kt_buf_free(&b);
}

void kt_paper_row(struct kt_paper *p, const char *label, const char *value, bool token)
{
	const char *l = word(p, label);
	size_t c = columns(l, strlen(l)) + 2;

	if (p->html) {
		if (!p->rows)
			kt_buf_puts(p->out, "<dl>\n");
		kt_buf_puts(p->out, "<dt>");
		kt_text_markup(p->out, l);
		kt_buf_puts(p->out, token ? "</dt><dd><bdi dir=\"ltr\">" : "</dt><dd><bdi>");
		kt_text_markup(p->out, value);
		kt_buf_puts(p->out, "</bdi></dd>\n");
	} else {
		kt_buf_printf(p->out, "  %s%*s", l, c < LABEL ? (int)(LABEL - c) : 1, "");
		wrap(p->out, value, c < LABEL ? LABEL : c + 1, LABEL);
	}
	p->rows = true;
}

void kt_paper_table(struct kt_paper *p, const char *const *keys, size_t n)
{
	close_rows(p);
	if (!p->html)
		return;
	kt_buf_puts(p->out, "<table><thead><tr>");
	for (size_t i = 0; i < n; i++) {
		kt_buf_puts(p->out, "<th scope=\"col\">");
		kt_text_markup(p->out, word(p, keys[i]));
		kt_buf_puts(p->out, "</th>");
	}
	kt_buf_puts(p->out, "</tr></thead><tbody>\n");
}

void kt_paper_cells(struct kt_paper *p, const char *const *text, size_t n)
{
	if (p->html)
		kt_buf_puts(p->out, "<tr>");
	for (size_t i = 0; i < n; i++) {
		if (p->html) {
			kt_buf_puts(p->out, "<td><bdi>");
			kt_text_markup(p->out, text[i]);
			kt_buf_puts(p->out, "</bdi></td>");
		} else {
			kt_buf_puts(p->out, i == 0 ? "  - " : "      ");
			wrap(p->out, text[i], 6, 6);
		}
	}
	if (p->html)
		kt_buf_puts(p->out, "</tr>\n");
}

void kt_paper_table_end(struct kt_paper *p)
{
	if (p->html)
		kt_buf_puts(p->out, "</tbody></table>\n");
}

void kt_paper_bullet(struct kt_paper *p, const char *text)
{
	if (p->html) {
		if (!p->rows)
			kt_buf_puts(p->out, "<ul>\n");
		kt_buf_puts(p->out, "<li><bdi>");
		kt_text_markup(p->out, text);
		kt_buf_puts(p->out, "</bdi></li>\n");
	} else {
		kt_buf_puts(p->out, "  - ");
		wrap(p->out, text, 4, 4);
	}
	p->rows = true;
}

void kt_paper_bullets_end(struct kt_paper *p)
{
	if (p->html && p->rows)
		kt_buf_puts(p->out, "</ul>\n");
	p->rows = false;
}

void kt_paper_blank(struct kt_paper *p, const char *key)
{
	close_rows(p);
	if (p->html) {
		kt_buf_puts(p->out, "<p class=\"blank\">");
		kt_text_markup(p->out, word(p, key));
		kt_buf_puts(p->out, "</p>\n");
	} else {
		kt_buf_printf(p->out, "\n\n  ______________________________________\n  %s\n",
			      word(p, key));
	}
}

void kt_paper_authority(struct kt_paper *p, const struct kt_paper_authority *a)
{
	char basis[512];

	snprintf(basis, sizeof(basis), "%.400s (%.100s)", a->legal_text, a->legal_code);
	kt_paper_heading(p, "receipt.authority");
	kt_paper_row(p, "receipt.issuer", a->issuer, false);
	kt_paper_row(p, "receipt.basis", basis, false);
	kt_paper_row(p, "receipt.purpose", kt_words_of(p->words, "purpose", a->purpose, a->purpose),
		     false);
	kt_paper_row(p, "receipt.mode", kt_words_of(p->words, "mode", a->mode, a->mode), false);
	kt_paper_row(p, "receipt.mandate", a->mandate_id, true);
}

int kt_paper_pin(struct kt_paper *p, const char *hex, struct kt_err *err)
{
	int r = 0;

	close_rows(p);
	if (p->html) {
		kt_buf_puts(p->out, "<div class=\"pin\">");
		r = kt_qr_svg(hex, hex, p->out, err);
		kt_buf_puts(p->out, "<p class=\"hex\">");
	}
	for (size_t i = 0; hex[i] != '\0'; i += strnlen(hex + i, 8)) {
		if (!p->html)
			kt_buf_puts(p->out, i == 0 ? "\n  " : i == 32 ? "\n  " : " ");
		else if (i > 0)
			kt_buf_puts(p->out, i == 32 ? "<br>" : " ");
		kt_buf_put(p->out, hex + i, strnlen(hex + i, 8));
	}
	kt_buf_puts(p->out, p->html ? "</p></div>\n" : "\n\n");
	return p->html ? r : kt_qr_text(hex, p->out, err);
}
