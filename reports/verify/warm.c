/* SPDX-License-Identifier: EUPL-1.2 */
/* What OpenSSL loads on first use is loaded here, before a sandbox closes. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <time.h>

#include "core/err.h"
#include "core/time.h"
#include "reports/verify/verify.h"

int kt_verify_warm(struct kt_err *err)
{
	static const char *const digests[] = {"SHA256", "SHA384", "SHA512"};
	struct kt_signer s;
	X509_STORE *store;
	int r = kt_crypto_init(err);

	if (r == 0)
		r = kt_hash_warm(err);
	if (r < 0)
		return r;
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		EVP_MD *md = EVP_MD_fetch(NULL, digests[i], NULL);

		if (md == NULL)
			return KT_FAIL(err, KT_E_INTERNAL, "OpenSSL offers no %s", digests[i]);
		EVP_MD_free(md);
	}
	tzset(); /* the C library reads the zone even for gmtime(), which a chain check calls */
	store = X509_STORE_new();
	X509_STORE_free(store);
	/* runs through the decoders and leaves an error behind, which loads its text */
	kt_cms_verify("0", 1, "", 0, NULL, kt_time_now(), &s, NULL);
	return 0;
}
