/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The custody log (docs/formats/case.md): hash-chained JSON Lines, appended with fsync before and
 * after each act. Writing is the engine's; checking is shared with the verifier.
 */
#ifndef KT_CORE_CUSTODY_H
#define KT_CORE_CUSTODY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/hash.h"
#include "core/json.h"

struct kt_err;

struct kt_custody {
	int fd; /* owned */
	uint64_t seq;
	char head[KT_SHA256_HEX]; /* SHA-256 of the last line */
	const char *actor;	  /* borrowed: who runs this ("operator", "keten") */
	bool dead;		  /* a write failed: every later event fails too */
	struct kt_buf detail;
	struct kt_jw w;
};

/*
 * Opens or creates custody.jsonl in a case folder, checks the whole chain and cuts off an
 * unfinished last line (which is then reported through *dropped_tail). 0, KT_E_INVALID when the
 * chain does not hold, KT_E_STORAGE.
 */
int kt_custody_open(int case_fd, struct kt_custody *c, int *dropped_tail, struct kt_err *err);
void kt_custody_close(struct kt_custody *c);

/*
 * One event: begin, fill c->w with members of detail in ASCENDING key order, end. end writes the
 * line and syncs it. 0 or KT_E_STORAGE (final for the case).
 */
void kt_custody_begin(struct kt_custody *c);
int kt_custody_end(struct kt_custody *c, const char *event, struct kt_err *err);
/* An event with only one text member. */
int kt_custody_event(struct kt_custody *c, const char *event, const char *key, const char *text,
		     struct kt_err *err);

/* Called for each line of a checked log; the document is borrowed. Non-zero stops. */
typedef int (*kt_custody_fn)(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
			     struct kt_err *err);

/* What a line item.* says of an item of the plan. The verifier reads these lines by itself. */
struct kt_custody_item {
	const char *id;	     /* "" when it names none; borrowed from the line, as plugin is */
	const char *outcome; /* NULL: it was begun */
	const char *plugin;  /* NULL: not told */
	int64_t objects, bytes;
};
/* false: this is no line of an item. */
bool kt_custody_item(const char *event, const struct kt_jv *line, struct kt_custody_item *it);

/*
 * Checks a whole log: every line complete, canonical (keys as documented), seq 1.., prev right,
 * monotonic clock not running backwards inside a session. head gets the hash of the last line.
 * 0 or KT_E_INVALID naming the line. fn may be NULL.
 */
int kt_custody_check(const void *p, size_t n, char head[KT_SHA256_HEX], uint64_t *lines,
		     kt_custody_fn fn, void *arg, struct kt_err *err);

#endif
