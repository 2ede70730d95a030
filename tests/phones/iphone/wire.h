/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A connection of a client, plain or TLS, and property lists with a length before them. Writes are
 * gathered until a read or a flush. Calls return 0, or -1 when the connection is of no more use.
 */
#ifndef SIM_IPHONE_WIRE_H
#define SIM_IPHONE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>
#include <plist/plist.h>

#define SIM_OUT_BYTES  65536
#define SIM_PLIST_MAX  ((size_t)64 << 20)
#define SIM_TEXT_BYTES 512

struct sim;
struct sim_pair;

struct sim_conn {
	struct sim *sim;
	int fd;
	SSL *ssl;
	unsigned device; /* which of two phones */
	bool to_phone;	 /* not merely to the mux */
	bool stream;	 /* the backup: byte counts, slowness and stalls apply */
	bool broken;
	const struct sim_pair *pair;
	uint64_t sent, received;
	uint8_t out[SIM_OUT_BYTES];
	size_t out_len;
	struct sim_conn *next;
};

int sim_read(struct sim_conn *c, void *p, size_t n);
int sim_write(struct sim_conn *c, const void *p, size_t n);
int sim_write_be32(struct sim_conn *c, uint32_t n);
int sim_flush(struct sim_conn *c);
/* 1 when something can be read (or the end), 0 after ms without. Negative ms: for ever. */
int sim_wait(struct sim_conn *c, int ms);

/* Big-endian length, then a plist, XML or binary. *out is the caller's. */
int sim_recv_plist(struct sim_conn *c, plist_t *out);
/* Sends and frees it. `place` is its name for faults; the mux has another header, see mux.c. */
int sim_send_plist(struct sim_conn *c, plist_t node, bool binary, const char *place);
/* The bytes of a plist as the faults of this place want them; *p by malloc. -1: send nothing. */
int sim_plist_bytes(struct sim_conn *c, plist_t node, bool binary, const char *place, char **p,
		    uint32_t *n);
/* To be called when all of `place` was sent: hangs up when that is the fault. */
int sim_sent(struct sim_conn *c, const char *place);

/* A text of a dict, cut to fit; "" when there is none. Returns buf. */
const char *sim_text(plist_t dict, const char *key, char buf[SIM_TEXT_BYTES]);
/* A text in an array. */
const char *sim_text_at(plist_t array, uint32_t index, char buf[SIM_TEXT_BYTES]);
/* An unsigned number of a dict, or def. */
uint64_t sim_number(plist_t dict, const char *key, uint64_t def);

#endif
