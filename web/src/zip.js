// SPDX-License-Identifier: EUPL-1.2
// The container: one ZIP file of the one form that docs/formats/package.md allows. Every header is
// made again from what was read and compared, so nothing can hide in one.

const MAX32 = 0xffffffff;
const MAX16 = 0xffff;
const NAME_MAX = 120;
const ENTRIES_MAX = 300000;
const CENTRAL = 46;
const LOCAL = 30;
const END = 22;
const TAIL_MAX = 56 + 20 + END; // with the ZIP64 record and its locator

const latin = (bytes) => {
	let s = "";
	for (const b of bytes)
		s += String.fromCharCode(b);
	return s;
};

export function nameOk(name) {
	return name.length <= NAME_MAX && /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/.test(name);
}

let table;

export function crc32(bytes) {
	if (!table) {
		table = new Uint32Array(256);
		for (let i = 0; i < 256; i++) {
			let c = i;
			for (let k = 0; k < 8; k++)
				c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
			table[i] = c >>> 0;
		}
	}
	let c = 0xffffffff;
	for (let i = 0; i < bytes.length; i++)
		c = table[(c ^ bytes[i]) & 0xff] ^ (c >>> 8);
	return ~c >>> 0;
}

class Writer {
	constructor() {
		this.bytes = [];
	}
	put(value, size) {
		for (let i = 0; i < size; i++) {
			this.bytes.push(value % 256);
			value = Math.floor(value / 256);
		}
		return this;
	}
	text(s) {
		for (let i = 0; i < s.length; i++)
			this.bytes.push(s.charCodeAt(i) & 0xff);
		return this;
	}
}

function extraField(e, withOffset) {
	const w = new Writer();
	const big = e.size >= MAX32;
	const far = withOffset && e.offset >= MAX32;

	if (!big && !far)
		return w.bytes;
	w.put(1, 2).put((big ? 16 : 0) + (far ? 8 : 0), 2);
	if (big)
		w.put(e.size, 8).put(e.size, 8);
	if (far)
		w.put(e.offset, 8);
	return w.bytes;
}

// the part that both headers share: from "version needed" to the length of the extra field
function common(w, e, extra) {
	const size = Math.min(e.size, MAX32);

	return w.put(extra.length > 0 ? 45 : 20, 2).put(0, 2).put(0, 2).put(e.time, 2).put(e.date, 2)
		.put(e.crc, 4).put(size, 4).put(size, 4).put(e.name.length, 2).put(extra.length, 2);
}

function localHeader(e) {
	const extra = extraField(e, false);
	const w = common(new Writer().put(0x04034b50, 4), e, extra).text(e.name);

	return w.bytes.concat(extra);
}

function centralHeader(e) {
	const extra = extraField(e, true);
	const w = common(new Writer().put(0x02014b50, 4).put((3 << 8) | 45, 2), e, extra);

	w.put(0, 2).put(0, 2).put(0, 2).put(0o100644 * 65536, 4).put(Math.min(e.offset, MAX32), 4).text(e.name);
	return w.bytes.concat(extra);
}

function tailRecord(entries, offset, size) {
	const w = new Writer();

	if (entries >= MAX16 || offset >= MAX32 || size >= MAX32) {
		w.put(0x06064b50, 4).put(44, 8).put((3 << 8) | 45, 2).put(45, 2).put(0, 4).put(0, 4);
		w.put(entries, 8).put(entries, 8).put(size, 8).put(offset, 8);
		w.put(0x07064b50, 4).put(0, 4).put(offset + size, 8).put(1, 4);
	}
	const n = Math.min(entries, MAX16);
	w.put(0x06054b50, 4).put(0, 4).put(n, 2).put(n, 2);
	w.put(Math.min(size, MAX32), 4).put(Math.min(offset, MAX32), 4).put(0, 2);
	return w.bytes;
}

function same(bytes, at, want) {
	if (at + want.length > bytes.length)
		return false;
	for (let i = 0; i < want.length; i++)
		if (bytes[at + i] !== want[i])
			return false;
	return true;
}

function le(bytes, at, n) {
	let v = 0;

	for (let i = n - 1; i >= 0; i--)
		v = v * 256 + bytes[at + i];
	return v;
}

