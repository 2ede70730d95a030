/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The timeline: a line for each source, a stroke for each observation with a time, and a dotted line
 * where there is none. That says nothing by itself; the page "Not taken" says what it can mean.
 */
#include "desktop/review_i.h"

#include <math.h>
#include <string.h>

#define SOURCES 40
#define RIGHT	20 /* pixels behind the last moment */
#define GAP_MIN 24 /* pixels without an observation that are drawn as a gap */

struct line {
	struct kd_review *rv;
	int em, left, top,
		line_h;	 /* pixels: a line of text, names of sources, the axis, a source */
	gint64 from, to; /* what is shown */
	gint64 first, last;
	const char *source[SOURCES];
	guint n;
	bool more; /* the last of them stands for several */
};

static struct line *line_of(GtkWidget *w)
{
	return g_object_get_data(G_OBJECT(w), "kd-line");
}

/* Everything grows with the person's text. */
static void scale(struct line *l, GtkWidget *w)
{
	PangoLayout *p = gtk_widget_create_pango_layout(w, "0");

	pango_layout_get_pixel_size(p, NULL, &l->em);
	g_object_unref(p);
	l->left = l->em * 8;
	l->top = l->em * 3 / 2;
	l->line_h = l->em * 5 / 3;
}

static guint row_of(struct line *l, const char *item)
{
	for (guint i = 0; i < l->n; i++)
		if (l->source[i] == item)
			return i;
	if (l->n == SOURCES) {
		l->more = true;
		return SOURCES - 1;
	}
	l->source[l->n] = item;
	return l->n++;
}

static void measure(struct line *l)
{
	l->n = 0;
	l->more = false;
	l->first = G_MAXINT64;
	l->last = G_MININT64;
	for (guint i = 0; l->rv->report != NULL && i < l->rv->report->obs->len; i++) {
		const struct kd_obs *o = kd_obs(l->rv->report, i);

		if (o->t == KD_NO_TIME || o->item == NULL)
			continue;
		row_of(l, o->item);
		l->first = MIN(l->first, o->t);
		l->last = MAX(l->last, o->t);
	}
	if (l->first > l->last)
		l->first = l->last = 0;
	l->from = l->first - (l->last - l->first) / 50 - G_USEC_PER_SEC;
	l->to = l->last + (l->last - l->first) / 50 + G_USEC_PER_SEC;
}

static int text_width(GtkWidget *w, const char *s)
{
	PangoLayout *p = gtk_widget_create_pango_layout(w, s);
	int n;

	pango_layout_get_pixel_size(p, &n, NULL);
	g_object_unref(p);
	return n;
}

static void label(cairo_t *cr, GtkWidget *w, double x, double y, double width, const char *s)
{
	PangoLayout *p = gtk_widget_create_pango_layout(w, s);

	pango_layout_set_auto_dir(p, FALSE); /* it starts at x, whatever its script */
	pango_layout_set_width(p, (int)(width * PANGO_SCALE));
	pango_layout_set_ellipsize(p, PANGO_ELLIPSIZE_END);
	cairo_move_to(cr, x, y);
	pango_cairo_show_layout(cr, p);
	g_object_unref(p);
}

/* What tells the lines of the axis apart, with the year always. */
static const char *axis_form(const struct line *l)
{
	gint64 s = (l->to - l->from) / G_USEC_PER_SEC;

	return s > 864000 ? "%Y-%m-%d" : s > 600 ? "%Y-%m-%d %H:%M" : "%Y-%m-%d %H:%M:%S";
}

static char *moment(const struct line *l, gint64 t)
{
	GDateTime *d = g_date_time_new_from_unix_utc(t / G_USEC_PER_SEC);
	char *s;

	if (d == NULL)
		return g_strdup("");
	s = g_date_time_format(d, axis_form(l));
	g_date_time_unref(d);
	return s;
}

