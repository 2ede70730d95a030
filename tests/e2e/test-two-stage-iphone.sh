#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# Two stages with an iPhone (backup in clear and encrypted) and with backups and images that are imported:
# nothing readable at the desk; the release gives what an immediate case gives, also of files that were
# encrypted on the phone and are decrypted only when they are released.
# usage: tests/e2e/test-two-stage-iphone.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
UDID=00008110-00AB12CD34EF5678
PASSWORD='right horse'
scope=ios-device,ios-photos-db,ios-cellular,ios-location-clients,ios-wifi-known,ios-health-routes,media-exif,wallet-passes,locale-clock
for kind in now later; do
	o=()
	[ $kind = later ] || o=(--immediate)
	tests/tools/new-mandate "$work/$kind" --kind ios --device $UDID "${o[@]}" --forms phone,backup --from 2023-01-01 \
		--scope $scope --sessions 20 >"$work/$kind.log" 2>&1 || { cat "$work/$kind.log"; exit 2; }
done
tests/demo/make-iphone "$work/tree-clear" "$build" "$CANARY_ELSEWHERE" || exit 2
ENCRYPTED=1 tests/demo/make-iphone "$work/tree-full" "$build" "$CANARY_ELSEWHERE" || exit 2
# names and content of what is taken
canary_patterns >"$work/marks" Photos.sqlite Cards/AbCd1234 com.apple.commcenter 'SQLite format 3' bplist00 passTypeIdentifier

# shellcheck disable=SC2317  # called by name
unreadable() {
	local hits
	hits=$(LC_ALL=C grep -rlaF -f "$work/marks" -- "$@")
	[ -z "$hits" ] || { echo "readable in: $hits"; return 1; }
}

phone_run() { # phone_run NAME MANDATE TREE [options of sim-iphone]: leaves $status
	local n=$1 m=$work/$2 tree=$3
	shift 3
	mkdir -p "$work/$n/tmp"
	printf '%s\n' "$PASSWORD" >"$work/pw"
	KETEN_REGISTER=$work/$n.register TMPDIR=$work/$n/tmp timeout -k 5 150 "$build/sim-iphone" --socket "$work/$n.socket" \
		--journal "$work/$n.journal" --backup "$tree" --count 20 "$@" -- \
		"$build/keten" run --mandate "$m/mandate.json" --trust "$m/trust" --operator "$m/operator.pem" \
		--device $UDID --case "$work/$n/case" --out "$work/$n/out" --simulated --password-fd 9 \
		>"$work/$n/stdout" 2>"$work/$n/stderr" </dev/null 9<"$work/pw"
	status=$?
}

import_run() { # import_run NAME MANDATE SOURCE FORM
	local m=$work/$2
	mkdir -p "$work/$1/tmp"
	KETEN_REGISTER=$work/$1.register TMPDIR=$work/$1/tmp timeout -k 5 150 "$build/keten" import --from "$3" --form "$4" \
		--mandate "$m/mandate.json" --trust "$m/trust" --operator "$m/operator.pem" --case "$work/$1/case" \
		--out "$work/$1/out" --password-fd 9 --simulated >"$work/$1/stdout" 2>"$work/$1/stderr" </dev/null 9<"$work/pw"
	status=$?
}

observed() { # what a report says, without what differs between two cases
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
print([(t["item"], t["outcome"], t["objects"], t["withheld"], t["unmatched"]) for t in d["taken"]])
for o in sorted(json.dumps({k: v for k, v in o.items() if k in ("path", "sha256", "bytes", "outcome", "reason")}, sort_keys=True)
	for o in d["objects"] if o.get("path") and o["path"] != "lockdown"): print(o)
print(len(d["observations"]))' "$1"
}

compare() { # compare NAME: NAME-later released is NAME-now
	local n=$1-later m=$work/later
	check "$n: exit status" is "$(cat "$work/$n/code")" "$(cat "$work/$1-now/code")"
	check "$n: the package verifies" "$build/keten" verify "$(packages "$n")" --trust "$m/trust"
	check "$n: nothing readable" unreadable "$work/$n/case" "$work/$n/out" "$work/$n/tmp"
	"$build/keten" release "$(packages "$n")" --releaser "$m/releaser.pem" --out "$work/$n/rel" --trust "$m/trust" \
		>"$work/$n/rel.out" 2>"$work/$n/rel.err" </dev/null
	status=$?
	check "$n: it can be released" test $status -le 1
	[ $status -le 1 ] || bad "$n: it said" "$work/$n/rel.err"
	unzip -q -o "$(find "$work/$n/rel" -name '*-release.asice')" -d "$work/$n/x"
	observed "$work/$n/x/report/report.json" >"$work/$n.seen"
	observed "$work/$1-now/case/report/report.json" >"$work/$1-now.seen"
	check "$n: what an immediate case finds" diff "$work/$1-now.seen" "$work/$n.seen"
	"$build/keten" verify --reproduce "$(packages "$n")" "$(find "$work/$n/rel" -name '*-release.asice')" \
		--releaser "$m/releaser2.pem" --trust "$m/trust" >"$work/$n/again" 2>&1
	check "$n: parsed again, the same report" is $? 0
}

for kind in now later; do
	phone_run clear-$kind $kind "$work/tree-clear"
	echo $status >"$work/clear-$kind/code"
	phone_run full-$kind $kind "$work/tree-full" --password "$PASSWORD"
	echo $status >"$work/full-$kind/code"
done
compare clear
compare full
check "full: files that only encrypted backups hold are among them" grep -q healthdb_secure "$work/full-later.seen"
grep -q '"file_key"' -r "$work/full-later/x" "$work/full-later/out" "$work/full-later/case"
check "full: no file's key stands in clear" is $? 1

# a backup that another program made
"$build/sim-iphone" --write-backup "$work/folder" --backup "$work/tree-full" --password "$PASSWORD" >"$work/folder.log" 2>&1 ||
	{ cat "$work/folder.log"; exit 2; }
for kind in now later; do
	import_run folder-$kind $kind "$work/folder" backup
	echo $status >"$work/folder-$kind/code"
done
compare folder
e2e_end
