#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The mandate's limits at work: what it does not name is not asked for, what it blurs is nowhere exact,
# what it refuses leaves the phone untouched.
# usage: tests/e2e/test-limits.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
phone=$work/sd mandate=$work/m
TIMELINE=100 phone_make "$phone"

limited() { # limited NAME STATUS [options of new-mandate]: a run under a mandate of its own
	local name=$1 want=$2
	shift 2
	mandate=$work/$name.m
	mandate_make "$mandate" "$@"
	run_keten "$name"
	check "$name: exit status" is "$status" "$want"
	[ "$status" = "$want" ] || bad "$name: it said" "$work/$name/stderr"
	assert_clean "$name"
	check "$name: verifies" verifies "$name"
	report=$work/$name/case/report/report.json
}

asked() { # asked WORD...: the first words of all commands, and the folders, that the phone heard of
	sed -n 's/^SHELL \([a-z]*\).*/\1/p; s/^\(SYNC [A-Z0-9]*\|RANGE\) \/sdcard\/\([A-Za-z]*\).*/\2/p' "$1" | sort -u | xargs
}

limited all 0
check "all: asks for everything" is "$(asked "$work/all.journal")" \
	"DCIM Documents Download Pictures date echo for getprop pm xargs"
exact=$work/all/case/report/report.json

# -- sources ----------------------------------------------------------------------------------

PLANNED_ROOTS='/sdcard/DCIM /sdcard/Pictures' limited photos 0 --scope media-exif
check "photos: asks for nothing else" is "$(asked "$work/photos.journal")" "DCIM Pictures date xargs"
PLANNED_ROOTS='/sdcard/Download /sdcard/Documents' limited export 0 --scope google-timeline
check "export: asks for nothing else" is "$(asked "$work/export.journal")" "Documents Download date"
PLANNED_ROOTS='' limited phone-only 0 --scope android-device
check "phone-only: asks for nothing else" is "$(asked "$work/phone-only.journal")" "date for getprop pm"
PLANNED_ROOTS='' limited fixes 0 --scope android-location-state --from 2000-01-01 --to 2099-01-01
check "fixes: asks for nothing else" is "$(asked "$work/fixes.journal")" "date echo"
check "fixes: three of them" is "$(json "$report" "len(d['observations'])")" 3

# -- depth ------------------------------------------------------------------------------------

limited blurred 0 --precision 1000
check "blurred: as many as exact ones" is "$(json "$report" "d['result']['with_position']")" \
	"$(json "$exact" "d['result']['with_position']")"
check "blurred: every position at least 1 km wide, no raw text" is \
	"$(json "$report" "[o['id'] for o in d['observations'] if o['record'].get('lat') is not None and
		(o['record']['accuracy_m'] < 1000 or o['record'].get('raw'))]")" "[]"
# text of exact coordinates, as it stands in the exact report; long ones only, as 48.2 may be a centre
json "$exact" "'\n'.join(sorted({str(o['record'][k]) for o in d['observations'] for k in ('lat', 'lon')
	if o['record'].get(k) is not None and len(str(o['record'][k]).split('.')[1]) >= 6}))" >"$work/exact"
check "blurred: there are exact coordinates to look for" test "$(wc -l <"$work/exact")" -gt 20
check "blurred: and the exact report has them" grep -qF -f "$work/exact" "$exact"
check "blurred: none in report or records" is "$(LC_ALL=C grep -rlaF -f "$work/exact" "$work/blurred/case/report" \
	"$work/blurred/case/records.sqlite")" ""
tr -d . <"$work/exact" >"$work/exact-e7"
check "blurred: nor as whole numbers" is "$(LC_ALL=C grep -rlaF -f "$work/exact-e7" "$work/blurred/case/report")" ""
check "blurred: but near" python3 -c 'import json, sys
def places(f):
    return {o["id"]: o["record"] for o in json.load(open(f))["observations"] if o["record"].get("lat") is not None}
exact, blurred = places(sys.argv[1]), places(sys.argv[2])
assert exact.keys() == blurred.keys()
for i, e in exact.items():
    # half a cell of 1 km in latitude, and at most a whole one for what precision E7 rounds
    assert 0 < abs(e["lat"] - blurred[i]["lat"]) + abs(e["lon"] - blurred[i]["lon"]) < 1.5, (i, e, blurred[i])
    assert abs(e["lat"] - blurred[i]["lat"]) <= 0.0091, (i, e, blurred[i])
cells = {round(b["lat"] * 1e7 - 45000) % 90000 for b in blurred.values()}
assert cells == {0}, cells' "$exact" "$report"

limited few-fields 0 --fields time,position
check "few-fields: nothing but time and position" is "$(json "$report" "sorted({k for o in d['observations'] for k in o['record']
	if any(w in k for w in ('camera', 'software', 'accuracy', 'speed', 'altitude', 'heading', 'place', 'semantic', 'ssid'))
	and o['record'][k] not in (None, '')})")" "[]"
