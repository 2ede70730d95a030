# SPDX-License-Identifier: EUPL-1.2
"""journey_views.py DIR: does each view in DIR say what the journey of tests/unit/test_findings.c was designed to show?

What is expected stands here as words, not as what report.json says. The pages on screen and on paper are compared without blanks,
signs of direction and what stands on every sheet, so that one expectation serves both.
"""
import csv
import html
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

DIR = sys.argv[1]
failed = 0

# -- what was designed: for each line the English and the Dutch words -----------------------------------

ACC, CAM, WIFI, TRACK = (
    ("Google account", "Google-account"),
    ("pictures of the camera", "foto's van de camera"),
    ("Wi-Fi networks", "Wifinetwerken"),
    ("recorded tracks", "opgenomen sporen"),
)
GR, NL, BR, RE = ("Greece", "Griekenland"), ("Netherlands", "Nederland"), ("Brazil", "Brazilië"), ("Réunion", "Réunion")
XK = (
    "Kosovo (status contested: attributed to no state, counted neither for nor against)",
    "Kosovo (status omstreden: aan geen staat toegeschreven, voor noch tegen geteld)",
)
BENL = ("near the border of Belgium and Netherlands; not determined", "bij de grens van België en Nederland; niet bepaald")
COARSE = ("too coarse to be placed", "te grof om te plaatsen")

