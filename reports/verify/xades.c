/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Canonical XML 1.1 of a part of a document repeats the namespaces that are in scope on its topmost
 * element. So the three parts that are digested (SignedProperties, SignedInfo, SignatureValue) are
 * written with those when they are digested, and without when they stand in the document.
 */
#include "reports/verify/xades.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/time.h"
#include "reports/verify/layout.h"

#define NS_ASIC	 " xmlns:asic=\"http://uri.etsi.org/02918/v1.2.1#\""
#define NS_DS	 " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\""
#define NS_XADES " xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\""
#define C14N	 "http://www.w3.org/2006/12/xml-c14n11"
#define SHA256	 "http://www.w3.org/2001/04/xmlenc#sha256"
#define DIGEST	 "<ds:DigestMethod Algorithm=\"" SHA256 "\"></ds:DigestMethod><ds:DigestValue>"

#define B64(n) (((n) + 2) / 3 * 4 + 1)

/* One run over the text, with whatever takes it; the first trouble stays. */
struct put {
	kt_xades_out_fn out;
	void *arg;
	int r;
};

static void raw(struct put *p, const void *s, size_t n)
{
	if (p->r == 0)
		p->r = p->out(p->arg, s, n);
}

static void text(struct put *p, const char *s)
{
	raw(p, s, strlen(s));
}

static void base64(struct put *p, const uint8_t *bytes, size_t n)
{
	unsigned char b[B64(3 * 256)];

	for (size_t i = 0; i < n; i += 3 * 256) {
		size_t k = n - i < 3 * 256 ? n - i : 3 * 256;

		raw(p, b, (size_t)EVP_EncodeBlock(b, bytes + i, (int)k));
	}
}

static void number(struct put *p, size_t v)
{
	char s[24];

	snprintf(s, sizeof(s), "%zu", v);
	text(p, s);
}

static void digest(struct put *p, const uint8_t *sha256)
{
	text(p, DIGEST);
	base64(p, sha256, KT_SHA256_LEN);
	text(p, "</ds:DigestValue>");
}

/* -- the parts ---------------------------------------------------------------------------------- */

static void signed_properties(const struct kt_xades *x, bool top, struct put *p)
{
	char t[KT_TIME_TEXT];
	const char *name;
	const uint8_t *sha;

	text(p, "<xades:SignedProperties");
	if (top)
		text(p, NS_ASIC NS_DS NS_XADES);
	text(p, " Id=\"S0-SignedProperties\"><xades:SignedSignatureProperties><xades:SigningTime>");
	text(p, kt_time_text(x->time_us, t));
	text(p, "</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest>");
	digest(p, x->cert_sha256);
	text(p, "</xades:CertDigest><xades:IssuerSerialV2>");
	base64(p, x->issuer_serial.p, x->issuer_serial.len);
	text(p, "</xades:IssuerSerialV2></xades:Cert></xades:SigningCertificateV2>"
		"</xades:SignedSignatureProperties><xades:SignedDataObjectProperties>");
	for (size_t i = 0; x->file(x->arg, i, &name, &sha); i++) {
		text(p, "<xades:DataObjectFormat ObjectReference=\"#S0-R");
		number(p, i);
		text(p, "\"><xades:MimeType>");
		text(p, kt_pkg_media_type(name));
		text(p, "</xades:MimeType></xades:DataObjectFormat>");
	}
	text(p, "</xades:SignedDataObjectProperties></xades:SignedProperties>");
}

