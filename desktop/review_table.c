/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of observations, its filter, and the one choice that table, map and timeline share. */
#include "desktop/review_i.h"

#include <string.h>

enum column { COL_TIME, COL_TYPE, COL_PLACE, COL_WHAT, COL_ITEM, COL_MARK, COLUMNS };

static char *place_text(const struct kd_obs *o)
{
	if (o->lat == KD_NO_PLACE)
		return g_strdup("");
	return g_strdup_printf("%.5f, %.5f", o->lat / 1e7, o->lon / 1e7);
}

static char *cell(const struct kd_obs *o, enum column c)
{
	switch (c) {
	case COL_TIME:
		return o->when == NULL ? g_strdup("")
		       : o->local      ? g_strdup_printf(_("%s, local"), o->when)
				       : g_strdup(o->when);
	case COL_TYPE:
		return g_strdup(o->type);
	case COL_PLACE:
		return place_text(o);
	case COL_WHAT:
		return kd_isolate(o->what);
	case COL_ITEM:
		return g_strdup(o->item);
	default:
		return g_strdup(o->mark != KD_UNMARKED ? kd_mark_name(o->mark) : "");
	}
}

static void on_setup(GtkSignalListItemFactory *f, GtkListItem *item, gpointer data)
{
	GtkWidget *l = gtk_label_new(NULL);

	(void)f;
	(void)data;
	gtk_label_set_xalign(GTK_LABEL(l), 0);
	gtk_label_set_ellipsize(GTK_LABEL(l), PANGO_ELLIPSIZE_END);
	gtk_label_set_single_line_mode(GTK_LABEL(l), TRUE);
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
	s = cell(kd_obs(rv->report, at), c);
	gtk_label_set_text(GTK_LABEL(gtk_list_item_get_child(item)), s);
	g_free(s);
}

