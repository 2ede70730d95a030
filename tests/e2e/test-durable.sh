#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# What is written survives, and nothing is written over: keten-sign killed while it signs, a full disk, two
# processes that want the same number, files that went missing; who may read what was written.
# usage: tests/e2e/test-durable.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
phone=$work/sd mandate=$work/m
TIMELINE=20 phone_make "$phone"
mandate_make "$mandate"
keten=$build/keten
trust=(--trust "$mandate/trust")
umask 022

# A key with a passphrase, and who answers for it: the Nth answer of the file "die" is SIGKILL for keten-sign.
lock_key() { # lock_key NAME: $mandate/NAME-locked.pem
	openssl pkey -in "$mandate/$1.pem" -aes256 -passout pass:secret -out "$mandate/$1-locked.pem" 2>/dev/null &&
		openssl crl2pkcs7 -nocrl -certfile "$mandate/$1.pem" | openssl pkcs7 -print_certs >>"$mandate/$1-locked.pem"
}
cat >"$work/pinentry" <<EOF
#!/bin/sh
echo asked >>"$work/asked"
[ "\$(wc -l <"$work/asked")" -ne "\$(cat "$work/die")" ] || kill -9 \$PPID
echo OK
while read -r word rest; do
	[ "\$word" != GETPIN ] || echo D secret
	echo OK
	[ "\$word" != BYE ] || exit 0
done
EOF
chmod +x "$work/pinentry"
die_at() { # die_at N: of the next command; 0: never
	echo "$1" >"$work/die"
	: >"$work/asked"
}

# shellcheck disable=SC2317  # called by name
whole() { # whole DIR...: no unfinished file, and what has its final name can be read to its end
	local f
	f=$(find "$@" -name '*.tmp' -o -name '*.part')
	[ -z "$f" ] || { echo "unfinished: $f"; return 1; }
	while read -r f; do
		python3 -SE -c 'import json, sys; json.load(open(sys.argv[1]))' "$f" || { echo "cut off: $f"; return 1; }
	done < <(find "$@" -name '*.json')
	while read -r f; do
		openssl cms -cmsout -noout -inform DER -in "$f" 2>/dev/null || { echo "cut off: $f"; return 1; }
	done < <(find "$@" -name '*.p7s' -o -name '*.p7m')
	while read -r f; do
		"$keten" verify "$f" "${trust[@]}" >/dev/null || { echo "not valid: $f"; return 1; }
	done < <(find "$@" -name '*.asice')
}

count() { # count DIR PATTERN
	find "$1" -name "$2" 2>/dev/null | wc -l
}

said() { # said WHAT TEXT FILE
	check "$1" grep -qF -- "$2" "$3"
}

# -- keten-sign is killed while it signs ------------------------------------------------------

lock_key operator
locked=(--operator "$mandate/operator-locked.pem" --pinentry "$work/pinentry")
# the seal; the two PDFs; the list; the digest for the XML; each time the same command on the same case
name=signs
for die in 1 2 2 3 4; do
	die_at "$die"
	run_keten "$name" --prompt always-authorised -- "${locked[@]}"
	check "run, keten-sign killed at its signature $die: exit status" is "$status" 8
	said "run: says what happened" "keten-sign was ended by signal 9" "$work/$name/stderr"
	check "run: no package" is "$(find "$work/$name/out" -name '*.asice' ! -name '*-interruption.asice' | wc -l)" 0
	check "run: nothing half-written" whole "$work/$name"
done
die_at 0
run_keten "$name" --prompt always-authorised -- "${locked[@]}"
check "run again: completes" is "$status" 0
[ "$status" -eq 0 ] || bad "it said" "$work/$name/stderr"
check "run again: the package verifies, nothing is half-written" whole "$work/$name"
check "run again: one acquisition" is "$(find "$work/$name/out" -name '*.asice' ! -name '*-interruption.asice' | wc -l)" 1
one=$(packages "$name" | grep -v interruption | tail -n 1)

act() { # act OUT [options]: an opening of the package
	"$keten" act opening "$one" --to "District Court" --reason appeal "${trust[@]}" --out "$@" >"$work/act.out" 2>"$work/act.err"
	status=$?
}
for die in 1 2; do
	die_at "$die"
	act "$work/acts" "${locked[@]}"
	check "act, keten-sign killed at its signature $die: exit status" is "$status" 8
	check "act: nothing is left" is "$(find "$work/acts" -mindepth 1)" ""
