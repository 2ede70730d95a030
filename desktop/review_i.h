/* SPDX-License-Identifier: EUPL-1.2 */
/* The reviewer's window, between its own files. */
#ifndef KD_DESKTOP_REVIEW_I_H
#define KD_DESKTOP_REVIEW_I_H

#include "desktop/desktop.h"
#include "desktop/engine.h"
#include "desktop/report.h"
#include "desktop/rows.h"

struct kd_review {
	struct kd_app *app;
	GtkWidget *stack; /* "open", "package" */
	struct kd_page p_open;
	GtkWidget *path_row, *open_note;
	char *path;
	/* each for itself: none ends another. A release that runs is asked about before it is left */
	struct kd_engine *open_job, *report_job, *release_job, *export_job;
	bool asking;

	/* package */
	GtkWidget *tabs, *tab_buttons, *views, *banner, *filter_bar, *side, *paned;
	GtkWidget *verdict_box, *verdict_icon, *verdict, *verdict_reason, *verdict_next;
	GtkWidget *checks, *signers, *levels;
	GtkWidget *about, *beside, *about_content, *about_case, *about_mandate, *about_phone,
		*about_simulated;
	struct kd_engine *about_job;
	char *sha256, *verdict_word, *tags; /* tags: of the list that was signed */
	char *type;	       /* of the package: acquisition, or an act such as refusal */
	GQueue checks_to_show; /* struct shown_check */
	guint checks_idle;
	GtkWidget *release, *releaser_row, *second_row, *envelope_row, *release_out;
	GtkWidget *release_button, *release_note;

	/* findings */
	struct kd_report *report;
	GtkWidget *search, *type_filter, *source_filter, *from_filter, *to_filter, *place_filter,
		*mark_filter, *count;
	guint search_timer, filter_run, rest_timer;
	GArray *found; /* guint32: what the filter lets through, being shown */
	KdRows *rows;
	GtkSingleSelection *selection;
	GtkWidget *table, *map, *map_note, *timeline;
	guint selected;	   /* position in the report, or G_MAXUINT */
	GHashTable *marks; /* id to word, as they are kept; NULL: they can't be */

	/* one record */
	GtkWidget *record, *mark_choice, *mark_note, *copy_button, *raw, *raw_note, *raw_heading;
	char *record_text; /* what is shown, to be copied */
	guint record_idle;
	struct kd_engine *raw_job;
	bool filling, pages_stale;

	/* the rest */
	GtkWidget *statement, *not_taken, *limits, *out_row, *export_note;
};

/* review_verify.c */
GtkWidget *kd_verify_view(struct kd_review *rv);
void kd_verify_show(struct kd_review *rv, const struct kd_engine_result *res);
void kd_verify_forget(struct kd_review *rv);
/* What was judged is not what is there: no verdict stands any more. */
void kd_verify_changed(struct kd_review *rv);
/* review_about.c */
GtkWidget *kd_about_view(struct kd_review *rv);
void kd_about_show(struct kd_review *rv, const struct kt_jv *json);
/* Is it a record of something that was done, without data of a phone? */
bool kd_about_is_act(const struct kd_review *rv);
void kd_about_content(struct kd_review *rv, const char *text);
/* review_release.c: the second stage, offered where a package holds no report */
GtkWidget *kd_release_group(struct kd_review *rv);
/* Opens a package in this window, from the check on. Nothing of an earlier one stays. */
void kd_review_open(struct kd_review *rv, const char *path);
/* Says keten show that the package holds no such file? All else is a failure, with its own words. */
bool kd_review_absent(const struct kd_engine_result *res);
/*
 * Begins args (KD_SHOW_ARGS) to keten for a file of the package as it was judged; returns how many there
 * are, without an end.
 */
#define KD_SHOW_ARGS 10
size_t kd_review_show_args(const struct kd_review *rv, const char *member, const char **args);
/* Was it replaced or rewritten since it was judged? Then nothing of it stays, and that is said. */
bool kd_review_changed(struct kd_review *rv, const struct kd_engine_result *res);
/* review_table.c */
GtkWidget *kd_table_view(struct kd_review *rv);
/* Chooses an observation for all views; from: who did, so that it is not told again. */
void kd_review_select(struct kd_review *rv, guint position, GtkWidget *from);
/* The chosen one has another mark: its row shows it. */
void kd_review_marked(struct kd_review *rv);
/* The next observation of those shown, or the one before. */
void kd_review_step(struct kd_review *rv, bool forward);
/* review_filter.c */
GtkWidget *kd_filter_bar(struct kd_review *rv);
void kd_filter_fill(struct kd_review *rv);
void kd_filter_apply(struct kd_review *rv);
void kd_filter_forget(struct kd_review *rv);
void kd_filter_clear(struct kd_review *rv);
/* review_view.c: what map and timeline share */
#define KD_ZOOM_STEP 1.5 /* of a key or a button */
struct kd_view_moves {
	gboolean (*move)(GtkWidget *w, int right, int down); /* steps; false: not that way */
	void (*zoom)(GtkWidget *w, double closer);
	void (*all)(GtkWidget *w);
	guint (*nearest)(GtkWidget *w, double x, double y); /* position, or G_MAXUINT */
};
GtkWidget *kd_view_new(struct kd_review *rv, const char *name, GtkDrawingAreaDrawFunc draw,
		       const struct kd_view_moves *moves);
/* The buttons and keys of a view, and a text beside them. */
GtkWidget *kd_view_bar(GtkWidget *view, GtkWidget *note);
/* review_map.c */
GtkWidget *kd_map_view(struct kd_review *rv);
void kd_map_reset(struct kd_review *rv);
void kd_map_filtered(struct kd_review *rv);
/* review_timeline.c */
GtkWidget *kd_timeline_view(struct kd_review *rv);
void kd_timeline_reset(struct kd_review *rv);
/* review_record.c */
GtkWidget *kd_record_view(struct kd_review *rv);
void kd_record_show(struct kd_review *rv);
/* review_facts.c */
/* Fills rv->record with the chosen record; the same as text, free with g_free(). */
char *kd_facts_show(struct kd_review *rv);
/* "in Austria" for a verdict and territories (one a line); free with g_free(). */
char *kd_where_text(const struct kd_report *r, const char *verdict, const char *codes);
/* marks.c */
const char *kd_mark_name(unsigned mark);
const char *kd_mark_short(unsigned mark); /* for a column: both directions as short */
void kd_marks_load(struct kd_review *rv);
/* Gives the chosen record this mark, with all that bear the same id, and keeps it. */
void kd_marks_set(struct kd_review *rv, unsigned mark);
/* review_pages.c */
GtkWidget *kd_statement_view(struct kd_review *rv);
GtkWidget *kd_not_taken_view(struct kd_review *rv);
GtkWidget *kd_export_view(struct kd_review *rv);
void kd_pages_fill(struct kd_review *rv);

#endif
