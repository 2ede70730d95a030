#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# `keten mandate check` on good mandates and on one mandate per defect: exit status and defect name.
# Every defect is one sed command on a good mandate, signed again; a command that changes nothing
# fails the case. Sessions that are used up need a register and are proved in tests/unit.
set -u

[ $# -eq 1 ] || { echo "usage: $0 BUILD_DIR" >&2; exit 2; }
build=$1
here=$(dirname "$0")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
OPENSSL_CONF=/dev/null
export OPENSSL_CONF

pki=$tmp/pki
make() {
	"$here/../tools/new-mandate" "$@" >"$tmp/made" || { cat "$tmp/made"; exit 1; }
}
make "$pki" --device SERIAL-1 --scope media-exif,google-timeline --from 2026-01-01 --to 2026-02-01 \
	--max-bytes 65536 --immediate
make "$tmp/rogue" --device SERIAL-1
make "$tmp/rsa" --rsa
good=$pki/mandate.json

ok() {
	passed=$((passed + 1))
	echo "ok   $1"
}

bad() {
	failed=$((failed + 1))
	echo "FAIL $1"
	sed 's/^/     /' "$tmp/out" "$tmp/err"
}

# check FILE [options]: exit status in $status
trust=$pki/trust
check() {
	file=$1
	shift
	"$build/keten" mandate check "$file" --trust "$trust" "$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
}

accept() { # accept WHAT FILE [options]
	what=$1
	shift
	check "$@"
	if [ "$status" -eq 0 ] && [ -s "$tmp/out" ]; then ok "$what"; else bad "$what: exit $status"; fi
}

refuse() { # refuse DEFECT WHAT FILE [options]
	defect=$1 what=$2
	shift 2
	check "$@"
	if [ "$status" -eq 3 ] && grep -q "^refused: $defect: " "$tmp/err" &&
		[ "$(grep -c '^refused: ' "$tmp/err")" -eq 1 ]; then
		ok "$defect ($what)"
	else
		bad "$defect ($what): exit $status"
	fi
}

sign() { # sign FILE PEM [options of openssl cms]
	file=$1 pem=$2
	shift 2
	openssl cms -sign -binary -md sha256 -outform DER -signer "$pem" -in "$file" -out "$file.p7s" "$@"
}

n=0
defect() { # defect NAME WHAT SED-COMMAND
	n=$((n + 1))
	mkdir "$tmp/$n"
	sed "$3" "$good" >"$tmp/$n/mandate.json"
	if cmp -s "$good" "$tmp/$n/mandate.json"; then
		: >"$tmp/out"
		: >"$tmp/err"
		bad "$1 ($2): the edit changes nothing"
		return
	fi
	sign "$tmp/$n/mandate.json" "$pki/authoriser.pem" -cades
	refuse "$1" "$2" "$tmp/$n/mandate.json" --operator "$pki/operator.pem" --device SERIAL-1
}

utc() {
	date -u -d "$1" +%Y-%m-%dT%H:%M:%SZ
}

# -- good ones
accept "good, with operator and device" "$good" --operator "$pki/operator.pem" --device SERIAL-1
accept "good, alone" "$good"
mkdir "$tmp/plain" "$tmp/edited"
cp "$good" "$tmp/plain"
sign "$tmp/plain/mandate.json" "$pki/authoriser.pem"
accept "good, signed by plain openssl cms without -cades" "$tmp/plain/mandate.json"
sed 's/"case_ref": "[^"]*"/"case_ref": "OTHER"/' "$good" >"$tmp/edited/mandate.json"
sign "$tmp/edited/mandate.json" "$pki/authoriser.pem" -cades
accept "good, edited and signed again" "$tmp/edited/mandate.json"
trust=$tmp/rsa/trust
accept "good, RSA PKCS#1" "$tmp/rsa/mandate.json"
sign "$tmp/rsa/mandate.json" "$tmp/rsa/authoriser.pem" -keyopt rsa_padding_mode:pss
accept "good, RSA PSS" "$tmp/rsa/mandate.json"
trust=$pki/trust

# -- bytes and structure
defect not-json "last brace cut" "\$d"
defect duplicate-key "mode twice" 's/"mode": "consent"/"mode": "consent", "mode": "order"/'
defect unknown-format "a later format" 's/keten-mandate-1/keten-mandate-2/'
defect unknown-member "at the top" 's/"mode"/"extra": 1, "mode"/'
defect unknown-member "in a scope row" 's/"undated"/"everything": true, "undated"/'
defect unknown-member "in device" 's/"kind": "android"/"kind": "android", "imei": "1"/'
defect missing-member "no issuer" '/"issuer"/d'
defect wrong-type "max_sessions as text" 's/"max_sessions": 5/"max_sessions": "5"/'
defect bad-text "empty operator_role" 's/"Demo intake officer"/""/'
defect placeholder "one left" 's/"Demo intake officer"/"<who may operate>"/'
defect bad-id "a path as id" 's/"mandate_id": "[^"]*"/"mandate_id": "..\/x"/'
defect bad-value "unknown purpose" 's/"claim-examination"/"curiosity"/'
defect bad-number "21 sessions" 's/"max_sessions": 5/"max_sessions": 21/'
defect bad-time "no zone" 's/\("not_after": "[^"]*\)Z"/\1"/'

# -- reasons
defect no-legal-basis "empty code" 's/"DEMO-1"/""/'
defect no-legal-basis "missing" '/"legal_basis"/d'
defect no-necessity "missing" '/"necessity"/,/^  },/d'
defect no-necessity "empty question" 's/"question": "[^"]*"/"question": ""/'
defect no-necessity "no means" '/"means":/d'
defect no-necessity "empty proportionality" 's/"proportionality": "[^"]*"/"proportionality": " "/'

# -- scope
defect scope-empty "no rows" '/"scope": \[/,/^  \],/c\  "scope": [],'
defect scope-empty "missing" '/"scope": \[/,/^  \],/d'
defect scope-duplicate "source twice" 's/"source": "google-timeline"/"source": "media-exif"/'
defect scope-duplicate "id twice" 's/"id": "google-timeline"/"id": "media-exif"/'
defect unknown-source "messages" 's/"source": "google-timeline"/"source": "messages"/'
defect fields-empty "none" 's/"fields": \[[^]]*\]/"fields": []/'
defect unknown-field "contents" 's/"fields": \["time"/"fields": ["time", "contents"/'
defect empty-window "inverted" 's/"from": "2026-01-01"/"from": "2026-03-01"/'
defect empty-window "equal" 's/"from": "2026-01-01"/"from": "2026-02-01"/'
defect empty-window "empty" 's/"to": "2026-02-01"/"to": ""/'
defect exclusion-missing "contacts" 's/"contacts", //'
defect exclusion-contradicts "media-exif" 's/"cloud"\]/"cloud", "media-exif"]/'

# -- person and time
defect minor-without-representative "minor" 's/"minor": false/"minor": true/'
defect validity-too-long "15 days" "s/\"not_after\": \"[^\"]*\"/\"not_after\": \"$(utc '15 days')\"/"
defect validity-empty "ends as it begins" \
	"s/\"not_after\": \"[^\"]*\"/\"not_after\": \"$(utc '1 hour ago')\"/"
defect issued-after-end "issued next year" \
	"s/\"issued_at\": \"[^\"]*\"/\"issued_at\": \"$(utc '300 days')\"/"
defect expired "yesterday" "s/\"not_before\": \"[^\"]*\"/\"not_before\": \"$(utc '3 days ago')\"/
	s/\"not_after\": \"[^\"]*\"/\"not_after\": \"$(utc '1 day ago')\"/
	s/\"issued_at\": \"[^\"]*\"/\"issued_at\": \"$(utc '3 days ago')\"/"
defect not-yet-valid "tomorrow" "s/\"not_before\": \"[^\"]*\"/\"not_before\": \"$(utc '1 day')\"/"

# -- phone
defect wrong-device "another serial" 's/"SERIAL-1"/"SERIAL-2"/'
refuse wrong-device "asked for another serial" "$good" --device SERIAL-9
defect wrong-device "an iPhone" 's/"kind": "android"/"kind": "ios"/'

# -- signature and people
mkdir "$tmp/nosig" "$tmp/changed" "$tmp/cut" "$tmp/byoper" "$tmp/noauth" "$tmp/sha1" "$tmp/noattr" \
	"$tmp/two" "$tmp/usage"
cp "$good" "$tmp/nosig"
refuse signature-missing "no file" "$tmp/nosig/mandate.json"
cp "$good" "$good.p7s" "$tmp/changed"
echo >>"$tmp/changed/mandate.json"
refuse signature-invalid "one byte more" "$tmp/changed/mandate.json"
cp "$good" "$tmp/cut"
head -c 100 "$good.p7s" >"$tmp/cut/mandate.json.p7s"
refuse signature-invalid "signature file cut" "$tmp/cut/mandate.json"
cp "$good" "$tmp/sha1"
sign "$tmp/sha1/mandate.json" "$pki/authoriser.pem" -md sha1
refuse signature-invalid "SHA-1" "$tmp/sha1/mandate.json"
cp "$good" "$tmp/noattr"
sign "$tmp/noattr/mandate.json" "$pki/authoriser.pem" -noattr
refuse signature-invalid "no signed attributes" "$tmp/noattr/mandate.json"
cp "$good" "$tmp/two"
sign "$tmp/two/mandate.json" "$pki/authoriser.pem" -signer "$pki/operator.pem"
refuse signature-invalid "two signers" "$tmp/two/mandate.json"
refuse signer-not-trusted "authoriser of another CA" "$tmp/rogue/mandate.json"
cp "$good" "$tmp/byoper"
sign "$tmp/byoper/mandate.json" "$pki/operator.pem" -cades
refuse signer-is-operator "signed by the operator" "$tmp/byoper/mandate.json" \
	--operator "$pki/operator.pem"
refuse signer-not-authoriser "signed without the policy" "$tmp/byoper/mandate.json"
refuse signer-is-operator "the authoriser operates" "$good" --operator "$pki/authoriser.pem"
refuse operator-not-trusted "operator of another CA" "$good" --operator "$tmp/rogue/operator.pem"

# issue NAME OPENSSL-EXTENSION...: one more certificate under the demo CA
issue() {
	name=$1
	shift
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 30 \
		-config "$tmp/req.cnf" -subj "/CN=$name" -keyout "$tmp/$name.key" -out "$tmp/$name.crt" \
		-CA "$pki/trust/ca.pem" -CAkey "$pki/ca.key.pem" "$@" 2>"$tmp/err" || cat "$tmp/err"
	cat "$tmp/$name.key" "$tmp/$name.crt" >"$tmp/$name.pem"
}
printf '[req]\ndistinguished_name=dn\n[dn]\n' >"$tmp/req.cnf"
policy=certificatePolicies=2.25.201674894613471264218302757137361034881.1
issue second -addext "$policy"
refuse operator-is-authoriser "another authoriser operates" "$good" --operator "$tmp/second.pem"
issue enc -addext "$policy" -addext keyUsage=critical,keyEncipherment
cp "$good" "$tmp/usage"
sign "$tmp/usage/mandate.json" "$tmp/enc.pem" -cades
refuse signer-key-usage "a certificate for encryption" "$tmp/usage/mandate.json"
issue openc -addext keyUsage=critical,keyEncipherment
refuse operator-key-usage "an operator's certificate for encryption" "$good" --operator "$tmp/openc.pem"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
