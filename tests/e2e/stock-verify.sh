#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# stock-verify.sh PACKAGE TRUSTDIR: runs the reviewer's steps exactly as docs/user/verify-without-keten.md
# prints them. Exit status: 0 every step passed, 5 a step failed, 2 it could not be tried.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
page=$here/../../docs/user/verify-without-keten.md
if [ $# -ne 2 ] || [ ! -e "$1" ] || [ ! -d "$2" ] || [ ! -r "$page" ]; then
	echo "usage: stock-verify.sh PACKAGE TRUSTDIR" >&2
	exit 2
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$page" >"$tmp/steps.sh"
echo "echo done >'$tmp/done'" >>"$tmp/steps.sh"
[ "$(grep -c '^echo "ok:' "$tmp/steps.sh")" -eq 13 ] || {
	echo "stock-verify.sh: the page has not the steps that are expected" >&2
	exit 2
}

# the page's own folder goes along with ours; a step that ends early must not count as passed
status=0
env -i PATH="$PATH" HOME="$tmp" TMPDIR="$tmp" PACKAGE="$1" TRUST="$2" \
	sh "$tmp/steps.sh" || status=$?
[ "$status" -eq 0 ] && [ -e "$tmp/done" ] || exit 5
