# SPDX-License-Identifier: EUPL-1.2
"""views_count.py DIR REPORT.JSON: are the same observations, with the same coordinates, in each of the forms in DIR?"""
import csv, json, re, sys, xml.etree.ElementTree as ET
d, report = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))
want = {o["id"]: (o["record"].get("lat"), o["record"].get("lon")) for o in report["observations"]}
seen = {}
rows = list(csv.DictReader(open(d + "/observations.csv", encoding="utf-8-sig", newline="")))
seen["csv"] = {r["id"]: (float(r["latitude"]) if r["latitude"] else None, float(r["longitude"]) if r["longitude"] else None) for r in rows}
for f, tag in (("gpx", "wpt"), ("kml", "Placemark")):
    out = {}
    for e in ET.parse(d + "/observations." + f).getroot().iter():
        if e.tag.split("}")[1] != tag:
            continue
        name = next(c.text for c in e if c.tag.endswith("}name"))
        if f == "gpx":
            out[name] = (float(e.get("lat")), float(e.get("lon")))
        else:
            c = [x.text for x in e.iter() if x.tag.endswith("}coordinates")]
            out[name] = tuple(reversed([float(v) for v in c[0].split(",")])) if c else (None, None)
    seen[f] = out
g = json.load(open(d + "/observations.geojson", encoding="utf-8"))
seen["geojson"] = {f["id"]: tuple(reversed(f["geometry"]["coordinates"])) if f["geometry"] else (None, None) for f in g["features"]}
c = json.load(open(d + "/case.jsonld", encoding="utf-8"))["@graph"]
pick = lambda n, k: float(n["uco-core:hasFacet"][0]["uco-location:" + k]["@value"])
seen["case"] = {n["uco-core:name"]: (pick(n, "latitude"), pick(n, "longitude")) for n in c if n["@type"] == "uco-location:Location"}
placed = {k: v for k, v in want.items() if v[0] is not None}
bad = 0
for form, got in seen.items():
    ok = got == (placed if form in ("gpx", "case") else want)
    print(form, len(got), "same" if ok else "DIFFERENT")
    bad |= not ok
ids = {n["@id"] for n in c}
refs = set(re.findall(r'"@id": ?"(kb:[^"]*)"', json.dumps(c)))
print("case: every reference has its node" if refs == ids else "case: DANGLING %s" % (refs - ids))
bad |= refs != ids
formulas = [v for r in rows for k, v in r.items() if v and v[0] in "=+-@\t" and k not in ("latitude", "longitude")]
print("formulas: %d" % len(formulas))
bad |= bool(formulas)
sys.exit(bad)
