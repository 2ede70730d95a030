#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# Settings of a station: a wrong line is named with its number and a remedy, and closes what it may forbid; roles
# follow the groups of the account. Needs no screen; the window itself is tried in tests/ui/kiosk.py.
#
# usage: tests/e2e/test-settings.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:?usage: $0 BUILD}
build=$(cd "$build" && pwd) || exit 2
passed=0 failed=0 skipped=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
conf=$work/desktop.conf

says() { # says WANT [COMMAND...]: the output of --check holds WANT
	local want=$1 got
	shift
	got=$(LC_ALL=C.UTF-8 LANGUAGE='' "$@" "$build/keten-desktop" --check --settings "$conf" 2>&1)
	case $got in
	*"$want"*) passed=$((passed + 1)) ;;
	*) failed=$((failed + 1)); printf 'FAIL  wanted "%s", got:\n%s\n' "$want" "$got" ;;
	esac
}

bad() { # bad LINE-NUMBER "[group] key" REMEDY, with the settings on stdin
	cat >"$conf"
	says "$conf, line $1: $2: $3"
	says "the window offers nothing"
	if "$build/keten-desktop" --check --settings "$conf" >/dev/null 2>&1; then
		failed=$((failed + 1))
		echo "FAIL  status 0 with: $(cat "$conf")"
	fi
}

says "everything has its default"
cp packaging/desktop/desktop.conf "$conf"
says "desktop.conf: good"
says "intake yes, review yes; kiosk no"
sed 's/^#\([a-z_0-9]*=.\)/\1/' packaging/desktop/desktop.conf | sed '/^[a-z]* .*:/d' >"$conf"
says "desktop.conf: good" # every key that is shown there is one that is known
says "kiosk no"
printf '[kiosk]\nenabled=true\nfolders=/media;/srv/inbox;\nexit_word_sha256=%064d\n' 0 >"$conf"
says "kiosk yes"
bad 1 '"this is no settings file"' "Write key=value" <<<'this is no settings file'
bad 2 '"trust"' "Write key=value" <<<$'[station]\ntrust'
bad 1 '"trust=/x"' "Write key=value, below a group" <<<'trust=/x'
bad 3 '[kiosk] enabled' "Write true or false." <<<$'\n[kiosk]\nenabled=yes'
bad 2 '[kiosk] enabeld' "There is no such key" <<<$'[kiosk]\nenabeld=true'
bad 2 '[station] folders' "There is no such key in this group" <<<$'[station]\nfolders=/media'
bad 4 '[kisok]' "There is no such group" <<<$'[station]\n# a remark\n\n[kisok]\nenabled=true'
bad 2 '[station] trust' "Write the whole path" <<<$'[station]\ntrust=trust'
bad 2 '[station] operator' "Write the whole path, from / on, or a card's address" <<<$'[station]\noperator=operator.pem'
bad 2 '[kiosk] folders' "Write whole paths" <<<$'[kiosk]\nfolders=/media;inbox'
bad 2 '[kiosk] exit_word_sha256' "Write 64 hexadecimal digits" <<<$'[kiosk]\nexit_word_sha256=uitgang'
printf '[station]\noperator=pkcs11:token=Desk;id=%%01\ntsa=https://tsa.example/;none\nsimulated=false\n' >"$conf"
says "desktop.conf: good"
printf '[station]\n' >"$conf"
chmod 000 "$conf"
if [ "$(id -u)" -eq 0 ]; then
	says "Permission denied" setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all --inh-caps=-all
fi
chmod 644 "$conf"
LANGUAGE=nl LC_ALL=C.UTF-8 "$build/keten-desktop" --check --settings "$conf" | grep -q 'dit account' && passed=$((passed + 1))

# a member of none, of one, of both groups; two groups of this system stand for those of the package
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null && getent group games audio >/dev/null; then
	printf '[roles]\nintake=games\nreview=audio\n' >"$conf"
	games=$(getent group games | cut -d: -f3) audio=$(getent group audio | cut -d: -f3)
	as() { printf '%s\n' setpriv --reuid 65534 --regid "${2:-65534}" "$1" --inh-caps=-all; }
	account() { # account WANT SETPRIV-OPTION [GROUP]
		local c
		mapfile -t c < <(as "$2" "${3:-}")
		says "$1" "${c[@]}"
	}
	account "intake no, review no" --clear-groups
	account "intake yes, review no" --groups="$games"
	account "intake no, review yes" --groups="$audio"
	account "intake yes, review yes" --groups="$games,$audio"
	account "intake yes, review no" --clear-groups "$games"
	printf '[roles]\nintake=no-such-group-here\n' >"$conf"
	account "intake no, review yes" --groups="$games"
else
	skipped=$((skipped + 6))
	echo "SKIP  not root: six checks of accounts in groups"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 25 ]
