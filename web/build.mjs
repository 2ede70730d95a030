// SPDX-License-Identifier: EUPL-1.2
// build.mjs SRC OUT: one file of scripts, style and page, whose policy names the hash of both. Run by
// `make verify-page` in the folder where the packages of package-lock.json lie.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const [src, out] = process.argv.slice(2);
const hash = (s) => "sha256-" + createHash("sha256").update(s).digest("base64");

const bundle = await build({
	entryPoints: [src + "/page.js"], bundle: true, write: false, format: "esm", target: "es2022", minify: true,
	charset: "ascii", legalComments: "inline", nodePaths: [process.cwd() + "/node_modules"], logLevel: "warning",
});
// the text of a script element may not hold its own end
const js = bundle.outputFiles[0].text.replaceAll("</script", "<\\/script");
const css = readFileSync(src + "/page.css", "utf8");
const fill = { "@SCRIPT@": hash(js), "@STYLE@": hash(css), "@CSS@": css, "@JS@": js };
const page = readFileSync(src + "/page.html", "utf8").replace(/@[A-Z]+@/g, (k) => fill[k]);

writeFileSync(out, page);
