#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The exit status of keten says what to do next (docs/user/keten.md): each by a real command, on what people hand
# over, on a case and a package that do not hold, and on an output that can't be written. Errors are JSON where that
# was asked for, a wrong call gets the usage that help shows.
# usage: tests/e2e/test-exit.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
plain_begin "$@"
mandate=$work/m

# ends STATUS TEXT COMMAND [OPTION...]: keten ends with it, and says TEXT; what it printed is in said and err
ends() {
	local want=$1 text=$2
	shift 2
	"$build/keten" "$@" >"$work/said" 2>"$work/err" </dev/null
	check "${*:1:3}: $want" is $? "$want"
	check "${*:1:3}: says $text" grep -qF -- "$text" "$work/said" "$work/err"
}

# -- a wrong call
for c in act expire log parsers redact release show stats verify 'mandate check' 'verify --reproduce' \
	'mandate nothing' 'parsers --try' 'devices --wait x' 'run --nothing'; do
	read -ra words <<<"$c"
	if [ "$c" = parsers ]; then words+=(--count); fi
	ends 2 "usage: keten ${words[0]} " "${words[@]}"
	check "$c: the usage is that of its help" is "$(sed -n 's/^usage: //p' "$work/err")" \
		"$("$build/keten" "${words[0]}" --help | head -n 1)"
	ends 2 '"exit":2' "${words[@]}" --progress=json
	check "$c: JSON for programs" is "$(json "$work/err" 'd["schema"], d["exit"], d["error"]')" \
		"('keten-error-1', 2, 'usage')"
done
ends 2 'there is no command "nothing"' nothing
ends 2 '"exit":2' nothing --progress=json
ends 2 'there is no parser "nothing"' parsers nothing
ends 2 'name the parser before the file' parsers --try "$build/keten"

# -- an output that can't be written
for c in --version help 'verify --help' 'mandate template' parsers 'parsers --json' 'parsers tracks' 'parsers tracks --json' \
	'information --json' 'cases /nonexistent --json' 'station --json'; do
	read -ra words <<<"$c"
	"$build/keten" "${words[@]}" >/dev/full 2>"$work/err"
	check "$c: a full disk" is $? 7
	check "$c: says so" grep -qF 'standard output: No space left on device' "$work/err"
done

# -- a case of one track
tests/tools/new-mandate "$mandate" --immediate --forms file,image --scope tracks --from 2024-05-01 --to 2024-06-01 --sessions 9 \
	>"$work/m.log" 2>&1 || { cat "$work/m.log"; exit 2; }
