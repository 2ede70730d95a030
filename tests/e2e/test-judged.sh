#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# A package is judged by keten-verify alone, and what is used of it is what was judged: whatever becomes of its
# file in between, nothing of another one gets into what a command makes, or is destroyed. What keten-verify
# says is passed on as it is meant, and every command judges by the anchors and lists that it is given.
# usage: tests/e2e/test-judged.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
export OPENSSL_CONF=/dev/null
shim=$work/swapat.so
gcc -shared -fPIC -O1 -o "$shim" tests/e2e/swapat.c || exit 2
phone=$work/sd
mkdir -p "$phone/DCIM" "$work/tmp"
"$build/make-photos" "$work/photos" 6 --seed 3 --size 24 >/dev/null && cp "$work"/photos/*.jpg "$phone/DCIM" || exit 2

# Two cases under two mandates of one desk, each at once and in two stages: A is judged, B takes its place.
mandate=$work/m
take_case() { # take_case NAME [options of new-mandate]
	tests/tools/new-mandate "$mandate" --device "$SERIAL" --id "MANDATE-$1" --scope media-exif,android-device "${@:2}" \
		>"$work/$1.log" 2>&1 || { cat "$work/$1.log"; exit 2; }
	run_keten "$1"
	check "$1: taken" is "$status" 0
}
take_case A --immediate
take_case B --immediate
take_case sealedA --unreleased 1
take_case sealedB --unreleased 1
a=$(packages A) b=$(packages B) sealed_a=$(packages sealedA) sealed_b=$(packages sealedB)
key=(--operator "$mandate/operator.pem" --trust "$mandate/trust")
id_of() { "$build/keten-verify" --json "$1" --trust "$mandate/trust" | json /dev/stdin 'd["case_id"]'; }
case_b=$(id_of "$b") case_sealed_b=$(id_of "$sealed_b")
check "keten-verify says whose case it is" test -n "$case_b" -a "$case_b" != "$(id_of "$a")"
release_of() { # release_of CASE
	"$build/keten" release "$(packages "$1")" --releaser "$mandate/releaser.pem" --out "$work/$1/rel" --trust "$mandate/trust" \
		>"$work/out" 2>"$work/err" </dev/null
	check "$1: released" is $? 0
}
release_of sealedA
release_of sealedB
rel_a=$(find "$work/sealedA/rel" -name '*.asice') rel_b=$(find "$work/sealedB/rel" -name '*.asice')
printf 'The journey in May was to see my sister.\n' >"$work/words.txt"
python3 - "$work/A/case/report/report.json" "$(sha256sum "$a" | cut -c1-64)" "$work/marks.json" <<'PY' || exit 2
import json, sys
one = next(o for o in json.load(open(sys.argv[1]))["observations"])
json.dump({"format": "keten-marks-1", "package_sha256": sys.argv[2], "reviewer": "J. Q.",
           "marks": [{"id": one["id"], "category": "health"}]}, open(sys.argv[3], "w"))
PY

# -- another file in its place ----------------------------------------------------------------

# The words that only B has: nothing that was made may hold one.
printf '%s\n' "$case_b" "$case_sealed_b" MANDATE-B MANDATE-sealedB \
	"$(sha256sum "$b" | cut -c1-64)" "$(sha256sum "$sealed_b" | cut -c1-64)" "$(sha256sum "$rel_b" | cut -c1-64)" >"$work/of-b"
unmixed() { # unmixed FOLDER: in files, in packages, in names
	local p hits
	rm -rf "$work/unpacked" && mkdir "$work/unpacked"
	while read -r p; do
		unzip -q -o "$p" -d "$work/unpacked/${p##*/}" || return 1
	done < <(find "$1" -name '*.asice*')
	hits=$(grep -rlF -f "$work/of-b" "$1/" "$work/unpacked" 2>/dev/null)
	[ -z "$hits" ] || { echo "of another package: $hits"; return 1; }
	hits=$(find "$1" | grep -F -e "$case_b" -e MANDATE-B -e MANDATE-sealedB)
	[ -z "$hits" ] || { echo "named like another package: $hits"; return 1; }
}
# swapped WHAT FILE WITH COMMAND...: after each program that the command waits for, both ways. In $d it finds
# its own copy of FILE, and the rest of that folder; what it makes goes to $d/made.
swapped() {
	local what=$1 file=$2 with=$3 mode n done_at=0 base=${2##*/} outcome
	shift 3
	for mode in rename write; do
		for n in $(seq 40); do
			rm -rf "$work/s"
			d=$work/s
			mkdir -p "$d/in" "$d/made"
			cp "${file%/*}"/* "$d/in/"
			cp "$with" "$d/with"
			SWAPAT=$n:$mode SWAP_WITH=$d/with SWAP_FILE=$d/in/$base SWAP_DONE=$d/done PRELOAD=$shim \
				"$@" >"$d/made/stdout" 2>"$d/stderr" </dev/null
			outcome=$?
			[ -e "$d/done" ] || break
			done_at=$n
			case $outcome in
			0) ;;
			5 | 7) # an expiry destroys the key first, and says so, whatever comes after
				[ "$what" = expire ] || [ -z "$(find "$d/made" -name '*.asice')" ] ||
					bad "$what, $mode $n: refused, and yet it made one"
				;;
			*) bad "$what, $mode $n: exit status $outcome" "$d/stderr" ;;
			esac
			unmixed "$d/made" >"$work/mixed" || bad "$what, $mode $n: exit status $outcome" "$work/mixed"
			cmp -s "$d/in/$base" "$with" || bad "$what, $mode $n: the file that took its place was touched"
		done
		check "$what, $mode: it could happen, at $done_at moments" test "$done_at" -ge 1
	done
	check "$what: undisturbed it succeeds" is "$outcome" 0
	[ "$outcome" -eq 0 ] || bad "it said" "$d/stderr"
}
# shellcheck disable=SC2317  # called by name
{
	keten() { LD_PRELOAD=$PRELOAD "$build/keten" "$@"; }
	say_words() { keten comment "$d/in/${a##*/}" --text "$work/words.txt" "${key[@]}" --out "$d/made"; }
	correct() { keten erratum "$d/in/${a##*/}" --plugin media-exif --text "$work/words.txt" "${key[@]}" --out "$d/made"; }
	disclose() { keten disclose "$d/in/${a##*/}" --to Counsel "${key[@]}" --out "$d/made"; }
	transfer() { keten act transfer "$d/in/${a##*/}" --to Court --reason asked "${key[@]}" --out "$d/made"; }
	redact() { keten redact "$d/in/${a##*/}" --marks "$work/marks.json" "${key[@]}" --out "$d/made"; }
	receipt() { keten receipt "$d/in/${a##*/}" --trust "$mandate/trust"; }
	count() { keten stats "$d/in" --trust "$mandate/trust" --json; }
	open_sealed() {
		keten release "$d/in/${sealed_a##*/}" --releaser "$mandate/releaser.pem" --trust "$mandate/trust" --out "$d/made"
	}
	reproduce() {
		TMPDIR=$work/tmp keten verify --reproduce "$sealed_a" "$d/in/${rel_a##*/}" --releaser "$mandate/releaser.pem" \
			--trust "$mandate/trust" --out "$d/made"
	}
	reproduce_acquisition() {
		TMPDIR=$work/tmp keten verify --reproduce "$d/in/${sealed_a##*/}" "$rel_a" --releaser "$mandate/releaser.pem" \
			--trust "$mandate/trust" --out "$d/made"
	}
	expire() { keten expire "$d/in" --reason ordered "${key[@]}" --out "$d/made"; }
}
swapped comment "$a" "$b" say_words
swapped erratum "$a" "$b" correct
swapped disclose "$a" "$b" disclose
swapped act "$a" "$b" transfer
swapped redact "$a" "$b" redact
swapped receipt "$a" "$b" receipt
swapped stats "$a" "$b" count
swapped release "$sealed_a" "$sealed_b" open_sealed
swapped "reproduce, the release" "$rel_a" "$rel_b" reproduce
swapped "reproduce, the acquisition" "$sealed_a" "$sealed_b" reproduce_acquisition
swapped expire "$sealed_a" "$sealed_b" expire

