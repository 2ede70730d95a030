/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/release.h"
#include "cli/vouch.h"
#include "core/custody.h"
#include "core/io.h"
#include "core/json.h"
#include "core/request.h"
#include "core/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENVELOPE_MAX ((size_t)KT_OPEN_ENVELOPE_MAX)

/* The sandboxed verifier first: nothing of a package that does not hold is opened. */
static int judge(struct kt_release *r, struct kt_err *err)
{
	int e = kt_verify_judge(r->o, &r->path, 1, &r->res, NULL, err);

	if (e == 0 && r->res.verdict == KT_VERDICT_UNDETERMINED)
		e = KT_FAIL(err, KT_E_UNDETERMINED,
			    "not-verified: whether this package holds can't be determined (keten "
			    "verify says why); nothing was opened");
	else if (e == 0 && r->res.verdict != KT_VERDICT_VALID)
		e = KT_FAIL(
			err, KT_E_INVALID,
			"this package does not hold (keten verify says why); nothing was opened");
	return e;
}

/* What is opened are the bytes that were judged. */
static int open_judged(struct kt_release *r, struct kt_err *err)
{
	if (r->res.type != KT_PT_ACQUISITION)
		return KT_FAIL(err, KT_E_USAGE,
			       "%.100s is no acquisition; name the package that the "
			       "desk made",
			       r->path);
	if (!r->res.sealed)
		return KT_FAIL(err, KT_E_REFUSED,
			       "not-two-stage: this package stands open, its report is in it");
	r->fd = kt_judged_open(&r->res, O_RDONLY, &r->st, err);
	return r->fd < 0 ? r->fd : 0;
}

int kt_release_unchanged(const struct kt_release *r, int e, struct kt_err *err)
{
	if (r->fd < 0 || kt_judged_unchanged(&r->res, r->fd, &r->st, NULL) == 0)
		return e;
	kt_err_clear(err);
	return kt_judged_unchanged(&r->res, r->fd, &r->st, err);
}

static int on_session(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		      struct kt_err *err)
{
	struct kt_release *r = arg;
	const char *sha = kt_jv_str(kt_jv_get(line, "detail"), "plan_sha256");

	(void)seq;
	(void)err;
	if (strcmp(event, "session.open") == 0 && sha != NULL && strlen(sha) < KT_SHA256_HEX)
		memcpy(r->plan_sha256, sha, strlen(sha) + 1);
	return 0;
}

/* case.json, as kt_case_open() would read it from a folder. */
static int read_case(struct kt_release *r, struct kt_err *err)
{
	struct kt_case *c = &r->q.c;
	struct kt_jdoc *doc = NULL;
	const struct kt_jv *o;
	struct kt_buf b;
	int e;

	kt_buf_init(&b, 0);
	e = kt_judged_read(&r->res, KT_PKG_CASE, 65536, &b, err);
	if (e == 0)
		e = kt_jdoc_parse(b.p, b.len, &doc, err);
	o = e == 0 ? kt_jdoc_root(doc) : NULL;
	if (e == 0 &&
	    (!kt_jv_copy(o, "case_id", c->id, sizeof(c->id)) ||
	     !kt_jv_copy(o, "mandate_id", c->mandate_id, sizeof(c->mandate_id)) ||
	     !kt_jv_copy(o, "mandate_sha256", c->mandate_sha256, sizeof(c->mandate_sha256)) ||
	     !kt_jv_copy(o, "device", c->device, sizeof(c->device)) ||
	     !kt_jv_copy(o, "device_kind", c->device_kind, sizeof(c->device_kind)) ||
	     !kt_jv_copy(o, "form", c->form, sizeof(c->form)) || kt_form_find(c->form) == 0))
		e = KT_FAIL(err, KT_E_INVALID, "case.json is not as this version reads it");
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return e;
}

