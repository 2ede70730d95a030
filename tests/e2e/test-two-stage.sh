#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# Two stages: nothing of what the phone holds stands readable at the desk, whatever happens; stock tools
# and a releaser open it; the release gives what an immediate case gives; rules and keys are refused by name.
# usage: tests/e2e/test-two-stage.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
phone=$work/sd
TIMELINE=60 phone_make "$phone"
# in what is taken: content, camera, names of files, a setting
MARK_CONTENT=$CANARY_TIMELINE
canary_patterns "$MARK_CONTENT" Camera/IMG_0 UPPER.JPG Timeline.json gps_time >"$work/marks"
shim=$work/killat.so
gcc -shared -fPIC -O1 -o "$shim" tests/e2e/killat.c || exit 2

two_stage() { # two_stage NAME [options]: a mandate in $work/NAME
	tests/tools/new-mandate "$work/$1" --device "$SERIAL" --from 2024-05-01 --to 2024-06-01 --sessions 20 "${@:2}" \
		>"$work/$1.log" 2>&1 || { cat "$work/$1.log"; exit 2; }
}

# Neither in a file nor in a name below these folders.
# shellcheck disable=SC2317  # called by name
unreadable() {
	local hits
	hits=$(LC_ALL=C grep -rlaF -f "$work/marks" -- "$@")
	[ -z "$hits" ] || { echo "readable in: $hits"; return 1; }
	hits=$(find "$@" | LC_ALL=C grep -aF -f "$work/marks")
	[ -z "$hits" ] || { echo "readable in a name: $hits"; return 1; }
}

# shellcheck disable=SC2317  # called by name
readable() {
	! unreadable "$@" >/dev/null
}

release() { # release NAME [options]: of the newest package of that case, into $work/NAME/rel
	"$build/keten" release "$(packages "$1" | tail -n 1)" --releaser "$mandate/releaser.pem" --out "$work/$1/rel" \
		--trust "$mandate/trust" "${@:2}" >"$work/$1/rel.out" 2>"$work/$1/rel.err" </dev/null
	status=$?
}

refused_with() { # refused_with WHAT RULE [STATUS]: the last release, by its name
	check "$1: exit status" is "$status" "${3:-3}"
	check "$1: says $2" grep -q "$2" "$work/$case/rel.err"
	check "$1: nothing was released" is "$(find "$work/$case/rel" -name '*.asice' 2>/dev/null | wc -l)" 0
	check "$1: nothing was opened" test -z "$(find "$work/$case/rel" -name report.json 2>/dev/null)"
}

# -- acquiring --------------------------------------------------------------------------------

two_stage m
mandate=$work/m
run_keten one
check "acquisition: exit status" is "$status" 0
check "acquisition: the package verifies" verifies one
check "the desk sees how an item ended" grep -qE '^  google-timeline/documents +absent' "$work/one/stderr"
check "and not why" is "$(grep -c 'none of the kind' "$work/one/stderr") $(grep -c 'the reason is sealed with the case' "$work/one/stderr")" "0 1"
check "acquisition: it is sealed" "$build/keten" verify "$(packages one)" --trust "$mandate/trust"
check "nothing readable in case, package, log, temporary files" unreadable "$work/one"
check "the key that ids are made with is gone" test ! -e "$work/one/case/resume.key"
check "no report was made" test ! -e "$work/one/case/report"
check "the phone was asked as always" good_journal "$work/one.journal"
package=$(packages one) envelope=${package%.asice}.release.p7m
check "the envelope lies beside the package" test -s "$envelope"
"$build/keten" parse --case "$work/one/case" --trust "$mandate/trust" >/dev/null 2>"$work/parse.err"
check "the desk can't parse it" is $? 3

# -- stock tools ------------------------------------------------------------------------------

for who in releaser releaser2; do
	openssl cms -decrypt -inform DER -in "$envelope" -inkey "$mandate/$who.pem" -recip "$mandate/$who.pem" -out "$work/id" 2>/dev/null
	check "openssl opens the envelope for $who" grep -q '^AGE-SECRET-KEY-1' "$work/id"
