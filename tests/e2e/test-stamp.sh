#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# keten-sign and time-stamp authorities: tokens that openssl accepts, and every way in which an
# authority can be wrong, slow or hostile, told apart by its reason.
# usage: tests/e2e/test-stamp.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$(cd "${1:?usage: $0 BUILD}" && pwd) || exit 2
work=$(mktemp -d)
# shellcheck source=tests/e2e/tsa.sh
. tests/e2e/tsa.sh
trap 'tsa_end; rm -rf "$work"' EXIT
passed=0 failed=0
sh tests/tools/new-mandate "$work/m" >/dev/null || exit 2
tsa_begin "$work/m" "$work"
trust=$work/m/trust/tsa
echo "sealed content" >"$work/content"

ok() { passed=$((passed + 1)); }
bad() {
	failed=$((failed + 1))
	echo "FAIL  $1"
	tail -n 3 "$work/err"
}
stamp() { # stamp STATUS WAY... : asks these in turn
	local want=$1 got=0 way args=() deadline=60
	shift
	for way in "$@"; do
		case $way in slow | drip) deadline=1 ;; esac # those never answer in full
		case $way in *:*) args+=(--tsa "$way") ;; *) args+=(--tsa "$tsa_url/$way") ;; esac
	done
	"$build/keten-sign" stamp "${args[@]}" --tsa-trust "$trust" --deadline "$deadline" <"$work/content" >"$work/token" 2>"$work/err" || got=$?
	if [ "$got" -eq "$want" ]; then ok; else bad "$*: exit status $got, not $want"; fi
}
refused() { # refused WAY REASON
	stamp 4 "$1"
	if [ ! -s "$work/token" ]; then ok; else bad "$1: gave a token out"; fi
	if grep -q -- "$2" "$work/err"; then ok; else bad "$1: does not say \"$2\""; fi
	if LC_ALL=C grep -q "$(printf '\033')" "$work/err"; then bad "$1: the authority writes on the screen"; else ok; fi
}
accepted() { # accepted WHAT
	if openssl ts -verify -data "$work/content" -in "$work/token" -token_in -CAfile "$trust/tsa-ca.pem" >"$work/err" 2>&1; then
		ok
	else
		bad "$1: openssl does not accept it"
	fi
}

stamp 0 good
accepted good
stamp 0 http://127.0.0.1:1/nobody error operator good
accepted "the fourth authority"
stamp 0 replay
refused replay "another question"
refused refuses "refuses (status 2)"
refused junk "no time-stamp reply"
refused trailing "no time-stamp reply"
refused imprint "over other bytes"
refused nonce "another question"
refused no-nonce "another question"
refused expired "not valid at the time"
refused operator "not for time-stamps"
refused stranger "not among those whose time is believed"
refused flipped "signature does not hold"
refused huge "longer than any token"
refused redirect "points elsewhere"
refused error "HTTP status 500"
refused html "no time-stamp reply"
refused slow "within the deadline"
refused drip "within the deadline"
refused http://127.0.0.1:1/ "connect"
stamp 2 ftp://127.0.0.1/
stamp 2 http://user:word@127.0.0.1/
trust=$work/nowhere stamp 2 good

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
