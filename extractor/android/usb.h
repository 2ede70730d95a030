/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Phones on the USB bus: finds the ADB interface (class ff, subclass 42, protocol 01) wherever it
 * is, and opens it as a transport. It knows nothing of packets, never picks by vendor, never
 * detaches another driver and never ends another program's claim.
 */
#ifndef KT_ANDROID_USB_H
#define KT_ANDROID_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_err;
struct kt_transport;
struct kt_usb;

#define KT_USB_TEXT	128
#define KT_USB_PHONES	32 /* listed at most */
#define KT_USB_DRAIN_MS 30 /* quiet time that ends the search for stale data */

/* What the descriptors say; printable ASCII, other bytes became '?'. */
struct kt_usb_phone {
	uint8_t state; /* enum kt_dev_state; CONNECTING: nothing known speaks against connecting */
	uint8_t bus, address;
	char serial[KT_USB_TEXT]; /* "usb:BUS-PORT" for a phone that has none */
	char manufacturer[KT_USB_TEXT];
	char product[KT_USB_TEXT];
	char detail[KT_USB_TEXT]; /* why the state is what it is, "" when all is well */
};

/* *out is the caller's. 0 or KT_E_DEVICE (the USB system does not answer), KT_E_NOMEM. */
int kt_usb_new(struct kt_usb **out, struct kt_err *err);
/* Every transport must be closed before. NULL is fine. */
void kt_usb_free(struct kt_usb **u);

/* Fills at most max rows; *n gets their number. 0 or KT_E_DEVICE. */
int kt_usb_list(struct kt_usb *u, struct kt_usb_phone *v, size_t max, size_t *n,
		struct kt_err *err);

/*
 * Opens and claims the phone with this serial ("" means the only one there is), clears halts and
 * throws away stale data. *info is filled either way; on KT_E_DEVICE info->state says why: NONE,
 * NO_PERMISSION or BUSY. KT_E_REFUSED when more than one phone fits. *out is the caller's and
 * must be closed before u is freed.
 */
int kt_usb_open(struct kt_usb *u, const char *serial, struct kt_transport **out,
		struct kt_usb_phone *info, struct kt_err *err);

/* Whether a body of n bytes needs a zero-length packet to end its transfer. */
bool kt_usb_needs_zlp(size_t n, size_t packet);

#endif
