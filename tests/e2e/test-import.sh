#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# keten import: the same storage as an image in four layouts, as a carrier, and a file of it handed
# over. What is taken is what the mandate allows, nothing else lands anywhere, the source stays as it
# was, what is wrong is refused by name, and a pass that was cut off is gone on with.
# usage: tests/e2e/test-import.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
mandate=$work/m
export KETEN_REGISTER=$work/register.sqlite
src=$work/handed-in
mkdir "$src"
TIMELINE=60 phone_make "$work/sd"
tests/tools/new-mandate "$mandate" --immediate --from 2024-05-01 --to 2024-06-01 --sessions 20 \
	--forms image,carrier,file >"$work/m.log" 2>&1 || { cat "$work/m.log"; exit 2; }

# import NAME SOURCE [options of keten import]: outcome in $status
import() {
	local name=$1 from=$2
	shift 2
	mkdir -p "$work/$name/tmp"
	import_args=(import --from "$from" --mandate "$mandate/mandate.json" --trust "$mandate/trust" --operator
		"$mandate/operator.pem" --case "$work/$name/case" --out "$work/$name/out" --simulated "$@")
	timeout -k 5 "${LIMIT:-150}" env TMPDIR="$work/$name/tmp" "${BEFORE[@]}" "$build/keten" "${import_args[@]}" \
		>"$work/$name/stdout" 2>"$work/$name/stderr" </dev/null
	status=$?
}
BEFORE=()

# A file system with the storage in its place and what nobody may take around it.
image_make() { # image_make DIR
	mkdir -p "$1/data/media" "$1/data/data/com.whatsapp/databases" "$1/data/data/org.example" "$1/system"
	cp -a "$work/sd" "$1/data/media/0"
	for f in data/data/com.whatsapp/databases/msgstore.db data/data/org.example/Timeline.json \
		"data/data/org.example/$CANARY_NAME" system/IMG_1.jpg data/media/Timeline.json; do
		echo "$CANARY_ELSEWHERE" >"$1/$f"
	done
	ln -s ../data/org.example/Timeline.json "$1/data/data/link.json"
	find "$1" -exec touch -h -d 2024-06-15T12:00:00Z {} +
}

# All that could change in a source. Access times lie before the others, so that reading would move them; our
# own reading comes first here, and last in same_state.
keep_state() { # keep_state PATH
	find "$1" -type f -exec sha256sum {} + | sort >"$work/state"
	find "$1" -type f -exec touch -a -d 2023-01-01T12:00:00Z {} +
	state_of "$1" >>"$work/state"
}
# shellcheck disable=SC2317  # called by name
state_of() { find "$1" \( -type d -printf '%P %y %T@ %m\n' -o -type l -printf '%P %y %T@ %l\n' -o -printf '%P %y %s %T@ %A@ %m\n' \) | sort; }
# shellcheck disable=SC2317  # called by name
same_state() { # same_state PATH
	state_of "$1" >"$work/state.after"
	find "$1" -type f -exec sha256sum {} + | sort | cat - "$work/state.after" | diff "$work/state" -
}

report() { json "$work/$1/case/report/report.json" "$2"; }
items() { report "$1" "sorted((t['item'], t['outcome'], t['objects']) for t in d['taken'])"; }
# what was seen, without where: the same in every layout
observed() { report "$1" "sorted((o['item'], o['record'].get('t'), o['record'].get('lat'), o['record'].get('lon'))
	for o in d['observations'])"; }
counted() { # counted NAME WHAT REASON
	report "$1" "sum(w['count'] for t in d['taken'] for w in t['$2'] if w['reason'] == '$3')"
}

# After any import that made a package.
assert_import() { # assert_import NAME
	assert_no_canary "$1" "$work/$1"
	check "$1: no temporary files" is "$(find "$work/$1/tmp" -mindepth 1 | wc -l)" 0
	check "$1: the package verifies" verifies "$1"
	check "$1: the chain holds" "$build/keten" log --case "$work/$1/case"
	check "$1: the path of the source is in nothing" is "$(grep -rlaF "$src" "$work/$1/case" "$work/$1/out")" ""
}
custody_value() { # custody_value NAME EVENT EXPRESSION: d is the detail of the last such line
	python3 -SE -c 'import json, sys
d = [json.loads(l)["detail"] for l in open(sys.argv[1]) if json.loads(l)["event"] == sys.argv[2]][-1]
print(eval(sys.argv[3]))' "$work/$1/case/custody.jsonl" "$2" "$3"
}