done
die_at 0
act "$work/acts" "${locked[@]}"
check "act again: completes" is "$status" 0
check "act again: it is the first" is "$(ls "$work/acts")" "$(basename "$one" | sed 's/-[0-9]*\.asice$//')-1-opening.asice"
check "act again: holds" whole "$work/acts"

tests/tools/new-mandate "$work/two" --device "$SERIAL" --from 2024-05-01 --to 2024-06-01 --sessions 20 >"$work/two.log" 2>&1 ||
	{ cat "$work/two.log"; exit 2; }
mandate=$work/two trust=(--trust "$work/two/trust")
lock_key releaser
run_keten a --prompt always-authorised
check "two stages, case A: exit status" is "$status" 0
run_keten b --prompt always-authorised
check "two stages, case B: exit status" is "$status" 0
sealed=$(packages a)
release() { # release OUT [options]
	"$keten" release "$sealed" --releaser "$mandate/releaser-locked.pem" --pinentry "$work/pinentry" "${trust[@]}" --out "$@" \
		>"$work/rel.out" 2>"$work/rel.err" </dev/null
	status=$?
}
# the envelope; the two PDFs; the list; the digest
for die in 1 2 3 4 5; do
	die_at "$die"
	release "$work/rel"
	check "release, keten-sign killed at its act $die: exit status" is "$status" 8
	said "release: says what happened" "keten-sign was ended by signal 9" "$work/rel.err"
	check "release: no package" is "$(count "$work/rel" '*.asice*')" 0
done
die_at 0
lock=$(find "$work/rel" -name lock)
rm "$lock" && mkdir "$lock"
release "$work/rel"
check "release, its lock can't be made: exit status" is "$status" 7
check "release: nobody else is blamed" is "$(grep -c 'another Keten' "$work/rel.err")" 0
rmdir "$lock"
release "$work/rel"
check "release again: completes, the passphrase asked for in the window" is "$status" 0
[ "$status" -eq 0 ] || bad "it said" "$work/rel.err"
check "release again: one package and nothing else" is "$(find "$work/rel" -mindepth 1 | wc -l)" 1
check "release again: holds" whole "$work/rel"
"$keten" verify --reproduce "$sealed" "$(find "$work/rel" -name '*.asice')" --releaser "$mandate/releaser-locked.pem" \
	--pinentry "$work/pinentry" "${trust[@]}" >"$work/again.out" 2>&1 </dev/null
check "verify --reproduce: asks in the window too" is $? 0

# -- a full disk ------------------------------------------------------------------------------

limited() { # limited BLOCKS COMMAND...: with that limit for every file
	# shellcheck disable=SC2016  # expanded by the inner shell
	bash -c 'trap "" XFSZ; ulimit -f "$1"; shift; exec "$@"' sh "$@"
}
mandate=$work/m trust=(--trust "$work/m/trust")
for blocks in 1 4 8; do
	limited "$blocks" "$keten" act opening "$one" --to Court --reason appeal --operator "$mandate/operator.pem" "${trust[@]}" \
		--out "$work/full" >"$work/act.out" 2>"$work/act.err"
	check "act, files of at most $blocks kB: exit status" is $? 7
	check "act: nothing is left" is "$(find "$work/full" -mindepth 1)" ""
done
act "$work/full" --operator "$mandate/operator.pem"
check "act, room again: completes" is "$status" 0
check "act, room again: holds" whole "$work/full"

mandate=$work/two trust=(--trust "$work/two/trust")
for blocks in 1 8 48 400; do
	limited "$blocks" "$keten" release "$sealed" --releaser "$mandate/releaser.pem" "${trust[@]}" --out "$work/relfull" \
		>"$work/rel.out" 2>"$work/rel.err" </dev/null
	check "release, files of at most $blocks kB: exit status" is $? 7
	check "release: no package" is "$(count "$work/relfull" '*.asice*')" 0
	check "release: nothing half-written" is "$(count "$work/relfull" '*.tmp')" 0
done
"$keten" release "$sealed" --releaser "$mandate/releaser.pem" "${trust[@]}" --out "$work/relfull" >"$work/rel.out" 2>"$work/rel.err" </dev/null
check "release, room again: completes" is $? 0
check "release, room again: one package and nothing else" is "$(find "$work/relfull" -mindepth 1 | wc -l)" 1
check "release, room again: holds" whole "$work/relfull"

