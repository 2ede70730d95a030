/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * PKCS#11 by its C interface. OpenSSL's engines are not used: they are deprecated, and gone in its
 * next version.
 */
#include "reports/sign/p11.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/x509v3.h>
#include <p11-kit-1/p11-kit/pkcs11.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/hash.h"
#include "core/io.h"
#include "reports/sign/p11_i.h"
#include "reports/sign/p11_uri.h"
#include "reports/sign/pin.h"

#define SLOTS_MAX   64
#define OBJECTS_MAX 32
#define CERT_MAX    65536
#define PIN_MAX	    256

bool kt_p11_is_uri(const char *path)
{
	return strncmp(path, "pkcs11:", 7) == 0;
}

static int fail(struct kt_err *err, CK_RV rv, const char *what)
{
	static const struct {
		CK_RV rv;
		const char *text;
	} known[] = {
		{CKR_PIN_INCORRECT, "that is not the PIN; mind that a card counts wrong ones"},
		{CKR_PIN_LEN_RANGE, "that is not the PIN; mind that a card counts wrong ones"},
		{CKR_PIN_LOCKED, "the PIN is locked; unlock the card with its PUK"},
		{CKR_TOKEN_NOT_PRESENT, "the card was taken out"},
		{CKR_DEVICE_REMOVED, "the card was taken out"},
		{CKR_FUNCTION_CANCELED, "it was cancelled at the reader"},
		{CKR_MECHANISM_INVALID, "the card does not offer this kind of operation"},
		{CKR_KEY_FUNCTION_NOT_PERMITTED, "the key on the card is not meant for this"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].rv == rv)
			return KT_FAIL(err, KT_E_USAGE, "%s: %s", what, known[i].text);
	return KT_FAIL(err, KT_E_USAGE, "%s: the card's module says 0x%lx", what, rv);
}

int kt_p11_why(const struct kt_p11 *c, struct kt_err *err)
{
	return c == NULL || c->rv == CKR_OK ? 0 : fail(err, c->rv, "the card refuses");
}

/* -- module, token, session --------------------------------------------------------------------- */

static int default_module(char *out, size_t n, struct kt_err *err)
{
	struct kt_buf b;
	const char *s;
	int r;

	kt_buf_init(&b, 0);
	r = kt_path_read(KT_P11_MODULE_FILE, 4096, &b, err);
	s = r == 0 ? kt_buf_cstr(&b) : NULL;
	if (s == NULL || s[0] != '/' || strcspn(s, "\n") >= n)
		r = KT_FAIL(err, KT_E_USAGE,
			    "no PKCS#11 module is named: add ?module-path=/... to the URI, or put "
			    "the path into %s",
			    KT_P11_MODULE_FILE);
	else
		snprintf(out, n, "%.*s", (int)strcspn(s, "\n"), s);
	kt_buf_free(&b);
	return r;
}

static int load_module(struct kt_p11 *c, const struct kt_p11_uri *u, struct kt_err *err)
{
	char path[KT_P11_TEXT];
	CK_C_GetFunctionList get = NULL;
	CK_RV rv;
	int r = 0;

	if (u->module[0] != '\0')
		snprintf(path, sizeof(path), "%s", u->module);
	else
		r = default_module(path, sizeof(path), err);
	if (r < 0)
		return r;
	c->dl = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (c->dl == NULL)
		return KT_FAIL(err, KT_E_USAGE, "the PKCS#11 module %.100s can't be loaded", path);
	*(void **)&get = dlsym(c->dl, "C_GetFunctionList");
	if (get == NULL || get(&c->f) != CKR_OK || c->f == NULL)
		return KT_FAIL(err, KT_E_USAGE, "%.100s is no PKCS#11 module", path);
	rv = c->f->C_Initialize(NULL);
	if (rv != CKR_OK)
		return fail(err, rv, "PKCS#11 module");
	c->initialised = true;
	return 0;
}

/* Padded with blanks, not terminated. */
static bool same_text(const char *want, const unsigned char *have, size_t n)
{
	while (n > 0 && (have[n - 1] == ' ' || have[n - 1] == '\0'))
		n--;
	return want[0] == '\0' || (strlen(want) == n && memcmp(want, have, n) == 0);
}

static int find_token(struct kt_p11 *c, const struct kt_p11_uri *u, struct kt_err *err)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG n = SLOTS_MAX;
	CK_RV rv = c->f->C_GetSlotList(CK_TRUE, slots, &n);
	unsigned found = 0;

	if (rv != CKR_OK)
		return fail(err, rv, "list of cards");
	for (CK_ULONG i = 0; i < n; i++) {
		CK_TOKEN_INFO info;

		if (c->f->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
		    (info.flags & CKF_TOKEN_INITIALIZED) == 0 ||
		    !same_text(u->token, info.label, sizeof(info.label)) ||
		    !same_text(u->serial, info.serialNumber, sizeof(info.serialNumber)))
			continue;
		found++;
		c->slot = slots[i];
		c->info = info;
	}
	if (found != 1)
		return KT_FAIL(err, KT_E_USAGE, "%s",
			       found == 0 ? "no such card is there; put it in, or correct the URI"
					  : "several cards fit; name one with token= or serial=");
	rv = c->f->C_OpenSession(c->slot, CKF_SERIAL_SESSION, NULL, NULL, &c->session);
	if (rv != CKR_OK)
		return fail(err, rv, "session with the card");
	c->have_session = true;
	return 0;
}

