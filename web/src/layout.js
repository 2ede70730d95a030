// SPDX-License-Identifier: EUPL-1.2
// What stands where in a package: docs/formats/package.md, as reports/verify/layout.c has it.

export const MIMETYPE = "application/vnd.etsi.asic-e+zip";
export const LISTS = { "manifest-sha256.txt": ["data", "SHA-256"], "tagmanifest-sha256.txt": ["tag", "SHA-256"],
	"tagmanifest-sha512.txt": ["tag", "SHA-512"] };
export const TAGS = "tagmanifest-sha256.txt";
export const SIGNATURE = "signatures/tagmanifest.p7s";
export const ODF = "META-INF/manifest.xml";
export const LOG = "custody/custody.jsonl";
export const MANDATE = "mandate/mandate.json";

const OUTSIDE = ["mimetype", "tagmanifest-sha256.txt", "tagmanifest-sha512.txt", SIGNATURE, ODF];
const TAGGED = ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", MANDATE, MANDATE + ".p7s", LOG, "tool/build.json",
	"report/report.json", "report/report.html", "report/run.json", "seal/seal.json", "seal/seal.json.p7s"];
export const REQUIRED = [...OUTSIDE, ...TAGGED, "data/case.json"];

// "data", "tag", "outside", or "" for a name that has no place in a package
export function kindOf(name) {
	if (/^data\/(case\.json|index\/i\d{4,9}\.jsonl|objects\/o\d{6,9})$/.test(name))
		return "data";
	if (OUTSIDE.includes(name))
		return "outside";
	if (TAGGED.includes(name) || /^report\/[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name))
		return "tag";
	return "";
}

const TYPES = { txt: "text/plain", json: "application/json", jsonl: "application/jsonl", html: "text/html",
	p7s: "application/pkcs7-signature" };

function mediaType(name) {
	const dot = name.lastIndexOf(".");

	return (dot >= 0 && Object.hasOwn(TYPES, name.slice(dot + 1)) && TYPES[name.slice(dot + 1)]) ||
		"application/octet-stream";
}

// META-INF/manifest.xml as it follows from the names
export function odf(names) {
	const line = (path, type) =>
		`<manifest:file-entry manifest:full-path="${path}" manifest:media-type="${type}"/>\n`;

	return '<?xml version="1.0" encoding="UTF-8"?>\n<manifest:manifest xmlns:manifest=' +
		'"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">\n' + line("/", MIMETYPE) +
		names.filter((n) => n !== "mimetype" && !n.startsWith("META-INF/")).sort(byBytes)
			.map((n) => line(n, mediaType(n))).join("") + "</manifest:manifest>\n";
}

export function byBytes(a, b) {
	return a < b ? -1 : a > b ? 1 : 0; // names are ASCII
}
