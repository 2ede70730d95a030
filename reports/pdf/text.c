/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/pdf/text.h"
#include "core/json.h"
#include "reports/pdf/shapes.h"

#include <fribidi.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#define PARA_MAX (1u << 20)
#define LINE_GAP 1.22
#define NO_FONT	 UINT16_MAX

void pdf_ink(cairo_t *cr, enum pdf_ink ink)
{
	static const double rgb[PDF_INKS][3] = {
		{0.10, 0.13, 0.18},    {0.28, 0.33, 0.39}, {0.72, 0.75, 0.79},
		{0.955, 0.963, 0.972}, {0.11, 0.31, 0.49},
	};

	cairo_set_source_rgb(cr, rgb[ink][0], rgb[ink][1], rgb[ink][2]);
}

/* -- characters ------------------------------------------------------------------------------- */

void pdf_para_reset(struct pdf_para *p)
{
	p->n = p->nstyles = 0;
}

void pdf_para_free(struct pdf_para *p)
{
	free(p->cp);
	free(p->style);
	memset(p, 0, sizeof(*p));
}

static uint8_t style_of(struct pdf_para *p, const struct pdf_style *s)
{
	for (size_t i = p->nstyles; i-- > 0;)
		if (p->styles[i].face == s->face && p->styles[i].ink == s->ink &&
		    p->styles[i].size == s->size)
			return (uint8_t)i;
	if (p->nstyles == sizeof(p->styles) / sizeof(p->styles[0]))
		return (uint8_t)(p->nstyles - 1);
	p->styles[p->nstyles] = *s;
	return (uint8_t)p->nstyles++;
}

void pdf_para_cp(struct pdf_para *p, const struct pdf_style *s, uint32_t cp)
{
	if (p->n == p->cap) {
		size_t cap = p->cap == 0 ? 256 : p->cap * 2;
		uint32_t *c = cap <= PARA_MAX ? realloc(p->cp, cap * sizeof(*c)) : NULL;
		uint8_t *st;

		if (c == NULL) {
			p->failed = true;
			return;
		}
		p->cp = c;
		st = realloc(p->style, cap);
		if (st == NULL) {
			p->failed = true;
			return;
		}
		p->style = st;
		p->cap = cap;
	}
	p->cp[p->n] = cp;
	p->style[p->n++] = style_of(p, s);
}

void pdf_para_add(struct pdf_para *p, const struct pdf_style *s, const char *utf8, size_t n)
{
	const uint8_t *u = (const uint8_t *)utf8;
	size_t i = 0;

	while (i < n) {
		uint32_t cp;
		unsigned len = kt_utf8_next(u + i, n - i, &cp);

		if (len == 0) {
			len = 1;
			cp = 0xfffd;
		}
		pdf_para_cp(p, s, cp == '\n' ? ' ' : cp);
		i += len;
	}
}

/* -- layout ----------------------------------------------------------------------------------- */

struct work {
	const struct pdf_fonts *f;
	const struct pdf_para *p;
	struct pdf_layout *l;
	FriBidiLevel *level;
	uint16_t *font;
	float *advance; /* of the cluster that begins at the character */
	bool *starts;	/* a cluster begins here */
	struct {
		size_t first, n, glyph, nglyphs;
	} * item;
	size_t nitems;
	struct pdf_shape *shape; /* of a run that could not be remembered */
	size_t cap_shapes;
};

static bool grow(void **p, size_t *cap, size_t need, size_t each)
{
	size_t want = *cap == 0 ? 64 : *cap;
	void *q;

	if (need <= *cap)
		return true;
	while (want < need)
		want *= 2;
	q = realloc(*p, want * each);
	if (q == NULL)
		return false;
	*p = q;
	*cap = want;
	return true;
}

/* Marks, joiners and isolates go with the character before them. */
static bool follows(uint32_t cp)
{
	return (cp >= 0x300 && cp < 0x370) || (cp >= 0x200b && cp <= 0x200f) ||
	       (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x206f) ||
	       (cp >= 0xfe00 && cp <= 0xfe0f);
}

static void choose_fonts(struct work *w)
{
	uint16_t before = NO_FONT;

	for (size_t i = 0; i < w->p->n; i++) {
		uint32_t cp = w->p->cp[i];
		enum pdf_face face = w->p->styles[w->p->style[i]].face;
		int k = follows(cp) && before != NO_FONT ? before : pdf_font_for(w->f, face, cp);

		if (k < 0)
			k = pdf_font_for(w->f, face, ' ');
		w->font[i] = before = (uint16_t)k;
	}
}

/* ASCII alone reads from left to right on level 0, which is what the paragraph was begun with. */
static bool all_ascii(const struct pdf_para *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->cp[i] >= 0x80)
			return false;
	return true;
}

