#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# A package that the whole job made: the reviewer's steps with stock tools accept it, and every kind
# of manipulation is rejected, by exit status.
# usage: tests/e2e/test-package.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
e2e_begin "$@"
phone=$work/sd mandate=$work/m
phone_make "$phone"
mandate_make "$mandate"

run_keten one
check "run: exit status" is "$status" 0
package=$(packages one | tail -n 1)
check "keten-verify accepts it" "$build/keten-verify" "$package" --trust "$mandate/trust"
mkdir "$work/empty"
"$build/keten-verify" "$package" --trust "$work/empty" >"$work/verify.out" 2>&1
check "without a trust anchor: undetermined" is $? 6
check "stock tools accept it" tests/e2e/stock-verify.sh "$package" "$mandate/trust"
tests/e2e/tamper.sh "$build" "$package" "$mandate/trust" "$mandate" >"$work/tamper.out" 2>&1
check "each manipulation is rejected" is $? 0
cat "$work/tamper.out"
e2e_end
