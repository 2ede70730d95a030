/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * report.json as rows to show: the text stays as it came (deflated), a row is where it stands in it and
 * what a table needs. Hundreds of thousands of rows; loaded in a thread of its own, while it comes.
 * Draws no conclusions.
 */
#ifndef KD_DESKTOP_REPORT_H
#define KD_DESKTOP_REPORT_H

#include <gio/gio.h>
#include <stdbool.h>

#include "desktop/store.h"

#define KD_NO_TIME  G_MININT64
#define KD_NO_PLACE G_MININT32

struct kd_obs {
	gint64 t;	  /* microseconds UTC; local times as if they were; KD_NO_TIME */
	gint32 lat, lon;  /* 1e-7 degree, or KD_NO_PLACE */
	guint32 off, len; /* of the object in the text */
	const char *when; /* as it stands in the report */
	const char *type, *item, *object, *what, *position, *id;
	bool local;
	bool counted; /* used as a position of this phone */
	guint8 mark;  /* enum kd_mark */
};

enum kd_mark { KD_UNMARKED, KD_OF_INTEREST, KD_SUPPORTS, KD_CONTRADICTS, KD_MARKS };

/* One claim of the statement and what was found beside it; counts as they stand in the report. */
struct kd_claim {
	const char *text, *from, *to, *coverage; /* never NULL */
	const char *fits, *does_not_fit, *undecided;
	bool found_fits, found_not; /* both: sources differ; none: no data */
};

/* What was not taken: one element of the list, as it stands in the report. */
struct kd_missing {
	const char *kind, *id, *what, *outcome, *reason, *absence; /* never NULL */
};

/* Title and text. */
struct kd_pair {
	const char *title, *text;
};

struct kd_report {
	gint refs;
	struct kd_store *text;
	struct kd_reader reader; /* of the main thread */
	GStringChunk *strings;
	GArray *obs;	   /* struct kd_obs, in the order of the report */
	GArray *not_taken; /* struct kd_missing */
	GArray *limits;	   /* struct kd_pair: the text alone */
	GArray *claims;	   /* struct kd_claim, in the order of the statement */
	GPtrArray *types,
		*items;	    /* of strings, each once; those of the rows are the same pointers */
	GHashTable *titles; /* of items, as they are shown */
	/* struct kd_pair: id, code or number, and what is said of it as lines "key=value" */
	GArray *plugins, *territories, *stays, *agreement, *conflicts;
	bool simulated, has_statement;
	char *problem; /* why it could not be read to its end, or NULL */
};

/* Reads to the end of the stream, whatever is in it. Never NULL; look at problem. */
struct kd_report *kd_report_load(GInputStream *in);
struct kd_report *kd_report_ref(struct kd_report *r);
void kd_report_free(struct kd_report *r); /* lets go of it; NULL is allowed */

static inline struct kd_obs *kd_obs(const struct kd_report *r, guint i)
{
	return &g_array_index(r->obs, struct kd_obs, i);
}

/* What reads an item ("google-timeline/handed"), in words; the item itself when nothing says so; isolated. */
const char *kd_source_title(const struct kd_report *r, const char *item);
/* "48.20802, 16.37365", isolated; "" without a position. Free with g_free(). */
char *kd_place_text(const struct kd_obs *o);

/* The element with that title, or NULL. */
const struct kd_pair *kd_pair_find(const GArray *pairs, const char *title);
/* Value of the first line with that key, or NULL; free with g_free(). */
char *kd_pair_get(const struct kd_pair *p, const char *key);
/* A territory's name in the reader's language; free with g_free(). */
char *kd_territory(const struct kd_report *r, const char *code);

/*
 * Every member of an observation, flattened: key ("record.locator.offset") and value. For a pane that
 * shows one; main thread alone.
 */
typedef void (*kd_member)(const char *key, const char *value, gpointer data);
void kd_report_members(struct kd_report *r, guint i, kd_member fn, gpointer data);

/*
 * Does the text of this observation hold the words (folded to lower case ASCII by the caller)? With a
 * reader of the caller's; quick from the first observation to the last.
 */
bool kd_report_holds(const struct kd_report *r, struct kd_reader *reader, guint i,
		     const char *words);

#endif
