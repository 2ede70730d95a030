/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Judges an evidence package: is it whole, who signed it under which authority, does its custody
 * log hold, and does everything in it lie within the mandate. The package is hostile input. Used
 * by keten-verify, by `keten verify` and by the writer on its own work. No network, no clock but
 * the system's, no writing; memory is bounded by the number of files in the package.
 */
#ifndef KT_VERIFY_VERIFY_H
#define KT_VERIFY_VERIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/cms.h"
#include "core/hash.h"
#include "reports/verify/layout.h"

struct kt_err;
struct kt_trust;

/* In the order of the output: id, name, and what is true when nothing speaks against it. */
#define KT_VERIFY_CHECKS(X)                                                                        \
	X(CONTAINER, "container", "one plain ZIP container, with nothing hidden in or around it")  \
	X(MIMETYPE, "mimetype", "the package says first what it is")                               \
	X(BAG, "bag", "the bag declaration and bag-info.txt agree with the content")               \
	X(COMPLETE, "complete", "every file is listed, and every listed file is there")            \
	X(HASHES, "hashes", "every file has exactly the content that was listed")                  \
	X(CONTENTS, "contents", "META-INF/manifest.xml names these files")                         \
	X(SIGNATURE, "signature", "the operator's signature covers the lists of all files")        \
	X(OPERATOR, "operator", "the operator's certificate leads to a trust anchor")              \
	X(XADES, "xades",                                                                          \
	  "the container's own signature covers every file, and is the operator's")                \
	X(MANDATE_SIG, "mandate-signature", "the mandate is signed, and unchanged since")          \
	X(AUTHORISER, "authoriser", "the authoriser's certificate leads to a trust anchor")        \
	X(AUTHORITY, "authority", "the mandate comes from an authoriser who is not the operator")  \
	X(MANDATE, "mandate", "the mandate is complete, in force at the session, for this phone")  \
	X(CUSTODY, "custody", "the custody log is an unbroken chain")                              \
	X(EVENTS, "events", "the custody log tells one session, from opening to sealing")          \
	X(SEAL, "seal", "the acquisition was sealed by the operator before evaluation")            \
	X(INDEX, "index", "the index is the one that was sealed and logged")                       \
	X(OBJECTS, "objects", "the bytes taken are those of the index, all of them and no others") \
	X(SCOPE, "scope", "nothing was taken outside the mandate")                                 \
	X(REPORT, "report", "the report belongs to this mandate, case and log")                    \
	X(ACT, "act", "the act says what was done, when, and with which packages")                 \
	X(SEALED, "sealed", "what was taken stands sealed, for the mandate's recipients alone")    \
	X(OPEN_TIME, "open-time", "the time-stamp over the opening, if there is one, holds")       \
	X(SEAL_TIME, "seal-time", "the time-stamps over the signatures, if there are any, hold")   \
	X(REVOCATION, "revocation", "no certificate was revoked by the lists, if any were given")  \
	X(TIMES, "times", "the stated times are in order")

enum kt_verify_id {
#define X(id, name, text) KT_V_##id,
	KT_VERIFY_CHECKS(X)
#undef X
		KT_V_COUNT
};

enum kt_verify_state {
	KT_VS_OPEN = 0, /* not looked at: counts as undetermined */
	KT_VS_OK,
	KT_VS_UNDETERMINED,
	KT_VS_FAILED,
};

enum kt_verdict {
	KT_VERDICT_UNDETERMINED = 0,
	KT_VERDICT_VALID,
	KT_VERDICT_INVALID,
};

#define KT_VERIFY_TEXT	256
#define KT_VERIFY_LINES 8
#define KT_VERIFY_STOPS 64u

struct kt_verify_check {
	enum kt_verify_state state;
	unsigned n;				    /* findings kept in text */
	unsigned more;				    /* findings beyond those */
	char text[KT_VERIFY_LINES][KT_VERIFY_TEXT]; /* escaped, one sentence each */
};

enum kt_verify_stamp {
	KT_VT_NONE = 0, /* there is no token */
	KT_VT_BAD,	/* there is one that does not hold */
	KT_VT_UNKNOWN,	/* it holds, but nobody was named whose time is believed */
	KT_VT_BELIEVED,
};

