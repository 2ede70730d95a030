/* SPDX-License-Identifier: EUPL-1.2 */
/* Between stream.c (the conversation) and answers.c (what is said in it). */
#ifndef KT_IOS_STREAM_I_H
#define KT_IOS_STREAM_I_H

#include "extractor/ios/stream.h"

/* A name below the folder that the phone believes in. */
enum kt_dl_what {
	KT_DL_OTHER = 0, /* nothing of ours: never stored */
	KT_DL_FILE,
	KT_DL_SPECIAL,
	KT_DL_TOP,
	KT_DL_SNAPSHOT,
	KT_DL_FOLDER, /* two hex digits */
};

struct kt_dl_path {
	enum kt_dl_what what;
	bool in_snapshot;
	int special;
	uint8_t id[KT_NAMES_ID]; /* FOLDER: its first byte */
};

#define KT_DL_MANIFEST_DB    0
#define KT_DL_MANIFEST_PLIST 1

/*
 * The strict rule: UDID/(Snapshot/)?(xx/xx<38 hex>|Manifest.db...|...plist); anything else is OTHER.
 */
void kt_dl_parse(const char *udid, const uint8_t *p, size_t n, struct kt_dl_path *out);

/* Answers the message in st->msg. 0: go on (st->phase may have changed), or a code. */
int kt_dl_answer(struct kt_stream *st, struct kt_err *err);
/* Looks through a message of n bytes that is too large to keep, and answers it. */
int kt_dl_answer_large(struct kt_stream *st, uint32_t n, struct kt_err *err);
/* Sends a status; value (may be NULL) is used up. text NULL: none. */
int kt_dl_status(struct kt_stream *st, int64_t code, const char *text, plist_t value,
		 struct kt_err *err);
/* Takes a message and wants this name; for the greeting. */
int kt_dl_expect(struct kt_stream *st, const char *name, struct kt_err *err);
/* Member of the dictionary that is the second item of st->msg. */
int64_t kt_dl_number(struct kt_stream *st, const char *key, int64_t otherwise);

#endif
