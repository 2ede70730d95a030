/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The map: outlines, the positions that pass the filter, and dashed lines in the order of time. Drawn
 * with cairo from what is built in; nothing is fetched. Colours of its own for light and dark, and
 * shapes too: what is chosen is a ring, not only another colour. Outlines are drawn in a thread: until
 * they are there, the last ones stand in, moved and stretched to where they belong.
 */
#include "desktop/review_i.h"

#include <math.h>
#include <string.h>

#include "desktop/geo.h"

#define LINES_MAX 2000 /* dashed lines between more points than these would cover everything */
#define ZOOM_MAX  200000.0
#define METRES	  111320.0 /* of a degree of latitude */

/* What is seen: the centre in degrees, pixels for a degree of latitude, the size. */
struct view {
	double lon, lat, scale;
	int w, h;
	bool dark;
};

struct map {
	struct kd_review *rv;
	struct view v;
	double drag_lon, drag_lat;
	guint8 *cells; /* where a point was drawn already */
	gsize cells_size;
	cairo_surface_t *base; /* outlines as drawn last */
	struct view base_view;
	bool drawing; /* a thread is at it */
	guint chosen; /* whose accuracy this is */
	double accuracy_m;
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

static double squeeze(const struct view *m)
{
	return cos(CLAMP(m->lat, -80, 80) * G_PI / 180);
}

static void project(const struct view *v, double lon, double lat, double *x, double *y)
{
	*x = v->w / 2.0 + (lon - v->lon) * v->scale * squeeze(v);
	*y = v->h / 2.0 - (lat - v->lat) * v->scale;
}

/* Where a position is seen: the shorter way round from the centre. */
static void place(const struct view *v, const struct kd_obs *o, double *x, double *y)
{
	project(v, v->lon + remainder(o->lon / 1e7 - v->lon, 360), o->lat / 1e7, x, y);
}

/* -- outlines --------------------------------------------------------------------------------- */

static void ring_path(const struct view *v, cairo_t *cr, const struct kd_geo *g,
		      const struct kd_ring *r, double shift)
{
	const gint32 *p = &g_array_index(g->points, gint32, 2 * r->first);
	double lx = -1e9, ly = -1e9;

	for (guint i = 0; i < r->n; i++) {
		double x, y;

		project(v, p[2 * i] / 1e4 + shift, p[2 * i + 1] / 1e4, &x, &y);
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

static bool in_view(const struct view *v, const struct kd_ring *r, double shift)
{
	double half_lon = v->w / 2.0 / (v->scale * squeeze(v)), half_lat = v->h / 2.0 / v->scale;

	return r->east / 1e4 + shift >= v->lon - half_lon &&
	       r->west / 1e4 + shift <= v->lon + half_lon && r->north / 1e4 >= v->lat - half_lat &&
	       r->south / 1e4 <= v->lat + half_lat;
}

static void draw_territory(const struct view *v, cairo_t *cr, const struct kd_geo *g, guint i,
			   double shift, const struct palette *p)
{
	const struct kd_ring *r = &g_array_index(g->rings, struct kd_ring, i);

	ring_path(v, cr, g, r, shift);
	for (guint k = i + 1; k < g->rings->len; k++) {
		const struct kd_ring *hole = &g_array_index(g->rings, struct kd_ring, k);

		if (hole->outer)
			break;
		ring_path(v, cr, g, hole, shift);
	}
	colour(cr, r->contested ? p->contested : p->land);
	cairo_fill_preserve(cr);
	colour(cr, p->border);
	cairo_stroke(cr);
}

static void draw_base(const struct view *v, cairo_t *cr)
{
	const struct kd_geo *g = kd_geo_get();
	const struct palette *p = v->dark ? &dark : &light;

	colour(cr, p->sea);
	cairo_paint(cr);
	cairo_set_line_width(cr, 0.8);
	cairo_set_fill_rule(cr, CAIRO_FILL_RULE_EVEN_ODD);
	for (int contested = 0; contested < 2; contested++)
		for (guint i = 0; i < g->rings->len; i++) {
			const struct kd_ring *r = &g_array_index(g->rings, struct kd_ring, i);

			if (r->contested != (contested == 1) || !r->outer)
				continue;
			for (int turn = -1; turn <= 1; turn++)
				if (in_view(v, r, 360.0 * turn))
					draw_territory(v, cr, g, i, 360.0 * turn, p);
		}
}

struct job {
	struct view v;
	cairo_surface_t *base;
};

static void job_free(gpointer data)
{
	struct job *j = data;

	g_clear_pointer(&j->base, cairo_surface_destroy);
	g_free(j);
}

static void draw_thread(GTask *task, gpointer source, gpointer data, GCancellable *c)
{
	struct job *j = data;
	cairo_t *cr;

	(void)source;
	(void)c;
	j->base = cairo_image_surface_create(CAIRO_FORMAT_RGB24, j->v.w, j->v.h);
	cr = cairo_create(j->base);
	draw_base(&j->v, cr);
	cairo_destroy(cr);
	g_task_return_boolean(task, TRUE);
}

static void on_drawn(GObject *source, GAsyncResult *r, gpointer data)
{
	struct map *m = map_of(GTK_WIDGET(source));
	struct job *j = g_task_get_task_data(G_TASK(r));

	(void)data;
	g_clear_pointer(&m->base, cairo_surface_destroy);
	m->base = g_steal_pointer(&j->base);
	m->base_view = j->v;
	m->drawing = false;
	gtk_widget_queue_draw(GTK_WIDGET(source));
	kd_app_drawn(m->rv->app, GTK_WIDGET(source), "map-drawn");
}

static bool same_view(const struct view *a, const struct view *b)
{
	return a->w == b->w && a->h == b->h && a->lon == b->lon && a->lat == b->lat &&
	       a->scale == b->scale && a->dark == b->dark;
}

static void paint_base(struct map *m, GtkWidget *w, cairo_t *cr)
{
	const struct view *b = &m->base_view;
	double x, y;

	if (m->base != NULL && same_view(&m->v, b)) {
		cairo_set_source_surface(cr, m->base, 0, 0);
		cairo_paint(cr);
		return;
	}
	colour(cr, m->v.dark ? dark.sea : light.sea);
	cairo_paint(cr);
	if (m->base != NULL && b->dark == m->v.dark) {
		project(&m->v, b->lon, b->lat, &x, &y);
		cairo_save(cr);
		cairo_translate(cr, x, y);
		cairo_scale(cr, m->v.scale * squeeze(&m->v) / (b->scale * squeeze(b)),
			    m->v.scale / b->scale);
		cairo_set_source_surface(cr, m->base, -b->w / 2.0, -b->h / 2.0);
		cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
		cairo_paint(cr);
		cairo_restore(cr);
	}
	if (!m->drawing) {
		struct job *j = g_new0(struct job, 1);
		GTask *task = g_task_new(w, NULL, on_drawn, NULL);

		j->v = m->v;
		m->drawing = true;
		g_task_set_task_data(task, j, job_free);
		g_task_run_in_thread(task, draw_thread);
		g_object_unref(task);
	}
}

/* -- observations ----------------------------------------------------------------------------- */

static bool fresh_cell(struct map *m, double x, double y)
{
	gsize cw = (gsize)m->v.w / 2 + 1, at = (gsize)(y / 2) * cw + (gsize)(x / 2);
	bool was;

	if (at >= m->cells_size)
		return false;
	was = m->cells[at] != 0;
	m->cells[at] = 1;
	return !was;
}

static void clear_cells(struct map *m)
{
	gsize n = ((gsize)m->v.w / 2 + 1) * ((gsize)m->v.h / 2 + 1);

	if (n != m->cells_size) {
		g_free(m->cells);
		m->cells = g_malloc(n);
		m->cells_size = n;
	}
	memset(m->cells, 0, n);
}

static void draw_lines(struct map *m, cairo_t *cr)
{
	int w = m->v.w, h = m->v.h;
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

		if (o->lat == KD_NO_PLACE || o->t == KD_NO_TIME || !o->counted)
			continue;
		place(&m->v, o, &x, &y);
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

static void draw_points(struct map *m, cairo_t *cr, const struct palette *p)
{
	guint n = g_list_model_get_n_items(G_LIST_MODEL(m->rv->rows));
	double x, y;

	clear_cells(m);
	colour(cr, p->point);
	cairo_set_line_width(cr, 1.2);
	/* filled: counted as positions of this phone; hollow: all others */
	for (guint i = 0; i < 2 * n; i++) {
		const struct kd_obs *o = kd_obs(m->rv->report, kd_rows_at(m->rv->rows, i % n));

		if (i == n) {
			cairo_fill(cr);
		}
		if (o->lat == KD_NO_PLACE || o->counted != (i < n))
			continue;
		place(&m->v, o, &x, &y);
		if (x < 0 || y < 0 || x >= m->v.w || y >= m->v.h || !fresh_cell(m, x, y))
			continue;
		cairo_rectangle(cr, x - 2.5, y - 2.5, 5, 5);
	}
	cairo_stroke(cr);
}

/* A text on a plate of its own, so that it is legible on anything. */
static void plate(GtkWidget *w, cairo_t *cr, const struct palette *p, double x, double y,
		  const char *text)
{
	PangoLayout *l = gtk_widget_create_pango_layout(w, text);
	int tw, th;

	pango_layout_get_pixel_size(l, &tw, &th);
	cairo_set_source_rgba(cr, p->land[0], p->land[1], p->land[2], 0.9);
	cairo_rectangle(cr, x, y, tw + 10, th + 6);
	cairo_fill(cr);
	colour(cr, p->chosen);
	cairo_move_to(cr, x + 5, y + 3);
	pango_cairo_show_layout(cr, l);
	g_object_unref(l);
}

static void on_accuracy(const char *key, const char *value, gpointer data)
{
	if (strcmp(key, "record.accuracy_m") == 0)
		((struct map *)data)->accuracy_m = g_ascii_strtod(value, NULL);
}

/* Ring, accuracy as the source gives it, and what it is. */
static void draw_chosen(struct map *m, GtkWidget *w, cairo_t *cr, const struct palette *p)
{
	const struct kd_obs *o;
	char *at, *when, *text;
	double x, y, r;

	if (m->rv->selected >= m->rv->report->obs->len)
		return;
	o = kd_obs(m->rv->report, m->rv->selected);
	if (o->lat == KD_NO_PLACE)
		return;
	if (m->chosen != m->rv->selected) {
		m->accuracy_m = 0;
		kd_report_members(m->rv->report, m->rv->selected, on_accuracy, m);
		m->chosen = m->rv->selected;
	}
	place(&m->v, o, &x, &y);
	r = m->accuracy_m / METRES * m->v.scale;
	if (r > 9 && r < 20000) {
		cairo_arc(cr, x, y, r, 0, 2 * G_PI);
		cairo_set_source_rgba(cr, p->point[0], p->point[1], p->point[2], 0.15);
		cairo_fill_preserve(cr);
		colour(cr, p->point);
		cairo_set_line_width(cr, 1.5);
		cairo_stroke(cr);
	}
	colour(cr, p->chosen);
	cairo_set_line_width(cr, 2.5);
	cairo_arc(cr, x, y, 9, 0, 2 * G_PI);
	cairo_stroke(cr);
	if (x < 0 || y < 0 || x > m->v.w || y > m->v.h)
		return;
	at = kd_place_text(o);
	when = kd_ltr(o->when);
	text = m->accuracy_m > 0 ? g_strdup_printf("%s\n%s ± %.0f m", when, at, m->accuracy_m)
				 : g_strdup_printf("%s\n%s", when, at);
	plate(w, cr, p, MIN(x + 14, m->v.w - 200), MIN(y + 10, m->v.h - 50), text);
	g_free(text);
	g_free(when);
	g_free(at);
}

/* A bar of a round length, at most a quarter of the width. */
static void draw_scale(const struct map *m, GtkWidget *w, cairo_t *cr, const struct palette *p)
{
	double most = m->v.w / 4.0 / m->v.scale * METRES, metres = 1, px, y = m->v.h - 14;
	char *text;

	while (metres * 10 <= most)
		metres *= 10;
	metres *= metres * 5 <= most ? 5 : metres * 2 <= most ? 2 : 1;
	px = metres / METRES * m->v.scale;
	text = metres >= 1000 ? g_strdup_printf("\u2066%.0f km\u2069", metres / 1000)
			      : g_strdup_printf("\u2066%.0f m\u2069", metres);
	plate(w, cr, p, 8, m->v.h - 44, text);
	colour(cr, p->chosen);
	cairo_set_line_width(cr, 2);
	cairo_move_to(cr, 12, y - 5);
	cairo_line_to(cr, 12, y);
	cairo_line_to(cr, 12 + px, y);
	cairo_line_to(cr, 12 + px, y - 5);
	cairo_stroke(cr);
	g_free(text);
}

/* Everything that passes the filter. */
static void fit(struct map *m, int width, int height)
{
	double west = 1e9, east = -1e9, south = 90, north = -90, first = 0;
	const GArray *found = m->rv->report != NULL ? m->rv->found : NULL;

	for (guint i = 0; found != NULL && i < found->len; i++) {
		const struct kd_obs *o = kd_obs(m->rv->report, g_array_index(found, guint32, i));

		if (o->lat == KD_NO_PLACE)
			continue;
		if (west > east) /* the others stand on the shorter way round from the first */
			first = o->lon / 1e7;
		west = MIN(west, first + remainder(o->lon / 1e7 - first, 360));
		east = MAX(east, first + remainder(o->lon / 1e7 - first, 360));
		south = MIN(south, o->lat / 1e7);
		north = MAX(north, o->lat / 1e7);
	}
	if (west > east) {
		west = -180;
		east = 180;
		south = -60;
		north = 75;
	}
	m->v.lon = (west + east) / 2;
	m->v.lat = (south + north) / 2;
	m->v.scale = MIN(width / (MAX(east - west, 0.02) * squeeze(&m->v)),
			 height / MAX(north - south, 0.02)) *
		     0.85;
	m->v.scale = CLAMP(m->v.scale, width / 400.0, ZOOM_MAX);
}

static void draw(GtkDrawingArea *area, cairo_t *cr, int w, int h, gpointer data)
{
	struct map *m = map_of(GTK_WIDGET(area));
	const struct palette *p;

	(void)data;
	m->v.w = w;
	m->v.h = h;
	m->v.dark = adw_style_manager_get_dark(adw_style_manager_get_default());
	p = m->v.dark ? &dark : &light;
	if (m->v.scale <= 0)
		fit(m, w, h);
	paint_base(m, GTK_WIDGET(area), cr);
	if (m->rv->report == NULL)
		return;
	colour(cr, p->line);
	draw_lines(m, cr);
	draw_points(m, cr, p);
	draw_chosen(m, GTK_WIDGET(area), cr, p);
	draw_scale(m, GTK_WIDGET(area), cr, p);
}

/* -- moving ----------------------------------------------------------------------------------- */

static void zoom(GtkWidget *w, double by)
{
	struct map *m = map_of(w);
	double least = MAX(gtk_widget_get_width(w), 100) / 400.0;

	m->v.scale = CLAMP(m->v.scale * by, least, ZOOM_MAX);
	gtk_widget_queue_draw(w);
}

static void move(GtkWidget *w, double dx, double dy)
{
	struct map *m = map_of(w);

	m->v.lon += dx / (m->v.scale * squeeze(&m->v));
	m->v.lat = CLAMP(m->v.lat - dy / m->v.scale, -85, 85);
	if (m->v.lon > 180)
		m->v.lon -= 360;
	if (m->v.lon < -180)
		m->v.lon += 360;
	gtk_widget_queue_draw(w);
}

static void everything(GtkWidget *w)
{
	map_of(w)->v.scale = 0; /* how much that is is known when it is drawn */
	gtk_widget_queue_draw(w);
}

static gboolean step(GtkWidget *w, int right, int down)
{
	move(w, 60 * right, 60 * down);
	return TRUE;
}

static void on_drag_begin(GtkGestureDrag *d, double x, double y, gpointer data)
{
	struct map *m = map_of(data);

	(void)d;
	(void)x;
	(void)y;
	m->drag_lon = m->v.lon;
	m->drag_lat = m->v.lat;
}

static void on_drag(GtkGestureDrag *d, double dx, double dy, gpointer data)
{
	struct map *m = map_of(data);

	(void)d;
	m->v.lon = m->drag_lon;
	m->v.lat = m->drag_lat;
	move(data, -dx, -dy);
}

static guint nearest(GtkWidget *w, double x, double y)
{
	struct map *m = map_of(w);
	guint n = g_list_model_get_n_items(G_LIST_MODEL(m->rv->rows)), found = G_MAXUINT;
	double best = 12 * 12;

	for (guint i = 0; i < n; i++) {
		guint at = kd_rows_at(m->rv->rows, i);
		const struct kd_obs *o = kd_obs(m->rv->report, at);
		double px, py, d;

		if (o->lat == KD_NO_PLACE)
			continue;
		place(&m->v, o, &px, &py);
		d = (px - x) * (px - x) + (py - y) * (py - y);
		if (d < best) {
			best = d;
			found = at;
		}
	}
	return found;
}

static void map_free(gpointer data)
{
	struct map *m = data;

	g_free(m->cells);
	g_clear_pointer(&m->base, cairo_surface_destroy);
	g_free(m);
}

GtkWidget *kd_map_view(struct kd_review *rv)
{
	static const struct kd_view_moves moves = {step, zoom, everything, nearest};
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *w;
	GtkGesture *drag = gtk_gesture_drag_new();
	struct map *m = g_new0(struct map, 1);

	m->rv = rv;
	m->chosen = G_MAXUINT;
	m->v.lat = 20;
	w = rv->map =
		kd_view_new(rv, _("Map of the positions; the table holds the same"), draw, &moves);
	g_object_set_data_full(G_OBJECT(w), "kd-map", m, map_free);
	gtk_widget_set_vexpand(w, TRUE);
	gtk_widget_set_size_request(w, 420, 300);
	g_signal_connect(drag, "drag-begin", G_CALLBACK(on_drag_begin), w);
	g_signal_connect(drag, "drag-update", G_CALLBACK(on_drag), w);
	gtk_widget_add_controller(w, GTK_EVENT_CONTROLLER(drag));
	g_signal_connect_object(adw_style_manager_get_default(), "notify::dark",
				G_CALLBACK(gtk_widget_queue_draw), w, G_CONNECT_SWAPPED);
	rv->map_note = kd_text("", "dim-label");
	gtk_box_append(GTK_BOX(box), w);
	gtk_box_append(GTK_BOX(box), kd_view_bar(w, rv->map_note));
	return box;
}

void kd_map_filtered(struct kd_review *rv)
{
	guint n = g_list_model_get_n_items(G_LIST_MODEL(rv->rows));
	char *s = g_strdup_printf(
		"%s %s %s", _("Filled: counted as a position of this phone; hollow: not counted."),
		n > LINES_MAX ? _("Too many points for lines between them.")
			      : _("Dashed: order of time, no route."),
		_("Borders are simplified public-domain data, off by kilometres, and take no "
		  "position on any claim."));

	kd_set(rv->map_note, s);
	g_free(s);
	gtk_widget_queue_draw(rv->map);
}

void kd_map_reset(struct kd_review *rv)
{
	map_of(rv->map)->chosen = G_MAXUINT;
	kd_app_state(rv->app, kd_geo_get()->rings->len > 0 ? "map-read" : "map-unread");
	everything(rv->map);
}