# where, first observation and its time, last one and its time, days, observations, longest gap, source
STAYS = [
    (GR, "2024-05-01 18:00:00", "o000003#1", "2024-05-04 12:00:01", "o000003#3", 3, 3, ("2 days", "2 dagen"), ACC),
    (GR, "2024-05-02 09:20:00", "o000002#1", "2024-05-04 12:00:00", "o000002#3", 3, 3, ("26 hours", "26 uur"), CAM),
    (GR, "2024-05-05 07:58:00", "o000004#1", "2024-05-05 07:58:00", "o000004#1", 1, 1, None, WIFI),
    (XK, "2024-05-10 12:00:00", "o000003#7", "2024-05-10 12:00:00", "o000003#7", 1, 1, None, ACC),
    (BENL, "2024-05-11 18:00:00", "o000003#8", "2024-05-11 18:00:00", "o000003#8", 1, 1, None, ACC),
    (COARSE, "2024-05-11 20:00:00", "o000003#9", "2024-05-11 20:00:00", "o000003#9", 1, 1, None, ACC),
    (NL, "2024-05-12 08:00:00", "o000003#10", "2024-05-14 22:00:00", "o000003#13", 3, 4, ("35 hours", "35 uur"), ACC),
    (NL, "2024-05-12 08:28:00", "o000004#3", "2024-05-12 08:28:00", "o000004#3", 1, 1, None, WIFI),
    (BR, "2024-05-13 09:30:00", "o000006#1", "2024-05-13 10:00:00", "o000006#2", 1, 2, ("30 minutes", "30 minuten"), TRACK),
    (NL, "2024-05-18 08:00:00", "o000003#14", "2024-05-18 08:00:00", "o000003#14", 1, 1, None, ACC),
    (RE, "2024-05-25 08:00:00", "o000003#15", "2024-05-25 08:00:00", "o000003#15", 1, 1, None, ACC),
]
# where it is, its first observation, how many, days, sources
PLACES = [
    ("37.9755000, 23.7348000", "o000003#1", GR, 2, 1, "2024-05-01 18:00:00", "2024-05-02 05:00:00", [ACC]),
    ("37.9838000, 23.7275000", "o000003#2", GR, 2, 3, "2024-05-02 09:00:00", "2024-05-05 07:58:00", [ACC, CAM, WIFI]),
    ("37.9715000, 23.7257000", "o000002#2", GR, 2, 4, "2024-05-03 09:58:00", "2024-05-04 12:00:01", [ACC, CAM]),
    ("42.6629000, 21.1655000", "o000003#7", XK, 1, 1, "2024-05-10 12:00:00", "2024-05-10 12:00:00", [ACC]),
    ("51.4450000, 4.9300000", "o000003#8", BENL, 1, 1, "2024-05-11 18:00:00", "2024-05-11 18:00:00", [ACC]),
    ("52.3702000, 4.8952000", "o000003#10", NL, 2, 4, "2024-05-12 08:00:00", "2024-05-13 11:00:00", [ACC, WIFI]),
    ("-22.9068000, -43.1729000", "o000006#1", BR, 1, 1, "2024-05-13 09:30:00", "2024-05-13 09:30:00", [TRACK]),
    ("-22.9100000, -43.1800000", "o000006#2", BR, 1, 1, "2024-05-13 10:00:00", "2024-05-13 10:00:00", [TRACK]),
    ("52.0900000, 5.1200000", "o000003#13", NL, 2, 2, "2024-05-14 22:00:00", "2024-05-18 08:00:00", [ACC]),
    ("-21.1300000, 55.5300000", "o000003#15", RE, 1, 1, "2024-05-25 08:00:00", "2024-05-25 08:00:00", [ACC]),
]
AGREEMENT = [
    ([ACC, CAM], 1, "2024-05-02 09:00:00", "2024-05-02 09:20:00", "o000003#2", "o000002#1", ("36 m, 20 minutes", "36 m, 20 minuten")),
    ([ACC, WIFI], 1, "2024-05-12 08:00:00", "2024-05-12 08:28:00", "o000003#10", "o000004#3", ("63 m, 28 minutes", "63 m, 28 minuten")),
]
CONFLICTS = [  # the planted track
    ([ACC, TRACK], 3, "2024-05-13 09:00:00", "2024-05-13 11:00:00", "o000003#11", "o000006#1", ("9577 km, 30 minutes", "9577 km, 30 minuten")),
]
FITS = ("Fits: observations fit this claim, and none was found that does not fit it.", "Past: er zijn waarnemingen die bij deze bewering passen, en er is er geen gevonden die er niet bij past.")
BOTH = ("Sources differ: some observations fit this claim, others do not fit it.", "Bronnen verschillen: sommige waarnemingen passen bij deze bewering, andere passen er niet bij.")
NO_DATA = ("No data: no observation counts for or against this claim.", "Geen gegevens: geen waarneming telt voor of tegen deze bewering.")
# finding; observations that fit, that do not, that do not decide
CLAIMS = [
    ("In Athens and nowhere else.", FITS, 8, 0, 0),
    ("Then in the Netherlands.", BOTH, 5, 2, 0),
    ("In Italy in June.", NO_DATA, 0, 0, 0),
    ("Never in Lisbon.", FITS, 5, 0, 3),
    ("In this quarter.", FITS, 8, 0, 0),
    ("In Kosovo on the way.", NO_DATA, 0, 0, 1),
    ("A day in Belgium.", NO_DATA, 0, 0, 2),
    ("In France.", NO_DATA, 0, 0, 2),
]
SHIFTED = {  # by the phone's own clock, which was two minutes ahead
    "o000005#1": "2024-04-30T23:58:10Z",
    "o000002#2": "2024-05-03T09:58:00Z",
    "o000007#1": "2024-05-03T11:58:00Z",
    "o000007#2": "2024-05-03T12:28:00Z",
    "o000004#1": "2024-05-05T07:58:00Z",
    "o000004#2": "2024-05-03T13:58:00Z",
    "o000004#3": "2024-05-12T08:28:00Z",
}
NOT_USED = {  # why an observation with a place is no position of this phone
    "o000002#5": ("other-camera", "made with another camera than this phone's", "gemaakt met een andere camera dan die van deze telefoon"),
    "o000007#1": ("camera-not-named", "the picture names no camera", "de foto noemt geen camera"),
    "o000007#2": ("received", "lies where messages and downloads are stored", "ligt waar berichten en downloads worden opgeslagen"),
    "o000002#6": ("edited", "set or changed by hand", "met de hand ingesteld of gewijzigd"),
    "o000004#2": ("other-device", "another device is named as its origin", "een ander apparaat wordt als herkomst genoemd"),
    "o000003#5": ("null-island", "0, 0: a filler", "0, 0: een vulwaarde"),
    "o000003#4": ("named-place", "a place that the data names", "een plaats die de gegevens noemen"),
    "o000003#6": ("undated", "without a time", "zonder tijd"),
}
STATED = {"o000005#1", "o000001#1", "o000001#2", "o000001#3"}  # without a place
USED = ({"o000002#%d" % n for n in (1, 2, 3, 4)} | {"o000004#1", "o000004#3", "o000006#1", "o000006#2"}
        | {"o000003#%d" % n for n in (1, 2, 3, 7, 8, 9, 10, 11, 12, 13, 14, 15)})
ALL = USED | STATED | set(NOT_USED)


def check(what, good, detail=""):
    global failed
    failed += not good
    print("%s %s%s" % ("ok   " if good else "FAIL ", what, "" if good else ": " + str(detail)))


def squeeze(s):
    s = re.sub(r"(o00000\d#\d+)", r"\1;", s)  # an id ends where it ends, though a number may follow
    return re.sub(r"[\s\u2066-\u2069\u200e\u200f\ufeff]", "", s)


