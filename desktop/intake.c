/* SPDX-License-Identifier: EUPL-1.2 */
/* The guided intake: its pages one after the other, and stopping what runs. */
#include <string.h>

#include "desktop/intake_i.h"

static const struct {
	const char *page, *title;
} pages[] = {
	{"mandate", N_("Intake, 1 of 5: the mandate")},
	{"person", N_("Intake, 2 of 5: the holder of the phone")},
	{"station", N_("Intake, 3 of 5: this station")},
	{"phone", N_("Intake, 4 of 5: the phone")},
	{"run", N_("Intake, 4 of 5: reading")},
	{"done", N_("Intake, 5 of 5: what was taken")},
};

void kd_intake_page(struct kd_intake *in, const char *page)
{
	const char *title = "";

	for (size_t i = 0; i < G_N_ELEMENTS(pages); i++)
		if (strcmp(pages[i].page, page) == 0)
			title = _(pages[i].title);
	kd_stack_show(in->stack, page);
	kd_app_show(in->app, "intake", title);
	kd_app_state(in->app, "%s", page);
}

const char *kd_entry(GtkWidget *row)
{
	return gtk_editable_get_text(GTK_EDITABLE(row));
}

const char *kd_item_title(struct kd_intake *in, const char *item)
{
	const char *t = g_hash_table_lookup(in->titles, item);

	return t != NULL ? t : item;
}

static void ended_free(gpointer data)
{
	struct kd_ended *e = data;

	g_free(e->item);
	g_free(e->outcome);
	g_free(e->reason);
	g_free(e);
}

struct kd_intake *kd_intake_new(struct kd_app *app)
{
	struct kd_intake *in = g_new0(struct kd_intake, 1);

	in->app = app;
	in->secret_fd = -1;
	in->titles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	in->ended = g_ptr_array_new_with_free_func(ended_free);
	in->languages = g_ptr_array_new_with_free_func(g_free);
	in->language_names = g_ptr_array_new_with_free_func(g_free);
	kd_inhibit_init(&in->awake);
	in->stack = gtk_stack_new();
	gtk_stack_set_transition_type(GTK_STACK(in->stack), GTK_STACK_TRANSITION_TYPE_NONE);
	kd_mandate_page(in);
	kd_person_page(in);
	kd_station_page(in);
	kd_phone_page(in);
	kd_run_page(in);
	kd_done_page(in);
	gtk_stack_add_named(GTK_STACK(in->stack), in->p_mandate.root, "mandate");
	gtk_stack_add_named(GTK_STACK(in->stack), in->p_person.root, "person");
	gtk_stack_add_named(GTK_STACK(in->stack), in->p_station.root, "station");
	gtk_stack_add_named(GTK_STACK(in->stack), in->p_phone.root, "phone");
	gtk_stack_add_named(GTK_STACK(in->stack), in->p_run.root, "run");
	gtk_stack_add_named(GTK_STACK(in->stack), in->p_done.root, "done");
	return in;
}

GtkWidget *kd_intake_widget(struct kd_intake *in)
{
	return in->stack;
}

static void forget_resume(struct kd_intake *in)
{
	g_clear_pointer(&in->resume.folder, g_free);
	g_clear_pointer(&in->resume.device, g_free);
	in->resume.sealed = in->resume.withdraw = false;
}

/* Nothing of the holder before: neither what they said nor who spoke for them. */
static void begin(struct kd_intake *in)
{
	kd_intake_leave(in);
	kd_person_clear(in);
	kd_person_languages(in);
	g_ptr_array_set_size(in->ended, 0);
	in->withdrawn = in->too_late = in->stopping = in->all_read = in->touched = false;
	in->unrecorded = false;
	g_clear_pointer(&in->package, g_free);
	gtk_editable_set_text(GTK_EDITABLE(in->statement_row), "");
}

void kd_intake_leave(struct kd_intake *in)
{
	kd_phone_leave(in);
	kd_mandate_leave(in);
	kd_station_leave(in);
}

void kd_intake_begin(struct kd_intake *in, const char *path)
{
	forget_resume(in);
	begin(in);
	kd_intake_page(in, "mandate");
	kd_mandate_begin(in, path);
}

void kd_intake_resume(struct kd_intake *in, const struct kd_resume *r)
{
	char *mandate = g_build_filename(r->folder, "mandate.json", NULL);

	forget_resume(in);
	in->resume.folder = g_strdup(r->folder);
	in->resume.device = g_strdup(r->device);
	in->resume.sealed = r->sealed;
	in->resume.withdraw = r->withdraw;
	begin(in);
	if (r->withdraw) {
		kd_station_begin(in);
	} else {
		kd_intake_page(in, "mandate");
		kd_mandate_begin(in, mandate);
	}
	g_free(mandate);
}

