/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Packages that record an act around the evidence: a release, an opening, a transfer, a deletion, a
 * refusal, a comment ... (docs/formats/package.md, "Acts"). Same container, lists and signature as
 * an acquisition's, made and checked by the same code; inside stands data/act.json, which says what
 * was done and names the packages concerned by their hash. Used by the engine; signs nothing itself.
 *
 *   struct kt_act act = {.type = KT_PT_COMMENT, .mandate_id = ..., .case_id = ...};
 *   kt_act_concern(&act, res.package, res.sha256, err);
 *   kt_act_begin(&act, dir_fd, &pkg, err);
 *   kt_act_attach(pkg, "comment.txt", "The applicant's comment", text, n, err);
 *   kt_act_place(dir_fd, &act, &place, err);   (out.place = &place)
 *   kt_act_write(pkg, &act, &out, &res, err);
 *   kt_place_leave(&place);
 *   kt_package_free(&pkg);
 */
#ifndef KT_PACKAGE_ACT_H
#define KT_PACKAGE_ACT_H

#include "reports/package/package.h"

struct kt_act {
	enum kt_pkg_type type;
	const char *mandate_id;	    /* names the package */
	const char *mandate_sha256; /* NULL or "": not known */
	const char *case_id; /* NULL or "": there is no case (a refusal before one was opened) */
	/*
	 * Members of "detail", as kt_jw writes an object ("{...}"); integers, strings, lists and
	 * objects of them. NULL: {}. Says what kind of act needs what: see package.md.
	 */
	const char *detail;
	/* packages concerned; see kt_act_concern() */
	struct kt_act_concern {
		char package[KT_PKG_NAME_MAX + 1], sha256[KT_SHA256_HEX];
	} concern[KT_PKG_CONCERNS];
	unsigned nconcerns;
};

/*
 * Adds a package that the act is about: its own name (may be "") and the SHA-256 of its file. One
 * that stands already is not added again. 0, KT_E_USAGE (no hash), KT_E_LIMIT.
 */
int kt_act_concern(struct kt_act *act, const char *package, const char *sha256, struct kt_err *err);

/*
 * A package for the act. dir_fd: what paths given to kt_package_add_file() start from (AT_FDCWD
 * will do); borrowed. The caller adds tool/build.json (cli: kt_build_json()), where wanted
 * mandate/mandate.json with its .p7s and custody/custody.jsonl, report/ for a release or
 * redaction, and attachments. Free with kt_package_free().
 */
int kt_act_begin(const struct kt_act *act, int dir_fd, struct kt_package **pkg, struct kt_err *err);
/*
 * An attachment: data/attachments/<name>, name of [A-Za-z0-9._-] and no '/'; title: what it is, for
 * people. The bytes are copied.
 */
int kt_act_attach(struct kt_package *pkg, const char *name, const char *title, const void *p,
		  size_t n, struct kt_err *err);

/* The first place that is free in dir_fd for an act of this type. As kt_place_take(). */
int kt_act_place(int dir_fd, const struct kt_act *act, struct kt_place *place, struct kt_err *err);

/*
 * Writes it as kt_package_write() does: signed by out->sign, on disk, read again and judged before
 * it appears, in out->place, which kt_act_place() took.
 */
int kt_act_write(struct kt_package *pkg, const struct kt_act *act, const struct kt_package_out *out,
		 struct kt_verify_result *res, struct kt_err *err);

#endif
