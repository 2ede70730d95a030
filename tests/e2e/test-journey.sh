#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The designed journey of tests/unit/test_findings.c, drawn by the sandboxed keten-render: every view says what was
# designed, in both languages and with the same bytes twice; a browser shows the pages from a file and asks
# for nothing else.
#
# usage: tests/e2e/test-journey.sh BUILD
set -u
build=${1:?usage: $0 BUILD}
build=$(cd "$build" && pwd) || exit 2
. tests/e2e/lib.sh
passed=0 failed=0
work=$(mktemp -d)
if [ "${KEEP:-0}" = 1 ]; then echo "work: $work"; else trap 'rm -rf "$work"' EXIT; fi

for n in one two; do
	mkdir "$work/$n"
	check "the journey's report.json ($n)" "$build/test_findings" --report "$work/$n/report.json"
	check "keten-render draws every view ($n)" "$build/render-views" "$work/$n"
done
check "all views: same bytes twice" diff -r "$work/one" "$work/two"
check "nine views and the report" is "$(find "$work/one" -type f | wc -l)" 10
check "forms: the same observations and coordinates in each" python3 tests/e2e/views_count.py "$work/one" "$work/one/report.json"
check "forms and pages: what was designed" python3 tests/e2e/journey_views.py "$work/one"

# A finding that is changed or taken out is missed: the checks can fail.
spoil() { # spoil WHAT SED-SCRIPT: draws the report with the change and expects that it is seen
	rm -rf "$work/bad" "$work/out"
	mkdir "$work/bad"
	sed "$2" "$work/one/report.json" >"$work/bad/report.json"
	check "$1: the report is another one" is "$(cmp -s "$work/bad/report.json" "$work/one/report.json" && echo same || echo other)" other
	check "$1: drawn" "$build/render-views" "$work/bad"
	python3 tests/e2e/journey_views.py "$work/bad" >"$work/out" 2>&1
	check "$1: seen" is "$? $(grep -c '^FAIL' "$work/out")" "1 $3"
}
# on a page and on a sheet, in two languages each; 'received' also in the four forms and in CASE
spoil "no conflict" '/^{"n":1,"sources":\["google-account","tracks"\]/s/9576768/9476768/' 4
spoil "a received picture that counts" '/"id":"o000007#2"/s/"use":{"as":"not-position","why":"received"/"use":{"as":"position","why":"position"/' 9

# what a phone that gave no time and a file that is not there are in Dutch
sed 's/"when":"start","offset_ms":120000,"text":"[^"]*"/"when":"start","offset_ms":null,"text":"At the start the phone gave no usable time."/
	/"item":"wifi\/x"/s/"outcome":"acquired","reason":""/"outcome":"absent","reason":"none of the kind asked for (other files: 3)"/' \
	"$work/one/report.json" >"$work/report.json"
"$build/draw-view" html-nl "$work/report.json" >"$work/out"
check "in Dutch: no time from the phone" grep -q 'aan het begin gaf de telefoon geen bruikbare tijd; aan het einde' "$work/out"
check "in Dutch: why an item is not there" grep -q 'geen van de gevraagde soort (andere bestanden: 3)' "$work/out"

if command -v node >/dev/null && command -v chromium >/dev/null; then
	for p in report.html report.nl.html; do
		check "a browser: $p from a file" node tests/web/report.mjs "$work/one/$p"
	done
	sed 's#</main>#<img src="http://127.0.0.1:1/x.png"></main>#' "$work/one/report.html" >"$work/asks.html"
	node tests/web/report.mjs "$work/asks.html" >"$work/out" 2>&1
	check "a browser: a page that asks for more is seen" is "$? $(grep -c '^FAIL.*asks for itself alone: .*x.png' "$work/out")" "1 1"
else
	echo "no browser here: the pages were not loaded"
fi

dutch_pages "$work" "Track files" "report of the interview, page 4" "Places only." "tried on published tracks" \
	"What an iPhone says about itself" "SIM and network"
e2e_end
