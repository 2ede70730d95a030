/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The drawings of the page on paper: path (M, L, Z with absolute coordinates), polyline, line, circle, rect and
 * text, with a class each; what a class looks like stands in the table below, as in the style
 * sheet of the page.
 */
#include "reports/pdf/pdf_i.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct look {
	const char *klass;
	double fill[3], stroke[3];
	double width; /* 0: no stroke; in units of the drawing */
	bool filled, dashed;
};

static const struct look looks[] = {
	{"sea", {0.93, 0.95, 0.97}, {0.70, 0.74, 0.78}, 0.6, true, false},
	{"land", {0.985, 0.98, 0.965}, {0.62, 0.64, 0.66}, 0.5, true, false},
	{"contested", {0.90, 0.89, 0.86}, {0.62, 0.64, 0.66}, 0.5, true, true},
	{"track", {0, 0, 0}, {0.11, 0.31, 0.49}, 1.1, false, true},
	{"pt", {0.11, 0.31, 0.49}, {1, 1, 1}, 0.8, true, false},
	{"bar", {0.11, 0.31, 0.49}, {0.11, 0.31, 0.49}, 0.4, true, false},
	{"gap", {0.93, 0.94, 0.95}, {0.70, 0.74, 0.78}, 0.4, true, false},
	{"axis", {0, 0, 0}, {0.40, 0.44, 0.48}, 0.7, false, false},
	{"grid", {0, 0, 0}, {0.82, 0.84, 0.86}, 0.5, false, false},
	{"lead", {0, 0, 0}, {0.40, 0.44, 0.48}, 0.6, false, false},
};

static bool value(const char *tag, size_t n, const char *name, char *out, size_t cap)
{
	size_t len = strlen(name);

	for (size_t i = 0; i + len + 3 < n; i++)
		if (tag[i] == ' ' && strncmp(tag + i + 1, name, len) == 0 &&
		    tag[i + 1 + len] == '=' && tag[i + 2 + len] == '"') {
			size_t k = 0;

			for (i += len + 3; i < n && tag[i] != '"' && k + 1 < cap; i++)
				out[k++] = tag[i];
			out[k] = '\0';
			return true;
		}
	*out = '\0';
	return false;
}

/* A decimal of ours ("-12.5"), read without the locale. */
static double number(const char **s)
{
	double v = 0, unit = 1;
	bool neg = false;

	while (**s == ' ' || **s == ',')
		++*s;
	if (**s == '-') {
		neg = true;
		++*s;
	}
	for (; **s >= '0' && **s <= '9'; ++*s)
		v = v * 10 + (**s - '0');
	if (**s == '.')
		for (++*s; **s >= '0' && **s <= '9'; ++*s)
			v += (**s - '0') * (unit /= 10);
	return neg ? -v : v;
}

static double number_of(const char *tag, size_t n, const char *name)
{
	char v[32];
	const char *s = v;

	value(tag, n, name, v, sizeof(v));
	return number(&s);
}

static bool view_box(const char *s, size_t n, double box[4])
{
	const char *end = memchr(s, '>', n);
	char v[96];
	const char *c = v;

	if (end == NULL || !value(s, (size_t)(end - s), "viewBox", v, sizeof(v)))
		return false;
	for (int i = 0; i < 4; i++)
		box[i] = number(&c);
	return box[2] > 0 && box[3] > 0;
}

double svg_height(const char *s, size_t n, double width)
{
	double box[4];

	return s != NULL && view_box(s, n, box) ? width * box[3] / box[2] : 0;
}

static void paint(struct pdf *p, const char *klass)
{
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		const struct look *k = &looks[i];
		static const double dash[] = {3, 2.5};

		if (strcmp(k->klass, klass) != 0)
			continue;
		if (k->filled) {
			cairo_set_source_rgb(p->cr, k->fill[0], k->fill[1], k->fill[2]);
			cairo_fill_preserve(p->cr);
		}
		if (k->width > 0) {
			cairo_set_source_rgb(p->cr, k->stroke[0], k->stroke[1], k->stroke[2]);
			cairo_set_line_width(p->cr, k->width);
			cairo_set_dash(p->cr, dash, k->dashed ? 2 : 0, 0);
			cairo_stroke_preserve(p->cr);
			cairo_set_dash(p->cr, NULL, 0, 0);
		}
		break;
	}
	cairo_new_path(p->cr);
}

static void path(struct pdf *p, const char *d, const char *end)
{
	char op = 'M';

	while (d < end) {
		double x, y;

		if (*d == 'M' || *d == 'L') {
			op = *d++;
		} else if (*d == 'Z' || *d == 'z') {
			cairo_close_path(p->cr);
			d++;
			continue;
		} else if (*d == ' ' || *d == ',' || *d == '\n') {
			d++;
			continue;
		} else if ((*d < '0' || *d > '9') && *d != '-' && *d != '.') {
			break;
		}
		x = number(&d);
		y = number(&d);
		if (op == 'M')
			cairo_move_to(p->cr, x, y);
		else
			cairo_line_to(p->cr, x, y);
		op = 'L';
	}
}

