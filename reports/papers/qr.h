/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A short text of ours as a QR code, by libqrencode: for a terminal and for a printed page. Links
 * into `keten` alone.
 */
#ifndef KT_PAPERS_QR_H
#define KT_PAPERS_QR_H

struct kt_buf;
struct kt_err;

/* Lines of half blocks, two modules high each, light on dark as terminals are; with a quiet zone. */
int kt_qr_text(const char *text, struct kt_buf *b, struct kt_err *err);
/* An <svg> element, dark on light whatever the colours around it; label is for screen readers. */
int kt_qr_svg(const char *text, const char *label, struct kt_buf *b, struct kt_err *err);

#endif
