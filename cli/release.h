/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Opening a sealed acquisition: shared by `keten release`, which makes a package of it, and
 * `keten verify --reproduce`, which compares.
 */
#ifndef KT_CLI_RELEASE_H
#define KT_CLI_RELEASE_H

#include "cli/steps.h"
#include "cli/vault.h"
#include "cli/verify_run.h"
#include "core/recstore.h"

struct kt_release {
	const struct kt_opts *o;
	const char *path; /* of the acquisition */
	int fd;
	struct kt_judged res; /* of the acquisition */
	struct stat st;	      /* of fd: kt_judged_unchanged() */
	struct kt_authority a;
	struct kt_buf envelope, info; /* info: keys/release.json */
	char envelope_sha256[KT_SHA256_HEX], recipient[KT_AGE_RECIPIENT];
	struct kt_signer releaser, second;
	bool has_second;
	char plan_sha256[KT_SHA256_HEX]; /* of the session that took it */
	struct kt_vault vault;
	bool vault_open;
	struct kt_recstore hold;
	bool held;
	int work; /* folder for log and report */
	struct kt_acq q;
};

/*
 * Reads what stands in clear in the package at path: mandate, envelope, releaser, rules of retention.
 * judged NULL: has it judged first; else what was said of it, together with a release of it. Nothing
 * is opened. 0, KT_E_INVALID, KT_E_UNDETERMINED, KT_E_REFUSED by name ... Large: not on a stack.
 * Close with kt_release_close() in every case.
 */
int kt_release_load(struct kt_release *r, const struct kt_opts *o, const char *path,
		    const struct kt_judged *judged, struct kt_err *err);
/*
 * After reading it, which ended with code e: e, or KT_E_INVALID when somebody wrote to the package
 * meanwhile. Then nothing counts that came of it, and that is why whatever failed did.
 */
int kt_release_unchanged(const struct kt_release *r, int e, struct kt_err *err);
/* Opens the envelope with the releaser's key; objects are opened as they are asked for. */
int kt_release_unseal(struct kt_release *r, struct kt_err *err);
void kt_release_close(struct kt_release *r);

#endif
