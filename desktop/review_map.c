/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The map: outlines, the positions that pass the filter, and dashed lines in the order of time. Drawn
 * with cairo from what is built in; nothing is fetched. Colours of its own for light and dark, and
 * shapes too: what is chosen is a ring, not only another colour.
 */
#include "desktop/review_i.h"

#include <math.h>
#include <string.h>

#include "desktop/geo.h"

#define LINES_MAX 2000 /* dashed lines between more points than these would cover everything */
#define ZOOM_MAX  200000.0

struct map {
	struct kd_review *rv;
	double lon, lat, scale; /* centre in degrees; pixels for a degree of latitude */
	double drag_lon, drag_lat;
	guint8 *cells; /* where a point was drawn already */
	gsize cells_size;
	cairo_surface_t *base; /* outlines as drawn last */
	double base_lon, base_lat, base_scale;
	int base_w, base_h;
	bool base_dark;
};

struct palette {
	double sea[3], land[3], border[3], contested[3], line[3], point[3], chosen[3];
};

static const struct palette light = {
	{0.88, 0.92, 0.96}, {0.98, 0.98, 0.95}, {0.55, 0.55, 0.55}, {0.85, 0.82, 0.74},
	{0.35, 0.20, 0.50}, {0.10, 0.25, 0.60}, {0.00, 0.00, 0.00},
};
static const struct palette dark = {
	{0.10, 0.13, 0.17}, {0.21, 0.22, 0.22}, {0.50, 0.52, 0.54}, {0.33, 0.31, 0.26},
	{0.85, 0.75, 0.98}, {0.55, 0.80, 1.00}, {1.00, 1.00, 1.00},
};

static void colour(cairo_t *cr, const double c[3])
{
	cairo_set_source_rgb(cr, c[0], c[1], c[2]);
}

static struct map *map_of(GtkWidget *w)
{
	return g_object_get_data(G_OBJECT(w), "kd-map");
}

static double squeeze(const struct map *m)
{
	return cos(CLAMP(m->lat, -80, 80) * G_PI / 180);
}

static void project(const struct map *m, int w, int h, double lon, double lat, double *x, double *y)
{
	double d = lon - m->lon;

	*x = w / 2.0 + d * m->scale * squeeze(m);
	*y = h / 2.0 - (lat - m->lat) * m->scale;
}

/* -- outlines --------------------------------------------------------------------------------- */

static void ring_path(const struct map *m, cairo_t *cr, int w, int h, const struct kd_geo *g,
		      const struct kd_ring *r, double shift)
{
	const gint32 *p = &g_array_index(g->points, gint32, 2 * r->first);
	double lx = -1e9, ly = -1e9;

	for (guint i = 0; i < r->n; i++) {
		double x, y;

		project(m, w, h, p[2 * i] / 1e4 + shift, p[2 * i + 1] / 1e4, &x, &y);
		if (i > 0 && i + 1 < r->n && fabs(x - lx) < 1 && fabs(y - ly) < 1)
			continue;
		x = CLAMP(x, -20000, 20000);
		y = CLAMP(y, -20000, 20000);
		if (i == 0)
			cairo_move_to(cr, x, y);
		else
			cairo_line_to(cr, x, y);
		lx = x;
		ly = y;
	}
	cairo_close_path(cr);
}

static bool in_view(const struct map *m, int w, int h, const struct kd_ring *r, double shift)
{
	double half_lon = w / 2.0 / (m->scale * squeeze(m)), half_lat = h / 2.0 / m->scale;

	return r->east / 1e4 + shift >= m->lon - half_lon &&
	       r->west / 1e4 + shift <= m->lon + half_lon && r->north / 1e4 >= m->lat - half_lat &&
	       r->south / 1e4 <= m->lat + half_lat;
}

static void draw_base(struct map *m, cairo_t *cr, int w, int h, const struct palette *p)
{
	const struct kd_geo *g = kd_geo_get();

	colour(cr, p->sea);
	cairo_paint(cr);
	cairo_set_line_width(cr, 0.8);
	cairo_set_fill_rule(cr, CAIRO_FILL_RULE_EVEN_ODD);
	for (int contested = 0; contested < 2; contested++)
		for (guint i = 0; i < g->rings->len; i++) {
			const struct kd_ring *r = &g_array_index(g->rings, struct kd_ring, i);

			if (r->contested != (contested == 1) || !r->outer)
				continue;
			for (int turn = -1; turn <= 1; turn++) {
				double shift = 360.0 * turn;

				if (!in_view(m, w, h, r, shift))
					continue;
				ring_path(m, cr, w, h, g, r, shift);
				for (guint k = i + 1; k < g->rings->len; k++) {
					const struct kd_ring *hole =
						&g_array_index(g->rings, struct kd_ring, k);

					if (hole->outer)
						break;
					ring_path(m, cr, w, h, g, hole, shift);
				}
				colour(cr, contested ? p->contested : p->land);
				cairo_fill_preserve(cr);
				colour(cr, p->border);
				cairo_stroke(cr);
			}
		}
}

