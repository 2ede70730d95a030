/* SPDX-License-Identifier: EUPL-1.2 */
/* One record: the reviewer's mark, every member, and the raw bytes of the object that it came from. */
#include "desktop/review_i.h"

#include <stdlib.h>
#include <string.h>

#define AROUND	48   /* bytes shown before and behind the record's own */
#define RAW_MAX 4096 /* bytes shown at most */

struct raw_view {
	guint64 from, mark_from, mark_to; /* offsets in the stored object */
};

/* -- raw bytes -------------------------------------------------------------------------------- */

static void dump_line(GString *s, const struct raw_view *v, const guint8 *p, gsize n, guint64 off)
{
	g_string_append_printf(s, "%08" G_GINT64_MODIFIER "x ", off);
	for (gsize i = 0; i < 8; i++) {
		bool own = off + i >= v->mark_from && off + i < v->mark_to;

		if (i < n)
			g_string_append_printf(s, "%c%02x", own ? '>' : ' ', p[i]);
		else
			g_string_append(s, "   ");
	}
	g_string_append(s, "  ");
	for (gsize i = 0; i < n; i++)
		g_string_append_c(s, p[i] >= 0x20 && p[i] < 0x7f ? (char)p[i] : '.');
	g_string_append_c(s, '\n');
}

static void on_raw(const struct kd_engine_result *res, gpointer data)
{
	struct kd_review *rv = data;
	const struct raw_view *v = g_object_get_data(G_OBJECT(rv->raw), "view");
	GString *s = g_string_new("");

	rv->raw_job = NULL;
	if (kd_review_changed(rv, res)) {
		kd_set(rv->raw_note, "");
	} else if (res->status != 0) {
		kd_setf(rv->raw_note, _("The bytes can't be shown: %s"), res->said);
	} else {
		for (gsize i = 0; i < res->out_len; i += 8)
			dump_line(s, v, (const guint8 *)res->out + i, MIN(8, res->out_len - i),
				  v->from + i);
		kd_set(rv->raw_note, _("Bytes of the stored object; > marks the record's own."));
	}
	gtk_label_set_text(GTK_LABEL(rv->raw), s->str);
	g_string_free(s, TRUE);
	kd_app_state(rv->app, "raw-shown");
}

struct place {
	gint64 offset, length;
};

static void on_place(const char *key, const char *value, gpointer data)
{
	struct place *p = data;

	if (strcmp(key, "record.locator.offset") == 0)
		p->offset = g_ascii_strtoll(value, NULL, 10);
	if (strcmp(key, "record.locator.length") == 0)
		p->length = g_ascii_strtoll(value, NULL, 10);
}

static void ask_raw(struct kd_review *rv, const struct kd_obs *o)
{
	struct place p = {-1, 0};
	struct raw_view *v = g_new0(struct raw_view, 1);
	char *name = g_strdup_printf("data/objects/%s", o->object != NULL ? o->object : ""), *from,
	     *n;
	guint64 length;

	kd_report_members(rv->report, rv->selected, on_place, &p);
	if (p.offset >= 0) {
		v->from =
			(guint64)p.offset > AROUND ? ((guint64)p.offset - AROUND) & ~(guint64)7 : 0;
		v->mark_from = (guint64)p.offset;
		v->mark_to = v->mark_from + (guint64)MAX(p.length, 0);
	}
	length = MIN(v->mark_to - v->from + AROUND, RAW_MAX);
	g_object_set_data_full(G_OBJECT(rv->raw), "view", v, g_free);
	from = g_strdup_printf("%" G_GUINT64_FORMAT, v->from);
	n = g_strdup_printf("%" G_GUINT64_FORMAT, MAX(length, AROUND));
	{
		const char *args[KD_SHOW_ARGS];
		size_t i = kd_review_show_args(rv, name, args);

		args[i++] = "--offset";
		args[i++] = from;
		args[i++] = "--length";
		args[i++] = n;
		args[i] = NULL;
		kd_engine_drop(rv->raw_job);
		gtk_label_set_text(GTK_LABEL(rv->raw), "");
		kd_set(rv->raw_note, "");
		rv->raw_job = kd_engine_start(args, NULL, NULL, on_raw, rv);
	}
	g_free(from);
	g_free(n);
	g_free(name);
}

/* -- the pane --------------------------------------------------------------------------------- */

static bool any(const struct kd_review *rv)
{
	return rv->report != NULL && rv->selected != G_MAXUINT &&
	       rv->selected < rv->report->obs->len;
}

