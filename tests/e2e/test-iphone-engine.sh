#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# keten's own part of reading an iPhone, against a made-up keten-device: what is held back, confirmed,
# contradicted, decrypted, lost and gone on with; no name of a held file in the case at any moment.
# usage: tests/e2e/test-iphone-engine.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
# shellcheck disable=SC2034  # lib.sh's part for the simulated Android phone is not used here
e2e_begin "$@"
UDID=00008110-00AB12CD34EF5678
mandate=$work/m bin=$work/bin
scope=ios-photos-db,ios-health-routes,wallet-passes,ios-apple-maps,media-exif
tests/tools/new-mandate "$mandate" --kind ios --device $UDID --immediate --sessions 20 --scope $scope >"$mandate.log" 2>&1 ||
	{ cat "$mandate.log"; exit 2; }
mkdir -p "$bin"
cp "$build/keten" "$build/keten-worker" "$build/keten-render" "$build/keten-sign" "$build/keten-verify" "$bin"
cp tests/e2e/fake_iphone.py "$bin/keten-device"
chmod +x "$bin/keten-device"

# scenario NAME PYTHON: d is the scenario with the photo library, its log, a pass and a picture; f(path,
# requests, data, ...) makes a file of the backup
scenario() {
	mkdir -p "$work/$1/tmp"
	export KETEN_REGISTER=$work/$1/register.sqlite # each a first session of its own
	python3 - "$work/$1/fake.json" "$2" <<'PY'
import json, re, sys
ids = re.findall(r'^KT_[A-Z]+\(\s*[A-Z0-9_]+,\s*"([^"]+)"', open("core/requests.def").read(), flags=re.M)
def f(path, request, data, **more):
    return dict(path=path, requests=[request], data=data, provisional=True, **more)
DB = "CameraRollDomain-Media/PhotoData/Photos.sqlite"
HEALTH = "HealthDomain-Health/healthdb_secure.sqlite"
PASS = "HomeDomain-Library/Passes/Cards/abc.pkpass/pass.json"
pic = dict(path="DCIM/100APPLE/IMG_1.PNG", requests=["ios-dcim"], data="no picture of the kind asked for")
d = dict(ids=ids, udid="00008110-00AB12CD34EF5678", clock="1717000000.250000", members=[
    pic, f(DB, "photos-db", "the library " * 300), f(DB + "-wal", "photos-db", "its log " * 100),
    f("/var/mobile/Library/Passes/Cards/abc.pkpass/pass.json", "wallet", "{}", cpath=PASS)])
exec(sys.argv[2])
json.dump(d, open(sys.argv[1], "w"))
PY
}

# keten_fake NAME COMMAND [options]: status in $status
keten_fake() {
	local n=$1 command=$2
	shift 2
	KETEN_FAKE=$work/$n/fake.json KETEN_FAKE_LOG=$work/$n/asked TMPDIR=$work/$n/tmp timeout -k 5 150 "$bin/keten" "$command" \
		--mandate "$mandate/mandate.json" --trust "$mandate/trust" --operator "$mandate/operator.pem" --device $UDID \
		--case "$work/$n/case" --simulated "$@" >"$work/$n/stdout" 2>"$work/$n/stderr" </dev/null
	status=$?
}

