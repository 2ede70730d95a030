/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the plugins for the iPhone's property lists share: single values of a list become records of
 * one name and one value, and every member that does not is counted with its reason.
 */
#ifndef KT_PARSERS_PLUGINS_IOS_STATE_H
#define KT_PARSERS_PLUGINS_IOS_STATE_H

#include "parsers/plugins/raw_text.h"
#include "parsers/plugins/tally.h"
#include "parsers/sdk/plist.h"
#include "parsers/sdk/units.h"

enum kt_ios_skip {
	KT_IOS_NOT_ALLOWED, /* a key that no list of ours names: its value is not looked at */
	KT_IOS_EMPTY,
	KT_IOS_TOO_LONG,
	KT_IOS_ODD,	/* of another kind than it should be */
	KT_IOS_NOTHING, /* an entry without any member that is read */
	KT_IOS_SKIPS
};

struct kt_ios {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_plist *list;	/* owned */
	struct kt_keypath path; /* of what is being read */
	struct kt_tally skip[KT_IOS_SKIPS];
};

/*
 * Reads the artifact. 0 and *s; KT_E_FORMAT with "not-this-kind: no <what>" when its outermost value is
 * no dictionary, or kt_plist_load()'s codes. End with kt_ios_close() in every case.
 */
int kt_ios_open(struct kt_ctx *ctx, const char *what, struct kt_ios **s, struct kt_err *err);
/* Sends the skips unless r is an error that must be passed on at once; frees. Returns r or its own. */
int kt_ios_close(struct kt_ios **s, int r);

/* Counts one element, the one at s->path, as skipped. Always 0. */
int kt_ios_skip(struct kt_ios *s, enum kt_ios_skip why);

/*
 * Counts one element, the one at s->path, and makes its record: NAME, VALUE, raw, locator; basis stated.
 * False: the value is no scalar that fits, and is counted as skipped. Send it with kt_ios_emit().
 */
bool kt_ios_record(struct kt_ios *s, struct kt_record *r, enum kt_rec_type type, const char *name,
		   struct kt_pl v);
int kt_ios_emit(struct kt_ios *s, struct kt_record *r);
/* Both in one. */
int kt_ios_value(struct kt_ios *s, enum kt_rec_type type, const char *name, struct kt_pl v);

/* A date, or a number in the epoch given. False when it is neither, or zero. */
bool kt_ios_time(struct kt_pl v, enum kt_epoch epoch, int64_t *t_us);

/*
 * Sets a position in degrees when there is anything of one, and adds both values as written to raw:
 * unusable ("incomplete-position", "not-a-number", Apple's marker ...) when it is not a whole one.
 */
void kt_ios_position(struct kt_ios *s, struct kt_record *r, struct kt_pl lat, struct kt_pl lon,
		     struct kt_raw *raw);

/*
 * Adds what the number of a SIM card (ICCID) says: the calling code of the country that its issuer
 * belongs to, in digits (ITU-T E.118, E.164). It says nothing about where the card was used.
 */
void kt_ios_sim_issuer(struct kt_record *r, struct kt_str iccid);

/* The word of a NULL-terminated list that is this text, or NULL. */
const char *kt_ios_listed(const char *const *list, struct kt_str key);

#endif
