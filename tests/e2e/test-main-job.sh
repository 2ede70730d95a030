#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The main job as a whole on a healthy phone: what is taken, reported and withheld is what was laid
# out; steps repeated give the same bytes; and first, that the checks of lib.sh can fail at all.
# usage: tests/e2e/test-main-job.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
phone=$work/sd mandate=$work/m
phone_make "$phone"
mandate_make "$mandate"

# -- one run ----------------------------------------------------------------------------------

run_keten one --prompt accept:50 -- --json
check "one: exit status" is "$status" 0
assert_clean one
check "one: the package verifies" verifies one
r=$work/one/case/report/report.json
items() { json "$r" "sorted((t['item'], t['outcome'], t['objects']) for t in d['taken'])"; }
check "one: outcome of every item" is "$(items)" "[('android-device/getprop', 'acquired', 1), \
('android-device/settings', 'acquired', 1), ('android-device/users', 'acquired', 1), \
('android-location-state/location', 'acquired', 1), ('google-timeline/documents', 'absent', 0), \
('google-timeline/download', 'acquired', 1), ('media-exif/dcim', 'acquired', 6), ('media-exif/pictures', 'acquired', 2)]"
counted() { # counted WHAT REASON: sum over the rows of taken
	json "$r" "sum(w['count'] for t in d['taken'] for w in t['$1'] if w['reason'] == '$2')"
}
observed() { json "$r" "sum(o['item'].startswith('$1/') for o in d['observations'])"; }
check "one: photos observed" is "$(observed media-exif)" "$IN_PERIOD"
check "one: photos withheld for the period" is "$(counted withheld outside-period)" "$OUT_OF_PERIOD"
check "one: photos withheld at the border" is "$(counted withheld zone-unknown-at-border)" "$AT_BORDER"
check "one: files not asked for" is "$(counted unmatched not-asked-for)" 10
check "one: links not followed" is "$(counted unmatched symbolic-link)" 2
check "one: device facts" is "$(observed android-device)" 28
# dates of fixes on the phone count from today, so none lies in the period
check "one: last fixes withheld" is "$(observed android-location-state)" 0
# every element of the export is reported, skipped or withheld, each by a reason
check "one: count in = count out" is \
	"$(json "$r" "[p for p in d['parsing'] if p['seen'] != p['emitted'] + p['skipped']
		or sum(s['count'] for s in p['skips']) != p['skipped']
		or sum(w['count'] for w in p['withheld_by']) != p['withheld']]")" "[]"
check "one: what was emitted and not withheld is in the report" is \
	"$(json "$r" "sum(p['emitted'] - p['withheld'] for p in d['parsing']) == len(d['observations'])")" True
check "one: no time outside the period" is \
	"$(json "$r" "[o['id'] for o in d['observations'] if o['record'].get('t') and not
		'2024-05-01' <= o['record']['t'] < '2024-06-01']")" "[]"
check "one: ranges only, and few bytes" is \
	"$(json "$r" "[o['path'] for o in d['objects'] if o['item'].startswith('media') and
		(o['method'] != 'dd' or o['ranges'] < 2 or o['bytes'] > 2048 or o['fs_size'] < 20000)]")" "[]"
check "one: --json on standard output" is \
	"$(json "$work/one/stdout" "d['schema'], d['result'], len(d['custody_head'])")" "('keten-run-result-1', 'complete', 64)"
check "one: --json names the package" test -f "$work/one/out/$(json "$work/one/stdout" "d['package']")"
check "one: the key for the phone is gone" is "$(find "$work/one/case" -name 'adb.key*' | wc -l)" 0
"$build/keten" log --case "$work/one/case" >"$work/log" 2>&1
check "one: keten log" is $? 0

# -- again ------------------------------------------------------------------------------------

