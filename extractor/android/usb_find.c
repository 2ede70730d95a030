/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/android/usb_find.h"

#include "core/io.h"
#include "extractor/android/usb.h"

#include <fcntl.h>
#include <libusb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ADB_CLASS    0xff
#define ADB_SUBCLASS 0x42
#define ADB_PROTOCOL 0x01
#define SYSFS_PORTS  8
#define SYSFS_NAME   64

static bool is_adb(const struct libusb_interface_descriptor *d, struct kt_usb_place *place)
{
	place->ep_in = place->ep_out = 0;
	if (d->bInterfaceClass != ADB_CLASS || d->bInterfaceSubClass != ADB_SUBCLASS ||
	    d->bInterfaceProtocol != ADB_PROTOCOL)
		return false;
	for (uint8_t i = 0; i < d->bNumEndpoints; i++) {
		const struct libusb_endpoint_descriptor *e = &d->endpoint[i];

		if ((e->bmAttributes & LIBUSB_TRANSFER_TYPE_MASK) != LIBUSB_TRANSFER_TYPE_BULK)
			continue;
		if ((e->bEndpointAddress & LIBUSB_ENDPOINT_DIR_MASK) == LIBUSB_ENDPOINT_IN) {
			place->ep_in = e->bEndpointAddress;
		} else {
			place->ep_out = e->bEndpointAddress;
			place->packet = e->wMaxPacketSize & 0x7ff;
		}
	}
	place->iface = d->bInterfaceNumber;
	place->alt = d->bAlternateSetting;
	return place->ep_in != 0 && place->ep_out != 0 && place->packet != 0;
}

static bool find_in_config(const struct libusb_config_descriptor *c, struct kt_usb_place *place)
{
	place->config = c->bConfigurationValue;
	for (uint8_t i = 0; i < c->bNumInterfaces; i++)
		for (int k = 0; k < c->interface[i].num_altsetting; k++)
			if (is_adb(&c->interface[i].altsetting[k], place))
				return true;
	return false;
}

bool kt_usb_find_adb(struct libusb_device *dev, struct kt_usb_place *place)
{
	struct libusb_device_descriptor d;
	struct libusb_config_descriptor *c;
	bool found = false;

	memset(place, 0, sizeof(*place));
	if (libusb_get_device_descriptor(dev, &d) < 0 || d.bDeviceClass == LIBUSB_CLASS_HUB)
		return false;
	if (libusb_get_active_config_descriptor(dev, &c) == 0) {
		found = find_in_config(c, place);
		libusb_free_config_descriptor(c);
	}
	for (uint8_t i = 0; !found && i < d.bNumConfigurations; i++) {
		if (libusb_get_config_descriptor(dev, i, &c) < 0)
			continue;
		found = find_in_config(c, place);
		libusb_free_config_descriptor(c);
	}
	return found;
}

/* "1-2.3", the kernel's name for the port. */
static bool port_name(struct libusb_device *dev, char *out, size_t size)
{
	uint8_t port[SYSFS_PORTS];
	int n = libusb_get_port_numbers(dev, port, SYSFS_PORTS);
	int len = snprintf(out, size, "%u", libusb_get_bus_number(dev));

	for (int i = 0; i < n; i++)
		len += snprintf(out + len, size - (size_t)len, "%c%u", i == 0 ? '-' : '.', port[i]);
	return n > 0;
}

static void read_sysfs(struct libusb_device *dev, const char *attribute, char *out, size_t size)
{
	char port[SYSFS_NAME], path[SYSFS_NAME * 3];
	ssize_t n;

	out[0] = '\0';
	if (!port_name(dev, port, sizeof(port)))
		return;
	snprintf(path, sizeof(path), "/sys/bus/usb/devices/%s/%s", port, attribute);
	KT_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, out, size - 1);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static void make_printable(char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			*s = '?';
}

static void read_text(struct libusb_device *dev, struct libusb_device_handle *h, uint8_t index,
		      const char *attribute, char *out, size_t size)
{
	out[0] = '\0';
	if (h == NULL)
		read_sysfs(dev, attribute, out, size);
	else if (index == 0 ||
		 libusb_get_string_descriptor_ascii(h, index, (unsigned char *)out, (int)size) < 0)
		out[0] = '\0';
	make_printable(out);
}

void kt_usb_describe(struct libusb_device *dev, struct libusb_device_handle *h,
		     struct kt_usb_phone *out)
{
	struct libusb_device_descriptor d;
	char port[SYSFS_NAME];

	memset(out, 0, sizeof(*out));
	out->bus = libusb_get_bus_number(dev);
	out->address = libusb_get_device_address(dev);
	if (libusb_get_device_descriptor(dev, &d) < 0)
		return;
	read_text(dev, h, d.iSerialNumber, "serial", out->serial, sizeof(out->serial));
	read_text(dev, h, d.iManufacturer, "manufacturer", out->manufacturer,
		  sizeof(out->manufacturer));
	read_text(dev, h, d.iProduct, "product", out->product, sizeof(out->product));
	if (out->serial[0] == '\0' && port_name(dev, port, sizeof(port)))
		snprintf(out->serial, sizeof(out->serial), "usb:%s", port);
}

bool kt_usb_is_taken(struct libusb_device *dev, const struct kt_usb_place *place)
{
	char port[SYSFS_NAME], path[SYSFS_NAME * 3], target[256];
	const char *base;
	ssize_t n;

	if (!port_name(dev, port, sizeof(port)))
		return false;
	snprintf(path, sizeof(path), "/sys/bus/usb/devices/%s:%u.%u/driver", port, place->config,
		 place->iface);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	base = strrchr(target, '/');
	return strcmp(base != NULL ? base + 1 : target, "usbfs") == 0;
}
