/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/android/usb.h"

#include "core/devproto.h"
#include "core/err.h"
#include "extractor/android/transport.h"
#include "extractor/android/usb_find.h"

#include <libusb.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAIN_BLOCK  16384
#define DRAIN_BLOCKS 512 /* a session that broke off left at most 1 MiB or so */
#define EMPTY_READS  16	 /* zero-length reads in a row that a phone may answer with */
#define SYSTEM_TEXT  "the system does not let this user open it (udev rule missing?)"
#define BUSY_TEXT    "another program holds it (often an adb server: try 'adb kill-server')"

struct kt_usb {
	libusb_context *ctx;
};

/* One transfer that may be under way. */
struct xfer {
	struct libusb_transfer *t;
	int done; /* set by the callback; int because libusb wants to look at it */
	bool posted;
};

struct usb {
	struct kt_transport base;
	libusb_context *ctx; /* borrowed */
	libusb_device_handle *h;
	struct kt_usb_place place;
	struct xfer in_head, in_body, out;
	uint8_t head[KT_ADB_HEAD]; /* where in_head lands */
	uint8_t sent[KT_ADB_HEAD];
	bool stuck; /* a transfer could not be ended: its memory must stay */
};

bool kt_usb_needs_zlp(size_t n, size_t packet)
{
	return n > 0 && packet > 0 && n % packet == 0;
}

static void LIBUSB_CALL on_done(struct libusb_transfer *t)
{
	*(int *)t->user_data = 1;
}

static int status_fail(enum libusb_transfer_status st, struct kt_err *err)
{
	switch (st) {
	case LIBUSB_TRANSFER_NO_DEVICE:
		return KT_FAIL(err, KT_E_DEVICE, "the phone is no longer there");
	case LIBUSB_TRANSFER_OVERFLOW:
		return KT_FAIL(err, KT_E_DEVICE, "the phone sent more than it announced");
	case LIBUSB_TRANSFER_STALL:
		return KT_FAIL(err, KT_E_DEVICE, "the phone closed its end of the cable");
	default:
		return KT_FAIL(err, KT_E_DEVICE, "USB transfer failed (status %d)", (int)st);
	}
}

/* Starts a transfer unless it is under way already. */
static int post(struct usb *u, struct xfer *x, uint8_t ep, void *p, size_t n, struct kt_err *err)
{
	int r;

	if (x->posted)
		return 0;
	if (n > INT_MAX)
		return KT_FAIL(err, KT_E_LIMIT, "transfer of %zu bytes is too long", n);
	x->done = 0;
	libusb_fill_bulk_transfer(x->t, u->h, ep, p, (int)n, on_done, &x->done, 0);
	r = libusb_submit_transfer(x->t);
	if (r == LIBUSB_ERROR_NO_DEVICE)
		return KT_FAIL(err, KT_E_DEVICE, "the phone is no longer there");
	if (r < 0)
		return KT_FAIL(err, KT_E_DEVICE, "USB: %s", libusb_error_name(r));
	x->posted = true;
	return 0;
}

/* Ends a transfer that is under way and waits until libusb let go of its memory. */
static void stop(struct usb *u, struct xfer *x)
{
	int64_t until = kt_mono_ms() + KT_TRANSPORT_GRACE_MS;

	if (!x->posted)
		return;
	libusb_cancel_transfer(x->t);
	while (!x->done && kt_mono_ms() < until) {
		struct timeval tv = {0, KT_TRANSPORT_TICK_MS * 1000L};

		libusb_handle_events_timeout_completed(u->ctx, &tv, &x->done);
	}
	if (!x->done)
		u->stuck = true;
	x->posted = false;
}

/*
 * Waits for a posted transfer; *got gets its bytes. With may_leave a timeout or a cancel leaves it
 * posted, for the next call to pick up: no byte can get lost in between.
 */
static int await(struct usb *u, struct xfer *x, int64_t deadline, bool may_leave, size_t *got,
		 struct kt_err *err)
{
	bool grace = false;