sha() { sha256sum <"$1"; }
rows() { # the whole content of the record store
	python3 -c 'import sqlite3, sys
c = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True)
for (t,) in c.execute("SELECT name FROM sqlite_master WHERE type = \"table\" ORDER BY name").fetchall():
    for row in sorted(map(repr, c.execute("SELECT * FROM \"%s\"" % t))): print(t, row)' "$work/one/case/records.sqlite"
}
report=$(sha "$r")
cp -r "$work/one/case/report" "$work/views"
rows >"$work/rows"
check "again: there are records to compare" test "$(wc -l <"$work/rows")" -gt 100
rm "$work/one/case/records.sqlite"
check "again: keten parse" "$build/keten" parse --case "$work/one/case" --trust "$mandate/trust"
rows >"$work/rows2"
check "again: identical records" cmp "$work/rows" "$work/rows2"
check "again: keten report" "$build/keten" report --case "$work/one/case" --trust "$mandate/trust"
check "again: identical report.json" is "$(sha "$r")" "$report"
for f in "$work"/views/*; do
	f=${f##*/}
	case $f in
	run.json) ;;
	*.pdf) # the first ones were signed when packed: the signature stands behind what was drawn
		check "again: identical $f" cmp -n "$(stat -c %s "$work/one/case/report/$f")" "$work/views/$f" "$work/one/case/report/$f"
		;;
	*) check "again: identical $f" cmp "$work/views/$f" "$work/one/case/report/$f" ;;
	esac
done
check "there are ten views and their record" is "$(find "$work/views" -type f ! -name run.json | wc -l)" 10

first=$(packages one)
cp "$first" "$work/first"
run_keten one
check "finished case: exit status" is "$status" 0
check "finished case: a second package" is "$(packages one | wc -l)" 2
check "finished case: it verifies" verifies one
check "finished case: the first one is untouched" cmp "$first" "$work/first"
check "finished case: the phone was left alone" is "$(grep -c ^CONNECT "$work/one.journal")" 1
check "finished case: one session of the register" is \
	"$(python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM session").fetchone()[0])' "$KETEN_REGISTER")" 1
assert_clean one

# -- two at once, and progress for a program --------------------------------------------------

keten_args two
first_args=("${args[@]}")
# the first waits for a tap that never comes; the second must be refused at once
# shellcheck disable=SC2016  # expanded by the inner shell
in_sim two --prompt ignore -- bash -c '
	"$@" --wait 60 --progress=json 2>"$TMPDIR/../progress" >/dev/null &
	pid=$!
	for i in $(seq 400); do
		grep -q waiting-for-tap "$TMPDIR/../progress" 2>/dev/null && break
		sleep 0.05
	done
	"$@" --wait 60; echo "second $?"
	kill -INT $pid; wait $pid; echo "first $?"' sh "$build/keten" "${first_args[@]}"
check "two at once: the second is refused" grep -qx 'second 3' "$work/two/stdout"
check "two at once: it says why" grep -q 'another Keten works on this case' "$work/two/stderr"
check "two at once: Ctrl-C ends the first in order" grep -qx 'first 1' "$work/two/stdout"
check "two at once: and it says where the case stands" custody two device.disconnect cancelled
check "progress: each line is JSON of one schema, with a step and bytes; the last says why it ended" python3 -c 'import json, sys
*lines, last = [json.loads(l) for l in open(sys.argv[1], encoding="utf-8")]
assert last["schema"] == "keten-error-1" and last["exit"] == 1 and last["error"] == "cancelled" and last["message"], last
assert lines and all(l["schema"] == "keten-progress-1" and l["step"] and l["bytes"] >= 0 for l in lines), lines
assert any(l.get("state") == "waiting-for-tap" and l["remedy"] and 0 < l["seconds_left"] <= 60 for l in lines)
assert any(l.get("message") for l in lines)' "$work/two/progress"
assert_clean two
run_keten two --prompt accept:50
check "two: goes on and completes" is "$status" 0
check "two: verifies" verifies two
run_keten two -- --progress=json --json
check "progress: only JSON on both streams of a whole run" python3 -c 'import json, sys
for f in sys.argv[1:]:
    lines = open(f, encoding="utf-8").read().splitlines()
    assert lines
    for l in lines: assert json.loads(l)["schema"].startswith("keten-")' "$work/two/stderr" "$work/two/stdout"

