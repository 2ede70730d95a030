/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * ADB packets and streams over a transport: framing, checksums, the connection's limits and a
 * table of streams. Opening a stream is allow.c's alone; what the phone tries to open is closed.
 * A payload is acknowledged only when its reader says so: a phone can't run ahead of its reader.
 */
#ifndef KT_ANDROID_ADB_H
#define KT_ANDROID_ADB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

struct kt_err;
struct kt_transport;

#define KT_ADB_CNXN 0x4e584e43u
#define KT_ADB_AUTH 0x48545541u
#define KT_ADB_OPEN 0x4e45504fu
#define KT_ADB_OKAY 0x59414b4fu
#define KT_ADB_CLSE 0x45534c43u
#define KT_ADB_WRTE 0x45545257u
#define KT_ADB_STLS 0x534c5453u

#define KT_ADB_VERSION_OLD	 0x01000000u /* checksums are required */
#define KT_ADB_VERSION		 0x01000001u /* checksums are not looked at */
#define KT_ADB_PAYLOAD_MIN	 4096u	     /* before both sides have said more */
#define KT_ADB_PAYLOAD_MAX	 (1u << 20)
#define KT_ADB_STREAMS		 8
#define KT_ADB_TOKEN		 20
#define KT_ADB_AUTH_TOKEN	 1u
#define KT_ADB_AUTH_SIGNATURE	 2u
#define KT_ADB_AUTH_RSAPUBLICKEY 3u

/* How long to wait, in milliseconds. */
#define KT_ADB_SEND_MS	  10000 /* for the phone to take one packet */
#define KT_ADB_BODY_MS	  10000 /* for the body after its header ... */
#define KT_ADB_BODY_PACE  64	/* ... plus its length at this pace: bytes per millisecond */
#define KT_ADB_CONNECT_MS 10000 /* for the first answer of a phone */
#define KT_ADB_IDLE_MS	  30000 /* for the next packet of a stream that should be talking */

/* What a phone understands. */
#define KT_ADB_F_SHELL_V2 1u
#define KT_ADB_F_STAT_V2  2u
#define KT_ADB_F_LS_V2	  4u

struct kt_adb_packet {
	uint32_t cmd, arg0, arg1, len;
	const uint8_t *p; /* borrowed: valid until the next packet is received */
};

enum kt_adb_stream_state { KT_ADB_FREE = 0, KT_ADB_OPENING, KT_ADB_OPENED, KT_ADB_CLOSED };

struct kt_adb_stream {
	enum kt_adb_stream_state state;
	uint32_t local, remote;
	bool in_flight;	     /* a WRTE of ours has no OKAY yet */
	bool unacked;	     /* a WRTE of the phone has no OKAY yet */
	const uint8_t *data; /* borrowed: the unacknowledged payload */
	size_t len;
};

struct kt_adb {
	struct kt_transport *t; /* owned */
	uint32_t version, max_payload;
	unsigned features; /* KT_ADB_F_* */
	bool connected;
	struct kt_buf banner; /* as the phone sent it */
	uint32_t next_local;
	unsigned refused_opens; /* streams that the phone tried to open */
	struct kt_adb_stream stream[KT_ADB_STREAMS];
	uint8_t *rx; /* owned, KT_ADB_PAYLOAD_MAX bytes */
};

/* Takes over t, also on failure. *out is the caller's. 0 or KT_E_NOMEM. */
int kt_adb_new(struct kt_transport *t, struct kt_adb **out, struct kt_err *err);
/* Closes streams and transport. NULL is fine. */
void kt_adb_free(struct kt_adb **a);
/* No packet can be exchanged any more. */
bool kt_adb_is_broken(const struct kt_adb *a);

/* Header bytes of a packet; with_sum: a checksum of the body is put in. */
void kt_adb_encode(uint8_t head[24], uint32_t cmd, uint32_t arg0, uint32_t arg1, const void *p,
		   size_t n, bool with_sum);

/*
 * Sends one packet, except OPEN (KT_E_REFUSED). 0, KT_E_DEVICE, or KT_E_TIMEOUT (the connection
 * is broken then).
 */
int kt_adb_send(struct kt_adb *a, uint32_t cmd, uint32_t arg0, uint32_t arg1, const void *p,
		size_t n, struct kt_err *err);
/*
 * Receives one packet of any kind. 0, KT_E_TIMEOUT and KT_E_CANCELLED at a packet border,
 * KT_E_DEVICE for a lost phone or one that breaks the protocol.
 */
int kt_adb_recv(struct kt_adb *a, struct kt_adb_packet *pkt, int64_t deadline, struct kt_err *err);

/* Notes what a CNXN packet says: version, payload limit, banner, features. 0 or KT_E_LIMIT. */
int kt_adb_set_peer(struct kt_adb *a, const struct kt_adb_packet *pkt, struct kt_err *err);
/* Whether the banner is of this type ("device", "recovery", ...). */
bool kt_adb_banner_is(const struct kt_adb *a, const char *type);

/* A free row with a fresh local id, state OPENING; NULL when all are taken. For allow.c. */
struct kt_adb_stream *kt_adb_stream_take(struct kt_adb *a);

enum kt_adb_event {
	KT_ADB_EV_READY = 1, /* the phone took what was written (or opened the stream) */
	KT_ADB_EV_DATA,	     /* s->data, s->len: to be acknowledged when taken */
	KT_ADB_EV_CLOSED,    /* the phone closed the stream */
};

/*
 * Waits for the next event of one stream. The payload of an earlier DATA must have been
 * acknowledged. 0, or what kt_adb_recv() returns.
 */
int kt_adb_wait(struct kt_adb *a, struct kt_adb_stream *s, int64_t deadline, enum kt_adb_event *ev,
		struct kt_err *err);
/* Writes to a stream with nothing in flight; at most max_payload bytes. */
int kt_adb_write(struct kt_adb *a, struct kt_adb_stream *s, const void *p, size_t n,
		 struct kt_err *err);
/* The reader is done with s->data. */
int kt_adb_ack(struct kt_adb *a, struct kt_adb_stream *s, struct kt_err *err);
/* Closes (tells the phone unless it closed first) and frees the row; *s becomes NULL. */
void kt_adb_stream_close(struct kt_adb *a, struct kt_adb_stream **s);

#endif
