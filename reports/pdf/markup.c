/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Reads the markup that reports/render writes (and no other: it is ours, complete and flat) and
 * hands blocks to the sheets.
 */
#include "reports/pdf/pdf_i.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE  9.2
#define TABLE_SIZE 7.4
#define FACT_SIZE  8.4

struct tag {
	char name[16];
	bool close;
	const char *attrs;
	size_t nattrs;
};

/* -- attributes ------------------------------------------------------------------------------- */

static bool attr(const struct tag *t, const char *name, char *out, size_t n)
{
	size_t len = strlen(name);

	*out = '\0';
	for (size_t i = 0; i + len + 2 < t->nattrs; i++) {
		size_t k;

		if (t->attrs[i] != ' ' || strncmp(t->attrs + i + 1, name, len) != 0 ||
		    t->attrs[i + 1 + len] != '=' || t->attrs[i + 2 + len] != '"')
			continue;
		i += len + 3;
		for (k = 0; i < t->nattrs && t->attrs[i] != '"'; i++)
			if (k + 1 < n)
				out[k++] = t->attrs[i];
		out[k] = '\0';
		return true;
	}
	return false;
}

static bool has_class(const struct tag *t, const char *name)
{
	char c[64];
	size_t n = strlen(name);

	if (!attr(t, "class", c, sizeof(c)))
		return false;
	for (const char *s = c; s != NULL && *s != '\0'; s = strchr(s, ' ')) {
		while (*s == ' ')
			s++;
		if (strncmp(s, name, n) == 0 && (s[n] == '\0' || s[n] == ' '))
			return true;
	}
	return false;
}

/* -- text ------------------------------------------------------------------------------------- */

static struct pdf_style style_now(const struct pdf *p)
{
	static const double headings[] = {0, 19, 13.5, 10.8, 9.4};
	struct pdf_style s = {PDF_SANS, TEXT_SIZE, PDF_INK};

	if (p->table > 0)
		s.size = TABLE_SIZE;
	else if (p->in_row)
		s.size = FACT_SIZE;
	if (p->heading > 0 && p->small == 0)
		s.size = headings[p->heading];
	if (p->bold > 0 || (p->heading > 0 && p->small == 0) || (p->in_row && p->row.head) ||
	    strcmp(p->p_class, "result") == 0 || strcmp(p->p_class, "finding") == 0)
		s.face = PDF_BOLD;
	if (p->mono > 0) {
		s.face = PDF_MONO;
		s.size *= 0.92;
	}
	if (p->small > 0) {
		s.size *= 0.88;
		s.ink = PDF_SOFT;
		if (s.face == PDF_BOLD)
			s.face = PDF_SANS;
	}
	if (strcmp(p->p_class, "note") == 0 || strcmp(p->p_class, "lead") == 0)
		s.ink = PDF_SOFT;
	if (p->facts > 0 && p->in_row && p->col == 0 && p->table == 0)
		s.ink = PDF_SOFT;
	return s;
}

static void add_cp(struct pdf *p, const struct pdf_style *s, uint32_t cp)
{
	struct pdf_para *q = &p->para;

	if (cp == '\n' && p->dd > 0 && p->table == 0 && q->n > 0 && q->cp[q->n - 1] != PDF_BREAK)
		cp = PDF_BREAK;
	if (cp == '\n' || cp == '\t' || cp == '\r')
		cp = ' ';
	if (cp == ' ' && (q->n == 0 || q->cp[q->n - 1] == ' ' || q->cp[q->n - 1] == PDF_BREAK))
		return;
	pdf_para_cp(q, s, cp);
	p->failed |= q->failed;
}

/* A character that no font has is written as its number. */
static void add_char(struct pdf *p, const struct pdf_style *s, uint32_t cp)
{
	char hex[16];

	if (cp < 0x20 || pdf_font_for(p->fonts, s->face, cp) >= 0 ||
	    pdf_font_for(p->fonts, PDF_SANS, cp) >= 0) {
		add_cp(p, s, cp);
		return;
	}
	snprintf(hex, sizeof(hex), "\\u{%x}", cp);
	for (const char *c = hex; *c != '\0'; c++)
		add_cp(p, s, (uint8_t)*c);
}

