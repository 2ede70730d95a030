/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SIM_USB_PIPE_H
#define SIM_USB_PIPE_H

/*
 * The two bulk endpoints of one phone, with the packet rules of a USB bus. The phone's thread
 * uses the sim_link, the thread that answers usbfs requests uses the host side. Host to phone:
 * the phone reads blocks of 16 KiB, each completed only when full or by a short packet. Phone to
 * host: transfers follow one another without zero-length packets.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../android/phone.h"

#define SIM_USB_BLOCK 16384

struct sim_transfer;

struct sim_pipe {
	struct sim_link link; /* must stay first */
	pthread_mutex_t lock;
	pthread_cond_t phone_wakes, host_wakes;
	size_t packet;
	bool plugged, claimed, stop;
	unsigned int generation;	  /* number of times the cable was plugged in */
	unsigned int claims, claims_seen; /* a new claim begins a new session */
	/* host to phone */
	uint8_t block[SIM_USB_BLOCK];
	size_t block_len;
	struct sim_transfer *out_head, *out_tail; /* complete blocks */
	uint8_t *msg; /* message under way, in the phone's thread alone */
	size_t msg_len;
	/* phone to host */
	struct sim_transfer *in_head, *in_tail;
	void (*on_unplug)(void *user);
	void *user;
};

int sim_pipe_init(struct sim_pipe *p, size_t packet);
void sim_pipe_free(struct sim_pipe *p);

/* Cable and claim, from any thread. */
void sim_pipe_plug(struct sim_pipe *p, bool plugged);
void sim_pipe_claim(struct sim_pipe *p, bool claimed);
void sim_pipe_stop(struct sim_pipe *p);
/* Still on the cable that was plugged in as the generation-th? */
bool sim_pipe_alive(struct sim_pipe *p, unsigned int generation);

/* An OUT transfer of the host; zlp: it asked for a zero-length packet if the length needs one. */
void sim_pipe_host_out(struct sim_pipe *p, const uint8_t *data, size_t len, bool zlp);

/*
 * One step of an IN transfer with room bytes left: hands a run of bytes to sink and returns its
 * length. *end tells whether the transfer is complete (short packet, or full).
 * SIM_PIPE_BABBLE: a packet did not fit. 0 with *end false: nothing is there now.
 */
#define SIM_PIPE_BABBLE ((size_t)-1)
typedef void sim_pipe_sink(void *user, const uint8_t *data, size_t len);
size_t sim_pipe_host_in(struct sim_pipe *p, size_t room, bool *end, sim_pipe_sink *sink,
			void *user);

/* Waits until there is something to read or the cable is out. */
void sim_pipe_host_wait(struct sim_pipe *p, unsigned int usec);

/* Phone's thread: blocks until a host has claimed the interface. False: the program ends. */
bool sim_pipe_wait_claim(struct sim_pipe *p);

#endif
