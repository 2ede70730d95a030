/* SPDX-License-Identifier: EUPL-1.2 */
/* Choosing a file: the desktop's own dialog, or, in kiosk mode, a list of what may be chosen. */
#include "desktop/desktop.h"

#include <glib/gstdio.h>
#include <string.h>

#define DEPTH_MAX 3
#define LIST_MAX  200
#define LOOK_MAX  50000

struct choice {
	kd_chosen done;
	gpointer data;
	GtkWidget *window, *list;
};

static void on_native(GtkNativeDialog *d, int response, gpointer data)
{
	struct choice *c = data;
	GFile *f = response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file(GTK_FILE_CHOOSER(d))
						   : NULL;
	char *path = f != NULL ? g_file_get_path(f) : NULL;

	if (path != NULL)
		c->done(path, c->data);
	g_free(path);
	g_clear_object(&f);
	g_object_unref(d);
	g_free(c);
}

static void native(struct kd_app *app, const char *title, const char *suffix, struct choice *c)
{
	GtkFileChooserNative *d =
		gtk_file_chooser_native_new(title, GTK_WINDOW(app->window),
					    suffix != NULL ? GTK_FILE_CHOOSER_ACTION_OPEN
							   : GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER,
					    _("_Choose"), _("_Cancel"));

	if (suffix != NULL && suffix[0] != '\0') {
		GtkFileFilter *f = gtk_file_filter_new();
		char *pattern = g_strconcat("*", suffix, NULL);

		gtk_file_filter_add_pattern(f, pattern);
		gtk_file_filter_set_name(f, pattern);
		gtk_file_chooser_add_filter(GTK_FILE_CHOOSER(d), f);
		g_object_unref(f);
		g_free(pattern);
	}
	gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(d), TRUE);
	g_signal_connect(d, "response", G_CALLBACK(on_native), c);
	gtk_native_dialog_show(GTK_NATIVE_DIALOG(d));
}

/* -- kiosk ------------------------------------------------------------------------------------ */

struct entry {
	char *path;
	gint64 changed;
};

static void entry_clear(gpointer data)
{
	g_free(((struct entry *)data)->path);
}

static gint newest_first(gconstpointer a, gconstpointer b)
{
	const struct entry *x = a, *y = b;

	return x->changed != y->changed ? (x->changed < y->changed ? 1 : -1)
					: strcmp(x->path, y->path);
}

static void add_entry(GArray *found, const char *path)
{
	struct entry e = {g_strdup(path), 0};
	GStatBuf st;

	if (g_stat(path, &st) == 0)
		e.changed = st.st_mtime;
	g_array_append_val(found, e);
}

/* looked: how many names were seen; somebody can bring a stick with millions. */
static void look_into(GArray *found, const char *folder, const char *suffix, int depth,
		      unsigned *looked)
{
	GDir *d = g_dir_open(folder, 0, NULL);
	const char *name;

	if (d == NULL)
		return;
	while ((name = g_dir_read_name(d)) != NULL && (*looked)++ < LOOK_MAX) {
		char *path = g_build_filename(folder, name, NULL);
		bool is_folder = g_file_test(path, G_FILE_TEST_IS_DIR);

		if (name[0] == '.' || g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
			/* a link could lead out of what the administrator allows */
		} else if (is_folder) {
			if (suffix == NULL)
				add_entry(found, path);
			if (depth < DEPTH_MAX)
				look_into(found, path, suffix, depth + 1, looked);
		} else if (suffix != NULL && g_str_has_suffix(name, suffix)) {
			add_entry(found, path);
		}
		g_free(path);
	}
	g_dir_close(d);
}

/* What stands in a list is text; the path itself stays in bytes. */
static GtkWidget *entry_row(const char *path)
{
	char *name = g_filename_display_basename(path), *full = g_filename_display_name(path),
	     *safe = kd_isolate(name);
	GtkWidget *row = kd_row(safe, full);

	gtk_widget_remove_css_class(row, "kd-fact");
	adw_action_row_set_activatable_widget(ADW_ACTION_ROW(row), NULL);
	gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), TRUE);
	g_object_set_data_full(G_OBJECT(row), "path", g_strdup(path), g_free);
	g_free(safe);
	g_free(full);
	g_free(name);
	return row;
}

