/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * report.json with rows left out: the observations and objects that a reviewer has marked, and what
 * would give them away (places that begin with them, pairs that name them). What was left out is
 * counted by category in the member "redaction". A pure function of its input, run inside the
 * sandboxed keten-render; memory is bounded by the largest element and the marks.
 */
#ifndef KT_REPORTS_RENDER_REDACT_H
#define KT_REPORTS_RENDER_REDACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/json.h"

struct kt_err;

#define KT_REDACT_MARKS 100000u

/* Is that one of the only words that stand in the copy, for why a row is left out? */
bool kt_redact_category_ok(const char *word);
/* "o000017" or "o000017#3". */
bool kt_redact_id_ok(const char *id);

/*
 * order: {"package", "package_sha256", "report_sha256", "reviewer": texts, "marks": [{"id",
 * "category"}]} (the engine makes it from the reviewer's file). open: the report from its start, asked for twice.
 * 0, KT_E_FORMAT (order or report), KT_E_ABSENT (a mark that the report does not have), KT_E_NOMEM.
 */
int kt_redact(struct kt_json_src (*open)(void *arg), void *open_arg, const void *order, size_t n,
	      int (*put)(void *arg, const void *p, size_t n, struct kt_err *err), void *arg,
	      struct kt_err *err);

#endif
