/* SPDX-License-Identifier: EUPL-1.2 */
#include "usbfs.h"

#include <errno.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "desc.h"

#define WAIT_MAX_USEC 2000
#define URB_MAX	      ((size_t)64 * 1024 * 1024)

struct sim_urb {
	struct sim_urb *next;
	UMockdevIoctlClient *client;
	UMockdevIoctlData *urb, *buffer;
	struct usbdevfs_urb u; /* as submitted; status and actual_length are ours */
	bool done;
};

static void urb_free(struct sim_urb *x)
{
	if (x->buffer)
		g_object_unref(x->buffer);
	g_object_unref(x->urb);
	free(x);
}

static void urb_unlink(struct sim_usbfs *f, struct sim_urb *x)
{
	struct sim_urb *before = NULL;

	for (struct sim_urb *i = f->head; i && i != x; i = i->next)
		before = i;
	if (before)
		before->next = x->next;
	else
		f->head = x->next;
	if (f->tail == x)
		f->tail = before;
}

static void complete(UMockdevIoctlClient *client, int error)
{
	umockdev_ioctl_client_complete(client, error ? -1 : 0, error);
}

static void urb_done(struct sim_urb *x, int status)
{
	x->u.status = status;
	x->done = true;
}

static void submit_control(struct sim_usbfs *f, struct sim_urb *x)
{
	uint8_t setup[8], reply[256];
	int n;

	memcpy(setup, x->buffer->data, sizeof(setup));
	n = sim_usb_control(f->cfg, setup, reply, (size_t)x->u.buffer_length - 8);
	if (n > 0)
		umockdev_ioctl_data_update(x->buffer, 8, reply, n);
	x->u.actual_length = n > 0 ? n : 0;
	urb_done(x, n < 0 ? -EPIPE : 0);
}

static void submit_out(struct sim_usbfs *f, struct sim_urb *x)
{
	size_t len = (size_t)x->u.buffer_length;
	bool zlp = x->u.flags & USBDEVFS_URB_ZERO_PACKET && len % f->pipe->packet == 0;

	sim_pipe_host_out(f->pipe, len ? x->buffer->data : (const uint8_t *)"", len, zlp);
	x->u.actual_length = x->u.buffer_length;
	urb_done(x, 0);
}

static int submit(struct sim_usbfs *f, UMockdevIoctlClient *client)
{
	UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);
	UMockdevIoctlData *urb =
		umockdev_ioctl_data_resolve(arg, 0, sizeof(struct usbdevfs_urb), NULL);
	struct sim_urb *x = urb ? calloc(1, sizeof(*x)) : NULL;
	size_t at = offsetof(struct usbdevfs_urb, buffer), len;
	bool in;

	if (!x)
		return EFAULT;
	x->urb = urb;
	x->client = client;
	memcpy(&x->u, urb->data, sizeof(x->u));
	x->u.actual_length = 0;
	len = (size_t)x->u.buffer_length;
	in = x->u.type == USBDEVFS_URB_TYPE_BULK && x->u.endpoint == SIM_USB_EP_IN;
	if (x->u.buffer_length < 0 || len > URB_MAX) {
		urb_free(x);
		return EINVAL;
	}
	if (len)
		x->buffer = umockdev_ioctl_data_resolve(urb, at, len, NULL);
	if (len && !x->buffer) {
		urb_free(x);
		return EFAULT;
	}
	if (x->u.type == USBDEVFS_URB_TYPE_CONTROL && len >= 8) {
		submit_control(f, x);
	} else if (x->u.type != USBDEVFS_URB_TYPE_BULK ||
		   (!in && x->u.endpoint != SIM_USB_EP_OUT) || f->claimer != client) {
		urb_free(x);
		return ENOENT;
	} else if (!in) {
		submit_out(f, x);
	}
	if (f->tail)
		f->tail->next = x;
	else
		f->head = x;
	f->tail = x;
	f->wait_usec = 0;
	return 0;
}

static void sink(void *user, const uint8_t *data, size_t len)
{
	struct sim_urb *x = user;

	umockdev_ioctl_data_update(x->buffer, (gsize)x->u.actual_length, (guint8 *)(uintptr_t)data,
				   (gint)len);
	x->u.actual_length += (int)len;
}

/* A short transfer ends the URBs that were its continuation, as the kernel does it. */
static void cancel_continuation(struct sim_urb *x)
{
	for (struct sim_urb *i = x->next; i; i = i->next) {
		if (i->client != x->client || i->u.endpoint != SIM_USB_EP_IN || i->done)
			continue;
		if (!(i->u.flags & USBDEVFS_URB_BULK_CONTINUATION))
			break;
		urb_done(i, -ECONNRESET);
	}
}

