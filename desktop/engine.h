/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Runs keten and reads what it says: JSON Lines on standard error as they come, its result when it
 * has ended. This is the only way in which the window learns or does anything. Main thread alone:
 * a child dies with the thread that started it.
 */
#ifndef KD_DESKTOP_ENGINE_H
#define KD_DESKTOP_ENGINE_H

#include <gio/gio.h>

#include "core/json.h"

struct kd_engine;

struct kd_engine_result {
	int status;	   /* exit status of keten; -1: it was killed or could not be started */
	const char *error; /* its own words for a failure, or "" */
	const char *said;  /* ... in the reader's language, to be shown */
	const char *word;  /* one word for it: "refused", "cancelled"; or "" */
	const struct kt_jv *json; /* the result, when it is one JSON object */
	const char *out;	  /* what it printed */
	gsize out_len;
	gpointer taken; /* of kd_engine_start_taking(): what take returned */
};

typedef void (*kd_engine_line)(const struct kt_jv *line, gpointer data);
typedef void (*kd_engine_end)(const struct kd_engine_result *res, gpointer data);

/*
 * Starts keten (beside this program) with these arguments, NULL-terminated, argv[0] not among
 * them. line may be NULL. end is called once, from the main loop, unless kd_engine_drop() came
 * before. secret_fd, when not NULL, gets the end of a pipe that keten reads as descriptor 3; the
 * caller closes it. The handle is valid until end returns.
 */
struct kd_engine *kd_engine_start(const char *const *args, int *secret_fd, kd_engine_line line,
				  kd_engine_end end, gpointer data);
/*
 * The same for a result that is too large to be held: take gets what keten prints, in a thread of its
 * own, reads it to the end, and returns what it made of it; end gets that and owns it. discard frees
 * it when nobody waits any more.
 */
typedef gpointer (*kd_engine_take)(GInputStream *out);
struct kd_engine *kd_engine_start_taking(const char *const *args, kd_engine_take take,
					 GDestroyNotify discard, kd_engine_end end, gpointer data);
/* Asks it to stop at the next safe place. */
void kd_engine_stop(struct kd_engine *e);
/* Ends it at once, as a power cut would: for one that does not stop. end is called. */
void kd_engine_kill(struct kd_engine *e);
/* Stops it and forgets who asked: end will not be called. e may be NULL. */
void kd_engine_drop(struct kd_engine *e);

/* Path of the keten beside this program; constant after the first call. */
const char *kd_engine_path(void);

#endif
