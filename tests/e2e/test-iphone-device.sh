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

# A phone that knows this computer, so that most cases need no keys of their own; with fresh=yes it is
# asked for trust as a phone that was never paired.
export HOME=$work
"$build/sim-iphone" --socket "$work/s" --state "$work/paired" -- timeout 60 idevicepair pair >"$work/pair.log" 2>&1 ||
	{ cat "$work/pair.log"; exit 2; }

# drive NAME "options of the phone" [options of drive.py]: $work/NAME/out
drive() {
	local name=$1 phone=$2
	shift 2
	mkdir -p "$work/$name/case" "$work/$name/keep"
	[ "${fresh:-no}" = yes ] || cp "$work/paired" "$work/$name/state"
	# shellcheck disable=SC2086
	timeout -k 5 300 "$build/sim-iphone" --socket "$work/$name/s" --journal "$work/$name/journal" \
		--backup "$tree" --state "$work/$name/state" $phone -- \
		python3 tests/phones/iphone/drive.py --trust 20 --passcode 4 --keep "$work/$name/keep" "$@" \
		"$build/keten-device" core/requests.def "$work/$name/case" "$UDID" >"$work/$name/out" 2>"$work/$name/err"
}

# holds NAME WHAT PYTHON [WHAT PYTHON...]: o is what drive.py printed, c the confirmations by path, m the
# members by path, j the journal
holds() {
	local name=$1
	shift
	python3 - "$work/$name" "$tree" "$@" <<'PY' >"$work/$name/why" 2>&1
import hashlib, json, os, subprocess, sys
work, tree = sys.argv[1:3]
name = os.path.basename(work)
o = json.load(open(work + "/out")) if os.path.getsize(work + "/out") else {"died": "nothing was printed"}
j = open(work + "/journal", errors="replace").read().split("\n")
m = {x["path"]: x for x in o.get("members", [])}
c = {x["path"]: x for x in o.get("confirms", [])}
V = [x["verdict"] for x in o.get("confirms", [])]
S = [x["state"] for x in o.get("states", [])]
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
for what, code in zip(sys.argv[3::2], sys.argv[4::2]):
    try:
        assert "died" not in o, o["died"]
        assert o["status"] == 0
        assert eval("(" + code + ")"), (o["ios"], o.get("end"), V, S)
        print("ok    %s: %s" % (name, what))
    except Exception as e:
        print("FAIL  %s: %s\n      | %r" % (name, what, e))
PY
	cat "$work/$name/why"
	if ! grep -q '^ok ' "$work/$name/why" || grep -q '^FAIL' "$work/$name/why"; then
		tail -n 3 "$work/$name/err"
	fi
}

# What holds whatever happened: nothing changed on the phone, nothing left in the case folder.
ALWAYS=('nothing loud in the journal' 'not [l for l in j if l.startswith(("STATE-CHANGING", "UNKNOWN", "PROTOCOL"))]'
	'nothing in the case folder' 'os.listdir(work + "/case") == []'
	'no canary in what was given out'
	'not [f for f in os.listdir(work + "/keep") if b"SIM-CANARY" in open(work + "/keep/" + f, "rb").read()]')

# fault NAME WHAT PYTHON "options of the phone" [options of drive.py]
fault() {
	local name=$1 what=$2 code=$3 phone=$4
	shift 4
	drive "$name" "$phone" "$@"
	if [ "${canary:-no}" = yes ]; then holds "$name" "$what" "$code"; else holds "$name" "$what" "$code" "${ALWAYS[@]}"; fi
}

all='V == ["confirmed"] * 6 and all(same(x) for x in c.values()) and end(-5, "the end")'

