/* SPDX-License-Identifier: EUPL-1.2 */
/* keten-desktop: the window, its first page, and what happens once for all of it. */
#include "desktop/desktop.h"

#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/spawn.h"
#include "desktop/engine.h"
#include "desktop/help.h"
#include "desktop/unfinished.h"
#include "desktop/stall.h"

void kd_app_state(struct kd_app *app, const char *fmt, ...)
{
	char *word = app->trail[app->ntrail++ % KD_TRAIL];
	va_list ap;

	va_start(ap, fmt);
	g_vsnprintf(word, KD_TRAIL_WORD, fmt, ap);
	va_end(ap);
	if (app->state_log == NULL)
		return;
	va_start(ap, fmt);
	vfprintf(app->state_log, fmt, ap);
	va_end(ap);
	fputc('\n', app->state_log);
	fflush(app->state_log);
}

struct drawn {
	struct kd_app *app;
	const char *word;
	int frames;
};

static gboolean on_frame(GtkWidget *w, GdkFrameClock *clock, gpointer data)
{
	struct drawn *d = data;

	(void)w;
	(void)clock;
	if (d->frames++ < 2) {
		gtk_widget_queue_draw(w);
		return G_SOURCE_CONTINUE;
	}
	kd_app_state(d->app, "%s", d->word);
	return G_SOURCE_REMOVE;
}

void kd_app_drawn(struct kd_app *app, GtkWidget *w, const char *word)
{
	struct drawn *d;

	if (app->state_log == NULL) { /* the help wants the word, nobody waits for the frame */
		kd_app_state(app, "%s", word);
		return;
	}
	d = g_new0(struct drawn, 1);
	d->app = app;
	d->word = word;
	gtk_widget_add_tick_callback(w, on_frame, d, g_free);
}

void kd_app_say(struct kd_app *app, const char *text)
{
	AdwToast *t = adw_toast_new("");
	char *safe = g_markup_escape_text(text, -1); /* titles of toasts are markup */

	adw_toast_set_title(t, safe);
	g_free(safe);
	adw_toast_overlay_add_toast(ADW_TOAST_OVERLAY(app->toasts), t);
}

void kd_app_show(struct kd_app *app, const char *page, const char *title)
{
	if (app->intake != NULL && strcmp(page, "intake") != 0)
		kd_intake_leave(app->intake);
	kd_stack_show(app->stack, page);
	adw_window_title_set_title(ADW_WINDOW_TITLE(app->title), title);
	gtk_widget_set_visible(app->header_back, strcmp(page, "home") != 0);
}

void kd_app_home(struct kd_app *app)
{
	kd_app_show(app, "home", _("Keten"));
	kd_app_state(app, "home");
	kd_unfinished_refresh(app->unfinished);
}

void kd_on_home(GtkButton *b, gpointer data)
{
	(void)b;
	kd_app_home(data);
}

static gboolean focus_now(gpointer w)
{
	if (gtk_widget_get_mapped(w))
		gtk_widget_grab_focus(w);
	g_object_unref(w);
	return G_SOURCE_REMOVE;
}

void kd_app_focus(GtkWidget *w)
{
	g_idle_add(focus_now, g_object_ref(w));
}

/* -- home ------------------------------------------------------------------------------------- */

static void on_intake(GtkButton *b, gpointer data)
{
	struct kd_app *app = data;

	(void)b;
	kd_intake_begin(app->intake, NULL);
}

static void on_review(GtkButton *b, gpointer data)
{
	struct kd_app *app = data;

	(void)b;
	kd_review_begin(app->review, NULL);
}

static void on_back_home(GtkButton *b, gpointer data)
{
	struct kd_app *app = data;

	(void)b;
	if (!kd_intake_idle(app->intake))
		kd_intake_ask_stop(app->intake);
	else if (!kd_review_idle(app->review))
		kd_review_ask_stop(app->review);
	else if (!kd_intake_ask_leave(app->intake))
		kd_app_home(app);
}