static void signed_info(const struct kt_xades *x, bool top, struct put *p)
{
	const char *name;
	const uint8_t *sha;

	text(p, "<ds:SignedInfo");
	if (top)
		text(p, NS_ASIC NS_DS);
	text(p, "><ds:CanonicalizationMethod Algorithm=\"" C14N
		"\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"");
	text(p, x->alg);
	text(p, "\"></ds:SignatureMethod>");
	for (size_t i = 0; x->file(x->arg, i, &name, &sha); i++) {
		text(p, "<ds:Reference Id=\"S0-R");
		number(p, i);
		text(p, "\" URI=\"");
		text(p, name); /* nothing in it needs an escape: kt_pkg_name_ok() */
		text(p, "\">");
		digest(p, sha);
		text(p, "</ds:Reference>");
	}
	text(p, "<ds:Reference Type=\"http://uri.etsi.org/01903#SignedProperties\" "
		"URI=\"#S0-SignedProperties\"><ds:Transforms><ds:Transform Algorithm=\"" C14N
		"\"></ds:Transform></ds:Transforms>");
	digest(p, x->props_sha256);
	text(p, "</ds:Reference></ds:SignedInfo>");
}

/* -- what is signed ----------------------------------------------------------------------------- */

static int to_hash(void *arg, const void *p, size_t n)
{
	return kt_hash_update(arg, p, n);
}

static int hash_part(const struct kt_xades *x,
		     void (*part)(const struct kt_xades *, bool, struct put *), uint8_t *out,
		     struct kt_err *err)
{
	struct kt_hash h;
	struct put p = {to_hash, &h, 0};
	int r = kt_hash_init(&h, KT_SHA256, err);

	if (r == 0) {
		part(x, true, &p);
		r = p.r == 0 ? kt_hash_final(&h, out) : p.r;
	}
	kt_hash_free(&h);
	return r;
}

int kt_xades_init(struct kt_xades *x, struct kt_err *err)
{
	const uint8_t *der = x->certs->der.p + x->certs->off[0];
	size_t n = x->certs->len[0];
	int r;

	kt_buf_init(&x->issuer_serial, 0);
	x->alg = kt_cert_xml_alg(der, n);
	if (x->alg == NULL)
		return KT_FAIL(err, KT_E_INVALID,
			       "no XML signature is made with a key of this kind");
	r = kt_cert_issuer_serial(der, n, &x->issuer_serial, err);
	if (r == 0)
		r = kt_sha256(der, n, x->cert_sha256, err);
	if (r == 0)
		r = hash_part(x, signed_properties, x->props_sha256, err);
	if (r == 0)
		r = hash_part(x, signed_info, x->info_sha256, err);
	return r;
}

void kt_xades_free(struct kt_xades *x)
{
	kt_buf_free(&x->issuer_serial);
}

static int to_buf(void *arg, const void *p, size_t n)
{
	return kt_buf_put(arg, p, n);
}

int kt_xades_stamped(const void *sig, size_t n, struct kt_buf *out)
{
	struct put p = {to_buf, out, 0};

	text(&p, "<ds:SignatureValue" NS_ASIC NS_DS " Id=\"S0-SignatureValue\">");
	base64(&p, sig, n);
	text(&p, "</ds:SignatureValue>");
	return p.r;
}

/* -- the document ------------------------------------------------------------------------------- */

int kt_xades_head(const struct kt_xades *x, kt_xades_out_fn out, void *arg)
{
	struct put p = {out, arg, 0};

	text(&p, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		 "<asic:XAdESSignatures" NS_ASIC "><ds:Signature" NS_DS " Id=\"S0\">");
	signed_info(x, false, &p);
	text(&p, "<ds:SignatureValue Id=\"S0-SignatureValue\">");
	return p.r;
}

int kt_xades_base64(const void *bytes, size_t n, kt_xades_out_fn out, void *arg)
{
	struct put p = {out, arg, 0};

	base64(&p, bytes, n);
	return p.r;
}

int kt_xades_middle(const struct kt_xades *x, kt_xades_out_fn out, void *arg)
{
	struct put p = {out, arg, 0};

	text(&p, "</ds:SignatureValue><ds:KeyInfo><ds:X509Data>");
	for (size_t i = 0; i < x->certs->n; i++) {
		text(&p, "<ds:X509Certificate>");
		base64(&p, x->certs->der.p + x->certs->off[i], x->certs->len[i]);
		text(&p, "</ds:X509Certificate>");
	}
	text(&p, "</ds:X509Data></ds:KeyInfo><ds:Object><xades:QualifyingProperties" NS_XADES
		 " Target=\"#S0\">");
	signed_properties(x, false, &p);
	return p.r;
}

int kt_xades_token(kt_xades_out_fn out, void *arg)
{
	struct put p = {out, arg, 0};

	text(&p, "<xades:UnsignedProperties><xades:UnsignedSignatureProperties>"
		 "<xades:SignatureTimeStamp Id=\"S0-T0\"><ds:CanonicalizationMethod "
		 "Algorithm=\"" C14N "\"></ds:CanonicalizationMethod>"
		 "<xades:EncapsulatedTimeStamp>");
	return p.r;
}

int kt_xades_tail(bool token, kt_xades_out_fn out, void *arg)
{
	struct put p = {out, arg, 0};

	if (token)
		text(&p, "</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>"
			 "</xades:UnsignedSignatureProperties></xades:UnsignedProperties>");
	text(&p, "</xades:QualifyingProperties></ds:Object></ds:Signature>"
		 "</asic:XAdESSignatures>\n");
	return p.r;
}
