/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Fonts of the paper report: a fixed list of files, read into memory before the sandbox closes and
 * never looked up by name, so that a page looks alike wherever these files are alike. No
 * fontconfig: it would open files while a text from the phone is being laid out.
 */
#ifndef KT_REPORTS_PDF_FONTS_H
#define KT_REPORTS_PDF_FONTS_H

#include <cairo.h>
#include <hb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_err;
struct pdf_shapes;

enum pdf_face { PDF_SANS, PDF_BOLD, PDF_MONO, PDF_FACES };

#define PDF_FONTS_MAX 40u

struct pdf_font {
	cairo_font_face_t *cairo;
	hb_face_t *face;
	hb_font_t *hb;
	double upem, ascent, descent; /* as parts of the size */
	bool bold, mono;
};

#define PDF_NEAR 0x180u

struct pdf_fonts {
	struct pdf_font font[PDF_FONTS_MAX];
	size_t n;
	int8_t near[PDF_FACES]
		   [PDF_NEAR]; /* which font has a Latin letter, as pdf_font_for() says */
	struct pdf_shapes *shapes;
	void *ft; /* FreeType's library */
};

/*
 * Reads the fonts. The three faces of the page itself must be there (KT_E_ABSENT names the package
 * that has them); those of further scripts are used as far as they are installed.
 */
int pdf_fonts_load(struct pdf_fonts *f, struct kt_err *err);
/* The font that has a character in a face; -1: none. */
int pdf_font_for(const struct pdf_fonts *f, enum pdf_face face, uint32_t cp);

#endif
