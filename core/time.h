/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Time: int64 microseconds since 1970-01-01T00:00:00Z, proleptic Gregorian, no leap seconds. No
 * function here looks at the local zone.
 */
#ifndef KT_CORE_TIME_H
#define KT_CORE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KT_US_PER_S   INT64_C(1000000)
#define KT_US_PER_DAY (86400 * KT_US_PER_S)
#define KT_TIME_MIN   (INT64_C(-62135596800) * KT_US_PER_S) /* 0001-01-01 */
#define KT_TIME_MAX   (INT64_C(253402300799) * KT_US_PER_S) /* 9999-12-31 */
#define KT_TIME_TEXT  32

int64_t kt_time_now(void);     /* wall clock */
int64_t kt_time_mono_ns(void); /* monotonic clock */

/* Days of a civil date since 1970-01-01; no range check. */
int64_t kt_days_from_civil(int64_t y, unsigned m, unsigned d);
/* Checked: 0 or KT_E_FORMAT. sec may not be 60. */
int kt_time_from_civil(int y, int mo, int d, int h, int mi, int s, int64_t *us);

/*
 * RFC 3339 "2026-11-22T05:00:00Z" with an optional fraction (1-9 digits, beyond 6 truncated), 'T'
 * or a space, and Z or +hh:mm / -hh:mm. With need_zone false, a text without a zone is accepted
 * and *has_zone tells. *us is UTC (or the wall time as if UTC without a zone), *offset_min the
 * written offset. Any of has_zone, offset_min may be NULL. The whole text must match. 0 or
 * KT_E_FORMAT.
 */
int kt_time_parse(const char *p, size_t n, bool need_zone, int64_t *us, bool *has_zone,
		  int *offset_min);

/* "2026-11-22T05:00:00Z", with ".123456" when there is a fraction. Returns out. */
const char *kt_time_text(int64_t us, char out[KT_TIME_TEXT]);
/* The same without the Z: a wall time whose zone is not known. */
const char *kt_time_local_text(int64_t us, char out[KT_TIME_TEXT]);

#endif
