/* SPDX-License-Identifier: EUPL-1.2 */
/* Sheets, paragraphs and rows of tables. */
#include "reports/pdf/pdf_i.h"

#include <cairo-pdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL_PAD  3.0
#define PARA_GAP  5.0
#define HEAD_ROOM 70.0 /* the head of a table needs some of its rows below it */
/* and a heading its text, or a sentence, a caption and the beginning of a table */
#define TEXT_ROOM 140.0

/* -- sheets ----------------------------------------------------------------------------------- */

static void rule(struct pdf *p, double x, double y, double w, enum pdf_ink ink, double thick)
{
	if (!p->draw)
		return;
	pdf_ink(p->cr, ink);
	cairo_set_line_width(p->cr, thick);
	cairo_move_to(p->cr, x, y);
	cairo_line_to(p->cr, x + w, y);
	cairo_stroke(p->cr);
}

/* One line of the sheet's own: label, then a token on its own from left to right. */
static void furniture(struct pdf *p, const char *label, const char *token, enum pdf_face face,
		      double y, int align)
{
	const struct pdf_style words = {PDF_SANS, 7, PDF_SOFT}, mono = {face, 7, PDF_SOFT};
	struct pdf_para para = {0};
	struct pdf_layout *l;

	if (!p->draw)
		return;
	pdf_para_add(&para, &words, label, strlen(label));
	pdf_para_cp(&para, &words, ' ');
	pdf_para_cp(&para, &mono, face == PDF_MONO ? PDF_LRI : PDF_FSI);
	pdf_para_add(&para, &mono, token, strlen(token));
	pdf_para_cp(&para, &mono, PDF_PDI);
	l = pdf_layout(p->fonts, &para, BODY_W);
	if (l != NULL && l->nlines > 0)
		pdf_line_draw(p->cr, p->fonts, l, 0, MARGIN_X, y, BODY_W, align);
	p->failed |= l == NULL;
	pdf_layout_free(l);
	pdf_para_free(&para);
}

void page_begin(struct pdf *p)
{
	p->page++;
	p->y = BODY_TOP;
	furniture(p, kt_tr(p->lang, N_("Evidence report")), p->case_ref, PDF_SANS, 28, 0);
	furniture(p, "Keten", "", PDF_SANS, 28, 1);
	rule(p, MARGIN_X, 42, BODY_W, PDF_LINE, 0.6);
}

void page_end(struct pdf *p)
{
	char number[64];

	rule(p, MARGIN_X, PAGE_H - 46, BODY_W, PDF_LINE, 0.6);
	furniture(p, kt_tr(p->lang, N_("SHA-256 of report.json")), p->sha256, PDF_MONO, PAGE_H - 41,
		  0);
	furniture(p, kt_tr(p->lang, N_("Case")), p->case_id, PDF_MONO, PAGE_H - 30, 0);
	snprintf(number, sizeof(number), "%u / %u", p->page, p->pages);
	furniture(p, kt_tr(p->lang, N_("Page")), number, PDF_SANS, PAGE_H - 30, 1);
	if (p->draw)
		cairo_show_page(p->cr);
}

/* -- rows ------------------------------------------------------------------------------------- */

static double cell_height(const struct cell *c)
{
	double h = 0;

	for (size_t i = 0; i < c->n; i++)
		h += c->l[i]->height;
	return h + 2 * CELL_PAD;
}

static double row_height(const struct row *r)
{
	double h = 0;

	for (unsigned i = 0; i < r->n; i++)
		if (cell_height(&r->cell[i]) > h)
			h = cell_height(&r->cell[i]);
	return h;
}

/* Draws lines of a cell from *at on, as far as they fit above the end; true when it is done. */
static bool cell_draw(struct pdf *p, const struct cell *c, size_t at[2], double y, double end,
		      double *used)
{
	bool any = false;

	y += CELL_PAD;
	for (; at[0] < c->n; at[0]++, at[1] = 0) {
		const struct pdf_layout *l = c->l[at[0]];

		for (; at[1] < l->nlines; at[1]++) {
			double h = l->line[at[1]].height;

			if (y + h > end && any)
				return false;
			if (p->draw)
				pdf_line_draw(p->cr, p->fonts, l, at[1], c->x + CELL_PAD, y,
					      c->w - 2 * CELL_PAD, c->align);
			y += h;
			any = true;
			if (y + CELL_PAD > *used)
				*used = y + CELL_PAD;
		}
	}
	return true;
}