done
openssl cms -decrypt -inform DER -in "$envelope" -inkey "$mandate/operator.pem" -out "$work/none" 2>/dev/null
check "openssl does not open it for the operator" test ! -s "$work/none"
if command -v age >/dev/null; then
	mkdir "$work/plain"
	for o in "$work"/one/case/objects/o*; do
		age -d -i "$work/id" "$o" >"$work/plain/${o##*/}" 2>/dev/null || echo "$o" >>"$work/not-opened"
	done
	check "age opens every object" test ! -e "$work/not-opened"
	check "what was looked for is in them" grep -rlaF "$MARK_CONTENT" "$work/plain"
	check "and the names" grep -rlaF Camera/IMG_0 "$work/plain"
	rm -rf "$work/plain"
fi

# -- the release ------------------------------------------------------------------------------

release one
check "release: exit status" is "$status" 0
[ "$status" -eq 0 ] || bad "it said" "$work/one/rel.err"
released=$(find "$work/one/rel" -name '*-release.asice')
check "release: verifies" "$build/keten" verify "$released" --trust "$mandate/trust"
check "release: its folder holds the package alone" is "$(find "$work/one/rel" -mindepth 1 | wc -l)" 1
check "release: the acquisition is as it was" verifies one
check "acquired things are unreadable still" unreadable "$work/one/case" "$work/one/out"
unzip -q -o "$released" -d "$work/rel-x"
check "release: each item was logged before it was opened" is \
	"$(grep -c '"event":"item.opened"' "$work/rel-x/custody/custody.jsonl")" 8
tests/tools/new-mandate "$work/immediate" --immediate --device "$SERIAL" --from 2024-05-01 --to 2024-06-01 >/dev/null 2>&1
mandate=$work/immediate
run_keten now
observed() { # what a report says, without what differs between two cases
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
print([(t["item"], t["outcome"], t["withheld"], t["unmatched"]) for t in d["taken"]])
print(sorted(json.dumps({k: v for k, v in o.items() if k in ("path", "sha256", "ranges", "bytes", "outcome", "reason")}, sort_keys=True)
	for o in d["objects"] if o.get("path")))
print(len(d["observations"]))' "$1"
}
check "control: an immediate case is readable" readable "$work/now"
check "release: what an immediate case finds" is "$(observed "$work/rel-x/report/report.json")" "$(observed "$work/now/case/report/report.json")"
mandate=$work/m
"$build/keten" verify --reproduce "$package" "$released" --releaser "$work/m/releaser2.pem" --trust "$work/m/trust" \
	--out "$work/one/open" >"$work/reproduce.out" 2>&1
check "reproduce: the same report" is "$?" 0
check "reproduce: says that the views are the same too" grep -q "and so are its views$" "$work/reproduce.out"
opening=$(find "$work/one/open" -name '*-opening.asice')
"$build/keten" verify "$opening" "$package" "$released" --trust "$work/m/trust" >"$work/chain.out" 2>&1
check "the chain of acquisition, release and opening holds" is "$?" 0
check "chain: says so" grep -qx 'chain: valid' "$work/chain.out"
"$build/keten" verify "$opening" "$released" --trust "$work/m/trust" >/dev/null 2>&1
check "chain: without the acquisition, undetermined" is "$?" 6
release one --releaser "$mandate/releaser2.pem"
check "a second release, by another releaser's key" is "$status" 0

# -- manipulated by somebody who holds a key ---------------------------------------------------

