/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Second page: the information for the holder of the phone, in their language, and what they say to
 * it. keten has the sheets, which people wrote and reviewed; nothing is translated here.
 */
#include <string.h>

#include "desktop/intake_i.h"
#include "desktop/sheet.h"

static const char *const position_word[KD_POSITIONS] = {NULL, "agrees", "objects", "not-asked"};

const char *kd_position_word(enum kd_position pos)
{
	return position_word[pos];
}

/* -- sheets ----------------------------------------------------------------------------------- */

static void add_language(struct kd_intake *in, const char *tag, const char *name)
{
	g_ptr_array_add(in->languages, g_strdup(tag));
	g_ptr_array_add(in->language_names, g_strdup(name));
}

static void choose_sheet(struct kd_intake *in);

static void on_languages(const struct kd_engine_result *res, gpointer data)
{
	struct kd_intake *in = data;
	const struct kt_jv *list = kt_jv_get(res->json, "languages");

	in->languages_look = NULL;
	g_ptr_array_set_size(in->languages, 0);
	g_ptr_array_set_size(in->language_names, 0);
	for (const struct kt_jv *l = list != NULL ? list->child : NULL; l != NULL; l = l->next) {
		const char *tag = kt_jv_str(l, "tag"), *name = kt_jv_str(l, "name");

		if (tag != NULL)
			add_language(in, tag, name != NULL && name[0] != '\0' ? name : tag);
	}
	if (in->built_in && gtk_widget_get_mapped(in->p_person.root))
		choose_sheet(in);
}

void kd_person_languages(struct kd_intake *in)
{
	const char *folder = in->app->set.information;
	const char *args[] = {"information", "--json", folder != NULL ? "--information" : NULL,
			      folder, NULL};

	kd_engine_drop(in->languages_look);
	in->languages_look = kd_engine_start(args, NULL, NULL, on_languages, in);
}

const char *kd_sheet_language(const struct kd_intake *in)
{
	guint i = gtk_drop_down_get_selected(GTK_DROP_DOWN(in->info_language));

	return in->sheets != NULL && i < g_strv_length(in->sheets) ? in->sheets[i] : NULL;
}

static void no_sheet(struct kd_intake *in, const char *why)
{
	kd_box_clear(in->info_box);
	gtk_box_append(
		GTK_BOX(in->info_box),
		kd_text(_("This station has no information sheet in this language. Give the holder "
			  "the "
			  "sheet on paper, in their language, and let the interpreter read it."),
			NULL));
	gtk_box_append(GTK_BOX(in->info_box), kd_text(why, "dim-label"));
}

/* Each by itself: a screen reader is not told of what is above them. */
static void can_answer(struct kd_intake *in, bool can)
{
	bool consent = in->mode == NULL || strcmp(in->mode, "consent") == 0;

	for (unsigned i = 1; i < KD_POSITIONS; i++)
		gtk_widget_set_sensitive(in->position[i], can && (i != KD_NOT_ASKED || !consent));
	gtk_widget_set_sensitive(in->p_person.forward, can && in->pos != KD_POSITION_NONE);
}

static void on_sheet(const struct kd_engine_result *res, gpointer data)
{
	struct kd_intake *in = data;

	in->check = NULL;
	if (res->status == 0 && res->out_len > 0 &&
	    g_utf8_validate(res->out, (gssize)res->out_len, NULL))
		kd_sheet_draw(in->info_box, res->out);
	else
		no_sheet(in, res->said);
	can_answer(in, true);
	kd_app_state(in->app, "sheet-%s", kd_sheet_language(in));
}
static void ask_sheet(struct kd_intake *in)
{
	const struct kd_settings *set = &in->app->set;
	const char *args[8 + KD_TRUST_ARGS];
	size_t n = 0;

	args[n++] = "information";
	args[n++] = "--mandate";
	args[n++] = in->mandate;
	args[n++] = "--lang";
	args[n++] = kd_sheet_language(in);
	n = kd_settings_trust_args(set, args, n);
	if (set->information != NULL) {
		args[n++] = "--information";
		args[n++] = set->information;
	}
	args[n] = NULL;
	/* nobody answers to another sheet than the one that is meant */
	kd_box_clear(in->info_box);
	can_answer(in, false);
	kd_engine_drop(in->check);
	in->check = kd_engine_start(args, NULL, NULL, on_sheet, in);
}

static void on_language(GtkDropDown *d, GParamSpec *spec, gpointer data)
{
	struct kd_intake *in = data;

	(void)d;
	(void)spec;
	if (!in->filling)
		ask_sheet(in);
}

