/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to reports/geo: files of data/geo, linked in. One object each: who only draws links less. */
#ifndef KT_REPORTS_GEO_DATA_H
#define KT_REPORTS_GEO_DATA_H

#include <stdint.h>

extern const uint8_t kt_geo_world_bytes[], kt_geo_outlines_bytes[];
extern const uint8_t kt_geo_codes_bytes[]; /* with a NUL behind */
extern const uint64_t kt_geo_world_size, kt_geo_outlines_size, kt_geo_codes_size;

#endif
