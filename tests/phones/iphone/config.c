/* SPDX-License-Identifier: EUPL-1.2 */
/* The command line of the simulated iPhone. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, NUMBER, SETTING, SETTINGS, FAULT, OMIT };

#define O(field) offsetof(struct sim_config, field)

static const struct option {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *value;
	const char *help;
} options[] = {
	{"socket", TEXT, O(socket), "PATH", "usbmuxd's Unix socket; there when it can be used"},
	{"journal", TEXT, O(journal), "FILE", "append one line per request"},
	{"media", TEXT, O(media), "DIR", "AFC's tree (default CameraRollDomain/Media of --backup)"},
	{"backup", TEXT, O(backup), "DIR", "content of the backup, one folder per domain"},
	{"password", TEXT, O(password), "PW", "the backup is encrypted with this password"},
	{"dpic", NUMBER, O(dpic), "N", "rounds of the first derivation (default 1000)"},
	{"iter", NUMBER, O(iter), "N", "rounds of the second (default 1000)"},
	{"count", NUMBER, O(count), "N", "N made-up small files more"},
	{"file-bytes", NUMBER, O(file_bytes), "N", "size of each (default: 64 to 127)"},
	{"extra-bytes", NUMBER, O(extra_bytes), "N", "one made-up file of that size more"},
	{"batch", NUMBER, O(batch), "N", "files per UploadFiles message (default 100)"},
	{"move-batch", NUMBER, O(move_batch), "N", "files per move message (default 1000; 0: all)"},
	{"block", NUMBER, O(block), "N", "bytes per block of a file (default 128k)"},
	{"device-link", NUMBER, O(device_link), "N", "version that is offered (default 400)"},
	{"date", NUMBER, O(date), "SECONDS", "date of the backup (default 1717243200)"},
	{"seed", TEXT, O(seed), "TEXT", "other salts and keys"},
	{"tls", TEXT, O(tls), "VERSION", "1.0, 1.1, 1.2 (default) or 1.3, no other"},
	{"state", TEXT, O(state), "FILE", "keep key, pairings and pair records there"},
	{"config", SETTINGS, 0, "FILE", "settings, one a line"},
	{"set", SETTING, 0, "[DOMAIN:]KEY=VALUE", "a lockdown value; empty: it has none"},
	{"fault", FAULT, 0, "NAME[=ARG]", "see below"},
	{"write-backup", TEXT, O(write_backup), "OUTDIR", "write a finished backup and end"},
	{"omit", OMIT, 0, "GLOB", "with --write-backup: leave out DOMAIN-PATH on disk"},
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

void sim_config_init(struct sim_config *cfg)
{
	memset(cfg, 0, sizeof(*cfg));
	cfg->dpic = cfg->iter = 1000;
	cfg->device_link = 400;
	cfg->batch = 100;
	cfg->move_batch = 1000;
	cfg->block = (uint64_t)128 << 10;
	cfg->date = 1717243200;
	cfg->seed = "keten";
	cfg->tls = "1.2";
	sim_values_init(&cfg->values);
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

static int take(struct sim_config *cfg, const struct option *o, const char *value)
{
	switch (o->kind) {
	case TEXT:
		*(const char **)(void *)((char *)cfg + o->offset) = value;
		return 0;
	case NUMBER:
		return sim_parse_u64(value, (uint64_t *)(void *)((char *)cfg + o->offset));
	case SETTING:
		return sim_values_set(&cfg->values, value);
	case SETTINGS:
		return sim_values_file(&cfg->values, value);
	case FAULT:
		return sim_fault_add(&cfg->faults, value);
	case OMIT:
		if (cfg->omits == SIM_OMIT_MAX)
			return -1;
		cfg->omit[cfg->omits++] = value;
		return 0;
	}
	return -1;
}

int sim_config_option(struct sim_config *cfg, int argc, char **argv, int *i)
{
	if (strncmp(argv[*i], "--", 2) != 0)
		return 0;
	for (size_t k = 0; k < N_OPTIONS; k++) {
		if (strcmp(argv[*i] + 2, options[k].name) != 0)
			continue;
		if (*i + 1 >= argc || take(cfg, &options[k], argv[*i + 1]) < 0) {
			fprintf(stderr, "sim-iphone: --%s %s\n", options[k].name, options[k].value);
			return -1;
		}
		*i += 2;
		return 1;
	}
	return 0;
}

void sim_config_help(void)
{
	for (size_t k = 0; k < N_OPTIONS; k++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s %s", options[k].name, options[k].value);
		printf("%-28s %s\n", left, options[k].help);
	}
	sim_fault_help();
}
