/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A paragraph: characters with styles, put in order (FriBidi, with isolates), shaped (HarfBuzz),
 * broken into lines and drawn (cairo). The page reads from left to right; a text in another
 * direction keeps its own inside its isolate.
 */
#ifndef KT_REPORTS_PDF_TEXT_H
#define KT_REPORTS_PDF_TEXT_H

#include "reports/pdf/fonts.h"

#define PDF_LRI	  0x2066u /* left-to-right isolate */
#define PDF_FSI	  0x2068u /* isolate in the direction of its first strong character */
#define PDF_PDI	  0x2069u
#define PDF_BREAK 0x2028u /* new line */

struct pdf_style {
	enum pdf_face face;
	double size;
	uint8_t ink; /* enum pdf_ink */
};
enum pdf_ink { PDF_INK, PDF_SOFT, PDF_LINE, PDF_PANEL, PDF_ACCENT, PDF_INKS };

struct pdf_para {
	uint32_t *cp;
	uint8_t *style;
	size_t n, cap;
	struct pdf_style styles[200];
	size_t nstyles;
	bool failed; /* no memory */
};

void pdf_para_reset(struct pdf_para *p);
void pdf_para_free(struct pdf_para *p);
void pdf_para_add(struct pdf_para *p, const struct pdf_style *s, const char *utf8, size_t n);
void pdf_para_cp(struct pdf_para *p, const struct pdf_style *s, uint32_t cp);

struct pdf_line {
	size_t piece, npieces;
	double width, ascent, height;
};

/* What is left of a paragraph once it has a width; owns its arrays. */
struct pdf_layout {
	uint32_t *cp;
	struct pdf_glyph {
		uint32_t id, cluster; /* cluster: index of its first character */
		float dx, dy, advance;
	} * glyph;
	struct pdf_piece {
		size_t glyph, nglyphs, first, nchars;
		uint16_t font;
		uint8_t ink;
		bool rtl;
		float size, width;
		uint8_t level;
	} * piece;
	struct pdf_line *line;
	size_t nchars, nglyphs, npieces, nlines;
	size_t cap_glyphs, cap_pieces, cap_lines;
	double height;
};

/* Lays out and empties nothing: the paragraph stays. NULL: no memory. Free with pdf_layout_free(). */
struct pdf_layout *pdf_layout(const struct pdf_fonts *f, const struct pdf_para *p, double width);
void pdf_layout_free(struct pdf_layout *l);
/* Draws one line with its top at y. align: 0 left, 1 right (within width), 2 middle. */
void pdf_line_draw(cairo_t *cr, const struct pdf_fonts *f, const struct pdf_layout *l, size_t line,
		   double x, double y, double width, int align);
void pdf_ink(cairo_t *cr, enum pdf_ink ink);

#endif
