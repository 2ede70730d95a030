#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# verify.html in headless Chromium, from file://: its verdicts, and what it is beside them. Which
# manipulations it has to find is in tamper.sh, which has it judge all of them.
# usage: tests/e2e/test-verify-page.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$(cd "${1:?usage: $0 BUILD}" && pwd) || exit 2
for p in node npm chromium; do
	command -v "$p" >/dev/null || { echo "SKIP: $p is not installed"; exit 77; }
done
tests/web/ready "$build" || { echo "SKIP: make verify-page was not run on these sources"; exit 77; }
work=$(mktemp -d)
if [ "${KEEP:-0}" = 1 ]; then echo "work: $work"; else trap 'rm -rf "$work"' EXIT; fi

tests/tools/new-mandate "$work/m" --immediate >/dev/null || exit 2
mkdir "$work/out"
package=$("$build/make-package" "$work/m" "$work/case" "$work/out") || exit 2
truncate -s $((512 * 1024 * 1024 + 1)) "$work/big.asice"
status=0
node tests/web/page.mjs "$build/verify.html" "$work/m/trust" "$package" "$work/big.asice" ${PICTURES:+"$PICTURES"} || status=1

# the same page comes out again, so that its hash can be published and checked
page=$(sha256sum <"$build/verify.html")
cp -r "$build/web" "$work/web"
(cd "$work/web" && node build.mjs "$OLDPWD/web/src" "$work/again.html") || status=1
if [ "$page" = "$(sha256sum <"$work/again.html")" ]; then
	echo "ok    built again, the page is the same"
else
	echo "FAIL  built again, the page is another one"
	status=1
fi
if grep -q '"resolved"' web/package-lock.json; then
	echo "FAIL  web/package-lock.json names a registry"
	status=1
fi
exit $status
