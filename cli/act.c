/* SPDX-License-Identifier: EUPL-1.2 */
/* Writing a package that records an act, for the commands that do one. */
#include "cli/steps.h"
#include "cli/subject.h"
#include "cli/verify_run.h"
#include "core/io.h"
#include "core/json.h"
#include "core/time.h"
#include "reports/verify/verify.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTE_MAX 2000

static int sign(void *arg, const void *content, size_t n, struct kt_buf *der, struct kt_err *err)
{
	return kt_sign(arg, content, n, der, err);
}

static int digest(void *arg, const uint8_t *md, struct kt_buf *sig, struct kt_err *err)
{
	return kt_sign_digest(arg, md, sig, err);
}

static int stamp(void *arg, const void *content, size_t n, struct kt_buf *token, struct kt_err *err)
{
	(void)arg;
	return kt_stamp(content, n, token, err);
}

int kt_out_open(const char *dir, struct kt_err *err)
{
	int fd = kt_dir_open(AT_FDCWD, dir, true, err);

	return fd >= 0 ? fd
		       : KT_TRACE(err, KT_E_STORAGE,
				  "--out %.80s can't be used; name another folder", dir);
}

int kt_act_make_at(struct kt_place *place, const char *key, const struct kt_trust *trust,
		   struct kt_package *pkg, const struct kt_act *act, struct kt_err *err)
{
	struct kt_verify_result *res = malloc(sizeof(*res));
	struct kt_package_out out = {
		.place = place,
		.sealed_us = kt_time_now(),
		.sign = sign,
		.digest = digest,
		.stamp = kt_stamp_wanted() ? stamp : NULL,
		.arg = (void *)key, /* given back to kt_sign() alone */
		.trust = trust,
	};
	int r = res == NULL ? KT_FAIL(err, KT_E_NOMEM, "no memory") : kt_build_json(pkg, err);

	if (r == 0)
		r = kt_act_write(pkg, act, &out, res, err);
	free(res);
	return r;
}

int kt_act_make(const char *dir, const char *key, const struct kt_trust *trust,
		struct kt_package *pkg, const struct kt_act *act, char name[KT_PKG_NAME_MAX + 1],
		struct kt_err *err)
{
	struct kt_place place = KT_PLACE_NONE;
	KT_AUTO_FD fd = kt_out_open(dir, err);
	int r = fd < 0 ? fd : kt_act_place(fd, act, &place, err);

	name[0] = '\0';
	if (r == 0)
		r = kt_act_make_at(&place, key, trust, pkg, act, err);
	if (r == 0)
		memcpy(name, place.name, sizeof(place.name));
	kt_place_leave(&place);
	return r;
}

/* -- about packages --------------------------------------------------------------------------- */

int kt_act_about(struct kt_act *act, const struct kt_judged *p, struct kt_err *err)
{
	act->mandate_id = p->mandate_id;
	act->mandate_sha256 = p->mandate_sha256;
	act->case_id = p->case_id;
	return kt_act_concern(act, p->package, p->sha256, err);
}

int kt_act_comment(const struct kt_opts *o, const struct kt_trust *trust, const struct kt_judged *p,
		   const char *title, const void *text, size_t n, char name[KT_PKG_NAME_MAX + 1],
		   struct kt_err *err)
{
	struct kt_act act = {
		.type = KT_PT_COMMENT,
		.detail = "{\"attachment\":\"comment.txt\",\"by\":\"applicant\"}",
	};
	struct kt_package *pkg = NULL;
	int r = kt_act_about(&act, p, err);

	if (r == 0)
		r = kt_act_begin(&act, AT_FDCWD, &pkg, err);
	if (r == 0)
		r = kt_act_attach(pkg, "comment.txt", title, text, n, err);
	if (r == 0)
		r = kt_act_make(o->out_dir, o->operator_key, trust, pkg, &act, name, err);
	kt_package_free(&pkg);
	return r;
}

/* -- of a case ---------------------------------------------------------------------------------- */

int kt_act_of_case(struct kt_acq *q, enum kt_pkg_type type, const char *detail,
		   char name[KT_PKG_NAME_MAX + 1], struct kt_err *err)
{
	struct kt_act act = {.type = type,
			     .mandate_id = q->a->mandate->mandate_id,
			     .mandate_sha256 = q->a->sha256_hex,
			     .case_id = q->c.id,
			     .detail = detail};
	struct kt_package *pkg = NULL;
	int r = kt_act_begin(&act, q->c.fd, &pkg, err);

	if (r == 0)
		r = kt_package_add_file(pkg, KT_PKG_MANDATE, "mandate.json", err);
	if (r == 0)
		r = kt_package_add_file(pkg, KT_PKG_MANDATE_SIG, "mandate.json.p7s", err);
	if (r == 0)
		r = kt_package_add_file(pkg, KT_PKG_CUSTODY, "custody.jsonl", err);
	if (r == 0 && faccessat(q->c.fd, KT_SUBJECT_SECOND, F_OK, 0) == 0)
		r = kt_package_add_file(pkg, KT_PKG_SECOND_SIG, KT_SUBJECT_SECOND, err);
	if (r == 0)
		r = kt_package_add_papers(pkg, err);
	if (r == 0)
		r = kt_act_make(q->o->out_dir, q->o->operator_key, q->a->trust, pkg, &act, name,
				err);
	kt_package_free(&pkg);
	return r;
}

int kt_act_check_opts(const struct kt_opts *o, struct kt_err *err)
{
	int r = kt_need(o->operator_key, "your key with --operator FILE", err);

	if (r == 0)
		r = kt_need(o->out_dir, "the folder for the package with --out DIR", err);
	if (r == 0 && o->note != NULL && strlen(o->note) > NOTE_MAX)
		r = KT_FAIL(err, KT_E_USAGE, "--note takes at most %d bytes", NOTE_MAX);
	if (r == 0 && o->nargs > 0)
		r = KT_FAIL(err, KT_E_USAGE, "unexpected \"%.60s\"", o->args[0]);
	return r;
}

int kt_act_print(const struct kt_opts *o, const char *type, const char *name, uint64_t files,
		 uint64_t bytes, struct kt_err *err)
{
	struct kt_buf b;
	struct kt_jw w;

	if (!o->json) {
		printf("package  %s/%s\n", o->out_dir, name);
		return 0;
	}
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kuint(&w, "destroyed_bytes", bytes);
	kt_jw_kuint(&w, "destroyed_files", files);
	kt_jw_kstr(&w, "record", name);
	kt_jw_kstr(&w, "schema", "keten-act-result-1");
	kt_jw_kstr(&w, "type", type);
	kt_jw_obj_end(&w);
	return kt_print_json(&b, err);
}
