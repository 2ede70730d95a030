/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Signs a PDF of ours (as cairo writes it: classic cross-reference table, no object streams) by an
 * incremental update: PAdES B-B, and B-T with a time-stamp token in the signature. Three steps,
 * since the signature is made elsewhere:
 *
 *   kt_pades_prepare(pdf, n, &info, &p, err);      the PDF with an empty place for the signature
 *   kt_pades_content(&p, &content);                what keten-sign sign --pades signs
 *   kt_pades_finish(&p, p7s, p7s_n, err);          p.pdf is the signed PDF
 *
 * Reads only what we wrote a moment ago; anything unexpected is refused, never repaired.
 */
#ifndef KT_PACKAGE_PADES_H
#define KT_PACKAGE_PADES_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

struct kt_err;

#define KT_PADES_MAX  ((size_t)256 << 20) /* bytes of a PDF */
#define KT_PADES_ROOM ((size_t)16384)	  /* for signature, certificates and token */

#define KT_PADES_MARK "/SubFilter /ETSI.CAdES.detached" /* stands in what is signed already */

struct kt_pades_info {
	int64_t time_us;    /* claimed time of signing */
	const char *reason; /* ASCII; shown by viewers */
};

struct kt_pades {
	struct kt_buf pdf;   /* owned */
	size_t gap, gap_end; /* of "<00...00>", brackets included: all but this is signed */
};

/* 0; KT_E_FORMAT: not a PDF of that kind, or signed already; KT_E_LIMIT; KT_E_NOMEM. Free always. */
int kt_pades_prepare(const void *pdf, size_t n, const struct kt_pades_info *info,
		     struct kt_pades *p, struct kt_err *err);
void kt_pades_free(struct kt_pades *p);
/* Appends the signed bytes. 0 or KT_E_NOMEM, KT_E_LIMIT. */
int kt_pades_content(const struct kt_pades *p, struct kt_buf *content);
/* 0 or KT_E_LIMIT: the signature does not fit. */
int kt_pades_finish(struct kt_pades *p, const void *p7s, size_t n, struct kt_err *err);

#endif
