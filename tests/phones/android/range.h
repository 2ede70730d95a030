/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SIM_ANDROID_RANGE_H
#define SIM_ANDROID_RANGE_H

/*
 * What toybox "xargs -0 -n 3 dd iflag=skip_bytes,count_bytes ..." does with its standard input:
 * three operands make one dd. Like toybox, xargs starts a dd only when the operand after the
 * third is complete, or at the end of input.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "phone.h"

struct sim_range {
	char *operand[4];
	size_t n;
	char *partial;
	size_t partial_len;
	bool failed;
};

/* framing of what goes to stdout and stderr. */
void sim_range_input(struct sim_range *r, struct sim_stream *s, enum sim_framing framing,
		     const uint8_t *data, size_t len);

/* End of input. Returns the exit status. */
int sim_range_end(struct sim_range *r, struct sim_stream *s, enum sim_framing framing);
void sim_range_clear(struct sim_range *r);

#endif
