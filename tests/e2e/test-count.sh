#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# keten parsers ID --try --count: the counts of --try, and a digest that depends on the records and
# on nothing else: not on place, language, time zone, run, or what was read before.
# usage: tests/e2e/test-count.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:?usage: tests/e2e/test-count.sh BUILD}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
check() { # check WHAT COMMAND...
	local what=$1
	shift
	if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL: $what"; fi
}
count() { "$build/keten" parsers google-timeline --try --count "$@"; }
digest() { sed -n 's/.*"records_sha256":"\([0-9a-f]*\)".*/\1/p'; }

"$build/make-timeline" "$work/a.json" 20000
"$build/make-timeline" "$work/b.json" 20000 --seed 2
mkdir "$work/elsewhere"
cp "$work/a.json" "$work/elsewhere/c.json"

"$build/keten" parsers google-timeline --try "$work/a.json" >"$work/lines"
count "$work/a.json" >"$work/a"
check "one line" test "$(wc -l <"$work/a")" -eq 1
check "a digest" test "$(digest <"$work/a" | wc -c)" -eq 65
check "the counts of --try" test "$(sed 's/,"records_sha256":"[0-9a-f]*"//' "$work/a")" = "$(tail -n 1 "$work/lines")"

a=$(digest <"$work/a")
b=$(count "$work/b.json" | digest)
check "other records, other digest" test "$a" != "$b"
check "elsewhere, in another language and zone" test "$(env LC_ALL=tr_TR.UTF-8 TZ=Asia/Kathmandu \
	"$build/keten" parsers google-timeline --try --count "$work/elsewhere/c.json" | digest)" = "$a"
check "each file by itself" test "$(count "$work/b.json" "$work/a.json" "$work/b.json" | digest | tr '\n' ' ')" = "$b $a $b "

# one digit of one position
sed 's/"52\.\([0-9]*\)1\([^0-9]\)/"52.\12\2/;t done;b;:done;n;b done' "$work/a.json" >"$work/d.json"
check "a file that differs" test "$(cmp "$work/a.json" "$work/d.json" | wc -l)" -eq 1
check "one digit, other digest" test "$(count "$work/d.json" | digest)" != "$a"

# white space moves every locator
sed 's/^  //' "$work/a.json" >"$work/e.json"
check "other places, other digest" test "$(count "$work/e.json" | digest)" != "$a"

printf '[' >"$work/f.json"
count "$work/f.json" >"$work/f"
status=$?
check "an unreadable file is partial" test $status -eq 1
check "and still ends with its line" grep -q '"type":"end".*"code":"format".*"records_sha256":"e3b0c44298fc1c149afbf4c8996fb924' "$work/f"
"$build/keten" parsers google-timeline --count "$work/a.json" >/dev/null 2>&1
check "--count without --try is wrong usage" test $? -eq 2
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
