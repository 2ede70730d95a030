/* SPDX-License-Identifier: EUPL-1.2 */
/* Third page: who operates, where the case and the package go, and whether this station is fit. */
#include <string.h>

#include "desktop/intake_i.h"

#define CHECK_AFTER_MS 250

static void look_again(struct kd_intake *in);

static const struct {
	const char *id, *title;
} names[] = {
	{"self-test", N_("Known answers of Keten's own code")},
	{"swap", N_("Swap space")},
	{"clock", N_("Clock of this station")},
	{"room", N_("Room for the case")},
	{"keyboard", N_("What is plugged in")},
	{"authority", N_("Mandate and operator")},
	{"release", N_("Who may release it")},
	{"folders", N_("Folders")},
	{"statement", N_("Statement")},
};

static const char *check_name(const char *id)
{
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(names[i].id, id) == 0)
			return _(names[i].title);
	return id;
}

/* Worst first. */
static const struct {
	const char *result, *word, *icon;
} results[] = {
	{"failed", N_("failed"), "dialog-error-symbolic"},
	{"warning", N_("warning"), "dialog-warning-symbolic"},
	{"unknown", N_("not known"), "dialog-question-symbolic"},
	{"good", N_("good"), "object-select-symbolic"},
};

static GtkWidget *result_row(const char *title, size_t at, const char *text)
{
	char *s = g_strdup_printf("%s: %s", _(results[at].word), text);
	GtkWidget *row = kd_row(title, s), *icon = gtk_image_new_from_icon_name(results[at].icon);

	/* the word stands beside it */
	gtk_accessible_update_state(GTK_ACCESSIBLE(icon), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
	adw_action_row_add_prefix(ADW_ACTION_ROW(row), icon);
	g_free(s);
	return row;
}

static void update_forward(struct kd_intake *in, bool fit)
{
	bool filled = kd_entry(in->operator_row)[0] != '\0' && kd_entry(in->case_row)[0] != '\0' &&
		      kd_entry(in->out_row)[0] != '\0';

	gtk_widget_set_sensitive(in->p_station.forward, filled && fit);
}

static void show_check(struct kd_intake *in, const struct kt_jv *c, size_t at, gint64 room)
{
	const char *text = kt_jv_str(c, "text"), *remedy = kt_jv_str(c, "remedy"),
		   *id = kt_jv_str(c, "id"), *better = NULL;
	char *s, *size = kd_bytes((guint64)room), *space = NULL;

	if (text == NULL || remedy == NULL || id == NULL) {
		g_free(size);
		return;
	}
	if (strcmp(id, "room") == 0 && room > 0)
		text = space = g_strdup_printf(_("%s free"), size);
	/* whether sessions are left is judged here: only now is it known for which case */
	if (at == 0 && strcmp(id, "authority") == 0)
		better = kd_mandate_remedy(text);
	s = g_strdup_printf("%s%s%s", kd_tr(text), remedy[0] != '\0' ? ". " : "",
			    better != NULL	? better
			    : remedy[0] != '\0' ? kd_tr(remedy)
						: "");
	kd_group_add(in->checks, result_row(check_name(id), at, s));
	g_free(s);
	g_free(size);
	g_free(space);
}

static void on_checks(const struct kd_engine_result *res, gpointer data)
{
	struct kd_intake *in = data;
	const struct kt_jv *list = kt_jv_get(res->json, "checks");
	bool failed = false;

	in->check = NULL;
	kd_group_clear(in->checks);
	for (size_t at = 0; at < G_N_ELEMENTS(results); at++)
		for (const struct kt_jv *c = list != NULL ? list->child : NULL; c != NULL;
		     c = c->next) {
			if (g_strcmp0(kt_jv_str(c, "result"), results[at].result) != 0)
				continue;
			failed |= at == 0;
			show_check(in, c, at, kt_jv_int(res->json, "free_bytes", 0));
		}
	kd_group_add(in->checks,
		     kd_row(_("Outside clock"),
			    kd_settings_has_clock(&in->app->set)
				    ? _("A time-stamp authority is asked. If it can't be reached, "
					"the intake goes on and the package says so.")
				    : _("No outside clock: none is set. The time rests on this "
					"station's clock.")));
	if (list == NULL)
		kd_group_add(in->checks, kd_row(_("The station was not checked"), res->said));
	/* no check speaks of a key that is not there, and nothing goes on without one */
	if (kd_entry(in->operator_row)[0] == '\0')
		kd_group_add(in->checks, result_row(_("Operator's key"), 0,
						    _("none is named. Choose yours above: a file "
						      "with key and certificate, or a card.")));
	update_forward(in, list != NULL && !failed);
	kd_app_state(in->app, failed || list == NULL ? "station-unfit" : "station-checked");
}

static void look_again(struct kd_intake *in)
{
	const char *args[16 + KD_TRUST_ARGS] = {"station", "--json",
						"--case",  kd_entry(in->case_row),
						"--out",   kd_entry(in->out_row)};
	size_t n = 6;

	/* a withdrawal asks nothing of the mandate */
	if (!in->resume.withdraw && !in->withdrawn) {
		args[n++] = "--mandate";
		args[n++] = in->mandate;
		args[n++] = "--operator";
		args[n++] = kd_entry(in->operator_row);
		n = kd_settings_trust_args(&in->app->set, args, n);
		if (kd_entry(in->statement_row)[0] != '\0') {
			args[n++] = "--statement";
			args[n++] = kd_entry(in->statement_row);
		}
	}
	args[n] = NULL;
	kd_engine_drop(in->check);
	in->check = kd_engine_start(args, NULL, NULL, on_checks, in);
}

void kd_station_leave(struct kd_intake *in)
{
	if (in->station_timer != 0)
		g_source_remove(in->station_timer);
	in->station_timer = 0;
}

static gboolean look_now(gpointer data)
{
	struct kd_intake *in = data;

	in->station_timer = 0;
	look_again(in);
	return G_SOURCE_REMOVE;
}

/* Somebody types: once they pause. */
static void on_changed(GtkEditable *e, gpointer data)
{
	struct kd_intake *in = data;

	(void)e;
	gtk_widget_set_sensitive(in->p_station.forward, FALSE);
	if (!gtk_widget_get_mapped(in->p_station.root))
		return;
	kd_mandate_leave(in); /* what is being checked is not what stands here */
	kd_station_leave(in);
	in->station_timer = g_timeout_add(CHECK_AFTER_MS, look_now, in);
}

static void on_forward(GtkButton *b, gpointer data)
{
	struct kd_intake *in = data;
	char *parent = g_path_get_dirname(kd_entry(in->case_row));

	(void)b;
	if (kd_entry(in->statement_row)[0] != '\0' &&
	    !kd_settings_allows(&in->app->set, kd_entry(in->statement_row)))
		kd_app_say(in->app, _("This station takes files from its own folders alone."));
	else if (g_mkdir_with_parents(parent, 0700) < 0 ||
		 g_mkdir_with_parents(kd_entry(in->out_row), 0700) < 0)
		kd_app_say(in->app, _("These folders can't be made. Choose other ones."));
	else if (kd_withdraws(in))
		kd_run_withdraw(in);
	else if (in->resume.sealed || in->all_read)
		kd_run_begin(in);
	else if (kd_ends_here(in))
		kd_run_refuse(in);
	else
		kd_phone_begin(in);
	g_free(parent);
}

static void on_back(GtkButton *b, gpointer data)
{
	struct kd_intake *in = data;

	(void)b;
	kd_station_leave(in);
	if (in->resume.withdraw || in->withdrawn)
		kd_app_home(in->app);
	else
		kd_intake_page(in, in->resume.sealed ? "mandate" : "person");
}

void kd_station_page(struct kd_intake *in)
{
	struct kd_page *p = &in->p_station;
	GtkWidget *where = kd_group(_("Who and where"), NULL);

	kd_page_init(p, _("This station"), NULL);
	in->station_lead = kd_text("", "kd-lead");
	gtk_box_append(GTK_BOX(p->content), in->station_lead);
	in->operator_row = kd_path_row(in->app, _("Operator's key"), ".pem");
	in->case_row = kd_path_row(in->app, _("Folder of this case"), NULL);
	in->out_row = kd_path_row(in->app, _("Folder for the package"), NULL);
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(where), in->operator_row);
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(where), in->case_row);
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(where), in->out_row);
	in->statement_row = kd_path_row(in->app, _("Statement (a file, if there is one)"), ".json");
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(where), in->statement_row);
	g_signal_connect(in->statement_row, "changed", G_CALLBACK(on_changed), in);
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

