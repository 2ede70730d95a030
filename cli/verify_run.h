/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * keten-verify, run in one place: it is sandboxed, judges packages, and hands out their files. A
 * package is hostile input, so nothing of it is read here but by that program's words; and what is
 * used of a package later is held against what was judged, by digests, whatever became of the file.
 */
#ifndef KT_CLI_VERIFY_RUN_H
#define KT_CLI_VERIFY_RUN_H

#include <sys/stat.h>

#include "cli/keten.h"
#include "core/hash.h"
#include "reports/verify/verify.h"

/* What keten-verify says of a package. */
struct kt_judged {
	const char *path; /* as given; borrowed */
	enum kt_verdict verdict;
	char reason[KT_VERIFY_TEXT];
	enum kt_pkg_type type;
	bool sealed;
	char package[KT_PKG_NAME_MAX + 1]; /* what it calls itself */
	char sha256[KT_SHA256_HEX];	   /* of the file */
	char tags_sha256[KT_SHA256_HEX];   /* of the list that was signed, or "" */
	char case_id[65], mandate_id[73], mandate_sha256[KT_SHA256_HEX];
	char concerns[KT_PKG_CONCERNS][KT_SHA256_HEX];
	unsigned nconcerns;
	int64_t made_us; /* 0: not known */
};

/*
 * Has n packages judged against the anchors and lists of the options, in one run; j gets n results.
 * chain: of several packages, how they fit together (KT_VERDICT_VALID when no act is among them); may
 * be NULL. 0 when there is a verdict, whatever it is; KT_E_USAGE: a name or an option is wrong;
 * KT_E_STORAGE: a file can't be read; KT_E_INTERNAL. keten-verify has said why on stderr.
 */
int kt_verify_judge(const struct kt_opts *o, const char *const *path, size_t n, struct kt_judged *j,
		    enum kt_verdict *chain, struct kt_err *err);
/*
 * The same of one package that is to be used. KT_E_INVALID when it does not hold, with the reason.
 * undetermined is left to the caller: a certificate may have expired since.
 */
int kt_verify_holds(const struct kt_opts *o, const char *path, struct kt_judged *j,
		    struct kt_err *err);

/*
 * A file of a package that was judged: the very bytes that were, or KT_E_INVALID. kt_judged_read
 * appends at most max bytes to b; kt_judged_show writes to an open file, where what stands after a
 * failure counts for nothing. 0; KT_E_ABSENT: what was judged has no such file; KT_E_LIMIT; as above.
 */
int kt_judged_read(const struct kt_judged *j, const char *member, size_t max, struct kt_buf *b,
		   struct kt_err *err);
int kt_judged_show(const struct kt_judged *j, const char *member, int out, struct kt_err *err);
/*
 * The package itself, open for reading (flags O_RDONLY) or writing over it (O_RDWR): the bytes of the
 * file are those that were judged. st, when it is not NULL, gets its state before they were read. A
 * descriptor, or a code (KT_E_INVALID).
 */
int kt_judged_open(const struct kt_judged *j, int flags, struct stat *st, struct kt_err *err);
/* Nobody wrote to it, or gave it another name, since. 0 or KT_E_INVALID. */
int kt_judged_unchanged(const struct kt_judged *j, int fd, const struct stat *st,
			struct kt_err *err);

/*
 * With our own terminal, for `keten verify` and `keten show`: its words and its exit status are ours.
 */
int kt_verify_through(const struct kt_opts *o);
int kt_show_through(const struct kt_opts *o);

#endif
