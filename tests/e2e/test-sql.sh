#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# SQLite artifacts in the real sandbox: good ones, hostile ones and 400 damaged at random, each with
# the -wal and -journal beside it. Each must end as tests/tools/sql_cases.h says or, damaged at random,
# under any name that is no breach of the sandbox; and no byte of them may have changed.
#
# usage: test-sql.sh BUILD
set -u
build=$(cd "${1:?usage: test-sql.sh BUILD}" && pwd) || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
ok() { passed=$((passed + 1)); }
fail() { echo "FAIL  $*"; failed=$((failed + 1)); }
mkdir "$work/cases" "$work/damaged"

# The two sparse files of 3 GB are left out of the digest: they are zeros, and slow to hash.
digest() { find "$work/$1" -type f -size -100M -print0 | sort -z | xargs -0 sha256sum; }

# run FOLDER: one line for each database of it
run() {
	find "$work/$1" -type f ! -name '*-wal' ! -name '*-journal' -print0 | sort -z |
		xargs -0 "$build/sandbox/sql-run" sql-dump
}

"$build/make-sql" "$work/cases" cases >"$work/expected" || exit 2
digest cases >"$work/before"
run cases >"$work/got" || fail "the engine gave up"
while IFS=$'\t' read -r name code emitted notes; do
	line=$(grep -P "^\Q$name\E\t" "$work/got")
	IFS=$'\t' read -r _ verdict is_code _ is_emitted _ is_notes text <<<"$line"
	if [[ $verdict != ok && $verdict != parse-error ]]; then
		fail "$name: verdict $verdict ($text)"
	elif [[ $code != '*' && $code != "$is_code" ]]; then
		fail "$name: $is_code instead of $code ($text)"
	elif [[ $emitted != '*' && $emitted != "$is_emitted" ]]; then
		fail "$name: $is_emitted records instead of $emitted"
	elif [[ $notes != '*' && $notes != "$is_notes" ]]; then
		fail "$name: notes '$is_notes' instead of '$notes'"
	else
		ok
	fi
done <"$work/expected"
if digest cases | cmp -s - "$work/before"; then ok; else fail "a database was changed"; fi

"$build/make-sql" "$work/damaged" damaged 400 || exit 2
digest damaged >"$work/before"
run damaged >"$work/got" || fail "the engine gave up"
while IFS=$'\t' read -r name verdict rest; do
	if [[ $verdict == ok || $verdict == parse-error ]]; then ok; else fail "damaged $name: $verdict $rest"; fi
done <"$work/got"
[ "$(wc -l <"$work/got")" -eq 400 ] || fail "not every damaged database has a line"
cut -f2 "$work/got" | sort | uniq -c
if digest damaged | cmp -s - "$work/before"; then ok; else fail "a damaged database was changed"; fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 400 ]
