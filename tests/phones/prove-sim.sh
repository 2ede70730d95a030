#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Proves the simulated phone with tools that know nothing of it: Debian's adb, over TCP and over
# the emulated USB bus, and toybox for the range command.
# Usage: prove-sim.sh BUILDDIR        exit status 0: proven, 1: not, 77: adb is missing

# Most functions are called by name through check.
# shellcheck disable=SC2317
set -u

range='xargs -0 -n 3 dd iflag=skip_bytes,count_bytes bs=65536 status=none'
failed=0

ok() {
	printf 'ok - %s: %s\n' "$over" "$1"
}

not_ok() {
	printf 'not ok - %s: %s\n' "$over" "$1"
	failed=1
}

# check TEXT COMMAND...: the command must succeed
check() {
	local text=$1
	shift
	if "$@"; then ok "$text"; else not_ok "$text"; fi
}

A() {
	timeout 60 adb -s "$serial" "$@" </dev/null
}

status_is() {
	local want=$1 got
	shift
	"$@" >/dev/null 2>&1
	got=$?
	[ "$got" = "$want" ] || { echo "# status $got, not $want: $*"; return 1; }
}

same_hash() {
	[ "$(sha256sum <"$1")" = "$(sha256sum <"$2")" ]
}

pull_is_same() {
	A pull "/sdcard/$1" "$work/got" >/dev/null && same_hash "$work/got" "$storage/$1"
}

pull_dir_is_same() {
	rm -rf "$work/gotdir"
	A pull /sdcard/dir "$work/gotdir" >/dev/null && diff -r "$work/gotdir" "$storage/dir"
}

listing_is_complete() {
	A ls /sdcard/dir >"$work/ls" || return 1
	awk '{ print $4 }' "$work/ls" | sort >"$work/ls.names"
	find "$storage/dir" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort >"$work/ls.want"
	printf '.\n..\n' | sort - "$work/ls.want" | diff - "$work/ls.names"
}

# Operand triples on standard input, with @ for the storage. The simulator, asked through adb,
# and toybox xargs must give the same bytes and the same status.
range_is_toybox() {
	local mine real
	cat >"$work/triples"
	sed 's,@,/sdcard,g' "$work/triples" |
		timeout 60 adb -s "$serial" shell -T "$range" >"$work/r.sim" 2>"$work/r.simerr"
	mine=$?
	# shellcheck disable=SC2086
	sed "s,@,$storage,g" "$work/triples" | toybox $range >"$work/r.toy" 2>"$work/r.toyerr"
	real=$?
	[ "$mine" = "$real" ] && cmp "$work/r.sim" "$work/r.toy" && return 0
	echo "# status $mine, toybox $real"
	return 1
}

range_proofs() {
	if ! command -v toybox >/dev/null; then
		echo "SKIP $over: toybox is not installed"
		return
	fi
	check 'range: one triple as toybox' range_is_toybox \
		< <(printf 'if=@/odd\0skip=10\0count=5\0')
	check 'range: many triples as toybox' range_is_toybox \
		< <(for i in 0 1 65535 65536 65537 1048575; do
			printf 'if=@/mib\0skip=%d\0count=70000\0' "$i"
		done)
	check 'range: past the end, count 0, any order, no last NUL' range_is_toybox \
		< <(printf 'count=9\0if=@/odd\0skip=99999\0if=@/odd\0skip=1\0count=0\0if=@/odd\0'
		    printf 'skip=3\0count=4')
	check 'range: missing file and directory, then goes on, status 123' range_is_toybox \
		< <(printf 'if=@/none\0skip=0\0count=1\0if=@/dir\0skip=0\0count=1\0'
		    printf 'if=@/odd\0skip=0\0count=7\0')
	check 'range: empty input' range_is_toybox < <(:)
	check 'range: two operands only' range_is_toybox < <(printf 'if=@/odd\0skip=2\0')
	check 'range: missing file only' range_is_toybox < <(printf 'if=@/no\0skip=0\0count=1\0')
}

proofs() {
	check 'devices -l names the phone' \
		bash -c "adb devices -l | grep -q '^$serial .*device .*model:Simulated_Phone'"
	check 'shell prints' [ "$(A shell echo hello world)" = 'hello world' ]
	check 'shell exit status 7' status_is 7 A shell 'exit 7'
	check 'command of the table: output' [ "$(A shell dumpsys proof)" = 'the proof' ]
	check 'command of the table: status 3' status_is 3 A shell dumpsys proof
	check 'device clock is 100 s ahead' clock_is_ahead
	check 'unknown command is status 127' status_is 127 A shell nonesuch
	check 'pull of 1 MiB' pull_is_same mib
	check 'pull of 5120 bytes (512-multiple)' pull_is_same even
	check 'pull of 16384 bytes (block size)' pull_is_same block
	check 'pull of an odd size' pull_is_same odd
	check 'pull of an empty file' pull_is_same empty
	check 'pull of a directory' pull_dir_is_same
	check 'ls of a directory' listing_is_complete
	check 'a link out of the storage is refused' status_is 1 A pull /sdcard/evil "$work/evil"
	for n in 486 487 488 489 998 999 1000 1001; do # service names around 512 and 1024 bytes
		local text
		text=$(printf '%*s' "$n" '' | tr ' ' x)
		[ "$(A shell "echo $text")" = "$text" ] || not_ok "echo of $n bytes"
	done
	ok 'commands around multiples of the packet size'
	range_proofs
	if grep -q '^STATE-CHANGING' "$journal"; then not_ok 'journal: nothing changing'; else
		ok 'journal: nothing changing'; fi
	check 'push is refused' status_is 1 A push "$storage/odd" /sdcard/new
	check 'journal: push is named state-changing' \
		grep -q '^STATE-CHANGING sync SEND /sdcard/new' "$journal"
	check 'journal: an unknown key was shown and accepted' grep -q '^AUTH accepted' "$journal"
	check 'fingerprint is that of the key file of adb' fingerprint_matches
}