static GtkWidget *big_choice(const char *icon, const char *mnemonic, const char *what,
			     GCallback clicked, gpointer data)
{
	GtkWidget *card = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12), *image, *b;

	gtk_widget_add_css_class(card, "card");
	gtk_widget_add_css_class(card, "kd-choice");
	image = gtk_image_new_from_icon_name(icon);
	gtk_image_set_pixel_size(GTK_IMAGE(image), 48);
	gtk_accessible_update_state(GTK_ACCESSIBLE(image), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
	gtk_box_append(GTK_BOX(card), image);
	gtk_box_append(GTK_BOX(card), kd_text(what, NULL));
	b = kd_button(mnemonic, "pill", clicked, data);
	gtk_widget_add_css_class(b, "suggested-action");
	gtk_widget_set_halign(b, GTK_ALIGN_CENTER);
	gtk_widget_set_valign(b, GTK_ALIGN_END);
	gtk_widget_set_vexpand(b, TRUE);
	gtk_box_append(GTK_BOX(card), b);
	gtk_widget_set_hexpand(card, TRUE);
	return card;
}

static GtkWidget *home_page(struct kd_app *app)
{
	struct kd_page p;
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 18);

	kd_page_init(&p, _("What do you want to do?"),
		     _("Keten takes from a phone only what a signed mandate allows, and shows what "
		       "was taken, what was not, and why."));
	gtk_box_set_homogeneous(GTK_BOX(box), TRUE);
	gtk_widget_set_vexpand(box, FALSE);
	gtk_widget_set_valign(box, GTK_ALIGN_START);
	if (app->set.may_intake)
		gtk_box_append(GTK_BOX(box),
			       big_choice("phone-symbolic", _("_Intake"),
					  _("A person is here with an unlocked phone, and there is "
					    "a mandate."),
					  G_CALLBACK(on_intake), app));
	if (app->set.may_review)
		gtk_box_append(GTK_BOX(box),
			       big_choice("edit-find-symbolic", _("_Review"),
					  _("There is a package to check, read, and question."),
					  G_CALLBACK(on_review), app));
	gtk_box_append(GTK_BOX(p.content), box);
	gtk_box_append(GTK_BOX(p.content), kd_unfinished_widget(app->unfinished));
	if (app->set.problem != NULL)
		gtk_box_append(
			GTK_BOX(p.content),
			kd_text(_("The settings of this station can't be read, so nothing is "
				  "offered. Ask the administrator."),
				"error"));
	else if (!app->set.may_intake && !app->set.may_review)
		gtk_box_append(GTK_BOX(p.content),
			       kd_text(_("Your account has no role at this station. Ask the "
					 "administrator to put it into the group for intake or for "
					 "review."),
				       "error"));
	if (app->set.problem != NULL)
		gtk_box_append(GTK_BOX(p.content), kd_text(app->set.problem, "dim-label"));
	gtk_widget_set_visible(p.bar, FALSE);
	return p.root;
}

/* -- kiosk ------------------------------------------------------------------------------------ */

/* GTK opens its inspector with Ctrl+Shift+D or I on any window: it can change all, and save files. */
static gboolean no_inspector(GtkWindow *w, gboolean toggle)
{
	(void)w;
	(void)toggle;
	return TRUE;
}

/* Ways out that GTK brings along: the inspector, printing into a file, a viewer for the preview. */
static void close_ways_out(void)
{
	g_type_class_unref(g_type_class_ref(GTK_TYPE_WINDOW));
	g_signal_override_class_handler("enable-debugging", GTK_TYPE_WINDOW,
					G_CALLBACK(no_inspector));
	g_object_set(gtk_settings_get_default(), "gtk-print-backends", "cups",
		     "gtk-print-preview-command", "/bin/false", NULL);
}

