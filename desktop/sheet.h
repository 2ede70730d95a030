/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Draws a paper that keten printed as text (docs/formats/papers.md) as headings, paragraphs and lists. The
 * words are those of the text, all of them and no others: what is shown is what the log names by its hash.
 */
#ifndef KD_DESKTOP_SHEET_H
#define KD_DESKTOP_SHEET_H

#include <gtk/gtk.h>

/* In place of what is in the box. */
void kd_sheet_draw(GtkWidget *box, const char *text);

#endif
