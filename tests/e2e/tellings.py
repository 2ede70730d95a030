# SPDX-License-Identifier: EUPL-1.2
"""Three tellings of one thing: what the programs take, what their man pages say, what completion offers.
Prints what differs; exit 1 when anything does.

usage: tellings.py BUILD MAN       MAN: the folder of the pages"""
import re
import subprocess
import sys

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
EVERYWHERE = {"--help", "--json", "--progress"}  # completion and --help leave them out where they always work
bad = []


def said(*argv):
    r = subprocess.run(argv, capture_output=True, text=True, check=False)
    return r.stdout + r.stderr


def page(name):
    with open("%s/%s" % (man, name), encoding="utf-8") as f:
        return f.read().replace("\\-", "-")


def tagged(text):
    """Options that have an entry of their own under OPTIONS."""
    part = re.search(r"^\.SH OPTIONS\n(.*?)(?=^\.SH )", text, re.M | re.S)
    tags = re.findall(r"^\.TP\n(.*)$", part[1], re.M) if part else []
    return {o for t in tags for o in OPTION.findall(re.sub(r"\\f[BIR]", " ", t))}


def differ(what, a, b):
    if a != b:
        bad.append("%s: only here %s, only there %s" % (what, sorted(a - b), sorted(b - a)))


build, man = sys.argv[1:]
keten = build + "/keten"
with open("cli/options.c", encoding="utf-8") as f:
    takes = set(re.findall(r'"(--[a-z-]+)"', f.read()))
assert len(takes) > 30, takes
differ("keten takes / keten.1", takes, tagged(page("keten.1")))
commands = re.findall(r"^  ([a-z]+) +\S", said(keten, "help"), re.M)
assert len(commands) > 10, commands
everywhere = set()
for c in commands:
    helped = set(OPTION.findall(said(keten, c, "--help"))) - EVERYWHERE
    everywhere |= helped
    if helped - takes:
        bad.append("keten %s --help names what nobody takes: %s" % (c, sorted(helped - takes)))
    # a page may tell of a few more, where its text names them for this command
    if helped - tagged(page("keten-%s.1" % c)):
        bad.append("keten-%s.1 lacks %s" % (c, sorted(helped - tagged(page("keten-%s.1" % c)))))
    offered = said("bash", "-c", 'PATH="$1:$PATH"; . packaging/completion/keten.bash; COMP_WORDS=(keten "$2" --)\n'
                   'COMP_CWORD=2; _keten; printf "%s\\n" "${COMPREPLY[@]}"', "sh", build, c)
    differ("keten %s --help / completion" % c, helped, set(OPTION.findall(offered)) - EVERYWHERE)
differ("options / those that some command's help names", takes - EVERYWHERE, everywhere)
for p in ("verify", "desktop", "sign"):
    lacks = {o for o in OPTION.findall(said("%s/keten-%s" % (build, p), "--help")) if o not in page("keten-%s.1" % p)}
    if lacks - {"--help"}:
        bad.append("keten-%s.1 lacks %s" % (p, sorted(lacks)))
print("\n".join(bad))
sys.exit(bool(bad))
