/* SPDX-License-Identifier: EUPL-1.2 */
#include "desc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../android/config.h"

#define DEVICE_LEN 18
#define FILES_LEN  (9 + 9 + 3 * 7)
#define CONFIG_LEN (FILES_LEN + 9 + 2 * 7)

enum string_index { S_NONE, S_MANUFACTURER, S_PRODUCT, S_SERIAL, S_MTP, S_ADB };

static void usb_ids(const struct sim_config *cfg, unsigned int *vendor, unsigned int *product)
{
	char *end;

	*vendor = (unsigned int)strtoul(cfg->usb_id, &end, 16) & 0xffff;
	*product = *end == ':' ? (unsigned int)strtoul(end + 1, NULL, 16) & 0xffff : 0x4ee7;
}

static size_t put_endpoint(uint8_t *p, uint8_t address, uint8_t type, size_t packet)
{
	const uint8_t d[7] = {
		7, 5, address, type, (uint8_t)packet, (uint8_t)(packet >> 8), type == 3 ? 6 : 0};

	memcpy(p, d, sizeof(d));
	return sizeof(d);
}

static size_t put_interface(uint8_t *p, uint8_t number, uint8_t endpoints, const uint8_t class[3],
			    uint8_t string)
{
	const uint8_t d[9] = {9, 4, number, 0, endpoints, class[0], class[1], class[2], string};

	memcpy(p, d, sizeof(d));
	return sizeof(d);
}

size_t sim_usb_descriptors(const struct sim_config *cfg, uint8_t out[SIM_USB_DESC_MAX])
{
	static const uint8_t mtp[3] = {6, 1, 1}, adb[3] = {0xff, 0x42, 0x01};
	unsigned int vendor, product;
	size_t packet = cfg->packet_size;
	uint8_t *p = out;

	usb_ids(cfg, &vendor, &product);
	const uint8_t device[DEVICE_LEN] = {DEVICE_LEN,
					    1,
					    0,
					    packet > 512 ? 3 : 2,
					    0,
					    0,
					    0,
					    packet > 512 ? 9 : 64,
					    (uint8_t)vendor,
					    (uint8_t)(vendor >> 8),
					    (uint8_t)product,
					    (uint8_t)(product >> 8),
					    0,
					    5,
					    S_MANUFACTURER,
					    S_PRODUCT,
					    S_SERIAL,
					    1};
	const uint8_t config[9] = {9,
				   2,
				   cfg->no_debugging ? FILES_LEN : CONFIG_LEN,
				   0,
				   cfg->no_debugging ? 1 : 2,
				   1,
				   0,
				   0x80,
				   250};

	memcpy(p, device, sizeof(device));
	p += sizeof(device);
	memcpy(p, config, sizeof(config));
	p += sizeof(config);
	p += put_interface(p, 0, 3, mtp, S_MTP);
	p += put_endpoint(p, 0x81, 2, packet);
	p += put_endpoint(p, 0x01, 2, packet);
	p += put_endpoint(p, 0x82, 3, 28);
	if (cfg->no_debugging)
		return (size_t)(p - out);
	p += put_interface(p, SIM_USB_ADB_INTERFACE, 2, adb, S_ADB);
	p += put_endpoint(p, SIM_USB_EP_OUT, 2, packet);
	p += put_endpoint(p, SIM_USB_EP_IN, 2, packet);
	return (size_t)(p - out);
}

/* ASCII to a UTF-16 string descriptor. */
static size_t put_string(const char *text, uint8_t *out)
{
	size_t n = strlen(text);

	if (n > 126)
		n = 126;
	out[0] = (uint8_t)(2 + 2 * n);
	out[1] = 3;
	for (size_t i = 0; i < n; i++) {
		out[2 + 2 * i] = (uint8_t)text[i];
		out[3 + 2 * i] = 0;
	}
	return out[0];
}

int sim_usb_control(const struct sim_config *cfg, const uint8_t setup[8], uint8_t *out, size_t cap)
{
	const char *const strings[] = {NULL,  cfg->manufacturer, cfg->model, cfg->serial,
				       "MTP", "ADB Interface"};
	static const uint8_t languages[4] = {4, 3, 9, 4};
	uint8_t reply[256];
	uint8_t all[SIM_USB_DESC_MAX];
	size_t n, want = (size_t)setup[6] | (size_t)setup[7] << 8;

	if (setup[0] != 0x80 || setup[1] != 6)
		return -1;
	n = sim_usb_descriptors(cfg, all);
	if (setup[3] == 1) {
		n = DEVICE_LEN;
		memcpy(reply, all, n);
	} else if (setup[3] == 2) {
		n -= DEVICE_LEN;
		memcpy(reply, all + DEVICE_LEN, n);
	} else if (setup[3] == 3 && setup[2] == S_NONE) {
		n = sizeof(languages);
		memcpy(reply, languages, n);
	} else if (setup[3] == 3 && setup[2] <= S_ADB) {
		n = put_string(strings[setup[2]], reply);
	} else {
		return -1;
	}
	if (n > want)
		n = want;
	if (n > cap)
		n = cap;
	memcpy(out, reply, n);
	return (int)n;
}

void sim_usb_syspath(unsigned int port, char *out, size_t cap)
{
	snprintf(out, cap, "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-%u", port);
}

void sim_usb_devnode(unsigned int devnum, char *out, size_t cap)
{
	snprintf(out, cap, "/dev/bus/usb/001/%03u", devnum);
}

void sim_usb_files_syspath(unsigned int port, char *out, size_t cap)
{
	snprintf(out, cap, "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-%u/1-%u:1.0", port, port);
}

char *sim_usb_umockdev_text(const struct sim_config *cfg, unsigned int port, unsigned int devnum)
{
	uint8_t desc[SIM_USB_DESC_MAX];
	char hex[2 * SIM_USB_DESC_MAX + 1];
	size_t n = sim_usb_descriptors(cfg, desc);
	unsigned int vendor, product;
	char *text = NULL;

	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02X", desc[i]);
	usb_ids(cfg, &vendor, &product);
	if (asprintf(&text,
		     "P: /devices/pci0000:00/0000:00:14.0/usb1/1-%u\n"
		     "N: bus/usb/001/%03u=%s\n"
		     "E: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\nE: DRIVER=usb\n"
		     "E: DEVNAME=/dev/bus/usb/001/%03u\nE: BUSNUM=001\nE: DEVNUM=%03u\n"
		     "E: MAJOR=189\nE: MINOR=%u\nE: PRODUCT=%x/%x/500\n"
		     "E: ID_VENDOR_ID=%04x\nE: ID_MODEL_ID=%04x\nE: ID_SERIAL_SHORT=%s\n"
		     "A: busnum=1\nA: devnum=%u\nA: devpath=%u\nA: speed=%s\n"
		     "A: bConfigurationValue=1\nA: bNumConfigurations=1\nA: bDeviceClass=00\n"
		     "A: idVendor=%04x\nA: idProduct=%04x\n"
		     "A: manufacturer=%s\nA: product=%s\nA: serial=%s\n"
		     "H: descriptors=%s\n",
		     port, devnum, hex, devnum, devnum, devnum - 1, vendor, product, vendor,
		     product, cfg->serial, devnum, port, cfg->packet_size > 512 ? "5000" : "480",
		     vendor, product, cfg->manufacturer, cfg->model, cfg->serial, hex) < 0)
		return NULL;
	return text;
}
