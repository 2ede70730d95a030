/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Files of an iPhone's backup stream: what they are is only claimed while they come, and known when
 * the backup's Manifest.db comes behind them. Until then they are held back without a name in the
 * case; then they become objects with index lines, or are deleted, with a line that says why. What
 * came encrypted is decrypted first, and the line names the hashes of both.
 */
#ifndef KT_CLI_PROVISIONAL_H
#define KT_CLI_PROVISIONAL_H

#include <stddef.h>
#include <stdint.h>

struct kt_dev_event;
struct kt_err;
struct kt_pass;
struct kt_pending;

#define KT_PROV_MAX 4096u /* files that can be held back at once */

struct kt_prov {
	struct kt_pending *v; /* owned */
	size_t n, cap;
};

/* Receives the member at hand for every item that is taking it. As the takers of a source. */
int kt_prov_take(struct kt_pass *p, struct kt_err *err);
/* A CONFIRM: notes it, and decrypts with its key. 0, KT_E_CANCELLED, KT_E_STORAGE, KT_E_NOMEM. */
int kt_prov_confirm(struct kt_pass *p, const struct kt_dev_event *ev, struct kt_err *err);
/* All CONFIRMs are there: keeps or deletes each, with its line. 0 or a code. */
int kt_prov_settle(struct kt_pass *p, struct kt_err *err);
/* Deletes whatever is held. */
void kt_prov_drop(struct kt_pass *p);

#endif
