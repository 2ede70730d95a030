/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Private to reports/verify: what the checks share. Each check writes its findings into the result
 * and leaves facts for the checks after it; a fact that could not be had is empty, and a check
 * that needs it stays open. Functions return 0 or the code of trouble that is not the package's
 * (storage, memory); what is wrong with the package is a finding, never an error.
 */
#ifndef KT_VERIFY_CHECK_H
#define KT_VERIFY_CHECK_H

#include "core/age.h"
#include "core/buf.h"
#include "core/custody.h"
#include "core/mandate.h"
#include "core/tsp.h"
#include "reports/verify/verify.h"
#include "reports/verify/zip_read.h"

#define KT_VF_SEGMENTS 1024u
#define KT_VF_ITEM     65u

/* One plan item, as log, seal and index tell it. Text is "" and numbers -1 when not told. */
struct kt_vf_segment {
	bool logged, sealed, indexed;
	char item[KT_VF_ITEM];
	char outcome[16];
	char sha256[KT_SHA256_HEX];
	int64_t bytes, objects;
};

struct kt_vf {
	struct kt_zip zip;
	const struct kt_trust *trust;
	int64_t now_us;
	struct kt_verify_result *res;
	struct kt_err *err;
	/* files that are read whole */
	struct kt_buf mandate_raw, custody_raw, tags_raw, p7s_raw;
	uint8_t (*sha512)[KT_SHA512_LEN]; /* of tag files, by kt_zip_entry.tag */
	size_t ntags;
	uint64_t payload_octets, payload_files;
	/* time-stamps: what is believed, 0 else */
	struct kt_token open_token, seal_token, xades_token;
	int64_t open_us, seal_us;
	/* from case.json */
	char case_id[65], case_mandate_id[73], case_mandate[KT_SHA256_HEX];
	char device[129], device_kind[17];
	char form[17]; /* what was read; cases of a phone may leave it out */
	/* mandate */
	struct kt_mandate *mandate; /* owned */
	char mandate_sha256[KT_SHA256_HEX];
	/* signers: KT_V_SIGNATURE and KT_V_MANDATE_SIG say whether they count */
	struct kt_signer seal_cert;
	bool have_seal_cert;
	/* data/act.json, of all but acquisitions */
	bool have_act;
	char act_mandate[KT_SHA256_HEX], act_mandate_id[73], act_releaser[KT_SHA256_HEX];
	char act_second[KT_SHA256_HEX];	 /* "": nobody else agreed, it says */
	bool envelope_opened, log_ended; /* log of a release */
	/* custody log */
	bool have_log;		   /* the chain holds and the facts below are filled */
	struct kt_vf_segment *seg; /* KT_VF_SEGMENTS; [0] is segment 1 */
	size_t nseg;
	int64_t session_us, sealing_us;
	uint64_t lines, seal_line;
	char log_case_id[65], log_mandate[KT_SHA256_HEX], log_mandate_id[73];
	char log_operator[KT_SHA256_HEX], log_authoriser[KT_SHA256_HEX];
	char log_device[129];	 /* serial of the phone that was identified, "" when none was */
	char log_form[17];	 /* of the source that was opened, "" when none was */
	char log_source_id[129]; /* the phone that it says it comes from */
	char log_recipient[KT_AGE_RECIPIENT], log_envelope[KT_SHA256_HEX]; /* "": not sealed */
	char log_seal[KT_SHA256_HEX], log_report[KT_SHA256_HEX];
	char before_seal[KT_SHA256_HEX]; /* hash of the line before acquisition.sealed */
	/* papers that the log tells of, "" when it doesn't */
	char log_sheet[KT_SHA256_HEX], log_sheet_lang[36];
	char log_second[KT_SHA256_HEX], log_position[16]; /* who countersigned an objection */
	char log_receipt[KT_SHA256_HEX], log_receipt_head[KT_SHA256_HEX];
	char log_statement[KT_SHA256_HEX]; /* "" when none was added */
	int64_t log_segments, log_objects, log_bytes;
	char package[KT_PKG_NAME_MAX + 1];
	int64_t package_number;
};