static bool levels(struct work *w)
{
	size_t n = w->p->n;
	FriBidiCharType *types = malloc(n * sizeof(*types));
	FriBidiBracketType *brackets = malloc(n * sizeof(*brackets));
	FriBidiParType dir = FRIBIDI_PAR_LTR;
	bool ok = types != NULL && brackets != NULL;

	if (ok) {
		fribidi_get_bidi_types(w->p->cp, (FriBidiStrIndex)n, types);
		fribidi_get_bracket_types(w->p->cp, (FriBidiStrIndex)n, types, brackets);
		ok = fribidi_get_par_embedding_levels_ex(types, brackets, (FriBidiStrIndex)n, &dir,
							 w->level) != 0;
	}
	free(types);
	free(brackets);
	return ok;
}

/* Has HarfBuzz shape a run; its glyphs come back in the units of the font. */
static const struct pdf_shape *shape_run(struct work *w, hb_buffer_t *b, const struct pdf_run *run,
					 size_t *count)
{
	hb_glyph_info_t *info;
	hb_glyph_position_t *pos;
	struct pdf_shape *out;
	unsigned got;

	hb_buffer_clear_contents(b);
	hb_buffer_add_utf32(b, run->cp, (int)run->total, (unsigned)run->first, (int)run->n);
	hb_buffer_set_direction(b, run->rtl ? HB_DIRECTION_RTL : HB_DIRECTION_LTR);
	hb_buffer_guess_segment_properties(b);
	hb_buffer_set_language(b, hb_language_from_string("und", -1));
	hb_shape(w->f->font[run->font].hb, b, NULL, 0);
	info = hb_buffer_get_glyph_infos(b, &got);
	pos = hb_buffer_get_glyph_positions(b, NULL);
	out = pdf_shapes_put(w->f->shapes, run, got);
	if (out == NULL) {
		if (!grow((void **)&w->shape, &w->cap_shapes, (size_t)got + 1, sizeof(*out)))
			return NULL;
		out = w->shape;
	}
	for (unsigned i = 0; i < got; i++)
		out[i] = (struct pdf_shape){info[i].codepoint,
					    info[i].cluster - (uint32_t)run->first, pos[i].x_offset,
					    pos[i].y_offset, pos[i].x_advance};
	*count = got;
	return out;
}

static bool shape_item(struct work *w, hb_buffer_t *b, size_t first, size_t n)
{
	const struct pdf_style *s = &w->p->styles[w->p->style[first]];
	double scale = s->size / w->f->font[w->font[first]].upem;
	struct pdf_run run = {w->p->cp, w->p->n,	first,
			      n,	w->font[first], w->level[first] % 2 == 1};
	struct pdf_layout *l = w->l;
	size_t got;
	const struct pdf_shape *sh = pdf_shapes_get(w->f->shapes, &run, &got);

	if (sh == NULL)
		sh = shape_run(w, b, &run, &got);
	if (sh == NULL ||
	    !grow((void **)&l->glyph, &l->cap_glyphs, l->nglyphs + got, sizeof(*l->glyph)))
		return false;
	w->item[w->nitems].first = first;
	w->item[w->nitems].n = n;
	w->item[w->nitems].glyph = l->nglyphs;
	w->item[w->nitems++].nglyphs = got;
	for (size_t i = 0; i < got; i++) {
		struct pdf_glyph *g = &l->glyph[l->nglyphs++];

		g->id = sh[i].id;
		g->cluster = (uint32_t)first + sh[i].cluster;
		g->dx = (float)(sh[i].dx * scale);
		g->dy = (float)(-sh[i].dy * scale);
		g->advance = (float)(sh[i].advance * scale);
		w->advance[g->cluster] += g->advance;
		w->starts[g->cluster] = true;
	}
	return true;
}

static bool shape(struct work *w)
{
	hb_buffer_t *b = hb_buffer_create();
	bool ok = true;

	for (size_t i = 0, k; ok && i < w->p->n; i = k) {
		for (k = i + 1; k < w->p->n && w->level[k] == w->level[i] &&
				w->font[k] == w->font[i] && w->p->style[k] == w->p->style[i];)
			k++;
		ok = shape_item(w, b, i, k - i);
	}
	hb_buffer_destroy(b);
	return ok;
}

/* How good a place for a new line is behind a character: 2 blank, 1 within a token, 0 none. */
static int break_behind(uint32_t cp)
{
	if (cp == ' ' || cp == '\t' || cp == 0x1361 || cp == 0x200b)
		return 2;
	return cp == '/' || cp == '-' || cp == '_' || cp == ',' || cp == ';' || cp == ':' ||
			       cp == '.' || cp == '&' || cp == '='
		       ? 1
		       : 0;
}

