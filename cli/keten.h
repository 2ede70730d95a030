/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the commands of keten share: options, the authority of a session, progress for people and
 * programs, exit status. Only cli/ includes this.
 */
#ifndef KT_CLI_KETEN_H
#define KT_CLI_KETEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/buf.h"
#include "core/cms.h"
#include "core/err.h"
#include "core/mandate.h"
#include "core/plan.h"

/* Exit status of every command; see docs/user/keten.md. */
enum kt_exit {
	KT_EXIT_OK = 0,
	KT_EXIT_PARTIAL = 1,
	KT_EXIT_USAGE = 2,
	KT_EXIT_REFUSED = 3,
	KT_EXIT_DEVICE = 4,
	KT_EXIT_INVALID = 5,
	KT_EXIT_UNDETERMINED = 6,
	KT_EXIT_STORAGE = 7,
	KT_EXIT_INTERNAL = 8,
};
int kt_exit_of(int code);
/* What is malformed or too long in a case or package is evidence that does not hold, not a wrong call. */
int kt_of_evidence(int code);

#define KT_TSA_MAX	 8
#define KT_RELEASERS_MAX 16

struct kt_opts {
	/* releasers: certificates or folders of them for a session; the first is a release's key */
	const char *releasers[KT_RELEASERS_MAX];
	unsigned nreleasers;
	const char *envelope, *second, *until;
	bool reproduce;
	const char *mandate, *device, *operator_key, *case_dir, *out_dir, *trust, *text, *from;
	const char *statement; /* what the applicant said, or NULL */
	/* the person: position, interpreter, language of papers, folder of further ones, page to write */
	const char *subject, *interpreter, *lang, *information, *html;
	const char *tsa[KT_TSA_MAX]; /* time-stamp authorities, asked in this order */
	size_t ntsa;
	const char *tsa_trust, *crl; /* folders; NULL: what the trust folder holds */
	const char *pinentry;	     /* asks for a card's PIN; NULL: the station's way */
	const char *reason, *note, *plugin, *to,
		*purpose; /* of an act: refuse, erratum, disclose ... */
	unsigned form;	  /* enum kt_form that --form names; 0: none was named */
	bool json, progress_json, simulated, wait_set, help;
	unsigned wait_s;		      /* for a phone or a tap */
	const char *offset, *length, *judged; /* for show; looked at by keten-verify */
	const char *marks;		      /* of redact */
	const char **args;		      /* what is no option; borrowed from argv */
	int nargs;
	bool try_file, count_only;
	int password_fd; /* backup passwords, one a line; -1: the terminal */
};

/* Parses argv[2..]. 0 or KT_E_USAGE with the reason in err. Free with kt_opts_free(). */
int kt_opts_parse(int argc, char **argv, struct kt_opts *o, struct kt_err *err);
void kt_opts_free(struct kt_opts *o);
/* KT_E_USAGE, "name what", for an option that was not given. */
int kt_need(const char *value, const char *what, struct kt_err *err);

/* Text that may hold a name of a file, in the visible form of core/json.h. */
void kt_put_visible(FILE *out, const char *text);
/* Prints "keten: story" and what to do next, returns the exit status of the code. */
int kt_fail_exit(int code, const struct kt_err *err);

/* For a call that lacks something: says the usage of the command that runs, returns KT_EXIT_USAGE. */
int kt_usage_exit(void);

/*
 * A result for a program: b and the end of its line go to standard output, and b is freed. 0;
 * KT_E_NOMEM when b failed; KT_E_STORAGE when not all of it arrived.
 */
int kt_print_json(struct kt_buf *b, struct kt_err *err);

/* SIGINT or SIGTERM came: stop at the next safe place. */
extern volatile int kt_stop_asked;
void kt_catch_signals(void);

/* -- authority -------------------------------------------------------------------------------- */

struct kt_authority {
	struct kt_buf mandate_bytes, p7s;
	struct kt_mandate *mandate;
	struct kt_trust *trust;
	struct kt_signer authoriser, operator_cert;
	bool has_operator;
	char sha256_hex[KT_SHA256_HEX];
};

/*
 * Loads mandate, signature, trust and operator certificate and holds them against each other.
 * for_session: device, operator and register are checked too (a case that exists already uses up
 * no session: case_known). at_us: the time at which the mandate must be in force, 0 for now. 0 or
 * a code with the reason; always free.
 */
int kt_authority_load(const struct kt_opts *o, bool for_session, bool case_known, int64_t at_us,
		      struct kt_authority *a, struct kt_err *err);
void kt_authority_free(struct kt_authority *a);
/* The plan for one form (enum kt_form). As kt_plan_make(). */
int kt_authority_plan(const struct kt_authority *a, unsigned form, struct kt_plan *plan,
		      struct kt_err *err);

/* -- keten-sign ------------------------------------------------------------------------------- */

/* How keten-sign is to ask and whom: pinentry, authorities, trust in them. o is borrowed. */
void kt_sign_setup(const struct kt_opts *o);
/* One start of keten-sign: the same words for every act, whoever runs it. */
#define KT_SIGN_ARGS 10
struct kt_sign_start {
	const char *argv[KT_SIGN_ARGS]; /* NULL-terminated */
	bool keep_env;
};
/* For the act, with one more option or NULL; key NULL where the act needs none. Strings are borrowed. */
void kt_sign_begin(struct kt_sign_start *s, const char *act, const char *option, const char *key);
/* What its wait status means, as a code with its reason: why keten-sign refused stands above, or it broke. */
int kt_sign_ended(int status, const char *key, struct kt_err *err);
/*
 * Runs an act of keten-sign, as kt_sign_begin() says: content goes in, result is appended. 0 or a code, when
 * keten-sign has said why.
 */
