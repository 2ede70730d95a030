/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The acquisition of one case: plan items one by one, from the phone through the sink into the
 * case store, each with an intent and an outcome in the custody log. Resumes where it stopped.
 */
#ifndef KT_CLI_ACQUIRE_H
#define KT_CLI_ACQUIRE_H

#include "cli/device.h"
#include "cli/keten.h"
#include "core/casestore.h"
#include "core/custody.h"
#include "core/index.h"

/* What is read instead of a phone: a backup, an image, a carrier, or one file handed over. */
struct kt_source {
	int fd;		/* of the folder or file, for reading; the command's own */
	unsigned form;	/* enum kt_form */
	char name[256]; /* its own name, without the folder that it lies in */
	/* what keten-device found, once it was opened: */
	uint8_t layout;	      /* enum kt_dev_layout; 0: not yet opened */
	uint64_t size;	      /* 0 for folders */
	char identifier[128]; /* of the phone that it comes from; "" when it names none */
	char detail[300];
	const char *identity; /* a word of kt_acq_source(): how identifier and mandate agree */
	bool encrypted;	      /* an encrypted backup */
};

/* What the custody log says has happened already. */
struct kt_case_state {
	bool opened, acquisition_sealed, connected;
	/* of a source, when one was opened before: */
	char source_layout[16], source_identifier[128], source_sha256[KT_SHA256_HEX];
	char statement_sha256[KT_SHA256_HEX]; /* of the one that was added; "" when none was */
	int64_t source_size;
	bool item_done[KT_PLAN_MAX];
	bool item_partial[KT_PLAN_MAX]; /* done, but not acquired or absent */
	char plan_sha256[KT_SHA256_HEX], operator_sha256[KT_SHA256_HEX];
	uint64_t packages, dropped; /* begun, and of these not made to their end */
	uint64_t last_number;	    /* the highest that a package was begun with; 0: none */
	bool parsed, reported, release_prepared;
	bool closed; /* refused or withdrawn: nothing more is read */
	char closed_reason[24];
	bool withdrawn; /* the person asked for it, whether or not it came to its end */
	int64_t withdrawn_files,
		withdrawn_bytes; /* what was there when they first did; -1: not known */
	bool position, receipt;	 /* the person's position is recorded; a receipt was issued */
	int64_t sealed_us;	 /* when the acquisition was sealed; 0: not yet */
};

struct kt_acq {
	const struct kt_opts *o;
	struct kt_authority *a;
	struct kt_source *src; /* NULL: a phone is read */
	struct kt_plan plan;
	struct kt_case c;
	struct kt_custody log;
	struct kt_case_state state;
	struct kt_dev dev;
	struct kt_progress prog;
	bool dev_running, partial;
	bool in_session;  /* this run opened the session, or went on with it: its end is recorded */
	char attempt[32]; /* state or defect that the phone's last refusal is logged with, or "" */
	const struct kt_buf
		*statement; /* read from a release, for which no file is written; or NULL */
	bool timed_out;	    /* while parsing: a parser hit its limit of time */
	uint32_t layers;    /* sandbox layers that held while parsing */
	/* of the connection: */
	char serial[128], fingerprint[64];
	uint32_t adb_version, max_payload;
	char banner_sha256[KT_SHA256_HEX];
	bool ident;
	char envelope
		[160];	/* of a sealed case, once its package is made: the envelope's file name */
	char note[200]; /* for the result line: what is missing as a whole */
	bool anchored;	/* an outside clock says when the package was sealed */
	char no_clock[KT_ERR_TEXT]; /* why none does, "" when none was asked */
};

