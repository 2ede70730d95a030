/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/picture.h"

#include <math.h>
#include <string.h>

enum screen {
	SCREEN_EMPTY,
	SCREEN_LOCK,
	SCREEN_ASK,
	SCREEN_CODE,
	SCREEN_SWITCH,
	SCREEN_BUSY,
	SCREEN_CHECK,
	SCREEN_CROSS
};
enum cable { CABLE_NONE, CABLE_OPEN, CABLE_PLUGGED, CABLE_FLOWING };

static const struct {
	const char *state;
	enum screen screen;
	enum cable cable;
	int phones;
} pictures[] = {
	{"no-device", SCREEN_EMPTY, CABLE_OPEN, 1},
	{"debugging-off", SCREEN_SWITCH, CABLE_PLUGGED, 1},
	{"no-permission", SCREEN_CROSS, CABLE_PLUGGED, 1},
	{"busy", SCREEN_CROSS, CABLE_PLUGGED, 1},
	{"several", SCREEN_EMPTY, CABLE_PLUGGED, 2},
	{"connecting", SCREEN_BUSY, CABLE_FLOWING, 1},
	{"waiting-for-tap", SCREEN_ASK, CABLE_PLUGGED, 1},
	{"waiting-for-trust", SCREEN_ASK, CABLE_PLUGGED, 1},
	{"not-authorised-yet", SCREEN_EMPTY, CABLE_PLUGGED, 1},
	{"authorised", SCREEN_CHECK, CABLE_PLUGGED, 1},
	{"revoked", SCREEN_ASK, CABLE_PLUGGED, 1},
	{"offline", SCREEN_LOCK, CABLE_PLUGGED, 1},
	{"wrong-mode", SCREEN_CROSS, CABLE_PLUGGED, 1},
	{"unsupported", SCREEN_CROSS, CABLE_PLUGGED, 1},
	{"trust-refused", SCREEN_CROSS, CABLE_PLUGGED, 1},
	{"locked", SCREEN_LOCK, CABLE_PLUGGED, 1},
	{"waiting-for-passcode", SCREEN_CODE, CABLE_PLUGGED, 1},
	{"preparing", SCREEN_BUSY, CABLE_PLUGGED, 1},
	{"receiving", SCREEN_BUSY, CABLE_FLOWING, 1},
	{"running", SCREEN_BUSY, CABLE_FLOWING, 1},
	{"done", SCREEN_CHECK, CABLE_NONE, 1},
	{"wrong-device", SCREEN_CROSS, CABLE_PLUGGED, 1},
};

static void rounded(cairo_t *cr, double x, double y, double w, double h, double r)
{
	cairo_new_sub_path(cr);
	cairo_arc(cr, x + w - r, y + r, r, -G_PI / 2, 0);
	cairo_arc(cr, x + w - r, y + h - r, r, 0, G_PI / 2);
	cairo_arc(cr, x + r, y + h - r, r, G_PI / 2, G_PI);
	cairo_arc(cr, x + r, y + r, r, G_PI, G_PI * 3 / 2);
	cairo_close_path(cr);
}

static void line(cairo_t *cr, double x1, double y1, double x2, double y2)
{
	cairo_move_to(cr, x1, y1);
	cairo_line_to(cr, x2, y2);
	cairo_stroke(cr);
}

/* What the phone shows, in a square of 30 around x, y. */
static void draw_screen(cairo_t *cr, enum screen s, double x, double y)
{
	switch (s) {
	case SCREEN_LOCK:
		rounded(cr, x - 9, y - 1, 18, 14, 2);
		cairo_fill(cr);
		cairo_arc(cr, x, y - 2, 6, G_PI, 0);
		cairo_stroke(cr);
		break;
	case SCREEN_ASK: /* a dialog whose right button is to be tapped */
		rounded(cr, x - 15, y - 13, 30, 24, 3);
		cairo_stroke(cr);
		line(cr, x - 10, y - 7, x + 10, y - 7);
		line(cr, x - 10, y - 2, x + 5, y - 2);
		rounded(cr, x + 1, y + 3, 11, 5, 2);
		cairo_fill(cr);
		cairo_arc(cr, x + 7, y + 6, 8, 0, 2 * G_PI);
		cairo_stroke(cr);
		break;
	case SCREEN_CODE:
		for (int i = 0; i < 9; i++) {
			int column = i % 3 - 1, row = i / 3 - 1;

			cairo_arc(cr, x + 9 * column, y + 9 * row, 2.4, 0, 2 * G_PI);
			cairo_fill(cr);
		}
		break;
	case SCREEN_SWITCH:
		rounded(cr, x - 12, y - 6, 24, 12, 6);
		cairo_stroke(cr);
		cairo_arc(cr, x - 6, y, 4, 0, 2 * G_PI);
		cairo_fill(cr);
		break;
	case SCREEN_BUSY:
		for (int i = -1; i <= 1; i++) {
			cairo_arc(cr, x + 8 * i, y, 2.6, 0, 2 * G_PI);
			cairo_fill(cr);
		}
		break;
	case SCREEN_CHECK:
		cairo_move_to(cr, x - 10, y);
		cairo_line_to(cr, x - 2, y + 8);
		cairo_line_to(cr, x + 11, y - 8);
		cairo_stroke(cr);
		break;
	case SCREEN_CROSS:
		line(cr, x - 8, y - 8, x + 8, y + 8);
		line(cr, x + 8, y - 8, x - 8, y + 8);
		break;
	case SCREEN_EMPTY:
		break;
	}
}

