#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The main job with an iPhone: a simulated one, clear and encrypted, healthy and with every fault that it
# knows; killed and gone on with. What is stored is exactly what the mandate allows, nothing else stands
# anywhere, and each fault ends in its outcome in time.
# usage: tests/e2e/test-iphone.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
UDID=00008110-00AB12CD34EF5678
PASSWORD='right horse'
mandate=$work/m
scope=ios-device,ios-photos-db,ios-cellular,ios-location-clients,ios-wifi-known,ios-health-routes,media-exif,wallet-passes,locale-clock
tests/tools/new-mandate "$mandate" --kind ios --device $UDID --immediate --from 2023-01-01 --scope $scope >"$mandate.log" 2>&1 ||
	{ cat "$mandate.log"; exit 2; }
tests/demo/make-iphone "$work/tree-clear" "$build" "$CANARY_ELSEWHERE" || exit 2
ENCRYPTED=1 tests/demo/make-iphone "$work/tree-full" "$build" "$CANARY_ELSEWHERE" || exit 2
# the simulated phone's own word, in made-up files and in what it sends in place of others
canary_patterns >>"$work/never" SIM-CANARY

WANTED="CameraRollDomain/Media/PhotoData/Photos.sqlite
CameraRollDomain/Media/PhotoData/Photos.sqlite-wal
HomeDomain/Library/Passes/Cards/AbCd1234.pkpass/pass.json
HomeDomain/Library/Preferences/.GlobalPreferences.plist
HomeDomain/Library/Preferences/com.apple.locationd.plist
RootDomain/Library/Caches/locationd/clients.plist
WirelessDomain/Library/Databases/CellularUsage.db
WirelessDomain/Library/Preferences/com.apple.commcenter.plist"
ONLY_ENCRYPTED="HealthDomain/Health/healthdb_secure.sqlite
SystemPreferencesDomain/com.apple.wifi.known-networks.plist"

# a phone that knows this computer: where trust is not the question, no keys have to be made
HOME=$work "$build/sim-iphone" --socket "$work/s" --state "$work/paired" -- timeout 60 idevicepair pair >"$work/pair.log" 2>&1 ||
	{ cat "$work/pair.log"; exit 2; }

# -- runs, several at a time ------------------------------------------------------------------

# phone_run NAME [options of sim-iphone] -- [options of keten run]: leaves NAME/status and NAME/ms.
# TREE is what it holds, PW a file with passwords; KNOWN=yes: it trusted this computer before
phone_run() {
	local n=$1 sim=() start
	shift
	while [ "$1" != -- ]; do
		sim+=("$1")
		shift
	done
	shift
	mkdir -p "$work/$n/tmp"
	if [ "${KNOWN:-no}" = yes ]; then
		cp "$work/paired" "$work/$n.state"
		sim+=(--state "$work/$n.state")
	fi
	start=$(date +%s%N)
	KETEN_REGISTER=$work/$n.register TMPDIR=$work/$n/tmp timeout -k 5 "${LIMIT:-150}" "$build/sim-iphone" --socket "$work/$n.socket" \
		--journal "$work/$n.journal" --backup "${TREE:-$work/tree-clear}" --count 20 "${sim[@]}" -- \
		"$build/keten" run --mandate "$mandate/mandate.json" --trust "$mandate/trust" --operator "$mandate/operator.pem" \
		--device $UDID --case "$work/$n/case" --out "$work/$n/out" --simulated "$@" \
		>"$work/$n/stdout" 2>"$work/$n/stderr" </dev/null 9<"${PW:-/dev/null}"
	echo $? >"$work/$n/status"
	echo $((($(date +%s%N) - start) / 1000000)) >"$work/$n/ms"
}

go() { # go NAME ...: as phone_run, beside others
	while [ "$(jobs -rp | wc -l)" -ge 5 ]; do wait -n; done
	phone_run "$@" &
}

fault() { # fault NAME FAULT [FAULT...]: a run on a phone with these
	local n=$1 o=()
	shift
	for f in "$@"; do o+=(--fault "$f"); done
	go "$n" "${o[@]}" -- --wait "${WAIT:-10}"
}

status_of() { cat "$work/$1/status"; }

