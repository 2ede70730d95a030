#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# keten-device against the simulated iPhone, by its frames: what it takes, how each fault ends, what the
# phone heard, what is left on the disk.
# usage: tests/e2e/test-iphone-device.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$(cd "${1:?usage: $0 BUILD}" && pwd) || exit 2
UDID=00008110-00AB12CD34EF5678
work=$(mktemp -d)
if [ "${KEEP:-0}" = 1 ]; then echo "work: $work"; else trap 'rm -rf "$work"' EXIT; fi
tree=$work/tree

# A file of the backup: file DOMAIN PATH BYTES
file() {
	mkdir -p "$(dirname "$tree/$1/$2")"
	head -c "$3" /dev/urandom >"$tree/$1/$2"
}

file RootDomain Library/Caches/locationd/clients.plist 1000
file HomeDomain Library/Preferences/com.apple.locationd.plist 17
file HomeDomain Library/Passes/Cards/a.pkpass/pass.json 96
file CameraRollDomain Media/PhotoData/Photos.sqlite 300000
file CameraRollDomain Media/PhotoData/Photos.sqlite-wal 5000
file CameraRollDomain Media/DCIM/100APPLE/IMG_0001.HEIC 700000
file CameraRollDomain Media/DCIM/100APPLE/IMG_0002.JPG 1000
file HealthDomain Health/healthdb_secure.sqlite 65536
mkdir -p "$tree/AppDomain-org.example.chat/Documents" "$tree/DatabaseDomain/timezone"
echo 'SIM-CANARY of a chat' >"$tree/AppDomain-org.example.chat/Documents/pass.json"
echo 'SIM-CANARY of a chat' >"$tree/AppDomain-org.example.chat/Documents/clients.plist"
ln -s /etc/passwd "$tree/CameraRollDomain/Media/DCIM/evil"
ln -s /var/db/timezone/zoneinfo/Europe/Lisbon "$tree/DatabaseDomain/timezone/localtime"

# drive NAME "options of the phone" [options of drive.py]: $work/NAME/out
drive() {
	local name=$1 phone=$2
	shift 2
	mkdir -p "$work/$name/case" "$work/$name/keep"
	# shellcheck disable=SC2086
	timeout -k 5 300 "$build/sim-iphone" --socket "$work/$name/s" --journal "$work/$name/journal" \
		--backup "$tree" --state "$work/$name/state" $phone -- \
		python3 tests/phones/iphone/drive.py --trust 20 --passcode 4 --keep "$work/$name/keep" "$@" \
		"$build/keten-device" core/requests.def "$work/$name/case" "$UDID" >"$work/$name/out" 2>"$work/$name/err"
}

# holds NAME WHAT PYTHON: o is what drive.py printed, c the confirmations by path, m the members by path,
# j the journal
holds() {
	if python3 - "$work/$1" "$3" "$tree" <<'PY' >"$work/$1/why" 2>&1
import hashlib, json, os, subprocess, sys
work, code, tree = sys.argv[1:]
o = json.load(open(work + "/out"))
j = open(work + "/journal", errors="replace").read().split("\n")
m = {x["path"]: x for x in o["members"]}
c = {x["path"]: x for x in o.get("confirms", [])}
V = [x["verdict"] for x in o.get("confirms", [])]
S = [x["state"] for x in o["states"]]
CLIENTS = "RootDomain/Library/Caches/locationd/clients.plist"
PHOTOS = "CameraRollDomain/Media/PhotoData/Photos.sqlite"
PASS = "HomeDomain/Library/Passes/Cards/a.pkpass/pass.json"
def end(code, word): return o["end"]["code"] == code and o["end"]["text"].startswith(word)
def ios(code, word): return o["ios"]["code"] == code and o["ios"]["text"].startswith(word)
def plain(x):
    data = open("%s/keep/%d" % (work, x["number"]), "rb").read()
    if x["key"]:
        data = subprocess.run(["openssl", "enc", "-d", "-aes-256-cbc", "-K", x["key"], "-iv", "0" * 32, "-nopad"],
                              input=data, stdout=subprocess.PIPE, check=True).stdout[:x["size"]]
    return data
def same(x): return plain(x) == open(os.path.join(tree, x["path"]), "rb").read()
assert "died" not in o, o["died"]
assert o["status"] == 0
assert eval("(" + code + ")"), (o["ios"], o.get("end"), V, S)
PY
	then
		echo "ok    $1: $2"
		echo ok >>"$work/results"
	else
		echo "FAIL  $1: $2"
		tail -n 3 "$work/$1/why" "$work/$1/err"
		echo bad >>"$work/results"
	fi
}

