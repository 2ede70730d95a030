#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# What programs read: bytes of a package's file, the mandate and the station as JSON, the known answers in
# the custody log.
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/e2e/lib.sh
e2e_begin "$@"

storage=$work/phone
mkdir -p "$storage/DCIM"
tests/tools/new-mandate "$work/desk" --device $SERIAL --immediate --scope android-device >/dev/null || exit 1
"$build/sim-usb" --serial $SERIAL --prompt accept --storage "$storage" --commands "$commands" -- \
	"$build/keten" run --mandate "$work/desk/mandate.json" --trust "$work/desk/trust" \
	--operator "$work/desk/operator.pem" --device $SERIAL --case "$work/case" --out "$work/out" --simulated \
	--json --progress=json >"$work/result" 2>"$work/progress"
check "run: exit status" is $? 0
package=$(find "$work/out" -name '*.asice')

show() { "$build/keten" show "$@"; }
unzip -p "$package" report/report.json >"$work/want"
show "$package" report/report.json >"$work/got" 2>"$work/err"
check "show: exit status" is $? 0
check "show: the same bytes as unzip's" cmp "$work/want" "$work/got"
show "$package" report/report.json --offset 5 --length 12 >"$work/got"
check "show: a part" cmp <(tail -c +6 "$work/want" | head -c 12) "$work/got"
show "$package" report/report.json --offset 999999999 >"$work/got"
check "show: nothing behind the end" is "$(wc -c <"$work/got")" 0
show "$package" report/none.json >/dev/null 2>"$work/err"
check "show: no such file" is $? 2
show "$work/want" report/report.json >/dev/null 2>"$work/err"
check "show: no package" is $? 5
show "$package" report/report.json --offset x >/dev/null 2>"$work/err"
check "show: a bad offset" is $? 2

tags=$("$build/keten" verify "$package" --json | json /dev/stdin 'd["tags_sha256"]')
check "judged: the list's digest is told" is "$tags" "$(unzip -p "$package" tagmanifest-sha256.txt | sha256sum | cut -c1-64)"
for member in report/report.json mandate/mandate.json custody/custody.jsonl manifest-sha256.txt tagmanifest-sha256.txt; do
	show "$package" $member --judged "$tags" >"$work/got"
	check "judged: $member, exit status" is $? 0
	check "judged: $member is the same" cmp <(unzip -p "$package" $member) "$work/got"
done
show "$package" report/report.json --judged "$tags" --offset 5 --length 12 >"$work/got"
check "judged: a part" cmp <(tail -c +6 "$work/want" | head -c 12) "$work/got"
show "$package" report/report.json --judged "${tags%?}" >/dev/null 2>"$work/err"
check "judged: a bad digest" is $? 2
changed() { # changed WHAT BYTES MEMBER: such a package is not shown any more
	LC_ALL=C sed "s,$2,${2^^}," "$package" >"$work/changed.asice"
	! cmp -s "$package" "$work/changed.asice" || bad "changed: $1: nothing was changed"
	show "$work/changed.asice" "$3" --judged "$tags" --length 8 >/dev/null 2>"$work/err"
	check "changed: $1" is $? 5
	check "changed: $1, in words" grep -q 'not what was judged' "$work/err"
}
changed "the report, far behind the part that is shown" '"observations"' report/report.json
changed "the list of files" '  data/case.json' data/case.json
changed "the signed list" '  manifest-sha256.txt' mandate/mandate.json
show "$package" mimetype --judged "$tags" >/dev/null 2>&1
check "judged: what no list names" is $? 5

check "progress: items are counted and ended" python3 -c 'import json, sys
lines = [json.loads(l) for l in open(sys.argv[1], encoding="utf-8")]
assert all(l["schema"] == "keten-progress-1" for l in lines)
ended = [l["ended"] for l in lines if "ended" in l]
assert ended and all(e["outcome"] in ("acquired", "absent", "refused", "failed", "partial") for e in ended), ended
items = {l["items"] for l in lines if "items" in l}
assert items == {len(ended)}, (items, len(ended))' "$work/progress"
check "mandate: as JSON" python3 -c 'import json, subprocess, sys
m = json.loads(subprocess.run(sys.argv[1:], check=True, capture_output=True).stdout)
assert m["schema"] == "keten-mandate-check-1" and m["device_identifier"] == "SIM0001"
assert [s["source"] for s in m["scope"]] == ["android-device"] and "time" in m["scope"][0]["fields"], m' \
	"$build/keten" mandate check "$work/desk/mandate.json" --trust "$work/desk/trust" --json
check "station: as JSON, known answers hold" python3 -c 'import json, subprocess, sys
s = json.loads(subprocess.run(sys.argv[1:], capture_output=True).stdout)
result = {c["id"]: c["result"] for c in s["checks"]}
assert result["self-test"] == "good" and set(result) == {"self-test", "swap", "clock", "room", "keyboard"}, s
assert all(c["remedy"] for c in s["checks"] if c["result"] in ("warning", "failed"))' "$build/keten" station --json
check "log: the station was checked" grep -q '"event":"station.check"' "$work/case/custody.jsonl"
check "log: known answers hold" grep -q '"self_test":"good"' "$work/case/custody.jsonl"
e2e_end