/* Findings. The text is escaped here: names and values from the package go in as they are. */
void kt_vf_fail(struct kt_vf *c, enum kt_verify_id id, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void kt_vf_unsure(struct kt_vf *c, enum kt_verify_id id, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The check was made: ok unless something was found before. */
void kt_vf_done(struct kt_vf *c, enum kt_verify_id id);
bool kt_vf_is_ok(const struct kt_vf *c, enum kt_verify_id id);

/* true for the codes that are trouble of ours and not of the package */
bool kt_vf_is_ours(int code);

/*
 * Reads a whole file into b. 0: it is there and was read (*found true), or it is missing or
 * unreadable, which becomes a finding of check id (*found false). Else trouble of ours.
 */
int kt_vf_load(struct kt_vf *c, enum kt_verify_id id, const char *name, size_t max,
	       struct kt_buf *b, bool *found);

/* check_act.c */
int kt_vf_type(struct kt_vf *c); /* type, and which checks apply */
int kt_vf_act(struct kt_vf *c);	 /* ACT; facts of data/act.json */
/* check_stop.c: of a log, the lines behind which reading was interrupted; of such an act, all of it */
struct kt_vf_stops {
	struct kt_vf *c;
	bool last; /* the line before was one */
};
int kt_vf_stop_line(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		    struct kt_err *err);
void kt_vf_stop_end(struct kt_vf_stops *s, const char *head);
int kt_vf_interruption(struct kt_vf *c); /* ACT */
/* check_release.c */
int kt_vf_release(struct kt_vf *c); /* AUTHORITY and ACT of a release */
void kt_vf_release_detail(struct kt_vf *c, const struct kt_jv *detail);
int kt_vf_release_line(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		       struct kt_err *err);
/* check_files.c */
int kt_vf_hash_all(struct kt_vf *c);
int kt_vf_lists(struct kt_vf *c);    /* COMPLETE, HASHES */
int kt_vf_contents(struct kt_vf *c); /* CONTENTS */
/* check_bag.c */
int kt_vf_case(struct kt_vf *c);     /* facts of case.json; findings go to OBJECTS */
int kt_vf_mimetype(struct kt_vf *c); /* MIMETYPE */
int kt_vf_bag(struct kt_vf *c);	     /* BAG */
/* check_custody.c */
int kt_vf_custody(struct kt_vf *c); /* CUSTODY; facts of the log */
int kt_vf_events(struct kt_vf *c);  /* EVENTS */
/* check_signers.c */
int kt_vf_signature(struct kt_vf *c); /* SIGNATURE, OPERATOR */
int kt_vf_mandate(struct kt_vf *c);   /* MANDATE_SIG, AUTHORISER, AUTHORITY, MANDATE */
int kt_vf_times(struct kt_vf *c);     /* TIMES */
/* check_time.c */
int kt_vf_tokens(struct kt_vf *c); /* OPEN_TIME, SEAL_TIME; before the signers are judged */
int kt_vf_roles(struct kt_vf *c);  /* ... and after: roles apart; REVOCATION */
/*
 * Judges a token over content; a finding of check id when it does not hold. *us: the time that is
 * believed, unchanged when none is.
 */
void kt_vf_token(struct kt_vf *c, enum kt_verify_id id, const char *name, const struct kt_buf *der,
		 const struct kt_buf *content, struct kt_token *t, struct kt_verify_token *out,
		 int64_t *us);
/* Notes what the lists say of a certificate at the time it was judged for. */
void kt_vf_revocation(struct kt_vf *c, const struct kt_signer *s);
/* check_xades.c */
int kt_vf_xades(struct kt_vf *c); /* XADES */
/* check_sealed.c */
int kt_vf_sealed(struct kt_vf *c); /* SEALED */
/* A line of a sealed index: no more than it may say. A finding of SEALED otherwise. */
void kt_vf_sealed_line(struct kt_vf *c, const char *file, const struct kt_jv *line);
/* An object has to be an age file. 0 or trouble of ours. */
int kt_vf_sealed_object(struct kt_vf *c, const struct kt_zip_entry *e);
/* check_seal.c */
int kt_vf_seal(struct kt_vf *c); /* SEAL */
/* check_index.c */
int kt_vf_index(struct kt_vf *c); /* INDEX, OBJECTS, SCOPE */
/* check_subject.c: papers, part of EVENTS */
void kt_vf_on_subject(struct kt_vf *c, const char *event, const struct kt_jv *line);
int kt_vf_subject(struct kt_vf *c);
/* check_report.c */
int kt_vf_report(struct kt_vf *c); /* REPORT */

#endif
