#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# A reading that ends before its seal, for whatever reason, leaves a signed act that holds by itself, for stock programs,
# and in a chain with what follows; a log that was cut back behind it, or goes on otherwise, is told.
# usage: tests/e2e/test-interrupt.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
act_begin "$@"

stops() { find "$work/$1/out" -name '*-interruption.asice' 2>/dev/null | sort -V; }
detail() { "$keten" show "$1" data/act.json | json /dev/stdin "d['detail']$2"; }
verdict() { "$build/keten-verify" "$@" --trust "$mandate/trust" | sed -n 's/^chain: \(valid\|invalid\|undetermined\)$/\1/p'; }

# good_stop NAME REASON: the newest act of that run holds, for everybody, and gives that reason
good_stop() {
	local p
	p=$(stops "$1" | tail -n 1)
	check "$1: there is an act" test -n "$p"
	[ -n "$p" ] || { bad "$1: it said" "$work/$1/stderr"; return; }
	check "$1: keten-verify" "$build/keten-verify" "$p" --trust "$mandate/trust"
	check "$1: stock programs" stock_steps "$p"
	check "$1: why" is "$(detail "$p" "['reason']")" "$2"
	check "$1: its head is that of its log" is "$("$keten" show "$p" custody/custody.jsonl | tail -n 1 | sha256sum | cut -c1-64)" \
		"$(detail "$p" "['custody_head']")"
	check "$1: nothing of what was taken is in it" is "$(unzip -Z1 "$p" | grep -c '^data/\(objects\|index\)')" 0
	[ "$mandate" != "$work/m" ] || echo "$p" >>"$work/stops"
}

# -- lost in the middle, gone on with, lost again, complete
for at in 18000 21000 24000; do # how much comes before the photos is a matter of the phone's pace
	rm -rf "$work/lost"
	WAIT=$SHORT run_keten lost --unplug-at "$at"
	[ "$(detail "$(stops lost)" "['objects']")" -eq 0 ] || break
done
check "lost: exit status" is "$status" 4
good_stop lost phone-lost
check "lost: something was taken" test "$(detail "$(stops lost)" "['bytes']")" -gt 0
check "lost: what was not ended is said" grep -q '"outcome":"pending"' <("$keten" show "$(stops lost)" data/act.json)
check "lost: the objects are those that the case lists" is "$(detail "$(stops lost)" "['objects']")" \
	"$(cat "$work"/lost/case/index/*.jsonl | grep -c '"object":"')"
"$keten" receipt "$work/lost/case" --trust "$mandate/trust" >"$work/receipt.out" 2>&1
check "lost: a receipt for what was taken so far" grep -q 'ended before it was finished' "$work/receipt.out"
cp -r "$work/lost" "$work/fork" # with its log as it is now
WAIT=$SHORT run_keten lost --unplug-at 3000
good_stop lost phone-lost
check "lost: the second attempt" is "$(detail "$(stops lost | tail -n 1)" "['attempt']")" 2
run_keten lost
check "lost: then complete" is "$status" 0
check "lost: one session" is "$(grep -c '"event":"session.open"' "$work/lost/case/custody.jsonl")" 1
mapfile -t all < <(packages lost)
check "lost: both acts and the package are a chain" is "$(verdict "${all[@]}")" valid
check "lost: only one receipt is the case's" is "$(grep -c '"event":"receipt.issued"' "$work/lost/case/custody.jsonl")" 1
whole=$(printf '%s\n' "${all[@]}" | grep -v interruption)
for p in $(stops lost); do # with stock programs
	check "lost: ${p##*/} by head and cmp" cmp <(unzip -p "$whole" custody/custody.jsonl |
		head -n "$(detail "$p" "['custody_lines']")") <(unzip -p "$p" custody/custody.jsonl)
done
run_keten fork # the same case, brought back to its first stop: the second one is not in its log
check "fork: it can be made" is "$status" 0
check "fork: told by the chain" is "$(verdict "$(packages fork | grep -v interruption)" "$(stops lost | tail -n 1)")" invalid
check "fork: the first stop is in both" is "$(verdict "$(packages fork | grep -v interruption)" "$(stops lost | head -n 1)")" valid
first=$(stops lost | head -n 1)
for at in 400 3000 9000; do
	cp "$first" "$work/byte.asice"
	printf '\xff' | dd of="$work/byte.asice" bs=1 seek=$at conv=notrunc 2>/dev/null
	"$build/keten-verify" "$work/byte.asice" --trust "$mandate/trust" >/dev/null
	check "byte $at changed: invalid" is $? 5
	check "byte $at changed: nor for stock programs" is "$(PACKAGE=$work/byte.asice TRUST=$mandate/trust \
		sh "$work/steps.sh" >/dev/null 2>&1 || echo refused)" refused
done

