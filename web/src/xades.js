// SPDX-License-Identifier: EUPL-1.2
// META-INF/signatures001.xml (docs/formats/package.md): made again from the files, the certificates and the
// claimed time, and compared; so no XML is read. Only two values in it follow from nothing else: that of
// the signature and that of its token.
import { decode } from "./cert.js";
import { mediaType } from "./layout.js";

const NS = { asic: ' xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"', ds: ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#"',
	xades: ' xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"' };
const C14N = "http://www.w3.org/2006/12/xml-c14n11";
const DIGEST = '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>';
const SHA256 = "SHA-256";
const CURVES = { "1.2.840.10045.3.1.7": "P-256", "1.3.132.0.34": "P-384", "1.3.132.0.35": "P-521" };
const ALGORITHMS = {
	"1.2.840.10045.2.1": ["http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "ECDSA"],
	"1.2.840.113549.1.1.1": ["http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "RSASSA-PKCS1-v1_5"],
	"1.2.840.113549.1.1.10": ["http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", "RSA-PSS"],
};

const encode = (text) => new TextEncoder().encode(text);

export function base64(bytes) {
	let s = "";

	for (const b of new Uint8Array(bytes))
		s += String.fromCharCode(b);
	return btoa(s);
}

function unbase64(text) {
	try {
		const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
		return base64(bytes) === text ? bytes : null; // one form alone
	} catch {
		return null;
	}
}

// DER of a SEQUENCE or an explicit tag around ready-made parts
function der(tag, ...parts) {
	const body = parts.flatMap((p) => [...p]);
	const size = [];

	for (let n = body.length; n > 0; n = Math.floor(n / 256))
		size.unshift(n % 256);
	return Uint8Array.from([tag, ...(body.length < 128 ? [body.length] : [128 + size.length, ...size]), ...body]);
}

// IssuerSerial of RFC 5035: the issuer's name and the serial number as they stand in the certificate
function issuerSerial(cert) {
	const fields = decode(cert.raw).valueBlock.value[0].valueBlock.value;
	const at = fields[0].idBlock.tagClass === 3 ? 1 : 0; // the version, when it is stated

	return der(0x30, der(0x30, der(0xa4, fields[at + 2].valueBeforeDecodeView)), fields[at].valueBeforeDecodeView);
}

const digestOf = (b64) => DIGEST + b64 + "</ds:DigestValue>";

function properties(x, top) {
	return "<xades:SignedProperties" + (top ? NS.asic + NS.ds + NS.xades : "") +
		' Id="S0-SignedProperties"><xades:SignedSignatureProperties><xades:SigningTime>' + x.time +
		"</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest>" + digestOf(x.certDigest) +
		"</xades:CertDigest><xades:IssuerSerialV2>" + x.issuerSerial +
		"</xades:IssuerSerialV2></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>" +
		"<xades:SignedDataObjectProperties>" + x.files.map(([name], i) =>
		`<xades:DataObjectFormat ObjectReference="#S0-R${i}"><xades:MimeType>${mediaType(name)}</xades:MimeType></xades:DataObjectFormat>`).join("") +
		"</xades:SignedDataObjectProperties></xades:SignedProperties>";
}

function info(x, top) {
	return "<ds:SignedInfo" + (top ? NS.asic + NS.ds : "") + `><ds:CanonicalizationMethod Algorithm="${C14N}"></ds:CanonicalizationMethod>` +
		`<ds:SignatureMethod Algorithm="${x.algorithm}"></ds:SignatureMethod>` +
		x.files.map(([name, sha], i) => `<ds:Reference Id="S0-R${i}" URI="${name}">${digestOf(sha)}</ds:Reference>`).join("") +
		'<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#S0-SignedProperties"><ds:Transforms>' +
		`<ds:Transform Algorithm="${C14N}"></ds:Transform></ds:Transforms>${digestOf(x.propertiesDigest)}</ds:Reference></ds:SignedInfo>`;
}

async function sha256(text) {
	return base64(await crypto.subtle.digest(SHA256, encode(text)));
}

// What stands before and behind the two values.
function parts(x) {
	return {
		head: `<?xml version="1.0" encoding="UTF-8"?>\n<asic:XAdESSignatures${NS.asic}><ds:Signature${NS.ds} Id="S0">` + info(x, false) +
			'<ds:SignatureValue Id="S0-SignatureValue">',
		middle: "</ds:SignatureValue><ds:KeyInfo><ds:X509Data>" +
			x.certs.map((c) => `<ds:X509Certificate>${base64(c.raw)}</ds:X509Certificate>`).join("") +
			`</ds:X509Data></ds:KeyInfo><ds:Object><xades:QualifyingProperties${NS.xades} Target="#S0">` + properties(x, false),
		token: '<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp Id="S0-T0">' +
			`<ds:CanonicalizationMethod Algorithm="${C14N}"></ds:CanonicalizationMethod><xades:EncapsulatedTimeStamp>`,
		tokenEnd: "</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp></xades:UnsignedSignatureProperties></xades:UnsignedProperties>",
		tail: "</xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>\n",
	};
}

// {value, token} of a document that is otherwise these parts; null when it is not
function split(text, p) {
	const run = (s) => /^[A-Za-z0-9+/=]*/.exec(s)[0];

	if (!text.startsWith(p.head))
		return null;
	let rest = text.slice(p.head.length);
	const value = run(rest);
	rest = rest.slice(value.length);
	if (!rest.startsWith(p.middle))
		return null;
	rest = rest.slice(p.middle.length);
	let token = "";
	if (rest.startsWith(p.token)) {
		token = run(rest.slice(p.token.length));
		rest = rest.slice(p.token.length + token.length);
		if (token === "" || !rest.startsWith(p.tokenEnd))
			return null;
		rest = rest.slice(p.tokenEnd.length);
	}
	return rest === p.tail ? { value, token } : null;
}

async function arithmetic(cert, name, value, signed) {
	const info_ = cert.x.subjectPublicKeyInfo;
	const how = { name, hash: SHA256, saltLength: 32 };

	if (name === "ECDSA")
		how.namedCurve = CURVES[info_.algorithm.algorithmParams.valueBlock.toString()];
	const key = await crypto.subtle.importKey("spki", cert.key, how, false, ["verify"]);
	return crypto.subtle.verify(how, key, value, signed);
}

// Judges the document. files: [name, SHA-256 in base64] of all that META-INF/manifest.xml lists, by name; f: the
// facts of the operator's CMS signature. Returns {problem} (a key of text.js), or {token, stamped}: the DER of
// the token inside and what it is over, or null.
export async function verifyXades(document, files, f) {
	const [algorithm, name] = ALGORITHMS[f.cert.x.subjectPublicKeyInfo.algorithm.algorithmId] ?? [];
	const x = { files, algorithm, certs: [f.cert, ...f.helpers], time: f.time ? f.time.toISOString().replace(".000", "") : "" };

	if (!algorithm)
		return { problem: "xades-differs" };
	x.certDigest = base64(await crypto.subtle.digest(SHA256, f.cert.raw));
	x.issuerSerial = base64(issuerSerial(f.cert));
	x.propertiesDigest = await sha256(properties(x, true));
	const found = split(new TextDecoder("latin1").decode(document), parts(x));
	const value = found && unbase64(found.value);
	const token = found && found.token !== "" ? unbase64(found.token) : new Uint8Array(0);
	if (!found || !value || !token)
		return { problem: "xades-differs" };
	let right = false;
	try {
		right = await arithmetic(f.cert, name, value, encode(info(x, true)));
	} catch {
		return { problem: "xades-key", open: true };
	}
	const stamped = encode(`<ds:SignatureValue${NS.asic}${NS.ds} Id="S0-SignatureValue">${found.value}</ds:SignatureValue>`);
	return { problem: right ? "" : "xades-value", token: token.length > 0 ? token : null, stamped };
}
