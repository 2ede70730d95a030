// SPDX-License-Identifier: EUPL-1.2
// Certificates and the chains between them. The chain is built here and not by pkijs, so that it is judged
// by the rules of docs/formats/mandate.md: any certificate that was given ends a chain, self-signed or
// not; every certificate on the way holds at the time asked for; no SHA-1, no short keys.
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";

const EXT = {
	basic: "2.5.29.19", usage: "2.5.29.15", extended: "2.5.29.37", policies: "2.5.29.32",
	altName: "2.5.29.17", keyId: "2.5.29.14", authorityKeyId: "2.5.29.35", qualified: "1.3.6.1.5.5.7.1.3",
};
const AUTHORISER = oidBytes(2n, 25n, 201674894613471264218302757137361034881n, 1n);
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
const KEYS = { rsa: "1.2.840.113549.1.1.1", pss: "1.2.840.113549.1.1.10", ec: "1.2.840.10045.2.1" };
const CURVES = ["1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"];
// ECDSA and RSA with SHA-256, -384, -512; RSA-PSS says its digest in its parameters
const SIGNATURES = ["1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4",
	"1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13", KEYS.pss];
export const SHA2 = {
	"2.16.840.1.101.3.4.2.1": "SHA-256", "2.16.840.1.101.3.4.2.2": "SHA-384", "2.16.840.1.101.3.4.2.3": "SHA-512",
};
const DEPTH = 8;

// An object identifier in DER; pkijs cannot show arcs beyond 64 bits.
function oidBytes(first, second, ...arcs) {
	const body = [];

	for (let v of [first * 40n + second, ...arcs]) {
		const digits = [Number(v & 127n)];
		while ((v >>= 7n) > 0n)
			digits.unshift(Number(v & 127n) | 128);
		body.push(...digits);
	}
	return Uint8Array.from([6, body.length, ...body]);
}

export function hex(buffer) {
	return Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, "0")).join("");
}

export async function sha(bytes, name = "SHA-256") {
	return hex(await crypto.subtle.digest(name, bytes));
}

export function equal(a, b) {
	const x = new Uint8Array(a);
	const y = new Uint8Array(b);

	return x.length === y.length && x.every((v, i) => v === y[i]);
}

// Decodes exactly one DER value that fills the bytes; null otherwise.
export function decode(bytes) {
	let r;

	try {
		r = asn1js.fromBER(bytes);
	} catch {
		return null;
	}
	return r.offset === -1 || r.offset !== bytes.byteLength || r.result.error ? null : r.result;
}

function extension(x, id) {
	return (x.extensions || []).find((e) => e.extnID === id);
}

function nameText(name) {
	const short = { "2.5.4.3": "CN", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.6": "C", "2.5.4.5": "serialNumber",
		"2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.4": "SN", "2.5.4.42": "GN" };

	return name.typesAndValues.map((t) => (short[t.type] || t.type) + "=" + t.value.valueBlock.value)
		.reverse().join(",");
}

function keyKind(info) {
	const id = info.algorithm.algorithmId;

	if (id === KEYS.ec) {
		const curve = info.algorithm.algorithmParams;
		return curve instanceof asn1js.ObjectIdentifier && CURVES.includes(curve.valueBlock.toString()) ? "ec" : null;
	}
	if (id !== KEYS.rsa && id !== KEYS.pss)
		return null;
	const seq = decode(info.subjectPublicKey.valueBlock.valueHexView);
	if (!seq || !seq.valueBlock.value || !seq.valueBlock.value[0])
		return null;
	let modulus = new Uint8Array(seq.valueBlock.value[0].valueBlock.valueHexView);
	while (modulus.length > 0 && modulus[0] === 0)
		modulus = modulus.subarray(1);
	const bits = modulus.length === 0 ? 0 : modulus.length * 8 - Math.clz32(modulus[0]) + 24;
	return bits >= 2048 && bits <= 16384 ? "rsa" : null;
}

