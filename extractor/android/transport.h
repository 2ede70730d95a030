/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A pipe of ADB packet pieces to one phone. usb.c is the real one, stream.c (a socket) serves the
 * tests. Only adb.c and allow.c send and receive through it. Every wait has a deadline and looks
 * at the watch, so that a cancel or the parent's end is noticed within a tenth of a second.
 */
#ifndef KT_ANDROID_TRANSPORT_H
#define KT_ANDROID_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_err;
struct kt_transport;

#define KT_ADB_HEAD 24 /* bytes of a packet header */

/* How often a wait looks at the watch, and how long a started packet may go on after it fired. */
#define KT_TRANSPORT_TICK_MS  100
#define KT_TRANSPORT_GRACE_MS 5000

/*
 * Asked between packets and during waits. Returns 0 to go on, KT_E_CANCELLED to stop at the next
 * packet border. Must not block.
 */
struct kt_watch {
	int (*check)(void *ctx);
	void *ctx; /* borrowed */
};

struct kt_transport_ops {
	/* The header, then the body (n may be 0), each with its own end-of-transfer mark. */
	int (*send)(struct kt_transport *t, const uint8_t *head, const void *body, size_t n,
		    int64_t deadline, struct kt_err *err);
	/* One header. A timeout or cancel leaves the stream at a packet border. */
	int (*recv_head)(struct kt_transport *t, uint8_t *head, int64_t deadline,
			 struct kt_err *err);
	/* Exactly n bytes of body. Any failure breaks the transport. */
	int (*recv_body)(struct kt_transport *t, void *p, size_t n, int64_t deadline,
			 struct kt_err *err);
	void (*close)(struct kt_transport *t); /* frees t */
};

struct kt_transport {
	const struct kt_transport_ops *ops;
	struct kt_watch watch;
	bool broken; /* packet borders are lost or the phone is gone: only close is left */
};

/* Milliseconds of the monotonic clock; all deadlines are on it. */
int64_t kt_mono_ms(void);

/* The earlier of a deadline and now + ms. */
int64_t kt_deadline_min(int64_t deadline, int64_t ms);

/* 0, or KT_E_CANCELLED when the watch says stop. */
int kt_transport_watch(const struct kt_transport *t);

/*
 * The three calls: 0, KT_E_TIMEOUT, KT_E_CANCELLED (recv_head alone), KT_E_DEVICE when the phone
 * is gone or broke the rules of the bus. Anything but a timeout or cancel of recv_head sets
 * t->broken.
 */
int kt_transport_send(struct kt_transport *t, const uint8_t *head, const void *body, size_t n,
		      int64_t deadline, struct kt_err *err);
int kt_transport_recv_head(struct kt_transport *t, uint8_t *head, int64_t deadline,
			   struct kt_err *err);
int kt_transport_recv_body(struct kt_transport *t, void *p, size_t n, int64_t deadline,
			   struct kt_err *err);

/* Closes and frees; NULL is fine. */
void kt_transport_close(struct kt_transport **t);

#endif