# -- an image in four layouts -----------------------------------------------------------------

image_make "$src/image"
tar -C "$src/image" -cf "$src/image.tar" .
gzip -k -1 "$src/image.tar"
python3 -c 'import os, sys, zipfile
os.chdir(sys.argv[1])
with zipfile.ZipFile(sys.argv[2], "w") as z:
    for top, dirs, files in os.walk("."):
        dirs.sort()
        for f in sorted(files):
            p = os.path.join(top, f)
            if not os.path.islink(p): z.write(p, compress_type=zipfile.ZIP_STORED if f.endswith("jpg") else zipfile.ZIP_DEFLATED)' \
	"$src/image" "$src/image.zip"
find "$src" -maxdepth 1 -type f -exec touch -d 2024-06-16T12:00:00Z {} +
keep_state "$src"
cut -d' ' -f1,3- "$work/state" >"$work/hashes"

expected_items="[('android-device/build-prop', 'absent', 0), ('android-device/siminfo-droid', 'absent', 0), \
('google-timeline/documents', 'absent', 0), ('google-timeline/download', 'acquired', 1), \
('media-exif/dcim', 'acquired', 6), ('media-exif/pictures', 'acquired', 2)]"
for source in image image.tar image.tar.gz image.zip; do
	n=i-$source
	import "$n" "$src/$source" --form image --json
	check "$n: exit status" is "$status" 0
	assert_import "$n"
	check "$n: outcome of every item" is "$(items "$n")" "$expected_items"
	check "$n: photos withheld for the period" is "$(counted "$n" withheld outside-period)" "$OUT_OF_PERIOD"
	check "$n: photos withheld at the border" is "$(counted "$n" withheld zone-unknown-at-border)" "$AT_BORDER"
	observed "$n" >"$work/$n/observed"
	check "$n: the same observations as in a folder" cmp "$work/i-image/observed" "$work/$n/observed"
	check "$n: ranges only, and few bytes" is "$(report "$n" "[o['path'] for o in d['objects'] if o['item'].startswith('media')
		and (o['method'] != 'read' or o['ranges'] < 2 or o['bytes'] > 2048 or o['fs_size'] < 20000)]")" "[]"
	check "$n: what was not to be had is told" is "$(report "$n" "{'android-device/getprop', 'google-timeline/handed'}.issubset(
		x['id'] for x in d['not_taken'] if x['kind'] == 'form')")" True
	check "$n: nobody can say whose it is" is "$(custody_value "$n" source.opened "(d['identity'], d['form'], d['name'])")" \
		"('unknown', 'image', '$source')"
	check "$n: no clock, and no word about one" is "$(custody_value "$n" clock.check "(d['result'], d['reason'], 'offset_ms' in d)")" \
		"('not-read', 'no phone', False)"
	check "$n: the report says what was read" is "$(report "$n" "(d['device']['form'], d['device']['source'],
		d['session']['clock_checks'][0]['text'])")" \
		"('image', '$source', 'No phone was connected, so there was no clock to compare.')"
	check "$n: no word about what a phone withholds" is "$(report "$n" "'unreachable' in [x['kind'] for x in d['not_taken']]")" False
	sha=$(awk -v f="$src/$source" '$2 == f { print $1 }' "$work/hashes")
	check "$n: the source's own hash" is "$(custody_value "$n" source.read "d['sha256']")" "$sha"
	check "$n: result" is "$(json "$work/$n/stdout" "d['result']")" complete
done
check "there are observations to compare" test "$(grep -o media-exif/ "$work/i-image/observed" | wc -l)" -eq "$IN_PERIOD"
check "and of the timeline" grep -q google-timeline/download "$work/i-image/observed"
check "no time outside the period" is "$(report i-image "[o['id'] for o in d['observations'] if o['record'].get('t') and not
	'2024-05-01' <= o['record']['t'] < '2024-06-01']")" "[]"
check "the sources are as they were, access times too" same_state "$src"
check "layouts are told apart" is "$(for s in image image.tar image.tar.gz image.zip; do
	custody_value "i-$s" source.opened "d['layout']"; done | xargs)" "folder tar tar.gz zip"

