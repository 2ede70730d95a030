/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the objects of Takeout files hold: slots for their short texts, and the tables that fill them.
 * For google_takeout_semantic.c alone.
 */
#ifndef KT_PARSERS_PLUGINS_GOOGLE_TAKEOUT_RULES_H
#define KT_PARSERS_PLUGINS_GOOGLE_TAKEOUT_RULES_H

#include "parsers/plugins/google_timeline_read.h"

enum { START, END, START_MS, END_MS, STATUS, EDITED, DEVICE, CONFIDENCE, SPAN_TEXTS };
/* clang-format off */
enum {
	V_LAT = SPAN_TEXTS, V_LON, V_CENTER_LAT, V_CENTER_LON, V_ID, V_NAME, V_ADDRESS, V_LABEL,
	V_PLACE_CONFIDENCE, V_LOCATION_CONFIDENCE, VISIT_TEXTS
};
enum {
	A_LAT = SPAN_TEXTS, A_LON, A_END_LAT, A_END_LON, A_DISTANCE, A_TYPE, ACTIVITY_TEXTS
};
/* clang-format on */
enum { P_LAT, P_LON, P_TIME, P_TIME_MS, P_ACCURACY, P_NAME, P_ID, P_METHOD, POINT_TEXTS };
enum { W_SOURCE, W_NAME, WAY_TEXTS };
/* of a device; of an edit */
enum { D_TAG, D_MAKER, D_BRAND, D_MODEL, D_NAME, D_CREATED, D_PLATFORM, DEVICE_TEXTS };
/* clang-format off */
enum {
	E_LAT, E_LON, E_TIME, E_TIME_MS, E_ACCURACY, E_ALTITUDE, E_SPEED, E_SOURCE, E_DEVICE,
	E_EXTRA_TIME, EDIT_TEXTS
};
/* clang-format on */

extern const struct kt_tl_rule kt_takeout_visit_rules[], kt_takeout_activity_rules[],
	kt_takeout_point_rules[], kt_takeout_way_rules[], kt_takeout_device_rules[],
	kt_takeout_edit_rules[];

#endif
