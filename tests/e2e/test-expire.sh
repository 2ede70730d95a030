#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# What ends evidence keeps to what was asked: a withdrawal that was cut off stays one, a hold is heard wherever it lies and
# whatever became of it, nothing goes that is not signed for, and what is signed for goes, also when it is killed in the middle.
# usage: tests/e2e/test-expire.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
plain_begin "$@"
keten=$build/keten mandate=$work/m shim=$work/killat.so clock=$work/swapat.so
trust=(--trust "$mandate/trust") key=(--operator "$mandate/operator.pem")
gcc -shared -fPIC -O1 -o "$shim" tests/e2e/killat.c && gcc -shared -fPIC -O1 -o "$clock" tests/e2e/swapat.c || exit 2
echo '{"semanticSegments":[{"startTime":"2024-05-01T10:00:00.000+02:00","endTime":"2024-05-01T11:00:00.000+02:00","visit":{
	"hierarchyLevel":0,"probability":0.9,"topCandidate":{"placeId":"invented","probability":0.9,
	"placeLocation":{"latLng":"52.001°, 5.1°"}}}}]}' >"$work/Timeline.json"

# quiet COMMAND...: what it says in $work/said and err, its exit status in $status
quiet() {
	"$@" >"$work/said" 2>"$work/err" </dev/null
	status=$?
}
prepare() { # prepare COMMAND...: without which there is nothing to test
	quiet "$@"
	[ "$status" -eq 0 ] || { cat "$work/err"; exit 2; }
}
# shellcheck disable=SC2317  # called by name
says() { grep -qF -- "$1" "$work/said" "$work/err"; }
new_mandate() { prepare tests/tools/new-mandate "$mandate" --forms file --scope google-timeline --sessions 20 "$@"; }
import() { # import NAME: a case of that name, and its package
	mkdir -p "$work/$1/acts"
	quiet "$keten" import --from "$work/Timeline.json" --form file --mandate "$mandate/mandate.json" "${trust[@]}" "${key[@]}" \
		--case "$work/$1/case" --out "$work/$1/out" --simulated
}
use() { # use BASE NAME: a copy in $at, its package in $package and a release of it, if any, in $release
	at=$work/$2
	cp -a "$work/$1" "$at"
	package=$(find "$at/out" -name '*-1.asice')
	release=$(find "$at/out" -name '*-release.asice')
}
# shellcheck disable=SC2317  # called by name
act() { "$keten" act "$@" --reason appeal "${key[@]}" "${trust[@]}" --out "${out:-$at/out}"; }
hold() { prepare act hold "$1" --until 2040-01-01; }
expire() { # expire PATH...: as ordered
	quiet "$keten" expire "$@" --reason ordered "${key[@]}" "${trust[@]}" --out "$at/acts"
}
later() { SHIFT_DAYS=3 LD_PRELOAD=$clock "$@"; } # what it signs can't be judged yet
deletions() { find "$at" -name '*-deletion.asice' | wc -l; }
detail() { "$keten" show "$(find "$at" -name "*-$1.asice")" data/act.json | json /dev/stdin "d['detail']$2"; }
sums() { (cd "$at" && find out case -type f -exec sha256sum {} + | sort); }
untouched() { # untouched WHAT STATUS TEXT: the last expire ended with it, said it, and did nothing; $before has the sums
	check "$1: exit status" is "$status" "$2"
	check "$1: says $3" says "$3"
	check "$1: nothing is destroyed" is "$(sums)" "$before"
	check "$1: nothing is signed for" is "$(deletions)" 0
}
all_gone() { # all_gone WHAT: the last expire destroyed it all, under one deletion that holds
	check "$1: exit status" is "$status" 0
	check "$1: one deletion" is "$(deletions)" 1
	check "$1: it holds" "$build/keten-verify" "$(find "$at" -name '*-deletion.asice')" "${trust[@]}"
	check "$1: no package, no envelope, no object" is "$(find "$at" -name '*.asice' ! -name '*-deletion.asice' \
		! -name '*-copy.asice' -o -name '*.p7m' -o -path '*/objects/*' | wc -l)" 0
}
kept() { # kept WHAT [STATUS]: the last expire left it all, because of a hold
	untouched "$1" "${2:-0}" 'on hold until 2040-01-02T00:00:00Z'
}

