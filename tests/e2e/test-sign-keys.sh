#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# keten-sign with every kind of key, from files and from a token: what it signs openssl verifies, what
# openssl envelopes it opens, and what does not fit it refuses without asking for a PIN.
# usage: tests/e2e/test-sign-keys.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$(cd "${1:?usage: $0 BUILD}" && pwd) || exit 2
command -v softhsm2-util >/dev/null || { echo "SKIP: softhsm2 is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/e2e/token.sh
. tests/e2e/token.sh
export OPENSSL_CONF=/dev/null
passed=0 failed=0
sign=$build/keten-sign

expect() { # expect WHAT STATUS COMMAND...
	local what=$1 want=$2 got=0
	shift 2
	"$@" >"$work/out" 2>"$work/err" || got=$?
	if [ "$got" -eq "$want" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL  $what: exit status $got, not $want"
		tail -n 3 "$work/err"
	fi
}
check() { # check WHAT COMMAND...: what the last command gave stays as it is
	local what=$1
	shift
	if "$@" >"$work/check" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL  $what"
		tail -n 3 "$work/check"
	fi
}
says() { # says WHAT TEXT: in what the last command said
	check "$1" grep -q -- "$2" "$work/err"
}
make_key() { # make_key NAME [openssl req options]
	local name=$1
	shift
	openssl req -x509 -nodes -days 10 -subj "/O=Demo Intake Desk/CN=Demo $name" -keyout "$work/$name.key" -out "$work/$name.crt" \
		-addext keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment,keyAgreement "$@" 2>/dev/null
	cat "$work/$name.key" "$work/$name.crt" >"$work/$name.pem"
}
verify_cms() { # verify_cms NAME
	openssl cms -verify -cades -binary -inform DER -in "$work/s.p7s" -content "$work/content" -purpose any \
		-CAfile "$work/$1.crt" -no-CApath -no-CAstore -out /dev/null
}
attrs() { # attrs WORD COUNT: how often an attribute or algorithm stands in the signature
	[ "$(openssl cms -cmsout -print -inform DER -in "$work/s.p7s" | grep -c "$1")" -eq "$2" ]
}
with_pin() { # with_pin PIN COMMAND...
	local pin=$1
	shift
	"$@" --pin-fd 9 9<<<"$pin"
}

make_key ec -newkey ec -pkeyopt ec_paramgen_curve:P-256
make_key ec384 -newkey ec -pkeyopt ec_paramgen_curve:P-384
make_key rsa -newkey rsa:2048
make_key pss -newkey rsa-pss -pkeyopt rsa_keygen_bits:2048
make_key other -newkey ec -pkeyopt ec_paramgen_curve:P-256
printf 'Signed by a test.\r\n\n' >"$work/content"
openssl dgst -sha256 -binary -out "$work/digest" "$work/content"
token_begin "$work/token" || { echo "FAIL  no token"; exit 1; }
n=0
for name in ec ec384 rsa; do
	n=$((n + 1))
	token_put "$work/$name.key" "$work/$name.crt" "0$n" "$name" || { echo "FAIL  token: $name"; exit 1; }
done

# one_key NAME KEY CERTIFICATE-NAME
one_key() {
	local what=$1 key=$2 name=$3 option
	for option in "" --pades --pss; do
		expect "$what: signs $option" 0 with_pin "$TOKEN_PIN" "$sign" sign --key "$key" ${option:+"$option"} <"$work/content"
		mv "$work/out" "$work/s.p7s"
		check "$what: openssl verifies it $option" verify_cms "$name"
		if [ "$option" = --pades ]; then
			check "$what: no signing time" attrs signingTime 0
		else
			check "$what: a signing time" attrs signingTime 1
		fi
		check "$what: names its certificate" attrs id-smime-aa-signingCertificateV2 1
	done
	case $name in rsa) check "$what: --pss is PSS" attrs rsassaPss 1 ;; esac
	expect "$what: signs a digest" 0 with_pin "$TOKEN_PIN" "$sign" digest --key "$key" <"$work/digest"
	case $name in
	rsa)
		cp "$work/out" "$work/raw"
		openssl x509 -in "$work/rsa.crt" -noout -pubkey >"$work/pub"
		check "$what: openssl verifies it" openssl dgst -sha256 -verify "$work/pub" -signature "$work/raw" "$work/content"
		;;
	ec) check "$what: r and s" test "$(stat -c %s "$work/out")" -eq 64 ;;
	ec384) check "$what: r and s" test "$(stat -c %s "$work/out")" -eq 96 ;;
	esac
}
opens() { # opens WHAT KEY NAME [openssl cms option...]
	local what=$1 key=$2 name=$3
	shift 3
	openssl cms -encrypt -aes-256-gcm -binary -outform DER -in "$work/content" -out "$work/env" -recip "$work/other.crt" \
		-recip "$work/$name.crt" "$@" 2>/dev/null
	expect "$what: opens an envelope $*" 0 with_pin "$TOKEN_PIN" "$sign" decrypt --key "$key" <"$work/env"
	check "$what: with what was put in" cmp "$work/out" "$work/content"
	cp "$work/env" "$work/bad"
	python3 -c 'import sys; d = bytearray(open(sys.argv[1], "rb").read()); d[-20] ^= 1; open(sys.argv[1], "wb").write(d)' "$work/bad"
	expect "$what: a changed one" 5 with_pin "$TOKEN_PIN" "$sign" decrypt --key "$key" <"$work/bad"
	check "$what: gives nothing of a changed one" test ! -s "$work/out"
}