static void draw_axis(struct line *l, GtkWidget *area, cairo_t *cr, int w, int h)
{
	double slot = (w - l->left - RIGHT) / 4.0;
	/* where the text is large, every second line has its moment */
	char *sample = moment(l, l->from);
	int each = text_width(area, sample) + 9 > slot ? 2 : 1;

	g_free(sample);
	cairo_set_line_width(cr, 0.5);
	for (int i = 0; i < 5; i++) {
		double x = l->left + slot * i;
		char *s;

		cairo_move_to(cr, x, l->top - 6);
		cairo_line_to(cr, x, h);
		cairo_stroke(cr);
		if (i == 4 || i % each != 0)
			continue;
		s = moment(l, l->from + (l->to - l->from) / 4 * i);
		label(cr, area, x + 3, 2, slot * each - 6, s);
		g_free(s);
	}
}

/* Where a source has nothing for a while, that is said, not left to be guessed. */
static void draw_gaps(const struct line *l, GtkWidget *area, cairo_t *cr, int w, const guint8 *seen)
{
	static const double dots[] = {1, 5};
	/* behind a filter a gap can be what it keeps back */
	bool all = g_list_model_get_n_items(G_LIST_MODEL(l->rv->rows)) == l->rv->report->obs->len;

	int said = text_width(area, _("no data"));

	cairo_set_line_width(cr, 1);
	for (guint row = 0; row < l->n; row++) {
		double y = l->top + l->line_h * ((double)row + 0.5);
		int from = l->left;

		for (int x = l->left; x <= w - RIGHT; x++) {
			if (x < w - RIGHT && seen[row * (guint)w + (guint)x] == 0)
				continue;
			if (x - from >= GAP_MIN) {
				cairo_set_dash(cr, dots, 2, 0);
				cairo_move_to(cr, from + 3, y);
				cairo_line_to(cr, x - 3, y);
				cairo_stroke(cr);
				cairo_set_dash(cr, NULL, 0, 0);
			}
			if (x - from >= said + l->em && all)
				label(cr, area, from + (x - from - said) / 2.0, y - l->em + 2,
				      said + 1, _("no data"));
			from = x + 1;
		}
	}
}

static double x_of(const struct line *l, int w, gint64 t)
{
	return l->left +
	       (w - l->left - (double)RIGHT) * (double)(t - l->from) / (double)(l->to - l->from);
}

static void draw(GtkDrawingArea *area, cairo_t *cr, int w, int h, gpointer data)
{
	struct line *l = line_of(GTK_WIDGET(area));
	struct kd_review *rv = l->rv;
	guint8 *seen;
	GdkRGBA fg;
	guint n;

	(void)data;
	scale(l, GTK_WIDGET(area));
	if (rv->report == NULL || l->n == 0 || w <= l->left + 2 * RIGHT)
		return;
	n = g_list_model_get_n_items(G_LIST_MODEL(rv->rows));
	gtk_style_context_get_color(gtk_widget_get_style_context(GTK_WIDGET(area)), &fg);
	gdk_cairo_set_source_rgba(cr, &fg);
	draw_axis(l, GTK_WIDGET(area), cr, w, h);
	for (guint i = 0; i < l->n; i++)
		label(cr, GTK_WIDGET(area), 8, l->top + l->line_h * (double)i + l->em / 3.0,
		      l->left - 16.0,
		      l->more && i == SOURCES - 1 ? _("further sources")
						  : kd_source_title(rv->report, l->source[i]));
	seen = g_malloc0((gsize)w * SOURCES);
	for (guint i = 0; i < n; i++) {
		const struct kd_obs *o = kd_obs(rv->report, kd_rows_at(rv->rows, i));
		double x;
		guint row;

		if (o->t == KD_NO_TIME || o->t < l->from || o->t > l->to || o->item == NULL)
			continue;
		x = x_of(l, w, o->t);
		row = row_of(l, o->item);
		if (x < l->left || x >= w || seen[row * (guint)w + (guint)x] != 0)
			continue;
		seen[row * (guint)w + (guint)x] = 1;
		cairo_rectangle(cr, floor(x), l->top + l->line_h * (double)row + 4, 1.5,
				l->line_h - 10);
	}
	cairo_fill(cr);
	draw_gaps(l, GTK_WIDGET(area), cr, w, seen);
	g_free(seen);
	if (rv->selected != G_MAXUINT && kd_obs(rv->report, rv->selected)->t != KD_NO_TIME) {
		double x = x_of(l, w, kd_obs(rv->report, rv->selected)->t);

		if (x < l->left)
			return;
		cairo_set_line_width(cr, 2);
		cairo_move_to(cr, x, l->top - 6);
		cairo_line_to(cr, x, h);
		cairo_stroke(cr);
		cairo_arc(cr, x, l->top - 6, 5, 0, 2 * G_PI);
		cairo_fill(cr);
	}
}