static void draw_text(struct pdf *p, const char *tag, size_t n, const char *s, size_t len)
{
	struct pdf_style st = {PDF_SANS, 14, PDF_INK};
	struct pdf_para para = {0};
	struct pdf_layout *l;
	char anchor[16], klass[16];
	double x = number_of(tag, n, "x"), y = number_of(tag, n, "y");

	value(tag, n, "class", klass, sizeof(klass));
	value(tag, n, "text-anchor", anchor, sizeof(anchor));
	if (strcmp(klass, "soft") == 0)
		st.ink = PDF_SOFT;
	else if (strcmp(klass, "num") == 0)
		st.face = PDF_BOLD;
	if (strcmp(klass, "soft") == 0 || strcmp(klass, "small") == 0)
		st.size = 13;
	for (size_t i = 0; i < len; i++) /* the few entities of our own texts */
		if (s[i] == '&') {
			const char *semi = memchr(s + i, ';', len - i);

			pdf_para_cp(&para, &st,
				    strncmp(s + i, "&#39;", 5) == 0  ? '\''
				    : strncmp(s + i, "&lt;", 4) == 0 ? '<'
				    : strncmp(s + i, "&gt;", 4) == 0 ? '>'
								     : '&');
			i = semi != NULL ? (size_t)(semi - s) : i;
		} else {
			size_t k = i;

			while (k < len && s[k] != '&')
				k++;
			pdf_para_add(&para, &st, s + i, k - i);
			i = k - 1;
		}
	l = pdf_layout(p->fonts, &para, 1000);
	if (l != NULL && l->nlines > 0) {
		double w = l->line[0].width;

		if (strcmp(anchor, "end") == 0)
			x -= w;
		else if (strcmp(anchor, "middle") == 0)
			x -= w / 2;
		pdf_line_draw(p->cr, p->fonts, l, 0, x, y - l->line[0].ascent, w, 0);
	}
	pdf_layout_free(l);
	pdf_para_free(&para);
}

/* One element; s behind its tag. */
static void element(struct pdf *p, const char *tag, size_t n, const char *s, const char *end)
{
	char klass[16];

	value(tag, n, "class", klass, sizeof(klass));
	if (strncmp(tag, "path", 4) == 0) {
		const char *d = memmem(tag, n, " d=\"", 4);

		if (d != NULL) {
			path(p, d + 4, tag + n);
			paint(p, klass);
		}
	} else if (strncmp(tag, "line", 4) == 0) {
		cairo_move_to(p->cr, number_of(tag, n, "x1"), number_of(tag, n, "y1"));
		cairo_line_to(p->cr, number_of(tag, n, "x2"), number_of(tag, n, "y2"));
		paint(p, klass);
	} else if (strncmp(tag, "circle", 6) == 0) {
		cairo_new_sub_path(p->cr);
		cairo_arc(p->cr, number_of(tag, n, "cx"), number_of(tag, n, "cy"),
			  number_of(tag, n, "r"), 0, 6.283185307179586);
		paint(p, klass);
	} else if (strncmp(tag, "rect", 4) == 0) {
		cairo_rectangle(p->cr, number_of(tag, n, "x"), number_of(tag, n, "y"),
				number_of(tag, n, "width"), number_of(tag, n, "height"));
		paint(p, klass);
	} else if (strncmp(tag, "text", 4) == 0) {
		const char *lt = memchr(s, '<', (size_t)(end - s));

		if (lt != NULL)
			draw_text(p, tag, n, s, (size_t)(lt - s));
	}
}

void svg_draw(struct pdf *p, const char *s, size_t n, double x, double y, double width)
{
	const char *end;
	double box[4], scale;

	if (!p->draw || s == NULL || !view_box(s, n, box))
		return;
	end = s + n;
	scale = width / box[2];
	cairo_save(p->cr);
	cairo_translate(p->cr, x, y);
	cairo_scale(p->cr, scale, scale);
	cairo_translate(p->cr, -box[0], -box[1]);
	cairo_rectangle(p->cr, box[0], box[1], box[2], box[3]);
	cairo_clip(p->cr);
	while ((s = memchr(s, '<', (size_t)(end - s))) != NULL) {
		const char *gt = memchr(s, '>', (size_t)(end - s));

		if (gt == NULL)
			break;
		if (s[1] != '/')
			element(p, s + 1, (size_t)(gt - s) - 1, gt + 1, end);
		s = gt + 1;
	}
	cairo_restore(p->cr);
}
