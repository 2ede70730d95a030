/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * On the first page: the cases of this station that were begun and not finished, as keten finds them, with what
 * can be done about each.
 */
#ifndef KD_DESKTOP_UNFINISHED_H
#define KD_DESKTOP_UNFINISHED_H

#include "desktop/desktop.h"

struct kd_unfinished;

struct kd_unfinished *kd_unfinished_new(struct kd_app *app);
/* Not shown as long as there are none. Borrowed. */
GtkWidget *kd_unfinished_widget(struct kd_unfinished *u);
/* Looks again. */
void kd_unfinished_refresh(struct kd_unfinished *u);
void kd_unfinished_free(struct kd_unfinished *u);

#endif