# a hold that is replaced by one about another package does not let go
mkdir "$work/held" "$work/hold-b"
cp "$sealed_a" "${sealed_a%.asice}.release.p7m" "$work/held"
"$build/keten" act hold "$sealed_a" --until 2040-01-01 --reason appeal "${key[@]}" --out "$work/held" >/dev/null
"$build/keten" act hold "$sealed_b" --until 2040-01-01 --reason appeal "${key[@]}" --out "$work/hold-b" >/dev/null
hold=$(find "$work/held" -name '*-hold.asice') hold_b=$(find "$work/hold-b" -name '*.asice')
for mode in rename write; do
	for n in 1 2 3 4 5 6; do
		rm -rf "$work/s"
		cp -r "$work/held" "$work/s"
		cp "$hold_b" "$work/with"
		SWAPAT=$n:$mode SWAP_WITH=$work/with SWAP_FILE=$work/s/${hold##*/} SWAP_DONE=$work/done LD_PRELOAD=$shim "$build/keten" \
			expire "$work/s" --reason ordered "${key[@]}" --out "$work/s" >"$work/out" 2>"$work/err"
		outcome=$?
		# while the hold was not judged yet, it is the other one that is judged: nothing holds then
		if grep -q 'on hold until 2040' "$work/out" || [ $outcome -eq 5 ]; then
			check "hold, $mode $n: the envelope stays" test -e "$(echo "$work"/s/*.p7m)"
		elif [ "$n" -gt 2 ]; then
			bad "hold, $mode $n: it was passed over" "$work/out" "$work/err"
		fi
	done
done

# one that can't be judged any more, here by its time, holds as long as nothing shows it to be false
rm "$hold"
SHIFT_DAYS=3 LD_PRELOAD=$shim "$build/keten" act hold "$sealed_a" --until 2040-01-01 --reason appeal "${key[@]}" --out "$work/held" \
	>/dev/null
"$build/keten-verify" "$hold" --trust "$mandate/trust" >/dev/null
check "a hold that can't be judged" is $? 6
"$build/keten" expire "$work/held" --reason ordered "${key[@]}" --out "$work/held" >"$work/out" 2>"$work/err"
check "a hold that can't be judged keeps it" grep -q 'on hold until 2040' "$work/out"
check "a hold that can't be judged: the envelope stays" test -e "$(echo "$work"/held/*.p7m)"

# -- what keten-verify says --------------------------------------------------------------------

mkdir "$work/bin"
for p in "$build"/keten*; do
	[ ! -f "$p" ] || [ ! -x "$p" ] || ln "$p" "$work/bin/${p##*/}" 2>/dev/null || cp "$p" "$work/bin/${p##*/}"
done
said_by() { # said_by LINE...: a keten-verify that does so
	rm -f "$work/bin/keten-verify"
	printf '#!/bin/sh\n' >"$work/bin/keten-verify"
	printf '%s\n' "$@" >>"$work/bin/keten-verify"
	chmod +x "$work/bin/keten-verify"
}
commands_that_judge() { # commands_that_judge KETEN [option...]: a line each
	local k=$1
	shift
	local o=("$mandate/operator.pem" --trust "${TRUST:-$mandate/trust}" --out "$work/none" "$@") r=(--releaser "$mandate/releaser.pem"
		--trust "${TRUST:-$mandate/trust}" --out "$work/none" "$@")
	one() { # one NAME ARGUMENT...
		"$k" "$@" >"$work/out" 2>"$work/err" </dev/null
		printf '%s %s %s\n' "$1" $? "$(grep -c -e "${SAID:-.}" "$work/err")"
	}
	one comment "$a" --text "$work/words.txt" --operator "${o[@]}"
	one erratum "$a" --plugin media-exif --text "$work/words.txt" --operator "${o[@]}"
	one disclose "$a" --to Counsel --operator "${o[@]}"
	one act transfer "$a" --to Court --reason asked --operator "${o[@]}"
	one redact "$a" --marks "$work/marks.json" --operator "${o[@]}"
	one stats "$a" --trust "${TRUST:-$mandate/trust}" "$@"
	one expire "$sealed_a" --operator "${o[@]}"
	one release "$sealed_a" "${r[@]}"
	one verify --reproduce "$sealed_a" "$rel_a" "${r[@]}"
}
all_end() { # all_end WHAT STATUS WORDS ARGUMENT...: with that status, and those words
	local what=$1 want=$2 name got words
	SAID=$3
	shift 3
	while read -r name got words; do
		check "$what: $name: exit status" is "$got" "$want"
		check "$what: $name: is told" test "$words" -ge 1
	done < <(commands_that_judge "$@")
	check "$what: nothing was made" test -z "$(find "$work/none" -name '*.asice' 2>/dev/null)"
	SAID=.
}
for s in 2:2 7:7 8:8 99:8; do
	said_by 'echo "keten-verify: these are its words" >&2' "exit ${s%:*}"
	all_end "keten-verify ends with ${s%:*}" "${s#*:}" 'these are its words' "$work/bin/keten"
done
said_by 'kill -9 $$'
all_end "keten-verify is killed" 8 'keten-verify failed' "$work/bin/keten"
said_by "printf '%s\\n' '{\"result\":\"valid\"}'"
all_end "keten-verify says half" 8 "can't be read" "$work/bin/keten"
said_by "$build/keten-verify \"\$@\"" 'exit 5'
all_end "keten-verify contradicts itself" 8 "can't be read" "$work/bin/keten"

# -- whom it is judged by ----------------------------------------------------------------------

mkdir "$work/empty"
for t in "$work/nowhere" "$work/empty"; do
	TRUST=$t all_end "no anchors (${t##*/})" 6 'no-trust-anchor.*name the folder with --trust' "$build/keten"
done
"$build/keten" timestamp "$a" --tsa http://127.0.0.1:1 --operator "$mandate/operator.pem" --trust "$work/nowhere" --out "$work/none" \
	>/dev/null 2>"$work/err"
check "no anchors: timestamp" is $? 6
# shellcheck disable=SC2317  # called by name
revoke() { # the operator's certificate, long ago
	local serial
	serial=$(openssl x509 -in "$mandate/operator.pem" -noout -serial | cut -d= -f2)
	printf 'R\t361130000000Z\t200101000000Z\t%s\tunknown\t/CN=x\n' "$serial" >"$work/index.txt"
	echo 01 >"$work/crlnumber"
	printf '[ca]\ndefault_ca = d\n[d]\ndatabase = %s\ncrlnumber = %s\ndefault_md = sha256\ndefault_crl_days = 30\n' \
		"$work/index.txt" "$work/crlnumber" >"$work/ca.cnf"
	mkdir "$work/lists"
	openssl ca -gencrl -config "$work/ca.cnf" -keyfile "$mandate/ca.key.pem" -cert "$mandate/trust/ca.pem" -out "$work/lists/ca.crl"
}
check "a list is made" revoke
while read -r name got _; do
	case $name in # counted apart, or left alone
	stats) check "revoked: stats counts it apart" grep -q 'were not counted' <("$build/keten" stats "$a" --trust "$mandate/trust" --crl "$work/lists") ;;
	expire) check "revoked: expire" test "$got" -ne 0 ;;
	*) check "revoked: $name: exit status" is "$got" 5 ;;
	esac