static void add_column(struct kd_review *rv, enum column c, const char *title, int width)
{
	GtkListItemFactory *f = gtk_signal_list_item_factory_new();
	GtkColumnViewColumn *col;

	g_object_set_data(G_OBJECT(f), "column", GINT_TO_POINTER((int)c));
	g_signal_connect(f, "setup", G_CALLBACK(on_setup), rv);
	g_signal_connect(f, "bind", G_CALLBACK(on_bind), rv);
	col = gtk_column_view_column_new(title, f);
	gtk_column_view_column_set_resizable(col, TRUE);
	gtk_column_view_column_set_fixed_width(col, width);
	gtk_column_view_column_set_expand(col, c == COL_WHAT);
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
	add_column(rv, COL_TIME, _("Time (UTC)"), 200);
	add_column(rv, COL_TYPE, _("Kind"), 90);
	add_column(rv, COL_PLACE, _("Position"), 170);
	add_column(rv, COL_WHAT, _("What"), 180);
	add_column(rv, COL_ITEM, _("Source"), 190);
	add_column(rv, COL_MARK, _("Mark"), 110);
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

/* -- filter ----------------------------------------------------------------------------------- */

static bool passes(const struct kd_review *rv, guint i, const char *type, const char *words)
{
	const struct kd_obs *o = kd_obs(rv->report, i);
	guint mark = gtk_drop_down_get_selected(GTK_DROP_DOWN(rv->mark_filter));

	if (type != NULL && strcmp(o->type, type) != 0)
		return false;
	if (gtk_check_button_get_active(GTK_CHECK_BUTTON(rv->place_filter)) &&
	    o->lat == KD_NO_PLACE)
		return false;
	if (mark > 0 && o->mark != mark)
		return false;
	return kd_report_holds(rv->report, i, words);
}

void kd_filter_apply(struct kd_review *rv)
{
	guint n = rv->report != NULL ? rv->report->obs->len : 0;
	GArray *shown = g_array_sized_new(FALSE, FALSE, sizeof(guint32), n);
	char *words = g_ascii_strdown(gtk_editable_get_text(GTK_EDITABLE(rv->search)), -1);
	guint t = gtk_drop_down_get_selected(GTK_DROP_DOWN(rv->type_filter));
	const char *type = t > 0 && rv->report != NULL && t <= rv->report->types->len
				   ? rv->report->types->pdata[t - 1]
				   : NULL;

	for (guint32 i = 0; i < n; i++)
		if (passes(rv, i, type, words))
			g_array_append_val(shown, i);
	rv->filling = true;
	kd_rows_set(rv->rows, (const guint32 *)(void *)shown->data, shown->len);
	rv->filling = false;
	kd_setf(rv->count, _("%u of %u observations"), shown->len, n);
	g_array_unref(shown);
	g_free(words);
	gtk_widget_queue_draw(rv->map);
	gtk_widget_queue_draw(rv->timeline);
	kd_app_state(rv->app, "filtered");
}

static gboolean search_now(gpointer data)
{
	struct kd_review *rv = data;

	rv->search_timer = 0;
	kd_filter_apply(rv);
	return G_SOURCE_REMOVE;
}

static void on_search(GtkWidget *w, gpointer data)
{
	struct kd_review *rv = data;

	(void)w;
	if (rv->search_timer != 0)
		g_source_remove(rv->search_timer);
	rv->search_timer = g_timeout_add(200, search_now, rv);
}

/* Enter in the search field: on to the first record that was found. */
static void on_search_done(GtkSearchEntry *e, gpointer data)
{
	struct kd_review *rv = data;

	(void)e;
	if (rv->search_timer != 0) {
		g_source_remove(rv->search_timer);
		search_now(rv);
	}
	if (g_list_model_get_n_items(G_LIST_MODEL(rv->rows)) > 0)
		gtk_single_selection_set_selected(rv->selection, 0);
	gtk_widget_grab_focus(rv->table);
}

static void on_filter(GObject *o, GParamSpec *spec, gpointer data)
{
	struct kd_review *rv = data;

	(void)o;
	(void)spec;
	if (!rv->filling)
		kd_filter_apply(rv);
}

static gboolean on_find(GtkWidget *w, GVariant *v, gpointer data)
{
	struct kd_review *rv = data;

	(void)w;
	(void)v;
	return gtk_widget_grab_focus(rv->search);
}

GtkWidget *kd_filter_bar(struct kd_review *rv)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
	GtkEventController *keys = gtk_shortcut_controller_new();
	GtkStringList *marks = gtk_string_list_new(NULL);

	gtk_widget_add_css_class(box, "kd-margin");
	rv->search = gtk_search_entry_new();
	kd_name(rv->search, _("Search in everything that is shown of a record"));
	gtk_widget_set_hexpand(rv->search, TRUE);
	g_signal_connect(rv->search, "search-changed", G_CALLBACK(on_search), rv);
	g_signal_connect(rv->search, "activate", G_CALLBACK(on_search_done), rv);
	rv->type_filter = gtk_drop_down_new(NULL, NULL);
	kd_name(rv->type_filter, _("Kind of observation"));
	g_signal_connect(rv->type_filter, "notify::selected", G_CALLBACK(on_filter), rv);
	rv->place_filter = gtk_check_button_new_with_label(_("With a position"));
	g_signal_connect(rv->place_filter, "notify::active", G_CALLBACK(on_filter), rv);
	gtk_string_list_append(marks, _("Marked or not"));
	for (unsigned m = 1; m < KD_MARKS; m++)
		gtk_string_list_append(marks, kd_mark_name(m));
	rv->mark_filter = gtk_drop_down_new(G_LIST_MODEL(marks), NULL);
	kd_name(rv->mark_filter, _("Marks"));
	g_signal_connect(rv->mark_filter, "notify::selected", G_CALLBACK(on_filter), rv);
	rv->count = gtk_label_new("");
	gtk_widget_add_css_class(rv->count, "dim-label");
	gtk_box_append(GTK_BOX(box), rv->search);
	gtk_box_append(GTK_BOX(box), rv->type_filter);
	gtk_box_append(GTK_BOX(box), rv->mark_filter);
	gtk_box_append(GTK_BOX(box), rv->place_filter);
	gtk_box_append(GTK_BOX(box), rv->count);
	gtk_shortcut_controller_set_scope(GTK_SHORTCUT_CONTROLLER(keys), GTK_SHORTCUT_SCOPE_GLOBAL);
	gtk_shortcut_controller_add_shortcut(
		GTK_SHORTCUT_CONTROLLER(keys),
		gtk_shortcut_new(gtk_keyval_trigger_new(GDK_KEY_f, GDK_CONTROL_MASK),
				 gtk_callback_action_new(on_find, rv, NULL)));
	gtk_widget_add_controller(box, keys);
	return box;
}

void kd_filter_fill(struct kd_review *rv)
{
	GtkStringList *types = gtk_string_list_new(NULL);

	gtk_string_list_append(types, _("All kinds"));
	for (guint i = 0; rv->report != NULL && i < rv->report->types->len; i++)
		gtk_string_list_append(types, rv->report->types->pdata[i]);
	rv->filling = true;
	gtk_drop_down_set_model(GTK_DROP_DOWN(rv->type_filter), G_LIST_MODEL(types));
	rv->filling = false;
	g_object_unref(types);
	rv->selected = G_MAXUINT;
	kd_record_show(rv);
}