# -- the checks themselves --------------------------------------------------------------------

fails() { ! "$@" >/dev/null 2>&1; }
mkdir -p "$work/mutant/objects"
check "self: nothing found in an empty folder" no_canary "$work/mutant"
for c in "$CANARY_PIXELS" "$CANARY_LATE" "$CANARY_BESIDE" "$CANARY_NAME" "$CANARY_ELSEWHERE"; do
	for form in cat 'iconv -t UTF-16LE' 'iconv -t UTF-16BE' 'base64 -w0' 'od -An -v -tx1'; do
		for pad in '' x xy; do
			printf '\0\1%s%s' "$pad" "$c" | $form | tr -d ' \n' >"$work/mutant/objects/o1"
			fails no_canary "$work/mutant" || bad "self: ${c:0:4}... as $form after \"$pad\" not found"
		done
	done
done
ok "self: every canary is found in every form"
printf %s "$CANARY_TIMELINE" >"$work/mutant/objects/o1"
check "self: timeline text may stand in a raw container" no_canary "$work/mutant"
printf %s "$CANARY_TIMELINE" | base64 >"$work/mutant/report.json"
check "self: and not beside it" fails no_canary "$work/mutant"
rm -rf "$work/mutant/report.json"
touch "$work/mutant/$CANARY_NAME"
check "self: a name is found" fails no_canary "$work/mutant"
rm -rf "$work/mutant"
mkdir -p "$work/mutant/p/report"
printf %s "$CANARY_TIMELINE" >"$work/mutant/p/report/report.html"
python3 -c 'import sys, zipfile
zipfile.ZipFile(sys.argv[1], "w").write(sys.argv[2], "report/report.html")' "$work/mutant/x.asice" "$work/mutant/p/report/report.html"
rm -rf "$work/mutant/p"
check "self: and not in a package's report" fails no_canary "$work/mutant"
# the storage holds each of them, or their absence elsewhere would prove nothing
for c in "$CANARY_PIXELS" "$CANARY_LATE" "$CANARY_BESIDE" "$CANARY_ELSEWHERE" "$CANARY_TIMELINE"; do
	check "self: ${c:0:4}... lies on the phone" grep -rqaF "$c" "$phone"
done
check "self: timeline text is in the raw container" grep -qaF "$CANARY_TIMELINE" "$work/one/case/objects/"*

# shellcheck disable=SC2317  # called by name
journal_with() { # LINE: a good journal and that line
	cat "$work/one.journal" >"$work/mutant.journal"
	printf '%s\n' "$1" >>"$work/mutant.journal"
	good_journal "$work/mutant.journal"
}
check "self: a good journal" journal_with "SYNC LST2 /sdcard/DCIM"
while IFS= read -r line; do
	fails journal_with "$line" || bad "self: journal line not found: $line"
done <<'LINES'
STATE-CHANGING settings put global adb_enabled 0
UNKNOWN ls /
PROTOCOL a header without its data
SHELL getprop
SHELL pm list users; id
SHELL date +%s.%N; cat /proc/uptime 
OPEN shell,v2,raw:id
OPEN exec:screencap
OPEN tcp:5037
OPEN sync:x
SYNC SEND /sdcard/DCIM/x.jpg
SYNC LIS2 /sdcard
SYNC LST2 /sdcard/DCIMx
SYNC LIS2 /sdcard/DCIM/../WhatsApp
SYNC RECV /sdcard/DCIM/Camera/IMG_00001.jpg
SYNC RECV /sdcard/Download/other.json
SYNC RECV /sdcard/DCIM/Camera/Timeline.json
RANGE /sdcard/WhatsApp/Media/IMG.jpg 0 22
RANGE /sdcard/DCIM/Camera/VID_1.mp4 0 22
RANGE /sdcard/DCIM/../x.jpg 0 22
RANGE /sdcard/DCIM/Camera/IMG_00001.jpg 0 65536
RANGE /sdcard/Download/x.jpg 0 10
LINES
ok "self: a bad journal line is found"

dutch_pages "$work"
e2e_end