static void row_draw(struct pdf *p, const struct row *r);

static void new_page(struct pdf *p, bool with_head)
{
	page_end(p);
	page_begin(p);
	if (with_head && p->has_head)
		row_draw(p, &p->head);
}

/* NOLINTNEXTLINE(misc-no-recursion): a new page draws the head, which fits */
static void row_draw(struct pdf *p, const struct row *r)
{
	size_t at[CELLS_MAX][2] = {{0}};
	double h = row_height(r);

	if (p->y + h > BODY_END && !r->head && h < BODY_END - BODY_TOP - 60)
		new_page(p, true);
	for (;;) {
		double used = p->y;
		bool done = true;

		if (r->head && p->draw) {
			pdf_ink(p->cr, PDF_PANEL);
			cairo_rectangle(p->cr, r->cell[0].x, p->y, p->w - (r->cell[0].x - p->x), h);
			cairo_fill(p->cr);
		}
		for (unsigned i = 0; i < r->n; i++)
			done &= cell_draw(p, &r->cell[i], at[i], p->y, BODY_END, &used);
		p->y = used;
		if (r->rule)
			rule(p, r->cell[0].x, p->y, p->w - (r->cell[0].x - p->x),
			     r->head ? PDF_INK : PDF_LINE, r->head ? 0.9 : 0.5);
		if (done)
			break;
		new_page(p, true);
	}
}

void row_clear(struct row *r)
{
	for (unsigned i = 0; i < CELLS_MAX; i++) {
		for (size_t k = 0; k < r->cell[i].n; k++)
			pdf_layout_free(r->cell[i].l[k]);
		free(r->cell[i].l);
	}
	memset(r, 0, sizeof(*r));
}

void row_begin(struct pdf *p, const double *widths, unsigned n, bool head)
{
	double sum = 0, x = p->x;

	block_flush(p);
	row_clear(&p->row);
	for (unsigned i = 0; i < n; i++)
		sum += widths[i];
	for (unsigned i = 0; i < n; i++) {
		p->row.cell[i].x = x;
		p->row.cell[i].w = p->w * widths[i] / sum;
		x += p->row.cell[i].w;
	}
	p->row.n = n;
	p->row.head = head;
	p->row.rule = true;
	p->in_row = true;
	p->in_cell = false;
	p->col = 0;
}

void row_end(struct pdf *p)
{
	block_flush(p);
	if (!p->in_row)
		return;
	p->in_row = p->in_cell = false;
	if (p->row.head) {
		if (p->y + HEAD_ROOM > BODY_END)
			new_page(p, false);
		row_draw(p, &p->row);
		row_clear(&p->head);
		p->head = p->row;
		memset(&p->row, 0, sizeof(p->row));
		p->has_head = true;
		return;
	}
	row_draw(p, &p->row);
	row_clear(&p->row);
}

/* -- paragraphs ------------------------------------------------------------------------------- */

void page_need(struct pdf *p, double h)
{
	if (p->y + h > BODY_END)
		new_page(p, false);
}

static void into_cell(struct pdf *p)
{
	struct cell *c = &p->row.cell[p->col < CELLS_MAX ? p->col : CELLS_MAX - 1];
	struct pdf_layout *l = pdf_layout(p->fonts, &p->para, c->w - 2 * CELL_PAD), **q;

	if (l == NULL) {
		p->failed = true;
		return;
	}
	if (c->n == c->cap) {
		q = realloc(c->l, (c->cap + 4) * sizeof(struct pdf_layout *));
		if (q == NULL) {
			p->failed = true;
			pdf_layout_free(l);
			return;
		}
		c->l = q;
		c->cap += 4;
	}
	c->l[c->n++] = l;
}

