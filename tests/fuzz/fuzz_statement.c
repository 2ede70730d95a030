/* SPDX-License-Identifier: EUPL-1.2 */
/* What the applicant said, as a file from outside: a claim that is taken is one that can be compared. */
#include <stdlib.h>

#include "core/err.h"
#include "reports/model/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const struct kt_claim *c)
{
	if (c->id == NULL || c->text == NULL || c->kind < KT_CLAIM_STAYED ||
	    c->kind > KT_CLAIM_NOT_THERE || c->from_us >= c->to_us)
		abort();
	if (c->place == KT_CLAIM_AREA && (c->ncorners < 3 || c->ncorners > KT_CORNERS_MAX))
		abort();
	if (c->place == KT_CLAIM_AREA) {
		bool edge;

		kt_geo_in_area(c->corner, c->ncorners, c->lat_e7, c->lon_e7, c->metres * 1000,
			       &edge);
	}
	if (abs(c->lat_e7) > 900000000 || llabs(c->lon_e7) > 1800000000 || c->metres < 0 ||
	    c->days < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct kt_statement s = {0};
	struct kt_err err = {0};
	int r = kt_statement_parse(data, n, &s, &err);

	if (r == 0 && (s.nclaims == 0 || s.nclaims > KT_CLAIMS_MAX || s.given_at == NULL))
		abort();
	for (size_t i = 0; r == 0 && i < s.nclaims; i++)
		check(&s.claim[i]);
	kt_statement_free(&s);
	return 0;
}
