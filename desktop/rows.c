/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/rows.h"

struct _KdRow {
	GObject parent;
	guint position;
};

G_DEFINE_FINAL_TYPE(KdRow, kd_row_item, G_TYPE_OBJECT)

static void kd_row_item_class_init(KdRowClass *c)
{
	(void)c;
}

static void kd_row_item_init(KdRow *r)
{
	(void)r;
}

guint kd_row_position(KdRow *row)
{
	return row->position;
}

struct _KdRows {
	GObject parent;
	GArray *shown; /* guint32, ascending */
};

static GType rows_item_type(GListModel *m)
{
	(void)m;
	return kd_row_item_get_type();
}

static guint rows_n_items(GListModel *m)
{
	return KD_ROWS(m)->shown->len;
}

static gpointer rows_item(GListModel *m, guint place)
{
	KdRows *rows = KD_ROWS(m);
	KdRow *r;

	if (place >= rows->shown->len)
		return NULL;
	r = g_object_new(kd_row_item_get_type(), NULL);
	r->position = g_array_index(rows->shown, guint32, place);
	return r;
}

static void rows_model_init(GListModelInterface *i)
{
	i->get_item_type = rows_item_type;
	i->get_n_items = rows_n_items;
	i->get_item = rows_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(KdRows, kd_rows, G_TYPE_OBJECT,
			      G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, rows_model_init))

static void rows_finalize(GObject *o)
{
	g_array_unref(KD_ROWS(o)->shown);
	G_OBJECT_CLASS(kd_rows_parent_class)->finalize(o);
}

static void kd_rows_class_init(KdRowsClass *c)
{
	G_OBJECT_CLASS(c)->finalize = rows_finalize;
}

static void kd_rows_init(KdRows *r)
{
	r->shown = g_array_new(FALSE, FALSE, sizeof(guint32));
}

KdRows *kd_rows_new(void)
{
	return g_object_new(kd_rows_get_type(), NULL);
}

void kd_rows_set(KdRows *rows, const guint32 *shown, guint n)
{
	guint old = rows->shown->len;

	g_array_set_size(rows->shown, 0);
	g_array_append_vals(rows->shown, shown, n);
	g_list_model_items_changed(G_LIST_MODEL(rows), 0, old, n);
}

void kd_rows_append(KdRows *rows, const guint32 *more, guint n)
{
	guint old = rows->shown->len;

	g_array_append_vals(rows->shown, more, n);
	g_list_model_items_changed(G_LIST_MODEL(rows), old, 0, n);
}

void kd_rows_touch(KdRows *rows, guint place)
{
	g_list_model_items_changed(G_LIST_MODEL(rows), place, 1, 1);
}

guint kd_rows_at(KdRows *rows, guint place)
{
	return g_array_index(rows->shown, guint32, place);
}

guint kd_rows_place(KdRows *rows, guint position)
{
	guint lo = 0, hi = rows->shown->len;

	while (lo < hi) {
		guint mid = lo + (hi - lo) / 2;

		if (g_array_index(rows->shown, guint32, mid) < position)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < rows->shown->len && g_array_index(rows->shown, guint32, lo) == position
		       ? lo
		       : G_MAXUINT;
}
