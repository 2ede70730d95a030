// SPDX-License-Identifier: EUPL-1.2
// What stands where in a package: docs/formats/package.md, as reports/verify/layout.c has it.

export const MIMETYPE = "application/vnd.etsi.asic-e+zip";
export const LISTS = { "manifest-sha256.txt": ["data", "SHA-256"], "tagmanifest-sha256.txt": ["tag", "SHA-256"],
	"tagmanifest-sha512.txt": ["tag", "SHA-512"] };
export const TAGS = "tagmanifest-sha256.txt";
export const SIGNATURE = "signatures/tagmanifest.p7s";
export const ODF = "META-INF/manifest.xml";
export const XADES = "META-INF/signatures001.xml";
export const TOKEN = "signatures/tagmanifest.p7s.tst";
export const OPEN_TOKEN = "custody/open.tst";
export const LOG = "custody/custody.jsonl";
export const MANDATE = "mandate/mandate.json";

export const INFO = "bag-info.txt";

const OUTSIDE = ["mimetype", "tagmanifest-sha256.txt", "tagmanifest-sha512.txt", SIGNATURE, ODF, XADES];
const ACTS = ["release", "opening", "transfer", "copy", "timestamp", "deletion", "hold", "refusal", "withdrawal", "interruption",
	"comment", "erratum", "redaction"];

// Who must have a file, and who may: I immediate acquisition, S sealed acquisition, R release, D redaction,
// N interruption, A other acts. Files stand before the folder that they lie in.
const RULES = [
	...OUTSIDE.map((name) => [name, "ISRDAN", ""]), [TOKEN, "", "ISRDAN"],
	["bagit.txt", "ISRDAN", ""], [INFO, "ISRDAN", ""], ["manifest-sha256.txt", "ISRDAN", ""], ["tool/build.json", "ISRDAN", ""],
	[MANDATE, "ISRN", "DA"], [MANDATE + ".p7s", "ISRN", "DA"], [LOG, "ISRN", "DA"],
	["custody/open.tst", "", "ISR"], ["mandate/countersign.p7s", "", "ISAN"],
	["report/report.json", "IR", "D"], ["report/report.html", "IR", "D"], ["report/run.json", "IR", "D"], ["report/", "", "IRD"],
	["seal/seal.json", "IS", ""], ["seal/seal.json.p7s", "IS", ""], ["keys/release.json", "S", ""], ["data/case.json", "IS", ""],
	["data/index/", "", "IS"], ["data/objects/", "", "IS"], ["data/act.json", "RDAN", ""], ["data/attachments/", "", "RDA"], ["subject/", "", "ISAN"],
];

// {word, letter} of what bag-info.txt says it is; anything odd is judged as an acquisition
export function typeOf(info, sealed) {
	const word = /\nKeten-Type: ([a-z]*)\n/.exec(info)?.[1];
	const letter = { release: "R", redaction: "D", interruption: "N" };

	if (!ACTS.includes(word))
		return { word: "acquisition", letter: sealed ? "S" : "I" };
	return { word, letter: letter[word] ?? "A" };
}

export function required(letter) {
	return RULES.filter((r) => r[1].includes(letter)).map((r) => r[0]);
}

function liesIn(name, folder) {
	return name.startsWith(folder) && !name.slice(folder.length).includes("/");
}

export function allows(name, letter) {
	const rule = RULES.find((r) => r[0] === name || (r[0].endsWith("/") && liesIn(name, r[0])));

	return Boolean(rule) && (rule[1] + rule[2]).includes(letter);
}

// "data", "tag", "outside", or "" for a name that has no place in any package
export function kindOf(name) {
	if (/^data\/((case|act)\.json|index\/i\d{4,9}\.jsonl|objects\/o\d{6,9}|attachments\/[A-Za-z0-9_][A-Za-z0-9._-]*)$/.test(name))
		return "data";
	if (OUTSIDE.includes(name) || name === TOKEN)
		return "outside";
	if (name.startsWith("data/"))
		return "";
	return RULES.some((r) => r[0] === name || (["report/", "subject/"].includes(r[0]) && liesIn(name, r[0]) && name !== r[0])) ? "tag" : "";
}

const TYPES = { txt: "text/plain", json: "application/json", jsonl: "application/jsonl", html: "text/html", pdf: "application/pdf", csv: "text/csv",
	gpx: "application/gpx+xml", kml: "application/vnd.google-earth.kml+xml", geojson: "application/geo+json",
	jsonld: "application/ld+json", p7s: "application/pkcs7-signature", tst: "application/vnd.etsi.timestamp-token" };

export function mediaType(name) {
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