/* Mandate, authoriser and the key that it was sealed with, from the package. */
static int read_clear(struct kt_release *r, struct kt_err *err)
{
	struct kt_authority *a = &r->a;
	struct kt_jdoc *doc = NULL;
	char head[KT_SHA256_HEX];
	struct kt_buf log;
	uint64_t lines;
	int e = kt_judged_read(&r->res, KT_PKG_MANDATE, KT_MANDATE_MAX_BYTES, &a->mandate_bytes,
			       err);

	kt_buf_init(&log, 0);
	if (e == 0)
		e = kt_judged_read(&r->res, KT_PKG_MANDATE_SIG, (size_t)1 << 20, &a->p7s, err);
	if (e == 0)
		e = kt_mandate_parse(a->mandate_bytes.p, a->mandate_bytes.len, &a->mandate, err);
	if (e == 0)
		e = kt_sha256_hex(a->mandate_bytes.p, a->mandate_bytes.len, a->sha256_hex, err);
	if (e == 0)
		e = kt_cms_verify(a->p7s.p, a->p7s.len, a->mandate_bytes.p, a->mandate_bytes.len,
				  a->trust, kt_time_now(), &a->authoriser, err);
	if (e == 0)
		e = kt_judged_read(&r->res, KT_PKG_RELEASE, 65536, &r->info, err);
	if (e == 0)
		e = kt_jdoc_parse(r->info.p, r->info.len, &doc, err);
	if (e == 0 &&
	    (!kt_jv_copy(kt_jdoc_root(doc), "recipient", r->recipient, sizeof(r->recipient)) ||
	     !kt_jv_copy(kt_jdoc_root(doc), "envelope_sha256", r->envelope_sha256,
			 sizeof(r->envelope_sha256))))
		e = KT_FAIL(err, KT_E_INVALID, "keys/release.json is not as this version reads it");
	if (e == 0)
		e = kt_judged_read(&r->res, KT_PKG_CUSTODY, KT_PKG_MAX_SMALL, &log, err);
	if (e == 0)
		e = kt_custody_check(log.p, log.len, head, &lines, on_session, r, err);
	if (e == 0)
		e = read_case(r, err);
	kt_jdoc_free(&doc);
	kt_buf_free(&log);
	return e;
}

/* Beside the package, under its name, unless another place is named. */
static int read_envelope(struct kt_release *r, struct kt_err *err)
{
	char path[4200], sha[KT_SHA256_HEX];
	const char *from = r->o->envelope;
	size_t n = strlen(r->path), suffix = strlen(KT_PKG_SUFFIX);
	int e;

	if (from == NULL && n > suffix && strcmp(r->path + n - suffix, KT_PKG_SUFFIX) == 0 &&
	    (size_t)snprintf(path, sizeof(path), "%.*s.release.p7m", (int)(n - suffix), r->path) <
		    sizeof(path))
		from = path;
	if (from == NULL)
		return KT_FAIL(err, KT_E_USAGE, "name the envelope with --envelope FILE");
	e = kt_path_read(from, ENVELOPE_MAX, &r->envelope, err);
	if (e == KT_E_ABSENT)
		return KT_FAIL(err, KT_E_REFUSED,
			       "no-envelope: %.100s is not there; without it nobody can open the "
			       "package. Was it destroyed?",
			       from);
	if (e == 0)
		e = kt_sha256_hex(r->envelope.p, r->envelope.len, sha, err);
	if (e == 0 && strcmp(sha, r->envelope_sha256) != 0)
		e = KT_FAIL(err, KT_E_REFUSED,
			    "envelope-of-another-package: the package was sealed with another "
			    "envelope (%.16s...) than this one",
			    r->envelope_sha256);
	return e;
}

static int cert_of(const struct kt_release *r, const char *key, struct kt_signer *s,
		   struct kt_err *err)
{
	char hex[KT_SHA256_HEX];
	int e = kt_signer_facts(key, r->a.trust, s, err);

	if (e < 0)
		return e;
	kt_hex(s->cert_sha256, KT_SHA256_LEN, hex);
	for (size_t i = 0; i < r->a.mandate->nreleasers; i++) {
		if (strcmp(hex, r->a.mandate->releasers[i]) != 0)
			continue;
		if (!s->chain_ok)
			return KT_FAIL(err, KT_E_REFUSED,
				       "not-trusted: the certificate of %.60s does not hold "
				       "(%.60s); nothing was opened",
				       s->subject, s->chain_text);
		return 0;
	}
	return KT_FAIL(err, KT_E_REFUSED, "not-a-releaser: the mandate does not name %.60s",
		       s->subject);
}

static int people(struct kt_release *r, struct kt_err *err)
{
	int e = cert_of(r, r->o->releasers[0], &r->releaser, err);

	if (e < 0)
		return e;
	if (r->a.mandate->second && r->o->second == NULL)
		return KT_FAIL(err, KT_E_REFUSED,
			       "second-missing: the mandate wants a second person for a release; "
			       "name their key with --second");
	if (r->o->second == NULL)
		return 0;
	e = cert_of(r, r->o->second, &r->second, err);
	if (e == 0 && (memcmp(r->second.key_sha256, r->releaser.key_sha256, KT_SHA256_LEN) == 0 ||
		       strcmp(r->second.subject, r->releaser.subject) == 0))
		e = KT_FAIL(err, KT_E_REFUSED,
			    "second-is-first: the second person has to be another than the first");
	r->has_second = e == 0;
	return e;
}

/* A release that was made before of this package, in the folder of packages: what is released is
 * kept longer than what is not. */
