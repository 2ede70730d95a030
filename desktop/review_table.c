/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of observations, and the one choice that table, map and timeline share. */
#include "desktop/review_i.h"

enum column { COL_TIME, COL_TYPE, COL_PLACE, COL_WHAT, COL_ITEM, COL_MARK, COLUMNS };

static char *time_text(const struct kd_obs *o)
{
	char *when = kd_ltr(o->when), *s;

	if (!o->local)
		return when;
	s = g_strdup_printf(_("%s, local"), when);
	g_free(when);
	return s;
}

static char *cell(const struct kd_review *rv, const struct kd_obs *o, enum column c)
{
	switch (c) {
	case COL_TIME:
		return o->when != NULL ? time_text(o) : g_strdup("");
	case COL_TYPE:
		return kd_word_shown(KT_VOCAB_TYPES, o->type);
	case COL_PLACE:
		return kd_place_text(o);
	case COL_WHAT:
		return kd_isolate(o->what);
	case COL_ITEM:
		return g_strdup(kd_source_title(rv->report, o->item));
	default:
		return g_strdup(kd_mark_short(o->mark));
	}
}

static void on_setup(GtkSignalListItemFactory *f, GtkListItem *item, gpointer data)
{
	GtkWidget *l = gtk_inscription_new(NULL);

	(void)f;
	(void)data;
	/* unlike a label it isn't measured: GTK keeps 200 rows, of which 15 are seen */
	gtk_inscription_set_text_overflow(GTK_INSCRIPTION(l),
					  GTK_INSCRIPTION_OVERFLOW_ELLIPSIZE_END);
	gtk_inscription_set_min_chars(GTK_INSCRIPTION(l), 1);
	gtk_inscription_set_xalign(GTK_INSCRIPTION(l),
				   gtk_widget_get_default_direction() == GTK_TEXT_DIR_RTL ? 1 : 0);
	gtk_list_item_set_child(item, l);
}

static void on_bind(GtkSignalListItemFactory *f, GtkListItem *item, gpointer data)
{
	struct kd_review *rv = data;
	enum column c = (enum column)GPOINTER_TO_INT(g_object_get_data(G_OBJECT(f), "column"));
	guint at = kd_row_position(KD_ROW(gtk_list_item_get_item(item)));
	char *s;

	if (rv->report == NULL || at >= rv->report->obs->len)
		return;
	s = cell(rv, kd_obs(rv->report, at), c);
	gtk_inscription_set_text(GTK_INSCRIPTION(gtk_list_item_get_child(item)), s);
	g_free(s);
}

/* width: in pixels, for text of the usual size; larger text takes more. */
static void add_column(struct kd_review *rv, enum column c, const char *title, int width)
{
	GtkListItemFactory *f = gtk_signal_list_item_factory_new();
	GtkColumnViewColumn *col;
	const int usual = 96 * PANGO_SCALE;
	int dpi = usual;

	g_object_get(gtk_settings_get_default(), "gtk-xft-dpi", &dpi, NULL);
	if (dpi > usual)
		width = (int)((int64_t)width * dpi / usual);
	g_object_set_data(G_OBJECT(f), "column", GINT_TO_POINTER((int)c));
	g_signal_connect(f, "setup", G_CALLBACK(on_setup), rv);
	g_signal_connect(f, "bind", G_CALLBACK(on_bind), rv);
	col = gtk_column_view_column_new(title, f);
	gtk_column_view_column_set_resizable(col, TRUE);
	gtk_column_view_column_set_fixed_width(col, width);
	gtk_column_view_column_set_expand(col, c == COL_WHAT || c == COL_ITEM);
	gtk_column_view_append_column(GTK_COLUMN_VIEW(rv->table), col);
	g_object_unref(col);
}

static void on_selected(GtkSingleSelection *s, GParamSpec *spec, gpointer data)
{
	struct kd_review *rv = data;
	guint place = gtk_single_selection_get_selected(s);

	(void)spec;
	if (place != GTK_INVALID_LIST_POSITION && !rv->filling)
		kd_review_select(rv, kd_rows_at(rv->rows, place), rv->table);
}