# -- nothing there, nobody taps, the operator stops, the program is killed, no folder was named
mandate=$work/other
tests/tools/new-mandate "$mandate" --device NOT-THIS-ONE --immediate --from 2024-05-01 >/dev/null 2>&1
keten_args none
args=("${args[@]/%$SERIAL/NOT-THIS-ONE}")
in_sim none -- "$keten" "${args[@]}" --wait "$SHORT"
check "none: exit status" is "$status" 4
good_stop none phone-not-there
mandate=$work/m
WAIT=$SHORT run_keten untapped --prompt ignore
check "untapped: exit status" is "$status" 4
good_stop untapped phone-refused
in_sim stopped --slow 6000 -- tests/tools/signal-when INT "$work/stopped/case/custody.jsonl" item.start "$keten" run --mandate "$mandate/mandate.json" --trust "$mandate/trust" \
	--operator "$mandate/operator.pem" --device "$SERIAL" --case "$work/stopped/case" --out "$work/stopped/out" --simulated --json
good_stop stopped stopped
check "stopped: the result names it" is "$(json "$work/stopped/stdout" 'd["result"] + " " + d["interruption"]')" \
	"interrupted $(basename "$(stops stopped)")"
in_sim killed --slow 6000 -- tests/tools/signal-when KILL "$work/killed/case/custody.jsonl" item.start "$keten" run --mandate "$mandate/mandate.json" --trust "$mandate/trust" \
	--operator "$mandate/operator.pem" --device "$SERIAL" --case "$work/killed/case" --out "$work/killed/out" --simulated
check "killed: nothing is signed" is "$(stops killed)" ""
"$keten" interrupt --case "$work/killed/case" --trust "$mandate/trust" --operator "$mandate/operator.pem" --out "$work/killed/out" \
	--note "Power cut" >/dev/null 2>"$work/killed/stderr"
good_stop killed cut-off
check "killed: the note" is "$(detail "$(stops killed)" "['note']")" "Power cut"
run_keten killed
check "killed: gone on with" is "$status" 0
mapfile -t all < <(packages killed)
check "killed: a chain" is "$(verdict "${all[@]}")" valid
"$keten" interrupt --case "$work/killed/case" --trust "$mandate/trust" --operator "$mandate/operator.pem" --out "$work/killed/out" \
	>/dev/null 2>"$work/out"
check "a sealed case was not interrupted" is $? 3
check "... and it says so" grep -q nothing-to-record "$work/out"
WAIT=$SHORT keten_args unsigned
in_sim unsigned --prompt ignore -- "$keten" acquire "${args[@]:1:10}" --simulated --wait "$SHORT"
check "unsigned: it is in the log all the same" grep -q '"event":"session.interrupted"' "$work/unsigned/case/custody.jsonl"
check "unsigned: it says what makes the record" grep -q 'keten interrupt --case' "$work/unsigned/stderr"
"$keten" interrupt --case "$work/unsigned/case" --trust "$mandate/trust" --operator "$mandate/operator.pem" \
	--out "$work/unsigned/out" --reason phone-refused >/dev/null 2>"$work/unsigned/stderr"
good_stop unsigned phone-refused

# -- what a window asks: which cases there are, and whether this can be begun at all
of_case() { "$keten" cases "$work/$1" --json | json /dev/stdin "d['cases'][0]['$2']"; }
check "cases: an unfinished one" is "$(of_case untapped state) $(of_case untapped reason)" "reading phone-refused"
check "cases: a finished one" is "$(of_case lost state) $(of_case lost answered)" "packaged 8"
head -c 40 "$work/lost/case/custody.jsonl" >>"$work/untapped/case/custody.jsonl" # half a line, as a crash leaves
check "cases: half a line is no trouble" is "$(of_case untapped state)" reading
sed -i '2s/good/fine/' "$work/untapped/case/custody.jsonl"
check "cases: a log that was changed" is "$(of_case untapped state)" unreadable
# what somebody who can write there makes of it: nothing hangs, and no other case is hidden by it
mkdir "$work/hostile" && cp -r "$work/lost/case" "$work/hostile/good" && mkdir "$work/hostile/"{deep,long,pipe,pipes,steered}
ln -s good "$work/hostile/link"
python3 -c 'import json, sys
def case(name, mandate):
    d = {"format": "keten-case-1", "case_id": "c1", "mandate_id": mandate, "device": "D", "device_kind": "android"}
    with open("%s/%s/case.json" % (sys.argv[1], name), "w", encoding="utf-8") as f:
        json.dump(d, f, ensure_ascii=False)
case("long", "x" + "\u00e9" * 200)
case("steered", "a\u202eb\u2069\nc")
case("pipes", "M")
with open(sys.argv[1] + "/deep/case.json", "w", encoding="ascii") as f:
    f.write("[" * 60000)' "$work/hostile"
mkfifo "$work/hostile/pipe/case.json" "$work/hostile/pipes/custody.jsonl" "$work/hostile/pipes/lock"
timeout -s KILL 100 "$keten" cases "$work/hostile" --json >"$work/hostile.json"
check "hostile cases: it ends" is $? 0
check "hostile cases: each is told for what it is" is "$(json "$work/hostile.json" "' '.join(c['folder'] + ':' + c['state'] for c in d['cases'])")" \
	"deep:unreadable good:packaged long:reading pipe:unreadable pipes:unreadable steered:reading"
