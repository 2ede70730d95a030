/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The phone's key, the hosts it trusts, and the pair records that usbmuxd keeps; all of it can
 * outlive the process in one file (--state). Callers hold no lock.
 */
#ifndef SIM_IPHONE_PAIRING_H
#define SIM_IPHONE_PAIRING_H

#include <stdbool.h>

#include <plist/plist.h>

struct sim;
struct sim_pair;

#define SIM_BUID "5349-4D42-5549-4453-494D"

/* Key made or loaded. 0 or -1. */
int sim_pairing_open(struct sim *s);
/* A trusted host by its ID, or NULL. Stays valid for ever. */
const struct sim_pair *sim_pair_find(struct sim *s, const char *host_id);
/* Takes a PairRecord in. 0 or -1 (incomplete). */
int sim_pair_add(struct sim *s, plist_t record);
bool sim_pair_remove(struct sim *s, const char *host_id);

/* The mux's records. NULL when there is none; the caller's. */
plist_t sim_record_get(struct sim *s, const char *id);
int sim_record_put(struct sim *s, const char *id, plist_t data);
bool sim_record_delete(struct sim *s, const char *id);

#endif