static void fill(struct kd_app *app, struct choice *c, const char *suffix)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(struct entry));
	unsigned looked = 0;

	g_array_set_clear_func(found, entry_clear);
	for (char **f = app->set.folders; *f != NULL; f++) {
		if (suffix == NULL && g_file_test(*f, G_FILE_TEST_IS_DIR))
			add_entry(found, *f);
		look_into(found, *f, suffix, 0, &looked);
	}
	if (suffix != NULL)
		look_into(found, app->set.out, suffix, 0, &looked);
	else if (g_file_test(app->set.out, G_FILE_TEST_IS_DIR))
		add_entry(found, app->set.out);
	g_array_sort(found, newest_first);
	for (guint i = 0; i < found->len && i < LIST_MAX; i++)
		gtk_list_box_append(GTK_LIST_BOX(c->list),
				    entry_row(g_array_index(found, struct entry, i).path));
	if (found->len > LIST_MAX || looked > LOOK_MAX) {
		GtkWidget *row =
			kd_row("", _("There are more than these, the newest. Move what is not "
				     "needed out of the folder."));

		gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), FALSE);
		gtk_list_box_append(GTK_LIST_BOX(c->list), row);
	}
	g_array_unref(found);
}

static void on_row(GtkListBox *list, GtkListBoxRow *row, gpointer data)
{
	struct choice *c = data;
	char *path = g_strdup(g_object_get_data(G_OBJECT(row), "path"));

	(void)list;
	if (path == NULL)
		return;
	c->done(path, c->data);
	gtk_window_destroy(GTK_WINDOW(c->window));
	g_free(path);
}

static void on_destroy(GtkWidget *w, gpointer data)
{
	(void)w;
	g_free(data);
}

static void kiosk(struct kd_app *app, const char *title, const char *suffix, struct choice *c)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *scroll, *empty;

	c->window = adw_window_new();
	c->list = gtk_list_box_new();
	gtk_widget_add_css_class(c->list, "boxed-list");
	gtk_widget_add_css_class(c->list, "kd-margin");
	kd_name(c->list, title);
	empty = kd_text(_("Nothing to choose lies in the folders of this station."), "kd-margin");
	gtk_list_box_set_placeholder(GTK_LIST_BOX(c->list), empty);
	fill(app, c, suffix);
	g_signal_connect(c->list, "row-activated", G_CALLBACK(on_row), c);
	gtk_window_set_title(GTK_WINDOW(c->window), title);
	gtk_window_set_transient_for(GTK_WINDOW(c->window), GTK_WINDOW(app->window));
	gtk_window_set_modal(GTK_WINDOW(c->window), TRUE);
	gtk_window_set_default_size(GTK_WINDOW(c->window), 640, 480);
	scroll = gtk_scrolled_window_new();
	gtk_widget_set_vexpand(scroll, TRUE);
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroll), c->list);
	gtk_box_append(GTK_BOX(box), adw_header_bar_new());
	gtk_box_append(GTK_BOX(box), scroll);
	adw_window_set_content(ADW_WINDOW(c->window), box);
	kd_escape_closes(c->window);
	g_signal_connect(c->window, "destroy", G_CALLBACK(on_destroy), c);
	gtk_window_present(GTK_WINDOW(c->window));
}

void kd_choose(struct kd_app *app, const char *title, const char *suffix, kd_chosen done,
	       gpointer data)
{
	struct choice *c = g_new0(struct choice, 1);

	c->done = done;
	c->data = data;
	if (app->set.kiosk)
		kiosk(app, title, suffix, c);
	else
		native(app, title, suffix, c);
}

/* -- a question ------------------------------------------------------------------------------- */

struct question {
	kd_answered done;
	gpointer data;
	GtkWidget *window;
	bool answered;
	const char *first;
};

static void give(struct question *q, const char *id)
{
	if (q->answered)
		return;
	q->answered = true;
	q->done(id, q->data);
}

static void on_answer_clicked(GtkButton *b, gpointer data)
{
	struct question *q = data;
	GtkWidget *window = q->window;

	give(q, g_object_get_data(G_OBJECT(b), "id"));
	gtk_window_destroy(GTK_WINDOW(window));
}

static void on_question_gone(GtkWidget *w, gpointer data)
{
	struct question *q = data;

	(void)w;
	give(q, q->first);
	g_free(q);
}

