/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What stands where in an evidence package (docs/formats/package.md): the names, and the files
 * whose bytes follow from the rest. Shared by the verifier and by the writer, so that both mean
 * the same package; it reads and writes nothing itself.
 */
#ifndef KT_VERIFY_LAYOUT_H
#define KT_VERIFY_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_buf;

#define KT_PKG_FORMAT	   "keten-package-1"
#define KT_PKG_SUFFIX	   ".asice"
#define KT_PKG_NAME_MAX	   120u	   /* bytes of a name inside the package, and of its own name */
#define KT_PKG_MAX_ENTRIES 300000u /* files in one package */
#define KT_PKG_MAX_SMALL   ((size_t)16 << 20) /* files that are read whole: log, mandate, seal */

#define KT_PKG_MIMETYPE	     "mimetype"
#define KT_PKG_MIMETYPE_TEXT "application/vnd.etsi.asic-e+zip" /* no newline */
#define KT_PKG_BAGIT	     "bagit.txt"
#define KT_PKG_BAGIT_TEXT    "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
#define KT_PKG_BAGINFO	     "bag-info.txt"
#define KT_PKG_MANIFEST	     "manifest-sha256.txt"
#define KT_PKG_TAGS256	     "tagmanifest-sha256.txt"
#define KT_PKG_TAGS512	     "tagmanifest-sha512.txt"
#define KT_PKG_MANDATE	     "mandate/mandate.json"
#define KT_PKG_MANDATE_SIG   "mandate/mandate.json.p7s"
#define KT_PKG_CUSTODY	     "custody/custody.jsonl"
#define KT_PKG_BUILD	     "tool/build.json"
#define KT_PKG_REPORT	     "report/report.json"
#define KT_PKG_REPORT_HTML   "report/report.html"
#define KT_PKG_RUN	     "report/run.json"
#define KT_PKG_SEAL	     "seal/seal.json"
#define KT_PKG_SEAL_SIG	     "seal/seal.json.p7s"
#define KT_PKG_CASE	     "data/case.json"
#define KT_PKG_INDEX_DIR     "data/index/"
#define KT_PKG_OBJECT_DIR    "data/objects/"
#define KT_PKG_SIGNATURE     "signatures/tagmanifest.p7s"
#define KT_PKG_ODF	     "META-INF/manifest.xml"

enum kt_pkg_kind {
	KT_PKG_UNKNOWN = 0,
	KT_PKG_OUTSIDE,	 /* in no manifest: mimetype, tag manifests, signature, META-INF */
	KT_PKG_TAG,	 /* in both tag manifests */
	KT_PKG_PAYLOAD,	 /* data/case.json: in manifest-sha256.txt */
	KT_PKG_P_INDEX,	 /* data/index/: the same */
	KT_PKG_P_OBJECT, /* data/objects/: the same */
};

/* NULL-terminated: the files that every package has (besides index segments and objects). */
extern const char *const kt_pkg_required[];

/*
 * Is this a name that any unpacking program puts where it says? [A-Za-z0-9._-] in components
 * joined by '/', none empty, none starting with '.' or '-', at most KT_PKG_NAME_MAX bytes.
 */
bool kt_pkg_name_ok(const char *name, size_t n);
/* What a file is. The layout is closed: KT_PKG_UNKNOWN has no place in a package. */
enum kt_pkg_kind kt_pkg_kind(const char *name);
static inline bool kt_pkg_is_payload(enum kt_pkg_kind k)
{
	return k >= KT_PKG_PAYLOAD;
}

/* "KETEN-<mandate id>-<number>.asice" into out. 0, or KT_E_USAGE when that is no safe file name. */
int kt_pkg_file_name(const char *mandate_id, uint64_t number, char out[KT_PKG_NAME_MAX + 1]);

struct kt_pkg_info {
	int64_t sealed_us;
	const char *package, *case_id, *mandate_id;
	uint64_t octets, files; /* of the payload */
};

/* Appends bag-info.txt. Failure shows in b->failed. */
void kt_pkg_baginfo(const struct kt_pkg_info *i, struct kt_buf *b);

/* Pieces of META-INF/manifest.xml: head, one line per name in ascending order, foot. */
void kt_pkg_odf_head(struct kt_buf *b);
void kt_pkg_odf_line(struct kt_buf *b, const char *name);
void kt_pkg_odf_foot(struct kt_buf *b);
/* Does it stand in that list? All but mimetype and META-INF/. */
bool kt_pkg_odf_lists(const char *name);

#endif