/* Outlines are drawn again only when the view has moved; points change more often. */
static void paint_base(struct map *m, cairo_t *cr, int w, int h, bool is_dark)
{
	if (m->base == NULL || m->base_w != w || m->base_h != h || m->base_lon != m->lon ||
	    m->base_lat != m->lat || m->base_scale != m->scale || m->base_dark != is_dark) {
		cairo_t *b;

		g_clear_pointer(&m->base, cairo_surface_destroy);
		m->base = cairo_image_surface_create(CAIRO_FORMAT_RGB24, w, h);
		b = cairo_create(m->base);
		draw_base(m, b, w, h, is_dark ? &dark : &light);
		cairo_destroy(b);
		m->base_w = w;
		m->base_h = h;
		m->base_lon = m->lon;
		m->base_lat = m->lat;
		m->base_scale = m->scale;
		m->base_dark = is_dark;
	}
	cairo_set_source_surface(cr, m->base, 0, 0);
	cairo_paint(cr);
}

/* -- observations ----------------------------------------------------------------------------- */

static bool fresh_cell(struct map *m, int w, int h, double x, double y)
{
	gsize cw = (gsize)w / 2 + 1, at = (gsize)(y / 2) * cw + (gsize)(x / 2);
	bool was;

	(void)h;
	if (at >= m->cells_size)
		return false;
	was = m->cells[at] != 0;
	m->cells[at] = 1;
	return !was;
}

static void clear_cells(struct map *m, int w, int h)
{
	gsize n = ((gsize)w / 2 + 1) * ((gsize)h / 2 + 1);

	if (n != m->cells_size) {
		g_free(m->cells);
		m->cells = g_malloc(n);
		m->cells_size = n;
	}
	memset(m->cells, 0, n);
}

static void draw_lines(struct map *m, cairo_t *cr, int w, int h)
{
	static const double dash[] = {4, 5};
	guint n = g_list_model_get_n_items(G_LIST_MODEL(m->rv->rows));
	bool first = true;
	double lx = 0, ly = 0;

	if (n > LINES_MAX)
		return;
	cairo_set_dash(cr, dash, 2, 0);
	cairo_set_line_width(cr, 1.2);
	for (guint i = 0; i < n; i++) {
		const struct kd_obs *o = kd_obs(m->rv->report, kd_rows_at(m->rv->rows, i));
		double x, y;

		if (o->lat == KD_NO_PLACE || o->t == KD_NO_TIME)
			continue;
		project(m, w, h, o->lon / 1e7, o->lat / 1e7, &x, &y);
		x = CLAMP(x, -20000, 20000);
		y = CLAMP(y, -20000, 20000);
		if (!first && fabs(x - lx) + fabs(y - ly) > 6 &&
		    !((x < 0 && lx < 0) || (x > w && lx > w) || (y < 0 && ly < 0) ||
		      (y > h && ly > h))) {
			cairo_move_to(cr, lx, ly);
			cairo_line_to(cr, x, y);
		}
		lx = x;
		ly = y;
		first = false;
	}
	cairo_stroke(cr);
	cairo_set_dash(cr, NULL, 0, 0);
}

static void draw_points(struct map *m, cairo_t *cr, int w, int h, const struct palette *p)
{
	guint n = g_list_model_get_n_items(G_LIST_MODEL(m->rv->rows));
	double x, y;

	clear_cells(m, w, h);
	colour(cr, p->point);
	for (guint i = 0; i < n; i++) {
		const struct kd_obs *o = kd_obs(m->rv->report, kd_rows_at(m->rv->rows, i));

		if (o->lat == KD_NO_PLACE)
			continue;
		project(m, w, h, o->lon / 1e7, o->lat / 1e7, &x, &y);
		if (x < 0 || y < 0 || x >= w || y >= h || !fresh_cell(m, w, h, x, y))
			continue;
		cairo_rectangle(cr, x - 2.5, y - 2.5, 5, 5);
	}
	cairo_fill(cr);
	if (m->rv->selected == G_MAXUINT)
		return;
	{
		const struct kd_obs *o = kd_obs(m->rv->report, m->rv->selected);

		if (o->lat == KD_NO_PLACE)
			return;
		project(m, w, h, o->lon / 1e7, o->lat / 1e7, &x, &y);
		colour(cr, p->chosen);
		cairo_set_line_width(cr, 2.5);
		cairo_arc(cr, x, y, 9, 0, 2 * G_PI);
		cairo_stroke(cr);
	}
}

