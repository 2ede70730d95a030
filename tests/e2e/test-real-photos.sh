#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# media-exif, in its sandbox, on photos of real cameras and on files that crashed other readers:
# nothing crashes, every usable position is ExifTool's to 1e-6 degree, every other one says why.
# usage: tests/e2e/real-photos.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:?usage: tests/e2e/real-photos.sh BUILD}
data=../shared/testdata
if [ ! -d "$data/photos" ]; then
	echo "SKIP: no ../shared/testdata"
	exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# try NAME: the files named on standard input, in one command
try() {
	tr '\n' '\0' | xargs -0 -x "$build/keten" parsers media-exif --try >"$work/$1" 2>"$work/$1.err"
	status=$?
	# xargs: 0 for 0, 123 for 1 to 125; anything else is a signal or no program
	case $status in 0 | 123) return 0 ;; esac
	echo "FAIL: status $status on $1"
	cat "$work/$1.err"
	return 1
}

find "$data/photos" -type f \( -iname '*.jpg' -o -iname '*.jpeg' -o -iname '*.heif' \) | LC_ALL=C sort | try photos || exit 1
find "$data/image-fuzz" -type f | LC_ALL=C sort | try fuzz || exit 1

python3 - "$data/expected-exiftool.csv" "$work/photos" "$work/fuzz" <<'PYTHON'
import collections, csv, json, os, sys

# Positions that ExifTool finds outside EXIF, and why that is no miss.
ELSEWHERE = {"metadata-extractor-FLIR iPhone device.jpg": "in the maker's own FLIR segment, unsigned"}


def runs(path):
    name, lines = None, []
    for line in open(path, encoding="utf-8"):
        d = json.loads(line)
        if d["type"] == "file":
            if name is not None:
                yield name, lines
            name, lines = os.path.basename(d["name"]), []
        else:
            lines.append(d)
    if name is not None:
        yield name, lines


expected = {os.path.basename(r["SourceFile"]): r
            for r in csv.DictReader(open(sys.argv[1], encoding="utf-8"))}
count, wrong = collections.Counter(), []
for path, kind in ((sys.argv[2], "photos"), (sys.argv[3], "fuzz inputs")):
    for name, lines in runs(path):
        count[kind] += 1
        end = lines[-1] if lines else {}
        if end.get("type") != "end" or end["code"] not in ("ok", "format") or \
                end["seen"] != 1 or end["emitted"] + end["skipped"] != 1:
            wrong.append(f"{name}: ends with {end}")
            continue
        for d in lines[:-1]:
            if d["type"] == "skip":
                count[f"{kind}: skipped, {d['reason']}"] += 1
            elif d["type"] == "note":
                count[f"{kind}: note {d['code']}"] += 1
            else:
                count[f"{kind}: position {d['position']}"] += 1
                if d["position"] == "unusable":
                    count[f"{kind}: unusable, {d.get('position_reason', 'NO REASON')}"] += 1
                    if not d.get("position_reason"):
                        wrong.append(f"{name}: unusable without a reason")
        if kind != "photos":
            continue
        rec = next((d for d in lines if d["type"] in ("position", "media")), None)
        e = expected.get(name, {})
        if rec is not None and rec["position"] == "ok":
            try:
                off = max(abs(float(e["GPSLatitude"]) - rec["lat"]),
                          abs(float(e["GPSLongitude"]) - rec["lon"]))
            except (KeyError, ValueError):
                off = 999
            if off <= 1e-6:
                count["photos: agrees with ExifTool"] += 1
            else:
                wrong.append(f"{name}: {rec['lat']} {rec['lon']}, ExifTool: {e.get('GPSLatitude')} "
                             f"{e.get('GPSLongitude')}")
        elif e.get("GPSLatitude") and not (rec and rec["position"] == "unusable"):
            if name in ELSEWHERE:
                count[f"photos: position elsewhere ({ELSEWHERE[name]})"] += 1
            else:
                wrong.append(f"{name}: ExifTool has a position, the record has none")
for key in sorted(count):
    print(f"{count[key]:5d} {key}")
for w in wrong:
    print("FAIL", w)
if count["photos"] < 100 or count["fuzz inputs"] < 100 or not count["photos: agrees with ExifTool"]:
    print("FAIL: too few files were tried")
    wrong.append("")
sys.exit(1 if wrong else 0)
PYTHON