static void say_what_comes(struct kd_intake *in)
{
	bool withdraws = kd_withdraws(in), ends = withdraws || kd_ends_here(in);

	kd_set(in->station_lead,
	       ends ? _("Who signs for it, and where the record of it goes.")
	       : in->resume.sealed
		       ? _("Who signs for it, and where the package goes.")
		       : _("Everything is asked now, so that nobody has to wait once the phone "
			   "is plugged in."));
	kd_set(in->estimate,
	       withdraws ? _("Nothing is asked of the phone any more. Continue destroys what was "
			     "taken "
			     "so far; the key signs the record of that.")
	       : ends ? _("Nothing is asked of the phone any more. The key signs the record of the "
			  "holder's decision; Continue makes it.")
	       : in->whole_backup
		       ? _("An iPhone sends its whole backup, however little of it is "
			   "kept: count on an hour "
			   "or more for a full one. Keep it plugged in; it charges while "
			   "it is read. It needs some free space of its own to prepare the backup; "
			   "Keten does not ask how much it has. When there is too little, the "
			   "phone says so, and the rest is read all the same.")
		       : _("Mostly a few minutes; some thousand photos take longer. Keten "
			   "does not ask the "
			   "phone for its battery; it charges while it is plugged in. Nothing is "
			   "stored on the phone, so its space does not matter."));
	gtk_widget_set_visible(in->estimate, ends || !in->resume.sealed);
	gtk_widget_set_visible(in->statement_row, !ends);
}

