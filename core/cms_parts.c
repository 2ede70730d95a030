/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/cms_parts.h"
#include "core/cms.h"
#include "core/err.h"

#include <openssl/cms.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

#define PART_MAX ((size_t)1 << 20)

static int no_cms(struct kt_err *err, const char *what)
{
	ERR_clear_error();
	return KT_FAIL(err, KT_E_INVALID, "%s", what);
}

static CMS_ContentInfo *parse(const void *p7s, size_t n, CMS_SignerInfo **si)
{
	const unsigned char *p = p7s;
	CMS_ContentInfo *cms =
		n == 0 || n > PART_MAX ? NULL : d2i_CMS_ContentInfo(NULL, &p, (long)n);
	STACK_OF(CMS_SignerInfo) *all =
		cms != NULL && OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed
			? CMS_get0_SignerInfos(cms)
			: NULL;

	if (p != (const unsigned char *)p7s + n || sk_CMS_SignerInfo_num(all) != 1) {
		CMS_ContentInfo_free(cms);
		return NULL;
	}
	*si = sk_CMS_SignerInfo_value(all, 0);
	return cms;
}

/* -- certificates ------------------------------------------------------------------------------- */

static bool put_cert(struct kt_cms_certs *c, X509 *x)
{
	unsigned char *der = NULL;
	int len = c->n < KT_CMS_CERTS ? i2d_X509(x, &der) : -1;

	if (len > 0) {
		c->off[c->n] = c->der.len;
		c->len[c->n++] = (size_t)len;
		kt_buf_put(&c->der, der, (size_t)len);
	}
	OPENSSL_free(der);
	return len > 0 && !c->der.failed;
}

int kt_cms_certs(const void *p7s, size_t n, struct kt_cms_certs *c, struct kt_err *err)
{
	CMS_SignerInfo *si = NULL;
	STACK_OF(X509) *all = NULL;
	CMS_ContentInfo *cms;
	bool ok = true;

	memset(c, 0, sizeof(*c));
	kt_buf_init(&c->der, 0);
	cms = parse(p7s, n, &si);
	if (cms == NULL)
		return no_cms(err, "not a CMS signature by one signer");
	all = CMS_get1_certs(cms);
	/* the signer's first: the first pass takes it alone, the second the others */
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; ok && i < sk_X509_num(all); i++) {
			X509 *x = sk_X509_value(all, i);
			bool signer = CMS_SignerInfo_cert_cmp(si, x) == 0;

			if (signer == (pass == 0))
				ok = put_cert(c, x);
			if (pass == 0 && c->n > 1)
				ok = false; /* which one signed must not be a matter of taste */
		}
	if (c->n == 0)
		ok = false;
	sk_X509_pop_free(all, X509_free);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return ok ? 0
		  : KT_FAIL(err, KT_E_INVALID, "the signature's certificates are not as agreed");
}

void kt_cms_certs_free(struct kt_cms_certs *c)
{
	kt_buf_free(&c->der);
	c->n = 0;
}

/* -- value and token ---------------------------------------------------------------------------- */

int kt_cms_value(const void *p7s, size_t n, struct kt_buf *value, struct kt_err *err)
{
	CMS_SignerInfo *si = NULL;
	CMS_ContentInfo *cms = parse(p7s, n, &si);
	const ASN1_OCTET_STRING *v;
	int r;

	if (cms == NULL)
		return no_cms(err, "not a CMS signature by one signer");
	v = CMS_SignerInfo_get0_signature(si);
	r = kt_buf_put(value, ASN1_STRING_get0_data(v), (size_t)ASN1_STRING_length(v));
	CMS_ContentInfo_free(cms);
	return r;
}

int kt_cms_add_token(const void *p7s, size_t n, const void *token, size_t token_n,
		     struct kt_buf *out, struct kt_err *err)
{
	CMS_SignerInfo *si = NULL;
	CMS_ContentInfo *cms = parse(p7s, n, &si);
	unsigned char *der = NULL;
	int len = -1, r = KT_E_INVALID;

	if (cms == NULL || token_n == 0 || token_n > PART_MAX) {
		CMS_ContentInfo_free(cms);
		return no_cms(err, "not a CMS signature by one signer");
	}
	if (CMS_unsigned_add1_attr_by_NID(si, NID_id_smime_aa_timeStampToken, V_ASN1_SEQUENCE,
					  token, (int)token_n) == 1)
		len = i2d_CMS_ContentInfo(cms, &der);
	if (len > 0)
		r = kt_buf_put(out, der, (size_t)len);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	return r < 0 ? no_cms(err, "the token can't be put into the signature") : 0;
}

/* -- bare signatures ---------------------------------------------------------------------------- */