/* -- objects ------------------------------------------------------------------------------------ */

static CK_ULONG find(struct kt_p11 *c, CK_ATTRIBUTE *want, CK_ULONG n, CK_OBJECT_HANDLE *out)
{
	CK_ULONG got = 0;

	if (c->f->C_FindObjectsInit(c->session, want, n) != CKR_OK)
		return 0;
	if (c->f->C_FindObjects(c->session, out, OBJECTS_MAX, &got) != CKR_OK)
		got = 0;
	c->f->C_FindObjectsFinal(c->session);
	return got;
}

/* Fills a search for objects of a class that the URI may mean. */
static CK_ULONG search(const struct kt_p11_uri *u, CK_OBJECT_CLASS *class, CK_ATTRIBUTE want[3])
{
	CK_ULONG n = 0;

	want[n++] = (CK_ATTRIBUTE){CKA_CLASS, class, sizeof(*class)};
	if (u->id_len > 0)
		want[n++] = (CK_ATTRIBUTE){CKA_ID, (void *)(uintptr_t)u->id, u->id_len};
	if (u->object[0] != '\0')
		want[n++] =
			(CK_ATTRIBUTE){CKA_LABEL, (void *)(uintptr_t)u->object, strlen(u->object)};
	return n;
}

static X509 *read_cert(struct kt_p11 *c, CK_OBJECT_HANDLE h)
{
	CK_ATTRIBUTE a = {CKA_VALUE, NULL, 0};
	const unsigned char *p;
	X509 *x = NULL;

	if (c->f->C_GetAttributeValue(c->session, h, &a, 1) != CKR_OK || a.ulValueLen == 0 ||
	    a.ulValueLen > CERT_MAX)
		return NULL;
	a.pValue = malloc(a.ulValueLen);
	if (a.pValue != NULL && c->f->C_GetAttributeValue(c->session, h, &a, 1) == CKR_OK) {
		p = a.pValue;
		x = d2i_X509(NULL, &p, (long)a.ulValueLen);
	}
	free(a.pValue);
	return x;
}

/* The id that binds certificate and key on the token. */
static void read_id(struct kt_p11 *c, CK_OBJECT_HANDLE h)
{
	CK_ATTRIBUTE a = {CKA_ID, c->id, sizeof(c->id)};

	if (c->f->C_GetAttributeValue(c->session, h, &a, 1) == CKR_OK &&
	    a.ulValueLen != (CK_ULONG)-1)
		c->id_len = a.ulValueLen;
}

static int find_certs(struct kt_p11 *c, const struct kt_p11_uri *u, X509 **found,
		      STACK_OF(X509) *more, struct kt_err *err)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_OBJECT_HANDLE h[OBJECTS_MAX];
	CK_ATTRIBUTE want[3];
	CK_ULONG n = find(c, want, search(u, &class, want), h);
	unsigned leaves = 0;

	for (CK_ULONG i = 0; i < n; i++) {
		X509 *x = read_cert(c, h[i]);

		if (x == NULL || X509_check_ca(x) != 0) {
			X509_free(x);
			continue;
		}
		leaves++;
		X509_free(*found);
		*found = x;
		read_id(c, h[i]);
	}
	if (leaves != 1)
		return KT_FAIL(err, KT_E_USAGE, "%s",
			       leaves == 0
				       ? "the card holds no such certificate; name it with --cert"
				       : "several certificates fit; name one with id= or object=");
	n = find(c, want, 1, h);
	for (CK_ULONG i = 0; i < n; i++) {
		X509 *x = read_cert(c, h[i]);

		if (x != NULL && X509_check_ca(x) != 0)
			X509_add_cert(more, x, X509_ADD_FLAG_NO_DUP | X509_ADD_FLAG_UP_REF);
		X509_free(x);
	}
	return 0;
}

static int find_key(struct kt_p11 *c, const struct kt_p11_uri *u, struct kt_err *err)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_OBJECT_HANDLE h[OBJECTS_MAX];
	CK_BBOOL always = CK_FALSE;
	CK_ATTRIBUTE want[3], a = {CKA_ALWAYS_AUTHENTICATE, &always, sizeof(always)};
	CK_ULONG n, terms = search(u, &class, want);

	if (c->id_len > 0) {
		/* by the certificate's id: labels of the two may differ */
		want[1] = (CK_ATTRIBUTE){CKA_ID, c->id, c->id_len};
		terms = 2;
	}
	n = find(c, want, terms, h);
	if (n != 1)
		return KT_FAIL(err, KT_E_USAGE, "%s",
			       n == 0 ? "the card holds no private key for that"
				      : "several private keys fit; name one with id=");
	c->key = h[0];
	if (c->f->C_GetAttributeValue(c->session, c->key, &a, 1) == CKR_OK)
		c->always = always == CK_TRUE;
	return 0;
}

