/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * One connection to a port of the iPhone through usbmuxd: a socket, in plain text or TLS, with a
 * deadline for every wait and an eye on the parent. TLS here names its peer: the phone must hold
 * the key that was paired. Only extractor/ios/allow.c sends through it.
 */
#ifndef KT_IOS_WIRE_H
#define KT_IOS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/time.h"
#include "extractor/image/image.h"

struct kt_err;
struct kt_pair;

#define KT_WIRE_BUFFER ((size_t)128 << 10)

struct kt_wire {
	int fd;	   /* -1: closed */
	void *ssl; /* NULL: plain text */
	struct kt_img_watch watch;
	uint8_t *buf; /* what came and was not taken yet: buf[at..end) */
	size_t at, end;
	uint64_t received;
};

static inline int64_t kt_wire_now(void) /* milliseconds of the monotonic clock */
{
	return kt_time_mono_ns() / 1000000;
}

/* Takes over fd. 0 or KT_E_NOMEM (fd is closed). */
int kt_wire_open(struct kt_wire *w, int fd, struct kt_img_watch watch, struct kt_err *err);
/* A wire that is closed already, or all zero, is fine. */
void kt_wire_close(struct kt_wire *w);
/*
 * Starts TLS with the certificates of the pairing. KT_E_REFUSED "impostor": the other side does
 * not hold the key of pair's device certificate; KT_E_DEVICE, KT_E_TIMEOUT, KT_E_CANCELLED.
 */
int kt_wire_tls(struct kt_wire *w, const struct kt_pair *pair, int64_t deadline,
		struct kt_err *err);
/*
 * Waits until at least one byte is there. KT_E_DEVICE: the connection is closed (0 bytes are the
 * end, always), KT_E_TIMEOUT, KT_E_CANCELLED.
 */
int kt_wire_fill(struct kt_wire *w, int64_t deadline, struct kt_err *err);
/* What is there without waiting: 1 something, 0 nothing yet, or KT_E_DEVICE. */
int kt_wire_look(struct kt_wire *w, struct kt_err *err);
/* Exactly n bytes. */
int kt_wire_read(struct kt_wire *w, void *p, size_t n, int64_t deadline, struct kt_err *err);
/* For allow.c alone. */
int kt_wire_send(struct kt_wire *w, const void *p, size_t n, int64_t deadline, struct kt_err *err);

#endif
