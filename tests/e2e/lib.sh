#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# Shared by the end-to-end tests: a simulated phone whose storage is full of canaries, runs of keten
# against it, and the checks that hold after every run whatever happened in it.
#
#   . tests/e2e/lib.sh; e2e_begin "$@"      from the top of the repository; $1 is the build folder
#                       plain_begin "$@"    the same without a phone
#   ...; e2e_end                            prints "N passed, N failed" and exits
#
# Everything lies in $work, removed at the end unless KEEP=1. Canaries are strings that stand in
# what may never be taken. They are looked for as they are, in UTF-16, in hexadecimal (the index
# holds paths that way) and in base64; a package is an uncompressed ZIP, so it can be read as it is.
# shellcheck disable=SC2034  # variables are read by the tests that source this file

# Nowhere at all:
CANARY_PIXELS=Hq7vXw2LkZt9PbRm4cYs # pixels, thumbnails and maker notes of photos that are in scope
CANARY_LATE=Zq4Wk8Rj		    # camera texts of photos outside the period (8 bytes, see below)
CANARY_BESIDE=uT5nGd8KxQ1fVj6MzWe3  # other files in the folders that are read
CANARY_NAME=bQ9yLr3HsXk7NvTd2Gpf    # their names
CANARY_ELSEWHERE=Jm6ZcVp1WtRx8YqFg4hK # folders that are not in the plan
# In the raw container alone, never in records, report or log:
CANARY_TIMELINE=Ew3kPz8TnBv5XsYj9QrL

SERIAL=SIM0001
IN_PERIOD=8	 # photos of phone_make inside 2024-05-01 .. 2024-06-01
OUT_OF_PERIOD=7	 # photos outside
AT_BORDER=1	 # local time without a zone, so near the first midnight that it may lie outside
# Seconds that a phone which does not come (again), or whose holder does not tap, is waited for. All that must have happened
# before must fit in, on a machine that is busy too.
SHORT=4
PLANNED_ROOTS='/sdcard/DCIM /sdcard/Pictures /sdcard/Download /sdcard/Documents'

plain_begin() { # plain_begin BUILD: for a test that needs no phone
	build=${1:?usage: $0 BUILD}
	build=$(cd "$build" && pwd) || exit 2
	passed=0 failed=0
	work=$(mktemp -d)
	if [ "${KEEP:-0}" = 1 ]; then echo "work: $work"; else trap 'rm -rf "$work"' EXIT; fi
	export KETEN_REGISTER=$work/register.sqlite
}

e2e_begin() { # e2e_begin BUILD
	plain_begin "$@"
	if ! command -v umockdev-wrapper >/dev/null; then
		echo "SKIP: umockdev is not installed"
		exit 77
	fi
	phone='' mandate=''
	export SIM_IPHONE_KEYS=$work
	commands=$PWD/tests/demo/commands
	canary_patterns >"$work/never" "$CANARY_PIXELS" "$CANARY_LATE" "$CANARY_BESIDE" "$CANARY_NAME" \
		"$CANARY_ELSEWHERE"
	canary_patterns >"$work/raw-only" "$CANARY_TIMELINE"
}

# dutch_pages DIR [WORDS...]: what a Dutch page below the folder says itself is Dutch. Mandates and statements say what they
# like, and so do these words.
dutch_pages() {
	local values=() pages v
	mapfile -t pages < <(find "$1" -name report.nl.html)
	while read -r v; do values+=(-o "$v"); done < <(find "$1" -name mandate.json -o -name statement.json)
	shift
	for v; do values+=(-v "$v"); done
	check "${#pages[@]} Dutch pages hold no English" python3 tests/tools/english_in.py "${values[@]}" "${pages[@]}"
}

e2e_end() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
	exit
}

ok() {
	passed=$((passed + 1))
	echo "ok    $1"
}

bad() { # bad WHAT [FILE...]: the ends of the files tell why
	failed=$((failed + 1))
	echo "FAIL  $1"
	shift
	local f
	for f in "$@"; do
		[ ! -s "$f" ] || tail -n 12 "$f" | cut -c1-300 | sed 's/^/      | /'
	done
}

