/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * While keten runs: the phone's state with its remedy, then bytes, rate, time left, and how long
 * nothing came. It can be stopped at any moment.
 */
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "desktop/intake_i.h"
#include "desktop/picture.h"
#include "desktop/states.h"

#define STALL_S	  5 /* nothing came for so long: say so */
#define LOG_LINES 2000

/* -- the log pane ----------------------------------------------------------------------------- */

static void log_line(struct kd_intake *in, const char *text)
{
	GtkTextIter at;

	gtk_text_buffer_get_end_iter(in->log, &at);
	gtk_text_buffer_insert(in->log, &at, text, -1);
	gtk_text_buffer_insert(in->log, &at, "\n", 1);
	if (gtk_text_buffer_get_line_count(in->log) > LOG_LINES) {
		GtkTextIter a, b;

		gtk_text_buffer_get_start_iter(in->log, &a);
		gtk_text_buffer_get_iter_at_line(in->log, &b, LOG_LINES / 10);
		gtk_text_buffer_delete(in->log, &a, &b);
	}
}

static void on_copy(GtkButton *b, gpointer data)
{
	struct kd_intake *in = data;
	GtkTextIter a, z;
	char *text;

	gtk_text_buffer_get_bounds(in->log, &a, &z);
	text = gtk_text_buffer_get_text(in->log, &a, &z, FALSE);
	gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(b)), text);
	kd_app_say(in->app, _("Copied."));
	g_free(text);
}

/* -- figures ---------------------------------------------------------------------------------- */

static void show_time_left(const struct kt_jv *l, GString *s)
{
	gint64 files = kt_jv_int(l, "files", 0), total = kt_jv_int(l, "files_total", 0),
	       ms = kt_jv_int(l, "elapsed_ms", 0);
	char *span;

	if (total <= 0)
		return;
	g_string_append_printf(s, _(", %lld of %lld files"), (long long)files, (long long)total);
	if (files < 5 || files > total || ms < 3000)
		return;
	span = kd_span((guint64)(ms * (total - files) / files / 1000));
	g_string_append_printf(s, _(", about %s left"), span);
	g_free(span);
}

static void show_figures(struct kd_intake *in, const struct kt_jv *l)
{
	gint64 bytes = kt_jv_int(l, "bytes", 0), ms = kt_jv_int(l, "elapsed_ms", 0),
	       silent = kt_jv_int(l, "seconds_since_data", 0), n = kt_jv_int(l, "item_no", 0),
	       items = kt_jv_int(l, "items", 0), total = kt_jv_int(l, "files_total", 0);
	char *size = kd_bytes((guint64)bytes), *rate = NULL;
	GString *s = g_string_new(NULL);

	if (items > 0 && n > 0) /* what the bar shows */
		g_string_append_printf(s, _("Part %lld of %lld: "), (long long)n, (long long)items);
	g_string_append_printf(s, _("%s so far"), size);
	if (ms > 500) {
		rate = kd_bytes((guint64)(bytes * 1000 / ms));
		g_string_append_printf(s, _(", %s a second"), rate);
	}
	show_time_left(l, s);
	kd_set(in->figures, s->str);
	/* while a person is waited for and nothing has come, there is nothing to measure */
	gtk_widget_set_visible(in->figures, bytes > 0 || kt_jv_int(l, "seconds_left", -1) < 0);
	gtk_widget_set_visible(in->bar_progress, bytes > 0 || kt_jv_int(l, "seconds_left", -1) < 0);
	if (kt_jv_str(l, "state") != NULL)
		silent = 0; /* a person is waited for, not the phone */
	if (silent >= STALL_S)
		kd_setf(in->stall,
			_("No data for %lld s. Is the phone still unlocked and plugged in?"),
			(long long)silent);
	gtk_widget_set_visible(in->stall, silent >= STALL_S);
	if (items > 0 && total > 0)
		gtk_progress_bar_set_fraction(
			GTK_PROGRESS_BAR(in->bar_progress),
			((double)n - 1 + (double)kt_jv_int(l, "files", 0) / (double)total) /
				(double)items);
	else if (items > 0)
		gtk_progress_bar_set_fraction(GTK_PROGRESS_BAR(in->bar_progress),
					      ((double)n - 1) / (double)items);
	else
		gtk_progress_bar_pulse(GTK_PROGRESS_BAR(in->bar_progress));
	gtk_accessible_update_property(GTK_ACCESSIBLE(in->bar_progress),
				       GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, s->str, -1);
	g_string_free(s, TRUE);
	g_free(size);
	g_free(rate);
}

