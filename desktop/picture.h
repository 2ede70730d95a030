/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The pictures of the connection: a station, a cable, a phone, and what the phone shows. Drawn, so
 * that they follow size, contrast and dark mode. A picture never says alone what words don't say.
 */
#ifndef KD_DESKTOP_PICTURE_H
#define KD_DESKTOP_PICTURE_H

#include <gtk/gtk.h>

GtkWidget *kd_picture_new(int width, int height);
/* state: a word of keten for a phone's state; alt: what it shows, for who can't see it. */
void kd_picture_set(GtkWidget *picture, const char *state, const char *alt);

#endif