struct leaving {
	struct kd_app *app;
	GtkWidget *window, *entry;
};

static void on_leave(GtkWidget *w, gpointer data)
{
	struct leaving *l = data;
	struct kd_app *app = l->app;
	bool right =
		kd_settings_is_exit_word(&app->set, gtk_editable_get_text(GTK_EDITABLE(l->entry)));

	(void)w;
	gtk_window_destroy(GTK_WINDOW(l->window));
	if (right) {
		app->leaving = true;
		gtk_window_close(GTK_WINDOW(app->window));
	} else {
		kd_app_say(app, _("That is not the exit word."));
		kd_app_state(app, "exit-word-wrong");
	}
}

static void on_stay(GtkButton *b, gpointer data)
{
	struct leaving *l = data;

	(void)b;
	gtk_window_destroy(GTK_WINDOW(l->window));
}

static void free_leaving(gpointer l, GClosure *closure)
{
	(void)closure;
	g_free(l);
}

static void ask_exit_word(struct kd_app *app)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12),
		  *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
	struct leaving *l;

	if (app->set.exit_word_sha256 == NULL) {
		kd_app_say(app, _("This station runs Keten alone. The administrator can end it."));
		return;
	}
	l = g_new0(struct leaving, 1);
	l->app = app;
	l->window = adw_window_new();
	l->entry = gtk_password_entry_new();
	kd_name(l->entry, _("Exit word"));
	gtk_widget_add_css_class(box, "kd-content");
	gtk_box_append(GTK_BOX(box), kd_text(_("Exit word"), "title-2"));
	gtk_box_append(GTK_BOX(box), l->entry);
	gtk_widget_set_halign(bar, GTK_ALIGN_END);
	gtk_box_append(GTK_BOX(bar), kd_button(_("_Cancel"), NULL, G_CALLBACK(on_stay), l));
	gtk_box_append(GTK_BOX(bar),
		       kd_button(_("_Leave"), "destructive-action", G_CALLBACK(on_leave), l));
	gtk_box_append(GTK_BOX(box), bar);
	g_signal_connect_data(l->entry, "activate", G_CALLBACK(on_leave), l, free_leaving, 0);
	kd_escape_closes(l->window);
	gtk_window_set_title(GTK_WINDOW(l->window), _("Exit word"));
	gtk_window_set_transient_for(GTK_WINDOW(l->window), GTK_WINDOW(app->window));
	gtk_window_set_modal(GTK_WINDOW(l->window), TRUE);
	gtk_window_set_default_size(GTK_WINDOW(l->window), 380, -1);
	adw_window_set_content(ADW_WINDOW(l->window), box);
	gtk_window_present(GTK_WINDOW(l->window));
	kd_app_focus(l->entry);
}

static gboolean on_close(GtkWindow *w, gpointer data)
{
	struct kd_app *app = data;

	(void)w;
	if (!kd_intake_idle(app->intake)) {
		kd_intake_ask_stop(app->intake);
		return TRUE;
	}
	if (!kd_review_idle(app->review)) {
		kd_review_ask_stop(app->review);
		return TRUE;
	}
	if (kd_intake_ask_leave(app->intake))
		return TRUE;
	if (app->set.kiosk && !app->leaving) {
		ask_exit_word(app);
		return TRUE;
	}
	return FALSE;
}

/* -- menu ------------------------------------------------------------------------------------- */

static void on_help(GSimpleAction *a, GVariant *v, gpointer data)
{
	(void)a;
	(void)v;
	kd_help_show(data);
}

static void on_quit(GSimpleAction *a, GVariant *v, gpointer data)
{
	struct kd_app *app = data;

	(void)a;
	(void)v;
	gtk_window_close(GTK_WINDOW(app->window));
}