	*got = 0;
	while (!x->done) {
		int64_t left = deadline - kt_mono_ms();
		struct timeval tv;
		int r;

		if (kt_transport_watch(&u->base) != 0) {
			if (may_leave)
				return KT_FAIL(err, KT_E_CANCELLED, "cancelled");
			if (!grace)
				deadline = kt_deadline_min(deadline, KT_TRANSPORT_GRACE_MS);
			grace = true;
		}
		if (left <= 0) {
			if (!may_leave)
				stop(u, x);
			return KT_FAIL(err, KT_E_TIMEOUT, "the phone does not answer");
		}
		if (left > KT_TRANSPORT_TICK_MS)
			left = KT_TRANSPORT_TICK_MS;
		tv.tv_sec = 0;
		tv.tv_usec = left * 1000;
		r = libusb_handle_events_timeout_completed(u->ctx, &tv, &x->done);
		if (r < 0 && r != LIBUSB_ERROR_INTERRUPTED && r != LIBUSB_ERROR_TIMEOUT)
			return KT_FAIL(err, KT_E_DEVICE, "USB: %s", libusb_error_name(r));
	}
	x->posted = false;
	if (x->t->status != LIBUSB_TRANSFER_COMPLETED)
		return status_fail(x->t->status, err);
	*got = (size_t)x->t->actual_length;
	return 0;
}

static int send_piece(struct usb *u, const void *p, size_t n, int64_t deadline, struct kt_err *err)
{
	size_t got;
	/* libusb takes a plain pointer for both directions; it does not write to this one. */
	int r = post(u, &u->out, u->place.ep_out, (void *)(uintptr_t)p, n, err);

	if (r < 0)
		return r;
	r = await(u, &u->out, deadline, false, &got, err);
	if (r < 0)
		return r;
	if (got != n)
		return KT_FAIL(err, KT_E_DEVICE, "the phone took %zu of %zu bytes", got, n);
	return 0;
}

static int usb_send(struct kt_transport *t, const uint8_t *head, const void *body, size_t n,
		    int64_t deadline, struct kt_err *err)
{
	struct usb *u = (struct usb *)t;
	int r;

	memcpy(u->sent, head, KT_ADB_HEAD);
	r = send_piece(u, u->sent, KT_ADB_HEAD, deadline, err);
	if (r == 0 && n > 0)
		r = send_piece(u, body, n, deadline, err);
	/* adbd reads fixed blocks: only a short packet ends one that is not full */
	if (r == 0 && kt_usb_needs_zlp(n, u->place.packet))
		r = send_piece(u, u->sent, 0, deadline, err);
	return r;
}

static int usb_recv_head(struct kt_transport *t, uint8_t *head, int64_t deadline,
			 struct kt_err *err)
{
	struct usb *u = (struct usb *)t;
	unsigned empty = 0;
	size_t got;
	int r;

	do {
		r = post(u, &u->in_head, u->place.ep_in, u->head, KT_ADB_HEAD, err);
		if (r < 0)
			return r;
		r = await(u, &u->in_head, deadline, true, &got, err);
		if (r < 0)
			return r;
	} while (got == 0 && ++empty < EMPTY_READS);
	if (got != KT_ADB_HEAD)
		return KT_FAIL(err, KT_E_DEVICE, "packet header of %zu bytes", got);
	memcpy(head, u->head, KT_ADB_HEAD);
	return 0;
}

static int usb_recv_body(struct kt_transport *t, void *p, size_t n, int64_t deadline,
			 struct kt_err *err)
{
	struct usb *u = (struct usb *)t;
	size_t have = 0, got;
	unsigned empty = 0;
	int r;

	while (have < n) {
		r = post(u, &u->in_body, u->place.ep_in, (uint8_t *)p + have, n - have, err);
		if (r < 0)
			return r;
		r = await(u, &u->in_body, deadline, false, &got, err);
		if (r < 0)
			return r;
		if (got == 0 && ++empty >= EMPTY_READS)
			return KT_FAIL(err, KT_E_DEVICE, "the phone sends empty packets");
		have += got;
	}
	/* The next header is asked for now: it can arrive while this body is worked on. */
	post(u, &u->in_head, u->place.ep_in, u->head, KT_ADB_HEAD, NULL);
	return 0;
}

