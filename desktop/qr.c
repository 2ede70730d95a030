/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The QR code of a receipt. keten writes it for a terminal, in half blocks, light on dark, which no camera
 * reads on paper or in a window: here its modules are drawn, dark on light, square and without gaps.
 */
#include <string.h>

#include "desktop/qr.h"

#define FULL  0x2588 /* two light modules, one above the other */
#define UPPER 0x2580
#define LOWER 0x2584

bool kd_qr_is_line(const char *line, gsize n)
{
	return n >= 3 && g_utf8_get_char_validated(line, (gssize)n) == FULL;
}

void kd_qr_draw_line(cairo_t *cr, const char *line, gsize n, double x, double y, double module)
{
	guint column = 0;

	for (const char *p = line; p < line + n && *p != '\n' && *p != '\0';
	     p = g_utf8_next_char(p), column++) {
		double left = x + column * module;
		gunichar c = g_utf8_get_char(p);

		/* a little over the edge: neighbours leave no hair between them */
		if (c != FULL && c != UPPER)
			cairo_rectangle(cr, left, y, module + 0.2, module + 0.2);
		if (c != FULL && c != LOWER)
			cairo_rectangle(cr, left, y + module, module + 0.2, module + 0.2);
	}
	cairo_fill(cr);
}

static void draw(GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
	const char *text = g_object_get_data(G_OBJECT(area), "kd-code");
	glong across = text != NULL ? g_utf8_strlen(text, (gssize)strcspn(text, "\n")) : 0;
	double module;
	guint row = 0;

	(void)data;
	if (across == 0)
		return;
	module = (double)MIN(width, height) / (double)across;
	cairo_set_source_rgb(cr, 1, 1, 1);
	cairo_paint(cr);
	cairo_set_source_rgb(cr, 0, 0, 0);
	for (const char *p = text; *p != '\0'; row++) {
		gsize n = strcspn(p, "\n");

		kd_qr_draw_line(cr, p, n, 0, 2 * row * module, module);
		p += n + (p[n] == '\n' ? 1 : 0);
	}
}

GtkWidget *kd_qr_new(int size)
{
	GtkWidget *a = g_object_new(GTK_TYPE_DRAWING_AREA, "accessible-role",
				    GTK_ACCESSIBLE_ROLE_IMG, NULL);

	gtk_drawing_area_set_content_width(GTK_DRAWING_AREA(a), size);
	gtk_drawing_area_set_content_height(GTK_DRAWING_AREA(a), size);
	gtk_widget_set_halign(a, GTK_ALIGN_START);
	gtk_drawing_area_set_draw_func(GTK_DRAWING_AREA(a), draw, NULL, NULL);
	gtk_accessible_update_property(GTK_ACCESSIBLE(a), GTK_ACCESSIBLE_PROPERTY_LABEL,
				       _("The number above, as a QR code"), -1);
	return a;
}

void kd_qr_set(GtkWidget *qr, char *code)
{
	g_object_set_data_full(G_OBJECT(qr), "kd-code", code, g_free);
	gtk_widget_set_visible(qr, code != NULL);
	gtk_widget_queue_draw(qr);
}