# What holds whatever happened: nothing changed on the phone, nothing left in the case folder.
always() {
	holds "$1" 'nothing loud in the journal' \
		'not [l for l in j if l.startswith(("STATE-CHANGING", "UNKNOWN", "PROTOCOL"))]'
	holds "$1" 'nothing in the case folder' 'os.listdir(work + "/case") == []'
	holds "$1" 'no canary in what was given out' \
		'not [f for f in os.listdir(work + "/keep") if b"SIM-CANARY" in open(work + "/keep/" + f, "rb").read()]'
}

# fault NAME WHAT PYTHON "options of the phone" [options of drive.py]
fault() {
	local name=$1 what=$2 code=$3 phone=$4
	shift 4
	drive "$name" "$phone" "$@"
	holds "$name" "$what" "$code"
	[ "${canary:-no}" = yes ] || always "$name"
}

all='V == ["confirmed"] * 6 and all(same(x) for x in c.values()) and end(-5, "the end")'

case_whole() {
	drive plain '' --parts 65536
	holds plain 'six files of the backup, confirmed, byte by byte' "$all"
	holds plain 'a photo whole and by parts' \
		'm["DCIM/100APPLE/IMG_0001.HEIC"]["sha256"] == m["DCIM/100APPLE/IMG_0001.HEIC"]["parts"] ==
		 hashlib.sha256(open(tree + "/CameraRollDomain/Media/DCIM/100APPLE/IMG_0001.HEIC", "rb").read()).hexdigest()'
	holds plain 'no link, no chat' 'not [p for p in m if "evil" in p or "chat" in p]'
	holds plain 'paired once, unpaired at the end, no record on the disk' \
		'[sum(l.startswith(w) for l in j) for w in ("LOCKDOWN Pair ", "LOCKDOWN Unpair ", "MUX SavePairRecord")] == [1, 1, 0]'
	holds plain 'no sync lock, no file opened but for reading' 'not [l for l in j if "lock_sync" in l]'
	always plain
	drive encrypted '--password geheim' --password wrong --password geheim
	holds encrypted 'the keys that were confirmed open each file' "$all and all(x['key'] for x in c.values())"
	holds encrypted 'a wrong password may be followed by the right one' 'o["secrets"] == [-4, 0]'
	always encrypted
	drive nobody '--password geheim' --early=
	holds nobody 'without a password no backup is asked for' \
		'end(-4, "backup-password-not-given") and not [l for l in j if "BACKUP" in l] and "lockdown" in m'
	drive empty '--password geheim' --password=
	holds empty 'no password at the end: nothing is confirmed' 'V == ["unconfirmed"] * 6 and end(-14, "no-password")'
	drive values '' --plan lockdown
	holds values 'values alone: no backup, no media' 'list(m) == ["lockdown"] and not [l for l in j if "BACKUP" in l or "AFC" in l]'
	holds values 'only the planned values are asked for' 'not [l for l in j if "com.apple.fmip" in l or l.endswith("key=")]'
}

case_trust() {
	fault deny 'the holder says no' 'ios(-4, "trust-denied") and S[-1] == "denied"' '--fault deny-trust'
	fault pending 'the dialog is waited for' "$all and 'trust' in S" '--fault trust-pending=3'
	fault ignored 'nobody answers' 'ios(-7, "trust-timeout") and o["seconds"] < 120' '--fault trust-pending=600' --trust 4
	fault locked 'a locked phone' 'ios(-7, "locked") and S[-1] == "locked"' '--fault locked' --trust 3
	fault otherudid 'another name in its own words' 'ios(-4, "wrong-device")' '--fault other-udid'
	fault impostor 'a key that was never paired' 'ios(-4, "impostor")' '--fault impostor'
	fault two 'the one that was named' "$all" '--fault two-phones'
	fault manifestudid 'another phone in the manifest' 'end(-4, "wrong-device") and V == ["unconfirmed"] * 6' '--fault manifest-udid'
	UDID=00008110-0000000000000000 drive absent ''
	holds absent 'not on the cable' 'ios(-5, "no such iPhone")'
}