/* End of the line that begins at from. */
static size_t line_end(const struct work *w, size_t from, double width)
{
	size_t good = 0, fair = 0;
	double x = 0;

	for (size_t i = from; i < w->p->n; i++) {
		uint32_t cp = w->p->cp[i];
		int b = break_behind(cp);

		if (cp == PDF_BREAK)
			return i + 1;
		x += w->advance[i];
		if (x > width + 0.01 && b != 2 && i > from && w->starts[i]) {
			if (good > from)
				return good;
			return fair > from ? fair : i;
		}
		if (b == 2)
			good = i + 1;
		else if (b == 1)
			fair = i + 1;
	}
	return w->p->n;
}

static bool add_piece(struct work *w, size_t item, size_t from, size_t to)
{
	struct pdf_layout *l = w->l;
	size_t a = w->item[item].first, n = w->item[item].n;
	struct pdf_piece *pc;

	from = from > a ? from : a;
	to = to < a + n ? to : a + n;
	if (from >= to)
		return true;
	if (!grow((void **)&l->piece, &l->cap_pieces, l->npieces + 1, sizeof(*l->piece)))
		return false;
	pc = &l->piece[l->npieces++];
	memset(pc, 0, sizeof(*pc));
	pc->first = from;
	pc->nchars = to - from;
	pc->font = w->font[from];
	pc->size = (float)w->p->styles[w->p->style[from]].size;
	pc->ink = w->p->styles[w->p->style[from]].ink;
	pc->level = (uint8_t)w->level[from];
	pc->rtl = w->level[from] % 2 == 1;
	for (size_t g = 0; g < w->item[item].nglyphs; g++) {
		const struct pdf_glyph *gl = &l->glyph[w->item[item].glyph + g];

		if (gl->cluster < from || gl->cluster >= to)
			continue;
		if (pc->nglyphs++ == 0)
			pc->glyph = w->item[item].glyph + g;
		pc->width += gl->advance;
	}
	return true;
}

/* Pieces of a line in the order in which they are seen (rule L2 of the bidi algorithm). */
static void reorder(struct pdf_piece *p, size_t n)
{
	uint8_t most = 0;

	for (size_t i = 0; i < n; i++)
		if (p[i].level > most)
			most = p[i].level;
	for (uint8_t lev = most; lev > 0; lev--)
		for (size_t i = 0, k; i < n; i = k) {
			k = i + 1;
			if (p[i].level < lev)
				continue;
			while (k < n && p[k].level >= lev)
				k++;
			for (size_t a = i, b = k - 1; a < b; a++, b--) {
				struct pdf_piece t = p[a];

				p[a] = p[b];
				p[b] = t;
			}
		}
}

static bool add_line(struct work *w, size_t from, size_t to)
{
	struct pdf_layout *l = w->l;
	struct pdf_line *ln;
	double descent = 0;
	size_t end = to;

	/* blanks at the end take no room */
	while (end > from && (w->p->cp[end - 1] == ' ' || w->p->cp[end - 1] == PDF_BREAK))
		end--;
	if (!grow((void **)&l->line, &l->cap_lines, l->nlines + 1, sizeof(*l->line)))
		return false;
	ln = &l->line[l->nlines++];
	memset(ln, 0, sizeof(*ln));
	ln->piece = l->npieces;
	for (size_t i = 0; i < w->nitems; i++)
		if (!add_piece(w, i, from, end))
			return false;
	ln->npieces = l->npieces - ln->piece;
	for (size_t i = from; i < (end > from ? end : from + 1) && i < w->p->n; i++) {
		double size = w->p->styles[w->p->style[i]].size;
		/* the page's own font sets the line; others may reach a little beyond it */
		double asc = w->f->font[0].ascent * size, desc = w->f->font[0].descent * size;

		ln->ascent = asc > ln->ascent ? asc : ln->ascent;
		descent = desc > descent ? desc : descent;
	}
	for (size_t i = 0; i < ln->npieces; i++)
		ln->width += l->piece[ln->piece + i].width;
	reorder(l->piece + ln->piece, ln->npieces);
	ln->height = (ln->ascent + descent) *
		     (LINE_GAP / (w->f->font[0].ascent + w->f->font[0].descent));
	l->height += ln->height;
	return true;
}

static bool work_begin(struct work *w, size_t n)
{
	w->level = calloc(n, sizeof(*w->level));
	w->font = calloc(n, sizeof(*w->font));
	w->advance = calloc(n, sizeof(*w->advance));
	w->starts = calloc(n, sizeof(*w->starts));
	w->item = calloc(n, sizeof(*w->item));
	w->l->cp = calloc(n, sizeof(*w->l->cp));
	return w->level != NULL && w->font != NULL && w->advance != NULL && w->starts != NULL &&
	       w->item != NULL && w->l->cp != NULL;
}