clock_is_ahead() {
	local device before after
	before=$(date +%s)
	device=$(A shell date +%s)
	after=$(date +%s)
	[ $((device - before)) -ge 99 ] && [ $((device - after)) -le 101 ]
}

fingerprint_matches() {
	local want
	want=$(cut -d' ' -f1 "$HOME/.android/adbkey.pub" | base64 -d | md5sum | cut -d' ' -f1)
	[ "$(cut -d' ' -f1 "$work/pubkeys" | tail -1 | tr -d : | tr A-F a-f)" = "$want" ]
}

start_server() {
	local try
	for try in 1 2 3 4 5; do
		export ANDROID_ADB_SERVER_PORT=$((20000 + (RANDOM * 7 + $$ + try) % 20000))
		adb start-server >/dev/null 2>"$work/server.err" && return 0
	done
	cat "$work/server.err"
	return 1
}

stop_server() {
	timeout 10 adb kill-server >/dev/null 2>&1
}

wait_for_device() {
	local i
	for ((i = 0; i < 600; i++)); do
		adb devices | grep -q "^${serial}[[:space:]]*device" && return 0
		sleep 0.1
	done
	return 1
}

run_proofs() {
	if wait_for_device; then proofs; else not_ok 'the phone comes online'; fi
	stop_server
}

make_data() {
	mkdir -p "$storage/dir/sub" "$work/commands" "$work/home"
	head -c 1048576 /dev/urandom >"$storage/mib"
	head -c 5120 /dev/urandom >"$storage/even"
	head -c 16384 /dev/urandom >"$storage/block"
	head -c 77777 /dev/urandom >"$storage/odd"
	: >"$storage/empty"
	cp "$storage/odd" "$storage/dir/a"
	cp "$storage/even" "$storage/dir/sub/b"
	ln -s /etc/passwd "$storage/evil"
	printf 'dumpsys proof\n' >"$work/commands/proof.cmd"
	printf 'the proof\n' >"$work/commands/proof.out"
	echo 3 >"$work/commands/proof.exit"
	printf 'date +%%s\n' >"$work/commands/date.cmd"
	printf '@@EPOCH_S@@\n' >"$work/commands/date.out"
}

over_tcp() {
	local i pid
	over=TCP
	"$build/sim-android" --listen 0 --port-file "$work/port" "${phone[@]}" &
	pid=$!
	for ((i = 0; i < 600; i++)); do
		[ -s "$work/port" ] && break
		sleep 0.1
	done
	serial=127.0.0.1:$(cat "$work/port")
	if start_server; then
		adb connect "$serial" >/dev/null
		run_proofs
	else
		not_ok 'adb server starts'
	fi
	kill "$pid"
	wait "$pid" 2>/dev/null
}

over_usb() {
	over=USB
	if ! command -v umockdev-wrapper >/dev/null; then
		echo 'SKIP USB: umockdev is not installed'
		return
	fi
	rm -f "$journal" "$work/pubkeys"
	export PROVE_WORK=$work
	"$build/sim-usb" --serial SIM0001 "${phone[@]}" -- "$0" --inner "$build" || failed=1
}

inner=no
if [ "${1-}" = --inner ]; then
	inner=yes
	shift
fi
build=${1:?usage: prove-sim.sh BUILDDIR}
if ! command -v adb >/dev/null; then
	echo 'SKIP: adb is not installed, nothing was proven'
	exit 77
fi
[ "$inner" = yes ] && work=$PROVE_WORK || work=$(mktemp -d)
storage=$work/storage
journal=$work/journal
export HOME=$work/home
phone=(--storage "$storage" --commands "$work/commands" --journal "$journal" --clock-offset 100
	--pubkey-log "$work/pubkeys" --prompt accept:200)

if [ "$inner" = yes ]; then
	over=USB serial=SIM0001
	export ADB_LIBUSB=1
	if start_server; then run_proofs; else not_ok 'adb server starts'; fi
	exit "$failed"
fi

trap 'rm -rf "$work"' EXIT
make_data
over_tcp
over_usb
[ "$failed" = 0 ] && echo 'the simulated phone is proven'
exit "$failed"
