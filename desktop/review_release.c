/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The second stage: who is entitled opens what a desk has sealed. keten does it, with the releaser's
 * key or card; a PIN is asked for by the program that /etc/keten/pinentry names, never here.
 */
#include "desktop/review_i.h"

#include "desktop/states.h"

#include <string.h>

static void on_released(const struct kd_engine_result *res, gpointer data)
{
	struct kd_review *rv = data;
	const char *package = kt_jv_str(res->json, "package");
	char *path;

	rv->release_job = NULL;
	gtk_widget_set_sensitive(rv->release, TRUE);
	if (package == NULL) {
		kd_setf(rv->release_note, "%s %s", _("It was not released."), res->said);
		kd_app_state(rv->app, "not-released");
		return;
	}
	path = g_build_filename(gtk_editable_get_text(GTK_EDITABLE(rv->release_out)), package,
				NULL);
	kd_set(rv->release_note, "");
	kd_app_state(rv->app, "released");
	kd_review_open(rv, path);
	g_free(path);
}

static void on_line(const struct kt_jv *l, gpointer data)
{
	struct kd_review *rv = data;
	const char *step = kt_jv_str(l, "step");

	if (step != NULL)
		kd_set(rv->release_note, kd_step(step));
}

static void on_release(GtkButton *b, gpointer data)
{
	struct kd_review *rv = data;
	const char *args[24 + KD_TRUST_ARGS + KD_CLOCK_ARGS],
		*envelope = gtk_editable_get_text(GTK_EDITABLE(rv->envelope_row)),
		*second = gtk_editable_get_text(GTK_EDITABLE(rv->second_row));
	size_t n = 0;

	(void)b;
	args[n++] = "release";
	args[n++] = rv->path;
	args[n++] = "--json";
	args[n++] = "--progress=json";
	args[n++] = "--releaser";
	args[n++] = gtk_editable_get_text(GTK_EDITABLE(rv->releaser_row));
	args[n++] = "--out";
	args[n++] = gtk_editable_get_text(GTK_EDITABLE(rv->release_out));
	if (envelope[0] != '\0') {
		args[n++] = "--envelope";
		args[n++] = envelope;
	}
	if (second[0] != '\0') {
		args[n++] = "--second";
		args[n++] = second;
	}
	n = kd_settings_trust_args(&rv->app->set, args, n);
	n = kd_settings_clock_args(&rv->app->set, args, n);
	args[n] = NULL;
	kd_set(rv->release_note, "");
	gtk_widget_set_sensitive(rv->release, FALSE);
	rv->release_job = kd_engine_start(args, NULL, on_line, on_released, rv);
	kd_app_state(rv->app, "releasing");
}

bool kd_review_idle(const struct kd_review *rv)
{
	return rv == NULL || rv->release_job == NULL;
}

static void on_stop_answer(const char *response, gpointer data)
{
	struct kd_review *rv = data;

	rv->asking = false;
	kd_app_state(rv->app, "release-%s", response);
	if (strcmp(response, "stop") == 0 && rv->release_job != NULL)
		kd_engine_stop(rv->release_job);
}

void kd_review_ask_stop(struct kd_review *rv)
{
	const struct kd_answer answers[] = {
		{"on", _("_Go on with it"), "suggested-action"},
		{"stop", _("_Stop the release"), "destructive-action"},
		{NULL, NULL, NULL},
	};

	if (rv->asking)
		return;
	rv->asking = true;
	kd_app_state(rv->app, "ask-release");
	kd_ask(rv->app, _("A release is under way"),
	       _("Until it has ended, this package stays open. If you stop it, what was opened "
		 "stays "
		 "logged, no released package comes of it, and it can be started again."),
	       answers, on_stop_answer, rv);
}

/* Without a key and a folder there is nothing to start. */
static void on_row(GtkEditable *row, gpointer data)
{
	struct kd_review *rv = data;

	(void)row;
	gtk_widget_set_sensitive(rv->release_button,
				 gtk_editable_get_text(GTK_EDITABLE(rv->releaser_row))[0] != '\0' &&
					 gtk_editable_get_text(GTK_EDITABLE(rv->release_out))[0] !=
						 '\0');
}

GtkWidget *kd_release_group(struct kd_review *rv)
{
	GtkWidget *group =
		kd_group(_("Second stage"),
			 _("What was taken is sealed. Who is named as releaser opens it here; "
			   "that makes a package of its own, and is logged."));
	GtkWidget *b = kd_button(_("_Release"), "suggested-action", G_CALLBACK(on_release), rv);

	rv->release_button = b;
	rv->release = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
	rv->releaser_row =
		kd_path_row(rv->app, _("Releaser's key, or the address of a card"), ".pem");
	rv->second_row =
		kd_path_row(rv->app, _("Second person's key, where the mandate wants one"), ".pem");
	rv->envelope_row = kd_path_row(rv->app, _("Envelope, when it does not lie beside"), "");
	rv->release_out = kd_path_row(rv->app, _("Folder for the released package"), NULL);
	g_signal_connect(rv->releaser_row, "changed", G_CALLBACK(on_row), rv);
	g_signal_connect(rv->release_out, "changed", G_CALLBACK(on_row), rv);
	gtk_editable_set_text(GTK_EDITABLE(rv->release_out), kd_out_folder(rv->app));
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), rv->releaser_row);
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), rv->second_row);
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), rv->envelope_row);
	adw_preferences_group_add(ADW_PREFERENCES_GROUP(group), rv->release_out);
	gtk_box_append(GTK_BOX(rv->release), group);
	gtk_widget_set_halign(b, GTK_ALIGN_START);
	gtk_box_append(GTK_BOX(rv->release), b);
	rv->release_note = kd_text("", NULL);
	gtk_box_append(GTK_BOX(rv->release), rv->release_note);
	gtk_widget_set_visible(rv->release, FALSE);
	return rv->release;
}
