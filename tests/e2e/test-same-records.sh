#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The same file gives the same records: parsed twice, in another order of plugins and of files, in
# another locale and in another time zone. Held against every input of the golden cases, by the digest that
# keten parsers ID --try FILE --count ends with.
#
# usage: tests/e2e/test-same-records.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:?usage: test-same-records.sh BUILD}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

for d in tests/parsers/*/; do
	id=$(basename "$d")
	mkdir -p "$work/in/$id"
	[ ! -x "$d/make-cases" ] || "$d/make-cases" "$work/in/$id" || exit 1
	for case in "$d"*/; do
		[ -e "$case/expect.jsonl" ] || continue
		for in in "$case"in/* "$work/in/$id/$(basename "$case")"/in/*; do
			[ -f "$in" ] || continue
			case $in in *-wal | *-journal | *-shm) [ ! -f "${in%-*}" ] || continue ;; esac
			printf '%s\t%s\n' "$id" "$in"
		done
	done
done >"$work/inputs"
[ -s "$work/inputs" ] || { echo "no inputs"; exit 1; }

# digests LIST: one line for each input, sorted by input; the inputs of a parser that follow one another
# in the list go through one run of the program
digests() {
	local id in last='' batch=()
	{
		cat "$1"
		printf '\t\n'
	} | while IFS=$'\t' read -r id in; do
		if [ "$id" != "$last" ] && [ ${#batch[@]} -gt 0 ]; then
			"$build/keten" parsers "$last" --try "${batch[@]}" --count 2>/dev/null |
				grep '"type":"end"' >"$work/ends"
			printf "$last %s\n" "${batch[@]}" | paste -d ' ' - "$work/ends"
			batch=()
		fi
		last=$id
		batch+=("$in")
	done | LC_ALL=C sort
}

check() { # check NAME OTHER
	if cmp -s "$work/first" "$2"; then
		passed=$((passed + 1))
		echo "ok   $1"
	else
		failed=$((failed + 1))
		echo "FAIL $1"
		diff "$work/first" "$2" | head -n 6
	fi
}

tac "$work/inputs" >"$work/reversed"
# every other input of each parser, then the others: each parser comes twice, after another one
awk 'NR % 2 { print } NR % 2 == 0 { later = later $0 "\n" } END { printf "%s", later }' "$work/inputs" >"$work/mixed"
digests "$work/inputs" >"$work/first"
TZ=Asia/Kathmandu LC_ALL=C.UTF-8 LANG=fa_IR.UTF-8 digests "$work/reversed" >"$work/second"
# (a locale that is not installed only makes bash complain)
{
	TZ=America/St_Johns LC_ALL=tr_TR.UTF-8 LC_NUMERIC=de_DE.UTF-8 digests "$work/mixed"
} >"$work/third" 2>/dev/null
n=$(grep -c '"records_sha256":"[0-9a-f]*"' "$work/first")
if [ "$n" -eq "$(wc -l <"$work/inputs")" ]; then
	passed=$((passed + 1))
	echo "ok   $n inputs, each with a digest"
else
	failed=$((failed + 1))
	echo "FAIL $n digests of $(wc -l <"$work/inputs") inputs"
fi
check "in the opposite order, east of Greenwich" "$work/second"
check "with another locale, west of Greenwich" "$work/third"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
