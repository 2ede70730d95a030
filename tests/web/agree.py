#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""agree.py BUILD TRUSTDIR KINDS.tsv FOLDER: do verify.html and keten-verify agree?

KINDS.tsv and FOLDER are what tests/e2e/tamper_kinds.py made. Both judge every package; a level that both
know must come out the same, with and without trust anchors, and a kind whose check both make must fail in
that check on the page too. Prints what differs; exit status 1 when anything does.
"""
import json, os, subprocess, sys

BUILD, TRUST, KINDS, FOLDER = sys.argv[1:5]
HERE = os.path.dirname(os.path.abspath(__file__))
# the checks that the page makes, by level
LEVELS = {"integrity": ["container", "mimetype", "complete", "hashes", "contents"],
          "signature": ["signature", "operator", "xades", "mandate-signature", "authoriser", "authority"],
          "time": ["open-time", "seal-time"]}
RANK = ["ok", "undetermined", "failed"]


def page(files, trust):
    out = subprocess.run(["node", os.path.join(HERE, "judge.mjs"), os.path.join(BUILD, "verify.html"), trust, *files],
                         capture_output=True, text=True)
    if out.returncode != 0:
        sys.exit("judge.mjs: " + out.stderr[-2000:])
    return {f[0]: f[1:] for f in (line.split("\t") for line in out.stdout.splitlines())}


def program(file, trust):
    arg = [] if trust == "-" else ["--trust", trust]
    if trust == "-":
        arg = ["--trust", FOLDER]  # a folder without certificates
    out = subprocess.run([os.path.join(BUILD, "keten-verify"), "--json", file, *arg], capture_output=True, text=True)
    r = json.loads(out.stdout)
    state = {c["id"]: c["result"] for c in r["checks"]}
    worst = {level: max((state[c] for c in checks if c in state), key=RANK.index) for level, checks in LEVELS.items()}
    # a level of time that holds is called by what it shows
    worst["time"] = r["levels"]["time"] if worst["time"] == "ok" else worst["time"]
    return worst


def main():
    rows = [line.rstrip("\n").split("\t") for line in open(KINDS, encoding="utf-8")]
    files = [os.path.join(FOLDER, r[0], os.listdir(os.path.join(FOLDER, r[0]))[0]) for r in rows]
    wrong = 0
    for trust in (TRUST, "-"):
        pages = page(files, trust)
        for (kind, _, check, *_rest), file in zip(rows, files):
            verdict, integrity, signature, time, failed = pages[file]
            levels = program(file, trust)
            have = {"integrity": integrity, "signature": signature, "time": time}
            said = []
            if have != levels:
                said.append(f"keten-verify says {levels}")
            if trust != "-" and any(check in c for c in LEVELS.values()) and check not in failed.split(","):
                said.append(f"{check} should have failed")
            if (verdict == "invalid") != ("failed" in have.values()) or (verdict == "valid") != (set(have.values()) <= {"ok", "anchored", "unanchored"}):
                said.append("the verdict does not follow from the levels")
            if said:
                wrong += 1
                print(f"{kind} (trust {trust}): page {verdict} {have} {failed}; " + "; ".join(said))
    print(f"verify.html: {2 * len(files)} judgements, {wrong} differ")
    return 1 if wrong else 0


sys.exit(main())
