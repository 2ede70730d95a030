/* SPDX-License-Identifier: EUPL-1.2 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { FLAG, TEXT, NUMBER, SIGNED, PROMPT };

struct option {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *value; /* how the value is called in --help */
	const char *help;
};

#define O(field) offsetof(struct sim_config, field)

static const struct option options[] = {
	{"serial", TEXT, O(serial), "TEXT", "USB serial number (default SIM0001)"},
	{"manufacturer", TEXT, O(manufacturer), "TEXT", "manufacturer string"},
	{"model", TEXT, O(model), "TEXT", "product string and ro.product.model"},
	{"usb-id", TEXT, O(usb_id), "VVVV:PPPP", "vendor and product id (default 18d1:4ee7)"},
	{"banner", TEXT, O(banner), "TYPE", "device, recovery, sideload, rescue, bootloader"},
	{"features", TEXT, O(features), "LIST", "feature list of the banner"},
	{"storage", TEXT, O(storage), "DIR", "served as /sdcard"},
	{"commands", TEXT, O(commands), "DIR", "NAME.cmd with NAME.out .err .exit .delay_ms"},
	{"props", TEXT, O(props), "FILE", "key=value lines, for getprop and the banner"},
	{"journal", TEXT, O(journal), "FILE", "append one line per event"},
	{"clock-offset", SIGNED, O(clock_offset), "S", "phone clock = host clock + S seconds"},
	{"prompt", PROMPT, 0, "HOW",
	 "accept[:MS], accept-once[:MS], ignore, deny, always-authorised"},
	{"known-keys", TEXT, O(known_keys), "FILE", "public keys accepted from the start"},
	{"pubkey-log", TEXT, O(pubkey_log), "FILE", "append 'MD5 key' for each key received"},
	{"revoke-after", NUMBER, O(revoke_after), "N", "forget all keys after N connections"},
	{"forget-keys", FLAG, O(forget_keys), NULL, "forget all keys on unplug"},
	{"stls", FLAG, O(stls), NULL, "answer CNXN with STLS"},
	{"no-answer", FLAG, O(no_answer), NULL, "never answer CNXN"},
	{"old", FLAG, O(old), NULL, "protocol 0x01000000: checksums, 4096-byte payloads"},
	{"maxdata", NUMBER, O(maxdata), "N", "announced maximum payload (default 1M)"},
	{"range-command", TEXT, O(range_command), "CMD", "text of the range command"},
	{"no-range", FLAG, O(no_range), NULL, "dd knows no iflag: the range command fails"},
	{"range-eager", FLAG, O(range_eager), NULL,
	 "run a triple at once (toybox waits for the next operand or the end)"},
	{"unplug-at", NUMBER, O(unplug_at), "N", "unplug after N bytes to the host, once"},
	{"unplug-after-ms", NUMBER, O(unplug_after_ms), "MS", "unplug MS after the start, once"},
	{"plug-after-ms", NUMBER, O(plug_after_ms), "MS", "plugged in only MS after the start"},
	{"plug-when", TEXT, O(plug_when), "FILE", "plugged in only once FILE exists"},
	{"tap-when", TEXT, O(tap_when), "FILE", "the holder taps only once FILE exists"},
	{"unplug-when", TEXT, O(unplug_when), "FILE", "unplug once FILE exists, once"},
	{"replug-after", NUMBER, O(replug_after), "MS", "plug in again MS after an unplug"},
	{"stall-at", NUMBER, O(stall_at), "N", "say nothing more after N bytes, once"},
	{"slow", NUMBER, O(slow), "BYTES_PER_S", "limit what is sent"},
	{"deny-open", TEXT, O(deny_open), "PREFIX", "refuse services that begin so"},
	{"truncate-at", NUMBER, O(truncate_at), "N", "close a RECV after N file bytes, no DONE"},
	{"fail-recv", FLAG, O(fail_recv), NULL, "FAIL in the middle of each RECV"},
	{"lie-size", SIGNED, O(lie_size), "+N|-N", "stat and list sizes are off by N"},
	{"change-after-read", FLAG, O(change_after_read), NULL,
	 "size and mtime of a file grow once it was read"},
	{"hostile-names", FLAG, O(hostile_names), NULL, "each listing also holds vile names"},
	{"endless-list", FLAG, O(endless_list), NULL, "a listing never ends"},
	{"unreadable", TEXT, O(unreadable), "DIR", "list of this directory is DONE at once"},
	{"oversize-frame", NUMBER, O(oversize_frame), "N",
	 "a header with data_length 0x7fffffff after N bytes, once"},
	{"bad-magic", NUMBER, O(bad_magic), "N", "a header with wrong magic after N bytes, once"},
	{"device-open", FLAG, O(device_open), NULL, "send OPEN tcp:5037 to the host"},
	{"stray", FLAG, O(stray), NULL, "stale data lie in the pipe when the host connects"},
	{"no-exit", FLAG, O(no_exit), NULL, "shell streams close without an exit packet"},
	{"dup-okay", FLAG, O(dup_okay), NULL, "every OKAY is sent twice"},
	{"busy", FLAG, O(busy), NULL, "USB: claiming the ADB interface fails with EBUSY"},
	{"no-permission", FLAG, O(no_permission), NULL, "USB: opening the node fails, EACCES"},
	{"no-debugging", FLAG, O(no_debugging), NULL, "USB: it offers files alone"},
	{"caps", NUMBER, O(caps), "N", "USB: usbfs capabilities (default 29; 0 splits URBs)"},
	{"packet-size", NUMBER, O(packet_size), "N", "USB: wMaxPacketSize, 512 or 1024"},
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

void sim_config_init(struct sim_config *cfg)
{
	memset(cfg, 0, sizeof(*cfg));
	cfg->serial = "SIM0001";
	cfg->manufacturer = "Keten";
	cfg->model = "Simulated Phone";
	cfg->usb_id = "18d1:4ee7";
	cfg->banner = "device";
	cfg->features = "shell_v2,cmd,stat_v2,ls_v2,fixed_push_mkdir,abb,abb_exec";
	cfg->prompt = SIM_PROMPT_ACCEPT;
	cfg->revoke_after = SIM_UNSET;
	cfg->maxdata = SIM_UNSET;
	cfg->range_command = "xargs -0 -n 3 dd iflag=skip_bytes,count_bytes bs=65536 status=none";
	cfg->unplug_at = cfg->replug_after = cfg->stall_at = cfg->truncate_at = SIM_UNSET;
	cfg->oversize_frame = cfg->bad_magic = SIM_UNSET;
	cfg->unplug_after_ms = cfg->plug_after_ms = SIM_UNSET;
	cfg->caps = 0x01 | 0x04 | 0x08 | 0x10;
	cfg->packet_size = 512;
}

int sim_parse_u64(const char *text, uint64_t *value)
{
	uint64_t scale = 1;
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	*value = strtoull(text, &end, 10);
	if (*end == 'k')
		scale = 1024;
	else if (*end == 'M')
		scale = (uint64_t)1024 * 1024;
	else if (*end == 'G')
		scale = (uint64_t)1024 * 1024 * 1024;
	if (scale > 1)
		end++;
	return errno || *end || __builtin_mul_overflow(*value, scale, value) ? -1 : 0;
}

static int parse_i64(const char *text, int64_t *value)
{
	uint64_t n;
	int negative = *text == '-';

	if (*text == '-' || *text == '+')
		text++;
	if (sim_parse_u64(text, &n) < 0 || n > INT64_MAX)
		return -1;
	*value = negative ? -(int64_t)n : (int64_t)n;
	return 0;
}

static int parse_prompt(struct sim_config *cfg, const char *text)
{
	static const struct {
		const char *word;
		enum sim_prompt prompt;
	} words[] = {
		{"accept", SIM_PROMPT_ACCEPT},
		{"accept-once", SIM_PROMPT_ACCEPT_ONCE},
		{"ignore", SIM_PROMPT_IGNORE},
		{"deny", SIM_PROMPT_DENY},
		{"always-authorised", SIM_PROMPT_ALWAYS},
	};
	size_t len = strcspn(text, ":");
	uint64_t ms = 0;

	if (text[len] && (sim_parse_u64(text + len + 1, &ms) < 0 || ms > 3600000))
		return -1;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].word) == len && !strncmp(words[i].word, text, len)) {
			cfg->prompt = words[i].prompt;
			cfg->prompt_ms = (uint32_t)ms;
			return 0;
		}
	}
	return -1;
}

