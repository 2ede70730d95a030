#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# A database with its -wal through a whole job: read as one, each object accounted for. The same with
# the -wal missing, the -wal alone, and a -shm and -journal beside it.
#
# usage: test-siblings.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$(cd "${1:?usage: test-siblings.sh BUILD}" && pwd) || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
export KETEN_REGISTER=$work/register.sqlite
passed=0 failed=0

# is WHAT GOT WANT
is() {
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL  %s\n      got  %s\n      want %s\n' "$1" "$2" "$3"
	fi
}

tests/parsers/ios-photos-db/make-cases "$work/made" || exit 2
tests/tools/new-mandate "$work/m" --immediate --kind ios --forms image --scope ios-photos-db --sessions 20 \
	>"$work/m.log" 2>&1 || { cat "$work/m.log"; exit 2; }

# job NAME: imports $work/NAME, a file system with what was put into $folder
folder=private/var/mobile/Media/PhotoData
begin() { mkdir -p "$work/$1/$folder" "$work/$1/private/var/mobile/Library"; }
put() { cp "$work/made/wal/in/Photos.sqlite$2" "$work/$1/$folder/Photos.sqlite${3-$2}"; }
job() {
	timeout -k 5 150 "$build/keten" import --from "$work/$1" --form image --mandate "$work/m/mandate.json" \
		--trust "$work/m/trust" --operator "$work/m/operator.pem" --case "$work/$1.case" \
		--out "$work/$1.out" --simulated >"$work/$1.log" 2>&1 </dev/null
	status=$?
	[ -s "$work/$1.case/report/report.json" ] || cat "$work/$1.log"
}
# report NAME EXPRESSION over d, the report
report() { python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$work/$1.case/report/report.json" "$2"; }
names="{o['object']: o['path'].rsplit('/', 1)[1] for o in d['objects']}"
results() { report "$1" "sorted((${names}[p['object']], p['result'], p['emitted']) for p in d['parsing'])"; }
views() { sqlite3 "$work/$1.case/records.sqlite" 'SELECT DISTINCT json_extract(json, "$.source_view") FROM record'; }
notes() { report "$1" "[n['reason'] for n in d['not_reported']]"; }

begin both
put both ''
put both -wal
job both
is "both: status" $status 0
is "both: results" "$(results both)" "[('Photos.sqlite', 'ok', 2), ('Photos.sqlite-wal', 'sibling', 0)]"
is "both: view" "$(views both)" main+wal
is "both: nothing is left unsaid, nothing is said" "$(notes both)" "[]"

begin main
put main ''
job main
is "without -wal: status" $status 0
is "without -wal: results" "$(results main | cut -d, -f1,2)" "[('Photos.sqlite', 'ok'"
is "without -wal: view" "$(views main)" main
is "without -wal: that is said" "$(notes main)" "['wal-not-there']"

begin wal
put wal -wal
job wal
is "-wal alone: finished, but partial" $status 1
is "-wal alone: results" "$(results wal)" "[('Photos.sqlite-wal', 'sibling-without-database', 0)]"
is "-wal alone: that is said" "$(notes wal)" "['sibling-without-database']"

# a cold -journal, and a -shm, which holds nothing of its own: whether taken or not, it is never read
begin all
put all ''
put all -wal
head -c 1024 /dev/zero >"$work/all/$folder/Photos.sqlite-journal"
head -c 32768 /dev/urandom >"$work/all/$folder/Photos.sqlite-shm"
job all
is "with all: status" $status 0
is "with all: results" "$(report all "sorted((${names}[p['object']], p['result'], p['emitted']) for p in d['parsing'] if not ${names}[p['object']].endswith('-shm'))")" \
	"[('Photos.sqlite', 'ok', 2), ('Photos.sqlite-journal', 'sibling', 0), ('Photos.sqlite-wal', 'sibling', 0)]"
is "with all: view" "$(views all)" main+wal
is "with all: each object has its line" "$(report all "len(d['parsing']) == len(d['objects'])")" True

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