# items NAME: outcome of every item as the log has it
items() {
	python3 - "$work/$1/case/custody.jsonl" <<'PY'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
print(sorted((r["detail"]["item"].split("/")[1], r["event"][5:], r["detail"]["objects"]) for r in rows
             if r["event"].startswith("item.") and r["event"] != "item.start"))
PY
}
# lines NAME: (end of the path, outcome, stored bytes) of every line with a path
lines() {
	python3 - "$work/$1"/case/index/*.jsonl <<'PY'
import json, sys
print(sorted((r["path"].split("/")[-1], r["outcome"], r.get("bytes", -1)) for p in sys.argv[1:] for r in map(json.loads, open(p))
             if r["kind"] == "object"))
PY
}
reason() { # reason NAME ITEM
	python3 - "$work/$1/case/custody.jsonl" "$2" <<'PY'
import json, sys
for r in map(json.loads, open(sys.argv[1])):
    if r["event"] in ("item.acquired", "item.absent", "item.refused", "item.failed", "item.partial") and r["detail"]["item"].endswith("/" + sys.argv[2]):
        print(r["detail"]["reason"])
PY
}
# every object has a line, every line with a hash its object; no held file has a name
# shellcheck disable=SC2317 # called by name
stored_right() {
	python3 - "$work/$1/case" <<'PY'
import glob, hashlib, json, os, sys
case = sys.argv[1]
rows = [r for p in sorted(glob.glob(case + "/index/*.jsonl")) for r in map(json.loads, open(p)) if r.get("object")]
names = sorted(os.listdir(case + "/objects"))
assert names == sorted(r["object"] for r in rows), (names, rows)
for r in rows:
    b = open(os.path.join(case, "objects", r["object"]), "rb").read()
    assert len(b) == r["bytes"] and hashlib.sha256(b).hexdigest() == r["sha256"], r
    assert ("cipher_sha256" in r) == ("cipher_bytes" in r)
PY
}

QUIET="('health-secure', 'absent', 0), ('ios-dcim', 'absent', 0), ('maps-sync', 'absent', 0)"
GOOD="[${QUIET}, ('photos-db', 'acquired', 2), ('wallet', 'acquired', 1)]"
GOOD_LINES="[('Photos.sqlite', 'acquired', 3600), ('Photos.sqlite-wal', 'acquired', 800), ('pass.json', 'acquired', 2)]"

# -- the plain case, to the package -----------------------------------------------------------

scenario plain ''
keten_fake plain run --out "$work/plain/out" --json
check "plain: every item" is "$(items plain)" "$GOOD"
check "plain: every file" is "$(lines plain)" "$GOOD_LINES"
check "plain: objects and lines agree" stored_right plain
check "plain: exit status" is "$status" 0
check "plain: the package verifies" "$bin/keten-verify" --trust "$mandate/trust" "$work/plain/out/"*.asice
check "plain: stock tools agree" tests/e2e/stock-verify.sh "$work/plain/out/"*.asice "$mandate/trust"
check "plain: says why health is not there" grep -q 'encrypted-only' <(reason plain health-secure)
check "plain: the phone's clock" custody plain clock.check '"device":"2024-05-29T16:26:40.250000Z"'
check "plain: the source is a phone" custody plain source.opened '"form":"phone","identifier":"'$UDID'","identity":"same","layout":"iphone"'
check "plain: goodbye" is "$(tail -n 1 "$work/plain/asked")" BYE
check "plain: waits by default" grep -qx "IOS 120 200 $UDID" "$work/plain/asked"
check "plain: the operator is told what comes" grep -q 'sends its whole backup; only 4 kinds of files' "$work/plain/stderr"
check "plain: states are shown" grep -q 'waiting-for-trust' "$work/plain/stderr"

# the mandate names the phone: --device need not
scenario by-mandate ''
UDID_KEPT=$UDID
KETEN_FAKE=$work/by-mandate/fake.json KETEN_FAKE_LOG=$work/by-mandate/asked "$bin/keten" acquire --mandate "$mandate/mandate.json" \
	--trust "$mandate/trust" --operator "$mandate/operator.pem" --case "$work/by-mandate/case" --wait 5 \
	--progress=json >/dev/null 2>"$work/by-mandate/stderr"
check "by mandate: exit status" is $? 0
check "by mandate: asked for that phone, with those waits" grep -qx "IOS 5 5 $UDID_KEPT" "$work/by-mandate/asked"
check "by mandate: states for programs" grep -q '"state":"waiting-for-trust".*"seconds_left":7' "$work/by-mandate/stderr"
tests/tools/new-mandate "$work/any" --kind ios --immediate --scope $scope >/dev/null 2>&1
"$bin/keten" acquire --mandate "$work/any/mandate.json" --trust "$work/any/trust" --operator "$work/any/operator.pem" \
	--case "$work/any/case" >/dev/null 2>"$work/any/stderr"
check "no phone named at all: exit status" is $? 2
check "no phone named at all: says so" grep -q -- '--device' "$work/any/stderr"

# -- what the manifest says -------------------------------------------------------------------

# verdict NAME PYTHON OUTCOME-OF-THE-LIBRARY TEXT: about the library's log
verdict() {
	scenario "$1" "$2"
	keten_fake "$1" acquire
	check "$1: exit status" is "$status" 1
	check "$1: the item" is "$(items "$1" | grep -o "('photos-db', '[a-z]*', [0-9]*)")" "$3"
	check "$1: the reason" grep -qF -- "$4" <(reason "$1" photos-db)
	check "$1: the others are as they were" is "$(items "$1" | grep -o "('wallet', '[a-z]*', [0-9]*)")" "('wallet', 'acquired', 1)"
	check "$1: nothing else is stored" stored_right "$1"
}
verdict contradicted 'd["members"][2].update(verdict=2, why="another path")' "('photos-db', 'partial', 1)" \
	'Manifest.db states otherwise, deleted: another path'
verdict another-size 'd["members"][2].update(size=801)' "('photos-db', 'partial', 1)" \
	'Manifest.db states otherwise, deleted: another size'
verdict not-listed 'd["members"][1].update(verdict=3); d["members"][2].update(verdict=3)' "('photos-db', 'refused', 0)" \
	'not listed in Manifest.db, deleted'
verdict unconfirmed 'd["members"][1].update(verdict=4, why="no manifest"); del d["members"][2]' "('photos-db', 'failed', 0)" \
	'not confirmed by a Manifest.db, deleted: no manifest'
verdict no-verdict 'd["members"][1].update(verdict=0); del d["members"][2]' "('photos-db', 'failed', 0)" \
	'not confirmed by a Manifest.db, deleted'
verdict twice 'd["members"].append(f(DB, "photos-db", "another library"))' "('photos-db', 'partial', 1)" \
	'Manifest.db states otherwise, deleted: it came twice'
verdict unreadable 'd["members"][1].update(code=-14, text="Operation not permitted")' "('photos-db', 'partial', 1)" \
	'the phone could not give it: Operation not permitted'
scenario too-large 'd["members"].append(f("HomeDomain-Library/Passes/Cards/x.pkpass/pass.json", "wallet", "y" * ((1 << 20) + 1)))'
keten_fake too-large acquire
check "too large: exit status" is "$status" 1
check "too large: refused, the small one is there" is "$(lines too-large | grep -o "('pass.json'.*)")" \
	"('pass.json', 'acquired', 2), ('pass.json', 'refused', -1)"
check "too large: nothing else is stored" stored_right too-large
scenario same-twice 'd["members"].append(dict(d["members"][1]))'
keten_fake same-twice acquire
check "the same file twice: kept once" is "$(lines same-twice | grep -o "('Photos.sqlite', [^)]*)" | xargs)" \
	"$(echo "('Photos.sqlite', 'acquired', 3600) ('Photos.sqlite', 'refused', -1)" | xargs)"

# -- the backup is not to be had --------------------------------------------------------------

scenario refused 'd["members"] = d["members"][:1]; d["end"] = dict(code=-14, text="passcode-not-entered: nobody typed the code")'
keten_fake refused run --out "$work/refused/out" --json
check "no backup: exit status" is "$status" 1
check "no backup: every item" is "$(items refused)" "[('health-secure', 'failed', 0), ('ios-dcim', 'absent', 0), \
('maps-sync', 'failed', 0), ('photos-db', 'failed', 0), ('wallet', 'failed', 0)]"
check "no backup: the reason" is "$(reason refused photos-db)" \
	'no backup of the phone was to be had: passcode-not-entered: nobody typed the code'
check "no backup: the result says so" grep -q "\"note\":\"without the phone's backup: passcode-not-entered" "$work/refused/stdout"
check "no backup: the log says so" custody refused source.read '"result":"no-backup"'
check "no backup: the package verifies" "$bin/keten-verify" --trust "$mandate/trust" "$work/refused/out/"*.asice
scenario ended 'd["end"] = dict(code=-14, text="backup-error-104: the phone says so")'
keten_fake ended acquire
check "ended with an error: what was confirmed is kept, as partial" is "$(items ended)" "[('health-secure', 'failed', 0), \
('ios-dcim', 'absent', 0), ('maps-sync', 'failed', 0), ('photos-db', 'partial', 2), ('wallet', 'partial', 1)]"

# -- encrypted --------------------------------------------------------------------------------

ENCRYPTED='d.update(encrypted=True, password="right horse"); [m.update(encrypted=True) for m in d["members"][1:]]; d["members"].append(
	f(HEALTH, "health-secure", "h" * 100001, encrypted=True))'
ALL="[('health-secure', 'acquired', 1), ('ios-dcim', 'absent', 0), ('maps-sync', 'absent', 0), ('photos-db', 'acquired', 2), ('wallet', 'acquired', 1)]"
for how in late early; do
	n=encrypted-$how
	scenario $n "$ENCRYPTED; d['early_check'] = $([ $how = early ] && echo True || echo False)"
	printf 'wrong horse\nwronger horse\nright horse\n' >"$work/$n/pw"
	keten_fake $n run --out "$work/$n/out" --password-fd 9 9<"$work/$n/pw"
	check "$n: every item" is "$(items $n)" "$ALL"
	check "$n: every file, in clear" is "$(lines $n)" "[('Photos.sqlite', 'acquired', 3600), ('Photos.sqlite-wal', 'acquired', 800), \
('healthdb_secure.sqlite', 'acquired', 100001), ('pass.json', 'acquired', 2)]"
	check "$n: objects and lines agree" stored_right $n
	check "$n: wrong twice, then right" is "$(grep '^SECRET' "$work/$n/asked" | xargs)" "SECRET wrong SECRET wrong SECRET right"
	check "$n: it is told that it was wrong" is "$(grep -c 'not the password' "$work/$n/stderr")" 2
	check "$n: the password is nowhere" is "$(grep -rlaF 'right horse' "$work/$n/case" "$work/$n/out" "$work/$n/stderr" "$work/$n/stdout")" ''
	check "$n: the package verifies" "$bin/keten-verify" --trust "$mandate/trust" "$work/$n/out/"*.asice
	check "$n: stock tools agree" tests/e2e/stock-verify.sh "$work/$n/out/"*.asice "$mandate/trust"
	check "$n: the hash of what came" is "$(python3 - "$work/$n/case/index" <<'PY'
import glob, hashlib, json, subprocess, sys
ok = 0
for p in glob.glob(sys.argv[1] + "/*.jsonl"):
    for r in map(json.loads, open(p)):
        if r.get("object"):
            b = open(sys.argv[1] + "/../objects/" + r["object"], "rb").read()
            c = subprocess.run(["openssl", "enc", "-aes-256-cbc", "-K", bytes(range(32)).hex(), "-iv", "0" * 32], input=b, stdout=subprocess.PIPE).stdout
            ok += r["cipher_sha256"] == hashlib.sha256(c).hexdigest() and r["cipher_bytes"] == len(c)
print(ok)
PY
)" 4
done
# a package whose hashes of ciphertext, or whose story of a phone, do not fit is refused
python3 tests/e2e/tamper_kinds.py "$work/encrypted-late/out/"*.asice "$mandate" "$work/kinds" >"$work/kinds.tsv" 2>"$work/kinds.err" ||
	bad "no tampered packages" "$work/kinds.err"
for k in good-signed-again:0 source-layout:5 source-result:5 source-unread:5 source-method:5 log-other-phone:5 cipher-half:5 \
	cipher-size:5 cipher-hash:5; do
	"$bin/keten-verify" --trust "$mandate/trust" "$work/kinds/${k%:*}/"* >"$work/verified" 2>&1
	check "tampered, ${k%:*}" is $? "${k#*:}"
done
scenario no-password "$ENCRYPTED"
keten_fake no-password acquire --password-fd 9 9</dev/null
check "no password: exit status" is "$status" 1
check "no password: every item" is "$(items no-password)" "[('health-secure', 'refused', 0), ('ios-dcim', 'absent', 0), ('maps-sync', 'absent', 0), \
('photos-db', 'refused', 0), ('wallet', 'refused', 0)]"
check "no password: the reason" grep -q "the backup's password was not given" <(reason no-password photos-db)
check "no password: the device was told" is "$(grep '^SECRET' "$work/no-password/asked" | xargs)" "SECRET empty"
check "no password: nothing is stored" is "$(find "$work/no-password/case/objects" -type f | wc -l)" 0
scenario five-wrong "$ENCRYPTED"
printf '1\n2\n3\n4\n5\nright horse\n' >"$work/five-wrong/pw"
keten_fake five-wrong acquire --password-fd 9 9<"$work/five-wrong/pw"
check "five wrong: no sixth" is "$(grep '^SECRET' "$work/five-wrong/asked" | xargs)" \
	"SECRET wrong SECRET wrong SECRET wrong SECRET wrong SECRET wrong SECRET empty"
check "five wrong: nothing is stored" is "$(find "$work/five-wrong/case/objects" -type f | wc -l)" 0
# cipher NAME PYTHON REASON [OBJECTS]: of an encrypted library whose log is as it should be
cipher() {
	local n=cipher-$1
	scenario "$n" "$ENCRYPTED; $2"
	echo 'right horse' >"$work/$n/pw"
	keten_fake "$n" acquire --password-fd 9 9<"$work/$n/pw"
	check "$n: the item" is "$(items "$n" | grep -o "('photos-db', '[a-z]*', [0-9]*)")" "('photos-db', 'partial', ${4:-1})"
	check "$n: the reason" grep -qF -- "$3" <(reason "$n" photos-db)
	check "$n: objects and lines agree" stored_right "$n"
}
cipher size 'd["members"][1].update(size=3580)' 'Manifest.db states otherwise, deleted: another size'
cipher odd 'd["members"][1].update(trail="odd")' 'Manifest.db states otherwise, deleted: another size'
cipher one-more 'd["members"][1].update(size=3601)' 'its end does not fit the size in Manifest.db' 2
check "one more: the file is marked" grep -q "('Photos.sqlite', 'partial', 3601)" <(lines cipher-one-more)
cipher no-key 'd["members"][1].update(key=False)' 'not confirmed by a Manifest.db, deleted: there is no key for it'

# -- lost, and gone on with -------------------------------------------------------------------

scenario lost 'd["starts"] = [dict(members=d["members"][:2] + [dict(d["members"][2], lost_at=500)]), {}]'
keten_fake lost acquire
check "lost once: exit status" is "$status" 0
check "lost once: every item" is "$(items lost)" "$GOOD"
check "lost once: every file" is "$(lines lost)" "$GOOD_LINES"
check "lost once: the log says so" custody lost device.disconnect '"reason":"lost"'
check "lost once: the same process asked again" is "$(grep -c BYE "$work/lost/asked") $(grep -c IOS "$work/lost/asked")" "1 2"
scenario absent 'd["starts"] = [dict(ios=dict(code=-5, text="no such iPhone"))] * 2 + [{}]'
keten_fake absent acquire
check "plugged in later: exit status" is "$status" 0
scenario nowhere 'd["ios"] = dict(code=-5, text="no iPhone with this UDID")'
keten_fake nowhere acquire --wait 1
check "never plugged in: exit status" is "$status" 4
check "never plugged in: says what to do" grep -q 'Plug it in' "$work/nowhere/stderr"
scenario always-lost 'd["members"][2]["lost_at"] = 500'
keten_fake always-lost acquire
check "lost again and again: exit status" is "$status" 4
check "lost again and again: four times" is "$(grep -c IOS "$work/always-lost/asked")" 4
check "lost again and again: nothing is stored" is "$(find "$work/always-lost/case/objects" -type f | wc -l)" 0
check "lost again and again: no item has ended" is "$(items always-lost)" "[]"
scenario always-lost ''
keten_fake always-lost acquire
check "and then found: every item" is "$(items always-lost)" "$GOOD"
check "and then found: every file" is "$(lines always-lost)" "$GOOD_LINES"
scenario died 'd["starts"] = [dict(members=d["members"][:2] + [dict(d["members"][2], die_at=500)]), {}]'
keten_fake died acquire
check "the device's program died: this file is named, and left out" is "$(lines died)" \
	"[('Photos.sqlite', 'acquired', 3600), ('Photos.sqlite-wal', 'failed', -1), ('pass.json', 'acquired', 2)]"
check "the device's program died: the log says so" custody died device.disconnect '"reason":"process-ended"'
scenario dies 'd["members"][3]["die_at"] = 1; d["starts"] = [dict(members=d["members"][:k] + [dict(d["members"][k], die_at=1)]) for k in (1, 2, 3)]'
keten_fake dies acquire
check "it died again and again: exit status" is "$status" 1
check "it died again and again: told" grep -q 'ended again and again' <(reason dies maps-sync)
check "it died again and again: nothing is stored" is "$(find "$work/dies/case/objects" -type f | wc -l)" 0

# refused_phone NAME STATUS TEXT PYTHON
refused_phone() {
	scenario "$1" "$4"
	keten_fake "$1" acquire
	check "$1: exit status" is "$status" "$2"
	check "$1: says why" grep -q -- "$3" "$work/$1/stderr"
	check "$1: the log says so" custody "$1" attempt.refused
	check "$1: nothing was asked for" is "$(grep -c NEXT "$work/$1/asked")" 0
}
refused_phone trust-refused 4 'the holder said no' 'd["ios"] = dict(code=-4, text="trust-refused: the holder said no")'
refused_phone other-answers 3 'wrong-device' 'd["ios"] = dict(code=-4, text="wrong-device: it calls itself otherwise")'
refused_phone other-udid 3 'wrong-device' 'd["udid"] = "00008110-00AB12CD34EF0000"'
refused_phone other-layout 4 'no connection' 'd["layout"] = 1'

# -- killed while files are held back ---------------------------------------------------------

# held NAME SIGNAL: keten is sent the signal when the library is held and its log comes; then goes on
held() {
	scenario "$1" 'd["members"][2].update(stop_at=500, stop_s=20)'
	KETEN_FAKE=$work/$1/fake.json KETEN_FAKE_LOG=$work/$1/asked TMPDIR=$work/$1/tmp "$bin/keten" acquire --mandate "$mandate/mandate.json" \
		--trust "$mandate/trust" --operator "$mandate/operator.pem" --device $UDID --case "$work/$1/case" --simulated \
		>"$work/$1/stdout" 2>"$work/$1/stderr" </dev/null &
	pid=$!
	wait_until 60 grep -qs '^WHOLE .*-wal' "$work/$1/asked" || bad "$1: it did not begin"
	device=$(pgrep -P $pid)
	sleep 0.2
	check "$1: the held files have no names" is "$(find "$work/$1/case/objects" -type f | wc -l)" 0
	kill "-$2" $pid
	wait $pid 2>/dev/null
	status=$?
	# shellcheck disable=SC2086 # the device and a parser
	kill -9 $device 2>/dev/null
	check "$1: nothing is stored" is "$(find "$work/$1/case/objects" -type f | wc -l)" 0
	scenario "$1" ''
	keten_fake "$1" acquire
	check "$1: goes on: exit status" is "$status" 0
	check "$1: goes on: every item" is "$(items "$1")" "$GOOD"
	check "$1: goes on: every file" is "$(lines "$1")" "$GOOD_LINES"
	check "$1: objects and lines agree" stored_right "$1"
}
held killed KILL
held stopped INT

# more than can be without a name: 4,096 are held, beyond them refused
scenario many 'd["members"] += [f("/var/mobile/Library/Passes/Cards/%d.pkpass/pass.json" % i, "wallet", "pass %d" % i,
	cpath="HomeDomain-Library/Passes/Cards/%d.pkpass/pass.json" % i) for i in range(4200)]'
keten_fake many acquire
check "many: as many as are held back at once" is "$(items many | grep -o "('wallet', '[a-z]*', [0-9]*)")" "('wallet', 'partial', 4094)"
check "many: the others are refused" is "$(lines many | grep -o "'refused', -1" | wc -l)" 107
check "many: objects and lines agree" stored_right many
scenario many-killed 'd["members"] += [f("/var/mobile/Library/Passes/Cards/%d.pkpass/pass.json" % i, "wallet", "pass %d" % i,
	cpath="HomeDomain-Library/Passes/Cards/%d.pkpass/pass.json" % i) for i in range(600)]; d["members"][-1].update(stop_at=1)'
KETEN_FAKE=$work/many-killed/fake.json KETEN_FAKE_LOG=$work/many-killed/asked "$bin/keten" acquire --mandate "$mandate/mandate.json" \
	--trust "$mandate/trust" --operator "$mandate/operator.pem" --device $UDID --case "$work/many-killed/case" >/dev/null 2>&1 </dev/null &
pid=$!
wait_until 60 grep -qs '^WHOLE .*/599' "$work/many-killed/asked" || bad "many-killed: it did not begin"
device=$(pgrep -P $pid)
# shellcheck disable=SC2086
kill -9 $pid $device # the device and a parser
wait $pid 2>/dev/null
check "many killed: those beyond 512 have names of their own" test "$(find "$work/many-killed/case/objects" -name 'p*' | wc -l)" -gt 80
scenario many-killed ''
keten_fake many-killed acquire
check "many killed: they are gone, and every file is there" is "$(lines many-killed)" "$GOOD_LINES"
check "many killed: objects and lines agree" stored_right many-killed

e2e_end
