#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The sandbox from an attacker's side: hostile parsers in the real worker library under the real
# host code, each mandatory layer made to fail, the engine killed under a running worker, and a
# look at what the released programs would let anyone switch.
#
# usage: test-sandbox.sh BUILD       (as root the attacks are run as root and as an ordinary user)
set -u
build=$(cd "${1:?usage: test-sandbox.sh BUILD}" && pwd) || exit 2
work=$(mktemp -d) || exit 2
chmod 755 "$work"
started=()
cleanup() {
	for pid in "${started[@]}"; do kill -9 "$pid" 2>/dev/null; done
	if [ -n "${KEEP:-}" ]; then echo "kept: $work"; else rm -rf "$work"; fi
}
trap cleanup EXIT
passed=0 failed=0
ok() { echo "ok    $*"; passed=$((passed + 1)); }
fail() { echo "FAIL  $*"; failed=$((failed + 1)); }
# none WHAT FOUND: nothing may be found
none() { if [ -z "$2" ]; then ok "$1"; else fail "$1, but: $2"; fi; }

# Copies, so that each keten-worker lies beside its own driver, where an ordinary user can run it.
mkdir "$work/attack" "$work/real"
cp "$build/sandbox/drive" "$build/sandbox/keten-worker" "$work/attack/" || exit 2
cp "$build/sandbox/drive" "$build"/keten-{worker,device,verify} "$work/real/" || exit 2
cp "$build/sandbox/preload.so" "$work/" || exit 2

# drive NAME PROGRAM-FOLDER [ARG...]: one run of the driver in a fresh folder; its lines are counted
drive() {
	local name=$1 dir=$2 status line
	shift 2
	echo "-- $name"
	line=$(mktemp -d -p "$work" dir.XXXXXX)
	chmod 777 "$line"
	timeout -k 5 120 "$work/$dir/drive" "$1" "$line" "${@:2}" >"$work/log" 2>"$work/log.err"
	status=$?
	grep -E '^(ok|FAIL|   )' "$work/log"
	passed=$((passed + $(grep -c '^ok' "$work/log")))
	failed=$((failed + $(grep -c '^FAIL' "$work/log")))
	if [ $status -ne 0 ] && ! grep -q '^FAIL' "$work/log"; then
		cat "$work/log.err"
		fail "$name: driver ended with status $status"
	fi
}

# Is a process gone, or dead and not yet collected?
is_dead() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
	stat=${stat##*) }
	[[ $stat == Z* || $stat == X* ]]
}

# killed MODE: kill -9 of the engine must end the worker and its child, and not by their limits
killed() {
	local engine zygote='' child='' until dir
	dir=$(mktemp -d -p "$work" dir.XXXXXX)
	chmod 777 "$dir"
	: >"$dir.pids"
	"$work/attack/drive" "$1" "$dir" >"$dir.pids" 2>/dev/null &
	engine=$!
	started+=("$engine")
	until=$((SECONDS + 60))
	while [ -z "$child" ] && [ $SECONDS -lt $until ]; do
		read -r zygote child <"$dir.pids"
	done
	if [ -z "$child" ] || is_dead "$zygote"; then
		fail "$1: no worker came up"
		return
	fi
	[ "$child" = 0 ] && child=$zygote
	kill -9 "$engine"
	wait "$engine" 2>/dev/null # quiet about "Killed"
	until=$((SECONDS + 30))
	while ! { is_dead "$zygote" && is_dead "$child"; }; do
		if [ $SECONDS -gt $until ]; then
			fail "$1: engine killed, worker lives on"
			kill -9 "$zygote" "$child" 2>/dev/null
			return
		fi
	done
	ok "$1: engine killed, its worker dies (${RUN_UID:-own user}${RESTRICT:+, restricted})"
}

everything() {
	drive "attacks $1" attack attacks
	drive "the real worker $1" real real
	killed spin
	killed idle
}

everything "as $(id -un)"
RESTRICT=1 drive "attacks, without namespaces, Landlock, clone3, close_range" attack attacks
RESTRICT=1 drive "the real worker there" real real
RESTRICT=1 killed spin
drive "mandatory layers that fail" real refuses
if [ "$(id -u)" = 0 ]; then
	export RUN_UID=65534
	everything "as user $RUN_UID"
	RESTRICT=1 drive "attacks as user $RUN_UID, restricted" attack attacks
	RESTRICT=1 killed spin
	drive "mandatory layers that fail, as user $RUN_UID" real refuses
	unset RUN_UID
fi
PRELOAD=$work/preload.so drive "keten-device with a subverted USB library" real device
head -c 100000 /dev/urandom >"$work/package"
drive "keten-verify" real verify "$work/package"

# No switch: the worker takes no argument, refuses any environment (above: "without environment")
# and imports nothing that reads one; no other program picks a worker by anything but its own folder.
imports() { nm -D --undefined-only "$1" 2>/dev/null | awk '{ sub(/@.*/, "", $2); print $2 }'; }
if command -v nm >/dev/null; then
	found=$(imports "$build/keten-worker" | grep -xE '(secure_)?getenv|open(at)?(64)?|fopen(64)?|exec.*|system|popen|dlopen|socket|connect' || true)
	none "keten-worker imports nothing that reads a switch or opens a file" "$found"
fi
words() { strings -d -n 4 "$1"; } # data sections: debug information holds our own names
if command -v strings >/dev/null; then
	for p in keten keten-worker keten-device keten-verify; do
		found=$(words "$build/$p" | grep -E '^KETEN_[A-Z]|KT_[A-Z]+_|(no|disable|skip|without|in)-?_?(sandbox|process)' |
			grep -vxE 'KETEN_REGISTER' |
			grep -vE '^no-sandbox(: %s|: the sandbox can.t be set up here)?$' |
			grep -vE 'set KETEN_REGISTER to a|[Nn]o sandbox|without a sandbox' || true)
		none "$p holds no word for such a switch" "$found"
	done
fi
for arg in --no-sandbox --unsafe --worker=/bin/true --in-process; do
	"$build/keten" parsers media-exif --try "$work/package" "$arg" >/dev/null 2>&1
	status=$?
	if [ $status -eq 2 ]; then ok "keten refuses $arg"; else fail "keten $arg: status $status"; fi
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
