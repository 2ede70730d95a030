/* SPDX-License-Identifier: EUPL-1.2 */
/* Manifest.db, Manifest.plist and Status.plist of a backup, faults included. */
#ifndef SIM_IPHONE_MANIFEST_H
#define SIM_IPHONE_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include <plist/plist.h>

struct sim;
struct sim_item;

/* Writes the database, plain, into a file without a name. Its descriptor, or -1. */
int sim_manifest_db(struct sim *s);
/* The plists, new; the caller's. */
plist_t sim_manifest_plist(const struct sim *s, unsigned device);
plist_t sim_status_plist(const struct sim *s, const char *snapshot_state);
/* What a careful phone would send for the item: other content when that is the fault. */
bool sim_content_swapped(const struct sim *s, const struct sim_item *item);
#define SIM_SWAPPED_TEXT "SIM-CANARY this is not the file that its ID promises\n"

#endif
