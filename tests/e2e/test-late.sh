#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# Who withdraws when the package is made already leaves with a paper too: it says what was destroyed and what was not reached,
# under which mandate, and pins the signed record of the deletion. What cannot be destroyed is not said to be.
# usage: tests/e2e/test-late.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
plain_begin "$@"
keten=$build/keten
python3 - "$work/Timeline.json" <<'EOF'
import json
import sys
json.dump({"semanticSegments": [{
    "startTime": "2024-05-%02dT10:00:00.000+02:00" % d, "endTime": "2024-05-%02dT11:00:00.000+02:00" % d,
    "visit": {"hierarchyLevel": 0, "probability": 0.9, "topCandidate": {
        "placeId": "invented", "probability": 0.9, "placeLocation": {"latLng": "52.0%02d°, 5.1°" % d}}},
} for d in range(1, 11)]}, open(sys.argv[1], "w"))
EOF

made() { # made NAME [options]: a mandate for a file that is handed over, and the package of it, which is then $package
	name=$1 mandate=$work/$1-mandate
	mkdir -p "$work/$1/acts"
	tests/tools/new-mandate "$mandate" --forms file --scope google-timeline "${@:2}" >"$work/mandate.out" 2>&1 ||
		bad "a mandate" "$work/mandate.out"
	"$keten" import --from "$work/Timeline.json" --form file --mandate "$mandate/mandate.json" --trust "$mandate/trust" \
		--operator "$mandate/operator.pem" --case "$work/$1/case" --out "$work/$1/out" --simulated \
		>"$work/$1.out" 2>"$work/$1.err" || bad "$1: a package" "$work/$1.err"
	package=$(find "$work/$1/out" -name '*.asice')
}

expire() { # expire PATH...: because of a withdrawal; what it says to programs in $work/said.json, its record in $record
	"$keten" expire "$@" --reason "${reason:-withdrawn}" --interpreter "Demo Interpreter" --operator "$mandate/operator.pem" \
		--out "$work/$name/acts" --trust "$mandate/trust" --json >"$work/said.json" 2>"$work/said.err"
	status=$?
	record=$work/$name/acts/$(json "$work/said.json" '(d["packages"] or [{}])[0].get("record")')
}

said() { json "$work/said.json" "d['packages'][0].get('$1')"; }

receipt() { # receipt [options]: of the record, into $work/paper
	"$keten" receipt "$record" --trust "$mandate/trust" "$@" >"$work/paper" 2>"$work/paper.err"
	status=$?
}

# -- all of it goes
made all --immediate
ln "$package" "$work/other-name"
expire "$package" "$work/all/case"
check "all: another name of the file: refused" is "$status" 7
check "all: ... and said" grep -q 'another name (a hard link)' "$work/said.err"
check "all: ... and nothing is signed" is "$(find "$work/all/acts" -type f)" ""
rm "$work/other-name"
expire "$package" "$work/all/case"
check "all: exit status" is "$status" 0
check "all: its end, for programs" is "$(said end) $(said until)" "destroyed None"
check "all: which package" is "$(said package)" "$package"
check "all: the package is gone" test ! -e "$package"
check "all: and what lay in the case" is "$(find "$work/all/case" -path '*objects*' -type f | wc -l)" 0
check "all: the record holds" "$build/keten-verify" "$record" --trust "$mandate/trust"
receipt --mandate "$work/all/case/mandate.json"
check "all: receipt" is "$status" 0
for line in 'The package with what was read is destroyed' 'folder of the case is destroyed too' 'knows of 0 of those' \
	'Your position  *you object' 'Interpreter  *Demo Interpreter' 'Practice: this was done with a simulated phone' \
	"Demo Intake Desk" "the file $(basename "$record")"; do
	check "all: receipt: $line" grep -q "$line" <(tr -s '\n ' ' ' <"$work/paper"; cat "$work/paper")
done
check "all: ... and pins the record" is "$(grep -oE '^  ([0-9a-f]{8} ){3}[0-9a-f]{8}$' "$work/paper" | tr -d ' \n')" \
	"$(sha256sum <"$record" | cut -d ' ' -f 1)"
receipt --mandate "$work/all/case/mandate.json" --lang nl --html "$work/paper.html"
check "all: a page in Dutch" grep -q 'Het pakket met wat was gelezen is vernietigd' "$work/paper.html"
receipt --json
check "all: for programs" is "$(json "$work/paper" 'd["detail"]["folder"]')" emptied
receipt
check "all: no receipt without the mandate" is "$status" 2
check "all: ... and what to do" grep -q -- '--mandate FILE' "$work/paper.err"
cp "$record" "$work/bad.asice"
printf 'x' | dd of="$work/bad.asice" bs=1 seek=1000 conv=notrunc 2>/dev/null
"$keten" receipt "$work/bad.asice" --mandate "$work/all/case/mandate.json" --trust "$mandate/trust" >/dev/null 2>&1
check "all: no receipt of a record that does not hold" is $? 5
deletion=$record

# -- the key alone, and the folder of the case is not named
made key --expiry erase-key
expire "$package"
check "key: exit status" is "$status" 0
check "key: its end, for programs" is "$(said end)" destroyed
check "key: the package is there" test -e "$package"
check "key: its envelope is not" is "$(find "$work/key/out" -name '*.p7m' | wc -l)" 0
receipt --mandate "$work/key/case/mandate.json"
check "key: receipt" is "$status" 0
check "key: ... and nobody is said to be unable to open it" is "$(grep -c 'Nobody can open' "$work/paper")" 0
check "key: ... the sealed package stays" grep -q 'the sealed package stays' <(tr -s '\n ' ' ' <"$work/paper")
check "key: ... what lies in the case does too" grep -q 'what lies there of the reading, or a key to it, is not destroyed' <(tr -s '\n ' ' ' <"$work/paper")

