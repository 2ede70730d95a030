/* SPDX-License-Identifier: EUPL-1.2 */
/* The same backup as a finished folder, as a computer would keep it: --write-backup. */
#ifndef SIM_IPHONE_FOLDER_H
#define SIM_IPHONE_FOLDER_H

struct sim;

/* Writes OUTDIR/UDID. 0 or -1 (said why). */
int sim_folder_write(struct sim *s);

#endif