struct pdf_layout *pdf_layout(const struct pdf_fonts *f, const struct pdf_para *p, double width)
{
	struct work w = {.f = f, .p = p};
	bool ok;

	w.l = calloc(1, sizeof(*w.l));
	if (w.l == NULL || p->n == 0 || p->failed)
		return w.l;
	ok = work_begin(&w, p->n);
	if (ok) {
		memcpy(w.l->cp, p->cp, p->n * sizeof(*p->cp));
		w.l->nchars = p->n;
		choose_fonts(&w);
		ok = (all_ascii(p) || levels(&w)) && shape(&w);
	}
	for (size_t i = 0, to; ok && i < p->n; i = to) {
		to = line_end(&w, i, width);
		ok = add_line(&w, i, to);
	}
	free(w.level);
	free(w.font);
	free(w.advance);
	free(w.starts);
	free(w.item);
	free(w.shape);
	if (!ok) {
		pdf_layout_free(w.l);
		return NULL;
	}
	return w.l;
}

void pdf_layout_free(struct pdf_layout *l)
{
	if (l == NULL)
		return;
	free(l->cp);
	free(l->glyph);
	free(l->piece);
	free(l->line);
	free(l);
}

/* -- drawing ---------------------------------------------------------------------------------- */

#define PIECE_MAX 4096u

/* Which characters each run of glyphs stands for, so that text can be searched and copied. */
static int clusters_of(const struct pdf_layout *l, const struct pdf_piece *pc,
		       cairo_text_cluster_t *out, char *utf8, int *bytes)
{
	size_t at = 0, end = pc->first + pc->nchars;
	int n = 0;

	*bytes = 0;
	/* in order of characters; for text from right to left the glyphs come the other way */
	for (size_t i = 0, k; i < pc->nglyphs; i = k) {
		size_t g = pc->rtl ? pc->nglyphs - 1 - i : i;
		uint32_t from = l->glyph[pc->glyph + g].cluster;
		size_t to = end;

		for (k = i + 1; k < pc->nglyphs; k++) {
			size_t h = pc->rtl ? pc->nglyphs - 1 - k : k;

			if (l->glyph[pc->glyph + h].cluster != from) {
				to = l->glyph[pc->glyph + h].cluster;
				break;
			}
		}
		out[n].num_glyphs = (int)(k - i);
		out[n].num_bytes = 0;
		for (size_t c = n == 0 ? pc->first : from; c < to; c++) {
			size_t len = kt_utf8_put((uint8_t *)utf8 + at, l->cp[c]);

			at += len;
			out[n].num_bytes += (int)len;
		}
		n++;
	}
	*bytes = (int)at;
	return n;
}

static void draw_piece(cairo_t *cr, const struct pdf_fonts *f, const struct pdf_layout *l,
		       const struct pdf_piece *pc, double x, double y)
{
	cairo_glyph_t *g;
	cairo_text_cluster_t *c;
	char *utf8;
	int bytes, n;

	if (pc->nglyphs == 0 || pc->nglyphs > PIECE_MAX || pc->nchars > PIECE_MAX)
		return;
	g = malloc(pc->nglyphs * sizeof(*g));
	c = malloc(pc->nglyphs * sizeof(*c));
	utf8 = malloc(pc->nchars * 4 + 1);
	if (g != NULL && c != NULL && utf8 != NULL) {
		for (size_t i = 0; i < pc->nglyphs; i++) {
			const struct pdf_glyph *s = &l->glyph[pc->glyph + i];

			g[i].index = s->id;
			g[i].x = x + (double)s->dx;
			g[i].y = y + (double)s->dy;
			x += (double)s->advance;
		}
		n = clusters_of(l, pc, c, utf8, &bytes);
		pdf_ink(cr, pc->ink);
		cairo_set_font_face(cr, f->font[pc->font].cairo);
		cairo_set_font_size(cr, (double)pc->size);
		cairo_show_text_glyphs(cr, utf8, bytes, g, (int)pc->nglyphs, c, n,
				       pc->rtl ? CAIRO_TEXT_CLUSTER_FLAG_BACKWARD : 0);
	}
	free(g);
	free(c);
	free(utf8);
}

void pdf_line_draw(cairo_t *cr, const struct pdf_fonts *f, const struct pdf_layout *l, size_t line,
		   double x, double y, double width, int align)
{
	const struct pdf_line *ln = &l->line[line];

	if (align == 1)
		x += width - ln->width;
	else if (align == 2)
		x += (width - ln->width) / 2;
	for (size_t i = 0; i < ln->npieces; i++) {
		const struct pdf_piece *pc = &l->piece[ln->piece + i];

		draw_piece(cr, f, l, pc, x, y + ln->ascent);
		x += (double)pc->width;
	}
}
