// SPDX-License-Identifier: EUPL-1.2
// Judges one package on three levels: integrity, signature and time. The checks have the names and the
// meaning of keten-verify's; what it does not look at (custody, scope, report and what the mandate
// says) it does not claim. A finding is [key of text.js, values...].
import { chain, equal, hex, sha } from "./cert.js";
import { Wrong, verifyDetached, verifyToken } from "./cms.js";
import * as L from "./layout.js";
import { base64, verifyXades } from "./xades.js";
import { content, crc32, readZip } from "./zip.js";

export const LIMIT = 512 * 1024 * 1024;
export const CHECKS = { container: "integrity", mimetype: "integrity", complete: "integrity", hashes: "integrity",
	contents: "integrity", signature: "signature", operator: "signature", xades: "signature",
	"mandate-signature": "signature", authoriser: "signature", authority: "signature", "open-time": "time", "seal-time": "time" };
const RANK = { ok: 0, open: 1, undetermined: 2, failed: 3 };
const FINDINGS_MAX = 8;

class Result {
	constructor(name, size) {
		this.name = name;
		this.bytes = size;
		this.checks = {};
		for (const id of Object.keys(CHECKS))
			this.checks[id] = { state: "open", findings: [], more: 0 };
	}
	add(id, state, finding) {
		const c = this.checks[id];
		if (RANK[state] > RANK[c.state])
			Object.assign(c, { state, findings: [], more: 0 });
		else if (state !== c.state)
			return;
		if (c.findings.length < FINDINGS_MAX)
			c.findings.push(finding);
		else
			c.more++;
	}
	fail(id, ...finding) {
		this.add(id, "failed", finding);
	}
	unsure(id, ...finding) {
		this.add(id, "undetermined", finding);
	}
	done(id) {
		if (this.checks[id].state === "open")
			this.checks[id].state = "ok";
	}
	level(name) {
		let worst = "ok";
		for (const [id, level] of Object.entries(CHECKS))
			if (level === name && this.checks[id] && RANK[this.checks[id].state] > RANK[worst])
				worst = this.checks[id].state;
		return worst === "open" ? "undetermined" : worst;
	}
}

class Package {
	constructor(bytes, trust, result) {
		this.bytes = bytes;
		this.trust = trust;
		this.r = result;
		this.entries = readZip(bytes, (...finding) => result.fail("container", ...finding));
		this.byName = new Map(this.entries.map((e) => [e.name, e]));
		result.done("container");
		result.files = this.entries.length;
		const info = this.byName.get(L.INFO);
		const text = info && info.readable ? new TextDecoder("latin1").decode(content(bytes, info)) : "";
		this.type = L.typeOf(text, this.byName.has("keys/release.json"));
		result.type = this.type.word;
		// an act brings a mandate along, or not
		this.mandate = "ISRN".includes(this.type.letter) || this.byName.has(L.MANDATE) || this.byName.has(L.MANDATE + ".p7s");
		if (!this.mandate)
			for (const id of ["mandate-signature", "authoriser", "authority"])
				delete result.checks[id];
	}
	// the bytes of a file, or null after a finding
	load(check, name) {
		const e = this.byName.get(name);
		if (e && e.readable)
			return content(this.bytes, e);
		this.r.fail(check, e ? "unreadable" : "missing", name);
		return null;
	}
}

function checkMimetype(p) {
	const b = p.load("mimetype", "mimetype");

	if (!b)
		return;
	if (!equal(b, new TextEncoder().encode(L.MIMETYPE)))
		p.r.fail("mimetype", "mimetype-other");
	if (p.entries[0].name !== "mimetype")
		p.r.fail("mimetype", "mimetype-first");
	p.r.done("mimetype");
}