one_key "file ec" "$work/ec.pem" ec
one_key "file ec384" "$work/ec384.pem" ec384
one_key "file rsa" "$work/rsa.pem" rsa
one_key "file rsa-pss" "$work/pss.pem" pss
one_key "card ec" "$(token_uri 01)" ec
one_key "card ec384" "$(token_uri 02)" ec384
one_key "card rsa" "$(token_uri 03)" rsa
opens "file ec" "$work/ec.pem" ec
opens "file rsa" "$work/rsa.pem" rsa
opens "file rsa" "$work/rsa.pem" rsa -keyopt rsa_padding_mode:oaep
opens "card ec" "$(token_uri 01)" ec
opens "card ec384" "$(token_uri 02)" ec384
opens "card rsa" "$(token_uri 03)" rsa
opens "card rsa" "$(token_uri 03)" rsa -keyopt rsa_padding_mode:oaep

# -- what does not fit --------------------------------------------------------------------------
openssl cms -encrypt -aes-256-gcm -binary -outform DER -in "$work/content" -out "$work/env" "$work/other.crt"
expect "an envelope for others" 3 "$sign" decrypt --key "$(token_uri 01)" <"$work/env"
says "an envelope for others: no PIN is asked for" "made for others"
openssl cms -encrypt -aes-256-cbc -binary -outform DER -in "$work/content" -out "$work/env" "$work/ec.crt"
expect "an envelope without authentication" 5 "$sign" decrypt --key "$work/ec.pem" <"$work/env"
expect "no envelope at all" 5 "$sign" decrypt --key "$work/ec.pem" <"$work/content"
expect "the certificate of a card needs no PIN" 0 "$sign" cert --key "$(token_uri 01)"
cp "$work/out" "$work/cert.pem"
check "and is the right one" cmp "$work/cert.pem" "$work/ec.crt"
expect "a wrong PIN" 2 with_pin 000000 "$sign" sign --key "$(token_uri 01)" <"$work/content"
says "a wrong PIN: is said" "not the PIN"
expect "another card" 2 "$sign" sign --key "pkcs11:token=lost?module-path=$TOKEN_MODULE" <"$work/content"
expect "a key that is not there" 2 "$sign" sign --key "$(token_uri 09)" <"$work/content"
expect "several keys" 2 "$sign" sign --key "pkcs11:token=desk?module-path=$TOKEN_MODULE" <"$work/content"
expect "a PIN in the URI" 2 "$sign" sign --key "$(token_uri 01)&pin-value=$TOKEN_PIN" <"$work/content"
expect "a part of a URI that would be ignored" 2 "$sign" sign --key "pkcs11:token=desk;slot-id=7?module-path=$TOKEN_MODULE" <"$work/content"
expect "a module that is none" 2 "$sign" sign --key "pkcs11:token=desk?module-path=$work/content" <"$work/content"
expect "a certificate beside the card" 0 with_pin "$TOKEN_PIN" "$sign" sign --key "$(token_uri 01)" --cert "$work/ec.crt" <"$work/content"
expect "another's certificate beside the card" 8 with_pin "$TOKEN_PIN" "$sign" sign --key "$(token_uri 01)" --cert "$work/other.crt" <"$work/content"
expect "a digest that is none" 2 "$sign" digest --key "$work/ec.pem" <"$work/content"
expect "no terminal, no PIN" 2 setsid "$sign" sign --key "$(token_uri 01)" <"$work/content"

# -- where a PIN comes from ---------------------------------------------------------------------
cat >"$work/pinentry" <<EOF
#!/bin/sh
echo "OK Pleased to meet you"
while read -r word rest; do
	case \$word in
	SETDESC) echo "\$rest" >>"$work/desc"; echo OK ;;
	GETPIN) echo "D %3246813" | sed 's/%32/%32/'; echo OK ;;
	BYE) exit 0 ;;
	*) echo OK ;;
	esac
done
EOF
chmod +x "$work/pinentry"
expect "PIN by pinentry" 0 "$sign" sign --key "$(token_uri 01)" --pinentry "$work/pinentry" <"$work/content"
check "pinentry is told which card" grep -q 'card "desk"' "$work/desc"
printf '#!/bin/sh\necho OK\nread -r x; echo "ERR 83886179 cancelled"\n' >"$work/cancel"
chmod +x "$work/cancel"
expect "cancelled in pinentry" 2 "$sign" sign --key "$(token_uri 01)" --pinentry "$work/cancel" <"$work/content"
openssl pkcs8 -topk8 -in "$work/ec.key" -out "$work/locked" -passout pass:sesame
cat "$work/ec.crt" >>"$work/locked"
expect "a file with a passphrase" 0 with_pin sesame "$sign" sign --key "$work/locked" <"$work/content"
expect "a wrong passphrase" 2 with_pin sesam "$sign" sign --key "$work/locked" <"$work/content"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
