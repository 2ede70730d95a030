// SPDX-License-Identifier: EUPL-1.2
// Drives headless Chromium over a pipe (no port), with node alone. Every request that the page makes is
// kept: an offline page makes none but for itself.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const LIMIT_MS = 600000; // only to end what hangs: a busy machine may take minutes for fifty packages

export class Browser {
	constructor() {
		this.profile = mkdtempSync(join(tmpdir(), "keten-chromium-"));
		this.process = spawn("chromium", ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
			"--disable-extensions", "--disable-background-networking", "--disable-component-update",
			"--user-data-dir=" + this.profile, "--remote-debugging-pipe", "about:blank"],
		{ stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], env: { ...process.env, TZ: "UTC" } });
		this.waiting = new Map();
		this.requests = [];
		this.complaints = [];
		this.next = 1;
		this.ended = new Promise((done) => this.process.on("exit", done));
		let rest = "";
		this.process.stdio[4].setEncoding("utf8");
		this.process.stdio[4].on("data", (d) => {
			const parts = (rest + d).split("\0");
			rest = parts.pop();
			parts.forEach((p) => this.take(JSON.parse(p)));
		});
	}
	take(m) {
		if (m.method === "Network.requestWillBeSent")
			this.requests.push(m.params.request.url);
		if (m.method === "Runtime.exceptionThrown")
			this.complaints.push(m.params.exceptionDetails.exception?.description ?? m.params.exceptionDetails.text);
		if (m.method === "Log.entryAdded")
			this.complaints.push(m.params.entry.text);
		const w = this.waiting.get(m.id);
		this.waiting.delete(m.id);
		if (w && m.error)
			w.failed(new Error(m.error.message));
		else if (w)
			w.done(m.result);
	}
	call(method, params = {}) {
		const id = this.next++;
		const timer = setTimeout(() => this.waiting.get(id)?.failed(new Error(method + ": no answer")), LIMIT_MS);

		return new Promise((done, failed) => {
			this.waiting.set(id, { done, failed });
			this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId: this.session }) + "\0");
		}).finally(() => clearTimeout(timer));
	}
	// Loads a file, without waiting for a word of its own.
	async load(path) {
		const { targetInfos } = await this.call("Target.getTargets");
		const { targetId } = targetInfos.find((t) => t.type === "page");
		this.session = (await this.call("Target.attachToTarget", { targetId, flatten: true })).sessionId;
		for (const domain of ["Page", "Network", "Runtime", "Log", "DOM"])
			await this.call(domain + ".enable");
		await this.call("Page.navigate", { url: pathToFileURL(path).href });
	}
	async open(path) {
		await this.load(path);
		await this.until("document.body && document.body.dataset.state === 'done'");
	}
	async run(expression) {
		const r = await this.call("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
		if (r.exceptionDetails)
			throw new Error(r.exceptionDetails.exception?.description ?? r.exceptionDetails.text);
		return r.result.value;
	}
	async until(expression) {
		for (const end = Date.now() + LIMIT_MS; Date.now() < end; ) {
			try {
				if (await this.run(expression))
					return;
			} catch {
				// the page is being replaced
			}
			await new Promise((done) => setTimeout(done, 20));
		}
		throw new Error("never true: " + expression);
	}
	// As if somebody had chosen these files; returns when the page has judged.
	async choose(id, files) {
		const { result } = await this.call("Runtime.evaluate", { expression: `document.getElementById("${id}")` });
		await this.run("document.body.dataset.state = 'asked'");
		await this.call("DOM.setFileInputFiles", { files, objectId: result.objectId });
		await this.until("document.body.dataset.state === 'done'");
	}
	async key(key, code, keyCode) {
		for (const type of ["rawKeyDown", "keyUp"])
			await this.call("Input.dispatchKeyEvent", { type, key, code, windowsVirtualKeyCode: keyCode });
	}
	async picture(file, { width = 1100, height = 1400, dark = false } = {}) {
		const { writeFileSync } = await import("node:fs");
		await this.call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
		await this.call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
		const { data } = await this.call("Page.captureScreenshot", { format: "png", captureBeyondViewport: true });
		writeFileSync(file, Buffer.from(data, "base64"));
	}
	async close() {
		try {
			await this.call("Browser.close");
		} catch {
			this.process.kill();
		}
		await this.ended;
		rmSync(this.profile, { recursive: true, force: true });
	}
}
