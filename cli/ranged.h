/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One file read through its parser: the parser in its sandbox decides which bytes are read, this
 * module how many, and only those are stored. They stay in memory until the file's end is known: a
 * file whose records all lie outside the mandate's period leaves no byte behind. Where the bytes
 * come from, a phone or an archive, is the caller's business, and so is the poll loop.
 */
#ifndef KT_CLI_RANGED_H
#define KT_CLI_RANGED_H

#include "cli/acquire.h"
#include "parsers/host/host.h"

#define KT_RANGED_MAX 4096u /* ranges of one file */

struct kt_ranged {
	struct kt_worker w; /* for its pollfds; pump it with kt_ranged_pump() alone */
	bool running;	    /* its parser has not ended */
	uint32_t tag;	    /* of the request that is under way; 0: none */
	/* set by the caller before kt_ranged_end() */
	bool changed, stat_failed;
	/* -- private ------------------------------------------------------------------------- */
	const struct kt_plan_item *it;
	const struct kt_entry *e;
	void (*ask)(void *arg, struct kt_ranged *f, uint64_t off, uint32_t len);
	void *arg;
	struct kt_buf data;
	struct kt_index_range r[KT_RANGED_MAX]; /* sorted by off, disjoint */
	size_t nr;
	uint8_t method; /* highest method used */
	/* the parser's request and the part of it that is asked for */
	uint64_t want_off, part_off;
	uint32_t want_len, part_len;
	bool waiting, got_part;
	/* verdict */
	bool any_record, any_kept;
	bool dated;  /* a record with a time inside the period was seen */
	bool capped; /* the byte limit kept the parser from reading on */
	char withheld[32];
	int fail_code;
	char fail_text[160];
};

/*
 * Starts its worker. ask must send a request for these bytes of the file under way and set f->tag.
 * 0 or a code; free in any case.
 */
int kt_ranged_init(struct kt_ranged *f, void (*ask)(void *, struct kt_ranged *, uint64_t, uint32_t),
		   void *arg, struct kt_err *err);
/* Stops the worker and wipes what was read. */
void kt_ranged_free(struct kt_ranged *f);

/* Begins a file; both are borrowed until kt_ranged_end(). */
int kt_ranged_begin(struct kt_ranged *f, const struct kt_plan_item *it, const struct kt_entry *e,
		    struct kt_err *err);
/* Moves the worker's bytes. 1: the parser has ended; 0: goes on; KT_E_REFUSED: no sandbox; a code. */
int kt_ranged_pump(struct kt_ranged *f, struct kt_err *err);
/* The RDATA and the RESULT of f->tag. */
void kt_ranged_data(struct kt_ranged *f, const struct kt_dev_event *ev);
void kt_ranged_result(struct kt_ranged *f, const struct kt_dev_event *ev);
/* Stores what was read, or not, with its line in the index and in the tally. */
int kt_ranged_end(struct kt_ranged *f, struct kt_case *c, struct kt_index *ix, struct kt_tally *t,
		  struct kt_err *err);

#endif
