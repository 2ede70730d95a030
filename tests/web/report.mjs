// SPDX-License-Identifier: EUPL-1.2
// report.mjs PAGE...: does Chromium show these pages from file:// without asking for anything but each of them,
// without a script and without a complaint (of its policy, of markup)? Prints how long it took from
// the start of the browser to the first paint and to the end of loading.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Browser } from "./browser.mjs";

let failed = 0;

function check(what, good, detail) {
	failed += good ? 0 : 1;
	console.log((good ? "ok    " : "FAIL  ") + what + (good ? "" : ": " + detail));
}

for (const path of process.argv.slice(2)) {
	const url = pathToFileURL(resolve(path)).href;
	const name = path.split("/").pop();
	const started = Date.now();
	const b = new Browser();

	try {
		await b.load(path);
		await b.until(`location.href === ${JSON.stringify(url)} && document.readyState === "complete"
			&& performance.getEntriesByType("navigation")[0].loadEventEnd > 0
			&& performance.getEntriesByType("paint").length > 0`);
		const t = await b.run(`[performance.timeOrigin, performance.getEntriesByType("paint")[0].startTime,
			performance.getEntriesByType("navigation")[0].loadEventEnd]`);
		const [paint, load] = t.slice(1).map((ms) => ((t[0] + ms - started) / 1000).toFixed(2));
		const [scripts, frames, rows] = await b.run(`["script", "iframe,object,embed,img,link", "tr"].map((s) => document.querySelectorAll(s).length)`);

		check(name + ": asks for itself alone", b.requests.join() === url, b.requests.join(" "));
		check(name + ": no complaint", b.complaints.length === 0, b.complaints.join(" | "));
		check(name + ": no script, nothing loaded into it", scripts + frames === 0, `${scripts} scripts, ${frames} others`);
		check(name + ": its rows are there", rows > 10, String(rows));
		console.log(`      ${name}: painted ${paint} s, loaded ${load} s after the start of the browser, ${rows} rows`);
	} finally {
		await b.close();
	}
}
process.exit(failed ? 1 : 0);
