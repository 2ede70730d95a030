/* SPDX-License-Identifier: EUPL-1.2 */
/* Options, device settings and faults of the simulated iPhone. */
#ifndef SIM_IPHONE_CONFIG_H
#define SIM_IPHONE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faults.h"
#include "values.h"

#define SIM_OMIT_MAX 32

struct sim_config {
	const char *socket, *journal, *media, *backup, *password, *state, *write_backup, *tls;
	const char *seed;
	const char *omit[SIM_OMIT_MAX];
	unsigned omits;
	uint64_t count, file_bytes, extra_bytes;
	uint64_t batch, move_batch, block;
	uint64_t dpic, iter, device_link;
	uint64_t date; /* Unix seconds of the backup */
	struct sim_values values;
	struct sim_faults faults;
};

void sim_config_init(struct sim_config *cfg);
/* Takes one option at argv[*i] and moves on. 1 taken, 0 not an option of ours, -1 bad (said so). */
int sim_config_option(struct sim_config *cfg, int argc, char **argv, int *i);
void sim_config_help(void);
/* Digits with k, M or G. 0 or -1. */
int sim_parse_u64(const char *text, uint64_t *value);

#endif
