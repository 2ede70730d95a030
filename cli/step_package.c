/* SPDX-License-Identifier: EUPL-1.2 */
/* The evidence package, and opening a sealed case for a single step. */
#include "cli/steps.h"
#include "cli/subject.h"
#include "core/io.h"
#include "core/request.h"
#include "core/time.h"
#include "core/tsp.h"
#include "parsers/host/host.h"
#include "reports/package/package.h"
#include "reports/verify/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int kt_build_json(struct kt_package *pkg, struct kt_err *err)
{
	struct kt_buf b;
	struct kt_jw w;
	int r;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	w.pretty = true;
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "format", "keten-build-1");
	kt_jw_kstr(&w, "version", KT_VERSION);
	r = kt_programs_json(&w, err);
	kt_jw_key(&w, "plugins");
	kt_jw_obj(&w);
	for (size_t i = 0; i < kt_plugins_n; i++)
		kt_jw_kuint(&w, kt_plugins[i].id, kt_plugins[i].version);
	kt_jw_obj_end(&w);
	kt_jw_obj_end(&w);
	kt_buf_putc(&b, '\n');
	if (r == 0)
		r = b.failed ? KT_FAIL(err, KT_E_NOMEM, "no memory")
			     : kt_package_add_bytes(pkg, "tool/build.json", b.p, b.len, err);
	kt_buf_free(&b);
	return r;
}

struct kt_pack {
	struct kt_acq *q;
	char why[KT_ERR_TEXT]; /* no time-stamp could be had */
};

static int sign(void *arg, const void *content, size_t n, struct kt_buf *der, struct kt_err *err)
{
	return kt_sign(((struct kt_pack *)arg)->q->o->operator_key, content, n, der, err);
}

static int digest(void *arg, const uint8_t *md, struct kt_buf *sig, struct kt_err *err)
{
	return kt_sign_digest(((struct kt_pack *)arg)->q->o->operator_key, md, sig, err);
}

/* The first reason is kept for the log; a package without a token is a whole package. */
static int stamp(void *arg, const void *content, size_t n, struct kt_buf *token, struct kt_err *err)
{
	struct kt_pack *p = arg;
	struct kt_token t;
	int r = kt_stamp(content, n, token, err);

	/* one that the verifier would not have must not spoil the package */
	if (r == 0)
		r = kt_token_verify(token->p, token->len, content, n, kt_trust_tsa(p->q->a->trust),
				    &t, err);
	if (r == 0)
		r = kt_token_apart(&t, &p->q->a->operator_cert, err);
	if (r == 0)
		r = kt_token_apart(&t, &p->q->a->authoriser, err);

	if (r < 0 && p->why[0] == '\0')
		snprintf(p->why, sizeof(p->why), "%s", kt_err_text(err));
	return r;
}

static int progress(void *arg, uint64_t done, uint64_t total)
{
	struct kt_progress *p = &((struct kt_pack *)arg)->q->prog;

	(void)total;
	kt_progress_data(p, done > p->bytes ? done - p->bytes : 0);
	return kt_stop_asked;
}

/* The person's receipt goes along, and the log names it. */
static int issue_receipt(struct kt_acq *q, struct kt_err *err)
{
	struct kt_buf json;
	int r;

	kt_buf_init(&json, 0);
	r = kt_subject_receipt(q, &json, err);
	kt_buf_free(&json);
	return r;
}

static int log_sealing(struct kt_acq *q, const char *name, uint64_t number, struct kt_err *err)
{
	kt_custody_begin(&q->log);
	kt_jw_kuint(&q->log.w, "number", number);
	kt_jw_kstr(&q->log.w, "package", name);
	return kt_custody_end(&q->log, "package.sealing", err);
}

/* It was announced and is not there: the case has none, as before. */
static void log_dropped(struct kt_acq *q, const char *name)
{
	q->envelope[0] = '\0';
	kt_custody_event(&q->log, "package.dropped", "package", name, NULL);
}

/* What became of the time-stamp, when one was asked for. */
static int log_stamp(struct kt_acq *q, const char *why, const struct kt_verify_result *res,
		     struct kt_err *err)
{
	if (!kt_stamp_wanted())
		return 0;
	return kt_log_time(q, res->package, why,
			   res->seal_token.state == KT_VT_NONE ? 0 : res->seal_token.gen_us,
			   res->seal_token.tsa, err);
}

static int write_package(struct kt_acq *q, struct kt_place *place, struct kt_verify_result *res,
			 struct kt_err *err)
{
	struct kt_pack pack = {.q = q};
	struct kt_package_out out = {
		.place = place,
		.sealed_us = kt_time_now(),
		.sign = sign,
		.digest = digest,
		.stamp = kt_stamp_wanted() ? stamp : NULL,
		.progress = progress,
		.arg = &pack,
		.trust = q->a->trust,
	};
	struct kt_package *pkg;
	int r = kt_package_new(q->c.fd, &pkg, err);

	if (r == 0)
		r = kt_package_add_case(pkg, err);
	if (r == 0)
		r = kt_build_json(pkg, err);
	if (r == 0)
		r = kt_package_write(pkg, &out, res, err);
	if (r == 0)
		r = log_stamp(q, pack.why, res, err);
	kt_package_free(&pkg);
	return r;
}

