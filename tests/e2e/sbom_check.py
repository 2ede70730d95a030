# SPDX-License-Identifier: EUPL-1.2
"""Holds a list of components against what the CycloneDX 1.4 schema asks for of the members that ours uses, and
against the programs themselves: the libraries that readelf finds needed, by one another too, and the loader's
list of where they lie.

usage: sbom_check.py SBOM BUILD
Prints what does not hold; exit 1 when there is any."""
import json
import os
import re
import subprocess
import sys

TEXT = (str, r"(?s).+")
TYPES = "application|framework|library|container|operating-system|device|firmware|file"
LENGTH = {"MD5": 32, "SHA-1": 40, "SHA-256": 64, "SHA-384": 96, "SHA-512": 128}
# Identifiers of the SPDX list that our parts carry; another one is looked up there, and added.
LICENSES = {"EUPL-1.2", "MIT", "BSD-3-Clause", "BSD-2-Clause", "0BSD", "Apache-2.0", "ISC"}
# member: (type, pattern of a text); the first list must be there, and nothing that stands in neither may
COMPONENT = (["type", "name"], {"type": (str, TYPES), "name": TEXT, "bom-ref": TEXT, "version": (str, r"[^\s]*"), "description": TEXT,
                                "purl": (str, r"pkg:(deb/debian|npm)/[\w.%~-]+(/[\w.%~-]+)?@[\w.%~:-]+(\?distro=[a-z]+)?"),
                                "hashes": (list, None), "licenses": (list, None)})
SHAPES = {
    "": (["bomFormat", "specVersion", "version"],
         {"bomFormat": (str, "CycloneDX"), "specVersion": (str, r"1\.4"), "version": (int, None), "metadata": (dict, None),
          "components": (list, None), "dependencies": (list, None),
          "serialNumber": (str, r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")}),
    "metadata": ([], {"component": (dict, None)}), "metadata.component": COMPONENT, "components": COMPONENT,
    "hashes": (["alg", "content"], {"alg": (str, "|".join(LENGTH)), "content": (str, "[0-9a-f]+")}),
    "licenses": (["license"], {"license": (dict, None)}), "license": (["id"], {"id": TEXT}),
    "dependencies": (["ref"], {"ref": TEXT, "dependsOn": (list, None)}),
}
wrong = []


def check(value, shape, where):
    need, known = SHAPES[shape]
    if not isinstance(value, dict):
        wrong.append("%s is no object" % where)
        return
    wrong.extend("%s lacks %s" % (where, n) for n in need if n not in value)
    for key, v in value.items():
        at = "%s.%s" % (where, key)
        kind, pattern = known.get(key, (None, None))
        if kind is None or type(v) is not kind or (pattern and not re.fullmatch(pattern, v)):
            wrong.append("%s: %r may not stand there" % (at, v))
        elif key in ("components", "hashes", "licenses", "dependencies"):
            for i, one in enumerate(v):
                check(one, key, "%s[%d]" % (at, i))
        elif key in ("metadata", "license"):
            check(v, key, at)
        elif key == "component":
            check(v, "metadata.component", at)
        elif key == "dependsOn" and (len(set(v)) != len(v) or not all(isinstance(x, str) for x in v)):
            wrong.append("%s names one twice" % at)
    if shape == "hashes" and len(value.get("content", "")) != LENGTH.get(value.get("alg")):
        wrong.append("%s: its length is that of another digest" % where)
    if shape == "license" and value.get("id") not in LICENSES:
        wrong.append("%s: %r is none of the SPDX identifiers known here" % (where, value.get("id")))


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, LC_ALL="C")).stdout


def needed(path, cache={}):  # noqa: B006 (meant to be kept)
    if path not in cache:
        cache[path] = re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", path))
    return cache[path]


def libraries(program, where):
    """All that it needs, and what those need."""
    found, todo = set(), list(needed(program))
    while todo:
        name = todo.pop()
        if name not in where:
            wrong.append("%s needs %s, which the loader does not know" % (program, name))
        elif where[name] not in found:
            found.add(where[name])
            todo += needed(where[name])
    return found


def owners(paths):
    """The package of each file, asked for as it is found and on the other side of /usr."""
    sides = {n: p for p in paths for n in (p, os.path.realpath(p), "/usr" + p, os.path.realpath(p).removeprefix("/usr"))}
    got = {}
    for line in run("dpkg-query", "-S", *sides).splitlines():
        package, _, name = line.partition(": ")
        if name in sides:
            got[sides[name]] = package.split(":")[0]
    return got


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        bom = json.load(f)
    check(bom, "", "bom")
    refs = [c.get("bom-ref") for c in bom["components"]] + [bom["metadata"]["component"].get("bom-ref")]
    depends = {d["ref"]: set(d.get("dependsOn", [])) for d in bom["dependencies"]}
    wrong.extend("%s stands twice" % r for r in set(refs) if refs.count(r) > 1)
    wrong.extend("%s is named and not listed" % r for r in (set(depends) | set().union(*depends.values())) - set(refs))
    reached, todo = set(), [bom["metadata"]["component"]["bom-ref"]]
    while todo:
        one = todo.pop()
        reached.add(one)
        todo += depends.get(one, set()) - reached
    wrong.extend("%s is listed, and nothing that is ours uses it" % r for r in set(refs) - reached)

    where = {}
    for name, path in re.findall(r"(?m)^\s+(\S+) \(.*\) => (/\S+)$", run("/sbin/ldconfig", "-p")):
        where.setdefault(name, path)
    programs = [c["name"] for c in bom["components"] if c["type"] == "application" and c["name"].startswith("keten")]
    built = [p for p in os.listdir(sys.argv[2]) if re.fullmatch(r"keten(-[a-z]+)?", p) and os.access(os.path.join(sys.argv[2], p), os.X_OK)]
    if sorted(programs) != sorted(built):
        wrong.append("programs: %s, built: %s" % (sorted(programs), sorted(built)))
    loads = {p: libraries(os.path.join(sys.argv[2], p), where) for p in built}
    owner = owners(set().union(*loads.values()))
    kind = {c["bom-ref"]: c for c in bom["components"]}
    opened = {"fonts-noto-core", "fonts-noto-mono", "adwaita-icon-theme"}  # by a path in the source, not by the loader
    for p in built:
        want = {owner.get(l, l) for l in loads[p]}
        have = {d for d in depends.get(p, set()) if kind.get(d, {}).get("type") == "library"} - opened
        wrong.extend("%s loads %s, which is not listed" % (p, w) for w in sorted(want - have))
        wrong.extend("%s does not load %s" % (p, h) for h in sorted(have - want))
    print("\n".join(wrong) if wrong else "%d components, %d programs with %d libraries" % (
        len(bom["components"]), len(built), len(owner)))
    sys.exit(1 if wrong else 0)


main()
