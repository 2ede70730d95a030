/* SPDX-License-Identifier: EUPL-1.2 */
/* The QR code in a text of keten's, drawn so that a camera reads it. */
#ifndef KD_DESKTOP_QR_H
#define KD_DESKTOP_QR_H

#include "desktop/ui.h"

/* Is this line of a text part of a code? */
bool kd_qr_is_line(const char *line, gsize n);
/*
 * The two rows of modules that a line of n bytes holds, from x and y on, each module a square of that
 * side: the dark ones alone, in the colour that is set.
 */
void kd_qr_draw_line(cairo_t *cr, const char *line, gsize n, double x, double y, double module);
/* A picture of a code, size pixels wide and high; without a code it is not shown. */
GtkWidget *kd_qr_new(int size);
/* The lines of the code that it shows from now on; takes them over. NULL: none. */
void kd_qr_set(GtkWidget *qr, char *code);

#endif
