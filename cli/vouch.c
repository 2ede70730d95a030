/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/vouch.h"
#include "core/time.h"

#include <string.h>

#define CERTIFICATES_MAX ((size_t)1 << 20)

const char *kt_trust_dir(const struct kt_opts *o)
{
	return o->trust != NULL ? o->trust : KT_TRUST_DEFAULT;
}

/* A folder that somebody named and that is of no use is a wrong option. */
static int wrong_option(const char *option, int r, struct kt_err *err)
{
	return r == KT_E_ABSENT || r == KT_E_FORMAT ? KT_TRACE(err, KT_E_USAGE, "%s", option) : r;
}

int kt_trust_of(const struct kt_opts *o, struct kt_trust **trust, struct kt_err *err)
{
	int r = kt_trust_load(kt_trust_dir(o), trust, err);

	if (r == KT_E_ABSENT) {
		kt_err_clear(err);
		return KT_FAIL(err, KT_E_UNDETERMINED,
			       "no-trust-anchor: %.60s holds no CA certificate, so nobody vouches "
			       "for any signature; name the folder with --trust",
			       kt_trust_dir(o));
	}
	if (r < 0)
		return wrong_option("--trust", r, err);
	if (o->tsa_trust != NULL)
		r = wrong_option("--tsa-trust", kt_trust_set_tsa(*trust, o->tsa_trust, err), err);
	if (r == 0 && o->crl != NULL)
		r = wrong_option("--crl", kt_trust_add_lists(*trust, o->crl, err), err);
	if (r < 0)
		kt_trust_free(trust);
	return r;
}

int kt_signer_facts(const char *key, const struct kt_trust *trust, struct kt_signer *s,
		    struct kt_err *err)
{
	struct kt_buf pem;
	int r;

	kt_buf_init(&pem, CERTIFICATES_MAX);
	r = kt_sign_run("cert", NULL, key, "", 0, &pem, err);
	if (r == 0)
		r = kt_cert_facts(pem.p, pem.len, trust, kt_time_now(), s, err);
	kt_buf_free(&pem);
	return r;
}
