#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The whole job with the operator's key on a card: the PIN is asked for through pinentry and stands nowhere;
# a card that is not there stops the case before the phone is spoken to; the same command goes on with it.
# usage: tests/e2e/test-card.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
# shellcheck source=tests/e2e/token.sh
. tests/e2e/token.sh
command -v softhsm2-util >/dev/null || { echo "SKIP: softhsm2 is not installed"; exit 77; }
e2e_begin "$@"
phone=$work/sd mandate=$work/m
phone_make "$phone"
mandate_make "$mandate"
token_begin "$work/token" || exit 2
openssl x509 -in "$mandate/operator.pem" -out "$work/operator.crt"
openssl pkey -in "$mandate/operator.pem" -out "$work/operator.key"
token_put "$work/operator.key" "$work/operator.crt" 01 operator || exit 2
# the key is on the card alone from here on
rm "$work/operator.key" "$work/operator.key.p8"
cp "$mandate/operator.pem" "$work/kept.pem"
cat >"$work/pinentry" <<EOF
#!/bin/sh
echo "asked" >>"$work/asked"
echo "OK ready"
while read -r word rest; do
	case \$word in
	GETPIN) echo "D \$(cat "$work/pin")"; echo OK ;;
	BYE) exit 0 ;;
	*) echo OK ;;
	esac
done
EOF
chmod +x "$work/pinentry"

with_card() { # with_card NAME URI
	keten_args "$1"
	args=("${args[@]/"$mandate/operator.pem"/"$2"}")
	in_sim "$1" -- "$build/keten" "${args[@]}" --pinentry "$work/pinentry"
}

echo "$TOKEN_PIN" >"$work/pin"
with_card lost "$(token_uri 01 | sed s/token=desk/token=gone/)"
check "no card: refused" is "$status" 2
check "no card: the phone was not spoken to" test ! -s "$work/lost/case/custody.jsonl"
echo 000000 >"$work/pin"
with_card card "$(token_uri 01)"
check "a wrong PIN: stops" is "$status" 2
echo "$TOKEN_PIN" >"$work/pin"
: >"$work/asked"
with_card card "$(token_uri 01)"
check "the same command goes on and completes" is "$status" 0
package=$(packages card | tail -n 1)
check "the package verifies" "$build/keten-verify" "$package" --trust "$mandate/trust"
check "stock tools accept it" tests/e2e/stock-verify.sh "$package" "$mandate/trust"
check "the PIN was asked for through pinentry" test -s "$work/asked"
rm "$work/pin"
# shellcheck disable=SC2016  # expanded by the inner shell
check "the PIN stands nowhere" sh -c '! grep -rlF "$1" "$2" "$3"' sh "$TOKEN_PIN" "$work/card/case" "$work/card/out"
e2e_end
