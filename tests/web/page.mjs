// SPDX-License-Identifier: EUPL-1.2
// page.mjs PAGE TRUSTDIR PACKAGE BIG [PICTURES]: what verify.html is beside its verdicts: one file that asks
// for nothing else, with a policy that allows nothing else, in two whole languages, for the keyboard, and
// "undetermined" for a file (BIG, over 512 MiB) that a browser can't hold. PICTURES: a folder for screenshots.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { Browser } from "./browser.mjs";
import { TEXT } from "../../web/src/text.js";

const [page, trust, pkg, big, pictures] = process.argv.slice(2);
const html = readFileSync(page, "utf8");
let passed = 0;
let failed = 0;

function check(what, good, detail = "") {
	if (good)
		passed++;
	else
		failed++;
	console.log((good ? "ok    " : "FAIL  ") + what + (good || detail === "" ? "" : ": " + detail));
}

function placeholders(s) {
	return [...s.matchAll(/\{\d\}/g)].map((m) => m[0]).sort().join();
}

// every key that the scripts name by themselves is a word of the page
function keysInSources() {
	const src = resolve(new URL("../../web/src", import.meta.url).pathname);
	const found = new Set();
	for (const f of readdirSync(src)) {
		const s = readFileSync(join(src, f), "utf8");
		for (const m of s.matchAll(/(?:wrong|fail|unsure|defect|say|Wrong)\((?:"[a-z-]+", |check, )?"([a-z0-9-]+)"/g))
			found.add(m[1]);
		for (const m of s.matchAll(/data-text="([a-z-]+)"|return "((?:chain|zip)-[a-z-]+)"|why = "([a-z-]+)"/g))
			found.add(m[1] ?? m[2] ?? m[3]);
	}
	return [...found].filter((k) => !["container", "xades"].includes(k) && !/-$/.test(k));
}

function words() {
	const [en, nl] = [TEXT.en, TEXT.nl];
	const odd = Object.keys({ ...en, ...nl }).filter((k) => !en[k] || !nl[k] || placeholders(en[k]) !== placeholders(nl[k]));
	check("both languages have the same words", odd.length === 0, odd.join());
	const missing = keysInSources().filter((k) => !en[k]);
	check("every word that is used is there", missing.length === 0 && keysInSources().length > 60, missing.join());
}

function policy() {
	const csp = /Content-Security-Policy" content="([^"]*)"/.exec(html)[1];
	const sha = (s) => "'sha256-" + createHash("sha256").update(s).digest("base64") + "'";
	const js = /<script type="module">([\s\S]*)<\/script>/.exec(html)[1];
	check("the policy allows this script alone", csp.includes("script-src " + sha(js) + ";"));
	check("the policy allows no connection and nothing by default", csp.startsWith("default-src 'none';") && csp.includes("connect-src 'none'"));
	check("no address of another host is loaded", !/(?:src|href)=["']?(?:https?:)?\/\//i.test(html.replace(js, "")));
}

async function byKeyboard(b) {
	const seen = [];
	for (let i = 0; i < 6; i++) {
		await b.key("Tab", "Tab", 9);
		seen.push(await b.run("document.activeElement.id || document.activeElement.dataset.lang || document.activeElement.tagName"));
	}
	check("Tab reaches languages and inputs in order", seen.join() === "en,nl,packages,anchors,tsa,authorisers", seen.join());
	const names = await b.run(`[...document.querySelectorAll("input,button")].map((e) => (e.labels?.[0] ?? e).textContent.trim())`);
	check("every control has a name", names.every((n) => n !== ""), names.join("|"));
}

async function byDropping(b) {
	// a file that is called a package and is none; its name holds what could turn the reading order round
	const shown = await b.run(`(async () => {
		const t = new DataTransfer();
		t.items.add(new File(["PK none"], "odd\\u202ename.asice"));
		document.body.dataset.state = "asked";
		document.dispatchEvent(new DragEvent("drop", { dataTransfer: t, cancelable: true }));
		while (document.body.dataset.state !== "done")
			await new Promise((done) => setTimeout(done, 10));
		return [document.querySelector("article").dataset.verdict, document.querySelector("h3").textContent];
	})()`);
	check("a dropped file is judged, hidden characters of its name shown", shown[0] === "invalid" && shown[1] === "odd\\u{202e}name.asice", shown.join());
}

async function languages(b) {
	for (const lang of ["en", "nl"]) {
		await b.run(`document.querySelector("[data-lang=${lang}]").click()`);
		const said = await b.run(`[document.documentElement.lang, document.title, document.querySelector("article .sentence").textContent]`);
		check(lang + ": page and verdict", said[0] === lang && said[1] === TEXT[lang].title && said[2] === TEXT[lang]["verdict-valid"], said.join());
		if (pictures)
			await b.picture(join(pictures, `verify-${lang}.png`), { dark: lang === "nl" });
	}
}

words();
policy();
const b = new Browser();
try {
	await b.open(resolve(page));
	await byKeyboard(b);
	await b.choose("anchors", readdirSync(trust).filter((f) => f.endsWith(".pem")).map((f) => resolve(join(trust, f))));
	await byDropping(b);
	await b.choose("packages", [resolve(big)]);
	const verdict = await b.run(`[document.querySelector("article").dataset.verdict, document.querySelector("td p").textContent]`);
	check("beyond 512 MiB: undetermined, with the reason", verdict[0] === "undetermined" && /512 MiB/.test(verdict[1]), verdict.join());
	await b.choose("packages", [resolve(pkg)]);
	await languages(b);
	await b.choose("anchors", [resolve(pkg)]);
	const bad = await b.run(`[document.getElementById("trust").textContent, document.querySelector("article").dataset.verdict]`);
	check("a trust anchor that is none: said, and undetermined", bad[0].includes(pkg.split("/").pop()) && bad[1] === "undetermined", bad.join());
	const net = b.requests.filter((u) => !u.startsWith("file://") || !u.endsWith("verify.html"));
	check("nothing was requested but the page", net.length === 0 && b.requests.length === 1, net.join());
	check("the browser complains of nothing", b.complaints.length === 0, b.complaints.join("; "));
	// last, as it breaks the page's peace: the policy holds for what somebody might smuggle in
	const smuggled = await b.run(`fetch("file:///etc/hostname").then(() => "came", () => "refused")`);
	check("a request is refused by the policy", smuggled === "refused");
} finally {
	await b.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
