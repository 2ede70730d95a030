#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Proves the simulated iPhone with tools that know nothing of it: Debian's idevice_id, ideviceinfo,
# idevicepair, idevicebackup2 and friends, an AFC client on libimobiledevice, and a check of the
# backups (decryption included) that uses Python's library and the openssl command alone.
# Usage: prove-iphone.sh BUILDDIR [CASE...]
# Exit status 0: proven, 1: not, 77: the clients are missing.

# Most functions are called by name.
# shellcheck disable=SC2317
set -u

here=$(cd "$(dirname "$0")" && pwd)
build=${1:?usage: prove-iphone.sh BUILDDIR}
build=$(cd "$build" && pwd)
shift
for tool in idevice_id ideviceinfo idevicepair idevicebackup2 idevicename idevicesyslog \
	idevicenotificationproxy idevicediagnostics python3 openssl; do
	if ! command -v "$tool" >/dev/null; then
		echo "SKIP: $tool is not installed, nothing was proven"
		exit 77
	fi
done

udid=00008110-00AB12CD34EF5678
bulk=20 # made-up files beside the tree

# --- one phone per case -------------------------------------------------------------------------

# start OPTION...: a phone in the case's own directory, known to the clients; paired before
start() {
	rm -f s "journal"
	"$build/sim-iphone" --socket "$PWD/s" --journal journal --state state --backup "$work/tree" \
		--count "$bulk" "$@" 2>sim.err &
	phone=$!
	export USBMUXD_SOCKET_ADDRESS=UNIX:$PWD/s
	for ((i = 0; i < 1200; i++)); do
		[ -S s ] && return
		sleep 0.05
	done
	echo "# the phone did not start"
	cat sim.err
}

stop() {
	kill -0 "$phone" || echo "# the phone died"
	kill "$phone"
	wait "$phone" 2>/dev/null
}

ok() {
	printf 'ok - %s: %s\n' "$name" "$1"
}

not_ok() {
	printf 'not ok - %s: %s\n' "$name" "$1"
}

# check TEXT COMMAND...
check() {
	local text=$1
	shift
	if "$@"; then ok "$text"; else not_ok "$text"; fi
}

fails() {
	! "$@" >/dev/null 2>&1
}

journal_has() {
	grep -q -- "$1" journal || { echo "# not in the journal: $1"; return 1; }
}

journal_is_quiet() {
	! grep -E '^(STATE-CHANGING|UNKNOWN|PROTOCOL)' journal | sed 's/^/# /' | grep .
}

# The stock client waits until it is killed (it does not always heed the first signal).
hangs() {
	local got
	"$@" >/dev/null 2>&1
	got=$?
	[ "$got" = 124 ] || [ "$got" = 137 ] || { echo "# status $got: $*"; return 1; }
}

says() {
	local want=$1
	shift
	"$@" 2>&1 | grep -q -- "$want"
}

info() {
	timeout 60 ideviceinfo "$@" 2>/dev/null
}

# backup SECONDS: a full backup by the stock client into out; its text in out.log
backup() {
	rm -rf out
	mkdir -p out
	timeout -k 1 "$1" idevicebackup2 backup --full out >out.log 2>&1
}

content() {
	python3 "$here/iphone/check_backup.py" "out/$udid" "$work/tree" "$@" >check.log 2>&1 && return
	sed 's/^/# /' check.log
	return 1
}

# --- cases --------------------------------------------------------------------------------------

case_plain() {
	start --media "$work/media"
	check 'full backup' backup 60
	check 'IDs, contents, sizes, digests, links' content
	check 'Info.plist of the host names the phone' grep -q SIMPHONE0001 "out/$udid/Info.plist"
	check 'journal: ends with code 0' journal_has '^PHONE backup ends: code=0'
	check 'journal: escrow bag used' journal_has 'StartService com.apple.mobilebackup2 escrow=yes'
	check 'journal: passcode shown' journal_has 'ui.presented'
	check 'journal: only the lock file is loud' \
		[ "$(grep -cE '^(STATE-CHANGING|UNKNOWN|PROTOCOL)' journal)" = 1 ]
	mkdir written
	check 'the same as a folder' "$build/sim-iphone" --backup "$work/tree" --count "$bulk" \
		--write-backup written
	check 'folder equals stream' diff -r -x Info.plist "out/$udid" "written/$udid"
	check 'partial folder' "$build/sim-iphone" --backup "$work/tree" --count "$bulk" \
		--write-backup partial --omit '*Photos.sqlite'
	check 'partial folder lacks one file' \
		[ "$(diff -r "partial/$udid" "written/$udid" | tee diff.log | wc -l)" = 1 ]
	stop
}