case_passcode() {
	fault passcode 'the passcode is waited for' "$all and 'passcode' in S" '--fault passcode-wait=2'
	fault late 'nobody types it, we end' 'end(-14, "passcode-not-entered") and o["end"]["flags"] == 0 and o["seconds"] < 120' \
		'--fault passcode-wait=600'
	fault timeout 'nobody types it, the phone ends' 'end(-14, "passcode-not-entered") and "lockdown" in m' '--fault passcode-timeout=1'
	fault nocode 'none is asked for' "$all" '--fault no-passcode'
	fault space '105' 'end(-14, "no-space")' '--fault no-space'
	fault purge 'a purge request is answered' "$all" '--fault purge'
	fault endcode 'the code is told, what is confirmed is kept' 'end(-14, "backup-error-104") and V == ["confirmed"] * 6' '--fault end-code=104'
}

case_lost() {
	fault unplug 'in the middle of a file' 'end(-6, "") and o["end"]["flags"] & 32 and "confirmed" not in V' '--fault unplug-at-byte=200000'
	fault between 'between two files' 'end(-6, "") and o["end"]["flags"] & 32 and V == ["unconfirmed"] * len(V) and o["cost"]["cpu_s"] < 5' \
		'--fault unplug-between-files=5'
	fault replug 'a second try needs no second trust' \
		"$all and o['before'] == [[0, -6]] and sum(l.startswith('LOCKDOWN Pair ') for l in j) == 1" \
		'--fault unplug-between-files=5 --fault replug=300' --again 1 --pause 1
	fault hangup 'the phone hangs up' 'end(-6, "")' '--fault hang-up=DLMessageCreateDirectory'
	fault stall 'silence ends by itself' 'end(-7, "phone-silent") and o["seconds"] < 170 and o["cost"]["cpu_s"] < 5' '--fault stall-at-byte=100000'
	fault slow 'slow is not silent' "$all and 'receiving' in S" '--fault slow=400k'
}

case_messages() {
	local f
	for f in garbage-plist deep-plist missing-keys wrong-types huge-length hang-up=GetValue; do
		fault "${f%%=*}" 'lockdown talks nonsense' 'o["ios"]["code"] < 0 and o["cost"]["rss_kib"] < 40000 and o["seconds"] < 30' "--fault $f"
	done
	for f in garbage-plist deep-plist huge-length; do
		fault "up-$f" 'the backup talks nonsense' 'end(-9, "the phone") and o["cost"]["rss_kib"] < 40000' "--fault $f=DLMessageUploadFiles"
	done
	fault name 'a name of 4 GB' 'end(-9, "the phone announces a file name")' '--fault huge-length=file-name'
	fault block 'a block of 4 GB' 'end(-9, "the phone announces a block")' '--fault huge-length=file-block'
	fault early 'files before the greeting' 'end(-9, "")' '--fault wrong-order=upload'
	fault status 'an upload before the passcode' "$all" '--fault wrong-order=status'
	fault manifest 'the manifest before the files' "$all" '--fault wrong-order=manifest'
	fault moves 'moves of files that never came' 'end(-14, "backup-error-104")' '--fault wrong-order=moves'
	fault unfinished 'an end before the moves' 'end(-14, "not-finished")' '--fault wrong-order=end'
	fault names 'the phone checks names' "$all" '--fault list-check=names'
	fault sizes 'the phone checks sizes' "$all" '--fault list-check=sizes'
}

