/* SPDX-License-Identifier: EUPL-1.2 */
/* Opening a package: first it is judged, then what it holds is shown. */
#include "desktop/review_i.h"

#include "desktop/geo.h"

#include <malloc.h>
#include <string.h>

static const struct {
	const char *id, *word, *mnemonic;
} tabs[] = {
	{"verify", "tab-verify", N_("_Verification")},
	{"findings", "tab-findings", N_("_Findings")},
	{"map", "tab-map", N_("_Map")},
	{"timeline", "tab-timeline", N_("_Timeline")},
	{"statement", "tab-statement", N_("_Statement")},
	{"not-taken", "tab-not-taken", N_("_Not taken")},
	{"export", "tab-export", N_("E_xport")},
};

static bool is_list(const char *tab)
{
	return strcmp(tab, "findings") == 0 || strcmp(tab, "map") == 0 ||
	       strcmp(tab, "timeline") == 0;
}

static void show_tab(struct kd_review *rv, const char *id)
{
	if (rv->pages_stale && !is_list(id) && strcmp(id, "verify") != 0) {
		kd_pages_fill(rv);
		rv->pages_stale = false;
	}
	kd_stack_show(rv->views, id);
	gtk_widget_set_visible(rv->filter_bar, is_list(id));
	gtk_widget_set_visible(rv->side, is_list(id));
	for (size_t i = 0; i < G_N_ELEMENTS(tabs); i++)
		if (strcmp(tabs[i].id, id) == 0)
			kd_app_drawn(rv->app, rv->views, tabs[i].word);
}

static void on_tab(GtkToggleButton *b, gpointer data)
{
	if (gtk_toggle_button_get_active(b))
		show_tab(data, g_object_get_data(G_OBJECT(b), "id"));
}

static GtkWidget *tab_bar(struct kd_review *rv)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0), *first = NULL;

	gtk_widget_add_css_class(box, "linked");
	gtk_widget_add_css_class(box, "kd-margin");
	gtk_widget_set_halign(box, GTK_ALIGN_CENTER);
	for (size_t i = 0; i < G_N_ELEMENTS(tabs); i++) {
		GtkWidget *b = gtk_toggle_button_new_with_mnemonic(_(tabs[i].mnemonic));

		gtk_accessible_reset_property(GTK_ACCESSIBLE(b), GTK_ACCESSIBLE_PROPERTY_LABEL);
		if (first != NULL)
			gtk_toggle_button_set_group(GTK_TOGGLE_BUTTON(b), GTK_TOGGLE_BUTTON(first));
		else
			first = b;
		g_object_set_data(G_OBJECT(b), "id", (gpointer)tabs[i].id);
		g_signal_connect(b, "toggled", G_CALLBACK(on_tab), rv);
		gtk_box_append(GTK_BOX(box), b);
	}
	rv->tab_buttons = first;
	return box;
}

/* -- the report ------------------------------------------------------------------------------- */

static gpointer take_report(GInputStream *out)
{
	kd_geo_get(); /* the map's outlines are read here too, not when they are looked at */
	return kd_report_load(out);
}

static void discard_report(gpointer report)
{
	kd_report_free(report);
}

static void fill_views(struct kd_review *rv)
{
	kd_filter_fill(rv);
	kd_filter_apply(rv);
	kd_map_reset(rv);
	kd_timeline_reset(rv);
	rv->pages_stale = true; /* their rows are made when somebody looks */
	if (gtk_widget_get_mapped(rv->statement) || gtk_widget_get_mapped(rv->not_taken)) {
		kd_pages_fill(rv);
		rv->pages_stale = false;
	}
}

/* Findings of one package are never shown under the name of another. */
static void forget_report(struct kd_review *rv)
{
	kd_engine_drop(rv->raw_job);
	rv->raw_job = NULL;
	kd_engine_drop(rv->report_job);
	rv->report_job = NULL;
	if (rv->report == NULL)
		return;
	rv->selected = G_MAXUINT;
	kd_report_free(rv->report);
	rv->report = NULL;
	fill_views(rv);
}

