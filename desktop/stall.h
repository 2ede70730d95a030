/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * For measurements alone (--stall-log FILE): a line for each turn of the main loop that took longer than
 * a few milliseconds, and one when the window was painted first. docs/user/bench.md, row r.
 */
#ifndef KD_DESKTOP_STALL_H
#define KD_DESKTOP_STALL_H

#include <gtk/gtk.h>

/* Watches the main loop from now on; a path that can't be written is said on standard error. */
void kd_stall_watch(const char *path);
/* Notes when this window is painted for the first time. Nothing happens when nothing is watched. */
void kd_stall_window(GtkWidget *window);

#endif