static int set_value(struct sim_config *cfg, const struct option *o, const char *text)
{
	char *base = (char *)cfg;

	switch (o->kind) {
	case FLAG:
		*(bool *)(base + o->offset) = true;
		return 0;
	case TEXT:
		*(const char **)(base + o->offset) = text;
		return 0;
	case NUMBER:
		return sim_parse_u64(text, (uint64_t *)(base + o->offset));
	case SIGNED:
		return parse_i64(text, (int64_t *)(base + o->offset));
	case PROMPT:
		return parse_prompt(cfg, text);
	}
	return -1;
}

int sim_config_option(struct sim_config *cfg, int argc, char **argv, int *pos)
{
	const char *arg = argv[*pos];

	if (strncmp(arg, "--", 2) != 0)
		return 0;
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option *o = &options[i];
		const char *value = NULL;

		if (strcmp(arg + 2, o->name) != 0)
			continue;
		if (o->kind != FLAG) {
			if (*pos + 1 >= argc) {
				fprintf(stderr, "%s needs a value\n", arg);
				return -1;
			}
			value = argv[++*pos];
		}
		++*pos;
		if (set_value(cfg, o, value) < 0) {
			fprintf(stderr, "%s: bad value '%s'\n", arg, value);
			return -1;
		}
		return 1;
	}
	return 0;
}

void sim_config_help(void)
{
	puts("Options of a phone:");
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option *o = &options[i];
		char left[64];

		snprintf(left, sizeof(left), "--%s %s", o->name, o->value ? o->value : "");
		printf("  %-28s %s\n", left, o->help);
	}
}
