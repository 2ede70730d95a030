/* SPDX-License-Identifier: EUPL-1.2 */
/* What map and timeline share: a picture that keys, wheel and buttons move, and in which a click chooses. */
#include "desktop/review_i.h"

struct view {
	struct kd_review *rv;
	const struct kd_view_moves *moves;
};

static const struct view *view_of(GtkWidget *w)
{
	return g_object_get_data(G_OBJECT(w), "kd-view");
}

static gboolean on_key(GtkEventControllerKey *k, guint key, guint code, GdkModifierType mods,
		       gpointer data)
{
	GtkWidget *w = data;
	const struct kd_view_moves *m = view_of(w)->moves;

	(void)k;
	(void)code;
	if ((mods & (GDK_CONTROL_MASK | GDK_ALT_MASK)) != 0)
		return FALSE;
	switch (key) {
	case GDK_KEY_Left:
	case GDK_KEY_Right:
		return m->move(w, key == GDK_KEY_Left ? -1 : 1, 0);
	case GDK_KEY_Up:
	case GDK_KEY_Down:
		return m->move(w, 0, key == GDK_KEY_Up ? -1 : 1);
	case GDK_KEY_plus:
	case GDK_KEY_equal:
	case GDK_KEY_KP_Add:
		m->zoom(w, KD_ZOOM_STEP);
		return TRUE;
	case GDK_KEY_minus:
	case GDK_KEY_KP_Subtract:
		m->zoom(w, 1 / KD_ZOOM_STEP);
		return TRUE;
	case GDK_KEY_0:
	case GDK_KEY_KP_0:
		m->all(w);
		return TRUE;
	case GDK_KEY_Page_Up:
	case GDK_KEY_Page_Down:
		kd_review_step(view_of(w)->rv, key == GDK_KEY_Page_Down);
		return TRUE;
	default:
		return FALSE;
	}
}

static gboolean on_scroll(GtkEventControllerScroll *s, double dx, double dy, gpointer data)
{
	(void)s;
	(void)dx;
	view_of(data)->moves->zoom(data, dy < 0 ? 1.25 : 0.8);
	return TRUE;
}

static void on_click(GtkGestureClick *g, int times, double x, double y, gpointer data)
{
	const struct view *v = view_of(data);
	guint found = G_MAXUINT;

	(void)g;
	(void)times;
	gtk_widget_grab_focus(data);
	if (v->rv->report != NULL)
		found = v->moves->nearest(data, x, y);
	if (found != G_MAXUINT)
		kd_review_select(v->rv, found, data);
}

GtkWidget *kd_view_new(struct kd_review *rv, const char *name, GtkDrawingAreaDrawFunc draw,
		       const struct kd_view_moves *moves)
{
	GtkWidget *w = g_object_new(GTK_TYPE_DRAWING_AREA, "accessible-role",
				    GTK_ACCESSIBLE_ROLE_IMG, NULL);
	GtkEventController *key = gtk_event_controller_key_new(),
			   *wheel = gtk_event_controller_scroll_new(
				   GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
	GtkGesture *click = gtk_gesture_click_new();
	struct view *v = g_new0(struct view, 1);

	v->rv = rv;
	v->moves = moves;
	g_object_set_data_full(G_OBJECT(w), "kd-view", v, g_free);
	gtk_widget_set_direction(w, GTK_TEXT_DIR_LTR); /* east, and later, are on the right */
	kd_name(w, name);
	gtk_drawing_area_set_draw_func(GTK_DRAWING_AREA(w), draw, NULL, NULL);
	gtk_widget_set_focusable(w, TRUE);
	g_signal_connect(key, "key-pressed", G_CALLBACK(on_key), w);
	g_signal_connect(wheel, "scroll", G_CALLBACK(on_scroll), w);
	g_signal_connect(click, "pressed", G_CALLBACK(on_click), w);
	gtk_widget_add_controller(w, key);
	gtk_widget_add_controller(w, wheel);
	gtk_widget_add_controller(w, GTK_EVENT_CONTROLLER(click));
	return w;
}

/* -- the bar below ---------------------------------------------------------------------------- */

static void on_closer(GtkButton *b, gpointer w)
{
	(void)b;
	view_of(w)->moves->zoom(w, KD_ZOOM_STEP);
}

static void on_farther(GtkButton *b, gpointer w)
{
	(void)b;
	view_of(w)->moves->zoom(w, 1 / KD_ZOOM_STEP);
}

static void on_all(GtkButton *b, gpointer w)
{
	(void)b;
	view_of(w)->moves->all(w);
}

static GtkWidget *view_button(const char *icon, const char *name, const char *key,
			      GCallback clicked, gpointer data)
{
	GtkWidget *b = kd_icon_button(icon, name, clicked, data);
	char *tip = g_strdup_printf("%s (%s)", name, key);

	gtk_widget_set_tooltip_text(b, tip);
	g_free(tip);
	return b;
}

GtkWidget *kd_view_bar(GtkWidget *view, GtkWidget *note)
{
	GtkWidget *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6),
		  *keys = gtk_image_new_from_icon_name("input-keyboard-symbolic");

	gtk_widget_add_css_class(bar, "kd-margin");
	gtk_box_append(GTK_BOX(bar), view_button("zoom-in-symbolic", _("Closer"), "+",
						 G_CALLBACK(on_closer), view));
	gtk_box_append(GTK_BOX(bar), view_button("zoom-out-symbolic", _("Farther away"), "−",
						 G_CALLBACK(on_farther), view));
	gtk_box_append(GTK_BOX(bar), view_button("zoom-fit-best-symbolic", _("Everything"), "0",
						 G_CALLBACK(on_all), view));
	gtk_widget_set_tooltip_text(keys, _("Arrow keys move the picture, + and − zoom, 0 shows "
					    "everything; Page Up and Page Down choose the record "
					    "before and behind. A click chooses the nearest."));
	kd_name(keys, _("Keys"));
	gtk_box_append(GTK_BOX(bar), keys);
	gtk_box_append(GTK_BOX(bar), kd_beneath(note));
	return bar;
}
