/* SPDX-License-Identifier: EUPL-1.2 */
/* Third page: who operates, where the case and the package go, and whether this station is fit. */
#include <string.h>

#include "desktop/intake_i.h"

static void look_again(struct kd_intake *in);

static const struct {
	const char *id, *title;
} names[] = {
	{"self-test", N_("Known answers of Keten's own code")},
	{"swap", N_("Swap space")},
	{"clock", N_("Clock of this station")},
	{"room", N_("Room for the case")},
	{"keyboard", N_("What is plugged in")},
};

static const char *check_name(const char *id)
{
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(names[i].id, id) == 0)
			return _(names[i].title);
	return id;
}

static const char *result_word(const char *r)
{
	if (strcmp(r, "good") == 0)
		return _("good");
	if (strcmp(r, "warning") == 0)
		return _("warning");
	return strcmp(r, "failed") == 0 ? _("failed") : _("not known");
}

static void update_forward(struct kd_intake *in, bool fit)
{
	bool filled = kd_entry(in->operator_row)[0] != '\0' && kd_entry(in->case_row)[0] != '\0' &&
		      kd_entry(in->out_row)[0] != '\0';

	gtk_widget_set_sensitive(in->p_station.forward, filled && fit);
}

static void show_check(struct kd_intake *in, const struct kt_jv *c)
{
	const char *result = kt_jv_str(c, "result"), *text = kt_jv_str(c, "text"),
		   *remedy = kt_jv_str(c, "remedy"), *id = kt_jv_str(c, "id");
	char *s;

	if (result == NULL || text == NULL || remedy == NULL || id == NULL)
		return;
	s = g_strdup_printf("%s: %s%s%s", result_word(result), text, remedy[0] != '\0' ? ". " : "",
			    remedy);
	kd_group_add(in->checks, kd_row(check_name(id), s));
	g_free(s);
}

static void on_checks(const struct kd_engine_result *res, gpointer data)
{
	struct kd_intake *in = data;
	const struct kt_jv *list = kt_jv_get(res->json, "checks");
	bool failed = false;

	in->check = NULL;
	kd_group_clear(in->checks);
	for (const struct kt_jv *c = list != NULL ? list->child : NULL; c != NULL; c = c->next) {
		failed |= g_strcmp0(kt_jv_str(c, "result"), "failed") == 0;
		show_check(in, c);
	}
	kd_group_add(in->checks,
		     kd_row(_("Outside clock"),
			    kd_settings_has_clock(&in->app->set)
				    ? _("A time-stamp authority is asked. If it can't be reached, "
					"the intake goes on and the package says so.")
				    : _("No outside clock: none is set. The time rests on this "
					"station's clock.")));
	if (list == NULL)
		kd_group_add(in->checks, kd_row(_("The station was not checked"), res->error));
	update_forward(in, list != NULL && !failed);
	kd_app_state(in->app, failed || list == NULL ? "station-unfit" : "station-checked");
}

static void look_again(struct kd_intake *in)
{
	const char *args[] = {"station", "--json",
			      "--case",	 kd_entry(in->case_row),
			      "--out",	 kd_entry(in->out_row),
			      NULL};

	kd_engine_drop(in->check);
	in->check = kd_engine_start(args, NULL, NULL, on_checks, in);
}

static void on_changed(GtkEditable *e, gpointer data)
{
	struct kd_intake *in = data;

	(void)e;
	gtk_widget_set_sensitive(in->p_station.forward, FALSE);
	if (gtk_widget_get_mapped(in->p_station.root))
		look_again(in);
}

static void on_forward(GtkButton *b, gpointer data)
{
	struct kd_intake *in = data;
	char *parent = g_path_get_dirname(kd_entry(in->case_row));

	(void)b;
	if (g_mkdir_with_parents(parent, 0700) < 0 ||
	    g_mkdir_with_parents(kd_entry(in->out_row), 0700) < 0)
		kd_app_say(in->app, _("These folders can't be made. Choose other ones."));
	else if (kd_ends_here(in))
		kd_run_refuse(in);
	else
		kd_phone_begin(in);
	g_free(parent);
}

static void on_back(GtkButton *b, gpointer data)
{
	(void)b;
	kd_intake_page(data, "person");
}

void kd_station_page(struct kd_intake *in)
{
	struct kd_page *p = &in->p_station;
	GtkWidget *where = kd_group(_("Who and where"), NULL);

	kd_page_init(
		p, _("This station"),
		_("Everything is asked now, so that nobody has to wait once the phone is plugged "
		  "in."));
	in->operator_row = kd_path_row(in->app, _("Operator's key"), ".pem");
	in->case_row = kd_path_row(in->app, _("Folder of this case"), NULL);
	in->out_row = kd_path_row(in->app, _("Folder for the package"), NULL);
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(where), in->operator_row);
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(where), in->case_row);
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(where), in->out_row);
	g_signal_connect(in->operator_row, "changed", G_CALLBACK(on_changed), in);
	g_signal_connect(in->case_row, "changed", G_CALLBACK(on_changed), in);
	g_signal_connect(in->out_row, "changed", G_CALLBACK(on_changed), in);
	gtk_box_append(GTK_BOX(p->content), where);
	in->estimate = kd_text("", NULL);
	gtk_box_append(GTK_BOX(p->content), in->estimate);
	in->checks = kd_group(_("Is this station fit?"), NULL);
	gtk_box_append(GTK_BOX(p->content), in->checks);
	kd_page_buttons(p, kd_button(_("_Back"), NULL, G_CALLBACK(on_back), in),
			kd_button(_("_Continue"), "suggested-action", G_CALLBACK(on_forward), in));
}

/* A folder that is a case already is gone on with, if it is this mandate's: keten decides that. */
void kd_station_begin(struct kd_intake *in)
{
	const struct kd_settings *set = &in->app->set;
	char *dir = g_build_filename(set->cases, in->mandate_id, NULL);
	bool fixed = set->kiosk;

	if (set->operator_key != NULL)
		gtk_editable_set_text(GTK_EDITABLE(in->operator_row), set->operator_key);
	gtk_editable_set_text(GTK_EDITABLE(in->case_row), dir);
	gtk_editable_set_text(GTK_EDITABLE(in->out_row), set->out);
	gtk_widget_set_sensitive(in->case_row, !fixed);
	gtk_widget_set_sensitive(in->out_row, !fixed);
	gtk_widget_set_sensitive(in->operator_row, !fixed || set->operator_key == NULL);
	kd_set(in->estimate,
	       in->whole_backup ? _("An iPhone sends its whole backup, however little of it is "
				    "kept: count on an hour "
				    "or more for a full one. Keep it plugged in; it charges while "
				    "it is read.")
				: _("Mostly a few minutes; some thousand photos take longer. Keten "
				    "does not ask the "
				    "phone for its battery; it charges while it is plugged in."));
	g_free(dir);
	kd_intake_page(in, "station");
	look_again(in);
	if (kd_entry(in->operator_row)[0] == '\0')
		kd_app_focus(in->operator_row);
	else
		kd_app_focus(in->p_station.forward);
}
