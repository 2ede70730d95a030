/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SIM_ANDROID_TCP_H
#define SIM_ANDROID_TCP_H

/* The link of sim-android: messages over one TCP connection, without transfer boundaries. */

#include <stdbool.h>

#include "phone.h"

struct sim_tcp {
	struct sim_link link; /* must stay first */
	int fd;
	bool cut;
	uint8_t *buf;
	size_t have;
};

/* Takes fd over. 0 or -1. */
int sim_tcp_init(struct sim_tcp *t, int fd);
void sim_tcp_free(struct sim_tcp *t);

#endif