/* The sheet of the mandate's language, where there is one. */
static void choose_sheet(struct kd_intake *in)
{
	GtkStringList *names = gtk_string_list_new(NULL);
	GStrvBuilder *tags = g_strv_builder_new();
	guint best = 0;
	gsize longest = 0;

	in->built_in = in->languages_look != NULL; /* keten has not answered yet */
	if (in->languages->len == 0)
		for (int lang = 0; lang < KT_LANG_END; lang++)
			add_language(in, kt_lang_code((enum kt_lang)lang),
				     kt_lang_code((enum kt_lang)lang));
	for (guint i = 0; i < in->languages->len; i++) {
		const char *tag = in->languages->pdata[i];

		gtk_string_list_append(names, in->language_names->pdata[i]);
		g_strv_builder_add(tags, tag);
		/* "ar" serves "ar-SY"; "ar-SY" itself is better */
		if (in->language != NULL && g_str_has_prefix(in->language, tag) &&
		    (in->language[strlen(tag)] == '\0' || in->language[strlen(tag)] == '-') &&
		    strlen(tag) > longest) {
			best = i;
			longest = strlen(tag);
		} else if (longest == 0 && strcmp(tag, "en") == 0) {
			best = i;
		}
	}
	g_strfreev(in->sheets);
	in->sheets = g_strv_builder_end(tags);
	g_strv_builder_unref(tags);
	in->filling = true;
	gtk_drop_down_set_model(GTK_DROP_DOWN(in->info_language), G_LIST_MODEL(names));
	gtk_drop_down_set_selected(GTK_DROP_DOWN(in->info_language), best);
	in->filling = false;
	ask_sheet(in);
	g_object_unref(names);
}

/* -- position --------------------------------------------------------------------------------- */

bool kd_ends_here(const struct kd_intake *in)
{
	return in->pos == KD_OBJECTS &&
	       (g_strcmp0(in->mode, "consent") == 0 || g_strcmp0(in->objection, "stop") == 0);
}

/* Was a case begun there before? Then it may hold data, and a refusal would say that nothing was read. */
static bool is_case(const char *folder)
{
	char *path = g_build_filename(folder, "case.json", NULL);
	bool r = g_file_test(path, G_FILE_TEST_EXISTS);

	g_free(path);
	return r;
}

bool kd_withdraws(const struct kd_intake *in)
{
	return in->withdrawn || in->resume.withdraw ||
	       (kd_ends_here(in) && (in->resume.folder != NULL || is_case(kd_entry(in->case_row))));
}

/* What an objection leads to. */
static const char *what_follows(const struct kd_intake *in)
{
	char *folder = kd_station_case(in);
	bool begun = is_case(folder);

	g_free(folder);
	if (kd_ends_here(in) && begun)
		return _(
			"Something was read in this case before. It will be destroyed, and that is "
			"recorded, without a reason; nobody is to be treated worse for it.");
	if (kd_ends_here(in) && g_strcmp0(in->mode, "consent") == 0)
		return _("The mandate rests on consent: nothing will be read. The refusal is "
			 "recorded, without a reason, and nobody is to be treated worse for it.");
	if (kd_ends_here(in))
		return _("The mandate stops at an objection: nothing will be read. The refusal is "
			 "recorded, without a reason, and nobody is to be treated worse for it.");
	if (g_strcmp0(in->objection, "second-authoriser") == 0)
		return _(
			"The objection is recorded. Nothing is read unless a second authoriser has "
			"signed the mandate too; Keten looks for that when reading begins.");
	return _("The objection is recorded. The mandate is an order; it says what may be done all "
		 "the same.");
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
	kd_set(in->refused_note, what_follows(in));
	kd_app_state(in->app, "position-%s", position_word[in->pos]);
}

static void on_forward(GtkButton *b, gpointer data)
{
	struct kd_intake *in = data;

	(void)b;
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
	GtkWidget *sheet = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12), *group, *who;

	kd_page_init(
		p, _("The holder of the phone"),
		_("Turn the screen to them, or let the interpreter read it out. Then record what "
		  "they say. Take the time that it takes."));
	in->info_language = gtk_drop_down_new(NULL, NULL);
	gtk_widget_set_halign(in->info_language, GTK_ALIGN_START);
	kd_name(in->info_language, _("Language of the information"));
	g_signal_connect(in->info_language, "notify::selected", G_CALLBACK(on_language), in);
	in->info_box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 9);
	gtk_widget_add_css_class(in->info_box, "kd-sheet");
	gtk_widget_add_css_class(sheet, "card");
	gtk_box_append(GTK_BOX(sheet), in->info_box);
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
	who = kd_group("", NULL);
	in->interpreter_row = adw_entry_row_new();
	adw_preferences_row_set_title(ADW_PREFERENCES_ROW(in->interpreter_row),
				      _("Interpreter (name or number, if there is one)"));
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(who), in->interpreter_row);
	gtk_box_append(GTK_BOX(p->content), who);
	in->refused_note = kd_text("", NULL);
	gtk_box_append(GTK_BOX(p->content), in->refused_note);
	kd_page_buttons(p, kd_button(_("_Back"), NULL, G_CALLBACK(on_back), in),
			kd_button(_("_Continue"), "suggested-action", G_CALLBACK(on_forward), in));
}

void kd_person_clear(struct kd_intake *in)
{
	in->pos = KD_POSITION_NONE;
	for (unsigned i = 1; i < KD_POSITIONS; i++)
		gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(in->position[i]), FALSE);
	gtk_widget_set_visible(in->refused_note, FALSE);
	gtk_editable_set_text(GTK_EDITABLE(in->interpreter_row), "");
	in->filling = true;
	gtk_drop_down_set_model(GTK_DROP_DOWN(in->info_language), NULL);
	in->filling = false;
	g_clear_pointer(&in->sheets, g_strfreev);
}

void kd_person_begin(struct kd_intake *in)
{
	kd_person_clear(in);
	choose_sheet(in);
	kd_intake_page(in, "person");
}
