#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Property lists by others, good ones and inputs that crashed other readers: in process and in the
# sandbox each ends in a named code, and what libplist's tests call good is read.
# usage: tests/e2e/test-real-plists.sh BUILD
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:?usage: tests/e2e/test-real-plists.sh BUILD}
data=../shared/testdata/plist-fuzz
if [ ! -d "$data" ]; then
	echo "SKIP: no ../shared/testdata"
	exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
find "$data" -type f | LC_ALL=C sort >"$work/files"
tr '\n' '\0' <"$work/files" >"$work/files0"

# the whole tree of each, with every getter
xargs -0 "$build/replay" fuzz_plist <"$work/files0" || { echo "FAIL: status $? in process"; exit 1; }

xargs -0 -x "$build/keten" parsers ios-wifi-known --try <"$work/files0" >"$work/out" 2>"$work/err"
status=$?
# xargs: 0 for 0, 123 for 1 to 125; anything else is a signal or no program
case $status in 0 | 123) ;; *) echo "FAIL: status $status"; cat "$work/err"; exit 1 ;; esac

python3 - "$work/out" "$(wc -l <"$work/files")" <<'PYTHON'
import collections, json, sys

# Written for other readers' leniency, and refused by ours; why.
REFUSED = {"amp.plist": "no XML", "invalid_tag.plist": "no XML",
           "recursion.bplist": "trailer and table overlap"}

count, wrong, name = collections.Counter(), [], None
for line in open(sys.argv[1], encoding="utf-8"):
    d = json.loads(line)
    if d["type"] == "file":
        name = d["name"]
        count["files"] += 1
    elif d["type"] == "end":
        why = d.get("error", "read")
        kind = "read" if why.startswith(("not-this-kind: no list", "read")) else \
            "no property list" if why.startswith("not-this-kind") else "refused: " + d["code"]
        count[kind] += 1
        if d["code"] not in ("ok", "format", "limit"):
            wrong.append(f"{name}: {d}")
        base = name.rsplit("/", 1)[-1]
        good = "libplist-test-data" in name and base.endswith(("plist", "bplist", "xml", "data")) and \
            base not in REFUSED
        if good and kind != "read":
            wrong.append(f"{name}: {why}")
        count["of libplist's good ones"] += good
for key in sorted(count):
    print(f"{count[key]:5d} {key}")
for w in wrong:
    print("FAIL", w)
if count["files"] != int(sys.argv[2]) or count["files"] < 50 or count["of libplist's good ones"] < 10:
    print("FAIL: too few files were tried")
    wrong.append("")
sys.exit(1 if wrong else 0)
PYTHON
