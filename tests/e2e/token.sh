#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# A token in software for tests, as a card is: its own folder, one PIN, keys that don't leave it.
#   . tests/e2e/token.sh; token_begin FOLDER; token_put KEY.pem CERT.pem ID LABEL
# shellcheck disable=SC2034,SC2154  # read by, or set by, the tests that source this file
TOKEN_PIN=246813
for TOKEN_MODULE in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so; do
	[ ! -e "$TOKEN_MODULE" ] || break
done

token_begin() { # token_begin FOLDER: makes it the token of this shell and its children
	mkdir -p "$1/tokens"
	cat >"$1/softhsm2.conf" <<-EOF
		directories.tokendir = $1/tokens
		objectstore.backend = file
		log.level = ERROR
	EOF
	export SOFTHSM2_CONF=$1/softhsm2.conf
	softhsm2-util --init-token --free --label desk --pin "$TOKEN_PIN" --so-pin 13572468 >/dev/null
}

token_put() { # token_put KEY.pem CERT.pem ID LABEL
	openssl pkcs8 -topk8 -nocrypt -in "$1" -out "$1.p8" &&
		softhsm2-util --import "$1.p8" --token desk --pin "$TOKEN_PIN" --id "$3" --label "$4" >/dev/null &&
		openssl x509 -in "$2" -outform DER -out "$2.der" &&
		"$build/token-cert" "$TOKEN_MODULE" desk "$TOKEN_PIN" "$3" "$4" "$2.der"
}

token_uri() { # token_uri ID
	echo "pkcs11:token=desk;id=%$1?module-path=$TOKEN_MODULE"
}