case_encrypted() {
	start --password 'correct horse' --dpic 2000
	check 'WillEncrypt' [ "$(info -q com.apple.mobile.backup -k WillEncrypt)" = true ]
	check 'full encrypted backup' backup 60
	check 'decrypts; IDs, contents, sizes, digests' content 'correct horse'
	check 'a wrong password does not open it' fails content 'wrong horse'
	check 'nothing in clear' fails grep -rqa 'SIM-CANARY\|the clients' "out/$udid"
	stop
}

case_values() {
	local before
	start --set imei=000000000000001 --set 'com.apple.international:Locale=nl_NL' --set ICCID2= \
		--set clock-offset=100 --tls 1.3 --media "$work/media"
	check 'idevice_id' [ "$(idevice_id -l)" = "$udid" ]
	check 'unpaired values' says 'UniqueDeviceID: 00008110' info -s
	check 'the serial number is not for everybody' [ -z "$(info -s -k SerialNumber)" ]
	check 'a value that needs a pairing' [ "$(info -k InternationalMobileEquipmentIdentity)" = \
		000000000000001 ]
	check 'a domain' says 'Locale: nl_NL' info -q com.apple.international
	before=$(date +%s)
	check 'phone clock is 100 s ahead' \
		[ "$(($(info -k TimeIntervalSince1970 | cut -d. -f1) - before))" -ge 99 ]
	check 'disk use' says 'TotalDataCapacity: 1' info -q com.apple.disk_usage
	check 'AFC device' says FSTotalBytes "$build/iphone-afc" device
	check 'AFC listing' says IMG_0001.HEIC "$build/iphone-afc" ls /DCIM/100APPLE
	check 'AFC file info' says st_birthtime "$build/iphone-afc" info /DCIM/100APPLE/IMG_0001.HEIC
	"$build/iphone-afc" cat /DCIM/100APPLE/IMG_0001.HEIC >got
	check 'AFC reading' cmp got "$work/media/DCIM/100APPLE/IMG_0001.HEIC"
	"$build/iphone-afc" cat /DCIM/100APPLE/IMG_0001.HEIC 65537 >got
	check 'AFC seek' cmp got <(tail -c +65538 "$work/media/DCIM/100APPLE/IMG_0001.HEIC")
	check 'AFC: a link that leads out is not followed' fails "$build/iphone-afc" cat /evil
	check 'journal: nothing loud so far' journal_is_quiet
	check 'AFC remove is refused' fails "$build/iphone-afc" rm /DCIM/100APPLE/IMG_0001.HEIC
	check 'journal: AFC remove is loud' journal_has '^STATE-CHANGING AFC RemovePath /DCIM'
	check 'AFC mkdir is refused' fails "$build/iphone-afc" mkdir /new
	idevicename other >/dev/null 2>&1
	check 'journal: SetValue is loud' journal_has '^STATE-CHANGING LOCKDOWN SetValue domain= key=DeviceName'
	mkdir password
	timeout 60 idevicebackup2 encryption on secret password >/dev/null 2>&1
	check 'journal: ChangePassword is loud' journal_has '^STATE-CHANGING BACKUP ChangePassword'
	timeout 60 idevicediagnostics restart >/dev/null 2>&1
	check 'journal: restart is loud' journal_has '^STATE-CHANGING DIAGNOSTICS Restart'
	check 'unpair' says SUCCESS timeout 60 idevicepair unpair
	check 'journal: unpair' journal_has '^LOCKDOWN Unpair host=.'
	check 'after it the phone knows the host no more' fails grep -q HostID state
	check 'an unpaired host may not read the serial' \
		fails grep -q SIMPHONE <(timeout 60 ideviceinfo -s 2>/dev/null)
	stop
}

case_trust() {
	rm -f state
	start --fault trust-pending=3
	check 'pending' says 'accept the trust dialog' timeout 60 idevicepair pair
	sleep 3 # what it waits for, from when it was asked first
	check 'accepted later' says SUCCESS timeout 60 idevicepair pair
	stop
	rm -f state
	start --fault deny-trust
	check 'denied' says 'denied the trust dialog' timeout 60 idevicepair pair
	stop
	rm -f state
	start --fault locked
	check 'locked' says 'passcode' timeout 60 idevicepair pair
	stop
}

case_impostor() {
	start --fault impostor
	check 'the stock client does not notice' [ "$(info -k SerialNumber)" = SIMPHONE0001 ]
	check 'journal says so' journal_has 'never paired'
	stop
	start --fault two-phones --fault other-udid
	check 'two phones' [ "$(idevice_id -l | wc -l)" = 2 ]
	check 'the second is another' [ "$(info -s -u "$(idevice_id -l | sed -n 2p)" -k DeviceName)" = \
		'Second Phone' ]
	check 'lockdown says another UDID' [ "$(info -s -u "$udid" -k UniqueDeviceID)" = \
		00008110-00AB12CD34EF5670 ]
	stop
}

