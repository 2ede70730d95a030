#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# What ends without evidence, and what is said about evidence later, is a package of its own that holds for
# all verifiers; what is withdrawn is gone, also after a SIGKILL in the middle, and its record stays.
# usage: tests/e2e/test-acts.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
act_begin "$@"
MARKERS='Voorbeeld\|VB-1 Pro\|Lumeno\|Kaleido'	# camera texts of photos in scope: they are taken

act() { # act NAME COMMAND...: with key, trust and out folder; its outcome in $status, its package in $package
	local name=$1
	shift
	mkdir -p "$work/$name"
	"$keten" "$@" --operator "$mandate/operator.pem" --trust "$mandate/trust" --out "$work/$name/out" \
		>"$work/act.out" 2>"$work/act.err"
	status=$?
	package=$(sed -n 's/^package *//p' "$work/act.out" | tail -n 1)
}

good_act() { # good_act WHAT TYPE: the last act's package holds for keten-verify, stock programs and the page
	check "$1: exit status" is "$status" 0
	[ "$status" -eq 0 ] || bad "$1: it said" "$work/act.err"
	check "$1: keten-verify" "$build/keten-verify" "$package" --trust "$mandate/trust"
	check "$1: stock programs" stock_steps "$package"
	check "$1: its type" is "$("$keten" show "$package" data/act.json | json /dev/stdin 'd["type"]')" "$2"
	[ "$mandate" != "$work/m" ] || echo "$package" >>"$work/acts"
	cp "$package" "$work/byte.asice"
	printf 'x' | dd of="$work/byte.asice" bs=1 seek=3000 conv=notrunc 2>/dev/null
	"$build/keten-verify" "$work/byte.asice" --trust "$mandate/trust" >/dev/null
	check "$1: not with one byte changed" is $? 5
	check "$1: nor for stock programs" is "$(PACKAGE=$work/byte.asice TRUST=$mandate/trust sh "$work/steps.sh" >/dev/null 2>&1 ||
		echo refused)" refused
}

detail() { "$keten" show "$package" data/act.json | json /dev/stdin "d['detail']['$1']"; }

gone() { # gone NAME: nothing of what was taken is left; what stays is what is meant to stay
	check "$1: no byte of a photo anywhere" is "$(grep -rla "$MARKERS" "$work/$1" | xargs)" ""
	assert_no_canary "$1" "$work/$1"
	check "$1: no timeline text anywhere" is "$(grep -rlaF -f "$work/raw-only" "$work/$1" | xargs)" ""
	check "$1: the case holds no more than its record" is "$(cd "$work/$1/case" && find . -type f | sort |
		grep -v '^./subject/' | xargs)" "./case.json ./custody.jsonl ./lock ./mandate.json ./mandate.json.p7s"
	check "$1: the chain holds" "$keten" log --case "$work/$1/case"
	check "$1: the log says so" custody "$1" data.destroyed
	run_keten "$1"
	check "$1: nothing more is read into it" is "$status" 3
	check "$1: ... by its name" grep -q case-closed "$work/$1/stderr"
}

# -- refused, before a case, and after an attempt
act none refuse --mandate "$mandate/mandate.json" --subject objects --interpreter "Demo Interpreter" --note "Says no"
good_act "refused" refusal
"$keten" receipt "$package" --lang en >"$work/paper"
check "refused: the receipt says so" grep -q 'You said no. Nothing was read' "$work/paper"
check "refused: ... and pins the package" is "$(grep -oE '^  ([0-9a-f]{8} ){3}[0-9a-f]{8}$' "$work/paper" | tr -d ' \n')" \
	"$(sha256sum <"$package" | cut -d ' ' -f 1)"
check "refused: the reason" is "$(detail reason)" person-objects
act none refuse --mandate "$mandate/mandate.json"
check "refused without a reason: usage" is "$status" 2
WAIT=$SHORT run_keten tried --prompt ignore
check "an attempt: the phone does not let in" is "$status" 4
act tried refuse --case "$work/tried/case" --reason attempt-failed
good_act "failed attempt" refusal
check "failed attempt: its log goes along" is "$("$keten" show "$package" custody/custody.jsonl | grep -c '"event":"device.connect"')" 1
run_keten tried
check "failed attempt: the case is closed" is "$status" 3

# -- withdrawn: in the middle, and after the report
for at in 18000 21000 24000; do # how much comes before the photos is a matter of the phone's pace
	rm -rf "$work/middle"
	WAIT=$SHORT run_keten middle --unplug-at "$at"
	! grep -rqa "$MARKERS" "$work/middle/case/objects" || break
done
check "cut off in the middle" is "$status" 4
check "middle: there was something" grep -rqa "$MARKERS" "$work/middle/case/objects"
act middle refuse --case "$work/middle/case" --reason other
check "what was read can't be called refused" is "$status" 3
act middle withdraw --case "$work/middle/case" --note "Changed their mind"
good_act "withdrawn in the middle" withdrawal
check "withdrawn: the receipt says what was destroyed" grep -q "files: *$(detail files)," \
	<("$keten" receipt "$package" --lang en | tr -s '\n ' ' ')