size_t kd_review_show_args(const struct kd_review *rv, const char *member, const char **args)
{
	size_t n = 0;

	args[n++] = "show";
	args[n++] = rv->path;
	args[n++] = member;
	/* what is invalid anyway is shown as it is, under a banner that says so */
	if (rv->tags[0] != '\0' && strcmp(rv->verdict_word, "invalid") != 0) {
		args[n++] = "--judged";
		args[n++] = rv->tags;
	}
	return n;
}

/* of keten, docs/user/keten.md */
#define STATUS_USAGE   2 /* of show: it names a file that is not there */
#define STATUS_INVALID 5

bool kd_review_absent(const struct kd_engine_result *res)
{
	return res->status == STATUS_USAGE;
}

bool kd_review_changed(struct kd_review *rv, const struct kd_engine_result *res)
{
	if (res->status != STATUS_INVALID || strcmp(rv->verdict_word, "invalid") == 0)
		return false;
	forget_report(rv);
	kd_filter_apply(rv);
	kd_verify_changed(rv);
	kd_set(rv->banner,
	       _("This file was changed after it was judged, so nothing of it is shown. Keep it as "
		 "it is, and open it again: then it is judged as it is now."));
	kd_app_state(rv->app, "changed-since");
	return true;
}

/* Below what stands there already: that a package is invalid stays said. */
static void add_banner(struct kd_review *rv, const char *text)
{
	const char *old = gtk_label_get_text(GTK_LABEL(rv->banner));
	char *s = g_strdup_printf("%s%s%s", old, old[0] != '\0' ? "\n" : "", text);

	kd_set(rv->banner, s);
	g_free(s);
}

static void no_report(struct kd_review *rv, const struct kd_engine_result *res)
{
	bool act = kd_about_is_act(rv), absent = kd_review_absent(res),
	     invalid = strcmp(rv->verdict_word, "invalid") == 0;

	kd_filter_apply(rv);
	gtk_widget_set_visible(rv->release, absent && !act);
	if (!absent) {
		char *s = g_strdup_printf(_("The report can't be shown: %s"), res->said);

		add_banner(rv, s);
		g_free(s);
		kd_about_content(rv, _("It can't be read here; why stands above"));
		kd_app_state(rv->app, "report-unread");
		return;
	}
	if (!invalid)
		kd_set(rv->banner, act ? _("This package is the record of something that was done. "
					   "It brings no findings.")
				       : _("No report can be shown: this package holds none, or it "
					   "is sealed for a second stage."));
	kd_about_content(rv, act ? _("A record of what was done: no phone's data is in it")
				 : _("Sealed, or without a report: nothing of what was taken can "
				     "be read here"));
	kd_app_state(rv->app, "no-report");
}

static void on_report(const struct kd_engine_result *res, gpointer data)
{
	struct kd_review *rv = data;

	rv->report_job = NULL;
	if (kd_review_changed(rv, res)) {
		kd_report_free(res->taken);
		return;
	}
	if (res->status != 0 || res->taken == NULL) {
		kd_report_free(res->taken);
		no_report(rv, res);
		return;
	}
	rv->report = res->taken;
	kd_about_content(rv, _("Open: its report can be read here"));
	if (rv->report->problem != NULL) {
		char *why = kd_said(rv->report->problem),
		     *s = g_strdup_printf(
			     _("The report in this package could not be read to its end: %s"), why);

		add_banner(rv, s);
		g_free(s);
		g_free(why);
	}
	if (rv->report->simulated)
		add_banner(rv, _("Made with a simulated phone."));
	malloc_trim(0);
	kd_marks_load(rv);
	fill_views(rv);
	kd_app_state(rv->app, "report-shown");
}

static void ask_report(struct kd_review *rv)
{
	const char *args[KD_SHOW_ARGS];

	args[kd_review_show_args(rv, "report/report.json", args)] = NULL;
	kd_set(rv->count, _("The report is being read…"));
	rv->report_job = kd_engine_start_taking(args, take_report, discard_report, on_report, rv);
}

