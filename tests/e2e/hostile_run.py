#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Gives each parser hostile files (hostile_inputs.py, hostile_binary.py) and looks at what becomes of each.

usage: hostile_run.py BUILD WORKDIR [PARSER...]

Each file must end in one "end" line with a code that core/err.h or docs/formats/worker-frames.md names and that is no
fault of ours; what was printed must be what the end line counts; with code "ok" count in = count out; positions and
times stay within the record's range; no control or bidi character gets through; the worker's memory and its CPU time
are bounded. Files come from the golden inputs: the one of each kind of which the parser understands most.
"""
import collections
import concurrent.futures
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import hostile_binary  # noqa: E402  (the path comes first)
import hostile_inputs  # noqa: E402

CODES = {"ok", "format", "limit", "memory", "cpu-limit", "refused"}
RSS_MAX_KIB = 256 << 10
CPU_ONE_S = 8.0   # for one file below 1 MB
CPU_MANY_S = 0.03  # in a batch, for each file, and 3 s
RUN_MAX_S = 120
CRAFTED = {**hostile_inputs.CRAFTED, **hostile_binary.CRAFTED}
# What the golden inputs of a parser hold beside a kind of file that it could be given as well.
ALSO = {"tracks": ["nmea"]}
# Whose attacks on a family of files a parser gets; others get those of none, or all.
WHOSE = {("google-timeline", "json"): ("timeline", "signals", "timeline-ios"), ("google-takeout", "json"): ("records", "month", "edits", "devices"),
         ("snap-memories", "json"): ("snap",), ("wallet-passes", "json"): ("pass",), ("tracks", "json"): ("geojson", "shape"),
         ("tracks", "xml"): ("gpx", "kml", "tcx"), ("health-export", "xml"): ("health", "gpx"), ("android-wifi-store", "xml"): ("wifi",),
         ("tracks", "zip"): "kmz", ("health-export", "zip"): "health"}
# What all readers of such files share is attacked in full through one or two of them, and at fewer places through the others.
FULL = {"sqlite": ("ios-photos-db", "ios-health-routes"), "bplist": ("ios-wifi-known",), "xml:plist": ("ios-wifi-known",), "gzip": ("tracks", "fit"),
        "zip": ("tracks", "health-export"), "json": ("google-timeline", "wallet-passes"), "xml": ("tracks", "android-wifi-store"),
        "text": ("android-location-state", "call-country")}
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def kind_of(data):
    """The family whose attacks fit, and what tells inputs of one family apart."""
    text = data[:4096].lstrip(b"\xef\xbb\xbf \r\n\t")
    if data[:15] == b"SQLite format 3":
        return "sqlite", tuple(sorted(set(re.findall(rb"CREATE TABLE \W?(\w+)", data[:65536]))))
    if data[:8] == b"bplist00":
        return "bplist", ""
    if data[:2] == b"PK":
        return "zip", ""
    if data[:2] == b"\x1f\x8b":
        return "gzip", ""
    if data[:2] == b"\xff\xd8":
        return "jpeg", ""
    if data[:4] in (b"II*\0", b"MM\0*"):
        return "tiff", ""
    if data[4:8] == b"ftyp":
        return ("heif", "") if data[8:12] in (b"heic", b"mif1", b"avif", b"heix") else ("film", "")
    if data[4:8] in (b"moov", b"mdat", b"free", b"wide"):
        return "film", "old"
    if data[:8] == b"\x89PNG\r\n\x1a\n" or data[:4] == b"RIFF":
        return "chunks", data[:4]
    if data[8:12] == b".FIT":
        return "fit", ""
    if text[:1] == b"<":
        root = re.search(rb"<([A-Za-z][\w:]*)", re.sub(rb"<!DOCTYPE[^\[>]*(\[.*?\])?[^>]*>", b"", text, flags=re.S))
        name = root.group(1).split(b":")[-1].decode() if root else "?"
        return "xml:plist" if name == "plist" else "xml", name
    if text[:1] == b"{" or re.match(rb'\[\s*[\[{"\]\d]', text):
        return "json", (re.search(rb'"(\w[\w ]*)"', text) or [b"", b""])[1]
    return "text", ""


# Linux counts what a process held before exec as that of the program: one that starts programs must be small.
STARTER = """
import json, os, signal, subprocess, sys
for line in sys.stdin:
    cwd, args, most = json.loads(line)
    with open(cwd + ".out", "wb") as o, open(cwd + ".err", "wb") as e:
        p = subprocess.Popen(args, cwd=cwd, stdin=subprocess.DEVNULL, stdout=o, stderr=e)
        signal.signal(signal.SIGALRM, lambda *_: p.kill())
        signal.alarm(most)
        _, status, usage = os.wait4(p.pid, 0)
        signal.alarm(0)
        p.returncode = os.waitstatus_to_exitcode(status)
    print(json.dumps([p.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]), flush=True)
