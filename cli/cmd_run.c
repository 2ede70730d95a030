/* SPDX-License-Identifier: EUPL-1.2 */
/* The main job and its steps one by one. */
#include "cli/steps.h"
#include "cli/subject.h"
#include "cli/station.h"
#include "core/io.h"
#include "core/json.h"
#include "core/request.h"
#include "core/time.h"
#include "reports/verify/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct result {
	const char *package;	  /* "" when none */
	const char *interruption; /* the act of a reading that ended too early, "" when none */
	int code;
};

static int print_result(const struct kt_opts *o, const struct kt_acq *q, const struct result *res,
			struct kt_err *err)
{
	struct kt_buf b;
	struct kt_jw w;

	if (!o->json) {
		if (res->package[0] != '\0' && q->c.sealed)
			printf("package  %s/%s\nenvelope %s/%s\n"
			       "sealed   only a releaser can open it: keten release PACKAGE "
			       "--envelope "
			       "ENVELOPE\n",
			       o->out_dir, res->package, o->out_dir, q->envelope);
		else if (res->package[0] != '\0')
			printf("package  %s/%s\nreport   %s/report/report.html\n", o->out_dir,
			       res->package, o->case_dir);
		printf("receipt  custody head %s\nresult   %s%s%s\n", q->log.head,
		       res->code == 0 ? "complete"
		       : q->c.sealed  ? "partial: not all that was asked for was taken"
				      : "partial: see \"what was not taken\" in the report",
		       q->note[0] != '\0' ? "; " : "", q->note);
		return 0;
	}
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "schema", "keten-run-result-1");
	kt_jw_kstr(&w, "case_id", q->c.id);
	kt_jw_kstr(&w, "custody_head", q->log.head);
	if (q->c.sealed)
		kt_jw_kstr(&w, "envelope", q->envelope[0] != '\0' ? q->envelope : NULL);
	if (res->interruption[0] != '\0')
		kt_jw_kstr(&w, "interruption", res->interruption);
	if (q->note[0] != '\0')
		kt_jw_kstr(&w, "note", q->note);
	kt_jw_kstr(&w, "package", res->package[0] != '\0' ? res->package : NULL);
	kt_jw_kstr(&w, "result",
		   res->interruption[0] != '\0' ? "interrupted"
		   : res->code == 0		? "complete"
						: "partial");
	if (res->interruption[0] == '\0')
		kt_jw_kstr(&w, "time", q->anchored ? "anchored" : "unanchored");
	if (res->interruption[0] == '\0' && q->no_clock[0] != '\0')
		kt_jw_kstr(&w, "time_reason", q->no_clock);
	kt_jw_obj_end(&w);
	return kt_print_json(&b, err);
}

static int check_run_opts(const struct kt_opts *o, const struct kt_source *src, bool package,
			  struct kt_err *err)
{
	int r = 0;

	if (src == NULL && (o->from != NULL || (o->form != 0 && o->form != KT_FORM_PHONE)))
		r = KT_FAIL(err, KT_E_USAGE,
			    "this command reads a phone; keten import reads backups, images, "
			    "carriers and files");
	if (r == 0)
		r = kt_need(o->operator_key, "the operator's key with --operator FILE", err);
	if (r == 0)
		r = kt_need(o->case_dir, "a case folder with --case DIR", err);
	if (r == 0 && package)
		r = kt_need(o->out_dir, "the folder for the package with --out DIR", err);
	if (r == 0 && o->nargs > 0)
		r = KT_FAIL(err, KT_E_USAGE, "unexpected \"%.60s\"", o->args[0]);
	return r;
}

/* Steps that a run which was cut off has not done yet. */
static int after_seal(struct kt_acq *q, char *package, size_t n, bool *partial, struct kt_err *err)
{
	/* what is sealed can't be read here: its release makes records and report */
	int r = q->c.sealed ? 0 : kt_step_parse(q, err);

	if (r == KT_E_PARTIAL) {
		*partial = true;
		r = 0;
	}
	if (r == 0 && !q->c.sealed)
		r = kt_step_report(q, err);
	if (r == 0 && package != NULL)
		r = kt_step_package(q, package, n, err);
	return r;
}

/* Before a phone is waited for: can a package be put there at all? */
static int check_out(const struct kt_opts *o, struct kt_err *err)
{
	KT_AUTO_FD fd = kt_out_open(o->out_dir, err);

	if (fd < 0)
		return fd;
	if (access(o->out_dir, W_OK | X_OK) < 0)
		return KT_FAIL(err, KT_E_STORAGE, "--out %.80s: %s; name another folder",
			       o->out_dir, strerror(errno));
	return 0;
}

/* What the station looked like goes into the log, the answers of the self-test first of all. */
static int log_station(struct kt_acq *q, struct kt_err *err)
{
	struct kt_jw *w = &q->log.w;
	struct kt_station s;

	kt_station_look(&s, q->o->case_dir, q->o->out_dir);
	if (q->state.acquisition_sealed)
		return 0;
	kt_custody_begin(&q->log);
	kt_jw_kstr(w, "clock", kt_station_word(&s, KT_STATION_CLOCK));
	kt_jw_kstr(w, "keyboard", kt_station_word(&s, KT_STATION_KEYBOARD));
	kt_jw_kstr(w, "room", kt_station_word(&s, KT_STATION_ROOM));
	kt_jw_kstr(w, "self_test", kt_station_word(&s, KT_STATION_SELF_TEST));
	kt_jw_kstr(w, "swap", kt_station_word(&s, KT_STATION_SWAP));
	if (kt_custody_end(&q->log, "station.check", err) < 0)
		return KT_E_STORAGE;
	if (s.state[KT_STATION_SELF_TEST] == KT_STATION_FAILED)
		return KT_FAIL(err, KT_E_INTERNAL, "self-test: %s; install Keten again",
			       s.text[KT_STATION_SELF_TEST]);
	return 0;
}