# check WHAT COMMAND...: the command must succeed; what it prints is shown when it does not
check() {
	local what=$1
	shift
	local out=$work/check.$BASHPID # tests may check in several processes
	if "$@" >"$out" 2>&1; then ok "$what"; else bad "$what" "$out"; fi
	rm -f "$out"
}

is() { # is GOT WANT
	[ "$1" = "$2" ] || { echo "got \"$1\", not \"$2\""; return 1; }
}

# wait_until SECONDS COMMAND...: polls, as a fixed sleep is too long or too short
wait_until() {
	local until=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.02
	done
}

# The shell steps that a page of the documentation tells a reader to take.
steps_of() { # steps_of PAGE
	awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$1"
}

# act_begin BUILD: for what makes acts of a case: a phone, its mandate, and the steps that judge an act with stock programs
act_begin() {
	e2e_begin "$@"
	phone=$work/sd mandate=$work/m
	TIMELINE=60 phone_make "$phone"
	mandate_make "$mandate"
	keten=$build/keten
	steps_of docs/user/acts.md >"$work/steps.sh"
}

stock_steps() { # stock_steps PACKAGE: those steps, with the trust folder of the mandate
	OPENSSL_CONF=/dev/null PACKAGE=$1 TRUST=$mandate/trust sh "$work/steps.sh"
}

# -- canaries ---------------------------------------------------------------------------------