static void draw_phone(cairo_t *cr, enum screen s, double x)
{
	rounded(cr, x, 12, 46, 86, 7);
	cairo_stroke(cr);
	line(cr, x + 17, 19, x + 29, 19);
	draw_screen(cr, s, x + 23, 55);
}

static void draw_station(cairo_t *cr)
{
	rounded(cr, 22, 28, 82, 52, 5);
	cairo_stroke(cr);
	cairo_move_to(cr, 12, 92);
	cairo_line_to(cr, 114, 92);
	cairo_line_to(cr, 104, 82);
	cairo_line_to(cr, 22, 82);
	cairo_close_path(cr);
	cairo_stroke(cr);
}

static void draw_cable(cairo_t *cr, enum cable c, double to)
{
	static const double dash[] = {7, 5};

	if (c == CABLE_NONE)
		return;
	if (c == CABLE_FLOWING)
		cairo_set_dash(cr, dash, 2, 0);
	if (c == CABLE_OPEN)
		to -= 26;
	cairo_move_to(cr, 114, 88);
	cairo_curve_to(cr, 140, 88, 130, 106, to - 8, 106);
	cairo_stroke(cr);
	cairo_set_dash(cr, NULL, 0, 0);
	rounded(cr, to - 8, 102, 12, 8, 2);
	cairo_fill(cr);
	if (c != CABLE_OPEN)
		line(cr, to + 4, 106, to + 19, 106);
	if (c != CABLE_OPEN)
		line(cr, to + 19, 106, to + 19, 98);
}

static void draw(GtkDrawingArea *area, cairo_t *cr, int w, int h, gpointer data)
{
	const char *state = g_object_get_data(G_OBJECT(area), "kd-state");
	GdkRGBA fg;
	size_t k = 0;
	double scale = fmin(w / 240.0, h / 124.0);

	(void)data;
	for (size_t i = 0; state != NULL && i < G_N_ELEMENTS(pictures); i++)
		if (strcmp(pictures[i].state, state) == 0)
			k = i;
	gtk_style_context_get_color(gtk_widget_get_style_context(GTK_WIDGET(area)), &fg);
	gdk_cairo_set_source_rgba(cr, &fg);
	cairo_translate(cr, (w - 240 * scale) / 2, (h - 124 * scale) / 2);
	if (gtk_widget_get_direction(GTK_WIDGET(area)) == GTK_TEXT_DIR_RTL) {
		cairo_translate(cr, 240 * scale, 0);
		cairo_scale(cr, -1, 1);
	}
	cairo_scale(cr, scale, scale);
	cairo_set_line_width(cr, 2.6);
	cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
	cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
	draw_station(cr);
	draw_cable(cr, pictures[k].cable, 152);
	draw_phone(cr, pictures[k].screen, 148);
	if (pictures[k].phones > 1)
		draw_phone(cr, pictures[k].screen, 186);
}

GtkWidget *kd_picture_new(int width, int height)
{
	GtkWidget *a = g_object_new(GTK_TYPE_DRAWING_AREA, "accessible-role",
				    GTK_ACCESSIBLE_ROLE_IMG, NULL);

	gtk_drawing_area_set_content_width(GTK_DRAWING_AREA(a), width);
	gtk_drawing_area_set_content_height(GTK_DRAWING_AREA(a), height);
	gtk_drawing_area_set_draw_func(GTK_DRAWING_AREA(a), draw, NULL, NULL);
	return a;
}

void kd_picture_set(GtkWidget *picture, const char *state, const char *alt)
{
	const char *old = g_object_get_data(G_OBJECT(picture), "kd-state");

	gtk_accessible_update_property(GTK_ACCESSIBLE(picture), GTK_ACCESSIBLE_PROPERTY_LABEL, alt,
				       -1);
	if (old != NULL && strcmp(old, state) == 0)
		return;
	g_object_set_data_full(G_OBJECT(picture), "kd-state", g_strdup(state), g_free);
	gtk_widget_queue_draw(picture);
}