async function checkList(p, file, kind, digest) {
	const e = p.byName.get(file);
	const listed = new Set();
	const length = digest === "SHA-512" ? 128 : 64;
	let last = "";

	if (!e || !e.readable)
		return;
	const text = new TextDecoder("latin1").decode(content(p.bytes, e));
	const lines = text.split("\n");
	if (lines.pop() !== "")
		return void p.r.fail("complete", "list-line", file);
	for (const line of lines) {
		const m = /^([0-9a-f]+) {2}([\x21-\x7e]+)$/.exec(line);
		if (!m || m[1].length !== length)
			return void p.r.fail("complete", "list-line", file);
		if (L.byBytes(m[2], last) <= 0)
			return void p.r.fail("complete", "list-order", file, m[2]);
		last = m[2];
		listed.add(m[2]);
		const item = p.byName.get(m[2]);
		if (!item)
			p.r.fail("complete", "list-missing", file, m[2]);
		else if (L.kindOf(m[2]) !== kind)
			p.r.fail("complete", "list-place", file, m[2]);
		else if (!item.readable)
			p.r.fail("hashes", "unreadable", m[2]);
		else if ((await sha(content(p.bytes, item), digest)) !== m[1])
			p.r.fail("hashes", "hash-other", m[2], file);
	}
	for (const item of p.entries)
		if (L.kindOf(item.name) === kind && !listed.has(item.name))
			p.r.fail("complete", "unlisted", item.name, file);
}

async function checkLists(p) {
	for (const name of L.required(p.type.letter))
		if (!p.byName.has(name))
			p.r.fail("complete", "missing", name);
	for (const e of p.entries) {
		if (L.kindOf(e.name) === "" || !L.allows(e.name, p.type.letter))
			p.r.fail("complete", "no-place", e.name);
		if (e.readable && crc32(content(p.bytes, e)) !== e.crc)
			p.r.fail("hashes", "crc-other", e.name);
	}
	for (const [file, [kind, digest]] of Object.entries(L.LISTS))
		await checkList(p, file, kind, digest);
	p.r.done("complete");
	p.r.done("hashes");
}

function checkContents(p) {
	const b = p.load("contents", L.ODF);

	if (b && !equal(b, new TextEncoder().encode(L.odf(p.entries.map((e) => e.name)))))
		p.r.fail("contents", "contents-other");
	if (b)
		p.r.done("contents");
}

// The facts of a detached signature, or null after a finding.
async function facts(p, check, file, over) {
	const data = p.load(check, over);
	const der = data && p.load(check, file);

	if (!der)
		return null;
	try {
		return await verifyDetached(der, data);
	} catch (e) {
		if (!(e instanceof Wrong))
			throw e;
		p.r.fail(check, e.message, file);
		return null;
	}
}

// Does the certificate lead to an anchor, when it was used and, without a token, now? m: time (claimed), when (a
// key of text.js), stamped (a believed token's time), exact (that time takes the place of the claimed one).
async function checkChain(p, check, f, m) {
	const at = (time) => chain(f.cert, f.helpers, p.trust.anchors, time);
	const exact = m.stamped && m.exact;

	if (!f.cert.maySign)
		p.r.fail(check, "not-for-signing", f.cert.subject);
	if (p.trust.anchors.length === 0)
		return void p.r.unsure(check, "no-anchors", f.cert.subject);
	if (!m.time)
		return void p.r.unsure(check, "no-time");
	const then = exact ? "" : await at(m.time);
	if (then !== "")
		return void p.r.fail(check, "chain-then", f.cert.subject, [m.when], m.time.toISOString(), [then]);
	const later = await at(m.stamped ?? new Date());
	if (later === "")
		return;
	if (exact)
		p.r.fail(check, "chain-stamp", f.cert.subject, m.stamped.toISOString(), [later]);
	else if (m.stamped)
		p.r.unsure(check, "chain-later", f.cert.subject, [m.when], m.stamped.toISOString(), [later]);
	else
		p.r.unsure(check, "chain-now", f.cert.subject, [m.when], [later]);
}