check "hostile cases: nothing steers the text" is "$(grep -c $'\u202e\|\u2069' "$work/hostile.json")" 0
timeout -s KILL 100 "$keten" log --case "$work/hostile/pipes" >/dev/null 2>&1
check "hostile cases: nor is a pipe waited for by its log" is $? 7
for i in $(seq 1001); do mkdir "$work/hostile/0$i" && ln "$work/hostile/good/"{case.json,custody.jsonl} "$work/hostile/0$i"; done
check "hostile cases: a thousand finished ones hide none" is "$("$keten" cases "$work/hostile" --json | json /dev/stdin \
	"[len(d['cases']), d['more'], sum(c['state'] == 'reading' for c in d['cases'])]")" "[1005, True, 2]"
rm -r "$work/hostile"
cp -r "$work/unsigned/case" "$work/swapped"
cp "$work/other/mandate.json" "$work/other/mandate.json.p7s" "$work/swapped/"
for act in withdraw interrupt; do
	timeout -s KILL 100 "$keten" $act --case "$work/swapped" --trust "$work/other/trust" --operator "$work/other/operator.pem" \
		--out "$work/swapped-out" >/dev/null 2>"$work/out"
	check "$act: not under a mandate that was put in its place" is $? 3
	check "$act: ... and it says so" grep -q case-of-another-mandate "$work/out"
done
rm "$work/swapped/mandate.json" && mkfifo "$work/swapped/mandate.json"
timeout -s KILL 100 "$keten" mandate check "$work/swapped/mandate.json" >/dev/null 2>&1
check "a pipe in place of the mandate is not waited for" is $? 7
check "nothing came of any of it" is "$(find "$work/swapped-out" -name '*.asice' 2>/dev/null | wc -l)" 0
look() { while [ ! -e "$work/looked" ]; do "$keten" cases "$work/sessions" --json >/dev/null; done; }
mkdir "$work/sessions" && cp -r "$work/unsigned/case" "$work/sessions/one"
look &
for _ in 1 2 3 4 5 6 7 8; do
	"$keten" interrupt --case "$work/sessions/one" --trust "$mandate/trust" --operator "$mandate/operator.pem" \
		--out "$work/sessions-out" >/dev/null 2>"$work/out" || bad "cases: who looks keeps nobody from working" "$work/out"
done
touch "$work/looked"
wait
check "cases: the records made meanwhile" is "$(find "$work/sessions-out" -name '*.asice' | wc -l)" 8
check "cases: no folder, no cases" is "$("$keten" cases "$work/nowhere" --json | json /dev/stdin "len(d['cases'])")" 0
asked() { # asked ID [OPTION...]: how keten station judges that
	local id=$1
	shift
	"$keten" station --mandate "$mandate/mandate.json" --trust "$mandate/trust" --operator "$mandate/operator.pem" \
		--case "$work/new" --out "$work/new-out" --json "$@" 2>/dev/null |
		json /dev/stdin "[c['result'] for c in d['checks'] if c['id'] == '$id'][0]"
}
check "station: it can be begun" is "$(asked authority) $(asked folders)" "good good"
check "station: not by the authoriser" is "$(asked authority --operator "$mandate/authoriser.pem")" failed
check "station: not below a file" is "$(asked folders --out "$work/steps.sh/out")" failed
echo '{}' >"$work/statement.json"
check "station: not with that statement" is "$(asked statement --statement "$work/statement.json")" failed

# -- two stages: names and texts of the phone stay sealed
mandate=$work/two
tests/tools/new-mandate "$mandate" --device "$SERIAL" --from 2024-05-01 --to 2024-06-01 --sessions 20 >/dev/null 2>&1
WAIT=$SHORT run_keten sealed --unplug-at "$at"
WAIT=$SHORT run_keten sealed --unplug-at 21000
good_stop sealed phone-lost
check "sealed: it says nothing that could quote the phone" is "$(detail "$(stops sealed | tail -n 1)" "['text']")" ""
check "sealed: nor anything of it" is "$(unzip -p "$(stops sealed | tail -n 1)" | grep -ca 'Voorbeeld\|VB-1 Pro\|IMG_\|sdcard\|Timeline.json')" 0
assert_no_canary sealed "$work/sealed"
run_keten sealed
check "sealed: then complete" is "$status" 0
mapfile -t all < <(packages sealed)
check "sealed: a chain" is "$(verdict "${all[@]}")" valid
mandate=$work/m

# -- the page judges them as keten-verify does
if tests/web/ready "$build"; then
	mapfile -t acts < <(sort -u "$work/stops")
	check "verify.html: every act holds" is "$(node tests/web/judge.mjs "$build/verify.html" "$mandate/trust" "${acts[@]}" |
		cut -f2 | sort | uniq -c | xargs)" "${#acts[@]} valid"
fi
e2e_end