static void usb_close(struct kt_transport *t)
{
	struct usb *u = (struct usb *)t;
	struct xfer *x[3] = {&u->in_head, &u->in_body, &u->out};

	for (size_t i = 0; i < 3; i++)
		stop(u, x[i]);
	if (u->h != NULL) {
		libusb_release_interface(u->h, u->place.iface);
		libusb_close(u->h);
	}
	if (u->stuck)
		return;
	for (size_t i = 0; i < 3; i++)
		libusb_free_transfer(x[i]->t);
	free(u);
}

static const struct kt_transport_ops usb_ops = {
	.send = usb_send,
	.recv_head = usb_recv_head,
	.recv_body = usb_recv_body,
	.close = usb_close,
};

int kt_usb_new(struct kt_usb **out, struct kt_err *err)
{
	struct kt_usb *u = calloc(1, sizeof(*u));
	int r;

	*out = NULL;
	if (u == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for USB");
	r = libusb_init(&u->ctx);
	if (r < 0) {
		free(u);
		return KT_FAIL(err, KT_E_DEVICE, "USB does not start: %s", libusb_error_name(r));
	}
	*out = u;
	return 0;
}

void kt_usb_free(struct kt_usb **u)
{
	if (*u != NULL) {
		libusb_exit((*u)->ctx);
		free(*u);
	}
	*u = NULL;
}

/* Opens the device for reading its texts; *h may stay NULL. Sets state and detail. */
static void look_at(libusb_device *dev, const struct kt_usb_place *place, libusb_device_handle **h,
		    struct kt_usb_phone *info)
{
	int r;

	*h = NULL;
	r = libusb_open(dev, h);
	if (r < 0)
		*h = NULL;
	kt_usb_describe(dev, *h, info);
	info->state = KT_STATE_CONNECTING;
	if (r == LIBUSB_ERROR_ACCESS) {
		info->state = KT_STATE_NO_PERMISSION;
		snprintf(info->detail, sizeof(info->detail), "%s", SYSTEM_TEXT);
	} else if (r == LIBUSB_ERROR_NO_DEVICE) {
		info->state = KT_STATE_NONE;
	} else if (r < 0) {
		info->state = KT_STATE_OFFLINE;
		snprintf(info->detail, sizeof(info->detail), "USB: %s", libusb_error_name(r));
	} else if (kt_usb_is_taken(dev, place)) {
		info->state = KT_STATE_BUSY;
		snprintf(info->detail, sizeof(info->detail), "%s", BUSY_TEXT);
	}
}

int kt_usb_list(struct kt_usb *u, struct kt_usb_phone *v, size_t max, size_t *n, struct kt_err *err)
{
	libusb_device **list;
	ssize_t count = libusb_get_device_list(u->ctx, &list);

	*n = 0;
	if (count < 0)
		return KT_FAIL(err, KT_E_DEVICE, "USB: %s", libusb_error_name((int)count));
	for (ssize_t i = 0; i < count && *n < max; i++) {
		libusb_device_handle *h;
		struct kt_usb_place place;

		if (!kt_usb_find_adb(list[i], &place))
			continue;
		look_at(list[i], &place, &h, &v[*n]);
		if (h != NULL)
			libusb_close(h);
		if (v[*n].state != KT_STATE_NONE)
			(*n)++;
	}
	libusb_free_device_list(list, 1);
	return 0;
}

/* Throws away what an earlier session left in the pipe. */
static void drain(struct usb *u)
{
	uint8_t *block = malloc(DRAIN_BLOCK);

	if (block == NULL)
		return;
	libusb_clear_halt(u->h, u->place.ep_out);
	libusb_clear_halt(u->h, u->place.ep_in);
	for (int i = 0; i < DRAIN_BLOCKS; i++) {
		int got = 0;
		int r = libusb_bulk_transfer(u->h, u->place.ep_in, block, DRAIN_BLOCK, &got,
					     KT_USB_DRAIN_MS);

		if (r != 0)
			break;
	}
	free(block);
}

static int claim(struct usb *u, struct kt_usb_phone *info, struct kt_err *err)
{
	int config = 0, r;

	if (libusb_get_configuration(u->h, &config) == 0 && config != u->place.config)
		libusb_set_configuration(u->h, u->place.config);
	r = libusb_claim_interface(u->h, u->place.iface);
	if (r == LIBUSB_ERROR_BUSY) {
		info->state = KT_STATE_BUSY;
		snprintf(info->detail, sizeof(info->detail), "%s", BUSY_TEXT);
		return KT_FAIL(err, KT_E_DEVICE, "%s", BUSY_TEXT);
	}
	if (r < 0) {
		info->state = r == LIBUSB_ERROR_NO_DEVICE ? KT_STATE_NONE : KT_STATE_OFFLINE;
		return KT_FAIL(err, KT_E_DEVICE, "USB: %s", libusb_error_name(r));
	}
	if (u->place.alt != 0)
		libusb_set_interface_alt_setting(u->h, u->place.iface, u->place.alt);
	return 0;
}

/* Takes over h, also on failure. */
static int make_transport(struct kt_usb *usb, libusb_device_handle *h,
			  const struct kt_usb_place *place, struct kt_usb_phone *info,
			  struct kt_transport **out, struct kt_err *err)
{
	struct usb *u = calloc(1, sizeof(*u));
	struct xfer *x[3];
	int r;

	if (u == NULL) {
		libusb_close(h);
		return KT_FAIL(err, KT_E_NOMEM, "no memory for USB");
	}
	*u = (struct usb){.base.ops = &usb_ops, .ctx = usb->ctx, .h = h, .place = *place};
	x[0] = &u->in_head;
	x[1] = &u->in_body;
	x[2] = &u->out;
	for (size_t i = 0; i < 3; i++)
		x[i]->t = libusb_alloc_transfer(0);
	if (u->in_head.t == NULL || u->in_body.t == NULL || u->out.t == NULL)
		r = KT_FAIL(err, KT_E_NOMEM, "no memory for USB");
	else
		r = claim(u, info, err);
	if (r < 0) {
		usb_close(&u->base);
		return r;
	}
	drain(u);
	*out = &u->base;
	return 0;
}

/* How well the phone answers to the serial: the open handle is kept of the one that fits. */
struct search {
	const char *serial;
	unsigned fits;
	libusb_device_handle *h;
	struct kt_usb_place place;
};

static void search_one(struct search *s, libusb_device *dev, struct kt_usb_phone *info)
{
	struct kt_usb_place place;
	struct kt_usb_phone here;
	libusb_device_handle *h;

	if (!kt_usb_find_adb(dev, &place))
		return;
	look_at(dev, &place, &h, &here);
	if (here.state == KT_STATE_NONE ||
	    (s->serial[0] != '\0' && strcmp(s->serial, here.serial) != 0)) {
		if (h != NULL)
			libusb_close(h);
		return;
	}
	s->fits++;
	if (s->h != NULL)
		libusb_close(s->h);
	s->h = h;
	s->place = place;
	*info = here;
}

int kt_usb_open(struct kt_usb *u, const char *serial, struct kt_transport **out,
		struct kt_usb_phone *info, struct kt_err *err)
{
	struct search s = {.serial = serial};
	libusb_device **list;
	ssize_t count = libusb_get_device_list(u->ctx, &list);

	*out = NULL;
	memset(info, 0, sizeof(*info));
	if (count < 0)
		return KT_FAIL(err, KT_E_DEVICE, "USB: %s", libusb_error_name((int)count));
	for (ssize_t i = 0; i < count; i++)
		search_one(&s, list[i], info);
	libusb_free_device_list(list, 1);
	if (s.fits > 1) {
		if (s.h != NULL)
			libusb_close(s.h);
		return KT_FAIL(err, KT_E_REFUSED, "%u phones fit: say which, or unplug one",
			       s.fits);
	}
	if (s.fits == 0)
		return KT_FAIL(err, KT_E_DEVICE, "no such phone with USB debugging is there");
	if (s.h == NULL)
		return KT_FAIL(err, KT_E_DEVICE, "%s", info->detail);
	return make_transport(u, s.h, &s.place, info, out, err);
}
