#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The AppArmor profiles against a real run: every file, library, socket that the installed programs used in a
# whole job on a simulated phone, as strace saw it, has a rule. A profile that would stop the job is so found
# on a machine that enforces none.
#
# usage: tests/e2e/test-apparmor.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:?usage: $0 BUILD}
build=$(cd "$build" && pwd) || exit 2
for p in strace apparmor_parser umockdev-wrapper; do
	command -v $p >/dev/null || { echo "SKIP: $p is not installed"; exit 77; }
done
[ -e /etc/apparmor.d/abstractions/base ] || { echo "SKIP: no abstractions of AppArmor"; exit 77; }
strace -o /dev/null true 2>/dev/null || { echo "SKIP: no process may be traced here"; exit 77; }
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check() {
	local what=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL  $what"
		tail -n 20 "$work/out" | cut -c1-200
	fi
}

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
calls=execve,clone,clone3,fork,vfork,open,openat,openat2,unlink,unlinkat,mkdir,mkdirat,rename,renameat,renameat2,linkat,socket
check "a whole job, traced" env KETEN_REGISTER="$work/register" "$build/sim-usb" --serial SIM0001 --storage "$work/phone" \
	--commands tests/demo/commands --prompt accept:50 -- strace -f -y --seccomp-bpf -s 300 -o "$work/trace" \
	-e trace=$calls,connect,mmap,read,readv,pread64,write,writev,pwrite64 sh "$work/job"
check "its verdict came through a file" grep -q valid "$work/verdict"
bus=$(grep -o '/tmp/umockdev\.[A-Za-z0-9]*' "$work/trace" | head -n 1)
match() { python3 tests/e2e/apparmor_match.py "$1" "$work/trace" "-$root" "-$bus"; }
check "each access has a rule" match packaging/apparmor
# the comparison can fail: without any one of these rules it says so
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
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
