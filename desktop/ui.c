/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/ui.h"

#include <stdarg.h>
#include <string.h>

void kd_name(GtkWidget *w, const char *name)
{
	gtk_accessible_update_property(GTK_ACCESSIBLE(w), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

GtkWidget *kd_button(const char *mnemonic, const char *css, GCallback clicked, gpointer data)
{
	GtkWidget *b = gtk_button_new_with_mnemonic(mnemonic);

	/* without this GTK 4.8 names it with the underscore, and twice */
	gtk_accessible_reset_property(GTK_ACCESSIBLE(b), GTK_ACCESSIBLE_PROPERTY_LABEL);
	if (css != NULL)
		gtk_widget_add_css_class(b, css);
	gtk_widget_set_valign(b, GTK_ALIGN_CENTER);
	g_signal_connect(b, "clicked", clicked, data);
	return b;
}

GtkWidget *kd_icon_button(const char *icon, const char *name, GCallback clicked, gpointer data)
{
	GtkWidget *b = gtk_button_new_from_icon_name(icon);

	gtk_widget_set_valign(b, GTK_ALIGN_CENTER);
	gtk_widget_set_tooltip_text(b, name);
	kd_name(b, name);
	g_signal_connect(b, "clicked", clicked, data);
	return b;
}

GtkWidget *kd_text(const char *text, const char *css)
{
	GtkWidget *l = gtk_label_new(text);

	gtk_label_set_wrap(GTK_LABEL(l), TRUE);
	gtk_label_set_wrap_mode(GTK_LABEL(l), PANGO_WRAP_WORD_CHAR);
	gtk_label_set_xalign(GTK_LABEL(l), 0);
	gtk_widget_set_halign(l, GTK_ALIGN_FILL);
	if (css != NULL)
		gtk_widget_add_css_class(l, css);
	return l;
}

static GtkSizeRequestMode beneath_mode(GtkWidget *w)
{
	(void)w;
	return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void beneath_measure(GtkWidget *w, GtkOrientation o, int for_size, int *min, int *nat,
			    int *min_baseline, int *nat_baseline)
{
	if (o == GTK_ORIENTATION_HORIZONTAL) {
		*min = 160;
		*nat = 400;
		return;
	}
	gtk_widget_measure(gtk_widget_get_first_child(w), o, for_size > 0 ? for_size : 400, min,
			   nat, min_baseline, nat_baseline);
}

static void beneath_allocate(GtkWidget *w, int width, int height, int baseline)
{
	gtk_widget_allocate(gtk_widget_get_first_child(w), width, height, baseline, NULL);
}

GtkWidget *kd_beneath(GtkWidget *label)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

	gtk_box_append(GTK_BOX(box), label);
	gtk_widget_set_layout_manager(
		box, gtk_custom_layout_new(beneath_mode, beneath_measure, beneath_allocate));
	gtk_widget_set_hexpand(box, TRUE);
	return box;
}

void kd_set(GtkWidget *label, const char *text)
{
	if (strcmp(gtk_label_get_text(GTK_LABEL(label)), text) != 0)
		gtk_label_set_text(GTK_LABEL(label), text);
}

void kd_setf(GtkWidget *label, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	kd_set(label, s);
	g_free(s);
}

GtkWidget *kd_row(const char *title, const char *value)
{
	GtkWidget *row = adw_action_row_new();

	gtk_widget_add_css_class(row, "kd-fact");
	adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), FALSE);
	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
	adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(row), 0);
	kd_row_value(row, value);
	return row;
}

void kd_row_value(GtkWidget *row, const char *value)
{
	char *s = value != NULL && value[0] != '\0' ? kd_isolate(value) : NULL;

	adw_action_row_set_subtitle(ADW_ACTION_ROW(row), s != NULL ? s : "");
	g_free(s);
}

GtkWidget *kd_named_row(const char *title, const char *id, const char *value)
{
	GtkWidget *row = kd_row("", NULL);
	char *own = value[0] != '\0' ? kd_isolate(value) : g_strdup(""), *name = kd_ltr(id),
	     *text = g_markup_escape_text(own, -1), *t = g_markup_escape_text(title, -1),
	     *i = g_markup_escape_text(name, -1),
	     *all = id[0] != '\0' ? g_strdup_printf("%s  <small><tt>%s</tt></small>", t, i)
				  : g_strdup(t);

	gtk_widget_remove_css_class(row, "kd-fact");
	adw_preferences_row_set_use_markup(ADW_PREFERENCES_ROW(row), TRUE);
	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), all);
	adw_action_row_set_subtitle(ADW_ACTION_ROW(row), text);
	g_free(all);
	g_free(i);
	g_free(t);
	g_free(text);
	g_free(name);
	g_free(own);
	return row;
}

GtkWidget *kd_group(const char *title, const char *description)
{
	GtkWidget *g = adw_preferences_group_new();
	char *t = g_markup_escape_text(title, -1), /* both are markup there */
		*d = description != NULL ? g_markup_escape_text(description, -1) : NULL;

	adw_preferences_group_set_title(ADW_PREFERENCES_GROUP(g), t);
	adw_preferences_group_set_description(ADW_PREFERENCES_GROUP(g), d);
	g_free(t);
	g_free(d);
	return g;
}

