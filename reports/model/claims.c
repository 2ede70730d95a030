/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/model/model.h"

int rep_statement(struct rep *r)
{
	rep_member(r, "statement");
	kt_jw_null(&r->w);
	return 0;
}
