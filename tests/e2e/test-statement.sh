#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# A statement beside a track that somebody hands over: findings, hashes, what is refused, and a verifier
# that holds report, log and file against one another.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
plain_begin "$@"

tests/tools/new-mandate "$work/m" --immediate --forms file --scope tracks --from 2024-05-01 --to 2024-06-01 --sessions 9 \
	>"$work/m.log" 2>&1 || { cat "$work/m.log"; exit 2; }
{
	echo '<?xml version="1.0"?><gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>'
	for d in 01 02 03 04 05; do
		echo "<trkpt lat=\"37.98\" lon=\"23.73\"><time>2024-05-${d}T12:00:00Z</time></trkpt>"
	done
	echo '</trkseg></trk></gpx>'
} >"$work/tour.gpx"
claim() { # claim ID KIND FROM TO CODE
	printf '{"id":"%s","kind":"%s","text":"As told.","period":{"from":"%s","to":"%s"},"place":{"kind":"country","code":"%s"}}' "$@"
}
statement() { # statement FILE CLAIM,CLAIM
	printf '{"format":"keten-statement-1","given_at":"2024-11-20T10:00:00Z","language":"ti","source":"interview","claims":[%s]}\n' \
		"$2" >"$1"
}
statement "$work/s.json" "$(claim c1 stayed 2024-05-01 2024-05-05 GR),$(claim c2 stayed 2024-05-02 2024-05-03 IT),$(claim c3 visited 2024-05-10 2024-05-20 ER)"
statement "$work/other.json" "$(claim c1 stayed 2024-05-01 2024-05-05 TR)"
statement "$work/bad.json" "$(claim c1 lived 2024-05-01 2024-05-05 GR)"

keten() { # keten NAME COMMAND OPTION...
	local n=$1
	shift
	"$build/keten" "$@" --trust "$work/m/trust" >"$work/$n.out" 2>"$work/$n.err" </dev/null
	status=$?
}
import() { # import NAME OPTION...
	local n=$1
	shift
	keten "$n" import --from "$work/tour.gpx" --form file --mandate "$work/m/mandate.json" \
		--operator "$work/m/operator.pem" --case "$work/$n" --out "$work/out-$n" --simulated "$@"
}
say() { # say NAME EXPRESSION: of report.json, as r
	python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$work/$1/report/report.json" "$2"
}

import bad --statement "$work/bad.json"
check "a statement that does not hold: exit status" is "$status" 2
check "it says which member" grep -q 'claims\[0\]: "kind" must be stayed, visited or not-there' "$work/bad.err"
check "nothing was opened for it" test ! -e "$work/bad"

import given --statement "$work/s.json"
check "given: exit status" is "$status" 0
check "given: findings" is "$(say given '[c["findings"] for c in r["statement"]["claims"]]')" \
	"[['fits'], ['does-not-fit'], ['no-data']]"
check "given: named by hash" is "$(say given 'r["statement"]["sha256"]')" "$(sha256sum <"$work/s.json" | cut -c1-64)"
check "given: what a silence can mean" is "$(say given 'r["statement"]["claims"][2]["coverage"]["silence"]')" no-source-that-records-by-itself
check "given: the case holds it" cmp "$work/given/statement.json" "$work/s.json"
check "given: the package holds it" cmp <(unzip -p "$work"/out-given/*.asice report/statement.json) "$work/s.json"
check "given: the package verifies" "$build/keten-verify" --trust "$work/m/trust" "$work"/out-given/*.asice
before=$(sha256sum <"$work/given/report/report.json")
keten again report --case "$work/given"
check "the same report again: exit status" is "$status" 0
check "the same bytes" is "$(sha256sum <"$work/given/report/report.json")" "$before"
keten another report --case "$work/given" --statement "$work/other.json"
check "another statement: refused" is "$status" 3
check "another statement: says why" grep -q another-statement "$work/another.err"
cp "$work/other.json" "$work/given/statement.json"
keten swapped report --case "$work/given"
check "a statement swapped in the case: exit status" is "$status" 5
check "it says so" grep -q 'not the one that the log of this case names' "$work/swapped.err"

import none
check "none: exit status" is "$status" 0
check "none: the report says null" is "$(say none 'r["statement"]')" None
keten late report --case "$work/none" --statement "$work/s.json"
check "after the report: refused" is "$status" 3
check "after the report: says why" grep -q statement-after-report "$work/late.err"

# more places than a sort takes on its stack: the drawing of the report is shut in, and must sort them
{
	echo '<?xml version="1.0"?><gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>'
	for n in $(seq 10 59); do
		for m in $(seq 10 24); do
			echo "<trkpt lat=\"$((n - 10)).5\" lon=\"$m.5\"><time>2024-05-$m""T12:$n:00Z</time></trkpt>"
		done
	done
	echo '</trkseg></trk></gpx>'
} >"$work/far.gpx"
keten far import --from "$work/far.gpx" --form file --mandate "$work/m/mandate.json" --operator "$work/m/operator.pem" \
	--case "$work/far" --out "$work/out-far" --simulated
check "many places: the report is drawn" is "$status" 0

# a file of that name, put into the case by hand, is not read, and a package that holds one is found out
cp "$work/s.json" "$work/none/statement.json"
cp "$work/s.json" "$work/none/report/statement.json"
keten seal seal --case "$work/none" --out "$work/out-planted" --operator "$work/m/operator.pem"
check "a planted statement does not pass" is "$status" 5
check "a planted statement: says so" grep -q 'is not the statement that the custody log names' "$work/seal.err"

e2e_end
