/* SPDX-License-Identifier: EUPL-1.2 */
/* Between the files of the media-quicktime plugin: what was found in a film, and what it means. */
#ifndef KT_PARSERS_PLUGINS_MEDIA_QUICKTIME_H
#define KT_PARSERS_PLUGINS_MEDIA_QUICKTIME_H

#include "parsers/sdk/keten_parser.h"

/* Texts that a film can carry; where several ways of writing exist, the first found stays. */
enum movie_text {
	MT_PLACE = 0, /* ISO 6709 */
	MT_ACCURACY,
	MT_CREATED,
	MT_MAKE,
	MT_MODEL,
	MT_SOFTWARE,
	MT_CONTENT_ID,
	MT_COUNT
};

struct movie_value {
	struct kt_str s; /* lives until parse() returns */
	uint64_t off, len;
};

/* 3GPP TS 26.244 section 8.4: location information. */
struct movie_loci {
	bool there, sound;
	int32_t lon, lat, alt; /* 1/65536 */
	uint8_t role;	       /* 0: where the shooting took place */
	struct kt_str name, body;
	uint64_t off, len;
};

struct movie {
	struct kt_ctx *ctx;
	uint64_t created;	/* mvhd, seconds since 1904; 0: not set */
	uint64_t track_created; /* the first tkhd's */
	uint32_t timescale;
	uint64_t duration; /* in 1/timescale s; 0: not known */
	uint64_t header_off, header_len;
	struct movie_value text[MT_COUNT];
	struct movie_loci loci;
	bool places_differ;
};

/*
 * Finds the movie header and fills m. 0: *why is NULL, or a reason for skipping; negative: as
 * kt_in_read().
 */
int kt_movie_read(struct movie *m, const char **why, struct kt_err *err);

/*
 * Sets position and altitude of a record from ISO 6709 text: degrees, degrees and minutes, or
 * degrees, minutes and seconds, each with a decimal fraction; an altitude in metres and the name of
 * a reference system may follow. "malformed-position" when it is none of these.
 */
void kt_movie_iso6709(struct kt_record *r, struct kt_str s);

#endif
