/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Inside usb.c's half of the house: where on a device the ADB interface is, and what the device
 * calls itself. Only usb.c includes it.
 */
#ifndef KT_ANDROID_USB_FIND_H
#define KT_ANDROID_USB_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_usb_phone;
struct libusb_device;
struct libusb_device_handle;

/* The ADB interface of a device. */
struct kt_usb_place {
	uint8_t config; /* value of the configuration it is in */
	uint8_t iface, alt;
	uint8_t ep_in, ep_out;
	uint16_t packet; /* wMaxPacketSize of the OUT endpoint */
};

/* Searches the active configuration first, then the others. */
bool kt_usb_find_adb(struct libusb_device *dev, struct kt_usb_place *place);

/*
 * Fills bus, address and texts: from the device through h when it is open, else (h NULL) from
 * what the kernel noted when the device was plugged in.
 */
void kt_usb_describe(struct libusb_device *dev, struct libusb_device_handle *h,
		     struct kt_usb_phone *out);

/* Whether the kernel notes a program of some user as owner of the interface. */
bool kt_usb_is_taken(struct libusb_device *dev, const struct kt_usb_place *place);

#endif
