/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * statement.json: what the applicant said, as claims about places and periods (docs/formats/statement.md).
 * Read strictly: nothing unknown, nothing twice, nothing guessed. The report sets the sources beside it.
 */
#ifndef KT_REPORTS_MODEL_STATEMENT_H
#define KT_REPORTS_MODEL_STATEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "core/hash.h"
#include "reports/geo/geo.h"

struct kt_err;

#define KT_STATEMENT_FORMAT "keten-statement-1"
#define KT_STATEMENT_FILE   "statement.json" /* in a case */
#define KT_STATEMENT_MAX    ((size_t)256 << 10)
#define KT_CLAIMS_MAX	    100u
#define KT_CORNERS_MAX	    64u

enum kt_claim_kind { KT_CLAIM_STAYED = 1, KT_CLAIM_VISITED, KT_CLAIM_NOT_THERE };
enum kt_claim_place { KT_CLAIM_COUNTRY = 1, KT_CLAIM_AREA, KT_CLAIM_POINT };

struct kt_claim {
	const char *id, *text, *name,
		*code; /* borrowed from the document; name, code may be NULL */
	const char *from_given, *to_given;
	uint8_t kind, place;
	int64_t from_us, to_us; /* half-open */
	int64_t days, metres;	/* uncertainty */
	int32_t lat_e7, lon_e7;
	int64_t radius_m;
	struct kt_geo_point corner[KT_CORNERS_MAX];
	size_t ncorners;
};

struct kt_statement {
	struct kt_jdoc *doc; /* owned */
	char sha256[KT_SHA256_HEX];
	const char *given_at, *language, *interpreter, *source; /* interpreter may be NULL */
	struct kt_claim *claim;					/* owned */
	size_t nclaims;
};

/*
 * Reads and judges the bytes of a statement. 0; KT_E_FORMAT with the member at fault and what to do;
 * KT_E_NOMEM. Free it in any case.
 */
int kt_statement_parse(const void *p, size_t n, struct kt_statement *s, struct kt_err *err);
void kt_statement_free(struct kt_statement *s);

#endif
