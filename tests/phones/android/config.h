/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SIM_ANDROID_CONFIG_H
#define SIM_ANDROID_CONFIG_H

/*
 * Everything that can be chosen about one simulated phone, and the reader of the command line
 * that fills it. Used by sim-android and sim-usb. Strings point into argv and are not owned.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sim_prompt {
	SIM_PROMPT_ACCEPT,	/* the holder taps "Allow" and ticks "Always allow" */
	SIM_PROMPT_ACCEPT_ONCE, /* taps "Allow" without the tick: the key is not remembered */
	SIM_PROMPT_IGNORE,	/* nobody answers; the phone stays silent */
	SIM_PROMPT_DENY,	/* a new token each time */
	SIM_PROMPT_ALWAYS,	/* no authentication at all */
};

struct sim_config {
	/* identity */
	const char *serial, *manufacturer, *model, *banner, *features, *usb_id;
	/* content */
	const char *plug_when, *unplug_when, *tap_when;
	const char *storage, *commands, *props, *journal, *pubkey_log, *known_keys;
	int64_t clock_offset; /* seconds added to the host's clock */
	/* authentication */
	enum sim_prompt prompt;
	uint32_t prompt_ms;
	uint64_t revoke_after;
	bool forget_keys, stls, no_answer;
	/* protocol */
	bool old;
	uint64_t maxdata;
	/* range command */
	const char *range_command;
	bool no_range, range_eager;
	/* faults */
	uint64_t unplug_at, replug_after, stall_at, truncate_at, slow;
	uint64_t oversize_frame, bad_magic;
	int64_t lie_size;
	const char *deny_open, *unreadable;
	bool fail_recv, change_after_read, hostile_names, endless_list;
	bool device_open, stray, no_exit, dup_okay;
	/* USB only */
	bool busy, no_permission, no_debugging;
	uint64_t caps, packet_size, unplug_after_ms, plug_after_ms;
};

/* Not set: the value of a number option that was not given. */
#define SIM_UNSET UINT64_MAX

void sim_config_init(struct sim_config *cfg);

/*
 * Reads the phone option at argv[*pos] and moves *pos behind it and its value.
 * 1: taken, 0: not a phone option, -1: bad value (already reported on stderr).
 */
int sim_config_option(struct sim_config *cfg, int argc, char **argv, int *pos);

/* Decimal number with an optional suffix k, M or G (powers of 1024). 0 or -1. */
int sim_parse_u64(const char *text, uint64_t *value);

/* Prints every phone option with one line of explanation to stdout. */
void sim_config_help(void);

#endif
