/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What of a report is looked at: search, kind, source, period, position, mark. Looked for in a thread
 * of its own, as a word is searched in tens of megabytes while somebody types it.
 */
#include "desktop/review_i.h"

#include <string.h>

#include "core/time.h"

#define AT_ONCE 40

struct criteria {
	struct kd_report *r;
	const char *type, *item; /* of the report; NULL: any */
	gint64 from, to;	 /* to: the first moment that is outside; KD_NO_TIME: open */
	guint mark;
	bool placed;
	char *words;
	GByteArray *marks; /* as they stood, or NULL */
	guint run;
	GArray *found; /* guint32 */
};

static void criteria_free(gpointer data)
{
	struct criteria *c = data;

	kd_report_free(c->r);
	g_free(c->words);
	if (c->marks != NULL)
		g_byte_array_unref(c->marks);
	if (c->found != NULL)
		g_array_unref(c->found);
	g_free(c);
}

static bool passes(const struct criteria *c, const struct kd_obs *o, guint i)
{
	if (c->type != NULL && o->type != c->type)
		return false;
	if (c->item != NULL && o->item != c->item)
		return false;
	if (c->placed && o->lat == KD_NO_PLACE)
		return false;
	if (c->marks != NULL && c->marks->data[i] != c->mark)
		return false;
	if (c->from != KD_NO_TIME && (o->t == KD_NO_TIME || o->t < c->from))
		return false;
	return c->to == KD_NO_TIME || (o->t != KD_NO_TIME && o->t < c->to);
}

static void look(struct criteria *c)
{
	struct kd_reader reader = {0};

	c->found = g_array_sized_new(FALSE, FALSE, sizeof(guint32), 1024);
	for (guint32 i = 0; i < c->r->obs->len; i++)
		if (passes(c, kd_obs(c->r, i), i) && kd_report_holds(c->r, &reader, i, c->words))
			g_array_append_val(c->found, i);
	kd_reader_clear(&reader);
}

static void shown(struct kd_review *rv)
{
	guint place = rv->selected != G_MAXUINT ? kd_rows_place(rv->rows, rv->selected) : G_MAXUINT;

	rv->filling = true;
	if (place != G_MAXUINT)
		gtk_single_selection_set_selected(rv->selection, place);
	rv->filling = false;
	kd_map_filtered(rv);
	gtk_widget_queue_draw(rv->timeline);
	kd_app_state(rv->app, "filtered");
}

static gboolean show_rest(gpointer data)
{
	struct kd_review *rv = data;
	guint from = g_list_model_get_n_items(G_LIST_MODEL(rv->rows)),
	      to = from == AT_ONCE ? MIN(3 * AT_ONCE, rv->found->len) : rv->found->len;

	rv->filling = true;
	kd_rows_append(rv->rows, &g_array_index(rv->found, guint32, from), to - from);
	rv->filling = false;
	if (to < rv->found->len)
		return G_SOURCE_CONTINUE;
	rv->rest_timer = 0;
	shown(rv);
	return G_SOURCE_REMOVE;
}

/* GTK makes widgets for 200 rows: those that are seen first, the others a moment later. */
static void show(struct kd_review *rv, const struct criteria *c)
{
	guint n = gtk_widget_get_mapped(rv->table) ? MIN(c->found->len, AT_ONCE) : c->found->len;

	kd_filter_forget(rv);
	rv->found = g_array_ref(c->found);
	rv->filling = true;
	/* GTK would look for what is selected by making every row */
	gtk_single_selection_set_selected(rv->selection, GTK_INVALID_LIST_POSITION);
	kd_rows_set(rv->rows, (const guint32 *)(void *)c->found->data, n);
	rv->filling = false;
	kd_setf(rv->count, _("%u of %u observations"), c->found->len, c->r->obs->len);
	if (n < c->found->len)
		rv->rest_timer = g_timeout_add_full(G_PRIORITY_LOW, 20, show_rest, rv, NULL);
	else
		shown(rv);
}

void kd_filter_forget(struct kd_review *rv)
{
	if (rv->rest_timer != 0)
		g_source_remove(rv->rest_timer);
	rv->rest_timer = 0;
	g_clear_pointer(&rv->found, g_array_unref);
}

static void look_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancel)
{
	(void)source;
	(void)cancel;
	look(data);
	g_task_return_boolean(task, TRUE);
}

static void on_looked(GObject *source, GAsyncResult *r, gpointer data)
{
	struct kd_review *rv = data;
	const struct criteria *c = g_task_get_task_data(G_TASK(r));

	(void)source;
	if (c->run == rv->filter_run) /* nobody asked for anything else meanwhile */
		show(rv, c);
}

/* -- what is asked for ------------------------------------------------------------------------ */

/*
 * "2024-05-31", or "2024-05-31 14:00", in UTC. end: the moment behind it, that is the end of the day
 * or of the minute. False when it is neither; KD_NO_TIME for an empty text.
 */