/* -- the phone's state ------------------------------------------------------------------------ */

static void show_phone(struct kd_intake *in, const struct kt_jv *l, const char *state)
{
	const char *fp = kt_jv_str(l, "fingerprint");
	gint64 left = kt_jv_int(l, "seconds_left", -1);

	kd_picture_set(in->run_picture, state, kd_state_title(state));
	if (!in->stopping)
		kd_set(in->run_title, kd_state_title(state));
	kd_set(in->run_remedy, kd_state_remedy(state, kt_jv_str(l, "remedy")));
	gtk_widget_set_visible(in->fingerprint, fp != NULL);
	if (fp != NULL)
		kd_set(in->fingerprint, fp);
	gtk_widget_set_visible(in->countdown, left >= 0);
	if (left >= 0)
		kd_setf(in->countdown, _("Keten waits %lld seconds more."), (long long)left);
	if (g_strcmp0(in->last_state, state) == 0)
		return;
	g_free(in->last_state);
	in->last_state = g_strdup(state);
	kd_app_state(in->app, "run-%s", state);
}

/* Of an item of the plan its title; what else keten calls by a name of its own is no use to a person. */
static const char *item_words(struct kd_intake *in, const char *item)
{
	if (g_hash_table_contains(in->titles, item))
		return kd_item_title(in, item);
	return g_str_has_prefix(item, "backup passing by") ? _("The backup passes by") : "";
}

static void show_step(struct kd_intake *in, const char *step, const char *item)
{
	bool reading = strcmp(step, "acquire") == 0 || strcmp(step, "import") == 0,
	     after = strcmp(step, "parse") == 0 || strcmp(step, "report") == 0 ||
		     strcmp(step, "package") == 0;

	in->all_read |= after;
	gtk_widget_set_visible(in->fingerprint, FALSE);
	gtk_widget_set_visible(in->countdown, FALSE);
	if (!in->stopping)
		kd_set(in->run_title, kd_step(step));
	kd_set(in->run_remedy, after ? _("The phone is not needed any more. It can be unplugged.")
			       : in->resume.sealed ? ""
						   : _("Leave the phone plugged in and unlocked."));
	kd_picture_set(in->run_picture,
		       after	 ? "done"
		       : reading ? "running"
				 : "connecting",
		       kd_step(step));
	kd_set(in->run_item, item_words(in, item));
	g_clear_pointer(&in->last_state, g_free);
	if (reading && !in->reading)
		kd_app_state(in->app, "reading");
	in->reading = reading;
}

static void take_ended(struct kd_intake *in, const struct kt_jv *e)
{
	const char *item = kt_jv_str(e, "item"), *outcome = kt_jv_str(e, "outcome"),
		   *reason = kt_jv_str(e, "reason");
	struct kd_ended *d;

	if (item == NULL || outcome == NULL)
		return;
	d = g_new0(struct kd_ended, 1);
	d->item = g_strdup(item);
	d->outcome = g_strdup(outcome);
	d->reason = g_strdup(reason != NULL ? reason : "");
	d->objects = kt_jv_int(e, "objects", 0);
	d->bytes = kt_jv_int(e, "bytes", 0);
	g_ptr_array_add(in->ended, d);
}

/* -- the backup's password -------------------------------------------------------------------- */

static void ask_password(struct kd_intake *in, bool again)
{
	kd_set(in->ask_text,
	       again ? _("That is not the password of this backup. Its holder may try again.")
		     : _("The backups of this iPhone are encrypted. Its holder types the backup "
			 "password "
			 "here; it is not shown, kept or logged. Without it the rest is read all "
			 "the "
			 "same."));
	gtk_editable_set_text(GTK_EDITABLE(in->ask_entry), "");
	gtk_widget_set_visible(in->ask_box, TRUE);
	kd_app_focus(in->ask_entry);
	kd_app_state(in->app, "ask-password");
}