// Reads end records: {entries, offset, size}, or null after a defect that ends everything.
function readTail(b, defect) {
	if (b.length < END)
		return defect("zip-short"), null;
	const end = b.length - END;
	if (le(b, end, 4) !== 0x06054b50)
		return defect("zip-no-end"), null;
	const t = { entries: le(b, end + 10, 2), size: le(b, end + 12, 4), offset: le(b, end + 16, 4) };
	if (t.entries === MAX16 || t.size === MAX32 || t.offset === MAX32) {
		const wide = b.length - TAIL_MAX;
		if (wide < 0 || le(b, wide, 4) !== 0x06064b50)
			return defect("zip-no-end"), null;
		t.entries = le(b, wide + 32, 8);
		t.size = le(b, wide + 40, 8);
		t.offset = le(b, wide + 48, 8);
	}
	const want = tailRecord(t.entries, t.offset, t.size);
	if (t.offset + t.size + want.length !== b.length)
		return defect("zip-sum"), null;
	if (t.entries > ENTRIES_MAX || t.entries > t.size / CENTRAL)
		return defect("zip-entries"), null;
	if (!same(b, b.length - want.length, want))
		defect("zip-end-values");
	return t;
}

function headerDefect(b, at) {
	const flags = le(b, at + 8, 2);

	if (flags & 1)
		return "zip-encrypted";
	if (flags & 8)
		return "zip-descriptor";
	return le(b, at + 10, 2) !== 0 ? "zip-compressed" : "zip-header";
}

// One entry of the central directory at position at, and its own header.
function readEntry(b, at, dirOffset, defect) {
	const nameLen = le(b, at + 28, 2);
	const extraLen = le(b, at + 30, 2);
	const e = {
		time: le(b, at + 12, 2), date: le(b, at + 14, 2), crc: le(b, at + 16, 4), size: le(b, at + 24, 4),
		offset: le(b, at + 42, 4), name: latin(b.subarray(at + CENTRAL, at + CENTRAL + nameLen)), readable: false,
	};
	let x = at + CENTRAL + nameLen + 4;

	if (!nameOk(e.name))
		defect("zip-name", e.name);
	if (e.size === MAX32 && extraLen >= 20) {
		e.size = le(b, x, 8);
		x += 16;
	}
	if (e.offset === MAX32 && extraLen >= 12)
		e.offset = le(b, x, 8);
	const local = localHeader(e);
	e.data = e.offset + local.length;
	if (e.data + e.size > dirOffset || e.offset + LOCAL > dirOffset)
		defect("zip-outside", e.name);
	else if (le(b, e.offset, 4) !== 0x04034b50)
		defect("zip-nothing-there", e.name);
	else if (!same(b, e.offset, local))
		defect("zip-local", e.name);
	else
		e.readable = true;
	const central = centralHeader(e);
	if (central.length !== CENTRAL + nameLen + extraLen || !same(b, at, central)) {
		defect(headerDefect(b, at), e.name);
		e.readable = false;
	}
	return e;
}

function readDirectory(b, tail, defect) {
	const entries = [];
	const stop = tail.offset + tail.size;
	let at = tail.offset;

	for (let i = 0; i < tail.entries; i++) {
		if (at + CENTRAL > stop || le(b, at, 4) !== 0x02014b50)
			return defect("zip-directory"), entries;
		const nameLen = le(b, at + 28, 2);
		const extraLen = le(b, at + 30, 2);
		if (nameLen === 0 || nameLen > NAME_MAX || extraLen > 28 || le(b, at + 32, 2) !== 0 ||
		    at + CENTRAL + nameLen + extraLen > stop)
			return defect("zip-directory"), entries;
		entries.push(readEntry(b, at, tail.offset, defect));
		at += CENTRAL + nameLen + extraLen;
	}
	if (at !== stop)
		defect("zip-directory");
	return entries;
}

// Do the entries follow one another from the first byte to the directory?
function checkGaps(entries, tail, defect) {
	let at = 0;

	for (const e of entries) {
		if (e.offset !== at)
			return defect("zip-gap", e.name);
		if (!e.readable)
			return undefined; // named already; where it ends is not known
		at = e.data + e.size;
	}
	return at === tail.offset ? undefined : defect("zip-gap", "");
}

// Reads a container from bytes. defect(key, name) is called for whatever is wrong. Returns the entries,
// each with name, size, crc, data (position) and readable; [] when nothing can be read.
export function readZip(bytes, defect) {
	if (bytes.length < 4 || le(bytes, 0, 4) !== 0x04034b50)
		defect("zip-first");
	const tail = readTail(bytes, defect);
	if (!tail)
		return [];
	const entries = readDirectory(bytes, tail, defect);
	checkGaps(entries, tail, defect);
	const seen = new Set();
	for (const e of entries) {
		const key = e.name.toLowerCase();
		if (seen.has(key))
			defect("zip-twice", e.name);
		seen.add(key);
	}
	return entries;
}

export function content(bytes, entry) {
	return bytes.subarray(entry.data, entry.data + entry.size);
}
