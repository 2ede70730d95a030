/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The packages below some paths, each judged by keten-verify: what expire, stats and act work on. What
 * does not hold is kept apart and never acted upon; nothing of a package is read here.
 */
#ifndef KT_CLI_FOUND_H
#define KT_CLI_FOUND_H

#include "cli/verify_run.h"

struct kt_found_one {
	char *path; /* owned */
	struct kt_judged j;
	bool valid;
	bool aside;   /* nobody named it: it is heard about the others, and nothing is done to it */
	bool is_case; /* a case folder: path is release.p7m in it, there or not */
	size_t nfolder;	  /* bytes of path that name that folder */
	char case_id[65]; /* of that */
};

struct kt_found {
	struct kt_found_one *v; /* owned */
	size_t n, cap;
	struct kt_trust *trust; /* owned */
	uint64_t invalid;
};

/*
 * Files are taken as packages; folders are gone through, four levels deep, links never followed.
 * Every package is judged against the anchors and lists of the options. 0 or a code; free in any case.
 */
int kt_found_load(const struct kt_opts *o, struct kt_found *f, struct kt_err *err);
/*
 * Adds what lies beside packages that were named as files, and in the folder for acts, and by its
 * name says something of them: holds, and deletions, copies, transfers, releases and redactions under the mandate
 * of one of them. Each is judged and set aside. 0 or a code.
 */
int kt_found_beside(const struct kt_opts *o, struct kt_found *f, struct kt_err *err);
void kt_found_free(struct kt_found *f);

#endif
