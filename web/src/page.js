// SPDX-License-Identifier: EUPL-1.2
// The page: files in, words out. Text from a package is only ever set as text, with its hidden characters
// made visible.
import { readCertFile } from "./cert.js";
import { TEXT } from "./text.js";
import { CHECKS, judge } from "./verify.js";

const state = { lang: navigator.language.startsWith("nl") ? "nl" : "en", trust: { anchors: [], authorisers: [], tsa: [] }, bad: [],
	files: [], results: [], round: 0, working: "" };

const MARK = { ok: "\u2713", valid: "\u2713", failed: "\u2717", invalid: "\u2717", undetermined: "?", unanchored: "\u2013",
	anchored: "\u2713", open: "?" };

function visible(s) {
	return String(s).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu,
		(c) => "\\u{" + c.codePointAt(0).toString(16) + "}");
}

// The words of a key; values that are lists are keys themselves.
function say(key, ...values) {
	const pattern = TEXT[state.lang][key] ?? key;

	return pattern.replace(/\{(\d)\}/g, (_, n) =>
		Array.isArray(values[n]) ? say(...values[n]) : visible(values[n] ?? ""));
}

function el(tag, attributes, ...children) {
	const e = document.createElement(tag);

	for (const [k, v] of Object.entries(attributes))
		e.setAttribute(k, v);
	e.append(...children);
	return e;
}

function timeText(t) {
	return t.toISOString().replace(".000", "");
}

function mark(result) {
	return el("span", { class: "mark", "aria-hidden": "true" }, MARK[result]);
}

function checkRow(id, c) {
	const what = el("td", {}, ...c.findings.map((f) => el("p", {}, say(...f))));

	if (c.more > 0)
		what.append(el("p", {}, say("more", c.more)));
	if (c.state === "ok")
		what.append(el("p", {}, say("check-" + id)));
	if (c.state === "open")
		what.append(el("p", {}, say("elsewhere")));
	const shown = c.state === "open" ? "undetermined" : c.state;
	return el("tr", { "data-check": id, "data-result": shown }, el("th", { scope: "row" }, id),
		el("td", { class: "result" }, mark(shown), say(shown)), what);
}

function factRow(key, value, note) {
	const dd = el("dd", {}, el("bdi", {}, value));

	if (note)
		dd.append(el("p", { class: "note" }, note));
	return [el("dt", {}, say(key)), dd];
}

function factList(r) {
	const list = el("dl", {}, ...(r.type ? factRow("type", say("type-" + r.type)) : []), ...factRow("size", say("size-value", r.bytes.toLocaleString(state.lang), r.files ?? 0)));

	if (r.sha256)
		list.append(...factRow("sha256", r.sha256));
	for (const s of r.signers)
		list.append(...factRow(s.role, s.time ? say("by-clock", s.subject, timeText(s.time)) : say("no-clock", s.subject)));
	if (r.openedAfter)
		list.append(...factRow("opened-after", timeText(r.openedAfter)));
	for (const t of r.stamps ?? [])
		list.append(...factRow("stamp", `${visible(t.subject)}, ${timeText(t.time)}`));
	if (r.log?.head)
		list.append(...factRow("head", say("head-value", r.log.head, r.log.lines), say("head-help")));
	return list;
}

function levelNote(name, result, r) {
	if (result === "anchored")
		return say("time-anchored", timeText(r.sealedBefore));
	return result === "unanchored" ? say("time-unanchored") : say("level-" + name);
}

function levelItem(name, result, r) {
	return el("li", { "data-level": name, "data-result": result }, el("strong", {}, say(name)), " ",
		el("span", { class: "result" }, mark(result), say(result)),
		el("span", { class: "note" }, levelNote(name, result, r)));
}

