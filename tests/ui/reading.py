# SPDX-License-Identifier: EUPL-1.2
# How a reviewer reads: the period filter, the record pane in words and copied as text, a window laid out right to
# left, and a package whose records try to get out of their place.
import copy
import csv

from atspi import extents, keys
from scene import *

LRI, FSI, PDI = "\u2066", "\u2068", "\u2069"
STEERING = "\u202a\u202b\u202c\u202d\u202e\u2067\u200e\u200f\u061c"
HOSTILE = {
    "markup": "<b>bold</b> &amp; <span foreground='red'>red</span> %s %n",
    "direction": "name\u202etxt.exe\u2069\u2069 behind \u2067 it \u202c",
    "word": "W" * 3000,
    "nul": "before\x00behind",
    "long": "a name of ten thousand letters " * 330,
    "script": "ናይ ኣስመራ \u05e2\u05d1\u05e8 مقهى البحر 12:30",
}


def refill(text, member, elements):
    """The list of report.json that is called so with other elements, and blanks up to its old length."""
    start = text.index(b'"%s":[' % member) + len(member) + 4
    depth, at, quoted = 1, start, False
    while depth:
        c = text[at:at + 1]
        if quoted:
            at += c == b"\\"
            quoted = c != b'"'
        else:
            quoted = c == b'"'
            depth += (c == b"[") - (c == b"]")
        at += 1
    new = b",\n".join(json.dumps(e, ensure_ascii=False).encode() for e in elements)
    room = at - 1 - start
    if len(new) > room:
        raise Failed("no room in %r: %d of %d" % (member, len(new), room))
    return text[:start] + new + b" " * (room - len(new)) + text[at - 1:]


def make_hostile(good):
    """The same package with other records in the same bytes: it is invalid, and it is shown all the same."""
    text = keten("show", good, "report/report.json").stdout
    model = json.loads(text)["observations"][0]
    rows = []
    for i, (name, value) in enumerate(HOSTILE.items()):
        o = copy.deepcopy(model)
        o["id"] = "o000001#%d" % (i + 1)
        o["path"] = value
        o["record"].update(place_label=value, name=value, raw=value)
        o["record"]["a member of tomorrow " + name] = {"deep": [value, 7, True]}
        rows.append(o)
    # names of members, kinds and sources are text from outside too
    steering = rows[list(HOSTILE).index("direction")]
    steering["record"].update({"type": "vi\u202esit", HOSTILE["direction"]: 1, "": 2, "\u00e9" * 300: {"\u00e9": 3}})
    steering["item"] = "source\u202e/\u2069x"
    rows[0]["id"] = '=1+"2",3'
    rows[-1]["id"] = rows[-2]["id"]
    new = refill(text, b"observations", rows)
    new = refill(new, b"not_taken", [{"kind": "user", "id": "10", "what": HOSTILE["direction"], "reason": HOSTILE["markup"]}])
    is_(len(new), len(text), "length of the report")
    bad = OWN + "/hostile.asice"
    data = read(good)
    at = data.index(text)
    with open(bad, "wb") as f:
        f.write(data[:at] + new + data[at + len(text):])
    return bad, rows


def opened(a, only=None):
    """The findings with the first record chosen; only: what to search, as a tree of 200 rows takes its time."""
    a.state("report-shown")
    n = len(a.states())
    if only is not None:
        a.click("Map")
        a.state("tab-map", after=n)
        a.type_into("Search in the records as the report's file has them", only)
        a.state("filtered", after=n)
    a.click("Findings")
    a.state("tab-findings", after=n)
    n = len(a.states())
    keys("ctrl+f", "Return")
    return n


def in_order(texts):
    """Nothing steers the direction of what surrounds it, and each isolate ends where it should."""
    for t in texts:
        bad = [c for c in t if c in STEERING]
        depth = 0
        for c in t:
            depth += (c in LRI + FSI) - (c == PDI)
            if depth not in (0, 1):
                break
        if bad or depth != 0:
            raise Failed("text that steers its surroundings: %r" % t[:80])


def width(a):
    return next(extents(n).width for n in a.all("frame"))


def period(a, path):
    report = json.loads(keten("show", path, "report/report.json").stdout)
    times = [o["record"]["t"] for o in report["observations"] if o["record"].get("t")]
    want = sum("2024-01-05T" <= t < "2024-01-08" for t in times)
    if not 0 < want < len(times):
        raise Failed("a poor fixture: %d of %d in the period" % (want, len(times)))
    total = len(report["observations"])
    n = len(a.states())
    a.click("Map")
    a.state("tab-map", after=n)
    a.type_into("Search in the records as the report's file has them", "")
    a.type_into("From: date in UTC, such as 2024-05-31 or 2024-05-31 14:00", "2024-01-05")
    a.type_into("Until: date in UTC, such as 2024-05-31 or 2024-05-31 14:00", "2024-01-07")
    a.see("%d of %d observations" % (want, total))
    n = len(a.states())
    a.type_into("Until: date in UTC, such as 2024-05-31 or 2024-05-31 14:00", "7 January")
    a.state("no-date", after=n)
    a.see("Write a date as 2024-05-31")
    a.type_into("Until: date in UTC, such as 2024-05-31 or 2024-05-31 14:00", "2024-01-05 00:00")
    a.see("%d of %d observations" % (sum(t.startswith("2024-01-05T00:00:") for t in times), total))
    for field in ("From", "Until"):
        a.type_into(field + ": date in UTC, such as 2024-05-31 or 2024-05-31 14:00", "")
    a.see("%d of %d observations" % (total, total))


