/* SPDX-License-Identifier: EUPL-1.2 */
/* Members of the objects in Takeout files; see google_takeout_rules.h. Keys come in any order. */
#include "parsers/plugins/google_takeout_rules.h"

#include <stddef.h>

#define NO KT_TL_NO_SLOT
#define END_OF_RULES                                                                               \
	{                                                                                          \
		NULL, NO, NULL                                                                     \
	}

static const struct kt_tl_rule duration_rules[] = {
	{"startTimestamp", START, NULL},
	{"endTimestamp", END, NULL},
	{"startTimestampMs", START_MS, NULL},
	{"endTimestampMs", END_MS, NULL},
	END_OF_RULES,
};

static const struct kt_tl_rule source_rules[] = {{"deviceTag", DEVICE, NULL}, END_OF_RULES};

static const struct kt_tl_rule visit_location_rules[] = {
	{"latitudeE7", V_LAT, NULL},
	{"longitudeE7", V_LON, NULL},
	{"placeId", V_ID, NULL},
	{"name", V_NAME, NULL},
	{"address", V_ADDRESS, NULL},
	{"semanticType", V_LABEL, NULL},
	{"sourceInfo", NO, source_rules},
	{"locationConfidence", V_LOCATION_CONFIDENCE, NULL},
	END_OF_RULES,
};

const struct kt_tl_rule kt_takeout_visit_rules[] = {
	{"location", NO, visit_location_rules},	       {"duration", NO, duration_rules},
	{"placeConfidence", V_PLACE_CONFIDENCE, NULL}, {"visitConfidence", CONFIDENCE, NULL},
	{"centerLatE7", V_CENTER_LAT, NULL},	       {"centerLngE7", V_CENTER_LON, NULL},
	{"editConfirmationStatus", STATUS, NULL},      {"lastEditedTimestamp", EDITED, NULL},
	{"lastEditedTimestampMs", EDITED, NULL},       END_OF_RULES,
};

static const struct kt_tl_rule from_rules[] = {
	{"latitudeE7", A_LAT, NULL},
	{"longitudeE7", A_LON, NULL},
	{"sourceInfo", NO, source_rules},
	END_OF_RULES,
};
static const struct kt_tl_rule to_rules[] = {
	{"latitudeE7", A_END_LAT, NULL},
	{"longitudeE7", A_END_LON, NULL},
	END_OF_RULES,
};

const struct kt_tl_rule kt_takeout_activity_rules[] = {
	{"startLocation", NO, from_rules},	  {"endLocation", NO, to_rules},
	{"duration", NO, duration_rules},	  {"distance", A_DISTANCE, NULL},
	{"activityType", A_TYPE, NULL},		  {"confidence", CONFIDENCE, NULL},
	{"editConfirmationStatus", STATUS, NULL}, {"lastEditedTimestamp", EDITED, NULL},
	{"lastEditedTimestampMs", EDITED, NULL},  END_OF_RULES,
};

static const struct kt_tl_rule place_rules[] = {
	{"latitudeE7", P_LAT, NULL},
	{"longitudeE7", P_LON, NULL},
	{"accuracyMetres", P_ACCURACY, NULL},
	END_OF_RULES,
};

const struct kt_tl_rule kt_takeout_point_rules[] = {
	{"latE7", P_LAT, NULL},
	{"lngE7", P_LON, NULL},
	{"latitudeE7", P_LAT, NULL},
	{"longitudeE7", P_LON, NULL},
	{"timestamp", P_TIME, NULL},
	{"timestampMs", P_TIME_MS, NULL},
	{"accuracyMeters", P_ACCURACY, NULL},
	{"accuracyMetres", P_ACCURACY, NULL},
	{"location", NO, place_rules},
	{"name", P_NAME, NULL},
	{"placeId", P_ID, NULL},
	{"method", P_METHOD, NULL},
	END_OF_RULES,
};

const struct kt_tl_rule kt_takeout_way_rules[] = {
	{"source", W_SOURCE, NULL}, {"name", W_NAME, NULL}, END_OF_RULES};

static const struct kt_tl_rule device_spec_rules[] = {
	{"manufacturer", D_MAKER, NULL},
	{"brand", D_BRAND, NULL},
	{"model", D_MODEL, NULL},
	END_OF_RULES,
};

const struct kt_tl_rule kt_takeout_device_rules[] = {
	{"deviceTag", D_TAG, NULL},	    {"deviceSpec", NO, device_spec_rules},
	{"devicePrettyName", D_NAME, NULL}, {"deviceCreationTime", D_CREATED, NULL},
	{"platformType", D_PLATFORM, NULL}, {"manufacturer", D_MAKER, NULL},
	{"model", D_MODEL, NULL},	    END_OF_RULES,
};

static const struct kt_tl_rule edit_point_rules[] = {
	{"latE7", E_LAT, NULL}, {"lngE7", E_LON, NULL}, END_OF_RULES};

static const struct kt_tl_rule edit_position_rules[] = {
	{"point", NO, edit_point_rules},      {"timestamp", E_TIME, NULL},
	{"timestampMs", E_TIME_MS, NULL},     {"accuracyMm", E_ACCURACY, NULL},
	{"altitudeMeters", E_ALTITUDE, NULL}, {"speedMetersPerSecond", E_SPEED, NULL},
	{"source", E_SOURCE, NULL},	      END_OF_RULES,
};

static const struct kt_tl_rule edit_inner_rules[] = {{"position", NO, edit_position_rules},
						     END_OF_RULES};

static const struct kt_tl_rule edit_signal_rules[] = {
	{"signal", NO, edit_inner_rules},
	{"additionalTimestamp", E_EXTRA_TIME, NULL},
	END_OF_RULES,
};

const struct kt_tl_rule kt_takeout_edit_rules[] = {
	{"deviceId", E_DEVICE, NULL}, {"rawSignal", NO, edit_signal_rules}, END_OF_RULES};