# stored NAME TREE: every stored file is the tree's own, byte for byte, its ranges too; prints the whole files
stored() {
	python3 - "$work/$1/case" "$2" <<'PY'
import glob, hashlib, json, os, sys
case, tree = sys.argv[1:]
names = set(os.listdir(case + "/objects"))
whole = []
for p in sorted(glob.glob(case + "/index/*.jsonl")):
    for r in map(json.loads, open(p)):
        if not r.get("object"):
            continue
        names.remove(r["object"])
        b = open(os.path.join(case, "objects", r["object"]), "rb").read()
        path = bytes.fromhex(r["path_hex"]).decode()
        assert hashlib.sha256(b).hexdigest() == r["sha256"] and len(b) == r["bytes"], r
        if "ranges" in r:
            f = open(os.path.join(tree, "CameraRollDomain/Media", path), "rb").read()
            assert b == b"".join(f[o:o + n] for o, n, _ in r["ranges"]), r
            assert len(b) < 4096 < len(f) or len(f) < 4096, r
        elif "/" in path and not path.startswith("lockdown"):
            assert b == open(os.path.join(tree, path), "rb").read(), r
            whole.append(path)
assert not names, names
print("\n".join(sorted(whole)))
PY
}

# shellcheck disable=SC2317 # called by name
quiet() { ! grep -E '^(STATE-CHANGING|UNKNOWN|PROTOCOL)' "$work/$1.journal"; }

# after NAME: whatever happened
after() {
	assert_no_canary "$1" "$work/$1"
	check "$1: journal" quiet "$1"
	check "$1: no temporary files" is "$(find "$work/$1/tmp" -mindepth 1 | wc -l)" 0
}

items() { # items NAME: how many of each outcome
	grep -o '"event":"item\.[a-z]*"' "$work/$1/case/custody.jsonl" | grep -v start | sort | uniq -c |
		sed 's/.*\([0-9][0-9]*\) "event":"item\.\(.*\)"/\2/' | sort | uniq | tr '\n' ' '
}
item() { # item NAME ITEM: outcome and objects
	sed -n 's/.*"item":"[a-z-]*\/'"$2"'","objects":\([0-9]*\),.*"event":"item\.\([a-z]*\)".*/\2 \1/p' "$work/$1/case/custody.jsonl" |
		grep -v '^start'
}

# -- all runs ---------------------------------------------------------------------------------

WAIT=4 fault stall stall-at-byte=200000 # its deadline is the longest: a minute without a byte
go clear --fault no-passcode --set clock-offset=90 -- --json
printf 'wrong horse\nworse horse\n%s\n' "$PASSWORD" >"$work/pw3"
printf '%s\n' "$PASSWORD" >"$work/pw1"
PW=$work/pw3 TREE=$work/tree-full go encrypted --password "$PASSWORD" -- --password-fd 9 --json
TREE=$work/tree-full go no-password --password "$PASSWORD" -- --password-fd 9
faults_lost='deny-trust locked impostor other-udid garbage-plist deep-plist missing-keys wrong-types hang-up=StartSession'
for f in $faults_lost; do WAIT=3 fault "$f" "$f"; done
WAIT=2 fault trust-pending=30 trust-pending=30
KNOWN=yes # from here on: what follows the trust
WAIT=2 fault passcode-wait=30 passcode-wait=30
WAIT=2 fault unplug-at-byte=300000 unplug-at-byte=300000
WAIT=2 fault unplug-between-files=25 unplug-between-files=25
faults_fine='trust-pending=1 passcode-wait=1 slow=400000 two-phones purge traversal list-check=names list-check=sizes wrong-order=status
	wrong-order=manifest'
for f in $faults_fine; do
	case $f in trust-*) KNOWN=no fault "$f" "$f" ;; *) fault "$f" "$f" ;; esac
done
fault replug-byte unplug-at-byte=300000 replug=300
fault replug-files unplug-between-files=25 replug=300
faults_none='passcode-timeout=1 no-space no-manifest no-manifest=db no-manifest=plist bogus-manifest-db=random bogus-manifest-db=short
	bogus-manifest-db=views wrong-order=upload wrong-order=moves garbage-plist=DLMessageUploadFiles deep-plist=Hello huge-length=file-block'
for f in $faults_none; do fault "$f" "$f"; done
faults_ended='end-code=104 wrong-order=end'
for f in $faults_ended; do fault "$f" "$f"; done
# one file of the backup: locationd's clients.plist
faults_one='hash-mismatch unreadable=*clients.plist unreadable-midway=*clients.plist manifest-contradicts=domain:*clients.plist
	manifest-contradicts=path:*clients.plist manifest-contradicts=size:*clients.plist manifest-contradicts=absent:*clients.plist'
