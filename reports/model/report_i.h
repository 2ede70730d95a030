/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Shared by the files of reports/model/ alone: the state of one report, the index of the case as
 * it was read (items.c) and the records (records.c).
 */
#ifndef KT_REPORTS_MODEL_REPORT_I_H
#define KT_REPORTS_MODEL_REPORT_I_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hash.h"
#include "core/json.h"
#include "core/plan.h"
#include "core/record.h"
#include "reports/model/report.h"

#define TALLY_MAX    16u
#define TALLY_REASON 96u

/* Counts per reason; what does not fit in is counted under "other-reasons". */
struct tally {
	unsigned n;
	struct {
		char reason[TALLY_REASON];
		uint64_t count;
	} row[TALLY_MAX];
};

enum outcome {
	OUT_ACQUIRED = 0,
	OUT_PARTIAL,
	OUT_ABSENT,
	OUT_REFUSED,
	OUT_FAILED,
	OUT_WITHHELD, /* of objects alone */
	OUT_COUNT
};

enum { METHODS = 6 };

/* What the index and the records say about one item of the plan. */
struct item {
	unsigned segment; /* 0: the index has none */
	bool ended;
	enum outcome outcome;
	char reason[256];
	char sha256[KT_SHA256_HEX]; /* of the segment */
	uint64_t objects, bytes, phone_bytes;
	uint64_t by_outcome[OUT_COUNT], by_method[METHODS];
	struct tally withheld;	/* while acquiring */
	struct tally unmatched; /* listed, not asked for */
	struct tally problems;	/* objects that are not acquired, by reason */
	uint64_t other_kind;	/* files handed over that are not of this item's kind */
	uint64_t artifacts, failed_artifacts, seen, skipped, withheld_records;
	uint64_t observations, with_position;
	uint64_t about_itself; /* observations in which the phone speaks about itself */
	uint64_t named;	       /* places that the data merely names */
};

/* Where the index line of an object stands. */
struct objref {
	uint64_t off;
	uint32_t number, len;
	uint16_t segment, item;
};

struct rep {
	const struct kt_report_in *in;
	struct kt_err *err;
	int fd;
	struct kt_buf out;
	struct kt_jw w;

	struct kt_jdoc *case_doc, *seal_doc; /* owned; seal_doc may be NULL */
	char seal_sha256[KT_SHA256_HEX];
	struct kt_buf custody; /* the whole log */

	struct item *items; /* owned, in->plan->n */
	int seg_fd[KT_PLAN_MAX + 1];
	struct objref *objs; /* owned, ascending by number */
	size_t nobjs, cap;
	const struct objref *last; /* whose line last_doc is */
	struct kt_jdoc *last_doc;

	struct links *links; /* owned; links.c */
	struct model *model; /* owned; model.h */
	void *scratch;	     /* of whoever reads statements */
	uint64_t observations, with_position, places_named, with_time, local_time;
	uint64_t by_basis[KT_BASIS_END], by_type[KT_REC_TYPE_END];
};

/* report.c */
void rep_member(struct rep *r,
		const char *key); /* a member of the document, on a line of its own */
void rep_elem(struct rep *r);	  /* next value is an array element on its own line */
int rep_flush(struct rep *r, bool force);
const char *rep_outcome(enum outcome o);
uint64_t rep_tally_sum(const struct tally *t);
/* Copies a scalar member of a document under the same key; null when it is missing. */
void rep_copy(struct rep *r, const struct kt_jv *from, const char *key);

/* items.c */
int rep_index_read(struct rep *r);
void rep_index_close(struct rep *r);
int rep_taken(struct rep *r);
int rep_objects(struct rep *r);
/*
 * The index line of an object; *item gets its plan item. Borrowed until the next call.
 * KT_E_INVALID when the index does not know it.
 */
int rep_object(struct rep *r, const char *name, const struct kt_jv **line, unsigned *item);

/* not_taken.c */
int rep_not_taken(struct rep *r);

/* records.c */
int rep_totals(struct rep *r);
int rep_containers(struct rep *r);
/* Every record in the order of the document. Non-zero from fn stops and is passed on. */
struct record_row {
	const char *object, *json;
	uint64_t n;
	int64_t t_us;
	size_t len;
	bool timed;
	int64_t rowid;
};
int rep_each_record(struct rep *r, int (*fn)(struct rep *r, const struct record_row *row));
int rep_observations(struct rep *r);
int rep_not_reported(struct rep *r);
int rep_parsing(struct rep *r);
/*
 * Records in which the phone speaks about itself ("property", "user"), at most max; fn gets the
 * parsed record. Non-zero from fn stops and is passed on.
 */
int rep_statements(struct rep *r, const char *type, unsigned max,
		   int (*fn)(struct rep *r, const struct kt_jv *rec, const char *object));

/* links.c: fed with every observation in its order; copy: it can be one of an earlier observation */
/* gaps.c: the marks no-backup, location-off and location-denied, where they apply */
typedef void (*rep_mark_fn)(struct rep *r, const char *id, const char *text);
int rep_gaps(struct rep *r, rep_mark_fn mark);

/* links.c: fed with every observation in its order */
int rep_links_begin(struct rep *r);
void rep_links_free(struct rep *r);
int rep_links_add(struct rep *r, const char *object, uint64_t n, int64_t t_us, const char *json,
		  bool *copy);
int rep_links(struct rep *r);

/* attention.c, claims.c, clock.c, findings.c */
int rep_attention(struct rep *r);
int rep_statement(struct rep *r);
int rep_clock(struct rep *r);
int rep_findings(struct rep *r);

/* authority.c */
int rep_authority(struct rep *r);
int rep_device(struct rep *r);
int rep_session(struct rep *r);

#endif
