/* SPDX-License-Identifier: EUPL-1.2 */
/* keten timestamp: tokens over finished packages, for those that were made without or to renew them. */
#include "cli/steps.h"
#include "cli/verify_run.h"
#include "cli/vouch.h"
#include "core/io.h"
#include "core/time.h"
#include "core/tsp.h"
#include "reports/package/act.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct stamps {
	const struct kt_opts *o;
	struct kt_trust *trust;
	struct kt_act act;
	char mandate_id[73], mandate_sha256[KT_SHA256_HEX], case_id[65];
	struct kt_buf token[KT_PKG_CONCERNS]; /* of act.concern, in its order */
};

/* The package is judged, and the hash that is stamped is that of the bytes that were judged. */
static int judge(struct stamps *s, const char *path, struct kt_err *err)
{
	struct kt_judged f;
	int r = kt_verify_holds(s->o, path, &f, err);

	if (r == 0 && s->act.nconcerns > 0 && strcmp(f.mandate_id, s->mandate_id) != 0)
		r = KT_FAIL(err, KT_E_USAGE, "these packages are under different mandates");
	if (r == 0 && s->act.nconcerns > 0 && strcmp(f.case_id, s->case_id) != 0)
		r = KT_FAIL(err, KT_E_USAGE,
			    "these packages are of different cases; stamp each by itself");
	if (r < 0)
		return r;
	snprintf(s->mandate_id, sizeof(s->mandate_id), "%s", f.mandate_id);
	snprintf(s->mandate_sha256, sizeof(s->mandate_sha256), "%s", f.mandate_sha256);
	snprintf(s->case_id, sizeof(s->case_id), "%s", f.case_id);
	return kt_act_concern(&s->act, f.package, f.sha256, err);
}

static int stamp(struct stamps *s, unsigned i, struct kt_err *err)
{
	struct kt_buf *token = &s->token[i];
	uint8_t sha[KT_SHA256_LEN];
	struct kt_token t;
	char text[KT_TIME_TEXT];
	int r = kt_unhex(s->act.concern[i].sha256, sha, sizeof(sha))
			? kt_stamp_digest(sha, token, err)
			: KT_FAIL(err, KT_E_INTERNAL, "keten-verify gave no hash");

	if (r == 0)
		r = kt_token_verify_digest(token->p, token->len, sha, kt_trust_tsa(s->trust), &t,
					   err);
	if (r == 0)
		printf("time     %s  %s, by %s\n", kt_time_text(t.gen_us, text),
		       s->act.concern[i].package, t.tsa.subject);
	return r;
}

static int attach(struct stamps *s, struct kt_package *pkg, struct kt_err *err)
{
	char name[KT_SHA256_HEX + 8];
	int r = 0;

	for (unsigned i = 0; i < s->act.nconcerns && r == 0; i++) {
		snprintf(name, sizeof(name), "%s.tst", s->act.concern[i].sha256);
		r = kt_act_attach(pkg, name, "Time-stamp over the package with this SHA-256",
				  s->token[i].p, s->token[i].len, err);
	}
	return r;
}

static int check(const struct kt_opts *o, struct kt_err *err)
{
	if (o->nargs == 0)
		return KT_FAIL(err, KT_E_USAGE, "name the packages");
	if (!kt_stamp_wanted())
		return KT_FAIL(err, KT_E_USAGE, "name an authority with --tsa URL");
	if (o->operator_key == NULL)
		return KT_FAIL(err, KT_E_USAGE, "name the key that signs with --operator FILE");
	if (o->out_dir == NULL)
		return KT_FAIL(err, KT_E_USAGE, "name the folder for the package with --out DIR");
	return 0;
}

int kt_cmd_timestamp(const struct kt_opts *o)
{
	static struct stamps s;
	char name[KT_PKG_NAME_MAX + 1] = "";
	struct kt_package *pkg = NULL;
	struct kt_err err = {0};
	int r = check(o, &err);

	memset(&s, 0, sizeof(s));
	s.o = o;
	for (size_t i = 0; i < KT_PKG_CONCERNS; i++)
		kt_buf_init(&s.token[i], 0);
	if (r == 0)
		r = kt_trust_of(o, &s.trust, &err);
	for (int i = 0; i < o->nargs && r == 0; i++)
		r = judge(&s, o->args[i], &err);
	/* the authority is asked nothing for a call that is refused */
	for (unsigned i = 0; i < s.act.nconcerns && r == 0; i++)
		r = stamp(&s, i, &err);
	s.act.type = KT_PT_TIMESTAMP;
	s.act.mandate_id = s.mandate_id;
	s.act.mandate_sha256 = s.mandate_sha256;
	s.act.case_id = s.case_id;
	if (r == 0)
		r = kt_act_begin(&s.act, AT_FDCWD, &pkg, &err);
	if (r == 0)
		r = attach(&s, pkg, &err);
	if (r == 0)
		r = kt_act_make(o->out_dir, o->operator_key, s.trust, pkg, &s.act, name, &err);
	if (r == 0)
		printf("package  %s/%s\n", o->out_dir, name);
	kt_package_free(&pkg);
	kt_trust_free(&s.trust);
	for (size_t i = 0; i < KT_PKG_CONCERNS; i++)
		kt_buf_free(&s.token[i]);
	return r == 0 ? KT_EXIT_OK : kt_fail_exit(r, &err);
}
