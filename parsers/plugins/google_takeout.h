/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The parts of the google-takeout plugin: google_takeout.c reads Records.json and knows the files
 * apart, google_takeout_semantic.c reads the others. For that plugin alone.
 */
#ifndef KT_PARSERS_PLUGINS_GOOGLE_TAKEOUT_H
#define KT_PARSERS_PLUGINS_GOOGLE_TAKEOUT_H

#include "parsers/plugins/google_timeline_read.h"

struct kt_takeout_more; /* its working memory, in the parse's arena */

/* NULL when there is no memory left. */
struct kt_takeout_more *kt_takeout_more_new(struct kt_ctx *ctx, struct kt_json *j,
					    struct kt_err *err);

/*
 * Behind a key of the document, whose value begins with tok: 1 when it was read, 0 when it is none
 * of ours (nothing was read), negative as kt_json_next() or kt_emit().
 */
int kt_takeout_more_member(struct kt_takeout_more *m, struct kt_str key, int tok);

/* Was there something that only a Takeout file has? */
bool kt_takeout_more_known(const struct kt_takeout_more *m);
/* Elements met so far. */
uint64_t kt_takeout_more_elements(const struct kt_takeout_more *m);
/* Did kt_emit() say to end? */
bool kt_takeout_more_stop(const struct kt_takeout_more *m);

/* What can be said at the end alone: settings of the account, counts of what was skipped. */
int kt_takeout_more_end(struct kt_takeout_more *m);

#endif
