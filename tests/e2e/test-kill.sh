#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# SIGKILL at every custody event, of every program, and a full disk: nothing out of scope is left
# behind, nobody stays running, the same command resumes, completes, and the package verifies with
# the same findings as an undisturbed run.
# usage: tests/e2e/test-kill.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
phone=$work/sd mandate=$work/m
TIMELINE=60 phone_make "$phone"
mandate_make "$mandate"
shim=$work/killat.so
gcc -shared -fPIC -O1 -o "$shim" tests/e2e/killat.c || exit 2
findings() { # what a reader learns from a report, without its times
	json "$work/$1/case/report/report.json" "d['result'], [(t['item'], t['outcome'], t['objects'], t['withheld'],
		t['unmatched']) for t in d['taken']], [(o['path'], o['sha256'], o['ranges']) for o in d['objects'] if o['path']]"
}

# shellcheck disable=SC2317  # called by name
gone() { # gone FILE: none of these processes is there any more (or only as a zombie nobody reaps)
	local pid state
	while read -r pid; do
		state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null)
		case $state in '' | Z | X) ;; *) return 1 ;; esac
	done <"$1"
}

# the checks after the second run of a case that was cut off
assert_resumed() { # assert_resumed NAME
	check "$1: resumes and completes" is "$status" 0
	[ "$status" -eq 0 ] || bad "$1: it said" "$work/$1/stderr"
	check "$1: the package verifies" verifies "$1"
	check "$1: the chain holds" "$build/keten" log --case "$work/$1/case"
	check "$1: the findings of an undisturbed run" is "$(findings "$1")" "$expected"
	check "$1: no half-written files" is "$(find "$work/$1/case" "$work/$1/out" -name '*tmp*' -o -name '*.part' \
		-o -name 'adb.key*')" ""
	assert_clean "$1"
}

# One case, killed once. Runs in a process of its own.
kill_at() { # kill_at MODE:N
	local name=k-${1/:/}
	KETEN_REGISTER=$work/$name.register
	keten_args "$name"
	# shellcheck disable=SC2016  # expanded by the inner shell
	in_sim "$name" --prompt always-authorised -- env KILLAT="$1" KILLAT_CHILDREN="$work/$name.children" SHIM="$shim" \
		bash -c 'LD_PRELOAD=$SHIM:$LD_PRELOAD exec "$@"' sh "$build/keten" "${args[@]}"
	if [ "$status" -eq 0 ]; then
		echo "$1" >>"$work/completed"
		rm -rf "${work:?}/$name"
		return
	fi
	check "$name: killed" is "$status" 137
	check "$name: its children are gone" wait_until 60 gone "$work/$name.children"
	assert_clean "$name"
	run_keten "$name" --prompt always-authorised
	assert_resumed "$name"
	rm -rf "${work:?}/$name"
}
run_keten calm --prompt always-authorised
check "undisturbed: exit status" is "$status" 0
events=$(wc -l <"$work/calm/case/custody.jsonl")
expected=$(findings calm)
check "undisturbed: at least two events for each item" test "$events" -gt 20

# and not only at the log: between the files too
kill_everywhere "$events" 6 "$(seq 2 12 110)"

# -- the other programs -----------------------------------------------------------------------

# kill_child NAME PROGRAM ITEM [options of sim-usb]: SIGKILL to the first three of keten's children of that name
# in the middle of that item. What happened goes to NAME/stdout.
kill_child() {
	local name=$1 program=$2 item=$3
	shift 3
	keten_args "$name"
	# shellcheck disable=SC2016  # expanded by the inner shell
	in_sim "$name" --prompt always-authorised "$@" -- bash -c '
		program=$1 item=$2 log=$3
		shift 3
		"$@" & pid=$!
		for i in $(seq 3000); do
			grep -q "\"item\":\"$item\".*item.start" "$log" 2>/dev/null && break
			sleep 0.02
		done
		for i in $(seq 3000); do
			list=$(pgrep -P $pid -x "$program" | head -n 3)
			[ -z "$list" ] || break
			sleep 0.02
		done
		[ -n "$list" ] && kill -9 $list && echo "killed $list"
		wait $pid
		echo "exit $?"' sh "$program" "$item" "$work/$name/case/custody.jsonl" "$build/keten" "${args[@]}"
	check "$name: it was there to be killed" grep -q '^killed' "$work/$name/stdout"
	assert_clean "$name"
}
KETEN_REGISTER=$work/children.register
kill_child device keten-device media-exif/dcim --slow 40000
check "device: keten connects again and completes" grep -qx 'exit 0' "$work/device/stdout"
check "device: the loss is in the log" custody device device.disconnect process-ended
status=$(sed -n 's/^exit //p' "$work/device/stdout")
assert_resumed device
kill_child worker keten-worker media-exif/dcim --slow 20000
check "worker: keten goes on, partial" grep -qx 'exit 1' "$work/worker/stdout"
check "worker: the item says so" custody worker item.partial media-exif/dcim
check "worker: and which file, and why" grep -q '"outcome":"failed".*"reason":"[^"]*the parser ' "$work/worker/case/index/i0005.jsonl"
check "worker: the package verifies" verifies worker
check "worker: the report tells" is "$(json "$work/worker/case/report/report.json" \
	"[t['outcome'] for t in d['taken'] if t['item'] == 'media-exif/dcim'][0]")" partial

# -- no space ---------------------------------------------------------------------------------

# A limit of the file size stops objects, log, records or report, one after the other.
for blocks in 2 7 16 48 64; do
	name=full$blocks
	KETEN_REGISTER=$work/$name.register
	keten_args "$name"
	# shellcheck disable=SC2016  # expanded by the inner shell
	in_sim "$name" --prompt always-authorised -- bash -c 'trap "" XFSZ; ulimit -f "$1"; shift; exec "$@"' sh \
		"$blocks" "$build/keten" "${args[@]}"
	check "$name: exit status" is "$status" 7
	assert_clean "$name"
	run_keten "$name" --prompt always-authorised
	assert_resumed "$name"
done
if unshare -m true 2>/dev/null; then
	for size in 16k 64k 192k; do
		name=disk$size
		KETEN_REGISTER=$work/$name.register
		mkdir -p "$work/$name/case"
		keten_args "$name"
		# shellcheck disable=SC2016  # expanded by the inner shell
		in_sim "$name" --prompt always-authorised -- unshare -m bash -c '
			dir=$1 size=$2
			shift 2
			mount -t tmpfs -o "size=$size" none "$dir/case" || exit 9
			"$@" --progress=json; echo "first $?"
			cp -r "$dir/case" "$dir/full"
			mount -o remount,size=64m "$dir/case"
			"$@"; r=$?
			cp -r "$dir/case" "$dir/copy"
			exit $r' sh "$work/$name" "$size" "$build/keten" "${args[@]}"
		rmdir "$work/$name/case"
		mv "$work/$name/copy" "$work/$name/case"
		check "$name: exit status" grep -qx 'first 7' "$work/$name/stdout"
		rm -rf "${work:?}/$name/full"
		assert_resumed "$name"
	done
else
	echo "note  no mount namespace here: a full disk is tried by file size alone"
fi

e2e_end