int kt_sign_run(const char *act, const char *option, const char *key, const void *content, size_t n,
		struct kt_buf *result, struct kt_err *err);
/* Detached signature of content by the operator, appended. 0 or a code. */
int kt_sign(const char *key, const void *content, size_t n, struct kt_buf *der, struct kt_err *err);
/* Bare signature of a SHA-256 digest by the same key (XML). As kt_sign(). */
int kt_sign_digest(const char *key, const uint8_t *digest, struct kt_buf *sig, struct kt_err *err);
/* Do the options or the station name a time-stamp authority? */
bool kt_stamp_wanted(void);
/*
 * A token over content from the authorities of the options, appended. 0; KT_E_ABSENT: none are named;
 * KT_E_DEVICE with the reason: none gave one.
 */
int kt_stamp(const void *content, size_t n, struct kt_buf *token, struct kt_err *err);
/* The same over what has this SHA-256. */
int kt_stamp_digest(const uint8_t *sha256, struct kt_buf *token, struct kt_err *err);

/*
 * The folder of --out, made when it is missing: for this person alone (0700). One that is there stays as
 * it is, shared or not. A descriptor, or KT_E_STORAGE.
 */
int kt_out_open(const char *dir, struct kt_err *err);

/* -- progress --------------------------------------------------------------------------------- */

/* One place that people and programs watch: a line on stderr, or JSON Lines with --progress=json. */
struct kt_progress {
	bool json, tty;
	const char *step;
	char item[80], state[32], detail[160], fingerprint[64];
	uint64_t bytes, files, files_total;
	unsigned item_no, items; /* place of the item in the plan, from 1; 0: not known */
	int64_t last_data_ns, last_show_ns, start_ns;
	int seconds_left;
	bool line_open;
};

void kt_progress_init(struct kt_progress *p, const struct kt_opts *o);
void kt_progress_step(struct kt_progress *p, const char *step, const char *item);
/* A phone's state with remedy; shown at once when it changed. */
void kt_progress_state(struct kt_progress *p, const char *state, const char *remedy,
		       const char *fingerprint, int seconds_left);
/* Bytes that arrived since the last call (0 too: shows stalls). Cheap; shows at most 5 times a second. */
void kt_progress_data(struct kt_progress *p, uint64_t bytes);
/* A finished line. */
void kt_progress_say(struct kt_progress *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void kt_progress_end(struct kt_progress *p);
/* What a person should know before anything begins; like kt_progress_say(). */
void kt_warn(const struct kt_opts *o, const char *text);
/* How an item ended, for programs alone (--progress=json); people get a line by kt_progress_say(). */
void kt_progress_outcome(struct kt_progress *p, const char *item, const char *outcome,
			 const char *reason, uint64_t objects, uint64_t bytes);
/* A program that shows this progress must ask a person for something; again: the last was wrong. */
void kt_progress_ask(struct kt_progress *p, const char *what, bool again);

/* State names and remedies of enum kt_dev_state. */
const char *kt_state_name(unsigned state);
const char *kt_state_remedy(unsigned state);

/* -- commands --------------------------------------------------------------------------------- */

int kt_cmd_devices(const struct kt_opts *o);
int kt_cmd_parsers(const struct kt_opts *o);
int kt_cmd_mandate(const struct kt_opts *o);
int kt_cmd_plan(const struct kt_opts *o);
int kt_cmd_run(const struct kt_opts *o);
int kt_cmd_redact(const struct kt_opts *o);
int kt_cmd_import(const struct kt_opts *o);
int kt_cmd_acquire(const struct kt_opts *o);
int kt_cmd_parse(const struct kt_opts *o);
int kt_cmd_report(const struct kt_opts *o);
int kt_cmd_seal(const struct kt_opts *o);
int kt_cmd_verify(const struct kt_opts *o);
int kt_cmd_timestamp(const struct kt_opts *o);
int kt_cmd_show(const struct kt_opts *o);
int kt_cmd_station(const struct kt_opts *o);
int kt_cmd_cases(const struct kt_opts *o);
int kt_cmd_log(const struct kt_opts *o);
int kt_cmd_refuse(const struct kt_opts *o);
int kt_cmd_withdraw(const struct kt_opts *o);
int kt_cmd_interrupt(const struct kt_opts *o);
int kt_cmd_comment(const struct kt_opts *o);
int kt_cmd_erratum(const struct kt_opts *o);
int kt_cmd_disclose(const struct kt_opts *o);
int kt_cmd_information(const struct kt_opts *o);
int kt_cmd_receipt(const struct kt_opts *o);
int kt_cmd_release(const struct kt_opts *o);
int kt_cmd_reproduce(const struct kt_opts *o);
int kt_cmd_expire(const struct kt_opts *o);
int kt_cmd_stats(const struct kt_opts *o);
int kt_cmd_act(const struct kt_opts *o);

#endif
