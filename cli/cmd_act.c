/* SPDX-License-Identifier: EUPL-1.2 */
/* keten act: records what is done with packages, each as a package of its own. */
#include "cli/found.h"
#include "cli/steps.h"
#include "cli/vouch.h"
#include "core/json.h"
#include "core/time.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static int check_until(const struct kt_opts *o, char text[KT_TIME_TEXT], struct kt_err *err)
{
	char full[64];
	int64_t us;

	if (o->until == NULL)
		return KT_FAIL(err, KT_E_USAGE,
			       "name the day that the hold ends with --until DATE");
	snprintf(full, sizeof(full), "%.30s%s", o->until,
		 strlen(o->until) == 10 ? "T00:00:00Z" : "");
	if (kt_time_parse(full, strlen(full), true, &us, NULL, NULL) < 0)
		return KT_FAIL(err, KT_E_USAGE,
			       "--until wants a day (2027-01-31) or a time with zone");
	if (strlen(o->until) == 10) /* the last day of the hold, not the first after it */
		us += KT_US_PER_DAY;
	if (us <= kt_time_now())
		return KT_FAIL(err, KT_E_USAGE, "--until lies in the past");
	kt_time_text(us, text);
	return 0;
}

static int put_detail(const struct kt_opts *o, enum kt_pkg_type type, const struct kt_signer *who,
		      struct kt_buf *b, struct kt_err *err)
{
	char until[KT_TIME_TEXT] = "";
	struct kt_jw w;
	int r = type == KT_PT_HOLD ? check_until(o, until, err) : 0;

	if (r == 0 && (type == KT_PT_TRANSFER || type == KT_PT_COPY) && o->to == NULL)
		r = KT_FAIL(err, KT_E_USAGE, "name who gets it with --to TEXT");
	if (r == 0 && o->reason == NULL)
		r = KT_FAIL(err, KT_E_USAGE, "say why with --reason TEXT");
	if (r < 0 || o->reason == NULL)
		return r;
	kt_jw_init(&w, b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "by", who->subject);
	kt_jw_kbytes(&w, type == KT_PT_HOLD ? "reason" : "purpose", o->reason, strlen(o->reason));
	if (type == KT_PT_HOLD)
		kt_jw_kstr(&w, "until", until);
	else
		kt_jw_kbytes(&w, "to", o->to != NULL ? o->to : "",
			     o->to != NULL ? strlen(o->to) : 0);
	kt_jw_obj_end(&w);
	return kt_buf_cstr(b) == NULL ? KT_FAIL(err, KT_E_NOMEM, "no memory") : 0;
}

/* All are valid, of one case. */
static int collect(const struct kt_found *all, struct kt_act *act, struct kt_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->n; i++) {
		const struct kt_found_one *p = &all->v[i];

		if (p->is_case)
			continue;
		if (!p->valid)
			r = KT_FAIL(err, KT_E_INVALID,
				    "%.100s is not valid (keten verify says why)", p->path);
		else if (act->case_id != NULL && strcmp(act->case_id, p->j.case_id) != 0)
			r = KT_FAIL(err, KT_E_USAGE, "an act is about packages of one case");
		else if (act->mandate_id != NULL && strcmp(act->mandate_id, p->j.mandate_id) != 0)
			r = KT_FAIL(err, KT_E_USAGE, "an act is about packages under one mandate");
		if (r == 0)
			r = kt_act_about(act, &p->j, err);
	}
	if (r == 0 && act->nconcerns == 0)
		r = KT_FAIL(err, KT_E_USAGE, "there is no package");
	return r;
}

static enum kt_pkg_type type_of(const char *word)
{
	static const enum kt_pkg_type may[] = {KT_PT_OPENING, KT_PT_TRANSFER, KT_PT_COPY,
					       KT_PT_HOLD};

	for (size_t i = 0; i < sizeof(may) / sizeof(may[0]); i++)
		if (strcmp(word, kt_pkg_type_word(may[i])) == 0)
			return may[i];
	return KT_PT_UNKNOWN;
}

int kt_cmd_act(const struct kt_opts *o)
{
	static struct kt_act act;
	struct kt_opts own = *o;
	struct kt_package *pkg = NULL;
	struct kt_found all = {NULL};
	struct kt_err err = {0};
	struct kt_signer who;
	char name[KT_PKG_NAME_MAX + 1];
	struct kt_buf detail;
	int r;

	memset(&act, 0, sizeof(act));
	act.type = o->nargs > 0 ? type_of(o->args[0]) : KT_PT_UNKNOWN;
	if (act.type == KT_PT_UNKNOWN || o->nargs < 2 || o->operator_key == NULL ||
	    o->out_dir == NULL)
		return kt_usage_exit();
	own.args = o->args + 1;
	own.nargs = o->nargs - 1;
	kt_buf_init(&detail, 0);
	r = kt_found_load(&own, &all, &err);
	if (r == 0)
		r = collect(&all, &act, &err);
	if (r == 0)
		r = kt_signer_facts(o->operator_key, all.trust, &who, &err);
	if (r == 0)
		r = put_detail(o, act.type, &who, &detail, &err);
	act.detail = (const char *)detail.p;
	if (r == 0)
		r = kt_act_begin(&act, AT_FDCWD, &pkg, &err);
	if (r == 0)
		r = kt_act_make(o->out_dir, o->operator_key, all.trust, pkg, &act, name, &err);
	if (r == 0)
		printf("%-8s %s/%s\n", kt_pkg_type_word(act.type), o->out_dir, name);
	kt_package_free(&pkg);
	kt_found_free(&all);
	kt_buf_free(&detail);
	return r < 0 ? kt_fail_exit(r, &err) : KT_EXIT_OK;
}
