#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# keten import of an iPhone's backup folder, as the simulated iPhone writes it: in clear, encrypted,
# partial; whose it is; what only an encrypted one would hold.
# usage: tests/e2e/test-import-backup.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
[ -x "$build/sim-iphone" ] || { echo "SKIP: sim-iphone was not built"; exit 77; }
# a password that nothing may keep
PASSWORD=Wd5kRn8qLx2VtYz7
canary_patterns >>"$work/never" "$PASSWORD"

# -- a backup ---------------------------------------------------------------------------------

tree=$work/tree media=$work/tree/CameraRollDomain/Media
mkdir -p "$media/DCIM/100APPLE" "$media/PhotoData" "$tree/HomeDomain/Library/SMS" "$work/photos" \
	"$tree/AppDomain-com.waze.iphone/Documents"
"$build/make-photos" "$work/photos" 12 --seed 7 --size 24 --canary "$CANARY_PIXELS" || exit 2
mapfile -t p < <(awk -F, 'NR > 1 && $5 != "" && $6 ~ /[+-][0-9][0-9]:/ { print $1 }' "$work/photos/expected.csv")
to_month 05 "$work/photos/${p[0]}" "$work/photos/${p[1]}"
to_month 03 "$work/photos/${p[2]}"
mark_camera "$work/photos/${p[2]}"
cp "$work/photos/${p[0]}" "$media/DCIM/100APPLE/IMG_0001.JPG"
cp "$work/photos/${p[1]}" "$media/DCIM/100APPLE/IMG_0002.JPG"
cp "$work/photos/${p[2]}" "$media/DCIM/100APPLE/IMG_0003.JPG"
echo "$CANARY_BESIDE" >"$media/DCIM/100APPLE/IMG_0004.AAE"
# a database with its -wal, and others that nobody may take
python3 - "$media/PhotoData/Photos.sqlite" "$tree/HomeDomain/Library/SMS/sms.db" "$CANARY_ELSEWHERE" <<'EOF'
import os, shutil, sqlite3, sys
photos, sms, canary = sys.argv[1:]
c = sqlite3.connect(photos + ".tmp")
c.execute("PRAGMA journal_mode=WAL")
c.execute("CREATE TABLE t (a)")
c.commit()
for suffix in ("", "-wal"): shutil.copy(photos + ".tmp" + suffix, photos + suffix)
c.close()
os.remove(photos + ".tmp")
d = sqlite3.connect(sms)
d.execute("CREATE TABLE message (text)")
d.execute("INSERT INTO message VALUES (?)", (canary,))
d.commit()
EOF
backup() { # backup NAME [options of sim-iphone]: $work/NAME/UDID
	local name=$1
	shift
	"$build/sim-iphone" --write-backup "$work/$name" --backup "$tree" "$@" >"$work/$name.log" 2>&1 ||
		{ cat "$work/$name.log"; exit 2; }
}
backup clear
backup locked --password "$PASSWORD"
backup part --omit '*Photos.sqlite*' --omit '*IMG_0002*'
udid=$(basename "$work"/clear/*)

# -- imports ----------------------------------------------------------------------------------

mandate_ios() { # mandate_ios NAME [options of new-mandate]: $mandate
	mandate=$work/$1
	shift
	tests/tools/new-mandate "$mandate" --immediate --kind ios --forms backup --from 2024-05-01 --to 2024-06-01 --sessions 20 \
		--scope media-exif,ios-photos-db,call-country,waze,ios-routined "$@" >"$mandate.log" 2>&1 || { cat "$mandate.log"; exit 2; }
}
import() { # import NAME SOURCE [options of keten import]: $status; descriptor 7 may hold passwords
	local name=$1 from=$2
	shift 2
	mkdir -p "$work/$name/tmp"
	timeout -k 5 150 setsid env TMPDIR="$work/$name/tmp" "$build/keten" import --from "$from" --mandate "$mandate/mandate.json" \
		--trust "$mandate/trust" --operator "$mandate/operator.pem" --case "$work/$name/case" --out "$work/$name/out" \
		--simulated "$@" >"$work/$name/stdout" 2>"$work/$name/stderr" </dev/null
	status=$?
}
report() { json "$work/$1/case/report/report.json" "$2"; }
item() { report "$1" "[(t['outcome'], t['objects']) for t in d['taken'] if t['item'] == '$2'][0]"; }
objects() { report "$1" "sorted((o['path'], o['sha256'], o['fs_size']) for o in d['objects'])"; }
assert_import() { # assert_import NAME
	assert_no_canary "$1" "$work/$1"
	check "$1: no temporary files" is "$(find "$work/$1/tmp" -mindepth 1 | wc -l)" 0
	check "$1: the package verifies" verifies "$1"
}

mandate_ios m --device "$udid"
import plain "$work/clear/$udid"
check "plain: exit status" is "$status" 0
assert_import plain
check "plain: it is the mandate's iPhone" custody plain source.opened "\"identifier\":\"$udid\",\"identity\":\"same\""
check "plain: photos in the period" is "$(item plain media-exif/ios-dcim)" "('acquired', 2)"
check "plain: the one outside left nothing" is "$(report plain \
	"[w['count'] for t in d['taken'] for w in t['withheld'] if w['reason'] == 'outside-period']")" "[1]"
check "plain: the database and its -wal" is "$(item plain ios-photos-db/photos-db)" "('acquired', 2)"
check "plain: both by name" is "$(report plain "sorted(o['path'] for o in d['objects'] if 'PhotoData' in o['path'])")" \
	"['CameraRollDomain/Media/PhotoData/Photos.sqlite', 'CameraRollDomain/Media/PhotoData/Photos.sqlite-wal']"
check "plain: what only encrypted backups hold" custody plain item.absent 'encrypted-only: '
check "plain: is that of the call history" is "$(item plain call-country/call-history)" "('absent', 0)"
check "plain: what is not listed" custody plain item.absent 'the backup lists no such file'
check "plain: what only images hold is told" is "$(report plain "'ios-routined/routined-local' in [x['id'] for x in d['not_taken']]")" True
expected=$(objects plain)

import folder "$work/clear"
check "the folder around one backup: exit status" is "$status" 0
check "the folder around one backup: the backup is named" is "$(json "$work/folder/case/case.json" "(d['form'], d['source'])")" "('backup', '$udid')"
check "the folder around one backup: the same files" is "$(objects folder)" "$expected"
mkdir "$work/two"
cp -a "$work/clear/$udid" "$work/two/$udid"
cp -a "$work/clear/$udid" "$work/two/${udid}0"
import two-backups "$work/two"
check "two backups in a folder: exit status" is "$status" 2
check "two backups in a folder: says so" grep -q '2 backups lie in this folder' "$work/two-backups/stderr"
check "two backups in a folder: no case" test ! -e "$work/two-backups/case"

import partial "$work/part/$udid"
check "partial: exit status" is "$status" 1
assert_import partial
check "partial: a database that is listed and not there" is "$(item partial ios-photos-db/photos-db)" "('absent', 0)"
check "partial: says so" custody partial item.absent 'listed in Manifest.db, not in the folder'
check "partial: some photos are not there" is "$(item partial media-exif/ios-dcim)" "('partial', 1)"
check "partial: says which" grep -q '"outcome":"absent","path":"CameraRollDomain/Media/DCIM/100APPLE/IMG_0002.JPG"' \
	"$work/partial/case/index/i0001.jsonl"

import no-password "$work/locked/$udid"
check "encrypted, nobody to ask: exit status" is "$status" 3
check "encrypted, nobody to ask: says so" grep -q 'encrypted-backup: ' "$work/no-password/stderr"
import wrong-password "$work/locked/$udid" --password-fd 7 7< <(printf 'one\ntwo\n')
check "encrypted, wrong passwords: exit status" is "$status" 3
check "encrypted, wrong passwords: two attempts" is "$(grep -c 'not the password' "$work/wrong-password/stderr")" 2
check "encrypted, wrong passwords: no case" test ! -e "$work/wrong-password/case"
import unlocked "$work/locked/$udid" --password-fd 7 7< <(printf 'wrong\n%s\n' "$PASSWORD")
check "encrypted: exit status" is "$status" 0
assert_import unlocked
check "encrypted: the same files as in clear" is "$(objects unlocked)" "$expected"
check "encrypted: absence is not explained by the lack of it" is \
	"$(grep -c 'encrypted-only' "$work/unlocked/case/custody.jsonl")" 0

mandate_ios m2 --device 00008110-000000000000BEEF
import other-phone "$work/clear/$udid"
check "another iPhone: exit status" is "$status" 3
check "another iPhone: says so" grep -q "wrong-device: .*$udid" "$work/other-phone/stderr"
check "another iPhone: no case" test ! -e "$work/other-phone/case"
mandate_ios m3 --device "$(echo "$udid" | tr A-F a-f)"
import other-case "$work/clear/$udid"
check "its UDID in small letters: exit status" is "$status" 0
check "its UDID in small letters: verifies" verifies other-case
mandate_ios m4
import nobodys "$work/clear/$udid"
check "a mandate for any iPhone: exit status" is "$status" 0
check "a mandate for any iPhone: the backup says which" is "$(json "$work/nobodys/case/case.json" "(d['device'], d['device_kind'])")" "('$udid', 'ios')"
check "a mandate for any iPhone: verifies" verifies nobodys
tests/e2e/tamper.sh "$build" "$(packages nobodys | tail -n 1)" "$mandate/trust" "$mandate" >"$work/tamper.out" 2>&1
check "each manipulation is rejected" is $? 0
grep -E -A 12 'FAILED|passed' "$work/tamper.out"

dutch_pages "$work"
e2e_end