static uint32_t entity(const char *s, size_t n, size_t *used)
{
	static const struct {
		const char *name;
		uint32_t cp;
	} known[] = {
		{"&amp;", '&'},	 {"&lt;", '<'},	  {"&gt;", '>'},
		{"&quot;", '"'}, {"&#39;", '\''}, {"&shy;", 0xad},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t len = strlen(known[i].name);

		if (n >= len && memcmp(s, known[i].name, len) == 0) {
			*used = len;
			return known[i].cp;
		}
	}
	*used = 1;
	return '&';
}

static void text(struct pdf *p, const char *s, size_t n)
{
	const struct pdf_style style = style_now(p); /* changes at tags alone */
	size_t i = 0;

	if (p->skip > 0)
		return;
	while (i < n) {
		uint32_t cp;
		size_t used;

		if (s[i] == '&') {
			cp = entity(s + i, n - i, &used);
		} else {
			used = kt_utf8_next((const uint8_t *)s + i, n - i, &cp);
			if (used == 0) {
				used = 1;
				cp = 0xfffd;
			}
		}
		if (cp != 0xad)
			add_char(p, &style, cp);
		if (p->heading > 0 && p->small == 0 && p->title.len < 300)
			kt_buf_put(&p->title, s[i] == '&' ? "&" : s + i, s[i] == '&' ? 1 : used);
		i += used;
	}
}

/* -- tags ------------------------------------------------------------------------------------- */

static const struct widths {
	const char *klass;
	unsigned n;
	double w[CELLS_MAX];
} tables[] = {
	{"sources", 7, {18, 10, 13, 10, 14, 9, 26}},
	{"taken", 6, {28, 18, 22, 9, 12, 11}},
	{"whole", 4, {38, 14, 30, 18}},
	{"gaps", 3, {28, 24, 48}},
	{"reasons", 3, {34, 52, 14}},
	{"obs", 7, {4.5, 12, 20, 13.5, 12, 21, 17}},
	{"statements", 3, {28, 34, 38}},
	{"objects", 4, {12, 38, 15, 35}},
	{"totals", 5, {36, 10, 14, 20, 20}},
	{"stays", 8, {4, 16, 20, 20, 7, 13, 8, 12}},
	{"places", 7, {5, 17, 19, 7, 14, 22, 16}},
	{"pairs", 5, {26, 9, 24, 21, 20}},
	{"cameras", 4, {46, 16, 20, 18}},
	{"claim", 3, {33, 33, 34}},
};

static const struct widths *widths_of(const struct pdf *p)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (strcmp(tables[i].klass, p->klass) == 0)
			return &tables[i];
	return NULL;
}

static void isolate(struct pdf *p, const struct tag *t)
{
	struct pdf_style s = style_now(p);
	char dir[8];

	if (p->skip > 0)
		return;
	if (t->close)
		pdf_para_cp(&p->para, &s, PDF_PDI);
	else
		pdf_para_cp(&p->para, &s, attr(t, "dir", dir, sizeof(dir)) ? PDF_LRI : PDF_FSI);
}

static void step(unsigned *depth, bool close)
{
	if (!close)
		++*depth;
	else if (*depth > 0)
		--*depth;
}

static void on_cell(struct pdf *p, const struct tag *t)
{
	block_flush(p);
	if (t->close) {
		p->in_cell = false;
		p->col++;
		return;
	}
	p->in_cell = p->in_row && p->col < p->row.n;
	if (p->in_cell)
		p->row.cell[p->col].align = has_class(t, "num");
}