/* A time-stamp token of the package. */
struct kt_verify_token {
	enum kt_verify_stamp state;
	int64_t gen_us, accuracy_us; /* what it states */
	char tsa[KT_SIGNER_TEXT], policy[64], serial[64];
	uint8_t cert_sha256[KT_SHA256_LEN];
};

/* Large (tens of KiB), holds no pointers: nothing to free. */
struct kt_verify_result {
	enum kt_verdict verdict;
	char reason[KT_VERIFY_TEXT];
	char name[KT_VERIFY_TEXT];	   /* of the file, as given, escaped */
	char package[KT_PKG_NAME_MAX + 1]; /* what the package calls itself, or "" */
	char sha256[KT_SHA256_HEX];	   /* of the whole file, or "" */
	char tags_sha256[KT_SHA256_HEX];   /* of the list that the signature is right over, or "" */
	uint64_t bytes, files, objects;
	bool have_operator, have_authoriser; /* the signature was right */
	struct kt_signer operator_cert, authoriser_cert;
	bool anchored; /* a believed time-stamp says before when it was sealed */
	/* over the log's first line; over the operator's signature; inside the XAdES signature */
	struct kt_verify_token open_token, seal_token, xades_token;
	struct kt_verify_token
		later_token; /* of an act that stamps others: the first, or a bad one */
	bool lists;	     /* revocation lists were given */
	bool trusted;	     /* trust anchors were given */
	/* what it says of itself, when the package could be read so far; "" else */
	enum kt_pkg_type type;
	bool sealed; /* an acquisition that waits for its release, or waited */
	char envelope_sha256[KT_SHA256_HEX]; /* of what it is opened with (release too), or "" */
	char case_id[65], mandate_id[73], mandate_sha256[KT_SHA256_HEX];
	char concerns[KT_PKG_CONCERNS][KT_SHA256_HEX]; /* packages that it is about, ascending */
	unsigned nconcerns;
	/* of a log of the case itself: its lines, and after which ones reading was interrupted */
	uint64_t log_lines;
	char stop[KT_VERIFY_STOPS][KT_SHA256_HEX]; /* hashes of those lines, in order */
	unsigned nstops;
	bool more_stops;	  /* and further ones before the last */
	int64_t made_us;	  /* when it is said to have been made; 0: not known */
	int64_t unreleased_us;	  /* how long what is sealed may wait for a release; 0: not known */
	bool applies[KT_V_COUNT]; /* checks that a package of this type is subject to */
	struct kt_verify_check check[KT_V_COUNT];
};

/*
 * Judges the package open at fd (a regular file; borrowed). name is for the output only. trust may
 * be NULL: then the verdict is at best undetermined. 0 when a verdict was reached, whatever it is;
 * KT_E_STORAGE, KT_E_NOMEM or KT_E_INTERNAL when it was not (the verdict is then undetermined).
 */
int kt_verify_package(int fd, const char *name, const struct kt_trust *trust,
		      struct kt_verify_result *res, struct kt_err *err);

/* Is it part of the result? A check that does not apply is, once something speaks against it. */
bool kt_verify_counts(const struct kt_verify_result *res, enum kt_verify_id id);
/* Who signed it: "operator", "releaser", or "signer" for the other acts. */
const char *kt_verify_signer_role(const struct kt_verify_result *res);
/* "valid", "invalid", "undetermined". */
const char *kt_verdict_name(enum kt_verdict v);
const char *kt_verify_check_name(enum kt_verify_id id);
/* The exit status of a verdict: 0, 5 or 6. */
int kt_verdict_status(enum kt_verdict v);

/* Writes the result, as lines for people or as one line of JSON ("keten-verify-1"). */
void kt_verify_print(const struct kt_verify_result *res, bool json, FILE *out);

/*
 * Before a sandbox closes: fetches what OpenSSL loads on first use. 0 or KT_E_INTERNAL.
 */
int kt_verify_warm(struct kt_err *err);

#endif
