/* SPDX-License-Identifier: EUPL-1.2 */
/* Shared by the files of reports/pdf/ alone: the pages under way. */
#ifndef KT_REPORTS_PDF_PDF_I_H
#define KT_REPORTS_PDF_PDF_I_H

#include "core/buf.h"
#include "core/tr.h"
#include "reports/pdf/pdf.h"
#include "reports/pdf/text.h"

#define PAGE_W	 595.276 /* A4 in points */
#define PAGE_H	 841.89
#define MARGIN_X 42.0
#define BODY_TOP 56.0
#define BODY_END (PAGE_H - 58.0)
#define BODY_W	 (PAGE_W - 2 * MARGIN_X)

#define CELLS_MAX 12u

struct cell {
	struct pdf_layout **l;
	size_t n, cap;
	double x, w;
	int align;
};

struct row {
	struct cell cell[CELLS_MAX];
	unsigned n;
	bool head, rule;
};

struct pdf {
	const struct pdf_fonts *fonts;
	enum kt_lang lang;
	cairo_surface_t *surface;
	cairo_t *cr;
	bool draw; /* false: the first pass, which counts the pages */
	double y;
	unsigned page, pages;
	const char *sha256;
	char case_id[80], case_ref[200];
	bool failed; /* no memory */

	/* the block that is being read */
	struct pdf_para para;
	double x, w; /* where it goes, outside of a row */
	char bullet[16];
	unsigned list_depth, list_n[8];
	bool list_ordered[8];
	struct row row, head; /* head: drawn again on every page */
	bool in_row, in_cell, has_head, in_caption;
	unsigned col;

	/* inline state */
	unsigned bold, mono, small, skip, heading, table, facts, counts, li, dd;
	double size;
	char klass[32]; /* of the table */
	char p_class[32];
	struct kt_buf title; /* text of the heading under way, for the outline */
	int outline[5];

	struct kt_buf svg;
	bool in_svg;
	struct kt_buf pending; /* markup that is not yet complete */
};

/* page.c */
void page_begin(struct pdf *p);
void page_end(struct pdf *p);
/* Makes sure that there is room for h points; a new page otherwise. */
void page_need(struct pdf *p, double h);
/* The paragraph under way goes into its cell or onto the page. */
void block_flush(struct pdf *p);
void row_begin(struct pdf *p, const double *widths, unsigned n, bool head);
void row_end(struct pdf *p);
void row_clear(struct row *r);

/* markup.c */
void markup_put(struct pdf *p, const char *s, size_t n);

/* svg.c: the drawing scaled to the width at x; its height in points. Draws nothing in the first pass. */
double svg_height(const char *s, size_t n, double width);
void svg_draw(struct pdf *p, const char *s, size_t n, double x, double y, double width);

#endif