static void outline(struct pdf *p)
{
	char attr[64];
	unsigned lev = p->heading, up = lev - 1;
	int parent = CAIRO_PDF_OUTLINE_ROOT;

	for (; up > 0; up--)
		if (p->outline[up] > 0) {
			parent = p->outline[up];
			break;
		}
	for (unsigned i = lev + 1; i < 5; i++)
		p->outline[i] = 0;
	snprintf(attr, sizeof(attr), "page=%u pos=[%d %d]", p->page, (int)MARGIN_X, (int)p->y);
	p->outline[lev] =
		cairo_pdf_surface_add_outline(p->surface, parent, kt_buf_cstr(&p->title), attr,
					      lev <= 2 ? CAIRO_PDF_OUTLINE_FLAG_OPEN : 0);
}

/* A result or a banner stands in a box. */
static bool boxed(const struct pdf *p)
{
	return strcmp(p->p_class, "result") == 0 || strcmp(p->p_class, "banner") == 0 ||
	       strcmp(p->p_class, "finding") == 0 || strcmp(p->p_class, "more") == 0;
}

static void onto_page(struct pdf *p)
{
	bool box = boxed(p);
	double x = p->x + (box ? 8 : 0) + 12 * (p->list_depth > 0 ? p->list_depth : 0);
	double w = p->w - (x - p->x) - (box ? 8 : 0);
	struct pdf_layout *l = pdf_layout(p->fonts, &p->para, w);

	if (l == NULL) {
		p->failed = true;
		return;
	}
	if (p->heading > 0) {
		p->y += p->heading == 2 ? 14 : p->heading > 2 ? 9 : 4;
		page_need(p, l->height + TEXT_ROOM);
		if (p->draw)
			outline(p);
	}
	if (box) {
		page_need(p, l->height + 14 < 300 ? l->height + 14 : 60);
		if (p->draw && p->y + l->height + 12 < BODY_END) {
			pdf_ink(p->cr, PDF_PANEL);
			cairo_rectangle(p->cr, p->x, p->y, p->w, l->height + 12);
			cairo_fill(p->cr);
			pdf_ink(p->cr, PDF_INK);
			cairo_rectangle(p->cr, p->x, p->y, 2.5, l->height + 12);
			cairo_fill(p->cr);
		}
		p->y += 6;
	}
	for (size_t i = 0; i < l->nlines; i++) {
		page_need(p, l->line[i].height);
		if (i == 0 && p->bullet[0] != '\0' && p->draw) {
			const struct pdf_style s = {PDF_SANS, 9, PDF_INK};
			struct pdf_para b = {0};
			struct pdf_layout *bl;

			pdf_para_add(&b, &s, p->bullet, strlen(p->bullet));
			bl = pdf_layout(p->fonts, &b, 40);
			if (bl != NULL && bl->nlines > 0)
				pdf_line_draw(p->cr, p->fonts, bl, 0, x - 12, p->y, 12, 0);
			pdf_layout_free(bl);
			pdf_para_free(&b);
		}
		if (p->draw)
			pdf_line_draw(p->cr, p->fonts, l, i, x, p->y, w, 0);
		p->y += l->line[i].height;
	}
	p->bullet[0] = '\0';
	p->y += box ? 6 + PARA_GAP : p->li > 0 ? 2 : PARA_GAP;
	if (p->heading == 2 || p->heading == 1)
		rule(p, p->x, p->y - 3, p->w, p->heading == 1 ? PDF_INK : PDF_LINE, 0.7);
	pdf_layout_free(l);
}

void block_flush(struct pdf *p)
{
	struct pdf_para *q = &p->para;

	while (q->n > 0 && (q->cp[q->n - 1] == ' ' || q->cp[q->n - 1] == PDF_BREAK))
		q->n--;
	if (q->n > 0 && !(p->in_row && !p->in_cell)) {
		if (p->in_row)
			into_cell(p);
		else
			onto_page(p);
	}
	pdf_para_reset(q);
}