# -- on screen and on paper ---------------------------------------------------------------------------


def screen(name):
    s = open(DIR + "/" + name, encoding="utf-8").read()
    s = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<title>.*?</title>", "", s, flags=re.S)
    return squeeze(html.unescape(re.sub(r"<[^>]*>", " ", s)))


def paper(name):
    s = subprocess.run(["pdftotext", "-raw", DIR + "/" + name, "-"], capture_output=True, check=True).stdout.decode()
    s = squeeze(s)
    # foot and head of a sheet, as they follow one another at a break
    return re.sub(r"SHA-256(?:of|van)report\.json[0-9a-f]{64}(?:Case|Zaak)00(?:Page|Blad)\d+/\d+(?:EvidencereportN-1Keten|BewijsrapportN-1Keten)?", "", s)


HEADS = {
    "stays": ("No. Where From Until Days Observations Longest gap Source", "Nr. Waar Van Tot Dagen Waarnemingen Langste leemte Bron"),
    "places": ("No. Latitude, longitude Where Days Observations First and last Sources", "Nr. Breedte, lengte Waar Dagen Waarnemingen Eerste en laatste Bronnen"),
    "pairs": ("Sources Pairs From and until First pair Apart", "Bronnen Paren Van en tot Eerste paar Afstand"),
}


def joined(sources, i):
    return ", ".join(s[i] for s in sources)


def pair_rows(pairs, i):
    at_most = ("at most ", "ten hoogste ")[i]
    return "".join(joined(s, i) + str(n) + a + "UTC" + b + "UTC" + x + " " + y + " " + d[i] + at_most + d[i].split(",")[0] for s, n, a, b, x, y, d in pairs)


def tables(i):
    """The rows of each table, with what stands right behind it: no row more, none less."""
    stays = "".join(
        "%d%s%sUTC%s %sUTC%s %d%d%s%s" % (n, s[0][i], s[1], s[2], s[3], s[4], s[5], s[6], s[7][i] if s[7] else "–", s[8][i])
        for n, s in enumerate(STAYS, 1))
    places = "".join(
        "%d%s%s %s%d%d%sUTC%sUTC%s" % (n, p[0], p[1], p[2][i], p[3], p[4], p[5], p[6], joined(p[7], i)) for n, p in enumerate(PLACES, 1))
    return [
        ("stays", stays + ("Places", "Plaatsen")[i]),
        ("places", places + ("Independent sources that agree", "Onafhankelijke bronnen die overeenstemmen")[i]),
        ("pairs", pair_rows(AGREEMENT, i) + ("Sources that cannot both hold", "Bronnen die niet allebei kunnen kloppen")[i]),
        ("pairs", pair_rows(CONFLICTS, i) + ("Cameras of the pictures", "Camera's van de foto's")[i]),
    ]


def page(name, text, i):
    for k, (table, rows) in enumerate(tables(i)):
        head = squeeze(HEADS[table][i])
        # a table that goes on overleaf shows its head again
        check("%s: table %d (%s) has the designed rows and no other" % (name, k + 1, table), head + squeeze(rows) in text or squeeze(rows) in text.replace(head, ""),
              squeeze(rows)[:300])
    parts = text.split(squeeze(("Taken to mean", "Opgevat als")[i]))
    check("%s: %d claims" % (name, len(CLAIMS)), len(parts) == len(CLAIMS) + 1, len(parts) - 1)
    head = squeeze(("Fits Does not fit Not determined", "Past Past niet Niet bepaald")[i])
    words = [("observations: ", "waarnemingen: ")[i], ("days: ", "dagen: ")[i]]
    for n, (said, finding, *counts) in enumerate(CLAIMS):
        claim = parts[n + 1] if n + 1 < len(parts) else ""
        check("%s: claim %d in the words that were given" % (name, n + 1), parts[n].endswith(squeeze(said)))
        check("%s: claim %d: %s" % (name, n + 1, finding[i]), squeeze(finding[i]) in claim and sum(squeeze(f[i]) in claim for f in (FITS, BOTH, NO_DATA)) == 1)
        cell = claim.split(head)[-1]
        got = [int(g) for g in re.findall(squeeze(words[0]) + r"(\d+?)" + squeeze(words[1]), cell)[:3]]
        check("%s: claim %d: %d fit, %d do not, %d open" % (name, n + 1, *counts), got == counts, got)
    for key in (("seconds observations shifted: %d; the time as recorded is shown beside each", "seconden verschoven waarnemingen: %d; de tijd zoals vastgelegd staat naast elk")[i] % 4,
                ("Phone minus station 120 seconds", "Telefoon min station 120 seconden")[i]):
        check("%s: clock: %s" % (name, key), squeeze(key) in text)
    rows = re.split(r"(o00000\d#\d+);", text[text.rindex(squeeze(("Observations of place and time", "Waarnemingen van plaats en tijd")[i])):])
    row = {rows[n + 1]: rows[n] for n in range(0, 2 * 29, 2)}  # an observation's number ends its row
    check(name + ": the observations of place and time", set(row) == ALL - {"o000001#1", "o000001#2", "o000001#3"}, sorted(row))
    clock = squeeze(("time used, when the clock's error is taken off: ", "gebruikte tijd, met de fout van de klok afgetrokken: ")[i])
    got = {k: re.search(clock + r"(.{10})(.{8})UTC", v) for k, v in row.items()}
    check(name + ": times shifted by the clock's error, beside those recorded", {k: "%sT%sZ" % m.groups() for k, m in got.items() if m} == SHIFTED,
          {k: m.groups() for k, m in got.items() if m})
    no = squeeze(("not used as a position of this phone: ", "niet gebruikt als positie van deze telefoon: ")[i])
    check(name + ": what is no position of this phone, and why (%d)" % len(NOT_USED),
          {k for k, v in row.items() if no in v} == set(NOT_USED) and all(no + squeeze(w[1 + i]) in row[k] for k, w in NOT_USED.items()),
          [k for k, w in NOT_USED.items() if no + squeeze(w[1 + i]) not in row.get(k, "")])


