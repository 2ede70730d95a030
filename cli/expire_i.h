/* SPDX-License-Identifier: EUPL-1.2 */
/* keten expire, in parts: what is known of one acquisition, what speaks of it, and how files go. */
#ifndef KT_CLI_EXPIRE_I_H
#define KT_CLI_EXPIRE_I_H

#include "cli/found.h"

#define KT_FATE_TEXT 200
#define KT_FATE_MAX  64 /* of each kind of file that one acquisition can have */

/* What came of it, and its word for programs. */
#define KT_ENDS(X)                                                                                 \
	X(HELD, "on-hold")                                                                         \
	X(KEPT, "kept")                                                                            \
	X(BEFORE, "destroyed-before")                                                              \
	X(OPEN, "left-open") /* it stands open, and its mandate asks for the key alone */          \
	X(GONE, "destroyed")

enum kt_end {
#define X(id, word) KT_END_##id,
	KT_ENDS(X)
#undef X
};

/* What is to be done with one acquisition. */
struct kt_fate {
	const struct kt_found_one *p;
	enum kt_end end;
	char record[KT_PKG_NAME_MAX + 1]; /* the deletion (also one of before), a comment, or "" */
	struct kt_mandate *mandate;
	int64_t until_us, hold_us;
	bool released, deleted,
		with_folder; /* with_folder: an earlier deletion tells of the case's too */
	const char *reason;
	char rule[KT_FATE_TEXT];
	char target[KT_FATE_MAX][4200]; /* envelopes */
	unsigned ntargets;
	const struct kt_found_one *report[KT_FATE_MAX]; /* packages that hold a report of it */
	unsigned nreports;
	const struct kt_found_one
		*beside[KT_FATE_MAX]; /* the same, which nobody named or can judge: they stay */
	unsigned nbeside;
	const struct kt_found_one *copy[KT_FATE_MAX]; /* the package itself, by each of its paths */
	unsigned ncopies;
	const struct kt_found_one *folder[KT_FATE_MAX]; /* cases */
	unsigned nfolders;
	bool too_many;
	struct kt_buf not_reached; /* JSON list */
	unsigned copies;
};

/* The name in a path: what stands behind its last slash. */
const char *kt_base_name(const char *path);
/* Does this act say that it is about that package? Of one that is not valid see expire_find.c. */
bool kt_fate_concerns(const struct kt_found_one *act, const struct kt_found_one *p);
/*
 * What was found about f->p, whose mandate is read: reports of it, copies and envelopes, and what other
 * packages say. 0 or a code: what can't be read may be a hold, so that it ends the run.
 */
int kt_fate_look(struct kt_fate *f, const struct kt_opts *o, const struct kt_found *all,
		 struct kt_err *err);

/*
 * Can it all be destroyed? package: the package too. What is signed before it happens must not turn
 * out to be untrue. 0; KT_E_STORAGE, KT_E_REFUSED: nothing was.
 */
int kt_fate_ready(const struct kt_fate *f, bool package, struct kt_err *err);
/* Writes once over a file, and takes its name away; a package only when it is the one that was judged. */
int kt_wipe_envelope(const char *path, struct kt_err *err);
int kt_wipe_judged(const struct kt_found_one *p, struct kt_err *err);
/* What a case's folder holds beside mandate, log and papers. */
int kt_fate_empty_folder(const struct kt_found_one *at, struct kt_err *err);

#endif