set -f # the names hold stars
for f in $faults_one; do fault "${f//\*/}" "$f"; done
set +f
fault twice 'twice=*clients.plist'
cp -a "$work/tree-clear" "$work/tree-off"
python3 - "$work/tree-off" <<'PY'
import plistlib, sys
for path, d in (("HomeDomain/Library/Preferences/com.apple.locationd.plist", {"LocationServicesEnabledIn8.0": False}),
                ("RootDomain/Library/Caches/locationd/clients.plist",
                 {"com.example.taxi": {"BundleId": "com.example.taxi", "Authorized": False},
                  "com.example.walk": {"BundleId": "com.example.walk", "Authorized": True}})):
    plistlib.dump(d, open(sys.argv[1] + "/" + path, "wb"))
PY
TREE=$work/tree-off go off --fault no-passcode -- --wait 10
fault unreadable-media 'unreadable=*IMG_0101*'
fault manifest-udid manifest-udid
KNOWN=no
PW=$work/pw1 TREE=$work/tree-full go encrypted-mismatch --password "$PASSWORD" --fault hash-mismatch -- --password-fd 9
printf '%s\n%s\n' "$PASSWORD" "$PASSWORD" >"$work/pw2"
PW=$work/pw2 TREE=$work/tree-full go encrypted-replug --password "$PASSWORD" --fault unplug-between-files=30 --fault replug=300 -- --password-fd 9
wait

# -- the healthy phone ------------------------------------------------------------------------

check "clear: exit status" is "$(status_of clear)" 0
check "clear: exactly the allowed files, as they are on the phone" is "$(stored clear "$work/tree-clear")" "$WANTED"
check "clear: photos by their metadata alone" is "$(item clear ios-dcim)" "acquired 13"
check "clear: only encrypted backups hold the health store" custody clear item.absent 'encrypted-only'
check "clear: the package verifies" verifies clear
check "clear: stock tools agree" tests/e2e/stock-verify.sh "$(packages clear)" "$mandate/trust"
check "clear: trust was asked for and taken back" is "$(grep -c 'LOCKDOWN Pair ' "$work/clear.journal") $(grep -c 'LOCKDOWN Unpair' "$work/clear.journal")" "1 1"
check "clear: no pair record is left" is "$(grep -rlE 'EscrowBag|RootPrivateKey|PRIVATE KEY' "$work/clear")" ''
r=$work/clear/case/report/report.json
check "clear: pictures of both kinds have places" is "$(json "$r" "sorted({t['item'] for t in d['taken'] if t['item'].startswith(('media', 'ios-photos'))})")" \
	"['ios-photos-db/photos-db', 'media-exif/ios-dcim']"
check "clear: every parser found something" is "$(json "$r" "sorted({o['source'] if 'source' in o else o['item'].split('/')[0] for o in d['observations']})" 2>&1 |
	grep -o "'[a-z-]*'" | tr -d "'" | xargs)" "$(python3 -c 'print("ios-cellular ios-device ios-location-clients ios-photos-db locale-clock media-exif wallet-passes")')"
check "clear: the phone's clock is a minute and a half ahead" python3 -c 'import json, sys
d = [r["detail"] for r in map(json.loads, open(sys.argv[1])) if r["event"] == "clock.check"]
assert len(d) == 1 and d[0]["result"] == "read" and 85000 < d[0]["offset_ms"] < 95000, d' "$work/clear/case/custody.jsonl"
check "clear: more was sent than kept, and the log says so" custody clear source.read '"result":"whole"'
after clear

check "encrypted: exit status" is "$(status_of encrypted)" 0
check "encrypted: exactly the allowed files, in clear" is "$(stored encrypted "$work/tree-full")" "$(printf '%s\n%s\n' "$WANTED" "$ONLY_ENCRYPTED" | LC_ALL=C sort)"
check "encrypted: both hashes" is "$(cat "$work/encrypted/case/index/"*.jsonl | grep -c cipher_sha256)" 10
check "encrypted: the password is nowhere" is "$(grep -rlaF "$PASSWORD" "$work/encrypted" "$work/encrypted.journal")" ''
check "encrypted: wrong twice, and said so" is "$(grep -c 'not the password' "$work/encrypted/stderr")" 2
check "encrypted: the package verifies" verifies encrypted
check "encrypted: stock tools agree" tests/e2e/stock-verify.sh "$(packages encrypted)" "$mandate/trust"
after encrypted
check "no password: exit status" is "$(status_of no-password)" 1
check "no password: nothing of the backup" is "$(stored no-password "$work/tree-full")" ''
check "no password: refused, with the reason" custody no-password item.refused 'password-not-given'
check "no password: photos all the same" is "$(item no-password ios-dcim)" "acquired 13"
check "no password: the result line says so" grep -q "without the phone's backup" "$work/no-password/stdout"
check "no password: verifies" verifies no-password
after no-password

# -- each fault -------------------------------------------------------------------------------