mkdir "$work/kinds"
python3 tests/e2e/sealed_kinds.py "$package" "$released" "$opening" "$mandate" "$work/kinds" >"$work/kinds.txt" 2>"$work/kinds.err"
check "manipulations were made" is $? 0
[ ! -s "$work/kinds.err" ] || bad "they said" "$work/kinds.err"
changed_by() { # changed_by KIND: the file of the release that it is about
	case $1 in
	release-report-*) echo report.json ;;
	release-page-longer) echo report.nl.html ;;
	release-page-*) echo report.html ;;
	release-view-*) echo observations-0001.html ;;
	release-case-*) echo case.jsonld ;;
	release-*-swapped) set -- "${1%-swapped}" && echo "observations.${1#release-}" ;;
	esac
}
while IFS=$'\t' read -r kind want which; do
	p=$(find "$work/kinds/$kind" -name '*.asice')
	"$build/keten-verify" "$p" --trust "$mandate/trust" >"$work/kind.out" 2>&1
	check "$kind: exit status" is $? "$want"
	[ "$which" = - ] || check "$kind: $which fails" grep -q "^FAIL  $which:" "$work/kind.out"
	case $kind in
	release-*-swapped | release-page-longer | release-view-added)
		"$build/keten" verify --reproduce "$package" "$p" --releaser "$mandate/releaser.pem" --trust "$mandate/trust" \
			>"$work/kind.out" 2>&1
		check "$kind: parsed and drawn again, it differs" is $? 5
		check "$kind: says where" grep -qE "^different: $(changed_by "$kind") differs from byte" "$work/kind.out"
		;;
	opening-*)
		"$build/keten" verify "$package" "$released" "$p" --trust "$mandate/trust" >"$work/kind.out" 2>&1
		case "$? $kind" in
		"0 opening-signed-again") ok "$kind: fits the packages that it names" ;;
		"5 opening-other-mandate") check "$kind: does not fit" grep -q '^FAIL  chain: .* names another mandate than ' "$work/kind.out" ;;
		"5 opening-other-text") check "$kind: does not fit" grep -q '^FAIL  chain: .* another text of the mandate than ' "$work/kind.out" ;;
		*) bad "$kind: beside the packages that it names" "$work/kind.out" ;;
		esac
		;;
	age-cut-off | age-byte)
		"$build/keten" release "$p" --releaser "$mandate/releaser.pem" --envelope "$envelope" --out "$work/kinds/rel" \
			--trust "$mandate/trust" >/dev/null 2>"$work/kind.err"
		check "$kind: its release is refused" is $? 5
		check "$kind: as cut off or changed" grep -qE 'cut off|changed' "$work/kind.err"
		check "$kind: nothing was released" is "$(find "$work/kinds/rel" -name '*.asice' | wc -l)" 0
		;;
	esac
done <"$work/kinds.txt"

# -- refused ----------------------------------------------------------------------------------

case=one
mkdir "$work/kept"
mv "$work/one/rel" "$work/kept/rel"
rel_by() { # rel_by KEY [options]
	"$build/keten" release "$package" --releaser "$1" --out "$work/one/rel" --trust "$mandate/trust" "${@:2}" \
		>"$work/one/rel.out" 2>"$work/one/rel.err" </dev/null
	status=$?
}
rel_by "$mandate/operator.pem"
refused_with "the operator's key" not-a-releaser
# a releaser that the mandate names and nobody vouches for
two_stage stranger
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/O=Demo Intake Desk/CN=Stranger" \
	-addext keyUsage=critical,digitalSignature,keyAgreement -keyout "$work/stranger/key" -out "$work/stranger/crt" 2>/dev/null
cat "$work/stranger/key" "$work/stranger/crt" >"$work/stranger/releaser2.pem"
cp "$work/stranger/crt" "$work/stranger/trust/releasers/releaser2.crt"
two_stage stranger
mandate=$work/stranger
run_keten unvouched
check "a stranger among the releasers: acquired" is "$status" 0
case=unvouched
"$build/keten" release "$(packages unvouched)" --releaser "$mandate/releaser2.pem" --out "$work/unvouched/rel" --trust "$mandate/trust" \
	>"$work/unvouched/rel.out" 2>"$work/unvouched/rel.err" </dev/null
