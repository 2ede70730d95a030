/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Widgets the way this program makes them: named for a screen reader, reachable by keyboard, with
 * text from outside never taken for markup and isolated from the direction of what surrounds it.
 */
#ifndef KD_DESKTOP_UI_H
#define KD_DESKTOP_UI_H

#include <adwaita.h>

#include "desktop/words.h"

/* A button; the label may hold a mnemonic. Named by it alone. */
GtkWidget *kd_button(const char *mnemonic, const char *css, GCallback clicked, gpointer data);
/* An icon button with a name. */
GtkWidget *kd_icon_button(const char *icon, const char *name, GCallback clicked, gpointer data);
void kd_name(GtkWidget *w, const char *name);

/* Wrapping text of ours; css may be NULL. */
GtkWidget *kd_text(const char *text, const char *css);
/*
 * A long text below a picture, within this: GTK 4.8 lays a wrapping label out a dozen times to find a
 * width for its height, 0.1 s for three lines.
 */
GtkWidget *kd_beneath(GtkWidget *label);
/*
 * Changes a text of kd_text(). GTK 4.8 can announce nothing: a screen reader says it when it comes by.
 */
void kd_set(GtkWidget *label, const char *text);
void kd_setf(GtkWidget *label, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* A row "title: value" whose value comes from outside: no markup, its own direction. */
GtkWidget *kd_row(const char *title, const char *value);
void kd_row_value(GtkWidget *row, const char *value);
/*
 * A row whose title is larger than its value, with the short name that programs give it small beside
 * it; "" is none. title: ours, or isolated.
 */
GtkWidget *kd_named_row(const char *title, const char *id, const char *value);

/*
 * A group with a heading. Rows that stay are added with adw_preferences_group_add(), those that
 * kd_group_clear() takes out again with kd_group_add().
 */
GtkWidget *kd_group(const char *title, const char *description);
void kd_group_add(GtkWidget *group, GtkWidget *row);
void kd_group_clear(GtkWidget *group);

/*
 * A page of a guided flow: a heading, scrolling content in the middle, and a bar with Back on the
 * one side and the way forward on the other. content is a vertical box.
 */
struct kd_page {
	GtkWidget *root, *heading, *content, *bar, *back, *forward;
};
void kd_page_init(struct kd_page *p, const char *heading, const char *lead);
/* Buttons: either may be NULL. */
void kd_page_buttons(struct kd_page *p, GtkWidget *back, GtkWidget *forward);

/*
 * Shows one page of a stack and hides the others for good: GTK 4.8 leaves the pages that are not
 * shown in the accessibility tree, where nothing tells them apart.
 */
void kd_stack_show(GtkWidget *stack, const char *name);

/* Escape closes this window. */
void kd_escape_closes(GtkWidget *window);

/* Removes every child of a box. */
void kd_box_clear(GtkWidget *box);

/* "12.3 MB", "1 min 20 s" in the user's language; free with g_free(). */
char *kd_bytes(guint64 n);
char *kd_span(guint64 seconds);

#endif
