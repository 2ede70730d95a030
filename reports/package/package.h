/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Makes the evidence package of a case (docs/formats/package.md): gathers the files, writes them
 * with their hashes, has the lists signed, and believes the result only after the verifier read
 * it again. Called by the engine. It signs nothing itself, and it never changes a case.
 */
#ifndef KT_PACKAGE_PACKAGE_H
#define KT_PACKAGE_PACKAGE_H

#include <stddef.h>
#include <stdint.h>

#include "reports/package/place.h"

struct kt_buf;
struct kt_err;
struct kt_package;
struct kt_trust;
struct kt_verify_result;

/* Detached signature (CAdES, DER) of content, appended to der. 0 or a code. */
typedef int (*kt_package_sign_fn)(void *arg, const void *content, size_t n, struct kt_buf *der,
				  struct kt_err *err);
/* Bare signature of a SHA-256 digest by the same key, as XML signatures hold it. 0 or a code. */
typedef int (*kt_package_digest_fn)(void *arg, const uint8_t *digest, struct kt_buf *sig,
				    struct kt_err *err);
/* An RFC 3161 token over content, appended. Anything but 0: none is to be had, the package does without. */
typedef int (*kt_package_stamp_fn)(void *arg, const void *content, size_t n, struct kt_buf *token,
				   struct kt_err *err);
/* Bytes packed so far, of about total. Non-zero cancels. */
typedef int (*kt_package_progress_fn)(void *arg, uint64_t done, uint64_t total);

struct kt_package_out {
	struct kt_place *place; /* held; its number as in the log's package.sealing; borrowed */
	int64_t sealed_us;	/* date in bag-info.txt and in the container */
	kt_package_sign_fn sign;
	kt_package_digest_fn digest;
	kt_package_stamp_fn stamp;	 /* may be NULL: unanchored */
	kt_package_progress_fn progress; /* may be NULL */
	void *arg;			 /* of all four */
	const struct kt_trust *trust; /* for the check at the end; NULL: signers are not judged */
};

/* An empty list of files for the case folder (borrowed until free). 0 or KT_E_NOMEM. */
int kt_package_new(int case_fd, struct kt_package **pkg, struct kt_err *err);
void kt_package_free(struct kt_package **pkg);

/*
 * Adds one file under its name in the package: from a path below the case folder, or from bytes,
 * which are copied. 0, KT_E_USAGE for a name that has no place in a package, KT_E_NOMEM.
 */
int kt_package_add_file(struct kt_package *pkg, const char *name, const char *path,
			struct kt_err *err);
int kt_package_add_bytes(struct kt_package *pkg, const char *name, const void *p, size_t n,
			 struct kt_err *err);
/*
 * The papers of the person, from the folder subject/ below the package's dir_fd; there may be none. 0;
 * KT_E_STORAGE when they can't be read.
 */
int kt_package_add_papers(struct kt_package *pkg, struct kt_err *err);
/*
 * report.json, report.html and the further views from the folder report/ below the package's dir_fd: for
 * acts that bring a report. 0 or a code.
 */
int kt_package_add_report(struct kt_package *pkg, struct kt_err *err);
/*
 * Adds all that the case folder holds for a package: case.json, mandate, custody log, seal, report,
 * index, and the objects that the index names, each with the hash stated there. What is left to
 * the caller is tool/build.json, and views of the report beyond the three standard files. 0;
 * KT_E_INVALID when case.json or the index are not as documented; KT_E_ABSENT, KT_E_STORAGE.
 */
int kt_package_add_case(struct kt_package *pkg, struct kt_err *err);

/*
 * Writes the package of out->place. The custody log must already end with the package.sealing event of
 * that name. The file appears under its name only when it is complete, on disk, and was read again and
 * judged (res, may be NULL, gets that result). 0; KT_E_INVALID: an object is not what the index
 * states, or the check at the end failed; KT_E_USAGE: that package exists already; KT_E_STORAGE;
 * KT_E_CANCELLED; what sign returns. On every error nothing is left behind once the caller leaves
 * the place.
 */
int kt_package_write(struct kt_package *pkg, const struct kt_package_out *out,
		     struct kt_verify_result *res, struct kt_err *err);

#endif
