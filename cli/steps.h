/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What happens after the acquisition is sealed: records, report, package. Each step can be run
 * again; none of them speaks to a phone.
 */
#ifndef KT_CLI_STEPS_H
#define KT_CLI_STEPS_H

#include "cli/acquire.h"
#include "reports/package/act.h"

struct kt_judged;

#define KT_RECORDS "records.sqlite"

/*
 * The whole job: acquire, seal, parse, report, and the package. src NULL: from the phone that the
 * options name. Prints result or failure; returns the exit status.
 */
int kt_run_case(const struct kt_opts *o, struct kt_source *src, bool package);

/* Parses every object of the case in the sandbox. 0, KT_E_PARTIAL (some parser failed), or a code. */
int kt_step_parse(struct kt_acq *q, struct kt_err *err);
/* report/report.json, report.html, run.json. */
int kt_step_report(struct kt_acq *q, struct kt_err *err);
/* report.json alone, into an open file; dir gets the statement that went into it, where there is one. */
int kt_report_json(struct kt_acq *q, int dir, int fd, struct kt_err *err);
/* The package; name (KT_PKG_NAME) gets its file name. */
int kt_step_package(struct kt_acq *q, char *name, size_t n, struct kt_err *err);

/* Opens an existing, sealed case for one of the commands above (authority from the case itself). */
int kt_steps_open(const struct kt_opts *o, const char *step, struct kt_authority *a,
		  struct kt_acq *q, struct kt_err *err);

/* The same for a case that may not be finished, or is closed: to record how it ends. */
int kt_steps_reopen(const struct kt_opts *o, const char *step, struct kt_authority *a,
		    struct kt_acq *q, struct kt_err *err);
struct kt_statement;
/* Whether the file of --statement holds: before a phone is asked for anything. 0 or KT_E_USAGE. */
int kt_statement_check_file(const struct kt_opts *o, struct kt_err *err);
/* Takes it into the case and logs it. 0; KT_E_REFUSED when the case has another, or its report already. */
int kt_statement_take(struct kt_acq *q, struct kt_err *err);
/* 1: *s is the case's statement (free it), and a copy lies beside the report; 0: it has none. */
int kt_statement_of_case(struct kt_acq *q, int report_dir, struct kt_statement *s,
			 struct kt_err *err);

/* Path of the record store of the case: SQLite wants one. */
int kt_records_path(const struct kt_acq *q, char *out, size_t n, struct kt_err *err);

/* "programs": hashes of our own programs, a member of build.json and run.json. */
int kt_programs_json(struct kt_jw *w, struct kt_err *err);
/* Adds tool/build.json: which build of Keten makes this package. */
int kt_build_json(struct kt_package *pkg, struct kt_err *err);
/*
 * The act is about this package too: it names its mandate and case, which belong to p, and concerns it.
 * 0; KT_E_USAGE, KT_E_LIMIT: see kt_act_concern().
 */
int kt_act_about(struct kt_act *act, const struct kt_judged *p, struct kt_err *err);
/*
 * A comment on a package, as an act in the folder of the options: text of n bytes, and title, which says
 * whose words they are. name gets its file name. 0 or a code.
 */
int kt_act_comment(const struct kt_opts *o, const struct kt_trust *trust, const struct kt_judged *p,
		   const char *title, const void *text, size_t n, char name[KT_PKG_NAME_MAX + 1],
		   struct kt_err *err);
/*
 * Writes an act package (reports/package/act.h) into the folder dir, signed with key, after adding
 * tool/build.json. Prints nothing. trust may be NULL. name gets its file name.
 */
int kt_act_make(const char *dir, const char *key, const struct kt_trust *trust,
		struct kt_package *pkg, const struct kt_act *act, char name[KT_PKG_NAME_MAX + 1],
		struct kt_err *err);
/* The same in a place that is held already, because the log names it. */
int kt_act_make_at(struct kt_place *place, const char *key, const struct kt_trust *trust,
		   struct kt_package *pkg, const struct kt_act *act, struct kt_err *err);
/* The same of an open case, with its mandate, log and papers, into the folder of the options. */
int kt_act_of_case(struct kt_acq *q, enum kt_pkg_type type, const char *detail,
		   char name[KT_PKG_NAME_MAX + 1], struct kt_err *err);
/* What an act of a case needs of its options; nothing beside them is named. 0 or KT_E_USAGE. */
int kt_act_check_opts(const struct kt_opts *o, struct kt_err *err);
/* Says what was recorded: for people, or as keten-act-result-1 with --json. As kt_print_json(). */
int kt_act_print(const struct kt_opts *o, const char *type, const char *name, uint64_t files,
		 uint64_t bytes, struct kt_err *err);
/*
 * What a reading leaves that ends before its seal (cli/interrupt.c): a line in the log, and a signed act.
 * code and err: how it ended; what goes wrong here is only said, and name is "" then.
 */
void kt_interrupt_leave(struct kt_acq *q, int code, const struct kt_err *err,
			char name[KT_PKG_NAME_MAX + 1]);
/* Destroys what was taken into a case and made of it; mandate, log and papers stay. */
int kt_case_empty(int fd, struct kt_err *err);
/* All views of dir/report.json, drawn in the sandbox. */
int kt_report_views(int dir, struct kt_err *err);
/*
 * The views of an open report.json drawn again, in pieces, kept nowhere; after the last piece of a file fn
 * is called without one (p NULL).
 */
typedef int (*kt_view_fn)(void *arg, const char *file, const void *p, size_t n, struct kt_err *err);
int kt_report_redraw(int json, kt_view_fn fn, void *arg, struct kt_err *err);
/* dir/report.json from a file with an order and the full report (redact.h), made in the sandbox. */
int kt_redact_report(int from, const char *input, int dir, struct kt_err *err);
/* Hash of the plan of q, as session.open has it. 0 or a code. */
int kt_plan_sha256(struct kt_acq *q, char out[KT_SHA256_HEX], struct kt_err *err);
/* SHA-256 of a file's bytes. 0 or KT_E_STORAGE. */
int kt_path_sha256(int dirfd, const char *name, char sha[KT_SHA256_HEX], struct kt_err *err);

#endif
