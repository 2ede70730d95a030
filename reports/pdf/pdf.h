/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * report.json as a document on paper (A4). It lays out the very markup of the page (reports/render), so
 * page and paper cannot say different things; the hash of report.json stands on every sheet. A
 * pure function of its input and the fonts; it runs inside the sandboxed keten-render alone.
 */
#ifndef KT_REPORTS_PDF_PDF_H
#define KT_REPORTS_PDF_PDF_H

#include "core/json.h"
#include "core/tr.h"
#include "reports/pdf/fonts.h"

/* Rows of the document; what lies beyond is counted in it and stands in report.json. */
#define KT_PDF_OBSERVATIONS 1000u
#define KT_PDF_STATEMENTS   200u
#define KT_PDF_OBJECTS	    500u

/* The input can be read from its start more than once. */
struct kt_pdf_in {
	struct kt_json_src (*open)(void *arg);
	void *arg;
};

/* put as for kt_render_html(). 0, its codes, or KT_E_INTERNAL when cairo fails. */
int kt_render_pdf(const struct pdf_fonts *fonts, struct kt_pdf_in in, enum kt_lang lang,
		  int (*put)(void *arg, const void *p, size_t n, struct kt_err *err), void *arg,
		  struct kt_err *err);

#endif