if unshare -m true 2>/dev/null; then
	mandate=$work/m trust=(--trust "$work/m/trust")
	name=disk
	mkdir -p "$work/$name/out"
	keten_args "$name"
	# shellcheck disable=SC2016  # expanded by the inner shell
	in_sim "$name" --prompt always-authorised -- unshare -m bash -c '
		dir=$1
		shift
		mount -t tmpfs -o size=16k none "$dir/out" || exit 9
		for size in 16k 96k 256k; do
			mount -o "remount,size=$size" "$dir/out"
			"$@"; echo "exit $? left $(find "$dir/out" -mindepth 1 | wc -l)"
		done
		mount -o remount,size=64m "$dir/out"
		"$@"; r=$?
		cp -r "$dir/out" "$dir/copy"
		exit $r' sh "$work/$name" "$keten" "${args[@]}"
	check "run, a full disk for the package: completes when it has room" is "$status" 0
	[ "$status" -eq 0 ] || bad "it said" "$work/$name/stderr"
	check "run: three times exit 7, and nothing left" is "$(grep -cx 'exit 7 left 0' "$work/$name/stdout")" 3
	rmdir "$work/$name/out"
	mv "$work/$name/copy" "$work/$name/out"
	check "run: holds" whole "$work/$name"
	check "run: one package" is "$(find "$work/$name/out" -type f | wc -l)" 1
else
	echo "note  no mount namespace here: a full disk is tried by file size alone"
fi

# -- the same number --------------------------------------------------------------------------

mandate=$work/two trust=(--trust "$work/two/trust")
seal() { # seal CASE OUT [options]
	"$keten" seal --case "$work/$1/case" --operator "$mandate/operator.pem" "${trust[@]}" --out "$2" "${@:3}" >"$work/seal.$1" 2>&1
}
shared=$work/shared
seal a "$shared"
check "A packs into a folder" is $? 0
first=$(find "$shared" -name '*.asice') envelope=$(find "$shared" -name '*.release.p7m')
mkdir "$work/away"
mv "$first" "$work/away/"
seal b "$shared"
check "its package was moved away, and B packs there: exit status" is $? 0
check "A's envelope is A's still" cmp "$envelope" "$work/a/case/release.p7m"
check "B's is beside B's package" cmp "$(find "$shared" -name '*.asice' | sed 's/asice$/release.p7m/')" "$work/b/case/release.p7m"

ROUNDS=${ROUNDS:-5}
for i in $(seq "$ROUNDS"); do
	seal a "$work/both" & p=$!
	seal b "$work/both"
	check "two cases packed at once, $i: B" is $? 0
	wait "$p"
	check "two cases packed at once, $i: A" is $? 0
