#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# Phones that break, lie, stall, refuse and attack. For each: the exit status, the outcome by name, no
# hang, no canary, nothing outside the plan in the phone's journal; and then, on the phone as it should
# be, the same command completes and the package verifies.
# usage: tests/e2e/test-faults.sh BUILD
# Groups of faults are called by name, each in a process of its own.
# shellcheck disable=SC2317,SC2030,SC2031
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
phone=$work/sd mandate=$work/m
phone_make "$phone"
mandate_make "$mandate"

# fault NAME STATUS [options of sim-usb] [-- options of keten]: one run with a fault. What it left is
# looked at by the expect lines that follow; the fault's own checks go first.
fault() {
	local want=$2
	name=$1
	shift 2
	KETEN_REGISTER=$work/$name.register
	run_keten "$name" "$@"
	check "$name: exit status" is "$status" "$want"
	[ "$status" = "$want" ] || bad "$name: it said" "$work/$name/stderr"
	assert_clean "$name"
}

says() { # says TEXT: keten said so
	check "$name: says \"$1\"" grep -qF -- "$1" "$work/$name/stderr"
}

logged() { # logged EVENT [TEXT]
	check "$name: logs $1 ${2:-}" custody "$name" "$@"
}

line() { # line SEGMENT OUTCOME REASON: an index line tells it
	check "$name: index $1 tells $2: $3" grep -q "\"outcome\":\"$2\".*\"reason\":\"[^\"]*$3" \
		"$work/$name/case/index/i000$1.jsonl"
}

state() { # state NAME: the phone's state was shown
	check "$name: shows the state $1" grep -qx "phone: $1" "$work/$name/stderr"
}

verified() {
	check "$name: the package verifies" verifies "$name"
}

again() { # again STATUS: the same command, on a phone that is well
	run_keten "$name"
	check "$name: then goes on, exit status" is "$status" "$1"
	[ "$status" = "$1" ] || bad "$name: it said" "$work/$name/stderr"
	verified
	check "$name: the chain holds" "$build/keten" log --case "$work/$name/case"
	[ "$1" -ne 0 ] || check "$name: all that there is was found" is \
		"$(json "$work/$name/case/report/report.json" "d['result']['observations'], [w['count'] for t in d['taken'] for w in t['withheld']]")" \
		"$whole"
	assert_clean "$name"
	check "$name: the key is gone" is "$(find "$work/$name/case" -name 'adb.key*')" ""
}

fault calm 0
whole=$(json "$work/calm/case/report/report.json" "d['result']['observations'], [w['count'] for t in d['taken'] for w in t['withheld']]")
verified

# the cable
cable() {
	WAIT=$SHORT fault unplug-early 4 --unplug-at 300
	logged device.connect
	again 0
	WAIT=$SHORT fault unplug-photos 4 --unplug-at 10000
	logged device.disconnect lost
	again 0
	WAIT=$SHORT fault unplug-export 4 --unplug-at 60000
	logged device.disconnect lost
	again 0
	# a replugged phone asks nobody again: it knows this case's key
	fault replug-photos 0 --unplug-at 10000 --replug-after 400
	logged device.disconnect lost
	check "$name: one session, connected twice" is "$(grep -c device.identified "$work/$name/case/custody.jsonl")" 2
	verified
	fault replug-export 0 --unplug-at 60000 --replug-after 400
	verified
	check "$name: all that there is was found" is \
		"$(json "$work/$name/case/report/report.json" "d['result']['observations'], [w['count'] for t in d['taken'] for w in t['withheld']]")" "$whole"
	fault replug-forgets 0 --unplug-at 10000 --replug-after 400 --forget-keys --prompt accept:100
	verified
	{ wait_until 60 grep -qsx 'phone: no-device' "$work/plugged-late/stderr"; : >"$work/plug-it-in"; } &
	fault plugged-late 0 --plug-when "$work/plug-it-in"
	wait $!
	state no-device
	verified
}

# the holder
holder() {
	WAIT=$SHORT fault ignored 4 --prompt ignore
	state waiting-for-tap
	logged attempt.refused waiting-for-tap
	again 0
	WAIT=$SHORT fault denied 4 --prompt deny
	logged attempt.refused
	again 0
	fault revoked 0 --revoke-after 1 --unplug-at 10000 --replug-after 300
	verified
}

