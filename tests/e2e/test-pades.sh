#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# The report as a signed PDF: pdfsig calls the signature valid, trusted and over the whole document, with
# every kind of key; one changed byte is a digest mismatch; qpdf finds nothing wrong.
# usage: tests/e2e/test-pades.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=tests/e2e/lib.sh
. tests/e2e/lib.sh
# shellcheck source=tests/e2e/tsa.sh
. tests/e2e/tsa.sh
for p in pdfsig qpdf certutil; do
	command -v "$p" >/dev/null || { echo "SKIP: $p is not installed"; exit 77; }
done
e2e_begin "$@"
trap 'tsa_end; rm -rf "$work"' EXIT
phone=$work/sd
phone_make "$phone"
export OPENSSL_CONF=/dev/null

pdf_trust() { # pdf_trust PKI: an NSS store with its CA
	mkdir -p "$1/nss"
	certutil -N -d "sql:$1/nss" --empty-password &&
		certutil -A -d "sql:$1/nss" -n ca -t CT,C,C -i "$1/trust/ca.pem"
}
# shellcheck disable=SC2317  # called by name
pdf_says() { # pdf_says FILE TEXT...: all of these stand in what pdfsig says
	local file=$1 text
	shift
	LC_ALL=C pdfsig -nssdir "sql:$mandate/nss" "$file" >"$work/pdfsig.out" 2>&1
	for text in "$@"; do
		grep -qF -- "$text" "$work/pdfsig.out" || { echo "not said: $text"; cat "$work/pdfsig.out"; return 1; }
	done
}
cms_of() { # cms_of PDF OUT: the signature that stands in it
	python3 -c 'import re, sys
d = open(sys.argv[1], "rb").read()
h = bytes.fromhex(re.search(rb"/Contents <([0-9a-f]+)>", d)[1].decode())
n = 4 + int.from_bytes(h[2:4], "big")
open(sys.argv[2], "wb").write(h[:n])' "$1" "$2"
}
# shellcheck disable=SC2317  # called by name
has_attribute() { # has_attribute FILE WORD COUNT
	is "$(openssl cms -cmsout -print -inform DER -in "$1" | grep -c "$2")" "$3"
}

for key in ec rsa; do
	mandate=$work/$key
	if [ "$key" = rsa ]; then mandate_make "$mandate" --rsa; else mandate_make "$mandate"; fi
	pdf_trust "$mandate" || exit 2
	[ -n "${tsa_url:-}" ] || tsa_begin "$mandate" "$work"
	run_keten "$key"
	check "$key: exit status" is "$status" 0
	x=$work/$key.x
	mkdir "$x"
	unzip -q "$(packages "$key" | tail -n 1)" -d "$x"
	for pdf in report.pdf report.nl.pdf; do
		file=$x/report/$pdf
		check "$key $pdf: pdfsig" pdf_says "$file" "Signature Validation: Signature is Valid." \
			"Certificate Validation: Certificate is Trusted." "Total document signed" "Demo Operator" "ETSI.CAdES.detached"
		check "$key $pdf: qpdf" qpdf --check "$file"
	done
	cms_of "$x/report/report.pdf" "$work/p7s"
	check "$key: no signing time" has_attribute "$work/p7s" signingTime 0
	check "$key: names its certificate" has_attribute "$work/p7s" id-smime-aa-signingCertificateV2 1
	check "$key: B-B has no token" has_attribute "$work/p7s" id-smime-aa-timeStampToken 0
	# one byte at many places: never valid, and of what is signed always a mismatch
	check "$key: one changed byte" python3 - "$x/report/report.pdf" "$work/bad.pdf" "$mandate/nss" <<'EOF'
import os, re, subprocess, sys
src, out, nss = sys.argv[1:]
d = open(src, "rb").read()
a, b, c, e = map(int, re.search(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]", d).groups())
assert a == 0 and c + e == len(d), "the range is not the whole file"
mismatch = 0
streams = [m.end() for m in re.finditer(rb"stream\n", d[:b])][:3]
for at in streams + [c + 3 + (e // 2)]:
    bad = bytearray(d)
    bad[at + 5] ^= 1
    open(out, "wb").write(bad)
    said = subprocess.run(["pdfsig", "-nssdir", "sql:" + nss, out], capture_output=True, text=True, env=dict(os.environ, LC_ALL="C")).stdout
    assert "Signature is Valid" not in said, f"byte {at}: {said}"
    mismatch += "Digest Mismatch" in said
assert mismatch >= 3, f"{mismatch} of {len(streams) + 1} are a digest mismatch"
EOF
done

# -- with a time-stamp: B-T ----------------------------------------------------------------------
mandate=$work/ec
run_keten stamped -- --tsa "$tsa_url/good"
check "B-T: exit status" is "$status" 0
file=$work/stamped/case/report/report.pdf
check "B-T: pdfsig" pdf_says "$file" "Signature is Valid" "Certificate is Trusted" "Total document signed"
cms_of "$file" "$work/p7s"
check "B-T: a token is in it" has_attribute "$work/p7s" id-smime-aa-timeStampToken 1
# packed again: it keeps the signature that it has
cp "$file" "$work/before.pdf"
in_sim again -- "$build/keten" seal --case "$work/stamped/case" --trust "$mandate/trust" --operator "$mandate/operator.pem" \
	--out "$work/stamped/out"
check "packed again: exit status" is "$status" 0
check "packed again: not signed a second time" cmp "$file" "$work/before.pdf"

e2e_end