static void on_row(struct pdf *p, const struct tag *t)
{
	const struct widths *w = widths_of(p);
	static const double equal[CELLS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

	if (t->close)
		row_end(p);
	else
		row_begin(p, w != NULL ? w->w : equal, w != NULL ? w->n : 4, false);
}

static void on_table(struct pdf *p, const struct tag *t)
{
	block_flush(p);
	step(&p->table, t->close);
	if (t->close) {
		row_clear(&p->head);
		p->has_head = false;
		p->y += 8;
		return;
	}
	attr(t, "class", p->klass, sizeof(p->klass));
	p->y += 3;
}

/* A term and its value: a row of two cells. */
static void on_fact(struct pdf *p, const struct tag *t)
{
	static const double two[] = {27, 73};

	if (p->facts == 0)
		return;
	if (t->close)
		row_end(p);
	else
		row_begin(p, two, 2, false);
}

static void on_term(struct pdf *p, const struct tag *t, unsigned col)
{
	if (col == 1)
		step(&p->dd, t->close);
	block_flush(p);
	p->col = col;
	p->in_cell = !t->close && p->in_row;
}

static void on_list(struct pdf *p, const struct tag *t)
{
	block_flush(p);
	if (p->in_row)
		return;
	if (t->close) {
		if (p->list_depth > 0)
			p->list_depth--;
		p->y += 3;
		return;
	}
	if (p->list_depth < 7) {
		p->list_depth++;
		p->list_n[p->list_depth] = 0;
		p->list_ordered[p->list_depth] = strcmp(t->name, "ol") == 0;
	}
}

static void on_item(struct pdf *p, const struct tag *t)
{
	block_flush(p);
	step(&p->li, t->close);
	if (t->close || p->in_row || p->list_depth == 0)
		return;
	if (p->list_ordered[p->list_depth])
		snprintf(p->bullet, sizeof(p->bullet), "%u.", ++p->list_n[p->list_depth]);
	else
		snprintf(p->bullet, sizeof(p->bullet), "\xe2\x80\xa2");
}

static void on_heading(struct pdf *p, const struct tag *t)
{
	block_flush(p);
	p->heading = t->close ? 0 : (unsigned)(t->name[1] - '0');
	if (p->heading > 4)
		p->heading = 4;
	kt_buf_reset(&p->title);
}

static void add_blank(struct pdf *p)
{
	const struct pdf_style s = style_now(p);

	add_cp(p, &s, ' ');
}

static void on_small(struct pdf *p, const struct tag *t)
{
	if (p->li == 0 && p->heading == 0 && !p->in_caption)
		block_flush(p);
	else if (!t->close)
		add_blank(p);
	if (p->heading > 0 && !t->close)
		add_blank(p);
	step(&p->small, t->close);
}

static void on_paragraph(struct pdf *p, const struct tag *t)
{
	block_flush(p);
	p->p_class[0] = '\0';
	if (!t->close)
		attr(t, "class", p->p_class, sizeof(p->p_class));
}

static void on_span(struct pdf *p, const struct tag *t)
{
	if (!t->close && (has_class(t, "kv") || has_class(t, "flag")))
		block_flush(p);
}

static void on_caption(struct pdf *p, const struct tag *t)
{
	block_flush(p);
	if (!t->close)
		page_need(p, 110); /* the head and most first rows */
	step(&p->small, t->close);
}

static void on_svg(struct pdf *p, const struct tag *t)
{
	double h;

	if (!t->close) {
		block_flush(p);
		kt_buf_reset(&p->svg);
		p->in_svg = true;
		return;
	}
	p->in_svg = false;
	h = svg_height(kt_buf_cstr(&p->svg), p->svg.len, p->w);
	page_need(p, h + 8);
	svg_draw(p, kt_buf_cstr(&p->svg), p->svg.len, p->x, p->y, p->w);
	p->y += h + 8;
}

static void on_card(struct pdf *p, const struct tag *t)
{
	(void)t;
	block_flush(p);
	p->y += 4;
}

/* What the screen alone shows. */
static bool skipped(const struct tag *t)
{
	return strcmp(t->name, "head") == 0 || strcmp(t->name, "nav") == 0 ||
	       (strcmp(t->name, "a") == 0 && has_class(t, "skip"));
}

static void tag(struct pdf *p, const struct tag *t)
{
	static const struct {
		const char *name;
		void (*fn)(struct pdf *p, const struct tag *t);
	} known[] = {
		{"td", on_cell},      {"th", on_cell},	   {"tr", on_row},
		{"table", on_table},  {"div", on_fact},	   {"ul", on_list},
		{"ol", on_list},      {"li", on_item},	   {"h1", on_heading},
		{"h2", on_heading},   {"h3", on_heading},  {"h4", on_heading},
		{"p", on_paragraph},  {"small", on_small}, {"caption", on_caption},
		{"article", on_card}, {"span", on_span},   {"svg", on_svg},
		{"bdi", isolate},
	};
	const char *n = t->name;

	if (p->skip > 0 || skipped(t)) {
		/* these hold none of their own kind; an <a> may stand in a nav */
		if (strcmp(n, "head") == 0 || strcmp(n, "nav") == 0)
			step(&p->skip, t->close);
		else if (strcmp(n, "a") == 0 && (p->skip == 0 || p->skip == 100))
			p->skip = t->close ? 0 : 100;
		return;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, n) == 0) {
			known[i].fn(p, t);
			return;
		}
	if (strcmp(n, "thead") == 0) {
		if (t->close && p->has_head)
			return;
	} else if (strcmp(n, "dt") == 0 || strcmp(n, "dd") == 0) {
		on_term(p, t, n[1] == 'd');
	} else if (strcmp(n, "dl") == 0) {
		block_flush(p);
		step(&p->facts, t->close);
		p->y += t->close ? 5 : 0;
	} else if (strcmp(n, "strong") == 0 || strcmp(n, "b") == 0) {
		step(&p->bold, t->close);
	} else if (strcmp(n, "code") == 0) {
		if (t->close)
			isolate(p, t);
		step(&p->mono, t->close);
		if (!t->close)
			isolate(p, t);
	} else if (strcmp(n, "figcaption") == 0) {
		block_flush(p);
		step(&p->small, t->close);
		p->in_caption = !t->close;
		p->y += t->close ? 6 : 0;
	} else if (strcmp(n, "hr") == 0) { /* what follows wants most of a sheet */
		block_flush(p);
		page_need(p, 460);
	} else if (strcmp(n, "br") == 0 || strcmp(n, "section") == 0 || strcmp(n, "figure") == 0 ||
		   strcmp(n, "footer") == 0 || strcmp(n, "header") == 0) {
		block_flush(p);
	}
}

