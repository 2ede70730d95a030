/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * usbmuxd, the daemon that carries connections to phones: which iPhones are on the cable, a
 * connection to a port of one, the computer's pair record. By cable alone; a phone that the daemon
 * knows over the network is not there for us.
 */
#ifndef KT_IOS_MUX_H
#define KT_IOS_MUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_buf;
struct kt_err;

#define KT_MUX_PHONES 32u
#define KT_MUX_UDID   64u

struct kt_mux_phone {
	uint32_t handle;
	uint16_t product; /* of the USB descriptor */
	char udid[KT_MUX_UDID];
};

/*
 * Where USBMUXD_SOCKET_ADDRESS leads: false: to a Unix socket (also when it is not set); *loopback
 * true: to a TCP port of this computer. KT_E_REFUSED: to another computer.
 */
int kt_mux_address(bool *loopback, struct kt_err *err);
/* 0 with *n phones; KT_E_DEVICE: the daemon can't be reached. */
int kt_mux_list(struct kt_mux_phone v[KT_MUX_PHONES], size_t *n, struct kt_err *err);
/* KT_E_ABSENT: not on the cable; KT_E_REFUSED: two with this name. */
int kt_mux_find(const char *udid, struct kt_mux_phone *p, struct kt_err *err);
/* A descriptor, to be closed by the caller, or KT_E_DEVICE. */
int kt_mux_connect(uint32_t handle, uint16_t port, struct kt_err *err);
/* The computer's own pair record for the phone; KT_E_ABSENT: it has none. */
int kt_mux_pair_record(const char *udid, struct kt_buf *out, struct kt_err *err);
/* The name of the computer towards phones, or a made-up one. */
void kt_mux_buid(char out[64]);

#endif