# -- the key alone, wherever it lies
made locked --expiry erase-key
expire "$package" "$work/locked/case"
check "locked: exit status" is "$status" 0
check "locked: no key is left" is "$(find "$work/locked" -name '*.p7m' | wc -l)" 0
receipt --mandate "$work/locked/case/mandate.json"
check "locked: receipt" grep -q 'Nobody can open it any more' "$work/paper"

record=$deletion
mandate=$work/all-mandate receipt --mandate "$work/key/case/mandate.json"
check "another mandate is refused" is "$status" 2
check "... by its name" grep -q 'is not the mandate that' "$work/paper.err"

# -- handed out, and cut off in the middle: what lies beside is heard though nobody names it, and one deletion tells of it all
made twice
"$keten" act copy "$package" --to "Legal Aid" --reason appeal --operator "$mandate/operator.pem" --out "$work/twice/out" --trust "$mandate/trust" \
	>"$work/act.out" 2>&1 || bad "a copy" "$work/act.out"
cp -a "$work/twice" "$work/before"
expire "$package" "$work/twice/case"
check "twice: exit status" is "$status" 0
check "twice: the copy is said not to be reached" grep -q 'what Legal Aid got on' <("$keten" show "$record" data/act.json)
first=$record
cp -a "$work/before/out/." "$work/twice/out" # as if it had been cut off before the package went
cp -a "$work/before/case/." "$work/twice/case"
expire "$package" "$work/twice/case"
check "twice: again" is "$status $(said end)" "0 destroyed"
check "twice: under the deletion that was written" is "$record" "$first"
check "twice: and no other" is "$(find "$work/twice" -name '*-deletion.asice' | wc -l)" 1
check "twice: the package is gone" test ! -e "$package"
made again --expiry erase-key
expire "$package" "$work/again/case"
first=$record
expire "$package" "$work/again/case"
check "again: its key was destroyed before" is "$(said end)" destroyed-before
check "again: and where that is told" is "$record" "$first"
receipt --mandate "$work/again/case/mandate.json"
check "again: of which there is a receipt" is "$status" 0

# -- it stands open, and its mandate asks for the key alone
made open --immediate --expiry erase-key
expire "$package" "$work/open/case"
check "open: exit status" is "$status" 0
check "open: its end, for programs" is "$(said end)" left-open
check "open: that they withdrew stands beside it" is "$("$keten" show "$record" data/act.json | json /dev/stdin \
	'd["type"], d["concerns"][0]["sha256"]')" "('comment', '$(sha256sum <"$package" | cut -d ' ' -f 1)')"
check "open: ... in a record that holds" "$build/keten-verify" "$record" --trust "$mandate/trust"
check "open: ... and says why the package stays" grep -q '^The applicant withdraws. .*asks for the key alone' \
	<("$keten" show "$record" data/attachments/comment.txt)
receipt
check "open: that record has no receipt" is "$status" 2
check "open: ... and what to do" grep -q 'this comment has no receipt; name the package' "$work/paper.err"
check "open: the package is there" test -e "$package"
"$keten" receipt "$work/open/case" --trust "$mandate/trust" --lang en >"$work/paper" 2>"$work/paper.err"
check "open: the receipt is that of the reading" grep -q 'This paper says what was read' "$work/paper"
check "open: ... and claims no end" is "$(grep -c 'You withdrew' "$work/paper")" 0

# -- on hold; and then ordered, which is no withdrawal
made held --immediate
"$keten" act hold "$package" --until 2040-01-01 --reason appeal --operator "$mandate/operator.pem" --out "$work/held/out" \
	--trust "$mandate/trust" >"$work/act.out" 2>&1 || bad "a hold" "$work/act.out"
expire "$work/held"
check "held: exit status" is "$status" 0
check "held: its end, for programs" is "$(said end) $(said until)" "on-hold 2040-01-02T00:00:00Z"
check "held: the package is there" test -e "$package"
check "held: that they withdrew stands beside it" grep -q '^The applicant withdraws. .*on hold' \
	<("$keten" show "$record" data/attachments/comment.txt)
reason=ordered expire "$work/held"
check "held: of an order no such word" is "$(said end) $(said record)" "on-hold None"
reason=ordered expire "$package" "$work/held/case"
check "held: also when nobody named the hold" is "$(said end) $(said until)" "on-hold 2040-01-02T00:00:00Z"
mv "$work"/held/out/*-hold.asice "$work/held/acts"
reason=ordered expire "$package"
check "held: ... that lies among the acts" is "$(said end)" on-hold
(cd "$work/held/out" && reason=ordered expire "${package##*/}")
check "held: ... or a path is a bare name" test -e "$package"
rm "$work"/held/acts/*-hold.asice
reason=ordered expire "$work/held"
check "ordered: exit status" is "$status" 0
receipt --mandate "$work/held/case/mandate.json"
check "ordered: nobody withdrew, no receipt of that" is "$status" 2
check "ordered: ... and why" grep -q 'nobody withdrew' "$work/paper.err"

# -- a key that nobody vouches for
made stranger --immediate
mandate=$work/key-mandate expire "$package" "$work/stranger/case"
check "stranger: nothing is destroyed" test -e "$package"
check "stranger: and nothing is said to be" is "$(json "$work/said.json" 'd["packages"]')" "[]"
e2e_end