case_whole() {
	fresh=yes drive plain '' --parts 65536
	holds plain 'six files of the backup, confirmed, byte by byte' "$all" 'a photo whole and by parts' \
		'm["DCIM/100APPLE/IMG_0001.HEIC"]["sha256"] == m["DCIM/100APPLE/IMG_0001.HEIC"]["parts"] ==
		 hashlib.sha256(open(tree + "/CameraRollDomain/Media/DCIM/100APPLE/IMG_0001.HEIC", "rb").read()).hexdigest()' \
		'no link, no chat' 'not [p for p in m if "evil" in p or "chat" in p]' \
		'paired once, unpaired at the end, no record on the disk' \
		'[sum(l.startswith(w) for l in j) for w in ("LOCKDOWN Pair ", "LOCKDOWN Unpair ", "MUX SavePairRecord")] == [1, 1, 0]' \
		'no sync lock, no file opened but for reading' 'not [l for l in j if "lock_sync" in l]' "${ALWAYS[@]}"
	drive encrypted '--password geheim' --password wrong --password geheim
	holds encrypted 'the keys that were confirmed open each file' "$all and all(x['key'] for x in c.values())" \
		'a wrong password may be followed by the right one' 'o["secrets"] == [-4, 0]' "${ALWAYS[@]}"
	drive nobody '--password geheim' --early=
	holds nobody 'without a password no backup is asked for' \
		'end(-4, "backup-password-not-given") and not [l for l in j if "BACKUP" in l] and "lockdown" in m'
	drive empty '--password geheim' --password=
	holds empty 'no password at the end: nothing is confirmed' 'V == ["unconfirmed"] * 6 and end(-14, "no-password")'
	drive values '' --plan lockdown
	holds values 'values alone: no backup, no media' 'list(m) == ["lockdown"] and not [l for l in j if "BACKUP" in l or "AFC" in l]' \
		'only the planned values are asked for' 'not [l for l in j if "com.apple.fmip" in l or l.endswith("key=")]'
}

case_trust() {
	local fresh=yes
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
	fault gone 'nobody says that it was typed' "$all and S[-1] == 'receiving'" \
		'--fault passcode-wait=1 --fault no-dismiss --fault slow=400k' --passcode 2
	fault timeout 'nobody types it, the phone ends' 'end(-14, "passcode-not-entered") and "lockdown" in m' '--fault passcode-timeout=1'
	fault nocode 'none is asked for' "$all" '--fault no-passcode'
	fault space '105' 'end(-14, "no-space")' '--fault no-space'
	fault purge 'a purge request is answered' "$all" '--fault purge'
	fault endcode 'the code is told, what is confirmed is kept' 'end(-14, "backup-error-104") and V == ["confirmed"] * 6' '--fault end-code=104'
}