case_content() {
	fault traversal 'names that lead out are refused' "$all and o['summary']['refused'] == 4" "--fault traversal=$work/escaped"
	holds traversal 'and nothing was written' 'not os.path.exists(work + "/../escaped") and not os.path.exists(work + "/../sim-escaped-1")'
	canary=yes fault swapped 'another content under the ID' 'c[CLIENTS]["verdict"] == "contradicted" and V.count("confirmed") == 5' '--fault hash-mismatch'
	canary=yes fault twice 'a second version' 'V.count("contradicted") == 1 and c[CLIENTS]["verdict"] == "contradicted"' '--fault twice=*clients.plist'
	canary=yes fault twicekey 'a second version of ciphertext' 'V.count("contradicted") == 2 and V.count("confirmed") == 5' \
		'--fault twice=*locationd.plist --password x' --password x
	fault none 'no manifest' 'end(-14, "no-manifest") and V == ["unconfirmed"] * 6' '--fault no-manifest'
	fault nodb 'no Manifest.db' 'end(-14, "no-manifest") and V == ["unconfirmed"] * 6' '--fault no-manifest=db'
	fault nolist 'no Manifest.plist' 'end(-14, "no-manifest") and V == ["unconfirmed"] * 6' '--fault no-manifest=plist'
	local k
	for k in random short views; do
		fault "bogus-$k" 'a bogus Manifest.db' 'end(-14, "manifest-db") and V == ["unconfirmed"] * 6' "--fault bogus-manifest-db=$k"
	done
	for k in domain path size; do
		fault "contra-$k" 'the manifest says otherwise' 'V.count("contradicted") == 1 and V.count("confirmed") == 5' \
			"--fault manifest-contradicts=$k:*clients.plist"
	done
	fault contra-absent 'the manifest lacks it' 'V.count("not-listed") == 1 and V.count("confirmed") == 5' \
		'--fault manifest-contradicts=absent:*clients.plist'
	fault unreadable 'the phone can not read two' \
		'm[CLIENTS]["flags"] & 1 and m["DCIM/100APPLE/IMG_0001.HEIC"]["code"] == -4 and V == ["confirmed"] * 5' \
		'--fault unreadable=*clients.plist --fault unreadable=*IMG_0001*'
	fault midway 'the phone breaks off a file' 'm[PHOTOS]["code"] == -14 and c[PHOTOS]["verdict"] == "contradicted"' \
		'--fault unreadable-midway=*Photos.sqlite'
	drive limit '' --max 1000
	holds limit 'more than allowed is not given' 'm[PHOTOS]["code"] == -10 and m[PHOTOS]["got"] <= 1000 and c[CLIENTS]["verdict"] == "confirmed"'
}

case_many() {
	drive many '--count 20000 --extra-bytes 100M --move-batch 0' --quiet
	holds many '20,000 files and one message that moves them all' "$all and o['cost']['rss_kib'] < 64 * 1024"
	holds many 'they are counted, by kind of domain alone' \
		'"AppDomain 20003" in o["summary"]["text"] and "org.example" not in o["summary"]["text"]'
	always many
}

# A canary that runs through must be in no file at any moment: the case folder is looked at all the time.
case_kill() {
	mkdir -p "$work/kill/case" "$work/kill/keep"
	timeout 60 "$build/sim-iphone" --socket "$work/kill/s" --journal "$work/kill/journal" --backup "$tree" \
		--count 20000 --fault slow=2000k -- sh -c "python3 tests/phones/iphone/drive.py --quiet \
		'$build/keten-device' core/requests.def '$work/kill/case' $UDID >'$work/kill/out' 2>&1 & p=\$!; sleep 4; kill -9 \$p; sleep 1"
	if [ -z "$(ls -A "$work/kill/case")" ] && ! grep -rqa SIM-CANARY "$work/kill/case" "$work/kill/keep"; then
		echo 'ok    kill: nothing is left after SIGKILL of the parent'
		echo ok >>"$work/results"
	else
		echo 'FAIL  kill: something is left'
		echo bad >>"$work/results"
	fi
}

# Cases run beside one another: most of their time they wait.
pids=()
for c in whole trust passcode lost messages content many kill; do
	"case_$c" >"$work/log-$c" 2>&1 &
	pids+=($!)
done
wait "${pids[@]}"
for c in whole trust passcode lost messages content many kill; do
	cat "$work/log-$c"
done
passed=$(grep -c ok "$work/results")
failed=$(grep -c bad "$work/results")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
