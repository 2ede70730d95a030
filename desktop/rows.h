/* SPDX-License-Identifier: EUPL-1.2 */
/* The observations that pass the filter, as a list model: an item is made when it is looked at. */
#ifndef KD_DESKTOP_ROWS_H
#define KD_DESKTOP_ROWS_H

#include <gio/gio.h>

/* cppcheck does not see the headers of GLib */
/* cppcheck-suppress unknownMacro */
G_DECLARE_FINAL_TYPE(KdRow, kd_row_item, KD, ROW, GObject)
G_DECLARE_FINAL_TYPE(KdRows, kd_rows, KD, ROWS, GObject)

KdRows *kd_rows_new(void);
/* Shows these positions of the report (copied). */
void kd_rows_set(KdRows *rows, const guint32 *shown, guint n);
/* Shows these behind those that are shown. */
void kd_rows_append(KdRows *rows, const guint32 *more, guint n);
/* What is shown of the row at this place has changed. */
void kd_rows_touch(KdRows *rows, guint place);
guint kd_rows_at(KdRows *rows, guint place);
/* Place of this position in the list, or G_MAXUINT. */
guint kd_rows_place(KdRows *rows, guint position);
guint kd_row_position(KdRow *row);

#endif