bool kd_intake_idle(const struct kd_intake *in)
{
	return in == NULL || in->run == NULL;
}

bool kd_intake_begun(const struct kd_intake *in)
{
	return gtk_widget_get_mapped(in->stack) &&
	       (in->unrecorded || !gtk_widget_get_mapped(in->p_done.root)) &&
	       (!gtk_widget_get_mapped(in->p_mandate.root) || kd_entry(in->mandate_row)[0] != '\0');
}

static void on_leave_answer(const char *response, gpointer data)
{
	struct kd_intake *in = data;

	if (strcmp(response, "leave") != 0)
		return;
	in->unrecorded = false;
	kd_app_home(in->app);
}

bool kd_intake_ask_leave(struct kd_intake *in)
{
	const struct kd_answer answers[] = {
		{"on", _("_Stay"), "suggested-action"},
		{"leave", _("_Leave it"), "destructive-action"},
		{NULL, NULL, NULL},
	};

	if (in == NULL || !in->unrecorded || !gtk_widget_get_mapped(in->p_done.root))
		return false;
	kd_app_state(in->app, "ask-leave");
	kd_ask(in->app, _("Leave it unrecorded?"),
	       _("What the holder said is not recorded, and nothing at this station will say so. "
		 "Write it down, leave the folder of the case as it is, and call the "
		 "administrator before anybody goes on with it."),
	       answers, on_leave_answer, in);
	return true;
}

/* A withdrawal that was said stays said, whatever is answered later. */
static void on_stop_answer(const char *response, gpointer data)
{
	struct kd_intake *in = data;
	bool withdraws = strcmp(response, "withdraw") == 0;

	kd_app_state(in->app, "stop-%s", response);
	if (strcmp(response, "on") == 0)
		return;
	in->withdrawn |= withdraws;
	if (strcmp(response, "end") == 0) {
		if (in->run != NULL && !in->recording)
			kd_engine_kill(in->run);
	} else if (in->run != NULL) {
		in->stopping = true;
		kd_set(in->run_title, _("Stopping at the next safe place"));
		kd_engine_stop(in->run);
	} else if (withdraws && gtk_widget_get_mapped(in->p_done.root)) {
		/* it ended while the question was open */
		kd_run_withdraw(in);
	}
}

void kd_intake_ask_stop(struct kd_intake *in)
{
	const struct kd_answer answers[] =
		{
			{"on", _("_Go on reading"), "suggested-action"},
			{"stop", _("_Stop for now"), NULL},
			{"withdraw", _("The holder _withdraws"), "destructive-action"},
			{NULL, NULL, NULL},
		},
			       stopping[] = {
				       {"on", _("_Wait"), "suggested-action"},
				       {"end", _("_End it now"), NULL},
				       {in->withdrawn ? NULL : "withdraw",
					_("The holder _withdraws"), "destructive-action"},
				       {NULL, NULL, NULL},
			       };

	if (in->recording) {
		kd_app_state(in->app, "stop-waits");
		kd_app_say(in->app, _("This is being recorded. Wait until it is done."));
		return;
	}
	kd_app_state(in->app, "ask-stop");
	kd_ask(in->app, in->stopping ? _("It is being stopped") : _("Stop reading?"),
	       in->stopping ? _("Keten stops at the next safe place. When it does not within "
				"minutes, end it: what was taken so far stays in the folder of the "
				"case. If the holder withdraws, say so: then what was taken is "
				"destroyed, and that is recorded.")
			    : _("What was taken so far stays, hashed and logged, and that it was "
				"stopped is signed. You can go on later from the first page; that "
				"uses up no further session. If the holder withdraws, say so: then "
				"it is destroyed, and that is recorded."),
	       in->stopping ? stopping : answers, on_stop_answer, in);
}

void kd_intake_free(struct kd_intake *in)
{
	if (in == NULL)
		return;
	kd_intake_leave(in);
	forget_resume(in);
	g_strfreev(in->sheets);
	kd_engine_drop(in->languages_look);
	kd_engine_drop(in->run);
	kd_inhibit_end(&in->awake);
	g_hash_table_unref(in->titles);
	g_ptr_array_unref(in->ended);
	g_ptr_array_unref(in->languages);
	g_ptr_array_unref(in->language_names);
	g_free(in->mandate);
	g_free(in->mandate_id);
	g_free(in->kind);
	g_free(in->device);
	g_free(in->language);
	g_free(in->mode);
	g_free(in->objection);
	g_free(in->chosen);
	g_free(in->last_state);
	g_free(in->shown_devices);
	g_free(in->package);
	g_free(in->envelope);
	g_free(in->record);
	g_free(in->destroyed);
	g_free(in->case_id);
	g_free(in->head);
	g_free(in->receipt_text);
	g_free(in);
}
