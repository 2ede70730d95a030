/* SPDX-License-Identifier: EUPL-1.2 */
/* What to call a phone's state, and what to do about it, in the user's language. */
#ifndef KD_DESKTOP_STATES_H
#define KD_DESKTOP_STATES_H

#include <stdbool.h>

/* Both constant; for a state that this version does not know: the word itself, and fallback. */
const char *kd_state_title(const char *state);
const char *kd_state_remedy(const char *state, const char *fallback);
/* "acquired" and its siblings, in words that judge nothing. */
const char *kd_outcome(const char *outcome);
/* What a step of keten does, for a heading. */
const char *kd_step(const char *step);

/* Why a reading ended before its time, as a sentence. */
const char *kd_stop_reason(const char *reason);

#endif