# shellcheck disable=SC2317 # called by name
within() { [ "$(cat "$work/$1/ms")" -lt "$2" ] || { cat "$work/$1/ms"; return 1; }; }

for f in $faults_lost trust-pending=30; do
	case $f in other-udid) want=3 ;; *) want=4 ;; esac
	check "$f: exit status" is "$(status_of "$f")" "$want"
	check "$f: the log says so" custody "$f" attempt.refused
	check "$f: nothing is stored" is "$(find "$work/$f/case/objects" -type f | wc -l)" 0
	check "$f: in time" within "$f" 40000
	after "$f"
done
for f in unplug-at-byte=300000 unplug-between-files=25 stall manifest-udid; do
	case $f in manifest-udid) want=3 ;; *) want=4 ;; esac
	check "$f: exit status" is "$(status_of "$f")" "$want"
	check "$f: nothing of the backup is stored" is "$(stored "$f" "$work/tree-clear")" ''
	check "$f: photos stay" is "$(cat "$work/$f/case/index/"*.jsonl | grep -c '"path":"DCIM.*"sha256"')" 13
	check "$f: no item has ended" is "$(items "$f")" ''
	check "$f: in time" within "$f" 140000
	after "$f"
done
for f in $faults_fine replug-byte replug-files; do
	check "$f: exit status" is "$(status_of "$f")" 0
	check "$f: exactly the allowed files" is "$(stored "$f" "$work/tree-clear")" "$WANTED"
	after "$f"
done
check "unplugged, and plugged in again: the log says so" custody replug-files device.disconnect '"reason":"lost"'
for f in $faults_none passcode-wait=30; do
	check "$f: exit status" is "$(status_of "$f")" 1
	check "$f: nothing of the backup is stored" is "$(stored "$f" "$work/tree-clear")" ''
	check "$f: photos and values are" is "$(item "$f" ios-dcim), $(item "$f" lockdown)" "acquired 13, acquired 1"
	check "$f: the items say why" custody "$f" item.failed 'no backup of the phone was to be had: '
	check "$f: and the result line" grep -q "without the phone's backup: " "$work/$f/stdout"
	check "$f: verifies" verifies "$f"
	check "$f: in time" within "$f" 140000
	after "$f"
done
for f in $faults_ended; do
	check "$f: exit status" is "$(status_of "$f")" 1
	check "$f: what was confirmed is stored" is "$(stored "$f" "$work/tree-clear")" "$WANTED"
	check "$f: as partial" custody "$f" item.partial 'did not come to its end'
	check "$f: verifies" verifies "$f"
	after "$f"
done
set -f
for f in $faults_one; do
	n=${f//\*/}
	check "$n: exit status" is "$(status_of "$n")" 1
	check "$n: all files but that one" is "$(stored "$n" "$work/tree-clear")" "$(grep -v clients.plist <<<"$WANTED")"
	case $n in
	unreadable*) want='failed 0' text='unreadable on the phone\|the phone could not give it' ;;
	*) want='refused 0' text='Manifest.db states otherwise, deleted\|not listed in Manifest.db, deleted' ;;
	esac
	check "$n: the item" is "$(item "$n" location-clients)" "$want"
	check "$n: the reason" grep -q "$text" "$work/$n/case/custody.jsonl"
	check "$n: verifies" verifies "$n"
	after "$n"
done
set +f
check "twice: never two versions as one" is "$(grep -c clients.plist <<<"$(stored twice "$work/tree-clear")")" 1
after twice
marks() { # marks NAME: what the report says of an iPhone before everything else
	json "$work/$1/case/report/report.json" "sorted(a['id'] for a in d['attention'] if a['id'] in ('no-backup', 'location-off', 'location-denied'))"
}
check "clear: no marks" is "$(marks clear)" '[]'
check "no backup: the report is marked so, with the reason" grep -q \
	"Single values and media files alone, without the phone's backup: passcode-not-entered" "$work/passcode-timeout=1/case/report/report.json"
check "no backup: as that alone" is "$(marks passcode-timeout=1)" "['no-backup']"
check "switched off by the holder: exit status" is "$(status_of off)" 0
check "switched off by the holder: both reasons are told" is "$(marks off)" "['location-denied', 'location-off']"
check "switched off by the holder: only the app that is not authorised" grep -q 'says of 1 app that it is not authorised: com.example.taxi\.' \
	"$work/off/case/report/report.json"
