/* SPDX-License-Identifier: EUPL-1.2 */
/* The map for drawing, in an object of its own: programs that only draw leave the large one out. */
#include "reports/geo/data.h"
#include "reports/geo/geo.h"

int kt_geo_outlines(struct kt_geo **g, struct kt_err *err)
{
	return kt_geo_open(kt_geo_outlines_bytes, kt_geo_outlines_size, g, err);
}