def words(a, path):
    """Every member that the report has for the record is in the pane, with its key."""
    report = json.loads(keten("show", path, "report/report.json").stdout)
    first = report["observations"][0]
    n = opened(a, first["record"]["t"])
    a.state("record-" + first["id"], after=n)
    texts = a.texts()
    shown = " ".join(texts).replace(LRI, "").replace(PDI, "").replace(FSI, "")
    for heading in ("What it says", "Where it comes from", "How it was used", "As it stands in the source", "The bytes"):
        if heading not in texts:
            raise Failed("no heading " + heading)

    def leaves(v, key):
        if isinstance(v, dict):
            for k, x in v.items():
                yield from leaves(x, key + "." + k if key else k)
        elif isinstance(v, list):
            for x in v:
                yield from leaves(x, key)
        elif v is not None:
            yield key

    for key in set(leaves(first, "")):
        if key.startswith("use.where"):
            key = "use.where"
        if key not in shown:
            raise Failed("%s of the record is not shown" % key)
    for text in (first["sha256"], "Counted as a position of this phone", "Austria", first["record"]["locator"]["path"]):
        if text not in shown:
            raise Failed("%s of the record is not shown" % text)
    n = len(a.states())
    a.click("Copy the record as text")
    a.state("copied", after=n)
    in_order(a.texts())


def right_to_left(path):
    report = json.loads(keten("show", path, "report/report.json").stdout)
    first = report["observations"][0]
    a = app(None, path, "--right-to-left")
    n = opened(a, first["record"]["t"])
    a.state("raw-shown", after=n)
    for text in ("%.5f, %.5f" % (first["record"]["lat"], first["record"]["lon"]), first["record"]["t"],
                 first["sha256"], first["path"]):
        a.see(LRI + text + PDI)
    in_order(a.texts())
    n = len(a.states())
    a.type_into("Search in the records as the report's file has them", "")
    a.state("filtered", after=n)
    shot(SHOTS + "/reading-rtl.png")
    n = len(a.states())
    a.click("Map")
    a.state("tab-map", after=n)
    a.state("map-drawn")
    shot(SHOTS + "/reading-rtl-map.png")
    a.end()


def twins(a, path, rows):
    """Two records under one id have one mark, which is kept once."""
    for key, place in (("Home", 2), ("Down", 3)):
        n = len(a.states())
        a.type_into("Search in the records as the report's file has them", rows[-1]["id"])
        a.state("filtered", after=n)
        n = len(a.states())
        keys("ctrl+f", "Return", key)
        a.state("record-" + rows[-1]["id"], after=n)
        mark(a, place)
    is_(json.loads(read(marks_file(path)), object_pairs_hook=list), [(rows[-1]["id"], "contradicts")], "marks")
    n = len(a.states())
    a.type_into("Search in the records as the report's file has them", "")
    a.state("filtered", after=n)


def table(a, rows):
    """No cell of the table that is saved breaks out of its column, or is a formula."""
    n = len(a.states())
    a.click("Export")
    a.state("tab-export", after=n)
    a.type_into("Folder", OWN)
    a.click("Save the table")
    a.state("exported", after=n)
    with open(OWN + "/observations.csv", encoding="utf-8", newline="") as f:
        cells = list(csv.reader(f))
    is_([len(c) for c in cells], [11] * (len(rows) + 1), "columns of the table")
    is_(cells[1][0], "'" + rows[0]["id"], "an id that is a formula")


def hostile(path):
    bad, rows = make_hostile(path)
    a = app(None, bad)
    a.state("verdict-invalid")
    n = opened(a)
    before = width(a)
    for i, (name, text) in enumerate(HOSTILE.items()):
        a.state("record-" + rows[i]["id"], after=n)
        a.see(text[:40].replace("\u202e", "\\u{202e}").replace("\u2069", "\\u{2069}").replace("\u2067", "\\u{2067}")
              .replace("\u202c", "\\u{202c}").replace("\x00", "\u2400"))
        a.see("a member of tomorrow")
        in_order(a.texts())
        is_(width(a), before, "width of the window with " + name)
        shot(SHOTS + "/reading-hostile-%s.png" % name)
        n = len(a.states())
        keys("Down")
    for text in ("vi\\u{202e}sit", "source\\u{202e}/\\u{2069}x"):  # in the lists of the filter too
        a.see(text)
    twins(a, bad, rows)
    table(a, rows)
    for tab in ("Map", "Timeline", "Not taken"):
        n = len(a.states())
        a.click(tab)
        a.state("tab-" + tab.lower().replace(" ", "-"), after=n)
        in_order(a.texts())
    a.see("<b>bold</b>")
    shot(SHOTS + "/reading-hostile-end.png")
    is_(width(a), before, "width of the window")
    a.end()


def scene():
    path = made()
    a = app(None, path)
    words(a, path)
    period(a, path)
    a.end()
    right_to_left(path)
    hostile(path)


run(scene)