static void draw(GtkDrawingArea *area, cairo_t *cr, int w, int h, gpointer data)
{
	struct map *m = map_of(GTK_WIDGET(area));
	bool is_dark = adw_style_manager_get_dark(adw_style_manager_get_default());
	const struct palette *p = is_dark ? &dark : &light;

	(void)data;
	if (m->scale <= 0)
		m->scale = w / 360.0;
	paint_base(m, cr, w, h, is_dark);
	if (m->rv->report == NULL)
		return;
	colour(cr, p->line);
	draw_lines(m, cr, w, h);
	draw_points(m, cr, w, h, p);
}

/* -- moving ----------------------------------------------------------------------------------- */

static void zoom(GtkWidget *w, double by)
{
	struct map *m = map_of(w);
	double least = MAX(gtk_widget_get_width(w), 100) / 400.0;

	m->scale = CLAMP(m->scale * by, least, ZOOM_MAX);
	gtk_widget_queue_draw(w);
}

static void move(GtkWidget *w, double dx, double dy)
{
	struct map *m = map_of(w);

	m->lon += dx / (m->scale * squeeze(m));
	m->lat = CLAMP(m->lat - dy / m->scale, -85, 85);
	if (m->lon > 180)
		m->lon -= 360;
	if (m->lon < -180)
		m->lon += 360;
	gtk_widget_queue_draw(w);
}

/* Everything that passes the filter. */
static void fit(GtkWidget *w)
{
	struct map *m = map_of(w);
	double west = 180, east = -180, south = 90, north = -90;
	guint n = m->rv->report != NULL ? g_list_model_get_n_items(G_LIST_MODEL(m->rv->rows)) : 0;
	int width = MAX(gtk_widget_get_width(w), 400), height = MAX(gtk_widget_get_height(w), 300);

	for (guint i = 0; i < n; i++) {
		const struct kd_obs *o = kd_obs(m->rv->report, kd_rows_at(m->rv->rows, i));

		if (o->lat == KD_NO_PLACE)
			continue;
		west = MIN(west, o->lon / 1e7);
		east = MAX(east, o->lon / 1e7);
		south = MIN(south, o->lat / 1e7);
		north = MAX(north, o->lat / 1e7);
	}
	if (west > east) {
		west = -180;
		east = 180;
		south = -60;
		north = 75;
	}
	m->lon = (west + east) / 2;
	m->lat = (south + north) / 2;
	m->scale = MIN(width / (MAX(east - west, 0.02) * squeeze(m)),
		       height / MAX(north - south, 0.02)) *
		   0.85;
	m->scale = CLAMP(m->scale, width / 400.0, ZOOM_MAX);
	gtk_widget_queue_draw(w);
}

static gboolean on_key(GtkEventControllerKey *k, guint key, guint code, GdkModifierType mods,
		       gpointer data)
{
	GtkWidget *w = data;

	(void)k;
	(void)code;
	if ((mods & (GDK_CONTROL_MASK | GDK_ALT_MASK)) != 0)
		return FALSE;
	switch (key) {
	case GDK_KEY_Left:
	case GDK_KEY_Right:
		move(w, key == GDK_KEY_Left ? -60 : 60, 0);
		return TRUE;
	case GDK_KEY_Up:
	case GDK_KEY_Down:
		move(w, 0, key == GDK_KEY_Up ? -60 : 60);
		return TRUE;
	case GDK_KEY_plus:
	case GDK_KEY_equal:
	case GDK_KEY_KP_Add:
		zoom(w, 1.5);
		return TRUE;
	case GDK_KEY_minus:
	case GDK_KEY_KP_Subtract:
		zoom(w, 1 / 1.5);
		return TRUE;
	case GDK_KEY_0:
	case GDK_KEY_KP_0:
		fit(w);
		return TRUE;
	default:
		return FALSE;
	}
}

static gboolean on_scroll(GtkEventControllerScroll *s, double dx, double dy, gpointer data)
{
	(void)s;
	(void)dx;
	zoom(data, dy < 0 ? 1.25 : 0.8);
	return TRUE;
}

static void on_drag_begin(GtkGestureDrag *d, double x, double y, gpointer data)
{
	struct map *m = map_of(data);

	(void)d;
	(void)x;
	(void)y;
	m->drag_lon = m->lon;
	m->drag_lat = m->lat;
}

static void on_drag(GtkGestureDrag *d, double dx, double dy, gpointer data)
{
	struct map *m = map_of(data);

	(void)d;
	m->lon = m->drag_lon;
	m->lat = m->drag_lat;
	move(data, -dx, -dy);
}

