/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SIM_ANDROID_PHONE_H
#define SIM_ANDROID_PHONE_H

/*
 * One simulated phone as its ADB daemon shows it: connection, authentication, streams. It lives
 * in one thread; a session begins when a host takes the link and ends when the link is gone.
 * What the phone remembers (keys, journal, counters) stays across sessions.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth.h"
#include "config.h"
#include "journal.h"
#include "outq.h"
#include "storage.h"
#include "wire.h"

struct sim_msg {
	uint32_t cmd, arg0, arg1, len, check;
	const uint8_t *data; /* valid until the next recv */
};

enum sim_link_result {
	SIM_LINK_STOP = -3, /* the program ends */
	SIM_LINK_BAD = -2,  /* the host broke a rule of the transport; see link->error */
	SIM_LINK_GONE = -1, /* the host left, or the cable did */
	SIM_LINK_TIMEOUT = 0,
	SIM_LINK_MSG = 1,
};

/* What carries messages. All calls come from the phone's thread. */
struct sim_link {
	enum sim_link_result (*recv)(struct sim_link *l, struct sim_msg *m, int timeout_ms);
	/* head_len is SIM_HEADER except for a message cut short by a fault. */
	int (*send)(struct sim_link *l, const uint8_t *head, size_t head_len, const uint8_t *data,
		    size_t len);
	void (*flush)(struct sim_link *l);  /* drop what the host has not fetched */
	void (*unplug)(struct sim_link *l); /* once everything sent has been fetched */
	const char *error;
	uint64_t received; /* bytes from the host, counted by the link */
};

struct sim_stream;

struct sim_service {
	/* arg: what follows the colon. 0, or -1 to refuse. */
	int (*open)(struct sim_stream *s, const char *arg);
	int (*input)(struct sim_stream *s, const uint8_t *data, size_t len); /* -1: close */
	void (*more)(struct sim_stream *s); /* out ran empty; may add to it; may be NULL */
	void (*free)(struct sim_stream *s);
};

struct sim_stream {
	struct sim_stream *next;
	struct sim_phone *phone;
	const struct sim_service *service;
	void *state;
	uint32_t local, remote;
	bool waiting;	  /* for the OKAY of our last WRTE */
	bool ending;	  /* close when out is empty */
	int64_t ready_ms; /* say nothing before */
	struct sim_outq out;
};

struct sim_phone {
	struct sim_config cfg;
	struct sim_journal journal;
	struct sim_keys keys;
	struct sim_storage storage;
	struct sim_link *link;
	struct sim_stream *streams;
	uint32_t next_local, version, maxdata;
	bool online, stalled, did_unplug, did_stall, did_oversize, did_magic;
	bool key_pending;
	struct sim_key pending;
	int64_t prompt_ms; /* when the holder taps; 0: no dialog */
	uint8_t token[SIM_TOKEN];
	uint64_t connections, accepted, sent, sent_session;
	uint8_t *tx;
};

/* The journal and the directories are opened. 0, or -1 with a message on stderr. */
int sim_phone_init(struct sim_phone *p, const struct sim_config *cfg);
void sim_phone_free(struct sim_phone *p);

/* Serves one host until the link is gone. Returns why it ended. */
enum sim_link_result sim_phone_session(struct sim_phone *p, struct sim_link *link);

/* What an unplug changes on the phone itself. */
void sim_phone_unplugged(struct sim_phone *p);

int64_t sim_now_ms(void);

/* NULL, or what in this shell command would change the phone. */
const char *sim_state_changing(const char *command);

/* Value of a property of --props, copied to buf. False if there is none. */
bool sim_getprop(const struct sim_config *cfg, const char *key, char *buf, size_t cap);

extern const struct sim_service sim_shell_service, sim_sync_service;

#endif