static void fill(struct sim_usbfs *f, struct sim_urb *x)
{
	bool end = false;

	while (!end) {
		size_t room = (size_t)(x->u.buffer_length - x->u.actual_length), n;

		n = room ? sim_pipe_host_in(f->pipe, room, &end, sink, x) : 0;
		if (n == SIM_PIPE_BABBLE) {
			urb_done(x, -EOVERFLOW);
			return;
		}
		if (!n && room)
			return;
		end = end || !room;
	}
	if (x->u.flags & USBDEVFS_URB_SHORT_NOT_OK && x->u.actual_length < x->u.buffer_length) {
		urb_done(x, -EREMOTEIO);
		cancel_continuation(x);
		return;
	}
	urb_done(x, 0);
}

/* The first finished URB of this client. Moves data into its IN URBs until there is one. */
static struct sim_urb *next_done(struct sim_usbfs *f, UMockdevIoctlClient *client, bool alive,
				 bool *waiting_in)
{
	struct sim_urb *x;

	*waiting_in = false;
	for (x = f->head; x; x = x->next)
		if (x->client == client && x->done)
			return x;
	for (x = f->head; x; x = x->next) {
		if (x->client != client)
			continue;
		if (!alive)
			urb_done(x, -ESHUTDOWN);
		else
			fill(f, x);
		if (x->done)
			return x;
		*waiting_in = true;
		break; /* a later URB may not overtake this one */
	}
	return NULL;
}

static int reap(struct sim_usbfs *f, UMockdevIoctlClient *client)
{
	UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client), *slot;
	bool alive = sim_pipe_alive(f->pipe, f->generation), waiting_in;
	struct sim_urb *x = next_done(f, client, alive, &waiting_in);

	if (!x && alive && f->wait_usec) {
		if (waiting_in)
			sim_pipe_host_wait(f->pipe, f->wait_usec);
		else
			usleep(f->wait_usec);
		alive = sim_pipe_alive(f->pipe, f->generation);
		x = next_done(f, client, alive, &waiting_in);
	}
	if (!x) {
		/* First answer at once, then wait longer each time: libusb asks again and again. */
		f->wait_usec = f->wait_usec ? 2 * f->wait_usec : 50;
		if (f->wait_usec > WAIT_MAX_USEC)
			f->wait_usec = WAIT_MAX_USEC;
		return alive ? EAGAIN : ENODEV;
	}
	f->wait_usec = 0;
	umockdev_ioctl_data_update(x->urb, offsetof(struct usbdevfs_urb, status),
				   (guint8 *)&x->u.status, sizeof(x->u.status));
	umockdev_ioctl_data_update(x->urb, offsetof(struct usbdevfs_urb, actual_length),
				   (guint8 *)&x->u.actual_length, sizeof(x->u.actual_length));
	slot = umockdev_ioctl_data_resolve(arg, 0, sizeof(void *), NULL);
	if (!slot)
		return EFAULT;
	umockdev_ioctl_data_set_ptr(slot, 0, x->urb);
	g_object_unref(slot);
	urb_unlink(f, x);
	urb_free(x);
	return 0;
}

static int discard(struct sim_usbfs *f, UMockdevIoctlClient *client)
{
	UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);
	gulong address;

	memcpy(&address, arg->data, sizeof(address));
	for (struct sim_urb *x = f->head; x; x = x->next) {
		if (x->client != client || x->urb->client_addr != address || x->done)
			continue;
		urb_done(x, -ENOENT);
		f->wait_usec = 0;
		return 0;
	}
	return EINVAL;
}

static unsigned int get_uint(UMockdevIoctlClient *client)
{
	UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);
	UMockdevIoctlData *d = umockdev_ioctl_data_resolve(arg, 0, sizeof(unsigned int), NULL);
	unsigned int v = ~0u;

	if (d) {
		memcpy(&v, d->data, sizeof(v));
		g_object_unref(d);
	}
	return v;
}

/* What the kernel does when the last descriptor of a device is closed. */
static void let_go(struct sim_usbfs *f, const UMockdevIoctlClient *client)
{
	struct sim_urb *next;

	if (f->claimer == client) {
		f->claimer = NULL;
		if (sim_pipe_alive(f->pipe, f->generation))
			sim_pipe_claim(f->pipe, false);
	}
	for (struct sim_urb *x = f->head; x; x = next) {
		next = x->next;
		if (x->client != client)
			continue;
		urb_unlink(f, x);
		urb_free(x);
	}
}