/* Number and name, and the envelope first: no package without the key to it. */
static int take_place(struct kt_acq *q, int out_fd, struct kt_place *place, struct kt_err *err)
{
	struct kt_buf envelope;
	int r;

	kt_buf_init(&envelope, 0);
	r = q->c.sealed ? kt_release_envelope(q, &envelope, err) : 0;
	if (r == 0)
		r = kt_place_take(out_fd, q->a->mandate->mandate_id, KT_PT_ACQUISITION,
				  q->state.last_number + 1, q->c.sealed ? envelope.p : NULL,
				  envelope.len, place, err);
	if (r == 0 && q->c.sealed)
		r = kt_place_put_envelope(place, envelope.p, envelope.len, err);
	if (r == 0)
		snprintf(q->envelope, sizeof(q->envelope), "%s", place->envelope);
	kt_buf_free(&envelope);
	return r;
}

int kt_step_package(struct kt_acq *q, char *name, size_t n, struct kt_err *err)
{
	struct kt_verify_result *res = malloc(sizeof(*res));
	struct kt_place place = KT_PLACE_NONE;
	KT_AUTO_FD out = -1;
	int r;

	if (res == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	out = kt_out_open(q->o->out_dir, err);
	r = out < 0 ? out : 0;
	if (r == 0)
		kt_progress_step(&q->prog, "package", "");
	if (r == 0)
		r = take_place(q, out, &place, err);
	if (r == 0)
		snprintf(name, n, "%s", place.name);
	if (r == 0 && !q->c.sealed)
		r = kt_sign_pdfs(q->c.fd, q->o->operator_key, err);
	if (r == 0)
		r = issue_receipt(q, err);
	if (r == 0 && kt_stop_asked)
		r = KT_FAIL(err, KT_E_CANCELLED, "stopped by the operator");
	if (r == 0)
		r = log_sealing(q, place.name, place.number, err);
	if (r == 0) {
		q->state.packages++;
		q->state.last_number = place.number;
		r = write_package(q, &place, res, err);
		if (r < 0 && !place.published)
			log_dropped(q, place.name);
	}
	kt_place_leave(&place);
	if (r == 0 && res->verdict == KT_VERDICT_INVALID)
		r = KT_FAIL(err, KT_E_INVALID, "the package does not verify: %s", res->reason);
	free(res);
	return r;
}

/* The mandate of an existing case lies in it. */
static int opts_of_case(const struct kt_opts *o, struct kt_opts *own, char *mandate, size_t n,
			struct kt_err *err)
{
	if (o->case_dir == NULL)
		return KT_FAIL(err, KT_E_USAGE, "name the case folder with --case DIR");
	*own = *o;
	if ((size_t)snprintf(mandate, n, "%s/mandate.json", o->case_dir) >= n)
		return KT_FAIL(err, KT_E_USAGE, "the case's path is too long");
	own->mandate = mandate;
	return 0;
}

int kt_steps_reopen(const struct kt_opts *o, const char *step, struct kt_authority *a,
		    struct kt_acq *q, struct kt_err *err)
{
	static struct kt_opts own; /* q keeps a pointer to it; one case per process */
	static char mandate[4200];
	int dropped_tail, r;

	memset(a, 0, sizeof(*a));
	memset(q, 0, sizeof(*q));
	q->log.fd = q->c.fd = q->c.objects_fd = q->c.index_fd = q->c.lock_fd = -1;
	r = opts_of_case(o, &own, mandate, sizeof(mandate), err);
	if (r < 0)
		return r;
	q->o = &own;
	q->a = a;
	kt_progress_init(&q->prog, o);
	r = kt_case_open(own.case_dir, NULL, &q->c, err);
	if (r == 0)
		r = kt_authority_load(&own, false, true, q->c.created_us, a, err);
	if (r == 0 && strcmp(q->c.mandate_sha256, a->sha256_hex) != 0)
		r = KT_FAIL(
			err, KT_E_REFUSED,
			"case-of-another-mandate: mandate.json in this case is not the one that it "
			"was opened under; put that one back");
	if (r == 0 && q->c.sealed && (strcmp(step, "parse") == 0 || strcmp(step, "report") == 0))
		r = KT_FAIL(err, KT_E_REFUSED,
			    "sealed: this case waits for its release; nobody at this station can "
			    "read it. keten release makes the report");
	if (r == 0 && kt_form_find(q->c.form) == 0)
		r = KT_FAIL(err, KT_E_INVALID, "case.json: this version can't read a %s",
			    q->c.form);
	if (r == 0)
		r = kt_authority_plan(a, kt_form_find(q->c.form), &q->plan, err);
	if (r == 0)
		r = kt_custody_open(q->c.fd, &q->log, &dropped_tail, err);
	if (r == 0)
		r = kt_case_state_read(&q->c, &q->plan, &q->state, err);
	if (r == 0)
		r = kt_case_same_operator(q, err);
	if (r < 0)
		return r;
	return kt_custody_event(&q->log, "session.step", "step", step, err);
}

int kt_steps_open(const struct kt_opts *o, const char *step, struct kt_authority *a,
		  struct kt_acq *q, struct kt_err *err)
{
	int r = kt_steps_reopen(o, step, a, q, err);

	if (r == 0)
		r = kt_case_not_closed(q, err);
	if (r == 0 && !q->state.acquisition_sealed)
		r = KT_FAIL(
			err, KT_E_REFUSED,
			"not-sealed: the acquisition of this case is not finished; run keten run "
			"or keten acquire on it again");
	return r;
}
