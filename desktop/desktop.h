/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The window: what its parts share. It runs keten and shows what keten says; it holds no evidence
 * logic and no keys, and speaks to no phone.
 */
#ifndef KD_DESKTOP_DESKTOP_H
#define KD_DESKTOP_DESKTOP_H

#include <adwaita.h>
#include <stdbool.h>

#include "desktop/settings.h"
#include "desktop/ui.h"

#define KD_APP_ID "eu.keten.Keten"

struct kd_intake;
struct kd_review;
struct kd_unfinished;

#define KD_TRAIL      16
#define KD_TRAIL_WORD 48

struct kd_app {
	AdwApplication *gtk;
	GtkWidget *window, *toasts, *stack, *header_back, *title;
	struct kd_settings set;
	struct kd_intake *intake;
	struct kd_review *review;
	struct kd_unfinished *unfinished;
	FILE *state_log; /* tests: a word for each change of state, or NULL */
	char *settings_path, *open_path;
	char *wait_s; /* tests: how long a phone is waited for, in place of 200 s */
	int lock_fd;  /* keeps a second window of this user away where there is no session bus */
	bool leaving, rtl;
	char trail[KD_TRAIL][KD_TRAIL_WORD]; /* the last states, in a ring: the help opens there */
	unsigned ntrail;
};

/* A word for what is shown now: for the help, and for tests. */
void kd_app_state(struct kd_app *app, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/* The same, once the widget was drawn as it is now. word: a constant. */
void kd_app_drawn(struct kd_app *app, GtkWidget *w, const char *word);
/* A line that goes away by itself. */
void kd_app_say(struct kd_app *app, const char *text);
/* "home", "intake" or "review"; title for the header bar. */
void kd_app_show(struct kd_app *app, const char *page, const char *title);
void kd_app_home(struct kd_app *app);
/* The same for the Back of a first page; data: the app. */
void kd_on_home(GtkButton *b, gpointer data);
/* Puts the focus on a widget once it has a place on the screen. */
void kd_app_focus(GtkWidget *w);

/*
 * Lets a person choose a file or folder; done gets the path (or is not called). In kiosk mode only
 * what lies below the folders of the settings is offered. suffix: ".json", or NULL for folders.
 */
typedef void (*kd_chosen)(const char *path, gpointer data);
void kd_choose(struct kd_app *app, const char *title, const char *suffix, kd_chosen done,
	       gpointer data);
/*
 * A question in a window of its own; Escape gives the first answer. AdwMessageDialog of 1.2 names its
 * buttons twice. The list ends with an id of NULL.
 */
struct kd_answer {
	const char *id, *mnemonic, *css;
};
typedef void (*kd_answered)(const char *id, gpointer data);
void kd_ask(struct kd_app *app, const char *heading, const char *body,
	    const struct kd_answer *answers, kd_answered done, gpointer data);
/* Where copies go at first: a folder that may be chosen. */
const char *kd_out_folder(const struct kd_app *app);
/* Takes files that are dropped on a widget. */
void kd_take_drops(GtkWidget *w, kd_chosen done, gpointer data);
/* An entry row for a path, with a button that chooses one. */
GtkWidget *kd_path_row(struct kd_app *app, const char *title, const char *suffix);

struct kd_intake *kd_intake_new(struct kd_app *app);
GtkWidget *kd_intake_widget(struct kd_intake *in);
/* From the beginning; path: a mandate file, or NULL. */
void kd_intake_begin(struct kd_intake *in, const char *path);
/* A case that was begun and not finished. */
struct kd_resume {
	const char *folder, *device; /* borrowed */
	bool sealed;		     /* everything was read; no phone is needed */
	bool withdraw;		     /* the holder withdraws */
};
void kd_intake_resume(struct kd_intake *in, const struct kd_resume *r);
/* May the window close, or this flow be left? False: something runs. */
bool kd_intake_idle(const struct kd_intake *in);
/* Is there something entered that a new one would lose? */
bool kd_intake_begun(const struct kd_intake *in);
/* What the holder said is not recorded yet: asks before that is left. False: nothing to ask. */
bool kd_intake_ask_leave(struct kd_intake *in);
/* Another page is shown: no phone is looked for any more. */
void kd_intake_leave(struct kd_intake *in);
/* Asks what to do with what runs. */
void kd_intake_ask_stop(struct kd_intake *in);
void kd_intake_free(struct kd_intake *in);

struct kd_review *kd_review_new(struct kd_app *app);
GtkWidget *kd_review_widget(struct kd_review *rv);
void kd_review_begin(struct kd_review *rv, const char *path);
/* May the window close, or this package be left? False: a release runs. */
bool kd_review_idle(const struct kd_review *rv);
/* Asks what to do with it. */
void kd_review_ask_stop(struct kd_review *rv);
void kd_review_free(struct kd_review *rv);

#endif