# a finished case makes another package without the source being opened
import i-image.tar "$src/image.tar" --form image
check "finished case: exit status" is "$status" 0
check "finished case: a second package" is "$(packages i-image.tar | wc -l)" 2
check "finished case: the source was left alone" is "$(grep -c '"event":"source.opened"' "$work/i-image.tar/case/custody.jsonl")" 1
check "finished case: it verifies" verifies i-image.tar
"$build/keten" report --case "$work/i-image.zip/case" --trust "$mandate/trust" >/dev/null 2>"$work/again"
check "a later step knows the form" is $? 0

# -- a carrier, and files handed over ---------------------------------------------------------

import carrier "$work/sd" --form carrier
check "carrier: exit status" is "$status" 0
assert_no_canary carrier "$work/carrier"
check "carrier: verifies" verifies carrier
check "carrier: outcome of every item" is "$(items carrier)" \
	"[('google-timeline/documents', 'absent', 0), ('google-timeline/download', 'acquired', 1), \
('media-exif/dcim', 'acquired', 6), ('media-exif/pictures', 'acquired', 2)]"
observed carrier >"$work/carrier/observed"
check "carrier: the same observations" cmp "$work/i-image/observed" "$work/carrier/observed"

cp "$work/sd/Download/Timeline.json" "$src/My export.json"
import handed "$src/My export.json"
check "handed over: exit status" is "$status" 0
assert_import handed
check "handed over: taken for a file by its name" is "$(custody_value handed source.opened "(d['form'], d['layout'])")" "('file', 'file')"
check "handed over: the same points as on the phone" is \
	"$(observed handed | sed 's/handed/download/g')" "$(observed i-image | python3 -c 'import sys
print([o for o in eval(sys.stdin.read()) if o[0].startswith("google")])')"
# a measured time after the acquisition is shown and flagged, one that is planned is not
cat >"$src/late.gpx" <<'EOF'
<gpx version="1.1" creator="test"><trk><trkseg>
<trkpt lat="52.1" lon="4.9"><time>2024-05-10T10:00:00Z</time></trkpt>
<trkpt lat="52.2" lon="4.9"><time>2089-05-10T10:00:00Z</time></trkpt>
</trkseg></trk><wpt lat="52.3" lon="4.9"><time>2089-05-10T10:00:00Z</time></wpt></gpx>
EOF
good=$mandate mandate=$work/m-late
tests/tools/new-mandate "$mandate" --immediate --forms file --scope tracks --from 2024-05-01 --to 2090-01-01 >/dev/null 2>&1
import late "$src/late.gpx"
check "after the acquisition: exit status" is "$status" 0
check "after the acquisition: flagged, not dropped" is "$(report late "sorted((o['record']['lat'], o['record']['type'], o['record'].get('flags'))
	for o in d['observations'] if o['record'].get('lat'))")" \
	"[(52.1, 'position', None), (52.2, 'position', ['implausible-time']), (52.3, 'place', None)]"
assert_import late
mandate=$good
cp "$work/sd/Download/Timeline.json" "$src/Timeline.xyz"
import other-name "$src/Timeline.xyz"
check "another name: exit status" is "$status" 0
check "another name: says why" custody other-name item.absent 'none of the kind asked for (other files: 1)'
check "another name: verifies" verifies other-name

# a database is taken with its -wal and -journal, which have names of their own
tracks=$src/db/data/media/0/oruxmaps/tracklogs
mkdir -p "$tracks"
python3 - "$tracks/oruxmapstracks.db" <<'EOF'
import os, shutil, sqlite3, sys
c = sqlite3.connect(sys.argv[1] + ".tmp")
c.execute("PRAGMA journal_mode=WAL")
c.execute("CREATE TABLE t (a)")
c.commit()
for suffix in ("", "-wal", "-shm"): shutil.copy(sys.argv[1] + ".tmp" + suffix, sys.argv[1] + suffix)
c.close()
os.remove(sys.argv[1] + ".tmp")
EOF
for f in other.db other.db-wal oruxmapstracks.db.bak oruxmapstracks.db-other; do echo "$CANARY_BESIDE" >"$tracks/$f"; done
good=$mandate mandate=$work/m-db
tests/tools/new-mandate "$mandate" --immediate --forms image --scope osmand-orux >/dev/null 2>&1
import db "$src/db" --form image
check "database: exit status" is "$status" 0
assert_import db
check "database: with its siblings, and no other" is "$(report db "sorted(o['path'].split('/')[-1] for o in d['objects'])")" \
	"['oruxmapstracks.db', 'oruxmapstracks.db-wal']"
