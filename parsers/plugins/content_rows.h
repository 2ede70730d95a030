/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What Android's `content query` prints, row by row, for the plugins that read such answers:
 *
 *   Row: 0 _id=17, date=1714972089500, name=a value, with commas
 *
 * Nothing in it is escaped: a value may hold ", ", "=" and line feeds. So the grammar is strict: rows
 * count from 0 without a gap, and have exactly the columns that were asked for, in that order. A row
 * in which the name of a column stands twice could be read in two ways and is skipped.
 */
#ifndef KT_PARSERS_PLUGINS_CONTENT_ROWS_H
#define KT_PARSERS_PLUGINS_CONTENT_ROWS_H

#include "parsers/sdk/keten_parser.h"

#define KT_CONTENT_COLUMNS 12u
#define KT_CONTENT_ROW_MAX 16384u

struct kt_content_row {
	unsigned form;				 /* which of the forms it has */
	struct kt_str value[KT_CONTENT_COLUMNS]; /* by column of that form; p NULL: NULL */
	struct kt_line_place at;		 /* bytes of the row */
};

/* The columns of an answer, NULL-terminated; versions of Android differ, so there may be several. */
struct kt_content_form {
	const char *const *columns;
};

/*
 * Reads the whole artifact. Every row is counted as seen and given to row(), which emits or skips
 * it; what is no row is skipped here, with its reasons. An answer without rows leaves a note. 0, or
 * what row() or reading returned.
 */
int kt_content_read(struct kt_ctx *ctx, const struct kt_content_form *forms, unsigned nforms,
		    int (*row)(void *arg, struct kt_content_row *r, struct kt_err *err), void *arg,
		    struct kt_err *err);

/* Is the artifact such an answer, as far as its first bytes tell? An empty one is. */
bool kt_content_is(struct kt_ctx *ctx, struct kt_err *err);

/*
 * An artifact that is such an answer, or (in images) the provider's database: hands arg to one of the two.
 * what: what it would be a list of, for "not-this-kind: no list of ...". What they return, or KT_E_FORMAT.
 */
int kt_content_or_database(struct kt_ctx *ctx, int (*answer)(void *arg), int (*database)(void *arg),
			   void *arg, const char *what, struct kt_err *err);

/* A value as an integer; false when it is NULL or none. */
bool kt_content_int(const struct kt_content_row *r, int column, int64_t *v);

#endif
