/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A sealed package while it is released: its files as a case can be read from (kt_case_view), each
 * opened into anonymous memory when it is asked for. The identity is not here: keten-sign holds it.
 */
#ifndef KT_CLI_VAULT_H
#define KT_CLI_VAULT_H

#include <sys/types.h>

#include "cli/verify_run.h"
#include "core/casestore.h"
#include "core/openproto.h"
#include "core/plan.h"
#include "reports/verify/zip_read.h"

struct kt_vault_object; /* what the sealed index says of one */

struct kt_vault {
	const struct kt_judged *judged; /* borrowed: what stands in clear is what was judged */
	struct kt_zip zip;		/* of the sealed objects; its descriptor is the caller's */
	int sock;
	pid_t pid;
	const char *key; /* that opened it; borrowed */
	struct kt_case_view view;
	int index_fd[KT_PLAN_MAX + 1]; /* memory; -1: not opened yet */
	struct kt_vault_object *v;     /* owned; sorted by name */
	size_t n, cap;
	uint64_t objects, bytes; /* opened so far: plaintext */
	/* before the objects of a segment are opened; a negative code stops */
	int (*announce)(void *arg, unsigned segment, struct kt_err *err);
	void *arg;
};

/* Reads the structure of the package at fd (kt_judged_open(); borrowed); nothing is opened. 0 or a code. */
int kt_vault_begin(struct kt_vault *v, const struct kt_judged *judged, int fd, struct kt_err *err);
/*
 * Opens the envelope with the releaser's key. recipient: whom the package says it is sealed for. 0;
 * KT_E_REFUSED: the envelope is not for this key; KT_E_INVALID: it opens another package, or was
 * changed; what keten-sign says.
 */
int kt_vault_unlock(struct kt_vault *v, const void *envelope, size_t n, const char *key,
		    const char *recipient, struct kt_err *err);
/* After kt_vault_begin(), whatever came of it. */
void kt_vault_close(struct kt_vault *v);

#endif
