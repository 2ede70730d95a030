#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The papers of a whole run: what the person was shown and said stands in the log before the phone is
# touched, sheet and receipt lie in the package, and the receipt's QR code reads as the head of the log.
# usage: tests/e2e/test-papers.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
command -v zbarimg >/dev/null || { echo "SKIP: zbar-tools is not installed"; exit 77; }
phone=$work/sd mandate=$work/m
phone_make "$phone"
mandate_make "$mandate"
keten=$build/keten

# -- consent that is not given: the phone is not spoken to
run_keten no -- --subject objects
check "an objection to a mandate by consent: refused" is "$status" 3
check "... by its name" grep -q '^refused: subject-objects: ' "$work/no/stderr"
check "... the phone was not spoken to" is "$(wc -c <"$work/no.journal")" 0
check "... there is no case" test ! -e "$work/no/case/case.json"

# -- an order, and an objection that a second authoriser has to weigh
consent=$mandate mandate=$work/ordered
mandate_make "$mandate" --order --objection second-authoriser
countersign() {
	OPENSSL_CONF=/dev/null openssl cms -sign -binary -cades -md sha256 -outform DER -signer "$1" -in "$mandate/mandate.json" \
		-out "$mandate/mandate.json.second.p7s"
}
run_keten objects -- --subject objects
check "an objection without a second authoriser: refused" is "$status" 3
check "... by its name" grep -q second-authoriser-missing "$work/objects/stderr"
for who in authoriser operator; do
	countersign "$mandate/$who.pem"
	run_keten objects -- --subject objects
	check "... the $who is none: refused" is "$status" 3
	check "... by its name" grep -q second-authoriser-unfit "$work/objects/stderr"
done
check "... the phone was not spoken to" is "$(wc -c <"$work/objects.journal")" 0
countersign "$mandate/second.pem"
run_keten objects -- --subject objects
check "an objection, countersigned: read" is "$status" 0
check "... the package holds" verifies objects
check "... and has the second signature" is "$(unzip -Z1 "$(packages objects)" | grep -c '^mandate/countersign.p7s$')" 1
check "... stock tools accept it" tests/e2e/stock-verify.sh "$(packages objects)" "$mandate/trust"
python3 tests/e2e/tamper_kinds.py "$(packages objects)" "$mandate" "$work/kinds" >"$work/kinds.tsv" 2>/dev/null
for kind in countersign-gone countersign-other; do
	"$build/keten-verify" "$work/kinds/$kind"/*.asice --trust "$mandate/trust" >"$work/out"
	check "... $kind: the package does not hold" is $? 5
	check "... $kind: for that reason" grep -q '^FAIL  events: .*countersign' "$work/out"
done
mandate=$work/stop
mandate_make "$mandate" --order --objection stop
run_keten stop -- --subject objects
check "a mandate that stops at an objection: refused" is "$status" 3
mandate=$consent

# -- a run
run_keten one -- --subject agrees --interpreter "Demo Interpreter" --lang nl
check "run: exit status" is "$status" 0
check "the package holds" verifies one
log=$work/one/case/custody.jsonl
at() { grep -n "\"event\":\"$1\"" "$log" | head -n 1 | cut -d: -f1; }
check "informed before the phone is touched" test "$(at subject.informed)" -lt "$(at device.connect)"
check "position before the phone is touched" test "$(at subject.position)" -lt "$(at device.connect)"
check "position in the log" custody one subject.position '"interpreter":"Demo Interpreter","position":"agrees"'
package=$(packages one)
unzip -q "$package" -d "$work/bag"
check "the sheet as it was shown" grep -q '^Over het uitlezen van uw telefoon$' "$work/bag/subject/information.nl.txt"
check "... and as the log names it" custody one subject.informed "$(sha256sum <"$work/bag/subject/information.nl.txt" | cut -c1-64)"
head=$(json "$work/bag/subject/receipt.json" 'd["custody_head"]')
check "the receipt pins the line before it" grep -q "\"event\":\"receipt.issued\",.*\"prev\":\"$head\"" "$work/bag/custody/custody.jsonl"

# -- the receipt, from case and package, for a terminal and on paper
"$keten" receipt "$work/one/case" --trust "$mandate/trust" >"$work/r.txt" 2>"$work/r.err"
check "receipt of a case" is $? 0
check "... in the language of the sheet" grep -q '^Ontvangstbewijs$' "$work/r.txt"
check "... with what was read" grep -q "Metagegevens van foto's" "$work/r.txt"
check "... the draft is called one" grep -q '^\*\* Concept' "$work/r.txt"
"$keten" receipt "$package" --lang en >"$work/p.txt" 2>"$work/p.err"
check "receipt of a package" is $? 0
check "... under which authority" grep -q 'Demo Intake Desk, Demo Authoriser' "$work/p.txt"
check "... the person's position" grep -q 'Your position  *you agree' "$work/p.txt"
check "a case that went on gives the same receipt" cmp <("$keten" receipt "$package" --json) \
	<("$keten" receipt "$work/one/case" --trust "$mandate/trust" --json)
"$keten" receipt "$package" --lang nl --html "$work/r.html" || bad "receipt as a page"
for f in r.txt p.txt r.html; do
	tests/tools/qr-picture "$work/$f" "$work/$f.pgm"
	check "$f: the QR code reads as the head of the log" is "$(zbarimg -q --raw "$work/$f.pgm" 2>/dev/null)" "$head"
done
cp "$package" "$work/damaged.asice"
printf 'x' | dd of="$work/damaged.asice" bs=1 seek=4000 conv=notrunc 2>/dev/null
"$keten" receipt "$work/damaged.asice" >/dev/null 2>&1
check "no receipt from a package that does not hold" is $? 5
assert_no_canary "receipt" "$work/r.txt" "$work/r.html" "$work/bag/subject"

# -- languages
check "sheet: English" grep -q 'What is not read' <("$keten" information --mandate "$mandate/mandate.json" --trust "$mandate/trust")
"$keten" information --mandate "$mandate/mandate.json" --trust "$mandate/trust" --lang ti >"$work/out" 2>&1
check "no sheet in a language that has no reviewed text" is $? 2
check "... and what to do" grep -q -- '--information DIR' "$work/out"
mkdir "$work/words"
sed 's/^language = xx/language = ti/; s/^name = *$/name = Tigrinya/; s/^reviewed-by =/& Legal department/; s/^reviewed-on =/& 2026-11-01/' \
	data/information/template.txt >"$work/words/ti.txt"
"$keten" information --mandate "$mandate/mandate.json" --trust "$mandate/trust" --lang ti --information "$work/words" >"$work/out" 2>&1
check "a further language, from the template" is $? 0
check "... reviewed: no draft" is "$(grep -c Draft "$work/out")" 0
e2e_end