static void on_verified(const struct kd_engine_result *res, gpointer data)
{
	struct kd_review *rv = data;

	rv->open_job = NULL;
	if (res->json == NULL) {
		kd_setf(rv->open_note, "%s %s", _("This file could not be judged."), res->said);
		kd_app_state(rv->app, "not-judged");
		return;
	}
	kd_verify_show(rv, res);
	gtk_widget_set_visible(rv->release, FALSE);
	kd_set(rv->release_note, "");
	kd_set(rv->banner, strcmp(rv->verdict_word, "invalid") == 0
				   ? _("This package is invalid. What it shows may not be what was "
				       "sealed.")
				   : "");
	kd_stack_show(rv->stack, "package");
	gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(rv->tab_buttons), TRUE);
	show_tab(rv, "verify");
	kd_app_state(rv->app, "verdict-%s", rv->verdict_word);
	ask_report(rv);
}

/* Nothing that belongs to the package that was shown stays, or comes later. */
static void leave(struct kd_review *rv)
{
	kd_engine_drop(rv->open_job);
	kd_engine_drop(rv->about_job);
	kd_engine_drop(rv->export_job);
	rv->open_job = rv->about_job = rv->export_job = NULL;
	kd_set(rv->export_note, "");
	kd_verify_forget(rv);
	kd_filter_clear(rv);
	gtk_editable_set_text(GTK_EDITABLE(rv->envelope_row), "");
	gtk_editable_set_text(GTK_EDITABLE(rv->second_row), "");
	forget_report(rv);
}

void kd_review_open(struct kd_review *rv, const char *path)
{
	char *own = g_strdup(path);
	const char *args[4 + KD_TRUST_ARGS] = {"verify", own, "--json"};

	if (!kd_review_idle(rv)) {
		kd_review_ask_stop(rv);
		g_free(own);
		return;
	}
	leave(rv);
	kd_stack_show(rv->stack, "open");
	g_free(rv->path);
	rv->path = own;
	gtk_editable_set_text(GTK_EDITABLE(rv->path_row), own); /* which says whether it may be */
	if (!gtk_widget_get_sensitive(rv->p_open.forward)) {
		kd_app_state(rv->app, "not-judged");
		return;
	}
	args[kd_settings_trust_args(&rv->app->set, args, 3)] = NULL;
	kd_set(rv->open_note, _("It is being checked…"));
	rv->open_job = kd_engine_start(args, NULL, NULL, on_verified, rv);
}

/* -- the first page --------------------------------------------------------------------------- */

static void on_path(GtkEditable *row, gpointer data)
{
	struct kd_review *rv = data;
	const char *path = gtk_editable_get_text(row);
	bool there = g_file_test(path, G_FILE_TEST_IS_REGULAR) &&
		     kd_settings_allows(&rv->app->set, path);

	gtk_widget_set_sensitive(rv->p_open.forward, there);
	kd_set(rv->open_note, path[0] == '\0' || there ? "" : _("There is no such file here."));
}

static void on_open(GtkButton *b, gpointer data)
{
	struct kd_review *rv = data;

	(void)b;
	kd_review_open(rv, gtk_editable_get_text(GTK_EDITABLE(rv->path_row)));
}

static void on_file(const char *path, gpointer data)
{
	kd_review_begin(data, path);
}

static void open_page(struct kd_review *rv)
{
	struct kd_page *p = &rv->p_open;
	GtkWidget *group = kd_group("", NULL);

	kd_page_init(
		p, _("Open a package"),
		_("Choose it, or drop it on this window. It is judged first, by a program that is "
		  "shut in; then you see what it holds."));
	rv->path_row = kd_path_row(rv->app, _("Package file"), ".asice");
	g_signal_connect(rv->path_row, "changed", G_CALLBACK(on_path), rv);
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), rv->path_row);
	gtk_box_append(GTK_BOX(p->content), group);
	rv->open_note = kd_text("", NULL);
	gtk_box_append(GTK_BOX(p->content), rv->open_note);
	kd_page_buttons(p, kd_button(_("_Back"), NULL, G_CALLBACK(kd_on_home), rv->app),
			kd_button(_("_Open"), "suggested-action", G_CALLBACK(on_open), rv));
	gtk_widget_set_sensitive(p->forward, FALSE);
}

/* -- put together ----------------------------------------------------------------------------- */

