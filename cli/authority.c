/* SPDX-License-Identifier: EUPL-1.2 */
/* Mandate, signature, trust and operator of a session, held against each other. */
#include "cli/vouch.h"
#include "core/io.h"
#include "core/register.h"
#include "core/request.h"
#include "core/time.h"
#include "parsers/host/host.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIGNATURE_MAX ((size_t)1 << 20)

static int load_operator(const struct kt_opts *o, struct kt_authority *a, struct kt_err *err)
{
	int r;

	if (o->operator_key == NULL)
		return 0;
	r = kt_signer_facts(o->operator_key, a->trust, &a->operator_cert, err);
	a->has_operator = r == 0;
	return r;
}

static int load_files(const struct kt_opts *o, struct kt_authority *a, struct kt_err *err)
{
	char p7s[4096];
	int r;

	if ((size_t)snprintf(p7s, sizeof(p7s), "%s.p7s", o->mandate) >= sizeof(p7s))
		return KT_FAIL(err, KT_E_USAGE, "the mandate's path is too long");
	r = kt_path_read(o->mandate, KT_MANDATE_MAX_BYTES, &a->mandate_bytes, err);
	if (r < 0)
		return KT_TRACE(err, r == KT_E_ABSENT ? KT_E_USAGE : r, "mandate can't be read");
	r = kt_path_read(p7s, SIGNATURE_MAX, &a->p7s, err);
	if (r == KT_E_ABSENT)
		return KT_FAIL(
			err, KT_E_REFUSED,
			"signature-missing: the mandate's signature is expected beside it as "
			"%.60s.p7s",
			strrchr(o->mandate, '/') != NULL ? strrchr(o->mandate, '/') + 1
							 : o->mandate);
	if (r < 0)
		return r;
	return kt_sha256_hex(a->mandate_bytes.p, a->mandate_bytes.len, a->sha256_hex, err);
}

/* iPhones are called by 40 hexadecimal digits, newer ones by 8, a hyphen and 16. */
static bool is_udid(const char *s)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	size_t n = strspn(s, hex);

	if (n == 40 && s[n] == '\0')
		return true;
	return n == 8 && s[n] == '-' && strspn(s + n + 1, hex) == 16 && s[n + 17] == '\0';
}

static int check(const struct kt_opts *o, bool for_session, bool case_known, int64_t at_us,
		 struct kt_authority *a, struct kt_err *err)
{
	const char *sources[KT_PLAN_MAX + 1];
	struct kt_mandate_use use = {0};
	int r;

	if (kt_plugins_n > KT_PLAN_MAX)
		return KT_FAIL(err, KT_E_INTERNAL, "too many plugins");
	for (size_t i = 0; i < kt_plugins_n; i++)
		sources[i] = kt_plugins[i].id;
	sources[kt_plugins_n] = NULL;
	use.sources = sources;
	use.now_us = at_us;
	use.trust = a->trust;
	use.sessions_used = -1;
	use.device_identifier = o->device;
	/* a source says itself what it comes from, once it is opened */
	if (o->from == NULL && o->device != NULL)
		use.device_kind = is_udid(o->device) ? "ios" : "android";
	use.operator_cert = a->has_operator ? &a->operator_cert : NULL;
	if (for_session && !case_known) {
		r = kt_register_sessions(a->mandate->mandate_id, &use.sessions_used, err);
		if (r < 0)
			return r;
	}
	return kt_mandate_check(a->mandate, a->mandate_bytes.p, a->mandate_bytes.len, a->p7s.p,
				a->p7s.len, &use, &a->authoriser, err);
}

int kt_authority_load(const struct kt_opts *o, bool for_session, bool case_known, int64_t at_us,
		      struct kt_authority *a, struct kt_err *err)
{
	int r;

	memset(a, 0, sizeof(*a));
	kt_buf_init(&a->mandate_bytes, 0);
	kt_buf_init(&a->p7s, 0);
	if (o->mandate == NULL)
		return KT_FAIL(err, KT_E_USAGE, "name the mandate with --mandate FILE");
	r = load_files(o, a, err);
	if (r == 0)
		r = kt_mandate_parse(a->mandate_bytes.p, a->mandate_bytes.len, &a->mandate, err);
	if (r == 0)
		r = kt_trust_of(o, &a->trust, err);
	if (r == 0)
		r = load_operator(o, a, err);
	if (r == 0)
		r = check(o, for_session, case_known, at_us, a, err);
	return r;
}

void kt_authority_free(struct kt_authority *a)
{
	kt_buf_free(&a->mandate_bytes);
	kt_buf_free(&a->p7s);
	kt_mandate_free(&a->mandate);
	kt_trust_free(&a->trust);
}

int kt_authority_plan(const struct kt_authority *a, unsigned form, struct kt_plan *plan,
		      struct kt_err *err)
{
	return kt_plan_make(a->mandate, form, kt_plugins, kt_plugins_n, kt_wants, kt_wants_n, plan,
			    err);
}