/* A client that is killed within an ioctl is destroyed without "client-vanished". */
static void destroyed(gpointer user, GObject *client)
{
	let_go(user, (UMockdevIoctlClient *)client);
}

static void vanished(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer user)
{
	struct sim_usbfs *f = user;

	(void)base;
	if (f->claimer == client)
		g_object_weak_unref(G_OBJECT(client), destroyed, f);
	let_go(f, client);
}

static int claim(struct sim_usbfs *f, UMockdevIoctlClient *client, unsigned int interface)
{
	if (interface > SIM_USB_ADB_INTERFACE)
		return EINVAL;
	if (interface != SIM_USB_ADB_INTERFACE)
		return 0;
	if (f->cfg->busy || (f->claimer && f->claimer != client))
		return EBUSY;
	if (!f->claimer) {
		sim_pipe_claim(f->pipe, true);
		g_object_weak_ref(G_OBJECT(client), destroyed, f);
	}
	f->claimer = client;
	return 0;
}

static int release(struct sim_usbfs *f, UMockdevIoctlClient *client, unsigned int interface)
{
	if (interface != SIM_USB_ADB_INTERFACE)
		return 0;
	if (f->claimer != client)
		return EINVAL;
	g_object_weak_unref(G_OBJECT(client), destroyed, f);
	f->claimer = NULL;
	sim_pipe_claim(f->pipe, false);
	return 0;
}

static int get_capabilities(const struct sim_usbfs *f, UMockdevIoctlClient *client)
{
	UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);
	UMockdevIoctlData *d = umockdev_ioctl_data_resolve(arg, 0, sizeof(uint32_t), NULL);
	uint32_t caps = (uint32_t)f->cfg->caps;

	if (!d)
		return EFAULT;
	umockdev_ioctl_data_update(d, 0, (guint8 *)&caps, sizeof(caps));
	g_object_unref(d);
	return 0;
}

static gboolean handle_ioctl(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer user)
{
	struct sim_usbfs *f = user;
	gulong request = umockdev_ioctl_client_get_request(client);
	int error = 0;

	(void)base;
	if (request == USBDEVFS_REAPURBNDELAY || request == USBDEVFS_REAPURB) {
		complete(client, reap(f, client));
		return TRUE;
	}
	if (request == USBDEVFS_DISCARDURB) {
		complete(client, discard(f, client));
		return TRUE;
	}
	if (!sim_pipe_alive(f->pipe, f->generation)) {
		complete(client, ENODEV);
		return TRUE;
	}
	switch (request) {
	case USBDEVFS_SUBMITURB:
		error = submit(f, client);
		break;
	case USBDEVFS_CLAIMINTERFACE:
	case USBDEVFS_DISCONNECT_CLAIM: /* begins with the interface number, too */
		error = claim(f, client, get_uint(client));
		break;
	case USBDEVFS_RELEASEINTERFACE:
		error = release(f, client, get_uint(client));
		break;
	case USBDEVFS_GET_CAPABILITIES:
		error = get_capabilities(f, client);
		break;
	case USBDEVFS_GETDRIVER:
	case USBDEVFS_IOCTL:
		error = ENODATA;
		break;
	case USBDEVFS_CLEAR_HALT:
	case USBDEVFS_RESET:
	case USBDEVFS_SETCONFIGURATION:
	case USBDEVFS_SETINTERFACE:
		break;
	default:
		error = ENOTTY;
	}
	complete(client, error);
	return TRUE;
}

struct sim_usbfs *sim_usbfs_new(const struct sim_config *cfg, struct sim_pipe *pipe,
				UMockdevTestbed *testbed, const char *devnode)
{
	struct sim_usbfs *f = calloc(1, sizeof(*f));
	GError *error = NULL;

	if (!f)
		return NULL;
	f->cfg = cfg;
	f->pipe = pipe;
	f->generation = pipe->generation;
	f->base = umockdev_ioctl_base_new();
	g_signal_connect(f->base, "handle-ioctl", G_CALLBACK(handle_ioctl), f);
	g_signal_connect(f->base, "client-vanished", G_CALLBACK(vanished), f);
	if (!umockdev_testbed_attach_ioctl(testbed, devnode, f->base, &error)) {
		fprintf(stderr, "sim-usb: %s\n", error->message);
		g_error_free(error);
		g_object_unref(f->base);
		free(f);
		return NULL;
	}
	return f;
}
