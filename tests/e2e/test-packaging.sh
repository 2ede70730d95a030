#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# What is installed beside the programs: man pages for every command, completion, desktop files, profiles,
# the list of components, and an installed tree that works where it lies.
# shellcheck disable=SC2016 # inner shells expand on their own
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
plain_begin "$@"

packaging/man/make-man "$build/keten" "$work/man" || exit 1
commands=$("$build/keten" help | sed -n 's/^  \([a-z][a-z]*\)  *[^ ].*/\1/p')
check "there are commands" test "$(echo "$commands" | wc -l)" -gt 10
for c in $commands; do
	check "a man page of keten $c" test -s "$work/man/keten-$c.1"
	check "keten.1 names $c" grep -q "fB$c" "$work/man/keten.1"
done
check "help, man pages and completion tell the same" python3 tests/e2e/tellings.py "$build" "$work/man"
if command -v man >/dev/null; then
	for f in "$work"/man/*.[18]; do
		check "$(basename "$f") is well formed" sh -c "LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=100 man --warnings -E UTF-8 -l -Tutf8 -Z '$f' 2>&1 >/dev/null | (! grep .)"
	done
fi

check "completion: every command" bash -c '
	PATH='"$build"':$PATH; . packaging/completion/keten.bash
	COMP_WORDS=(keten ""); COMP_CWORD=1; _keten
	for c in '"$(echo "$commands" | tr '\n' ' ')"'; do [[ " ${COMPREPLY[*]} " == *" $c "* ]] || { echo "no $c"; exit 1; }; done'
check "completion: options of a command" bash -c '
	PATH='"$build"':$PATH; . packaging/completion/keten.bash
	COMP_WORDS=(keten run --ma); COMP_CWORD=2; _keten; [[ ${COMPREPLY[*]} == --mandate ]]'

if command -v desktop-file-validate >/dev/null; then
	check "desktop file" desktop-file-validate packaging/desktop/eu.keten.Keten.desktop
fi
if command -v appstreamcli >/dev/null; then
	check "metainfo" appstreamcli validate --no-net packaging/desktop/eu.keten.Keten.metainfo.xml
fi
if command -v apparmor_parser >/dev/null; then
	for p in packaging/apparmor/*; do
		check "profile $(basename "$p")" apparmor_parser --skip-kernel-load --skip-cache --quiet "$p"
	done
fi

check "list of components" sh -c "packaging/sbom '$build' >'$work/sbom.json'"
check "it is CycloneDX, and lists what is linked" python3 tests/e2e/sbom_check.py "$work/sbom.json" "$build"
# the check can fail: each of these is found
# shellcheck disable=SC2317 # called by name
spoiled() { # spoiled PYTHON: of the list as b
	python3 -c 'import json, sys; b = json.load(open(sys.argv[1])); exec(sys.argv[3]); json.dump(b, open(sys.argv[2], "w"))' \
		"$work/sbom.json" "$work/spoiled.json" "$1" || return 1
	! python3 tests/e2e/sbom_check.py "$work/spoiled.json" "$build"
}
for s in 'b["components"][0]["type"] = "data"' 'del b["components"][0]["name"]' 'b["components"][0]["licence"] = "x"' \
	'b["components"][0]["hashes"][0]["content"] = "00"' 'b["specVersion"] = "2"' 'b["components"].pop()' \
	'b["dependencies"][0]["dependsOn"].remove("libc6")' 'b["dependencies"][0]["dependsOn"].append("libgtk-4-1")'; do
	check "found: $s" spoiled "$s"
done
check "it names programs, libraries and hashes" python3 -c '
import hashlib, json, sys
b = json.load(open(sys.argv[1]))
by = {c["name"]: c for c in b["components"]}
assert b["bomFormat"] == "CycloneDX" and {"keten", "keten-verify", "keten-desktop", "libc6"} <= set(by), sorted(by)
sha = hashlib.sha256(open(sys.argv[2] + "/keten", "rb").read()).hexdigest()
assert by["keten"]["hashes"][0]["content"] == sha
deps = {d["ref"]: d["dependsOn"] for d in b["dependencies"]}
assert "libgtk-4-1" in deps["keten-desktop"]
assert not {"libgtk-4-1", "libusb-1.0-0", "libsqlite3-0"} & set(deps["keten-verify"]), deps["keten-verify"]
refs = [c["bom-ref"] for c in b["components"]]
assert len(refs) == len(set(refs)) and all(set(d) <= set(refs) for d in deps.values()), "an edge leads nowhere"
assert {"fonts-noto-core", "libqrencode4", "pkijs", "data/geo/world.geo"} <= set(by), sorted(by)
locked = json.load(open("web/package-lock.json"))["packages"]
want = {k.split("node_modules/")[-1]: v["version"] for k, v in locked.items() if k and not v.get("dev") and not v.get("optional")}
assert want and {n: by[n]["version"] for n in want} == want, want
assert all(c.get("version") or c.get("hashes") for c in b["components"])' "$work/sbom.json" "$build"

check "install" make --no-print-directory -s install DESTDIR="$work/root"
root=$work/root
for f in usr/bin/keten usr/bin/keten-verify usr/bin/keten-desktop usr/libexec/keten/keten-device \
	usr/lib/udev/rules.d/60-keten.rules usr/share/applications/eu.keten.Keten.desktop \
	usr/share/man/man1/keten-run.1 etc/apparmor.d/usr.libexec.keten.keten-verify etc/keten/desktop.conf \
	usr/share/doc/keten/administrator.md usr/share/icons/hicolor/scalable/apps/eu.keten.Keten.svg; do
	check "installed: $f" test -e "$root/$f"
done
check "an installed keten finds its own programs" sh -c ": >'$work/empty'; '$root/usr/bin/keten' verify '$work/empty'; test \$? -eq 5"
# the main job by the installed programs alone: they find one another where they lie
mkdir "$work/desk" "$work/phone" && tests/demo/make-phone "$work/phone" "$build" >/dev/null &&
	tests/tools/new-mandate "$work/desk" --device SIM0001 --immediate --from 2024-01-01 >/dev/null
# shellcheck disable=SC2317 # called by name
job() {
	KETEN_REGISTER=$work/register.sqlite PATH=/usr/bin:/bin "$build/sim-usb" --serial SIM0001 --storage "$work/phone" \
		--commands tests/demo/commands --prompt accept:50 -- "$root/usr/bin/keten" run --mandate "$work/desk/mandate.json" \
		--device SIM0001 --trust "$work/desk/trust" --operator "$work/desk/operator.pem" --case "$work/case" --out "$work/packages"
}
if command -v umockdev-wrapper >/dev/null; then
	check "keten run as installed" job
	check "its package by keten-verify as installed" sh -c "'$root/usr/bin/keten-verify' '$work'/packages/*.asice --trust '$work/desk/trust'"
	check "the report on paper was drawn" sh -c "'$root/usr/bin/keten' show '$work'/packages/*.asice report/report.pdf | head -c 5 | grep -q '^%PDF-'"
	check "the case names the program that was installed" grep -rq "$(sha256sum "$root/usr/libexec/keten/keten" | cut -c1-64)" "$work/case"
fi
check "nothing installed names this machine" sh -c "! grep -rIl -e '$PWD' '$root/etc' '$root/usr/share'"
e2e_end