/* The head of a table is known by its tag alone. */
static void note_head(struct pdf *p, const struct tag *t)
{
	if (strcmp(t->name, "th") == 0 && !t->close && p->in_row && p->col == 0) {
		char scope[8];

		if (attr(t, "scope", scope, sizeof(scope)) && strcmp(scope, "col") == 0)
			p->row.head = true;
	}
}

static void one_tag(struct pdf *p, const char *s, size_t n)
{
	struct tag t = {.close = n > 0 && *s == '/'};
	size_t k = 0;

	if (t.close) {
		s++;
		n--;
	}
	while (k < n && k + 1 < sizeof(t.name) && s[k] != ' ' && s[k] != '\n' && s[k] != '/') {
		t.name[k] = s[k];
		k++;
	}
	t.attrs = s + k;
	t.nattrs = n - k;
	if (p->in_svg && strcmp(t.name, "svg") != 0) {
		kt_buf_putc(&p->svg, '<');
		kt_buf_puts(&p->svg, t.close ? "/" : "");
		kt_buf_put(&p->svg, s, n);
		kt_buf_putc(&p->svg, '>');
		return;
	}
	note_head(p, &t);
	tag(p, &t);
	if (p->in_svg) { /* its own attributes: the size */
		kt_buf_putc(&p->svg, '<');
		kt_buf_put(&p->svg, s, n);
		kt_buf_putc(&p->svg, '>');
	}
}

void markup_put(struct pdf *p, const char *s, size_t n)
{
	const char *b;
	size_t len, i = 0;

	kt_buf_put(&p->pending, s, n);
	if (p->pending.failed) {
		p->failed = true;
		return;
	}
	b = (const char *)p->pending.p;
	len = p->pending.len;
	while (i < len) {
		const char *lt = memchr(b + i, '<', len - i), *gt;
		size_t to = lt != NULL ? (size_t)(lt - b) : len;

		/* text is taken when its end is known, so that no character is cut in two */
		if (lt == NULL)
			break;
		gt = memchr(lt, '>', len - to);
		if (gt == NULL)
			break;
		if (p->in_svg)
			kt_buf_put(&p->svg, b + i, to - i);
		else
			text(p, b + i, to - i);
		one_tag(p, lt + 1, (size_t)(gt - lt) - 1);
		i = (size_t)(gt - b) + 1;
	}
	memmove(p->pending.p, p->pending.p + i, len - i);
	p->pending.len = len - i;
}
