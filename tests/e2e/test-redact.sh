#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# A copy of a report without the rows that a reviewer marked: a package of its own that verifies, names the
# full one, holds nothing of what was left out, in no view, and says by category what that was.
#
# usage: tests/e2e/test-redact.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
phone=$work/sd mandate=$work/m
phone_make "$phone"
mandate_make "$mandate"
run_keten one
check "run: exit status" is "$status" 0
package=$(packages one | tail -n 1)
sha=$(sha256sum "$package" | cut -c1-64)

# Two rows of observations and one object with all of its rows.
python3 - "$work/one/case/report/report.json" "$sha" "$work" <<'PY' || exit 2
import json, sys
r = json.load(open(sys.argv[1]))
obs = r["observations"]
photos = [o for o in obs if o["plugin"] == "media-exif" and o["record"].get("lat") is not None]
one, two = photos[0], photos[1]
thing = next(o["object"] for o in photos[2:] if o["object"] not in (one["object"], two["object"]))
gone = [o for o in obs if o["id"] in (one["id"], two["id"]) or o["object"] == thing]
marks = [{"id": one["id"], "category": "third-person"}, {"id": two["id"], "category": "minor"}, {"id": thing, "category": "health"}]
json.dump({"format": "keten-marks-1", "package_sha256": sys.argv[2], "reviewer": "Legal review, J. Q.", "marks": marks}, open(sys.argv[3] + "/marks.json", "w"))
json.dump({"format": "keten-marks-1", "package_sha256": "0" * 64, "reviewer": "x", "marks": marks}, open(sys.argv[3] + "/other.json", "w"))
json.dump({"format": "keten-marks-1", "package_sha256": sys.argv[2], "reviewer": "x",
           "marks": marks + [{"id": "o999999#1", "category": "health"}]}, open(sys.argv[3] + "/missing.json", "w"))
json.dump({"format": "keten-marks-1", "package_sha256": sys.argv[2], "reviewer": "x",
           "marks": [{"id": one["id"], "category": "embarrassing"}]}, open(sys.argv[3] + "/category.json", "w"))
kept = {p for o in obs if o not in gone for p in [o["path"]]}
lat = lambda o: "%.7f" % o["record"]["lat"]
words = {lat(o) for o in gone if o["record"].get("lat") is not None} - {lat(o) for o in obs if o not in gone and o["record"].get("lat") is not None}
words |= {o["path"] for o in gone if o["object"] == thing} - kept
open(sys.argv[3] + "/gone", "w").write("\n".join(sorted(words)) + "\n")
open(sys.argv[3] + "/count", "w").write("%d %d" % (len(obs), len(gone)))
PY
read -r all gone <"$work/count"
check "the test has something to look for" test -s "$work/gone"

redact() { # redact MARKS OUT
	"$build/keten" redact "$package" --marks "$1" --out "$work/$2" --operator "$mandate/operator.pem" \
		--trust "$mandate/trust" >"$work/$2.out" 2>&1
}
redact "$work/marks.json" copy
check "redact: exit status" is $? 0
copy=$(find "$work/copy" -name '*.asice')
check "nothing else is left in the folder" is "$(find "$work/copy" -mindepth 1 | wc -l)" 1
check "the full package is untouched" is "$(sha256sum "$package" | cut -c1-64)" "$sha"
"$build/keten-verify" "$copy" --trust "$mandate/trust" --json >"$work/verify.json"
check "the copy verifies" is $? 0
check "it is a redaction that concerns the full package" python3 - "$work/verify.json" "$sha" <<'PY'
import json, sys
v = json.load(open(sys.argv[1]))
assert v["type"] == "redaction" and v["concerns"] == [sys.argv[2]] or sys.argv[2] in json.dumps(v["concerns"]), v
PY
mkdir "$work/x" && unzip -q "$copy" -d "$work/x"
check "what was marked stands in none of its files" is "$(LC_ALL=C grep -rlF -f "$work/gone" "$work/x" | wc -l)" 0
mkdir "$work/full" && unzip -q "$package" -d "$work/full"
check "and did stand in the full one" test "$(LC_ALL=C grep -rlF -f "$work/gone" "$work/full/report" | wc -l)" -ge 5
pdftotext "$work/x/report/report.pdf" "$work/paper"
check "nor on paper" is "$(grep -cF -f "$work/gone" "$work/paper")" 0
check "report.json: $all observations without $gone" python3 - "$work" "$all" "$gone" <<'PY'
import json, sys
full = json.load(open(sys.argv[1] + "/full/report/report.json"))
copy = json.load(open(sys.argv[1] + "/x/report/report.json"))
assert len(copy["observations"]) == int(sys.argv[2]) - int(sys.argv[3])
left = copy.pop("redaction")
assert sum(k["observations"] for k in left["left_out"]) == int(sys.argv[3]), left
assert {k["category"] for k in left["left_out"]} == {"third-person", "minor", "health"}
for key in full:
    if key not in ("observations", "places", "agreement", "conflicts", "links", "objects", "parsing", "containers"):
        assert full[key] == copy[key], key
assert [o for o in full["observations"] if o in copy["observations"]] == copy["observations"]
PY
check "the page says so first" grep -q 'A copy with rows left out' "$work/x/report/report.html"
check "by category, in Dutch" grep -q 'over een andere persoon' "$work/x/report/report.nl.html"
check "the other forms lack the rows" is "$(grep -c '"o[0-9]*#[0-9]*"' "$work/x/report/observations.csv")" "$((all - gone))"

# killed: the full report that it worked on does not stay where copies without some of it lie
shim=$work/killat.so
gcc -shared -fPIC -O1 -o "$shim" tests/e2e/killat.c || exit 2
LD_PRELOAD=$shim KILLAT=sync:14 redact "$work/marks.json" killed
check "killed: by the kill" is $? 137
check "killed: what was marked was left there" grep -rqF -f "$work/gone" "$work/killed"
redact "$work/marks.json" killed
check "killed, run again: exit status" is $? 0
check "killed, run again: one package, and nothing else" is "$(find "$work/killed" -mindepth 1 | wc -l) $(find "$work/killed" \
	-name '*.asice' | wc -l)" "1 1"

for bad in other missing category; do
	redact "$work/$bad.json" "$bad"
	check "marks ($bad): refused" is $? 2
	check "marks ($bad): no package" is "$(find "$work/$bad" -mindepth 1 | wc -l)" 0
done
package=$copy redact "$work/marks.json" again
check "a copy is not redacted again" test $? -ne 0
e2e_end