"""


class Run:
    def __init__(self, build, work):
        self.keten, self.work = os.path.join(build, "keten"), work
        self.lock, self.own = threading.Lock(), threading.local()
        self.codes, self.wrong = collections.Counter(), []
        self.files = self.records = self.n = 0
        self.rss, self.slow = (0, ""), (0.0, "")

    def fail(self, what):
        with self.lock:
            self.wrong.append(what)

    def folder(self):
        with self.lock:
            self.n += 1
            path = os.path.join(self.work, f"d{self.n}")
        os.mkdir(path)
        return path

    def start(self, parser, names, cwd, count):
        """Runs keten; (status, CPU seconds, KiB of the largest process); the output is in cwd.out and cwd.err."""
        if not hasattr(self.own, "starter"):
            self.own.starter = subprocess.Popen([sys.executable, "-S", "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        args = [self.keten, "parsers", parser, "--try"] + (["--count"] if count else []) + names
        self.own.starter.stdin.write(json.dumps([cwd, args, RUN_MAX_S]) + "\n")
        self.own.starter.stdin.flush()
        return json.loads(self.own.starter.stdout.readline())

    def batch(self, parser, what, names, cwd, count=False):
        """Tries files of cwd in one command and checks all that comes out."""
        who = f"{parser} {what} {names[0]}" + (f" (and {len(names) - 1} more)" if len(names) > 1 else "")
        status, cpu, rss = self.start(parser, names, cwd, count)
        limit = CPU_ONE_S if len(names) == 1 else 3 + CPU_MANY_S * len(names)
        if status not in (0, 1):
            with open(cwd + ".err", errors="replace") as f:
                self.fail(f"{who}: exit status {status}: {f.read()[:300]}")
        if os.environ.get("HOSTILE_VERBOSE"):
            print(f"{cpu:8.2f} s {rss >> 10:5} MiB {len(names):5} {who}")
        if cpu > limit:
            self.fail(f"{who}: {cpu:.1f} s of CPU")
        if rss > RSS_MAX_KIB:
            self.fail(f"{who}: {rss >> 10} MiB")
        with open(cwd + ".out", encoding="utf-8", errors="surrogateescape", newline="\n") as f:
            self.output(parser, what, names, f, count)
        with self.lock:
            self.files += len(names)
            self.rss = max(self.rss, (rss, who))
            self.slow = max(self.slow, (cpu / len(names), who))
        os.remove(cwd + ".out")
        os.remove(cwd + ".err")

    def output(self, parser, what, names, lines, count):
        ended, name = [], names[0]
        emitted = skipped = 0
        for line in lines:
            if UNSEEN.search(line, 0, len(line) - 1):
                self.fail(f"{parser} {what} {name}: a control character gets through: {line[:200]!a}")
            d = json.loads(line)
            kind = d["type"]
            if kind == "file":
                name, emitted, skipped = d["name"], 0, 0
            elif kind == "skip":
                skipped += d["count"]
            elif kind == "end":
                ended.append(name)
                self.ending(f"{parser} {what} {name}", d, None if count else (emitted, skipped))
            elif kind != "note":
                emitted += 1
                self.record(f"{parser} {what} {name}", d)
        if ended != names:
            self.fail(f"{parser} {what}: {len(ended)} ends for {len(names)} files, the last after {name}")

    def ending(self, who, d, counted):
        with self.lock:
            self.codes[d["code"]] += 1
            self.records += d["emitted"]
        if d["code"] not in CODES:
            self.fail(f"{who}: {d}")
        elif d["code"] == "ok" and d["seen"] != d["emitted"] + d["skipped"]:
            self.fail(f"{who}: count in is not count out: {d}")
        elif d["seen"] < d["emitted"] + d["skipped"]:
            self.fail(f"{who}: more out than in: {d}")
        elif d["code"] != "ok" and not d.get("error"):
            self.fail(f"{who}: says {d['code']} without a reason")
        # a worker that was stopped could not count any more
        elif counted is not None and d["code"] != "cpu-limit" and counted != (d["emitted"], d["skipped"]):
            self.fail(f"{who}: printed {counted}, counted {d}")

    def record(self, who, d):
        if d["position"] == "ok" and not (abs(d["lat"]) <= 90 and abs(d["lon"]) <= 180):
            self.fail(f"{who}: position outside the earth: {d}")
        if d["position"] == "unusable" and not d.get("position_reason"):
            self.fail(f"{who}: unusable without a reason: {d}")
        for t in (d.get("t"), d.get("t_local"), d.get("t_end")):
            if t is not None and not (re.match(r"\d{4}-\d\d-\d\dT", t) and t[:4] >= "0001"):
                self.fail(f"{who}: time {t}")


def write(folder, cases):
    """Writes the files of a batch; their names, and which are heavy enough to be watched one by one."""
    names, heavy = [], []
    for name, data, *more in cases:
        path = os.path.join(folder, name)
        with open(path, "wb") as f:
            f.write(data)
        for ending, sibling in (more[0] if more else {}).items():
            with open(path + ending, "wb") as f:
                f.write(sibling)
        (heavy if len(data) > 200_000 or re.search("bomb|endless|many", name) else names).append(name)
    return names, heavy


def try_all(run, parser, what, cases):
    folder = run.folder()
    names, heavy = write(folder, cases)
    for i in range(0, len(names), 400):
        run.batch(parser, what, names[i:i + 400], folder)
    for name in heavy:
        run.batch(parser, what, [name], folder, count=True)
    shutil.rmtree(folder)


# -- seeds ------------------------------------------------------------------------------------

def golden(work):
    """{parser: [paths]} of all inputs of golden cases; databases with a -wal last, they are taken alone here."""
    found = collections.defaultdict(list)
    for parser in sorted(os.listdir("tests/parsers")):
        top = os.path.join("tests/parsers", parser)
        if not os.path.isdir(top):
            continue
        tops, make = [top], os.path.join(top, "make-cases")
        if os.path.exists(make):
            tops.append(os.path.join(work, "golden", parser))
            os.makedirs(tops[1])
            subprocess.run([make, tops[1]], check=True, stdout=subprocess.DEVNULL)
        for t in tops:
            for folder, _, files in sorted(os.walk(t)):
                if os.path.basename(folder) == "in":
                    found[parser] += [os.path.abspath(os.path.join(folder, f)) for f in sorted(files) if not re.search("-(wal|journal|shm)$", f)]
    return found


def seeds(run, parser, paths):
    """{kind: path}: of each kind the file with the most records."""
    best = {}
    for path in paths:
        with open(path, "rb") as f:
            kind = kind_of(f.read())
        out = subprocess.run([run.keten, "parsers", parser, "--try", "--count", path], stdout=subprocess.PIPE, check=False).stdout
        end = json.loads(out.splitlines()[-1])
        # small files are cut at more of their bytes
        score = (end["code"] == "ok", min(end["emitted"], 6), -os.path.getsize(path))
        if end["emitted"] and score > best.get(kind, ((),))[0]:
            best[kind] = (score, path)
    return {k: p for k, (_, p) in best.items()}


def work_of(parser, chosen, number):
    """All that is tried with one parser: (what, function that gives cases)."""
    done = set()
    for n, ((family, detail), path) in enumerate(sorted(chosen.items(), key=str)):
        with open(path, "rb") as f:
            data = f.read()
        label, first = f"{family}:{n}", family not in done
        full = first and parser in FULL.get(family, (parser,))
        most, step = (300, 1) if full else (20, 8) if family == "sqlite" else (40, 8)
        yield f"{label} cut", lambda d=data, m=most, f=full: hostile_inputs.truncated(d, m, 600 if f else m)
        if family in ("json", "xml", "text"):
            yield f"{label} values", lambda d=data, k=family, s=1 if full else 4 if first else 8: hostile_inputs.revalued(d, k, s)
        elif family in ("bplist", "xml:plist"):
            yield f"{label} values", lambda d=data, s=step: hostile_inputs.revalued_plist(d, s)
        else:
            yield f"{label} damaged", lambda d=data, m=most: hostile_inputs.damaged(d, m // 2)
        if family == "bplist":
            yield f"{label} damaged", lambda d=data, m=most: hostile_inputs.damaged(d, m // 2)
        if family == "sqlite":
            args = (path, full, 1 if full else 12, number + n)
            yield f"{label} crafted", lambda a=args: hostile_binary.crafted_sqlite(*a)
            if "semantic_segment_table" in str(detail):
                yield f"{label} messages", lambda p=path: hostile_binary.crafted_messages(p, "semantic_segment_table", "semantic_segment")
        elif family in CRAFTED and (first or family == "text"):
            arg = WHOSE.get((parser, family), data if family == "text" else ())
            only = ".*" if full or not family.endswith("plist") else "dag|deep|cycle|laughs|itself|list-|many|count-.*ff$"
            yield f"{label} crafted", lambda k=family, a=arg, o=only: (c for c in CRAFTED[k](a) if re.search(o, c[0]))
        done.add(family)
    for family in ALSO.get(parser, []):
        yield f"{family} crafted", lambda k=family: CRAFTED[k]()


def anything(parser, chosen):
    """What any parser can be given by mistake or on purpose."""
    yield "empty", b""
    yield "one-byte", b"\0"
    yield "zeros", b"\0" * 100_000
    yield "ones", b"\xff" * 100_000
    yield "blanks", b" " * 100_000
    yield "lines", b"\n" * 100_000
    yield "all-bytes", bytes(range(256)) * 300
    for n, ((family, _), path) in enumerate(sorted(chosen.items(), key=str)):
        with open(path, "rb") as f:
            yield f"{family.replace(':', '-')}-{n}", f.read()


# Files of 3 GB that take no space on the disk: what stands where. Readers that have to go on to the end get smaller ones.
def sparse(path, size=3 << 30, *pieces):
    with open(path, "wb") as f:
        f.truncate(size)
        for at, data in pieces:
            f.seek(at if at >= 0 else size + at)
            f.write(data)
    return os.path.basename(path)


def try_sparse(run, chosen):
    folder = run.folder()

    def one(parser, name, *pieces, size=3 << 30):
        sparse(os.path.join(folder, name), size, *pieces)
        run.batch(parser, "sparse", [name], folder, count=True)
        os.remove(os.path.join(folder, name))

    def seed(parser, family):
        path = next(p for (f, _), p in sorted(chosen[parser].items(), key=str) if f == family)
        with open(path, "rb") as f:
            return f.read()
    box = hostile_binary.box
    one("ios-photos-db", "database", (0, seed("ios-photos-db", "sqlite")))
    one("media-exif", "photo.jpg", (0, seed("media-exif", "jpeg")))
    one("media-exif", "all-marks.jpg", (0, b"\xff\xd8\xff"))
    one("media-exif", "far.tif", (0, b"II*\0\xf0\xff\xff\xbf"))
    one("media-quicktime", "film.mov", (0, box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"mdat", b"", large=(3 << 30) - 20 - 108)),
        (-108, box(b"moov", hostile_binary.full(b"mvhd", struct.pack(">IIII", 3_700_000_000, 0, 1000, 5000) + b"\0" * 80))))
    one("media-quicktime", "zero-boxes.mov", (0, box(b"ftyp", b"qt  \0\0\0\0qt  ")))
    one("fit", "ride.fit", (0, seed("fit", "fit")))
    one("tracks", "track.gpx", (0, hostile_inputs.GPX % b""))
    one("tracks", "far.kmz", (0, b"PK\3\4"), (-22, struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 1, 1, 46, (3 << 30) - 100, 0)))
    one("tracks", "track.gpx.gz", (0, hostile_inputs.deflated(0, hostile_inputs.GPX % b"", gz=True)[0]), size=100 << 20)
    one("google-timeline", "Timeline.json", (0, b'{"semanticSegments":[]}'))
    one("ios-wifi-known", "list.plist", (0, b"bplist00"), (-32, struct.pack(">6xBBQQQ", 4, 2, 1, 0, 8)))
    one("android-location-state", "answer.txt", (0, b"last location=Location[gps 52.1,4.5 et=+1s]\n"), size=300 << 20)
    shutil.rmtree(folder)


def main(build, work, only):
    run = Run(os.path.abspath(build), os.path.abspath(work))
    listed = json.loads(subprocess.run([run.keten, "parsers", "--json"], stdout=subprocess.PIPE, check=True).stdout)
    parsers = [p["id"] for p in listed["parsers"] if not only or p["id"] in only]
    inputs = golden(run.work)
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("HOSTILE_JOBS", "3"))) as pool:
        chosen = dict(zip(parsers, pool.map(lambda p: seeds(run, p, inputs[p]), parsers)))
        todo = []
        for p in parsers:
            if not chosen[p]:
                run.fail(f"{p}: no golden input with a record to start from")
            todo += [(p, what, cases) for what, cases in work_of(p, chosen[p], len(todo))]
            todo.append((p, "anything", lambda p=p: anything(p, chosen[p])))
        if not only:
            todo.insert(0, None)
        for f in [pool.submit(try_sparse, run, chosen) if t is None else pool.submit(try_all, run, t[0], t[1], t[2]()) for t in todo]:
            try:
                f.result()
            except Exception as e:  # pylint: disable=broad-except  # the other attacks go on
                run.fail(f"the test itself: {e!r}")
    print(f"{len(parsers)} parsers, {run.files} files, {run.records} records:", ", ".join(f"{n} {c}" for c, n in run.codes.most_common()))
    print(f"largest process {run.rss[0] >> 10} MiB ({run.rss[1]}); slowest {run.slow[0]:.2f} s of CPU a file ({run.slow[1]})")
    for w in run.wrong[:60]:
        print("FAIL ", w[:700])
    if len(run.wrong) > 60:
        print(f"FAIL  and {len(run.wrong) - 60} more")
    return 1 if run.wrong or run.files < 1000 and not only else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