void kd_ask(struct kd_app *app, const char *heading, const char *body,
	    const struct kd_answer *answers, kd_answered done, gpointer data)
{
	struct question *q = g_new0(struct question, 1);
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);

	q->done = done;
	q->data = data;
	q->first = answers[0].id;
	q->window = adw_window_new();
	gtk_widget_add_css_class(box, "kd-content");
	gtk_box_append(GTK_BOX(box), kd_text(heading, "title-2"));
	gtk_box_append(GTK_BOX(box), kd_text(body, NULL));
	for (; answers->id != NULL; answers++) {
		GtkWidget *b = kd_button(answers->mnemonic, answers->css,
					 G_CALLBACK(on_answer_clicked), q);

		g_object_set_data(G_OBJECT(b), "id", (gpointer)answers->id);
		gtk_box_append(GTK_BOX(box), b);
	}
	kd_escape_closes(q->window);
	gtk_window_set_title(GTK_WINDOW(q->window), heading);
	gtk_window_set_transient_for(GTK_WINDOW(q->window), GTK_WINDOW(app->window));
	gtk_window_set_modal(GTK_WINDOW(q->window), TRUE);
	gtk_window_set_default_size(GTK_WINDOW(q->window), 480, -1);
	gtk_window_set_resizable(GTK_WINDOW(q->window), FALSE);
	adw_window_set_content(ADW_WINDOW(q->window), box);
	g_signal_connect(q->window, "destroy", G_CALLBACK(on_question_gone), q);
	gtk_window_present(GTK_WINDOW(q->window));
}

/* -- a row for a path ------------------------------------------------------------------------- */

static void put_path(const char *path, gpointer row)
{
	struct kd_app *app = g_object_get_data(row, "kd-app");

	if (!g_utf8_validate(path, -1, NULL)) { /* a row holds text */
		kd_app_say(app, _("The name of this file can't be written here. Give it another."));
		kd_app_state(app, "no-name");
		return;
	}
	gtk_editable_set_text(GTK_EDITABLE(row), path);
}

static void on_choose(GtkButton *b, gpointer row)
{
	struct kd_app *app = g_object_get_data(row, "kd-app");
	const char *suffix = g_object_get_data(row, "kd-suffix");

	(void)b;
	kd_choose(app, adw_preferences_row_get_title(row), suffix, put_path, row);
}

const char *kd_out_folder(const struct kd_app *app)
{
	return app->set.kiosk ? app->set.out : g_get_home_dir();
}

GtkWidget *kd_path_row(struct kd_app *app, const char *title, const char *suffix)
{
	GtkWidget *row = adw_entry_row_new(), *b;
	char *name = g_strdup_printf(_("Choose: %s"), title);

	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
	gtk_editable_set_enable_undo(GTK_EDITABLE(row), FALSE);
	g_object_set_data(G_OBJECT(row), "kd-app", app);
	g_object_set_data_full(G_OBJECT(row), "kd-suffix", g_strdup(suffix), g_free);
	/* kiosk: files and folders are chosen from the list; a key may be a card's address, so it is typed */
	if (app->set.kiosk && (suffix == NULL || strcmp(suffix, ".pem") != 0))
		gtk_editable_set_editable(GTK_EDITABLE(row), FALSE);
	b = kd_icon_button("document-open-symbolic", name, G_CALLBACK(on_choose), row);
	gtk_widget_add_css_class(b, "flat");
	adw_entry_row_add_suffix(ADW_ENTRY_ROW(row), b);
	g_free(name);
	return row;
}

/* -- dropping --------------------------------------------------------------------------------- */

static gboolean on_drop(GtkDropTarget *t, const GValue *value, double x, double y, gpointer data)
{
	struct choice *c = g_object_get_data(G_OBJECT(t), "kd-choice");
	char *path = g_file_get_path(g_value_get_object(value));

	(void)x;
	(void)y;
	(void)data;
	if (path != NULL)
		c->done(path, c->data);
	g_free(path);
	return TRUE;
}

void kd_take_drops(GtkWidget *w, kd_chosen done, gpointer data)
{
	GtkDropTarget *t = gtk_drop_target_new(G_TYPE_FILE, GDK_ACTION_COPY);
	struct choice *c = g_new0(struct choice, 1);

	c->done = done;
	c->data = data;
	g_object_set_data_full(G_OBJECT(t), "kd-choice", c, g_free);
	g_signal_connect(t, "drop", G_CALLBACK(on_drop), NULL);
	gtk_widget_add_controller(w, GTK_EVENT_CONTROLLER(t));
}