after off
check "one picture unreadable: the others are there" is "$(item unreadable-media ios-dcim)" "partial 12"
after unreadable-media
check "encrypted, other content under an ID: that file is not kept" is "$(grep -c clients.plist <<<"$(stored encrypted-mismatch "$work/tree-full")")" 0
after encrypted-mismatch
check "encrypted, unplugged and plugged in again" is "$(status_of encrypted-replug) $(stored encrypted-replug "$work/tree-full" | wc -l)" "0 10"
after encrypted-replug

# -- killed at several moments, and gone on with ----------------------------------------------

kill_at() { # kill_at MS: SIGKILL to keten that long after the backup's first answer, then a healthy phone
	local n=killed-$1 pid until
	LIMIT=100 phone_run "$n" --fault slow=300000 --fault hash-mismatch -- --wait 5 &
	wait_until 60 grep -qs 'BACKUP Hello' "$work/$n.journal" || echo "$n: no backup" >>"$work/kills"
	pid=$(pgrep -f -n -- "^$build/keten run .*--case $work/$n/case")
	sleep "$(awk -v ms="$1" 'BEGIN { print ms / 1000 }')"
	kill -9 "$pid"
	wait
	find "$work/$n/case/objects" -name 'p*' >>"$work/kills"
	cp -a "$work/$n" "$work/$n-then"
	until=$((SECONDS + 60))
	phone_run "$n" --fault no-passcode -- --wait 10
	while [ "$(status_of "$n")" = 3 ] && [ "$SECONDS" -lt "$until" ]; do # its keten-device still gives the case back
		sleep 0.3
		phone_run "$n" --fault no-passcode -- --wait 10
	done
}
moments='50 300 700 1200 1900 2600'
: >"$work/kills"
for ms in $moments; do
	while [ "$(jobs -rp | wc -l)" -ge 3 ]; do wait -n; done
	kill_at "$ms" &
done
wait
check "killed: there was a backup each time, and no held file with a name" is "$(cat "$work/kills")" ''
for ms in $moments; do
	n=killed-$ms
	assert_no_canary "$n, right then" "$work/$n-then"
	check "$n: goes on: exit status" is "$(status_of "$n")" 0
	check "$n: goes on: exactly the allowed files" is "$(stored "$n" "$work/tree-clear")" "$WANTED"
	check "$n: verifies" verifies "$n"
	after "$n"
done
# -- no space ---------------------------------------------------------------------------------

full() { # full SIZE: the case on a disk that fills up, then on a larger one
	local n=full-$1
	mkdir -p "$work/$n/tmp" "$work/$n/case"
	cp "$work/paired" "$work/$n.state"
	# shellcheck disable=SC2016  # expanded by the inner shell
	KETEN_REGISTER=$work/$n.register TMPDIR=$work/$n/tmp timeout -k 5 150 "$build/sim-iphone" --socket "$work/$n.socket" --journal "$work/$n.journal" \
		--backup "$work/tree-clear" --count 2000 --state "$work/$n.state" --fault no-passcode -- unshare -m bash -c '
			dir=$1 size=$2
			shift 2
			mount -t tmpfs -o "size=$size" none "$dir/case" || exit 9
			"$@"; echo "first $?"
			cp -r "$dir/case" "$dir/full"
			mount -o remount,size=64m "$dir/case"
			"$@"; r=$?
			cp -r "$dir/case" "$dir/copy"
			exit $r' sh "$work/$n" "$1" "$build/keten" run --mandate "$mandate/mandate.json" --trust "$mandate/trust" \
		--operator "$mandate/operator.pem" --device $UDID --case "$work/$n/case" --out "$work/$n/out" --simulated --wait 10 \
		>"$work/$n/stdout" 2>"$work/$n/stderr" </dev/null
	echo $? >"$work/$n/status"
	rmdir "$work/$n/case"
	mv "$work/$n/copy" "$work/$n/case"
}
if unshare -m true 2>/dev/null; then
	sizes='64k 400k 1200k' # in the media, in files that are held back, in Manifest.db
	for size in $sizes; do full "$size" & done
	wait
	for size in $sizes; do
		n=full-$size
		check "$n: exit status" grep -qx 'first 7' "$work/$n/stdout"
		check "$n: goes on: exit status" is "$(status_of "$n")" 0
		check "$n: goes on: exactly the allowed files" is "$(stored "$n" "$work/tree-clear")" "$WANTED"
		after "$n"
	done
	check "full in Manifest.db: says so" grep -q 'no room to hold Manifest.db' "$work/full-1200k/stderr"
else
	echo "note  no mount namespace here: no full disk is tried"
fi
dutch_pages "$work" "Operation not permitted (MBErrorDomain/1)" "The host could not do it" "An error of the phone's" \
	'access to view "Files" prohibited'
e2e_end
