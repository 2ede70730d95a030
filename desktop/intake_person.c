/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Second page: the information for the holder of the phone, in their language, and what they say to
 * it. The sheets are reviewed data files; nothing is translated here.
 */
#include <string.h>

#include "desktop/intake_i.h"

#define SHEET_MAX ((gsize)256 << 10)

static const char *const position_word[KD_POSITIONS] = {NULL, "agrees", "objects", "not-asked"};

/* -- sheets ----------------------------------------------------------------------------------- */

static char *sheet_folder(const struct kd_intake *in)
{
	char *dir, *found;
	static const char *const beside[] = {"information", "../data/information",
					     "../../share/keten/information"};

	if (in->app->set.information != NULL)
		return g_strdup(in->app->set.information);
	dir = g_path_get_dirname(kd_engine_path());
	for (size_t i = 0; i < G_N_ELEMENTS(beside); i++) {
		found = g_build_filename(dir, beside[i], NULL);
		if (g_file_test(found, G_FILE_TEST_IS_DIR)) {
			g_free(dir);
			return found;
		}
		g_free(found);
	}
	return dir;
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void find_sheets(struct kd_intake *in)
{
	char *folder = sheet_folder(in);
	GDir *d = g_dir_open(folder, 0, NULL);
	const char *name;

	g_ptr_array_set_size(in->info_files, 0);
	while (d != NULL && (name = g_dir_read_name(d)) != NULL)
		if (g_str_has_suffix(name, ".txt") && name[0] != '.' &&
		    !g_str_has_prefix(name, "template"))
			g_ptr_array_add(in->info_files, g_build_filename(folder, name, NULL));
	if (d != NULL)
		g_dir_close(d);
	g_ptr_array_sort(in->info_files, by_name);
	g_free(folder);
}

/* "…/nl.txt" to "nl" */
static char *language_of(const char *file)
{
	char *base = g_path_get_basename(file), *dot = strchr(base, '.');

	if (dot != NULL)
		*dot = '\0';
	return base;
}

static void show_sheet(struct kd_intake *in, guint i)
{
	char *text = NULL;
	gsize n = 0;

	if (i < in->info_files->len &&
	    g_file_get_contents(in->info_files->pdata[i], &text, &n, NULL) && n <= SHEET_MAX &&
	    g_utf8_validate(text, (gssize)n, NULL))
		kd_set(in->info_text, text);
	else
		kd_set(in->info_text, _("This station has no information sheet. Give the holder "
					"the sheet on paper, in "
					"their language, and let the interpreter read it."));
	g_free(text);
}

static void on_language(GtkDropDown *d, GParamSpec *spec, gpointer data)
{
	(void)spec;
	show_sheet(data, gtk_drop_down_get_selected(d));
}

/* The sheet of the mandate's language, else the first one. */
static void choose_sheet(struct kd_intake *in)
{
	GtkStringList *names = gtk_string_list_new(NULL);
	guint best = 0;

	find_sheets(in);
	for (guint i = 0; i < in->info_files->len; i++) {
		char *lang = language_of(in->info_files->pdata[i]);

		gtk_string_list_append(names, lang);
		if (in->language != NULL && g_str_has_prefix(in->language, lang))
			best = i;
		g_free(lang);
	}
	gtk_drop_down_set_model(GTK_DROP_DOWN(in->info_language), G_LIST_MODEL(names));
	gtk_widget_set_visible(in->info_language, in->info_files->len > 1);
	if (in->info_files->len > 0)
		gtk_drop_down_set_selected(GTK_DROP_DOWN(in->info_language), best);
	show_sheet(in, best);
	g_object_unref(names);
}

/* -- position --------------------------------------------------------------------------------- */

static bool ends_here(const struct kd_intake *in)
{
	return in->pos == KD_OBJECTS && in->mode != NULL && strcmp(in->mode, "consent") == 0;
}

static void on_position(GtkToggleButton *b, gpointer data)
{
	struct kd_intake *in = data;

	if (!gtk_toggle_button_get_active(b))
		return;
	for (unsigned i = 1; i < KD_POSITIONS; i++)
		if (GTK_WIDGET(b) == in->position[i])
			in->pos = i;
	gtk_widget_set_sensitive(in->p_person.forward, TRUE);
	gtk_widget_set_visible(in->refused_note, in->pos == KD_OBJECTS);
	kd_set(in->refused_note,
	       ends_here(in)
		       ? _("The mandate rests on consent: nothing will be read. The refusal is "
			   "recorded, without a reason, and nobody is to be treated worse for it.")
		       : _("The objection is recorded. The mandate is an order; it says what may "
			   "be "
			   "done all the same."));
	kd_app_state(in->app, "position-%s", position_word[in->pos]);
}

static void on_forward(GtkButton *b, gpointer data)
{
	struct kd_intake *in = data;

	(void)b;
	if (ends_here(in))
		kd_done_refused(in);
	else
		kd_station_begin(in);
}

static void on_back(GtkButton *b, gpointer data)
{
	(void)b;
	kd_intake_page(data, "mandate");
}

/* A toggle button, which GTK 4.8 gives an action for assistive programs; a check button has none. */
static void add_position(struct kd_intake *in, GtkWidget *group, enum kd_position pos,
			 const char *title, const char *what)
{
	GtkWidget *b = gtk_toggle_button_new(), *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12),
		  *text = gtk_box_new(GTK_ORIENTATION_VERTICAL, 3),
		  *mark = gtk_image_new_from_icon_name("object-select-symbolic");

	gtk_box_append(GTK_BOX(text), kd_text(title, "heading"));
	gtk_box_append(GTK_BOX(text), kd_text(what, NULL));
	gtk_widget_set_hexpand(text, TRUE);
	gtk_box_append(GTK_BOX(box), text);
	gtk_box_append(GTK_BOX(box), mark);
	g_object_bind_property(b, "active", mark, "visible", G_BINDING_SYNC_CREATE);
	gtk_button_set_child(GTK_BUTTON(b), box);
	gtk_widget_add_css_class(b, "kd-position");
	kd_name(b, title);
	if (pos != KD_AGREES)
		gtk_toggle_button_set_group(GTK_TOGGLE_BUTTON(b),
					    GTK_TOGGLE_BUTTON(in->position[KD_AGREES]));
	in->position[pos] = b;
	g_signal_connect(b, "toggled", G_CALLBACK(on_position), in);
	gtk_box_append(GTK_BOX(group), b);
}

