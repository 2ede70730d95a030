/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Positions and movement in rows of Apple's databases, which all write them alike: degrees, metres,
 * metres per second as REAL; -180 for "no location", a negative speed, course or accuracy for "not known".
 */
#ifndef KT_PARSERS_PLUGINS_APPLE_ROWS_H
#define KT_PARSERS_PLUGINS_APPLE_ROWS_H

#include "parsers/sdk/sql.h"
#include "parsers/sdk/units.h"

/* Both columns NULL: no position is set, false. Otherwise it is set or named unusable, true. */
static inline bool kt_apple_position(struct kt_record *r, const struct kt_rows *rows, int lat_col,
				     int lon_col)
{
	int64_t lat, lon;

	if (kt_rows_null(rows, lat_col) && kt_rows_null(rows, lon_col))
		return false;
	if (kt_rows_scaled(rows, lat_col, 7, &lat) && kt_rows_scaled(rows, lon_col, 7, &lon))
		kt_set_position_apple(r, lat, lon);
	else
		kt_set_unusable(r, "not-a-number");
	return true;
}

/* Radius in metres, of a position that is usable. */
static inline void kt_apple_accuracy(struct kt_record *r, const struct kt_rows *rows, int col)
{
	int64_t v;

	if (r->pos_state == KT_POS_OK && kt_rows_scaled(rows, col, 3, &v))
		kt_set_accuracy_mm(r, v, false);
}

static inline void kt_apple_movement(struct kt_record *r, const struct kt_rows *rows,
				     int altitude_col, int vertical_col, int speed_col,
				     int course_col)
{
	int64_t v;

	if (kt_rows_scaled(rows, altitude_col, 3, &v))
		kt_rec_int(r, KT_F_ALTITUDE_MM, v);
	if (kt_rows_scaled(rows, vertical_col, 3, &v) && v >= 0)
		kt_rec_int(r, KT_F_VERTICAL_ACCURACY_MM, v);
	if (kt_rows_scaled(rows, speed_col, 3, &v) && v >= 0)
		kt_rec_int(r, KT_F_SPEED_MM_S, v);
	if (kt_rows_scaled(rows, course_col, 3, &v) && v >= 0)
		kt_rec_int(r, KT_F_HEADING_MDEG, v);
}

#endif