static void on_about(GSimpleAction *a, GVariant *v, gpointer data)
{
	struct kd_app *app = data;

	(void)a;
	(void)v;
	adw_show_about_window(
		GTK_WINDOW(app->window), "application-name", "Keten", "application-icon", KD_APP_ID,
		"version", KT_VERSION, "license-type", GTK_LICENSE_CUSTOM, "license", "EUPL-1.2",
		"comments",
		_("Takes from a phone only what a signed mandate allows. It bypasses no lock and "
		  "scores nobody."),
		NULL);
}

static GtkWidget *menu_button(void)
{
	GMenu *menu = g_menu_new();
	GtkWidget *b = gtk_menu_button_new();

	g_menu_append(menu, _("_Help"), "app.help");
	g_menu_append(menu, _("_About Keten"), "app.about");
	g_menu_append(menu, _("_Quit"), "app.quit");
	gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(b), "open-menu-symbolic");
	gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(b), G_MENU_MODEL(menu));
	gtk_menu_button_set_primary(GTK_MENU_BUTTON(b), TRUE);
	gtk_widget_set_tooltip_text(b, _("Menu"));
	kd_name(b, _("Menu"));
	g_object_unref(menu);
	return b;
}

/* -- window ----------------------------------------------------------------------------------- */

static void make_window(struct kd_app *app)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *bar = adw_header_bar_new();

	app->window = adw_application_window_new(GTK_APPLICATION(app->gtk));
	gtk_window_set_title(GTK_WINDOW(app->window), _("Keten"));
	gtk_window_set_default_size(GTK_WINDOW(app->window), 1120, 800);
	gtk_window_set_icon_name(GTK_WINDOW(app->window), KD_APP_ID);
	app->title = adw_window_title_new(_("Keten"), "");
	app->toasts = adw_toast_overlay_new();
	app->stack = gtk_stack_new();
	gtk_stack_set_transition_type(GTK_STACK(app->stack), GTK_STACK_TRANSITION_TYPE_NONE);
	adw_header_bar_set_title_widget(ADW_HEADER_BAR(bar), app->title);
	app->header_back = kd_icon_button("go-home-symbolic", _("To the first page"),
					  G_CALLBACK(on_back_home), app);
	adw_header_bar_pack_start(ADW_HEADER_BAR(bar), app->header_back);
	adw_header_bar_pack_end(ADW_HEADER_BAR(bar), menu_button());
	app->unfinished = kd_unfinished_new(app);
	app->intake = kd_intake_new(app);
	app->review = kd_review_new(app);
	gtk_stack_add_named(GTK_STACK(app->stack), home_page(app), "home");
	gtk_stack_add_named(GTK_STACK(app->stack), kd_intake_widget(app->intake), "intake");
	gtk_stack_add_named(GTK_STACK(app->stack), kd_review_widget(app->review), "review");
	gtk_widget_set_vexpand(app->stack, TRUE);
	gtk_box_append(GTK_BOX(box), bar);
	adw_toast_overlay_set_child(ADW_TOAST_OVERLAY(app->toasts), app->stack);
	gtk_box_append(GTK_BOX(box), app->toasts);
	adw_application_window_set_content(ADW_APPLICATION_WINDOW(app->window), box);
	g_signal_connect(app->window, "close-request", G_CALLBACK(on_close), app);
	if (app->set.kiosk) {
		adw_header_bar_set_show_end_title_buttons(ADW_HEADER_BAR(bar), FALSE);
		gtk_window_fullscreen(GTK_WINDOW(app->window));
	}
	kd_app_home(app);
}