done
check "each has its own number" is "$(count "$work/both" '*.asice')" $((2 * ROUNDS))
check "nothing half-written" whole "$work/both"
# shellcheck disable=SC2317  # called by name
own_envelopes() {
	local p id c
	for p in "$work"/both/*.asice; do
		id=$("$keten" show "$p" data/case.json | json /dev/stdin "d['case_id']")
		c=$(grep -l "$id" "$work"/[ab]/case/case.json) || return 1
		cmp "${p%.asice}.release.p7m" "$(dirname "$c")/release.p7m" || return 1
	done
}
check "each has its own envelope" own_envelopes

mandate=$work/m trust=(--trust "$work/m/trust")
for i in $(seq "$ROUNDS"); do
	for j in 1 2 3; do
		"$keten" act opening "$one" --to "Court $i $j" --reason appeal --operator "$mandate/operator.pem" "${trust[@]}" \
			--out "$work/acts3" >"$work/act3.$j" 2>&1 || echo "$i $j" >>"$work/act3.bad" &
	done
	wait
done
check "three acts at once: all succeed" test ! -e "$work/act3.bad"
check "three acts at once: each is there" is "$(count "$work/acts3" '*.asice')" $((3 * ROUNDS))
check "three acts at once: each its own" is "$(for f in "$work"/acts3/*.asice; do "$keten" show "$f" data/act.json |
	json /dev/stdin "d['detail']['to']"; done | sort -u | wc -l)" $((3 * ROUNDS))
check "three acts at once: all hold" whole "$work/acts3"

# -- files that went missing ------------------------------------------------------------------

name=gap
WAIT=$SHORT run_keten "$name" --prompt always-authorised --unplug-at 10000
check "cut off: exit status" is "$status" 4
objects=$(find "$work/$name/case/objects" -type f | wc -l)
check "cut off: there are objects" test "$objects" -gt 1
mv "$work/$name/case/subject" "$work/papers"
: >"$work/$name/case/subject"
acts=$(count "$work/$name/out" '*-interruption.asice')
"$keten" interrupt --case "$work/$name/case" --operator "$mandate/operator.pem" "${trust[@]}" --out "$work/$name/out" >/dev/null 2>"$work/int.err"
check "the papers can't be read: no act without them" is "$? $(count "$work/$name/out" '*-interruption.asice')" "7 $acts"
rm "$work/$name/case/subject"
mv "$work/papers" "$work/$name/case/subject"
mv "$work/$name/case/index/i0001.jsonl" "$work/i1"
run_keten "$name" --prompt always-authorised
check "an index is missing of an item that has ended: exit status" is "$status" 5
said "says which, and what to do" "index/i0001.jsonl is not there; put it back" "$work/$name/stderr"
check "no object was deleted" is "$(find "$work/$name/case/objects" -type f | wc -l)" "$objects"
mv "$work/i1" "$work/$name/case/index/i0001.jsonl"
run_keten "$name" --prompt always-authorised
check "it is back: completes" is "$status" 0
check "it is back: the package verifies" verifies "$name"

report=$work/$name/case/report
for f in report.json report.html observations.csv; do
	mv "$report/$f" "$work/$f"
	mkdir "$report/$f"
	"$keten" report --case "$work/$name/case" "${trust[@]}" >"$work/report.out" 2>&1
	check "the report's $f can't be written: exit status" is $? 7
	check "the report's $f: nothing unfinished stays" is "$(find "$report" -name '*.tmp')" ""
	rmdir "$report/$f"
done
"$keten" report --case "$work/$name/case" "${trust[@]}" >"$work/report.out" 2>&1
check "the report again: exit status" is $? 0

cp -r "$mandate/trust" "$work/trust"
rm -rf "$work/trust/tsa"
"$keten" seal --case "$work/$name/case" --operator "$mandate/operator.pem" --out "$work/$name/out" \
	--tsa http://127.0.0.1:9/ --trust "$work/trust" >"$work/tsa.out" 2>&1
check "no anchors for time: the package is made all the same" is $? 0
check "no anchors for time: the log says so" custody "$name" time.unanchored "$work/trust/tsa"

# -- who may read it --------------------------------------------------------------------------

modes() { stat -c %a "$@" | xargs; }
check "a new folder for packages, and a package: for their owner alone" is \
	"$(modes "$work/acts3" "$work"/acts3/*-1-opening.asice)" "700 600"
"$keten" receipt --case "$work/$name/case" --operator "$mandate/operator.pem" "${trust[@]}" --html "$work/receipt.html" >/dev/null 2>"$work/receipt.err"
check "a receipt's page too" is "$? $(modes "$work/receipt.html")" "0 600"
mkdir -m 755 "$work/open"
mkdir -m 2750 "$work/group"
act "$work/open" --operator "$mandate/operator.pem"
act "$work/group" --operator "$mandate/operator.pem"
check "a folder that was there keeps its mode; the package is its owner's" is "$(modes "$work/open" "$work"/open/*)" "755 600"
check "a folder set up for a group: its group reads the package" is "$(modes "$work/group" "$work"/group/*)" "2750 640"
mkdir "$work/group/copies"
chmod 2770 "$work/group/copies"
"$keten" disclose "$one" --to Counsel --operator "$mandate/operator.pem" "${trust[@]}" --out "$work/group/copies" >"$work/copy.out" 2>&1
check "what is handed out follows its folder" is "$? $(modes "$work"/group/copies/* | tr ' ' '\n' | sort -u)" "0 640"
mkdir -m 2770 "$work/reg"
KETEN_REGISTER=$work/reg/register.sqlite "$keten" mandate --mandate "$mandate/mandate.json" "${trust[@]}" >"$work/mandate.out" 2>&1
name=reg
KETEN_REGISTER=$work/reg/register.sqlite run_keten reg --prompt always-authorised -- --wait 0
check "the register in a group's folder is the group's" is "$(modes "$work/reg/register.sqlite")" 660
check "the register elsewhere is its owner's" is "$(modes "$work/register.sqlite")" 600

e2e_end
