#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# Hostile inputs of every format, given to every parser: each ends in a named outcome, in bounded time and
# memory, and count in = count out. Then whole runs on sources where hostile files lie beside good ones: the
# good ones stay complete, the case completes, its package verifies.
# usage: tests/e2e/test-hostile.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
export PYTHONDONTWRITEBYTECODE=1

# -- each parser ------------------------------------------------------------------------------

mkdir "$work/try"
python3 tests/e2e/hostile_run.py "$build" "$work/try" >"$work/try.out" 2>&1 &
trying=$!

# -- inputs that crashed readers of others ----------------------------------------------------

data=../shared/testdata
replayed=0
# replay PARSER FOLDER: every file below
replay() {
	local n
	find "$data/$2" -type f | LC_ALL=C sort >"$work/replay"
	n=$(wc -l <"$work/replay")
	tr '\n' '\0' <"$work/replay" | xargs -0 -x "$build/keten" parsers "$1" --try --count >"$work/replay.out" 2>"$work/replay.err"
	# xargs: 0 for 0, 123 for 1 to 125; anything else is a signal or no program
	case $? in 0 | 123) ;; *) bad "$2 through $1" "$work/replay.err" "$work/replay.out" ;; esac
	check "$2 through $1: each of $n files ends in a named code" is \
		"$(grep -cE '"type":"end".*"code":"(ok|format|limit|memory|cpu-limit|refused)"' "$work/replay.out")" "$n"
	replayed=$((replayed + n))
}
if [ -d "$data/image-fuzz" ] && [ -d "$data/plist-fuzz" ]; then
	for p in media-exif media-quicktime; do replay "$p" image-fuzz; done
	for p in ios-wifi-known ios-device ios-cellular locale-clock ios-weather ios-location-clients bluetooth-vehicles; do
		replay "$p" plist-fuzz
	done
	for p in tracks fit media-exif; do replay "$p" fit; done
	echo "replayed $replayed times"
else
	echo "SKIP (in part): no ../shared/testdata, so no inputs that crashed other readers"
fi

# -- whole runs -------------------------------------------------------------------------------

mandate=$work/m
tests/tools/new-mandate "$mandate" --immediate --sessions 20 --forms image,carrier,file --scope \
	media-exif,media-quicktime,google-timeline,google-takeout,fit,tracks,waze,calendar-places,google-odlh \
	>"$work/m.log" 2>&1 || { cat "$work/m.log"; exit 2; }
mandate_ios=$work/mi
tests/tools/new-mandate "$mandate_ios" --immediate --kind ios --sessions 20 --forms backup --scope \
	media-exif,ios-photos-db,ios-wifi-known,ios-device,waze,calendar-places >"$work/mi.log" 2>&1 || { cat "$work/mi.log"; exit 2; }
src=$work/src
mkdir "$src"
check "sources are made" python3 tests/e2e/hostile_sources.py "$src" "$build/keten"
for s in alone beside; do
	tar -C "$src/image-$s" --exclude=huge.jpg -cf "$src/image-$s.tar" .
	tar -C "$src/file-$s" -cf "$src/file-$s.tar" .
done

# import NAME SOURCE MANDATE FORM: status
import() {
	mkdir -p "$work/$1/tmp"
	timeout -k 5 150 env TMPDIR="$work/$1/tmp" "$build/keten" import --from "$2" --form "$4" --mandate "$3/mandate.json" --trust "$3/trust" \
		--operator "$3/operator.pem" --case "$work/$1/case" --out "$work/$1/out" --simulated >"$work/$1/stdout" 2>"$work/$1/stderr" </dev/null
	status=$?
}
# What is reported of good files: all records, byte for byte, and how reading ended; by path, without numbers of objects
good() {
	json "$work/$1/case/report/report.json" "'\n'.join(sorted(str([o['item'], o['path'], o['sha256'], o['record']]) for o in d['observations']
		if 'good' in (o['path'] or '')) + sorted(str([p['item'], p['result'], p['seen'], p['emitted'], p['skipped'], p['withheld'], p['skips']])
		for p in d['parsing'] if 'good' in ([o['path'] for o in d['objects'] if o['object'] == p['object']][0] or '')))"
}
# together NAME FORM MANDATE ALONE BESIDE
together() {
	local name=$1 form=$2 m=$3 n
	import "$name-alone" "$4" "$m" "$form"
	check "$name: good files alone" is "$status" 0
	n=$(json "$work/$name-alone/case/report/report.json" "len(d['observations'])")
	check "$name: they give records" test "${n:-0}" -ge 5
	import "$name-beside" "$5" "$m" "$form"
	case $status in
	0 | 1) ok "$name: hostile files beside them: the case completes ($status)" ;;
	*) bad "$name: hostile files beside them: exit status $status" "$work/$name-beside/stderr" ;;
	esac
	good "$name-alone" >"$work/$name.good"
	good "$name-beside" >"$work/$name.good2"
	check "$name: the good ones are complete" cmp "$work/$name.good" "$work/$name.good2"
	check "$name: and not empty" grep -q "'t_kind'" "$work/$name.good"
	check "$name: what was hostile was read" test "$(json "$work/$name-beside/case/report/report.json" "sum(p['result'] not in ('ok', 'sibling', 'other-kind')
		for p in d['parsing'])")" -ge 5
	check "$name: each object has a named end" is "$(json "$work/$name-beside/case/report/report.json" "[(p['object'], p['result']) for p in d['parsing']
		if p['result'] not in ('ok', 'other-kind', 'sibling', 'sibling-without-database', 'format', 'limit', 'memory', 'cpu-limit', 'refused')]")" "[]"
	check "$name: no temporary files" is "$(find "$work/$name-beside/tmp" -mindepth 1 | wc -l)" 0
	mandate=$m
	check "$name: the package verifies" verifies "$name-beside"
}
together file file "$mandate" "$src/file-alone.tar" "$src/file-beside.tar"
together image image "$mandate" "$src/image-alone" "$src/image-beside"
together tar image "$work/m" "$src/image-alone.tar" "$src/image-beside.tar"
if [ -x "$build/sim-iphone" ]; then
	for s in alone beside; do
		"$build/sim-iphone" --write-backup "$src/backup-$s" --backup "$src/tree-$s" >"$work/backup.log" 2>&1 || bad "backup-$s is made" "$work/backup.log"
	done
	together backup backup "$mandate_ios" "$src/backup-alone" "$src/backup-beside"
else
	echo "SKIP (in part): sim-iphone was not built, so no backup"
fi

wait $trying
status=$?
cat "$work/try.out"
check "each hostile file ends in a named outcome" is "$status" 0
e2e_end
