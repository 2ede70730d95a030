/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The receipt (docs/formats/papers.md): what was read, under which authority, how to complain, when
 * it is deleted, and the head of the custody log. Its facts come from mandate, case and log alone:
 * nothing that a phone said is in it. First a JSON record, which goes into the package; from that
 * and a language's words (words.h), a text or a page.
 */
#ifndef KT_PAPERS_RECEIPT_H
#define KT_PAPERS_RECEIPT_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "reports/papers/words.h"

struct kt_err;
struct kt_mandate;

struct kt_receipt_facts {
	const struct kt_mandate *mandate;
	const char *case_id, *form, *device; /* of the case */
	const void *log;		     /* the custody log as it is now */
	size_t log_len;
	int64_t issued_us;
	bool simulated;
	bool interim; /* reading is not finished: another one follows */
};

/* Appends the record ("keten-receipt-1", one line). 0, KT_E_INVALID when the log does not hold. */
int kt_receipt_make(const struct kt_receipt_facts *f, struct kt_buf *json, struct kt_err *err);

/* The plain name of a source, such as "media-exif"; the id itself when there is none. */
typedef const char *(*kt_source_name_fn)(const struct kt_words *w, const char *source);

/* Append the record as text for a terminal or as an HTML page. 0, KT_E_FORMAT, KT_E_NOMEM. */
int kt_receipt_text(const void *json, size_t n, const struct kt_words *w, kt_source_name_fn name,
		    struct kt_buf *out, struct kt_err *err);
int kt_receipt_html(const void *json, size_t n, const struct kt_words *w, kt_source_name_fn name,
		    struct kt_buf *out, struct kt_err *err);

/* How it ended, when nothing is left that was read. */
enum kt_receipt_how {
	KT_END_REFUSED,	  /* before anything was read */
	KT_END_WITHDRAWN, /* in the middle */
	KT_END_ERASED,	  /* withdrawn when a package was made, which is destroyed */
	KT_END_LOCKED,	  /* the same; it stays, and its key is destroyed */
};

/* What such an end leaves behind: its package, "data/act.json" in it, and the mandate. */
struct kt_receipt_end {
	const struct kt_mandate *mandate;
	enum kt_receipt_how how;
	bool simulated;
	const char *made, *position, *interpreter, *package, *sha256;
	int64_t files, bytes; /* destroyed in the middle */
	/* of a package: copies handed out before, and what became of the folder of its case */
	int64_t copies;
	const char *folder; /* "emptied", "locked" or "not-named", as the deletion says it */
};

/* Appends the receipt of it, as text or as an HTML page. 0, KT_E_NOMEM. */
int kt_receipt_end(const struct kt_receipt_end *e, const struct kt_words *w, bool html,
		   struct kt_buf *out, struct kt_err *err);

/* The information sheet of a mandate: text, or an HTML page. */
int kt_sheet_text(const struct kt_mandate *m, const struct kt_words *w, kt_source_name_fn name,
		  struct kt_buf *out, struct kt_err *err);
int kt_sheet_html(const struct kt_mandate *m, const struct kt_words *w, kt_source_name_fn name,
		  struct kt_buf *out, struct kt_err *err);

#endif