static X509 *cert_of(const void *der, size_t n)
{
	const unsigned char *p = der;
	X509 *x = n == 0 || n > PART_MAX ? NULL : d2i_X509(NULL, &p, (long)n);

	if (x != NULL && p != (const unsigned char *)der + n) {
		X509_free(x);
		x = NULL;
	}
	ERR_clear_error();
	return x;
}

const char *kt_cert_xml_alg(const void *der, size_t n)
{
	X509 *x = cert_of(der, n);
	const EVP_PKEY *k = x == NULL ? NULL : X509_get0_pubkey(x);
	const char *alg = NULL;

	if (k != NULL && EVP_PKEY_is_a(k, "EC"))
		alg = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
	else if (k != NULL && EVP_PKEY_is_a(k, "RSA"))
		alg = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
	else if (k != NULL && EVP_PKEY_is_a(k, "RSA-PSS"))
		alg = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1";
	X509_free(x);
	return alg;
}

int kt_cert_issuer_serial(const void *der, size_t n, struct kt_buf *out, struct kt_err *err)
{
	X509 *x = cert_of(der, n);
	GENERAL_NAME *name = GENERAL_NAME_new();
	unsigned char *p = NULL;
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	ASN1_INTEGER *serial = NULL;
	unsigned char *names_der = NULL, *serial_der = NULL;
	int nl = -1, sl = -1, r = KT_E_INVALID;

	if (x == NULL || name == NULL || names == NULL)
		goto out;
	name->type = GEN_DIRNAME;
	name->d.directoryName = X509_NAME_dup(X509_get_issuer_name(x));
	serial = ASN1_INTEGER_dup(X509_get0_serialNumber(x));
	if (name->d.directoryName == NULL || serial == NULL ||
	    sk_GENERAL_NAME_push(names, name) <= 0)
		goto out;
	name = NULL;
	nl = i2d_GENERAL_NAMES(names, &names_der);
	sl = i2d_ASN1_INTEGER(serial, &serial_der);
	if (nl <= 0 || sl <= 0 ||
	    kt_buf_reserve(out, (size_t)ASN1_object_size(1, nl + sl, V_ASN1_SEQUENCE)) < 0)
		goto out;
	p = out->p + out->len;
	ASN1_put_object(&p, 1, nl + sl, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	out->len = (size_t)(p - out->p);
	kt_buf_put(out, names_der, (size_t)nl);
	r = kt_buf_put(out, serial_der, (size_t)sl);
out:
	OPENSSL_free(names_der);
	OPENSSL_free(serial_der);
	ASN1_INTEGER_free(serial);
	GENERAL_NAME_free(name);
	GENERAL_NAMES_free(names);
	X509_free(x);
	return r < 0 ? no_cms(err, "not a certificate in DER") : 0;
}

/* r||s as the DER that OpenSSL verifies; NULL when it is not of the curve's length. */
static unsigned char *ecdsa_der(const EVP_PKEY *k, const uint8_t *sig, size_t n, int *len)
{
	size_t half = ((size_t)EVP_PKEY_get_bits(k) + 7) / 8;
	unsigned char *der = NULL;
	BIGNUM *r, *s;
	ECDSA_SIG *e;

	*len = -1;
	if (n != 2 * half)
		return NULL;
	e = ECDSA_SIG_new();
	r = BN_bin2bn(sig, (int)half, NULL);
	s = BN_bin2bn(sig + half, (int)half, NULL);
	if (e != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(e, r, s) == 1) {
		r = s = NULL;
		*len = i2d_ECDSA_SIG(e, &der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(e);
	return der;
}

int kt_cert_verify_raw(const void *der, size_t n, const uint8_t digest[KT_SHA256_LEN],
		       const void *sig, size_t sig_n, struct kt_err *err)
{
	X509 *x = cert_of(der, n);
	EVP_PKEY *k = x == NULL ? NULL : X509_get0_pubkey(x);
	EVP_PKEY_CTX *ctx = k == NULL ? NULL : EVP_PKEY_CTX_new(k, NULL);
	unsigned char *own = NULL;
	const unsigned char *p = sig;
	int len = sig_n <= PART_MAX ? (int)sig_n : -1, ok = 0;

	if (k != NULL && EVP_PKEY_is_a(k, "EC"))
		p = own = ecdsa_der(k, sig, sig_n, &len);
	if (ctx != NULL && p != NULL && len > 0 && EVP_PKEY_verify_init(ctx) > 0 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0 &&
	    (!EVP_PKEY_is_a(k, "RSA-PSS") ||
	     EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, KT_SHA256_LEN) > 0))
		ok = EVP_PKEY_verify(ctx, p, (size_t)len, digest, KT_SHA256_LEN) == 1;
	OPENSSL_free(own);
	EVP_PKEY_CTX_free(ctx);
	X509_free(x);
	ERR_clear_error();
	return ok ? 0 : KT_FAIL(err, KT_E_INVALID, "the signature does not match these bytes");
}
