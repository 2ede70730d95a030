/* SPDX-License-Identifier: EUPL-1.2 */
/* The help pages, in a window of their own: no browser is needed, and none is opened. */
#ifndef KD_DESKTOP_HELP_H
#define KD_DESKTOP_HELP_H

#include <gtk/gtk.h>

struct kd_app;

/* Opens at the section for what the window showed last, by its words for states (kd_app_state). */
void kd_help_show(struct kd_app *app);
/* A picture that is not of a phone, or NULL when there is none of that name. */
GtkWidget *kd_help_picture(const char *name, const char *words);

#endif
