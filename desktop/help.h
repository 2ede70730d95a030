/* SPDX-License-Identifier: EUPL-1.2 */
/* The help pages, in a window of their own: no browser is needed, and none is opened. */
#ifndef KD_DESKTOP_HELP_H
#define KD_DESKTOP_HELP_H

struct kd_app;

void kd_help_show(struct kd_app *app);

#endif
