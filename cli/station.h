/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Whether this station is fit for an acquisition: known answers of our own code, swap, clock, room,
 * and what is on the USB bus. Looks only; never changes anything, never speaks to a phone.
 */
#ifndef KT_CLI_STATION_H
#define KT_CLI_STATION_H

#include <stdbool.h>
#include <stdint.h>

struct kt_jw;

enum kt_station_check {
	KT_STATION_SELF_TEST,
	KT_STATION_SWAP,
	KT_STATION_CLOCK,
	KT_STATION_ROOM,
	KT_STATION_KEYBOARD,
	KT_STATION_COUNT
};

enum kt_station_state {
	KT_STATION_GOOD,
	KT_STATION_WARNING,
	KT_STATION_FAILED,
	KT_STATION_UNKNOWN
};

struct kt_station {
	unsigned state[KT_STATION_COUNT]; /* enum kt_station_state */
	char text[KT_STATION_COUNT][80];
	uint64_t free_bytes; /* where there is less */
};

/* case_dir, out_dir: whose file systems are looked at; NULL: the current folder, none. */
void kt_station_look(struct kt_station *s, const char *case_dir, const char *out_dir);

/* What is to be done, judged beforehand: only what the options name. Goes into no log. */
#define KT_STATION_ASKED 6
struct kt_opts;
struct kt_station_asked {
	unsigned n, state[KT_STATION_ASKED];
	const char *id[KT_STATION_ASKED], *remedy[KT_STATION_ASKED];
	char text[KT_STATION_ASKED][400];
};
void kt_station_look_asked(const struct kt_opts *o, struct kt_station_asked *a);

/* "good", "warning", "failed" or "unknown". */
const char *kt_station_word(const struct kt_station *s, unsigned check);
/* An array with an object for each check. */
void kt_station_json(const struct kt_station *s, const struct kt_station_asked *a, struct kt_jw *w);

/*
 * What the kernel says about plugged-in devices: a phone that is a keyboard too; a phone or camera
 * that offers files and no debugging. False when the bus can't be looked at.
 */
bool kt_usb_look(bool *keyboard_phone, bool *without_debugging);

#endif