// A token of the package: its facts, and believed when it leads to an anchor for time; null when there is none
// or it does not hold.
async function judgeToken(p, check, name, der, over) {
	// an anchor for signers is none for time
	const anchors = p.trust.anchors.length === 0 ? [] :
		p.trust.tsa.filter((t) => !p.trust.anchors.some((a) => equal(a.raw, t.raw)));
	let t;

	try {
		t = await verifyToken(der, over);
	} catch (e) {
		if (!(e instanceof Wrong))
			throw e;
		p.r.fail(check, e.message, name);
		return null;
	}
	if (p.trust.anchors.length === 0 || p.trust.tsa.length === 0) {
		p.r.unsure(check, "tst-no-anchors", t.cert.subject);
		return { ...t, check, believed: false };
	}
	const why = await chain(t.cert, t.helpers, anchors, t.time);
	if (why !== "")
		return p.r.fail(check, "tst-unknown", name, t.cert.subject, [why]), { ...t, check, believed: false };
	return { ...t, check, believed: true };
}

async function readTokens(p) {
	const signature = p.byName.get(L.SIGNATURE);
	const log = p.byName.get(L.LOG);
	const first = log?.readable ? content(p.bytes, log) : new Uint8Array(0);

	p.tokens = {};
	if (p.byName.has(L.OPEN_TOKEN)) {
		const der = p.load("open-time", L.OPEN_TOKEN);
		p.tokens.open = der && await judgeToken(p, "open-time", L.OPEN_TOKEN, der, first.subarray(0, first.indexOf(10) + 1));
	}
	if (!signature?.readable)
		p.r.fail("seal-time", "missing", L.SIGNATURE);
	if (p.byName.has(L.TOKEN)) {
		const der = p.load("seal-time", L.TOKEN);
		p.tokens.seal = der && signature?.readable &&
			await judgeToken(p, "seal-time", L.TOKEN, der, content(p.bytes, signature));
	}
}

// Who states the time has to be somebody else than those who sign.
function checkTokensApart(p, people) {
	for (const t of Object.values(p.tokens).filter(Boolean)) {
		for (const f of people.filter(Boolean))
			if (equal(t.cert.key, f.cert.key) || t.cert.subject === f.cert.subject)
				p.r.fail(t.check, "tst-role", f.cert.subject);
		if (isAuthoriser(p, t))
			p.r.fail(t.check, "tst-authoriser", t.cert.subject);
	}
	p.r.done("open-time");
	p.r.done("seal-time");
}

async function checkXades(p, operator) {
	const document = p.load("xades", L.XADES);
	const files = [];

	if (!document || !operator)
		return;
	for (const e of p.entries.filter((f) => f.name !== "mimetype" && !f.name.startsWith("META-INF/")).sort((a, b) => L.byBytes(a.name, b.name)))
		files.push([e.name, base64(e.readable ? await crypto.subtle.digest("SHA-256", content(p.bytes, e)) : new Uint8Array(32))]);
	const x = await verifyXades(document, files, operator);
	if (x.open)
		p.r.unsure("xades", x.problem, L.XADES);
	else if (x.problem !== "")
		p.r.fail("xades", x.problem, L.XADES);
	p.r.done("xades");
	if (x.token)
		p.tokens.xades = await judgeToken(p, "seal-time", L.XADES, x.token, x.stamped);
}

// The custody log as a chain: {head, lines, opened}; head is "" where it breaks, opened is known all the same
// when the session was opened before. The rest of it is keten-verify's to judge.
async function readLog(p) {
	const e = p.byName.get(L.LOG);
	let prev = "0".repeat(64);
	let opened;
	let n = 0;

	if (!e || !e.readable)
		return { head: "" };
	const broken = () => ({ head: "", opened });
	const bytes = content(p.bytes, e);
	for (let at = 0; at < bytes.length; ) {
		const nl = bytes.indexOf(10, at);
		if (nl < 0)
			return broken();
		let line;
		try {
			line = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(at, nl)));
		} catch {
			return broken();
		}
		n++;
		if (Object.keys(line).join() !== "actor,detail,event,mono_ns,prev,seq,utc" || line.prev !== prev || line.seq !== n)
			return broken();
		if (line.event === "session.open" && !opened && !Number.isNaN(Date.parse(line.utc)))
			opened = new Date(line.utc);
		prev = await sha(bytes.subarray(at, nl + 1));
		at = nl + 1;
	}
	return { head: prev, lines: n, opened };
}

function person(role, f) {
	return { role, subject: f.cert.subject, time: f.time };
}

