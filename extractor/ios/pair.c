/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/ios/pair.h"

#include "core/err.h"
#include "core/hash.h"
#include "extractor/image/plist.h"

#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BITS 2048
#define YEARS	 10
#define DAY	 86400L

void kt_pair_free(struct kt_pair *p)
{
	X509_free(p->device_cert);
	X509_free(p->host_cert);
	X509_free(p->root_cert);
	EVP_PKEY_free(p->root_key);
	if (p->escrow != NULL)
		OPENSSL_cleanse(p->escrow, p->escrow_len);
	free(p->escrow);
	memset(p, 0, sizeof(*p));
}

int kt_pair_set_escrow(struct kt_pair *p, const void *bag, size_t n, struct kt_err *err)
{
	if (n == 0 || n > KT_PAIR_ESCROW)
		return KT_FAIL(err, KT_E_FORMAT, "an escrow bag of %zu bytes", n);
	if (p->escrow != NULL)
		OPENSSL_cleanse(p->escrow, p->escrow_len);
	free(p->escrow);
	p->escrow_len = 0;
	p->escrow = malloc(n);
	if (p->escrow == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a pairing");
	memcpy(p->escrow, bag, n);
	p->escrow_len = n;
	return 0;
}

/* -- one that is there ------------------------------------------------------------------------ */

/* Data or text, borrowed. */
static const char *bytes_of(plist_t dict, const char *key, size_t *n)
{
	plist_t node = plist_dict_get_item(dict, key);
	uint64_t len = 0;
	const char *p = NULL;

	if (node != NULL && plist_get_node_type(node) == PLIST_DATA)
		p = plist_get_data_ptr(node, &len);
	else if (node != NULL && plist_get_node_type(node) == PLIST_STRING)
		p = plist_get_string_ptr(node, &len);
	*n = p != NULL ? (size_t)len : 0;
	return p;
}

static BIO *bio_of(plist_t dict, const char *key)
{
	size_t n;
	const char *p = bytes_of(dict, key, &n);

	return p != NULL && n <= KT_PAIR_MAX ? BIO_new_mem_buf(p, (int)n) : NULL;
}

static X509 *cert_of(plist_t dict, const char *key)
{
	BIO *bio = bio_of(dict, key);
	X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return cert;
}

static bool copy_text(plist_t dict, const char *key, char *out, size_t size)
{
	size_t n;
	const char *p = bytes_of(dict, key, &n);

	if (p == NULL || n == 0 || n >= size || memchr(p, '\0', n) != NULL)
		return false;
	memcpy(out, p, n);
	out[n] = '\0';
	return true;
}

static int take_record(struct kt_pair *p, plist_t dict, struct kt_err *err)
{
	BIO *bio = bio_of(dict, "RootPrivateKey");
	const char *bag;
	size_t n;

	p->root_key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	p->device_cert = cert_of(dict, "DeviceCertificate");
	p->host_cert = cert_of(dict, "HostCertificate");
	p->root_cert = cert_of(dict, "RootCertificate");
	ERR_clear_error();
	if (p->root_key == NULL || p->device_cert == NULL || p->host_cert == NULL ||
	    p->root_cert == NULL || !copy_text(dict, "HostID", p->host_id, sizeof(p->host_id)) ||
	    !copy_text(dict, "SystemBUID", p->buid, sizeof(p->buid)))
		return KT_FAIL(err, KT_E_FORMAT, "the computer's pair record lacks a part");
	bag = bytes_of(dict, "EscrowBag", &n);
	return bag != NULL ? kt_pair_set_escrow(p, bag, n, err) : 0;
}

int kt_pair_load(struct kt_pair *p, const void *record, size_t n, struct kt_err *err)
{
	plist_t dict = NULL;
	int r = kt_plist_check(record, n, err);

	memset(p, 0, sizeof(*p));
	if (r < 0)
		return r;
	plist_from_memory(record, (uint32_t)n, &dict);
	if (dict == NULL || plist_get_node_type(dict) != PLIST_DICT)
		r = KT_FAIL(err, KT_E_FORMAT, "the computer's pair record is no dictionary");
	else
		r = take_record(p, dict, err);
	plist_free(dict);
	if (r < 0)
		kt_pair_free(p);
	p->set = r == 0;
	return r;
}

/* -- a new one -------------------------------------------------------------------------------- */

/* PKCS#1 ("RSA PUBLIC KEY") or SubjectPublicKeyInfo. */
static EVP_PKEY *public_key(const void *pem, size_t n)
{
	BIO *bio = n > 0 && n <= KT_PAIR_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
	EVP_PKEY *key = NULL;
	OSSL_DECODER_CTX *d = OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", NULL, "RSA",
							    EVP_PKEY_PUBLIC_KEY, NULL, NULL);

	if (d == NULL || bio == NULL || OSSL_DECODER_from_bio(d, bio) != 1) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	OSSL_DECODER_CTX_free(d);
	BIO_free(bio);
	ERR_clear_error();
	return key;
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	bool ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

/* issuer NULL: the certificate of an authority, signed by itself. */
static X509 *make_cert(EVP_PKEY *key, X509 *issuer, EVP_PKEY *signer, bool may_sign)
{
	X509 *cert = X509_new();
	bool ok = cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 &&
		  ASN1_INTEGER_set(X509_get_serialNumber(cert), 0) == 1 &&
		  X509_gmtime_adj(X509_getm_notBefore(cert), 0) != NULL &&
		  X509_gmtime_adj(X509_getm_notAfter(cert), YEARS * 365 * DAY) != NULL &&
		  X509_set_pubkey(cert, key) == 1 &&
		  add_extension(cert, issuer != NULL ? issuer : cert, NID_basic_constraints,
				issuer == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE");

	if (ok && issuer != NULL)
		ok = add_extension(cert, issuer, NID_subject_key_identifier, "hash");
	if (ok && may_sign)
		ok = add_extension(cert, issuer, NID_key_usage,
				   "critical,digitalSignature,keyEncipherment");
	if (ok && X509_sign(cert, signer, EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

/* A random name of the form that hosts use. */
static bool make_id(char out[64])
{
	uint8_t r[16];
	char hex[33];

	if (RAND_bytes(r, sizeof(r)) != 1)
		return false;
	r[6] = (uint8_t)(0x40 | (r[6] & 0x0f));
	r[8] = (uint8_t)(0x80 | (r[8] & 0x3f));
	kt_hex(r, sizeof(r), hex);
	for (char *c = hex; *c != '\0'; c++)
		if (*c >= 'a')
			*c = (char)(*c - 'a' + 'A');
	snprintf(out, 64, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
	return true;
}

int kt_pair_make(struct kt_pair *p, const void *device_key, size_t n, const char *buid,
		 struct kt_err *err)
{
	EVP_PKEY *phone = public_key(device_key, n), *host = NULL;

	memset(p, 0, sizeof(*p));
	if (phone == NULL)
		return KT_FAIL(err, KT_E_FORMAT, "the phone gives no public key");
	p->root_key = EVP_RSA_gen(KEY_BITS);
	host = EVP_RSA_gen(KEY_BITS);
	if (p->root_key != NULL && host != NULL)
		p->root_cert = make_cert(p->root_key, NULL, p->root_key, false);
	if (p->root_cert != NULL) {
		p->host_cert = make_cert(host, p->root_cert, p->root_key, true);
		p->device_cert = make_cert(phone, p->root_cert, p->root_key, true);
	}
	EVP_PKEY_free(phone);
	/* the host's own key signs nothing in this protocol: it is not kept */
	EVP_PKEY_free(host);
	ERR_clear_error();
	if (p->host_cert == NULL || p->device_cert == NULL || !make_id(p->host_id)) {
		kt_pair_free(p);
		return KT_FAIL(err, KT_E_INTERNAL, "no certificates for a pairing");
	}
	snprintf(p->buid, sizeof(p->buid), "%s", buid);
	p->set = p->ours = true;
	return 0;
}

static bool put_cert(plist_t dict, const char *key, X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n;
	bool ok = bio != NULL && PEM_write_bio_X509(bio, cert) == 1;

	n = ok ? BIO_get_mem_data(bio, &text) : 0;
	if (n > 0)
		plist_dict_set_item(dict, key, plist_new_data(text, (uint64_t)n));
	BIO_free(bio);
	return n > 0;
}

plist_t kt_pair_public(const struct kt_pair *p)
{
	plist_t dict = plist_new_dict();

	if (!put_cert(dict, "DeviceCertificate", p->device_cert) ||
	    !put_cert(dict, "HostCertificate", p->host_cert) ||
	    !put_cert(dict, "RootCertificate", p->root_cert)) {
		plist_free(dict);
		return NULL;
	}
	plist_dict_set_item(dict, "HostID", plist_new_string(p->host_id));
	plist_dict_set_item(dict, "SystemBUID", plist_new_string(p->buid));
	return dict;
}
