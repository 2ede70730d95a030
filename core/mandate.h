/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The mandate: the signed JSON that says what may be taken from which phone, why, when and by
 * whose authority (docs/formats/mandate.md). An allow-list: what it does not name is not taken.
 * Exactly the signed bytes are parsed; anything unknown is refused by name.
 */
#ifndef KT_CORE_MANDATE_H
#define KT_CORE_MANDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cms.h"
#include "core/hash.h"

struct kt_err;
struct kt_jdoc;

#define KT_MANDATE_MAX_BYTES ((size_t)256 << 10)
#define KT_MANDATE_FORMAT    "keten-mandate-1"
#define KT_SCOPE_MAX	     64u

#define KT_MANDATE_MAX_DAYS 14u /* longest validity */

/* One thing that may be taken. Texts borrow from the mandate. */
struct kt_scope {
	const char *id;		  /* the mandate's own name of the row: [a-z0-9-]{1,32} */
	const char *source;	  /* artifact id, e.g. "media-exif" */
	uint32_t fields;	  /* bit per enum kt_group */
	int64_t from_us, to_us;	  /* half-open period [from, to) for records with a time */
	int64_t max_precision_m;  /* positions are blurred to this; 0: as they are */
	int64_t max_object_bytes; /* RANGES: cap per file; 0: the plugin's own */
	bool undated;		  /* records without any time may be shown; default false */
	const char *justification;
};

struct kt_mandate {
	struct kt_jdoc *doc; /* owned: all texts live here; also members not copied below */
	uint8_t sha256[KT_SHA256_LEN];				     /* of the signed bytes */
	const char *mandate_id, *issuer, *case_ref, *purpose, *mode; /* mode: consent | order */
	const char *legal_code, *legal_text, *question, *proportionality;
	const char *device_kind;       /* android | ios */
	const char *device_identifier; /* USB serial or UDID; NULL: any phone of that kind */
	unsigned device_forms;	       /* enum kt_form, bits: what may be read; default the phone */
	const char *subject_language;
	bool subject_minor;
	const char *objection; /* what one leads to: "record", "second-authoriser", "stop" */
	const char *operator_role;
	bool two_stage; /* release.two_stage; false is "immediate" */
	/* certificates by SHA-256 in hex: who may release, and to whom the key of a case is closed */
	const char *releasers[KT_SCOPE_MAX], *recipients[KT_SCOPE_MAX];
	size_t nreleasers, nrecipients;
	bool second; /* a release wants a second person */
	int64_t unreleased_days, released_until_us;
	bool erase_package; /* on expiry: the package too, not the key alone */
	int64_t not_before_us, not_after_us, issued_at_us;
	int64_t max_sessions;
	size_t nscope;
	struct kt_scope scope[KT_SCOPE_MAX];
};

/*
 * What the caller knows, to be held against the mandate; members that are NULL/0 are not checked,
 * but a check without trust can't end well (KT_E_UNDETERMINED).
 */
struct kt_mandate_use {
	int64_t now_us;		       /* 0: now */
	const char *device_kind;       /* "android" or "ios" */
	const char *device_identifier; /* serial of the phone that is to be read */
	const struct kt_signer *operator_cert;
	const struct kt_trust *trust;
	const char *const *sources; /* NULL-terminated list of artifact ids that exist */
	int64_t sessions_used;	    /* from the register; -1: not known */
};

/*
 * Parses the bytes and checks everything that needs no signature: fields, types, unknown keys,
 * windows, lengths. KT_E_REFUSED with a text that starts with the defect's name (kebab-case, then
 * ": explanation"), see docs/formats/mandate.md. On success *m owns; free with kt_mandate_free().
 */
int kt_mandate_parse(const void *p, size_t n, struct kt_mandate **m, struct kt_err *err);
void kt_mandate_free(struct kt_mandate **m);

/*
 * Checks signature and circumstances: signature right and trusted, signer is an authoriser and not
 * the operator, now inside the validity, the right phone, sources known, sessions left. p, n: the
 * signed bytes that m was parsed from; p7s NULL: there is no signature file. *signer is filled when
 * the signature could be read. 0; KT_E_REFUSED by name; KT_E_UNDETERMINED "no-trust-anchor: ..."
 * when everything holds but use->trust is NULL, so that nobody vouches for the signer.
 */
int kt_mandate_check(const struct kt_mandate *m, const void *p, size_t n, const void *p7s,
		     size_t p7s_len, const struct kt_mandate_use *use, struct kt_signer *signer,
		     struct kt_err *err);

/* The scope row for an artifact id, or NULL. */
const struct kt_scope *kt_mandate_scope(const struct kt_mandate *m, const char *source);

/*
 * A skeleton as JSON text, with placeholders in angle brackets that say what belongs there. It is
 * refused ("placeholder") until the last of them is filled in. Constant storage.
 */
const char *kt_mandate_template(void);

#endif