# -- forms for other programs -------------------------------------------------------------------------


def iso(t):
    return t.replace(" ", "T") + "Z"


def same_use(form, got, want):
    """got: id to (used as, why)"""
    use = {k: ("position", "position") for k in USED} | {k: ("not-position", w[0]) for k, w in NOT_USED.items()} | {k: ("no-position", "statement") for k in STATED}
    check("%s: %d observations, each used as designed" % (form, len(want)), got == {k: use[k] for k in want}, set(got.items()) ^ {(k, use[k]) for k in want})


def forms():
    placed = ALL - STATED
    rows = list(csv.DictReader(open(DIR + "/observations.csv", encoding="utf-8-sig", newline="")))
    features = json.load(open(DIR + "/observations.geojson", encoding="utf-8"))["features"]
    flat = [dict(f["properties"], id=f["id"]) for f in features]
    for form, list_ in (("csv", rows), ("geojson", flat)):
        same_use(form, {r["id"]: (r["used_as"], r["used_why"]) for r in list_}, ALL)
        check(form + ": times shifted by the clock's error", {r["id"]: r["time_used_utc"] for r in list_ if r.get("time_used_utc")} == SHIFTED)
    stays = {}
    for r in sorted((r for r in rows if r["stay"]), key=lambda r: r["time_used_utc"] or r["time_utc"]):
        stays.setdefault(int(r["stay"]), []).append(r)
    code = {GR: "GR", NL: "NL", BR: "BR", RE: "RE", XK: "x-kosovo", BENL: "BE NL", COARSE: ""}
    got = [(re.sub(r"[^\w-]+", " ", s[0]["territories"]).strip(), s[0]["time_used_utc"] or s[0]["time_utc"], len(s)) for _, s in sorted(stays.items())]
    check("csv: the stays", got == [(code[s[0]], iso(s[1]), s[6]) for s in STAYS], got)
    check("csv: the places", {int(r["place"]) for r in rows if r["place"]} == set(range(1, len(PLACES) + 1)))
    said = re.compile(r"used as: (\S+?); why: ([^;]+?)(?:;|$)")
    for form, tag, want in (("gpx", "wpt", placed), ("kml", "Placemark", ALL)):
        use = {}
        for e in ET.parse(DIR + "/observations." + form).getroot().iter():
            if e.tag.endswith("}" + tag):
                text = {c.tag.split("}")[1]: c.text or "" for c in e}
                use[text["name"]] = said.search(text.get("description", text.get("desc", ""))).groups()
        same_use(form, use, want)
    graph = json.load(open(DIR + "/case.jsonld", encoding="utf-8"))["@graph"]
    why = {n["uco-core:name"]: n["uco-core:description"] for n in graph if n["@type"] == "uco-location:Location"}
    check("case: %d locations, each with what it is used as" % len(placed), why == {k: NOT_USED[k][0] if k in NOT_USED else "position" for k in placed}, why)


for i_, (h_, p_) in enumerate((("report.html", "report.pdf"), ("report.nl.html", "report.nl.pdf"))):
    page(h_, screen(h_), i_)
    page(p_, paper(p_), i_)
forms()
sys.exit(failed > 0)
