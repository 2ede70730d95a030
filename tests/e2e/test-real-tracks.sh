#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# tracks, fit and media-quicktime, in their sandbox, on files that others published: every file ends in
# a named outcome; GPX points agree in number, kind and coordinates with an independent reader; FIT
# points with the lists that lie beside some files; the film with ExifTool.
# usage: tests/e2e/test-real-tracks.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:?usage: tests/e2e/test-real-tracks.sh BUILD}
data=../shared/testdata
if [ ! -d "$data/gpx" ] || [ ! -d "$data/fit" ]; then
	echo "SKIP: no ../shared/testdata"
	exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# try NAME PLUGIN: the files named on standard input, in one command
try() {
	tr '\n' '\0' | xargs -0 -x "$build/keten" parsers "$2" --try >"$work/$1" 2>"$work/$1.err"
	status=$?
	case $status in 0 | 123) return 0 ;; esac
	echo "FAIL: status $status on $1"
	cat "$work/$1.err"
	return 1
}

find "$data/gpx" -type f | LC_ALL=C sort | try gpx tracks || exit 1
find "$data/fit" -type f -iname '*.fit' | LC_ALL=C sort | try fit fit || exit 1
find "$data/video" -type f -iname '*.mp4' | LC_ALL=C sort | try film media-quicktime || exit 1

python3 - "$data" "$work" <<'PYTHON'
import collections, csv, datetime, json, os, sys
import xml.etree.ElementTree as ET

data, work = sys.argv[1:]
count, wrong = collections.Counter(), []


def runs(name):
    file, lines = None, []
    for line in open(os.path.join(work, name), encoding="utf-8"):
        d = json.loads(line)
        if d["type"] == "file":
            if file is not None:
                yield file, lines
            file, lines = d["name"], []
        else:
            lines.append(d)
    if file is not None:
        yield file, lines
    elif lines:  # a command with one file does not say which
        video = os.path.join(data, "video")
        yield next(os.path.join(video, f) for f in os.listdir(video) if f.endswith(".mp4")), lines


def ended(kind, file, lines):
    end = lines[-1] if lines else {}
    count[f"{kind}: files"] += 1
    if end.get("type") != "end" or end["code"] not in ("ok", "format") or \
            end["seen"] != end["emitted"] + end["skipped"]:
        wrong.append(f"{file}: ends with {end}")
        return False
    count[f"{kind}: ends {end['code']}"] += 1
    return True


def gpx_points(path):
    """[(kind, lat, lon, has a time)] in the order of the file, by another reader."""
    for _, e in ET.iterparse(path):
        name = e.tag.rsplit("}")[-1]
        if name in ("trkpt", "rtept", "wpt"):
            times = [c for c in e if c.tag.rsplit("}")[-1] == "time" and (c.text or "").strip()]
            yield name, float(e.get("lat")), float(e.get("lon")), bool(times)


KINDS = {"recorded": "trkpt", "track-without-times": "trkpt", "planned-route": "rtept", "waypoint": "wpt"}
for file, lines in runs("gpx"):
    if not ended("gpx", file, lines):
        continue
    got = [(KINDS[d["origin"]], d["lat"], d["lon"], d) for d in lines if "origin" in d]
    want = list(gpx_points(file))
    if len(got) != len(want):
        wrong.append(f"{file}: {len(got)} points, another reader finds {len(want)}")
        continue
    for g, w in zip(got, want):
        ok = g[0] == w[0] and (
            g[3]["position"] == "unusable" and (abs(w[1]) > 90 or abs(w[2]) > 180)
            or g[3]["position"] == "ok" and abs(g[1] - w[1]) < 6e-8 and abs(g[2] - w[2]) < 6e-8)
        if w[0] == "trkpt" and (g[3]["origin"] == "recorded") != w[3]:
            ok = False
        count["gpx: points that agree"] += ok
        if not ok:
            wrong.append(f"{file}: {g[:3]}, another reader: {w}")

by_name = {os.path.basename(f): lines for f, lines in runs("fit")}
for file, lines in runs("fit"):
    ended("fit", file, lines)
zones = {"PDT": 7, "PST": 8}
for name in sorted(os.listdir(os.path.join(data, "fit", "fitparse"))):
    if not name.endswith("-records.csv"):
        continue
    lines = by_name[name.replace("-records.csv", ".fit")]
    rows = list(csv.DictReader(open(os.path.join(data, "fit", "fitparse", name), encoding="utf-8")))
    if "position_lat" not in rows[0]:
        continue
    count["fit: lists"] += 1
    points = [d for d in lines if d.get("origin") == "recorded"]
    bare = sum(d["count"] for d in lines if d["type"] == "skip" and d["reason"] == "no-position")
    if len(points) + bare != len(rows):
        wrong.append(f"{name}: {len(rows)} rows, {len(points)} points and {bare} without a position")
        continue
    before, at = None, 0
    for r in rows:
        t, d = r["timestamp"].split(), points[at] if at < len(points) else {}
        utc = datetime.datetime.strptime(" ".join(t[:4] + t[5:]), "%a %b %d %H:%M:%S %Y") + \
            datetime.timedelta(hours=zones[t[4]])
        place = (r["position_lat"], r["position_long"])
        if d.get("t") != utc.strftime("%Y-%m-%dT%H:%M:%SZ"):
            # where the device had no fix, the list repeats the row before; we say no-position
            count["fit: rows that repeat a place"] += place == before
            if place != before:
                wrong.append(f"{name}: no point for {r}")
                break
            continue
        before, at = place, at + 1
        same = d["raw"].startswith(f"{place[0]}, {place[1]} | ") and \
            abs(d["lat"] - int(place[0]) * 180 / 2**31) < 6e-8 and \
            abs(d["lon"] - int(place[1]) * 180 / 2**31) < 6e-8 and \
            (not r["altitude"] or abs(d["altitude_mm"] / 1000 - float(r["altitude"])) < 0.001) and \
            (not r["speed"] or abs(d["speed_mm_s"] / 1000 - float(r["speed"])) < 0.001)
        count["fit: points that agree"] += same
        if not same:
            wrong.append(f"{name}: {r}, record: {d}")
    if at != len(points):
        wrong.append(f"{name}: {len(points) - at} points that the list does not have")
if any(k in json.dumps(d).lower() for lines in by_name.values() for d in lines
       for k in ("heart", "bpm", "calor", "cadence")):
    wrong.append("fit: a measurement of a body is in the records")

films = {os.path.basename(r["SourceFile"]): r
         for r in csv.DictReader(open(os.path.join(data, "expected-exiftool.csv"), encoding="utf-8"))}
for file, lines in runs("film"):
    ended("film", file, lines)
    e, d = films[os.path.basename(file)], lines[0]
    if abs(d["lat"] - float(e["GPSLatitude"])) > 1e-5 or abs(d["lon"] - float(e["GPSLongitude"])) > 1e-5 or \
            d["header_time"] != e["CreateDate"].replace(":", "-", 2).replace(" ", "T") + "Z":
        wrong.append(f"{file}: {d}, ExifTool: {e}")
    else:
        count["film: agrees with ExifTool"] += 1

for key in sorted(count):
    print(f"{count[key]:6d} {key}")
for w in wrong[:40]:
    print("FAIL", w)
if count["gpx: points that agree"] < 1000 or count["fit: points that agree"] < 10000 or \
        count["fit: lists"] < 5 or count["film: agrees with ExifTool"] < 1:
    print("FAIL: too little was compared")
    wrong.append("")
sys.exit(1 if wrong else 0)
PYTHON