static void zoom(GtkWidget *w, double closer)
{
	struct line *l = line_of(w);
	gint64 mid = l->from + (l->to - l->from) / 2,
	       half = (gint64)((double)(l->to - l->from) / 2 / closer);

	half = CLAMP(half, 30 * G_USEC_PER_SEC,
		     MAX(l->last - l->first, 30 * G_USEC_PER_SEC) + G_USEC_PER_SEC);
	l->from = mid - half;
	l->to = mid + half;
	gtk_widget_queue_draw(w);
}

static gboolean step(GtkWidget *w, int right, int down)
{
	struct line *l = line_of(w);
	gint64 d = (l->to - l->from) / 5 * right;

	if (down != 0) /* the page around it scrolls */
		return FALSE;
	if (l->from + d > l->last || l->to + d < l->first)
		return TRUE;
	l->from += d;
	l->to += d;
	gtk_widget_queue_draw(w);
	return TRUE;
}

static void everything(GtkWidget *w)
{
	kd_timeline_reset(line_of(w)->rv);
}

static guint nearest(GtkWidget *area, double x, double y)
{
	struct line *l = line_of(area);
	int w = gtk_widget_get_width(area);
	guint n = g_list_model_get_n_items(G_LIST_MODEL(l->rv->rows)), found = G_MAXUINT,
	      row = y > l->top ? (guint)((y - l->top) / l->line_h) : 0;
	double best = 8;

	for (guint i = 0; i < n; i++) {
		guint at = kd_rows_at(l->rv->rows, i);
		const struct kd_obs *o = kd_obs(l->rv->report, at);
		double d;

		if (o->t == KD_NO_TIME || o->item == NULL || row_of(l, o->item) != row)
			continue;
		d = fabs(x_of(l, w, o->t) - x);
		if (d < best) {
			best = d;
			found = at;
		}
	}
	return found;
}

GtkWidget *kd_timeline_view(struct kd_review *rv)
{
	static const struct kd_view_moves moves = {step, zoom, everything, nearest};
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0),
		  *scroll = gtk_scrolled_window_new(), *w, *note;
	struct line *l = g_new0(struct line, 1);

	l->rv = rv;
	w = rv->timeline = kd_view_new(
		rv, _("Timeline of the observations; the table holds the same"), draw, &moves);
	g_object_set_data_full(G_OBJECT(w), "kd-line", l, g_free);
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroll), w);
	gtk_widget_set_vexpand(scroll, TRUE);
	gtk_box_append(GTK_BOX(box), scroll);
	note = kd_text(_("Times in UTC; local times without a zone stand where their own clock "
			 "put them. Dotted: no data, which shows nothing by itself."),
		       "dim-label");
	gtk_box_append(GTK_BOX(box), kd_view_bar(w, note));
	return box;
}

void kd_timeline_reset(struct kd_review *rv)
{
	struct line *l = line_of(rv->timeline);

	measure(l);
	scale(l, rv->timeline);
	gtk_drawing_area_set_content_height(GTK_DRAWING_AREA(rv->timeline),
					    l->top + 10 + l->line_h * (int)MAX(l->n, 1));
	gtk_widget_queue_draw(rv->timeline);
}