# -- a withdrawal that was cut off
new_mandate --immediate
LD_PRELOAD=$shim KILLAT=before:8 import cut
check "cut: the reading was killed" is "$status" 137
at=$work/cut
there=$(find "$at/case" -type f ! -name 'custody.jsonl' ! -name 'case.json' ! -name 'mandate.json*' ! -name lock \
	! -path '*/subject/*' -printf '%s\n' | awk '{ n++; sum += $1 } END { print n, sum }')
withdraw() { quiet "$keten" withdraw --case "$at/case" "${key[@]}" "${trust[@]}" --out "$at/out"; }
LD_PRELOAD=$shim KILLAT=before:3 withdraw
check "cut: the withdrawal was killed" is "$status" 137
check "cut: what was read is gone" is "$(find "$at/case" -path '*/objects/*' | wc -l)" 0
import cut
check "cut: nothing more is read" is "$status" 3
check "cut: ... by its name" says withdrawal-asked
quiet "$keten" seal --case "$at/case" --out "$at/out" "${key[@]}" "${trust[@]}"
check "cut: nothing is packed" is "$status" 3
check "cut: ... for the same reason" says withdrawal-asked
withdraw
check "cut: withdraw completes it" is "$status" 0
check "cut: one record" is "$(find "$at/out" -name '*.asice' | wc -l)" 1
check "cut: it holds" "$build/keten-verify" "$at"/out/*-withdrawal.asice "${trust[@]}"
check "cut: it counts what was there at the first try" is \
	"$(detail withdrawal "['files']") $(detail withdrawal "['bytes']")" "$there"

# one: immediate. two: in two stages, with a release; other: another case under the same mandate.
import one
mkdir "$work/immediate"
cp "$mandate"/mandate.json* "$work/immediate"
new_mandate
import two
import other
prepare "$keten" release "$(find "$work/two/out" -name '*.asice')" --releaser "$mandate/releaser.pem" "${trust[@]}" \
	--out "$work/two/out"

# -- holds
use two held-first
before=$(sums)
out=$at/acts hold "$package"
expire "$release" "$at/case"
kept "a hold on the package, the release is named"
use one held-second
prepare "$keten" seal --case "$at/case" --out "$at/out" "${key[@]}" "${trust[@]}"
before=$(sums)
out=$at/acts hold "$package"
expire "$at/out" "$at/case"
kept "a hold on one of two packages of a case"
check "... both are said to be kept" is "$(grep -c 'on hold' "$work/said")" 2
use one held-link
out=$work/elsewhere hold "$package"
ln -s "$work"/elsewhere/*-hold.asice "$at/out"
before=$(sums)
expire "$at/out"
kept "a hold that is a link"
use one held-broken
hold "$package"
printf 'x' | dd of="$(find "$at/out" -name '*-hold.asice')" bs=1 seek=1000 conv=notrunc 2>/dev/null
before=$(sums)
expire "$at"
untouched "a hold of which a byte was changed" 5 'calls itself a hold and does not hold'
rm "$at"/out/*-hold.asice
expire "$at"
all_gone "... which was put apart"
use two held-later
before=$(sums)
out=$at/acts later hold "$package"
quiet "$build/keten-verify" "$at"/acts/*-hold.asice "${trust[@]}"
check "a hold that can't be judged: undetermined" is "$status" 6
expire "$release"
kept "a hold that can't be judged" 1 # it is said not to be valid, too
day=$(date -u -d '1 minute' +%F) # today, but just before midnight
use one held-today
quiet act hold "$package" --until "$day"
check "a hold until today: exit status" is "$status" 0
check "a hold holds through its last day" is "$(detail hold "['until']")" "$(date -u -d "$day 1 day" +%FT00:00:00Z)"

# -- envelopes are known by their content
use two renamed
mv "$package" "$at/out/renamed.asice"
expire "$at/out" "$at/case"
all_gone "a package that was renamed"
use two named
envelope=$(find "$work/other/out" -name '*.p7m')
cp "$envelope" "$at/out/$(basename "$package" .asice).release.p7m"
expire "$package"
check "the envelope of another case: exit status" is "$status" 0
check "the envelope of another case stays" cmp "$envelope" "$at"/out/*.p7m

# -- what can't be signed for stays
openssl pkey -in "$mandate/operator.pem" -aes256 -passout pass:right -out "$work/locked.pem"
openssl x509 -in "$mandate/operator.pem" >>"$work/locked.pem"
openssl x509 -in "$mandate/operator.pem" >"$work/no-key.pem"
unsigned() { # unsigned NAME STATUS TEXT COMMAND...: so ends the expire that is the command; and then one with key and room
	use two "$1"
	before=$(sums)
	quiet "${@:4}"
	untouched "$1" "$2" "$3"
	chmod 700 "$at/acts"
	expire "$at/out" "$at/case"
	all_gone "$1, and again with key and room"
}
# shellcheck disable=SC2317  # called by name
with_key() {
	"$keten" expire "$at/out" "$at/case" --reason ordered --pinentry /bin/false "${trust[@]}" --out "$at/acts" --operator "$1"
}
unsigned no-passphrase 2 "can't be used" with_key "$work/locked.pem"
unsigned no-key 2 no-key.pem with_key "$work/no-key.pem"
drop=()
[ "$(id -u)" -ne 0 ] || drop=(setpriv --bounding-set=-all --inh-caps=-all)
# shellcheck disable=SC2317  # called by name
read_only() {
	chmod 500 "$at/acts"
	"${drop[@]}" "$keten" expire "$at/out" "$at/case" --reason ordered "${key[@]}" "${trust[@]}" --out "$at/acts"
}
unsigned read-only 7 'Permission denied' read_only
# shellcheck disable=SC2016,SC2317  # expanded by the inner shell; called by name
full_disk() {
	unshare -m sh -c 'mount -t tmpfs -o size=8k none "$0" && exec "$@"' "$at/acts" "$keten" expire "$at/out" "$at/case" \
		--reason ordered "${key[@]}" "${trust[@]}" --out "$at/acts"
}
if unshare -m true 2>/dev/null; then
	unsigned full-disk 7 'No space left' full_disk
else
	echo "NOT RUN: no mount namespace here, no full disk"
fi
use one long
prepare act copy "$package" --to "$(printf 'é%.0s' {1..140})"
expire "$at/out" "$at/case"
all_gone "a copy for a long name"
check "a copy for a long name: named, as far as there is room" is \
	"$(detail deletion "['not_reached'][1].count('é') > 90")" True

# -- what can't be destroyed is not signed for
use one link
before=$(sums)
ln -s "$package" "$at/link.asice"
expire "$at/link.asice" "$at/case"
untouched "a link to a package" 7 'it is a link, name the file itself'
exec 9>"$at/case/lock"
flock 9
expire "$package" "$at/case"
untouched "a case that is at work" 3 'another Keten works on this case'
exec 9>&-
rm "$at/link.asice"
expire "$package" "$at/case"
all_gone "... and when it has ended"

# -- one file, several paths and runs
use one twice
mkdir "$at/copies"
cp "$package" "$at/copies/again.asice"
expire "$package" "$package" "$at/copies" "$at/case"
all_gone "the same package twice"
check "the same package twice: both names are listed" is "$(detail deletion "['destroyed'][:2]")" \
	"['again.asice', '$(basename "$package")']"
use one at-once
expire "$package" &
expire "$package"
wait
check "two runs at once: one deletion" is "$(deletions)" 1
check "two runs at once: it is gone" test ! -e "$package"

# -- killed at each sync
for n in {1..40}; do
	use two "killed-$n"
	LD_PRELOAD=$shim KILLAT=sync:$n expire "$at/out" "$at/case"
	[ "$status" -eq 137 ] || break
	expire "$at/out" "$at/case"
	all_gone "killed at sync $n, run again"
done
check "killed: until there was no sync more" is "$status" 0
check "killed: each of several files was come to" test "$n" -gt 9

# -- what was said before, and what can't be judged
use two again
cp -a "$at/out" "$at/before"
expire "$package"
cp "$at"/before/* "$at/out"
expire "$package" "$at/case"
check "again, with the folder of the case: exit status" is "$status" 0
check "again, with the folder of the case: a second deletion tells of it" is "$(for f in "$at"/acts/*; do
	"$keten" show "$f" data/act.json | json /dev/stdin "d['detail']['folder']"
done | xargs)" "not-named emptied"
check "again, with the folder of the case: nothing of it is there" is "$(find "$at/out" "$at/case" -name '*-1.asice' -o \
	-path '*/objects/*' | wc -l)" 0
use two report-first
expire "$release"
check "a release alone: it is practice still" is "$(detail deletion "['simulated']")" True
cp "$work/two/out/${release##*/}" "$at/out"
expire "$at/out"
check "a release before its package: exit status" is "$status" 0
check "a release before its package: a deletion of each" is "$(deletions)" 2
check "a release before its package: nothing is there" is "$(find "$at/out" -type f | wc -l)" 0
use one copied
later prepare act copy "$package" --to "Legal Aid"
expire "$package"
check "a copy that can't be judged is told of" is "$(detail deletion "['not_reached'][1][:18]")" "what Legal Aid got"
use other released-later
later prepare "$keten" release "$package" --releaser "$mandate/releaser.pem" "${trust[@]}" --out "$at/out"
SHIFT_DAYS=40 LD_PRELOAD=$clock quiet "$keten" expire "$at/out" "${key[@]}" "${trust[@]}" --out "$at/acts"
check "a release that can't be judged counts: kept" says ': kept until'
check "a release that can't be judged counts: the package is there" test -e "$package"