static bool moment(const char *s, bool end, gint64 *t)
{
	gsize n = strlen(s);
	bool day = n == 10;
	char *full;
	int64_t us = 0;
	int r;

	*t = KD_NO_TIME;
	if (n == 0)
		return true;
	if (!day && (n != 16 || (s[10] != ' ' && s[10] != 'T')))
		return false;
	full = g_strdup_printf("%.10sT%s:00Z", s, day ? "00:00" : s + 11);
	r = kt_time_parse(full, strlen(full), false, &us, NULL, NULL);
	g_free(full);
	if (r < 0)
		return false;
	*t = us + (!end ? 0 : (day ? G_GINT64_CONSTANT(86400) : 60) * G_USEC_PER_SEC);
	return true;
}

static bool moment_of(GtkWidget *entry, bool end, gint64 *t)
{
	bool good = moment(gtk_editable_get_text(GTK_EDITABLE(entry)), end, t);

	if (good)
		gtk_widget_remove_css_class(entry, "error");
	else
		gtk_widget_add_css_class(entry, "error");
	gtk_accessible_update_state(
		GTK_ACCESSIBLE(entry), GTK_ACCESSIBLE_STATE_INVALID,
		good ? GTK_ACCESSIBLE_INVALID_FALSE : GTK_ACCESSIBLE_INVALID_TRUE, -1);
	return good;
}

static const char *chosen(GtkWidget *drop_down, const GPtrArray *of)
{
	guint n = gtk_drop_down_get_selected(GTK_DROP_DOWN(drop_down));

	return n > 0 && n != GTK_INVALID_LIST_POSITION && n <= of->len ? of->pdata[n - 1] : NULL;
}

static struct criteria *asked(struct kd_review *rv)
{
	struct criteria *c = g_new0(struct criteria, 1);

	c->r = kd_report_ref(rv->report);
	c->type = chosen(rv->type_filter, rv->report->types);
	c->item = chosen(rv->source_filter, rv->report->items);
	c->mark = gtk_drop_down_get_selected(GTK_DROP_DOWN(rv->mark_filter));
	c->placed = gtk_check_button_get_active(GTK_CHECK_BUTTON(rv->place_filter));
	c->words = g_ascii_strdown(gtk_editable_get_text(GTK_EDITABLE(rv->search)), -1);
	if (c->mark > 0) {
		c->marks = g_byte_array_new();
		for (guint i = 0; i < rv->report->obs->len; i++)
			g_byte_array_append(c->marks, &kd_obs(rv->report, i)->mark, 1);
	}
	return c;
}

void kd_filter_apply(struct kd_review *rv)
{
	struct criteria *c;
	GTask *task;

	rv->filter_run++;
	if (rv->report == NULL) {
		kd_filter_forget(rv);
		kd_rows_set(rv->rows, NULL, 0);
		kd_setf(rv->count, _("%u of %u observations"), 0U, 0U);
		return;
	}
	c = asked(rv);
	c->run = rv->filter_run;
	if (!moment_of(rv->from_filter, false, &c->from) ||
	    !moment_of(rv->to_filter, true, &c->to)) {
		kd_set(rv->count, _("Write a date as 2024-05-31, or 2024-05-31 14:00."));
		kd_app_state(rv->app, "no-date");
		criteria_free(c);
		return;
	}
	if (c->words[0] == '\0') {
		look(c);
		show(rv, c);
		criteria_free(c);
		return;
	}
	task = g_task_new(rv->rows, NULL, on_looked, rv);
	g_task_set_task_data(task, c, criteria_free);
	g_task_run_in_thread(task, look_thread);
	g_object_unref(task);
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
	if (rv->filling)
		return;
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

/* -- the bar ---------------------------------------------------------------------------------- */

static GtkWidget *drop_down(struct kd_review *rv, GtkStringList *texts, const char *name)
{
	GtkWidget *w = gtk_drop_down_new(texts != NULL ? G_LIST_MODEL(texts) : NULL, NULL);

	kd_name(w, name);
	gtk_widget_set_tooltip_text(w, name);
	g_signal_connect(w, "notify::selected", G_CALLBACK(on_filter), rv);
	return w;
}

static GtkWidget *date_entry(struct kd_review *rv, const char *label, const char *name)
{
	GtkWidget *w = gtk_entry_new();

	gtk_entry_set_placeholder_text(GTK_ENTRY(w), label);
	gtk_editable_set_width_chars(GTK_EDITABLE(w), 11);
	gtk_editable_set_max_width_chars(GTK_EDITABLE(w), 16);
	gtk_widget_set_direction(w, GTK_TEXT_DIR_LTR);
	kd_name(w, name);
	gtk_widget_set_tooltip_text(w, name);
	g_signal_connect(w, "changed", G_CALLBACK(on_search), rv);
	return w;
}

static GtkWidget *choices(struct kd_review *rv)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 9);
	GtkStringList *marks = gtk_string_list_new(NULL);

	rv->type_filter = drop_down(rv, NULL, _("Kind of observation"));
	rv->source_filter = drop_down(rv, NULL, _("Source"));
	rv->from_filter = date_entry(
		rv, _("From"), _("From: date in UTC, such as 2024-05-31 or 2024-05-31 14:00"));
	rv->to_filter = date_entry(rv, _("Until"),
				   _("Until: date in UTC, such as 2024-05-31 or 2024-05-31 14:00"));
	rv->place_filter = gtk_check_button_new_with_label(_("With a position"));
	g_signal_connect(rv->place_filter, "notify::active", G_CALLBACK(on_filter), rv);
	gtk_string_list_append(marks, _("Marked or not"));
	for (unsigned m = 1; m < KD_MARKS; m++)
		gtk_string_list_append(marks, kd_mark_name(m));
	rv->mark_filter = drop_down(rv, marks, _("Marks"));
	gtk_box_append(GTK_BOX(box), rv->type_filter);
	gtk_box_append(GTK_BOX(box), rv->source_filter);
	gtk_box_append(GTK_BOX(box), rv->from_filter);
	gtk_box_append(GTK_BOX(box), rv->to_filter);
	gtk_box_append(GTK_BOX(box), rv->mark_filter);
	gtk_box_append(GTK_BOX(box), rv->place_filter);
	return box;
}