function resultCard(r) {
	const table = el("table", {}, el("caption", {}, say("checks")), el("thead", {},
		el("tr", {}, ...["check", "result", "finding"].map((k) => el("th", { scope: "col" }, say(k))))));

	table.append(el("tbody", {}, ...Object.keys(CHECKS).filter((id) => r.checks[id])
		.map((id) => checkRow(id, r.checks[id]))));
	return el("article", { "data-verdict": r.verdict, "data-name": r.name },
		el("h3", {}, el("bdi", {}, visible(r.name))),
		el("p", { class: "verdict" }, mark(r.verdict), el("strong", {}, say(r.verdict)), " ",
			el("span", { class: "sentence" }, say("verdict-" + r.verdict))),
		el("ul", { class: "levels" }, ...Object.entries(r.levels).map(([n, v]) => levelItem(n, v, r))), factList(r), table);
}

function failureCard(r) {
	return el("article", { "data-verdict": "undetermined", "data-name": r.name }, el("h3", {}, el("bdi", {}, visible(r.name))),
		el("p", { class: "verdict" }, mark("undetermined"), el("strong", {}, say("undetermined")), " ",
			say("read-failed", r.name, r.error)));
}

function draw() {
	const { trust } = state;

	document.documentElement.lang = state.lang;
	document.title = say("title");
	for (const e of document.querySelectorAll("[data-text]"))
		e.textContent = say(e.dataset.text);
	for (const b of document.querySelectorAll("[data-lang]"))
		b.setAttribute("aria-pressed", String(b.dataset.lang === state.lang));
	const lines = [trust.anchors.length === 0 ? say("anchors-none") : say("anchors-some", trust.anchors.length, trust.tsa.length, trust.authorisers.length)];
	document.getElementById("trust").replaceChildren(...[...lines, ...state.bad.map((n) => say("anchors-bad", n))]
		.map((t) => el("p", {}, t)));
	document.getElementById("status").textContent = state.working ? say("working", state.working) :
		state.results.map((r) => `${visible(r.name)}: ${say(r.verdict ?? "undetermined")}`).join(". ");
	document.getElementById("results").replaceChildren(...(state.results.length === 0 ? [el("p", {}, say("nothing"))] :
		state.results.map((r) => (r.error ? failureCard(r) : resultCard(r)))));
}

async function judgeAll() {
	const round = ++state.round;

	document.body.dataset.state = "working";
	state.results = [];
	for (const file of state.files) {
		let r;
		state.working = file.name;
		draw();
		try {
			r = await judge(file, state.trust);
		} catch (e) {
			r = { name: file.name, error: String(e?.message ?? e) };
		}
		if (round !== state.round)
			return; // other files were given meanwhile
		state.results.push(r);
	}
	state.working = "";
	draw();
	document.body.dataset.state = "done";
}

async function takeCerts(files, list) {
	for (const f of files) {
		const certs = readCertFile(new Uint8Array(await f.arrayBuffer()));
		if (!certs)
			state.bad.push(f.name);
		for (const c of certs ?? [])
			list.push(c);
	}
}

async function takeFrom(input) {
	const files = [...input.files];

	if (input.id === "packages") {
		state.files = files;
	} else {
		const list = [];
		if (input.id === "anchors")
			state.bad = [];
		await takeCerts(files, list);
		state.trust[input.id] = list;
	}
	await judgeAll();
}

async function takeDropped(files) {
	const certs = files.filter((f) => /\.(pem|crt|cer)$/i.test(f.name));
	const packages = files.filter((f) => !certs.includes(f));

	if (certs.length > 0) {
		state.bad = [];
		await takeCerts(certs, state.trust.anchors);
	}
	if (packages.length > 0)
		state.files = packages;
	await judgeAll();
}

for (const input of document.querySelectorAll("input[type=file]"))
	input.addEventListener("change", () => takeFrom(input));
for (const b of document.querySelectorAll("[data-lang]"))
	b.addEventListener("click", () => {
		state.lang = b.dataset.lang;
		draw();
	});
document.addEventListener("dragover", (e) => e.preventDefault());
document.addEventListener("drop", (e) => {
	e.preventDefault();
	takeDropped([...e.dataTransfer.files]);
});
draw();
document.body.dataset.state = "done";
