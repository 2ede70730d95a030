#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# core/age against Debian's age, both ways, at the lengths where chunks end; and what is cut or
# changed, judged by both.
set -u
build=${1:?usage: $0 BUILD}
if ! command -v age-keygen >/dev/null; then
	echo "SKIP: age is not installed"
	exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

ok() { # ok WHAT STATUS WANT
	if [ "$2" -eq "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL  $1 (status $2)"
	fi
}

age-keygen -o "$work/id" 2>/dev/null
to=$(age-keygen -y "$work/id")
head -c 8000000 /dev/urandom >"$work/all"
for n in 0 1 65535 65536 65537 131072 1000000 8000000; do
	head -c $n "$work/all" >"$work/in"
	"$build/age-stream" -r "$to" <"$work/in" >"$work/ours.age" && age -d -i "$work/id" "$work/ours.age" >"$work/out"
	ok "$n bytes: sealed by us, opened by age" $? 0
	cmp -s "$work/in" "$work/out"
	ok "$n bytes: the same" $? 0
	age -r "$to" -o "$work/theirs.age" "$work/in" && "$build/age-stream" -i "$work/id" <"$work/theirs.age" >"$work/out"
	ok "$n bytes: sealed by age, opened by us" $? 0
	cmp -s "$work/in" "$work/out"
	ok "$n bytes: the same" $? 0
	[ "$(stat -c %s "$work/ours.age")" -eq "$(stat -c %s "$work/theirs.age")" ]
	ok "$n bytes: files of one size" $? 0
done

# a second recipient and a stanza of another kind
age-keygen -o "$work/id2" 2>/dev/null
age -r "$(age-keygen -y "$work/id2")" -r "$to" -o "$work/two.age" "$work/in"
"$build/age-stream" -i "$work/id" <"$work/two.age" | cmp -s - "$work/in"
ok "two recipients" $? 0

# cut and changed: both refuse
size=$(stat -c %s "$work/ours.age")
for cut in 10 100 183 184 $((184 + 65552)) $((size - 1)) $((size - 65552)); do
	head -c "$cut" "$work/ours.age" >"$work/cut.age"
	"$build/age-stream" -i "$work/id" <"$work/cut.age" >"$work/part" 2>/dev/null
	ok "cut at $cut: we refuse" $? 1
	cmp -s -n "$(stat -c %s "$work/part")" "$work/part" "$work/in"
	ok "cut at $cut: what came out is a true beginning" $? 0
	age -d -i "$work/id" -o "$work/out" "$work/cut.age" 2>/dev/null
	ok "cut at $cut: age refuses" $? 1
done
for at in 30 100 170 200 70000 $((size - 5)); do
	cp "$work/ours.age" "$work/bad.age"
	# another one than it was: what is enciphered may be any byte already
	python3 -c 'import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2]))
    was = f.read(1)[0]
    f.seek(-1, 1)
    f.write(bytes([was ^ 255]))' "$work/bad.age" "$at"
	"$build/age-stream" -i "$work/id" <"$work/bad.age" >"$work/part" 2>/dev/null
	ok "byte $at changed: we refuse" $? 1
	age -d -i "$work/id" -o "$work/out" "$work/bad.age" 2>/dev/null
	ok "byte $at changed: age refuses" $? 1
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 50 ]
