/* SPDX-License-Identifier: EUPL-1.2 */
/* Pictures of the help that are not of a phone. Drawn like those, in the colour of the text. */
#include "desktop/help.h"

#include <string.h>

static void frame(cairo_t *cr, double x, double y, double w, double h, double line,
		  const double *dash, int dashes)
{
	cairo_set_dash(cr, dash, dashes, 0);
	cairo_set_line_width(cr, line);
	cairo_rectangle(cr, x, y, w, h);
	cairo_stroke(cr);
	cairo_set_dash(cr, NULL, 0, 0);
}

/* The frames that the page of the verdict has: plain, double, dashed. No colour is needed. */
static void verdicts(cairo_t *cr, int width, int height)
{
	static const double dash[] = {6, 5};
	double w = width / 3.0 - 24, h = height * 0.5, y = height * 0.25;

	frame(cr, 12, y, w, h, 2, NULL, 0);
	frame(cr, width / 3.0 + 12, y, w, h, 2, NULL, 0);
	frame(cr, width / 3.0 + 17, y + 5, w - 10, h - 10, 2, NULL, 0);
	frame(cr, width * 2 / 3.0 + 12, y, w, h, 2, dash, 2);
	cairo_set_line_width(cr, 4);
	cairo_move_to(cr, 12 + w * 0.35, y + h * 0.5);
	cairo_line_to(cr, 12 + w * 0.47, y + h * 0.68);
	cairo_line_to(cr, 12 + w * 0.68, y + h * 0.3);
	cairo_stroke(cr);
	cairo_move_to(cr, width / 3.0 + 12 + w * 0.38, y + h * 0.3);
	cairo_line_to(cr, width / 3.0 + 12 + w * 0.62, y + h * 0.7);
	cairo_move_to(cr, width / 3.0 + 12 + w * 0.62, y + h * 0.3);
	cairo_line_to(cr, width / 3.0 + 12 + w * 0.38, y + h * 0.7);
	cairo_stroke(cr);
	for (int i = -1; i <= 1; i++) {
		cairo_arc(cr, width * 2 / 3.0 + 12 + w * (0.5 + 0.14 * i), y + h * 0.5, 3, 0,
			  2 * G_PI);
		cairo_fill(cr);
	}
}

static void map(cairo_t *cr, int width, int height)
{
	static const double dash[] = {5, 5};
	static const double at[][3] = {
		{0.15, 0.65, 0.10}, {0.40, 0.37, 0.21}, {0.62, 0.55, 0.06}, {0.85, 0.40, 0.14}};

	cairo_set_dash(cr, dash, 2, 0);
	cairo_set_line_width(cr, 2);
	for (size_t i = 0; i < G_N_ELEMENTS(at); i++)
		cairo_line_to(cr, at[i][0] * width, at[i][1] * height);
	cairo_stroke(cr);
	cairo_set_dash(cr, NULL, 0, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(at); i++) {
		cairo_arc(cr, at[i][0] * width, at[i][1] * height, 5, 0, 2 * G_PI);
		cairo_fill(cr);
		cairo_set_line_width(cr, 1);
		cairo_arc(cr, at[i][0] * width, at[i][1] * height, at[i][2] * height * 1.6, 0,
			  2 * G_PI);
		cairo_stroke(cr);
	}
}

static const struct {
	const char *name;
	void (*draw)(cairo_t *cr, int width, int height);
} drawings[] = {{"verdicts", verdicts}, {"map", map}};

static void draw(GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
	GdkRGBA c;

	gtk_style_context_get_color(gtk_widget_get_style_context(GTK_WIDGET(area)), &c);
	gdk_cairo_set_source_rgba(cr, &c);
	for (size_t i = 0; i < G_N_ELEMENTS(drawings); i++)
		if (strcmp(drawings[i].name, data) == 0)
			drawings[i].draw(cr, width, height);
}

GtkWidget *kd_help_picture(const char *name, const char *words)
{
	for (size_t i = 0; i < G_N_ELEMENTS(drawings); i++) {
		GtkWidget *area;

		if (strcmp(drawings[i].name, name) != 0)
			continue;
		area = g_object_new(GTK_TYPE_DRAWING_AREA, "accessible-role",
				    GTK_ACCESSIBLE_ROLE_IMG, NULL);
		gtk_drawing_area_set_content_width(GTK_DRAWING_AREA(area), 320);
		gtk_drawing_area_set_content_height(GTK_DRAWING_AREA(area), 130);
		gtk_drawing_area_set_draw_func(GTK_DRAWING_AREA(area), draw,
					       (gpointer)drawings[i].name, NULL);
		gtk_accessible_update_property(GTK_ACCESSIBLE(area), GTK_ACCESSIBLE_PROPERTY_LABEL,
					       words, -1);
		return area;
	}
	return NULL;
}
