#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The exit status of keten says what to do next (docs/user/keten.md): each by a real command, on what people hand
# over, on a case and a package that do not hold, and on an output that can't be written. Errors are JSON where that
# was asked for, a wrong call gets the usage that help shows.
# usage: tests/e2e/test-exit.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
build=$(cd "${1:?usage: $0 BUILD}" && pwd) || exit 2
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export KETEN_REGISTER=$work/register.sqlite
mandate=$work/m

# ends STATUS TEXT COMMAND [OPTION...]: keten ends with it, and says TEXT; what it printed is in out and err
ends() {
	local want=$1 text=$2
	shift 2
	"$build/keten" "$@" >"$work/out" 2>"$work/err" </dev/null
	check "$*: $want" is $? "$want"
	check "$*: says $text" grep -qF -- "$text" "$work/out" "$work/err"
}

# -- a wrong call
for c in act expire log parsers redact release show stats verify 'mandate check' 'verify --reproduce' \
	'mandate nothing' 'parsers --try' 'devices --wait x' 'run --nothing'; do
	read -ra words <<<"$c"
	if [ "$c" = parsers ]; then words+=(--count); fi
	ends 2 "usage: keten ${words[0]} " "${words[@]}"
	check "$c: the usage is that of its help" is "$(sed -n 's/^usage: //p' "$work/err")" \
		"$("$build/keten" "${words[0]}" --help | head -n 1)"
	ends 2 '"exit":2' "${words[@]}" --progress=json
	check "$c: JSON for programs" is "$(json "$work/err" 'd["schema"], d["exit"], d["error"]')" \
		"('keten-error-1', 2, 'usage')"
done
ends 2 'there is no command "nothing"' nothing
ends 2 '"exit":2' nothing --progress=json
ends 2 'there is no parser "nothing"' parsers nothing
ends 2 'name the parser before the file' parsers --try "$build/keten"

# -- an output that can't be written
for c in --version help 'verify --help' 'mandate template' parsers 'parsers --json' 'parsers tracks' 'parsers tracks --json' \
	'information --json' 'cases /nonexistent --json' 'station --json'; do
	read -ra words <<<"$c"
	"$build/keten" "${words[@]}" >/dev/full 2>"$work/err"
	check "$c: a full disk" is $? 7
	check "$c: says so" grep -qF 'standard output: No space left on device' "$work/err"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
