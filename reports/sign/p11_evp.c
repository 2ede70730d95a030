/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A card's key as OpenSSL's CMS_decrypt() wants one: the public half, with the private operation
 * handed to the card. The interface for that is deprecated without a successor that works without a
 * provider of our own; it is used here and nowhere else, for envelopes alone.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "reports/sign/p11.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "reports/sign/p11_i.h"

#define SECRET_MAX 66 /* a coordinate of P-521 */

/* One card for one act: the methods have no room for more of their own. */
static struct kt_p11 *the_card;
static RSA_METHOD *rsa_method;
static EC_KEY_METHOD *ec_method;

static int rsa_decrypt(int len, const unsigned char *from, unsigned char *to, RSA *rsa, int padding)
{
	struct kt_p11 *c = the_card;
	CK_MECHANISM m = {padding == RSA_NO_PADDING ? CKM_RSA_X_509 : CKM_RSA_PKCS, NULL, 0};
	CK_ULONG n = (CK_ULONG)RSA_size(rsa);

	if (c == NULL || (padding != RSA_NO_PADDING && padding != RSA_PKCS1_PADDING))
		return -1;
	c->rv = c->f->C_DecryptInit(c->session, &m, c->key);
	if (c->rv != CKR_OK || kt_p11_again(c, NULL) < 0)
		return -1;
	if (c->f->C_Decrypt(c->session, (unsigned char *)(uintptr_t)from, (CK_ULONG)len, to, &n) !=
	    CKR_OK)
		return -1;
	return (int)n;
}

/* The shared secret as a session object, read and destroyed. */
static int ec_derive(unsigned char **out, size_t *n, const EC_POINT *peer, const EC_KEY *key)
{
	struct kt_p11 *c = the_card;
	const EC_GROUP *g = EC_KEY_get0_group(key);
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG len = (CK_ULONG)(EC_GROUP_get_degree(g) + 7) / 8;
	CK_ATTRIBUTE want[] = {
		{CKA_CLASS, &class, sizeof(class)},   {CKA_KEY_TYPE, &type, sizeof(type)},
		{CKA_TOKEN, &no, sizeof(no)},	      {CKA_SENSITIVE, &no, sizeof(no)},
		{CKA_EXTRACTABLE, &yes, sizeof(yes)}, {CKA_VALUE_LEN, &len, sizeof(len)}};
	unsigned char point[2 * SECRET_MAX + 1], secret[SECRET_MAX];
	CK_ECDH1_DERIVE_PARAMS params = {CKD_NULL, 0, NULL, 0, point};
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &params, sizeof(params)};
	CK_ATTRIBUTE value = {CKA_VALUE, secret, sizeof(secret)};
	CK_OBJECT_HANDLE h;
	int ok = 0;

	*out = NULL;
	params.ulPublicDataLen = EC_POINT_point2oct(g, peer, POINT_CONVERSION_UNCOMPRESSED, point,
						    sizeof(point), NULL);
	if (c == NULL || params.ulPublicDataLen == 0)
		return 0;
	c->rv = c->f->C_DeriveKey(c->session, &m, c->key, want, sizeof(want) / sizeof(want[0]), &h);
	if (c->rv != CKR_OK)
		return 0;
	if (c->f->C_GetAttributeValue(c->session, h, &value, 1) == CKR_OK &&
	    value.ulValueLen == len) {
		*out = OPENSSL_memdup(secret, len);
		*n = len;
		ok = *out != NULL;
	}
	OPENSSL_cleanse(secret, sizeof(secret));
	c->f->C_DestroyObject(c->session, h);
	return ok;
}

static EVP_PKEY *rsa_key(const EVP_PKEY *pub)
{
	RSA *rsa = RSAPublicKey_dup(EVP_PKEY_get0_RSA(pub));
	EVP_PKEY *k = EVP_PKEY_new();

	if (rsa_method == NULL)
		rsa_method = RSA_meth_dup(RSA_PKCS1_OpenSSL());
	if (rsa != NULL && k != NULL && rsa_method != NULL &&
	    RSA_meth_set_priv_dec(rsa_method, rsa_decrypt) == 1 &&
	    RSA_set_method(rsa, rsa_method) == 1 && EVP_PKEY_assign_RSA(k, rsa) == 1)
		return k;
	RSA_free(rsa);
	EVP_PKEY_free(k);
	return NULL;
}

static EVP_PKEY *ec_key(const EVP_PKEY *pub)
{
	const EC_KEY *from = EVP_PKEY_get0_EC_KEY(pub);
	EC_KEY *ec = from == NULL ? NULL : EC_KEY_dup(from);
	EVP_PKEY *k = EVP_PKEY_new();

	if (ec_method == NULL)
		ec_method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
	if (ec_method != NULL)
		EC_KEY_METHOD_set_compute_key(ec_method, ec_derive);
	if (ec != NULL && k != NULL && ec_method != NULL && EC_KEY_set_method(ec, ec_method) == 1 &&
	    EVP_PKEY_assign_EC_KEY(k, ec) == 1)
		return k;
	EC_KEY_free(ec);
	EVP_PKEY_free(k);
	return NULL;
}

int kt_p11_private(struct kt_p11 *card, EVP_PKEY *pub, EVP_PKEY **pkey, struct kt_err *err)
{
	the_card = card;
	*pkey = EVP_PKEY_is_a(pub, "EC") ? ec_key(pub) : rsa_key(pub);
	return *pkey != NULL ? 0
			     : KT_FAIL(err, KT_E_INTERNAL, "the card's key can't be made usable");
}