void kd_person_page(struct kd_intake *in)
{
	struct kd_page *p = &in->p_person;
	GtkWidget *sheet = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12), *group;

	kd_page_init(
		p, _("The holder of the phone"),
		_("Turn the screen to them, or let the interpreter read it out. Then record what "
		  "they say. Take the time that it takes."));
	in->info_language = gtk_drop_down_new(NULL, NULL);
	gtk_widget_set_halign(in->info_language, GTK_ALIGN_START);
	kd_name(in->info_language, _("Language of the information"));
	g_signal_connect(in->info_language, "notify::selected", G_CALLBACK(on_language), in);
	in->info_text = kd_text("", "kd-sheet");
	gtk_widget_add_css_class(sheet, "card");
	gtk_box_append(GTK_BOX(sheet), in->info_text);
	gtk_box_append(GTK_BOX(p->content), in->info_language);
	gtk_box_append(GTK_BOX(p->content), sheet);
	group = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
	gtk_box_append(GTK_BOX(p->content), kd_text(_("What they say"), "heading"));
	add_position(in, group, KD_AGREES, _("They agree"), _("They have understood and say yes."));
	add_position(in, group, KD_OBJECTS, _("They object"),
		     _("They say no, or take back a yes."));
	add_position(in, group, KD_NOT_ASKED, _("They were not asked"),
		     _("Only where an order allows it; the report says so."));
	gtk_box_append(GTK_BOX(p->content), group);
	in->refused_note = kd_text("", NULL);
	gtk_box_append(GTK_BOX(p->content), in->refused_note);
	kd_page_buttons(p, kd_button(_("_Back"), NULL, G_CALLBACK(on_back), in),
			kd_button(_("_Continue"), "suggested-action", G_CALLBACK(on_forward), in));
}

void kd_person_begin(struct kd_intake *in)
{
	bool consent = in->mode == NULL || strcmp(in->mode, "consent") == 0;

	in->pos = KD_POSITION_NONE;
	for (unsigned i = 1; i < KD_POSITIONS; i++)
		gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(in->position[i]), FALSE);
	gtk_widget_set_sensitive(in->position[KD_NOT_ASKED], !consent);
	gtk_widget_set_sensitive(in->p_person.forward, FALSE);
	gtk_widget_set_visible(in->refused_note, FALSE);
	choose_sheet(in);
	kd_intake_page(in, "person");
}