function hasPolicy(policies) {
	const list = policies && decode(policies.extnValue.valueBlock.valueHexView);

	return Boolean(list) && list.valueBlock.value.some((p) => equal(p.valueBlock.value[0].valueBeforeDecodeView, AUTHORISER));
}

// {raw, x, subject, ...} of a certificate in DER, or null.
export function readCert(raw) {
	const block = decode(raw);

	if (!block)
		return null;
	try {
		const x = new pkijs.Certificate({ schema: block });
		const usage = extension(x, EXT.usage);
		const eku = extension(x, EXT.extended);
		const basic = extension(x, EXT.basic);
		const bits = usage ? usage.parsedValue.valueBlock.valueHexView[0] : 0xff;
		return {
			raw: new Uint8Array(raw).slice(), x,
			subject: nameText(x.subject),
			from: x.notBefore.value, to: x.notAfter.value,
			key: new Uint8Array(x.subjectPublicKeyInfo.toSchema().toBER(false)),
			kind: keyKind(x.subjectPublicKeyInfo),
			maySign: (bits & 0xc0) !== 0,
			mayIssue: (bits & 0x04) !== 0 && Boolean(basic && basic.parsedValue.cA),
			pathLength: basic && basic.parsedValue.cA ? basic.parsedValue.pathLenConstraint : undefined,
			stampOnly: Boolean(eku && eku.critical && eku.parsedValue.keyPurposes.length === 1 &&
				eku.parsedValue.keyPurposes[0] === TIME_STAMPING),
			policy: hasPolicy(extension(x, EXT.policies)),
			unknown: (x.extensions || []).some((e) => e.critical && !Object.values(EXT).includes(e.extnID)),
		};
	} catch {
		return null;
	}
}

// All certificates of a file: PEM, or one in DER. Null when one is broken or there is none.
export function readCertFile(bytes) {
	if (bytes[0] === 0x30) {
		const one = readCert(bytes);
		return one ? [one] : null;
	}
	const found = [];
	const text = new TextDecoder("latin1").decode(bytes);
	for (const m of text.matchAll(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----([\s\S]*?)-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g)) {
		let raw;
		try {
			raw = Uint8Array.from(atob(m[1].replace(/\s+/g, "")), (c) => c.charCodeAt(0));
		} catch {
			return null;
		}
		const one = readCert(raw);
		if (!one)
			return null;
		found.push(one);
	}
	return found.length > 0 ? found : null;
}

function holdsAt(c, time) {
	return time >= c.from && time <= c.to;
}

async function isIssuedBy(c, issuer) {
	if (!c.x.issuer.isEqual(issuer.x.subject) || !SIGNATURES.includes(c.x.signatureAlgorithm.algorithmId))
		return false;
	try {
		return await c.x.verify(issuer.x);
	} catch {
		return false;
	}
}

// Walks from a certificate towards an anchor. Returns "" when one was reached, else why not.
async function climb(path, helpers, anchors, time) {
	const c = path[path.length - 1];
	let why = "chain-none";

	if (!holdsAt(c, time))
		return "chain-expired";
	if (c.unknown)
		return "chain-unknown-extension";
	if (!c.kind)
		return "chain-key";
	if (anchors.some((a) => equal(a.raw, c.raw)))
		return "";
	if (path.length > DEPTH)
		return "chain-long";
	for (const issuer of [...anchors, ...helpers]) {
		if (path.some((p) => equal(p.raw, issuer.raw)) || !(await isIssuedBy(c, issuer)))
			continue;
		const below = path.slice(1).filter((p) => !p.x.issuer.isEqual(p.x.subject)).length;
		if (!issuer.mayIssue || (issuer.pathLength !== undefined && below > issuer.pathLength)) {
			why = "chain-not-ca";
			continue;
		}
		const r = await climb([...path, issuer], helpers, anchors, time);
		if (r === "")
			return "";
		why = r;
	}
	return why;
}

// "" when a chain to an anchor holds at that time, else the reason's key.
export function chain(cert, helpers, anchors, time) {
	return climb([cert], helpers, anchors, time);
}