done < <(commands_that_judge "$build/keten" --crl "$work/lists")
check "revoked: nothing was made" test -z "$(find "$work/none" -name '*.asice' 2>/dev/null)"
check "revoked: the envelope stays" test -e "${sealed_a%.asice}.release.p7m"
"$build/keten" act transfer "$a" --to Court --reason asked "${key[@]}" --crl "$work/empty" --out "$work/none" >/dev/null 2>"$work/err"
check "a folder without lists: usage" is $? 2

# -- one by one --------------------------------------------------------------------------------

cp "$a" "$work/gone.asice"
tags=$("$build/keten-verify" --json "$a" --trust "$mandate/trust" | json /dev/stdin 'd["tags_sha256"]')
"$build/keten-verify" "$work/nothing.asice" 2>/dev/null
check "keten-verify: a name of nothing" is $? 2
"$build/keten-verify" "$work" 2>/dev/null
check "keten-verify: a folder" is $? 2
"$build/keten-verify" --show mandate/mandate.json --judged "$tags" "$work/nothing.asice" 2>/dev/null
check "keten-verify: what was judged is gone" is $? 7
zip -qd "$work/gone.asice" mandate/mandate.json >/dev/null 2>&1 ||
	python3 -c 'import sys, zipfile
src = zipfile.ZipFile(sys.argv[1]); out = zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_STORED)
for i in src.infolist():
    if i.filename != "mandate/mandate.json": out.writestr(i, src.read(i))