/* How an item ended. */
struct kt_outcome {
	const char *name; /* acquired | absent | refused | failed | partial */
	char reason[160];
	uint64_t withheld;
};
void kt_outcome_set(struct kt_outcome *out, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Opens case and log, logs session.open or session.resume. src NULL: a phone is to be read. A
 * source is opened first (its kind, and the phone that it names), since the case names its phone.
 * Close with kt_acq_close().
 */
int kt_acq_open(const struct kt_opts *o, struct kt_authority *a, struct kt_source *src,
		struct kt_acq *q, struct kt_err *err);
void kt_acq_close(struct kt_acq *q);
/* Everything up to and with the acquisition seal; nothing when that exists already. */
int kt_acq_run(struct kt_acq *q, struct kt_err *err);

/* A time-stamp over the log's first line, into the case, when one can be had; else the reason is logged. */
int kt_stamp_opening(struct kt_acq *q, struct kt_err *err);
/* Logs and says a time-stamp over "opening" or a package: gen_us and by, or 0 and why there is none. */
int kt_log_time(struct kt_acq *q, const char *over, const char *why, int64_t gen_us, const char *by,
		struct kt_err *err);

/* Signs the PDFs in report/ below a folder (PAdES) that are not signed yet. 0 or a code. */
int kt_sign_pdfs(int folder, const char *key, struct kt_err *err);

/* Is there a case in this folder? */
bool kt_case_exists(const char *dir);
/* Reads the log of an open case. */
int kt_case_state_read(const struct kt_case *c, const struct kt_plan *plan,
		       struct kt_case_state *st, struct kt_err *err);
/*
 * 0 when the operator of these options opened the case (or none is named), else KT_E_REFUSED: seal,
 * log and package speak of one operator.
 */
int kt_case_same_operator(const struct kt_acq *q, struct kt_err *err);

/* 0, or KT_E_REFUSED when the case was closed by a refusal or a withdrawal. */
int kt_case_not_closed(const struct kt_acq *q, struct kt_err *err);

/* -- used among the acquire files ------------------------------------------------------------- */

/* Connects (or reconnects) to the phone, showing its states. 0, KT_E_DEVICE, KT_E_CANCELLED ... */
int kt_acq_connect(struct kt_acq *q, struct kt_err *err);
/* Clock bracket into the log. */
int kt_acq_clock(struct kt_acq *q, const char *when, struct kt_err *err);
/*
 * One item, from its intent in the log to its outcome: begin opens its segment (ix->complete: it
 * ended before a crash could log that, and out is its outcome); end logs the outcome and closes it.
 */
int kt_item_begin(struct kt_acq *q, size_t i, struct kt_index *ix, struct kt_outcome *out,
		  struct kt_err *err);
int kt_item_end(struct kt_acq *q, size_t i, struct kt_index *ix, const struct kt_outcome *out,
		struct kt_err *err);
/* Leaves it unfinished: what is there stays (unless the disk is the trouble), it goes on later. */
void kt_item_leave(struct kt_index *ix, int code);
/* An attempt.refused in the log, best effort. */
void kt_acq_log_attempt(struct kt_acq *q, const char *rule, const char *text);

/* "folder", "tar", "tar.gz", "zip", "backup", "file"; "" when unknown. */
const char *kt_layout_name(unsigned layout);
/* source_open.c: starts keten-device on the source. 0, or a code with what is wrong with it. */
int kt_source_open(struct kt_acq *q, struct kt_err *err);
/* acquire_source.c: all items that are not done, in one pass over the source. As kt_take_*(). */
int kt_acq_source(struct kt_acq *q, struct kt_err *err);
/* acquire_iphone.c: the same from an iPhone, connecting to it. */
int kt_acq_iphone(struct kt_acq *q, struct kt_err *err);

/* The three kinds of taking. 0 with *out, or KT_E_DEVICE (lost), KT_E_CANCELLED, KT_E_STORAGE. */
int kt_take_output(struct kt_acq *q, const struct kt_plan_item *it, struct kt_index *ix,
		   struct kt_outcome *out, struct kt_err *err);
int kt_take_files(struct kt_acq *q, const struct kt_plan_item *it, struct kt_index *ix,
		  struct kt_outcome *out, struct kt_err *err);

/* One file of a listing that is to be read. */
struct kt_entry {
	char *path; /* owned by the list */
	uint32_t len;
	uint64_t size;
	int64_t mtime;
};

/* Outcomes of files of one item, for the item's own outcome. */
struct kt_tally {
	uint64_t wanted, acquired, partial, refused, failed, absent, withheld_period,
		withheld_undated, withheld_border;
};

int kt_take_ranges(struct kt_acq *q, const struct kt_plan_item *it, struct kt_index *ix,
		   const struct kt_entry *todo, size_t n, struct kt_tally *tally,
		   struct kt_err *err);

/* The counting lines of an item: what was not asked for, and what was withheld. */
int kt_tally_lines(struct kt_index *ix, uint64_t unmatched, uint64_t links,
		   const struct kt_tally *t, struct kt_err *err);
/* Adds an index line for a file of which nothing is stored. */
int kt_index_lost_file(struct kt_index *ix, const struct kt_entry *e, const char *outcome,
		       const char *reason, struct kt_err *err);
const char *kt_method_name(unsigned method);

/*
 * release_key.c: of a case that waits for its release, sets the key that it is sealed with; makes
 * it, in its envelope for the releasers, when the session is new. Nothing for other cases.
 */
int kt_release_prepare(struct kt_acq *q, struct kt_err *err);
/* Can an envelope be made for this mandate? Before a case is opened. Warns of too few recipients. */
int kt_release_check(const struct kt_opts *o, const struct kt_authority *a, struct kt_err *err);
/* The envelope of a sealed case, appended: a copy goes beside its package. */
int kt_release_envelope(const struct kt_acq *q, struct kt_buf *envelope, struct kt_err *err);

/* Seals the acquisition: seal.json and the operator's signature, then the log. */
int kt_acq_seal(struct kt_acq *q, struct kt_err *err);

#endif