mandate=$good

# -- what is wrong is refused -----------------------------------------------------------------

# refused NAME STATUS TEXT: nothing was made
refused() {
	check "$1: exit status" is "$status" "$2"
	check "$1: says why" grep -q -- "$3" "$work/$1/stderr"
	check "$1: no case, no package" is "$(find "$work/$1/case" "$work/$1/out" -type f 2>/dev/null | wc -l)" 0
	assert_no_canary "$1" "$work/$1"
}
import no-form "$src/image"
refused no-form 2 '--form carrier  a mounted SD card'
import no-form-zip "$src/image.zip"
refused no-form-zip 2 'what kind of archive'
import folder-as-file "$src/image" --form file
refused folder-as-file 2 'is a folder'
import file-as-carrier "$src/image.tar" --form carrier
refused file-as-carrier 2 'is a file'
import no-backup "$src/image" --form backup
refused no-backup 2 'neither Manifest.plist nor Manifest.db'
import nowhere "$src/nowhere" --form image
refused nowhere 2 'No such file'
import odd-form "$src/image" --form disk
refused odd-form 2 '--form knows'
import as-phone "$src/image" --form phone
refused as-phone 2 'keten run'
import a-device "$src/image" --form image --device X
refused a-device 2 'names a phone'
mkfifo "$src/pipe"
import pipe "$src/pipe" --form file
refused pipe 2 'neither a folder nor a file'
head -c 40000 /dev/zero >"$src/broken.zip"
import broken "$src/broken.zip" --form image
refused broken 5 'source-unreadable'
mkdir "$src/inside"
cp -a "$src/image/data" "$src/inside/"
keep_state "$src/inside"
for o in case out; do
	mkdir -p "$work/into-$o"
	"$build/keten" import --from "$src/inside" --form image --mandate "$mandate/mandate.json" --trust "$mandate/trust" \
		--operator "$mandate/operator.pem" --case "$work/into-$o/case" --out "$work/into-$o/out" \
		"--$o" "$src/inside/x/y" >"$work/into-$o/stdout" 2>"$work/into-$o/stderr"
	status=$?
	refused "into-$o" 2 'must lie outside'
done
check "and nothing was made inside the source" same_state "$src/inside"
good=$mandate
for forms in '' file,carrier; do
	mandate=$work/m-${forms:-none}
	tests/tools/new-mandate "$mandate" --immediate ${forms:+--forms "$forms"} >/dev/null 2>&1 || exit 2
	import "forms-${forms:-none}" "$src/image" --form image
	refused "forms-${forms:-none}" 3 'form-not-allowed'
done
"$build/keten" plan --mandate "$mandate/mandate.json" --trust "$mandate/trust" --form image >"$work/plan" 2>&1
check "plan: the form must be allowed there too" is $? 3
mandate=$good
"$build/keten" plan --mandate "$mandate/mandate.json" --trust "$mandate/trust" --form file >"$work/plan"
check "plan: names what a file can hold" grep -q 'google-timeline/handed' "$work/plan"
check "plan: and what it can't" grep -q 'Allowed, but not to be had here: android-device/getprop (only a phone' "$work/plan"
"$build/keten" run --from "$src/image" --mandate "$mandate/mandate.json" --device X --operator "$mandate/operator.pem" \
	--case "$work/x" --out "$work/x" 2>"$work/run-from"
check "run: does not read sources" is $? 2

# -- whose it is ------------------------------------------------------------------------------

mandate=$work/m-serial
tests/tools/new-mandate "$mandate" --immediate --forms image --device SERIAL7 --from 2024-05-01 --to 2024-06-01 >/dev/null 2>&1
import serial "$src/image.tar" --form image
check "mandate names a phone, the image doesn't: exit status" is "$status" 0
check "and the log says so" custody serial source.opened '"identity":"identity-not-checkable"'
check "and the case is about the mandate's phone" is "$(json "$work/serial/case/case.json" "(d['device'], d['form'], d['source'])")" \
	"('SERIAL7', 'image', 'image.tar')"
check "serial: verifies" verifies serial
mandate=$good

# -- damaged and odd sources ------------------------------------------------------------------