static void unref_rows(gpointer rows)
{
	g_ptr_array_unref(rows);
}

void kd_group_add(GtkWidget *group, GtkWidget *row)
{
	GPtrArray *rows = g_object_get_data(G_OBJECT(group), "kd-rows");

	if (rows == NULL) {
		rows = g_ptr_array_new();
		g_object_set_data_full(G_OBJECT(group), "kd-rows", rows, unref_rows);
	}
	g_ptr_array_add(rows, row);
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), row);
}

void kd_group_clear(GtkWidget *group)
{
	GPtrArray *rows = g_object_get_data(G_OBJECT(group), "kd-rows");

	if (rows == NULL)
		return;
	for (guint i = 0; i < rows->len; i++)
		adw_preferences_group_remove(ADW_PREFERENCES_GROUP(group), rows->pdata[i]);
	g_ptr_array_set_size(rows, 0);
}

void kd_page_init(struct kd_page *p, const char *heading, const char *lead)
{
	GtkWidget *scroll = gtk_scrolled_window_new(), *clamp = adw_clamp_new(), *bar_clamp;

	p->root = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
	p->content = gtk_box_new(GTK_ORIENTATION_VERTICAL, 18);
	gtk_widget_add_css_class(p->content, "kd-content");
	p->heading = kd_text(heading, "title-1");
	gtk_box_append(GTK_BOX(p->content), p->heading);
	if (lead != NULL)
		gtk_box_append(GTK_BOX(p->content), kd_text(lead, "kd-lead"));
	adw_clamp_set_maximum_size(ADW_CLAMP(clamp), 720);
	adw_clamp_set_child(ADW_CLAMP(clamp), p->content);
	gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroll), GTK_POLICY_NEVER,
				       GTK_POLICY_AUTOMATIC);
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroll), clamp);
	gtk_widget_set_vexpand(scroll, TRUE);
	gtk_box_append(GTK_BOX(p->root), scroll);
	p->bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
	gtk_widget_add_css_class(p->bar, "kd-bar");
	bar_clamp = adw_clamp_new();
	adw_clamp_set_maximum_size(ADW_CLAMP(bar_clamp), 720);
	adw_clamp_set_child(ADW_CLAMP(bar_clamp), p->bar);
	gtk_box_append(GTK_BOX(p->root), gtk_separator_new(GTK_ORIENTATION_HORIZONTAL));
	gtk_box_append(GTK_BOX(p->root), bar_clamp);
	p->back = p->forward = NULL;
}

void kd_page_buttons(struct kd_page *p, GtkWidget *back, GtkWidget *forward)
{
	GtkWidget *space = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);

	p->back = back;
	p->forward = forward;
	if (back != NULL)
		gtk_box_append(GTK_BOX(p->bar), back);
	gtk_widget_set_hexpand(space, TRUE);
	gtk_box_append(GTK_BOX(p->bar), space);
	if (forward != NULL)
		gtk_box_append(GTK_BOX(p->bar), forward);
}

void kd_stack_show(GtkWidget *stack, const char *name)
{
	GtkWidget *page = gtk_stack_get_child_by_name(GTK_STACK(stack), name);

	gtk_widget_set_visible(page, TRUE);
	gtk_stack_set_visible_child(GTK_STACK(stack), page);
	for (GtkWidget *c = gtk_widget_get_first_child(stack); c != NULL;
	     c = gtk_widget_get_next_sibling(c))
		gtk_widget_set_visible(c, c == page);
}

static gboolean on_escape(GtkWidget *w, GVariant *v, gpointer data)
{
	(void)v;
	(void)data;
	gtk_window_close(GTK_WINDOW(w));
	return TRUE;
}

void kd_escape_closes(GtkWidget *window)
{
	GtkEventController *keys = gtk_shortcut_controller_new();

	gtk_shortcut_controller_add_shortcut(
		GTK_SHORTCUT_CONTROLLER(keys),
		gtk_shortcut_new(gtk_keyval_trigger_new(GDK_KEY_Escape, 0),
				 gtk_callback_action_new(on_escape, NULL, NULL)));
	gtk_widget_add_controller(window, keys);
}

void kd_box_clear(GtkWidget *box)
{
	GtkWidget *c;

	while ((c = gtk_widget_get_first_child(box)) != NULL)
		gtk_box_remove(GTK_BOX(box), c);
}

char *kd_bytes(guint64 n)
{
	return g_format_size(n);
}

char *kd_span(guint64 s)
{
	if (s < 60)
		return g_strdup_printf(_("%u s"), (unsigned)s);
	if (s < 3600)
		return g_strdup_printf(_("%u min %u s"), (unsigned)(s / 60), (unsigned)(s % 60));
	return g_strdup_printf(_("%u h %u min"), (unsigned)(s / 3600), (unsigned)(s / 60 % 60));
}