static GtkWidget *package_page(struct kd_review *rv)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *left;

	rv->views = gtk_stack_new();
	gtk_stack_set_transition_type(GTK_STACK(rv->views), GTK_STACK_TRANSITION_TYPE_NONE);
	rv->banner = kd_text("", "warning");
	gtk_widget_add_css_class(rv->banner, "kd-margin");
	rv->filter_bar = kd_filter_bar(rv);
	gtk_stack_add_named(GTK_STACK(rv->views), kd_verify_view(rv), "verify");
	gtk_stack_add_named(GTK_STACK(rv->views), kd_table_view(rv), "findings");
	gtk_stack_add_named(GTK_STACK(rv->views), kd_map_view(rv), "map");
	gtk_stack_add_named(GTK_STACK(rv->views), kd_timeline_view(rv), "timeline");
	gtk_stack_add_named(GTK_STACK(rv->views), kd_statement_view(rv), "statement");
	gtk_stack_add_named(GTK_STACK(rv->views), kd_not_taken_view(rv), "not-taken");
	gtk_stack_add_named(GTK_STACK(rv->views), kd_export_view(rv), "export");
	gtk_box_append(GTK_BOX(box), tab_bar(rv));
	gtk_box_append(GTK_BOX(box), rv->banner);
	gtk_box_append(GTK_BOX(box), rv->filter_bar);
	rv->side = kd_record_view(rv);
	rv->paned = gtk_paned_new(GTK_ORIENTATION_HORIZONTAL);
	left = rv->views;
	gtk_widget_set_hexpand(left, TRUE);
	gtk_paned_set_start_child(GTK_PANED(rv->paned), left);
	gtk_paned_set_end_child(GTK_PANED(rv->paned), rv->side);
	gtk_paned_set_resize_end_child(GTK_PANED(rv->paned), FALSE);
	gtk_paned_set_shrink_end_child(GTK_PANED(rv->paned), FALSE);
	gtk_paned_set_shrink_start_child(GTK_PANED(rv->paned), FALSE);
	gtk_widget_set_vexpand(rv->paned, TRUE);
	kd_name(rv->paned, _("Width of the record pane"));
	gtk_box_append(GTK_BOX(box), rv->paned);
	return box;
}

struct kd_review *kd_review_new(struct kd_app *app)
{
	struct kd_review *rv = g_new0(struct kd_review, 1);

	rv->app = app;
	rv->selected = G_MAXUINT;
	rv->rows = kd_rows_new();
	rv->stack = gtk_stack_new();
	gtk_stack_set_transition_type(GTK_STACK(rv->stack), GTK_STACK_TRANSITION_TYPE_NONE);
	open_page(rv);
	gtk_stack_add_named(GTK_STACK(rv->stack), rv->p_open.root, "open");
	gtk_stack_add_named(GTK_STACK(rv->stack), package_page(rv), "package");
	kd_take_drops(rv->stack, on_file, rv);
	return rv;
}

GtkWidget *kd_review_widget(struct kd_review *rv)
{
	return rv->stack;
}

void kd_review_begin(struct kd_review *rv, const char *path)
{
	if (!kd_review_idle(rv)) {
		kd_review_ask_stop(rv);
		return;
	}
	kd_stack_show(rv->stack, "open");
	kd_app_show(rv->app, "review", _("Review"));
	kd_app_state(rv->app, "review");
	gtk_editable_set_text(GTK_EDITABLE(rv->path_row), path != NULL ? path : "");
	if (path != NULL && gtk_widget_get_sensitive(rv->p_open.forward))
		kd_review_open(rv, path);
	else
		kd_app_focus(rv->path_row);
}

void kd_review_free(struct kd_review *rv)
{
	if (rv == NULL)
		return;
	if (rv->search_timer != 0)
		g_source_remove(rv->search_timer);
	kd_filter_forget(rv);
	if (rv->record_idle != 0)
		g_source_remove(rv->record_idle);
	kd_verify_forget(rv);
	kd_engine_drop(rv->open_job);
	kd_engine_drop(rv->release_job);
	kd_engine_drop(rv->export_job);
	kd_engine_drop(rv->raw_job);
	kd_engine_drop(rv->report_job);
	kd_engine_drop(rv->about_job);
	g_free(rv->record_text);
	kd_report_free(rv->report);
	g_clear_object(&rv->rows);
	if (rv->marks != NULL)
		g_hash_table_unref(rv->marks);
	g_free(rv->path);
	g_free(rv->sha256);
	g_free(rv->tags);
	g_free(rv->verdict_word);
	g_free(rv->type);
	g_free(rv);
}
