#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""sealed_kinds.py ACQUISITION RELEASE OPENING KEYS OUT: manipulated copies of a sealed acquisition, of its
release, and of an act about both, made to fit by somebody who holds the operator's, or the releaser's, key.
Prints one line per kind: file, status of keten-verify, check that has to fail ("-": none can, only the release,
or the packages beside it, can tell).
The container and the signatures are made by tamper_kinds.py.
"""
import json, os, re, sys

ACQUISITION, RELEASE, OPENING, KEYS, OUT = sys.argv[1:6]
HERE = os.path.dirname(os.path.abspath(__file__))


def kit(package):
    """Its functions, for this package."""
    argv, sys.argv = sys.argv, ["tamper_kinds.py", package, KEYS, OUT]
    space = {"__file__": os.path.join(HERE, "tamper_kinds.py"), "__name__": "kit"}
    with open(space["__file__"]) as f:
        exec(f.read().rsplit("\nmain()", 1)[0], space)
    sys.argv = argv
    return space


A, R, O = kit(ACQUISITION), kit(RELEASE), kit(OPENING)
RELEASER = os.path.join(KEYS, "releaser.pem")


def last_object(e):
    return max(n for n in e if n.startswith("data/objects/") and len(e[n]) > 600)


def with_object(change):
    """The last object changed, and index, log, seal and signatures made to fit."""
    e = A["load"]()
    name = last_object(e)
    e[name] = change(e[name])
    number = os.path.basename(name)
    for n in sorted(e):
        if n.startswith("data/index/"):
            lines = e[n].decode().splitlines()
            for i, line in enumerate(lines):
                row = json.loads(line)
                if row.get("object") == number:
                    row.update(bytes=len(e[name]), sha256=A["sha"](e[name]))
                    lines[i] = json.dumps(row, sort_keys=True, separators=(",", ":"))
            e[n] = ("\n".join(lines) + "\n").encode()
    return A["pack"](A["insider"](e))


def with_index(change):
    e = A["load"]()
    for n in sorted(e):
        if n.startswith("data/index/"):
            e[n] = change(e[n])
    return A["pack"](A["insider"](e))


def with_info(change):
    e = A["load"]()
    info = json.loads(e["keys/release.json"])
    change(info)
    e["keys/release.json"] = json.dumps(info, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    return A["pack"](A["signed"](e))


def with_log(change):
    e = A["load"]()
    return A["pack"](A["insider"](e, lambda rows: [change(r) or r for r in rows]))


def reason(row):
    if row["event"] == "item.absent":
        row["detail"]["reason"] = "no file of that name: IMG_1.jpg"


def late(row):
    if row["event"] == "release.prepared":
        row["event"] = "operator.note"


def release(change, key=RELEASER, text=None):
    """The release with its act and bag changed, signed again."""
    e = R["load"]()
    act = json.loads(e["data/act.json"])
    change(act)
    e["data/act.json"] = json.dumps(act, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    e["bag-info.txt"] = re.sub(rb"Keten-Concerns: [0-9a-f]*", b"Keten-Concerns: " + act["concerns"][0]["sha256"].encode(),
                               e["bag-info.txt"])
    if text:
        e["custody/custody.jsonl"] = R["chain"]([text(r) or r for r in R["read_log"](e)])[0]
    return R["pack"](R["signed"](e, key))


def swapped(name, old, new):
    """A file of the report says something else; log and signatures fit."""
    e = R["load"]()
    assert old in e[name]
    e[name] = e[name].replace(old, new)
    rows = R["read_log"](e)
    for row in rows:
        if row["event"] == "report.made":
            row["detail"]["report_sha256"] = R["sha"](e["report/report.json"])
    e["custody/custody.jsonl"] = R["chain"](rows)[0]
    return R["pack"](R["signed"](e, RELEASER))


def another_view():
    """A page that the report does not give."""
    e = R["load"]()
    e["report/observations-0001.html"] = e["report/report.html"]
    return R["pack"](R["signed"](e, RELEASER))


def replay(act):
    act["concerns"][0]["sha256"] = "ab" * 32


def nothing(act):
    pass


def second(row):
    if row["event"] == "release.open":
        row["detail"]["second_cert_sha256"] = "ab" * 32


def no_opening(row):
    if row["event"] == "envelope.opened":
        row["event"] = "operator.note"


def opening(**members):
    """The act says something else of itself; its bag fits."""
    e = O["load"]()
    act = json.loads(e["data/act.json"])
    for key, value in members.items():
        e["bag-info.txt"] = e["bag-info.txt"].replace(act[key].encode(), value.encode())
        act[key] = value
    e["data/act.json"] = json.dumps(act, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    return O["pack"](O["signed"](e))


OTHER_NAME = "KETEN-M-OTHER-1-opening.asice"
KINDS = [
    ("as-it-is", 0, "-", lambda: A["RAW"]),
    ("signed-again", 0, "-", lambda: A["pack"](A["insider"](A["load"]()))),
    ("age-cut-off", 0, "-", lambda: with_object(lambda d: d[:-40])),
    ("age-byte", 0, "-", lambda: with_object(lambda d: d[:-5] + bytes([d[-5] ^ 1]) + d[-4:])),
    ("age-odd-size", 5, "sealed", lambda: with_object(lambda d: d[: 184 + 9])),
    ("plaintext", 5, "sealed", lambda: with_object(lambda d: b"GPS 52.09 5.12\n" * 60)),
    ("age-header", 5, "sealed", lambda: with_object(lambda d: d.replace(b"X25519", b"X25518", 1))),
    ("index-path", 5, "sealed", lambda: with_index(lambda d: d.replace(b'"kind":"object"', b'"kind":"object","path":"/sdcard/a.jpg"'))),
    ("index-reason", 5, "sealed", lambda: with_index(lambda d: d.replace(b'"reason":""', b'"reason":"IMG_1.jpg"'))),
    ("index-id", 5, "sealed", lambda: with_index(lambda d: re.sub(rb'"id":"[0-9a-f]*"', b'"id":"IMG_1.jpg"', d))),
    ("log-reason", 5, "sealed", lambda: with_log(reason)),
    ("log-unprepared", 5, "events", lambda: with_log(late)),
    ("other-recipients", 5, "sealed", lambda: with_info(lambda i: i["recipients"].pop())),
    ("other-key", 5, "sealed", lambda: with_info(lambda i: i.update(recipient="age17r5ep929t2rdf5pkx08fthkk558tkzh7s7j9dgzy73rng4hsqphqera60a"))),
    ("other-envelope", 5, "sealed", lambda: with_info(lambda i: i.update(envelope_sha256="cd" * 32))),
    ("release-as-it-is", 0, "-", lambda: R["RAW"]),
    ("release-signed-again", 0, "-", lambda: release(nothing)),
    ("release-replayed", 5, "act", lambda: release(replay)),
    ("release-by-operator", 5, "authority", lambda: release(nothing, A["OPERATOR"])),
    ("release-other-envelope", 5, "act", lambda: release(lambda a: a["detail"].update(envelope_sha256="cd" * 32))),
    ("release-unopened", 5, "act", lambda: release(nothing, text=no_opening)),
    ("release-second-claimed", 5, "authority", lambda: release(lambda a: a["detail"].update(second_cert_sha256="ab" * 32), text=second)),
    ("release-second-in-log", 5, "act", lambda: release(nothing, text=second)),
    ("release-after-the-end", 5, "authority", lambda: release(lambda a: a.update(made="2098-01-01T00:00:00.000000Z"))),
    ("release-report-swapped", 0, "-", lambda: swapped("report/report.json", b"2024-05-1", b"2024-05-2")),
    ("release-page-swapped", 0, "-", lambda: swapped("report/report.html", b"2024-05-1", b"2024-05-2")),
    ("release-page-longer", 0, "-", lambda: swapped("report/report.nl.html", b"</html>", b"</html><!-- -->")),
    ("release-csv-swapped", 0, "-", lambda: swapped("report/observations.csv", b"2024-05-1", b"2024-05-2")),
    ("release-gpx-swapped", 0, "-", lambda: swapped("report/observations.gpx", b"2024-05-1", b"2024-05-2")),
    ("release-kml-swapped", 0, "-", lambda: swapped("report/observations.kml", b"2024-05-1", b"2024-05-2")),
    ("release-geojson-swapped", 0, "-", lambda: swapped("report/observations.geojson", b"2024-05-1", b"2024-05-2")),
    ("release-case-swapped", 0, "-", lambda: swapped("report/case.jsonld", b"2024-05-1", b"2024-05-2")),
    ("release-view-added", 0, "-", lambda: another_view()),
    ("release-of-nothing", 5, "complete", lambda: release(lambda a: a.update(type="comment"))
        .replace(b"Keten-Type: release", b"Keten-Type: comment", 1)),
    ("opening-signed-again", 0, "-", lambda: opening()),
    ("opening-other-mandate", 0, "-", lambda: opening(mandate_id="M-OTHER", package=OTHER_NAME)),
    ("opening-other-text", 0, "-", lambda: opening(mandate_sha256="ab" * 32)),
]


def main():
    for name, status, check, make in KINDS:
        folder = os.path.join(OUT, name)
        os.makedirs(folder, exist_ok=True)
        kind = {"release": RELEASE, "opening": OPENING}.get(name.split("-")[0], ACQUISITION)
        if name == "opening-other-mandate":
            kind = OTHER_NAME
        with open(os.path.join(folder, os.path.basename(kind)), "wb") as f:
            f.write(make())
        print(name, status, check, sep="\t")


main()