case_lost() {
	fault unplug 'in the middle of a file' 'end(-6, "") and o["end"]["flags"] & 32 and "confirmed" not in V' '--fault unplug-at-byte=200000'
	local n
	for n in 1 300 900 5000 60000 400000 1100000; do
		fault "cut-$n" 'the cable is pulled at this byte' 'end(-6, "") and o["end"]["flags"] & 32 and "confirmed" not in V' \
			"--fault unplug-at-byte=$n --fault no-passcode"
	done
	fault between 'between two files' 'end(-6, "") and o["end"]["flags"] & 32 and V == ["unconfirmed"] * len(V) and o["cost"]["cpu_s"] < 5' \
		'--fault unplug-between-files=5'
	fresh=yes fault replug 'a second try needs no second trust' \
		"$all and o['before'] == [[0, -6]] and sum(l.startswith('LOCKDOWN Pair ') for l in j) == 1" \
		'--fault unplug-between-files=5 --fault replug=300' --again 1 --pause 1
	fault hangup 'the phone hangs up' 'end(-6, "")' '--fault hang-up=DLMessageCreateDirectory'
	fault stall 'silence ends by itself' 'end(-7, "phone-silent") and o["seconds"] < 170 and o["cost"]["cpu_s"] < 5 and S[-1] == "receiving"' '--fault stall-at-byte=100000'
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
	# one megabyte of a list that names 700 KB of data 60,000 times: libplist would copy each
	python3 - "$work/bomb.list" <<-'PY'
		import struct, sys
		def ref(*v): return b"".join(struct.pack(">I", i) for i in v)
		objects = [b"\xd2" + ref(1, 3, 2, 4), b"\x57Request", b"\x58GetValue", b"\x55Value",
		           b"\xaf\x12" + ref(60000) + ref(*[5] * 60000), b"\x4f\x12" + ref(700000) + b"B" * 700000]
		data, at = b"bplist00", []
		for o in objects:
		    at.append(len(data))
		    data += o
		open(sys.argv[1], "wb").write(data + ref(*at) + bytes(6) + b"\4\4" + struct.pack(">QQQ", len(at), 0, len(data)))
	PY
	fault bomb 'a list that grows when it is read' 'ios(-10, "UniqueDeviceID") and o["cost"]["rss_kib"] < 40000' \
		"--fault answer=GetValue:$work/bomb.list"
	fault end-blocks 'blocks with nothing in them, without end' 'end(-9, "the phone sends blocks")' '--fault endless=blocks'
	fault end-messages 'questions without end' 'end(-10, "the phone asks without end") and "lockdown" in m' '--fault endless=messages --fault no-passcode'
	fault end-dialogs 'a dialog that comes and goes without end' "$all and o['cost']['cpu_s'] < 5" '--fault endless=dialogs --fault passcode-wait=1'
	for f in magic length front number op flood; do
		fault "afc-$f" 'the media service talks nonsense: the backup comes all the same' \
			'V == ["confirmed"] * 6 and end(-5, "the end") and "media-not-read" in o["summary"]["text"] and o["end"]["flags"] & 4' \
			"--fault broken-afc=$f --fault no-passcode"
	done
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
	holds many '20,000 files and one message that moves them all' "$all and o['cost']['rss_kib'] < 64 * 1024" \
		'they are counted, by kind of domain alone' \
		'"AppDomain 20003" in o["summary"]["text"] and "org.example" not in o["summary"]["text"]' "${ALWAYS[@]}"
}

# A canary that runs through must be in no file at any moment: the case folder is looked at all the time.
case_kill() {
	mkdir -p "$work/kill/case" "$work/kill/keep"
	timeout 150 "$build/sim-iphone" --socket "$work/kill/s" --journal "$work/kill/journal" --backup "$tree" \
		--count 20000 --fault slow=2000k -- sh -c "python3 tests/phones/iphone/drive.py --quiet \
		'$build/keten-device' core/requests.def '$work/kill/case' $UDID >'$work/kill/out' 2>&1 & p=\$!
		for i in \$(seq 600); do ! grep -qs 'BACKUP Hello' '$work/kill/journal' || break; sleep 0.1; done
		sleep 2; kill -9 \$p; sleep 1"
	grep -qs 'BACKUP Hello' "$work/kill/journal" || echo 'FAIL  kill: no backup had begun'
	if [ -z "$(ls -A "$work/kill/case")" ] && ! grep -rqa SIM-CANARY "$work/kill/case" "$work/kill/keep"; then
		echo 'ok    kill: nothing is left after SIGKILL of the parent'
	else
		echo 'FAIL  kill: something is left'
	fi
}

# Cases run beside one another: most of their time they wait.
pids=()
for c in whole trust passcode lost messages content many kill; do
	{ "case_$c"; echo 'the end'; } >"$work/log-$c" 2>&1 &
	pids+=($!)
done
wait "${pids[@]}"
for c in whole trust passcode lost messages content many kill; do
	cat "$work/log-$c"
	[ "$(tail -n 1 "$work/log-$c")" = 'the end' ] || echo "FAIL  $c: did not end"
done | grep -v '^the end$' | tee "$work/all"
passed=$(grep -c '^ok ' "$work/all")
failed=$(grep -c '^FAIL' "$work/all")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