# the bus and the connection
bus() {
	WAIT=$SHORT fault busy 4 --busy
	state busy
	logged attempt.refused busy
	again 0
	WAIT=$SHORT fault no-permission 4 --no-permission
	state no-permission
	logged attempt.refused no-permission
	again 0
	WAIT=$SHORT fault recovery 4 --banner recovery
	state wrong-mode
	logged attempt.refused wrong-mode
	again 0
	WAIT=$SHORT fault stls 4 --stls
	state unsupported
	logged attempt.refused unsupported
	again 0
	WAIT=$SHORT fault silent 4 --no-answer
	state offline
	logged attempt.refused offline
	again 0
	WAIT=$SHORT fault absent 4 --plug-after-ms 600000
	state no-device
	logged attempt.refused no-device
	again 0
	fault stray 0 --stray
	verified
	fault split-urbs 0 --caps 0
	verified
	fault small-packets 0 --packet-size 512
	verified
}

# lies of the connection
lies() {
	# what makes no sense ends the connection, not the session: a new one is made
	PROTOCOL_OK=1
	fault oversize 0 --oversize-frame 20000
	logged device.disconnect lost
	verified
	fault bad-magic 0 --bad-magic 20000
	logged device.disconnect lost
	verified
	fault device-open 0 --device-open
	verified
	fault dup-okay 0 --dup-okay
	verified
	PROTOCOL_OK=0
}

# answers that are cut, late or false
answers() {
	# without exit packets there are no ranges either: photos are then read from their start
	MEDIA_RECV=1 fault no-exit 1 --no-exit
	logged item.partial android-device/getprop
	verified
	fault truncated 1 --truncate-at 20000
	line 7 partial ''
	logged item.partial google-timeline/download
	again 1
	fault fail-recv 1 --fail-recv
	logged item.partial google-timeline/download
	verified
	fault lies-longer 1 --lie-size +100
	logged item.partial google-timeline/download
	verified
	fault lies-shorter 1 --lie-size -100
	logged item.partial google-timeline/download
	verified
	fault changes 1 --change-after-read
	line 5 partial 'changed while'
	verified
	fault denies-sync 1 --deny-open sync:
	logged item.refused media-exif/dcim
	verified
	MEDIA_RECV=1 fault denies-shell 1 --deny-open shell
	verified
	fault unreadable 0 --unreadable /sdcard/DCIM
	logged item.absent 'refuses it without saying so'
	verified
	fault hostile 0 --hostile-names
	says 'names that no file can have'
	verified
	fault endless 1 --endless-list
	logged item.partial 'listing is not complete'
	verified
}

# phones that can do less
less() {
	MEDIA_RECV=1
	fault no-range 0 --no-range
	check "$name: the index names the way it took" grep -q '"method":"recv"' "$work/$name/case/index/i0005.jsonl"
	check "$name: and stored no more than ranges" is "$(json "$work/$name/case/report/report.json" \
		"[o['path'] for o in d['objects'] if o['item'].startswith('media') and o['bytes'] > 2048]")" "[]"
	check "$name: same observations" is "$(json "$work/$name/case/report/report.json" "d['result']['observations']")" \
		"$(json "$work/calm/case/report/report.json" "d['result']['observations']")"
	verified
	fault no-range-truncated 1 --no-range --truncate-at 300
	verified
	fault old 0 --old
	verified
	WAIT=$SHORT fault plain-shell 4 --features cmd
	state unsupported
	again 0
	MEDIA_RECV=0
}

# silence
silence() {
	LIMIT=150 fault stall 0 --stall-at 60000
	logged device.disconnect lost
	verified
}

# Mostly waiting, so several groups at once, each in a process of its own.
for group in silence cable holder bus lies answers less; do
	while [ "$(jobs -rp | wc -l)" -ge 3 ]; do wait -n; done
	(
		passed=0 failed=0
		"$group" >"$work/$group.log" 2>&1
		echo "$passed $failed" >"$work/$group.count"
	) &
done
wait
for group in cable holder bus lies answers less silence; do
	cat "$work/$group.log"
	read -r a b <"$work/$group.count"
	passed=$((passed + a)) failed=$((failed + b))
done

e2e_end