GtkWidget *kd_filter_bar(struct kd_review *rv)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 9),
		  *top = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
	GtkEventController *keys = gtk_shortcut_controller_new();

	gtk_widget_add_css_class(box, "kd-margin");
	rv->search = gtk_search_entry_new();
	kd_name(rv->search, _("Search in the records as the report's file has them"));
	gtk_widget_set_hexpand(rv->search, TRUE);
	g_object_set(rv->search, "placeholder-text", _("Search (Ctrl+F)"), NULL);
	g_signal_connect(rv->search, "search-changed", G_CALLBACK(on_search), rv);
	g_signal_connect(rv->search, "activate", G_CALLBACK(on_search_done), rv);
	rv->count = gtk_label_new("");
	gtk_widget_add_css_class(rv->count, "dim-label");
	gtk_box_append(GTK_BOX(top), rv->search);
	gtk_box_append(GTK_BOX(top), rv->count);
	gtk_box_append(GTK_BOX(box), top);
	gtk_box_append(GTK_BOX(box), choices(rv));
	gtk_shortcut_controller_set_scope(GTK_SHORTCUT_CONTROLLER(keys), GTK_SHORTCUT_SCOPE_GLOBAL);
	gtk_shortcut_controller_add_shortcut(
		GTK_SHORTCUT_CONTROLLER(keys),
		gtk_shortcut_new(gtk_keyval_trigger_new(GDK_KEY_f, GDK_CONTROL_MASK),
				 gtk_callback_action_new(on_find, rv, NULL)));
	gtk_widget_add_controller(box, keys);
	return box;
}

static void offer(GtkWidget *w, const char *all, GPtrArray *words)
{
	GtkStringList *texts = gtk_string_list_new(NULL);

	gtk_string_list_append(texts, all);
	for (guint i = 0; i < words->len; i++)
		gtk_string_list_append(texts, words->pdata[i]);
	gtk_drop_down_set_model(GTK_DROP_DOWN(w), G_LIST_MODEL(texts));
	g_object_unref(texts);
	g_ptr_array_unref(words);
}

/* What was looked for in one package is not kept back in the next. */
void kd_filter_clear(struct kd_review *rv)
{
	if (rv->search_timer != 0)
		g_source_remove(rv->search_timer);
	rv->search_timer = 0;
	rv->filling = true;
	gtk_editable_set_text(GTK_EDITABLE(rv->search), "");
	gtk_editable_set_text(GTK_EDITABLE(rv->from_filter), "");
	gtk_editable_set_text(GTK_EDITABLE(rv->to_filter), "");
	gtk_check_button_set_active(GTK_CHECK_BUTTON(rv->place_filter), FALSE);
	gtk_drop_down_set_selected(GTK_DROP_DOWN(rv->mark_filter), 0);
	rv->filling = false;
}

void kd_filter_fill(struct kd_review *rv)
{
	const struct kd_report *r = rv->report;
	GPtrArray *types = g_ptr_array_new_with_free_func(g_free), *items = g_ptr_array_new();

	for (guint i = 0; r != NULL && i < r->types->len; i++)
		g_ptr_array_add(types, kd_word_shown(KT_VOCAB_TYPES, r->types->pdata[i]));
	for (guint i = 0; r != NULL && i < r->items->len; i++)
		g_ptr_array_add(items, (gpointer)kd_source_title(r, r->items->pdata[i]));
	rv->filling = true;
	offer(rv->type_filter, _("All kinds"), types);
	offer(rv->source_filter, _("All sources"), items);
	rv->filling = false;
	rv->selected = G_MAXUINT;
	kd_record_show(rv);
}