# The phone is told that another root was paired: this host's client certificate must not do.
case_stranger() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj / -days 1 -out other.pem \
		2>/dev/null
	python3 - <<-'PY'
	import plistlib
	state = plistlib.load(open("state", "rb"))
	state["Pairs"][0]["RootCertificate"] = open("other.pem").read()
	plistlib.dump(state, open("state", "wb"))
	PY
	start
	check 'no session' [ "$(info -k SerialNumber)" != SIMPHONE0001 ]
	check 'journal: handshake failed' journal_has '^PROTOCOL TLS handshake failed'
	stop
}

case_answers() {
	local fault
	for fault in garbage-plist deep-plist missing-keys wrong-types hang-up=GetValue; do
		start --fault "$fault"
		check "$fault: no serial number" [ "$(info -k SerialNumber)" != SIMPHONE0001 ]
		stop
	done
	start --fault huge-length=QueryType
	check 'huge length: the stock client waits' hangs timeout 2 ideviceinfo
	stop
}

case_passcode() {
	start --fault passcode-timeout=1
	timeout 60 idevicenotificationproxy observe com.apple.LocalAuthentication.ui.presented \
		>observed 2>&1 &
	local observer=$!
	check 'backup fails' fails backup 120
	check 'the host is told 208' grep -q 208 out.log
	check 'journal: passcode dialog came and went' journal_has ui.dismissed
	kill "$observer" # it prints at its end
	wait "$observer"
	check 'an observer was told' grep -q '^> com.apple.LocalAuthentication.ui.presented' observed
	stop
}

case_space() {
	start --fault no-space
	check '105: backup fails' fails backup 120
	check '105 is told' grep -q 'ErrorCode 105' out.log
	stop
	start --fault purge
	check 'purge: the stock client hangs' hangs backup 25
	check 'purge: a client that answers goes on' says 'result 0' timeout 60 "$build/iphone-drain"
	check 'purge: status -1' journal_has 'DLMessagePurgeDiskSpace status=-1'
	stop
}

case_many() {
	start --count 6000 --extra-bytes 30M --move-batch 0
	check 'full backup' backup 60
	check 'IDs, contents, sizes, digests' content
	check '6000 files of 64 to 127 bytes and one of 30 MiB' grep -q '6001 made up' check.log
	timeout 60 "$build/iphone-drain" >drain.log
	check 'the bare loop' grep -q '^files 6.* result 0$' drain.log
	stop
}

case_unplug() {
	start --fault unplug-at-byte=200000 --fault replug=20000
	timeout 120 idevicesyslog >listened 2>&1 & # its service is not there: it says so per phone
	local listener=$! client
	mkdir -p out
	timeout -k 1 100 idevicebackup2 backup --full out >out.log 2>&1 & # it waits on when the phone is gone
	client=$!
	for ((i = 0; i < 600; i++)); do
		! grep -q '^PHONE unplugged' journal || break
		sleep 0.1
	done
	check 'gone' [ -z "$(idevice_id -l)" ]
	check 'journal' journal_has '^PHONE unplugged'
	check 'exactly 200000 bytes' journal_has 'backup connection over: sent=200000'
	kill "$client"
	wait "$client"
	for ((i = 0; i < 600; i++)); do
		[ -z "$(idevice_id -l)" ] || break
		sleep 0.1
	done
	check 'there again' [ "$(idevice_id -l)" = "$udid" ]
	for ((i = 0; i < 600; i++)); do
		[ "$(grep -c 'Could not start' listened)" -lt 2 ] || break
		sleep 0.1
	done
	check 'a listener saw it come twice' [ "$(grep -c 'Could not start' listened)" = 2 ]
	kill "$listener"
	stop
}

case_between() {
	start --fault unplug-between-files=5
	fails backup 25
	check 'gone' [ -z "$(idevice_id -l)" ]
	check 'four files and Status.plist' [ "$(find out -path '*/Snapshot/*' -type f | wc -l)" = 5 ]
	stop
}

case_traversal() {
	start --fault traversal
	mkdir deep
	(cd deep && mkdir -p inner && cd inner && backup 60)
	# the stock client walks into it; a good host must not
	check 'a careless host is written to' [ -e deep/inner/sim-escaped-1 ]
	stop
}

case_lies() {
	start --fault 'hash-mismatch' --fault manifest-udid --fault 'unreadable=*IMG_0001*' \
		--fault list-check=sizes
	check 'stock client is content' backup 60
	check 'listing was asked for' [ "$(grep -c 'answer DLContentsOfDirectory' journal)" -gt 3 ]
	check 'manifest-udid' fails grep -qa "$udid" "out/$udid/Manifest.plist"
	check 'unreadable is told' grep -q 'error message from device' out.log
	check 'other content under the ID' \
		grep -q 'not the file' "out/$udid/a6/a690d7769cce8904ca2b67320b107c8fe5f79412"
	check 'the check sees it' fails content
	stop
}

