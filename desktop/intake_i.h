/* SPDX-License-Identifier: EUPL-1.2 */
/* The guided intake, between its own files. One page each, in the order in which they come. */
#ifndef KD_DESKTOP_INTAKE_I_H
#define KD_DESKTOP_INTAKE_I_H

#include "desktop/desktop.h"
#include "desktop/engine.h"
#include "desktop/inhibit.h"

enum kd_position { KD_POSITION_NONE, KD_AGREES, KD_OBJECTS, KD_NOT_ASKED, KD_POSITIONS };

/* How an item ended, for the last page. */
struct kd_ended {
	char *item, *outcome, *reason;
	gint64 objects, bytes;
};

struct kd_intake {
	struct kd_app *app;
	GtkWidget *stack;
	/* an unfinished case that is gone on with, or withdrawn; "": a new one */
	struct {
		char *folder, *device;
		bool sealed, withdraw;
	} resume;
	struct kd_page p_mandate, p_person, p_station, p_phone, p_run, p_done;

	/* mandate */
	GtkWidget *mandate_row, *mandate_note, *facts, *sources, *never;
	struct kd_engine *check;
	guint check_timer;
	char *mandate, *mandate_id, *kind, *device, *language, *mode, *objection;
	bool two_stage, whole_backup, health;
	GHashTable *titles; /* of plan items by id, for people */

	/* person */
	GtkWidget *info_language, *info_box, *position[KD_POSITIONS], *refused_note;
	GPtrArray *languages,
		*language_names; /* of the sheets that there are: tags, and their own names */
	char **sheets; /* tags of those that are offered, in the order of the list; or NULL */
	struct kd_engine *languages_look;
	GtkWidget *interpreter_row;
	bool filling, built_in; /* built_in: keten has not said which sheets there are */
	enum kd_position pos;

	/* station */
	GtkWidget *operator_row, *case_row, *out_row, *statement_row, *checks, *estimate,
		*station_lead;
	guint station_timer;

	/* phone, and what is shown while it is waited for */
	GtkWidget *picture, *state_title, *state_remedy, *fingerprint, *countdown, *devices;
	guint poll;
	struct kd_engine *look;
	char *chosen, *last_state, *shown_devices;
	bool picked; /* chosen by a person, not because it was alone */

	/* run */
	GtkWidget *run_picture, *run_title, *run_remedy, *run_item, *bar_progress, *figures, *stall,
		*log_view, *ask_box, *ask_entry, *ask_text, *stop;
	GtkTextBuffer *log;
	struct kd_engine *run;
	struct kd_inhibit awake;
	int secret_fd;
	bool stopping, reading;
	bool withdrawn;	  /* the holder withdraws: never taken back */
	bool unrecorded;  /* the page shown says that what the holder said is not recorded */
	bool recording;	  /* a refusal or withdrawal is being signed */
	bool too_late;	  /* the package was complete before the withdrawal was said */
	bool erased;	  /* and is destroyed, or its key is */
	bool all_read;	  /* no phone is needed any more */
	bool touched;	  /* this time, a phone was spoken to */
	GPtrArray *ended; /* struct kd_ended */

	/* done */
	GtkWidget *done_lead, *done_facts, *done_items, *done_checklist, *done_next, *again, *retry,
		*mend, *receipt, *receipt_view, *receipt_code, *receipt_rest, *receipt_frame;
	char *package, *envelope, *record, *destroyed, *case_id, *head, *receipt_text;
};

void kd_mandate_page(struct kd_intake *in);
void kd_mandate_begin(struct kd_intake *in, const char *path);
void kd_mandate_leave(struct kd_intake *in);
/* What to do next when keten refuses a mandate in these words; NULL: nothing better than its own. */
const char *kd_mandate_remedy(const char *error);
void kd_person_page(struct kd_intake *in);
void kd_person_begin(struct kd_intake *in);
/* Nothing was said, by nobody, in no language. */
void kd_person_clear(struct kd_intake *in);
/* Asks keten which sheets there are. */
void kd_person_languages(struct kd_intake *in);
void kd_station_page(struct kd_intake *in);
/* The folder of this case, unless somebody chose another one. To be freed. */
char *kd_station_case(const struct kd_intake *in);
void kd_station_begin(struct kd_intake *in);
void kd_station_leave(struct kd_intake *in);
/* Back to it, with what was entered. */
void kd_station_again(struct kd_intake *in);
void kd_phone_page(struct kd_intake *in);
void kd_phone_begin(struct kd_intake *in);
void kd_phone_leave(struct kd_intake *in);
void kd_run_page(struct kd_intake *in);
void kd_run_begin(struct kd_intake *in);
/* Records, as a package, that nothing is read (the holder objects), or that they withdrew. */
void kd_run_refuse(struct kd_intake *in);
void kd_run_withdraw(struct kd_intake *in);
void kd_done_page(struct kd_intake *in);
/* Keeps what a result names: package, envelope, record. */
void kd_done_take(struct kd_intake *in, const struct kt_jv *result);
/* res: how keten run ended. */
void kd_done_begin(struct kd_intake *in, const struct kd_engine_result *res);

/* "agrees", "objects", "not-asked"; NULL before anything was said. */
const char *kd_position_word(enum kd_position pos);
/* Tag of the sheet that was shown; NULL: none. */
const char *kd_sheet_language(const struct kd_intake *in);
/* The holder objects and the mandate rests on consent: that is recorded, and no phone is looked for. */
bool kd_ends_here(const struct kd_intake *in);
/* What was taken before is to be destroyed: nothing is read any more. */
bool kd_withdraws(const struct kd_intake *in);

void kd_intake_page(struct kd_intake *in, const char *page);
const char *kd_entry(GtkWidget *row);
/* Title of a plan item, else the item itself. */
const char *kd_item_title(struct kd_intake *in, const char *item);

#endif
