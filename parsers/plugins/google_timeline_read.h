/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The reading half of the google-timeline plugin: members, short texts and values of JSON objects
 * whose keys come in any order, and the count of what is skipped. google_timeline.c says what the
 * objects mean; google_takeout_semantic.c reads the older monthly files with it. Holds nothing that
 * grows with the input.
 */
#ifndef KT_PARSERS_PLUGINS_GOOGLE_TIMELINE_READ_H
#define KT_PARSERS_PLUGINS_GOOGLE_TIMELINE_READ_H

#include "parsers/sdk/keten_parser.h"

#define KT_TL_TEXT_MAX	256u   /* longer texts are left out and counted */
#define KT_TL_SNIFF_MAX 65536u /* a file that shows nothing known by then is something else */

enum kt_tl_state {
	KT_TL_NONE = 0,
	KT_TL_SET,
	KT_TL_BAD /* there, but of a wrong kind or length */
};

/* A string or a number as written. */
struct kt_tl_text {
	uint8_t state;
	uint16_t len;
	char p[KT_TL_TEXT_MAX];
};

/* A short text of ours that is put together; a piece that does not fit is left out whole. */
struct kt_tl_line {
	size_t n;
	char p[KT_REC_STR_MAX];
};

#define KT_TL_SKIPS(X)                                                                             \
	X(MEMORY, "timeline-memory")                                                               \
	X(EMPTY_PATH, "empty-path")                                                                \
	X(SEGMENT_KIND, "unknown-segment-kind")                                                    \
	X(MALFORMED, "malformed-element")                                                          \
	X(NO_POSITION, "no-position")                                                              \
	X(WIFI, "wifi-scan")                                                                       \
	X(ACTIVITY_RECORD, "activity-record")                                                      \
	X(SIGNAL_KIND, "unknown-signal-kind")                                                      \
	X(PROFILE_PLACE, "undated-profile-place")                                                  \
	X(PROFILE_TRIP, "undated-profile-trip")                                                    \
	X(PROFILE_OTHER, "undated-profile-other")                                                  \
	X(CANDIDATE, "other-candidate")                                                            \
	X(NESTED_VISIT, "nested-child-visit")                                                      \
	X(SIGNAL, "not-a-position")                                                                \
	X(PLACES, "place-statistics")                                                              \
	X(SECTION, "unknown-section")

#define X(id, name) KT_TL_S_##id,
enum kt_tl_skip_id { KT_TL_SKIPS(X) KT_TL_S_COUNT };
#undef X

/* Skips are counted here and reported once per reason, with the first one's place. */
struct kt_tl_skipped {
	uint64_t n, off, len;
	struct kt_tl_line path;
};

struct kt_tl {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_json *j;     /* the reader in use */
	struct kt_json *again; /* a second one for paths that are read twice; NULL until needed */
	bool recognised;       /* something that only a Timeline export has was seen */
	bool ios, raw_signals;
	bool stop; /* kt_emit() said to end */
	uint64_t elements, wifi_stations, long_texts;
	struct kt_tl_skipped skip[KT_TL_S_COUNT];
	struct kt_tl_line path; /* of the element at hand */
	struct kt_tl_line raw;	/* its text as written */
};

/*
 * What an object may hold: a text goes to its slot; where the value is an object, `sub` reads it.
 * The tables nest three deep, whatever the input does.
 */
#define KT_TL_NO_SLOT 255u
struct kt_tl_rule {
	const char *key; /* NULL ends a table */
	uint8_t slot;
	const struct kt_tl_rule *sub;
};

/* -- reading: 0, or the negative code of kt_json_next() --------------------------------------- */

/* KT_E_FORMAT: the file is something else. */
int kt_tl_not_known(struct kt_tl *t);

/*
 * The next member of the open object: *which is its key's place in `names` (-1: not there); returns
 * the token that its value begins with, 0 at the object's end.
 */
int kt_tl_member(struct kt_tl *t, const char *const *names, int *which);

/* Passes over the value that tok begins; gives up on a long file that shows nothing known. */
int kt_tl_pass(struct kt_tl *t, int tok);

/* Takes the value that tok begins as a text. */
int kt_tl_take(struct kt_tl *t, int tok, struct kt_tl_text *x);

/* Reads the object that was just opened into the slots of tx. */
int kt_tl_object(struct kt_tl *t, const struct kt_tl_rule *rules, struct kt_tl_text *tx);
/* The same for one member: its key is the token that was read last. */
int kt_tl_key_value(struct kt_tl *t, const struct kt_tl_rule *rules, struct kt_tl_text *tx);
void kt_tl_clear(struct kt_tl_text *tx, size_t n);

/*
 * Reads the value at [off, end) of the artifact once more, as a document of its own: read() finds
 * t->j on its first token. For what must wait for a time that stands behind it.
 */
struct kt_tl_range {
	uint64_t off, end; /* end 0: there is none */
};
int kt_tl_again(struct kt_tl *t, const struct kt_tl_range *range,
		int (*read)(struct kt_tl *t, int tok, const void *arg), const void *arg);

/* -- elements --------------------------------------------------------------------------------- */

/* Counts the element that began at off and has just ended as skipped (said at the flush). Returns 0. */
int kt_tl_skip(struct kt_tl *t, enum kt_tl_skip_id id, uint64_t off);
/* Passes over the value that tok begins, as a skipped element. */
int kt_tl_skip_value(struct kt_tl *t, enum kt_tl_skip_id id, int tok);
/* Sends the counts of what was skipped. Not for a file that turned out to be something else. */
int kt_tl_flush_skips(struct kt_tl *t);
/* Emits r with t->path and t->raw, for the element at [off, end). */
int kt_tl_emit(struct kt_tl *t, struct kt_record *r, uint64_t off, uint64_t end);

/* -- values ----------------------------------------------------------------------------------- */

void kt_tl_puts(struct kt_tl_line *l, const char *s);
void kt_tl_index(struct kt_tl_line *l, uint64_t i); /* "[17]" */
/* Adds a text as written behind `between`, which is left out at the start. */
void kt_tl_join(struct kt_tl_line *l, const char *between, const struct kt_tl_text *x);

/* "52.5200000°, 13.4000000°" (Android) or "geo:52.5200000,13.4000000" (iOS) to E7. */
int kt_tl_lat_lng(const struct kt_tl_text *x, int64_t *lat, int64_t *lon);
void kt_tl_set_point(struct kt_record *r, const struct kt_tl_text *x);

/*
 * ISO 8601 with an offset or Z, plus some minutes. The zone is the one that the source gives apart
 * (NULL: none), else the written offset; Z says nothing about where the phone was.
 */
void kt_tl_set_time(struct kt_record *r, const struct kt_tl_text *x, int64_t minutes,
		    const struct kt_tl_text *zone);
/* The end of a span whose start is set. */
void kt_tl_set_end(struct kt_record *r, const struct kt_tl_text *x);
void kt_tl_set_accuracy(struct kt_record *r, const struct kt_tl_text *metres);
void kt_tl_add_text(struct kt_record *r, enum kt_field f, const struct kt_tl_text *x);
/* Metres (or metres a second) as millimetres; a figure below `least` means "not known". */
void kt_tl_add_milli(struct kt_record *r, enum kt_field f, const struct kt_tl_text *x,
		     int64_t least);

#endif
