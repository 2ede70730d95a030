/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The simulated iPhone: what all its parts share. One process, one thread per connection of a
 * client; everything that changes is guarded by `lock`. Sources of the protocols: the usbmuxd
 * plist protocol and lockdownd as libusbmuxd 2.0.2 and libimobiledevice 1.3.0 speak them, AFC and
 * mobilebackup2 as in public descriptions and logs of real phones. Nothing here was compared with
 * Apple hardware. README.md in the folder above says what is simulated and what is not.
 */
#ifndef SIM_IPHONE_SIM_H
#define SIM_IPHONE_SIM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <plist/plist.h>

#include "config.h"
#include "content.h"
#include "keybag.h"

#define SIM_PORT_LOCKDOWN 62078
#define SIM_PORT_FIRST	  49152
#define SIM_PORTS	  256
#define SIM_ESCROW_BYTES  32

struct sim_conn;

/* What lockdownd keeps of a host that was trusted. Entries are marked removed, never freed. */
struct sim_pair {
	char host_id[80];
	char *device_cert, *host_cert, *root_cert; /* PEM, owned */
	bool removed;
	struct sim_pair *next;
};

/* What usbmuxd keeps for the host's programs. */
struct sim_record {
	char *id;
	char *data;
	uint64_t len;
	struct sim_record *next;
};

/* A port that StartService opened; good for one connection. */
struct sim_port {
	uint16_t number; /* 0: free */
	const struct sim_service *service;
	const struct sim_pair *pair;
};

struct sim {
	struct sim_config cfg;
	int journal_fd;
	pthread_mutex_t lock;

	EVP_PKEY *key;	  /* the phone's own */
	char *public_pem; /* PKCS#1, as DevicePublicKey */
	uint8_t escrow[SIM_ESCROW_BYTES];
	struct sim_pair *pairs;
	struct sim_record *records;
	struct sim_port ports[SIM_PORTS];
	unsigned next_port;
	int64_t trust_asked_us; /* first Pair request, 0: none */

	struct sim_conn *conns; /* connections to the phone, for an unplug */
	_Atomic bool unplugged;
	_Atomic bool unplug_spent;
	_Atomic unsigned plugs; /* how often it was plugged in again */

	struct sim_content content;
	struct sim_keybag keybag;
	uint64_t relays; /* notifications sent so far, a number for each */
};

/* Microseconds of a clock that never jumps. */
int64_t sim_now_us(void);
/* Sleeps; returns early, with -1, when the phone was unplugged. */
int sim_sleep_us(struct sim *s, int64_t us);
/* Pulls the cable: every connection to the phone ends, listeners hear "Detached". */
void sim_unplug(struct sim *s);

#endif