static void on_click(GtkGestureClick *g, int times, double x, double y, gpointer data)
{
	struct map *m = map_of(data);
	int w = gtk_widget_get_width(data), h = gtk_widget_get_height(data);
	guint n = m->rv->report != NULL ? g_list_model_get_n_items(G_LIST_MODEL(m->rv->rows)) : 0;
	double best = 12 * 12;
	guint found = G_MAXUINT;

	(void)g;
	(void)times;
	gtk_widget_grab_focus(data);
	for (guint i = 0; i < n; i++) {
		guint at = kd_rows_at(m->rv->rows, i);
		const struct kd_obs *o = kd_obs(m->rv->report, at);
		double px, py, d;

		if (o->lat == KD_NO_PLACE)
			continue;
		project(m, w, h, o->lon / 1e7, o->lat / 1e7, &px, &py);
		d = (px - x) * (px - x) + (py - y) * (py - y);
		if (d < best) {
			best = d;
			found = at;
		}
	}
	if (found != G_MAXUINT)
		kd_review_select(m->rv, found, data);
}

static void on_closer(GtkButton *b, gpointer w)
{
	(void)b;
	zoom(w, 1.5);
}

static void on_farther(GtkButton *b, gpointer w)
{
	(void)b;
	zoom(w, 1 / 1.5);
}

static void on_all(GtkButton *b, gpointer w)
{
	(void)b;
	fit(w);
}

static void map_free(gpointer data)
{
	struct map *m = data;

	g_free(m->cells);
	g_clear_pointer(&m->base, cairo_surface_destroy);
	g_free(m);
}

static void controllers(GtkWidget *w)
{
	GtkEventController *key = gtk_event_controller_key_new(),
			   *scroll = gtk_event_controller_scroll_new(
				   GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
	GtkGesture *drag = gtk_gesture_drag_new(), *click = gtk_gesture_click_new();

	g_signal_connect(key, "key-pressed", G_CALLBACK(on_key), w);
	g_signal_connect(scroll, "scroll", G_CALLBACK(on_scroll), w);
	g_signal_connect(drag, "drag-begin", G_CALLBACK(on_drag_begin), w);
	g_signal_connect(drag, "drag-update", G_CALLBACK(on_drag), w);
	g_signal_connect(click, "pressed", G_CALLBACK(on_click), w);
	gtk_widget_add_controller(w, key);
	gtk_widget_add_controller(w, scroll);
	gtk_widget_add_controller(w, GTK_EVENT_CONTROLLER(drag));
	gtk_widget_add_controller(w, GTK_EVENT_CONTROLLER(click));
}

GtkWidget *kd_map_view(struct kd_review *rv)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0),
		  *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6), *w;
	struct map *m = g_new0(struct map, 1);

	m->rv = rv;
	m->lat = 20;
	w = rv->map = g_object_new(GTK_TYPE_DRAWING_AREA, "accessible-role",
				   GTK_ACCESSIBLE_ROLE_IMG, NULL);
	g_object_set_data_full(G_OBJECT(w), "kd-map", m, map_free);
	kd_name(w, _("Map of the positions; the table holds the same"));
	gtk_drawing_area_set_draw_func(GTK_DRAWING_AREA(w), draw, NULL, NULL);
	gtk_widget_set_focusable(w, TRUE);
	gtk_widget_set_vexpand(w, TRUE);
	gtk_widget_set_size_request(w, 420, 300);
	controllers(w);
	g_signal_connect_object(adw_style_manager_get_default(), "notify::dark",
				G_CALLBACK(gtk_widget_queue_draw), w, G_CONNECT_SWAPPED);
	gtk_widget_add_css_class(bar, "kd-margin");
	gtk_box_append(GTK_BOX(bar),
		       kd_icon_button("zoom-in-symbolic", _("Closer"), G_CALLBACK(on_closer), w));
	gtk_box_append(GTK_BOX(bar), kd_icon_button("zoom-out-symbolic", _("Farther away"),
						    G_CALLBACK(on_farther), w));
	gtk_box_append(GTK_BOX(bar), kd_icon_button("zoom-fit-best-symbolic", _("Everything"),
						    G_CALLBACK(on_all), w));
	rv->map_note = kd_text(
		_("Dashed: order of time, no route. Borders come from a simplified public-domain "
		  "data "
		  "set; they show roughly who administers an area in practice, may be off by some "
		  "kilometres, and take no position on any claim."),
		"dim-label");
	gtk_widget_set_hexpand(rv->map_note, TRUE);
	gtk_box_append(GTK_BOX(bar), rv->map_note);
	gtk_box_append(GTK_BOX(box), w);
	gtk_box_append(GTK_BOX(box), bar);
	return box;
}

void kd_map_reset(struct kd_review *rv)
{
	kd_app_state(rv->app, kd_geo_get()->rings->len > 0 ? "map-read" : "map-unread");
	fit(rv->map);
}
