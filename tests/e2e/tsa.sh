#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# A time-stamp authority for a test, on a port of its own. It ends with the test.
#   . tests/e2e/tsa.sh; tsa_begin PKI FOLDER     then $tsa_url/good and the other ways of tests/tools/tsa
# shellcheck disable=SC2034  # read by the tests that source this file

tsa_begin() { # tsa_begin PKI FOLDER; PKI/stranger gets an authority that nobody knows
	local stranger i
	stranger=$(mktemp -d)
	sh tests/tools/new-mandate "$stranger" >/dev/null && mkdir -p "$1/stranger" &&
		cp "$stranger/tsa.key.pem" "$stranger/tsa.crt.pem" "$1/stranger/"
	rm -rf "$stranger"
	python3 tests/tools/tsa "$1" "$2/tsa.port" >"$2/tsa.log" 2>&1 &
	tsa_pid=$!
	for i in $(seq 500); do
		[ ! -s "$2/tsa.port" ] || break
		sleep 0.02
	done
	tsa_url=http://127.0.0.1:$(cat "$2/tsa.port")
}

tsa_end() {
	kill "$tsa_pid" 2>/dev/null
	wait "$tsa_pid" 2>/dev/null
}
