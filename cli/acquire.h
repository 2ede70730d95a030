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

/* What the custody log says has happened already. */
struct kt_case_state {
	bool opened, acquisition_sealed, connected;
	bool item_done[KT_PLAN_MAX];
	bool item_partial[KT_PLAN_MAX]; /* done, but not acquired or absent */
	char plan_sha256[KT_SHA256_HEX], operator_sha256[KT_SHA256_HEX];
	uint64_t packages;
	bool parsed, reported;
};

struct kt_acq {
	const struct kt_opts *o;
	struct kt_authority *a;
	struct kt_plan plan;
	struct kt_case c;
	struct kt_custody log;
	struct kt_case_state state;
	struct kt_dev dev;
	struct kt_progress prog;
	bool dev_running, partial;
	uint32_t layers; /* sandbox layers that held while parsing */
	/* of the connection: */
	char serial[128], fingerprint[64];
	uint32_t adb_version, max_payload;
	char banner_sha256[KT_SHA256_HEX];
	bool ident;
};

/* How an item ended. */
struct kt_outcome {
	const char *name; /* acquired | absent | refused | failed | partial */
	char reason[160];
	uint64_t withheld;
};
void kt_outcome_set(struct kt_outcome *out, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Opens case and log, logs session.open or session.resume. Close with kt_acq_close(). */
int kt_acq_open(const struct kt_opts *o, struct kt_authority *a, struct kt_acq *q,
		struct kt_err *err);
void kt_acq_close(struct kt_acq *q);
/* Everything up to and with the acquisition seal; nothing when that exists already. */
int kt_acq_run(struct kt_acq *q, struct kt_err *err);

/* Reads the log of an open case. */
int kt_case_state_read(const struct kt_case *c, const struct kt_plan *plan,
		       struct kt_case_state *st, struct kt_err *err);
/*
 * 0 when the operator of these options opened the case (or none is named), else KT_E_REFUSED: seal,
 * log and package speak of one operator.
 */
int kt_case_same_operator(const struct kt_acq *q, struct kt_err *err);

/* -- used among the acquire files ------------------------------------------------------------- */

/* Connects (or reconnects) to the phone, showing its states. 0, KT_E_DEVICE, KT_E_CANCELLED ... */
int kt_acq_connect(struct kt_acq *q, struct kt_err *err);
/* Clock bracket into the log. */
int kt_acq_clock(struct kt_acq *q, const char *when, struct kt_err *err);
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
	uint64_t wanted, acquired, partial, refused, failed, withheld_period, withheld_undated,
		withheld_border;
};

int kt_take_ranges(struct kt_acq *q, const struct kt_plan_item *it, struct kt_index *ix,
		   const struct kt_entry *todo, size_t n, struct kt_tally *tally,
		   struct kt_err *err);

/* Adds an index line for a file of which nothing is stored. */
int kt_index_lost_file(struct kt_index *ix, const struct kt_entry *e, const char *outcome,
		       const char *reason, struct kt_err *err);
const char *kt_method_name(unsigned method);

/* Seals the acquisition: seal.json and the operator's signature, then the log. */
int kt_acq_seal(struct kt_acq *q, struct kt_err *err);

#endif
