// SPDX-License-Identifier: EUPL-1.2
// Detached CMS signatures and RFC 3161 tokens: what each shows, as facts. The structure and the rules are
// checked here; pkijs reads the ASN.1, and the browser's own WebCrypto does the arithmetic.
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";
import { SHA2, decode, equal, readCert } from "./cert.js";

const ID = {
	signedData: "1.2.840.113549.1.7.2", data: "1.2.840.113549.1.7.1", tstInfo: "1.2.840.113549.1.9.16.1.4",
	contentType: "1.2.840.113549.1.9.3", messageDigest: "1.2.840.113549.1.9.4", signingTime: "1.2.840.113549.1.9.5",
	signingCert: "1.2.840.113549.1.9.16.2.12", signingCertV2: "1.2.840.113549.1.9.16.2.47",
};
const CERTS_MAX = 16;

export class Wrong extends Error {} // the message is a key of text.js

function wrong(key) {
	throw new Wrong(key);
}

// the one value of a signed attribute; undefined when absent
function attribute(si, id) {
	const all = si.signedAttrs.attributes.filter((a) => a.type === id);

	if (all.length === 0)
		return undefined;
	if (all.length !== 1 || all[0].values.length !== 1)
		wrong("cms-attributes");
	return all[0].values[0];
}

// Certificates as they came, since their hashes count.
function certificates(block) {
	const signed = block.valueBlock.value[1].valueBlock.value[0];
	const set = signed.valueBlock.value.find((v) => v.idBlock.tagClass === 3 && v.idBlock.tagNumber === 0);
	const found = [];

	for (const item of set ? set.valueBlock.value : []) {
		const cert = readCert(item.valueBeforeDecodeView);
		if (cert)
			found.push(cert);
	}
	if (found.length > CERTS_MAX)
		wrong("cms-certificates");
	return found;
}

function isSigner(sid, cert) {
	if (sid instanceof pkijs.IssuerAndSerialNumber)
		return sid.issuer.isEqual(cert.x.issuer) && sid.serialNumber.isEqual(cert.x.serialNumber);
	const ski = cert.x.extensions?.find((e) => e.extnID === "2.5.29.14");
	return Boolean(ski && sid.valueBlock && equal(sid.valueBlock.valueHexView, ski.parsedValue.valueBlock.valueHexView));
}

// signing-certificate attributes (RFC 5035): the first entry has to name the signer's certificate.
async function namesCert(si, cert) {
	let cades = false;

	for (const [id, preset] of [[ID.signingCert, "SHA-1"], [ID.signingCertV2, "SHA-256"]]) {
		const value = attribute(si, id);
		if (value === undefined)
			continue;
		const fields = value.valueBlock.value?.[0]?.valueBlock.value?.[0]?.valueBlock.value;
		if (!fields)
			wrong("cms-attributes");
		let name = preset;
		let at = 0;
		if (id === ID.signingCertV2 && fields[0] instanceof asn1js.Sequence) {
			name = SHA2[fields[0].valueBlock.value[0].valueBlock.toString()];
			at = 1;
		}
		const stated = fields[at]?.valueBlock.valueHexView;
		if (!name || !stated || !equal(stated, await crypto.subtle.digest(name, cert.raw)))
			wrong("cms-other-certificate");
		cades = cades || id === ID.signingCertV2;
	}
	return cades;
}

function parse(der) {
	const block = decode(der);

	if (!block)
		wrong("cms-malformed");
	try {
		const info = new pkijs.ContentInfo({ schema: block });
		if (info.contentType !== ID.signedData)
			wrong("cms-malformed");
		return { block, signed: new pkijs.SignedData({ schema: info.content }) };
	} catch (e) {
		if (e instanceof Wrong)
			throw e;
		return wrong("cms-malformed");
	}
}

function onlySigner(signed) {
	if (signed.signerInfos.length !== 1)
		wrong("cms-signers");
	const si = signed.signerInfos[0];
	if (!si.signedAttrs || si.signedAttrs.attributes.length === 0)
		wrong("cms-attributes");
	return si;
}

async function checkArithmetic(si, cert, digest) {
	const crypto = pkijs.getCrypto(true);
	const encoded = new Uint8Array(si.signedAttrs.encodedValue).slice();
	let ok;

	encoded[0] = 0x31; // signed as a SET, sent as [0]
	try {
		ok = await crypto.verifyWithPublicKey(encoded, si.signature, cert.x.subjectPublicKeyInfo,
			si.signatureAlgorithm, digest);
	} catch {
		wrong("cms-mismatch");
	}
	if (!ok)
		wrong("cms-mismatch");
}

function timeOf(si) {
	const value = attribute(si, ID.signingTime);

	if (value instanceof asn1js.UTCTime || value instanceof asn1js.GeneralizedTime)
		return value.toDate();
	return undefined;
}

async function judge(block, signed, type, content) {
	const si = onlySigner(signed);
	const certs = certificates(block);
	const cert = certs.find((c) => isSigner(si.sid, c));
	const digest = SHA2[si.digestAlgorithm.algorithmId];

	if (!cert)
		wrong("cms-no-certificate");
	if (!digest)
		wrong("cms-digest");
	if (!cert.kind)
		wrong("cms-key");
	const stated = attribute(si, ID.messageDigest);
	const kind = attribute(si, ID.contentType);
	if (type === ID.tstInfo && attribute(si, ID.signingCert) === undefined && attribute(si, ID.signingCertV2) === undefined)
		wrong("tst-unnamed");
	if (!stated || !kind || kind.valueBlock.toString() !== type)
		wrong("cms-attributes");
	if (!equal(stated.valueBlock.valueHexView, await crypto.subtle.digest(digest, content)))
		wrong("cms-mismatch");
	await checkArithmetic(si, cert, digest);
	return { cert, helpers: certs.filter((c) => c !== cert), time: timeOf(si), cades: await namesCert(si, cert), digest, si };
}

// A detached signature over content: {cert, helpers, time, cades}, or throws Wrong.
export async function verifyDetached(der, content) {
	const { block, signed } = parse(der);
	const inner = signed.encapContentInfo;

	if (inner.eContentType !== ID.data || inner.eContent)
		wrong("cms-not-detached");
	return judge(block, signed, ID.data, content);
}

// A time-stamp token over content: {cert, helpers, time, cades}, or throws Wrong. The rules for its
// certificate that no library asks for are asked for here.
export async function verifyToken(der, content) {
	const { block, signed } = parse(der);
	const inner = signed.encapContentInfo;

	if (inner.eContentType !== ID.tstInfo || !inner.eContent)
		wrong("tst-malformed");
	const raw = new Uint8Array(inner.eContent.getValue()).slice();
	const infoBlock = decode(raw);
	let info;
	try {
		info = new pkijs.TSTInfo({ schema: infoBlock });
	} catch {
		wrong("tst-malformed");
	}
	const facts = await judge(block, signed, ID.tstInfo, raw);
	const digest = SHA2[info.messageImprint.hashAlgorithm.algorithmId];
	if (!digest)
		wrong("cms-digest");
	if (!equal(info.messageImprint.hashedMessage.valueBlock.valueHexView, await crypto.subtle.digest(digest, content)))
		wrong("tst-imprint");
	if (!facts.cert.stampOnly)
		wrong("tst-purpose");
	if (!facts.cert.maySign)
		wrong("tst-usage");
	if (info.genTime < facts.cert.from || info.genTime > facts.cert.to)
		wrong("tst-validity");
	return { ...facts, time: info.genTime };
}