async function checkSignatures(p) {
	const operator = await facts(p, "signature", L.SIGNATURE, L.TAGS);
	const authoriser = p.mandate ? await facts(p, "mandate-signature", L.MANDATE + ".p7s", L.MANDATE) : null;

	if (operator) {
		p.r.signers.push(person(p.type.word === "acquisition" ? "operator" : "signer", operator));
		if (!operator.cades)
			p.r.fail("signature", "not-cades", L.SIGNATURE);
		p.r.done("signature");
		await checkChain(p, "operator", operator, { time: operator.time, when: "when-signed", stamped: believed(p.tokens.seal), exact: true });
		p.r.done("operator");
	}
	if (authoriser) {
		p.r.signers.push(person("authoriser", authoriser));
		p.r.done("mandate-signature");
		await checkAuthoriser(p, authoriser);
		p.r.done("authoriser");
	}
	checkRoles(p, operator, authoriser);
	await checkXades(p, operator);
	checkTokensApart(p, [operator, authoriser]);
}

function believed(token) {
	return token?.believed ? token.time : undefined;
}

// Authority has to hold when it is used. The first line of the log holds the mandate's hash, so that a token over
// it shows that the mandate was there.
async function checkAuthoriser(p, f) {
	const opened = believed(p.tokens.open);
	const stamped = opened ?? believed(p.tokens.seal);

	if (p.type.word === "acquisition")
		await checkChain(p, "authoriser", f, { time: p.log.opened, when: "when-opened", stamped, exact: Boolean(opened) });
	if (f.time && p.trust.anchors.length > 0)
		await checkChain(p, "authoriser", f, { time: f.time, when: "when-mandate", stamped, exact: false });
}

function isAuthoriser(p, f) {
	return f.cert.policy || p.trust.authorisers.some((a) => equal(a.raw, f.cert.raw));
}

function checkRoles(p, operator, authoriser) {
	if (!authoriser)
		return;
	if (!isAuthoriser(p, authoriser) && p.trust.anchors.length === 0)
		p.r.unsure("authority", "no-authorisers", authoriser.cert.subject);
	else if (!isAuthoriser(p, authoriser))
		p.r.fail("authority", "no-authoriser", authoriser.cert.subject);
	if (!operator)
		return;
	if (equal(operator.cert.key, authoriser.cert.key) || operator.cert.subject === authoriser.cert.subject)
		p.r.fail("authority", "same-person", operator.cert.subject);
	if (isAuthoriser(p, operator))
		p.r.fail("authority", "operator-authorises", operator.cert.subject);
	p.r.done("authority");
}

function conclude(r) {
	const time = r.level("time");
	r.levels = { integrity: r.level("integrity"), signature: r.level("signature"),
		time: time !== "ok" ? time : r.sealedBefore ? "anchored" : "unanchored" };
	const all = [r.levels.integrity, r.levels.signature, time];
	r.verdict = all.includes("failed") ? "invalid" : all.includes("undetermined") ? "undetermined" : "valid";
	return r;
}

// file: a File. trust: {anchors, authorisers, tsa}, lists of readCert()'s. Never throws for what is in a package.
export async function judge(file, trust) {
	const r = new Result(file.name, file.size);

	r.signers = [];
	if (file.size > LIMIT) {
		for (const id of Object.keys(CHECKS))
			r.unsure(id, "too-large");
		return conclude(r);
	}
	const bytes = new Uint8Array(await file.arrayBuffer());
	r.sha256 = hex(await crypto.subtle.digest("SHA-256", bytes));
	const p = new Package(bytes, trust, r);
	if (p.entries.length === 0)
		return conclude(r); // nothing in it can be read
	checkMimetype(p);
	await checkLists(p);
	checkContents(p);
	p.log = await readLog(p);
	r.log = p.log;
	await readTokens(p);
	await checkSignatures(p);
	r.openedAfter = believed(p.tokens.open);
	r.sealedBefore = believed(p.tokens.seal);
	r.stamps = Object.values(p.tokens).filter((t) => t?.believed).map((t) => ({ subject: t.cert.subject, time: t.time }));
	return conclude(r);
}