static void answer(struct kd_intake *in, const char *text)
{
	if (in->secret_fd < 0)
		return;
	if (write(in->secret_fd, text, strlen(text)) < 0 || write(in->secret_fd, "\n", 1) < 0)
		kd_app_say(in->app, _("The password did not reach Keten."));
	gtk_editable_set_text(GTK_EDITABLE(in->ask_entry), "");
	gtk_widget_set_visible(in->ask_box, FALSE);
}

static void on_password(GtkWidget *w, gpointer data)
{
	struct kd_intake *in = data;
	char *text = g_strdup(gtk_editable_get_text(GTK_EDITABLE(in->ask_entry)));

	(void)w;
	if (text[0] != '\0')
		answer(in, text);
	OPENSSL_cleanse(text, strlen(text));
	g_free(text);
}

static void on_no_password(GtkButton *b, gpointer data)
{
	(void)b;
	answer(data, "");
}

/* -- lines and end ---------------------------------------------------------------------------- */

static void on_line(const struct kt_jv *l, gpointer data)
{
	struct kd_intake *in = data;
	const char *step = kt_jv_str(l, "step"), *item = kt_jv_str(l, "item"),
		   *state = kt_jv_str(l, "state"), *message = kt_jv_str(l, "message");
	const struct kt_jv *ended = kt_jv_get(l, "ended");

	if (step == NULL || item == NULL)
		return;
	if (ended != NULL)
		take_ended(in, ended);
	if (kt_jv_str(l, "ask") != NULL)
		ask_password(in, kt_jv_bool(l, "again"));
	if (message != NULL)
		log_line(in, message);
	in->touched |= state != NULL && strcmp(state, "no-device") != 0;
	if (state != NULL)
		show_phone(in, l, state);
	else
		show_step(in, step, item);
	show_figures(in, l);
}

static void begin_page(struct kd_intake *in, const char *title)
{
	g_clear_pointer(&in->last_state, g_free);
	gtk_text_buffer_set_text(in->log, "", 0);
	gtk_editable_set_text(GTK_EDITABLE(in->ask_entry), "");
	gtk_widget_set_sensitive(in->stop, TRUE);
	gtk_widget_set_visible(in->ask_box, FALSE);
	gtk_widget_set_visible(in->fingerprint, FALSE);
	gtk_widget_set_visible(in->countdown, FALSE);
	gtk_widget_set_visible(in->stall, FALSE);
	kd_set(in->figures, "");
	kd_set(in->run_title, title);
	kd_set(in->run_remedy, "");
	kd_set(in->run_item, "");
	kd_picture_set(in->run_picture, "connecting", title);
	gtk_progress_bar_set_fraction(GTK_PROGRESS_BAR(in->bar_progress), 0);
	kd_intake_page(in, "run");
}

/* -- what ends without evidence --------------------------------------------------------------- */

static void on_recorded(const struct kd_engine_result *res, gpointer data)
{
	struct kd_intake *in = data;

	in->run = NULL;
	in->recording = false;
	kd_inhibit_end(&in->awake);
	kd_done_begin(in, res);
}

/* args: command and what is its own; operator, folder, interpreter and trust are added here. */
static void record(struct kd_intake *in, const char *title, const char *const *own)
{
	const char *args[32 + KD_TRUST_ARGS + KD_CLOCK_ARGS];
	size_t n = 0;

	for (; *own != NULL; own++)
		args[n++] = *own;
	args[n++] = "--operator";
	args[n++] = kd_entry(in->operator_row);
	args[n++] = "--out";
	args[n++] = kd_entry(in->out_row);
	if (kd_entry(in->interpreter_row)[0] != '\0') {
		args[n++] = "--interpreter";
		args[n++] = kd_entry(in->interpreter_row);
	}
	n = kd_settings_trust_args(&in->app->set, args, n);
	n = kd_settings_clock_args(&in->app->set, args, n);
	if (in->app->set.simulated)
		args[n++] = "--simulated";
	args[n++] = "--json";
	args[n++] = "--progress=json";
	args[n] = NULL;
	g_ptr_array_set_size(in->ended, 0);
	in->stopping = in->reading = false;
	in->recording = true;
	begin_page(in, title);
	gtk_widget_set_sensitive(in->stop, FALSE);
	in->run = kd_engine_start(args, NULL, NULL, on_recorded, in);
}

