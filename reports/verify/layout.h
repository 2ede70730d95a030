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

#include "core/hash.h"

struct kt_buf;

#define KT_PKG_FORMAT	   "keten-package-1"
#define KT_ACT_FORMAT	   "keten-act-1"
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
#define KT_PKG_SECOND_SIG    "mandate/countersign.p7s"
#define KT_PKG_CUSTODY	     "custody/custody.jsonl"
#define KT_PKG_BUILD	     "tool/build.json"
#define KT_PKG_REPORT_DIR    "report/"
#define KT_PKG_REPORT	     "report/report.json"
#define KT_PKG_REPORT_HTML   "report/report.html"
#define KT_PKG_STATEMENT     "report/statement.json" /* one of the further views */
#define KT_PKG_RUN	     "report/run.json"
#define KT_PKG_SEAL	     "seal/seal.json"
#define KT_PKG_SEAL_SIG	     "seal/seal.json.p7s"
#define KT_PKG_CASE	     "data/case.json"
#define KT_PKG_INDEX_DIR     "data/index/"
#define KT_PKG_OBJECT_DIR    "data/objects/"
#define KT_PKG_RELEASE	     "keys/release.json"
#define KT_PKG_ACT	     "data/act.json"
#define KT_PKG_ATTACH_DIR    "data/attachments/"
#define KT_PKG_SUBJECT_DIR   "subject/"
#define KT_PKG_RECEIPT	     "subject/receipt.json"
#define KT_PKG_SIGNATURE     "signatures/tagmanifest.p7s"
#define KT_PKG_TOKEN	     "signatures/tagmanifest.p7s.tst"
#define KT_PKG_OPEN_TOKEN    "custody/open.tst"
#define KT_PKG_ODF	     "META-INF/manifest.xml"
#define KT_PKG_XADES	     "META-INF/signatures001.xml"

enum kt_pkg_kind {
	KT_PKG_UNKNOWN = 0,
	KT_PKG_OUTSIDE,	 /* in no manifest: mimetype, tag manifests, signatures/, META-INF/ */
	KT_PKG_TAG,	 /* in both tag manifests */
	KT_PKG_PAYLOAD,	 /* data/case.json: in manifest-sha256.txt */
	KT_PKG_P_INDEX,	 /* data/index/: the same */
	KT_PKG_P_OBJECT, /* data/objects/: the same */
	KT_PKG_P_ATTACH, /* data/attachments/: the same */
};

/* What a package records, in the words of bag-info.txt: identifier, word. */
#define KT_PKG_TYPES(X)                                                                            \
	X(ACQUISITION, "acquisition")	/* what was taken from a phone */                          \
	X(RELEASE, "release")		/* sealed bytes were opened and evaluated */               \
	X(OPENING, "opening")		/* a package was opened or shown to somebody */            \
	X(TRANSFER, "transfer")		/* it went to another custodian */                         \
	X(COPY, "copy")			/* a copy was made or handed out */                        \
	X(TIMESTAMP, "timestamp")	/* a later time-stamp over it */                           \
	X(DELETION, "deletion")		/* its envelope, or all of it, was destroyed */            \
	X(HOLD, "hold")			/* it must be kept until a date */                         \
	X(REFUSAL, "refusal")		/* nothing was read: refused or failed */                  \
	X(WITHDRAWAL, "withdrawal")	/* stopped in the middle, data destroyed */                \
	X(INTERRUPTION, "interruption") /* reading ended before its seal; it can go on */          \
	X(COMMENT, "comment")		/* the applicant's own words about it */                   \
	X(ERRATUM, "erratum")		/* something in it is wrong */                             \
	X(REDACTION, "redaction")	/* a view of it with less in it */

enum kt_pkg_type {
	KT_PT_UNKNOWN = 0,
#define X(id, word) KT_PT_##id,
	KT_PKG_TYPES(X)
#undef X
		KT_PT_COUNT
};

/* The word, "" for KT_PT_UNKNOWN; and the type of a word, KT_PT_UNKNOWN when there is none. */
const char *kt_pkg_type_word(enum kt_pkg_type t);
enum kt_pkg_type kt_pkg_type_find(const char *word);

/* One rule of the layout. */
struct kt_pkg_rule {
	const char *name; /* a file, or a folder when it ends in '/' */
	bool must;	  /* a package of this type has it (folders: never) */
	bool may;	  /* it can have it */
};
/*
 * The rule at a position, from 0; false behind the last. sealed: an acquisition under a mandate
 * that asks for release in two stages.
 */
bool kt_pkg_rule(size_t at, enum kt_pkg_type t, bool sealed, struct kt_pkg_rule *rule);
/* Has a file of this name a place in a package of this type? */
bool kt_pkg_allows(const char *name, enum kt_pkg_type t, bool sealed);

#define KT_PKG_CONCERNS 64u /* packages that one act can concern */

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

/*
 * "KETEN-<mandate id>-<number>.asice" into out, with "-<type>" behind the number for all but an
 * acquisition. 0, or KT_E_USAGE when that is no safe file name.
 */
int kt_pkg_file_name(const char *mandate_id, uint64_t number, enum kt_pkg_type t,
		     char out[KT_PKG_NAME_MAX + 1]);

struct kt_pkg_info {
	int64_t sealed_us;
	const char *package, *case_id, *mandate_id;
	uint64_t octets, files; /* of the payload */
	enum kt_pkg_type type;
	const char (*concerns)[KT_SHA256_HEX]; /* ascending */
	size_t nconcerns;
};

/* Appends bag-info.txt. Failure shows in b->failed. */
void kt_pkg_baginfo(const struct kt_pkg_info *i, struct kt_buf *b);

/* Pieces of META-INF/manifest.xml: head, one line per name in ascending order, foot. */
void kt_pkg_odf_head(struct kt_buf *b);
void kt_pkg_odf_line(struct kt_buf *b, const char *name);
void kt_pkg_odf_foot(struct kt_buf *b);
/* By suffix. */
const char *kt_pkg_media_type(const char *name);
/* Does it stand in that list? All but mimetype and META-INF/. */
bool kt_pkg_odf_lists(const char *name);

#endif