/* The phone is named by the command, an iPhone also by its mandate: never just the one that is there. */
static int name_phone(struct kt_opts *o, const struct kt_authority *a, struct kt_err *err)
{
	if (o->device == NULL && kt_platform_find(a->mandate->device_kind) == KT_PLATFORM_IOS)
		o->device = a->mandate->device_identifier;
	return kt_need(o->device, "the phone with --device (keten devices lists them)", err);
}

/* Before its package: what is there stays, and that it ended is recorded. */
static void ended_early(struct kt_acq *q, int code, const struct kt_err *err)
{
	char name[KT_PKG_NAME_MAX + 1];
	struct result res = {"", name, code};

	if (q->c.fd < 0)
		return;
	kt_interrupt_leave(q, code, err, name);
	if (code != KT_E_REFUSED && code != KT_E_USAGE)
		kt_progress_say(&q->prog,
				"The case stays in %s. Run the same command again to go on; that "
				"uses no further session of the mandate.",
				q->o->case_dir);
	if (q->o->json && name[0] != '\0')
		print_result(q->o, q, &res, NULL); /* the code of its end says more */
}

int kt_run_case(const struct kt_opts *opts, struct kt_source *src, bool package)
{
	static struct kt_acq q;
	struct kt_opts own = *opts, *o = &own;
	struct kt_authority a = {0};
	struct kt_err err = {0};
	char name[KT_PKG_NAME_MAX + 1] = "";
	int r = check_run_opts(o, src, package, &err);

	memset(&q, 0, sizeof(q));
	q.log.fd = q.c.fd = q.c.objects_fd = q.c.index_fd = q.c.lock_fd = -1;
	if (r == 0)
		r = kt_authority_load(o, true, kt_case_exists(o->case_dir), 0, &a, &err);
	if (r == 0 && src == NULL)
		r = name_phone(o, &a, &err);
	if (r == 0)
		r = kt_case_exists(o->case_dir) ? 0 : kt_release_check(o, &a, &err);
	if (r == 0)
		r = kt_subject_check(o, &a, &err);
	if (r == 0 && package)
		r = check_out(o, &err);
	if (r == 0)
		r = kt_statement_check_file(o, &err);
	if (r == 0)
		r = kt_acq_open(o, &a, src, &q, &err);
	if (r == 0)
		r = kt_statement_take(&q, &err);
	if (r == 0)
		r = log_station(&q, &err);
	if (r == 0 && q.state.acquisition_sealed)
		kt_progress_say(&q.prog,
				"The acquisition of this case is complete; no %s is needed. %s",
				kt_form_name(q.plan.form),
				q.state.packages > 0 ? "Another package is made." : "");
	if (r == 0)
		r = kt_subject_record(&q, &err);
	if (r == 0)
		r = kt_acq_run(&q, &err);
	if (r == 0 && package)
		r = after_seal(&q, name, sizeof(name), &q.partial, &err);
	kt_progress_end(&q.prog);
	if (r == 0) {
		struct result res = {name, "", q.partial ? KT_E_PARTIAL : 0};

		r = print_result(o, &q, &res, &err);
		r = r < 0 ? kt_fail_exit(r, &err) : kt_exit_of(res.code);
	} else {
		ended_early(&q, r, &err);
		r = kt_fail_exit(r, &err);
	}
	kt_acq_close(&q);
	kt_authority_free(&a);
	return r;
}

int kt_cmd_run(const struct kt_opts *o)
{
	return kt_run_case(o, NULL, true);
}

int kt_cmd_acquire(const struct kt_opts *o)
{
	return kt_run_case(o, NULL, false);
}

static int one_step(const struct kt_opts *o, const char *step,
		    int (*fn)(struct kt_acq *, struct kt_err *))
{
	static struct kt_acq q;
	struct kt_authority a;
	struct kt_err err = {0};
	int r = kt_steps_open(o, step, &a, &q, &err);

	if (r == 0)
		r = fn(&q, &err);
	kt_progress_end(&q.prog);
	r = r == 0 ? KT_EXIT_OK : r == KT_E_PARTIAL ? KT_EXIT_PARTIAL : kt_fail_exit(r, &err);
	kt_acq_close(&q);
	kt_authority_free(&a);
	return r;
}

int kt_cmd_parse(const struct kt_opts *o)
{
	return one_step(o, "parse", kt_step_parse);
}

static int report_step(struct kt_acq *q, struct kt_err *err)
{
	int r = kt_statement_take(q, err);

	return r < 0 ? r : kt_step_report(q, err);
}

int kt_cmd_report(const struct kt_opts *o)
{
	return one_step(o, "report", report_step);
}

static int package_step(struct kt_acq *q, struct kt_err *err)
{
	char name[KT_PKG_NAME_MAX + 1];
	int r = kt_need(q->o->operator_key, "the operator's key with --operator FILE", err);

	if (r == 0)
		r = kt_need(q->o->out_dir, "the folder for the package with --out DIR", err);
	if (r == 0 && !q->state.reported && !q->c.sealed)
		r = KT_FAIL(err, KT_E_REFUSED,
			    "no-report: make the report first (keten parse, then keten report)");
	if (r == 0)
		r = kt_step_package(q, name, sizeof(name), err);
	if (r == 0)
		printf("package  %s/%s\n", q->o->out_dir, name);
	if (r == 0 && q->c.sealed)
		printf("envelope %s/%s\n", q->o->out_dir, q->envelope);
	return r;
}

int kt_cmd_seal(const struct kt_opts *o)
{
	return one_step(o, "seal", package_step);
}
