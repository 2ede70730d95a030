/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One pass over what keten-device reads member by member: a source, or an iPhone. acquire_source.c
 * has the pass itself; acquire_iphone.c and provisional.c what an iPhone adds to it.
 */
#ifndef KT_CLI_PASS_H
#define KT_CLI_PASS_H

#include "cli/done.h"
#include "cli/provisional.h"
#include "cli/ranged.h"

/* One item of the plan during the pass. */
struct kt_run {
	bool open;
	struct kt_index ix;
	struct kt_done done;
	struct kt_tally t;
	uint64_t unmatched, links;
	char missing[120]; /* why its first unreadable member could not be read */
	bool pending;	   /* wants the member at hand and has no line for it yet */
	bool taking;	   /* by its bytes as a whole */
	struct kt_sink sink;
};

struct kt_pass {
	struct kt_acq *q;
	const struct kt_source *src;
	struct kt_run *run; /* owned; one per item of the plan */
	struct kt_ranged ranged;
	/* the member at hand */
	bool at_member;
	char path[KT_DEV_PATH_MAX];
	struct kt_entry e;
	uint16_t request[KT_DEV_MEMBER_IDS], nrequests;
	uint32_t mode, number; /* number: of the MEMBER, from 1 in this connection */
	uint8_t flags;
	char note[120];
	uint64_t max; /* WHOLE: what its takers allow */
	/* how it ended */
	bool summed, cut; /* cut: nothing further can be read from the source */
	bool gaps;	  /* folders that may hold wanted files could not be looked into */
	char cut_text[160];
	uint64_t seen, bytes, refused, unreadable;
	char sha256[KT_SHA256_HEX], text[2048];
	/* an iPhone: */
	bool phone, no_backup; /* no_backup: its backup did not come, or not to its end: cut_text */
	bool no_password, holder_refused;
	unsigned passwords;  /* that were tried */
	bool wrong_password; /* the last one */
	struct kt_prov prov;
};

int kt_pass_log_opened(struct kt_acq *q, const struct kt_source *s, struct kt_err *err);
int kt_pass_log_read(const struct kt_pass *p, struct kt_err *err);
/* Opens every item that is not done; *todo: how many want the pass. */
int kt_pass_begin_items(struct kt_pass *p, size_t *todo, struct kt_err *err);
/* From the first member to the end; p says how it ended. KT_E_DEVICE: the phone or source is gone. */
int kt_pass_read(struct kt_pass *p, struct kt_err *err);
/* A pass of which nothing came: what earlier ones wrote is counted. */
int kt_pass_begin(struct kt_pass *p, struct kt_err *err);
/* keten-device ended on its own at this member: it is named, and the next pass leaves it out. */
int kt_pass_blame_member(struct kt_pass *p, struct kt_err *err);
/* Outcomes of all open items. */
int kt_pass_end_items(struct kt_pass *p, struct kt_err *err);
/* A pass over src (borrowed) that nothing has been asked of yet. 0 or KT_E_NOMEM. */
int kt_pass_new(struct kt_acq *q, const struct kt_source *src, struct kt_pass **pass,
		struct kt_err *err);
/* Leaves what is open unfinished (r: why) and frees it. */
void kt_pass_free(struct kt_pass **pass, int r);
/* A request of keten-device for ranged.h: bytes of the member at hand. */
void kt_pass_ask_part(void *arg, struct kt_ranged *f, uint64_t off, uint32_t len);

/* Texts of keten-device reach terminals and logs: printable ASCII, whatever read the source. */
void kt_keep_text(char *to, size_t cap, const char *p, size_t n);

/* -- acquire_iphone.c --------------------------------------------------------------------------- */

/* Shows what the phone waits for. */
void kt_iphone_state(struct kt_acq *q, const struct kt_dev_event *ev);
/*
 * What NEXT was answered with, when it is neither a member nor the plain end. 1: ask again (a
 * password was handed on); 0: the end, p says why; a code.
 */
int kt_iphone_no_member(struct kt_pass *p, const struct kt_dev_result *res, struct kt_err *err);
/* The outcome of item i. */
void kt_iphone_judge(const struct kt_pass *p, size_t i, struct kt_outcome *out);

#endif