static bool released_before(const struct kt_release *r)
{
	char path[4200], name[KT_PKG_NAME_MAX + 1];

	for (unsigned n = 1; n < 100 && r->o->out_dir != NULL; n++) {
		const char *one = path;
		struct kt_judged j;

		if (kt_pkg_file_name(r->a.mandate->mandate_id, n, KT_PT_RELEASE, name) < 0 ||
		    (size_t)snprintf(path, sizeof(path), "%s/%s", r->o->out_dir, name) >=
			    sizeof(path))
			return false;
		if (access(path, F_OK) < 0)
			continue; /* numbers may be missing: packages are moved and destroyed */
		if (kt_verify_judge(r->o, &one, 1, &j, NULL, NULL) == 0 &&
		    j.verdict == KT_VERDICT_VALID && j.type == KT_PT_RELEASE && j.nconcerns == 1 &&
		    strcmp(j.concerns[0], r->res.sha256) == 0)
			return true;
	}
	return false;
}

static int retention(const struct kt_release *r, bool released, struct kt_err *err)
{
	const struct kt_mandate *m = r->a.mandate;
	int64_t now = kt_time_now();
	char t[KT_TIME_TEXT];

	if (now >= m->released_until_us)
		return KT_FAIL(
			err, KT_E_REFUSED,
			"retention-expired: the mandate lets this data be kept until %s; its "
			"envelope has to be destroyed (keten expire)",
			kt_time_text(m->released_until_us, t));
	if (now >= r->res.made_us + m->unreleased_days * KT_US_PER_DAY && !released &&
	    !released_before(r))
		return KT_FAIL(err, KT_E_REFUSED,
			       "retention-expired: what was not released within %lld days is to be "
			       "destroyed (keten expire); this was sealed at %s",
			       (long long)m->unreleased_days, kt_time_text(r->res.made_us, t));
	return 0;
}

int kt_release_load(struct kt_release *r, const struct kt_opts *o, const char *path,
		    const struct kt_judged *judged, struct kt_err *err)
{
	int e;

	memset(r, 0, sizeof(*r));
	r->o = o;
	r->path = path;
	r->fd = r->work = -1;
	r->vault.sock = r->vault.pid = -1;
	r->q.log.fd = r->q.c.fd = r->q.c.objects_fd = r->q.c.index_fd = r->q.c.lock_fd = -1;
	kt_buf_init(&r->envelope, 0);
	kt_buf_init(&r->info, 0);
	kt_buf_init(&r->a.mandate_bytes, 0);
	kt_buf_init(&r->a.p7s, 0);
	if (o->nreleasers == 0)
		return KT_FAIL(err, KT_E_USAGE, "name the releaser's key with --releaser FILE");
	e = kt_trust_of(o, &r->a.trust, err);
	if (judged != NULL)
		r->res = *judged;
	else if (e == 0)
		e = judge(r, err);
	if (e == 0)
		e = open_judged(r, err);
	if (e == 0)
		e = kt_vault_begin(&r->vault, &r->res, r->fd, err);
	r->vault_open = e == 0;
	if (e == 0)
		e = read_clear(r, err);
	if (e == 0)
		e = read_envelope(r, err);
	if (e == 0)
		e = people(r, err);
	return e < 0 ? e : retention(r, judged != NULL, err);
}

int kt_release_unseal(struct kt_release *r, struct kt_err *err)
{
	struct kt_acq *q = &r->q;
	char sha[KT_SHA256_HEX];
	int e;

	q->o = r->o;
	q->a = &r->a;
	q->c.view = &r->vault.view;
	kt_progress_init(&q->prog, r->o);
	e = kt_authority_plan(&r->a, kt_form_find(q->c.form), &q->plan, err);
	if (e == 0)
		e = kt_plan_sha256(q, sha, err);
	if (e == 0 && strcmp(sha, r->plan_sha256) != 0)
		e = KT_FAIL(err, KT_E_REFUSED,
			    "plan-changed: this was taken by a version of Keten with another plan; "
			    "release it with that version");
	if (e == 0)
		e = kt_vault_unlock(&r->vault, r->envelope.p, r->envelope.len, r->o->releasers[0],
				    r->recipient, err);
	if (e == 0) {
		e = kt_recstore_hold(&r->hold, err);
		r->held = e == 0;
	}
	return e;
}

void kt_release_close(struct kt_release *r)
{
	if (r->held)
		kt_recstore_abandon(&r->hold);
	if (r->vault_open)
		kt_vault_close(&r->vault);
	kt_custody_close(&r->q.log);
	kt_progress_end(&r->q.prog);
	kt_close_fd(&r->work);
	kt_close_fd(&r->fd);
	kt_buf_free(&r->envelope);
	kt_buf_free(&r->info);
	kt_authority_free(&r->a);
}
