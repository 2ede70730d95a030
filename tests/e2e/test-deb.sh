#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The Debian packages: built from the programs that are there, every path and right in them looked at, then
# installed and used as an ordinary user in a throw-away layer over this machine's own files, and purged.
# `make check-deb` does the same in a root that holds nothing but a minimal Debian.
#
# usage: tests/e2e/test-deb.sh BUILD
# shellcheck disable=SC2016 # inner shells expand on their own
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:?usage: $0 BUILD}
build=$(cd "$build" && pwd) || exit 2

# shellcheck source=tests/deb/lib.sh
. tests/deb/lib.sh

# A layer over this machine's files that is thrown away: dpkg installs there, and nobody else sees it.
inside() {
	local m=$1/m
	mount -t tmpfs tmpfs "$1" && mkdir "$1/up" "$1/w" "$m" &&
		mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/w" "$m" || return 77
	deb_mounts "$m" && mount -t tmpfs -o mode=1777 tmpfs "$m/tmp" && [ -x "$m/usr/bin/dpkg" ] || return 77
	mkdir "$m/tmp/debs"
	cp "$work"/deb/*.deb "$m/tmp/debs" && cp -R "$work/desk" "$m/tmp/desk" && cp tests/deb/inside "$m/tmp/inside"
	chroot "$m" sh -c 'dpkg --force-unsafe-io --no-triggers -i /tmp/debs/*.deb' >"$work/installed" 2>&1 ||
		{ cat "$work/installed"; return 1; }
	chroot "$m" sh -c 'dpkg --force-unsafe-io --no-triggers -i /tmp/debs/*.deb' >"$work/again" 2>&1 ||
		{ echo "a second time:"; cat "$work/again"; return 1; }
	chroot "$m" /tmp/inside /tmp/desk "${DISPLAY:-}" || return 1
	rm -rf "${m:?}"/var/lib/keten/* # what people made stays with them
	chroot "$m" dpkg --force-unsafe-io --no-triggers --purge keten-desktop keten >"$work/purged" 2>&1 ||
		{ cat "$work/purged"; return 1; }
	find "$m/etc/keten" "$m/var/lib/keten" "$m/usr/libexec/keten" "$m/usr/share/keten" "$m/etc/apparmor.d" -name '*keten*' 2>/dev/null |
		grep . && { echo "that is left after a purge"; return 1; }
	return 0
}

if [ -n "${KETEN_DEB_INSIDE:-}" ]; then # the second start of this script, in a namespace of its own
	work=$KETEN_DEB_INSIDE
	inside "$work/layer"
	exit
fi
for p in dpkg-buildpackage dh; do
	command -v $p >/dev/null || { echo "SKIP: $p is not installed"; exit 77; }
done
passed=0 failed=0 skipped=0
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
chmod 755 "$work"

check() {
	local what=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL  $what"
		tail -n 12 "$work/out" | cut -c1-300
	fi
}

skip() {
	skipped=$((skipped + 1))
	echo "SKIP  $1"
}

# -- build --------------------------------------------------------------------------------------

page=$build/verify.html
[ -s "$page" ] || { skip "verify.html was not made: the package is looked at without it"; page=''; }
export DEB_BUILD_OPTIONS=noautodbgsym
packaging/make-deb "$work/deb" "$page" "$build" >"$work/made" 2>&1 || { cat "$work/made"; exit 1; }
a=$(echo "$work"/deb/keten_*.deb) d=$(echo "$work"/deb/keten-desktop_*.deb)
check "two packages" test -s "$a" -a -s "$d"

# -- what is in them ----------------------------------------------------------------------------

for p in "$a" "$d"; do
	n=$(dpkg-deb -f "$p" Package)
	dpkg-deb -c "$p" >"$work/$n.list"
	dpkg-deb -x "$p" "$work/tree"
	dpkg-deb -e "$p" "$work/$n.control"
	check "$n: all of it is root's" sh -c "! awk '\$2 != \"root/root\"' '$work/$n.list' | grep ."
	check "$n: no set-user-id, nothing that others may write" sh -c \
		"! grep -v '^l' '$work/$n.list' | awk 'substr(\$1, 4, 1) ~ /[sS]/ || substr(\$1, 7, 1) ~ /[sS]/ || substr(\$1, 9, 1) == \"w\"' | grep ."
	check "$n: every file in /etc is a conffile" sh -c \
		"cd '$work/tree' && awk '\$1 ~ /^-/ { print substr(\$6, 2) }' '$work/$n.list' | grep ^/etc | sort | diff - '$work/$n.control/conffiles'"
	for f in "$work/$n.control"/p*; do
		[ -e "$f" ] || continue
		check "$n: $(basename "$f") by shellcheck" sh -c "command -v shellcheck >/dev/null || exit 0; shellcheck -s sh '$f'"
		check "$n: $(basename "$f") runs under sh" sh -n "$f"
	done
done
tree=$work/tree
expected=$work/expected
sed -n 's/^  \([a-z][a-z]*\)  *[^ ].*/usr\/share\/man\/man1\/keten-\1.1.gz/p' <("$build/keten" help) >"$expected"
check "there are commands" test "$(wc -l <"$expected")" -gt 10
cat >>"$expected" <<'LIST'
etc/apparmor.d/usr.libexec.keten.keten-device
etc/apparmor.d/usr.libexec.keten.keten-render
etc/apparmor.d/usr.libexec.keten.keten-verify
etc/apparmor.d/usr.libexec.keten.keten-worker
etc/keten/desktop.conf
etc/keten/trust
usr/bin/keten
usr/bin/keten-desktop
usr/bin/keten-verify
usr/lib/systemd/system/keten-kiosk.service
usr/lib/udev/rules.d/60-keten.rules
usr/libexec/keten/keten
usr/libexec/keten/keten-desktop
usr/libexec/keten/keten-device
usr/libexec/keten/keten-render
usr/libexec/keten/keten-sign
usr/libexec/keten/keten-verify
usr/libexec/keten/keten-worker
usr/share/applications/eu.keten.Keten.desktop
usr/share/bash-completion/completions/keten
usr/share/doc/keten/administrator.md
usr/share/doc/keten/copyright
usr/share/doc/keten/data-protection-assessment.md
usr/share/doc/keten/formats/README.md
usr/share/doc/keten/user/keten.md
usr/share/icons/hicolor/scalable/apps/eu.keten.Keten.svg
usr/share/keten/information/en.txt
usr/share/keten/information/nl.txt
usr/share/man/man1/keten-desktop.1.gz
usr/share/man/man1/keten-sign.1.gz
usr/share/man/man1/keten.1.gz
usr/share/man/man8/keten-device.8.gz
usr/share/metainfo/eu.keten.Keten.metainfo.xml
var/lib/keten
LIST
[ -z "$page" ] || echo usr/share/keten/verify.html >>"$expected"
while read -r f; do
	check "there is /$f" test -e "$tree/$f"
done <"$expected"
check "verify.html is the one that was made" sh -c "[ -z '$page' ] || cmp '$page' '$tree/usr/share/keten/verify.html'"
check "links between pages hold" python3 - "$tree/usr/share/doc/keten" <<'PY'
import os, re, sys
bad = []
for d, _, files in os.walk(sys.argv[1]):
    for f in files:
        if f.endswith(".md") and f not in ("README.md", "SECURITY.md"):
            for to in re.findall(r"\]\((?!https?:|#)([^)#]+)", open(os.path.join(d, f), encoding="utf-8").read()):
                if not os.path.exists(os.path.join(d, to)):
                    bad.append("%s: %s" % (os.path.relpath(os.path.join(d, f), sys.argv[1]), to))
print("\n".join(bad))
sys.exit(bool(bad))
PY
check "nothing names the folder it was built in" sh -c "! grep -rIl -e '$work' -e '$PWD/' '$tree/etc' '$tree/usr/share'"

# -- what they need -----------------------------------------------------------------------------

declare -A owner_of
# Every library that a program loads belongs to a package that Depends names.
depends() {
	local pkg=$1 names program lib owner bad=0
	names=$(dpkg-deb -f "$pkg" Depends | tr ',' '\n' | sed 's/^ *//; s/[ :(].*//')
	shift
	for program in "$@"; do
		while read -r lib; do
			# (each question reads dpkg's whole list)
			[ -n "${owner_of[$lib]:-}" ] || owner_of[$lib]=$(dpkg-query -S "$lib" "/usr$lib" "$(realpath "$lib")" 2>/dev/null |
				head -n 1 | cut -d: -f1)
			owner=${owner_of[$lib]}
			echo "$names" | grep -qx "$owner" || { echo "$program: $lib of $owner"; bad=1; }
		done < <(objdump -p "$program" | sed -n 's/^ *NEEDED *//p' | while read -r so; do
			ldconfig -p | sed -n "s|^\t$so (libc6,x86-64.*=> ||p" | head -n 1; done)
	done
	return $bad
}
if [ "$(uname -m)" = x86_64 ]; then
	check "keten: its libraries are among what it depends on" depends "$a" "$tree"/usr/libexec/keten/keten{,-device,-render,-sign,-verify,-worker}
	check "keten-desktop: the same" depends "$d" "$tree/usr/libexec/keten/keten-desktop"
else
	skip "libraries were not compared on $(uname -m)"
fi
for n in fonts-noto-core fonts-noto-mono passwd; do
	check "keten depends on $n" sh -c "dpkg-deb -f '$a' Depends | grep -qw -e $n"
done
check "the fonts of the report come with them" sh -c '
	sed -n "s/.*{\"\(Noto[A-Za-z]*\)\".*/\1/p" reports/pdf/fonts.c >"$0"; test -s "$0"
	while read -r f; do dpkg-query -L fonts-noto-core fonts-noto-mono | grep -q "/$f-Regular.ttf" || { echo "no $f"; exit 1; }; done <"$0"' \
	"$work/fonts"

# -- rules and units ----------------------------------------------------------------------------

rules=$tree/usr/lib/udev/rules.d/60-keten.rules
if udevadm verify --help >/dev/null 2>&1; then
	check "udev rule by udevadm verify" udevadm verify "$rules"
else
	skip "this udevadm can't verify rules: their form alone was looked at"
fi
check "udev rule: form" sh -c "! grep -v '^#' '$rules' | grep -vE '^([A-Z]+(\{[A-Z_a-z]+\})?(==|!=|=|\+=|:=)\"[^\"]*\"(, )?)+\$'"
check "udev rule: it grants to the person at the seat, and nothing to all" sh -c "grep -q 'TAG+=\"uaccess\"' '$rules' && ! grep -q 'MODE\|GROUP\|RUN' '$rules'"
unit=$tree/usr/lib/systemd/system/keten-kiosk.service
if command -v systemd-analyze >/dev/null; then
	check "kiosk unit by systemd-analyze" sh -c "systemd-analyze verify --man=no --root='$tree' '$unit' 2>&1 | grep -v 'is not executable\|Failed to prepare\|not found\|Failed to open' | (! grep -i keten)"
else
	skip "no systemd-analyze for the kiosk's unit"
fi
check "kiosk unit: its programs" sh -c "grep -q '^ExecStart=/usr/bin/cage -- .*/usr/bin/keten-desktop' '$unit'"
check "kiosk unit: nothing switches it on" sh -c "! find '$tree' '$work'/*.control -type l -name 'keten-kiosk*' | grep . && ! grep -l 'systemctl.*enable\|deb-systemd-helper enable' '$work'/*.control/postinst"
if command -v lintian >/dev/null; then
	check "lintian has no error and no warning" sh -c "lintian --fail-on error,warning '$a' '$d'"
else
	skip "no lintian"
fi

# -- installed ----------------------------------------------------------------------------------

check "a desk to try it at" deb_desk "$work" "$work/desk"
mkdir "$work/layer"
server=''
if [ "$(id -u)" -ne 0 ]; then
	skip "not root: the packages were not installed anywhere"
else
	deb_screen "$work"
	KETEN_DEB_INSIDE=$work unshare --mount --propagation private "$0" "$build" >"$work/inside.out" 2>&1
	status=$?
	[ -z "$server" ] || kill $server
	if [ $status -eq 77 ]; then
		skip "no overlay file system: the packages were not installed anywhere"
	else
		cat "$work/inside.out"
		check "installed, used by an ordinary user, installed again, purged" test $status -eq 0
	fi
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 40 ]