/* In GTK 4.8 Tab goes from row to row; here it leaves the table, and the arrows move in it. */
static gboolean on_table_key(GtkEventControllerKey *k, guint key, guint code, GdkModifierType mods,
			     gpointer data)
{
	struct kd_review *rv = data;

	(void)k;
	(void)code;
	(void)mods;
	if (key == GDK_KEY_ISO_Left_Tab || (key == GDK_KEY_Tab && (mods & GDK_SHIFT_MASK) != 0))
		return gtk_widget_grab_focus(rv->place_filter);
	if (key != GDK_KEY_Tab)
		return FALSE;
	if (gtk_widget_get_sensitive(rv->mark_choice))
		return gtk_widget_grab_focus(rv->mark_choice);
	return gtk_widget_grab_focus(rv->app->header_back);
}

GtkWidget *kd_table_view(struct kd_review *rv)
{
	GtkWidget *scroll = gtk_scrolled_window_new();
	GtkEventController *keys = gtk_event_controller_key_new();

	rv->selection = gtk_single_selection_new(G_LIST_MODEL(g_object_ref(rv->rows)));
	gtk_single_selection_set_autoselect(rv->selection, FALSE);
	gtk_single_selection_set_can_unselect(rv->selection, TRUE);
	rv->table = gtk_column_view_new(GTK_SELECTION_MODEL(rv->selection));
	kd_name(rv->table, _("Observations"));
	gtk_column_view_set_show_row_separators(GTK_COLUMN_VIEW(rv->table), TRUE);
	add_column(rv, COL_TIME, _("Time (UTC)"), 172);
	add_column(rv, COL_TYPE, _("Kind"), 104);
	add_column(rv, COL_PLACE, _("Position"), 150);
	add_column(rv, COL_WHAT, _("What"), 100);
	add_column(rv, COL_ITEM, _("Source"), 110);
	add_column(rv, COL_MARK, _("Mark"), 78);
	gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
	g_signal_connect(keys, "key-pressed", G_CALLBACK(on_table_key), rv);
	gtk_widget_add_controller(rv->table, keys);
	g_signal_connect(rv->selection, "notify::selected", G_CALLBACK(on_selected), rv);
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroll), rv->table);
	gtk_widget_set_vexpand(scroll, TRUE);
	return scroll;
}

void kd_review_select(struct kd_review *rv, guint position, GtkWidget *from)
{
	guint place;

	if (rv->selected == position)
		return;
	rv->selected = position;
	if (from != rv->table && position != G_MAXUINT) {
		place = kd_rows_place(rv->rows, position);
		rv->filling = true;
		if (place != G_MAXUINT)
			gtk_single_selection_set_selected(rv->selection, place);
		rv->filling = false;
	}
	kd_record_show(rv);
	gtk_widget_queue_draw(rv->map);
	gtk_widget_queue_draw(rv->timeline);
}

void kd_review_step(struct kd_review *rv, bool forward)
{
	guint n = g_list_model_get_n_items(G_LIST_MODEL(rv->rows)),
	      place = rv->selected != G_MAXUINT ? kd_rows_place(rv->rows, rv->selected) : G_MAXUINT;

	if (n == 0)
		return;
	if (place == G_MAXUINT)
		place = forward ? 0 : n - 1;
	else if (forward ? place + 1 < n : place > 0)
		place = forward ? place + 1 : place - 1;
	kd_review_select(rv, kd_rows_at(rv->rows, place), NULL);
}

void kd_review_marked(struct kd_review *rv)
{
	guint place = kd_rows_place(rv->rows, rv->selected);

	if (place == G_MAXUINT)
		return;
	rv->filling = true;
	gtk_single_selection_set_selected(rv->selection, GTK_INVALID_LIST_POSITION);
	kd_rows_touch(rv->rows, place);
	gtk_single_selection_set_selected(rv->selection, place);
	rv->filling = false;
}