# -- refused
LD_PRELOAD=$shim KILLAT=before:3 import refused
at=$work/refused
refuse() { quiet "$keten" refuse --case "$at/case" --reason "$1" "${key[@]}" "${trust[@]}" --out "$at/out"; }
refuse person-objects
check "refused: exit status" is "$status" 0
check "refused: practice is known of the case" is "$(detail refusal "['simulated']")" True
check "refused: they object" is "$(detail refusal "['position']")" objects
refuse other
check "refused: not for another reason" is "$status" 3
check "refused: ... by its name" says case-closed
check "refused: one record" is "$(find "$at/out" -name '*.asice' | wc -l)" 1

# -- several packages
first=$(find "$work/two/out" -name '*-1.asice') other=$(find "$work/other/out" -name '*.asice')
quiet "$keten" timestamp "$first" "$other" --tsa http://127.0.0.1:1 "${key[@]}" "${trust[@]}" --out "$work/none"
check "a time-stamp for two cases: usage" is "$status" 2
check "a time-stamp for two cases: says so" says 'different cases'
quiet "$keten" timestamp "$first" "$(find "$work/one/out" -name '*.asice')" --tsa http://127.0.0.1:1 "${key[@]}" "${trust[@]}" \
	--out "$work/none"
check "a time-stamp for two mandates: usage" is "$status" 2
check "a time-stamp for two mandates: says so" says 'different mandates'
at=$work/none
quiet act hold "$first" "$other" --until 2040-01-01
check "an act for two cases: usage" is "$status" 2
check "an act for two cases: says so" says 'of one case'
for m in "$mandate" "$work/immediate"; do
	prepare "$keten" refuse --mandate "$m/mandate.json" --subject objects "${key[@]}" "${trust[@]}" --out "$work/refusals"
done
quiet act hold "$work"/refusals/*.asice --until 2040-01-01
check "an act for two mandates: usage" is "$status" 2
check "an act for two mandates: says so" says 'under one mandate'
check "nothing came of these" test ! -e "$at"

# -- names do not steer the terminal
use one names
mv "$package" "$at/out/"$'a\033[31m\nb.asice'
expire "$at/out" "$at/case"
all_gone "an odd name"
check "an odd name: stands escaped in its line" grep -q '/a.*31m.*b\.asice: destroyed' "$work/said"
check "an odd name: no byte of it steers" is "$(LC_ALL=C tr -d '\n -~' <"$work/said" | wc -c)" 0
e2e_end
