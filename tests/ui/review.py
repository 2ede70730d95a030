# SPDX-License-Identifier: EUPL-1.2
# A reviewer: a good package, one that was tampered with, one that nobody vouches for; the same record in
# table, inspector and raw bytes; a mark; an export.
from scene import *

SEARCH = "Search in the records as the report's file has them"


def tamper(path):
    bad = OWN + "/tampered.asice"
    data = bytearray(read(path))
    at = data.index(b'"format":"keten-report-')
    data[at + 12:at + 13] = b"K"
    with open(bad, "wb") as f:
        f.write(data)
    return bad


def findings(a, path):
    n = open_package(a, path)
    a.state("verdict-valid", after=n)
    a.see("Valid")
    a.see("That doesn't say that what a phone recorded is right")
    a.state("about-shown", after=n)
    a.state("checks-shown", after=n)
    for text in ("DEMO-CASE-1", "Open: its report can be read here", "CN=Demo Operator", "Yes: made with a simulated phone"):
        a.see(text)
    a.state("report-shown", after=n)
    a.state("map-read", after=n)
    shot(SHOTS + "/review-verify.png")
    a.click("Findings")
    a.state("tab-findings", after=n)
    report = json.loads(keten("show", path, "report/report.json").stdout)
    total = len(report["observations"])
    a.see("%d of %d observations" % (total, total))
    visits = sum(o["record"]["type"] == "visit" for o in report["observations"])
    if not 0 < visits < total:
        raise Failed("a poor fixture: %d visits of %d" % (visits, total))
    n = len(a.states())
    a.type_into(SEARCH, '"TYPE":"visit"')
    a.state("filtered", after=n)
    a.see("%d of %d observations" % (visits, total))
    # choose the first row with the keyboard
    first = next(o for o in report["observations"] if o["record"]["type"] == "visit")
    from atspi import keys
    keys("ctrl+f")
    keys("Return")
    a.state("record-" + first["id"])
    a.state("raw-shown")
    shot(SHOTS + "/review-findings.png")
    a.see(first["record"]["place_id"])
    raw = next(t for t in a.texts() if re.match("[0-9a-f]{8} ", t))
    loc = first["record"]["locator"]
    own = bytes.fromhex("".join(re.findall(r">([0-9a-f]{2})", raw)))
    want = read(WORK + "/phone/Download/Timeline.json")[loc["offset"]:loc["offset"] + loc["length"]]
    start = max(loc["offset"] - 48, 0) & ~7  # of the 4096 bytes that are shown at most
    is_(own, want[:start + 4096 - loc["offset"]], "raw bytes of the record")
    for tab in ("Map", "Timeline", "Statement", "Not taken", "Export"):
        n = len(a.states())
        a.click(tab)
        a.state("tab-" + tab.lower().replace(" ", "-"), after=n)
        if tab == "Not taken":  # words, not the tokens of report.json
            a.see("the texts of messages")
        shot(SHOTS + "/review-%s.png" % tab.lower().replace(" ", "-"))
    os.makedirs(OWN + "/export")
    a.type_into("Folder", OWN + "/export")
    n = len(a.states())
    a.click("Save the JSON")
    a.state("exported", after=n)
    is_(read(OWN + "/export/report.json"), keten("show", path, "report/report.json").stdout, "exported report")
    n = len(a.states())
    a.click("Save the table")
    a.state("exported", after=n)
    rows = read(OWN + "/export/observations.csv").decode().split("\r\n")
    is_(len(rows), visits + 2, "rows of the table: its head, the visits, the end")
    n = len(a.states())
    a.click("Save the table")
    a.state("not-exported", after=n)


def scene():
    good = made()
    bad = tamper(good)
    a = app()
    findings(a, good)
    n = open_package(a, bad)
    a.state("verdict-invalid", after=n)
    a.see("This package is invalid.")
    a.see("Do not rely on it.")
    a.see("Nothing changed")  # what the check that fails is about
    a.state("tab-verify", after=n)
    shot(SHOTS + "/review-invalid.png")
    a.click("Findings")
    a.state("tab-findings", after=n)
    is_(typed(a, SEARCH), "", "what is looked for in the next package")
    a.end()
    # no trust anchor
    a = app(settings(trust=OWN))
    n = open_package(a, good)
    a.state("verdict-undetermined", after=n)
    a.see("neither valid nor invalid")
    a.state("tab-verify", after=n)
    shot(SHOTS + "/review-undetermined.png")
    a.end()
    # dropped on the program's name: the file is opened at once
    a = app(None, good)
    a.state("verdict-valid")
    a.end()


run(scene)