static gboolean show_now(gpointer data)
{
	struct kd_review *rv = data;
	const struct kd_obs *o = kd_obs(rv->report, rv->selected);

	rv->record_idle = 0;
	kd_box_clear(rv->record);
	g_free(rv->record_text);
	rv->record_text = kd_facts_show(rv);
	gtk_adjustment_set_value(gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(rv->side)),
				 0);
	ask_raw(rv, o);
	kd_app_state(rv->app, "record-%s", o->id != NULL ? o->id : "");
	return G_SOURCE_REMOVE;
}

/* Who runs through the table with a key held down sees the record on which they stop. */
void kd_record_show(struct kd_review *rv)
{
	bool there = any(rv);

	if (rv->record_idle != 0)
		g_source_remove(rv->record_idle);
	rv->record_idle = 0;
	gtk_widget_set_sensitive(rv->mark_choice, there);
	gtk_widget_set_sensitive(rv->copy_button, there);
	gtk_widget_set_visible(rv->raw_heading, there);
	if (!there) {
		kd_box_clear(rv->record);
		gtk_label_set_text(GTK_LABEL(rv->raw), "");
		kd_set(rv->raw_note, _("Choose a record to see everything about it."));
		return;
	}
	rv->filling = true;
	gtk_drop_down_set_selected(GTK_DROP_DOWN(rv->mark_choice),
				   kd_obs(rv->report, rv->selected)->mark);
	rv->filling = false;
	rv->record_idle = g_timeout_add(60, show_now, rv);
}

static void on_copy(GtkButton *b, gpointer data)
{
	struct kd_review *rv = data;

	if (rv->record_text == NULL)
		return;
	gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(b)), rv->record_text);
	kd_app_say(rv->app, _("The record was copied as text."));
	kd_app_state(rv->app, "copied");
}

static void on_mark(GObject *w, GParamSpec *spec, gpointer data)
{
	struct kd_review *rv = data;

	(void)w;
	(void)spec;
	if (rv->filling || rv->report == NULL || rv->selected == G_MAXUINT)
		return;
	kd_marks_set(rv, gtk_drop_down_get_selected(GTK_DROP_DOWN(rv->mark_choice)));
	kd_review_marked(rv);
}

GtkWidget *kd_record_view(struct kd_review *rv)
{
	GtkWidget *scroll = gtk_scrolled_window_new(),
		  *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12),
		  *top = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
	GtkStringList *marks = gtk_string_list_new(NULL);

	for (unsigned m = 0; m < KD_MARKS; m++)
		gtk_string_list_append(marks, kd_mark_name(m));
	gtk_widget_add_css_class(box, "kd-side");
	gtk_box_append(GTK_BOX(box), kd_text(_("Record"), "title-3"));
	rv->mark_choice = gtk_drop_down_new(G_LIST_MODEL(marks), NULL);
	kd_name(rv->mark_choice, _("Your mark on this record"));
	g_signal_connect(rv->mark_choice, "notify::selected", G_CALLBACK(on_mark), rv);
	rv->raw_note = kd_text("", "dim-label");
	rv->raw = kd_text("", "kd-bytes");
	gtk_widget_set_direction(rv->raw, GTK_TEXT_DIR_LTR);
	gtk_label_set_wrap(GTK_LABEL(rv->raw), FALSE);
	rv->record = gtk_box_new(GTK_ORIENTATION_VERTICAL, 18);
	rv->copy_button = kd_icon_button("edit-copy-symbolic", _("Copy the record as text"),
					 G_CALLBACK(on_copy), rv);
	gtk_widget_set_hexpand(rv->mark_choice, TRUE);
	gtk_box_append(GTK_BOX(top), rv->mark_choice);
	gtk_box_append(GTK_BOX(top), rv->copy_button);
	gtk_box_append(GTK_BOX(box), top);
	rv->mark_note = kd_text("", "warning");
	gtk_widget_set_visible(rv->mark_note, FALSE);
	gtk_box_append(GTK_BOX(box), rv->mark_note);
	gtk_box_append(GTK_BOX(box), rv->record);
	rv->raw_heading = kd_text(_("The bytes"), "heading");
	gtk_box_append(GTK_BOX(box), rv->raw_heading);
	gtk_box_append(GTK_BOX(box), rv->raw_note);
	gtk_box_append(GTK_BOX(box), rv->raw);
	gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroll), GTK_POLICY_AUTOMATIC,
				       GTK_POLICY_AUTOMATIC);
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroll), box);
	gtk_widget_set_size_request(scroll, 380, -1);
	return scroll;
}
