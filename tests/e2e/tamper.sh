#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# tamper.sh BUILD_DIR PACKAGE TRUSTDIR [KEYS]: manipulates copies of a good package in many ways and asserts by
# exit status that keten-verify, and the reviewer's steps with stock programs where they can see it,
# reject each; that each is rejected for the right reason, by the stock program that the kind names; and
# that good ones are accepted. Where BUILD_DIR has verify.html and there are node and Chromium, the page
# judges all of them too, and must agree with keten-verify on each level that both judge. KEYS: the
# folder that new-mandate made (default: the one that TRUSTDIR lies in). With KETEN_TSA as the address of a running
# tests/tools/tsa the package is one with time-stamps, and its tokens are manipulated instead.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 3 ] || [ ! -x "$1/keten-verify" ] || [ ! -r "$2" ] || [ ! -d "$3" ]; then
	echo "usage: tamper.sh BUILD_DIR PACKAGE TRUSTDIR [KEYS]" >&2
	exit 2
fi
verify=$1/keten-verify package=$2 trust=$3 keys=${4:-$3/..}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0

# expect WHAT STATUS WANTED
expect() {
	if [ "$2" -eq "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1: exit status $2, not $3"
	fi
}

# run COMMAND...: its exit status in $status, its output in $tmp/out
run() {
	status=0
	"$@" >"$tmp/out" 2>&1 || status=$?
}

# names_tool PROGRAM: is it one of those in the step that failed last? Steps count by what they print; some
# call a program through a function of an earlier step.
names_tool() {
	tool=$1
	case $tool in
	openssl) tool='(openssl|signed_by)' ;;
	sha256sum) tool='(sha256sum|sha)' ;;
	esac
	awk -v failed="$(grep -c '^ok:' "$tmp/out")" -v tool="$tool" '/^```sh$/ { block++; next }
		block == failed + 1 && $0 ~ "(^|[^a-z0-9-])" tool "([^a-z0-9-]|$)" { found = 1 }
		END { exit !found }' "$here/../../docs/user/verify-without-keten.md"
}

python3 "$here/tamper_kinds.py" "$package" "$keys" "$tmp/kinds" >"$tmp/kinds.tsv"

tab=$(printf '\t')
printf '%-22s %-7s %-9s %s\n' kind verify stock meaning
while IFS=$tab read -r kind want check stock meaning; do
	file=$(echo "$tmp/kinds/$kind"/*)
	run "$verify" "$file" --trust "$trust"
	expect "$kind: keten-verify" "$status" "$want"
	seen=$status
	if [ "$want" -ne 0 ]; then
		reason=0
		grep -q "^FAIL  $check: " "$tmp/out" || reason=1
		expect "$kind: keten-verify names the check $check" "$reason" 0
		# without anchors a stranger is all that can't be told
		run "$verify" "$file" --trust "$tmp"
		blind=$want
		case $kind in untrusted | token-stranger) blind=6 ;; esac
		expect "$kind: keten-verify without trust anchors" "$status" "$blind"
	fi
	mark=-
	if [ "$stock" != - ]; then
		run sh "$here/stock-verify.sh" "$file" "$trust"
		expect "$kind: stock programs" "$status" "$want"
		mark=$stock
	fi
	if [ "$mark" != - ] && [ "$want" -ne 0 ]; then
		named=0
		names_tool "$stock" || named=1
		expect "$kind: $stock is in the step that rejects it" "$named" 0
	fi
	printf '%-22s %-7s %-9s %s\n' "$kind" "$seen" "$mark" "$meaning"
done <"$tmp/kinds.tsv"

if "$here/../web/ready" "$1"; then
	run python3 "$here/../web/agree.py" "$1" "$trust" "$tmp/kinds.tsv" "$tmp/kinds"
	expect "verify.html and keten-verify agree" "$status" 0
	cat "$tmp/out"
else
	echo "verify.html was not tried: make verify-page, and node and Chromium, are needed"
fi

# the same good package under other circumstances
run "$verify" "$package" --trust "$tmp"
expect "no trust anchors: undetermined" "$status" 6
run "$verify" "$package" --trust "$tmp/nowhere"
expect "a trust folder that is not there" "$status" 2
run "$verify"
expect "no package" "$status" 2
run "$verify" "$tmp/nowhere" --trust "$trust"
expect "a package that is not there" "$status" 2
bad_one=prefix
[ -z "${KETEN_TSA:-}" ] || bad_one=token-fake
run "$verify" "$package" "$tmp/kinds/$bad_one"/* --trust "$trust"
expect "a good and a bad one: the gravest counts" "$status" 5
run "$verify" "$package" "$package" --trust "$tmp"
expect "two undetermined ones" "$status" 6
run "$verify" "$package" --trust "$trust" --json
expect "JSON: status" "$status" 0
bad=0
python3 -c 'import json, sys
r = json.load(open(sys.argv[1]))
assert r["schema"] == "keten-verify-1" and r["result"] == "valid" and len(r["signers"]) == 2
assert all(c["result"] == "ok" for c in r["checks"]) and r["levels"]["time"] == sys.argv[2]' \
	"$tmp/out" "$([ -n "${KETEN_TSA:-}" ] && echo anchored || echo unanchored)" || bad=1
expect "JSON: content" "$bad" 0
: >"$tmp/empty"
run "$verify" "$tmp/empty" --trust "$trust"
expect "an empty file" "$status" 5

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