static void load_css(void)
{
	GtkCssProvider *css = gtk_css_provider_new();

	gtk_css_provider_load_from_resource(css, "/eu/keten/Keten/keten.css");
	gtk_style_context_add_provider_for_display(gdk_display_get_default(),
						   GTK_STYLE_PROVIDER(css),
						   GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
	g_object_unref(css);
	gtk_icon_theme_add_resource_path(gtk_icon_theme_get_for_display(gdk_display_get_default()),
					 "/eu/keten/Keten/icons");
}

static void on_startup(GApplication *g, gpointer data)
{
	struct kd_app *app = data;
	static const GActionEntry actions[] = {
		{.name = "help", .activate = on_help},
		{.name = "about", .activate = on_about},
		{.name = "quit", .activate = on_quit},
	};
	static const char *const f1[] = {"F1", NULL}, *const quit[] = {"<Control>q", NULL};

	kd_settings_load(&app->set, app->settings_path);
	g_action_map_add_action_entries(G_ACTION_MAP(g), actions, G_N_ELEMENTS(actions), app);
	gtk_application_set_accels_for_action(GTK_APPLICATION(g), "app.help", f1);
	gtk_application_set_accels_for_action(GTK_APPLICATION(g), "app.quit", quit);
	if (app->rtl) /* here, as GTK's own start sets it by the locale */
		gtk_widget_set_default_direction(GTK_TEXT_DIR_RTL);
	load_css();
	if (app->set.kiosk)
		close_ways_out();
}

static void on_activate(GApplication *g, gpointer data)
{
	struct kd_app *app = data;

	(void)g;
	if (app->window == NULL) {
		make_window(app);
		kd_stall_window(app->window);
	}
	gtk_window_present(GTK_WINDOW(app->window));
}

static void not_opened(struct kd_app *app, const char *why)
{
	kd_app_say(app, why);
	kd_app_state(app, "not-opened");
}

static void on_new_answer(const char *answer, gpointer data)
{
	struct kd_app *app = data;

	if (strcmp(answer, "new") != 0 || !kd_intake_idle(app->intake))
		return;
	if (g_str_has_suffix(app->open_path, ".asice"))
		kd_review_begin(app->review, app->open_path);
	else
		kd_intake_begin(app->intake, app->open_path);
}

/* What was entered for one holder is not lost because a file was opened meanwhile. */
static void ask_new(struct kd_app *app)
{
	const struct kd_answer answers[] = {
		{"on", _("_Go on with this one"), "suggested-action"},
		{"new", _("_Leave it"), "destructive-action"},
		{NULL, NULL, NULL},
	};

	kd_app_state(app, "ask-new");
	kd_ask(app, _("Leave this intake?"),
	       _("A file was opened while an intake is under way. What was entered for this "
		 "one would be lost."),
	       answers, on_new_answer, app);
}

/* A package goes to review, anything else is taken for a mandate. */
static void open_path(struct kd_app *app, const char *path)
{
	bool package = g_str_has_suffix(path, ".asice");

	if (!kd_intake_idle(app->intake))
		not_opened(app, _("An intake is running: the file was not opened. Open it again "
				  "when that has ended."));
	else if (!kd_review_idle(app->review))
		not_opened(app, _("A release is running: the file was not opened. Open it again "
				  "when that has ended."));
	else if (package && !app->set.may_review)
		not_opened(app, _("The package was not opened: your account has no role for "
				  "review at this station."));
	else if (!package && !app->set.may_intake)
		not_opened(app, _("The mandate was not opened: your account has no role for "
				  "intake at this station."));
	else if (kd_intake_begun(app->intake))
		ask_new(app);
	else if (package)
		kd_review_begin(app->review, path);
	else
		kd_intake_begin(app->intake, path);
}

static void on_open(GApplication *g, GFile **files, int n, const char *hint, gpointer data)
{
	struct kd_app *app = data;

	(void)hint;
	on_activate(g, app);
	g_free(app->open_path);
	app->open_path = n > 0 ? g_file_get_path(files[0]) : NULL;
	if (app->open_path != NULL)
		open_path(app, app->open_path);
	else if (n > 0)
		not_opened(app, _("This is no file of this station, so it was not opened."));
}

/* -- start ------------------------------------------------------------------------------------ */

/*
 * With a session bus GApplication keeps to one window. Without one (a kiosk) a lock does; the kernel
 * lets go of it however the program ends, so a crash never stands in the way.
 */
static bool alone(struct kd_app *app)
{
	char *path;
	bool mine;

	app->lock_fd = -1;
	if (g_getenv("DBUS_SESSION_BUS_ADDRESS") != NULL)
		return true;
	path = g_build_filename(g_get_user_runtime_dir(), "keten-desktop.lock", NULL);
	app->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	mine = app->lock_fd < 0 || flock(app->lock_fd, LOCK_EX | LOCK_NB) == 0;
	g_free(path);
	return mine;
}

/* The first language of the person for which there are words. */
static void choose_language(void)
{
	const char *const *names = g_get_language_names();

	for (; *names != NULL; names++) {
		int lang = kt_lang_find(*names);

		if (lang >= 0) {
			kd_lang = (enum kt_lang)lang;
			return;
		}
	}
}

int main(int argc, char **argv)
{
	static struct kd_app app;
	char *log = NULL, *stalls = NULL;
	gboolean rtl = FALSE, check = FALSE;
	const GOptionEntry entries[] = {
		{"settings", 0, 0, G_OPTION_ARG_FILENAME, &app.settings_path,
		 "Settings in place of " KD_SETTINGS_FILE, "FILE"},
		{"check", 0, 0, G_OPTION_ARG_NONE, &check,
		 "Say whether the settings hold and which roles this account has; needs no screen",
		 NULL},
		{"state-log", 0, 0, G_OPTION_ARG_FILENAME, &log,
		 "For tests: a word for each change of state", "FILE"},
		{"stall-log", 0, 0, G_OPTION_ARG_FILENAME, &stalls,
		 "For measurements: a line for each long turn of the main loop", "FILE"},
		{"wait", 0, 0, G_OPTION_ARG_STRING, &app.wait_s,
		 "For tests: seconds that a phone is waited for", "S"},
		{"right-to-left", 0, 0, G_OPTION_ARG_NONE, &rtl, "Lay the window out right to left",
		 NULL},
		{0},
	};
	GOptionContext *ctx;
	GError *error = NULL;
	int r;

	kt_process_harden();
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	choose_language();
	g_setenv("GSK_RENDERER", "cairo", FALSE);
	mallopt(M_ARENA_MAX, 1); /* threads come and go here; each would keep a heap of its own */
	ctx = g_option_context_new("[FILE]");
	g_option_context_add_main_entries(ctx, entries, NULL);
	if (!g_option_context_parse(ctx, &argc, &argv, &error)) {
		g_printerr("keten-desktop: %s\n", error->message);
		g_error_free(error);
		g_option_context_free(ctx);
		return 2;
	}
	g_option_context_free(ctx);
	if (check)
		return kd_settings_check(app.settings_path);
	if (!alone(&app)) {
		g_printerr("keten-desktop: it runs already for this user\n");
		return 2;
	}
	if (log != NULL)
		app.state_log = fopen(log, "ae");
	if (stalls != NULL)
		kd_stall_watch(stalls);
	/* GTK switches the locale on itself, numbers with it; what goes to keten is never formatted so */
	gtk_disable_setlocale();
	app.rtl = rtl;
	app.gtk = adw_application_new(KD_APP_ID, G_APPLICATION_HANDLES_OPEN);
	g_signal_connect(app.gtk, "startup", G_CALLBACK(on_startup), &app);
	g_signal_connect(app.gtk, "activate", G_CALLBACK(on_activate), &app);
	g_signal_connect(app.gtk, "open", G_CALLBACK(on_open), &app);
	r = g_application_run(G_APPLICATION(app.gtk), argc, argv);
	kd_unfinished_free(app.unfinished);
	kd_intake_free(app.intake);
	kd_review_free(app.review);
	kd_settings_free(&app.set);
	g_free(app.open_path);
	g_object_unref(app.gtk);
	return r;
}