void kd_run_refuse(struct kd_intake *in)
{
	const char *own[] = {"refuse",
			     "--mandate",
			     in->mandate,
			     "--reason",
			     "person-objects",
			     "--subject",
			     kd_position_word(in->pos),
			     NULL};

	record(in, _("Recording what the holder said"), own);
}

/* A package is beyond keten withdraw: its mandate says what becomes of it when it must go. */
void kd_run_withdraw(struct kd_intake *in)
{
	const char *of_case[] = {"withdraw", "--case", kd_entry(in->case_row), NULL};
	const char *of_package[] = {"expire",	in->package, kd_entry(in->case_row),
				    "--reason", "withdrawn", NULL};

	in->withdrawn = true;
	in->too_late = in->package != NULL;
	record(in, _("Destroying what was taken"), in->too_late ? of_package : of_case);
}

static void on_end(const struct kd_engine_result *res, gpointer data)
{
	struct kd_intake *in = data;

	in->run = NULL;
	kd_inhibit_end(&in->awake);
	if (in->secret_fd >= 0)
		close(in->secret_fd);
	in->secret_fd = -1;
	kd_done_take(in, res->json);
	if (in->withdrawn)
		kd_run_withdraw(in);
	else
		kd_done_begin(in, res);
}

static void on_stop(GtkButton *b, gpointer data)
{
	(void)b;
	kd_intake_ask_stop(data);
}

static GtkWidget *password_box(struct kd_intake *in)
{
	GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);

	in->ask_box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
	in->ask_text = kd_text("", NULL);
	in->ask_entry = gtk_password_entry_new();
	gtk_password_entry_set_show_peek_icon(GTK_PASSWORD_ENTRY(in->ask_entry), FALSE);
	kd_name(in->ask_entry, _("Backup password"));
	gtk_widget_set_hexpand(in->ask_entry, TRUE);
	g_signal_connect(in->ask_entry, "activate", G_CALLBACK(on_password), in);
	gtk_box_append(GTK_BOX(row), in->ask_entry);
	gtk_box_append(GTK_BOX(row),
		       kd_button(_("_Use it"), "suggested-action", G_CALLBACK(on_password), in));
	gtk_box_append(GTK_BOX(row),
		       kd_button(_("Go on _without"), NULL, G_CALLBACK(on_no_password), in));
	gtk_box_append(GTK_BOX(in->ask_box), in->ask_text);
	gtk_box_append(GTK_BOX(in->ask_box), row);
	gtk_widget_set_visible(in->ask_box, FALSE);
	return in->ask_box;
}

static GtkWidget *log_pane(struct kd_intake *in)
{
	GtkWidget *expander = gtk_expander_new_with_mnemonic(_("_Details")), *scroll, *box;

	gtk_accessible_reset_property(GTK_ACCESSIBLE(expander), GTK_ACCESSIBLE_PROPERTY_LABEL);
	kd_name(expander, _("Details"));
	in->log_view = gtk_text_view_new();
	in->log = gtk_text_view_get_buffer(GTK_TEXT_VIEW(in->log_view));
	gtk_text_view_set_editable(GTK_TEXT_VIEW(in->log_view), FALSE);
	gtk_text_view_set_monospace(GTK_TEXT_VIEW(in->log_view), TRUE);
	gtk_text_view_set_accepts_tab(GTK_TEXT_VIEW(in->log_view), FALSE);
	gtk_text_view_set_wrap_mode(GTK_TEXT_VIEW(in->log_view), GTK_WRAP_WORD_CHAR);
	kd_name(in->log_view, _("What Keten says"));
	scroll = gtk_scrolled_window_new();
	gtk_scrolled_window_set_min_content_height(GTK_SCROLLED_WINDOW(scroll), 160);
	gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroll), in->log_view);
	box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
	gtk_box_append(GTK_BOX(box), scroll);
	gtk_box_append(GTK_BOX(box), kd_button(_("_Copy"), NULL, G_CALLBACK(on_copy), in));
	gtk_expander_set_child(GTK_EXPANDER(expander), box);
	return expander;
}

