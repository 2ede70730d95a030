/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The form of a paper, once for a terminal and once for a printed page: title, paragraphs, rows of a
 * label and a value, a table. Every text that goes in is shown as it is, never as markup. Private to
 * reports/papers.
 */
#ifndef KT_PAPERS_PAPER_H
#define KT_PAPERS_PAPER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "reports/papers/words.h"

struct kt_paper {
	const struct kt_words *words;
	struct kt_buf *out;
	bool html;
	bool rows; /* a list of rows is open (html) */
};

/* title: a key of words. note: a key of what has to stand in front of everything, or NULL. */
void kt_paper_begin(struct kt_paper *p, const char *title, const char *note);
void kt_paper_end(struct kt_paper *p);
void kt_paper_heading(struct kt_paper *p, const char *key);
/* A paragraph of the key's words, filled in. */
void kt_paper_para(struct kt_paper *p, const char *key, const struct kt_words_fill *fill);
/* label: a key. value: any text; token: it is a hash, a time, an id: kept in one piece. */
void kt_paper_row(struct kt_paper *p, const char *label, const char *value, bool token);
/* The cells of a table's first row are keys, those of the others any text. */
void kt_paper_table(struct kt_paper *p, const char *const *keys, size_t n);
void kt_paper_cells(struct kt_paper *p, const char *const *text, size_t n);
void kt_paper_table_end(struct kt_paper *p);
/* A list entry; any text. */
void kt_paper_bullet(struct kt_paper *p, const char *text);
void kt_paper_bullets_end(struct kt_paper *p);
/* A line to write on. */
void kt_paper_blank(struct kt_paper *p, const char *key);
/* Who ordered it, and on which ground: what every receipt says of the mandate. */
struct kt_paper_authority {
	const char *issuer, *legal_text, *legal_code, *purpose, *mode, *mandate_id;
};
void kt_paper_authority(struct kt_paper *p, const struct kt_paper_authority *a);
/* A hash in groups that can be read out, and as a QR code. */
int kt_paper_pin(struct kt_paper *p, const char *hex, struct kt_err *err);

#endif
