#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# Time-stamps of a session and of its package: asked for, stored, judged; authorities that are gone or
# lie cost the case nothing; certificates are judged at the token's time, revoked and expired ones too.
# usage: tests/e2e/test-time.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
# shellcheck source=tests/e2e/tsa.sh
. tests/e2e/tsa.sh
e2e_begin "$@"
trap 'tsa_end; rm -rf "$work"' EXIT
phone=$work/sd mandate=$work/m
phone_make "$phone"
mandate_make "$mandate"
tsa_begin "$mandate" "$work"
trust=$mandate/trust
export OPENSSL_CONF=/dev/null

verify() { # verify PACKAGE [options]: its exit status in $got, its words in $work/verify.out
	got=0
	"$build/keten-verify" "$@" >"$work/verify.out" 2>&1 || got=$?
}
# shellcheck disable=SC2317  # called by name
says() { grep -qF -- "$1" "$work/verify.out"; }
json_of() { # json_of PACKAGE EXPRESSION over r
	"$build/keten-verify" "$1" --trust "$trust" --json | python3 -c 'import json, sys
r = json.load(sys.stdin); print(eval(sys.argv[1]))' "$2"
}

# -- a session that is anchored on both sides ----------------------------------------------------
run_keten good -- --tsa "$tsa_url/refuses" --tsa "$tsa_url/good"
check "anchored: exit status" is "$status" 0
package=$(packages good | tail -n 1)
check "anchored: the opening is stamped" custody good time.stamped opening
check "anchored: the package is stamped" custody good time.stamped asice
verify "$package" --trust "$trust"
check "anchored: valid" is "$got" 0
check "anchored: the verifier says before when" says "level time: it was sealed before"
check "anchored: XAdES B-T" says "XAdES B-T"
check "anchored: JSON" is "$(json_of "$package" \
	'[r["levels"][k] for k in ("time", "open_time", "xades")] + [t["state"] for t in r["tokens"]]')" \
	"['anchored', 'anchored', 'B-T', 'believed', 'believed', 'believed']"
check "anchored: stock tools accept it" tests/e2e/stock-verify.sh "$package" "$trust"
mkdir "$work/no-tsa"
cp "$trust"/*.pem "$work/no-tsa/"
verify "$package" --trust "$work/no-tsa"
check "anchored, no anchors for time: undetermined" is "$got" 6
check "anchored, no anchors for time: says so" says "no anchors of time-stamp authorities were given"
verify "$package" --trust "$work/no-tsa" --tsa-trust "$trust/tsa"
check "anchored, anchors for time named apart" is "$got" 0
verify "$package" --trust "$trust" --tsa-trust "$trust"
check "anchored, signers' anchors are none for time" is "$got" 5

# -- authorities that fail cost the case nothing -------------------------------------------------
for way in operator nonce stranger expired refuses nobody; do
	run_keten "bad-$way" -- --tsa "$tsa_url/$way"
	check "$way: the job completes" is "$status" 0
	check "$way: the log says why" custody "bad-$way" time.unanchored opening
	package=$(packages "bad-$way" | tail -n 1)
	check "$way: nothing of it is in the package" is "$(unzip -Z1 "$package" | grep -c tst)" 0
	verify "$package" --trust "$trust"
	check "$way: valid, unanchored" is "$got" 0
	check "$way: unanchored is said" says "unanchored"
done

# -- a token later, in a package of its own ------------------------------------------------------
package=$(packages bad-nobody | tail -n 1)
later() { # later [options]: exit status in $got
	got=0
	"$build/keten" timestamp "$package" --operator "$mandate/operator.pem" --trust "$trust" --out "$work/later" "$@" \
		>"$work/later.out" 2>&1 || got=$?
}
later --tsa "$tsa_url/imprint"
check "later: an authority that lies" is "$got" 4
check "later: nothing is left of it" is "$(find "$work/later" -name '*.asice*' 2>/dev/null | wc -l)" 0
later
check "later: no authority" is "$got" 2
later --tsa "$tsa_url/good"
check "later: exit status" is "$got" 0
act=$(find "$work/later" -name '*-1-timestamp.asice')
verify "$act" --trust "$trust"
check "later: valid" is "$got" 0
check "later: says before when the other existed" says "the packages concerned existed before"
sum=$(sha256sum <"$package" | cut -c1-64)
unzip -p "$act" "data/attachments/$sum.tst" >"$work/later.tst"
check "later: openssl accepts it over the package" openssl ts -verify -token_in -in "$work/later.tst" -data "$package" \
	-CAfile "$trust/tsa/tsa-ca.pem"

# -- manipulated tokens --------------------------------------------------------------------------
package=$(packages good | tail -n 1)
KETEN_TSA=$tsa_url tests/e2e/tamper.sh "$build" "$package" "$trust" "$mandate" >"$work/tamper.out" 2>&1
check "each manipulation of an anchored package is rejected" is $? 0
cat "$work/tamper.out"

e2e_end