void kd_run_page(struct kd_intake *in)
{
	struct kd_page *p = &in->p_run;

	kd_page_init(p, _("Reading"), NULL);
	in->run_picture = kd_picture_new(300, 160);
	in->run_title = kd_text("", "title-2");
	in->run_remedy = kd_text("", NULL);
	in->fingerprint = kd_text("", "kd-fingerprint");
	gtk_label_set_selectable(GTK_LABEL(in->fingerprint), TRUE);
	in->countdown = kd_text("", "dim-label");
	in->run_item = kd_text("", "heading");
	in->bar_progress = gtk_progress_bar_new();
	kd_name(in->bar_progress, _("Progress"));
	in->figures = kd_text("", "numeric");
	in->stall = kd_text("", "warning");
	gtk_box_append(GTK_BOX(p->content), in->run_picture);
	gtk_box_append(GTK_BOX(p->content), in->run_title);
	gtk_box_append(GTK_BOX(p->content), in->run_remedy);
	gtk_box_append(GTK_BOX(p->content), in->fingerprint);
	gtk_box_append(GTK_BOX(p->content), in->countdown);
	gtk_box_append(GTK_BOX(p->content), password_box(in));
	gtk_box_append(GTK_BOX(p->content), in->run_item);
	gtk_box_append(GTK_BOX(p->content), in->bar_progress);
	gtk_box_append(GTK_BOX(p->content), in->figures);
	gtk_box_append(GTK_BOX(p->content), in->stall);
	gtk_box_append(GTK_BOX(p->content), log_pane(in));
	in->stop = kd_button(_("_Stop…"), NULL, G_CALLBACK(on_stop), in);
	kd_page_buttons(p, in->stop, NULL);
}

/* The chosen phone, else the one that the mandate names. */
static const char *device_name(const struct kd_intake *in)
{
	if (in->resume.device != NULL)
		return in->resume.device;
	return in->chosen != NULL ? in->chosen : in->device != NULL ? in->device : "";
}

void kd_run_begin(struct kd_intake *in)
{
	const struct kd_settings *set = &in->app->set;
	const char *args[48 + KD_TRUST_ARGS + KD_CLOCK_ARGS];
	bool ios = g_strcmp0(in->kind, "ios") == 0;
	size_t n = 0;

	args[n++] = "run";
	args[n++] = "--json";
	args[n++] = "--progress=json";
	args[n++] = "--mandate";
	args[n++] = in->mandate;
	args[n++] = "--device";
	args[n++] = device_name(in);
	args[n++] = "--operator";
	args[n++] = kd_entry(in->operator_row);
	args[n++] = "--case";
	args[n++] = kd_entry(in->case_row);
	args[n++] = "--out";
	args[n++] = kd_entry(in->out_row);
	if (in->pos != KD_POSITION_NONE) {
		args[n++] = "--subject";
		args[n++] = kd_position_word(in->pos);
		args[n++] = "--lang";
		args[n++] = kd_sheet_language(in);
	}
	if (kd_entry(in->statement_row)[0] != '\0') {
		args[n++] = "--statement";
		args[n++] = kd_entry(in->statement_row);
	}
	if (kd_entry(in->interpreter_row)[0] != '\0') {
		args[n++] = "--interpreter";
		args[n++] = kd_entry(in->interpreter_row);
	}
	if (set->information != NULL) {
		args[n++] = "--information";
		args[n++] = set->information;
	}
	args[n++] = "--wait";
	args[n++] = in->app->wait_s != NULL ? in->app->wait_s : "200";
	n = kd_settings_trust_args(set, args, n);
	n = kd_settings_clock_args(set, args, n);
	if (set->simulated)
		args[n++] = "--simulated";
	if (ios) {
		args[n++] = "--password-fd";
		args[n++] = "3";
	}
	args[n] = NULL;
	g_ptr_array_set_size(in->ended, 0);
	in->stopping = in->withdrawn = in->too_late = in->reading = false;
	g_clear_pointer(&in->package, g_free);
	begin_page(in, _("Getting ready"));
	kd_inhibit_begin(&in->awake);
	in->run = kd_engine_start(args, ios ? &in->secret_fd : NULL, on_line, on_end, in);
}
