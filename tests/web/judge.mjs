// SPDX-License-Identifier: EUPL-1.2
// judge.mjs PAGE TRUSTDIR PACKAGE...: has verify.html judge packages and prints one line each: file,
// verdict, integrity, signature, time, the checks that failed (or "-"). Trust anchors are the *.pem of
// TRUSTDIR, those for time TRUSTDIR/tsa, pinned authorisers TRUSTDIR/authorisers. "-" as TRUSTDIR: none are given.
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { Browser } from "./browser.mjs";

const [page, trust, ...packages] = process.argv.slice(2);
const pem = (dir) => (existsSync(dir) ? readdirSync(dir).filter((f) => /\.(pem|crt)$/.test(f)).map((f) => resolve(join(dir, f))) : []);

const b = new Browser();
try {
	await b.open(resolve(page));
	for (const [id, dir] of [["anchors", trust], ["tsa", join(trust, "tsa")], ["authorisers", join(trust, "authorisers")]])
		if (trust !== "-" && pem(dir).length > 0)
			await b.choose(id, pem(dir));
	await b.choose("packages", packages.map((f) => resolve(f)));
	const rows = await b.run(`[...document.querySelectorAll("article")].map((a) => [a.dataset.verdict,
		...["integrity", "signature", "time"].map((l) => a.querySelector('[data-level="' + l + '"]')?.dataset.result ?? "none"),
		[...a.querySelectorAll('[data-check][data-result="failed"]')].map((r) => r.dataset.check).join() || "-"])`);
	if (rows.length !== packages.length)
		throw new Error(`${rows.length} results for ${packages.length} packages`);
	rows.forEach((r, i) => console.log([packages[i], ...r].join("\t")));
	if (b.complaints.length > 0)
		throw new Error(b.complaints.join("\n"));
} finally {
	await b.close();
}