check "few-fields: positions are there" test "$(json "$report" "d['result']['with_position']")" -gt 20
check "few-fields: the exact report has camera texts" grep -q camera_model "$exact"
check "few-fields: they are in no record" is "$(grep -laE 'KO 7|Lumeno|VB-1 Pro' "$report" \
	"$work/few-fields/case/report/report.html" "$work/few-fields/case/records.sqlite")" ""

# With a cap between the camera's texts and the date, nothing says that a photo is of the period: then
# nothing of it is kept. With a larger one the dates of some are reached, and that is kept.
for cap in 200 560; do
	limited cap$cap 1 --max-bytes $cap --scope media-exif
	check "cap$cap: no object is larger" is "$(find "$work/cap$cap/case/objects" -type f -size +${cap}c)" ""
	check "cap$cap: no photo is kept of which no date is known" is "$(json "$report" \
		"[o['path'] for o in d['observations'] if not o['record'].get('t')]")" "[]"
	check "cap$cap: the index says why" grep -q 'byte limit' "$work/cap$cap/case/index/i0001.jsonl"
done
check "cap200: none" custody cap200 item.failed media-exif/dcim
check "cap560: some" custody cap560 item.partial media-exif/dcim

limited other-months 0 --from 2023-01-01 --to 2023-02-01 --scope media-exif,google-timeline
check "other-months: no photo is kept" is "$(find "$work/other-months/case/objects" -type f | wc -l)" 1
check "other-months: nothing is reported" is "$(json "$report" "len(d['observations'])")" 0
check "other-months: absent, with the reason" custody other-months item.absent "lie outside the mandate's period"
check "other-months: of photos, no name" is "$(grep -rla 'IMG_0' "$work/other-months/case")" ""

# -- refused ----------------------------------------------------------------------------------

refused() { # refused NAME DEFECT [STATUS]: by keten run, before the phone hears of it
	local want=${3:-3}
	check "$1: exit status" is "$status" "$want"
	check "$1: names the defect" grep -qE "^(refused|keten): $2: " "$work/$1/stderr"
	[ "$status" -eq "$want" ] || bad "$1: it said" "$work/$1/stderr"
	check "$1: the phone was left alone" is "$(grep -vc '^BYTES sent=0 received=0' "$work/$1.journal")" 0
	check "$1: no package" is "$(packages "$1" | wc -l)" 0
}

new_mandate() { # new_mandate NAME [options]: a second one of the same PKI
	mandate=$work/$1.m
	cp -r "$work/all.m" "$mandate"
	shift
	mandate_make "$mandate" "$@"
}

new_mandate two-stage
tests/tools/new-mandate "$mandate" --device "$SERIAL" >/dev/null
rm -r "$mandate/trust/releasers"
run_keten two-stage
refused two-stage release-recipient-missing
check "two-stage: no case was begun" test ! -e "$work/two-stage/case"
new_mandate other-phone --device OTHER0001
run_keten other-phone
refused other-phone wrong-device
new_mandate unsigned
rm "$mandate/mandate.json.p7s"
run_keten unsigned
refused unsigned signature-missing
new_mandate changed
sed -i 's/2024-05-01/2023-05-01/' "$mandate/mandate.json"
run_keten changed
refused changed signature-invalid
new_mandate own
run_keten own -- --operator "$mandate/authoriser.pem"
refused own signer-is-operator
mandate=$work/all.m
run_keten no-trust -- --trust "$work/no-trust"
refused no-trust no-trust-anchor 6
new_mandate once --sessions 1 --scope android-device
run_keten once
check "once: the first session" is "$status" 0
run_keten once
check "once: the same case goes on" is "$status" 0
run_keten twice
refused twice sessions-used-up
check "twice: no case was begun" test ! -e "$work/twice/case"

new_mandate stranger
log=$(sha256sum <"$work/once/case/custody.jsonl")
cp "$work/once/case/custody.jsonl" "$work/before"
mandate=$work/stranger.m
keten_args once
in_sim stranger -- "$build/keten" "${args[@]}"
refused stranger case-of-another-mandate
check "stranger: the case is as it was" is "$(sha256sum <"$work/once/case/custody.jsonl")" "$log"
# another operator of the same desk: packages of two signers would not verify
new_mandate relief --scope android-device
run_keten relief --deny-open nothing
rm -rf "$work/relief.m/operator.pem"
cp -r "$work/all.m" "$work/desk"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 30 -subj "/CN=Second Operator" \
	-config <(printf '[req]\ndistinguished_name=dn\n[dn]\n') -addext keyUsage=critical,digitalSignature \
	-keyout "$work/second.key" -out "$work/second.crt" -CA "$work/desk/trust/ca.pem" -CAkey "$work/desk/ca.key.pem" 2>/dev/null
cat "$work/second.key" "$work/second.crt" >"$work/second.pem"
log=$(packages relief | wc -l)
run_keten relief -- --operator "$work/second.pem"
check "relief: another operator is refused by name" grep -q '^refused: case-of-another-operator' "$work/relief/stderr"
check "relief: exit status" is "$status" 3
check "relief: no further package" is "$(packages relief | wc -l)" "$log"

e2e_end