char *kd_station_case(const struct kd_intake *in)
{
	return in->resume.folder != NULL
		       ? g_strdup(in->resume.folder)
		       : g_build_filename(in->app->set.cases, in->mandate_id, NULL);
}

/* A folder that is a case already is gone on with, if it is this mandate's: keten decides that. */
void kd_station_begin(struct kd_intake *in)
{
	const struct kd_settings *set = &in->app->set;
	char *dir = kd_station_case(in);
	bool fixed = set->kiosk;

	if (set->operator_key != NULL)
		gtk_editable_set_text(GTK_EDITABLE(in->operator_row), set->operator_key);
	gtk_editable_set_text(GTK_EDITABLE(in->case_row), dir);
	gtk_editable_set_text(GTK_EDITABLE(in->out_row), set->out);
	gtk_widget_set_sensitive(in->case_row, !fixed && in->resume.folder == NULL);
	gtk_widget_set_sensitive(in->out_row, !fixed);
	gtk_widget_set_sensitive(in->operator_row, !fixed || set->operator_key == NULL);
	say_what_comes(in);
	g_free(dir);
	kd_intake_page(in, "station");
	look_again(in);
	if (kd_entry(in->operator_row)[0] == '\0')
		kd_app_focus(in->operator_row);
	else
		kd_app_focus(in->p_station.forward);
}

void kd_station_again(struct kd_intake *in)
{
	say_what_comes(in);
	kd_intake_page(in, "station");
	look_again(in);
}