status=$?
refused_with "a releaser whom nobody vouches for" not-trusted
mandate=$work/m
case=one
two_stage other
run_other() {
	local m=$mandate
	mandate=$work/other
	run_keten two
	mandate=$m
}
run_other
rel_by "$mandate/releaser.pem" --envelope "$(find "$work/two/out" -name '*.p7m')"
refused_with "another package's envelope" envelope-of-another-package
mv "$envelope" "$envelope.away"
rel_by "$mandate/releaser.pem"
refused_with "no envelope" no-envelope
mv "$envelope.away" "$envelope"
printf 'x' | dd of="$package" bs=1 seek=3000 conv=notrunc status=none
rel_by "$mandate/releaser.pem"
refused_with "one byte of the package" "does not hold" 5
# under the other mandate: recipients of which one is no longer there, and a second person
two_stage second --second
mandate=$work/second
run_keten three
check "mandate with a second person: acquired" is "$status" 0
case=three
release three
refused_with "without the second person" second-missing
release three --second "$mandate/releaser.pem"
refused_with "the same person twice" second-is-first
release three --second "$mandate/operator.pem"
refused_with "the operator as second person" not-a-releaser
release three --second "$mandate/releaser2.pem"
check "with the second person: exit status" is "$status" 0
check "with the second person: verifies" "$build/keten" verify "$(find "$work/three/rel" -name '*.asice')" --trust "$mandate/trust"

two_stage expired --until 2025-01-01
mandate=$work/expired
run_keten four
case=four
release four
refused_with "data that may no longer be kept" retention-expired
two_stage single --recipients 1
mandate=$work/single
run_keten five
check "one recipient: a warning" grep -q 'only one person can open' "$work/five/stderr"

# -- retention --------------------------------------------------------------------------------