track() { # track POINT...
	echo '<?xml version="1.0"?><gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>'
	printf '<trkpt lat="37.98" lon="%s"><time>2024-05-02T12:00:00Z</time></trkpt>\n' "$@"
}
trust=(--trust "$mandate/trust") key=(--operator "$mandate/operator.pem")
from() { # from FORM FILE OPTION...: an import into the case that the last option names
	args=(import --form "$1" --from "$2" --mandate "$mandate/mandate.json" "${trust[@]}" "${key[@]}" --simulated
		--out "$work/packages" "${@:3}")
}
{ track 23.73 23.74; echo '</trkseg></trk></gpx>'; } >"$work/good.gpx"
track 23.73 23.74 >"$work/cut.gpx"
from file "$work/good.gpx" --case "$work/good"
ends 0 "result   complete" "${args[@]}"
package=$(echo "$work"/packages/*.asice)
"$build/keten" verify "$package" "${trust[@]}" >/dev/full 2>"$work/err"
check "a verdict that can't be written is none" is $? 7
ends 1 '"code":"format"' parsers tracks --try "$work/cut.gpx"

# -- what was handed over, and is malformed or too long
echo '{"a":1' >"$work/cut.json"
head -c 1100000 /dev/zero | tr '\0' a >"$work/long"
cp -r "$mandate/trust" "$work/garbage"
echo garbage >"$work/garbage/x.pem"
cp -r "$mandate/trust" "$work/over"
cp "$work/long" "$work/over/x.pem"
put=(--out "$work/out" "${key[@]}")
ends 2 "--marks $work/cut.json: JSON: ends early" redact "$package" --marks "$work/cut.json" "${put[@]}" "${trust[@]}"
ends 2 "$work/long: file is longer than" comment "$package" --text "$work/long" "${put[@]}" "${trust[@]}"
from file "$work/good.gpx" --case "$work/none" --statement "$work/cut.json"
ends 2 "statement: JSON: ends early" "${args[@]}"
from file "$work/good.gpx" --case "$work/none" --statement "$work/long"
ends 2 "$work/long: file is longer than" "${args[@]}"
ends 2 "JSON: ends early" report --case "$work/good" "${trust[@]}" --statement "$work/cut.json"
for c in "mandate check $mandate/mandate.json" "stats $package" "verify $package"; do
	read -ra words <<<"$c"
	ends 2 "x.pem: no certificate can be read" "${words[@]}" --trust "$work/garbage"
	ends 2 "x.pem: file is longer" "${words[@]}" --trust "$work/over"
done

# -- evidence that does not hold
broken() { # broken WHAT SCRIPT COMMAND...: with a copy of the case that SCRIPT has changed
	rm -rf "$work/broken"
	cp -r "$work/good" "$work/broken"
	(cd "$work/broken" && sh -c "$1") || exit 2
	shift
	ends 5 "$@"
}
here=(--case "$work/broken" "${trust[@]}")
broken 'python3 -c "import sqlite3; sqlite3.connect(\"records.sqlite\").execute(\"PRAGMA user_version=0\")"' \
	"records.sqlite is not complete" report "${here[@]}"
broken 'echo { >case.json' "case.json can't be read" report "${here[@]}"
broken 'echo { >case.json' "broken holds no case that can be read" stats "$work/broken" "${trust[@]}"
broken 'echo { >>custody.jsonl' "do not rely on this case" log --case "$work/broken"
broken 'cat ../long >>index/i0001.jsonl; echo >>index/i0001.jsonl' "line too long" parse "${here[@]}"
broken 'echo >>objects/o000001' "object changed since acquisition" seal "${here[@]}" "${put[@]}"
ends 5 "source-unreadable: as a image" import --form image --from "$work/long" --mandate "$mandate/mandate.json" "${trust[@]}" \
	"${key[@]}" --case "$work/image" --out "$work/out"
for c in receipt "redact --marks $work/cut.json" "comment --text $work/cut.gpx" 'act opening --reason x' \
	'timestamp --tsa http://127.0.0.1:1' verify; do
	read -ra words <<<"$c"
	[ "$c" = receipt ] || [ "$c" = verify ] || words+=("${put[@]}")
	ends 5 "" "${words[@]}" "$work/cut.json" "${trust[@]}"
done
ends 5 "not shown" show "$work/cut.json" report/report.json

# -- the others
tests/tools/new-mandate "$work/phone" --immediate --device SIM0001 --scope media-exif --from 2024-05-01 --to 2024-06-01 \
	>"$work/m.log" 2>&1 || { cat "$work/m.log"; exit 2; }
ends 3 "refused: form-not-allowed" run --mandate "$mandate/mandate.json" "${trust[@]}" --device SIM0001 \
	--case "$work/none" "${put[@]}"
ends 4 "no-device" run --mandate "$work/phone/mandate.json" --trust "$work/phone/trust" --device SIM0001 --wait 0 \
	--case "$work/none" --out "$work/out" --operator "$work/phone/operator.pem"
mkdir "$work/empty"
ends 6 "no-trust-anchor" mandate check "$mandate/mandate.json" --trust "$work/nothing"
ends 6 "undetermined" verify "$package" --trust "$work/empty"
ends 7 "name another folder" run --mandate "$work/phone/mandate.json" --trust "$work/phone/trust" --device SIM0001 \
	--case "$work/none" --out /proc/nothing --operator "$work/phone/operator.pem"
mkdir "$work/alone"
cp "$build/keten" "$work/alone"
build=$work/alone ends 8 "keten-worker is not installed" parsers tracks --try "$work/good.gpx"
# a limit that may not be raised again is no sandbox (a parser gets more seconds than these)
drop=()
if [ "$(id -u)" -eq 0 ]; then drop=(setpriv --bounding-set=-all --inh-caps=-all); fi
(ulimit -t 3 && exec "${drop[@]}" "$build/keten" parsers tracks --try "$work/good.gpx" >"$work/said" 2>"$work/err")
check "no sandbox: 8" is $? 8
check "no sandbox: says so" grep -qF no-sandbox "$work/err"
for p in keten-worker keten-render; do # an environment is none of theirs
	check "$p refuses in its own name" is "$(env -i A=1 "$build/$p" 2>&1 </dev/null)" "$p: sandbox: the environment is not empty"
done

# a warning is a line of JSON too, where those are read
tests/tools/new-mandate "$work/single" --forms file --scope tracks --recipients 1 >"$work/m.log" 2>&1 || exit 2
ends 0 "only one person can open" import --form file --from "$work/good.gpx" --mandate "$work/single/mandate.json" \
	--trust "$work/single/trust" --operator "$work/single/operator.pem" --case "$work/single-case" --out "$work/out" --progress=json
check "warning: all lines are JSON" python3 -c 'import json, sys; [json.loads(l) for l in open(sys.argv[1])]' "$work/err"

# -- cases: a folder that can't be listed is not one without cases; their texts do not steer the terminal
mkdir -p "$work/cases/one"
printf '{"created":"2024-\\u001b[31m05-01T10:00"}' >"$work/cases/one/case.json"
ends 0 '2024-\u{001b}[31m05' cases "$work/cases"
check "cases: nothing steers the terminal" is "$(LC_ALL=C tr -d '\n -~' <"$work/said" | wc -c)" 0
(exec >"$work/said" 2>"$work/err" </dev/null && ulimit -n 4 && exec "$build/keten" cases "$work/cases")
check "cases: a folder that can't be listed" is $? 7
check "cases: says so" grep -qF "$work/cases: Too many open files" "$work/err"
ends 0 '"cases":[]' cases "$work/not-there-yet" --json

e2e_end