# names that lead out of a folder, twice the same name, a link in place of a wanted file
python3 - "$src/odd.tar" "$work/sd/DCIM/Camera" "$CANARY_ELSEWHERE" <<'EOF'
import io, os, sys, tarfile
out, photos, canary = sys.argv[1:]
jpg = sorted(f for f in os.listdir(photos) if f.endswith(".jpg"))
with tarfile.open(out, "w") as t:
    def add(name, data, **kw):
        i = tarfile.TarInfo(name)
        i.size, i.mtime = len(data), 1718452800
        for k, v in kw.items(): setattr(i, k, v)
        t.addfile(i, io.BytesIO(data))
    first = open(os.path.join(photos, jpg[0]), "rb").read()
    for name in ("../../data/media/0/DCIM/up.jpg", "/data/media/0/DCIM/absolute.jpg", "data/media/0/DCIM/../../../x.jpg"):
        add(name, first + canary.encode())
    add("data/media/0/DCIM/link.jpg", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")
    add("data/media/0/DCIM/fifo.jpg", b"", type=tarfile.FIFOTYPE)
    add("data/media/0/DCIM/empty.jpg", b"")
    add("data/media/0/Download/Timeline.json", b"")
    add("data/media/0/DCIM/twice.jpg", first)
    add("data/media/0/DCIM/twice.jpg", first, mtime=1718452801)
EOF
import odd "$src/odd.tar" --form image
check "odd names: exit status" is "$status" 0
assert_import odd
check "odd names: both of one name, and no other" is "$(report odd "sorted(o['path'] for o in d['objects'] if o['bytes'] > 0)")" \
	"['data/media/0/DCIM/twice.jpg', 'data/media/0/DCIM/twice.jpg']"
check "odd names: counted" is "$(custody_value odd source.read "d['names_refused'] >= 3")" True

size=$(stat -c %s "$src/image.tar")
head -c $((size * 3 / 5)) "$src/image.tar" >"$src/cut.tar"
import cut "$src/cut.tar" --form image
check "cut: exit status" is "$status" 1
assert_import cut
check "cut: the log says so" is "$(custody_value cut source.read "d['result']")" cut
check "cut: every item says so" is "$(report cut "[t['item'] for t in d['taken'] if t['outcome'] not in ('partial', 'failed')
	or 'could not be read to its end' not in t['reason']]")" "[]"
check "cut: what came before is there" is "$(report cut "0 < len(d['objects']) < 9")" True

# -- cut off and gone on with -----------------------------------------------------------------

# A tar whose last member is a hole of 2 GB that nobody wants: reading it takes a while.
python3 - "$src/image.tar" "$src/slow.tar" <<'EOF'
import sys, tarfile
data = open(sys.argv[1], "rb").read()
end = len(data.rstrip(b"\0"))
end = (end + 511) // 512 * 512
i = tarfile.TarInfo("data/data/large.bin")
i.size = 2 << 30
with open(sys.argv[2], "wb") as f:
    f.write(data[:end] + i.tobuf(tarfile.GNU_FORMAT))
    f.truncate(f.tell() + i.size + 1024)
EOF
findings_of="(d['result'], [(t['item'], t['outcome'], t['objects'], t['withheld'], t['unmatched']) for t in d['taken']],
	sorted((o['path'], o['sha256'], o['ranges'] or 0) for o in d['objects']))"
findings() { report "$1" "$findings_of"; }
import slow "$src/slow.tar" --form image
check "slow: exit status" is "$status" 0
assert_import slow
expected=$(findings slow)

# in_slow NAME COMMAND...: imports slow.tar and runs the command once the last item has begun; $pid is keten
in_slow() {
	local name=$1
	shift
	mkdir -p "$work/$name/tmp"
	import_args=(import --from "$src/slow.tar" --form image --mandate "$mandate/mandate.json" --trust "$mandate/trust"
		--operator "$mandate/operator.pem" --case "$work/$name/case" --out "$work/$name/out" --simulated)
	TMPDIR=$work/$name/tmp "$build/keten" "${import_args[@]}" >"$work/$name/stdout" 2>"$work/$name/stderr" </dev/null &
	pid=$!
	wait_until 60 grep -qs '"item":"google-timeline/documents"' "$work/$name/case/custody.jsonl" || bad "$name: nothing began"
	sleep 0.3 # into that item
	"$@"
	wait $pid
	status=$?
}
# shellcheck disable=SC2317  # these are called by name
{
	device_of() { pgrep -P "$pid" -x keten-device; }
	stop_it() { kill -INT "$pid"; }
	kill_device() { device=$(device_of) && kill -9 "$device"; }
	kill_devices() {
		for _ in 1 2 3; do
			wait_until 60 device_of >/dev/null
			kill_device
			sleep 0.4
		done
	}
	shrink_it() { truncate -s 1M "$src/slow.tar"; }
}
assert_resumed() { # assert_resumed NAME
	local found
	check "$1: goes on and completes" is "$status" 0
	assert_import "$1"
	# both in one start of Python: this runs some seventy times
	found=$(report "$1" "str($findings_of) + '\n' + str(__import__('sqlite3').connect('$KETEN_REGISTER').execute(
		'SELECT count(*) FROM session WHERE case_id = ?', (d['case_id'],)).fetchone()[0])")
	check "$1: the findings of an undisturbed import" is "${found%$'\n'*}" "$expected"
	check "$1: one session of the register for its case" is "${found##*$'\n'}" 1
}

