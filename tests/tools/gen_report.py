#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""gen_report.py N [OUT]: a report.json (keten-report-2) with N observations, all of it made up.

For tests and figures of the views alone: every member of docs/formats/report.md is there, texts in Arabic,
Persian, Tigrinya, Amharic, Ukrainian and Hebrew, and texts that try to become markup or formulas.
"""
import json
import sys

TEXTS = [
    "مقهى البحر 2026-11-22 الساعة 14:05", "کتابخانهٔ شهر ۲۰۲۴", "ናይ ኣስመራ ዕዳጋ", "የአዲስ አበባ ገበያ",
    "Київський вокзал", "תחנת רכבת 12", "=HYPERLINK(\"http://x\")", "+1;2", "-3", "@SUM(1)", "</td><script>alert(1)</script>",
    "a & b < c > \"d\" 'e'", "line\\u{202e}back", "Marktplein", "Küche, Straße", "x]]>y",
]
POINTS = [(523676, 49041), (525200, 134050), (379838, 237275), (153229, 389251), (90320, 387490), (414275, 290000)]
PLUGINS = ["media-exif", "google-timeline", "android-wifi"]


def utc(k):
    """Minute k after 2024-01-01."""
    day, m = divmod(k, 1440)
    months = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    year, d = 2024 + day // 366, day % 366
    for i, n in enumerate(months):
        if d < n:
            return "%04d-%02d-%02dT%02d:%02d:00Z" % (year, i + 1, d + 1, m // 60, m % 60)
        d -= n
    return "2030-01-01T00:00:00Z"


def where(verdict, *codes):
    return {"verdict": verdict, "territories": list(codes)}


CODES = ["NL", "DE", "GR", "ER", "ET", "TR"]


def observation(i):
    p = (i // 400) % len(POINTS)
    lat, lon = POINTS[p][0] * 1000 + (i * 37) % 900, POINTS[p][1] * 1000 + (i * 91) % 900
    kind = i % 10
    rec = {"type": "position", "basis": "measured", "t": utc(i * 3), "t_kind": "utc", "t_local": None, "t_end": None}
    use = {"as": "position", "why": "position", "source": ["camera", "google-account", "wifi"][i % 3],
           "where": where("in", CODES[p]), "place": 1 + p, "stay": 1 + p}
    pos = True
    if kind == 7:
        rec.update(type="place", basis="stated")
        use = {"as": "not-position", "why": "named-place", "source": "google-account"}
    elif kind == 8:
        rec.update(type="media", basis="measured", t=None, t_kind="local", t_local="2024-05-12T18:20:00")
        use = {"as": "no-position", "why": "no-usable-position", "source": "camera"}
        pos = False
    elif kind == 9:
        rec.update(type="visit", basis="inferred", t_end=utc(i * 3 + 2))
    text = "%s" % TEXTS[i % len(TEXTS)]
    head = json.dumps({"id": "o%06d#%d" % (1 + i // 1000, i % 1000), "object": "o%06d" % (1 + i // 1000),
                       "sha256": "%064x" % (1 + i // 1000), "path": "/sdcard/DCIM/%s.jpg" % text,
                       "item": PLUGINS[i % 3] + "/x", "plugin": PLUGINS[i % 3], "use": use}, ensure_ascii=False)[:-1]
    body = json.dumps(rec, ensure_ascii=False)[:-1]
    if pos:
        body += ', "lat": %d.%07d, "lon": %d.%07d, "accuracy_m": %d.500, "position": "ok"' % (
            lat // 10**7, lat % 10**7, lon // 10**7, lon % 10**7, 5 + i % 30)
    else:
        body += ', "lat": null, "lon": null, "accuracy_m": null, "position": "unusable", "position_reason": "hemisphere-missing"'
    body += ', "flags": [], "place_name": %s, "raw": %s, "locator": {"kind": "bytes", "path": null, "offset": %d, "length": 120}}' % (
        json.dumps(text, ensure_ascii=False), json.dumps(text, ensure_ascii=False), i * 128)
    return head + ', "record": ' + body + "}"


def member(out, key, value, last=False):
    out.write(json.dumps(key) + ":" + json.dumps(value, ensure_ascii=False) + ("\n" if last else ",\n"))


def head(out, n):
    for key, value in (("format", "keten-report-2"), ("case_id", "00ff00ff"), ("case_ref", "N-2026-1"), ("mandate_id", "m-1"),
                       ("mandate_sha256", "5a" * 32), ("simulated", True)):
        member(out, key, value)
    member(out, "plugins", [{"id": p, "version": 1, "title": "Photo metadata (EXIF in JPEG, HEIC and other pictures)",
                             "status": "schema-tested, not device-tested", "absence": "None."} for p in PLUGINS])
    member(out, "limits", [{"id": "no-score", "text": "The report gives no score and draws no conclusion about a person."}])
    member(out, "attention", [{"id": "minor", "text": "The mandate says that this person is a minor. The report is to be read "
                                                      "with the representative that it names."}])
    used = sum(1 for k in range(10) if k not in (7, 8)) * (n // 10)
    member(out, "result", {"code": "positions-reported", "text": "x", "positions": used, "stays": len(POINTS), "agreements": 1,
                           "conflicts": 1, "observations": n, "with_position": used, "places_named": n // 10, "with_time": n,
                           "local_time": n // 10, "undated": 0, "withheld": 3, "withheld_files": 1, "skipped": 2,
                           "by_basis": {"measured": n}, "by_type": {"position": n},
                           "sources": [{"item": p + "/x", "plugin": p, "outcome": "acquired", "observations": n // 3, "with_position": n // 4,
                                        "skipped": 0, "withheld": 0, "withheld_files": 0,
                                        "why": "Elements with a usable position were found."} for p in PLUGINS]})


def span(obs, days, ids):
    return {"observations": obs, "days": days, "first": "2024-05-01T10:00:00Z" if obs else None,
            "last": "2024-05-20T10:00:00Z" if obs else None, "sources": ["camera"] if obs else [], "ids": ids}


def statement():
    coverage = {"days": 76, "days_observed": 12, "longest_gap_s": 864000, "mandate": "whole", "silence": "source-recorded-around",
                "text": "x", "sources": [{"source": "camera", "by_itself": False, "observations": 40, "first": "2024-05-01T10:00:00Z",
                                          "last": "2024-07-01T10:00:00Z"}]}
    claims = []
    for i, (finding, place) in enumerate([("fits", {"kind": "country", "code": "GR"}), ("does-not-fit", {"kind": "country", "code": "TR"}),
                                          ("no-data", {"kind": "point", "name": "Asmara", "lat": "15.3229", "lon": "38.9251", "radius_m": 20000})]):
        u = span(0, 0, [])
        u["why"] = []
        claims.append({"id": "c%d" % (i + 1), "text": "I lived there from May to the middle of July 2024. ኣብ ኣስመራ", "kind": "stayed",
                       "period": {"from": "2024-05-01", "to": "2024-07-15"}, "place": place, "uncertainty": {"days": 7, "metres": 0},
                       "findings": [finding], "sentence": "x", "fits": span(12 if finding == "fits" else 0, 9, ["o000001#1"]),
                       "does_not_fit": span(7 if finding == "does-not-fit" else 0, 5, ["o000001#2"]), "undecided": u, "coverage": coverage})
    return {"sha256": "ab" * 32, "given_at": "2026-11-20T10:00:00+01:00", "language": "ti", "interpreter": None,
            "source": "report of the interview, page 4", "claims": claims}


def middle(out, n):
    member(out, "statement", statement())
    member(out, "authority", {"issuer": "An office", "purpose": "identity", "legal_basis": {"code": "x", "text": "y"}, "mode": "consent",
                              "necessity": {"question": "q", "less_intrusive_means": [], "proportionality": "p"},
                              "subject": {"minor": True, "language": "ti", "representative": "R", "interpreter": None},
                              "validity": {"issued_at": utc(0), "not_before": utc(0), "not_after": utc(9000), "max_sessions": 1},
                              "device": {"kind": "android", "identifier": None}, "two_stage": False, "authoriser": None, "operator": None})
    member(out, "device", {"kind": "android", "identifier": "S1", "stated": []})
    member(out, "session", {"opened": [{"utc": utc(1)}], "closed": "2026-11-22T09:00:00Z", "clock_checks": [], "clock_source": "x"})
    member(out, "clock", {"offset_ms": 3600000, "checked": "twice", "applied_ms": 3600000, "rule": "No time was shifted.", "observations": 5,
                          "against_satellites": {"observations": 0, "least_s": None, "most_s": None}})
    for key in ("taken", "containers", "not_taken"):
        member(out, key, [])
    names = {"NL": ("Netherlands", "Nederland"), "DE": ("Germany", "Duitsland"), "GR": ("Greece", "Griekenland"), "ER": ("Eritrea", "Eritrea"),
             "ET": ("Ethiopia", "Ethiopië"), "TR": ("Turkey", "Turkije")}
    member(out, "geography", {"map": "made-up 1", "map_sha256": "cd" * 32, "contested_version": 1, "margin_m": 5000, "max_accuracy_m": 200000,
                              "note": "A note.", "contested_note": "Another note.",
                              "territories": [{"code": c, "name_en": names[c][0], "name_nl": names[c][1], "contested": False} for c in sorted(names)]})
    member(out, "totals", [{"where": where("in", c), "counts": True, "observations": n // 6, "days": 4, "first": utc(0), "last": utc(9)} for c in CODES]
           + [{"where": where("border", "GR", "TR"), "counts": False, "observations": 2, "days": 1, "first": utc(5), "last": utc(6)}])
    member(out, "stays", [{"n": i + 1, "where": where("in", c), "counts": True, "from": utc(i * 1200), "to": utc(i * 1200 + 1100),
                           "observations": 400, "not_determined": 0, "days": 2, "longest_gap_s": 7200,
                           "basis": {"measured": 300, "inferred": 100, "other": 0}, "sources": ["camera"],
                           "first": "o000001#0", "last": "o000001#9"} for i, c in enumerate(CODES)])
    out.write('"places":[\n' + ",\n".join(
        '{"n":%d,"lat":%d.%07d,"lon":%d.%07d,"radius_m":120,"where":%s,"observations":400,"days":2,"first":"%s","last":"%s","sources":["camera"],"id":"o000001#0"}'
        % (i + 1, la // 10000, la % 10000 * 1000, lo // 10000, lo % 10000 * 1000, json.dumps(where("in", CODES[i])), utc(i * 1200), utc(i * 1200 + 1100))
        for i, (la, lo) in enumerate(POINTS)) + "],\n")
    pair = {"n": 1, "sources": ["camera", "wifi"], "pairs": 3, "from": utc(0), "to": utc(90), "a": "o000001#0", "b": "o000001#2",
            "distance_m": 240, "seconds": 600, "stay": 1, "text": "x"}
    member(out, "agreement", [pair])
    member(out, "conflicts", [dict(pair, distance_m=2000000, largest_m=2100000)])
    member(out, "photos", {"phone": {"make": ["Keten Tests"], "model": ["Simulated Phone", "SP-1"]},
                           "cameras": [{"make": "Other", "model": "Camera", "pictures": 4, "with_position": 3, "same": "no"}],
                           "why": [{"why": "other-camera", "count": 3}]})


def main():
    n = int(sys.argv[1])
    out = open(sys.argv[2], "w", encoding="utf-8") if len(sys.argv) > 2 else sys.stdout
    out.write("{")
    head(out, n)
    middle(out, n)
    out.write('"observations":[\n')
    for i in range(n):
        out.write((",\n" if i else "") + observation(i))
    out.write("],\n")
    for key in ("links", "not_reported", "parsing"):
        member(out, key, [])
    member(out, "objects", [{"object": "o%06d" % (i + 1), "item": "media-exif/x", "path": "/sdcard/a.jpg", "path_hex": "2f", "bytes": 1000, "sha256": "%064x" % (i + 1),
                             "fs_size": 2000, "fs_mtime": None, "method": "dd", "outcome": "acquired", "reason": None, "ranges": 1} for i in range(n // 1000 + 1)], True)
    out.write("}\n")
    out.flush()


main()
