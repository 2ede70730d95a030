/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/pdf/fonts.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/io.h"
#include "reports/pdf/shapes.h"

#include <cairo-ft.h>
#include <fcntl.h>
#include <ft2build.h>
#include FT_FREETYPE_H
#include <stdio.h>
#include <stdlib.h>

#define FONT_DIR "/usr/share/fonts/truetype/noto/"
#define FONT_MAX ((size_t)4 << 20)

/* The page's own faces first; then one family a script, those of the people met most often first. */
static const struct {
	const char *name;
	bool mono;
} families[] = {
	{"NotoSans", false},	     {"NotoSansMono", true},	    {"NotoSansArabic", false},
	{"NotoSansEthiopic", false}, {"NotoSansHebrew", false},	    {"NotoSansArmenian", false},
	{"NotoSansGeorgian", false}, {"NotoSansDevanagari", false}, {"NotoSansBengali", false},
	{"NotoSansGurmukhi", false}, {"NotoSansTamil", false},	    {"NotoSansSinhala", false},
	{"NotoSansThai", false},     {"NotoSansSymbols", false},    {"NotoSansMath", false},
	{"NotoSansTifinagh", false}, {"NotoSansMyanmar", false},    {"NotoSansThaana", false},
};

static int load(struct pdf_fonts *f, const char *path, bool bold, bool mono, struct kt_err *err)
{
	struct pdf_font *font = &f->font[f->n];
	struct kt_buf b;
	hb_blob_t *blob;
	FT_Face ft;
	int r;

	if (f->n == PDF_FONTS_MAX)
		return KT_FAIL(err, KT_E_LIMIT, "too many fonts");
	kt_buf_init(&b, FONT_MAX);
	r = kt_file_read(AT_FDCWD, path, FONT_MAX, &b, err);
	if (r < 0) {
		kt_buf_free(&b);
		return r;
	}
	/* the bytes stay for as long as the process: FreeType and HarfBuzz point into them */
	if (FT_New_Memory_Face(f->ft, b.p, (FT_Long)b.len, 0, &ft) != 0) {
		kt_buf_free(&b);
		return KT_FAIL(err, KT_E_FORMAT, "%.120s is no font", path);
	}
	blob = hb_blob_create((const char *)b.p, (unsigned)b.len, HB_MEMORY_MODE_READONLY, NULL,
			      NULL);
	font->face = hb_face_create(blob, 0);
	hb_blob_destroy(blob);
	font->hb = hb_font_create(font->face);
	font->cairo = cairo_ft_font_face_create_for_ft_face(ft, FT_LOAD_NO_HINTING);
	font->upem = hb_face_get_upem(font->face);
	font->ascent = (double)ft->ascender / font->upem;
	font->descent = -(double)ft->descender / font->upem;
	font->bold = bold;
	font->mono = mono;
	f->n++;
	return 0;
}

static int font_for(const struct pdf_fonts *f, enum pdf_face face, uint32_t cp)
{
	hb_codepoint_t glyph;
	int other = -1;

	for (size_t i = 0; i < f->n; i++) {
		const struct pdf_font *font = &f->font[i];

		if (font->mono != (face == PDF_MONO && font->mono) ||
		    !hb_font_get_nominal_glyph(font->hb, cp, &glyph))
			continue;
		if (font->mono || (face != PDF_MONO && font->bold == (face == PDF_BOLD)))
			return (int)i;
		if (other < 0)
			other = (int)i;
	}
	return other;
}

int pdf_fonts_load(struct pdf_fonts *f, struct kt_err *err)
{
	FT_Library lib;

	f->n = 0;
	if (FT_Init_FreeType(&lib) != 0)
		return KT_FAIL(err, KT_E_NOMEM, "FreeType does not start");
	f->ft = lib;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (int bold = 0; bold < (families[i].mono ? 1 : 2); bold++) {
			struct kt_err local = {0};
			char path[128];
			int r;

			snprintf(path, sizeof(path), FONT_DIR "%s-%s.ttf", families[i].name,
				 bold ? "Bold" : "Regular");
			r = load(f, path, bold, families[i].mono, &local);
			if (r < 0 && i < 2)
				return KT_FAIL(err, KT_E_ABSENT,
					       "%s can't be read; install the packages "
					       "fonts-noto-core and fonts-noto-mono",
					       path);
			if (r == KT_E_NOMEM || r == KT_E_LIMIT)
				return KT_FAIL(err, r, "%s", kt_err_text(&local));
		}
	for (unsigned face = 0; face < PDF_FACES; face++)
		for (uint32_t cp = 0; cp < PDF_NEAR; cp++)
			f->near[face][cp] = (int8_t)font_for(f, (enum pdf_face)face, cp);
	f->shapes = pdf_shapes_new();
	return f->shapes == NULL ? KT_FAIL(err, KT_E_NOMEM, "no memory") : 0;
}

int pdf_font_for(const struct pdf_fonts *f, enum pdf_face face, uint32_t cp)
{
	return cp < PDF_NEAR ? f->near[face][cp] : font_for(f, face, cp);
}