in_slow stopped stop_it
check "stopped: exit status" is "$status" 1
assert_no_canary stopped "$work/stopped"
check "stopped: it says where the case stands" custody stopped source.closed cancelled
stored=$(find "$work/stopped/case/objects" -type f | wc -l)
check "stopped: what was taken is kept" test "$stored" -gt 0
import stopped "$src/image.tar" --form image
check "stopped: another source is refused" is "$status" 3
check "stopped: by name" grep -q 'another-source' "$work/stopped/stderr"
check "stopped: and logged" custody stopped attempt.refused another-source
import stopped "$work/sd" --form carrier
check "stopped: another form is refused" grep -q 'case-of-another-form' "$work/stopped/stderr"
import stopped "$src/slow.tar" --form image
assert_resumed stopped
check "stopped: what was there was not stored again" is "$(find "$work/stopped/case/objects" -type f | wc -l)" \
	"$(find "$work/slow/case/objects" -type f | wc -l)"

in_slow killed-device kill_device
check "device killed: it was there" test -n "$device"
check "device killed: the loss is in the log" custody killed-device source.closed process-ended
assert_resumed killed-device

in_slow killed-often kill_devices
check "device killed again and again: partial" is "$status" 1
assert_import killed-often
check "device killed again and again: named" custody killed-often item.partial 'ended again and again'

in_slow shrunk shrink_it
check "shrunk: partial" is "$status" 1
assert_import shrunk
check "shrunk: named" custody shrunk source.read '"result":"cut"'

# SIGKILL at every event of the log
shim=$work/killat.so
gcc -shared -fPIC -O1 -o "$shim" tests/e2e/killat.c || exit 2
events=$(wc -l <"$work/i-image/case/custody.jsonl")
expected=$(findings i-image)
kill_at() { # kill_at MODE:N
	local name=k-${1/:/}
	KETEN_REGISTER=$work/$name.register
	BEFORE=(env "KILLAT=$1" "KILLAT_CHILDREN=$work/$name.children" "LD_PRELOAD=$shim")
	import "$name" "$src/image" --form image
	BEFORE=()
	if [ "$status" -eq 0 ]; then
		echo "$1" >>"$work/completed"
		rm -rf "${work:?}/$name"
		return
	fi
	check "$name: killed" is "$status" 137
	assert_no_canary "$name" "$work/$name"
	import "$name" "$src/image" --form image
	assert_resumed "$name"
	[ "$failed" -gt 0 ] || rm -rf "${work:?}/$name"
}
kill_everywhere "$events" 5 "$(seq 2 7 60)"

# no space, for objects, log, records or report
KETEN_REGISTER=$work/register.sqlite
for blocks in 2 7 16 48; do
	# shellcheck disable=SC2016  # expanded by the inner shell
	BEFORE=(bash -c 'trap "" XFSZ; ulimit -f "$0"; exec "$@"' "$blocks")
	import "full$blocks" "$src/image" --form image
	check "full$blocks: exit status" is "$status" 7
	assert_no_canary "full$blocks" "$work/full$blocks"
	BEFORE=()
	import "full$blocks" "$src/image" --form image
	assert_resumed "full$blocks"
done

# -- the verifier -----------------------------------------------------------------------------

tests/e2e/tamper.sh "$build" "$(packages i-image.zip | tail -n 1)" "$mandate/trust" "$mandate" >"$work/tamper.out" 2>&1
check "each manipulation of an import's package is rejected" is $? 0
grep -E -A 12 'FAILED|passed' "$work/tamper.out"

dutch_pages "$work"
e2e_end
