# SPDX-License-Identifier: EUPL-1.2
# What was stated beside what was found: a claim that fits, one that does not, one of which nothing is known, with
# equal weight, in both languages. And a reviewer's marks: for the statement, against it, kept beside the package.
from atspi import keys
from scene import *

CLAIMS = [("c1", "Lived in Athens in the first days of May.", "2024-05-01", "2024-05-05", "GR", "fits"),
          ("c2", "Was in Italy on the second of May.", "2024-05-02", "2024-05-03", "IT", "does-not-fit"),
          ("c3", "Was in Eritrea after the tenth.", "2024-05-10", "2024-05-20", "ER", "no-data")]


def make_package():
    os.makedirs(OWN, exist_ok=True)
    with open(OWN + "/tour.gpx", "w", encoding="utf-8") as f:
        f.write('<?xml version="1.0"?><gpx version="1.1" creator="test" '
                'xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>')
        for d in range(1, 6):
            f.write('<trkpt lat="37.98" lon="23.73"><time>2024-05-0%dT12:00:00Z</time></trkpt>' % d)
        f.write("</trkseg></trk></gpx>")
    with open(OWN + "/statement.json", "w", encoding="utf-8") as f:
        json.dump({"format": "keten-statement-1", "given_at": "2024-11-20T10:00:00Z", "language": "ti",
                   "source": "interview",
                   "claims": [{"id": i, "kind": "stayed", "text": text, "period": {"from": start, "to": end},
                               "place": {"kind": "country", "code": code}}
                              for i, text, start, end, code, _ in CLAIMS]}, f)
    r = keten("import", "--from", OWN + "/tour.gpx", "--form", "file", "--mandate", DESK + "/tracks.json", "--trust",
              DESK + "/trust", "--operator", DESK + "/operator.pem", "--statement", OWN + "/statement.json", "--case",
              OWN + "/case", "--out", OWN + "/out", "--simulated")
    is_(r.returncode, 0, "keten import: " + r.stderr.decode()[-300:])
    return package()


def show(a, w, findings, guise):
    a.state("report-shown")
    a.click(w("Statement"))
    a.state("tab-statement")
    texts = a.texts()
    at = [next(i for i, t in enumerate(texts) if c[1] in t) for c in CLAIMS]
    if at != sorted(at):
        raise Failed("the claims are not in the order of the statement")
    for c, word in zip(CLAIMS, findings):
        a.see(word)
    shot("%s/statement-%s.png" % (SHOTS, guise))
    subprocess.run(["xdotool", "mousemove", "640", "600", "click", "--repeat", "20", "5"], check=True)
    shot("%s/statement-%s-end.png" % (SHOTS, guise))


def marks(a, path, report):
    """The first record speaks against the statement, the second for it: notes beside the package."""
    a.click("Findings")
    a.state("tab-findings")
    first, second = [o["id"] for o in report["observations"][:2]]
    keys("ctrl+f", "Return")
    a.state("record-" + first)
    mark(a, 3)
    keys("ctrl+f", "Return", "Down")
    a.state("record-" + second)
    mark(a, 2)
    for short in ("For", "Against"):  # in the table, each on its row
        wait_for("a row marked " + short, lambda: short in a.texts())
    shot(SHOTS + "/statement-marks.png")
    kept = json.loads(read(marks_file(path)))
    is_(kept, {first: "contradicts", second: "supports"}, "marks")


def scene():
    path = make_package()
    before = read(path)
    report = json.loads(keten("show", path, "report/report.json").stdout)
    is_([c["findings"] for c in report["statement"]["claims"]], [[c[5]] for c in CLAIMS], "findings")
    a = app(None, LANGUAGE="nl")
    open_package(a, path, dutch)
    show(a, dutch, ("Past: ", "Past niet: ", "Geen gegevens: "), "nl")
    a.end()
    a = app()
    open_package(a, path)
    show(a, str, ("Fits: ", "Does not fit: ", "No data: "), "en")
    marks(a, path, report)
    a.end()


run(scene)