/* -- PIN ---------------------------------------------------------------------------------------- */

static int login(struct kt_p11 *c, CK_USER_TYPE user, struct kt_err *err)
{
	char pin[PIN_MAX], prompt[200], label[33];
	const char *why = NULL;
	size_t n = sizeof(c->info.label);
	CK_RV rv;
	int len;

	if ((c->info.flags & CKF_LOGIN_REQUIRED) == 0)
		return 0;
	if ((c->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) {
		rv = c->f->C_Login(c->session, user, NULL, 0); /* typed on the reader */
		return rv == CKR_OK ? 0 : fail(err, rv, "PIN at the reader");
	}
	while (n > 0 && c->info.label[n - 1] == ' ')
		n--;
	memcpy(label, c->info.label, n);
	label[n] = '\0';
	for (char *p = label; *p != '\0'; p++) /* the card's own text, shown on a terminal */
		if (*p < ' ' || *p > '~')
			*p = '?';
	snprintf(prompt, sizeof(prompt), "PIN of the card \"%s\"%s: ", label,
		 (c->info.flags & CKF_USER_PIN_FINAL_TRY) != 0	 ? " (LAST attempt before it locks)"
		 : (c->info.flags & CKF_USER_PIN_COUNT_LOW) != 0 ? " (a wrong one was typed before)"
								 : "");
	len = kt_pin_ask(c->where, prompt, pin, sizeof(pin), &why);
	if (len <= 0) {
		OPENSSL_cleanse(pin, sizeof(pin));
		return KT_FAIL(err, KT_E_USAGE, "%s", why != NULL ? why : "no PIN was given");
	}
	rv = c->f->C_Login(c->session, user, (unsigned char *)pin, (CK_ULONG)len);
	OPENSSL_cleanse(pin, sizeof(pin));
	return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN ? 0 : fail(err, rv, "PIN");
}

int kt_p11_again(struct kt_p11 *c, struct kt_err *err)
{
	return c->always ? login(c, CKU_CONTEXT_SPECIFIC, err) : 0;
}

int kt_p11_open(const struct kt_sign_key *where, bool secret, X509 *cert, struct kt_p11 **card,
		X509 **found, STACK_OF(X509) *more, struct kt_err *err)
{
	struct kt_p11 *c = calloc(1, sizeof(*c));
	struct kt_p11_uri u;
	int r;

	*card = c;
	if (c == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	c->where = where;
	r = kt_p11_uri_parse(where->path, &u, err);
	if (r == 0)
		r = load_module(c, &u, err);
	if (r == 0 && c->f == NULL)
		r = KT_E_INTERNAL;
	if (r == 0)
		r = find_token(c, &u, err);
	if (r == 0 && cert == NULL)
		r = find_certs(c, &u, found, more, err);
	if (r == 0 && secret)
		r = login(c, CKU_USER, err);
	if (r == 0 && secret)
		r = find_key(c, &u, err);
	return r;
}

void kt_p11_close(struct kt_p11 **card)
{
	struct kt_p11 *c = card == NULL ? NULL : *card;

	if (c == NULL)
		return;
	if (c->have_session) {
		c->f->C_Logout(c->session);
		c->f->C_CloseSession(c->session);
	}
	if (c->initialised)
		c->f->C_Finalize(NULL);
	if (c->dl != NULL)
		dlclose(c->dl);
	free(c);
	*card = NULL;
}

/* -- signing ------------------------------------------------------------------------------------ */

int kt_p11_sign(struct kt_p11 *c, const EVP_PKEY *pub, const uint8_t *digest, bool pss,
		struct kt_buf *sig, struct kt_err *err)
{
	/* DigestInfo of SHA-256 (RFC 8017, 9.2) in front of the digest */
	static const uint8_t head[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
				       0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	CK_RSA_PKCS_PSS_PARAMS params = {CKM_SHA256, CKG_MGF1_SHA256, KT_SHA256_LEN};
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	uint8_t in[sizeof(head) + KT_SHA256_LEN], out[2048];
	CK_ULONG n = 0, len = sizeof(out);
	CK_RV rv;
	int r;

	if (!EVP_PKEY_is_a(pub, "EC")) {
		m.mechanism = pss ? CKM_RSA_PKCS_PSS : CKM_RSA_PKCS;
		m.pParameter = pss ? &params : NULL;
		m.ulParameterLen = pss ? sizeof(params) : 0;
		if (!pss) {
			memcpy(in, head, sizeof(head));
			n = sizeof(head);
		}
	}
	memcpy(in + n, digest, KT_SHA256_LEN);
	n += KT_SHA256_LEN;
	rv = c->f->C_SignInit(c->session, &m, c->key);
	if (rv != CKR_OK)
		return fail(err, rv, "signing");
	r = kt_p11_again(c, err);
	if (r < 0)
		return r;
	rv = c->f->C_Sign(c->session, in, n, out, &len);
	if (rv != CKR_OK)
		return fail(err, rv, "signing");
	return kt_buf_put(sig, out, len);
}
