/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SIM_USB_DESC_H
#define SIM_USB_DESC_H

/*
 * USB descriptors of a phone with two interfaces (MTP-like first, ADB second), and the text in
 * which umockdev wants a device described.
 */

#include <stddef.h>
#include <stdint.h>

#define SIM_USB_EP_OUT	      0x02
#define SIM_USB_EP_IN	      0x83
#define SIM_USB_ADB_INTERFACE 1
#define SIM_USB_DESC_MAX      128

struct sim_config;

/* Device descriptor followed by the whole configuration. Returns the length. */
size_t sim_usb_descriptors(const struct sim_config *cfg, uint8_t out[SIM_USB_DESC_MAX]);

/* The answer to a control request, or -1 for a stall. */
int sim_usb_control(const struct sim_config *cfg, const uint8_t setup[8], uint8_t *out, size_t cap);

/* syspath as umockdev wants it: /sys/devices/... */
void sim_usb_syspath(unsigned int port, char *out, size_t cap);
void sim_usb_devnode(unsigned int devnum, char *out, size_t cap);

/* Returns the text; the caller frees it. NULL: no memory. */
/* The interface that offers files, of a phone without debugging. */
void sim_usb_files_syspath(unsigned int port, char *out, size_t cap);

char *sim_usb_umockdev_text(const struct sim_config *cfg, unsigned int port, unsigned int devnum);

#endif
