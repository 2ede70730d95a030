#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# Every state that a phone can be in has a name of its own and says what to do next, in keten devices
# and while a run waits; the fingerprint on the screen is the one that the phone shows; of two phones
# the one that was named is read.
# usage: tests/e2e/test-states.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
phone=$work/sd mandate=$work/m
TIMELINE=40 phone_make "$phone"
mandate_make "$mandate"
: >"$work/seen"

# devices NAME STATE STATUS [options of sim-usb] [-- options of keten devices]
devices() {
	local name=$1 state=$2 want=$3 sim=()
	shift 3
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		sim+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	in_sim "$name" "${sim[@]}" -- "$build/keten" devices --json "$@"
	check "$name: exit status" is "$status" "$want"
	check "$name: state" is \
		"$(json "$work/$name/stdout" "[p['state'] for p in d['devices']] or [d['state']]")" "['$state']"
	check "$name: what to do next" test \
		"$(json "$work/$name/stdout" "len(([p['remedy'] for p in d['devices']] or [d['remedy']])[0])")" -gt 15
	check "$name: schema" is "$(json "$work/$name/stdout" "d['schema']")" keten-devices-1
	json "$work/$name/stdout" "([p['state'] + ': ' + p['remedy'] for p in d['devices']] or [d['state'] + ': ' + d['remedy']])[0]" \
		>>"$work/seen"
	assert_clean "$name"
	check "$name: nobody was asked to trust a key" is "$(grep -c 'AUTH pubkey' "$work/$name.journal")" 0
}

devices none no-device 4 --plug-after-ms 600000
devices forbidden no-permission 4 --no-permission
devices held busy 4 --busy
devices fresh not-authorised-yet 0
devices silent offline 4 --no-answer
devices recovery wrong-mode 4 --prompt always-authorised --banner recovery
devices bootloader wrong-mode 4 --prompt always-authorised --banner bootloader
devices tls unsupported 4 --stls
devices late not-authorised-yet 0 --plug-after-ms 2000 -- --wait 20
check "fresh: serial, maker and product" is \
	"$(json "$work/fresh/stdout" "[(p['serial'], p['kind'], p['manufacturer'] != '', p['product'] != '') for p in d['devices']]")" \
	"[('$SERIAL', 'android', True, True)]"

# -- a case whose key a phone has accepted ----------------------------------------------------

# (the wait is for the tap too, which takes long on a busy machine)
WAIT=8 run_keten open --unplug-at 8000 --pubkey-log "$work/keys"
check "open: cut off in the middle" is "$status" 4
check "open: after the phone had accepted the key" test -e "$work/open/case/adb.key.ok"
check "open: the key stays for going on" test -s "$work/open/case/adb.key"
cut -d' ' -f2- "$work/keys" >"$work/known"
devices accepted authorised 0 --known-keys "$work/known" -- --case "$work/open/case"
devices revoked revoked 4 -- --case "$work/open/case"
run_keten open --known-keys "$work/known" --prompt ignore
check "open: goes on without a second tap" is "$status" 0
check "open: verifies" verifies open

sort -u "$work/seen" | cut -d: -f1 | uniq -d >"$work/same"
check "states: one remedy each" is "$(cat "$work/same")" ""
check "states: no two remedies alike" is "$(sort -u "$work/seen" | cut -d: -f2- | sort | uniq -d)" ""
check "states: all of them" is "$(cut -d: -f1 "$work/seen" | sort -u | xargs)" \
	"authorised busy no-device no-permission not-authorised-yet offline revoked unsupported wrong-mode"

# -- waiting for the tap ----------------------------------------------------------------------

WAIT=8 run_keten tap --prompt ignore --pubkey-log "$work/tap.keys" -- --progress=json
check "tap: exit status" is "$status" 4
check "tap: counts down, with the phone's own fingerprint" python3 -c 'import json, sys
lines = [json.loads(l) for l in open(sys.argv[1], encoding="utf-8")]
waiting = [l for l in lines if l.get("state") == "waiting-for-tap"]
assert waiting and all(l["remedy"] for l in waiting)
left = [l["seconds_left"] for l in waiting]
assert left == sorted(left, reverse=True) and len(set(left)) >= 3 and max(left) <= 8, left
shown = {l["fingerprint"].replace(":", "").lower() for l in waiting if "fingerprint" in l}
phone = {l.split()[0].replace(":", "").lower() for l in open(sys.argv[2])}
assert shown and shown == phone, (shown, phone)
order = [l["state"] for l in lines if l.get("state")]
assert order.index("connecting") < order.index("waiting-for-tap"), order' "$work/tap/stderr" "$work/tap.keys"
assert_clean tap
run_keten tap --prompt accept:200 --pubkey-log "$work/tap.keys" -- --progress=json
check "tap: accepted" is "$status" 0
check "tap: the same key was shown again" is "$(sort -u "$work/tap.keys" | wc -l)" 1
check "tap: authorised is a state of its own" grep -q '"state":"authorised"' "$work/tap/stderr"
check "tap: the log has the fingerprint" custody tap device.identified \
	"$(head -n 1 "$work/tap.keys" | cut -d' ' -f1 | tr A-F a-f)"

# -- two phones -------------------------------------------------------------------------------

mandate=$work/any
mandate_make "$mandate" --device SIM0002
other=(--phone --serial SIM0002 --model Second --storage "$phone" --commands "$commands" --journal "$work/second.journal")
in_sim both "${other[@]}" -- "$build/keten" devices --json
check "two phones: both listed" is "$(json "$work/both/stdout" "sorted(p['serial'] for p in d['devices'])")" \
	"['SIM0001', 'SIM0002']"
rm -f "$work/second.journal"
run_keten two "${other[@]}" -- --device SIM0002
check "two phones: exit status" is "$status" 0
check "two phones: the named one was read" grep -q '^SYNC' "$work/second.journal"
assert_journal "two phones" "$work/second.journal"
check "two phones: the other was left alone" is "$(grep -c . "$work/two.journal")" "$(grep -c ^BYTES "$work/two.journal")"
check "two phones: the report names it" is "$(json "$work/two/case/report/report.json" "d['device']['identifier']")" SIM0002
check "two phones: verifies" verifies two

e2e_end
