/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The person across the desk, in the record: what they were shown, what they said, who interpreted,
 * and the receipt that they leave with. Written to the custody log before a phone is touched.
 */
#ifndef KT_CLI_SUBJECT_H
#define KT_CLI_SUBJECT_H

#include "cli/acquire.h"
#include "reports/papers/words.h"

#define KT_SUBJECT_DIR	   "subject"
#define KT_SUBJECT_RECEIPT "subject/receipt.json"
#define KT_SUBJECT_SECOND  "mandate.json.second.p7s"

/* "agrees", "objects", "not-asked"? */
bool kt_subject_is_position(const char *word);
/* Before a case is opened: may it be read from somebody with this position? 0 or KT_E_REFUSED. */
int kt_subject_check(const struct kt_opts *o, const struct kt_authority *a, struct kt_err *err);
/*
 * subject.informed and subject.position, with the sheet kept in the case; once, and again when the
 * options say something on a case that goes on.
 */
int kt_subject_record(struct kt_acq *q, struct kt_err *err);
/* The receipt of this case: the one that was issued, or a new one. Appends its record to json. */
int kt_subject_receipt(struct kt_acq *q, struct kt_buf *json, struct kt_err *err);
/* The plain name of a source in the language of these words. */
const char *kt_source_name(const struct kt_words *w, const char *source);

#endif
