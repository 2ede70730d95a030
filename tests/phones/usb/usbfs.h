/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SIM_USB_USBFS_H
#define SIM_USB_USBFS_H

/*
 * Answers the usbfs ioctls of one device node. Everything here runs in umockdev's own thread; it
 * never waits longer than 2 ms.
 */

#include <umockdev.h>

#include "pipe.h"

/* One life of a device node: from plugging in to unplugging. */
struct sim_usbfs {
	const struct sim_config *cfg;
	struct sim_pipe *pipe;
	unsigned int generation;
	UMockdevIoctlBase *base;
	UMockdevIoctlClient *claimer;
	struct sim_urb *head, *tail; /* in the order of submission */
	unsigned int wait_usec;
};

/* The handler stays until the program ends: a host may keep the node of a gone device open. */
struct sim_usbfs *sim_usbfs_new(const struct sim_config *cfg, struct sim_pipe *pipe,
				UMockdevTestbed *testbed, const char *devnode);

#endif
