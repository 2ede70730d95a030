#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The AppArmor profiles against real runs: every file, library, socket that the installed programs used in whole
# jobs on a simulated phone and a simulated iPhone, on a backup and an archive, and at a release, as strace saw it,
# has a rule. A profile that would stop a job is so found on a machine that enforces none.
#
# usage: tests/e2e/test-apparmor.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
for p in strace apparmor_parser umockdev-wrapper; do
	command -v $p >/dev/null || { echo "SKIP: $p is not installed"; exit 77; }
done
[ -e /etc/apparmor.d/abstractions/base ] || { echo "SKIP: no abstractions of AppArmor"; exit 77; }
strace -o /dev/null true 2>/dev/null || { echo "SKIP: no process may be traced here"; exit 77; }
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
plain_begin "$@"

for p in packaging/apparmor/*; do
	check "profile $(basename "$p")" apparmor_parser --skip-kernel-load --skip-cache --quiet "$p"
	check "$(basename "$p") is for a program of ours" test -x "$build/${p##*.}"
done

root=$work/root
mkdir "$work/desk" "$work/phone"
make --no-print-directory -s install DESTDIR="$root" >/dev/null && tests/demo/make-phone "$work/phone" "$build" >/dev/null &&
	tests/tools/new-mandate "$work/desk" --device SIM0001 --immediate --from 2024-01-01 >/dev/null || exit 1
cat >"$work/job" <<JOB
"$root/usr/bin/keten" run --mandate "$work/desk/mandate.json" --device SIM0001 --trust "$work/desk/trust" \
	--operator "$work/desk/operator.pem" --case "$work/case" --out "$work/packages" &&
	"$root/usr/bin/keten-verify" "$work"/packages/*.asice --trust "$work/desk/trust" >"$work/verdict"
JOB
# an iPhone on the cable and its encrypted backup, both for two stages; an archive; a release, which is done again
UDID=00008110-00AB12CD34EF5678
ENCRYPTED=1 tests/demo/make-iphone "$work/tree" "$build" x >/dev/null &&
	tests/tools/new-mandate "$work/ios" --kind ios --device $UDID --forms phone,backup --from 2023-01-01 --sessions 9 \
		--scope ios-device,ios-photos-db,ios-health-routes,media-exif >/dev/null &&
	tests/tools/new-mandate "$work/any" --immediate --forms image --scope media-exif --from 2023-01-01 >/dev/null &&
	"$build/sim-iphone" --write-backup "$work/backup" --backup "$work/tree" --password 'right horse' >/dev/null &&
	mkdir -p "$work/image/data/media/0" "$work/mux/run" && cp -R "$work/phone/." "$work/image/data/media/0" &&
	tar -C "$work/image" -czf "$work/image.tar.gz" . || exit 1
echo 'right horse' >"$work/pw"
cat >"$work/others" <<JOB
set -e
keten="$root/usr/bin/keten"
ios="--mandate $work/ios/mandate.json --trust $work/ios/trust --operator $work/ios/operator.pem --simulated --password-fd 9"
"$build/sim-iphone" --socket "$work/mux/run/usbmuxd" --backup "$work/tree" --password 'right horse' --count 5 -- \
	"\$keten" run \$ios --device $UDID --case "$work/case-phone" --out "$work/out" 9<"$work/pw"
"\$keten" import \$ios --from "$work/backup" --form backup --case "$work/case-backup" --out "$work/out-backup" 9<"$work/pw"
"\$keten" import --from "$work/image.tar.gz" --form image --mandate "$work/any/mandate.json" --trust "$work/any/trust" \
	--operator "$work/any/operator.pem" --case "$work/case-image" --out "$work/out-image" --simulated
"\$keten" release "$work"/out/*.asice --releaser "$work/ios/releaser.pem" --trust "$work/ios/trust" --out "$work/out"
"\$keten" verify --reproduce "$work"/out/*-1.asice "$work"/out/*-1-release.asice --releaser "$work/ios/releaser.pem" \
	--trust "$work/ios/trust"
JOB
calls=execve,clone,clone3,fork,vfork,open,openat,openat2,unlink,unlinkat,mkdir,mkdirat,rename,renameat,renameat2,linkat,socket
check "a whole job, traced" env KETEN_REGISTER="$work/register" "$build/sim-usb" --serial SIM0001 --storage "$work/phone" \
	--commands tests/demo/commands --prompt accept:50 -- strace -f -y --seccomp-bpf -s 300 -o "$work/trace" \
	-e trace=$calls,connect,mmap,read,readv,pread64,write,writev,pwrite64 sh "$work/job"
check "the other jobs, traced" env KETEN_REGISTER="$work/register" SIM_IPHONE_KEYS="$work" strace -f -y --seccomp-bpf -s 300 \
	-o "$work/more" -e trace=$calls,connect,mmap,read,readv,pread64,write,writev,pwrite64 sh "$work/others"
cat "$work/more" >>"$work/trace"
check "its verdict came through a file" grep -q valid "$work/verdict"
bus=$(grep -o '/tmp/umockdev\.[A-Za-z0-9]*' "$work/trace" | head -n 1)
# shellcheck disable=SC2317 # called by name
match() { python3 tests/e2e/apparmor_match.py "$1" "$work/trace" "-$root" "-$bus" "-$work/mux"; }
check "each access has a rule" match packaging/apparmor
# the comparison can fail: without any one of these rules it says so
# shellcheck disable=SC2317
lacks() { # lacks PROFILE PATTERN
	rm -rf "$work/less"
	cp -R packaging/apparmor "$work/less"
	grep -v -e "$2" "packaging/apparmor/usr.libexec.keten.$1" >"$work/less/usr.libexec.keten.$1"
	! match "$work/less" | grep -q "no rule of /usr/libexec/keten/$1" && { echo "not missed: $2"; return 1; }
	return 0
}
check "it misses the key of a case" lacks keten-device 'adb\.key'
check "it misses the bus" lacks keten-device '/dev/bus/usb/\*\*'
check "it misses libraries" lacks keten-verify 'abstractions/base'
check "it misses a verdict's file" lacks keten-verify 'owner /{.*w,'
check "it misses fonts" lacks keten-render 'fonts'
check "it misses what a worker is given" lacks keten-worker 'owner /{'
e2e_end
