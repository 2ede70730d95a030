/* SPDX-License-Identifier: EUPL-1.2 */
/* The QR code in a text of keten's, drawn so that a camera reads it. */
#ifndef KD_DESKTOP_QR_H
#define KD_DESKTOP_QR_H

#include "desktop/ui.h"

/* Is this line of a text part of a code? */
bool kd_qr_is_line(const char *line, gsize n);
/* Its two rows of modules, dark alone, in the colour that is set. */
void kd_qr_draw_line(cairo_t *cr, const char *line, gsize n, double x, double y, double module);
/* A picture of a code; takes over the lines of it, or NULL for none. */
GtkWidget *kd_qr_new(int size);
void kd_qr_set(GtkWidget *qr, char *code);

#endif
