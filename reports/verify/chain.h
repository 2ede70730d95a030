/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Packages of one case as a chain: an acquisition, and the acts that name it, and one another, by
 * hash. Judges from the results of the single packages alone; reads nothing.
 */
#ifndef KT_VERIFY_CHAIN_H
#define KT_VERIFY_CHAIN_H

#include "reports/verify/verify.h"

/* What is kept of one package's result. */
struct kt_chain_link {
	enum kt_verdict verdict;
	enum kt_pkg_type type;
	bool sealed;
	char name[KT_PKG_NAME_MAX + 1], sha256[KT_SHA256_HEX], envelope_sha256[KT_SHA256_HEX];
	char case_id[65], mandate_id[73], mandate_sha256[KT_SHA256_HEX];
	char concerns[KT_PKG_CONCERNS][KT_SHA256_HEX];
	unsigned nconcerns;
	uint64_t log_lines; /* as kt_verify_result has it, down to more_stops */
	char stop[KT_VERIFY_STOPS][KT_SHA256_HEX];
	unsigned nstops;
	bool more_stops;
	int64_t made_us, unreleased_us;
};

struct kt_chain_result {
	enum kt_verdict verdict;
	unsigned packages, cases, acts;
	struct kt_verify_check check; /* what speaks against it, or is open */
};

void kt_chain_take(const struct kt_verify_result *res, struct kt_chain_link *link);
/* n links, from 2. */
void kt_chain_judge(const struct kt_chain_link *link, size_t n, struct kt_chain_result *out);
void kt_chain_print(const struct kt_chain_result *r, bool json, FILE *out);

#endif