canary_patterns() { # one line per form; forms of UTF-16 hold NUL bytes, which grep -f takes
	local c i skip take
	for c in "$@"; do
		printf '%s\n' "$c"
		# without the last NUL of UTF-16LE and the first of UTF-16BE both are this
		printf '%s' "$c" | iconv -t UTF-16BE | tail -c +2
		printf '\n'
		printf '%s' "$c" | od -An -v -tx1 | tr -d ' \n'
		printf '\n'
		printf '%s' "$c" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F
		printf '\n'
		# base64 depends on where the text begins in its group of three bytes
		for i in 0 1 2; do
			skip=$(((i * 8 + 5) / 6)) take=$(((i + ${#c}) * 8 / 6))
			printf '%.*s%s' "$i" AA "$c" | base64 -w0 | cut -c$((skip + 1))-"$take"
		done
	done
}

# no_canary DIR...: nothing of "never" in any file below; of "raw-only" only where raw containers lie
no_canary() {
	local hits pkg x=$work/unpacked.$BASHPID
	[ -s "$work/never" ] && [ -s "$work/raw-only" ] || return 1
	hits=$(LC_ALL=C grep -rlaF -f "$work/never" -- "$@")
	[ -z "$hits" ] || { echo "canary in: $hits"; return 1; }
	hits=$(find "$@" | LC_ALL=C grep -aF -f "$work/never")
	[ -z "$hits" ] || { echo "canary in a name: $hits"; return 1; }
	hits=$(LC_ALL=C grep -rlaF --exclude-dir=objects --exclude='*.asice*' -f "$work/raw-only" -- "$@")
	[ -z "$hits" ] || { echo "withheld timeline text in: $hits"; return 1; }
	while read -r pkg; do
		rm -rf "$x"
		# a package that a crash cut off has no directory: its raw part can't be told apart
		unzip -q "$pkg" -d "$x" >/dev/null 2>&1 || continue
		hits=$(LC_ALL=C grep -rlaF --exclude-dir=objects -f "$work/raw-only" "$x")
		[ -z "$hits" ] || { echo "withheld timeline text in $pkg: $hits"; return 1; }
	done < <(find "$@" -name '*.asice*')
	rm -rf "$x"
}

assert_no_canary() { # assert_no_canary WHAT DIR...
	local what=$1
	shift
	check "$what: no canary" no_canary "$@"
}

# -- the phone's journal ----------------------------------------------------------------------

# What a journal line about a command may say, byte for byte, in the journal's escapes.
allowed_commands() {
	local f
	for f in "$commands"/*.cmd; do
		sed 's/\\/\\x5c/g' "$f"
	done
	echo 'xargs -0 -n 3 dd iflag=skip_bytes,count_bytes bs=65536 status=none'
}

# good_journal FILE: nothing that changes the phone, nothing outside the plan. In the environment:
# MEDIA_RECV=1 photos may be read from their start (phones that can't give ranges);
# PROTOCOL_OK=1 the phone itself broke the protocol, so that it may complain about the answer;
# RANGE_MAX bytes that may be asked of one photo in one connection (default 4096).
# An empty journal is a good one: the phone was not spoken to.
good_journal() {
	local file=$1
	[ -e "$file" ] || { echo "no journal"; return 1; }
	allowed_commands | sed 's/^/C /' | cat - <(sed 's/^/J /' "$file") |
		LC_ALL=C awk -v roots="$PLANNED_ROOTS" -v media="${MEDIA_RECV:-0}" \
			-v protocol="${PROTOCOL_OK:-0}" -v max="${RANGE_MAX:-4096}" '
		function wrong(why) { print why ": " line; bad = 1 }
		function planned(path,   i) {
			if (path ~ /\/\.\.?(\/|$)/ || path ~ /\/\//) return 0
			for (i = 1; i <= nroots; i++)
				if (path == root[i] || index(path, root[i] "/") == 1) return 1
			return 0
		}
		function photo(path) { return path ~ /^\/sdcard\/(DCIM|Pictures)\// && tolower(path) ~ /\.(jpg|jpeg|jpe)$/ }
		function export_file(path) {
			return path ~ /^\/sdcard\/(Download|Documents)\// &&
				tolower(path) ~ /\/(timeline|location-history|tijdlijn)[^\/]*\.json$/
		}
		BEGIN { nroots = split(roots, root, " ") }
		$1 == "C" { allowed[substr($0, 3)] = 1; next }
		{ line = substr($0, 3); word = $2; rest = substr(line, length(word) + 2) }
		word == "STATE-CHANGING" || word == "UNKNOWN" { wrong("changes the phone or is unknown") }
		word == "PROTOCOL" && !protocol { wrong("breaks the protocol") }
		word == "SHELL" && !(rest in allowed) { wrong("not a planned command") }
		word == "OPEN" {
			service = rest
			if (sub(/^shell(,[a-z0-9,]*)?:/, "", service) || sub(/^exec:/, "", service)) {
				if (!(service in allowed)) wrong("not a planned command")
			} else if (service != "sync:") wrong("not a planned service")
		}
		word == "SYNC" {
			path = rest
			sub(/^[^ ]* /, "", path)
			if ($3 == "QUIT") next
			if ($3 !~ /^(STAT|LSTA|STA2|LST2|LIST|LIS2|RECV|RCV2)$/) wrong("not a reading request")
			if (!planned(path)) wrong("outside the planned folders")
			if ($3 ~ /^R/ && !export_file(path) && !(media && photo(path))) wrong("a file that nobody wants")
		}
		word == "CONNECT" { connects++ }
		word == "RANGE" {
			path = rest
			sub(/ [0-9]+ [0-9]+$/, "", path)
			if (!planned(path) || !photo(path)) wrong("a range of a file that nobody wants")
			sum[path] += $NF
		}
		END {
			for (p in sum)
				if (sum[p] > max * connects) { line = p " " sum[p]; wrong("too many bytes of one photo") }
			exit bad
		}'
}

assert_journal() { # assert_journal WHAT FILE
	check "$1: journal" good_journal "$2"
}

# -- the phone --------------------------------------------------------------------------------

# Photos of one folder moved into a month; all lie on days 2 to 27 there.
to_month() { # to_month MONTH FILE...
	local month=$1
	shift
	LC_ALL=C sed -i "s/2024:[01][0-9]:\([0-9][0-9]\)/2024:$month:\1/g" "$@"
}

# Every text about the camera gets the canary, at the same length, so that offsets hold.
mark_camera() { # mark_camera FILE...
	LC_ALL=C sed -i "s/Voorbeeld/${CANARY_LATE}a/g; s/VB-1 Pro/$CANARY_LATE/g; s/Lumeno X20/${CANARY_LATE}bb/g
		s/Kaleido Optics/${CANARY_LATE}cccccc/g; s/L20-2024.1/${CANARY_LATE}dd/g" "$@"
	local f
	for f in "$@"; do
		LC_ALL=C grep -qaF "$CANARY_LATE" "$f" || { echo "no camera text in $f" >&2; exit 2; }
	done
}

# phone_make DIR: 8 photos in May 2024, 7 in other months, 1 at the border; a Timeline export over
# the end of May; and what nobody may take.
phone_make() {
	local sd=$1 tmp=$1.tmp p
	mkdir -p "$tmp" "$sd/DCIM/Camera" "$sd/Pictures/Trip" "$sd/Download/sub" "$sd/Documents" \
		"$sd/WhatsApp/Media" "$sd/Android/data/org.example/files" "$sd/Movies"
	"$build/make-photos" "$tmp" 60 --seed 7 --size 24 --canary "$CANARY_PIXELS" || exit 2
	# with a zone: columns gps_time and offset of expected.csv are there
	mapfile -t p < <(awk -F, 'NR > 1 && $5 != "" && $6 ~ /[+-][0-9][0-9]:/ { print $1 }' "$tmp/expected.csv")
	to_month 05 "${p[@]/#/$tmp/}"
	(cd "$tmp" && cp "${p[@]:0:5}" "$sd/DCIM/Camera") || exit 2
	cp "$tmp/${p[5]}" "$sd/DCIM/Camera/UPPER.JPG"
	cp "$tmp/${p[6]}" "$sd/Pictures/one.jpeg"
	cp "$tmp/${p[7]}" "$sd/Pictures/Trip/two.jpe"
	to_month 03 "${p[@]/#/$tmp/}"
	mark_camera "${p[@]/#/$tmp/}"
	(cd "$tmp" && cp "${p[@]:8:6}" "$sd/DCIM/Camera") || exit 2
	cp "$tmp/${p[14]}" "$sd/Pictures/old.jpg"
	# without any zone, on the second of May at most 14 hours after midnight
	p=("$(awk -F, 'NR > 1 && $5 == "" && $6 !~ /[+-][0-9][0-9]:/ { print $1; exit }' "$tmp/expected.csv")")
	[ -n "${p[0]}" ] || { echo "no photo without a zone" >&2; exit 2; }
	LC_ALL=C sed -i 's/2024:[01][0-9]:[0-9][0-9] [0-9][0-9]:/2024:05:01 03:/g' "$tmp/${p[0]}"
	mark_camera "$tmp/${p[0]}"
	cp "$tmp/${p[0]}" "$sd/DCIM/border.jpg"
	# many more than the walk's own days would hold, so that the file is read in several packets
	"$build/make-timeline" "$sd/Download/Timeline.json" "${TIMELINE:-300}" --from 2024-05-10 --days 15 \
		--canary "$CANARY_TIMELINE" || exit 2
	for p in DCIM/Camera/VID_1.mp4 DCIM/Camera/raw.cr2 DCIM/notes.txt Download/other.json Download/statement.pdf \
		Download/sub/Records.json Documents/letter.pdf Pictures/scan.png; do
		printf 'x%s\n%s\n' "$CANARY_BESIDE" "$CANARY_BESIDE" >"$sd/$p"
		printf '%s' "$CANARY_BESIDE" | base64 >>"$sd/$p"
		printf '%s' "$CANARY_BESIDE" | iconv -t UTF-16LE >>"$sd/$p"
	done
	echo "$CANARY_BESIDE" >"$sd/DCIM/Camera/$CANARY_NAME.mp4"
	echo "$CANARY_BESIDE" >"$sd/Download/$CANARY_NAME.json"
	for p in WhatsApp/Media/IMG.jpg Android/data/org.example/files/timeline.json Movies/Timeline.json IMG_root.jpg \
		"WhatsApp/$CANARY_NAME.jpg"; do
		echo "$CANARY_ELSEWHERE" >"$sd/$p"
	done
	ln -s ../WhatsApp/Media/IMG.jpg "$sd/DCIM/link.jpg"
	ln -s ../WhatsApp "$sd/DCIM/linked"
	# a phone's files do not change between two runs of one test
	find "$sd" -exec touch -h -d 2024-06-15T12:00:00Z {} +
	rm -rf "$tmp"
}

mandate_make() { # mandate_make DIR [options of new-mandate]
	local dir=$1
	shift
	tests/tools/new-mandate "$dir" --device "$SERIAL" --immediate --from 2024-05-01 --to 2024-06-01 \
		--sessions 20 "$@" >"$dir.log" 2>&1 || { cat "$dir.log"; exit 2; }
}

# -- runs -------------------------------------------------------------------------------------

# in_sim NAME [options of sim-usb] -- COMMAND...: with the phone $phone on the bus. The outcome is in
# $status (124: it hung); NAME is a folder in $work, as whose tmp/ TMPDIR is given to the command.
in_sim() {
	local name=$1 o=()
	shift
	while [ "$1" != -- ]; do
		o+=("$1")
		shift
	done
	shift
	mkdir -p "$work/$name/tmp"
	timeout -k 5 "${LIMIT:-150}" "$build/sim-usb" --serial "$SERIAL" --storage "$phone" --commands "$commands" \
		--journal "$work/$name.journal" "${o[@]}" -- env TMPDIR="$work/$name/tmp" "$@" \
		>"$work/$name/stdout" 2>"$work/$name/stderr" </dev/null
	status=$?
}

# keten_args NAME: what a run on the case of that name gets; mandate folder in $mandate
keten_args() {
	args=(run --mandate "$mandate/mandate.json" --trust "$mandate/trust" --operator "$mandate/operator.pem"
		--device "$SERIAL" --case "$work/$1/case" --out "$work/$1/out" --simulated --wait "${WAIT:-20}")
}

run_keten() { # run_keten NAME [options of sim-usb] [-- options of keten run]
	local name=$1 sim=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		sim+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	keten_args "$name"
	in_sim "$name" "${sim[@]}" -- "$build/keten" "${args[@]}" "$@"
}

packages() { # packages NAME: their paths, oldest first
	find "$work/$1/out" -name '*.asice' 2>/dev/null | sort -V
}

verifies() { # verifies NAME: the newest package is valid
	local p
	p=$(packages "$1" | tail -n 1)
	[ -n "$p" ] || { echo "no package"; return 1; }
	"$build/keten" verify "$p" --trust "$mandate/trust"
}

custody() { # custody NAME EVENT [TEXT]: a line of the log has that event, and the text in it
	grep -F "\"event\":\"$2\"" "$work/$1/case/custody.jsonl" | grep -qF -- "${3:-event}" ||
		{ echo "no $2 ${3:-}"; tail -n 4 "$work/$1/case/custody.jsonl"; return 1; }
}

json() { # json FILE EXPRESSION: prints the value; d is the document
	python3 -SE -c 'import json, sys
d = json.load(open(sys.argv[1], encoding="utf-8"))
print(eval(sys.argv[2]))' "$1" "$2"
}

# After any run: the canaries, the journal, nothing in TMPDIR.
assert_clean() { # assert_clean NAME
	assert_no_canary "$1" "$work/$1"
	assert_journal "$1" "$work/$1.journal"
	check "$1: no temporary files" is "$(find "$work/$1/tmp" -mindepth 1 | wc -l)" 0
}

# -- killed -----------------------------------------------------------------------------------

kill_one() { # in a process of its own
	passed=0 failed=0
	kill_at "$1" >"$work/$1.log" 2>&1
	echo "$passed $failed" >"$work/$1.count"
}

# kill_everywhere EVENTS HALF SYNCS: the test's own kill_at MODE:N before and after each event of the log and the
# one behind the last, in the middle of every HALFth, and at the fsyncs of those numbers; three at a time.
# kill_at appends what ran to its end without having been killed to $work/completed.
kill_everywhere() {
	local n p a b points=()
	for n in $(seq $(($1 + 1))); do
		points+=("before:$n" "after:$n")
		[ $((n % $2)) -ne 1 ] || points+=("half:$n")
	done
	for n in $3; do
		points+=("sync:$n")
	done
	for p in "${points[@]}"; do
		while [ "$(jobs -rp | wc -l)" -ge 3 ]; do wait -n; done
		kill_one "$p" &
	done
	wait
	for p in "${points[@]}"; do
		read -r a b <"$work/$p.count"
		passed=$((passed + a)) failed=$((failed + b))
		[ "$b" -eq 0 ] || grep -v '^ok' "$work/$p.log" | head -n 20
	done
	echo "killed at ${#points[@]} moments of $1 events"
	check "every event was reached, and the one after the last is none" is \
		"$(sort "$work/completed" | grep -v -e sync -e half | xargs)" "after:$(($1 + 1)) before:$(($1 + 1))"
}