out.close()' "$a" "$work/gone.asice"
"$build/keten-verify" --show mandate/mandate.json --judged "$tags" "$work/gone.asice" >/dev/null 2>&1
check "keten-verify: a file that was judged was taken out" is $? 5
"$build/keten-verify" --show report/none.json --judged "$tags" "$a" >/dev/null 2>&1
check "keten-verify: there never was one" is $? 2
chmod 000 "$work/gone.asice"
cp "$build/keten-verify" "$work/tmp/keten-verify"
chmod 755 "$work" "$work/tmp" "$work/tmp/keten-verify"
as=()
[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
"${as[@]}" "$work/tmp/keten-verify" "$work/gone.asice" 2>"$work/err"
check "keten-verify: it is there and can't be read" is $? 7
chmod 600 "$work/gone.asice"
rm "$work/tmp/keten-verify"

mkdir "$work/beside"
cp "$a" "$work/beside/"
cp "$work/gone.asice" "$work/beside/KETEN-X-1-comment.asice"
"$build/keten" disclose "$work/beside/${a##*/}" --to Counsel "${key[@]}" --out "$work/none" >/dev/null 2>"$work/err"
check "disclosure: a package that does not hold stops it" is $? 5
check "disclosure: ... by its name, and with what to do" grep -q 'KETEN-X-1-comment.asice.*put it apart' "$work/err"

# what was released in time may be released again, whatever the number of that release
mkdir "$work/late"
cp "$sealed_a" "${sealed_a%.asice}.release.p7m" "$work/late"
late() {
	SHIFT_DAYS=2 LD_PRELOAD=$shim "$build/keten" release "$work/late/${sealed_a##*/}" --releaser "$mandate/releaser.pem" \
		--trust "$mandate/trust" --out "$work/late" >"$work/out" 2>"$work/err" </dev/null
}
late
check "released late: refused" is $? 3
check "released late: by its name" grep -q retention-expired "$work/err"
cp "$rel_a" "$work/late/${rel_a##*/}"
"$build/keten" release "$work/late/${sealed_a##*/}" --releaser "$mandate/releaser.pem" --trust "$mandate/trust" --out "$work/late" \
	>/dev/null 2>&1 </dev/null
rm "$work/late/${rel_a##*/}"
check "released late: there is a release 2 and no release 1" is "$(find "$work/late" -name '*-release.asice' | wc -l)" 1
late
grep -q retention-expired "$work/err"
check "released late: not refused as never released" is $? 1

long=$work/tmp/$(printf '%070d' 7)
mkdir "$long"
TMPDIR=$long "$build/keten" verify --reproduce "$sealed_a" "$rel_a" --releaser "$mandate/releaser.pem" --trust "$mandate/trust" \
	>"$work/out" 2>&1
check "reproduce: a long TMPDIR" is $? 0
check "reproduce: ... leaves nothing" is "$(find "$work/tmp" -type f | wc -l)" 0

mkdir "$work/log"
python3 - "$work/A/case/custody.jsonl" >"$work/log/custody.jsonl" <<'PY' || exit 2
import hashlib, json, sys
prev = "0" * 64
for line in open(sys.argv[1], encoding="utf-8"):
    d = json.loads(line)
    d["prev"] = prev
    for k, v in d["detail"].items():
        if isinstance(v, str) and v and not k.endswith("_sha256"):
            d["detail"][k] = "\x1b[31m" + v
    out = json.dumps(d, separators=(",", ":"), sort_keys=True) + "\n"
    prev = hashlib.sha256(out.encode()).hexdigest()
    sys.stdout.write(out)
PY
"$build/keten" log --case "$work/log" >"$work/out" 2>&1
check "log: it holds" is $? 0
check "log: what it holds is shown" grep -qF '[31m' "$work/out"
check "log: nothing speaks to the terminal" is "$(LC_ALL=C grep -c "$(printf '\033')" "$work/out")" 0
e2e_end
