/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Who vouches for whom, as the options say: the trust folder, anchors for time, revocation lists, and
 * what they make of the certificate that belongs to a key. Every command takes them from here.
 */
#ifndef KT_CLI_VOUCH_H
#define KT_CLI_VOUCH_H

#include "cli/keten.h"

/* The folder of --trust, or the station's. */
const char *kt_trust_dir(const struct kt_opts *o);
/*
 * What --trust, --tsa-trust and --crl name. 0; KT_E_UNDETERMINED (no-trust-anchor) when the folder is not
 * there or holds no certificate; KT_E_USAGE for what can't be used. Free with kt_trust_free().
 */
int kt_trust_of(const struct kt_opts *o, struct kt_trust **trust, struct kt_err *err);
/* The certificate of a key, judged now. As kt_sign_run() and kt_cert_facts(). */
int kt_signer_facts(const char *key, const struct kt_trust *trust, struct kt_signer *s,
		    struct kt_err *err);

#endif
