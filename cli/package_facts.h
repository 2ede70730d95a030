/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What a package says of itself, for commands that do something with one. A package is hostile
 * input: keten-verify, which is sandboxed, judges it and hands out its files; only its own words
 * and bytes up to a cap are read here.
 */
#ifndef KT_CLI_PACKAGE_FACTS_H
#define KT_CLI_PACKAGE_FACTS_H

#include "cli/keten.h"
#include "core/hash.h"
#include "reports/verify/layout.h"

struct kt_package_facts {
	char result[16]; /* "valid", "undetermined" */
	char type[16];	 /* "acquisition" ... */
	char package[KT_PKG_NAME_MAX + 1], sha256[KT_SHA256_HEX];
	char case_id[65], mandate_id[73], mandate_sha256[KT_SHA256_HEX];
	char concerns[KT_PKG_CONCERNS][KT_SHA256_HEX];
	unsigned nconcerns;
};

/*
 * Has the package judged. 0; KT_E_INVALID when it does not hold, with the reason; KT_E_USAGE when
 * it is no package; KT_E_ABSENT. undetermined is left to the caller: a certificate may have
 * expired since.
 */
int kt_package_facts(const struct kt_opts *o, const char *path, struct kt_package_facts *f,
		     struct kt_err *err);
/* Appends one file of it to b, of at most max bytes. 0, KT_E_ABSENT, KT_E_LIMIT or a code. */
int kt_package_file(const char *path, const char *member, size_t max, struct kt_buf *b,
		    struct kt_err *err);

#endif