check "withdrawn: ... as a page too" "$keten" receipt "$package" --lang nl --html "$work/paper.html"
check "withdrawn: with the sheet that was shown" is "$(unzip -Z1 "$package" | grep -c '^subject/information')" 1
gone middle
keten_args late
in_sim late -- "$keten" acquire "${args[@]:1}"
check "acquired" is "$status" 0
"$keten" parse --case "$work/late/case" --trust "$mandate/trust" >/dev/null 2>&1 &&
	"$keten" report --case "$work/late/case" --trust "$mandate/trust" >/dev/null 2>&1
check "late: there was a report" test -s "$work/late/case/report/report.json"

# cut off at each of its own lines of the log, and run again
shim=$work/killat.so
gcc -shared -fPIC -O1 -o "$shim" tests/e2e/killat.c || exit 2
for n in 1 2 3 4; do
	for when in before after; do
		cp -r "$work/late" "$work/cut-$when$n"
		LD_PRELOAD=$shim KILLAT=$when:$n act "cut-$when$n" withdraw --case "$work/cut-$when$n/case"
		check "killed $when line $n" is "$status" 137
		act "cut-$when$n" withdraw --case "$work/cut-$when$n/case"
		check "killed $when line $n, run again: it holds" "$build/keten-verify" "$package" --trust "$mandate/trust"
		check "killed $when line $n, run again: gone" is "$(grep -rla "$MARKERS" "$work/cut-$when$n" | xargs)" ""
	done
done
act late withdraw --case "$work/late/case"
good_act "withdrawn late" withdrawal
gone late

# sealed in two stages: receipt and withdrawal need nobody to read it
immediate=$mandate mandate=$work/two
tests/tools/new-mandate "$mandate" --device "$SERIAL" --from 2024-05-01 --to 2024-06-01 --sessions 20 >/dev/null 2>&1
keten_args sealed
in_sim sealed -- "$keten" acquire "${args[@]:1}"
check "sealed: acquired" is "$status" 0
check "sealed: there is an envelope" test -s "$work/sealed/case/release.p7m"
"$keten" receipt "$work/sealed/case" --trust "$mandate/trust" >"$work/out" 2>&1
check "sealed: a receipt" grep -q '^Receipt$' "$work/out"
act sealed withdraw --case "$work/sealed/case"
good_act "withdrawn sealed" withdrawal
gone sealed
mandate=$immediate

# -- about a package
run_keten one
check "run: exit status" is "$status" 0
first=$(packages one)
act one withdraw --case "$work/one/case"
check "a packaged case can't be withdrawn" is "$status" 3
printf 'The journey in May was to see my sister.\nرحلة\n' >"$work/words.txt"
act one comment "$first" --text "$work/words.txt"
good_act "comment" comment
check "comment: as it was written" cmp "$work/words.txt" <("$keten" show "$package" data/attachments/comment.txt)
check "comment: on that package" is "$("$keten" show "$package" data/act.json | json /dev/stdin 'd["concerns"][0]["sha256"]')" \
	"$(sha256sum <"$first" | cut -c1-64)"
: >"$work/empty.txt"
printf 'a\0b' >"$work/odd.txt"
for f in empty odd; do
	act one comment "$first" --text "$work/$f.txt"
	check "comment: $f text refused" is "$status" 2
done
printf 'Version 1 gave times one hour late.\n' >"$work/wrong.txt"
act one erratum "$first" --plugin media-exif --text "$work/wrong.txt"
good_act "erratum" erratum
check "erratum: the plugin" is "$(detail plugin)" media-exif
check "erratum: its version" test "$(detail version)" -gt 0
act one erratum "$first" --plugin uber --text "$work/wrong.txt"
check "erratum: not about a source that was not read" is "$status" 3
act counsel disclose "$first" --to "Counsel, Demo Law Office"
good_act "disclosure" copy
check "disclosure: to whom" is "$(detail to)" "Counsel, Demo Law Office"
check "disclosure: the package as it is" cmp "$first" "$work/counsel/out/${first##*/}"
check "disclosure: comment and erratum go along" is "$(find "$work/counsel/out" -name '*-comment.asice' -o -name '*-erratum.asice' | wc -l)" 2
check "disclosure: nothing half done" is "$(find "$work/counsel/out" -name '*.tmp' | wc -l)" 0
for f in "$work"/counsel/out/*.asice; do
	check "disclosure: ${f##*/} holds" "$build/keten-verify" "$f" --trust "$mandate/trust"
done
act counsel disclose "$first" --to "Somebody else"
check "disclosure: not over another one" is "$status" 2
cp "$work/byte.asice" "$work/one/out/KETEN-X-1-comment.asice"
act counsel2 disclose "$first" --to "Counsel"
check "disclosure: stops at a package that does not hold" is "$status" 5
check "disclosure: ... and hands out nothing" is "$(find "$work/counsel2" -name '*.asice*' | wc -l)" 0

# -- the page judges acts as keten-verify does
if tests/web/ready "$build"; then
	mapfile -t acts <"$work/acts"
	check "verify.html: every act holds" is "$(node tests/web/judge.mjs "$build/verify.html" "$mandate/trust" "${acts[@]}" "$first" |
		cut -f2 | sort | uniq -c | xargs)" "$((${#acts[@]} + 1)) valid"
fi
e2e_end
