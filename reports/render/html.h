/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * report.json as one page: no script, no request, every text escaped. A pure function of its
 * input, run inside the sandboxed worker: it trusts nothing in report.json but the order of its
 * members (docs/formats/report.md).
 */
#ifndef KT_REPORTS_RENDER_HTML_H
#define KT_REPORTS_RENDER_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/json.h"
#include "core/tr.h"

struct kt_err;

/* Rows of the page; what lies beyond is counted on the page and stands in report.json. */
#define KT_HTML_LINKS	     200u
#define KT_HTML_OBSERVATIONS 5000u
#define KT_HTML_STATEMENTS   500u
#define KT_HTML_OBJECTS	     1000u

/* What was met on the way, for whoever draws round the page. */
struct kt_html_head {
	char case_id[80], case_ref[200];
	char sealed[32]; /* time of the seal; empty when there is none */
};

struct kt_html_opts {
	enum kt_lang lang;
	uint64_t observations, statements, objects; /* rows shown at most */
	bool paper;				    /* laid out on sheets (reports/pdf) */
	struct kt_html_head *head;		    /* filled when not NULL */
};

/* The page as it stands in a package. */
void kt_html_opts_init(struct kt_html_opts *o, enum kt_lang lang);

/*
 * Renders. put gets the page in order, in pieces of some 64 KiB; a negative code of it ends the
 * rendering and is returned. 0; KT_E_FORMAT when the document is no keten-report-2, lacks a member
 * or has them out of order; KT_E_LIMIT for an element that is too large; KT_E_NOMEM. Memory is
 * bounded by a constant.
 */
int kt_render_html(struct kt_json_src src, const struct kt_html_opts *opts,
		   int (*put)(void *arg, const void *p, size_t n, struct kt_err *err), void *arg,
		   struct kt_err *err);

#endif
