/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/inhibit.h"

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <unistd.h>

#include "desktop/ui.h"

struct ask {
	struct kd_inhibit *h;
	unsigned which;
};

static void on_answer(GObject *bus, GAsyncResult *r, gpointer data)
{
	struct ask *a = data;
	GUnixFDList *fds = NULL;
	GVariant *v = g_dbus_connection_call_with_unix_fd_list_finish(G_DBUS_CONNECTION(bus), &fds,
								      r, NULL);
	int fd = -1;

	/* no logind here: then nothing suspends by its hand either */
	if (v != NULL && fds != NULL && g_unix_fd_list_get_length(fds) > 0)
		fd = g_unix_fd_list_get(fds, 0, NULL);
	if (fd >= 0 && (!a->h->on || a->which != a->h->wanted || a->h->fd >= 0))
		close(fd);
	else if (fd >= 0)
		a->h->fd = fd;
	g_clear_pointer(&v, g_variant_unref);
	g_clear_object(&fds);
	g_free(a);
}

static void on_bus(GObject *source, GAsyncResult *r, gpointer data)
{
	GDBusConnection *bus = g_bus_get_finish(r, NULL);

	(void)source;
	if (bus == NULL) {
		g_free(data);
		return;
	}
	g_dbus_connection_call_with_unix_fd_list(
		bus, "org.freedesktop.login1", "/org/freedesktop/login1",
		"org.freedesktop.login1.Manager", "Inhibit",
		g_variant_new("(ssss)", "sleep:idle:handle-lid-switch:handle-suspend-key", "Keten",
			      _("A phone is being read"), "block"),
		G_VARIANT_TYPE("(h)"), G_DBUS_CALL_FLAGS_NONE, 5000, NULL, NULL, on_answer, data);
	g_object_unref(bus);
}

void kd_inhibit_init(struct kd_inhibit *h)
{
	h->fd = -1;
	h->wanted = 0;
	h->on = 0;
}

void kd_inhibit_begin(struct kd_inhibit *h)
{
	struct ask *a;

	if (h->on)
		return;
	h->on = 1;
	h->wanted++;
	a = g_new0(struct ask, 1);
	a->h = h;
	a->which = h->wanted;
	g_bus_get(G_BUS_TYPE_SYSTEM, NULL, on_bus, a);
}

void kd_inhibit_end(struct kd_inhibit *h)
{
	h->on = 0;
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
}
