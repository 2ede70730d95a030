/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Units, epochs and markers that the sources use, each under its name, so that no plugin carries
 * its own arithmetic. All of it is exact integer work: a double is taken apart into its bits.
 */
#ifndef KT_PARSERS_SDK_UNITS_H
#define KT_PARSERS_SDK_UNITS_H

#include "parsers/sdk/keten_parser.h"

/* Where a source's clock starts and how it counts; values are scaled as said. */
enum kt_epoch {
	KT_EPOCH_UNIX_S = 1, /* seconds since 1970 */
	KT_EPOCH_UNIX_MS,
	KT_EPOCH_UNIX_US,
	KT_EPOCH_COCOA_S,  /* seconds since 2001-01-01 UTC (Core Data, property lists) */
	KT_EPOCH_1904_S,   /* QuickTime, ISO base media: seconds since 1904-01-01 */
	KT_EPOCH_FIT_S,	   /* seconds since 1989-12-31 UTC */
	KT_EPOCH_WEBKIT_US /* microseconds since 1601 */
};

/*
 * v * 10^-scale in the epoch's unit (scale 0 ... 9) to microseconds since 1970. False when it does not
 * fit or lies outside the years 1 ... 9999.
 */
bool kt_epoch_us(enum kt_epoch e, int64_t v, unsigned scale, int64_t *t_us);

/*
 * Sets the record's time to UTC and flags it when implausible: not after the first instant of 2001,
 * which is also Apple's zero. kt_set_local(): a wall time without a zone, never shifted; kt_set_end():
 * end of a visit or movement, called after the time (a record without a time has no end; an end
 * before it is flagged too). A time outside the years 1 ... 9999 is flagged and not set.
 */
void kt_set_utc(struct kt_record *r, int64_t t_us);
void kt_set_local(struct kt_record *r, int64_t t_us);
void kt_set_end(struct kt_record *r, int64_t t_us);
/*
 * Adds a further time as an attribute (RFC 3339, UTC). The text lives in ctx until 64 more short
 * texts were made there, so that records by the million need no memory each. Always 0.
 */
int kt_rec_time(struct kt_ctx *ctx, struct kt_record *r, enum kt_field f, int64_t t_us,
		struct kt_err *err);

/*
 * An IEEE double, exactly, times 10^scale (0 ... 9), rounded half away from zero. False for NaN,
 * infinities and what does not fit.
 */
bool kt_double_scaled(double d, unsigned scale, int64_t *v);

/*
 * A double as text, for `raw`: the shortest decimal that means this double and no other, without
 * exponent ("52.3702", "-0.5", "17"). Below 2^-17 and above 2^63, which no source here has cause to
 * write, exactly as 0x<mantissa>p<exponent of two>. "nan", "inf", "-inf". Returns out, or a constant.
 */
#define KT_DOUBLE_TEXT 48
const char *kt_double_text(double d, char out[KT_DOUBLE_TEXT]);

/*
 * Position from integers of scale 7 that may have lost their sign: values that only fit after
 * 2^32 is taken off are unwrapped and flagged (Google's exports). Otherwise kt_set_position().
 */
void kt_set_position_e7(struct kt_record *r, int64_t lat, int64_t lon);
/*
 * Position from decimal text in degrees; "unusable" with reason "not-a-number" when it is none.
 * Digits beyond the seventh are rounded.
 */
void kt_set_position_text(struct kt_record *r, struct kt_str lat, struct kt_str lon);
/*
 * Position as Apple's stores write it, in scale 7: -180 in both (or either) is their mark for "no
 * location" (state UNUSABLE, reason "no-location-marker").
 */
void kt_set_position_apple(struct kt_record *r, int64_t lat_e7, int64_t lon_e7);
/* Microdegrees (Waze, Google Maps). */
void kt_set_position_e6(struct kt_record *r, int64_t lat, int64_t lon);
/*
 * Semicircles: 180/2^31 degrees (FIT); 0x7fffffff in either is FIT's "invalid" (state UNUSABLE, reason
 * "no-location-marker").
 */
void kt_set_position_semicircles(struct kt_record *r, int32_t lat, int32_t lon);

/*
 * Accuracy in millimetres as a radius. Negative values and the source's "none" markers (-1, 0 when
 * zero_is_none) set no accuracy and flag BAD_ACCURACY, except for -1 exactly (of metres or of
 * millimetres), which sets nothing. So do values above 100 km x 1000, which no record can hold.
 */
void kt_set_accuracy_mm(struct kt_record *r, int64_t mm, bool zero_is_none);

/* A BSSID as its six octets, or text with or without zeros ("0:e1:6d:.."), to "00:e1:6d:..". */
bool kt_mac_text(struct kt_str s, char out[18]);
/* A 48-bit integer to the same form. */
void kt_mac_int(uint64_t v, char out[18]);

/*
 * RFC 3339 with 'Z', an offset (+hh:mm, +hhmm, +hh, also behind a blank), or none: *kind gets KT_TIME_UTC or KT_TIME_LOCAL; fraction to
 * microseconds; *offset_min (may be NULL) the offset when one is written. False when it is no time.
 */
bool kt_iso_time(struct kt_str s, int64_t *t_us, enum kt_time_kind *kind, int *offset_min);

#endif
