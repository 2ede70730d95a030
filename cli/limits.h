/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The mandate's third depth: which records may be seen, and how precisely. What cannot be shown to
 * lie inside the mandate's period is withheld and counted, never shown.
 */
#ifndef KT_CLI_LIMITS_H
#define KT_CLI_LIMITS_H

#include "core/record.h"

struct kt_scope;

/*
 * NULL when the record may be seen; else why not: "outside-period", "straddles-period",
 * "zone-unknown-at-border", "undated". Looks at times alone.
 */
const char *kt_limit_withhold(const struct kt_scope *s, const struct kt_record *r);

/*
 * Takes out what the mandate's fields do not allow and blurs positions to max_precision_m, in
 * place. Returns the number of values taken out.
 */
unsigned kt_limit_apply(const struct kt_scope *s, struct kt_record *r);

#endif