expire() { # expire [options]: everything in $work/kept-*, with the acts in $work/acts
	"$build/keten" expire "$work/keep" "$@" --operator "$mandate/operator.pem" --out "$work/keep/acts" --trust "$mandate/trust" \
		>"$work/expire.out" 2>"$work/expire.err"
	status=$?
}
mandate=$work/m
mkdir -p "$work/keep/acts"
mv "$work/three" "$work/keep/three" # under its own mandate: another PKI, so not valid here
expire
check "expire: what is not valid is left alone" is "$status" 1
check "expire: nothing of it is gone" is "$(find "$work/keep/three" -name '*.p7m' | wc -l)" 2
mandate=$work/second
expire
check "expire: exit status" is "$status" 0
check "expire: kept until the mandate's date" grep -q 'three/out/.*kept until' "$work/expire.out"
act() { # act TYPE [options]
	"$build/keten" act "$1" "$(find "$work/keep/three/out" -name '*.asice')" "${@:2}" --operator "$mandate/operator.pem" \
		--out "$work/keep/acts" --trust "$mandate/trust" >"$work/act.out" 2>"$work/act.err"
	status=$?
}
act transfer --reason "asked for"
check "act: a transfer names who gets it" is "$status" 2
act transfer --to "District Court" --reason "asked for"
check "act: transfer" is "$status" 0
act hold --until 2020-01-01 --reason "appeal"
check "act: no hold in the past" is "$status" 2
act hold --until 2040-01-01 --reason "appeal"
check "act: hold" is "$status" 0
expire --reason ordered
check "expire: a hold keeps it, whoever orders" grep -q 'three/out/.*on hold until 2040' "$work/expire.out"
rm "$work"/keep/acts/*-hold.asice

# the package alone is named; its report lies beside it, and a hold on that report
cp -a "$work/keep/three/out" "$work/beside"
cp "$work"/keep/three/rel/*-release.asice "$work/beside"
alone() {
	"$build/keten" expire "$work/beside/$(basename "$work"/keep/three/out/*.asice)" --reason ordered \
		--operator "$mandate/operator.pem" --out "$work/beside" --trust "$mandate/trust" >"$work/expire.out" 2>"$work/expire.err"
	status=$?
}
"$build/keten" act hold "$work"/beside/*-release.asice --until 2041-01-01 --reason "appeal" --operator "$mandate/operator.pem" \
	--out "$work/beside" --trust "$mandate/trust" >"$work/act.out" 2>&1 || bad "a hold on the report" "$work/act.out"
alone
check "expire: a hold on a report beside it keeps it" grep -q 'on hold until 2041' "$work/expire.out"
rm "$work"/beside/*-hold.asice
alone
check "expire: without it: exit status" is "$status" 0
check "expire: a report that nobody named stays" test -e "$(find "$work/beside" -name '*-release.asice')"
check "expire: ... and is said not to be reached" grep -q 'a report of it that lies beside and was not named' \
	<(unzip -p "$work"/beside/*-deletion.asice data/act.json)

"$build/keten" expire "$work/keep" --reason ordered --operator "$work/m/operator.pem" --out "$work/keep/acts" \
	--trust "$mandate/trust" >/dev/null 2>"$work/expire.err"
check "expire: a key that nobody vouches for is refused" is $? 3
check "expire: and nothing is destroyed" is "$(find "$work/keep/three" -name '*.p7m' | wc -l)" 2
expire --reason ordered
check "expire: ordered: exit status" is "$status" 0
check "expire: every envelope is gone" is "$(find "$work/keep/three" -name '*.p7m' | wc -l)" 0
deletion=$(find "$work/keep/acts" -name '*-deletion.asice')
check "expire: the deletion is a valid package" "$build/keten" verify "$deletion" --trust "$mandate/trust"
unzip -p "$deletion" data/act.json >"$work/deletion.json"
check "expire: it names the copy that it can't reach" grep -q 'District Court' "$work/deletion.json"
check "expire: it holds no content" unreadable "$work/deletion.json"
check "expire: the package went with its key, as the mandate says" is "$(find "$work/keep/three/out" -name '*.asice' | wc -l)" 0
expire --reason ordered
check "expire: again: nothing to do" is "$(find "$work/keep/acts" -name '*-deletion.asice' | wc -l)" 1
"$build/keten" stats "$work/keep" --trust "$mandate/trust" --json >"$work/stats.json"
# the report is destroyed with the key, and with an immediate case what lay in its folder
check "expire: no release is left" is "$(find "$work/keep/three" -name '*-release.asice' | wc -l)" 0
check "expire: the deletion names the release" grep -q -e '-release.asice' "$work/deletion.json"
check "expire: the case holds no object" is "$(find "$work/keep/three/case/objects" -type f 2>/dev/null | wc -l)" 0
mandate=$work/immediate
mkdir "$work/now-acts"
check "control: an immediate case holds objects and a report" test -s "$work/now/case/report/report.json"
"$build/keten" expire "$work/now" --reason ordered --operator "$mandate/operator.pem" --out "$work/now-acts" \
	--trust "$mandate/trust" >"$work/now.out" 2>&1
check "expire: immediate: exit status" is $? 0
check "expire: immediate: nothing readable is left" unreadable "$work/now/case" "$work/now/out" "$work/now-acts"
check "expire: immediate: mandate and log stay" test -s "$work/now/case/custody.jsonl"
mkdir "$work/alone"
mv "$work/kept/rel"/*-1-release.asice "$work/alone/"
mandate=$work/m
"$build/keten" expire "$work/alone" --operator "$mandate/operator.pem" --out "$work/now-acts" --trust "$mandate/trust" >"$work/alone.out" 2>&1
check "expire: a release alone is kept until the mandate's date" grep -q 'kept until' "$work/alone.out"
"$build/keten" expire "$work/alone" --reason ordered --operator "$mandate/operator.pem" --out "$work/now-acts" --trust "$mandate/trust" >"$work/alone.out" 2>&1
check "expire: a release alone, ordered: gone" is "$(find "$work/alone" -type f | wc -l)" 0
mandate=$work/second
check "stats: counts what is there, no small ones" is "$(json "$work/stats.json" "d['released'], d['destroyed'], d['failed']")" "(0, None, 0)"

# -- cut off ----------------------------------------------------------------------------------

mandate=$work/m
kill_at() { # kill_at MODE:N: killed once, then gone on with
	local name=k-${1/:/}
	passed=0 failed=0
	KETEN_REGISTER=$work/$name.register
	keten_args "$name"
	# shellcheck disable=SC2016  # expanded by the inner shell
	in_sim "$name" --prompt always-authorised -- env KILLAT="$1" SHIM="$shim" \
		bash -c 'ulimit -c unlimited; LD_PRELOAD=$SHIM:$LD_PRELOAD exec "$@"' sh "$build/keten" "${args[@]}"
	check "$name: killed" is "$status" 137
	check "$name: nothing readable" unreadable "$work/$name"
	run_keten "$name" --prompt always-authorised
	check "$name: resumes and completes" is "$status" 0
	[ "$status" -eq 0 ] || bad "$name: it said" "$work/$name/stderr"
	check "$name: the package verifies" verifies "$name"
	check "$name: nothing readable at the end" unreadable "$work/$name"
	check "$name: as many objects as undisturbed" is "$(objects_of "$name")" "$undisturbed"
	release "$name"
	check "$name: it can be released" is "$status" 0
	[ "$status" -eq 0 ] || bad "$name: it said" "$work/$name/rel.err"
	rm -rf "${work:?}/$name"
	echo "$passed $failed" >"$work/$name.count"
}
objects_of() { # files taken, by the log
	cat "$work/$1"/case/index/*.jsonl | grep -c '"kind":"object","object"'
}
undisturbed=$(objects_of one)
events=$(wc -l <"$work/one/case/custody.jsonl")
points=()
for n in $(seq 1 "${STEP:-2}" "$events"); do points+=("after:$n"); done
for n in 3 12 20 30; do points+=("sync:$n"); done
for n in 4 "$events"; do points+=("before:$n"); done
for p in "${points[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge 3 ]; do wait -n; done
	kill_at "$p" >"$work/${p/:/}.log" 2>&1 &
done
wait
for p in "${points[@]}"; do
	read -r a b <"$work/k-${p/:/}.count" || { a=0 b=1; }
	passed=$((passed + a)) failed=$((failed + b))
	[ "$b" -eq 0 ] || grep -v '^ok' "$work/${p/:/}.log" | head -n 12
done
echo "killed at ${#points[@]} moments of $events events"

# the release too: what stands in the raw file alone is never written, nothing is lost, running again completes
canary_patterns "$MARK_CONTENT" >"$work/raw-marks"
mandate=$work/m
kill_release() { # kill_release MODE:N
	local name=r-${1/:/} out=$work/r-${1/:/}/rel
	passed=0 failed=0
	mkdir -p "$work/$name"
	# shellcheck disable=SC2016  # expanded by the inner shell
	KILLAT=$1 SHIM=$shim bash -c 'ulimit -c unlimited; LD_PRELOAD=$SHIM exec "$@"' sh "$build/keten" release "$acquired" \
		--releaser "$mandate/releaser.pem" --out "$out" --trust "$mandate/trust" >"$work/$name/out" 2>&1 </dev/null
	check "$name: killed" is $? 137
	check "$name: nothing of the raw file is on the disk" is "$(LC_ALL=C grep -rlaF -f "$work/raw-marks" "$out")" ""
	check "$name: no package yet" is "$(find "$out" -name '*.asice' | wc -l)" 0
	"$build/keten" release "$acquired" --releaser "$mandate/releaser.pem" --out "$out" --trust "$mandate/trust" \
		>"$work/$name/out" 2>&1 </dev/null
	check "$name: again: exit status" is $? 0
	check "$name: again: one package, and nothing else" is "$(find "$out" -mindepth 1 | wc -l)" 1
	check "$name: again: it verifies with its acquisition" "$build/keten" verify "$acquired" "$(find "$out" -name '*.asice')" \
		--trust "$mandate/trust"
	check "$name: again: the log tells of both openings" is "$(unzip -p "$(find "$out" -name '*.asice')" custody/custody.jsonl |
		grep -cE '"event":"release.(open|resume)"')" "$2"
	echo "$passed $failed" >"$work/$name.count"
}
run_keten six --prompt always-authorised
acquired=$(packages six)
points=("before:1 1" "after:1 2" "half:2 2" "after:2 2" "after:6 2" "before:11 2" "after:12 2" "after:13 2" "sync:8 2" "sync:30 2")
for p in "${points[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge 3 ]; do wait -n; done
	# shellcheck disable=SC2086  # two words
	kill_release $p >"$work/r-${p%% *}.log" 2>&1 &
done
wait
for p in "${points[@]}"; do
	n=${p%% *}
	read -r a b <"$work/r-${n/:/}.count" || { a=0 b=1; }
	passed=$((passed + a)) failed=$((failed + b))
	[ "$b" -eq 0 ] || grep -v '^ok' "$work/r-$n.log" | head -n 12
done

# opened again to be compared, and killed: what the applicant said stays in memory, with all else
"$build/keten" release "$acquired" --releaser "$mandate/releaser.pem" --out "$work/said" --trust "$mandate/trust" \
	--statement tests/demo/statement.json >"$work/said.out" 2>&1
check "a release beside a statement" is $? 0
said=$(find "$work/said" -name '*-release.asice')
again=("$build/keten" verify --reproduce "$acquired" "$said" --releaser "$mandate/releaser.pem" --trust "$mandate/trust")
mkdir "$work/killed" "$work/whole"
TMPDIR=$work/killed "${again[@]}" >"$work/said.out" 2>&1 </dev/null &
pid=$!
# shellcheck disable=SC2317  # called by name
drawing() { pgrep -P "$pid" -x keten-render >/dev/null; }
check "reproduce: it comes to draw" wait_until 60 drawing
kill -9 "$pid"
wait "$pid" 2>/dev/null
check "reproduce, killed while it draws: by the kill" is $? 137
check "reproduce, killed: a log is left, and nothing else" is "$(find "$work/killed" -type f -printf '%f\n' | xargs)" custody.jsonl
check "reproduce, killed: not what was said" is "$(grep -rla 'In the middle of January' "$work/killed")" ""
TMPDIR=$work/whole "${again[@]}" >"$work/said.out" 2>&1 </dev/null
check "reproduce beside a statement: the same" is $? 0
check "reproduce beside a statement: nothing is left" is "$(find "$work/whole" -mindepth 1 | wc -l)" 0

# a program that crashes leaves no core file
keten_args core
# shellcheck disable=SC2016  # expanded by the inner shell
in_sim core --prompt always-authorised --slow 20000 -- bash -c 'cd "$1"; ulimit -c unlimited; shift; "$@" & pid=$!
	for i in $(seq 500); do grep -q "media-exif/dcim.*item.start" "$0" 2>/dev/null && break; sleep 0.02; done
	kill -SEGV $pid $(pgrep -P $pid); wait $pid; echo "exit $?"' "$work/core/case/custody.jsonl" "$work/core" "$build/keten" "${args[@]}"
check "a crash: it crashed" grep -qE '^exit (139|1)' "$work/core/stdout"
check "a crash: no core file, nothing readable" unreadable "$work/core"
check "a crash: no core file" is "$(find "$work/core" -name 'core*' -type f | wc -l)" 0

# a phone that goes away in the middle, one that lies, one that breaks the protocol
fault() { # fault NAME EVENT [options of sim-usb]
	run_keten "$1" --prompt always-authorised "${@:3}" -- --wait "$SHORT"
	check "$1: it happened" custody "$1" "$2"
	check "$1: nothing readable" unreadable "$work/$1"
}
WAIT=$SHORT
fault gone device.disconnect --unplug-at 10000
fault gone-again device.disconnect --unplug-at 60000 --replug-after 300
fault forgets device.disconnect --unplug-at 10000 --replug-after 400 --forget-keys
fault too-much item.start --oversize-frame 20000
fault bad-magic item.start --bad-magic 20000
fault twice-okay item.start --dup-okay
fault no-exit item.start --no-exit
fault cut item.start --truncate-at 20000
fault no-range-cut item.start --no-range --truncate-at 300
fault fails item.start --fail-recv
fault lies-longer item.start --lie-size +100
fault lies-shorter item.start --lie-size -100
fault changes item.start --change-after-read
fault no-sync item.start --deny-open sync:
fault no-shell item.start --deny-open shell
fault names item.start --hostile-names
fault endless item.start --endless-list
unset WAIT

dutch_pages "$work"
e2e_end