case_manifest() {
	start --fault no-manifest
	check 'no-manifest: stock client is content' backup 60
	check 'no Manifest.db' [ ! -e "out/$udid/Manifest.db" ]
	stop
	for kind in size path domain absent; do
		"$build/sim-iphone" --backup "$work/tree" --write-backup out --fault \
			"manifest-contradicts=$kind:*clients.plist"
		check "contradiction of $kind is seen" fails content
		rm -rf out
	done
	for kind in random short views; do
		"$build/sim-iphone" --backup "$work/tree" --write-backup out --fault "bogus-manifest-db=$kind"
		check "bogus database ($kind) is seen" fails content
		rm -rf out
	done
}

case_order() {
	start --fault wrong-order=moves
	fails backup 20
	check 'moves first: refused by the host' journal_has 'gives up: the host answered'
	stop
	start --fault hang-up=DLMessageCreateDirectory
	fails backup 25
	check 'hang-up' journal_has '^PHONE hangs up after DLMessageCreateDirectory'
	check 'but still attached' [ "$(idevice_id -l)" = "$udid" ]
	stop
}

case_slow() {
	start --fault slow=200k --fault end-code=104 --device-link 300
	check 'fails' fails backup 120
	check 'code' grep -q 104 out.log
	check 'all was sent' journal_has 'ends: code=104'
	stop
	start --fault stall-at-byte=5000 --fault no-passcode
	check 'stall: the stock client waits' hangs backup 25
	check 'journal' journal_has 'PHONE stalls after 5000 bytes'
	stop
}

# --- all of it ----------------------------------------------------------------------------------

make_data() {
	local t=$work/tree m=$work/media
	mkdir -p "$t"/{HomeDomain/Library/Preferences,CameraRollDomain/Media/PhotoData} \
		"$t"/{RootDomain/Library/Caches/locationd,DatabaseDomain/timezone} \
		"$t"/HealthDomain/Health "$t/AppDomain-org.example.app/Documents/Ünïcödé 😀" \
		"$t"/AppDomainGroup-group.org.example/Library "$m/DCIM/100APPLE"
	echo 'the clients' >"$t/RootDomain/Library/Caches/locationd/clients.plist"
	echo 'location' >"$t/HomeDomain/Library/Preferences/com.apple.locationd.plist"
	head -c 300000 /dev/urandom >"$t/CameraRollDomain/Media/PhotoData/Photos.sqlite"
	head -c 65536 /dev/urandom >"$t/HealthDomain/Health/healthdb.sqlite"
	head -c 4099 /dev/urandom >"$t/AppDomainGroup-group.org.example/Library/x"
	head -c 1600 /dev/urandom >"$t/CameraRollDomain/Media/IMG_0001.HEIC"
	: >"$t/AppDomain-org.example.app/Documents/empty"
	echo 'text' >"$t/AppDomain-org.example.app/Documents/Ünïcödé 😀/Ä.txt"
	ln -s /var/db/timezone/zoneinfo/Europe/Lisbon "$t/DatabaseDomain/timezone/localtime"
	head -c 200001 /dev/urandom >"$m/DCIM/100APPLE/IMG_0001.HEIC"
	ln -s /etc/passwd "$m/evil"
}

run_case() {
	name=$1
	mkdir "$work/$name"
	cd "$work/$name" || exit 1
	cp "$work/state" state
	"case_$name" >log 2>&1
	echo 'the end' >>log
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work
make_data
cd "$work" || exit 1
name=pairing
start
check 'pair' says SUCCESS timeout 60 idevicepair pair
check 'validate' says SUCCESS timeout 60 idevicepair validate
check 'journal: nothing loud' journal_is_quiet
stop

cases=${*:-unplug many plain encrypted values trust impostor stranger answers passcode space between traversal lies manifest order slow}
pids=()
for one in $cases; do
	while [ "$(jobs -rp | wc -l)" -ge 8 ]; do
		sleep 0.1
	done
	(run_case "$one") &
	pids+=($!)
done
wait "${pids[@]}"

failed=0
for one in $cases; do
	grep -v '^the end$' "$work/$one/log"
	[ "$(tail -n 1 "$work/$one/log")" = 'the end' ] || { echo "not ok - $one: did not end"; failed=1; }
	! grep -q '^not ok\|^# the phone' "$work/$one/log" || failed=1
done
[ "$failed" = 0 ] && echo 'the simulated iPhone is proven'
exit "$failed"
